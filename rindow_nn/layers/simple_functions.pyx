"""Layers that move, pick, drop or add values, as single differentiable functions."""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport MAX_DIMS, NDArrayPhp, empty, empty_like, same_shape, shape_text, view
from rindow_nn.backend.rindow_blas.layer_primitives cimport Lookup
from rindow_nn.gradient.core.layerfunction cimport LayerFunction
from rindow_nn.gradient.core.tape cimport (
    A, AbstractFunction, GradientCall, MICRO_BINARY, MICRO_PARAM, Micro, OPAQUE, STEP, VIEW, Variable, array_of,
    make_variable, pack, prepare, recording,
)
from rindow_nn.gradient.core.values import MaskedNDArray
from rindow_nn.gradient.func.functions import ReduceSum, Split
from rindow_nn.gradient.func.functions cimport f_axpb, f_reshape_like


cdef bint _masks(tuple xs, int count):
    """Whether one of the first inputs has a mask."""
    cdef int i
    for i in range(count):
        if isinstance(xs[i], MaskedNDArray):
            return True
    return False


cdef object _record(LayerFunction f, layer, tuple inputs, int weights):
    f.layer = layer
    f.inputs_of_layer = len(inputs) - weights
    prepare(f, layer.backend, None)
    return f.record(inputs)


# ------------------------------------------------------------------------------------------------------- views

cdef class SameFunction(LayerFunction):
    """The input itself, with its mask."""

    cdef int role(self):
        return OPAQUE if _masks(self.kept, 1) else VIEW

    cdef object forward(self, tuple xs, object out):
        return xs[0]

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (douts[0],)


cdef class ReshapedFunction(LayerFunction):
    """The input in the layer's output shape, over the same memory."""

    cdef int role(self):
        return OPAQUE if _masks(self.kept, 1) else VIEW

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp x = A(xs, 0)
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef Py_ssize_t n
        cdef list shape = self.layer._outputShape
        cdef int i
        if x.nd == 0 or len(shape) >= MAX_DIMS:
            raise _unfit(x, self.layer)
        n = dims[0] = x.dims[0]
        for i in range(len(shape)):
            dims[i + 1] = shape[i]
            n *= dims[i + 1]
        if n != x.n:
            raise _unfit(x, self.layer)
        return self.masked(xs, view(x, 0, len(shape) + 1, dims))

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (f_reshape_like(self.backend_, <Variable>douts[0], self.input(0)),)


cdef object _unfit(NDArrayPhp x, layer):
    return InvalidArgumentException(
        f"inputs of shape {shape_text(x)} do not fit the output shape {layer.shapeToString(layer._outputShape)} of "
        f"{layer.name()}:forward"
    )


cdef class InheritFunction(LayerFunction):
    """The first input with the mask of the second one."""

    cdef int role(self):
        return OPAQUE if _masks(self.kept, 2) else VIEW

    cdef int shape_only(self):
        return 0 if _masks(self.kept, 2) else 2

    cdef object forward(self, tuple xs, object out):
        return self.layer.makeMultiMaskedValues(xs[:2], [xs[0]])[0]

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef NDArrayPhp source
        if not needs & 2:
            return douts[0], None
        source = A(self.kept, 1)
        return douts[0], make_variable(self.backend_, self.K.filled(source.dt, source.nd, source.dims, 0.0))


# ------------------------------------------------------------------------------------------- sums, joins, copies

cdef class ScaledFunction(LayerFunction):
    """The input times a plain number."""

    cdef double factor

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<ScaledFunction>node).factor = self.factor
        return 0

    cdef int role(self):
        return OPAQUE if _masks(self.kept, 1) else STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        micro.kind = MICRO_PARAM
        micro.op = core.RK_AXPB
        micro.x_from = 0
        micro.p = self.factor
        micro.q = 0.0
        micro.p_from = micro.q_from = -1
        return True

    cdef object forward(self, tuple xs, object out):
        return self.masked(xs, self.K.param(core.RK_AXPB, A(xs, 0), self.factor, 0.0, <NDArrayPhp>out))

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (f_axpb(self.backend_, <Variable>douts[0], self.factor, 0.0),)


cdef class AddFunction(LayerFunction):
    """The sum of two inputs."""

    cdef int role(self):
        return OPAQUE if _masks(self.kept, 2) else STEP

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        micro.kind = MICRO_BINARY
        micro.op = core.RK_ADD
        micro.x_from = 0
        return True

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp x = A(xs, 0)
        cdef NDArrayPhp y = A(xs, 1)
        if not same_shape(x, y):
            raise InvalidArgumentException(
                f"Inputs have incompatible shapes. Received shapes {shape_text(x)} and {shape_text(y)} in "
                f"{self.layer.name()}:forward"
            )
        x = self.K.binary(core.RK_ADD, x, y, <NDArrayPhp>out)
        return self.layer.makeMultiMaskedValues(xs[:2], [x])[0] if _masks(xs, 2) else x

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return douts[0], douts[0]


