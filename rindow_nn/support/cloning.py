"""Copies of layers and models."""

from __future__ import annotations

import copy
import types
from typing import Any

from rindow_math.matrix.ndarray import NDArray
from rindow_nn.gradient.core.tape import Variable
from rindow_nn.gradient.interfaces import Module

__all__ = ["clone", "clone_state"]


def clone(module: Any, memo: dict[int, Any] | None = None) -> Any:
    """A copy of a layer, a model or a list of them, with weights of its own.

    What several places share is one thing in the copy too. Everything that is no module, variable or array (names,
    settings, the backend, functions) is shared with the original.

    Args:
        module: what to copy.
        memo: what was copied already, by ``id``.
    """
    memo = {} if memo is None else memo
    return _copied(module, memo)


def clone_state(owner: Any) -> Any:
    """A copy of an optimizer or a metric, with arrays of its own."""
    other = copy.copy(owner)
    memo: dict[int, Any] = {}
    for name, value in vars(other).items():
        vars(other)[name] = _copied(value, memo)
    return other


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    other: Any
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, Module):
        other = memo[id(value)] = object.__new__(type(value))
        for name, item in vars(value).items():
            vars(other)[name] = _copied(item, memo)
        reset = getattr(other, "_resetClone", None)
        if reset is not None:
            reset()
        return other
    if isinstance(value, NDArray):
        other = memo[id(value)] = copy.copy(value)
        if isinstance(value, Variable) and not value.isUndetermined() and isinstance(value.value(), NDArray):
            # a layer may hold the array itself too
            other.assign(_copied(value.value(), memo), reference=True, mask=value.mask())
        return other
    if type(value) in (list, tuple):
        return type(value)([_copied(item, memo) for item in value])
    if type(value) is dict:
        return {key: _copied(item, memo) for key, item in value.items()}
    if isinstance(value, types.MethodType) and id(value.__self__) in memo:
        return types.MethodType(value.__func__, memo[id(value.__self__)])
    return value
