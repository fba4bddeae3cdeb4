"""What ``fit`` and ``evaluate`` say while they run."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Progress"]

DOTS = 25  # of a full bar


def _clock(seconds: int) -> str:
    hours = f"{seconds // 3600}:" if seconds >= 3600 else ""
    return f"{hours}{seconds // 60 % 60:02d}:{seconds % 60:02d}"


class Progress:
    """The progress of an epoch.

    On a terminal it is a bar that is drawn again and again, with samples a second, remaining time and the numbers so
    far. Elsewhere it is the same bar as one line that grows, so that a log has neither control characters nor
    repetitions.

    Args:
        write: takes text.
        verbose: 0 nothing, 1 a bar, more: dots.
        epochs: how many epochs there are.
        terminal: whether the text goes to a terminal; found out when left out.
    """

    def __init__(self, write: Callable[[str], None], verbose: int, epochs: int, terminal: bool | None = None) -> None:
        if terminal is None:
            terminal = bool(getattr(sys.stderr, "isatty", lambda: False)())
        self._write = write
        self.verbose = verbose
        self._epochs = epochs
        self._terminal = terminal
        self._epoch = 0
        self._total = 0
        self._every = 1
        self._next = 0
        self._dots = 0
        self._started = 0.0
        self._drawn = 0.0
        self._width = 0

    def begin(self, epoch: int, steps: int) -> None:
        """An epoch of so many steps begins; 0: nobody knows how many."""
        self._epoch, self._total = epoch, steps
        self._every = 1000 if steps == 0 else int(steps / DOTS)
        self._next = self._dots = self._width = 0
        self._started = time.time()
        self._drawn = 0.0
        if self.verbose >= 1:
            self._write(f"Epoch {epoch + 1}/{self._epochs} ")
            if self.verbose == 1 and not self._terminal:
                self._write("[")

    def step(self, done: int, samples: int, metrics: dict[str, Any]) -> None:
        """A step begins, after so many done ones and so many samples."""
        if self.verbose < 1:
            return
        if self.verbose > 1:
            if done >= self._next:
                self._write(".")
                self._next = done + self._every + 1
        elif not self._terminal:
            self._grow(done)
        elif done and time.time() - self._drawn > 0.1:
            self._draw(done, samples, metrics)

    def end(self, done: int, samples: int, metrics: dict[str, Any]) -> None:
        """The epoch's last step is done."""
        if self.verbose == 1:
            self._total = self._total or max(done, 1)
            if self._terminal:
                self._draw(self._total, samples, metrics)
            else:
                self._grow(self._total)
                self._write(f"] {int(time.time() - self._started)} sec. remaining:00:00  ")
        elif self.verbose > 1:
            self._write(".")

    def _grow(self, done: int) -> None:
        dots = math.ceil(DOTS * done / self._total) if self._total else min(DOTS, done // self._every)
        if dots > self._dots:
            self._write("." * (dots - self._dots))
            self._dots = dots

    def _draw(self, done: int, samples: int, metrics: dict[str, Any]) -> None:
        self._drawn = now = time.time()
        elapsed = now - self._started
        if self._total:
            dots = min(DOTS, math.ceil(DOTS * done / self._total))
            remaining = _clock(max(0, math.ceil(elapsed * (self._total - done) / done)))
        else:
            dots, remaining = 1, "????"
        text = (
            f"Epoch {self._epoch + 1}/{self._epochs} [{'.' * dots}{' ' * (DOTS - dots)}] {int(elapsed)} sec. "
            f"remaining:{remaining}  "
        )
        if elapsed > 0:
            rate = samples / elapsed
            text += f"{rate:.0f} samples/s " if rate >= 10 else f"{rate:.2g} samples/s "
        for name, metric in metrics.items():
            text += f" {name}:{metric.result():2.4f}"
        text += " "
        self._write("\r" + text.ljust(self._width))
        self._width = len(text)
