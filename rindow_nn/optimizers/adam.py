"""The Adam optimizer."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.optimizers.arrays import arrays_of
from rindow_nn.optimizers.base import Optimizer, check_rate, check_state

__all__ = ["Adam"]


class Adam(Optimizer):
    """Adaptive moment estimation; one pass over memory for all parameters.

    ``m += (1-beta1)(g-m)``, ``v += (1-beta2)(g*g-v)``, ``p -= lr_t * m / (sqrt(v) + epsilon)`` with
    ``lr_t = lr * sqrt(1-beta2**t) / (1-beta1**t)``. A schedule gives ``lr_t`` itself, as in the original.

    Args:
        backend: the backend ``K``.
        lr: learning rate, or a LearningRateSchedule; 0.001 by default.
        beta1: decay of the average of gradients; 0.9 by default.
        beta2: decay of the average of their squares; 0.999 by default.
        epsilon: keeps the division finite; the backend's (1e-7) by default.

    Raises:
        InvalidArgumentException: a gradient does not fit its parameter.

    References:
        Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, arXiv:1412.6980.

    PHP: ``Rindow\\NeuralNetworks\\Optimizer\\Adam``.
    """

    def __init__(
        self,
        backend: Any,
        lr: float | Callable[[int], float] | None = None,
        beta1: float | None = None,
        beta2: float | None = None,
        epsilon: float | None = None,
    ) -> None:
        self._backend = backend
        self._lr = check_rate("Adam", 0.001 if lr is None else lr)
        self._beta1 = 0.9 if beta1 is None else float(beta1)
        self._beta2 = 0.999 if beta2 is None else float(beta2)
        self._epsilon = backend.epsilon() if epsilon is None else float(epsilon)
        self._step = 0
        self._m: list[Any] | None = None
        self._v: list[Any] | None = None

    def getWeights(self) -> list[Any]:
        if self._m is None or self._v is None:
            return []
        return [self._backend.array(float(self._step)), *self._m, *self._v]

    def loadWeights(self, params: Sequence[Any]) -> None:
        arrays = arrays_of(params, "optimizer weights")
        if len(arrays) % 2 != 1:
            raise InvalidArgumentException(
                f"Adam's state is the step and two arrays a parameter: {len(arrays)} arrays were given"
            )
        half = len(arrays) // 2
        self._step = int(float(arrays[0]))
        state = [copy.copy(x) for x in arrays[1:]]  # steps change the state in place
        self._m, self._v = state[:half], state[half:]

    def getConfig(self) -> dict[str, Any]:
        return {
            "options": {"lr": self._lr, "beta1": self._beta1, "beta2": self._beta2, "epsilon": self._epsilon},
        }

    def build(self, params: Sequence[Any]) -> None:
        arrays = arrays_of(params, "parameters")
        self._m = [self._backend.zerosLike(p) for p in arrays]
        self._v = [self._backend.zerosLike(p) for p in arrays]
        self._step = 0

    def learningRate(self, step: int) -> float:
        """The rate of a step, counted from 1, with the correction for averages that begin at 0."""
        if callable(self._lr):
            return float(self._lr(step))
        return self._lr * math.sqrt(1.0 - self._beta2**step) / (1.0 - self._beta1**step)

    def update(self, params: Sequence[Any], grads: Sequence[Any]) -> None:
        arrays, slopes = arrays_of(params, "parameters"), arrays_of(grads, "gradients")
        if self._m is None or self._v is None:
            self.build(arrays)
        check_state(arrays, slopes, self._m)  # type: ignore[arg-type]
        step = self._step + 1
        self._backend.training.adam_step(
            arrays, slopes, self._m, self._v, self.learningRate(step), self._beta1, self._beta2, self._epsilon
        )
        self._step = step

    def __copy__(self) -> Adam:
        other = Adam(self._backend, self._lr, self._beta1, self._beta2, self._epsilon)
        other._step = self._step
        other._m = None if self._m is None else [copy.copy(x) for x in self._m]
        other._v = None if self._v is None else [copy.copy(x) for x in self._v]
        return other
