/* The kernels of norm.h for one type: NM_T, its vector NM_V of NM_L lanes, NM_SUFFIX, NM_VF(f) (a function of math.h on
 * vectors). */
#define NM_LOAD NM_VF(load)
#define NM_STORE NM_VF(store)
#define NM_LOAD_PART NM_VF(load_part)
#define NM_STORE_PART NM_VF(store_part)
#define NM_SET1 NM_VF(set1)
#define NM_FMA NM_VF(fma)
#define NM_AT(p) (part ? NM_LOAD_PART(p, part) : NM_LOAD(p))

/* Runs BODY(LOAD, STORE) over [0, n) by vectors of the variable i, the last one in part. */
#define NM_LOAD_ALL(p) NM_LOAD((p) + i)
#define NM_STORE_ALL(p, v) NM_STORE((p) + i, v)
#define NM_RESULT_ALL(p, v) \
    do { \
        if (stream) \
            NM_VF(stream)((p) + i, v); \
        else \
            NM_STORE((p) + i, v); \
    } while (0)
#define NM_LOAD_REST(p) NM_LOAD_PART((p) + i, n - i)
#define NM_STORE_REST(p, v) NM_STORE_PART((p) + i, v, n - i)
#define NM_LOOP_TO(STORE, BODY) \
    do { \
        ptrdiff_t i = 0; \
        for (; i + NM_L <= n; i += NM_L) { \
            BODY(NM_LOAD_ALL, STORE) \
        } \
        if (i < n) { \
            BODY(NM_LOAD_REST, NM_STORE_REST) \
        } \
    } while (0)
#define NM_LOOP(BODY) NM_LOOP_TO(NM_STORE_ALL, BODY)
/* the same for a result that is stored past the caches if `stream` says so */
#define NM_ROW(BODY) NM_LOOP_TO(NM_RESULT_ALL, BODY)

typedef struct {
    const NM_T *x, *gamma, *beta, *dy;
    NM_T *y, *mean, *rstd;             /* y: or the gradient of x; rstd: 1 / sqrt(variance + eps) */
    NM_T *sums;                        /* 2 n sums for each block */
    double eps;
    ptrdiff_t rows, n, inner, block;
    int no_memory, stream, large;
} NM(layers);

/* Whether a result of `total` elements in rows of n is stored past the caches: if it would take so much of the third one
 * that what is read with it leaves it, and lines are written whole. */
static int NM(streams)(const NM_T *y, ptrdiff_t total, ptrdiff_t n)
{
    const size_t bytes = (size_t)total * sizeof *y, cache = rk_third_cache();
    return RK_CAN_STREAM && cache && bytes >= cache / 8 * 3 && (uintptr_t)y % 64 == 0 && (size_t)n * sizeof *y % 64 == 0;
}

/* ---- layer normalisation: rows in memory order ---- */
RK_INLINE double NM(sum)(const NM_T *x, ptrdiff_t n)
{
    NM_V a = NM_SET1(0), b = a, c = a, e = a;
    ptrdiff_t i = 0;
    for (; i + 4 * NM_L <= n; i += 4 * NM_L) {
        a += NM_LOAD(x + i);
        b += NM_LOAD(x + i + NM_L);
        c += NM_LOAD(x + i + 2 * NM_L);
        e += NM_LOAD(x + i + 3 * NM_L);
    }
    for (; i + NM_L <= n; i += NM_L)
        a += NM_LOAD(x + i);
    if (i < n)
        b += NM_LOAD_PART(x + i, n - i);
    return (double)NM_VF(sum)((a + b) + (c + e));
}

/* adds x - m and its square up */
RK_INLINE void NM(deviations)(const NM_T *x, ptrdiff_t n, NM_T m, double *sum, double *squares)
{
    const NM_V centre = NM_SET1(m);
    NM_V s0 = NM_SET1(0), s1 = s0, q0 = s0, q1 = s0, q2 = s0, q3 = s0;
    ptrdiff_t i = 0;
    for (; i + 4 * NM_L <= n; i += 4 * NM_L) {
        NM_V a = NM_LOAD(x + i) - centre, b = NM_LOAD(x + i + NM_L) - centre;
        NM_V c = NM_LOAD(x + i + 2 * NM_L) - centre, e = NM_LOAD(x + i + 3 * NM_L) - centre;
        s0 += a + b;
        s1 += c + e;
        q0 = NM_FMA(a, a, q0);
        q1 = NM_FMA(b, b, q1);
        q2 = NM_FMA(c, c, q2);
        q3 = NM_FMA(e, e, q3);
    }
    for (; i + NM_L <= n; i += NM_L) {
        NM_V a = NM_LOAD(x + i) - centre;
        s0 += a;
        q0 = NM_FMA(a, a, q0);
    }
    if (i < n) {
        NM_V a = NM_LOAD_PART(x + i, n - i) - centre;
        a = NM_VF(select)(NM_VF(lt)(NM_LOAD(NM(lanes)), NM_SET1((NM_T)(n - i))), a, NM_SET1(0));
        s1 += a;
        q1 = NM_FMA(a, a, q1);
    }
    *sum += (double)NM_VF(sum)(s0 + s1);
    *squares += (double)NM_VF(sum)((q0 + q1) + (q2 + q3));
}

