"""The part of LinearAlgebra that works element by element, fills arrays and draws random numbers.

These methods write their result into the array they are given and return it, as the original's do. A smaller
operand meets the last dimensions of the larger one again and again; with ``trans`` it meets the first ones.
"""

from cpython.bool cimport PyBool_Check
from cpython.float cimport PyFloat_CheckExact
from cpython.list cimport PyList_CheckExact
from cpython.long cimport PyLong_CheckExact
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.math cimport floor, isfinite
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint64_t

import numbers

import numpy as np

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport dtype_code, is_complex, is_float, is_int, item_size, load_item, store_item
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.linearalgebra.common cimport (
    LONG, array_arg, broadcast_repeats, broadcast_rows, check_apart, check_same_type, output_arg, overlapping,
    unsupported,
)
from rindow_math.matrix.ndarray cimport (
    MAX_DIMS, NDArray, NDArrayPhp, as_numpy, cast_to, copy_of, empty, read_shape, same_shape, shape_text, view,
)
from rindow_math.matrix.random import generator

cdef extern from "numpy/random/bitgen.h":
    ctypedef struct bitgen_t:
        void* state
        uint64_t (*next_raw)(void* state) nogil

cdef const core.rk_api* rk = core.table()
# the generator that numbers were drawn from last, its lock and its functions
cdef object _source = None
cdef object _acquire = None
cdef object _release = None
cdef bitgen_t* _bits = NULL


cdef inline bint _is_number(object value):
    """A real number or a truth value; Python's own types without a look at the abstract ones."""
    return PyFloat_CheckExact(value) or PyLong_CheckExact(value) or PyBool_Check(value) or (
        isinstance(value, (numbers.Real, np.bool_))
    )


cdef inline int _type_of(object la, object dtype) except -1:
    """The element type of a new array; the default float type when none is given."""
    return la._float_type if dtype is None else dtype_code(dtype)


cdef inline NDArrayPhp _target(object X, str name, str method):
    """The real array that an elementwise operation changes."""
    cdef NDArrayPhp x = output_arg(X, name)
    if is_complex(x.dt):
        raise unsupported(x, method)
    return x


cdef object _unary(int op, object X, str method):
    cdef NDArrayPhp x = _target(X, "X", method)
    if x.n > LONG:
        with nogil:
            rk.unary(op, x.dt, x.ptr, x.ptr, x.n)
    else:
        rk.unary(op, x.dt, x.ptr, x.ptr, x.n)
    return X


cdef object _scaled(int op, object X, object alpha, object beta, str method):
    """X := f(alpha X + beta) for a function f of its own."""
    cdef NDArrayPhp x = _target(X, "X", method)
    cdef double p = 1.0 if alpha is None else alpha
    cdef double q = 0.0 if beta is None else beta
    if x.n > LONG:
        with nogil:
            rk.param(op, x.dt, x.ptr, p, q, x.ptr, x.n)
    else:
        rk.param(op, x.dt, x.ptr, p, q, x.ptr, x.n)
    return X


cdef int _combine(int op, NDArrayPhp a, const char* x, Py_ssize_t m, Py_ssize_t n, bint trans) except -1:
    """a := a op x for a matrix (m, n) and x along its columns, or its rows if transposed."""
    cdef ptrdiff_t[2] dims
    cdef ptrdiff_t[2] sa
    cdef ptrdiff_t[2] sx
    cdef int nd = 2
    if a.n == 0:
        return 0
    if m == 1 or n == 1:
        # one run: x goes along with it or stays
        nd = 1
        dims[0] = a.n
        sa[0] = 1
        sx[0] = 1 if (n == 1) == trans or (m == 1 and n == 1) else 0
    else:
        dims[0] = m
        dims[1] = n
        sa[0] = n
        sa[1] = 1
        sx[0] = 1 if trans else 0
        sx[1] = 0 if trans else 1
    if a.n > LONG:
        with nogil:
            rk.binary(op, a.dt, nd, dims, a.ptr, sa, x, sx, a.ptr, 0)
    else:
        rk.binary(op, a.dt, nd, dims, a.ptr, sa, x, sx, a.ptr, 0)
    return 0


