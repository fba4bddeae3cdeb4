"""Attention layers as single differentiable functions with fused kernels."""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport MAX_DIMS, NDArrayPhp, empty, empty_like, raw, view
from rindow_nn.backend.rindow_blas.attn_primitives cimport AttentionSettings
from rindow_nn.backend.rindow_blas.attn_primitives import AttentionSettings as Settings
from rindow_nn.gradient.core.layerfunction cimport LayerFunction
from rindow_nn.gradient.core.tape cimport (
    A, AbstractFunction, GradientCall, OPAQUE, STEP, Variable, array_of, make_variable, pack, prepare, recording,
)
from rindow_nn.gradient.core.values import MaskedNDArray


cdef class AttentionForm:
    """What a layer's calls of one kind have in common, and where things stand among their inputs.

    A call's inputs are those of the layer, its weights, and the masks that were given apart from the inputs.

    Args:
        inputs: how many inputs the layer has: query, value and perhaps key.
        weights: how many weights.
        biased: whether each kernel among the weights has a bias behind it.
        scores: whether the weights of the values are a second output.
        scale: of the scores.
        axes: how many dimensions behind the batch count as time.
        masks: which masks are given apart (query, value, key, attention); None: none.
        masked_inputs: how many of the inputs' own masks hold where none is given apart.
        settings: what the kernels want to know besides.
    """

    cdef AttentionSettings core
    cdef int inputs
    cdef int weights
    cdef int sources                  # inputs and weights
    cdef int total                    # and masks
    cdef bint biased
    cdef bint scores
    cdef double scale
    cdef int axes
    cdef int[4] at                    # places of the masks; -1: none
    cdef int masked_inputs

    def __init__(self, inputs, weights, biased, scores, scale, axes, masks, masked_inputs, **settings):
        cdef int i
        self.core = Settings(**settings)
        self.inputs = inputs
        self.weights = weights
        self.biased = biased
        self.scores = scores
        self.scale = scale
        self.axes = axes
        self.sources = self.total = self.inputs + self.weights
        self.masked_inputs = masked_inputs
        for i in range(4):
            self.at[i] = -1
            if masks is not None and masks[i]:
                self.at[i] = self.total
                self.total += 1

    cdef tuple masks(self, tuple xs):
        """The masks of query, value, key and all scores; None where there is none."""
        cdef list found = [None] * 4
        cdef int i
        for i in range(4):
            if self.at[i] >= 0:
                found[i] = A(xs, self.at[i])
            elif i < self.masked_inputs and i < self.inputs and isinstance(xs[i], MaskedNDArray):
                found[i] = raw(xs[i].mask())
        return tuple(found)

    cdef int role(self, tuple xs):
        """Inputs with a mask have to be looked at in each run."""
        cdef int i
        for i in range(self.inputs):
            if isinstance(xs[i], MaskedNDArray):
                return OPAQUE
        return STEP


cdef Py_ssize_t _product(NDArrayPhp x, int first, int last) noexcept:
    cdef Py_ssize_t n = 1
    cdef int i
    for i in range(first, last):
        n *= x.dims[i]
    return n


cdef NDArrayPhp _rows(NDArrayPhp x, Py_ssize_t rows, Py_ssize_t n):
    """An array as a matrix over the same memory."""
    cdef Py_ssize_t[2] dims
    dims[0] = rows
    dims[1] = n
    return view(x, 0, 2, dims)


cdef NDArrayPhp _cube(NDArrayPhp x, Py_ssize_t start, Py_ssize_t batch, Py_ssize_t time, Py_ssize_t n):
    """A part of an array as (batch, time, n)."""
    cdef Py_ssize_t[3] dims
    dims[0] = batch
    dims[1] = time
    dims[2] = n
    return view(x, start, 3, dims)


cdef NDArrayPhp _vector(int dtype, Py_ssize_t n):
    return empty(dtype, 1, &n)


