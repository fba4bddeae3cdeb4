"""What is told about the course of training, and how."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

__all__ = ["AbstractCallback", "Broadcaster", "Callback", "Events"]


class Events:
    """The events of ``fit``, ``evaluate`` and ``predict``; each does nothing unless it is overridden.

    The order in ``fit``: ``onTrainBegin``; for each epoch ``onEpochBegin``, ``onTrainBatchBegin`` and
    ``onTrainBatchEnd`` around each step, with validation data those of ``evaluate``, ``onEpochEnd``; at last
    ``onTrainEnd``. ``evaluate``: ``onTestBegin``, ``onTestBatchBegin``, ``onTestBatchEnd``, ``onTestEnd``.
    ``predict``: ``onPredictBegin``, ``onPredictEnd``.

    PHP: ``Rindow\\NeuralNetworks\\Callback\\Events``.
    """

    def onTrainBegin(self, metrics: dict[str, Any] | None = None) -> None:
        """``fit`` begins."""

    def onTestBegin(self, metrics: dict[str, Any] | None = None) -> None:
        """``evaluate``, or the validation of an epoch, begins."""

    def onPredictBegin(self, metrics: dict[str, Any] | None = None) -> None:
        """``predict`` begins."""

    def onTrainEnd(self, metrics: dict[str, Any] | None = None) -> None:
        """``fit`` ends; metrics: the last epoch's numbers."""

    def onTestEnd(self, metrics: dict[str, Any] | None = None) -> None:
        """``evaluate`` ends; metrics: its numbers."""

    def onPredictEnd(self, metrics: dict[str, Any] | None = None) -> None:
        """``predict`` ends."""

    def onTrainBatchBegin(self, batch: int, metrics: dict[str, Any] | None = None) -> None:
        """A training step begins."""

    def onTestBatchBegin(self, batch: int, metrics: dict[str, Any] | None = None) -> None:
        """A batch of ``evaluate`` begins."""

    def onTrainBatchEnd(self, batch: int, metrics: dict[str, Any] | None = None) -> None:
        """A training step ends; metrics: the Metric objects, whose ``result()`` is the mean so far."""

    def onTestBatchEnd(self, batch: int, metrics: dict[str, Any] | None = None) -> None:
        """A batch of ``evaluate`` ends; metrics: the Metric objects."""

    def onEpochBegin(self, epoch: int, metrics: dict[str, Any] | None = None) -> None:
        """An epoch, counted from 0, begins."""

    def onEpochEnd(self, epoch: int, metrics: dict[str, Any] | None = None) -> None:
        """An epoch, counted from 0, ends; metrics: its numbers, those of the validation as ``val_...``."""


class Callback(Events, ABC):
    """Something that ``fit``, ``evaluate`` and ``predict`` tell what happens.

    PHP: ``Rindow\\NeuralNetworks\\Callback\\Callback``.
    """

    @abstractmethod
    def setModel(self, model: Any) -> None:
        """Receives the model before the first event."""

    @abstractmethod
    def getModel(self) -> Any:
        """The model, or None."""


class Broadcaster(Events):
    """Something that passes events on.

    PHP: ``Rindow\\NeuralNetworks\\Callback\\Broadcaster``.
    """


class AbstractCallback(Callback):
    """A callback that does nothing: subclasses override the events that they care for.

    Args:
        model: the model; ``fit`` and its kin set it anyway.

    Example:
        >>> class Loss(AbstractCallback):
        ...     def onEpochEnd(self, epoch, metrics):
        ...         print(epoch, metrics["loss"])
        >>> Loss().onEpochEnd(0, {"loss": 0.5})
        0 0.5

    PHP: ``Rindow\\NeuralNetworks\\Callback\\AbstractCallback``.
    """

    model: Any = None

    def __init__(self, model: Any = None) -> None:
        if model is not None:
            self.setModel(model)

    def setModel(self, model: Any) -> None:
        self.model = model

    def getModel(self) -> Any:
        return self.model
