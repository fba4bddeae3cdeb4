"""The mean of given numbers."""

from __future__ import annotations

from typing import Any, NoReturn

from rindow_math.exceptions import LogicException
from rindow_nn.metrics.base import AbstractMetric

__all__ = ["ScalarMetric"]


class ScalarMetric(AbstractMetric):
    """The mean of numbers given by ``immediateUpdate``, such as losses.

    Args:
        backend: the backend ``K``.
        name: its name.

    Raises:
        LogicException: it is asked to compute something from arrays.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> metric = NeuralNetworks().metrics.ScalarMetric("loss")
        >>> metric.immediateUpdate(1.0)
        >>> metric.immediateUpdate(2.0)
        >>> metric.result()
        1.5

    PHP: ``Rindow\\NeuralNetworks\\Metric\\ScalarMetric``.
    """

    def __init__(self, backend: Any, name: str) -> None:
        super().__init__(backend)
        self._name = name

    def forward(self, trues: Any, predicts: Any) -> NoReturn:
        raise LogicException('unsupported operation: "forward"')

    def update(self, trues: Any, predicts: Any) -> NoReturn:
        raise LogicException('unsupported operation: "update"')