/* Mean and variance of n elements, `step` apart, whose squares have no place in their type. */
RK_NOINLINE void NM(large)(const NM_T *x, ptrdiff_t n, ptrdiff_t step, double *mean, double *variance)
{
    double sum = 0, squares = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        sum += (double)x[i * step];
    *mean = sum / (double)n;
    for (ptrdiff_t i = 0; i < n; i++)
        squares += ((double)x[i * step] - *mean) * ((double)x[i * step] - *mean);
    *variance = squares / (double)n;
}

/* Asks for a short row, a little before its turn: the processor does so once it sees a row being read, and the sums of one
 * must be there before its end. */
RK_INLINE void NM(fetch_row)(const NM_T *x, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; n <= NORM_RUN && i < n; i += 64 / (ptrdiff_t)sizeof(NM_T))
        rk_prefetch(x + i);
}

RK_INLINE void NM(layer_rows)(const NM(layers) *d, ptrdiff_t begin, ptrdiff_t end, const int scaled, const int shifted)
{
    const ptrdiff_t n = d->n;
    const int stream = d->stream;
    const NM_T *gamma = d->gamma, *beta = d->beta;
    for (ptrdiff_t row = begin; row < end; row++) {
        const NM_T *x = d->x + row * n;
        NM_T *y = d->y + row * n;
        double total = 0, sum = 0, squares = 0;
        for (ptrdiff_t i = 0; i < n; i += NORM_RUN)
            total += NM(sum)(x + i, n - i < NORM_RUN ? n - i : NORM_RUN);
        /* the second sum takes out what rounding left in the first */
        const NM_T near = (NM_T)(total / (double)n);
        for (ptrdiff_t i = 0; i < n; i += NORM_RUN)
            NM(deviations)(x + i, n - i < NORM_RUN ? n - i : NORM_RUN, near, &sum, &squares);
        const double rest = sum / (double)n;
        double centre = (double)near + rest, variance = squares / (double)n - rest * rest;
        if (RK_UNLIKELY(!(squares < (double)INFINITY)))
            NM(large)(x, n, 1, &centre, &variance);
        const NM_T m = (NM_T)centre, r = (NM_T)(1 / sqrt((variance < 0 ? 0 : variance) + d->eps));
        NM(fetch_row)(x + 2 * n, n);
        const NM_V mean = NM_SET1(m), rstd = NM_SET1(r);
        d->mean[row] = m;
        d->rstd[row] = r;
#define NM_BODY(LOAD, STORE) \
    NM_V z = (LOAD(x) - mean) * rstd; \
    STORE(y, scaled ? shifted ? NM_FMA(z, LOAD(gamma), LOAD(beta)) : z * LOAD(gamma) : shifted ? z + LOAD(beta) : z);
        NM_ROW(NM_BODY);
#undef NM_BODY
    }
    if (stream)
        rk_stream_end();
}

static void NM(layer_rows_task)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const NM(layers) *d = context;
    if (d->gamma && d->beta)
        NM(layer_rows)(d, begin, end, 1, 1);
    else if (d->gamma)
        NM(layer_rows)(d, begin, end, 1, 0);
    else if (d->beta)
        NM(layer_rows)(d, begin, end, 0, 1);
    else
        NM(layer_rows)(d, begin, end, 0, 0);
}

/* ---- layer normalisation over an axis with others behind it: a vector of neighbours at a time ---- */
#define NM_CHUNKS(inner) (((inner) + NM_L - 1) / NM_L)
#define NM_GET(p) (whole ? NM_LOAD(p) : NM_LOAD_PART(p, count))
#define NM_PUT(p, v) (whole ? NM_STORE(p, v) : NM_STORE_PART(p, v, count))

static void NM(layer_columns_task)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const NM(layers) *d = context;
    const ptrdiff_t n = d->n, inner = d->inner, chunks = NM_CHUNKS(inner);
    const NM_V zero = NM_SET1(0), share = NM_SET1((NM_T)(1 / (double)n));
    for (ptrdiff_t unit = begin; unit < end; unit++) {
        const ptrdiff_t o = unit / chunks, at = unit % chunks * NM_L, count = inner - at < NM_L ? inner - at : NM_L;
        const int whole = count == NM_L;
        const NM_T *x = d->x + o * n * inner + at;
        NM_T *y = d->y + o * n * inner + at;
        NM_V total = zero, sum = zero, squares = zero;
        for (ptrdiff_t i = 0; i < n; i++)
            total += NM_GET(x + i * inner);
        const NM_V near = total * share;
        for (ptrdiff_t i = 0; i < n; i++) {
            NM_V a = NM_GET(x + i * inner) - near;
            sum += a;
            squares = NM_FMA(a, a, squares);
        }
        const NM_V rest = sum * share;
        NM_V mean = near + rest, variance = squares * share - rest * rest;
        variance = NM_VF(select)(NM_VF(lt)(variance, zero), zero, variance);
        NM_V rstd = NM_SET1(1) / NM_VF(sqrt)(variance + NM_SET1((NM_T)d->eps));
        if (RK_UNLIKELY(!(NM_VF(sum)(squares) < (NM_T)INFINITY))) {
            NM_T means[NM_L], rstds[NM_L];
            NM_STORE(means, mean);
            NM_STORE(rstds, rstd);
            for (ptrdiff_t i = 0; i < count; i++) {
                double m, v;
                NM(large)(x + i, n, inner, &m, &v);
                means[i] = (NM_T)m;
                rstds[i] = (NM_T)(1 / sqrt(v + d->eps));
            }
            mean = NM_LOAD(means);
            rstd = NM_LOAD(rstds);
        }
        NM_PUT(d->mean + o * inner + at, mean);
        NM_PUT(d->rstd + o * inner + at, rstd);
        for (ptrdiff_t i = 0; i < n; i++) {
            NM_V z = (NM_GET(x + i * inner) - mean) * rstd;
            if (d->gamma)
                z *= NM_SET1(d->gamma[i]);
            if (d->beta)
                z += NM_SET1(d->beta[i]);
            NM_PUT(y + i * inner, z);
        }
    }
}

