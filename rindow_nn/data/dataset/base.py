"""The interfaces of data sets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

__all__ = ["Dataset", "DatasetFilter"]


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
