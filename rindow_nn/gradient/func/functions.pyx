"""The differentiable functions of the gradient builder.

Each class is one function: ``forward`` computes with the backend, ``gradient_of`` gives the gradients by
calling the functions of this module again, so that they can be differentiated further.
"""

import numbers
import operator

from rindow_math.exceptions import InvalidArgumentException, LogicException, OutOfRangeException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport dtype_code, is_float
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport (
    MAX_DIMS, NDArray, NDArrayPhp, empty, from_python, raw, read_shape, rows_of, same_shape, shape_text, view,
)
from rindow_nn.gradient.core.tape cimport (
    A, AbstractFunction, FIXED, MICRO_BINARY, MICRO_PARAM, MICRO_UNARY, Micro, OPAQUE, STEP, VIEW, Variable, array_of,
    make_variable, pack, prepare, primitives, recording,
)
from rindow_nn.gradient.core.values import ArrayShape, Scalar


# ------------------------------------------------------------------------------------------- calls from Cython

cdef Variable _without_record(object backend, int op, Variable x, Variable y):
    """The result of a binary function where no tape asks for the call."""
    return make_variable(backend, primitives(backend).binary(op, array_of(x), array_of(y), None))


cdef Variable f_add(object backend, Variable x, Variable y, object name=None):
    if not recording():
        return _without_record(backend, core.RK_ADD, x, y)
    return prepare(Add.__new__(Add), backend, name).record((x, y))


cdef Variable f_sub(object backend, Variable x, Variable y, object name=None):
    if not recording():
        return _without_record(backend, core.RK_SUB, x, y)
    return prepare(Sub.__new__(Sub), backend, name).record((x, y))


cdef Variable f_mul(object backend, Variable x, Variable y, object name=None):
    if not recording():
        return _without_record(backend, core.RK_MUL, x, y)
    return prepare(Mul.__new__(Mul), backend, name).record((x, y))


cdef Variable f_div(object backend, Variable x, Variable y, object name=None):
    if not recording():
        return _without_record(backend, core.RK_DIV, x, y)
    return prepare(Div.__new__(Div), backend, name).record((x, y))


cdef Variable f_square(object backend, Variable x, object name=None):
    return prepare(Square.__new__(Square), backend, name).record((x,))


cdef Variable f_sqrt(object backend, Variable x, object name=None):
    return prepare(Sqrt.__new__(Sqrt), backend, name).record((x,))


cdef Variable f_exp(object backend, Variable x, object name=None):
    return prepare(Exp.__new__(Exp), backend, name).record((x,))


cdef Variable f_log(object backend, Variable x, object name=None):
    return prepare(Log.__new__(Log), backend, name).record((x,))


cdef Variable f_axpb(object backend, Variable x, double a, double b):
    """a*x + b."""
    cdef Linear f
    if not recording():
        return make_variable(backend, primitives(backend).param(core.RK_AXPB, array_of(x), a, b, None))
    f = Linear.__new__(Linear)
    f.a = a
    f.b = b
    return prepare(f, backend, None).record((x,))


cdef Variable f_power(object backend, Variable x, double exponent):
    cdef PowerOf f = PowerOf.__new__(PowerOf)
    f.exponent = exponent
    return prepare(f, backend, None).record((x,))


cdef Variable _sum_all(object backend, Variable x):
    cdef ReduceSum f = ReduceSum.__new__(ReduceSum)
    f.all = True
    return prepare(f, backend, None).record((x,))


cdef Variable f_sum_to(object backend, Variable x, Variable like):
    """x summed down to the shape of `like`, over what broadcasting repeated."""
    cdef SumTo f
    if same_shape(array_of(x), array_of(like)):
        return x
    f = SumTo.__new__(SumTo)
    return prepare(f, backend, None).record((x, like))


cdef Variable f_broadcast_to(object backend, Variable x, Variable like):
    """x repeated up to the shape of `like`."""
    if same_shape(array_of(x), array_of(like)):
        return x
    return prepare(BroadcastTo.__new__(BroadcastTo), backend, None).record((x, like))


cdef Variable f_reshape_like(object backend, Variable x, Variable like):
    if same_shape(array_of(x), array_of(like)):
        return x
    return prepare(ReshapeLike.__new__(ReshapeLike), backend, None).record((x, like))


cdef Variable _reshaped(object backend, Variable x, list shape):
    return prepare(Reshape.__new__(Reshape), backend, None).record((x, pack(backend, ArrayShape(shape))))


cdef Variable _transposed(object backend, Variable x, object perm):
    return Transpose(backend, perm)(x)


cdef Variable f_matmul(object backend, Variable x, Variable y, bint ta, bint tb, object name=None):
    cdef Matmul f = Matmul.__new__(Matmul)
    f.ta = ta
    f.tb = tb
    return prepare(f, backend, name).record((x, y))


# ----------------------------------------------------------------------------------- descriptions for compilers

cdef bint _unary(Micro* micro, int op):
    micro.kind = MICRO_UNARY
    micro.op = op
    micro.x_from = 0
    return True


cdef bint _binary(Micro* micro, int op):
    micro.kind = MICRO_BINARY
    micro.op = op
    micro.x_from = 0
    return True


cdef bint _param(Micro* micro, int op, double p, double q):
    micro.kind = MICRO_PARAM
    micro.op = op
    micro.x_from = 0
    micro.p = p
    micro.q = q
    micro.p_from = -1
    micro.q_from = -1
    return True


