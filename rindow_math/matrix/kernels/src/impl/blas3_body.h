/* The routines of blas3.h for one type: elements L3_E of L3_W numbers L3_T, of which a vector holds L3_L; for real
 * types that vector L3_V and L3_VF(f); L3_G(f): a function of gemm.h on such numbers; L3_TURN transposes elements. */
#define L3_LEAF (GEMM_NV * 64 / (int)sizeof(L3_E))           /* order of a C that is computed whole */
#define L3_STRIP (64 / (ptrdiff_t)sizeof(L3_E))              /* symmetric: rows that are turned together */
#define L3_FAR 4096                                          /* bytes between rows that make columns slow to read */
#define L3_BLOCK (2048 / (ptrdiff_t)sizeof(L3_E))            /* with the own transpose: length of sums at a time */
#define L3_ORDER (L3_W == 1 ? 64 : 32)                       /* triangular: order of a block */
#define L3_PANEL (L3_L < L3_W ? 1 : GEMM_NV * L3_L / L3_W)   /* columns that a block is applied to at a time */
#define L3_TILE (GEMM_MR / L3_W)
#define L3_APART 262144                                      /* bytes of a chunk that may be copied */

static const L3_T L3(one)[2] = { 1, 0 };
static const L3_T L3(minus_one)[2] = { -1, 0 };

/* C = alpha op(A) op(B) + beta C */
RK_INLINE void L3(product)(int ta, int tb, int conj_a, int conj_b, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                           const L3_T *alpha, const L3_E *a, ptrdiff_t lda, const L3_E *b, ptrdiff_t ldb,
                           const L3_T *beta, L3_E *c, ptrdiff_t ldc)
{
#if L3_W == 1
    (void)conj_a;
    (void)conj_b;
    L3_G(product)(ta, tb, m, n, k, *alpha, a, lda, b, ldb, *beta, c, ldc, NULL, RK_EPI_NONE);
#else
    L3_G(complex_product)(GEMM_ALL, ta, tb, conj_a, conj_b, m, n, k, alpha, (const L3_T *)a, lda, (const L3_T *)b, ldb,
                          beta, (L3_T *)c, ldc);
#endif
}

/* ---- symmetric matrices ---- */

/* Columns first to first + size of rows `from` and later of a symmetric matrix, of which a holds a triangle. */
typedef struct {
    int lower;
    ptrdiff_t from, rows, first, size, lda;
    const L3_E *a;
    L3_E *full;
} L3(mirror);

static void L3(mirror_strips)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const L3(mirror) *d = context;
    const ptrdiff_t step = L3_STRIP, first = d->first, size = d->size, next = first + size, lda = d->lda;
    const ptrdiff_t last = end * step < d->rows ? end * step : d->rows;
    for (ptrdiff_t u = begin * step, count; u < last; u += count) {
        const ptrdiff_t i = d->from + u, stop = i < first ? first : i < next ? next : d->from + last;
        count = last - u < step ? last - u : step;
        count = stop - i < count ? stop - i : count;
        L3_E *full = d->full + u * size;
        if (i < first ? !d->lower : i >= next && d->lower) {
            for (ptrdiff_t r = 0; r < count; r++)
                memcpy(full + r * size, d->a + (i + r) * lda + first, (size_t)size * sizeof(L3_E));
        } else if (i < first || i >= next) {
            L3_TURN(d->a + first * lda + i, lda, size, count, full, size);
        } else if (d->lower) {
            /* the other triangle, with more at the diagonal, which the rows then cover */
            L3_TURN(d->a + i * lda + i, lda, next - i, count, full + (i - first), size);
            for (ptrdiff_t r = 0; r < count; r++)
                memcpy(full + r * size, d->a + (i + r) * lda + first, (size_t)(i + r - first + 1) * sizeof(L3_E));
        } else {
            L3_TURN(d->a + first * lda + i, lda, i + count - first, count, full, size);
            for (ptrdiff_t r = 0; r < count; r++)
                memcpy(full + r * size + (i + r - first), d->a + (i + r) * (lda + 1),
                       (size_t)(next - i - r) * sizeof(L3_E));
        }
    }
}

