"""Numbers as PHP's ``echo`` prints them."""

from __future__ import annotations

import functools
import math
import re

from rindow_math.exceptions import InvalidArgumentException

__all__ = ["number", "sprintf"]

_CONVERSION = re.compile(r"%[^%a-zA-Z]*([a-zA-Z])")


def number(value: float | int | bool | complex) -> str:
    """A number as PHP's ``strval`` gives it: 14 significant digits, capital exponent.

    Example:
        >>> [number(x) for x in (6.0, 0.1, 1.5e-7, 1e20, True, False, 7)]
        ['6', '0.1', '1.5E-7', '1.0E+20', '1', '', '7']
    """
    if isinstance(value, float):
        if math.isfinite(value):
            text = f"{value:.14G}"
            if "E" not in text:
                return text
            digits, exponent = text.split("E")
            if "." not in digits:
                digits += ".0"
            return f"{digits}E{exponent[0]}{exponent[1:].lstrip('0')}"
        return "NAN" if math.isnan(value) else "INF" if value > 0 else "-INF"
    if value is True:
        return "1"
    if value is False:
        return ""
    return str(value)


@functools.lru_cache(maxsize=64)
def _conversions(format: str) -> str:
    """The letters of a format's conversions, one for each value that it takes."""
    return "".join(_CONVERSION.findall(format.replace("%%", "")))


def sprintf(format: str, *values: float | int | bool) -> str:
    """Formats with a C printf format.

    As in PHP, whole-number conversions truncate floats and surplus values are left out.

    Example:
        >>> sprintf("%3.1f|%d", 1.25, 2.9), sprintf("%s", 2.0, 7)
        ('1.2|2', '2')

    Raises:
        InvalidArgumentException: the format does not fit the values.
    """
    kinds = _conversions(format)
    given = tuple(number(v) if kind == "s" else v for kind, v in zip(kinds, values))
    try:
        return format % given
    except (TypeError, ValueError, OverflowError) as e:
        raise InvalidArgumentException(f"the format {format!r} does not fit {values!r}: {e}") from None
