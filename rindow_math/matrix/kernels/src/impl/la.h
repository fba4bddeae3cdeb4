/* Kernels behind LinearAlgebra and Random. */
#include "common.h"
#include "trig.h"

/* ---- small ones ---- */

static void rk_nan2num_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    RK_PIECE;
    if (job->dtype == RK_FLOAT32) {
        float *y = (float *)job->y + from;
        const float alpha = (float)job->re;
        for (ptrdiff_t i = 0; i < n; i++)
            y[i] = y[i] == y[i] ? y[i] : alpha;
    } else if (job->dtype == RK_FLOAT64) {
        double *y = (double *)job->y + from;
        for (ptrdiff_t i = 0; i < n; i++)
            y[i] = y[i] == y[i] ? y[i] : job->re;
    }
}

static void RK(nan2num)(int dtype, void *x, ptrdiff_t n, double alpha)
{
    rk_line_job job = { .dtype = dtype, .n = n, .incy = 1, .re = alpha, .y = (char *)x };
    rk_line_run(rk_nan2num_task, &job);
}

static void rk_swap_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    RK_PIECE;
    const ptrdiff_t incx = job->incx, incy = job->incy;
    const int plain = incx == 1 && incy == 1;
#define RK_CASE(SIZE, T) \
    case SIZE: { \
        T *x = (T *)job->x + from * incx, *y = (T *)job->y + from * incy; \
        if (plain) { RK_IVDEP for (ptrdiff_t i = 0; i < n; i++) { const T t = x[i]; x[i] = y[i]; y[i] = t; } } \
        else for (ptrdiff_t i = 0; i < n; i++) { const T t = x[i * incx]; x[i * incx] = y[i * incy]; y[i * incy] = t; } \
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

static void RK(swap)(int size, ptrdiff_t n, void *x, ptrdiff_t incx, void *y, ptrdiff_t incy)
{
    rk_line_job job = { .size = size, .n = n, .incx = incx, .incy = incy, .x = (const char *)x, .y = (char *)y };
    rk_line_run(rk_swap_task, &job);
}

static void RK(rotate)(int dtype, ptrdiff_t n, void *x_, ptrdiff_t incx, void *y_, ptrdiff_t incy, double h0, double h1,
                       double h2, double h3)
{
#define RK_CASE(CODE, T) \
    case CODE: { \
        T *x = (T *)x_, *y = (T *)y_; \
        const T a = (T)h0, b = (T)h1, c = (T)h2, d = (T)h3; \
        RK_IVDEP \
        for (ptrdiff_t i = 0; i < n; i++) { \
            const T u = x[i * incx], v = y[i * incy]; \
            x[i * incx] = a * u + b * v; \
            y[i * incy] = c * u + d * v; \
        } \
        break; \
    }
    switch (dtype) {
    RK_CASE(RK_FLOAT32, float)
    RK_CASE(RK_FLOAT64, double)
    }
#undef RK_CASE
}

static void RK(arange)(int dtype, void *y, ptrdiff_t n, double start, double step)
{
    const int size = rk_dtype_size(dtype);
    double block[RK_VIA];
    uint64_t first, each;
    if (rk_is_int(dtype) && rk_as_integer(start, &first) && rk_as_integer(step, &each)) {
#define RK_CASE(CODE, NAME, T, W) \
        case CODE: \
            for (ptrdiff_t i = 0; i < n; i++) ((T *)y)[i] = (T)((W)first + (W)each * (W)i); \
            break;
        switch (dtype) {
        RK_INTS(RK_CASE)
        }
#undef RK_CASE
        return;
    }
    for (ptrdiff_t i = 0; i < n; i += RK_VIA) {
        const ptrdiff_t m = n - i < RK_VIA ? n - i : RK_VIA;
        for (ptrdiff_t j = 0; j < m; j++)
            block[j] = start + (double)(i + j) * step;
        rk_store_f64(dtype, block, (char *)y + i * size, m);
    }
}

static double RK(max_difference)(int dtype, ptrdiff_t n, const void *x, const void *y)
{
    const int size = rk_dtype_size(dtype);
    double a[RK_VIA], b[RK_VIA], most = 0;
    for (ptrdiff_t i = 0; i < n; i += RK_VIA) {
        const ptrdiff_t m = n - i < RK_VIA ? n - i : RK_VIA;
        rk_load_f64(dtype, (const char *)x + i * size, a, m);
        rk_load_f64(dtype, (const char *)y + i * size, b, m);
        for (ptrdiff_t j = 0; j < m; j++)
            a[j] -= b[j];
        most = rk_greater_f64(rk_extreme_f64(a, m, 0, 1), most);
    }
    return most;
}

/* Lines of complex numbers, as pairs: in chunks that follow from the length alone, put together in their order. */
enum { RK_PAIRS_CHUNK = 8192, RK_PAIRS_PARTS = 256 };

typedef struct {
    int largest;
    ptrdiff_t n, incx, incy, chunk;   /* of pairs */
    const void *x, *y;
    double first;              /* what a search begins with */
    double (*parts)[4];
} rk_pairs_job;

/* squares of floats neither overflow nor underflow in double */
#define RK_SQUARES(re, im) ((double)(re) * (double)(re) + (double)(im) * (double)(im))

static inline double rk_modulus(double re, double im)
{
    const double squares = re * re + im * im;
    return squares > 1e-290 && squares < 1e300 ? sqrt(squares) : hypot(re, im);
}
static inline double rk_root_f32(float re, float im) { return sqrt(RK_SQUARES(re, im)); }
static inline double rk_root_f64(double re, double im) { return rk_modulus(re, im); }

/* the two parts of each number exchanged */
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 16
RK_INLINE rk_vf32 rk_exchange_vf32(rk_vf32 v) { return (rk_vf32)_mm_shuffle_ps((__m128)v, (__m128)v, 0xb1); }
RK_INLINE rk_vf64 rk_exchange_vf64(rk_vf64 v) { return (rk_vf64)_mm_shuffle_pd((__m128d)v, (__m128d)v, 1); }
#elif defined(RK_X86_INTRINSICS)
RK_INLINE rk_vf32 rk_exchange_vf32(rk_vf32 v) { return (rk_vf32)RK_MM(permute_ps)((RK_M32)v, 0xb1); }
RK_INLINE rk_vf64 rk_exchange_vf64(rk_vf64 v)
{
    return (rk_vf64)RK_MM(permute_pd)((RK_M64)v, RK_VECTOR_BYTES == 64 ? 0x55 : 5);
}
#elif defined(__GNUC__)
RK_INLINE rk_vf32 rk_exchange_vf32(rk_vf32 v)
{
    rk_vf32 r;
    for (int i = 0; i < RK_VF32_LANES; i++)
        r[i] = v[i ^ 1];
    return r;
}
RK_INLINE rk_vf64 rk_exchange_vf64(rk_vf64 v)
{
    rk_vf64 r;
    for (int i = 0; i < RK_VF64_LANES; i++)
        r[i] = v[i ^ 1];
    return r;
}
#else   /* one lane: no number fits, and nothing below is reached */
RK_INLINE rk_vf32 rk_exchange_vf32(rk_vf32 v) { return v; }
RK_INLINE rk_vf64 rk_exchange_vf64(rk_vf64 v) { return v; }
#endif

/* part[0..1] += the sums of the even and of the odd lanes */
RK_INLINE void rk_pairs_fold_f64(rk_vf64 v, double *part)
{
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES >= 32
#if RK_VECTOR_BYTES == 64
    const __m256d half = _mm256_add_pd(_mm512_castpd512_pd256((__m512d)v), _mm512_extractf64x4_pd((__m512d)v, 1));
#else
    const __m256d half = (__m256d)v;
#endif
    const __m128d pair = _mm_add_pd(_mm256_castpd256_pd128(half), _mm256_extractf128_pd(half, 1));
    _mm_storeu_pd(part, _mm_add_pd(_mm_loadu_pd(part), pair));
#else
    double lane[RK_VF64_LANES + 1];
    rk_store_vf64(lane, v);
    for (int k = RK_VF64_LANES / 2; k >= 2; k >>= 1)
        for (int j = 0; j < k; j++)
            lane[j] += lane[j + k];
    part[0] += lane[0];
    part[1] += lane[1];
#endif
}
RK_INLINE void rk_pairs_fold_f32(rk_vf32 v, double *part)
{
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
    const __m512d low = _mm512_cvtps_pd(_mm512_castps512_ps256((__m512)v));
    const __m512d high = _mm512_cvtps_pd(_mm512_extractf32x8_ps((__m512)v, 1));
    rk_pairs_fold_f64((rk_vf64)_mm512_add_pd(low, high), part);
#elif defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 32
    const __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128((__m256)v));
    const __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps((__m256)v, 1));
    rk_pairs_fold_f64((rk_vf64)_mm256_add_pd(low, high), part);
#else
    float lane[RK_VF32_LANES];
    rk_store_vf32(lane, v);
    rk_pairs_fold_f64(rk_widen_f32(lane) + rk_widen_f32(lane + RK_VF32_LANES / 2), part);
#endif
}

enum { RK_PAIRS_RUN = 1024,   /* numbers whose products are added up in their own precision */
       RK_PAIRS_SEARCH = 512 };

static double rk_pairs_best_f64(const double *x, ptrdiff_t step, ptrdiff_t n, double first, int largest);
RK_INLINE double rk_pairs_near_f64(const double *x, ptrdiff_t n, double first, int largest, int far)
{
    (void)far;
    return rk_pairs_best_f64(x, 2, n, first, largest);
}
/* what rk_pairs_best finds for numbers one after the other */
RK_INLINE double rk_pairs_near_f32(const float *x, ptrdiff_t n, double first, int largest, int far)
{
    enum { L = RK_VF64_LANES, P = L / 2 };
    rk_vf64 best[4];
    double lane[L], found = first;
    ptrdiff_t i = 0;
    for (int k = 0; k < 4; k++)
        best[k] = rk_set1_vf64(first);
    for (; P && i + 4 * P <= n; i += 4 * P)
        for (int k = 0; k < 4; k++) {
            if (k * L * (int)sizeof *x % 64 == 0)
                rk_prefetch_run(x + 2 * i + k * L, far);
            const rk_vf64 v = rk_widen_f32(x + 2 * i + k * L), squares = v * v, m = squares + rk_exchange_vf64(squares);
            best[k] = largest ? rk_max_vf64(m, best[k]) : rk_min_vf64(m, best[k]);
        }
    for (int k = 0; k < 4; k++) {
        rk_store_vf64(lane, best[k]);
        for (int j = 0; j < L; j++)
            found = (largest ? found < lane[j] : found > lane[j]) ? lane[j] : found;
    }
    for (; i < n; i++) {
        const double v = RK_SQUARES(x[2 * i], x[2 * i + 1]);
        found = (largest ? found < v : found > v) ? v : found;
    }
    return found;
}

#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
/* The sum of the roots of as many first squares as there are multiples of 16; returns how many. The root by an estimate
 * and two of Newton's steps: the divider takes three times as long. */
RK_INLINE ptrdiff_t rk_pairs_roots_f32(const float *x, ptrdiff_t n, int far, double *total)
{
    rk_vf64 sum[2] = { rk_set1_vf64(0), rk_set1_vf64(0) };
    const rk_vf64 half = rk_set1_vf64(0.5), zero = rk_set1_vf64(0), inf = rk_set1_vf64(INFINITY);
    ptrdiff_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int k = 0; k < 2; k++) {
            rk_prefetch_run(x + 2 * i + 16 * k, far);
            const rk_vf64 v = rk_widen_f32(x + 2 * i + 16 * k), w = rk_widen_f32(x + 2 * i + 16 * k + 8);
            const rk_vf64 v2 = v * v, w2 = w * w;
            const rk_vf64 s = rk_select_vf64(0x55, v2 + rk_exchange_vf64(v2), w2 + rk_exchange_vf64(w2));
            if (RK_LIKELY(rk_all_vf64(rk_lt_vf64(zero, s) & rk_lt_vf64(s, inf)))) {
                const rk_vf64 y = (rk_vf64)_mm512_rsqrt14_pd((__m512d)s);
                rk_vf64 root = s * y, h = half * y;
                const rk_vf64 r = rk_fma_vf64(-h, root, half);
                root = rk_fma_vf64(root, r, root);
                h = rk_fma_vf64(h, r, h);
                sum[k] += rk_fma_vf64(rk_fma_vf64(-root, root, s), h, root);
            } else {
                sum[k] += rk_sqrt_vf64(s);
            }
        }
    *total = rk_sum_vf64(sum[0] + sum[1]);
    return i;
}
#define RK_PAIRS_ROOTS_f32 rk_pairs_roots_f32
#else
#define RK_PAIRS_ROOTS_f32(x, n, far, total) 0
#endif
#define RK_PAIRS_ROOTS_f64(x, n, far, total) 0

