"""A new axis of length 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.layers.base import AbstractLayer
from rindow_nn.layers.options import shape_option
from rindow_nn.layers.simple_functions import reshaped

__all__ = ["ExpandDims"]


class ExpandDims(AbstractLayer):
    """The inputs with a new axis of length 1, over the same memory.

    Args:
        backend: the backend ``K``.
        axis: where the axis comes, counted without the batch; negative from the end.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, ...), outputs (batch, ..., 1, ...).

    Raises:
        InvalidArgumentException: the axis does not exist.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> nn.layers.ExpandDims(-1).forward(nn.backend.zeros([2, 3])).shape()
        [2, 3, 1]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\ExpandDims``.
    """

    def __init__(
        self, backend: Any, axis: int, input_shape: Sequence[int] | None = None, name: str | None = None
    ) -> None:
        super().__init__(backend)
        self._axis = axis
        self._inputShape = shape_option(self, input_shape)
        self.initName(name, "expanddims")

    def build(self, variable: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        shape = self.normalizeInputShape(variable)
        axis = self._axis + len(shape) + 1 if self._axis < 0 else self._axis
        if not 0 <= axis <= len(shape):
            raise InvalidArgumentException(
                f"Invalid axis. Dims of the inputshape is {len(shape)}. axis={self._axis} given in {self._label()}"
            )
        self._outputShape = [*shape[:axis], 1, *shape[axis:]]

    def forward(self, inputs: Any, training: Any = None) -> Any:
        return reshaped(self, self._prepare(inputs))

    def getConfig(self) -> dict[str, Any]:
        return {"axis": self._axis, "options": {"input_shape": self._inputShape}}
