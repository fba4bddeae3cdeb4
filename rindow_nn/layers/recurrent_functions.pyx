"""Recurrent layers as single differentiable functions with fused kernels."""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport NDArrayPhp, cast_to, copy_of, empty, empty_like, raw
from rindow_nn.backend.rindow_blas.rnn_primitives cimport RecurrentSettings
from rindow_nn.gradient.core.layerfunction cimport LayerFunction
from rindow_nn.gradient.core.tape cimport (
    A, AbstractFunction, GradientCall, OPAQUE, STEP, Variable, array_of, make_variable, pack, prepare, recording,
)
from rindow_nn.gradient.core.values import MaskedNDArray


cdef class RecurrentForm:
    """What a layer's calls of one kind have in common, and where things stand among their inputs.

    A call's inputs are the sequences, initial states if given, kernel, recurrent kernel, bias if any, mask if given.

    Args:
        settings: the cell and its options.
        biased: whether there is a bias.
        sequences: whether the outputs of all steps are wanted, not the last one alone.
        states: whether the last states are outputs too.
        given: whether initial states are inputs.
        masked: whether a mask is an input; else that of the sequences holds.
        stateful: whether the states are those of the call before, where none are given.
    """

    cdef RecurrentSettings core
    cdef bint biased
    cdef bint sequences
    cdef bint states
    cdef bint given
    cdef bint masked
    cdef bint stateful
    cdef int weights                  # place of the first weight
    cdef int sources                  # inputs that a gradient may be wanted of
    cdef int total

    def __init__(self, settings, biased, sequences, states, given, masked, stateful):
        self.core = settings
        self.biased = biased
        self.sequences = sequences
        self.states = states
        self.given = given
        self.masked = masked
        self.stateful = stateful
        self.weights = 1 + (self.core.states if given else 0)
        self.sources = self.weights + (3 if biased else 2)
        self.total = self.sources + (1 if masked else 0)

    cdef NDArrayPhp mask(self, tuple xs):
        """The mask as bools, or None."""
        cdef NDArrayPhp x = A(xs, 0)
        cdef NDArrayPhp mask
        if self.masked:
            mask = A(xs, self.sources)
        elif isinstance(xs[0], MaskedNDArray):
            mask = raw(xs[0].mask())
        else:
            return None
        if mask.nd != 2 or mask.dims[0] != x.dims[0] or mask.dims[1] != x.dims[1]:
            raise InvalidArgumentException(
                f"the mask of shape {mask.shape()} does not fit a sequence of shape {x.shape()}"
            )
        return mask if mask.dt == core.RK_BOOL else cast_to(mask, core.RK_BOOL)

    cdef int role(self, tuple xs):
        """Masks of inputs and kept states have to be looked at in each run."""
        return OPAQUE if self.stateful or isinstance(xs[0], MaskedNDArray) else STEP

    cdef int count(self):
        """How many outputs there are before what is kept for the gradient."""
        return 1 + (self.core.states if self.states else 0)


