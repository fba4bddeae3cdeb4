/* The kernels of attn.h for one type: AT_T, its vector AT_V of AT_L lanes, AT_M (some of these lanes), AT_SUFFIX,
 * AT_VF(f) (a function of math.h on vectors), AT_GEMM (its matrix product). */
#define AT_LOAD AT_VF(load)
#define AT_STORE AT_VF(store)
#define AT_SET1 AT_VF(set1)
#define AT_WIDTH(n) (((n) + AT_L - 1) / AT_L * AT_L)

typedef struct {
    const rk_attn_call *c;
    const AT_T *q, *k, *v, *y, *dout, *dweights;    /* y: the result, for the gradient */
    AT_T *out, *weights, *stats, *dq, *dk, *dv;
    double *dscales;                   /* one a head */
    ptrdiff_t rows, blocks, tile;      /* rows of a block, blocks of a head, keys of a tile */
    volatile int no_memory;
} AT(job);

RK_INLINE void AT(gemm)(int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, double alpha, const AT_T *a,
                        ptrdiff_t lda, const AT_T *b, ptrdiff_t ldb, int add, AT_T *y, ptrdiff_t ldy)
{
    RK_CAT(api, RK_VARIANT).AT_GEMM(ta, tb, m, n, k, (AT_T)alpha, a, lda, b, ldb, (AT_T)(add != 0), y, ldy, NULL,
                                    RK_EPI_NONE);
}

/* Which keys of a batch count as far as its masks of keys say: a byte each, whole vectors of them. NULL: all do. */
static const uint8_t *AT(counts)(const rk_attn_call *c, ptrdiff_t b, uint8_t *row)
{
    const uint8_t *value = c->value_mask ? c->value_mask + b * c->tv : NULL;
    const uint8_t *key = c->key_mask ? c->key_mask + b * c->tv : NULL;
    if (!value && !key)
        return NULL;
    if (!value || !key)
        memcpy(row, value ? value : key, (size_t)c->tv);
    else
        for (ptrdiff_t j = 0; j < c->tv; j++)
            row[j] = (value[j] != 0) & (key[j] != 0);
    memset(row + c->tv, 0, (size_t)(AT_WIDTH(c->tv) - c->tv));
    return row;
}

/* Which of n keys count for one query. */
typedef struct {
    const uint8_t *keys, *mask;        /* a byte a key; NULL: all do */
    ptrdiff_t seen, n;                 /* keys from `seen` on do not */
    int any, replace;                  /* whether some may not; how their scores are lowered */
} AT(view);

RK_INLINE AT(view) AT(look)(const rk_attn_call *c, ptrdiff_t head, ptrdiff_t i, ptrdiff_t j0, ptrdiff_t n,
                            const uint8_t *keys)
{
    const ptrdiff_t b = head / c->heads, h = head % c->heads;
    AT(view) r = { .keys = keys ? keys + j0 : NULL, .seen = n, .n = n, .replace = c->replace };
    if (c->mask)
        r.mask = c->mask + b * c->m[0] + h * c->m[1] + i * c->m[2] + j0;
    if (c->causal && i + 1 - j0 < n)
        r.seen = i + 1 > j0 ? i + 1 - j0 : 0;
    if (c->query_mask && !c->zero_rows && !c->query_mask[b * c->tq + i])
        r.seen = 0;
    r.any = r.keys || r.mask || r.seen < n;
    return r;
}

/* lanes before key `end`, where the first is key j */
RK_INLINE AT_M AT(before)(ptrdiff_t j, ptrdiff_t end)
{
    return AT_VF(lt)(AT_VF(attn_lanes)(), AT_SET1((AT_T)(end - j)));
}

/* those of the keys from j on that count */
RK_INLINE AT_M AT(seen)(const AT(view) *r, ptrdiff_t j)
{
    AT_M m = AT(before)(j, r->seen);
    if (r->keys)
        m &= AT_VF(attn_bytes)(r->keys + j, AT_L);
    if (r->mask)
        m &= AT_VF(attn_bytes)(r->mask + j, r->n - j);
    return m;
}

