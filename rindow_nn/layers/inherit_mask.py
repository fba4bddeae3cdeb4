"""One input with the mask of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.layers.multi_input import AbstractMultiInputLayer
from rindow_nn.layers.options import shapes_option
from rindow_nn.layers.simple_functions import inherit

__all__ = ["InheritMask"]


class InheritMask(AbstractMultiInputLayer):
    """The first input, over the same memory, with the mask of the second one.

    Args:
        backend: the backend ``K``.
        input_shapes: shapes of one sample of each input; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, ...) and (batch, ...), outputs as the first.

    Raises:
        InvalidArgumentException: there are not two inputs, or a shape does not fit.

    Example:
        >>> from rindow_math.matrix import NDArray
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> K = nn.backend
        >>> masked = nn.layers.Embedding(9, 2, mask_zero=True).forward(K.array([[1, 0]], dtype=NDArray.int32))
        >>> nn.layers.InheritMask().forward([K.zeros([1, 2, 3]), masked]).value().mask().toArray()
        [[True, False]]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\InheritMask``.
    """

    def __init__(
        self, backend: Any, input_shapes: Sequence[Sequence[int]] | None = None, name: str | None = None
    ) -> None:
        super().__init__(backend)
        self._inputShape = shapes_option(self, input_shapes)
        self.initName(name, "inheritmask")

    def build(self, variables: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        shapes = self._shapesToBuild(variables)
        if len(shapes) != 2:
            raise InvalidArgumentException(
                f"num of inputs must be 2 values: input dims is {len(shapes)} in {self._label()}"
            )
        self._outputShape = shapes[0]

    def forward(self, inputs: Sequence[Any], training: Any = None) -> Any:
        return inherit(self, *self._prepare(inputs))

    def getConfig(self) -> dict[str, Any]:
        return {} if self._inputShape is None else {"options": {"input_shapes": self._inputShape}}

    def computeMask(self, inputs: Any, previousMask: Any) -> Any:
        """A list of the second input's mask; None if it has none."""
        return None if previousMask is None or previousMask[1] is None else [previousMask[1]]
