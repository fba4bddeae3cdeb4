"""Cross entropy of class numbers."""

from __future__ import annotations

from rindow_nn.losses.fused import FusedLoss

__all__ = ["SparseCategoricalCrossEntropy"]


class SparseCategoricalCrossEntropy(FusedLoss):
    """Cross entropy between class numbers and predicted classes.

    From logits it is computed by log-sum-exp, so that it neither saturates nor overflows, and the probabilities are
    never in memory.

    Args:
        backend: the backend ``K``.
        from_logits: the predictions are not yet probabilities; False by default.
        reduction: ``sum`` (the mean over the batch, as in the original) or ``none`` (one number a row).

    Shapes:
        trues (batch, ...) of an integer type, predicts (batch, ..., classes).

    Raises:
        InvalidArgumentException: trues are not integers, a class number is out of range, or the shapes differ.

    Example:
        >>> from rindow_math.matrix import NDArray
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> K, g = nn.backend, nn.gradient
        >>> loss = nn.losses.SparseCategoricalCrossEntropy(from_logits=True)
        >>> round(float(loss(K.array([1], NDArray.int32), g.Variable([[0, 0]]))), 4)
        0.6931

    PHP: ``Rindow\\NeuralNetworks\\Loss\\SparseCategoricalCrossEntropy``.
    """

    _kind = "sparse"

    def accuracyMetric(self) -> str:
        """``sparse_categorical_accuracy``."""
        return "sparse_categorical_accuracy"
