/* Elementary functions, for scalars and for SIMD vectors, from one source (math_body.h).
 *
 * A variant's vectors are
 *     rk_vf32, rk_vf64     floats and doubles
 *     rk_vi32, rk_vi64     signed integers of the same shape; rk_vu32, rk_vu64 unsigned ones
 *     rk_m32, rk_m64       masks: mask registers or vectors of 0 and -1
 *     RK_VF32_LANES, RK_VF64_LANES
 * Where the compiler has no vector extension a vector has one lane, so code
 * written over lanes compiles everywhere.
 *
 * For T in f32, f64 (scalars), vf32, vf64 (vectors):
 *     function        largest error in ulp, float / double
 *     rk_exp_T        0.89 / 0.92
 *     rk_expm1_T      1.5 / 1.8
 *     rk_log_T        0.80 / 0.81
 *     rk_log1p_T      0.83 / 0.82
 *     rk_tanh_T       1.305 / 1.3
 *     rk_sigmoid_T    1.9 / 1.9
 *     rk_erf_T        1.3 / 1.3
 * all right at nan, infinities, signed zeros and subnormal arguments and
 * results (unless the thread flushes these). A lane does not depend on its
 * neighbours, and scalars and vectors give the same bits. Loops should use the
 * vectors: not every compiler vectorises the scalars' selections.
 *
 * and for any T
 *     rk_set1_T(x), rk_abs_T(x), rk_fma_T(a, b, c) = a*b + c
 *     rk_min_T(a, b) = a < b ? a : b, rk_max_T(a, b) = a > b ? a : b: b where a or b is nan
 *     rk_lt_T(a, b), rk_eq_T(a, b)                comparisons: rk_m32, rk_m64 for vectors, int for scalars
 *     rk_select_T(mask, a, b)                     mask ? a : b
 * For vectors only, V in vf32, vf64:
 *     rk_load_V(p), rk_store_V(p, v)              any alignment
 *     rk_load_part_V(p, n), rk_store_part_V(...)  the first n lanes, 0 <= n < lanes; 0 in the others
 *     rk_stream_V(p, v)                           past the caches where possible; p a multiple of the vector's size
 *     rk_sqrt_V(x), rk_sum_V(x), rk_top_V(x)      sum, maximum of the lanes
 */
#ifndef RK_MATH_H
#define RK_MATH_H

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__)) && defined(__SSE2__)
#include <immintrin.h>
#define RK_X86_INTRINSICS 1
#endif

#if defined(__GNUC__)
#define RK_VF32_LANES (RK_VECTOR_BYTES / 4)
#define RK_VF64_LANES (RK_VECTOR_BYTES / 8)
typedef float rk_vf32 __attribute__((vector_size(RK_VECTOR_BYTES)));
typedef double rk_vf64 __attribute__((vector_size(RK_VECTOR_BYTES)));
typedef int32_t rk_vi32 __attribute__((vector_size(RK_VECTOR_BYTES)));
typedef int64_t rk_vi64 __attribute__((vector_size(RK_VECTOR_BYTES)));
typedef uint32_t rk_vu32 __attribute__((vector_size(RK_VECTOR_BYTES)));
typedef uint64_t rk_vu64 __attribute__((vector_size(RK_VECTOR_BYTES)));
#else
#define RK_VF32_LANES 1
#define RK_VF64_LANES 1
typedef float rk_vf32;
typedef double rk_vf64;
typedef int32_t rk_vi32;
typedef int64_t rk_vi64;
typedef uint32_t rk_vu32;
typedef uint64_t rk_vu64;
#endif

