/* The kernels of conv.h for one type: CV_T (code CV_TYPE), its vector CV_V of CV_L lanes, CV_SUFFIX, CV_VF(f) (a
 * function of math.h on vectors). */
#define CV_NR (CONV_NV * CV_L)
#define CV_LOAD CV_VF(load)
#define CV_STORE CV_VF(store)
#define CV_LOAD_PART CV_VF(load_part)
#define CV_STORE_PART CV_VF(store_part)
#define CV_SET1 CV_VF(set1)
#define CV_FMA CV_VF(fma)
#define CV_LINE (64 / (int)sizeof(CV_T))   /* elements of a cache line */
#define CV_WIDTH(n) (((n) + CV_L - 1) / CV_L * CV_L)

/* ---- tiles of a result ---- */

/* The sum of a tile: over points of the kernel in three dimensions, `length` elements at each. */
typedef struct {
    ptrdiff_t count[3], a_step[3], b_step[3];
    ptrdiff_t length;
    ptrdiff_t across, ldb, ldc;        /* between pixels, rows of weights, results */
    ptrdiff_t b_panel;                 /* between panels of a wide tile */
    ptrdiff_t a_line, c_line;          /* between lines of pixels, and of their results */
    const CV_T *scale, *bias;          /* of the tile's columns; or NULL */
    int epilogue;
    const CV_T *ahead;                 /* what a later tile reads, */
    ptrdiff_t ahead_count;             /* so many lines of it asked for at each stretch, */
    ptrdiff_t results_ahead;           /* and so many pixels of the tile's own results, if there is one line */
    char *places;                      /* of the largest results of windows, or NULL */
} CV(call);

RK_INLINE CV_V CV(act)(CV_V x, int epilogue)
{
    switch (epilogue) {
    case RK_EPI_RELU: return CV_VF(max)(CV_SET1(0), x);   /* in this order nan stays */
    case RK_EPI_SIGMOID: return CV_VF(sigmoid)(x);
    case RK_EPI_TANH: return CV_VF(tanh)(x);
    }
    return x;
}

/* Sigmoid or tanh of a finished tile, still in the first cache. */
RK_NOINLINE void CV(activate)(CV_T *c, ptrdiff_t ldc, ptrdiff_t rows, ptrdiff_t columns, int epilogue)
{
    for (ptrdiff_t i = 0; i < rows; i++, c += ldc) {
        ptrdiff_t j = 0;
        for (; j + CV_L <= columns; j += CV_L)
            CV_STORE(c + j, CV(act)(CV_LOAD(c + j), epilogue));
        if (j < columns)
            CV_STORE_PART(c + j, CV(act)(CV_LOAD_PART(c + j, columns - j), epilogue), columns - j);
    }
}

/* The vector from column j on of a row of so many columns; zeros without a row. */
RK_INLINE CV_V CV(part)(const CV_T *row, int j, int columns)
{
    return !row ? CV_SET1(0) : columns - j >= CV_L ? CV_LOAD(row + j) : CV_LOAD_PART(row + j, columns - j);
}

/* Scale, bias and relu of the first mr results of a tile. */
RK_INLINE void CV(finish)(const CV(call) *g, CV_V acc[CONV_MR][CONV_NV], int columns, const int mr, const int nv)
{
    if (g->scale) {
        CONV_UNROLL
        for (int j = 0; j < nv; j++) {
            const CV_V s = CV(part)(g->scale, j * CV_L, columns), t = CV(part)(g->bias, j * CV_L, columns);
            CONV_UNROLL
            for (int i = 0; i < mr; i++)
                acc[i][j] = CV_FMA(acc[i][j], s, t);
        }
    } else if (g->bias) {
        CONV_UNROLL
        for (int j = 0; j < nv; j++) {
            const CV_V t = CV(part)(g->bias, j * CV_L, columns);
            CONV_UNROLL
            for (int i = 0; i < mr; i++)
                acc[i][j] += t;
        }
    }
    if (g->epilogue == RK_EPI_RELU) {
        CONV_UNROLL
        for (int i = 0; i < mr; i++) {
            CONV_UNROLL
            for (int j = 0; j < nv; j++)
                acc[i][j] = CV(act)(acc[i][j], RK_EPI_RELU);
        }
    }
}

/* The largest results of the windows of 2 by 2 pixels of a tile, to acc, and their places, if they are wanted (see
 * pool_max). */
RK_INLINE void CV(largest)(CV_V acc[CONV_MR][CONV_NV], char *places, ptrdiff_t ldc, int columns, const int width,
                           const int nv)
{
    CONV_UNROLL
    for (int i = 0; i < width / 2; i++) {
        CONV_UNROLL
        for (int j = 0; j < nv; j++) {
            CV_V largest = acc[2 * i][j];
            CV_VI place = CV_VF(seti)(0);
            CONV_UNROLL
            for (int k = 1; k < 4; k++) {
                const CV_V a = acc[k / 2 * width + 2 * i + k % 2][j];
                const CV_M m = CV_TAKES(a, largest);
                largest = CV_VF(select)(m, a, largest);
                if (places)
                    place = CV_VF(bits)(CV_VF(select)(m, CV_VF(from_bits)(CV_VF(seti)(k)), CV_VF(from_bits)(place)));
            }
            acc[i][j] = largest;       /* no later window needs what was there */
            if (places) {
                char held[CV_L > 16 ? CV_L : 16];
                CV_PACK(held, place);
                memcpy(places + i * ldc + j * CV_L, held, (size_t)conv_min(columns - j * CV_L, CV_L));
            }
        }
    }
}

/* mr pixels, in so many lines, by nv vectors, of which the last has columns - (nv - 1) * CV_L lanes in c, and columns_b
 * in b. With `fetch` weights are asked for ahead. With `taps` stretches are of three points, which an element of the
 * image meets for three pixels: one load for three multiply-adds. With `pooled` the largest results of windows go to c. */
RK_INLINE void CV(tile)(const CV(call) *g, const CV_T *a0, const CV_T *b0, CV_T *c, int columns, int columns_b,
                        const int mr, const int nv, const int lines, const int fetch, const int taps,
                        const int pooled)
{
    CV_V acc[CONV_MR][CONV_NV], row[CONV_NV];
    const CV_T *a[CONV_LINES > CONV_MR / 2 ? CONV_LINES : CONV_MR / 2];
    const ptrdiff_t across = g->across, ldb = g->ldb, ldc = g->ldc, c_line = g->c_line;
    const int last = (nv - 1) * CV_L, rest = columns - last, width = mr / lines;
    /* pixels that share a pointer: as many as leave all multiples of `across` in registers */
    const int share = lines == 1 && mr > 10 && !taps ? 2 : width, sets = (mr + share - 1) / share;
    const CV_T *ahead = g->ahead;
    ptrdiff_t written = 0;

    CONV_UNROLL
    for (int i = 0; i < mr; i++) {
        CONV_UNROLL
        for (int j = 0; j < nv; j++)
            acc[i][j] = CV_SET1(0);
    }
#define CV_STEP(last_vector) \
    CONV_UNROLL \
    for (int j = 0; j < nv - 1; j++) \
        row[j] = CV_LOAD(b + j * CV_L); \
    row[nv - 1] = last_vector; \
    CONV_UNROLL \
    for (int j = 0; j < fetch * nv; j++) \
        CONV_FETCH(b + CONV_WEIGHTS_AHEAD * ldb + j * CV_L, 0); \
    b += ldb; \
    CONV_UNROLL \
    for (int i = 0; i < mr; i++) { \
        CV_V x = CV_SET1(a[i / share][i % share * across]); \
        CONV_UNROLL \
        for (int j = 0; j < nv; j++) \
            acc[i][j] = CV_FMA(x, row[j], acc[i][j]); \
    } \
    CONV_UNROLL \
    for (int i = 0; i < sets; i++) \
        a[i]++;
    for (ptrdiff_t z = 0; z < g->count[0]; z++)
        for (ptrdiff_t y = 0; y < g->count[1]; y++)
            for (ptrdiff_t x = 0; x < g->count[2]; x++) {
                CONV_UNROLL
                for (int i = 0; i < sets; i++)
                    a[i] = a0 + (lines > 1 ? i * g->a_line : i * share * across) + z * g->a_step[0]
                           + y * g->a_step[1] + x * g->a_step[2];
                const CV_T *b = b0 + z * g->b_step[0] + y * g->b_step[1] + x * g->b_step[2];
                for (ptrdiff_t i = g->ahead_count; i > 0; i--, ahead += CV_LINE)
                    CONV_FETCH_LATER(ahead);
                for (ptrdiff_t i = CONV_SPREADS ? g->results_ahead : 0; i > 0 && written < mr; i--, written++)
                    for (int j = 0; j < nv * CV_L; j += CV_LINE)
                        CONV_FETCH(c + written * ldc + j, 1);
                if (taps) {
                    const ptrdiff_t channels = g->length / 3, points = channels * ldb;
                    for (ptrdiff_t p = channels; p > 0; p--, a[0]++, b += ldb) {
                        const int whole = columns_b == CV_L;
                        CV_V w[3];
                        for (int t = 0; t < 3; t++)
                            w[t] = whole ? CV_LOAD(b + t * points) : CV_LOAD_PART(b + t * points, columns_b);
                        CONV_UNROLL
                        for (int i = 0; i < mr + 2; i++) {
                            const CV_V v = CV_SET1(a[0][i * across]);
                            CONV_UNROLL
                            for (int t = 0; t < 3; t++)
                                if (i >= t && i - t < mr)
                                    acc[i - t][0] = CV_FMA(v, w[t], acc[i - t][0]);
                        }
                    }
                } else if (columns_b == nv * CV_L) {
                    ptrdiff_t p = g->length;
                    for (; p >= 3 && g->length <= CONV_SHORT; p -= 3) {
                        CV_STEP(CV_LOAD(b + last))
                        CV_STEP(CV_LOAD(b + last))
                        CV_STEP(CV_LOAD(b + last))
                    }
                    for (; p > 0; p--) {
                        CV_STEP(CV_LOAD(b + last))
                    }
                } else {
                    for (ptrdiff_t p = g->length; p > 0; p--) {
                        CV_STEP(CV_LOAD_PART(b + last, columns_b - last))
                    }
                }
            }
#undef CV_STEP

    const int later = pooled && !g->places && !g->scale;   /* what grows with a sum can wait until most are left out */
    if (!later)
        CV(finish)(g, acc, columns, mr, nv);
    if (pooled && g->places)
        CV(largest)(acc, g->places, ldc, columns, width, nv);
    else if (pooled)
        CV(largest)(acc, NULL, ldc, columns, width, nv);
    if (later)
        CV(finish)(g, acc, columns, mr / 4, nv);
    const int results = pooled ? mr / 4 : mr;      /* in the first line, if pooled */
    CONV_UNROLL
    for (int i = 0; i < results; i++) {
        CONV_UNROLL
        for (int j = 0; j < nv - 1; j++)
            CV_STORE(c + i / width * c_line + i % width * ldc + j * CV_L, acc[i][j]);
    }
    if (rest == CV_L) {
        CONV_UNROLL
        for (int i = 0; i < results; i++)
            CV_STORE(c + i / width * c_line + i % width * ldc + last, acc[i][nv - 1]);
    } else {
        CONV_UNROLL
        for (int i = 0; i < results; i++)
            CV_STORE_PART(c + i / width * c_line + i % width * ldc + last, acc[i][nv - 1], rest);
    }
    if (g->epilogue > RK_EPI_RELU)
        for (int i = 0; i < lines; i++)
            CV(activate)(c + i * c_line, ldc, width, columns, g->epilogue);
}

#if CONV_WIDE
/* mr pixels by all vectors of two panels: few lines of pixels, each met by more weights, whose panels are b_panel
 * apart. An element's sum is that of CV(tile). */
