/* The products of gemm.h for one type: GM_T, its vector GM_V of GM_L lanes, GM_SUFFIX, GM_VF(f) (a function of math.h
 * on vectors), GM_ZIP_LO and GM_ZIP_HI (lane numbers). */
#define GM_NR (GEMM_NV * GM_L)
#define GM_LOAD GM_VF(load)
#define GM_STORE GM_VF(store)
#define GM_LOAD_PART GM_VF(load_part)
#define GM_STORE_PART GM_VF(store_part)
#define GM_SET1 GM_VF(set1)
#define GM_FMA GM_VF(fma)

/* What the tiles of one block have in common. */
typedef struct {
    ptrdiff_t k, lda, ldc;
    GM_T alpha, beta;
    int epilogue;
} GM(call);

typedef void (*GM(kernel))(const GM(call) *g, const GM_T *a, const GM_T *b, ptrdiff_t ldb, GM_T *c, const GM_T *bias,
                           int columns, int columns_b);

RK_INLINE GM_V GM(act)(GM_V x, int epilogue)
{
    switch (epilogue) {
    case RK_EPI_RELU: return GM_VF(max)(GM_SET1(0), x);   /* in this order nan stays */
    case RK_EPI_SIGMOID: return GM_VF(sigmoid)(x);
    case RK_EPI_TANH: return GM_VF(tanh)(x);
    }
    return x;
}

/* Sigmoid or tanh of a finished tile, still in the first cache. */
RK_NOINLINE void GM(activate)(GM_T *c, ptrdiff_t ldc, ptrdiff_t rows, ptrdiff_t columns, int epilogue)
{
    for (ptrdiff_t i = 0; i < rows; i++, c += ldc) {
        ptrdiff_t j = 0;
        for (; j + GM_L <= columns; j += GM_L)
            GM_STORE(c + j, GM(act)(GM_LOAD(c + j), epilogue));
        if (j < columns)
            GM_STORE_PART(c + j, GM(act)(GM_LOAD_PART(c + j, columns - j), epilogue), columns - j);
    }
}

/* One tile: mr rows, nv vectors of which the last has columns - (nv-1)*GM_L lanes in C; columns_b may be more where B
 * is padded. transposed: the rows of the tile are neighbours in A. */
RK_INLINE void GM(tile)(const GM(call) *g, const GM_T *a, const GM_T *b, ptrdiff_t ldb, GM_T *c, const GM_T *bias,
                        int columns, int columns_b, const int mr, const int nv, const int transposed)
{
    GM_V acc[GEMM_MR][GEMM_NV], row[GEMM_NV];
    const ptrdiff_t lda = g->lda, ldc = g->ldc, step = transposed ? lda : 1, across = transposed ? 1 : lda;
    const int last = (nv - 1) * GM_L, rest = columns - last;

    RK_UNROLL
    for (int i = 0; i < mr; i++) {
        RK_UNROLL
        for (int j = 0; j < nv; j++)
            acc[i][j] = GM_SET1(0);
    }
#define GM_STEP(last_vector) \
    RK_UNROLL \
    for (int j = 0; j < nv - 1; j++) \
        row[j] = GM_LOAD(b + j * GM_L); \
    row[nv - 1] = last_vector; \
    b += ldb; \
    RK_UNROLL \
    for (int i = 0; i < mr; i++) { \
        GM_V x = GM_SET1(a[i * across]); \
        RK_UNROLL \
        for (int j = 0; j < nv; j++) \
            acc[i][j] = GM_FMA(x, row[j], acc[i][j]); \
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

    const GM_V alpha = GM_SET1(g->alpha);
    RK_UNROLL
    for (int i = 0; i < mr; i++) {
        RK_UNROLL
        for (int j = 0; j < nv; j++)
            acc[i][j] *= alpha;
    }
    const GM_V beta = GM_SET1(g->beta);
    if (rest == GM_L) {
        if (g->beta != 0) {
            RK_UNROLL
            for (int i = 0; i < mr; i++) {
                RK_UNROLL
                for (int j = 0; j < nv; j++)
                    acc[i][j] = GM_FMA(beta, GM_LOAD(c + i * ldc + j * GM_L), acc[i][j]);
            }
        }
        if (bias) {
            RK_UNROLL
            for (int j = 0; j < nv; j++) {
                GM_V t = GM_LOAD(bias + j * GM_L);
                RK_UNROLL
                for (int i = 0; i < mr; i++)
                    acc[i][j] += t;
            }
        }
    } else {
        if (g->beta != 0) {
            RK_UNROLL
            for (int i = 0; i < mr; i++) {
                RK_UNROLL
                for (int j = 0; j < nv - 1; j++)
                    acc[i][j] = GM_FMA(beta, GM_LOAD(c + i * ldc + j * GM_L), acc[i][j]);
                acc[i][nv - 1] = GM_FMA(beta, GM_LOAD_PART(c + i * ldc + last, rest), acc[i][nv - 1]);
            }
        }
        if (bias) {
            RK_UNROLL
            for (int j = 0; j < nv; j++) {
                GM_V t = j < nv - 1 ? GM_LOAD(bias + j * GM_L) : GM_LOAD_PART(bias + last, rest);
                RK_UNROLL
                for (int i = 0; i < mr; i++)
                    acc[i][j] += t;
            }
        }
    }
    if (g->epilogue == RK_EPI_RELU) {
        RK_UNROLL
        for (int i = 0; i < mr; i++) {
            RK_UNROLL
            for (int j = 0; j < nv; j++)
                acc[i][j] = GM(act)(acc[i][j], RK_EPI_RELU);
        }
    }
    if (rest == GM_L) {
        RK_UNROLL
        for (int i = 0; i < mr; i++) {
            RK_UNROLL
            for (int j = 0; j < nv; j++)
                GM_STORE(c + i * ldc + j * GM_L, acc[i][j]);
        }
    } else {
        RK_UNROLL
        for (int i = 0; i < mr; i++) {
            RK_UNROLL
            for (int j = 0; j < nv - 1; j++)
                GM_STORE(c + i * ldc + j * GM_L, acc[i][j]);
            GM_STORE_PART(c + i * ldc + last, acc[i][nv - 1], rest);
        }
    }
    if (g->epilogue > RK_EPI_RELU)
        GM(activate)(c, ldc, mr, columns, g->epilogue);
}

#define GM_KERNEL(mr, nv, ta) \
    RK_NOINLINE void GM(tile##ta##_##mr##_##nv)(const GM(call) *g, const GM_T *a, const GM_T *b, ptrdiff_t ldb, \
                                              GM_T *c, const GM_T *bias, int columns, int columns_b) \
    { \
        GM(tile)(g, a, b, ldb, c, bias, columns, columns_b, mr, nv, ta); \
    }
#define GM_KERNELS(mr) \
    GM_KERNEL(mr, 1, 0) GM_KERNEL(mr, 2, 0) GM_KERNEL(mr, 3, 0) \
    GM_KERNEL(mr, 1, 1) GM_KERNEL(mr, 2, 1) GM_KERNEL(mr, 3, 1)
#define GM_ENTRY(mr, ta) { GM(tile##ta##_##mr##_1), GM(tile##ta##_##mr##_2), GM(tile##ta##_##mr##_3) }

GM_KERNELS(1)
GM_KERNELS(2)
GM_KERNELS(3)
GM_KERNELS(4)
#if GEMM_MR == 8
GM_KERNELS(5)
GM_KERNELS(6)
GM_KERNELS(7)
GM_KERNELS(8)
#endif

/* [transposed][rows - 1][vectors - 1] */
static const GM(kernel) GM(kernels)[2][GEMM_MR][GEMM_NV] = {
#if GEMM_MR == 8
    { GM_ENTRY(1, 0), GM_ENTRY(2, 0), GM_ENTRY(3, 0), GM_ENTRY(4, 0),
      GM_ENTRY(5, 0), GM_ENTRY(6, 0), GM_ENTRY(7, 0), GM_ENTRY(8, 0) },
    { GM_ENTRY(1, 1), GM_ENTRY(2, 1), GM_ENTRY(3, 1), GM_ENTRY(4, 1),
      GM_ENTRY(5, 1), GM_ENTRY(6, 1), GM_ENTRY(7, 1), GM_ENTRY(8, 1) },
#else
    { GM_ENTRY(1, 0), GM_ENTRY(2, 0), GM_ENTRY(3, 0), GM_ENTRY(4, 0) },
    { GM_ENTRY(1, 1), GM_ENTRY(2, 1), GM_ENTRY(3, 1), GM_ENTRY(4, 1) },
#endif
};

/* One block of k for all of C: tiles in a grid, numbered along rows or along columns of tiles; those of a triangle
 * along rows. */
typedef struct {
    GM(call) call;
    const GM_T *a, *b, *bias;
    GM_T *c;
    ptrdiff_t ldb, n;
    int ta, packed_b, pack_a;
    gemm_grid grid;
} GM(block);

/* A tile that the diagonal crosses goes by way of a copy, of which the elements of the triangle return. */
RK_NOINLINE void GM(cross)(const GM(block) *d, GM(kernel) kernel, const GM(call) *call, const GM_T *a, const GM_T *b,
                           ptrdiff_t ldb, GM_T *c, ptrdiff_t i, ptrdiff_t rows, ptrdiff_t j, ptrdiff_t columns,
                           ptrdiff_t columns_b)
{
    GM_T copy[GEMM_MR * GM_NR];
    GM(call) own = *call;
    own.ldc = GM_NR;
    for (ptrdiff_t r = 0; r < rows && call->beta != 0; r++)
        memcpy(copy + r * GM_NR, c + r * call->ldc, (size_t)columns * sizeof(GM_T));
    kernel(&own, a, b, ldb, copy, NULL, (int)columns, (int)columns_b);
    for (ptrdiff_t r = 0; r < rows; r++) {
        const ptrdiff_t at = i + r - j;    /* on the diagonal */
        ptrdiff_t begin = d->grid.triangle == GEMM_UPPER && at > 0 ? at : 0;
        ptrdiff_t end = d->grid.triangle == GEMM_LOWER && at + 1 < columns ? at + 1 : columns;
        if (begin < end)
            memcpy(c + r * call->ldc + begin, copy + r * GM_NR + begin, (size_t)(end - begin) * sizeof(GM_T));
    }
}

/* Tiles of A' from i on, `count` of them side by side in A, one after the other. */
static void GM(pack_tiles)(const GM(block) *d, ptrdiff_t i, ptrdiff_t count, GM_T *packed)
{
    const ptrdiff_t i0 = gemm_row(&d->grid, i), rows = gemm_row(&d->grid, i + 1) - i0, lda = d->call.lda;
    const ptrdiff_t size = d->call.k * GEMM_MR, more = count > 1 ? gemm_row(&d->grid, i + 2) - i0 - rows : 0;
    const GM_T *a = d->a + i0;
    if (rows == GEMM_MR && more == GEMM_MR)
        for (ptrdiff_t p = 0; p < d->call.k; p++) {
            rk_prefetch(a + (p + GEMM_PACK_AHEAD) * lda);
            memcpy(packed + p * GEMM_MR, a + p * lda, GEMM_MR * sizeof(GM_T));
            memcpy(packed + size + p * GEMM_MR, a + p * lda + GEMM_MR, GEMM_MR * sizeof(GM_T));
        }
    else
        for (ptrdiff_t p = 0; p < d->call.k; p++) {
            for (ptrdiff_t r = 0; r < rows; r++)
                packed[p * GEMM_MR + r] = a[p * lda + r];
            for (ptrdiff_t r = 0; r < more; r++)
                packed[size + p * GEMM_MR + r] = a[p * lda + rows + r];
        }
}

static void GM(run_tiles)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const GM(block) *d = context;
    const gemm_panels *panels = &d->grid.panels;
    GM(call) call = d->call;
    GM_T *packed_a = NULL;
    ptrdiff_t packed_tile = -2;            /* and the next one */
    if (d->pack_a && (packed_a = rk_scratch(1, (size_t)(2 * call.k * GEMM_MR) * sizeof(GM_T))) != NULL)
        call.lda = GEMM_MR;

    gemm_place at = gemm_find(&d->grid, begin);
    for (ptrdiff_t u = begin; u < end; u++, gemm_go_on(&d->grid, &at)) {
        const ptrdiff_t i0 = gemm_row(&d->grid, at.i), rows = gemm_row(&d->grid, at.i + 1) - i0;
        const ptrdiff_t vectors = panels->thin + (at.j < panels->wide), j0 = gemm_panel(panels, at.j) * GM_L;
        const ptrdiff_t columns = d->n - j0 < vectors * GM_L ? d->n - j0 : vectors * GM_L;
        const GM_T *a = d->ta ? d->a + i0 : d->a + i0 * d->call.lda;
        if (packed_a) {
            if (at.i > packed_tile + 1) {
                GM(pack_tiles)(d, at.i, u + (at.next - at.j) < end ? 2 : 1, packed_a);
                packed_tile = at.i;
            }
            a = packed_a + (at.i - packed_tile) * call.k * GEMM_MR;
        }
        if (call.k >= GEMM_EARLY_K && d->grid.row_tiles >= GEMM_EARLY_TILES)
            gemm_fetch_tile(d->c + i0 * call.ldc + j0, call.ldc * (ptrdiff_t)sizeof(GM_T), (int)rows,
                            (int)columns * (int)sizeof(GM_T));
        GM(kernel) kernel = GM(kernels)[d->ta][rows - 1][vectors - 1];
        const GM_T *b = d->packed_b ? d->b + j0 * call.k : d->b + j0;
        const ptrdiff_t ldb = d->packed_b ? vectors * GM_L : d->ldb, columns_b = d->packed_b ? ldb : columns;
        GM_T *c = d->c + i0 * call.ldc + j0;
        const ptrdiff_t row = d->grid.below + i0;
        if (d->grid.triangle == GEMM_LOWER ? j0 + columns - 1 > row : d->grid.triangle && j0 < row + rows - 1)
            GM(cross)(d, kernel, &call, a, b, ldb, c, row, rows, j0, columns, columns_b);
        else
            kernel(&call, a, b, ldb, c, d->bias ? d->bias + j0 : NULL, (int)columns, (int)columns_b);
    }
}

