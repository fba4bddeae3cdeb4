/* Matrix products, row-major; C must not overlap A or B. op(A) is (m,k), op(B) is (k,n), C is (m,n); lda, ldb, ldc are row lengths in memory. */
#ifndef RK_GEMM_H
#define RK_GEMM_H

/* C = A*B + bias, all without gaps: A is (m,k), B (k,n), bias (n) or NULL. */
typedef struct {
    ptrdiff_t m, n, k;
    const void *a, *b, *bias;
    void *c;
} rk_gemm_operands;

enum rk_epilogue { RK_EPI_NONE = 0, RK_EPI_RELU, RK_EPI_SIGMOID, RK_EPI_TANH };

#define RK_GEMM(X) \
    /* C = epilogue(alpha*op(A)*op(B) + beta*C + bias): bias (n) may be NULL; beta 0 never reads C */ \
    X(void, sgemm, (int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, float alpha, const float *a, ptrdiff_t lda, \
                    const float *b, ptrdiff_t ldb, float beta, float *c, ptrdiff_t ldc, const float *bias, int epilogue)) \
    X(void, dgemm, (int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, double alpha, const double *a, ptrdiff_t lda, \
                    const double *b, ptrdiff_t ldb, double beta, double *c, ptrdiff_t ldc, const double *bias, int epilogue)) \
    /* products of float32 or float64, none of which reads what another writes */ \
    X(void, gemm_group, (int dtype, ptrdiff_t count, const rk_gemm_operands *products)) \
    /* `batch` products; stride_* in elements between consecutive matrices (0: the same one) */ \
    X(void, sgemm_batch, (ptrdiff_t batch, int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, float alpha, \
                          const float *a, ptrdiff_t lda, ptrdiff_t stride_a, const float *b, ptrdiff_t ldb, \
                          ptrdiff_t stride_b, float beta, float *c, ptrdiff_t ldc, ptrdiff_t stride_c)) \
    X(void, dgemm_batch, (ptrdiff_t batch, int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, double alpha, \
                          const double *a, ptrdiff_t lda, ptrdiff_t stride_a, const double *b, ptrdiff_t ldb, \
                          ptrdiff_t stride_b, double beta, double *c, ptrdiff_t ldc, ptrdiff_t stride_c)) \
    /* the same over two indexes, as in heads of a (batch, time, head, dim) array: batch0*batch1 products, matrix (i,j) at \
     * i*stride_?0 + j*stride_?1 */ \
    X(void, sgemm_batch2, (ptrdiff_t batch0, ptrdiff_t batch1, int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, \
                           float alpha, const float *a, ptrdiff_t lda, ptrdiff_t stride_a0, ptrdiff_t stride_a1, \
                           const float *b, ptrdiff_t ldb, ptrdiff_t stride_b0, ptrdiff_t stride_b1, float beta, \
                           float *c, ptrdiff_t ldc, ptrdiff_t stride_c0, ptrdiff_t stride_c1)) \
    X(void, dgemm_batch2, (ptrdiff_t batch0, ptrdiff_t batch1, int ta, int tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, \
                           double alpha, const double *a, ptrdiff_t lda, ptrdiff_t stride_a0, ptrdiff_t stride_a1, \
                           const double *b, ptrdiff_t ldb, ptrdiff_t stride_b0, ptrdiff_t stride_b1, double beta, \
                           double *c, ptrdiff_t ldc, ptrdiff_t stride_c0, ptrdiff_t stride_c1)) \
    /* C = A*op(B) + beta*C with a B that is packed once for many products: float32 and float64. The packed matrix has \
     * gemm_packed_size elements. */ \
    X(ptrdiff_t, gemm_packed_size, (int dtype, ptrdiff_t n, ptrdiff_t k)) \
    X(void, gemm_pack, (int dtype, int tb, ptrdiff_t n, ptrdiff_t k, const void *b, ptrdiff_t ldb, void *packed)) \
    X(void, gemm_packed, (int dtype, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t lda, \
                          const void *packed, double beta, void *c, ptrdiff_t ldc)) \
    /* any number type: complex64/128 with conj flags at the speed of floats; integers wrap, at plain C speed */ \
    X(void, xgemm, (int dtype, int ta, int tb, int conj_a, int conj_b, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, \
                    const double *alpha, const void *a, ptrdiff_t lda, const void *b, ptrdiff_t ldb, \
                    const double *beta, void *c, ptrdiff_t ldc)) \
    /* y = alpha*op(A)*x + beta*y; A is (m,n) in memory */ \
    X(void, sgemv, (int ta, ptrdiff_t m, ptrdiff_t n, float alpha, const float *a, ptrdiff_t lda, const float *x, \
                    ptrdiff_t incx, float beta, float *y, ptrdiff_t incy)) \
    X(void, dgemv, (int ta, ptrdiff_t m, ptrdiff_t n, double alpha, const double *a, ptrdiff_t lda, const double *x, \
                    ptrdiff_t incx, double beta, double *y, ptrdiff_t incy))

#endif
