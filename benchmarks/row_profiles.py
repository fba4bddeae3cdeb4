"""Where the time of the training and prediction rows goes, as ``rindow_nn.profile()`` shows it.

Each row runs a few times before its profile is taken: the first steps compile
the plans, take fresh memory from the system and wake the threads.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "workers"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from peers import PORT
from rindow_worker import worker
from rows import ROWS
from run import chosen_rows, positive

import rindow_nn

TRAINING = ("W3.seed_mlp_fit", "W4", "W5", "W6", "W7")


def main(argv: Sequence[str] | None = None) -> int:
    """Print a table a row; answers the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    whole = [row for row in ROWS if row.startswith(TRAINING)]
    parser.add_argument("--rows", type=chosen_rows, default=whole, help="beginnings of row names (default: training)")
    parser.add_argument("--limit", type=positive(int), default=16, help="lines of each table (default: 16)")
    parser.add_argument("--warm", type=positive(int), default=3, help="untimed calls before (default: 3)")
    parser.add_argument("--trace", metavar="FOLDER", type=Path, help="write a Chrome trace of each row there")
    options = parser.parse_args(argv)
    for row in options.rows:
        measurement = worker.tests[row, PORT]()
        if measurement.prepare is not None:
            measurement.prepare()
        measurement.seconds(options.warm)
        with rindow_nn.profile() as profile:
            measurement.call()
        print(f"{row}\n\n{profile.table(options.limit)}\n", flush=True)
        if options.trace:
            options.trace.mkdir(parents=True, exist_ok=True)
            profile.trace(options.trace / f"{row}.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