/* ---- packing B ---- */
#define GM_PACK_ROWS 64

typedef struct {
    const GM_T *b;
    GM_T *packed;
    ptrdiff_t ldb, k, n, parts;
    gemm_panels panels;
    int tb;
} GM(packing);

/* k rows of `columns` columns, the rest of the last vector zero; b is (columns, k) in memory */
RK_INLINE void GM(pack_transposed)(const GM_T *b, ptrdiff_t ldb, ptrdiff_t k, ptrdiff_t columns, GM_T *packed,
                                   ptrdiff_t width)
{
#if defined(RK_HAVE_TRANSPOSE)
    for (ptrdiff_t j = 0; j < columns; j += GM_L)
        for (ptrdiff_t p = 0; p < k; p += GM_L) {
            GM_V x[GM_L], y[GM_L];
            ptrdiff_t rows = k - p < GM_L ? k - p : GM_L;
            if (rows == GM_L && columns - j >= GM_L) {
                RK_UNROLL
                for (int i = 0; i < GM_L; i++)
                    x[i] = GM_LOAD(b + (j + i) * ldb + p);
            } else {
                for (int i = 0; i < GM_L; i++)
                    x[i] = j + i >= columns ? GM_SET1(0) : rows == GM_L ? GM_LOAD(b + (j + i) * ldb + p)
                                                                        : GM_LOAD_PART(b + (j + i) * ldb + p, rows);
            }
            RK_UNROLL
            for (int h = GM_L; h > 1; h /= 2) {
                RK_UNROLL
                for (int i = 0; i < GM_L / 2; i++) {
                    y[2 * i] = RK_SHUFFLE(x[i], x[i + GM_L / 2], GM_L, GM_ZIP_LO);
                    y[2 * i + 1] = RK_SHUFFLE(x[i], x[i + GM_L / 2], GM_L, GM_ZIP_HI);
                }
                RK_UNROLL
                for (int i = 0; i < GM_L; i++)
                    x[i] = y[i];
            }
            if (rows == GM_L) {
                RK_UNROLL
                for (int i = 0; i < GM_L; i++)
                    GM_STORE(packed + (p + i) * width + j, x[i]);
            } else {
                for (int i = 0; i < rows; i++)
                    GM_STORE(packed + (p + i) * width + j, x[i]);
            }
        }
#else
    for (ptrdiff_t j = 0; j < width; j++)
        for (ptrdiff_t p = 0; p < k; p++)
            packed[p * width + j] = j < columns ? b[j * ldb + p] : 0;
#endif
}

