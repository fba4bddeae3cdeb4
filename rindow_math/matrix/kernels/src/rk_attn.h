/* Attention: a family of kernels with a table of its own (see rk.h). float32 and float64 (dtype). They answer 0 if
 * there is no memory for a block of scores. */
#ifndef RK_ATTN_H
#define RK_ATTN_H
#include "rk.h"

/* What a call has in common with its gradient.
 *
 * Queries, keys, values and outputs are (batch, time, head, dim) in any order of the first three: element (b,t,h,i) lies
 * at b*x[0] + t*x[1] + h*x[2] + i. Masks hold a byte an element, 0 for what does not count; any may be NULL. A key
 * counts for a query if all masks say so and, with `causal`, it is not later. The scores of the others are lowered
 * by 1e9 or, with `replace`, set to -1e9: if no key counts, the weights follow from the scores so changed. */
typedef struct rk_attn_call {
    ptrdiff_t batch, heads, tq, tv;    /* tq queries, tv keys */
    ptrdiff_t dk, dv;                  /* width of queries and keys; of values and outputs */
    ptrdiff_t q[3], k[3], v[3], o[3];
    ptrdiff_t m[3];                    /* elements of `mask` between batches, heads, queries */
    const uint8_t *query_mask;         /* (batch, tq) */
    const uint8_t *value_mask;         /* (batch, tv) */
    const uint8_t *key_mask;           /* (batch, tv) */
    const uint8_t *mask;               /* (batch, heads, tq, tv) with strides m */
    double scale;                      /* of the scores */
    double factor;                     /* of the weights before they meet the values */
    uint64_t seed;                     /* of dropout */
    uint32_t drop;                     /* a weight is dropped with probability drop / 2^32 */
    int causal, replace;
    int zero_rows;                     /* the query mask clears outputs instead of lowering scores */
} rk_attn_call;

#define RK_ATTN(X) \
    /* out = dropout(softmax(mask(scale q k'))) v. weights (batch, heads, tq, tv) receives the softmax, if not NULL; \
     * stats (batch, heads, tq, 2) the maximum and 1 / sum of each row, for the gradient. */ \
    X(int, attention, (int dtype, const rk_attn_call *c, const void *q, const void *k, const void *v, void *out, \
                       void *weights, void *stats)) \
    /* Gradients from out, dout, and the gradient of the weights if not NULL, by computing the weights again. Those \
     * given as NULL are left out; dk and dv may be the same array, which receives the sum; dscale is one number. */ \
    X(int, attention_gradient, (int dtype, const rk_attn_call *c, const void *q, const void *k, const void *v, \
                                const void *out, const void *stats, const void *dout, const void *dweights, \
                                void *dq, void *dk, void *dv, void *dscale))

struct rk_attn_api {
    int version;
#define RK_FIELD(ret, name, args) ret (*name) args;
    RK_ATTN(RK_FIELD)
#undef RK_FIELD
};

#endif
