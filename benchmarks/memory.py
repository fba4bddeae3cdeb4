"""Measure the most memory that a process has held while it trains.

One row is run, twice over, in a fresh process of each library, and the peak of
its resident memory is read when it ends. Libraries are found as run.py finds
them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from peers import Peer, discover, thread_setting
from run import chosen_rows, positive, thread_counts

# ru_maxrss counts bytes on macOS and KiB elsewhere.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def peak_memory(command: Sequence[str], environment: dict[str, str]) -> float:
    """Run a command and answer the peak of its resident memory, in MiB.

    Args:
        command: The command line.
        environment: Variables that it gets besides the inherited ones.

    Raises:
        RuntimeError: If the command fails; the message is the last line that it wrote to stderr.
    """
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, **environment},
    )
    assert process.stderr is not None
    with process.stderr:
        said = process.stderr.read().strip().splitlines()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(said[-1] if said else f"exit code {process.returncode}")
    return usage.ru_maxrss * RSS_UNIT / 2**20


def peak_of(peer: Peer, row: str, threads: int) -> float:
    """The peak of a peer's process that runs a row twice, in MiB."""
    prefix, variables = thread_setting(threads)
    return peak_memory([*prefix, *peer.command, "--once", row], {**peer.environment, **variables})


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; answers the exit status: 1 when something failed, else 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=chosen_rows, default="W4", help="beginnings of row names (default: W4)")
    parser.add_argument("--threads", type=thread_counts, default="all", help="numbers of threads (default: all)")
    parser.add_argument("--reps", type=positive(int), default=3, help="fresh processes of each (default: 3)")
    parser.add_argument("--json", metavar="FILE", help="write everything to this file")
    options = parser.parse_args(argv)
    if not hasattr(os, "wait4"):
        parser.error("this system does not tell the peak memory of a process")
    peers, left_out = discover()
    results = []
    failed = False
    print(f"{'row':<26}{'threads':>7}  {'library':<20}{'peak MiB':>9}")
    for row in options.rows:
        for threads in options.threads:
            for peer in peers:
                if peer.environment or not peer.takes(row):
                    continue
                head = f"{row:<26}{threads:>7}  {peer.name:<20}"
                found = {"row": row, "threads": threads, "library": peer.name, "unit": "MiB"}
                try:
                    found["samples"] = [peak_of(peer, row, threads) for _ in range(options.reps)]
                    found["median"] = statistics.median(found["samples"])
                    print(f"{head}{found['median']:>9.0f}", flush=True)
                except RuntimeError as error:
                    failed = True
                    found["error"] = str(error)
                    print(f"{head}failed: {error}", flush=True)
                results.append(found)
    for name, reason in left_out.items():
        print(f"{name}: left out ({reason})")
    if options.json:
        report = {"results": results, "left_out": left_out}
        Path(options.json).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
