/* The gradient of a kernel of 3 x 3 points by Winograd's algorithm F(3x3, 2x2), and of one of 5 x 5, for one type (see
 * conv_body.h).
 *
 * Reference: A. Lavin, S. Gray: Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308.
 *
 * Along one dimension two results y0, y1 that meet four places d0 .. d3 of the image add to a kernel's three points
 *     S0 + (S1 + S2) / 2,  (S1 - S2) / 2,  (S1 + S2) / 2 + S3,  where
 *     S0 = (d0 - d2) y0,  S1 = (d1 + d2) (y0 + y1),  S2 = (d2 - d1) (y0 - y1),  S3 = (d3 - d1) y1:
 * 4 products for 6. In two dimensions a tile of 2 x 2 results takes 16 for 36. The sums S of all tiles are 16 matrix
 * products of channels by filters; only their totals are turned into the gradient. To a fourth and fifth point they add
 *     S4 + S5,  S5 - S6,  where  S4 = (d3 - d4) y0,  S5 = d4 (y0 + y1),  S6 = (d4 - d5) y1:
 * 7 products for 10, 49 for 100. */

/* Elements between tiles' channels: a line more, so that not all of them compete for the same places of the cache. */
#define CV_WINOGRAD_LINE(channels) (CV_WIDTH(channels) + CV_LINE)

/* What a call works on. The sums of a group of tiles over some channels and filters are a unit of work. */
typedef struct {
    CV(gradient) g;                    /* chunks: groups of tiles; parts: of channels by filters */
    ptrdiff_t channel_parts, channels; /* parts of channels; channels of one at most */
    ptrdiff_t filter_parts, filters;
    ptrdiff_t high, wide, tiles;       /* tiles of an image, of all images */
    int n;                             /* positions along a dimension: 4 or 7 */
} CV(winograd_gradient_job);

/* Pixels a tile meets: 4 x 4 or 6 x 6 of the image, 4 results. */
typedef struct {
    const CV_T *x[36], *dy[4];
} CV(winograd_gradient_tile);

