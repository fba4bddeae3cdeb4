/* Elementwise kernels: unary, with parameters, binary with broadcasting, axpy, scal, casts, copies. */
#include "common.h"
#include "trig.h"

/* ---- conversions ---- */

/* Float to integer: truncates, saturates, nan is 0. The bounds are floats that the integer type can hold, so that
 * the conversion is defined for every element and the loop needs no branch. LOW and HIGH bound the clamped value;
 * what lay at or above LIMIT (the first float beyond the type) becomes the type's maximum. */
#define RK_SATURATE(F, T, MAX, LOW, HIGH, LIMIT) do { \
    RK_IVDEP \
    for (ptrdiff_t i = 0; i < n; i++) { \
        F v = x[i]; \
        F w = v == v ? v : 0; \
        w = w > (F)LOW ? w : (F)LOW; \
        w = w < (F)HIGH ? w : (F)HIGH; \
        T r = (T)w; \
        y[i] = v >= (F)LIMIT ? (T)MAX : r; \
    } } while (0)

#define RK_F64_TO_INT(NAME, T, MAX, LOW, HIGH, LIMIT) \
    static void rk_store_##NAME(const double *x, T *y, ptrdiff_t n) { RK_SATURATE(double, T, MAX, LOW, HIGH, LIMIT); }
RK_F64_TO_INT(i64, int64_t, INT64_MAX, -0x1p63, 0x1.fffffffffffffp62, 0x1p63)
RK_F64_TO_INT(u32, uint32_t, UINT32_MAX, 0.0, 4294967295.0, 4294967296.0)
RK_F64_TO_INT(u64, uint64_t, UINT64_MAX, 0.0, 0x1.fffffffffffffp63, 0x1p64)

/* int32 is what floats become most: whole vectors within its range at once */
#if defined(__GNUC__)
typedef int32_t rk_vi32_half __attribute__((vector_size(RK_VECTOR_BYTES / 2), aligned(4), may_alias));
typedef int32_t rk_vi32_u __attribute__((vector_size(RK_VECTOR_BYTES), aligned(4), may_alias));
#define RK_INT32_OF(U, y, v) (*(U *)(y) = __builtin_convertvector(v, U))
#else
#define RK_INT32_OF(U, y, v) (*(y) = (int32_t)(v))
#endif
#define RK_TO_INT32(NAME, T, V, LANES, U, HIGH) \
static void rk_saturate_##NAME(const T *x, int32_t *y, ptrdiff_t n) \
{ \
    RK_SATURATE(T, int32_t, INT32_MAX, -0x1p31, HIGH, 0x1p31); \
} \
static void rk_int32_of_##NAME(const T *x, int32_t *y, ptrdiff_t n) \
{ \
    ptrdiff_t i = 0; \
    for (; i + LANES <= n; i += LANES) { \
        const rk_##V v = rk_load_##V(x + i); \
        if (RK_LIKELY(rk_all_##V(rk_lt_##V(rk_abs_##V(v), rk_set1_##V(0x1p31))))) \
            RK_INT32_OF(U, y + i, v); \
        else \
            rk_saturate_##NAME(x + i, y + i, LANES); \
    } \
    rk_saturate_##NAME(x + i, y + i, n - i); \
}
RK_TO_INT32(f32, float, vf32, RK_VF32_LANES, rk_vi32_u, 0x1.fffffep30)
RK_TO_INT32(f64, double, vf64, RK_VF64_LANES, rk_vi32_half, 2147483647.0)

#define rk_store_i32 rk_int32_of_f64

/* n numbers as int32, if all lie between two others, which lie within int32; whether they do. */
#define RK_BETWEEN(NAME, T, V, LANES, M, U) \
static int rk_between_##NAME(const T *x, int32_t *y, ptrdiff_t n, T low, T high) \
{ \
    const rk_##V zero = rk_set1_##V(0); \
    M within = rk_eq_##V(zero, zero); \
    const ptrdiff_t ahead = rk_near_bytes; \
    ptrdiff_t i = 0; \
    for (; i + LANES <= n; i += LANES) { \
        rk_prefetch((const char *)(x + i) + ahead); \
        const rk_##V v = rk_load_##V(x + i); \
        const M m = rk_lt_##V(rk_set1_##V(low), v) & rk_lt_##V(v, rk_set1_##V(high)); \
        RK_INT32_OF(U, y + i, rk_select_##V(m, v, zero)); \
        within &= m; \
    } \
    int all = rk_all_##V(within); \
    for (; i < n; i++) { \
        const int in = x[i] > low && x[i] < high; \
        y[i] = in ? (int32_t)x[i] : 0; \
        all &= in; \
    } \
    return all; \
}
RK_BETWEEN(f32, float, vf32, RK_VF32_LANES, rk_m32, rk_vi32_u)
RK_BETWEEN(f64, double, vf64, RK_VF64_LANES, rk_m64, rk_vi32_half)

/* Narrow integers by way of int32: floats within it in registers, up to the first group of 64, or 32, that has others;
 * answers how many. The instructions that narrow saturate, unless only BITS are left before: then they wrap. */
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES >= 32
#if RK_VECTOR_BYTES == 64
#define RK_IVEC __m512i
#define RK_HAS_LOWEST(v) (_mm512_cmpeq_epi32_mask(v, _mm512_set1_epi32(INT32_MIN)) != 0)
/* packs work within parts of 16 bytes */
#define RK_IN_ORDER(v) \
    _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), v)
#define RK_IN_ORDER_16(v) _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), v)
#else
#define RK_IVEC __m256i
#define RK_HAS_LOWEST(v) (_mm256_movemask_epi8(_mm256_cmpeq_epi32(v, _mm256_set1_epi32(INT32_MIN))) != 0)
#define RK_IN_ORDER(v) _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7))
#define RK_IN_ORDER_16(v) _mm256_permute4x64_epi64(v, 0xd8)
#endif
#define RK_INT32S(x) RK_MM(cvttps_epi32)(RK_MM(loadu_ps)(x))
#define RK_PACKED(NAME, T, BITS, WIDE, NARROW) \
static ptrdiff_t rk_packed_##NAME(const float *x, T *y, ptrdiff_t n) \
{ \
    enum { L = RK_VF32_LANES }; \
    const ptrdiff_t ahead = rk_near_bytes; \
    ptrdiff_t i = 0; \
    for (; i + 4 * L <= n; i += 4 * L) { \
        for (int k = 0; k < 4 * L; k += 16) \
            rk_prefetch((const char *)(x + i + k) + ahead); \
        RK_IVEC v[4]; \
        for (int k = 0; k < 4; k++) \
            v[k] = RK_INT32S(x + i + k * L); \
        /* what did not fit became the lowest */ \
        const RK_IVEC least = RK_MM(min_epi32)(RK_MM(min_epi32)(v[0], v[1]), RK_MM(min_epi32)(v[2], v[3])); \
        if (RK_UNLIKELY(RK_HAS_LOWEST(least))) \
            break; \
        for (int k = 0; k < 4; k++) \
            v[k] = (RK_IVEC)((rk_vi32)v[k] & (rk_vi32)RK_MM(set1_epi32)(BITS)); \
        const RK_IVEC low = RK_MM(WIDE)(v[0], v[1]), high = RK_MM(WIDE)(v[2], v[3]); \
        NARROW; \
    } \
    return i; \
}
#define RK_TO_BYTES(name) do { \
    const RK_IVEC all = RK_IN_ORDER(RK_MM(name)(low, high)); \
    memcpy(y + i, &all, sizeof all); \
    } while (0)
#define RK_TO_WORDS do { \
    const RK_IVEC first = RK_IN_ORDER_16(low), second = RK_IN_ORDER_16(high); \
    memcpy(y + i, &first, sizeof first); \
    memcpy(y + i + 2 * L, &second, sizeof second); \
    } while (0)
RK_PACKED(i8, int8_t, -1, packs_epi32, RK_TO_BYTES(packs_epi16))
RK_PACKED(u8, uint8_t, -1, packs_epi32, RK_TO_BYTES(packus_epi16))
RK_PACKED(i16, int16_t, -1, packs_epi32, RK_TO_WORDS)
RK_PACKED(u16, uint16_t, -1, packus_epi32, RK_TO_WORDS)
RK_PACKED(wrapped_u8, uint8_t, UINT8_MAX, packs_epi32, RK_TO_BYTES(packus_epi16))
RK_PACKED(wrapped_u16, uint16_t, UINT16_MAX, packus_epi32, RK_TO_WORDS)
#define RK_PACKED_f32(NAME, x, y, n) rk_packed_##NAME(x, y, n)
#else
#define RK_PACKED_f32(NAME, x, y, n) 0
#endif
#define RK_PACKED_f64(NAME, x, y, n) 0

/* the rest, and doubles, by way of memory */
#define RK_NARROW(PREFIX, NAME, F, KIND, T, LOW, HIGH) \
static void PREFIX##_##NAME(const F *x, T *y, ptrdiff_t n) \
{ \
    int32_t wide[256]; \
    for (ptrdiff_t m; n > 0; n -= m, x += m, y += m) { \
        const ptrdiff_t done = RK_PACKED_##KIND(NAME, x, y, n); \
        n -= done; \
        x += done; \
        y += done; \
        m = n < 256 ? n : 256; \
        if (!rk_between_##KIND(x, wide, m, LOW - 1, HIGH + 1)) { \
            rk_int32_of_##KIND(x, wide, m); \
            for (ptrdiff_t i = 0; i < m; i++) \
                wide[i] = wide[i] < LOW ? LOW : wide[i] > HIGH ? HIGH : wide[i]; \
        } \
        for (ptrdiff_t i = 0; i < m; i++) \
            y[i] = (T)wide[i]; \
    } \
}
#define RK_NARROWS(PREFIX, F, KIND) \
    RK_NARROW(PREFIX, i8, F, KIND, int8_t, INT8_MIN, INT8_MAX) \
    RK_NARROW(PREFIX, u8, F, KIND, uint8_t, 0, UINT8_MAX) \
    RK_NARROW(PREFIX, i16, F, KIND, int16_t, INT16_MIN, INT16_MAX) \
    RK_NARROW(PREFIX, u16, F, KIND, uint16_t, 0, UINT16_MAX)
RK_NARROWS(rk_narrow, float, f32)
RK_NARROWS(rk_store, double, f64)

/* n values of any real type as doubles, and back (n is a block's length) */
static void rk_load_f64(int dtype, const void *src, double *y, ptrdiff_t n)
{
#define RK_CASE(CODE, NAME, T, W) \
    case CODE: { const T *x = (const T *)src; for (ptrdiff_t i = 0; i < n; i++) y[i] = (double)x[i]; break; }
    switch (dtype) {
    RK_INTS(RK_CASE)
    RK_CASE(RK_FLOAT32, f32, float, 0)
    RK_CASE(RK_FLOAT64, f64, double, 0)
    case RK_BOOL: {
        const uint8_t *x = (const uint8_t *)src;
        for (ptrdiff_t i = 0; i < n; i++) y[i] = x[i] != 0;
        break;
    }
    case RK_FLOAT16: {
        const uint16_t *x = (const uint16_t *)src;
        for (ptrdiff_t i = 0; i < n; i++) y[i] = rk_half_to_float(x[i]);
        break;
    }
    case RK_COMPLEX64: {
        const rk_c64 *x = (const rk_c64 *)src;
        for (ptrdiff_t i = 0; i < n; i++) y[i] = x[i].re;
        break;
    }
    case RK_COMPLEX128: {
        const rk_c128 *x = (const rk_c128 *)src;
        for (ptrdiff_t i = 0; i < n; i++) y[i] = x[i].re;
        break;
    }
    }
#undef RK_CASE
}

