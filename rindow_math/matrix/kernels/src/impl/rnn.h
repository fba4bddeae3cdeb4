/* Recurrent layers: one product of all inputs with the kernel, then step by step a product of the states with the
 * recurrent kernel, packed once, and a pass over the gates. Rows of the batch do not depend on each other: each thread
 * takes some of them through all steps, unless they are so few that the threads had better share each product. The
 * gradient runs back in the same way, then computes the gradients of the weights from all steps at once.
 *
 * Inside, steps come first, in the order in which they run, so that what a step works on lies together. What is kept for
 * the gradient: the gates (steps, batch, parts, units); the states before each step and after the last one (steps + 1,
 * batch, units), h and, of a lstm, c; the inputs, if they have to be put in order. The parts are
 *   simple: h'; lstm: i, f, m, o; gru: z, r, q = h Un + b[1]n, n; gru_before: z, r, n, r h.
 * The gradients of the gates are laid out alike; gru_before has three parts. */
#include "common.h"
#include "flush.h"
#include "../rk_rnn.h"

extern const rk_api RK_CAT(api, RK_VARIANT);

/* In multiply-adds: below the first, a call is done before sleeping threads have come; the second keeps a thread busy. */
#define RNN_ALONE_WORK 6000000
#define RNN_THREAD_WORK 2000000
#define RNN_GATE_WORK 100              /* what the pass over a gate costs */
#define RNN_NEAR_BYTES (1 << 20)       /* a recurrent kernel of this size stays in the second cache */
#define RNN_IN_PLACE_BYTES (1 << 18)   /* and up to this one, few rows read it in place as quickly */

typedef struct {
    int gates;                         /* columns of the kernels, in units */
    int parts, dparts;                 /* what is kept of a step, and of its gradient, in units */
    int matrices;                      /* products of a step */
} rnn_shape;

static const rnn_shape rnn_shapes[] = { { 1, 1, 1, 1 }, { 4, 4, 4, 1 }, { 3, 4, 4, 1 }, { 3, 4, 3, 3 } };

RK_INLINE ptrdiff_t rnn_places(ptrdiff_t n) { return (n + 15) / 16 * 16; }

/* columns and rows of the matrices that a recurrent kernel is made of */
RK_INLINE ptrdiff_t rnn_columns(const rk_rnn_call *c)
{
    return c->cell == RK_RNN_GRU_BEFORE ? c->units : rnn_shapes[c->cell].gates * c->units;
}

/* work for a row of the batch */
RK_INLINE ptrdiff_t rnn_row_work(const rk_rnn_call *c)
{
    return c->steps * rnn_shapes[c->cell].gates * c->units * (c->features + c->units + RNN_GATE_WORK);
}

/* Least rows of the batch for a thread: if the kernel is so large that it is better read once for all, more. */
RK_INLINE ptrdiff_t rnn_grain(const rk_rnn_call *c, ptrdiff_t size)
{
    const ptrdiff_t weights = rnn_shapes[c->cell].gates * c->units * c->units;
    const ptrdiff_t least = weights * size > RNN_NEAR_BYTES ? 16 : 4;
    const ptrdiff_t busy = RNN_THREAD_WORK / (rnn_row_work(c) + 1), threads = rk_threads();
    ptrdiff_t rows = (c->batch + threads - 1) / threads;
    rows = rows > busy ? rows : busy;
    return rows > least ? (rows + 3) / 4 * 4 : least;
}

/* Whether a recurrent kernel is packed, straight or transposed. */
RK_INLINE int rnn_packs(const rk_rnn_call *c, ptrdiff_t size, int transposed)
{
    const ptrdiff_t bytes = rnn_shapes[c->cell].gates * c->units * c->units * size;
    return c->batch > 1 && c->steps > 1 && (transposed || c->batch > 32 || bytes > RNN_IN_PLACE_BYTES);
}

/* Whether inputs are in the order of steps as they are. */
RK_INLINE int rnn_ordered(const rk_rnn_call *c) { return c->batch == 1 && !c->backwards; }

