/* Fused kernels for neural networks: float32 and float64 (dtype). */
#ifndef RK_NN_H
#define RK_NN_H

enum {
    RK_LOSS_SQUARE,                    /* (x - t)^2 */
    RK_LOSS_HUBER,
    RK_LOSS_BINARY,                    /* -t log(x) - (1-t) log(1-x), x between q and 1 - q */
    RK_LOSS_BINARY_LOGITS,             /* of sigmoid(x) */
    RK_LOSS_CATEGORICAL,               /* -t log(x + q) */
    RK_LOSS_SPARSE,                    /* -log(x[t] + q) */
    RK_LOSS_CATEGORICAL_LOGITS,        /* of softmax(x); stats (rows, 3): maximum, 1 / sum of exp, sum of t */
    RK_LOSS_SPARSE_LOGITS              /* of softmax(x); stats (rows, 3): maximum, 1 / sum of exp, 1 */
};

enum { RK_SGD, RK_ADAM, RK_RMSPROP };

typedef struct rk_weight {
    void *p;
    const void *g;
    void *m, *v;                       /* averages; NULL where the rule has none */
    ptrdiff_t n;
    ptrdiff_t first;                   /* for the kernel */
    int dtype;
} rk_weight;

#define RK_NN(X) \
    /* The sum of the rows' losses (x (rows, n) are predictions) times factor; losses (rows), if not NULL, receives \
     * those of the rows, times factor. Labels are class numbers in range (RK_LOSS_SPARSE...), or like x. q: delta of \
     * Huber's loss, else what keeps logarithms finite. stats: see RK_LOSS_...; NULL if no gradient will be asked for. */ \
    X(double, loss, (int kind, int dtype, const void *x, const void *labels, int label_type, double q, double factor, \
                     void *stats, void *losses, ptrdiff_t rows, ptrdiff_t n)) \
    /* dx = the gradient of the rows' losses times scale, and times scales[row] if scales is not NULL; dx may be x */ \
    X(void, dloss, (int kind, int dtype, const void *x, const void *labels, int label_type, double q, \
                    const void *stats, const void *scales, double scale, void *dx, ptrdiff_t rows, ptrdiff_t n)) \
    /* loss and dloss in one pass, to the same bits; dx must not be x. hits, if not NULL, receives what count_hits counts, \
     * for RK_LOSS_BINARY... what count_yes_no does. */ \
    X(double, loss_step, (int kind, int dtype, const void *x, const void *labels, int label_type, double q, double factor, \
                          double scale, void *dx, double threshold, ptrdiff_t *hits, ptrdiff_t rows, ptrdiff_t n)) \
    /* One step for all weights in one pass over memory, with subnormals flushed, so that old averages do not turn into \
     * them. Adam: m += (1-a)(g-m), v += (1-b)(g*g-v), p -= lr m / (sqrt(v)+eps); RMSprop: m = a m + (1-a) g*g (m NULL: as if \
     * it were 0), p -= lr g / (sqrt(m)+eps); SGD: p -= lr g. */ \
    X(void, update, (int rule, rk_weight *weights, ptrdiff_t count, double lr, double a, double b, double eps)) \
    /* y[r,:] = x[r,:] + bias; in place allowed */ \
    X(void, bias_act, (int dtype, const void *x, const void *bias, void *y, ptrdiff_t rows, ptrdiff_t n, int epilogue)) \
    /* rows whose greatest element, the first of several, is at the label; with labels of x's own type, (rows, n) weights, \
     * where their greatest is. NaN and labels out of range count as wrong. */ \
    X(ptrdiff_t, count_hits, (int dtype, const void *x, const void *labels, int label_type, ptrdiff_t rows, ptrdiff_t n)) \
    /* elements with (x > threshold) == (int)label; labels are integers, or of x's own type */ \
    X(ptrdiff_t, count_yes_no, (int dtype, const void *x, double threshold, const void *labels, int label_type, \
                                ptrdiff_t n)) \
    /* dz = dy * f'(y) by epilogue, and dbias[j] = sum over rows of dz (dbias may be NULL) */ \
    X(void, dbias_act, (int dtype, const void *y, const void *dy, void *dz, void *dbias, ptrdiff_t rows, ptrdiff_t n, \
                        int epilogue))

#endif
