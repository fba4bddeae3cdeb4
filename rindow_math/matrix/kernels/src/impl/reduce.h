/* Reductions, softmax and running sums.
 *
 * A partial result is a double for floating types and 64 bits for integers, whatever the type of the elements: sums of
 * float32 are therefore as good as rounded once. Elements are combined in blocks and chunks whose bounds follow from
 * the size alone, and chunks in their order, so any number of threads gives the same bits. */
#include "trig.h"
#include <stdlib.h>

typedef union { double d; int64_t i; uint64_t u; } rk_part;

enum { RK_REDUCE_BLOCK = 16384, RK_REDUCE_CHUNKS = 512 };
/* the largest and the smallest magnitude: what the search for them compares */
enum { RK_MAXMAG = RK_REDUCE_OPS, RK_MINMAG };

/* nan wins */
static inline double rk_greater_f64(double a, double b) { return (a > b) | (a != a) ? a : b; }
static inline double rk_less_f64(double a, double b) { return (a < b) | (a != a) ? a : b; }

static inline int rk_is_float(int dtype) { return dtype >= RK_FLOAT8 && dtype <= RK_FLOAT64; }
static inline int rk_is_unsigned(int dtype) { return dtype == RK_BOOL || (dtype >= RK_UINT8 && dtype <= RK_UINT64); }

/* The line of p belongs to a long run that is read once: what comes a little later is asked for. Into the first cache,
 * as a request to the second one costs half of the speed of a run that is there already. Only where `far`: short runs
 * are in a cache, or end before. */
enum { RK_FAR_LEAST = 8192 /* elements */ };
RK_INLINE void rk_prefetch_run(const void *p, int far)
{
#if defined(RK_X86_INTRINSICS)
    if (far)
        _mm_prefetch((const char *)p + rk_near_bytes, _MM_HINT_T0);
#else
    (void)p;
    (void)far;
#endif
}

/* ---- blocks of contiguous floats ---- */

/* STEP of vectors of doubles into eight accumulators, and of the rest into one; JOIN puts them together. */
#define RK_ACCUMULATE(NAME, START, STEP, SCALAR_STEP, JOIN) do { \
    enum { L = RK_VF64_LANES }; \
    const int far = n >= RK_FAR_LEAST; \
    ptrdiff_t i = 0; \
    double total = START; \
    if (n >= L) { \
        rk_vf64 acc[8]; \
        acc[0] = rk_set1_vf64(START); \
        if (n >= 8 * L) { \
            for (int k = 1; k < 8; k++) \
                acc[k] = rk_set1_vf64(START); \
            for (; i + 8 * L <= n; i += 8 * L) \
                for (int k = 0; k < 8; k++) { \
                    if (k * L * (int)sizeof *x % 64 == 0) \
                        rk_prefetch_run(x + i + k * L, far); \
                    const rk_vf64 v = rk_widen_##NAME(x + i + k * L); \
                    acc[k] = STEP(acc[k], v); \
                } \
            for (int k = 4; k; k >>= 1) \
                for (int j = 0; j < k; j++) \
                    acc[j] = acc[j] JOIN acc[j + k]; \
        } \
        for (; i + L <= n; i += L) { \
            const rk_vf64 v = rk_widen_##NAME(x + i); \
            acc[0] = STEP(acc[0], v); \
        } \
        double lane[RK_VF64_LANES]; \
        rk_store_vf64(lane, acc[0]); \
        for (int k = L / 2; k; k >>= 1) \
            for (int j = 0; j < k; j++) \
                lane[j] = lane[j] JOIN lane[j + k]; \
        total = lane[0]; \
    } \
    for (; i < n; i++) { \
        const double v = (double)x[i]; \
        total = SCALAR_STEP(total, v); \
    } \
    return total; \
    } while (0)
#define RK_STEP_SUM(a, v) (a) + (v)
#define RK_STEP_ASUM(a, v) (a) + rk_abs_vf64(v)
#define RK_STEP_ASUM1(a, v) (a) + fabs(v)
#define RK_STEP_SUMSQ(a, v) rk_fma_vf64(v, v, a)
#define RK_STEP_SUMSQ1(a, v) rk_fma_f64(v, v, a)
#define RK_STEP_PROD(a, v) (a) * (v)

/* The sums of rk_dot_NAME, lane by lane, from halves of registers, to which floats are converted faster, too. */
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
#define RK_HALVED_DOT(NAME, T, LOAD) \
static ptrdiff_t rk_halved_dot_##NAME(const T *x, const T *y, ptrdiff_t n, rk_vf64 *acc) \
{ \
    __m256d sums[8]; \
    for (int k = 0; k < 8; k++) \
        sums[k] = _mm256_setzero_pd(); \
    ptrdiff_t i = 0; \
    for (; i + 32 <= n; i += 32) \
        for (int k = 0; k < 8; k++) \
            sums[k] = _mm256_fmadd_pd(LOAD(x + i + 4 * k), LOAD(y + i + 4 * k), sums[k]); \
    memcpy(acc, sums, sizeof sums); \
    return i; \
}
#define RK_LOAD_WIDENED(p) _mm256_cvtps_pd(_mm_loadu_ps(p))
RK_HALVED_DOT(f32, float, RK_LOAD_WIDENED)
RK_HALVED_DOT(f64, double, _mm256_loadu_pd)
#else
#define rk_halved_dot_f32(x, y, n, acc) 0
#define rk_halved_dot_f64(x, y, n, acc) 0
#endif

#define RK_FLOAT_SUMS(NAME, T, V, LANES, MASK) \
static double rk_sum_##NAME(const T *x, ptrdiff_t n) { RK_ACCUMULATE(NAME, 0, RK_STEP_SUM, RK_STEP_SUM, +); } \
static double rk_asum_##NAME(const T *x, ptrdiff_t n) { RK_ACCUMULATE(NAME, 0, RK_STEP_ASUM, RK_STEP_ASUM1, +); } \
static double rk_sumsq_##NAME(const T *x, ptrdiff_t n) { RK_ACCUMULATE(NAME, 0, RK_STEP_SUMSQ, RK_STEP_SUMSQ1, +); } \
static double rk_prod_##NAME(const T *x, ptrdiff_t n) { RK_ACCUMULATE(NAME, 1, RK_STEP_PROD, RK_STEP_PROD, *); } \
static double rk_dot_##NAME(const T *x, const T *y, ptrdiff_t n) \
{ \
    enum { L = RK_VF64_LANES }; \
    const int far = n >= RK_FAR_LEAST; \
    rk_vf64 acc[4]; \
    for (int k = 0; k < 4; k++) \
        acc[k] = rk_set1_vf64(0); \
    ptrdiff_t i = RK_READS_HALVES ? rk_halved_dot_##NAME(x, y, n, acc) : 0; \
    for (; i + 4 * L <= n; i += 4 * L) \
        for (int k = 0; k < 4; k++) { \
            if (k * L * (int)sizeof(T) % 64 == 0) { \
                rk_prefetch_run(x + i + k * L, far); \
                rk_prefetch_run(y + i + k * L, far); \
            } \
            acc[k] = rk_fma_vf64(rk_widen_##NAME(x + i + k * L), rk_widen_##NAME(y + i + k * L), acc[k]); \
        } \
    double lane[RK_VF64_LANES], sum = 0; \
    rk_store_vf64(lane, (acc[0] + acc[1]) + (acc[2] + acc[3])); \
    for (; i < n; i++) \
        sum = rk_fma_f64((double)x[i], (double)y[i], sum); \
    for (int k = 0; k < L; k++) \
        sum += lane[k]; \
    return sum; \
} \
/* the largest or smallest element, or magnitude; nan if there is one. The last two arguments are constants. */ \
RK_INLINE double rk_extreme_##NAME(const T *x, ptrdiff_t n, int smallest, int magnitude) \
{ \
    enum { L = LANES }; \
    const T start = smallest ? (T)INFINITY : -(T)INFINITY; \
    const int far = n >= RK_FAR_LEAST; \
    T best = start; \
    int sound = 1; \
    ptrdiff_t i = 0; \
    if (n >= L) { \
        rk_##V m[4]; \
        for (int k = 0; k < 4; k++) \
            m[k] = rk_set1_##V(start); \
        MASK lost = rk_unordered_##V(m[0], m[1]); \
        for (; i + 4 * L <= n; i += 4 * L) { \
            rk_##V v[4]; \
            for (int k = 0; k < 4; k++) { \
                if (k * L * (int)sizeof(T) % 64 == 0) \
                    rk_prefetch_run(x + i + k * L, far); \
                v[k] = rk_load_##V(x + i + k * L); \
                v[k] = magnitude ? rk_abs_##V(v[k]) : v[k]; \
                m[k] = smallest ? rk_min_##V(v[k], m[k]) : rk_max_##V(v[k], m[k]); \
            } \
            lost |= rk_unordered_##V(v[0], v[1]) | rk_unordered_##V(v[2], v[3]); \
        } \
        for (; i + L <= n; i += L) { \
            rk_##V v = rk_load_##V(x + i); \
            v = magnitude ? rk_abs_##V(v) : v; \
            lost |= rk_unordered_##V(v, v); \
            m[0] = smallest ? rk_min_##V(v, m[0]) : rk_max_##V(v, m[0]); \
        } \
        if (rk_any_##V(lost)) \
            return (double)NAN; \
        for (int k = 1; k < 4; k++) \
            m[0] = smallest ? rk_min_##V(m[k], m[0]) : rk_max_##V(m[k], m[0]); \
        T lane[L]; \
        rk_store_##V(lane, m[0]); \
        for (int k = L / 2; k; k >>= 1) \
            for (int j = 0; j < k; j++) \
                lane[j] = (smallest ? lane[j + k] < lane[j] : lane[j + k] > lane[j]) ? lane[j + k] : lane[j]; \
        best = lane[0]; \
    } \
    for (; i < n; i++) { \
        const T v = magnitude && x[i] < 0 ? -x[i] : x[i]; \
        sound &= v == v; \
        best = (smallest ? v < best : v > best) ? v : best; \
    } \
    return sound ? (double)best : (double)NAN; \
}
/* lanes where either is nan */
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
RK_INLINE rk_m32 rk_unordered_vf32(rk_vf32 a, rk_vf32 b)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_UNORD_Q);
}
RK_INLINE rk_m64 rk_unordered_vf64(rk_vf64 a, rk_vf64 b)
{
    return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_UNORD_Q);
}
#else
RK_INLINE rk_m32 rk_unordered_vf32(rk_vf32 a, rk_vf32 b) { return (rk_m32)(a != a) | (rk_m32)(b != b); }
RK_INLINE rk_m64 rk_unordered_vf64(rk_vf64 a, rk_vf64 b) { return (rk_m64)(a != a) | (rk_m64)(b != b); }
#endif
RK_FLOAT_SUMS(f32, float, vf32, RK_VF32_LANES, rk_m32)
RK_FLOAT_SUMS(f64, double, vf64, RK_VF64_LANES, rk_m64)

/* ---- blocks of any type ---- */

