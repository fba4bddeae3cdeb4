"""The default values that a ``Plot`` is given: ``{'title.fontSize': 4, 'figure.figsize': [800, 600]}``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rindow_math.exceptions import LogicException


class Configure(dict[str, Any]):
    """Configuration values by key (PHP: ``Rindow\\Math\\Plot\\System\\Configure``)."""


class Configured:
    """Something with defaults that a configuration overrides (PHP: ``Rindow\\Math\\Plot\\System\\Configured``)."""

    #: First part of the keys; empty where the keys stand in ``configNames`` in full.
    configClass: ClassVar[str] = ""
    configNames: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def configKeys(cls) -> list[str]:
        """The configuration keys that this class reads."""
        prefix = cls.configClass + "." if cls.configClass else ""
        return [prefix + name for name in cls.configNames]

    def loadConfigure(self, config: Mapping[str, Any], valueNames: Sequence[str], class_: str | None = None) -> None:
        """Sets attributes from the configuration; a key that it lacks leaves its attribute as it is.

        Args:
            config: values by key.
            valueNames: names of values; the part after the last dot is the attribute's name.
            class_: put before each name, with a dot, to make the key.

        Raises:
            LogicException: a value name is not a string.
        """
        prefix = class_ + "." if class_ else ""
        for valueName in valueNames:
            if not isinstance(valueName, str):
                raise LogicException(f"valueNames must be string array, got {valueName!r}")
            key = prefix + valueName
            if key in config:
                setattr(self, valueName.rpartition(".")[2], config[key])
