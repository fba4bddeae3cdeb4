/* The kernels of nn.h for one type: NN_T, its vector NN_V of NN_L lanes with masks NN_M, NN_SUFFIX, NN_VF(f) (a
 * function of math.h on vectors), NN_ACT (the activation of gemm.h). */
#define NN_LOAD NN_VF(load)
#define NN_STORE NN_VF(store)
#define NN_LOAD_PART NN_VF(load_part)
#define NN_STORE_PART NN_VF(store_part)
#define NN_SET1 NN_VF(set1)
#define NN_FMA NN_VF(fma)

/* Runs body(load, store) over [0, n) by vectors of the variable i, the last one in part. The macros take a pointer. */
#define NN_LOAD_ALL(p) NN_LOAD((p) + i)
#define NN_STORE_ALL(p, v) NN_STORE((p) + i, v)
#define NN_LOAD_REST(p) NN_LOAD_PART((p) + i, n - i)
#define NN_STORE_REST(p, v) NN_STORE_PART((p) + i, v, n - i)
#define NN_LOOP(BODY) \
    do { \
        ptrdiff_t i = 0; \
        for (; i + NN_L <= n; i += NN_L) { \
            BODY(NN_LOAD_ALL, NN_STORE_ALL) \
        } \
        if (i < n) { \
            BODY(NN_LOAD_REST, NN_STORE_REST) \
        } \
    } while (0)

RK_INLINE NN_M NN(inside)(ptrdiff_t rest) { return NN_VF(lt)(NN_LOAD(NN(lanes)), NN_SET1((NN_T)rest)); }

RK_INLINE NN_V NN(load_or)(const NN_T *x, ptrdiff_t rest, NN_T other)
{
    return NN_VF(select)(NN(inside)(rest), NN_LOAD_PART(x, rest), NN_SET1(other));
}

/* ---- losses ---- */
RK_INLINE NN_V NN(loss_of)(NN_V x, NN_V t, NN_T low, NN_T high, const int kind)
{
    const NN_V one = NN_SET1(1);
    switch (kind) {
    case RK_LOSS_HUBER: {
        NN_V d = x - t, c = NN_VF(max)(NN_SET1(-low), NN_VF(min)(NN_SET1(low), d));
        return c * (d - NN_SET1((NN_T)0.5) * c);
    }
    case RK_LOSS_BINARY:
        x = NN_VF(max)(NN_SET1(low), NN_VF(min)(NN_SET1(high), x));
        return -t * NN_VF(log)(x) - (one - t) * NN_VF(log)(one - x);
    case RK_LOSS_BINARY_LOGITS:
        return NN_VF(max)(NN_SET1(0), x) - t * x + NN_VF(log1p)(NN_VF(exp)(-NN_VF(abs)(x)));
    case RK_LOSS_CATEGORICAL:
        return -t * NN_VF(log)(x + NN_SET1(low));
    default:
        return (x - t) * (x - t);
    }
}

RK_INLINE NN_V NN(slope_of)(NN_V x, NN_V t, NN_T low, NN_T high, const int kind)
{
    switch (kind) {
    case RK_LOSS_HUBER:
        return NN_VF(max)(NN_SET1(-low), NN_VF(min)(NN_SET1(low), x - t));
    case RK_LOSS_BINARY:
        x = NN_VF(max)(NN_SET1(low), NN_VF(min)(NN_SET1(high), x));
        return (x - t) / (x * (NN_SET1(1) - x));
    case RK_LOSS_BINARY_LOGITS:
        return NN_VF(sigmoid)(x) - t;
    case RK_LOSS_CATEGORICAL:
        return -t / (x + NN_SET1(low));
    default:
        return NN_SET1(2) * (x - t);
    }
}