cdef NDArrayPhp _apart(NDArrayPhp x, NDArrayPhp a):
    """x, or a copy of it if writing a would change elements of x that are still to be read."""
    if overlapping(x, a) and (x.ptr != a.ptr or x.n != a.n):
        return copy_of(x)
    return x


cdef object _against(int op, object A, object X, str method):
    """A := A op X, where X is a number or has the last dimensions of A."""
    cdef NDArrayPhp a = _target(A, "A", method)
    cdef NDArrayPhp x
    cdef Py_ssize_t m, n
    cdef char[16] item
    if isinstance(X, NDArray):
        x = array_arg(X, "X")
        broadcast_rows(a, x, &m, &n)
        _combine(op, a, _apart(x, a).ptr, m, n, False)
    elif _is_number(X):
        store_item(item, a.dt, X)
        _combine(op, a, item, a.n, 1, False)
    else:
        raise InvalidArgumentException(f"X must be NDArray or float: {type(X).__name__} given")
    return A


cdef object _compare(int op, object X, object Y, str method):
    """Y := 1 where X op Y, else 0."""
    cdef NDArrayPhp x = array_arg(X, "X")
    cdef NDArrayPhp y = _target(Y, "Y", method)
    if not same_shape(x, y):
        raise InvalidArgumentException(
            f'Unmatch shape of dimension "X" and "Y" and "numClass": {shape_text(x)},{shape_text(y)}'
        )
    check_same_type(x, y, "X", "Y")
    _combine(op, y, _apart(x, y).ptr, 1, y.n, False)
    return Y


cdef int _sizes_of(object shape, Py_ssize_t* dims) except -1:
    """Reads a shape: a short list of small integers at once, all else with every check."""
    cdef int nd = 0
    cdef Py_ssize_t size
    if PyList_CheckExact(shape) and len(<list>shape) <= 2:
        for item in <list>shape:
            if not PyLong_CheckExact(item) or not 0 <= item < 1 << 24:
                return read_shape(shape, dims)
            size = item
            dims[nd] = size
            nd += 1
        return nd
    return read_shape(shape, dims)


cdef unsigned long long _drawn_seed(object source) except? 0:
    """What ``source.bit_generator.random_raw()`` gives, which takes longer than to fill a small array."""
    global _source, _acquire, _release, _bits
    cdef unsigned long long drawn
    if source is not _source:
        bits = source.bit_generator
        _bits = <bitgen_t*>PyCapsule_GetPointer(bits.capsule, "BitGenerator")
        _acquire = bits.lock.acquire
        _release = bits.lock.release
        _source = source
    if not _acquire(False):
        # a thread draws from it without the interpreter's lock
        return source.bit_generator.random_raw()
    drawn = _bits.next_raw(_bits.state)
    _release()
    return drawn


cdef unsigned long long _seed(object seed) except? 0:
    """64 bits of a seed; drawn from the process's generator when none is given."""
    if seed is None:
        return _drawn_seed(generator())
    if not PyLong_CheckExact(seed) and (PyBool_Check(seed) or not isinstance(seed, numbers.Integral)):
        raise InvalidArgumentException(f"seed must be an integer: {seed!r} given")
    return int(seed) & 0xFFFFFFFFFFFFFFFF


cdef object _random_target(object la, object shape, object dtype, object X):
    """The array that random numbers are written to: X, or a new one."""
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef NDArrayPhp x
    cdef int nd = _sizes_of(shape, dims)
    cdef int i
    cdef int code = 0 if dtype is None else dtype_code(dtype)
    if X is None:
        x = empty(code if code else _type_of(la, None), nd, dims)
        X = x
    else:
        x = output_arg(X, "X")
        if code and code != x.dt:
            raise InvalidArgumentException(f"Unmatch dtype and dtype of X: {NAMES[code]} and {NAMES[x.dt]}")
        if nd != x.nd or any([dims[i] != x.dims[i] for i in range(nd)]):
            raise InvalidArgumentException(
                f"Unmatch shape and shape of X: ({','.join([str(dims[i]) for i in range(nd)])}),{shape_text(x)}"
            )
    if is_complex(x.dt):
        raise unsupported(x, "random numbers")
    return X