static void L3(symm)(int right, int lower, ptrdiff_t m, ptrdiff_t n, const L3_T *alpha, const L3_E *a, ptrdiff_t lda,
                     const L3_E *b, ptrdiff_t ldb, const L3_T *beta, L3_E *c, ptrdiff_t ldc)
{
    const ptrdiff_t order = right ? n : m, other = right ? m : n;
    L3_E spare[L3_SPARE * L3_SPARE], *full = spare;
    ptrdiff_t block = rk_even_block(order, GEMM_KC);
    /* few products of an element do not pay for copies of all elements: then of the squares on the diagonal alone */
    int whole = order <= L3_SPARE || other >= L3_SPARE;
    if (order > L3_SPARE && (full = rk_scratch(3, (size_t)(block * (whole ? order : block)) * sizeof(L3_E))) == NULL) {
        full = spare;
        block = L3_SPARE;
        whole = 0;
    }
    for (ptrdiff_t p = 0; p < order; p += block) {
        const ptrdiff_t size = order - p < block ? order - p : block, next = p + size;
        const L3_T *factor = p == 0 ? beta : L3(one);
        L3(mirror) d = { lower, whole ? 0 : p, whole ? order : size, p, size, lda, a, full };
        rk_parallel(L3(mirror_strips), &d, (d.rows + L3_STRIP - 1) / L3_STRIP, 1 + 32768 / (L3_STRIP * size));
        if (whole) {
            if (right)
                L3(product)(0, 1, 0, 0, m, n, size, alpha, b + p, ldb, full, size, factor, c, ldc);
            else
                L3(product)(0, 0, 0, 0, m, n, size, alpha, full, size, b + p * ldb, ldb, factor, c, ldc);
            continue;
        }
        /* what a block of columns, or rows, of A adds: its square on the diagonal, what comes before and what after */
        const L3_E *before = lower ? a + p * lda : a + p, *after = lower ? a + next * lda + p : a + p * lda + next;
        if (right) {
            L3(product)(0, !lower, 0, 0, m, p, size, alpha, b + p, ldb, before, lda, factor, c, ldc);
            L3(product)(0, 0, 0, 0, m, size, size, alpha, b + p, ldb, full, size, factor, c + p, ldc);
            L3(product)(0, lower, 0, 0, m, order - next, size, alpha, b + p, ldb, after, lda, factor, c + next, ldc);
        } else {
            const L3_E *rows = b + p * ldb;
            L3(product)(lower, 0, 0, 0, p, n, size, alpha, before, lda, rows, ldb, factor, c, ldc);
            L3(product)(0, 0, 0, 0, size, n, size, alpha, full, size, rows, ldb, factor, c + p * ldc, ldc);
            L3(product)(!lower, 0, 0, 0, order - next, n, size, alpha, after, lda, rows, ldb, factor, c + next * ldc,
                        ldc);
        }
    }
}

/* ---- products with the own transpose ---- */
typedef struct {
    int lower, trans;
    ptrdiff_t k, lda, ldb, ldc;
    const L3_E *a, *b;
    const L3_T *alpha, *beta;
} L3(rank);

/* c = alpha op(A) op(B)' + beta c, or a triangle of that */
static void L3(rank_product)(int triangle, const L3(rank) *g, ptrdiff_t n, const L3_E *a, ptrdiff_t lda, const L3_E *b,
                             ptrdiff_t ldb, const L3_T *beta, L3_E *c, ptrdiff_t ldc)
{
#if L3_W == 1
    if (triangle)
        L3_G(blocked)(triangle, g->trans, !g->trans, n, n, g->k, *g->alpha, a, lda, b, ldb, *beta, c, ldc, NULL,
                      RK_EPI_NONE);
    else
        L3(product)(g->trans, !g->trans, 0, 0, n, n, g->k, g->alpha, a, lda, b, ldb, beta, c, ldc);
#else
    L3_G(complex_product)(triangle, g->trans, !g->trans, 0, 0, n, n, g->k, g->alpha, (const L3_T *)a, lda,
                          (const L3_T *)b, ldb, beta, (L3_T *)c, ldc);
#endif
}

