"""MatrixOperator: makes arrays, computes with them and prints them."""

from cpython.float cimport PyFloat_CheckExact
from cpython.long cimport PyLong_CheckExact
from libc.math cimport INFINITY, NAN, nextafterf, trunc
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcmp, memcpy

import builtins
import math
import numbers

import numpy as np

from rindow_math.exceptions import InvalidArgumentException, LogicException, OutOfRangeException, RuntimeException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.complexnumber import Complex
from rindow_math.matrix.drivers import Selector, Service, defaultService
from rindow_math.matrix.names import resolve
from rindow_math.matrix.ndarray import fromNumpy, fromRecord
from rindow_math.matrix.phpformat import number, sprintf
from rindow_math.matrix.range import Range
from rindow_math.matrix.buffer cimport (
    Buffer, dtype_code, is_complex, is_float, is_int, item_size, load_item, new_buffer, store_item,
)
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport (
    MAX_DIMS, NDArray, NDArrayPhp, cast_to, check_writable, copy_of, dims_list, empty, empty_like, empty_typed,
    from_python, raw, read_shape, same_shape, shape_text,
)

cdef extern from "Python.h":
    char* PyOS_double_to_string(double value, char format_code, int precision, int flags, int* type) except NULL
    void PyMem_Free(void* p)

cdef const core.rk_api* rk = core.table()

cdef enum:
    # above this many elements other Python threads may run while the kernel does
    LARGE = 1 << 14
    # elements of a block where operands are converted on the way
    BLOCK = 1 << 15
    # numbers made at a time on the stack
    CHUNK = 1024

# How an operand lies over the result, which is (outer, inner).
cdef enum:
    WHOLE                        # the same shape
    ROW                          # inner elements, repeated
    SINGLE                       # one element

# How fine a type is, by dtype code; the finer of two is the type of their result.
cdef int[18] _precision = [0, 1, 2, 4, 6, 8, 3, 5, 7, 9, 0, 10, 11, 12, 0, 0, 0, 0]

cdef object MOST_INT64 = 1 << 63

cdef dict _operators = {
    "+": core.RK_ADD, "-": core.RK_SUB, "*": core.RK_MUL, "/": core.RK_DIV, "%": core.RK_MOD, "**": core.RK_POW,
    "==": core.RK_EQ, "!=": core.RK_NE, ">": core.RK_GT, ">=": core.RK_GE, "<": core.RK_LT, "<=": core.RK_LE,
}
cdef dict _updates = {
    "=": core.RK_COPYB, "+=": core.RK_ADD, "-=": core.RK_SUB, "*=": core.RK_MUL, "/=": core.RK_DIV,
    "%=": core.RK_MOD, "**=": core.RK_POW,
}


# ------------------------------------------------------------------------------------------------------ arguments

cdef NDArrayPhp _array(object x, str name):
    """An argument that must be an array; what is only read may also be a numpy array or a list."""
    if isinstance(x, NDArray):
        return raw(x)
    if isinstance(x, np.ndarray):
        return _shared(x)
    if isinstance(x, (list, tuple)):
        return from_python(x, 0)
    raise InvalidArgumentException(f"{name} must be an NDArray: {type(x).__name__} given")


cdef NDArrayPhp _target(object x, str name):
    """An argument that is written to."""
    cdef NDArrayPhp a
    if isinstance(x, NDArray):
        a = raw(x)
    elif isinstance(x, np.ndarray):
        a = fromNumpy(x)
    else:
        raise InvalidArgumentException(f"{name} must be an NDArray: {type(x).__name__} given")
    check_writable(a)
    return a


cdef NDArrayPhp _shared(object x):
    """A numpy array as an NDArray, over the same memory where its layout allows."""
    if x.flags.c_contiguous and x.flags.aligned and x.dtype.isnative and x.dtype.kind in "biufc":
        return fromNumpy(x)
    return from_python(x, 0)


def _as_mask(x):
    if isinstance(x, (list, tuple, Range)):
        x = np.asarray(list(x))
        if not x.size:
            x = x.astype(np.int32)
    return _array(x, "The mask matrix")


cdef bint _is_number(object x):
    if PyFloat_CheckExact(x) or PyLong_CheckExact(x):
        return True
    # the abstract classes are slow to ask
    return not isinstance(x, (NDArray, np.ndarray)) and isinstance(x, (numbers.Real, np.bool_))


cdef object _plain_number(object x):
    """A real number as a Python int or float."""
    if PyFloat_CheckExact(x) or PyLong_CheckExact(x):
        return x
    if isinstance(x, (numbers.Integral, np.bool_)):
        return int(x)
    return float(x)


cdef str _shapes(NDArrayPhp a, NDArrayPhp b):
    return f"{shape_text(a)},{shape_text(b)}"


# ---------------------------------------------------------------------------------------------------------- types

cdef int _finer(int a, int b) except -1:
    """The type of the result of two."""
    if not _precision[a]:
        raise RuntimeException(f"Illegal dtype: {NAMES[a]}; arithmetic on arrays is for real types")
    if not _precision[b]:
        raise RuntimeException(f"Illegal dtype: {NAMES[b]}; arithmetic on arrays is for real types")
    return a if _precision[a] > _precision[b] else b


cdef inline bint _unsigned(int dtype) noexcept nogil:
    return dtype == core.RK_BOOL or core.RK_UINT8 <= dtype <= core.RK_UINT64


cdef int _real_type(int a, int b) noexcept nogil:
    """A float type in which the values of both are exact, as far as there is one."""
    if a == b and is_float(a):
        return a
    if is_float(a) and is_float(b):
        return a if _precision[a] > _precision[b] else b
    if is_float(b):
        a, b = b, a
    if a == core.RK_FLOAT32 and item_size(b) <= 2:
        return a
    return core.RK_FLOAT64


cdef int _compare_type(int a, int b) noexcept nogil:
    """A type in which the values of both can be compared."""
    if a == b:
        return a
    if is_float(a) or is_float(b):
        return _real_type(a, b)
    if _unsigned(a) and _unsigned(b):
        return core.RK_UINT64
    if a == core.RK_UINT64 or b == core.RK_UINT64:
        return core.RK_FLOAT64
    return core.RK_INT64


cdef int _work_type(int op, int a, int b, int result) noexcept nogil:
    """The type in which an arithmetic operation on types a and b is done."""
    if op == core.RK_MOD and not (_unsigned(a) and _unsigned(b)):
        # the remainder is one of integers, also for floats, as in PHP
        return a if a == b and is_int(a) else core.RK_INT64
    if is_float(result):
        return _real_type(a, b)
    if op == core.RK_ADD or op == core.RK_SUB or op == core.RK_MUL or _unsigned(a) == _unsigned(b):
        return result
    return core.RK_FLOAT64 if result == core.RK_UINT64 else core.RK_INT64


# -------------------------------------------------------------------------------------------------------- kernels

cdef bint _any_zero(int dtype, const char* p, Py_ssize_t n) noexcept nogil:
    cdef uint8_t all_true = 1
    if n:
        rk.reduce(core.RK_ALL_TRUE, dtype, p, &all_true, 1, n, 1)
    return not all_true


cdef int _direct(int op, int dtype, const char* a, int ka, const char* b, int kb, char* c, bint truth,
                 Py_ssize_t outer, Py_ssize_t inner) noexcept nogil:
    cdef ptrdiff_t[2] dims
    cdef ptrdiff_t[2] sa
    cdef ptrdiff_t[2] sb
    if ka != ROW and kb != ROW:
        dims[0] = outer * inner
        sa[0] = 1 if ka == WHOLE else 0
        sb[0] = 1 if kb == WHOLE else 0
        rk.binary(op, dtype, 1, dims, a, sa, b, sb, c, truth)
        return 0
    dims[0] = outer
    dims[1] = inner
    sa[0] = inner if ka == WHOLE else 0
    sa[1] = 0 if ka == SINGLE else 1
    sb[0] = inner if kb == WHOLE else 0
    sb[1] = 0 if kb == SINGLE else 1
    rk.binary(op, dtype, 2, dims, a, sa, b, sb, c, truth)
    return 0


cdef Py_ssize_t _extent(int kind, Py_ssize_t outer, Py_ssize_t inner) noexcept nogil:
    return outer * inner if kind == WHOLE else inner if kind == ROW else 1


cdef int _binary(int op, int work, bint truth, const char* a, int ta, int ka, const char* b, int tb, int kb,
                 char* c, int tc, Py_ssize_t outer, Py_ssize_t inner, bint divides) except -1:
    """c = op(a, b), computed in type `work`; a, b and c may be of other types.

    `divides`: a zero in b is an error.
    """
    cdef Py_ssize_t n = outer * inner
    cdef bint zero = False
    if not n:
        return 0
    if ta == work and tb == work and (truth or tc == work):
        if n <= LARGE:
            if divides:
                zero = _any_zero(work, b, _extent(kb, outer, inner))
            if not zero:
                _direct(op, work, a, ka, b, kb, c, truth, outer, inner)
        else:
            with nogil:
                if divides:
                    zero = _any_zero(work, b, _extent(kb, outer, inner))
                if not zero:
                    _direct(op, work, a, ka, b, kb, c, truth, outer, inner)
    else:
        zero = _converted(op, work, truth, a, ta, ka, b, tb, kb, c, tc, outer, inner, divides)
    if zero:
        raise RuntimeException("Zero divide error")
    return 0