static void rk_store_f64(int dtype, const double *x, void *dst, ptrdiff_t n)
{
#define RK_CASE(CODE, NAME, T, W) case CODE: rk_store_##NAME(x, (T *)dst, n); break;
    switch (dtype) {
    RK_INTS(RK_CASE)
    case RK_FLOAT32: { float *y = (float *)dst; RK_LINES(x, y[i] = (float)x[i]); break; }
    case RK_FLOAT64: memcpy(dst, x, (size_t)n * 8); break;
    case RK_BOOL: { uint8_t *y = (uint8_t *)dst; for (ptrdiff_t i = 0; i < n; i++) y[i] = x[i] != 0; break; }
    case RK_FLOAT16: {
        uint16_t *y = (uint16_t *)dst;
        for (ptrdiff_t i = 0; i < n; i++) y[i] = rk_double_to_half(x[i]);
        break;
    }
    case RK_COMPLEX64: {
        rk_c64 *y = (rk_c64 *)dst;
        for (ptrdiff_t i = 0; i < n; i++) { y[i].re = (float)x[i]; y[i].im = 0; }
        break;
    }
    case RK_COMPLEX128: {
        rk_c128 *y = (rk_c128 *)dst;
        for (ptrdiff_t i = 0; i < n; i++) { y[i].re = x[i]; y[i].im = 0; }
        break;
    }
    }
#undef RK_CASE
}

/* One double as an integer, truncated and saturated. */
static int64_t rk_to_i64(double v)
{
    return !(v == v) ? 0 : v >= 0x1p63 ? INT64_MAX : v <= -0x1p63 ? INT64_MIN : (int64_t)v;
}

/* Whether v is an integer that int64_t or uint64_t holds; its bits modulo 2^64. */
static int rk_as_integer(double v, uint64_t *bits)
{
    if (!(v >= -0x1p63 && v < 0x1p64) || v != trunc(v))
        return 0;
    *bits = v < 0 ? (uint64_t)(int64_t)v : (uint64_t)v;
    return 1;
}

/* ---- large results ---- */

/* Calls run(job, from, n, y) for small runs of results, which it writes to y, and moves them past the caches. The runs
 * are short so that stores and arithmetic overlap. */
typedef void (*rk_run)(const void *job, ptrdiff_t from, ptrdiff_t n, void *y);

static void rk_run_streaming(rk_run run, const void *job, ptrdiff_t from, ptrdiff_t n, char *y, int size)
{
    enum { BYTES = 512 };
    _Alignas(64) char line[BYTES];
    const ptrdiff_t each = BYTES / size, end = from + n;
    const ptrdiff_t head = rk_before_line(y, size, n);
    if (head)
        run(job, from, head, y);
    from += head;
    y += head * size;
    for (; from + each <= end; from += each, y += BYTES) {
        run(job, from, each, line);
        for (int i = 0; i < BYTES; i += RK_VECTOR_BYTES)
            rk_stream_bytes(y + i, line + i);
    }
    if (from < end)
        run(job, from, end - from, y);
    rk_stream_end();
}

/* ---- unary ---- */

/* the functions of trig.h, or where they would be inexact the C library's */
#if defined(__FMA__)
#define RK_TRIG_MAP(NAME, V, S) RK_VMAP(rk_##NAME##_##V(v))
#else
#define RK_TRIG_MAP(NAME, V, S) RK_MAP(NAME##S(v))
#endif

#define RK_MAP(EXPR) RK_LINES(x, const T v = x[i]; (void)v; y[i] = (T)(EXPR)); break

/* Quotients and roots: the divider takes as long for 512 bits as for twice 256, and the clock is slower with 512. `op`:
 * one of rk_param_op, or RK_PARAM_OPS + RK_SQRT or RK_RSQRT. */
