/* The thread pool: one for the process.
 *
 * A job is cut into small pieces. Every thread owns a run of consecutive
 * pieces, so that consecutive kernels find their part of an array in the same
 * core's cache, and takes half of what is left of it at a time: long stretches
 * first, small ones at the end. When its own are done it takes of the others'
 * in the same way, so that a slow, late or interrupted thread costs little.
 * The caller works too. Only one job runs at a time: a second caller (another
 * Python thread, or a task that calls again) does its work alone.
 */
#if defined(__linux__)
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#endif
#include "rk.h"
#include <stdlib.h>

#define RK_MAX_THREADS 256
#define SCRATCH_SLOTS 4

/* Scratch memory of one thread. Pages, so that blocks never share a line with other data. */
typedef struct {
    void *memory[SCRATCH_SLOTS], *aligned[SCRATCH_SLOTS];
    size_t size[SCRATCH_SLOTS];
} scratch;

static void *scratch_grow(scratch *s, int slot, size_t bytes)
{
    bytes += bytes / 4;
    free(s->memory[slot]);
    s->size[slot] = 0;
    s->memory[slot] = malloc(bytes + 4096);
    if (!s->memory[slot])
        return NULL;
    s->size[slot] = bytes;
    return s->aligned[slot] = (void *)(((uintptr_t)s->memory[slot] + 4095) & ~(uintptr_t)4095);
}

#if (defined(__unix__) || defined(__APPLE__)) && !defined(__EMSCRIPTEN__) && !defined(__STDC_NO_ATOMICS__)
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#define RK_PAUSE() _mm_pause()
#elif defined(__aarch64__)
#define RK_PAUSE() __asm__ __volatile__("yield")
#else
#define RK_PAUSE() ((void)0)
#endif

#if defined(__linux__) && defined(__GLIBC__)
#define RK_AFFINITY 1
#else
#define RK_AFFINITY 0
#endif

#define PIECES_PER_THREAD 16
#define PIECES_WITHOUT_WORKERS 8           /* for each thread, while the caller begins alone; it takes them one by one */
/* How long an idle worker looks for the next job before it sleeps: longer than
 * the pause between two kernels of a training step, shorter than anyone's time
 * slice. One that was woken soon after it fell asleep looks for longer. */
#define SPIN_NS 60000
#define LONGEST_SPIN_NS 480000
/* Waking a sleeping worker takes the caller some 15 us, and the worker some 50 us to come, twice that after a long
 * pause. So the caller begins alone, and wakes it once the pieces done say that the rest of the job is worth it; or at
 * the beginning, if the job has many grains, each a microsecond of work at least, or pieces that take long, or if jobs
 * that follow each other closely have been done alone for so long that waking it for the first would have paid. */
#define REST_WORTH_WAKING_NS 100000
#define GRAINS_WORTH_WAKING 64
#define ALONE_NS 50000

/* Pieces that a thread owns, as one word: job number (32 bits), next piece
 * (16), end (16). Taking some is a compare-and-swap, which fails when the job
 * is over and another has begun; a thread that succeeds holds the job open. */
typedef struct {
    _Alignas(64) _Atomic uint64_t run;
} slot;

typedef struct {
    _Alignas(64) _Atomic uint32_t job;     /* number of the latest job it takes part in */
    _Atomic int asleep;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    pthread_t thread;
#if RK_AFFINITY
    cpu_set_t allowed;                     /* where it may run, while `moved` */
    int moved;
#endif
} worker;

static struct {
    _Atomic int threads;                   /* wanted; 0: not decided yet */
    _Atomic int busy;                      /* a job runs */
    /* owned by the caller that set busy */
    _Atomic int started;                   /* workers 1 .. started exist */
    int cpus;
    uint32_t number;
    int64_t last, alone;                   /* when the last job ended; time of those done alone, each soon after another */
    /* the job */
    _Atomic(rk_task) task;
    _Atomic(void *) context;
    _Atomic ptrdiff_t n, step, units, count;    /* units of a step in count pieces */
    _Atomic int parts;                     /* threads that take part */
    _Atomic int here;                      /* the processor that the caller began on */
    _Atomic int spin;
    _Alignas(64) _Atomic int done;         /* pieces finished */
    slot slots[RK_MAX_THREADS];
    worker workers[RK_MAX_THREADS];        /* workers[0] is unused: the caller */
} pool;

