"""Storage: 64-byte aligned memory with an element type, shared by the arrays that view it."""

cimport cython
from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBUF_STRIDES, PyBUF_WRITABLE
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.long cimport PyLong_AsLongLong, PyLong_AsUnsignedLongLong, PyLong_CheckExact
from libc.stdint cimport (
    int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, INT64_MAX, UINT64_MAX,
)
from libc.string cimport memcpy, memset

import numbers

import numpy as np

from rindow_math.exceptions import InvalidArgumentException, LogicException, OutOfRangeException, RuntimeException
from rindow_math.matrix.complexnumber import Complex
from rindow_math.matrix.kernels cimport core

cdef const core.rk_api* rk = core.table()

NAMES = {
    1: "bool", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "uint8", 7: "uint16", 8: "uint32", 9: "uint64",
    10: "float8", 11: "float16", 12: "float32", 13: "float64", 14: "complex16", 15: "complex32", 16: "complex64",
    17: "complex128",
}
NUMPY_TYPES = {code: np.dtype(name) for code, name in NAMES.items() if name not in ("float8", "complex16", "complex32")}
cdef dict _codes = {t: code for code, t in NUMPY_TYPES.items()}
_codes.update({name: code for code, name in NAMES.items()})
# what Python's own types mean here: the library's default types
_codes.update({float: 12, int: 4, bool: 1, complex: 16})
FORMATS = {
    1: "?", 2: "b", 3: "h", 4: "i", 5: "q", 6: "B", 7: "H", 8: "I", 9: "Q", 11: "e", 12: "f", 13: "d", 16: "Zf",
    17: "Zd",
}
cdef dict _formats = {code: text.encode() for code, text in FORMATS.items()}
cdef int64_t[10] _lowest = [0, 0, -(1 << 7), -(1 << 15), -(1 << 31), -INT64_MAX - 1, 0, 0, 0, 0]
cdef uint64_t[10] _highest = [
    0, 1, (1 << 7) - 1, (1 << 15) - 1, (1 << 31) - 1, INT64_MAX, (1 << 8) - 1, (1 << 16) - 1, 0xFFFFFFFF, UINT64_MAX,
]


cdef int dtype_code(object dtype) except -1:
    """The NDArray code of a dtype given as a code, a name, a numpy dtype or a Python type."""
    cdef long long code
    if PyLong_CheckExact(dtype):
        try:
            code = dtype
        except OverflowError:
            code = -1
        if not 0 < code <= 17 or not item_size(<int>code):
            raise InvalidArgumentException(
                f"Invalid data type: {NAMES.get(dtype, dtype)!r}; an array holds "
                + ", ".join(NAMES[c] for c in NUMPY_TYPES)
            )
        return <int>code
    try:
        found = _codes.get(dtype)
        if found is None:
            native = np.dtype(dtype)
            found = _codes.get(native.newbyteorder("="))
    except TypeError:
        found = None
    if found is None or not item_size(found):
        raise InvalidArgumentException(
            f"Invalid data type: {dtype!r}; expected an NDArray constant, a numpy dtype or one of "
            + ", ".join(NAMES[c] for c in NUMPY_TYPES)
        )
    return found


def dtypeCode(dtype) -> int:
    """The integer code of a dtype given as NDArray constant, name, numpy dtype or Python type."""
    return dtype_code(dtype)


cdef object load_item(const void* p, int dtype):
    """The element at p as a Python number."""
    cdef float f
    if dtype == core.RK_FLOAT32:
        return <double>(<const float*>p)[0]
    if dtype == core.RK_FLOAT64:
        return (<const double*>p)[0]
    if dtype == core.RK_INT32:
        return (<const int32_t*>p)[0]
    if dtype == core.RK_BOOL:
        return (<const uint8_t*>p)[0] != 0
    if dtype == core.RK_INT64:
        return (<const int64_t*>p)[0]
    if dtype == core.RK_UINT8:
        return (<const uint8_t*>p)[0]
    if dtype == core.RK_INT8:
        return (<const int8_t*>p)[0]
    if dtype == core.RK_INT16:
        return (<const int16_t*>p)[0]
    if dtype == core.RK_UINT16:
        return (<const uint16_t*>p)[0]
    if dtype == core.RK_UINT32:
        return (<const uint32_t*>p)[0]
    if dtype == core.RK_UINT64:
        return (<const uint64_t*>p)[0]
    if dtype == core.RK_FLOAT16:
        rk.cast(core.RK_FLOAT16, core.RK_FLOAT32, p, &f, 1)
        return <double>f
    if dtype == core.RK_COMPLEX64:
        return Complex((<const float*>p)[0], (<const float*>p)[1])
    if dtype == core.RK_COMPLEX128:
        return Complex((<const double*>p)[0], (<const double*>p)[1])
    raise InvalidArgumentException(f"Invalid data type: {dtype}")


