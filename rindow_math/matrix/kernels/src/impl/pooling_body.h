/* The kernels of pooling.h for one type: PL_T, its vector PL_V of PL_L lanes, integers PL_VI and masks PL_M for it,
 * PL_SUFFIX, PL_VF(f) (a function of math.h on vectors), and names of AVX-512. */
#define PL_LOAD(p) (part ? PL_VF(load_part)(p, part) : PL_VF(load)(p))
#define PL_STORE(p, v) (part ? PL_VF(store_part)(p, v, part) : PL_VF(store)(p, v))
#define PL_SET1 PL_VF(set1)

/* ---- indexes in memory: bytes or int32 ---- */
#if defined(__GNUC__)
typedef int32_t PL(words) __attribute__((vector_size(4 * PL_L), aligned(4), may_alias));
#define PL_CONVERT(v, type) __builtin_convertvector(v, type)
#else
typedef int32_t PL(words);
#define PL_CONVERT(v, type) ((type)(v))
#endif

RK_INLINE PL_M PL(same)(PL_VI a, PL_VI b)
{
#if defined(RK_X86_INTRINSICS) && RK_VECTOR_BYTES == 64
    return PL_MMI((__m512i)a, (__m512i)b);
#else
    return (PL_M)(a == b);
#endif
}

RK_INLINE void PL(store_index)(char *p, PL_VI v, ptrdiff_t part, const int wide)
{
    char held[4 * PL_L > 16 ? 4 * PL_L : 16];
    if (wide) {
        PL(words) w = PL_CONVERT(v, PL(words));
        memcpy(held, &w, sizeof w);
    } else {
        PL(pack)(held, v);
    }
    memcpy(p, held, (size_t)(part ? part & (PL_L - 1) : PL_L) * (wide ? 4 : 1));
}

/* where place k stands among the indexes */
RK_INLINE PL_M PL(places)(const char *p, int k, ptrdiff_t part, const int wide)
{
    char held[4 * PL_L > 16 ? 4 * PL_L : 16] = { 0 };
    if (part) {
        memcpy(held, p, (size_t)(part & (PL_L - 1)) * (wide ? 4 : 1));
        p = held;
    }
    if (wide) {
        PL(words) w;
        memcpy(&w, p, sizeof w);
        return PL(same)(PL_CONVERT(w, PL_VI), PL_VF(seti)(k));
    }
    return PL(find)(p, k);
}

RK_INLINE PL_VI PL(choose)(PL_M m, PL_VI a, PL_VI b)
{
    return PL_VF(bits)(PL_VF(select)(m, PL_VF(from_bits)(a), PL_VF(from_bits)(b)));
}

/* what each of `count` places adds to a mean; windows far apart may miss a small image */
RK_INLINE PL_T PL(share)(ptrdiff_t count) { return count ? (PL_T)(1 / (double)count) : 0; }

/* Runs f(..., vectors, part) over the channels: four vectors at a time, then two, one, and a part of one. */
#define PL_CHANNELS(CALL) \
    do { \
        ptrdiff_t at = 0; \
        for (; at + 4 * PL_L <= channels; at += 4 * PL_L) \
            CALL(4, 0); \
        if (at + 2 * PL_L <= channels) { \
            CALL(2, 0); \
            at += 2 * PL_L; \
        } \
        if (at + PL_L <= channels) { \
            CALL(1, 0); \
            at += PL_L; \
        } \
        if (at < channels) \
            CALL(1, channels - at); \
    } while (0)

/* ---- channels last ---- */
/* The places of a window: x is the first pixel, `at` how many of its places come before. */
typedef struct {
    ptrdiff_t count[3], step[3];       /* places along each axis, and elements between them */
    ptrdiff_t at, row, slice;          /* places between rows and slices of a window */
} PL(span);

