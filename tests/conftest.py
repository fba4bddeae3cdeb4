"""What is tested is the installed package, wherever pytest is started."""

import os
from pathlib import Path

from hypothesis import settings

import rindow_math

# A run in CI judges a change, not the luck of the draw: there the same examples are drawn each time. Elsewhere new
# ones are, and what they find gets a test of its own.
settings.register_profile("ci", derandomize=True, print_blob=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

# Processes that tests start would otherwise look in the current folder first, and find the source tree there.
os.environ["PYTHONSAFEPATH"] = "1"


def pytest_report_header() -> str:
    return f"rindow-nn {rindow_math.__version__} in {Path(rindow_math.__file__).parents[1]}"
