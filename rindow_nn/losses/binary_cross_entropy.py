"""Cross entropy of two classes."""

from __future__ import annotations

from rindow_nn.losses.fused import FusedLoss

__all__ = ["BinaryCrossEntropy"]


class BinaryCrossEntropy(FusedLoss):
    """Cross entropy between yes or no and its predicted probability: ``-t log(p) - (1-t) log(1-p)``.

    From logits it is computed as ``log(1 + exp(x)) - t x``, which neither saturates nor overflows. Probabilities are
    kept away from 0 and 1 by the backend's epsilon.

    Args:
        backend: the backend ``K``.
        from_logits: the predictions are not yet probabilities; False by default.
        reduction: ``sum`` (the mean over the batch, as in the original) or ``none`` (the sum over the last dimension).

    Shapes:
        trues and predicts (batch, ...) alike; trues may lack a last dimension of 1.

    Raises:
        InvalidArgumentException: the shapes differ, or the predictions are no floating-point numbers.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> K, g = nn.backend, nn.gradient
        >>> loss = nn.losses.BinaryCrossEntropy(from_logits=True)
        >>> round(float(loss(K.array([[1]]), g.Variable([[0]]))), 4)
        0.6931

    PHP: ``Rindow\\NeuralNetworks\\Loss\\BinaryCrossEntropy``.
    """

    _kind = "binary"

    def accuracyMetric(self) -> str:
        """``binary_accuracy``."""
        return "binary_accuracy"