cdef class RecurrentFunction(LayerFunction):
    """A call of a recurrent layer. The outputs: result, last states if wanted, what the gradient needs."""

    cdef RecurrentForm form
    cdef tuple outs

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<RecurrentFunction>node).form = self.form
        return 0

    cdef int role(self):
        return self.form.role(self.kept)

    cdef bint reads_masks(self):
        return True

    cdef object forward(self, tuple xs, object out):
        cdef RecurrentForm form = self.form
        cdef RecurrentSettings s = form.core
        cdef NDArrayPhp x = A(xs, 0)
        cdef NDArrayPhp kernel = A(xs, form.weights)
        cdef Py_ssize_t[3] dims
        cdef NDArrayPhp h = None
        cdef NDArrayPhp c = None
        cdef tuple before = None
        cdef bint planned = out is not None  # a plan knows what has which mask
        cdef int i
        if x.dt != kernel.dt:
            raise InvalidArgumentException(
                f"unmatch data type: inputs are {NAMES[x.dt]}, the kernel is {NAMES[kernel.dt]} in "
                f"{self.layer.name()}:forward"
            )
        if form.given:
            before = tuple([A(xs, i) for i in range(1, form.weights)])
        elif form.stateful:
            before = self.layer._states
        dims[0] = x.dims[0]
        dims[1] = x.dims[1]
        dims[2] = s.units
        if not planned:
            result = [empty(x.dt, 3, dims)] if form.sequences else []
            dims[1] = s.units
            while len(result) < form.count():
                result.append(empty(x.dt, 2, dims))
            result.append(self.K.rnn.saved_for(s, x))
            out = tuple(result)
        dims[1] = s.units
        if not form.sequences:
            h = <NDArrayPhp>out[0]
        elif form.states:
            h = <NDArrayPhp>out[1]
        else:
            h = empty(x.dt, 2, dims)
        if s.states == 2 and form.states:
            c = <NDArrayPhp>out[2]
        elif s.states == 2 and form.stateful:
            c = empty(x.dt, 2, dims)
        self.K.rnn.recur(
            s, x, before, kernel, A(xs, form.weights + 1), A(xs, form.weights + 2) if form.biased else None,
            form.mask(xs), <NDArrayPhp>out[0] if form.sequences else None, h, c, <NDArrayPhp>out[len(out) - 1]
        )
        if form.states and not form.sequences:
            self.K.copy_array(h, <NDArrayPhp>out[1])
        if form.stateful:
            self.layer._states = (copy_of(h),) if s.states == 1 else (copy_of(h), copy_of(c))
        self.outs = out
        if not planned and isinstance(xs[0], MaskedNDArray):
            return (self.masked(xs, out[0]), *out[1:])
        return out

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return self.gradients(douts, needs, recording())

    cdef tuple gradients(self, tuple douts, unsigned long long needs, bint recorded):
        """Gradients of the inputs from those of result and last states, any of which may be missing."""
        cdef RecurrentForm form = self.form
        cdef RecurrentGradient f = RecurrentGradient.__new__(RecurrentGradient)
        cdef int last = len(self.outs) - 1
        cdef list grads = [None] * len(self.inputs_)
        cdef list extra = [self.output(last, self.outs[last]) if recorded else self.outs[last]]
        cdef int i
        f.form = form
        f.places = [i for i in range(form.sources) if needs >> i & 1]
        for i in range(1 + form.core.states):
            f.present[i] = i < len(douts) and (i < last or not recorded) and douts[i] is not None
            if f.present[i]:
                extra.append(douts[i] if recorded else array_of(<Variable>douts[i]))
        prepare(f, self.backend_, None)
        if recorded:
            values = f.record(tuple([self.input(i) for i in range(len(self.inputs_))] + extra))
        else:
            values = [make_variable(self.backend_, x) for x in f.forward((*self.kept, *extra), None)]
        for i in range(len(f.places)):
            grads[f.places[i]] = values[i]
        return tuple(grads)

    def backward(self, dOutputs, grads=None, oidsToCollect=None):
        """Gradients of sequences and initial states, as arrays; those of the weights are left in the layer.

        Args:
            dOutputs: the gradient of the result; behind it may stand those of the last states, all of them.
            grads: dict from variable to gradient that receives the weights' gradients.
            oidsToCollect: the weights whose gradients are wanted.
        """
        cdef RecurrentForm form = self.form
        cdef list arrays
        dOutputs = list(dOutputs)
        self.layer._checkGradients(dOutputs)
        arrays = [
            None if x is None else (<Variable>x).value_
            for x in self.gradients(
                tuple([None if d is None else pack(self.backend_, d) for d in dOutputs]), 0xFFFFFFFFFFFFFFFFULL, False
            )
        ]
        self.layer.setGrads(arrays[form.weights : form.sources])
        self.layer._collect(grads, oidsToCollect)
        return arrays[: form.weights]


cdef class RecurrentGradient(GradientCall):
    """The gradients of a call of a recurrent layer.

    The inputs: those of the call, what it kept, the gradients that are present of its result and its last states. The
    outputs: the gradients of the call's inputs in ``places``.
    """

    cdef RecurrentForm form
    cdef list places
    cdef bint[3] present

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<RecurrentGradient>node).form = self.form
        (<RecurrentGradient>node).places = self.places
        (<RecurrentGradient>node).present = self.present
        return 0

    cdef int role(self):
        return OPAQUE if isinstance(self.kept[0], MaskedNDArray) else STEP

    cdef bint reads_masks(self):
        return True

    cdef bint optional_outputs(self):
        return True

    cdef int shape_only(self):
        cdef int bits = 0
        cdef int i
        for i in range(1, self.form.weights):
            bits |= 1 << i
        if self.form.biased:
            bits |= 1 << (self.form.weights + 2)
        return bits

    cdef object forward(self, tuple xs, object out):
        cdef RecurrentForm form = self.form
        cdef list into = [None] * 6          # of x, h, c, kernel, recurrent kernel, bias
        cdef list d = [None] * 3
        cdef int next = form.total + 1
        cdef int i
        if out is None:
            out = tuple([empty_like(A(xs, i)) for i in self.places])
        elif not isinstance(out, tuple):
            out = (out,)
        for i in range(len(self.places)):
            into[self.places[i] if self.places[i] < form.weights else self.places[i] - form.weights + 3] = out[i]
        for i in range(3):
            if self.present[i]:
                d[i] = A(xs, next)
                next += 1
        self.K.rnn.recur_gradient(
            form.core, A(xs, 0), A(xs, form.weights), A(xs, form.weights + 1), form.mask(xs), A(xs, form.total), d[0],
            d[1], d[2], into[0], into[3], into[4], into[5], into[1], into[2]
        )
        return out


def recurrent(layer, backend, inputs, weights, mask, RecurrentForm form) -> list:
    """Calls a recurrent layer on variables and records the call.

    Args:
        layer: the layer, for messages, masks and states.
        backend: the backend ``K``.
        inputs: sequences (batch, steps, features) and perhaps the initial states (batch, units).
        weights: kernel, recurrent kernel, perhaps the bias.
        mask: an array of bools (batch, steps) where the form has one.
        form: a ``RecurrentForm``.

    Returns:
        The result and, if the form asks for them, the last states.
    """
    cdef RecurrentFunction f = RecurrentFunction.__new__(RecurrentFunction)
    cdef list outs
    f.layer = layer
    f.form = form
    f.inputs_of_layer = form.weights
    prepare(f, backend, None)
    outs = f.record(
        tuple([pack(backend, v) for v in inputs] + list(weights) + ([pack(backend, mask)] if form.masked else []))
    )
    if f.output_shapes is not None:
        f.output_shapes = (None,) * len(outs)  # gradients that are missing are left out
    return outs[: form.count()]