class ElementMethods:
    """Elementwise methods of ``LinearAlgebra``."""

    def increment(self, X, beta=None, alpha=None):
        """X := alpha X + beta, in place.

        Args:
            X: the array; integers are computed exactly where alpha and beta are whole numbers, else truncated.
            beta: what is added; 0 by default.
            alpha: the factor; 1 by default.

        Returns:
            X.

        Example:
            >>> la.increment(la.array([1, 2, 3]), beta=1).toArray()
            [2.0, 3.0, 4.0]

        PHP: ``LinearAlgebra::increment()``.
        """
        return _scaled(core.RK_AXPB, X, alpha, beta, "increment")

    def reciprocal(self, X, beta=None, alpha=None):
        """X := 1 / (alpha X + beta), in place; inf where that would divide by zero.

        Args:
            X: the array.
            beta: what is added; 0 by default.
            alpha: the factor; 1 by default.

        Returns:
            X.

        PHP: ``LinearAlgebra::reciprocal()``.
        """
        return _scaled(core.RK_RECIP_AXPB, X, alpha, beta, "reciprocal")

    def maximum(self, A, X):
        """A := the larger of A and X, in place; nan where either is nan.

        Args:
            A: the array.
            X: a number, or an array of A's type.

        Shapes:
            A: ``(..., *shape of X)``.

        Returns:
            A.

        Raises:
            InvalidArgumentException: the shapes do not fit or the types differ.

        Example:
            >>> la.maximum(la.array([[1, 5], [7, 2]]), la.array([3, 3])).toArray()
            [[3.0, 5.0], [7.0, 3.0]]

        PHP: ``LinearAlgebra::maximum()``.
        """
        return _against(core.RK_MAXIMUM, A, X, "maximum")

    def minimum(self, A, X):
        """A := the smaller of A and X, in place; nan where either is nan. Arguments as for ``maximum``.

        PHP: ``LinearAlgebra::minimum()``.
        """
        return _against(core.RK_MINIMUM, A, X, "minimum")

    def greater(self, A, X):
        """A := 1 where A > X, else 0, in place. Arguments as for ``maximum``.

        PHP: ``LinearAlgebra::greater()``.
        """
        return _against(core.RK_GT, A, X, "greater")

    def greaterEqual(self, A, X):
        """A := 1 where A >= X, else 0, in place. Arguments as for ``maximum``.

        PHP: ``LinearAlgebra::greaterEqual()``.
        """
        return _against(core.RK_GE, A, X, "greaterEqual")

    def less(self, A, X):
        """A := 1 where A < X, else 0, in place. Arguments as for ``maximum``.

        PHP: ``LinearAlgebra::less()``.
        """
        return _against(core.RK_LT, A, X, "less")

    def lessEqual(self, A, X):
        """A := 1 where A <= X, else 0, in place. Arguments as for ``maximum``.

        PHP: ``LinearAlgebra::lessEqual()``.
        """
        return _against(core.RK_LE, A, X, "lessEqual")

    def multiply(self, X, A, trans=None):
        """A := X A, in place, element by element.

        Args:
            X: the smaller array.
            A: the array that is changed; of X's type.
            trans: X meets the first dimensions of A (read from the outermost) instead of the last.

        Shapes:
            A: ``(..., *shape of X)``; transposed: ``(*reversed shape of X, ...)``.

        Returns:
            A.

        Raises:
            InvalidArgumentException: the shapes do not fit or the types differ.

        Example:
            >>> la.multiply(la.array([10, 100]), la.array([[1, 2], [3, 4]]), trans=True).toArray()
            [[10.0, 20.0], [300.0, 400.0]]

        PHP: ``LinearAlgebra::multiply()``.
        """
        cdef NDArrayPhp x = array_arg(X, "X")
        cdef NDArrayPhp a = _target(A, "A", "multiply")
        cdef bint t = trans is not None and bool(trans)
        cdef Py_ssize_t m, n
        check_same_type(x, a, "X", "A")
        broadcast_repeats(x, a, t, &m, &n)
        _combine(core.RK_MUL, a, _apart(x, a).ptr, m, n, t)
        return A

    def add(self, X, A, alpha=None, trans=None):
        """A := alpha X + A, in place.

        Args:
            X: the smaller array.
            A: the array that is changed; of X's type.
            alpha: the factor; 1 by default.
            trans: X meets the first dimensions of A (read from the outermost) instead of the last.

        Shapes:
            A: ``(..., *shape of X)``; transposed: ``(*reversed shape of X, ...)``.

        Returns:
            A.

        Raises:
            InvalidArgumentException: the shapes do not fit or the types differ.

        Example:
            >>> la.add(la.array([1, 2]), la.array([[10, 10], [20, 20]]), alpha=0.5).toArray()
            [[10.5, 11.0], [20.5, 21.0]]

        PHP: ``LinearAlgebra::add()``.
        """
        cdef NDArrayPhp x = array_arg(X, "X")
        cdef NDArrayPhp a = output_arg(A, "A")
        cdef bint t = trans is not None and bool(trans)
        cdef double factor = 1.0 if alpha is None else alpha
        cdef Py_ssize_t m, n, i
        cdef int size = item_size(a.dt)
        check_same_type(x, a, "X", "A")
        broadcast_repeats(x, a, t, &m, &n)
        if a.n == 0:
            return A
        x = _apart(x, a)
        if x.n == a.n:
            if a.n > LONG:
                with nogil:
                    rk.axpy(a.dt, a.n, factor, 0.0, x.ptr, 1, a.ptr, 1)
            else:
                rk.axpy(a.dt, a.n, factor, 0.0, x.ptr, 1, a.ptr, 1)
        elif is_float(a.dt) or (factor == 1.0 and not is_complex(a.dt)):
            if factor != 1.0:
                x = copy_of(x)
                rk.scal(x.dt, x.n, factor, 0.0, x.ptr, 1)
            _combine(core.RK_ADD, a, x.ptr, m, n, t)
        else:
            # each sum is rounded once, so alpha X cannot be computed beforehand
            with nogil:
                for i in range(m):
                    rk.axpy(
                        a.dt, n, factor, 0.0, x.ptr + (i * size if t else 0), 0 if t else 1, a.ptr + i * n * size, 1,
                    )
        return A

    def square(self, X):
        """X := X X, in place.

        PHP: ``LinearAlgebra::square()``.
        """
        return _unary(core.RK_SQUARE, X, "square")

    def sqrt(self, X):
        """X := square root of X, in place; nan below zero.

        PHP: ``LinearAlgebra::sqrt()``.
        """
        return _unary(core.RK_SQRT, X, "sqrt")

    def rsqrt(self, X, beta=None, alpha=None):
        """X := 1 / (alpha sqrt(X) + beta), in place; inf where that would divide by zero.

        Args:
            X: the array.
            beta: what is added; 0 by default.
            alpha: the factor; 1 by default.

        Returns:
            X.

        PHP: ``LinearAlgebra::rsqrt()``.
        """
        return _scaled(core.RK_RSQRT_AXPB, X, alpha, beta, "rsqrt")

    def pow(self, A, alpha, trans=None):
        """A := A to the power alpha, in place.

        Args:
            A: the array.
            alpha: a number, or an array of A's type.
            trans: alpha meets the first dimensions of A (read from the outermost) instead of the last.

        Shapes:
            A: ``(..., *shape of alpha)``; transposed: ``(*reversed shape of alpha, ...)``.

        Returns:
            A.

        Raises:
            InvalidArgumentException: the shapes do not fit or the types differ.

        Example:
            >>> la.pow(la.array([1, 2, 3]), 2).toArray()
            [1.0, 4.0, 9.0]

        PHP: ``LinearAlgebra::pow()``.
        """
        cdef NDArrayPhp a = _target(A, "A", "pow")
        cdef NDArrayPhp x
        cdef bint t = trans is not None and bool(trans)
        cdef Py_ssize_t m, n
        cdef char[16] item
        if isinstance(alpha, NDArray):
            x = array_arg(alpha, "alpha")
            check_same_type(a, x, "A", "alpha")
            if x.nd or not is_float(a.dt):
                broadcast_repeats(x, a, t and x.nd > 0, &m, &n)
                _combine(core.RK_POW, a, _apart(x, a).ptr, m, n, t and x.nd > 0)
                return A
            return _scaled(core.RK_PPOW, A, load_item(x.ptr, x.dt), None, "pow")
        if not _is_number(alpha):
            raise InvalidArgumentException(f"alpha must be NDArray or float: {type(alpha).__name__} given")
        if is_float(a.dt):
            return _scaled(core.RK_PPOW, A, alpha, None, "pow")
        store_item(item, a.dt, alpha)
        alpha = load_item(item, a.dt)
        if alpha == int(float(alpha)):
            return _scaled(core.RK_PPOW, A, alpha, None, "pow")
        _combine(core.RK_POW, a, item, a.n, 1, False)
        return A

    def exp(self, X):
        """X := e to the power X, in place.

        PHP: ``LinearAlgebra::exp()``.
        """
        return _unary(core.RK_EXP, X, "exp")

    def log(self, X):
        """X := natural logarithm of X, in place; -inf at zero, nan below.

        PHP: ``LinearAlgebra::log()``.
        """
        return _unary(core.RK_LOG, X, "log")

    def tanh(self, X):
        """X := hyperbolic tangent of X, in place.

        PHP: ``LinearAlgebra::tanh()``.
        """
        return _unary(core.RK_TANH, X, "tanh")

    def sin(self, X):
        """X := sine of X (radians), in place.

        PHP: ``LinearAlgebra::sin()``.
        """
        return _unary(core.RK_SIN, X, "sin")

    def cos(self, X):
        """X := cosine of X (radians), in place.

        PHP: ``LinearAlgebra::cos()``.
        """
        return _unary(core.RK_COS, X, "cos")

    def tan(self, X):
        """X := tangent of X (radians), in place.

        PHP: ``LinearAlgebra::tan()``.
        """
        return _unary(core.RK_TAN, X, "tan")

    def equal(self, X, Y):
        """Y := 1 where X equals Y, else 0, in place (true and false for truth values).

        Args:
            X: an array.
            Y: an array of X's shape and type, which is changed.

        Returns:
            Y.

        Raises:
            InvalidArgumentException: shapes or types differ.

        PHP: ``LinearAlgebra::equal()``.
        """
        return _compare(core.RK_EQ, X, Y, "equal")

    def notEqual(self, X, Y):
        """Y := 1 where X differs from Y, else 0, in place. Arguments as for ``equal``.

        PHP: ``LinearAlgebra::notEqual()``.
        """
        return _compare(core.RK_NE, X, Y, "notEqual")

    def not_(self, X):
        """X := 1 where X is 0 or false, else 0, in place.

        PHP: ``LinearAlgebra::not()``.
        """
        return _unary(core.RK_NOT, X, "not")

    def duplicate(self, input, repeats=None, trans=None, output=None):
        """Repeats an array along a new first dimension, or a new last one.

        Args:
            input: the array.
            repeats: how often; 1 by default. Not used with ``output``.
            trans: the new dimension is the last one.
            output: an array of input's type that is filled with repetitions.

        Shapes:
            output: ``(repeats, *shape of input)``; transposed: ``(*shape of input, repeats)``.

        Returns:
            The output.

        Raises:
            InvalidArgumentException: the output does not fit.

        Example:
            >>> la.duplicate(la.array([1, 2]), 2, trans=True).toArray()
            [[1.0, 1.0], [2.0, 2.0]]

        PHP: ``LinearAlgebra::duplicate()``.
        """
        cdef NDArrayPhp x = array_arg(input, "input")
        cdef NDArrayPhp a
        cdef bint t = trans is not None and bool(trans)
        cdef Py_ssize_t[MAX_DIMS + 1] dims
        cdef Py_ssize_t m, n
        cdef Py_ssize_t times = 1
        cdef int size = item_size(x.dt)
        cdef int i
        if output is None:
            if repeats is not None:
                times = repeats
            if times < 0:
                raise InvalidArgumentException(f"repeats must not be negative: {times} given")
            if x.nd == MAX_DIMS:
                raise InvalidArgumentException(f"an array has at most {MAX_DIMS} dimensions")
            for i in range(x.nd):
                dims[i if t else i + 1] = x.dims[i]
            dims[x.nd if t else 0] = times
            a = empty(x.dt, x.nd + 1, dims)
            output = a
            m = x.n if t else times
            n = times if t else x.n
        else:
            a = output_arg(output, "output")
            check_same_type(x, a, "input", "output")
            if t and a.nd == x.nd + 1 and all([a.dims[i] == x.dims[i] for i in range(x.nd)]):
                # the shape of a new output; the original asks for reversed sizes
                m = x.n
                n = a.dims[x.nd]
            else:
                broadcast_repeats(x, a, t, &m, &n)
            check_apart(a, x, "output", "input")
        if a.n == 0:
            return output
        if not t:
            with nogil:
                rk.repeat(size, x.ptr, a.ptr, 1, m, n)
        else:
            with nogil:
                rk.repeat_items(size, m, n, x.ptr, a.ptr)
        return output

    def fill(self, value, X):
        """X := value, in place.

        Args:
            value: a number, a truth value, a character (its code), a complex number, or an array of one element.
            X: the array.

        Returns:
            X.

        Raises:
            InvalidArgumentException: the value is of another kind or does not fit the type of X.

        PHP: ``LinearAlgebra::fill()``.
        """
        cdef NDArrayPhp x = output_arg(X, "X")
        cdef NDArrayPhp v
        cdef char[16] item
        if _is_number(value):
            pass
        elif isinstance(value, NDArray):
            v = array_arg(value, "value")
            if v.n != 1:
                raise InvalidArgumentException(f"Value must be scalar: an array of shape {shape_text(v)} given")
            value = load_item(v.ptr, v.dt)
        elif isinstance(value, (str, bytes)):
            text = value.encode() if isinstance(value, str) else value
            value = text[0] if text else 0
        elif not isinstance(value, numbers.Number):
            raise InvalidArgumentException(f"Invalid data type: {type(value).__name__} given")
        if not _is_number(value) and not is_complex(x.dt):
            raise InvalidArgumentException(f"Invalid data type for complex: an array of {NAMES[x.dt]}")
        store_item(item, x.dt, value)
        if x.n > LONG:
            with nogil:
                rk.fill(item_size(x.dt), item, x.ptr, x.n, 1)
        else:
            rk.fill(item_size(x.dt), item, x.ptr, x.n, 1)
        return X

    def nan2num(self, X, alpha=None):
        """X := alpha where X is nan, in place.

        Args:
            X: the array; arrays of integers have no nan and stay as they are.
            alpha: what replaces nan; 0 by default.

        Returns:
            X.

        PHP: ``LinearAlgebra::nan2num()``.
        """
        cdef NDArrayPhp x = _target(X, "X", "nan2num")
        cdef NDArrayPhp wide
        cdef double value = 0.0 if alpha is None else alpha
        if x.dt == core.RK_FLOAT16:
            wide = cast_to(x, core.RK_FLOAT32)
            rk.nan2num(wide.dt, wide.ptr, wide.n, value)
            rk.cast(wide.dt, x.dt, wide.ptr, x.ptr, x.n)
        elif x.n > LONG:
            with nogil:
                rk.nan2num(x.dt, x.ptr, x.n, value)
        else:
            rk.nan2num(x.dt, x.ptr, x.n, value)
        return X

    def isnan(self, X):
        """X := 1 where X is nan, else 0, in place.

        PHP: ``LinearAlgebra::isnan()``.
        """
        return _unary(core.RK_ISNAN, X, "isnan")

    def softmax(self, X):
        """X := softmax of each row of X, in place: positive numbers that sum to 1.

        Args:
            X: a matrix of floats.

        Returns:
            X.

        Raises:
            InvalidArgumentException: X has not two dimensions or holds no floats.

        PHP: ``LinearAlgebra::softmax()``.
        """
        cdef NDArrayPhp x = output_arg(X, "X")
        cdef NDArrayPhp wide = x
        if x.nd != 2:
            raise InvalidArgumentException(f'"X" must be 2-D dimension: {shape_text(x)} given')
        if not is_float(x.dt):
            raise unsupported(x, "softmax")
        if x.n == 0:
            return X
        if x.dt == core.RK_FLOAT16:
            wide = cast_to(x, core.RK_FLOAT32)
        if x.n > LONG:
            with nogil:
                rk.softmax(wide.dt, wide.ptr, wide.ptr, x.dims[0], x.dims[1])
        else:
            rk.softmax(wide.dt, wide.ptr, wide.ptr, x.dims[0], x.dims[1])
        if wide is not x:
            rk.cast(wide.dt, x.dt, wide.ptr, x.ptr, x.n)
        return X

    def linspace(self, start, stop, num, dtype=None):
        """Numbers at equal distances from ``start`` to ``stop``, both included.

        Args:
            start: the first number.
            stop: the last number.
            num: how many.
            dtype: element type; the default float type when left out.

        Returns:
            An array of shape [num].

        Raises:
            InvalidArgumentException: ``num`` is below 1.

        Example:
            >>> la.linspace(0, 1, 5).toArray()
            [0.0, 0.25, 0.5, 0.75, 1.0]

        PHP: ``LinearAlgebra::linspace()``.
        """
        cdef NDArrayPhp y
        cdef double first = start
        cdef double end = stop
        cdef double step
        cdef Py_ssize_t n = num
        cdef Py_ssize_t[1] dims
        if n <= 0:
            raise InvalidArgumentException(f"num must be greater than or equal zero.: {num} given")
        dims[0] = n
        y = empty(_type_of(self, dtype), 1, dims)
        step = (end - first) / (n - 1) if n > 1 else 0.0
        rk.arange(y.dt, y.ptr, n, first, step)
        if n > 1:
            # rounding may have carried it past the end
            store_item(y.ptr + (n - 1) * item_size(y.dt), y.dt, end)
        return y

    def range(self, limit, start=None, delta=None, dtype=None):
        """Numbers from ``start`` in steps of ``delta`` that stay short of ``limit``.

        Args:
            limit: where the numbers end; not included.
            start: the first number; 0 by default.
            delta: the step; 1 or -1 by default, towards the limit.
            dtype: element type; the default float type when left out.

        Returns:
            A 1-dimensional array.

        Raises:
            InvalidArgumentException: the step is 0 or leads away from the limit.

        Example:
            >>> la.range(8, start=2, delta=2).toArray()
            [2.0, 4.0, 6.0]

        PHP: ``LinearAlgebra::range()``.
        """
        cdef NDArrayPhp y
        cdef double first = 0.0 if start is None else start
        cdef double end = limit
        cdef double step
        cdef double count
        cdef Py_ssize_t[1] dims
        if delta is None:
            step = 1.0 if end >= first else -1.0
        else:
            step = delta
        if step == 0.0:
            raise InvalidArgumentException("infinite times")
        count = floor((end - first) / step)
        if not isfinite(count):
            raise InvalidArgumentException(f"infinite times: from {first} to {end} in steps of {step}")
        if count < 0:
            raise InvalidArgumentException(
                f"Invalid shape numbers. It gives {int(count)}: steps of {step} lead from {first} away from {end}"
            )
        if count >= <double>(<Py_ssize_t>1 << 56):
            raise MemoryError(f"an array of {int(count)} elements is larger than any memory")
        dims[0] = <Py_ssize_t>count
        y = empty(_type_of(self, dtype), 1, dims)
        if is_complex(y.dt):
            raise unsupported(y, "range")
        rk.arange(y.dt, y.ptr, y.n, first, step)
        return y

    def randomUniform(self, shape, low, high, dtype=None, seed=None, X=None):
        """Random numbers spread evenly over [low, high]; for integers, low and high included.

        Args:
            shape: shape of the array.
            low: the smallest number.
            high: the largest number.
            dtype: element type; the default float type when left out.
            seed: an integer that determines the numbers; drawn from the process's generator when left out.
            X: an array of this shape that is filled instead of a new one.

        Returns:
            The array.

        Raises:
            InvalidArgumentException: X does not fit, or integers do not include low and high.

        Example:
            >>> la.randomUniform([2, 3], -1, 1, seed=5).shape()
            [2, 3]

        PHP: ``LinearAlgebra::randomUniform()``.
        """
        cdef NDArrayPhp x
        cdef double a, b
        cdef long long key
        cdef char[16] item
        X = _random_target(self, shape, dtype, X)
        x = array_arg(X, "X")
        key = <long long>_seed(seed)
        if not is_float(x.dt):
            low = int(low)
            high = int(high)
            if low > high:
                raise InvalidArgumentException(f"low must not exceed high: {low} and {high} given for {NAMES[x.dt]}")
            store_item(item, x.dt, low)
            store_item(item, x.dt, high)
            if low < -(1 << 53) or high > 1 << 53:
                # beyond what doubles tell apart
                target = as_numpy(x)
                draw = np.random.Generator(np.random.Philox(key=<unsigned long long>key))
                target[...] = draw.integers(low, high, size=target.shape, dtype=target.dtype, endpoint=True)
                return X
        a = low
        b = high
        if x.n > 1024:
            with nogil:
                rk.random_uniform(x.dt, x.ptr, x.n, 1, a, b, key)
        else:
            rk.random_uniform(x.dt, x.ptr, x.n, 1, a, b, key)
        return X

    def randomNormal(self, shape, mean, scale, dtype=None, seed=None, X=None):
        """Random numbers from the normal distribution (Box and Muller's method).

        Args:
            shape: shape of the array.
            mean: the distribution's mean.
            scale: its standard deviation.
            dtype: element type; the default float type when left out.
            seed: an integer that determines the numbers; drawn from the process's generator when left out.
            X: an array of this shape that is filled instead of a new one.

        Returns:
            The array.

        Raises:
            InvalidArgumentException: X does not fit.

        PHP: ``LinearAlgebra::randomNormal()``.
        """
        cdef NDArrayPhp x
        cdef double a = mean
        cdef double b = scale
        cdef long long key
        X = _random_target(self, shape, dtype, X)
        x = array_arg(X, "X")
        key = <long long>_seed(seed)
        if x.n > 1024:
            with nogil:
                rk.random_normal(x.dt, x.ptr, x.n, 1, a, b, key)
        else:
            rk.random_normal(x.dt, x.ptr, x.n, 1, a, b, key)
        return X

    def randomSequence(self, base, size=None, seed=None, dtype=None, output=None):
        """A random choice of ``size`` different numbers out of 0 .. base-1, in random order.

        Args:
            base: how many numbers there are to choose from.
            size: how many are chosen; all of them by default.
            seed: an integer that determines the choice; drawn from the process's generator when left out.
            dtype: element type; int32 by default.
            output: an array of ``base`` elements that is used instead of a new one.

        Returns:
            The first ``size`` elements of the array.

        Raises:
            InvalidArgumentException: the output does not fit, or ``size`` exceeds ``base``.

        PHP: ``LinearAlgebra::randomSequence()``.
        """
        cdef NDArrayPhp x
        cdef Py_ssize_t[1] dims
        cdef Py_ssize_t n = base
        cdef Py_ssize_t count = n if not size else size
        cdef long long key
        if n < 1:
            raise InvalidArgumentException(f"base must be 1 or greater: {base} given")
        if count < 0 or count > n:
            raise InvalidArgumentException(f"size must be smaller then n or equal.: size {size}, n {n} given")
        if output is None:
            dims[0] = n
            x = empty(core.RK_INT32 if dtype is None else dtype_code(dtype), 1, dims)
        else:
            x = output_arg(output, "output")
            if x.n != n or (dtype is not None and dtype_code(dtype) != x.dt):
                raise InvalidArgumentException(
                    f"output size must be the same of base and same dtype: {shape_text(x)} of {NAMES[x.dt]} given "
                    f"for {n} numbers"
                )
        if is_complex(x.dt):
            raise unsupported(x, "randomSequence")
        store_item(x.ptr, x.dt, n - 1 if is_int(x.dt) else 0)
        key = <long long>_seed(seed)
        if n > 1024:
            with nogil:
                rk.random_sequence(x.dt, x.ptr, n, count, key)
        else:
            rk.random_sequence(x.dt, x.ptr, n, count, key)
        dims[0] = count
        return view(x, 0, 1, dims)
