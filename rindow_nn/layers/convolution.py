"""Convolution layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.activations import Activation
from rindow_nn.activations.functions import activate
from rindow_nn.layers.convolution_functions import ConvForm, convolve
from rindow_nn.layers.functions import EPILOGUES
from rindow_nn.layers.image import AbstractImage
from rindow_nn.layers.options import shape_option, size_option

__all__ = ["AbstractConv", "Conv1D", "Conv2D", "Conv3D"]

Sizes = int | Sequence[int]


class AbstractConv(AbstractImage):
    """activation(inputs * kernel + bias), where * is a convolution over ``rank`` dimensions.

    Args:
        backend: the backend ``K``.
        filters: number of channels of the outputs.
        kernel_size: list of the kernel's sizes, or one for all.
        strides: list of steps, or one for all; 1 by default.
        padding: ``valid`` (none, the default), or ``same``: zeros around the image, an odd one behind it, so that each
            size of the outputs is that of the inputs divided by the stride, rounded up.
        data_format: ``channels_last`` (default) or ``channels_first``.
        dilation_rate: list of distances between the kernel's points in the image, or one for all; 1 by default.
        groups: 1; the original takes others and computes as if it were 1.
        activation: name of an activation or an Activation; none by default.
        use_bias: whether a bias is added; True by default.
        kernel_initializer: name of an initializer or a function of (shape, [fan in, fan out]).
        bias_initializer: name of an initializer or a function of (shape).
        kernel_regularizer: taken for compatibility; has no effect, as in the original.
        bias_regularizer: likewise.
        activity_regularizer: likewise.
        kernel_constraint: likewise.
        bias_constraint: likewise.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Raises:
        InvalidArgumentException: a number or a name is wrong, or a shape does not fit.

    PHP: ``Rindow\\NeuralNetworks\\Layer\\AbstractConv``.
    """

    defaultLayerName = "conv"

    def __init__(
        self,
        backend: Any,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes | None = None,
        padding: str | None = None,
        data_format: str | None = None,
        dilation_rate: Sizes | None = None,
        groups: int | None = None,
        activation: str | Activation | None = None,
        use_bias: bool | None = None,
        kernel_initializer: str | Callable[..., Any] | None = None,
        bias_initializer: str | Callable[..., Any] | None = None,
        kernel_regularizer: str | None = None,
        bias_regularizer: str | None = None,
        activity_regularizer: str | None = None,
        kernel_constraint: str | None = None,
        bias_constraint: str | None = None,
        input_shape: Sequence[int] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(backend)
        self.initName(name, self.defaultLayerName)
        if size_option(self, "groups", 1 if groups is None else groups) != 1:
            raise InvalidArgumentException(
                f"{type(self).__name__}: convolution in groups is not supported. Expected: groups=1. Received: {groups}"
            )
        kernel_initializer = "glorot_uniform" if kernel_initializer is None else kernel_initializer
        bias_initializer = "zeros" if bias_initializer is None else bias_initializer
        self._filters = size_option(self, "filters", filters)
        self._kernelSize = self.normalizeFilterSize(kernel_size, "kernel_size", None, True)
        self._strides = self.normalizeFilterSize(strides, "strides", 1)
        self._dilationRate = self.normalizeFilterSize(dilation_rate, "dilation_rate", 1)
        self._padding = "valid" if padding is None else padding
        self.data_format = data_format
        self._inputShape = shape_option(self, input_shape)
        self._useBias = True if use_bias is None else bool(use_bias)
        self._kernelInitializer = backend.getInitializer(kernel_initializer)
        self._biasInitializer = backend.getInitializer(bias_initializer)
        self._kernelInitializerName = self.toStringName(kernel_initializer)
        self._biasInitializerName = self.toStringName(bias_initializer)
        self.allocateWeights(["kernel", "bias"] if self._useBias else ["kernel"])
        self.setActivation(activation)
        epilogue = EPILOGUES.get(getattr(self._activation, "epilogue", None), 0)
        self._separate = self._activation is not None and not epilogue
        self._form = ConvForm(
            self.rank, self._strides, self._padding, data_format, self._dilationRate, epilogue, self._useBias
        )

    def build(self, variable: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        shape = self.normalizeInputShape(variable)
        sizes = self.backend.calcConvOutputShape(
            shape, self._kernelSize, self._strides, self._padding, self.data_format, self._dilationRate
        )
        channels = self.getChannels()
        if self._weights[0].isUndetermined():
            if sampleWeights is not None:
                arrays = list(sampleWeights)[: len(self._weights)]
            else:
                points = math.prod(self._kernelSize)
                arrays = [
                    self._kernelInitializer(
                        [*self._kernelSize, channels, self._filters], [points * channels, points * self._filters]
                    )
                ]
                if self._useBias:
                    arrays.append(self._biasInitializer([self._filters]))
            self.assignWeights(arrays)
        self._grads = [self.backend.zerosLike(w.value()) for w in self._weights]
        self._outputShape = self.imageShape(sizes, self._filters)

    def forward(self, inputs: Any, training: Any = None) -> Any:
        x = self._prepare(inputs)
        weights = self._weights
        out = convolve(self, self.backend, self._form, x, weights[0], weights[1] if self._useBias else None)
        return activate(self.backend, self._activation, out, training) if self._separate else out

    def getConfig(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "strides": self._strides,
            "padding": self._padding,
            "data_format": self.data_format,
            "input_shape": self._inputShape,
            "kernel_initializer": self._kernelInitializerName,
            "bias_initializer": self._biasInitializerName,
            "activation": self._activationName,
        }
        # the original leaves these out
        if any(rate != 1 for rate in self._dilationRate):
            options["dilation_rate"] = self._dilationRate
        if not self._useBias:
            options["use_bias"] = False
        return {"filters": self._filters, "kernel_size": self._kernelSize, "options": options}


class Conv1D(AbstractConv):
    """Convolution of sequences; arguments as in ``AbstractConv``.

    Shapes:
        Inputs (batch, width, channels), outputs (batch, out width, filters), kernel (size, channels, filters), bias
        (filters). With ``data_format="channels_first"`` inputs (batch, channels, width), outputs alike.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> layer = nn.layers.Conv1D(4, 3, strides=2, activation="relu")
        >>> layer.forward(nn.backend.ones([2, 9, 5])).shape()
        [2, 4, 4]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\Conv1D``.
    """

    rank = 1
    defaultLayerName = "conv1d"


class Conv2D(AbstractConv):
    """Convolution of images; arguments as in ``AbstractConv``.

    Shapes:
        Inputs (batch, height, width, channels), outputs (batch, out height, out width, filters), kernel (height, width,
        channels, filters), bias (filters). With ``data_format="channels_first"`` inputs (batch, channels, height,
        width), outputs alike.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> layer = nn.layers.Conv2D(8, kernel_size=3, padding="same", activation="relu")
        >>> layer.forward(nn.backend.ones([2, 28, 28, 1])).shape()
        [2, 28, 28, 8]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\Conv2D``.

    References:
        LeCun et al. (1998): Gradient-based learning applied to document recognition.
    """

    rank = 2
    defaultLayerName = "conv2d"


class Conv3D(AbstractConv):
    """Convolution of volumes; arguments as in ``AbstractConv``.

    Shapes:
        Inputs (batch, depth, height, width, channels), outputs (batch, out depth, out height, out width, filters),
        kernel (depth, height, width, channels, filters), bias (filters). With ``data_format="channels_first"`` inputs
        (batch, channels, depth, height, width), outputs alike.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> layer = nn.layers.Conv3D(4, kernel_size=[1, 2, 2])
        >>> layer.forward(nn.backend.ones([1, 3, 5, 5, 2])).shape()
        [1, 3, 4, 4, 4]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\Conv3D``.
    """

    rank = 3
    defaultLayerName = "conv3d"
