"""Lists of layers and models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_nn.gradient.interfaces import Module

__all__ = ["Modules"]


class Modules(Module):
    """A list of layers and models; a model that has it as an attribute finds their variables.

    Args:
        modules: layers and models.
        name: shown in messages.

    Raises:
        InvalidArgumentException: an element is neither a layer nor a model.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Core\\Modules``.
    """

    def __init__(self, modules: Iterable[Any] | None = None, name: str | None = None) -> None:
        self._name = name
        self._modules: list[Any] = []
        self._shapeInspection = True
        for module in modules or ():
            self.add(module)

    def name(self) -> str | None:
        """The name, or None."""
        return self._name

    def add(self, module: Any) -> None:
        """Appends a layer or a model."""
        if not isinstance(module, Module):
            raise InvalidArgumentException(f"moduels must be array of Module: {type(module).__name__} was given")
        self._modules.append(module)

    def shapeInspection(self) -> bool:
        """Whether the modules check their shapes."""
        return self._shapeInspection

    def setShapeInspection(self, enable: bool) -> None:
        """Switches the modules' checks of shapes."""
        if self._shapeInspection != enable:
            for module in self._modules:
                module.setShapeInspection(enable)
            self._shapeInspection = enable

    def reverseSyncWeightVariables(self) -> None:
        """Nothing to do: the modules themselves hold the weights."""

    def submodules(self) -> list[Any]:
        """The modules."""
        return list(self._modules)

    def variables(self) -> list[Any]:
        """The variables of all modules."""
        return [v for module in self._modules for v in module.variables()]

    def parameterVariables(self) -> list[Any]:
        """Variables that the models among the modules hold themselves."""
        return [
            v for module in self._modules if hasattr(module, "parameterVariables") for v in module.parameterVariables()
        ]

    def trainableVariables(self) -> list[Any]:
        """The trainable variables of all modules."""
        return [v for module in self._modules for v in module.trainableVariables()]

    def isAwareOf(self, name: str) -> bool:
        """Not for lists of modules: raises LogicException."""
        raise LogicException('"isAwareOf" cannot be used with "Module Collection" objects.')

    def __contains__(self, offset: Any) -> bool:
        if isinstance(offset, bool) or not isinstance(offset, int):
            raise LogicException(f"offset must be int: {offset!r} given")
        return 0 <= offset < len(self._modules)

    def __getitem__(self, offset: int) -> Any:
        if offset not in self:
            raise LogicException(f"no found the offset: {offset}")
        return self._modules[offset]

    def __setitem__(self, offset: int, value: Any) -> None:
        raise LogicException("unsupported operation: use add()")

    def __delitem__(self, offset: int) -> None:
        raise LogicException("unsupported operation: modules cannot be removed")

    def __len__(self) -> int:
        return len(self._modules)

    def count(self) -> int:
        """How many modules (PHP: ``count($modules)``)."""
        return len(self._modules)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._modules))