/* the same for op(A) op(A)', or op(A) op(B)' + op(B) op(A)' */
static void L3(rank_products)(int triangle, const L3(rank) *g, ptrdiff_t n, const L3_T *beta, L3_E *c, ptrdiff_t ldc)
{
    if (!g->b) {
        L3(rank_product)(triangle, g, n, g->a, g->lda, g->a, g->lda, beta, c, ldc);
        return;
    }
    L3(rank_product)(triangle, g, n, g->a, g->lda, g->b, g->ldb, beta, c, ldc);
    L3(rank_product)(triangle, g, n, g->b, g->ldb, g->a, g->lda, L3(one), c, ldc);
}

/* a C of one tile or so */
static void L3(rank_leaf)(const L3(rank) *g, ptrdiff_t n, L3_E *c)
{
    static const L3_T zero[2] = { 0, 0 };
    const L3_T re = g->beta[0], im = g->beta[L3_W - 1];
    L3_E sums[L3_LEAF * L3_LEAF];
    L3(rank_products)(GEMM_ALL, g, n, zero, sums, L3_LEAF);
    for (ptrdiff_t i = 0; i < n; i++) {
        const ptrdiff_t begin = g->lower ? 0 : i, end = g->lower ? i + 1 : n;
        const L3_E *x = sums + i * L3_LEAF;
        L3_E *y = c + i * g->ldc;
        if (re == 0 && im == 0) {
            memcpy(y + begin, x + begin, (size_t)(end - begin) * sizeof(L3_E));
            continue;
        }
        for (ptrdiff_t j = begin; j < end; j++) {
#if L3_W == 1
            y[j] = x[j] + re * y[j];
#else
            const L3_E old = y[j];
            y[j].re = x[j].re + (re * old.re - im * old.im);
            y[j].im = x[j].im + (re * old.im + im * old.re);
#endif
        }
    }
}

static void L3(syrk)(const L3(rank) *g, ptrdiff_t n, L3_E *c)
{
    if (n <= L3_LEAF)
        L3(rank_leaf)(g, n, c);
    else
        L3(rank_products)(g->lower ? GEMM_LOWER : GEMM_UPPER, g, n, g->beta, c, g->ldc);
}

/* rows of op(A) from columns of A, a strip of them at a time */
typedef struct {
    const L3_E *a;
    L3_E *to;
    ptrdiff_t n, k, lda;
} L3(turning);

static void L3(turn_strips)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const L3(turning) *d = context;
    const ptrdiff_t i = begin * L3_LEAF, last = end * L3_LEAF < d->n ? end * L3_LEAF : d->n;
    L3_TURN(d->a + i, d->lda, d->k, last - i, d->to + i * d->k, d->k);
}

/* Tiles would read each element of columns that are far apart from a page of its own: these are turned first, some of k
 * at a time. */
static void L3(syrk_all)(const L3(rank) *g, ptrdiff_t n, L3_E *c)
{
    const ptrdiff_t block = rk_even_block(g->k, L3_BLOCK);
    L3_E *turned = NULL;
    if (g->trans && n > L3_LEAF && block > 0 && g->lda * (ptrdiff_t)sizeof(L3_E) >= L3_FAR)
        turned = rk_scratch(3, (size_t)((g->b ? 2 : 1) * n * block) * sizeof(L3_E));
    if (!turned) {
        L3(syrk)(g, n, c);
        return;
    }
    L3(rank) part = *g;
    part.trans = 0;
    part.a = turned;
    part.b = g->b ? turned + n * block : NULL;
    for (ptrdiff_t p = 0; p < g->k; p += block) {
        part.k = part.lda = part.ldb = g->k - p < block ? g->k - p : block;
        part.beta = p == 0 ? g->beta : L3(one);
        L3(turning) d = { g->a + p * g->lda, turned, n, part.k, g->lda };
        rk_parallel(L3(turn_strips), &d, (n + L3_LEAF - 1) / L3_LEAF, 1 + 16384 / (L3_LEAF * part.k));
        if (g->b) {
            L3(turning) e = { g->b + p * g->ldb, turned + n * block, n, part.k, g->ldb };
            rk_parallel(L3(turn_strips), &e, (n + L3_LEAF - 1) / L3_LEAF, 1 + 16384 / (L3_LEAF * part.k));
        }
        L3(syrk)(&part, n, c);
    }
}