static rk_part rk_start(int op, int dtype)
{
    rk_part p = { .u = 0 };
    if (rk_is_float(dtype)) {
        p.d = op == RK_PROD ? 1 : op == RK_MAX ? -INFINITY : op == RK_MIN || op == RK_MINMAG ? INFINITY
              : op == RK_MAXMAG ? -INFINITY : 0;
        if (op == RK_ALL_TRUE || op == RK_ANY)
            p.u = op == RK_ALL_TRUE;
        return p;
    }
    if (op == RK_PROD || op == RK_ALL_TRUE)
        p.u = 1;
    if (op == RK_MAX && !rk_is_unsigned(dtype))
        p.i = INT64_MIN;
    if (op == RK_MIN)
        p.u = rk_is_unsigned(dtype) ? UINT64_MAX : INT64_MAX;
    if (op == RK_MINMAG)
        p.u = UINT64_MAX;
    return p;
}

static inline rk_part rk_join(int op, int dtype, rk_part a, rk_part b)
{
    rk_part r = a;
    if (op == RK_ANY) { r.u = a.u | b.u; return r; }
    if (op == RK_ALL_TRUE) { r.u = a.u & b.u; return r; }
    if (rk_is_float(dtype)) {
        switch (op) {
        case RK_MAX: case RK_MAXMAG: r.d = rk_greater_f64(a.d, b.d); break;
        case RK_MIN: case RK_MINMAG: r.d = rk_less_f64(a.d, b.d); break;
        case RK_PROD: r.d = a.d * b.d; break;
        default: r.d = a.d + b.d;
        }
        return r;
    }
    const int uns = rk_is_unsigned(dtype);
    switch (op) {
    case RK_MAX: if (uns ? b.u > a.u : b.i > a.i) r = b; break;
    case RK_MIN: if (uns ? b.u < a.u : b.i < a.i) r = b; break;
    case RK_MAXMAG: if (b.u > a.u) r = b; break;
    case RK_MINMAG: if (b.u < a.u) r = b; break;
    case RK_PROD: r.u = a.u * b.u; break;
    default: r.u = a.u + b.u;
    }
    return r;
}

#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
RK_INLINE rk_vi32 rk_min_vi32(rk_vi32 a, rk_vi32 b) { return (rk_vi32)_mm512_min_epi32((__m512i)a, (__m512i)b); }
RK_INLINE rk_vi32 rk_max_vi32(rk_vi32 a, rk_vi32 b) { return (rk_vi32)_mm512_max_epi32((__m512i)a, (__m512i)b); }
#elif defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 32
RK_INLINE rk_vi32 rk_min_vi32(rk_vi32 a, rk_vi32 b) { return (rk_vi32)_mm256_min_epi32((__m256i)a, (__m256i)b); }
RK_INLINE rk_vi32 rk_max_vi32(rk_vi32 a, rk_vi32 b) { return (rk_vi32)_mm256_max_epi32((__m256i)a, (__m256i)b); }
#elif defined(__GNUC__)
RK_INLINE rk_vi32 rk_min_vi32(rk_vi32 a, rk_vi32 b) { const rk_vi32 m = a < b; return (a & m) | (b & ~m); }
RK_INLINE rk_vi32 rk_max_vi32(rk_vi32 a, rk_vi32 b) { const rk_vi32 m = a > b; return (a & m) | (b & ~m); }
#else
RK_INLINE rk_vi32 rk_min_vi32(rk_vi32 a, rk_vi32 b) { return a < b ? a : b; }
RK_INLINE rk_vi32 rk_max_vi32(rk_vi32 a, rk_vi32 b) { return a > b ? a : b; }
#endif
RK_INLINE rk_vi32 rk_load_vi32(const int32_t *p)
{
    rk_vi32 v;
    memcpy(&v, p, sizeof v);
    return v;
}
RK_INLINE void rk_store_vi32(int32_t *p, rk_vi32 v) { memcpy(p, &v, sizeof v); }
RK_INLINE rk_vi32 rk_set1_vi32(int32_t x) { return (rk_vi32){ 0 } + x; }

/* the largest or smallest of n; the last argument is a constant */
RK_INLINE int32_t rk_extreme_i32(const int32_t *x, ptrdiff_t n, int smallest)
{
    enum { L = RK_VF32_LANES };
    const int far = n >= RK_FAR_LEAST;
    int32_t best = x[0], lane[L];
    ptrdiff_t i = 0;
    if (n >= 4 * L) {
        rk_vi32 m[4];
        for (int k = 0; k < 4; k++)
            m[k] = rk_set1_vi32(best);
        for (; i + 4 * L <= n; i += 4 * L)
            for (int k = 0; k < 4; k++) {
                if (k * L * 4 % 64 == 0)
                    rk_prefetch_run(x + i + k * L, far);
                const rk_vi32 v = rk_load_vi32(x + i + k * L);
                m[k] = smallest ? rk_min_vi32(v, m[k]) : rk_max_vi32(v, m[k]);
            }
        for (int k = 1; k < 4; k++)
            m[0] = smallest ? rk_min_vi32(m[k], m[0]) : rk_max_vi32(m[k], m[0]);
        rk_store_vi32(lane, m[0]);
        for (int k = 0; k < L; k++)
            best = (smallest ? lane[k] < best : lane[k] > best) ? lane[k] : best;
    }
    for (; i < n; i++)
        best = (smallest ? x[i] < best : x[i] > best) ? x[i] : best;
    return best;
}

/* magnitudes of integers extended to 64 bits, by the type they were extended to */
#define RK_MAG_int64_t(v) ((v) < 0 ? (uint64_t)0 - (uint64_t)(v) : (uint64_t)(v))
#define RK_MAG_uint64_t(v) (v)
/* the extreme of n, in short runs: what is read next is fetched between them */
#define RK_INT_EXTREME(T, EXTEND, BETTER) do { \
    enum { RUN = 1024 / sizeof(T) }; \
    const int far = n >= RK_FAR_LEAST; \
    T best = x[0]; \
    for (ptrdiff_t i = 0; i < n; i += RUN) { \
        const ptrdiff_t m = n - i < RUN ? n - i : RUN; \
        T run = x[i]; \
        for (int k = 0; k < RUN; k += 64 / (int)sizeof(T)) \
            rk_prefetch_run(x + i + k, far); \
        for (ptrdiff_t j = 0; j < m; j++) \
            run = x[i + j] BETTER run ? x[i + j] : run; \
        best = run BETTER best ? run : best; \
    } \
    s = (uint64_t)(EXTEND)best; \
    } while (0); break
