/* Fused kernels for neural networks. */
#ifndef RK_IMPL_NN_H
#define RK_IMPL_NN_H

#include "flush.h"

/* Below these many elements one thread is done before two have begun. */
#define NN_GRAIN 16384                 /* updates, activations */
#define NN_UPDATE_ALONE 524288         /* weights for which no sleeping thread is woken */
#define NN_BLOCK 4096                  /* elements of a block: cuts at multiples keep vectors whole */
#define NN_UNIT 512                    /* elements of a weight that stay together in an update; a multiple of the lanes */
#define NN_SUMS 1024                   /* blocks whose sums are added at a time, in order */

#if defined(__GNUC__)
#define RK_PREFETCH(p) __builtin_prefetch(p)
#else
#define RK_PREFETCH(p) ((void)0)
#endif

RK_INLINE ptrdiff_t nn_label(const void *labels, int type, ptrdiff_t i)
{
    switch (type) {
    case RK_BOOL: case RK_UINT8: return ((const uint8_t *)labels)[i];
    case RK_INT8: return ((const int8_t *)labels)[i];
    case RK_INT16: return ((const int16_t *)labels)[i];
    case RK_UINT16: return ((const uint16_t *)labels)[i];
    case RK_INT32: return ((const int32_t *)labels)[i];
    case RK_UINT32: return (ptrdiff_t)((const uint32_t *)labels)[i];
    default: return (ptrdiff_t)((const int64_t *)labels)[i];
    }
}

/* What a sum over `n` elements or rows needs: it is cut into blocks, each has its own sum, and these are added in
 * order, so that the result does not depend on threads. */
typedef struct nn_call nn_call;
struct nn_call {
    const void *x, *labels, *scales;
    void *stats, *losses, *dx;
    double (*range)(const nn_call *d, ptrdiff_t begin, ptrdiff_t end);
    double q, factor, scale, threshold;
    double *sums;
    ptrdiff_t *counts;                 /* right answers of the blocks; NULL: not counted */
    ptrdiff_t first, n, width, block, hits;
    int label_type, kind;
};

/* blocks [begin, end) of those from `first` on, with subnormals flushed */
static void nn_blocks(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    nn_call *d = context;
    rk_fp_state state = rk_flush_begin();
    for (ptrdiff_t b = begin; b < end; b++) {
        ptrdiff_t start = (d->first + b) * d->block, stop = start + d->block < d->n ? start + d->block : d->n;
        d->sums[b] = d->range(d, start, stop);
    }
    rk_flush_end(state);
}

static double nn_sum(nn_call *d, ptrdiff_t grain)
{
    ptrdiff_t blocks = (d->n + d->block - 1) / d->block;
    double sum = 0, sums[NN_SUMS];
    d->sums = sums;
    for (d->first = 0; d->first < blocks; d->first += NN_SUMS) {
        ptrdiff_t count = blocks - d->first < NN_SUMS ? blocks - d->first : NN_SUMS;
        rk_parallel(nn_blocks, d, count, grain);
        for (ptrdiff_t b = 0; b < count; b++)
            sum += sums[b];
        for (ptrdiff_t b = 0; d->counts && b < count; b++)
            d->hits += d->counts[b];
    }
    return sum;
}

typedef struct {
    const rk_weight *weights;
    double lr, a, b, eps;
    ptrdiff_t count;
    int rule;
} nn_updates;