static _Thread_local int inside;           /* this thread runs a task */

static _Thread_local scratch *local_scratch;
static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;

static void scratch_free(void *p)
{
    scratch *s = p;
    for (int i = 0; i < SCRATCH_SLOTS; i++)
        free(s->memory[i]);
    free(s);
}

static void scratch_init(void)
{
    pthread_key_create(&scratch_key, scratch_free);
}

void *rk_scratch(int slot, size_t bytes)
{
    if (!local_scratch) {
        pthread_once(&scratch_once, scratch_init);
        scratch *s = calloc(1, sizeof *s);
        if (!s || pthread_setspecific(scratch_key, s) != 0) {
            free(s);
            return NULL;
        }
        local_scratch = s;
    }
    if (bytes <= local_scratch->size[slot] && bytes)
        return local_scratch->aligned[slot];
    return scratch_grow(local_scratch, slot, bytes);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int cpus_allowed(void)
{
#if defined(__linux__)
    for (int size = 1024; size <= 1 << 20; size *= 4) {
        cpu_set_t *set = CPU_ALLOC(size);
        if (!set)
            break;
        size_t bytes = CPU_ALLOC_SIZE(size);
        CPU_ZERO_S(bytes, set);
        int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (count > 0)
            return count;
    }
#endif
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int)(count < RK_MAX_THREADS ? count : RK_MAX_THREADS) : 1;
}

static int clamp_threads(long n)
{
    return n < 1 ? 1 : n > RK_MAX_THREADS ? RK_MAX_THREADS : (int)n;
}

static int default_threads(void)
{
    static const char *const names[] = { "RINDOW_NUM_THREADS", "OMP_NUM_THREADS" };
    for (int i = 0; i < 2; i++) {
        const char *value = getenv(names[i]);
        long n = value ? strtol(value, NULL, 10) : 0;
        if (n > 0)
            return clamp_threads(n);
    }
    return clamp_threads(cpus_allowed());
}

int rk_get_threads(void)
{
    int n = atomic_load_explicit(&pool.threads, memory_order_relaxed);
    if (n == 0) {
        int wanted = default_threads();
        n = 0;
        if (atomic_compare_exchange_strong(&pool.threads, &n, wanted))
            n = wanted;
    }
    return n;
}

int rk_threads(void)
{
    return inside ? 1 : rk_get_threads();
}

void rk_set_threads(int n)
{
    atomic_store(&pool.threads, clamp_threads(n));
}

static void call_workers(uint32_t number);

/* Takes pieces of job `number`, beginning with those of thread `self`, until none is left. The caller, who began at
 * `begun` while the workers sleep, calls them when that is worth it; `begun` is 0 if they have been called. Answers
 * whether it did all pieces: nobody was called, or came too late. */