#define RK_INT_BLOCK(NAME, T, EXTEND) \
static rk_part rk_block_##NAME(int op, const T *x, ptrdiff_t n) \
{ \
    rk_part p = { .u = 0 }; \
    uint64_t s = 0; \
    switch (op) { \
    case RK_SUM: case RK_MEAN: for (ptrdiff_t i = 0; i < n; i++) s += (uint64_t)(EXTEND)x[i]; break; \
    case RK_ASUM: for (ptrdiff_t i = 0; i < n; i++) s += RK_MAG_##EXTEND((EXTEND)x[i]); break; \
    case RK_SUMSQ: case RK_NRM2: \
        for (ptrdiff_t i = 0; i < n; i++) s += (uint64_t)(EXTEND)x[i] * (uint64_t)(EXTEND)x[i]; \
        break; \
    case RK_PROD: s = 1; for (ptrdiff_t i = 0; i < n; i++) s *= (uint64_t)(EXTEND)x[i]; break; \
    case RK_MAX: RK_INT_EXTREME(T, EXTEND, >); \
    case RK_MIN: RK_INT_EXTREME(T, EXTEND, <); \
    case RK_MAXMAG: \
        for (ptrdiff_t i = 0; i < n; i++) { const uint64_t v = RK_MAG_##EXTEND((EXTEND)x[i]); s = v > s ? v : s; } \
        break; \
    case RK_MINMAG: \
        s = UINT64_MAX; \
        for (ptrdiff_t i = 0; i < n; i++) { const uint64_t v = RK_MAG_##EXTEND((EXTEND)x[i]); s = v < s ? v : s; } \
        break; \
    } \
    p.u = s; \
    return p; \
}
RK_INT_BLOCK(i8, int8_t, int64_t)
RK_INT_BLOCK(i16, int16_t, int64_t)
RK_INT_BLOCK(i32, int32_t, int64_t)
RK_INT_BLOCK(i64, int64_t, int64_t)
RK_INT_BLOCK(u8, uint8_t, uint64_t)
RK_INT_BLOCK(u16, uint16_t, uint64_t)
RK_INT_BLOCK(u32, uint32_t, uint64_t)
RK_INT_BLOCK(u64, uint64_t, uint64_t)

/* whether any, or all, of n elements differ from 0 */
static uint64_t rk_truth(int dtype, const void *src, ptrdiff_t n, int all)
{
    int found = 0;   /* an element like the one that decides */
#define RK_CASE(CODE, NAME, T, W) \
    case CODE: { \
        const T *x = (const T *)src; \
        for (ptrdiff_t i = 0; i < n && !found; i += 1024) { \
            const ptrdiff_t to = n - i < 1024 ? n : i + 1024; \
            for (ptrdiff_t j = i; j < to; j++) found |= (x[j] != 0) ^ all; \
        } \
        break; \
    }
    switch (dtype) {
    RK_INTS(RK_CASE)
    RK_CASE(RK_BOOL, b, uint8_t, 0)
    RK_CASE(RK_FLOAT32, f32, float, 0)
    RK_CASE(RK_FLOAT64, f64, double, 0)
    }
#undef RK_CASE
    return (uint64_t)(found ^ all);
}

#define RK_FLOAT_BLOCK(NAME, T) \
static double rk_block_##NAME(int op, const T *x, ptrdiff_t n) \
{ \
    switch (op) { \
    case RK_MAX: return rk_extreme_##NAME(x, n, 0, 0); \
    case RK_MIN: return rk_extreme_##NAME(x, n, 1, 0); \
    case RK_MAXMAG: return rk_extreme_##NAME(x, n, 0, 1); \
    case RK_MINMAG: return rk_extreme_##NAME(x, n, 1, 1); \
    case RK_ASUM: return rk_asum_##NAME(x, n); \
    case RK_SUMSQ: case RK_NRM2: return rk_sumsq_##NAME(x, n); \
    case RK_PROD: return rk_prod_##NAME(x, n); \
    default: return rk_sum_##NAME(x, n); \
    } \
}
RK_FLOAT_BLOCK(f32, float)
RK_FLOAT_BLOCK(f64, double)

static rk_part rk_block(int op, int dtype, const void *x, ptrdiff_t n)
{
    rk_part p = { .u = 0 };
    if (op == RK_ANY || op == RK_ALL_TRUE) {
        p.u = rk_truth(dtype, x, n, op == RK_ALL_TRUE);
        return p;
    }
    switch (dtype) {
    case RK_FLOAT32: p.d = rk_block_f32(op, (const float *)x, n); break;
    case RK_FLOAT64: p.d = rk_block_f64(op, (const double *)x, n); break;
    case RK_BOOL: return rk_block_u8(op, (const uint8_t *)x, n);
    case RK_INT32:
        if (op != RK_MAX && op != RK_MIN)
            return rk_block_i32(op, (const int32_t *)x, n);
        p.i = op == RK_MIN ? rk_extreme_i32((const int32_t *)x, n, 1) : rk_extreme_i32((const int32_t *)x, n, 0);
        return p;
#define RK_CASE(CODE, NAME, T, W) case CODE: return rk_block_##NAME(op, (const T *)x, n);
    RK_CASE(RK_INT8, i8, int8_t, 0)
    RK_CASE(RK_INT16, i16, int16_t, 0)
    RK_CASE(RK_INT64, i64, int64_t, 0)
    RK_UINTS(RK_CASE)
#undef RK_CASE
    }
    return p;
}

/* ---- one contiguous or strided line ---- */

/* elements that make a chunk of a line of n: at most RK_REDUCE_CHUNKS chunks, whole blocks each */
static ptrdiff_t rk_chunk(ptrdiff_t n)
{
    const ptrdiff_t blocks = (n + RK_REDUCE_BLOCK - 1) / RK_REDUCE_BLOCK;
    return (blocks + RK_REDUCE_CHUNKS - 1) / RK_REDUCE_CHUNKS * RK_REDUCE_BLOCK;
}

/* one chunk, block after block; with increments, blocks are packed first */
static rk_part rk_reduce_chunk(int op, int dtype, const char *x, ptrdiff_t inc, ptrdiff_t n)
{
    const int size = rk_dtype_size(dtype);
    if (inc == 1 && n <= RK_REDUCE_BLOCK)
        return rk_block(op, dtype, x, n);
    rk_part total = rk_start(op, dtype);
    uint64_t packed[RK_CHUNK];
    const ptrdiff_t step = inc == 1 ? RK_REDUCE_BLOCK : RK_CHUNK;
    for (ptrdiff_t i = 0; i < n; i += step) {
        const ptrdiff_t m = n - i < step ? n - i : step;
        const void *block = x + i * inc * size;
        if (inc != 1) {
            rk_pack(size, block, inc, packed, m);
            block = packed;
        }
        total = rk_join(op, dtype, total, rk_block(op, dtype, block, m));
    }
    return total;
}

typedef struct {
    int op, dtype, size;
    const char *x, *x2;
    ptrdiff_t n, inc, inc2, chunk;
    rk_part *parts;
} rk_reduce_job;

static void rk_reduce_chunks_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_reduce_job *job = (const rk_reduce_job *)context;
    for (ptrdiff_t i = begin; i < end; i++) {
        const ptrdiff_t from = i * job->chunk, m = job->n - from < job->chunk ? job->n - from : job->chunk;
        job->parts[i] = rk_reduce_chunk(job->op, job->dtype, job->x + from * job->inc * job->size, job->inc, m);
    }
}

/* a line of n elements; threads may share it where `share` is set */
static rk_part rk_reduce_line(int op, int dtype, const void *x, ptrdiff_t n, ptrdiff_t inc, int share)
{
    if (n <= RK_REDUCE_BLOCK)
        return n ? rk_reduce_chunk(op, dtype, (const char *)x, inc, n) : rk_start(op, dtype);
    rk_part parts[RK_REDUCE_CHUNKS];
    rk_reduce_job job = { .op = op, .dtype = dtype, .size = rk_dtype_size(dtype), .x = (const char *)x, .n = n,
                          .inc = inc, .chunk = rk_chunk(n), .parts = parts };
    const ptrdiff_t chunks = (n + job.chunk - 1) / job.chunk;
    if (share)
        rk_parallel_even(rk_reduce_chunks_task, &job, chunks, job.chunk >= 4 * RK_REDUCE_BLOCK ? 1 : job.size == 8 ? 2 : 4,
                         1);
    else
        rk_reduce_chunks_task(&job, 0, chunks);
    rk_part total = rk_start(op, dtype);
    for (ptrdiff_t i = 0; i < chunks; i++)
        total = rk_join(op, dtype, total, parts[i]);
    return total;
}

/* The root of a sum of squares that left the range of doubles: again, with the elements divided by the largest. */
RK_NOINLINE double rk_nrm2_scaled(const double *x, ptrdiff_t n, ptrdiff_t inc)
{
    double big = 0, sum = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        big = rk_greater_f64(fabs(x[i * inc]), big);
    if (!(big > 0 && big < INFINITY))
        return big;
    for (ptrdiff_t i = 0; i < n; i++) {
        const double v = x[i * inc] / big;
        sum += v * v;
    }
    return big * sqrt(sum);
}

static double rk_nrm2_finish(int dtype, rk_part p, const void *x, ptrdiff_t n, ptrdiff_t inc)
{
    if (!rk_is_float(dtype))
        return sqrt((double)p.u);
    if (dtype == RK_FLOAT64 && !(p.d < INFINITY && p.d > 0x1p-960) && p.d == p.d)
        return rk_nrm2_scaled((const double *)x, n, inc);
    return sqrt(p.d);
}

/* ---- results ---- */

/* y[at] from the partial result p of the n elements at x, inc apart */
static void rk_put(int op, int dtype, rk_part p, const void *x, ptrdiff_t n, ptrdiff_t inc, void *y, ptrdiff_t at)
{
    if (op == RK_ANY || op == RK_ALL_TRUE) {
        ((uint8_t *)y)[at] = (uint8_t)p.u;
        return;
    }
    if (rk_is_float(dtype)) {
        double v = op == RK_MEAN ? p.d / (double)n : op == RK_NRM2 ? rk_nrm2_finish(dtype, p, x, n, inc) : p.d;
        if (dtype == RK_FLOAT32)
            ((float *)y)[at] = (float)v;
        else
            ((double *)y)[at] = v;
        return;
    }
    uint64_t v = p.u;
    if (op == RK_MEAN)
        v = n == 0 ? 0 : rk_is_unsigned(dtype) ? p.u / (uint64_t)n : (uint64_t)(p.i / (int64_t)n);
    else if (op == RK_NRM2)
        v = (uint64_t)sqrt((double)p.u);
    switch (dtype) {
    case RK_BOOL: ((uint8_t *)y)[at] = op == RK_MEAN ? p.u == (uint64_t)n : v != 0; break;
    case RK_INT8: case RK_UINT8: ((uint8_t *)y)[at] = (uint8_t)v; break;
    case RK_INT16: case RK_UINT16: ((uint16_t *)y)[at] = (uint16_t)v; break;
    case RK_INT32: case RK_UINT32: ((uint32_t *)y)[at] = (uint32_t)v; break;
    default: ((uint64_t *)y)[at] = v;
    }
}

/* the same for `cols` columns of x */
static void rk_put_row(int op, int dtype, const rk_part *p, const char *x, ptrdiff_t n, ptrdiff_t inc, ptrdiff_t cols,
                       void *y, ptrdiff_t at)
{
    const int plain = op != RK_NRM2 && op != RK_ANY && op != RK_ALL_TRUE, size = rk_dtype_size(dtype);
    const double by = op == RK_MEAN ? (double)n : 1;
    if (plain && dtype == RK_FLOAT32)
        for (ptrdiff_t j = 0; j < cols; j++)
            ((float *)y)[at + j] = (float)(p[j].d / by);
    else if (plain && dtype == RK_FLOAT64)
        for (ptrdiff_t j = 0; j < cols; j++)
            ((double *)y)[at + j] = p[j].d / by;
    else if (plain && op != RK_MEAN && dtype == RK_INT32)
        for (ptrdiff_t j = 0; j < cols; j++)
            ((uint32_t *)y)[at + j] = (uint32_t)p[j].u;
    else
        for (ptrdiff_t j = 0; j < cols; j++)
            rk_put(op, dtype, p[j], x + j * size, n, inc, y, at + j);
}

/* ---- columns: reductions along an axis that is not the last ---- */

enum {
    RK_TILE = 256,    /* columns whose partial results and places are kept in the first-level cache */
    RK_COLS = 3072    /* the same for one partial result each: rows are read in pieces as long as can be */
};

/* Four rows at a time are read from as many places, which what fetches by itself follows badly, most of all where a row
 * ends: so four lines of the next four rows are asked for at each column that begins one. Where the processor's own
 * requests keep up, these go into the second cache, as the first one is busy with those, and in the order of memory if
 * the rows leave no gap. */
RK_INLINE int rk_asks_rows(ptrdiff_t cols, int more) { return rk_near_bytes ? more && cols >= 512 : cols >= 128; }
RK_INLINE void rk_prefetch_rows(const void *rows, ptrdiff_t j, ptrdiff_t cols, ptrdiff_t ld, int size)
{
    const char *next = (const char *)rows + 4 * ld * size;
    if (rk_near_bytes)
        for (int k = 0; k < 4; k++)
            rk_prefetch(next + (k * ld + j) * size);
    else if (cols == ld)
        for (int k = 0; k < 4; k++)
            rk_prefetch_later(next + 4 * j * size + 64 * k);
    else
        for (int k = 0; k < 4; k++)
            rk_prefetch_later(next + (k * ld + j) * size);
}

/* the statement for each column j of the four rows from a on, line by line where they ask for the next ones */
#define RK_ASKING_LINES(T, ...) do { \
    enum { PER_LINE = 64 / sizeof(T) }; \
    ptrdiff_t line = 0; \
    if (!rk_near_bytes && rk_asks_rows(cols, 1)) \
        for (; line + PER_LINE <= cols; line += PER_LINE) { \
            rk_prefetch_rows(a, line, cols, ld, sizeof(T)); \
            RK_LINE_LOOP for (int k = 0; k < PER_LINE; k++) { const ptrdiff_t j = line + k; __VA_ARGS__; } \
        } \
    RK_IVDEP for (ptrdiff_t j = line; j < cols; j++) { __VA_ARGS__; } \
    } while (0)

/* acc[j] = op(acc[j], x[r*ld + j]) for rows r: in order, sums by fours */
#define RK_ROWS4(STEP4, STEP1) do { \
    ptrdiff_t r = 0; \
    for (; r + 4 <= rows; r += 4) { \
        const T *a = x + r * ld, *b = a + ld, *c = b + ld, *d = c + ld; \
        RK_ASKING_LINES(T, A s = acc[j]; STEP4; acc[j] = s); \
    } \
    for (; r < rows; r++) { \
        const T *a = x + r * ld; \
        RK_IVDEP for (ptrdiff_t j = 0; j < cols; j++) { A s = acc[j]; const A v = (A)a[j]; STEP1; acc[j] = s; } \
    } \
    } while (0); break
#define RK_ROWS1(STEP1) do { \
    for (ptrdiff_t r = 0; r < rows; r++) { \
        const T *a = x + r * ld; \
        RK_IVDEP for (ptrdiff_t j = 0; j < cols; j++) { A s = acc[j]; const A v = (A)a[j]; STEP1; acc[j] = s; } \
    } \
    } while (0); break

/* The extremes, or extreme magnitudes, of columns in their own type; nan if there is one. The last two arguments are
 * constants. Four rows at a time, of which the last may be the same: that changes nothing. */