/* dst (columns, rows) = the transpose of src (rows, columns), both of real numbers */
static void GM(turn)(const GM_T *src, ptrdiff_t lds, ptrdiff_t rows, ptrdiff_t columns, GM_T *dst, ptrdiff_t ldd)
{
    ptrdiff_t i = 0;
#if defined(RK_HAVE_TRANSPOSE)
    for (; i + GM_L <= rows; i += GM_L)
        GM(pack_transposed)(src + i * lds, lds, columns, GM_L, dst + i, ldd);
#endif
    for (; i < rows; i++)
        for (ptrdiff_t j = 0; j < columns; j++)
            memcpy(dst + j * ldd + i, src + i * lds + j, sizeof(GM_T));
}

/* A row of a panel: whole vectors, of which the last may be partly zero. */
RK_INLINE void GM(pack_row)(const GM_T *b, ptrdiff_t columns, GM_T *packed)
{
    ptrdiff_t j = 0;
    for (; j + GM_L <= columns; j += GM_L)
        GM_STORE(packed + j, GM_LOAD(b + j));
    if (j < columns)
        GM_STORE(packed + j, GM_LOAD_PART(b + j, columns - j));
}

static void GM(pack)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const GM(packing) *d = context;
    for (ptrdiff_t u = begin; u < end; u++) {
        const ptrdiff_t j = u / d->parts, p0 = u % d->parts * GM_PACK_ROWS;
        const ptrdiff_t j0 = gemm_panel(&d->panels, j) * GM_L, width = (d->panels.thin + (j < d->panels.wide)) * GM_L;
        const ptrdiff_t columns = d->n - j0 < width ? d->n - j0 : width;
        const ptrdiff_t rows = d->k - p0 < GM_PACK_ROWS ? d->k - p0 : GM_PACK_ROWS;
        GM_T *packed = d->packed + j0 * d->k + p0 * width;
        if (d->tb) {
            GM(pack_transposed)(d->b + j0 * d->ldb + p0, d->ldb, rows, columns, packed, width);
            continue;
        }
        const GM_T *b = d->b + p0 * d->ldb + j0;
        for (ptrdiff_t p = 0; p < rows; p++, b += d->ldb, packed += width)
            GM(pack_row)(b, columns, packed);
    }
}

/* ---- few rows or columns: dot products ---- */
typedef struct {
    GM(call) call;
    const GM_T *a, *b, *bias;
    GM_T *c;
    ptrdiff_t ldb, m, n, chunk, across;
    GM_T *parts;
    ptrdiff_t strips, depth;               /* of a stream: pieces of n side by side, rows of B in a piece */
    ptrdiff_t side;                        /* long rows that are read side by side */
} GM(dots);

/* c = alpha*x + beta*c + bias, then the epilogue, for one element */
RK_INLINE void GM(finish)(const GM(call) *g, GM_T x, GM_T *c, const GM_T *bias)
{
    x *= g->alpha;
    if (g->beta != 0)
        x += g->beta * *c;
    if (bias)
        x += *bias;
    *c = x;
    if (g->epilogue != RK_EPI_NONE)
        GM_STORE_PART(c, GM(act)(GM_SET1(x), g->epilogue), 1);
}

/* mr rows of A with nr rows of B */
RK_INLINE void GM(dot_tile)(const GM(call) *g, const GM_T *a, const GM_T *b, ptrdiff_t ldb, GM_T *c, const GM_T *bias,
                            const int mr, const int nr)
{
    GM_V acc[4][4], y[4];
    const ptrdiff_t lda = g->lda, k = g->k;
    ptrdiff_t p = 0;
    RK_UNROLL
    for (int i = 0; i < mr; i++) {
        RK_UNROLL
        for (int j = 0; j < nr; j++)
            acc[i][j] = GM_SET1(0);
    }
#define GM_STEP(load, ...) \
    RK_UNROLL \
    for (int j = 0; j < nr; j++) \
        y[j] = load(b + j * ldb + p __VA_ARGS__); \
    RK_UNROLL \
    for (int i = 0; i < mr; i++) { \
        GM_V x = load(a + i * lda + p __VA_ARGS__); \
        RK_UNROLL \
        for (int j = 0; j < nr; j++) \
            acc[i][j] = GM_FMA(x, y[j], acc[i][j]); \
    }
    for (; p + GM_L <= k; p += GM_L) {
        GM_STEP(GM_LOAD)
    }
    if (p < k) {
        GM_STEP(GM_LOAD_PART, , k - p)
    }
#undef GM_STEP
    RK_UNROLL
    for (int i = 0; i < mr; i++) {
        RK_UNROLL
        for (int j = 0; j < nr; j++)
            GM(finish)(g, GM_VF(sum)(acc[i][j]), c + i * g->ldc + j, bias ? bias + j : NULL);
    }
}

#define GM_DOTS(mr, nr) \
    RK_NOINLINE void GM(dot_##mr##_##nr)(const GM(call) *g, const GM_T *a, const GM_T *b, ptrdiff_t ldb, GM_T *c, \
                                       const GM_T *bias) \
    { \
        GM(dot_tile)(g, a, b, ldb, c, bias, mr, nr); \
    }
GM_DOTS(1, 1)
GM_DOTS(1, 4)
GM_DOTS(2, 1)
GM_DOTS(2, 4)
GM_DOTS(4, 1)
GM_DOTS(4, 4)

static void GM(dot_block)(const GM(dots) *d, ptrdiff_t i0, ptrdiff_t i1, ptrdiff_t j0, ptrdiff_t j1)
{
    for (ptrdiff_t j = j0; j < j1;) {
        int wide = j1 - j >= 4;
        const GM_T *b = d->b + j * d->ldb, *bias = d->bias ? d->bias + j : NULL;
        for (ptrdiff_t i = i0; i < i1;) {
            const GM_T *a = d->a + i * d->call.lda;
            GM_T *c = d->c + i * d->call.ldc + j;
            if (i1 - i >= 4) {
                (wide ? GM(dot_4_4) : GM(dot_4_1))(&d->call, a, b, d->ldb, c, bias);
                i += 4;
            } else if (i1 - i >= 2) {
                (wide ? GM(dot_2_4) : GM(dot_2_1))(&d->call, a, b, d->ldb, c, bias);
                i += 2;
            } else {
                (wide ? GM(dot_1_4) : GM(dot_1_1))(&d->call, a, b, d->ldb, c, bias);
                i++;
            }
        }
        j += wide ? 4 : 1;
    }
}

static void GM(dot_rows)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const GM(dots) *d = context;
    GM(dot_block)(d, begin, end, 0, d->n);
}

static void GM(dot_columns)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const GM(dots) *d = context;
    GM(dot_block)(d, 0, d->m, begin, end);
}

/* ---- a vector times a matrix too big for the second cache: whole rows of B are added, in the order of memory ---- */
#define GM_SUM_COLUMNS (4096 / (ptrdiff_t)sizeof(GM_T))
#define GM_BLOCK_SUMS (32768 / (ptrdiff_t)sizeof(GM_T))

/* sum += the rows of B times the elements of A; with `ahead`, four rows are asked for while the four before
 * are added */
RK_INLINE void GM(add_rows)(GM_T *sum, const GM_T *a, ptrdiff_t lda, const GM_T *b, ptrdiff_t ldb, ptrdiff_t rows,
                            ptrdiff_t width, const int ahead)
{
    ptrdiff_t p = 0;
    for (; p + 4 <= rows; p += 4, a += 4 * lda, b += 4 * ldb) {
        const GM_V x0 = GM_SET1(a[0]), x1 = GM_SET1(a[lda]), x2 = GM_SET1(a[2 * lda]), x3 = GM_SET1(a[3 * lda]);
        const GM_T *next = p + 8 <= rows ? b + 4 * ldb : b;
        ptrdiff_t j = 0;
        for (; j + GM_L <= width; j += GM_L) {
            RK_UNROLL
            for (int q = 0; q < 4 * ahead; q++)
                GEMM_FETCH(next + q * ldb + j);
            GM_V s = GM_FMA(x0, GM_LOAD(b + j), GM_LOAD(sum + j));
            s = GM_FMA(x1, GM_LOAD(b + ldb + j), s);
            s = GM_FMA(x2, GM_LOAD(b + 2 * ldb + j), s);
            GM_STORE(sum + j, GM_FMA(x3, GM_LOAD(b + 3 * ldb + j), s));
        }
        if (j < width) {
            const ptrdiff_t rest = width - j;
            GM_V s = GM_FMA(x0, GM_LOAD_PART(b + j, rest), GM_LOAD(sum + j));
            s = GM_FMA(x1, GM_LOAD_PART(b + ldb + j, rest), s);
            s = GM_FMA(x2, GM_LOAD_PART(b + 2 * ldb + j, rest), s);
            GM_STORE(sum + j, GM_FMA(x3, GM_LOAD_PART(b + 3 * ldb + j, rest), s));
        }
    }
    for (; p < rows; p++, a += lda, b += ldb) {
        const GM_V x = GM_SET1(*a);
        ptrdiff_t j = 0;
        for (; j + GM_L <= width; j += GM_L)
            GM_STORE(sum + j, GM_FMA(x, GM_LOAD(b + j), GM_LOAD(sum + j)));
        if (j < width)
            GM_STORE(sum + j, GM_FMA(x, GM_LOAD_PART(b + j, width - j), GM_LOAD(sum + j)));
    }
}

