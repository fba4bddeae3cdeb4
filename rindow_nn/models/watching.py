"""What to look at to know that a model has the same layers and variables as before."""

from __future__ import annotations

from typing import Any

from rindow_nn.gradient.core.modules import Modules
from rindow_nn.gradient.core.tape import Variable
from rindow_nn.gradient.core.watch import Watch
from rindow_nn.gradient.interfaces import Module
from rindow_nn.layers.base import AbstractLayerBase
from rindow_nn.models.abstract_model import AbstractModel
from rindow_nn.models.sequential import Sequential

__all__ = ["watch_of"]

_FOUND_IN: dict[type, tuple[str | None, tuple[str, ...]]] = {
    AbstractLayerBase: ("_weights", ("variables", "weights")),
    Modules: ("_modules", ("variables",)),
    Sequential: ("_layers", ("variables",)),
    AbstractModel: (None, ("variables", "submodules")),
}
"""The attribute whose elements ``variables`` gives (None: all attributes), and the methods that read it, by class."""


def watch_of(model: Any) -> Watch | None:
    """Watches what ``model.variables()`` depends on; None if a class has a way of its own to find variables."""
    watch = Watch()
    return watch if _add(watch, model, None, {id(model)}) else None


def _add(watch: Watch, module: Any, owner: Any, seen: set[int]) -> bool:
    kind = type(module)
    found = next((c for c in kind.__mro__ if c in _FOUND_IN), None)
    if found is None:
        return False
    name, methods = _FOUND_IN[found]
    if any(method in vars(module) or getattr(kind, method) is not getattr(found, method) for method in methods):
        return False
    if name is None:
        values = list(vars(module).values())
        watch.attributes(owner, values, [isinstance(value, (Module, Variable)) for value in values])
    else:
        values = list(vars(module)[name])
        watch.elements(owner, name, values)
    for value in values:
        if isinstance(value, Module) and id(value) not in seen:
            seen.add(id(value))
            if not _add(watch, value, value, seen):
                return False
    return True