#define RK_COLS_EXTREME(NAME, T, V, LANES, MASK) \
RK_INLINE void rk_cols_extreme_##NAME(const T *x, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t ld, \
                                      double *RK_RESTRICT acc, int smallest, int magnitude) \
{ \
    enum { L = LANES }; \
    _Alignas(64) T best[RK_COLS]; \
    const rk_##V none = rk_set1_##V((T)NAN); \
    for (ptrdiff_t j = 0; j < cols; j++) \
        best[j] = (T)acc[j]; \
    for (ptrdiff_t r = 0; r < rows; r += 4) { \
        const T *a = x + r * ld, *b = r + 1 < rows ? a + ld : a, *c = r + 2 < rows ? b + ld : b; \
        const T *d = r + 3 < rows ? c + ld : c; \
        const int asks = !rk_near_bytes && rk_asks_rows(cols, 1); \
        ptrdiff_t j = 0; \
        for (; j + L <= cols; j += L) { \
            if (asks && j * (ptrdiff_t)sizeof(T) % 64 == 0) \
                rk_prefetch_rows(a, j, cols, ld, sizeof(T)); \
            rk_##V p = rk_load_##V(a + j), q = rk_load_##V(b + j), s = rk_load_##V(c + j), t = rk_load_##V(d + j); \
            const MASK lost = rk_unordered_##V(p, q) | rk_unordered_##V(s, t); \
            if (magnitude) { \
                p = rk_abs_##V(p); \
                q = rk_abs_##V(q); \
                s = rk_abs_##V(s); \
                t = rk_abs_##V(t); \
            } \
            q = smallest ? rk_min_##V(q, p) : rk_max_##V(q, p); \
            t = smallest ? rk_min_##V(t, s) : rk_max_##V(t, s); \
            t = smallest ? rk_min_##V(t, q) : rk_max_##V(t, q); \
            p = rk_load_##V(best + j); \
            t = smallest ? rk_min_##V(t, p) : rk_max_##V(t, p); \
            rk_store_##V(best + j, rk_select_##V(lost, none, t)); \
        } \
        for (; j < cols; j++) { \
            const T row[4] = { a[j], b[j], c[j], d[j] }; \
            for (int k = 0; k < 4; k++) { \
                const T v = magnitude && row[k] < 0 ? -row[k] : row[k]; \
                best[j] = (smallest ? v < best[j] : v > best[j]) | (v != v) ? v : best[j]; \
            } \
        } \
    } \
    for (ptrdiff_t j = 0; j < cols; j++) \
        acc[j] = (double)best[j]; \
}
RK_COLS_EXTREME(f32, float, vf32, RK_VF32_LANES, rk_m32)
RK_COLS_EXTREME(f64, double, vf64, RK_VF64_LANES, rk_m64)

#define RK_COLS_FLOAT(NAME, T_) \
static void rk_cols_sum_##NAME(const T_ *x, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t ld, double *RK_RESTRICT acc) \
{ \
    enum { L = RK_VF64_LANES }; \
    ptrdiff_t r = 0; \
    for (; r + 4 <= rows; r += 4) { \
        const T_ *a = x + r * ld, *b = a + ld, *c = b + ld, *d = c + ld; \
        const int asks = rk_asks_rows(cols, r + 8 <= rows); \
        ptrdiff_t j = 0; \
        for (; j + L <= cols; j += L) { \
            if (asks && j * (ptrdiff_t)sizeof(T_) % 64 == 0) \
                rk_prefetch_rows(a, j, cols, ld, sizeof(T_)); \
            const rk_vf64 p = rk_widen_##NAME(a + j) + rk_widen_##NAME(b + j); \
            const rk_vf64 q = rk_widen_##NAME(c + j) + rk_widen_##NAME(d + j); \
            rk_store_vf64(acc + j, rk_load_vf64(acc + j) + (p + q)); \
        } \
        for (; j < cols; j++) \
            acc[j] += ((double)a[j] + (double)b[j]) + ((double)c[j] + (double)d[j]); \
    } \
    for (; r < rows; r++) \
        for (ptrdiff_t j = 0; j < cols; j++) \
            acc[j] += (double)x[r * ld + j]; \
} \
static void rk_cols_##NAME(int op, const T_ *x, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t ld, double *RK_RESTRICT acc) \
{ \
    typedef T_ T; \
    typedef double A; \
    switch (op) { \
    case RK_SUM: case RK_MEAN: rk_cols_sum_##NAME(x, rows, cols, ld, acc); break; \
    case RK_MAX: rk_cols_extreme_##NAME(x, rows, cols, ld, acc, 0, 0); break; \
    case RK_MIN: rk_cols_extreme_##NAME(x, rows, cols, ld, acc, 1, 0); break; \
    case RK_MAXMAG: rk_cols_extreme_##NAME(x, rows, cols, ld, acc, 0, 1); break; \
    case RK_MINMAG: rk_cols_extreme_##NAME(x, rows, cols, ld, acc, 1, 1); break; \
    case RK_ASUM: RK_ROWS4(s += (fabs((A)a[j]) + fabs((A)b[j])) + (fabs((A)c[j]) + fabs((A)d[j])), s += fabs(v)); \
    case RK_SUMSQ: case RK_NRM2: RK_ROWS1(s += v * v); \
    case RK_PROD: RK_ROWS1(s *= v); \
    } \
}
RK_COLS_FLOAT(f32, float)
RK_COLS_FLOAT(f64, double)

#define RK_COLS_INT(NAME, T_, A_) \
RK_INLINE void rk_cols_extreme_##NAME(const T_ *x, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t ld, A_ *RK_RESTRICT acc, \
                                      int smallest) \
{ \
    T_ best[RK_COLS]; \
    memcpy(best, x, (size_t)cols * sizeof(T_)); \
    for (ptrdiff_t r = 1; r < rows; r += 4) { \
        const T_ *a = x + r * ld, *b = r + 1 < rows ? a + ld : a, *c = r + 2 < rows ? b + ld : b; \
        const T_ *d = r + 3 < rows ? c + ld : c; \
        RK_ASKING_LINES(T_, \
            const T_ p = (smallest ? a[j] < b[j] : a[j] > b[j]) ? a[j] : b[j]; \
            const T_ q = (smallest ? c[j] < d[j] : c[j] > d[j]) ? c[j] : d[j]; \
            const T_ m = best[j], v = (smallest ? p < q : p > q) ? p : q; \
            best[j] = (smallest ? m < v : m > v) ? m : v); \
    } \
    for (ptrdiff_t j = 0; j < cols; j++) \
        acc[j] = (smallest ? (A_)best[j] < acc[j] : (A_)best[j] > acc[j]) ? (A_)best[j] : acc[j]; \
} \
static void rk_cols_##NAME(int op, const T_ *x, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t ld, rk_part *part) \
{ \
    typedef T_ T; \
    typedef A_ A; \
    A *RK_RESTRICT acc = (A *)part; \
    switch (op) { \
    case RK_SUM: case RK_MEAN: \
        RK_ROWS4(s = (A)((uint64_t)s + ((uint64_t)(A)a[j] + (uint64_t)(A)b[j]) \
                         + ((uint64_t)(A)c[j] + (uint64_t)(A)d[j])), s = (A)((uint64_t)s + (uint64_t)v)); \
    case RK_MAX: if (rows) rk_cols_extreme_##NAME(x, rows, cols, ld, acc, 0); break; \
    case RK_MIN: if (rows) rk_cols_extreme_##NAME(x, rows, cols, ld, acc, 1); break; \
    case RK_ASUM: RK_ROWS1(s = (A)((uint64_t)s + RK_MAG_##A_(v))); \
    case RK_SUMSQ: case RK_NRM2: RK_ROWS1(s = (A)((uint64_t)s + (uint64_t)v * (uint64_t)v)); \
    case RK_PROD: RK_ROWS1(s = (A)((uint64_t)s * (uint64_t)v)); \
    } \
}
RK_COLS_INT(i8, int8_t, int64_t)
RK_COLS_INT(i16, int16_t, int64_t)
RK_COLS_INT(i32, int32_t, int64_t)
RK_COLS_INT(i64, int64_t, int64_t)
RK_COLS_INT(u8, uint8_t, uint64_t)
RK_COLS_INT(u16, uint16_t, uint64_t)
RK_COLS_INT(u32, uint32_t, uint64_t)
RK_COLS_INT(u64, uint64_t, uint64_t)

static void rk_cols_truth(int dtype, const void *src, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t ld, rk_part *part,
                          int all)
{
#define RK_CASE(CODE, NAME, T, W) \
    case CODE: \
        for (ptrdiff_t r = 0; r < rows; r++) { \
            const T *x = (const T *)src + r * ld; \
            for (ptrdiff_t j = 0; j < cols; j++) \
                part[j].u = all ? part[j].u & (x[j] != 0) : part[j].u | (x[j] != 0); \
        } \
        break;
    switch (dtype) {
    RK_INTS(RK_CASE)
    RK_CASE(RK_BOOL, b, uint8_t, 0)
    RK_CASE(RK_FLOAT32, f32, float, 0)
    RK_CASE(RK_FLOAT64, f64, double, 0)
    }
#undef RK_CASE
}

static void rk_cols_run(int op, int dtype, const void *x, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t ld, rk_part *acc)
{
    if (op == RK_ANY || op == RK_ALL_TRUE) {
        rk_cols_truth(dtype, x, rows, cols, ld, acc, op == RK_ALL_TRUE);
        return;
    }
    switch (dtype) {
    case RK_FLOAT32: rk_cols_f32(op, (const float *)x, rows, cols, ld, &acc->d); break;
    case RK_FLOAT64: rk_cols_f64(op, (const double *)x, rows, cols, ld, &acc->d); break;
    case RK_BOOL: rk_cols_u8(op, (const uint8_t *)x, rows, cols, ld, acc); break;
#define RK_CASE(CODE, NAME, T, W) case CODE: rk_cols_##NAME(op, (const T *)x, rows, cols, ld, acc); break;
    RK_INTS(RK_CASE)
#undef RK_CASE
    }
}

/* acc[j] joined with `rows` rows of partial results, ld apart, in order */
static void rk_fold(int op, int dtype, const rk_part *part, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t ld, rk_part *acc)
{
    const int sums = op == RK_MEAN || op == RK_ASUM || op == RK_SUMSQ || op == RK_NRM2;
    const int type = rk_is_float(dtype) ? RK_FLOAT64 : rk_is_unsigned(dtype) ? RK_UINT64 : RK_INT64;
    if (op == RK_ANY || op == RK_ALL_TRUE)
        rk_cols_truth(RK_UINT64, part, rows, cols, ld, acc, op == RK_ALL_TRUE);
    else
        for (ptrdiff_t j = 0; j < cols; j += RK_COLS)
            rk_cols_run(sums ? RK_SUM : op, type, part + j, rows, cols - j < RK_COLS ? cols - j : RK_COLS, ld, acc + j);
}

/* `cols` columns of `rows` rows into acc (set here). Few columns are widened: several rows side by side. */
static void rk_cols_chunk(int op, int dtype, const char *x, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t ld, rk_part *acc)
{
    rk_part wide[RK_TILE];
    const rk_part start = rk_start(op, dtype);
    const ptrdiff_t group = cols == ld && cols <= 16 ? RK_TILE / 2 / cols : 1;
    for (ptrdiff_t j = 0; j < cols; j++)
        acc[j] = start;
    if (group == 1 || rows < 2 * group) {
        rk_cols_run(op, dtype, x, rows, cols, ld, acc);
        return;
    }
    const ptrdiff_t width = group * cols, rest = rows % group;
    for (ptrdiff_t j = 0; j < width; j++)
        wide[j] = start;
    rk_cols_run(op, dtype, x, rows / group, width, width, wide);
    rk_cols_run(op, dtype, x + (rows - rest) * ld * rk_dtype_size(dtype), rest, cols, ld, wide);
    rk_fold(op, dtype, wide, group, cols, cols, acc);
}

typedef struct {
    int op, dtype, size;
    const char *x;
    char *y;
    ptrdiff_t outer, n, inner;
    ptrdiff_t tile, tiles;   /* columns at a time, and how many such pieces a row has */
    ptrdiff_t chunk;         /* rows */
    ptrdiff_t chunks;
    rk_part *parts;          /* (outer, chunks, inner), or NULL */
} rk_cols_job;

/* whole columns: a tile's chunks one after the other */
static void rk_cols_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_cols_job *job = (const rk_cols_job *)context;
    rk_part total[RK_COLS], part[RK_COLS];
    for (ptrdiff_t unit = begin; unit < end; unit++) {
        const ptrdiff_t o = unit / job->tiles, first = unit % job->tiles * job->tile;
        const ptrdiff_t cols = job->inner - first < job->tile ? job->inner - first : job->tile;
        const char *x = job->x + (o * job->n * job->inner + first) * job->size;
        for (ptrdiff_t c = 0; c < job->chunks; c++) {
            const ptrdiff_t row = c * job->chunk, rows = job->n - row < job->chunk ? job->n - row : job->chunk;
            rk_cols_chunk(job->op, job->dtype, x + row * job->inner * job->size, rows, cols, job->inner,
                          c ? part : total);
            if (c)
                rk_fold(job->op, job->dtype, part, 1, cols, cols, total);
        }
        rk_put_row(job->op, job->dtype, total, x, job->n, job->inner, cols, job->y, o * job->inner + first);
    }
}

/* one chunk of one tile */
static void rk_cols_part_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_cols_job *job = (const rk_cols_job *)context;
    for (ptrdiff_t unit = begin; unit < end; unit++) {
        const ptrdiff_t tile = unit % job->tiles, c = unit / job->tiles % job->chunks;
        const ptrdiff_t o = unit / job->tiles / job->chunks, first = tile * job->tile;
        const ptrdiff_t cols = job->inner - first < job->tile ? job->inner - first : job->tile, row = c * job->chunk;
        rk_cols_chunk(job->op, job->dtype, job->x + ((o * job->n + row) * job->inner + first) * job->size,
                      job->n - row < job->chunk ? job->n - row : job->chunk, cols, job->inner,
                      job->parts + (o * job->chunks + c) * job->inner + first);
    }
}