RK_INLINE void PL(max_at)(const PL(span) *s, const PL_T *x, PL_T *y, char *index, const int vectors,
                          const ptrdiff_t part, const int wide)
{
    PL_V largest[4];
    PL_VI place[4];
    for (int v = 0; v < vectors; v++) {
        largest[v] = PL_SET1((PL_T)-INFINITY);
        place[v] = PL_VF(seti)((int)s->at);
    }
    for (ptrdiff_t d = 0; d < s->count[0]; d++)
        for (ptrdiff_t h = 0; h < s->count[1]; h++) {
            const PL_T *p = x + d * s->step[0] + h * s->step[1];
            ptrdiff_t k = s->at + d * s->slice + h * s->row;
            for (ptrdiff_t w = 0; w < s->count[2]; w++, p += s->step[2], k++) {
                const PL_VI here = PL_VF(seti)((int)k);
                for (int v = 0; v < vectors; v++) {
                    const PL_V a = PL_LOAD(p + v * PL_L);
                    const PL_M m = PL(takes)(a, largest[v]);
                    largest[v] = PL_VF(select)(m, a, largest[v]);
                    place[v] = PL(choose)(m, here, place[v]);
                }
            }
        }
    for (int v = 0; v < vectors; v++) {
        PL_STORE(y + v * PL_L, largest[v]);
        if (index)
            PL(store_index)(index + v * PL_L * (wide ? 4 : 1), place[v], part, wide);
    }
}

RK_INLINE void PL(mean_at)(const PL(span) *s, const PL_T *x, PL_T *y, const int vectors, const ptrdiff_t part)
{
    const PL_V share = PL_SET1(PL(share)(s->count[0] * s->count[1] * s->count[2]));
    PL_V sum[4];
    for (int v = 0; v < vectors; v++)
        sum[v] = PL_SET1(0);
    for (ptrdiff_t d = 0; d < s->count[0]; d++)
        for (ptrdiff_t h = 0; h < s->count[1]; h++) {
            const PL_T *p = x + d * s->step[0] + h * s->step[1];
            PL_V row[4];
            for (int v = 0; v < vectors; v++)
                row[v] = PL_SET1(0);
            for (ptrdiff_t w = 0; w < s->count[2]; w++, p += s->step[2])
                for (int v = 0; v < vectors; v++)
                    row[v] += PL_LOAD(p + v * PL_L);
            for (int v = 0; v < vectors; v++)
                sum[v] += row[v];
        }
    for (int v = 0; v < vectors; v++)
        PL_STORE(y + v * PL_L, sum[v] * share);
}

/* rows of results */
RK_INLINE void PL(rows)(const pool_job *j, ptrdiff_t begin, ptrdiff_t end, const int largest, const int wide)
{
    const rk_pooling_call *c = j->c;
    const ptrdiff_t channels = c->channels, width = c->in[2] * channels, slice = c->in[1] * width;
    PL(span) s = { { 0 }, { c->dilation[0] * slice, c->dilation[1] * width, c->dilation[2] * channels }, 0,
                   c->window[2], c->window[1] * c->window[2] };
    for (ptrdiff_t row = begin; row < end; row++) {
        const ptrdiff_t h = row % c->out[1], d = row / c->out[1] % c->out[0], n = row / (c->out[1] * c->out[0]);
        const ptrdiff_t d0 = j->first[0][d], h0 = j->first[1][h];
        const PL_T *images = (const PL_T *)j->x + n * c->in[0] * slice + pool_pixel(c, 0, d, d0) * slice
                             + pool_pixel(c, 1, h, h0) * width;
        s.count[0] = j->last[0][d] - d0;
        s.count[1] = j->last[1][h] - h0;
        for (ptrdiff_t w = 0; w < c->out[2]; w++) {
            const ptrdiff_t w0 = j->first[2][w], to = (row * c->out[2] + w) * channels;
            const PL_T *x = images + pool_pixel(c, 2, w, w0) * channels;
            PL_T *y = (PL_T *)j->y + to;
            s.count[2] = j->last[2][w] - w0;
            s.at = d0 * s.slice + h0 * s.row + w0;
            if (largest) {
                char *index = j->into ? (char *)j->into + to * (wide ? 4 : 1) : NULL;
#define PL_CALL(vectors, part) \
    PL(max_at)(&s, x + at, y + at, index ? index + at * (wide ? 4 : 1) : NULL, vectors, part, wide)
                PL_CHANNELS(PL_CALL);
#undef PL_CALL
            } else {
#define PL_CALL(vectors, part) PL(mean_at)(&s, x + at, y + at, vectors, part)
                PL_CHANNELS(PL_CALL);
#undef PL_CALL
            }
        }
    }
}

