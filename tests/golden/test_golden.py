"""What the original computed, computed again. See README.md for the data."""

import gzip
import importlib
import json
import pathlib

import numpy as np
import pytest

from rindow_math.matrix import MatrixOperator, NDArray

RELATIVE, ABSOLUTE = 2e-4, 2e-5
KEYWORDS = {"not", "and", "or"}

mo = MatrixOperator()


def _optional(make):
    """An object of a part that may not be there yet."""
    try:
        return make()
    except (ImportError, AttributeError):
        return None


def _networks():
    return importlib.import_module("rindow_nn.builder").NeuralNetworks(mo)


def _schedules():
    return importlib.import_module("rindow_nn.optimizers.schedule")


nn = _optional(_networks)
g = _optional(lambda: nn.gradient())
# what has the methods that the cases of a kind name
OWNERS = {
    "mo": mo,
    "la": _optional(mo.la),
    "K": _optional(lambda: nn.backend()),
    "func": g,
    "layer": _optional(lambda: nn.layers()),
    "loss": _optional(lambda: nn.losses()),
    "metric": _optional(lambda: nn.metrics()),
    "optimizer": _optional(lambda: nn.optimizers()),
}


def method_of(case):
    name = case["name"]
    return getattr(OWNERS[case["kind"]], f"{name}_" if name in KEYWORDS else name, None)


def load():
    data = gzip.decompress((pathlib.Path(__file__).parent / "rindow-golden.json.gz").read_bytes())
    cases = [case for case in json.loads(data) if method_of(case) is not None]
    if _optional(_schedules) is None:
        cases = [case for case in cases if "schedule" not in case]
    return cases


# ---- values


def array(spec):
    return mo.array(spec["data"], getattr(NDArray, spec["dtype"]))


def argument(value):
    if isinstance(value, str) and value.startswith("@dtype:"):
        return getattr(NDArray, value.removeprefix("@dtype:"))
    return [argument(v) for v in value] if isinstance(value, list) else value


def options(case):
    """Arguments by name; PHP's empty array is a list."""
    args = case["args"]
    return {key: argument(value) for key, value in args.items()} if isinstance(args, dict) else {}


def plain(value):
    """The numbers behind an array, a variable or a masked array."""
    while hasattr(value, "value") and callable(value.value):
        value = value.value()
    return np.asarray(value)


def check(expected, actual, where, magnitudes=False):
    if expected is None:
        assert actual is None, where
        return
    if "list" in expected:
        actual = list(actual)
        assert len(actual) == len(expected["list"]), where
        for i, (e, a) in enumerate(zip(expected["list"], actual, strict=True)):
            check(e, a, f"{where}[{i}]", magnitudes)
        return
    if "mask" in expected:
        masked = actual if hasattr(actual, "mask") else actual.value()
        check(expected["mask"], masked.mask(), f"{where}.mask")
    if "scalar" in expected:
        wanted = expected["scalar"]
        if isinstance(wanted, str) and wanted not in ("nan", "inf", "-inf"):
            assert str(actual) == wanted, where
            return
        wanted, actual = float(wanted), float(plain(actual))
    else:
        actual = plain(actual)
        assert list(actual.shape) == expected["shape"], where
        assert actual.dtype.name == expected["dtype"], where
        wanted = np.array(expected["data"], float).reshape(expected["shape"])
        actual = actual.astype(float)
    if magnitudes:
        wanted, actual = np.abs(wanted), np.abs(actual)
    np.testing.assert_allclose(actual, wanted, RELATIVE, ABSOLUTE, equal_nan=True, err_msg=where)


# ---- one runner for each kind


def run_method(case):
    inputs = [array(spec) for spec in case["input_values"]]
    if case["kind"] == "K":
        inputs = [OWNERS["K"].array(x) for x in inputs]
    positional, named = [], {}
    if isinstance(case["args"], dict):
        named = options(case)
    else:
        positional = [inputs[a["in"]] if isinstance(a, dict) else a for a in case["args"]]
    magnitudes = case.get("unordered") == "signs"
    check(case["outputs"], method_of(case)(*positional, **named), "result", magnitudes)
    if magnitudes:
        return  # a decomposition may use its input as working memory
    changed = case.get("changed_inputs", [None] * len(inputs))
    for i, (x, before, after) in enumerate(zip(inputs, case["input_values"], changed, strict=True)):
        check(after or before, x, f"input {i} afterwards")