/* ---- triangular matrices ----
 *
 * X op(A) = B is op(A)' X' = B', so that all is about a matrix M, which is A or A', in front of X, whose rows are rows
 * of B or, on the right, its columns. Threads take chunks of columns of X. M is halved until a block of the diagonal is
 * left; the quarter beside it is a product. A block is applied to panels of a few columns of X, turned round first if
 * they are rows of B. If M is upper triangular it and the rows of X are taken in reverse, which makes it lower
 * triangular. */
typedef struct {
    int solve, right, lower, turned, conj, unit;   /* lower: M is; turned: M is A' */
    ptrdiff_t n, lda, ldb;                         /* columns of X */
    const L3_E *a;
    L3_E *b;
    const struct L3(corner) *corners;
    ptrdiff_t order, chunk;
    int apart;                                     /* each chunk is copied */
} L3(triangle);

/* a block on the diagonal of M */
typedef struct L3(corner) {
    ptrdiff_t size;
    int solve, divide;                     /* divide: reciprocals would not be exact enough */
    L3_E t[L3_ORDER * L3_ORDER];           /* lower triangular */
    L3_E inverse[L3_ORDER];                /* of its diagonal */
} L3(corner);

/* y += t x */
RK_INLINE void L3(axpy)(L3_E t, const L3_E *x, L3_E *y, ptrdiff_t n)
{
    RK_IVDEP
    for (ptrdiff_t i = 0; i < n; i++) {
#if L3_W == 1
        y[i] += t * x[i];
#else
        y[i].re += t.re * x[i].re - t.im * x[i].im;
        y[i].im += t.re * x[i].im + t.im * x[i].re;
#endif
    }
}

/* y = t y */
RK_INLINE void L3(scal)(L3_E t, L3_E *y, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++) {
#if L3_W == 1
        y[i] *= t;
#else
        const L3_E old = y[i];
        y[i].re = t.re * old.re - t.im * old.im;
        y[i].im = t.re * old.im + t.im * old.re;
#endif
    }
}

/* x = the triangle from row r0 of t, or its inverse, times x, which are a few rows */
RK_NOINLINE void L3(group)(const L3(corner) *d, ptrdiff_t rows, ptrdiff_t r0, L3_E *x, ptrdiff_t ldx, ptrdiff_t columns)
{
    const L3_E *t = d->t + r0 * L3_ORDER + r0;
    for (ptrdiff_t u = 0; u < rows; u++) {
        const ptrdiff_t i = d->solve ? u : rows - 1 - u;
        L3_E *y = x + i * ldx;
        if (!d->solve)
            L3(scal)(t[i * L3_ORDER + i], y, columns);
        for (ptrdiff_t j = 0; j < i; j++) {
            L3_E factor = t[i * L3_ORDER + j];
#if L3_W == 1
            factor = d->solve ? -factor : factor;
#else
            if (d->solve)
                factor = (L3_E){ -factor.re, -factor.im };
#endif
            L3(axpy)(factor, x + j * ldx, y, columns);
        }
        if (!d->solve)
            continue;
#if L3_W == 1
        if (d->divide) {
            for (ptrdiff_t c = 0; c < columns; c++)
                y[c] /= t[i * L3_ORDER + i];
            continue;
        }
#endif
        L3(scal)(d->inverse[r0 + i], y, columns);
    }
}