cdef bint _numbered(Micro* micro, int op, tuple xs, int x_from, int p_from, int q_from) except -1:
    """A parameter operation whose numbers are inputs: Scalars, or arrays of no dimensions read in each run."""
    _param(micro, op, 0.0, 0.0)
    micro.x_from = x_from
    if isinstance(xs[p_from], NDArray):
        micro.p_from = p_from
    else:
        micro.p = _number(xs[p_from], p_from + 1, "a function")
    if q_from >= 0:
        if isinstance(xs[q_from], NDArray):
            micro.q_from = q_from
        else:
            micro.q = _number(xs[q_from], q_from + 1, "a function")
    return True


# ---------------------------------------------------------------------------------------------- helper classes

cdef class SumTo(AbstractFunction):
    """The first input summed down to the second one's shape."""

    numOfInputs = 2

    cdef int role(self):
        return STEP

    cdef int shape_only(self):
        return 2

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp like = A(xs, 1)
        return self.K.sum_to(A(xs, 0), like.nd, like.dims, <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return f_broadcast_to(self.backend_, <Variable>douts[0], self.input(0)), None


cdef class BroadcastTo(AbstractFunction):
    """The first input repeated up to the second one's shape."""

    numOfInputs = 2

    cdef int role(self):
        return STEP

    cdef int shape_only(self):
        return 2

    cdef bint repeats_input(self):
        return True

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp like = A(xs, 1)
        return self.K.broadcast_to(A(xs, 0), like.nd, like.dims, <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return f_sum_to(self.backend_, <Variable>douts[0], self.input(0)), None


cdef class ReshapeLike(AbstractFunction):
    """The first input in the second one's shape."""

    numOfInputs = 2

    cdef int role(self):
        return VIEW

    cdef int shape_only(self):
        return 2

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp like = A(xs, 1)
        return view(A(xs, 0), 0, like.nd, like.dims)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return f_reshape_like(self.backend_, <Variable>douts[0], self.input(0)), None


cdef class Linear(AbstractFunction):
    """a*x + b with plain numbers a and b."""

    cdef double a
    cdef double b

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<Linear>node).a = self.a
        (<Linear>node).b = self.b
        return 0

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _param(micro, core.RK_AXPB, self.a, self.b)

    cdef object forward(self, tuple xs, object out):
        return self.K.param(core.RK_AXPB, A(xs, 0), self.a, self.b, <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        if self.a == 1.0:
            return (douts[0],)
        return (f_axpb(self.backend_, <Variable>douts[0], self.a, 0.0),)


cdef class PowerOf(AbstractFunction):
    """x to a plain number."""

    cdef double exponent

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<PowerOf>node).exponent = self.exponent
        return 0

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _param(micro, core.RK_PPOW, self.exponent, 0.0)

    cdef object forward(self, tuple xs, object out):
        return self.K.param(core.RK_PPOW, A(xs, 0), self.exponent, 0.0, <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef object K = self.backend_
        cdef Variable slope
        if self.exponent == 0.0:
            return (f_axpb(K, <Variable>douts[0], 0.0, 0.0),)
        slope = f_axpb(K, f_power(K, self.input(0), self.exponent - 1.0), self.exponent, 0.0)
        return (f_mul(K, <Variable>douts[0], slope),)


cdef class Pow(AbstractFunction):
    """x to the power of y, element by element."""

    numOfInputs = 2
    cdef NDArrayPhp out

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _binary(micro, core.RK_POW)

    cdef object forward(self, tuple xs, object out):
        self.out = self.K.binary(core.RK_POW, A(xs, 0), A(xs, 1), <NDArrayPhp>out)
        return self.out

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef object K = self.backend_
        cdef Variable g = <Variable>douts[0]
        cdef Variable x = self.input(0)
        cdef Variable y = self.input(1)
        cdef Variable dx = None
        cdef Variable dy = None
        cdef Variable less
        if needs & 1:
            less = prepare(Pow.__new__(Pow), K, None).record((x, f_axpb(K, y, 1.0, -1.0)))
            dx = f_sum_to(K, f_mul(K, g, f_mul(K, y, less)), x)
        if needs & 2:
            less = prepare(Log.__new__(Log), K, None).record((x,))
            dy = f_sum_to(K, f_mul(K, g, f_mul(K, self.output(0, self.out), less)), y)
        return dx, dy


# -------------------------------------------------------------------------------------------------- arithmetic

cdef class Add(AbstractFunction):
    """x + y, broadcast as numpy does.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Add``.
    """

    numOfInputs = 2

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _binary(micro, core.RK_ADD)

    cdef object forward(self, tuple xs, object out):
        return self.K.binary(core.RK_ADD, A(xs, 0), A(xs, 1), <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef Variable g = <Variable>douts[0]
        return (
            f_sum_to(self.backend_, g, self.input(0)) if needs & 1 else None,
            f_sum_to(self.backend_, g, self.input(1)) if needs & 2 else None,
        )


cdef class Sub(AbstractFunction):
    """x - y, broadcast as numpy does.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Sub``.
    """

    numOfInputs = 2

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _binary(micro, core.RK_SUB)

    cdef object forward(self, tuple xs, object out):
        return self.K.binary(core.RK_SUB, A(xs, 0), A(xs, 1), <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef Variable g = <Variable>douts[0]
        cdef Variable dy = None
        if needs & 2:
            dy = f_axpb(self.backend_, f_sum_to(self.backend_, g, self.input(1)), -1.0, 0.0)
        return f_sum_to(self.backend_, g, self.input(0)) if needs & 1 else None, dy


cdef class Mul(AbstractFunction):
    """x * y, broadcast as numpy does.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Mul``.
    """

    numOfInputs = 2

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _binary(micro, core.RK_MUL)

    cdef object forward(self, tuple xs, object out):
        return self.K.binary(core.RK_MUL, A(xs, 0), A(xs, 1), <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef object K = self.backend_
        cdef Variable g = <Variable>douts[0]
        cdef Variable x = self.input(0)
        cdef Variable y = self.input(1)
        return (
            f_sum_to(K, f_mul(K, g, y), x) if needs & 1 else None,
            f_sum_to(K, f_mul(K, g, x), y) if needs & 2 else None,
        )


cdef class Div(AbstractFunction):
    """x / y, broadcast as numpy does.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Div``.
    """

    numOfInputs = 2
    cdef NDArrayPhp out

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _binary(micro, core.RK_DIV)

    cdef object forward(self, tuple xs, object out):
        self.out = self.K.binary(core.RK_DIV, A(xs, 0), A(xs, 1), <NDArrayPhp>out)
        return self.out

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef object K = self.backend_
        cdef Variable y = self.input(1)
        cdef Variable dx = f_div(K, <Variable>douts[0], y)
        cdef Variable dy = None
        if needs & 2:
            dy = f_axpb(K, f_sum_to(K, f_mul(K, dx, self.output(0, self.out)), y), -1.0, 0.0)
        return f_sum_to(K, dx, self.input(0)) if needs & 1 else None, dy


cdef class Square(AbstractFunction):
    """x squared.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Square``.
    """

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _unary(micro, core.RK_SQUARE)

    cdef object forward(self, tuple xs, object out):
        return self.K.unary(core.RK_SQUARE, A(xs, 0), <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef NDArrayPhp twice
        if recording():
            return (f_mul(self.backend_, <Variable>douts[0], f_axpb(self.backend_, self.input(0), 2.0, 0.0)),)
        twice = self.K.param(core.RK_AXPB, A(self.kept, 0), 2.0, 0.0, None)
        return (make_variable(self.backend_, self.K.binary(core.RK_MUL, array_of(<Variable>douts[0]), twice, twice)),)


cdef class Sqrt(AbstractFunction):
    """The square root.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Sqrt``.
    """

    cdef NDArrayPhp out

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _unary(micro, core.RK_SQRT)

    cdef object forward(self, tuple xs, object out):
        self.out = self.K.unary(core.RK_SQRT, A(xs, 0), <NDArrayPhp>out)
        return self.out

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef Variable half = f_axpb(self.backend_, <Variable>douts[0], 0.5, 0.0)
        return (f_div(self.backend_, half, self.output(0, self.out)),)


cdef class Exp(AbstractFunction):
    """e to the power of x.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Exp``.
    """

    cdef NDArrayPhp out

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _unary(micro, core.RK_EXP)

    cdef object forward(self, tuple xs, object out):
        self.out = self.K.unary(core.RK_EXP, A(xs, 0), <NDArrayPhp>out)
        return self.out

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (f_mul(self.backend_, <Variable>douts[0], self.output(0, self.out)),)


cdef class Log(AbstractFunction):
    """The natural logarithm.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Log``.
    """

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _unary(micro, core.RK_LOG)

    cdef object forward(self, tuple xs, object out):
        return self.K.unary(core.RK_LOG, A(xs, 0), <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (f_div(self.backend_, <Variable>douts[0], self.input(0)),)


cdef double _number(object value, int position, object function) except? -1e300:
    """An argument that must be a single number: a Scalar or an array of no dimensions."""
    cdef NDArrayPhp x
    if isinstance(value, NDArrayPhp):
        x = <NDArrayPhp>value
        if x.nd == 0 and x.dt == core.RK_FLOAT32:
            return (<float*>x.ptr)[0]
    if isinstance(value, Variable):
        value = (<Variable>value).need_value()
    if isinstance(value, Scalar):
        return float(value.value())
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, NDArray):
        if value.ndim() != 0:
            raise InvalidArgumentException(
                f"arg #{position} of {function} must be a scalar: an array of shape {value.shape()} was given"
            )
        return float(raw(value).toArray())
    raise InvalidArgumentException(f"arg #{position} of {function} is invalid data type.: {type(value).__name__}")


cdef object _scalar_or_value(object value):
    """A plain number as Scalar; anything else unchanged."""
    if isinstance(value, numbers.Number) and not isinstance(value, bool):
        return Scalar(value)
    return value


cdef bint _is_array(Variable v):
    return isinstance(v.value_, NDArray)


cdef class Scale(AbstractFunction):
    """alpha * x with a single number alpha, or a variable of no dimensions.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Scale``.
    """

    numOfInputs = 2

    def preprocess(self, inputs):
        return [_scalar_or_value(inputs[0]), inputs[1]]

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _numbered(micro, core.RK_AXPB, xs, 1, 0, -1)

    cdef object forward(self, tuple xs, object out):
        return self.K.param(
            core.RK_AXPB, A(xs, 1), _number(xs[0], 1, "scale"), 0.0, <NDArrayPhp>out
        )

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef object K = self.backend_
        cdef Variable g = <Variable>douts[0]
        cdef Variable alpha = self.input(0)
        cdef Variable dalpha = None
        if needs & 1 and _is_array(alpha):
            dalpha = _sum_all(K, f_mul(K, g, self.input(1)))
        if not needs & 2:
            return dalpha, None
        if _is_array(alpha):
            return dalpha, prepare(Scale.__new__(Scale), K, None).record((alpha, g))
        return dalpha, f_axpb(K, g, _number(alpha, 1, "scale"), 0.0)


cdef class Increment(AbstractFunction):
    """alpha * x + beta with single numbers, or variables of no dimensions.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Increment``.
    """

    numOfInputs = 3

    def preprocess(self, inputs):
        return [inputs[0], _scalar_or_value(inputs[1]), _scalar_or_value(inputs[2])]

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _numbered(micro, core.RK_AXPB, xs, 0, 2, 1)

    cdef object forward(self, tuple xs, object out):
        return self.K.param(
            core.RK_AXPB, A(xs, 0), _number(xs[2], 3, "increment"),
            _number(xs[1], 2, "increment"), <NDArrayPhp>out,
        )

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef object K = self.backend_
        cdef Variable g = <Variable>douts[0]
        cdef Variable alpha = self.input(2)
        cdef Variable dx = None
        cdef Variable dbeta = None
        cdef Variable dalpha = None
        if needs & 1:
            if _is_array(alpha):
                dx = prepare(Scale.__new__(Scale), K, None).record((alpha, g))
            else:
                dx = f_axpb(K, g, _number(alpha, 3, "increment"), 0.0)
        if needs & 2 and _is_array(self.input(1)):
            dbeta = _sum_all(K, g)
        if needs & 4 and _is_array(alpha):
            dalpha = _sum_all(K, f_mul(K, g, self.input(0)))
        return dx, dbeta, dalpha


cdef class ClipByValue(AbstractFunction):
    """x limited to min .. max; the gradient passes strictly between them.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\ClipByValue``.
    """

    cdef double low
    cdef double high

    def __init__(self, backend, min, max, name=None):
        AbstractFunction.__init__(self, backend, name)
        self.low = min
        self.high = max

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<ClipByValue>node).low = self.low
        (<ClipByValue>node).high = self.high
        return 0

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _param(micro, core.RK_CLIP, self.low, self.high)

    cdef object forward(self, tuple xs, object out):
        return self.K.param(core.RK_CLIP, A(xs, 0), self.low, self.high, <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef object K = self.backend_
        cdef Variable x = self.input(0)
        cdef Variable above = Greater(K)(x, Scalar(self.low))
        cdef Variable below = Less(K)(x, Scalar(self.high))
        return (f_mul(K, <Variable>douts[0], f_mul(K, above, below)),)


# ------------------------------------------------------------------------------------------------- comparisons

cdef class _Comparison(AbstractFunction):
    """1 where it holds, 0 elsewhere, in the type of x; without a gradient."""

    numOfInputs = 2

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        raise LogicException("This function is not differentiable")


cdef class Equal(_Comparison):
    """1 where x equals y.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Equal``.
    """

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _binary(micro, core.RK_EQ)

    cdef object forward(self, tuple xs, object out):
        if self.flags is None:
            self.flags = [True]
        return self.K.binary(core.RK_EQ, A(xs, 0), A(xs, 1), <NDArrayPhp>out)


cdef class NotEqual(_Comparison):
    """1 where x differs from y.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\NotEqual``.
    """

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _binary(micro, core.RK_NE)

    cdef object forward(self, tuple xs, object out):
        if self.flags is None:
            self.flags = [True]
        return self.K.binary(core.RK_NE, A(xs, 0), A(xs, 1), <NDArrayPhp>out)


cdef class Greater(_Comparison):
    """1 where x is greater than a single number.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Greater``.
    """

    def preprocess(self, inputs):
        return [inputs[0], _scalar_or_value(inputs[1])]

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _numbered(micro, core.RK_PGT, xs, 0, 1, -1)

    cdef object forward(self, tuple xs, object out):
        if self.flags is None:
            self.flags = [True]
        return self.K.param(
            core.RK_PGT, A(xs, 0), _number(xs[1], 2, "greater"), 0.0, <NDArrayPhp>out
        )


cdef class Less(_Comparison):
    """1 where x is less than a single number.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Less``.
    """

    def preprocess(self, inputs):
        return [inputs[0], _scalar_or_value(inputs[1])]

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        return _numbered(micro, core.RK_PLT, xs, 0, 1, -1)

    cdef object forward(self, tuple xs, object out):
        if self.flags is None:
            self.flags = [True]
        return self.K.param(
            core.RK_PLT, A(xs, 0), _number(xs[1], 2, "less"), 0.0, <NDArrayPhp>out
        )


# ----------------------------------------------------------------------------------------- products and sums

cdef class Matmul(AbstractFunction):
    """The matrix product over the last two dimensions; leading ones are broadcast.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Matmul``.
    """

    numOfInputs = 2
    cdef bint ta
    cdef bint tb

    def __init__(self, backend, transpose_a=None, transpose_b=None, name=None):
        AbstractFunction.__init__(self, backend, name)
        self.ta = bool(transpose_a)
        self.tb = bool(transpose_b)

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<Matmul>node).ta = self.ta
        (<Matmul>node).tb = self.tb
        return 0

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        return self.K.matrix_product(A(xs, 0), A(xs, 1), self.ta, self.tb, <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef object K = self.backend_
        cdef Variable g = <Variable>douts[0]
        cdef Variable a = self.input(0)
        cdef Variable b = self.input(1)
        cdef Variable da = None
        cdef Variable db = None
        if needs & 1:
            da = f_matmul(K, b, g, self.tb, True) if self.ta else f_matmul(K, g, b, False, not self.tb)
            da = f_sum_to(K, da, a)
        if needs & 2:
            db = f_matmul(K, g, a, True, self.ta) if self.tb else f_matmul(K, a, g, not self.ta, False)
            db = f_sum_to(K, db, b)
        return da, db


cdef class _Reduction(AbstractFunction):
    """A sum or a mean over one axis or over all."""

    cdef bint all
    cdef int axis
    cdef bint keepdims

    def __init__(self, backend, axis=None, keepdims=None, name=None):
        AbstractFunction.__init__(self, backend, name)
        self.all = axis is None
        self.axis = 0 if axis is None else operator.index(axis)
        self.keepdims = bool(keepdims)

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<_Reduction>node).all = self.all
        (<_Reduction>node).axis = self.axis
        (<_Reduction>node).keepdims = self.keepdims
        return 0

    cdef NDArrayPhp reduced(self, int op, NDArrayPhp x, NDArrayPhp out):
        # over all elements the result has no dimensions, with keepdims too, as in the original
        if self.all:
            return self.K.reduce_all(op, x, False, out)
        return self.K.reduce_axis(op, x, self.axis, self.keepdims, out)

    cdef Variable spread(self, Variable g):
        """The gradient of a sum: g repeated over what was summed."""
        cdef Variable x = self.input(0)
        cdef list shape
        if not self.all and not self.keepdims:
            shape = array_of(x).shape()
            shape[self.axis if self.axis >= 0 else self.axis + len(shape)] = 1
            g = _reshaped(self.backend_, g, shape)
        return f_broadcast_to(self.backend_, g, x)


cdef class ReduceSum(_Reduction):
    """The sum over an axis, or of all elements.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\ReduceSum``.
    """

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        return self.reduced(core.RK_SUM, A(xs, 0), <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (self.spread(<Variable>douts[0]),)


cdef class ReduceMean(_Reduction):
    """The mean over an axis, or of all elements.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\ReduceMean``.
    """

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        return self.reduced(core.RK_MEAN, A(xs, 0), <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef NDArrayPhp x = array_of(self.input(0))
        cdef double n = x.n if self.all else x.dims[self.axis if self.axis >= 0 else self.axis + x.nd]
        return (self.spread(f_axpb(self.backend_, <Variable>douts[0], 1.0 / n, 0.0)),)


# ------------------------------------------------------------------------------------------------------ shapes

cdef list _shape_arguments(object shape):
    """A shape given as list, ArrayShape, or list with variables in it, as function inputs."""
    value = shape.value() if isinstance(shape, Variable) else shape
    if isinstance(value, ArrayShape):
        return [shape]
    if isinstance(value, NDArray):
        return [ArrayShape(value.toArray() if value.ndim() else [value.toArray()])]
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return [ArrayShape([value])]
    if not isinstance(value, (list, tuple)):
        raise InvalidArgumentException(f"shape must be array or ShapeArray: {type(value).__name__} was given")
    if all(isinstance(n, numbers.Integral) for n in value):
        return [ArrayShape(value)]
    return [_scalar_or_value(n) for n in value]


cdef list _shape_of_arguments(tuple inputs, int first):
    """The sizes from the inputs that `_shape_arguments` made."""
    cdef list shape = []
    for value in inputs[first:]:
        if isinstance(value, ArrayShape):
            shape.extend(value)
            continue
        if isinstance(value, Scalar):
            value = value.value()
        elif isinstance(value, NDArray):
            value = value.toArray()
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, numbers.Integral):
            raise InvalidArgumentException(f"shape must contains integer values. {value!r} was given.")
        shape.append(int(value))
    return shape


cdef class Reshape(AbstractFunction):
    """x in another shape: -1 is computed from the others, 0 stands for the first size of x.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Reshape``.
    """

    def __call__(self, x, shape):
        node = self if self.inputs_ is None else self.renew()
        return (<AbstractFunction>node).record(tuple([pack(self.backend_, v) for v in [x, *_shape_arguments(shape)]]))

    cdef int role(self):
        return VIEW

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp x = A(xs, 0)
        cdef list shape = _shape_of_arguments(xs, 1)
        cdef Py_ssize_t fixed = 1
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int free_ = -1
        cdef int i
        for i in range(len(shape)):
            if shape[i] == 0 and x.n:
                shape[i] = x.dims[0] if x.nd else 1
            if shape[i] == -1:
                if free_ >= 0:
                    raise _bad_reshape(x, shape)
                free_ = i
            elif shape[i] < 0:
                raise _bad_reshape(x, shape)
            else:
                fixed *= shape[i]
        if free_ >= 0:
            if fixed == 0 or x.n % fixed:
                raise _bad_reshape(x, shape)
            shape[free_] = x.n // fixed
        elif fixed != x.n:
            raise _bad_reshape(x, shape)
        i = read_shape(shape, dims)
        return view(x, 0, i, dims)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (f_reshape_like(self.backend_, <Variable>douts[0], self.input(0)), *([None] * (len(self.inputs_) - 1)))


cdef object _bad_reshape(NDArrayPhp x, list shape):
    target = ",".join(["?" if n == -1 else str(n) for n in shape])
    return InvalidArgumentException(
        f"Shape is an invalid size specification. input-shape:[{','.join(map(str, x.shape()))}], "
        f"target-shape:[{target}]"
    )


cdef class Transpose(AbstractFunction):
    """x with its dimensions reversed, or in the order of perm.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Transpose``.
    """

    cdef object perm
    cdef int[MAX_DIMS] order
    cdef int ordered                  # dimensions that the order is for

    def __cinit__(self):
        self.ordered = -1

    def __init__(self, backend, perm=None, name=None):
        AbstractFunction.__init__(self, backend, name)
        if isinstance(perm, NDArray):
            perm = perm.toArray()
        self.perm = None if perm is None else tuple([operator.index(i) for i in perm])

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<Transpose>node).perm = self.perm
        return 0

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp x = A(xs, 0)
        if self.ordered != x.nd:
            self.find_order(x)
        return self.K.transpose_array(x, self.order, <NDArrayPhp>out)

    cdef int find_order(self, NDArrayPhp x) except -1:
        cdef int i
        perm = self.perm if self.perm is not None else tuple(range(x.nd - 1, -1, -1))
        if sorted([p + x.nd if p < 0 else p for p in perm]) != list(range(x.nd)):
            raise InvalidArgumentException(f"unmatch sourceshape and perm: {shape_text(x)} and {list(perm)}")
        for i in range(x.nd):
            self.order[i] = perm[i] + x.nd if perm[i] < 0 else perm[i]
        self.ordered = x.nd
        return 0

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        if self.perm is None:
            return (_transposed(self.backend_, <Variable>douts[0], None),)
        n = len(self.perm)
        order = [p + n if p < 0 else p for p in self.perm]
        return (_transposed(self.backend_, <Variable>douts[0], [order.index(i) for i in range(n)]),)


cdef class Shape(AbstractFunction):
    """The shape of x, as an ArrayShape.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Shape``.
    """

    cdef int role(self):
        return FIXED

    cdef object forward(self, tuple xs, object out):
        self.flags = [True]
        value = xs[0]
        return ArrayShape(value.shape() if hasattr(value, "shape") else [])


cdef Py_ssize_t _integer(object value, str what) except? -999999:
    cdef double d = _number(value, 2, what)
    if d != <double><Py_ssize_t>d:
        raise InvalidArgumentException(f"{what} needs whole numbers: {d} was given")
    return <Py_ssize_t>d


cdef class Get(AbstractFunction):
    """Row `offset` of x (count 0), or `count` rows from there; a negative count is taken from the end.

    Of an ArrayShape it gives a size, or a part of the shape. The ``value()`` of one number is a Scalar.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Get``.
    """

    numOfInputs = 3
    cdef Py_ssize_t start
    cdef Py_ssize_t rows
    cdef bint shape_only

    def preprocess(self, inputs):
        return [inputs[0], _scalar_or_value(inputs[1]), _scalar_or_value(inputs[2])]

    cdef int role(self):
        return FIXED if self.shape_only else VIEW

    cdef object forward(self, tuple xs, object out):
        cdef Py_ssize_t offset = _integer(xs[1], "get")
        cdef Py_ssize_t count = _integer(xs[2], "get")
        cdef NDArrayPhp x
        cdef NDArrayPhp part
        value = xs[0]
        if isinstance(value, ArrayShape):
            self.flags = [True]
            self.shape_only = True
            if count == 0:
                return Scalar(value[offset])
            if count < 0:
                count += len(value) + 1
            return ArrayShape(value.toArray()[offset : offset + count])
        x = A(xs, 0)
        if x.nd == 0:
            raise InvalidArgumentException("arg #1 must not be scalar.")
        if offset < 0:
            offset += x.dims[0]
        self.start = offset
        self.rows = 1 if count == 0 else count if count > 0 else x.dims[0] + count + 1
        if offset < 0 or self.rows < 1 or offset > x.dims[0] or self.rows > x.dims[0] - offset:
            raise OutOfRangeException(
                f"Index is out of range. range allows (0,{x.dims[0]}): ({offset},{<object>offset + self.rows}) given."
            )
        part = rows_of(x, offset, self.rows)
        return part if count else view(part, 0, x.nd - 1, x.dims + 1)

    cdef object record(self, tuple inputs):
        cdef Variable v = AbstractFunction.record(self, inputs)
        v.number = isinstance(v.value_, NDArrayPhp) and (<NDArrayPhp>v.value_).nd == 0
        return v

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef PutRows f = PutRows.__new__(PutRows)
        f.start = self.start
        f.rows = self.rows
        return prepare(f, self.backend_, None).record((douts[0], self.input(0))), None, None


cdef class PutRows(AbstractFunction):
    """Zeros of the second input's shape with the first one in some rows."""

    numOfInputs = 2
    cdef Py_ssize_t start
    cdef Py_ssize_t rows

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<PutRows>node).start = self.start
        (<PutRows>node).rows = self.rows
        return 0

    cdef int role(self):
        return STEP

    cdef int shape_only(self):
        return 2

    cdef object forward(self, tuple xs, object out):
        return self.K.put_rows(A(xs, 0), self.start, A(xs, 1), <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        part = Get(self.backend_)(douts[0], self.start, self.rows)
        return f_reshape_like(self.backend_, part, self.input(0)), None


cdef class Repeat(AbstractFunction):
    """x repeated along a new axis; with keepdims along the axis itself; without an axis end to end.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Repeat``.
    """

    numOfInputs = 2
    cdef object axis
    cdef bint keepdims
    cdef list middle                  # the shape with an axis of its own for the repetition

    def __init__(self, backend, axis=None, keepdims=None, name=None):
        AbstractFunction.__init__(self, backend, name)
        self.axis = axis
        self.keepdims = bool(keepdims)

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<Repeat>node).axis = self.axis
        (<Repeat>node).keepdims = self.keepdims
        return 0

    def preprocess(self, inputs):
        return [inputs[0], _scalar_or_value(inputs[1])]

    cdef int role(self):
        return OPAQUE if isinstance(self.kept[1], NDArray) else STEP

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp x = A(xs, 0)
        cdef Py_ssize_t repeats = _integer(xs[1], "repeat")
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef Py_ssize_t axis
        cdef Py_ssize_t inner = 1
        cdef list shape
        cdef int nd
        if out is None:
            shape = x.shape() if self.axis is not None else [x.n]
            axis = 0 if self.axis is None else self.axis
            if repeats < 1:
                raise InvalidArgumentException(
                    f"repeats argument must be one or greater than one: {repeats} was given"
                )
            if axis < 0:
                axis += x.nd
            if axis < 0 or (axis >= x.nd and self.axis is not None):
                raise InvalidArgumentException(f"Invalid axis: axis={self.axis},shape={shape_text(x)}")
            self.middle = [*shape[:axis], repeats, *shape[axis:]]
            if self.axis is None or self.keepdims:
                shape[axis] *= repeats
            else:
                shape = self.middle
            nd = read_shape(shape, dims)
            out = empty(x.dt, nd, dims)
        nd = 0 if self.axis is None else self.axis
        if nd < 0:
            nd += x.nd
        while nd < x.nd:
            inner *= x.dims[nd]
            nd += 1
        return self.K.repeat_blocks(x, repeats, inner, <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef Py_ssize_t axis = 0 if self.axis is None else self.axis
        cdef Variable g = _reshaped(self.backend_, <Variable>douts[0], self.middle)
        if axis < 0:
            axis += len(self.middle) - 1
        g = ReduceSum(self.backend_, axis=axis)(g)
        return f_reshape_like(self.backend_, g, self.input(0)), None


cdef class Split(AbstractFunction):
    """x cut along an axis into parts of given sizes; the last axis by default.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Split``.
    """

    cdef list sizes
    cdef int axis

    def __init__(self, backend, sizeSplits, axis=None, name=None):
        AbstractFunction.__init__(self, backend, name)
        self.sizes = [operator.index(n) for n in sizeSplits]
        self.axis = -1 if axis is None else operator.index(axis)

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<Split>node).sizes = self.sizes
        (<Split>node).axis = self.axis
        return 0

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp x = A(xs, 0)
        cdef int axis = self.axis + x.nd if self.axis < 0 else self.axis
        cdef Py_ssize_t start = 0
        cdef list parts
        cdef int i
        if out is not None:
            for i in range(len(self.sizes)):
                self.K.take_axis(x, axis, start, self.sizes[i], <NDArrayPhp>out[i])
                start += self.sizes[i]
            return out
        parts = []
        if not 0 <= axis < x.nd:
            raise InvalidArgumentException(f"Invalid axis: axis={self.axis},shape={shape_text(x)}")
        if min(self.sizes, default=0) < 1 or sum(self.sizes) != x.dims[axis]:
            raise InvalidArgumentException(
                f"Split sizes {self.sizes} do not add up to {x.dims[axis]}, the size of axis {self.axis} of "
                f"shape {shape_text(x)}"
            )
        for size in self.sizes:
            parts.append(self.K.take_axis(x, axis, start, size))
            start += size
        return tuple(parts)

    cdef object record(self, tuple inputs):
        out = AbstractFunction.record(self, inputs)
        return out if isinstance(out, list) else [out]

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (Concat(self.backend_, self.axis)(*douts),)


cdef class Concat(AbstractFunction):
    """Inputs joined along an axis."""

    cdef int axis

    def __init__(self, backend, axis=-1, name=None):
        AbstractFunction.__init__(self, backend, name)
        self.axis = axis

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<Concat>node).axis = self.axis
        return 0

    def __call__(self, *inputs):
        return self.record(tuple([pack(self.backend_, v) for v in inputs]))

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        return self.K.concat_axis(xs, self.axis, <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef int axis = self.axis
        cdef list sizes = []
        for i in range(len(self.inputs_)):
            x = array_of(self.input(i))
            sizes.append(x.dims[axis + x.nd if axis < 0 else axis])
        return tuple(Split(self.backend_, sizes, axis)(douts[0]))


# ---------------------------------------------------------------------------------------- types and constants

cdef class Cast(AbstractFunction):
    """x in another type; the gradient passes between floating-point types.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Cast``.
    """

    cdef int dtype

    def __init__(self, backend, dtype, name=None):
        AbstractFunction.__init__(self, backend, name)
        self.dtype = dtype_code(dtype)

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<Cast>node).dtype = self.dtype
        return 0

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp x = A(xs, 0)
        if self.flags is None:
            self.flags = [not (is_float(x.dt) and is_float(self.dtype))]
        return self.K.cast_array(x, self.dtype, <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (Cast(self.backend_, array_of(self.input(0)).dt)(douts[0]),)


cdef class _Filled(AbstractFunction):
    """An array of one value in a given shape."""

    cdef int dtype

    def __init__(self, backend, dtype=None, name=None):
        AbstractFunction.__init__(self, backend, name)
        self.dtype = core.RK_FLOAT32 if dtype is None else dtype_code(dtype)

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<_Filled>node).dtype = self.dtype
        return 0

    def __call__(self, shape):
        node = self if self.inputs_ is None else self.renew()
        return (<AbstractFunction>node).record(tuple([pack(self.backend_, v) for v in _shape_arguments(shape)]))

    cdef object filled(self, tuple xs, double value):
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int nd = read_shape(_shape_of_arguments(xs, 0), dims)
        if self.flags is None:
            self.flags = [True]
        return self.K.filled(self.dtype, nd, dims, value)


cdef class Zeros(_Filled):
    """Zeros in a given shape.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Zeros``.
    """

    cdef int role(self):
        return FIXED

    cdef object forward(self, tuple xs, object out):
        return self.filled(xs, 0.0)


cdef class Ones(_Filled):
    """Ones in a given shape.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Ones``.
    """

    cdef int role(self):
        return FIXED

    cdef object forward(self, tuple xs, object out):
        return self.filled(xs, 1.0)


cdef class ZerosLike(AbstractFunction):
    """Zeros in the shape and type of x.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\ZerosLike``.
    """

    cdef int role(self):
        return FIXED

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp x = A(xs, 0)
        if self.flags is None:
            self.flags = [True]
        return self.K.filled(x.dt, x.nd, x.dims, 0.0)


cdef class OnesLike(AbstractFunction):
    """Ones in the shape and type of x.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\OnesLike``.
    """

    cdef int role(self):
        return FIXED

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp x = A(xs, 0)
        if self.flags is None:
            self.flags = [True]
        return self.K.filled(x.dt, x.nd, x.dims, 1.0)


cdef class Bandpart(AbstractFunction):
    """x with zeros outside a band around the diagonal: `lower` below, `upper` above it; negative means all.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Bandpart``.
    """

    cdef Py_ssize_t lower
    cdef Py_ssize_t upper

    def __init__(self, backend, lower, upper, name=None):
        AbstractFunction.__init__(self, backend, name)
        self.lower = lower
        self.upper = upper

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<Bandpart>node).lower = self.lower
        (<Bandpart>node).upper = self.upper
        return 0

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        return self.K.band(A(xs, 0), self.lower, self.upper, <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (Bandpart(self.backend_, self.lower, self.upper)(douts[0]),)


cdef class Nop(AbstractFunction):
    """The identity.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Func\\Nop``.
    """

    cdef int role(self):
        return VIEW

    cdef object forward(self, tuple xs, object out):
        return xs[0]

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (douts[0],)


# ------------------------------------------------------------------------------------------ Python's operators

cdef inline bint _plain(object x):
    """A Python number, which needs no array of its own."""
    return isinstance(x, (int, float)) and not isinstance(x, bool)


cdef Variable _beside(object backend, object x, object number):
    """The operand beside a plain number. Integers would cut off the number's fraction."""
    cdef Variable v = pack(backend, x)
    if isinstance(number, float) and isinstance(v.value_, NDArrayPhp) and not is_float((<NDArrayPhp>v.value_).dt):
        if not number.is_integer():
            raise InvalidArgumentException(
                f"an array of {NAMES[(<NDArrayPhp>v.value_).dt]} and the number {number}: cast the array to a "
                f"floating-point type first" + (f" ({v.name_})" if v.name_ else "")
            )
    return v


def add(backend, x, y):
    """``x + y``."""
    if _plain(y):
        return f_axpb(backend, _beside(backend, x, y), 1.0, y)
    if _plain(x):
        return f_axpb(backend, _beside(backend, y, x), 1.0, x)
    return f_add(backend, pack(backend, x), pack(backend, y))


def sub(backend, x, y):
    """``x - y``."""
    if _plain(y):
        return f_axpb(backend, _beside(backend, x, y), 1.0, -y)
    if _plain(x):
        return f_axpb(backend, _beside(backend, y, x), -1.0, x)
    return f_sub(backend, pack(backend, x), pack(backend, y))


def mul(backend, x, y):
    """``x * y``."""
    if _plain(y):
        return f_axpb(backend, _beside(backend, x, y), y, 0.0)
    if _plain(x):
        return f_axpb(backend, _beside(backend, y, x), x, 0.0)
    return f_mul(backend, pack(backend, x), pack(backend, y))


def div(backend, x, y):
    """``x / y``."""
    return f_div(backend, _like(backend, x, y), _like(backend, y, x))


def matmul(backend, x, y):
    """``x @ y``."""
    return f_matmul(backend, pack(backend, x), pack(backend, y), False, False)


def power(backend, x, y):
    """``x ** y``."""
    if _plain(y):
        return f_power(backend, _beside(backend, x, y), y)
    return prepare(Pow.__new__(Pow), backend, None).record((_like(backend, x, y), _like(backend, y, x)))


def negative(backend, x):
    """``-x``."""
    return f_axpb(backend, pack(backend, x), -1.0, 0.0)


cdef Variable _like(object backend, object x, object other):
    """An operand as a variable; a plain number takes the type of the other operand."""
    if _plain(x):
        return pack(backend, from_python(x, array_of(_beside(backend, other, x)).dt))
    return pack(backend, x)