static const float nn_lanes_f32[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
static const double nn_lanes_f64[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };

#define NN(name) RKM_CAT(nn_##name, NN_SUFFIX)

#define NN_SUFFIX f32
#define NN_T float
#define NN_CODE RK_FLOAT32
#define NN_V rk_vf32
#define NN_M rk_m32
#define NN_L RK_VF32_LANES
#define NN_VF(name) RKM_CAT(rk_##name, vf32)
#define NN_ACT gemm_act_f32
#include "nn_body.h"

#define NN_SUFFIX f64
#define NN_T double
#define NN_CODE RK_FLOAT64
#define NN_V rk_vf64
#define NN_M rk_m64
#define NN_L RK_VF64_LANES
#define NN_VF(name) RKM_CAT(rk_##name, vf64)
#define NN_ACT gemm_act_f64
#include "nn_body.h"

/* ---- the entries ---- */
static double RK(loss)(int kind, int dtype, const void *x, const void *labels, int label_type, double q, double factor,
                       void *stats, void *losses, ptrdiff_t rows, ptrdiff_t n)
{
    nn_call d = { .x = x, .labels = labels, .stats = stats, .losses = losses, .q = q, .factor = factor,
                  .label_type = label_type, .kind = kind };
    d.range = dtype == RK_FLOAT32 ? nn_loss_range_f32 : nn_loss_range_f64;
    if (losses || kind >= RK_LOSS_SPARSE) {
        d.n = rows;
        d.width = n;
        d.block = 1 + NN_BLOCK / 4 / (n + 1);
        return nn_sum(&d, 4) * factor;
    }
    d.n = rows * n;                    /* rows do not matter */
    d.block = NN_BLOCK;
    return nn_sum(&d, NN_GRAIN / NN_BLOCK) * factor;
}

static void RK(dloss)(int kind, int dtype, const void *x, const void *labels, int label_type, double q,
                      const void *stats, const void *scales, double scale, void *dx, ptrdiff_t rows, ptrdiff_t n)
{
    nn_call d = { .x = x, .labels = labels, .scales = scales, .stats = (void *)stats, .dx = dx, .q = q, .factor = scale,
                  .label_type = label_type, .kind = kind };
    d.range = dtype == RK_FLOAT32 ? nn_dloss_range_f32 : nn_dloss_range_f64;
    if (scales || kind >= RK_LOSS_SPARSE) {
        d.n = rows;
        d.width = n;
        d.block = 1 + NN_BLOCK / 4 / (n + 1);
        nn_sum(&d, 4);
    } else {
        d.n = rows * n;
        d.block = NN_BLOCK;
        nn_sum(&d, NN_GRAIN / NN_BLOCK);
    }
}

static double RK(loss_step)(int kind, int dtype, const void *x, const void *labels, int label_type, double q,
                            double factor, double scale, void *dx, double threshold, ptrdiff_t *hits, ptrdiff_t rows,
                            ptrdiff_t n)
{
    ptrdiff_t counts[NN_SUMS];
    nn_call d = { .x = x, .labels = labels, .dx = dx, .q = q, .factor = factor, .scale = scale, .width = n,
                  .threshold = threshold, .counts = hits ? counts : NULL, .label_type = label_type, .kind = kind };
    const int by_row = kind >= RK_LOSS_SPARSE;
    d.range = dtype == RK_FLOAT32 ? nn_step_range_f32 : nn_step_range_f64;
    d.n = by_row ? rows : rows * n;
    d.block = by_row ? 1 + NN_BLOCK / 4 / (n + 1) : NN_BLOCK;
    double loss = nn_sum(&d, by_row ? 4 : NN_GRAIN / NN_BLOCK) * factor;
    if (hits)
        *hits = d.hits;
    return loss;
}

RK_NOINLINE void nn_update_units(const nn_updates *d, ptrdiff_t begin, ptrdiff_t end)
{
    ptrdiff_t low = 0, high = d->count;    /* the last weight that begins at or before `begin` */
    while (high - low > 1) {
        ptrdiff_t middle = (low + high) / 2;
        if (d->weights[middle].first <= begin)
            low = middle;
        else
            high = middle;
    }
    for (const rk_weight *w = d->weights + low; w < d->weights + d->count && w->first < end; w++) {
        ptrdiff_t start = begin > w->first ? (begin - w->first) * NN_UNIT : 0, stop = (end - w->first) * NN_UNIT;
        if (stop > w->n)
            stop = w->n;
        if (start >= stop)
            continue;
        if (w->dtype == RK_FLOAT32)
            nn_update_range_f32(d, w, start, stop - start);
        else
            nn_update_range_f64(d, w, start, stop - start);
    }
}

static void nn_update_task(void *context, ptrdiff_t begin, ptrdiff_t end)
{
    rk_fp_state state = rk_flush_begin();
    nn_update_units(context, begin, end);
    rk_flush_end(state);
}

static void RK(update)(int rule, rk_weight *weights, ptrdiff_t count, double lr, double a, double b, double eps)
{
    nn_updates d = { weights, lr, a, b, eps, count, rule };
    ptrdiff_t units = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        weights[i].first = units;
        units += (weights[i].n + NN_UNIT - 1) / NN_UNIT;
    }
    /* where all else of a step stays on this thread, so do the weights, which are in its cache */
    const int alone = units * NN_UNIT < NN_UPDATE_ALONE && !rk_awake();
    rk_parallel(nn_update_task, &d, units, alone ? units : NN_GRAIN / NN_UNIT);
}

static void RK(bias_act)(int dtype, const void *x, const void *bias, void *y, ptrdiff_t rows, ptrdiff_t n,
                         int epilogue)
{
    if (dtype == RK_FLOAT32)
        nn_bias_act_f32(x, bias, y, rows, n, epilogue);
    else
        nn_bias_act_f64(x, bias, y, rows, n, epilogue);
}

static ptrdiff_t RK(count_hits)(int dtype, const void *x, const void *labels, int label_type, ptrdiff_t rows,
                                ptrdiff_t n)
{
    nn_call d = { .x = x, .labels = labels, .n = rows, .width = n, .block = 1 + NN_BLOCK / (n + 1),
                  .label_type = label_type };
    d.range = dtype == RK_FLOAT32 ? nn_hits_range_f32 : nn_hits_range_f64;
    return n > 0 ? (ptrdiff_t)nn_sum(&d, NN_GRAIN / NN_BLOCK) : 0;
}

static ptrdiff_t RK(count_yes_no)(int dtype, const void *x, double threshold, const void *labels, int label_type,
                                  ptrdiff_t n)
{
    nn_call d = { .x = x, .labels = labels, .threshold = threshold, .n = n, .block = NN_BLOCK, .label_type = label_type };
    d.range = dtype == RK_FLOAT32 ? nn_yes_no_range_f32 : nn_yes_no_range_f64;
    return (ptrdiff_t)nn_sum(&d, NN_GRAIN / NN_BLOCK);
}

static void RK(dbias_act)(int dtype, const void *y, const void *dy, void *dz, void *dbias, ptrdiff_t rows,
                          ptrdiff_t n, int epilogue)
{
    if (dtype == RK_FLOAT32)
        nn_dbias_act_f32(y, dy, dz, dbias, rows, n, epilogue);
    else
        nn_dbias_act_f64(y, dy, dz, dbias, rows, n, epilogue);
}

#endif
