"""Models of layers one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_nn.gradient.core.values import ArraySpec
from rindow_nn.gradient.interfaces import Module
from rindow_nn.layers.base import Layer
from rindow_nn.models.abstract_model import AbstractModel
from rindow_nn.models.saving import CONTENTS, config_of, opened_to_save, to_json
from rindow_nn.support.cloning import clone_state

__all__ = ["Sequential"]


class Sequential(AbstractModel):
    """Layers one after the other; models may be among them.

    Args:
        builder: the ``NeuralNetworks`` builder.
        hdaFactory: makes the files that the model is saved to.
        layers: the layers.

    Raises:
        InvalidArgumentException: an element is neither a layer nor a model.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> model = nn.models.Sequential([nn.layers.Dense(4, input_shape=[3]), nn.layers.Dense(2)])
        >>> model.predict(nn.backend.ones([1, 3])).shape()
        [1, 2]

    PHP: ``Rindow\\NeuralNetworks\\Model\\Sequential``.
    """

    def __init__(self, builder: Any, hdaFactory: Any = None, layers: Sequence[Any] | None = None) -> None:
        super().__init__(builder, hdaFactory)
        self._layers: list[Any] = []
        for layer in layers or ():
            self.add(layer)

    def add(self, layer: Any) -> Any:
        """Appends a layer or a model and answers it."""
        if not isinstance(layer, Module) or not callable(getattr(layer, "forward", None)):
            given = layer if isinstance(layer, type) else type(layer)
            raise InvalidArgumentException(f"Sequential takes layers and models: {given.__name__} was given")
        self._layers.append(layer)
        return layer

    def layers(self) -> list[Any]:
        """The layers, those of models inside too."""
        return [x for m in self._layers for x in ([m] if isinstance(m, Layer) else m.layers())]

    def submodules(self) -> list[Any]:
        """The layers and models, as they were added."""
        return list(self._layers)

    def variables(self) -> list[Any]:
        """All variables, those that are not trained too."""
        found: list[Any] = []
        for module in self._layers:
            found += module.variables()
        return list(dict.fromkeys(found))

    def call(self, x: Any, training: Any = None, *args: Any) -> Any:
        """Passes the input through the layers."""
        if not self._layers:
            raise LogicException("the model has no layers; add() appends them")
        for layer in self._layers:
            x = layer.forward(x, training=training) if layer.isAwareOf("training") else layer.forward(x)
        return x

    def toJson(self) -> str:
        """The configuration as JSON: layers, loss and optimizer, as the original writes it.

        Raises:
            LogicException: a layer, an activation, the loss or the optimizer is not one of the library's.

        PHP: ``Sequential::toJson()``.
        """
        return to_json(config_of(self))

    def save(self, filepath: Any, portable: bool | None = None) -> None:
        """Saves configuration, weights and the optimizer's state in a file that ``loadModel`` reads.

        At every moment the file is the old one or the new one, whole. What else it holds is kept. Initializers that
        are functions of yours are left out.

        Args:
            filepath: the name of the file.
            portable: every PHP installation reads what is written, so that this changes nothing.

        Raises:
            LogicException: a weight has no value yet, or a class is not one of the library's.
            RuntimeException: the file cannot be written.

        PHP: ``Sequential::save()``.
        """
        config = self.toJson()
        with opened_to_save(self._files(), filepath, CONTENTS) as file:
            file["modelConfig"] = config
            file["modelWeights"] = {}
            self.saveWeights(file["modelWeights"], portable)

    def _resetClone(self) -> None:
        """A copy is compiled as the original is, with a state of its own."""
        built, loss = self._built, self._lossFunction
        optimizer, metrics = self._optimizer, self._metrics
        super()._resetClone()
        self._built, self._lossFunction = built, loss
        self._optimizer = None if optimizer is None else clone_state(optimizer)
        self._metrics = {name: clone_state(metric) for name, metric in metrics.items()}

    def summary(self) -> None:
        """Prints the layers with their shapes and numbers of parameters; builds the model if that was not done.

        Raises:
            LogicException: the model is not built, and its first layer has no ``input_shape``.
        """
        if not self._built and self._layers:
            first = self.layers()[0]
            shape = first.inputShape()
            if shape is not None:
                self.build(ArraySpec([1, *shape], dtype=first.inputDtype()))
        super().summary()