/* Scores of the keys from j on: those of keys that do not count are lowered, and lanes beyond n weigh nothing. */
RK_INLINE AT_V AT(scores)(const AT(view) *r, const AT_T *x, ptrdiff_t j)
{
    const AT_V fill = AT_SET1((AT_T)ATTN_FILL);
    AT_V y = AT_LOAD(x + j);
    if (r->any)
        y = AT_VF(select)(AT(seen)(r, j), y, r->replace ? fill : y + fill);
    if (r->n - j < AT_L)
        y = AT_VF(select)(AT(before)(j, r->n), y, AT_SET1((AT_T)-INFINITY));
    return y;
}

/* x = exp(x - max) * inverse: the weights of a row of scores */
RK_INLINE void AT(weigh)(const AT(view) *r, AT_T *x, AT_V max, AT_V inverse)
{
    for (ptrdiff_t j = 0; j < r->n; j += AT_L)
        AT_STORE(x + j, AT_VF(exp)(AT(scores)(r, x, j) - max) * inverse);
}

RK_INLINE void AT(multiply)(AT_T *x, AT_T by, ptrdiff_t n)
{
    RK_IVDEP
    for (ptrdiff_t j = 0; j < n; j++)
        x[j] *= by;
}

/* y = w with the dropped weights of row `number`, from key j0 on, zero; w itself where none is dropped */
RK_INLINE void AT(drop)(const rk_attn_call *c, uint64_t number, ptrdiff_t j0, AT_T *y, const AT_T *w, ptrdiff_t n)
{
    const uint64_t key = rk_run_key(c->seed, number);
    RK_IVDEP
    for (ptrdiff_t j = 0; j < n; j++)
        y[j] = rk_random(key, (uint32_t)(j0 + j)) < c->drop ? 0 : w[j];
}

static void AT(forward_blocks)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    AT(job) *d = context;
    const rk_attn_call *c = d->c;
    const ptrdiff_t ld = AT_WIDTH(d->tile);
    AT_T *s = rk_scratch(3, (size_t)(d->rows * ld) * sizeof(AT_T) + (size_t)AT_WIDTH(c->tv));
    if (!s) {
        d->no_memory = 1;
        return;
    }
    const uint8_t *counts = NULL;
    ptrdiff_t batch = -1;              /* to which `counts` belongs */
    /* weights of masked keys underflow, and every step through a subnormal number is slow */
    const rk_fp_state state = rk_flush_begin();
    for (ptrdiff_t u = begin; u < end; u++) {
        const ptrdiff_t i0 = u % d->blocks * d->rows, head = u / d->blocks, b = head / c->heads, h = head % c->heads;
        const ptrdiff_t rows = c->tq - i0 < d->rows ? c->tq - i0 : d->rows;
        const ptrdiff_t keys = rk_attn_keys(c, b, i0, rows);
        const AT_T *q = d->q + b * c->q[0] + i0 * c->q[1] + h * c->q[2];
        const AT_T *k = d->k + b * c->k[0] + h * c->k[2];
        const AT_T *v = d->v + b * c->v[0] + h * c->v[2];
        if (b != batch)
            counts = AT(counts)(c, batch = b, (uint8_t *)(s + d->rows * ld));
        AT_T *out = d->out + b * c->o[0] + i0 * c->o[1] + h * c->o[2];
        AT_T *stats = d->stats + 2 * (head * c->tq + i0);
        for (ptrdiff_t j0 = 0; j0 < keys; j0 += d->tile) {
            const ptrdiff_t n = keys - j0 < d->tile ? keys - j0 : d->tile, width = AT_WIDTH(n);
            AT(gemm)(0, 1, rows, n, c->dk, c->scale, q, c->q[1], k + j0 * c->k[1], c->k[1], 0, s, ld);
            for (ptrdiff_t i = 0; i < rows; i++) {
                AT_T *x = s + i * ld;
                const AT(view) r = AT(look)(c, head, i0 + i, j0, n, counts);
                AT_V top = AT(scores)(&r, x, 0), sum = AT_SET1(0);
                AT_STORE(x, top);
                for (ptrdiff_t j = AT_L; j < width; j += AT_L) {
                    const AT_V y = AT(scores)(&r, x, j);
                    AT_STORE(x + j, y);
                    top = AT_VF(max)(y, top);
                }
                AT_T max = AT_VF(top)(top);
                if (j0 && stats[2 * i] > max)
                    max = stats[2 * i];
                for (ptrdiff_t j = 0; j < width; j += AT_L) {
                    AT_V e = AT_VF(exp)(AT_LOAD(x + j) - AT_SET1(max));
                    sum += e;
                    AT_STORE(x + j, e);
                }
                if (!j0)
                    stats[2 * i + 1] = AT_VF(sum)(sum);
                else if (max == stats[2 * i])
                    stats[2 * i + 1] += AT_VF(sum)(sum);
                else {
                    const AT_T less = AT_VF(top)(AT_VF(exp)(AT_SET1(stats[2 * i] - max)));
                    stats[2 * i + 1] = stats[2 * i + 1] * less + AT_VF(sum)(sum);
                    AT(multiply)(out + i * c->o[1], less, c->dv);
                }
                stats[2 * i] = max;
                if (c->drop)
                    AT(drop)(c, (uint64_t)(head * c->tq + i0 + i), j0, x, x, n);
            }
            AT(gemm)(0, 0, rows, c->dv, n, 1, s, ld, v + j0 * c->v[1], c->v[1], j0 > 0, out, c->o[1]);
        }
        for (ptrdiff_t i = 0; i < rows; i++) {
            stats[2 * i + 1] = 1 / stats[2 * i + 1];
            if (c->zero_rows && c->query_mask && !c->query_mask[b * c->tq + i0 + i])
                memset(out + i * c->o[1], 0, (size_t)c->dv * sizeof(AT_T));
            else
                AT(multiply)(out + i * c->o[1], stats[2 * i + 1] * (AT_T)c->factor, c->dv);
        }
        for (ptrdiff_t j0 = 0; d->weights && j0 < c->tv; j0 += d->tile) {
            const ptrdiff_t all = c->tv - j0 < d->tile ? c->tv - j0 : d->tile;
            const ptrdiff_t n = keys - j0 < all ? keys - j0 < 0 ? 0 : keys - j0 : all;
            AT_T *w = d->weights + (head * c->tq + i0) * c->tv + j0;
            if (n)
                AT(gemm)(0, 1, rows, n, c->dk, c->scale, q, c->q[1], k + j0 * c->k[1], c->k[1], 0, s, ld);
            for (ptrdiff_t i = 0; i < rows; i++, w += c->tv) {
                AT_T *x = s + i * ld;
                const AT(view) r = AT(look)(c, head, i0 + i, j0, n, counts);
                AT(weigh)(&r, x, AT_SET1(stats[2 * i]), AT_SET1(stats[2 * i + 1]));
                memcpy(w, x, (size_t)n * sizeof(AT_T));
                memset(w + n, 0, (size_t)(all - n) * sizeof(AT_T));
            }
        }
    }
    rk_flush_end(state);
}

