"""Assembling batches."""

from rindow_math.exceptions import OutOfRangeException
from rindow_math.matrix.buffer cimport item_size
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport MAX_DIMS, NDArrayPhp, empty, from_python, raw

cdef const core.rk_api* rk = core.table()


def take(array, rows):
    """A new array of the given rows of an array.

    Args:
        array: an array of one dimension or more.
        rows: row numbers.

    Raises:
        OutOfRangeException: a number is not that of a row.
    """
    cdef NDArrayPhp x = raw(array)
    cdef NDArrayPhp index = from_python(rows, core.RK_INT32)
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef NDArrayPhp out
    cdef Py_ssize_t row = 1
    cdef ptrdiff_t wrong = rk.check_index(index.dt, index.ptr, index.n, x.dims[0])
    cdef int i
    if x.nd == 0:
        raise OutOfRangeException("rows were asked of an array of no dimensions")
    if wrong >= 0:
        raise OutOfRangeException(f"row {index[wrong]} of an array of {x.dims[0]} rows")
    for i in range(1, x.nd):
        dims[i] = x.dims[i]
        row *= x.dims[i]
    dims[0] = index.n
    out = empty(x.dt, x.nd, dims)
    with nogil:
        rk.gather_rows(item_size(x.dt), x.ptr, index.ptr, index.dt, out.ptr, index.n, row)
    return out
