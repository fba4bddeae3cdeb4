"""The backend's arithmetic: elementwise functions, comparisons, reductions, products, and what is updated in place."""

import math

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport is_float, is_int, item_size
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.linearalgebra.common cimport text_of
from rindow_math.matrix.ndarray cimport (
    MAX_DIMS, NDArray, NDArrayPhp, cast_to, check_writable, from_python, raw, same_shape, shape_text, view,
)
from rindow_nn.backend.rindow_blas.primitives cimport Primitives

cdef const core.rk_api* rk = core.table()


class ArithmeticMethods:
    """The part of ``Backend`` that computes with numbers.

    Operands are arrays or variables; a second operand may also be a number or a list. Operands of different shapes
    are broadcast as in numpy; with ``trans`` the second one meets the first sizes of the first one instead of the
    last. Element types must agree.
    """

    __slots__ = ()

    # ---- arithmetic

    def add(self, x, y, trans=None):
        """x + y.

        Args:
            x: an array.
            y: an array of the same type, broadcast to x or x to it.
            trans: y's sizes are the first ones of x: K.add(x, y, trans=True) adds y[i] to the row x[i].

        Raises:
            InvalidArgumentException: the shapes or the types do not fit.

        Example:
            >>> from rindow_nn.builder import NeuralNetworks
            >>> K = NeuralNetworks().backend
            >>> K.add(K.zeros([2, 3]), K.array([1, 2]), trans=True).toArray()
            [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]
        """
        return _binary(self, core.RK_ADD, x, y, trans)

    def sub(self, x, y, trans=None):
        """x - y, broadcast as in ``add``."""
        return _binary(self, core.RK_SUB, x, y, trans)

    def mul(self, x, y, trans=None):
        """x * y, broadcast as in ``add``."""
        return _binary(self, core.RK_MUL, x, y, trans)

    def div(self, x, y, trans=None):
        """x / y, broadcast as in ``add``; integers are truncated."""
        return _binary(self, core.RK_DIV, x, y, trans)

    def reciprocal(self, x, beta=None, alpha=None):
        """1 / (alpha * x + beta) with numbers alpha (1 by default) and beta (0 by default)."""
        return _param(
            self, core.RK_RECIP_AXPB, _floats(x, "reciprocal"), 1.0 if alpha is None else alpha,
            0.0 if beta is None else beta
        )

    def scale(self, a, x):
        """a * x with a number a."""
        return _param(self, core.RK_AXPB, x, a, 0.0)

    def increment(self, x, b, a=None):
        """a * x + b with numbers a (1 by default) and b."""
        return _param(self, core.RK_AXPB, x, 1.0 if a is None else a, b)

    def pow(self, x, y, trans=None):
        """x to the power of y, a number or an array that is broadcast as in ``add``."""
        if isinstance(y, NDArray) and y.ndim():
            return _binary(self, core.RK_POW, x, y, trans)
        return _param(self, core.RK_PPOW, x, float(y), 0.0)

    def square(self, x):
        """x squared."""
        return _unary(self, core.RK_SQUARE, x)

    def sqrt(self, x):
        """The square root."""
        return _unary(self, core.RK_SQRT, _floats(x, "sqrt"))

    def rsqrt(self, x, beta=None, alpha=None):
        """1 / (alpha * sqrt(x) + beta) with numbers alpha (1 by default) and beta (0 by default)."""
        return _param(
            self, core.RK_RSQRT_AXPB, _floats(x, "rsqrt"), 1.0 if alpha is None else alpha,
            0.0 if beta is None else beta
        )

    def abs(self, x):
        """The absolute value."""
        return _unary(self, core.RK_ABS, x)

    def sign(self, x):
        """-1, 0 or 1."""
        return _unary(self, core.RK_SIGN, x)

    def exp(self, x):
        """e to the power of x."""
        return _unary(self, core.RK_EXP, _floats(x, "exp"))

    def log(self, x):
        """The natural logarithm."""
        return _unary(self, core.RK_LOG, _floats(x, "log"))

    def sin(self, x):
        """The sine."""
        return _unary(self, core.RK_SIN, _floats(x, "sin"))

    def cos(self, x):
        """The cosine."""
        return _unary(self, core.RK_COS, _floats(x, "cos"))

    def tan(self, x):
        """The tangent."""
        return _unary(self, core.RK_TAN, _floats(x, "tan"))

    def tanh(self, x):
        """The hyperbolic tangent."""
        return _unary(self, core.RK_TANH, _floats(x, "tanh"))

    # ---- comparisons: 1 or 0 in the type of x

    def maximum(self, x, a):
        """The larger of x and a, a number or an array."""
        return _against(self, core.RK_PMAX, core.RK_MAXIMUM, x, a)

    def minimum(self, x, a):
        """The smaller of x and a, a number or an array."""
        return _against(self, core.RK_PMIN, core.RK_MINIMUM, x, a)

    def greater(self, x, a):
        """1 where x > a, else 0, in the type of x; a is a number or an array."""
        return _against(self, core.RK_PGT, core.RK_GT, x, a)

    def greaterEqual(self, x, a):
        """1 where x >= a, else 0, in the type of x; a is a number or an array."""
        return _against(self, core.RK_PGE, core.RK_GE, x, a)

    def less(self, x, a):
        """1 where x < a, else 0, in the type of x; a is a number or an array."""
        return _against(self, core.RK_PLT, core.RK_LT, x, a)

    def lessEqual(self, x, a):
        """1 where x <= a, else 0, in the type of x; a is a number or an array."""
        return _against(self, core.RK_PLE, core.RK_LE, x, a)

    def equal(self, x, y):
        """1 where x and y are equal, else 0, in their type."""
        return _binary(self, core.RK_EQ, x, y, None)

    def notEqual(self, x, y):
        """1 where x and y differ, else 0, in their type."""
        return _binary(self, core.RK_NE, x, y, None)

    def not_(self, x):
        """1 where x is 0, else 0, in the type of x."""
        return _unary(self, core.RK_NOT, x)

    # ---- activations

    def relu(self, x):
        """max(x, 0)."""
        return _unary(self, core.RK_RELU, x)

    def dRelu(self, dOutputs, outputs):
        """Gradient of ``relu`` from its outputs."""
        return _binary(self, core.RK_DRELU, outputs, dOutputs, None)

    def sigmoid(self, inputs):
        """1 / (1 + exp(-x))."""
        return _unary(self, core.RK_SIGMOID, _floats(inputs, "sigmoid"))

    def dSigmoid(self, dOutputs, outputs):
        """Gradient of ``sigmoid`` from its outputs."""
        return _binary(self, core.RK_DSIGMOID, outputs, dOutputs, None)

    def dTanh(self, dOutputs, outputs):
        """Gradient of ``tanh`` from its outputs."""
        return _binary(self, core.RK_DTANH, outputs, dOutputs, None)

    def softmax(self, X):
        """exp(x) / sum(exp(x)) over the last dimension."""
        return (<Primitives?>self).softmax_rows(_floats(X, "softmax"))

    def dSoftmax(self, dOutputs, outputs):
        """Gradient of ``softmax`` from its outputs.

        Raises:
            InvalidArgumentException: the shapes or the types differ.
        """
        cdef NDArrayPhp y = raw(outputs)
        cdef NDArrayPhp dy = raw(dOutputs)
        if not same_shape(y, dy):
            raise InvalidArgumentException(f"unmatch predicts shape: {dy.shape()} {y.shape()}")
        if y.dt != dy.dt:
            raise InvalidArgumentException(f"Unmatch data type: dSoftmax of {NAMES[dy.dt]} and {NAMES[y.dt]}")
        return (<Primitives?>self).dsoftmax_rows(y, dy)

    # ---- reductions

    def sum(self, x, axis=None, keepdims=None, output=None):
        """The sum over an axis as an array, or of all elements as a number.

        Args:
            x: an array; sums of bools are int32.
            axis: the dimension that is summed; None for all elements.
            keepdims: the summed dimension stays, with size 1.
            output: an array for the result of a sum over an axis.

        Raises:
            InvalidArgumentException: there is no such axis, or the output does not fit.
        """
        cdef NDArrayPhp a
        if axis is None:
            return _total(raw(x))
        a = raw(x)
        if a.dt == core.RK_BOOL:
            a = cast_to(a, core.RK_INT32)
        return _reduced(self, core.RK_SUM, a, axis, keepdims, output)

    def mean(self, x, axis=None, keepdims=None, output=None):
        """The mean over an axis as an array, or of all elements as a number; arguments as in ``sum``."""
        cdef NDArrayPhp a = raw(x)
        _check_filled(a, "mean")
        if axis is None:
            return _total(a) / a.n
        return _reduced(
            self, core.RK_MEAN, a if is_float(a.dt) else cast_to(a, core.RK_FLOAT32), axis, keepdims, output
        )

    def std(self, x, axis=None):
        """The standard deviation of the population: of all elements as a number, or over an axis as an array."""
        cdef Primitives K = self
        cdef NDArrayPhp a = _floats(x, "std")
        cdef NDArrayPhp centred
        cdef NDArrayPhp out
        _check_filled(a, "std")
        if axis is None:
            centred = K.param(core.RK_AXPB, a, 1.0, -_total(a) / a.n, None)
            return rk.nrm2_all(a.dt, a.n, centred.ptr, 1) / math.sqrt(a.n)
        centred = K.binary(core.RK_SUB, a, K.reduce_axis(core.RK_MEAN, a, axis, True), None)
        out = K.reduce_axis(core.RK_MEAN, _unary(self, core.RK_SQUARE, centred), axis, False)
        return _unary(self, core.RK_SQRT, out)

    def max(self, x, axis=None, keepdims=None, output=None):
        """The largest element over an axis as an array, or of all elements as a number."""
        return _extreme(self, core.RK_MAX, x, axis, keepdims, output, "max")

    def min(self, x, axis=None, keepdims=None):
        """The smallest element over an axis as an array, or of all elements as a number."""
        return _extreme(self, core.RK_MIN, x, axis, keepdims, None, "min")

    def amax(self, x):
        """The largest absolute value."""
        return self.primaryLA().amax(x)

    def amin(self, x):
        """The smallest absolute value."""
        return self.primaryLA().amin(x)

    def asum(self, x):
        """The sum of the absolute values."""
        return self.primaryLA().asum(x)

    def nrm2(self, x):
        """The square root of the sum of squares."""
        return self.primaryLA().nrm2(x)

    def argMax(self, x, axis=None, keepdims=None, dtype=None):
        """The position of the largest element; along an axis, an int32 array of positions.

        Args:
            x: an array.
            axis: the dimension that is searched; None for the position among all elements, a number.
            keepdims: the searched dimension stays, with size 1.
            dtype: integer type of the positions.
        """
        if axis is None:
            return self.primaryLA().imax(x)
        return self.primaryLA().reduceArgMax(x, axis=axis, keepdims=keepdims, dtype=dtype)

    def argMin(self, x, axis=None):
        """The position of the smallest element; along an axis, an int32 array of positions."""
        return self.localMatrixOperator().argMin(raw(x), axis)

    # ---- products

    def dot(self, x, y):
        """The sum of products of elements."""
        return self.primaryLA().dot(x, y)

    def gemm(self, a, b, alpha=None, beta=None, c=None, transA=None, transB=None):
        """alpha * op(a) op(b) + beta * c for matrices, written into c if it is given.

        Args:
            a, b: matrices.
            alpha: 1 by default.
            beta: 0 by default.
            c: a matrix of the result's shape.
            transA, transB: op(a), op(b) is the transpose.
        """
        return self.primaryLA().gemm(a, b, alpha, beta, c, transA, transB)

    def batch_gemm(self, a, b, alpha=None, beta=None, c=None):
        """alpha * a b + beta * c, with the same c for each row of a.

        Args:
            a: a matrix (batch, k).
            b: a matrix (k, n).
            alpha: 1 by default.
            beta: 0 by default.
            c: a row (n) that stays unchanged.
        """
        cdef Primitives K = self
        cdef NDArrayPhp x, y, row
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int i
        if c is None:
            return self.primaryLA().gemm(a, b, alpha, beta, None)
        x = raw(a)
        y = raw(b)
        row = raw(c)
        if (
            (alpha is None or alpha == 1) and beta == 1 and x.nd == 2 and y.nd == 2 and row.nd == 1
            and row.dims[0] == y.dims[1] and row.dt == x.dt and is_float(x.dt)
        ):
            return K.dense(x, y, row, core.RK_EPI_NONE)
        if row.nd + 1 >= MAX_DIMS or x.nd < 1:
            raise InvalidArgumentException(f"a must be a matrix: shape {shape_text(x)} given")
        dims[0] = x.dims[0]
        for i in range(row.nd):
            dims[i + 1] = row.dims[i]
        return self.primaryLA().gemm(a, b, alpha, beta, K.broadcast_to(row, row.nd + 1, dims))

    def matmul(self, a, b, transA=None, transB=None, c=None, alpha=None, beta=None):
        """alpha * op(a) op(b) + beta * c over the last two dimensions; leading ones are broadcast.

        Args:
            a, b: arrays of two dimensions or more.
            transA, transB: op swaps the last two dimensions.
            c: an array for the result.
            alpha: 1 by default.
            beta: 0 by default.
        """
        cdef Primitives K = self
        cdef NDArrayPhp out
        if c is not None:
            return self.primaryLA().matmul(a, b, transA, transB, c, alpha, beta)
        out = K.matrix_product(raw(a), raw(b), bool(transA), bool(transB))
        return out if alpha is None or alpha == 1 else K.param(core.RK_AXPB, out, alpha, 0.0, out)

    def einsum(self, equation, *arrays):
        """Sums of products by Einstein's notation: K.einsum("ij,jk->ik", a, b)."""
        return self.primaryLA().einsum(equation, *arrays)

    def einsum4p1(self, equation, a, b):
        """``einsum`` over at most one summed index."""
        return self.primaryLA().einsum4p1(equation, a, b)

    def cumsum(self, inputs, axis=None, exclusive=None, reverse=None, outputs=None):
        """Running sums along an axis.

        Args:
            inputs: an array.
            axis: the dimension along which sums run; the first one by default.
            exclusive: an element is not part of its own sum.
            reverse: sums run from the end.
            outputs: an array for the result.
        """
        return self.primaryLA().cumsum(inputs, axis=axis, exclusive=exclusive, reverse=reverse, outputs=outputs)

    # ---- in place

    def clear(self, x):
        """x becomes 0."""
        cdef char[16] nothing = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        cdef NDArrayPhp a = _target(x)
        with nogil:
            rk.fill(item_size(a.dt), nothing, a.ptr, a.n, 1)
        return x

    def update(self, x, newX):
        """x becomes newX, of the same shape and type."""
        return self.copy(newX, x)

    def update_add(self, x, increment, alpha=None, trans=None):
        """x += alpha * increment; the increment is broadcast to x as in ``add``, alpha is 1 by default."""
        return _accumulate(self, x, increment, 1.0 if alpha is None else alpha, trans)

    def update_sub(self, x, decrement, alpha=None):
        """x -= alpha * decrement; the decrement is broadcast to x, alpha is 1 by default."""
        return _accumulate(self, x, decrement, -1.0 if alpha is None else -alpha, None)

    def update_mul(self, x, magnifications, trans=None):
        """``x *= magnifications``, which are broadcast to x as in ``add``."""
        cdef Primitives K = self
        cdef NDArrayPhp a = _target(x)
        K.binary(core.RK_MUL, a, _fitted(a, _operand(magnifications, a.dt), trans), a)
        return x

    def update_scale(self, x, a):
        """``x *= a`` with a number a."""
        return _param_inplace(self, x, a, 0.0)

    def update_increment(self, x, b, a=None):
        """x becomes a * x + b with numbers a (1 by default) and b."""
        return _param_inplace(self, x, 1.0 if a is None else a, b)

    # ---- tests

    def equalTest(self, a, b) -> bool:
        """Whether two arrays or two numbers are alike: absolute differences sum up to less than 1e-6.

        Raises:
            InvalidArgumentException: the values are of different kinds.
        """
        cdef NDArrayPhp x, y
        if isinstance(a, NDArray):
            if not isinstance(b, NDArray):
                raise InvalidArgumentException(f"NDArrays must be of the same type. {type(b).__name__} given")
            x = raw(a)
            y = raw(b)
            if not same_shape(x, y):
                return False
            return self.primaryLA().asum((<Primitives?>self).binary(core.RK_SUB, x, y, None)) < self._equalEpsilon
        if isinstance(a, bool):
            if not isinstance(b, bool):
                raise InvalidArgumentException(f"Values must be of the same type. {type(b).__name__} given")
            return a is b
        if isinstance(a, (int, float)):
            if isinstance(b, bool) or not isinstance(b, (int, float)):
                raise InvalidArgumentException(f"Values must be of the same type. {type(b).__name__} given")
            return math.fabs(a - b) < self._equalEpsilon
        raise InvalidArgumentException(f"Values must be NDArray or float or int. {type(a).__name__} given")


