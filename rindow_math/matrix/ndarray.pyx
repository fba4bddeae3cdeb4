"""Arrays: contiguous views over a shared Buffer, with the original's indexing and numpy's protocols."""

cimport cython
from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBUF_STRIDES, PyBUF_WRITABLE
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.list cimport PyList_CheckExact
from cpython.long cimport PyLong_CheckExact
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyTypeObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_CheckExact
cimport numpy as cnp

import numbers
import operator

import numpy as np

from rindow_math.exceptions import InvalidArgumentException, LogicException, OutOfRangeException, RuntimeException
from rindow_math.matrix.buffer import FORMATS, NAMES, NUMPY_TYPES
from rindow_math.matrix.range import Range
from rindow_math.matrix.buffer cimport (
    Buffer, dtype_code, is_complex, item_size, load_item, new_buffer, store_item, wrap_memory,
)
from rindow_math.matrix.kernels cimport core

cnp.import_array()

cdef extern from *:
    """
    /* Static types refuse new attributes since Python 3.10; the original's classes have static
       properties that programs set (NDArrayPhp::$rangeStyle). */
    static void rm_allow_class_attributes(PyTypeObject *t)
    {
    #ifdef Py_TPFLAGS_IMMUTABLETYPE
        t->tp_flags &= ~Py_TPFLAGS_IMMUTABLETYPE;
    #endif
    }
    """
    void rm_allow_class_attributes(PyTypeObject* t)

cdef const core.rk_api* rk = core.table()
cdef dict _formats = {code: text.encode() for code, text in FORMATS.items()}
cdef Py_ssize_t MOST_ELEMENTS = <Py_ssize_t>1 << 56


# ----------------------------------------------------------------------------------------------- making arrays

cdef int _describe(NDArrayPhp a, Buffer buffer, Py_ssize_t start, int nd, const Py_ssize_t* dims) except -1:
    """Fills in the fields of a new array; the caller has checked that the view lies in the buffer."""
    cdef int i
    cdef Py_ssize_t n = 1
    for i in range(nd):
        a.dims[i] = dims[i]
        n *= dims[i]
    a._buffer = buffer
    a.start = start
    a.ptr = buffer.ptr + start * buffer.itemsize
    a.n = n
    a.dt = buffer.dt
    a.nd = nd
    return 0


cdef NDArrayPhp empty(int dtype, int nd, const Py_ssize_t* dims):
    """A new array whose content is undefined."""
    cdef NDArrayPhp a = NDArrayPhp.__new__(NDArrayPhp)
    cdef int i
    cdef Py_ssize_t n = 1
    for i in range(nd):
        n *= dims[i]
    _describe(a, new_buffer(n, dtype), 0, nd, dims)
    return a


cdef NDArrayPhp empty_like(NDArrayPhp a):
    return empty(a.dt, a.nd, a.dims)


cdef NDArrayPhp empty_typed(NDArrayPhp a, int dtype):
    """A new array of a's shape and another type."""
    return empty(dtype, a.nd, a.dims)


cdef NDArrayPhp full(int dtype, int nd, const Py_ssize_t* dims, object value):
    cdef NDArrayPhp a = empty(dtype, nd, dims)
    cdef char[16] item
    if a.n == 1:
        store_item(a.ptr, dtype, value)
        return a
    store_item(item, dtype, value)
    rk.fill(item_size(dtype), item, a.ptr, a.n, 1)
    return a


cdef NDArrayPhp full_like(NDArrayPhp a, double value):
    return full(a.dt, a.nd, a.dims, value)


cdef NDArrayPhp scalar(int dtype, double value):
    """A new 0-dimensional float array."""
    cdef NDArrayPhp a = empty(dtype, 0, NULL)
    if dtype == core.RK_FLOAT32:
        (<float*>a.ptr)[0] = <float>value
    elif dtype == core.RK_FLOAT64:
        (<double*>a.ptr)[0] = value
    else:
        store_item(a.ptr, dtype, value)
    return a


cdef NDArrayPhp view(NDArrayPhp base, Py_ssize_t offset, int nd, const Py_ssize_t* dims):
    """A view of base beginning `offset` elements after its first; the caller has checked the bounds."""
    cdef NDArrayPhp a = NDArrayPhp.__new__(NDArrayPhp)
    _describe(a, base._buffer, base.start + offset, nd, dims)
    a.ptr = base.ptr + offset * base._buffer.itemsize  # a header's memory is not its buffer's
    return a


cdef NDArrayPhp rows_of(NDArrayPhp base, Py_ssize_t first, Py_ssize_t count):
    """A view of `count` items along the first dimension; the caller has checked the bounds."""
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef Py_ssize_t row = 1
    cdef int i
    for i in range(1, base.nd):
        dims[i] = base.dims[i]
        row *= base.dims[i]
    dims[0] = count
    return view(base, first * row, base.nd, dims)