/* elements of the gates, of states and of inputs in the order of steps */
RK_INLINE ptrdiff_t rnn_gates(const rk_rnn_call *c, ptrdiff_t parts)
{
    return rnn_places(c->steps * c->batch * parts * c->units);
}
RK_INLINE ptrdiff_t rnn_states(const rk_rnn_call *c) { return rnn_places((c->steps + 1) * c->batch * c->units); }
RK_INLINE ptrdiff_t rnn_inputs(const rk_rnn_call *c)
{
    return rnn_ordered(c) ? 0 : rnn_places(c->steps * c->batch * c->features);
}

static ptrdiff_t RK(rnn_saved)(const rk_rnn_call *c)
{
    return rnn_gates(c, rnn_shapes[c->cell].parts) + (c->cell == RK_RNN_LSTM ? 2 : 1) * rnn_states(c) + rnn_inputs(c);
}

static ptrdiff_t RK(rnn_work)(int dtype, const rk_rnn_call *c, int gradient)
{
    const rnn_shape *s = &rnn_shapes[c->cell];
    const ptrdiff_t size = rk_dtype_size(dtype), u = c->units;
    ptrdiff_t n = 0;
    if (rnn_packs(c, size, gradient)) {
        const ptrdiff_t columns = gradient ? u : rnn_columns(c), rows = gradient ? rnn_columns(c) : u;
        n = s->matrices * rnn_places(RK_CAT(api, RK_VARIANT).gemm_packed_size(dtype, columns, rows));
    }
    if (!gradient)
        return n + (c->cell == RK_RNN_GRU ? rnn_places(3 * u) : 0);
    return n + rnn_gates(c, s->dparts) + 3 * rnn_places(c->batch * u) + rnn_places(s->dparts * u) + rnn_inputs(c);
}

#define RN(name) RKM_CAT(rnn_##name, RN_SUFFIX)

#define RN_SUFFIX f32
#define RN_T float
#define RN_V rk_vf32
#define RN_L RK_VF32_LANES
#define RN_VF(name) RKM_CAT(rk_##name, vf32)
#define RN_GEMM sgemm
#define RN_TYPE RK_FLOAT32
#include "rnn_body.h"

#define RN_SUFFIX f64
#define RN_T double
#define RN_V rk_vf64
#define RN_L RK_VF64_LANES
#define RN_VF(name) RKM_CAT(rk_##name, vf64)
#define RN_GEMM dgemm
#define RN_TYPE RK_FLOAT64
#include "rnn_body.h"

static void RK(rnn_forward)(int dtype, const rk_rnn_call *c, const void *x, const void *w, const void *u,
                            const void *bias, const void *h0, const void *c0, void *y, void *h, void *c_last,
                            void *saved, void *work)
{
    const rk_fp_state state = rk_flush_begin();
    const int small = c->batch * rnn_row_work(c) < RNN_ALONE_WORK, before = small ? rk_alone_begin() : 0;
    if (dtype == RK_FLOAT32)
        rnn_forward_f32(c, x, w, u, bias, h0, c0, y, h, c_last, saved, work);
    else
        rnn_forward_f64(c, x, w, u, bias, h0, c0, y, h, c_last, saved, work);
    if (small)
        rk_alone_end(before);
    rk_flush_end(state);
}

static void RK(rnn_gradient)(int dtype, const rk_rnn_call *c, const void *x, const void *w, const void *u,
                             const void *saved, const void *dy, const void *dlast, const void *dh, const void *dc,
                             void *dx, void *dw, void *du, void *dbias, void *dh0, void *dc0, void *work)
{
    const rk_fp_state state = rk_flush_begin();
    const int small = c->batch * rnn_row_work(c) < RNN_ALONE_WORK, before = small ? rk_alone_begin() : 0;
    if (dtype == RK_FLOAT32)
        rnn_backward_f32(c, x, w, u, saved, dy, dlast, dh, dc, dx, dw, du, dbias, dh0, dc0, work);
    else
        rnn_backward_f64(c, x, w, u, saved, dy, dlast, dh, dc, dx, dw, du, dbias, dh0, dc0, work);
    if (small)
        rk_alone_end(before);
    rk_flush_end(state);
}

const rk_rnn_api RK(rnn_api) = { 1, RK_RNN(RK_ENTRY) };