/* MEASURE is monotonic in the modulus */
#define RK_PAIRS(NAME, T, V, LANES, MEASURE) \
/* the sum of the moduli */ \
static void rk_pairs_asum_##NAME(const rk_pairs_job *job, ptrdiff_t from, ptrdiff_t n, double *part) \
{ \
    const T *x = (const T *)job->x + 2 * from; \
    double sum[8] = {0}; \
    ptrdiff_t i = RK_PAIRS_ROOTS_##NAME(x, n, job->n >= RK_FAR_LEAST, sum); \
    for (; i + 8 <= n; i += 8) \
        for (int j = 0; j < 8; j++) \
            sum[j] += rk_root_##NAME(x[2 * (i + j)], x[2 * (i + j) + 1]); \
    for (; i < n; i++) \
        sum[0] += rk_root_##NAME(x[2 * i], x[2 * i + 1]); \
    part[0] = ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7])); \
} \
static double rk_pairs_best_##NAME(const T *x, ptrdiff_t step, ptrdiff_t n, double first, int largest) \
{ \
    double best[16]; \
    ptrdiff_t i = 0; \
    for (int j = 0; j < 16; j++) \
        best[j] = first; \
    for (; i + 16 <= n; i += 16) \
        for (int j = 0; j < 16; j++) { \
            const double v = MEASURE(x[(i + j) * step], x[(i + j) * step + 1]); \
            best[j] = (largest ? best[j] < v : best[j] > v) ? v : best[j]; \
        } \
    for (; i < n; i++) { \
        const double v = MEASURE(x[i * step], x[i * step + 1]); \
        best[0] = (largest ? best[0] < v : best[0] > v) ? v : best[0]; \
    } \
    for (int j = 1; j < 16; j++) \
        best[0] = (largest ? best[0] < best[j] : best[0] > best[j]) ? best[j] : best[0]; \
    return best[0]; \
} \
/* the largest or smallest measure, and where the run is that has it; nan is passed over */ \
static void rk_pairs_arg_##NAME(const rk_pairs_job *job, ptrdiff_t from, ptrdiff_t n, double *part) \
{ \
    const ptrdiff_t step = 2 * job->incx, end = from + n; \
    const int far = job->n >= RK_FAR_LEAST; \
    for (ptrdiff_t i = from; i < end; i += RK_PAIRS_SEARCH) { \
        const T *x = (const T *)job->x + step * i; \
        const ptrdiff_t m = end - i < RK_PAIRS_SEARCH ? end - i : RK_PAIRS_SEARCH; \
        const double best = step != 2 ? rk_pairs_best_##NAME(x, step, m, job->first, job->largest) \
                            : job->largest ? rk_pairs_near_##NAME(x, m, job->first, 1, far) \
                            : rk_pairs_near_##NAME(x, m, job->first, 0, far); \
        if (i == from || (job->largest ? best > part[0] : best < part[0])) { \
            part[0] = best; \
            part[1] = (double)i; \
        } \
    } \
} \
static ptrdiff_t rk_pairs_find_##NAME(const rk_pairs_job *job, ptrdiff_t from, ptrdiff_t n, double measure) \
{ \
    const ptrdiff_t step = 2 * job->incx; \
    const T *x = (const T *)job->x; \
    ptrdiff_t i = from; \
    while (i < from + n - 1 && !(MEASURE(x[i * step], x[i * step + 1]) == measure)) \
        i++; \
    return i; \
} \
/* the sums of a_re b_re, a_im b_im, a_re b_im, a_im b_re */ \
static void rk_pairs_dot_##NAME(const rk_pairs_job *job, ptrdiff_t from, ptrdiff_t n, double *part) \
{ \
    enum { L = LANES, P = L / 2 }; \
    const int far = n >= RK_FAR_LEAST; \
    const T *a = (const T *)job->x + 2 * from, *b = (const T *)job->y + 2 * from; \
    ptrdiff_t i = 0; \
    memset(part, 0, 4 * sizeof(double)); \
    while (P && i + P <= n) { \
        const ptrdiff_t end = n - i < RK_PAIRS_RUN ? n : i + RK_PAIRS_RUN; \
        rk_##V straight[4], crossed[4]; \
        for (int k = 0; k < 4; k++) \
            straight[k] = crossed[k] = rk_set1_##V(0); \
        for (; i + 4 * P <= end; i += 4 * P) \
            for (int k = 0; k < 4; k++) { \
                const T *p = a + 2 * (i + k * P), *q = b + 2 * (i + k * P); \
                if (k * sizeof(rk_##V) % 64 == 0) { \
                    rk_prefetch_run(p, far); \
                    rk_prefetch_run(q, far); \
                } \
                const rk_##V v = rk_load_##V(p), w = rk_load_##V(q); \
                straight[k] = rk_fma_##V(v, w, straight[k]); \
                crossed[k] = rk_fma_##V(v, rk_exchange_##V(w), crossed[k]); \
            } \
        for (; i + P <= end; i += P) { \
            const rk_##V v = rk_load_##V(a + 2 * i), w = rk_load_##V(b + 2 * i); \
            straight[0] = rk_fma_##V(v, w, straight[0]); \
            crossed[0] = rk_fma_##V(v, rk_exchange_##V(w), crossed[0]); \
        } \
        rk_pairs_fold_##NAME((straight[0] + straight[1]) + (straight[2] + straight[3]), part); \
        rk_pairs_fold_##NAME((crossed[0] + crossed[1]) + (crossed[2] + crossed[3]), part + 2); \
    } \
    for (; i < n; i++) { \
        part[0] += (double)a[2 * i] * b[2 * i]; \
        part[1] += (double)a[2 * i + 1] * b[2 * i + 1]; \
        part[2] += (double)a[2 * i] * b[2 * i + 1]; \
        part[3] += (double)a[2 * i + 1] * b[2 * i]; \
    } \
} \
static void rk_pairs_dot_apart_##NAME(const rk_pairs_job *job, ptrdiff_t from, ptrdiff_t n, double *part) \
{ \
    const T *a = (const T *)job->x, *b = (const T *)job->y; \
    memset(part, 0, 4 * sizeof(double)); \
    for (ptrdiff_t i = from; i < from + n; i++) { \
        const double a_re = a[2 * i * job->incx], a_im = a[2 * i * job->incx + 1]; \
        const double b_re = b[2 * i * job->incy], b_im = b[2 * i * job->incy + 1]; \
        part[0] += a_re * b_re; \
        part[1] += a_im * b_im; \
        part[2] += a_re * b_im; \
        part[3] += a_im * b_re; \
    } \
}
RK_PAIRS(f32, float, vf32, RK_VF32_LANES, RK_SQUARES)
RK_PAIRS(f64, double, vf64, RK_VF64_LANES, rk_modulus)

#define RK_PAIRS_TASK(NAME) \
static void rk_##NAME##_task(void *context, ptrdiff_t begin, ptrdiff_t end) \
{ \
    const rk_pairs_job *job = (const rk_pairs_job *)context; \
    for (ptrdiff_t i = begin; i < end; i++) { \
        const ptrdiff_t from = i * job->chunk, n = job->n - from; \
        rk_##NAME(job, from, n < job->chunk ? n : job->chunk, job->parts[i]); \
    } \
}
RK_PAIRS_TASK(pairs_asum_f32)
RK_PAIRS_TASK(pairs_asum_f64)
RK_PAIRS_TASK(pairs_arg_f32)
RK_PAIRS_TASK(pairs_arg_f64)
RK_PAIRS_TASK(pairs_dot_f32)
RK_PAIRS_TASK(pairs_dot_f64)
RK_PAIRS_TASK(pairs_dot_apart_f32)
RK_PAIRS_TASK(pairs_dot_apart_f64)

/* runs the task over all chunks; returns how many there are */
static ptrdiff_t rk_pairs_run(rk_task task, rk_pairs_job *job)
{
    const ptrdiff_t units = (job->n + RK_PAIRS_CHUNK - 1) / RK_PAIRS_CHUNK;
    job->chunk = (units + RK_PAIRS_PARTS - 1) / RK_PAIRS_PARTS * RK_PAIRS_CHUNK;
    const ptrdiff_t chunks = job->n ? (job->n + job->chunk - 1) / job->chunk : 0;
    rk_parallel(task, job, chunks, job->chunk >= 2 * RK_PAIRS_CHUNK ? 1 : 2);
    return chunks;
}

static double RK(complex_asum)(int dtype, ptrdiff_t n, const void *x)
{
    double parts[RK_PAIRS_PARTS][4], sum = 0;
    rk_pairs_job job = { .n = n, .incx = 1, .x = x, .parts = parts };
    const ptrdiff_t chunks = rk_pairs_run(dtype == RK_COMPLEX64 ? rk_pairs_asum_f32_task : rk_pairs_asum_f64_task, &job);
    for (ptrdiff_t i = 0; i < chunks; i++)
        sum += parts[i][0];
    return sum;
}

static ptrdiff_t RK(complex_arg)(int dtype, int largest, ptrdiff_t n, const void *x, ptrdiff_t inc)
{
    double parts[RK_PAIRS_PARTS][4];
    rk_pairs_job job = { .largest = largest, .n = n, .incx = inc, .x = x, .parts = parts };
    const int single = dtype == RK_COMPLEX64;
    const float *f = (const float *)x;
    const double *d = (const double *)x;
    job.first = single ? RK_SQUARES(f[0], f[1]) : rk_modulus(d[0], d[1]);
    if (job.first != job.first)
        return 0;
    const ptrdiff_t chunks = rk_pairs_run(single ? rk_pairs_arg_f32_task : rk_pairs_arg_f64_task, &job);
    ptrdiff_t best = 0;
    for (ptrdiff_t i = 1; i < chunks; i++)
        if (largest ? parts[i][0] > parts[best][0] : parts[i][0] < parts[best][0])
            best = i;
    const ptrdiff_t from = (ptrdiff_t)parts[best][1], m = n - from < RK_PAIRS_SEARCH ? n - from : RK_PAIRS_SEARCH;
    return (single ? rk_pairs_find_f32 : rk_pairs_find_f64)(&job, from, m, parts[best][0]);
}

static void RK(complex_dot)(int dtype, int conj, ptrdiff_t n, const void *x, ptrdiff_t incx, const void *y,
                            ptrdiff_t incy, double *result)
{
    double parts[RK_PAIRS_PARTS][4], sums[4] = {0};
    rk_pairs_job job = { .n = n, .incx = incx, .incy = incy, .x = x, .y = y, .parts = parts };
    const int single = dtype == RK_COMPLEX64;
    const ptrdiff_t chunks = rk_pairs_run(
        incx == 1 && incy == 1 ? (single ? rk_pairs_dot_f32_task : rk_pairs_dot_f64_task)
                               : (single ? rk_pairs_dot_apart_f32_task : rk_pairs_dot_apart_f64_task), &job);
    for (ptrdiff_t i = 0; i < chunks; i++)
        for (int k = 0; k < 4; k++)
            sums[k] += parts[i][k];
    result[0] = conj ? sums[0] + sums[1] : sums[0] - sums[1];
    result[1] = conj ? sums[2] - sums[3] : sums[2] + sums[3];
}

/* ---- complex matrix by vector ---- */

typedef struct {
    int conj;
    ptrdiff_t m, n, lda;
    const double *alpha, *beta;
    const void *a, *x;
    void *y;
    ptrdiff_t rows;              /* of a block whose sums are a line of `parts` */
    void *parts;
} rk_pairs_matrix;

enum { RK_PAIRS_ROWS = 4, RK_PAIRS_UNIT = 64, RK_PAIRS_STRIP = 1024 /* of columns */, RK_PAIRS_BLOCKS = 16,
       RK_PAIRS_LINE = 4096 /* columns whose sums stay in a cache */ };

#define RK_PAIRS_GEMV(NAME, T, V, LANES) \
/* y[i] = alpha (re + im i) + beta y[i] */ \
RK_INLINE void rk_pairs_put_##NAME(const rk_pairs_matrix *job, ptrdiff_t i, double re, double im) \
{ \
    T *y = (T *)job->y + 2 * i; \
    const double *alpha = job->alpha, *beta = job->beta; \
    double out_re = alpha[0] * re - alpha[1] * im, out_im = alpha[0] * im + alpha[1] * re; \
    if (beta[0] != 0 || beta[1] != 0) { \
        out_re += beta[0] * y[0] - beta[1] * y[1]; \
        out_im += beta[0] * y[1] + beta[1] * y[0]; \
    } \
    y[0] = (T)out_re; \
    y[1] = (T)out_im; \
} \
/* dot products of rows, RK_PAIRS_ROWS at a time; units of as many */ \
static void rk_pairs_gemv_##NAME(void *context, ptrdiff_t begin, ptrdiff_t end) \
{ \
    enum { L = LANES, P = L / 2, R = RK_PAIRS_ROWS }; \
    const rk_pairs_matrix *job = (const rk_pairs_matrix *)context; \
    const T *x = (const T *)job->x; \
    const ptrdiff_t n = job->n; \
    const int far = job->m * n >= RK_GRAIN_CHEAP / 2; \
    for (ptrdiff_t r = begin * R; r < end * R && r < job->m; r += R) { \
        const T *row[R]; \
        double sums[R][4] = { { 0 } }; \
        for (int k = 0; k < R; k++) \
            row[k] = (const T *)job->a + 2 * job->lda * (r + k < job->m ? r + k : r); \
        for (ptrdiff_t j = 0; P && j < n;) { \
            const ptrdiff_t stop = n - j < RK_PAIRS_RUN ? n : j + RK_PAIRS_RUN; \
            rk_##V straight[R], crossed[R]; \
            for (int k = 0; k < R; k++) \
                straight[k] = crossed[k] = rk_set1_##V(0); \
            for (; j < stop; j += P) { \
                const int part = stop - j < P ? 2 * (int)(stop - j) : 0; \
                const rk_##V w = part ? rk_load_part_##V(x + 2 * j, part) : rk_load_##V(x + 2 * j); \
                const rk_##V turned = rk_exchange_##V(w); \
                for (int k = 0; k < R; k++) { \
                    if (far && 2 * j * (ptrdiff_t)sizeof(T) % 64 == 0) \
                        rk_prefetch(row[k] + 2 * (R * job->lda + j)); \
                    const rk_##V v = part ? rk_load_part_##V(row[k] + 2 * j, part) : rk_load_##V(row[k] + 2 * j); \
                    straight[k] = rk_fma_##V(v, w, straight[k]); \
                    crossed[k] = rk_fma_##V(v, turned, crossed[k]); \
                } \
            } \
            j = stop; \
            for (int k = 0; k < R; k++) { \
                rk_pairs_fold_##NAME(straight[k], sums[k]); \
                rk_pairs_fold_##NAME(crossed[k], sums[k] + 2); \
            } \
        } \
        for (int k = 0; k < R && r + k < job->m; k++) { \
            double *s = sums[k]; \
            for (ptrdiff_t j = 0; P == 0 && j < n; j++) { \
                s[0] += (double)row[k][2 * j] * x[2 * j]; \
                s[1] += (double)row[k][2 * j + 1] * x[2 * j + 1]; \
                s[2] += (double)row[k][2 * j] * x[2 * j + 1]; \
                s[3] += (double)row[k][2 * j + 1] * x[2 * j]; \
            } \
            rk_pairs_put_##NAME(job, r + k, job->conj ? s[0] + s[1] : s[0] - s[1], \
                                job->conj ? s[2] - s[3] : s[2] + s[3]); \
        } \
    } \
} \
/* total += the rows r .. r + count - 1, columns from j on, times x */ \
RK_INLINE void rk_pairs_rows_##NAME(const rk_pairs_matrix *job, ptrdiff_t r, int count, ptrdiff_t j, \
                                    ptrdiff_t columns, T *total, rk_##V alternate) \
{ \
    enum { L = LANES, P = L / 2 }; \
    const T *row[RK_PAIRS_ROWS], *x = (const T *)job->x + 2 * r; \
    const int far = job->m * job->n >= RK_GRAIN_CHEAP / 2; \
    rk_##V straight[RK_PAIRS_ROWS], crossed[RK_PAIRS_ROWS]; \
    for (int k = 0; k < count; k++) { \
        row[k] = (const T *)job->a + 2 * ((r + k) * job->lda + j); \
        straight[k] = rk_set1_##V(x[2 * k]); \
        crossed[k] = rk_set1_##V(x[2 * k + 1]); \
        if (job->conj) \
            straight[k] = straight[k] * -alternate; \
        else \
            crossed[k] = crossed[k] * alternate; \
    } \
    for (ptrdiff_t i = 0; P && i < columns; i += P) { \
        const int part = columns - i < P ? 2 * (int)(columns - i) : 0; \
        rk_##V sum = rk_load_##V(total + 2 * i); \
        for (int k = 0; k < count; k++) { \
            if (far && 2 * i * (ptrdiff_t)sizeof(T) % 64 == 0) \
                rk_prefetch(row[k] + 2 * (count * job->lda + i)); \
            const rk_##V v = part ? rk_load_part_##V(row[k] + 2 * i, part) : rk_load_##V(row[k] + 2 * i); \
            sum = rk_fma_##V(v, straight[k], sum); \
            sum = rk_fma_##V(rk_exchange_##V(v), crossed[k], sum); \
        } \
        rk_store_##V(total + 2 * i, sum); \
    } \
    for (ptrdiff_t i = 0; P == 0 && i < columns; i++) { \
        const T re = x[0], im = x[1], a = row[0][2 * i], b = job->conj ? -row[0][2 * i + 1] : row[0][2 * i + 1]; \
        total[2 * i] += a * re - b * im; \
        total[2 * i + 1] += a * im + b * re; \
    } \
} \
/* total = the sum of the rows r .. stop - 1 times x, columns from j on */ \
static void rk_pairs_sum_##NAME(const rk_pairs_matrix *job, ptrdiff_t r, ptrdiff_t stop, ptrdiff_t j, \
                                ptrdiff_t columns, T *total) \
{ \
    enum { L = LANES }; \
    T sign[L]; \
    for (int k = 0; k < L; k++) \
        sign[k] = k % 2 ? 1 : -1; \
    const rk_##V alternate = rk_load_##V(sign); \
    memset(total, 0, sizeof(T) * (size_t)(2 * columns + L)); \
    for (; L > 1 && r + RK_PAIRS_ROWS <= stop; r += RK_PAIRS_ROWS) \
        rk_pairs_rows_##NAME(job, r, RK_PAIRS_ROWS, j, columns, total, alternate); \
    for (; r < stop; r++) \
        rk_pairs_rows_##NAME(job, r, 1, j, columns, total, alternate); \
} \
/* sums of rows, a strip of columns at a time */ \
static void rk_pairs_gemv_t_##NAME(void *context, ptrdiff_t begin, ptrdiff_t end) \
{ \
    const rk_pairs_matrix *job = (const rk_pairs_matrix *)context; \
    const ptrdiff_t stop = end * RK_PAIRS_UNIT < job->n ? end * RK_PAIRS_UNIT : job->n; \
    T total[2 * RK_PAIRS_STRIP + LANES]; \
    for (ptrdiff_t j = begin * RK_PAIRS_UNIT; j < stop; j += RK_PAIRS_STRIP) { \
        const ptrdiff_t columns = stop - j < RK_PAIRS_STRIP ? stop - j : RK_PAIRS_STRIP; \
        rk_pairs_sum_##NAME(job, 0, job->m, j, columns, total); \
        for (ptrdiff_t i = 0; i < columns; i++) \
            rk_pairs_put_##NAME(job, j + i, total[2 * i], total[2 * i + 1]); \
    } \
} \
/* sums of blocks of rows, each in a line of its own */ \
static void rk_pairs_blocks_##NAME(void *context, ptrdiff_t begin, ptrdiff_t end) \
{ \
    const rk_pairs_matrix *job = (const rk_pairs_matrix *)context; \
    for (ptrdiff_t u = begin; u < end; u++) { \
        const ptrdiff_t r = u * job->rows, stop = job->m - r < job->rows ? job->m : r + job->rows; \
        rk_pairs_sum_##NAME(job, r, stop, 0, job->n, (T *)job->parts + u * (2 * job->n + LANES)); \
    } \
} \
static void rk_pairs_gather_##NAME(const rk_pairs_matrix *job, ptrdiff_t blocks) \
{ \
    T *sum = (T *)job->parts; \
    for (ptrdiff_t u = 1; u < blocks; u++) \
        for (ptrdiff_t i = 0; i < 2 * job->n; i++) \
            sum[i] += sum[u * (2 * job->n + LANES) + i]; \
    for (ptrdiff_t i = 0; i < job->n; i++) \
        rk_pairs_put_##NAME(job, i, sum[2 * i], sum[2 * i + 1]); \
}
RK_PAIRS_GEMV(f32, float, vf32, RK_VF32_LANES)
RK_PAIRS_GEMV(f64, double, vf64, RK_VF64_LANES)

