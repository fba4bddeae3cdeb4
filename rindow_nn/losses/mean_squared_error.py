"""The mean of squared errors."""

from __future__ import annotations

from typing import Any

from rindow_nn.losses.fused import FusedLoss

__all__ = ["MeanSquaredError"]


class MeanSquaredError(FusedLoss):
    """The mean of squared differences: ``(p - t)**2``.

    Args:
        backend: the backend ``K``.
        reduction: ``sum`` (the mean over the batch, as in the original) or ``none`` (the mean over the last dimension).

    Shapes:
        trues and predicts (batch, ...) alike; trues may lack a last dimension of 1.

    Raises:
        InvalidArgumentException: the shapes differ, or the predictions are no floating-point numbers.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> K, g = nn.backend, nn.gradient
        >>> loss = nn.losses.MeanSquaredError()
        >>> round(float(loss(K.array([[1, 2]]), g.Variable([[1, 4]]))), 4)
        2.0

    PHP: ``Rindow\\NeuralNetworks\\Loss\\MeanSquaredError``.
    """

    _kind = "square"

    def __init__(self, backend: Any, reduction: str | None = None) -> None:
        super().__init__(backend, reduction=reduction)

    def accuracyMetric(self) -> str:
        """``categorical_accuracy``."""
        return "categorical_accuracy"
