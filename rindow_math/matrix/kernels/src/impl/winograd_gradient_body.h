/* The gradient of a kernel of 3 x 3 points by Winograd's algorithm F(3x3, 2x2), for one type (see conv_body.h).
 *
 * Reference: A. Lavin, S. Gray: Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308.
 *
 * Along one dimension two results y0, y1 that meet four places d0 .. d3 of the image add to a kernel's three points
 *     S0 + (S1 + S2) / 2,  (S1 - S2) / 2,  (S1 + S2) / 2 + S3,  where
 *     S0 = (d0 - d2) y0,  S1 = (d1 + d2) (y0 + y1),  S2 = (d2 - d1) (y0 - y1),  S3 = (d3 - d1) y1:
 * 4 products for 6. In two dimensions a tile of 2 x 2 results takes 16 for 36. The sums S of all tiles are 16 matrix
 * products of channels by filters; only their totals are turned into the gradient. */

/* Elements between tiles' channels: a line more, so that not all of them compete for the same places of the cache. */
#define CV_WINOGRAD_LINE(channels) (CV_WIDTH(channels) + CV_LINE)

/* What a call works on. The sums of a group of tiles over some channels and filters are a unit of work. */
typedef struct {
    CV(gradient) g;                    /* chunks: groups of tiles; parts: of channels by filters */
    ptrdiff_t channel_parts, channels; /* parts of channels; channels of one at most */
    ptrdiff_t filter_parts, filters;
    ptrdiff_t high, wide, tiles;       /* tiles of an image, of all images */
} CV(winograd_gradient_job);

/* Pixels a tile meets: 16 of the image, 4 results. */
typedef struct {
    const CV_T *x[16], *dy[4];
} CV(winograd_gradient_tile);

/* Four positions of a row of a tile's 4 x 4 of the image: rows a and b subtracted, or added. */
RK_INLINE void CV(winograd_gradient_row)(const CV_T *const *a, const CV_T *const *b, ptrdiff_t channels, CV_T *to,
                                         ptrdiff_t position, const int add)
{
    const CV_T *a0 = a[0], *a1 = a[1], *a2 = a[2], *a3 = a[3], *b0 = b[0], *b1 = b[1], *b2 = b[2], *b3 = b[3];
#define CV_ROW(load, k) (add ? load(a##k, c) + load(b##k, c) : load(a##k, c) - load(b##k, c))
#define CV_WHOLE(p, c) CV_LOAD(p + c)
#define CV_REST(p, c) CV_LOAD_PART(p + c, channels - c)
#define CV_POSITIONS(load) \
    const CV_V d0 = CV_ROW(load, 0), d1 = CV_ROW(load, 1), d2 = CV_ROW(load, 2), d3 = CV_ROW(load, 3); \
    for (int k = 0; k < 4; k++) \
        CONV_FETCH(to + k * position + c + CONV_WINOGRAD_AHEAD, 1); \
    CV_STORE(to + c, d0 - d2); \
    CV_STORE(to + position + c, d1 + d2); \
    CV_STORE(to + 2 * position + c, d2 - d1); \
    CV_STORE(to + 3 * position + c, d3 - d1);
    ptrdiff_t c = 0;
    for (; c + CV_L <= channels; c += CV_L) {
        CV_POSITIONS(CV_WHOLE)
    }
    if (c < channels) {
        CV_POSITIONS(CV_REST)
    }
#undef CV_POSITIONS
#undef CV_ROW
}

