"""Poolings as single differentiable functions with fused kernels."""

from rindow_math.matrix.ndarray cimport NDArrayPhp, empty_like
from rindow_nn.backend.rindow_blas.pooling_primitives cimport PoolingSettings
from rindow_nn.gradient.core.layerfunction cimport LayerFunction
from rindow_nn.gradient.core.tape cimport (
    A, AbstractFunction, GradientCall, OPAQUE, STEP, Variable, array_of, make_variable, pack, prepare, recording,
)
from rindow_nn.gradient.core.values import MaskedNDArray


cdef class PoolingFunction(LayerFunction):
    """A call of a pooling. The outputs: the result and, for largest numbers, their places in the windows."""

    cdef PoolingSettings settings
    cdef NDArrayPhp index

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<PoolingFunction>node).settings = self.settings
        return 0

    cdef int role(self):
        return OPAQUE if isinstance(self.kept[0], MaskedNDArray) else STEP

    cdef object forward(self, tuple xs, object out):
        cdef PoolingSettings s = self.settings
        cdef NDArrayPhp x = A(xs, 0)
        cdef NDArrayPhp y
        if s.largest:
            y = self.K.pooling.result(s, x) if out is None else <NDArrayPhp>out[0]
            self.index = self.K.pooling.index(s, x) if out is None else <NDArrayPhp>out[1]
        else:
            y = self.K.pooling.result(s, x) if out is None else <NDArrayPhp>out
        self.K.pooling.pool(s, x, y, self.index)
        return (self.masked(xs, y), self.index) if s.largest else self.masked(xs, y)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef PoolingGradient f = PoolingGradient.__new__(PoolingGradient)
        cdef tuple xs
        if not needs & 1:
            return (None,)
        f.settings = self.settings
        prepare(f, self.backend_, None)
        if recording():
            inputs = [douts[0], self.input(0)]
            if self.settings.largest:
                inputs.append(self.output(1, self.index))
            return (f.record(tuple(inputs)),)
        xs = (array_of(<Variable>douts[0]), self.kept[0], self.index)
        return (make_variable(self.backend_, f.forward(xs, None)),)


cdef class PoolingGradient(GradientCall):
    """The gradient of ``PoolingFunction``; inputs: that of the result, the images, the places."""

    cdef PoolingSettings settings

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<PoolingGradient>node).settings = self.settings
        return 0

    cdef int role(self):
        return STEP

    cdef int shape_only(self):
        return 2                      # the images' values do not count

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp dx = empty_like(A(xs, 1)) if out is None else <NDArrayPhp>out
        self.K.pooling.pool_gradient(self.settings, A(xs, 0), A(xs, 2) if self.settings.largest else None, dx)
        return dx


def pool(layer, backend, x, settings):
    """Calls a pooling on a variable and records the call.

    Args:
        layer: the layer, for messages and masks.
        backend: the backend ``K``.
        x: variable of images.
        settings: a ``PoolingSettings``.

    Returns:
        A variable.
    """
    cdef PoolingFunction f = PoolingFunction.__new__(PoolingFunction)
    f.layer = layer
    f.settings = settings
    f.inputs_of_layer = 1
    prepare(f, backend, None)
    outs = f.record((pack(backend, x),))
    if not f.settings.largest:
        return outs
    if f.output_shapes is not None:
        f.output_shapes = (f.output_shapes[0], None)  # places have no gradient
    return outs[0]
