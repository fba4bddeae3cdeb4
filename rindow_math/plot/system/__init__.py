"""Figures, axes, colormaps and configuration (PHP: ``Rindow\\Math\\Plot\\System``)."""

from rindow_math.plot.configuration import Configure, Configured
from rindow_math.plot.system.axes import Axes
from rindow_math.plot.system.colormap import CmapManager, Colormap
from rindow_math.plot.system.figure import Figure

__all__ = ["Axes", "CmapManager", "Colormap", "Configure", "Configured", "Figure"]
