"""Calling user code as PHP does: a function is given no more arguments than it takes."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["call_with", "parameter_names", "positional_limit"]

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def positional_limit(func: Callable[..., Any]) -> int | None:
    """How many positional arguments a callable takes; None if any number."""
    plain, bound = (func.__func__, 1) if isinstance(func, types.MethodType) else (func, 0)
    if isinstance(plain, types.FunctionType) and not hasattr(plain, "__wrapped__"):
        code = plain.__code__
        return None if code.co_flags & inspect.CO_VARARGS else code.co_argcount - bound
    try:
        parameters = inspect.signature(func).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return sum(p.kind in _POSITIONAL for p in parameters)


def parameter_names(func: Callable[..., Any]) -> frozenset[str]:
    """Names that a callable takes as keywords; empty if unknown."""
    try:
        parameters = inspect.signature(func).parameters.values()
    except (TypeError, ValueError):
        return frozenset()
    return frozenset(p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))


def call_with(func: Callable[..., Any], offered: tuple[Any, ...], named: Mapping[str, Any] | None = None) -> Any:
    """Calls a function with as many of the offered arguments as it takes, and all of the named ones.

    Example:
        >>> call_with(lambda: "none", (1, 2)), call_with(lambda a: a, (1, 2))
        ('none', 1)
    """
    limit = positional_limit(func)
    return func(*offered[:limit], **(named or {}))
