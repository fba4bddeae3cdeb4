"""Batches from arrays in memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import NDArray, R
from rindow_math.matrix.ndarray import NDArrayPhp
from rindow_math.matrix.random import branch, generator
from rindow_nn.data.dataset.base import FilteredDataset
from rindow_nn.data.dataset.gather import Views, take
from rindow_nn.data.dataset.prefetch import prefetched
from rindow_nn.support.calling import call_with

__all__ = ["NDArrayDataset"]


class NDArrayDataset(FilteredDataset):
    """Batches of samples from arrays.

    Shuffling changes the order of the batches and the order within each, as in the original. Rows are copied by a
    kernel into memory that earlier batches have left. Where there is a filter, or a ``numpy.memmap`` whose pages come
    from a disk, a thread prepares the next batches while one is worked on; memory that is at hand is read faster
    than a thread could be asked for it.

    Args:
        mo: the MatrixOperator.
        inputs: an array (NDArray or numpy) whose first dimension counts the samples, or a list of such arrays.
        tests: labels, one a sample; None for none.
        batch_size: samples of a batch; 32 by default. The last one may be shorter.
        shuffle: True by default.
        filter: a DatasetFilter, or a function of (inputs, tests).

    Raises:
        InvalidArgumentException: no inputs, different numbers of samples, or a batch size below 1.

    Example:
        >>> from rindow_math.matrix import MatrixOperator
        >>> mo = MatrixOperator()
        >>> data = NDArrayDataset(mo, mo.zeros([5, 2]), tests=mo.zeros([5]), batch_size=2, shuffle=False)
        >>> [(i, x.shape(), t.shape()) for i, (x, t) in enumerate(data)]
        [(0, [2, 2], [2]), (1, [2, 2], [2]), (2, [1, 2], [1])]

    PHP: ``Rindow\\NeuralNetworks\\Data\\Dataset\\NDArrayDataset``.
    """

    def __init__(
        self,
        mo: Any,
        inputs: Any,
        tests: Any = None,
        batch_size: int | None = None,
        shuffle: bool | None = None,
        filter: Any = None,
    ) -> None:
        super().__init__(mo, 32 if batch_size is None else batch_size, filter)
        self._multi = isinstance(inputs, (list, tuple))
        self._inputs = list(inputs) if self._multi else [inputs]
        if not self._inputs:
            raise InvalidArgumentException("inputs is empty")
        self._on_disk = any(isinstance(x, np.memmap) for x in self._inputs)
        self._inputs = [mo.asarray(x) if isinstance(x, np.ndarray) else x for x in self._inputs]
        if isinstance(tests, np.ndarray):
            tests = mo.asarray(tests)
        for i, x in enumerate(self._inputs):
            if not isinstance(x, NDArray):
                raise InvalidArgumentException(
                    f"inputs must be NDArray or NDArray list: input #{i} is {type(x).__name__}"
                )
            if len(x) != len(self._inputs[0]):
                raise InvalidArgumentException(
                    "All data contained in inputs must be the same length: "
                    f"{', '.join(str(len(y)) for y in self._inputs)} samples given"
                )
        if tests is not None and not isinstance(tests, NDArray):
            raise InvalidArgumentException(f"tests must be an NDArray: {type(tests).__name__} given")
        if tests is not None and len(tests) != len(self._inputs[0]):
            raise InvalidArgumentException(f"Unmatch data size of inputs and tests:{len(self._inputs[0])},{len(tests)}")
        self._tests = tests
        self._shuffle = True if shuffle is None else bool(shuffle)

    def datasetSize(self) -> int:
        return len(self._inputs[0])

    def __len__(self) -> int:
        return math.ceil(len(self._inputs[0]) / self._batch_size)

    def _translate(self, inputs: list[Any], tests: Any) -> tuple[list[Any], Any]:
        func = getattr(self._filter, "translate", self._filter)
        given, tests = call_with(func, (inputs if self._multi else inputs[0], tests))
        return (list(given) if self._multi else [given]), tests

    def unmixed(self) -> Iterator[tuple[Any, Any]]:
        """The batches of an iteration, each with its samples in the order in which they lie.

        For a training step, to which the order within a batch does not matter. Where there is no filter, batches are
        views, and nothing is copied.
        """
        if self._filter is not None or self._on_disk:
            return iter(self)
        draw = branch() if self._shuffle else generator()
        labelled = [] if self._tests is None else [self._tests]
        if not all(type(x) is NDArrayPhp and x.ndim() for x in self._inputs + labelled):
            return self._batches(draw, mixed=False)
        return Views(self._inputs, self._tests, self._order(draw), self._batch_size, self._multi)

    def _order(self, draw: np.random.Generator) -> Any:
        """The numbers of the batches in an order to come."""
        count = len(self)
        return draw.permutation(count).tolist() if self._shuffle and count > 1 else range(count)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        if (self._filter is not None or self._on_disk) and len(self) > 1:
            return prefetched(self._batches)
        # the numbers that the thread would draw
        return self._batches(branch() if self._shuffle else None)

    def _batches(self, draw: np.random.Generator | None = None, mixed: bool = True) -> Iterator[tuple[Any, Any]]:
        draw = generator() if draw is None else draw
        count, size = len(self._inputs[0]), self._batch_size
        for batch in self._order(draw):
            part = R(batch * size, min((batch + 1) * size, count))
            inputs = [x[part] for x in self._inputs]
            tests = None if self._tests is None else self._tests[part]
            if self._filter is not None:
                inputs, tests = self._translate(inputs, tests)
            if self._shuffle and mixed:
                rows = draw.permutation(len(inputs[0])).astype("int32")
                inputs = [take(x, rows) for x in inputs]
                tests = None if tests is None else take(tests, rows)
            yield (inputs if self._multi else inputs[0]), tests