def is_float(value):
    return value.dtype() in (NDArray.float32, NDArray.float64)


def weighted_sum(outputs, weights):
    """The loss whose gradient the case holds: the sum over the float outputs of output times weight."""
    total = None
    flat = [o for out in (outputs if isinstance(outputs, (list, tuple)) else [outputs]) for o in _flat(out)]
    for output, weight in zip(filter(is_float, flat), weights, strict=True):
        term = output if weight is None else g.mul(output, g.Variable(array(weight), trainable=False))
        while len(term.shape()):
            term = g.reduceSum(term, axis=0)
        total = term if total is None else g.add(total, term)
    return total


def _flat(value):
    return [x for v in value for x in _flat(v)] if isinstance(value, (list, tuple)) else [value]


def run_differentiable(case):
    variables = [g.Variable(array(spec)) for spec in case["input_values"]]
    inputs = [variables] if case.get("multi") else variables
    weights = []
    if case["kind"] == "layer":
        layer = method_of(case)(**options(case))
        call = dict(case.get("call") or {})
        for key, spec in (case.get("call_values") or {}).items():
            if spec is not None:
                given = spec if isinstance(spec, list) else [spec]
                values = [g.Variable(array(s)) for s in given]
                call[key] = values if isinstance(spec, list) else values[0]
        layer.forward(*inputs, **call)
        assert len(layer.variables()) == len(case["weights"])
        for variable, spec in zip(layer.variables(), case["weights"], strict=True):
            if variable.name() and spec["name"]:
                assert variable.name().partition("@")[0] == spec["name"].partition("@")[0]
            variable.assign(array(spec))
        if hasattr(layer, "reverseSyncWeightVariables"):
            layer.reverseSyncWeightVariables()
        weights = list(layer.trainableVariables())

        def forward():
            return layer.forward(*inputs, **call)
    else:
        function, named = method_of(case), options(case)

        def forward():
            return function(*case.get("pre", []), *inputs, **named)

    with g.GradientTape() as tape:
        outputs = forward()
        loss = weighted_sum(outputs, case["upstream"])
    check(case["outputs"], outputs, "outputs")
    if "grads" in case and "grads_wrong_in_original" not in case:
        without = case.get("nograd_inputs") or []
        sources = [v for i, v in enumerate(variables) if i not in without and is_float(v)]
        gradients = tape.gradient(loss, sources + weights)
        for i, (expected, gradient) in enumerate(zip(case["grads"], gradients, strict=True)):
            check(expected, gradient, f"gradient {i}")


def run_loss(case):
    function = method_of(case)(**options(case))
    trues, predictions = (array(spec) for spec in case["input_values"])
    predictions = g.Variable(predictions)
    with g.GradientTape() as tape:
        loss = function(trues, predictions)
    check(case["outputs"], loss, "loss")
    if case.get("grads") and "grads_wrong_in_original" not in case:
        check(case["grads"][0], tape.gradient(loss, predictions), "gradient")


def run_metric(case):
    metric = method_of(case)(**options(case))
    metric.reset()
    inputs = [array(spec) for spec in case["input_values"]]
    for trues, predictions in zip(inputs[::2], inputs[1::2], strict=True):
        metric.update(trues, predictions)
    check(case["outputs"], metric.result(), "result")


def run_optimizer(case):
    named = options(case)
    if "schedule" in case:
        schedule, arguments = case["schedule"]
        named["lr"] = getattr(_schedules(), schedule)(*arguments)
    start, *gradients = (array(spec) for spec in case["input_values"])
    optimizer = method_of(case)(**named)
    parameters = [g.Variable(start)]
    optimizer.build(parameters)
    for i, (expected, gradient) in enumerate(zip(case["outputs"]["list"], gradients, strict=True)):
        optimizer.update(parameters, [gradient])
        check(expected, parameters[0], f"step {i}")


RUNNERS = {"func": run_differentiable, "layer": run_differentiable, "loss": run_loss, "metric": run_metric}
RUNNERS["optimizer"] = run_optimizer


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in load()])
def test_as_the_original(case):
    RUNNERS.get(case["kind"], run_method)(case)
