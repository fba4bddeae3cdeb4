/* The product of complex matrices for one type: GM_T and the rest as for gemm_body.h, GM_SWAP (lane numbers that
 * exchange real and imaginary parts).
 *
 * B stays as it is in memory, a real matrix of twice the width. A tile sums the products of B with the real parts of A
 * and those with the imaginary parts on their own; at the end it exchanges the parts of the latter and adds them with
 * the signs that conjugation gives. So the loop over k is that of the real tiles, and each sum is a chain in order of
 * k as there. */
#define GM_LOAD GM_VF(load)
#define GM_STORE GM_VF(store)
#define GM_LOAD_PART GM_VF(load_part)
#define GM_STORE_PART GM_VF(store_part)
#define GM_SET1 GM_VF(set1)
#define GM_FMA GM_VF(fma)
#define GM_NR (GM_L == 1 ? 2 : GEMM_NV * GM_L)
#define GM_ROWS (GEMM_MR / 2)      /* complex rows of a tile: two of sums for each */

typedef struct {
    ptrdiff_t k, step, across, ldc;    /* in numbers of GM_T: from one element of A to the next along k, along rows */
    GM_T alpha[2], beta[2], sign_a, sign_b;
} GM(complex_call);

typedef void (*GM(complex_kernel))(const GM(complex_call) *g, const GM_T *a, const GM_T *b, ptrdiff_t ldb, GM_T *c,
                                   int columns, int columns_b);

#if defined(RK_HAVE_TRANSPOSE)
/* u x + v (x with real and imaginary parts exchanged) */
RK_INLINE GM_V GM(complex_times)(GM_V x, GM_V u, GM_V v)
{
    return GM_FMA(RK_SHUFFLE(x, x, GM_L, GM_SWAP), v, x * u);
}

RK_INLINE GM_V GM(complex_pair)(GM_T re, GM_T im)
{
    GM_T pair[GM_L];
    for (int i = 0; i < GM_L; i++)
        pair[i] = i % 2 ? im : re;
    return GM_LOAD(pair);
}
#endif

/* One tile: mr rows, nv vectors of numbers, of which the last has columns - (nv-1)*GM_L lanes in C. */
RK_INLINE void GM(complex_tile)(const GM(complex_call) *g, const GM_T *a, const GM_T *b, ptrdiff_t ldb, GM_T *c,
                                int columns, int columns_b, const int mr, const int nv)
{
    GM_V re[GM_ROWS][GEMM_NV], im[GM_ROWS][GEMM_NV], row[GEMM_NV];
    const ptrdiff_t step = g->step, across = g->across;
    const int last = (nv - 1) * GM_L;

    RK_UNROLL
    for (int i = 0; i < mr; i++) {
        RK_UNROLL
        for (int j = 0; j < nv; j++)
            re[i][j] = im[i][j] = GM_SET1(0);
    }
    if (g->k >= GEMM_EARLY_K)
        gemm_fetch_tile(c, g->ldc * (ptrdiff_t)sizeof(GM_T), mr, columns * (int)sizeof(GM_T));
#define GM_STEP(last_vector) \
    RK_UNROLL \
    for (int j = 0; j < nv - 1; j++) \
        row[j] = GM_LOAD(b + j * GM_L); \
    row[nv - 1] = last_vector; \
    b += ldb; \
    RK_UNROLL \
    for (int i = 0; i < mr; i++) { \
        GM_V x = GM_SET1(a[i * across]), y = GM_SET1(a[i * across + 1]); \
        RK_UNROLL \
        for (int j = 0; j < nv; j++) \
            re[i][j] = GM_FMA(x, row[j], re[i][j]); \
        RK_UNROLL \
        for (int j = 0; j < nv; j++) \
            im[i][j] = GM_FMA(y, row[j], im[i][j]); \
    } \
    a += step;
    if (columns_b == nv * GM_L) {
        for (ptrdiff_t p = g->k; p > 0; p--) {
            GM_STEP(GM_LOAD(b + last))
        }
    } else {
        for (ptrdiff_t p = g->k; p > 0; p--) {
            GM_STEP(GM_LOAD_PART(b + last, columns_b - last))
        }
    }
#undef GM_STEP

    const int kept = g->beta[0] != 0 || g->beta[1] != 0;
#if defined(RK_HAVE_TRANSPOSE)
    const int rest = columns - last;
    const GM_V sign_re = GM(complex_pair)(1, g->sign_b), sign_im = GM(complex_pair)(-g->sign_a * g->sign_b, g->sign_a);
    const GM_V alpha_re = GM_SET1(g->alpha[0]), alpha_im = GM(complex_pair)(-g->alpha[1], g->alpha[1]);
    const GM_V beta_re = GM_SET1(g->beta[0]), beta_im = GM(complex_pair)(-g->beta[1], g->beta[1]);
    RK_UNROLL
    for (int i = 0; i < mr; i++) {
        RK_UNROLL
        for (int j = 0; j < nv; j++) {
            GM_T *to = c + i * g->ldc + j * GM_L;
            const int whole = j < nv - 1 || rest == GM_L;
            GM_V z = GM_FMA(RK_SHUFFLE(im[i][j], im[i][j], GM_L, GM_SWAP), sign_im, re[i][j] * sign_re);
            z = g->alpha[1] != 0 ? GM(complex_times)(z, alpha_re, alpha_im) : z * alpha_re;
            if (kept) {
                GM_V old = whole ? GM_LOAD(to) : GM_LOAD_PART(to, rest);
                z += g->beta[1] != 0 ? GM(complex_times)(old, beta_re, beta_im) : old * beta_re;
            }
            if (whole)
                GM_STORE(to, z);
            else
                GM_STORE_PART(to, z, rest);
        }
    }
#else
    GM_T sum_re[GM_NR], sum_im[GM_NR];
    for (int i = 0; i < mr; i++) {
        GM_T *to = c + i * g->ldc;
        for (int j = 0; j < nv; j++) {
            GM_STORE(sum_re + j * GM_L, re[i][j]);
            GM_STORE(sum_im + j * GM_L, im[i][j]);
        }
        for (int j = 0; j < columns; j += 2) {
            GM_T x = sum_re[j] - g->sign_a * g->sign_b * sum_im[j + 1];
            GM_T y = g->sign_b * sum_re[j + 1] + g->sign_a * sum_im[j];
            GM_T z_re = g->alpha[0] * x, z_im = g->alpha[0] * y;
            if (g->alpha[1] != 0) {
                z_re -= g->alpha[1] * y;
                z_im += g->alpha[1] * x;
            }
            if (kept) {
                GM_T old_re = to[j], old_im = to[j + 1];
                z_re += g->beta[0] * old_re;
                z_im += g->beta[0] * old_im;
                if (g->beta[1] != 0) {
                    z_re -= g->beta[1] * old_im;
                    z_im += g->beta[1] * old_re;
                }
            }
            to[j] = z_re;
            to[j + 1] = z_im;
        }
    }
#endif
}