cdef class AttentionCall(LayerFunction):
    """A call of an attention layer. The outputs: result, scores if wanted, what the gradient needs, a seed if any."""

    cdef AttentionForm form
    cdef tuple outs

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<AttentionCall>node).form = self.form
        return 0

    cdef int role(self):
        return self.form.role(self.kept)

    cdef bint reads_masks(self):
        return True

    cdef AttentionGradient differentiator(self):
        raise NotImplementedError

    cdef bint result_of_kernel(self):
        """Whether the result is that of the kernel, whose gradient needs it."""
        return False

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef AttentionForm form = self.form
        cdef AttentionGradient f = self.differentiator()
        cdef NDArrayPhp y
        cdef list grads = [None] * len(self.inputs_)
        cdef list extra = []
        cdef bint recorded = recording()
        cdef int first = 2 if form.scores else 1
        cdef int i
        f.form = form
        f.places = [i for i in range(form.sources) if needs >> i & 1]
        f.dscores = form.scores and douts[1] is not None
        for i in range(first, len(self.outs)):
            extra.append(self.output(i, self.outs[i]) if recorded else self.outs[i])
        f.result = self.result_of_kernel()
        if f.result:
            extra.append(self.output(0, self.outs[0]) if recorded else self.outs[0])
        if douts[0] is None:
            y = raw(self.outs[0])
            extra.append(self.K.filled(y.dt, y.nd, y.dims, 0.0))
            if recorded:
                extra.append(make_variable(self.backend_, extra.pop()))
        else:
            extra.append(douts[0] if recorded else array_of(<Variable>douts[0]))
        if f.dscores:
            extra.append(douts[1] if recorded else array_of(<Variable>douts[1]))
        prepare(f, self.backend_, None)
        if recorded:
            values = f.record(tuple([self.input(i) for i in range(len(self.inputs_))] + extra))
        else:
            values = [make_variable(self.backend_, x) for x in f.forward((*self.kept, *extra), None)]
        for i in range(len(f.places)):
            grads[f.places[i]] = values[i]
        return tuple(grads)

    def backward(self, dOutputs, grads=None, oidsToCollect=None):
        """Gradients of the layer's inputs, as arrays; those of the weights are left in the layer.

        Args:
            dOutputs: gradients of the result and, where they are an output, of the scores.
            grads: dict from variable to gradient that receives the weights' gradients.
            oidsToCollect: the weights whose gradients are wanted.
        """
        cdef list given = list(dOutputs)
        cdef list arrays
        if not 1 <= len(given) <= 2 or given[0] is None:
            raise InvalidArgumentException("dOutputs must be list containing one NDArray")
        given += [None] * (2 - len(given))
        arrays = [
            None if x is None else (<Variable>x).value_
            for x in self.gradient_of(
                tuple([None if d is None else pack(self.backend_, d) for d in given]), 0xFFFFFFFFFFFFFFFFULL
            )
        ]
        weights = list(self.inputs_[self.form.inputs : self.form.sources])
        self.layer.setGrads(arrays[self.form.inputs : self.form.sources])
        if grads is not None and oidsToCollect:
            for v, d in zip(weights, self.layer.getGrads()):
                if any([v is wanted for wanted in oidsToCollect]):
                    grads[v] = self.backend_.add(grads[v], d) if v in grads else d
        return arrays[: self.form.inputs]


cdef class AttentionGradient(GradientCall):
    """The gradients of a call of an attention layer.

    The inputs: those of the call, its outputs that are for the gradient, perhaps its result, the gradient of the result
    and, if there is one, of the scores. The outputs: the gradients of the call's inputs in ``places``.
    """

    cdef AttentionForm form
    cdef list places
    cdef bint result
    cdef bint dscores

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<AttentionGradient>node).form = self.form
        (<AttentionGradient>node).places = self.places
        (<AttentionGradient>node).result = self.result
        (<AttentionGradient>node).dscores = self.dscores
        return 0

    cdef int role(self):
        return self.form.role(self.kept)

    cdef bint reads_masks(self):
        return True

    cdef bint optional_outputs(self):
        return True

    cdef object forward(self, tuple xs, object out):
        cdef list into = [None] * self.form.sources
        cdef int i
        cdef NDArrayPhp seed = A(xs, self.form.total + 1) if self.form.core.rate > 0 else None
        cdef int next = self.form.total + (1 if seed is None else 2)
        cdef NDArrayPhp y = A(xs, next) if self.result else None
        if out is None:
            out = tuple([empty_like(A(xs, i)) for i in self.places])
        elif not isinstance(out, tuple):
            out = (out,)
        for i in range(len(self.places)):
            into[self.places[i]] = out[i]
        next += self.result
        self.compute(xs, y, A(xs, self.form.total), seed, A(xs, next), A(xs, next + 1) if self.dscores else None, into)
        return out

    cdef int compute(self, tuple xs, NDArrayPhp y, NDArrayPhp saved, NDArrayPhp seed, NDArrayPhp dy,
                     NDArrayPhp dscores, list into) except -1:
        """Writes the gradients into the arrays that are given, one a source or None."""
        raise NotImplementedError


# ------------------------------------------------------------------------------------------ without projections