/* The gradient of a pixel of row (d, h): the sum over the windows that it lies in, whose gradients begin at dy. */
RK_INLINE void PL(gradient_at)(const pool_job *j, const PL_T *dy, const char *index, PL_T *dx, const ptrdiff_t *at,
                               const int vectors, const ptrdiff_t part, const int largest, const int wide)
{
    const rk_pooling_call *c = j->c;
    const ptrdiff_t channels = c->channels, width = wide ? 4 : 1;
    PL_V sum[4];
    for (int v = 0; v < vectors; v++)
        sum[v] = PL_SET1(0);
    for (ptrdiff_t d = j->from[0][at[0]]; d < j->to[0][at[0]]; d++) {
        const ptrdiff_t kd = pool_place(c, 0, at[0], d);
        if (kd < 0)
            continue;
        for (ptrdiff_t h = j->from[1][at[1]]; h < j->to[1][at[1]]; h++) {
            const ptrdiff_t kh = pool_place(c, 1, at[1], h);
            if (kh < 0)
                continue;
            for (ptrdiff_t w = j->from[2][at[2]]; w < j->to[2][at[2]]; w++) {
                const ptrdiff_t kw = pool_place(c, 2, at[2], w);
                if (kw < 0)
                    continue;
                const ptrdiff_t place = ((d * c->out[1] + h) * c->out[2] + w) * channels;
                if (largest) {
                    const int k = (int)((kd * c->window[1] + kh) * c->window[2] + kw);
                    for (int v = 0; v < vectors; v++) {
                        const PL_M m = PL(places)(index + (place + v * PL_L) * width, k, part, wide);
                        sum[v] += PL_VF(select)(m, PL_LOAD(dy + place + v * PL_L), PL_SET1(0));
                    }
                } else {
                    const ptrdiff_t count = (j->last[0][d] - j->first[0][d]) * (j->last[1][h] - j->first[1][h])
                                            * (j->last[2][w] - j->first[2][w]);
                    const PL_V share = PL_SET1(PL(share)(count));
                    for (int v = 0; v < vectors; v++)
                        sum[v] = PL_VF(fma)(PL_LOAD(dy + place + v * PL_L), share, sum[v]);
                }
            }
        }
    }
    for (int v = 0; v < vectors; v++)
        PL_STORE(dx + v * PL_L, sum[v]);
}

/* rows of images */
RK_INLINE void PL(gradient_rows)(const pool_job *j, ptrdiff_t begin, ptrdiff_t end, const int largest, const int wide)
{
    const rk_pooling_call *c = j->c;
    const ptrdiff_t channels = c->channels, image = c->out[0] * c->out[1] * c->out[2] * channels;
    for (ptrdiff_t row = begin; row < end; row++) {
        const ptrdiff_t n = row / (c->in[1] * c->in[0]);
        ptrdiff_t place[3] = { row / c->in[1] % c->in[0], row % c->in[1], 0 };
        const PL_T *dy = (const PL_T *)j->dy + n * image;
        const char *index = (const char *)j->index + n * image * (wide ? 4 : 1);
        for (; place[2] < c->in[2]; place[2]++) {
            PL_T *dx = (PL_T *)j->into + (row * c->in[2] + place[2]) * channels;
#define PL_CALL(vectors, part) \
    PL(gradient_at)(j, dy + at, index + at * (wide ? 4 : 1), dx + at, place, vectors, part, largest, wide)
            PL_CHANNELS(PL_CALL);
#undef PL_CALL
        }
    }
}

/* Windows side by side: each gives its gradient to its own pixels. */
RK_INLINE void PL(spread_at)(const PL(span) *s, const PL_T *dy, const char *index, PL_T *dx, const int vectors,
                             const ptrdiff_t part, const int largest, const int wide)
{
    const PL_V share = PL_SET1(PL(share)(s->count[0] * s->count[1] * s->count[2]));
    PL_V g[4];
    for (int v = 0; v < vectors; v++) {
        g[v] = PL_LOAD(dy + v * PL_L);
        if (!largest)
            g[v] *= share;
    }
    for (ptrdiff_t d = 0; d < s->count[0]; d++)
        for (ptrdiff_t h = 0; h < s->count[1]; h++) {
            PL_T *p = dx + d * s->step[0] + h * s->step[1];
            ptrdiff_t k = s->at + d * s->slice + h * s->row;
            for (ptrdiff_t w = 0; w < s->count[2]; w++, p += s->step[2], k++)
                for (int v = 0; v < vectors; v++) {
                    PL_V given = g[v];
                    if (largest) {
                        const PL_M m = PL(places)(index + v * PL_L * (wide ? 4 : 1), (int)k, part, wide);
                        given = PL_VF(select)(m, given, PL_SET1(0));
                    }
                    PL_STORE(p + v * PL_L, given);
                }
        }
}

