"""The shape of a model's inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_nn.layers.base import AbstractLayer
from rindow_nn.layers.options import shape_option
from rindow_nn.layers.simple_functions import same

__all__ = ["Input"]


class Input(AbstractLayer):
    """The inputs as they are: a first layer that says what shape a model takes.

    Args:
        backend: the backend ``K``.
        shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs and outputs (batch, ...).

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> model = nn.models.Sequential([nn.layers.Input(shape=[3]), nn.layers.Dense(2)])
        >>> model.predict(nn.backend.ones([1, 3])).shape()
        [1, 2]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\Input``.
    """

    def __init__(self, backend: Any, shape: Sequence[int] | None = None, name: str | None = None) -> None:
        super().__init__(backend)
        self._inputShape = shape_option(self, shape, "shape")
        self.initName(name, "input")

    def forward(self, inputs: Any, training: Any = None) -> Any:
        return same(self, self._prepare(inputs))

    def getConfig(self) -> dict[str, Any]:
        return {"options": {"shape": self._inputShape}}