#if L3_W == 2 && defined(RK_HAVE_TRANSPOSE)
/* re + im i times x, or x minus that and those before: what multiplies im is kept apart, its parts in the wrong places,
 * up to the end */
RK_INLINE L3_V L3(turned)(L3_V re, L3_V im, L3_V sign)
{
    return L3_VF(fma)(RK_SHUFFLE(im, im, L3_L, L3_SWAP), sign, re);
}

/* the same for L3_GROUP rows, in registers */
RK_NOINLINE void L3(whole_group)(const L3(corner) *d, ptrdiff_t r0, L3_E *x, ptrdiff_t ldx, ptrdiff_t columns)
{
    const L3_E *t = d->t + r0 * L3_ORDER + r0, *inverse = d->inverse + r0;
    L3_T signs[L3_L];
    for (int i = 0; i < L3_L; i++)
        signs[i] = i % 2 ? 1 : -1;
    const L3_V sign = L3_VF(load)(signs);
    for (ptrdiff_t c = 0; c < 2 * columns; c += L3_L) {
        L3_T *to = (L3_T *)x + c;
        const ptrdiff_t rest = 2 * columns - c;
        L3_V v[L3_GROUP];
        RK_UNROLL
        for (int i = 0; i < L3_GROUP; i++)
            v[i] = rest >= L3_L ? L3_VF(load)(to + 2 * i * ldx) : L3_VF(load_part)(to + 2 * i * ldx, rest);
        RK_UNROLL
        for (int u = 0; u < L3_GROUP; u++) {
            const int i = d->solve ? u : L3_GROUP - 1 - u;
            const L3_E own = d->solve ? inverse[i] : t[i * L3_ORDER + i];
            L3_V re = v[i], im = L3_VF(set1)(0);
            if (!d->solve) {
                im = L3_VF(set1)(own.im) * v[i];
                re = L3_VF(set1)(own.re) * v[i];
            }
            RK_UNROLL
            for (int j = 0; j < i; j++) {
                const L3_E factor = t[i * L3_ORDER + j];
                re = L3_VF(fma)(L3_VF(set1)(d->solve ? -factor.re : factor.re), v[j], re);
                im = L3_VF(fma)(L3_VF(set1)(d->solve ? -factor.im : factor.im), v[j], im);
            }
            v[i] = L3(turned)(re, im, sign);
            if (d->solve)
                v[i] = L3(turned)(L3_VF(set1)(own.re) * v[i], L3_VF(set1)(own.im) * v[i], sign);
        }
        RK_UNROLL
        for (int i = 0; i < L3_GROUP; i++) {
            if (rest >= L3_L)
                L3_VF(store)(to + 2 * i * ldx, v[i]);
            else
                L3_VF(store_part)(to + 2 * i * ldx, v[i], rest);
        }
    }
}
#elif L3_W == 1
/* the same for L3_GROUP rows, in registers */
RK_NOINLINE void L3(whole_group)(const L3(corner) *d, ptrdiff_t r0, L3_E *x, ptrdiff_t ldx, ptrdiff_t columns)
{
    const L3_E *t = d->t + r0 * L3_ORDER + r0, *inverse = d->inverse + r0;
    for (ptrdiff_t c = 0; c < columns; c += L3_L, x += L3_L) {
        const ptrdiff_t rest = columns - c;
        L3_V v[L3_GROUP];
        RK_UNROLL
        for (int i = 0; i < L3_GROUP; i++)
            v[i] = rest >= L3_L ? L3_VF(load)(x + i * ldx) : L3_VF(load_part)(x + i * ldx, rest);
        if (d->solve) {
            RK_UNROLL
            for (int i = 0; i < L3_GROUP; i++) {
                RK_UNROLL
                for (int j = 0; j < i; j++)
                    v[i] = L3_VF(fma)(L3_VF(set1)(-t[i * L3_ORDER + j]), v[j], v[i]);
                if (d->divide)
                    v[i] /= L3_VF(set1)(t[i * L3_ORDER + i]);
                else
                    v[i] *= L3_VF(set1)(inverse[i]);
            }
        } else {
            RK_UNROLL
            for (int i = L3_GROUP - 1; i >= 0; i--) {
                v[i] *= L3_VF(set1)(t[i * L3_ORDER + i]);
                RK_UNROLL
                for (int j = 0; j < i; j++)
                    v[i] = L3_VF(fma)(L3_VF(set1)(t[i * L3_ORDER + j]), v[j], v[i]);
            }
        }
        RK_UNROLL
        for (int i = 0; i < L3_GROUP; i++) {
            if (rest >= L3_L)
                L3_VF(store)(x + i * ldx, v[i]);
            else
                L3_VF(store_part)(x + i * ldx, v[i], rest);
        }
    }
}
#endif

