"""What data sets have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from rindow_math.exceptions import InvalidArgumentException

__all__ = ["Dataset", "DatasetFilter", "FilteredDataset"]


class DatasetFilter(ABC):
    """Changes batches on their way.

    PHP: ``Rindow\\NeuralNetworks\\Data\\Dataset\\DatasetFilter``.
    """

    @abstractmethod
    def translate(self, inputs: Any, tests: Any = None, options: Any = None) -> Any:
        """Gives the new (inputs, tests) of a batch."""


class Dataset(ABC):
    """Something that gives batches of (inputs, tests).

    PHP: ``Rindow\\NeuralNetworks\\Data\\Dataset\\Dataset``.
    """

    @abstractmethod
    def filter(self) -> Any:
        """The filter, or None."""

    @abstractmethod
    def setFilter(self, filter: Any) -> None:
        """Sets the filter."""

    @abstractmethod
    def batchSize(self) -> int:
        """Most samples of a batch."""

    @abstractmethod
    def datasetSize(self) -> int:
        """Number of samples."""


class FilteredDataset(Dataset):
    """The settings that all data sets take.

    Args:
        mo: the MatrixOperator.
        batch_size: samples of a batch.
        filter: a DatasetFilter, a function of (inputs, tests), or None.
        smallest: the smallest batch size there can be.

    Raises:
        InvalidArgumentException: a setting is of another kind.
    """

    def __init__(self, mo: Any, batch_size: int, filter: Any, smallest: int = 1) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < smallest:
            got = repr(batch_size) if isinstance(batch_size, int | float | str) else type(batch_size).__name__
            raise InvalidArgumentException(f"batch_size must be {smallest} or more. Received: {got}")
        self._mo = mo
        self._batch_size = batch_size
        self._filter: Any = None
        self.setFilter(filter)

    def filter(self) -> Any:
        return self._filter

    def setFilter(self, filter: Any) -> None:
        if filter is not None and not hasattr(filter, "translate") and not callable(filter):
            raise InvalidArgumentException(f"filter must be a DatasetFilter: {type(filter).__name__} given")
        self._filter = filter

    def batchSize(self) -> int:
        return self._batch_size

    def count(self) -> int:
        """Number of batches (PHP: ``count($dataset)``)."""
        return len(self)  # type: ignore[arg-type]
