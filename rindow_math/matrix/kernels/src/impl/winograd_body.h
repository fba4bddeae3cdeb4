/* Winograd's convolution F(2x2, 3x3) for one type, and one of kernels of 5 x 5 points; a part of conv_body.h.
 *
 * Four neighbouring results of a filter of 3 x 3 points take 16 multiplications for each channel instead of 36: the
 * 4 x 4 places d that they meet, the filter g and the products m are turned into 16 points each,
 *     v = B'dB, u = GgG', m[p] = sum over channels of v[p] * u[p], results = A'mA,
 * so that at each of the points there is a matrix product, tiles by filters. A tile of results begins at an even place
 * of the result, counted in steps of the dilation, wherever blocks begin. Sums are shorter than the definition's, and
 * errors smaller (A. Lavin, S. Gray, Fast Algorithms for Convolutional Neural Networks, 2016). An infinity becomes nan
 * where it is met, and a result depends on no place that it does not meet.
 *
 * Of five points along a dimension the first three are taken so, with four products, the last two with three:
 *     (d3 - d4) g3, d4 (g3 + g4), (d4 - d5) g4.
 * Four results of 5 x 5 points take 49 multiplications instead of 100. */

/* Points along a dimension: 4 or 7 (d->winograd); places of the image that they are turned from; points of a kernel. */
#define CV_PLACES(n) ((n) == 7 ? 6 : 4)
#define CV_TAPS(n) ((n) == 7 ? 5 : 3)

RK_INLINE void CV(turn_weights)(CV_V *t, const CV_V *g, const int n)
{
    const CV_V half = CV_SET1((CV_T)0.5), sum = (g[0] + g[2]) * half;
    t[0] = g[0];
    t[1] = CV_FMA(g[1], half, sum);
    t[2] = CV_FMA(g[1], -half, sum);
    t[3] = g[2];
    if (n == 7) {
        t[4] = g[3];
        t[5] = g[3] + g[4];
        t[6] = g[4];
    }
}

RK_INLINE void CV(turn_places)(CV_V *t, const CV_V *d, const int n)
{
    t[0] = d[0] - d[2];
    t[1] = d[1] + d[2];
    t[2] = d[2] - d[1];
    t[3] = d[1] - d[3];
    if (n == 7) {
        t[4] = d[3] - d[4];
        t[5] = d[4];
        t[6] = d[4] - d[5];
    }
}

RK_INLINE void CV(turn_products)(CV_V *y, const CV_V *m, const int n)
{
    y[0] = m[0] + m[1] + m[2];
    y[1] = m[1] - m[2] - m[3];
    if (n == 7) {
        y[0] += m[4] + m[5];
        y[1] += m[5] - m[6];
    }
}

RK_INLINE ptrdiff_t CV(winograd_points)(const CV(job) *d) { return d->winograd * d->winograd; }

/* A tile's channels at a point: whole vectors, each beside those of the other tiles. */
RK_INLINE ptrdiff_t CV(pitch)(ptrdiff_t channels) { return CV_WIDTH(channels); }

/* Weights at a point, a panel's size: so that they do not push each other out of the first cache. */
RK_INLINE ptrdiff_t CV(weight_points)(const CV(job) *d, ptrdiff_t width) { return d->channels * width + CV_LINE; }
RK_INLINE ptrdiff_t CV(weight_panel)(const CV(job) *d) { return CV(winograd_points)(d) * CV(weight_points)(d, CV_NR); }

/* Tiles of a batch: more if weights do not stay in the second cache. */
RK_INLINE ptrdiff_t CV(winograd_batch)(const CV(job) *d)
{
    const ptrdiff_t bytes = CV(winograd_points)(d) * CONV_MR * CV(pitch)(d->channels) * (ptrdiff_t)sizeof(CV_T);
    const ptrdiff_t weights = d->panels * CV(weight_panel)(d) * (ptrdiff_t)sizeof(CV_T);
    return weights <= WINO_WEIGHT_BYTES ? CONV_MR : conv_max(conv_min(WINO_BYTES / bytes, WINO_TILES), 1) * CONV_MR;
}

/* Whether weights that do not stay there would come from far away too often: then all products of many of so many tiles
 * at a point come one after the other. A panel of weights may stay there beside the points of all tiles, if few. */