cdef NDArrayPhp header_like(NDArrayPhp a):
    """An array without memory of its own: compiled plans point it to memory before each use."""
    cdef NDArrayPhp h = NDArrayPhp.__new__(NDArrayPhp)
    _describe(h, new_buffer(0, a.dt), 0, a.nd, a.dims)
    return h


cdef NDArrayPhp copy_of(NDArrayPhp a):
    cdef NDArrayPhp b = empty_like(a)
    rk.copy(item_size(a.dt), a.n, a.ptr, 1, b.ptr, 1)
    return b


cdef NDArrayPhp cast_to(NDArrayPhp a, int dtype):
    """A new array with a's values in another type."""
    cdef NDArrayPhp b = empty_typed(a, dtype)
    rk.cast(a.dt, dtype, a.ptr, b.ptr, a.n)
    return b


cdef NDArrayPhp raw(object value):
    """The NDArrayPhp behind an NDArray: itself, or the value of a variable or a masked array."""
    cdef int depth = 0
    while not isinstance(value, NDArrayPhp):
        if not isinstance(value, NDArray) or depth > 4:
            raise InvalidArgumentException(f"an NDArray was expected, {type(value).__name__} was given")
        value = value.value()
        depth += 1
    return <NDArrayPhp>value


cdef int check_writable(NDArrayPhp a) except -1:
    if a._buffer.readonly:
        raise LogicException("the array is read-only: it shares memory with a read-only object")
    return 0


cdef list dims_list(int nd, const Py_ssize_t* dims):
    cdef int i
    return [dims[i] for i in range(nd)]


cdef str shape_text(NDArrayPhp a):
    """The shape as the original's messages write it: (2,3)."""
    return "(" + ",".join([str(a.dims[i]) for i in range(a.nd)]) + ")"


cdef int read_shape(object shape, Py_ssize_t* dims) except -1:
    """Reads a shape into dims and answers its length.

    Sizes are non-negative; 0 makes an empty array, which the original does not have.
    """
    cdef int nd = 0
    cdef Py_ssize_t size
    cdef double n = 1.0
    if PyList_CheckExact(shape) or PyTuple_CheckExact(shape):
        pass  # the usual case, before the slow questions
    elif isinstance(shape, numbers.Integral) and not isinstance(shape, bool):
        shape = (shape,)
    elif isinstance(shape, (str, bytes)):
        raise InvalidArgumentException(f"Invalid shape: {shape!r}")
    try:
        items = tuple(shape)
    except TypeError:
        raise InvalidArgumentException(f"Invalid shape: a list of integers was expected, {shape!r} given") from None
    if len(items) > MAX_DIMS:
        raise InvalidArgumentException(f"an array has at most {MAX_DIMS} dimensions, {len(items)} given")
    for item in items:
        if not PyLong_CheckExact(item):
            if isinstance(item, bool) or not isinstance(item, numbers.Integral):
                raise InvalidArgumentException(f"Invalid shape numbers. It gives {_php_type(item)}")
            item = int(item)
        if item < 0:
            raise InvalidArgumentException(f"Invalid shape numbers. It gives {item}")
        n *= item
        if item >= MOST_ELEMENTS or n >= MOST_ELEMENTS:
            raise MemoryError(f"an array of shape {list(items)} is larger than any memory")
        size = item
        dims[nd] = size
        nd += 1
    return nd


cdef str _php_type(object value):
    """PHP's name for the type of a value."""
    if value is None:
        return "NULL"
    return {bool: "boolean", float: "double", str: "string", list: "array", tuple: "array"}.get(
        type(value), type(value).__name__
    )


cdef inline bint _is_sequence(object x):
    return PyList_CheckExact(x) or PyTuple_CheckExact(x)