RK_INLINE double NN(loss_sum)(const NN_T *x, const NN_T *t, double q, ptrdiff_t n, const int kind)
{
    const NN_T low = (NN_T)q, high = (NN_T)(1 - q);
    NN_V sum = NN_SET1(0), more = sum;
    ptrdiff_t i = 0;
    for (; i + 2 * NN_L <= n; i += 2 * NN_L) {
        sum += NN(loss_of)(NN_LOAD(x + i), NN_LOAD(t + i), low, high, kind);
        more += NN(loss_of)(NN_LOAD(x + i + NN_L), NN_LOAD(t + i + NN_L), low, high, kind);
    }
    for (; i + NN_L <= n; i += NN_L)
        sum += NN(loss_of)(NN_LOAD(x + i), NN_LOAD(t + i), low, high, kind);
    if (i < n) {
        NN_V last = NN(loss_of)(NN_LOAD_PART(x + i, n - i), NN_LOAD_PART(t + i, n - i), low, high, kind);
        more += NN_VF(select)(NN(inside)(n - i), last, NN_SET1(0));
    }
    return (double)NN_VF(sum)(sum + more);
}

/* loss_sum, and dloss_row of the same elements */
RK_INLINE double NN(step_sum)(const NN_T *x, const NN_T *t, NN_T *dx, double q, NN_T scale, ptrdiff_t n, const int kind)
{
    const NN_T low = (NN_T)q, high = (NN_T)(1 - q);
    const NN_V s = NN_SET1(scale);
    NN_V sum = NN_SET1(0), more = sum;
    ptrdiff_t i = 0;
#define NN_EACH(sum, at) do { \
        NN_V xi = NN_LOAD(x + (at)), ti = NN_LOAD(t + (at)); \
        sum += NN(loss_of)(xi, ti, low, high, kind); \
        NN_STORE(dx + (at), NN(slope_of)(xi, ti, low, high, kind) * s); \
    } while (0)
    for (; i + 2 * NN_L <= n; i += 2 * NN_L) {
        NN_EACH(sum, i);
        NN_EACH(more, i + NN_L);
    }
    for (; i + NN_L <= n; i += NN_L)
        NN_EACH(sum, i);
#undef NN_EACH
    if (i < n) {
        NN_V xi = NN_LOAD_PART(x + i, n - i), ti = NN_LOAD_PART(t + i, n - i);
        NN_V last = NN(loss_of)(xi, ti, low, high, kind);
        more += NN_VF(select)(NN(inside)(n - i), last, NN_SET1(0));
        NN_STORE_PART(dx + i, NN(slope_of)(xi, ti, low, high, kind) * s, n - i);
    }
    return (double)NN_VF(sum)(sum + more);
}

/* dx = slope * scale; all of one row, or of any stretch of elements */
RK_INLINE void NN(dloss_row)(const NN_T *x, const NN_T *t, NN_T *dx, double q, NN_T scale, ptrdiff_t n, const int kind)
{
    const NN_T low = (NN_T)q, high = (NN_T)(1 - q);
    const NN_V s = NN_SET1(scale);
#define NN_BODY(LOAD, STORE) STORE(dx, NN(slope_of)(LOAD(x), LOAD(t), low, high, kind) * s);
    NN_LOOP(NN_BODY);
#undef NN_BODY
}

/* the maximum of a row and the sum of exp(x - maximum), into stats; the powers themselves into e if it is not NULL */
RK_INLINE double NN(softmax_sums)(const NN_T *x, ptrdiff_t n, NN_T *stats, NN_T *e)
{
    const NN_V low = NN_SET1((NN_T)-INFINITY);
    const ptrdiff_t rest = n % NN_L, whole = n - rest;
    NN_V top = low, tail = low;
    for (ptrdiff_t i = 0; i < whole; i += NN_L)
        top = NN_VF(max)(NN_LOAD(x + i), top);
    if (rest) {
        tail = NN(load_or)(x + whole, rest, (NN_T)-INFINITY);
        top = NN_VF(max)(tail, top);
    }
    NN_T max = NN_VF(top)(top);
    NN_V shift = NN_SET1(max), sum = NN_SET1(0);
    for (ptrdiff_t i = 0; i < whole; i += NN_L) {
        NN_V power = NN_VF(exp)(NN_LOAD(x + i) - shift);
        sum += power;
        if (e)
            NN_STORE(e + i, power);
    }
    if (rest) {
        NN_V power = NN_VF(exp)(tail - shift);
        sum += NN_VF(select)(NN(inside)(rest), power, NN_SET1(0));
        if (e)
            NN_STORE_PART(e + whole, power, rest);
    }
    NN_T total = NN_VF(sum)(sum);
    stats[0] = max;
    stats[1] = 1 / total;
    stats[2] = 1;
    return log((double)total);
}

