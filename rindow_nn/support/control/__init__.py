"""Contexts such as the gradient tape, and running functions in them (PHP: ``Support\\Control``)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rindow_nn.support.calling import call_with

__all__ = ["Context", "Execute"]


class Context(ABC):
    """Something that is entered before and left after a piece of code.

    PHP: ``Rindow\\NeuralNetworks\\Support\\Control\\Context``.
    """

    @abstractmethod
    def enter(self) -> None:
        """Called before the code runs."""

    @abstractmethod
    def exit(self, e: BaseException | None = None) -> bool:
        """Called after the code; answers whether an exception is dealt with."""


class Execute:
    """Runs functions in contexts.

    PHP: ``Rindow\\NeuralNetworks\\Support\\Control\\Execute``.
    """

    @staticmethod
    def with_(
        context: Any,
        func: Callable[..., Any] | None = None,
        args: Iterable[Any] | Mapping[Any, Any] | None = None,
        without_ctx: bool | None = None,
    ) -> Any:
        """Enters a context, calls a function, leaves the context (PHP: ``Execute::with``).

        Args:
            context: has ``enter()`` and ``exit(e)``.
            func: called with the context and ``args``, as far as it takes them.
            args: further arguments of the function; in a dict, those under strings are given by name.
            without_ctx: do not offer the context to the function.

        Returns:
            What the function gives; None if the context dealt with an exception.
        """
        context.enter()
        try:
            named = {k: v for k, v in args.items() if isinstance(k, str)} if isinstance(args, Mapping) else {}
            offered = [v for k, v in args.items() if k not in named] if isinstance(args, Mapping) else list(args or ())
            if not without_ctx:
                offered.insert(0, context)
            result = None if func is None else call_with(func, tuple(offered), named)
        except BaseException as e:
            if not context.exit(e):
                raise
            return None
        context.exit(None)
        return result