RK_INLINE int CV(winograd_far)(const CV(job) *d, double tiles)
{
    const ptrdiff_t batch = CV(winograd_batch)(d);
    const double points = (double)CV(winograd_points)(d) * tiles * (double)CV(pitch)(d->channels);
    const int few = (points + (double)CV(weight_panel)(d)) * sizeof(CV_T) <= WINO_FEW_BYTES;
    return d->panels * CV(weight_panel)(d) * (ptrdiff_t)sizeof(CV_T) > WINO_WEIGHT_BYTES
           && ((batch == CONV_MR && !few) || (batch < WINO_NEAR_TILES && tiles >= WINO_FAR_FROM));
}

/* ---- weights ---- */

/* Where the weights of a point of the kernel lie. */
RK_INLINE const CV_T *CV(point_weights)(const CV(packing) *q, int y, int x)
{
    return q->kernel + (((q->at[0] * q->size[1] + q->at[1] + y * q->step[1]) * q->size[2]) + q->at[2] + x * q->step[2])
                       * q->d->channels * q->d->filters;
}

/* GgG' of rows of filters, whose points are dy and dx apart, from columns on; without corners points that are weights
 * themselves are left out. */
RK_INLINE void CV(weight_rows)(const CV_T *g0, ptrdiff_t dy, ptrdiff_t dx, ptrdiff_t ld, ptrdiff_t rows,
                               ptrdiff_t columns, CV_T *to, ptrdiff_t point, ptrdiff_t width, const int n, int corners)
{
    const int taps = CV_TAPS(n);
    for (; rows > 0; rows--, g0 += ld, to += width)
        for (ptrdiff_t j = 0; j < columns; j += CV_L) {
            CV_V t[5][7];
            CONV_UNROLL
            for (int i = 0; i < taps; i++) {
                CV_V g[5];
                CONV_UNROLL
                for (int k = 0; k < taps; k++)
                    g[k] = columns - j >= CV_L ? CV_LOAD(g0 + k * dy + i * dx + j)
                                               : CV_LOAD_PART(g0 + k * dy + i * dx + j, columns - j);
                CV(turn_weights)(t[i], g, n);
            }
            CONV_UNROLL
            for (int i = 0; i < n; i++) {
                CV_V g[5], u[7];
                CONV_UNROLL
                for (int k = 0; k < taps; k++)
                    g[k] = t[k][i];
                CV(turn_weights)(u, g, n);
                CONV_UNROLL
                for (int k = 0; k < n; k++)
                    if (corners || i % 3 || k % 3)
                        CV_STORE(to + (i * n + k) * point + j, u[k]);
            }
        }
}

/* The same of parts of panels, each of WINO_PART channels. */
static void CV(winograd_pack)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const CV(packing) *q = context;
    const CV(job) *d = q->d;
    const ptrdiff_t c = d->channels, f = d->filters, parts = (c + WINO_PART - 1) / WINO_PART;
    const int taps = CV_TAPS(d->winograd);
    _Alignas(64) CV_T turned[25 * WINO_PART * CV_NR];
    for (ptrdiff_t unit = begin; unit < end; unit++) {
        const ptrdiff_t panel = unit / parts, c0 = unit % parts * WINO_PART, j0 = panel * CV_NR;
        const ptrdiff_t columns = conv_min(f - j0, CV_NR), width = CV_WIDTH(columns);
        const ptrdiff_t rows = conv_min(c - c0, WINO_PART), point = CV(weight_points)(d, width);
        CV_T *to = q->packed + panel * CV(weight_panel)(d) + c0 * width;
        const CV_T *g = CV(point_weights)(q, 0, 0) + c0 * f + j0;
        ptrdiff_t dy = q->step[1] * q->size[2] * c * f, dx = q->step[2] * c * f, ld = f, all = columns;
        if (q->transposed) {
            dx = WINO_PART * CV_NR;
            dy = taps * dx;
            ld = all = width;
            g = turned;
            if (columns < width)
                memset(turned, 0, sizeof turned);
            for (int i = 0; i < taps * taps; i++)
                RK_CAT(api, RK_VARIANT).omatcopy(CV_TYPE, 1, 0, columns, rows, 1, 0,
                                                 CV(point_weights)(q, i / taps, i % taps) + j0 * c + c0, c,
                                                 turned + i * dx, width);
        }
        if (taps == 5)
            CV(weight_rows)(g, dy, dx, ld, rows, all, to, point, width, 7, 1);
        else if (q->corners)
            CV(weight_rows)(g, dy, dx, ld, rows, all, to, point, width, 4, 1);
        else if (all == CV_NR)
            CV(weight_rows)(g, dy, dx, ld, rows, CV_NR, to, point, width, 4, 0);
        else
            CV(weight_rows)(g, dy, dx, ld, rows, all, to, point, width, 4, 0);
    }
}