/* rows of results, each with its rows of images and what lies behind the last ones */
RK_INLINE void PL(spread_rows)(const pool_job *j, ptrdiff_t begin, ptrdiff_t end, const int largest, const int wide)
{
    const rk_pooling_call *c = j->c;
    const ptrdiff_t channels = c->channels, width = c->in[2] * channels, slice = c->in[1] * width;
    const ptrdiff_t reach = pool_reach(c, 2) * channels;
    PL(span) s = { { 0 }, { slice, width, channels }, 0, c->window[2], c->window[1] * c->window[2] };
    for (ptrdiff_t row = begin; row < end; row++) {
        const ptrdiff_t h = row % c->out[1], d = row / c->out[1] % c->out[0], n = row / (c->out[1] * c->out[0]);
        const ptrdiff_t d0 = j->first[0][d], h0 = j->first[1][h];
        const ptrdiff_t in_d = pool_pixel(c, 0, d, d0), in_h = pool_pixel(c, 1, h, h0);
        PL_T *image = (PL_T *)j->into + n * c->in[0] * slice;
        s.count[0] = j->last[0][d] - d0;
        s.count[1] = j->last[1][h] - h0;
        for (ptrdiff_t w = 0; w < c->out[2]; w++) {
            const ptrdiff_t w0 = j->first[2][w], from = (row * c->out[2] + w) * channels;
            PL_T *dx = image + in_d * slice + in_h * width + pool_pixel(c, 2, w, w0) * channels;
            const PL_T *dy = (const PL_T *)j->dy + from;
            const char *index = (const char *)j->index + from * (wide ? 4 : 1);
            s.count[2] = j->last[2][w] - w0;
            s.at = d0 * s.slice + h0 * s.row + w0;
#define PL_CALL(vectors, part) \
    PL(spread_at)(&s, dy + at, index + at * (wide ? 4 : 1), dx + at, vectors, part, largest, wide)
            PL_CHANNELS(PL_CALL);
#undef PL_CALL
        }
        for (ptrdiff_t y = in_d; y < in_d + s.count[0]; y++) {
            for (ptrdiff_t z = in_h; reach < width && z < in_h + s.count[1]; z++)
                memset(image + y * slice + z * width + reach, 0, (size_t)(width - reach) * sizeof(PL_T));
            if (h == c->out[1] - 1)
                memset(image + y * slice + pool_reach(c, 1) * width, 0,
                       (size_t)(slice - pool_reach(c, 1) * width) * sizeof(PL_T));
        }
        if (d == c->out[0] - 1 && h == c->out[1] - 1)
            memset(image + pool_reach(c, 0) * slice, 0,
                   (size_t)((c->in[0] - pool_reach(c, 0)) * slice) * sizeof(PL_T));
    }
}

/* ---- channels first ---- */
/* The windows w0 .. w1 whose place k along the width lies in the image. */
RK_INLINE void PL(reached)(const rk_pooling_call *c, ptrdiff_t k, ptrdiff_t *w0, ptrdiff_t *w1)
{
    const ptrdiff_t at = k * c->dilation[2] - c->pad[2], stride = c->stride[2];
    *w0 = pool_clip(pool_floor(stride - 1 - at, stride), c->out[2]);
    *w1 = pool_clip(pool_floor(c->in[2] - 1 - at, stride) + 1, c->out[2]);
}

RK_INLINE void PL(max_steps)(const PL_T *RK_RESTRICT x, ptrdiff_t stride, PL_T *RK_RESTRICT y,
                             int32_t *RK_RESTRICT index, ptrdiff_t n, int32_t k)
{
    RK_IVDEP
    for (ptrdiff_t i = 0; i < n; i++) {
        const PL_T a = x[i * stride], b = y[i];
        const int take = a > b || a != a;
        y[i] = take ? a : b;
        index[i] = take ? k : index[i];
    }
}

