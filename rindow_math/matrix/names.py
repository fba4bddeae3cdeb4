"""Names in any case, as in PHP: the fallback that ``__getattr__`` of the library's objects calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from rindow_math.exceptions import LogicException

__all__ = ["UnknownNameError", "nearest", "resolve"]


class UnknownNameError(AttributeError, LogicException):
    """An object has no attribute of this name in any case; the message suggests the nearest ones."""


_known: WeakKeyDictionary[type, dict[str, str]] = WeakKeyDictionary()


def _names_of(cls: type) -> dict[str, str]:
    """The public names of a class by their lower-case form."""
    names = _known.get(cls)
    if names is None:
        names = {}
        for name in dir(cls):
            if not name.startswith("_"):
                names.setdefault(name.lower(), name)
        _known[cls] = names
    return names


def nearest(name: str, names: Iterable[str]) -> str:
    """The end of an error message: which of ``names`` may have been meant; empty when none is near.

    Example:
        >>> nearest("Sofmax", ["Softmax", "ReLU"])
        '; did you mean Softmax?'
    """
    import difflib  # only those who misspell wait for it

    lower = {n.lower(): n for n in names}
    found = difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(lower[n] for n in found)}?" if found else ""


def resolve(obj: Any, name: str) -> Any:
    """The attribute of ``obj`` whose name differs from ``name`` in case only.

    Python calls ``__getattr__`` after the ordinary search has failed, so exact names never come here.

    Args:
        obj: the object.
        name: the name that the ordinary search did not find.

    Raises:
        UnknownNameError: there is none; it is an AttributeError and a LogicException.

    Example:
        >>> class Factory:
        ...     def SGD(self): return "sgd"
        ...     def __getattr__(self, name): return resolve(self, name)
        >>> Factory().Sgd()
        'sgd'
        >>> Factory().sg
        Traceback (most recent call last):
        ...
        rindow_math.matrix.names.UnknownNameError: Factory has no 'sg'; did you mean SGD?
    """
    cls = type(obj)
    if name.startswith("_"):
        # protocols are looked up by exact name; searching would only slow the question down
        raise UnknownNameError(f"{cls.__name__} has no {name!r}")
    names = _names_of(cls)
    found = names.get(name.lower())
    if found is None or found == name:
        # attributes of the object itself, and those added to the class after the names were collected
        own = {n.lower(): n for n in [*dir(cls), *getattr(obj, "__dict__", ())] if not n.startswith("_")}
        found = own.get(name.lower())
        if found is None or found == name:
            raise UnknownNameError(f"{cls.__name__} has no {name!r}{nearest(name, own.values())}")
    return getattr(obj, found)