static void RK(complex_gemv)(int dtype, int trans, int conj, ptrdiff_t m, ptrdiff_t n, const double *alpha,
                             const void *a, ptrdiff_t lda, const void *x, const double *beta, void *y)
{
    rk_pairs_matrix job = { conj, m, n, lda, alpha, beta, a, x, y, 0, NULL };
    const int single = dtype == RK_COMPLEX64, each = trans ? RK_PAIRS_UNIT : RK_PAIRS_ROWS;
    const rk_task task = trans ? (single ? rk_pairs_gemv_t_f32 : rk_pairs_gemv_t_f64)
                               : (single ? rk_pairs_gemv_f32 : rk_pairs_gemv_f64);
    const ptrdiff_t units = ((trans ? n : m) + each - 1) / each;
    ptrdiff_t grain = RK_GRAIN_CHEAP / 8 / (each * (trans ? m : n)) + 1;
    if (trans && grain < units / 4)   /* long pieces of rows are read faster */
        grain = units / 4;
    /* each thread reads whole rows, if they are many and their sums stay in a cache */
    const ptrdiff_t line = 2 * n + (single ? RK_VF32_LANES : RK_VF64_LANES);
    const ptrdiff_t most = m / 32 < RK_PAIRS_BLOCKS ? m / 32 : RK_PAIRS_BLOCKS;
    if (trans && m * n > RK_GRAIN_CHEAP && most >= 4 && n <= RK_PAIRS_LINE)
        job.parts = rk_scratch(0, (size_t)(most * line) * (single ? sizeof(float) : sizeof(double)));
    if (job.parts) {
        job.rows = (m + RK_PAIRS_ROWS * most - 1) / (RK_PAIRS_ROWS * most) * RK_PAIRS_ROWS;
        const ptrdiff_t blocks = (m + job.rows - 1) / job.rows;
        rk_parallel(single ? rk_pairs_blocks_f32 : rk_pairs_blocks_f64, &job, blocks,
                    m * n > 4 * RK_GRAIN_CHEAP ? 1 : 2);
        (single ? rk_pairs_gather_f32 : rk_pairs_gather_f64)(&job, blocks);
    } else if (m * n <= RK_GRAIN_CHEAP) {
        task(&job, 0, units);
    } else {
        rk_parallel(task, &job, units, grain);
    }
}