/* rows of results, a piece of a row at a time */
RK_INLINE void PL(plane_rows)(const pool_job *j, ptrdiff_t begin, ptrdiff_t end, const int largest, const int wide)
{
    const rk_pooling_call *c = j->c;
    const ptrdiff_t width = c->in[2], slice = c->in[1] * width, stride = c->stride[2];
    for (ptrdiff_t row = begin; row < end; row++) {
        const ptrdiff_t h = row % c->out[1], d = row / c->out[1] % c->out[0], plane = row / (c->out[1] * c->out[0]);
        const ptrdiff_t d0 = j->first[0][d], d1 = j->last[0][d], h0 = j->first[1][h], h1 = j->last[1][h];
        const PL_T *x = (const PL_T *)j->x + plane * c->in[0] * slice;
        for (ptrdiff_t start = 0; start < c->out[2]; start += POOL_PIECE) {
            const ptrdiff_t stop = start + POOL_PIECE < c->out[2] ? start + POOL_PIECE : c->out[2];
            const ptrdiff_t to = row * c->out[2] + start, n = stop - start;
            PL_T *y = (PL_T *)j->y + to;
            int32_t index[POOL_PIECE];
            for (ptrdiff_t w = 0; w < n; w++) {
                y[w] = largest ? (PL_T)-INFINITY : 0;
                if (largest)
                    index[w] = (int32_t)((d0 * c->window[1] + h0) * c->window[2] + j->first[2][start + w]);
            }
            for (ptrdiff_t kd = d0; kd < d1; kd++)
                for (ptrdiff_t kh = h0; kh < h1; kh++) {
                    const PL_T *line = x + pool_pixel(c, 0, d, kd) * slice + pool_pixel(c, 1, h, kh) * width;
                    for (ptrdiff_t kw = 0; kw < c->window[2]; kw++) {
                        ptrdiff_t w0, w1;
                        PL(reached)(c, kw, &w0, &w1);
                        w0 = w0 < start ? start : w0;
                        w1 = w1 < stop ? w1 : stop;
                        const PL_T *p = line + pool_pixel(c, 2, w0, kw);
                        if (largest) {
                            const int32_t k = (int32_t)((kd * c->window[1] + kh) * c->window[2] + kw);
                            if (stride == 1)
                                PL(max_steps)(p, 1, y + w0 - start, index + w0 - start, w1 - w0, k);
                            else
                                PL(max_steps)(p, stride, y + w0 - start, index + w0 - start, w1 - w0, k);
                        } else {
                            RK_IVDEP
                            for (ptrdiff_t w = w0; w < w1; w++)
                                y[w - start] += p[(w - w0) * stride];
                        }
                    }
                }
            for (ptrdiff_t w = 0; w < n; w++) {
                if (!largest)
                    y[w] *= PL(share)((d1 - d0) * (h1 - h0) * (j->last[2][start + w] - j->first[2][start + w]));
                else if (!j->into)
                    break;
                else if (wide)
                    ((int32_t *)j->into)[to + w] = index[w];
                else
                    ((uint8_t *)j->into)[to + w] = (uint8_t)index[w];
            }
        }
    }
}

/* rows of images: the gradients of the windows that reach into them are added up there */
RK_INLINE void PL(plane_gradient_rows)(const pool_job *j, ptrdiff_t begin, ptrdiff_t end, const int largest,
                                       const int wide)
{
    const rk_pooling_call *c = j->c;
    const ptrdiff_t out = c->out[2], stride = c->stride[2];
    for (ptrdiff_t row = begin; row < end; row++) {
        const ptrdiff_t at = row / c->in[1] % c->in[0], to = row % c->in[1], plane = row / (c->in[1] * c->in[0]);
        PL_T *dx = (PL_T *)j->into + row * c->in[2];
        memset(dx, 0, (size_t)c->in[2] * sizeof(PL_T));
        for (ptrdiff_t d = j->from[0][at]; d < j->to[0][at]; d++) {
            const ptrdiff_t kd = pool_place(c, 0, at, d);
            for (ptrdiff_t h = j->from[1][to]; kd >= 0 && h < j->to[1][to]; h++) {
                const ptrdiff_t kh = pool_place(c, 1, to, h), first = ((plane * c->out[0] + d) * c->out[1] + h) * out;
                const ptrdiff_t lines = (j->last[0][d] - j->first[0][d]) * (j->last[1][h] - j->first[1][h]);
                const PL_T *dy = (const PL_T *)j->dy + first;
                const int32_t *words = (const int32_t *)j->index + first;
                const uint8_t *bytes = (const uint8_t *)j->index + first;
                for (ptrdiff_t kw = 0; kh >= 0 && kw < c->window[2]; kw++) {
                    const int32_t k = (int32_t)((kd * c->window[1] + kh) * c->window[2] + kw);
                    ptrdiff_t w0, w1;
                    PL(reached)(c, kw, &w0, &w1);
                    PL_T *p = dx + pool_pixel(c, 2, w0, kw);
                    if (largest) {
                        RK_IVDEP
                        for (ptrdiff_t w = w0; w < w1; w++)
                            p[(w - w0) * stride] += (wide ? words[w] : bytes[w]) == k ? dy[w] : 0;
                    } else {
                        for (ptrdiff_t w = w0; w < w1; w++)
                            p[(w - w0) * stride] += dy[w] * PL(share)(lines * (j->last[2][w] - j->first[2][w]));
                    }
                }
            }
        }
    }
}