static void NM(layer)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const NM_T *x, const NM_T *gamma,
                      const NM_T *beta, double eps, NM_T *y, NM_T *stats)
{
    NM(layers) d = { x, gamma, beta, NULL, y, stats, stats + outer * inner, NULL, eps, outer, n, inner, 0, 0,
                     NM(streams)(y, outer * n, n), 0 };
    if (n <= 0 || inner <= 0)
        return;
    if (inner == 1)
        rk_parallel_flushed(NM(layer_rows_task), &d, outer, 1 + NORM_GRAIN / n);
    else
        rk_parallel_flushed(NM(layer_columns_task), &d, outer * NM_CHUNKS(inner), 1 + NORM_GRAIN / (n * NM_L));
}

/* ---- its gradient ---- */
/* `count` rows from `row` on: their part of the gradients of gamma and beta is added to sums (n, n). */
RK_INLINE void NM(dlayer_rows)(const NM(layers) *d, NM_T *sums, ptrdiff_t row, const int count, const int scaled,
                               const int summed)
{
    const ptrdiff_t width = d->n;
    const NM_T *x = d->x + row * width, *dy = d->dy + row * width, *gamma = d->gamma;
    NM_T *dx = d->y ? d->y + row * width : NULL, *dgamma = sums, *dbeta = sums + width;
    NM_V mean[4], rstd[4];
    double all[4] = { 0 }, along[4] = { 0 };
    for (int r = 0; r < count; r++) {
        mean[r] = NM_SET1(d->mean[row + r]);
        rstd[r] = NM_SET1(d->rstd[row + r]);
    }
    for (ptrdiff_t from = 0; from < width; from += 4 * NORM_RUN) {
        const ptrdiff_t n = width - from < 4 * NORM_RUN ? width : from + 4 * NORM_RUN;
        NM_V s[4], q[4];
        for (int r = 0; r < count; r++)
            s[r] = q[r] = NM_SET1(0);
#define NM_BODY(LOAD, STORE) \
    NM_V weight = scaled ? LOAD(gamma) : NM_SET1(1), b = NM_SET1(0), c = b; \
    if (summed) { \
        c = LOAD(dgamma); \
        b = LOAD(dbeta); \
    } \
    for (int r = 0; r < count; r++) { \
        NM_V z = (LOAD(x + r * width) - mean[r]) * rstd[r], g = LOAD(dy + r * width); \
        if (summed) { \
            c = NM_FMA(g, z, c); \
            b += g; \
        } \
        if (scaled) \
            g *= weight; \
        s[r] += g; \
        q[r] = NM_FMA(g, z, q[r]); \
    } \
    if (summed) { \
        STORE(dgamma, c); \
        STORE(dbeta, b); \
    }
        ptrdiff_t i = from;
        for (; i + NM_L <= n; i += NM_L) {
            NM_BODY(NM_LOAD_ALL, NM_STORE_ALL)
        }
        if (i < n) {
            NM_BODY(NM_LOAD_REST, NM_STORE_REST)
        }
#undef NM_BODY
        for (int r = 0; r < count; r++) {
            all[r] += (double)NM_VF(sum)(s[r]);
            along[r] += (double)NM_VF(sum)(q[r]);
        }
    }
    if (!dx)
        return;
    /* row by row: stores to one row would hold up loads of others that are a multiple of 4 KiB away */
    const ptrdiff_t n = width;
    const int stream = d->stream;
    for (int r = 0; r < count; r++, x += n, dy += n, dx += n) {
        const NM_V shift = NM_SET1((NM_T)(all[r] / (double)n)) * -rstd[r];
        const NM_V slope = NM_SET1((NM_T)(along[r] / (double)n)) * -rstd[r];
#define NM_BODY(LOAD, STORE) \
    NM_V rest = NM_FMA((LOAD(x) - mean[r]) * rstd[r], slope, shift), g = LOAD(dy); \
    STORE(dx, NM_FMA(scaled ? g * LOAD(gamma) : g, rstd[r], rest));
        NM_ROW(NM_BODY);
#undef NM_BODY
    }
}

RK_INLINE void NM(dlayer_block)(const NM(layers) *d, NM_T *sums, ptrdiff_t first, ptrdiff_t last, const int scaled,
                                const int summed)
{
    ptrdiff_t row = first;
    for (; !d->large && row + 4 <= last; row += 4)
        NM(dlayer_rows)(d, sums, row, 4, scaled, summed);
    for (; row < last; row++)
        NM(dlayer_rows)(d, sums, row, 1, scaled, summed);
    if (d->stream)
        rk_stream_end();
}