static void rk_reduce_cols(int op, int dtype, const char *x, char *y, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner)
{
    rk_cols_job job = { .op = op, .dtype = dtype, .size = rk_dtype_size(dtype), .x = x, .y = y, .outer = outer, .n = n,
                        .inner = inner, .tiles = (inner + RK_COLS - 1) / RK_COLS };
    job.tile = (inner + job.tiles - 1) / job.tiles;
    const ptrdiff_t total = outer * n * inner, units = outer * job.tiles, least = inner >= 1024 ? 64 : 65536 / inner;
    job.chunk = (n + 63) / 64 > least ? (n + 63) / 64 : least;
    job.chunks = n > 0 ? (n + job.chunk - 1) / job.chunk : 1;
    if (total <= RK_GRAIN_CHEAP || rk_threads() == 1) {
        rk_cols_task(&job, 0, units);
        return;
    }
    if (job.chunks > 1 && units < 32)
        job.parts = (rk_part *)malloc((size_t)(outer * job.chunks * inner) * sizeof(rk_part));
    if (!job.parts) {   /* enough columns for every thread, or no memory: the same sums in the same order */
        ptrdiff_t grain = RK_GRAIN_CHEAP / (n * job.tile + 1);
        rk_parallel(rk_cols_task, &job, units, grain > 1 ? grain : 1);
        return;
    }
    const ptrdiff_t grain = RK_GRAIN_CHEAP / (job.chunk * job.tile + 1);
    rk_parallel(rk_cols_part_task, &job, units * job.chunks, grain > 1 ? grain : 1);
    for (ptrdiff_t o = 0; o < outer; o++) {
        rk_part *sum = job.parts + o * job.chunks * inner;
        for (ptrdiff_t c = 1; c < job.chunks; c++)
            rk_fold(op, dtype, sum + c * inner, 1, inner, inner, sum);
        rk_put_row(op, dtype, sum, x + o * n * inner * job.size, n, inner, inner, y, o * inner);
    }
    free(job.parts);
}

/* ---- index of an extreme ---- */

/* what the search compares: RK_MAX, RK_MIN, RK_MAXMAG, RK_MINMAG */
static inline int rk_arg_search(int op)
{
    return op == RK_ARGMAX ? RK_MAX : op == RK_ARGMIN ? RK_MIN : op == RK_ARGAMAX ? RK_MAXMAG : RK_MINMAG;
}

/* whether b beats a; a nan beats everything but a nan */
static inline int rk_beats(int op, int dtype, rk_part b, rk_part a)
{
    if (rk_is_float(dtype)) {
        if (a.d != a.d)
            return 0;
        return op == RK_MAX || op == RK_MAXMAG ? !(b.d <= a.d) : !(b.d >= a.d);
    }
    switch (op) {
    case RK_MAX: return rk_is_unsigned(dtype) ? b.u > a.u : b.i > a.i;
    case RK_MIN: return rk_is_unsigned(dtype) ? b.u < a.u : b.i < a.i;
    case RK_MAXMAG: return b.u > a.u;
    default: return b.u < a.u;
    }
}

/* the first i < n for which HIT(x[i]); the caller knows that there is one */
#define RK_FIND(HIT) do { \
    for (; i + 64 <= n; i += 64) { \
        int hit = 0; \
        for (int j = 0; j < 64; j++) \
            hit |= HIT(x[i + j]); \
        if (hit) \
            break; \
    } \
    while (i < n - 1 && !HIT(x[i])) \
        i++; \
    } while (0)
#define RK_HIT_NAN(v) ((v) != (v))
#define RK_HIT_VALUE(v) ((v) == value)
#define RK_HIT_SIGNED(v) (((v) == value) | ((v) == opposite))

/* position of the first of n elements whose value (or magnitude) is `best` */
static ptrdiff_t rk_find(int op, int dtype, const void *src, ptrdiff_t n, rk_part best)
{
    const int magnitude = op == RK_MAXMAG || op == RK_MINMAG;
    ptrdiff_t i = 0;
#define RK_CASE(CODE, NAME, T, W) \
    case CODE: { \
        const T *x = (const T *)src; \
        const T value = (T)best.u, opposite = magnitude ? (T)((uint64_t)0 - best.u) : value; \
        RK_FIND(RK_HIT_SIGNED); \
        break; \
    }
#define RK_CASE_FLOAT(CODE, T, V, LANES) \
    case CODE: { \
        const T *x = (const T *)src; \
        const T value = (T)best.d, opposite = magnitude ? -value : value; \
        const rk_##V a = rk_set1_##V(value), b = rk_set1_##V(opposite); \
        if (best.d == best.d) \
            while (i + LANES <= n && !rk_any_##V(rk_eq_##V(rk_load_##V(x + i), a) | rk_eq_##V(rk_load_##V(x + i), b))) \
                i += LANES; \
        const ptrdiff_t near = best.d == best.d && i + LANES <= n ? i + LANES : n; \
        if (best.d != best.d) RK_FIND(RK_HIT_NAN); \
        else while (i < near - 1 && !RK_HIT_SIGNED(x[i])) i++; \
        break; \
    }
    switch (dtype) {
    RK_SINTS(RK_CASE)
    RK_CASE_FLOAT(RK_FLOAT32, float, vf32, RK_VF32_LANES)
    RK_CASE_FLOAT(RK_FLOAT64, double, vf64, RK_VF64_LANES)
#undef RK_CASE
#undef RK_CASE_FLOAT
#define RK_CASE(CODE, NAME, T, W) \
    case CODE: { \
        const T *x = (const T *)src, value = (T)best.u; \
        RK_FIND(RK_HIT_VALUE); \
        break; \
    }
    RK_UINTS(RK_CASE)
    RK_CASE(RK_BOOL, b, uint8_t, 0)
#undef RK_CASE
    }
    return i;
}

typedef struct { rk_part best; ptrdiff_t at; } rk_arg_part;

/* The search goes block by block at full speed; only the block that wins is searched for the place. */
static ptrdiff_t rk_arg_block(ptrdiff_t inc) { return inc == 1 ? RK_FAR_LEAST : RK_CHUNK; }

/* the extreme, and where the block begins that has it */
static rk_arg_part rk_arg_chunk(int op, int dtype, const char *x, ptrdiff_t inc, ptrdiff_t n)
{
    const int size = rk_dtype_size(dtype);
    const ptrdiff_t step = rk_arg_block(inc);
    uint64_t packed[RK_CHUNK];
    rk_arg_part r = { .at = 0 };
    for (ptrdiff_t i = 0; i < n; i += step) {
        const ptrdiff_t m = n - i < step ? n - i : step;
        const void *block = x + i * inc * size;
        if (inc != 1) {
            rk_pack(size, block, inc, packed, m);
            block = packed;
        }
        const rk_part p = rk_block(op, dtype, block, m);
        if (i == 0 || rk_beats(op, dtype, p, r.best)) {
            r.best = p;
            r.at = i;
        }
    }
    return r;
}

static ptrdiff_t rk_arg_place(int op, int dtype, const char *x, ptrdiff_t inc, ptrdiff_t n, rk_arg_part found)
{
    const int size = rk_dtype_size(dtype);
    const ptrdiff_t step = rk_arg_block(inc), m = n - found.at < step ? n - found.at : step;
    uint64_t packed[RK_CHUNK];
    const void *block = x + found.at * inc * size;
    if (inc != 1) {
        rk_pack(size, block, inc, packed, m);
        block = packed;
    }
    return found.at + rk_find(op, dtype, block, m, found.best);
}

typedef struct {
    int op, dtype, size;
    const char *x;
    ptrdiff_t n, inc, chunk;
    rk_arg_part *parts;
} rk_arg_job;

static void rk_arg_chunks_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_arg_job *job = (const rk_arg_job *)context;
    for (ptrdiff_t i = begin; i < end; i++) {
        const ptrdiff_t from = i * job->chunk, m = job->n - from < job->chunk ? job->n - from : job->chunk;
        job->parts[i] = rk_arg_chunk(job->op, job->dtype, job->x + from * job->inc * job->size, job->inc, m);
        job->parts[i].at += from;
    }
}

static ptrdiff_t rk_arg_line(int op, int dtype, const void *x, ptrdiff_t n, ptrdiff_t inc, int share)
{
    if (n == 0)
        return 0;
    if (n <= RK_REDUCE_BLOCK || !share)
        return rk_arg_place(op, dtype, (const char *)x, inc, n, rk_arg_chunk(op, dtype, (const char *)x, inc, n));
    rk_arg_part parts[RK_REDUCE_CHUNKS];
    rk_arg_job job = { op, dtype, rk_dtype_size(dtype), (const char *)x, n, inc, rk_chunk(n), parts };
    const ptrdiff_t chunks = (n + job.chunk - 1) / job.chunk;
    rk_parallel_even(rk_arg_chunks_task, &job, chunks, job.chunk >= 4 * RK_REDUCE_BLOCK ? 1 : job.size == 8 ? 2 : 4, 1);
    rk_arg_part best = parts[0];
    for (ptrdiff_t i = 1; i < chunks; i++)
        if (rk_beats(op, dtype, parts[i].best, best.best))
            best = parts[i];
    return rk_arg_place(op, dtype, (const char *)x, inc, n, best);
}

