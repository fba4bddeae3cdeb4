"""The examples in the docstrings run."""

import doctest
import importlib

import numpy as np
import pytest

from rindow_math.matrix import C, MatrixOperator, NDArray

MODULES = [
    "rindow_math.matrix",
    "rindow_math.matrix.blas",
    "rindow_math.matrix.buffer",
    "rindow_math.matrix.complexnumber",
    "rindow_math.matrix.drivers.selector",
    "rindow_math.matrix.drivers.service",
    "rindow_math.matrix.matrixoperator",
    "rindow_math.matrix.names",
    "rindow_math.matrix.ndarray",
    "rindow_math.matrix.phpformat",
    "rindow_math.matrix.random",
    "rindow_math.matrix.range",
]


def examples():
    for name in MODULES:
        module = importlib.import_module(name)
        objects = {name: module}
        for attribute, value in vars(module).items():
            if getattr(value, "__module__", None) != name:
                continue
            objects[f"{name}.{attribute}"] = value
            if isinstance(value, type):
                objects.update({f"{name}.{attribute}.{m}": f for m, f in vars(value).items() if callable(f)})
        for path, value in objects.items():
            text = getattr(value, "__doc__", None)
            if isinstance(text, str) and ">>>" in text:
                yield pytest.param(module, path, text, id=path)


@pytest.mark.parametrize(("module", "path", "text"), list(examples()))
def test_example(module, path, text):
    names = {**vars(module), "mo": MatrixOperator(), "NDArray": NDArray, "np": np, "C": C}
    test = doctest.DocTestParser().get_doctest(text, names, path, None, None)
    failures = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL).run(
        test, out=failures.append
    )
    assert not failures, "".join(failures)