cdef bint _converted(int op, int work, bint truth, const char* a, int ta, int ka, const char* b, int tb, int kb,
                     char* c, int tc, Py_ssize_t outer, Py_ssize_t inner, bint divides) except *:
    """As _binary, where types differ: block by block through memory that stays in the cache."""
    cdef int size = item_size(work)
    cdef Py_ssize_t cols = inner if inner <= BLOCK or (ka != ROW and kb != ROW) else BLOCK
    cdef Py_ssize_t rows = 1
    cdef Py_ssize_t o, i, r, m, at
    cdef Buffer left = None
    cdef Buffer right = None
    cdef Buffer out = None
    cdef const char* pa = a
    cdef const char* pb = b
    cdef char* pl = NULL
    cdef char* pr = NULL
    cdef char* po = NULL
    cdef bint zero = False
    if ka != ROW and kb != ROW:
        # one long row
        inner *= outer
        outer = 1
        cols = inner if inner < BLOCK else BLOCK
    elif cols == inner:
        rows = BLOCK // inner if inner < BLOCK else 1
        if rows > outer:
            rows = outer
    if ta != work:
        left = new_buffer(rows * cols if ka == WHOLE else _extent(ka, outer, inner), work)
        pl = left.ptr
    if tb != work:
        right = new_buffer(rows * cols if kb == WHOLE else _extent(kb, outer, inner), work)
        pr = right.ptr
    if tc != work and not truth:
        out = new_buffer(rows * cols, work)
        po = out.ptr
    cdef int sa = item_size(ta)
    cdef int sb = item_size(tb)
    cdef int sc = 1 if truth else item_size(tc)
    with nogil:
        # what is repeated is converted once
        if pl != NULL and ka != WHOLE:
            rk.cast(ta, work, a, pl, _extent(ka, outer, inner))
        if pr != NULL and kb != WHOLE:
            rk.cast(tb, work, b, pr, _extent(kb, outer, inner))
        o = 0
        while o < outer and not zero:
            r = rows if rows < outer - o else outer - o
            i = 0
            while i < inner and not zero:
                m = cols if cols < inner - i else inner - i
                at = o * inner + i
                if ka == WHOLE:
                    pa = a + at * sa
                    if pl != NULL:
                        rk.cast(ta, work, pa, pl, r * m)
                        pa = pl
                else:
                    pa = (<const char*> pl if pl != NULL else a) + (i * size if ka == ROW else 0)
                if kb == WHOLE:
                    pb = b + at * sb
                    if pr != NULL:
                        rk.cast(tb, work, pb, pr, r * m)
                        pb = pr
                else:
                    pb = (<const char*> pr if pr != NULL else b) + (i * size if kb == ROW else 0)
                if divides:
                    zero = _any_zero(work, pb, _extent(kb, r, m))
                if not zero:
                    if po != NULL:
                        _direct(op, work, pa, ka, pb, kb, po, False, r, m)
                        rk.cast(work, tc, po, c + at * sc, r * m)
                    else:
                        _direct(op, work, pa, ka, pb, kb, c + at * sc, truth, r, m)
                i += m
            o += r
    return zero


cdef bint _collides(NDArrayPhp r, const char* p, Py_ssize_t nbytes, bint whole) noexcept nogil:
    """Whether writing r destroys elements of an operand before they are read."""
    cdef const char* end = r.ptr + r.n * item_size(r.dt)
    if p + nbytes <= r.ptr or end <= p:
        return False
    return not (whole and p == r.ptr and nbytes == end - r.ptr)


cdef NDArrayPhp _result(object R, NDArrayPhp like, int dtype):
    """The array that receives a result of like's shape: R after a check, or a new one."""
    cdef NDArrayPhp r
    if R is None:
        return empty_typed(like, dtype)
    r = _target(R, "R")
    if r.dt != dtype or not same_shape(r, like):
        raise InvalidArgumentException(
            f"Unmatch the shape of the result matrix.: {shape_text(like)} {NAMES[dtype]} is needed, "
            f"{shape_text(r)} {NAMES[r.dt]} given"
        )
    return r


cdef bint _is_suffix(NDArrayPhp a, NDArrayPhp b) noexcept nogil:
    """Whether b's shape is the end of a's."""
    cdef int i
    cdef int shift = a.nd - b.nd
    for i in range(b.nd):
        if a.dims[shift + i] != b.dims[i]:
            return False
    return True


cdef NDArrayPhp _op_arrays(int op, NDArrayPhp x, NDArrayPhp y, object R):
    cdef bint truth = op >= core.RK_EQ
    cdef int kx = WHOLE
    cdef int ky = WHOLE
    cdef int dtype, work
    cdef Py_ssize_t outer = 1
    cdef Py_ssize_t inner
    cdef NDArrayPhp shape = x
    cdef NDArrayPhp r, target
    if same_shape(x, y):
        inner = x.n
    elif x.nd > y.nd and _is_suffix(x, y):
        inner = y.n
        ky = ROW if inner != 1 else SINGLE
        outer = x.n // inner if inner else 0
    elif x.nd < y.nd and _is_suffix(y, x):
        inner = x.n
        kx = ROW if inner != 1 else SINGLE
        outer = y.n // inner if inner else 0
        shape = y
    else:
        raise InvalidArgumentException(f"The shape of the matrix must be the same.: {_shapes(x, y)} given")
    dtype = _finer(x.dt, y.dt)
    if truth:
        work = _compare_type(x.dt, y.dt)
        dtype = core.RK_BOOL
    else:
        work = _work_type(op, x.dt, y.dt, dtype)
    r = _result(R, shape, dtype)
    target = r
    if R is not None:
        if _collides(r, x.ptr, x.n * item_size(x.dt), kx == WHOLE):
            target = empty_like(r)
        elif _collides(r, y.ptr, y.n * item_size(y.dt), ky == WHOLE):
            target = empty_like(r)
    _binary(
        op, work, truth, x.ptr, x.dt, kx, y.ptr, y.dt, ky, target.ptr, dtype, outer, inner,
        op == core.RK_MOD or (op == core.RK_DIV and not is_float(dtype)),
    )
    if target is not r:
        rk.copy(item_size(r.dt), r.n, target.ptr, 1, r.ptr, 1)
    return r


cdef object _wrapped(object value, int dtype):
    """An integer modulo the width of a type."""
    cdef object bits = 8 * item_size(dtype)  # a Python number: C shifts would overflow
    value &= (1 << bits) - 1
    return value if _unsigned(dtype) or not value >> (bits - 1) else value - (1 << bits)


cdef int _typed_scalar(object value, int dtype, char* item) except -1:
    """Writes value at item if an integer or bool type holds it exactly; answers whether."""
    if PyLong_CheckExact(value):
        if dtype == core.RK_BOOL:
            if value != 0 and value != 1:
                return 0
        try:
            store_item(item, dtype, value)
        except InvalidArgumentException:
            return 0
        return 1
    return 0


cdef int _single_precision_comparison(int op, double d, float* item) noexcept:
    """Sets item so that float32 elements compared with it by the answered operator compare as with d itself."""
    cdef float below = <float>d
    item[0] = below
    if <double>below == d or d != d:
        return op
    if op == core.RK_EQ or op == core.RK_NE:
        item[0] = <float>NAN  # no float32 is equal to d
        return op
    if <double>below > d:
        below = nextafterf(below, -INFINITY)
    # d lies between `below` and the next float32
    item[0] = below
    return core.RK_GT if op == core.RK_GT or op == core.RK_GE else core.RK_LE


cdef int _parameter_op(int op, bint reverse, int dtype, const char* x, double value, char* y, Py_ssize_t n) except -1:
    """y = op(x, value), or op(value, x), in x's own type."""
    cdef int code
    cdef double p = value
    cdef double q = 0.0
    if op == core.RK_ADD:
        code, p, q = core.RK_AXPB, 1.0, value
    elif op == core.RK_SUB:
        if reverse:
            code = core.RK_RSUB
        else:
            code, p, q = core.RK_AXPB, 1.0, -value
    elif op == core.RK_MUL:
        # adding -0.0 keeps the sign of a zero
        code, q = core.RK_AXPB, -0.0
    elif op == core.RK_DIV:
        code = core.RK_RDIV if reverse else core.RK_PDIV
    else:
        code = core.RK_RPOW if reverse else core.RK_PPOW
    if n <= LARGE:
        rk.param(code, dtype, x, p, q, y, n)
    else:
        with nogil:
            rk.param(code, dtype, x, p, q, y, n)
    return 0


cdef NDArrayPhp _deliver(NDArrayPhp r, NDArrayPhp target):
    """The result array, filled from the array that was computed into where the two differ."""
    if target is not r:
        rk.copy(item_size(r.dt), r.n, target.ptr, 1, r.ptr, 1)
    return r