/* ---- scalars: bits, selection, fma ---- */
RK_INLINE int32_t rk_bits_f32(float x) { int32_t i; memcpy(&i, &x, sizeof i); return i; }
RK_INLINE float rk_from_bits_f32(int32_t i) { float x; memcpy(&x, &i, sizeof x); return x; }
RK_INLINE int64_t rk_bits_f64(double x) { int64_t i; memcpy(&i, &x, sizeof i); return i; }
RK_INLINE double rk_from_bits_f64(int64_t i) { double x; memcpy(&x, &i, sizeof x); return x; }
RK_INLINE float rk_set1_f32(float x) { return x; }
RK_INLINE double rk_set1_f64(double x) { return x; }
RK_INLINE int32_t rk_seti_f32(int32_t i) { return i; }
RK_INLINE int64_t rk_seti_f64(int64_t i) { return i; }
RK_INLINE int rk_lt_f32(float a, float b) { return a < b; }
RK_INLINE int rk_lt_f64(double a, double b) { return a < b; }
RK_INLINE int rk_eq_f32(float a, float b) { return a == b; }
RK_INLINE int rk_eq_f64(double a, double b) { return a == b; }
RK_INLINE float rk_min_f32(float a, float b) { return a < b ? a : b; }
RK_INLINE double rk_min_f64(double a, double b) { return a < b ? a : b; }
RK_INLINE float rk_max_f32(float a, float b) { return a > b ? a : b; }
RK_INLINE double rk_max_f64(double a, double b) { return a > b ? a : b; }
RK_INLINE float rk_select_f32(int m, float a, float b) { return m ? a : b; }
RK_INLINE double rk_select_f64(int m, double a, double b) { return m ? a : b; }
RK_INLINE int32_t rk_shl_f32(int32_t i, int s) { return (int32_t)((uint32_t)i << s); }
RK_INLINE int64_t rk_shl_f64(int64_t i, int s) { return (int64_t)((uint64_t)i << s); }
#if defined(__FMA__)
RK_INLINE float rk_fma_f32(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
RK_INLINE double rk_fma_f64(double a, double b, double c) { return __builtin_fma(a, b, c); }
#else
RK_INLINE float rk_fma_f32(float a, float b, float c) { return a * b + c; }
RK_INLINE double rk_fma_f64(double a, double b, double c) { return a * b + c; }
#endif
/* p * 2^n in two steps, so that overflow and subnormal results are rounded once; i is n as an integer */
RK_INLINE float rk_scale_f32(float p, float n, int32_t i)
{
    (void)n;
    int32_t h = i >> 1;
    return p * rk_from_bits_f32(rk_shl_f32(h + 127, 23)) * rk_from_bits_f32(rk_shl_f32(i - h + 127, 23));
}
RK_INLINE double rk_scale_f64(double p, double n, int64_t i)
{
    (void)n;
    int64_t h = i >> 1;
    return p * rk_from_bits_f64(rk_shl_f64(h + 1023, 52)) * rk_from_bits_f64(rk_shl_f64(i - h + 1023, 52));
}

/* ---- vectors ---- */
#if defined(__GNUC__)
/* element-aligned views of memory */
typedef float rk_vf32_u __attribute__((vector_size(RK_VECTOR_BYTES), aligned(4), may_alias));
typedef double rk_vf64_u __attribute__((vector_size(RK_VECTOR_BYTES), aligned(8), may_alias));

RK_INLINE rk_vf32 rk_load_vf32(const float *p) { return (rk_vf32)*(const rk_vf32_u *)p; }
RK_INLINE rk_vf64 rk_load_vf64(const double *p) { return (rk_vf64)*(const rk_vf64_u *)p; }
RK_INLINE void rk_store_vf32(float *p, rk_vf32 v) { *(rk_vf32_u *)p = (rk_vf32_u)v; }
RK_INLINE void rk_store_vf64(double *p, rk_vf64 v) { *(rk_vf64_u *)p = (rk_vf64_u)v; }
RK_INLINE rk_vf32 rk_set1_vf32(float x) { return x - (rk_vf32){0}; }
RK_INLINE rk_vf64 rk_set1_vf64(double x) { return x - (rk_vf64){0}; }
RK_INLINE rk_vi32 rk_seti_vf32(int32_t i) { return i + (rk_vi32){0}; }
RK_INLINE rk_vi64 rk_seti_vf64(int64_t i) { return i + (rk_vi64){0}; }
RK_INLINE rk_vi32 rk_bits_vf32(rk_vf32 x) { return (rk_vi32)x; }
RK_INLINE rk_vi64 rk_bits_vf64(rk_vf64 x) { return (rk_vi64)x; }
RK_INLINE rk_vf32 rk_from_bits_vf32(rk_vi32 x) { return (rk_vf32)x; }
RK_INLINE rk_vf64 rk_from_bits_vf64(rk_vi64 x) { return (rk_vf64)x; }
RK_INLINE rk_vi32 rk_shl_vf32(rk_vi32 i, int s) { return i << s; }
RK_INLINE rk_vi64 rk_shl_vf64(rk_vi64 i, int s) { return i << s; }
#else
RK_INLINE rk_vf32 rk_load_vf32(const float *p) { return *p; }
RK_INLINE rk_vf64 rk_load_vf64(const double *p) { return *p; }
RK_INLINE void rk_store_vf32(float *p, rk_vf32 v) { *p = v; }
RK_INLINE void rk_store_vf64(double *p, rk_vf64 v) { *p = v; }
#define rk_set1_vf32 rk_set1_f32
#define rk_set1_vf64 rk_set1_f64
#define rk_seti_vf32 rk_seti_f32
#define rk_seti_vf64 rk_seti_f64
#define rk_bits_vf32 rk_bits_f32
#define rk_bits_vf64 rk_bits_f64
#define rk_from_bits_vf32 rk_from_bits_f32
#define rk_from_bits_vf64 rk_from_bits_f64
#define rk_shl_vf32 rk_shl_f32
#define rk_shl_vf64 rk_shl_f64
#endif

#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
/* the mask registers do what would take two or three instructions on vectors */
RK_INLINE rk_vf32 rk_load_part_vf32(const float *p, ptrdiff_t n)
{
    return (rk_vf32)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
RK_INLINE rk_vf64 rk_load_part_vf64(const double *p, ptrdiff_t n)
{
    return (rk_vf64)_mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p);
}
RK_INLINE void rk_store_part_vf32(float *p, rk_vf32 v, ptrdiff_t n)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
}
RK_INLINE void rk_store_part_vf64(double *p, rk_vf64 v, ptrdiff_t n)
{
    _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), (__m512d)v);
}
#elif defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 32
RK_INLINE __m256i rk_part_mask32(ptrdiff_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
RK_INLINE __m256i rk_part_mask64(ptrdiff_t n)
{
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
}
RK_INLINE rk_vf32 rk_load_part_vf32(const float *p, ptrdiff_t n)
{
    return (rk_vf32)_mm256_maskload_ps(p, rk_part_mask32(n));
}
RK_INLINE rk_vf64 rk_load_part_vf64(const double *p, ptrdiff_t n)
{
    return (rk_vf64)_mm256_maskload_pd(p, rk_part_mask64(n));
}
RK_INLINE void rk_store_part_vf32(float *p, rk_vf32 v, ptrdiff_t n)
{
    _mm256_maskstore_ps(p, rk_part_mask32(n), (__m256)v);
}
RK_INLINE void rk_store_part_vf64(double *p, rk_vf64 v, ptrdiff_t n)
{
    _mm256_maskstore_pd(p, rk_part_mask64(n), (__m256d)v);
}
#else
RK_INLINE rk_vf32 rk_load_part_vf32(const float *p, ptrdiff_t n)
{
    float t[RK_VF32_LANES] = {0};
    for (ptrdiff_t i = 0; i < n; i++)
        t[i] = p[i];
    return rk_load_vf32(t);
}
RK_INLINE rk_vf64 rk_load_part_vf64(const double *p, ptrdiff_t n)
{
    double t[RK_VF64_LANES] = {0};
    for (ptrdiff_t i = 0; i < n; i++)
        t[i] = p[i];
    return rk_load_vf64(t);
}
RK_INLINE void rk_store_part_vf32(float *p, rk_vf32 v, ptrdiff_t n)
{
    float t[RK_VF32_LANES];
    rk_store_vf32(t, v);
    for (ptrdiff_t i = 0; i < n; i++)
        p[i] = t[i];
}
RK_INLINE void rk_store_part_vf64(double *p, rk_vf64 v, ptrdiff_t n)
{
    double t[RK_VF64_LANES];
    rk_store_vf64(t, v);
    for (ptrdiff_t i = 0; i < n; i++)
        p[i] = t[i];
}
#endif

#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
#define RK_MM(op) _mm512_##op
#define RK_M32 __m512
#define RK_M64 __m512d
#elif defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 32
#define RK_MM(op) _mm256_##op
#define RK_M32 __m256
#define RK_M64 __m256d
#elif defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 16
#define RK_MM(op) _mm_##op
#define RK_M32 __m128
#define RK_M64 __m128d
#endif

/* Stores past the caches: a line that is written whole need not be read before. rk_stream_end makes them visible to
 * other threads. rk_prefetch fetches the line that p will be read from. */
#if defined(RK_X86_INTRINSICS)
#define RK_CAN_STREAM 1
RK_INLINE void rk_stream_vf32(float *p, rk_vf32 v) { RK_MM(stream_ps)(p, (RK_M32)v); }
RK_INLINE void rk_stream_vf64(double *p, rk_vf64 v) { RK_MM(stream_pd)(p, (RK_M64)v); }
RK_INLINE void rk_stream_end(void) { _mm_sfence(); }
RK_INLINE void rk_prefetch(const void *p) { _mm_prefetch((const char *)p, _MM_HINT_T0); }
RK_INLINE void rk_prefetch_later(const void *p) { _mm_prefetch((const char *)p, _MM_HINT_T1); }
#else
#define RK_CAN_STREAM 0
RK_INLINE void rk_stream_vf32(float *p, rk_vf32 v) { rk_store_vf32(p, v); }
RK_INLINE void rk_stream_vf64(double *p, rk_vf64 v) { rk_store_vf64(p, v); }
RK_INLINE void rk_stream_end(void) { }
RK_INLINE void rk_prefetch(const void *p) { (void)p; }
RK_INLINE void rk_prefetch_later(const void *p) { (void)p; }
#endif

/* comparisons, selection, min, max */
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
typedef __mmask16 rk_m32;
typedef __mmask8 rk_m64;
RK_INLINE rk_m32 rk_lt_vf32(rk_vf32 a, rk_vf32 b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ); }
RK_INLINE rk_m64 rk_lt_vf64(rk_vf64 a, rk_vf64 b) { return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_LT_OQ); }
RK_INLINE rk_m32 rk_eq_vf32(rk_vf32 a, rk_vf32 b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_EQ_OQ); }
RK_INLINE rk_m64 rk_eq_vf64(rk_vf64 a, rk_vf64 b) { return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_EQ_OQ); }
RK_INLINE rk_vf32 rk_select_vf32(rk_m32 m, rk_vf32 a, rk_vf32 b)
{
    return (rk_vf32)_mm512_mask_blend_ps(m, (__m512)b, (__m512)a);
}
RK_INLINE rk_vf64 rk_select_vf64(rk_m64 m, rk_vf64 a, rk_vf64 b)
{
    return (rk_vf64)_mm512_mask_blend_pd(m, (__m512d)b, (__m512d)a);
}
#elif defined(__GNUC__)
typedef rk_vi32 rk_m32;
typedef rk_vi64 rk_m64;
RK_INLINE rk_m32 rk_lt_vf32(rk_vf32 a, rk_vf32 b) { return (rk_m32)(a < b); }
RK_INLINE rk_m64 rk_lt_vf64(rk_vf64 a, rk_vf64 b) { return (rk_m64)(a < b); }
RK_INLINE rk_m32 rk_eq_vf32(rk_vf32 a, rk_vf32 b) { return (rk_m32)(a == b); }
RK_INLINE rk_m64 rk_eq_vf64(rk_vf64 a, rk_vf64 b) { return (rk_m64)(a == b); }
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 32
RK_INLINE rk_vf32 rk_select_vf32(rk_m32 m, rk_vf32 a, rk_vf32 b)
{
    return (rk_vf32)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)m);
}
RK_INLINE rk_vf64 rk_select_vf64(rk_m64 m, rk_vf64 a, rk_vf64 b)
{
    return (rk_vf64)_mm256_blendv_pd((__m256d)b, (__m256d)a, (__m256d)m);
}
#else
RK_INLINE rk_vf32 rk_select_vf32(rk_m32 m, rk_vf32 a, rk_vf32 b)
{
    return (rk_vf32)((m & (rk_vi32)a) | (~m & (rk_vi32)b));
}
RK_INLINE rk_vf64 rk_select_vf64(rk_m64 m, rk_vf64 a, rk_vf64 b)
{
    return (rk_vf64)((m & (rk_vi64)a) | (~m & (rk_vi64)b));
}
#endif
#else
typedef int rk_m32;
typedef int rk_m64;
#define rk_lt_vf32 rk_lt_f32
#define rk_lt_vf64 rk_lt_f64
#define rk_eq_vf32 rk_eq_f32
#define rk_eq_vf64 rk_eq_f64
#define rk_select_vf32 rk_select_f32
#define rk_select_vf64 rk_select_f64
#endif
#if defined(RK_X86_INTRINSICS)
RK_INLINE rk_vf32 rk_min_vf32(rk_vf32 a, rk_vf32 b) { return (rk_vf32)RK_MM(min_ps)((RK_M32)a, (RK_M32)b); }
RK_INLINE rk_vf64 rk_min_vf64(rk_vf64 a, rk_vf64 b) { return (rk_vf64)RK_MM(min_pd)((RK_M64)a, (RK_M64)b); }
RK_INLINE rk_vf32 rk_max_vf32(rk_vf32 a, rk_vf32 b) { return (rk_vf32)RK_MM(max_ps)((RK_M32)a, (RK_M32)b); }
RK_INLINE rk_vf64 rk_max_vf64(rk_vf64 a, rk_vf64 b) { return (rk_vf64)RK_MM(max_pd)((RK_M64)a, (RK_M64)b); }
#else
RK_INLINE rk_vf32 rk_min_vf32(rk_vf32 a, rk_vf32 b) { return rk_select_vf32(rk_lt_vf32(a, b), a, b); }
RK_INLINE rk_vf64 rk_min_vf64(rk_vf64 a, rk_vf64 b) { return rk_select_vf64(rk_lt_vf64(a, b), a, b); }
RK_INLINE rk_vf32 rk_max_vf32(rk_vf32 a, rk_vf32 b) { return rk_select_vf32(rk_lt_vf32(b, a), a, b); }
RK_INLINE rk_vf64 rk_max_vf64(rk_vf64 a, rk_vf64 b) { return rk_select_vf64(rk_lt_vf64(b, a), a, b); }
#endif

