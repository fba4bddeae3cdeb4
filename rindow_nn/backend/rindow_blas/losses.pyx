"""The backend's losses and their gradients, each in a form that neither overflows nor saturates.

A reduction is ``sum`` (the default), which is the mean over the batch as in the original, or ``none``, which gives one
number a sample. From logits, predictions are what goes into the sigmoid or softmax, and the loss is computed from
them; labels need not sum up to one.
"""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.kernels cimport core
from rindow_nn.backend.rindow_blas.primitives cimport Primitives


class LossMethods:
    """The part of ``Backend`` that computes losses.

    In all methods ``trues`` are the labels, ``predicts`` the predictions (batch, ..., classes), and ``dLoss`` the
    gradient of the loss: a number, or an array of one number a sample with the reduction ``none``.
    """

    __slots__ = ()

    def meanSquaredError(self, trues, predicts, reduction=None):
        """Mean of squared differences: of all elements, or over the last dimension (reduction ``none``).

        Raises:
            InvalidArgumentException: the shapes differ, or the predictions are no floating-point numbers.

        Example:
            >>> from rindow_nn.builder import NeuralNetworks
            >>> K = NeuralNetworks().backend
            >>> K.meanSquaredError(K.array([[1, 2]]), K.array([[1, 4]])).toArray()
            2.0
        """
        cdef Primitives K = self
        return K.training.loss(core.RK_LOSS_SQUARE, trues, predicts, 0.0, _by_sample(reduction))

    def dMeanSquaredError(self, dLoss, trues, predicts, reduction=None):
        """Gradient of ``meanSquaredError`` with respect to the predictions."""
        cdef Primitives K = self
        return K.training.loss_gradient(core.RK_LOSS_SQUARE, trues, predicts, 0.0, _by_sample(reduction), dLoss)

    def huber(self, trues, predicts, delta=None, reduction=None):
        """Huber's loss: squares of small differences, a line beyond delta (Huber, 1964).

        Args:
            trues: labels.
            predicts: predictions of the same shape.
            delta: where the line begins; 1 by default.
            reduction: ``sum``: the mean of all elements; ``none``: the mean over the last dimension.

        Raises:
            InvalidArgumentException: the shapes differ, or the predictions are no floating-point numbers.
        """
        cdef Primitives K = self
        return K.training.loss(
            core.RK_LOSS_HUBER, trues, predicts, 1.0 if delta is None else delta, _by_sample(reduction)
        )

    def dHuber(self, dLoss, trues, predicts, delta=None, reduction=None):
        """Gradient of ``huber`` with respect to the predictions."""
        cdef Primitives K = self
        return K.training.loss_gradient(
            core.RK_LOSS_HUBER, trues, predicts, 1.0 if delta is None else delta, _by_sample(reduction), dLoss
        )

    def sparseCategoricalCrossEntropy(self, trues, predicts, fromLogits=None, reduction=None):
        """Cross entropy of class numbers: the mean, or one number a sample (reduction ``none``).

        Args:
            trues: class numbers (batch, ...) of an integer type.
            predicts: probabilities or logits (batch, ..., classes).
            fromLogits: the predictions are logits.
            reduction: ``sum`` or ``none``.

        Raises:
            InvalidArgumentException: trues are not integers, a class number is out of range, or the shapes differ.
        """
        cdef Primitives K = self
        cdef int kind = core.RK_LOSS_SPARSE_LOGITS if fromLogits else core.RK_LOSS_SPARSE
        return K.training.loss(kind, trues, predicts, self._epsilon, _by_sample(reduction))

    def dSparseCategoricalCrossEntropy(self, dLoss, trues, predicts, fromLogits=None, reduction=None):
        """Gradient of ``sparseCategoricalCrossEntropy`` with respect to the predictions."""
        cdef Primitives K = self
        cdef int kind = core.RK_LOSS_SPARSE_LOGITS if fromLogits else core.RK_LOSS_SPARSE
        return K.training.loss_gradient(kind, trues, predicts, self._epsilon, _by_sample(reduction), dLoss)

    def categoricalCrossEntropy(self, trues, predicts, fromLogits=None, reduction=None):
        """Cross entropy of class weights: the mean over the samples, or one number a sample (reduction ``none``).

        Args:
            trues: weights of the classes (batch, ..., classes), often one 1 among zeros.
            predicts: probabilities or logits of the same shape.
            fromLogits: the predictions are logits.
            reduction: ``sum`` or ``none``.

        Raises:
            InvalidArgumentException: the shapes differ, or the predictions are no floating-point numbers.
        """
        cdef Primitives K = self
        cdef int kind = core.RK_LOSS_CATEGORICAL_LOGITS if fromLogits else core.RK_LOSS_CATEGORICAL
        return K.training.loss(kind, trues, predicts, self._epsilon, _by_sample(reduction))

    def dCategoricalCrossEntropy(self, dLoss, trues, predicts, fromLogits=None, reduction=None):
        """Gradient of ``categoricalCrossEntropy`` with respect to the predictions."""
        cdef Primitives K = self
        cdef int kind = core.RK_LOSS_CATEGORICAL_LOGITS if fromLogits else core.RK_LOSS_CATEGORICAL
        return K.training.loss_gradient(kind, trues, predicts, self._epsilon, _by_sample(reduction), dLoss)

    def binaryCrossEntropy(self, trues, predicts, fromLogits=None, reduction=None):
        """Cross entropy of yes and no: the mean of all elements, or the sum over the last dimension (``none``).

        Args:
            trues: 1 for yes, 0 for no, or numbers between them.
            predicts: probabilities or logits of the same shape.
            fromLogits: the predictions are logits.
            reduction: ``sum`` or ``none``.

        Raises:
            InvalidArgumentException: the shapes differ, or the predictions are no floating-point numbers.
        """
        cdef Primitives K = self
        cdef int kind = core.RK_LOSS_BINARY_LOGITS if fromLogits else core.RK_LOSS_BINARY
        return K.training.loss(kind, trues, predicts, self._epsilon, _by_sample(reduction))

    def dBinaryCrossEntropy(self, dLoss, trues, predicts, fromLogits=None, reduction=None):
        """Gradient of ``binaryCrossEntropy`` with respect to the predictions.

        Probabilities closer to 0 or 1 than ``epsilon`` get the gradient that they have there.
        """
        cdef Primitives K = self
        cdef int kind = core.RK_LOSS_BINARY_LOGITS if fromLogits else core.RK_LOSS_BINARY
        return K.training.loss_gradient(kind, trues, predicts, self._epsilon, _by_sample(reduction), dLoss)


cdef bint _by_sample(object reduction) except -1:
    if reduction is None or reduction == "sum":
        return False
    if reduction == "none":
        return True
    raise InvalidArgumentException(f"reduction must be 'sum' or 'none'. Received: {reduction!r}")