cdef NDArrayPhp _operand(object x, int dtype):
    """An operand as an array; numbers and lists take the other operand's type."""
    return raw(x) if isinstance(x, NDArray) else from_python(x, dtype)


cdef NDArrayPhp _floats(object x, str name):
    cdef NDArrayPhp a = _operand(x, 0)
    if not is_float(a.dt):
        raise InvalidArgumentException(f"{name} needs floating-point numbers: {NAMES[a.dt]} given")
    return a


cdef NDArrayPhp _target(object x):
    """The array behind an argument that is changed."""
    cdef NDArrayPhp a = raw(x)
    check_writable(a)
    return a


cdef NDArrayPhp _leading(NDArrayPhp y, NDArrayPhp x):
    """y with the sizes 1 appended, so that its sizes meet the first ones of x."""
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef int i
    for i in range(x.nd):
        dims[i] = y.dims[i] if i < y.nd else 1
        if i < y.nd and y.dims[i] != x.dims[i]:
            break
    else:
        if y.nd <= x.nd:
            return view(y, 0, x.nd, dims)
    raise InvalidArgumentException(
        f"Unmatch dimension size for broadcast.: {text_of(y)} => {text_of(x)}: with trans the first sizes must agree"
    )


cdef NDArrayPhp _fitted(NDArrayPhp x, NDArrayPhp y, object trans):
    """y as it is broadcast to x, whose shape the result has."""
    cdef int i
    if trans:
        return _leading(y, x)
    for i in range(1, y.nd + 1):
        if i > x.nd or (y.dims[y.nd - i] != x.dims[x.nd - i] and y.dims[y.nd - i] != 1):
            raise InvalidArgumentException(f"Unmatch dimension size for broadcast.: {text_of(y)} => {text_of(x)}")
    return y


