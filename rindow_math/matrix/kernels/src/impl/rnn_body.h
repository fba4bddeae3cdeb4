/* The kernels of rnn.h for one type: RN_T, its vector RN_V of RN_L lanes, RN_SUFFIX, RN_VF(f) (a function of math.h on
 * vectors), RN_GEMM (its matrix product), RN_TYPE. */
#define RN_API RK_CAT(api, RK_VARIANT)
#define RN_SET1 RN_VF(set1)

/* (k, n) of a recurrent kernel or its transpose, in place or packed */
typedef struct {
    const RN_T *b;
    ptrdiff_t ldb, n, k;
    int tb;
    RN_T *packed;
} RN(matrix);

typedef struct {
    const rk_rnn_call *c;
    const rnn_shape *shape;
    RN(matrix) matrix[3];
    RN_T *gates, *before, *before_c;   /* what is kept */
    const RN_T *q_bias;                /* of a gru: b[1]n */
    RN_T *y, *h, *c_last;
    const RN_T *h0, *c0;
    /* gradients */
    const RN_T *dy, *dlast, *dlast_h, *dlast_c;
    RN_T *dgates, *dh, *dc, *drh, *dh0, *dc0;
} RN(job);

/* ---- products ---- */
RK_INLINE void RN(gemm)(int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const RN_T *a, ptrdiff_t lda,
                        const RN_T *b, ptrdiff_t ldb, int add, RN_T *y, ptrdiff_t ldy, const RN_T *bias)
{
    RN_API.RN_GEMM(ta, tb, m, n, k, 1, a, lda, b, ldb, (RN_T)(add != 0), y, ldy, bias, RK_EPI_NONE);
}

/* y += a matrix, for m rows */
RK_INLINE void RN(product)(const RN(matrix) *x, ptrdiff_t m, const RN_T *a, ptrdiff_t lda, RN_T *y, ptrdiff_t ldy)
{
    if (x->packed)
        RN_API.gemm_packed(RN_TYPE, m, x->n, x->k, a, lda, x->packed, 1, y, ldy);
    else
        RN(gemm)(0, x->tb, m, x->n, x->k, a, lda, x->b, x->ldb, 1, y, ldy, NULL);
}

/* Prepares the recurrent kernel, straight or transposed; answers the work memory behind it. */
static RN_T *RN(prepare)(RN(job) *d, const RN_T *u, int transposed, RN_T *work)
{
    const ptrdiff_t units = d->c->units, columns = rnn_columns(d->c);
    const int packs = rnn_packs(d->c, sizeof(RN_T), transposed);
    for (int i = 0; i < d->shape->matrices; i++) {
        RN(matrix) *x = &d->matrix[i];
        *x = (RN(matrix)){ u + i * units * units, columns, transposed ? units : columns, transposed ? columns : units,
                           transposed, NULL };
        if (packs) {
            x->packed = work;
            RN_API.gemm_pack(RN_TYPE, transposed, x->n, x->k, x->b, x->ldb, work);
            work += rnn_places(RN_API.gemm_packed_size(RN_TYPE, x->n, x->k));
        }
    }
    return work;
}

/* ---- gates ---- */
RK_INLINE RN_V RN(act)(RN_V x, int f)
{
    switch (f) {
    case RK_EPI_RELU: return RN_VF(max)(RN_SET1(0), x);
    case RK_EPI_SIGMOID: return RN_VF(sigmoid)(x);
    case RK_EPI_TANH: return RN_VF(tanh)(x);
    }
    return x;
}

/* d f'(x) from y = f(x) */
RK_INLINE RN_V RN(dact)(RN_V y, RN_V d, int f)
{
    switch (f) {
    case RK_EPI_RELU: return RN_VF(select)(RN_VF(lt)(RN_SET1(0), y), d, RN_SET1(0));
    case RK_EPI_SIGMOID: return d * (y - y * y);
    case RK_EPI_TANH: return d - d * (y * y);
    }
    return d;
}

