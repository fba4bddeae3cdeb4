"""Ranges of numbers: indexes of arrays and loop bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rindow_math.exceptions import InvalidArgumentException, RuntimeException

__all__ = ["R", "Range"]


class Range:
    """Numbers from ``start`` up to, not including, ``limit``.

    Args:
        limit: the end, not included.
        start: the first number; 0 by default.
        delta: the step; 1, or -1 when ``limit`` is below ``start``.

    Example:
        >>> list(Range(limit=3)), len(Range(start=2, limit=8, delta=2))
        ([0, 1, 2], 3)

    PHP: ``Rindow\\Math\\Matrix\\Range``.
    """

    __slots__ = ("_delta", "_limit", "_start")

    def __init__(self, limit: float, start: float | None = None, delta: float | None = None) -> None:
        self._limit = limit
        self._start = 0 if start is None else start
        self._delta = delta if delta is not None else (1 if limit >= self._start else -1)

    def start(self) -> float:
        """The first number."""
        return self._start

    def limit(self) -> float:
        """The end, not included."""
        return self._limit

    def delta(self) -> float:
        """The step."""
        return self._delta

    def __iter__(self) -> Iterator[float]:
        value = self._start
        if self._delta > 0:
            while value < self._limit:
                yield value
                value += self._delta
        elif self._delta < 0:
            while value > self._limit:
                yield value
                value += self._delta
        else:
            raise RuntimeException("infinite times: the step of the range is 0")

    def __len__(self) -> int:
        if self._delta == 0:
            raise RuntimeException("infinite times: the step of the range is 0")
        return max(0, math.ceil((self._limit - self._start) / self._delta))

    def count(self) -> int:
        """How many numbers (PHP: ``count($range)``)."""
        return len(self)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"Range(start={self._start!r}, limit={self._limit!r}, delta={self._delta!r})"


def R(start: int, limit: int) -> Range:
    """A range of indexes from ``start`` up to, not including, ``limit`` (PHP: ``R()``).

    Example:
        >>> R(0, 2)
        Range(start=0, limit=2, delta=1)

    Raises:
        InvalidArgumentException: an argument is not an integer.
    """
    for name, value in (("start", start), ("limit", limit)):
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise InvalidArgumentException(f"R: {name} must be an integer, {value!r} given")
    return Range(start=start, limit=limit)
