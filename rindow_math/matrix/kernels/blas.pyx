"""BLAS and LAPACK of scipy for row-major matrices: the only module that cimports scipy.linalg.

Fortran reads a row-major matrix as its transpose, so sides, triangles and operations change places here.
"""

from cpython.pycapsule cimport PyCapsule_New
from scipy.linalg cimport cython_blas, cython_lapack

from rindow_math.matrix.kernels cimport core

include "blas_int.pxi"

cdef char* LETTERS = "NTC"


cdef void _gemm(int dtype, int op_a, int op_b, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const double* alpha,
                const void* a, ptrdiff_t lda, const void* b, ptrdiff_t ldb, const double* beta, void* c,
                ptrdiff_t ldc) noexcept nogil:
    cdef blas_int rows = n, cols = m, depth = k, ia = lda, ib = ldb, ic = ldc
    cdef float[2] calpha = [<float>alpha[0], <float>alpha[1]]
    cdef float[2] cbeta = [<float>beta[0], <float>beta[1]]
    if dtype == core.RK_COMPLEX64:
        cython_blas.cgemm(LETTERS + op_b, LETTERS + op_a, &rows, &cols, &depth, <float complex*>calpha,
                          <float complex*>b, &ib, <float complex*>a, &ia, <float complex*>cbeta, <float complex*>c, &ic)
    elif dtype == core.RK_COMPLEX128:
        cython_blas.zgemm(LETTERS + op_b, LETTERS + op_a, &rows, &cols, &depth, <double complex*>alpha,
                          <double complex*>b, &ib, <double complex*>a, &ia, <double complex*>beta, <double complex*>c,
                          &ic)


cdef void _symm(int dtype, int right, int lower, ptrdiff_t m, ptrdiff_t n, const double* alpha, const void* a,
                ptrdiff_t lda, const void* b, ptrdiff_t ldb, const double* beta, void* c, ptrdiff_t ldc) noexcept nogil:
    cdef char* side = "L" if right else "R"
    cdef char* uplo = "U" if lower else "L"
    cdef blas_int rows = n, cols = m, ia = lda, ib = ldb, ic = ldc
    cdef float salpha = <float>alpha[0], sbeta = <float>beta[0]
    cdef float[2] calpha = [<float>alpha[0], <float>alpha[1]]
    cdef float[2] cbeta = [<float>beta[0], <float>beta[1]]
    if dtype == core.RK_FLOAT32:
        cython_blas.ssymm(side, uplo, &rows, &cols, &salpha, <float*>a, &ia, <float*>b, &ib, &sbeta, <float*>c, &ic)
    elif dtype == core.RK_FLOAT64:
        cython_blas.dsymm(side, uplo, &rows, &cols, <double*>alpha, <double*>a, &ia, <double*>b, &ib, <double*>beta,
                          <double*>c, &ic)
    elif dtype == core.RK_COMPLEX64:
        cython_blas.csymm(side, uplo, &rows, &cols, <float complex*>calpha, <float complex*>a, &ia, <float complex*>b,
                          &ib, <float complex*>cbeta, <float complex*>c, &ic)
    elif dtype == core.RK_COMPLEX128:
        cython_blas.zsymm(side, uplo, &rows, &cols, <double complex*>alpha, <double complex*>a, &ia,
                          <double complex*>b, &ib, <double complex*>beta, <double complex*>c, &ic)


cdef void _syrk(int dtype, int lower, int trans, ptrdiff_t n, ptrdiff_t k, const double* alpha, const void* a,
                ptrdiff_t lda, const double* beta, void* c, ptrdiff_t ldc) noexcept nogil:
    cdef char* op = "N" if trans else "T"
    cdef char* uplo = "U" if lower else "L"
    cdef blas_int order = n, depth = k, ia = lda, ic = ldc
    cdef float salpha = <float>alpha[0], sbeta = <float>beta[0]
    cdef float[2] calpha = [<float>alpha[0], <float>alpha[1]]
    cdef float[2] cbeta = [<float>beta[0], <float>beta[1]]
    if dtype == core.RK_FLOAT32:
        cython_blas.ssyrk(uplo, op, &order, &depth, &salpha, <float*>a, &ia, &sbeta, <float*>c, &ic)
    elif dtype == core.RK_FLOAT64:
        cython_blas.dsyrk(uplo, op, &order, &depth, <double*>alpha, <double*>a, &ia, <double*>beta, <double*>c, &ic)
    elif dtype == core.RK_COMPLEX64:
        cython_blas.csyrk(uplo, op, &order, &depth, <float complex*>calpha, <float complex*>a, &ia,
                          <float complex*>cbeta, <float complex*>c, &ic)
    elif dtype == core.RK_COMPLEX128:
        cython_blas.zsyrk(uplo, op, &order, &depth, <double complex*>alpha, <double complex*>a, &ia,
                          <double complex*>beta, <double complex*>c, &ic)


