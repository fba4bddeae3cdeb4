"""Shares of right answers."""

from __future__ import annotations

from typing import Any

from rindow_nn.metrics.base import AbstractMetric

__all__ = ["BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy"]


class BinaryAccuracy(AbstractMetric):
    """The share of predictions on the right side of a threshold.

    Args:
        backend: the backend ``K``.
        threshold: a prediction above it says yes; 0.5 by default.

    Shapes:
        trues and predicts alike; trues may lack a last dimension of 1.

    Raises:
        InvalidArgumentException: the shapes differ, or the predictions are no floating-point numbers.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> K = nn.backend
        >>> nn.metrics.BinaryAccuracy()(K.array([[1], [0]]), K.array([[0.9], [0.6]]))
        0.5

    PHP: ``Rindow\\NeuralNetworks\\Metric\\BinaryAccuracy``.
    """

    _name = "binary_accuracy"

    def __init__(self, backend: Any, threshold: float | None = None) -> None:
        super().__init__(backend)
        self._threshold = 0.5 if threshold is None else float(threshold)

    def forward(self, trues: Any, predicts: Any) -> float:
        return self.backend.training.count_yes_no(trues, predicts, self._threshold) / predicts.size()


class CategoricalAccuracy(AbstractMetric):
    """The share of rows whose greatest prediction is where the greatest label is.

    Shapes:
        trues and predicts (batch, ..., classes).

    Raises:
        InvalidArgumentException: the shapes differ, or the predictions are no floating-point numbers.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> K = nn.backend
        >>> nn.metrics.CategoricalAccuracy()(K.array([[1, 0], [0, 1]]), K.array([[0.9, 0.1], [0.6, 0.4]]))
        0.5

    PHP: ``Rindow\\NeuralNetworks\\Metric\\CategoricalAccuracy``.
    """

    _name = "categorical_accuracy"

    def forward(self, trues: Any, predicts: Any) -> float:
        return self.backend.training.count_hits(trues, predicts, False) * predicts.shape()[-1] / predicts.size()


class SparseCategoricalAccuracy(AbstractMetric):
    """The share of rows whose greatest prediction is that of the class in the labels.

    Shapes:
        trues (batch, ...) of an integer type, predicts (batch, ..., classes).

    Raises:
        InvalidArgumentException: trues are not integers, or the shapes differ.

    Example:
        >>> from rindow_math.matrix import NDArray
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> K = nn.backend
        >>> nn.metrics.SparseCategoricalAccuracy()(K.array([0, 1], NDArray.int32), K.array([[0.9, 0.1], [0.6, 0.4]]))
        0.5

    PHP: ``Rindow\\NeuralNetworks\\Metric\\SparseCategoricalAccuracy``.
    """

    _name = "sparse_categorical_accuracy"

    def forward(self, trues: Any, predicts: Any) -> float:
        return self.backend.training.count_hits(trues, predicts, True) * predicts.shape()[-1] / predicts.size()