RK_INLINE RN_V RN(get)(const RN_T *p, ptrdiff_t width)
{
    return width == RN_L ? RN_VF(load)(p) : RN_VF(load_part)(p, width);
}

RK_INLINE void RN(put)(RN_T *p, RN_V x, ptrdiff_t width)
{
    if (width == RN_L)
        RN_VF(store)(p, x);
    else
        RN_VF(store_part)(p, x, width);
}

/* One row of one step, forward: gates g, states before it h and c, new states into h1, c1 and y (may be NULL). */
typedef struct {
    RN_T *g, *h1, *c1, *y;
    const RN_T *h, *c;
    ptrdiff_t u;
} RN(row);

RK_INLINE void RN(new_state)(const RN(row) *r, RN_V h, ptrdiff_t j, ptrdiff_t width)
{
    RN(put)(r->h1 + j, h, width);
    if (r->y)
        RN(put)(r->y + j, h, width);
}

RK_INLINE void RN(simple)(const RN(row) *r, ptrdiff_t j, ptrdiff_t w, int act, int gate)
{
    const RN_V h = RN(act)(RN(get)(r->g + j, w), act);
    (void)gate;
    RN(put)(r->g + j, h, w);
    RN(new_state)(r, h, j, w);
}

RK_INLINE void RN(lstm)(const RN(row) *r, ptrdiff_t j, ptrdiff_t w, int act, int gate)
{
    RN_T *g = r->g + j;
    const ptrdiff_t u = r->u;
    const RN_V i = RN(act)(RN(get)(g, w), gate), f = RN(act)(RN(get)(g + u, w), gate);
    const RN_V m = RN(act)(RN(get)(g + 2 * u, w), act), o = RN(act)(RN(get)(g + 3 * u, w), gate);
    const RN_V c = f * RN(get)(r->c + j, w) + i * m;
    RN(put)(g, i, w);
    RN(put)(g + u, f, w);
    RN(put)(g + 2 * u, m, w);
    RN(put)(g + 3 * u, o, w);
    if (r->c1)
        RN(put)(r->c1 + j, c, w);
    RN(new_state)(r, o * RN(act)(c, act), j, w);
}

RK_INLINE void RN(gru)(const RN(row) *r, ptrdiff_t j, ptrdiff_t w, int act, int gate)
{
    RN_T *g = r->g + j;
    const ptrdiff_t u = r->u;
    const RN_V z = RN(act)(RN(get)(g, w), gate), x = RN(act)(RN(get)(g + u, w), gate);
    const RN_V n = RN(act)(RN(get)(g + 3 * u, w) + x * RN(get)(g + 2 * u, w), act);
    RN(put)(g, z, w);
    RN(put)(g + u, x, w);
    RN(put)(g + 3 * u, n, w);
    RN(new_state)(r, n + z * (RN(get)(r->h + j, w) - n), j, w);
}

/* before the product of r h */
RK_INLINE void RN(reset)(const RN(row) *r, ptrdiff_t j, ptrdiff_t w, int act, int gate)
{
    RN_T *g = r->g + j;
    const ptrdiff_t u = r->u;
    const RN_V x = RN(act)(RN(get)(g + u, w), gate);
    (void)act;
    RN(put)(g, RN(act)(RN(get)(g, w), gate), w);
    RN(put)(g + u, x, w);
    RN(put)(g + 3 * u, x * RN(get)(r->h + j, w), w);
}

RK_INLINE void RN(gru_before)(const RN(row) *r, ptrdiff_t j, ptrdiff_t w, int act, int gate)
{
    RN_T *g = r->g + j;
    const RN_V z = RN(get)(g, w), n = RN(act)(RN(get)(g + 2 * r->u, w), act);
    (void)gate;
    RN(put)(g + 2 * r->u, n, w);
    RN(new_state)(r, n + z * (RN(get)(r->h + j, w) - n), j, w);
}

/* One row of one step, backward: gates g and states before it h and c; d and dc, the gradients of the new states, become
 * those of h and c as far as they do not come through the product; dy (may be NULL) is added to d. */
