"""Where pictures go: files, viewers, windows, notebooks."""

import io
import os
import stat
import struct
import subprocess
import sys
import textwrap
import types

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from rindow_math.exceptions import InvalidArgumentException, RuntimeException
from rindow_math.plot import Plot
from rindow_math.plot.renderer import GDDriver, MatplotlibDriver
from rindow_math.plot.renderer import driver as driver_module


@pytest.fixture(autouse=True)
def quiet(monkeypatch, tmp_path):
    """No viewer, no display, no pyplot, and a temporary folder of the test's own."""
    for name in ("RINDOW_MATH_PLOT_VIEWER", "MPLBACKEND", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def png_size(path):
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert data.endswith(b"IEND\xaeB`\x82")
    return struct.unpack(">II", data[16:24])


def temporary_pictures(folder):
    return sorted(folder.rglob("plo*.png"))


@pytest.mark.parametrize("size", [[640, 480], [465, 481], [203, 232], [1001, 333]])
def test_file_of_the_asked_size(tmp_path, size):
    plt = Plot()
    plt.figure(None, size)
    plt.plot([1, 2])
    plt.show(tmp_path / "a.png")
    assert png_size(tmp_path / "a.png") == tuple(size)


def test_file_has_the_picture(tmp_path):
    from matplotlib import image

    plt = Plot()
    plt.imshow(np.zeros((1, 1, 3), np.uint8))
    plt.show(str(tmp_path / "a.png"))
    pixels = image.imread(tmp_path / "a.png")[..., :3]
    assert pixels[0, 0] == pytest.approx([211 / 255] * 3)
    assert pixels[240, 320] == pytest.approx([0, 0, 0])


def test_several_figures_are_numbered(tmp_path):
    plt = Plot()
    plt.plot([1, 2])
    plt.figure()
    plt.plot([2, 1])
    plt.show(tmp_path / "loss.png")
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["loss0.png", "loss1.png"]


def test_nothing_to_show(tmp_path, capsys):
    Plot().show(tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("name", "start"), [("a.svg", b"<?xml"), ("a.pdf", b"%PDF"), ("a.dat", b"\x89PNG")])
def test_formats_by_name(tmp_path, name, start):
    plt = Plot()
    plt.plot([1, 2])
    plt.show(tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_user_settings_do_not_change_the_size(tmp_path):
    import matplotlib

    with matplotlib.rc_context({"savefig.bbox": "tight", "savefig.dpi": 30, "figure.dpi": 30}):
        plt = Plot()
        plt.plot([1, 2])
        plt.show(tmp_path / "a.png")
    assert png_size(tmp_path / "a.png") == (640, 480)


def test_files_appear_whole_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / "a.png"
    target.write_text("old")
    target.chmod(0o600)
    plt = Plot()
    plt.plot([1, 2])

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", fail)
        with pytest.raises(RuntimeException, match=r"cannot be written to .*a\.png: No space left"):
            plt.show(target)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.png"]
    # the figures are still there for another try
    plt.show(target)
    assert png_size(target) == (640, 480)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link.png").symlink_to(tmp_path / "real.png")
    plt = Plot()
    plt.plot([1, 2])
    plt.show(tmp_path / "link.png")
    assert (tmp_path / "link.png").is_symlink()
    assert png_size(tmp_path / "real.png") == (640, 480)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_device_is_written_to_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.stdout.buffer.write(open({str(pipe)!r}, 'rb').read())"],
        stdout=subprocess.PIPE,
    )
    plt = Plot()
    plt.plot([1, 2])
    plt.show(pipe)
    data, _ = reader.communicate(timeout=60)
    assert data.startswith(b"\x89PNG")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_missing_folder(tmp_path):
    plt = Plot()
    plt.plot([1, 2])
    with pytest.raises(RuntimeException, match=r"missing.a\.png: No such file"):
        plt.show(tmp_path / "missing" / "a.png")


def test_without_display_the_path_is_printed(quiet, capsys):
    plt = Plot()
    plt.plot([1, 2])
    plt.show()
    (picture,) = temporary_pictures(quiet)
    assert png_size(picture) == (640, 480)
    assert str(picture) in capsys.readouterr().out


def test_empty_name_is_no_name(quiet, capsys):
    plt = Plot()
    plt.plot([1, 2])
    plt.show("")
    assert len(temporary_pictures(quiet)) == 1


def test_skip_run_viewer_is_silent(quiet, capsys, monkeypatch):
    monkeypatch.setenv("RINDOW_MATH_PLOT_VIEWER", "no-such-viewer")
    plt = Plot({"renderer.skipRunViewer": True})
    plt.plot([1, 2])
    plt.show()
    assert len(temporary_pictures(quiet)) == 1
    assert capsys.readouterr().out == ""


def test_clean_up_spares_what_this_process_wrote(quiet, capsys):
    plt = Plot()
    plt.plot([1, 2])
    plt.show()
    (mine,) = temporary_pictures(quiet)
    (mine.parent / "plo_old.png").write_bytes(b"")
    (mine.parent / "other.png").write_bytes(b"")
    (mine.parent / "plo_folder.png").mkdir()
    skipping = Plot({"renderer.skipCleaning": True})
    skipping.plot([1, 2])
    skipping.show()
    assert (mine.parent / "plo_old.png").exists()
    GDDriver().cleanUp()
    assert mine.exists()
    assert not (mine.parent / "plo_old.png").exists()
    assert (mine.parent / "other.png").exists()
    assert (mine.parent / "plo_folder.png").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners here")
def test_a_folder_of_somebody_else_is_not_used(quiet, monkeypatch):
    # laid by another user: only that link's owner decides what it points to
    target = quiet / "elsewhere"
    target.mkdir()
    (quiet / f"rindow-mathplot-{os.geteuid()}").symlink_to(target)
    plt = Plot({"renderer.skipRunViewer": True})
    plt.plot([1, 2])
    plt.show()
    assert list(target.iterdir()) == []
    assert len(temporary_pictures(quiet)) == 1


def test_own_temporary_folder(tmp_path):
    driver = MatplotlibDriver(tmp_path / "deep" / "folder", skipRunViewer=True)
    plt = Plot(None, None, driver)
    plt.plot([1, 2])
    plt.show()
    assert len(temporary_pictures(tmp_path / "deep")) == 1
    (tmp_path / "file").write_text("")
    driver.setTempFile(tmp_path / "file")
    plt.plot([1, 2])
    with pytest.raises(RuntimeException, match="folder of temporary pictures cannot be made"):
        plt.show()


# --- viewers ---


@pytest.fixture
def viewer(tmp_path):
    """A program that notes its arguments and copies the picture."""
    script = tmp_path / "viewer.py"
    script.write_text(
        textwrap.dedent(
            """
            import pathlib, sys
            folder = pathlib.Path(__file__).parent
            (folder / "seen.png").write_bytes(pathlib.Path(sys.argv[-1]).read_bytes())
            (folder / "arguments.txt").write_text("|".join(sys.argv[1:]))
            sys.exit(3 if "--fail" in sys.argv else 0)
            """
        )
    )
    return script


def test_the_viewer_gets_the_file_and_its_arguments(viewer, tmp_path, monkeypatch, capsys, quiet):
    monkeypatch.setenv("RINDOW_MATH_PLOT_VIEWER", f"'{sys.executable}' {viewer} --title 'two words; exit'")
    plt = Plot()
    plt.plot([1, 2])
    plt.show()
    (picture,) = temporary_pictures(quiet)
    assert (tmp_path / "arguments.txt").read_text() == f"--title|two words; exit|{picture}"
    assert png_size(tmp_path / "seen.png") == (640, 480)
    assert capsys.readouterr().out == ""


def test_a_file_name_needs_no_viewer(viewer, tmp_path, monkeypatch):
    monkeypatch.setenv("RINDOW_MATH_PLOT_VIEWER", f"{sys.executable} {viewer}")
    plt = Plot()
    plt.plot([1, 2])
    plt.show(tmp_path / "a.png")
    assert not (tmp_path / "seen.png").exists()


@pytest.mark.skipif(os.name == "nt", reason="scripts do not run by themselves there")
def test_the_name_of_a_viewer_may_hold_spaces(viewer, tmp_path, monkeypatch):
    program = tmp_path / "my viewer"
    program.write_text(f"#!{sys.executable}\n{viewer.read_text()}")
    program.chmod(0o755)
    monkeypatch.setenv("RINDOW_MATH_PLOT_VIEWER", str(program))
    plt = Plot()
    plt.plot([1, 2])
    plt.show()
    assert png_size(tmp_path / "seen.png") == (640, 480)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("no-such-viewer-anywhere -x", "cannot be run .No such file"),
        ("'unbalanced", "cannot be split into arguments"),
        ("{python} {viewer} --fail", "ended with status 3"),
    ],
)
def test_trouble_with_a_viewer_is_explained(viewer, monkeypatch, quiet, command, message):
    monkeypatch.setenv("RINDOW_MATH_PLOT_VIEWER", command.format(python=sys.executable, viewer=viewer))
    plt = Plot()
    plt.plot([1, 2])
    with pytest.warns(RuntimeWarning, match=message) as caught:
        plt.show()
    (picture,) = temporary_pictures(quiet)
    assert str(picture) in str(caught[0].message)
    assert caught[0].filename == __file__


