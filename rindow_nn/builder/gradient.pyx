"""The gradient builder: names of variables, tapes and functions."""

from rindow_nn.gradient.core.gradcheck import gradcheck
from rindow_nn.gradient.core.graph import GraphFunction
from rindow_nn.gradient.core.modules import Modules
from rindow_nn.gradient.core.tape import GradientTape, StopGradient
from rindow_nn.gradient.core.tape cimport Variable as VariableClass, pack
from rindow_nn.gradient.core.values import ArraySpec, MaskedNDArray
from rindow_nn.gradient.func import functions as calls
from rindow_nn.gradient.func.functions cimport (
    f_add, f_div, f_exp, f_log, f_matmul, f_mul, f_sqrt, f_square, f_sub,
)
from rindow_math.matrix.names import resolve


cdef class Gradient:
    """Makes variables, tapes and compiled functions, and calls the differentiable functions.

    ``nn.gradient()`` gives it. Functions take variables or arrays and give variables; inside a tape their
    calls are recorded. ``name`` labels a call in messages.

    Args:
        backend: the backend ``K``.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> g = NeuralNetworks().gradient()
        >>> g.mul(g.Variable(2.0), g.Variable(3.0)).toArray()
        6.0

    PHP: ``Rindow\\NeuralNetworks\\Builder\\Gradient``.
    """

    cdef object backend_

    def __init__(self, backend):
        self.backend_ = backend

    def __call__(self):
        return self

    def __getattr__(self, name):
        return resolve(self, name)

    @property
    def backend(self):
        """The backend ``K``."""
        return self.backend_

    def constant(self, value, dtype=None):
        """An array of the backend, which no gradient is asked for."""
        return self.backend_.array(value, dtype)

    def Variable(self, variable, *args, **options):
        """A variable with a copy of a value.

        Args:
            variable: nested lists, a number, an array, a bool, an ArrayShape or a Scalar.
            *args: the options by position.
            **options: ``name``, ``reference``, ``trainable``, ``undetermined``, ``unbackpropagatable``, ``mask``.
        """
        return VariableClass(self.backend_, variable, *args, **options)

    def ndarray(self, value):
        """The plain array in a variable or a masked array."""
        if isinstance(value, VariableClass):
            value = value.value()
        if isinstance(value, MaskedNDArray):
            value = value.value()
        return value

    def toVariables(self, values, **options):
        """A list of variables with copies of values."""
        return [VariableClass(self.backend_, v, **options) for v in values]

    def ArraySpec(self, shape, dtype=None, name=None):
        """What an argument of a compiled function looks like."""
        return ArraySpec(shape, dtype=dtype, name=name)

    def modules(self, modules=None):
        """A list of layers and models that a model finds its variables in."""
        return Modules(modules)

    def GradientTape(self, persistent=None, name=None):
        """A tape that records calls and computes gradients."""
        return GradientTape(self.backend_, persistent, name)

    def Function(self, func, **options):
        """A function that is traced on its first call and then runs without Python.

        Args:
            func: takes variables, gives a variable or a list of them.
            **options: ``name``, ``alternateCreator``.
        """
        return GraphFunction(self.backend_, func, **options)

    def gradcheck(self, func, inputs, eps=1e-6, rtol=1e-4, atol=1e-6, seed=0):
        """Compares the gradients of a function with finite differences (see ``rindow_nn.gradient.core.gradcheck``)."""
        return gradcheck(self.backend_, func, inputs, eps, rtol, atol, seed)

    def isUndetermined(self, variable):
        """Whether a value is a variable without a value."""
        return isinstance(variable, VariableClass) and variable.isUndetermined()

    def stopGradient(self, variable, name=None):
        """A copy of x through which no gradient passes."""
        return StopGradient(self.backend_, name)(variable)

    def square(self, x, name=None):
        """x squared."""
        return f_square(self.backend_, pack(self.backend_, x), name)

    def sqrt(self, x, name=None):
        """The square root of x."""
        return f_sqrt(self.backend_, pack(self.backend_, x), name)

    def exp(self, x, name=None):
        """e to the power of x."""
        return f_exp(self.backend_, pack(self.backend_, x), name)

    def log(self, x, name=None):
        """The natural logarithm of x."""
        return f_log(self.backend_, pack(self.backend_, x), name)

    def add(self, x, y, name=None):
        """x + y; shapes are broadcast as in numpy."""
        return f_add(self.backend_, pack(self.backend_, x), pack(self.backend_, y), name)

    def sub(self, x, y, name=None):
        """x - y; shapes are broadcast as in numpy."""
        return f_sub(self.backend_, pack(self.backend_, x), pack(self.backend_, y), name)

    def mul(self, x, y, name=None):
        """x * y; shapes are broadcast as in numpy."""
        return f_mul(self.backend_, pack(self.backend_, x), pack(self.backend_, y), name)

    def div(self, x, y, name=None):
        """x / y; shapes are broadcast as in numpy."""
        return f_div(self.backend_, pack(self.backend_, x), pack(self.backend_, y), name)

    def matmul(self, x, y, transpose_a=None, transpose_b=None, name=None):
        """The matrix product over the last two dimensions; leading ones are broadcast."""
        return f_matmul(
            self.backend_, pack(self.backend_, x), pack(self.backend_, y), bool(transpose_a), bool(transpose_b), name
        )

    def reduceMean(self, x, axis=None, keepdims=None, name=None):
        """The mean over an axis, or of all elements."""
        return calls.ReduceMean(self.backend_, axis, keepdims, name)(x)

    def reduceSum(self, x, axis=None, keepdims=None, name=None):
        """The sum over an axis, or of all elements."""
        return calls.ReduceSum(self.backend_, axis, keepdims, name)(x)

    def clipByValue(self, x, min, max, name=None):
        """x limited to min .. max."""
        return calls.ClipByValue(self.backend_, min, max, name)(x)

    def equal(self, x, y, name=None):
        """1 where x equals y, 0 elsewhere, in the type of x."""
        return calls.Equal(self.backend_, name)(x, y)

    def notEqual(self, x, y, name=None):
        """1 where x differs from y, 0 elsewhere, in the type of x."""
        return calls.NotEqual(self.backend_, name)(x, y)

    def cast(self, x, dtype, name=None):
        """x in another element type."""
        return calls.Cast(self.backend_, dtype, name)(x)

    def zerosLike(self, x, name=None):
        """Zeros in the shape and type of x."""
        return calls.ZerosLike(self.backend_, name)(x)

    def onesLike(self, x, name=None):
        """Ones in the shape and type of x."""
        return calls.OnesLike(self.backend_, name)(x)

    def reshape(self, x, shape, name=None):
        """x in another shape; -1 is computed from the other sizes, 0 stands for the first size of x."""
        return calls.Reshape(self.backend_, name)(x, shape)

    def transpose(self, x, perm=None, name=None):
        """x with its dimensions reversed, or in the order of perm."""
        return calls.Transpose(self.backend_, perm, name)(x)

    def shape(self, x, name=None):
        """The shape of x as a variable that holds an ArrayShape."""
        return calls.Shape(self.backend_, name)(x)

    def get(self, x, offset, count=None, name=None):
        """Row ``offset`` of x, or ``count`` rows from there."""
        return calls.Get(self.backend_, name)(x, offset, 0 if count is None else count)

    def scale(self, alpha, x, name=None):
        """alpha * x with a single number alpha."""
        return calls.Scale(self.backend_, name)(alpha, x)

    def zeros(self, shape, dtype=None, name=None):
        """Zeros in a given shape."""
        return calls.Zeros(self.backend_, dtype, name)(shape)

    def ones(self, shape, dtype=None, name=None):
        """Ones in a given shape."""
        return calls.Ones(self.backend_, dtype, name)(shape)

    def bandpart(self, x, lower, upper, name=None):
        """x with zeros outside a band around the diagonal; negative limits mean all."""
        return calls.Bandpart(self.backend_, lower, upper, name)(x)

    def increment(self, x, beta, alpha=None, name=None):
        """alpha * x + beta with single numbers."""
        return calls.Increment(self.backend_, name)(x, beta, 1.0 if alpha is None else alpha)

    def greater(self, x, alpha, name=None):
        """1 where x is greater than a single number, 0 elsewhere."""
        return calls.Greater(self.backend_, name)(x, alpha)

    def less(self, x, alpha, name=None):
        """1 where x is less than a single number, 0 elsewhere."""
        return calls.Less(self.backend_, name)(x, alpha)

    def repeat(self, x, repeats, axis=None, keepdims=None, name=None):
        """x repeated along a new axis; with keepdims along the axis itself; without an axis end to end."""
        return calls.Repeat(self.backend_, axis, keepdims, name)(x, repeats)

    def split(self, x, sizeSplits, axis=None, name=None):
        """x cut along an axis into a list of parts of given sizes."""
        return calls.Split(self.backend_, sizeSplits, axis, name)(x)

    def nop(self, x, **options):
        """x itself, as a recorded call."""
        return calls.Nop(self.backend_, **options)(x)