/* sum of t and, returned, of t (maximum - x); a label of 0 makes nothing of an infinite x */
RK_INLINE double NN(weighted_sums)(const NN_T *x, const NN_T *t, ptrdiff_t n, NN_T *stats)
{
    const NN_V top = NN_SET1(stats[0]), zero = NN_SET1(0);
    NN_V sum = zero, labels = zero;
#define NN_BODY(LOAD, STORE) \
    NN_V ti = LOAD(t); \
    labels += ti; \
    sum += NN_VF(select)(NN_VF(eq)(ti, zero), zero, ti * (top - LOAD(x)));
    NN_LOOP(NN_BODY);
#undef NN_BODY
    stats[2] = NN_VF(sum)(labels);
    return (double)NN_VF(sum)(sum);
}

/* calls F with the kind as a constant */
#define NN_BY_KIND(F, ...) \
    switch (d->kind) { \
    case RK_LOSS_HUBER: F(__VA_ARGS__, RK_LOSS_HUBER); \
    case RK_LOSS_BINARY: F(__VA_ARGS__, RK_LOSS_BINARY); \
    case RK_LOSS_BINARY_LOGITS: F(__VA_ARGS__, RK_LOSS_BINARY_LOGITS); \
    case RK_LOSS_CATEGORICAL: F(__VA_ARGS__, RK_LOSS_CATEGORICAL); \
    default: F(__VA_ARGS__, RK_LOSS_SQUARE); \
    }

static double NN(loss_flat)(const nn_call *d, const NN_T *x, const NN_T *t, ptrdiff_t n)
{
#define NN_CASE(...) return NN(loss_sum)(__VA_ARGS__)
    NN_BY_KIND(NN_CASE, x, t, d->q, n)
#undef NN_CASE
}

static void NN(dloss_flat)(const nn_call *d, const NN_T *x, const NN_T *t, NN_T *dx, NN_T scale, ptrdiff_t n)
{
#define NN_CASE(...) NN(dloss_row)(__VA_ARGS__); break
    NN_BY_KIND(NN_CASE, x, t, dx, d->q, scale, n)
#undef NN_CASE
}

RK_NOINLINE double NN(loss_range)(const nn_call *d, ptrdiff_t begin, ptrdiff_t end)
{
    const ptrdiff_t n = d->width;
    double sum = 0;
    if (n == 0)
        return NN(loss_flat)(d, (const NN_T *)d->x + begin, (const NN_T *)d->labels + begin, end - begin);
    for (ptrdiff_t row = begin; row < end; row++) {
        const NN_T *x = (const NN_T *)d->x + row * n;
        NN_T own[3], *stats = d->stats ? (NN_T *)d->stats + row * 3 : own;
        double loss;
        switch (d->kind) {
        case RK_LOSS_SPARSE:
            loss = -log((double)x[nn_label(d->labels, d->label_type, row)] + d->q);
            break;
        case RK_LOSS_SPARSE_LOGITS:
            loss = NN(softmax_sums)(x, n, stats, NULL);
            loss += (double)stats[0] - (double)x[nn_label(d->labels, d->label_type, row)];
            break;
        case RK_LOSS_CATEGORICAL_LOGITS:
            loss = NN(softmax_sums)(x, n, stats, NULL);
            {
                double distance = NN(weighted_sums)(x, (const NN_T *)d->labels + row * n, n, stats);
                loss = loss * (double)stats[2] + distance;
            }
            break;
        default:
            loss = NN(loss_flat)(d, x, (const NN_T *)d->labels + row * n, n);
        }
        sum += loss;
        if (d->losses)
            ((NN_T *)d->losses)[row] = (NN_T)(loss * d->factor);
    }
    return sum;
}