/* all rows, for strips of columns */
static void GM(sum_strips)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const GM(dots) *d = context;
    for (ptrdiff_t u = begin; u < end; u++) {
        const ptrdiff_t j0 = u * d->chunk, width = d->n - j0 < d->chunk ? d->n - j0 : d->chunk;
        GM_T sum[GM_SUM_COLUMNS] = {0};
        GM(add_rows)(sum, d->a, d->call.lda, d->b + j0, d->ldb, d->call.k, width, 1);
        for (ptrdiff_t j = 0; j < width; j++)
            GM(finish)(&d->call, sum[j], d->c + j0 + j, d->bias ? d->bias + j0 + j : NULL);
    }
}

/* all columns, for blocks of rows: d->parts has a line of d->across sums for each block */
#define GM_SUM_BLOCKS(name, ahead) \
static void GM(name)(void *context, ptrdiff_t begin, ptrdiff_t end) \
{ \
    const GM(dots) *d = context; \
    for (ptrdiff_t u = begin; u < end; u++) { \
        const ptrdiff_t p0 = u * d->chunk, left = d->call.k - p0; \
        GM_T *sum = d->parts + u * d->across; \
        memset(sum, 0, (size_t)d->across * sizeof(GM_T)); \
        GM(add_rows)(sum, d->a + p0 * d->call.lda, d->call.lda, d->b + p0 * d->ldb, d->ldb, \
                     left < d->chunk ? left : d->chunk, d->n, ahead); \
    } \
}
GM_SUM_BLOCKS(sum_blocks, 0)
GM_SUM_BLOCKS(sum_blocks_ahead, 1)

/* ---- few rows and a matrix too big for the second cache: rows of B in the order of memory, each read once, while C
 * stays in the first cache ---- */
#define GM_STREAM_SUMS (16384 / (ptrdiff_t)sizeof(GM_T))
#define GM_WIDTH(n) (((n) + GM_L - 1) / GM_L * GM_L)

/* Adds kr rows of B, weighted by mr rows of A, to mr rows of sums; asks for `ahead` rows of B at `next`. */
RK_INLINE void GM(stream_tile)(const GM(dots) *d, const GM_T *a, const GM_T *b, ptrdiff_t columns, const GM_T *next,
                               GM_T *sum, ptrdiff_t width, const int mr, const int kr, const int ahead)
{
    const ptrdiff_t ldb = d->ldb;
    GM_V x[4][4], s[4];
    ptrdiff_t j = 0;
    RK_UNROLL
    for (int i = 0; i < mr; i++) {
        RK_UNROLL
        for (int q = 0; q < kr; q++)
            x[i][q] = GM_SET1(a[i * d->across + q * d->call.lda]);
    }
#define GM_STEP(load, ...) \
    RK_UNROLL \
    for (int i = 0; i < mr; i++) \
        s[i] = GM_LOAD(sum + i * width + j); \
    RK_UNROLL \
    for (int q = 0; q < kr; q++) { \
        GM_V row = load(b + q * ldb + j __VA_ARGS__); \
        RK_UNROLL \
        for (int i = 0; i < mr; i++) \
            s[i] = GM_FMA(x[i][q], row, s[i]); \
    } \
    RK_UNROLL \
    for (int i = 0; i < mr; i++) \
        GM_STORE(sum + i * width + j, s[i]);
    for (; j + GM_L <= columns; j += GM_L) {
        RK_UNROLL
        for (int q = 0; q < ahead; q++)
            GEMM_FETCH(next + q * ldb + j);
        GM_STEP(GM_LOAD)
    }
    if (j < columns) {
        GM_STEP(GM_LOAD_PART, , columns - j)
    }
#undef GM_STEP
}

#define GM_STREAM(name, mr, kr, ahead) \
    RK_NOINLINE void GM(stream_##name)(const GM(dots) *d, const GM_T *a, const GM_T *b, ptrdiff_t columns, \
                                       const GM_T *next, GM_T *sum, ptrdiff_t width) \
    { \
        GM(stream_tile)(d, a, b, columns, next, sum, width, mr, kr, ahead); \
    }
GM_STREAM(4, 4, GEMM_STREAM, 0)
GM_STREAM(4_ahead, 4, GEMM_STREAM, 1)
GM_STREAM(1, 1, GEMM_STREAM, 0)
GM_STREAM(1_ahead, 1, GEMM_STREAM, 1)
GM_STREAM(4_last, 4, 1, 0)
GM_STREAM(1_last, 1, 1, 0)

/* C from the sums of its columns j0 .. j0 + columns - 1 */
static void GM(stream_finish)(const GM(dots) *d, const GM_T *sums, ptrdiff_t width, ptrdiff_t j0, ptrdiff_t columns)
{
    const GM_V alpha = GM_SET1(d->call.alpha), beta = GM_SET1(d->call.beta);
    for (ptrdiff_t i = 0; i < d->m; i++) {
        GM_T *c = d->c + i * d->call.ldc + j0;
        for (ptrdiff_t j = 0; j < columns; j += GM_L) {
            ptrdiff_t rest = columns - j;
            GM_V x = GM_LOAD(sums + i * width + j) * alpha;
            if (d->call.beta != 0)
                x = GM_FMA(beta, rest < GM_L ? GM_LOAD_PART(c + j, rest) : GM_LOAD(c + j), x);
            if (d->bias)
                x += rest < GM_L ? GM_LOAD_PART(d->bias + j0 + j, rest) : GM_LOAD(d->bias + j0 + j);
            x = GM(act)(x, d->call.epilogue);
            if (rest < GM_L)
                GM_STORE_PART(c + j, x, rest);
            else
                GM_STORE(c + j, x);
        }
    }
}

/* C, a row, for strips of d->across columns: sums of the same blocks in the same order, none from another core */
static void GM(sum_block_strips)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const GM(dots) *d = context;
    _Alignas(64) GM_T all[GM_SUM_COLUMNS], sum[GM_SUM_COLUMNS];
    for (ptrdiff_t u = begin; u < end; u++) {
        const ptrdiff_t j0 = u * d->across, columns = d->n - j0 < d->across ? d->n - j0 : d->across;
        for (ptrdiff_t p = 0; p < d->call.k; p += d->chunk) {
            const ptrdiff_t left = d->call.k - p;
            GM_T *to = p ? sum : all;
            memset(to, 0, (size_t)GM_WIDTH(columns) * sizeof(GM_T));
            GM(add_rows)(to, d->a + p * d->call.lda, d->call.lda, d->b + p * d->ldb + j0, d->ldb,
                         left < d->chunk ? left : d->chunk, columns, 0);
            for (ptrdiff_t j = 0; p && j < columns; j += GM_L)
                GM_STORE(all + j, GM_LOAD(all + j) + GM_LOAD(sum + j));
        }
        GM(stream_finish)(d, all, columns, j0, columns);
    }
}

static void GM(stream_pieces)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const GM(dots) *d = context;
    const ptrdiff_t m = d->m, ldb = d->ldb;
    _Alignas(64) GM_T sums[GM_STREAM_SUMS];
    for (ptrdiff_t u = (begin + GEMM_QUARTERS - 1) / GEMM_QUARTERS; u * GEMM_QUARTERS < end; u++) {
        ptrdiff_t j0 = u % d->strips * d->chunk, columns = d->n - j0 < d->chunk ? d->n - j0 : d->chunk;
        ptrdiff_t p0 = u / d->strips * d->depth, k = d->call.k - p0 < d->depth ? d->call.k : p0 + d->depth;
        ptrdiff_t width = GM_WIDTH(columns), rows;
        memset(sums, 0, (size_t)(m * width) * sizeof(GM_T));
        for (ptrdiff_t p = p0; p < k; p += rows) {
            const GM_T *a = d->a + p * d->call.lda, *b = d->b + p * ldb + j0, *next = b + GEMM_AHEAD * ldb;
            rows = k - p < GEMM_STREAM ? 1 : GEMM_STREAM;
            for (ptrdiff_t i = 0; i < m;) {
                int wide = m - i >= 4, ahead = rows > 1 && next < b + (GEMM_AHEAD + GEMM_STREAM) * ldb;
                (rows == 1 ? wide ? GM(stream_4_last) : GM(stream_1_last)
                 : ahead   ? wide ? GM(stream_4_ahead) : GM(stream_1_ahead)
                           : wide ? GM(stream_4) : GM(stream_1))(d, a + i * d->across, b, columns, next,
                                                                  sums + i * width, width);
                next += ldb;
                i += wide ? 4 : 1;
            }
        }
        if (!d->parts)
            GM(stream_finish)(d, sums, width, j0, columns);
        else
            for (ptrdiff_t i = 0; i < m; i++)
                memcpy(d->parts + (u / d->strips * m + i) * GM_WIDTH(d->n) + j0, sums + i * width,
                       (size_t)width * sizeof(GM_T));
    }
}