typedef struct {
    const RN_T *g, *h, *c, *dy;
    RN_T *dg, *d, *dc, *drh;
    ptrdiff_t u;
} RN(drow);

RK_INLINE RN_V RN(sum_of)(const RN(drow) *r, ptrdiff_t j, ptrdiff_t w)
{
    const RN_V d = RN(get)(r->d + j, w);
    return r->dy ? d + RN(get)(r->dy + j, w) : d;
}

RK_INLINE void RN(dsimple)(const RN(drow) *r, ptrdiff_t j, ptrdiff_t w, int act, int gate)
{
    (void)gate;
    RN(put)(r->dg + j, RN(dact)(RN(get)(r->g + j, w), RN(sum_of)(r, j, w), act), w);
    RN(put)(r->d + j, RN_SET1(0), w);
}

RK_INLINE void RN(dlstm)(const RN(drow) *r, ptrdiff_t j, ptrdiff_t w, int act, int gate)
{
    const ptrdiff_t u = r->u;
    const RN_T *g = r->g + j;
    RN_T *dg = r->dg + j;
    const RN_V i = RN(get)(g, w), f = RN(get)(g + u, w), m = RN(get)(g + 2 * u, w), o = RN(get)(g + 3 * u, w);
    const RN_V c = RN(get)(r->c + j, w), y = RN(act)(f * c + i * m, act), d = RN(sum_of)(r, j, w);
    const RN_V dc = RN(get)(r->dc + j, w) + RN(dact)(y, d * o, act);
    RN(put)(dg, RN(dact)(i, dc * m, gate), w);
    RN(put)(dg + u, RN(dact)(f, dc * c, gate), w);
    RN(put)(dg + 2 * u, RN(dact)(m, dc * i, act), w);
    RN(put)(dg + 3 * u, RN(dact)(o, d * y, gate), w);
    RN(put)(r->dc + j, dc * f, w);
    RN(put)(r->d + j, RN_SET1(0), w);
}

RK_INLINE void RN(dgru)(const RN(drow) *r, ptrdiff_t j, ptrdiff_t w, int act, int gate)
{
    const ptrdiff_t u = r->u;
    const RN_T *g = r->g + j;
    RN_T *dg = r->dg + j;
    const RN_V z = RN(get)(g, w), x = RN(get)(g + u, w), n = RN(get)(g + 3 * u, w), d = RN(sum_of)(r, j, w);
    const RN_V dn = RN(dact)(n, d - d * z, act);
    RN(put)(dg, RN(dact)(z, d * (RN(get)(r->h + j, w) - n), gate), w);
    RN(put)(dg + u, RN(dact)(x, dn * RN(get)(g + 2 * u, w), gate), w);
    RN(put)(dg + 2 * u, dn * x, w);
    RN(put)(dg + 3 * u, dn, w);
    RN(put)(r->d + j, d * z, w);
}

RK_INLINE void RN(dgru_before)(const RN(drow) *r, ptrdiff_t j, ptrdiff_t w, int act, int gate)
{
    const ptrdiff_t u = r->u;
    const RN_T *g = r->g + j;
    const RN_V z = RN(get)(g, w), n = RN(get)(g + 2 * u, w), d = RN(sum_of)(r, j, w);
    RN(put)(r->dg + j, RN(dact)(z, d * (RN(get)(r->h + j, w) - n), gate), w);
    RN(put)(r->dg + 2 * u + j, RN(dact)(n, d - d * z, act), w);
    RN(put)(r->d + j, d * z, w);
    RN(put)(r->drh + j, RN_SET1(0), w);
}

/* with the gradient of r h */
RK_INLINE void RN(dreset)(const RN(drow) *r, ptrdiff_t j, ptrdiff_t w, int act, int gate)
{
    const RN_V x = RN(get)(r->g + r->u + j, w), d = RN(get)(r->drh + j, w);
    (void)act;
    RN(put)(r->dg + r->u + j, RN(dact)(x, d * RN(get)(r->h + j, w), gate), w);
    RN(put)(r->d + j, RN(get)(r->d + j, w) + d * x, w);
}

