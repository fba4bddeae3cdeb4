/* Recurrent layers: a family of kernels with a table of its own (see rk.h). float32 and float64 (dtype). */
#ifndef RK_RNN_H
#define RK_RNN_H
#include "rk.h"

/* The cells, h and c being the states before the step, W, U and b the weights (gates side by side in their columns):
 *   simple:     h' = act(x W + h U + b)
 *   lstm:       i, f, m, o of x W + h U + b; c' = gate(f) c + gate(i) act(m), h' = gate(o) act(c')
 *   gru:        z, r, n; h' = z h + (1 - z) act(x Wn + b[0]n + r (h Un + b[1]n)), z = gate(x Wz + b[0]z + h Uz + b[1]z)
 *   gru_before: z, r, n; h' = z h + (1 - z) act(x Wn + bn + (r h) Un)
 * U is (units, gates * units), for gru_before (gates * units, units): one square below the other. */
enum rk_rnn_cell { RK_RNN_SIMPLE, RK_RNN_LSTM, RK_RNN_GRU, RK_RNN_GRU_BEFORE };

typedef struct rk_rnn_call {
    int cell;                          /* rk_rnn_cell */
    int activation, gate_activation;   /* rk_epilogue */
    int backwards;                     /* the steps run from the last to the first */
    ptrdiff_t batch, steps, features, units;
    const uint8_t *mask;               /* (batch, steps), 0: the states stay as they are; NULL: no mask */
} rk_rnn_call;

#define RK_RNN(X) \
    /* elements of what the gradient needs, and of the memory that a kernel works in */ \
    X(ptrdiff_t, rnn_saved, (const rk_rnn_call *c)) \
    X(ptrdiff_t, rnn_work, (int dtype, const rk_rnn_call *c, int gradient)) \
    /* x (batch, steps, features); initial states h0, c0 (batch, units), NULL: zeros; bias may be NULL. Gives the outputs \
     * of all steps y (batch, steps, units), NULL: not wanted, and the last states h and, of a lstm, c. */ \
    X(void, rnn_forward, (int dtype, const rk_rnn_call *c, const void *x, const void *w, const void *u, \
                          const void *bias, const void *h0, const void *c0, void *y, void *h, void *c_last, \
                          void *saved, void *work)) \
    /* Gradients from those of all outputs dy, of the last output dlast, and of the last states dh and dc, any of which \
     * may be NULL. Those to be computed that are NULL are left out. */ \
    X(void, rnn_gradient, (int dtype, const rk_rnn_call *c, const void *x, const void *w, const void *u, \
                           const void *saved, const void *dy, const void *dlast, const void *dh, const void *dc, \
                           void *dx, void *dw, void *du, void *dbias, void *dh0, void *dc0, void *work))

struct rk_rnn_api {
    int version;
#define RK_FIELD(ret, name, args) ret (*name) args;
    RK_RNN(RK_FIELD)
#undef RK_FIELD
};

#endif