cdef int _store_integer(void* p, int dtype, object value) except -1:
    cdef int64_t low
    cdef uint64_t high
    cdef bint negative
    if not PyLong_CheckExact(value):
        if isinstance(value, numbers.Integral):
            value = int(value)
        elif isinstance(value, numbers.Real):
            d = float(value)
            if d != d or d in (float("inf"), float("-inf")):
                raise InvalidArgumentException(f"{d} cannot be stored as {NAMES[dtype]}")
            value = int(d)
        else:
            raise InvalidArgumentException(f"Must be scalar type: {type(value).__name__} given for {NAMES[dtype]}")
    negative = value < 0
    try:
        if negative:
            low = PyLong_AsLongLong(value)
            high = <uint64_t>low
        else:
            high = PyLong_AsUnsignedLongLong(value)
            low = 0
    except OverflowError:
        raise InvalidArgumentException(f"{value} is out of range for {NAMES[dtype]}") from None
    if (negative and low < _lowest[dtype]) or (not negative and high > _highest[dtype]):
        raise InvalidArgumentException(f"{value} is out of range for {NAMES[dtype]}")
    if item_size(dtype) == 1:
        (<uint8_t*>p)[0] = <uint8_t>high
    elif item_size(dtype) == 2:
        (<uint16_t*>p)[0] = <uint16_t>high
    elif item_size(dtype) == 4:
        (<uint32_t*>p)[0] = <uint32_t>high
    else:
        (<uint64_t*>p)[0] = high
    return 0


cdef int store_item(void* p, int dtype, object value) except -1:
    """Writes a Python number at p. Floats are truncated for integer types; what does not fit is an error."""
    cdef double d
    cdef float f
    if dtype == core.RK_FLOAT32 or dtype == core.RK_FLOAT64 or dtype == core.RK_FLOAT16:
        if PyFloat_CheckExact(value):
            d = PyFloat_AS_DOUBLE(value)
        elif PyLong_CheckExact(value):
            d = value
        elif isinstance(value, complex):
            raise InvalidArgumentException(f"Must be scalar type: complex given for {NAMES[dtype]}")
        else:
            if isinstance(value, (str, bytes)):
                raise InvalidArgumentException(f"Must be scalar type: {type(value).__name__} given for {NAMES[dtype]}")
            try:
                d = float(value)
            except (TypeError, ValueError):
                raise InvalidArgumentException(
                    f"Must be scalar type: {type(value).__name__} given for {NAMES[dtype]}"
                ) from None
        if dtype == core.RK_FLOAT32:
            (<float*>p)[0] = <float>d
        elif dtype == core.RK_FLOAT64:
            (<double*>p)[0] = d
        else:
            f = <float>d
            rk.cast(core.RK_FLOAT32, core.RK_FLOAT16, &f, p, 1)
        return 0
    if dtype == core.RK_BOOL:
        if isinstance(value, (str, bytes)) or not (isinstance(value, (bool, np.bool_, numbers.Number))):
            raise InvalidArgumentException(f"Must be scalar type: {type(value).__name__} given for bool")
        (<uint8_t*>p)[0] = 1 if value else 0
        return 0
    if is_int(dtype):
        return _store_integer(p, dtype, value)
    if not (hasattr(value, "real") and hasattr(value, "imag")):
        raise InvalidArgumentException(f"Cannot convert to complex number.: {type(value).__name__}")
    if dtype == core.RK_COMPLEX64:
        (<float*>p)[0] = value.real
        (<float*>p)[1] = value.imag
    else:
        (<double*>p)[0] = value.real
        (<double*>p)[1] = value.imag
    return 0


