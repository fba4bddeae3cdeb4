"""Bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rindow_math.plot.artist.data_artist import DataArtist

if TYPE_CHECKING:
    from matplotlib.artist import Artist as Handle
    from matplotlib.axes import Axes as Target

    from rindow_math.plot.renderer import MatplotlibDriver


class Bar(DataArtist):
    """The bars of one data set, standing or lying (PHP: ``Rindow\\Math\\Plot\\Artist\\Bar``)."""

    configClass = "bar"
    configNames = ("legendLineWidth",)

    def __init__(
        self,
        config: Mapping[str, Any],
        renderer: MatplotlibDriver,
        box: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
        color: Any = None,
        label: Any = None,
    ) -> None:
        super().__init__(renderer, label, color)
        self.legendLineWidth = 8
        self.loadConfigure(config, self.configNames, self.configClass)
        self.left, self.bottom, self.width, self.height = box

    def points(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return [self.left, self.left + self.width], [self.bottom, self.bottom + self.height]

    def draw(self, target: Target) -> None:
        color = self.renderer.allocateColor(self.color)
        target.bar(
            self.left,
            self.height,
            self.width,
            self.bottom,
            align="edge",
            color=color,
            linewidth=0,
            zorder=self.zorder,
        )

    def legendHandle(self) -> Handle:
        from matplotlib.patches import Patch

        return Patch(facecolor=self.renderer.allocateColor(self.color), linewidth=0)
