/* Winograd's convolution F(2x2, 3x3) for one type; a part of conv_body.h.
 *
 * Four neighbouring results of a filter of 3 x 3 points take 16 multiplications for each channel instead of 36: the
 * 4 x 4 places d that they meet, the filter g and the products m are turned into 16 points each,
 *     v = B'dB, u = GgG', m[p] = sum over channels of v[p] * u[p], results = A'mA,
 * so that at each of the points there is a matrix product, tiles by filters. A tile of results begins at an even place
 * of the result, counted in steps of the dilation, wherever blocks begin. Sums are shorter than the definition's, and
 * errors smaller (A. Lavin, S. Gray, Fast Algorithms for Convolutional Neural Networks, 2016). An infinity becomes nan
 * where it is met, and a result depends on no place that it does not meet. */

/* A row of a tile's points, so that rows do not push each other out of the first cache. */
RK_INLINE ptrdiff_t CV(pitch)(ptrdiff_t channels)
{
    const ptrdiff_t lines = (channels + CV_LINE - 1) / CV_LINE;
    return (lines % 8 == 0 ? lines + 1 : lines) * CV_LINE;
}

/* Weights at a point, a panel's size: as above. */
RK_INLINE ptrdiff_t CV(weight_points)(const CV(job) *d, ptrdiff_t width) { return d->channels * width + CV_LINE; }
RK_INLINE ptrdiff_t CV(weight_panel)(const CV(job) *d) { return WINO_POINTS * CV(weight_points)(d, CV_NR); }

/* Tiles of a batch: more if weights do not stay in the second cache. */
RK_INLINE ptrdiff_t CV(winograd_batch)(const CV(job) *d)
{
    const ptrdiff_t bytes = WINO_POINTS * CONV_MR * CV(pitch)(d->channels) * (ptrdiff_t)sizeof(CV_T);
    const ptrdiff_t weights = d->panels * CV(weight_panel)(d) * (ptrdiff_t)sizeof(CV_T);
    return weights <= WINO_WEIGHT_BYTES ? CONV_MR : conv_max(conv_min(WINO_BYTES / bytes, WINO_TILES), 1) * CONV_MR;
}

/* ---- weights ---- */

/* Where the weights of a point of the kernel lie. */
RK_INLINE const CV_T *CV(point_weights)(const CV(packing) *q, int i)
{
    return q->kernel + (((q->at[0] * q->size[1] + q->at[1] + i / 3 * q->step[1]) * q->size[2])
                        + q->at[2] + i % 3 * q->step[2]) * q->d->channels * q->d->filters;
}

/* GgG' of parts of panels, each of WINO_PART channels. */
static void CV(winograd_pack)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const CV(packing) *q = context;
    const CV(job) *d = q->d;
    const ptrdiff_t c = d->channels, f = d->filters, parts = (c + WINO_PART - 1) / WINO_PART;
    const CV_V half = CV_SET1((CV_T)0.5);
    _Alignas(64) CV_T turned[9 * WINO_PART * CV_NR];
    for (ptrdiff_t unit = begin; unit < end; unit++) {
        const ptrdiff_t panel = unit / parts, c0 = unit % parts * WINO_PART, j0 = panel * CV_NR;
        const ptrdiff_t columns = conv_min(f - j0, CV_NR), width = CV_WIDTH(columns);
        const ptrdiff_t rows = conv_min(c - c0, WINO_PART), point = CV(weight_points)(d, width);
        CV_T *to = q->packed + panel * CV(weight_panel)(d) + c0 * width;
        const CV_T *from[9];
        for (int i = 0; i < 9; i++) {
            const CV_T *w = CV(point_weights)(q, i);
            if (!q->transposed) {
                from[i] = w + c0 * f + j0;
                continue;
            }
            CV_T *t = turned + i * WINO_PART * CV_NR;
            from[i] = t;
            if (columns < width)
                memset(t, 0, (size_t)(rows * width) * sizeof(CV_T));
            RK_CAT(api, RK_VARIANT).omatcopy(CV_TYPE, 1, 0, columns, rows, 1, 0, w + j0 * c + c0, c, t, width);
        }
        const ptrdiff_t ld = q->transposed ? width : f, all = q->transposed ? width : columns;
        for (ptrdiff_t r = 0; r < rows; r++, to += width)
            for (ptrdiff_t j = 0; j < all; j += CV_L) {
                CV_V g[9], t[4][3];
                CONV_UNROLL
                for (int i = 0; i < 9; i++)
                    g[i] = CV(part)(from[i] + r * ld + j, 0, (int)(all - j));
                CONV_UNROLL
                for (int i = 0; i < 3; i++) {
                    const CV_V sum = g[i] + g[6 + i];
                    t[0][i] = g[i];
                    t[1][i] = (sum + g[3 + i]) * half;
                    t[2][i] = (sum - g[3 + i]) * half;
                    t[3][i] = g[6 + i];
                }
                CONV_UNROLL
                for (int i = 0; i < 4; i++) {
                    const CV_V sum = t[i][0] + t[i][2];
                    const int stored = i % 3 != 0 || q->corners;
                    if (stored)
                        CV_STORE(to + (4 * i) * point + j, t[i][0]);
                    CV_STORE(to + (4 * i + 1) * point + j, (sum + t[i][1]) * half);
                    CV_STORE(to + (4 * i + 2) * point + j, (sum - t[i][1]) * half);
                    if (stored)
                        CV_STORE(to + (4 * i + 3) * point + j, t[i][2]);
                }
            }
    }
}

