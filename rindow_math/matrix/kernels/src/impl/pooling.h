/* Pooling. With the channels last, vectors of channels are worked on, over the places of a window or, in the gradients,
 * over the windows of a pixel; with the channels first, rows of a plane. */
#include "common.h"
#include "../rk_pooling.h"
#include "flush.h"
#include "places.h"

#define POOL_GRAIN 16384               /* elements below which a second thread does not pay */
#define POOL_PIECE 256                 /* results of a row whose indexes are held at a time */

/* What each place along an axis belongs to: windows have places first[o] .. last[o] in the image, and pixel i lies in
 * the reach of windows from[i] .. to[i]. */
typedef struct {
    const rk_pooling_call *c;
    const void *x, *dy, *index;
    void *y, *into;                    /* into: indexes, or NULL, or the gradient of x */
    int largest;                       /* y is compared */
    const ptrdiff_t *first[3], *last[3], *from[3], *to[3];
} pool_job;

RK_INLINE ptrdiff_t pool_floor(ptrdiff_t a, ptrdiff_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
RK_INLINE ptrdiff_t pool_clip(ptrdiff_t a, ptrdiff_t high) { return a < 0 ? 0 : a < high ? a : high; }

static int pool_begin(pool_job *j, const rk_pooling_call *c)
{
    size_t count = 0;
    for (int a = 0; a < 3; a++)
        count += 2 * (size_t)(c->in[a] + c->out[a]);
    ptrdiff_t *p = rk_scratch(3, count * sizeof *p);
    if (!p)
        return 0;
    j->c = c;
    for (int a = 0; a < 3; a++) {
        const ptrdiff_t in = c->in[a], out = c->out[a], window = c->window[a], stride = c->stride[a];
        const ptrdiff_t dilation = c->dilation[a], pad = c->pad[a];
        ptrdiff_t *first = p, *last = first + out, *from = last + out, *to = from + in;
        p = to + in;
        for (ptrdiff_t o = 0; o < out; o++) {
            const ptrdiff_t at = pad - o * stride;
            first[o] = pool_clip(pool_floor(at + dilation - 1, dilation), window);
            last[o] = pool_clip(pool_floor(in - 1 + at, dilation) + 1, window);
        }
        for (ptrdiff_t i = 0; i < in; i++) {
            from[i] = pool_clip(pool_floor(i + pad - (window - 1) * dilation + stride - 1, stride), out);
            to[i] = pool_clip(pool_floor(i + pad, stride) + 1, out);
        }
        j->first[a] = first;
        j->last[a] = last;
        j->from[a] = from;
        j->to[a] = to;
    }
    return 1;
}

/* The place of pixel i in window o, or -1. */
RK_INLINE ptrdiff_t pool_place(const rk_pooling_call *c, int axis, ptrdiff_t i, ptrdiff_t o)
{
    const ptrdiff_t k = i + c->pad[axis] - o * c->stride[axis], dilation = c->dilation[axis];
    return dilation == 1 ? k : k % dilation ? -1 : k / dilation;
}

/* The row of place k of window o. */
RK_INLINE ptrdiff_t pool_pixel(const rk_pooling_call *c, int axis, ptrdiff_t o, ptrdiff_t k)
{
    return o * c->stride[axis] + k * c->dilation[axis] - c->pad[axis];
}

/* Whether windows lie side by side, so that each pixel belongs to one at most. */
RK_INLINE int pool_side_by_side(const rk_pooling_call *c)
{
    for (int a = 0; a < 3; a++)
        if (c->stride[a] != c->window[a] || c->dilation[a] != 1)
            return 0;
    return 1;
}

/* How far the windows reach into an image. */
RK_INLINE ptrdiff_t pool_reach(const rk_pooling_call *c, int axis)
{
    return pool_clip(c->out[axis] * c->stride[axis] - c->pad[axis], c->in[axis]);
}

#define PL(name) RKM_CAT(pool_##name, PL_SUFFIX)

#define PL_SUFFIX f32
#define PL_T float
#define PL_V rk_vf32
#define PL_VI rk_vi32
#define PL_M rk_m32
#define PL_L RK_VF32_LANES
#define PL_VF(name) RKM_CAT(rk_##name, vf32)
#define PL_MMI _mm512_cmpeq_epi32_mask
#include "pooling_body.h"

#define PL_SUFFIX f64
#define PL_T double
#define PL_V rk_vf64
#define PL_VI rk_vi64
#define PL_M rk_m64
#define PL_L RK_VF64_LANES
#define PL_VF(name) RKM_CAT(rk_##name, vf64)
#define PL_MMI _mm512_cmpeq_epi64_mask
#include "pooling_body.h"

static int RK(pool_max)(int dtype, const rk_pooling_call *c, const void *x, void *y, void *index)
{
    pool_job j = { .x = x, .y = y, .into = index, .largest = 1 };
    if (!pool_begin(&j, c))
        return 0;
    if (dtype == RK_FLOAT32)
        pool_run_max_f32(&j);
    else
        pool_run_max_f64(&j);
    return 1;
}

static int RK(pool_max_gradient)(int dtype, const rk_pooling_call *c, const void *dy, const void *index, void *dx)
{
    pool_job j = { .dy = dy, .index = index, .into = dx };
    if (!pool_begin(&j, c))
        return 0;
    if (dtype == RK_FLOAT32)
        pool_run_gradient_f32(&j);
    else
        pool_run_gradient_f64(&j);
    return 1;
}

static int RK(pool_mean)(int dtype, const rk_pooling_call *c, const void *x, void *y)
{
    pool_job j = { .x = x, .y = y };
    if (!pool_begin(&j, c))
        return 0;
    if (dtype == RK_FLOAT32)
        pool_run_mean_f32(&j);
    else
        pool_run_mean_f64(&j);
    return 1;
}

static int RK(pool_mean_gradient)(int dtype, const rk_pooling_call *c, const void *dy, void *dx)
{
    pool_job j = { .dy = dy, .into = dx };
    if (!pool_begin(&j, c))
        return 0;
    if (dtype == RK_FLOAT32)
        pool_run_gradient_f32(&j);
    else
        pool_run_gradient_f64(&j);
    return 1;
}

const rk_pooling_api RK(pooling_api) = { 1, RK_POOLING(RK_ENTRY) };
