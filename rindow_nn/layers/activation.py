"""An activation function as a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_nn.activations import Activation as ActivationFunction
from rindow_nn.activations.functions import activate
from rindow_nn.layers.base import AbstractLayer
from rindow_nn.layers.options import shape_option
from rindow_nn.layers.simple_functions import same

__all__ = ["Activation"]


class Activation(AbstractLayer):
    """An activation function of the inputs.

    Args:
        backend: the backend ``K``.
        activation: name of an activation or an Activation; "linear" for none.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs and outputs (batch, ...).

    Raises:
        InvalidArgumentException: the name is unknown, or a shape does not fit.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> nn.layers.Activation("relu").forward(nn.backend.array([[-1, 2]])).toArray()
        [[0.0, 2.0]]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\Activation``.
    """

    def __init__(
        self,
        backend: Any,
        activation: str | ActivationFunction,
        input_shape: Sequence[int] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(backend)
        self._inputShape = shape_option(self, input_shape)
        self.initName(name, "activation")
        self.setActivation(activation)

    def forward(self, inputs: Any, training: Any = None) -> Any:
        x = self._prepare(inputs)
        if self._activation is None:
            return same(self, x)
        return activate(self.backend, self._activation, x, training)

    def getConfig(self) -> dict[str, Any]:
        return {"activation": self._activationName, "input_shape": self._inputShape}
