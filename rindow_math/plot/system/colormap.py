"""Colormaps by the original's names."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import numpy as np

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.plot._input import describe, require_matplotlib

if TYPE_CHECKING:
    from matplotlib.colors import Colormap as MatplotlibColormap

#: Names of the original's colormaps.
COLORMAPS = (
    "anton",
    "autumn",
    "bone",
    "cool",
    "copper",
    "flag",
    "gray",
    "hot",
    "hsv",
    "inferno",
    "jet",
    "magma",
    "nipy_spectral",
    "pink",
    "plasma",
    "prism",
    "spring",
    "summer",
    "viridis",
    "winter",
)

# The original names this one by its author.
_RENAMED = {"anton": "turbo"}


class Colormap:
    """A table of 256 colors (PHP: ``Rindow\\Math\\Plot\\System\\Colormap``).

    Args:
        name: one of the original's names (``COLORMAPS``), or any other that matplotlib knows.

    Raises:
        InvalidArgumentException: an unknown name.

    Example:
        >>> red, green, blue = Colormap('viridis').interpolate(0.5)
    """

    def __init__(self, name: str) -> None:
        require_matplotlib()
        import matplotlib

        known = matplotlib.colormaps
        if not isinstance(name, str):
            raise InvalidArgumentException(f"the name of a colormap must be a string, not {describe(name)}.")
        source = _RENAMED.get(name, name)
        if source not in known:
            near = difflib.get_close_matches(name, [*COLORMAPS, *known], 3)
            hint = f" Did you mean {', '.join(near)}?" if near else ""
            raise InvalidArgumentException(
                f"colormap file not found: {name!r}.{hint} Known colormaps: {', '.join(COLORMAPS)}."
            )
        self.name = name
        self._table: np.ndarray = known[source].resampled(256)(np.arange(256))[:, :3]

    def interpolate(self, x: float) -> list[float]:
        """Red, green and blue from 0 to 1 of a value that is clipped to the range from 0 to 1."""
        place = min(1.0, max(0.0, float(x))) * 255
        low = int(place)
        high = min(255, low + 1)
        color: list[float] = (self._table[low] + (self._table[high] - self._table[low]) * (place - low)).tolist()
        return color

    def interpolateOrClip(self, x: float) -> list[float]:
        """As ``interpolate``, but black below 0 and white above 1."""
        if x < 0:
            return [0.0, 0.0, 0.0]
        return [1.0, 1.0, 1.0] if x > 1 else self.interpolate(x)

    def sRGB24Bit(self, color: list[float]) -> list[int]:
        """The color with integers from 0 to 255."""
        return [int(c * 255) for c in color]

    def getMapData(self) -> list[list[float]]:
        """The table: 256 rows of red, green and blue from 0 to 1."""
        rows: list[list[float]] = self._table.tolist()
        return rows

    def matplotlib(self) -> MatplotlibColormap:
        """The same as matplotlib's, black for values below the range and white for values above it."""
        from matplotlib.colors import ListedColormap

        return ListedColormap(self._table.tolist(), name=self.name).with_extremes(under="black", over="white")


class CmapManager:
    """Makes each colormap once (PHP: ``Rindow\\Math\\Plot\\System\\CmapManager``)."""

    def __init__(self) -> None:
        self.colormaps: dict[str, Colormap] = {}

    def get(self, name: str) -> Colormap:
        """The colormap of that name.

        Raises:
            InvalidArgumentException: an unknown name.
        """
        if name not in self.colormaps:
            self.colormaps[name] = Colormap(name)
        return self.colormaps[name]
