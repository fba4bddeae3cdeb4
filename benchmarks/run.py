"""Run the benchmarks beside other libraries and print one table.

Every library runs in a worker process of its own. For each row and number of
threads the operation is prepared in all workers, which then take one repetition
in turn until every one has as many as asked for: a slow moment of the machine
falls on all of them. The table gives the median, the quartiles, and the speed
relative to the best other library in the same run.

Other libraries are found through RINDOW_BENCH_NUMPY, RINDOW_BENCH_TORCH,
RINDOW_BENCH_JAX and RINDOW_BENCH_ONNXRUNTIME, each naming a Python interpreter
that has the library.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from peers import PORT, SIMD, Peer, WorkerProcess, available_cpus, discover, restrict
from protocol import LOWER_IS_BETTER
from rows import ROWS
from scaling_rows import SCALING

INPLACE = "-inplace"
# after a repetition: longer than the threads of OpenBLAS wait busily for more work, which would slow the next library
REST_S = 0.15
"""Seconds between two workers, in which the threads of the first stop spinning."""


def summarize(samples: Sequence[float]) -> dict[str, Any]:
    """Median and quartiles of the repetitions of one measurement.

    Args:
        samples: One figure for each repetition, at least one.
    """
    if len(samples) > 1:
        first, median, third = statistics.quantiles(samples, n=4, method="inclusive")
    else:
        first = median = third = samples[0]
    return {"median": median, "q1": first, "q3": third, "samples": list(samples)}


def measure(
    row: str,
    workers: Iterable[WorkerProcess],
    reps: int,
    warm: float = 0.3,
    rewarm: float = 0.05,
    budget: float = 60.0,
) -> dict[str, dict[str, Any]]:
    """Measure one row in all workers, interleaved.

    Args:
        row: The name of the row.
        workers: The workers; those that offer nothing for the row are passed over, except this library's.
        reps: Repetitions of each measurement.
        warm: Seconds of untimed repetitions after a measurement is prepared.
        rewarm: Seconds of untimed repetitions before each timed one.
        budget: Seconds after which no further round of repetitions begins, once there are three.

    Returns:
        Column to figures, or to ``{"error": ...}``, with ``"missing": True`` for what the library lacks.
    """
    results: dict[str, dict[str, Any]] = {}
    live: list[tuple[str, WorkerProcess, str]] = []
    for worker in workers:
        if not worker.peer.takes(row):
            continue
        running = worker.start()
        columns = worker.columns(row) if running else []
        if not columns and worker.peer.name == PORT:
            reason = {"error": "not offered", "missing": True} if running else {"error": worker.problem}
            results[PORT] = reason
        for column in columns:
            key = column + worker.peer.suffix
            # A failure may have ended the worker; the other columns still have a chance.
            worker.start()
            reply = worker.ask({"cmd": "setup", "row": row, "column": column, "warm_s": warm})
            if "error" in reply:
                results[key] = {"error": reply["error"], "missing": bool(reply.get("missing"))}
            else:
                results[key] = {"unit": reply["unit"], "setup_s": reply["setup_s"], "params": reply.get("params")}
                live.append((key, worker, column))
    samples: dict[str, list[float]] = {key: [] for key, _, _ in live}
    deadline = time.monotonic() + budget
    for turn in range(reps):
        if turn >= 3 and time.monotonic() > deadline:
            break
        for key, worker, column in list(live):
            reply = worker.ask({"cmd": "rep", "row": row, "column": column, "rewarm_s": rewarm})
            if "error" in reply:
                results[key] = {"error": reply["error"], "missing": False}
                live.remove((key, worker, column))
            else:
                samples[key].append(reply["value"])
            time.sleep(REST_S)
    for key, worker, column in live:
        worker.ask({"cmd": "free", "row": row, "column": column})
        if samples[key]:
            results[key].update(summarize(samples[key]))
    return add_ratios(results)


def add_ratios(results: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Add to each figure its speed relative to the best other library, as ``ratio``.

    A figure above 1 is faster than every other library. Columns that write into
    memory that exists already are compared with each other only.
    """
    for inplace in (False, True):
        group = {c: r for c, r in results.items() if "median" in r and (INPLACE in c) == inplace}
        speeds = {c: 1 / r["median"] if r["unit"] in LOWER_IS_BETTER else r["median"] for c, r in group.items()}
        best = max((speed for column, speed in speeds.items() if not column.startswith(PORT)), default=None)
        for column, result in group.items():
            result["ratio"] = speeds[column] / best if best else None
    return results


