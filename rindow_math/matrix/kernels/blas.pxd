"""BLAS and LAPACK of scipy for row-major matrices, as a table that is fetched when it is first needed.

Importing scipy.linalg takes longer than the rest of the package, so nothing cimports functions from here: a caller
takes the address of the table from ``blas.table()``.
"""

ctypedef struct blas_api:
    # c = alpha op(a) op(b) + beta c of complex numbers; op: 0 none, 1 transposed, 2 conjugate transposed
    void (*gemm)(int dtype, int op_a, int op_b, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const double* alpha,
                 const void* a, ptrdiff_t lda, const void* b, ptrdiff_t ldb, const double* beta, void* c,
                 ptrdiff_t ldc) noexcept nogil
    # c = alpha a b + beta c (b a, if right), a symmetric: one triangle is read; c is (m, n)
    void (*symm)(int dtype, int right, int lower, ptrdiff_t m, ptrdiff_t n, const double* alpha, const void* a,
                 ptrdiff_t lda, const void* b, ptrdiff_t ldb, const double* beta, void* c, ptrdiff_t ldc) noexcept nogil
    # one triangle of c = alpha op(a) op(a)^T + beta c; c is (n, n), op(a) is (n, k)
    void (*syrk)(int dtype, int lower, int trans, ptrdiff_t n, ptrdiff_t k, const double* alpha, const void* a,
                 ptrdiff_t lda, const double* beta, void* c, ptrdiff_t ldc) noexcept nogil
    # one triangle of c = alpha (op(a) op(b)^T + op(b) op(a)^T) + beta c
    void (*syr2k)(int dtype, int lower, int trans, ptrdiff_t n, ptrdiff_t k, const double* alpha, const void* a,
                  ptrdiff_t lda, const void* b, ptrdiff_t ldb, const double* beta, void* c,
                  ptrdiff_t ldc) noexcept nogil
    # b = alpha op(a) b (b op(a), if right), a triangular; op: 0 none, 1 transposed, 2 conjugate transposed
    void (*trmm)(int dtype, int right, int lower, int op, int unit, ptrdiff_t m, ptrdiff_t n, const double* alpha,
                 const void* a, ptrdiff_t lda, void* b, ptrdiff_t ldb) noexcept nogil
    # b = alpha op(a)^-1 b (b op(a)^-1, if right)
    void (*trsm)(int dtype, int right, int lower, int op, int unit, ptrdiff_t m, ptrdiff_t n, const double* alpha,
                 const void* a, ptrdiff_t lda, void* b, ptrdiff_t ldb) noexcept nogil
    # column-major: a (m, n) = u diag(s) vt; full: u (m, m), vt (n, n), else u (m, k), vt (k, n); a is destroyed;
    # lwork -1: work[0] receives the size of the work space; by divide and conquer when indexes has room for 8 k
    # indexes of 64 bits, else by QR iteration; 0, or the number of vectors that did not converge.
    ptrdiff_t (*gesvd)(int dtype, int full, ptrdiff_t m, ptrdiff_t n, void* a, void* s, void* u, void* vt, void* work,
                       ptrdiff_t lwork, void* indexes) noexcept nogil
    # the largest size of a matrix that this BLAS can hold
    ptrdiff_t largest
    # a = p l u in place, row-major (the transposed matrix is factored); pivots has room for n indexes of 64 bits;
    # 0, or the position of a zero pivot from 1
    ptrdiff_t (*getrf)(int dtype, ptrdiff_t n, void* a, void* pivots) noexcept nogil
    # b = a^-1 b for the factors of getrf and one right side
    ptrdiff_t (*getrs)(int dtype, ptrdiff_t n, const void* a, const void* pivots, void* b) noexcept nogil
