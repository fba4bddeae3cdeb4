"""LAPACK of scipy: the only module that cimports scipy.linalg."""

from cpython.pycapsule cimport PyCapsule_New
from scipy.linalg cimport cython_lapack

from rindow_math.matrix.kernels cimport core

include "blas_int.pxi"


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


cdef lapack_api _table
_table.gesvd = _gesvd
_table.getrf = _getrf
_table.getrs = _getrs
_table.largest = (<ptrdiff_t>1 << (8 * sizeof(blas_int) - 2)) - 1 + (<ptrdiff_t>1 << (8 * sizeof(blas_int) - 2))


def table():
    """The table of functions (``lapack_api``), as a capsule named ``rindow_math.lapack``."""
    return PyCapsule_New(&_table, "rindow_math.lapack", NULL)
