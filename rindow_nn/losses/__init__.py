"""Losses (PHP: ``Loss``)."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rindow_nn.losses.base import AbstractLoss, Loss
    from rindow_nn.losses.binary_cross_entropy import BinaryCrossEntropy
    from rindow_nn.losses.categorical_cross_entropy import CategoricalCrossEntropy
    from rindow_nn.losses.huber import Huber
    from rindow_nn.losses.mean_squared_error import MeanSquaredError
    from rindow_nn.losses.sparse_categorical_cross_entropy import SparseCategoricalCrossEntropy

__all__ = [
    "AbstractLoss",
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "Huber",
    "Loss",
    "MeanSquaredError",
    "SparseCategoricalCrossEntropy",
]

# class: its module, imported when the class is first asked for
_MODULES = {
    "AbstractLoss": "base",
    "BinaryCrossEntropy": "binary_cross_entropy",
    "CategoricalCrossEntropy": "categorical_cross_entropy",
    "Huber": "huber",
    "Loss": "base",
    "MeanSquaredError": "mean_squared_error",
    "SparseCategoricalCrossEntropy": "sparse_categorical_cross_entropy",
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