def number(value: float) -> str:
    """A figure with about three significant digits."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 100 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


HEADING = (
    f"{'row':<26}{'threads':>7}  {'column':<22}{'median':>10}  {'quartiles':<21}{'unit':<10}{'n':>3}{'x best peer':>13}"
)


def table_lines(row: str, threads: int, results: dict[str, dict[str, Any]]) -> list[str]:
    """The lines of the table for one row and number of threads: this library first, then the fastest first."""

    def order(item: tuple[str, dict[str, Any]]) -> tuple[bool, bool, float, str]:
        column, result = item
        median = result.get("median")
        if median is None:
            return not column.startswith(PORT), True, 0.0, column
        return not column.startswith(PORT), False, median if result["unit"] in LOWER_IS_BETTER else -median, column

    lines = []
    for column, result in sorted(results.items(), key=order):
        head = f"{row:<26}{threads:>7}  {column:<22}"
        if "median" in result:
            quartiles = f"[{number(result['q1'])} .. {number(result['q3'])}]"
            ratio = "-" if result["ratio"] is None else f"{result['ratio']:.2f}"
            lines.append(
                f"{head}{number(result['median']):>10}  {quartiles:<21}{result['unit']:<10}"
                f"{len(result['samples']):>3}{ratio:>13}"
            )
        else:
            state = "not available" if result.get("missing") else "failed"
            lines.append(f"{head}{state}: {result.get('error', 'no repetition')}")
    return lines


def machine() -> dict[str, Any]:
    """What the figures depend on besides the libraries."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {
        "system": platform.platform(),
        "processor": model,
        "cpus": len(available_cpus()),
        "python": platform.python_version(),
        "load_before": load_average(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def load_average() -> float | None:
    """How many processes have been running lately, where the system tells."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def thread_counts(text: str) -> list[int]:
    """The numbers of threads that ``--threads`` names; ``all`` is every processor available."""
    counts: list[int] = []
    for word in map(str.strip, text.split(",")):
        count = len(available_cpus()) if word == "all" else int(word) if word.isdecimal() else 0
        if count < 1:
            raise argparse.ArgumentTypeError(f"expected numbers or 'all' separated by commas, received {text!r}")
        if count not in counts:
            counts.append(count)
    return counts


def chosen_rows(text: str) -> list[str]:
    """The rows that begin with one of the words of ``--rows``."""
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    known = [*ROWS, *SCALING] if words else ROWS
    unknown = [word for word in words if not any(row.startswith(word) for row in known)]
    if unknown:
        raise argparse.ArgumentTypeError(f"no row begins with {', '.join(unknown)}; --list shows them all")
    return [row for row in known if not words or row.startswith(words)]


def positive(kind: type) -> Callable[[str], Any]:
    """A parser of numbers above zero."""

    def parse(text: str) -> Any:
        value = kind(text)
        if value <= 0:
            raise ValueError(text)
        return value

    parse.__name__ = f"positive {kind.__name__}"
    return parse


def arguments_of(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=chosen_rows, default=list(ROWS), help="beginnings of row names: W1,W8.exp")
    parser.add_argument("--threads", type=thread_counts, default="1,all", help="numbers of threads (default: 1,all)")
    parser.add_argument("--reps", type=positive(int), default=9, help="repetitions of each measurement (default: 9)")
    parser.add_argument("--json", metavar="FILE", help="write everything, every repetition too, to this file")
    parser.add_argument("--peers", help="names of the libraries to run, separated by commas (default: all found)")
    parser.add_argument("--warm", type=float, default=0.3, help="seconds of warm-up of each measurement")
    parser.add_argument("--rewarm", type=float, default=0.05, help="seconds of warm-up before each repetition")
    parser.add_argument("--limit", type=positive(float), default=180.0, help="most seconds for one command")
    parser.add_argument("--budget", type=positive(float), default=60.0, help="seconds for the repetitions of one row")
    parser.add_argument("--simd", choices=SIMD, help="hold the libraries to these vector instructions")
    parser.add_argument("--list", action="store_true", help="print the names of the rows and end")
    return parser.parse_args(argv)


def choose(peers: list[Peer], left_out: dict[str, str], names: str | None) -> tuple[list[Peer], dict[str, str]]:
    """Keep the peers that ``--peers`` names; one that is asked for and not there stays in the reasons."""
    if names is None:
        return peers, left_out
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    known = {peer.name for peer in peers}
    reasons = {name: left_out.get(name, "unknown name") for name in wanted if name not in known}
    return [peer for peer in peers if peer.name in wanted], reasons


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmarks; answers the exit status: 1 when a measurement failed, 2 when there was none, else 0."""
    options = arguments_of(argv)
    if options.list:
        print("\n".join([*ROWS, *SCALING]))
        return 0
    found, missing = discover()
    peers, left_out = choose(found, missing, options.peers)
    if options.simd:
        restrict(options.simd)
        if any(peer.name == "onnxruntime" for peer in peers):
            left_out = {**left_out, "onnxruntime": "its vector instructions cannot be restricted"}
            peers = [peer for peer in peers if peer.name != "onnxruntime"]
    report: dict[str, Any] = {"machine": machine(), "versions": {}, "left_out": left_out, "results": []}
    settings = ("reps", "warm", "rewarm", "limit", "budget", "threads", "simd")
    report["settings"] = {name: getattr(options, name) for name in settings}
    workers = {n: [WorkerProcess(peer, n, options.limit) for peer in peers] for n in options.threads}
    failed = False
    try:
        print_heading(report, next(iter(workers.values())))
        # Those that did not start were reported once, in the heading.
        absent = {name for name in left_out if name != PORT}
        if not any(worker.peer.name not in left_out for worker in next(iter(workers.values()))):
            print("nothing to measure: no library is there", file=sys.stderr)
            return 2
        for row in options.rows:
            for threads, group in workers.items():
                present = [worker for worker in group if worker.peer.name not in absent]
                results = measure(row, present, options.reps, options.warm, options.rewarm, options.budget)
                failed |= any("error" in r and not r.get("missing") for r in results.values())
                print("\n".join(table_lines(row, threads, results)), flush=True)
                report["results"].append({"row": row, "threads": threads, "columns": results})
                write(report, options.json)
    finally:
        for group in workers.values():
            for worker in group:
                worker.close()
    report["machine"]["load_after"] = load_average()
    write(report, options.json)
    return int(failed)


def print_heading(report: dict[str, Any], workers: list[WorkerProcess]) -> None:
    """Start the workers and print the machine, the versions, what is left out, and the head of the table."""
    host = report["machine"]
    print(f"{host['processor']}, {host['cpus']} CPUs, Python {host['python']}, load {host['load_before']}")
    if (host["load_before"] or 0) > 0.5:
        print("the machine is not idle: expect wide quartiles")
    for worker in workers:
        if worker.start():
            report["versions"][worker.peer.name] = worker.versions
            about = {name: " ".join(str(value).split()) for name, value in worker.versions.items() if name != "threads"}
            said = ", ".join(f"{name} {value}" for name, value in about.items())
            print(f"{worker.peer.name}: {said}")
        else:
            report["left_out"][worker.peer.name] = worker.problem
    for name, reason in report["left_out"].items():
        print(f"{name}: left out ({reason})")
    print(f"\n{HEADING}\n{'-' * len(HEADING)}", flush=True)


def write(report: dict[str, Any], path: str | None) -> None:
    """Write the report so far, if a file was asked for."""
    if path:
        Path(path).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