def test_background_viewer_is_not_waited_for(monkeypatch):
    started = []
    monkeypatch.setattr(
        driver_module.subprocess, "Popen", lambda command, **options: started.append((command, options))
    )
    monkeypatch.setenv("RINDOW_MATH_PLOT_VIEWER", "eog -n")
    plt = Plot({"renderer.execBackground": True})
    plt.plot([1, 2])
    plt.show()
    ((command, options),) = started
    assert command[:2] == ["eog", "-n"]
    assert command[2].endswith(".png")
    assert options["stdout"] == subprocess.DEVNULL


def test_association_of_windows(monkeypatch, quiet, capsys):
    opened = []
    monkeypatch.setattr(os, "startfile", opened.append, raising=False)
    plt = Plot()
    plt.plot([1, 2])
    plt.show()
    assert opened == temporary_pictures(quiet)
    assert capsys.readouterr().out == ""


# --- windows and notebooks ---


def test_window_of_a_chosen_backend(tmp_path):
    """In a process of its own, since a backend is chosen once."""
    (tmp_path / "toybackend.py").write_text(
        textwrap.dedent(
            """
            from matplotlib.backend_bases import FigureManagerBase, _Backend
            from matplotlib.backends.backend_agg import FigureCanvasAgg

            class Manager(FigureManagerBase):
                @classmethod
                def pyplot_show(cls, *, block=None):
                    from matplotlib import pyplot
                    for num in pyplot.get_fignums():
                        figure = pyplot.figure(num)
                        print("window", *(int(s) for s in figure.bbox.size), len(figure.axes[0].lines))
                    pyplot.close("all")

            class Canvas(FigureCanvasAgg):
                manager_class = Manager

            @_Backend.export
            class _BackendToy(_Backend):
                FigureCanvas = Canvas
                FigureManager = Manager
            """
        )
    )
    program = (
        "from rindow_math.plot import Plot; p = Plot(); p.plot([1, 2]); p.show(); import sys; print(len(sys.argv))"
    )
    environment = {
        **os.environ,
        "MPLBACKEND": "module://toybackend",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
    }
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines() == ["window 640 480 1", "1"], done.stderr