static void NM(dlayer_rows_task)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const NM(layers) *d = context;
    for (ptrdiff_t b = begin; b < end; b++) {
        const ptrdiff_t first = b * d->block, last = first + d->block < d->rows ? first + d->block : d->rows;
        NM_T *sums = d->sums ? d->sums + b * 2 * d->n : NULL;
        if (sums)
            memset(sums, 0, 2 * (size_t)d->n * sizeof(NM_T));
        if (d->gamma && sums)
            NM(dlayer_block)(d, sums, first, last, 1, 1);
        else if (d->gamma)
            NM(dlayer_block)(d, NULL, first, last, 1, 0);
        else if (sums)
            NM(dlayer_block)(d, sums, first, last, 0, 1);
        else
            NM(dlayer_block)(d, NULL, first, last, 0, 0);
    }
}

static void NM(dlayer_columns_task)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    NM(layers) *d = context;
    const ptrdiff_t n = d->n, inner = d->inner, chunks = NM_CHUNKS(inner);
    const NM_V share = NM_SET1((NM_T)(1 / (double)n));
    NM_T *wide = NULL;                 /* the sums of each lane */
    if (d->sums && !(wide = rk_scratch(1, 2 * (size_t)n * NM_L * sizeof(NM_T)))) {
        d->no_memory = 1;
        return;
    }
    for (ptrdiff_t b = begin; b < end; b++) {
        const ptrdiff_t first = b * d->block, last = first + d->block < d->rows ? first + d->block : d->rows;
        if (wide)
            memset(wide, 0, 2 * (size_t)n * NM_L * sizeof(NM_T));
        for (ptrdiff_t unit = first; unit < last; unit++) {
            const ptrdiff_t o = unit / chunks, at = unit % chunks * NM_L;
            const ptrdiff_t count = inner - at < NM_L ? inner - at : NM_L, place = o * n * inner + at;
            const int whole = count == NM_L;
            const NM_T *x = d->x + place, *dy = d->dy + place;
            const NM_V mean = NM_GET(d->mean + o * inner + at), rstd = NM_GET(d->rstd + o * inner + at);
            NM_V s = NM_SET1(0), q = s;
            for (ptrdiff_t i = 0; i < n; i++) {
                NM_V z = (NM_GET(x + i * inner) - mean) * rstd, g = NM_GET(dy + i * inner);
                if (wide) {
                    NM_T *c = wide + 2 * i * NM_L;
                    NM_STORE(c, NM_FMA(g, z, NM_LOAD(c)));
                    NM_STORE(c + NM_L, NM_LOAD(c + NM_L) + g);
                }
                if (d->gamma)
                    g *= NM_SET1(d->gamma[i]);
                s += g;
                q = NM_FMA(g, z, q);
            }
            s *= share;
            q *= share;
            for (ptrdiff_t i = 0; d->y && i < n; i++) {
                NM_V z = (NM_GET(x + i * inner) - mean) * rstd, g = NM_GET(dy + i * inner);
                if (d->gamma)
                    g *= NM_SET1(d->gamma[i]);
                NM_PUT(d->y + place + i * inner, NM_FMA(-q, z, g - s) * rstd);
            }
        }
        for (ptrdiff_t i = 0; wide && i < n; i++) {
            d->sums[b * 2 * n + i] = NM_VF(sum)(NM_LOAD(wide + 2 * i * NM_L));
            d->sums[b * 2 * n + n + i] = NM_VF(sum)(NM_LOAD(wide + (2 * i + 1) * NM_L));
        }
    }
}

static int NM(dlayer)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const NM_T *x, const NM_T *gamma,
                      const NM_T *stats, const NM_T *dy, NM_T *dx, NM_T *dgamma, NM_T *dbeta)
{
    const ptrdiff_t rows = inner == 1 ? outer : outer * NM_CHUNKS(inner);
    const ptrdiff_t block = norm_block(rows, inner == 1 ? n : n * NM_L), blocks = (rows + block - 1) / block;
    NM(layers) d = { x, gamma, NULL, dy, dx, (NM_T *)stats, (NM_T *)stats + outer * inner, NULL, 0, rows, n, inner,
                     block, 0, dx && NM(streams)(dx, outer * n, n), outer * n >= NORM_LARGE };
    if (n <= 0)
        return 1;
    if ((dgamma || dbeta) && !(d.sums = rk_scratch(3, (size_t)(blocks + 1) * 2 * (size_t)n * sizeof(NM_T))))
        return 0;
    rk_parallel_flushed(inner == 1 ? NM(dlayer_rows_task) : NM(dlayer_columns_task), &d, blocks, 1);
    for (int k = 0; k < 2; k++) {
        NM_T *into = k ? dbeta : dgamma;
        for (ptrdiff_t i = 0; into && i < n; i++) {
            double sum = 0;
            for (ptrdiff_t b = 0; b < blocks; b++)
                sum += (double)d.sums[(2 * b + k) * n + i];
            into[i] = (NM_T)sum;
        }
    }
    return !d.no_memory;
}

