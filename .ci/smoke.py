"""Shows that an installed package works without its source tree and without what is optional."""

import importlib
import importlib.util
import pkgutil
import runpy
import sys
from pathlib import Path

import rindow_math
import rindow_nn

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent / "samples"


def main() -> None:
    for package in (rindow_math, rindow_nn):
        where = Path(package.__file__ or "").resolve()
        assert sys.prefix in str(where), f"{package.__name__} is not the installed one: {where}"
    assert importlib.util.find_spec("matplotlib") is None, "the environment is not clean"

    modules = [
        module.name
        for package in (rindow_math, rindow_nn)
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    ]
    for name in modules:
        importlib.import_module(name)
    print(f"{len(modules)} modules import")

    runpy.run_path(str(SAMPLES / "autodiff" / "08_basic_use.py"))
    sys.argv = ["autodiff-training.py", "--epochs", "2", "--no-plot"]
    runpy.run_path(str(SAMPLES / "autodiff-training.py"), run_name="__main__")


main()
