"""The table of a model's layers."""

from __future__ import annotations

from typing import Any

from rindow_math.exceptions import LogicException

__all__ = ["summary"]

_WIDTHS = (29, 27, 10)
_RULE = "=" * sum(_WIDTHS) + "\n"


def _row(*cells: str) -> str:
    return "".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS)) + "\n"


def _shape(shape: Any) -> str:
    return "(" + ",".join(str(n) for n in shape) + ")"


def summary(model: Any) -> str:
    """The text of ``model.summary()``: layers with their shapes and numbers of parameters.

    Raises:
        LogicException: a layer is not built.
    """
    lines = [_row("Layer(type)", "Output Shape", "Param #"), _RULE]
    total = 0
    for layer in type(model).layers(model):  # `layers` may be an attribute too
        label = f"{layer.name()}({type(layer).__name__})"
        if not layer.isBuilt():
            raise LogicException(f"the layer is not built: {label}")
        count = sum(array.size() for array in layer.getParams())
        lines.append(_row(label[: _WIDTHS[0]], _shape(layer.outputShape()), str(count)))
        total += count
    variables = model.parameterVariables()
    if variables:
        lines += [_RULE, _row("Weights", "Shape", "Param #"), _RULE]
        for variable in variables:
            lines.append(_row(variable.name() or "No name", _shape(variable.shape()), str(variable.size())))
            total += variable.size()
    lines += [_RULE, f"Total params: {total}\n"]
    return "".join(lines)
