"""Which service a MatrixOperator gets."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from rindow_math.exceptions import LogicException
from rindow_math.matrix.drivers.service import KernelService, Service

__all__ = ["Selector", "defaultService"]


class Selector:
    """Chooses the service of the highest level.

    Args:
        catalog: classes of services, or their names as ``"package.module.Class"``; names that cannot be imported
            are passed over. ``KernelService`` when left out.

    Example:
        >>> Selector().select().name()
        'rindow_math kernels'

    PHP: ``Rindow\\Math\\Matrix\\Drivers\\Selector``.
    """

    def __init__(self, catalog: Sequence[Any] | None = None) -> None:
        self._catalog: Sequence[Any] = [KernelService] if catalog is None else catalog
        self._recommended: Service | None = None

    def select(self, verbose: int | None = None) -> Service:
        """The service of the highest level in the catalog; the kernels of this library if none exceeds Basic.

        Args:
            verbose: from 9 on, says on the terminal which services were tried; from 10 on, everything.

        Raises:
            LogicException: the catalog names something that is not a service.

        PHP: ``Selector::select()``.
        """
        if self._recommended is not None:
            return self._recommended
        verbose = verbose or 0
        recommended: Service | None = None
        highest = 0
        for entry in self._catalog:
            cls = _imported(entry) if isinstance(entry, str) else entry
            if cls is None:
                _say(verbose >= 9, f"Service Not found: {entry}")
                continue
            name = getattr(cls, "__name__", repr(cls))
            _say(verbose >= 10, f"Loading service: {name}")
            if not (isinstance(cls, type) and issubclass(cls, Service)):
                raise LogicException(f"Not service class: {name}")
            factory: Any = cls
            service = factory(verbose=verbose) if _takes_verbose(cls) else factory()
            level = service.serviceLevel()
            _say(verbose >= 10, f"Service {name} is level {level}")
            if level > highest:
                highest, recommended = level, service
        if recommended is None or highest <= Service.LV_BASIC:
            recommended = defaultService()
        self._recommended = recommended
        _say(verbose >= 9, f"{type(recommended).__name__} service has been selected.")
        return recommended


def _imported(name: str) -> Any:
    module, _, cls = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), cls)
    except (ImportError, AttributeError, ValueError):
        return None


def _takes_verbose(cls: type) -> bool:
    import inspect

    parameters = inspect.signature(cls).parameters.values()
    return any(p.name == "verbose" or p.kind is p.VAR_KEYWORD for p in parameters)


def _say(wanted: bool, text: str) -> None:
    if wanted:
        print(text)


_default: Service | None = None


def defaultService() -> Service:
    """The service of arrays and operators that were given none; one for the whole process."""
    global _default
    if _default is None:
        _default = KernelService()
    return _default