/* The usual activations get code of their own. */
#define RN_ROWS(name, row_type) \
    RK_NOINLINE void RN(name##_units)(const RN(row_type) *r, int act, int gate) \
    { \
        const ptrdiff_t whole = r->u / RN_L * RN_L; \
        if (act == RK_EPI_TANH && gate == RK_EPI_SIGMOID) { \
            for (ptrdiff_t j = 0; j < whole; j += RN_L) \
                RN(name)(r, j, RN_L, RK_EPI_TANH, RK_EPI_SIGMOID); \
        } else { \
            for (ptrdiff_t j = 0; j < whole; j += RN_L) \
                RN(name)(r, j, RN_L, act, gate); \
        } \
        if (whole < r->u) \
            RN(name)(r, whole, r->u - whole, act, gate); \
    }
RN_ROWS(simple, row)
RN_ROWS(lstm, row)
RN_ROWS(gru, row)
RN_ROWS(reset, row)
RN_ROWS(gru_before, row)
RN_ROWS(dsimple, drow)
RN_ROWS(dlstm, drow)
RN_ROWS(dgru, drow)
RN_ROWS(dgru_before, drow)
RN_ROWS(dreset, drow)

typedef void (*RN(forward_units))(const RN(row) *r, int act, int gate);
typedef void (*RN(backward_units))(const RN(drow) *r, int act, int gate);

/* ---- forward ---- */
RK_INLINE void RN(start)(RN_T *y, const RN_T *x, ptrdiff_t n)
{
    if (x)
        memcpy(y, x, (size_t)n * sizeof(RN_T));
    else
        memset(y, 0, (size_t)n * sizeof(RN_T));
}

RK_INLINE void RN(add)(RN_T *y, const RN_T *x, ptrdiff_t n)
{
    RK_IVDEP
    for (ptrdiff_t i = 0; i < n; i++)
        y[i] += x[i];
}

/* Inputs in the order of steps, or back. */
typedef struct {
    const rk_rnn_call *c;
    const RN_T *from;
    RN_T *to;
    int back;
} RN(order);

static void RN(reorder_rows)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const RN(order) *d = context;
    const rk_rnn_call *c = d->c;
    const ptrdiff_t k = c->features, whole = k / RN_L * RN_L;
    for (ptrdiff_t i = begin; i < end; i++) {
        const ptrdiff_t s = i / c->batch, b = i % c->batch, t = c->backwards ? c->steps - 1 - s : s;
        const ptrdiff_t outside = (b * c->steps + t) * k;
        const RN_T *from = d->from + (d->back ? i * k : outside);
        RN_T *to = d->to + (d->back ? outside : i * k);
        for (ptrdiff_t j = 0; j < whole; j += RN_L)
            RN_VF(store)(to + j, RN_VF(load)(from + j));
        if (whole < k)
            RN_VF(store_part)(to + whole, RN_VF(load_part)(from + whole, k - whole), k - whole);
    }
}

static void RN(reorder)(const rk_rnn_call *c, const RN_T *from, RN_T *to, int back)
{
    RN(order) d = { c, from, to, back };
    rk_parallel(RN(reorder_rows), &d, c->steps * c->batch, 1 + RK_GRAIN_CHEAP / (c->features + 1));
}

