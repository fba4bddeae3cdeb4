"""Scales of colors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rindow_math.plot.artist.data_artist import DataArtist

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Target

    from rindow_math.plot.renderer import MatplotlibDriver
    from rindow_math.plot.system.colormap import Colormap


class Colorbar(DataArtist):
    """The scale of a colormap, filling its axes (PHP: ``Rindow\\Math\\Plot\\Artist\\Colorbar``)."""

    def __init__(self, renderer: MatplotlibDriver, cmap: Colormap, bottom: float, top: float) -> None:
        super().__init__(renderer)
        self.cmap = cmap
        if bottom == top:
            around = abs(top) * 0.05
            bottom, top = (top - around, top + around) if around else (0.0, 1.0)
        self.bottom = float(bottom)
        self.top = float(top)

    def points(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return [np.array([0.0, 1.0])], [np.array([self.bottom, self.top])]

    def draw(self, target: Target) -> None:
        target.imshow(
            np.linspace(0, 1, 256)[:, np.newaxis],
            cmap=self.cmap.matplotlib(),
            vmin=0,
            vmax=1,
            origin="lower",
            extent=(0, 1, self.bottom, self.top),
            aspect="auto",
            interpolation="nearest",
        )