cdef int _fill_nested(NDArrayPhp a, object values, int depth, Py_ssize_t* at) except -1:
    """Writes nested lists into a, whose shape was taken from their first elements."""
    cdef Py_ssize_t size = a.dims[depth]
    cdef int width = a._buffer.itemsize
    cdef NDArrayPhp row
    cdef Py_ssize_t n
    cdef bint last = depth == a.nd - 1
    cdef object half = <object>1 << (8 * width - 1)
    if len(values) != size:
        raise InvalidArgumentException(
            f"The shape of the dimension is broken: {size} elements expected in dimension {depth}, {len(values)} given"
        )
    for item in values:
        if last:
            if isinstance(item, (list, tuple, NDArray, cnp.ndarray, Range)) and _length_or_zero(item) >= 0:
                raise InvalidArgumentException(
                    f"The shape of the dimension is broken: a number expected in dimension {depth}, "
                    f"{type(item).__name__} given"
                )
            if isinstance(item, NDArray):
                item = raw(item).toArray()
            if a.dt == core.RK_FLOAT32 and PyFloat_CheckExact(item):
                (<float*>a.ptr)[at[0]] = <float>PyFloat_AS_DOUBLE(item)
            else:
                if core.RK_UINT8 <= a.dt <= core.RK_UINT64 and isinstance(item, int) and -half <= item < 0:
                    item += 2 * half  # as in C, where the number fits the type's width
                store_item(a.ptr + at[0] * width, a.dt, item)
            at[0] += 1
        elif isinstance(item, (list, tuple)):
            _fill_nested(a, item, depth + 1, at)
        elif isinstance(item, (NDArray, cnp.ndarray, Range)):
            row = from_python(item, 0)
            n = row.n
            if row.nd != a.nd - depth - 1 or [row.dims[i] for i in range(row.nd)] != [
                a.dims[depth + 1 + i] for i in range(row.nd)
            ]:
                raise InvalidArgumentException(
                    f"The shape of the dimension is broken: {shape_text(row)} in dimension {depth}"
                )
            rk.cast(row.dt, a.dt, row.ptr, a.ptr + at[0] * width, n)
            at[0] += n
        else:
            raise InvalidArgumentException(
                f"The shape of the dimension is broken: a list expected in dimension {depth}, "
                f"{type(item).__name__} given"
            )
    return 0


cdef Py_ssize_t _length_or_zero(object item) except -2:
    """Length of a sequence; -1 for a 0-dimensional array, which counts as a number."""
    if isinstance(item, NDArray):
        return -1 if raw(item).nd == 0 else raw(item).dims[0]
    if isinstance(item, cnp.ndarray):
        return -1 if item.ndim == 0 else len(item)
    return len(item)


cdef NDArrayPhp _from_nested(object values, int dtype):
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef int nd = 0
    cdef Py_ssize_t at = 0
    cdef NDArrayPhp a
    item = values
    while isinstance(item, (list, tuple)) or (
        isinstance(item, (NDArray, cnp.ndarray, Range)) and _length_or_zero(item) >= 0
    ):
        if nd >= MAX_DIMS:
            raise InvalidArgumentException(f"an array has at most {MAX_DIMS} dimensions")
        if isinstance(item, (NDArray, cnp.ndarray)):
            for size in item.shape() if isinstance(item, NDArray) else item.shape:
                if nd >= MAX_DIMS:
                    raise InvalidArgumentException(f"an array has at most {MAX_DIMS} dimensions")
                dims[nd] = size
                nd += 1
            break
        dims[nd] = len(item)
        nd += 1
        if dims[nd - 1] == 0:
            break
        item = item[0] if isinstance(item, (list, tuple)) else next(iter(item))
    a = empty(dtype, nd, dims)
    if a.n or nd > 1:
        _fill_nested(a, values, 0, &at)
    return a


cdef NDArrayPhp _from_numpy(object array, int dtype):
    """A copy of a numpy array of any layout; its own type when dtype is 0."""
    cdef NDArrayPhp a
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef int i
    cdef int code
    if array.ndim > MAX_DIMS:
        raise InvalidArgumentException(f"an array has at most {MAX_DIMS} dimensions, {array.ndim} given")
    if array.dtype.kind not in "biufc":
        raise InvalidArgumentException(f"numpy arrays of {array.dtype} cannot become an NDArray")
    code = dtype if dtype else dtype_code(array.dtype)
    for i in range(array.ndim):
        dims[i] = array.shape[i]
    a = empty(code, array.ndim, dims)
    if array.dtype.kind == "c" and not is_complex(code):
        raise InvalidArgumentException(f"complex values cannot be stored as {NAMES[code]}")
    with np.errstate(invalid="ignore", over="ignore"):
        np.copyto(as_numpy(a), array, casting="unsafe")
    return a


