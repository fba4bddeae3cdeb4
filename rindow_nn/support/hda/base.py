"""The interfaces of hierarchical data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

__all__ = ["HDA", "HDAFactory", "HDAKey"]


class HDAKey(str):
    """A key met in iteration: a string that unpacks to itself and its value.

    So ``for key in hda`` gives keys, as Python does for mappings, and ``for key, value in hda`` gives what PHP's
    ``foreach ($hda as $key => $value)`` does.
    """

    __slots__ = ("value",)
    value: Any

    def __new__(cls, key: str, value: Any) -> HDAKey:
        self = super().__new__(cls, key)
        self.value = value
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter((str(self), self.value))


class HDA(ABC):
    """The interface of hierarchical data: strings, bytes and numbers under keys, which may nest.

    PHP: ``Rindow\\NeuralNetworks\\Support\\HDA\\HDA``.
    """

    @abstractmethod
    def __contains__(self, offset: str | int) -> bool:
        """Whether the key exists."""

    @abstractmethod
    def __getitem__(self, offset: str | int) -> Any:
        """The value of a key, or the node below it."""

    @abstractmethod
    def __setitem__(self, offset: str | int, value: Any) -> None:
        """Sets a value; a dictionary or list makes a node."""

    @abstractmethod
    def __delitem__(self, offset: str | int) -> None:
        """Removes a key and all below it; nothing happens where it does not exist."""

    @abstractmethod
    def __iter__(self) -> Iterator[HDAKey]:
        """The keys of this level, each of which unpacks to key and value."""

    def keys(self) -> list[str]:
        """The keys of this level."""
        return [str(key) for key in self]

    def items(self) -> list[tuple[str, Any]]:
        """The keys and values of this level; the value of a node is its mark ``@``."""
        return [(str(key), key.value) for key in self]


class HDAFactory(ABC):
    """The interface of what opens hierarchical data.

    PHP: ``Rindow\\NeuralNetworks\\Support\\HDA\\HDAFactory``.
    """

    @abstractmethod
    def open(self, filename: Any, mode: str | None = None) -> HDA:
        """Opens a file; mode ``r`` only reads, any other one makes the file where it does not exist."""