/* ---- batch normalisation ---- */
typedef struct {
    const NM_T *x, *dy;
    NM_T *y;
    /* With the channels last (inner = 1) some rows are taken as one: n is its width, and what belongs to channels is
     * repeated. Else rows are what lies before the channels, and each channel has `inner` neighbours. */
    ptrdiff_t total, rows, n, inner, block, blocks;
    double *sums;                      /* 2 n for each block */
    NM_T *mean, *scale, *shift, *slope, *level, *rstd;
    int back, relu, stream;
} NM(batches);

/* Sums of `count` rows, of some vectors of columns from `at` on: of x - mean and its square or, for the gradient, of dy
 * and dy (x - mean); with relu, of dy where y is above 0. */
RK_INLINE void NM(batch_columns)(const NM(batches) *d, const NM_T *x, const NM_T *dy, ptrdiff_t at, ptrdiff_t count,
                                 double *sums, const int vectors, const ptrdiff_t part, const int back, const int relu)
{
    const NM_V zero = NM_SET1(0);
    NM_V mean[NORM_WIDE], scale[NORM_WIDE], shift[NORM_WIDE], s[NORM_WIDE], q[NORM_WIDE];
    for (int v = 0; v < vectors; v++) {
        mean[v] = NM_AT(d->mean + at + v * NM_L);
        if (relu) {
            scale[v] = NM_AT(d->scale + at + v * NM_L);
            shift[v] = NM_AT(d->level + at + v * NM_L);
        }
        s[v] = q[v] = zero;
    }
    x += at;
    dy += at;
    for (ptrdiff_t r = 0; r < count; r++, x += d->n, dy += d->n)
        for (int v = 0; v < vectors; v++) {
            const NM_V a = NM_AT(x + v * NM_L) - mean[v];
            NM_V g = back ? NM_AT(dy + v * NM_L) : a;
            if (relu)
                g = NM_VF(select)(NM_VF(lt)(zero, NM_FMA(a, scale[v], shift[v])), g, zero);
            s[v] += g;
            q[v] = NM_FMA(g, a, q[v]);
        }
    for (int v = 0; v < vectors; v++) {
        NM_T sum[NM_L], product[NM_L];
        NM_STORE(sum, s[v]);
        NM_STORE(product, q[v]);
        for (ptrdiff_t i = 0; i < (part > 0 && part < NM_L ? part : NM_L); i++) {
            sums[at + v * NM_L + i] += (double)sum[i];
            sums[d->n + at + v * NM_L + i] += (double)product[i];
        }
    }
}

RK_INLINE void NM(batch_tile)(const NM(batches) *d, const NM_T *x, const NM_T *dy, ptrdiff_t width, ptrdiff_t count,
                              double *sums, const int back, const int relu)
{
    ptrdiff_t i = 0;
    for (; i + NORM_WIDE * NM_L <= width; i += NORM_WIDE * NM_L)
        NM(batch_columns)(d, x, dy, i, count, sums, NORM_WIDE, 0, back, relu);
    for (; i + NM_L <= width; i += NM_L)
        NM(batch_columns)(d, x, dy, i, count, sums, 1, 0, back, relu);
    if (i < width)
        NM(batch_columns)(d, x, dy, i, count, sums, 1, width - i, back, relu);
}

RK_INLINE void NM(batch_rows)(const NM(batches) *d, ptrdiff_t begin, ptrdiff_t end, const int back, const int relu)
{
    const ptrdiff_t n = d->n, tile = 8 + NORM_TILE / n, whole = d->total / n;
    for (ptrdiff_t b = begin; b < end; b++) {
        const ptrdiff_t last = (b + 1) * d->block < d->rows ? (b + 1) * d->block : d->rows;
        double *sums = d->sums + b * 2 * n;
        memset(sums, 0, 2 * (size_t)n * sizeof(double));
        for (ptrdiff_t row = b * d->block; row < last; row += tile) {
            const ptrdiff_t stop = last < row + tile ? last : row + tile, full = stop < whole ? stop : whole;
            const NM_T *dy = back ? d->dy : d->x;
            NM(batch_tile)(d, d->x + row * n, dy + row * n, n, full - row, sums, back, relu);
            if (full < stop)           /* the last row is not whole */
                NM(batch_tile)(d, d->x + full * n, dy + full * n, d->total - full * n, 1, sums, back, relu);
        }
    }
}

