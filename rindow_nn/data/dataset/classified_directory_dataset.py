"""Batches from files that lie in one folder a class."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from typing import Any

from rindow_math.exceptions import LogicException, RuntimeException, UnexpectedValueException
from rindow_math.matrix.random import generator
from rindow_nn.data.dataset.base import FilteredDataset
from rindow_nn.data.dataset.prefetch import prefetched
from rindow_nn.support.calling import call_with
from rindow_nn.support.dir import Dir

__all__ = ["ClassifiedDirectoryDataset"]


class ClassifiedDirectoryDataset(FilteredDataset):
    """Batches of the contents of files and their classes: the names of the folders in ``path`` that hold them.

    Without a filter a batch is a list of texts and a list of class names. A thread reads the next batches while one
    is worked on. Files come in the order of their names.

    Args:
        mo: the MatrixOperator.
        path: the folder of the classes' folders. Files that lie in it directly belong to no class and are left out.
        pattern: a regular expression that file names must match, bare or between PHP's delimiters; None for all.
        batch_size: files of a batch; 32 by default. The last one may be shorter. 0 gives single files.
        crawler: finds the files by ``glob(path, pattern)``; a Dir by default.
        filter: a DatasetFilter, or a function of (contents, class names, file names), that gives (inputs, tests).
        unclassified: give the contents only; False by default.
        shuffle: take the files in a random order, drawn once; False by default.
        limit: at most so many files.
        restricted_by_class: names of the classes to take; None for all.

    Raises:
        LogicException: the path does not exist, a class has no folder, or no file is left.
        UnexpectedValueException: a file is not in UTF-8; the message names it and the line.

    PHP: ``Rindow\\NeuralNetworks\\Data\\Dataset\\ClassifiedDirectoryDataset``.
    """

    def __init__(
        self,
        mo: Any,
        path: str | os.PathLike[str],
        pattern: str | None = None,
        batch_size: int | None = None,
        crawler: Any = None,
        filter: Any = None,
        unclassified: bool | None = None,
        shuffle: bool | None = None,
        limit: int | None = None,
        restricted_by_class: Sequence[str] | None = None,
    ) -> None:
        super().__init__(mo, 32 if batch_size is None else batch_size, filter, smallest=0)
        self._path = os.fspath(path)
        self._pattern = pattern
        self._crawler = crawler
        self._unclassified = bool(unclassified)
        self._shuffle = bool(shuffle)
        self._limit = limit
        self._restricted = list(restricted_by_class) if restricted_by_class else None
        self._files: list[tuple[str, str]] | None = None
        self._steps = 0
        self._size = 0

    def datasetSize(self) -> int:
        """Number of files; 0 before they were gone through once."""
        return self._size

    def __len__(self) -> int:
        """Number of batches; 0 before they were gone through once, and with ``batch_size=0``."""
        return self._steps

    # ---- what subclasses override

    def readContents(self, filename: str) -> Any:
        """The content of a file."""
        try:
            with open(filename, "rb") as file:
                data = file.read()
        except OSError as e:
            raise RuntimeException(f"cannot read {filename}: {e.strerror or e}") from e
        try:
            return data.decode()
        except UnicodeDecodeError as e:
            line = data.count(b"\n", 0, e.start) + 1
            raise UnexpectedValueException(f"{filename}, line {line}: not in UTF-8: {e.reason}") from e

    def makeBatchInputs(self, inputs: list[Any]) -> Any:
        """What a batch of contents becomes."""
        return inputs

    def makeBatchTests(self, tests: list[str]) -> Any:
        """What a batch of class names becomes."""
        return tests

    def console(self, message: str) -> None:
        """Is told of the progress of long work; says nothing."""

    # ---- files

    def _found(self) -> list[tuple[str, str]]:
        """(file name, class) of each file."""
        if self._files is None:
            self._files = self._find()
        return self._files

    def _find(self) -> list[tuple[str, str]]:
        crawler = Dir() if self._crawler is None else self._crawler
        names = list(crawler.glob(self._path, self._pattern))
        if self._crawler is None:
            names.sort()
        files = []
        for name in names:
            parts = os.path.relpath(name, self._path).split(os.sep)
            if len(parts) > 1 and (self._restricted is None or parts[0] in self._restricted):
                files.append((name, parts[0]))
        if self._restricted is not None:
            missing = [c for c in self._restricted if not os.path.isdir(os.path.join(self._path, c))]
            if missing and self._crawler is None:
                there = sorted(entry.name for entry in os.scandir(self._path) if entry.is_dir())
                raise LogicException(
                    f"no folder in {self._path} for the classes {', '.join(missing)}; there are: {', '.join(there)}"
                )
        if not files:
            matching = "" if self._pattern is None else f" that matches {self._pattern}"
            raise LogicException(f"no file{matching} in a folder of a class in {self._path}")
        if self._shuffle:
            files = [files[i] for i in generator().permutation(len(files))]
        return files[: self._limit] if self._limit else files

    # ---- batches

    def __iter__(self) -> Iterator[Any]:
        self._found()
        return prefetched(self._singles if self._batch_size == 0 else self._batches)

    def _singles(self) -> Iterator[Any]:
        """(content, class) of each file."""
        self._size = 0
        for name, label in self._found():
            content = self.readContents(name)
            yield content if self._unclassified else (content, label)
            self._size += 1

    def _batches(self) -> Iterator[Any]:
        files = self._found()
        steps = size = 0
        for start in range(0, len(files), self._batch_size):
            part = files[start : start + self._batch_size]
            inputs = self.makeBatchInputs([self.readContents(name) for name, _ in part])
            tests = self.makeBatchTests([label for _, label in part])
            if self._filter is not None:
                translate = getattr(self._filter, "translate", self._filter)
                try:
                    inputs, tests = call_with(translate, (inputs, tests, [name for name, _ in part]))
                except Exception as e:
                    e.add_note(f"in the filter, on the files from {part[0][0]} to {part[-1][0]}")
                    raise
            yield inputs if self._unclassified else (inputs, tests)
            steps, size = steps + 1, size + len(part)
        self._steps, self._size = steps, size

    def progressBar(self, done: int, total: int, startTime: float, maxDot: int) -> None:
        """Shows how far long work has come, and how long it will take."""
        if done == 0 or total == 0:
            self.console(f"\r{done}/{total} ")
            return
        elapsed = int(time.time() - startTime)
        remaining = int(elapsed * total / done) - elapsed
        dots = -(-maxDot * done // total)
        hours, minutes, seconds = remaining // 3600, remaining // 60 % 60, remaining % 60
        left = (f"{hours}:" if hours else "") + f"{minutes:02d}:{seconds:02d}"
        self.console(f"\r{done}/{total} [{'.' * dots}{' ' * (maxDot - dots)}] {elapsed} sec. remaining:{left}  ")
