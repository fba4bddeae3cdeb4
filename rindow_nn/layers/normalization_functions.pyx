"""Normalisations as single differentiable functions with fused kernels."""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport NDArrayPhp, empty, empty_like, raw, shape_text
from rindow_nn.activations.functions cimport Pointwise, PointwiseGradient
from rindow_nn.backend.rindow_blas.pooling_primitives cimport PoolingSettings
from rindow_nn.gradient.core.layerfunction cimport LayerFunction
from rindow_nn.gradient.core.tape cimport (
    A, AbstractFunction, GradientCall, OPAQUE, STEP, Variable, array_of, make_variable, pack, prepare, recording,
)
from rindow_nn.gradient.core.values import MaskedNDArray
from rindow_nn.layers.convolution_functions cimport ConvFunction


cdef class NormalizationForm:
    """What a layer's calls of one kind have in common.

    A call's inputs are x, beta (if there is one), gamma (if there is one) and, over the batch, the moving moments.

    Args:
        axis: of the features; the batch is axis 0.
        epsilon: keeps quotients finite.
        center: whether there is a beta.
        scale: whether there is a gamma.
        batch: whether the moments are those of features over the batch, not those of samples over their features.
        momentum: what the moving moments keep of themselves.
        training: whether the moments over the batch come from the inputs.
    """

    cdef int axis
    cdef double epsilon
    cdef double momentum
    cdef bint center
    cdef bint scale
    cdef bint batch
    cdef bint training

    def __init__(self, axis, epsilon, center, scale, batch=False, momentum=0.0, training=False):
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.batch = batch
        self.momentum = momentum
        self.training = training

    cdef int place(self, NDArrayPhp x) noexcept:
        """The axis of an array, from 0."""
        return self.axis + x.nd if self.axis < 0 else self.axis

    cdef NDArrayPhp gamma(self, tuple xs):
        return A(xs, 2 if self.center else 1) if self.scale else None


cdef class NormalizationFunction(LayerFunction):
    """A call of a normalisation. The outputs: the result, and the moments that its gradient needs."""

    cdef NormalizationForm form
    cdef bint relu                    # over the batch: with the activation that follows
    cdef NDArrayPhp stats

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<NormalizationFunction>node).form = self.form
        (<NormalizationFunction>node).relu = self.relu
        return 0

    cdef AbstractFunction after(self, AbstractFunction first, bint gradient, list makers):
        """Outside training, over the filters of a convolution: in its epilogue."""
        cdef FoldedConvFunction f
        cdef ConvFunction conv
        cdef int filters
        if gradient or not self.form.batch or self.form.training or type(first) is not ConvFunction:
            return None
        conv = <ConvFunction>first
        filters = 1 if conv.form.settings.channels_first else conv.form.settings.rank + 1
        if conv.form.epilogue or self.form.axis not in (filters, filters - conv.form.settings.rank - 2):
            return None
        f = FoldedConvFunction.__new__(FoldedConvFunction)
        prepare(f, self.backend_, None)
        conv.copy_settings(f)
        f.normalization = self.form
        return f

    cdef AbstractFunction before(self, AbstractFunction second, bint gradient, list makers):
        cdef NormalizationFunction f
        if not self.form.batch or self.relu or not isinstance(second, Pointwise):
            return None
        if (<Pointwise>second).epilogue != core.RK_EPI_RELU:
            return None
        f = <NormalizationFunction>self.renew()
        f.relu = True
        return f

    cdef int role(self):
        return OPAQUE if isinstance(self.kept[0], MaskedNDArray) else STEP

    cdef object forward(self, tuple xs, object out):
        cdef NormalizationForm form = self.form
        cdef NDArrayPhp x = A(xs, 0)
        cdef NDArrayPhp gamma = form.gamma(xs)
        cdef NDArrayPhp beta = A(xs, 1) if form.center else None
        cdef NDArrayPhp weight
        cdef int axis = form.place(x)
        cdef int moving = 1 + form.center + form.scale
        cdef Py_ssize_t n = x.dims[axis] if 0 <= axis < x.nd else 0
        cdef Py_ssize_t kept = 4 * n if form.batch else 2 * (x.n // n if n else 0)
        cdef int i
        for i in range(1, len(xs)):
            weight = A(xs, i)
            if weight.dt != x.dt or weight.n != n:
                raise InvalidArgumentException(
                    f"inputs of shape {shape_text(x)} ({NAMES[x.dt]}) do not fit weights of shape "
                    f"{shape_text(weight)} ({NAMES[weight.dt]}) along axis {form.axis} in {self.layer.name()}:forward"
                )
        if out is None:
            out = (empty_like(x), empty(x.dt, 1, &kept))
        self.stats = <NDArrayPhp>out[1]
        if form.batch:
            self.K.norm.batch_norm(
                axis, form.epsilon, form.momentum, form.training, x, gamma, beta, A(xs, moving), A(xs, moving + 1),
                self.relu, <NDArrayPhp>out[0], self.stats
            )
        else:
            self.K.norm.layer_norm(axis, form.epsilon, x, gamma, beta, <NDArrayPhp>out[0], self.stats)
        return (self.masked(xs, out[0]), out[1])

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef NormalizationForm form = self.form
        cdef NormalizationGradient f = NormalizationGradient.__new__(NormalizationGradient)
        cdef list grads = [None] * len(self.inputs_)
        cdef int i
        f.form = form
        f.places = [i for i in range(1 + form.center + form.scale) if needs >> i & 1]
        prepare(f, self.backend_, None)
        if recording():
            inputs = [douts[0], self.input(0), self.output(1, self.stats)]
            if form.scale:
                inputs.append(self.input(2 if form.center else 1))
            values = f.record(tuple(inputs))
        else:
            values = f.forward(
                (array_of(<Variable>douts[0]), raw(self.kept[0]), self.stats, form.gamma(self.kept)), None
            )
            values = [make_variable(self.backend_, x) for x in values]
        for i in range(len(f.places)):
            grads[f.places[i]] = values[i]
        return tuple(grads)


cdef class NormalizationGradient(GradientCall):
    """The gradients of ``NormalizationFunction``.

    The inputs: the gradient of the result, x, the moments and, if there is one, gamma; with an activation that follows,
    its result before them. The outputs: the gradients of the call's inputs in ``places``.
    """

    cdef NormalizationForm form
    cdef list places
    cdef bint relu

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<NormalizationGradient>node).form = self.form
        (<NormalizationGradient>node).places = self.places
        (<NormalizationGradient>node).relu = self.relu
        return 0

    cdef AbstractFunction after(self, AbstractFunction first, bint gradient, list makers):
        """With the gradient of the activation, where the normalisation computes the activation too."""
        cdef NormalizationGradient f
        if not isinstance(first, PointwiseGradient) or not self.form.batch or not self.form.training or self.relu:
            return None
        if not isinstance(makers[3], NormalizationFunction) or makers[0] is not makers[3]:
            return None
        if not (<NormalizationFunction>makers[3]).relu or (<PointwiseGradient>first).op != core.RK_DRELU:
            return None
        f = <NormalizationGradient>self.renew()
        f.relu = True
        return f

    cdef int shape_only(self):
        return 1 if self.relu else 0  # where the result is 0 follows from x

    cdef int role(self):
        return STEP

    cdef bint optional_outputs(self):
        return True

    cdef object forward(self, tuple xs, object out):
        cdef NormalizationForm form = self.form
        cdef int at = 1 if self.relu else 0
        cdef NDArrayPhp x = A(xs, at + 1)
        cdef NDArrayPhp gamma = A(xs, at + 3) if form.scale else None
        cdef list into = [None, None, None]
        cdef int axis = form.place(x)
        cdef int place
        cdef int i
        if out is None:
            out = tuple([empty_like(x) if i == 0 else empty(x.dt, 1, &x.dims[axis]) for i in self.places])
        elif not isinstance(out, tuple):
            out = (out,)
        for i in range(len(self.places)):
            place = self.places[i]
            into[2 if place == 1 and not form.center else place] = out[i]
        if form.batch:
            self.K.norm.batch_norm_gradient(
                axis, form.training, x, gamma, A(xs, at + 2), A(xs, at), self.relu, <NDArrayPhp>into[0],
                <NDArrayPhp>into[2], <NDArrayPhp>into[1]
            )
        else:
            self.K.norm.layer_norm_gradient(
                axis, x, gamma, A(xs, 2), A(xs, 0), <NDArrayPhp>into[0], <NDArrayPhp>into[2], <NDArrayPhp>into[1]
            )
        return out


