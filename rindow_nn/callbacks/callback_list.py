"""Callbacks as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.callbacks.base import Broadcaster, Callback, Events
from rindow_nn.support.calling import positional_limit

__all__ = ["CallbackList"]

_UNHEARD: dict[str, list[Callable[..., Any]]] = {event: [] for event in vars(Events) if event.startswith("on")}


def _listeners(event: str, callbacks: Sequence[Callback]) -> list[Callable[..., Any]]:
    """The callbacks' methods for an event, each called with as many arguments as it takes."""
    found = []
    for callback in callbacks:
        method = getattr(callback, event)
        if getattr(method, "__func__", None) is getattr(Events, event):
            continue  # does nothing
        limit = positional_limit(method)
        count = 2 if "Batch" in event or "Epoch" in event else 1
        if limit is not None and limit < count:
            found.append(lambda *args, method=method, limit=limit: method(*args[:limit]))
        else:
            found.append(method)
    return found


class CallbackList(Broadcaster):
    """Passes each event on to a list of callbacks, in their order.

    Args:
        model: the model that the callbacks are given.
        callbacks: the callbacks; none by default.

    Raises:
        InvalidArgumentException: an element is no Callback.

    PHP: ``Rindow\\NeuralNetworks\\Callback\\CallbackList``.
    """

    def __init__(self, model: Any, callbacks: Sequence[Any] | None = None) -> None:
        self.model = model
        if callbacks is not None and not isinstance(callbacks, (list, tuple)):
            raise InvalidArgumentException(f"callbacks must be list of Callback: {type(callbacks).__name__} was given")
        self.callbacks = list(callbacks or ())
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise InvalidArgumentException(
                    f"callbacks must be list of Callback: {type(callback).__name__} was given in it"
                )
            callback.setModel(model)
        self._heard: dict[str, list[Callable[..., Any]]] = (
            {event: _listeners(event, self.callbacks) for event in _UNHEARD} if self.callbacks else _UNHEARD
        )

    def hears_steps(self) -> bool:
        """Whether a callback cares for the beginning or the end of a training step."""
        return bool(self._heard["onTrainBatchBegin"] or self._heard["onTrainBatchEnd"])

    def onTrainBegin(self, metrics: dict[str, Any] | None = None) -> None:
        for tell in self._heard["onTrainBegin"]:
            tell(metrics)

    def onTestBegin(self, metrics: dict[str, Any] | None = None) -> None:
        for tell in self._heard["onTestBegin"]:
            tell(metrics)

    def onPredictBegin(self, metrics: dict[str, Any] | None = None) -> None:
        for tell in self._heard["onPredictBegin"]:
            tell(metrics)

    def onTrainEnd(self, metrics: dict[str, Any] | None = None) -> None:
        for tell in self._heard["onTrainEnd"]:
            tell(metrics)

    def onTestEnd(self, metrics: dict[str, Any] | None = None) -> None:
        for tell in self._heard["onTestEnd"]:
            tell(metrics)

    def onPredictEnd(self, metrics: dict[str, Any] | None = None) -> None:
        for tell in self._heard["onPredictEnd"]:
            tell(metrics)

    def onTrainBatchBegin(self, batch: int, metrics: dict[str, Any] | None = None) -> None:
        for tell in self._heard["onTrainBatchBegin"]:
            tell(batch, metrics)

    def onTestBatchBegin(self, batch: int, metrics: dict[str, Any] | None = None) -> None:
        for tell in self._heard["onTestBatchBegin"]:
            tell(batch, metrics)

    def onTrainBatchEnd(self, batch: int, metrics: dict[str, Any] | None = None) -> None:
        for tell in self._heard["onTrainBatchEnd"]:
            tell(batch, metrics)

    def onTestBatchEnd(self, batch: int, metrics: dict[str, Any] | None = None) -> None:
        for tell in self._heard["onTestBatchEnd"]:
            tell(batch, metrics)

    def onEpochBegin(self, epoch: int, metrics: dict[str, Any] | None = None) -> None:
        for tell in self._heard["onEpochBegin"]:
            tell(epoch, metrics)

    def onEpochEnd(self, epoch: int, metrics: dict[str, Any] | None = None) -> None:
        for tell in self._heard["onEpochEnd"]:
            tell(epoch, metrics)
