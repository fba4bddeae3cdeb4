"""The largest number or the mean of each channel of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_nn.backend.rindow_blas.pooling_primitives import PoolingSettings
from rindow_nn.layers.image import AbstractImage
from rindow_nn.layers.options import shape_option
from rindow_nn.layers.pooling_functions import pool

__all__ = [
    "AbstractGlobalAveragePooling",
    "AbstractGlobalMaxPooling",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
]


class _GlobalPooling(AbstractImage):
    """What both kinds have in common."""

    pool_mode = "max"
    defaultLayerName = "globalpooling"

    def __init__(
        self,
        backend: Any,
        data_format: str | None = None,
        input_shape: Sequence[int] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(backend)
        self.data_format = data_format
        self._inputShape = shape_option(self, input_shape)
        self.initName(name, self.defaultLayerName)
        self._settings: Any = None  # PoolingSettings, once built

    def build(self, variable: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        """Fixes the shapes.

        Raises:
            InvalidArgumentException: data_format is unknown, or the inputs are no images.
        """
        self.normalizeInputShape(variable)
        self._outputShape = [self.getChannels()]
        self._settings = PoolingSettings(self.rank, self.pool_mode == "max", data_format=self.data_format)

    def forward(self, inputs: Any, training: Any = None) -> Any:
        return pool(self, self.backend, self._prepare(inputs), self._settings)

    def getConfig(self) -> dict[str, Any]:
        return {"options": {"input_shape": self._inputShape, "data_format": self.data_format}}


class AbstractGlobalAveragePooling(_GlobalPooling):
    """The mean of each channel; subclasses set ``rank`` and ``defaultLayerName``.

    Args:
        backend: the backend ``K``.
        data_format: ``channels_last`` (default) or ``channels_first``.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    PHP: ``Rindow\\NeuralNetworks\\Layer\\AbstractGlobalAveragePooling``.
    """

    pool_mode = "avg"


class AbstractGlobalMaxPooling(_GlobalPooling):
    """The largest number of each channel; subclasses set ``rank`` and ``defaultLayerName``.

    Of equal largest numbers the first one gets the gradient.

    Args:
        backend: the backend ``K``.
        data_format: ``channels_last`` (default) or ``channels_first``.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    PHP: ``Rindow\\NeuralNetworks\\Layer\\AbstractGlobalMaxPooling``.
    """


class GlobalAveragePooling1D(AbstractGlobalAveragePooling):
    """The mean of each channel of a sequence.

    Args:
        backend: the backend ``K``.
        data_format: ``channels_last`` (default) or ``channels_first``.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, length, channels), outputs (batch, channels). With ``channels_first`` the
        inputs\' channels come second.

    Raises:
        InvalidArgumentException: data_format is unknown, or a shape does not fit.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> nn.layers.GlobalAveragePooling1D().forward(nn.backend.array([[[1, 2], [3, 4]]])).toArray()
        [[2.0, 3.0]]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\GlobalAveragePooling1D``.
    """

    rank = 1
    defaultLayerName = "globalaveragepooling1d"


class GlobalAveragePooling2D(AbstractGlobalAveragePooling):
    """The mean of each channel of an image.

    Args:
        backend: the backend ``K``.
        data_format: ``channels_last`` (default) or ``channels_first``.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, height, width, channels), outputs (batch, channels). With ``channels_first`` the
        inputs\' channels come second.

    Raises:
        InvalidArgumentException: data_format is unknown, or a shape does not fit.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> nn.layers.GlobalAveragePooling2D().forward(nn.backend.array([[[[1, 2], [3, 4]]]])).toArray()
        [[2.0, 3.0]]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\GlobalAveragePooling2D``.
    """

    rank = 2
    defaultLayerName = "globalaveragepooling2d"


class GlobalAveragePooling3D(AbstractGlobalAveragePooling):
    """The mean of each channel of a volume.

    Args:
        backend: the backend ``K``.
        data_format: ``channels_last`` (default) or ``channels_first``.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, depth, height, width, channels), outputs (batch, channels). With ``channels_first`` the
        inputs\' channels come second.

    Raises:
        InvalidArgumentException: data_format is unknown, or a shape does not fit.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> nn.layers.GlobalAveragePooling3D().forward(nn.backend.array([[[[[1, 2], [3, 4]]]]])).toArray()
        [[2.0, 3.0]]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\GlobalAveragePooling3D``.
    """

    rank = 3
    defaultLayerName = "globalaveragepooling3d"


class GlobalMaxPooling1D(AbstractGlobalMaxPooling):
    """The largest number of each channel of a sequence.

    Args:
        backend: the backend ``K``.
        data_format: ``channels_last`` (default) or ``channels_first``.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, length, channels), outputs (batch, channels). With ``channels_first`` the
        inputs\' channels come second.

    Raises:
        InvalidArgumentException: data_format is unknown, or a shape does not fit.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> nn.layers.GlobalMaxPooling1D().forward(nn.backend.array([[[1, 2], [3, 4]]])).toArray()
        [[3.0, 4.0]]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\GlobalMaxPooling1D``.
    """

    rank = 1
    defaultLayerName = "globalmaxpooling1d"


class GlobalMaxPooling2D(AbstractGlobalMaxPooling):
    """The largest number of each channel of an image.

    Args:
        backend: the backend ``K``.
        data_format: ``channels_last`` (default) or ``channels_first``.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, height, width, channels), outputs (batch, channels). With ``channels_first`` the
        inputs\' channels come second.

    Raises:
        InvalidArgumentException: data_format is unknown, or a shape does not fit.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> nn.layers.GlobalMaxPooling2D().forward(nn.backend.array([[[[1, 2], [3, 4]]]])).toArray()
        [[3.0, 4.0]]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\GlobalMaxPooling2D``.
    """

    rank = 2
    defaultLayerName = "globalmaxpooling2d"


class GlobalMaxPooling3D(AbstractGlobalMaxPooling):
    """The largest number of each channel of a volume.

    Args:
        backend: the backend ``K``.
        data_format: ``channels_last`` (default) or ``channels_first``.
        input_shape: shape of one sample; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Inputs (batch, depth, height, width, channels), outputs (batch, channels). With ``channels_first`` the
        inputs\' channels come second.

    Raises:
        InvalidArgumentException: data_format is unknown, or a shape does not fit.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> nn.layers.GlobalMaxPooling3D().forward(nn.backend.array([[[[[1, 2], [3, 4]]]]])).toArray()
        [[3.0, 4.0]]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\GlobalMaxPooling3D``.
    """

    rank = 3
    defaultLayerName = "globalmaxpooling3d"
