"""Batches of images that lie in one folder a class."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from rindow_math.exceptions import InvalidArgumentException, RuntimeException
from rindow_math.matrix import NDArray
from rindow_nn.data.dataset.classified_directory_dataset import ClassifiedDirectoryDataset
from rindow_nn.support.console import console

__all__ = ["ImageClassifiedDataset"]

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_EXTENSIONS = ("bmp", "gif", "jpg", "jpeg", "png")


class ImageClassifiedDataset(ClassifiedDirectoryDataset):
    """Batches of images, all brought to one size, and of class numbers.

    Reading images needs Pillow (extra ``image``).

    Args:
        mo: the MatrixOperator.
        path: the folder of the classes' folders.
        height: rows of the images that are given; 32 by default.
        width: columns; 32 by default.
        channels: 3, the default: red, green, blue; 1: grey; 4: with opacity.
        fit: make images as large as fits, and fill up with black; True by default. Otherwise their middle is cut
            out.
        dtype: element type of the images; ``NDArray.uint8`` by default.
        dtype_class_id: element type of the class numbers; ``NDArray.int32`` by default.
        classnames: classes in the order of their numbers. Others get the next numbers as they come.
        verbose: tell the progress of ``loadData`` on the standard error stream; not by default.
        **options: those of ``ClassifiedDirectoryDataset``.

    Shapes:
        Images (batch, height, width, channels), class numbers (batch).

    Raises:
        RuntimeException: a file is no image (bmp, gif, jpg, jpeg, png), or damaged; the message names it.

    PHP: ``Rindow\\NeuralNetworks\\Data\\Image\\ImageClassifiedDataset``.
    """

    def __init__(
        self,
        mo: Any,
        path: str | os.PathLike[str],
        height: int | None = None,
        width: int | None = None,
        channels: int | None = None,
        fit: bool | None = None,
        dtype: Any = None,
        dtype_class_id: Any = None,
        classnames: Sequence[str] | None = None,
        verbose: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(mo, path, **options)
        self._height = 32 if height is None else height
        self._width = 32 if width is None else width
        self._channels = 3 if channels is None else channels
        if self._height < 1 or self._width < 1 or self._channels not in _MODES:
            raise InvalidArgumentException(
                f"images of {self._height} by {self._width} pixels and {self._channels} channels: sizes must be 1 or "
                "more, channels 1, 3 or 4"
            )
        self._fit = True if fit is None else bool(fit)
        self._dtype = NDArray.uint8 if dtype is None else dtype
        self._dtype_class_id = NDArray.int32 if dtype_class_id is None else dtype_class_id
        self._classes = {name: i for i, name in enumerate(classnames or [])}
        self._verbose = bool(verbose)

    def console(self, message: str) -> None:
        if self._verbose:
            console(message)

    def readContents(self, filename: str) -> Any:
        extension = os.path.splitext(filename)[1].lstrip(".").lower()
        if extension not in _EXTENSIONS:
            raise RuntimeException(f"unknown file-extension :{extension} ({filename})")
        return self._mo.array(self._sized(_pixels(filename, _MODES[self._channels], self._fit)), dtype=self._dtype)

    def _sized(self, pixels: np.ndarray) -> np.ndarray:
        """The picture in the size that is wanted."""
        height, width = self._height, self._width
        rows, columns = pixels.shape[:2]
        if self._fit and (rows, columns) != (height, width):
            top = left = 0
            if columns * height > width * rows:
                top = int((height - width * rows / columns) // 2)
            else:
                left = int((width - height * columns / rows) // 2)
            pixels = _resampled(pixels, height - 2 * top, width - 2 * left)
            rows, columns = pixels.shape[:2]
        # what lies on both, counted from the middle
        top, left = (rows - height) // 2, (columns - width) // 2
        sized = np.zeros((height, width, self._channels), np.uint8)
        part = pixels[max(top, 0) : max(top, 0) + height, max(left, 0) : max(left, 0) + width]
        y, x = max(-top, 0), max(-left, 0)
        sized[y : y + part.shape[0], x : x + part.shape[1]] = part
        return sized

    def makeBatchInputs(self, inputs: list[Any]) -> Any:
        return self._mo.array(np.stack([np.asarray(image) for image in inputs]), dtype=self._dtype)

    def makeBatchTests(self, tests: list[str]) -> Any:
        numbers = [self._classes.setdefault(name, len(self._classes)) for name in tests]
        return self._mo.array(np.array(numbers), dtype=self._dtype_class_id)

    def classnames(self) -> list[str]:
        """The classes in the order of their numbers."""
        return list(self._classes)

    def loadData(self) -> tuple[Any, Any]:
        """Reads all images.

        Returns:
            (images, class numbers)
        """
        self.console("Generating filename list ...")
        files = self._found()
        self.console(f" Done. Total={len(files)}\nLoading ...\n")
        shape = (len(files), self._height, self._width, self._channels)
        images = self._mo.zeros(list(shape), self._dtype)
        view = np.asarray(images)
        started = time.time()
        for i, (name, _) in enumerate(files):
            view[i] = np.asarray(self.readContents(name))
            if i % 100 == 99:
                self.progressBar(i + 1, len(files), started, 25)
        self._size = len(files)
        self.console("\nDone.\n")
        return images, self.makeBatchTests([label for _, label in files])


def _pixels(filename: str, mode: str, on_black: bool) -> np.ndarray:
    """(height, width, channels) of bytes; with ``on_black`` transparent places are as dark as they are transparent."""
    try:
        from PIL import Image
    except ImportError as e:
        raise RuntimeException("reading images needs Pillow: pip install 'rindow-nn[image]'") from e
    try:
        with Image.open(filename) as image:
            if on_black and mode != "RGBA" and image.has_transparency_data:
                picture = image.convert("RGBA")
                picture = Image.alpha_composite(Image.new("RGBA", picture.size, (0, 0, 0, 255)), picture).convert(mode)
            else:
                picture = image.convert(mode)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as e:
        raise RuntimeException(f"cannot read the image {filename}: {e}") from e
    pixels = np.asarray(picture)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _shares(size: int, count: int) -> np.ndarray:
    """(count, size): how much of each of ``size`` pixels in a row each of ``count`` over the same length shows."""
    edges = np.arange(count + 1) * (size / count)
    pixels = np.arange(size)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.maximum(covered, 0) * (count / size)


def _resampled(pixels: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """A picture in another size: each new pixel is the mean of the area that it covers."""
    rows, columns = max(rows, 1), max(columns, 1)
    mean = np.einsum("yh,hwc->ywc", _shares(pixels.shape[0], rows), pixels.astype(np.float64))
    return (np.einsum("xw,ywc->yxc", _shares(pixels.shape[1], columns), mean) + 0.5).astype(np.uint8)
