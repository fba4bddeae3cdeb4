"""What losses have in common."""

from __future__ import annotations

import types
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.ndarray import NDArray
from rindow_nn.gradient.core.layerfunction import callLayer
from rindow_nn.gradient.core.packing import Packing
from rindow_nn.support.calling import parameter_names

__all__ = ["AbstractLoss", "Loss"]


class Loss(ABC):
    """The interface of losses.

    PHP: ``Rindow\\NeuralNetworks\\Loss\\Loss``.
    """

    @abstractmethod
    def getConfig(self) -> dict[str, Any]:
        """What the constructor was given."""

    @abstractmethod
    def forward(self, trues: Any, predicts: Any) -> Any:
        """Computes the loss and records the call."""

    @abstractmethod
    def backward(self, dOutputs: Sequence[Any], grads: Any = None, oidsToCollect: Any = None) -> list[Any]:
        """The gradients of trues (None) and predicts."""

    @abstractmethod
    def accuracyMetric(self) -> str:
        """Name of the metric that ``accuracy`` stands for with this loss."""


class AbstractLoss(Packing, Loss):
    """A base for losses: subclasses write ``call(trues, predicts)`` and ``differentiate(dOutputs)`` on arrays.

    Args:
        backend: the backend ``K``.
        from_logits: the predictions are not yet probabilities.
        reduction: ``sum`` (the mean over the batch, as in the original) or ``none`` (one number a sample).

    PHP: ``Rindow\\NeuralNetworks\\Loss\\AbstractLoss``.
    """

    def __init__(self, backend: Any, from_logits: bool | None = None, reduction: str | None = None) -> None:
        reduction = "sum" if reduction is None else reduction
        if reduction not in ("sum", "none"):
            raise InvalidArgumentException(
                f"{type(self).__name__}: reduction must be 'sum' or 'none'. Received: {reduction!r}"
            )
        self.backend = backend
        self._fromLogits = bool(from_logits)
        self._reduction = reduction
        self._container: Any = None

    def name(self) -> str:
        """Name of the class."""
        return type(self).__name__

    def container(self) -> Any:
        """A place for what ``differentiate`` needs from ``call``; each recorded call has its own."""
        if self._container is None:
            self._container = types.SimpleNamespace()
        return self._container

    def setFromLogits(self, fromLogits: bool) -> None:
        """Says whether the predictions are not yet probabilities."""
        self._fromLogits = bool(fromLogits)

    def fromLogits(self) -> bool:
        """Whether the predictions are not yet probabilities."""
        return self._fromLogits

    def getConfig(self) -> dict[str, Any]:
        """What the constructor was given, where it is not the default; the original forgets it."""
        options: dict[str, Any] = {}
        if self._fromLogits and "from_logits" in parameter_names(type(self).__init__):
            options["from_logits"] = True
        if self._reduction != "sum":
            options["reduction"] = self._reduction
        return {"options": options} if options else {}

    def call(self, trues: Any, predicts: Any) -> Any:
        """Computes the loss from arrays."""
        raise NotImplementedError(f"{type(self).__name__}.call")

    def differentiate(self, dOutputs: Sequence[Any], grads: Any = None, oidsToCollect: Any = None) -> list[Any]:
        """Computes the gradient of the predictions, as a list of one array."""
        raise NotImplementedError(f"{type(self).__name__}.differentiate")

    def forward(self, trues: Any, predicts: Any) -> Any:
        """Computes the loss and records the call.

        Args:
            trues: variable or array of labels.
            predicts: variable of predictions.

        Returns:
            A variable with one number, or with one a sample (reduction ``none``).
        """
        return callLayer(self, self.backend, [trues, predicts], [], {})

    def __call__(self, *args: Any) -> Any:
        return self.forward(*args)

    def _rawCall(self, inputs: Sequence[Any], options: dict[str, Any]) -> list[Any]:
        """Computes on arrays, without recording."""
        return [self.call(*inputs)]

    def _callOnArrays(self, arrays: list[Any], options: dict[str, Any]) -> Any:
        loss = self.call(arrays[0], arrays[1])
        return loss if isinstance(loss, NDArray) else self.backend.array(loss)

    def _differentiateArrays(self, dOutputs: list[Any]) -> list[Any]:
        return [None, *self.differentiate(dOutputs)]

    def backward(self, dOutputs: Sequence[Any], grads: Any = None, oidsToCollect: Any = None) -> list[Any]:
        """The gradients of trues (None) and predicts of the last ``call``."""
        return self._differentiateArrays(list(dOutputs))