static int work(uint32_t number, int self, int64_t begun)
{
    int parts = atomic_load_explicit(&pool.parts, memory_order_relaxed);
    ptrdiff_t own = 0, all = 0;
    for (int i = 0, owner = self; i < parts; i++, owner = owner + 1 < parts ? owner + 1 : 0) {
        _Atomic uint64_t *run = &pool.slots[owner].run;
        uint64_t r = atomic_load_explicit(run, memory_order_acquire);
        for (;;) {
            ptrdiff_t next = r >> 16 & 0xffff, end = r & 0xffff;
            if ((uint32_t)(r >> 32) != number)
                return 0;
            if (next >= end)
                break;
            const ptrdiff_t taken = begun ? 1 : (end - next + 1) / 2;
            if (!atomic_compare_exchange_weak_explicit(run, &r, r + ((uint64_t)taken << 16), memory_order_acq_rel,
                                                       memory_order_acquire))
                continue;
            ptrdiff_t n = atomic_load_explicit(&pool.n, memory_order_relaxed);
            ptrdiff_t step = atomic_load_explicit(&pool.step, memory_order_relaxed);
            ptrdiff_t units = atomic_load_explicit(&pool.units, memory_order_relaxed);
            ptrdiff_t count = atomic_load_explicit(&pool.count, memory_order_relaxed);
            rk_task task = atomic_load_explicit(&pool.task, memory_order_relaxed);
            task(atomic_load_explicit(&pool.context, memory_order_relaxed), next * units / count * step,
                 next + taken < count ? (next + taken) * units / count * step : n);
            const int done = (int)taken + atomic_fetch_add_explicit(&pool.done, (int)taken, memory_order_release);
            all = count;
            own += taken;
            if (begun && (now_ns() - begun) / done * (count - done) > REST_WORTH_WAKING_NS) {
                call_workers(number);
                begun = 0;
            }
            r = atomic_load_explicit(run, memory_order_acquire);
        }
    }
    return own == all;
}

/* Linux may put a thread that wakes on the processor of the one that woke it, behind it, although another is idle, and
 * leaves it there for milliseconds: the job is then done alone. A worker that is woken may not run on the caller's
 * processor, until it runs. The fields for that are the caller's while the worker sleeps (under its mutex) or is not
 * born, else the worker's. */
#if RK_AFFINITY
/* All processors of a set but the caller's; answers whether there are any. */
static int elsewhere(const cpu_set_t *set, cpu_set_t *others)
{
    int here = sched_getcpu();
    if (here < 0 || here >= CPU_SETSIZE)
        return 0;
    *others = *set;
    CPU_CLR(here, others);
    return CPU_COUNT(others) > 0;
}
#endif

static void send_away(worker *w)
{
#if RK_AFFINITY
    cpu_set_t others;
    if (!w->moved && pthread_getaffinity_np(w->thread, sizeof w->allowed, &w->allowed) == 0)
        w->moved = elsewhere(&w->allowed, &others) && pthread_setaffinity_np(w->thread, sizeof others, &others) == 0;
#else
    (void)w;
#endif
}

/* The same for a worker that is not yet born. */
static void begin_away(worker *w, pthread_attr_t *attributes)
{
#if RK_AFFINITY
    cpu_set_t others;
    w->moved = sched_getaffinity(0, sizeof w->allowed, &w->allowed) == 0 && elsewhere(&w->allowed, &others)
               && pthread_attr_setaffinity_np(attributes, sizeof others, &others) == 0;
#else
    (void)w;
    (void)attributes;
#endif
}

static void settle(worker *w)
{
#if RK_AFFINITY
    if (w->moved)
        pthread_setaffinity_np(pthread_self(), sizeof w->allowed, &w->allowed);
    w->moved = 0;
#else
    (void)w;
#endif
}

/* A worker that does not sleep may have come to the caller's processor too: it leaves. */
static void leave_caller(worker *w)
{
#if RK_AFFINITY
    if (atomic_load_explicit(&pool.here, memory_order_relaxed) == sched_getcpu()) {
        send_away(w);
        settle(w);
    }
#else
    (void)w;
#endif
}

