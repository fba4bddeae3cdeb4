"""The interfaces of ``Gradient`` that users implement."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

__all__ = ["Module"]


class Module(ABC):
    """Something that has variables: a layer, a model, a list of them.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Module``.
    """

    @abstractmethod
    def name(self) -> str | None:
        """The name, or None."""

    @abstractmethod
    def submodules(self) -> list[Any]:
        """The modules inside."""

    @abstractmethod
    def isAwareOf(self, name: str) -> bool:
        """Whether ``call`` has a parameter of this name."""

    @abstractmethod
    def variables(self) -> list[Any]:
        """All variables, those that are not trained too."""

    @abstractmethod
    def trainableVariables(self) -> list[Any]:
        """The variables that an optimizer changes."""

    @abstractmethod
    def reverseSyncWeightVariables(self) -> None:
        """Takes over what was assigned to the weight variables."""

    @abstractmethod
    def setShapeInspection(self, enable: bool) -> None:
        """Switches the checks of shapes."""
