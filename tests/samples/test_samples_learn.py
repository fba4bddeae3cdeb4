"""Every sample learns, on data that come with the package or that it makes itself."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rindow_nn

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
PACKAGES = Path(rindow_nn.__file__).resolve().parents[1]
RUN = """
import runpy, sys
seed, packages, sample = sys.argv[1:4]
sys.path[:0] = [".", packages]
sys.argv[:] = sys.argv[3:]
from rindow_math.matrix.random import setSeed
setSeed(int(seed))
runpy.run_path(sample, run_name="__main__")
"""

#: sample, arguments, the figure of the last epoch that is looked at, what it must reach
LEARNS = [
    ("basic-image-classification", "digits 20", "val_accuracy", 0.94),
    ("basic-image-classification-custom", "digits 20", "val_accuracy", 0.94),
    ("cnn-image-classification", "digits 10", "val_accuracy", 0.93),
    ("image-classification-with-cnn", "digits 6", "accuracy", 0.88),
    ("basic-text-classification", "--offline --epochs 15", "accuracy", 0.88),
    ("learn-add-numbers-with-rnn", "--epochs 9", "val_accuracy", 0.9),
    ("neural-machine-translation-with-attention", "--offline --epochs 30 --units 64", "val_accuracy", 0.95),
    ("neural-machine-translation-with-transformer", "--offline --epochs 10 --width 64 --layers 2 --warmup 200",
     "accuracy", 0.95),
]  # fmt: skip


def run(sample, arguments, folder, seed=0):
    """What a sample prints that runs in a folder of its own, without the network."""
    ignored = shutil.ignore_patterns("*.model", "*.pkl", "__pycache__")
    shutil.copytree(SAMPLES, folder / "samples", ignore=ignored, dirs_exist_ok=True)
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND", "RINDOW_MATH_PLOT_VIEWER", "PYTHONPATH")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment.update(TMPDIR=str(folder), RINDOW_NEURALNETWORKS_DATASETS=str(folder / "datasets"))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN, str(seed), str(PACKAGES), f"{sample}.py", *arguments.split()],
        cwd=folder / "samples",
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def last(name, printed):
    """The figure of that name in the last epoch."""
    return float(re.findall(rf"\b{name}:(\d+\.\d+)", printed)[-1])


@pytest.mark.slow
@pytest.mark.parametrize(("sample", "arguments", "figure", "bar"), LEARNS, ids=[row[0] for row in LEARNS])
def test_learns(sample, arguments, figure, bar, tmp_path):
    assert last(figure, run(sample, arguments, tmp_path)) >= bar


def test_arguments_by_place_and_a_second_run_that_loads_the_model(tmp_path):
    first, second = (run("basic-image-classification", "digits 2 shrink", tmp_path) for _ in range(2))
    assert "Shrink train=[1437,28,28]\nShrink test=[200,28,28]\n" in first
    assert "training model ..." in first and "Epoch 2/2 " in first and "Epoch 3/" not in first
    assert "loading model ..." in second and "Epoch" not in second