/* ---- the same with long rows, which memory gives quickly when blocks of them are read side by side: C = A B + bias.
 * Between two blocks the sums lie side by side in memory of their own: the rows of C may be at one place of the first
 * cache ---- */

/* Adds kr rows of B, one vector wide, to at most mr rows of C; a holds their weights, `wide` for each row of B, and
 * `sums` the sums before and after, but those of the first block and of the last one. What lies `ahead` of each row of
 * B is asked for. */
RK_INLINE void GM(long_tile)(const GM(dots) *d, const GM_T *a, ptrdiff_t wide, const GM_T *b, ptrdiff_t kr,
                             ptrdiff_t ahead, GM_T *sums, GM_T *c, ptrdiff_t rows, ptrdiff_t columns,
                             const GM_T *bias, int first, int last, const int mr)
{
    const ptrdiff_t ldb = d->ldb, ldc = d->call.ldc;
    const int whole = columns >= GM_L;
    GM_V acc[GEMM_TALL];
    RK_UNROLL
    for (int i = 0; i < mr; i++)
        acc[i] = first ? GM_SET1(0) : GM_LOAD(sums + i * GM_L);
#define GM_STEP(...) \
    for (ptrdiff_t q = kr; q > 0; q--) { \
        const GM_V row = __VA_ARGS__; \
        GEMM_FETCH(b + ahead); \
        b += ldb; \
        RK_UNROLL \
        for (int i = 0; i < mr; i++) \
            acc[i] = GM_FMA(GM_SET1(a[i]), row, acc[i]); \
        a += wide; \
    }
    if (whole) {
        GM_STEP(GM_LOAD(b))
    } else {
        GM_STEP(GM_LOAD_PART(b, columns))
    }
#undef GM_STEP
    if (!last) {
        RK_UNROLL
        for (int i = 0; i < mr; i++)
            GM_STORE(sums + i * GM_L, acc[i]);
        return;
    }
    if (bias) {
        const GM_V t = whole ? GM_LOAD(bias) : GM_LOAD_PART(bias, columns);
        RK_UNROLL
        for (int i = 0; i < mr; i++)
            acc[i] += t;
    }
    RK_UNROLL
    for (int i = 0; i < mr; i++)
        if (i < rows) {
            if (whole)
                GM_STORE(c + i * ldc, acc[i]);
            else
                GM_STORE_PART(c + i * ldc, acc[i], columns);
        }
}

#define GM_LONG(name, mr) \
    RK_NOINLINE void GM(long_##name)(const GM(dots) *d, const GM_T *a, ptrdiff_t wide, const GM_T *b, ptrdiff_t kr, \
                                     ptrdiff_t ahead, GM_T *sums, GM_T *c, ptrdiff_t rows, ptrdiff_t columns, \
                                     const GM_T *bias, int first, int last) \
    { \
        GM(long_tile)(d, a, wide, b, kr, ahead, sums, c, rows, columns, bias, first, last, mr); \
    }
GM_LONG(tall, GEMM_TALL)
GM_LONG(half, GEMM_TALL / 2)

/* Whether `share` columns for each thread make rows long, which are then cut. */
static int GM(long_rows)(GM(dots) *d, ptrdiff_t share)
{
    const int small = rk_second_cache() < GEMM_SECOND_CACHE;
    if (d->m < GEMM_LONG_ROWS || d->call.k <= 0 || d->call.alpha != 1 || d->call.beta != 0
        || share * (ptrdiff_t)sizeof(GM_T) < (small ? GEMM_LONG_SMALL : GEMM_LONG))
        return 0;
    d->side = small ? GEMM_WEIGHTS / (GM_WIDTH(d->m) * (ptrdiff_t)sizeof(GM_T)) : GEMM_SIDE;
    const ptrdiff_t pieces = (share * (ptrdiff_t)sizeof(GM_T) + 2 * GEMM_LONG - 1) / (2 * GEMM_LONG);
    d->chunk = GM_WIDTH((share + pieces - 1) / pieces);
    return 1;
}

static ptrdiff_t GM(long_units)(const GM(dots) *d)
{
    return (d->n + d->chunk - 1) / d->chunk * GEMM_QUARTERS;
}

static void GM(stream_long)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const GM(dots) *d = context;
    const ptrdiff_t m = d->m, k = d->call.k, wide = GM_WIDTH(m);
    const ptrdiff_t lines = GEMM_LINES * 64 / (ptrdiff_t)sizeof(GM_T);
    _Alignas(64) GM_T turned[GEMM_WEIGHTS / sizeof(GM_T)], spare[GEMM_FEW * GM_L];
    const ptrdiff_t high = (m + GEMM_TALL / 2 - 1) / (GEMM_TALL / 2) * (GEMM_TALL / 2);
    GM_T *sums = rk_scratch(0, (size_t)(high * GM_WIDTH(d->chunk)) * sizeof(GM_T));
    const ptrdiff_t strip = sums ? d->chunk : GM_L;    /* no memory: slower, but done */
    if (!sums)
        sums = spare;
    const ptrdiff_t from = (begin + GEMM_QUARTERS - 1) / GEMM_QUARTERS * d->chunk;
    const ptrdiff_t to = (end + GEMM_QUARTERS - 1) / GEMM_QUARTERS * d->chunk, edge = to < d->n ? to : d->n;
    for (ptrdiff_t j0 = from; j0 < edge; j0 += strip) {
        const ptrdiff_t columns = edge - j0 < strip ? edge - j0 : strip;
        for (ptrdiff_t p = 0; p < k; p += d->side) {
            const ptrdiff_t kr = k - p < d->side ? k - p : d->side;
            const GM_T *a = d->a + p * d->call.lda;
            if (d->call.lda == 1)
                GM(pack_transposed)(a, d->across, kr, m, turned, wide);
            else
                for (ptrdiff_t q = 0; q < kr; q++)
                    for (ptrdiff_t i = 0; i < wide; i++)
                        turned[q * wide + i] = i < m ? a[q * d->call.lda + i * d->across] : 0;
            for (ptrdiff_t j = 0; j < columns; j += GM_L) {
                /* the last columns ask for the first ones of the next rows */
                const int over = j + lines >= GM_WIDTH(columns) && p + kr < k;
                const ptrdiff_t ahead = over ? kr * d->ldb + lines - GM_WIDTH(columns) : lines;
                for (ptrdiff_t i = 0; i < m;) {
                    const int tall = m - i > GEMM_TALL / 2;
                    (tall ? GM(long_tall) : GM(long_half))(
                        d, turned + i, wide, d->b + p * d->ldb + j0 + j, kr, ahead, sums + high * j + i * GM_L,
                        d->c + i * d->call.ldc + j0 + j, m - i, columns - j, d->bias ? d->bias + j0 + j : NULL,
                        p == 0, p + kr == k);
                    i += tall ? GEMM_TALL : GEMM_TALL / 2;
                }
            }
        }
        if (d->call.epilogue != RK_EPI_NONE)
            GM(activate)(d->c + j0, d->call.ldc, m, columns, d->call.epilogue);
    }
}

/* Several products of few rows and a big matrix as one job. */
typedef struct {
    ptrdiff_t count;
    GM(dots) product[GEMM_GROUP];
} GM(long_group);

static void GM(stream_group)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const GM(long_group) *g = context;
    for (ptrdiff_t i = 0, at = 0; i < g->count; i++) {
        const GM(dots) *d = g->product + i;
        const ptrdiff_t units = GM(long_units)(d), lo = begin > at ? begin - at : 0, hi = end - at;
        if (lo < units && hi > lo)
            GM(stream_long)((void *)d, lo, hi < units ? hi : units);
        at += units;
    }
}

