"""Gradients against central differences in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from rindow_math.matrix import MatrixOperator
from rindow_nn.builder import NeuralNetworks

nn = NeuralNetworks(MatrixOperator())
g = nn.gradient()


def weighted(outputs: Any, seed: int) -> Any:
    """One number that depends on each element of the outputs in its own way."""
    rng = np.random.default_rng(seed)
    total = None
    for y in outputs if isinstance(outputs, list) else [outputs]:
        part = g.reduceSum(g.mul(y, rng.uniform(0.5, 1.5, y.shape())))
        total = part if total is None else g.add(total, part)
    return total


def slopes(function: Callable[..., float], arrays: Sequence[np.ndarray], step: float = 1e-6) -> list[np.ndarray]:
    """Central differences of a number that depends on arrays."""
    result = []
    for i, array in enumerate(arrays):
        slope = np.empty(array.shape)
        for at in np.ndindex(array.shape):
            ends = []
            for sign in (1, -1):
                moved = [a.copy() for a in arrays]
                moved[i][at] += sign * step
                ends.append(function(*moved))
            slope[at] = (ends[0] - ends[1]) / (2 * step)
        result.append(slope)
    return result


def assert_close(found: Any, expected: np.ndarray, what: str) -> None:
    found = np.asarray(found)
    assert found.dtype == np.float64
    assert found.shape == expected.shape, what
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-7 * scale, err_msg=what)


@pytest.fixture(scope="session")
def check_gradient() -> Callable[..., None]:
    """check(function, arrays...) compares the tape's gradients of a function with central differences."""

    def check(function: Callable[..., Any], *arrays: Any, seed: int = 0) -> None:
        arrays = tuple(np.asarray(a, np.float64) for a in arrays)
        variables = [g.Variable(a) for a in arrays]
        with g.GradientTape() as tape:
            loss = weighted(function(*variables), seed)
        grads = tape.gradient(loss, variables)
        expected = slopes(lambda *xs: float(weighted(function(*map(g.Variable, xs)), seed)), arrays)
        for i, (grad, slope) in enumerate(zip(grads, expected)):
            assert_close(grad, slope, f"gradient of input #{i}")

    return check


@pytest.fixture(scope="session")
def check_second() -> Callable[..., None]:
    """check(function, arrays...) compares a tape around a tape with differences of first gradients.

    The function is put behind a square, so that the gradient of a linear one depends on its input too.
    """

    def gradients(function: Callable[..., Any], variables: list[Any], seed: int) -> list[Any]:
        with g.GradientTape() as tape:
            loss = weighted(function(*[g.square(v) for v in variables]), seed)
        return tape.gradient(loss, variables)

    def check(function: Callable[..., Any], *arrays: Any, seed: int = 0) -> None:
        arrays = tuple(np.asarray(a, np.float64) for a in arrays)
        variables = [g.Variable(a) for a in arrays]
        with g.GradientTape() as outer:
            total = weighted(gradients(function, variables, seed), seed + 1)
        grads = outer.gradient(total, variables)
        expected = slopes(
            lambda *xs: float(weighted(gradients(function, [g.Variable(x) for x in xs], seed), seed + 1)), arrays
        )
        for i, (grad, slope) in enumerate(zip(grads, expected)):
            assert_close(grad, slope, f"second gradient of input #{i}")

    return check