static void *worker_main(void *argument)
{
    int self = (int)(intptr_t)argument;
    worker *w = &pool.workers[self];
    uint32_t seen = 0;
    int64_t patience = SPIN_NS;
    inside = 1;
    settle(w);
    for (;;) {
        uint32_t job = atomic_load_explicit(&w->job, memory_order_acquire);
        if (job == seen && atomic_load_explicit(&pool.spin, memory_order_relaxed)) {
            int64_t limit = now_ns() + patience;
            do {
                for (int i = 0; i < 16 && job == seen; i++) {
                    RK_PAUSE();
                    job = atomic_load_explicit(&w->job, memory_order_acquire);
                }
            } while (job == seen && now_ns() < limit);
        }
        if (job == seen) {
            const int64_t slept = now_ns();
            pthread_mutex_lock(&w->mutex);
            atomic_store(&w->asleep, 1);
            while ((job = atomic_load(&w->job)) == seen)
                pthread_cond_wait(&w->wake, &w->mutex);
            settle(w);
            atomic_store(&w->asleep, 0);
            pthread_mutex_unlock(&w->mutex);
            if (now_ns() - slept > LONGEST_SPIN_NS)
                patience = SPIN_NS;
            else if (patience < LONGEST_SPIN_NS)
                patience *= 2;
        }
        seen = job;
        leave_caller(w);
        work(job, self, 0);
    }
    return NULL;
}

/* Only the thread that called fork lives on in the child: its pool begins anew. */
static void after_fork_in_child(void)
{
    pool.started = 0;
    atomic_store(&pool.busy, 0);
    inside = 0;
}