#if defined(RK_X86_INTRINSICS) && defined(__FMA__)
RK_INLINE rk_vf32 rk_fma_vf32(rk_vf32 a, rk_vf32 b, rk_vf32 c)
{
    return (rk_vf32)RK_MM(fmadd_ps)((RK_M32)a, (RK_M32)b, (RK_M32)c);
}
RK_INLINE rk_vf64 rk_fma_vf64(rk_vf64 a, rk_vf64 b, rk_vf64 c)
{
    return (rk_vf64)RK_MM(fmadd_pd)((RK_M64)a, (RK_M64)b, (RK_M64)c);
}
#else
RK_INLINE rk_vf32 rk_fma_vf32(rk_vf32 a, rk_vf32 b, rk_vf32 c) { return a * b + c; }
RK_INLINE rk_vf64 rk_fma_vf64(rk_vf64 a, rk_vf64 b, rk_vf64 c) { return a * b + c; }
#endif

#if defined(RK_X86_INTRINSICS)
RK_INLINE rk_vf32 rk_sqrt_vf32(rk_vf32 x) { return (rk_vf32)RK_MM(sqrt_ps)((RK_M32)x); }
RK_INLINE rk_vf64 rk_sqrt_vf64(rk_vf64 x) { return (rk_vf64)RK_MM(sqrt_pd)((RK_M64)x); }
#else
RK_INLINE rk_vf32 rk_sqrt_vf32(rk_vf32 x)
{
    float t[RK_VF32_LANES];
    rk_store_vf32(t, x);
    for (int i = 0; i < RK_VF32_LANES; i++)
        t[i] = sqrtf(t[i]);
    return rk_load_vf32(t);
}
RK_INLINE rk_vf64 rk_sqrt_vf64(rk_vf64 x)
{
    double t[RK_VF64_LANES];
    rk_store_vf64(t, x);
    for (int i = 0; i < RK_VF64_LANES; i++)
        t[i] = sqrt(t[i]);
    return rk_load_vf64(t);
}
#endif