/* ---- matrix copy ---- */

typedef struct {
    int dtype, size, conj;
    ptrdiff_t m, n, lda, ldb;
    double re, im;
    const char *a;
    char *b;
} rk_matcopy_job;

static void rk_matcopy_scale(const rk_matcopy_job *job, char *row, ptrdiff_t n)
{
    if (job->conj && job->dtype == RK_COMPLEX64)
        for (ptrdiff_t j = 0; j < n; j++)
            ((rk_c64 *)row)[j].im = -((rk_c64 *)row)[j].im;
    else if (job->conj && job->dtype == RK_COMPLEX128)
        for (ptrdiff_t j = 0; j < n; j++)
            ((rk_c128 *)row)[j].im = -((rk_c128 *)row)[j].im;
    if (job->re != 1 || job->im != 0) {
        rk_line_job line = { .dtype = job->dtype, .n = n, .incy = 1, .re = job->re, .im = job->im, .y = row };
        rk_scal_task(&line, 0, RK_BLOCKS(n));
    }
}

static void rk_matcopy_rows_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_matcopy_job *job = (const rk_matcopy_job *)context;
    for (ptrdiff_t i = begin; i < end; i++) {
        char *row = job->b + i * job->ldb * job->size;
        memmove(row, job->a + i * job->lda * job->size, (size_t)(job->n * job->size));
        rk_matcopy_scale(job, row, job->n);
    }
}

static void rk_matcopy_scale_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_matcopy_job *job = (const rk_matcopy_job *)context;
    for (ptrdiff_t c = begin; c < end; c++)
        rk_matcopy_scale(job, job->b + c * job->ldb * job->size, job->m);
}

static void RK(omatcopy)(int dtype, int trans, int conj, ptrdiff_t m, ptrdiff_t n, double alpha, double alpha_im,
                         const void *a, ptrdiff_t lda, void *b, ptrdiff_t ldb)
{
    const int size = rk_dtype_size(dtype);
    rk_matcopy_job job = { .dtype = dtype, .size = size, .conj = conj, .m = m, .n = n, .lda = lda, .ldb = ldb,
                           .re = alpha, .im = alpha_im, .a = (const char *)a, .b = (char *)b };
    if (m == 0 || n == 0)
        return;
    if (!trans) {
        rk_move_run(rk_matcopy_rows_task, &job, m, n * size);
        return;
    }
    rk_transpose_job turn = { .size = size, .rows = m, .cols = n, .ldx = lda, .ldy = ldb, .x = job.a, .y = job.b };
    rk_transpose_run(&turn, 1);
    if (conj || alpha != 1 || alpha_im != 0)
        rk_move_run(rk_matcopy_scale_task, &job, n, m * size);
}

/* ---- strided copy ---- */

typedef struct {
    int dtype, size, add, nd;
    ptrdiff_t dims[RK_MAX_DIMS], sx[RK_MAX_DIMS], sy[RK_MAX_DIMS];
    ptrdiff_t n, incx, incy, bytes;
    const char *x;
    char *y;
} rk_strided_job;

/* one line of a copy or a sum; plain bytes where both are contiguous */
RK_INLINE void rk_strided_line(const rk_strided_job *job, const char *x, char *y)
{
    if (!job->add && job->incx == 1 && job->incy == 1) {
        rk_move_bytes(y, x, job->bytes);
        return;
    }
    rk_line_job line = { .dtype = job->dtype, .size = job->size, .n = job->n, .incx = job->incx, .incy = job->incy,
                         .re = 1, .x = x, .y = y };
    if (job->add)
        rk_axpy_task(&line, 0, RK_BLOCKS(job->n));
    else
        rk_copy_task(&line, 0, RK_BLOCKS(job->n));
}

static void rk_strided_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_strided_job *job = (const rk_strided_job *)context;
    ptrdiff_t index[RK_MAX_DIMS], ox = 0, oy = 0, at = begin;
    for (int d = job->nd - 1; d >= 0; d--) {
        index[d] = at % job->dims[d];
        at /= job->dims[d];
        ox += index[d] * job->sx[d];
        oy += index[d] * job->sy[d];
    }
    for (ptrdiff_t line = begin; line < end; line++) {
        rk_strided_line(job, job->x + ox * job->size, job->y + oy * job->size);
        for (int d = job->nd - 1; d >= 0; d--) {
            ox += job->sx[d];
            oy += job->sy[d];
            if (++index[d] < job->dims[d])
                break;
            index[d] = 0;
            ox -= job->sx[d] * job->dims[d];
            oy -= job->sy[d] * job->dims[d];
        }
    }
}

static void RK(strided_copy)(int dtype, int add, int nd, const ptrdiff_t *dims, const void *x, const ptrdiff_t *sx, void *y,
                             const ptrdiff_t *sy)
{
    rk_strided_job job = { .dtype = dtype, .size = rk_dtype_size(dtype), .add = add, .x = (const char *)x, .y = (char *)y };
    ptrdiff_t total = 1;
    int k = 0;
    for (int d = 0; d < nd; d++) {
        total *= dims[d];
        if (dims[d] == 1)
            continue;
        if (k && job.sx[k - 1] == sx[d] * dims[d] && job.sy[k - 1] == sy[d] * dims[d])
            job.dims[k - 1] *= dims[d];
        else
            job.dims[k++] = dims[d];
        job.sx[k - 1] = sx[d];
        job.sy[k - 1] = sy[d];
    }
    if (total == 0)
        return;
    if (k <= 1) {   /* one line: its own threads */
        const ptrdiff_t incx = k ? job.sx[0] : 1, incy = k ? job.sy[0] : 1;
        if (add)
            RK(axpy)(dtype, total, 1, 0, x, incx, y, incy);
        else if (incx == 1 && incy == 1 && total * job.size <= 4 * RK_GRAIN_BYTES)
            memcpy(y, x, (size_t)(total * job.size));
        else
            RK(copy)(job.size, total, x, incx, y, incy);
        return;
    }
    job.nd = k - 1;
    job.n = job.dims[k - 1];
    job.incx = job.sx[k - 1];
    job.incy = job.sy[k - 1];
    job.bytes = job.n * job.size;
    rk_move_run(rk_strided_task, &job, total / job.n, job.bytes);
}

typedef struct {
    int size;
    ptrdiff_t repeats;
    const char *x;
    char *y;
} rk_items_job;

static void rk_repeat_items_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_items_job *job = (const rk_items_job *)context;
    const ptrdiff_t repeats = job->repeats;
#define RK_CASE(SIZE, T) \
    case SIZE: { \
        const T *x = (const T *)job->x; \
        T *y = (T *)job->y; \
        if (repeats < 16) \
            for (ptrdiff_t i = begin, at = begin * repeats; i < end; i++) { \
                const T v = x[i]; \
                ptrdiff_t j = 0; \
                do y[at++] = v; while (++j < repeats); \
            } \
        else \
            for (ptrdiff_t i = begin; i < end; i++) { \
                const T v = x[i]; \
                for (ptrdiff_t j = 0; j < repeats; j++) y[i * repeats + j] = v; \
            } \
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

static void RK(repeat_items)(int size, ptrdiff_t n, ptrdiff_t repeats, const void *x, void *y)
{
    rk_items_job job = { size, repeats, (const char *)x, (char *)y };
    if (n && repeats)
        rk_repeat_run(rk_repeat_items_task, &job, n, repeats * size);
}

/* ---- gather and scatter along inner axes ---- */

typedef struct {
    int dtype, size, reverse, add, idx_type;
    ptrdiff_t batches, m, n, k, len, classes, depth;
    const ptrdiff_t *shape;
    char *a, *b;
    const void *x;
} rk_gather_job;

/* len items between a (at oa) and b (at ob), in the job's direction */
RK_INLINE void rk_gather_cell(const rk_gather_job *job, ptrdiff_t oa, ptrdiff_t ob, ptrdiff_t len)
{
    char *a = job->a + oa * job->size, *b = job->b + ob * job->size;
    char *to = job->reverse ? a : b;
    const char *source = job->reverse ? b : a;
    if (!job->add) {
        rk_move_bytes(to, source, len * job->size);
        return;
    }
    rk_line_job line = { .dtype = job->dtype, .n = len, .incx = 1, .incy = 1, .re = 1, .x = source, .y = to };
    rk_axpy_task(&line, 0, RK_BLOCKS(len));
}

/* (batch, m) pairs: no two of them touch the same part of a or b */
static void rk_gatherb_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_gather_job *job = (const rk_gather_job *)context;
    for (ptrdiff_t unit = begin; unit < end; unit++) {
        const ptrdiff_t batch = unit / job->m;
        for (ptrdiff_t j = 0; j < job->n; j++)
            for (ptrdiff_t h = 0; h < job->k; h++) {
                const ptrdiff_t at = rk_index(job->idx_type, job->x, (batch * job->n + j) * job->k + h);
                if (at < 0 || at >= job->classes)
                    continue;
                rk_gather_cell(job, ((unit * job->classes + at) * job->k + h) * job->len,
                               ((unit * job->n + j) * job->k + h) * job->len, job->len);
            }
    }
}

/* One item of each row, which lie far apart: the loop is short, so that many are on their way at once. */
#define RK_GATHER_EACH(SIZE, T) \
static void rk_gather_each_##SIZE(void *context, ptrdiff_t begin, ptrdiff_t end) \
{ \
    const rk_gather_job *job = (const rk_gather_job *)context; \
    const ptrdiff_t classes = job->classes; \
    const T *RK_RESTRICT a = (const T *)job->a; \
    T *RK_RESTRICT b = (T *)job->b; \
    const int32_t *x = (const int32_t *)job->x; \
    for (ptrdiff_t i = begin; i < end; i++) \
        if (x[i] >= 0 && x[i] < classes) \
            b[i] = a[i * classes + x[i]]; \
}
RK_GATHER_EACH(4, rk_any32)
RK_GATHER_EACH(8, rk_any64)

static void RK(gatherb)(int dtype, int reverse, int add, ptrdiff_t batches, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                        ptrdiff_t len, ptrdiff_t classes, void *a, const void *x, int idx_type, void *b)
{
    rk_gather_job job = { .dtype = dtype, .size = rk_dtype_size(dtype), .reverse = reverse, .add = add,
                          .idx_type = idx_type, .batches = batches, .m = m, .n = n, .k = k, .len = len,
                          .classes = classes, .a = (char *)a, .b = (char *)b, .x = x };
    if (!reverse && !add && m * n * k * len == 1 && (job.size == 4 || job.size == 8) && idx_type == RK_INT32)
        rk_move_run(job.size == 4 ? rk_gather_each_4 : rk_gather_each_8, &job, batches, 64);
    else if (batches && m && n && k && len)
        rk_move_run(rk_gatherb_task, &job, batches * m, n * k * len * job.size);
}

static void rk_gathernd_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_gather_job *job = (const rk_gather_job *)context;
    for (ptrdiff_t i = begin; i < end; i++)
        for (ptrdiff_t j = 0; j < job->n; j++) {
            ptrdiff_t at = 0, ok = 1;
            for (ptrdiff_t h = 0; h < job->depth; h++) {
                const ptrdiff_t index = rk_index(job->idx_type, job->x, (i * job->n + j) * job->depth + h);
                ok &= index >= 0 && index < job->shape[h];
                at = at * job->shape[h] + index;
            }
            if (ok)
                rk_gather_cell(job, (i * job->classes + at) * job->k, (i * job->n + j) * job->k, job->k);
        }
}