/* units: block after block, channel after channel */
RK_INLINE void NM(batch_segments)(const NM(batches) *d, ptrdiff_t begin, ptrdiff_t end, const int back, const int relu)
{
    const ptrdiff_t channels = d->n, inner = d->inner;
    const NM_V zero = NM_SET1(0);
    for (ptrdiff_t unit = begin; unit < end; unit++) {
        const ptrdiff_t b = unit / channels, c = unit % channels;
        const ptrdiff_t last = (b + 1) * d->block < d->rows ? (b + 1) * d->block : d->rows;
        const NM_V mean = NM_SET1(d->mean[c]), scale = NM_SET1(relu ? d->scale[c] : 0);
        const NM_V shift = NM_SET1(relu ? d->level[c] : 0);
        double sum = 0, product = 0;
        for (ptrdiff_t row = b * d->block; row < last; row++)
            for (ptrdiff_t from = 0; from < inner; from += NORM_RUN) {
                const ptrdiff_t at = (row * channels + c) * inner + from;
                const ptrdiff_t n = inner - from < NORM_RUN ? inner - from : NORM_RUN;
                const NM_T *x = d->x + at, *dy = back ? d->dy + at : x;
                NM_V s[4] = { zero, zero, zero, zero }, q[4] = { zero, zero, zero, zero };
#define NM_ADD(v, a_, g_) \
    do { \
        const NM_V a = a_; \
        NM_V g = g_; \
        if (relu) \
            g = NM_VF(select)(NM_VF(lt)(zero, NM_FMA(a, scale, shift)), g, zero); \
        s[v] += g; \
        q[v] = NM_FMA(g, a, q[v]); \
    } while (0)
                ptrdiff_t i = 0;
                for (; i + 4 * NM_L <= n; i += 4 * NM_L)
                    for (int v = 0; v < 4; v++)
                        NM_ADD(v, NM_LOAD(x + i + v * NM_L) - mean, back ? NM_LOAD(dy + i + v * NM_L) : a);
                for (; i + NM_L <= n; i += NM_L)
                    NM_ADD(0, NM_LOAD(x + i) - mean, back ? NM_LOAD(dy + i) : a);
                if (i < n) {
                    const NM_V rest = NM_LOAD_PART(x + i, n - i) - mean;
                    NM_ADD(1, NM_VF(select)(NM_VF(lt)(NM_LOAD(NM(lanes)), NM_SET1((NM_T)(n - i))), rest, zero),
                           back ? NM_LOAD_PART(dy + i, n - i) : a);
                }
#undef NM_AT
#undef NM_CASES
                sum += (double)NM_VF(sum)((s[0] + s[1]) + (s[2] + s[3]));
                product += (double)NM_VF(sum)((q[0] + q[1]) + (q[2] + q[3]));
            }
        d->sums[b * 2 * channels + c] = sum;
        d->sums[(b * 2 + 1) * channels + c] = product;
    }
}

#define NM_CASES(RUN) \
    do { \
        if (d->back && d->relu) \
            RUN(1, 1); \
        else if (d->back) \
            RUN(1, 0); \
        else if (d->relu) \
            RUN(0, 1); \
        else \
            RUN(0, 0); \
    } while (0)

static void NM(batch_sums_task)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const NM(batches) *d = context;
#define NM_ROWS(back, relu) NM(batch_rows)(d, begin, end, back, (back) && (relu))
#define NM_SEGMENTS(back, relu) NM(batch_segments)(d, begin, end, back, (back) && (relu))
    if (d->inner == 1)
        NM_CASES(NM_ROWS);
    else
        NM_CASES(NM_SEGMENTS);
#undef NM_ROWS
#undef NM_SEGMENTS
}

/* y = (x - mean) scale + shift, with relu 0 where that is below; or the gradient, dy scale + shift + (x - mean) rstd slope,
 * with relu 0 in place of dy where (x - mean) scale + level, which was y, is not above 0 */
RK_INLINE void NM(batch_apply_rows)(const NM(batches) *d, ptrdiff_t begin, ptrdiff_t end, const int back,
                                    const int relu)
{
    const NM_V zero = NM_SET1(0);
    const int stream = d->stream;
    for (ptrdiff_t row = begin; row < end; row++) {
        const ptrdiff_t rest = d->total - row * d->n, n = d->inner > 1 ? d->inner : rest < d->n ? rest : d->n;
        const ptrdiff_t at = row * (d->inner > 1 ? d->inner : d->n);
        const NM_T *x = d->x + at, *dy = back ? d->dy + at : NULL;
        NM_T *y = d->y + at;
#define NM_BODY(LOAD, STORE, OF) \
    NM_V a = LOAD(x) - OF(mean), z; \
    if (back) { \
        NM_V g = LOAD(dy); \
        if (relu) \
            g = NM_VF(select)(NM_VF(lt)(zero, NM_FMA(a, OF(scale), OF(level))), g, zero); \
        z = NM_FMA(g, OF(scale), NM_FMA(a * OF(rstd), OF(slope), OF(shift))); \
    } else { \
        z = NM_FMA(a, OF(scale), OF(shift)); \
        if (relu)                      /* nan stays, and there is one zero only */ \
            z = NM_VF(max)(zero, z) + zero; \
    } \
    STORE(y, z);
        if (d->inner > 1) {
            const ptrdiff_t c = row % d->n;
            const NM_V mean = NM_SET1(d->mean[c]), scale = NM_SET1(d->scale[c]), shift = NM_SET1(d->shift[c]);
            const NM_V rstd = NM_SET1(back ? d->rstd[c] : 0), slope = NM_SET1(back ? d->slope[c] : 0);
            const NM_V level = NM_SET1(back && relu ? d->level[c] : 0);
#define NM_SAME(p) p
#define NM_EACH(LOAD, STORE) NM_BODY(LOAD, STORE, NM_SAME)
            NM_ROW(NM_EACH);
#undef NM_EACH
#undef NM_SAME
        } else {
            const NM_T *mean = d->mean, *scale = d->scale, *shift = d->shift, *slope = d->slope, *level = d->level;
            const NM_T *rstd = d->rstd;
#define NM_EACH(LOAD, STORE) NM_BODY(LOAD, STORE, LOAD)
            NM_ROW(NM_EACH);
#undef NM_EACH
        }
#undef NM_BODY
    }
}

