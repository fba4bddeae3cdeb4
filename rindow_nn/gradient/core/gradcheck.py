"""Gradients checked by finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rindow_math.exceptions import InvalidArgumentException, RuntimeException
from rindow_math.matrix.ndarray import NDArray
from rindow_nn.gradient.core.tape import GradientTape, Variable

__all__ = ["gradcheck"]


def gradcheck(
    backend: Any,
    func: Callable[..., Any],
    inputs: Sequence[Any],
    eps: float = 1e-6,
    rtol: float = 1e-4,
    atol: float = 1e-6,
    seed: int = 0,
) -> bool:
    """Compares the gradients of a function with central differences in float64.

    The outputs are weighted by fixed random numbers and added up; each floating-point input element is moved by
    ``eps`` both ways. Choose inputs away from kinks such as that of ``relu`` at 0.

    Args:
        backend: the backend ``K``.
        func: takes variables, gives a variable or a list of them.
        inputs: arrays or variables; floating-point ones are converted to float64.
        eps: the step.
        rtol: relative tolerance.
        atol: absolute tolerance.
        seed: of the weights.

    Returns:
        True.

    Raises:
        RuntimeException: a gradient differs; the message names the worst element, its input and both values.
        InvalidArgumentException: no input is floating-point, or an output depends on none.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> g = NeuralNetworks().gradient()
        >>> g.gradcheck(lambda x: g.exp(g.square(x)), [[0.1, 0.7]])
        True
    """
    arrays = []
    for value in inputs:
        array = np.array(value if not isinstance(value, Variable) else value.value())
        arrays.append(array.astype(np.float64) if array.dtype.kind == "f" else array)
    moved = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
    if not moved:
        raise InvalidArgumentException("gradcheck needs a floating-point input")
    weights: list[Any] = []

    def outputs_of(values: Sequence[Any]) -> list[Variable]:
        result = func(*[Variable(backend, v) for v in values])
        return list(result) if isinstance(result, (list, tuple)) else [result]

    def weighted(values: Sequence[Any]) -> float:
        total = 0.0
        for w, out in zip(weights, outputs_of(values)):
            if w is not None:
                total += float(np.sum(w * np.asarray(out.value(), dtype=np.float64)))
        return total

    from rindow_nn.gradient.func.functions import ReduceSum  # built on this package

    generator = np.random.default_rng(seed)
    sources = [Variable(backend, a) for a in arrays]
    tape = GradientTape(backend)
    with tape:
        result = func(*sources)
        outs = list(result) if isinstance(result, (list, tuple)) else [result]
        total = None
        for out in outs:
            value = out.value()
            if not isinstance(value, NDArray) or np.asarray(value).dtype.kind != "f":
                weights.append(None)
                continue
            w = generator.uniform(0.5, 1.5, np.asarray(value).shape)
            weights.append(w)
            product = out * Variable(backend, w.astype(np.asarray(value).dtype))
            part = ReduceSum(backend)(product)
            total = part if total is None else total + part
    if total is None:
        raise InvalidArgumentException("gradcheck needs a floating-point output")
    grads = tape.gradient(total, [sources[i] for i in moved])
    worst = (0.0, "")
    for i, grad in zip(moved, grads):
        got = np.asarray(grad, dtype=np.float64)
        base = arrays[i]
        for at in np.ndindex(base.shape):
            keep = base[at]
            base[at] = keep + eps
            above = weighted(arrays)
            base[at] = keep - eps
            below = weighted(arrays)
            base[at] = keep
            want = (above - below) / (2 * eps)
            excess = float(abs(got[at] - want) - (atol + rtol * abs(want)))
            if excess > worst[0] or np.isnan(excess):
                worst = (
                    float("inf") if np.isnan(excess) else excess,
                    f"input #{i + 1}, element {list(at)}: gradient {got[at]:.9g}, finite difference {want:.9g}",
                )
    if worst[1]:
        raise RuntimeException(f"the gradient is wrong, worst at {worst[1]} (tolerance {rtol:g}, {atol:g})")
    return True
