"""What is said while long work runs."""

from __future__ import annotations

import sys

__all__ = ["console"]


def console(message: str) -> None:
    """Writes to the standard error stream at once, if there is one."""
    if sys.stderr is not None:
        sys.stderr.write(message)
        sys.stderr.flush()
