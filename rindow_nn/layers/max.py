"""The maximum along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.layers.base import AbstractLayer
from rindow_nn.layers.options import shape_option
from rindow_nn.layers.simple_functions import largest

__all__ = ["Max"]


class Max(AbstractLayer):
    """The largest value along an axis; of several the first one has the gradient.

    Args:
        backend: the backend ``K``.
        axis: the axis, counted without the batch; the last one by default.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, ..., n, ...), outputs (batch, ..., ...).

    Raises:
        InvalidArgumentException: the axis does not exist.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> nn.layers.Max().forward(nn.backend.array([[1, 3, 2]])).toArray()
        [3.0]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\Max``.
    """

    def __init__(
        self,
        backend: Any,
        axis: int | None = None,
        input_shape: Sequence[int] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(backend)
        self._axis = -1 if axis is None else axis
        self._realAxis = 0
        self._inputShape = shape_option(self, input_shape)
        self.initName(name, "max")

    def build(self, variable: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        shape = self.normalizeInputShape(variable)
        axis = self._axis + len(shape) if self._axis < 0 else self._axis
        if not 0 <= axis < len(shape):
            raise InvalidArgumentException(
                f"Invalid axis. Dims of the inputshape is {len(shape)}. axis={self._axis} given in {self._label()}"
            )
        self._realAxis = axis + 1
        self._outputShape = shape[:axis] + shape[axis + 1 :]

    def forward(self, inputs: Any, training: Any = None) -> Any:
        x = self._prepare(inputs)
        return largest(self, x, self._realAxis)

    def getConfig(self) -> dict[str, Any]:
        return {"axis": self._axis, "options": {"input_shape": self._inputShape}}