/* The n positions of a row of a tile's n x n of the image: rows a and b subtracted, added, or a alone. */
RK_INLINE void CV(winograd_gradient_row)(const CV_T *const *a, const CV_T *const *b, ptrdiff_t channels, CV_T *to,
                                         ptrdiff_t position, const char mode, const int n)
{
    const CV_T *a0 = a[0], *a1 = a[1], *a2 = a[2], *a3 = a[3], *a4 = n == 7 ? a[4] : a0, *a5 = n == 7 ? a[5] : a0;
    const CV_T *b0 = b[0], *b1 = b[1], *b2 = b[2], *b3 = b[3], *b4 = n == 7 ? b[4] : b0, *b5 = n == 7 ? b[5] : b0;
#define CV_ROW(load, k) \
    (mode == '+' ? load(a##k, c) + load(b##k, c) : mode == '-' ? load(a##k, c) - load(b##k, c) : load(a##k, c))
#define CV_WHOLE(p, c) CV_LOAD(p + c)
#define CV_REST(p, c) CV_LOAD_PART(p + c, channels - c)
#define CV_POSITIONS(load) \
    const CV_V d0 = CV_ROW(load, 0), d1 = CV_ROW(load, 1), d2 = CV_ROW(load, 2), d3 = CV_ROW(load, 3); \
    for (int k = 0; k < n; k++) \
        CONV_FETCH(to + k * position + c + CONV_WINOGRAD_AHEAD, 1); \
    CV_STORE(to + c, d0 - d2); \
    CV_STORE(to + position + c, d1 + d2); \
    CV_STORE(to + 2 * position + c, d2 - d1); \
    CV_STORE(to + 3 * position + c, d3 - d1); \
    if (n == 7) { \
        const CV_V d4 = CV_ROW(load, 4), d5 = CV_ROW(load, 5); \
        CV_STORE(to + 4 * position + c, d3 - d4); \
        CV_STORE(to + 5 * position + c, d4); \
        CV_STORE(to + 6 * position + c, d4 - d5); \
    }
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

/* Four positions of its 2 x 2 results; panels of filters lie `panel` apart. Adds them up for the bias, if there is
 * one. */
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
    const int places = CV_PLACES(q->n);
    for (ptrdiff_t i = begin; i < end; i++, p++) {
        const ptrdiff_t number[2] = { i / q->wide % q->high, i % q->wide }, n = i / q->wide / q->high;
        ptrdiff_t in[2][6], out[2][2];                 /* offsets of pixels, or -1 */
        for (int j = 0; j < 2; j++) {
            const ptrdiff_t step = d->taps[j + 1].step, size = d->in[j + 2];
            const ptrdiff_t o = number[j] / step * 2 * step + number[j] % step, two = o + step < d->out[j + 2];
            const ptrdiff_t at = o + d->taps[j + 1].first, result = j ? 1 : d->out[3];
            for (int k = 0; k < places; k++) {
                const ptrdiff_t place = at + k * step;
                in[j][k] = place >= 0 && place < size && (two || k < places - 1) ? place * (j ? 1 : d->in[3]) : -1;
            }
            out[j][0] = o * result;
            out[j][1] = two ? (o + step) * result : -1;
        }
        const CV_T *x = d->x + n * d->in[2] * d->in[3] * d->channels + channel;
        const CV_T *dy = q->g.dy + n * d->y_step[0] + filter;
        for (int k = 0; k < places * places; k++) {
            const ptrdiff_t a = in[0][k / places], b = in[1][k % places];
            p->x[k] = (a | b) < 0 ? zeros : x + (a + b) * d->channels;
        }
        for (int k = 0; k < 4; k++) {
            const ptrdiff_t a = out[0][k / 2], b = out[1][k % 2];
            p->dy[k] = (a | b) < 0 ? zeros : dy + (a + b) * d->filters;
        }
    }
}

/* A row of positions of so many tiles: v of channels; w of filters, in panels, unless those of the row before are
 * meant. */
static void CV(winograd_gradient_transform)(const CV(winograd_gradient_tile) *tile, ptrdiff_t tiles, int row,
                                            ptrdiff_t channels, CV_T *v, ptrdiff_t filters, CV_T *w, CV_T *bias,
                                            int n)
{
    static const int rows[7][2] = { { 0, 2 }, { 1, 2 }, { 2, 1 }, { 3, 1 }, { 3, 4 }, { 4, 4 }, { 4, 5 } };
    const ptrdiff_t lda = CV_WINOGRAD_LINE(channels), a_step = tiles * lda, b_step = tiles * CV_WIDTH(filters);
    const int places = CV_PLACES(n);
    for (ptrdiff_t i = 0; i < tiles; i++, v += lda) {
        const CV_T *const *a = tile[i].x + places * rows[row][0];
        const CV_T *const *b = tile[i].x + places * rows[row][1];
#define CV_MODE(m, n) CV(winograd_gradient_row)(a, b, channels, v, a_step, m, n)
        if (n == 4 && row == 1)
            CV_MODE('+', 4);
        else if (n == 4)
            CV_MODE('-', 4);
        else if (row == 1)
            CV_MODE('+', 7);
        else if (row == 5)
            CV_MODE(0, 7);
        else
            CV_MODE('-', 7);
#undef CV_MODE
    }
#define CV_RESULTS(row) \
    case row: \
        for (ptrdiff_t i = 0; i < tiles; i++) \
            CV(winograd_gradient_results)(tile[i].dy, filters, w, b_step, i, tiles * CV_NR, bias, row); \
        break;
    switch (row) {                     /* rows 4 to 6 meet the results as rows 0, 1 and 3 do, which come before them */
        CV_RESULTS(0)
        CV_RESULTS(1)
        CV_RESULTS(2)
        CV_RESULTS(3)
    }
#undef CV_RESULTS
}

/* Asks for pixels that other tiles have not met: 2 x 2 in the middle. */
RK_INLINE void CV(winograd_gradient_fetch)(const CV(winograd_gradient_tile) *p, ptrdiff_t channels, ptrdiff_t filters,
                                           int n)
{
    const int places = CV_PLACES(n), middle = (places / 2 - 1) * (places + 1);
    for (ptrdiff_t c = 0; c < channels; c += CV_LINE)
        for (int k = 0; k < 4; k++)
            CONV_FETCH_LATER(p->x[middle + k / 2 * places + k % 2] + c);
    for (ptrdiff_t f = 0; f < filters; f += CV_LINE)
        for (int k = 0; k < 4; k++)
            CONV_FETCH_LATER(p->dy[k] + f);
}

/* Along one dimension, the points of a kernel from sums. */
RK_INLINE void CV(turn_sums)(CV_V *dk, const CV_V *s, const int n)
{
    const CV_V half = CV_SET1((CV_T)0.5), sum = half * (s[1] + s[2]);
    dk[0] = s[0] + sum;
    dk[1] = half * (s[1] - s[2]);
    dk[2] = sum + s[3];
    if (n == 7) {
        dk[3] = s[4] + s[5];
        dk[4] = s[5] - s[6];
    }
}

/* The gradient from the sums of so many channels by filters: panels of filters, each of n x n positions. */
RK_INLINE void CV(winograd_gradient_finish)(const CV_T *s, ptrdiff_t channels, ptrdiff_t filters, ptrdiff_t position,
                                            CV_T *to, ptrdiff_t point, ptrdiff_t ldc, const int n)
{
    const int taps = CV_TAPS(n);
    for (ptrdiff_t from = 0; from < filters; from += CV_NR, s += channels * CV_NR) {
        const ptrdiff_t end = conv_min(from + CV_NR, filters), width = CV_WIDTH(end - from);
        for (ptrdiff_t c = 0; c < channels; c++)
            for (ptrdiff_t f = from; f < end; f += CV_L) {
                const CV_T *p = s + c * width + f - from;
                CV_T *dk = to + c * ldc + f;
                CV_V row[5][7];
                CONV_UNROLL
                for (int i = 0; i < n; i++, p += n * position) {
                    CV_V of[7], turned[5];
                    CONV_UNROLL
                    for (int j = 0; j < n; j++)
                        of[j] = CV_LOAD(p + j * position);
                    CV(turn_sums)(turned, of, n);
                    CONV_UNROLL
                    for (int j = 0; j < taps; j++)
                        row[j][i] = turned[j];
                }
                CONV_UNROLL
                for (int j = 0; j < taps; j++) {
                    CV_V of[5];
                    CV(turn_sums)(of, row[j], n);
                    CONV_UNROLL
                    for (int i = 0; i < taps; i++)
                        if (f + CV_L <= end)
                            CV_STORE(dk + (taps * i + j) * point, of[i]);
                        else
                            CV_STORE_PART(dk + (taps * i + j) * point, of[i], end - f);
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
    const int n = q->n;
    const ptrdiff_t sums = n * n * most_channels * most_filters;
    const ptrdiff_t size = sums + block * (n * most_channels + 4 * most_filters) + most_filters
                           + conv_max(most_channels, most_filters);
    CV_T *s = rk_scratch(2, (size_t)size * sizeof(CV_T)
                                + (size_t)(2 * block) * sizeof(CV(winograd_gradient_tile)));
    if (!s) {
        d->no_memory = 1;
        return;
    }
    CV_T *v = s + sums, *w = v + n * block * most_channels, *bias = w + 4 * block * most_filters;
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
        const ptrdiff_t kernels = n * n * row_tiles * ((filters + CV_NR - 1) / CV_NR);
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
            for (int i_row = 0; i_row < n; i_row++) {
                static const int rows[2][7] = { { 0, 1, 2, 3 }, { 0, 4, 1, 5, 2, 3, 6 } };
                static const int results[7] = { 0, 1, 2, 3, 0, 1, 3 };
                const int row = rows[n == 7][i_row];
                const ptrdiff_t a_step = of.pixels * lda, b_step = of.pixels * ldb;
                CV(winograd_gradient_transform)(tile, of.pixels, row, channels, v, filters, w, dbias ? bias : NULL, n);
                for (int column = 0; column < n; column++)
                    for (ptrdiff_t f = 0; f < filters; f += CV_NR) {
                        const ptrdiff_t width = CV_WIDTH(conv_min(filters - f, CV_NR));
                        const CV_T *a = v + column * a_step, *b = w + results[column] * b_step + of.pixels * f;
                        CV_T *to = s + (n * row + column) * position + channels * f;
                        of.b_pixel = of.ldc = width;
                        for (ptrdiff_t i = 0; i < row_tiles; i++) {
                            const ptrdiff_t count = few + (i < more);
                            calls++;
                            for (; fetched < calls * coming / kernels; fetched++)
                                CV(winograd_gradient_fetch)(next + fetched, channels, filters, n);
                            CV(fetch_results)(to, count, width, (int)width);
                            CV(gradient_kernels)[count - 1][(width - 1) / CV_L](&of, a, b, to, (int)width);
                            a += count;
                            to += count * width;
                        }
                    }
            }
        }
        if (n == 4)
            CV(winograd_gradient_finish)(s, channels, filters, position, dkernel + channel * d->filters + filter,
                                         d->channels * d->filters, d->filters, 4);
        else
            CV(winograd_gradient_finish)(s, channels, filters, position, dkernel + channel * d->filters + filter,
                                         d->channels * d->filters, d->filters, 7);
        if (dbias)
            memcpy(dbias, bias, (size_t)filters * sizeof(CV_T));
    }
}

/* Whether it pays: by the numbers of products, and what transforming costs beside them. */
RK_INLINE int CV(winograd_gradient_pays)(const rk_conv_call *c)
{
    const int taps = c->kernel[1] == 5 ? 5 : 3, products = taps == 5 ? 49 : 16;
    if (c->kernel[0] != 1 || c->kernel[1] != taps || c->kernel[2] != taps || c->in[0] != c->out[0] || c->pad[0] != 0
        || c->stride[0] != 1 || c->stride[1] != 1 || c->stride[2] != 1)
        return 0;
    const ptrdiff_t tiles = wino_before(c->out[1], c->dilation[1]) * wino_before(c->out[2], c->dilation[2]);
    return conv_min(c->channels, c->filters) >= CONV_WINOGRAD_CHANNELS
           && c->channels * c->filters >= CONV_WINOGRAD_SUMS
           && 9 * c->batch * c->in[0] * tiles >= taps * taps * CONV_WINOGRAD_FROM
           && 4 * taps * taps * c->out[1] * c->out[2] >= 5 * products * tiles;
}

static int CV(winograd_gradient)(const rk_conv_call *c, const CV_T *x, const CV_T *dy, CV_T *dkernel, CV_T *dbias)
{
    const int taps = (int)c->kernel[1];
    CV(winograd_gradient_job) q = { .g = { .dy = dy, .dkernel = dkernel, .dbias = dbias }, .n = taps == 5 ? 7 : 4 };
    CV(gradient) *g = &q.g;
    CV(job) *d = &g->job;
    d->x = x;
    d->channels = c->channels;
    d->filters = c->filters;
    d->in[0] = d->out[0] = c->batch * c->in[0];
    for (int i = 1; i < 3; i++) {
        d->in[i + 1] = c->in[i];
        d->out[i + 1] = c->out[i];
        d->taps[i] = (conv_taps){ -c->pad[i], c->dilation[i], taps };
    }
    d->y_step[0] = c->out[1] * c->out[2] * c->filters;
    d->k = taps * taps * c->channels;
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
    const ptrdiff_t groups = q.tiles / CONV_WINOGRAD_CHUNK + 1;        /* units for pairs of threads */
    g->chunks = conv_min(conv_min(g->parts % 2 ? (groups + 1) / 2 * 2 : groups, CONV_GROUPS),
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
#undef CV_PLACES
#undef CV_TAPS
