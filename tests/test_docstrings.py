"""The examples in the docstrings run: of all modules of both packages, compiled ones too."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import rindow_math
import rindow_nn
from rindow_math.matrix import C, MatrixOperator, NDArray, R


def modules() -> Iterator[ModuleType]:
    for package in (rindow_math, rindow_nn):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if found.name.split(".")[-1] != "__main__":
                yield importlib.import_module(found.name)


def documented(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """What a module defines itself: doctest's own finder passes over the functions of compiled modules."""
    yield module.__name__, module
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        yield f"{module.__name__}.{name}", value
        if inspect.isclass(value):
            for inner, member in vars(value).items():
                member = getattr(member, "__func__", member)  # class and static methods
                if not inspect.isclass(member) and inner != "__doc__":
                    yield f"{module.__name__}.{name}.{inner}", member


def examples() -> Iterator[Any]:
    for module in modules():
        for path, value in documented(module):
            text = getattr(value, "__doc__", None)
            if isinstance(text, str) and ">>>" in text:
                yield pytest.param(module, path, text, id=path)


EXAMPLES = list(examples())


@pytest.mark.parametrize(("module", "path", "text"), EXAMPLES)
def test_example(module: ModuleType, path: str, text: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mo = MatrixOperator()
    names = {**vars(module), "mo": mo, "la": mo.la(), "NDArray": NDArray, "np": np, "C": C, "R": R}
    names["__name__"] = "__main__"
    test = doctest.DocTestParser().get_doctest(text, names, path, None, None)
    failures: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL)
    runner.run(test, out=failures.append)
    assert not failures, "".join(failures)


def test_the_examples_are_found() -> None:
    """In Python and in compiled modules, of classes, methods and functions."""
    found = {param.id for param in EXAMPLES}
    assert {
        "rindow_nn.gradient.core.tape.Variable",
        "rindow_nn.gradient.core.graph.GraphFunction",
        "rindow_nn.builder.gradient.Gradient",
        "rindow_nn.layers.dense.Dense",
        "rindow_nn.support.calling.call_with",
        "rindow_math.matrix.matrixoperator.MatrixOperator.asarray",
    } <= found
