"""The backend ``K`` on the CPU kernels: its settings, new arrays and initial weights.

Its other methods are in ``arithmetic``, ``arrays``, ``losses``, ``convolution`` and ``sequence``.
"""

import math

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport dtype_code, is_float, is_int, item_size
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.names import nearest, resolve
from rindow_math.matrix.ndarray cimport (
    MAX_DIMS, NDArray, NDArrayPhp, as_numpy, cast_to, check_writable, copy_of, from_python, full, raw, read_shape,
    same_shape, shape_text,
)
from rindow_math.matrix.random import generator
from rindow_nn.backend.rindow_blas.arithmetic import ArithmeticMethods
from rindow_nn.backend.rindow_blas.arrays import ArrayMethods
from rindow_nn.backend.rindow_blas.convolution import ConvolutionMethods
from rindow_nn.backend.rindow_blas.losses import LossMethods
from rindow_nn.backend.rindow_blas.primitives cimport Primitives
from rindow_nn.backend.rindow_blas.sequence import SequenceMethods

cdef const core.rk_api* rk = core.table()

# Standard deviation of the normal distribution cut off at two standard deviations.
TRUNCATED = 0.87962566103423978


cdef class _Core(Primitives):
    """Gives ``Backend`` an instance dictionary: the base is a C class."""

    cdef dict __dict__


class Backend(ArithmeticMethods, ArrayMethods, LossMethods, ConvolutionMethods, SequenceMethods, _Core):
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
        self._equalEpsilon = 1e-6
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
        """A copy of an array, into ``to`` if it is given.

        Raises:
            InvalidArgumentException: shapes or types differ.
        """
        cdef NDArrayPhp x = raw(from_)
        cdef NDArrayPhp y
        if to is None:
            return copy_of(x)
        y = raw(to)
        if not same_shape(x, y):
            raise InvalidArgumentException(f"Unmatch shape of dimension: {shape_text(x)},{shape_text(y)}")
        if x.dt != y.dt:
            raise InvalidArgumentException(f"Unmatch data type: copy of {NAMES[x.dt]} to {NAMES[y.dt]}")
        check_writable(y)
        with nogil:
            rk.copy(item_size(x.dt), x.n, x.ptr, 1, y.ptr, 1)
        return to

    def cast(self, x, dtype):
        """x in another element type."""
        return self.primaryLA().astype(raw(x), dtype)

    # ---- initializers

    def getInitializer(self, name, *nodeNum, **options):
        """A function of (shape, nodeNum) that makes initial weights.

        Args:
            name: ``glorot_uniform``, ``he_normal``, ``zeros`` ..., or a function, which is given back.
            *nodeNum: [fan in, fan out] for calls that give none.
            **options: passed on to the initializer.

        Raises:
            InvalidArgumentException: the name is unknown.

        Example:
            >>> K = Backend()
            >>> K.getInitializer("he_normal")([2, 3]).shape()
            [2, 3]
        """
        if callable(name):
            return name
        found = self._initializers.get(name) if isinstance(name, str) else None
        if found is None:
            raise InvalidArgumentException(
                f"Unsupported initializer: {name}; known are {', '.join(self._initializers)}"
                + nearest(str(name), self._initializers)
            )
        if not nodeNum and not options:
            return found
        return lambda shape, fans=None: found(shape, [*(fans or ()), *nodeNum] or None, **options)

    def _fans(self, shape, nodeNum):
        if not nodeNum:
            return (shape[0] if len(shape) else 1), math.prod(shape[1:])
        return (nodeNum[0], nodeNum[0]) if len(nodeNum) == 1 else (nodeNum[0], nodeNum[1])

    def _uniform(self, shape, low, high):
        cdef NDArrayPhp x = self._filled(shape, 0, None)
        generator().random(out=as_numpy(x), dtype="float32")
        return (<Primitives?>self).param(core.RK_AXPB, x, high - low, low, x)

    def _normal(self, shape, mean, scale):
        cdef NDArrayPhp x = self._filled(shape, 0, None)
        generator().standard_normal(out=as_numpy(x), dtype="float32")
        return (<Primitives?>self).param(core.RK_AXPB, x, scale, mean, x)

    def glorot_normal(self, shape, nodeNum=None):
        """Normal numbers of variance 2 / (fan in + fan out) (Glorot and Bengio, 2010)."""
        fan_in, fan_out = self._fans(shape, nodeNum)
        return self._normal(shape, 0.0, math.sqrt(1 / max((fan_in + fan_out) / 2, 1)) / TRUNCATED)

    def glorot_uniform(self, shape, nodeNum=None):
        """Uniform numbers of variance 2 / (fan in + fan out) (Glorot and Bengio, 2010)."""
        fan_in, fan_out = self._fans(shape, nodeNum)
        limit = math.sqrt(3 / max((fan_in + fan_out) / 2, 1))
        return self._uniform(shape, -limit, limit)

    def he_normal(self, shape, nodeNum=None):
        """Normal numbers of variance 2 / fan in (He et al., 2015)."""
        fan_in, _ = self._fans(shape, nodeNum)
        return self._normal(shape, 0.0, math.sqrt(2 / max(fan_in, 1)) / TRUNCATED)

    def he_uniform(self, shape, nodeNum=None):
        """Uniform numbers of variance 2 / fan in (He et al., 2015)."""
        fan_in, _ = self._fans(shape, nodeNum)
        limit = math.sqrt(6 / max(fan_in, 1))
        return self._uniform(shape, -limit, limit)

    def random_uniform(self, shape, nodeNum=None, minval=-0.05, maxval=0.05):
        """Uniform numbers; in the original's manner the range may be given as {"minval": a, "maxval": b}."""
        if isinstance(nodeNum, dict):
            minval, maxval = nodeNum.get("minval", minval), nodeNum.get("maxval", maxval)
        return self._uniform(shape, minval, maxval)

    def random_normal(self, shape, nodeNum=None, mean=0.0, stddev=0.05):
        """Normal numbers; in the original's manner options may be given as {"mean": a, "stddev": b}."""
        if isinstance(nodeNum, dict):
            mean, stddev = nodeNum.get("mean", mean), nodeNum.get("stddev", stddev)
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
