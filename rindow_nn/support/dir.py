"""Walking through directories."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from typing import Any

from rindow_math.exceptions import InvalidArgumentException, LogicException

__all__ = ["Dir"]

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE, "u": 0}
_PAIRS = {"(": ")", "[": "]", "{": "}", "<": ">"}


def _expression(pattern: str) -> re.Pattern[str]:
    """A regular expression as Python writes it, or between PHP's delimiters: ``/[.]txt$/i``."""
    text, flags = pattern, 0
    first = pattern[0]
    if first in "/@#~%!,;" or first in _PAIRS:
        end = pattern.rfind(_PAIRS.get(first, first))
        letters = pattern[end + 1 :]
        if end > 0 and set(letters) <= _FLAGS.keys() and (first not in _PAIRS or _is_delimited(pattern[1:end])):
            text = pattern[1:end]
            for letter in letters:
                flags |= _FLAGS[letter]
    try:
        return re.compile(text, flags)
    except re.error as e:
        raise InvalidArgumentException(f"invalid pattern {pattern!r}: {e}") from None


def _is_delimited(inner: str) -> bool:
    """Whether brackets at both ends are PHP's delimiters: what is between them is an expression by itself."""
    try:
        re.compile(inner)
    except re.error:
        return False
    return True


class Dir:
    """Walks through directories.

    PHP: ``Rindow\\NeuralNetworks\\Support\\Dir``.
    """

    @staticmethod
    def factory() -> Dir:
        """A new object."""
        return Dir()

    def clawl(self, path: str, callback: Callable[[str], Any] | None = None) -> list[Any]:
        """The names of all files in a directory and those below it.

        Args:
            path: the directory.
            callback: called with each name; what it returns takes the name's place, None leaves it out.

        Raises:
            LogicException: the directory does not exist.
        """
        return self.glob(path, None, callback)

    def glob(self, path: str, pattern: str | None, callback: Callable[[str], Any] | None = None) -> list[Any]:
        """The names of files that match.

        Args:
            path: the directory.
            pattern: a regular expression that is found in the whole name, bare or between PHP's delimiters;
                None for all files.
            callback: called with each name; what it returns takes the name's place, None leaves it out.

        Raises:
            LogicException: the directory does not exist.
            InvalidArgumentException: the pattern is no regular expression.
        """
        path = os.fspath(path)
        if not os.path.isdir(path):
            raise LogicException(f"directory not found: {path}")
        wanted = _expression(pattern) if pattern else None
        found: list[Any] = []
        for directory, _, names in os.walk(path):
            for name in names:
                full = os.path.join(directory, name)
                if os.path.isdir(full) or (wanted is not None and not wanted.search(full)):
                    continue
                value = full if callback is None else callback(full)
                if value is not None:
                    found.append(value)
        return found

    def clear(self, path: str) -> None:
        """Removes what is in a directory; the directory itself stays, and what cannot be removed too."""
        for directory, directories, names in os.walk(os.fspath(path), topdown=False):
            for name in names:
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(directory, name))
            for name in directories:
                full = os.path.join(directory, name)
                with contextlib.suppress(OSError):
                    os.unlink(full) if os.path.islink(full) else os.rmdir(full)
