"""The fully connected layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.activations import Activation
from rindow_nn.activations.functions import activate
from rindow_nn.layers.base import AbstractLayer
from rindow_nn.layers.functions import EPILOGUES, dense
from rindow_nn.layers.options import shape_option, size_option

__all__ = ["Dense"]


class Dense(AbstractLayer):
    """activation(inputs · kernel + bias), over the last dimension.

    Args:
        backend: the backend ``K``.
        units: size of the outputs' last dimension.
        input_shape: shape of one sample; taken from the first inputs when left out.
        activation: name of an activation or an Activation; none by default.
        use_bias: whether a bias is added; True by default.
        kernel_initializer: name of an initializer or a function of (shape, [fan in, fan out]).
        bias_initializer: name of an initializer or a function of (shape).
        name: the layer's name.

    Shapes:
        Inputs (batch, ..., k), outputs (batch, ..., units), kernel (k, units), bias (units).

    Raises:
        InvalidArgumentException: units is not a positive integer, a name is unknown, or a shape does not fit.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> layer = nn.layers.Dense(2, input_shape=[3], activation="relu")
        >>> layer.forward(nn.backend.ones([4, 3])).shape()
        [4, 2]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\Dense``.
    """

    def __init__(
        self,
        backend: Any,
        units: int,
        input_shape: Sequence[int] | None = None,
        activation: str | Activation | None = None,
        use_bias: bool | None = None,
        kernel_initializer: str | Callable[..., Any] | None = None,
        bias_initializer: str | Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(backend)
        kernel_initializer = "glorot_uniform" if kernel_initializer is None else kernel_initializer
        bias_initializer = "zeros" if bias_initializer is None else bias_initializer
        self._units = size_option(self, "units", units)
        self._inputShape = shape_option(self, input_shape)
        self._useBias = True if use_bias is None else bool(use_bias)
        self._kernelInitializer = backend.getInitializer(kernel_initializer)
        self._biasInitializer = backend.getInitializer(bias_initializer)
        self._kernelInitializerName = self.toStringName(kernel_initializer)
        self._biasInitializerName = self.toStringName(bias_initializer)
        self.initName(name, "dense")
        self.allocateWeights(["kernel", "bias"] if self._useBias else ["kernel"])
        self.setActivation(activation)
        self._epilogue = EPILOGUES.get(getattr(self._activation, "epilogue", None), 0)
        self._separate = self._activation is not None and not self._epilogue

    def build(self, variable: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        shape = self.normalizeInputShape(variable)
        if not shape:
            raise InvalidArgumentException(
                f"Dense needs inputs of two dimensions or more, (batch, ..., k), in {self._label()}; (batch) given"
            )
        k = shape[-1]
        if self._weights[0].isUndetermined():
            if sampleWeights is not None:
                arrays = list(sampleWeights)[: len(self._weights)]
            else:
                arrays = [self._kernelInitializer([k, self._units], [k, self._units])]
                if self._useBias:
                    arrays.append(self._biasInitializer([self._units]))
            self.assignWeights(arrays)
        self._outputShape = [*shape[:-1], self._units]

    def forward(self, inputs: Any, training: Any = None) -> Any:
        x = self._prepare(inputs)
        weights = self._weights
        out = dense(self, self.backend, x, weights[0], weights[1] if self._useBias else None, self._epilogue)
        return activate(self.backend, self._activation, out, training) if self._separate else out

    def getConfig(self) -> dict[str, Any]:
        return {
            "units": self._units,
            "options": {
                "input_shape": self._inputShape,
                "use_bias": self._useBias,
                "kernel_initializer": self._kernelInitializerName,
                "bias_initializer": self._biasInitializerName,
                "activation": self._activationName,
            },
        }
