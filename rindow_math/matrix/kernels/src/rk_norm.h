/* Normalisation, dropout and embedding: a family of kernels with a table of its own (see rk.h). float32 and float64
 * (dtype); gamma and beta may be NULL. Those that return int answer 0 if there is no memory for sums. */
#ifndef RK_NORM_H
#define RK_NORM_H
#include "rk.h"

#define RK_NORM(X) \
    /* y = (x - mean) / sqrt(variance + eps) * gamma + beta over the middle axis of x (outer, n, inner), which gamma \
     * and beta follow. stats receives the means (outer, inner), then 1 / sqrt(variance + eps), for the gradient. */ \
    X(void, layer_norm, (int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x, const void *gamma, \
                         const void *beta, double eps, void *y, void *stats)) \
    /* Gradients from dy; those given as NULL are left out. */ \
    X(int, layer_norm_gradient, (int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x, \
                                 const void *gamma, const void *stats, const void *dy, void *dx, void *dgamma, \
                                 void *dbeta)) \
    /* The same with the moments of each of n channels over the other axes: in training those of x, with which the \
     * moving ones are updated, else the moving ones. With relu, y is 0 where it would be below. stats (4, n) receives \
     * the means, 1 / sqrt(variance + eps), that times gamma, and beta. */ \
    X(int, batch_norm, (int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x, const void *gamma, \
                        const void *beta, double eps, double momentum, int training, void *moving_mean, \
                        void *moving_variance, int relu, void *y, void *stats)) \
    /* With relu, which is for training only, dy counts where y was above 0: that is computed again from x. */ \
    X(int, batch_norm_gradient, (int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, int training, \
                                 const void *x, const void *gamma, const void *stats, const void *dy, int relu, \
                                 void *dx, void *dgamma, void *dbeta))

/* Dropout and embedding. */
#define RK_DROP(X) \
    /* y[i] = x[i] where a random number below 2^32 of element i is below `keep`, else 0; the same for the same seed */ \
    X(void, dropout, (int dtype, const void *x, void *y, ptrdiff_t n, uint32_t keep, uint64_t seed)) \
    /* y (rows, n) = for each row the sum, in order of i, of those x[i,:] (count, n) whose idx[i] is the row; 0 where \
     * there are none. Indexes are in range. Returns 0 when there is no memory. */ \
    X(int, embedding_gradient, (int dtype, const void *x, const void *idx, int idx_type, void *y, ptrdiff_t count, \
                                ptrdiff_t n, ptrdiff_t rows))

struct rk_norm_api {
    int version;
#define RK_FIELD(ret, name, args) ret (*name) args;
    RK_NORM(RK_FIELD)
    RK_DROP(RK_FIELD)
#undef RK_FIELD
};

#endif
