"""Pictures by the names that users of Rindow Math Plot and of pyplot know."""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.plot._input import AnyCase, describe, items
from rindow_math.plot.artist import (
    Bar,
    BoxFrame,
    Image,
    Legend,
    Line2D,
    Marker,
    Title,
    Wedge,
    XAxisLabel,
    YAxisLabel,
)
from rindow_math.plot.configuration import Configure, Configured
from rindow_math.plot.renderer import MatplotlibDriver
from rindow_math.plot.system import Axes, CmapManager, Figure


class Plot(AnyCase, Configured):
    """Draws figures.

    The methods that draw work on the first axes of the current figure, and make both if there are none. Any
    array-like is data: NDArray, numpy array, nested list, ``Variable``. Data are copied when they are plotted.

    Args:
        config: defaults by key. Lengths are pixels, font sizes are GD's fonts 1 to 5 or, above 5, points.

            - ``figure.``: figsize, leftMargin, bottomMargin, rightMargin, topMargin, axesHSpacingRatio,
              axesVSpacingRatio, bgColor, colorbarWidth
            - ``frame`` (whether there is one); ``frame.``: frameColor, labelColor, framePadding and, each for x and
              y, xTickPosition, xTickLength, xTickLabelMargin, xTickLabelAngle, xTickLabelFontSize, and
              tickLabelStandardCount, tickLabelWidth, tickLabelHeight, which govern how many ticks there are
            - ``title.``, ``xlabel.``, ``ylabel.``: position, rotate, fontSize, color, margin
            - ``legend.``: lineSpacing, colorBoxWidth, legendMargin, fontSize
            - ``line2d.``: thickness, markerSize; ``marker.``: markerSize, markerStyle
            - ``bar.``: barWidth, legendLineWidth
            - ``wedge.``: labelDistance, labelColor, pctDistance, pctColor, fontSize, legendLineWidth
            - ``renderer.``: skipCleaning (keep temporary files), skipRunViewer, execBackground
        matrixOperator: makes the NDArrays that artists give back; a new MatrixOperator if omitted.
        renderer: draws, writes and shows; a new MatplotlibDriver if omitted.
        cmapManager: the source of colormaps; a new CmapManager if omitted.

    Raises:
        RuntimeException: matplotlib is not installed.

    Example:
        >>> from rindow_math.plot import Plot
        >>> plt = Plot({'figure.figsize': [800, 600]})
        >>> lines = plt.plot([1.0, 0.5, 0.3], None, None, 'loss')
        >>> legend = plt.legend()
        >>> plt.title('training')
        >>> plt.show('training.png')

    PHP: ``Rindow\\Math\\Plot\\Plot``.
    """

    configNames = ("renderer.skipCleaning", "renderer.skipRunViewer", "renderer.execBackground")

    def __init__(
        self,
        config: Mapping[str, Any] | None = None,
        matrixOperator: Any = None,
        renderer: MatplotlibDriver | None = None,
        cmapManager: CmapManager | None = None,
    ) -> None:
        self.skipCleaning = False
        self.skipRunViewer = False
        self.execBackground = False
        self.figures: dict[int, Figure] = {}
        self.currentFig = -1
        self.config = Configure()
        self.mo: Any = None
        self.cmapManager = cmapManager
        self.setConfig(config)
        self.setMatrixOperator(matrixOperator)
        self.renderer: MatplotlibDriver = renderer or MatplotlibDriver(
            None, self.skipCleaning, self.skipRunViewer, self.execBackground
        )

    def setConfig(self, config: Mapping[str, Any] | None = None) -> None:
        """Replaces the defaults of the figures that are made from now on; see ``Plot`` for the keys.

        An unknown key has no effect and is named in a warning.
        """
        self.config = _configuration(config)
        self.loadConfigure(self.config, self.configNames)

    def setMatrixOperator(self, matrixOperator: Any = None) -> None:
        """Sets what makes the NDArrays that artists give back; None: a new MatrixOperator when one is needed."""
        self.mo = matrixOperator

    def setRenderer(self, renderer: MatplotlibDriver) -> None:
        """Sets what draws the figures that are made from now on."""
        self.renderer = renderer

    def getRenderer(self) -> MatplotlibDriver:
        """What draws the figures."""
        return self.renderer

    def setCmapManager(self, cmapManager: CmapManager) -> None:
        """Sets the source of colormaps of the figures that are made from now on."""
        self.cmapManager = cmapManager

    def getCmapManager(self) -> CmapManager:
        """The source of colormaps: ``plt.getCmapManager().get('viridis')``."""
        if self.cmapManager is None:
            self.cmapManager = CmapManager()
        return self.cmapManager

    def _new_figure(self, figsize: Sequence[int] | None, config: Mapping[str, Any] | None) -> Figure:
        num = max(self.figures, default=-1) + 1
        figure = Figure(
            num,
            self.config if config is None else _configuration(config),
            self.renderer,
            self.mo,
            self.getCmapManager(),
            figsize,
        )
        self.figures[num] = figure
        self.currentFig = num
        return figure

    def _figure(self, num: int) -> Figure:
        if num not in self.figures:
            have = ", ".join(str(n) for n in self.figures) or "none"
            raise InvalidArgumentException(f"Figure #{num} is not found. Figures: {have}.")
        return self.figures[num]

    def figure(
        self,
        num: int | str | None = None,
        figsize: Sequence[int] | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> Figure:
        """Makes a figure, or goes back to one that was made before.

        Args:
            num: the number of an existing figure, which becomes the current one; a new figure if it is omitted or a
                string.
            figsize: ``[width, height]`` in pixels of a new figure; ``figure.figsize`` if omitted.
            config: defaults for a new figure in place of the Plot's.

        Raises:
            InvalidArgumentException: no figure has that number.

        Example:
            >>> plt = Plot()
            >>> first = plt.figure()
            >>> second = plt.figure(None, [800, 600])
            >>> first is plt.figure(first.num())
            True

        PHP: ``Plot::figure``.
        """
        if isinstance(num, int) and not isinstance(num, bool):
            figure = self._figure(num)
            self.currentFig = num
            return figure
        if num is not None and not isinstance(num, str):
            raise InvalidArgumentException(f"First argument must be integer or string, got {describe(num)}.")
        return self._new_figure(figsize, config)

    def subplots(
        self,
        nRows: int = 1,
        nCols: int = 1,
        figsize: Sequence[int] | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> tuple[Figure, list[Axes]]:
        """Makes a figure with a grid of axes.

        Args:
            nRows: the number of rows.
            nCols: the number of columns.
            figsize: ``[width, height]`` in pixels; ``figure.figsize`` if omitted.
            config: defaults for the figure in place of the Plot's.

        Returns:
            The figure and the list of its axes, row by row.

        Raises:
            InvalidArgumentException: the figure is too small for so many axes.

        Example:
            >>> figure, axes = Plot().subplots(2, 3)
            >>> lines = axes[5].plot([1, 2, 3])

        PHP: ``Plot::subplots``.
        """
        if nRows < 1 or nCols < 1:
            raise InvalidArgumentException(f"subplots needs at least one row and column, got {nRows} and {nCols}.")
        figure = self._new_figure(figsize, config)
        return figure, [figure.addSubPlot(nRows, nCols, i) for i in range(nRows * nCols)]

    def getAxes(self, figId: int | None = None, axesId: int | None = None) -> Axes:
        """Axes of a figure; figure and axes are made if there are none.

        Args:
            figId: the figure's number; the current figure if omitted.
            axesId: the place in the list of the figure's axes; the first if omitted.

        Raises:
            InvalidArgumentException: there is no such figure or axes.

        PHP: ``Plot::getAxes``.
        """
        if not self.figures:
            self.figure()
        figure = self._figure(self.currentFig if figId is None else figId)
        if not figure.axes:
            figure.addSubPlot()
        place = 0 if axesId is None else axesId
        if not 0 <= place < len(figure.axes):
            raise InvalidArgumentException(f"Figure #{figure.num()} has {len(figure.axes)} axes, no axes #{place}.")
        return figure.axes[place]

    def currentFigure(self) -> Figure:
        """The figure that is drawn on.

        Raises:
            InvalidArgumentException: there is none yet.
        """
        if not self.figures:
            raise InvalidArgumentException("no figure: call figure() or draw something first.")
        return self._figure(self.currentFig)

    def subplot(self, nRows: int | None = None, nCols: int | None = None, idx: int | None = None) -> Axes:
        """Adds axes to the current figure, at place ``idx`` of a grid; see ``Figure.addSubPlot``.

        Raises:
            InvalidArgumentException: there is no figure yet, or no such place.

        PHP: ``Plot::subplot``.
        """
        return self.currentFigure().addSubPlot(nRows, nCols, idx)

    def bar(
        self,
        x: Any,
        height: Any,
        width: Any = None,
        bottom: Any = None,
        label: Any = None,
        style: str | None = None,
    ) -> list[Bar]:
        """Draws standing bars; see ``Axes.bar``."""
        return self.getAxes().bar(x, height, width, bottom, label, style)

    def barh(
        self,
        y: Any,
        width: Any,
        height: Any = None,
        left: Any = None,
        label: Any = None,
        style: str | None = None,
    ) -> list[Bar]:
        """Draws lying bars; see ``Axes.barh``."""
        return self.getAxes().barh(y, width, height, left, label, style)

    def plot(self, x: Any, y: Any = None, marker: str | None = None, label: Any = None) -> list[Line2D]:
        """Draws lines through points; see ``Axes.plot``."""
        return self.getAxes().plot(x, y, marker, label)

    def scatter(
        self, x: Any, y: Any, size: Any = None, color: Any = None, marker: str | None = None, label: Any = None
    ) -> Marker:
        """Draws points; see ``Axes.scatter``."""
        return self.getAxes().scatter(x, y, size, color, marker, label)

    def pie(
        self,
        x: Any,
        labels: Any = None,
        startangle: float | None = None,
        autopct: str | Callable[..., Any] | None = None,
        explodes: Any = None,
    ) -> list[Wedge]:
        """Draws a pie; see ``Axes.pie``."""
        return self.getAxes().pie(x, labels, startangle, autopct, explodes)

    def imshow(
        self,
        x: Any,
        cmap: str | None = None,
        norm: Sequence[float] | None = None,
        extent: Sequence[float] | None = None,
        origin: str | None = None,
    ) -> Image:
        """Shows a matrix as colors, or a picture; see ``Axes.imshow``."""
        return self.getAxes().imshow(x, cmap, norm, extent, origin)

    def colorbar(self, mappable: Any, ax: Axes | None = None, absolute: bool | None = None) -> Axes:
        """Adds the scale of an image's colors beside ``ax`` (the first axes if omitted); see ``Figure.colorbar``."""
        figure = self.currentFigure()
        return figure.colorbar(mappable, self.getAxes() if ax is None else ax, absolute)

    def legend(self, artists: Any = None, labels: Any = None) -> Legend:
        """Adds a legend; see ``Axes.legend``."""
        return self.getAxes().legend(artists, labels)

    def axis(self, command: str) -> None:
        """``'equal'`` makes the plot area square.

        Raises:
            InvalidArgumentException: another command.
        """
        if command != "equal":
            raise InvalidArgumentException(f'Unknown command. Expected "equal", got {command!r}.')
        self.getAxes().setAspect("equal")

    def xlabel(self, label: Any) -> None:
        """Names the x-axis."""
        self.getAxes().setXLabel(label)

    def ylabel(self, label: Any) -> None:
        """Names the y-axis."""
        self.getAxes().setYLabel(label)

    def title(self, title: Any) -> None:
        """Sets the title."""
        self.getAxes().setTitle(title)

    def xticks(self, ticks: Any = None, labels: Any = None) -> None:
        """Sets where the ticks of the x-axis are, and their labels.

        Args:
            ticks: the places; the axes choose if omitted.
            labels: a text for each tick; the values if omitted.

        Shapes:
            Both are [n].

        Raises:
            InvalidArgumentException: fewer labels than ticks.

        Example:
            >>> plt = Plot()
            >>> plt.xticks([0, 1, 2], ['Jan', 'Feb', 'Mar'])

        PHP: ``Plot::xticks``.
        """
        _check_ticks("xticks", ticks, labels)
        axes = self.getAxes()
        axes.setXTicks(ticks)
        axes.setXTickLabels(labels)

    def yticks(self, ticks: Any = None, labels: Any = None) -> None:
        """Sets where the ticks of the y-axis are, and their labels; see ``xticks``."""
        _check_ticks("yticks", ticks, labels)
        axes = self.getAxes()
        axes.setYTicks(ticks)
        axes.setYTickLabels(labels)

    def xscale(self, type: str | None) -> None:
        """``'log'`` makes the x-axis logarithmic, None linear."""
        self.getAxes().setXScale(type)

    def yscale(self, type: str | None) -> None:
        """``'log'`` makes the y-axis logarithmic, None linear."""
        self.getAxes().setYScale(type)

    def show(self, filename: str | os.PathLike[str] | None = None) -> None:
        """Draws all figures and forgets them.

        With a file name, each figure is written there; several figures are numbered (``loss0.png``, ``loss1.png``).
        ``.svg`` and ``.pdf`` names give such files, all others PNG. A file appears whole or not at all.

        Without one, each figure becomes a PNG file in a temporary folder and the program that the environment
        variable ``RINDOW_MATH_PLOT_VIEWER`` names opens it: ``eog``, or with arguments ``feh --scale-down``. If the
        variable is not set, a notebook shows the figures in place; a program that uses pyplot with a backend that
        has windows, or sets ``MPLBACKEND`` to one, gets a window; and otherwise the path of the file is printed.
        No display is needed. The next program that shows figures deletes the temporary files.

        Args:
            filename: the file to write.

        Raises:
            RuntimeException: the file cannot be written, or data below zero on a log scale.

        PHP: ``Plot::show``.
        """
        renderer = self.renderer
        if not self.skipCleaning:
            renderer.cleanUp()
        for num, figure in self.figures.items():
            renderer.open(*figure.getFigSize())
            try:
                figure.draw()
                if filename is None or os.fspath(filename) == "" or len(self.figures) == 1:
                    renderer.show(filename)
                else:
                    path = Path(filename)
                    renderer.show(path.with_name(f"{path.stem}{num}{path.suffix}"))
            finally:
                renderer.close()
        self.figures = {}
        self.currentFig = -1


_KNOWN_KEYS = frozenset(
    key
    for drawn in (Plot, Figure, Axes, BoxFrame, Title, XAxisLabel, YAxisLabel, Legend, Line2D, Marker, Bar, Wedge)
    for key in drawn.configKeys()
)


def _configuration(config: Mapping[str, Any] | Sequence[Any] | None) -> Configure:
    if config is None or (isinstance(config, list | tuple) and not config):  # [] is PHP's empty dict
        config = {}
    if not isinstance(config, Mapping):
        raise InvalidArgumentException(f"config must be a dict, not {describe(config)}.")
    known = Configure(config)
    for key in known:
        if key not in _KNOWN_KEYS:
            near = difflib.get_close_matches(str(key), _KNOWN_KEYS, 3)
            hint = f" Did you mean {', '.join(near)}?" if near else ""
            warnings.warn(f"Plot has no configuration key {key!r}.{hint}", UserWarning, stacklevel=4)
    return known


def _check_ticks(name: str, ticks: Any, labels: Any) -> None:
    if ticks is None or labels is None:
        return
    places, texts = items(ticks), items(labels)
    if len(texts) < len(places):
        raise InvalidArgumentException(f"{name} got {len(places)} ticks but {len(texts)} labels.")