cdef object _binary(Primitives self, int op, object x, object y, object trans):
    cdef NDArrayPhp a = _operand(x, raw(y).dt if isinstance(y, NDArray) else 0)
    cdef NDArrayPhp b = _operand(y, a.dt)
    return self.binary(op, a, _leading(b, a) if trans else b, None)


cdef object _unary(Primitives self, int op, object x):
    return self.unary(op, _operand(x, 0), None)


cdef object _param(Primitives self, int op, object x, double p, double q):
    return self.param(op, _operand(x, 0), p, q, None)


cdef object _param_inplace(Primitives self, object x, double p, double q):
    cdef NDArrayPhp a = _target(x)
    self.param(core.RK_AXPB, a, p, q, a)
    return x


cdef object _against(Primitives self, int number_op, int array_op, object x, object a):
    """x against a number, or against an array."""
    if isinstance(a, NDArray) and a.ndim():
        return _binary(self, array_op, x, a, None)
    return _param(self, number_op, x, float(a), 0.0)


cdef object _accumulate(Primitives self, object x, object y, double alpha, object trans):
    cdef NDArrayPhp a = _target(x)
    cdef NDArrayPhp b = _operand(y, a.dt)
    if same_shape(a, b):
        self.scaled_add(alpha, b, a)
    else:
        b = _fitted(a, b, trans)
        self.binary(core.RK_ADD, a, b if alpha == 1.0 else self.param(core.RK_AXPB, b, alpha, 0.0, None), a)
    return x