/* sums and maxima of lanes: halves are joined until one lane is left */
#if defined(RK_X86_INTRINSICS)
RK_INLINE float rk_top_m128(__m128 v)
{
    v = _mm_max_ps(v, _mm_movehl_ps(v, v));
    return _mm_cvtss_f32(_mm_max_ss(v, _mm_shuffle_ps(v, v, 1)));
}
RK_INLINE double rk_top_m128d(__m128d v) { return _mm_cvtsd_f64(_mm_max_sd(v, _mm_unpackhi_pd(v, v))); }
RK_INLINE float rk_sum_m128(__m128 v)
{
    v = _mm_add_ps(v, _mm_movehl_ps(v, v));
    return _mm_cvtss_f32(_mm_add_ss(v, _mm_shuffle_ps(v, v, 1)));
}
RK_INLINE double rk_sum_m128d(__m128d v) { return _mm_cvtsd_f64(_mm_add_sd(v, _mm_unpackhi_pd(v, v))); }
#if RK_VECTOR_BYTES >= 32
RK_INLINE float rk_sum_m256(__m256 v)
{
    return rk_sum_m128(_mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)));
}
RK_INLINE double rk_sum_m256d(__m256d v)
{
    return rk_sum_m128d(_mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1)));
}
RK_INLINE float rk_top_m256(__m256 v)
{
    return rk_top_m128(_mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)));
}
RK_INLINE double rk_top_m256d(__m256d v)
{
    return rk_top_m128d(_mm_max_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1)));
}
#endif
#if RK_VECTOR_BYTES == 64
RK_INLINE float rk_sum_vf32(rk_vf32 v)
{
    return rk_sum_m256(_mm256_add_ps(_mm512_castps512_ps256((__m512)v), _mm512_extractf32x8_ps((__m512)v, 1)));
}
RK_INLINE double rk_sum_vf64(rk_vf64 v)
{
    return rk_sum_m256d(_mm256_add_pd(_mm512_castpd512_pd256((__m512d)v), _mm512_extractf64x4_pd((__m512d)v, 1)));
}
RK_INLINE float rk_top_vf32(rk_vf32 v)
{
    return rk_top_m256(_mm256_max_ps(_mm512_castps512_ps256((__m512)v), _mm512_extractf32x8_ps((__m512)v, 1)));
}
RK_INLINE double rk_top_vf64(rk_vf64 v)
{
    return rk_top_m256d(_mm256_max_pd(_mm512_castpd512_pd256((__m512d)v), _mm512_extractf64x4_pd((__m512d)v, 1)));
}
#elif RK_VECTOR_BYTES == 32
RK_INLINE float rk_sum_vf32(rk_vf32 v) { return rk_sum_m256((__m256)v); }
RK_INLINE double rk_sum_vf64(rk_vf64 v) { return rk_sum_m256d((__m256d)v); }
RK_INLINE float rk_top_vf32(rk_vf32 v) { return rk_top_m256((__m256)v); }
RK_INLINE double rk_top_vf64(rk_vf64 v) { return rk_top_m256d((__m256d)v); }
#else
RK_INLINE float rk_sum_vf32(rk_vf32 v) { return rk_sum_m128((__m128)v); }
RK_INLINE double rk_sum_vf64(rk_vf64 v) { return rk_sum_m128d((__m128d)v); }
RK_INLINE float rk_top_vf32(rk_vf32 v) { return rk_top_m128((__m128)v); }
RK_INLINE double rk_top_vf64(rk_vf64 v) { return rk_top_m128d((__m128d)v); }
#endif
#else
RK_INLINE float rk_sum_vf32(rk_vf32 v)
{
    float t[RK_VF32_LANES];
    rk_store_vf32(t, v);
    for (int h = RK_VF32_LANES / 2; h > 0; h /= 2)
        for (int i = 0; i < h; i++)
            t[i] += t[i + h];
    return t[0];
}
RK_INLINE double rk_sum_vf64(rk_vf64 v)
{
    double t[RK_VF64_LANES];
    rk_store_vf64(t, v);
    for (int h = RK_VF64_LANES / 2; h > 0; h /= 2)
        for (int i = 0; i < h; i++)
            t[i] += t[i + h];
    return t[0];
}
RK_INLINE float rk_top_vf32(rk_vf32 v)
{
    float t[RK_VF32_LANES];
    rk_store_vf32(t, v);
    for (int i = 1; i < RK_VF32_LANES; i++)
        t[0] = rk_max_f32(t[i], t[0]);
    return t[0];
}
RK_INLINE double rk_top_vf64(rk_vf64 v)
{
    double t[RK_VF64_LANES];
    rk_store_vf64(t, v);
    for (int i = 1; i < RK_VF64_LANES; i++)
        t[0] = rk_max_f64(t[i], t[0]);
    return t[0];
}
#endif