static void RK(gathernd)(int dtype, int reverse, int add, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t depth,
                         const ptrdiff_t *shape, void *a, const void *x, int idx_type, void *b)
{
    rk_gather_job job = { .dtype = dtype, .size = rk_dtype_size(dtype), .reverse = reverse, .add = add,
                          .idx_type = idx_type, .m = m, .n = n, .k = k, .classes = 1, .depth = depth, .shape = shape,
                          .a = (char *)a, .b = (char *)b, .x = x };
    for (ptrdiff_t h = 0; h < depth; h++)
        job.classes *= shape[h];
    if (m && n && k)
        rk_move_run(rk_gathernd_task, &job, m, n * k * job.size);
}

static ptrdiff_t RK(check_tuples)(int idx_type, const void *x, ptrdiff_t count, ptrdiff_t depth, const ptrdiff_t *shape)
{
    for (ptrdiff_t i = 0; i < count; i++)
        for (ptrdiff_t h = 0; h < depth; h++) {
            const ptrdiff_t at = rk_index(idx_type, x, i * depth + h);
            if (at < 0 || at >= shape[h])
                return i;
        }
    return -1;
}

static void RK(add_onehot)(int dtype, ptrdiff_t m, double alpha, const void *x, int idx_type, ptrdiff_t incx, void *y,
                           ptrdiff_t ldy)
{
    const int size = rk_dtype_size(dtype);
    uint64_t bits = 0;
    const int exact = rk_as_integer(alpha, &bits);
    for (ptrdiff_t i = 0; i < m; i++) {
        char *at = (char *)y + (i * ldy + rk_index(idx_type, x, i * incx)) * size;
        double v = 0;
        switch (exact || !rk_is_int(dtype) ? dtype : 0) {
#define RK_CASE(CODE, NAME, T, W) case CODE: *(T *)at = (T)((W)*(T *)at + (W)bits); break;
        RK_INTS(RK_CASE)
#undef RK_CASE
        case RK_FLOAT32: *(float *)at += (float)alpha; break;
        case RK_FLOAT64: *(double *)at += alpha; break;
        case RK_COMPLEX64: ((rk_c64 *)at)->re += (float)alpha; break;
        case RK_COMPLEX128: ((rk_c128 *)at)->re += alpha; break;
        default:   /* half precision, truth values, and integers plus a fraction: the sum is what is rounded */
            rk_load_f64(dtype, at, &v, 1);
            v += alpha;
            rk_store_f64(dtype, &v, at, 1);
        }
    }
}

/* ---- searching and sorting ---- */

/* Rows no longer than this are searched as the definition says, whatever their order; longer ones by halves. */
enum { RK_SEARCH_SCAN = 1024, RK_ABREAST = 16 };

typedef struct {
    int dtype, right, y_type, halve;
    ptrdiff_t n, lda, incx, incy;
    const void *a, *x;
    void *y;
} rk_search_job;

/* X(code, name, type, the value's order) */
#define RK_ORDERED(X) \
    X(RK_BOOL, b8, uint8_t, ) X(RK_INT8, i8, int8_t, ) X(RK_INT16, i16, int16_t, ) X(RK_INT32, i32, int32_t, ) \
    X(RK_INT64, i64, int64_t, ) X(RK_UINT8, u8, uint8_t, ) X(RK_UINT16, u16, uint16_t, ) X(RK_UINT32, u32, uint32_t, ) \
    X(RK_UINT64, u64, uint64_t, ) X(RK_FLOAT16, f16, uint16_t, rk_half_to_float) X(RK_FLOAT32, f32, float, ) \
    X(RK_FLOAT64, f64, double, )

#define RK_SEARCH(CODE, NAME, T, LOAD) \
static inline ptrdiff_t rk_scan_##NAME(const T *a, ptrdiff_t n, T x, int right) \
{ \
    for (ptrdiff_t j = 0; j < n; j++) \
        if (right ? !(LOAD(x) >= LOAD(a[j])) : !(LOAD(x) > LOAD(a[j]))) \
            return j; \
    return n; \
} \
static inline ptrdiff_t rk_halve_##NAME(const T *a, ptrdiff_t n, T x, int right) \
{ \
    const T *base = a; \
    while (n > 1) { \
        const ptrdiff_t half = n / 2; \
        base += (right ? LOAD(x) >= LOAD(base[half - 1]) : LOAD(x) > LOAD(base[half - 1])) ? half : 0; \
        n -= half; \
    } \
    return base - a + (n == 1 && (right ? LOAD(x) >= LOAD(*base) : LOAD(x) > LOAD(*base))); \
} \
/* several numbers in one sequence of n > 0 side by side: none waits for another */ \
RK_INLINE void rk_abreast_##NAME(const T *a, int32_t n, const T *x, int right, int32_t *at) \
{ \
    for (int j = 0; j < RK_ABREAST; j++) at[j] = 0; \
    for (; n > 1; n -= n / 2) { \
        const T *middle = a + n / 2 - 1; \
        for (int j = 0; j < RK_ABREAST; j++) { \
            const T v = middle[at[j]]; \
            at[j] += n / 2 & -(int32_t)(right ? LOAD(x[j]) >= LOAD(v) : LOAD(x[j]) > LOAD(v)); \
        } \
    } \
    for (int j = 0; j < RK_ABREAST; j++) { \
        const T v = a[at[j]]; \
        at[j] += right ? LOAD(x[j]) >= LOAD(v) : LOAD(x[j]) > LOAD(v); \
    } \
} \
static void rk_search_##NAME(const rk_search_job *job, ptrdiff_t begin, ptrdiff_t end) \
{ \
    const T *x = (const T *)job->x, *a = (const T *)job->a; \
    const int narrow = job->y_type == RK_INT32 || job->y_type == RK_UINT32; \
    ptrdiff_t i = begin; \
    if (job->halve && job->lda == 0 && job->incx == 1 && job->incy == 1 && job->n > 0 && job->n <= INT32_MAX) \
        for (; i + RK_ABREAST <= end; i += RK_ABREAST) { \
            int32_t at[RK_ABREAST]; \
            if (job->right) rk_abreast_##NAME(a, (int32_t)job->n, x + i, 1, at); \
            else rk_abreast_##NAME(a, (int32_t)job->n, x + i, 0, at); \
            if (narrow) for (int j = 0; j < RK_ABREAST; j++) ((int32_t *)job->y)[i + j] = at[j]; \
            else for (int j = 0; j < RK_ABREAST; j++) ((int64_t *)job->y)[i + j] = at[j]; \
        } \
    for (; i < end; i++) { \
        const T *row = a + i * job->lda; \
        const ptrdiff_t j = job->halve ? rk_halve_##NAME(row, job->n, x[i * job->incx], job->right) \
                                       : rk_scan_##NAME(row, job->n, x[i * job->incx], job->right); \
        if (narrow) ((int32_t *)job->y)[i * job->incy] = (int32_t)j; \
        else ((int64_t *)job->y)[i * job->incy] = j; \
    } \
} \
static int rk_ascends_##NAME(const T *a, ptrdiff_t n) \
{ \
    int ascends = 1; \
    for (ptrdiff_t j = 1; j < n; j++) ascends &= LOAD(a[j - 1]) <= LOAD(a[j]); \
    return ascends; \
}
RK_ORDERED(RK_SEARCH)

static void rk_search_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_search_job *job = (const rk_search_job *)context;
#define RK_CASE(CODE, NAME, T, LOAD) case CODE: rk_search_##NAME(job, begin, end); break;
    switch (job->dtype) {
    RK_ORDERED(RK_CASE)
    }
#undef RK_CASE
}

static void RK(searchsorted)(int dtype, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t lda, const void *x, ptrdiff_t incx,
                             int right, void *y, int idx_type, ptrdiff_t incy)
{
    rk_search_job job = { dtype, right, idx_type, n > RK_SEARCH_SCAN, n, lda, incx, incy, a, x, y };
    if (!job.halve && lda == 0 && m > 4) {
        /* worth a look whether halves will do */
#define RK_CASE(CODE, NAME, T, LOAD) case CODE: job.halve = rk_ascends_##NAME((const T *)a, n); break;
        switch (dtype) {
        RK_ORDERED(RK_CASE)
        }
#undef RK_CASE
    }
    if (m <= 2048)
        rk_search_task(&job, 0, m);
    else
        rk_parallel(rk_search_task, &job, m, 1024);
}

/* Elements as integers in the same order: nan above all, -0 equal to 0. */
static void rk_keys32(int dtype, const void *src, int32_t *key, ptrdiff_t n)
{
    switch (dtype) {
#define RK_CASE(CODE, NAME, T, W) \
    case CODE: { const T *x = (const T *)src; for (ptrdiff_t i = 0; i < n; i++) key[i] = (int32_t)x[i]; break; }
    RK_CASE(RK_BOOL, b8, uint8_t, 0)
    RK_CASE(RK_INT8, i8, int8_t, 0)
    RK_CASE(RK_INT16, i16, int16_t, 0)
    RK_CASE(RK_INT32, i32, int32_t, 0)
    RK_CASE(RK_UINT8, u8, uint8_t, 0)
    RK_CASE(RK_UINT16, u16, uint16_t, 0)
#undef RK_CASE
    case RK_UINT32: {
        const uint32_t *x = (const uint32_t *)src;
        for (ptrdiff_t i = 0; i < n; i++) key[i] = (int32_t)(x[i] ^ 0x80000000u);
        break;
    }
    case RK_FLOAT32: {
        const float *x = (const float *)src;
        for (ptrdiff_t i = 0; i < n; i++) {
            const float v = x[i] + 0.0f;
            const int32_t bits = rk_bits_f32(v);
            key[i] = v != v ? INT32_MAX : bits ^ (bits >> 31 & 0x7fffffff);
        }
        break;
    }
    default: {
        const uint16_t *x = (const uint16_t *)src;
        for (ptrdiff_t i = 0; i < n; i++) {
            const float v = rk_half_to_float(x[i]) + 0.0f;
            const int32_t bits = rk_bits_f32(v);
            key[i] = v != v ? INT32_MAX : bits ^ (bits >> 31 & 0x7fffffff);
        }
    }
    }
}

static void rk_keys64(int dtype, const void *src, int64_t *key, ptrdiff_t n)
{
    if (dtype == RK_INT64) {
        memcpy(key, src, (size_t)n * sizeof *key);
    } else if (dtype == RK_UINT64) {
        const uint64_t *x = (const uint64_t *)src;
        for (ptrdiff_t i = 0; i < n; i++) key[i] = (int64_t)(x[i] ^ 0x8000000000000000u);
    } else {
        const double *x = (const double *)src;
        for (ptrdiff_t i = 0; i < n; i++) {
            const double v = x[i] + 0.0;
            const int64_t bits = rk_bits_f64(v);
            key[i] = v != v ? INT64_MAX : bits ^ (bits >> 63 & 0x7fffffffffffffff);
        }
    }
}

typedef struct {
    int dtype, size, sorted, failed;
    ptrdiff_t n, k;
    const char *x;
    char *values;
    int32_t *indices;
} rk_topk_job;

enum { RK_KEY_CHUNK = 1024, RK_RADIX_MOST = 11 };

