"""What metrics have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

__all__ = ["AbstractMetric", "Metric"]


class Metric(ABC):
    """The interface of metrics.

    PHP: ``Rindow\\NeuralNetworks\\Metric\\Metric``.
    """

    @abstractmethod
    def name(self) -> str:
        """The name that it has in the history if no other is given."""

    @abstractmethod
    def reset(self) -> None:
        """Forgets the batches so far."""

    @abstractmethod
    def result(self) -> float:
        """The mean over the batches so far; 0 before the first."""

    @abstractmethod
    def immediateUpdate(self, value: float) -> None:
        """Takes the number of a batch."""

    @abstractmethod
    def update(self, trues: Any, predicts: Any) -> None:
        """Computes the number of a batch and takes it."""

    @abstractmethod
    def forward(self, trues: Any, predicts: Any) -> float:
        """Computes the number of a batch."""

    def __call__(self, *args: Any) -> float:
        trues, predicts = args
        return self.forward(trues, predicts)


class AbstractMetric(Metric):
    """A base for metrics: subclasses write ``forward(trues, predicts)`` and set ``_name``.

    Args:
        backend: the backend ``K``.

    PHP: ``Rindow\\NeuralNetworks\\Metric\\AbstractMetric``.
    """

    _name = "unknown"

    def __init__(self, backend: Any) -> None:
        self.backend = backend
        self._state = 0.0
        self._count = 0

    def name(self) -> str:
        return self._name

    def reset(self) -> None:
        self._state = 0.0
        self._count = 0

    def result(self) -> float:
        return self._state / self._count if self._count else 0.0

    def update(self, trues: Any, predicts: Any) -> None:
        self.immediateUpdate(self.forward(trues, predicts))

    def immediateUpdate(self, value: float) -> None:
        self._state += float(value)
        self._count += 1