static void NM(batch_apply_task)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const NM(batches) *d = context;
#define NM_ROWS(back, relu) NM(batch_apply_rows)(d, begin, end, back, relu)
    NM_CASES(NM_ROWS);
#undef NM_ROWS
    if (d->stream)
        rk_stream_end();
}

/* Lays out scratch memory for n channels in rows of `group` of them; 0 if there is none. */
static int NM(batch_begin)(NM(batches) *d, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t group)
{
    d->inner = inner;
    d->n = n * group;
    d->total = outer * n * inner;
    d->rows = (outer + group - 1) / group;
    d->block = norm_block(d->rows, d->n * inner);
    d->blocks = (d->rows + d->block - 1) / d->block;
    char *memory = rk_scratch(3, (size_t)d->n * (2 * (size_t)d->blocks * sizeof(double) + 6 * sizeof(NM_T)));
    if (!memory)
        return 0;
    d->sums = (double *)memory;
    d->mean = (NM_T *)(d->sums + 2 * d->blocks * d->n);
    d->scale = d->mean + d->n;
    d->shift = d->scale + d->n;
    d->slope = d->shift + d->n;
    d->level = d->slope + d->n;
    d->rstd = d->level + d->n;
    return 1;
}

/* What belongs to channels, once more for each of the rows that are taken as one. */
static void NM(batch_repeat)(NM(batches) *d, ptrdiff_t n)
{
    for (ptrdiff_t i = n; i < d->n; i++) {
        d->mean[i] = d->mean[i - n];
        d->scale[i] = d->scale[i - n];
        d->shift[i] = d->shift[i - n];
        d->slope[i] = d->slope[i - n];
        d->level[i] = d->level[i - n];
        d->rstd[i] = d->rstd[i - n];
    }
}

static void NM(batch_sums)(NM(batches) *d)
{
    if (d->inner == 1)
        rk_parallel_flushed(NM(batch_sums_task), d, d->blocks, 1);
    else
        rk_parallel_flushed(NM(batch_sums_task), d, d->blocks * d->n, 1 + NORM_GRAIN / (d->block * d->inner));
}

/* the two sums of channel c */
static void NM(batch_total)(const NM(batches) *d, ptrdiff_t c, ptrdiff_t n, double *sum, double *product)
{
    *sum = *product = 0;
    for (ptrdiff_t b = 0; b < d->blocks; b++)
        for (ptrdiff_t i = c; i < d->n; i += n) {
            *sum += d->sums[b * 2 * d->n + i];
            *product += d->sums[(b * 2 + 1) * d->n + i];
        }
}

static void NM(batch_apply)(NM(batches) *d, ptrdiff_t outer)
{
    d->stream = NM(streams)(d->y, d->total, d->inner == 1 ? d->n : d->inner);
    if (d->inner == 1)
        rk_parallel_flushed(NM(batch_apply_task), d, d->rows, 1 + NORM_GRAIN / d->n);
    else
        rk_parallel_flushed(NM(batch_apply_task), d, outer * d->n, 1 + NORM_GRAIN / d->inner);
}

/* Mean and variance of a channel, from runs of `inner` elements, whose squares have no place in their type. */
static void NM(batch_large)(const NM_T *x, ptrdiff_t outer, ptrdiff_t step, ptrdiff_t inner, double *mean,
                            double *variance)
{
    double all = 0, m, v;
    *variance = 0;
    for (ptrdiff_t o = 0; o < outer; o++) {
        NM(large)(x + o * step, inner, 1, &m, &v);
        all += m;
    }
    *mean = all / (double)outer;
    for (ptrdiff_t o = 0; o < outer; o++) {
        NM(large)(x + o * step, inner, 1, &m, &v);
        *variance += (v + (m - *mean) * (m - *mean)) / (double)outer;
    }
}

/* What inputs are multiplied by, for moving variances; a loop without branches, as roots and quotients take long. */
static void NM(batch_factors)(ptrdiff_t n, double eps, const NM_T *variance, const NM_T *gamma, NM_T *restrict rstd,
                              NM_T *restrict scale)
{
    for (ptrdiff_t c = 0; c < n; c++) {
        const double factor = 1 / sqrt((double)variance[c] + eps);
        rstd[c] = (NM_T)factor;
        scale[c] = (NM_T)(gamma ? factor * (double)gamma[c] : factor);
    }
}

