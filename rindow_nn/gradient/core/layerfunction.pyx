"""Calls of layers and losses on the tape: one node for a call, with the layer's weights as further inputs."""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.ndarray cimport NDArray, NDArrayPhp, raw, same_shape, shape_text
from rindow_nn.gradient.core.tape cimport (
    AbstractFunction, Variable, array_of, make_variable, pack, prepare, traced_gradient, tracing,
)
from rindow_nn.gradient.core.values import MaskedNDArray


cdef class LayerFunction(AbstractFunction):
    """A call of a layer. The first inputs are the layer's, the others its trainable weights."""

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<LayerFunction>node).layer = self.layer
        (<LayerFunction>node).inputs_of_layer = self.inputs_of_layer
        return 0

    cdef object masked(self, tuple xs, object value):
        """The output with the mask that the layer computes from the input's."""
        if isinstance(xs[0], MaskedNDArray):
            return self.layer.makeSingleMaskedValue(xs[0], value)
        return value

    def func(self):
        """The layer or loss that was called."""
        return self.layer

    def inputs(self):
        """The variables that the layer was called with; not its weights."""
        return list((self.inputs_ or ())[: self.inputs_of_layer])

    def backward(self, dOutputs, grads=None, oidsToCollect=None):
        """Gradients of the layer's inputs, as arrays; those of the weights are left in the layer, and in ``grads``."""
        cdef list arrays = AbstractFunction.backward(self, dOutputs)
        cdef list slopes = arrays[self.inputs_of_layer :]
        if self.layer is not None and slopes:
            self.layer.setGrads(slopes)
        if grads is not None:
            for variable, slope in zip(self.inputs_[self.inputs_of_layer :], slopes):
                if slope is not None and (oidsToCollect is None or any([variable is v for v in oidsToCollect])):
                    grads[variable] = self.backend_.add(grads[variable], slope) if variable in grads else slope
        return arrays[: self.inputs_of_layer]

    def layerObject(self):
        """The layer that was called."""
        return self.layer


cdef class LayerCall(LayerFunction):
    """A call of a layer written in Python, through its ``call`` and ``differentiate``."""

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<LayerCall>node).options = self.options
        return 0

    cdef object forward(self, tuple xs, object out):
        layer = self.layer
        before = layer._container
        layer._container = self.container()
        try:
            result = layer._callOnArrays(list(xs[: self.inputs_of_layer]), self.options)
        finally:
            layer._container = before
        if isinstance(result, (list, tuple)):
            return tuple(result) if len(result) != 1 else result[0]
        return result

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef NDArrayPhp given
        cdef NDArrayPhp x
        cdef int i
        if tracing():
            return traced_gradient(self, douts)
        layer = self.layer
        before = layer._container
        layer._container = self.container()
        try:
            grads = layer._differentiateArrays([None if d is None else array_of(<Variable>d) for d in douts])
            grads = list(grads) if isinstance(grads, (list, tuple)) else [grads]
            grads += [None] * (self.inputs_of_layer - len(grads))
            if len(self.inputs_) > self.inputs_of_layer:
                grads += layer._trainableGrads()
        finally:
            layer._container = before
        for i in range(len(self.inputs_)):
            if i < len(grads) and grads[i] is not None and isinstance(self.kept[i], NDArray):
                given = raw(grads[i])
                x = raw(self.kept[i])
                if not same_shape(given, x):
                    of = f"input #{i + 1}"
                    if i >= self.inputs_of_layer:
                        of = f"weight #{i + 1 - self.inputs_of_layer}"
                    raise InvalidArgumentException(
                        f"the gradient of {of} has shape {shape_text(given)}, must be {shape_text(x)} in "
                        f"{layer.name()}:backward"
                    )
        return tuple(
            [g if g is None or isinstance(g, Variable) else make_variable(self.backend_, raw(g)) for g in grads]
        )


def callLayer(layer, backend, inputs, weights, options, name=None):
    """Calls a layer on variables and records the call.

    Args:
        layer: has ``_callOnArrays(arrays, options)`` and ``_differentiateArrays(gradients)``.
        backend: the backend ``K``.
        inputs: list of variables or arrays.
        weights: the layer's trainable variables.
        options: passed on to ``_callOnArrays``.
        name: shown in messages.

    Returns:
        A variable, or a list of them.
    """
    cdef LayerCall f = LayerCall.__new__(LayerCall)
    f.layer = layer
    f.inputs_of_layer = len(inputs)
    f.options = options
    prepare(f, backend, name)
    return f.record(tuple([pack(backend, v) for v in inputs] + list(weights)))