/* ---- tasks ---- */
#define PL_TASK(name, rows, largest) \
    static void PL(name##_bytes)(void *context, ptrdiff_t begin, ptrdiff_t end) \
    { \
        PL(rows)(context, begin, end, largest, 0); \
    } \
    static void PL(name##_words)(void *context, ptrdiff_t begin, ptrdiff_t end) \
    { \
        PL(rows)(context, begin, end, largest, 1); \
    }
PL_TASK(max, rows, 1)
PL_TASK(dmax, gradient_rows, 1)
PL_TASK(spread, spread_rows, 1)
PL_TASK(plane_max, plane_rows, 1)
PL_TASK(plane_dmax, plane_gradient_rows, 1)
#undef PL_TASK
#define PL_TASK(name, rows) \
    static void PL(name)(void *context, ptrdiff_t begin, ptrdiff_t end) { PL(rows)(context, begin, end, 0, 0); }
PL_TASK(mean, rows)
PL_TASK(dmean, gradient_rows)
PL_TASK(spread_mean, spread_rows)
PL_TASK(plane_mean, plane_rows)
PL_TASK(plane_dmean, plane_gradient_rows)
#undef PL_TASK

/* rows of the results: n * depth * height, or planes times these */
static void PL(run)(pool_job *j, rk_task task, const ptrdiff_t *sizes, ptrdiff_t each)
{
    const rk_pooling_call *c = j->c;
    const ptrdiff_t rows = c->batch * sizes[0] * sizes[1] * (c->channels_first ? c->channels : 1);
    const ptrdiff_t work = sizes[2] * (c->channels_first ? 1 : c->channels) * each;
    /* sums flush subnormals; comparisons give an element as it is */
    (j->largest ? rk_parallel : rk_parallel_flushed)(task, j, rows, 1 + POOL_GRAIN / (work + 1));
}

static void PL(run_max)(pool_job *j)
{
    const rk_pooling_call *c = j->c;
    const ptrdiff_t each = c->window[0] * c->window[1] * c->window[2];
    if (c->channels_first)
        PL(run)(j, c->wide_index ? PL(plane_max_words) : PL(plane_max_bytes), c->out, each);
    else
        PL(run)(j, c->wide_index ? PL(max_words) : PL(max_bytes), c->out, each);
}

static void PL(run_mean)(pool_job *j)
{
    const rk_pooling_call *c = j->c;
    PL(run)(j, c->channels_first ? PL(plane_mean) : PL(mean), c->out, c->window[0] * c->window[1] * c->window[2]);
}

static void PL(run_gradient)(pool_job *j)
{
    const rk_pooling_call *c = j->c;
    const int largest = j->index != NULL;
    if (c->channels_first)
        PL(run)(j, !largest ? PL(plane_dmean) : c->wide_index ? PL(plane_dmax_words) : PL(plane_dmax_bytes), c->in, 1);
    else if (pool_side_by_side(c))
        PL(run)(j, !largest ? PL(spread_mean) : c->wide_index ? PL(spread_words) : PL(spread_bytes), c->out,
                c->window[0] * c->window[1] * c->window[2]);
    else
        PL(run)(j, !largest ? PL(dmean) : c->wide_index ? PL(dmax_words) : PL(dmax_bytes), c->in, 1);
}

#undef PL_SUFFIX
#undef PL_T
#undef PL_V
#undef PL_VI
#undef PL_M
#undef PL_L
#undef PL_VF
#undef PL_MMI
#undef PL_LOAD
#undef PL_STORE
#undef PL_SET1
#undef PL_CONVERT
#undef PL_CHANNELS
