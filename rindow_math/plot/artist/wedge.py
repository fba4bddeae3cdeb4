"""Pieces of a pie."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rindow_math.plot.artist.data_artist import DataArtist

if TYPE_CHECKING:
    from matplotlib.artist import Artist as Handle
    from matplotlib.axes import Axes as Target

    from rindow_math.plot.renderer import MatplotlibDriver


class Wedge(DataArtist):
    """A piece of a pie with its label and percentage (PHP: ``Rindow\\Math\\Plot\\Artist\\Wedge``)."""

    configClass = "wedge"
    configNames = ("labelDistance", "labelColor", "pctDistance", "pctColor", "fontSize", "legendLineWidth")

    def __init__(
        self,
        config: Mapping[str, Any],
        renderer: MatplotlibDriver,
        center: Sequence[float],
        radius: float,
        start: float,
        end: float,
        color: Any = None,
        label: Any = None,
        pctText: str | None = None,
        explode: float | None = None,
    ) -> None:
        super().__init__(renderer, label, color)
        self.labelDistance = 1.1
        self.labelColor: Any = "black"
        self.pctDistance = 0.6
        self.pctColor: Any = "black"
        self.fontSize = 4
        self.legendLineWidth = 8
        self.loadConfigure(config, self.configNames, self.configClass)
        self.center = center
        self.radius = radius
        self.angle1 = start
        self.angle2 = end
        self.pctText = pctText
        self.explode = explode or 0.0

    def points(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        square = np.array([-1.0, 1.0])
        return [square], [square]

    def draw(self, target: Target) -> None:
        from matplotlib.patches import Wedge as Patch

        theta = math.radians((self.angle1 + self.angle2) / 2)
        along = math.cos(theta), math.sin(theta)
        center = self.center[0] + self.explode * along[0], self.center[1] + self.explode * along[1]
        target.add_patch(
            Patch(
                center,
                self.radius,
                self.angle1,
                self.angle2,
                facecolor=self.renderer.allocateColor(self.color),
                linewidth=0,
                clip_on=False,
                zorder=self.zorder,
            )
        )
        if self.label:
            x, y = ((self.labelDistance + self.explode) * a for a in along)
            halign = "right" if x < -0.1 else "left" if x >= 0.1 else "center"
            valign = "top" if y < -0.1 else "bottom" if y >= 0.1 else "center"
            self._text(target, x, y, self.label, self.labelColor, halign, valign)
        if self.pctText:
            x, y = ((self.pctDistance + self.explode) * a for a in along)
            self._text(target, x, y, self.pctText, self.pctColor, "center", "center")

    def _text(self, target: Target, x: float, y: float, text: str, color: Any, halign: str, valign: str) -> None:
        target.text(
            x,
            y,
            text,
            color=self.renderer.allocateColor(color),
            fontsize=self.renderer.fontPoints(self.fontSize),
            ha=halign,
            va=valign,
            parse_math=False,
        )

    def legendHandle(self) -> Handle:
        from matplotlib.patches import Patch

        return Patch(facecolor=self.renderer.allocateColor(self.color), linewidth=0)