RK_NOINLINE double NN(dloss_range)(const nn_call *d, ptrdiff_t begin, ptrdiff_t end)
{
    const ptrdiff_t width = d->width;
    if (width == 0) {
        NN(dloss_flat)(d, (const NN_T *)d->x + begin, (const NN_T *)d->labels + begin, (NN_T *)d->dx + begin,
                       (NN_T)d->factor, end - begin);
        return 0;
    }
    for (ptrdiff_t row = begin; row < end; row++) {
        const NN_T *x = (const NN_T *)d->x + row * width, *t = (const NN_T *)d->labels + row * width;
        const NN_T scale = (NN_T)(d->scales ? d->factor * (double)((const NN_T *)d->scales)[row] : d->factor);
        NN_T *dx = (NN_T *)d->dx + row * width;
        const ptrdiff_t n = width;
        if (d->kind == RK_LOSS_SPARSE) {
            ptrdiff_t label = nn_label(d->labels, d->label_type, row);
            NN_T slope = -scale / (x[label] + (NN_T)d->q);
            memset(dx, 0, (size_t)n * sizeof(NN_T));
            dx[label] = slope;
        } else if (d->kind >= RK_LOSS_CATEGORICAL_LOGITS) {
            const NN_T *stats = (const NN_T *)d->stats + row * 3;
            const NN_V top = NN_SET1(stats[0]), share = NN_SET1(stats[1] * stats[2] * scale), s = NN_SET1(scale);
            if (d->kind == RK_LOSS_SPARSE_LOGITS) {
#define NN_BODY(LOAD, STORE) STORE(dx, NN_VF(exp)(LOAD(x) - top) * share);
                NN_LOOP(NN_BODY);
#undef NN_BODY
                dx[nn_label(d->labels, d->label_type, row)] -= scale;
            } else {
#define NN_BODY(LOAD, STORE) STORE(dx, NN_VF(exp)(LOAD(x) - top) * share - LOAD(t) * s);
                NN_LOOP(NN_BODY);
#undef NN_BODY
            }
        } else {
            NN(dloss_flat)(d, x, t, dx, scale, n);
        }
    }
    return 0;
}

/* ---- what metrics count ---- */
/* place of the first of the greatest */
RK_INLINE ptrdiff_t NN(first_of_greatest)(const NN_T *x, ptrdiff_t n)
{
    NN_V top = NN_SET1((NN_T)-INFINITY);
    ptrdiff_t i = 0;
    for (; i + NN_L <= n; i += NN_L)
        top = NN_VF(max)(NN_LOAD(x + i), top);
    if (i < n)
        top = NN_VF(max)(NN(load_or)(x + i, n - i, (NN_T)-INFINITY), top);
    NN_T greatest = NN_VF(top)(top);
    for (i = 0; i < n - 1 && x[i] != greatest; i++)
        ;
    return i;
}

/* whether the element at the label is a row's first greatest */
RK_INLINE int NN(is_hit)(const NN_T *x, ptrdiff_t label, ptrdiff_t n)
{
    const NN_V one = NN_SET1(1), zero = NN_SET1(0);
    ptrdiff_t i = 0;
    if (label < 0 || label >= n || !(x[label] == x[label]))
        return 0;
    NN_V hit = NN_SET1(x[label]), wrong = zero;
    for (; i + NN_L <= label; i += NN_L) {             /* an equal one before the label wins */
        NN_V v = NN_LOAD(x + i);
        wrong += NN_VF(select)(NN_VF(lt)(hit, v), one, zero) + NN_VF(select)(NN_VF(eq)(hit, v), one, zero);
    }
    int equal = 0;
    for (ptrdiff_t j = i; j < label; j++)
        equal |= x[j] == x[label];
    for (; i + NN_L <= n; i += NN_L)
        wrong += NN_VF(select)(NN_VF(lt)(hit, NN_LOAD(x + i)), one, zero);
    if (i < n)
        wrong += NN_VF(select)(NN_VF(lt)(hit, NN(load_or)(x + i, n - i, (NN_T)-INFINITY)), one, zero);
    return !equal && NN_VF(sum)(wrong) == 0;
}

static double NN(hits_range)(const nn_call *d, ptrdiff_t begin, ptrdiff_t end)
{
    const ptrdiff_t n = d->width;
    ptrdiff_t hits = 0;
    for (ptrdiff_t row = begin; row < end; row++) {
        ptrdiff_t label = d->label_type == NN_CODE ? NN(first_of_greatest)((const NN_T *)d->labels + row * n, n)
                                                   : nn_label(d->labels, d->label_type, row);
        hits += NN(is_hit)((const NN_T *)d->x + row * n, label, n);
    }
    return (double)hits;
}