/* The pass over the gates of step s. */
static void RN(pass)(const RN(job) *d, RN(forward_units) units, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t s)
{
    const rk_rnn_call *c = d->c;
    const ptrdiff_t u = c->units, t = c->backwards ? c->steps - 1 - s : s;
    for (ptrdiff_t b = begin; b < end; b++) {
        const ptrdiff_t at = s * c->batch + b, after = at + c->batch, outside = b * c->steps + t;
        RN(row) r = { d->gates + at * d->shape->parts * u, d->before + after * u, NULL,
                      d->y ? d->y + outside * u : NULL, d->before + at * u, NULL, u };
        if (d->before_c) {
            r.c = d->before_c + at * u;
            r.c1 = d->before_c + after * u;
        }
        if (!c->mask || c->mask[outside]) {
            units(&r, c->activation, c->gate_activation);
        } else if (units != RN(reset_units)) {
            memcpy(r.h1, r.h, (size_t)u * sizeof(RN_T));
            if (r.y)
                memcpy(r.y, r.h, (size_t)u * sizeof(RN_T));
            if (r.c1)
                memcpy(r.c1, r.c, (size_t)u * sizeof(RN_T));
        } else {
            memset(r.g + 3 * u, 0, (size_t)u * sizeof(RN_T));
        }
    }
}

static void RN(forward_rows)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    static const RN(forward_units) units[] = { RN(simple_units), RN(lstm_units), RN(gru_units), RN(gru_before_units) };
    const RN(job) *d = context;
    const rk_rnn_call *c = d->c;
    const rk_fp_state state = rk_flush_begin();
    const ptrdiff_t u = c->units, rows = end - begin, at = begin * u, n = rows * u, width = d->shape->parts * u;
    const ptrdiff_t step = c->batch * u;
    RN(start)(d->before + at, d->h0 ? d->h0 + at : NULL, n);
    if (d->before_c)
        RN(start)(d->before_c + at, d->c0 ? d->c0 + at : NULL, n);
    for (ptrdiff_t s = 0; s < c->steps; s++) {
        const int moving = s > 0 || d->h0 != NULL;  /* else the states are zero */
        RN_T *g = d->gates + (s * c->batch + begin) * width;
        const RN_T *h = d->before + s * step + at;
        if (c->cell == RK_RNN_GRU)
            for (ptrdiff_t i = 0; i < rows; i++)
                RN(start)(g + i * width + 2 * u, d->q_bias, u);
        if (moving)
            RN(product)(&d->matrix[0], rows, h, u, g, width);
        if (c->cell == RK_RNN_GRU_BEFORE) {
            if (moving)
                RN(product)(&d->matrix[1], rows, h, u, g + u, width);
            RN(pass)(d, RN(reset_units), begin, end, s);
            if (moving)
                RN(product)(&d->matrix[2], rows, g + 3 * u, width, g + 2 * u, width);
        }
        RN(pass)(d, units[c->cell], begin, end, s);
    }
    memcpy(d->h + at, d->before + c->steps * step + at, (size_t)n * sizeof(RN_T));
    if (d->c_last)
        memcpy(d->c_last + at, d->before_c + c->steps * step + at, (size_t)n * sizeof(RN_T));
    rk_flush_end(state);
}

/* The places of what is kept; answers those of the inputs in the order of steps, if they are kept. */
static RN_T *RN(lay_out)(RN(job) *d, RN_T *saved)
{
    d->gates = saved;
    d->before = d->gates + rnn_gates(d->c, d->shape->parts);
    saved = d->before + rnn_states(d->c);
    if (d->c->cell != RK_RNN_LSTM)
        return saved;
    d->before_c = saved;
    return saved + rnn_states(d->c);
}

