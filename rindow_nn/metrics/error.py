"""Sizes of errors."""

from __future__ import annotations

from math import sqrt
from typing import Any

from rindow_nn.losses.functions import KINDS
from rindow_nn.metrics.base import AbstractMetric

__all__ = ["MeanNorm2Error", "MeanSquaredError"]


class MeanSquaredError(AbstractMetric):
    """The mean of squared differences.

    Shapes:
        trues and predicts alike; trues may lack a last dimension of 1.

    Raises:
        InvalidArgumentException: the shapes differ, or the predictions are no floating-point numbers.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> K = nn.backend
        >>> nn.metrics.MeanSquaredError()(K.array([[1, 2]]), K.array([[1, 4]]))
        2.0

    PHP: ``Rindow\\NeuralNetworks\\Metric\\MeanSquaredError``.
    """

    _name = "mse"

    def forward(self, trues: Any, predicts: Any) -> float:
        return float(self.backend.training.loss(KINDS["square"], trues, predicts, 0.0, False))


class MeanNorm2Error(AbstractMetric):
    """The Euclidean norm of the differences, divided by their number.

    Shapes:
        trues and predicts alike; trues may lack a last dimension of 1.

    Raises:
        InvalidArgumentException: the shapes differ, or the predictions are no floating-point numbers.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> K = nn.backend
        >>> nn.metrics.MeanNorm2Error()(K.array([[1, 2]]), K.array([[4, 6]]))
        2.5

    PHP: ``Rindow\\NeuralNetworks\\Metric\\MeanNorm2Error``.
    """

    _name = "mean_norm2_error"

    def forward(self, trues: Any, predicts: Any) -> float:
        mean = float(self.backend.training.loss(KINDS["square"], trues, predicts, 0.0, False))
        return sqrt(mean / predicts.size())
