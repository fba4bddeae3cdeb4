"""Batches from arrays that come one after the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_nn.data.dataset.base import FilteredDataset
from rindow_nn.data.dataset.ndarray_dataset import NDArrayDataset
from rindow_nn.data.dataset.prefetch import prefetched
from rindow_nn.support.calling import call_with

__all__ = ["SequentialDataset"]


class _UnknownSizeException(LogicException, TypeError):
    """Also a TypeError: then ``list(dataset)``, which asks for the length, does without it."""


class SequentialDataset(FilteredDataset):
    """Batches from an iterable of arrays that need not be in memory together.

    Each item is an array of inputs or a pair (inputs, tests); batches do not reach from one item into the next. The
    next batches are prepared by a thread while one is worked on.

    Args:
        mo: the MatrixOperator.
        iterable: the items; gone through once an epoch.
        batch_size: samples of a batch; 32 by default. The last one of an item may be shorter.
        total_size: samples after which an epoch ends; needed for ``len``. None: as many as there are.
        shuffle: change the order within each item; True by default.
        filter: a DatasetFilter, or a function of (inputs, tests), for each batch.
        inputs_filter: the same for each item, before it is cut into batches.

    Raises:
        InvalidArgumentException: a setting is of another kind, or an item is neither an array nor a pair.
        LogicException: ``len`` or ``datasetSize`` without ``total_size``.

    Example:
        >>> from rindow_math.matrix import MatrixOperator
        >>> mo = MatrixOperator()
        >>> items = [(mo.zeros([3, 2]), mo.zeros([3]))] * 2
        >>> data = SequentialDataset(mo, items, batch_size=2, total_size=6, shuffle=False)
        >>> len(data), [x.shape() for x, t in data]
        (3, [[2, 2], [1, 2], [2, 2], [1, 2]])

    PHP: ``Rindow\\NeuralNetworks\\Data\\Dataset\\SequentialDataset``.
    """

    def __init__(
        self,
        mo: Any,
        iterable: Iterable[Any],
        batch_size: int | None = None,
        total_size: int | None = None,
        shuffle: bool | None = None,
        filter: Any = None,
        inputs_filter: Any = None,
    ) -> None:
        super().__init__(mo, 32 if batch_size is None else batch_size, filter)
        if not hasattr(iterable, "__iter__"):
            raise InvalidArgumentException(f"iterable must give arrays: {type(iterable).__name__} given")
        self._iterable = iterable
        self._total_size = total_size
        self._shuffle = True if shuffle is None else bool(shuffle)
        self._inputs_filter = inputs_filter

    def datasetSize(self) -> int:
        if self._total_size is None:
            raise _UnknownSizeException("total_size is not specified.")
        return self._total_size

    def __len__(self) -> int:
        """Number of batches if no item ends within one: items that do make it larger."""
        return math.ceil(self.datasetSize() / self._batch_size)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return prefetched(self._batches)

    def _batches(self) -> Iterator[tuple[Any, Any]]:
        size = 0
        for data in self._iterable:
            inputs, tests = data if isinstance(data, (list, tuple)) and len(data) == 2 else (data, None)
            if self._inputs_filter is not None:
                translate = getattr(self._inputs_filter, "translate", self._inputs_filter)
                inputs, tests = call_with(translate, (inputs, tests))
            item = NDArrayDataset(self._mo, inputs, tests, self._batch_size, self._shuffle, self._filter)
            for batch in item._batches():
                yield batch
                if self._total_size is not None:
                    first = batch[0]
                    size += len(first[0] if isinstance(first, list) else first)
                    if size >= self._total_size:
                        return