cdef NDArrayPhp from_python(object value, int dtype):
    """A new array from anything array-like.

    dtype 0: the value's own type where it has one (arrays), bool for a bool, complex64 for a complex
    number, else float32.
    """
    cdef NDArrayPhp a
    if isinstance(value, NDArray):
        a = raw(value)
        return copy_of(a) if not dtype or dtype == a.dt else cast_to(a, dtype)
    if isinstance(value, (list, tuple)):
        return _from_nested(value, dtype if dtype else core.RK_FLOAT32)
    if isinstance(value, (np.ndarray, np.generic)):
        return _from_numpy(np.asarray(value), dtype)
    if isinstance(value, bool):
        if dtype and dtype != core.RK_BOOL:
            raise InvalidArgumentException("unmatch dtype with bool value")
        return full(core.RK_BOOL, 0, NULL, value)
    if isinstance(value, complex):
        if dtype and not is_complex(dtype):
            raise InvalidArgumentException("unmatch dtype with complex value")
        return full(dtype if dtype else core.RK_COMPLEX64, 0, NULL, value)
    if isinstance(value, numbers.Real):
        return full(dtype if dtype else core.RK_FLOAT32, 0, NULL, value)
    if isinstance(value, Range):
        return _from_nested(list(value), dtype if dtype else core.RK_FLOAT32)
    if not isinstance(value, (str, bytes, dict, set, type(None))):
        if hasattr(value, "__array__") or hasattr(value, "__array_interface__") or _has_buffer(value):
            return _from_numpy(np.asarray(value), dtype)
        if hasattr(value, "__dlpack__"):
            return _from_numpy(np.from_dlpack(value), dtype)
        if hasattr(value, "__iter__") and hasattr(value, "__len__"):
            return _from_nested(list(value), dtype if dtype else core.RK_FLOAT32)
    raise InvalidArgumentException(f"Invalid type of array: {type(value).__name__} given")


cdef bint _has_buffer(object value):
    try:
        memoryview(value)
    except TypeError:
        return False
    return True


# ------------------------------------------------------------------------------------------------------- numpy

cdef int _numpy_type(int dtype) except -1:
    return (<cnp.dtype>NUMPY_TYPES[dtype]).num


cdef object as_numpy(NDArrayPhp a):
    """A numpy array over the same memory."""
    cdef cnp.npy_intp[MAX_DIMS] dims
    cdef int i
    for i in range(a.nd):
        dims[i] = a.dims[i]
    array = cnp.PyArray_SimpleNewFromData(a.nd, dims, _numpy_type(a.dt), a.ptr)
    Py_INCREF(a._buffer)
    cnp.PyArray_SetBaseObject(array, a._buffer)
    if a._buffer.readonly:
        array.flags.writeable = False
    return array


def fromNumpy(array) -> NDArrayPhp:
    """An NDArray over the memory of a numpy array, without a copy.

    Args:
        array: a C-contiguous numpy array in the machine's byte order, of a type that NDArray has.

    Returns:
        An array that shares memory with ``array``; it is read-only if ``array`` is.

    Raises:
        InvalidArgumentException: the array has another layout; ``MatrixOperator.array`` copies any layout.

    Example:
        >>> import numpy as np
        >>> x = np.zeros(3, np.float32)
        >>> a = fromNumpy(x)
        >>> a[1] = 5
        >>> x
        array([0., 5., 0.], dtype=float32)
    """
    cdef NDArrayPhp a
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef int i
    cdef int code
    if not isinstance(array, np.ndarray):
        raise InvalidArgumentException(f"a numpy array was expected, {type(array).__name__} was given")
    if array.ndim > MAX_DIMS:
        raise InvalidArgumentException(f"an array has at most {MAX_DIMS} dimensions, {array.ndim} given")
    if not array.flags.c_contiguous or not array.flags.aligned or not array.dtype.isnative:
        raise InvalidArgumentException(
            f"only C-contiguous, aligned arrays in native byte order can be shared; strides {array.strides}, "
            f"dtype {array.dtype.str} given; MatrixOperator.array() copies any layout"
        )
    code = dtype_code(array.dtype)
    for i in range(array.ndim):
        dims[i] = array.shape[i]
    a = NDArrayPhp.__new__(NDArrayPhp)
    _describe(
        a, wrap_memory(cnp.PyArray_DATA(array), array.size, code, array, not array.flags.writeable), 0, array.ndim,
        dims,
    )
    return a


# ----------------------------------------------------------------------------------------------------- classes