static double NN(yes_no_range)(const nn_call *d, ptrdiff_t begin, ptrdiff_t end)
{
    const NN_T *x = d->x, threshold = (NN_T)d->threshold;
    ptrdiff_t hits = 0;
    if (d->label_type == NN_CODE) {
        const NN_T *t = d->labels;
        for (ptrdiff_t i = begin; i < end; i++)        /* labels that become the answer when cut to integers */
            hits += x[i] > threshold ? (t[i] >= 1) & (t[i] < 2) : (t[i] > -1) & (t[i] < 1);
    } else {
        for (ptrdiff_t i = begin; i < end; i++)
            hits += nn_label(d->labels, d->label_type, i) == (x[i] > threshold);
    }
    return (double)hits;
}

/* ---- a loss, its gradient and what its metric counts ---- */
static double NN(step_flat)(const nn_call *d, const NN_T *x, const NN_T *t, NN_T *dx, NN_T scale, ptrdiff_t n)
{
#define NN_CASE(...) return NN(step_sum)(__VA_ARGS__)
    NN_BY_KIND(NN_CASE, x, t, dx, d->q, scale, n)
#undef NN_CASE
}

/* elements [begin, end), and the answers of the rows that begin among them */
static double NN(step_elements)(const nn_call *d, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t *hits)
{
    const ptrdiff_t n = d->width;
    if (hits) {
        const int yes_no = d->kind == RK_LOSS_BINARY || d->kind == RK_LOSS_BINARY_LOGITS;
        *hits = (ptrdiff_t)(yes_no ? NN(yes_no_range)(d, begin, end)
                                   : NN(hits_range)(d, (begin + n - 1) / n, (end + n - 1) / n));
    }
    return NN(step_flat)(d, (const NN_T *)d->x + begin, (const NN_T *)d->labels + begin, (NN_T *)d->dx + begin,
                         (NN_T)d->scale, end - begin);
}

RK_NOINLINE double NN(step_range)(const nn_call *d, ptrdiff_t begin, ptrdiff_t end)
{
    const ptrdiff_t n = d->width;
    const NN_T scale = (NN_T)d->scale;
    const NN_V s = NN_SET1(scale);
    ptrdiff_t *hits = d->counts ? d->counts + (begin / d->block - d->first) : NULL, right = 0;
    double sum = 0;
    if (d->kind < RK_LOSS_SPARSE)
        return NN(step_elements)(d, begin, end, hits);
    for (ptrdiff_t row = begin; row < end; row++) {
        const NN_T *x = (const NN_T *)d->x + row * n, *t = (const NN_T *)d->labels + row * n;
        NN_T *dx = (NN_T *)d->dx + row * n, stats[3];
        const int sparse = d->kind != RK_LOSS_CATEGORICAL_LOGITS;
        const ptrdiff_t label = sparse ? nn_label(d->labels, d->label_type, row)
                                       : hits ? NN(first_of_greatest)(t, n) : 0;
        if (d->kind == RK_LOSS_SPARSE) {
            sum += -log((double)x[label] + d->q);
            memset(dx, 0, (size_t)n * sizeof(NN_T));
            dx[label] = -scale / (x[label] + (NN_T)d->q);
            right += hits && NN(is_hit)(x, label, n);
            continue;
        }
        double loss = NN(softmax_sums)(x, n, stats, dx);
        if (sparse) {
            loss += (double)stats[0] - (double)x[label];
        } else {
            double distance = NN(weighted_sums)(x, t, n, stats);
            loss = loss * (double)stats[2] + distance;
        }
        sum += loss;
        const NN_V share = NN_SET1(stats[1] * stats[2] * scale);
        if (sparse) {
#define NN_BODY(LOAD, STORE) STORE(dx, LOAD(dx) * share);
            NN_LOOP(NN_BODY);
#undef NN_BODY
            dx[label] -= scale;
        } else {
#define NN_BODY(LOAD, STORE) STORE(dx, LOAD(dx) * share - LOAD(t) * s);
            NN_LOOP(NN_BODY);
#undef NN_BODY
        }
        right += hits && x[label] == stats[0] && NN(is_hit)(x, label, n);
    }
    if (hits)
        *hits = right;
    return sum;
}

/* ---- optimizers ---- */
/* not every processor's own prefetching keeps up with so many streams and a root and a division between them */
#define NN_AHEAD(a) RK_PREFETCH((const char *)((a) + i) + ahead)

