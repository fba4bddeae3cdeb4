"""Squared errors that grow linearly when large."""

from __future__ import annotations

from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.losses.fused import FusedLoss

__all__ = ["Huber"]


class Huber(FusedLoss):
    """Half the squares of differences up to ``delta``, and a line beyond it: large errors pull less.

    Args:
        backend: the backend ``K``.
        delta: where the line begins; 1 by default.
        reduction: ``sum`` (the mean over the batch, as in the original) or ``none`` (the mean over the last dimension).

    Shapes:
        trues and predicts (batch, ...) alike; trues may lack a last dimension of 1.

    Raises:
        InvalidArgumentException: the shapes differ, the predictions are no floating-point numbers, or delta is not
            positive.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> K, g = nn.backend, nn.gradient
        >>> loss = nn.losses.Huber(delta=1.0)
        >>> round(float(loss(K.array([[1, 2]]), g.Variable([[1, 4]]))), 4)
        0.75

    References:
        Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35, 1964.

    PHP: ``Rindow\\NeuralNetworks\\Loss\\Huber``.
    """

    _kind = "huber"

    def __init__(self, backend: Any, delta: float | None = None, reduction: str | None = None) -> None:
        super().__init__(backend, reduction=reduction)
        self._delta = 1.0 if delta is None else float(delta)
        if not self._delta > 0:
            raise InvalidArgumentException(f"Huber: delta must be greater than 0. Received: {delta!r}")

    def _number(self) -> float:
        return self._delta

    def getConfig(self) -> dict[str, Any]:
        config = super().getConfig()
        return config if self._delta == 1.0 else {"options": {"delta": self._delta, **config.get("options", {})}}

    def accuracyMetric(self) -> str:
        """``categorical_accuracy``."""
        return "categorical_accuracy"
