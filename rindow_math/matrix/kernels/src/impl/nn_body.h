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

/* ---- softmax cross-entropy with labels ---- */
typedef struct {
    const NN_T *x;
    const void *labels;
    NN_T *probs, *losses;
    double *sums;
    ptrdiff_t first, n;
    int label_type;
} NN(xents);

static void NN(xent_rows)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const NN(xents) *d = context;
    const ptrdiff_t n = d->n, rest = n % NN_L, whole = n - rest;
    const NN_V low = NN_SET1((NN_T)-INFINITY);
    const NN_M inside = NN_VF(lt)(NN_LOAD(NN(lanes)), NN_SET1((NN_T)rest));
    for (ptrdiff_t r = begin; r < end; r++) {
        ptrdiff_t row = d->first + r;
        const NN_T *x = d->x + row * n, hit = x[nn_label(d->labels, d->label_type, row)];
        NN_V top = low, tail = low;
        for (ptrdiff_t i = 0; i < whole; i += NN_L)
            top = NN_VF(max)(NN_LOAD(x + i), top);
        if (rest) {
            tail = NN_VF(select)(inside, NN_LOAD_PART(x + whole, rest), low);
            top = NN_VF(max)(tail, top);
        }
        NN_T max = NN_VF(top)(top);
        NN_V shift = NN_SET1(max), sum = NN_SET1(0);
        NN_T *probs = d->probs ? d->probs + row * n : NULL;
        for (ptrdiff_t i = 0; i < whole; i += NN_L) {
            NN_V e = NN_VF(exp)(NN_LOAD(x + i) - shift);
            sum += e;
            if (probs)
                NN_STORE(probs + i, e);
        }
        if (rest) {
            tail = NN_VF(select)(inside, NN_VF(exp)(tail - shift), NN_SET1(0));
            sum += tail;
        }
        NN_T total = NN_VF(sum)(sum);
        double loss = log((double)total) + ((double)max - (double)hit);
        d->sums[r] = loss;
        if (d->losses)
            d->losses[row] = (NN_T)loss;
        if (probs) {
            NN_V scale = NN_SET1(1 / total);
            for (ptrdiff_t i = 0; i < whole; i += NN_L)
                NN_STORE(probs + i, NN_LOAD(probs + i) * scale);
            if (rest)
                NN_STORE_PART(probs + whole, tail * scale, rest);
        }
    }
}

static double NN(xent)(const NN_T *x, const void *labels, int label_type, NN_T *probs, NN_T *losses, ptrdiff_t rows,
                       ptrdiff_t n)
{
    double sums[NN_LOSS_ROWS], sum = 0;
    NN(xents) d = { x, labels, probs, losses, sums, 0, n, label_type };
    for (; d.first < rows; d.first += NN_LOSS_ROWS) {
        ptrdiff_t count = rows - d.first < NN_LOSS_ROWS ? rows - d.first : NN_LOSS_ROWS;
        rk_parallel(NN(xent_rows), &d, count, 1 + 8192 / (n + 16));
        for (ptrdiff_t i = 0; i < count; i++)
            sum += sums[i];
    }
    return rows > 0 ? sum / (double)rows : 0;
}

typedef struct {
    const NN_T *probs, *scales;
    const void *labels;
    NN_T *dx;
    NN_T scale;
    ptrdiff_t n;
    int label_type;
} NN(dxents);

static void NN(dxent_rows)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    const NN(dxents) *d = context;
    const ptrdiff_t n = d->n;
    for (ptrdiff_t row = begin; row < end; row++) {
        const NN_T *probs = d->probs + row * n, scale = d->scales ? d->scales[row] : d->scale;
        NN_T *dx = d->dx + row * n;
        ptrdiff_t label = nn_label(d->labels, d->label_type, row);
        NN_T hit = (probs[label] - 1) * scale;
        NN_V s = NN_SET1(scale);
#define NN_BODY(LOAD, STORE) STORE(dx, LOAD(probs) * s);
        NN_LOOP(NN_BODY);
#undef NN_BODY
        dx[label] = hit;
    }
}

static void NN(dxent)(const NN_T *probs, const void *labels, int label_type, const NN_T *scales, NN_T scale, NN_T *dx,
                      ptrdiff_t rows, ptrdiff_t n)
{
    NN(dxents) d = { probs, scales, labels, dx, scale, n, label_type };
    rk_parallel(NN(dxent_rows), &d, rows, 1 + NN_GRAIN / (n + 1));
}

/* ---- optimizers ---- */
typedef struct {
    NN_T *p, *m, *v, *a;
    const NN_T *g;
    NN_T lr, decay1, decay2, momentum, eps;
    ptrdiff_t n;
    int nesterov;
} NN(update);

/* Blocks [begin, end) of an update with subnormals flushed. The loops are functions of their own: the compiler must not
 * move their arithmetic out of the flushed stretch. */