class _OffsetOutOfRange(OutOfRangeException, RuntimeException):
    """What an element outside a buffer raises: PHP's buffers raise a RuntimeException, lists an IndexError."""


class _OffsetOfWrongType(InvalidArgumentException, TypeError):
    """What an index that is no integer raises: a TypeError, as in PHP and for Python's own lists."""


@cython.freelist(64)
@cython.no_gc
cdef class Buffer:
    """A run of elements of one type in 64-byte aligned memory.

    Created by ``service().buffer().Buffer(size, dtype)`` and by every new array. Freed memory is kept and
    handed out again.

    Args:
        size: number of elements.
        dtype: element type, an NDArray constant or anything numpy takes as a dtype.

    Raises:
        InvalidArgumentException: the type has no storage or the size is negative.

    Example:
        >>> from rindow_math.matrix import NDArray
        >>> b = Buffer(3, NDArray.float32)
        >>> b[0] = 1.5
        >>> b[0], len(b)
        (1.5, 3)

    PHP: ``Interop\\Polite\\Math\\Matrix\\LinearBuffer``.
    """

    def __init__(self, size, dtype):
        cdef int code = dtype_code(dtype)
        cdef Py_ssize_t length
        if isinstance(size, bool) or not isinstance(size, numbers.Integral):
            raise InvalidArgumentException(f"Buffer size must be an integer: {size!r} given")
        if size < 0:
            raise InvalidArgumentException(f"Buffer size must not be negative: {size} given")
        if size > (<Py_ssize_t>1 << 62) // 16:
            raise MemoryError(f"a buffer of {size} elements is larger than any memory")
        length = size
        if self.ptr != NULL:
            raise LogicException("a Buffer cannot be initialized twice")
        _allocate(self, length, code)
        rk.fill(1, b"\0", self.ptr, self.nbytes, 1)

    def __dealloc__(self):
        if self.owner is None and self.ptr != NULL:
            rm_free(self.ptr, self.held)
        self.ptr = NULL

    def __len__(self):
        return self.length

    def count(self) -> int:
        """Number of elements (PHP: ``count($buffer)``)."""
        return self.length

    def dtype(self) -> int:
        """Element type, an NDArray constant."""
        return self.dt

    def value_size(self) -> int:
        """Bytes of one element."""
        return self.itemsize

    cdef Py_ssize_t _index(self, object offset) except -1:
        if isinstance(offset, bool) or not isinstance(offset, numbers.Integral):
            raise _OffsetOfWrongType(f"Buffer index must be an integer: {offset!r} given")
        if not 0 <= offset < self.length:
            raise _OffsetOutOfRange(f"Index invalid or out of range: {offset} of {self.length}")
        return offset

    def __getitem__(self, offset):
        cdef Py_ssize_t i = self._index(offset)
        return load_item(self.ptr + i * self.itemsize, self.dt)

    cdef int _writable(self) except -1:
        if self.readonly:
            raise LogicException("this buffer is read-only: it shares memory with a read-only object")
        return 0

    def __setitem__(self, offset, value):
        cdef Py_ssize_t i = self._index(offset)
        self._writable()
        store_item(self.ptr + i * self.itemsize, self.dt, value)

    def __delitem__(self, offset):
        # a buffer keeps its length: an element that is unset is zero, as with PHP's own buffers
        cdef Py_ssize_t i = self._index(offset)
        self._writable()
        memset(self.ptr + i * self.itemsize, 0, self.itemsize)

    def __contains__(self, offset):
        if isinstance(offset, bool) or not isinstance(offset, numbers.Integral):
            return False
        return 0 <= offset < self.length

    def offsetExists(self, offset) -> bool:
        """PHP's spelling of ``offset in buffer``."""
        return offset in self

    def offsetGet(self, offset):
        """PHP's spelling of ``buffer[offset]``."""
        return self[offset]

    def offsetSet(self, offset, value) -> None:
        """PHP's spelling of ``buffer[offset] = value``."""
        self[offset] = value

    def offsetUnset(self, offset) -> None:
        """PHP's spelling of ``del buffer[offset]``: the element becomes zero."""
        del self[offset]

    def dump(self) -> bytes:
        """The elements as bytes in the machine's order."""
        return PyBytes_FromStringAndSize(self.ptr, self.nbytes)

    def load(self, string) -> None:
        """Reads the elements from bytes as ``dump`` wrote them.

        Raises:
            InvalidArgumentException: the length does not fit the buffer.
        """
        cdef bytes data = string.encode("latin-1") if isinstance(string, str) else bytes(string)
        if len(data) != self.nbytes:
            raise InvalidArgumentException(
                f"{len(data)} bytes do not fit a buffer of {self.length} x {NAMES[self.dt]} ({self.nbytes} bytes)"
            )
        self._writable()
        memcpy(self.ptr, PyBytes_AS_STRING(data), self.nbytes)

    def __copy__(self):
        cdef Buffer other = new_buffer(self.length, self.dt)
        rk.copy(1, self.nbytes, self.ptr, 1, other.ptr, 1)
        return other

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __reduce__(self):
        return _rebuild, (self.length, self.dt, self.dump())

    def __getbuffer__(self, Py_buffer* view, int flags):
        if self.readonly and flags & PyBUF_WRITABLE:
            raise BufferError("this buffer is read-only")
        view.buf = self.ptr
        view.obj = self
        view.len = self.nbytes
        view.itemsize = self.itemsize
        view.readonly = self.readonly
        view.ndim = 1
        view.format = <char*>(<bytes>_formats[self.dt]) if flags & PyBUF_FORMAT else NULL
        view.shape = &self.length if flags & PyBUF_ND else NULL
        # one dimension, contiguous: the stride is the item size, which Py_buffer itself holds
        view.strides = &view.itemsize if (flags & PyBUF_STRIDES) == PyBUF_STRIDES else NULL
        view.suboffsets = NULL
        view.internal = NULL

    def __repr__(self):
        return f"<Buffer of {self.length} x {NAMES[self.dt]}>"


