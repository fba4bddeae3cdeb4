"""A picture with one or more axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.plot._input import AnyCase, describe, is_number
from rindow_math.plot.artist import Mappable
from rindow_math.plot.configuration import Configured
from rindow_math.plot.system.axes import Axes

if TYPE_CHECKING:
    from rindow_math.plot.renderer import MatplotlibDriver
    from rindow_math.plot.system.colormap import CmapManager


class Figure(AnyCase, Configured):
    """A picture with one or more axes. ``Plot.figure`` and ``Plot.subplots`` make figures.

    Args:
        num: the figure's number.
        config: the defaults of everything drawn in it, see ``Plot``.
        renderer: the driver that holds the canvas.
        mo: see ``Axes``.
        cmapManager: the source of colormaps.
        figsize: ``[width, height]`` in pixels; 640 by 480 (``figure.figsize``) if omitted.

    Raises:
        InvalidArgumentException: ``figsize`` is not two positive numbers.

    PHP: ``Rindow\\Math\\Plot\\System\\Figure``.
    """

    configClass = "figure"
    configNames = (
        "figsize",
        "leftMargin",
        "bottomMargin",
        "rightMargin",
        "topMargin",
        "axesHSpacingRatio",
        "axesVSpacingRatio",
        "bgColor",
        "colorbarWidth",
    )

    def __init__(
        self,
        num: int,
        config: Mapping[str, Any],
        renderer: MatplotlibDriver,
        mo: Any,
        cmapManager: CmapManager,
        figsize: Sequence[int] | None = None,
    ) -> None:
        self.figsize: Sequence[int] = [640, 480]
        self.leftMargin = 80
        self.bottomMargin = 55
        self.rightMargin = 64
        self.topMargin = 60
        self.axesHSpacingRatio = 0.25
        self.axesVSpacingRatio = 0.25
        self.bgColor: Any = "LightGray"
        self.colorbarWidth = 10
        self.loadConfigure(config, self.configNames, self.configClass)
        size = list(self.figsize if figsize is None else figsize)
        if len(size) != 2 or not all(is_number(s) and s >= 1 for s in size):
            raise InvalidArgumentException(f"figsize must be [width, height] in pixels, got {size}.")
        self.figsize = [int(s) for s in size]
        self._num = num
        self.config = config
        self.renderer = renderer
        self.mo = mo
        self.cmapManager = cmapManager
        self.axes: list[Axes] = []

    def num(self) -> int:
        """The figure's number."""
        return self._num

    def _new_axes(self, plotArea: Sequence[float]) -> Axes:
        return Axes(self.config, self.renderer, self.mo, self.cmapManager, plotArea)

    def addAxes(self, axes: Axes) -> None:
        """Adds axes to the figure."""
        if not isinstance(axes, Axes):
            raise InvalidArgumentException(f"axes must be Axes, not {describe(axes)}.")
        self.axes.append(axes)

    def setAxes(self, axes: Sequence[Axes]) -> None:
        """Replaces all axes of the figure."""
        self.axes = []
        for one in axes:
            self.addAxes(one)

    def getAxes(self) -> list[Axes]:
        """The axes of the figure, in the order in which they were added."""
        return list(self.axes)

    def getFigSize(self) -> list[int]:
        """``[width, height]`` in pixels."""
        return list(self.figsize)

    def calcPlotArea(self) -> list[int]:
        """``[left, bottom, width, height]`` of what the margins leave, in pixels."""
        width, height = self.figsize
        return [
            self.leftMargin,
            self.bottomMargin,
            width - self.leftMargin - self.rightMargin,
            height - self.bottomMargin - self.topMargin,
        ]

    def addSubPlot(
        self,
        nRows: int | None = None,
        nCols: int | None = None,
        index: int | None = None,
        rowspan: int | None = None,
        colspan: int | None = None,
    ) -> Axes:
        """Adds axes at a place of a grid. Grids of different sizes can be mixed.

        Args:
            nRows: rows of the grid; 1 if omitted.
            nCols: columns of the grid; 1 if omitted.
            index: the cell of the axes' top left corner, counted from 0 along the rows; 0 if omitted.
            rowspan: how many rows the axes cover; 1 if omitted.
            colspan: how many columns the axes cover; 1 if omitted.

        Raises:
            InvalidArgumentException: the cell is not in the grid, or the cells are too small to draw in.

        Example:
            >>> from rindow_math.plot import Plot
            >>> figure = Plot().figure()
            >>> wide = figure.addSubPlot(2, 2, 0, colspan=2)

        PHP: ``Figure::addSubPlot``.
        """
        rows, columns = 1 if nRows is None else int(nRows), 1 if nCols is None else int(nCols)
        cell = 0 if index is None else int(index)
        high, wide = 1 if rowspan is None else int(rowspan), 1 if colspan is None else int(colspan)
        if rows < 1 or columns < 1 or not 0 <= cell < rows * columns:
            raise InvalidArgumentException(
                f"no place {cell} in a grid of {rows} rows and {columns} columns: places are 0 to {rows * columns - 1}."
            )
        row, column = divmod(cell, columns)
        if high < 1 or wide < 1 or row + high > rows or column + wide > columns:
            raise InvalidArgumentException(
                f"{high} rows and {wide} columns from place {cell} do not fit a grid of {rows} rows and "
                f"{columns} columns."
            )
        left, bottom, width, height = self.calcPlotArea()
        pitchX, pitchY = 1 + self.axesHSpacingRatio, 1 + self.axesVSpacingRatio
        # cells with a part of their size between them
        cellWidth = width // (1 + pitchX * (columns - 1))
        cellHeight = height // (1 + pitchY * (rows - 1))
        axes = self._new_axes(
            [
                left + int(column * cellWidth * pitchX),
                bottom + int((rows - row - high) * cellHeight * pitchY),
                int(cellWidth * (1 + pitchX * (wide - 1))),
                int(cellHeight * (1 + pitchY * (high - 1))),
            ]
        )
        self.addAxes(axes)
        return axes

    def colorbar(self, mappable: Any, ax: Axes, absolute: bool | None = None) -> Axes:
        """Adds the scale of an image's colors.

        Args:
            mappable: the Image that ``imshow`` returned.
            ax: the axes whose right fifth the scale takes.
            absolute: whether the scale fills ``ax`` instead.

        Returns:
            The axes of the scale: new ones, or ``ax`` if absolute.

        Raises:
            InvalidArgumentException: ``ax`` is not of this figure, or ``mappable`` has no colormap.
            RuntimeException: the image has colors of its own.

        Example:
            >>> from rindow_math.plot import Plot
            >>> figure, (axes,) = Plot().subplots()
            >>> image = axes.imshow([[0, 1], [2, 3]])
            >>> scale = figure.colorbar(image, axes)

        PHP: ``Figure::colorbar``.
        """
        if not isinstance(mappable, Mappable):
            raise InvalidArgumentException(f"mappable must be what imshow returned, not {describe(mappable)}.")
        if not any(axes is ax for axes in self.axes):
            raise InvalidArgumentException("Target axes not found. The axes must be of the figure with the colorbar.")
        cmap = mappable.colormap()
        low, high = mappable.colorRange()
        if not absolute:
            left, bottom, width, height = ax.getPlotArea()
            fifth = width / 5
            scale = self._new_axes(
                [int(left + width - fifth * (1 - self.axesHSpacingRatio)), bottom, self.colorbarWidth, height]
            )
            ax.setPlotArea([left, bottom, int(width * 4 / 5), height])
            scale._beside = ax
            self.addAxes(scale)
            ax = scale
        ax.colorbar(cmap, low, high)
        ax.hideXTicks(True)
        ax.setYTickPosition("right")
        ax.setDataAreaMargin(0)
        return ax

    def draw(self) -> None:
        """Draws the figure on the renderer's open canvas.

        Raises:
            LogicException: the renderer is not open.
            RuntimeException: data below zero on a log scale.
        """
        self.renderer.canvas.set_facecolor(self.renderer.allocateColor(self.bgColor))
        for axes in self.axes:
            axes.draw()