/* Zeros, where there is nothing to attend to. */
static void AT(clear)(const rk_attn_call *c, AT_T *x, const ptrdiff_t *strides, ptrdiff_t time, ptrdiff_t dim)
{
    if (x)
        for (ptrdiff_t b = 0; b < c->batch; b++)
            for (ptrdiff_t t = 0; t < time; t++)
                for (ptrdiff_t h = 0; h < c->heads; h++)
                    memset(x + b * strides[0] + t * strides[1] + h * strides[2], 0, (size_t)dim * sizeof(AT_T));
}

static int AT(forward)(const rk_attn_call *c, const AT_T *q, const AT_T *k, const AT_T *v, AT_T *out, AT_T *weights,
                        AT_T *stats)
{
    AT(job) d = { .c = c, .q = q, .k = k, .v = v, .out = out, .weights = weights, .stats = stats,
                  .rows = rk_attn_rows(c), .tile = rk_attn_tile(c) };
    if (c->batch <= 0 || c->heads <= 0 || c->tq <= 0)
        return 1;
    if (c->tv <= 0) {
        AT(clear)(c, out, c->o, c->tq, c->dv);
        return 1;
    }
    d.blocks = (c->tq + d.rows - 1) / d.rows;
    const ptrdiff_t work = d.rows * c->tv * (c->dk + c->dv + 16);
    rk_parallel_even(AT(forward_blocks), &d, c->batch * c->heads * d.blocks, 1 + ATTN_THREAD_WORK / (work + 1), 1);
    return !d.no_memory;
}