static void NN(update_range)(const nn_updates *d, const rk_weight *w, ptrdiff_t start, ptrdiff_t n)
{
    NN_T *p = (NN_T *)w->p + start, *m = w->m ? (NN_T *)w->m + start : NULL, *v = w->v ? (NN_T *)w->v + start : NULL;
    const NN_T *g = (const NN_T *)w->g + start;
    const NN_V lr = NN_SET1((NN_T)d->lr), eps = NN_SET1((NN_T)d->eps);
    const ptrdiff_t ahead = rk_near_bytes;
    const NN_V a = NN_SET1((NN_T)d->a), c1 = NN_SET1((NN_T)(1 - d->a)), c2 = NN_SET1((NN_T)(1 - d->b));
    switch (d->rule) {
    case RK_ADAM:
#define NN_BODY(LOAD, STORE) \
    NN_AHEAD(g); NN_AHEAD(m); NN_AHEAD(v); NN_AHEAD(p); \
    NN_V gi = LOAD(g), mi = LOAD(m), vi = LOAD(v), pi = LOAD(p); \
    mi = NN_FMA(c1, gi - mi, mi); \
    vi = NN_FMA(c2, gi * gi - vi, vi); \
    STORE(m, mi); \
    STORE(v, vi); \
    STORE(p, pi - lr * mi / (NN_VF(sqrt)(vi) + eps));
        NN_LOOP(NN_BODY);
#undef NN_BODY
        break;
    case RK_RMSPROP:
#define NN_BODY(LOAD, STORE) \
    NN_AHEAD(g); NN_AHEAD(p); \
    NN_V gi = LOAD(g), mi = c1 * (gi * gi); \
    if (m) { \
        NN_AHEAD(m); \
        mi = NN_FMA(a, LOAD(m), mi); \
        STORE(m, mi); \
    } \
    STORE(p, LOAD(p) - lr * gi / (NN_VF(sqrt)(mi) + eps));
        NN_LOOP(NN_BODY);
#undef NN_BODY
        break;
    default:
#define NN_BODY(LOAD, STORE) STORE(p, LOAD(p) - lr * LOAD(g));
        NN_LOOP(NN_BODY);
#undef NN_BODY
    }
}

/* ---- bias and activation ---- */
typedef struct {
    const NN_T *x, *dy, *bias;
    NN_T *y, *sums;
    ptrdiff_t rows, n, block;
    int epilogue;
} NN(acts);

RK_INLINE void NN(bias_act_range)(const NN(acts) *d, ptrdiff_t begin, ptrdiff_t end, const int epilogue)
{
    const ptrdiff_t n = d->n;
    const NN_T *bias = d->bias;
    for (ptrdiff_t row = begin; row < end; row++) {
        const NN_T *x = d->x + row * n;
        NN_T *y = d->y + row * n;
#define NN_BODY(LOAD, STORE) STORE(y, NN_ACT(LOAD(x) + LOAD(bias), epilogue));
        NN_LOOP(NN_BODY);
#undef NN_BODY
    }
}

static void NN(bias_act_task)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const NN(acts) *d = context;
    switch (d->epilogue) {
    case RK_EPI_RELU: NN(bias_act_range)(d, begin, end, RK_EPI_RELU); break;
    case RK_EPI_SIGMOID: NN(bias_act_range)(d, begin, end, RK_EPI_SIGMOID); break;
    case RK_EPI_TANH: NN(bias_act_range)(d, begin, end, RK_EPI_TANH); break;
    default: NN(bias_act_range)(d, begin, end, RK_EPI_NONE);
    }
}

static void NN(bias_act)(const NN_T *x, const NN_T *bias, NN_T *y, ptrdiff_t rows, ptrdiff_t n, int epilogue)
{
    NN(acts) d = { x, NULL, bias, y, NULL, rows, n, 0, epilogue };
    rk_parallel(NN(bias_act_task), &d, rows, 1 + NN_GRAIN / (n + 1));
}

/* dy times the activation's derivative, from its result y */
RK_INLINE NN_V NN(dact)(NN_V y, NN_V dy, const int epilogue)
{
    switch (epilogue) {
    case RK_EPI_RELU: return NN_VF(select)(NN_VF(lt)(NN_SET1(0), y), dy, NN_SET1(0));
    case RK_EPI_SIGMOID: return dy * (y * (NN_SET1(1) - y));
    case RK_EPI_TANH: return dy * (NN_SET1(1) - y * y);
    }
    return dy;
}