/* The same of its 2 x 2 results; panels of filters lie `panel` apart. Adds them up for the bias, if there is one. */
RK_INLINE void CV(winograd_gradient_results)(const CV_T *const *y, ptrdiff_t filters, CV_T *to, ptrdiff_t position,
                                             ptrdiff_t tile, ptrdiff_t panel, CV_T *bias, const int row)
{
    const CV_T *y0 = y[0], *y1 = y[1], *y2 = y[2], *y3 = y[3];
#define CV_ROW(load, k, l) \
    (row == 0 ? load(y##k, c) : row == 1 ? load(y##k, c) + load(y##l, c) \
     : row == 2 ? load(y##k, c) - load(y##l, c) : load(y##l, c))
#define CV_POSITIONS(load) \
    const CV_V u0 = CV_ROW(load, 0, 2), u1 = CV_ROW(load, 1, 3), sum = u0 + u1; \
    for (int k = 0; k < 4; k++) \
        CONV_FETCH(p + k * position + CONV_WINOGRAD_AHEAD, 1); \
    CV_STORE(p, u0); \
    CV_STORE(p + position, sum); \
    CV_STORE(p + 2 * position, u0 - u1); \
    CV_STORE(p + 3 * position, u1); \
    if (row == 1 && bias) \
        CV_STORE(bias + c, CV_LOAD(bias + c) + sum);
    const ptrdiff_t channels = filters;
    for (ptrdiff_t from = 0; from < filters; from += CV_NR, to += panel) {
        const ptrdiff_t end = conv_min(from + CV_NR, filters);
        CV_T *p = to + tile * CV_WIDTH(end - from);
        ptrdiff_t c = from;
        for (; c + CV_L <= end; c += CV_L, p += CV_L) {
            CV_POSITIONS(CV_WHOLE)
        }
        if (c < end) {
            CV_POSITIONS(CV_REST)
        }
    }
#undef CV_POSITIONS
#undef CV_ROW
#undef CV_WHOLE
#undef CV_REST
}

/* The pixels of tiles [begin, end); zeros where there is none. */
static void CV(winograd_gradient_pixels)(const CV(winograd_gradient_job) *q, ptrdiff_t begin, ptrdiff_t end,
                                         ptrdiff_t channel, ptrdiff_t filter, const CV_T *zeros,
                                         CV(winograd_gradient_tile) *p)
{
    const CV(job) *d = &q->g.job;
    for (ptrdiff_t i = begin; i < end; i++, p++) {
        const ptrdiff_t number[2] = { i / q->wide % q->high, i % q->wide }, n = i / q->wide / q->high;
        ptrdiff_t in[2][4], out[2][2];                 /* offsets of pixels, or -1 */
        for (int j = 0; j < 2; j++) {
            const ptrdiff_t step = d->taps[j + 1].step, size = d->in[j + 2];
            const ptrdiff_t o = number[j] / step * 2 * step + number[j] % step, two = o + step < d->out[j + 2];
            const ptrdiff_t at = o + d->taps[j + 1].first, result = j ? 1 : d->out[3];
            for (int k = 0; k < 4; k++) {
                const ptrdiff_t place = at + k * step;
                in[j][k] = place >= 0 && place < size && (two || k < 3) ? place * (j ? 1 : d->in[3]) : -1;
            }
            out[j][0] = o * result;
            out[j][1] = two ? (o + step) * result : -1;
        }
        const CV_T *x = d->x + n * d->in[2] * d->in[3] * d->channels + channel;
        const CV_T *dy = q->g.dy + n * d->y_step[0] + filter;
        for (int k = 0; k < 16; k++) {
            const ptrdiff_t a = in[0][k / 4], b = in[1][k % 4];
            p->x[k] = (a | b) < 0 ? zeros : x + (a + b) * d->channels;
        }
        for (int k = 0; k < 4; k++) {
            const ptrdiff_t a = out[0][k / 2], b = out[1][k % 2];
            p->dy[k] = (a | b) < 0 ? zeros : dy + (a + b) * d->filters;
        }
    }
}

/* Four positions of so many tiles: v of channels, w of filters in panels. */
static void CV(winograd_gradient_transform)(const CV(winograd_gradient_tile) *tile, ptrdiff_t tiles, int row,
                                            ptrdiff_t channels, CV_T *v, ptrdiff_t filters, CV_T *w, CV_T *bias)
{
    static const int rows[4][2] = { { 0, 2 }, { 1, 2 }, { 2, 1 }, { 3, 1 } };
    const ptrdiff_t lda = CV_WINOGRAD_LINE(channels), a_step = tiles * lda, b_step = tiles * CV_WIDTH(filters);
    for (ptrdiff_t i = 0; i < tiles; i++, v += lda) {
        const CV_T *const *a = tile[i].x + 4 * rows[row][0], *const *b = tile[i].x + 4 * rows[row][1];
        if (row == 1)
            CV(winograd_gradient_row)(a, b, channels, v, a_step, 1);
        else
            CV(winograd_gradient_row)(a, b, channels, v, a_step, 0);
    }
#define CV_RESULTS(row) \
    case row: \
        for (ptrdiff_t i = 0; i < tiles; i++) \
            CV(winograd_gradient_results)(tile[i].dy, filters, w, b_step, i, tiles * CV_NR, bias, row); \
        break;
    switch (row) {
        CV_RESULTS(0)
        CV_RESULTS(1)
        CV_RESULTS(2)
        CV_RESULTS(3)
    }
#undef CV_RESULTS
}

/* Asks for pixels that other tiles have not met. */
RK_INLINE void CV(winograd_gradient_fetch)(const CV(winograd_gradient_tile) *p, ptrdiff_t channels, ptrdiff_t filters)
{
    for (ptrdiff_t c = 0; c < channels; c += CV_LINE) {
        CONV_FETCH_LATER(p->x[5] + c);
        CONV_FETCH_LATER(p->x[6] + c);
        CONV_FETCH_LATER(p->x[9] + c);
        CONV_FETCH_LATER(p->x[10] + c);
    }
    for (ptrdiff_t f = 0; f < filters; f += CV_LINE)
        for (int k = 0; k < 4; k++)
            CONV_FETCH_LATER(p->dy[k] + f);
}

/* The gradient from the sums of so many channels by filters: panels of filters, each of 16 positions. */
static void CV(winograd_gradient_finish)(const CV_T *s, ptrdiff_t channels, ptrdiff_t filters, ptrdiff_t position,
                                         CV_T *to, ptrdiff_t point, ptrdiff_t ldc)
{
    const CV_V half = CV_SET1((CV_T)0.5);
    for (ptrdiff_t from = 0; from < filters; from += CV_NR, s += channels * CV_NR) {
        const ptrdiff_t end = conv_min(from + CV_NR, filters), width = CV_WIDTH(end - from);
        for (ptrdiff_t c = 0; c < channels; c++)
            for (ptrdiff_t f = from; f < end; f += CV_L) {
                const CV_T *p = s + c * width + f - from;
                CV_T *dk = to + c * ldc + f;
                CV_V row[4][3];
                CONV_UNROLL
                for (int i = 0; i < 4; i++, p += 4 * position) {
                    const CV_V s1 = CV_LOAD(p + position), s2 = CV_LOAD(p + 2 * position), sum = half * (s1 + s2);
                    row[i][0] = CV_LOAD(p) + sum;
                    row[i][1] = half * (s1 - s2);
                    row[i][2] = sum + CV_LOAD(p + 3 * position);
                }
                CONV_UNROLL
                for (int j = 0; j < 3; j++) {
                    const CV_V sum = half * (row[1][j] + row[2][j]);
                    const CV_V of[3] = { row[0][j] + sum, half * (row[1][j] - row[2][j]), sum + row[3][j] };
                    CONV_UNROLL
                    for (int i = 0; i < 3; i++)
                        if (f + CV_L <= end)
                            CV_STORE(dk + (3 * i + j) * point, of[i]);
                        else
                            CV_STORE_PART(dk + (3 * i + j) * point, of[i], end - f);
                }
            }
    }
}

static void CV(winograd_gradient_run)(void *context, ptrdiff_t begin_unit, ptrdiff_t end_unit)
{
    CV(winograd_gradient_job) *q = context;
    CV(gradient) *g = &q->g;
    CV(job) *d = &g->job;
    const ptrdiff_t most_channels = CV_WINOGRAD_LINE(q->channels), most_filters = CV_WIDTH(q->filters);
    const ptrdiff_t block = CONV_WINOGRAD_TILES;
    const ptrdiff_t sums = 16 * most_channels * most_filters;
    const ptrdiff_t size = sums + 4 * block * (most_channels + most_filters) + most_filters
                           + conv_max(most_channels, most_filters);
    CV_T *s = rk_scratch(2, (size_t)size * sizeof(CV_T)
                                + (size_t)(2 * block) * sizeof(CV(winograd_gradient_tile)));
    if (!s) {
        d->no_memory = 1;
        return;
    }
    CV_T *v = s + sums, *w = v + 4 * block * most_channels, *bias = w + 4 * block * most_filters;
    CV_T *zeros = bias + most_filters;
    CV(winograd_gradient_tile) *tiles = (CV(winograd_gradient_tile) *)(s + size);
    memset(zeros, 0, (size_t)conv_max(most_channels, most_filters) * sizeof(CV_T));
    for (ptrdiff_t unit = begin_unit; unit < end_unit; unit++) {
        const ptrdiff_t chunk = unit / g->parts, part = unit % g->parts;
        const ptrdiff_t channel = part % q->channel_parts * q->channels;
        const ptrdiff_t filter = part / q->channel_parts * q->filters;
        const ptrdiff_t channels = conv_min(d->channels - channel, q->channels), lda = CV_WINOGRAD_LINE(channels);
        const ptrdiff_t filters = conv_min(d->filters - filter, q->filters), ldb = CV_WIDTH(filters);
        const ptrdiff_t first = chunk * q->tiles / g->chunks, last = (chunk + 1) * q->tiles / g->chunks;
        const ptrdiff_t row_tiles = (channels + CONV_MR - 1) / CONV_MR, few = channels / row_tiles;
        const ptrdiff_t more = channels % row_tiles, position = channels * ldb;
        const ptrdiff_t kernels = 16 * row_tiles * ((filters + CV_NR - 1) / CV_NR);
        CV_T *dkernel = g->chunks > 1 ? g->sums + chunk * g->size : g->dkernel;
        CV_T *dbias = !g->dbias || channel ? NULL : (g->chunks > 1 ? dkernel + d->k * d->filters : g->dbias) + filter;
        CV(sum) of = { .count = { 1, 1, 1 }, .a_pixel = lda };
        memset(bias, 0, (size_t)ldb * sizeof(CV_T));
        for (ptrdiff_t from = first; from < last; from += block) {
            of.pixels = conv_min(last - from, block);
            of.add = from > first;
            CV(winograd_gradient_tile) *const tile = tiles + (from - first) / block % 2 * block;
            CV(winograd_gradient_tile) *const next = tiles + block - (tile - tiles);
            const ptrdiff_t coming = conv_min(last - from - of.pixels, block);
            if (from == first)
                CV(winograd_gradient_pixels)(q, from, from + of.pixels, channel, filter, zeros, tile);
            CV(winograd_gradient_pixels)(q, from + block, from + block + coming, channel, filter, zeros, next);
            ptrdiff_t calls = 0, fetched = 0;
            for (int row = 0; row < 4; row++) {
                const ptrdiff_t a_step = of.pixels * lda, b_step = of.pixels * ldb;
                CV(winograd_gradient_transform)(tile, of.pixels, row, channels, v, filters, w, dbias ? bias : NULL);
                for (int column = 0; column < 4; column++)
                    for (ptrdiff_t f = 0; f < filters; f += CV_NR) {
                        const ptrdiff_t width = CV_WIDTH(conv_min(filters - f, CV_NR));
                        const CV_T *a = v + column * a_step, *b = w + column * b_step + of.pixels * f;
                        CV_T *to = s + (4 * row + column) * position + channels * f;
                        of.b_pixel = of.ldc = width;
                        for (ptrdiff_t i = 0; i < row_tiles; i++) {
                            const ptrdiff_t count = few + (i < more);
                            calls++;
                            for (; fetched < calls * coming / kernels; fetched++)
                                CV(winograd_gradient_fetch)(next + fetched, channels, filters);
                            CV(fetch_results)(to, count, width, (int)width);
                            CV(gradient_kernels)[count - 1][(width - 1) / CV_L](&of, a, b, to, (int)width);
                            a += count;
                            to += count * width;
                        }
                    }
            }
        }
        CV(winograd_gradient_finish)(s, channels, filters, position, dkernel + channel * d->filters + filter,
                                     d->channels * d->filters, d->filters);
        if (dbias)
            memcpy(dbias, bias, (size_t)filters * sizeof(CV_T));
    }
}

/* Whether it pays: by the numbers of products, and what transforming costs beside them. */
RK_INLINE int CV(winograd_gradient_pays)(const rk_conv_call *c)
{
    if (c->kernel[0] != 1 || c->kernel[1] != 3 || c->kernel[2] != 3 || c->in[0] != c->out[0] || c->pad[0] != 0
        || c->stride[0] != 1 || c->stride[1] != 1 || c->stride[2] != 1)
        return 0;
    const ptrdiff_t tiles = wino_before(c->out[1], c->dilation[1]) * wino_before(c->out[2], c->dilation[2]);
    return c->channels >= CONV_WINOGRAD_CHANNELS && c->filters >= CONV_WINOGRAD_FILTERS
           && c->batch * c->in[0] * tiles >= CONV_WINOGRAD_FROM && 9 * c->out[1] * c->out[2] >= 20 * tiles;
}

static int CV(winograd_gradient)(const rk_conv_call *c, const CV_T *x, const CV_T *dy, CV_T *dkernel, CV_T *dbias)
{
    CV(winograd_gradient_job) q = { .g = { .dy = dy, .dkernel = dkernel, .dbias = dbias } };
    CV(gradient) *g = &q.g;
    CV(job) *d = &g->job;
    d->x = x;
    d->channels = c->channels;
    d->filters = c->filters;
    d->in[0] = d->out[0] = c->batch * c->in[0];
    for (int i = 1; i < 3; i++) {
        d->in[i + 1] = c->in[i];
        d->out[i + 1] = c->out[i];
        d->taps[i] = (conv_taps){ -c->pad[i], c->dilation[i], 3 };
    }
    d->y_step[0] = c->out[1] * c->out[2] * c->filters;
    d->k = 9 * c->channels;
    q.high = wino_before(c->out[1], c->dilation[1]);
    q.wide = wino_before(c->out[2], c->dilation[2]);
    q.tiles = d->in[0] * q.high * q.wide;
    /* the sums of a unit stay in the second cache */
    q.filter_parts = (c->filters + CONV_WINOGRAD_PART - 1) / CONV_WINOGRAD_PART;
    q.filters = (c->filters + q.filter_parts - 1) / q.filter_parts;
    q.filters = (q.filters + CV_NR - 1) / CV_NR * CV_NR;
    q.filter_parts = (c->filters + q.filters - 1) / q.filters;
    q.channel_parts = (c->channels + CONV_WINOGRAD_PART - 1) / CONV_WINOGRAD_PART;
    q.channels = (c->channels + q.channel_parts - 1) / q.channel_parts;
    g->parts = q.channel_parts * q.filter_parts;
    const ptrdiff_t size = d->k * c->filters + (dbias ? c->filters : 0);
    g->chunks = conv_min(conv_min(q.tiles / CONV_WINOGRAD_CHUNK + 1, CONV_GROUPS),
                         CONV_SUMS_BYTES / (size * (ptrdiff_t)sizeof(CV_T)) + 1);
    g->size = CV_WIDTH(size);
    if (g->chunks > 1) {
        g->sums = rk_scratch(1, (size_t)(g->chunks * g->size) * sizeof(CV_T));
        if (!g->sums)
            return 0;
    }
    rk_parallel_flushed(CV(winograd_gradient_run), &q, g->chunks * g->parts, 1);
    if (d->no_memory)
        return 0;
    if (g->chunks > 1)
        rk_parallel_flushed(CV(add_up), g, size, 4096);
    return 1;
}

#undef CV_WINOGRAD_LINE
