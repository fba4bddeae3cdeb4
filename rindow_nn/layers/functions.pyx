"""Layers as single differentiable functions with fused kernels."""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport NDArrayPhp, empty_like
from rindow_nn.activations.functions cimport Pointwise
from rindow_nn.gradient.core.layerfunction cimport LayerFunction
from rindow_nn.gradient.core.tape cimport (
    A, AbstractFunction, GradientCall, OPAQUE, STEP, Variable, array_of, make_variable, pack, prepare, recording,
)
from rindow_nn.gradient.core.values import MaskedNDArray

EPILOGUES = {
    None: core.RK_EPI_NONE, "relu": core.RK_EPI_RELU, "sigmoid": core.RK_EPI_SIGMOID, "tanh": core.RK_EPI_TANH,
}


cdef class DenseFunction(LayerFunction):
    """activation(x kernel + bias), with the bias and the activation fused into the product."""

    cdef int epilogue
    cdef bint biased
    cdef NDArrayPhp x
    cdef NDArrayPhp kernel
    cdef NDArrayPhp bias
    cdef NDArrayPhp out

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<DenseFunction>node).epilogue = self.epilogue
        (<DenseFunction>node).biased = self.biased
        return 0

    cdef AbstractFunction before(self, AbstractFunction second, bint gradient, list makers):
        cdef DenseFunction f
        if self.epilogue or not isinstance(second, Pointwise):
            return None
        if (<Pointwise>second).epilogue != core.RK_EPI_RELU:
            return None  # others round otherwise there
        f = <DenseFunction>self.renew()
        f.epilogue = core.RK_EPI_RELU
        return f

    cdef int role(self):
        return OPAQUE if isinstance(self.kept[0], MaskedNDArray) else STEP

    cdef object forward(self, tuple xs, object out):
        self.x = A(xs, 0)
        self.kernel = A(xs, 1)
        self.bias = A(xs, 2) if self.biased else None
        if self.x.dt != self.kernel.dt:
            raise InvalidArgumentException(
                f"unmatch data type: inputs are {NAMES[self.x.dt]}, the kernel is {NAMES[self.kernel.dt]} in "
                f"{self.layer.name()}:forward"
            )
        self.out = self.K.dense(self.x, self.kernel, self.bias, self.epilogue, <NDArrayPhp>out)
        return self.masked(xs, self.out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef DenseGradient f
        cdef NDArrayPhp dx = None
        cdef NDArrayPhp dkernel = None
        cdef NDArrayPhp dbias = None
        cdef list result
        if recording():
            f = DenseGradient.__new__(DenseGradient)
            f.epilogue = self.epilogue
            f.biased = self.biased
            f.need_x = needs & 1 != 0
            prepare(f, self.backend_, None)
            inputs = [douts[0], self.input(0), self.input(1), self.output(0, self.out)]
            result = f.record(tuple(inputs + [self.input(2)] if self.biased else inputs))
            return tuple(result if f.need_x else [None, *result])
        if needs & 1:
            dx = empty_like(self.x)
        if needs & 2:
            dkernel = empty_like(self.kernel)
        if self.biased and needs & 4:
            dbias = empty_like(self.bias)
        self.K.dense_gradient(
            self.x, self.kernel, self.out, array_of(<Variable>douts[0]), self.epilogue, dx, dkernel, dbias
        )
        return (
            None if dx is None else make_variable(self.backend_, dx),
            None if dkernel is None else make_variable(self.backend_, dkernel),
            None if dbias is None else make_variable(self.backend_, dbias),
        )


cdef class DenseGradient(GradientCall):
    """The gradients of ``DenseFunction`` as a call of its own: inputs dy, x, kernel, y, bias."""

    cdef int epilogue
    cdef bint biased
    cdef bint need_x

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<DenseGradient>node).epilogue = self.epilogue
        (<DenseGradient>node).biased = self.biased
        (<DenseGradient>node).need_x = self.need_x
        return 0

    cdef int role(self):
        return STEP

    cdef bint optional_outputs(self):
        return True

    cdef int shape_only(self):
        return 16 if self.epilogue else 16 | 8  # the bias's values do not count, nor y's without an activation

    cdef object forward(self, tuple xs, object out):
        cdef int at = 1 if self.need_x else 0
        if out is None:
            out = tuple(
                [empty_like(A(xs, i)) for i in ((1,) if self.need_x else ()) + (2,) + ((4,) if self.biased else ())]
            )
        self.K.dense_gradient(
            A(xs, 1), A(xs, 2), A(xs, 3), A(xs, 0), self.epilogue,
            <NDArrayPhp>out[0] if self.need_x else None,
            <NDArrayPhp>out[at], <NDArrayPhp>out[at + 1] if self.biased else None,
        )
        return out


def dense(layer, backend, x, kernel, bias, int epilogue):
    """Calls a dense layer on a variable and records the call.

    Args:
        layer: the layer, for messages and masks.
        backend: the backend ``K``.
        x: variable of shape (..., k).
        kernel: variable of shape (k, n).
        bias: variable of shape (n), or None.
        epilogue: one of ``EPILOGUES``.

    Returns:
        A variable of shape (..., n).
    """
    cdef DenseFunction f = DenseFunction.__new__(DenseFunction)
    f.layer = layer
    f.inputs_of_layer = 1
    f.epilogue = epilogue
    f.biased = bias is not None
    prepare(f, backend, None)
    if f.biased:
        return f.record((pack(backend, x), kernel, bias))
    return f.record((pack(backend, x), kernel))