cdef class ConcatenateFunction(LayerFunction):
    """Inputs joined along an axis."""

    cdef int axis

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<ConcatenateFunction>node).axis = self.axis
        return 0

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        return self.K.concat_axis(xs, self.axis, <NDArrayPhp>out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef list sizes = []
        cdef NDArrayPhp x
        cdef int i
        for i in range(len(self.kept)):
            x = A(self.kept, i)
            sizes.append(x.dims[self.axis + x.nd if self.axis < 0 else self.axis])
        return tuple(Split(self.backend_, sizes, self.axis)(douts[0]))


cdef class RepeatFunction(LayerFunction):
    """Each sample repeated along a new first axis."""

    cdef Py_ssize_t repeats

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<RepeatFunction>node).repeats = self.repeats
        return 0

    cdef int role(self):
        return OPAQUE if _masks(self.kept, 1) else STEP

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp x = A(xs, 0)
        cdef Py_ssize_t[3] dims
        if x.nd != 2:
            raise _unfit(x, self.layer)
        if out is None:
            dims[0] = x.dims[0]
            dims[1] = self.repeats
            dims[2] = x.dims[1]
            out = empty(x.dt, 3, dims)
        return self.masked(xs, self.K.repeat_blocks(x, self.repeats, x.dims[1], <NDArrayPhp>out))

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (ReduceSum(self.backend_, axis=1)(douts[0]),)


# ------------------------------------------------------------------------------------------------------- maxima

cdef class MaxFunction(LayerFunction):
    """The largest value along an axis."""

    cdef int axis                     # of the input, the batch included

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<MaxFunction>node).axis = self.axis
        return 0

    cdef int role(self):
        return OPAQUE if _masks(self.kept, 1) else STEP

    cdef object forward(self, tuple xs, object out):
        return self.masked(xs, self.K.reduce_axis(core.RK_MAX, A(xs, 0), self.axis, False, <NDArrayPhp>out))

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef MaxGradient f = MaxGradient.__new__(MaxGradient)
        f.axis = self.axis
        prepare(f, self.backend_, None)
        if recording():
            return (f.record((douts[0], self.input(0))),)
        return (make_variable(self.backend_, f.forward((array_of(<Variable>douts[0]), self.kept[0]), None)),)


cdef class MaxGradient(GradientCall):
    """The gradient of ``MaxFunction`` as a call of its own: inputs dy, x."""

    cdef int axis

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<MaxGradient>node).axis = self.axis
        return 0

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp x = A(xs, 1)
        if out is None:
            out = empty_like(x)
        self.K.layer.max_gradient(x, A(xs, 0), self.axis, <NDArrayPhp>out)
        return out


# ------------------------------------------------------------------------------------------------------ dropout

cdef class DropoutFunction(LayerFunction):
    """The input with elements set to 0 at random. The outputs: result, and the seed of what was dropped."""

    cdef double keep
    cdef NDArrayPhp seed

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<DropoutFunction>node).keep = self.keep
        return 0

    cdef int role(self):
        return OPAQUE if _masks(self.kept, 1) else STEP

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp x = A(xs, 0)
        cdef Py_ssize_t one = 1
        if out is None:
            out = (empty_like(x), empty(core.RK_INT64, 1, &one))
        self.seed = <NDArrayPhp>out[1]
        self.K.layer.dropout(x, self.keep, self.seed, True, <NDArrayPhp>out[0])
        return self.masked(xs, out[0]), self.seed

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (_dropped(self, self.keep, <Variable>douts[0], self.output(1, self.seed)),)


cdef class DropoutGradient(GradientCall):
    """The gradient of ``DropoutFunction`` as a call of its own: inputs dy, seed."""

    cdef double keep

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<DropoutGradient>node).keep = self.keep
        return 0

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        if out is None:
            out = empty_like(A(xs, 0))
        self.K.layer.dropout(A(xs, 0), self.keep, A(xs, 1), False, <NDArrayPhp>out)
        return out

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return _dropped(self, self.keep, <Variable>douts[0], self.input(1)), None


cdef Variable _dropped(AbstractFunction node, double keep, Variable dy, Variable seed):
    """dy with the elements of a seed set to 0."""
    cdef DropoutGradient f = DropoutGradient.__new__(DropoutGradient)
    f.keep = keep
    prepare(f, node.backend_, None)
    if recording():
        return f.record((dy, seed))
    return make_variable(node.backend_, f.forward((array_of(dy), array_of(seed)), None))


# ------------------------------------------------------------------------------------------------------ lookups