cdef class DotProductFunction(AttentionCall):
    """softmax(scale query key') value; inputs query, value, perhaps key, perhaps scale."""

    cdef AttentionGradient differentiator(self):
        return DotProductGradient.__new__(DotProductGradient)

    cdef bint result_of_kernel(self):
        return True

    cdef object forward(self, tuple xs, object out):
        cdef AttentionForm form = self.form
        cdef NDArrayPhp query = A(xs, 0)
        cdef NDArrayPhp value = A(xs, 1)
        cdef NDArrayPhp key = A(xs, 2) if form.inputs == 3 else value
        cdef int nd = query.nd
        cdef Py_ssize_t batch = _product(query, 0, nd - 2)
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef bint planned = out is not None  # a plan knows what has which mask
        cdef int i
        if not planned:
            result = [empty(query.dt, nd, query.dims)]
            if form.scores:
                for i in range(nd - 1):
                    dims[i] = query.dims[i]
                dims[nd - 1] = value.dims[nd - 2]
                result.append(empty(query.dt, nd, dims))
            result.append(_vector(query.dt, 2 * batch * query.dims[nd - 2]))
            out = tuple(result)
        self.K.attn.attend(
            form.core, self.K.attn.number(A(xs, form.inputs)) if form.weights else form.scale,
            _cube(query, 0, batch, query.dims[nd - 2], query.dims[nd - 1]),
            _cube(key, 0, _product(key, 0, nd - 2), key.dims[nd - 2], key.dims[nd - 1]),
            _cube(value, 0, _product(value, 0, nd - 2), value.dims[nd - 2], value.dims[nd - 1]),
            form.masks(xs), <NDArrayPhp>out[0], <NDArrayPhp>out[1] if form.scores else None,
            <NDArrayPhp>out[2 if form.scores else 1], None
        )
        self.outs = out
        if not planned and isinstance(xs[0], MaskedNDArray):
            out = tuple([self.masked(xs, x) for x in out[:-1]] + [out[-1]])
        return out


cdef class DotProductGradient(AttentionGradient):
    """The gradients of ``DotProductFunction``."""

    cdef int compute(self, tuple xs, NDArrayPhp y, NDArrayPhp saved, NDArrayPhp seed, NDArrayPhp dy,
                     NDArrayPhp dscores, list into) except -1:
        cdef AttentionForm form = self.form
        cdef NDArrayPhp query = A(xs, 0)
        cdef NDArrayPhp value = A(xs, 1)
        cdef NDArrayPhp key = A(xs, 2) if form.inputs == 3 else value
        cdef int nd = query.nd
        cdef Py_ssize_t batch = _product(query, 0, nd - 2)
        self.K.attn.attend_gradient(
            form.core, self.K.attn.number(A(xs, form.inputs)) if form.weights else form.scale,
            _cube(query, 0, batch, query.dims[nd - 2], query.dims[nd - 1]),
            _cube(key, 0, batch, key.dims[nd - 2], key.dims[nd - 1]),
            _cube(value, 0, batch, value.dims[nd - 2], value.dims[nd - 1]),
            form.masks(xs), y, saved, seed, dy, dscores, <NDArrayPhp>into[0],
            <NDArrayPhp>into[2 if form.inputs == 3 else 1], <NDArrayPhp>into[1],
            <NDArrayPhp>into[form.inputs] if form.weights else None
        )
        return 0


# --------------------------------------------------------------------------------------------- with projections

cdef class Sizes:
    """The shapes in a call of multi-head attention, and the places of what is kept for its gradient."""

    cdef NDArrayPhp query
    cdef NDArrayPhp value
    cdef NDArrayPhp key
    cdef list kernels                 # of query, key, value, output
    cdef list biases
    cdef Py_ssize_t batch, tq, tv, heads, wide_k, wide_v
    cdef Py_ssize_t at_k, at_v, at_context, at_stats, total

    cdef NDArrayPhp q(self, NDArrayPhp saved):
        return _cube(saved, 0, self.batch, self.tq, self.wide_k)

    cdef NDArrayPhp k(self, NDArrayPhp saved):
        return _cube(saved, self.at_k, self.batch, self.tv, self.wide_k)

    cdef NDArrayPhp v(self, NDArrayPhp saved):
        return _cube(saved, self.at_v, self.batch, self.tv, self.wide_v)

    cdef NDArrayPhp context(self, NDArrayPhp saved):
        return _cube(saved, self.at_context, self.batch, self.tq, self.wide_v)

    cdef NDArrayPhp stats(self, NDArrayPhp saved):
        return _cube(saved, self.at_stats, self.batch * self.heads, self.tq, 2)