/* ---- images ---- */

/* B'dB of a tile, at v; points, and vectors of channels, are so many elements apart. Its places are dy and dx apart, or
 * at p, if some lie outside the image. */
RK_INLINE void CV(image_points)(const CV_T *from, ptrdiff_t dy, ptrdiff_t dx, const CV_T *const *p, CV_T *v,
                                ptrdiff_t point, ptrdiff_t step, ptrdiff_t channels, const int n)
{
    const int places = CV_PLACES(n);
    for (ptrdiff_t k = 0; k < channels; k += CV_L, v += step) {
        CV_V t[6][7];
        const ptrdiff_t left = channels - k;
#define CV_COLUMNS(load) \
    CONV_UNROLL \
    for (int j = 0; j < places; j++) { \
        CV_V d[6]; \
        CONV_UNROLL \
        for (int i = 0; i < places; i++) \
            d[i] = load(i, j); \
        CV(turn_places)(t[j], d, n); \
    }
#define CV_INSIDE(i, j) CV_LOAD(from + k + (i) * dy + (j) * dx)
#define CV_EDGE(i, j) CV_LOAD(p[(i) * places + (j)] + k)
#define CV_LEFT(i, j) CV_LOAD_PART(p[(i) * places + (j)] + k, left)
        if (left < CV_L) {
            CV_COLUMNS(CV_LEFT)
        } else if (from) {
            CV_COLUMNS(CV_INSIDE)
        } else {
            CV_COLUMNS(CV_EDGE)
        }
#undef CV_COLUMNS
#undef CV_INSIDE
#undef CV_EDGE
#undef CV_LEFT
        CONV_UNROLL
        for (int i = 0; i < n; i++) {
            CV_V d[6], u[7];
            CONV_UNROLL
            for (int j = 0; j < places; j++)
                d[j] = t[j][i];
            CV(turn_places)(u, d, n);
            CONV_UNROLL
            for (int j = 0; j < n; j++)
                CV_STORE(v + (i * n + j) * point, u[j]);
        }
    }
}

/* ---- results ---- */

/* Where the results of a tile go; inside: which of the four belong to the block, a bit each. If they are pooled, where
 * the largest of them goes. */
typedef struct {
    CV_T *y;
    int inside;
} CV(place);

