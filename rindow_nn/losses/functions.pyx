"""Losses as single differentiable functions with fused kernels."""

from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport NDArrayPhp, empty
from rindow_nn.gradient.core.layerfunction cimport LayerFunction
from rindow_nn.gradient.core.tape cimport (
    A, AbstractFunction, GradientCall, STEP, Variable, array_of, make_variable, pack, prepare, recording,
)

KINDS = {
    "square": core.RK_LOSS_SQUARE,
    "huber": core.RK_LOSS_HUBER,
    "binary": core.RK_LOSS_BINARY,
    "binary from logits": core.RK_LOSS_BINARY_LOGITS,
    "categorical": core.RK_LOSS_CATEGORICAL,
    "categorical from logits": core.RK_LOSS_CATEGORICAL_LOGITS,
    "sparse": core.RK_LOSS_SPARSE,
    "sparse from logits": core.RK_LOSS_SPARSE_LOGITS,
}


cdef class LossFunction(LayerFunction):
    """A loss: its mean, or one number a row.

    From logits of a softmax there is a second output, which only the gradient uses: a few numbers a row, from which
    it computes the probabilities again. They are never in memory.
    """

    cdef int kind
    cdef double q
    cdef bint by_row
    cdef NDArrayPhp stats

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<LossFunction>node).kind = self.kind
        (<LossFunction>node).q = self.q
        (<LossFunction>node).by_row = self.by_row
        return 0

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        cdef NDArrayPhp x = A(xs, 1)
        cdef NDArrayPhp loss
        cdef Py_ssize_t one = 1
        if isinstance(out, tuple):
            loss = <NDArrayPhp>out[0]
            self.stats = <NDArrayPhp>out[1]
        else:
            loss = <NDArrayPhp>out
            if loss is None and self.by_row and x.nd == 1 and A(xs, 0).nd == 1:
                loss = empty(x.dt, 1, &one)  # one dimension is one row
            self.stats = self.K.training.new_stats(self.kind, x)
        loss = self.K.training.loss(self.kind, A(xs, 0), x, self.q, self.by_row, loss, self.stats)
        return loss if self.stats is None else (loss, self.stats)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef LossGradient f
        if recording():
            f = LossGradient.__new__(LossGradient)
            f.kind = self.kind
            f.q = self.q
            f.by_row = self.by_row
            prepare(f, self.backend_, None)
            inputs = (self.input(0), self.input(1), douts[0])
            return None, f.record(inputs if self.stats is None else (*inputs, self.output(1, self.stats)))
        return None, make_variable(
            self.backend_,
            self.K.training.loss_gradient(
                self.kind, array_of(self.input(0)), array_of(self.input(1)), self.q, self.by_row,
                array_of(<Variable>douts[0]), self.stats, None,
            ),
        )

    cdef AbstractFunction with_gradient(self, AbstractFunction gradient, double threshold):
        cdef LossStep f
        cdef LossGradient other
        if type(gradient) is not LossGradient or self.by_row:
            return None
        other = <LossGradient>gradient
        if other.kind != self.kind or other.q != self.q or other.by_row:
            return None
        f = LossStep.__new__(LossStep)
        LossFunction.copy_settings(self, f)
        f.threshold = threshold
        return prepare(f, self.backend_, None)


cdef class LossStep(LossFunction):
    """A mean loss, its gradient and the share of right answers as one call: inputs labels and predictions."""

    cdef double threshold

    cdef bint optional_outputs(self):
        return True

    cdef object forward(self, tuple xs, object out):
        cdef tuple outs = <tuple?>out
        cdef NDArrayPhp share = <NDArrayPhp>outs[2]
        cdef double found = self.K.training.loss_step(
            self.kind, xs[0], A(xs, 1), self.q, 1.0, <NDArrayPhp>outs[0], <NDArrayPhp>outs[1], share is not None,
            self.threshold,
        )
        if share is not None:
            (<double*>share.ptr)[0] = found
        return out


cdef class LossGradient(GradientCall):
    """The gradient of a loss as a call of its own: inputs labels, predictions, dloss and what the loss left."""

    cdef int kind
    cdef double q
    cdef bint by_row

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<LossGradient>node).kind = self.kind
        (<LossGradient>node).q = self.q
        (<LossGradient>node).by_row = self.by_row
        return 0

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        return self.K.training.loss_gradient(
            self.kind, A(xs, 0), A(xs, 1), self.q, self.by_row, A(xs, 2), A(xs, 3) if len(xs) > 3 else None,
            <NDArrayPhp>out,
        )


def fusedLoss(loss, backend, trues, predicts, int kind, double q, bint by_row):
    """Calls a loss on labels and predictions and records the call.

    Args:
        loss: the loss, for messages.
        backend: the backend ``K``.
        trues: labels, a variable or an array.
        predicts: variable of predictions (..., n).
        kind: one of ``KINDS``.
        q: delta of Huber's loss, or what keeps logarithms of probabilities finite.
        by_row: one number a row of predictions instead of the mean.
    """
    cdef LossFunction f = LossFunction.__new__(LossFunction)
    f.layer = loss
    f.inputs_of_layer = 2
    f.kind = kind
    f.q = q
    f.by_row = by_row
    prepare(f, backend, None)
    outs = f.record((pack(backend, trues), pack(backend, predicts)))
    if isinstance(outs, Variable):
        return outs
    if f.output_shapes is not None:
        f.output_shapes = (f.output_shapes[0], None)  # no gradient comes through what is left for it
    return outs[0]
