"""Batches from CSV files."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from typing import Any

from rindow_math.exceptions import (
    InvalidArgumentException,
    LogicException,
    RuntimeException,
    UnexpectedValueException,
)
from rindow_math.matrix.random import generator
from rindow_nn.data.dataset.base import FilteredDataset
from rindow_nn.data.dataset.gather import take
from rindow_nn.data.dataset.prefetch import prefetched
from rindow_nn.support.calling import call_with
from rindow_nn.support.dir import Dir

__all__ = ["CSVDataset"]

_MARK = "\ue000"  # stands for an escaped enclosure; a character that no text has


class CSVDataset(FilteredDataset):
    """Batches from the rows of CSV files, which a filter makes arrays of.

    Rows are lists of strings, in the order of the files' names; blank lines are passed over. A thread reads the next
    batches while one is worked on.

    Args:
        mo: the MatrixOperator.
        path: a folder, whose files and those of the folders below are read, or a file.
        pattern: a regular expression that file names must match, bare or between PHP's delimiters; None for all.
        batch_size: rows of a batch; 32 by default. The last one may be shorter.
        skip_header: pass over the first line of each file; False by default.
        filter: a DatasetFilter, or a function of (rows), that gives (inputs, tests).
        crawler: finds the files by ``glob(path, pattern)``; a Dir by default.
        shuffle: change the order within each batch; False by default.
        length: the longest line there may be, in bytes; 0, the default, for any.
        delimiter: between columns; ``,`` by default.
        enclosure: around a column with a delimiter in it; ``"`` by default.
        escape: before an enclosure that is meant as such; a backslash by default. It stays in the text, as in PHP.

    Raises:
        LogicException: there is no filter, the path does not exist, or no file matches.
        UnexpectedValueException: a row has not as many columns as those before it, a line is too long, or a file is
            not in UTF-8; the message names the file and the line.

    PHP: ``Rindow\\NeuralNetworks\\Data\\Dataset\\CSVDataset``.
    """

    def __init__(
        self,
        mo: Any,
        path: str | os.PathLike[str],
        pattern: str | None = None,
        batch_size: int | None = None,
        skip_header: bool | None = None,
        filter: Any = None,
        crawler: Any = None,
        shuffle: bool | None = None,
        length: int | None = None,
        delimiter: str | None = None,
        enclosure: str | None = None,
        escape: str | None = None,
    ) -> None:
        super().__init__(mo, 32 if batch_size is None else batch_size, filter)
        self._path = os.fspath(path)
        self._pattern = pattern
        self._skip_header = bool(skip_header)
        self._crawler = crawler
        self._shuffle = bool(shuffle)
        self._length = 0 if length is None else length
        self._delimiter = "," if delimiter is None else delimiter
        self._enclosure = '"' if enclosure is None else enclosure
        self._escape = "\\" if escape is None else escape
        for name, value in (("delimiter", self._delimiter), ("enclosure", self._enclosure)):
            if len(value) != 1:
                raise InvalidArgumentException(f"{name} must be one character. Received: {value!r}")
        if len(self._escape) > 1:
            raise InvalidArgumentException(f"escape must be one character, or empty. Received: {self._escape!r}")
        self._filenames: list[str] | None = None
        self._steps = 0
        self._size = 0

    def datasetSize(self) -> int:
        """Number of rows; 0 before they were gone through once."""
        return self._size

    def __len__(self) -> int:
        """Number of batches; 0 before they were gone through once."""
        return self._steps

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        if self._filter is None:
            raise LogicException("DatasetFilter is not specified")
        if self._filenames is None:
            self._filenames = self._find()
        return prefetched(self._batches)

    def _find(self) -> list[str]:
        if self._crawler is not None:
            found = list(self._crawler.glob(self._path, self._pattern))
        elif os.path.isfile(self._path):
            found = [self._path]
        else:
            found = sorted(Dir().glob(self._path, self._pattern))
        if not found:
            matching = "" if self._pattern is None else f" that matches {self._pattern}"
            raise LogicException(f"no file{matching} in {self._path}")
        return found

    def _batches(self) -> Iterator[tuple[Any, Any]]:
        rows: list[list[str]] = []
        places: list[str] = []  # of the first and the last row
        steps = size = 0
        for filename in self._filenames or []:
            for line, row in self._rows(filename):
                places[1:] = [f"{filename}, line {line}"]
                rows.append(row)
                if len(rows) == self._batch_size:
                    yield self._translated(rows, places)
                    steps, size = steps + 1, size + len(rows)
                    rows, places = [], []
        if rows:
            yield self._translated(rows, places)
            steps, size = steps + 1, size + len(rows)
        self._steps, self._size = steps, size

    def _translated(self, rows: list[list[str]], places: list[str]) -> tuple[Any, Any]:
        try:
            inputs, tests = call_with(getattr(self._filter, "translate", self._filter), (rows,))
        except Exception as e:
            e.add_note(f"in the filter, on the rows from {places[0]}, to {places[-1]}")
            raise
        if self._shuffle:
            order = generator().permutation(len(inputs)).astype("int32")
            inputs = take(inputs, order)
            tests = None if tests is None else take(tests, order)
        return inputs, tests

    def _rows(self, filename: str) -> Iterator[tuple[int, list[str]]]:
        """(number of the line, columns) of each row."""
        columns = None
        try:
            with open(filename, encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(
                    self._lines(file, filename),
                    delimiter=self._delimiter,
                    quotechar=self._enclosure,
                    strict=False,
                )
                for number, row in enumerate(reader):
                    if not row or (number == 0 and self._skip_header):
                        continue
                    if columns is None:
                        columns = len(row)
                    if len(row) != columns:
                        raise UnexpectedValueException(
                            f"{filename}, line {reader.line_num}: {len(row)} columns, but {columns} in the rows before"
                        )
                    if self._escape:
                        row = [text.replace(_MARK, self._escape + self._enclosure) for text in row]
                    yield reader.line_num, row
        except UnicodeDecodeError as e:
            raise UnexpectedValueException(f"{filename}{_line_of(filename, e)}: not in UTF-8: {e.reason}") from e
        except csv.Error as e:
            raise UnexpectedValueException(f"{filename}, line {reader.line_num}: {e}") from e
        except OSError as e:
            raise RuntimeException(f"cannot read {filename}: {e.strerror or e}") from e

    def _lines(self, file: Any, filename: str) -> Iterator[str]:
        """The lines; escaped enclosures, which Python's reader does not know, are marked."""
        escape, pair = self._escape, self._escape + self._enclosure
        for number, line in enumerate(file, 1):
            if self._length and len(line.encode()) > self._length:
                raise UnexpectedValueException(
                    f"{filename}, line {number}: {len(line.encode())} bytes, the length is limited to {self._length}"
                )
            if escape and escape != self._enclosure and pair in line:
                parts = line.split(escape + escape)  # an escaped escape does not escape
                line = (escape + escape).join(part.replace(pair, _MARK) for part in parts)
            yield line


def _line_of(filename: str, error: UnicodeDecodeError) -> str:
    """Where a file cannot be decoded, as text for a message."""
    with open(filename, "rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return f", line {number}"
    return ""