/* Starts workers until there are `parts` threads, or no more can be had. */
static void start(int parts)
{
    static int hooked;
    if (!hooked) {
        hooked = 1;
        pthread_atfork(NULL, NULL, after_fork_in_child);
    }
    if (pool.started == 0)
        pool.cpus = cpus_allowed();
    while (pool.started + 1 < parts) {
        int id = pool.started + 1;
        worker *w = &pool.workers[id];
        pthread_attr_t attributes;
        sigset_t all, before;
        atomic_store(&w->job, 0);
        atomic_store(&w->asleep, 0);
        pthread_mutex_init(&w->mutex, NULL);
        pthread_cond_init(&w->wake, NULL);
        pthread_attr_init(&attributes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        begin_away(w, &attributes);
        sigfillset(&all);                  /* signals belong to the interpreter's threads */
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int failed = pthread_create(&w->thread, &attributes, worker_main, (void *)(intptr_t)id);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
        if (failed)
            break;
        pool.started = id;
    }
}

/* Tells the workers of a job, which are started or woken if need be. */
static void call_workers(uint32_t number)
{
    const int parts = atomic_load_explicit(&pool.parts, memory_order_relaxed);
    start(parts);
#if RK_AFFINITY
    atomic_store_explicit(&pool.here, sched_getcpu(), memory_order_relaxed);
#endif
    atomic_store_explicit(&pool.spin, pool.started < pool.cpus, memory_order_relaxed);
    for (int i = 1; i < parts && i <= pool.started; i++) {
        worker *w = &pool.workers[i];
        atomic_store(&w->job, number);
        if (atomic_load(&w->asleep)) {
            pthread_mutex_lock(&w->mutex);
            if (atomic_load(&w->asleep)) {     /* it may have seen the job meanwhile */
                send_away(w);
                pthread_cond_signal(&w->wake);
            }
            pthread_mutex_unlock(&w->mutex);
        }
    }
}

int rk_awake(void) { return pool.started && !atomic_load(&pool.workers[1].asleep); }

/* worth: sleeping workers are called at the beginning, however few the pieces. */
static void distribute(rk_task task, void *context, ptrdiff_t n, ptrdiff_t grain, ptrdiff_t step, int worth)
{
    if (n <= 0)
        return;
    if (grain < 1)
        grain = 1;
    if (step < 1)
        step = 1;
    int parts = rk_threads(), idle = 0;
    if (n / grain < parts)
        parts = (int)(n / grain);
    if (parts < 2 || inside || !atomic_compare_exchange_strong(&pool.busy, &idle, 1)) {
        task(context, 0, n);
        return;
    }
    const int64_t begun = rk_awake() ? 0 : now_ns();
    if (begun && begun - pool.last > SPIN_NS)
        pool.alone = 0;
    const int later = begun && !worth && pool.alone < ALONE_NS && n / grain < GRAINS_WORTH_WAKING;

    /* Pieces are multiples of the step, which keeps them aligned as the caller likes, and differ by one step at most,
     * as all wait for the thread that has most. The last one takes the remainder, if less than half a step. */
    ptrdiff_t units = (n + step / 2) / step;
    ptrdiff_t count = (ptrdiff_t)parts * (begun ? PIECES_WITHOUT_WORKERS : PIECES_PER_THREAD);
    if (count > units)
        count = units;
    uint32_t number = ++pool.number ? pool.number : ++pool.number;
    atomic_store_explicit(&pool.task, task, memory_order_relaxed);
    atomic_store_explicit(&pool.context, context, memory_order_relaxed);
    atomic_store_explicit(&pool.n, n, memory_order_relaxed);
    atomic_store_explicit(&pool.step, step, memory_order_relaxed);
    atomic_store_explicit(&pool.units, units, memory_order_relaxed);
    atomic_store_explicit(&pool.count, count, memory_order_relaxed);
    atomic_store_explicit(&pool.parts, parts, memory_order_relaxed);
    atomic_store_explicit(&pool.done, 0, memory_order_relaxed);
    for (int i = 0; i < parts; i++) {
        uint64_t begin = (uint64_t)(count * i / parts), end = (uint64_t)(count * (i + 1) / parts);
        atomic_store_explicit(&pool.slots[i].run, (uint64_t)number << 32 | begin << 16 | end, memory_order_release);
    }
    if (!later)
        call_workers(number);
    inside = 1;
    const int alone = work(number, 0, later ? begun : 0) && later;
    inside = 0;
    for (int64_t spins = 0; atomic_load_explicit(&pool.done, memory_order_acquire) < count; spins++) {
        if (spins < 1000)
            RK_PAUSE();
        else
            sched_yield();
    }
    pool.last = now_ns();
    pool.alone = alone ? pool.alone + pool.last - begun : 0;
    atomic_store(&pool.busy, 0);
}

void rk_parallel(rk_task task, void *context, ptrdiff_t n, ptrdiff_t grain)
{
    distribute(task, context, n, grain, grain, 0);
}

void rk_parallel_even(rk_task task, void *context, ptrdiff_t n, ptrdiff_t grain, ptrdiff_t step)
{
    distribute(task, context, n, grain, step, 0);
}

void rk_parallel_long(rk_task task, void *context, ptrdiff_t n)
{
    distribute(task, context, n, 1, 1, 1);
}

int rk_alone_begin(void)
{
    int before = inside;
    inside = 1;
    return before;
}

void rk_alone_end(int before) { inside = before; }

#else /* no POSIX threads: everything runs on the calling thread */

/* Without threads of our own, but others may have some: scratch memory is theirs alone. */
#if defined(_MSC_VER)
static __declspec(thread) scratch local_scratch;
#elif !defined(__STDC_NO_THREADS__)
static _Thread_local scratch local_scratch;
#else
static scratch local_scratch;
#endif

void *rk_scratch(int slot, size_t bytes)
{
    if (bytes <= local_scratch.size[slot] && bytes)
        return local_scratch.aligned[slot];
    return scratch_grow(&local_scratch, slot, bytes);
}

int rk_get_threads(void)
{
    return 1;
}

int rk_threads(void)
{
    return 1;
}

void rk_set_threads(int n)
{
    (void)n;
}

void rk_parallel(rk_task task, void *context, ptrdiff_t n, ptrdiff_t grain)
{
    (void)grain;
    if (n > 0)
        task(context, 0, n);
}

void rk_parallel_even(rk_task task, void *context, ptrdiff_t n, ptrdiff_t grain, ptrdiff_t step)
{
    (void)step;
    rk_parallel(task, context, n, grain);
}

void rk_parallel_long(rk_task task, void *context, ptrdiff_t n)
{
    rk_parallel(task, context, n, 1);
}

int rk_awake(void) { return 0; }

int rk_alone_begin(void) { return 0; }

void rk_alone_end(int before) { (void)before; }

#endif
