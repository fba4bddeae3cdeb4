"""Titles and names of axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rindow_math.exceptions import LogicException
from rindow_math.plot._input import is_number
from rindow_math.plot.configuration import Configured

if TYPE_CHECKING:
    from rindow_math.plot.renderer import MatplotlibDriver

# Left, bottom, width, height in pixels.
Area = tuple[float, float, float, float]

#: Least distance of a text from the tick labels beside it and from the edge of the figure, in pixels.
EDGE = 4


class AbstractAxisLabel(Configured):
    """A text beside the plot area (PHP: ``Rindow\\Math\\Plot\\Artist\\AbstractAxisLabel``)."""

    configNames = ("position", "rotate", "fontSize", "color", "margin")
    position = "up"
    rotate: float = 0
    fontSize: float = 4
    color: Any = "black"
    margin: float = 0

    def __init__(self, config: Mapping[str, Any], renderer: MatplotlibDriver, plotArea: Area, text: str) -> None:
        self.loadConfigure(config, self.configNames, self.configClass)
        if self.position not in ("up", "down", "left", "right"):
            raise LogicException(
                f"invalid axis label position: {self.position!r}; {self.configClass}.position must be "
                '"up", "down", "left" or "right".'
            )
        self.renderer = renderer
        self.plotArea = plotArea
        self.text = text

    def room(self) -> float:
        """How many pixels the text takes beside the tick labels at the left."""
        if not self.text or self.position != "left":
            return 0.0
        lines = self.text.count("\n") + 1
        return lines * 1.2 * self.renderer.fontPoints(self.fontSize) / self.renderer.points(1) + EDGE

    def draw(self, occupied: Area) -> None:
        """Adds the text, outside of ``occupied``: the plot area with its tick labels."""
        if not self.text:
            return
        left, bottom, width, height = self.plotArea
        x, y = left + width / 2, bottom + height / 2
        halign = valign = "center"
        if self.position == "up":
            y = max(bottom + height + self.margin, occupied[1] + occupied[3] + EDGE)
            # letters that hang below the line hang into the margin
            valign = "baseline"
        elif self.position == "down":
            y = min(bottom - self.margin, occupied[1] - EDGE)
            valign = "top"
        elif self.position == "left":
            x = min(left - self.margin, occupied[0] - EDGE)
            halign = "right"
        else:
            x = max(left + width + self.margin, occupied[0] + occupied[2] + EDGE)
            halign = "left"
        canvas = self.renderer.canvas
        shown = canvas.text(
            x / canvas.bbox.width,
            y / canvas.bbox.height,
            self.text,
            color=self.renderer.allocateColor(self.color),
            fontsize=self.renderer.fontPoints(self.fontSize),
            rotation=self.rotate if is_number(self.rotate) else 0,
            ha=halign,
            va=valign,
            parse_math=False,
        )
        self._keep_inside(shown)

    def _keep_inside(self, shown: Any) -> None:
        """Moves a text that would leave the figure back to its edge: overlapping can be read, cut off cannot."""
        canvas = self.renderer.canvas
        box = shown.get_window_extent(self.renderer.drawing())
        x, y = shown.get_position()
        for low, high, size, axis in ((box.x0, box.x1, canvas.bbox.width, 0), (box.y0, box.y1, canvas.bbox.height, 1)):
            shift = 0.0
            if high > size - EDGE:
                shift = size - EDGE - high
            if low + shift < EDGE:
                shift = EDGE - low
            if axis == 0:
                x += shift / size
            else:
                y += shift / size
        shown.set_position((x, y))


class Title(AbstractAxisLabel):
    """The title (PHP: ``Rindow\\Math\\Plot\\Artist\\Title``)."""

    configClass = "title"
    position = "up"
    fontSize = 5
    margin = 6


class XAxisLabel(AbstractAxisLabel):
    """The name of the x-axis (PHP: ``Rindow\\Math\\Plot\\Artist\\XAxisLabel``)."""

    configClass = "xlabel"
    position = "down"
    margin = 30


class YAxisLabel(AbstractAxisLabel):
    """The name of the y-axis (PHP: ``Rindow\\Math\\Plot\\Artist\\YAxisLabel``)."""

    configClass = "ylabel"
    position = "left"
    rotate = 90
    margin = 56