RK_INLINE void CV(wide_tile)(const CV(call) *g, const CV_T *a0, const CV_T *b0, CV_T *c, const int mr)
{
    CV_V acc[2][CONV_MR][CONV_NV], row[2][CONV_NV];
    const ptrdiff_t across = g->across, ldb = g->ldb, ldc = g->ldc, b_panel = g->b_panel;
    const CV_T *ahead = g->ahead;
    ptrdiff_t written = 0;

    CONV_UNROLL
    for (int i = 0; i < mr; i++) {
        CONV_UNROLL
        for (int j = 0; j < 2 * CONV_NV; j++)
            acc[j / CONV_NV][i][j % CONV_NV] = CV_SET1(0);
    }
    for (ptrdiff_t z = 0; z < g->count[0]; z++)
        for (ptrdiff_t y = 0; y < g->count[1]; y++)
            for (ptrdiff_t x = 0; x < g->count[2]; x++) {
                const CV_T *a = a0 + z * g->a_step[0] + y * g->a_step[1] + x * g->a_step[2];
                const CV_T *b = b0 + z * g->b_step[0] + y * g->b_step[1] + x * g->b_step[2];
                for (ptrdiff_t i = g->ahead_count; i > 0; i--, ahead += CV_LINE)
                    CONV_FETCH_LATER(ahead);
                for (ptrdiff_t i = g->results_ahead; i > 0 && written < mr; i--, written++)
                    for (int j = 0; j < 2 * CV_NR; j += CV_LINE)
                        CONV_FETCH(c + written * ldc + j, 1);
                for (ptrdiff_t p = g->length; p > 0; p--, a++, b += ldb) {
                    CONV_UNROLL
                    for (int j = 0; j < 2 * CONV_NV; j++) {
                        const CV_T *w = b + j / CONV_NV * b_panel + j % CONV_NV * CV_L;
                        row[j / CONV_NV][j % CONV_NV] = CV_LOAD(w);
                        CONV_FETCH(w + CONV_WEIGHTS_AHEAD * ldb, 0);
                    }
                    CONV_UNROLL
                    for (int i = 0; i < mr; i++) {
                        const CV_V v = CV_SET1(a[i * across]);
                        CONV_UNROLL
                        for (int j = 0; j < 2 * CONV_NV; j++)
                            acc[j / CONV_NV][i][j % CONV_NV] = CV_FMA(v, row[j / CONV_NV][j % CONV_NV],
                                                                      acc[j / CONV_NV][i][j % CONV_NV]);
                    }
                }
            }

    CV(call) half = *g;
    CONV_UNROLL
    for (int h = 0; h < 2; h++) {
        CV(finish)(&half, acc[h], CV_NR, mr, CONV_NV);
        half.scale = g->scale ? g->scale + CV_NR : NULL;
        half.bias = g->bias ? g->bias + CV_NR : NULL;
        CONV_UNROLL
        for (int i = 0; i < mr; i++) {
            CONV_UNROLL
            for (int j = 0; j < CONV_NV; j++)
                CV_STORE(c + i * ldc + h * CV_NR + j * CV_L, acc[h][i][j]);
        }
    }
    if (g->epilogue > RK_EPI_RELU)
        CV(activate)(c, ldc, mr, 2 * CV_NR, g->epilogue);
}
#endif

/* ---- tiles of a kernel's gradient ---- */

/* The sum of a tile: over pixels in images, planes and rows. */
typedef struct {
    ptrdiff_t count[3], a_step[3], b_step[3];
    ptrdiff_t pixels, a_pixel, b_pixel;
    ptrdiff_t ldc;
    int add;                           /* to what is in c */
    const CV_T *ahead;                 /* what is read later, asked for at each pixel, */
    ptrdiff_t line;                    /* and so many elements on from one to the next */
} CV(sum);

/* mr elements of a by nv vectors of b. */
RK_INLINE void CV(gradient_tile)(CV(sum) *g, const CV_T *a0, const CV_T *b0, CV_T *c, int columns, const int mr,
                                 const int nv)
{
    CV_V acc[CONV_MR][CONV_NV], row[CONV_NV];
    const ptrdiff_t a_pixel = g->a_pixel, b_pixel = g->b_pixel, ldc = g->ldc, line = g->line;
    const int last = (nv - 1) * CV_L, rest = columns - last;
    const CV_T *ahead = g->ahead;

    CONV_UNROLL
    for (int i = 0; i < mr; i++) {
        CONV_UNROLL
        for (int j = 0; j < nv; j++)
            acc[i][j] = CV_SET1(0);
    }
#define CV_STEP(last_vector) \
    CONV_UNROLL \
    for (int j = 0; j < nv - 1; j++) \
        row[j] = CV_LOAD(b + j * CV_L); \
    row[nv - 1] = last_vector; \
    CONV_UNROLL \
    for (int j = 0; j < nv; j++) \
        CONV_FETCH(b + CONV_AHEAD * b_pixel + j * CV_L, 0); \
    CONV_FETCH(a + CONV_AHEAD * a_pixel, 0); \
    CONV_FETCH_LATER(ahead); \
    ahead += line; \
    b += b_pixel; \
    CONV_UNROLL \
    for (int i = 0; i < mr; i++) { \
        CV_V x = CV_SET1(a[i]); \
        CONV_UNROLL \
        for (int j = 0; j < nv; j++) \
            acc[i][j] = CV_FMA(x, row[j], acc[i][j]); \
    } \
    a += a_pixel;
    for (ptrdiff_t n = 0; n < g->count[0]; n++)
        for (ptrdiff_t z = 0; z < g->count[1]; z++)
            for (ptrdiff_t y = 0; y < g->count[2]; y++) {
                const CV_T *a = a0 + n * g->a_step[0] + z * g->a_step[1] + y * g->a_step[2];
                const CV_T *b = b0 + n * g->b_step[0] + z * g->b_step[1] + y * g->b_step[2];
                if (rest == CV_L) {
                    for (ptrdiff_t p = g->pixels; p > 0; p--) {
                        CV_STEP(CV_LOAD(b + last))
                    }
                } else {
                    for (ptrdiff_t p = g->pixels; p > 0; p--) {
                        CV_STEP(CV_LOAD_PART(b + last, rest))
                    }
                }
            }
#undef CV_STEP
    g->ahead = ahead;

    CONV_UNROLL
    for (int i = 0; i < mr; i++, c += ldc) {
        CONV_UNROLL
        for (int j = 0; j < nv - 1; j++)
            CV_STORE(c + j * CV_L, g->add ? acc[i][j] + CV_LOAD(c + j * CV_L) : acc[i][j]);
        if (rest == CV_L)
            CV_STORE(c + last, g->add ? acc[i][nv - 1] + CV_LOAD(c + last) : acc[i][nv - 1]);
        else
            CV_STORE_PART(c + last, g->add ? acc[i][nv - 1] + CV_LOAD_PART(c + last, rest) : acc[i][nv - 1], rest);
    }
}

typedef void (*CV(kernel))(const CV(call) *g, const CV_T *a, const CV_T *b, CV_T *c, int columns, int columns_b);
typedef void (*CV(gradient_kernel))(CV(sum) *g, const CV_T *a, const CV_T *b, CV_T *c, int columns);

