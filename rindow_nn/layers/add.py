"""The sum of two inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.layers.multi_input import AbstractMultiInputLayer
from rindow_nn.layers.options import shapes_option
from rindow_nn.layers.simple_functions import added

__all__ = ["Add"]


class Add(AbstractMultiInputLayer):
    """The sum of two inputs of one shape. An element is masked if it is masked in either.

    Args:
        backend: the backend ``K``.
        input_shapes: shapes of one sample of each input; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Two inputs and the outputs (batch, ...).

    Raises:
        InvalidArgumentException: there are not two inputs, or their shapes differ.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> K = nn.backend
        >>> nn.layers.Add().forward([K.array([[1, 2]]), K.array([[3, 4]])]).toArray()
        [[4.0, 6.0]]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\Add``.
    """

    def __init__(
        self, backend: Any, input_shapes: Sequence[Sequence[int]] | None = None, name: str | None = None
    ) -> None:
        super().__init__(backend)
        self._inputShape = shapes_option(self, input_shapes)
        self.initName(name, "add")

    def build(self, variables: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        shapes = self._shapesToBuild(variables)
        if len(shapes) != 2:
            raise InvalidArgumentException(
                f"num of inputs must be 2 values: input dims is {len(shapes)} in {self._label()}"
            )
        if shapes[0] != shapes[1]:
            raise InvalidArgumentException(
                "Inputs have incompatible shapes. Received shapes "
                f"{self.shapeToString(shapes[0])} and {self.shapeToString(shapes[1])} in {self._label()}"
            )
        self._outputShape = shapes[0]

    def forward(self, inputs: Sequence[Any], training: Any = None) -> Any:
        return added(self, *self._prepare(inputs))

    def getConfig(self) -> dict[str, Any]:
        return {} if self._inputShape is None else {"options": {"input_shapes": self._inputShape}}

    def computeMask(self, inputs: Any, previousMask: Any) -> Any:
        """A list of one mask: true where both inputs count; None where no input has one."""
        if previousMask is None:
            return None
        if len(previousMask) != 2:
            raise InvalidArgumentException(f"num of masks must be 2 items: {len(previousMask)} mask gives.")
        x, y = previousMask
        if x is None or y is None:
            mask = y if x is None else x
            return None if mask is None else [mask]
        return [x if x is y else self.backend.masking(x, y)]
