"""Convolution layers as single differentiable functions with fused kernels."""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport NDArrayPhp, empty_like
from rindow_nn.activations.functions cimport Pointwise
from rindow_nn.backend.rindow_blas.conv_primitives import ConvSettings as Settings
from rindow_nn.backend.rindow_blas.pooling_primitives cimport PoolingSettings
from rindow_nn.gradient.core.layerfunction cimport LayerFunction
from rindow_nn.gradient.core.tape cimport (
    A, AbstractFunction, GradientCall, OPAQUE, STEP, Variable, array_of, make_variable, pack, prepare, recording,
)
from rindow_nn.gradient.core.values import MaskedNDArray


cdef class ConvForm:
    """What a layer's calls have in common.

    Args:
        rank: number of dimensions without batch and channels.
        strides: list of steps.
        padding: ``valid`` or ``same``.
        data_format: ``channels_last`` or ``channels_first``; None: the former.
        dilation_rate: list of distances between the kernel's points in the image.
        epilogue: one of ``functions.EPILOGUES``, computed with the convolution.
        biased: whether there is a bias.
    """

    def __init__(self, rank, strides, padding, data_format, dilation_rate, epilogue, biased):
        self.settings = Settings(rank, strides, padding, data_format, dilation_rate)
        self.epilogue = epilogue
        self.biased = biased

    cdef ConvForm followed(self, int epilogue):
        """The same with an activation."""
        cdef ConvForm form = ConvForm.__new__(ConvForm)
        form.settings = self.settings
        form.biased = self.biased
        form.epilogue = epilogue
        return form


cdef class ConvFunction(LayerFunction):
    """activation(x * kernel + bias), with the bias and the activation fused into the convolution."""

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<ConvFunction>node).form = self.form
        return 0

    cdef AbstractFunction before(self, AbstractFunction second, bint gradient, list makers):
        cdef ConvFunction f
        if self.form.epilogue or not isinstance(second, Pointwise):
            return None
        if type(self) is ConvFunction and (<Pointwise>second).epilogue != core.RK_EPI_RELU:
            return None  # others round otherwise there
        f = <ConvFunction>self.renew()
        f.form = self.form.followed((<Pointwise>second).epilogue)
        return f

    cdef tuple pooled(self, tuple xs, PoolingSettings pooling, NDArrayPhp maxima, NDArrayPhp places):
        """The largest numbers of the windows of a pooling, and their places, from the inputs of the call."""
        return self.K.conv.convolve_pool(
            self.form.settings, pooling, A(xs, 0), A(xs, 1), A(xs, 2) if self.form.biased else None, self.form.epilogue,
            maxima, places
        )

    cdef int role(self):
        return OPAQUE if isinstance(self.kept[0], MaskedNDArray) else STEP

    cdef object forward(self, tuple xs, object out):
        self.x = A(xs, 0)
        self.kernel = A(xs, 1)
        self.bias = A(xs, 2) if self.form.biased else None
        if self.x.dt != self.kernel.dt:
            raise InvalidArgumentException(
                f"unmatch data type: inputs are {NAMES[self.x.dt]}, the kernel is {NAMES[self.kernel.dt]} in "
                f"{self.layer.name()}:forward"
            )
        self.out = self.K.conv.convolve(
            self.form.settings, self.x, self.kernel, self.bias, self.form.epilogue, <NDArrayPhp>out
        )
        return self.masked(xs, self.out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef ConvForm form = self.form
        cdef ConvGradient f
        cdef NDArrayPhp dx = None
        cdef NDArrayPhp dkernel = None
        cdef NDArrayPhp dbias = None
        cdef list result
        if recording():
            f = ConvGradient.__new__(ConvGradient)
            f.form = form
            f.need_x = needs & 1 != 0
            prepare(f, self.backend_, None)
            inputs = [douts[0], self.input(0), self.input(1), self.output(0, self.out)]
            result = f.record(tuple(inputs + [self.input(2)] if form.biased else inputs))
            return tuple(result if f.need_x else [None, *result])
        if needs & 1:
            dx = empty_like(self.x)
        if needs & 2:
            dkernel = empty_like(self.kernel)
        if form.biased and needs & 4:
            dbias = empty_like(self.bias)
        self.K.conv.convolve_gradient(
            form.settings, self.x, self.kernel, self.out, array_of(<Variable>douts[0]), form.epilogue, dx, dkernel,
            dbias
        )
        return (
            None if dx is None else make_variable(self.backend_, dx),
            None if dkernel is None else make_variable(self.backend_, dkernel),
            None if dbias is None else make_variable(self.backend_, dbias),
        )


cdef class ConvGradient(GradientCall):
    """The gradients of ``ConvFunction`` as a call of its own: inputs dy, x, kernel, y, bias."""

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<ConvGradient>node).form = self.form
        (<ConvGradient>node).need_x = self.need_x
        return 0

    cdef int role(self):
        return STEP

    cdef bint optional_outputs(self):
        return True

    cdef int shape_only(self):
        return 16 if self.form.epilogue else 16 | 8  # the bias's values do not count, nor y's without an activation

    cdef object forward(self, tuple xs, object out):
        cdef bint biased = self.form.biased
        cdef int at = 1 if self.need_x else 0
        if out is None:
            out = tuple([empty_like(A(xs, i)) for i in ((1,) if self.need_x else ()) + (2,) + ((4,) if biased else ())])
        self.K.conv.convolve_gradient(
            self.form.settings, A(xs, 1), A(xs, 2), A(xs, 3), A(xs, 0), self.form.epilogue,
            <NDArrayPhp>out[0] if self.need_x else None,
            <NDArrayPhp>out[at], <NDArrayPhp>out[at + 1] if biased else None,
        )
        return out


def convolve(layer, backend, ConvForm form not None, x, kernel, bias):
    """Calls a convolution layer on a variable and records the call.

    Args:
        layer: the layer, for messages and masks.
        backend: the backend ``K``.
        form: strides and so on.
        x: variable of images.
        kernel: variable of shape (..., channels, filters).
        bias: variable of shape (filters), or None.

    Returns:
        A variable.
    """
    cdef ConvFunction f = ConvFunction.__new__(ConvFunction)
    f.layer = layer
    f.inputs_of_layer = 1
    f.form = form
    prepare(f, backend, None)
    if form.biased:
        return f.record((pack(backend, x), kernel, bias))
    return f.record((pack(backend, x), kernel))