def test_pyplot_is_left_alone(quiet, capsys):
    program = (
        "import sys; from rindow_math.plot import Plot; assert 'matplotlib' not in sys.modules;"
        "p = Plot(); assert 'matplotlib' not in sys.modules; p.plot([1, 2]); p.show();"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(quiet)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "False", done.stderr


def test_backend_without_windows_prints_the_path(monkeypatch, capsys):
    monkeypatch.setenv("MPLBACKEND", "agg")
    import matplotlib

    monkeypatch.setattr(matplotlib, "get_backend", lambda: "agg")
    plt = Plot()
    plt.plot([1, 2])
    plt.show()
    assert "plo" in capsys.readouterr().out


def test_notebook_shows_the_picture_in_place(monkeypatch, capsys, quiet):
    shown = []
    notebook = types.ModuleType("IPython")
    notebook.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    display = types.ModuleType("IPython.display")
    display.Image = lambda data, format: (data, format)
    display.display = shown.append
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    plt = Plot()
    plt.plot([1, 2])
    plt.show()
    ((data, kind),) = shown
    assert data.startswith(b"\x89PNG")
    assert kind == "png"
    assert capsys.readouterr().out == ""
    assert temporary_pictures(quiet) == []


# --- the driver ---


def test_matplotlib_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(RuntimeException, match=r'pip install "rindow-nn\[plot\]"'):
        Plot()


def test_the_original_driver_arguments(tmp_path):
    driver = GDDriver(True, None, str(tmp_path), True, True, False)
    assert driver.skipRunViewer
    assert driver.skipCleaning
    with pytest.raises(InvalidArgumentException, match="bottomOrigin"):
        GDDriver(False)
    with pytest.raises(InvalidArgumentException, match="image"):
        GDDriver(True, io.BytesIO())
    plt = Plot()
    plt.setRenderer(driver)
    assert plt.getRenderer() is driver
    plt.plot([1, 2])
    plt.show()
    assert len(temporary_pictures(tmp_path)) == 1


@pytest.mark.parametrize("size", [(70000, 100), (100, 0), ("a", 1)])
def test_impossible_sizes(size):
    with pytest.raises(InvalidArgumentException, match="the figure size must be"):
        MatplotlibDriver().open(*size)


def test_font_sizes():
    driver = MatplotlibDriver()
    assert [driver.fontPoints(size) for size in (1, 4, 5, 6, 20, 0.5)] == [6, 10, 12, 6, 20, 6]
    with pytest.raises(InvalidArgumentException, match="font size"):
        driver.fontPoints("big")