/* ---- images ---- */

/* B'dB of a tile whose 16 places are at p; points are so many elements apart. */
RK_INLINE void CV(image_points)(const CV_T *const *p, CV_T *v, ptrdiff_t point, ptrdiff_t channels)
{
    for (ptrdiff_t k = 0; k < channels; k += CV_L) {
        CV_V t[4][4];
        const ptrdiff_t left = channels - k;
#define CV_COLUMN(load) \
    CONV_UNROLL \
    for (int j = 0; j < 4; j++) { \
        const CV_V d0 = load(p[j] + k), d1 = load(p[4 + j] + k), d2 = load(p[8 + j] + k), d3 = load(p[12 + j] + k); \
        t[0][j] = d0 - d2; \
        t[1][j] = d1 + d2; \
        t[2][j] = d2 - d1; \
        t[3][j] = d1 - d3; \
    }
#define CV_LEFT(p) CV_LOAD_PART(p, left)
        if (left >= CV_L) {
            CV_COLUMN(CV_LOAD)
        } else {
            CV_COLUMN(CV_LEFT)
        }
#undef CV_COLUMN
#undef CV_LEFT
        CONV_UNROLL
        for (int i = 0; i < 4; i++) {          /* rows of points are whole vectors */
            CV_STORE(v + (4 * i) * point + k, t[i][0] - t[i][2]);
            CV_STORE(v + (4 * i + 1) * point + k, t[i][1] + t[i][2]);
            CV_STORE(v + (4 * i + 2) * point + k, t[i][2] - t[i][1]);
            CV_STORE(v + (4 * i + 3) * point + k, t[i][1] - t[i][3]);
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
RK_INLINE void CV(winograd_results)(const CV(job) *d, const CV_T *m, ptrdiff_t point, const CV(place) *to,
                                    ptrdiff_t j0, ptrdiff_t columns)
{
    const ptrdiff_t steps[4] = { 0, d->taps[2].step * d->y_step[3], d->taps[1].step * d->y_step[2],
                                 d->taps[1].step * d->y_step[2] + d->taps[2].step * d->y_step[3] };
    for (ptrdiff_t j = 0; j < columns; j += CV_L) {
        const ptrdiff_t left = columns - j;
        CV_V r[4][2], y[CONV_MR][CONV_NV];     /* the four results in the first vectors of y */
        CONV_UNROLL
        for (int i = 0; i < 4; i++) {
            const CV_V m1 = CV_LOAD(m + (4 * i + 1) * point + j), m2 = CV_LOAD(m + (4 * i + 2) * point + j);
            r[i][0] = CV_LOAD(m + (4 * i) * point + j) + m1 + m2;
            r[i][1] = m1 - m2 - CV_LOAD(m + (4 * i + 3) * point + j);
        }
        CONV_UNROLL
        for (int i = 0; i < 2; i++) {
            y[i][0] = r[0][i] + r[1][i] + r[2][i];
            y[2 + i][0] = r[1][i] - r[2][i] - r[3][i];
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

/* A block's tiles, in the order of their places: in each of a few images and planes, rows by columns of them. */
typedef struct {
    const CV(job) *d;
    const ptrdiff_t *begin, *end;
    ptrdiff_t first[2], count[2];
    ptrdiff_t point;                   /* elements between a tile's points */
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
    const CV_T *p[WINO_POINTS], *from = d->x + (((n * d->in[1] + in_z) * d->in[2] + y) * d->in[3] + x) * c;
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            const ptrdiff_t at_y = y + i * step[0], at_x = x + j * step[1];
            const int in = in_z >= 0 && in_z < d->in[1] && at_y >= 0 && at_y < d->in[2] && at_x >= 0
                           && at_x < d->in[3];
            p[4 * i + j] = in ? from + (i * step[0] * d->in[3] + j * step[1]) * c : q->zeros;
        }
    CV(image_points)(p, v, q->point, c);
}

/* Asks for a tile's results. */
RK_INLINE void CV(fetch_tile)(const CV(job) *d, const CV_T *y, ptrdiff_t columns)
{
    for (int i = 0; i < (d->pools_itself ? 1 : 4); i++)
        for (ptrdiff_t j = 0; j < columns; j += CV_LINE)
            CONV_FETCH(y + (i / 2) * d->taps[1].step * d->y_step[2] + (i % 2) * d->taps[2].step * d->y_step[3] + j, 1);
}

/* A batch of tiles, and the later one whose points are written meanwhile. */
typedef struct {
    const CV(tiles) *q;
    const CV(packing) *own;            /* of weights of which some are read where they lie, or NULL */
    const CV_T *weights, *now;
    CV_T *other, *m;
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
    const ptrdiff_t pitch = CV(pitch)(d->channels), m_point = CONV_MR * CV_NR + CV_LINE;
    const ptrdiff_t subs = (b->tiles + CONV_MR - 1) / CONV_MR;
    const ptrdiff_t all = subs * (last_panel - first_panel) * WINO_POINTS;
    ptrdiff_t turned = 0, done = 0;
    CV(call) g = { .count = { 1, 1, 1 }, .length = d->channels, .across = pitch, .ldc = CV_NR, .ahead = d->x };
    for (ptrdiff_t panel = first_panel; panel < last_panel; panel++) {
        const ptrdiff_t j0 = panel * CV_NR, columns = conv_min(d->filters - j0, CV_NR), width = CV_WIDTH(columns);
        const ptrdiff_t w_point = CV(weight_points)(d, width);
        const CV_T *w = b->weights + panel * CV(weight_panel)(d);
        for (ptrdiff_t sub = 0; sub < subs; sub++) {
            const ptrdiff_t i0 = sub * b->tiles / subs, rows = (sub + 1) * b->tiles / subs - i0;
            const CV(kernel) kernel = CV(kernels)[rows - 1][width / CV_L - 1];
            const CV(place) *place = b->place + i0;
            for (int k = 0; k < WINO_POINTS; k++) {
                if (k < rows)
                    CV(fetch_tile)(d, place[k].y + j0, columns);
                const CV_T *u = w + k * w_point;
                g.ldb = width;
                if (b->own && !b->own->corners && k / 4 % 3 == 0 && k % 4 % 3 == 0) {
                    u = CV(point_weights)(b->own, k / 4 * 2 + k % 4 / 3 * 2) + j0;
                    g.ldb = d->filters;
                }
                kernel(&g, b->now + k * q->point + i0 * pitch, u, b->m + k * m_point, (int)width, (int)width);
                for (done++; turned * all < done * b->later; turned++)
                    CV(turn_tile)(q, b->next + turned, b->other + turned * pitch, &b->later_place[turned]);
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
    const ptrdiff_t c = d->channels, pitch = CV(pitch)(c);
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
    const ptrdiff_t most = CV(winograd_batch)(d), batches = (tiles + most - 1) / most;
    const ptrdiff_t m_point = CONV_MR * CV_NR + CV_LINE;
    q.point = (tiles + batches - 1) / batches * pitch + CV_LINE;
    CV_T *v = rk_scratch(2, (size_t)(WINO_POINTS * (2 * q.point + m_point) + pitch) * sizeof(CV_T));
    if (!v)
        return 0;
    CV_T *m = v + 2 * WINO_POINTS * q.point, *zeros = m + WINO_POINTS * m_point;
    memset(zeros, 0, (size_t)c * sizeof(CV_T));
    q.zeros = zeros;
    CV(place) places[2][WINO_TILES * CONV_MR];
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
            CV(turn_tile)(&q, i, v + i * pitch, &places[0][i]);
        for (ptrdiff_t batch = 0; batch < batches; batch++) {
            const ptrdiff_t from = batch * tiles / batches, next = (batch + 1) * tiles / batches, n_tiles = next - from;
            const ptrdiff_t later = batch + 1 < batches && !kept ? (batch + 2) * tiles / batches - next : 0;
            const CV(batch) b = { .q = &q, .own = own, .weights = weights, .now = v + batch % 2 * WINO_POINTS * q.point,
                                  .other = v + (batch + 1) % 2 * WINO_POINTS * q.point, .m = m, .tiles = n_tiles,
                                  .next = next, .later = later, .place = places[batch % 2],
                                  .later_place = places[(batch + 1) % 2] };
            CV(multiply)(&b, panel, panel + held);
        }
    }
    return 1;
}
