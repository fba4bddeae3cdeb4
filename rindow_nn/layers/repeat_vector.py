"""A vector repeated as a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.layers.base import AbstractLayer
from rindow_nn.layers.options import shape_option, size_option
from rindow_nn.layers.simple_functions import repeated

__all__ = ["RepeatVector"]


class RepeatVector(AbstractLayer):
    """Each sample, a vector, repeated as the steps of a sequence.

    Args:
        backend: the backend ``K``.
        repeats: how many steps.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, n), outputs (batch, repeats, n).

    Raises:
        InvalidArgumentException: repeats is not a positive integer, or the samples are not vectors.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> nn.layers.RepeatVector(2).forward(nn.backend.array([[1, 3]])).toArray()
        [[[1.0, 3.0], [1.0, 3.0]]]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\RepeatVector``.
    """

    def __init__(
        self, backend: Any, repeats: int, input_shape: Sequence[int] | None = None, name: str | None = None
    ) -> None:
        super().__init__(backend)
        self._repeats = size_option(self, "repeats", repeats)
        self._inputShape = shape_option(self, input_shape)
        self.initName(name, "repeatvector")

    def build(self, variable: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        shape = self.normalizeInputShape(variable)
        if len(shape) != 1:
            raise InvalidArgumentException(f"input shape must be 1D:{','.join(map(str, shape))} in {self._label()}")
        self._outputShape = [self._repeats, *shape]

    def forward(self, inputs: Any, training: Any = None) -> Any:
        return repeated(self, self._prepare(inputs), self._repeats)

    def getConfig(self) -> dict[str, Any]:
        return {"repeats": self._repeats, "options": {"input_shape": self._inputShape}}
