"""Which libraries can be measured here, and the processes that run them."""

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

PORT = "rindow-nn"
WORKERS = Path(__file__).resolve().parent / "workers"
VARIABLES = {
    "numpy": "RINDOW_BENCH_NUMPY",
    "torch": "RINDOW_BENCH_TORCH",
    "jax": "RINDOW_BENCH_JAX",
    "onnxruntime": "RINDOW_BENCH_ONNXRUNTIME",
}
ROWS_OF = {"onnxruntime": ("P",)}
SIMD = {
    "avx2": {
        "RINDOW_SIMD": "avx2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    }
}
"""What holds the libraries to a variant of vector instructions: variables of their environments."""
# glibc gives large freed blocks back to the system at once, and the next result
# pays for fresh pages. Told to keep them, an allocating operation is at its best.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "100000000000"}


@dataclass(frozen=True)
class Peer:
    """A library that can be measured.

    Attributes:
        name: Its name in the table and in ``--peers``.
        command: The command line of its worker.
        environment: Variables that its worker gets besides the inherited ones.
        suffix: What is appended to the columns of its worker.
        rows: Beginnings of the rows that it takes part in; all when empty.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    suffix: str = ""
    rows: tuple[str, ...] = ()

    def takes(self, row: str) -> bool:
        """Whether the peer takes part in a row."""
        return not self.rows or row.startswith(self.rows)


def discover(environ: Mapping[str, str] = os.environ) -> tuple[list[Peer], dict[str, str]]:
    """Find the libraries to measure.

    Args:
        environ: Where the variables in VARIABLES name a Python interpreter.

    Returns:
        The peers, this library first, and for every one that is left out, why.
    """
    peers = [Peer(PORT, (sys.executable, str(WORKERS / "rindow_worker.py")))]
    left_out = {}
    for name, variable in VARIABLES.items():
        interpreter = environ.get(variable, "")
        if not interpreter:
            left_out[name] = f"{variable} is not set"
            continue
        if shutil.which(interpreter) is None:
            left_out[name] = f"{variable} names no interpreter: {interpreter}"
            continue
        command = (interpreter, str(WORKERS / f"{name}_worker.py"))
        peers.append(Peer(name, command, rows=ROWS_OF.get(name, ())))
        if name == "torch" and sys.platform == "linux":
            allocating = ("W8.add_10M", "W8.exp_10M", "W8.sigmoid_10M", "W8.softmax_8192")
            peers.append(Peer("torch-keepmem", command, KEEP_MEMORY, "-keepmem", allocating))
    return peers, left_out


def restrict(simd: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """Hold the workers that start from now on to a variant of vector instructions.

    Args:
        simd: A name in SIMD.
        environ: The environment that the workers inherit.
    """
    for name, value in SIMD[simd].items():
        environ[name] = f"{environ.get(name, '')} {value}".strip() if name == "XLA_FLAGS" else value


def available_cpus() -> list[int]:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def thread_setting(threads: int, environ: Mapping[str, str] = os.environ) -> tuple[list[str], dict[str, str]]:
    """How to hold a worker to a number of threads.

    Args:
        threads: The number of threads.
        environ: The environment that the worker inherits.

    Returns:
        What to put before the command line, and the environment variables to set.
    """
    names = ("RINDOW_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RINDOW_BENCH_THREADS")
    variables = dict.fromkeys(names, str(threads))
    if threads == 1:
        single = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        variables["XLA_FLAGS"] = f"{environ.get('XLA_FLAGS', '')} {single}".strip()
    cpus = available_cpus()
    prefix = []
    if threads < len(cpus) and shutil.which("taskset"):
        # The last ones: the first processor usually also serves the system's interrupts.
        prefix = ["taskset", "-c", ",".join(map(str, cpus[-threads:]))]
    return prefix, variables


class WorkerProcess:
    """A running worker of one peer.

    Args:
        peer: The peer.
        threads: The number of threads it may use.
        limit: Most seconds that it may take for one command.
    """

    MOST_STARTS = 4

    def __init__(self, peer: Peer, threads: int, limit: float) -> None:
        self.peer = peer
        self.threads = threads
        self.limit = limit
        self.versions: dict[str, Any] = {}
        self.tests: set[tuple[str, str]] = set()
        self.problem = ""
        self._process: subprocess.Popen[str] | None = None
        self._readers: list[threading.Thread] = []
        self._starts = 0

    def start(self) -> bool:
        """Start the worker unless it runs; answers whether it runs. ``problem`` says why not."""
        if self._process is not None and self._process.poll() is None:
            return True
        if self._starts == self.MOST_STARTS:
            return False
        self._starts += 1
        self._close_pipes()
        prefix, variables = thread_setting(self.threads)
        try:
            self._process = subprocess.Popen(
                [*prefix, *self.peer.command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **self.peer.environment, **variables},
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            self.problem = str(error)
            self._starts = self.MOST_STARTS
            return False
        process = self._process
        replies: queue.Queue[str] = queue.Queue()
        complaints: deque[str] = deque(maxlen=20)
        self._replies, self._complaints = replies, complaints
        self._readers = [
            threading.Thread(target=self._read, args=(process.stdout, replies.put), daemon=True),
            threading.Thread(target=self._read, args=(process.stderr, complaints.append), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        info = self.ask({"cmd": "info"})
        if "error" in info:
            self.problem = info["error"]
            # A worker that cannot even introduce itself will not do so next time.
            self._starts = self.MOST_STARTS
            self.close()
            return False
        self.versions = info.get("versions", {})
        self.tests = {(row, column) for row, column in info.get("tests", []) if self.peer.takes(row)}
        return True

    @staticmethod
    def _read(pipe: TextIO, keep: Callable[[str], object]) -> None:
        """Pass on the lines of a pipe, and an empty one at its end."""
        for line in pipe:
            keep(line)
        keep("")

    def columns(self, row: str) -> list[str]:
        """The columns that the worker offers in a row."""
        return sorted(column for r, column in self.tests if r == row)

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send a command and answer its reply; ``{"error": ...}`` when none comes."""
        process = self._process
        if process is None or process.stdin is None or process.poll() is not None:
            return {"error": self._ending()}
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = self._replies.get(timeout=self.limit)
        except OSError:
            line = ""
        except queue.Empty:
            process.kill()
            process.wait()
            return {"error": f"no answer within {self.limit:g} s"}
        if not line:
            return {"error": self._ending()}
        try:
            reply = json.loads(line)
        except ValueError:
            reply = None
        if not isinstance(reply, dict):
            process.kill()
            process.wait()
            return {"error": f"not a reply: {line.strip()[:200]!r}"}
        # What was said up to here does not explain a later end.
        self._complaints.clear()
        return reply

    def _ending(self) -> str:
        """What is known about the end of the worker."""
        if self._process is None:
            return "the worker does not run"
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return "the worker closed its output"
        for reader in self._readers:
            reader.join(5)
        said = [line.strip() for line in self._complaints if line.strip()]
        return f"the worker ended with exit code {code}" + (f": {said[-1][:300]}" if said else "")

    def close(self) -> None:
        """End the worker."""
        process = self._process
        if process is not None and process.poll() is None:
            try:
                assert process.stdin is not None
                process.stdin.write('{"cmd": "quit"}\n')
                process.stdin.flush()
                process.wait(10)
            except (OSError, subprocess.TimeoutExpired):
                process.kill()
                process.wait()
        self._close_pipes()

    def _close_pipes(self) -> None:
        if self._process is None:
            return
        for reader in self._readers:
            reader.join(5)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            # What a dead worker did not read cannot be flushed.
            with contextlib.suppress(OSError):
                pipe.close()
        self._process = None
