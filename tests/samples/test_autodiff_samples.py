"""The examples of the documentation print what the documentation says."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "autodiff"

PRINTED = {
    "01_value.py": "[2,3]\n",
    "02_variable.py": "[2,3]\n",
    "03_variable_copies.py": "a=[2,3]\nvalue=[0,0]\na=[2,3]\n",
    "04_variable_from_list.py": "b=[4,5]\n",
    "05_function.py": "c=6\n",
    "06_gradient_tape.py": "c=6\n",
    "07_gradients.py": "da=3\ndb=2\n",
    "08_basic_use.py": "c=6\nda=3\ndb=2\n",
    "09_layer_and_loss.py": "",
    "10_update_parameters.py": "",
    "12_compiled_function.py": "z=4\nda=60\ndb=40\n",
}

INSPECT = """
import json, runpy, sys
names = runpy.run_path(sys.argv[1])
print(json.dumps({expression}))
"""


def run(arguments, folder):
    """Runs Python in a folder of its own, without a display, and gives what it printed."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    for name in ("MPLBACKEND", "RINDOW_MATH_PLOT_VIEWER"):
        environment.pop(name, None)
    environment["TMPDIR"] = str(folder)
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def inspect(sample, expression, folder):
    """The JSON value of an expression on the ``names`` that a sample leaves, and the lines that it printed before."""
    *lines, last = run(["-c", INSPECT.format(expression=expression), SAMPLES / sample], folder).splitlines()
    return json.loads(last), lines


def test_every_example_is_tested():
    assert {path.name for path in SAMPLES.glob("*.py")} == {*PRINTED, "11_training.py"}


@pytest.mark.parametrize("sample", PRINTED)
def test_prints_what_the_document_says(sample, tmp_path):
    assert run([SAMPLES / sample], tmp_path) == PRINTED[sample]


def test_layer_and_loss_have_gradients(tmp_path):
    expression = "[(v.shape(), d.shape()) for v, d in zip(names['weights'], names['grads'])]"
    shapes, _ = inspect("09_layer_and_loss.py", expression, tmp_path)
    assert shapes == [[[3, 10], [3, 10]], [[10], [10]]]


def test_optimizer_updates_the_weights(tmp_path):
    expression = "[names['weights'][1].value().toArray(), names['grads'][1].toArray()]"
    (bias, gradient), _ = inspect("10_update_parameters.py", expression, tmp_path)
    # The bias begins at zero, so that one step of SGD leaves -0.01 times its gradient.
    assert bias == pytest.approx([-0.01 * d for d in gradient], rel=1e-6)
    assert sum(gradient) == pytest.approx(0, abs=1e-6)
    assert max(gradient) > 0


def test_compiled_function_gives_the_square(tmp_path):
    z, _ = inspect("12_compiled_function.py", "float(names['z'])", tmp_path)
    assert z == 100


def test_training_learns_and_draws_its_losses(tmp_path):
    history, lines = inspect("11_training.py", "[float(loss) for loss in names['history']]", tmp_path)
    assert len(history) == 100
    assert history[-1] < 0.7 * history[0]
    assert all(after < before for before, after in itertools.pairwise(history[10:]))
    (picture,) = tmp_path.rglob("*.png")
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert str(picture) in "\n".join(lines)
