"""Layers as single differentiable functions with fused kernels."""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport NDArrayPhp, raw
from rindow_nn.gradient.core.layerfunction cimport LayerFunction
from rindow_nn.gradient.core.tape cimport AbstractFunction, Variable, array_of, make_variable, pack, prepare

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

    cdef object forward(self, tuple inputs):
        self.x = array_of(<Variable>inputs[0])
        self.kernel = array_of(<Variable>inputs[1])
        self.bias = array_of(<Variable>inputs[2]) if self.biased else None
        if self.x.dt != self.kernel.dt:
            raise InvalidArgumentException(
                f"unmatch data type: inputs are {NAMES[self.x.dt]}, the kernel is {NAMES[self.kernel.dt]} in "
                f"{self.layer.name()}:forward"
            )
        self.out = self.K.dense(self.x, self.kernel, self.bias, self.epilogue)
        return self.masked(inputs, self.out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef NDArrayPhp dy = array_of(<Variable>douts[0])
        cdef tuple grads = self.K.dense_gradient(
            self.x, self.kernel, self.bias, self.out, dy, self.epilogue, needs & 1 != 0
        )
        cdef list result = [
            None if g is None else make_variable(self.backend_, g) for g in grads[: 3 if self.biased else 2]
        ]
        return tuple(result)


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