cdef NDArrayPhp _op_scalar(int op, NDArrayPhp x, object value, bint reverse, object R):
    """op(x, value), or op(value, x) when reverse."""
    cdef bint truth = op >= core.RK_EQ
    cdef bint integral
    cdef int dtype, work
    cdef int scalar_type = core.RK_FLOAT64
    cdef char[16] item
    cdef double d
    cdef NDArrayPhp r, target, whole
    cdef bint divides = op == core.RK_MOD or op == core.RK_DIV
    value = _plain_number(value)
    integral = PyLong_CheckExact(value)
    if truth:
        _finer(x.dt, x.dt)
        dtype = core.RK_BOOL
    else:
        dtype = _finer(x.dt, x.dt if integral else core.RK_FLOAT32)
    try:
        d = value
    except OverflowError:
        raise InvalidArgumentException(f"{value} is larger than any number type") from None
    if truth and reverse:
        # value > x is x < value
        op = {
            core.RK_GT: core.RK_LT, core.RK_LT: core.RK_GT, core.RK_GE: core.RK_LE, core.RK_LE: core.RK_GE,
        }.get(op, op)
        reverse = False
    if divides and not reverse and (d == 0.0 or (op == core.RK_MOD and trunc(d) == 0.0)):
        raise RuntimeException("Zero divide error")
    r = _result(R, x, dtype)
    target = r
    if R is not None and _collides(r, x.ptr, x.n * item_size(x.dt), True):
        target = empty_like(r)
    if is_float(dtype) and dtype == x.dt and op != core.RK_MOD:
        _parameter_op(op, reverse, x.dt, x.ptr, d, target.ptr, x.n)
    else:
        # the scalar as an array of one element, in x's type if that holds it
        if truth and x.dt == core.RK_FLOAT32:
            scalar_type = x.dt
            op = _single_precision_comparison(op, d, <float*>item)
        elif integral and _typed_scalar(value, x.dt, item):
            scalar_type = x.dt
        elif is_int(dtype) and op <= core.RK_MUL:
            # sums and products wrap, so the number may be wrapped before
            scalar_type = x.dt
            store_item(item, x.dt, _wrapped(value, x.dt))
        elif integral and _typed_scalar(value, core.RK_INT64, item):
            scalar_type = core.RK_INT64
        else:
            (<double*>item)[0] = d
        if truth:
            work = _compare_type(x.dt, scalar_type)
        elif is_float(dtype):
            work = core.RK_INT64 if op == core.RK_MOD else _real_type(x.dt, core.RK_FLOAT32)
        elif dtype == core.RK_BOOL and op == core.RK_DIV:
            work = core.RK_FLOAT64  # a half is true
        elif scalar_type == x.dt:
            work = x.dt
        elif scalar_type == core.RK_INT64:
            work = core.RK_INT64 if x.dt != core.RK_UINT64 else core.RK_FLOAT64
        else:
            work = core.RK_FLOAT64
        if dtype == core.RK_UINT64 and op == core.RK_DIV and d < 0.0 and not reverse:
            # negative quotients wrap, as in the narrower types; a cast from float64 would stop at 0
            whole = empty_typed(x, core.RK_INT64)
            _binary(op, work, truth, x.ptr, x.dt, WHOLE, item, scalar_type, SINGLE, whole.ptr, core.RK_INT64, 1, x.n,
                    False)
            rk.cast(core.RK_INT64, core.RK_UINT64, whole.ptr, target.ptr, x.n)
            return _deliver(r, target)
        divides = reverse and (op == core.RK_MOD or (op == core.RK_DIV and not is_float(dtype)))
        if reverse:
            _binary(op, work, truth, item, scalar_type, SINGLE, x.ptr, x.dt, WHOLE, target.ptr, dtype, 1, x.n, divides)
        else:
            _binary(op, work, truth, x.ptr, x.dt, WHOLE, item, scalar_type, SINGLE, target.ptr, dtype, 1, x.n, False)
    return _deliver(r, target)


cdef int _gemm(int dtype, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, double alpha, const char* a, Py_ssize_t lda,
               const char* b, Py_ssize_t ldb, double beta, char* c, Py_ssize_t ldc) except -1:
    cdef double[2] al
    cdef double[2] be
    al[0], al[1], be[0], be[1] = alpha, 0.0, beta, 0.0
    if not m or not n:
        return 0
    if dtype == core.RK_FLOAT32:
        with nogil:
            rk.sgemm(0, 0, m, n, k, <float>alpha, <const float*>a, lda, <const float*>b, ldb, <float>beta, <float*>c,
                     ldc, NULL, core.RK_EPI_NONE)
    elif dtype == core.RK_FLOAT64:
        with nogil:
            rk.dgemm(0, 0, m, n, k, alpha, <const double*>a, lda, <const double*>b, ldb, beta, <double*>c, ldc, NULL,
                     core.RK_EPI_NONE)
    elif is_int(dtype) or is_complex(dtype):
        with nogil:
            rk.xgemm(dtype, 0, 0, 0, 0, m, n, k, al, a, lda, b, ldb, be, c, ldc)
    else:
        raise InvalidArgumentException(f"Unsupported data type.: arrays of {NAMES[dtype]} have no matrix product")
    return 0


cdef int _check_axis(NDArrayPhp x, object axis, Py_ssize_t* outer, Py_ssize_t* n, Py_ssize_t* inner) except -1:
    """Splits x's shape into what lies before the axis, the axis and what lies behind; answers the axis."""
    cdef int i, at
    if not PyLong_CheckExact(axis) and (isinstance(axis, bool) or not isinstance(axis, numbers.Integral)):
        raise InvalidArgumentException(f"Invalid axis: axis must be an integer, {type(axis).__name__} given")
    if not 0 <= axis < x.nd:
        raise InvalidArgumentException(
            f"Invalid axis: axis={axis},shape=[{','.join(map(str, dims_list(x.nd, x.dims)))}]"
        )
    at = axis
    outer[0] = inner[0] = 1
    for i in range(at):
        outer[0] *= x.dims[i]
    for i in range(at + 1, x.nd):
        inner[0] *= x.dims[i]
    n[0] = x.dims[at]
    return at


cdef NDArrayPhp _without_axis(NDArrayPhp x, int axis, int dtype):
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef int i
    cdef int nd = 0
    for i in range(x.nd):
        if i != axis:
            dims[nd] = x.dims[i]
            nd += 1
    return empty(dtype, nd, dims)


cdef int _reduce(int op, int dtype, const char* x, char* y, Py_ssize_t outer, Py_ssize_t n,
                 Py_ssize_t inner) noexcept nogil:
    rk.reduce(op, dtype, x, y, outer, n, inner)
    return 0


cdef int _check_real(NDArrayPhp x, str what) except -1:
    if is_complex(x.dt):
        raise InvalidArgumentException(f"Unsupported data type.: {what} of complex numbers is not defined")
    return 0


cdef int _check_some(NDArrayPhp x, Py_ssize_t n, str what) except -1:
    if not n:
        raise InvalidArgumentException(f"{what} of no elements is not defined: shape {shape_text(x)}")
    return 0


cdef NDArrayPhp _widened(NDArrayPhp x):
    """float16 as float32: the reductions have no loops for it."""
    return cast_to(x, core.RK_FLOAT32) if x.dt == core.RK_FLOAT16 else x


cdef NDArrayPhp _narrowed(NDArrayPhp y, int dtype):
    return cast_to(y, dtype) if dtype == core.RK_FLOAT16 else y


cdef object _extreme(int op, object X, object axis, str what):
    cdef NDArrayPhp given = _array(X, "X")
    cdef NDArrayPhp x = _widened(given)
    cdef NDArrayPhp y
    cdef Py_ssize_t outer, n, inner
    cdef char[16] item
    cdef int at
    _check_real(x, what)
    if axis is None:
        _check_some(x, x.n, what)
        if x.n <= LARGE:
            _reduce(op, x.dt, x.ptr, item, 1, x.n, 1)
        else:
            with nogil:
                _reduce(op, x.dt, x.ptr, item, 1, x.n, 1)
        return load_item(item, x.dt)
    at = _check_axis(x, axis, &outer, &n, &inner)
    _check_some(x, n, what)
    y = _without_axis(x, at, x.dt)
    if x.n <= LARGE:
        _reduce(op, x.dt, x.ptr, y.ptr, outer, n, inner)
    else:
        with nogil:
            _reduce(op, x.dt, x.ptr, y.ptr, outer, n, inner)
    return _narrowed(y, given.dt)


cdef object _position_of(int op, object X, object axis, int dtype, str what):
    cdef NDArrayPhp x = _widened(_array(X, "X"))
    cdef NDArrayPhp y
    cdef Py_ssize_t outer, n, inner
    cdef Py_ssize_t found
    cdef int at
    cdef int index = dtype if dtype == core.RK_INT32 or dtype == core.RK_INT64 else core.RK_INT64
    _check_real(x, what)
    if axis is None:
        _check_some(x, x.n, what)
        with nogil:
            found = rk.arg_all(op, x.dt, x.n, x.ptr, 1)
        return found
    at = _check_axis(x, axis, &outer, &n, &inner)
    _check_some(x, n, what)
    y = _without_axis(x, at, index)
    with nogil:
        rk.argreduce(op, x.dt, x.ptr, y.ptr, index, outer, n, inner)
    return y if index == dtype else cast_to(y, dtype)


cdef object _total(int op, NDArrayPhp x):
    """Sum, or sum of magnitudes, of all elements."""
    cdef double d
    cdef long long i
    x = _widened(x)
    if is_float(x.dt):
        with nogil:
            d = rk.sum_all(x.dt, x.n, x.ptr, 1) if op == core.RK_SUM else rk.asum_all(x.dt, x.n, x.ptr, 1)
        return d
    if op == core.RK_ASUM:
        with nogil:
            d = rk.asum_all(x.dt, x.n, x.ptr, 1)
        return int(d)
    with nogil:
        i = rk.isum_all(x.dt, x.n, x.ptr, 1)
    return <unsigned long long>i if x.dt == core.RK_UINT64 else i


cdef NDArrayPhp _totals(int op, NDArrayPhp x, object axis, int count_type):
    """Sums along an axis; of truth values, counts in `count_type`."""
    cdef Py_ssize_t outer, n, inner
    cdef int at = _check_axis(x, axis, &outer, &n, &inner)
    cdef NDArrayPhp y
    cdef int dtype = x.dt
    cdef int part = core.RK_FLOAT32 if x.dt == core.RK_COMPLEX64 else core.RK_FLOAT64
    x = cast_to(x, count_type) if x.dt == core.RK_BOOL else _widened(x)
    y = _without_axis(x, at, x.dt)
    if is_complex(x.dt):
        # the parts of a complex number are two floats side by side
        with nogil:
            rk.reduce(op, part, x.ptr, y.ptr, outer, n, inner * 2)
    elif x.n <= LARGE:
        rk.reduce(op, x.dt, x.ptr, y.ptr, outer, n, inner)
    else:
        with nogil:
            rk.reduce(op, x.dt, x.ptr, y.ptr, outer, n, inner)
    return _narrowed(y, dtype)


# --------------------------------------------------------------------------------------------- choosing elements