#define CV_KERNEL(mr, nv) \
    RK_NOINLINE void CV(tile_##mr##_##nv)(const CV(call) *g, const CV_T *a, const CV_T *b, CV_T *c, int columns, \
                                          int columns_b) \
    { \
        CV(tile)(g, a, b, c, columns, columns_b, mr, nv, 1, 0, 0, 0); \
    } \
    RK_NOINLINE void CV(gradient_##mr##_##nv)(CV(sum) *g, const CV_T *a, const CV_T *b, CV_T *c, int columns) \
    { \
        CV(gradient_tile)(g, a, b, c, columns, mr, nv); \
    }
#define CV_LINES_KERNEL(width, lines, nv) \
    RK_NOINLINE void CV(tile_##width##x##lines##_##nv)(const CV(call) *g, const CV_T *a, const CV_T *b, CV_T *c, \
                                                       int columns, int columns_b) \
    { \
        CV(tile)(g, a, b, c, columns, columns_b, width * lines, nv, lines, 1, 0, 0); \
    }
#if CONV_MR == 14
#define CV_EACH_LINES(X) \
    X(2, 2) X(3, 3) X(4, 2) X(5, 2) X(6, 2) X(7, 2) X(8, 1) X(9, 1) X(10, 1) X(11, 1) X(12, 1) X(13, 1) X(14, 1)
#define CV_EACH(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#else
#define CV_EACH_LINES(X) X(2, 2) X(3, 2)
#define CV_EACH(X) X(1) X(2) X(3) X(4) X(5) X(6)
#endif
#define CV_KERNELS(mr) CV_KERNEL(mr, 1) CV_KERNEL(mr, 2)
#define CV_TAPS_KERNEL(mr) \
    RK_NOINLINE void CV(taps_##mr)(const CV(call) *g, const CV_T *a, const CV_T *b, CV_T *c, int columns, \
                                   int columns_b) \
    { \
        CV(tile)(g, a, b, c, columns, columns_b, mr, 1, 1, 0, 1, 0); \
    }
#define CV_TAPS_ENTRY(mr) CV(taps_##mr),
#define CV_ENTRY(mr) { CV(tile_##mr##_1), CV(tile_##mr##_2) },
#define CV_GRADIENT_ENTRY(mr) { CV(gradient_##mr##_1), CV(gradient_##mr##_2) },
CV_EACH(CV_KERNELS)
#define CV_LINES_KERNELS(width, lines) CV_LINES_KERNEL(width, lines, 1) CV_LINES_KERNEL(width, lines, 2)
#define CV_LINES_ENTRY(width, lines) { lines, { CV(tile_##width##x##lines##_1), CV(tile_##width##x##lines##_2) } },
CV_EACH_LINES(CV_LINES_KERNELS)
/* Of several lines if they are narrow, and with weights asked for ahead. [width - 2], [vectors - 1] */
static const struct {
    int lines;
    CV(kernel) of[CONV_NV];
} CV(lines)[] = { CV_EACH_LINES(CV_LINES_ENTRY) };
/* [pixels - 1][vectors - 1] */
static const CV(kernel) CV(kernels)[CONV_MR][CONV_NV] = { CV_EACH(CV_ENTRY) };
/* [pixels - 1], of one vector and three points */
CV_EACH(CV_TAPS_KERNEL)
static const CV(kernel) CV(taps_kernels)[CONV_MR] = { CV_EACH(CV_TAPS_ENTRY) };
#if CONV_WIDE
#define CV_WIDE_KERNEL(mr) \
    RK_NOINLINE void CV(wide_##mr)(const CV(call) *g, const CV_T *a, const CV_T *b, CV_T *c, int columns, \
                                   int columns_b) \
    { \
        (void)columns; \
        (void)columns_b; \
        CV(wide_tile)(g, a, b, c, mr); \
    }
CV_WIDE_KERNEL(5) CV_WIDE_KERNEL(6)
static const CV(kernel) CV(wide_kernels)[2] = { CV(wide_5), CV(wide_6) };
#else
static const CV(kernel) CV(wide_kernels)[1] = { NULL };
#endif
/* Pooled: [windows - 1], of two vectors. */
#define CV_POOLED_KERNEL(windows) \
    RK_NOINLINE void CV(pooled_##windows)(const CV(call) *g, const CV_T *a, const CV_T *b, CV_T *c, int columns, \
                                          int columns_b) \
    { \
        CV(tile)(g, a, b, c, columns, columns_b, 4 * windows, CONV_NV, 2, 0, 0, 1); \
    }
#define CV_POOLED_ENTRY(windows) CV(pooled_##windows),
#if CONV_MR == 14
#define CV_EACH_POOLED(X) X(1) X(2) X(3)
#else
#define CV_EACH_POOLED(X) X(1)
#endif
CV_EACH_POOLED(CV_POOLED_KERNEL)
static const CV(kernel) CV(pooled_kernels)[CONV_MR / 4] = { CV_EACH_POOLED(CV_POOLED_ENTRY) };
static const CV(gradient_kernel) CV(gradient_kernels)[CONV_MR][CONV_NV] = { CV_EACH(CV_GRADIENT_ENTRY) };

/* ---- parts of images ---- */

/* Images, or a copy of a part of them: element (n, z, y, x) lies at p + (n - at[0]) * step[0] + (z - at[1]) * step[1]
 * + (y - at[2]) * step[2] + (x - at[3]) * channels. */
typedef struct {
    const CV_T *p;
    ptrdiff_t at[4], step[3];
} CV(view);

/* A convolution: result o meets places o * stride + first + t * step of the images for each point t of the kernel. */
typedef struct {
    const CV_T *x, *w, *scale, *bias;
    CV_T *y;
    ptrdiff_t channels, filters;
    ptrdiff_t in[4], out[4];           /* batch, depth, height, width */
    conv_taps taps[3];
    ptrdiff_t stride[3];
    ptrdiff_t y_step[4], y_at;         /* elements between results in each dimension; of the one at y */
    const rk_pooling_call *pool;       /* of the results, whose largest go to z, or NULL */
    CV_T *z;
    char *places;
    ptrdiff_t sizes[4];                /* of what is cut into blocks: results, or pooled results */
    ptrdiff_t block[4], blocks[4];     /* sizes of a block; how many there are */
    ptrdiff_t panels, groups;          /* panels of filters; groups of them that are worked on apart */
    ptrdiff_t k;                       /* rows of weights */
    int packed, by_image, few, gathers, pools_itself, epilogue;
    int winograd, far;                 /* points along a dimension or 0, way to weights (see winograd_body.h) */
    const struct CV(packing) *packing; /* each panel is packed where it is used; or NULL */
    conv_span spans[CONV_SPANS];       /* memory to ask for */
    volatile int no_memory;
} CV(job);

/* The places that a dimension's results [begin, end) meet. */
RK_INLINE void CV(reach)(const CV(job) *d, int i, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t *lo, ptrdiff_t *hi)
{
    const conv_taps *t = &d->taps[i];
    *lo = begin * d->stride[i] + t->first;
    *hi = (end - 1) * d->stride[i] + t->first + (t->count - 1) * t->step + 1;
}

/* Where a block begins and ends. */
RK_INLINE void CV(bounds)(const CV(job) *d, ptrdiff_t number, ptrdiff_t *begin, ptrdiff_t *end)
{
    for (int i = 3; i >= 0; i--) {
        begin[i] = number % d->blocks[i] * d->block[i];
        end[i] = conv_min(begin[i] + d->block[i], d->sizes[i]);
        number /= d->blocks[i];
    }
}

/* What a block of results meets: the images themselves or, where rows reach beyond them, a copy with zeros. */
static int CV(look)(const CV(job) *d, const ptrdiff_t *begin, const ptrdiff_t *end, CV(view) *v)
{
    const ptrdiff_t c = d->channels;
    ptrdiff_t lo[4], hi[4];
    for (int i = 0; i < 3; i++)
        CV(reach)(d, i, begin[i + 1], end[i + 1], &lo[i + 1], &hi[i + 1]);
    v->p = d->x;
    v->at[0] = v->at[1] = v->at[2] = v->at[3] = 0;
    v->step[2] = d->in[3] * c;
    v->step[1] = d->in[2] * v->step[2];
    v->step[0] = d->in[1] * v->step[1];
    if (lo[3] >= 0 && hi[3] <= d->in[3])
        return 1;

    lo[0] = begin[0];
    hi[0] = end[0];
    for (int i = 1; i < 3; i++) {
        lo[i] = conv_min(conv_max(lo[i], 0), d->in[i]);
        hi[i] = conv_max(conv_min(hi[i], d->in[i]), lo[i]);
    }
    const ptrdiff_t width = hi[3] - lo[3], before = conv_min(conv_max(-lo[3], 0), width);
    const ptrdiff_t from = conv_max(lo[3], 0), inside = conv_max(conv_min(hi[3], d->in[3]) - from, 0);
    const size_t element = (size_t)c * sizeof(CV_T);
    CV_T *to = rk_scratch(2, (size_t)((hi[0] - lo[0]) * (hi[1] - lo[1]) * (hi[2] - lo[2]) * width + 1) * element);
    if (!to)
        return 0;
    const CV_T *x = d->x;
    const CV(view) whole = *v;
    v->p = to;
    for (int i = 0; i < 4; i++)
        v->at[i] = lo[i];
    v->step[2] = width * c;
    v->step[1] = (hi[2] - lo[2]) * v->step[2];
    v->step[0] = (hi[1] - lo[1]) * v->step[1];
    for (ptrdiff_t n = lo[0]; n < hi[0]; n++)
        for (ptrdiff_t z = lo[1]; z < hi[1]; z++)
            for (ptrdiff_t y = lo[2]; y < hi[2]; y++, to += width * c) {
                memset(to, 0, (size_t)before * element);
                memcpy(to + before * c, x + n * whole.step[0] + z * whole.step[1] + y * whole.step[2] + from * c,
                       (size_t)inside * element);
                memset(to + (before + inside) * c, 0, (size_t)(width - before - inside) * element);
            }
    return 1;
}

/* What results [begin, end) meet at a point of the kernel: so many channels, zeros outside. */
static void CV(gather)(const CV(job) *d, const ptrdiff_t *point, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t channel,
                       ptrdiff_t channels, ptrdiff_t apart, CV_T *to)
{
    for (ptrdiff_t i = begin; i < end; i++, to += apart) {
        ptrdiff_t rest = i, place = 0, size = d->channels;
        int inside = 1;
        for (int j = 2; j >= 0; j--) {
            const ptrdiff_t at = rest % d->out[j + 1] * d->stride[j] + d->taps[j].first + point[j] * d->taps[j].step;
            inside &= at >= 0 && at < d->in[j + 1];
            place += at * size;
            size *= d->in[j + 1];
            rest /= d->out[j + 1];
        }
        if (inside)
            memcpy(to, d->x + rest * size + place + channel, (size_t)channels * sizeof(CV_T));
        else
            memset(to, 0, (size_t)channels * sizeof(CV_T));
    }
}

/* Blocks of about so many results, as alike as may be; with pooling, of whole rows. */
static void CV(cut)(CV(job) *d, ptrdiff_t pixels)
{
    for (int i = 3; i >= 0; i--) {
        const ptrdiff_t n = d->sizes[i];
        ptrdiff_t size = i == 3 && d->pool ? n : conv_max(conv_min(pixels, n), 1);
        if (i == 3 && size < n)
            size = conv_min((size + CONV_MR - 1) / CONV_MR * CONV_MR, n);
        const ptrdiff_t parts = (n + size - 1) / size;
        d->block[i] = i == 3 ? size : (n + parts - 1) / parts;
        d->blocks[i] = (n + d->block[i] - 1) / d->block[i];
        pixels = d->blocks[i] == 1 ? pixels / d->block[i] : 1;
    }
}

RK_INLINE int CV(runs_on)(const conv_taps *t) { return t->step == 1 || t->count == 1; }

/* ---- results ---- */

/* Asks for what a tile will write. */
RK_INLINE void CV(fetch_results)(CV_T *c, ptrdiff_t rows, ptrdiff_t ldc, int columns)
{
    for (ptrdiff_t i = 0; i < rows; i++)
        for (int j = 0; j < columns; j += CV_LINE)
            CONV_FETCH(c + i * ldc + j, 1);
}

/* The panels of a group: weights, and how they lie. */
RK_INLINE const CV_T *CV(panel)(const CV(job) *d, ptrdiff_t panel, int *columns, int *columns_b, ptrdiff_t *ldb)
{
    const ptrdiff_t j0 = panel * CV_NR;
    *columns = (int)conv_min(d->filters - j0, CV_NR);
    *columns_b = d->packed ? (int)CV_WIDTH(*columns) : *columns;
    *ldb = d->packed ? *columns_b : d->filters;
    return d->packed ? d->w + j0 * d->k : d->w + j0;
}

/* For a line of pixels. Narrow vectors leave no time to ask for weights. */
RK_INLINE CV(kernel) CV(kernel_of)(const CV(job) *d, ptrdiff_t pixels, int vectors)
{
#if CONV_MR == 14
    if (d->k >= CONV_WEIGHTS_FROM && pixels > CONV_MR / 2)
        return CV(lines)[pixels - 2].of[vectors - 1];
#endif
    return CV(kernels)[pixels - 1][vectors - 1];
}

/* A group of panels of a block of results; 0 if there is no memory. */
static int CV(rows)(const CV(job) *d, const ptrdiff_t *begin, const ptrdiff_t *end, ptrdiff_t group)
{
    const conv_taps *t = d->taps;
    const ptrdiff_t c = d->channels;
    if (d->gathers) {                  /* what results of a point meet, as one row */
        static const ptrdiff_t point[3] = { 0, 0, 0 }, from[4] = { 0, 0, 0, 0 };
        const ptrdiff_t first = ((begin[0] * d->out[1] + begin[1]) * d->out[2] + begin[2]) * d->out[3] + begin[3];
        const ptrdiff_t n = (end[0] - begin[0]) * (end[1] - begin[1]) * (end[2] - begin[2]) * (end[3] - begin[3]);
        const ptrdiff_t to[4] = { 1, 1, 1, n };
        CV_T *copy = rk_scratch(2, (size_t)(n * c) * sizeof(CV_T));
        if (!copy)
            return 0;
        CV(gather)(d, point, first, first + n, 0, c, c, copy);
        CV(job) row = *d;
        row.gathers = 0;
        row.x = copy;
        row.y += first * d->y_step[3];
        for (int i = 0; i < 4; i++)
            row.in[i] = row.out[i] = to[i];
        for (int i = 0; i < 3; i++) {
            row.taps[i] = (conv_taps){ 0, 1, 1 };
            row.stride[i] = 1;
        }
        return CV(rows)(&row, from, to, group);
    }
    const int along = CV(runs_on)(&t[2]);
    CV(view) v;
    if (!CV(look)(d, begin, end, &v))
        return 0;
    const int collide = d->stride[2] * c * (ptrdiff_t)sizeof(CV_T) % 4096 == 0;
    const ptrdiff_t width = end[3] - begin[3], pairs = d->panels / d->groups / 2;
    const int wide = CONV_WIDE && collide && rk_first_cache() < CONV_COLLIDING_BYTES
                     && d->filters == d->groups * pairs * 2 * CV_NR
                     && width / ((width + CONV_WIDE) / (CONV_WIDE + 1)) >= CONV_WIDE;
    const ptrdiff_t most = wide ? CONV_WIDE + 1 : collide ? CONV_COLLIDING : CONV_MR, at_once = wide ? 2 : 1;
    const ptrdiff_t tiles = (width + most - 1) / most;
    const ptrdiff_t few = width / tiles, more = width % tiles;      /* pixels of a tile: few or few + 1 */
    CV(call) g;
    g.across = d->stride[2] * c;
    g.ldc = d->y_step[3];
    g.a_line = d->stride[1] * v.step[2];
    g.c_line = d->y_step[2];
    g.epilogue = d->epilogue;
    g.length = along ? t[2].count * c : c;
    g.count[2] = along ? 1 : t[2].count;
    if (along && t[0].count * t[1].count == 1)
        for (; g.length > (t[2].count > 1 ? CONV_ROW_PART : g.count[2] < CONV_PART_COUNT ? CONV_PART : CONV_LONG_PART)
               && g.length % 2 == 0; g.length /= 2)
            g.count[2] *= 2;       /* a long stretch in parts, between which memory is asked for */
    ptrdiff_t met[3], past[3];
    for (int i = 0; i < 3; i++)
        CV(reach)(d, i, begin[i + 1], end[i + 1], &met[i], &past[i]);
    const ptrdiff_t stretches = t[0].count * t[1].count * g.count[2];
    const int pointwise = CONV_SPREADS && d->k >= CONV_FETCH_FROM && d->k == c
                          && d->out[0] * d->out[1] * d->out[2] == 1;
    const CV_T *next_block = v.p + end[3] * d->stride[2] * c;
    g.a_step[0] = t[0].step * v.step[1];
    g.a_step[1] = t[1].step * v.step[2];
    g.a_step[2] = along ? g.length : t[2].step * c;
    g.b_panel = d->packed ? d->k * CV_NR : CV_NR;
    for (ptrdiff_t panel = group * d->panels / d->groups; panel < (group + 1) * d->panels / d->groups;
         panel += at_once) {
        int columns, columns_b;
        const CV_T *b = CV(panel)(d, panel, &columns, &columns_b, &g.ldb);
        g.scale = d->scale ? d->scale + panel * CV_NR : NULL;
        g.bias = d->bias ? d->bias + panel * CV_NR : NULL;
        const int vectors = (columns + CV_L - 1) / CV_L;
        const int taps = vectors == 1 && t[2].count == 3 && along && g.count[2] == 1 && d->stride[2] == 1;
        g.b_step[2] = g.length * g.ldb;
        g.b_step[1] = t[2].count * c * g.ldb;
        g.b_step[0] = t[1].count * g.b_step[1];
        const int ahead = d->k >= CONV_FETCH_FROM && panel == group * d->panels / d->groups;
        /* what the row below adds; in a single row, the tile after the next; of a copy, what the next block adds */
        const ptrdiff_t next = d->out[2] == 1 ? 2 * (few + 1) * g.across
                                              : (t[1].count - 1) * g.a_step[1] + d->stride[1] * v.step[2];
        const CV_T *beyond = d->x + (((end[0] - 1) * d->in[1] + conv_min(past[0], d->in[1]) - 1) * d->in[2]
                                     + conv_min(past[1], d->in[2])) * d->in[3] * c;
        g.ahead = v.p;
        g.ahead_count = 0;
        for (ptrdiff_t n = begin[0]; n < end[0]; n++)
            for (ptrdiff_t z = begin[1]; z < end[1]; z++)
                for (ptrdiff_t y = begin[2], lines = 1; y < end[2]; y += lines) {
                    ptrdiff_t at[2] = { z * d->stride[0] + t[0].first, y * d->stride[1] + t[1].first };
                    ptrdiff_t lo[2], hi[2];
                    for (int i = 0; i < 2; i++) {
                        conv_inside(at[i], t[i].step, t[i].count, d->in[i + 1], &lo[i], &hi[i]);
                        g.count[i] = hi[i] - lo[i];
                    }
                    const CV_T *a = v.p + (n - v.at[0]) * v.step[0]
                                    + (at[0] + lo[0] * t[0].step - v.at[1]) * v.step[1]
                                    + (at[1] + lo[1] * t[1].step - v.at[2]) * v.step[2]
                                    + (begin[3] * d->stride[2] + t[2].first - v.at[3]) * c;
                    const CV_T *w = b + lo[0] * g.b_step[0] + lo[1] * g.b_step[1];
                    CV_T *to = d->y + (n * d->y_step[0] + z * d->y_step[1] + y * d->y_step[2]
                                       + begin[3] * d->y_step[3] - d->y_at) + panel * CV_NR;
                    lines = 1;
                    if (width > 1 && width <= CONV_MR / 2 && !taps && !wide) {
                        /* rows that meet the same points of the kernel */
                        const int several = CV(lines)[width - 2].lines;
                        ptrdiff_t low, high;
                        conv_inside(at[1] + (several - 1) * d->stride[1], t[1].step, t[1].count, d->in[2], &low, &high);
                        if (end[2] - y >= several && several * width <= most && low == lo[1] && high == hi[1])
                            lines = several;
                    }
                    for (ptrdiff_t i = 0; i < tiles; i++) {
                        const ptrdiff_t rows = few + (i < more);
                        /* all at once they would keep waiting what is read */
                        const int spread = CONV_SPREADS && lines == 1 && (stretches <= 8 || !pointwise || wide);
                        g.results_ahead = spread ? (rows + stretches - 1) / stretches : 0;
                        if (d->k >= CONV_FETCH_FROM && !spread)
                            for (ptrdiff_t line = 0; line < lines; line++)
                                CV(fetch_results)(to + line * g.c_line, rows, g.ldc, (int)at_once * columns);
                        if (pointwise) {       /* all tiles of a block have their part of the next one */
                            g.ahead_count = rows * g.across * d->groups * at_once
                                            / (CV_LINE * stretches * d->panels) + 1;
                            g.ahead = next_block;
                            next_block += g.ahead_count * stretches * CV_LINE;
                        } else if (ahead) {
                            g.ahead = v.p == d->x ? a + next : beyond + (a - v.p);
                            g.ahead_count = rows * g.across / (CV_LINE * stretches) + 1;
                        }
                        const CV(kernel) kernel = wide ? CV(wide_kernels)[rows - CONV_WIDE]
                                                  : taps ? CV(taps_kernels)[rows - 1]
                                                  : lines > 1 ? CV(lines)[rows - 2].of[vectors - 1]
                                                              : CV(kernel_of)(d, rows, vectors);
                        kernel(&g, a, w, to, columns, columns_b);
                        a += rows * g.across;
                        to += rows * g.ldc;
                    }
                }
    }
    return 1;
}

/* The same for whole images, where a tile has the same place in each. */
static int CV(images)(const CV(job) *d, const ptrdiff_t *begin, const ptrdiff_t *end, ptrdiff_t group)
{
    const conv_taps *t = d->taps;
    const ptrdiff_t c = d->channels, row = d->in[3] * c, plane = d->in[2] * row;
    const int along = CV(runs_on)(&t[2]);
    CV(call) g;
    g.results_ahead = 0;
    g.across = d->in[1] * plane;
    g.ldc = d->y_step[0];
    g.epilogue = d->epilogue;
    g.ahead = d->x;
    g.ahead_count = 0;
    g.a_step[0] = t[0].step * plane;
    g.a_step[1] = t[1].step * row;
    g.a_step[2] = t[2].step * c;
    for (ptrdiff_t panel = group * d->panels / d->groups; panel < (group + 1) * d->panels / d->groups; panel++) {
        int columns, columns_b;
        const CV_T *b = CV(panel)(d, panel, &columns, &columns_b, &g.ldb);
        g.scale = d->scale ? d->scale + panel * CV_NR : NULL;
        g.bias = d->bias ? d->bias + panel * CV_NR : NULL;
        const CV(kernel) kernel = CV(kernel_of)(d, end[0] - begin[0], (columns - 1) / CV_L + 1);
        g.b_step[2] = c * g.ldb;
        g.b_step[1] = t[2].count * g.b_step[2];
        g.b_step[0] = t[1].count * g.b_step[1];
        ptrdiff_t o[3];
        for (o[0] = 0; o[0] < d->out[1]; o[0]++)
            for (o[1] = 0; o[1] < d->out[2]; o[1]++)
                for (o[2] = 0; o[2] < d->out[3]; o[2]++) {
                    const CV_T *a = d->x + begin[0] * g.across, *w = b;
                    const ptrdiff_t steps[3] = { plane, row, c };
                    CV_T *to = d->y + (begin[0] * g.ldc - d->y_at) + panel * CV_NR;
                    for (int i = 0; i < 3; i++) {
                        const ptrdiff_t at = o[i] * d->stride[i] + t[i].first;
                        ptrdiff_t lo, hi;
                        conv_inside(at, t[i].step, t[i].count, d->in[i + 1], &lo, &hi);
                        g.count[i] = hi - lo;
                        a += (at + lo * t[i].step) * steps[i];
                        w += lo * g.b_step[i];
                        to += o[i] * d->y_step[i + 1];
                    }
                    g.length = c;
                    if (along) {
                        g.length = g.count[2] * c;
                        g.count[2] = 1;
                    }
                    kernel(&g, a, w, to, columns, columns_b);
                }
    }
    return 1;
}

/* ---- few filters: lanes are pixels ---- */
#define CV_FEW 4                           /* filters at most */
#if RK_VECTOR_BYTES == 64
#define CV_FEW_NV(nc) ((nc) == 4 ? 6 : 8)  /* vectors of pixels: with a row of weights they stay in registers */
#else
#define CV_FEW_NV(nc) ((nc) == 4 ? 2 : (nc) == 3 ? 4 : 6)
#endif

/* A part of images turned round: planes of a channel, whose rows have zeros where they reach beyond the image. */
typedef struct {
    ptrdiff_t count[3], step[3];
    ptrdiff_t channels, plane, ldb, ldu;
    const CV_T *scale, *bias;
    int relu;
} CV(turned);

/* nc filters of nv vectors of neighbouring places, to nc rows of u. */
RK_INLINE void CV(few_tile)(const CV(turned) *g, const CV_T *t0, const CV_T *b, CV_T *u, const int nc, const int nv)
{
    CV_V acc[CV_FEW][8], w[CV_FEW];
    const ptrdiff_t plane = g->plane, ldb = g->ldb;
    CONV_UNROLL
    for (int i = 0; i < nc; i++) {
        CONV_UNROLL
        for (int j = 0; j < nv; j++)
            acc[i][j] = CV_SET1(0);
    }
    for (ptrdiff_t z = 0; z < g->count[0]; z++)
        for (ptrdiff_t y = 0; y < g->count[1]; y++)
            for (ptrdiff_t x = 0; x < g->count[2]; x++) {
                const CV_T *t = t0 + z * g->step[0] + y * g->step[1] + x * g->step[2];
                for (ptrdiff_t p = g->channels; p > 0; p--, t += plane, b += ldb) {
                    CONV_UNROLL
                    for (int i = 0; i < nc; i++)
                        w[i] = CV_SET1(b[i]);
                    CONV_UNROLL
                    for (int j = 0; j < nv; j++) {
                        const CV_V v = CV_LOAD(t + j * CV_L);
                        CONV_UNROLL
                        for (int i = 0; i < nc; i++)
                            acc[i][j] = CV_FMA(v, w[i], acc[i][j]);
                    }
                }
            }
    CONV_UNROLL
    for (int i = 0; i < nc; i++) {
        const CV_V bias = CV_SET1(g->bias ? g->bias[i] : 0), scale = CV_SET1(g->scale ? g->scale[i] : 1);
        CONV_UNROLL
        for (int j = 0; j < nv; j++) {
            CV_V v = acc[i][j];
            if (g->scale)
                v = CV_FMA(v, scale, bias);
            else if (g->bias)
                v += bias;
            CV_STORE(u + i * g->ldu + j * CV_L, g->relu ? CV(act)(v, RK_EPI_RELU) : v);
        }
    }
}

typedef void (*CV(few_kernel))(const CV(turned) *g, const CV_T *t, const CV_T *b, CV_T *u);
#define CV_FEW_KERNEL(nc, name, nv) \
    RK_NOINLINE void CV(few_##nc##_##name)(const CV(turned) *g, const CV_T *t, const CV_T *b, CV_T *u) \
    { \
        CV(few_tile)(g, t, b, u, nc, nv); \
    }
#define CV_FEW_KERNELS(nc) CV_FEW_KERNEL(nc, all, CV_FEW_NV(nc)) CV_FEW_KERNEL(nc, two, 2)
CV_FEW_KERNELS(1) CV_FEW_KERNELS(2) CV_FEW_KERNELS(3) CV_FEW_KERNELS(4)
/* [filters - 1][whether two vectors] */
static const CV(few_kernel) CV(few_kernels)[CV_FEW][2] = {
    { CV(few_1_all), CV(few_1_two) }, { CV(few_2_all), CV(few_2_two) },
    { CV(few_3_all), CV(few_3_two) }, { CV(few_4_all), CV(few_4_two) },
};

/* A block of results whose filters would leave most lanes of a vector empty. */
static int CV(few)(const CV(job) *d, const ptrdiff_t *begin, const ptrdiff_t *end)
{
    const conv_taps *t = d->taps;
    const ptrdiff_t c = d->channels, width = end[3] - begin[3] + (t[2].count - 1) * t[2].step;
    const ptrdiff_t rows = end[2] - begin[2], high = (rows - 1) * d->stride[1] + (t[1].count - 1) * t[1].step + 1;
    const int nc = (int)d->filters, nv = CV_FEW_NV(nc);
    const ptrdiff_t lo = begin[3] + t[2].first, from = conv_max(lo, 0);
    const ptrdiff_t inside = conv_min(lo + width, d->in[3]) - from;
    /* places of results, in rows as wide as those they are computed from */
    const ptrdiff_t places = ((rows - 1) * d->stride[1] + 1) * width - (t[2].count - 1) * t[2].step;
    const ptrdiff_t vectors = (places + 2 * CV_L - 1) / (2 * CV_L) * 2;
    int columns, columns_b;
    CV(turned) g = { { t[0].count, t[1].count, t[2].count }, { high * width, t[1].step * width, t[2].step }, c,
                     t[0].count * high * width, 0, vectors * CV_L, d->scale, d->bias, d->epilogue == RK_EPI_RELU };
    const CV_T *b = CV(panel)(d, 0, &columns, &columns_b, &g.ldb);
    /* the last vectors may reach beyond the last plane */
    const ptrdiff_t size = g.plane * c + 2 * CV_L;
    CV_T *turned = rk_scratch(2, (size_t)(size + nc * g.ldu) * sizeof(CV_T)), *u = turned + size;
    if (!turned)
        return 0;
    for (ptrdiff_t n = begin[0]; n < end[0]; n++)
        for (ptrdiff_t z = begin[1]; z < end[1]; z++) {
            memset(turned, 0, (size_t)size * sizeof(CV_T));
            for (ptrdiff_t k = 0; k < t[0].count; k++)
                for (ptrdiff_t y = 0; y < high; y++) {
                    const ptrdiff_t in_z = z * d->stride[0] + t[0].first + k * t[0].step;
                    const ptrdiff_t in_y = begin[2] * d->stride[1] + t[1].first + y;
                    if (inside <= 0 || in_z < 0 || in_z >= d->in[1] || in_y < 0 || in_y >= d->in[2])
                        continue;
                    RK_CAT(api, RK_VARIANT).omatcopy(
                        CV_TYPE, 1, 0, inside, c, 1, 0,
                        d->x + (((n * d->in[1] + in_z) * d->in[2] + in_y) * d->in[3] + from) * c, c,
                        turned + (k * high + y) * width + from - lo, g.plane);
                }
            for (ptrdiff_t i = 0; i < vectors;) {
                const int two = vectors - i < nv;
                CV(few_kernels)[nc - 1][two](&g, turned + i * CV_L, b, u + i * CV_L);
                i += two ? 2 : nv;
            }
            if (d->epilogue > RK_EPI_RELU)
                CV(activate)(u, g.ldu, nc, places, d->epilogue);
            for (ptrdiff_t y = 0; y < rows; y++) {
                const CV_T *p = u + y * d->stride[1] * width;
                CV_T *to = d->y + (n * d->y_step[0] + z * d->y_step[1] + (begin[2] + y) * d->y_step[2]
                                   + begin[3] * d->y_step[3] - d->y_at);
                for (ptrdiff_t x = begin[3]; x < end[3]; x++, p++, to += d->y_step[3])
                    for (int i = 0; i < nc; i++)
                        to[i] = p[i * g.ldu];
            }
        }
    return 1;
}

/* ---- weights in panels ---- */
typedef struct CV(packing) {
    const CV_T *kernel;                /* (points, channels, filters) */
    CV_T *packed;
    const CV(job) *d;
    ptrdiff_t at[3], step[3], size[3]; /* point t of a dimension is at + t * step of `size` points of the kernel */
    int transposed;                    /* the job's channels are the kernel's filters */
    int corners;                       /* Winograd's points that are weights themselves are packed too */
} CV(packing);

static void CV(pack)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const CV(packing) *q = context;
    const CV(job) *d = q->d;
    const ptrdiff_t points = d->taps[0].count * d->taps[1].count * d->taps[2].count;
    for (ptrdiff_t unit = begin; unit < end; unit++) {
        const ptrdiff_t j0 = unit / points * CV_NR, point = unit % points;
        const ptrdiff_t columns = conv_min(d->filters - j0, CV_NR), width = CV_WIDTH(columns);
        ptrdiff_t rest = point, from = 0, scale = 1;
        for (int i = 2; i >= 0; i--) {
            from += (q->at[i] + rest % d->taps[i].count * q->step[i]) * scale;
            scale *= q->size[i];
            rest /= d->taps[i].count;
        }
        const CV_T *w = q->kernel + from * d->channels * d->filters;
        CV_T *to = q->packed + j0 * d->k + point * d->channels * width;
        if (q->transposed) {
            if (columns < width)
                memset(to, 0, (size_t)(d->channels * width) * sizeof(CV_T));
            RK_CAT(api, RK_VARIANT).omatcopy(CV_TYPE, 1, 0, columns, d->channels, 1, 0, w + j0 * d->channels,
                                             d->channels, to, width);
            continue;
        }
        w += j0;
        for (ptrdiff_t i = 0; i < d->channels; i++, w += d->filters, to += width) {
            ptrdiff_t j = 0;
            for (; j + CV_L <= columns; j += CV_L)
                CV_STORE(to + j, CV_LOAD(w + j));
            if (j < columns)
                CV_STORE(to + j, CV_LOAD_PART(w + j, columns - j));
        }
    }
}

/* Notes the weights of a job of few pixels; all of them are read by each thread or a part of the filters. */
static void CV(follow)(const CV(job) *d, const CV(packing) *q, ptrdiff_t pixels, int all)
{
    const ptrdiff_t row = d->filters * (ptrdiff_t)sizeof(CV_T), parts = rk_threads();
    const ptrdiff_t part = all || row % (64 * parts) != 0 ? row : row / parts;
    const conv_weights w = { q->kernel, d->k, row, part };
    conv_follow(pixels <= WINO_OWN_PIXELS && !q->transposed && row % 64 == 0 ? &w : NULL);
}

#include "winograd_body.h"

/* The job of a unit: with the weights of its panel, if it packs them itself and not panel by panel. */
static int CV(with_weights)(const CV(job) *d, ptrdiff_t group, CV(job) *part)
{
    *part = *d;
    if (d->packing && !d->winograd) {
        const ptrdiff_t points = d->taps[0].count * d->taps[1].count * d->taps[2].count;
        CV_T *packed = rk_scratch(0, (size_t)(d->k * CV_NR + 1) * sizeof(CV_T));
        if (!packed)
            return 0;
        CV(packing) q = *d->packing;
        q.packed = packed - group * CV_NR * d->k;
        CV(pack)(&q, group * points, (group + 1) * points);
        part->w = q.packed;
    }
    return 1;
}

RK_INLINE int CV(block)(const CV(job) *d, const ptrdiff_t *begin, const ptrdiff_t *end, ptrdiff_t group)
{
    if (d->winograd)
        return CV(winograd)(d, begin, end, group);
    return d->few ? CV(few)(d, begin, end) : (d->by_image ? CV(images) : CV(rows))(d, begin, end, group);
}

static void CV(run_blocks)(void *context, ptrdiff_t begin_unit, ptrdiff_t end_unit)
{
    CV(job) *d = context;
    for (ptrdiff_t unit = begin_unit; unit < end_unit; unit++) {
        ptrdiff_t begin[4], end[4];
        CV(job) part;
        CV(bounds)(d, unit / d->groups, begin, end);
        if (!CV(with_weights)(d, unit % d->groups, &part) || !CV(block)(&part, begin, end, unit % d->groups))
            d->no_memory = 1;
    }
}

/* Whether results are pooled by windows of 2 by 2 side by side, in the tiles that they are computed in. */
static int CV(pools_fours)(const CV(job) *d)
{
    const rk_pooling_call *c = d->pool;
    if (!c || c->window[0] != 1 || c->stride[0] != 1 || c->pad[0] != 0 || d->epilogue > RK_EPI_RELU)
        return 0;
    for (int i = 1; i < 3; i++)
        if (c->window[i] != 2 || c->stride[i] != 2 || c->dilation[i] != 1 || c->pad[i] != 0 || c->out[i] * 2 > c->in[i])
            return 0;
    return 1;
}

/* The same of direct kernels, whose sums have to be so short that the way over memory is long beside them. Rows that
 * leave no second vector are summed in another order (see CV(tile), taps). */
static int CV(pools_itself)(const CV(job) *d)
{
    return d->k < CONV_WEIGHTS_FROM && (d->filters - 1) / CV_L % CONV_NV == 1 && CV(pools_fours)(d);
}

/* Blocks [first, last) of pooled results of a group of panels that tiles pool themselves, from results [begin, end).
 * Answers 0 if there is no memory, -1 if two rows of a window meet different points of the kernel. */
static int CV(pool_rows)(const CV(job) *d, const ptrdiff_t *first, const ptrdiff_t *last, const ptrdiff_t *begin,
                         const ptrdiff_t *end, ptrdiff_t group)
{
    const conv_taps *t = d->taps;
    const ptrdiff_t c = d->channels, *out = d->pool->out;
    const int along = CV(runs_on)(&t[2]);
    ptrdiff_t lo, hi;
    for (int i = 0; i < 2; i++) {
        CV(reach)(d, i, begin[i + 1], end[i + 1], &lo, &hi);
        if (lo < 0 || hi > d->in[i + 1])
            return -1;
    }
    CV(view) v;
    if (!CV(look)(d, begin, end, &v))
        return 0;
    const ptrdiff_t tiles = (out[2] + CONV_MR / 4 - 1) / (CONV_MR / 4), few = out[2] / tiles, more = out[2] % tiles;
    CV(call) g = { .count = { t[0].count, t[1].count, along ? 1 : t[2].count }, .length = along ? t[2].count * c : c,
                   .a_step = { t[0].step * v.step[1], t[1].step * v.step[2], t[2].step * c },
                   .across = d->stride[2] * c, .a_line = d->stride[1] * v.step[2], .ldc = d->filters,
                   .ahead = d->x, .epilogue = d->epilogue };
    for (ptrdiff_t panel = group * d->panels / d->groups; panel < (group + 1) * d->panels / d->groups; panel++) {
        int columns, columns_b;
        const CV_T *b = CV(panel)(d, panel, &columns, &columns_b, &g.ldb);
        g.scale = d->scale ? d->scale + panel * CV_NR : NULL;
        g.bias = d->bias ? d->bias + panel * CV_NR : NULL;
        g.b_step[2] = c * g.ldb;
        g.b_step[1] = t[2].count * g.b_step[2];
        g.b_step[0] = t[1].count * g.b_step[1];
        for (ptrdiff_t n = first[0]; n < last[0]; n++)
            for (ptrdiff_t z = first[1]; z < last[1]; z++)
                for (ptrdiff_t y = first[2]; y < last[2]; y++) {
                    const CV_T *a = v.p + (n - v.at[0]) * v.step[0]
                                    + (z * d->stride[0] + t[0].first - v.at[1]) * v.step[1]
                                    + (2 * y * d->stride[1] + t[1].first - v.at[2]) * v.step[2]
                                    + (t[2].first - v.at[3]) * c;
                    ptrdiff_t to = ((n * out[0] + z) * out[1] + y) * out[2] * d->filters + panel * CV_NR;
                    for (ptrdiff_t i = 0; i < tiles; i++) {
                        const ptrdiff_t windows = few + (i < more);
                        g.places = d->places ? d->places + to : NULL;
                        CV(pooled_kernels)[windows - 1](&g, a, b, d->z + to, columns, columns_b);
                        a += 2 * windows * g.across;
                        to += windows * d->filters;
                    }
                }
    }
    return 1;
}

/* Blocks of pooled results: what their windows reach is computed into memory that stays in the cache. */
static void CV(run_pooled)(void *context, ptrdiff_t begin_unit, ptrdiff_t end_unit)
{
    CV(job) *d = context;
    const rk_pooling_call *c = d->pool;
    for (ptrdiff_t unit = begin_unit; unit < end_unit; unit++) {
        const ptrdiff_t group = unit % d->groups, from_filter = group * d->panels / d->groups * CV_NR;
        ptrdiff_t first[4], last[4], begin[4], end[4];
        CV(bounds)(d, unit / d->groups, first, last);
        CV(job) part;
        if (!CV(with_weights)(d, group, &part)) {
            d->no_memory = 1;
            return;
        }
        rk_pooling_call p = *c;
        p.batch = last[0] - first[0];
        p.channels = conv_min((group + 1) * d->panels / d->groups * CV_NR, d->filters) - from_filter;
        begin[0] = first[0];
        end[0] = last[0];
        begin[3] = 0;
        end[3] = d->out[3];
        for (int i = 0; i < 2; i++) {
            const ptrdiff_t from = first[i + 1] * c->stride[i] - c->pad[i];
            const ptrdiff_t to = (last[i + 1] - 1) * c->stride[i] - c->pad[i] + (c->window[i] - 1) * c->dilation[i] + 1;
            begin[i + 1] = d->by_image ? 0 : conv_min(conv_max(from, 0), c->in[i]);
            end[i + 1] = d->by_image ? c->in[i] : conv_max(conv_min(to, c->in[i]), begin[i + 1]);
            p.in[i] = end[i + 1] - begin[i + 1];
            p.out[i] = last[i + 1] - first[i + 1];
            p.pad[i] = begin[i + 1] - from;
        }
        int pooled = -1;
        if (d->pools_itself && d->winograd) {
            end[3] = 2 * c->out[2];
            pooled = CV(winograd)(&part, begin, end, group);
        } else if (d->pools_itself)
            pooled = CV(pool_rows)(&part, first, last, begin, end, group);
        if (pooled == 1)
            continue;
        for (int i = 3; i >= 0; i--) {
            part.y_step[i] = i == 3 ? p.channels : part.y_step[i + 1] * (end[i + 1] - begin[i + 1]);
            part.y_at += begin[i] * part.y_step[i];
        }
        part.y_at += from_filter;
        /* what is computed; with some of the filters only, the largest of them and their places too */
        const ptrdiff_t index = c->wide_index ? 4 : 1, size = part.y_step[0] * p.batch;
        const ptrdiff_t cells = p.batch * p.out[0] * p.out[1] * p.out[2];
        const ptrdiff_t at = ((first[0] * c->out[0] + first[1]) * c->out[1] + first[2]) * c->out[2] * d->filters;
        const int apart = d->groups > 1;
        part.y = rk_scratch(1, (size_t)(size + (apart ? 2 * cells * p.channels : 0) + 1) * sizeof(CV_T));
        CV_T *z = apart ? part.y + size : d->z + at;
        char *places = !d->places ? NULL : apart ? (char *)(z + cells * p.channels) : d->places + at * index;
        if (!pooled || !part.y || !CV(block)(&part, begin, end, group)
            || !RK_CAT(api, RK_VARIANT).pooling->pool_max(CV_TYPE, &p, part.y, z, places)) {
            d->no_memory = 1;
            return;
        }
        for (ptrdiff_t i = 0; apart && i < cells; i++) {
            const ptrdiff_t to = at + i * d->filters + from_filter;
            memcpy(d->z + to, z + i * p.channels, (size_t)p.channels * sizeof(CV_T));
            if (places)
                memcpy(d->places + to * index, places + i * p.channels * index, (size_t)(p.channels * index));
        }
    }
}

/* Whether a tenth of what rows meet lies beyond the images, which are many and small enough for tiles across them. */
static int CV(overhang)(const CV(job) *d)
{
    const conv_taps *t = &d->taps[2];
    ptrdiff_t outside = 0;
    const ptrdiff_t image = d->in[1] * d->in[2] * d->in[3] * d->channels * (ptrdiff_t)sizeof(CV_T);
    if (d->out[0] < 2 * CONV_MR || image * CONV_MR > CONV_IMAGES_BYTES)
        return 0;
    for (ptrdiff_t o = 0; o < d->out[3]; o++) {
        ptrdiff_t lo, hi;
        conv_inside(o * d->stride[2] + t->first, t->step, t->count, d->in[3], &lo, &hi);
        outside += t->count - (hi - lo);
    }
    return 10 * outside >= d->out[3] * t->count;
}

/* Whether a job is done so, and how: it follows from the sizes alone. */
static int CV(winograd_suits)(CV(job) *d)
{
    const conv_taps *t = d->taps;
    const int taps = t[1].count == 5 ? 5 : 3;
    if (t[0].count != 1 || t[1].count != taps || t[2].count != taps || d->stride[0] != 1 || d->stride[1] != 1
        || d->stride[2] != 1 || d->channels < WINO_CHANNELS || d->filters <= CV_L)
        return 0;
    double tiles = (double)(d->out[0] * d->out[1]), met = tiles;
    for (int i = 1; i < 3; i++) {
        tiles *= (double)wino_before(d->out[i + 1], t[i].step);
        ptrdiff_t inside = 0, lo, hi;
        for (ptrdiff_t o = 0; o < d->out[i + 1]; o++) {
            conv_inside(o + t[i].first, t[i].step, t[i].count, d->in[i + 1], &lo, &hi);
            inside += hi - lo;
        }
        met *= (double)inside;
    }
    /* what is multiplied for a channel and a filter; all filters share turned images, all channels turned results */
    const double turning = 0.12 + 5.0 / (double)d->filters + 3.0 / (double)d->channels;
    d->winograd = taps == 5 ? 7 : 4;
    d->far = CV(winograd_far)(d, tiles);
    const double weights = d->far ? WINO_FAR_WEIGHTS_TILES : WINO_WEIGHTS_TILES;
    if ((double)CV(winograd_points)(d) * ((1 + turning) * tiles + weights) >= (taps == 3 ? 0.85 : 0.75) * met)
        d->winograd = 0;
    return d->winograd;
}

/* Runs such a job, for CV(run). */
static int CV(run_winograd)(CV(job) *d, CV(packing) *packing, ptrdiff_t pixels)
{
    const ptrdiff_t parts = (d->channels + WINO_PART - 1) / WINO_PART;
    const ptrdiff_t cells = d->sizes[0] * d->sizes[1] * d->sizes[2] * d->sizes[3];
    const ptrdiff_t bytes = d->panels * CV(weight_panel)(d) * (ptrdiff_t)sizeof(CV_T);
    d->groups = 1;
    const int own = pixels <= WINO_OWN_PIXELS && d->winograd == 4 && !d->far;
    d->pools_itself = d->taps[1].step == 1 && d->taps[2].step == 1 && CV(pools_fours)(d);
    /* rows of tiles of an image */
    const ptrdiff_t high = wino_before(d->out[2], d->taps[1].step), wide = wino_before(d->out[3], d->taps[2].step);
    if (own && d->out[0] * d->out[1] == 1 && d->taps[1].step == 1 && bytes <= WINO_BYTES
        && (d->pool ? d->sizes[2] : high) % rk_threads() == 0
        && (!d->pool || d->pools_itself) && (high * wide > d->filters || d->panels % rk_threads() != 0)) {
        /* each thread has rows of its own and turns all weights: that is less than to turn the whole image */
        d->packing = packing;
        CV(cut)(d, (d->pool ? d->sizes[2] : 2 * high) / rk_threads() * d->sizes[3]);
    } else if (own && (d->panels % rk_threads() == 0 || (d->panels > rk_threads() && 3 * pixels <= WINO_OWN_PIXELS))) {
        /* each thread has panels of its own, one a few more than another: turning images twice is faster than reading
         * weights from another core */
        d->packing = packing;
        d->groups = rk_threads();
        CV(cut)(d, cells);
    } else {
        CV_T *packed = rk_scratch(0, (size_t)(d->panels * CV(weight_panel)(d)) * sizeof(CV_T));
        if (!packed)
            return 0;
        packing->packed = packed;
        rk_parallel_flushed(CV(winograd_pack), packing, d->panels * parts, 4);
        d->w = packed;
        /* as many batches as may be while there is work for all threads */
        ptrdiff_t wanted = conv_max(conv_min(16 * CONV_MR * WINO_TILES, pixels / (CONV_BLOCKS * rk_threads())),
                                    4 * CV(winograd_batch)(d));
        /* all weights are read for each block: few, but a few for each thread */
        if (d->far && WINO_FAR_PIXELS > 0)
            wanted = conv_max(wanted, conv_min(conv_max(WINO_FAR_PIXELS, pixels / (4 * rk_threads())),
                                               pixels / rk_threads()));
        if (d->pool)
            wanted /= d->pool->stride[0] * d->pool->stride[1] * d->pool->stride[2];
        CV(cut)(d, wanted);
        for (int i = 2; i < 4 && !d->pool; i++) {
            const ptrdiff_t pair = 2 * d->taps[i - 1].step;
            d->block[i] = (d->block[i] + pair - 1) / pair * pair;
            d->blocks[i] = (d->sizes[i] + d->block[i] - 1) / d->block[i];
        }
    }
    if (d->packing)                    /* few tiles: read where they lie, if that is on cache lines */
        packing->corners = packing->transposed || d->filters % CV_LINE != 0 || (uintptr_t)packing->kernel % 64 != 0;
    CV(follow)(d, packing, pixels, d->groups == 1);
    if (own)
        conv_plan(packing->kernel, (pixels + 4 * CONV_MR - 1) / (4 * CONV_MR) * d->panels * CV(winograd_points)(d)
                                       * conv_asked(d->channels, CV_L) / rk_threads(), d->spans);
    const ptrdiff_t blocks = d->blocks[0] * d->blocks[1] * d->blocks[2] * d->blocks[3];
    rk_flushed units = { d->pool ? CV(run_pooled) : CV(run_blocks), d };
    if (d->far)
        rk_parallel_long(rk_run_flushed, &units, blocks * d->groups);
    else
        rk_parallel(rk_run_flushed, &units, blocks * d->groups, 1);
    return !d->no_memory;
}

/* Runs a job whose images, results and taps are set; at, step, size: see packing. */
static int CV(run)(CV(job) *d, const CV_T *kernel, const ptrdiff_t *at, const ptrdiff_t *step, const ptrdiff_t *size,
                   int transposed)
{
    const ptrdiff_t points = d->taps[0].count * d->taps[1].count * d->taps[2].count;
    const ptrdiff_t pixels = d->out[0] * d->out[1] * d->out[2] * d->out[3];
    const ptrdiff_t row_bytes = d->channels * (ptrdiff_t)sizeof(CV_T);
    ptrdiff_t cells = 1;
    for (int i = 0; i < 4; i++) {
        d->sizes[i] = !d->pool ? d->out[i] : i ? d->pool->out[i - 1] : d->pool->batch;
        cells *= d->sizes[i];
    }
    if (pixels <= 0 || cells <= 0 || d->filters <= 0)
        return 1;
    d->k = points * d->channels;
    d->panels = (d->filters + CV_NR - 1) / CV_NR;
    const ptrdiff_t pixel_work = d->k * d->filters + 1, weight_bytes = d->k * d->filters * (ptrdiff_t)sizeof(CV_T);
    /* Weights of a few images are read where they lie if their rows are whole cache lines, so short that a panel's
     * lines do not push each other out of the caches; those of a few pixels anyway. */
    const ptrdiff_t filter_bytes = d->filters * (ptrdiff_t)sizeof(CV_T);
    CV(packing) packing = { kernel, NULL, d, { at[0], at[1], at[2] }, { step[0], step[1], step[2] },
                            { size[0], size[1], size[2] }, transposed, 1 };
    if (CV(winograd_suits)(d))
        return CV(run_winograd)(d, &packing, pixels);
    const int in_place = d->out[0] < CONV_MR / 2 && filter_bytes <= CONV_WIDE_BYTES && filter_bytes % 64 == 0
                         && (uintptr_t)kernel % 64 == 0 && weight_bytes <= CONV_READ_BYTES;
    d->packed = transposed || (pixels > 4 * CONV_MR && d->filters > CV_L && !in_place);
    const int alone = pixels * pixel_work < CONV_THREAD_WORK;
    /* A few small images: a thread has panels of its own, so that no core reads weights from another's cache, and a
     * panel is read by all rows in turn. */
    const ptrdiff_t images = d->in[0] * d->in[1] * d->in[2] * d->in[3] * row_bytes;
    const int own = !alone && weight_bytes >= CONV_OWN_BYTES
                    && d->out[0] < CONV_MR / 2 && images <= CONV_STRIP_BYTES
                    && pixels * CV_NR * (ptrdiff_t)sizeof(CV_T) <= CONV_STRIP_BYTES
                    && d->panels >= 2 * rk_threads() && d->panels % rk_threads() == 0;
    if (own && d->packed)
        d->packing = &packing;
    else if (d->packed) {
        CV_T *packed = rk_scratch(0, (size_t)(d->k * CV_WIDTH(d->filters) + 1) * sizeof(CV_T));
        if (!packed)
            return 0;
        packing.packed = packed;
        if (alone || weight_bytes < 65536)
            CV(pack)(&packing, 0, d->panels * points);
        else
            rk_parallel(CV(pack), &packing, d->panels * points, 4);
        d->w = packed;
    } else
        d->w = kernel;

    /* enough for a thread, and not more than the second cache holds; more where weights do not stay there */
    ptrdiff_t wanted = conv_max(CONV_THREAD_WORK / pixel_work + 1, pixels / (CONV_BLOCKS * rk_threads()));
    if (weight_bytes > 512 << 10)
        wanted = conv_max(wanted, 16 * CONV_MR);
    else if (points == 1)
        wanted = conv_min(wanted, 8 * CONV_MR);        /* results stay in the first caches until a row is complete */
    d->few = d->filters <= CV_FEW && 2 * d->filters <= CV_L && d->stride[2] == 1 && d->channels > 1
             && d->out[3] >= d->taps[2].step * (d->taps[2].count - 1);
    /* Lines of images that push each other out of the first cache leave room for half of a tile: lines of one image
     * may fill more. */
    const int collide = d->in[1] * d->in[2] * d->in[3] * row_bytes % 4096 == 0;
    const int narrow = d->out[3] >= 2 && d->out[3] <= CONV_MR / 2;
    const ptrdiff_t side_by_side = narrow ? d->out[3] * CV(lines)[d->out[3] - 2].lines : d->out[3];
    const int fills = 4 * side_by_side >= 3 * CONV_MR * ((side_by_side + CONV_MR - 1) / CONV_MR);
    d->gathers = points == 1 && d->stride[2] > 1 && !d->pool && !fills && d->channels >= CONV_GATHER_FROM && !alone;
    d->by_image = !d->few && !d->gathers && d->out[0] >= CONV_MR / 2 && !(collide && narrow && fills)
                  && ((d->out[3] <= CONV_MR / 2 && d->out[0] > d->out[3]) || CV(overhang)(d));
    d->pools_itself = !d->few && !d->by_image && CV(pools_itself)(d);
    if (own)
        CV(cut)(d, cells);
    else if (d->by_image) {
        ptrdiff_t most = CONV_MR;
        if (collide)
            most = (CONV_MR + 1) / 2;
        const ptrdiff_t parts = (d->out[0] + most - 1) / most;
        for (int i = 1; i < 4; i++) {
            d->block[i] = d->sizes[i];
            d->blocks[i] = 1;
        }
        d->block[0] = (d->out[0] + parts - 1) / parts;
        d->blocks[0] = (d->out[0] + d->block[0] - 1) / d->block[0];
    } else {
        const ptrdiff_t bytes = (d->gathers ? 1 : d->stride[0] * d->stride[1] * d->stride[2]) * row_bytes + 1;
        const int far = points == 1 && weight_bytes > 512 << 10;   /* each block reads all weights from far away */
        wanted = conv_min(conv_min(wanted, (far ? 2 : 1) * CONV_STRIP_BYTES / bytes + 1),
                          d->k < CONV_FETCH_FROM ? CONV_COLOUR_PIXELS : wanted);
        if (d->out[0] == 1 && d->k < CONV_FETCH_FROM && !alone)
            wanted = conv_min(wanted, cells / (8 * rk_threads()) + 1);     /* so that threads end together */
        if (d->pool)                   /* filters are not cut into groups: blocks for all threads even of one image */
            wanted = conv_min(conv_min(wanted, CONV_STRIP_BYTES / (d->filters * (ptrdiff_t)sizeof(CV_T)) + 1)
                                  / (d->pool->stride[0] * d->pool->stride[1] * d->pool->stride[2]),
                              cells / (4 * rk_threads()) + 1);
        CV(cut)(d, wanted);
        /* a few parts of one row are alike, and as many for each thread */
        const ptrdiff_t whole = CONV_PARTS * rk_threads(), parts = (d->blocks[3] + whole - 1) / whole * whole;
        if (!d->pool && cells == d->sizes[3] && d->blocks[3] > whole / 2
            && parts <= CONV_BLOCKS * rk_threads() + whole) {
            d->block[3] = (cells + parts - 1) / parts;
            d->blocks[3] = (cells + d->block[3] - 1) / d->block[3];
        }
    }
    const ptrdiff_t blocks = d->blocks[0] * d->blocks[1] * d->blocks[2] * d->blocks[3];
    if (own || (d->by_image && !alone && !d->pool && blocks < 16))
        d->groups = d->panels;
    else
        d->groups = blocks >= 16 || alone || d->pool ? 1 : conv_min(d->panels, 16 / blocks);
    CV(follow)(d, &packing, pixels, d->groups == 1);
    rk_task task = d->pool ? CV(run_pooled) : CV(run_blocks);
    rk_parallel_flushed(task, d, blocks * d->groups, alone ? PTRDIFF_MAX : 1);
    return !d->no_memory;
}

/* A kernel of one point that meets each place of the image once: a matrix product. */
RK_INLINE int CV(pointwise)(const rk_conv_call *c)
{
    for (int i = 0; i < 3; i++)
        if (c->kernel[i] != 1 || c->stride[i] != 1 || c->pad[i] != 0)
            return 0;
    return 1;
}

/* To such a kernel all images are one row of pixels. */
static const rk_conv_call *CV(one_row)(const rk_conv_call *c, rk_conv_call *row)
{
    if (!CV(pointwise)(c))
        return c;
    *row = *c;
    row->in[2] = row->out[2] = c->batch * c->in[0] * c->in[1] * c->in[2];
    row->batch = row->in[0] = row->out[0] = row->in[1] = row->out[1] = 1;
    return row;
}

/* What a forward pass is given; where there is a pooling, its results go to z and places, and y is NULL. */
static int CV(forward)(const rk_conv_call *c, const CV_T *x, const CV_T *kernel, const CV_T *scale, const CV_T *bias,
                       int epilogue, CV_T *y, const rk_pooling_call *pool, CV_T *z, void *places)
{
    static const ptrdiff_t zeros[3] = { 0, 0, 0 }, ones[3] = { 1, 1, 1 };
    rk_conv_call row;
    if (!pool)
        c = CV(one_row)(c, &row);
    CV(job) d = { .x = x, .scale = scale, .bias = bias, .y = y, .channels = c->channels, .filters = c->filters,
                  .epilogue = epilogue, .pool = pool, .z = z, .places = places };
    d.in[0] = d.out[0] = c->batch;
    for (int i = 0; i < 3; i++) {
        d.in[i + 1] = c->in[i];
        d.out[i + 1] = c->out[i];
        d.taps[i] = (conv_taps){ -c->pad[i], c->dilation[i], c->kernel[i] };
        d.stride[i] = c->stride[i];
    }
    d.y_step[3] = c->filters;
    for (int i = 2; i >= 0; i--)
        d.y_step[i] = d.out[i + 1] * d.y_step[i + 1];
    return CV(run)(&d, kernel, zeros, ones, c->kernel, 0);
}

/* Zeros at rows [begin, end) of a job's results. */
static void CV(clear)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const CV(job) *d = context;
    for (ptrdiff_t i = begin; i < end; i++) {
        const ptrdiff_t y = i % d->out[2], z = i / d->out[2] % d->out[1], n = i / d->out[2] / d->out[1];
        CV_T *to = d->y + n * d->y_step[0] + z * d->y_step[1] + y * d->y_step[2];
        for (ptrdiff_t x = 0; x < d->out[3]; x++, to += d->y_step[3])
            memset(to, 0, (size_t)d->filters * sizeof(CV_T));
    }
}

