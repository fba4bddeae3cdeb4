"""Markers, by themselves (scatter plots) and on lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.plot.artist.data_artist import DataArtist, as_ndarray

if TYPE_CHECKING:
    from matplotlib.artist import Artist as Handle
    from matplotlib.axes import Axes as Target
    from matplotlib.markers import MarkerStyle

    from rindow_math.plot.renderer import MatplotlibDriver

Polygon = list[tuple[float, float]]


class _Shape(NamedTuple):
    symbol: str = ""  # matplotlib's marker, or
    polygons: tuple[Polygon, ...] = ()  # closed, in a square from -1 to 1, and
    lines: tuple[Polygon, ...] = ()
    filled: bool = True


_SQUARE: Polygon = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
# Four strokes enclose no area: the fill of a shape leaves them empty.
_OUTLINE: tuple[Polygon, ...] = (
    [(-1, -1), (1, -1)],
    [(1, -1), (1, 1)],
    [(1, 1), (-1, 1)],
    [(-1, 1), (-1, -1)],
)

_SHAPES: dict[str, _Shape] = {
    "dot": _Shape("o"),
    "smalldot": _Shape("o"),
    "circle": _Shape("o", filled=False),
    "pixel": _Shape("s"),
    "square": _Shape("s"),
    "rect": _Shape("s"),
    "box": _Shape("s", filled=False),
    "yield": _Shape(polygons=([(-1, -1), (1, -1), (0, 1)],)),
    "delta": _Shape(polygons=([(-1, 1), (1, 1), (0, -1)],)),
    "up": _Shape(polygons=([(-1, -1), (1, -1), (0, 1)],), filled=False),
    "down": _Shape(polygons=([(-1, 1), (1, 1), (0, -1)],), filled=False),
    "triangle": _Shape(polygons=([(-1, 0), (1, 0), (0, 1)],)),
    "trianglemid": _Shape(polygons=([(-1, -1), (1, -1), (0, 0)],)),
    "diamond": _Shape(polygons=([(-1, 0), (0, -1), (1, 0), (0, 1)],)),
    "home": _Shape(polygons=([(-1, -1), (1, -1), (1, 0), (0, 1), (-1, 0)],)),
    "hourglass": _Shape(polygons=([(-1, -1), (1, -1), (-1, 1), (1, 1)],)),
    "bowtie": _Shape(polygons=([(-1, -1), (-1, 1), (1, -1), (1, 1)],)),
    "target": _Shape(
        polygons=([(-1, -1), (0, -1), (0, 0), (-1, 0)], [(0, 0), (1, 0), (1, 1), (0, 1)]),
        lines=_OUTLINE,
    ),
    "star": _Shape(
        lines=([(-1, 0), (1, 0)], [(0, -1), (0, 1)], [(-1, -1), (1, 1)], [(-1, 1), (1, -1)]),
        filled=False,
    ),
    "plus": _Shape(lines=([(-1, 0), (1, 0)], [(0, -1), (0, 1)]), filled=False),
    "cross": _Shape(lines=([(-1, -1), (1, 1)], [(-1, 1), (1, -1)]), filled=False),
    "vertical": _Shape(lines=([(0, -1), (0, 1)],), filled=False),
    "line": _Shape(lines=([(-1, 0), (1, 0)],), filled=False),
    "halfline": _Shape(lines=([(-1, 0), (0, 0)],), filled=False),
    "none": _Shape("None"),
}


def check_style(style: Any) -> str:
    """The style itself, if it is the name of a marker."""
    if style not in _SHAPES:
        raise InvalidArgumentException(f"Unknown marker style {style!r}. Known styles: {', '.join(sorted(_SHAPES))}.")
    return style


def marker_style(style: str) -> MarkerStyle:
    """matplotlib's marker for a marker name of the original."""
    from matplotlib.markers import MarkerStyle
    from matplotlib.path import Path

    shape = _SHAPES[style]
    if shape.symbol:
        return MarkerStyle(shape.symbol)
    vertices: Polygon = []
    codes: list[Any] = []
    for polygon in shape.polygons:
        vertices += [*polygon, polygon[0]]
        codes += [Path.MOVETO] + [Path.LINETO] * (len(polygon) - 1) + [Path.CLOSEPOLY]
    for line in shape.lines:
        vertices += line
        codes += [Path.MOVETO] + [Path.LINETO] * (len(line) - 1)
    return MarkerStyle(Path(np.array(vertices, dtype=float), codes))


def marker_pixels(style: str, size: float) -> float:
    """The width of a marker of that nominal size."""
    if style == "pixel":
        return 1
    return size // 2 + 1 if style == "smalldot" else size


def marker_options(style: str, size: float, color: Any, renderer: MatplotlibDriver) -> dict[str, Any]:
    """Arguments for a line of matplotlib that has such markers."""
    shape = _SHAPES[style]
    # fill-only shapes take no edge, so that they are not larger than their outlines
    edge = 0 if shape.filled and not shape.lines else renderer.points(1)
    return {
        "marker": marker_style(style),
        "markersize": renderer.points(marker_pixels(style, size)),
        "markerfacecolor": color if shape.filled else "none",
        "markeredgecolor": color,
        "markeredgewidth": edge,
    }


class Marker(DataArtist):
    """Points of a scatter plot (PHP: ``Rindow\\Math\\Plot\\Artist\\Marker``)."""

    configClass = "marker"
    configNames = ("markerSize", "markerStyle")

    def __init__(
        self,
        config: Mapping[str, Any],
        renderer: MatplotlibDriver,
        mo: Any,
        x: np.ndarray,
        y: np.ndarray,
        size: np.ndarray | None = None,
        color: Any = None,
        marker: str | None = None,
        label: Any = None,
    ) -> None:
        super().__init__(renderer, label, color)
        self.markerSize = 8
        self.markerStyle = "dot"
        self.loadConfigure(config, self.configNames, self.configClass)
        self.mo = mo
        self.x = x
        self.y = y
        self.size = size
        if marker is not None:
            self.markerStyle = marker
        check_style(self.markerStyle)

    def points(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return [self.x], [self.y]

    def getDataX(self) -> Any:
        """The x coordinates, an NDArray."""
        return as_ndarray(self.mo, self.x)

    def getDataY(self) -> Any:
        """The y coordinates, an NDArray."""
        return as_ndarray(self.mo, self.y)

    def getDataSize(self) -> Any:
        """The sizes as they were given, an NDArray, or None."""
        return None if self.size is None else as_ndarray(self.mo, self.size)

    def draw(self, target: Target) -> None:
        x, y = self.x, self.y
        if self.size is None:
            pixels = np.full(x.shape, marker_pixels(self.markerStyle, self.markerSize))
        else:
            # a size is an area, and no point of a positive size is too small to be seen
            shown = self.size > 0
            x, y = x[shown], y[shown]
            widths = np.floor(np.sqrt(self.size[shown])) + 3
            pixels = np.array([marker_pixels(self.markerStyle, width) for width in widths])
        options = self._options()
        target.scatter(
            x,
            y,
            s=self.renderer.points(1) ** 2 * pixels**2,
            marker=options["marker"],
            facecolors=[options["markerfacecolor"]],
            edgecolors=[options["markeredgecolor"]],
            linewidths=options["markeredgewidth"],
            zorder=self.zorder,
        )

    def legendHandle(self) -> Handle:
        from matplotlib.lines import Line2D as Line

        return Line([], [], linestyle="none", **self._options())

    def _options(self) -> dict[str, Any]:
        color = self.renderer.allocateColor(self.color)
        return marker_options(self.markerStyle, self.markerSize, color, self.renderer)
