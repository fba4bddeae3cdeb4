"""Lines through points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.plot.artist.data_artist import DataArtist, as_ndarray
from rindow_math.plot.artist.marker import check_style, marker_options

if TYPE_CHECKING:
    from matplotlib.artist import Artist as Handle
    from matplotlib.axes import Axes as Target

    from rindow_math.plot.renderer import MatplotlibDriver

# Strokes and gaps of the original's patterns, in line widths.
_STROKE = {"-": (4.0, 1.0), ".": (1.0, 1.0)}


class Line2D(DataArtist):
    """A line through points, with or without markers (PHP: ``Rindow\\Math\\Plot\\Artist\\Line2D``)."""

    configClass = "line2d"
    configNames = ("thickness", "markerSize")

    def __init__(
        self,
        config: Mapping[str, Any],
        renderer: MatplotlibDriver,
        mo: Any,
        x: np.ndarray,
        y: np.ndarray,
        marker: str | None = None,
        style: str | None = None,
        label: Any = None,
        color: Any = None,
    ) -> None:
        if x.shape != y.shape or x.ndim != 1:
            raise InvalidArgumentException(
                f"x and y must be same count of 1-D, got shapes {list(x.shape)} and {list(y.shape)}."
            )
        super().__init__(renderer, label, color)
        self.thickness = 2
        self.markerSize = 8
        self.loadConfigure(config, self.configNames, self.configClass)
        self.mo = mo
        self.x = x
        self.y = y
        self.marker = None if marker is None else check_style(marker)
        self.style = style

    def points(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return [self.x], [self.y]

    def getDataX(self) -> Any:
        """The x coordinates, an NDArray."""
        return as_ndarray(self.mo, self.x)

    def getDataY(self) -> Any:
        """The y coordinates, an NDArray."""
        return as_ndarray(self.mo, self.y)

    def draw(self, target: Target) -> None:
        target.plot(self.x, self.y, zorder=self.zorder, **self._options())

    def legendHandle(self) -> Handle:
        from matplotlib.lines import Line2D as Line

        return Line([], [], **self._options())

    def _options(self) -> dict[str, Any]:
        color = self.renderer.allocateColor(self.color)
        options: dict[str, Any] = {"color": color, "linewidth": self.renderer.points(self.thickness)}
        if self.style:
            options["linestyle"] = (0, [length for mark in self.style for length in _STROKE[mark]])
            options["dash_capstyle"] = "butt"
        else:
            options["linestyle"] = "-"
        if self.marker:
            options |= marker_options(self.marker, self.markerSize, color, self.renderer)
        else:
            # a style sheet of the user's may give all lines markers
            options["marker"] = "None"
        return options