static int CV(input_gradient)(const rk_conv_call *c, const CV_T *dy, const CV_T *kernel, CV_T *dx)
{
    rk_conv_call row;
    c = CV(one_row)(c, &row);
    /* one convolution for each residue of the place modulo the stride: the points of the kernel that lead there */
    ptrdiff_t r[3];
    for (r[0] = 0; r[0] < conv_min(c->stride[0], c->in[0]); r[0]++)
        for (r[1] = 0; r[1] < conv_min(c->stride[1], c->in[1]); r[1]++)
            for (r[2] = 0; r[2] < conv_min(c->stride[2], c->in[2]); r[2]++) {
                CV(job) d = { .x = dy, .y = dx, .channels = c->filters, .filters = c->channels };
                ptrdiff_t at[3] = { 0, 0, 0 }, step[3] = { 0, 0, 0 }, place = c->channels;
                d.in[0] = d.out[0] = c->batch;
                for (int i = 2; i >= 0; i--) {
                    const ptrdiff_t s = c->stride[i];
                    d.in[i + 1] = c->out[i];
                    d.out[i + 1] = (c->in[i] - r[i] + s - 1) / s;
                    d.stride[i] = 1;
                    d.y += r[i] * place;
                    d.y_step[i + 1] = s * place;
                    place *= c->in[i];
                    for (ptrdiff_t k = c->kernel[i] - 1; k >= 0; k--) {
                        const ptrdiff_t o = r[i] + c->pad[i] - k * c->dilation[i];
                        if (o % s != 0)
                            continue;
                        if (d.taps[i].count == 0) {
                            at[i] = k;
                            d.taps[i].first = o / s;
                        } else if (d.taps[i].count == 1) {
                            step[i] = k - at[i];
                            d.taps[i].step = o / s - d.taps[i].first;
                        }
                        d.taps[i].count++;
                    }
                    if (d.taps[i].count == 1)
                        d.taps[i].step = 1;
                }
                d.y_step[0] = place;
                if (d.taps[0].count == 0 || d.taps[1].count == 0 || d.taps[2].count == 0 || c->filters <= 0)
                    rk_parallel(CV(clear), &d, d.out[0] * d.out[1] * d.out[2],
                                1 + 32768 / (d.out[3] * d.filters + 1));
                else if (!CV(run)(&d, kernel, at, step, c->kernel, 1))
                    return 0;
            }
    return 1;
}

