/* Fused kernels for neural networks: float32 and float64 (dtype). */
#ifndef RK_NN_H
#define RK_NN_H

#define RK_NN(X) \
    /* mean over rows of logsumexp(x) - x[label]; probs (rows, n) receives softmax(x) (may be NULL); \
     * losses (rows) may be NULL; returns the mean. Labels are in range. */ \
    X(double, sparse_xent_logits, (int dtype, const void *x, const void *labels, int label_type, void *probs, \
                                   void *losses, ptrdiff_t rows, ptrdiff_t n)) \
    /* dx = (probs - onehot(label)) * scale, or * scales[row] when scales is not NULL */ \
    X(void, dsparse_xent_logits, (int dtype, const void *probs, const void *labels, int label_type, const void *scales, \
                                  double scale, void *dx, ptrdiff_t rows, ptrdiff_t n)) \
    /* one pass over p, m, v: m += (1-b1)(g-m); v += (1-b2)(g*g-v); p -= lr*m/(sqrt(v)+eps); \
     * with flush-to-zero set, so that old averages do not turn into denormals */ \
    X(void, adam, (int dtype, void *p, const void *g, void *m, void *v, ptrdiff_t n, double lr, double beta1, \
                   double beta2, double eps)) \
    X(void, sgd, (int dtype, void *p, const void *g, void *velocity, ptrdiff_t n, double lr, double momentum, int nesterov)) \
    X(void, rmsprop, (int dtype, void *p, const void *g, void *rms, void *velocity, void *avg, ptrdiff_t n, double lr, \
                      double rho, double momentum, double eps)) \
    /* y[r,:] = x[r,:] + bias; in place allowed */ \
    X(void, bias_act, (int dtype, const void *x, const void *bias, void *y, ptrdiff_t rows, ptrdiff_t n, int epilogue)) \
    /* dz = dy * f'(y) by epilogue, and dbias[j] = sum over rows of dz (dbias may be NULL) */ \
    X(void, dbias_act, (int dtype, const void *y, const void *dy, void *dz, void *dbias, ptrdiff_t rows, ptrdiff_t n, \
                        int epilogue))

#endif
