"""One coordinate system with its data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rindow_math.exceptions import InvalidArgumentException, RuntimeException
from rindow_math.plot._input import AnyCase, describe, is_number, items, raw_array, real_array, text
from rindow_math.plot.artist import (
    Bar,
    BoxFrame,
    Colorbar,
    DataArtist,
    Image,
    Legend,
    Line2D,
    Marker,
    Title,
    Wedge,
    XAxisLabel,
    YAxisLabel,
)
from rindow_math.plot.artist.axis_label import EDGE
from rindow_math.plot.artist.box_frame import check_x_position, check_y_position
from rindow_math.plot.artist.data_artist import finite_limits
from rindow_math.plot.configuration import Configured

if TYPE_CHECKING:
    from rindow_math.plot.artist.axis_label import Area
    from rindow_math.plot.renderer import MatplotlibDriver
    from rindow_math.plot.system.colormap import CmapManager, Colormap

# The colors that data sets take in turn.
_COLORS = (
    "RoyalBlue",
    "orange",
    "SeaGreen",
    "red",
    "purple",
    "brown",
    "salmon",
    "SlateGray",
    "YellowGreen",
    "aquamarine1",
    "SlateBlue",
    "peru",
    "PaleGreen",
    "magenta",
    "gold",
    "violet",
)
_LINE_STYLES = {"--": "-", "-.": "-.", ":": "."}
_MARKERS = {
    ",": "smalldot",
    "@": "pixel",
    "o": "dot",
    "^": "yield",
    "v": "delta",
    "1": "down",
    "2": "up",
    "3": "triangle",
    "4": "trianglemid",
    "s": "square",
    "h": "home",
    "*": "star",
    "u": "hourglass",
    "e": "bowtie",
    "t": "target",
    "H": "halfline",
    "B": "box",
    "O": "circle",
    "+": "plus",
    "x": "cross",
    "D": "diamond",
    "|": "vertical",
    "_": "line",
}
_COLOR_LETTERS = {
    "b": "blue",
    "g": "green",
    "r": "red",
    "c": "cyan",
    "m": "magenta",
    "y": "yellow",
    "k": "black",
    "w": "white",
}


class Axes(AnyCase, Configured):
    """One coordinate system of a figure with the data drawn in it.

    ``Plot`` and ``Figure`` make axes; the methods of ``Plot`` that draw are those of the first axes of the current
    figure, and are described here.

    Args:
        config: the defaults of everything drawn here, see ``Plot``.
        renderer: the driver that holds the canvas.
        mo: the MatrixOperator that makes the arrays which artists give back; None for a new one when it is needed.
        cmapManager: the source of colormaps.
        plotArea: ``[left, bottom, width, height]`` in pixels from the bottom left of the figure.

    Raises:
        InvalidArgumentException: the area is empty, as in a figure that is smaller than its margins.

    PHP: ``Rindow\\Math\\Plot\\System\\Axes``.
    """

    configNames = ("frame", "bar.barWidth")

    def __init__(
        self,
        config: Mapping[str, Any],
        renderer: MatplotlibDriver,
        mo: Any,
        cmapManager: CmapManager,
        plotArea: Sequence[float],
    ) -> None:
        self.frame = True
        self.barWidth = 0.8
        self.loadConfigure(config, self.configNames)
        self.config = config
        self.renderer = renderer
        self.mo = mo
        self.cmapManager = cmapManager
        self.plotArea: list[float] = []
        self.setPlotArea(plotArea)
        self.artists: list[DataArtist] = []
        self.aspect: str | None = None
        self.dataAreaMargin = 0.05
        self._legend: Legend | None = None
        self._scale: dict[str, str | None] = {"x": None, "y": None}
        self._ticks: dict[str, np.ndarray | None] = {"x": None, "y": None}
        self._tickLabels: dict[str, list[Any] | None] = {"x": None, "y": None}
        self._hidden = {"x": False, "y": False}
        self._xTickPosition: str | None = None
        self._yTickPosition: str | None = None
        self._texts: dict[str, str] = {"x": "", "y": "", "title": ""}
        self._colorNumber = 0
        self._beside: Axes | None = None

    def getPlotArea(self) -> list[float]:
        """``[left, bottom, width, height]`` in pixels."""
        return list(self.plotArea)

    def setPlotArea(self, plotArea: Sequence[float]) -> None:
        """Sets ``[left, bottom, width, height]`` in pixels.

        Raises:
            InvalidArgumentException: not four numbers, or an empty area.
        """
        area = list(plotArea)
        if len(area) != 4 or not all(is_number(a) for a in area):
            raise InvalidArgumentException(f"the plot area must be [left, bottom, width, height], got {plotArea!r}.")
        for name, size in (("width", area[2]), ("height", area[3])):
            if size <= 0:
                raise InvalidArgumentException(
                    f"Not enough the plot area {name}: {size} pixels are left. Sizes of figures are pixels; "
                    "the margins and the space between axes go off."
                )
        self.plotArea = area

    def newBoxFrame(self) -> BoxFrame:
        """A frame for these axes, with the configured defaults."""
        left, bottom, width, height = self.plotArea
        return BoxFrame(self.config, self.renderer, (left, bottom, width, height), self._scale["x"], self._scale["y"])

    def bar(
        self,
        x: Any,
        height: Any,
        width: Any = None,
        bottom: Any = None,
        label: Any = None,
        style: str | None = None,
    ) -> list[Bar]:
        """Draws standing bars.

        Args:
            x: a list or tuple of labels, one below each bar; or an array of the bars' middles. As in the original a
                plain list is labels even if it holds numbers: give coordinates as an array.
            height: the heights; each column of a 2-D array is a data set of its own color.
            width: one width for all bars or an array; 0.8 (``bar.barWidth``) if omitted.
            bottom: where the bars stand, a number or an array; 0 if omitted.
            label: the text in the legend.
            style: ``'stacked'`` (the default) or ``'sideBySide'``, for several data sets.

        Shapes:
            x, width and bottom are [n]; height is [n] or [n, sets].

        Returns:
            One Bar for each data set.

        Raises:
            InvalidArgumentException: shapes that do not match, or an unknown style.

        Example:
            >>> from rindow_math.plot import Plot
            >>> plt = Plot()
            >>> bars = plt.bar(['apple', 'orange'], [[2, 1], [3, 4]])
            >>> legend = plt.legend(bars, ['before', 'after'])

        PHP: ``Axes::bar``.
        """
        return self._bars("x", x, height, width, bottom, label, style)

    def barh(
        self,
        y: Any,
        width: Any,
        height: Any = None,
        left: Any = None,
        label: Any = None,
        style: str | None = None,
    ) -> list[Bar]:
        """Draws lying bars: ``bar`` with the axes exchanged.

        Args:
            y: a list or tuple of labels beside the bars, or an array of the bars' middles.
            width: the lengths; each column of a 2-D array is a data set of its own color.
            height: one thickness for all bars or an array; 0.8 (``bar.barWidth``) if omitted.
            left: where the bars begin, a number or an array; 0 if omitted.
            label: the text in the legend.
            style: ``'stacked'`` (the default) or ``'sideBySide'``, for several data sets.

        Shapes:
            y, height and left are [n]; width is [n] or [n, sets].

        Returns:
            One Bar for each data set.

        Raises:
            InvalidArgumentException: shapes that do not match, or an unknown style.

        PHP: ``Axes::barh``.
        """
        return self._bars("y", y, width, height, left, label, style)

    def _bars(
        self, along: str, places: Any, lengths: Any, thickness: Any, base: Any, label: Any, style: str | None
    ) -> list[Bar]:
        lengthName, thicknessName, baseName = (
            ("height", "width", "bottom") if along == "x" else ("width", "height", "left")
        )
        labels = self._place_labels(places)
        middles = real_array(places, along) if labels is None else np.arange(float(len(labels)))
        if middles.ndim != 1:
            raise InvalidArgumentException(f"first argument must be shape of 1-D, got {along} of {_shape(middles)}.")
        sets = real_array(lengths, lengthName)
        if sets.ndim not in (1, 2):
            raise InvalidArgumentException(
                f"second argument must be shape of 1-D or 2-D, got {lengthName} of {_shape(sets)}."
            )
        if len(middles) != len(sets):
            raise InvalidArgumentException(
                f"Shape of {along} and {lengthName} must be same, got {_shape(middles)} and {_shape(sets)}."
            )
        sets = sets[np.newaxis] if sets.ndim == 1 else sets.T
        thick = _per_bar(self.barWidth if thickness is None else thickness, len(middles), thicknessName)
        start = _per_bar(0.0 if base is None else base, len(middles), baseName)
        if style not in (None, "stacked", "sideBySide"):
            raise InvalidArgumentException(f'style must be "stacked" or "sideBySide", got {style!r}.')
        if labels is not None:
            self._ticks[along], self._tickLabels[along] = middles, labels
        edge = middles - thick / 2
        if style == "sideBySide":
            thick = thick / len(sets)
        artists = []
        for length in sets:
            box = (edge, start, thick, length) if along == "x" else (start, edge, length, thick)
            artists.append(Bar(self.config, self.renderer, box, self._next_color(), label))
            if style == "sideBySide":
                edge = edge + thick
            else:
                start = start + length
        self.artists += artists
        return artists

    @staticmethod
    def _place_labels(places: Any) -> list[Any] | None:
        """The labels, if that is what was given in place of coordinates."""
        if isinstance(places, (list, tuple, Mapping)):
            labels = items(places)
            if any(isinstance(label, (list, tuple, np.ndarray)) for label in labels):
                raise InvalidArgumentException("first argument must be shape of 1-D, got a list of lists.")
            return labels
        if isinstance(places, np.ndarray) and places.dtype.kind == "U":
            return [str(label) for label in places.ravel()]
        return None

    def plot(self, x: Any, y: Any = None, marker: str | None = None, label: Any = None) -> list[Line2D]:
        """Draws lines through points.

        Args:
            x: the x coordinates; or, if ``y`` is omitted, the y coordinates over 0, 1, 2, ...
            y: the y coordinates; each column of a 2-D array is a line of its own.
            marker: characters for the marker, the line style and the color in any order, such as ``'o--'`` or
                ``'r:'``. Lines: ``--`` broken, ``-.`` chain, ``:`` dotted, otherwise solid. Colors: ``b g r c m y k
                w``. Markers: ``,`` small dot, ``@`` pixel, ``o`` dot, ``O`` circle, ``s`` square, ``B`` box,
                ``D`` diamond, ``^`` and ``v`` and ``3`` and ``4`` triangles, ``1`` and ``2`` hollow triangles,
                ``*`` star, ``+`` plus, ``x`` cross, ``|`` and ``_`` and ``H`` strokes, ``h`` home, ``u`` hourglass,
                ``e`` bowtie, ``t`` target. The points are always joined: ``scatter`` draws markers alone.
            label: the text in the legend.

        Shapes:
            x is [n], [n, 1] or [n, lines]; y is [n] or [n, lines].

        Returns:
            One Line2D for each line.

        Raises:
            InvalidArgumentException: shapes that do not match, or an unknown character in ``marker``.

        Example:
            >>> from rindow_math.plot import Plot
            >>> plt = Plot()
            >>> lines = plt.plot([0.0, 0.5, 1.0], [1, 4, 9], 'o--', 'growth')

        PHP: ``Axes::plot``.
        """
        if y is None:
            ys = real_array(x, "x")
            xs = np.arange(float(ys.shape[0])) if ys.ndim else ys
        else:
            xs, ys = real_array(x, "x"), real_array(y, "y")
        if xs.ndim not in (1, 2) or ys.ndim not in (1, 2):
            raise InvalidArgumentException(
                f"Type of plot data must be shape of 1-D or 2-D, got x of {_shape(xs)} and y of {_shape(ys)}."
            )
        mismatch = InvalidArgumentException(f"Shape of x and y must be same, got {_shape(xs)} and {_shape(ys)}.")
        if len(xs) != len(ys):
            raise mismatch
        xs, ys = (array.reshape(len(array), -1) if array.size else array.reshape(len(array), 1) for array in (xs, ys))
        count = max(xs.shape[1], ys.shape[1])
        if not {xs.shape[1], ys.shape[1]} <= {1, count}:
            raise mismatch
        markerName, lineStyle, color = _parse_format(marker)
        artists = []
        for i in range(count):
            following = self._next_color()
            artists.append(
                Line2D(
                    self.config,
                    self.renderer,
                    self.mo,
                    xs[:, min(i, xs.shape[1] - 1)],
                    ys[:, min(i, ys.shape[1] - 1)],
                    markerName,
                    lineStyle,
                    label,
                    color or following,
                )
            )
        self.artists += artists
        return artists

    def scatter(
        self, x: Any, y: Any, size: Any = None, color: Any = None, marker: str | None = None, label: Any = None
    ) -> Marker:
        """Draws points.

        Args:
            x: the x coordinates.
            y: the y coordinates.
            size: the areas of the points; points whose size is not positive are left out. 8 pixels wide
                (``marker.markerSize``) if omitted.
            color: a name of X11's, ``[red, green, blue]`` from 0 to 255 or anything that matplotlib takes.
            marker: a marker character, see ``plot``.
            label: the text in the legend.

        Shapes:
            All of one shape, of any rank.

        Returns:
            The Marker.

        Raises:
            InvalidArgumentException: shapes that do not match, an unknown color or marker.

        Example:
            >>> from rindow_math.plot import Plot
            >>> plt = Plot()
            >>> points = plt.scatter([1, 2, 3], [3, 1, 2], [10, 200, 50], 'SeaGreen', 's')

        PHP: ``Axes::scatter``.
        """
        xs, ys = real_array(x, "x"), real_array(y, "y")
        if xs.shape != ys.shape:
            raise InvalidArgumentException(f"Shape of x and y must be same, got {_shape(xs)} and {_shape(ys)}.")
        sizes = None
        if size is not None:
            sizes = real_array(size, "size")
            if sizes.shape != xs.shape:
                raise InvalidArgumentException(
                    f"Shape of size must be same with x and y, got {_shape(sizes)} for {_shape(xs)}."
                )
            sizes = sizes.ravel()
        if color is not None:
            self.renderer.allocateColor(color)
        markerName, _, letter = _parse_format(marker)
        following = self._next_color()
        artist = Marker(
            self.config,
            self.renderer,
            self.mo,
            xs.ravel(),
            ys.ravel(),
            sizes,
            letter or following if color is None else color,
            markerName,
            label,
        )
        self.artists.append(artist)
        return artist

    def pie(
        self,
        x: Any,
        labels: Any = None,
        startangle: float | None = None,
        autopct: str | Callable[..., Any] | None = None,
        explodes: Any = None,
    ) -> list[Wedge]:
        """Draws a pie. The frame goes and the axes become square.

        Args:
            x: the weights of the pieces.
            labels: the texts beside the pieces.
            startangle: where the first piece begins, in degrees counterclockwise from three o'clock; 0 if omitted.
            autopct: a printf format of the percentage (``'%1.1f%%'``), or a function that makes a text of the weight.
            explodes: how far each piece is pulled out, in radii.

        Shapes:
            All are [n]; labels and explodes may be shorter.

        Returns:
            One Wedge for each piece.

        Raises:
            InvalidArgumentException: weights that are not 1-D, negative, not finite or all zero, or a format that
                cannot be used.

        Example:
            >>> from rindow_math.plot import Plot
            >>> plt = Plot()
            >>> pieces = plt.pie([15, 30, 55], ['Frogs', 'Hogs', 'Dogs'], 90, '%1.1f%%', [0, 0.1, 0])

        PHP: ``Axes::pie``.
        """
        weights = real_array(x, "x")
        if weights.ndim != 1:
            raise InvalidArgumentException(f"weights of a pie must be 1-D, got {_shape(weights)}.")
        total = float(weights.sum())
        if not np.isfinite(total) or (weights < 0).any() or total <= 0:
            raise InvalidArgumentException(
                f"weights of a pie must be finite and not negative, with a positive sum, got {weights.tolist()}."
            )
        names = [] if labels is None else items(labels)
        pulls = [] if explodes is None else real_array(items(explodes), "explodes").ravel().tolist()
        if startangle is not None and not is_number(startangle):
            raise InvalidArgumentException(f"startangle must be a number of degrees, not {describe(startangle)}.")
        start = float(startangle or 0) % 360
        parts = [(float(weight), float(weight) / total) for weight in weights]
        percentages = [_percentage(autopct, *part) for part in parts]
        artists = []
        for i, (_, share) in enumerate(parts):
            end = start + share * 360
            artists.append(
                Wedge(
                    self.config,
                    self.renderer,
                    (0.0, 0.0),
                    1.0,
                    start,
                    end,
                    self._next_color(),
                    names[i] if i < len(names) else None,
                    percentages[i],
                    pulls[i] if i < len(pulls) else None,
                )
            )
            start = end
        self.artists += artists
        self.setFrame(False)
        self.setAspect("equal")
        return artists

    def imshow(
        self,
        x: Any,
        cmap: str | None = None,
        norm: Sequence[float] | None = None,
        extent: Sequence[float] | None = None,
        origin: str | None = None,
    ) -> Image:
        """Shows a matrix as colors, or a picture. The axes become square.

        Args:
            x: values for the colormap; or red, green and blue, with or without opacity, from 0 to 255 (integers) or
                from 0 to 1 (floats).
            cmap: the colormap: ``anton autumn bone cool copper flag gray hot hsv inferno jet magma nipy_spectral pink
                plasma prism spring summer viridis winter``, or another of matplotlib's; viridis if omitted.
            norm: ``[minimum, maximum]``, the values of the colormap's ends; values below are black, values above are
                white. The least and the greatest value if omitted.
            extent: ``[xmin, xmax, ymin, ymax]``, the image's place; column and row numbers if omitted.
            origin: ``'lower'`` (the default) puts the first row at the bottom, ``'upper'`` at the top. The y-axis
                points up in both.

        Shapes:
            x is [rows, columns], [rows, columns, 3] or [rows, columns, 4].

        Returns:
            The Image, which ``colorbar`` takes.

        Raises:
            InvalidArgumentException: another shape, an unknown colormap or origin.
            RuntimeException: ``norm`` or ``extent`` of a wrong length.

        Example:
            >>> from rindow_math.plot import Plot
            >>> plt = Plot()
            >>> image = plt.imshow([[0, 1], [2, 3]], 'magma')
            >>> axes = plt.colorbar(image)

        PHP: ``Axes::imshow``.
        """
        artist = Image(self.renderer, raw_array(x, "x"), self.cmapManager.get(cmap or "viridis"), norm, extent, origin)
        self.artists.append(artist)
        self.setAspect("equal")
        return artist

    def colorbar(self, cmap: Colormap, bottom: float, top: float) -> Colorbar:
        """Fills the axes with the scale of a colormap. ``Figure.colorbar`` makes the axes for it, too.

        Args:
            cmap: the colormap.
            bottom: the value of its lower end.
            top: the value of its upper end.

        PHP: ``Axes::colorbar``.
        """
        artist = Colorbar(self.renderer, cmap, float(bottom), float(top))
        self.artists.append(artist)
        return artist

    def legend(self, artists: Any = None, labels: Any = None) -> Legend:
        """Adds a legend where it hides the least.

        ``legend()`` names all artists that have a label, ``legend(labels)`` all artists in the order of drawing,
        ``legend(artists, labels)`` those given.

        Args:
            artists: what the plotting methods returned, or labels if ``labels`` is omitted.
            labels: a text for each artist.

        Raises:
            InvalidArgumentException: a label is not a string, or there are fewer labels than artists.
            DomainException: something that is not an artist, such as the list that ``plot`` returns.

        Example:
            >>> from rindow_math.plot import Plot
            >>> plt = Plot()
            >>> lines = plt.plot([[1, 2], [3, 4]])
            >>> legend = plt.legend(lines, ['data0', 'data1'])

        PHP: ``Axes::legend``.
        """
        handles = [] if artists is None else items(artists)
        names = [] if labels is None else items(labels)
        if not handles:
            handles = [artist for artist in self.artists if artist.getLabel()]
            names = [artist.getLabel() for artist in handles]
        elif not names:
            names, handles = handles, list(self.artists)
        for name in names:
            if not isinstance(name, str):
                raise InvalidArgumentException(f"labels must be specified. Expected strings, got {describe(name)}.")
        self._legend = Legend(self.config, self.renderer, handles, names)
        return self._legend

    def setAspect(self, aspect: str | None) -> None:
        """``'equal'`` makes the plot area square, ``'auto'`` or None lets it fill its place."""
        if aspect not in (None, "auto", "equal"):
            raise InvalidArgumentException(f'aspect must be "equal", "auto" or None, got {aspect!r}.')
        self.aspect = aspect

    def setXLabel(self, label: Any) -> None:
        """Names the x-axis; None takes the name away."""
        self._texts["x"] = "" if label is None else text(label)

    def setYLabel(self, label: Any) -> None:
        """Names the y-axis; None takes the name away."""
        self._texts["y"] = "" if label is None else text(label)

    def setTitle(self, title: Any) -> None:
        """Sets the title; None takes it away."""
        self._texts["title"] = "" if title is None else text(title)

    def setXTicks(self, ticks: Any = None) -> None:
        """Sets where the ticks of the x-axis are, [n]; None lets the axes choose.

        As in the original, ticks of a logarithmic x-axis are exponents of ten, those of a y-axis are values.
        """
        self._ticks["x"] = _ticks(ticks, "x")

    def setXTickLabels(self, labels: Any = None) -> None:
        """Sets the labels of the ticks of the x-axis, one for each; None shows the values."""
        self._tickLabels["x"] = None if labels is None else items(labels)

    def setYTicks(self, ticks: Any = None) -> None:
        """Sets where the ticks of the y-axis are, [n]; None lets the axes choose."""
        self._ticks["y"] = _ticks(ticks, "y")

    def setYTickLabels(self, labels: Any = None) -> None:
        """Sets the labels of the ticks of the y-axis, one for each; None shows the values."""
        self._tickLabels["y"] = None if labels is None else items(labels)

    def setFrame(self, frame: bool) -> None:
        """Whether the frame and its ticks are drawn."""
        self.frame = bool(frame)

    def hideXTicks(self, hidden: bool) -> None:
        """Whether the ticks of the x-axis are left out."""
        self._hidden["x"] = bool(hidden)

    def hideYTicks(self, hidden: bool) -> None:
        """Whether the ticks of the y-axis are left out."""
        self._hidden["y"] = bool(hidden)

    def setXTickPosition(self, position: str) -> None:
        """Puts the ticks of the x-axis ``'down'`` or ``'up'``."""
        self._xTickPosition = check_x_position(position)

    def setYTickPosition(self, position: str) -> None:
        """Puts the ticks of the y-axis ``'left'`` or ``'right'``."""
        self._yTickPosition = check_y_position(position)

    def setXScale(self, type: str | None) -> None:
        """``'log'`` makes the x-axis logarithmic, None or ``'linear'`` linear.

        When the figure is drawn, data below zero raise a RuntimeException.
        """
        self._scale["x"] = _scale(type)

    def setYScale(self, type: str | None) -> None:
        """``'log'`` makes the y-axis logarithmic, None or ``'linear'`` linear.

        When the figure is drawn, data below zero raise a RuntimeException.
        """
        self._scale["y"] = _scale(type)

    def setDataAreaMargin(self, dataAreaMargin: float) -> None:
        """Sets the room between the data and the frame, as a part of the plot area; 0.05 at first."""
        if not is_number(dataAreaMargin) or not 0 <= dataAreaMargin < 0.5:
            raise InvalidArgumentException(
                f"dataAreaMargin must be a number from 0 to less than 0.5, got {describe(dataAreaMargin)}."
            )
        self.dataAreaMargin = float(dataAreaMargin)

    def calcDataLimit(self) -> list[float]:
        """``[minX, minY, maxX, maxY]`` of all artists; widened where all values are the same."""
        (minX, maxX), (minY, maxY) = (self._limits(which) for which in "xy")
        return [minX, minY, maxX, maxY]

    def _points(self, which: str) -> list[np.ndarray]:
        return [array for artist in self.artists for array in artist.points()["xy".index(which)]]

    def _limits(self, which: str) -> tuple[float, float]:
        low, high = finite_limits(self._points(which))
        if low is None or high is None:
            return 0.0, 1.0
        if low == high:
            around = abs(high) * 0.05
            return (low - around, high + around) if around else (0.0, 1.0)
        return low, high

    def _view(self, which: str, pixels: float, padding: float) -> tuple[tuple[float, float], float]:
        """The values at the two ends of the axis, and how far the data reach between them."""
        low, high = self._limits(which)
        log = self._scale[which] == "log"
        if log:
            if low < 0:
                raise RuntimeException(
                    f'"log" scale cannot be used for negative values. The {which} data begin at {text(low)}.'
                )
            if low == 0:
                # where bars stand on zero, the lowest decade must leave something of the least of them
                positive, _ = finite_limits([array[array > 0] for array in self._points(which)])
                if positive is None:
                    raise RuntimeException(f'"log" scale cannot be used: no {which} data are above zero.')
                low = 10.0 ** (math.ceil(math.log10(positive)) - 1)
            low, high = math.log10(low), math.log10(high)
        scale = pixels * (1 - 2 * self.dataAreaMargin) / (high - low)
        beyond = (pixels * self.dataAreaMargin + padding) / scale
        view = low - beyond, high + beyond
        return (10 ** view[0], 10 ** view[1]) if log else view, high - low

    def _box(self) -> Area:
        """The part of the plot area that is used: of equal aspect the middle square."""
        left, bottom, width, height = self.plotArea
        if self.aspect == "equal":
            side = min(width, height)
            return left + (width - side) // 2, bottom + (height - side) // 2, side, side
        if self._beside is not None:
            # beside the image whose colors it explains, and as high
            outer = self._beside.plotArea
            x, bottom, side, height = self._beside._box()
            left += x + side - (outer[0] + outer[2])
        return left, bottom, width, height

    def draw(self) -> None:
        """Draws everything on the renderer's open canvas.

        Raises:
            LogicException: the renderer is not open.
            RuntimeException: data below zero on a log scale.
        """
        canvas = self.renderer.canvas
        left, bottom, width, height = box = self._box()
        frame = self.newBoxFrame()
        padding = frame.framePadding if self.frame else 0
        (xView, xSpan), (yView, ySpan) = self._view("x", width, padding), self._view("y", height, padding)
        target = canvas.add_axes(self._fractions(box, padding), facecolor="none")
        target.grid(False)
        if self._scale["x"] == "log":
            target.set_xscale("log")
        if self._scale["y"] == "log":
            target.set_yscale("log")
        # a view that is set stays: what is drawn from here on does not widen it
        target.set_xlim(*xView)
        target.set_ylim(*yView)
        for artist in self.artists:
            artist.draw(target)
        occupied = box
        if self.frame:
            frame.setPlotArea(box)
            frame.setDataSpan(xSpan, ySpan, 1 - 2 * self.dataAreaMargin)
            frame.setXTicks(self._ticks["x"])
            frame.setYTicks(self._ticks["y"])
            frame.setXTickLabels(self._tickLabels["x"])
            frame.setYTickLabels(self._tickLabels["y"])
            frame.hideXTicks(self._hidden["x"])
            frame.hideYTicks(self._hidden["y"])
            if self._xTickPosition is not None:
                frame.setXTickPosition(self._xTickPosition)
            if self._yTickPosition is not None:
                frame.setYTickPosition(self._yTickPosition)
            frame.draw(target)
            occupied = self._occupied(target, box)
            over = self._cut_off(occupied)
            if over > 0:
                box = left + over, bottom, width - over, height
                target.set_position(self._fractions(box, padding))
                occupied = self._occupied(target, box)
        else:
            target.axis("off")
        around = box
        if self._legend is not None and self.aspect == "equal":
            # the legend may use the room beside the square, so the title goes above both
            around = (self.plotArea[0], self.plotArea[1], self.plotArea[2], self.plotArea[3])
        for kind, name in ((XAxisLabel, "x"), (YAxisLabel, "y"), (Title, "title")):
            kind(self.config, self.renderer, around, self._texts[name]).draw(occupied)
        if self._legend is not None:
            self._legend.draw(target, around, sum(array.size for array in self._points("x")))

    def _fractions(self, box: Area, padding: float) -> Area:
        """The box with padding around it in parts of the figure's size."""
        canvas = self.renderer.canvas
        left, bottom, width, height = box
        return (
            (left - padding) / canvas.bbox.width,
            (bottom - padding) / canvas.bbox.height,
            (width + 2 * padding) / canvas.bbox.width,
            (height + 2 * padding) / canvas.bbox.height,
        )

    def _cut_off(self, occupied: Area) -> float:
        """By how many pixels the plot area must give way to long tick labels at the left edge of the figure."""
        if self.aspect == "equal":
            return 0.0
        name = YAxisLabel(self.config, self.renderer, occupied, self._texts["y"])
        over = name.room() + EDGE - occupied[0]
        return over if over < self.plotArea[2] / 2 else 0.0

    def _occupied(self, target: Any, box: Area) -> Area:
        """The plot area with its tick labels."""
        left, bottom, width, height = box
        right, top = left + width, bottom + height
        drawing = self.renderer.drawing()
        for axis in (target.xaxis, target.yaxis):
            labels = axis.get_tightbbox(drawing)
            if labels is not None:
                left, bottom = min(left, labels.x0), min(bottom, labels.y0)
                right, top = max(right, labels.x1), max(top, labels.y1)
        return left, bottom, right - left, top - bottom

    def _next_color(self) -> str:
        color = _COLORS[self._colorNumber]
        self._colorNumber = (self._colorNumber + 1) % len(_COLORS)
        return color