/* ---- tiles: all of C or a triangle ---- */
static void GM(blocked)(int triangle, int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, GM_T alpha, const GM_T *a,
                        ptrdiff_t lda, const GM_T *b, ptrdiff_t ldb, GM_T beta, GM_T *c, ptrdiff_t ldc,
                        const GM_T *bias, int epilogue)
{
    if (alpha == 0 || k < 0)
        k = 0;
    const ptrdiff_t work = triangle ? m * n / 2 * k : m * n * k;
    ptrdiff_t kc = rk_even_block(k, GEMM_KC);
    ptrdiff_t nc = GEMM_PACK_BYTES / (ptrdiff_t)sizeof(GM_T) / (kc + 1) / GM_NR * GM_NR;
    nc = rk_even_block(n, nc < GM_NR ? GM_NR : nc);
    nc = (nc + GM_NR - 1) / GM_NR * GM_NR;
    /* B is read in place while it stays in the second cache and its rows are not so far apart that each needs a page of
     * its own; and if it is not read often enough to pay for a copy, which a B from main memory does sooner */
    int big = kc * n > GEMM_PACK_BYTES / 8, far = big || ldb * (ptrdiff_t)sizeof(GM_T) > 1024;
    int pack = k > 0 && (tb || (far && m > (big ? 1 : 4) * GEMM_MR));
    GM_T spare[64 * GM_NR], *packed = NULL;
    if (pack) {
        packed = rk_scratch(0, (size_t)(kc * (nc < n + GM_L ? nc : n + GM_L)) * sizeof(GM_T));
        if (!packed) {                     /* no memory: slower, but done */
            packed = spare;
            kc = kc < 64 ? kc : 64;
            nc = GM_NR;
        }
    }

    GM(block) d;
    d.call = (GM(call)){ kc, lda, ldc, alpha, beta, epilogue };
    d.ta = ta;
    d.packed_b = pack;
    for (ptrdiff_t j0 = 0; j0 < n; j0 += nc) {
        const ptrdiff_t i0 = triangle == GEMM_LOWER ? j0 : 0;
        d.n = n - j0 < nc ? n - j0 : nc;
        const ptrdiff_t rows = triangle == GEMM_UPPER ? j0 + d.n : m - i0;
        d.grid = gemm_grid_of(triangle, rows, GEMM_MR, i0 - j0, (d.n + GM_L - 1) / GM_L, GEMM_NV, GM_L, 1);
        d.c = c + i0 * ldc + j0;
        /* a tile of A' lies on k rows: on as many pages, or at the same place of the cache */
        d.pack_a = ta && !d.grid.along_columns && d.grid.panels.count >= 3
                   && (lda * sizeof(GM_T) >= 2048 || lda * sizeof(GM_T) % 512 == 0);
        const ptrdiff_t tiles = gemm_tiles(&d.grid);
        ptrdiff_t p0 = 0;
        do {
            d.call.k = k - p0 < kc ? k - p0 : kc;
            int last = p0 + d.call.k >= k;
            d.call.beta = p0 == 0 ? beta : 1;
            d.call.epilogue = last ? epilogue : RK_EPI_NONE;
            d.bias = last && bias ? bias + j0 : NULL;
            d.a = ta ? a + p0 * lda + i0 : a + i0 * lda + p0;
            d.b = tb ? b + j0 * ldb + p0 : b + p0 * ldb + j0;
            d.ldb = ldb;
            int alone = work < GEMM_THREAD_WORK;
            if (pack) {
                GM(packing) q = { d.b, packed, ldb, d.call.k, d.n, (d.call.k + GM_PACK_ROWS - 1) / GM_PACK_ROWS,
                                  d.grid.panels, tb };
                if (alone || d.call.k * d.n < 32768)
                    GM(pack)(&q, 0, d.grid.panels.count * q.parts);
                else
                    rk_parallel(GM(pack), &q, d.grid.panels.count * q.parts, 4);
                d.b = packed;
            }
            if (alone)
                GM(run_tiles)(&d, 0, tiles);
            else
                rk_parallel(GM(run_tiles), &d, tiles,
                            1 + GEMM_THREAD_WORK / 4 / (GEMM_MR * GM_NR * (d.call.k + 1)));
            p0 += d.call.k;
        } while (p0 < k);
    }
}

/* ---- A' of few rows, B of many columns: all of A stays in the second cache, and each thread packs the panels of B
 * that it works on: nothing that one writes is read by another. While tiles of a panel are computed the next one is
 * packed, some rows before each tile. ---- */

/* Packs rows p to `end` of panel j, and asks for as many rows that follow. */
static void GM(pack_some)(const GM(block) *d, ptrdiff_t j, ptrdiff_t p, ptrdiff_t end, GM_T *own)
{
    const gemm_panels *panels = &d->grid.panels;
    const ptrdiff_t vectors = panels->thin + (j < panels->wide), j0 = gemm_panel(panels, j) * GM_L;
    const ptrdiff_t columns = d->n - j0 < vectors * GM_L ? d->n - j0 : vectors * GM_L, count = end - p;
    const GM_T *b = d->b + p * d->ldb + j0;
    own += p * vectors * GM_L;
    for (; p < end; p++, b += d->ldb, own += vectors * GM_L) {
        GM(pack_row)(b, columns, own);
        if (p + count < d->call.k)
            gemm_fetch_tile(b + count * d->ldb, 0, 1, (int)columns * (int)sizeof(GM_T));
    }
}

/* A panel counts for GEMM_QUARTERS pieces, of some rows each. */
static void GM(run_panels)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const GM(block) *d = context;
    const gemm_panels *panels = &d->grid.panels;
    const ptrdiff_t k = d->call.k, tiles = d->grid.row_tiles, slice = (k + tiles - 1) / tiles, size = k * GM_NR;
    GM_T *own = rk_scratch(1, (size_t)(2 * size) * sizeof(GM_T));
    GM_T *here = NULL, *next = own;        /* no memory: slower, but done */
    ptrdiff_t packed = 0;                  /* rows of the next panel; k: there is none */
    for (ptrdiff_t u = begin; u < end;) {
        const ptrdiff_t j = u / GEMM_QUARTERS, quarters = end - j * GEMM_QUARTERS;
        const ptrdiff_t first = u % GEMM_QUARTERS * tiles / GEMM_QUARTERS;
        const ptrdiff_t last = quarters < GEMM_QUARTERS ? quarters * tiles / GEMM_QUARTERS : tiles;
        const ptrdiff_t vectors = panels->thin + (j < panels->wide), j0 = gemm_panel(panels, j) * GM_L;
        const ptrdiff_t columns = d->n - j0 < vectors * GM_L ? d->n - j0 : vectors * GM_L;
        if (own) {
            GM(pack_some)(d, j, packed, k, next);
            here = next;
            next = here == own ? own + size : own;
            packed = quarters > GEMM_QUARTERS ? 0 : k;
        }
        const GM_T *b = own ? here : d->b + j0;
        for (ptrdiff_t i = first; i < last; i++) {
            const ptrdiff_t i0 = gemm_row(&d->grid, i), rows = gemm_row(&d->grid, i + 1) - i0;
            GM_T *c = d->c + i0 * d->call.ldc + j0;
            if (packed < k) {
                const ptrdiff_t to = packed + slice < k ? packed + slice : k;
                if (own)
                    GM(pack_some)(d, j + 1, packed, to, next);
                packed = to;
            }
            gemm_fetch_tile(c, d->call.ldc * (ptrdiff_t)sizeof(GM_T), (int)rows, (int)columns * (int)sizeof(GM_T));
            GM(kernels)[1][rows - 1][vectors - 1](
                &d->call, d->a + i * k * GEMM_MR, b, own ? vectors * GM_L : d->ldb, c, d->bias ? d->bias + j0 : NULL,
                (int)columns, own ? (int)(vectors * GM_L) : (int)columns);
        }
        u = (j + 1) * GEMM_QUARTERS;
    }
}

/* Tiles of A', one after the other. */
typedef struct {
    const GM_T *a;
    GM_T *packed;
    ptrdiff_t lda, k;
    const gemm_grid *grid;
} GM(packing_a);

static void GM(pack_a)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const GM(packing_a) *d = context;
    for (ptrdiff_t i = begin; i < end; i++) {
        const ptrdiff_t i0 = gemm_row(d->grid, i), rows = gemm_row(d->grid, i + 1) - i0;
        GM_T *to = d->packed + i * d->k * GEMM_MR;
        for (ptrdiff_t p = 0; p < d->k; p++)
            for (ptrdiff_t r = 0; r < rows; r++)
                to[p * GEMM_MR + r] = d->a[p * d->lda + i0 + r];
    }
}

