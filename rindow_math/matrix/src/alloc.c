/* A caching allocator.
 *
 * Fresh pages cost several times more than the arithmetic done on them, so
 * freed blocks are kept by size class and handed out again. Classes are
 * multiples of 64 bytes up to 1 KiB, then four to the octave. The cache holds
 * at most a quarter of the machine's memory and 4 GiB (rm_set_cache_limit);
 * what exceeds that goes back to the system at once.
 *
 * A big request also takes a block of up to twice its size. If there is none,
 * kept blocks of half its size and more go back to the system first: the new
 * one can stand in for them. So the memory of plans whose sizes are alike
 * (batches of other sizes, steps taken in other ways) is kept once.
 */
#define _GNU_SOURCE
#include "alloc.h"
#include <stdint.h>
#include <stdlib.h>
#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#endif
#if defined(_WIN32)
#include <malloc.h>
#endif
#if defined(__STDC_NO_ATOMICS__)
#error "a compiler with C11 atomics is needed"
#endif
#include <stdatomic.h>

#define ALIGNMENT 64
#define SMALL 1024
#define CLASSES (SMALL / ALIGNMENT + 1 + 4 * 54)
#define HUGE_PAGE ((size_t)2 << 20)
#define BIG ((size_t)16 << 20)
#define OCTAVE 4

typedef struct block { struct block *next; } block;

static block *cache[CLASSES];
static size_t cached, in_use, limit;
static atomic_flag lock = ATOMIC_FLAG_INIT;

static void acquire(void)
{
    while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire)) { }
}

static void release(void)
{
    atomic_flag_clear_explicit(&lock, memory_order_release);
}

static int size_class(size_t bytes, size_t *rounded)
{
    if (bytes <= SMALL) {
        size_t n = bytes ? (bytes + ALIGNMENT - 1) / ALIGNMENT : 1;
        *rounded = n * ALIGNMENT;
        return (int)n;
    }
    int log2 = 10;
    while (log2 < 62 && ((size_t)1 << (log2 + 1)) <= bytes - 1)
        log2++;
    /* 2^log2 < bytes <= 2^(log2+1): quarters of the octave */
    size_t quarter = (size_t)1 << (log2 - 2);
    size_t steps = (bytes - ((size_t)1 << log2) + quarter - 1) / quarter;
    *rounded = ((size_t)1 << log2) + steps * quarter;
    return SMALL / ALIGNMENT + 1 + 4 * (log2 - 10) + (int)steps - 1;
}

static void *system_alloc(size_t bytes)
{
    void *p = NULL;
#if defined(_WIN32)
    p = _aligned_malloc(bytes, ALIGNMENT);
#else
    if (posix_memalign(&p, bytes >= HUGE_PAGE ? HUGE_PAGE : ALIGNMENT, bytes))
        return NULL;
#if defined(MADV_HUGEPAGE)
    if (bytes >= HUGE_PAGE)
        madvise(p, bytes & ~(HUGE_PAGE - 1), MADV_HUGEPAGE);
#endif
#endif
    return p;
}

static void system_free(void *p)
{
#if defined(_WIN32)
    _aligned_free(p);
#else
    free(p);
#endif
}

size_t rm_cache_limit(void)
{
    if (!limit) {
        size_t quarter = (size_t)1 << 30;
#if defined(_SC_PHYS_PAGES)
        long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
        if (pages > 0 && page > 0)
            quarter = (size_t)pages / 4 * (size_t)page;
#endif
        size_t most = sizeof(size_t) > 4 ? (size_t)4 << 30 : (size_t)1 << 29;
        limit = quarter < most ? quarter : most;
    }
    return limit;
}

/* What the blocks of a class hold. */
static size_t class_bytes(int c)
{
    if (c <= SMALL / ALIGNMENT)
        return (size_t)c * ALIGNMENT;
    int k = c - SMALL / ALIGNMENT - 1;
    size_t octave = (size_t)1 << (10 + k / 4);
    return octave + (size_t)(k % 4 + 1) * (octave / 4);
}

/* Gives the blocks of a class back to the system; returns how many bytes. */
static size_t release_class(int c)
{
    size_t size = class_bytes(c), freed = 0;
    acquire();
    block *b = cache[c];
    cache[c] = NULL;
    for (block *i = b; i; i = i->next)
        freed += size;
    cached -= freed;
    release();
    while (b) {
        block *next = b->next;
        system_free(b);
        b = next;
    }
    return freed;
}

void *rm_alloc(size_t bytes, size_t *held)
{
    size_t rounded;
    if (bytes > PTRDIFF_MAX / 2)
        return NULL;
    int c = size_class(bytes, &rounded);
    int last = rounded >= BIG ? c + OCTAVE : c;
    acquire();
    for (int k = c; k <= last && k < CLASSES; k++) {
        block *b = cache[k];
        if (b) {
            *held = k == c ? rounded : class_bytes(k);
            cache[k] = b->next;
            cached -= *held;
            in_use += *held;
            release();
            return b;
        }
    }
    release();
    if (rounded >= BIG)
        for (int k = c - OCTAVE; k < c; k++)
            release_class(k);
    void *p = system_alloc(rounded);
    if (!p && rm_release())
        p = system_alloc(rounded);
    if (p) {
        *held = rounded;
        acquire();
        in_use += rounded;
        release();
    }
    return p;
}

void rm_free(void *p, size_t held)
{
    if (!p)
        return;
    size_t rounded;
    int c = size_class(held, &rounded);
    acquire();
    in_use -= held;
    if (cached + held <= rm_cache_limit()) {
        block *b = p;
        b->next = cache[c];
        cache[c] = b;
        cached += held;
        p = NULL;
    }
    release();
    if (p)
        system_free(p);
}

size_t rm_release(void)
{
    size_t freed = 0;
    for (int c = 0; c < CLASSES; c++)
        freed += release_class(c);
    return freed;
}

size_t rm_cached(void) { return cached; }
size_t rm_in_use(void) { return in_use; }

void rm_set_cache_limit(size_t bytes)
{
    limit = bytes ? bytes : 1;
    if (cached > limit)
        rm_release();
}