/* A heap of the k largest so far, the smallest at its root; or, when k is a good part of n, a radix sort. */
#define RK_TOPK(BITS) \
static void rk_sink_##BITS(int##BITS##_t *key, int32_t *idx, ptrdiff_t n, ptrdiff_t at) \
{ \
    const int##BITS##_t k = key[at]; \
    const int32_t i = idx[at]; \
    for (ptrdiff_t child; (child = 2 * at + 1) < n; at = child) { \
        child += child + 1 < n && key[child + 1] < key[child]; \
        if (k <= key[child]) \
            break; \
        key[at] = key[child]; \
        idx[at] = idx[child]; \
    } \
    key[at] = k; \
    idx[at] = i; \
} \
static void rk_topk_heap_##BITS(const rk_topk_job *job, const char *x, int##BITS##_t *key, int32_t *idx) \
{ \
    int##BITS##_t chunk[RK_KEY_CHUNK]; \
    const ptrdiff_t k = job->k; \
    rk_keys##BITS(job->dtype, x, key, k); \
    for (ptrdiff_t i = 0; i < k; i++) \
        idx[i] = (int32_t)i; \
    for (ptrdiff_t i = k / 2 - 1; i >= 0; i--) \
        rk_sink_##BITS(key, idx, k, i); \
    for (ptrdiff_t i = k; i < job->n; i += RK_KEY_CHUNK) { \
        const ptrdiff_t count = job->n - i < RK_KEY_CHUNK ? job->n - i : RK_KEY_CHUNK; \
        rk_keys##BITS(job->dtype, x + i * job->size, chunk, count); \
        for (ptrdiff_t j = 0; j < count; j += 64) { \
            /* most runs hold nothing that is larger than the root */ \
            const ptrdiff_t to = count - j < 64 ? count : j + 64; \
            const int##BITS##_t bound = key[0]; \
            int any = 0; \
            for (ptrdiff_t h = j; h < to; h++) any |= chunk[h] > bound; \
            for (ptrdiff_t h = any ? j : to; h < to; h++) \
                if (chunk[h] > key[0]) { \
                    key[0] = chunk[h]; \
                    idx[0] = (int32_t)(i + h); \
                    rk_sink_##BITS(key, idx, k, 0); \
                } \
        } \
    } \
    for (ptrdiff_t i = job->sorted ? k - 1 : 0; i > 0; i--) { \
        const int##BITS##_t last = key[i]; \
        const int32_t at = idx[i]; \
        key[i] = key[0]; \
        idx[i] = idx[0]; \
        key[0] = last; \
        idx[0] = at; \
        rk_sink_##BITS(key, idx, i, 0); \
    } \
} \
typedef struct { uint##BITS##_t key; int32_t idx; } rk_pair##BITS; \
/* p and q: n pairs each */ \
static void rk_topk_radix_##BITS(const rk_topk_job *job, const char *x, rk_pair##BITS *p, rk_pair##BITS *q, int32_t *idx) \
{ \
    /* short rows are not worth clearing large tables for */ \
    const int bits = job->n <= 8192 ? 8 : RK_RADIX_MOST, mask = (1 << bits) - 1; \
    int##BITS##_t chunk[RK_KEY_CHUNK]; \
    int32_t count[1 << RK_RADIX_MOST]; \
    for (ptrdiff_t i = 0; i < job->n; i += RK_KEY_CHUNK) { \
        const ptrdiff_t m = job->n - i < RK_KEY_CHUNK ? job->n - i : RK_KEY_CHUNK; \
        rk_keys##BITS(job->dtype, x + i * job->size, chunk, m); \
        for (ptrdiff_t j = 0; j < m; j++) { \
            /* complemented, so that the largest come first */ \
            p[i + j].key = ~((uint##BITS##_t)chunk[j] ^ (uint##BITS##_t)1 << (BITS - 1)); \
            p[i + j].idx = (int32_t)(i + j); \
        } \
    } \
    for (int shift = 0; shift < BITS; shift += bits) { \
        memset(count, 0, (size_t)(mask + 1) * sizeof *count); \
        for (ptrdiff_t i = 0; i < job->n; i++) \
            count[p[i].key >> shift & mask]++; \
        if (count[p[0].key >> shift & mask] == job->n) \
            continue; \
        for (int32_t i = 0, sum = 0; i <= mask; i++) { \
            const int32_t c = count[i]; \
            count[i] = sum; \
            sum += c; \
        } \
        for (ptrdiff_t i = 0; i < job->n; i++) \
            q[count[p[i].key >> shift & mask]++] = p[i]; \
        rk_pair##BITS *swap = p; \
        p = q; \
        q = swap; \
    } \
    for (ptrdiff_t i = 0; i < job->k; i++) \
        idx[i] = p[i].idx; \
}
RK_TOPK(32)
RK_TOPK(64)

static void rk_topk_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    rk_topk_job *job = (rk_topk_job *)context;
    const int wide = job->dtype == RK_INT64 || job->dtype == RK_UINT64 || job->dtype == RK_FLOAT64;
    const int radix = job->k >= 64 && job->k > job->n / 16;
    const size_t pair = wide ? sizeof(rk_pair64) : sizeof(rk_pair32);
    int64_t few[64];
    void *memory = few;
    if (radix || job->k > 64)
        memory = malloc(radix ? 2 * (size_t)job->n * pair : (size_t)job->k * 8);
    if (!memory) {
        job->failed = 1;
        return;
    }
    for (ptrdiff_t row = begin; row < end; row++) {
        const char *x = job->x + row * job->n * job->size;
        int32_t *idx = job->indices + row * job->k;
        if (radix && wide)
            rk_topk_radix_64(job, x, (rk_pair64 *)memory, (rk_pair64 *)memory + job->n, idx);
        else if (radix)
            rk_topk_radix_32(job, x, (rk_pair32 *)memory, (rk_pair32 *)memory + job->n, idx);
        else if (wide)
            rk_topk_heap_64(job, x, (int64_t *)memory, idx);
        else
            rk_topk_heap_32(job, x, (int32_t *)memory, idx);
        RK(gather_rows)(job->size, x, idx, RK_INT32, job->values + row * job->k * job->size, job->k, 1);
    }
    if (memory != few)
        free(memory);
}

static int RK(topk)(int dtype, ptrdiff_t m, ptrdiff_t n, const void *x, ptrdiff_t k, int sorted, void *values,
                    int32_t *indices)
{
    rk_topk_job job = { dtype, rk_dtype_size(dtype), sorted, 0, n, k, (const char *)x, (char *)values, indices };
    if (m && n && k)
        rk_move_run(rk_topk_task, &job, m, n * 8);
    return job.failed ? -1 : 0;
}

/* ---- images ---- */

#define RK_SIZES(X) X(1, uint8_t) X(2, uint16_t) X(4, uint32_t) X(8, uint64_t) X(16, rk_item16)

RK_INLINE rk_c64 rk_add_c64(rk_c64 a, rk_c64 b) { a.re += b.re; a.im += b.im; return a; }
RK_INLINE rk_c128 rk_add_c128(rk_c128 a, rk_c128 b) { a.re += b.re; a.im += b.im; return a; }
/* X(code, name, type, sum of a and b) */
#define RK_SUMS(X) \
    X(RK_BOOL, b8, uint8_t, (uint8_t)((a | b) != 0)) \
    X(RK_INT8, i8, int8_t, (int8_t)((uint32_t)a + (uint32_t)b)) X(RK_INT16, i16, int16_t, (int16_t)((uint32_t)a + (uint32_t)b)) \
    X(RK_INT32, i32, int32_t, (int32_t)((uint32_t)a + (uint32_t)b)) \
    X(RK_INT64, i64, int64_t, (int64_t)((uint64_t)a + (uint64_t)b)) \
    X(RK_UINT8, u8, uint8_t, (uint8_t)(a + b)) X(RK_UINT16, u16, uint16_t, (uint16_t)(a + b)) \
    X(RK_UINT32, u32, uint32_t, a + b) X(RK_UINT64, u64, uint64_t, a + b) \
    X(RK_FLOAT16, f16, uint16_t, rk_float_to_half(rk_half_to_float(a) + rk_half_to_float(b))) \
    X(RK_FLOAT32, f32, float, a + b) X(RK_FLOAT64, f64, double, a + b) \
    X(RK_COMPLEX64, c64, rk_c64, rk_add_c64(a, b)) X(RK_COMPLEX128, c128, rk_c128, rk_add_c128(a, b))

typedef struct {
    int dtype, size, by_rows;
    ptrdiff_t g[RK_I2C_NUMBERS];
    ptrdiff_t step_c, step_d, step_h, step_w, step_batch;    /* of images */
    ptrdiff_t cell, col_filter, col_channel, outputs;        /* of cols; outputs: cells of an image */
    ptrdiff_t chunk, chunks;                                 /* channels that a unit of the reverse takes */
    char *images, *cols;
} rk_im2col_job;

/* where the patch of output `at` begins in the image */
static void rk_im2col_origin(const ptrdiff_t *g, ptrdiff_t at, ptrdiff_t *z, ptrdiff_t *y, ptrdiff_t *x)
{
    *x = at % g[RK_I2C_OUT_W] * g[RK_I2C_STRIDE_W] - g[RK_I2C_PAD_W];
    at /= g[RK_I2C_OUT_W];
    *y = at % g[RK_I2C_OUT_H] * g[RK_I2C_STRIDE_H] - g[RK_I2C_PAD_H];
    *z = at / g[RK_I2C_OUT_H] * g[RK_I2C_STRIDE_D] - g[RK_I2C_PAD_D];
}

/* one row of a filter where neighbours in the image are neighbours in the patch: one run of bytes, or one a channel */
static void rk_im2col_row(const rk_im2col_job *job, const char *image, char *to, ptrdiff_t x0, int inside)
{
    const ptrdiff_t *g = job->g, width = g[RK_I2C_FILTER_W];
    const int channels_first = g[RK_I2C_CHANNELS_FIRST] != 0;
    const ptrdiff_t item = job->step_w * job->size, lines = channels_first ? g[RK_I2C_CHANNELS] : 1;
    ptrdiff_t first = x0 < 0 ? -x0 : 0, last = g[RK_I2C_IM_W] - x0;   /* the places that lie in the image */
    last = !inside || last < 0 ? 0 : last > width ? width : last;
    first = first > last ? last : first;
    for (ptrdiff_t c = 0; c < lines; c++, image += job->step_c * job->size, to += job->col_channel * job->size) {
        if (first)
            memset(to, 0, (size_t)(first * item));
        if (last > first)
            rk_move_bytes(to + first * item, image + (x0 + first) * item, (last - first) * item);
        if (last < width)
            memset(to + last * item, 0, (size_t)((width - last) * item));
    }
}

static void rk_im2col_place(const rk_im2col_job *job, const char *image, char *to, int inside)
{
    const ptrdiff_t channels = job->g[RK_I2C_CHANNELS];
#define RK_CASE(SIZE, T) \
    case SIZE: { \
        T *y = (T *)to; \
        if (inside) { \
            const T *x = (const T *)image; \
            for (ptrdiff_t c = 0; c < channels; c++) y[c * job->col_channel] = x[c * job->step_c]; \
        } else { \
            const T zero = { 0 }; \
            for (ptrdiff_t c = 0; c < channels; c++) y[c * job->col_channel] = zero; \
        } \
        break; \
    }
    switch (job->size) {
    RK_SIZES(RK_CASE)
    }
#undef RK_CASE
}

static void rk_im2col_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_im2col_job *job = (const rk_im2col_job *)context;
    const ptrdiff_t *g = job->g, size = job->size;
    for (ptrdiff_t unit = begin; unit < end; unit++) {
        ptrdiff_t z0, y0, x0;
        rk_im2col_origin(g, unit % job->outputs, &z0, &y0, &x0);
        const char *image = job->images + unit / job->outputs * job->step_batch * size;
        char *cols = job->cols + unit * job->cell * size;
        for (ptrdiff_t fz = 0; fz < g[RK_I2C_FILTER_D]; fz++)
            for (ptrdiff_t fy = 0; fy < g[RK_I2C_FILTER_H]; fy++) {
                const ptrdiff_t z = z0 + fz * g[RK_I2C_DILATION_D], y = y0 + fy * g[RK_I2C_DILATION_H];
                const int inside = z >= 0 && z < g[RK_I2C_IM_D] && y >= 0 && y < g[RK_I2C_IM_H];
                const char *row = image + (z * job->step_d + y * job->step_h) * size;
                if (job->by_rows) {
                    rk_im2col_row(job, row, cols, x0, inside);
                    cols += g[RK_I2C_FILTER_W] * job->col_filter * size;
                    continue;
                }
                for (ptrdiff_t fx = 0; fx < g[RK_I2C_FILTER_W]; fx++, cols += job->col_filter * size) {
                    const ptrdiff_t x = x0 + fx * g[RK_I2C_DILATION_W];
                    rk_im2col_place(job, row + x * job->step_w * size, cols, inside && x >= 0 && x < g[RK_I2C_IM_W]);
                }
            }
    }
}

/* Patches overlap: a unit takes some channels of one image and adds up all of its patches in their order. */
#define RK_COL2IM(CODE, NAME, T, SUM) \
static void rk_col2im_##NAME(const rk_im2col_job *job, ptrdiff_t batch, ptrdiff_t c0, ptrdiff_t count) \
{ \
    const ptrdiff_t *g = job->g, sx = job->col_channel, sy = job->step_c; \
    T *image = (T *)job->images + batch * job->step_batch + c0 * sy; \
    const T *cols = (const T *)job->cols + batch * job->outputs * job->cell + c0 * sx; \
    for (ptrdiff_t at = 0; at < job->outputs; at++, cols += job->cell) { \
        ptrdiff_t z0, y0, x0; \
        const T *from = cols; \
        rk_im2col_origin(g, at, &z0, &y0, &x0); \
        for (ptrdiff_t fz = 0; fz < g[RK_I2C_FILTER_D]; fz++) \
            for (ptrdiff_t fy = 0; fy < g[RK_I2C_FILTER_H]; fy++) \
                for (ptrdiff_t fx = 0; fx < g[RK_I2C_FILTER_W]; fx++, from += job->col_filter) { \
                    const ptrdiff_t z = z0 + fz * g[RK_I2C_DILATION_D], y = y0 + fy * g[RK_I2C_DILATION_H]; \
                    const ptrdiff_t x = x0 + fx * g[RK_I2C_DILATION_W]; \
                    if (z < 0 || z >= g[RK_I2C_IM_D] || y < 0 || y >= g[RK_I2C_IM_H] || x < 0 || x >= g[RK_I2C_IM_W]) \
                        continue; \
                    T *to = image + z * job->step_d + y * job->step_h + x * job->step_w; \
                    if (sx == 1 && sy == 1) { \
                        RK_IVDEP \
                        for (ptrdiff_t c = 0; c < count; c++) { const T a = to[c], b = from[c]; to[c] = SUM; } \
                    } else { \
                        for (ptrdiff_t c = 0; c < count; c++) { const T a = to[c * sy], b = from[c * sx]; to[c * sy] = SUM; } \
                    } \
                } \
    } \
}
RK_SUMS(RK_COL2IM)

static void rk_col2im_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_im2col_job *job = (const rk_im2col_job *)context;
    for (ptrdiff_t unit = begin; unit < end; unit++) {
        const ptrdiff_t c0 = unit % job->chunks * job->chunk, left = job->g[RK_I2C_CHANNELS] - c0;
        const ptrdiff_t count = left < job->chunk ? left : job->chunk;
#define RK_CASE(CODE, NAME, T, SUM) case CODE: rk_col2im_##NAME(job, unit / job->chunks, c0, count); break;
        switch (job->dtype) {
        RK_SUMS(RK_CASE)
        }
#undef RK_CASE
    }
}