/* C = A'*B; false: there is no memory for it. */
static int GM(by_panels)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, GM_T alpha, const GM_T *a, ptrdiff_t lda,
                         const GM_T *b, ptrdiff_t ldb, GM_T beta, GM_T *c, ptrdiff_t ldc, const GM_T *bias,
                         int epilogue)
{
    const ptrdiff_t kc = rk_even_block(k, GEMM_KC);
    GM(block) d;
    d.grid = gemm_grid_of(GEMM_ALL, m, GEMM_MR, 0, (n + GM_L - 1) / GM_L, GEMM_NV, GM_L, 1);
    GM_T *packed = rk_scratch(0, (size_t)(d.grid.row_tiles * GEMM_MR * kc) * sizeof(GM_T));
    if (!packed)
        return 0;
    d.call = (GM(call)){ kc, GEMM_MR, ldc, alpha, beta, RK_EPI_NONE };
    d.a = packed;
    d.n = n;
    d.c = c;
    d.ldb = ldb;
    d.bias = NULL;
    for (ptrdiff_t p0 = 0; p0 < k; p0 += d.call.k) {
        d.call.k = k - p0 < kc ? k - p0 : kc;
        if (p0 > 0)
            d.call.beta = 1;
        if (p0 + d.call.k >= k) {
            d.call.epilogue = epilogue;
            d.bias = bias;
        }
        d.b = b + p0 * ldb;
        GM(packing_a) q = { a + p0 * lda, packed, lda, d.call.k, &d.grid };
        rk_parallel(GM(pack_a), &q, d.grid.row_tiles, 4);
        rk_parallel(GM(run_panels), &d, d.grid.panels.count * GEMM_QUARTERS, 1);
    }
    return 1;
}

/* Whether few rows meet a matrix too big for the second cache. */
static inline int GM(streamed)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k)
{
    return m <= GEMM_FEW && (double)n * (double)k * sizeof(GM_T) >= GEMM_PACK_BYTES / 2;
}

/* Into how many blocks its rows are cut, each with sums of its own. */
static inline ptrdiff_t GM(stream_blocks)(ptrdiff_t n, ptrdiff_t k)
{
    return n * (ptrdiff_t)sizeof(GM_T) <= GEMM_SHORT ? k / GEMM_DEPTH : 1;
}

/* ---- the product ---- */
static void GM(product)(int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, GM_T alpha, const GM_T *a, ptrdiff_t lda,
                        const GM_T *b, ptrdiff_t ldb, GM_T beta, GM_T *c, ptrdiff_t ldc, const GM_T *bias, int epilogue)
{
    if (m <= 0 || n <= 0)
        return;
    if (alpha == 0 || k < 0)
        k = 0;
    ta = ta != 0;
    tb = tb != 0;
    const ptrdiff_t work = m * n * k;

    if (n == 1 && !tb && ldb == 1) {
        tb = 1;                            /* a column that is also a row */
        ldb = k;
    }
    if (n == 1 && m > 1 && ta && ldc == 1 && !bias) {
        /* (A'x)' = x'A */
        GM(product)(!tb, 0, 1, m, k, alpha, b, tb ? 1 : ldb, a, lda, beta, c, m, NULL, epilogue);
        return;
    }
    if (!ta && tb && (n <= 4 || m <= 12) && (k >= 2 * GM_L || n == 1)) {
        GM(dots) d = { { k, lda, ldc, alpha, beta, epilogue }, a, b, bias, c, ldb, m, n, 0, 0, NULL };
        if (work < GEMM_THREAD_WORK / 4)
            GM(dot_block)(&d, 0, m, 0, n);
        else if (m >= n)
            rk_parallel(GM(dot_rows), &d, m, 4 * (1 + 16384 / (n * k + 1)));
        else
            rk_parallel(GM(dot_columns), &d, n, 4 * (1 + 16384 / (m * k + 1)));
        return;
    }
    if (m == 1 && !tb && (double)n * (double)k * sizeof(GM_T) > GEMM_PACK_BYTES / 2) {
        GM(dots) d = { { k, ta ? lda : 1, ldc, alpha, beta, epilogue }, a, b, bias, c, ldb, m, n, 0, 0, NULL };
        d.across = (n + GM_L - 1) / GM_L * GM_L;
        const ptrdiff_t most = k / 32 < GEMM_ROW_BLOCKS ? k / 32 : GEMM_ROW_BLOCKS;
        /* Sums of blocks of rows. Each thread reads whole rows, where these stay in the first cache, or a part of the
         * columns of a smaller B. */
        const int in_blocks = most >= 4 && n <= GM_BLOCK_SUMS;
        if (in_blocks)
            d.chunk = (k + 4 * most - 1) / (4 * most) * 4;
        if (in_blocks && work * (ptrdiff_t)sizeof(GM_T) <= GEMM_PACK_BYTES) {
            const ptrdiff_t share = GM_WIDTH((n + rk_threads() - 1) / rk_threads());
            d.across = share < GM_SUM_COLUMNS ? share : GM_SUM_COLUMNS;
            rk_parallel(GM(sum_block_strips), &d, (n + d.across - 1) / d.across, 1);
            return;
        }
        if (in_blocks)
            d.parts = rk_scratch(0, (size_t)(most * d.across) * sizeof(GM_T));
        if (d.parts) {
            const ptrdiff_t blocks = (k + d.chunk - 1) / d.chunk;
            const int much = work * (ptrdiff_t)sizeof(GM_T) >= 2 * GEMM_PACK_BYTES;
            rk_parallel(much ? GM(sum_blocks_ahead) : GM(sum_blocks), &d, blocks, much ? 1 : 4);
            for (ptrdiff_t j = 0; j < n; j += GM_L) {
                GM_V sum = GM_LOAD(d.parts + j);
                for (ptrdiff_t u = 1; u < blocks; u++)
                    sum += GM_LOAD(d.parts + u * d.across + j);
                GM_STORE(d.parts + j, sum);
            }
            GM(stream_finish)(&d, d.parts, d.across, 0, n);
            return;
        }
        /* long stretches of memory, but some for each thread */
        d.chunk = n < 4 * GM_SUM_COLUMNS ? GM_SUM_COLUMNS / 4 : GM_SUM_COLUMNS;
        rk_parallel(GM(sum_strips), &d, (n + d.chunk - 1) / d.chunk, 1);
        return;
    }

    if (!tb && GM(streamed)(m, n, k)) {
        GM(dots) d = { { k, ta ? lda : 1, ldc, alpha, beta, epilogue }, a, b, bias, c, ldb, m, n, 0, ta ? 1 : lda, NULL,
                      1, k };
        /* short rows are left whole and the rows shared out: shapes alone may say so, for sums of parts round
         * otherwise */
        const ptrdiff_t size = m * GM_WIDTH(n), blocks = GM(stream_blocks)(n, k);
        if (blocks > 1)
            d.parts = rk_scratch(0, (size_t)(blocks * size) * sizeof(GM_T));
        /* stretches of memory as long as C in the first cache allows, but some for each thread */
        ptrdiff_t share = d.parts ? n : (n + rk_threads() - 1) / rk_threads(), longest = GM_STREAM_SUMS / m;
        d.chunk = d.parts ? n : (share + 1) / 2;
        if (d.chunk < 128)
            d.chunk = share < 128 ? share : 128;
        d.chunk = d.chunk < longest ? GM_WIDTH(d.chunk) : longest / GM_L * GM_L;
        if (!d.parts && GM(long_rows)(&d, share)) {
            rk_parallel(GM(stream_long), &d, GM(long_units)(&d), 1);
            return;
        }
        d.strips = (n + d.chunk - 1) / d.chunk;
        d.depth = d.parts ? (k + blocks - 1) / blocks : k;
        rk_parallel(GM(stream_pieces), &d, d.strips * (d.parts ? blocks : 1) * GEMM_QUARTERS, 1);
        if (d.parts) {
            for (ptrdiff_t j = 0; j < size; j += GM_L) {
                GM_V sum = GM_LOAD(d.parts + j);
                for (ptrdiff_t u = 1; u < blocks; u++)
                    sum += GM_LOAD(d.parts + u * size + j);
                GM_STORE(d.parts + j, sum);
            }
            GM(stream_finish)(&d, d.parts, GM_WIDTH(n), 0, n);
        }
        return;
    }

    if (ta && !tb && m >= GEMM_PANEL_ROWS && m <= GEMM_PANEL_MOST && (n + GM_NR - 1) / GM_NR >= GEMM_PANELS
        && k >= GEMM_EARLY_K && m * rk_even_block(k, GEMM_KC) * (ptrdiff_t)sizeof(GM_T) <= GEMM_PACK_BYTES / 2
        && GM(by_panels)(m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, bias, epilogue))
        return;
    GM(blocked)(GEMM_ALL, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, bias, epilogue);
}