cdef int _check_filled(NDArrayPhp x, str name) except -1:
    if x.n < 1:
        raise InvalidArgumentException(f"{name} of an empty array: shape {shape_text(x)}")
    return 0


cdef object _total(NDArrayPhp x):
    cdef double total
    cdef long long whole
    if is_int(x.dt) or x.dt == core.RK_BOOL:
        with nogil:
            whole = rk.isum_all(x.dt, x.n, x.ptr, 1)
        return (<unsigned long long>whole) if x.dt == core.RK_UINT64 else whole
    if not is_float(x.dt) or x.dt == core.RK_FLOAT16:
        raise InvalidArgumentException(f"Unsupported data type: sum of {NAMES[x.dt]}")
    with nogil:
        total = rk.sum_all(x.dt, x.n, x.ptr, 1)
    return total


cdef object _reduced(Primitives self, int op, NDArrayPhp x, int axis, object keepdims, object output):
    cdef NDArrayPhp out = self.reduce_axis(op, x, axis, bool(keepdims))
    cdef NDArrayPhp target
    if output is None:
        return out
    target = _target(output)
    if not same_shape(out, target) or out.dt != target.dt:
        raise InvalidArgumentException(
            f"Unmatch shape of dimension: the result {shape_text(out)} ({NAMES[out.dt]}) does not fit the output "
            f"{shape_text(target)} ({NAMES[target.dt]})"
        )
    rk.copy(item_size(out.dt), out.n, out.ptr, 1, target.ptr, 1)
    return output


cdef object _extreme(Primitives self, int op, object x, object axis, object keepdims, object output, str name):
    cdef NDArrayPhp a = raw(x)
    _check_filled(a, name)
    if axis is None:
        return self.reduce_all(op, a, False).toArray()
    return _reduced(self, op, a, axis, keepdims, output)
