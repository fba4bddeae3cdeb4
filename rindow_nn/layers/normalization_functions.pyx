"""Normalisations as single differentiable functions with fused kernels."""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport NDArrayPhp, empty, empty_like, raw, shape_text
from rindow_nn.gradient.core.layerfunction cimport LayerFunction
from rindow_nn.gradient.core.tape cimport (
    A, AbstractFunction, GradientCall, OPAQUE, STEP, Variable, array_of, make_variable, pack, prepare, recording,
)
from rindow_nn.gradient.core.values import MaskedNDArray


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
    cdef NDArrayPhp stats

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<NormalizationFunction>node).form = self.form
        return 0

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
        cdef Py_ssize_t kept = 2 * n if form.batch else 2 * (x.n // n if n else 0)
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
                <NDArrayPhp>out[0], self.stats
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

    The inputs: the gradient of the result, x, the moments and, if there is one, gamma. The outputs: the gradients of
    the call's inputs in ``places``.
    """

    cdef NormalizationForm form
    cdef list places

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<NormalizationGradient>node).form = self.form
        (<NormalizationGradient>node).places = self.places
        return 0

    cdef int role(self):
        return STEP

    cdef bint optional_outputs(self):
        return True

    cdef object forward(self, tuple xs, object out):
        cdef NormalizationForm form = self.form
        cdef NDArrayPhp x = A(xs, 1)
        cdef NDArrayPhp gamma = A(xs, 3) if form.scale else None
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
                axis, form.training, x, gamma, A(xs, 2), A(xs, 0), <NDArrayPhp>into[0], <NDArrayPhp>into[2],
                <NDArrayPhp>into[1]
            )
        else:
            self.K.norm.layer_norm_gradient(
                axis, x, gamma, A(xs, 2), A(xs, 0), <NDArrayPhp>into[0], <NDArrayPhp>into[2], <NDArrayPhp>into[1]
            )
        return out


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
