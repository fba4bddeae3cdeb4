"""Comparing an epoch's number with the best one."""

from __future__ import annotations

import math
import warnings
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.callbacks.base import AbstractCallback

__all__ = ["Monitor", "monitored"]


def monitored(callback: AbstractCallback, name: str, metrics: dict[str, Any] | None) -> float | None:
    """The epoch's number of a name; None, with a warning, where there is none."""
    value = (metrics or {}).get(name)
    if value is None:
        known = ", ".join(metrics or ()) or "none"
        warnings.warn(
            f"{type(callback).__name__}: the epoch has no {name!r}; it has {known}", RuntimeWarning, stacklevel=4
        )
        return None
    return float(value)


class Monitor:
    """The best value of a metric so far.

    Args:
        owner: name of the callback, for messages.
        monitor: name of the metric.
        mode: ``min``, ``max``, or ``auto``: the larger the better for accuracies.
        min_delta: changes below do not count.
        baseline: a value that must be beaten.
    """

    def __init__(
        self, owner: str, monitor: str, mode: str, min_delta: float = 0.0, baseline: float | None = None
    ) -> None:
        if mode not in ("auto", "min", "max"):
            raise InvalidArgumentException(f"{owner}: mode must be 'auto', 'min' or 'max'. Received: {mode!r}")
        rising = mode == "max" or (mode == "auto" and ("acc" in monitor.lower() or monitor.lower().endswith("auc")))
        self.sign = 1.0 if rising else -1.0
        self.min_delta = abs(float(min_delta))
        self.baseline = baseline
        self.best = 0.0
        self.reset()

    def reset(self) -> None:
        """Forgets what was seen."""
        self.best = -self.sign * math.inf if self.baseline is None else float(self.baseline)

    def improves(self, value: float) -> bool:
        """Whether a value is better than the best one, by more than ``min_delta``."""
        return self.sign * (value - self.best) > self.min_delta if math.isfinite(self.best) else value == value

    def better(self, value: float) -> bool:
        """Takes a value over as the best if it is; answers whether it is."""
        found = self.improves(value)
        if found:
            self.best = value
        return found