/* ---- the kernel's gradient ---- */
typedef struct {
    CV(job) job;                       /* x, sizes and taps; results are dy */
    const CV_T *dy;
    CV_T *dkernel, *dbias, *sums;
    int turned;                        /* dbias is of the images: pixel by pixel of them one of dy */
    ptrdiff_t chunks, parts;           /* groups of blocks, with sums of their own; groups of runs */
    ptrdiff_t runs, run, rows;         /* runs of points of the kernel, rows of one, rows of a tile at most */
    ptrdiff_t size;                    /* of the sums of a group */
} CV(gradient);

RK_INLINE ptrdiff_t CV(biases)(const CV(gradient) *q)
{
    return !q->dbias ? 0 : q->turned ? q->job.channels : q->job.filters;
}

/* The sums of columns of dy, or of images as large, over a block: `pitch` elements are a pixel. */
static void CV(sum_rows)(const CV(job) *d, const CV_T *from, ptrdiff_t pitch, const ptrdiff_t *begin,
                         const ptrdiff_t *end, ptrdiff_t columns, CV_T *sum, int add)
{
    CV_V acc[CONV_NV];
    for (int j = 0; j < CONV_NV; j++)
        acc[j] = CV_SET1(0);
    for (ptrdiff_t n = begin[0]; n < end[0]; n++)
        for (ptrdiff_t z = begin[1]; z < end[1]; z++)
            for (ptrdiff_t y = begin[2]; y < end[2]; y++) {
                const CV_T *p = from + ((n * d->out[1] + z) * d->out[2] + y) * d->out[3] * pitch;
                for (ptrdiff_t x = begin[3]; x < end[3]; x++)
                    for (int j = 0; j < CONV_NV; j++) {
                        const ptrdiff_t left = columns - j * CV_L;
                        if (left >= CV_L)
                            acc[j] += CV_LOAD(p + x * pitch + j * CV_L);
                        else if (left > 0)
                            acc[j] += CV_LOAD_PART(p + x * pitch + j * CV_L, left);
                    }
            }
    for (int j = 0; j < CONV_NV; j++) {
        const ptrdiff_t left = columns - j * CV_L;
        CV_T *to = sum + j * CV_L;
        if (left >= CV_L)
            CV_STORE(to, add ? acc[j] + CV_LOAD(to) : acc[j]);
        else if (left > 0)
            CV_STORE_PART(to, add ? acc[j] + CV_LOAD_PART(to, left) : acc[j], left);
    }
}

