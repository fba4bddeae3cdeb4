"""``python -m rindow_nn info`` says what runs; ``python -m rindow_nn bench`` how fast it runs."""

from __future__ import annotations

import argparse
import importlib.metadata
import itertools
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn import __version__
from rindow_nn.builder import NeuralNetworks

_SECONDS = 3.0  # of each measurement
_ENVIRONMENT = (
    "RINDOW_NUM_THREADS",
    "OMP_NUM_THREADS",
    "RINDOW_SIMD",
    "RINDOW_NEURALNETWORKS_BACKEND",
    "RINDOW_NEURALNETWORKS_DATASETS",
    "RINDOW_MATH_PLOT_VIEWER",
)


def info() -> None:
    """Prints versions, what runs the arithmetic, and where data are kept."""
    from rindow_nn.datasets.folder import datasetsFolder

    print(f"rindow-nn {__version__} in {Path(__file__).parent}")
    print(f"{platform.platform()}, {_processor()}")
    print(MatrixOperator().service().info().rstrip())
    for package, use in (("matplotlib", "plots"), ("pillow", "images from files")):
        try:
            print(f"{package:16}: {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            print(f"{package:16}: not installed ({use})")
    folder = datasetsFolder()
    print(f"{'Data sets':16}: {folder}{'' if folder.is_dir() else ' (does not exist yet)'}")
    for name in _ENVIRONMENT:
        if name in os.environ:
            print(f"{name}={os.environ[name]}")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _repeated(step: Callable[[], Any]) -> float:
    """Median of the seconds that a call takes."""
    step()
    end = time.perf_counter() + _SECONDS
    times: list[float] = []
    while len(times) < 3 or (time.perf_counter() < end and len(times) < 100_000):
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    return median(times)


def _training(nn: Any, model: Any, x: Any, t: Any) -> Callable[[], Any]:
    """A function that takes one training step."""
    model.compile(
        optimizer=nn.optimizers.Adam(), loss=nn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["loss"]
    )
    return lambda: model.fit(itertools.repeat((x, t), 20), epochs=1, verbose=0)


def measurements() -> Iterator[tuple[str, str]]:
    """What is measured, and how fast it is."""
    mo = MatrixOperator()
    nn = NeuralNetworks(mo)
    K, g, la, layers = nn.backend, nn.gradient, mo.la(), nn.layers
    nn.utils().setSeed(0)

    a, b, c = la.randomNormal([1024, 1024], 0, 1), la.randomNormal([1024, 1024], 0, 1), la.alloc([1024, 1024])
    seconds = _repeated(lambda: la.gemm(a, b, 1.0, 0.0, c))
    yield "matrix product 1024 x 1024 x 1024", f"{2 * 1024**3 / seconds / 1e9:10.0f} GFLOP/s"

    x = la.randomNormal([4_000_000], 0, 1)
    yield "copy of 4,000,000 numbers", f"{8 * 4e6 / _repeated(lambda: la.copy(x)) / 1e9:10.1f} GB/s"
    yield "exp of 4,000,000 numbers", f"{8 * 4e6 / _repeated(lambda: K.exp(x)) / 1e9:10.1f} GB/s"

    p, q = g.Variable(2.0), g.Variable(3.0)

    def tape() -> None:
        with g.GradientTape() as tape:
            r = g.mul(p, q)
        tape.gradient(r, [p, q])

    yield "a product of two numbers on a tape, and its gradient", f"{_repeated(tape) * 1e6:10.1f} us"

    def classes(n: int, rows: int, *more: int) -> Any:
        return mo.array(la.randomUniform([rows, *more], 0, n - 1), NDArray.int32)

    model = nn.models.Sequential([layers.Dense(128, input_shape=[784], activation="relu"), layers.Dense(10)])
    step = _training(nn, model, la.randomNormal([256, 784], 0, 1), classes(10, 256))
    yield "training two dense layers, batches of 256 x 784", f"{20 * 256 / _repeated(step):10.0f} samples/s"

    model = nn.models.Sequential(
        [
            layers.Conv2D(32, 3, input_shape=[32, 32, 3], activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10),
        ]
    )
    step = _training(nn, model, la.randomNormal([64, 32, 32, 3], 0, 1), classes(10, 64))
    yield "training two convolutions, batches of 64 x 32 x 32 x 3", f"{20 * 64 / _repeated(step):10.0f} samples/s"

    model = nn.models.Sequential([layers.Embedding(50, 32, input_length=16), layers.GRU(128), layers.Dense(10)])
    step = _training(nn, model, classes(50, 32, 16), classes(10, 32))
    yield "training a recurrent layer, batches of 32 x 16 words", f"{20 * 32 / _repeated(step):10.0f} samples/s"


def bench() -> None:
    """Prints how fast this library is on this machine, in less than a minute."""
    for line in MatrixOperator().service().info().splitlines():
        if line.startswith(("SIMD", "Threads")):
            print(line)
    for what, speed in measurements():
        print(f"{what:56}{speed}", flush=True)
    print("Figures mean something only beside others of the same machine and hour: benchmarks/run.py measures them.")


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; answers the exit status."""
    parser = argparse.ArgumentParser(prog="python -m rindow_nn", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("info", help="versions, BLAS, SIMD variant, threads, folders")
    commands.add_parser("bench", help="a check of speed that takes less than a minute")
    command = parser.parse_args(arguments).command
    {"info": info, "bench": bench}[command]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
