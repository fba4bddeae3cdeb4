"""Poolings as single differentiable functions with fused kernels."""

from rindow_math.matrix.buffer cimport item_size
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport NDArrayPhp, empty_like
from rindow_nn.backend.rindow_blas.pooling_primitives cimport PoolingSettings
from rindow_nn.gradient.core.layerfunction cimport LayerFunction
from rindow_nn.gradient.core.tape cimport (
    A, AbstractFunction, GradientCall, OPAQUE, STEP, Variable, array_of, make_variable, pack, prepare, recording,
)
from rindow_nn.gradient.core.values import MaskedNDArray
from rindow_nn.layers.convolution_functions cimport ConvFunction, ConvGradient

# threads share the filters of a convolution of few images with many weights (bytes); where it is pooled they do so with
# 3 x 3 points, strides of 1 and a multiple of so many filters; with others they do so for small images only
cdef Py_ssize_t FEW_IMAGES = 4
cdef Py_ssize_t MANY_WEIGHTS = 1 << 19
cdef Py_ssize_t SHARED_FILTERS = 64


cdef class PoolingFunction(LayerFunction):
    """A call of a pooling. The outputs: the result and, for largest numbers, their places in the windows."""

    cdef PoolingSettings settings
    cdef NDArrayPhp index
    cdef NDArrayPhp out

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<PoolingFunction>node).settings = self.settings
        return 0

    cdef int role(self):
        return OPAQUE if isinstance(self.kept[0], MaskedNDArray) else STEP

    cdef bint optional_outputs(self):
        return True                   # places are for the gradient

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
        self.out = y
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
                f.maxima = self._from_maxima()
                if f.maxima:
                    inputs.append(self.output(0, self.out))
            return (f.record(tuple(inputs)),)
        xs = (array_of(<Variable>douts[0]), self.kept[0], self.index)
        return (make_variable(self.backend_, f.forward(xs, None)),)

    cdef bint _from_maxima(self) except -1:
        """Whether a convolution with an activation made the images, whose gradient can be had from the maxima alone."""
        cdef AbstractFunction maker = (<Variable>self.inputs_[0]).creator_
        cdef int epilogue = (<ConvFunction>maker).form.epilogue if isinstance(maker, ConvFunction) else 0
        # where windows overlap, gradients are added up before the activation's, which only relu's allows for
        return epilogue != 0 and (epilogue == core.RK_EPI_RELU or self.settings.window is None or self._side_by_side())

    cdef bint _side_by_side(self) except -1:
        cdef PoolingSettings s = self.settings
        return s.window == s.strides and all([n == 1 for n in s.dilation])

    cdef AbstractFunction after(self, AbstractFunction first, bint gradient, list makers):
        """In a convolution, whose result is then not kept; windows that overlap would compute parts of it twice."""
        cdef PooledConvFunction f
        cdef ConvFunction conv
        cdef PoolingSettings s = self.settings
        if not isinstance(first, ConvFunction) or not s.largest or s.window is None or not self._side_by_side():
            return None
        conv = <ConvFunction>first
        if conv.form.settings.rank != s.rank or conv.form.settings.channels_first != s.channels_first:
            return None
        f = PooledConvFunction.__new__(PooledConvFunction)
        prepare(f, self.backend_, None)
        f.layer = conv.layer
        f.conv = conv
        f.settings = s
        return f


cdef class PoolingGradient(GradientCall):
    """The gradient of ``PoolingFunction``; inputs: that of the result, the images, the places.

    After a convolution with an activation, the maxima are a fourth input: they are all that the gradient of both needs.
    """

    cdef PoolingSettings settings
    cdef bint maxima                  # whether these are an input

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<PoolingGradient>node).settings = self.settings
        (<PoolingGradient>node).maxima = self.maxima
        return 0

    cdef int role(self):
        return STEP

    cdef int shape_only(self):
        return 2                      # the images' values do not count

    cdef AbstractFunction before(self, AbstractFunction second, bint gradient, list makers):
        cdef PooledConvGradient f
        cdef ConvGradient conv
        if not isinstance(second, ConvGradient) or not self.maxima or not (<ConvGradient>second).form.epilogue:
            return None
        conv = <ConvGradient>second
        f = PooledConvGradient.__new__(PooledConvGradient)
        prepare(f, self.backend_, None)
        conv.copy_settings(f)
        f.settings = self.settings
        return f

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp dx = empty_like(A(xs, 1)) if out is None else <NDArrayPhp>out
        self.K.pooling.pool_gradient(self.settings, A(xs, 0), A(xs, 2) if self.settings.largest else None, dx)
        return dx


cdef class PooledConvFunction(LayerFunction):
    """The largest numbers of a convolution and their places; inputs: those of the convolution."""

    cdef ConvFunction conv
    cdef PoolingSettings settings

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<PooledConvFunction>node).conv = <ConvFunction>self.conv.renew()
        (<PooledConvFunction>node).settings = self.settings
        return 0

    cdef bint optional_outputs(self):
        return True

    cdef bint better_apart(self, NDArrayPhp x, NDArrayPhp kernel):
        """Whether the threads share more of the work if the pooling follows in a call of its own."""
        cdef list strides = self.conv.form.settings.strides
        if x.dims[0] >= FEW_IMAGES or kernel.n * item_size(kernel.dt) <= MANY_WEIGHTS:
            return False
        return not (
            kernel.nd == 4 and kernel.dims[0] == 3 and kernel.dims[1] == 3 and kernel.dims[3] % SHARED_FILTERS == 0
            and strides[0] == 1 and strides[1] == 1
        )

    cdef object forward(self, tuple xs, object out):
        if out is None:
            return self.conv.pooled(xs, self.settings, None, None)
        if self.better_apart(A(xs, 0), A(xs, 1)):
            y = self.conv.forward(xs, None)
            y = y[0] if isinstance(y, tuple) else y
            self.K.pooling.pool(self.settings, <NDArrayPhp>y, <NDArrayPhp>out[0], <NDArrayPhp>out[1])
            return out
        return self.conv.pooled(xs, self.settings, <NDArrayPhp>out[0], <NDArrayPhp>out[1])


cdef class PooledConvGradient(ConvGradient):
    """The gradients of a convolution with an activation through the pooling behind it.

    Inputs: those of ``PoolingGradient``, and of ``ConvGradient`` without the first. What the convolution gave is not
    read: the activation's gradient comes from the maxima.
    """

    cdef PoolingSettings settings

    cdef int copy_settings(self, AbstractFunction node) except -1:
        ConvGradient.copy_settings(self, node)
        (<PooledConvGradient>node).settings = self.settings
        return 0

    cdef int shape_only(self):
        return 2 | 64 | 128

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp dy = empty_like(A(xs, 1))
        cdef bint biased = self.form.biased
        cdef int at = 1 if self.need_x else 0
        self.K.pooling.pool_gradient(self.settings, A(xs, 0), A(xs, 2), dy, A(xs, 3), self.form.epilogue)
        self.K.conv.convolve_gradient(
            self.form.settings, A(xs, 4), A(xs, 5), None, dy, core.RK_EPI_NONE,
            <NDArrayPhp>out[0] if self.need_x else None,
            <NDArrayPhp>out[at], <NDArrayPhp>out[at + 1] if biased else None,
        )
        return out


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