#define GM_KERNEL(mr, nv) \
    RK_NOINLINE void GM(complex_##mr##_##nv)(const GM(complex_call) *g, const GM_T *a, const GM_T *b, ptrdiff_t ldb, \
                                           GM_T *c, int columns, int columns_b) \
    { \
        GM(complex_tile)(g, a, b, ldb, c, columns, columns_b, mr, nv); \
    }
#define GM_KERNELS(mr) GM_KERNEL(mr, 1) GM_KERNEL(mr, 2) GM_KERNEL(mr, 3)
#define GM_ENTRY(mr) { GM(complex_##mr##_1), GM(complex_##mr##_2), GM(complex_##mr##_3) }

GM_KERNELS(1)
GM_KERNELS(2)
#if GEMM_MR == 8
GM_KERNELS(3)
GM_KERNELS(4)
#endif

/* [rows - 1][vectors - 1] */
static const GM(complex_kernel) GM(complex_kernels)[GM_ROWS][GEMM_NV] = {
    GM_ENTRY(1), GM_ENTRY(2),
#if GEMM_MR == 8
    GM_ENTRY(3), GM_ENTRY(4),
#endif
};

/* ---- packing B: panels of whole vectors, as for real numbers ---- */
typedef struct {
    const GM_T *b;
    GM_T *packed;
    ptrdiff_t ldb, k, n;
    gemm_panels panels;
    int tb;
} GM(complex_packing);

static void GM(complex_pack)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const GM(complex_packing) *d = context;
    for (ptrdiff_t j = begin; j < end; j++) {
        const ptrdiff_t j0 = gemm_panel(&d->panels, j) * GM_L, width = (d->panels.thin + (j < d->panels.wide)) * GM_L;
        const ptrdiff_t columns = d->n - j0 < width ? d->n - j0 : width;
        GM_T *packed = d->packed + j0 * d->k;
        if (d->tb)
            GM_TURN_PAIRS(d->b + j0 / 2 * d->ldb, d->ldb / 2, columns / 2, d->k, packed, width / 2);
        else
            for (ptrdiff_t p = 0; p < d->k; p++)
                memcpy(packed + p * width, d->b + p * d->ldb + j0, (size_t)columns * sizeof(GM_T));
        if (columns < width)
            for (ptrdiff_t p = 0; p < d->k; p++)
                memset(packed + p * width + columns, 0, (size_t)(width - columns) * sizeof(GM_T));
    }
}