cdef class FoldedConvFunction(ConvFunction):
    """A convolution and the normalisation of its filters by moving moments, as one convolution.

    Inputs: those of the convolution and, without the images, of the normalisation. The second output, what the
    normalisation would keep for its gradient, is not computed.
    """

    cdef NormalizationForm normalization
    cdef NDArrayPhp factors
    cdef NDArrayPhp summands

    cdef int copy_settings(self, AbstractFunction node) except -1:
        ConvFunction.copy_settings(self, node)
        (<FoldedConvFunction>node).normalization = self.normalization
        return 0

    cdef bint optional_outputs(self):
        return True

    cdef int fold(self, tuple xs) except -1:
        """Computes factors and summands for the weights as they are now."""
        cdef NormalizationForm form = self.normalization
        cdef NDArrayPhp mean = A(xs, <int>len(xs) - 2)
        cdef int at = 3 if self.form.biased else 2
        if self.factors is None:
            self.factors = empty_like(mean)
            self.summands = empty_like(mean)
        self.K.norm.fold_batch_norm(
            form.epsilon, A(xs, 2) if self.form.biased else None, A(xs, at + form.center) if form.scale else None,
            A(xs, at) if form.center else None, mean, A(xs, <int>len(xs) - 1), self.factors, self.summands
        )
        return 0

    cdef object forward(self, tuple xs, object out):
        self.fold(xs)
        return self.K.conv.convolve(
            self.form.settings, A(xs, 0), A(xs, 1), self.summands, self.form.epilogue,
            None if out is None else <NDArrayPhp>out[0], self.factors
        ), None

    cdef tuple pooled(self, tuple xs, PoolingSettings pooling, NDArrayPhp maxima, NDArrayPhp places):
        self.fold(xs)
        return *self.K.conv.convolve_pool(
            self.form.settings, pooling, A(xs, 0), A(xs, 1), self.summands, self.form.epilogue, maxima, places,
            self.factors
        ), None


def normalize(layer, backend, x, weights, form):
    """Calls a normalisation on a variable and records the call.

    Args:
        layer: the layer, for messages and masks.
        backend: the backend ``K``.
        x: variable of shape (batch, ...).
        weights: the weights that the form says there are.
        form: a ``NormalizationForm``.

    Returns:
        A variable of the shape of x.
    """
    cdef NormalizationFunction f = NormalizationFunction.__new__(NormalizationFunction)
    cdef list outs
    f.layer = layer
    f.form = form
    f.inputs_of_layer = 1
    prepare(f, backend, None)
    outs = f.record((pack(backend, x), *weights))
    if f.output_shapes is not None:
        f.output_shapes = (f.output_shapes[0], None)  # no gradient comes through what is kept
    return outs[0]
