"""What the methods of LinearAlgebra share: arguments, checks with the original's messages, broadcasting by repeats."""

cimport cython
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.long cimport PyLong_CheckExact
from cpython.object cimport PyObject, Py_TYPE, PyTypeObject

import numbers

from rindow_math.exceptions import InvalidArgumentException, RuntimeException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport is_complex
from rindow_math.matrix.names import resolve
from rindow_math.matrix.ndarray cimport NDArray, NDArrayPhp, raw, same_shape, shape_text

cdef extern from "Python.h":
    const unsigned long Py_TPFLAGS_METHOD_DESCRIPTOR
    bint PyType_HasFeature(PyTypeObject* t, unsigned long feature)
    PyObject* _PyType_Lookup(type t, object name)
    PyObject** _PyObject_GetDictPtr(object o)
    PyObject* PyDict_GetItemWithError(PyObject* d, object key) except? NULL
    object PyMethod_New(object function, object self)
    object PyObject_GenericGetAttr(object o, object name)


@cython.auto_pickle(False)
cdef class AnyCase:
    """Finds names in any case, as ``__getattr__`` with ``resolve`` does, at half the cost of a call of a method."""

    def __getattribute__(self, name):
        cdef PyObject* found = _PyType_Lookup(type(self), name)
        cdef PyObject** own
        if found != NULL and PyType_HasFeature(Py_TYPE(<object>found), Py_TPFLAGS_METHOD_DESCRIPTOR):
            own = _PyObject_GetDictPtr(self)
            if own == NULL or own[0] == NULL or PyDict_GetItemWithError(own[0], name) == NULL:
                return PyMethod_New(<object>found, self)
        try:
            return PyObject_GenericGetAttr(self, name)
        except AttributeError:
            return resolve(self, name)


cdef NDArrayPhp other_array_arg(object value, str name):
    """The array behind an argument that is not an NDArrayPhp itself."""
    if not isinstance(value, NDArray):
        raise InvalidArgumentException(f"Argument {name} must be an NDArray: {type(value).__name__} given")
    return raw(value)


cdef int number_arg(object value, int dtype, double default, double* parts, str name) except -1:
    """Reads a factor into its real and imaginary part; None is the default."""
    parts[1] = 0.0
    if value is None:
        parts[0] = default
    elif PyFloat_CheckExact(value):
        parts[0] = PyFloat_AS_DOUBLE(value)
    elif PyLong_CheckExact(value):
        parts[0] = value
    elif is_complex(dtype):
        if isinstance(value, NDArray):
            value = raw(value).toArray()
        if not isinstance(value, numbers.Complex):
            raise RuntimeException(f"{name} is not complex: {type(value).__name__} given")
        parts[0] = value.real
        parts[1] = value.imag
    else:
        if isinstance(value, (numbers.Complex, NDArray)) and not isinstance(value, complex):
            parts[0] = float(value)
        else:
            raise RuntimeException(f"{name} is not float: {type(value).__name__} given for {NAMES[dtype]}")
    return 0


cdef str text_of(NDArrayPhp a):
    """The shape as [2,3]."""
    return "[" + ",".join([str(a.dims[i]) for i in range(a.nd)]) + "]"


cdef str printable(object values):
    """Shapes and values as the original's messages write them: [(2,3),(4)]."""
    if isinstance(values, (list, tuple)):
        return "[" + ",".join([printable(value) for value in values]) + "]"
    if isinstance(values, NDArray):
        return shape_text(raw(values))
    if values is None:
        return "NULL"
    if isinstance(values, bool):
        return "boolean"
    if isinstance(values, (numbers.Number, str)):
        return str(values)
    return f'"{type(values).__name__}"'


cdef bint overlapping(NDArrayPhp a, NDArrayPhp b) noexcept:
    """Whether two arrays share memory."""
    return a.ptr < b.ptr + b.n * b._buffer.itemsize and b.ptr < a.ptr + a.n * a._buffer.itemsize


