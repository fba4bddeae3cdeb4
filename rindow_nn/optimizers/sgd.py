"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rindow_nn.optimizers.arrays import arrays_of
from rindow_nn.optimizers.base import Optimizer, check_rate, check_state

__all__ = ["SGD"]


class SGD(Optimizer):
    """Gradient descent: ``p -= lr * g``.

    Args:
        backend: the backend ``K``.
        lr: learning rate, or a LearningRateSchedule; 0.01 by default.

    Raises:
        InvalidArgumentException: a gradient does not fit its parameter.

    PHP: ``Rindow\\NeuralNetworks\\Optimizer\\SGD``.
    """

    def __init__(self, backend: Any, lr: float | Callable[[int], float] | None = None) -> None:
        self._backend = backend
        self._lr = check_rate("SGD", 0.01 if lr is None else lr)
        self._step = 0

    def getWeights(self) -> list[Any]:
        return []

    def loadWeights(self, params: Sequence[Any]) -> None:
        """Nothing to take over: there is no state."""

    def getConfig(self) -> dict[str, Any]:
        return {"options": {"lr": self._lr}}

    def build(self, params: Sequence[Any]) -> None:
        """Nothing to make: there is no state."""

    def learningRate(self, step: int) -> float:
        """The rate of a step, counted from 0."""
        return float(self._lr(step)) if callable(self._lr) else self._lr

    def update(self, params: Sequence[Any], grads: Sequence[Any]) -> None:
        arrays, slopes = arrays_of(params, "parameters"), arrays_of(grads, "gradients")
        check_state(arrays, slopes, arrays)
        self._backend.training.sgd_step(arrays, slopes, self.learningRate(self._step))
        self._step += 1
