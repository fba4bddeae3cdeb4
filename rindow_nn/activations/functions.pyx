"""Activations as differentiable functions."""

import types

from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport NDArrayPhp, raw
from rindow_nn.gradient.core.layerfunction cimport LayerFunction
from rindow_nn.gradient.core.tape cimport (
    A, AbstractFunction, GradientCall, MICRO_BINARY, MICRO_UNARY, Micro, OPAQUE, STEP, Variable, array_of,
    make_variable, pack, prepare, recording, traced_gradient, tracing,
)
from rindow_nn.gradient.core.values import MaskedNDArray


cdef int _role(tuple xs):
    """Inputs with a mask have to be looked at in each run."""
    return OPAQUE if isinstance(xs[0], MaskedNDArray) else STEP


cdef object _masked(tuple xs, object value):
    """The outputs with the inputs' mask."""
    return MaskedNDArray(value, xs[0].mask()) if isinstance(xs[0], MaskedNDArray) else value


cdef class Pointwise(AbstractFunction):
    """A function of single elements whose gradient needs its output only."""

    cdef int role(self):
        return _role(self.kept)

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        micro.kind = MICRO_UNARY
        micro.op = self.op
        micro.x_from = 0
        return True

    cdef object forward(self, tuple xs, object out):
        self.out = self.K.unary(self.op, A(xs, 0), <NDArrayPhp>out)
        return _masked(xs, self.out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef PointwiseGradient f
        if recording():
            f = PointwiseGradient.__new__(PointwiseGradient)
            f.op = self.gradient_op
            prepare(f, self.backend_, None)
            return (f.record((self.output(0, self.out), douts[0])),)
        return (make_variable(
            self.backend_, self.K.binary(self.gradient_op, self.out, array_of(<Variable>douts[0]), None)
        ),)


cdef class PointwiseGradient(GradientCall):
    """The gradient of a pointwise function as a call of its own: inputs y, dy."""

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<PointwiseGradient>node).op = self.op
        return 0

    cdef int role(self):
        return STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        micro.kind = MICRO_BINARY
        micro.op = self.op
        micro.x_from = 0
        return True

    cdef object forward(self, tuple xs, object out):
        return self.K.binary(self.op, A(xs, 0), A(xs, 1), <NDArrayPhp>out)


cdef class Relu(Pointwise):
    """max(x, 0)."""

    def __cinit__(self):
        self.op = core.RK_RELU
        self.gradient_op = core.RK_DRELU
        self.epilogue = core.RK_EPI_RELU


cdef class SigmoidFunction(Pointwise):
    """1 / (1 + exp(-x))."""

    def __cinit__(self):
        self.op = core.RK_SIGMOID
        self.gradient_op = core.RK_DSIGMOID
        self.epilogue = core.RK_EPI_SIGMOID


cdef class TanhFunction(Pointwise):
    """The hyperbolic tangent."""

    def __cinit__(self):
        self.op = core.RK_TANH
        self.gradient_op = core.RK_DTANH
        self.epilogue = core.RK_EPI_TANH


cdef class SoftmaxFunction(AbstractFunction):
    """exp(x) / sum(exp(x)) over the last dimension."""

    cdef NDArrayPhp out

    cdef int role(self):
        return _role(self.kept)

    cdef object forward(self, tuple xs, object out):
        self.out = self.K.softmax_rows(A(xs, 0), <NDArrayPhp>out)
        return _masked(xs, self.out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        if recording():
            f = prepare(SoftmaxGradient.__new__(SoftmaxGradient), self.backend_, None)
            return (f.record((self.output(0, self.out), douts[0])),)
        return (make_variable(self.backend_, self.K.dsoftmax_rows(self.out, array_of(<Variable>douts[0]), None)),)


cdef class SoftmaxGradient(GradientCall):
    """The gradient of ``SoftmaxFunction`` as a call of its own: inputs y, dy."""

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        return self.K.dsoftmax_rows(A(xs, 0), A(xs, 1), <NDArrayPhp>out)


cdef class ActivationCall(AbstractFunction):
    """An activation object of the user's, through its ``forward`` and ``backward``."""

    cdef object activation
    cdef object training
    cdef object states

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<ActivationCall>node).activation = self.activation
        (<ActivationCall>node).training = self.training
        return 0

    cdef object forward(self, tuple xs, object out):
        self.states = types.SimpleNamespace()
        return _masked(xs, raw(self.activation.forward(self.states, A(xs, 0), training=self.training)))

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        if tracing():
            return traced_gradient(self, douts)
        return (make_variable(
            self.backend_, raw(self.activation.backward(self.states, array_of(<Variable>douts[0])))
        ),)


def activate(backend, activation, x, training=None):
    """Applies an activation to a variable and records the call; a mask of x stays on the result.

    Args:
        backend: the backend ``K``.
        activation: an ``Activation``; those of this package have a function of their own.
        x: a variable.
        training: passed on to activations of the user's.
    """
    cdef AbstractFunction f
    cdef ActivationCall call
    cdef Variable v = pack(backend, x)
    cdef Variable out
    cls = getattr(activation, "function", None)
    if cls is not None:
        f = prepare(cls.__new__(cls), backend, None)
    else:
        call = ActivationCall.__new__(ActivationCall)
        call.activation = activation
        call.training = training
        f = prepare(call, backend, None)
    if recording() and isinstance(v.creator_, LayerFunction):
        if getattr((<LayerFunction>v.creator_).layer, "_activation", None) is activation:
            f.begun = v.creator_  # the end of the layer's call
    out = <Variable>f.record((v,))
    if f.begun is not None:
        f.generation_ = f.begun.generation_
        out.generation_ = v.generation_
    return out
