/* What the families share: lists of types, loops, threads. */
#ifndef RK_COMMON_H
#define RK_COMMON_H
#include "math.h"

/* Asserts that the iterations of the next loop do not depend on each other; y may still be exactly x. */
#if defined(__clang__)
#define RK_IVDEP _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define RK_IVDEP _Pragma("GCC ivdep")
#else
#define RK_IVDEP
#endif

/* X(code, name, type, unsigned type in which the arithmetic wraps) */
#define RK_SINTS(X) \
    X(RK_INT8, i8, int8_t, uint32_t) X(RK_INT16, i16, int16_t, uint32_t) \
    X(RK_INT32, i32, int32_t, uint32_t) X(RK_INT64, i64, int64_t, uint64_t)
#define RK_UINTS(X) \
    X(RK_UINT8, u8, uint8_t, uint32_t) X(RK_UINT16, u16, uint16_t, uint32_t) \
    X(RK_UINT32, u32, uint32_t, uint32_t) X(RK_UINT64, u64, uint64_t, uint64_t)
#define RK_INTS(X) RK_SINTS(X) RK_UINTS(X)

typedef struct { float re, im; } rk_c64;
typedef struct { double re, im; } rk_c128;

typedef struct { uint64_t lo, hi; } rk_item16;

/* a vector of doubles from as many floats, and back */
#if defined(__GNUC__)
typedef float rk_vf32_half __attribute__((vector_size(RK_VECTOR_BYTES / 2), aligned(4), may_alias));
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
/* GCC would convert the halves one by one */
RK_INLINE rk_vf64 rk_widen_f32(const float *p) { return (rk_vf64)_mm512_cvtps_pd(_mm256_loadu_ps(p)); }
#elif defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 32
RK_INLINE rk_vf64 rk_widen_f32(const float *p) { return (rk_vf64)_mm256_cvtps_pd(_mm_loadu_ps(p)); }
#else
RK_INLINE rk_vf64 rk_widen_f32(const float *p) { return __builtin_convertvector(*(const rk_vf32_half *)p, rk_vf64); }
#endif
RK_INLINE void rk_narrow_f32(float *p, rk_vf64 v) { *(rk_vf32_half *)p = __builtin_convertvector(v, rk_vf32_half); }
#else
RK_INLINE rk_vf64 rk_widen_f32(const float *p) { return (double)*p; }
RK_INLINE void rk_narrow_f32(float *p, rk_vf64 v) { *p = (float)v; }
#endif
RK_INLINE rk_vf64 rk_widen_f64(const double *p) { return rk_load_vf64(p); }

static inline int rk_dtype_size(int dtype)
{
    static const uint8_t size[18] = { 0, 1, 1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8, 16 };
    return size[dtype];
}

static inline int rk_is_int(int dtype) { return dtype >= RK_INT8 && dtype <= RK_UINT64; }

/* Work is handed to threads in blocks of RK_BLOCK elements, so that an element's place in the vector loop, and
 * with it the last bit of its result, never depends on how many threads there are. */
#define RK_BLOCK 4096
#define RK_BLOCKS(n) (((n) + RK_BLOCK - 1) / RK_BLOCK)
/* Below this many elements of cheap arithmetic the calling thread is done before a second one has begun. */
#define RK_GRAIN_CHEAP 65536
/* The same for loops from memory to memory, where it is the bytes that take time. */
#define RK_GRAIN_OF(size) (64 * RK_BLOCK / ((size) > 4 ? (size) : 4))
#define RK_GRAIN_DEAR 8192   /* of transcendental functions */

/* runs a task over the blocks of n elements */
static inline void rk_run_blocks(rk_task task, void *job, ptrdiff_t n, ptrdiff_t grain)
{
    if (n <= grain)
        task(job, 0, RK_BLOCKS(n));
    else
        rk_parallel_even(task, job, RK_BLOCKS(n), grain / RK_BLOCK, 1);
}

/* Results from this size on are stored past the caches: they leave them anyway, and a third of the traffic, the read of
 * what is to be overwritten, is saved. Smaller ones are still there when they are read next. */
