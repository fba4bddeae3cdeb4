/* Normalisation, dropout and embedding: a family of kernels with a table of its own (see rk.h). */
#ifndef RK_NORM_H
#define RK_NORM_H
#include "rk.h"

#define RK_NORM(X)

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
