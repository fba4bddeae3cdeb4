/* Symmetric and triangular matrices, row-major: float32, float64, complex64, complex128. Of a symmetric or triangular
 * matrix one triangle is read, or written; alpha and beta are pairs (real, imaginary); beta 0 never reads C; ld are row
 * lengths in memory. */
#ifndef RK_BLAS3_H
#define RK_BLAS3_H

#define RK_BLAS3(X) \
    /* C = alpha*A*B + beta*C (B*A, if right), A symmetric; C is (m,n) */ \
    X(void, symm, (int dtype, int right, int lower, ptrdiff_t m, ptrdiff_t n, const double *alpha, const void *a, \
                   ptrdiff_t lda, const void *b, ptrdiff_t ldb, const double *beta, void *c, ptrdiff_t ldc)) \
    /* a triangle of C = alpha*op(A)*op(A)' + beta*C or, unless b is NULL, alpha*(op(A)*op(B)' + op(B)*op(A)') + \
     * beta*C; C is (n,n), op(A) is (n,k) */ \
    X(void, syrk, (int dtype, int lower, int trans, ptrdiff_t n, ptrdiff_t k, const double *alpha, const void *a, \
                   ptrdiff_t lda, const void *b, ptrdiff_t ldb, const double *beta, void *c, ptrdiff_t ldc)) \
    /* B = alpha*op(A)*B (B*op(A), if right), A triangular; unit: its diagonal is not read, but ones */ \
    X(void, trmm, (int dtype, int right, int lower, int trans, int conj, int unit, ptrdiff_t m, ptrdiff_t n, \
                   const double *alpha, const void *a, ptrdiff_t lda, void *b, ptrdiff_t ldb)) \
    /* B = alpha*op(A)^-1*B (B*op(A)^-1, if right) */ \
    X(void, trsm, (int dtype, int right, int lower, int trans, int conj, int unit, ptrdiff_t m, ptrdiff_t n, \
                   const double *alpha, const void *a, ptrdiff_t lda, void *b, ptrdiff_t ldb))

#endif
