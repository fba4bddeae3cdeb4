"""The RMSprop optimizer."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.optimizers.arrays import arrays_of
from rindow_nn.optimizers.base import Optimizer, check_rate, check_state
from rindow_nn.optimizers.schedule import InverseTimeDecay

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Gradients divided by their recent size: ``a = rho a + (1-rho) g*g``, ``p -= lr * g / (sqrt(a) + epsilon)``.

    The original computes each step from ``a = 0``, because it does not keep the average; so does this class, for the
    same figures, unless ``accumulate`` is set. All parameters are changed in one pass over memory.

    Args:
        backend: the backend ``K``.
        lr: learning rate, or a LearningRateSchedule; 0.001 by default.
        rho: decay of the average of squared gradients; 0.9 by default.
        decay: if it is not 0 and ``lr`` is a number, the rate of step t is ``lr / (1 + decay * t)``; 0 by default.
        epsilon: keeps the division finite; the backend's (1e-7) by default.
        accumulate: keep the average from step to step, as RMSprop is defined; False by default.

    Raises:
        InvalidArgumentException: a gradient does not fit its parameter.

    References:
        Tieleman and Hinton, "Lecture 6.5: rmsprop", Neural Networks for Machine Learning, Coursera, 2012.

    PHP: ``Rindow\\NeuralNetworks\\Optimizer\\RMSprop``.
    """

    def __init__(
        self,
        backend: Any,
        lr: float | Callable[[int], float] | None = None,
        rho: float | None = None,
        decay: float | None = None,
        epsilon: float | None = None,
        accumulate: bool | None = None,
    ) -> None:
        self._backend = backend
        self._lr = check_rate("RMSprop", 0.001 if lr is None else lr)
        self._rho = 0.9 if rho is None else float(rho)
        self._decay = 0.0 if decay is None else float(decay)
        self._initial = self._lr
        self._decayed = None if callable(self._lr) else InverseTimeDecay(self._lr, 1, self._decay)
        if self._decay and self._decayed is not None:
            self._lr = self._decayed
        self._epsilon = backend.epsilon() if epsilon is None else float(epsilon)
        self._accumulate = bool(accumulate)
        self._step = 0
        self._averages: list[Any] | None = None

    def getWeights(self) -> list[Any]:
        if self._averages is None:
            return []
        return [self._backend.array(float(self._step)), *self._averages]

    def loadWeights(self, params: Sequence[Any]) -> None:
        arrays = arrays_of(params, "optimizer weights")
        if not arrays:
            raise InvalidArgumentException("RMSprop's state is the step and an array a parameter: none were given")
        self._step = int(float(arrays[0]))
        self._averages = [copy.copy(x) for x in arrays[1:]]  # steps change the state in place

    def getConfig(self) -> dict[str, Any]:
        options = {"lr": self._lr, "rho": self._rho, "decay": self._decay, "epsilon": self._epsilon}
        if self._decay and self._lr is self._decayed:
            options["lr"] = self._initial
        elif self._decay:  # a rate that was set later does not decay
            options["decay"] = 0.0
        if self._accumulate:
            options["accumulate"] = True
        return {"options": options}

    def build(self, params: Sequence[Any]) -> None:
        self._averages = [self._backend.zerosLike(p) for p in arrays_of(params, "parameters")]
        self._step = 0

    def learningRate(self, step: int) -> float:
        """The rate of a step, counted from 1."""
        return float(self._lr(step)) if callable(self._lr) else self._lr

    def update(self, params: Sequence[Any], grads: Sequence[Any]) -> None:
        arrays, slopes = arrays_of(params, "parameters"), arrays_of(grads, "gradients")
        if self._averages is None:
            self.build(arrays)
        check_state(arrays, slopes, self._averages)  # type: ignore[arg-type]
        step = self._step + 1
        averages = self._averages if self._accumulate else None
        self._backend.training.rmsprop_step(arrays, slopes, averages, self.learningRate(step), self._rho, self._epsilon)
        self._step = step

    def __copy__(self) -> RMSprop:
        other = RMSprop(self._backend, **self.getConfig()["options"])
        other._step = self._step
        other._averages = None if self._averages is None else [copy.copy(x) for x in self._averages]
        return other