/* Rows that stay in the cache: the extreme and the first block that has it, then the first element there equal to it.
 * Each lane notes the block in which it last changed. */
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
RK_INLINE int rk_first_m32(rk_m32 m) { return __builtin_ctz(m); }
RK_INLINE int rk_first_m64(rk_m64 m) { return __builtin_ctz(m); }
RK_INLINE rk_m32 rk_eq_vi32(rk_vi32 a, rk_vi32 b) { return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b); }
#else
#if defined(RK_X86_INTRINSICS)
RK_INLINE int rk_first_m32(rk_m32 m) { return __builtin_ctz((unsigned)RK_MM(movemask_ps)((RK_M32)m)); }
RK_INLINE int rk_first_m64(rk_m64 m) { return __builtin_ctz((unsigned)RK_MM(movemask_pd)((RK_M64)m)); }
#elif defined(__GNUC__)
RK_INLINE int rk_first_m32(rk_m32 m) { int i = 0; while (!m[i]) i++; return i; }
RK_INLINE int rk_first_m64(rk_m64 m) { int i = 0; while (!m[i]) i++; return i; }
#else
RK_INLINE int rk_first_m32(rk_m32 m) { (void)m; return 0; }
RK_INLINE int rk_first_m64(rk_m64 m) { (void)m; return 0; }
#endif
RK_INLINE rk_m32 rk_eq_vi32(rk_vi32 a, rk_vi32 b) { return (rk_m32)(a == b); }
#endif

enum { RK_ARG_ROW = 8192 };   /* the longest such row */
#define RK_ARG_ROWS(NAME, T, V, M, F, PLACE, LANES, LOST) \
/* the position of the first largest, or smallest, of n >= LANES elements; -1 if one is nan */ \
RK_INLINE ptrdiff_t rk_arg_row_##NAME(const T *x, ptrdiff_t n, int smallest) \
{ \
    enum { L = LANES }; \
    /* Elements of a block. Notes cost more than a second look where a line holds many elements, or rows are short. */ \
    const ptrdiff_t step = sizeof *x < 8 || n <= 64 * L ? n : 16 * L; \
    rk_##V m[4], v[4]; \
    for (int k = 0; k < 4; k++) \
        m[k] = rk_load_##V(x); \
    rk_##M lost = LOST(m[0], m[0]); \
    rk_##V best = m[0]; \
    rk_##F block = rk_set1_##F(0);   /* its first element's index, which the type holds exactly */ \
    const ptrdiff_t ahead = 2 * rk_near_bytes; \
    for (ptrdiff_t first = 0; first < n; first += step) { \
        const ptrdiff_t end = first + step < n ? first + step : n; \
        ptrdiff_t i = first; \
        for (; i + 4 * L <= end; i += 4 * L) { \
            for (int k = 0; k < 4; k++) { \
                if (k * L * (int)sizeof *x % 64 == 0) \
                    rk_prefetch((const char *)(x + i + k * L) + ahead); \
                v[k] = rk_load_##V(x + i + k * L); \
                m[k] = smallest ? rk_min_##V(v[k], m[k]) : rk_max_##V(v[k], m[k]); \
            } \
            lost |= LOST(v[0], v[1]) | LOST(v[2], v[3]); \
        } \
        for (; i < end; i += L) {   /* the last vector may begin in the one before */ \
            v[0] = rk_load_##V(x + (i + L <= n ? i : n - L)); \
            lost |= LOST(v[0], v[0]); \
            m[0] = smallest ? rk_min_##V(v[0], m[0]) : rk_max_##V(v[0], m[0]); \
        } \
        v[0] = smallest ? rk_min_##V(m[0], m[1]) : rk_max_##V(m[0], m[1]); \
        v[1] = smallest ? rk_min_##V(m[2], m[3]) : rk_max_##V(m[2], m[3]); \
        v[0] = smallest ? rk_min_##V(v[0], v[1]) : rk_max_##V(v[0], v[1]); \
        block = rk_select_##F(rk_eq_##V(v[0], best), block, rk_set1_##F((PLACE)first)); \
        best = v[0]; \
    } \
    if (RK_ANY_##M(lost)) \
        return -1; \
    T lane[L]; \
    rk_store_##V(lane, best); \
    for (int k = L / 2; k; k >>= 1) \
        for (int j = 0; j < k; j++) \
            lane[j] = (smallest ? lane[j + k] < lane[j] : lane[j + k] > lane[j]) ? lane[j + k] : lane[j]; \
    v[0] = rk_set1_##V(lane[0]); \
    ptrdiff_t i = 0; \
    if (n > step) { \
        PLACE from[L]; \
        rk_store_##F(from, rk_select_##F(rk_eq_##V(best, v[0]), block, rk_set1_##F((PLACE)n))); \
        for (int k = L / 2; k; k >>= 1) \
            for (int j = 0; j < k; j++) \
                from[j] = from[j + k] < from[j] ? from[j + k] : from[j]; \
        i = (ptrdiff_t)from[0]; \
    } \
    best = v[0]; \
    for (; i + 4 * L <= n; i += 4 * L) { \
        rk_##M hit = rk_eq_##V(rk_load_##V(x + i), best); \
        for (int k = 1; k < 4; k++) \
            hit |= rk_eq_##V(rk_load_##V(x + i + k * L), best); \
        if (RK_ANY_##M(hit)) \
            break; \
    } \
    for (;; i += L) { \
        const ptrdiff_t at = i + L <= n ? i : n - L; \
        const rk_##M hit = rk_eq_##V(rk_load_##V(x + at), best); \
        if (RK_ANY_##M(hit)) \
            return at + rk_first_##M(hit); \
    } \
}
#define RK_ANY_m32 rk_any_vf32
#define RK_ANY_m64 rk_any_vf64
#define RK_LOST_NONE(a, b) ((rk_m32){ 0 })
RK_ARG_ROWS(f32, float, vf32, m32, vf32, float, RK_VF32_LANES, rk_unordered_vf32)
RK_ARG_ROWS(f64, double, vf64, m64, vf64, double, RK_VF64_LANES, rk_unordered_vf64)
RK_ARG_ROWS(i32, int32_t, vi32, m32, vf32, float, RK_VF32_LANES, RK_LOST_NONE)

/* columns: the best value so far and the row it came from */
#define RK_ARG_COLS(NAME, T_, A_, MAG, BEATS_NAN) \
static void rk_argcols_##NAME(int op, const T_ *x, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t ld, \
                              int64_t *RK_RESTRICT at) \
{ \
    A_ best[RK_TILE]; \
    const int magnitude = op == RK_MAXMAG || op == RK_MINMAG, most = op == RK_MAX || op == RK_MAXMAG; \
    for (ptrdiff_t j = 0; j < cols; j++) { \
        best[j] = magnitude ? MAG((A_)x[j]) : (A_)x[j]; \
        at[j] = 0; \
    } \
    for (ptrdiff_t r = 1; r < rows; r++) { \
        const T_ *a = x + r * ld; \
        for (ptrdiff_t j = 0; j < cols; j++) { \
            const A_ v = magnitude ? MAG((A_)a[j]) : (A_)a[j], b = best[j]; \
            const int win = (most ? v > b : v < b) | BEATS_NAN(v, b); \
            best[j] = win ? v : b; \
            at[j] = win ? r : at[j]; \
        } \
    } \
}
#define RK_NAN_WINS(v, b) ((v != v) & (b == b))
#define RK_NO_NAN(v, b) 0
#define RK_MAG_SIGNED(v) ((v) < 0 ? -(v) : (v))
RK_ARG_COLS(f32, float, float, RK_MAG_SIGNED, RK_NAN_WINS)
RK_ARG_COLS(f64, double, double, RK_MAG_SIGNED, RK_NAN_WINS)
RK_ARG_COLS(i8, int8_t, int32_t, RK_MAG_SIGNED, RK_NO_NAN)
RK_ARG_COLS(i16, int16_t, int32_t, RK_MAG_SIGNED, RK_NO_NAN)
RK_ARG_COLS(i32, int32_t, int64_t, RK_MAG_SIGNED, RK_NO_NAN)
RK_ARG_COLS(u8, uint8_t, int32_t, RK_MAG_SIGNED, RK_NO_NAN)
RK_ARG_COLS(u16, uint16_t, int32_t, RK_MAG_SIGNED, RK_NO_NAN)
RK_ARG_COLS(u32, uint32_t, int64_t, RK_MAG_SIGNED, RK_NO_NAN)
/* 64-bit integers one column at a time: the magnitude of the smallest needs the unsigned comparison */
static void rk_argcols_any(int op, int dtype, const char *x, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t ld, int64_t *at)
{
    for (ptrdiff_t j = 0; j < cols; j++, x += rk_dtype_size(dtype))
        at[j] = rk_arg_place(op, dtype, x, ld, rows, rk_arg_chunk(op, dtype, x, ld, rows));
}

static void rk_argcols(int op, int dtype, const void *x, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t ld, int64_t *at)
{
#define RK_CASE(CODE, NAME, T) case CODE: rk_argcols_##NAME(op, (const T *)x, rows, cols, ld, at); break;
    switch (dtype) {
    RK_CASE(RK_FLOAT32, f32, float)
    RK_CASE(RK_FLOAT64, f64, double)
    RK_CASE(RK_INT8, i8, int8_t)
    RK_CASE(RK_INT16, i16, int16_t)
    RK_CASE(RK_INT32, i32, int32_t)
    RK_CASE(RK_BOOL, u8, uint8_t)
    RK_CASE(RK_UINT8, u8, uint8_t)
    RK_CASE(RK_UINT16, u16, uint16_t)
    RK_CASE(RK_UINT32, u32, uint32_t)
    default: rk_argcols_any(op, dtype, (const char *)x, rows, cols, ld, at);
    }
#undef RK_CASE
}

typedef struct {
    int op, dtype, size, idx_type;   /* idx_type 0: the elements themselves are wanted */
    const char *x;
    void *y;
    ptrdiff_t n, inner, tiles;
} rk_argcols_job;

static void rk_arg_put(const rk_argcols_job *job, const char *x, ptrdiff_t inc, ptrdiff_t at, ptrdiff_t to)
{
    if (job->idx_type == RK_INT32)
        ((int32_t *)job->y)[to] = (int32_t)at;
    else if (job->idx_type)
        ((int64_t *)job->y)[to] = at;
    else
        memcpy((char *)job->y + to * job->size, x + at * inc * job->size, (size_t)job->size);
}

static void rk_argcols_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_argcols_job *job = (const rk_argcols_job *)context;
    int64_t at[RK_TILE];
    for (ptrdiff_t unit = begin; unit < end; unit++) {
        const ptrdiff_t o = unit / job->tiles, first = unit % job->tiles * RK_TILE;
        const ptrdiff_t cols = job->inner - first < RK_TILE ? job->inner - first : RK_TILE;
        const char *x = job->x + (o * job->n * job->inner + first) * job->size;
        rk_argcols(job->op, job->dtype, x, job->n, cols, job->inner, at);
        for (ptrdiff_t j = 0; j < cols; j++)
            rk_arg_put(job, x + j * job->size, job->inner, (ptrdiff_t)at[j], o * job->inner + first + j);
    }
}

static void rk_argrows_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_argcols_job *job = (const rk_argcols_job *)context;
    const int smallest = job->op == RK_MIN, quick = (job->op == RK_MAX || smallest) && job->n <= RK_ARG_ROW;
    for (ptrdiff_t o = begin; o < end; o++) {
        const char *x = job->x + o * job->n * job->size;
        ptrdiff_t at = -1;
#define RK_CASE(CODE, NAME, T, LANES) \
        if (quick && job->dtype == CODE && job->n >= LANES) \
            at = smallest ? rk_arg_row_##NAME((const T *)x, job->n, 1) : rk_arg_row_##NAME((const T *)x, job->n, 0);
        RK_CASE(RK_FLOAT32, f32, float, RK_VF32_LANES)
        else RK_CASE(RK_FLOAT64, f64, double, RK_VF64_LANES)
        else RK_CASE(RK_INT32, i32, int32_t, RK_VF32_LANES)
#undef RK_CASE
        rk_arg_put(job, x, 1, at >= 0 ? at : rk_arg_line(job->op, job->dtype, x, job->n, 1, 0), o);
    }
}

