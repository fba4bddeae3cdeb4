"""The canvas of a figure, its files and its viewers."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import secrets
import shlex
import stat
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rindow_math.exceptions import InvalidArgumentException, LogicException, RuntimeException
from rindow_math.plot._input import describe, is_number, require_matplotlib
from rindow_math.plot.renderer.colors import RGBA, to_rgba

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

# Agg, matplotlib's pixel engine, cannot draw larger pictures.
_MAX_PIXELS = 2**16 - 1

# GD's numbered bitmap fonts as point sizes of about the same width.
_FONT_POINTS = {1: 6.0, 2: 7.5, 3: 8.5, 4: 10.0, 5: 12.0}

# matplotlib's backends that only write files.
_WITHOUT_WINDOWS = {"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"}

# Temporary pictures of this process: its own clean-up spares them, their paths may have been printed.
_written: set[str] = set()


class MatplotlibDriver:
    """Draws with matplotlib, writes PNG files and runs a viewer.

    All lengths are pixels with the origin at the bottom left, as in the original; one pixel is 0.72 point.

    Args:
        filename: folder of temporary pictures; a folder of the user's own in the system's temporary folder if omitted.
        skipCleaning: accepted as in the original; ``Plot`` decides when to clean up.
        skipRunViewer: do not run a viewer and print nothing.
        execBackground: do not wait for the viewer to end.

    PHP: ``Rindow\\Math\\Plot\\Renderer\\GDDriver``.
    """

    viewer = "RINDOW_MATH_PLOT_VIEWER"
    dpi = 100

    def __init__(
        self,
        filename: str | os.PathLike[str] | None = None,
        skipCleaning: bool | None = None,
        skipRunViewer: bool | None = None,
        execBackground: bool | None = None,
    ) -> None:
        require_matplotlib()
        self.filename = Path(filename) if filename else None
        self.skipCleaning = bool(skipCleaning)
        self.skipRunViewer = bool(skipRunViewer)
        self.execBackground = bool(execBackground)
        self._canvas: Canvas | None = None

    def setTempFile(self, filename: str | os.PathLike[str] | None) -> None:
        """Sets the folder of temporary pictures."""
        self.filename = Path(filename) if filename else None

    def open(self, width: int, height: int) -> Canvas:
        """Starts an empty picture of that many pixels."""
        for size in (width, height):
            if not is_number(size) or not 1 <= size <= _MAX_PIXELS:
                raise InvalidArgumentException(
                    f"the figure size must be [width, height] from 1 to {_MAX_PIXELS} pixels, got [{width}, {height}]."
                )
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as Canvas

        # a little more than asked: older matplotlib truncates inches * dpi, and 2.03 * 100 is below 203
        self._canvas = Canvas(figsize=((int(width) + 0.01) / self.dpi, (int(height) + 0.01) / self.dpi), dpi=self.dpi)
        # the user's style sheet may ask for one
        self._canvas.set_layout_engine("none")
        FigureCanvasAgg(self._canvas)
        return self._canvas

    def close(self) -> None:
        """Drops the picture."""
        self._canvas = None

    @property
    def canvas(self) -> Canvas:
        """The open picture, a matplotlib Figure.

        Raises:
            LogicException: no picture is open.
        """
        if self._canvas is None:
            raise LogicException("No picture is open: call open(width, height) before drawing.")
        return self._canvas

    def drawing(self) -> Any:
        """matplotlib's renderer of the picture, which measures texts."""
        return cast("Any", self.canvas.canvas).get_renderer()

    def points(self, pixels: float) -> float:
        """A length in points, matplotlib's unit of text and lines."""
        return pixels * 72 / self.dpi

    def fontPoints(self, size: float) -> float:
        """The size in points of one of GD's fonts 1 to 5; larger sizes are points already."""
        if not is_number(size) or size <= 0:
            raise InvalidArgumentException(f"the font size must be a positive number, not {describe(size)}.")
        return float(size) if size > 5 else _FONT_POINTS[max(1, int(size))]

    def allocateColor(self, color: Any) -> RGBA:
        """The color as matplotlib takes it; see ``rindow_math.plot.renderer.colors.to_rgba``."""
        return to_rgba(color)

    def show(self, filename: str | os.PathLike[str] | None = None) -> None:
        """Writes the picture to the file, or shows it where that is possible; see ``Plot.show``."""
        if filename is not None and os.fspath(filename) != "":
            self._write(Path(filename))
            return
        viewer = os.environ.get(self.viewer, "").strip()
        if not self.skipRunViewer and not viewer and (self._show_in_notebook() or self._show_in_window()):
            return
        path = self._folder() / f"plo{secrets.token_hex(6)}.png"
        self._write(path)
        _written.add(os.path.realpath(path))
        if self.skipRunViewer:
            return
        if viewer:
            self._run_viewer(viewer, path)
        elif hasattr(os, "startfile"):
            os.startfile(path)
        else:
            print(f"The figure is in {path} (set {self.viewer} to a program that opens PNG files to see it at once).")

    def cleanUp(self) -> None:
        """Deletes the temporary pictures that earlier processes left."""
        with contextlib.suppress(OSError):
            for path in self._folder().glob("plo*.png"):
                if os.path.realpath(path) not in _written and stat.S_ISREG(path.lstat().st_mode):
                    with contextlib.suppress(OSError):
                        path.unlink()

    def _folder(self) -> Path:
        if self.filename is None:
            self.filename = self._private_folder()
        try:
            self.filename.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RuntimeException(f"The folder of temporary pictures cannot be made: {error}") from error
        return self.filename

    @staticmethod
    def _private_folder() -> Path:
        """A folder that nobody else can have laid: /tmp is shared, so its owner is checked."""
        base = Path(tempfile.gettempdir())
        if not hasattr(os, "geteuid"):
            return base / "rindow" / "mathplot"
        folder = base / f"rindow-mathplot-{os.geteuid()}"
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and os.access(folder, os.W_OK):
                return folder
        return Path(tempfile.mkdtemp(prefix="rindow-mathplot-"))

    def _encode(self, suffix: str) -> bytes:
        buffer = io.BytesIO()
        if suffix == ".svg":
            from matplotlib.backends.backend_svg import FigureCanvasSVG

            FigureCanvasSVG(self.canvas).print_svg(buffer)
        elif suffix == ".pdf":
            from matplotlib.backends.backend_pdf import FigureCanvasPdf

            FigureCanvasPdf(self.canvas).print_pdf(buffer)
        else:
            from matplotlib.backends.backend_agg import FigureCanvasAgg

            FigureCanvasAgg(self.canvas).print_png(buffer)
        return buffer.getvalue()

    def _write(self, path: Path) -> None:
        """Writes beside the target and renames, so that a reader never finds half a picture."""
        data = self._encode(path.suffix.lower())
        # a link keeps its place, its target is replaced
        target = Path(os.path.realpath(path))
        try:
            if target.exists() and not target.is_file():
                # a device or a pipe: nothing to rename over
                target.write_bytes(data)
                return
            beside = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
            try:
                with open(beside, "xb") as file:
                    file.write(data)
                if target.exists():
                    os.chmod(beside, stat.S_IMODE(target.stat().st_mode))
                os.replace(beside, target)
            finally:
                beside.unlink(missing_ok=True)
        except OSError as error:
            raise RuntimeException(f"The figure cannot be written to {path}: {error.strerror or error}.") from error

    def _run_viewer(self, command: str, path: Path) -> None:
        """Runs the viewer without a shell. Its failure is a warning: the picture exists, and a long run goes on."""
        try:
            # the name of a program may hold spaces
            arguments = [command] if os.path.isfile(command) else shlex.split(command, posix=os.name != "nt")
            if self.execBackground:
                subprocess.Popen(
                    [*arguments, str(path)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
                return
            status = subprocess.run([*arguments, str(path)], check=False).returncode
            trouble = f"ended with status {status}" if status else ""
        except ValueError as error:
            trouble = f"cannot be split into arguments ({error})"
        except OSError as error:
            trouble = f"cannot be run ({error.strerror or error})"
        if trouble:
            warnings.warn(
                f"The viewer {command!r} named by {self.viewer} {trouble}. The figure is in {path}.",
                RuntimeWarning,
                stacklevel=4,
            )

    def _show_in_notebook(self) -> bool:
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
        if getattr(shell, "kernel", None) is None:
            return False
        display = importlib.import_module("IPython.display")
        display.display(display.Image(data=self._encode(".png"), format="png"))
        return True

    def _show_in_window(self) -> bool:
        """Opens matplotlib's own window if the user chose a backend that has windows."""
        if not os.environ.get("MPLBACKEND") and "matplotlib.pyplot" not in sys.modules:
            return False
        import matplotlib

        try:
            backend = str(matplotlib.get_backend()).lower()
            if backend in _WITHOUT_WINDOWS or backend.endswith("inline"):
                return False
            from matplotlib import pyplot

            canvas = self.canvas
            # pyplot makes its windows around new figures only, so this one is passed off as new
            pyplot.figure(FigureClass=cast("type[Canvas]", lambda *args, **options: canvas))
            pyplot.show()
        except ImportError:
            # no display, or the toolkit is not installed
            return False
        return True


class GDDriver(MatplotlibDriver):
    """The driver under the original's name and with its argument list.

    Args:
        bottomOrigin: only the original's default, the origin at the bottom, is supported.
        image: not supported; the driver makes its own canvas.
        filename: folder of temporary pictures.
        skipCleaning: see ``MatplotlibDriver``.
        skipRunViewer: see ``MatplotlibDriver``.
        execBackground: see ``MatplotlibDriver``.

    Raises:
        InvalidArgumentException: ``bottomOrigin`` is false or an image is given.

    PHP: ``Rindow\\Math\\Plot\\Renderer\\GDDriver``.
    """

    def __init__(
        self,
        bottomOrigin: bool | None = None,
        image: Any = None,
        filename: str | os.PathLike[str] | None = None,
        skipCleaning: bool | None = None,
        skipRunViewer: bool | None = None,
        execBackground: bool | None = None,
    ) -> None:
        if bottomOrigin is not None and not bottomOrigin:
            raise InvalidArgumentException("bottomOrigin must be true: matplotlib's origin is at the bottom.")
        if image is not None:
            raise InvalidArgumentException("image must be omitted: there is no GD image to draw on.")
        super().__init__(filename, skipCleaning, skipRunViewer, execBackground)