cdef class LookupFunction(LayerFunction):
    """A call whose last input of the layer is numbers of places, which have no gradient."""

    def backward(self, dOutputs, grads=None, oidsToCollect=None):
        """Gradients of the layer's inputs, as arrays, 0 for the numbers; those of the weights are left in the layer."""
        cdef list slopes = LayerFunction.backward(self, dOutputs, grads, oidsToCollect)
        cdef int last = self.inputs_of_layer - 1
        slopes[last] = self.flat(last).value_
        return slopes

    cdef Variable flat(self, int i):
        """The gradient of the numbers in input i: zeros of their type."""
        cdef NDArrayPhp index = A(self.kept, i)
        return make_variable(self.backend_, self.K.filled(index.dt, index.nd, index.dims, 0.0))


cdef class EmbeddingFunction(LookupFunction):
    """Rows of the kernel by number; inputs index, kernel."""

    cdef int role(self):
        return OPAQUE if self.layer._maskZero or _masks(self.kept, 1) else STEP

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp x = A(xs, 0)
        cdef NDArrayPhp kernel = A(xs, 1)
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int i
        if kernel.nd != 2 or x.nd >= MAX_DIMS:
            raise InvalidArgumentException(
                f"a kernel of shape {shape_text(kernel)} does not fit inputs of shape {shape_text(x)} in "
                f"{self.layer.name()}:forward"
            )
        if out is None:
            for i in range(x.nd):
                dims[i] = x.dims[i]
            dims[x.nd] = kernel.dims[1]
            out = empty(kernel.dt, x.nd + 1, dims)
        self.K.layer.embed(
            kernel, self.K.layer.positions(x, kernel.dims[0], f"{self.layer.name()}:forward"), <NDArrayPhp>out
        )
        return self.layer.makeSingleMaskedValue(xs[0], out) if self.layer._maskZero else self.masked(xs, out)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef EmbeddingGradient f
        cdef Variable index = self.flat(0) if needs & 1 else None
        if not needs & 2:
            return index, None
        f = EmbeddingGradient.__new__(EmbeddingGradient)
        f.where = f"{self.layer.name()}:backward"
        prepare(f, self.backend_, None)
        if recording():
            return index, f.record((douts[0], self.input(0), self.input(1)))
        return index, make_variable(
            self.backend_, f.forward((array_of(<Variable>douts[0]), self.kept[0], self.kept[1]), None)
        )


cdef class EmbeddingGradient(GradientCall):
    """The gradient of ``EmbeddingFunction`` as a call of its own: inputs dy, index, kernel."""

    cdef str where

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<EmbeddingGradient>node).where = self.where
        return 0

    cdef int role(self):
        return STEP

    cdef int shape_only(self):
        return 4

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp kernel = A(xs, 2)
        if out is None:
            out = empty_like(kernel)
        self.K.layer.embed_gradient(
            A(xs, 0), self.K.layer.positions(A(xs, 1), kernel.dims[0], self.where), <NDArrayPhp>out
        )
        return out


cdef class GatherForm:
    """What the calls of a Gather layer have in common: the axes of source and index, the batch included.

    Args:
        batchDims: how many leading dimensions both share.
        axis: the dimension of the source that is picked from.
        detailDepth: dimensions of the source from here on are copied whole.
        indexDepth: dimensions of the index from here on run along with those of the source behind the axis.
    """

    cdef int batch
    cdef int axis
    cdef int detail
    cdef int depth

    def __init__(self, batchDims, axis, detailDepth, indexDepth):
        self.batch = batchDims
        self.axis = axis
        self.detail = detailDepth
        self.depth = indexDepth

    cdef Lookup sizes(self, NDArrayPhp source, NDArrayPhp index, layer):
        cdef Lookup f = Lookup.__new__(Lookup)
        f.batches = _product(source, 0, self.batch)
        f.m = _product(source, self.batch, self.axis)
        f.classes = source.dims[self.axis]
        f.k = _product(source, self.axis + 1, self.detail)
        f.length = _product(source, self.detail, source.nd)
        f.n = _product(index, self.batch, self.depth)
        if index.nd < self.depth or source.nd < self.detail or f.batches * f.n * f.k != index.n:
            raise InvalidArgumentException(
                f"indexes of shape {shape_text(index)} do not fit a source of shape {shape_text(source)} in "
                f"{layer.name()}:forward"
            )
        return f


cdef Py_ssize_t _product(NDArrayPhp x, int first, int last) noexcept:
    cdef Py_ssize_t n = 1
    cdef int i
    for i in range(first, last):
        n *= x.dims[i]
    return n


