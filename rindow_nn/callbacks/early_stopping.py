"""Stopping when nothing improves."""

from __future__ import annotations

import copy
from typing import Any

from rindow_nn.callbacks.base import AbstractCallback
from rindow_nn.callbacks.monitor import Monitor, monitored

__all__ = ["EarlyStopping"]


class EarlyStopping(AbstractCallback):
    """Stops ``fit`` when a number has stopped improving.

    Args:
        monitor: name of the number.
        min_delta: a smaller change is no improvement.
        patience: epochs without improvement after which training stops.
        verbose: 1 says so.
        mode: ``min``, ``max``, or ``auto``: the larger the better for accuracies.
        baseline: a value that must be beaten to count.
        restore_best_weights: give the model the weights of the best epoch at the end.
        start_from_epoch: epochs before this one are not looked at.

    After ``fit``, ``stopped_epoch`` is the epoch of the stop (0: none), ``best`` the best value and ``best_epoch`` its
    epoch.

    Example:
        >>> EarlyStopping(monitor="val_accuracy", patience=3, restore_best_weights=True).patience
        3
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__()
        self.monitor = monitor
        self.patience = patience
        self.verbose = verbose
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None
        self._monitor = Monitor("EarlyStopping", monitor, mode, min_delta, baseline)
        self._seen = Monitor("EarlyStopping", monitor, mode)  # the best one, whether it counts or not

    @property
    def best(self) -> float:
        """The best value so far."""
        return self._seen.best

    def onTrainBegin(self, metrics: dict[str, Any] | None = None) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best_weights = None
        self._monitor.reset()
        self._seen.reset()

    def onEpochEnd(self, epoch: int, metrics: dict[str, Any] | None = None) -> None:
        if epoch < self.start_from_epoch:
            return
        value = monitored(self, self.monitor, metrics)
        if value is None:
            return
        if self._seen.better(value):
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = [copy.copy(v.value()) for v in self.model.variables()]
        if self._monitor.better(value):
            self.wait = 0
            return
        self.wait += 1
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def onTrainEnd(self, metrics: dict[str, Any] | None = None) -> None:
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            for variable, value in zip(self.model.variables(), self.best_weights):
                variable.assign(value)
            self.model.reverseSyncWeightVariables()
            self.best_weights = None
