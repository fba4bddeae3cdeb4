"""A metric from a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.metrics.base import AbstractMetric
from rindow_nn.support.calling import call_with

__all__ = ["GenericMetric"]


class GenericMetric(AbstractMetric):
    """A metric from a function of (trues, predicts) that gives a number.

    Args:
        backend: the backend ``K``.
        func: the function.
        name: its name; ``generic_metric`` by default.

    Raises:
        InvalidArgumentException: ``func`` cannot be called.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> K = nn.backend
        >>> metric = nn.metrics.GenericMetric(lambda trues, predicts: K.scalar(K.max(predicts)), name="highest")
        >>> metric.update(K.array([0]), K.array([7]))
        >>> metric.name(), metric.result()
        ('highest', 7.0)

    PHP: ``Rindow\\NeuralNetworks\\Metric\\GenericMetric``.
    """

    _name = "generic_metric"

    def __init__(self, backend: Any, func: Callable[..., Any], name: str | None = None) -> None:
        super().__init__(backend)
        if not callable(func):
            raise InvalidArgumentException(f"GenericMetric: func must be a function. Received: {func!r}")
        self._func = func
        if name is not None:
            self._name = name

    def forward(self, trues: Any, predicts: Any) -> float:
        return float(call_with(self._func, (trues, predicts)))
