"""What optimizers have in common."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException

__all__ = ["Optimizer", "check_rate", "check_state"]


class Optimizer(ABC):
    """The interface of optimizers.

    PHP: ``Rindow\\NeuralNetworks\\Optimizer\\Optimizer``.
    """

    _lr: Any

    def lr(self) -> Any:
        """The learning rate: a number, or the schedule that gives it."""
        return self._lr

    def setLr(self, lr: Any) -> None:
        """Changes the learning rate from the next step on; a number or a schedule."""
        self._lr = check_rate(type(self).__name__, lr)

    @abstractmethod
    def build(self, params: Sequence[Any]) -> None:
        """Makes the state for parameters."""

    @abstractmethod
    def update(self, params: Sequence[Any], grads: Sequence[Any]) -> None:
        """Changes the parameters, in place, by their gradients."""

    @abstractmethod
    def getWeights(self) -> list[Any]:
        """The state as arrays."""

    @abstractmethod
    def loadWeights(self, params: Sequence[Any]) -> None:
        """Takes over a state that ``getWeights`` gave."""

    @abstractmethod
    def getConfig(self) -> dict[str, Any]:
        """What the constructor was given."""


def check_state(params: Sequence[Any], grads: Sequence[Any], state: Sequence[Any]) -> None:
    """Checks that there is a gradient and a state for each parameter.

    Raises:
        InvalidArgumentException: there is not.
    """
    if len(params) != len(grads):
        raise InvalidArgumentException(f"{len(params)} parameters, but {len(grads)} gradients were given")
    if len(params) != len(state):
        raise InvalidArgumentException(f"the optimizer was built for {len(state)} parameters, {len(params)} were given")


def check_rate(optimizer: str, lr: Any) -> float | Callable[[int], float]:
    """A learning rate: a number, or a function of the step."""
    if callable(lr):
        return lr
    if isinstance(lr, bool) or not isinstance(lr, numbers.Real):
        raise InvalidArgumentException(f"{optimizer}: lr must be a number or a LearningRateSchedule. Received: {lr!r}")
    return float(lr)
