"""Learning rates that change from step to step (PHP: ``Optimizer\\Schedule``)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

__all__ = ["ExponentialDecay", "InverseTimeDecay", "LearningRateSchedule"]


class LearningRateSchedule(ABC):
    """A learning rate as a function of the step.

    PHP: ``Rindow\\NeuralNetworks\\Optimizer\\Schedule\\LearningRateSchedule``.
    """

    @abstractmethod
    def __call__(self, step: float) -> float:
        """The learning rate of a step."""


class _Decay(LearningRateSchedule):
    """What the schedules have in common: the arguments and the progress."""

    def __init__(
        self, initialLearningRate: float, decaySteps: int, decayRate: float, staircase: bool | None = None
    ) -> None:
        self._initial = initialLearningRate
        self._steps = decaySteps
        self._rate = decayRate
        self._staircase = bool(staircase)

    def getConfig(self) -> dict[str, Any]:
        """What the constructor was given."""
        return {
            "initialLearningRate": self._initial,
            "decaySteps": self._steps,
            "decayRate": self._rate,
            "staircase": self._staircase,
        }

    def _progress(self, step: float) -> float:
        progress = step / self._steps
        return math.floor(progress) if self._staircase else progress


class ExponentialDecay(_Decay):
    """initialLearningRate * decayRate ** (step / decaySteps).

    Args:
        initialLearningRate: the rate of step 0.
        decaySteps: after so many steps the rate has been multiplied by ``decayRate``.
        decayRate: the factor.
        staircase: change the rate in whole multiples of ``decaySteps`` only.

    Example:
        >>> ExponentialDecay(0.1, 10, 0.5)(20)
        0.025

    PHP: ``Rindow\\NeuralNetworks\\Optimizer\\Schedule\\ExponentialDecay``.
    """

    def __call__(self, step: float) -> float:
        return self._initial * self._rate ** self._progress(step)


class InverseTimeDecay(_Decay):
    """initialLearningRate / (1 + decayRate * step / decaySteps).

    Args:
        initialLearningRate: the rate of step 0.
        decaySteps: the unit of time.
        decayRate: how fast the rate falls.
        staircase: change the rate in whole multiples of ``decaySteps`` only.

    Example:
        >>> InverseTimeDecay(0.1, 10, 0.5)(20)
        0.05

    PHP: ``Rindow\\NeuralNetworks\\Optimizer\\Schedule\\InverseTimeDecay``.
    """

    def __call__(self, step: float) -> float:
        return self._initial / (1 + self._rate * self._progress(step))