def _shape(array: np.ndarray) -> str:
    return f"shape {list(array.shape)}"


def _per_bar(value: Any, count: int, name: str) -> np.ndarray:
    """One number for each bar."""
    if is_number(value):
        return np.full(count, float(value))
    array = real_array(value, f"the {name}")
    if array.ndim != 1:
        raise InvalidArgumentException(f"the {name} must be numeric or 1-D NDArray, got {_shape(array)}.")
    if len(array) != count:
        raise InvalidArgumentException(f"the {name} must have {count} values, one for each bar, got {_shape(array)}.")
    return array


def _parse_format(marker: str | None) -> tuple[str | None, str | None, str | None]:
    """Marker, line style and color of a string such as ``'o--'``."""
    if marker is None:
        return None, None, None
    if not isinstance(marker, str):
        raise InvalidArgumentException(f"marker must be a string, not {describe(marker)}.")
    unknown = [c for c in marker if c not in _MARKERS and c not in _COLOR_LETTERS and c not in "-.: "]
    if unknown:
        raise InvalidArgumentException(
            f"marker {marker!r} holds {unknown[0]!r}. Known are the markers {' '.join(_MARKERS)}, "
            f"the line styles {' '.join(_LINE_STYLES)} and the colors {' '.join(_COLOR_LETTERS)}."
        )
    name = next((_MARKERS[c] for c in marker if c in _MARKERS), None)
    style = next((pattern for key, pattern in _LINE_STYLES.items() if key in marker), None)
    color = next((_COLOR_LETTERS[c] for c in marker if c in _COLOR_LETTERS), None)
    return name, style, color


def _percentage(autopct: str | Callable[..., Any] | None, weight: float, share: float) -> str | None:
    if not autopct:
        return None
    if isinstance(autopct, str):
        try:
            return autopct % (share * 100)
        except (TypeError, ValueError) as error:
            raise InvalidArgumentException(f"autopct {autopct!r} is not a format of one number: {error}.") from error
    if callable(autopct):
        return text(autopct(weight))
    raise InvalidArgumentException(f'Argument "autopct" must be string or callable, not {describe(autopct)}.')


def _ticks(ticks: Any, which: str) -> np.ndarray | None:
    if ticks is None:
        return None
    array = real_array(ticks, f"the ticks of the {which}-axis")
    if array.ndim != 1:
        raise InvalidArgumentException(f"the ticks of the {which}-axis must be 1-D, got {_shape(array)}.")
    return array


def _scale(type: str | None) -> str | None:
    if type not in (None, "linear", "log"):
        raise InvalidArgumentException(f'the scale must be "log", "linear" or None, got {type!r}.')
    return None if type == "linear" else type
