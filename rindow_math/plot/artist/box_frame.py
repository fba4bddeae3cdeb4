"""The frame of a plot area with its ticks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_math.plot._input import text
from rindow_math.plot.configuration import Configured

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Target

    from rindow_math.plot.artist.axis_label import Area
    from rindow_math.plot.renderer import MatplotlibDriver

# Steps of a tenth part to one whole, by the number of wholes that the axis shows.
_STEPS = ((1.6, 0.2), (2.1, 0.25), (4.1, 0.5), (8.1, 1.0), (math.inf, 2.0))

# Width of a digit in pixels, for each point of the font's size.
_DIGIT = 0.9


def tick_step(delta: float, pixels: float, labelPixels: float) -> float:
    """A round distance of ticks: about six to nine, fewer where their labels need more room than there is."""
    if pixels < labelPixels:
        delta *= labelPixels / pixels
    scale = 10.0 ** math.floor(math.log10(delta))
    # computed powers of ten are not exact
    wholes = round(delta / scale, 9)
    return scale * next(step for limit, step in _STEPS if wholes <= limit)


def check_x_position(position: Any) -> str:
    """The position itself, if ticks of the x-axis can stand there."""
    if position not in ("down", "up"):
        raise LogicException(f'unknown xtick position: {position!r}; it must be "down" or "up".')
    return position


def check_y_position(position: Any) -> str:
    """The position itself, if ticks of the y-axis can stand there."""
    if position not in ("left", "right"):
        raise LogicException(f'unknown ytick position: {position!r}; it must be "left" or "right".')
    return position


class BoxFrame(Configured):
    """The frame around the data with ticks and their labels (PHP: ``Rindow\\Math\\Plot\\Artist\\BoxFrame``)."""

    configClass = "frame"
    configNames = (
        "frameColor",
        "labelColor",
        "xTickPosition",
        "yTickPosition",
        "xTickLength",
        "yTickLength",
        "xTickLabelMargin",
        "yTickLabelMargin",
        "xTickLabelAngle",
        "yTickLabelAngle",
        "tickLabelStandardCount",
        "tickLabelWidth",
        "tickLabelHeight",
        "xTickLabelFontSize",
        "yTickLabelFontSize",
        "framePadding",
    )

    def __init__(
        self,
        config: Mapping[str, Any],
        renderer: MatplotlibDriver,
        plotArea: Area,
        xscale: str | None = None,
        yscale: str | None = None,
    ) -> None:
        self.frameColor: Any = "black"
        self.labelColor: Any = "black"
        self.xTickPosition = "down"
        self.yTickPosition = "left"
        self.xTickLength = 5
        self.yTickLength = 5
        self.xTickLabelMargin = 2
        self.yTickLabelMargin = 2
        self.xTickLabelAngle = 0
        self.yTickLabelAngle = 0
        self.tickLabelStandardCount = 6
        self.tickLabelWidth = 6
        self.tickLabelHeight = 4
        self.framePadding = 1
        self.xTickLabelFontSize = 4
        self.yTickLabelFontSize = 4
        self.loadConfigure(config, self.configNames, self.configClass)
        check_x_position(self.xTickPosition)
        check_y_position(self.yTickPosition)
        self.renderer = renderer
        self.plotArea = plotArea
        self.xscale = xscale
        self.yscale = yscale
        self._ticks: dict[str, np.ndarray | None] = {"x": None, "y": None}
        self._labels: dict[str, list[Any] | None] = {"x": None, "y": None}
        self._hidden = {"x": False, "y": False}
        self._span = {"x": 1.0, "y": 1.0}
        self._part = 1.0

    def setXTicks(self, ticks: np.ndarray | None = None) -> None:
        """Where the ticks of the x-axis are; None lets the frame choose."""
        self._ticks["x"] = ticks

    def setXTickLabels(self, labels: Sequence[Any] | None = None) -> None:
        """The labels of the x-axis' ticks."""
        self._labels["x"] = None if labels is None else list(labels)

    def setYTicks(self, ticks: np.ndarray | None = None) -> None:
        """Where the ticks of the y-axis are; None lets the frame choose."""
        self._ticks["y"] = ticks

    def setYTickLabels(self, labels: Sequence[Any] | None = None) -> None:
        """The labels of the y-axis' ticks."""
        self._labels["y"] = None if labels is None else list(labels)

    def hideXTicks(self, hide: bool) -> None:
        """Leaves out the ticks of the x-axis."""
        self._hidden["x"] = bool(hide)

    def hideYTicks(self, hide: bool) -> None:
        """Leaves out the ticks of the y-axis."""
        self._hidden["y"] = bool(hide)

    def setXTickPosition(self, position: str) -> None:
        """Puts the ticks of the x-axis ``'down'`` or ``'up'``."""
        self.xTickPosition = check_x_position(position)

    def setYTickPosition(self, position: str) -> None:
        """Puts the ticks of the y-axis ``'left'`` or ``'right'``."""
        self.yTickPosition = check_y_position(position)

    def setPlotArea(self, plotArea: Area) -> None:
        """Sets the area in pixels: left, bottom, width, height."""
        self.plotArea = plotArea

    def setDataSpan(self, x: float, y: float, part: float) -> None:
        """Sets how far the data reach, and which part of the plot area that is; the ticks are chosen by it."""
        self._span = {"x": x, "y": y}
        self._part = part

    def draw(self, target: Target) -> None:
        """Dresses matplotlib's axes."""
        renderer = self.renderer
        color = renderer.allocateColor(self.frameColor)
        for spine in target.spines.values():
            spine.set(visible=True, color=color, linewidth=renderer.points(1))
        target.xaxis.set_ticks_position("top" if self.xTickPosition == "up" else "bottom")
        target.yaxis.set_ticks_position("right" if self.yTickPosition == "right" else "left")
        self._dress(target, "x", self.xTickLength, self.xTickLabelMargin, self.xTickLabelAngle, self.xTickLabelFontSize)
        self._dress(target, "y", self.yTickLength, self.yTickLabelMargin, self.yTickLabelAngle, self.yTickLabelFontSize)

    def _dress(
        self, target: Target, which: Literal["x", "y"], length: float, margin: float, angle: float, fontSize: float
    ) -> None:
        renderer = self.renderer
        axis = target.xaxis if which == "x" else target.yaxis
        shared: dict[str, Any] = {"axis": which, "color": renderer.allocateColor(self.frameColor), "direction": "out"}
        target.tick_params(
            **shared,
            which="major",
            length=renderer.points(length),
            width=renderer.points(1),
            pad=renderer.points(margin),
            labelcolor=renderer.allocateColor(self.labelColor),
            labelsize=renderer.fontPoints(fontSize),
            labelrotation=angle,
        )
        target.tick_params(**shared, which="minor", length=renderer.points(length) / 2, width=renderer.points(1))
        if self._hidden[which]:
            axis.set_ticks([])
            axis.set_ticks([], minor=True)
            return
        self._locate(axis, which, angle, fontSize)
        axis.get_offset_text().set(fontsize=renderer.fontPoints(fontSize) * 0.8)
        if angle % 360:
            for label in axis.get_ticklabels():
                label.set_rotation_mode("anchor")
                if which == "x":
                    label.set_horizontalalignment("right" if self.xTickPosition == "down" else "left")
                    label.set_verticalalignment("center")
                elif angle % 180 == 90:
                    label.set_horizontalalignment("center")
                    label.set_verticalalignment("bottom" if (self.yTickPosition == "left") == (angle < 180) else "top")
                else:
                    label.set_horizontalalignment("right" if self.yTickPosition == "left" else "left")
                    label.set_verticalalignment("center")

    def _locate(self, axis: Any, which: str, angle: float, fontSize: float) -> None:
        from matplotlib import ticker

        log = (self.xscale if which == "x" else self.yscale) == "log"
        ticks, labels = self._ticks[which], self._labels[which]
        if ticks is None and labels is not None:
            ticks = np.arange(float(len(labels)))
        if ticks is not None:
            if labels is None:
                labels = [f"10^{text(float(t))}" if log and which == "x" else text(float(t)) for t in ticks]
            elif len(labels) < len(ticks):
                raise InvalidArgumentException(
                    f"{which}-axis has {len(ticks)} ticks but {len(labels)} tick labels: {labels}."
                )
            # as in the original, ticks of a logarithmic x-axis are exponents, those of a y-axis are values
            places = 10.0**ticks if log and which == "x" else ticks
            axis.set_major_locator(ticker.FixedLocator(places.tolist()))
            axis.set_major_formatter(ticker.FixedFormatter([text(label) for label in labels]))
            axis.set_minor_locator(ticker.NullLocator())
            for label in axis.get_ticklabels():
                label.set_parse_math(False)
            return
        if log:
            # matplotlib's own ticks of decades, with their ninths where there is room
            return
        alongText = (which == "x") == (angle % 180 == 0)
        space = self.tickLabelWidth if alongText else self.tickLabelHeight
        labelPixels = self.tickLabelStandardCount * _DIGIT * self.renderer.fontPoints(fontSize) * space
        pixels = self.plotArea[2 if which == "x" else 3] * self._part
        axis.set_major_locator(ticker.MultipleLocator(tick_step(self._span[which], pixels, labelPixels)))
        formatter = ticker.ScalarFormatter(useMathText=True)
        formatter.set_powerlimits((-5, 7))
        axis.set_major_formatter(formatter)