/* rows r0 to r0+rows-1 of x -= (+= without solve) their part of t left of the diagonal times the rows before */
RK_INLINE void L3(before_group)(const L3(corner) *d, ptrdiff_t rows, ptrdiff_t r0, L3_E *x, ptrdiff_t ldx,
                                ptrdiff_t columns)
{
    const L3_T sign = d->solve ? -1 : 1;
    const ptrdiff_t vectors = (columns * L3_W + L3_L - 1) / L3_L;
#if L3_W == 1
    const L3_G(call) call = { r0, L3_ORDER, ldx, sign, 1, RK_EPI_NONE };
#else
    const L3_G(complex_call) call = { r0, 2, 2 * L3_ORDER, 2 * ldx, { sign, 0 }, { 1, 0 }, 1, 1 };
#endif
    for (ptrdiff_t i = r0; i < r0 + rows; i += L3_TILE) {
        const ptrdiff_t count = r0 + rows - i < L3_TILE ? r0 + rows - i : L3_TILE;
#if L3_W == 1
        L3_G(kernels)[0][count - 1][vectors - 1](&call, d->t + i * L3_ORDER, x, ldx, x + i * ldx, NULL, (int)columns,
                                                 (int)columns);
#else
        L3_G(complex_kernels)[count - 1][vectors - 1](&call, (const L3_T *)(d->t + i * L3_ORDER), (const L3_T *)x,
                                                      2 * ldx, (L3_T *)(x + i * ldx), 2 * (int)columns,
                                                      2 * (int)columns);
#endif
    }
}

/* x = the block's inverse, or the block, times x */
static void L3(panel)(const L3(corner) *d, L3_E *x, ptrdiff_t ldx, ptrdiff_t columns)
{
    const ptrdiff_t last = (d->size - 1) / L3_GROUP * L3_GROUP;
    for (ptrdiff_t at = 0; at <= last; at += L3_GROUP) {
        const ptrdiff_t r0 = d->solve ? at : last - at, rows = d->size - r0 < L3_GROUP ? d->size - r0 : L3_GROUP;
        if (d->solve && r0)
            L3(before_group)(d, rows, r0, x, ldx, columns);
#if L3_W == 1 || defined(RK_HAVE_TRANSPOSE)
        if (rows == L3_GROUP)
            L3(whole_group)(d, r0, x + r0 * ldx, ldx, columns);
        else
#endif
            L3(group)(d, rows, r0, x + r0 * ldx, ldx, columns);
        if (!d->solve && r0)
            L3(before_group)(d, rows, r0, x, ldx, columns);
    }
}

/* the rows of X that a block stands for */
static void L3(diagonal)(const L3(triangle) *g, const L3(corner) *d, ptrdiff_t first)
{
    L3_E turned[L3_ORDER * L3_PANEL];
    for (ptrdiff_t c = 0; c < g->n; c += L3_PANEL) {
        const ptrdiff_t columns = g->n - c < L3_PANEL ? g->n - c : L3_PANEL;
        L3_E *b = g->right ? g->b + c * g->ldb + first : g->b + first * g->ldb + c, *x = b;
        ptrdiff_t ldx = g->ldb;
        if (g->right) {
            x = turned;
            ldx = L3_PANEL;
            L3_TURN(b, g->ldb, columns, d->size, x, ldx);
        }
        if (g->lower)
            L3(panel)(d, x, ldx, columns);
        else
            L3(panel)(d, x + (d->size - 1) * ldx, -ldx, columns);
        if (g->right)
            L3_TURN(x, ldx, d->size, columns, b, g->ldb);
    }
}