static void AT(backward_heads)(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    AT(job) *d = context;
    const rk_attn_call *c = d->c;
    const ptrdiff_t ld = AT_WIDTH(d->tile), size = d->rows * ld;
    AT_T *s = rk_scratch(3, (size_t)(4 * size) * sizeof(AT_T) + (size_t)AT_WIDTH(c->tv));
    if (!s) {
        d->no_memory = 1;
        return;
    }
    AT_T *dp = s + size, *raw = dp + size, *dropped = c->drop ? raw + size : s;
    const uint8_t *counts = NULL;
    ptrdiff_t batch = -1;              /* to which `counts` belongs */
    const int shared = d->dk != NULL && d->dk == d->dv, whole = d->tile >= c->tv;
    const rk_fp_state state = rk_flush_begin();
    for (ptrdiff_t head = begin; head < end; head++) {
        const ptrdiff_t b = head / c->heads, h = head % c->heads;
        if (b != batch)
            counts = AT(counts)(c, batch = b, (uint8_t *)(s + 4 * size));
        double dscale = 0;
        for (ptrdiff_t i0 = 0; i0 < c->tq; i0 += d->rows) {
            const ptrdiff_t rows = c->tq - i0 < d->rows ? c->tq - i0 : d->rows;
            const ptrdiff_t keys = rk_attn_keys(c, b, i0, rows);
            const AT_T *q = d->q + b * c->q[0] + i0 * c->q[1] + h * c->q[2];
            const AT_T *y = d->y + b * c->o[0] + i0 * c->o[1] + h * c->o[2];
            const AT_T *dout = d->dout + b * c->o[0] + i0 * c->o[1] + h * c->o[2];
            const int more = i0 > 0;
            /* keys that this block does not see, but a later one may */
            if (!more && keys < c->tv) {
                if (d->dk && !shared)
                    for (ptrdiff_t j = keys; j < c->tv; j++)
                        memset(d->dk + b * c->k[0] + j * c->k[1] + h * c->k[2], 0, (size_t)c->dk * sizeof(AT_T));
                if (d->dv)
                    for (ptrdiff_t j = keys; j < c->tv; j++)
                        memset(d->dv + b * c->v[0] + j * c->v[1] + h * c->v[2], 0, (size_t)c->dv * sizeof(AT_T));
            }
            for (ptrdiff_t j0 = 0; j0 < keys; j0 += d->tile) {
                const ptrdiff_t n = keys - j0 < d->tile ? keys - j0 : d->tile, width = AT_WIDTH(n);
                const AT_T *k = d->k + b * c->k[0] + j0 * c->k[1] + h * c->k[2];
                const AT_T *v = d->v + b * c->v[0] + j0 * c->v[1] + h * c->v[2];
                AT(gemm)(0, 1, rows, n, c->dk, c->scale, q, c->q[1], k, c->k[1], 0, s, ld);
                if (d->dscales)
                    AT(gemm)(0, 1, rows, n, c->dk, 1, q, c->q[1], k, c->k[1], 0, raw, ld);
                AT(gemm)(0, 1, rows, n, c->dv, c->factor, dout, c->o[1], v, c->v[1], 0, dp, ld);
                for (ptrdiff_t i = 0; i < rows; i++) {
                    const ptrdiff_t number = head * c->tq + i0 + i;
                    const int cleared = c->zero_rows && c->query_mask && !c->query_mask[b * c->tq + i0 + i];
                    AT_T *x = s + i * ld, *dx = dp + i * ld, *w = dropped + i * ld;
                    AT_V sum = AT_SET1(0), rest = AT_SET1(0);
                    AT_T mean = 0;
                    const AT(view) r = AT(look)(c, head, i0 + i, j0, n, counts);
                    AT(weigh)(&r, x, AT_SET1(d->stats[2 * number]), AT_SET1(d->stats[2 * number + 1]));
                    for (ptrdiff_t j = n; j < width; j++)
                        dx[j] = 0;
                    if (cleared)
                        memset(dx, 0, (size_t)n * sizeof(AT_T));
                    if (c->drop) {
                        AT(drop)(c, (uint64_t)number, j0, w, x, n);
                        AT(drop)(c, (uint64_t)number, j0, dx, dx, n);
                    }
                    if (d->dweights) {
                        const AT_T *more_dx = d->dweights + number * c->tv + j0;
                        for (ptrdiff_t j = 0; j < n; j++)
                            dx[j] += more_dx[j];
                    }
                    if (whole) {
                        for (ptrdiff_t j = 0; j < width; j += AT_L)
                            sum += AT_LOAD(x + j) * AT_LOAD(dx + j);
                        mean = AT_VF(sum)(sum);
                        /* Where a mean is much larger than what deviates from it, its error would be the larger part
                         * of the gradient: the mean of the deviations is what is wrong with it. */
                        for (ptrdiff_t j = 0; j < width; j += AT_L)
                            rest += AT_LOAD(x + j) * (AT_LOAD(dx + j) - AT_SET1(mean));
                        rest = AT_SET1(AT_VF(sum)(rest));
                    } else {
                        /* what the sum over all tiles comes to, as the weights make the result */
                        double exact = 0;
                        for (ptrdiff_t j = 0; j < c->dv; j++)
                            exact += (double)dout[i * c->o[1] + j] * (double)y[i * c->o[1] + j];
                        mean = (AT_T)exact;
                    }
                    for (ptrdiff_t j = 0; j < width; j += AT_L) {
                        const AT_V y = AT_LOAD(x + j) * (AT_LOAD(dx + j) - AT_SET1(mean) - rest);
                        AT_STORE(dx + j, r.any && r.replace ? AT_VF(select)(AT(seen)(&r, j), y, AT_SET1(0)) : y);
                    }
                    if (cleared)
                        memset(w, 0, (size_t)n * sizeof(AT_T));
                    if (d->dscales)
                        for (ptrdiff_t j = 0; j < n; j++)
                            dscale += (double)dx[j] * (double)raw[i * ld + j];
                }
                if (d->dv)
                    AT(gemm)(1, 0, n, c->dv, rows, c->factor, dropped, ld, dout, c->o[1], more,
                             d->dv + b * c->v[0] + j0 * c->v[1] + h * c->v[2], c->v[1]);
                if (d->dq)
                    AT(gemm)(0, 0, rows, c->dk, n, c->scale, dp, ld, k, c->k[1], j0 > 0,
                             d->dq + b * c->q[0] + i0 * c->q[1] + h * c->q[2], c->q[1]);
                if (d->dk)
                    AT(gemm)(1, 0, n, c->dk, rows, c->scale, dp, ld, q, c->q[1], more || shared,
                             d->dk + b * c->k[0] + j0 * c->k[1] + h * c->k[2], c->k[1]);
            }
        }
        if (d->dscales)
            d->dscales[head] = dscale;
    }
    rk_flush_end(state);
}

