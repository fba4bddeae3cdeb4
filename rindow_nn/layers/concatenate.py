"""Inputs joined along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.layers.multi_input import AbstractMultiInputLayer
from rindow_nn.layers.options import shapes_option
from rindow_nn.layers.simple_functions import concatenated

__all__ = ["Concatenate"]


class Concatenate(AbstractMultiInputLayer):
    """Two or more inputs joined along an axis. Masks end here.

    Args:
        backend: the backend ``K``.
        axis: the axis, counted with the batch; the last one by default.
        input_shapes: shapes of one sample of each input; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, ..., n1, ...), (batch, ..., n2, ...); outputs (batch, ..., n1 + n2, ...).

    Raises:
        InvalidArgumentException: the axis does not exist, or the inputs differ in another axis.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> K = nn.backend
        >>> nn.layers.Concatenate().forward([K.array([[1, 2]]), K.array([[3]])]).toArray()
        [[1.0, 2.0, 3.0]]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\Concatenate``.
    """

    def __init__(
        self,
        backend: Any,
        axis: int | None = None,
        input_shapes: Sequence[Sequence[int]] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(backend)
        self._axis = -1 if axis is None else axis
        self._inputShape = shapes_option(self, input_shapes)
        self.initName(name, "concatenate")

    def build(self, variables: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        shapes = self._shapesToBuild(variables)
        if len(shapes) < 2:
            raise InvalidArgumentException(
                f"num of inputs must be greater then 2 or equal: input dims is {len(shapes)} in {self._label()}"
            )
        rank = len(shapes[0])
        axis = self._axis + rank if self._axis < 0 else self._axis - 1
        if not 0 <= axis < rank:
            raise InvalidArgumentException(
                f"Invalid axis. Dims of the inputshape is {rank}. axis={self._axis} given in {self._label()}"
            )
        if any(s[:axis] + s[axis + 1 :] != shapes[0][:axis] + shapes[0][axis + 1 :] or len(s) != rank for s in shapes):
            text = " ".join("[" + ",".join(map(str, s)) + "]" for s in shapes)
            raise InvalidArgumentException(f"Unmatch input_shapes:{text} in {self._label()}")
        self._outputShape = [*shapes[0][:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :]]

    def forward(self, inputs: Sequence[Any], training: Any = None) -> Any:
        return concatenated(self, self._prepare(inputs), self._axis)

    def getConfig(self) -> dict[str, Any]:
        return {"options": {"axis": self._axis, "input_shapes": self._inputShape}}
