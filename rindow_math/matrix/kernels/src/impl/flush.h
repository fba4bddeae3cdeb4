/* Flushing subnormal numbers, for the calling thread. */
#ifndef RK_IMPL_FLUSH_H
#define RK_IMPL_FLUSH_H

#include "math.h"

#if defined(RK_X86_INTRINSICS) || defined(_M_X64)
#if defined(_M_X64)
#include <xmmintrin.h>
#endif
typedef unsigned int rk_fp_state;
RK_INLINE rk_fp_state rk_flush_begin(void)
{
    rk_fp_state state = _mm_getcsr();
    _mm_setcsr(state | 0x8040);        /* results (FTZ) and operands (DAZ) */
    return state;
}
RK_INLINE void rk_flush_end(rk_fp_state state) { _mm_setcsr(state); }
#elif defined(__aarch64__) && defined(__GNUC__)
typedef uint64_t rk_fp_state;
RK_INLINE rk_fp_state rk_flush_begin(void)
{
    rk_fp_state state;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(state));
    __asm__ __volatile__("msr fpcr, %0" : : "r"(state | UINT64_C(1) << 24));
    return state;
}
RK_INLINE void rk_flush_end(rk_fp_state state) { __asm__ __volatile__("msr fpcr, %0" : : "r"(state)); }
#else
typedef int rk_fp_state;
RK_INLINE rk_fp_state rk_flush_begin(void) { return 0; }
RK_INLINE void rk_flush_end(rk_fp_state state) { (void)state; }
#endif

/* rk_parallel with subnormals flushed in every thread */
typedef struct {
    rk_task task;
    void *context;
} rk_flushed;

static inline void rk_run_flushed(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_flushed *f = (const rk_flushed *)context;
    const rk_fp_state state = rk_flush_begin();
    f->task(f->context, begin, end);
    rk_flush_end(state);
}

static inline void rk_parallel_flushed(rk_task task, void *context, ptrdiff_t n, ptrdiff_t grain)
{
    rk_flushed f = { task, context };
    rk_parallel(rk_run_flushed, &f, n, grain);
}

#endif