static int AT(backward)(const rk_attn_call *c, const AT_T *q, const AT_T *k, const AT_T *v, const AT_T *out,
                         const AT_T *stats, const AT_T *dout, const AT_T *dweights, AT_T *dq, AT_T *dk, AT_T *dv,
                         AT_T *dscale)
{
    /* the gradient of the weights enters a row's mean: all its keys at a time, as many rows as that allows */
    AT(job) d = { .c = c, .q = q, .k = k, .v = v, .y = out, .dout = dout, .dweights = dweights, .stats = (AT_T *)stats,
                  .dq = dq, .dk = dk, .dv = dv, .rows = rk_attn_rows(c), .tile = dweights ? c->tv : rk_attn_tile(c) };
    if (dweights && d.rows > 32 && c->tv > 2048)
        d.rows = 32;
    const ptrdiff_t heads = c->batch * c->heads;
    double sum = 0;
    if (dscale) {
        *dscale = 0;
        if (heads > 0 && !(d.dscales = rk_scratch(2, (size_t)heads * sizeof(double))))
            return 0;
    }
    if (heads <= 0 || c->tq <= 0 || c->tv <= 0) {
        AT(clear)(c, dq, c->q, c->tq, c->dk);
        AT(clear)(c, dk, c->k, c->tv, c->dk);
        AT(clear)(c, dv, c->v, c->tv, c->dv);
        return 1;
    }
    const ptrdiff_t work = c->tq * c->tv * (3 * c->dk + 2 * c->dv + 32);
    rk_parallel_even(AT(backward_heads), &d, heads, 1 + ATTN_THREAD_WORK / (work + 1), 1);
    if (dscale) {
        for (ptrdiff_t i = 0; i < heads; i++)
            sum += d.dscales[i];
        *dscale = (AT_T)sum;
    }
    return !d.no_memory;
}

#undef AT_SUFFIX
#undef AT_T
#undef AT_V
#undef AT_L
#undef AT_VF
#undef AT_M
#undef AT_GEMM
#undef AT_LOAD
#undef AT_STORE
#undef AT_SET1
#undef AT_WIDTH