cdef class NDArray:
    """The interface of all arrays: element types as constants, and what every array answers.

    Variables and masked arrays are NDArrays too.

    PHP: ``Interop\\Polite\\Math\\Matrix\\NDArray``.
    """

    bool = 1
    int8 = 2
    int16 = 3
    int32 = 4
    int64 = 5
    uint8 = 6
    uint16 = 7
    uint32 = 8
    uint64 = 9
    float8 = 10
    float16 = 11
    float32 = 12
    float64 = 13
    complex16 = 14
    complex32 = 15
    complex64 = 16
    complex128 = 17

    # numpy's operators must not take an NDArray apart element by element
    __array_priority__ = 1000.0

    def shape(self) -> list:
        """Sizes of the dimensions, as a fresh list."""
        raise NotImplementedError(f"{type(self).__name__}.shape")

    def ndim(self) -> int:
        """Number of dimensions."""
        raise NotImplementedError(f"{type(self).__name__}.ndim")

    def dtype(self) -> int:
        """Element type, one of the constants of this class."""
        raise NotImplementedError(f"{type(self).__name__}.dtype")

    def buffer(self):
        """The storage."""
        raise NotImplementedError(f"{type(self).__name__}.buffer")

    def offset(self) -> int:
        """Position of the first element in the storage."""
        raise NotImplementedError(f"{type(self).__name__}.offset")

    def size(self) -> int:
        """Number of elements."""
        raise NotImplementedError(f"{type(self).__name__}.size")

    def reshape(self, shape):
        """The same elements in another shape, sharing memory."""
        raise NotImplementedError(f"{type(self).__name__}.reshape")

    def toArray(self):
        """The elements as nested lists, or a number."""
        raise NotImplementedError(f"{type(self).__name__}.toArray")