typedef struct {
    GM(complex_call) call;
    const GM_T *a, *b;
    GM_T *c;
    ptrdiff_t ldb, n;
    int packed_b, pack_a;
    gemm_grid grid;
} GM(complex_block);

/* as for real numbers; i and j count elements */
RK_NOINLINE void GM(complex_cross)(const GM(complex_block) *d, GM(complex_kernel) kernel, const GM(complex_call) *call,
                                   const GM_T *a, const GM_T *b, ptrdiff_t ldb, GM_T *c, ptrdiff_t i, ptrdiff_t rows,
                                   ptrdiff_t j, ptrdiff_t columns, ptrdiff_t columns_b)
{
    GM_T copy[GM_ROWS * GM_NR];
    GM(complex_call) own = *call;
    own.ldc = GM_NR;
    for (ptrdiff_t r = 0; r < rows && (call->beta[0] != 0 || call->beta[1] != 0); r++)
        memcpy(copy + r * GM_NR, c + r * call->ldc, (size_t)columns * sizeof(GM_T));
    kernel(&own, a, b, ldb, copy, (int)columns, (int)columns_b);
    for (ptrdiff_t r = 0; r < rows; r++) {
        const ptrdiff_t at = 2 * (i + r - j);
        const ptrdiff_t begin = d->grid.triangle == GEMM_UPPER && at > 0 ? at : 0;
        const ptrdiff_t end = d->grid.triangle == GEMM_LOWER && at + 2 < columns ? at + 2 : columns;
        if (begin < end)
            memcpy(c + r * call->ldc + begin, copy + r * GM_NR + begin, (size_t)(end - begin) * sizeof(GM_T));
    }
}

static void GM(complex_tiles)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const GM(complex_block) *d = context;
    const gemm_panels *panels = &d->grid.panels;
    GM(complex_call) call = d->call;
    GM_T *packed_a = NULL;
    ptrdiff_t packed_tile = -1;
    if (d->pack_a && (packed_a = rk_scratch(1, (size_t)(call.k * GEMM_MR) * sizeof(GM_T))) != NULL) {
        call.step = GEMM_MR;
        call.across = 2;
    }
    gemm_place at = gemm_find(&d->grid, begin);
    for (ptrdiff_t u = begin; u < end; u++, gemm_go_on(&d->grid, &at)) {
        const ptrdiff_t i0 = gemm_row(&d->grid, at.i), rows = gemm_row(&d->grid, at.i + 1) - i0;
        const ptrdiff_t vectors = panels->thin + (at.j < panels->wide), j0 = gemm_panel(panels, at.j) * GM_L;
        const ptrdiff_t columns = d->n - j0 < vectors * GM_L ? d->n - j0 : vectors * GM_L;
        const GM_T *a = d->a + i0 * d->call.across;
        if (packed_a) {
            if (packed_tile != at.i) {
                if (rows == GM_ROWS)
                    for (ptrdiff_t p = 0; p < call.k; p++)
                        memcpy(packed_a + p * GEMM_MR, a + p * d->call.step, GEMM_MR * sizeof(GM_T));
                else
                    for (ptrdiff_t p = 0; p < call.k; p++)
                        memcpy(packed_a + p * GEMM_MR, a + p * d->call.step, (size_t)(2 * rows) * sizeof(GM_T));
            }
            packed_tile = at.i;
            a = packed_a;
        }
        const GM_T *b = d->packed_b ? d->b + j0 * call.k : d->b + j0;
        const ptrdiff_t ldb = d->packed_b ? vectors * GM_L : d->ldb, columns_b = d->packed_b ? ldb : columns;
        const GM(complex_kernel) kernel = GM(complex_kernels)[rows - 1][vectors - 1];
        GM_T *c = d->c + i0 * call.ldc + j0;
        const ptrdiff_t row = d->grid.below + i0, column = j0 / 2;
        if (d->grid.triangle == GEMM_LOWER ? column + columns / 2 - 1 > row
                                           : d->grid.triangle && column < row + rows - 1)
            GM(complex_cross)(d, kernel, &call, a, b, ldb, c, row, rows, column, columns, columns_b);
        else
            kernel(&call, a, b, ldb, c, (int)columns, (int)columns_b);
    }
}