/* A'mA of a tile's columns, and what follows it. */
RK_INLINE void CV(results)(const CV(job) *d, const CV_T *m, ptrdiff_t point, const CV(place) *to, ptrdiff_t j0,
                           ptrdiff_t columns, const int n)
{
    const ptrdiff_t steps[4] = { 0, d->taps[2].step * d->y_step[3], d->taps[1].step * d->y_step[2],
                                 d->taps[1].step * d->y_step[2] + d->taps[2].step * d->y_step[3] };
    for (ptrdiff_t j = 0; j < columns; j += CV_L) {
        const ptrdiff_t left = columns - j;
        CV_V r[2][7], y[CONV_MR][CONV_NV];     /* the four results in the first vectors of y */
        CONV_UNROLL
        for (int i = 0; i < n; i++) {
            CV_V row[7], two[2];
            CONV_UNROLL
            for (int k = 0; k < n; k++)
                row[k] = CV_LOAD(m + (i * n + k) * point + j);
            CV(turn_products)(two, row, n);
            r[0][i] = two[0];
            r[1][i] = two[1];
        }
        CONV_UNROLL
        for (int i = 0; i < 2; i++) {
            CV_V two[2];
            CV(turn_products)(two, r[i], n);
            y[i][0] = two[0];
            y[2 + i][0] = two[1];
        }
        if (d->scale) {
            const CV_V s = CV(part)(d->scale + j0 + j, 0, (int)left);
            const CV_V t = CV(part)(d->bias ? d->bias + j0 + j : NULL, 0, (int)left);
            CONV_UNROLL
            for (int i = 0; i < 4; i++)
                y[i][0] = CV_FMA(y[i][0], s, t);
        } else if (d->bias) {
            const CV_V t = CV(part)(d->bias + j0 + j, 0, (int)left);
            CONV_UNROLL
            for (int i = 0; i < 4; i++)
                y[i][0] += t;
        }
        if (d->epilogue == RK_EPI_RELU) {
            CONV_UNROLL
            for (int i = 0; i < 4; i++)
                y[i][0] = CV(act)(y[i][0], RK_EPI_RELU);
        }
        if (d->pools_itself) {
            if (d->places)
                CV(largest)(y, d->places + (to->y - d->z) + j, 0, (int)left, 2, 1);
            else
                CV(largest)(y, NULL, 0, (int)left, 2, 1);
            if (left >= CV_L)
                CV_STORE(to->y + j, y[0][0]);
            else
                CV_STORE_PART(to->y + j, y[0][0], left);
        } else if (to->inside == 15 && left >= CV_L) {
            CONV_UNROLL
            for (int i = 0; i < 4; i++)
                CV_STORE(to->y + steps[i] + j, y[i][0]);
        } else {
            CONV_UNROLL
            for (int i = 0; i < 4; i++)
                if (to->inside >> i & 1) {
                    if (left >= CV_L)
                        CV_STORE(to->y + steps[i] + j, y[i][0]);
                    else
                        CV_STORE_PART(to->y + steps[i] + j, y[i][0], left);
                }
        }
    }
    if (d->epilogue > RK_EPI_RELU)
        for (int i = 0; i < 4; i++)
            if (to->inside >> i & 1)
                CV(activate)(to->y + steps[i], 0, 1, columns, d->epilogue);
}

static void CV(winograd_results)(const CV(job) *d, const CV_T *m, ptrdiff_t point, const CV(place) *to, ptrdiff_t j0,
                                 ptrdiff_t columns)
{
    if (d->winograd == 4)
        CV(results)(d, m, point, to, j0, columns, 4);
    else
        CV(results)(d, m, point, to, j0, columns, 7);
}

/* A block's tiles, in the order of their places: in each of a few images and planes, rows by columns of them. */
typedef struct {
    const CV(job) *d;
    const ptrdiff_t *begin, *end;
    ptrdiff_t first[2], count[2];
    ptrdiff_t point, step;             /* elements between a tile's points, and its vectors of channels */
    const CV_T *zeros;
} CV(tiles);

