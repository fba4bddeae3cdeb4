"""Losses as single differentiable functions with fused kernels."""

from rindow_math.matrix.ndarray cimport NDArrayPhp
from rindow_nn.gradient.core.layerfunction cimport LayerFunction
from rindow_nn.gradient.core.tape cimport AbstractFunction, Variable, array_of, make_variable, pack, prepare


cdef class SparseCrossEntropyFromLogits(LayerFunction):
    """log(sum(exp(x))) - x[label] by rows: their mean, or one number a row."""

    cdef bint by_row
    cdef NDArrayPhp probabilities

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<SparseCrossEntropyFromLogits>node).by_row = self.by_row
        return 0

    cdef object forward(self, tuple inputs):
        loss, self.probabilities = self.K.sparse_cross_entropy(
            array_of(<Variable>inputs[0]), array_of(<Variable>inputs[1]), self.by_row
        )
        return loss

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef NDArrayPhp labels = array_of(self.input(0))
        return None, make_variable(
            self.backend_,
            self.K.sparse_cross_entropy_gradient(labels, self.probabilities, array_of(<Variable>douts[0])),
        )


def sparseCrossEntropyFromLogits(loss, backend, trues, predicts, bint by_row):
    """Calls the loss on class numbers and logits and records the call."""
    cdef SparseCrossEntropyFromLogits f = SparseCrossEntropyFromLogits.__new__(SparseCrossEntropyFromLogits)
    f.layer = loss
    f.inputs_of_layer = 2
    f.by_row = by_row
    prepare(f, backend, None)
    return f.record((pack(backend, trues), pack(backend, predicts)))
