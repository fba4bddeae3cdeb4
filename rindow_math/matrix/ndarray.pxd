"""Arrays: contiguous views over a shared Buffer."""

from rindow_math.matrix.buffer cimport Buffer

cdef enum:
    MAX_DIMS = 16


cdef class NDArray:
    pass


cdef class NDArrayPhp(NDArray):
    cdef Buffer _buffer
    cdef char* ptr               # first element of this view
    cdef Py_ssize_t n            # number of elements
    cdef Py_ssize_t start        # offset into the buffer, in elements
    cdef int dt
    cdef int nd
    cdef Py_ssize_t[16] dims
    cdef bint portable_mode
    cdef object _nested(self, int depth, Py_ssize_t* at)
    cdef int _range(self, object offset, Py_ssize_t* first, Py_ssize_t* limit) except -1
    cdef Py_ssize_t _position(self, object offset) except -1


cdef NDArrayPhp empty(int dtype, int nd, const Py_ssize_t* dims)
cdef NDArrayPhp empty_like(NDArrayPhp a)
cdef NDArrayPhp empty_typed(NDArrayPhp a, int dtype)
cdef NDArrayPhp full_like(NDArrayPhp a, double value)
cdef NDArrayPhp full(int dtype, int nd, const Py_ssize_t* dims, object value)
cdef NDArrayPhp scalar(int dtype, double value)
cdef NDArrayPhp view(NDArrayPhp base, Py_ssize_t offset, int nd, const Py_ssize_t* dims)
cdef NDArrayPhp rows_of(NDArrayPhp base, Py_ssize_t first, Py_ssize_t count)
cdef NDArrayPhp header_like(NDArrayPhp a)
cdef NDArrayPhp copy_of(NDArrayPhp a)
cdef NDArrayPhp cast_to(NDArrayPhp a, int dtype)
cdef NDArrayPhp from_python(object value, int dtype)
cdef NDArrayPhp raw(object value)
cdef int check_writable(NDArrayPhp a) except -1
cdef list dims_list(int nd, const Py_ssize_t* dims)
cdef int read_shape(object shape, Py_ssize_t* dims) except -1
cdef str shape_text(NDArrayPhp a)
cdef object as_numpy(NDArrayPhp a)


cdef inline bint same_shape(NDArrayPhp a, NDArrayPhp b) noexcept nogil:
    cdef int i
    if a.nd != b.nd:
        return False
    for i in range(a.nd):
        if a.dims[i] != b.dims[i]:
            return False
    return True