@cython.no_gc
cdef class NDArrayPhp(NDArray):
    """An array: a C-contiguous view of a shared Buffer.

    Usually made by ``MatrixOperator``. Indexing the first dimension gives views that share memory; an
    element of a 1-dimensional array is a Python number.

    Args:
        array: nested lists, a number, anything numpy understands, or a Buffer (then ``shape`` and
            ``offset`` are needed); None with a shape makes zeros.
        dtype: element type; float32 by default.
        shape: sizes of the dimensions.
        offset: first element in the Buffer.
        service: the driver service; the default one when left out.

    Raises:
        InvalidArgumentException: ragged lists, a wrong type, a shape that does not fit.

    Example:
        >>> a = NDArrayPhp([[1, 2, 3], [4, 5, 6]])
        >>> a.shape(), a[1].toArray(), a[1][2]
        ([2, 3], [4.0, 5.0, 6.0], 6.0)

    PHP: ``Rindow\\Math\\Matrix\\NDArrayPhp``.
    """

    RANGE_STYLE_DEFAULT = 0
    RANGE_STYLE_1 = 1
    RANGE_STYLE_FORCE2 = 2
    SERIALIZE_NDARRAY_KEYWORD = "NDArray:"
    SERIALIZE_OLDSTYLE_KEYWORD = 'O:29:"Rindow\\Math\\Matrix\\NDArrayPhp"'

    rangeStyle = 0
    unserializeWarning = 2

    def __init__(self, array=None, dtype=None, shape=None, offset=None, service=None):
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int nd
        cdef Py_ssize_t start
        cdef Py_ssize_t n = 1
        cdef int i
        cdef int code
        cdef NDArrayPhp made
        cdef Buffer buffer
        if self._buffer is not None:
            raise LogicException("an NDArray cannot be initialized twice")
        if array is None and shape is None:
            if dtype is not None or offset is not None:
                raise InvalidArgumentException("Invalid type of array: NULL given and no shape")
            _describe(self, new_buffer(0, core.RK_FLOAT32), 0, 0, NULL)  # to be filled by unserialize
            self.n = 0
            return
        code = dtype_code(dtype) if dtype is not None else 0
        if isinstance(array, Buffer):
            buffer = <Buffer>array
            if offset is None:
                raise InvalidArgumentException("Must specify offset with the buffer")
            if shape is None:
                raise InvalidArgumentException("Invalid dimension size: a buffer needs a shape")
            if code and code != buffer.dt:
                raise InvalidArgumentException(
                    f"unmatch dtype: the buffer holds {NAMES[buffer.dt]}, {NAMES[code]} was given"
                )
            nd = read_shape(shape, dims)
            start = operator.index(offset)
            for i in range(nd):
                n *= dims[i]
            if start < 0 or start > buffer.length or n > buffer.length - start:
                raise InvalidArgumentException(
                    f"Invalid dimension size: shape {dims_list(nd, dims)} from offset {start} exceeds a buffer of "
                    f"{buffer.length} elements"
                )
            _describe(self, buffer, start, nd, dims)
            return
        if array is None:
            nd = read_shape(shape, dims)
            made = full(code if code else core.RK_FLOAT32, nd, dims, 0)
        else:
            made = from_python(array, code)
        if shape is not None and array is not None:
            nd = read_shape(shape, dims)
            for i in range(nd):
                n *= dims[i]
            if n != made.n:
                raise InvalidArgumentException(
                    f"Invalid dimension size: shape {dims_list(nd, dims)} given for {made.n} elements"
                )
        else:
            nd = made.nd
            for i in range(nd):
                dims[i] = made.dims[i]
        _describe(self, made._buffer, 0, nd, dims)

    # ---- what an array answers

    def shape(self) -> list:
        return dims_list(self.nd, self.dims)

    def ndim(self) -> int:
        return self.nd

    def dtype(self) -> int:
        return self.dt

    def buffer(self):
        return self._buffer

    def offset(self) -> int:
        return self.start

    def size(self) -> int:
        return self.n

    def service(self):
        """The driver service that computes (PHP: ``service()``)."""
        from rindow_math.matrix.drivers import defaultService

        return defaultService()

    def isComplexObject(self, value) -> bool:
        """Whether a value is a complex number."""
        return isinstance(value, complex)

    def reshape(self, shape):
        """The same elements in another shape, sharing memory.

        Args:
            shape: the new sizes; their product must be the number of elements.

        Raises:
            InvalidArgumentException: the sizes do not fit.
        """
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int nd = read_shape(shape, dims)
        cdef Py_ssize_t n = 1
        cdef int i
        for i in range(nd):
            n *= dims[i]
        if n != self.n:
            raise InvalidArgumentException(
                f"Unmatch size to reshape: [{','.join(map(str, self.shape()))}]=>"
                f"[{','.join(map(str, dims_list(nd, dims)))}]"
            )
        return view(self, 0, nd, dims)

    cdef object _nested(self, int depth, Py_ssize_t* at):
        cdef list row = []
        if depth == self.nd - 1:
            for _ in range(self.dims[depth]):
                row.append(load_item(self.ptr + at[0] * self._buffer.itemsize, self.dt))
                at[0] += 1
        else:
            for _ in range(self.dims[depth]):
                row.append(self._nested(depth + 1, at))
        return row

    def toArray(self):
        """The elements as nested lists; a number for a 0-dimensional array."""
        cdef Py_ssize_t at = 0
        if self.nd == 0:
            return load_item(self.ptr, self.dt)
        return self._nested(0, &at)

    # ---- indexing

    cdef int _range(self, object offset, Py_ssize_t* first, Py_ssize_t* limit) except -1:
        """Reads a Range, a slice or PHP's [start, limit]; first and limit are not yet checked against the size."""
        cdef Py_ssize_t step
        if isinstance(offset, Range):
            if offset.start() >= offset.limit() or offset.delta() != 1:
                delta = "" if offset.delta() == 1 else f",{offset.delta()}"
                raise OutOfRangeException(f"Illegal range specification.:[{offset.start()},{offset.limit()}{delta}]")
            first[0] = int(offset.start())
            limit[0] = int(offset.limit())
        elif isinstance(offset, slice):
            first[0], limit[0], step = offset.indices(self.dims[0])
            if step != 1:
                raise OutOfRangeException(
                    f"Illegal range specification.: step {step}; arrays are contiguous, so the step of a slice is 1"
                )
            if limit[0] < first[0]:
                limit[0] = first[0]
        else:
            style = NDArrayPhp.rangeStyle
            if style == NDArrayPhp.RANGE_STYLE_FORCE2:
                raise InvalidArgumentException("offset style is old range style.")
            if len(offset) != 2 or not all(isinstance(x, numbers.Integral) for x in offset) or offset[0] > offset[1]:
                raise OutOfRangeException(f"Illegal range specification.:[{','.join(map(str, offset))}]")
            first[0] = offset[0]
            limit[0] = offset[1] + (1 if style == NDArrayPhp.RANGE_STYLE_1 else 0)
        return 0

    def __contains__(self, offset):
        """Whether an index, a Range or [start, limit] lies in the first dimension (PHP: ``isset($a[$i])``)."""
        cdef Py_ssize_t first
        cdef Py_ssize_t limit
        if isinstance(offset, (list, Range)):
            if self.nd == 0:
                return False
            self._range(offset, &first, &limit)
        elif isinstance(offset, numbers.Integral) and not isinstance(offset, bool):
            if self.nd == 0 or not -1 < offset < self.dims[0]:
                return False
            return True
        else:
            raise InvalidArgumentException("Array offsets must be integers or ranges.")
        return 0 <= first and limit <= self.dims[0]

    def offsetExists(self, offset) -> bool:
        """PHP's spelling of ``offset in array``."""
        return offset in self

    def offsetGet(self, offset):
        """PHP's spelling of ``array[offset]``."""
        return self[offset]

    def offsetSet(self, offset, value) -> None:
        """PHP's spelling of ``array[offset] = value``."""
        self[offset] = value

    cdef Py_ssize_t _position(self, object offset) except -1:
        """The index of a row, from 0; negative numbers count from the end."""
        cdef Py_ssize_t i
        if self.nd == 0:
            raise OutOfRangeException("This object is scalar.")
        try:
            i = offset
        except OverflowError:
            i = self.dims[0]
        if i < 0:
            i += self.dims[0]
        if not 0 <= i < self.dims[0]:
            raise OutOfRangeException(f"Index is out of range. range allows (0,{self.dims[0]}): {offset} given.")
        return i

    def __getitem__(self, offset):
        cdef Py_ssize_t i
        cdef Py_ssize_t limit
        cdef Py_ssize_t row = 1
        cdef int d
        if PyLong_CheckExact(offset) or (isinstance(offset, numbers.Integral) and not isinstance(offset, bool)):
            i = self._position(offset)
            if self.nd == 1:
                return load_item(self.ptr + i * self._buffer.itemsize, self.dt)
            for d in range(1, self.nd):
                row *= self.dims[d]
            return view(self, i * row, self.nd - 1, self.dims + 1)
        if isinstance(offset, tuple):
            result = self
            for item in offset:
                if not isinstance(result, NDArrayPhp):
                    raise OutOfRangeException(f"too many indexes: {len(offset)} given for shape {shape_text(self)}")
                result = result[item]
            return result
        if not isinstance(offset, (Range, slice, list)):
            raise InvalidArgumentException(
                f"Array offsets must be integers or ranges. {type(offset).__name__} given."
            )
        if self.nd == 0:
            raise OutOfRangeException("This object is scalar.")
        self._range(offset, &i, &limit)
        if i < 0 or limit > self.dims[0]:
            raise OutOfRangeException(f"Index is out of range. range allows (0,{self.dims[0]}): ({i},{limit}) given.")
        return rows_of(self, i, limit - i)

    def __setitem__(self, offset, value):
        cdef Py_ssize_t i
        cdef Py_ssize_t row = 1
        cdef int d
        cdef NDArrayPhp source
        check_writable(self)
        if isinstance(offset, tuple) and offset:
            target = self[offset[:-1]] if len(offset) > 1 else self
            if not isinstance(target, NDArrayPhp):
                raise OutOfRangeException(f"too many indexes: {len(offset)} given for shape {shape_text(self)}")
            target[offset[len(offset) - 1]] = value
            return
        if isinstance(offset, bool) or not isinstance(offset, numbers.Integral):
            if isinstance(offset, (Range, slice, list)):
                if offset not in self if not isinstance(offset, slice) else False:
                    raise OutOfRangeException("Index is out of range")
                raise OutOfRangeException("Unsuppored to set for range specification.")
            raise InvalidArgumentException(f"Array offsets must be integers or ranges. {type(offset).__name__} given.")
        i = self._position(offset)
        if self.nd == 1:
            if is_complex(self.dt):
                if not isinstance(value, complex):
                    raise InvalidArgumentException(f"Must be complex type: {type(value).__name__} given")
            elif isinstance(value, NDArray):
                source = raw(value)
                if source.nd:
                    raise InvalidArgumentException(f"Must be scalar type: an array of shape {shape_text(source)} given")
                value = source.toArray()
            store_item(self.ptr + i * self._buffer.itemsize, self.dt, value)
            return
        if isinstance(value, NDArray):
            source = raw(value)
        elif isinstance(value, (numbers.Number, str)) or value is None:
            raise InvalidArgumentException(
                f"Unmatch shape numbers: a row of shape {self.shape()[1:]} expected, {type(value).__name__} given"
            )
        else:
            source = from_python(value, self.dt)
        for d in range(1, self.nd):
            row *= self.dims[d]
        if source.nd != self.nd - 1 or [source.dims[d] for d in range(source.nd)] != self.shape()[1:]:
            raise InvalidArgumentException(
                f"Unmatch shape numbers: a row of shape {self.shape()[1:]} expected, {source.shape()} given"
            )
        if source.dt == self.dt:
            rk.copy(self._buffer.itemsize, row, source.ptr, 1, self.ptr + i * row * self._buffer.itemsize, 1)
        else:
            rk.cast(source.dt, self.dt, source.ptr, self.ptr + i * row * self._buffer.itemsize, row)

    def __delitem__(self, offset):
        raise LogicException("Unsuppored Operation")

    def offsetUnset(self, offset) -> None:
        """Not possible: raises LogicException, as in the original."""
        del self[offset]

    def __len__(self):
        return self.dims[0] if self.nd else 0

    def count(self) -> int:
        """Size of the first dimension; 0 for a 0-dimensional array (PHP: ``count($a)``)."""
        return self.dims[0] if self.nd else 0

    def __bool__(self):
        # as a PHP object: there is one
        return True

    def __iter__(self):
        cdef Py_ssize_t i
        for i in range(self.dims[0] if self.nd else 0):
            yield self[i]

    def __float__(self):
        if self.n != 1:
            raise InvalidArgumentException(f"only an array of one element becomes a number: shape {shape_text(self)}")
        return float(load_item(self.ptr, self.dt))

    def __int__(self):
        if self.n != 1:
            raise InvalidArgumentException(f"only an array of one element becomes a number: shape {shape_text(self)}")
        return int(load_item(self.ptr, self.dt))

    # ---- copies and files

    def __copy__(self):
        return copy_of(self)

    def __deepcopy__(self, memo):
        return copy_of(self)

    def __reduce__(self):
        return _rebuild, (self.shape(), self.dt, np.asarray(self).tobytes())

    def setPortableSerializeMode(self, mode) -> None:
        """Of old versions; has no effect."""
        self.portable_mode = True if mode else False

    def getPortableSerializeMode(self) -> bool:
        """Of old versions; has no effect."""
        return self.portable_mode

    def serialize(self) -> bytes:
        """The array in the original's wire format (see ``MatrixOperator.serializeArray``)."""
        from rindow_math.matrix.serialization import serialize_array

        return serialize_array(self)

    def unserialize(self, data) -> None:
        """Reads the array from what ``serialize`` wrote.

        Raises:
            RuntimeException: the data is damaged or of another kind.
            LogicException: the array has another type or shape already.
        """
        cdef NDArrayPhp other
        from rindow_math.matrix.serialization import unserialize_array

        result = unserialize_array(data, fromRecord)
        if not isinstance(result, NDArrayPhp):
            raise RuntimeException("Invalid saved data.")
        other = <NDArrayPhp>result
        if self.n or self.nd:
            # views of the memory may exist: it stays
            if self.dt != other.dt or not same_shape(self, other):
                raise LogicException(
                    f"{NAMES[other.dt]}{other.shape()} cannot be read into an array of {NAMES[self.dt]}{self.shape()}; "
                    f"NDArrayPhp() takes any"
                )
            as_numpy(self)[...] = as_numpy(other)
            return
        _describe(self, other._buffer, other.start, other.nd, other.dims)

    # ---- numpy, buffer protocol, DLPack

    def __array__(self, dtype=None, copy=None):
        array = as_numpy(self)
        if dtype is not None and np.dtype(dtype) != array.dtype:
            if copy is False:
                raise ValueError(f"a copy is needed to convert {NAMES[self.dt]} to {np.dtype(dtype)}")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __getbuffer__(self, Py_buffer* view, int flags):
        cdef Py_ssize_t* strides
        cdef int i
        if self._buffer.readonly and flags & PyBUF_WRITABLE:
            raise BufferError("this array is read-only")
        view.buf = self.ptr
        view.obj = self
        view.itemsize = self._buffer.itemsize
        view.len = self.n * view.itemsize
        view.readonly = self._buffer.readonly
        view.ndim = self.nd
        view.format = <char*>(<bytes>_formats[self.dt]) if flags & PyBUF_FORMAT else NULL
        view.shape = self.dims if flags & PyBUF_ND else NULL
        view.strides = NULL
        view.suboffsets = NULL
        view.internal = NULL
        if (flags & PyBUF_STRIDES) == PyBUF_STRIDES and self.nd:
            # freed by __releasebuffer__
            strides = <Py_ssize_t*>PyMem_Malloc(self.nd * sizeof(Py_ssize_t))
            if strides == NULL:
                raise MemoryError()
            strides[self.nd - 1] = view.itemsize
            for i in range(self.nd - 1, 0, -1):
                strides[i - 1] = strides[i] * self.dims[i]
            view.strides = strides
            view.internal = strides
        elif not flags & PyBUF_ND:
            view.ndim = 1 if self.nd else 0

    def __releasebuffer__(self, Py_buffer* view):
        PyMem_Free(view.internal)

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        return as_numpy(self).__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device, copy=copy)

    def __dlpack_device__(self):
        return (1, 0)

    def __repr__(self):
        return f"NDArray({np.array2string(as_numpy(self), separator=', ', threshold=100)}, dtype={NAMES[self.dt]})"


def fromRecord(record) -> NDArrayPhp:
    """An array from a decoded record of the wire format (see ``rindow_math.matrix.serialization``)."""
    cdef Buffer buffer = new_buffer(record.count, dtype_code(int(record.dtype)))
    buffer.load(record.data)
    return NDArrayPhp(buffer, record.dtype, list(record.shape), record.offset)


def _rebuild(shape, dtype, data):
    buffer = Buffer(len(data) // item_size(dtype), dtype)
    buffer.load(data)
    return NDArrayPhp(buffer, dtype, shape, 0)


rm_allow_class_attributes(<PyTypeObject*>NDArrayPhp)
