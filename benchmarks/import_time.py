"""Measure how long it takes to import the library, and to reach the first training step.

Every figure comes from fresh processes, taken in turn, so that a slow moment of
the machine falls on all of them. Other libraries are found as run.py finds them.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from peers import discover
from run import load_average, number, positive, summarize

IMPORT = """
import sys, time
sys.path.append({root!r})
{before}
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""
BASE = "import numpy, scipy.linalg.cython_blas"


def seconds_of_import(interpreter: str, statement: str, before: str = "") -> float:
    """Seconds that a statement takes in a fresh interpreter, without the interpreter's own start.

    Args:
        interpreter: The Python to run.
        statement: What is timed.
        before: A statement that is run untimed before it.

    Raises:
        subprocess.CalledProcessError: If the statement fails.
    """
    root = str(Path(__file__).resolve().parents[1])
    code = IMPORT.format(root=root, before=before, statement=statement)
    # Without -P the current folder would come first, and could hide what is installed.
    done = subprocess.run([interpreter, "-P", "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def seconds_to_first_step(command: Sequence[str]) -> float:
    """Seconds from the start of a worker's process to the end of its first training step (W3)."""
    start = time.perf_counter()
    subprocess.run([*command, "--first-step"], capture_output=True, text=True, check=True)
    return time.perf_counter() - start


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; answers the exit status: 1 when something failed, else 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reps", type=positive(int), default=7, help="fresh processes of each (default: 7)")
    parser.add_argument("--json", metavar="FILE", help="write everything to this file")
    options = parser.parse_args(argv)
    peers, left_out = discover()
    here = partial(seconds_of_import, sys.executable)
    tasks = {
        "import numpy, scipy": partial(here, BASE),
        "import rindow_math.matrix": partial(here, "import rindow_math.matrix"),
        "import rindow_nn": partial(here, "import rindow_nn"),
        "import rindow_nn (after numpy, scipy)": partial(here, "import rindow_nn", BASE),
        "import rindow_nn.builder (after numpy, scipy)": partial(here, "import rindow_nn.builder", BASE),
    }
    for peer in peers:
        # Those with an environment of their own are the same library again; those without W3 do not train.
        if peer.environment or not peer.takes("W3"):
            continue
        if peer.name in ("torch", "jax"):
            tasks[f"import {peer.name}"] = partial(seconds_of_import, peer.command[0], f"import {peer.name}")
        tasks[f"{peer.name}: process start to first W3 step"] = partial(seconds_to_first_step, peer.command)
    samples: dict[str, list[float]] = {name: [] for name in tasks}
    errors: dict[str, str] = {}
    # The first round reads the files from disk and writes the bytecode; it is not counted.
    for turn in range(options.reps + 1):
        for name, task in tasks.items():
            if name in errors:
                continue
            try:
                value = task()
            except subprocess.CalledProcessError as error:
                errors[name] = (error.stderr.strip() or str(error)).splitlines()[-1]
                continue
            if turn:
                samples[name].append(value)
    print(f"load {load_average()}\n{'':<48}{'median s':>10}  quartiles")
    results = {}
    for name in tasks:
        if name in errors:
            results[name] = {"error": errors[name]}
            print(f"{name:<48}failed: {errors[name]}")
        else:
            results[name] = {"unit": "s", **summarize(samples[name])}
            found = results[name]
            print(f"{name:<48}{number(found['median']):>10}  [{number(found['q1'])} .. {number(found['q3'])}]")
    for name, reason in left_out.items():
        print(f"{name}: left out ({reason})")
    if options.json:
        report = {"results": results, "left_out": left_out}
        Path(options.json).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return int(bool(errors))


if __name__ == "__main__":
    sys.exit(main())
