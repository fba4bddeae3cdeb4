"""Largest numbers and means over windows of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.backend.rindow_blas.pooling_primitives import PoolingSettings
from rindow_nn.layers.image import AbstractImage
from rindow_nn.layers.options import shape_option
from rindow_nn.layers.pooling_functions import pool

__all__ = [
    "AbstractPooling",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
]


class AbstractPooling(AbstractImage):
    """Pooling over windows; subclasses set ``rank``, ``pool_mode`` (``max`` or ``avg``) and ``defaultLayerName``.

    What lies outside an image takes no part: neither in the largest number nor in the mean. Of equal largest numbers
    the first one gets the gradient.

    Args:
        backend: the backend ``K``.
        pool_size: sizes of the windows, or one for all; 2 by default.
        strides: steps between windows, or one for all; ``pool_size`` by default.
        padding: ``valid`` (windows lie within the image; the default), or ``same``: each size of the result is that
            of the image divided by the stride, rounded up.
        data_format: ``channels_last`` (default) or ``channels_first``.
        dilation_rate: distances between a window's points in the image, or one for all; 1 by default.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    PHP: ``Rindow\\NeuralNetworks\\Layer\\AbstractPooling``.
    """

    pool_mode = "max"
    defaultLayerName = "pooling"

    def __init__(
        self,
        backend: Any,
        pool_size: int | Sequence[int] | None = None,
        strides: int | Sequence[int] | None = None,
        padding: str | None = None,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] | None = None,
        input_shape: Sequence[int] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(backend)
        self.initName(name, self.defaultLayerName)
        self._poolSize = self.normalizeFilterSize(pool_size, "pool_size", 2)
        self._strides = self.normalizeFilterSize(strides, "strides", self._poolSize)
        self._dilationRate = self.normalizeFilterSize(dilation_rate, "dilation_rate", 1)
        self._padding = "valid" if padding is None else padding
        self.data_format = data_format
        self._inputShape = shape_option(self, input_shape)
        self._settings: Any = None  # PoolingSettings, once built

    def build(self, variable: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        """Fixes the shapes.

        Raises:
            InvalidArgumentException: an option is unknown, or the windows do not fit into the images.
        """
        shape = self.normalizeInputShape(variable)
        try:
            sizes = self.backend.calcConvOutputShape(
                shape, self._poolSize, self._strides, self._padding, self.data_format, self._dilationRate
            )
        except InvalidArgumentException as e:
            raise InvalidArgumentException(f"{e} in {self._label()}") from None
        self._outputShape = self.imageShape(sizes, self.getChannels())
        self._settings = PoolingSettings(
            self.rank,
            self.pool_mode == "max",
            self._poolSize,
            self._strides,
            self._padding,
            self.data_format,
            self._dilationRate,
        )

    def forward(self, inputs: Any, training: Any = None) -> Any:
        return pool(self, self.backend, self._prepare(inputs), self._settings)

    def getConfig(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "pool_size": self._poolSize,
            "strides": self._strides,
            "padding": self._padding,
            "data_format": self.data_format,
            "input_shape": self._inputShape,
        }
        if any(n != 1 for n in self._dilationRate):
            options["dilation_rate"] = self._dilationRate
        return {"options": options}


class AveragePooling1D(AbstractPooling):
    """Means over windows of sequences.

    Args:
        backend: the backend ``K``.
        pool_size: sizes of the windows, or one for all; 2 by default.
        strides: steps between windows, or one for all; ``pool_size`` by default.
        padding: ``valid`` (default) or ``same``.
        data_format: ``channels_last`` (default) or ``channels_first``.
        dilation_rate: distances between a window's points in the image, or one for all; 1 by default.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, length, channels), outputs the same with one place for each window.
        With ``channels_first`` the channels come second.

    Raises:
        InvalidArgumentException: an option is unknown, or the windows do not fit into the images.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> x = nn.backend.array([[[1], [5], [2], [4]]])
        >>> nn.layers.AveragePooling1D().forward(x).toArray()
        [[[3.0], [3.0]]]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\AveragePooling1D``.
    """

    rank = 1
    pool_mode = "avg"
    defaultLayerName = "averagepooling1d"


class AveragePooling2D(AbstractPooling):
    """Means over windows of images.

    Args:
        backend: the backend ``K``.
        pool_size: sizes of the windows, or one for all; 2 by default.
        strides: steps between windows, or one for all; ``pool_size`` by default.
        padding: ``valid`` (default) or ``same``.
        data_format: ``channels_last`` (default) or ``channels_first``.
        dilation_rate: distances between a window's points in the image, or one for all; 1 by default.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, height, width, channels), outputs the same with one place for each window.
        With ``channels_first`` the channels come second.

    Raises:
        InvalidArgumentException: an option is unknown, or the windows do not fit into the images.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> x = nn.backend.ones([2, 5, 5, 3])
        >>> nn.layers.AveragePooling2D(padding="same").forward(x).shape()
        [2, 3, 3, 3]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\AveragePooling2D``.
    """

    rank = 2
    pool_mode = "avg"
    defaultLayerName = "averagepooling2d"


class AveragePooling3D(AbstractPooling):
    """Means over windows of volumes.

    Args:
        backend: the backend ``K``.
        pool_size: sizes of the windows, or one for all; 2 by default.
        strides: steps between windows, or one for all; ``pool_size`` by default.
        padding: ``valid`` (default) or ``same``.
        data_format: ``channels_last`` (default) or ``channels_first``.
        dilation_rate: distances between a window's points in the image, or one for all; 1 by default.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, depth, height, width, channels), outputs the same with one place for each window.
        With ``channels_first`` the channels come second.

    Raises:
        InvalidArgumentException: an option is unknown, or the windows do not fit into the images.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> x = nn.backend.ones([2, 5, 5, 5, 3])
        >>> nn.layers.AveragePooling3D(padding="same").forward(x).shape()
        [2, 3, 3, 3, 3]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\AveragePooling3D``.
    """

    rank = 3
    pool_mode = "avg"
    defaultLayerName = "averagepooling3d"


class MaxPooling1D(AbstractPooling):
    """Largest numbers over windows of sequences.

    Args:
        backend: the backend ``K``.
        pool_size: sizes of the windows, or one for all; 2 by default.
        strides: steps between windows, or one for all; ``pool_size`` by default.
        padding: ``valid`` (default) or ``same``.
        data_format: ``channels_last`` (default) or ``channels_first``.
        dilation_rate: distances between a window's points in the image, or one for all; 1 by default.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, length, channels), outputs the same with one place for each window.
        With ``channels_first`` the channels come second.

    Raises:
        InvalidArgumentException: an option is unknown, or the windows do not fit into the images.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> x = nn.backend.array([[[1], [5], [2], [3]]])
        >>> nn.layers.MaxPooling1D().forward(x).toArray()
        [[[5.0], [3.0]]]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\MaxPooling1D``.
    """

    rank = 1
    pool_mode = "max"
    defaultLayerName = "maxpooling1d"


class MaxPooling2D(AbstractPooling):
    """Largest numbers over windows of images.

    Args:
        backend: the backend ``K``.
        pool_size: sizes of the windows, or one for all; 2 by default.
        strides: steps between windows, or one for all; ``pool_size`` by default.
        padding: ``valid`` (default) or ``same``.
        data_format: ``channels_last`` (default) or ``channels_first``.
        dilation_rate: distances between a window's points in the image, or one for all; 1 by default.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, height, width, channels), outputs the same with one place for each window.
        With ``channels_first`` the channels come second.

    Raises:
        InvalidArgumentException: an option is unknown, or the windows do not fit into the images.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> x = nn.backend.ones([2, 5, 5, 3])
        >>> nn.layers.MaxPooling2D(padding="same").forward(x).shape()
        [2, 3, 3, 3]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\MaxPooling2D``.
    """

    rank = 2
    pool_mode = "max"
    defaultLayerName = "maxpooling2d"


class MaxPooling3D(AbstractPooling):
    """Largest numbers over windows of volumes.

    Args:
        backend: the backend ``K``.
        pool_size: sizes of the windows, or one for all; 2 by default.
        strides: steps between windows, or one for all; ``pool_size`` by default.
        padding: ``valid`` (default) or ``same``.
        data_format: ``channels_last`` (default) or ``channels_first``.
        dilation_rate: distances between a window's points in the image, or one for all; 1 by default.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, depth, height, width, channels), outputs the same with one place for each window.
        With ``channels_first`` the channels come second.

    Raises:
        InvalidArgumentException: an option is unknown, or the windows do not fit into the images.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> x = nn.backend.ones([2, 5, 5, 5, 3])
        >>> nn.layers.MaxPooling3D(padding="same").forward(x).shape()
        [2, 3, 3, 3, 3]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\MaxPooling3D``.
    """

    rank = 3
    pool_mode = "max"
    defaultLayerName = "maxpooling3d"
