"""Random shifts and flips of images."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import NDArray
from rindow_math.matrix.random import generator
from rindow_nn.data.dataset.base import DatasetFilter
from rindow_nn.data.dataset.gather import transform_images
from rindow_nn.data.dataset.ndarray_dataset import NDArrayDataset

__all__ = ["ImageFilter", "imageDataGenerator"]


class ImageFilter(DatasetFilter):
    """Shifts and flips each image of a batch at random; places that a shift leaves take the nearest pixel.

    Args:
        mo: the MatrixOperator.
        data_format: ``channels_last``, the default, or ``channels_first``.
        height_shift: most rows to shift up or down; below 1 a share of the height. 0 by default.
        width_shift: likewise, columns to the left or right.
        vertical_flip: turn half of the images upside down; False by default.
        horizontal_flip: mirror half of the images; False by default.

    Shapes:
        Images (batch, height, width, channels) of any element type, or (batch, channels, height, width).

    Raises:
        InvalidArgumentException: a setting or the number of dimensions does not fit.

    PHP: ``Rindow\\NeuralNetworks\\Data\\Image\\ImageFilter``.
    """

    def __init__(
        self,
        mo: Any,
        data_format: str | None = None,
        height_shift: float | None = None,
        width_shift: float | None = None,
        vertical_flip: bool | None = None,
        horizontal_flip: bool | None = None,
    ) -> None:
        data_format = "channels_last" if data_format is None else data_format
        if data_format not in ("channels_last", "channels_first"):
            raise InvalidArgumentException(f"Unknown data format:{data_format}")
        self._mo = mo
        self._channels_first = data_format == "channels_first"
        self._height_shift = self._shift("height_shift", height_shift)
        self._width_shift = self._shift("width_shift", width_shift)
        self._vertical_flip = bool(vertical_flip)
        self._horizontal_flip = bool(horizontal_flip)

    @staticmethod
    def _shift(name: str, value: float | None) -> float:
        value = 0.0 if value is None else float(value)
        if not value >= 0 or math.isinf(value):
            raise InvalidArgumentException(f"{name} must be greater than 0 or equal. Received: {value}")
        return value

    def translate(self, inputs: Any, tests: Any = None, options: Any = None) -> Any:
        """Gives changed copies of the images, and the labels as they are."""
        if not isinstance(inputs, NDArray) or inputs.ndim() != 4:
            given = inputs.shape() if isinstance(inputs, NDArray) else type(inputs).__name__
            raise InvalidArgumentException(
                f"images must be an array of four dimensions, batch and channels among them: {given} given"
            )
        count = len(inputs)
        height, width = inputs.shape()[2:] if self._channels_first else inputs.shape()[1:3]
        draw = generator()

        def shifts(most: float, size: int) -> np.ndarray:
            limit = int(size * most) if most < 1 else int(most)
            return draw.integers(-limit, limit, count, dtype=np.int32, endpoint=True)

        def flips(wanted: bool) -> np.ndarray:
            return draw.integers(0, 2, count, dtype=bool) if wanted else np.zeros(count, bool)

        images = transform_images(
            inputs,
            shifts(self._height_shift, height),
            shifts(self._width_shift, width),
            flips(self._vertical_flip),
            flips(self._horizontal_flip),
            self._channels_first,
        )
        return [images, tests]


def imageDataGenerator(mo: Any, dataset: Any, **options: Any) -> Any:
    """A data set whose images an ``ImageFilter`` changes.

    Args:
        mo: the MatrixOperator.
        dataset: a Dataset, whose filter is set, or an array of images.
        **options: those of ``ImageFilter``; others are those of ``NDArrayDataset``.

    Raises:
        InvalidArgumentException: options of ``NDArrayDataset`` beside a data set.
    """
    names = ("data_format", "height_shift", "width_shift", "vertical_flip", "horizontal_flip")
    filter = ImageFilter(mo, **{name: options.pop(name) for name in names if name in options})
    if isinstance(dataset, (NDArray, np.ndarray)):
        dataset = NDArrayDataset(mo, dataset, **options)
    dataset.setFilter(filter)
    return dataset
