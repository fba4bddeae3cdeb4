"""What the methods of LinearAlgebra share: arguments, checks with the original's messages, broadcasting by repeats."""

from rindow_math.matrix.ndarray cimport NDArrayPhp, check_writable

cdef enum:
    LONG = 8192                  # elements from which a kernel runs without the interpreter's lock


cdef NDArrayPhp other_array_arg(object value, str name)


cdef inline NDArrayPhp array_arg(object value, str name):
    """The array behind an argument."""
    return <NDArrayPhp>value if type(value) is NDArrayPhp else other_array_arg(value, name)


cdef inline NDArrayPhp output_arg(object value, str name):
    """The array behind an argument that is written."""
    cdef NDArrayPhp a = array_arg(value, name)
    if a._buffer.readonly:
        check_writable(a)
    return a


cdef int number_arg(object value, int dtype, double default, double* parts, str name) except -1
cdef str text_of(NDArrayPhp a)
cdef str printable(object values)
cdef bint overlapping(NDArrayPhp a, NDArrayPhp b) noexcept
cdef int check_apart(NDArrayPhp out, NDArrayPhp x, str name_out, str name_x) except -1
cdef int check_inplace(NDArrayPhp out, NDArrayPhp x, str name_out, str name_x) except -1
cdef int check_filled(NDArrayPhp x) except -1
cdef int check_same_shape(NDArrayPhp x, NDArrayPhp y) except -1
cdef int check_same_type(NDArrayPhp x, NDArrayPhp y, str name_x, str name_y) except -1
cdef int broadcast_rows(NDArrayPhp a, NDArrayPhp x, Py_ssize_t* m, Py_ssize_t* n) except -1
cdef int broadcast_repeats(NDArrayPhp x, NDArrayPhp a, bint trans, Py_ssize_t* m, Py_ssize_t* n) except -1
cdef object unsupported(NDArrayPhp x, str name)