/* Those with few rows and big matrices as one job: their threads meet once, not after each. */
static void GM(group)(ptrdiff_t count, const rk_gemm_operands *p)
{
    GM(long_group) g = { 0, { { { 0 } } } };
    ptrdiff_t units = 0;
    for (ptrdiff_t i = 0; i < count; i++, p++) {
        GM(dots) d = { { p->k, 1, p->n, 1, 0, RK_EPI_NONE }, p->a, p->b, p->bias, p->c, p->n, p->m, p->n,
                      0, p->k, NULL, 1, p->k };
        if (g.count < GEMM_GROUP && GM(streamed)(p->m, p->n, p->k) && GM(stream_blocks)(p->n, p->k) <= 1
            && GM(long_rows)(&d, (p->n + rk_threads() - 1) / rk_threads())) {
            g.product[g.count++] = d;
            units += GM(long_units)(&d);
        } else {
            GM(product)(0, 0, p->m, p->n, p->k, 1, p->a, p->k, p->b, p->n, 0, p->c, p->n, p->bias, RK_EPI_NONE);
        }
    }
    if (units)
        rk_parallel(GM(stream_group), &g, units, 1);
}

/* ---- with B packed before: blocks of k, each in panels ---- */
static ptrdiff_t GM(packed_size)(ptrdiff_t n, ptrdiff_t k) { return (n + GM_L - 1) / GM_L * GM_L * k; }

static void GM(pack_all)(int tb, ptrdiff_t n, ptrdiff_t k, const GM_T *b, ptrdiff_t ldb, GM_T *packed)
{
    const ptrdiff_t kc = rk_even_block(k, GEMM_KC), width = GM(packed_size)(n, 1);
    for (ptrdiff_t p0 = 0; p0 < k; p0 += kc) {
        const ptrdiff_t rows = k - p0 < kc ? k - p0 : kc;
        GM(packing) q = { tb ? b + p0 : b + p0 * ldb, packed + p0 * width, ldb, rows, n,
                          (rows + GM_PACK_ROWS - 1) / GM_PACK_ROWS, gemm_cut((n + GM_L - 1) / GM_L, GEMM_NV), tb };
        const ptrdiff_t pieces = q.panels.count * q.parts;
        rk_parallel(GM(pack), &q, pieces, 4 + 32768 / (GM_PACK_ROWS * GM_NR));
    }
}

static void GM(product_packed)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const GM_T *a, ptrdiff_t lda, const GM_T *packed,
                               GM_T beta, GM_T *c, ptrdiff_t ldc)
{
    if (m <= 0 || n <= 0)
        return;
    const ptrdiff_t kc = rk_even_block(k, GEMM_KC), width = GM(packed_size)(n, 1);
    GM(block) d = { { kc, lda, ldc, 1, beta, RK_EPI_NONE }, a, packed, NULL, c, 0, n, 0, 1, 0,
                    gemm_grid_of(GEMM_ALL, m, GEMM_MR, 0, (n + GM_L - 1) / GM_L, GEMM_NV, GM_L, 1) };
    d.grid.along_columns = 1;
    const ptrdiff_t tiles = gemm_tiles(&d.grid);
    ptrdiff_t p0 = 0;
    do {
        d.call.k = k - p0 < kc ? k - p0 : kc;
        d.call.beta = p0 == 0 ? beta : 1;
        d.a = a + p0;
        d.b = packed + p0 * width;
        if (m * n * k < GEMM_THREAD_WORK)
            GM(run_tiles)(&d, 0, tiles);
        else
            rk_parallel(GM(run_tiles), &d, tiles,
                        1 + GEMM_THREAD_WORK / 4 / (GEMM_MR * GM_NR * (d.call.k + 1)));
        p0 += d.call.k;
    } while (p0 < k);
}

/* y = alpha*op(A)*x + beta*y */
static void GM(vector)(int ta, ptrdiff_t m, ptrdiff_t n, GM_T alpha, const GM_T *a, ptrdiff_t lda, const GM_T *x,
                       ptrdiff_t incx, GM_T beta, GM_T *y, ptrdiff_t incy)
{
    ptrdiff_t length = ta ? n : m, k = ta ? m : n;
    if (!ta) {
        if (incx != 1) {
            GM_T *t = rk_scratch(2, (size_t)k * sizeof(GM_T));
            if (t) {
                for (ptrdiff_t i = 0; i < k; i++)
                    t[i] = x[i * incx];
                x = t;
                incx = 1;
            }
        }
        /* a column of C: its rows are incy apart */
        GM(product)(0, incx == 1, m, 1, n, alpha, a, lda, x, incx == 1 ? n : incx, beta, y, incy, NULL, RK_EPI_NONE);
        return;
    }
    if (incy == 1) {
        GM(product)(1, 0, 1, n, m, alpha, x, incx, a, lda, beta, y, n, NULL, RK_EPI_NONE);
        return;
    }
    GM_T block[256];
    for (ptrdiff_t j0 = 0; j0 < length; j0 += 256) {
        ptrdiff_t width = length - j0 < 256 ? length - j0 : 256;
        GM(product)(1, 0, 1, width, k, alpha, x, incx, a + j0, lda, 0, block, width, NULL, RK_EPI_NONE);
        for (ptrdiff_t j = 0; j < width; j++) {
            GM_T *to = y + (j0 + j) * incy;
            *to = beta != 0 ? block[j] + beta * *to : block[j];
        }
    }
}

/* ---- batches ---- */
typedef struct {
    ptrdiff_t inner, m, n, k, lda, ldb, ldc, a0, a1, b0, b1, c0, c1;
    const GM_T *a, *b;
    GM_T *c;
    GM_T alpha, beta;
    int ta, tb;
} GM(batches);

static void GM(run_batch)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const GM(batches) *d = context;
    for (ptrdiff_t u = begin; u < end; u++) {
        ptrdiff_t i = u / d->inner, j = u % d->inner;
        GM(product)(d->ta, d->tb, d->m, d->n, d->k, d->alpha, d->a + i * d->a0 + j * d->a1, d->lda,
                    d->b + i * d->b0 + j * d->b1, d->ldb, d->beta, d->c + i * d->c0 + j * d->c1, d->ldc, NULL,
                    RK_EPI_NONE);
    }
}

static void GM(batch)(ptrdiff_t batch0, ptrdiff_t batch1, int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                      GM_T alpha, const GM_T *a, ptrdiff_t lda, ptrdiff_t a0, ptrdiff_t a1, const GM_T *b,
                      ptrdiff_t ldb, ptrdiff_t b0, ptrdiff_t b1, GM_T beta, GM_T *c, ptrdiff_t ldc, ptrdiff_t c0,
                      ptrdiff_t c1)
{
    GM(batches) d = { batch1, m, n, k, lda, ldb, ldc, a0, a1, b0, b1, c0, c1, a, b, c, alpha, beta, ta, tb };
    ptrdiff_t batch = batch0 * batch1, work = m * n * (k + 1);
    /* whole products for each thread where there are enough of them, else threads within each */
    if (batch >= 4 * (ptrdiff_t)rk_threads() || work < GEMM_THREAD_WORK)
        rk_parallel(GM(run_batch), &d, batch, 1 + GEMM_THREAD_WORK / 2 / (work + 1));
    else
        GM(run_batch)(&d, 0, batch);
}

#undef GM_SUFFIX
#undef GM_T
#undef GM_V
#undef GM_L
#undef GM_VF
#undef GM_ZIP_LO
#undef GM_ZIP_HI
#undef GM_NR
#undef GM_LOAD
#undef GM_STORE
#undef GM_LOAD_PART
#undef GM_STORE_PART
#undef GM_SET1
#undef GM_FMA
#undef GM_KERNEL
#undef GM_KERNELS
#undef GM_ENTRY
#undef GM_PACK_ROWS
#undef GM_DOTS
#undef GM_SUM_COLUMNS
#undef GM_BLOCK_SUMS
#undef GM_SUM_BLOCKS
#undef GM_STREAM
#undef GM_STREAM_SUMS
#undef GM_WIDTH
#undef GM_LONG
