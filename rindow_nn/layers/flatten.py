"""All axes but the first as one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rindow_nn.layers.base import AbstractLayer
from rindow_nn.layers.options import shape_option
from rindow_nn.layers.simple_functions import reshaped

__all__ = ["Flatten"]


class Flatten(AbstractLayer):
    """Each sample as a vector, over the same memory.

    Args:
        backend: the backend ``K``.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, ...), outputs (batch, n).

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> nn.layers.Flatten().forward(nn.backend.zeros([2, 3, 4])).shape()
        [2, 12]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\Flatten``.
    """

    def __init__(self, backend: Any, input_shape: Sequence[int] | None = None, name: str | None = None) -> None:
        super().__init__(backend)
        self._inputShape = shape_option(self, input_shape)
        self.initName(name, "flatten")

    def build(self, variable: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        self._outputShape = [math.prod(self.normalizeInputShape(variable))]

    def forward(self, inputs: Any, training: Any = None) -> Any:
        return reshaped(self, self._prepare(inputs))

    def getConfig(self) -> dict[str, Any]:
        return {"options": {"input_shape": self._inputShape}}
