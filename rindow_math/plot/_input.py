"""What callers hand in, as plain numpy arrays and texts."""

from __future__ import annotations

import difflib
import importlib.util
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

from rindow_math.exceptions import InvalidArgumentException, RuntimeException


def require_matplotlib() -> None:
    """Raises RuntimeException when matplotlib is not installed, without importing it."""
    try:
        found = importlib.util.find_spec("matplotlib") is not None
    except ValueError:
        found = False
    if not found:
        raise RuntimeException('rindow_math.plot draws with matplotlib. Install it: pip install "rindow-nn[plot]"')


def raw_array(values: Any, where: str) -> np.ndarray:
    """A numeric copy of any array-like in its own dtype; ``where`` names the argument in errors."""
    held = getattr(values, "value", None)
    if callable(held):
        values = held()
    if values is None or isinstance(values, (str, bytes, Mapping)):
        raise InvalidArgumentException(f"{where} must be an array of numbers, not {describe(values)}.")
    try:
        array = np.array(values)
        if array.dtype.kind == "O":
            array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentException(f"{where} must be an array of numbers: {error}") from error
    if array.dtype.kind not in "biuf":
        raise InvalidArgumentException(f"{where} must be an array of real numbers, not of dtype {array.dtype}.")
    return array


def real_array(values: Any, where: str) -> np.ndarray:
    """A float64 copy of any array-like. It is a copy so that what was plotted stays when the caller goes on."""
    return raw_array(values, where).astype(np.float64)


def is_number(value: Any) -> bool:
    """Whether the value is one real number (a 0-d numpy array counts, a bool does not)."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return value.dtype.kind in "iuf"
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def text(value: Any) -> str:
    """A label's text, numbers printed as PHP's echo prints them (``1.0`` is ``1``)."""
    if isinstance(value, (float, np.floating)):
        mantissa, exponent, power = f"{float(value):.14G}".partition("E")
        if exponent:
            return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(power):+d}"
        return mantissa
    return str(value)


def items(values: Any) -> list[Any]:
    """The values of a list, tuple, array or dict (a dict's keys are dropped, as in PHP's ``array_values``)."""
    if isinstance(values, Mapping):
        return list(values.values())
    if isinstance(values, str):
        raise InvalidArgumentException(f"a list is expected, not the text {values!r}.")
    return list(values)


def describe(value: Any) -> str:
    """A short name of a value for error messages."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value)
    return type(value).__name__


class AnyCase:
    """Resolves method names in any case, as PHP does, and suggests the nearest for unknown ones.

    Python asks ``__getattr__`` only after the exact spelling was not found, so that one costs nothing.
    """

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            public = [n for n in dir(type(self)) if not n.startswith("_") and callable(getattr(type(self), n))]
            for candidate in public:
                if candidate.lower() == name.lower():
                    return getattr(self, candidate)
            near = difflib.get_close_matches(name, public, 3, 0.6)
            hint = f" Did you mean {', '.join(near)}?" if near else ""
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'.{hint}")
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
