"""What axes hold: lines, bars, markers, wedges, images, and the frame and texts around them.

PHP: ``Rindow\\Math\\Plot\\Artist``.
"""

from rindow_math.plot.artist.axis_label import AbstractAxisLabel, Title, XAxisLabel, YAxisLabel
from rindow_math.plot.artist.bar import Bar
from rindow_math.plot.artist.box_frame import BoxFrame
from rindow_math.plot.artist.colorbar import Colorbar
from rindow_math.plot.artist.data_artist import DataArtist, Mappable
from rindow_math.plot.artist.image import Image
from rindow_math.plot.artist.legend import Legend
from rindow_math.plot.artist.line2d import Line2D
from rindow_math.plot.artist.marker import Marker
from rindow_math.plot.artist.wedge import Wedge

__all__ = [
    "AbstractAxisLabel",
    "Bar",
    "BoxFrame",
    "Colorbar",
    "DataArtist",
    "Image",
    "Legend",
    "Line2D",
    "Mappable",
    "Marker",
    "Title",
    "Wedge",
    "XAxisLabel",
    "YAxisLabel",
]
