"""What layers are given, checked, with the layer's name in the messages."""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from typing import Any

from rindow_math.exceptions import InvalidArgumentException

__all__ = ["integer_option", "number_option", "shape_option", "shapes_option", "size_option"]


def _bad(layer: Any, name: str, expected: str, value: Any) -> InvalidArgumentException:
    return InvalidArgumentException(f"{type(layer).__name__}: {name} must be {expected}. Received: {value!r}")


def _is_int(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool)


def _is_size(value: Any) -> bool:
    return value is None or isinstance(value, (list, tuple)) or (_is_int(value) and index(value) >= 0)


def shape_option(layer: Any, shape: Any, name: str = "input_shape") -> list[Any] | None:
    """A shape without the batch dimension as a list; None if there is none.

    Raises:
        InvalidArgumentException: it is no list of sizes.
    """
    if shape is None:
        return None
    if isinstance(shape, (str, bytes, dict)) or not isinstance(shape, Iterable):
        raise _bad(layer, name, "a list of integers, the shape without the batch", shape)
    found = list(shape)
    if not all(map(_is_size, found)):
        raise _bad(layer, name, "a list of integers, the shape without the batch", shape)
    return found


def shapes_option(layer: Any, shapes: Any) -> list[Any] | None:
    """The shapes of several inputs as a list of lists; None if there are none.

    Raises:
        InvalidArgumentException: they are no list of shapes.
    """
    if shapes is None:
        return None
    if isinstance(shapes, (str, bytes, dict)) or not isinstance(shapes, Iterable):
        raise _bad(layer, "input_shapes", "a list of shapes", shapes)
    found = [shape_option(layer, s, "input_shapes") for s in shapes]
    if any(s is None for s in found):
        raise _bad(layer, "input_shapes", "a list of shapes", shapes)
    return found


def number_option(layer: Any, name: str, value: Any, default: float | None = None) -> float:
    """A number, or the default for None.

    Raises:
        InvalidArgumentException: it is no number.
    """
    if value is None and default is not None:
        return default
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise _bad(layer, name, "a number", value) from None


def integer_option(layer: Any, name: str, value: Any, default: int | None = None) -> int:
    """An integer that C can hold, or the default for None.

    Raises:
        InvalidArgumentException: it is none.
    """
    if value is None and default is not None:
        return default
    if not _is_int(value) or abs(index(value)) > 2**31 - 1:
        raise _bad(layer, name, "an integer", value)
    return index(value)


def size_option(layer: Any, name: str, value: Any) -> int:
    """A positive integer, less than what any memory holds.

    Raises:
        InvalidArgumentException: it is none.
    """
    if not _is_int(value) or index(value) < 1:
        raise _bad(layer, name, "a positive integer. Expected: 1 or more", value)
    if index(value) >= 1 << 48:
        raise _bad(layer, name, "less than 2**48", value)
    return index(value)
