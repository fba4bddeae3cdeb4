"""Legends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rindow_math.exceptions import DomainException, InvalidArgumentException
from rindow_math.plot._input import AnyCase, describe
from rindow_math.plot.artist.data_artist import DataArtist
from rindow_math.plot.artist.wedge import Wedge
from rindow_math.plot.configuration import Configured

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Target

    from rindow_math.plot.artist.axis_label import Area
    from rindow_math.plot.renderer import MatplotlibDriver

# matplotlib tries every point against every place; with more points the search takes longer than the drawing.
_MAX_POINTS = 100_000


class Legend(AnyCase, Configured):
    """Names of artists, at the place where they hide the least (PHP: ``Rindow\\Math\\Plot\\Artist\\Legend``)."""

    configClass = "legend"
    configNames = ("lineSpacing", "colorBoxWidth", "legendMargin", "fontSize")

    def __init__(
        self, config: Mapping[str, Any], renderer: MatplotlibDriver, handles: Sequence[Any], labels: Sequence[str]
    ) -> None:
        self.lineSpacing = 3
        self.colorBoxWidth = 20
        self.legendMargin = 6
        self.fontSize = 4
        self.loadConfigure(config, self.configNames, self.configClass)
        for handle in handles:
            if not isinstance(handle, DataArtist):
                raise DomainException(
                    f"handles must be array of DataArtist, got {describe(handle)} among them. "
                    "plot, bar, barh and pie return lists: join them."
                )
        if len(labels) < len(handles):
            raise InvalidArgumentException(
                f"labels must be specified for each artist, got {len(labels)} for {len(handles)}."
            )
        self.renderer = renderer
        self.handles = list(handles)
        self.labels = list(labels)

    def draw(self, target: Target, plotArea: Area, points: int = 0) -> None:
        """Adds the legend to matplotlib's axes; ``points`` is how many there are to keep clear of."""
        from matplotlib.lines import Line2D as Line

        if not self.handles:
            return
        size = self.renderer.fontPoints(self.fontSize)

        def relative(pixels: float) -> float:
            return self.renderer.points(pixels) / size

        margin = relative(self.legendMargin)
        drawn = [handle.legendHandle() or Line([], [], linestyle="none") for handle in self.handles]
        canvas = self.renderer.canvas
        left, bottom, width, height = plotArea
        # a pie leaves room in the corners only, and an overlap there can be read best
        search = points <= _MAX_POINTS and not any(isinstance(handle, Wedge) for handle in self.handles)
        legend = target.legend(
            drawn,
            [str(i) for i in range(len(drawn))],
            loc="best" if search else "upper right",
            bbox_to_anchor=(
                left / canvas.bbox.width,
                bottom / canvas.bbox.height,
                width / canvas.bbox.width,
                height / canvas.bbox.height,
            ),
            bbox_transform=canvas.transFigure,
            fontsize=size,
            handlelength=relative(self.colorBoxWidth),
            handleheight=relative(max(getattr(handle, "legendLineWidth", 8) for handle in self.handles)),
            handletextpad=margin,
            borderpad=margin,
            borderaxespad=margin,
            labelspacing=relative(self.lineSpacing),
            fancybox=False,
            shadow=False,
            frameon=True,
            framealpha=0.8,
            facecolor=canvas.get_facecolor(),
            edgecolor=self.renderer.allocateColor("gray"),
        )
        legend.get_frame().set_linewidth(self.renderer.points(1))
        # set afterwards: matplotlib leaves out names that begin with an underscore
        for shown, label in zip(legend.get_texts(), self.labels):
            shown.set_parse_math(False)
            shown.set_text(label)
            shown.set_color("black")
