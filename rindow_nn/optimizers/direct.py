"""Steps of the library's optimizers without Python between their parts."""

from __future__ import annotations

from typing import Any

from rindow_nn.optimizers.adam import Adam
from rindow_nn.optimizers.arrays import DirectUpdate
from rindow_nn.optimizers.rmsprop import RMSprop
from rindow_nn.optimizers.sgd import SGD

__all__ = ["direct_update"]

_RULES: list[Any] = [SGD, Adam, RMSprop]
_METHODS = ("update", "learningRate", "build")
_OWN = {rule: [getattr(rule, name) for name in _METHODS] for rule in _RULES}


def direct_update(optimizer: Any) -> DirectUpdate | None:
    """What does the same as the optimizer's ``update``; None if that is not the library's own."""
    rule = type(optimizer)
    if rule not in _OWN or [getattr(rule, name) for name in _METHODS] != _OWN[rule]:
        return None
    if any(name in vars(optimizer) for name in _METHODS):
        return None
    return DirectUpdate(optimizer, _RULES.index(rule))
