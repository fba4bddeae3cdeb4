"""What puts figures on a canvas and shows them (PHP: ``Rindow\\Math\\Plot\\Renderer``)."""

from rindow_math.plot.renderer.driver import GDDriver, MatplotlibDriver

__all__ = ["GDDriver", "MatplotlibDriver"]
