"""The worker side of the benchmarks: one JSON object a line in, one a line out.

A worker is a long-lived process that prepares measurements and takes one
repetition of them whenever the runner asks. Keeping every library in a process
of its own lets the runner take the repetitions in turn, and keeps thread pools,
allocators and floating-point modes of the libraries apart.

Commands and answers:

=====================================================  ==========================================================
``{"cmd": "info"}``                                    ``{"versions": {...}, "tests": [[row, column], ...]}``
``{"cmd": "setup", "row": .., "column": .., "warm_s"}``  ``{"ok": true, "unit": .., "setup_s": .., "params": ..}``
``{"cmd": "rep", "row": .., "column": .., "rewarm_s"}``  ``{"value": ..}``
``{"cmd": "free", "row": .., "column": ..}``             ``{"ok": true}``
``{"cmd": "quit"}``                                    none; the worker ends
=====================================================  ==========================================================

What cannot be done is answered as ``{"error": text}``, with ``"missing": true``
when the library lacks what the row needs.
"""

import gc
import itertools
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, TextIO

LOWER_IS_BETTER = frozenset({"us", "s", "MiB"})
REPETITION_S = 0.03
"""How long one repetition of a short operation should take, in seconds."""
MOST_CALLS = 20_000


class Measurement:
    """One prepared operation and how its time becomes a figure.

    Args:
        call: The operation; called without arguments.
        unit: ``us`` (time of one call), or ``GB/s``, ``GFLOP/s``, ``samples/s`` (work of one call over its time).
        work: Bytes, floating-point operations or samples of one call; not used for ``us``.
        calls: Calls in one repetition; by default as many as fill REPETITION_S.
        steps: Steps in one call, for an operation that is a loop; ``us`` is then the time of one step.
        prepare: Called untimed before each repetition, to put the initial state back.
        parameters: Answers the number of trainable weights, so that equal models can be recognised.
    """

    def __init__(
        self,
        call: Callable[[], object],
        unit: str = "us",
        work: float = 1.0,
        calls: int | None = None,
        steps: int = 1,
        prepare: Callable[[], object] | None = None,
        parameters: Callable[[], int] | None = None,
    ) -> None:
        self.call = call
        self.unit = unit
        self.work = work
        self.calls = calls
        self.steps = steps
        self.prepare = prepare
        self.parameters = parameters

    def seconds(self, calls: int) -> float:
        """The time that a number of calls takes."""
        call = self.call
        start = time.perf_counter()
        for _ in itertools.repeat(None, calls):
            call()
        return time.perf_counter() - start

    def calibrate(self) -> None:
        """Choose the calls of one repetition, unless they were given."""
        if self.prepare is not None:
            self.prepare()
        # Caches, compilers and allocators settle in the first calls.
        self.seconds(2)
        if self.calls is None:
            once = max(min(self.seconds(1) for _ in range(3)), 1e-9)
            self.calls = max(1, min(MOST_CALLS, round(REPETITION_S / once)))

    def repetition(self) -> float:
        """Take one repetition and answer its figure, in the unit of the measurement."""
        if self.calls is None:
            self.calibrate()
        calls = self.calls or 1
        if self.prepare is not None:
            self.prepare()
        each = max(self.seconds(calls) / calls, 1e-12)
        if self.unit == "us":
            return each / self.steps * 1e6
        rate = self.work / each
        return rate if self.unit == "samples/s" else rate / 1e9


