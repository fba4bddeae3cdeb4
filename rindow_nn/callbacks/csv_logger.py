"""The history as a file."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

from rindow_nn.callbacks.base import AbstractCallback

__all__ = ["CSVLogger"]


class CSVLogger(AbstractCallback):
    """Writes each epoch's numbers as a line of a CSV file.

    The file is closed between epochs: what is written is there, whatever ends the training.

    Args:
        filename: the file.
        separator: between the columns.
        append: go on with a file that is there, instead of writing it anew.

    Example:
        >>> CSVLogger("training.csv", append=True).separator
        ','
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = Path(filename)
        self.separator = separator
        self.append = append
        self._keys: list[str] | None = None

    def onTrainBegin(self, metrics: dict[str, Any] | None = None) -> None:
        self._keys = None
        if not self.append:
            self.filename.write_text("", encoding="utf-8")

    def onEpochEnd(self, epoch: int, metrics: dict[str, Any] | None = None) -> None:
        numbers = metrics or {}
        if self._keys is None:
            self._keys = list(numbers)
        headless = not self.filename.exists() or self.filename.stat().st_size == 0
        with self.filename.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=self.separator)
            if headless:
                writer.writerow(["epoch", *self._keys])
            writer.writerow([epoch, *[numbers.get(key, "NA") for key in self._keys]])
