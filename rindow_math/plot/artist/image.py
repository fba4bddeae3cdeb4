"""Images and heat maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rindow_math.exceptions import InvalidArgumentException, RuntimeException
from rindow_math.plot.artist.data_artist import DataArtist, Mappable, finite_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Target

    from rindow_math.plot.renderer import MatplotlibDriver
    from rindow_math.plot.system.colormap import Colormap


class Image(DataArtist, Mappable):
    """A matrix shown through a colormap, or a picture of RGB or RGBA values.

    PHP: ``Rindow\\Math\\Plot\\Artist\\Image``.
    """

    def __init__(
        self,
        renderer: MatplotlibDriver,
        data: np.ndarray,
        cmap: Colormap,
        norm: Sequence[float] | None = None,
        extent: Sequence[float] | None = None,
        origin: str | None = None,
    ) -> None:
        super().__init__(renderer)
        shape = list(data.shape)
        if data.ndim not in (2, 3):
            raise InvalidArgumentException(f"image data must be 2-D or 3-D shape NDArray, got shape {shape}.")
        if data.ndim == 3 and shape[2] not in (3, 4):
            raise InvalidArgumentException(
                f"color code must be cmap value or rgb or rgba NDArray: the last axis of shape {shape} must be 3 or 4."
            )
        if data.size == 0:
            raise InvalidArgumentException(f"image data must not be empty, got shape {shape}.")
        if origin not in (None, "lower", "upper"):
            raise InvalidArgumentException(f'origin must be "lower" or "upper", got {origin!r}.')
        if extent is not None and len(extent) != 4:
            raise RuntimeException(f"Extent must be [xmin,xmax,ymin,ymax], got {list(extent)}.")
        if norm is not None and len(norm) != 2:
            raise RuntimeException(f"Normalize must be [minimum,maximum], got {list(norm)}.")
        self.data = data
        self.cmap = cmap
        self.norm = None if norm is None else sorted(float(n) for n in norm)
        self.extent = None if extent is None else [float(e) for e in extent]
        self.origin = origin or "lower"

    def _extent(self) -> list[float]:
        rows, columns = self.data.shape[:2]
        return self.extent or [-0.5, columns - 0.5, -0.5, rows - 0.5]

    def points(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        xmin, xmax, ymin, ymax = self._extent()
        return [np.array([xmin, xmax])], [np.array([ymin, ymax])]

    def colormap(self) -> Colormap:
        return self.cmap

    def colorRange(self) -> list[float]:
        """The values of the colormap's two ends.

        Raises:
            RuntimeException: the image has colors of its own.
        """
        if self.data.ndim != 2:
            raise RuntimeException(f"Does not support color maps: the image of shape {list(self.data.shape)} is RGB.")
        if self.norm is not None:
            return list(self.norm)
        low, high = finite_limits([self.data.astype(np.float64)])
        return [0.0, 1.0] if low is None or high is None else [low, high]

    def draw(self, target: Target) -> None:
        placed: dict[str, Any] = {
            "origin": self.origin,
            "extent": self._extent(),
            "aspect": "auto",
            "interpolation": "nearest",
            "zorder": self.zorder,
        }
        if self.data.ndim == 2:
            low, high = self.colorRange()
            data = self.data.astype(np.float64)
            target.imshow(data, cmap=self.cmap.matplotlib(), vmin=low, vmax=high, **placed)
        elif self.data.dtype.kind == "f":
            target.imshow(self.data.clip(0, 1), **placed)
        else:
            target.imshow(self.data.clip(0, 255).astype(np.uint8), **placed)
