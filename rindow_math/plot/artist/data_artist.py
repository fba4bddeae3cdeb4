"""What all artists that show data have in common."""

from __future__ import annotations

import abc
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from rindow_math.plot._input import AnyCase, text
from rindow_math.plot.configuration import Configured

if TYPE_CHECKING:
    from matplotlib.artist import Artist as Handle
    from matplotlib.axes import Axes as Target

    from rindow_math.plot.renderer import MatplotlibDriver
    from rindow_math.plot.system.colormap import Colormap


class DataArtist(AnyCase, Configured, abc.ABC):
    """Data drawn into axes; the plotting methods return it, ``legend`` takes it.

    PHP: ``Rindow\\Math\\Plot\\Artist\\DataArtist``.
    """

    #: The same for all, so that they cover each other in the order in which they were made.
    zorder = 2

    def __init__(self, renderer: MatplotlibDriver, label: Any = None, color: Any = None) -> None:
        self.renderer = renderer
        self.color = color
        self.label: str | None = None
        self.setLabel(label)

    @abc.abstractmethod
    def points(self) -> tuple[Iterable[np.ndarray], Iterable[np.ndarray]]:
        """The x and the y coordinates that the axes must make room for."""

    @abc.abstractmethod
    def draw(self, target: Target) -> None:
        """Adds the artist to matplotlib's axes."""

    def legendHandle(self) -> Handle | None:
        """What stands for the artist in a legend; None if it has nothing to show there."""
        return None

    def calcDataLimit(self) -> list[float | None]:
        """``[minX, minY, maxX, maxY]`` of the finite data; None four times if there are none."""
        limits = [finite_limits(values) for values in self.points()]
        return [limits[0][0], limits[1][0], limits[0][1], limits[1][1]]

    def getLabel(self) -> str | None:
        """The text in the legend."""
        return self.label

    def setLabel(self, label: Any) -> None:
        """Sets the text that ``legend()`` shows for the artist."""
        self.label = None if label is None else text(label)


class Mappable(abc.ABC):
    """Something drawn through a colormap, which a colorbar can explain (PHP: ``...\\Artist\\Mappable``)."""

    @abc.abstractmethod
    def colormap(self) -> Colormap:
        """The colormap."""

    @abc.abstractmethod
    def colorRange(self) -> list[float]:
        """The values of the colormap's two ends."""


def finite_limits(arrays: Iterable[np.ndarray]) -> tuple[float | None, float | None]:
    """The smallest and the largest finite value."""
    low = high = None
    for array in arrays:
        finite = array[np.isfinite(array)]
        if finite.size:
            low = float(finite.min()) if low is None else min(low, float(finite.min()))
            high = float(finite.max()) if high is None else max(high, float(finite.max()))
    return low, high


def as_ndarray(mo: Any, array: np.ndarray) -> Any:
    """The array as the NDArray that the original's getters give."""
    if mo is None:
        from rindow_math.matrix import MatrixOperator

        mo = MatrixOperator()
    return mo.array(array)