#if defined(__GNUC__) && !defined(__clang__) && RK_VECTOR_BYTES == 64
#define RK_HALF_VECTORS __attribute__((noinline, target("prefer-vector-width=256")))
#else
#define RK_HALF_VECTORS
#endif
#define RK_DIVIDING(NAME, T_, S) \
RK_HALF_VECTORS static void rk_dividing_##NAME(int op, const T_ *x, T_ p, T_ q, T_ *y, ptrdiff_t n) \
{ \
    typedef T_ T; \
    switch (op) { \
    case RK_PARAM_OPS + RK_SQRT: RK_MAP(sqrt##S(v)); \
    case RK_PARAM_OPS + RK_RSQRT: RK_MAP(1 / sqrt##S(v)); \
    case RK_PPOW: RK_MAP(v == -(T)INFINITY ? (T)INFINITY : sqrt##S(v + 0));   /* to the power 1/2 */ \
    case RK_PDIV: RK_MAP(v / p); \
    case RK_RDIV: RK_MAP(p / v); \
    case RK_RECIP_AXPB: RK_MAP(1 / (p * v + q)); \
    case RK_RSQRT_AXPB: RK_MAP(1 / (p * sqrt##S(v) + q)); \
    } \
}
RK_DIVIDING(f32, float, f)
RK_DIVIDING(f64, double, )

/* 1/(1+e^-x) in fewer steps than rk_sigmoid_V takes. With x = n ln2 + r, e^-x is 2^-n e^-r, which goes into 1 + e^-x
 * without being rounded; the quotient is an estimate q made better, q (1 + e + e^2) with e = 1 - q d. Below -87 powers or
 * results have no place among normal numbers. */
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
RK_NOINLINE rk_vf32 rk_sigmoid_rare_vf32(rk_vf32 x) { return rk_sigmoid_vf32(x); }
RK_INLINE rk_vf32 rk_quick_sigmoid_vf32(rk_vf32 x)
{
    const rk_vf32 one = rk_set1_vf32(1), low = rk_set1_vf32(-87);
    const rk_vf32 z = rk_min_vf32(rk_set1_vf32(87), x);
    const rk_vf32 round = rk_set1_vf32(12582912), t = rk_fma_vf32(z, rk_set1_vf32(-0x1.715476p+0f), round), n = t - round;
    const rk_vf32 h = rk_fma_vf32(n, rk_set1_vf32(0x1.62e4p-1f), z), r = rk_fma_vf32(n, rk_set1_vf32(0x1.7f7d1cp-20f), h);
    rk_vf32 p = rk_set1_vf32(0x1.6db440p-10f);
    p = rk_fma_vf32(p, r, rk_set1_vf32(-0x1.123b54p-7f));
    p = rk_fma_vf32(p, r, rk_set1_vf32(0x1.55545ep-5f));
    p = rk_fma_vf32(p, r, rk_set1_vf32(-0x1.55548ep-3f));
    p = rk_fma_vf32(p, r, rk_set1_vf32(0.5f));
    p = rk_fma_vf32(p, r, -one);
    p = rk_fma_vf32(p, r, one);
    const __m512i power = _mm512_add_epi32(_mm512_slli_epi32((__m512i)t, 23), _mm512_set1_epi32(0x3f800000));
    const rk_vf32 d = rk_fma_vf32(p, (rk_vf32)power, one);
    const rk_vf32 q = (rk_vf32)_mm512_rcp14_ps((__m512)d), e = rk_fma_vf32(-d, q, one);
    const rk_vf32 y = rk_fma_vf32(q, rk_fma_vf32(e, e, e), q);
    const rk_m32 rare = rk_lt_vf32(x, low);
    return RK_LIKELY(!rk_any_vf32(rare)) ? y : rk_select_vf32(rare, rk_sigmoid_rare_vf32(x), y);
}
/* tanh around 26 centers as polynomials of degree 6: four for each power of 2 from 1/8 on, found by the upper bits of
 * |x|, and 0. The centers are floats whose tanh is nearly one. Rows: centers, their tanh, the other coefficients. */
static const float rk_tanh_pieces[8][32] = {
    {
        0x1.1ff226p+1f, 0x1.5fe7f2p+1f, 0x1.a01c78p+1f, 0x1.e01726p+1f, 0x1.1fe142p+2f, 0x1.5fe8bep+2f, 0x1.9fef28p+2f,
        0x1.e01f4p+2f, 0x1.1fe0cp+3f, 0, 0, 0, 0, 0, 0, 0, 0x1.1ff20ep-3f, 0x1.6006ap-3f, 0x1.a01ad6p-3f, 0x1.e01738p-3f,
        0x1.201c7cp-2f, 0x1.600068p-2f, 0x1.9fefaap-2f, 0x1.e0167ep-2f, 0x1.2018bp-1f, 0x1.5ffc7cp-1f, 0x1.a01cfcp-1f,
        0x1.dff95ap-1f, 0x1.20155cp+0f, 0x1.5fef1ep+0f, 0x1.a01248p+0f, 0x1.dfe98p+0f,
    },
    {
        0x1.f4bd6ep-1f, 0x1.fbd37ap-1f, 0x1.fe7728p-1f, 0x1.ff6f4cp-1f, 0x1.ffdf88p-1f, 0x1.fffb9cp-1f, 0x1.ffff68p-1f,
        0x1.ffffecp-1f, 0x1.fffffep-1f, 0, 0, 0, 0, 0, 0, 0, 0x1.1e1024p-3f, 0x1.5c9976p-3f, 0x1.9a78dep-3f,
        0x1.d77c5ap-3f, 0x1.18bdf2p-2f, 0x1.52c322p-2f, 0x1.8a79f8p-2f, 0x1.bfc09cp-2f, 0x1.051ab4p-1f, 0x1.31559cp-1f,
        0x1.5798eep-1f, 0x1.77d528p-1f, 0x1.9e6b72p-1f, 0x1.c27104p-1f, 0x1.d9cc3cp-1f, 0x1.e87494p-1f,
    },
    {
        0x1.645bfp-5f, 0x1.0a0ac4p-6f, 0x1.884152p-8f, 0x1.213f2p-9f, 0x1.03b938p-11f, 0x1.190064p-14f, 0x1.30018ep-17f,
        0x1.470d3ap-20f, 0x1.0537acp-24f, 0, 0, 0, 0, 0, 0, 0x1p+0f, 0x1.f602cp-1f, 0x1.f12a74p-1f, 0x1.eb6ec4p-1f,
        0x1.e4dd2ap-1f, 0x1.d983fep-1f, 0x1.c7f704p-1f, 0x1.b4048ap-1f, 0x1.9e1bbap-1f, 0x1.7ad846p-1f, 0x1.49e972p-1f,
        0x1.196a6cp-1f, 0x1.d83dd4p-2f, 0x1.61204ep-2f, 0x1.cedcf8p-3f, 0x1.26374ep-3f, 0x1.700d5ap-4f,
    },
    {
        -0x1.5c859ep-5f, -0x1.07df88p-6f, -0x1.87145ap-8f, -0x1.20ed6p-9f, -0x1.03a7bcp-11f, -0x1.18fcecp-14f,
        -0x1.300024p-17f, -0x1.ba8cfp-20f, 0x1.6cbc9ap-23f, 0, 0, 0, 0, 0, 0, -0x1.aeda5ep-29f, -0x1.187b6p-3f,
        -0x1.527fdep-3f, -0x1.89fbb4p-3f, -0x1.be7f3ap-3f, -0x1.03a3dap-2f, -0x1.2dafd8p-2f, -0x1.4fef5ep-2f,
        -0x1.6a24fep-2f, -0x1.826602p-2f, -0x1.897d76p-2f, -0x1.79b5b2p-2f, -0x1.5aa5e4p-2f, -0x1.1dd33ap-2f,
        -0x1.973662p-3f, -0x1.104374p-3f, -0x1.5f2088p-4f,
    },
    {
        0x1.bc25ccp-6f, 0x1.5a122ap-7f, 0x1.032444p-8f, 0x1.805ca6p-10f, 0x1.59abap-12f, 0x1.763972p-15f, 0x1.94e51cp-18f,
        0x1.bad9c4p-21f, 0x1.776acap-25f, 0, 0, 0, 0, 0, 0, -0x1.555502p-2f, -0x1.3b15c8p-2f, -0x1.2ea296p-2f,
        -0x1.2023bcp-2f, -0x1.0fd8ccp-2f, -0x1.e8fcbap-3f, -0x1.9857f6p-3f, -0x1.42882cp-3f, -0x1.d6e2e6p-4f,
        -0x1.bc191p-5f, 0x1.d6ff18p-7f, 0x1.0776d2p-4f, 0x1.842b68p-4f, 0x1.c691f4p-4f, 0x1.97ef1ep-4f, 0x1.33c1ap-4f,
        0x1.a89834p-5f,
    },
    {
        -0x1.9412fp-7f, -0x1.4eb226p-8f, -0x1.0006ap-9f, -0x1.7eaa76p-11f, -0x1.59813ep-13f, -0x1.765a9p-16f,
        -0x1.951114p-19f, 0x1.96d522p-19f, -0x1.032ca4p-21f, 0, 0, 0, 0, 0, 0, -0x1.5145b8p-14f, 0x1.6be8ep-4f,
        0x1.afb786p-4f, 0x1.ed1552p-4f, 0x1.125a42p-3f, 0x1.33279ep-3f, 0x1.5025dap-3f, 0x1.5c3a6ep-3f, 0x1.586b42p-3f,
        0x1.3a381ap-3f, 0x1.e98d64p-4f, 0x1.46cbbap-4f, 0x1.628d8ap-5f, 0x1.a57252p-9f, -0x1.5da27ep-6f, -0x1.9d235cp-6f,
        -0x1.55f6c8p-6f,
    },
    {
        0x1.04be8ap-8f, 0x1.f69652p-10f, 0x1.934b3ep-11f, 0x1.326feep-12f, 0x1.1f8d92p-14f, 0x1.3841aep-17f,
        0x1.51fd52p-20f, 0x1.f670cep-24f, 0x1.a49764p-28f, 0, 0, 0, 0, 0, 0, 0x1.14c4aep-3f, 0x1.cac62ep-4f,
        0x1.a25b26p-4f, 0x1.74ce32p-4f, 0x1.423682p-4f, 0x1.e366ccp-5f, 0x1.05c436p-5f, 0x1.863b54p-8f, -0x1.19a90ep-6f,
        -0x1.64835ep-5f, -0x1.f85a66p-5f, -0x1.00a67cp-4f, -0x1.b2b526p-5f, -0x1.0629ccp-5f, -0x1.384f42p-7f,
        0x1.6f7ef8p-10f, 0x1.2d7182p-8f,
    },
    {
        -0x1.78c6c2p-11f, -0x1.1dd7dp-11f, -0x1.febfbcp-13f, -0x1.910408p-14f, -0x1.79d676p-16f, -0x1.9c2412p-19f,
        -0x1.beb3d4p-22f, -0x1.098022p-17f, 0x1.187066p-22f, 0, 0, 0, 0, 0, 0, -0x1.10860cp-6f, -0x1.19ae3cp-1f,
        -0x1.c7489cp-5f, 0x1.101d4ap-2f, -0x1.e18cdp-2f, -0x1.258daep-4f, -0x1.b1bdbep-5f, -0x1.295742p-4f,
        -0x1.158b0ep-4f, -0x1.31e536p-5f, -0x1.87a098p-7f, 0x1.f120cap-8f, 0x1.0ded1cp-6f, 0x1.2eae96p-6f, 0x1.677c2cp-7f,
        0x1.0e4438p-8f, 0x1.50c876p-11f,
    },
};
RK_INLINE rk_vf32 rk_tanh_piece(int row, __m512i at)
{
    return (rk_vf32)_mm512_permutex2var_ps(_mm512_loadu_ps(rk_tanh_pieces[row]), at,
                                           _mm512_loadu_ps(rk_tanh_pieces[row] + 16));
}
RK_INLINE rk_vf32 rk_quick_tanh_vf32(rk_vf32 x)
{
    const rk_vf32 a = rk_min_vf32(rk_set1_vf32(9.9f), rk_abs_vf32(x));
    const __m512i bits = _mm512_max_epi32((__m512i)a, _mm512_set1_epi32(0x3de00000)), at = _mm512_srli_epi32(bits, 21);
    const rk_vf32 t = a - rk_tanh_piece(0, at);
    rk_vf32 y = rk_tanh_piece(7, at);
    for (int k = 6; k > 0; k--)
        y = rk_fma_vf32(y, t, rk_tanh_piece(k, at));
    return rk_with_sign_vf32(y, x);
}
#else
#define rk_quick_sigmoid_vf32 rk_sigmoid_vf32
#define rk_quick_tanh_vf32 rk_tanh_vf32
#endif
/* rk_log_V without a look at special arguments where there are none */
#define RK_QUICK_LOG(V, SMALLEST) \
RK_NOINLINE rk_##V rk_log_rare_##V(rk_##V x) { return rk_log_##V(x); } \
RK_INLINE rk_##V rk_quick_log_##V(rk_##V x) \
{ \
    rk_##V k; \
    if (RK_UNLIKELY(!rk_all_##V(rk_lt_##V(rk_set1_##V(SMALLEST), x) & rk_lt_##V(x, rk_set1_##V(INFINITY))))) \
        return rk_log_rare_##V(x); \
    const rk_##V f = rk_log_split_##V(x, &k); \
    return rk_log_reduced_##V(f, k, rk_set1_##V(0)); \
}
RK_QUICK_LOG(vf32, 0x1p-126f)
RK_QUICK_LOG(vf64, 0x1p-1022)
#define rk_quick_sigmoid_vf64 rk_sigmoid_vf64
#define rk_quick_tanh_vf64 rk_tanh_vf64

/* EXPR of the vector v; elements beyond the last whole vector are a partial one. `stream`: y is aligned to lines. The
 * processor fetches ahead on its own only where little is computed for a line: the rest of these loops would wait. */
#define RK_VMAP(EXPR) do { \
    ptrdiff_t i = 0; \
    if (stream) \
        for (; i + L <= n; i += L) { \
            const V v = RK_LOAD(x + i); \
            rk_prefetch((const char *)(x + i) + RK_AHEAD_BYTES); \
            RK_STREAM(y + i, EXPR); \
        } \
    for (; i + L <= n; i += L) { \
        const V v = RK_LOAD(x + i); \
        rk_prefetch((const char *)(x + i) + RK_AHEAD_BYTES); \
        RK_STORE(y + i, EXPR); \
    } \
    if (i < n) { const V v = RK_LOAD_PART(x + i, n - i); RK_STORE_PART(y + i, EXPR, n - i); } \
    } while (0); break

#define RK_UNARY_FLOAT(NAME, T_, S, V_, L_) \
static void rk_un_##NAME(int op, const T_ *x, T_ *y, ptrdiff_t n, int stream) \
{ \
    typedef T_ T; \
    typedef rk_##V_ V; \
    enum { L = L_ }; \
    const V zero = rk_set1_##V_(0), one = rk_set1_##V_(1), half = rk_set1_##V_((T)0.5); \
    switch (op) { \
    case RK_NEG: RK_MAP(-v); \
    case RK_ABS: RK_MAP(fabs##S(v)); \
    case RK_SIGN: RK_MAP(v > 0 ? 1 : v < 0 ? -1 : v == 0 ? 0 : v); \
    case RK_SQUARE: RK_MAP(v * v); \
    case RK_SQRT: case RK_RSQRT: rk_dividing_##NAME(RK_PARAM_OPS + op, x, 0, 0, y, n); break; \
    case RK_RECIPROCAL: rk_dividing_##NAME(RK_RDIV, x, 1, 0, y, n); break; \
    case RK_EXP: RK_VMAP(rk_exp_##V_(v)); \
    case RK_LOG: RK_VMAP(rk_quick_log_##V_(v)); \
    case RK_SIN: RK_TRIG_MAP(sin, V_, S); \
    case RK_COS: RK_TRIG_MAP(cos, V_, S); \
    case RK_TAN: RK_TRIG_MAP(tan, V_, S); \
    case RK_TANH: RK_VMAP(rk_quick_tanh_##V_(v)); \
    case RK_SIGMOID: RK_VMAP(rk_quick_sigmoid_##V_(v)); \
    case RK_RELU: RK_MAP(v > 0 ? v : v != v ? v : 0); \
    case RK_GELU: RK_VMAP(half * v * (one + rk_erf_##V_(v * rk_set1_##V_((T)0.70710678118654752440)))); \
    case RK_SOFTPLUS: RK_VMAP(rk_max_##V_(zero, v) + rk_log1p_##V_(rk_exp_##V_(-rk_abs_##V_(v)))); \
    case RK_ERF: RK_VMAP(rk_erf_##V_(v)); \
    case RK_FLOOR: RK_MAP(floor##S(v)); \
    case RK_CEIL: RK_MAP(ceil##S(v)); \
    case RK_ISNAN: RK_MAP(v != v); \
    case RK_NOT: RK_MAP(v == 0); \
    case RK_LOG1P: RK_VMAP(rk_log1p_##V_(v)); \
    case RK_EXPM1: RK_VMAP(rk_expm1_##V_(v)); \
    } \
}
#define RK_LOAD rk_load_vf32
#define RK_STORE rk_store_vf32
#define RK_STREAM rk_stream_vf32
#define RK_LOAD_PART rk_load_part_vf32
#define RK_STORE_PART rk_store_part_vf32
RK_UNARY_FLOAT(f32, float, f, vf32, RK_VF32_LANES)
#undef RK_LOAD
#undef RK_STORE
#undef RK_STREAM
#undef RK_LOAD_PART
#undef RK_STORE_PART
#define RK_LOAD rk_load_vf64
#define RK_STORE rk_store_vf64
#define RK_STREAM rk_stream_vf64
#define RK_LOAD_PART rk_load_part_vf64
#define RK_STORE_PART rk_store_part_vf64
RK_UNARY_FLOAT(f64, double, , vf64, RK_VF64_LANES)
#undef RK_LOAD
#undef RK_STORE
#undef RK_STREAM
#undef RK_LOAD_PART
#undef RK_STORE_PART

/* Whether the integers have their own loop; other operations pass through doubles. */
static int rk_un_is_integral(int op)
{
    return op <= RK_SQUARE || op == RK_RELU || op == RK_NOT || op == RK_FLOOR || op == RK_CEIL || op == RK_ISNAN;
}

#define RK_UNARY_INT(CODE, NAME, T_, W) \
static void rk_un_##NAME(int op, const T_ *x, T_ *y, ptrdiff_t n) \
{ \
    typedef T_ T; \
    switch (op) { \
    case RK_NEG: RK_MAP((W)0 - (W)v); \
    case RK_ABS: RK_MAP(v > 0 ? (W)v : (W)0 - (W)v); \
    case RK_SIGN: RK_MAP((v > 0) - (v < 0)); \
    case RK_SQUARE: RK_MAP((W)v * (W)v); \
    case RK_RELU: RK_MAP(v > 0 ? v : 0); \
    case RK_NOT: RK_MAP(v == 0); \
    case RK_ISNAN: RK_MAP(0); \
    default: RK_MAP(v); \
    } \
}
#define RK_UNARY_UINT(CODE, NAME, T_, W) \
static void rk_un_##NAME(int op, const T_ *x, T_ *y, ptrdiff_t n) \
{ \
    typedef T_ T; \
    switch (op) { \
    case RK_NEG: RK_MAP((W)0 - (W)v); \
    case RK_SIGN: RK_MAP(v != 0); \
    case RK_SQUARE: RK_MAP((W)v * (W)v); \
    case RK_NOT: RK_MAP(v == 0); \
    case RK_ISNAN: RK_MAP(0); \
    default: RK_MAP(v); \
    } \
}
RK_SINTS(RK_UNARY_INT)
RK_UINTS(RK_UNARY_UINT)

static void rk_un_bool(int op, const uint8_t *x, uint8_t *y, ptrdiff_t n)
{
    typedef uint8_t T;
    switch (op) {
    case RK_NOT: RK_MAP(v == 0);
    case RK_ISNAN: RK_MAP(0);
    default: RK_MAP(v != 0);   /* negated, squared, ...: a truth value stays itself */
    }
}

#define RK_VIA 512   /* elements a detour through doubles takes at a time */

static void rk_un_run(int op, int dtype, const void *x, void *y, ptrdiff_t n)
{
    if (dtype == RK_FLOAT32) {
        rk_un_f32(op, (const float *)x, (float *)y, n, 0);
        return;
    }
    if (dtype == RK_FLOAT64) {
        rk_un_f64(op, (const double *)x, (double *)y, n, 0);
        return;
    }
    if (dtype <= RK_UINT64 && rk_un_is_integral(op)) {
#define RK_CASE(CODE, NAME, T, W) case CODE: rk_un_##NAME(op, (const T *)x, (T *)y, n); break;
        switch (dtype) {
        RK_INTS(RK_CASE)
        case RK_BOOL: rk_un_bool(op, (const uint8_t *)x, (uint8_t *)y, n); break;
        }
#undef RK_CASE
        return;
    }
    double block[RK_VIA];
    int size = rk_dtype_size(dtype);
    for (ptrdiff_t i = 0; i < n; i += RK_VIA) {
        ptrdiff_t m = n - i < RK_VIA ? n - i : RK_VIA;
        rk_load_f64(dtype, (const char *)x + i * size, block, m);
        rk_un_f64(op, block, block, m, 0);
        rk_store_f64(dtype, block, (char *)y + i * size, m);
    }
}

static int rk_un_is_dear(int op)
{
    return (op >= RK_EXP && op <= RK_SIGMOID) || (op >= RK_GELU && op <= RK_ERF) || op == RK_LOG1P || op == RK_EXPM1;
}

typedef struct {
    rk_run run;
    int op, dtype, size, stream;
    const char *x;
    char *y;
    double p, q;
    ptrdiff_t n;
} rk_map_job;

static void rk_map_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_map_job *job = (const rk_map_job *)context;
    const ptrdiff_t from = begin * RK_BLOCK, n = (end * RK_BLOCK < job->n ? end * RK_BLOCK : job->n) - from;
    char *y = job->y + from * job->size;
    if (job->stream)
        rk_run_streaming(job->run, job, from, n, y, job->size);
    else
        job->run(job, from, n, y);
}

static void rk_un_part(const void *context, ptrdiff_t from, ptrdiff_t n, void *y)
{
    const rk_map_job *job = (const rk_map_job *)context;
    rk_un_run(job->op, job->dtype, job->x + from * job->size, y, n);
}

/* transcendental functions of floats stream on their own */
static void rk_un_stream_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_map_job *job = (const rk_map_job *)context;
    const int op = job->op, size = job->size;
    ptrdiff_t from = begin * RK_BLOCK, n = (end * RK_BLOCK < job->n ? end * RK_BLOCK : job->n) - from;
    const ptrdiff_t head = rk_before_line(job->y + from * size, size, n);
    rk_un_part(job, from, head, job->y + from * size);
    from += head;
    n -= head;
    if (size == 4)
        rk_un_f32(op, (const float *)job->x + from, (float *)job->y + from, n, 1);
    else
        rk_un_f64(op, (const double *)job->x + from, (double *)job->y + from, n, 1);
    rk_stream_end();
}

static void RK(unary)(int op, int dtype, const void *x, void *y, ptrdiff_t n)
{
    const int dear = rk_un_is_dear(op), size = rk_dtype_size(dtype);
    /* of floats in long vectors these take a quarter of the time */
    const int quick = RK_VECTOR_BYTES == 64 && dtype == RK_FLOAT32 && op <= RK_SIGMOID;
    const ptrdiff_t grain = !dear ? RK_GRAIN_OF(size) : quick ? 4 * RK_GRAIN_DEAR : RK_GRAIN_DEAR;
    if (n <= grain) {
        rk_un_run(op, dtype, x, y, n);
        return;
    }
    const int stream = x != y && rk_streams(y, n * size, size);
    rk_map_job job = { rk_un_part, op, dtype, size, stream, (const char *)x, (char *)y, 0, 0, n };
    const int own = stream && dear && (dtype == RK_FLOAT32 || dtype == RK_FLOAT64);
    rk_run_blocks(own ? rk_un_stream_task : rk_map_task, &job, n, grain);
}

/* ---- unary with parameters ---- */

#define RK_POWERS_f32(X, INCX, Y, INCY, Z) rk_pow_f32(X, INCX, Y, INCY, Z, n); break
#define RK_POWERS_f64(X, INCX, Y, INCY, Z) rk_pow_f64(X, INCX, Y, INCY, Z, n); break

#define RK_PARAM_FLOAT(NAME, T_, S) \
static void rk_par_##NAME(int op, const T_ *x, double p_, double q_, T_ *y, ptrdiff_t n) \
{ \
    typedef T_ T; \
    const T p = (T)p_, q = (T)q_; \
    switch (op) { \
    case RK_AXPB: RK_MAP(p * v + q); \
    case RK_PMAX: RK_MAP((v > p) | (v != v) ? v : p); \
    case RK_PMIN: RK_MAP((v < p) | (v != v) ? v : p); \
    case RK_PPOW: \
        if (p == 2) { RK_MAP(v * v); } \
        if (p == 1) { RK_MAP(v); } \
        if (p == -1) { rk_dividing_##NAME(RK_RDIV, x, 1, 0, y, n); break; } \
        if (p == (T)0.5) { rk_dividing_##NAME(op, x, p, q, y, n); break; } \
        RK_POWERS_##NAME(x, 1, &p, 0, y); \
    case RK_RPOW: RK_POWERS_##NAME(&p, 0, x, 1, y); \
    case RK_PDIV: case RK_RDIV: case RK_RECIP_AXPB: case RK_RSQRT_AXPB: \
        rk_dividing_##NAME(op, x, p, q, y, n); \
        break; \
    case RK_RSUB: RK_MAP(p - v); \
    case RK_PMOD: RK_MAP(fmod##S(v, p)); \
    case RK_RMOD: RK_MAP(fmod##S(p, v)); \
    case RK_CLIP: \
        RK_IVDEP \
        for (ptrdiff_t i = 0; i < n; i++) { \
            T v = x[i]; \
            v = (v > p) | (v != v) ? v : p; \
            y[i] = (v < q) | (v != v) ? v : q; \
        } \
        break; \
    case RK_PGT: RK_MAP(v > p); \
    case RK_PGE: RK_MAP(v >= p); \
    case RK_PLT: RK_MAP(v < p); \
    case RK_PLE: RK_MAP(v <= p); \
    case RK_PEQ: RK_MAP(v == p); \
    case RK_PNE: RK_MAP(v != p); \
    case RK_LEAKY: RK_MAP(v < 0 ? p * v : v); \
    } \
}
RK_PARAM_FLOAT(f32, float, f)
RK_PARAM_FLOAT(f64, double, )

/* x to an integer power, modulo 2^64 */
static inline uint64_t rk_ipow(uint64_t x, uint64_t e)
{
    uint64_t r = 1;
    for (; e; e >>= 1, x *= x)
        if (e & 1)
            r *= x;
    return r;
}

/* x**e of signed integers: a negative power of anything but 1 and -1 is a fraction, hence 0 */
static inline uint64_t rk_ipow_signed(int64_t x, int64_t e)
{
    if (e >= 0)
        return rk_ipow((uint64_t)x, (uint64_t)e);
    return x == 1 ? 1 : x == -1 ? (e & 1 ? (uint64_t)-1 : 1) : 0;
}

#define RK_IS_SIGNED(T) ((T)-1 < (T)1)
/* remainder with the sign of the dividend; modulo 0 is 0, and the one that would trap (smallest by -1) too */
#define RK_IMOD(u, v) ((v) == 0 || (RK_IS_SIGNED(T) && (v) == (T)-1) ? 0 : (u) % (v))
/* quotient truncated; by 0 it is 0, and the one that would trap wraps */
#define RK_IDIV(u, v) ((v) == 0 ? 0 : RK_IS_SIGNED(T) && (v) == (T)-1 ? (T)((W)0 - (W)(u)) : (T)((u) / (v)))
#define RK_IPOW(u, e) \
    (RK_IS_SIGNED(T) ? rk_ipow_signed((int64_t)(u), (int64_t)(e)) : rk_ipow((uint64_t)(u), (uint64_t)(e)))

/* Integers with parameters: returns 0 when the operation must pass through doubles. */
#define RK_PARAM_INT(CODE, NAME, T_, W_) \
static int rk_par_##NAME(int op, const T_ *x, double p_, double q_, T_ *y, ptrdiff_t n) \
{ \
    typedef T_ T; \
    typedef W_ W; \
    uint64_t pbits = 0, qbits = 0; \
    const int exact = rk_as_integer(p_, &pbits) & rk_as_integer(q_, &qbits); \
    const double limit = ldexp(1, (int)sizeof(T) * 8 - RK_IS_SIGNED(T)), low = RK_IS_SIGNED(T) ? -limit : 0; \
    T p, q; \
    rk_store_##NAME(&p_, &p, 1); \
    rk_store_##NAME(&q_, &q, 1); \
    switch (op) { \
    case RK_AXPB: { \
        if (!exact) \
            return 0; \
        const W a = (W)pbits, b = (W)qbits; \
        RK_MAP((W)v * a + b); \
    } \
    case RK_RSUB: { \
        if (!exact) \
            return 0; \
        const W a = (W)pbits; \
        RK_MAP(a - (W)v); \
    } \
    case RK_PMAX: RK_MAP(v > p ? v : p); \
    case RK_PMIN: RK_MAP(v < p ? v : p); \
    case RK_CLIP: \
        for (ptrdiff_t i = 0; i < n; i++) { \
            T v = x[i] > p ? x[i] : p; \
            y[i] = v < q ? v : q; \
        } \
        break; \
    case RK_PGT: case RK_PGE: case RK_PLT: case RK_PLE: { \
        /* x > p is x > floor(p), x >= p is x >= ceil(p); the other two are their opposites */ \
        const int flip = op == RK_PLT || op == RK_PLE, strict = op == RK_PGT || op == RK_PLE; \
        const double bound = strict ? floor(p_) : ceil(p_); \
        if (p_ != p_) { RK_MAP(0); } \
        if (bound >= limit) { RK_MAP(flip); } \
        if (p_ < low) { RK_MAP(!flip); } \
        rk_store_##NAME(&bound, &p, 1); \
        if (strict) { RK_MAP((v > p) ^ flip); } \
        RK_MAP((v >= p) ^ flip); \
    } \
    case RK_PEQ: case RK_PNE: { \
        const int flip = op == RK_PNE; \
        if (!(p_ >= low && p_ < limit && p_ == trunc(p_))) { RK_MAP(flip); } \
        RK_MAP((v == p) ^ flip); \
    } \
    case RK_PMOD: RK_MAP(RK_IMOD(v, p)); \
    case RK_RMOD: RK_MAP(RK_IMOD(p, v)); \
    case RK_PPOW: { \
        if (p_ != trunc(p_)) \
            return 0; \
        const int64_t e = rk_to_i64(p_); \
        if (e == 2) { RK_MAP((W)v * (W)v); } \
        if (e == 3) { RK_MAP((W)v * (W)v * (W)v); } \
        if (e < 0) { RK_MAP(v == 1 ? 1 : v == (T)-1 && RK_IS_SIGNED(T) ? (e & 1 ? -1 : 1) : 0); } \
        RK_MAP(rk_ipow((uint64_t)v, (uint64_t)e)); \
    } \
    case RK_RPOW: { \
        if (!exact) \
            return 0; \
        RK_MAP(RK_IPOW(pbits, v)); \
    } \
    case RK_PDIV: \
        if (p_ == 0) { RK_MAP(0); } \
        return 0; \
    case RK_RDIV: { \
        double r; \
        for (ptrdiff_t i = 0; i < n; i++) { \
            r = x[i] == 0 ? 0 : p_ / (double)x[i]; \
            rk_store_##NAME(&r, y + i, 1); \
        } \
        break; \
    } \
    default: return 0; \
    } \
    return 1; \
}
RK_INTS(RK_PARAM_INT)

static void rk_par_run(int op, int dtype, const void *x, double p, double q, void *y, ptrdiff_t n)
{
    int size = rk_dtype_size(dtype);
    switch (dtype) {
    case RK_FLOAT32: rk_par_f32(op, (const float *)x, p, q, (float *)y, n); return;
    case RK_FLOAT64: rk_par_f64(op, (const double *)x, p, q, (double *)y, n); return;
#define RK_CASE(CODE, NAME, T, W) \
    case CODE: if (rk_par_##NAME(op, (const T *)x, p, q, (T *)y, n)) return; break;
    RK_INTS(RK_CASE)
#undef RK_CASE
    }
    double block[RK_VIA];
    for (ptrdiff_t i = 0; i < n; i += RK_VIA) {
        ptrdiff_t m = n - i < RK_VIA ? n - i : RK_VIA;
        rk_load_f64(dtype, (const char *)x + i * size, block, m);
        rk_par_f64(op, block, p, q, block, m);
        rk_store_f64(dtype, block, (char *)y + i * size, m);
    }
}

static void rk_par_part(const void *context, ptrdiff_t from, ptrdiff_t n, void *y)
{
    const rk_map_job *job = (const rk_map_job *)context;
    rk_par_run(job->op, job->dtype, job->x + from * job->size, job->p, job->q, y, n);
}

static void RK(param)(int op, int dtype, const void *x, double p, double q, void *y, ptrdiff_t n)
{
    const int dear = op == RK_PPOW || op == RK_RPOW || op == RK_PMOD || op == RK_RMOD, size = rk_dtype_size(dtype);
    const ptrdiff_t grain = dear ? RK_GRAIN_DEAR : RK_GRAIN_OF(size);
    if (n <= grain) {
        rk_par_run(op, dtype, x, p, q, y, n);
        return;
    }
    const int stream = x != y && rk_streams(y, n * size, size);
    rk_map_job job = { rk_par_part, op, dtype, size, stream, (const char *)x, (char *)y, p, q, n };
    rk_run_blocks(rk_map_task, &job, n, grain);
}

/* ---- binary ---- */

#define RK_MAP2(EXPR) \
    if (mode == 3) { RK_LINES(a, const T u = a[i], v = b[i]; c[i] = (T)(EXPR)); } \
    else if (mode == 1) { const T v = b[0]; RK_LINES(a, const T u = a[i]; c[i] = (T)(EXPR)); } \
    else { const T u = a[0]; RK_LINES(b, const T v = b[i]; c[i] = (T)(EXPR)); } \
    break
#define RK_MAP3(EXPR) \
    RK_LINES(a, const T u = a[i], v = b[i]; (void)u; (void)v; c[i] = (T)(EXPR)); break

/* gelu'(x) = P(x) + x p(x), with P and p the normal distribution and its density */
static inline float rk_dgelu_f32(float x)
{
    return 0.5f * (1 + rk_erf_f32(x * 0.70710678f)) + x * 0.39894228f * rk_exp_f32(-0.5f * x * x);
}
static inline double rk_dgelu_f64(double x)
{
    return 0.5 * (1 + rk_erf_f64(x * 0.70710678118654752440)) + x * 0.39894228040143267794 * rk_exp_f64(-0.5 * x * x);
}

#define RK_QUOTIENTS(NAME, T_) \
RK_HALF_VECTORS static void rk_quotients_##NAME(const T_ *a, const T_ *b, T_ *c, ptrdiff_t n, int mode) \
{ \
    typedef T_ T; \
    switch (0) { default: RK_MAP2(u / v); } \
}
RK_QUOTIENTS(f32, float)
RK_QUOTIENTS(f64, double)

/* for rk_half_reads; c = a + b, a - b, a * b, their larger, their smaller, y = p x + y */
#define RK_HALVED(NAME, T_, W, GREATER, LESS) \
RK_HALF_VECTORS static void rk_halved_##NAME(int op, const T_ *a, const T_ *b, T_ *c, ptrdiff_t n) \
{ \
    typedef T_ T; \
    switch (op) { \
    case RK_ADD: RK_MAP3((W)u + (W)v); \
    case RK_SUB: RK_MAP3((W)u - (W)v); \
    case RK_MAXIMUM: RK_MAP3(GREATER ? u : v); \
    case RK_MINIMUM: RK_MAP3(LESS ? u : v); \
    default: RK_MAP3((W)u * (W)v); \
    } \
}
#define RK_HALVED_AXPY(NAME, T) \
RK_HALF_VECTORS static void rk_halved_axpy_##NAME(T p, const T *x, T *y, ptrdiff_t n) \
{ \
    RK_LINES(x, y[i] = p * x[i] + y[i]); \
}
RK_HALVED(f32, float, float, (u > v) | (u != u), (u < v) | (u != u))
RK_HALVED(f64, double, double, (u > v) | (u != u), (u < v) | (u != u))
RK_HALVED(i32, int32_t, uint32_t, u > v, u < v)
RK_HALVED_AXPY(f32, float)
RK_HALVED_AXPY(f64, double)

static inline int rk_has_halved(int op)
{
    return op == RK_ADD || op == RK_SUB || op == RK_MUL || op == RK_MAXIMUM || op == RK_MINIMUM;
}

/* mode: bit 0, a is a vector; bit 1, b is a vector (otherwise one value for all). Cheap operations only. */
#define RK_BINARY_FLOAT(NAME, T_, S) \
static void rk_bin_##NAME(int op, const T_ *a, const T_ *b, T_ *c, ptrdiff_t n, int mode) \
{ \
    typedef T_ T; \
    if (RK_READS_HALVES && mode == 3 && rk_has_halved(op)) { \
        rk_halved_##NAME(op, a, b, c, n); \
        return; \
    } \
    switch (op) { \
    case RK_ADD: RK_MAP2(u + v); \
    case RK_SUB: RK_MAP2(u - v); \
    case RK_MUL: RK_MAP2(u * v); \
    case RK_DIV: rk_quotients_##NAME(a, b, c, n, mode); break; \
    case RK_MAXIMUM: RK_MAP2((u > v) | (u != u) ? u : v); \
    case RK_MINIMUM: RK_MAP2((u < v) | (u != u) ? u : v); \
    case RK_COPYB: RK_MAP2(((void)u, v)); \
    case RK_EQ: RK_MAP2(u == v); \
    case RK_NE: RK_MAP2(u != v); \
    case RK_GT: RK_MAP2(u > v); \
    case RK_GE: RK_MAP2(u >= v); \
    case RK_LT: RK_MAP2(u < v); \
    case RK_LE: RK_MAP2(u <= v); \
    case RK_AND: RK_MAP2((u != 0) & (v != 0)); \
    case RK_OR: RK_MAP2((u != 0) | (v != 0)); \
    case RK_XOR: RK_MAP2((u != 0) ^ (v != 0)); \
    case RK_MOD: RK_MAP3(fmod##S(u, v)); \
    case RK_POW: RK_POWERS_##NAME(a, 1, b, 1, c); \
    case RK_DSIGMOID: RK_MAP3(v * u * (1 - u)); \
    case RK_DTANH: RK_MAP3(v * (1 - u * u)); \
    case RK_DRELU: RK_MAP3(u > 0 ? v : 0); \
    case RK_DSQRT: RK_MAP3(v * (T)0.5 / u); \
    case RK_DGELU: RK_MAP3(v * rk_dgelu_##NAME(u)); \
    case RK_DSOFTPLUS: RK_MAP3(v * rk_sigmoid_##NAME(u)); \
    } \
}
RK_BINARY_FLOAT(f32, float, f)
RK_BINARY_FLOAT(f64, double, )

#define RK_BINARY_INT(CODE, NAME, T_, W_) \
static void rk_bin_##NAME(int op, const T_ *a, const T_ *b, T_ *c, ptrdiff_t n) \
{ \
    typedef T_ T; \
    typedef W_ W; \
    switch (op) { \
    case RK_ADD: RK_MAP3((W)u + (W)v); \
    case RK_SUB: RK_MAP3((W)u - (W)v); \
    case RK_MUL: RK_MAP3((W)u * (W)v); \
    case RK_DIV: RK_MAP3(RK_IDIV(u, v)); \
    case RK_MOD: RK_MAP3(RK_IMOD(u, v)); \
    case RK_POW: RK_MAP3(RK_IPOW(u, v)); \
    case RK_MAXIMUM: RK_MAP3(u > v ? u : v); \
    case RK_MINIMUM: RK_MAP3(u < v ? u : v); \
    case RK_COPYB: memmove(c, b, (size_t)n * sizeof(T)); break; \
    case RK_EQ: RK_MAP3(u == v); \
    case RK_NE: RK_MAP3(u != v); \
    case RK_GT: RK_MAP3(u > v); \
    case RK_GE: RK_MAP3(u >= v); \
    case RK_LT: RK_MAP3(u < v); \
    case RK_LE: RK_MAP3(u <= v); \
    case RK_AND: RK_MAP3((u != 0) & (v != 0)); \
    case RK_OR: RK_MAP3((u != 0) | (v != 0)); \
    case RK_XOR: RK_MAP3((u != 0) ^ (v != 0)); \
    case RK_DRELU: RK_MAP3(u > 0 ? v : 0); \
    } \
}
RK_INTS(RK_BINARY_INT)

static void rk_bin_bool(int op, const uint8_t *a, const uint8_t *b, uint8_t *c, ptrdiff_t n)
{
    typedef uint8_t T;
    switch (op) {
    case RK_ADD: case RK_MAXIMUM: RK_MAP3((u | v) != 0);
    case RK_SUB: RK_MAP3((u != 0) ^ (v != 0));
    case RK_MUL: case RK_MINIMUM: case RK_DIV: case RK_DRELU: RK_MAP3((u != 0) & (v != 0));
    case RK_MOD: RK_MAP3(0);
    case RK_POW: RK_MAP3((u != 0) | (v == 0));
    case RK_COPYB: memmove(c, b, (size_t)n); break;
    }
}

/* comparisons into truth values */
#define RK_COMPARE(CODE, NAME, T_, W) \
static void rk_cmp_##NAME(int op, const T_ *a, const T_ *b, uint8_t *c, ptrdiff_t n) \
{ \
    typedef T_ T; \
    switch (op) { \
    case RK_EQ: RK_CMP(u == v); \
    case RK_NE: RK_CMP(u != v); \
    case RK_GT: RK_CMP(u > v); \
    case RK_GE: RK_CMP(u >= v); \
    case RK_LT: RK_CMP(u < v); \
    case RK_LE: RK_CMP(u <= v); \
    case RK_AND: RK_CMP((u != 0) & (v != 0)); \
    case RK_OR: RK_CMP((u != 0) | (v != 0)); \
    case RK_XOR: RK_CMP((u != 0) ^ (v != 0)); \
    } \
}
#define RK_CMP(EXPR) \
    RK_IVDEP for (ptrdiff_t i = 0; i < n; i++) { const T u = a[i], v = b[i]; c[i] = (EXPR); } break
RK_INTS(RK_COMPARE)
RK_COMPARE(RK_FLOAT32, f32, float, 0)
RK_COMPARE(RK_FLOAT64, f64, double, 0)

static inline int rk_is_comparison(int op) { return op >= RK_EQ && op <= RK_XOR; }

static void rk_cmp_run(int op, int dtype, const void *a, const void *b, uint8_t *c, ptrdiff_t n)
{
#define RK_CASE(CODE, NAME, T, W) case CODE: rk_cmp_##NAME(op, (const T *)a, (const T *)b, c, n); break;
    switch (dtype) {
    RK_INTS(RK_CASE)
    RK_CASE(RK_FLOAT32, f32, float, 0)
    RK_CASE(RK_FLOAT64, f64, double, 0)
    case RK_BOOL: rk_cmp_u8(op, (const uint8_t *)a, (const uint8_t *)b, c, n); break;
    }
#undef RK_CASE
}

#define RK_CHUNK 1024   /* elements of a packed block of operands */

/* a, b and c contiguous, n at most RK_CHUNK where the type is not native */
static void rk_bin_vectors(int op, int dtype, const void *a, const void *b, void *c, ptrdiff_t n, int c_bool)
{
    if (dtype == RK_FLOAT16 || (dtype <= RK_UINT64 && op > RK_XOR && op != RK_DRELU)) {
        double left[RK_CHUNK], right[RK_CHUNK];
        rk_load_f64(dtype, a, left, n);
        rk_load_f64(dtype, b, right, n);
        if (rk_is_comparison(op) && c_bool) {
            rk_cmp_f64(op, left, right, (uint8_t *)c, n);
            return;
        }
        rk_bin_f64(op, left, right, left, n, 3);
        rk_store_f64(dtype, left, c, n);
        return;
    }
    if (rk_is_comparison(op) && (c_bool || dtype == RK_BOOL)) {
        rk_cmp_run(op, dtype, a, b, (uint8_t *)c, n);
        return;
    }
#define RK_CASE(CODE, NAME, T, W) case CODE: rk_bin_##NAME(op, (const T *)a, (const T *)b, (T *)c, n); break;
    if (RK_READS_HALVES && dtype == RK_INT32 && rk_has_halved(op)) {
        rk_halved_i32(op, (const int32_t *)a, (const int32_t *)b, (int32_t *)c, n);
        return;
    }
    switch (dtype) {
    RK_INTS(RK_CASE)
    case RK_BOOL: rk_bin_bool(op, (const uint8_t *)a, (const uint8_t *)b, (uint8_t *)c, n); break;
    case RK_FLOAT32: rk_bin_f32(op, (const float *)a, (const float *)b, (float *)c, n, 3); break;
    case RK_FLOAT64: rk_bin_f64(op, (const double *)a, (const double *)b, (double *)c, n, 3); break;
    }
#undef RK_CASE
}

/* y[i] = x[i*inc] for items of `size` bytes */
static void rk_pack(int size, const void *src, ptrdiff_t inc, void *dst, ptrdiff_t n)
{
#define RK_CASE(SIZE, T) \
    case SIZE: { \
        const T *x = (const T *)src; \
        T *y = (T *)dst; \
        if (inc == 1) for (ptrdiff_t i = 0; i < n; i++) y[i] = x[i]; \
        else if (inc == 0) { const T v = x[0]; for (ptrdiff_t i = 0; i < n; i++) y[i] = v; } \
        else for (ptrdiff_t i = 0; i < n; i++) y[i] = x[i * inc]; \
        break; \
    }
    switch (size) {
    RK_CASE(1, uint8_t)
    RK_CASE(2, uint16_t)
    RK_CASE(4, uint32_t)
    RK_CASE(8, uint64_t)
    }
#undef RK_CASE
}

/* One run of n elements with strides: straight to the vector loops where the strides allow, else in packed chunks. */
static void rk_bin_line(int op, int dtype, int size, const char *a, ptrdiff_t sa, const char *b, ptrdiff_t sb, char *c,
                        ptrdiff_t n, int c_bool)
{
    if ((dtype == RK_FLOAT32 || dtype == RK_FLOAT64) && !(c_bool && rk_is_comparison(op))) {
        int mode = sa == 1 && sb == 1 ? 3 : sa == 1 && sb == 0 ? 1 : sa == 0 && sb == 1 ? 2 : 0;
        if (mode == 3 || (mode && op <= RK_XOR && op != RK_MOD && op != RK_POW)) {
            if (dtype == RK_FLOAT32)
                rk_bin_f32(op, (const float *)a, (const float *)b, (float *)c, n, mode);
            else
                rk_bin_f64(op, (const double *)a, (const double *)b, (double *)c, n, mode);
            return;
        }
    }
    uint64_t left[RK_CHUNK], right[RK_CHUNK];
    int csize = c_bool && rk_is_comparison(op) ? 1 : size;
    ptrdiff_t first = n < RK_CHUNK ? n : RK_CHUNK;
    if (sa == 0)
        rk_pack(size, a, 0, left, first);
    if (sb == 0)
        rk_pack(size, b, 0, right, first);
    for (ptrdiff_t i = 0; i < n; i += RK_CHUNK) {
        ptrdiff_t m = n - i < RK_CHUNK ? n - i : RK_CHUNK;
        const void *pa = left, *pb = right;
        if (sa == 1)
            pa = a + i * size;
        else if (sa)
            rk_pack(size, a + i * sa * size, sa, left, m);
        if (sb == 1)
            pb = b + i * size;
        else if (sb)
            rk_pack(size, b + i * sb * size, sb, right, m);
        rk_bin_vectors(op, dtype, pa, pb, c + i * csize, m, c_bool);
    }
}

#define RK_MAX_DIMS 16

typedef struct {
    int op, dtype, size, csize, c_bool, nd;
    ptrdiff_t dims[RK_MAX_DIMS], sa[RK_MAX_DIMS], sb[RK_MAX_DIMS];
    const char *a, *b;
    char *c;
    ptrdiff_t n;        /* length of a line: dims[nd-1] */
    ptrdiff_t lines;
    ptrdiff_t unit;     /* elements of a line, or lines, that make a piece of work */
    ptrdiff_t pieces;   /* of a line */
    int a_whole, b_whole;   /* the operand is contiguous over all dimensions */
    int stream;
} rk_bin_job;

/* a stretch of the line that begins at a and b */
typedef struct {
    const rk_bin_job *job;
    const char *a, *b;
    ptrdiff_t sa, sb;
} rk_bin_stretch;

static void rk_bin_part(const void *context, ptrdiff_t from, ptrdiff_t n, void *c)
{
    const rk_bin_stretch *s = (const rk_bin_stretch *)context;
    const rk_bin_job *job = s->job;
    rk_bin_line(job->op, job->dtype, job->size, s->a + from * s->sa * job->size, s->sa, s->b + from * s->sb * job->size,
                s->sb, (char *)c, n, job->c_bool);
}

/* A line of results stored past the caches as they come; 0 if there is no loop for them. */
#define RK_BIN_STREAM(NAME, T, V, LANES) \
static int rk_bin_stream_##NAME(int op, const T *a, const T *b, T *c, ptrdiff_t n, int mode) \
{ \
    const rk_##V zero = rk_set1_##V(0); \
    const rk_##V ua = mode & 1 ? zero : rk_set1_##V(a[0]), vb = mode & 2 ? zero : rk_set1_##V(b[0]); \
    const ptrdiff_t ahead = rk_near_bytes; \
    switch (op) { \
    case RK_ADD: RK_BIN_EACH(V, LANES, u + v); \
    case RK_SUB: RK_BIN_EACH(V, LANES, u - v); \
    case RK_MUL: RK_BIN_EACH(V, LANES, u * v); \
    case RK_DRELU: RK_BIN_EACH(V, LANES, rk_select_##V(rk_lt_##V(zero, u), v, zero)); \
    default: return 0; \
    } \
    return 1; \
}
#define RK_BIN_EACH(V, LANES, EXPR) \
    for (ptrdiff_t i = 0; i < n; i += LANES) { \
        const rk_##V u = mode & 1 ? rk_load_##V(a + i) : ua, v = mode & 2 ? rk_load_##V(b + i) : vb; \
        rk_prefetch((const char *)((mode & 1 ? a : b) + i) + ahead); \
        rk_stream_##V(c + i, EXPR); \
    } \
    break
RK_BIN_STREAM(f32, float, vf32, RK_VF32_LANES)
RK_BIN_STREAM(f64, double, vf64, RK_VF64_LANES)

/* the same for a run with its beginning and its end */
static int rk_bin_stream(const rk_bin_stretch *s, char *c, ptrdiff_t n)
{
    const rk_bin_job *job = s->job;
    const int size = job->size, mode = (s->sa == 1) + 2 * (s->sb == 1);
    if ((job->dtype != RK_FLOAT32 && job->dtype != RK_FLOAT64) || job->csize != size || !mode
        || (s->sa != 0 && s->sa != 1) || (s->sb != 0 && s->sb != 1))
        return 0;
    const ptrdiff_t head = rk_before_line(c, size, n), whole = (n - head) / (64 / size) * (64 / size);
    const char *a = s->a + head * s->sa * size, *b = s->b + head * s->sb * size;
    char *const y = c + head * size;
    if (!(size == 4 ? rk_bin_stream_f32(job->op, (const float *)a, (const float *)b, (float *)y, whole, mode)
                    : rk_bin_stream_f64(job->op, (const double *)a, (const double *)b, (double *)y, whole, mode)))
        return 0;
    if (head)
        rk_bin_part(s, 0, head, c);
    if (head + whole < n)
        rk_bin_part(s, head + whole, n - head - whole, y + whole * size);
    rk_stream_end();
    return 1;
}

static void rk_bin_run(const rk_bin_job *job, const char *a, ptrdiff_t sa, const char *b, ptrdiff_t sb, char *c,
                       ptrdiff_t n)
{
    const rk_bin_stretch s = { job, a, b, sa, sb };
    if (!job->stream)
        rk_bin_part(&s, 0, n, c);
    else if (!rk_bin_stream(&s, c, n))
        rk_run_streaming(rk_bin_part, &s, 0, n, c, job->csize);
}

/* offset of line `line` in both operands, and the indexes that lead to it */
static void rk_bin_seek(const rk_bin_job *job, ptrdiff_t line, ptrdiff_t *index, ptrdiff_t *oa, ptrdiff_t *ob)
{
    *oa = *ob = 0;
    for (int d = job->nd - 2; d >= 0; d--) {
        ptrdiff_t i = line % job->dims[d];
        line /= job->dims[d];
        index[d] = i;
        *oa += i * job->sa[d];
        *ob += i * job->sb[d];
    }
}

static inline void rk_bin_next(const rk_bin_job *job, ptrdiff_t *index, ptrdiff_t *oa, ptrdiff_t *ob)
{
    for (int d = job->nd - 2; d >= 0; d--) {
        *oa += job->sa[d];
        *ob += job->sb[d];
        if (++index[d] < job->dims[d])
            return;
        index[d] = 0;
        *oa -= job->sa[d] * job->dims[d];
        *ob -= job->sb[d] * job->dims[d];
    }
}

/* long lines, each cut into pieces */
static void rk_bin_lines_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_bin_job *job = (const rk_bin_job *)context;
    ptrdiff_t index[RK_MAX_DIMS], oa, ob;
    ptrdiff_t line = begin / job->pieces, piece = begin % job->pieces;
    const ptrdiff_t la = job->sa[job->nd - 1], lb = job->sb[job->nd - 1];
    rk_bin_seek(job, line, index, &oa, &ob);
    for (ptrdiff_t i = begin; i < end; i++) {
        ptrdiff_t from = piece * job->unit, m = job->n - from < job->unit ? job->n - from : job->unit;
        rk_bin_run(job, job->a + (oa + from * la) * job->size, la, job->b + (ob + from * lb) * job->size, lb,
                   job->c + (line * job->n + from) * job->csize, m);
        if (++piece == job->pieces) {
            piece = 0;
            line++;
            rk_bin_next(job, index, &oa, &ob);
        }
    }
}

/* `count` lines of n items side by side: every line the same, or of one value each, or any two-dimensional strides */
static void rk_pack_lines(int size, const char *src, ptrdiff_t outer, ptrdiff_t inc, char *dst, ptrdiff_t count,
                          ptrdiff_t n)
{
    const ptrdiff_t bytes = n * size;
    if (outer == 0) {
        rk_pack(size, src, inc, dst, n);
        for (ptrdiff_t done = bytes; done < count * bytes;) {
            const ptrdiff_t more = done < count * bytes - done ? done : count * bytes - done;
            memcpy(dst + done, dst, (size_t)more);
            done += more;
        }
        return;
    }
#define RK_CASE(SIZE, T) \
    case SIZE: \
        for (ptrdiff_t line = 0; line < count; line++) { \
            const T *x = (const T *)src + line * outer; \
            T *y = (T *)dst + line * n; \
            const T v = x[0]; \
            if (inc == 0) for (ptrdiff_t i = 0; i < n; i++) y[i] = v; \
            else for (ptrdiff_t i = 0; i < n; i++) y[i] = x[i * inc]; \
        } \
        break;
    switch (size) {
    RK_CASE(1, uint8_t)
    RK_CASE(2, uint16_t)
    RK_CASE(4, uint32_t)
    RK_CASE(8, uint64_t)
    }
#undef RK_CASE
}

/* short lines: `unit` of them are packed side by side and handled as one vector */
static void rk_bin_short_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_bin_job *job = (const rk_bin_job *)context;
    uint64_t left[RK_CHUNK], right[RK_CHUNK];
    ptrdiff_t index[RK_MAX_DIMS], oa, ob;
    const ptrdiff_t n = job->n, la = job->sa[job->nd - 1], lb = job->sb[job->nd - 1];
    const int size = job->size, flat = job->nd == 2;
    rk_bin_seek(job, begin * job->unit, index, &oa, &ob);
    for (ptrdiff_t block = begin; block < end; block++) {
        const ptrdiff_t first = block * job->unit, left_over = job->lines - first;
        const ptrdiff_t count = left_over < job->unit ? left_over : job->unit;
        const char *pa = job->a_whole ? job->a + first * n * size : (const char *)left;
        const char *pb = job->b_whole ? job->b + first * n * size : (const char *)right;
        if (flat) {
            /* an operand that every line sees alike is packed once */
            if (!job->a_whole && (job->sa[0] || block == begin))
                rk_pack_lines(size, job->a + first * job->sa[0] * size, job->sa[0], la, (char *)left, count, n);
            if (!job->b_whole && (job->sb[0] || block == begin))
                rk_pack_lines(size, job->b + first * job->sb[0] * size, job->sb[0], lb, (char *)right, count, n);
        } else {
            for (ptrdiff_t line = 0; line < count; line++) {
                if (!job->a_whole)
                    rk_pack(size, job->a + oa * size, la, (char *)left + line * n * size, n);
                if (!job->b_whole)
                    rk_pack(size, job->b + ob * size, lb, (char *)right + line * n * size, n);
                rk_bin_next(job, index, &oa, &ob);
            }
        }
        rk_bin_vectors(job->op, job->dtype, pa, pb, job->c + first * n * job->csize, count * n, job->c_bool);
    }
}

static void rk_bin_run_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_bin_job *job = (const rk_bin_job *)context;
    ptrdiff_t from = begin * RK_BLOCK, to = end * RK_BLOCK;
    if (to > job->n)
        to = job->n;
    rk_bin_run(job, job->a + from * job->sa[0] * job->size, job->sa[0], job->b + from * job->sb[0] * job->size,
               job->sb[0], job->c + from * job->csize, to - from);
}

static int rk_bin_is_dear(int op)
{
    return op == RK_MOD || op == RK_POW || op == RK_DGELU || op == RK_DSOFTPLUS;
}

/* the general case: dimensions that lie contiguously are merged first */
RK_NOINLINE void rk_bin_general(int op, int dtype, int nd, const ptrdiff_t *dims, const void *a, const ptrdiff_t *sa,
                                const void *b, const ptrdiff_t *sb, void *c, int c_bool)
{
    rk_bin_job job;
    int k = 0;
    ptrdiff_t total = 1;
    for (int d = 0; d < nd; d++) {
        total *= dims[d];
        if (dims[d] == 1)
            continue;
        if (k && job.sa[k - 1] == sa[d] * dims[d] && job.sb[k - 1] == sb[d] * dims[d]) {
            job.dims[k - 1] *= dims[d];
        } else {
            job.dims[k] = dims[d];
            k++;
        }
        job.sa[k - 1] = sa[d];
        job.sb[k - 1] = sb[d];
    }
    if (total == 0)
        return;
    if (k == 0) {
        job.dims[0] = 1;
        job.sa[0] = job.sb[0] = 1;
        k = 1;
    }
    job.op = op;
    job.dtype = dtype;
    job.size = rk_dtype_size(dtype);
    const ptrdiff_t grain = rk_bin_is_dear(op) ? RK_GRAIN_DEAR : RK_GRAIN_OF(job.size);
    job.c_bool = c_bool;
    job.csize = c_bool && rk_is_comparison(op) ? 1 : job.size;
    job.nd = k;
    job.a = (const char *)a;
    job.b = (const char *)b;
    job.c = (char *)c;
    job.n = job.dims[k - 1];
    job.stream = a != c && b != c && rk_streams(c, total * job.csize, job.csize);
    if (k == 1) {
        rk_run_blocks(rk_bin_run_task, &job, total, grain);
        return;
    }
    job.lines = total / job.n;
    ptrdiff_t units, size_of_unit;
    rk_task task;
    if (job.n >= 128) {
        job.unit = job.n > 4 * RK_BLOCK ? 4 * RK_BLOCK : job.n;
        job.pieces = (job.n + job.unit - 1) / job.unit;
        units = job.lines * job.pieces;
        size_of_unit = job.unit;
        task = rk_bin_lines_task;
    } else {
        ptrdiff_t step = 1;
        job.a_whole = job.b_whole = 1;
        for (int d = k - 1; d >= 0; step *= job.dims[d], d--) {
            job.a_whole &= job.sa[d] == step;
            job.b_whole &= job.sb[d] == step;
        }
        job.unit = RK_CHUNK / job.n;
        units = (job.lines + job.unit - 1) / job.unit;
        size_of_unit = job.unit * job.n;
        task = rk_bin_short_task;
    }
    if (total <= grain)
        task(&job, 0, units);
    else
        rk_parallel_even(task, &job, units, grain / size_of_unit, 1);
}

static void RK(binary)(int op, int dtype, int nd, const ptrdiff_t *dims, const void *a, const ptrdiff_t *sa,
                       const void *b, const ptrdiff_t *sb, void *c, int c_bool)
{
    if (nd == 1 && dims[0] <= RK_GRAIN_DEAR) {
        if (dims[0] > 0)   /* of an empty operand not even a repeated element may be read */
            rk_bin_line(op, dtype, rk_dtype_size(dtype), (const char *)a, sa[0], (const char *)b, sb[0], (char *)c,
                        dims[0], c_bool);
        return;
    }
    rk_bin_general(op, dtype, nd, dims, a, sa, b, sb, c, c_bool);
}

/* ---- axpy, scal ---- */

typedef struct {
    int dtype, size, to, tosize, stream;
    ptrdiff_t n, incx, incy;
    double re, im;
    const char *x;
    char *y;
} rk_line_job;

/* the elements of a job that a piece of blocks stands for */
#define RK_PIECE \
    const rk_line_job *job = (const rk_line_job *)context; \
    const ptrdiff_t from = begin * RK_BLOCK; \
    const ptrdiff_t n = (end * RK_BLOCK < job->n ? end * RK_BLOCK : job->n) - from

/* runs the job on the calling thread, or on several where it is long and y has a place for each element */
static void rk_line_run(rk_task task, rk_line_job *job)
{
    if (job->incy == 0)
        task(job, 0, RK_BLOCKS(job->n));
    else
        rk_run_blocks(task, job, job->n, RK_GRAIN_OF(job->size ? job->size : rk_dtype_size(job->dtype)));
}

#define RK_AXPY(T, EXPR) do { \
    const T *x = (const T *)job->x + from * incx; \
    T *y = (T *)job->y + from * incy; \
    if (incx == 1 && incy == 1) { RK_LINES(x, const T u = x[i], v = y[i]; y[i] = (T)(EXPR)); } \
    else for (ptrdiff_t i = 0; i < n; i++) { const T u = x[i * incx], v = y[i * incy]; y[i * incy] = (T)(EXPR); } \
    } while (0); break

static void rk_axpy_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    RK_PIECE;
    const ptrdiff_t incx = job->incx, incy = job->incy;
    const double alpha = job->re;
    uint64_t bits = 0;
    const int exact = rk_as_integer(alpha, &bits);
    if (RK_READS_HALVES && incx == 1 && incy == 1 && (job->dtype == RK_FLOAT32 || job->dtype == RK_FLOAT64)) {
        if (job->dtype == RK_FLOAT32)
            rk_halved_axpy_f32((float)alpha, (const float *)job->x + from, (float *)job->y + from, n);
        else
            rk_halved_axpy_f64(alpha, (const double *)job->x + from, (double *)job->y + from, n);
        return;
    }
    switch (job->dtype) {
    case RK_FLOAT32: { const float p = (float)alpha; RK_AXPY(float, p * u + v); }
    case RK_FLOAT64: RK_AXPY(double, alpha * u + v);
#define RK_CASE(CODE, NAME, T, W) \
    case CODE: { \
        const W p = (W)bits; \
        if (exact) { RK_AXPY(T, (W)v + p * (W)u); } \
        const T *x = (const T *)job->x + from * incx; \
        T *y = (T *)job->y + from * incy; \
        for (ptrdiff_t i = 0; i < n; i++) { \
            double r = (double)y[i * incy] + alpha * (double)x[i * incx]; \
            rk_store_##NAME(&r, y + i * incy, 1); \
        } \
        break; \
    }
    RK_INTS(RK_CASE)
#undef RK_CASE
    case RK_BOOL: RK_AXPY(uint8_t, (v != 0) + alpha * (u != 0) != 0);
    case RK_FLOAT16: RK_AXPY(uint16_t, rk_float_to_half((float)alpha * rk_half_to_float(u) + rk_half_to_float(v)));
#define RK_CASE(CODE, T, F) \
    case CODE: { \
        const F re = (F)job->re, im = (F)job->im; \
        const T *x = (const T *)job->x + from * incx; \
        T *y = (T *)job->y + from * incy; \
        for (ptrdiff_t i = 0; i < n; i++) { \
            const T u = x[i * incx]; \
            y[i * incy].re += re * u.re - im * u.im; \
            y[i * incy].im += re * u.im + im * u.re; \
        } \
        break; \
    }
    RK_CASE(RK_COMPLEX64, rk_c64, float)
    RK_CASE(RK_COMPLEX128, rk_c128, double)
#undef RK_CASE
    }
}

static void RK(axpy)(int dtype, ptrdiff_t n, double alpha, double alpha_im, const void *x, ptrdiff_t incx, void *y,
                     ptrdiff_t incy)
{
    if (dtype >= RK_COMPLEX64 && alpha_im == 0 && incx == 1 && incy == 1) {   /* both parts alike */
        dtype = dtype == RK_COMPLEX64 ? RK_FLOAT32 : RK_FLOAT64;
        n *= 2;
    }
    rk_line_job job = { .dtype = dtype, .n = n, .incx = incx, .incy = incy, .re = alpha, .im = alpha_im,
                        .x = (const char *)x, .y = (char *)y };
    rk_line_run(rk_axpy_task, &job);
}

static void rk_scal_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    RK_PIECE;
    const ptrdiff_t inc = job->incy;
    const double alpha = job->re;
    uint64_t bits = 0;
    const int exact = rk_as_integer(alpha, &bits);
#define RK_SCAL(T, EXPR) do { \
    T *y = (T *)job->y + from * inc; \
    if (inc == 1) { RK_LINES(y, const T v = y[i]; y[i] = (T)(EXPR)); } \
    else for (ptrdiff_t i = 0; i < n; i++) { const T v = y[i * inc]; y[i * inc] = (T)(EXPR); } \
    } while (0); break
    switch (job->dtype) {
    case RK_FLOAT32: { const float p = (float)alpha; RK_SCAL(float, p * v); }
    case RK_FLOAT64: RK_SCAL(double, alpha * v);
#define RK_CASE(CODE, NAME, T, W) \
    case CODE: { \
        const W p = (W)bits; \
        if (exact) { RK_SCAL(T, p * (W)v); } \
        T *y = (T *)job->y + from * inc; \
        for (ptrdiff_t i = 0; i < n; i++) { \
            double r = alpha * (double)y[i * inc]; \
            rk_store_##NAME(&r, y + i * inc, 1); \
        } \
        break; \
    }
    RK_INTS(RK_CASE)
#undef RK_CASE
    case RK_BOOL: RK_SCAL(uint8_t, alpha * (v != 0) != 0);
    case RK_FLOAT16: RK_SCAL(uint16_t, rk_float_to_half((float)alpha * rk_half_to_float(v)));
#define RK_CASE(CODE, T, F) \
    case CODE: { \
        const F re = (F)job->re, im = (F)job->im; \
        T *y = (T *)job->y + from * inc; \
        for (ptrdiff_t i = 0; i < n; i++) { \
            const T v = y[i * inc]; \
            y[i * inc].re = re * v.re - im * v.im; \
            y[i * inc].im = re * v.im + im * v.re; \
        } \
        break; \
    }
    RK_CASE(RK_COMPLEX64, rk_c64, float)
    RK_CASE(RK_COMPLEX128, rk_c128, double)
#undef RK_CASE
#undef RK_SCAL
    }
}

static void RK(scal)(int dtype, ptrdiff_t n, double alpha, double alpha_im, void *x, ptrdiff_t incx)
{
    if (dtype >= RK_COMPLEX64 && alpha_im == 0 && incx == 1) {
        dtype = dtype == RK_COMPLEX64 ? RK_FLOAT32 : RK_FLOAT64;
        n *= 2;
    }
    rk_line_job job = { .dtype = dtype, .n = n, .incy = incx, .re = alpha, .im = alpha_im, .y = (char *)x };
    rk_line_run(rk_scal_task, &job);
}

/* ---- casts ---- */

#define RK_CONVERT(T, EXPR) do { \
    T *y = (T *)dst; \
    RK_LINES(x, y[i] = (T)(EXPR)); \
    } while (0); return

/* to one or two bytes: several lines of the source at a time, as one of them fills no vector */
#define RK_CONVERT_NARROW(T, EXPR) do { \
    T *y = (T *)dst; \
    const ptrdiff_t ahead = rk_near_bytes; \
    ptrdiff_t i = 0; \
    for (; i + 64 <= n; i += 64) { \
        for (size_t k = 0; k < sizeof *x; k++) \
            rk_prefetch((const char *)(x + i) + k * 64 + ahead); \
        const ptrdiff_t begin = i; \
        for (int k = 0; k < 64; k++) { const ptrdiff_t i = begin + k; y[i] = (T)(EXPR); } \
    } \
    for (; i < n; i++) \
        y[i] = (T)(EXPR); \
    } while (0); return

/* integers to integers: modulo the width of the target */
#define RK_FROM_INT(CODE, NAME, F, W) \
static void rk_from_##NAME(const F *x, int to, void *dst, ptrdiff_t n) \
{ \
    switch (to) { \
    case RK_BOOL: RK_CONVERT_NARROW(uint8_t, x[i] != 0); \
    case RK_INT8: case RK_UINT8: RK_CONVERT_NARROW(uint8_t, x[i]); \
    case RK_INT16: case RK_UINT16: RK_CONVERT_NARROW(uint16_t, x[i]); \
    case RK_INT32: case RK_UINT32: RK_CONVERT(uint32_t, x[i]); \
    case RK_INT64: case RK_UINT64: RK_CONVERT(uint64_t, x[i]); \
    case RK_FLOAT32: RK_CONVERT(float, x[i]); \
    case RK_FLOAT64: RK_CONVERT(double, x[i]); \
    } \
}
RK_INTS(RK_FROM_INT)

static void rk_cast_run(int from, int to, const void *src, void *dst, ptrdiff_t n)
{
    const int size = rk_dtype_size(from), tosize = rk_dtype_size(to);
    if (from == to) {
        memcpy(dst, src, (size_t)n * (size_t)size);
        return;
    }
    if (rk_is_int(from) && (to <= RK_UINT64 || to == RK_FLOAT32 || to == RK_FLOAT64)) {
        switch (from) {
#define RK_CASE(CODE, NAME, T, W) case CODE: rk_from_##NAME((const T *)src, to, dst, n); return;
        RK_INTS(RK_CASE)
#undef RK_CASE
        }
    }
    if (from == RK_BOOL && to <= RK_UINT64) {
        double truth[RK_VIA];
        for (ptrdiff_t i = 0; i < n; i += RK_VIA) {
            ptrdiff_t m = n - i < RK_VIA ? n - i : RK_VIA;
            uint8_t *t = (uint8_t *)truth;
            for (ptrdiff_t j = 0; j < m; j++)
                t[j] = ((const uint8_t *)src)[i + j] != 0;
            rk_from_u8(t, to, (char *)dst + i * tosize, m);
        }
        return;
    }
    if (from == RK_FLOAT32) {
        const float *x = (const float *)src;
        switch (to) {
        case RK_BOOL: RK_CONVERT(uint8_t, x[i] != 0);
        case RK_INT32: rk_int32_of_f32(x, (int32_t *)dst, n); return;
        case RK_INT64: {
            int64_t *y = (int64_t *)dst;
            RK_SATURATE(float, int64_t, INT64_MAX, -0x1p63, 0x1.fffffep62, 0x1p63);
            return;
        }
        case RK_INT8: rk_narrow_i8(x, (int8_t *)dst, n); return;
        case RK_UINT8: rk_narrow_u8(x, (uint8_t *)dst, n); return;
        case RK_INT16: rk_narrow_i16(x, (int16_t *)dst, n); return;
        case RK_UINT16: rk_narrow_u16(x, (uint16_t *)dst, n); return;
        case RK_FLOAT64: RK_CONVERT(double, x[i]);
        case RK_FLOAT16: RK_CONVERT(uint16_t, rk_float_to_half(x[i]));
        }
    }
    if (from == RK_FLOAT16 && to == RK_FLOAT32) {
        const uint16_t *x = (const uint16_t *)src;
        RK_CONVERT(float, rk_half_to_float(x[i]));
    }
    if (from == RK_FLOAT64) {
        rk_store_f64(to, (const double *)src, dst, n);
        return;
    }
    if (from >= RK_COMPLEX16 && (to >= RK_COMPLEX16 || to == RK_BOOL)) {
        /* the other width, or whether either part is not 0 */
#define RK_CASE(CODE, T, F) \
        case CODE: { \
            const T *x = (const T *)src; \
            if (to == RK_COMPLEX64) { rk_c64 *y = (rk_c64 *)dst; \
                for (ptrdiff_t i = 0; i < n; i++) { y[i].re = (float)x[i].re; y[i].im = (float)x[i].im; } } \
            else if (to == RK_COMPLEX128) { rk_c128 *y = (rk_c128 *)dst; \
                for (ptrdiff_t i = 0; i < n; i++) { y[i].re = x[i].re; y[i].im = x[i].im; } } \
            else { uint8_t *y = (uint8_t *)dst; \
                for (ptrdiff_t i = 0; i < n; i++) y[i] = (x[i].re != 0) | (x[i].im != 0); } \
            return; \
        }
        switch (from) {
        RK_CASE(RK_COMPLEX64, rk_c64, float)
        RK_CASE(RK_COMPLEX128, rk_c128, double)
        }
#undef RK_CASE
    }
    double block[RK_VIA];
    for (ptrdiff_t i = 0; i < n; i += RK_VIA) {
        ptrdiff_t m = n - i < RK_VIA ? n - i : RK_VIA;
        rk_load_f64(from, (const char *)src + i * size, block, m);
        rk_store_f64(to, block, (char *)dst + i * tosize, m);
    }
}

/* Floats to unsigned integers modulo their width: by way of int32 where a block fits, or else int64. */
#define RK_WRAP(CODE, NAME, F) \
static void rk_wrap_##NAME(const F *x, int to, char *y, ptrdiff_t n) \
{ \
    union { int32_t narrow[RK_VIA]; int64_t wide[RK_VIA]; } block; \
    for (ptrdiff_t m; n > 0; n -= m, x += m, y += m * rk_dtype_size(to)) { \
        const ptrdiff_t done = to == RK_UINT8 ? RK_PACKED_##NAME(wrapped_u8, x, (uint8_t *)y, n) \
                               : to == RK_UINT16 ? RK_PACKED_##NAME(wrapped_u16, x, (uint16_t *)(void *)y, n) : 0; \
        n -= done; \
        x += done; \
        y += done * rk_dtype_size(to); \
        m = n < RK_VIA ? n : RK_VIA; \
        if (rk_between_##NAME(x, block.narrow, m, -0x1p31, 0x1p31)) { \
            rk_from_i32(block.narrow, to, y, m); \
        } else { \
            rk_cast_run(CODE, RK_INT64, x, block.wide, m); \
            rk_from_i64(block.wide, to, y, m); \
        } \
    } \
}
RK_WRAP(RK_FLOAT32, f32, float)
RK_WRAP(RK_FLOAT64, f64, double)

static void rk_cast_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    RK_PIECE;
    rk_cast_run(job->dtype, job->to, job->x + from * job->size, job->y + from * job->tosize, n);
}

static void RK(cast)(int from, int to, const void *x, void *y, ptrdiff_t n)
{
    rk_line_job job = { .dtype = from, .size = rk_dtype_size(from), .to = to, .tosize = rk_dtype_size(to), .n = n,
                        .incy = 1, .x = (const char *)x, .y = (char *)y };
    rk_line_run(rk_cast_task, &job);
}

static void rk_wrap_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    RK_PIECE;
    const char *x = job->x + from * job->size;
    char *y = job->y + from * job->tosize;
    if (job->dtype == RK_FLOAT64)
        rk_wrap_f64((const double *)(const void *)x, job->to, y, n);
    else if (job->dtype == RK_FLOAT32)
        rk_wrap_f32((const float *)(const void *)x, job->to, y, n);
    else {
        float block[RK_VIA];
        for (ptrdiff_t i = 0; i < n; i += RK_VIA) {
            const ptrdiff_t m = n - i < RK_VIA ? n - i : RK_VIA;
            rk_cast_run(job->dtype, RK_FLOAT32, x + i * job->size, block, m);
            rk_wrap_f32(block, job->to, y + i * job->tosize, m);
        }
    }
}

static void RK(cast_wrap)(int from, int to, const void *x, void *y, ptrdiff_t n)
{
    rk_line_job job = { .dtype = from, .size = rk_dtype_size(from), .to = to, .tosize = rk_dtype_size(to), .n = n,
                        .incy = 1, .x = (const char *)x, .y = (char *)y };
    rk_line_run(rk_wrap_task, &job);
}

/* ---- fill, copy ---- */

static void rk_fill_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    RK_PIECE;
    const ptrdiff_t inc = job->incy;
#define RK_CASE(SIZE, T) \
    case SIZE: { \
        T v; \
        memcpy(&v, job->x, SIZE); \
        T *y = (T *)job->y + from * inc; \
        if (inc == 1) for (ptrdiff_t i = 0; i < n; i++) y[i] = v; \
        else for (ptrdiff_t i = 0; i < n; i++) y[i * inc] = v; \
        break; \
    }
    switch (job->size) {
    RK_CASE(1, uint8_t)
    RK_CASE(2, uint16_t)
    RK_CASE(4, uint32_t)
    RK_CASE(8, uint64_t)
    RK_CASE(16, rk_item16)
    }
#undef RK_CASE
}

static void RK(fill)(int size, const void *value, void *y, ptrdiff_t n, ptrdiff_t inc)
{
    rk_line_job job = { .size = size, .n = n, .incy = inc, .x = (const char *)value, .y = (char *)y };
    rk_line_run(rk_fill_task, &job);
}

static void rk_copy_bytes(char *y, const char *x, ptrdiff_t bytes, int stream)
{
    ptrdiff_t i = 0;
    if (stream) {
        i = rk_before_line(y, 1, bytes);
        memcpy(y, x, (size_t)i);
        for (; i + RK_VECTOR_BYTES <= bytes; i += RK_VECTOR_BYTES) {
            rk_prefetch(x + i + RK_AHEAD_BYTES);
            rk_stream_bytes(y + i, x + i);
        }
        rk_stream_end();
    }
    memcpy(y + i, x + i, (size_t)(bytes - i));
}

static void rk_copy_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    RK_PIECE;
    const ptrdiff_t incx = job->incx, incy = job->incy, size = job->size;
    const char *src = job->x + from * incx * size;
    char *dst = job->y + from * incy * size;
    if (incx == 1 && incy == 1) {
        rk_copy_bytes(dst, src, n * size, job->stream);
        return;
    }
#define RK_CASE(SIZE, T) \
    case SIZE: { \
        const T *x = (const T *)src; \
        T *y = (T *)dst; \
        for (ptrdiff_t i = 0; i < n; i++) y[i * incy] = x[i * incx]; \
        break; \
    }
    switch (size) {
    RK_CASE(1, uint8_t)
    RK_CASE(2, uint16_t)
    RK_CASE(4, uint32_t)
    RK_CASE(8, uint64_t)
    RK_CASE(16, rk_item16)
    }
#undef RK_CASE
}

static void RK(copy)(int size, ptrdiff_t n, const void *x, ptrdiff_t incx, void *y, ptrdiff_t incy)
{
    if (incx == 1 && incy == 1 && n <= RK_GRAIN_CHEAP) {
        memcpy(y, x, (size_t)n * (size_t)size);
        return;
    }
    rk_line_job job = { .size = size, .n = n, .incx = incx, .incy = incy, .x = (const char *)x, .y = (char *)y,
                        .stream = rk_streams(y, n * size, 1) };
    rk_line_run(rk_copy_task, &job);
}