/* A stretch of memory. */
typedef struct {
    const CV_T *from, *to;
} CV(stretch);

/* What a later block reads: of results, of images. */
static void CV(read_later)(const CV(job) *d, const CV_T *dy, ptrdiff_t block, CV(stretch) *later)
{
    ptrdiff_t begin[4], end[4], pixels = 1;
    CV(bounds)(d, block, begin, end);
    for (int i = 0; i < 4; i++)
        pixels *= end[i] - begin[i];
    const ptrdiff_t z = begin[1] * d->stride[0], y = begin[2] * d->stride[1], x = begin[3] * d->stride[2];
    later[0].from = dy + begin[0] * d->y_step[0] + begin[1] * d->y_step[1] + begin[2] * d->y_step[2]
                    + begin[3] * d->y_step[3];
    later[0].to = later[0].from + pixels * d->filters;
    later[1].from = d->x + (((begin[0] * d->in[1] + z) * d->in[2] + y) * d->in[3] + x) * d->channels;
    later[1].to = later[1].from + pixels * d->stride[0] * d->stride[1] * d->stride[2] * d->channels;
}

static void CV(run_gradient)(void *context, ptrdiff_t begin_unit, ptrdiff_t end_unit)
{
    CV(gradient) *q = context;
    CV(job) *d = &q->job;
    const conv_taps *t = d->taps;
    const ptrdiff_t c = d->channels, f = d->filters, all = d->panels * q->runs;
    const ptrdiff_t blocks = d->blocks[0] * d->blocks[1] * d->blocks[2] * d->blocks[3];
    const int along = CV(runs_on)(&t[2]);
    const ptrdiff_t tiles = (q->run + CONV_MR - 1) / CONV_MR, few = q->run / tiles, more = q->run % tiles;
    CV(sum) g;
    g.a_pixel = d->stride[2] * c;
    g.b_pixel = f;
    g.ldc = f;
    for (ptrdiff_t unit = begin_unit; unit < end_unit; unit++) {
        const ptrdiff_t chunk = unit / q->parts, part = unit % q->parts;
        const ptrdiff_t first = chunk * blocks / q->chunks, last = (chunk + 1) * blocks / q->chunks;
        CV_T *dkernel = q->chunks > 1 ? q->sums + chunk * q->size : q->dkernel;
        CV_T *dbias = q->chunks > 1 ? dkernel + d->k * f : q->dbias;
        for (ptrdiff_t block = first; block < last; block++) {
            ptrdiff_t begin[4], end[4];
            CV(view) v;
            CV(bounds)(d, block, begin, end);
            if (!CV(look)(d, begin, end, &v)) {
                d->no_memory = 1;
                return;
            }
            g.add = block > first;
            g.pixels = end[3] - begin[3];
            g.count[0] = end[0] - begin[0];
            g.a_step[0] = v.step[0];
            g.a_step[1] = d->stride[0] * v.step[1];
            g.a_step[2] = d->stride[1] * v.step[2];
            g.b_step[0] = d->y_step[0];
            g.b_step[1] = d->y_step[1];
            g.b_step[2] = d->y_step[2];
            CV(stretch) later[2] = { { q->dy, q->dy }, { q->dy, q->dy } };
            if (block + 1 < last)
                CV(read_later)(d, q->dy, block + 1, later);
            int asked = 0;
            g.ahead = later[0].from;
            g.line = block + 1 < last ? CV_LINE : 0;
            for (ptrdiff_t i = part * all / q->parts; i < (part + 1) * all / q->parts; i++) {
                const ptrdiff_t panel = i / q->runs, run = i % q->runs;
                const ptrdiff_t columns = conv_min(f - panel * CV_NR, CV_NR);
                const CV_T *dy = q->dy + panel * CV_NR;
                if (run == 0 && q->dbias && !q->turned)
                    CV(sum_rows)(d, dy, f, begin, end, columns, dbias + panel * CV_NR, g.add);
                for (ptrdiff_t j = 0; i == 0 && q->dbias && q->turned && j < c; j += CV_NR)
                    CV(sum_rows)(d, d->x + j, c, begin, end, conv_min(c - j, CV_NR), dbias + j, g.add);
                /* the results whose point of the kernel lies in the image */
                ptrdiff_t point[3] = { 0, 0, 0 }, rest = run, lo[2], hi[2], off[2];
                if (!along) {
                    point[2] = rest % t[2].count;
                    rest /= t[2].count;
                }
                point[1] = rest % t[1].count;
                point[0] = rest / t[1].count;
                for (int j = 0; j < 2; j++) {
                    off[j] = t[j].first + point[j] * t[j].step;
                    lo[j] = conv_max(begin[j + 1], conv_ceil(-off[j], d->stride[j]));
                    hi[j] = conv_max(conv_min(end[j + 1], conv_ceil(d->in[j + 1] - off[j], d->stride[j])), lo[j]);
                    g.count[j + 1] = hi[j] - lo[j];
                }
                const CV_T *a = v.p + (begin[0] - v.at[0]) * v.step[0]
                                + (lo[0] * d->stride[0] + off[0] - v.at[1]) * v.step[1]
                                + (lo[1] * d->stride[1] + off[1] - v.at[2]) * v.step[2]
                                + (begin[3] * d->stride[2] + t[2].first + point[2] * t[2].step - v.at[3]) * c;
                const CV_T *b = dy + begin[0] * d->y_step[0] + lo[0] * d->y_step[1] + lo[1] * d->y_step[2]
                                + begin[3] * f;
                CV_T *to = dkernel + run * q->run * f + panel * CV_NR;
                for (ptrdiff_t j = 0; j < tiles; j++) {
                    const ptrdiff_t rows = few + (j < more);
                    CV(gradient_kernels)[rows - 1][(columns - 1) / CV_L](&g, a, b, to, (int)columns);
                    if (g.ahead >= later[asked].to) {
                        g.ahead = later[1].from;
                        g.line = asked ? 0 : g.line;
                        asked = 1;
                    }
                    a += rows;
                    to += rows * f;
                }
            }
        }
    }
}