cdef void _syr2k(int dtype, int lower, int trans, ptrdiff_t n, ptrdiff_t k, const double* alpha, const void* a,
                 ptrdiff_t lda, const void* b, ptrdiff_t ldb, const double* beta, void* c,
                 ptrdiff_t ldc) noexcept nogil:
    cdef char* op = "N" if trans else "T"
    cdef char* uplo = "U" if lower else "L"
    cdef blas_int order = n, depth = k, ia = lda, ib = ldb, ic = ldc
    cdef float salpha = <float>alpha[0], sbeta = <float>beta[0]
    cdef float[2] calpha = [<float>alpha[0], <float>alpha[1]]
    cdef float[2] cbeta = [<float>beta[0], <float>beta[1]]
    if dtype == core.RK_FLOAT32:
        cython_blas.ssyr2k(uplo, op, &order, &depth, &salpha, <float*>a, &ia, <float*>b, &ib, &sbeta, <float*>c, &ic)
    elif dtype == core.RK_FLOAT64:
        cython_blas.dsyr2k(uplo, op, &order, &depth, <double*>alpha, <double*>a, &ia, <double*>b, &ib, <double*>beta,
                           <double*>c, &ic)
    elif dtype == core.RK_COMPLEX64:
        cython_blas.csyr2k(uplo, op, &order, &depth, <float complex*>calpha, <float complex*>a, &ia,
                           <float complex*>b, &ib, <float complex*>cbeta, <float complex*>c, &ic)
    elif dtype == core.RK_COMPLEX128:
        cython_blas.zsyr2k(uplo, op, &order, &depth, <double complex*>alpha, <double complex*>a, &ia,
                           <double complex*>b, &ib, <double complex*>beta, <double complex*>c, &ic)


cdef void _trmm(int dtype, int right, int lower, int op, int unit, ptrdiff_t m, ptrdiff_t n, const double* alpha,
                const void* a, ptrdiff_t lda, void* b, ptrdiff_t ldb) noexcept nogil:
    cdef char* side = "L" if right else "R"
    cdef char* uplo = "U" if lower else "L"
    cdef char* trans = LETTERS + op
    cdef char* diag = "U" if unit else "N"
    cdef blas_int rows = n, cols = m, ia = lda, ib = ldb
    cdef float salpha = <float>alpha[0]
    cdef float[2] calpha = [<float>alpha[0], <float>alpha[1]]
    if dtype == core.RK_FLOAT32:
        cython_blas.strmm(side, uplo, trans, diag, &rows, &cols, &salpha, <float*>a, &ia, <float*>b, &ib)
    elif dtype == core.RK_FLOAT64:
        cython_blas.dtrmm(side, uplo, trans, diag, &rows, &cols, <double*>alpha, <double*>a, &ia, <double*>b, &ib)
    elif dtype == core.RK_COMPLEX64:
        cython_blas.ctrmm(side, uplo, trans, diag, &rows, &cols, <float complex*>calpha, <float complex*>a, &ia,
                          <float complex*>b, &ib)
    elif dtype == core.RK_COMPLEX128:
        cython_blas.ztrmm(side, uplo, trans, diag, &rows, &cols, <double complex*>alpha, <double complex*>a, &ia,
                          <double complex*>b, &ib)


