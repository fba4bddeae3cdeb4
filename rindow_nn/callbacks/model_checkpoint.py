"""Saving the model while it is trained."""

from __future__ import annotations

import os
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.callbacks.base import AbstractCallback
from rindow_nn.callbacks.monitor import Monitor, monitored

__all__ = ["ModelCheckpoint"]


class ModelCheckpoint(AbstractCallback):
    """Saves the model, or its weights, after epochs or after some number of steps.

    Args:
        filepath: where to; may have names in braces: ``model-{epoch:02d}-{val_loss:.2f}.hda``. Epochs count from 1
            in it. The same file is replaced each time otherwise.
        monitor: name of the number that tells the best.
        verbose: 1 says what is saved.
        save_best_only: only when the number is better than all before.
        save_weights_only: with ``saveWeightsToFile`` in place of ``save``.
        mode: ``min``, ``max``, or ``auto``: the larger the better for accuracies.
        save_freq: ``epoch``, or a number of steps.
        initial_value_threshold: a value that must be beaten first.

    Raises:
        InvalidArgumentException: ``save_freq`` is neither, or the file's name asks for a number that there is not.

    Example:
        >>> ModelCheckpoint("best.hda", save_best_only=True, save_weights_only=True).monitor
        'val_loss'
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__()
        if save_freq != "epoch" and (isinstance(save_freq, (str, bool)) or save_freq < 1):
            raise InvalidArgumentException(
                f"ModelCheckpoint: save_freq must be 'epoch' or a number of steps. Received: {save_freq!r}"
            )
        self.filepath = os.fspath(filepath)
        self.monitor = monitor
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self._monitor = Monitor("ModelCheckpoint", monitor, mode, baseline=initial_value_threshold)
        self._epoch = 0
        self._steps = 0

    @property
    def best(self) -> float:
        """The best value so far."""
        return self._monitor.best

    def onEpochBegin(self, epoch: int, metrics: dict[str, Any] | None = None) -> None:
        self._epoch = epoch

    def onTrainBatchEnd(self, batch: int, metrics: dict[str, Any] | None = None) -> None:
        if self.save_freq == "epoch":
            return
        self._steps += 1
        if self._steps % int(self.save_freq) == 0:
            numbers = {name: metric.result() for name, metric in (metrics or {}).items()}
            self._save({**numbers, "batch": batch + 1}, numbers)

    def onEpochEnd(self, epoch: int, metrics: dict[str, Any] | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(metrics or {}, metrics or {})

    def _save(self, names: dict[str, Any], metrics: dict[str, Any]) -> None:
        if self.save_best_only:
            value = monitored(self, self.monitor, metrics)
            if value is None or not self._monitor.better(value):
                return
        try:
            path = self.filepath.format(epoch=self._epoch + 1, **names)
        except KeyError as e:
            raise InvalidArgumentException(
                f"ModelCheckpoint: filepath {self.filepath!r} asks for {e}; there are epoch, {', '.join(names)}"
            ) from None
        if self.verbose:
            print(f"Epoch {self._epoch + 1}: saving model to {path}")
        if self.save_weights_only:
            self.model.saveWeightsToFile(path)
        else:
            self.model.save(path)
