"""The backend ``K`` on the CPU kernels."""

import math
import numbers

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator
from rindow_math.matrix.buffer cimport dtype_code, is_float, is_int
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.names import nearest, resolve
from rindow_math.matrix.ndarray cimport (
    MAX_DIMS, NDArray, NDArrayPhp, cast_to, copy_of, empty, empty_like, from_python, full, raw, read_shape,
)
from rindow_math.matrix.random import generator
from rindow_nn.backend.rindow_blas.primitives cimport Primitives


cdef class _Core(Primitives):
    """Gives ``Backend`` an instance dictionary: the base is a C class."""

    cdef dict __dict__


class Backend(_Core):
    """What layers, losses and optimizers compute with.

    ``nn.backend()`` gives it. Methods take arrays (or variables) and give new arrays; those named ``update_...``
    change their first argument. Both ``self.backend`` and ``self.backend()`` of layers and models are this object.

    Args:
        matrixOperator: the MatrixOperator to use.
        option: not used by this backend.

    Example:
        >>> K = Backend(MatrixOperator())
        >>> K.add(K.array([1, 2]), K.array([10, 20])).toArray()
        [11.0, 22.0]

    PHP: ``Rindow\\NeuralNetworks\\Backend\\RindowBlas\\Backend``.
    """

    def __init__(self, matrixOperator=None, option=None):
        self._matrixOperator = MatrixOperator() if matrixOperator is None else matrixOperator
        self._epsilon = 1e-7
        self._initializers = {
            "glorot_uniform": self.glorot_uniform,
            "glorot_normal": self.glorot_normal,
            "he_uniform": self.he_uniform,
            "he_normal": self.he_normal,
            "random_uniform": self.random_uniform,
            "random_normal": self.random_normal,
            "orthogonal": self.orthogonal,
            "zeros": self.kernel_zeros,
            "ones": self.kernel_ones,
        }

    def __call__(self):
        return self

    def __getattr__(self, name):
        return resolve(self, name)

    # ---- configuration

    def localMatrixOperator(self):
        """The MatrixOperator."""
        return self._matrixOperator

    def primaryLA(self):
        """The LinearAlgebra that computes."""
        return self._matrixOperator.la()

    def localLA(self):
        """The LinearAlgebra of this machine's processor."""
        return self._matrixOperator.la()

    def finish(self) -> None:
        """Waits until everything is computed; here it always is."""

    def fp64(self) -> bool:
        """Whether float64 can be computed."""
        return True

    def accelerated(self) -> bool:
        """Whether an accelerator computes."""
        return False

    def deviceType(self) -> str:
        """``CPU``."""
        return "CPU"

    def epsilon(self) -> float:
        """The small number that keeps divisions and logarithms finite."""
        return self._epsilon

    def setEpsilon(self, epsilon) -> None:
        """Changes ``epsilon``."""
        self._epsilon = float(epsilon)

    # ---- text and types

    def shapeToString(self, shape) -> str:
        """A shape as text: (2,3)."""
        return self._matrixOperator.shapeToString(shape)

    def dtypeToString(self, dtype) -> str:
        """Name of an element type."""
        return self._matrixOperator.dtypeToString(dtype)

    def toString(self, array, format=None, indent=None) -> str:
        """An array as text."""
        return self._matrixOperator.toString(array, format, indent)

    def isInt(self, value) -> bool:
        """Whether an array holds integers."""
        return is_int(value.dtype())

    def isFloat(self, value) -> bool:
        """Whether an array holds floating-point numbers."""
        return is_float(value.dtype())

    # ---- making arrays

    def alloc(self, shape, dtype=None):
        """A new array of zeros."""
        return self._filled(shape, 0, dtype)

    def allocLike(self, x):
        """A new array of zeros in the shape and type of x."""
        return full(raw(x).dt, raw(x).nd, raw(x).dims, 0)

    def array(self, value, dtype=None):
        """A value as an array; an array of the right type is given back itself."""
        if isinstance(value, NDArray):
            if dtype is None or dtype_code(dtype) == value.dtype():
                return value
            return cast_to(raw(value), dtype_code(dtype))
        return self._matrixOperator.array(value, dtype)

    def ndarray(self, ndarray):
        """The plain array in a variable or a masked array."""
        return raw(ndarray)

    def _filled(self, shape, value, dtype):
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int nd = read_shape(shape, dims)
        return full(core.RK_FLOAT32 if dtype is None else dtype_code(dtype), nd, dims, value)

    def fill(self, shape, value, dtype=None):
        """A new array of one value."""
        return self._filled(shape, value, dtype)

    def zeros(self, shape, dtype=None):
        """A new array of zeros."""
        return self._filled(shape, 0, dtype)

    def ones(self, shape, dtype=None):
        """A new array of ones."""
        return self._filled(shape, 1, dtype)

    def zerosLike(self, x):
        """Zeros in the shape and type of x."""
        return full(raw(x).dt, raw(x).nd, raw(x).dims, 0)

    def onesLike(self, x):
        """Ones in the shape and type of x."""
        return full(raw(x).dt, raw(x).nd, raw(x).dims, 1)

    def scalar(self, array):
        """A Python number from an array of no dimensions; other values unchanged."""
        return array.toArray() if isinstance(array, NDArray) else array

    def copy(self, from_, to=None):
        """A copy of an array, into ``to`` if it is given."""
        if to is None:
            return copy_of(raw(from_))
        self._matrixOperator.la().copy(raw(from_), raw(to))
        return to

    def cast(self, x, dtype):
        """x in another element type."""
        return cast_to(raw(x), dtype_code(dtype))

    # ---- initializers

    def getInitializer(self, name, **options):
        """A function of (shape, nodeNum) that makes initial weights.

        Args:
            name: ``glorot_uniform``, ``he_normal``, ``zeros`` ..., or a function, which is given back.
            **options: passed on to the initializer.

        Raises:
            InvalidArgumentException: the name is unknown.
        """
        if callable(name):
            return name
        found = self._initializers.get(name)
        if found is None:
            raise InvalidArgumentException(
                f"Unsupported initializer: {name!r}; known are {', '.join(self._initializers)}"
                + nearest(str(name), self._initializers)
            )
        if options:
            return lambda shape, nodeNum=None: found(shape, nodeNum, **options)
        return found

    def _fans(self, shape, nodeNum):
        if nodeNum is None:
            return shape[0], math.prod(shape[1:])
        return (nodeNum[0], nodeNum[0]) if len(nodeNum) == 1 else (nodeNum[0], nodeNum[1])

    def _uniform(self, shape, low, high):
        cdef NDArrayPhp x = self._filled(shape, 0, None)
        generator().random(out=memoryview_of(x), dtype="float32")
        return (<Primitives>self).param(core.RK_AXPB, x, high - low, low, x)

    def _normal(self, shape, mean, scale):
        cdef NDArrayPhp x = self._filled(shape, 0, None)
        generator().standard_normal(out=memoryview_of(x), dtype="float32")
        return (<Primitives>self).param(core.RK_AXPB, x, scale, mean, x)

    def glorot_normal(self, shape, nodeNum=None):
        """Normal numbers of variance 2 / (fan in + fan out) (Glorot and Bengio, 2010)."""
        fan_in, fan_out = self._fans(shape, nodeNum)
        return self._normal(shape, 0.0, math.sqrt(1 / max((fan_in + fan_out) / 2, 1)) / 0.87962566103423978)

    def glorot_uniform(self, shape, nodeNum=None):
        """Uniform numbers of variance 2 / (fan in + fan out) (Glorot and Bengio, 2010)."""
        fan_in, fan_out = self._fans(shape, nodeNum)
        limit = math.sqrt(3 / max((fan_in + fan_out) / 2, 1))
        return self._uniform(shape, -limit, limit)

    def he_normal(self, shape, nodeNum=None):
        """Normal numbers of variance 2 / fan in (He et al., 2015)."""
        fan_in, _ = self._fans(shape, nodeNum)
        return self._normal(shape, 0.0, math.sqrt(2 / max(fan_in, 1)) / 0.87962566103423978)

    def he_uniform(self, shape, nodeNum=None):
        """Uniform numbers of variance 2 / fan in (He et al., 2015)."""
        fan_in, _ = self._fans(shape, nodeNum)
        limit = math.sqrt(6 / max(fan_in, 1))
        return self._uniform(shape, -limit, limit)

    def random_uniform(self, shape, nodeNum=None, minval=-0.05, maxval=0.05):
        """Uniform numbers."""
        return self._uniform(shape, minval, maxval)

    def random_normal(self, shape, nodeNum=None, mean=0.0, stddev=0.05):
        """Normal numbers."""
        return self._normal(shape, mean, stddev)

    def orthogonal(self, shape, nodeNum=None, gain=1.0):
        """A random matrix of orthonormal rows or columns (Saxe et al., 2014)."""
        import numpy as np

        rows, columns = math.prod(shape[:-1]), shape[-1]
        a = generator().standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(a)
        q *= np.sign(np.diag(r))
        return from_python((gain * (q if rows >= columns else q.T)).reshape(shape), core.RK_FLOAT32)

    def kernel_zeros(self, shape, nodeNum=None):
        """Zeros."""
        return self.zeros(shape)

    def kernel_ones(self, shape, nodeNum=None):
        """Ones."""
        return self.ones(shape)

    # ---- arithmetic

    def add(self, x, y):
        """x + y, broadcast as numpy does."""
        return _binary(self, core.RK_ADD, x, y)

    def sub(self, x, y):
        """x - y, broadcast as numpy does."""
        return _binary(self, core.RK_SUB, x, y)

    def mul(self, x, y):
        """x * y, broadcast as numpy does."""
        return _binary(self, core.RK_MUL, x, y)

    def div(self, x, y):
        """x / y, broadcast as numpy does."""
        return _binary(self, core.RK_DIV, x, y)

    def scale(self, a, x):
        """a * x with a number a."""
        return _param(self, core.RK_AXPB, x, a, 0.0)

    def increment(self, x, b, a=None):
        """a * x + b with numbers a (1 by default) and b."""
        return _param(self, core.RK_AXPB, x, 1.0 if a is None else a, b)

    def pow(self, x, y, trans=None):
        """x to the power of y, a number or an array."""
        if isinstance(y, NDArray) and y.ndim():
            return _binary(self, core.RK_POW, x, y)
        return _param(self, core.RK_PPOW, x, float(y), 0.0)

    def square(self, x):
        """x squared."""
        return _unary(self, core.RK_SQUARE, x)

    def sqrt(self, x):
        """The square root."""
        return _unary(self, core.RK_SQRT, x)

    def exp(self, x):
        """e to the power of x."""
        return _unary(self, core.RK_EXP, x)

    def log(self, x):
        """The natural logarithm."""
        return _unary(self, core.RK_LOG, x)

    def relu(self, x):
        """max(x, 0)."""
        return _unary(self, core.RK_RELU, x)

    def dRelu(self, dOutputs, outputs):
        """Gradient of ``relu`` from its outputs."""
        return _binary(self, core.RK_DRELU, outputs, dOutputs)

    def sigmoid(self, x):
        """1 / (1 + exp(-x))."""
        return _unary(self, core.RK_SIGMOID, x)

    def dSigmoid(self, dOutputs, outputs):
        """Gradient of ``sigmoid`` from its outputs."""
        return _binary(self, core.RK_DSIGMOID, outputs, dOutputs)

    def tanh(self, x):
        """The hyperbolic tangent."""
        return _unary(self, core.RK_TANH, x)

    def dTanh(self, dOutputs, outputs):
        """Gradient of ``tanh`` from its outputs."""
        return _binary(self, core.RK_DTANH, outputs, dOutputs)

    def softmax(self, X):
        """exp(x) / sum(exp(x)) over the last dimension."""
        return (<Primitives>self).softmax_rows(raw(X), None)

    def dSoftmax(self, dOutputs, outputs):
        """Gradient of ``softmax`` from its outputs."""
        if dOutputs.shape() != outputs.shape():
            raise InvalidArgumentException(f"unmatch predicts shape: {dOutputs.shape()} {outputs.shape()}")
        return (<Primitives>self).dsoftmax_rows(raw(outputs), raw(dOutputs), None)

    def sum(self, x, axis=None, keepdims=None, output=None):
        """The sum over an axis as an array, or of all elements as a number."""
        return self._reduced(core.RK_SUM, x, axis, keepdims, output)

    def mean(self, x, axis=None, keepdims=None, output=None):
        """The mean over an axis as an array, or of all elements as a number."""
        return self._reduced(core.RK_MEAN, x, axis, keepdims, output)

    def _reduced(self, int op, x, axis, keepdims, output):
        cdef NDArrayPhp out
        if axis is None:
            return (<Primitives>self).reduce_all(op, raw(x), False, None).toArray()
        out = (<Primitives>self).reduce_axis(op, raw(x), axis, bool(keepdims), None)
        return out if output is None else self.copy(out, output)

    def matmul(self, a, b, transA=None, transB=None):
        """The matrix product over the last two dimensions; leading ones are broadcast."""
        return (<Primitives>self).matrix_product(raw(a), raw(b), bool(transA), bool(transB), None)

    def transpose(self, x, perm=None):
        """x with its dimensions reversed, or in the order of perm."""
        return self._matrixOperator.transpose(raw(x), perm)

    # ---- in place

    def update(self, x, newX):
        """x becomes newX."""
        return self.copy(newX, x)

    def update_add(self, x, increment, alpha=None):
        """x += alpha * increment."""
        return (<Primitives>self).scaled_add(1.0 if alpha is None else alpha, raw(increment), raw(x))

    def update_sub(self, x, decrement, alpha=None):
        """x -= alpha * decrement."""
        return (<Primitives>self).scaled_add(-1.0 if alpha is None else -alpha, raw(decrement), raw(x))

    def update_increment(self, x, b, a=None):
        """x becomes a * x + b."""
        return (<Primitives>self).param(core.RK_AXPB, raw(x), 1.0 if a is None else a, b, raw(x))

    # ---- losses

    def sparseCategoricalCrossEntropy(self, trues, predicts, fromLogits=None, reduction=None):
        """Cross entropy of class numbers and probabilities: the mean, or one number a row (reduction ``none``)."""
        import numpy as np

        p = np.take_along_axis(np.asarray(raw(predicts)), np.asarray(raw(trues))[..., None].astype(np.int64), -1)
        losses = -np.log(p[..., 0] + self._epsilon)
        return from_python(losses if reduction == "none" else losses.mean(dtype=losses.dtype), raw(predicts).dt)

    def dSparseCategoricalCrossEntropy(self, dLoss, trues, predicts, fromLogits=None, reduction=None):
        """Gradient of ``sparseCategoricalCrossEntropy`` with respect to the probabilities."""
        import numpy as np

        cdef NDArrayPhp dx = full(raw(predicts).dt, raw(predicts).nd, raw(predicts).dims, 0)
        index = np.asarray(raw(trues))[..., None].astype(np.int64)
        p = np.take_along_axis(np.asarray(raw(predicts)), index, -1)
        slope = -1.0 / (p + self._epsilon)
        d = np.asarray(raw(dLoss))
        slope = slope * (d[..., None] if reduction == "none" else d / index.size)
        np.put_along_axis(np.asarray(dx), index, slope.astype(p.dtype), -1)
        return dx


cdef object memoryview_of(NDArrayPhp x):
    import numpy as np

    return np.asarray(x)


cdef NDArrayPhp _operand(object x, int dtype):
    """An operand as an array; numbers take the other operand's type."""
    if isinstance(x, NDArray):
        return raw(x)
    return from_python(x, dtype)


cdef object _binary(Primitives self, int op, object x, object y):
    cdef NDArrayPhp a = _operand(x, raw(y).dt if isinstance(y, NDArray) else 0)
    return self.binary(op, a, _operand(y, a.dt), None)


cdef object _unary(Primitives self, int op, object x):
    return self.unary(op, _operand(x, 0), None)


cdef object _param(Primitives self, int op, object x, double p, double q):
    return self.param(op, _operand(x, 0), p, q, None)
