/* Reductions and normalisations along one axis: x is (outer, n, inner), the result (outer, inner). */
#ifndef RK_REDUCE_H
#define RK_REDUCE_H

enum rk_reduce_op { RK_SUM = 0, RK_MEAN, RK_MAX, RK_MIN, RK_ASUM, RK_SUMSQ, RK_NRM2, RK_PROD, RK_ANY, RK_ALL_TRUE,
                    RK_AMAX /* element of largest magnitude, signed */, RK_AMIN, RK_REDUCE_OPS };
enum rk_arg_op { RK_ARGMAX = 0, RK_ARGMIN, RK_ARGAMAX, RK_ARGAMIN, RK_ARG_OPS };

#define RK_REDUCE(X) \
    /* y: type of x (RK_ANY, RK_ALL_TRUE: bool). float32 sums are pairwise or in several \
     * accumulators over fixed blocks, so the error grows like log n. nan propagates in max/min. */ \
    X(void, reduce, (int op, int dtype, const void *x, void *y, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner)) \
    /* first index of the extreme; idx is int32 (idx_type RK_INT32) or int64; nan counts as the extreme */ \
    X(void, argreduce, (int op, int dtype, const void *x, void *idx, int idx_type, \
                        ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner)) \
    /* all elements, any increment: real types */ \
    X(double, sum_all, (int dtype, ptrdiff_t n, const void *x, ptrdiff_t inc)) \
    X(double, asum_all, (int dtype, ptrdiff_t n, const void *x, ptrdiff_t inc)) \
    X(double, nrm2_all, (int dtype, ptrdiff_t n, const void *x, ptrdiff_t inc)) \
    X(double, dot_all, (int dtype, ptrdiff_t n, const void *x, ptrdiff_t incx, const void *y, ptrdiff_t incy)) \
    X(ptrdiff_t, arg_all, (int op, int dtype, ptrdiff_t n, const void *x, ptrdiff_t inc)) \
    /* exact sum of integers (wraps at 64 bits) */ \
    X(int64_t, isum_all, (int dtype, ptrdiff_t n, const void *x, ptrdiff_t inc)) \
    /* rows of softmax / log-softmax: x, y (rows, n), in place allowed */ \
    X(void, softmax, (int dtype, const void *x, void *y, ptrdiff_t rows, ptrdiff_t n)) \
    X(void, log_softmax, (int dtype, const void *x, void *y, ptrdiff_t rows, ptrdiff_t n)) \
    /* dx = y*(dy - sum(dy*y)) by rows */ \
    X(void, dsoftmax, (int dtype, const void *y, const void *dy, void *dx, ptrdiff_t rows, ptrdiff_t n)) \
    /* running sum along n; exclusive, reverse as in la.cumsum/cumsumb */ \
    X(void, cumsum, (int dtype, const void *x, void *y, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, \
                     int exclusive, int reverse))

#endif