#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
RK_INLINE rk_vf32 rk_scale_vf32(rk_vf32 p, rk_vf32 n, rk_vi32 i)
{
    (void)i;
    return (rk_vf32)_mm512_scalef_ps((__m512)p, (__m512)n);
}
RK_INLINE rk_vf64 rk_scale_vf64(rk_vf64 p, rk_vf64 n, rk_vi64 i)
{
    (void)i;
    return (rk_vf64)_mm512_scalef_pd((__m512d)p, (__m512d)n);
}
#elif defined(__GNUC__)
RK_INLINE rk_vf32 rk_scale_vf32(rk_vf32 p, rk_vf32 n, rk_vi32 i)
{
    (void)n;
    rk_vi32 h = i >> 1;
    return p * (rk_vf32)((h + 127) << 23) * (rk_vf32)((i - h + 127) << 23);
}
RK_INLINE rk_vf64 rk_scale_vf64(rk_vf64 p, rk_vf64 n, rk_vi64 i)
{
    (void)n;
    /* the low 32 bits of a lane hold all of i, and x86 before AVX-512 has no
     * arithmetic shift of 64-bit lanes: halve with an offset that keeps it positive */
    rk_vi64 h = (rk_vi64)(((rk_vi64)(i + 4096) >> 1) - 2048);
    return p * (rk_vf64)((h + 1023) << 52) * (rk_vf64)((i - h + 1023) << 52);
}
#else
#define rk_scale_vf32 rk_scale_f32
#define rk_scale_vf64 rk_scale_f64
#endif

#define RKM_CAT_(a, b) a##_##b
#define RKM_CAT(a, b) RKM_CAT_(a, b)

#define RKM_T f32
#define RKM_M int
#define RKM_F float
#define RKM_I int32_t
#define RKM_U uint32_t
#define RKM_SINGLE 1
#include "math_body.h"
#define RKM_T vf32
#define RKM_M rk_m32
#define RKM_F rk_vf32
#define RKM_I rk_vi32
#define RKM_U rk_vu32
#define RKM_SINGLE 1
#include "math_body.h"
#define RKM_T f64
#define RKM_M int
#define RKM_F double
#define RKM_I int64_t
#define RKM_U uint64_t
#define RKM_SINGLE 0
#include "math_body.h"
#define RKM_T vf64
#define RKM_M rk_m64
#define RKM_F rk_vf64
#define RKM_I rk_vi64
#define RKM_U rk_vu64
#define RKM_SINGLE 0
#include "math_body.h"

#endif