/* C = alpha op(A) op(B) + beta C, or a triangle of it. Sizes and row lengths count complex elements. */
static void GM(complex_product)(int triangle, int ta, int tb, int conj_a, int conj_b, ptrdiff_t m, ptrdiff_t n,
                                ptrdiff_t k, const GM_T *alpha, const GM_T *a, ptrdiff_t lda, const GM_T *b,
                                ptrdiff_t ldb, const GM_T *beta, GM_T *c, ptrdiff_t ldc)
{
    if (m <= 0 || n <= 0)
        return;
    if (k < 0 || (alpha[0] == 0 && alpha[1] == 0))
        k = 0;
    const int alone = (triangle ? 2 : 4) * m * n * k < GEMM_THREAD_WORK;
    n *= 2;
    lda *= 2;
    ldb *= 2;
    ldc *= 2;
    ptrdiff_t kc = rk_even_block(k, GEMM_KC);
    ptrdiff_t nc = GEMM_PACK_BYTES / (ptrdiff_t)sizeof(GM_T) / (kc + 1) / GM_NR * GM_NR;
    nc = rk_even_block(n, nc < GM_NR ? GM_NR : nc);
    nc = (nc + GM_NR - 1) / GM_NR * GM_NR;
    /* as for real products */
    const int big = kc * n > GEMM_PACK_BYTES / 8, far = big || ldb * (ptrdiff_t)sizeof(GM_T) > 1024;
    const int pack = k > 0 && (tb || (far && m > (big ? 1 : 4) * GM_ROWS));
    GM_T spare[64 * GM_NR], *packed = NULL;
    if (pack) {
        packed = rk_scratch(0, (size_t)(kc * (nc < n + GM_L ? nc : n + GM_L)) * sizeof(GM_T));
        if (!packed) {                     /* no memory: slower, but done */
            packed = spare;
            kc = kc < 64 ? kc : 64;
            nc = GM_NR;
        }
    }

    GM(complex_block) d;
    d.call = (GM(complex_call)){ kc, ta ? lda : 2, ta ? 2 : lda, ldc, { alpha[0], alpha[1] }, { beta[0], beta[1] },
                                 conj_a ? -1 : 1, conj_b ? -1 : 1 };
    d.packed_b = pack;
    d.ldb = ldb;
    for (ptrdiff_t j0 = 0; j0 < n; j0 += nc) {
        const ptrdiff_t i0 = triangle == GEMM_LOWER ? j0 / 2 : 0;
        d.n = n - j0 < nc ? n - j0 : nc;
        const ptrdiff_t rows = triangle == GEMM_UPPER ? (j0 + d.n) / 2 : m - i0;
        d.grid = gemm_grid_of(triangle, rows, GM_ROWS, i0 - j0 / 2, (d.n + GM_L - 1) / GM_L, GM_NR / GM_L, GM_L, 2);
        d.c = c + i0 * ldc + j0;
        d.pack_a = ta && !d.grid.along_columns && d.grid.panels.count >= 3
                   && (lda * sizeof(GM_T) >= 2048 || lda * sizeof(GM_T) % 512 == 0);
        const ptrdiff_t tiles = gemm_tiles(&d.grid);
        ptrdiff_t p0 = 0;
        do {
            d.call.k = k - p0 < kc ? k - p0 : kc;
            d.call.beta[0] = p0 == 0 ? beta[0] : 1;
            d.call.beta[1] = p0 == 0 ? beta[1] : 0;
            d.a = a + p0 * d.call.step + i0 * d.call.across;
            d.b = tb ? b + j0 / 2 * ldb + 2 * p0 : b + p0 * ldb + j0;
            if (pack) {
                GM(complex_packing) q = { d.b, packed, ldb, d.call.k, d.n, d.grid.panels, tb };
                if (alone || d.call.k * d.n < 32768)
                    GM(complex_pack)(&q, 0, d.grid.panels.count);
                else
                    rk_parallel(GM(complex_pack), &q, d.grid.panels.count, 1);
                d.b = packed;
            }
            if (alone)
                GM(complex_tiles)(&d, 0, tiles);
            else
                rk_parallel(GM(complex_tiles), &d, tiles,
                            1 + GEMM_THREAD_WORK / 4 / (GEMM_MR * GM_NR * (d.call.k + 1)));
            p0 += d.call.k;
        } while (p0 < k);
    }
}

#undef GM_SUFFIX
#undef GM_T
#undef GM_V
#undef GM_L
#undef GM_VF
#undef GM_SWAP
#undef GM_TURN_PAIRS
#undef GM_LOAD
#undef GM_STORE
#undef GM_LOAD_PART
#undef GM_STORE_PART
#undef GM_SET1
#undef GM_FMA
#undef GM_NR
#undef GM_ROWS
#undef GM_KERNEL
#undef GM_KERNELS
#undef GM_ENTRY