/* copies the block of M from row and column `first` */
static void L3(take)(const L3(triangle) *g, ptrdiff_t first, L3(corner) *d)
{
    const ptrdiff_t size = g->order - first < L3_ORDER ? g->order - first : L3_ORDER;
    /* step to the next row, and column, of M, in reverse if it is upper triangular */
    const ptrdiff_t sign = g->lower ? 1 : -1;
    const ptrdiff_t down = sign * (g->turned ? 1 : g->lda), along = sign * (g->turned ? g->lda : 1);
    const L3_E *a = g->a + (g->lower ? first : first + size - 1) * (g->lda + 1);
    d->size = size;
    d->solve = g->solve;
    d->divide = 0;
    for (ptrdiff_t i = 0; i < size; i++, a += down) {
        L3_E *t = d->t + i * L3_ORDER;
        for (ptrdiff_t j = 0; j < i + !g->unit; j++)
            t[j] = a[j * along];
#if L3_W == 1
        if (g->unit)
            t[i] = 1;
        d->inverse[i] = 1 / t[i];
        const double modulus = fabs((double)t[i]);
        d->divide |= (modulus < L3_MIN && modulus > 0) || (modulus > 1 / L3_MIN && modulus <= L3_MAX);
#else
        if (g->unit)
            t[i] = (L3_E){ 1, 0 };
        if (g->conj)
            for (ptrdiff_t j = 0; j <= i; j++)
                t[j].im = -t[j].im;
        double re, im;
        l3_reciprocal(t[i].re, t[i].im, &re, &im);
        d->inverse[i] = (L3_E){ (L3_T)re, (L3_T)im };
#endif
    }
}

static void L3(halve)(const L3(triangle) *g, ptrdiff_t first, ptrdiff_t size)
{
    if (size <= L3_ORDER && g->corners) {
        L3(diagonal)(g, g->corners + first / L3_ORDER, first);
        return;
    }
    if (size <= L3_ORDER) {
        L3(corner) d;
        L3(take)(g, first, &d);
        L3(diagonal)(g, &d, first);
        return;
    }
    const ptrdiff_t half = (size / L3_ORDER + 1) / 2 * L3_ORDER, rest = size - half, middle = first + half;
    /* rows `to` of X change by a product with rows `from` */
    const ptrdiff_t to = g->lower ? middle : first, from = g->lower ? first : middle;
    const ptrdiff_t changed = g->lower ? rest : half, other = g->lower ? half : rest;
    const L3_E *a = g->turned ? g->a + from * g->lda + to : g->a + to * g->lda + from;
    const L3_T *sign = g->solve ? L3(minus_one) : L3(one);
    L3(halve)(g, g->solve ? from : to, g->solve ? other : changed);
    if (g->right)
        L3(product)(0, !g->turned, 0, g->conj, g->n, changed, other, sign, g->b + from, g->ldb, a, g->lda, L3(one),
                    g->b + to, g->ldb);
    else
        L3(product)(g->turned, 0, g->conj, 0, changed, g->n, other, sign, a, g->lda, g->b + from * g->ldb, g->ldb,
                    L3(one), g->b + to * g->ldb, g->ldb);
    L3(halve)(g, g->solve ? to : from, g->solve ? changed : other);
}