static void RK(im2col)(int dtype, int reverse, const ptrdiff_t *geometry, void *images, void *cols)
{
    rk_im2col_job job = { .dtype = dtype, .size = rk_dtype_size(dtype), .images = (char *)images, .cols = (char *)cols };
    memcpy(job.g, geometry, sizeof job.g);
    const ptrdiff_t *g = job.g, channels = g[RK_I2C_CHANNELS];
    const ptrdiff_t pixels = g[RK_I2C_IM_D] * g[RK_I2C_IM_H] * g[RK_I2C_IM_W];
    const ptrdiff_t filter = g[RK_I2C_FILTER_D] * g[RK_I2C_FILTER_H] * g[RK_I2C_FILTER_W];
    const int first = g[RK_I2C_CHANNELS_FIRST] != 0, cols_first = g[RK_I2C_COLS_CHANNELS_FIRST] != 0;
    job.step_c = first ? pixels : 1;
    job.step_w = first ? 1 : channels;
    job.step_h = job.step_w * g[RK_I2C_IM_W];
    job.step_d = job.step_h * g[RK_I2C_IM_H];
    job.step_batch = pixels * channels;
    job.cell = filter * channels;
    job.col_filter = cols_first ? 1 : channels;
    job.col_channel = cols_first ? filter : 1;
    job.outputs = g[RK_I2C_OUT_D] * g[RK_I2C_OUT_H] * g[RK_I2C_OUT_W];
    job.by_rows = g[RK_I2C_DILATION_W] == 1 && (first == cols_first || channels == 1);
    if (g[RK_I2C_BATCHES] == 0 || job.outputs == 0 || job.cell == 0 || pixels == 0)
        return;
    if (reverse) {
        job.chunk = g[RK_I2C_BATCHES] > 1 ? channels : 64;
        job.chunks = (channels + job.chunk - 1) / job.chunk;
        rk_move_run(rk_col2im_task, &job, g[RK_I2C_BATCHES] * job.chunks,
                    job.outputs * job.cell * job.size / job.chunks + 1);
    } else {
        rk_move_run(rk_im2col_task, &job, g[RK_I2C_BATCHES] * job.outputs, job.cell * job.size);
    }
}

static ptrdiff_t rk_nearest(ptrdiff_t i, ptrdiff_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

static void RK(imagecopy)(int size, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, const void *a, void *b,
                          int channels_first, ptrdiff_t height_shift, ptrdiff_t width_shift, int vertical_flip,
                          int horizontal_flip, int rgb_flip)
{
    const ptrdiff_t step_c = channels_first ? width * height : 1, step_x = channels_first ? 1 : channels;
    const ptrdiff_t step_y = step_x * width;
    for (ptrdiff_t y = 0; y < height; y++) {
        const ptrdiff_t sy = rk_nearest(vertical_flip ? height - 1 - y + height_shift : y - height_shift, height);
        if (!horizontal_flip && width_shift == 0 && !rgb_flip && !channels_first) {
            memcpy((char *)b + y * step_y * size, (const char *)a + sy * step_y * size, (size_t)(step_y * size));
            continue;
        }
        for (ptrdiff_t c = 0; c < channels; c++) {
            const ptrdiff_t sc = rgb_flip && c < 3 ? 2 - c : c;
#define RK_CASE(SIZE, T) \
            case SIZE: { \
                const T *from = (const T *)a + sy * step_y + sc * step_c; \
                T *to = (T *)b + y * step_y + c * step_c; \
                for (ptrdiff_t x = 0; x < width; x++) { \
                    const ptrdiff_t sx = horizontal_flip ? width - 1 - x + width_shift : x - width_shift; \
                    to[x * step_x] = from[rk_nearest(sx, width) * step_x]; \
                } \
                break; \
            }
            switch (size) {
            RK_SIZES(RK_CASE)
            }
#undef RK_CASE
        }
    }
}

/* ---- masks ---- */

static void RK(bandpart)(int size, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, void *a, ptrdiff_t lower, ptrdiff_t upper)
{
    for (ptrdiff_t row = 0; row < m * n; row++) {
        const ptrdiff_t i = row % n;
        char *y = (char *)a + row * k * size;
        ptrdiff_t first = lower >= 0 ? i - lower : 0, last = upper >= 0 ? i + upper + 1 : k;   /* what stays */
        first = first < 0 ? 0 : first > k ? k : first;
        last = last < first ? first : last > k ? k : last;
        memset(y, 0, (size_t)(first * size));
        memset(y + last * size, 0, (size_t)((k - last) * size));
    }
}

typedef struct {
    int dtype, size, add;
    ptrdiff_t n, k, len;
    double fill;
    const uint8_t *x;
    char *a;
} rk_masking_job;

/* single numbers, without a branch at each */
#define RK_MASK_ROW(T) \
    T *y = (T *)a, fill = (T)job->fill; \
    if (job->add) \
        for (ptrdiff_t h = 0; h < k; h++) \
            y[h] = x[h] ? y[h] : y[h] + fill; \
    else \
        for (ptrdiff_t h = 0; h < k; h++) \
            y[h] = x[h] ? y[h] : fill;

static void rk_masking_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_masking_job *job = (const rk_masking_job *)context;
    const ptrdiff_t k = job->k, len = job->len, size = job->size;
    rk_item16 item = { 0, 0 };
    rk_store_f64(job->dtype, &job->fill, &item, 1);
    for (ptrdiff_t row = begin; row < end; row++) {
        const uint8_t *x = job->x + row / job->n * k;
        char *a = job->a + row * k * len * size;
        if (len == 1 && job->dtype == RK_FLOAT32) {
            RK_MASK_ROW(float)
            continue;
        }
        if (len == 1 && job->dtype == RK_FLOAT64) {
            RK_MASK_ROW(double)
            continue;
        }
        for (ptrdiff_t h = 0; h < k; h++, a += len * size) {
            if (x[h])
                continue;
            if (!job->add) {
                rk_line_job line = { .size = job->size, .n = len, .incy = 1, .x = (const char *)&item, .y = a };
                rk_fill_task(&line, 0, RK_BLOCKS(len));
            } else if (job->dtype >= RK_COMPLEX64) {
                for (ptrdiff_t i = 0; i < len; i++) {
                    if (job->dtype == RK_COMPLEX64)
                        ((rk_c64 *)a)[i].re += (float)job->fill;
                    else
                        ((rk_c128 *)a)[i].re += job->fill;
                }
            } else {
                rk_par_run(RK_AXPB, job->dtype, a, 1, job->fill, a, len);
            }
        }
    }
}
#undef RK_MASK_ROW

static void RK(masking)(int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t len, double fill, int add, const void *x,
                        void *a)
{
    rk_masking_job job = { dtype, rk_dtype_size(dtype), add, n, k, len, fill, (const uint8_t *)x, (char *)a };
    if (m && n && k && len)
        rk_move_run(rk_masking_task, &job, m * n, k * len * job.size);
}

/* ---- einsum ---- */

enum { RK_EINSUM_DIMS = 32 };

typedef struct {
    int dtype, size, nd, ndc;
    ptrdiff_t dims[RK_EINSUM_DIMS], sa[RK_EINSUM_DIMS], sb[RK_EINSUM_DIMS];
    const char *a, *b;
    char *c;
} rk_einsum_job;

static rk_part rk_einsum_line(const rk_einsum_job *job, ptrdiff_t oa, ptrdiff_t ob, ptrdiff_t n, ptrdiff_t sa, ptrdiff_t sb)
{
    const char *a = job->a + oa * job->size, *b = job->b + ob * job->size;
    if (sa == 1 && sb == 1)
        return rk_dot_block(job->dtype, a, b, n);
    rk_part p = { .u = 0 };
#define RK_CASE(CODE, NAME, T, W) \
    case CODE: \
        for (ptrdiff_t i = 0; i < n; i++) \
            p.u += (uint64_t)((const T *)a)[i * sa] * (uint64_t)((const T *)b)[i * sb]; \
        break;
    switch (job->dtype) {
    RK_INTS(RK_CASE)
    RK_CASE(RK_BOOL, b, uint8_t, 0)
    case RK_FLOAT32:
        for (ptrdiff_t i = 0; i < n; i++)
            p.d += (double)((const float *)a)[i * sa] * (double)((const float *)b)[i * sb];
        break;
    case RK_FLOAT64:
        for (ptrdiff_t i = 0; i < n; i++)
            p.d += ((const double *)a)[i * sa] * ((const double *)b)[i * sb];
        break;
    }
#undef RK_CASE
    return p;
}