cdef class GatherFunction(LookupFunction):
    """Elements of the first input by the numbers in the second one."""

    cdef GatherForm form
    cdef Lookup sizes

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<GatherFunction>node).form = self.form
        return 0

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp source = A(xs, 0)
        cdef NDArrayPhp index = A(xs, 1)
        cdef Py_ssize_t[2 * MAX_DIMS] dims
        cdef int nd = 0
        cdef int i
        self.sizes = self.form.sizes(source, index, self.layer)
        if out is None:
            for i in range(self.form.axis):
                dims[nd] = source.dims[i]
                nd += 1
            for i in range(self.form.batch, self.form.depth):
                dims[nd] = index.dims[i]
                nd += 1
            for i in range(self.form.axis + 1, source.nd):
                dims[nd] = source.dims[i]
                nd += 1
            if nd > MAX_DIMS:
                raise _unfit(index, self.layer)
            out = empty(source.dt, nd, dims)
        index = self.K.layer.positions(index, self.sizes.classes, f"{self.layer.name()}:forward")
        self.K.layer.gather(self.sizes, source, index, <NDArrayPhp>out)
        return out

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef GatherGradient f
        cdef Variable index = self.flat(1) if needs & 2 else None
        if not needs & 1:
            return None, index
        f = GatherGradient.__new__(GatherGradient)
        f.sizes = self.sizes
        f.where = f"{self.layer.name()}:backward"
        prepare(f, self.backend_, None)
        if recording():
            return f.record((douts[0], self.input(0), self.input(1))), index
        return make_variable(
            self.backend_, f.forward((array_of(<Variable>douts[0]), self.kept[0], self.kept[1]), None)
        ), index


cdef class GatherGradient(GradientCall):
    """The gradient of ``GatherFunction`` as a call of its own: inputs dy, source, index."""

    cdef Lookup sizes
    cdef str where

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<GatherGradient>node).sizes = self.sizes
        (<GatherGradient>node).where = self.where
        return 0

    cdef int role(self):
        return STEP

    cdef int shape_only(self):
        return 2

    cdef object forward(self, tuple xs, object out):
        if out is None:
            out = empty_like(A(xs, 1))
        self.K.layer.gather_gradient(
            self.sizes, A(xs, 0), self.K.layer.positions(A(xs, 2), self.sizes.classes, self.where), <NDArrayPhp>out
        )
        return out


# ----------------------------------------------------------------------------------------- calls from the layers

def same(layer, x):
    """Records a call that gives its input."""
    return _record(SameFunction.__new__(SameFunction), layer, (pack(layer.backend, x),), 0)


def reshaped(layer, x):
    """Records a call that gives its input in the layer's output shape."""
    return _record(ReshapedFunction.__new__(ReshapedFunction), layer, (pack(layer.backend, x),), 0)


def inherit(layer, x, source):
    """Records a call that gives x with the mask of source."""
    return _record(InheritFunction.__new__(InheritFunction), layer, (x, source), 0)


def scaled(layer, x, double factor):
    """Records a call that gives x times a number."""
    cdef ScaledFunction f = ScaledFunction.__new__(ScaledFunction)
    f.factor = factor
    return _record(f, layer, (x,), 0)


def added(layer, x, y):
    """Records a call that gives x + y."""
    return _record(AddFunction.__new__(AddFunction), layer, (x, y), 0)


def concatenated(layer, inputs, int axis):
    """Records a call that joins its inputs along an axis."""
    cdef ConcatenateFunction f = ConcatenateFunction.__new__(ConcatenateFunction)
    f.axis = axis
    return _record(f, layer, tuple(inputs), 0)


def repeated(layer, x, Py_ssize_t repeats):
    """Records a call that repeats (batch, n) as (batch, repeats, n)."""
    cdef RepeatFunction f = RepeatFunction.__new__(RepeatFunction)
    f.repeats = repeats
    return _record(f, layer, (x,), 0)


def largest(layer, x, int axis):
    """Records a call that gives the maxima along an axis, counted with the batch."""
    cdef MaxFunction f = MaxFunction.__new__(MaxFunction)
    f.axis = axis
    return _record(f, layer, (x,), 0)


def dropped(layer, x, double keep):
    """Records a call that sets elements of x to 0 at random, and keeps a share of them."""
    cdef DropoutFunction f = DropoutFunction.__new__(DropoutFunction)
    f.keep = keep
    return _record(f, layer, (x,), 0)[0]


def embedded(layer, x, kernel):
    """Records a call that gives rows of the kernel by the numbers in x."""
    return _record(EmbeddingFunction.__new__(EmbeddingFunction), layer, (x, kernel), 1)


def gathered(layer, source, index, GatherForm form not None):
    """Records a call that gives elements of the source by the numbers in the index."""
    cdef GatherFunction f = GatherFunction.__new__(GatherFunction)
    f.form = form
    return _record(f, layer, (source, index), 0)