cdef Py_ssize_t _aligned(Py_ssize_t n) noexcept:
    return (n + 15) // 16 * 16


cdef NDArrayPhp _features(NDArrayPhp x, int axes):
    """An array (batch, times, features) as a matrix (batch * times, features)."""
    return _rows(x, _product(x, 0, 1 + axes), _product(x, 1 + axes, x.nd))


cdef Sizes _sizes(AttentionForm form, tuple xs):
    cdef Sizes s = Sizes.__new__(Sizes)
    cdef NDArrayPhp query = A(xs, 0)
    cdef NDArrayPhp value = A(xs, 1)
    cdef int step = 2 if form.biased else 1
    cdef int i
    s.query = _features(query, form.axes)
    s.value = _features(value, form.axes)
    s.key = _features(A(xs, 2), form.axes) if form.inputs == 3 else s.value
    s.kernels = [A(xs, form.inputs + step * i) for i in range(4)]
    s.biases = [A(xs, form.inputs + step * i + 1) if form.biased else None for i in range(4)]
    s.batch = query.dims[0]
    s.heads = form.core.heads
    s.tq = _product(query, 1, 1 + form.axes)
    s.tv = _product(value, 1, 1 + form.axes)
    s.wide_k = (<NDArrayPhp>s.kernels[0]).dims[1]
    s.wide_v = (<NDArrayPhp>s.kernels[2]).dims[1]
    if s.value.dims[0] != s.batch * s.tv or s.key.dims[0] != s.batch * s.tv:
        raise InvalidArgumentException(
            f"attention: {s.value.dims[0]} values and {s.key.dims[0]} keys for a batch of {s.batch} times {s.tv}"
        )
    s.at_k = _aligned(s.query.dims[0] * s.wide_k)
    s.at_v = s.at_k + _aligned(s.value.dims[0] * s.wide_k)
    s.at_context = s.at_v + _aligned(s.value.dims[0] * s.wide_v)
    s.at_stats = s.at_context + _aligned(s.query.dims[0] * s.wide_v)
    s.total = s.at_stats + _aligned(2 * s.query.dims[0] * s.heads)
    return s


cdef class MultiHeadFunction(AttentionCall):
    """Attention between projections of the inputs to several heads, and back to the width of the queries.

    Inputs: query, value, perhaps key; the kernels of query, key, value and output, each perhaps with a bias; masks.
    """

    cdef AttentionGradient differentiator(self):
        return MultiHeadGradient.__new__(MultiHeadGradient)

    cdef object forward(self, tuple xs, object out):
        cdef AttentionForm form = self.form
        cdef NDArrayPhp query = A(xs, 0)
        cdef NDArrayPhp value = A(xs, 1)
        cdef Sizes s = _sizes(form, xs)
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef NDArrayPhp saved
        cdef NDArrayPhp y
        cdef int at = 2 if form.scores else 1
        cdef bint planned = out is not None  # a plan knows what has which mask
        cdef int i
        if query.dt != (<NDArrayPhp>s.kernels[0]).dt:
            raise InvalidArgumentException(
                f"unmatch data type: inputs are {query.dtype()}, kernels are {s.kernels[0].dtype()} in "
                f"{self.layer.name()}:forward"
            )
        if not planned:
            result = [empty(query.dt, query.nd, query.dims)]
            if form.scores:
                dims[0] = s.batch
                dims[1] = s.heads
                for i in range(form.axes):
                    dims[2 + i] = query.dims[1 + i]
                    dims[2 + form.axes + i] = value.dims[1 + i]
                result.append(empty(query.dt, 2 + 2 * form.axes, dims))
            result.append(_vector(query.dt, s.total))
            if form.core.rate > 0:
                result.append(_vector(core.RK_INT64, 1))
            out = tuple(result)
        saved = <NDArrayPhp>out[at]
        y = <NDArrayPhp>out[0]
        self.K.dense_group(
            [s.query, s.key, s.value], s.kernels[:3], s.biases[:3], [s.q(saved), s.k(saved), s.v(saved)]
        )
        self.K.attn.attend(
            form.core, form.scale, s.q(saved), s.k(saved), s.v(saved), form.masks(xs), s.context(saved),
            <NDArrayPhp>out[1] if form.scores else None, s.stats(saved),
            <NDArrayPhp>out[at + 1] if form.core.rate > 0 else None
        )
        self.K.dense(s.context(saved), s.kernels[3], s.biases[3], core.RK_EPI_NONE, y)
        self.outs = out
        if not planned and isinstance(xs[0], MaskedNDArray):
            return (self.masked(xs, y), *out[1:])
        return out