static void RN(forward)(const rk_rnn_call *c, const RN_T *x, const RN_T *w, const RN_T *u, const RN_T *bias,
                        const RN_T *h0, const RN_T *c0, RN_T *y, RN_T *h, RN_T *c_last, RN_T *saved, RN_T *work)
{
    const rnn_shape *shape = &rnn_shapes[c->cell];
    const ptrdiff_t n = c->units, all = c->batch * c->steps, k = c->features;
    const ptrdiff_t columns = shape->gates * n, width = shape->parts * n;
    RN(job) d = { .c = c, .shape = shape, .y = y, .h = h, .c_last = c_last, .h0 = h0, .c0 = c0 };
    RN_T *ordered = RN(lay_out)(&d, saved);
    work = RN(prepare)(&d, u, 0, work);
    if (!rnn_ordered(c)) {
        RN(reorder)(c, x, ordered, 0);
        x = ordered;
    }
    if (c->cell == RK_RNN_GRU) {
        if (bias) {
            memcpy(work, bias, (size_t)columns * sizeof(RN_T));
            RN(add)(work, bias + columns, 2 * n);
            d.q_bias = bias + columns + 2 * n;
            bias = work;
        }
        RN(gemm)(0, 0, all, 2 * n, k, x, k, w, columns, 0, saved, width, bias);
        RN(gemm)(0, 0, all, n, k, x, k, w + 2 * n, columns, 0, saved + 3 * n, width, bias ? bias + 2 * n : NULL);
    } else {
        RN(gemm)(0, 0, all, columns, k, x, k, w, columns, 0, saved, width, bias);
    }
    const ptrdiff_t grain = rnn_grain(c, sizeof(RN_T));
    if (c->batch < 2 * grain)
        RN(forward_rows)(&d, 0, c->batch);
    else
        rk_parallel(RN(forward_rows), &d, c->batch, grain);
}

/* ---- backward ---- */
static void RN(pass_back)(const RN(job) *d, RN(backward_units) units, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t s)
{
    const rk_rnn_call *c = d->c;
    const ptrdiff_t u = c->units, t = c->backwards ? c->steps - 1 - s : s;
    for (ptrdiff_t b = begin; b < end; b++) {
        const ptrdiff_t at = s * c->batch + b, outside = b * c->steps + t;
        const RN(drow) r = { d->gates + at * d->shape->parts * u, d->before + at * u,
                             d->before_c ? d->before_c + at * u : NULL, d->dy ? d->dy + outside * u : NULL,
                             d->dgates + at * d->shape->dparts * u, d->dh + b * u, d->dc + b * u, d->drh + b * u, u };
        if (!c->mask || c->mask[outside]) {
            units(&r, c->activation, c->gate_activation);
        } else if (units != RN(dreset_units)) {
            memset(r.dg, 0, (size_t)(d->shape->dparts * u) * sizeof(RN_T));
            memset(r.drh, 0, (size_t)u * sizeof(RN_T));
            if (r.dy)
                RN(add)(r.d, r.dy, u);
        }
    }
}

static void RN(backward_rows)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    static const RN(backward_units) units[] = { RN(dsimple_units), RN(dlstm_units), RN(dgru_units),
                                                RN(dgru_before_units) };
    const RN(job) *d = context;
    const rk_rnn_call *c = d->c;
    const rk_fp_state state = rk_flush_begin();
    const ptrdiff_t u = c->units, rows = end - begin, at = begin * u, n = rows * u, width = d->shape->dparts * u;
    RN_T *dh = d->dh + at;
    RN(start)(dh, d->dlast_h ? d->dlast_h + at : NULL, n);
    if (d->dlast)
        RN(add)(dh, d->dlast + at, n);
    RN(start)(d->dc + at, d->dlast_c ? d->dlast_c + at : NULL, n);
    for (ptrdiff_t s = c->steps - 1; s >= 0; s--) {
        const RN_T *g = d->dgates + (s * c->batch + begin) * width;
        RN(pass_back)(d, units[c->cell], begin, end, s);
        if (c->cell == RK_RNN_GRU_BEFORE) {
            RN(product)(&d->matrix[2], rows, g + 2 * u, width, d->drh + at, u);
            RN(pass_back)(d, RN(dreset_units), begin, end, s);
        }
        if (s > 0 || d->dh0) {
            RN(product)(&d->matrix[0], rows, g, width, dh, u);
            if (c->cell == RK_RNN_GRU_BEFORE)
                RN(product)(&d->matrix[1], rows, g + u, width, dh, u);
        }
    }
    if (d->dh0)
        memcpy(d->dh0 + at, dh, (size_t)n * sizeof(RN_T));
    if (d->dc0)
        memcpy(d->dc0 + at, d->dc + at, (size_t)n * sizeof(RN_T));
    rk_flush_end(state);
}