/* A tile's points, to v, and the place of its results. */
static void CV(turn_tile)(const CV(tiles) *q, ptrdiff_t number, CV_T *v, CV(place) *to)
{
    const CV(job) *d = q->d;
    const ptrdiff_t step[2] = { d->taps[1].step, d->taps[2].step }, c = d->channels;
    ptrdiff_t o[2];
    to->inside = 15;
    for (int k = 1; k >= 0; k--) {
        const ptrdiff_t t = q->first[k] + number % q->count[k];
        number /= q->count[k];
        o[k] = t + t / step[k] * step[k];
        if (o[k] < q->begin[k + 2])
            to->inside &= k ? 10 : 12;
        if (o[k] + step[k] >= q->end[k + 2])
            to->inside &= k ? 5 : 3;
    }
    const ptrdiff_t planes = q->end[1] - q->begin[1];
    const ptrdiff_t z = q->begin[1] + number % planes, n = q->begin[0] + number / planes;
    const ptrdiff_t in_z = z + d->taps[0].first, y = o[0] + d->taps[1].first, x = o[1] + d->taps[2].first;
    if (d->pools_itself) {
        const ptrdiff_t *cells = d->pool->out;
        to->y = d->z + (((n * cells[0] + z) * cells[1] + o[0] / 2) * cells[2] + o[1] / 2) * d->filters;
    } else
        to->y = d->y + (n * d->y_step[0] + z * d->y_step[1] + o[0] * d->y_step[2] + o[1] * d->y_step[3] - d->y_at);
    const int places = CV_PLACES(d->winograd);
    const ptrdiff_t dy = step[0] * d->in[3] * c, dx = step[1] * c;
    const CV_T *p[36], *from = d->x + (((n * d->in[1] + in_z) * d->in[2] + y) * d->in[3] + x) * c;
    const int inside = in_z >= 0 && in_z < d->in[1] && y >= 0 && y + (places - 1) * step[0] < d->in[2] && x >= 0
                       && x + (places - 1) * step[1] < d->in[3] && c % CV_L == 0;
    for (int i = 0; !inside && i < places; i++) {
        const ptrdiff_t at_y = y + i * step[0];
        const int in_row = in_z >= 0 && in_z < d->in[1] && at_y >= 0 && at_y < d->in[2];
        for (int j = 0; j < places; j++) {
            const ptrdiff_t at_x = x + j * step[1];
            const int in = in_row && at_x >= 0 && at_x < d->in[3];
            p[i * places + j] = in ? from + i * dy + j * dx : q->zeros;
        }
    }
    if (d->winograd == 4)
        CV(image_points)(inside ? from : NULL, dy, dx, p, v, q->point, q->step, c, 4);
    else
        CV(image_points)(inside ? from : NULL, dy, dx, p, v, q->point, q->step, c, 7);
}

/* ---- products ---- */

/* Memory that is asked for while there are products: stretches of so many lines, and what lies between them. */
typedef struct {
    const CV_T *at;
    ptrdiff_t left, run, line, skip;
} CV(ahead);

/* The next of the weights that a thread asks for ahead of the jobs that read them (see ahead.h). */
typedef struct {
    CV(ahead) now;
    ptrdiff_t part, next, lines;       /* of the thread; of the spans; until the span ends */
} CV(asking);

static void CV(next_span)(const CV(job) *d, CV(asking) *a)
{
    if (a->next >= CONV_SPANS || d->spans[a->next].lines <= 0) {
        a->now = (CV(ahead)){ .at = d->x, .left = PTRDIFF_MAX };
        a->lines = PTRDIFF_MAX;
        return;
    }
    const conv_span *s = &d->spans[a->next++];
    const ptrdiff_t parts = s->weights.row / s->weights.part, row = s->weights.row / (ptrdiff_t)sizeof(CV_T);
    const ptrdiff_t run = s->weights.part / 64, from = s->first % run;
    a->now = (CV(ahead)){ .at = (const CV_T *)s->weights.kernel + s->first / run * row + a->part % parts * run * CV_LINE
                                + from * CV_LINE,
                          .left = run - from, .run = run, .line = CV_LINE, .skip = row - run * CV_LINE };
    a->lines = s->lines;
}

/* The products of so many tiles with nv vectors of filters at a point. */
typedef struct {
    ptrdiff_t channels, step, ldu, ldm;    /* step: between tiles' vectors of channels */
    CV(ahead) *ahead;
} CV(products);

RK_INLINE void CV(point_tile)(const CV(products) *g, const CV_T *v, const CV_T *u, CV_T *m, const int tiles,
                              const int nv)
{
    CV_V acc[CONV_MR][CONV_NV], w[CONV_NV];
    const ptrdiff_t step = g->step, ldu = g->ldu, ldm = g->ldm, line = g->ahead->line;
    const CV_T *at = g->ahead->at;
    ptrdiff_t left = g->ahead->left;
    CONV_UNROLL
    for (int i = 0; i < tiles; i++) {
        CONV_UNROLL
        for (int j = 0; j < nv; j++)
            acc[i][j] = CV_SET1(0);
    }
#define CV_STEP(p) \
    CONV_UNROLL \
    for (int j = 0; j < nv; j++) \
        w[j] = CV_LOAD(u + j * CV_L); \
    u += ldu; \
    CONV_UNROLL \
    for (int i = 0; i < tiles; i++) { \
        const CV_V x = CV_SET1(v[i * CV_L + (p)]); \
        CONV_UNROLL \
        for (int j = 0; j < nv; j++) \
            acc[i][j] = CV_FMA(x, w[j], acc[i][j]); \
    }
    for (ptrdiff_t channels = g->channels; channels > 0; channels -= CV_L, v += step) {
        const ptrdiff_t n = conv_min(channels, CV_L);
        ptrdiff_t p = 0;
        for (; p + 2 <= n; p += 2) {
            CV_STEP(p)
            CONV_FETCH_LATER(at);          /* more often it would be in the way */
            at += line;
            if (--left == 0) {
                at += g->ahead->skip;
                left = g->ahead->run;
            }
            CV_STEP(p + 1)
        }
        if (p < n) {
            CV_STEP(p)
        }
    }
#undef CV_STEP
    g->ahead->at = at;
    g->ahead->left = left;
    CONV_UNROLL
    for (int i = 0; i < tiles; i++) {
        CONV_UNROLL
        for (int j = 0; j < nv; j++)
            CV_STORE(m + i * ldm + j * CV_L, acc[i][j]);
    }
}