static void rk_einsum_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_einsum_job *job = (const rk_einsum_job *)context;
    ptrdiff_t index[RK_EINSUM_DIMS];
    const int last = job->nd - 1;
    for (ptrdiff_t at = begin; at < end; at++) {
        ptrdiff_t oa = 0, ob = 0, rest = at;
        for (int d = job->ndc - 1; d >= 0; d--) {
            const ptrdiff_t i = rest % job->dims[d];
            rest /= job->dims[d];
            oa += i * job->sa[d];
            ob += i * job->sb[d];
        }
        rk_part sum = { .u = 0 };
        if (job->ndc == job->nd) {
            sum = rk_einsum_line(job, oa, ob, 1, 1, 1);
        } else {
            for (int d = job->ndc; d < last; d++)
                index[d] = 0;
            for (int d = job->ndc; ;) {
                const rk_part p = rk_einsum_line(job, oa, ob, job->dims[last], job->sa[last], job->sb[last]);
                if (rk_is_float(job->dtype))
                    sum.d += p.d;
                else
                    sum.u += p.u;
                for (d = last - 1; d >= job->ndc; d--) {
                    oa += job->sa[d];
                    ob += job->sb[d];
                    if (++index[d] < job->dims[d])
                        break;
                    index[d] = 0;
                    oa -= job->sa[d] * job->dims[d];
                    ob -= job->sb[d] * job->dims[d];
                }
                if (d < job->ndc)
                    break;
            }
        }
        rk_put(RK_SUM, job->dtype, sum, NULL, 1, 1, job->c, at);
    }
}

static void RK(einsum)(int dtype, int nd, int ndc, const ptrdiff_t *dims, const void *a, const ptrdiff_t *sa, const void *b,
                       const ptrdiff_t *sb, void *c)
{
    rk_einsum_job job = { .dtype = dtype, .size = rk_dtype_size(dtype), .nd = nd, .ndc = ndc, .a = (const char *)a,
                          .b = (const char *)b, .c = (char *)c };
    ptrdiff_t outputs = 1, terms = 1;
    for (int d = 0; d < nd; d++) {
        job.dims[d] = dims[d];
        job.sa[d] = sa[d];
        job.sb[d] = sb[d];
        *(d < ndc ? &outputs : &terms) *= dims[d];
    }
    if (terms == 0)
        memset(c, 0, (size_t)(outputs * job.size));
    else if (outputs)
        rk_move_run(rk_einsum_task, &job, outputs, terms * 8);
}

/* ---- random numbers ----
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, SC 2011): a stream of
 * blocks of 256 words, each made of 64 counters side by side, so that the rounds are vector loops. */

enum { RK_PHILOX_LANES = 64, RK_PHILOX_WORDS = 256, RK_PHILOX_FEW = 16 };

/* the first `lanes` counters of a block, a constant */
RK_INLINE void rk_philox_lanes(uint64_t seed, uint64_t block, uint32_t *RK_RESTRICT out, const int lanes)
{
    uint32_t *c0 = out, *c1 = out + 64, *c2 = out + 128, *c3 = out + 192;
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int i = 0; i < lanes; i++) {
        const uint64_t counter = block * RK_PHILOX_LANES + (uint64_t)i;
        c0[i] = (uint32_t)counter;
        c1[i] = (uint32_t)(counter >> 32);
        c2[i] = 0;
        c3[i] = 0;
    }
    for (int round = 0; round < 10; round++, k0 += 0x9e3779b9u, k1 += 0xbb67ae85u) {
        RK_IVDEP
        for (int i = 0; i < lanes; i++) {
            const uint64_t p = (uint64_t)c0[i] * 0xd2511f53u, q = (uint64_t)c2[i] * 0xcd9e8d57u;
            c0[i] = (uint32_t)(q >> 32) ^ c1[i] ^ k0;
            c1[i] = (uint32_t)q;
            c2[i] = (uint32_t)(p >> 32) ^ c3[i] ^ k1;
            c3[i] = (uint32_t)p;
        }
    }
}

static void rk_philox(uint64_t seed, uint64_t block, uint32_t *RK_RESTRICT out)
{
    rk_philox_lanes(seed, block, out, RK_PHILOX_LANES);
}

/* high word of a product of 64-bit numbers */
static inline uint64_t rk_mulhi(uint64_t a, uint64_t b)
{
    const uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
    const uint64_t mid = ah * bl + (al * bl >> 32), low = al * bh + (uint32_t)mid;
    return ah * bh + (mid >> 32) + (low >> 32);
}

typedef struct {
    int dtype, size, normal;
    char *y;
    ptrdiff_t n, inc, each;   /* each: numbers a block gives */
    double a, b;              /* low and high, or mean and scale */
    uint64_t seed;
} rk_random_job;

/* words as 53-bit fractions in [0, 1]: 128 of them */
static void rk_fractions(const uint32_t *w, double *u, double shift, double scale)
{
    for (int i = 0; i < 128; i++)
        u[i] = ((double)((uint64_t)(w[i] >> 6) << 27 | w[i + 128] >> 5) + shift) * scale;
}

/* the first numbers of a block of float32: those of `lanes` lanes, a constant; RK_PHILOX_LANES gives all */
RK_INLINE void rk_random_floats(const rk_random_job *job, ptrdiff_t block, float *out, const int lanes)
{
    const int few = lanes < RK_PHILOX_LANES;
    uint32_t w[RK_PHILOX_WORDS];
    rk_philox_lanes(job->seed, (uint64_t)block, w, lanes);
    if (!job->normal) {
        const float low = (float)job->a, high = (float)job->b, width = (float)(job->b - job->a);
        for (int i = 0; i < (few ? lanes : RK_PHILOX_WORDS); i++) {
            const float v = (float)(w[i] >> 8) * (1.0f / 16777215.0f) * width + low;
            out[i] = v < high ? v : high;
        }
        return;
    }
    /* Box and Muller: the word's middle keeps the logarithm's argument above 0 */
    const int half = few ? lanes : RK_PHILOX_WORDS / 2;
    const float mean = (float)job->a, scale = (float)job->b;
    float u[RK_PHILOX_WORDS];
    for (int i = 0; i < half; i++) {
        u[i] = ((float)w[i] + 0.5f) * 0x1p-32f;
        u[i + 128] = (float)(w[i + 128] >> 8) * 0x1p-24f;
    }
    for (int i = 0; i < half; i += RK_VF32_LANES) {
        const rk_vf32 r = rk_sqrt_vf32(rk_set1_vf32(-2) * rk_log_vf32(rk_load_vf32(u + i))) * rk_set1_vf32(scale);
        rk_vf32 s, c;
        rk_sincospi2_vf32(rk_load_vf32(u + i + 128), &s, &c);
        rk_store_vf32(out + i, rk_fma_vf32(r, c, rk_set1_vf32(mean)));
        if (!few)
            rk_store_vf32(out + i + 128, rk_fma_vf32(r, s, rk_set1_vf32(mean)));
    }
}

/* numbers of a block, the first n at least */
static void rk_random_block(const rk_random_job *job, ptrdiff_t block, ptrdiff_t n, void *out)
{
    if (job->dtype == RK_FLOAT32) {
        if (n <= RK_PHILOX_FEW)
            rk_random_floats(job, block, (float *)out, RK_PHILOX_FEW);
        else
            rk_random_floats(job, block, (float *)out, RK_PHILOX_LANES);
        return;
    }
    uint32_t w[RK_PHILOX_WORDS];
    rk_philox(job->seed, (uint64_t)block, w);
    if (job->normal) {
        double u[128];
        rk_fractions(w, u, 0.5, 0x1p-53);
        double *y = (double *)out;
        for (int i = 0; i < 64; i += RK_VF64_LANES) {
            const rk_vf64 r = rk_sqrt_vf64(rk_set1_vf64(-2) * rk_log_vf64(rk_load_vf64(u + i))) * rk_set1_vf64(job->b);
            rk_vf64 s, c;
            rk_sincospi2_vf64(rk_load_vf64(u + i + 64), &s, &c);
            rk_store_vf64(y + i, rk_fma_vf64(r, c, rk_set1_vf64(job->a)));
            rk_store_vf64(y + i + 64, rk_fma_vf64(r, s, rk_set1_vf64(job->a)));
        }
    } else if (job->dtype == RK_FLOAT64 || job->dtype == RK_FLOAT16) {
        double *y = (double *)out;
        rk_fractions(w, y, 0, 1.0 / (0x1p53 - 1));
        for (int i = 0; i < 128; i++) {
            const double v = y[i] * (job->b - job->a) + job->a;
            y[i] = v < job->b ? v : job->b;
        }
    } else {
        /* integers: the words' 64 bits scaled to the width */
        uint64_t low = (uint64_t)rk_to_i64(job->a), high = (uint64_t)rk_to_i64(job->b);
        if (job->dtype == RK_UINT64) {
            rk_store_u64(&job->a, &low, 1);
            rk_store_u64(&job->b, &high, 1);
        }
        const uint64_t width = high - low + 1;
        for (int i = 0; i < 128; i++) {
            const uint64_t word = (uint64_t)w[i] << 32 | w[i + 128];
            ((uint64_t *)out)[i] = low + (width ? rk_mulhi(word, width) : word);
        }
    }
}

static void rk_random_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const rk_random_job *job = (const rk_random_job *)context;
    uint64_t block[RK_PHILOX_WORDS], narrow[RK_PHILOX_WORDS];
    const int direct = job->inc == 1 && (job->dtype == RK_FLOAT32 || job->dtype == RK_FLOAT64);
    for (ptrdiff_t i = begin; i < end; i++) {
        const ptrdiff_t m = job->n - i * job->each < job->each ? job->n - i * job->each : job->each;
        char *y = job->y + i * job->each * job->inc * job->size;
        if (direct && m == job->each) {
            rk_random_block(job, i, m, y);
            continue;
        }
        const void *from = block;
        rk_random_block(job, i, m, block);
        if (job->dtype != RK_FLOAT32 && job->dtype != RK_FLOAT64) {
            if (job->normal || job->dtype == RK_FLOAT16)
                rk_store_f64(job->dtype, (const double *)block, narrow, m);
            else
                rk_cast_run(RK_UINT64, job->dtype, block, narrow, m);
            from = narrow;
        }
        rk_line_job line = { .size = job->size, .n = m, .incx = 1, .incy = job->inc, .x = (const char *)from, .y = y };
        rk_copy_task(&line, 0, RK_BLOCKS(m));
    }
}

static void rk_random_run(int normal, int dtype, void *y, ptrdiff_t n, ptrdiff_t inc, double a, double b, int64_t seed)
{
    rk_random_job job = { .dtype = dtype, .size = rk_dtype_size(dtype), .normal = normal, .y = (char *)y, .n = n,
                          .inc = inc, .each = dtype == RK_FLOAT32 ? RK_PHILOX_WORDS : RK_PHILOX_WORDS / 2, .a = a,
                          .b = b, .seed = (uint64_t)seed };
    rk_move_run(rk_random_task, &job, (n + job.each - 1) / job.each, 4096);
}

static void RK(random_uniform)(int dtype, void *y, ptrdiff_t n, ptrdiff_t inc, double low, double high, int64_t seed)
{
    rk_random_run(0, dtype, y, n, inc, low, high, seed);
}

static void RK(random_normal)(int dtype, void *y, ptrdiff_t n, ptrdiff_t inc, double mean, double scale, int64_t seed)
{
    rk_random_run(1, dtype, y, n, inc, mean, scale, seed);
}

/* Fisher and Yates: place i takes one of those that are left. */
static void RK(random_sequence)(int dtype, void *y, ptrdiff_t n, ptrdiff_t size, int64_t seed)
{
    RK(arange)(dtype, y, n, 0, 1);
    uint32_t w[RK_PHILOX_WORDS];
    const int item = rk_dtype_size(dtype);
    for (ptrdiff_t i = 0; i < size && i < n; i++) {
        const ptrdiff_t at = i % (RK_PHILOX_WORDS / 2);
        if (at == 0)
            rk_philox((uint64_t)seed, (uint64_t)(i / (RK_PHILOX_WORDS / 2)), w);
        const ptrdiff_t other = i + (ptrdiff_t)rk_mulhi((uint64_t)w[at] << 32 | w[at + 128], (uint64_t)(n - i));
        char *p = (char *)y + i * item, *q = (char *)y + other * item, t[16];
        memcpy(t, p, (size_t)item);
        memcpy(p, q, (size_t)item);
        memcpy(q, t, (size_t)item);
    }
}