/* Adds up the groups' sums, in their order. */
static void CV(add_up)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const CV(gradient) *q = context;
    const ptrdiff_t split = q->job.k * q->job.filters;
    for (ptrdiff_t i = begin; i < end; i += CV_L) {
        const ptrdiff_t n = conv_min(end - i, CV_L);
        CV_T sum[CV_L];
        for (ptrdiff_t j = 0; j < n; j++)
            sum[j] = q->sums[i + j];
        for (ptrdiff_t chunk = 1; chunk < q->chunks; chunk++)
            for (ptrdiff_t j = 0; j < n; j++)
                sum[j] += q->sums[chunk * q->size + i + j];
        for (ptrdiff_t j = 0; j < n; j++)
            if (i + j < split)
                q->dkernel[i + j] = sum[j];
            else
                q->dbias[i + j - split] = sum[j];
    }
}

#include "winograd_gradient_body.h"

/* ---- the gradient of a kernel of many channels and filters ---- */

/* A piece of channels by filters, at a point of the kernel and of a group of pixels, is a matrix product: it copies
 * what lies too far apart for the caches. A unit is a piece, which a thread does alone. */
static void CV(run_product_gradient)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    CV(gradient) *q = context;
    CV(job) *d = &q->job;
    const ptrdiff_t c = d->channels, f = d->filters, pixels = d->out[0] * d->out[1] * d->out[2] * d->out[3];
    for (ptrdiff_t unit = begin; unit < end; unit++) {
        const ptrdiff_t chunk = unit / q->parts, column = unit % d->groups, row = unit / d->groups % q->rows;
        const ptrdiff_t number = unit % q->parts / (d->groups * q->rows), t = d->taps[2].count, ty = d->taps[1].count;
        const ptrdiff_t point[3] = { number / t / ty, number / t % ty, number % t };
        const ptrdiff_t i0 = row * c / q->rows, rows = (row + 1) * c / q->rows - i0;
        const ptrdiff_t j0 = column * d->panels / d->groups * CV_NR;
        const ptrdiff_t columns = conv_min((column + 1) * d->panels / d->groups * CV_NR, f) - j0;
        const ptrdiff_t first = chunk * pixels / q->chunks, last = (chunk + 1) * pixels / q->chunks;
        CV_T *dkernel = q->chunks > 1 ? q->sums + chunk * q->size : q->dkernel;
        CV_T *dbias = q->chunks > 1 ? dkernel + d->k * f : q->dbias;
        static const double one[2] = { 1, 0 }, zero[2] = { 0, 0 };
        const ptrdiff_t lda = q->run ? c : rows + CV_LINE;     /* run: read where they lie */
        CV_T *copy = q->run ? NULL : rk_scratch(3, (size_t)(CONV_PRODUCT_PIXELS * lda) * sizeof(CV_T));
        if (!q->run && !copy) {
            d->no_memory = 1;
            return;
        }
        for (ptrdiff_t from = first, to; from < last; from = to) {
            to = conv_min(from + CONV_PRODUCT_PIXELS, last);
            if (copy)
                CV(gather)(d, point, from, to, i0, rows, lda, copy);
            RK_CAT(api, RK_VARIANT).xgemm(CV_TYPE, 1, 0, 0, 0, rows, columns, to - from, one,
                                          copy ? copy : d->x + from * c + i0, lda, q->dy + from * f + j0, f,
                                          from > first ? one : zero, dkernel + (number * c + i0) * f + j0, f);
            const ptrdiff_t at[4] = { 0, 0, 0, from }, past[4] = { 1, 1, 1, to };
            for (ptrdiff_t j = j0; number == 0 && row == 0 && q->dbias && !q->turned && j < j0 + columns; j += CV_NR)
                CV(sum_rows)(d, q->dy + j, f, at, past, conv_min(f - j, CV_NR), dbias + j, from > first);
            for (ptrdiff_t j = i0; column == 0 && q->dbias && q->turned && j < i0 + rows; j += CV_NR)
                CV(sum_rows)(d, d->x + j, c, at, past, conv_min(i0 + rows - j, CV_NR), dbias + j, from > first);
        }
    }
}

