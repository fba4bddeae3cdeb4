"""Methods whose name is that of a property as well, as PHP allows."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any, TypeVar

from rindow_nn.gradient.core.modules import Modules

__all__ = ["shared_name"]

Method = TypeVar("Method", bound=Callable[..., Any])


class _Called:
    """A value that is the method too: calling it calls that."""

    method: MethodType

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.method(*args, **options)


class _List(_Called, list[Any]):
    pass


class _Str(_Called, str):
    pass


class _Modules(_Called, Modules):
    def __init__(self, modules: Modules) -> None:
        vars(self).update(vars(modules))  # the list itself, so that what is added stays


class _SharedName:
    """A method under a name to which subclasses may also assign.

    The value is kept under ``key`` among the object's attributes. What is read is the method and, where it can be both,
    the value: a copy of a list or text, or a list of modules. Other values that are kept under the name itself are read
    as they are.
    """

    def __init__(self, method: Callable[..., Any], key: str) -> None:
        self.method = method
        self.key = key

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        if owner is None:
            return self.method
        method = MethodType(self.method, owner)
        value = vars(owner).get(self.key)
        if value is None:
            return method
        hidden = self.key != self.method.__name__
        both: dict[Any, Any] = {list: _List, str: _Str} if hidden else {Modules: _Modules}
        if type(value) not in both:
            return method if hidden else value
        called = both[type(value)](value)
        called.method = method
        return called

    def __set__(self, owner: Any, value: Any) -> None:
        vars(owner)[self.key] = value


def shared_name(key: str) -> Callable[[Method], Method]:
    """Makes a method's name one that subclasses may assign to, as PHP's properties and methods have names apart.

    Args:
        key: the attribute that keeps what is assigned.
    """
    return lambda method: _SharedName(method, key)  # type: ignore[return-value]
