"""Pictures of arrays: the API of Rindow Math Plot, drawn by matplotlib.

``Plot`` is the entry; ``system`` has the figures and axes that it makes, ``artist`` what they hold. matplotlib is an
optional dependency (``pip install "rindow-nn[plot]"``) and is loaded when something is drawn, not when this package
is imported. A figure is drawn on a canvas of its own: pyplot's state is left alone and no display is needed.

Example:
    >>> from rindow_math.plot import Plot
    >>> plt = Plot()
    >>> line, = plt.plot([0, 1, 4, 9], None, 'o--', 'x**2')
    >>> legend = plt.legend()
    >>> plt.show('squares.png')
"""

from rindow_math.plot.plot import Plot

__all__ = ["Plot"]
