"""Activations as differentiable functions."""

import types

from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport NDArrayPhp, raw
from rindow_nn.gradient.core.tape cimport AbstractFunction, Variable, array_of, make_variable, pack, prepare
from rindow_nn.gradient.core.values import MaskedNDArray


cdef class _Kept(AbstractFunction):
    """A function whose gradient needs its output only."""

    cdef NDArrayPhp out


cdef class Relu(_Kept):
    """max(x, 0)."""

    cdef object forward(self, tuple inputs):
        self.out = self.K.unary(core.RK_RELU, array_of(<Variable>inputs[0]), None)
        return self.out

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (make_variable(
            self.backend_, self.K.binary(core.RK_DRELU, self.out, array_of(<Variable>douts[0]), None)
        ),)


cdef class SigmoidFunction(_Kept):
    """1 / (1 + exp(-x))."""

    cdef object forward(self, tuple inputs):
        self.out = self.K.unary(core.RK_SIGMOID, array_of(<Variable>inputs[0]), None)
        return self.out

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (make_variable(
            self.backend_, self.K.binary(core.RK_DSIGMOID, self.out, array_of(<Variable>douts[0]), None)
        ),)


cdef class TanhFunction(_Kept):
    """The hyperbolic tangent."""

    cdef object forward(self, tuple inputs):
        self.out = self.K.unary(core.RK_TANH, array_of(<Variable>inputs[0]), None)
        return self.out

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (make_variable(
            self.backend_, self.K.binary(core.RK_DTANH, self.out, array_of(<Variable>douts[0]), None)
        ),)


cdef class SoftmaxFunction(_Kept):
    """exp(x) / sum(exp(x)) over the last dimension."""

    cdef object forward(self, tuple inputs):
        self.out = self.K.softmax_rows(array_of(<Variable>inputs[0]))
        return self.out

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (make_variable(self.backend_, self.K.dsoftmax_rows(self.out, array_of(<Variable>douts[0]))),)


cdef class ActivationCall(AbstractFunction):
    """An activation object of the user's, through its ``forward`` and ``backward``."""

    cdef object activation
    cdef object training
    cdef object states

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<ActivationCall>node).activation = self.activation
        (<ActivationCall>node).training = self.training
        return 0

    cdef object forward(self, tuple inputs):
        self.states = types.SimpleNamespace()
        return raw(self.activation.forward(self.states, array_of(<Variable>inputs[0]), training=self.training))

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
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
    out = <Variable>f.record((v,))
    if isinstance(v.value_, MaskedNDArray):
        out.value_ = MaskedNDArray(out.value_, v.value_.mask())
    return out