static int NM(batch)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const NM_T *x, const NM_T *gamma,
                     const NM_T *beta, double eps, double momentum, int training, NM_T *moving_mean,
                     NM_T *moving_variance, int relu, NM_T *y, NM_T *stats)
{
    NM(batches) d = { 0 };
    const double items = (double)outer * (double)inner;
    if (n <= 0 || inner <= 0 || outer <= 0)
        return 1;
    if (!NM(batch_begin)(&d, outer, n, inner, inner == 1 ? norm_group(n, NM_L) : 1))
        return 0;
    d.x = x;
    d.y = y;
    d.relu = relu;
    memset(d.mean, 0, 6 * (size_t)d.n * sizeof(NM_T));
    if (training) {
        /* sums are taken of what differs from the mean of some elements: the squares stay small */
        const ptrdiff_t some = inner > 1 ? inner : outer, count = some < NORM_SOME ? some : NORM_SOME;
        for (ptrdiff_t c = 0; c < n; c++) {
            double sum = 0;
            for (ptrdiff_t i = 0; i < count; i++)
                sum += (double)x[inner > 1 ? c * inner + i : i * n + c];
            d.mean[c] = (NM_T)(sum / (double)count);
        }
        NM(batch_repeat)(&d, n);
        NM(batch_sums)(&d);
    }
    for (ptrdiff_t c = 0; training && c < n; c++) {
        double sum, squares;
        NM(batch_total)(&d, c, n, &sum, &squares);
        if (squares < (double)INFINITY) {
            sum /= items;
            squares = squares / items - sum * sum;
            sum += (double)d.mean[c];
        } else {
            NM(batch_large)(x + c * inner, outer, n * inner, inner, &sum, &squares);
        }
        squares = squares < 0 ? 0 : squares;
        moving_mean[c] = (NM_T)((double)moving_mean[c] * momentum + sum * (1 - momentum));
        moving_variance[c] = (NM_T)((double)moving_variance[c] * momentum + squares * (1 - momentum));
        const double rstd = 1 / sqrt(squares + eps);
        d.mean[c] = (NM_T)sum;
        stats[n + c] = (NM_T)rstd;
        d.scale[c] = (NM_T)(gamma ? rstd * (double)gamma[c] : rstd);
    }
    const size_t bytes = (size_t)n * sizeof(NM_T);
    if (!training) {
        memcpy(d.mean, moving_mean, bytes);
        NM(batch_factors)(n, eps, moving_variance, gamma, stats + n, d.scale);
    }
    if (beta)
        memcpy(d.shift, beta, bytes);
    memcpy(stats, d.mean, bytes);
    memcpy(stats + 2 * n, d.scale, bytes);
    memcpy(stats + 3 * n, d.shift, bytes);
    NM(batch_repeat)(&d, n);
    NM(batch_apply)(&d, outer);
    return 1;
}

static int NM(dbatch)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, int training, const NM_T *x, const NM_T *gamma,
                      const NM_T *stats, const NM_T *dy, int relu, NM_T *dx, NM_T *dgamma, NM_T *dbeta)
{
    NM(batches) d = { 0 };
    const double items = (double)outer * (double)inner;
    const int summed = dgamma || dbeta || training;
    if (n <= 0 || inner <= 0 || outer <= 0) {
        if (dgamma)
            memset(dgamma, 0, (size_t)n * sizeof(NM_T));
        if (dbeta)
            memset(dbeta, 0, (size_t)n * sizeof(NM_T));
        return 1;
    }
    if (!NM(batch_begin)(&d, outer, n, inner, inner == 1 ? norm_group(n, NM_L) : 1))
        return 0;
    d.x = x;
    d.dy = dy;
    d.y = dx;
    d.back = 1;
    d.relu = relu;
    memcpy(d.mean, stats, (size_t)n * sizeof(NM_T));
    memcpy(d.scale, stats + 2 * n, (size_t)n * sizeof(NM_T));
    memcpy(d.level, stats + 3 * n, (size_t)n * sizeof(NM_T));
    memcpy(d.rstd, stats + n, (size_t)n * sizeof(NM_T));
    memset(d.shift, 0, 2 * (size_t)d.n * sizeof(NM_T));
    if (summed) {
        NM(batch_repeat)(&d, n);
        NM(batch_sums)(&d);
    }
    for (ptrdiff_t c = 0; c < n; c++) {
        const double rstd = (double)stats[n + c], scale = gamma ? rstd * (double)gamma[c] : rstd;
        double all = 0, along = 0;
        if (summed)
            NM(batch_total)(&d, c, n, &all, &along);
        if (dgamma)
            dgamma[c] = (NM_T)(along * rstd);
        if (dbeta)
            dbeta[c] = (NM_T)all;
        d.shift[c] = (NM_T)(training ? -scale * all / items : 0);
        d.slope[c] = (NM_T)(training ? -scale * rstd * along / items : 0);
    }
    if (!training) {                   /* dy scale */
        d.x = dy;
        d.back = 0;
        memset(d.mean, 0, (size_t)n * sizeof(NM_T));
    }
    NM(batch_repeat)(&d, n);
    if (dx)
        NM(batch_apply)(&d, outer);
    return 1;
}

#undef NM_SUFFIX
#undef NM_T
#undef NM_V
#undef NM_L
#undef NM_VF
#undef NM_LOAD
#undef NM_STORE
#undef NM_LOAD_PART
#undef NM_STORE_PART
#undef NM_SET1
#undef NM_FMA
#undef NM_LOAD_ALL
#undef NM_STORE_ALL
#undef NM_RESULT_ALL
#undef NM_LOAD_REST
#undef NM_STORE_REST
#undef NM_LOOP_TO
#undef NM_LOOP
#undef NM_ROW
#undef NM_CHUNKS
#undef NM_GET
#undef NM_PUT
#undef NM_AT
#undef NM_CASES
