"""Changing the learning rate between epochs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.callbacks.base import AbstractCallback
from rindow_nn.callbacks.monitor import Monitor, monitored
from rindow_nn.support.calling import call_with

__all__ = ["LearningRateScheduler", "ReduceLROnPlateau"]


def _rate(callback: AbstractCallback) -> float:
    """The optimizer's rate, which must be a number."""
    rate = callback.model.optimizer().lr()
    if callable(rate):
        raise InvalidArgumentException(
            f"{type(callback).__name__} changes a rate that is a number; the optimizer has a "
            f"{type(rate).__name__} for it"
        )
    return float(rate)


class LearningRateScheduler(AbstractCallback):
    """Sets the optimizer's learning rate at the beginning of each epoch.

    Args:
        schedule: a function of (epoch, learning rate), or of the epoch, that gives the new rate.
        verbose: 1 says so.

    Raises:
        InvalidArgumentException: the schedule gives no number, or the optimizer has a schedule of its own.

    Example:
        >>> LearningRateScheduler(lambda epoch, lr: lr if epoch < 10 else lr * 0.9).verbose
        0
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise InvalidArgumentException(
                f"LearningRateScheduler: schedule must be a function. Received: {schedule!r}"
            )
        self.schedule = schedule
        self.verbose = verbose

    def onEpochBegin(self, epoch: int, metrics: dict[str, Any] | None = None) -> None:
        rate = call_with(self.schedule, (epoch, _rate(self)))
        if isinstance(rate, bool) or not hasattr(rate, "__float__"):
            raise InvalidArgumentException(
                f"LearningRateScheduler: the schedule must give a number. Received: {rate!r}"
            )
        self.model.optimizer().setLr(float(rate))
        if self.verbose:
            print(f"Epoch {epoch + 1}: LearningRateScheduler setting learning rate to {float(rate)}.")


class ReduceLROnPlateau(AbstractCallback):
    """Lowers the learning rate when a number has stopped improving.

    Args:
        monitor: name of the number.
        factor: the rate is multiplied by it; below 1.
        patience: epochs without improvement before that.
        verbose: 1 says so.
        mode: ``min``, ``max``, or ``auto``: the larger the better for accuracies.
        min_delta: a smaller change is no improvement.
        cooldown: epochs to wait after a change.
        min_lr: the rate does not fall below.

    Raises:
        InvalidArgumentException: the factor is 1 or more, or the optimizer has a schedule.

    Example:
        >>> ReduceLROnPlateau(monitor="loss", factor=0.5, patience=2).min_lr
        0.0
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__()
        if factor >= 1.0:
            raise InvalidArgumentException(f"ReduceLROnPlateau: factor must be below 1. Received: {factor!r}")
        self.monitor = monitor
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.wait = 0
        self.cooldown_counter = 0
        self._monitor = Monitor("ReduceLROnPlateau", monitor, mode, min_delta)

    def onTrainBegin(self, metrics: dict[str, Any] | None = None) -> None:
        self.wait = self.cooldown_counter = 0
        self._monitor.reset()

    def onEpochEnd(self, epoch: int, metrics: dict[str, Any] | None = None) -> None:
        value = monitored(self, self.monitor, metrics)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._monitor.better(value):
            self.wait = 0
            return
        if self.cooldown_counter > 0:
            return
        self.wait += 1
        if self.wait < self.patience:
            return
        before = _rate(self)
        rate = max(before * self.factor, self.min_lr)
        if rate < before:
            self.model.optimizer().setLr(rate)
            self.cooldown_counter = self.cooldown
            self.wait = 0
            if self.verbose:
                print(f"Epoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {rate}.")
        elif rate > before:
            warnings.warn(
                f"ReduceLROnPlateau: the rate {before} is below min_lr {self.min_lr} already",
                RuntimeWarning,
                stacklevel=2,
            )