#define RK_STREAM_BYTES (16 << 20)
#define RK_AHEAD_BYTES 2048        /* how far ahead of a loop that streams its input is fetched */

static inline int rk_streams(const void *y, ptrdiff_t bytes, int size)
{
    return RK_CAN_STREAM && bytes >= RK_STREAM_BYTES && (uintptr_t)y % (unsigned)size == 0;
}

/* n items of `size` bytes from y on that come before the first line */
static inline ptrdiff_t rk_before_line(const void *y, int size, ptrdiff_t n)
{
    const ptrdiff_t head = (ptrdiff_t)((64 - (uintptr_t)y % 64) % 64) / size;
    return head < n ? head : n;
}

/* The statement for each i < n, of loops that compute little and read x, line by line: its line is fetched rk_near_bytes
 * ahead, where the processor's own fetching leaves some of the memory's speed unused. One array of several is enough, more
 * are slower. */
/* for the loop over a line, which must still be one when it is made vectors */
#if defined(__clang__)
#define RK_LINE_LOOP _Pragma("clang loop vectorize(assume_safety) unroll(disable)")
#elif defined(__GNUC__)
#define RK_LINE_LOOP _Pragma("GCC ivdep") _Pragma("GCC unroll 1")
#else
#define RK_LINE_LOOP
#endif
#define RK_LINES(x, ...) do { \
    enum { PER_LINE = 64 / sizeof *(x) }; \
    const ptrdiff_t line_near = rk_near_bytes; \
    ptrdiff_t line_at = 0; \
    for (; line_at + PER_LINE <= n; line_at += PER_LINE) { \
        rk_prefetch((const char *)((x) + line_at) + line_near); \
        RK_LINE_LOOP for (int k = 0; k < PER_LINE; k++) { const ptrdiff_t i = line_at + k; __VA_ARGS__; } \
    } \
    RK_IVDEP for (ptrdiff_t i = line_at; i < n; i++) { __VA_ARGS__; } \
    } while (0)

#if RK_VECTOR_BYTES == 64
#define RK_READS_HALVES rk_half_reads
#else
#define RK_READS_HALVES 0
#endif

/* one vector, whatever it holds */
RK_INLINE void rk_stream_bytes(char *y, const char *x)
{
    rk_stream_vf32((float *)(void *)y, rk_load_vf32((const float *)(const void *)x));
}

/* ---- half precision ---- */
static inline float rk_half_to_float(uint16_t h)
{
    union { uint32_t u; float f; } v, scale;
    v.u = (uint32_t)(h & 0x7fff) << 13;
    scale.u = 0x77800000;                      /* 2^112 moves the exponent and normalises subnormals */
    v.f *= scale.f;
    v.u |= (h & 0x7c00) == 0x7c00 ? 0x7f800000u : 0u;
    v.u |= (uint32_t)(h & 0x8000) << 16;
    return v.f;
}

static inline uint16_t rk_float_to_half(float x)
{
    union { float f; uint32_t u; } v, magic;
    v.f = x;
    magic.u = 0x3f000000;                      /* 0.5: adding it rounds a subnormal half in place */
    uint32_t sign = v.u >> 16 & 0x8000, a = v.u & 0x7fffffff, r;
    v.u = a;
    union { float f; uint32_t u; } sub;
    sub.f = v.f + magic.f;
    uint32_t small = sub.u - magic.u;
    uint32_t normal = (a + 0xc8000fffu + (a >> 13 & 1)) >> 13;
    r = a < 0x38800000 ? small : normal;
    r = a >= 0x47800000 ? 0x7c00 : r;
    r = a > 0x7f800000 ? 0x7e00 : r;
    return (uint16_t)(r | sign);
}

/* Rounding to odd first keeps the second rounding from going wrong. */
static inline uint16_t rk_double_to_half(double x)
{
    union { float f; uint32_t u; } v;
    v.f = (float)x;
    double back = v.f;
    if (back != x && x == x && !(v.u & 1) && v.u << 1 != 0xff000000u)
        v.u += fabs(back) > fabs(x) ? -1u : 1u;
    return rk_float_to_half(v.f);
}

#endif
