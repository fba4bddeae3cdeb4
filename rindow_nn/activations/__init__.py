"""Activation functions (PHP: ``Activation``)."""

from __future__ import annotations

import difflib
import math
from abc import ABC, abstractmethod
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.ndarray import NDArray
from rindow_nn.activations.functions import Relu, SigmoidFunction, SoftmaxFunction, TanhFunction

__all__ = ["AbstractActivation", "Activation", "FunctionFactory", "ReLU", "Sigmoid", "Softmax", "Tanh"]


class Activation(ABC):
    """An activation function of a layer.

    PHP: ``Rindow\\NeuralNetworks\\Activation\\Activation``.
    """

    @abstractmethod
    def forward(self, states: Any, inputs: Any, training: bool | None = None, **kargs: Any) -> Any:
        """Computes the outputs; ``states`` keeps what ``backward`` needs."""

    @abstractmethod
    def backward(self, states: Any, dOutputs: Any) -> Any:
        """Computes the gradient of the inputs."""


class AbstractActivation(Activation):
    """A base for activations: subclasses write ``call`` and ``differentiate`` and keep values in ``self.states``.

    Args:
        backend: the backend ``K``.

    PHP: ``Rindow\\NeuralNetworks\\Activation\\AbstractActivation``.
    """

    function: Any = None
    epilogue: str | None = None

    def __init__(self, backend: Any) -> None:
        self.backend = backend
        self.states: Any = None

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Computes the outputs from an array."""
        raise NotImplementedError(f"{type(self).__name__}.call")

    def differentiate(self, dOutputs: Any) -> Any:
        """Computes the gradient of the inputs from that of the outputs."""
        raise NotImplementedError(f"{type(self).__name__}.differentiate")

    def forward(self, states: Any, inputs: Any, training: bool | None = None, **kargs: Any) -> Any:
        """Computes the outputs; ``states`` keeps what ``backward`` needs."""
        self.states = states
        try:
            return self.call(inputs, training, **kargs)
        finally:
            self.states = None

    def backward(self, states: Any, dOutputs: Any) -> Any:
        """Computes the gradient of the inputs."""
        self.states = states
        try:
            return self.differentiate(dOutputs)
        finally:
            self.states = None


class ReLU(AbstractActivation):
    """max(x, 0).

    PHP: ``Rindow\\NeuralNetworks\\Activation\\ReLU``.
    """

    function = Relu
    epilogue = "relu"

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        self.states.outputs = self.backend.relu(inputs)
        return self.states.outputs

    def differentiate(self, dOutputs: Any) -> Any:
        return self.backend.dRelu(dOutputs, self.states.outputs)


class Sigmoid(AbstractActivation):
    """1 / (1 + exp(-x)).

    PHP: ``Rindow\\NeuralNetworks\\Activation\\Sigmoid``.
    """

    function = SigmoidFunction
    epilogue = "sigmoid"

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        self.states.outputs = self.backend.sigmoid(inputs)
        return self.states.outputs

    def differentiate(self, dOutputs: Any) -> Any:
        return self.backend.dSigmoid(dOutputs, self.states.outputs)


class Tanh(AbstractActivation):
    """The hyperbolic tangent.

    PHP: ``Rindow\\NeuralNetworks\\Activation\\Tanh``.
    """

    function = TanhFunction
    epilogue = "tanh"

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        self.states.outputs = self.backend.tanh(inputs)
        return self.states.outputs

    def differentiate(self, dOutputs: Any) -> Any:
        return self.backend.dTanh(dOutputs, self.states.outputs)


class Softmax(AbstractActivation):
    """exp(x) / sum(exp(x)) over the last dimension; with a mask, over the elements for which it is true.

    ``forward`` takes the mask as ``mask``: an array whose shape is that of the inputs' last dimensions. Where it is
    false, or 0, the outputs are 0.

    PHP: ``Rindow\\NeuralNetworks\\Activation\\Softmax``.
    """

    function = SoftmaxFunction

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        K = self.backend
        if mask is None:
            self.states.outputs = K.softmax(inputs)
            return self.states.outputs
        shape, rank = inputs.shape(), mask.ndim()
        if rank == 0 or shape[-rank:] != mask.shape():
            raise InvalidArgumentException(
                "unmatch shape of inputs and mask: "
                f"inputs=({','.join(map(str, shape))}), mask=({','.join(map(str, mask.shape()))})"
            )
        counts = K.cast(mask, NDArray.bool)
        axis = len(shape) - rank
        outputs = K.softmax(K.masking(counts, inputs, fill=-math.inf, axis=axis))
        self.states.outputs = K.update_masking(outputs, counts, axis=axis)  # rows of which nothing counts too
        return self.states.outputs

    def differentiate(self, dOutputs: Any) -> Any:
        return self.backend.dSoftmax(dOutputs, self.states.outputs)


class FunctionFactory:
    """Makes activations by name.

    PHP: ``Rindow\\NeuralNetworks\\Activation\\FunctionFactory``.
    """

    classes: dict[str, type[Activation] | None] = {
        "relu": ReLU,
        "sigmoid": Sigmoid,
        "softmax": Softmax,
        "tanh": Tanh,
        "linear": None,
    }

    @staticmethod
    def factory(backend: Any, name: str | type[Activation]) -> Activation | None:
        """The activation of a name, or of a class; None for "linear".

        Raises:
            InvalidArgumentException: the name is unknown.
        """
        if isinstance(name, type) and issubclass(name, Activation):
            return name(backend)  # type: ignore[call-arg]
        key = name.lower() if isinstance(name, str) else None
        if key not in FunctionFactory.classes:
            near = difflib.get_close_matches(str(name).lower(), FunctionFactory.classes, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise InvalidArgumentException(
                f"invalid function name:{name}; known are {', '.join(FunctionFactory.classes)}{hint}"
            )
        cls = FunctionFactory.classes[key]
        return None if cls is None else cls(backend)  # type: ignore[call-arg]
