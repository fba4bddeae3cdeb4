"""Errors of training that say where: the layer of a wrong shape, the first operation without a finite number."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.ndarray import NDArray
from rindow_nn.gradient.core.tape import Variable, checked_shape
from rindow_nn.gradient.interfaces import Module
from rindow_nn.layers.base import Layer

__all__ = ["check_classes", "check_labels", "first_not_finite", "is_finite", "layer_paths", "located"]


# ---------------------------------------------------------------------------------------------- layers and paths


def _parts(module: Any) -> Iterator[tuple[str, Any]]:
    """What a module is made of, by the names of its attributes or, in a list, its own."""
    named: dict[int, str] = {}
    for name, value in vars(module).items():
        if isinstance(value, Module):
            named.setdefault(id(value), name)
    for i, part in enumerate(module.submodules()):
        yield named.get(id(part)) or part.name() or str(i), part
    inside = {id(part) for part in module.submodules()}
    for name, value in vars(module).items():  # layers inside layers
        if isinstance(value, Module) and id(value) not in inside:
            yield name, value


def layer_paths(module: Any, prefix: str = "", seen: set[int] | None = None) -> dict[int, str]:
    """The path of every module inside a model, such as ``encoder.dense_1``, by ``id``."""
    seen = set() if seen is None else seen
    found: dict[int, str] = {}
    for name, part in _parts(module):
        if id(part) in seen:
            continue
        seen.add(id(part))
        own = (part.name() if isinstance(part, Layer) else None) or name
        path = prefix + own
        found[id(part)] = path
        found |= layer_paths(part, path + ".", seen)
    return found


def located(error: Exception, model: Any) -> Exception | None:
    """The error with the layer that raised it and the layer's path in the model; None if none of its layers did."""
    paths = layer_paths(model)
    layer = None
    trace: types.TracebackType | None = error.__traceback__
    while trace is not None:
        owner = trace.tb_frame.f_locals.get("self")
        if isinstance(owner, Layer) and id(owner) in paths:
            layer = owner
            given = trace.tb_frame.f_locals.get("inputs")
        trace = trace.tb_next
    if layer is None:
        return None
    text = f"{error} (layer {paths[id(layer)]!r} of {type(model).__name__}, a {type(layer).__name__}"
    shape = layer.inputShape()
    if layer.isBuilt() and shape is not None:
        text += f" built for samples of shape {layer.shapeToString(shape)}"  # type: ignore[attr-defined]
    if isinstance(given, NDArray):
        text += f", got inputs of shape {layer.shapeToString(given.shape())}"  # type: ignore[attr-defined]
    return type(error)(text + ")")


# ------------------------------------------------------------------------------------------------------- labels

# losses of the library whose labels look like the predictions
_ALIKE = ("BinaryCrossEntropy", "CategoricalCrossEntropy", "MeanSquaredError", "Huber")


def _library_name(loss: Any) -> str:
    """Name of a loss of the library; nothing for those that users write, which are not judged."""
    return type(loss).__name__ if type(loss).__module__.startswith("rindow_nn.losses.") else ""


def check_labels(loss: Any, trues: Any, predicts: Any) -> None:
    """Checks that a loss can compare labels of this type and shape with predictions of this shape.

    Raises:
        InvalidArgumentException: it cannot.
    """
    name = _library_name(loss)
    if not name or not isinstance(trues, NDArray) or not isinstance(predicts, NDArray):
        return
    samples, outputs = checked_shape(trues)[1:], checked_shape(predicts)[1:]
    if name == "SparseCategoricalCrossEntropy":
        if not 1 < trues.dtype() < 10:
            raise InvalidArgumentException(
                f"{name} takes class numbers of an integer type as labels, labels of {NAMES[trues.dtype()]} with shape "
                f"{_batch_of(samples)} were given; CategoricalCrossEntropy takes one-hot labels"
            )
        if samples != outputs[:-1]:
            raise InvalidArgumentException(
                f"{name}: labels of shape {_batch_of(samples)} do not fit predictions of shape {_batch_of(outputs)}: "
                "one class number a row of predictions is expected"
            )
    elif name in _ALIKE and outputs not in (samples, [*samples, 1]):
        raise InvalidArgumentException(
            f"{name}: labels of shape {_batch_of(samples)} do not fit predictions of shape {_batch_of(outputs)}: "
            "they must be alike"
        )


