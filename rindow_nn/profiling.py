"""Where the time of a training step goes."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from math import prod, sqrt
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from rindow_math.exceptions import LogicException
from rindow_nn.gradient.core.tape import set_events

__all__ = ["Event", "Profile", "profile"]

_Specs = list[tuple[tuple[int, ...], int]]


class Event(NamedTuple):
    """One call.

    ``begin`` and ``end`` are nanoseconds; ``inputs`` and ``outputs`` are (shape, bytes of an element) of each array.
    """

    phase: str
    what: str
    layer: str | None
    inputs: _Specs
    outputs: _Specs
    begin: int
    end: int
    thread: int


class Row(NamedTuple):
    """One line of the table: calls of one kind, of one layer, in one direction."""

    layer: str
    what: str
    phase: str
    calls: int
    seconds: float
    flops: float
    bytes: float


class Profile:
    """What ``rindow_nn.profile`` gives: every call of a function or layer, its time, arithmetic and memory traffic.

    Times are those of a call without the calls inside it. Floating-point operations are counted for products of
    matrices, dense, convolutional, recurrent and attention layers, those of the products alone; bytes are those of a
    call's inputs and outputs, each moved once.

    Example:
        >>> import rindow_nn
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> layer = nn.layers.Dense(4, input_shape=[3], name="head")
        >>> with rindow_nn.profile() as p:
        ...     y = layer.forward(nn.backend.ones([2, 3]))
        >>> [(row.layer, row.what, row.phase, row.calls, row.flops) for row in p.rows()]
        [('head', 'Dense', 'forward', 1, 48.0)]
    """

    def __init__(self) -> None:
        self._events: list[tuple[Any, ...]] = []
        self._before: list[Any] | None = None
        self._began = 0
        self._ended: int | None = None

    def __enter__(self) -> Profile:
        self._before = set_events(self._events)
        if self._before is not None:
            set_events(self._before)
            raise LogicException("a profile is being taken already")
        self._began = time.perf_counter_ns()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._ended = time.perf_counter_ns()
        set_events(None)

    @contextmanager
    def span(self, what: str, phase: str = "other") -> Iterator[None]:
        """Notes what a block takes, such as loading a batch."""
        begin = time.perf_counter_ns()
        try:
            yield
        finally:
            end = time.perf_counter_ns()
            self._events.append((phase, what, None, [], [], begin, end, threading.get_ident()))

    def events(self) -> list[Event]:
        """The calls in the order of their ends."""
        return [Event(*event) for event in self._events]

    def seconds(self) -> float:
        """Time inside the ``with`` block."""
        end = time.perf_counter_ns() if self._ended is None else self._ended
        return (end - self._began) / 1e9

    def rows(self) -> list[Row]:
        """One row a layer, kind of call and direction; the longest first."""
        sums: dict[tuple[str, str, str], list[float]] = defaultdict(lambda: [0, 0.0, 0.0, 0.0])
        open_calls: dict[int, list[tuple[int, int]]] = defaultdict(list)  # by thread: (begin, time) of ended calls
        for event in self.events():
            own, ended = event.end - event.begin, open_calls[event.thread]
            while ended and ended[-1][0] >= event.begin:
                own -= ended.pop()[1]
            ended.append((event.begin, event.end - event.begin))
            row = sums[event.layer or "", _plain(event.what), event.phase]
            row[0] += 1
            row[1] += own / 1e9
            row[2] += _flops(event)
            row[3] += sum(prod(shape) * size for shape, size in event.inputs + event.outputs)
        rows = [Row(*key, int(row[0]), *row[1:]) for key, row in sums.items()]
        return sorted(rows, key=lambda row: -row.seconds)

    def table(self, limit: int | None = None) -> str:
        """The rows as text.

        Args:
            limit: show only so many.
        """
        total = self.seconds()
        lines = [f"{'layer':24} {'call':28} {'':8} {'calls':>6} {'ms':>9} {'%':>5} {'GFLOP/s':>8} {'GB/s':>7}"]
        rows = self.rows()
        for row in rows[:limit]:
            seconds = max(row.seconds, 1e-9)
            flops = f"{row.flops / seconds / 1e9:8.1f}" if row.flops else " " * 8
            lines.append(
                f"{row.layer[:24]:24} {row.what[:28]:28} {row.phase[:8]:8} {row.calls:6d} {row.seconds * 1e3:9.3f} "
                f"{100 * row.seconds / total:5.1f} {flops} {row.bytes / seconds / 1e9:7.1f}"
            )
        known = sum(row.seconds for row in rows)
        lines.append(f"{'between the calls':62} {'':6} {(total - known) * 1e3:9.3f} {100 * (1 - known / total):5.1f}")
        lines.append(f"{'total':62} {'':6} {total * 1e3:9.3f} 100.0")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.table()

    def trace(self, path: str | os.PathLike[str]) -> None:
        """Writes the calls as a file for chrome://tracing or Perfetto.

        Args:
            path: the file; JSON in the Trace Event Format.
        """
        events = [
            {
                "name": _plain(event.what) if event.layer is None else f"{event.layer} ({_plain(event.what)})",
                "cat": event.phase,
                "ph": "X",
                "ts": (event.begin - self._began) / 1e3,
                "dur": (event.end - event.begin) / 1e3,
                "pid": os.getpid(),
                "tid": event.thread,
                "args": {
                    "inputs": [list(shape) for shape, _ in event.inputs],
                    "outputs": [list(shape) for shape, _ in event.outputs],
                },
            }
            for event in self.events()
        ]
        Path(path).write_text(json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}), encoding="utf-8")


def profile() -> Profile:
    """Notes every call of functions and layers inside a ``with`` block.

    It costs about a microsecond a call, and nothing where no profile is taken.

    Returns:
        A Profile: print it, or ask for ``rows()``, ``table(10)`` and ``trace("trace.json")``.
    """
    return Profile()


# ---- floating-point operations

_Shape = tuple[int, ...]


def _matmul(shapes: list[_Shape], made: list[_Shape]) -> float:
    """2 m n k for matrices (m, k) and (k, n), the first and second input."""
    a, b = shapes[:2]
    return 2.0 * prod(a) * (b[-1] if b else 1)


def _dense(shapes: list[_Shape], made: list[_Shape]) -> float:
    x, kernel = shapes[:2]
    return 2.0 * prod(x) * kernel[-1]


def _einsum(shapes: list[_Shape], made: list[_Shape]) -> float:
    """2 m n k, from the sizes m k, k n and m n of the three arrays."""
    return 2.0 * sqrt(prod(shapes[0]) * prod(shapes[1]) * prod(made[0]))


def _convolution(shapes: list[_Shape], made: list[_Shape]) -> float:
    """2 * pixels of the output * weights."""
    kernel = shapes[1]
    return 2.0 * prod(made[0]) * prod(kernel[:-1])


def _recurrent(shapes: list[_Shape], made: list[_Shape]) -> float:
    """The products with the kernel and with the recurrent kernel, over all steps."""
    (batch, steps, features), *others = shapes
    for kernel, recurrent in reversed(list(pairwise(others))):
        if len(kernel) == len(recurrent) == 2 and kernel[0] == features and kernel[1] == recurrent[1]:
            return 2.0 * batch * steps * (prod(kernel) + prod(recurrent))
    return 0.0


def _attention(shapes: list[_Shape], made: list[_Shape]) -> float:
    """Queries with keys, scores with values."""
    query, value = shapes[:2]
    return 2.0 * prod(query) * value[-2] + 2.0 * prod(query[:-1]) * prod(value[-2:])


def _multi_head(shapes: list[_Shape], made: list[_Shape]) -> float:
    """The four projections, and the attention of all heads, whose sizes are those of the kernels."""
    query, value = shapes[:2]
    kernels = [s for s in shapes if len(s) == 2][:4]  # (width, heads * size); masks, if any, come after them
    rows, seen = prod(query[:-1]), prod(value[:-1])
    projections = rows * (prod(kernels[0]) + prod(kernels[3])) + seen * (prod(kernels[1]) + prod(kernels[2]))
    return 2.0 * (projections + rows * prod(value[1:-1]) * (kernels[0][1] + kernels[2][1]))


# by the name of the function: its count from the shapes of inputs and outputs, and where the inputs are among those
# of the compiled call for the gradient. The gradient of an input takes as much as the call.
_COUNTED: dict[str, tuple[Callable[[list[_Shape], list[_Shape]], float], slice]] = {
    "Matmul": (_matmul, slice(None)),
    "Dense": (_dense, slice(1, None)),
    "Einsum": (_einsum, slice(2, None)),
    "Conv": (_convolution, slice(1, None)),
    "Recurrent": (_recurrent, slice(0, None)),
    "DotProduct": (_attention, slice(0, None)),
    "MultiHead": (_multi_head, slice(0, None)),
}


def _plain(what: str) -> str:
    """The name of a call without what tells its kind."""
    parts = [part.removesuffix("Gradient").removesuffix("Function").removesuffix("Call") for part in what.split("+")]
    return "+".join(parts) if all(parts) else what


def _flops(event: Event) -> float:
    plain = _plain(event.what)
    count, inputs = _COUNTED.get(plain.partition("+")[0], (None, slice(None)))
    shapes, made = [shape for shape, _ in event.inputs], [shape for shape, _ in event.outputs]
    if plain == "Pooling+Conv" and event.what.endswith("Gradient"):
        return _convolution(shapes[4:], made[-1:]) * _gradients(made[:-1])
    if "+" in plain:
        made = made[-1:]  # of the first call
    if count is None:
        return 0.0
    if event.what.endswith("Gradient"):
        return count(shapes[inputs], shapes[:1]) * _gradients(made)
    if event.phase == "backward" and event.what.endswith("Function"):  # by tape: the call's inputs, then dy
        return count(shapes, shapes[-1:]) * _gradients(made)
    return count(shapes, made)


def _gradients(made: list[_Shape]) -> int:
    """How many products a gradient takes: one an output with more than one dimension, the others are sums."""
    return min(2, sum(len(shape) > 1 for shape in made))