/* Which columns of the kernel belong to which of the gates' gradients. */
typedef struct {
    ptrdiff_t column, count, at;
} RN(span);

static void RN(backward)(const rk_rnn_call *c, const RN_T *x, const RN_T *w, const RN_T *u, const RN_T *saved,
                         const RN_T *dy, const RN_T *dlast, const RN_T *dh, const RN_T *dc, RN_T *dx, RN_T *dw,
                         RN_T *du, RN_T *dbias, RN_T *dh0, RN_T *dc0, RN_T *work)
{
    const rnn_shape *shape = &rnn_shapes[c->cell];
    const ptrdiff_t n = c->units, all = c->batch * c->steps, k = c->features, columns = shape->gates * n;
    const ptrdiff_t width = shape->dparts * n, row = rnn_places(c->batch * n);
    const int gru = c->cell == RK_RNN_GRU, ordered = rnn_ordered(c);
    RN(job) d = { .c = c, .shape = shape, .dy = dy, .dlast = dlast, .dlast_h = dh, .dlast_c = dc, .dh0 = dh0,
                  .dc0 = dc0 };
    const RN_T *inputs = RN(lay_out)(&d, (RN_T *)saved);
    work = RN(prepare)(&d, u, 1, work);
    d.dh = work;
    d.dc = d.dh + row;
    d.drh = d.dc + row;
    d.dgates = d.drh + row;
    RN_T *sums = d.dgates + rnn_gates(c, shape->dparts);
    RN_T *dinputs = ordered ? dx : sums + rnn_places(width);
    if (ordered)
        inputs = x;

    const ptrdiff_t grain = rnn_grain(c, sizeof(RN_T));
    if (c->batch < 2 * grain)
        RN(backward_rows)(&d, 0, c->batch);
    else
        rk_parallel(RN(backward_rows), &d, c->batch, grain);

    const RN(span) spans[2] = { { 0, gru ? 2 * n : columns, 0 }, { 2 * n, n, 3 * n } };
    for (int i = 0; i <= gru; i++) {
        const RN(span) *s = &spans[i];
        const RN_T *g = d.dgates + s->at;
        if (dx)
            RN(gemm)(0, 1, all, k, s->count, g, width, w + s->column, columns, i > 0, dinputs, k, NULL);
        if (dw)
            RN(gemm)(1, 0, k, s->count, all, inputs, k, g, width, 0, dw + s->column, columns, NULL);
    }
    if (dx && !ordered)
        RN(reorder)(c, dinputs, dx, 1);
    if (du) {
        if (c->cell == RK_RNN_GRU_BEFORE) {
            RN(gemm)(1, 0, n, n, all, d.before, n, d.dgates, width, 0, du, n, NULL);
            RN(gemm)(1, 0, n, n, all, d.before, n, d.dgates + n, width, 0, du + n * n, n, NULL);
            RN(gemm)(1, 0, n, n, all, d.gates + 3 * n, 4 * n, d.dgates + 2 * n, width, 0, du + 2 * n * n, n, NULL);
        } else {
            RN(gemm)(1, 0, n, columns, all, d.before, n, d.dgates, width, 0, du, columns, NULL);
        }
    }
    if (dbias) {
        RN_API.reduce(RK_SUM, RN_TYPE, d.dgates, gru ? sums : dbias, 1, all, width);
        if (gru) {                     /* sums of z, r, q, n become z, r, n, z, r, q */
            memcpy(dbias, sums, (size_t)(2 * n) * sizeof(RN_T));
            memcpy(dbias + 2 * n, sums + 3 * n, (size_t)n * sizeof(RN_T));
            memcpy(dbias + columns, sums, (size_t)columns * sizeof(RN_T));
        }
    }
}

#undef RN_SUFFIX
#undef RN_T
#undef RN_V
#undef RN_L
#undef RN_VF
#undef RN_GEMM
#undef RN_TYPE
#undef RN_API
#undef RN_SET1
#undef RN_ROWS