class Worker:
    """Offers measurements under (row, column) names to the runner.

    Args:
        versions: Answers what the library reports about itself, as a dictionary of plain values.
        first_step: Performs one training step of W3; for ``--first-step``.
    """

    def __init__(self, versions: Callable[[], dict[str, Any]], first_step: Callable[[], object] | None = None) -> None:
        self.versions = versions
        self.first_step = first_step
        self.tests: dict[tuple[str, str], Callable[[], Measurement]] = {}
        self.ready: dict[tuple[str, str], Measurement] = {}

    def test(self, row: str, column: str) -> Callable[[Callable[[], Measurement]], Callable[[], Measurement]]:
        """Register the decorated function as the one that prepares (row, column)."""

        def register(make: Callable[[], Measurement]) -> Callable[[], Measurement]:
            self.tests[row, column] = make
            return make

        return register

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """Perform one command and answer its reply."""
        command = request.get("cmd")
        if command == "info":
            return {"versions": self.versions(), "tests": [list(key) for key in self.tests]}
        key = (request.get("row", ""), request.get("column", ""))
        if command == "setup":
            if key not in self.tests:
                return {"error": f"{key[0]} is not offered as {key[1]}", "missing": True}
            start = time.perf_counter()
            measurement = self.tests[key]()
            measurement.calibrate()
            self._warm(measurement, request.get("warm_s", 0.5), at_least=1)
            self.ready[key] = measurement
            count = measurement.parameters() if measurement.parameters else None
            setup_s = time.perf_counter() - start
            return {"ok": True, "unit": measurement.unit, "setup_s": setup_s, "params": count}
        if command == "rep":
            if key not in self.ready:
                return {"error": f"{key[0]} of {key[1]} is not set up"}
            # Other workers ran since: caches and memory come back untimed.
            self._warm(self.ready[key], request.get("rewarm_s", 0.0), at_least=0)
            return {"value": self.ready[key].repetition()}
        if command == "free":
            self.ready.pop(key, None)
            gc.collect()
            return {"ok": True}
        return {"error": f"unknown command {command!r}"}

    @staticmethod
    def _warm(measurement: Measurement, seconds: float, at_least: int) -> None:
        until = time.perf_counter() + seconds
        done = 0
        while done < at_least or time.perf_counter() < until:
            measurement.repetition()
            done += 1

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Perform one command; an exception becomes an error reply."""
        try:
            return self.handle(request)
        except Exception as error:
            traceback.print_exc()
            text = " ".join(f"{type(error).__name__}: {error}".split())[:400]
            missing = isinstance(error, (ImportError, AttributeError, NotImplementedError))
            return {"error": text, "missing": True} if missing else {"error": text}

    def serve(self, source: TextIO, sink: TextIO) -> None:
        """Answer commands until ``quit`` or the end of the source."""
        for line in source:
            if not line.strip():
                continue
            try:
                request = json.loads(line)
            except ValueError:
                request = None
            if not isinstance(request, dict):
                reply = {"error": "a command is one JSON object on one line"}
            elif request.get("cmd") == "quit":
                return
            else:
                reply = self.answer(request)
            sink.write(json.dumps(reply) + "\n")
            sink.flush()

    def once(self, row: str, column: str | None = None) -> float:
        """Set one measurement up, take two repetitions and answer the second.

        A column that the row does not have stands for the first one that it has.
        """
        columns = [c for r, c in self.tests if r == row]
        if not columns:
            raise SystemExit(f"{row} is not offered; offered: {', '.join(sorted({r for r, _ in self.tests}))}")
        measurement = self.tests[row, column if column in columns else columns[0]]()
        if measurement.calls is None:
            measurement.calibrate()
        measurement.repetition()
        return measurement.repetition()

    def main(self, arguments: list[str] | None = None) -> None:
        """Serve on stdin and stdout, or ``--first-step``, or ``--once ROW [COLUMN]``."""
        arguments = sys.argv[1:] if arguments is None else arguments
        if arguments[:1] == ["--first-step"]:
            if self.first_step is None:
                raise SystemExit("this worker has no training step")
            self.first_step()
            return
        if arguments[:1] == ["--once"] and len(arguments) in (2, 3):
            print(self.once(*arguments[1:]))
            return
        if arguments:
            raise SystemExit("usage: WORKER [--first-step | --once ROW [COLUMN]]")
        # Whatever a library prints must not end up among the replies.
        replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self.serve(sys.stdin, replies)


def wanted_threads() -> int | None:
    """The number of threads that the runner asks for, or None when it leaves the library's own choice."""
    value = os.environ.get("RINDOW_BENCH_THREADS", "")
    return int(value) if value else None