/* rows [begin, end): dz, and their sum where sums is not NULL */
RK_INLINE void NN(dbias_act_range)(const NN(acts) *d, NN_T *sums, ptrdiff_t begin, ptrdiff_t end, const int epilogue)
{
    const ptrdiff_t n = d->n;
    if (sums)
        memset(sums, 0, (size_t)n * sizeof(NN_T));
    for (ptrdiff_t row = begin; row < end; row++) {
        const NN_T *dy = d->dy + row * n, *y = epilogue == RK_EPI_NONE ? dy : d->x + row * n;
        NN_T *dz = d->y + row * n;
        if (sums) {
#define NN_BODY(LOAD, STORE) \
    NN_V z = NN(dact)(LOAD(y), LOAD(dy), epilogue); \
    STORE(dz, z); \
    STORE(sums, LOAD(sums) + z);
            NN_LOOP(NN_BODY);
#undef NN_BODY
        } else {
#define NN_BODY(LOAD, STORE) STORE(dz, NN(dact)(LOAD(y), LOAD(dy), epilogue));
            NN_LOOP(NN_BODY);
#undef NN_BODY
        }
    }
}

static void NN(dbias_act_task)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const NN(acts) *d = context;
    for (ptrdiff_t b = begin; b < end; b++) {
        ptrdiff_t first = b * d->block, last = first + d->block < d->rows ? first + d->block : d->rows;
        NN_T *sums = d->sums ? d->sums + b * d->n : NULL;
        switch (d->epilogue) {
        case RK_EPI_RELU: NN(dbias_act_range)(d, sums, first, last, RK_EPI_RELU); break;
        case RK_EPI_SIGMOID: NN(dbias_act_range)(d, sums, first, last, RK_EPI_SIGMOID); break;
        case RK_EPI_TANH: NN(dbias_act_range)(d, sums, first, last, RK_EPI_TANH); break;
        default: NN(dbias_act_range)(d, sums, first, last, RK_EPI_NONE);
        }
    }
}

static void NN(dbias_act)(const NN_T *y, const NN_T *dy, NN_T *dz, NN_T *dbias, ptrdiff_t rows, ptrdiff_t n,
                          int epilogue)
{
    /* blocks of rows, by size alone: each has its own sum, and these are added in order */
    ptrdiff_t block = 1 + NN_GRAIN / (n + 1);
    if (block < (rows + 63) / 64)
        block = (rows + 63) / 64;
    ptrdiff_t count = (rows + block - 1) / block;
    NN_T *sums = dbias && count > 1 ? rk_scratch(3, (size_t)(count * n) * sizeof(NN_T)) : dbias;
    if (dbias && !sums) {              /* no memory */
        sums = dbias;
        block = rows;
        count = 1;
    }
    NN(acts) d = { y, dy, NULL, dz, sums, rows, n, block, epilogue };
    rk_parallel(NN(dbias_act_task), &d, count, 1);
    if (!dbias)
        return;
    if (rows <= 0) {
        memset(dbias, 0, (size_t)n * sizeof(NN_T));
        return;
    }
    if (sums == dbias)
        return;
    memcpy(dbias, sums, (size_t)n * sizeof(NN_T));
    for (ptrdiff_t b = 1; b < count; b++) {
        const NN_T *more = sums + b * n;
#define NN_BODY(LOAD, STORE) STORE(dbias, LOAD(dbias) + LOAD(more));
        NN_LOOP(NN_BODY);
#undef NN_BODY
    }
}

#undef NN_SUFFIX
#undef NN_T
#undef NN_CODE
#undef NN_V
#undef NN_M
#undef NN_L
#undef NN_VF
#undef NN_ACT
#undef NN_LOAD
#undef NN_STORE
#undef NN_LOAD_PART
#undef NN_STORE_PART
#undef NN_SET1
#undef NN_FMA
#undef NN_LOAD_ALL
#undef NN_STORE_ALL
#undef NN_LOAD_REST
#undef NN_STORE_REST
#undef NN_LOOP
#undef NN_BY_KIND
#undef NN_AHEAD