def check_classes(loss: Any, trues: Any, predicts: Any) -> None:
    """Checks that class numbers are those of the predictions' classes.

    Raises:
        InvalidArgumentException: one is not.
    """
    if _library_name(loss) != "SparseCategoricalCrossEntropy" or not isinstance(predicts, NDArray):
        return
    numbers, classes = np.asarray(trues), predicts.shape()[-1]
    if numbers.size and (numbers.min() < 0 or numbers.max() >= classes):
        wrong = int(numbers.min() if numbers.min() < 0 else numbers.max())
        raise InvalidArgumentException(
            f"{type(loss).__name__}: class number {wrong} in the labels; the model predicts {classes} classes, "
            f"0 to {classes - 1}"
        )


def _batch_of(shape: Sequence[int]) -> str:
    return f"({','.join(['batch', *map(str, shape)])})"


# --------------------------------------------------------------------------------------------------- not finite


def is_finite(value: Any) -> bool:
    if not isinstance(value, NDArray):
        return True
    array = np.asarray(value)
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _calls(target: Variable) -> list[Any]:
    """The recorded calls behind a variable, each after those that feed it."""
    order: list[Any] = []
    seen: set[int] = set()
    stack: list[tuple[Any, bool]] = [(target.creator(), False)]
    while stack:
        call, ready = stack.pop()
        if call is None or (id(call) in seen and not ready):
            continue
        if ready:
            order.append(call)
            continue
        seen.add(id(call))
        stack.append((call, True))
        stack.extend((v.creator(), False) for v in reversed(call.inputs()))
    return order


def _title(call: Any, paths: dict[int, str]) -> str:
    """A call for people: the layer and its path, or the function."""
    layer = call.layerObject() if hasattr(call, "layerObject") else None
    if layer is not None and id(layer) in paths:
        return f"layer {paths[id(layer)]!r} ({type(layer).__name__})"
    if layer is not None:
        return f"{type(layer).__name__}"
    name = type(call).__name__.removesuffix("Function")
    return f"operation {name}" + (f" {call.name()!r}" if call.name() else "")


def first_not_finite(model: Any, steps: Any, args: tuple[Any, ...]) -> str:
    """Where the first value that is no finite number comes from.

    Args:
        model: for the paths of layers.
        steps: the model's Steps.
        args: those of the step.

    Returns:
        A sentence.
    """
    paths = layer_paths(model)
    for variable in model.variables():
        if not variable.isUndetermined() and not is_finite(variable.value()):
            return f"the weight {variable.name() or 'without a name'} was not finite before the step"
    count = len(args) - (2 if steps.filtered else 1)
    for i, array in enumerate(args):
        if not is_finite(array):
            return f"input #{i + 1} is not finite" if i < count else "the labels are not finite"
    tape, loss = steps.record(args)
    calls = _calls(loss)
    made: dict[int, list[Variable]] = {}
    for v in (loss, *(v for call in calls for v in call.inputs())):
        made.setdefault(id(v.creator()), []).append(v)
    for call in calls:
        if not all(is_finite(v.value()) for v in made[id(call)]):
            return f"{_title(call, paths)} made it first, from finite inputs"
    for call in reversed(calls):
        for i, v in enumerate(call.inputs()):
            if not v.isbackpropagatable() or not is_finite(v.value()) or not isinstance(v.value(), NDArray):
                continue
            try:
                gradient = tape.gradient(loss, v)
            except (InvalidArgumentException, TypeError):
                continue  # no gradient leads there
            if not is_finite(gradient):
                which = v.name() or f"input #{i + 1}"
                return f"the gradient of {which} in {_title(call, paths)} is the first that is not finite"
    return "a second run of the batch gave finite numbers"