cdef Buffer _flat_positions(NDArrayPhp x, list masks):
    """The rows of x that index matrices of one shape choose, as int64."""
    cdef NDArrayPhp mask = masks[0]
    cdef Py_ssize_t n = mask.n
    cdef Py_ssize_t i, at, size
    cdef Buffer total = new_buffer(n, core.RK_INT64)
    cdef Buffer part = new_buffer(n, core.RK_INT64)
    cdef int64_t* t = <int64_t*>total.ptr
    cdef int64_t* p = <int64_t*>part.ptr
    cdef int m = 0
    for mask in masks:
        rk.cast(mask.dt, core.RK_INT64, mask.ptr, p, n)
        size = x.dims[m]
        at = rk.check_index(core.RK_INT64, p, n, size)
        if at >= 0:
            raise OutOfRangeException(
                f"Index is out of range. range allows (0,{size}): {p[at]} given in dimension {m}."
            )
        with nogil:
            if m == 0:
                memcpy(t, p, n * sizeof(int64_t))
            else:
                for i in range(n):
                    t[i] = t[i] * size + p[i]
        m += 1
    return total


cdef list _index_masks(NDArrayPhp x, list masks):
    """Checks index matrices against each other and x; all but the first may hold whole numbers as floats."""
    cdef NDArrayPhp first = masks[0]
    cdef NDArrayPhp mask
    cdef NDArrayPhp whole
    cdef list checked = []
    for mask in masks:
        if mask is not first and core.RK_FLOAT16 <= mask.dt <= core.RK_FLOAT64:
            whole = cast_to(mask, core.RK_INT64)
            if memcmp(cast_to(whole, mask.dt).ptr, mask.ptr, mask.n * item_size(mask.dt)) == 0:
                mask = whole
        if not is_int(mask.dt):
            raise InvalidArgumentException(
                f"The mask matrix must be type of the bool or int.: {NAMES[mask.dt]} given"
            )
        if not same_shape(mask, first):
            raise InvalidArgumentException(
                "The shapes of the indexing matrix must all be the same.: " + ",".join([shape_text(m) for m in masks])
            )
        checked.append(mask)
    if len(masks) > x.nd:
        raise InvalidArgumentException(
            f"To many indexing matrix.: {len(masks)} given for an array of shape {shape_text(x)}"
        )
    return checked


cdef NDArrayPhp _bool_mask(NDArrayPhp x, list masks, str message):
    cdef NDArrayPhp mask = masks[0]
    if len(masks) != 1:
        raise InvalidArgumentException(f"The bool Matrix must be only one.: {len(masks)} given")
    if not same_shape(x, mask):
        raise InvalidArgumentException(
            f"{message}: the mask is {shape_text(mask)}, the array {shape_text(x)}"
        )
    return mask


cdef int _update_run(int op, NDArrayPhp x, Py_ssize_t start, Py_ssize_t n, object value, double d,
                     const char* item) except -1:
    """x[start:start+n] = op(x[start:start+n], value)."""
    cdef int size = item_size(x.dt)
    cdef char* p = x.ptr + start * size
    cdef char[16] scalar
    if op == core.RK_COPYB:
        rk.fill(size, item, p, n, 1)
    elif op == core.RK_MOD:
        if _typed_scalar(value, core.RK_INT64, scalar):
            _binary(op, core.RK_INT64, False, p, x.dt, WHOLE, scalar, core.RK_INT64, SINGLE, p, x.dt, 1, n, True)
        else:
            (<double*>scalar)[0] = d
            _binary(op, core.RK_INT64, False, p, x.dt, WHOLE, scalar, core.RK_FLOAT64, SINGLE, p, x.dt, 1, n, True)
    else:
        _parameter_op(op, False, x.dt, p, d, p, n)
    return 0


# ------------------------------------------------------------------------------------------------------- printing

cdef str _float_text(double value):
    """As phpformat.number: the common case without its detours."""
    cdef char* text
    if value != value or value > 1e14 or value < -1e14 or (-1e-4 < value < 1e-4 and value != 0.0):
        return number(value)
    text = PyOS_double_to_string(value, c'G', 14, 0, NULL)
    try:
        return (<bytes>text).decode("ascii")
    finally:
        PyMem_Free(text)


cdef str _item_text(object value, object format):
    if format is not None:
        if isinstance(value, complex):
            return sprintf(format, value.real, value.imag)
        return sprintf(format, value)
    return str(value) if isinstance(value, complex) else number(value)


cdef str _row_text(const char* p, int dtype, Py_ssize_t n, object format):
    cdef Py_ssize_t i
    cdef int size = item_size(dtype)
    cdef list texts = []
    for i in range(n):
        if dtype == core.RK_BOOL:
            texts.append("true" if p[i] else "false")
        elif format is None and dtype == core.RK_FLOAT32:
            texts.append(_float_text((<const float*>p)[i]))
        elif format is None and dtype == core.RK_FLOAT64:
            texts.append(_float_text((<const double*>p)[i]))
        else:
            texts.append(_item_text(load_item(p + i * size, dtype), format))
    return "[" + ",".join(texts) + "]"


cdef str _text(NDArrayPhp a, int depth, const char* p, object format, int indent):
    cdef Py_ssize_t i
    cdef Py_ssize_t step = item_size(a.dt)
    cdef int d
    cdef list rows
    if depth == a.nd - 1:
        return _row_text(p, a.dt, a.dims[depth], format)
    for d in range(depth + 1, a.nd):
        step *= a.dims[d]
    rows = [_text(a, depth + 1, p + i * step, format, indent + 1 if indent else 0) for i in range(a.dims[depth])]
    if not indent:
        return "[" + ",".join(rows) + "]"
    pad = " " * indent
    return "[\n" + ",\n".join([pad + row for row in rows]) + "\n" + " " * (indent - 1) + "]"


cdef object _function(object func):
    """A function, also given by name as PHP has it."""
    if not isinstance(func, str):
        return func
    found = getattr(math, func.lower(), None) or getattr(builtins, func.lower(), None)
    if not callable(found):
        raise InvalidArgumentException(f"there is no function '{func}'")
    return found


# ---------------------------------------------------------------------------------------------------------- class

