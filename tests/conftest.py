"""What is tested is the installed package, wherever pytest is started."""

import os
from pathlib import Path

import rindow_math

# Processes that tests start would otherwise look in the current folder first, and find the source tree there.
os.environ["PYTHONSAFEPATH"] = "1"


def pytest_report_header() -> str:
    return f"rindow-nn {rindow_math.__version__} in {Path(rindow_math.__file__).parents[1]}"
