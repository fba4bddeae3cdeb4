/* A caching allocator.
 *
 * Fresh pages cost several times more than the arithmetic done on them, so
 * freed blocks are kept by size class and handed out again. Classes are
 * multiples of 64 bytes up to 1 KiB, then four to the octave. The cache holds
 * at most a quarter of the machine's memory and 4 GiB (rm_set_cache_limit);
 * what exceeds that goes back to the system at once.
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

void *rm_alloc(size_t bytes)
{
    size_t rounded;
    if (bytes > PTRDIFF_MAX / 2)
        return NULL;
    int c = size_class(bytes, &rounded);
    acquire();
    block *b = cache[c];
    if (b) {
        cache[c] = b->next;
        cached -= rounded;
        in_use += rounded;
        release();
        return b;
    }
    release();
    void *p = system_alloc(rounded);
    if (!p && rm_release())
        p = system_alloc(rounded);
    if (p) {
        acquire();
        in_use += rounded;
        release();
    }
    return p;
}

void rm_free(void *p, size_t bytes)
{
    if (!p)
        return;
    size_t rounded;
    int c = size_class(bytes, &rounded);
    acquire();
    in_use -= rounded;
    if (cached + rounded <= rm_cache_limit()) {
        block *b = p;
        b->next = cache[c];
        cache[c] = b;
        cached += rounded;
        p = NULL;
    }
    release();
    if (p)
        system_free(p);
}

size_t rm_release(void)
{
    size_t freed = 0;
    for (int c = 0; c < CLASSES; c++) {
        acquire();
        block *b = cache[c];
        cache[c] = NULL;
        if (b) {
            /* the class's size, found again from its number */
            size_t size;
            if (c <= SMALL / ALIGNMENT)
                size = (size_t)c * ALIGNMENT;
            else {
                int k = c - SMALL / ALIGNMENT - 1;
                size_t octave = (size_t)1 << (10 + k / 4);
                size = octave + (size_t)(k % 4 + 1) * (octave / 4);
            }
            for (block *i = b; i; i = i->next) {
                cached -= size;
                freed += size;
            }
        }
        release();
        while (b) {
            block *next = b->next;
            system_free(b);
            b = next;
        }
    }
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