cdef int check_apart(NDArrayPhp out, NDArrayPhp x, str name_out, str name_x) except -1:
    """An output that is written while the input is still read must not share its memory."""
    if overlapping(out, x):
        raise InvalidArgumentException(
            f"{name_out} and {name_x} overlap in memory: offsets {out.start} and {x.start}, shapes "
            f"{shape_text(out)} and {shape_text(x)}; the output must lie apart from the inputs"
        )
    return 0


cdef int check_inplace(NDArrayPhp out, NDArrayPhp x, str name_out, str name_x) except -1:
    """An output of an elementwise operation is the input itself or lies apart from it."""
    if (out.ptr != x.ptr or out._buffer.itemsize != x._buffer.itemsize) and overlapping(out, x):
        raise InvalidArgumentException(
            f"{name_out} and {name_x} overlap in part: offsets {out.start} and {x.start}, shapes "
            f"{shape_text(out)} and {shape_text(x)}"
        )
    return 0


cdef int check_filled(NDArrayPhp x) except -1:
    if x.n < 1:
        raise InvalidArgumentException(f"Argument n must be greater than 0.: an array of shape {shape_text(x)} given")
    return 0


cdef int check_same_shape(NDArrayPhp x, NDArrayPhp y) except -1:
    if not same_shape(x, y):
        raise InvalidArgumentException(f"Unmatch shape of dimension: {shape_text(x)},{shape_text(y)}")
    return 0


cdef int check_same_type(NDArrayPhp x, NDArrayPhp y, str name_x, str name_y) except -1:
    if x.dt != y.dt:
        raise InvalidArgumentException(
            f"Unmatch data type for {name_x} and {name_y}: {NAMES[x.dt]} and {NAMES[y.dt]}"
        )
    return 0


cdef object unsupported(NDArrayPhp x, str name):
    """The error for an element type that an operation does not have."""
    return InvalidArgumentException(f"Unsuppored data type.: {name} of {NAMES[x.dt]}")


cdef int broadcast_rows(NDArrayPhp a, NDArrayPhp x, Py_ssize_t* m, Py_ssize_t* n) except -1:
    """Reads a as m rows of n, each of which meets the whole of x: x's sizes are the last of a's."""
    cdef int i
    if a.dt != x.dt:
        raise InvalidArgumentException(f"A and X must be same data type: {NAMES[a.dt]} and {NAMES[x.dt]}")
    if x.nd == 0:
        m[0] = a.n
        n[0] = 1
        return 0
    n[0] = 1
    for i in range(1, x.nd + 1):
        if i > a.nd or a.dims[a.nd - i] != x.dims[x.nd - i]:
            raise InvalidArgumentException(f"A and X is unmatched for broadcast: {shape_text(a)} and {shape_text(x)}")
        n[0] *= x.dims[x.nd - i]
    m[0] = 1
    for i in range(a.nd - x.nd):
        m[0] *= a.dims[i]
    return 0


cdef int broadcast_repeats(NDArrayPhp x, NDArrayPhp a, bint trans, Py_ssize_t* m, Py_ssize_t* n) except -1:
    """Reads a as an (m, n) matrix: x runs along its n columns, or along its m rows if transposed.

    x's sizes are the last of a's; transposed, they are the last of a's reversed sizes.
    """
    cdef int i
    cdef Py_ssize_t size = 1
    cdef Py_ssize_t rest = 1
    cdef Py_ssize_t at
    for i in range(1, a.nd + 1):
        at = a.dims[i - 1] if trans else a.dims[a.nd - i]
        if i > x.nd:
            rest *= at
        elif x.dims[x.nd - i] == at:
            size *= at
        else:
            break
    else:
        if x.nd <= a.nd:
            m[0] = size if trans else rest
            n[0] = rest if trans else size
            return 0
    shape = [a.dims[i] for i in range(a.nd)]
    if trans:
        shape.reverse()
    raise InvalidArgumentException(
        f"Unmatch dimension size for broadcast.: {text_of(x)} => [{','.join(map(str, shape))}]"
    )