cdef void _trsm(int dtype, int right, int lower, int op, int unit, ptrdiff_t m, ptrdiff_t n, const double* alpha,
                const void* a, ptrdiff_t lda, void* b, ptrdiff_t ldb) noexcept nogil:
    cdef char* side = "L" if right else "R"
    cdef char* uplo = "U" if lower else "L"
    cdef char* trans = LETTERS + op
    cdef char* diag = "U" if unit else "N"
    cdef blas_int rows = n, cols = m, ia = lda, ib = ldb
    cdef float salpha = <float>alpha[0]
    cdef float[2] calpha = [<float>alpha[0], <float>alpha[1]]
    if dtype == core.RK_FLOAT32:
        cython_blas.strsm(side, uplo, trans, diag, &rows, &cols, &salpha, <float*>a, &ia, <float*>b, &ib)
    elif dtype == core.RK_FLOAT64:
        cython_blas.dtrsm(side, uplo, trans, diag, &rows, &cols, <double*>alpha, <double*>a, &ia, <double*>b, &ib)
    elif dtype == core.RK_COMPLEX64:
        cython_blas.ctrsm(side, uplo, trans, diag, &rows, &cols, <float complex*>calpha, <float complex*>a, &ia,
                          <float complex*>b, &ib)
    elif dtype == core.RK_COMPLEX128:
        cython_blas.ztrsm(side, uplo, trans, diag, &rows, &cols, <double complex*>alpha, <double complex*>a, &ia,
                          <double complex*>b, &ib)


cdef ptrdiff_t _gesvd(int dtype, int full, ptrdiff_t m, ptrdiff_t n, void* a, void* s, void* u, void* vt, void* work,
                      ptrdiff_t lwork, void* indexes) noexcept nogil:
    cdef char* job = "A" if full else "S"
    cdef blas_int rows = m, cols = n, ldvt = n if full or n < m else m, size = lwork, info = 0
    if indexes != NULL and dtype == core.RK_FLOAT32:
        cython_lapack.sgesdd(job, &rows, &cols, <float*>a, &rows, <float*>s, <float*>u, &rows, <float*>vt, &ldvt,
                             <float*>work, &size, <blas_int*>indexes, &info)
    elif indexes != NULL:
        cython_lapack.dgesdd(job, &rows, &cols, <double*>a, &rows, <double*>s, <double*>u, &rows, <double*>vt, &ldvt,
                             <double*>work, &size, <blas_int*>indexes, &info)
    elif dtype == core.RK_FLOAT32:
        cython_lapack.sgesvd(job, job, &rows, &cols, <float*>a, &rows, <float*>s, <float*>u, &rows, <float*>vt, &ldvt,
                             <float*>work, &size, &info)
    else:
        cython_lapack.dgesvd(job, job, &rows, &cols, <double*>a, &rows, <double*>s, <double*>u, &rows, <double*>vt,
                             &ldvt, <double*>work, &size, &info)
    return info


cdef ptrdiff_t _getrf(int dtype, ptrdiff_t n, void* a, void* pivots) noexcept nogil:
    cdef blas_int order = n, info = 0
    if dtype == core.RK_FLOAT32:
        cython_lapack.sgetrf(&order, &order, <float*>a, &order, <blas_int*>pivots, &info)
    else:
        cython_lapack.dgetrf(&order, &order, <double*>a, &order, <blas_int*>pivots, &info)
    return info


cdef ptrdiff_t _getrs(int dtype, ptrdiff_t n, const void* a, const void* pivots, void* b) noexcept nogil:
    cdef blas_int order = n, one = 1, info = 0
    if dtype == core.RK_FLOAT32:
        cython_lapack.sgetrs("T", &order, &one, <float*>a, &order, <blas_int*>pivots, <float*>b, &order, &info)
    else:
        cython_lapack.dgetrs("T", &order, &one, <double*>a, &order, <blas_int*>pivots, <double*>b, &order, &info)
    return info


cdef blas_api _table
_table.gemm = _gemm
_table.symm = _symm
_table.syrk = _syrk
_table.syr2k = _syr2k
_table.trmm = _trmm
_table.trsm = _trsm
_table.gesvd = _gesvd
_table.getrf = _getrf
_table.getrs = _getrs
_table.largest = (<ptrdiff_t>1 << (8 * sizeof(blas_int) - 2)) - 1 + (<ptrdiff_t>1 << (8 * sizeof(blas_int) - 2))


def table():
    """The table of functions (``blas_api``), as a capsule named ``rindow_math.blas``."""
    return PyCapsule_New(&_table, "rindow_math.blas", NULL)