static void rk_arg_run(int search, int dtype, const void *x, void *y, int idx_type, ptrdiff_t outer, ptrdiff_t n,
                       ptrdiff_t inner)
{
    rk_argcols_job job = { search, dtype, rk_dtype_size(dtype), idx_type, (const char *)x, y, n, inner,
                           (inner + RK_TILE - 1) / RK_TILE };
    if (n == 0 || outer == 0 || inner == 0)
        return;
    if (inner == 1 && outer < 4) {
        for (ptrdiff_t o = 0; o < outer; o++) {
            const char *row = job.x + o * n * job.size;
            rk_arg_put(&job, row, 1, rk_arg_line(search, dtype, row, n, 1, 1), o);
        }
        return;
    }
    const rk_task task = inner == 1 ? rk_argrows_task : rk_argcols_task;
    const ptrdiff_t units = inner == 1 ? outer : outer * job.tiles;
    const ptrdiff_t grain = RK_GRAIN_CHEAP * units / (outer * n * inner);
    if (outer * n * inner <= RK_GRAIN_CHEAP)
        task(&job, 0, units);
    else
        rk_parallel(task, &job, units, grain > 1 ? grain : 1);
}

static void RK(argreduce)(int op, int dtype, const void *x, void *idx, int idx_type, ptrdiff_t outer, ptrdiff_t n,
                          ptrdiff_t inner)
{
    rk_arg_run(rk_arg_search(op), dtype, x, idx, idx_type, outer, n, inner);
}

/* ---- reduce ---- */

typedef struct {
    int op, dtype, size;
    const char *x;
    void *y;
    ptrdiff_t n;
} rk_rows_job;

static void rk_rows_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_rows_job *job = (const rk_rows_job *)context;
    for (ptrdiff_t o = begin; o < end; o++) {
        const char *x = job->x + o * job->n * job->size;
        rk_put(job->op, job->dtype, rk_reduce_line(job->op, job->dtype, x, job->n, 1, 0), x, job->n, 1, job->y, o);
    }
}

static void RK(reduce)(int op, int dtype, const void *x, void *y, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner)
{
    if (outer == 0 || inner == 0)
        return;
    if (op == RK_AMAX || op == RK_AMIN) {
        rk_arg_run(op == RK_AMAX ? RK_MAXMAG : RK_MINMAG, dtype, x, y, 0, outer, n, inner);
        return;
    }
    if (inner > 1) {
        rk_reduce_cols(op, dtype, (const char *)x, (char *)y, outer, n, inner);
        return;
    }
    rk_rows_job job = { op, dtype, rk_dtype_size(dtype), (const char *)x, y, n };
    if (outer < 8 && n > RK_REDUCE_BLOCK) {
        for (ptrdiff_t o = 0; o < outer; o++) {
            const char *row = job.x + o * n * job.size;
            rk_put(op, dtype, rk_reduce_line(op, dtype, row, n, 1, 1), row, n, 1, y, o);
        }
        return;
    }
    if (outer * n <= RK_GRAIN_CHEAP)
        rk_rows_task(&job, 0, outer);
    else
        rk_parallel(rk_rows_task, &job, outer, RK_GRAIN_CHEAP / (n + 8) + 1);
}

/* ---- all elements ---- */

static double rk_as_double(int dtype, rk_part p)
{
    return rk_is_float(dtype) ? p.d : rk_is_unsigned(dtype) ? (double)p.u : (double)p.i;
}

static double RK(sum_all)(int dtype, ptrdiff_t n, const void *x, ptrdiff_t inc)
{
    return rk_as_double(dtype, rk_reduce_line(RK_SUM, dtype, x, n, inc, 1));
}

static double RK(asum_all)(int dtype, ptrdiff_t n, const void *x, ptrdiff_t inc)
{
    return rk_as_double(rk_is_float(dtype) ? dtype : RK_UINT64, rk_reduce_line(RK_ASUM, dtype, x, n, inc, 1));
}

static double RK(nrm2_all)(int dtype, ptrdiff_t n, const void *x, ptrdiff_t inc)
{
    return n ? rk_nrm2_finish(dtype, rk_reduce_line(RK_SUMSQ, dtype, x, n, inc, 1), x, n, inc) : 0;
}

static int64_t RK(isum_all)(int dtype, ptrdiff_t n, const void *x, ptrdiff_t inc)
{
    return rk_reduce_line(RK_SUM, dtype, x, n, inc, 1).i;
}

static ptrdiff_t RK(arg_all)(int op, int dtype, ptrdiff_t n, const void *x, ptrdiff_t inc)
{
    return rk_arg_line(rk_arg_search(op), dtype, x, n, inc, 1);
}

static rk_part rk_dot_block(int dtype, const void *x, const void *y, ptrdiff_t n)
{
    rk_part p = { .u = 0 };
    switch (dtype) {
    case RK_FLOAT32: p.d = rk_dot_f32((const float *)x, (const float *)y, n); break;
    case RK_FLOAT64: p.d = rk_dot_f64((const double *)x, (const double *)y, n); break;
#define RK_CASE(CODE, NAME, T, W) \
    case CODE: { \
        const T *a = (const T *)x, *b = (const T *)y; \
        for (ptrdiff_t i = 0; i < n; i++) p.u += (uint64_t)a[i] * (uint64_t)b[i]; \
        break; \
    }
    RK_INTS(RK_CASE)
    RK_CASE(RK_BOOL, b, uint8_t, 0)
#undef RK_CASE
    }
    return p;
}

static void rk_dot_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_reduce_job *job = (const rk_reduce_job *)context;
    const int plain = job->inc == 1 && job->inc2 == 1, size = job->size;
    const ptrdiff_t step = plain ? RK_REDUCE_BLOCK : RK_CHUNK;
    uint64_t left[RK_CHUNK], right[RK_CHUNK];
    for (ptrdiff_t c = begin; c < end; c++) {
        const ptrdiff_t from = c * job->chunk, to = job->n - from < job->chunk ? job->n : from + job->chunk;
        rk_part total = { .u = 0 };
        for (ptrdiff_t i = from; i < to; i += step) {
            const ptrdiff_t m = to - i < step ? to - i : step;
            const void *a = job->x + i * job->inc * size, *b = job->x2 + i * job->inc2 * size;
            if (!plain) {
                rk_pack(size, a, job->inc, left, m);
                rk_pack(size, b, job->inc2, right, m);
                a = left;
                b = right;
            }
            total = rk_join(RK_SUM, job->dtype, total, rk_dot_block(job->dtype, a, b, m));
        }
        job->parts[c] = total;
    }
}

static double RK(dot_all)(int dtype, ptrdiff_t n, const void *x, ptrdiff_t incx, const void *y, ptrdiff_t incy)
{
    if (n <= RK_CHUNK && incx == 1 && incy == 1)
        return rk_as_double(dtype, rk_dot_block(dtype, x, y, n));
    rk_part parts[RK_REDUCE_CHUNKS];
    rk_reduce_job job = { .dtype = dtype, .size = rk_dtype_size(dtype), .x = (const char *)x, .x2 = (const char *)y,
                          .n = n, .inc = incx, .inc2 = incy, .chunk = n ? rk_chunk(n) : 1, .parts = parts };
    const ptrdiff_t chunks = (n + job.chunk - 1) / job.chunk;
    rk_parallel_even(rk_dot_task, &job, chunks, job.chunk >= 4 * RK_REDUCE_BLOCK ? 1 : job.size == 8 ? 1 : 2, 1);
    rk_part total = { .u = 0 };
    for (ptrdiff_t i = 0; i < chunks; i++)
        total = rk_join(RK_SUM, dtype, total, parts[i]);
    return rk_as_double(dtype, total);
}

/* ---- softmax ---- */

enum { RK_SOFTMAX_KEPT = 16384 };   /* bytes of the longest row that is kept while the next is worked on */

#define RK_SOFTMAX(NAME, T, V, LANES) \
/* the part of a finished row that is still to be stored: `lines` vectors */ \
typedef struct { const T *x; T *y, scale, shift; ptrdiff_t lines; } rk_row_##NAME; \
/* the sum of the lanes */ \
RK_INLINE T rk_lanes_##NAME(rk_##V v) \
{ \
    T lane[LANES]; \
    rk_store_##V(lane, v); \
    for (int k = LANES / 2; k; k >>= 1) \
        for (int j = 0; j < k; j++) \
            lane[j] += lane[j + k]; \
    return lane[0]; \
} \
RK_INLINE T rk_row_max_##NAME(const T *x, ptrdiff_t n) \
{ \
    enum { L = LANES }; \
    rk_##V m0 = rk_set1_##V(-(T)INFINITY), m1 = m0, m2 = m0, m3 = m0; \
    ptrdiff_t i = 0; \
    for (; i + 4 * L <= n; i += 4 * L) { \
        m0 = rk_max_##V(rk_load_##V(x + i), m0); \
        m1 = rk_max_##V(rk_load_##V(x + i + L), m1); \
        m2 = rk_max_##V(rk_load_##V(x + i + 2 * L), m2); \
        m3 = rk_max_##V(rk_load_##V(x + i + 3 * L), m3); \
    } \
    for (; i + L <= n; i += L) \
        m0 = rk_max_##V(rk_load_##V(x + i), m0); \
    T lane[L]; \
    rk_store_##V(lane, rk_max_##V(rk_max_##V(m0, m1), rk_max_##V(m2, m3))); \
    for (int k = L / 2; k; k >>= 1) \
        for (int j = 0; j < k; j++) \
            lane[j] = lane[j] > lane[j + k] ? lane[j] : lane[j + k]; \
    for (; i < n; i++) \
        lane[0] = x[i] > lane[0] ? x[i] : lane[0]; \
    return lane[0]; \
} \
/* one vector of a finished row: v * scale - shift */ \
RK_INLINE void rk_row_put_##NAME(const rk_row_##NAME *row, ptrdiff_t line) \
{ \
    const rk_##V v = rk_load_##V(row->x + line * LANES); \
    rk_stream_##V(row->y + line * LANES, rk_fma_##V(v, rk_set1_##V(row->scale), rk_set1_##V(-row->shift))); \
} \
/* The sum of e^(x-max) over a row; y keeps the powers where it is wanted. Meanwhile the row before, if there is one, is \
 * stored and the row at `ahead` fetched: the memory is never idle. */ \
