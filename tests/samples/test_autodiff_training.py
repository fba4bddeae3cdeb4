"""The sample that trains on the embedded digits."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "autodiff-training.py"
EPOCH = re.compile(
    r"epoch (\d+)/(\d+) loss: (\d+\.\d{4}) accuracy: (\d\.\d{4}) val_loss: (\d+\.\d{4}) val_accuracy: (\d\.\d{4})"
)


def run(*arguments, folder):
    """Runs the sample in a folder of its own."""
    return subprocess.run(
        [sys.executable, str(SAMPLE), *arguments], cwd=folder, capture_output=True, encoding="utf-8", timeout=300
    )


def epochs(printed):
    """The figures of each epoch: number, of how many, loss, accuracy, loss and accuracy of the test."""
    return [[float(figure) for figure in found] for found in EPOCH.findall(printed)]


def test_few_epochs_learn_and_draw(tmp_path):
    done = run("--epochs", "3", "--batch-size", "64", "--plot", "loss.png", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    figures = epochs(done.stdout)
    assert [(number, of) for number, of, *_ in figures] == [(1, 3), (2, 3), (3, 3)]
    assert figures[0][2] > figures[1][2] > figures[2][2]
    assert figures[0][3] < figures[2][3]
    assert figures[2][5] > 0.8
    assert "1437 digits to train with, 360 to test with" in done.stdout
    assert "\r" not in done.stdout
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert [path.name for path in tmp_path.iterdir()] == ["loss.png"]


def test_reaches_95_percent_of_the_test_digits(tmp_path):
    done = run("--no-plot", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    last = epochs(done.stdout)[-1]
    assert last[5] >= 0.95
    assert f"test accuracy: {100 * last[5]:.1f} %" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_seed_decides_the_figures(tmp_path):
    first, again, other = (
        epochs(run("--epochs", "1", "--no-plot", "--seed", seed, folder=tmp_path).stdout) for seed in ("1", "1", "2")
    )
    assert len(first) == 1
    assert first == again != other


@pytest.mark.parametrize("arguments", [["--epochs", "0"], ["--batch-size", "-1"], ["--plot", "a.png", "--no-plot"]])
def test_refuses_arguments_that_make_no_sense(arguments, tmp_path):
    done = run(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert arguments[0] in done.stderr
