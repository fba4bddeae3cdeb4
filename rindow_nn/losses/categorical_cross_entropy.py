"""Cross entropy of class weights."""

from __future__ import annotations

from rindow_nn.losses.fused import FusedLoss

__all__ = ["CategoricalCrossEntropy"]


class CategoricalCrossEntropy(FusedLoss):
    """Cross entropy between weights of the classes, often one 1 among zeros, and predicted classes.

    From logits it is computed by log-sum-exp, so that it neither saturates nor overflows; the weights need not sum up
    to 1.

    Args:
        backend: the backend ``K``.
        from_logits: the predictions are not yet probabilities; False by default.
        reduction: ``sum`` (the mean over the batch, as in the original) or ``none`` (one number a row).

    Shapes:
        trues and predicts (batch, ..., classes).

    Raises:
        InvalidArgumentException: the shapes differ, or the predictions are no floating-point numbers.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> K, g = nn.backend, nn.gradient
        >>> loss = nn.losses.CategoricalCrossEntropy(from_logits=True)
        >>> round(float(loss(K.array([[0, 1]]), g.Variable([[0, 0]]))), 4)
        0.6931

    PHP: ``Rindow\\NeuralNetworks\\Loss\\CategoricalCrossEntropy``.
    """

    _kind = "categorical"

    def accuracyMetric(self) -> str:
        """``categorical_accuracy``."""
        return "categorical_accuracy"
