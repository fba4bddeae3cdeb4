"""Vectors looked up by number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.ndarray import NDArray
from rindow_nn.layers.base import AbstractLayer
from rindow_nn.layers.options import integer_option, size_option
from rindow_nn.layers.simple_functions import embedded

__all__ = ["Embedding"]


class Embedding(AbstractLayer):
    """The rows of a matrix that the inputs number.

    Args:
        backend: the backend ``K``.
        inputDim: how many different numbers there are: 0 to inputDim - 1.
        outputDim: size of each vector.
        input_length: length of the sequences; taken from the first inputs when left out.
        embeddings_initializer: name of an initializer or a function of (shape, [inputDim, outputDim]).
        mask_zero: whether the number 0 stands for padding, and the outputs have a mask that says so.
        name: the layer's name.

    Shapes:
        Inputs (batch, length) of integers, outputs (batch, length, outputDim), kernel (inputDim, outputDim).

    Raises:
        InvalidArgumentException: a size is not positive, an initializer is unknown, or a shape does not fit.
        RuntimeException: a number is out of range.

    Example:
        >>> from rindow_math.matrix import NDArray
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> layer = nn.layers.Embedding(10, 4, input_length=3)
        >>> layer.forward(nn.backend.array([[1, 5, 9]], dtype=NDArray.int32)).shape()
        [1, 3, 4]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\Embedding``.
    """

    def __init__(
        self,
        backend: Any,
        inputDim: int,
        outputDim: int,
        input_length: int | None = None,
        embeddings_initializer: str | Callable[..., Any] | None = None,
        mask_zero: bool | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(backend)
        embeddings_initializer = "random_uniform" if embeddings_initializer is None else embeddings_initializer
        self._inputDtype = NDArray.int32
        self._inputLength = None if input_length is None else integer_option(self, "input_length", input_length)
        self._inputShape = [self._inputLength] if self._inputLength else None
        self._inputDim = size_option(self, "inputDim", inputDim)
        self._outputDim = size_option(self, "outputDim", outputDim)
        self._embeddingsInitializer = backend.getInitializer(embeddings_initializer)
        self._embeddingsInitializerName = self.toStringName(embeddings_initializer)
        self._maskZero = bool(mask_zero)
        self.initName(name, "embedding")
        self.allocateWeights(["kernel"])

    def build(self, variable: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        shape = self.normalizeInputShape(variable)
        if len(shape) != 1:
            raise InvalidArgumentException(
                f"Unsuppored input shape: [{','.join(map(str, shape))}]; sequences (length) expected in {self._label()}"
            )
        if self._weights[0].isUndetermined():
            size = [self._inputDim, self._outputDim]
            self.assignWeights(sampleWeights[:1] if sampleWeights else [self._embeddingsInitializer(size, size)])
        self._outputShape = [*shape, self._outputDim]

    def forward(self, inputs: Any, training: Any = None) -> Any:
        return embedded(self, self._prepare(inputs), self._weights[0])

    def getConfig(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "input_length": self._inputLength,
            "embeddings_initializer": self._embeddingsInitializerName,
        }
        if self._maskZero:  # the original leaves it out
            options["mask_zero"] = True
        return {"inputDim": self._inputDim, "outputDim": self._outputDim, "options": options}

    def computeMask(self, inputs: Any, previousMask: Any) -> Any:
        """With ``mask_zero``, true where the number is not 0; else the input's mask."""
        return self.backend.cast(inputs, NDArray.bool) if self._maskZero else previousMask