#define NN_UPDATE(name) \
    static void NN(name##_task)(void *context, ptrdiff_t begin, ptrdiff_t end) \
    { \
        const NN(update) *d = context; \
        ptrdiff_t i = begin * NN_BLOCK, stop = end * NN_BLOCK < d->n ? end * NN_BLOCK : d->n; \
        rk_fp_state state = rk_flush_begin(); \
        NN(name##_range)(d, i, stop - i); \
        rk_flush_end(state); \
    } \
    static void NN(name##_run)(NN(update) *d) \
    { \
        rk_parallel(NN(name##_task), d, (d->n + NN_BLOCK - 1) / NN_BLOCK, NN_GRAIN / NN_BLOCK); \
    }

RK_NOINLINE void NN(adam_range)(const NN(update) *d, ptrdiff_t start, ptrdiff_t n)
{
    NN_T *p = d->p + start, *m = d->m + start, *v = d->v + start;
    const NN_T *g = d->g + start;
    const NN_V lr = NN_SET1(d->lr), c1 = NN_SET1(d->decay1), c2 = NN_SET1(d->decay2), eps = NN_SET1(d->eps);
#define NN_BODY(LOAD, STORE) \
    NN_V gi = LOAD(g), mi = LOAD(m), vi = LOAD(v); \
    mi = NN_FMA(c1, gi - mi, mi); \
    vi = NN_FMA(c2, gi * gi - vi, vi); \
    STORE(m, mi); \
    STORE(v, vi); \
    STORE(p, LOAD(p) - lr * mi / (NN_VF(sqrt)(vi) + eps));
    NN_LOOP(NN_BODY);
#undef NN_BODY
}
NN_UPDATE(adam)

static void NN(adam)(NN_T *p, const NN_T *g, NN_T *m, NN_T *v, ptrdiff_t n, double lr, double beta1, double beta2,
                     double eps)
{
    NN(update) d = { p, m, v, NULL, g, (NN_T)lr, (NN_T)(1 - beta1), (NN_T)(1 - beta2), 0, (NN_T)eps, n, 0 };
    NN(adam_run)(&d);
}

RK_NOINLINE void NN(sgd_range)(const NN(update) *d, ptrdiff_t start, ptrdiff_t n)
{
    NN_T *p = d->p + start, *v = d->v ? d->v + start : NULL;
    const NN_T *g = d->g + start;
    const NN_V lr = NN_SET1(d->lr), momentum = NN_SET1(d->momentum);
    if (!v) {
#define NN_BODY(LOAD, STORE) STORE(p, LOAD(p) - lr * LOAD(g));
        NN_LOOP(NN_BODY);
#undef NN_BODY
    } else if (!d->nesterov) {
#define NN_BODY(LOAD, STORE) \
    NN_V vi = momentum * LOAD(v) - lr * LOAD(g); \
    STORE(v, vi); \
    STORE(p, LOAD(p) + vi);
        NN_LOOP(NN_BODY);
#undef NN_BODY
    } else {
#define NN_BODY(LOAD, STORE) \
    NN_V step = lr * LOAD(g), vi = momentum * LOAD(v) - step; \
    STORE(v, vi); \
    STORE(p, LOAD(p) + (momentum * vi - step));
        NN_LOOP(NN_BODY);
#undef NN_BODY
    }
}
NN_UPDATE(sgd)

static void NN(sgd)(NN_T *p, const NN_T *g, NN_T *velocity, ptrdiff_t n, double lr, double momentum, int nesterov)
{
    NN(update) d = { p, NULL, velocity, NULL, g, (NN_T)lr, 0, 0, (NN_T)momentum, 0, n, nesterov };
    NN(sgd_run)(&d);
}

RK_NOINLINE void NN(rmsprop_range)(const NN(update) *d, ptrdiff_t start, ptrdiff_t n)
{
    NN_T *p = d->p + start, *rms = d->m + start, *v = d->v ? d->v + start : NULL, *a = d->a ? d->a + start : NULL;
    const NN_T *g = d->g + start;
    const NN_V lr = NN_SET1(d->lr), rho = NN_SET1(d->decay1), c = NN_SET1(d->decay2), eps = NN_SET1(d->eps);
    const NN_V momentum = NN_SET1(d->momentum), zero = NN_SET1(0);
#define NN_BODY(LOAD, STORE) \
    NN_V gi = LOAD(g), ri = rho * LOAD(rms) + c * (gi * gi), spread = ri; \
    STORE(rms, ri); \
    if (a) { \
        NN_V ai = rho * LOAD(a) + c * gi; \
        STORE(a, ai); \
        spread = NN_VF(max)(zero, ri - ai * ai); \
    } \
    NN_V step = lr * gi / (NN_VF(sqrt)(spread) + eps); \
    if (v) { \
        step += momentum * LOAD(v); \
        STORE(v, step); \
    } \
    STORE(p, LOAD(p) - step);
    NN_LOOP(NN_BODY);
#undef NN_BODY
}
NN_UPDATE(rmsprop)

static void NN(rmsprop)(NN_T *p, const NN_T *g, NN_T *rms, NN_T *velocity, NN_T *avg, ptrdiff_t n, double lr,
                        double rho, double momentum, double eps)
{
    NN(update) d = { p, rms, velocity, avg, g, (NN_T)lr, (NN_T)rho, (NN_T)(1 - rho), (NN_T)momentum, (NN_T)eps, n, 0 };
    NN(rmsprop_run)(&d);
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
#undef NN_UPDATE
