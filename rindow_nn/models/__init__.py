"""Models (PHP: ``Model``)."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rindow_nn.models.abstract_model import AbstractModel, Model
    from rindow_nn.models.model_loader import ModelLoader
    from rindow_nn.models.sequential import Sequential

__all__ = [
    "AbstractModel",
    "Model",
    "ModelLoader",
    "Sequential",
]

# class: its module, imported when the class is first asked for
_MODULES = {
    "AbstractModel": "abstract_model",
    "Model": "abstract_model",
    "ModelLoader": "model_loader",
    "Sequential": "sequential",
}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