cdef class MultiHeadGradient(AttentionGradient):
    """The gradients of ``MultiHeadFunction``."""

    cdef int shape_only(self):
        cdef int bits = 0
        cdef int i
        if self.form.biased:
            for i in range(4):
                bits |= 1 << (self.form.inputs + 2 * i + 1)
        return bits

    cdef int compute(self, tuple xs, NDArrayPhp y, NDArrayPhp saved, NDArrayPhp seed, NDArrayPhp dy,
                     NDArrayPhp dscores, list into) except -1:
        cdef AttentionForm form = self.form
        cdef Sizes s = _sizes(form, xs)
        cdef NDArrayPhp context = s.context(saved)
        cdef NDArrayPhp dcontext = empty_like(context)
        cdef NDArrayPhp dq = empty_like(s.q(saved))
        cdef NDArrayPhp dk = empty_like(s.k(saved))
        cdef NDArrayPhp dv = empty_like(s.v(saved))
        cdef NDArrayPhp dkey = into[2] if form.inputs == 3 else None
        dy = _rows(dy, s.query.dims[0], s.query.dims[1])
        self.dense(s, 3, _rows(context, s.query.dims[0], s.wide_v), dy, dcontext, into)
        self.K.attn.attend_gradient(
            form.core, form.scale, s.q(saved), s.k(saved), s.v(saved), form.masks(xs), context, s.stats(saved), seed,
            dcontext, dscores, dq, dk, dv, None
        )
        self.dense(s, 0, s.query, _rows(dq, s.query.dims[0], s.wide_k), <NDArrayPhp>into[0], into)
        self.dense(s, 2, s.value, _rows(dv, s.value.dims[0], s.wide_v), <NDArrayPhp>into[1], into)
        self.dense(s, 1, s.key, _rows(dk, s.key.dims[0], s.wide_k), dkey, into)
        if form.inputs == 2 and into[1] is not None:
            self.K.attn.add_input_gradient(dk, <NDArrayPhp>s.kernels[1], <NDArrayPhp>into[1])
        return 0

    cdef int dense(self, Sizes s, int i, NDArrayPhp x, NDArrayPhp dy, NDArrayPhp dx, list into) except -1:
        """Gradients of projection i."""
        cdef int step = 2 if self.form.biased else 1
        cdef int at = self.form.inputs + step * i
        self.K.dense_gradient(
            x, <NDArrayPhp>s.kernels[i], dy, dy, core.RK_EPI_NONE, dx, <NDArrayPhp>into[at],
            <NDArrayPhp>into[at + 1] if self.form.biased else None
        )
        return 0


cdef list _call(AttentionCall f, layer, backend, inputs, weights, masks, AttentionForm form):
    cdef list outs
    f.layer = layer
    f.form = form
    f.inputs_of_layer = form.inputs
    prepare(f, backend, None)
    outs = f.record(tuple([pack(backend, v) for v in inputs] + list(weights) + [pack(backend, v) for v in masks]))
    if f.output_shapes is not None:
        # no gradient comes through what is kept, and that of the scores is often missing
        f.output_shapes = (f.output_shapes[0],) + (None,) * (len(outs) - 1)
    return outs[:2] if form.scores else outs[:1]


def dotProductAttention(layer, backend, inputs, weights, masks, form) -> list:
    """Calls attention without projections on variables and records the call.

    Args:
        layer: the layer, for messages and masks.
        backend: the backend ``K``.
        inputs: query (..., tq, dim), value (..., tv, dim) and perhaps key.
        weights: the scale, or nothing.
        masks: the masks that the form names.
        form: an ``AttentionForm``.

    Returns:
        The result and, if the form asks for them, the scores after softmax.
    """
    return _call(DotProductFunction.__new__(DotProductFunction), layer, backend, inputs, weights, masks, form)


def multiHeadAttention(layer, backend, inputs, weights, masks, form) -> list:
    """Calls attention with projections on variables and records the call.

    Args:
        layer: the layer, for messages and masks.
        backend: the backend ``K``.
        inputs: query (batch, times, features), value and perhaps key.
        weights: the kernels (and biases) of query, key, value and output.
        masks: the masks that the form names.
        form: an ``AttentionForm``.

    Returns:
        The result and, if the form asks for them, the scores after softmax.
    """
    return _call(MultiHeadFunction.__new__(MultiHeadFunction), layer, backend, inputs, weights, masks, form)