cdef int _allocate(Buffer self, Py_ssize_t length, int dtype) except -1:
    cdef int size = item_size(dtype)
    self.ptr = <char*>rm_alloc(<size_t>length * size, &self.held)
    if self.ptr == NULL:
        raise MemoryError(f"no memory for {length} elements of {NAMES[dtype]} ({length * size} bytes)")
    self.length = length
    self.nbytes = length * size
    self.dt = dtype
    self.itemsize = size
    return 0


cdef Buffer new_buffer(Py_ssize_t length, int dtype):
    """A buffer whose content is undefined."""
    cdef Buffer b = Buffer.__new__(Buffer)
    _allocate(b, length, dtype)
    return b


cdef Buffer wrap_memory(void* ptr, Py_ssize_t length, int dtype, object owner, bint readonly):
    """A buffer over memory that `owner` keeps alive."""
    cdef Buffer b = Buffer.__new__(Buffer)
    b.ptr = <char*>ptr
    b.length = length
    b.itemsize = item_size(dtype)
    b.nbytes = length * b.itemsize
    b.dt = dtype
    b.readonly = readonly
    b.owner = owner
    return b


def _rebuild(length, dtype, data):
    b = Buffer(length, dtype)
    b.load(data)
    return b


def memoryInfo() -> dict:
    """Bytes handed out, bytes kept for reuse, and the most that is kept."""
    return {"in_use": rm_in_use(), "cached": rm_cached(), "cache_limit": rm_cache_limit()}


def releaseMemory() -> int:
    """Gives the memory kept for reuse back to the system; returns how many bytes."""
    return rm_release()


def setCacheLimit(size: int) -> None:
    """Sets how many bytes of freed memory are kept for reuse.

    Raises:
        InvalidArgumentException: the number is negative.
    """
    if size < 0:
        raise InvalidArgumentException(f"the cache limit must not be negative: {size} given")
    rm_set_cache_limit(size)