/* Some columns of X. Parts of rows of B are copied where threads would else write to the same lines of the cache. */
static void L3(chunks)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const L3(triangle) *g = context;
    L3(triangle) part = *g;
    for (ptrdiff_t c = begin * g->chunk; c < end * g->chunk && c < g->n; c += g->chunk) {
        L3_E *b = g->b + c * (g->right ? g->ldb : 1), *own = NULL;
        part.n = g->n - c < g->chunk ? g->n - c : g->chunk;
        const size_t row = (size_t)part.n * sizeof(L3_E);
        if (g->apart)
            own = rk_scratch(2, (size_t)(g->order * g->chunk) * sizeof(L3_E));
        for (ptrdiff_t i = 0; own && i < g->order; i++)
            memcpy(own + i * g->chunk, b + i * g->ldb, row);
        part.b = own ? own : b;
        part.ldb = own ? g->chunk : g->ldb;
        L3(halve)(&part, 0, g->order);
        for (ptrdiff_t i = 0; own && i < g->order; i++)
            memcpy(b + i * g->ldb, own + i * g->chunk, row);
    }
}

static void L3(triangular)(int solve, int right, int lower, int trans, int conj, int unit, ptrdiff_t m, ptrdiff_t n,
                           const L3_T *alpha, const L3_E *a, ptrdiff_t lda, L3_E *b, ptrdiff_t ldb)
{
    const int turned = !trans != !right;
    if (m <= 0 || n <= 0)
        return;
    if (alpha[0] != 1 || alpha[L3_W - 1] != (L3_W == 1)) {
        static const L3_E nothing[1];
        /* beta C of a product without terms */
        L3(product)(0, 0, 0, 0, m, n, 0, L3(one), nothing, 0, nothing, 0, alpha, b, ldb);
        if (alpha[0] == 0 && alpha[L3_W - 1] == 0)
            return;
    }
    L3(triangle) g = { solve, right, !lower != !turned, turned, conj, unit, right ? m : n, lda, ldb, a, b, NULL,
                       right ? n : m, right ? m : n, 0 };
    /* On the right each chunk packs A. Chunks come in pairs, as threads do. */
    const ptrdiff_t least = (right ? 4 : 2) * L3_PANEL, sixteenth = g.n / 16, vector = L3_L < L3_W ? 1 : L3_L / L3_W;
    const ptrdiff_t wide = least > sixteenth ? least : sixteenth, pairs = (g.n + wide) / (2 * wide);
    if (g.n > 2 * L3_PANEL)
        g.chunk = (g.n + 2 * (pairs + !pairs) - 1) / (2 * (pairs + !pairs));
    g.chunk = (g.chunk + vector - 1) / vector * vector;
    const ptrdiff_t chunks = (g.n + g.chunk - 1) / g.chunk, blocks = (g.order + L3_ORDER - 1) / L3_ORDER;
    const int alone = chunks == 1 || g.order * g.order / 2 * g.n * (L3_W * L3_W) < 2 * GEMM_THREAD_WORK;
    const ptrdiff_t threads = alone ? 1 : rk_threads();
    g.apart = !right && threads > 1 && g.order * g.chunk * (ptrdiff_t)sizeof(L3_E) <= L3_APART;
    /* blocks are copied each time if there is no memory for them, or if each thread has but a few chunks */
    if (blocks > 1 && (threads == 1 || chunks > 2 * threads)) {
        L3(corner) *corners = rk_scratch(3, (size_t)blocks * sizeof(L3(corner)));
        for (ptrdiff_t i = 0; corners && i < blocks; i++)
            L3(take)(&g, i * L3_ORDER, corners + i);
        g.corners = corners;
    }
    if (alone)
        L3(chunks)(&g, 0, chunks);
    else
        rk_parallel_long(L3(chunks), &g, chunks);
}

#undef L3_SUFFIX
#undef L3_E
#undef L3_T
#undef L3_W
#undef L3_V
#undef L3_L
#undef L3_VF
#undef L3_SWAP
#undef L3_G
#undef L3_TURN
#undef L3_MIN
#undef L3_MAX
#undef L3_LEAF
#undef L3_STRIP
#undef L3_BLOCK
#undef L3_FAR
#undef L3_ORDER
#undef L3_PANEL
#undef L3_APART
#undef L3_TILE