typedef void (*CV(point_kernel))(const CV(products) *g, const CV_T *v, const CV_T *u, CV_T *m);
#define CV_POINT_KERNEL(tiles, nv) \
    RK_NOINLINE void CV(point_##tiles##_##nv)(const CV(products) *g, const CV_T *v, const CV_T *u, CV_T *m) \
    { \
        CV(point_tile)(g, v, u, m, tiles, nv); \
    }
#define CV_POINT_KERNELS(tiles) CV_POINT_KERNEL(tiles, 1) CV_POINT_KERNEL(tiles, 2)
#define CV_POINT_ENTRY(tiles) { CV(point_##tiles##_1), CV(point_##tiles##_2) },
CV_EACH(CV_POINT_KERNELS)
/* [tiles - 1][vectors - 1] */
static const CV(point_kernel) CV(point_kernels)[CONV_MR][CONV_NV] = { CV_EACH(CV_POINT_ENTRY) };

/* Asks for a tile's results. */
RK_INLINE void CV(fetch_tile)(const CV(job) *d, const CV_T *y, ptrdiff_t columns)
{
    for (int i = 0; i < (d->pools_itself ? 1 : 4); i++)
        for (ptrdiff_t j = 0; j < columns; j += CV_LINE)
            CONV_FETCH(y + (i / 2) * d->taps[1].step * d->y_step[2] + (i % 2) * d->taps[2].step * d->y_step[3] + j, 1);
}

/* All panels of so many tiles; 0 if there is no memory. */
static int CV(winograd_by_points)(CV(tiles) *q, ptrdiff_t tiles)
{
    const CV(job) *d = q->d;
    const ptrdiff_t c = d->channels, pitch = CV(pitch)(c), points = CV(winograd_points)(d);
    const ptrdiff_t batches = (tiles + WINO_FAR_TILES - 1) / WINO_FAR_TILES, most = (tiles + batches - 1) / batches;
    CV(ahead) ahead = { .left = PTRDIFF_MAX, .line = CV_LINE };
    CV(products) g = { .channels = c, .step = most * CV_L, .ldm = d->panels * CV_NR, .ahead = &ahead };
    const ptrdiff_t m_point = most * g.ldm + CV_LINE;
    q->point = most * pitch + CV_LINE;
    q->step = g.step;
    CV_T *v = rk_scratch(2, (size_t)(points * (q->point + m_point) + pitch) * sizeof(CV_T));
    if (!v)
        return 0;
    CV_T *m = v + points * q->point, *zeros = m + points * m_point;
    memset(zeros, 0, (size_t)c * sizeof(CV_T));
    q->zeros = zeros;
    CV(place) places[WINO_FAR_TILES];
    for (ptrdiff_t batch = 0; batch < batches; batch++) {
        const ptrdiff_t from = batch * tiles / batches, n = (batch + 1) * tiles / batches - from;
        const ptrdiff_t subs = (n + CONV_MR - 1) / CONV_MR;
        for (ptrdiff_t i = 0; i < n; i++)
            CV(turn_tile)(q, from + i, v + i * CV_L, &places[i]);
        for (ptrdiff_t k = 0; k < points; k++)
            for (ptrdiff_t panel = 0; panel < d->panels; panel++) {
                const ptrdiff_t j0 = panel * CV_NR, width = CV_WIDTH(conv_min(d->filters - j0, CV_NR));
                const CV_T *w = d->w + panel * CV(weight_panel)(d) + k * CV(weight_points)(d, width);
                const CV_T *next = panel + 1 < d->panels ? w + CV(weight_panel)(d)
                                                         : d->w + (k + 1) * CV(weight_points)(d, CV_NR);
                g.ldu = width;
                ahead.at = next;
                ahead.line = CV_LINE;
                for (ptrdiff_t sub = 0; sub < subs; sub++) {
                    const ptrdiff_t i0 = sub * n / subs, rows = (sub + 1) * n / subs - i0;
                    CV(point_kernels)[rows - 1][width / CV_L - 1](&g, v + k * q->point + i0 * CV_L, w,
                                                                  m + k * m_point + i0 * g.ldm + j0);
                    if (ahead.at >= next + c * width)
                        ahead.line = 0;
                }
            }
        for (ptrdiff_t i = 0; i < n; i++)
            CV(winograd_results)(d, m + i * g.ldm, m_point, &places[i], 0, d->filters);
    }
    return 1;
}

/* A batch of tiles, and the later one whose points are written meanwhile. */
typedef struct {
    const CV(tiles) *q;
    const CV(packing) *own;            /* of weights of which some are read where they lie, or NULL */
    const CV_T *weights, *now;
    CV_T *other, *m;
    CV(asking) *asking;
    ptrdiff_t tiles, next, later;      /* tiles of the batch; first of the later one, how many it has */
    const CV(place) *place;
    CV(place) *later_place;
} CV(batch);

/* The results of a batch for some panels. While there are products, the points of the later one are written, a tile
 * at a time: memory takes no time then. */
static void CV(multiply)(const CV(batch) *b, ptrdiff_t first_panel, ptrdiff_t last_panel)
{
    const CV(tiles) *q = b->q;
    const CV(job) *d = q->d;
    const ptrdiff_t m_point = CONV_MR * CV_NR + CV_LINE, asked = conv_asked(d->channels, CV_L);
    const ptrdiff_t points = CV(winograd_points)(d), subs = (b->tiles + CONV_MR - 1) / CONV_MR;
    const ptrdiff_t all = subs * (last_panel - first_panel) * points;
    ptrdiff_t turned = 0, done = 0;
    CV(products) g = { .channels = d->channels, .step = q->step, .ldm = CV_NR, .ahead = &b->asking->now };
    for (ptrdiff_t panel = first_panel; panel < last_panel; panel++) {
        const ptrdiff_t j0 = panel * CV_NR, columns = conv_min(d->filters - j0, CV_NR), width = CV_WIDTH(columns);
        const ptrdiff_t w_point = CV(weight_points)(d, width);
        const CV_T *w = b->weights + panel * CV(weight_panel)(d);
        for (ptrdiff_t sub = 0; sub < subs; sub++) {
            const ptrdiff_t i0 = sub * b->tiles / subs, rows = (sub + 1) * b->tiles / subs - i0;
            const CV(point_kernel) kernel = CV(point_kernels)[rows - 1][width / CV_L - 1];
            const CV(place) *place = b->place + i0;
            for (int k = 0; k < points; k++) {
                if (k < rows)
                    CV(fetch_tile)(d, place[k].y + j0, columns);
                const CV_T *u = w + k * w_point;
                g.ldu = width;
                if (b->own && !b->own->corners && k / 4 % 3 == 0 && k % 4 % 3 == 0) {
                    u = CV(point_weights)(b->own, k / 12 * 2, k % 4 / 3 * 2) + j0;
                    g.ldu = d->filters;
                }
                kernel(&g, b->now + k * q->point + i0 * CV_L, u, b->m + k * m_point);
                if ((b->asking->lines -= asked) <= 0)
                    CV(next_span)(d, b->asking);
                for (done++; turned * all < done * b->later; turned++)
                    CV(turn_tile)(q, b->next + turned, b->other + turned * CV_L, &b->later_place[turned]);
            }
            for (ptrdiff_t i = 0; i < rows; i++) {
                const CV(place) to = { place[i].y + j0, place[i].inside };
                CV(winograd_results)(d, b->m + i * CV_NR, m_point, &to, j0, columns);
            }
        }
    }
}

/* A group of panels of a block of results; 0 if there is no memory. Tiles are worked on in batches. */
static int CV(winograd)(const CV(job) *d, const ptrdiff_t *begin, const ptrdiff_t *end, ptrdiff_t group)
{
    const ptrdiff_t c = d->channels, pitch = CV(pitch)(c), points = CV(winograd_points)(d);
    const ptrdiff_t first_panel = group * d->panels / d->groups, last_panel = (group + 1) * d->panels / d->groups;
    CV(tiles) q = { .d = d, .begin = begin, .end = end };
    for (int i = 0; i < 2; i++) {
        const ptrdiff_t step = d->taps[i + 1].step;
        q.first[i] = wino_before(begin[i + 2] - step, step);
        q.count[i] = wino_before(end[i + 2], step) - q.first[i];
    }
    const ptrdiff_t tiles = (end[0] - begin[0]) * (end[1] - begin[1]) * q.count[0] * q.count[1];
    if (tiles <= 0)
        return 1;
    if (d->far)
        return CV(winograd_by_points)(&q, tiles);
    const ptrdiff_t most = CV(winograd_batch)(d), batches = (tiles + most - 1) / most;
    const ptrdiff_t m_point = CONV_MR * CV_NR + CV_LINE;
    q.step = (tiles + batches - 1) / batches * CV_L;
    q.point = q.step / CV_L * pitch + CV_LINE;
    CV_T *v = rk_scratch(2, (size_t)(points * (2 * q.point + m_point) + pitch) * sizeof(CV_T));
    if (!v)
        return 0;
    CV_T *m = v + 2 * points * q.point, *zeros = m + points * m_point;
    memset(zeros, 0, (size_t)c * sizeof(CV_T));
    q.zeros = zeros;
    CV(place) places[2][WINO_TILES * CONV_MR];
    CV(asking) asking = { .part = d->groups > 1 ? group : begin[2] * rk_get_threads() / d->out[2] };
    CV(next_span)(d, &asking);
    /* weights of its own are turned a panel at a time if all would not stay in the cache; two batches are kept then */
    const CV(packing) *own = d->packing;
    const ptrdiff_t bytes = (last_panel - first_panel) * CV(weight_panel)(d) * (ptrdiff_t)sizeof(CV_T);
    const ptrdiff_t held = own && bytes > WINO_BYTES ? 1 : last_panel - first_panel;
    CV_T *packed = NULL;
    if (own && !(packed = rk_scratch(0, (size_t)(held * CV(weight_panel)(d)) * sizeof(CV_T))))
        return 0;
    for (ptrdiff_t panel = first_panel; panel < last_panel; panel += held) {
        const int kept = panel > first_panel && batches <= 2;
        const CV_T *weights = d->w;
        if (own) {
            const ptrdiff_t parts = (c + WINO_PART - 1) / WINO_PART;
            CV(packing) p = *own;
            weights = p.packed = packed - panel * CV(weight_panel)(d);
            CV(winograd_pack)(&p, panel * parts, (panel + held) * parts);
        }
        for (ptrdiff_t i = 0; !kept && i < tiles / batches; i++)
            CV(turn_tile)(&q, i, v + i * CV_L, &places[0][i]);
        for (ptrdiff_t batch = 0; batch < batches; batch++) {
            const ptrdiff_t from = batch * tiles / batches, next = (batch + 1) * tiles / batches, n_tiles = next - from;
            const ptrdiff_t later = batch + 1 < batches && !kept ? (batch + 2) * tiles / batches - next : 0;
            const CV(batch) b = { .q = &q, .own = own, .weights = weights, .now = v + batch % 2 * points * q.point,
                                  .other = v + (batch + 1) % 2 * points * q.point, .m = m, .tiles = n_tiles,
                                  .next = next, .later = later, .asking = &asking, .place = places[batch % 2],
                                  .later_place = places[(batch + 1) % 2] };
            CV(multiply)(&b, panel, panel + held);
        }
    }
    return 1;
}