RK_INLINE int CV(product_gradient_pays)(const rk_conv_call *c, ptrdiff_t pixels)
{
    const ptrdiff_t least = conv_min(c->channels, c->filters), most = conv_max(c->channels, c->filters);
    const int apart = c->stride[2] > 1 || (c->dilation[2] > 1 && c->kernel[2] > 1);
    return pixels >= CONV_PRODUCT_PIXELS / 2
           && (least >= CONV_PRODUCT_FROM
               || (least >= CONV_PRODUCT_LEAST && (apart || (CV(pointwise)(c) && most >= CONV_PRODUCT_FROM))));
}

/* Of a job whose images, results and taps are set; `whole`: pixels lie as products read them. */
static int CV(product_gradient)(CV(gradient) *q, ptrdiff_t points, ptrdiff_t pixels, int whole)
{
    CV(job) *d = &q->job;
    d->groups = (d->filters + CONV_PRODUCT_PIECE - 1) / CONV_PRODUCT_PIECE;
    q->rows = (d->channels + CONV_PRODUCT_PIECE - 1) / CONV_PRODUCT_PIECE;
    q->run = whole;
    q->parts = points * q->rows * d->groups;
    const ptrdiff_t size = d->k * d->filters + CV(biases)(q);
    /* a power of two from three on: two threads would wait for the third piece */
    const ptrdiff_t chunks = pixels / (2 * CONV_PRODUCT_PIXELS);
    q->chunks = conv_max(conv_min(CONV_PRODUCT_UNITS / q->parts, chunks > 4 ? 8 : chunks == 3 ? 4 : chunks), 1);
    q->size = CV_WIDTH(size);
    if (q->chunks > 1) {               /* products use slots 0 and 1 */
        q->sums = rk_scratch(2, (size_t)(q->chunks * q->size) * sizeof(CV_T));
        if (!q->sums)
            return 0;
    }
    rk_flushed units = { CV(run_product_gradient), q };
    rk_parallel_long(rk_run_flushed, &units, q->chunks * q->parts);
    if (d->no_memory)
        return 0;
    if (q->chunks > 1)
        rk_parallel_flushed(CV(add_up), q, size, 4096);
    return 1;
}

/* turned: gradients of a kernel of one point with images and dy in each other's place */
static int CV(kernel_gradient_of)(const rk_conv_call *c, const CV_T *x, const CV_T *dy, CV_T *dkernel, CV_T *dbias,
                                  int turned)
{
    CV(gradient) q = { .dy = dy, .dkernel = dkernel, .dbias = dbias, .turned = turned };
    CV(job) *d = &q.job;
    d->x = x;
    d->channels = c->channels;
    d->filters = c->filters;
    d->in[0] = d->out[0] = c->batch;
    for (int i = 0; i < 3; i++) {
        d->in[i + 1] = c->in[i];
        d->out[i + 1] = c->out[i];
        d->taps[i] = (conv_taps){ -c->pad[i], c->dilation[i], c->kernel[i] };
        d->stride[i] = c->stride[i];
    }
    d->y_step[3] = c->filters;
    for (int i = 2; i >= 0; i--)
        d->y_step[i] = d->out[i + 1] * d->y_step[i + 1];
    const int along = CV(runs_on)(&d->taps[2]);
    const ptrdiff_t points = c->kernel[0] * c->kernel[1] * c->kernel[2];
    const ptrdiff_t pixels = c->batch * c->out[0] * c->out[1] * c->out[2];
    d->k = points * c->channels;
    d->panels = (c->filters + CV_NR - 1) / CV_NR;
    if (CV(product_gradient_pays)(c, pixels))
        return CV(product_gradient)(&q, points, pixels, CV(pointwise)(c));
    q.runs = along ? points / c->kernel[2] : points;
    q.run = along ? c->kernel[2] * c->channels : c->channels;
    if (pixels <= 0 || q.run <= 0 || c->filters <= 0) {
        memset(dkernel, 0, (size_t)(d->k * c->filters) * sizeof(CV_T));
        if (dbias)
            memset(dbias, 0, (size_t)CV(biases)(&q) * sizeof(CV_T));
        return 1;
    }
    const ptrdiff_t size = d->k * c->filters + CV(biases)(&q);
    const double work = (double)pixels * (double)d->k * (double)c->filters;
    const ptrdiff_t wanted = work < 32.0 * CONV_THREAD_WORK ? (ptrdiff_t)(work / CONV_THREAD_WORK) + 1 : 32;
    /* as many with a bias' gradient as without, whose sums are the same then: some row beside the kernel counts */
    const ptrdiff_t sums = (d->k + 1) * c->filters;
    q.chunks = conv_min(conv_min(wanted, CONV_GROUPS), CONV_SUMS_BYTES / (sums * (ptrdiff_t)sizeof(CV_T)) + 1);
    /* x and dy of a block stay in the second cache; few pixels would make adding to the sums too dear */
    const ptrdiff_t bytes = (c->stride[0] * c->stride[1] * c->stride[2] * c->channels + c->filters)
                            * (ptrdiff_t)sizeof(CV_T);
    memcpy(d->sizes, d->out, sizeof d->sizes);
    CV(cut)(d, conv_max(conv_min(conv_min(2 * CONV_STRIP_BYTES / bytes, pixels / q.chunks), CONV_SUM_PIXELS), 128));
    q.chunks = conv_min(q.chunks, d->blocks[0] * d->blocks[1] * d->blocks[2] * d->blocks[3]);
    q.parts = conv_min(d->panels * q.runs, conv_max(wanted / q.chunks, 1));
    q.size = CV_WIDTH(size);
    if (q.chunks > 1) {
        q.sums = rk_scratch(1, (size_t)(q.chunks * q.size) * sizeof(CV_T));
        if (!q.sums)
            return 0;
    }
    rk_parallel_flushed(CV(run_gradient), &q, q.chunks * q.parts, wanted == 1 ? PTRDIFF_MAX : 1);
    if (d->no_memory)
        return 0;
    if (q.chunks > 1)
        rk_parallel_flushed(CV(add_up), &q, size, 4096);
    return 1;
}

static int CV(kernel_gradient)(const rk_conv_call *c, const CV_T *x, const CV_T *dy, CV_T *dkernel, CV_T *dbias)
{
    if (CV(pointwise)(c) && c->channels > c->filters) {
        /* turned round, so that long rows of pixels are read along and short ones element by element */
        CV_T *turned = rk_scratch(3, (size_t)(c->channels * c->filters) * sizeof(CV_T));
        if (!turned)
            return 0;
        rk_conv_call round = *c;
        round.channels = c->filters;
        round.filters = c->channels;
        if (!CV(kernel_gradient_of)(&round, dy, x, turned, dbias, 1))
            return 0;
        RK_CAT(api, RK_VARIANT).omatcopy(CV_TYPE, 1, 0, c->filters, c->channels, 1, 0, turned, c->channels, dkernel,
                                         c->filters);
        return 1;
    }
    if (CV(winograd_gradient_pays)(c))
        return CV(winograd_gradient)(c, x, dy, dkernel, dbias);
    return CV(kernel_gradient_of)(c, x, dy, dkernel, dbias, 0);
}

#undef CV_SUFFIX
#undef CV_T
#undef CV_V
#undef CV_L
#undef CV_VF
#undef CV_TYPE
#undef CV_NR
#undef CV_LOAD
#undef CV_STORE
#undef CV_LOAD_PART
#undef CV_STORE_PART
#undef CV_SET1
#undef CV_FMA
#undef CV_LINE
#undef CV_WIDTH
#undef CV_FEW
#undef CV_FEW_NV
#undef CV_FEW_KERNEL
#undef CV_VI
#undef CV_M
#undef CV_TAKES
#undef CV_PACK
#undef CV_POOLED_KERNEL
#undef CV_POOLED_ENTRY
#undef CV_EACH_POOLED
#undef CV_FEW_KERNELS
#undef CV_KERNEL
#undef CV_KERNELS
#undef CV_LINES_KERNEL
#undef CV_LINES_KERNELS
#undef CV_TAPS_KERNEL
#undef CV_TAPS_ENTRY
#undef CV_LINES_ENTRY
#undef CV_EACH_LINES
#undef CV_EACH
#undef CV_ENTRY
#undef CV_GRADIENT_ENTRY