cdef class MatrixOperator:
    """Makes arrays, computes with them and prints them.

    Arrays are float32 unless a type is given. Method names are found in any case, as in PHP.

    Args:
        service: what computes; the compiled kernels when left out.
        catalog: classes of services to choose from.
        verbose: 9 or 10 says on the terminal how the service is chosen.

    Example:
        >>> from rindow_math.matrix import MatrixOperator
        >>> mo = MatrixOperator()
        >>> a = mo.array([[1, 2], [3, 4]])
        >>> print(mo.toString(mo.op(a, "*", 10)))
        [[10,20],[30,40]]

    PHP: ``Rindow\\Math\\Matrix\\MatrixOperator``.
    """

    SERIALIZE_NDARRAYSET_KEYWORD = "NDArraySet:"
    SERIALIZE_NDARRAY_KEYWORD = "NDArray:"
    SERIALIZE_OLDSTYLE_KEYWORD = 'O:29:"Rindow\\Math\\Matrix\\NDArrayPhp"'

    cdef object _service
    cdef object _random
    cdef object _la
    cdef int _int_type
    cdef int _float_type
    cdef object __weakref__

    def __init__(self, service=None, catalog=None, verbose=None):
        if service is None:
            if catalog is None and not verbose:
                service = defaultService()
            else:
                service = Selector(catalog).select(verbose=verbose)
        elif not isinstance(service, Service):
            raise InvalidArgumentException(f"service must be a Service: {type(service).__name__} given")
        self._service = service
        self._random = None
        self._la = None
        self._int_type = core.RK_INT32
        self._float_type = core.RK_FLOAT32

    def __getattr__(self, name):
        return resolve(self, name)

    # ---- default types

    def setDefaultIntType(self, dtype) -> None:
        """Sets the type of integer arrays made without one (int32 at first).

        Raises:
            InvalidArgumentException: not an integer type.

        PHP: ``MatrixOperator::setDefaultIntType()``.
        """
        cdef int code = dtype_code(dtype)
        if not is_int(code):
            raise InvalidArgumentException(f"the default int type must be an integer type: {NAMES[code]} given")
        self._int_type = code

    def setDefaultFloatType(self, dtype) -> None:
        """Sets the type of arrays made without one (float32 at first).

        Raises:
            InvalidArgumentException: not a float type.

        PHP: ``MatrixOperator::setDefaultFloatType()``.
        """
        cdef int code = dtype_code(dtype)
        if not is_float(code):
            raise InvalidArgumentException(f"the default float type must be a float type: {NAMES[code]} given")
        self._float_type = code

    def defaultIntType(self) -> int:
        """The type of integer arrays made without one."""
        return self._int_type

    def defaultFloatType(self) -> int:
        """The type of arrays made without one."""
        return self._float_type

    def isIntType(self, dtype) -> bool:
        """Whether a type is an integer type; bool is not.

        PHP: ``MatrixOperator::isIntType()``.
        """
        return is_int(dtype_code(dtype))

    def isFloatType(self, dtype) -> bool:
        """Whether a type is float16, float32 or float64.

        PHP: ``MatrixOperator::isFloatType()``.
        """
        return is_float(dtype_code(dtype))

    def dtypeToString(self, dtype) -> str:
        """The name of a type; 'Unknown' for a code that no array has.

        Example:
            >>> mo.dtypeToString(NDArray.float32)
            'float32'

        PHP: ``MatrixOperator::dtypeToString()``.
        """
        try:
            return NAMES[dtype_code(dtype)]
        except InvalidArgumentException:
            return "Unknown"

    # ---- making arrays

    def array(self, array, dtype=None):
        """A new array from anything array-like.

        Args:
            array: nested lists, a number, another NDArray, a numpy array of any layout, a Range, or anything else
                that numpy understands. Values are copied.
            dtype: element type. When left out, arrays keep theirs, and lists and numbers become float32
                (the default float type).

        Returns:
            An NDArray; 0-dimensional for a number.

        Raises:
            InvalidArgumentException: ragged lists, or a value that the type cannot hold. A lone bool or complex
                number needs a ``dtype`` of its kind.

        Example:
            >>> mo.array([[1, 2], [3, 4]]).shape()
            [2, 2]

        PHP: ``MatrixOperator::array()``.
        """
        cdef int code
        if dtype is not None:
            code = dtype_code(dtype)
            if is_complex(code) and isinstance(array, bool):
                raise InvalidArgumentException("unmatch dtype with bool value")
        elif isinstance(array, (list, tuple, numbers.Number, Range, np.bool_)):
            code = self._float_type
        else:
            code = 0
        if array is None or isinstance(array, (str, bytes, dict, set)):
            raise InvalidArgumentException(f"Must be array or ArrayObject: {type(array).__name__} given")
        if isinstance(array, np.generic):
            array = array.item()
        return from_python(array, code)

    def asarray(self, array, dtype=None):
        """An array over the memory of ``array`` where that is possible, else a copy.

        Args:
            array: an NDArray, which is answered itself, a C-contiguous numpy array, whose memory is shared, or
                anything that ``array()`` takes.
            dtype: element type; where it differs from that of ``array`` the result is a copy.

        Example:
            >>> x = np.zeros(3, np.float32)
            >>> mo.asarray(x)[0] = 5
            >>> x
            array([5., 0., 0.], dtype=float32)
        """
        cdef NDArrayPhp a
        cdef int code = 0 if dtype is None else dtype_code(dtype)
        if isinstance(array, NDArray):
            a = raw(array)
        elif isinstance(array, np.ndarray):
            a = _shared(array)
        else:
            return self.array(array, dtype)
        return a if not code or code == a.dt else cast_to(a, code)

    cdef NDArrayPhp _filled(self, object shape, object dtype, int value):
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int nd = read_shape(shape, dims)
        cdef NDArrayPhp a = empty(self._float_type if dtype is None else dtype_code(dtype), nd, dims)
        cdef char[16] item
        if value:
            store_item(item, a.dt, value)
            rk.fill(item_size(a.dt), item, a.ptr, a.n, 1)
        elif a.n <= LARGE:
            rk.fill(1, b"\0", a.ptr, a.n * item_size(a.dt), 1)
        else:
            with nogil:
                rk.fill(8, b"\0\0\0\0\0\0\0\0", a.ptr, a.n * item_size(a.dt) // 8, 1)
                rk.fill(1, b"\0", a.ptr + a.n * item_size(a.dt) // 8 * 8, a.n * item_size(a.dt) % 8, 1)
        return a

    def empty(self, shape, dtype=None):
        """A new array whose elements are not set.

        Args:
            shape: sizes of the dimensions.
            dtype: element type; the default float type when left out.
        """
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int nd = read_shape(shape, dims)
        return empty(self._float_type if dtype is None else dtype_code(dtype), nd, dims)

    def zeros(self, shape, dtype=None):
        """An array of zeros.

        Args:
            shape: sizes of the dimensions; [] makes a 0-dimensional array.
            dtype: element type; the default float type when left out.

        Raises:
            InvalidArgumentException: a size is negative or not an integer.

        PHP: ``MatrixOperator::zeros()``.
        """
        return self._filled(shape, dtype, 0)

    def ones(self, shape, dtype=None):
        """An array of ones.

        Args:
            shape: sizes of the dimensions.
            dtype: element type; the default float type when left out.

        PHP: ``MatrixOperator::ones()``.
        """
        return self._filled(shape, dtype, 1)

    def full(self, shape, value, dtype=None):
        """An array of one value.

        Args:
            shape: sizes of the dimensions.
            value: a number; a complex one for complex types.
            dtype: element type; the default float type when left out.

        Raises:
            InvalidArgumentException: the value is not a number or does not fit the type.

        Example:
            >>> mo.toString(mo.full([3], 1.5))
            '[1.5,1.5,1.5]'

        PHP: ``MatrixOperator::full()``.
        """
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int nd = read_shape(shape, dims)
        cdef int code = self._float_type if dtype is None else dtype_code(dtype)
        cdef char[16] item
        cdef NDArrayPhp a
        if is_complex(code):
            if not isinstance(value, complex):
                raise InvalidArgumentException(f"value must be complex: {type(value).__name__} given")
        elif not _is_number(value):
            raise InvalidArgumentException(f"value must be scalar: {type(value).__name__} given")
        store_item(item, code, value)
        a = empty(code, nd, dims)
        with nogil:
            rk.fill(item_size(code), item, a.ptr, a.n, 1)
        return a

    def zerosLike(self, array):
        """Zeros in the shape and type of another array.

        PHP: ``MatrixOperator::zerosLike()``.
        """
        cdef NDArrayPhp a = _array(array, "array")
        cdef NDArrayPhp b = empty_like(a)
        rk.fill(1, b"\0", b.ptr, b.n * item_size(b.dt), 1)
        return b

    def onesLike(self, array):
        """Ones in the shape and type of another array."""
        cdef NDArrayPhp a = _array(array, "array")
        return self._filled(dims_list(a.nd, a.dims), a.dt, 1)

    def fullLike(self, array, value):
        """One value in the shape and type of another array.

        PHP: ``MatrixOperator::fullLike()``.
        """
        cdef NDArrayPhp a = _array(array, "array")
        return self.full(dims_list(a.nd, a.dims), value, a.dt)

    def arange(self, count, start=None, step=None, dtype=None):
        """Numbers at equal distances: start, start+step, ...

        Args:
            count: how many.
            start: the first; 0 when left out.
            step: the distance; 1 when left out.
            dtype: element type; when left out int32 if ``start`` is an integer, else float32.

        Raises:
            InvalidArgumentException: ``count`` is negative or not an integer, or a number does not fit the type.

        Example:
            >>> mo.toString(mo.arange(3, 1, 2)), mo.toString(mo.arange(3, 0.5))
            ('[1,3,5]', '[0.5,1.5,2.5]')

        PHP: ``MatrixOperator::arange()``.
        """
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int nd
        cdef int code
        cdef Py_ssize_t i, m, n
        cdef Py_ssize_t at = 0
        cdef NDArrayPhp a
        cdef bint integral
        cdef double first = 0, delta = 0  # the compiler does not see that they are set where they are used
        cdef int64_t ifirst = 0, idelta = 0
        cdef double[CHUNK] broken
        cdef int64_t[CHUNK] whole
        cdef char[16] item
        start = 0 if start is None else start
        step = 1 if step is None else step
        for name, value in (("start", start), ("step", step)):
            if not _is_number(value):
                raise InvalidArgumentException(f"arange: {name} must be a number, {type(value).__name__} given")
        if isinstance(count, bool) or not isinstance(count, numbers.Integral):
            raise InvalidArgumentException(f"Invalid shape numbers. It gives {count!r}")
        start = _plain_number(start)
        step = _plain_number(step)
        nd = read_shape(count, dims)
        n = dims[0]
        if dtype is not None:
            code = dtype_code(dtype)
        else:
            code = self._int_type if PyLong_CheckExact(start) else self._float_type
        a = empty(code, nd, dims)
        if not n:
            return a
        # the last number must fit too; what lies between then does
        if not is_float(code) and not is_complex(code) and code != core.RK_BOOL:
            store_item(item, code, start)
            store_item(item, code, start + (n - 1) * step)
        integral = (
            PyLong_CheckExact(start) and PyLong_CheckExact(step) and code != core.RK_UINT64
            and abs(start) < MOST_INT64 and abs(start + n * step) < MOST_INT64
        )
        try:
            if integral:
                ifirst, idelta = start, step
            else:
                first, delta = start, step
        except OverflowError:
            raise InvalidArgumentException(f"arange: {start} or {step} is larger than any number type") from None
        with nogil:
            while at < n:
                m = CHUNK if CHUNK < n - at else n - at
                if integral:
                    for i in range(m):
                        whole[i] = ifirst + (at + i) * idelta
                    rk.cast(core.RK_INT64, code, whole, a.ptr + at * item_size(code), m)
                else:
                    for i in range(m):
                        broken[i] = first + (at + i) * delta
                    rk.cast(core.RK_FLOAT64, code, broken, a.ptr + at * item_size(code), m)
                at += m
        return a

    def copy(self, array):
        """A new array with the same elements.

        PHP: ``MatrixOperator::copy()``.
        """
        return copy_of(_array(array, "array"))

    def astype(self, array, dtype):
        """A new array with the elements in another type.

        Floats are truncated towards zero for integer types; those out of range wrap around in unsigned types of
        up to 32 bits, and are cut to the range of the others. nan becomes 0; complex numbers lose their
        imaginary part.

        PHP: ``MatrixOperator::astype()``.
        """
        return self.la().astype(_array(array, "array"), dtype)

    def toComplex(self, array):
        """A number as a complex one; nested lists and arrays as nested lists of complex numbers.

        Raises:
            InvalidArgumentException: something else than a number.

        Example:
            >>> [str(z) for z in mo.toComplex([1, C(i=4)])]
            ['1+0i', '0+4i']

        PHP: ``MatrixOperator::toComplex()``.
        """
        if isinstance(array, NDArray):
            return self.toComplex(raw(array).toArray())
        if isinstance(array, np.ndarray):
            return self.toComplex(array.tolist())
        if isinstance(array, (list, tuple, Range)):
            return [self.toComplex(value) for value in array]
        if isinstance(array, numbers.Number) or isinstance(array, np.bool_):
            value = complex(array)
            return Complex(value.real, value.imag)
        raise InvalidArgumentException(f"invalid data type: {type(array).__name__}")

    # ---- products

    def cross(self, A, B):
        """The matrix product, over all dimensions as numpy's ``dot``.

        Args:
            A: an array of at least 2 dimensions.
            B: an array of the same type.

        Shapes:
            (..., m, k), (k, n) -> (..., m, n); (..., m, k), (..., k, n) -> A's (..., m), then B's (...), n;
            (..., m, k), (k) -> (..., m).

        Raises:
            InvalidArgumentException: the shapes or types do not fit.

        PHP: ``MatrixOperator::cross()``.
        """
        cdef NDArrayPhp a = _array(A, "A")
        cdef NDArrayPhp b = _array(B, "B")
        cdef NDArrayPhp c
        cdef Py_ssize_t[2 * MAX_DIMS] dims
        cdef Py_ssize_t m, n, k
        cdef Py_ssize_t blocks = 1
        cdef Py_ssize_t i
        cdef int d
        cdef int nd = 0
        cdef int size
        if a.nd < 2 or b.nd < 1:
            raise InvalidArgumentException(
                f"unmatch shape of dimension: {_shapes(a, b)}; cross needs a matrix and a matrix or vector"
            )
        k = a.dims[a.nd - 1]
        n = b.dims[b.nd - 1] if b.nd > 1 else 1
        if k != b.dims[b.nd - 2 if b.nd > 1 else 0]:
            raise InvalidArgumentException(
                f"Unmatch shape of dimension to cross multiple: {_shapes(a, b)}"
                if b.nd > 1
                else f"unmatch shape of dimension: {_shapes(a, b)}"
            )
        if a.dt != b.dt:
            raise InvalidArgumentException(f"unmatch value type: {NAMES[a.dt]} and {NAMES[b.dt]}")
        if a.nd + b.nd - 2 > MAX_DIMS:
            raise InvalidArgumentException(f"an array has at most {MAX_DIMS} dimensions: cross of {_shapes(a, b)}")
        for d in range(a.nd - 1):
            dims[nd] = a.dims[d]
            nd += 1
        for d in range(b.nd - 2):
            dims[nd] = b.dims[d]
            blocks *= b.dims[d]
            nd += 1
        if b.nd > 1:
            dims[nd] = n
            nd += 1
        c = empty(a.dt, nd, dims)
        size = item_size(a.dt)
        m = 1
        for d in range(a.nd - 1):
            m *= a.dims[d]
        if not k:
            rk.fill(1, b"\0", c.ptr, c.n * size, 1)
        elif b.nd == 1 and a.dt == core.RK_FLOAT32:
            with nogil:
                rk.sgemv(0, m, k, 1.0, <const float*>a.ptr, k, <const float*>b.ptr, 1, 0.0, <float*>c.ptr, 1)
        elif b.nd == 1 and a.dt == core.RK_FLOAT64:
            with nogil:
                rk.dgemv(0, m, k, 1.0, <const double*>a.ptr, k, <const double*>b.ptr, 1, 0.0, <double*>c.ptr, 1)
        else:
            for i in range(blocks):
                _gemm(a.dt, m, n, k, 1.0, a.ptr, k, b.ptr + i * k * n * size, n, 0.0, c.ptr + i * n * size, blocks * n)
        return c

    def gemm3(self, M, N, K, L, alpha, A, offA, B, offB, beta, C, offC) -> None:
        """C = alpha A B[l] + beta C for each of L matrices, on buffers.

        Args:
            M: rows of A.
            N: columns of each B.
            K: columns of A and rows of each B.
            L: how many B.
            alpha: factor of the products.
            A: Buffer of A, (M,K).
            offA: first element of A.
            B: Buffer of the B, (L,K,N).
            offB: first element of B.
            beta: factor of what C holds.
            C: Buffer of the result, (M,L,N).
            offC: first element of C.

        Raises:
            InvalidArgumentException: a buffer is too small or of another type.

        PHP: ``MatrixOperator::gemm3()``.
        """
        cdef Py_ssize_t m, n, k, blocks, i
        cdef Buffer buffer
        cdef int size
        for name, value in (("M", M), ("N", N), ("K", K), ("L", L), ("offA", offA), ("offB", offB), ("offC", offC)):
            if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 0:
                raise InvalidArgumentException(f"gemm3: {name} must be a non-negative integer: {value!r} given")
        for name, value, offset, count in (
            ("A", A, offA, M * K), ("B", B, offB, L * K * N), ("C", C, offC, M * L * N)
        ):
            if not isinstance(value, Buffer):
                raise InvalidArgumentException(f"gemm3: {name} must be a Buffer: {type(value).__name__} given")
            buffer = <Buffer>value
            if offset + count > buffer.length:
                raise InvalidArgumentException(
                    f"Matrix specification too large for buffer{name}.: {count} elements from {offset}, "
                    f"the buffer has {buffer.length}"
                )
            if buffer.dt != (<Buffer>A).dt:
                raise InvalidArgumentException(
                    f"unmatch value type: buffer A is {NAMES[(<Buffer>A).dt]}, buffer {name} is {NAMES[buffer.dt]}"
                )
        buffer = <Buffer>C
        if buffer.readonly:
            raise LogicException("gemm3: buffer C is read-only")
        size = buffer.itemsize
        m, n, k, blocks = M, N, K, L
        for i in range(blocks):
            _gemm(
                buffer.dt, m, n, k, alpha, (<Buffer>A).ptr + <Py_ssize_t>offA * size, k,
                (<Buffer>B).ptr + (<Py_ssize_t>offB + i * k * n) * size, n, beta,
                buffer.ptr + (<Py_ssize_t>offC + i * n) * size, blocks * n,
            )

    def dot(self, A, B):
        """The sum of the products of the elements of two arrays.

        Args:
            A: an array.
            B: an array of the same shape and type.

        Returns:
            A float; an int for integer arrays.

        Raises:
            InvalidArgumentException: the shapes or types differ.

        PHP: ``MatrixOperator::dot()``.
        """
        cdef NDArrayPhp a = _array(A, "A")
        cdef NDArrayPhp b = _array(B, "B")
        cdef double d
        if not same_shape(a, b):
            raise InvalidArgumentException(f"unmatch shape of dimension: {_shapes(a, b)}")
        if a.dt != b.dt:
            raise InvalidArgumentException(f"unmatch value type: {NAMES[a.dt]} and {NAMES[b.dt]}")
        _check_real(a, "dot product")
        a, b = _widened(a), _widened(b)
        if a.n <= LARGE:
            d = rk.dot_all(a.dt, a.n, a.ptr, 1, b.ptr, 1)
        else:
            with nogil:
                d = rk.dot_all(a.dt, a.n, a.ptr, 1, b.ptr, 1)
        return d if is_float(a.dt) else int(d)

    def transpose(self, X, perm=None):
        """The array with its dimensions in another order.

        Args:
            X: an array of at least 1 dimension.
            perm: which dimension of X comes first, second, ...; the reverse order when left out.

        Shapes:
            (d0, d1, ...) -> (d[perm[0]], d[perm[1]], ...).

        Raises:
            InvalidArgumentException: ``perm`` does not name each dimension once.

        PHP: ``MatrixOperator::transpose()``.
        """
        cdef NDArrayPhp x = _array(X, "X")
        cdef NDArrayPhp y
        cdef int[MAX_DIMS] order
        cdef bint[MAX_DIMS] seen
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int i, axis
        if x.nd < 1:
            raise InvalidArgumentException("input array must be grator than or equal 1D.: a 0-dimensional array given")
        if perm is None:
            for i in range(x.nd):
                order[i] = x.nd - 1 - i
        else:
            if isinstance(perm, NDArray):
                perm = raw(perm).toArray()
            perm = list(perm)
            if len(perm) != x.nd:
                raise InvalidArgumentException(f"unmatch sourceshape and perm: {perm} given for shape {shape_text(x)}")
            for i in range(x.nd):
                seen[i] = False
            for i in range(x.nd):
                if perm[i] != int(perm[i]) or not 0 <= perm[i] < x.nd:
                    raise InvalidArgumentException(
                        f"unmatch sourceshape and perm: axis {perm[i]} given for shape {shape_text(x)}"
                    )
                axis = int(perm[i])
                if seen[axis]:
                    raise InvalidArgumentException(f"duplicate axis in perm option: {perm}")
                seen[axis] = True
                order[i] = axis
        for i in range(x.nd):
            dims[i] = x.dims[order[i]]
        y = empty(x.dt, x.nd, dims)
        if x.n <= LARGE:
            rk.transpose(item_size(x.dt), x.nd, <const ptrdiff_t*>x.dims, order, x.ptr, y.ptr)
        else:
            with nogil:
                rk.transpose(item_size(x.dt), x.nd, <const ptrdiff_t*>x.dims, order, x.ptr, y.ptr)
        return y

    # ---- elementwise

    def add(self, X, Y):
        """X + Y of arrays of one shape and type.

        Raises:
            InvalidArgumentException: the shapes or types differ.

        PHP: ``MatrixOperator::add()``.
        """
        cdef NDArrayPhp x = _array(X, "X")
        cdef NDArrayPhp y = _array(Y, "Y")
        cdef NDArrayPhp c
        if not same_shape(x, y):
            raise InvalidArgumentException(f"Unmatch shape of dimension to add: {_shapes(x, y)}")
        if x.dt != y.dt:
            raise InvalidArgumentException(f"Unmatch data type for X and Y: {NAMES[x.dt]} and {NAMES[y.dt]}")
        if is_complex(y.dt):
            c = copy_of(y)
            rk.axpy(x.dt, x.n, 1.0, 0.0, x.ptr, 1, c.ptr, 1)
            return c
        c = empty_like(y)
        if x.n <= LARGE:
            _direct(core.RK_ADD, x.dt, x.ptr, WHOLE, y.ptr, WHOLE, c.ptr, False, 1, x.n)
        else:
            with nogil:
                _direct(core.RK_ADD, x.dt, x.ptr, WHOLE, y.ptr, WHOLE, c.ptr, False, 1, x.n)
        return c

    def scale(self, a, X):
        """a times X.

        Args:
            a: a number.
            X: an array.

        Raises:
            InvalidArgumentException: ``a`` is not a number.

        PHP: ``MatrixOperator::scale()``.
        """
        cdef NDArrayPhp x = _array(X, "X")
        cdef NDArrayPhp c
        if is_complex(x.dt) and isinstance(a, numbers.Complex):
            c = copy_of(x)
            rk.scal(c.dt, c.n, a.real, a.imag, c.ptr, 1)
            return c
        if not _is_number(a):
            raise InvalidArgumentException(f"the scalar must be a numeric: {type(a).__name__} given")
        c = empty_like(x)
        _parameter_op(core.RK_MUL, False, x.dt, x.ptr, a, c.ptr, x.n)
        return c

    def op(self, X, operator, Y, R=None):
        """Applies an operator to each pair of elements.

        Args:
            X: an array or a number.
            operator: ``+ - * / % **``, or a comparison ``== != > >= < <=``.
            Y: an array or a number; one of X and Y is an array.
            R: the array that receives the result; a new one when left out. It may be X or Y.

        Shapes:
            Equal shapes, or one shape is the end of the other: then it is repeated.

        Returns:
            An array of the finer of the two types; a float makes float32 of integers. Comparisons give bool.
            Division of integers truncates; ``%`` is the remainder of integers, also for floats.

        Raises:
            InvalidArgumentException: an unknown operator, shapes that do not fit, or R of another shape or type.
            RuntimeException: division by the number 0, or by an integer 0 in an array ('Zero divide error');
                complex arrays.

        Example:
            >>> mo.toString(mo.op(mo.array([1, 2, 3]), ">=", 2))
            '[false,true,true]'

        PHP: ``MatrixOperator::op()``.
        """
        cdef int code
        found = _operators.get(operator)
        if found is None:
            raise InvalidArgumentException(f'Unknown operator: "{operator}"; expected one of {" ".join(_operators)}')
        code = found
        if _is_number(X):
            if _is_number(Y):
                raise InvalidArgumentException("Requires at least one matrix.")
            return _op_scalar(code, _array(Y, "Y"), X, True, R)
        if _is_number(Y):
            return _op_scalar(code, _array(X, "X"), Y, False, R)
        return _op_arrays(code, _array(X, "X"), _array(Y, "Y"), R)

    def f(self, func, X, *args):
        """A new array of func(element, ...) for each element.

        Args:
            func: a function of a number and ``args`` that gives a number, or the name of one (``sqrt``).
            X: an array.
            *args: passed on.

        Example:
            >>> mo.toString(mo.f(lambda x, k: x * k, mo.array([1, 2]), 3))
            '[3,6]'

        PHP: ``MatrixOperator::f()``.
        """
        cdef NDArrayPhp x = _array(X, "X")
        cdef NDArrayPhp y = empty_like(x)
        cdef Py_ssize_t i
        cdef int size = item_size(x.dt)
        func = _function(func)
        for i in range(x.n):
            store_item(y.ptr + i * size, x.dt, func(load_item(x.ptr + i * size, x.dt), *args))
        return y

    def u(self, X, func, *args):
        """Replaces each element of X by func(element, ...).

        Args:
            X: an array.
            func: a function of a number and ``args`` that gives a number, or the name of one (``sqrt``).
            *args: passed on.

        Returns:
            X.

        PHP: ``MatrixOperator::u()``.
        """
        cdef NDArrayPhp x = _target(X, "X")
        cdef Py_ssize_t i
        cdef int size = item_size(x.dt)
        func = _function(func)
        for i in range(x.n):
            store_item(x.ptr + i * size, x.dt, func(load_item(x.ptr + i * size, x.dt), *args))
        return X

    # ---- choosing elements

    def select(self, X, *MASKs):
        """Elements or rows of X that masks choose.

        Args:
            X: an array.
            *MASKs: one bool array of X's shape; or integer arrays of one shape, one for each of the first
                dimensions of X: an element of them is an index in that dimension.

        Shapes:
            bool: (k), the k elements where the mask is true. Integers: the shape of the masks, then X's remaining
            dimensions.

        Raises:
            InvalidArgumentException: masks of other types or shapes.
            OutOfRangeException: an index lies outside X.

        Example:
            >>> x = mo.array([[1, 2], [3, 4]])
            >>> mo.toString(mo.select(x, mo.op(x, ">", 2)))
            '[3,4]'

        PHP: ``MatrixOperator::select()``.
        """
        cdef NDArrayPhp x = _array(X, "X")
        cdef NDArrayPhp mask, result
        cdef Py_ssize_t[2 * MAX_DIMS] dims
        cdef Py_ssize_t i, start, count
        cdef Py_ssize_t at = 0
        cdef Py_ssize_t row = 1
        cdef int nd = 0
        cdef int d
        cdef int size = item_size(x.dt)
        cdef Buffer positions
        cdef const uint8_t* m
        if not MASKs:
            raise InvalidArgumentException("Need The mask matrix.")
        masks = list(map(_as_mask, MASKs))
        mask = masks[0]
        if mask.dt == core.RK_BOOL:
            mask = _bool_mask(x, masks, "The shape of the matrix must be the same.")
            count = rk.isum_all(core.RK_BOOL, mask.n, mask.ptr, 1)
            result = empty(x.dt, 1, &count)
            m = <const uint8_t*>mask.ptr
            i = 0
            with nogil:
                while i < x.n:
                    if not m[i]:
                        i += 1
                        continue
                    start = i
                    while i < x.n and m[i]:
                        i += 1
                    memcpy(result.ptr + at * size, x.ptr + start * size, (i - start) * size)
                    at += i - start
            return result
        masks = _index_masks(x, masks)
        if mask.nd + x.nd - len(masks) > MAX_DIMS:
            raise InvalidArgumentException(f"an array has at most {MAX_DIMS} dimensions: {_shapes(mask, x)} given")
        for d in range(mask.nd):
            dims[nd] = mask.dims[d]
            nd += 1
        for d in range(len(masks), x.nd):
            dims[nd] = x.dims[d]
            row *= x.dims[d]
            nd += 1
        positions = _flat_positions(x, masks)
        result = empty(x.dt, nd, dims)
        with nogil:
            rk.gather_rows(size, x.ptr, positions.ptr, core.RK_INT64, result.ptr, positions.length, row)
        return result

    def update(self, X, operator, value, *MASKs):
        """Changes the elements or rows of X that masks choose.

        Args:
            X: an array.
            operator: ``= += -= *= /= %= **=``.
            value: a number.
            *MASKs: as in ``select``. An element chosen twice is changed twice.

        Returns:
            X.

        Raises:
            InvalidArgumentException: an unknown operator, a value that is not a number, or masks of other types or
                shapes.
            OutOfRangeException: an index lies outside X.

        Example:
            >>> x = mo.array([1, 2, 3])
            >>> mo.toString(mo.update(x, "+=", 10, mo.array([0, 2], NDArray.int32)))
            '[11,2,13]'

        PHP: ``MatrixOperator::update()``.
        """
        cdef NDArrayPhp x = _target(X, "X")
        cdef NDArrayPhp mask
        cdef Py_ssize_t i, start
        cdef Py_ssize_t row = 1
        cdef int d, code
        cdef Buffer positions
        cdef const uint8_t* m
        cdef char[16] item
        cdef double plain = 0.0
        found = _updates.get(operator)
        if found is None:
            raise InvalidArgumentException(f'Unknown operator: "{operator}"; expected one of {" ".join(_updates)}')
        code = found
        if not MASKs:
            raise InvalidArgumentException("Need The mask matrix.")
        if is_complex(x.dt):
            if code != core.RK_COPYB:
                raise InvalidArgumentException(f"complex arrays can only be updated by '=': {operator!r} given")
        elif isinstance(value, NDArray) and raw(value).nd == 0:
            value = raw(value).toArray()
        if not is_complex(x.dt):
            if not _is_number(value):
                raise InvalidArgumentException(f"value must be scalar: {type(value).__name__} given")
            value = _plain_number(value)
            plain = value
        if code == core.RK_COPYB:
            store_item(item, x.dt, value)
        elif (code == core.RK_DIV or code == core.RK_MOD) and (
            plain == 0.0 or (code == core.RK_MOD and trunc(plain) == 0.0)
        ):
            raise RuntimeException("Zero divide error")
        masks = list(map(_as_mask, MASKs))
        mask = masks[0]
        if mask.dt == core.RK_BOOL:
            mask = _bool_mask(x, masks, "The shape of the masking matrix must be the same.")
            m = <const uint8_t*>mask.ptr
            i = 0
            while i < x.n:
                if not m[i]:
                    i += 1
                    continue
                start = i
                while i < x.n and m[i]:
                    i += 1
                _update_run(code, x, start, i - start, value, plain, item)
            return X
        masks = _index_masks(x, masks)
        for d in range(len(masks), x.nd):
            row *= x.dims[d]
        positions = _flat_positions(x, masks)
        for i in range(positions.length):
            _update_run(code, x, (<const int64_t*>positions.ptr)[i] * row, row, value, plain, item)
        return X

    def pos2index(self, pos, shape) -> list:
        """The indexes of the element at a position in an array of a shape.

        Example:
            >>> mo.pos2index(5, [2, 3])
            [1, 2]

        PHP: ``MatrixOperator::pos2index()``.
        """
        index = []
        for size in reversed(list(shape)):
            pos, i = divmod(pos, size)
            index.append(i)
        if index:
            index[len(index) - 1] += pos * list(shape)[0]
        return index[::-1]

    def projection(self, X, idx):
        """The elements along one dimension of X.

        Args:
            X: an array.
            idx: an index for each dimension; None or -1 for the one that runs.

        Raises:
            InvalidArgumentException: not exactly one dimension runs.
            OutOfRangeException: an index lies outside X.

        Example:
            >>> mo.toString(mo.projection(mo.array([[1, 2], [3, 4]]), [-1, 1]))
            '[2,4]'

        PHP: ``MatrixOperator::projection()``.
        """
        cdef NDArrayPhp x = _array(X, "X")
        cdef NDArrayPhp y
        cdef int axis = -1
        cdef int i
        cdef Py_ssize_t step = 1
        cdef Py_ssize_t start = 0
        cdef Py_ssize_t width = 1
        idx = list(idx)
        if len(idx) != x.nd:
            raise InvalidArgumentException(f"Invalid $idx rank: {len(idx)} indexes given for shape {shape_text(x)}")
        for i in range(x.nd):
            if idx[i] is None or idx[i] < 0:
                if axis >= 0:
                    raise InvalidArgumentException(f"projection must has one variable axis: {idx} given")
                axis = i
            elif idx[i] >= x.dims[i]:
                raise OutOfRangeException(
                    f"Index is out of range. range allows (0,{x.dims[i]}): {idx[i]} given in dimension {i}."
                )
        if axis < 0:
            raise InvalidArgumentException(f"projection not have variable axis: {idx} given")
        for i in range(x.nd - 1, -1, -1):
            if i == axis:
                step = width
            else:
                start += <Py_ssize_t>idx[i] * width
            width *= x.dims[i]
        y = empty(x.dt, 1, &x.dims[axis])
        rk.copy(item_size(x.dt), y.n, x.ptr + start * item_size(x.dt), step, y.ptr, 1)
        return y

    # ---- reductions

    def sum(self, X, axis=None):
        """The sum of all elements, or along a dimension.

        Args:
            X: an array.
            axis: the dimension that is summed up; all when left out.

        Returns:
            A number, or an array of X's type without the dimension. Truth values are counted, along a
            dimension as int32.

        Raises:
            InvalidArgumentException: X has no such dimension.

        PHP: ``MatrixOperator::sum()``.
        """
        cdef NDArrayPhp x = _array(X, "X")
        cdef int part
        if axis is not None:
            return _totals(core.RK_SUM, x, axis, self._int_type)
        if is_complex(x.dt):
            part = core.RK_FLOAT32 if x.dt == core.RK_COMPLEX64 else core.RK_FLOAT64
            return Complex(
                rk.sum_all(part, x.n, x.ptr, 2), rk.sum_all(part, x.n, x.ptr + item_size(part), 2)
            )
        return _total(core.RK_SUM, x)

    def asum(self, X, axis=None):
        """The sum of the magnitudes of all elements, or along a dimension.

        Args:
            X: an array.
            axis: the dimension that is summed up; all when left out.

        PHP: ``MatrixOperator::asum()``.
        """
        cdef NDArrayPhp x = _array(X, "X")
        _check_real(x, "asum")
        return _total(core.RK_ASUM, x) if axis is None else _totals(core.RK_ASUM, x, axis, self._int_type)

    def mean(self, X, axis=None):
        """The mean of all elements, or along a dimension.

        Args:
            X: an array.
            axis: the dimension that is averaged; all when left out.

        Returns:
            A float, or an array without the dimension: of X's type, float32 for integers.

        PHP: ``MatrixOperator::mean()``.
        """
        cdef NDArrayPhp x = _array(X, "X")
        cdef Py_ssize_t outer, n, inner
        if axis is None:
            _check_some(x, x.n, "mean")
            return self.sum(x) / x.n
        _check_axis(x, axis, &outer, &n, &inner)
        _check_some(x, n, "mean")
        if is_float(x.dt) or is_complex(x.dt):
            return _totals(core.RK_MEAN, x, axis, self._int_type)
        return cast_to(_totals(core.RK_MEAN, cast_to(x, core.RK_FLOAT64), axis, self._int_type), self._float_type)

    def max(self, X, axis=None):
        """The largest element, or the largest along a dimension; nan if there is one.

        PHP: ``MatrixOperator::max()``.
        """
        return _extreme(core.RK_MAX, X, axis, "max")

    def min(self, X, axis=None):
        """The smallest element, or the smallest along a dimension; nan if there is one.

        PHP: ``MatrixOperator::min()``.
        """
        return _extreme(core.RK_MIN, X, axis, "min")

    def amax(self, X, axis=None):
        """The element of the largest magnitude, with its sign.

        PHP: ``MatrixOperator::amax()``.
        """
        return _extreme(core.RK_AMAX, X, axis, "amax")

    def amin(self, X, axis=None):
        """The element of the smallest magnitude, with its sign.

        PHP: ``MatrixOperator::amin()``.
        """
        return _extreme(core.RK_AMIN, X, axis, "amin")

    def argMax(self, X, axis=None):
        """The position of the largest element; along a dimension, an int32 array of positions.

        PHP: ``MatrixOperator::argMax()``.
        """
        return _position_of(core.RK_ARGMAX, X, axis, self._int_type, "argMax")

    def argMin(self, X, axis=None):
        """The position of the smallest element; along a dimension, an int32 array of positions.

        PHP: ``MatrixOperator::argMin()``.
        """
        return _position_of(core.RK_ARGMIN, X, axis, self._int_type, "argMin")

    def argAmax(self, X, axis=None):
        """The position of the element of the largest magnitude.

        PHP: ``MatrixOperator::argAmax()``.
        """
        return _position_of(core.RK_ARGAMAX, X, axis, self._int_type, "argAmax")

    def argAmin(self, X, axis=None):
        """The position of the element of the smallest magnitude.

        PHP: ``MatrixOperator::argAmin()``.
        """
        return _position_of(core.RK_ARGAMIN, X, axis, self._int_type, "argAmin")

    # ---- printing

    def shapeToString(self, shape) -> str:
        """A shape in parentheses.

        Example:
            >>> mo.shapeToString([2, 3])
            '(2,3)'

        PHP: ``MatrixOperator::shapeToString()``.
        """
        return "(" + ",".join([str(size) for size in shape]) + ")"

    def toString(self, array, format=None, indent=None) -> str:
        """The elements of an array as text, as PHP's ``echo`` prints numbers.

        Args:
            array: an array, or a variable.
            format: a printf format for each element; it is given both parts of a complex number.
            indent: True puts each row on a line of its own; a number does so from that depth on.

        Example:
            >>> mo.toString(mo.array([[1, 0.1], [2, 3]]))
            '[[1,0.10000000149012],[2,3]]'
            >>> print(mo.toString(mo.array([[1, 2], [3, 4]]), "%4.1f", True))
            [
             [ 1.0, 2.0],
             [ 3.0, 4.0]
            ]

        PHP: ``MatrixOperator::toString()``.
        """
        cdef NDArrayPhp a = _array(array, "array")
        cdef int depth = 0
        if format is not None and not isinstance(format, str):
            raise InvalidArgumentException(f"format must be a string: {type(format).__name__} given")
        if not format:
            format = None
        if a.nd == 0:
            return _item_text(load_item(a.ptr, a.dt), format)
        if indent is not None:
            depth = int(indent)
        return _text(a, 0, a.ptr, format, depth)

    # ---- the other objects

    def random(self):
        """Random numbers (see ``Random``).

        PHP: ``MatrixOperator::random()``.
        """
        if self._random is None:
            from rindow_math.matrix.random import Random

            self._random = Random(self, self._float_type)
        return self._random

    def la(self):
        """Linear algebra (see ``LinearAlgebra``).

        PHP: ``MatrixOperator::la()``.
        """
        if self._la is None:
            from rindow_math.matrix.linearalgebra import LinearAlgebra

            self._la = LinearAlgebra(service=self._service, defaultFloatType=self._float_type)
        return self._la

    def laRawMode(self):
        """An old name of ``la``.

        PHP: ``MatrixOperator::laRawMode()``.
        """
        return self.la()

    def laAccelerated(self, name, options=None):
        """Linear algebra on an accelerator; none is built into this library.

        Args:
            name: 'clblast'.
            options: for the accelerator.

        Raises:
            LogicException: the name is unknown.
            InvalidArgumentException: the service has no such accelerator.

        PHP: ``MatrixOperator::laAccelerated()``.
        """
        if name != "clblast":
            raise LogicException(f"Unknown accelerator: {name!r}; the original knows 'clblast'")
        self._service.createQueue(options)
        raise LogicException(f"the service {self._service.name()!r} has no linear algebra on 'clblast'")

    def service(self):
        """What computes (see ``drivers.Service``).

        PHP: ``MatrixOperator::service()``.
        """
        return self._service

    def isAdvanced(self) -> bool:
        """Whether compiled code computes.

        PHP: ``MatrixOperator::isAdvanced()``.
        """
        return self._service.serviceLevel() >= Service.LV_ADVANCED

    def isAccelerated(self) -> bool:
        """Whether the service has an accelerator such as a GPU.

        PHP: ``MatrixOperator::isAccelerated()``.
        """
        return self._service.serviceLevel() >= Service.LV_ACCELERATED

    def info(self) -> str:
        """What computes, as text: versions, SIMD variant, threads, memory.

        PHP: ``MatrixOperator::info()``.
        """
        return self._service.info()

    # ---- files

    def serializeArray(self, array) -> bytes:
        """An array, or lists and dictionaries of arrays, in the original's wire format.

        Raises:
            RuntimeException: something else than arrays ('invalid format').

        Example:
            >>> data = mo.serializeArray({"w": mo.array([1, 2])})
            >>> mo.toString(mo.unserializeArray(data)["w"])
            '[1,2]'

        PHP: ``MatrixOperator::serializeArray()``.
        """
        from rindow_math.matrix.serialization import serialize_array

        return serialize_array(array)

    def unserializeArray(self, data):
        """Reads what ``serializeArray``, or the original, wrote.

        Args:
            data: bytes. Nothing but arrays, lists and dictionaries is made of them.

        Raises:
            RuntimeException: the data is damaged or of another kind.

        PHP: ``MatrixOperator::unserializeArray()``.
        """
        from rindow_math.matrix.serialization import unserialize_array

        return unserialize_array(data, fromRecord)
