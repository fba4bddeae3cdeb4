"""Callbacks (PHP: ``Callback``)."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rindow_nn.callbacks.base import AbstractCallback, Broadcaster, Callback, Events
    from rindow_nn.callbacks.callback_list import CallbackList
    from rindow_nn.callbacks.csv_logger import CSVLogger
    from rindow_nn.callbacks.early_stopping import EarlyStopping
    from rindow_nn.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
    from rindow_nn.callbacks.model_checkpoint import ModelCheckpoint
    from rindow_nn.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "AbstractCallback",
    "Broadcaster",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "Events",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]

# class: its module, imported when the class is first asked for
_MODULES = {
    "AbstractCallback": "base",
    "Broadcaster": "base",
    "CSVLogger": "csv_logger",
    "Callback": "base",
    "CallbackList": "callback_list",
    "EarlyStopping": "early_stopping",
    "Events": "base",
    "LearningRateScheduler": "learning_rate",
    "ModelCheckpoint": "model_checkpoint",
    "ReduceLROnPlateau": "learning_rate",
    "TerminateOnNaN": "terminate_on_nan",
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
