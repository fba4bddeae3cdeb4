"""Losses as single differentiable functions with fused kernels."""

from rindow_math.matrix.ndarray cimport NDArrayPhp, empty, empty_like
from rindow_nn.gradient.core.layerfunction cimport LayerFunction
from rindow_nn.gradient.core.tape cimport (
    A, AbstractFunction, GradientCall, STEP, Variable, array_of, make_variable, pack, prepare, recording,
)


cdef class SparseCrossEntropyFromLogits(LayerFunction):
    """log(sum(exp(x))) - x[label] by rows: their mean, or one number a row."""

    cdef bint by_row
    cdef NDArrayPhp probabilities

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<SparseCrossEntropyFromLogits>node).by_row = self.by_row
        return 0

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        """The loss and the probabilities, which only the gradient uses."""
        cdef NDArrayPhp labels = A(xs, 0)
        cdef NDArrayPhp logits = A(xs, 1)
        if out is None:
            if self.by_row:
                out = empty(logits.dt, labels.nd, labels.dims), empty_like(logits)
            else:
                out = empty(logits.dt, 0, NULL), empty_like(logits)
        self.probabilities = <NDArrayPhp>out[1]
        self.K.sparse_cross_entropy(labels, logits, <NDArrayPhp>out[0], self.probabilities)
        return out

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        if recording():
            f = prepare(SparseCrossEntropyGradient.__new__(SparseCrossEntropyGradient), self.backend_, None)
            return None, f.record((self.input(0), self.output(1, self.probabilities), douts[0]))
        return None, make_variable(
            self.backend_,
            self.K.sparse_cross_entropy_gradient(
                array_of(self.input(0)), self.probabilities, array_of(<Variable>douts[0]), None
            ),
        )


cdef class SparseCrossEntropyGradient(GradientCall):
    """The gradient of the loss as a call of its own: inputs labels, probabilities, dloss."""

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        return self.K.sparse_cross_entropy_gradient(A(xs, 0), A(xs, 1), A(xs, 2), <NDArrayPhp>out)


def sparseCrossEntropyFromLogits(loss, backend, trues, predicts, bint by_row):
    """Calls the loss on class numbers and logits and records the call."""
    cdef SparseCrossEntropyFromLogits f = SparseCrossEntropyFromLogits.__new__(SparseCrossEntropyFromLogits)
    f.layer = loss
    f.inputs_of_layer = 2
    f.by_row = by_row
    prepare(f, backend, None)
    outs = f.record((pack(backend, trues), pack(backend, predicts)))
    if f.output_shapes is not None:
        f.output_shapes = (f.output_shapes[0], None)  # no gradient comes through the probabilities
    return outs[0]