RK_INLINE T rk_row_exp_##NAME(const T *x, T max, T *y, ptrdiff_t n, int keep, const rk_row_##NAME *before, \
                              const T *ahead) \
{ \
    enum { L = LANES }; \
    const rk_##V top = rk_set1_##V(max); \
    rk_##V s0 = rk_set1_##V(0), s1 = s0, s2 = s0, s3 = s0; \
    ptrdiff_t i = 0; \
    for (; i + 4 * L <= n; i += 4 * L) { \
        const rk_##V a = rk_exp_##V(rk_load_##V(x + i) - top), b = rk_exp_##V(rk_load_##V(x + i + L) - top); \
        const rk_##V c = rk_exp_##V(rk_load_##V(x + i + 2 * L) - top); \
        const rk_##V d = rk_exp_##V(rk_load_##V(x + i + 3 * L) - top); \
        s0 = s0 + a; s1 = s1 + b; s2 = s2 + c; s3 = s3 + d; \
        if (keep) { \
            rk_store_##V(y + i, a); \
            rk_store_##V(y + i + L, b); \
            rk_store_##V(y + i + 2 * L, c); \
            rk_store_##V(y + i + 3 * L, d); \
        } \
        if (before) \
            for (int k = 0; k < 4; k++) { \
                rk_prefetch(ahead + i + k * L); \
                if (i / L + k < before->lines) \
                    rk_row_put_##NAME(before, i / L + k); \
            } \
    } \
    if (before) \
        for (ptrdiff_t k = i / L; k < before->lines; k++) \
            rk_row_put_##NAME(before, k); \
    for (; i + L <= n; i += L) { \
        const rk_##V a = rk_exp_##V(rk_load_##V(x + i) - top); \
        s0 = s0 + a; \
        if (keep) \
            rk_store_##V(y + i, a); \
    } \
    T rest = 0; \
    if (i < n) { \
        T lane[L]; \
        rk_store_##V(lane, rk_exp_##V(rk_load_part_##V(x + i, n - i) - top)); \
        for (ptrdiff_t j = 0; i + j < n; j++) { \
            rest += lane[j]; \
            if (keep) \
                y[i + j] = lane[j]; \
        } \
    } \
    return rk_lanes_##NAME((s0 + s1) + (s2 + s3)) + rest; \
} \
static void rk_softmax_rows_##NAME(void *context, ptrdiff_t begin, ptrdiff_t end) \
{ \
    const rk_softmax_job *job = (const rk_softmax_job *)context; \
    const ptrdiff_t n = job->n; \
    for (ptrdiff_t r = begin; r < end; r++) { \
        const T *x = (const T *)job->x + r * n; \
        T *y = (T *)job->y + r * n; \
        const T max = rk_row_max_##NAME(x, n); \
        if (job->logarithm) { \
            const T shift = max + rk_log_##NAME(rk_row_exp_##NAME(x, max, y, n, 0, NULL, x)); \
            RK_IVDEP for (ptrdiff_t i = 0; i < n; i++) y[i] = x[i] - shift; \
        } else { \
            const T scale = 1 / rk_row_exp_##NAME(x, max, y, n, 1, NULL, x); \
            RK_IVDEP for (ptrdiff_t i = 0; i < n; i++) y[i] *= scale; \
        } \
    } \
} \
/* The same past the caches. The whole lines of a row's result are stored while the next row is worked on. */ \
static void rk_softmax_stream_##NAME(void *context, ptrdiff_t begin, ptrdiff_t end) \
{ \
    const rk_softmax_job *job = (const rk_softmax_job *)context; \
    const ptrdiff_t n = job->n; \
    _Alignas(64) T kept[2][RK_SOFTMAX_KEPT / sizeof(T)]; \
    rk_row_##NAME row = { 0 }; \
    for (ptrdiff_t r = begin; r < end; r++) { \
        const T *x = (const T *)job->x + r * n, *ahead = r + 1 < end ? x + n : x; \
        T *y = (T *)job->y + r * n, *powers = kept[r % 2]; \
        const T max = rk_row_max_##NAME(x, n), sum = rk_row_exp_##NAME(x, max, powers, n, !job->logarithm, &row, ahead); \
        const T *last = job->logarithm ? x : powers; \
        row.scale = job->logarithm ? 1 : 1 / sum; \
        row.shift = job->logarithm ? max + rk_log_##NAME(sum) : 0; \
        const ptrdiff_t head = rk_before_line(y, sizeof(T), n), lines = (n - head) / LANES; \
        for (ptrdiff_t i = 0; i < head; i++) \
            y[i] = rk_fma_##NAME(last[i], row.scale, -row.shift); \
        for (ptrdiff_t i = head + lines * LANES; i < n; i++) \
            y[i] = rk_fma_##NAME(last[i], row.scale, -row.shift); \
        row.x = last + head; \
        row.y = y + head; \
        row.lines = lines; \
    } \
    for (ptrdiff_t k = 0; k < row.lines; k++) \
        rk_row_put_##NAME(&row, k); \
    rk_stream_end(); \
} \
static void rk_dsoftmax_rows_##NAME(void *context, ptrdiff_t begin, ptrdiff_t end) \
{ \
    const rk_softmax_job *job = (const rk_softmax_job *)context; \
    const ptrdiff_t n = job->n; \
    for (ptrdiff_t r = begin; r < end; r++) { \
        const T *y = (const T *)job->x + r * n, *dy = (const T *)job->dy + r * n; \
        T *dx = (T *)job->y + r * n; \
        const T s = (T)rk_dot_##NAME(y, dy, n); \
        RK_IVDEP for (ptrdiff_t i = 0; i < n; i++) dx[i] = y[i] * (dy[i] - s); \
    } \
}
typedef struct {
    const void *x, *dy;
    void *y;
    ptrdiff_t n;
    int logarithm;
} rk_softmax_job;
RK_SOFTMAX(f32, float, vf32, RK_VF32_LANES)
RK_SOFTMAX(f64, double, vf64, RK_VF64_LANES)

static rk_task rk_softmax_task(const rk_softmax_job *job, int dtype, ptrdiff_t rows)
{
    const int size = rk_dtype_size(dtype);
    if (job->x != job->y && job->n * size <= RK_SOFTMAX_KEPT && rk_streams(job->y, rows * job->n * size, size))
        return dtype == RK_FLOAT32 ? rk_softmax_stream_f32 : rk_softmax_stream_f64;
    return dtype == RK_FLOAT32 ? rk_softmax_rows_f32 : rk_softmax_rows_f64;
}

static void rk_softmax_run(rk_task task, rk_softmax_job *job, ptrdiff_t rows)
{
    if (rows * job->n <= RK_GRAIN_DEAR)
        task(job, 0, rows);
    else
        rk_parallel(task, job, rows, RK_GRAIN_DEAR / (job->n + 8) + 1);
}

static void RK(softmax)(int dtype, const void *x, void *y, ptrdiff_t rows, ptrdiff_t n)
{
    rk_softmax_job job = { .x = x, .y = y, .n = n };
    rk_softmax_run(rk_softmax_task(&job, dtype, rows), &job, rows);
}

static void RK(log_softmax)(int dtype, const void *x, void *y, ptrdiff_t rows, ptrdiff_t n)
{
    rk_softmax_job job = { .x = x, .y = y, .n = n, .logarithm = 1 };
    rk_softmax_run(rk_softmax_task(&job, dtype, rows), &job, rows);
}

static void RK(dsoftmax)(int dtype, const void *y, const void *dy, void *dx, ptrdiff_t rows, ptrdiff_t n)
{
    rk_softmax_job job = { .x = y, .dy = dy, .y = dx, .n = n };
    rk_softmax_run(dtype == RK_FLOAT32 ? rk_dsoftmax_rows_f32 : rk_dsoftmax_rows_f64, &job, rows);
}

/* ---- running sums ---- */

typedef struct {
    int dtype, exclusive, reverse;
    const void *x;
    void *y;
    ptrdiff_t n, inner, tiles;
} rk_cumsum_job;

#define RK_CUMSUM(CODE, NAME, T, A) \
static void rk_cumsum_##NAME(const rk_cumsum_job *job, ptrdiff_t o, ptrdiff_t first, ptrdiff_t cols) \
{ \
    A acc[RK_TILE]; \
    const ptrdiff_t step = job->reverse ? -job->inner : job->inner; \
    const ptrdiff_t start = (o * job->n + (job->reverse ? job->n - 1 : 0)) * job->inner + first; \
    const T *x = (const T *)job->x + start; \
    T *y = (T *)job->y + start; \
    if (cols == 1) { \
        A s = 0; \
        for (ptrdiff_t i = 0; i < job->n; i++, x += step, y += step) { \
            const A t = s + (A)*x; \
            *y = (T)(job->exclusive ? s : t); \
            s = t; \
        } \
        return; \
    } \
    for (ptrdiff_t j = 0; j < cols; j++) \
        acc[j] = 0; \
    for (ptrdiff_t i = 0; i < job->n; i++, x += step, y += step) { \
        if (job->exclusive) { \
            RK_IVDEP for (ptrdiff_t j = 0; j < cols; j++) { const A t = acc[j]; acc[j] = t + (A)x[j]; y[j] = (T)t; } \
        } else { \
            RK_IVDEP for (ptrdiff_t j = 0; j < cols; j++) { acc[j] += (A)x[j]; y[j] = (T)acc[j]; } \
        } \
    } \
}
RK_INTS(RK_CUMSUM)
RK_CUMSUM(RK_FLOAT32, f32, float, double)
RK_CUMSUM(RK_FLOAT64, f64, double, double)

/* truth values: whether any so far is true */
static void rk_cumsum_bool(const rk_cumsum_job *job, ptrdiff_t o, ptrdiff_t first, ptrdiff_t cols)
{
    const ptrdiff_t step = job->reverse ? -job->inner : job->inner;
    for (ptrdiff_t j = 0; j < cols; j++) {
        ptrdiff_t at = (o * job->n + (job->reverse ? job->n - 1 : 0)) * job->inner + first + j;
        uint8_t s = 0;
        for (ptrdiff_t i = 0; i < job->n; i++, at += step) {
            const uint8_t t = s | (((const uint8_t *)job->x)[at] != 0);
            ((uint8_t *)job->y)[at] = job->exclusive ? s : t;
            s = t;
        }
    }
}

static void rk_cumsum_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_cumsum_job *job = (const rk_cumsum_job *)context;
    for (ptrdiff_t unit = begin; unit < end; unit++) {
        const ptrdiff_t o = unit / job->tiles, first = unit % job->tiles * RK_TILE;
        const ptrdiff_t cols = job->inner - first < RK_TILE ? job->inner - first : RK_TILE;
#define RK_CASE(CODE, NAME, T, W) case CODE: rk_cumsum_##NAME(job, o, first, cols); break;
        switch (job->dtype) {
        RK_INTS(RK_CASE)
        RK_CASE(RK_FLOAT32, f32, float, 0)
        RK_CASE(RK_FLOAT64, f64, double, 0)
        RK_CASE(RK_BOOL, bool, uint8_t, 0)
        }
#undef RK_CASE
    }
}

static void RK(cumsum)(int dtype, const void *x, void *y, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, int exclusive,
                       int reverse)
{
    rk_cumsum_job job = { dtype, exclusive, reverse, x, y, n, inner, (inner + RK_TILE - 1) / RK_TILE };
    const ptrdiff_t units = outer * job.tiles, total = outer * n * inner;
    if (total <= RK_GRAIN_CHEAP)
        rk_cumsum_task(&job, 0, units);
    else
        rk_parallel(rk_cumsum_task, &job, units, RK_GRAIN_CHEAP * units / total + 1);
}
