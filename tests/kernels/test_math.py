"""Accuracy of the elementary functions of impl/math.h, reached through the unary kernel."""

import math
import pathlib
import re

import numpy as np
import pytest
from scipy import special

HEADER = pathlib.Path(__file__).parents[2] / "rindow_math/matrix/kernels/src/rk_elementwise.h"
LONG = np.finfo(np.longdouble).nmant > 60


def op_codes() -> dict[str, int]:
    body = re.search(r"enum rk_unary_op \{(.*?)\};", HEADER.read_text(), re.S).group(1)
    names = re.sub(r"/\*.*?\*/", "", body, flags=re.S).replace("= 0", "").split(",")
    return {name.strip()[3:].lower(): code for code, name in enumerate(names)}


OPS = op_codes()


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, np.ones_like(e)) / (1 + e)


def erf(x):
    """A series of positive terms: as exact as the type of x."""
    term = total = x
    for n in range(1, 180):
        term = term * (2 * x * x / (2 * n + 1))
        total = total + term
    return 2 / np.sqrt(x.dtype.type("3.14159265358979323846264338328")) * np.exp(-x * x) * total


# reference, domain (low, high), largest error in ulp (as stated in math.h)
FUNCTIONS = {
    "exp": (np.exp, (-110, 90), (-750, 711), 0.95),
    "expm1": (np.expm1, (-30, 90), (-50, 711), 1.85),
    "log": (np.log, (1e-44, 4), (5e-324, 4), 0.85),
    "log1p": (np.log1p, (-0.9999, 5), (-0.9999, 5), 0.9),
    "tanh": (np.tanh, (-10, 10), (-22, 22), 1.305),
    "sigmoid": (sigmoid, (-104, 104), (-745, 745), 1.95),
    "erf": (erf, (-4.5, 4.5), (-6.5, 6.5), 1.4),
}


def sample(dtype, low, high):
    rng = np.random.default_rng(7)
    x = [rng.uniform(low, high, 30000), rng.uniform(max(low, -1.5), 1.5, 20000), np.exp(rng.uniform(-80, 1, 5000))]
    if low < 0:
        x.append(-np.exp(rng.uniform(-80, -0.1, 5000)))
    return np.concatenate(x).astype(dtype)


def apply(kernels, name, x):
    y = np.empty_like(x)
    kernels.unary(OPS[name], 12 if x.dtype == np.float32 else 13, x, y, x.size)
    return y


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_error_is_within_the_stated_ulps(kernels, name, dtype):
    reference, single, double, bound = FUNCTIONS[name]
    x = sample(dtype, *(single if dtype == np.float32 else double))
    if dtype == np.float32:
        exact = reference(x.astype(np.float64)).astype(np.longdouble)
    else:
        exact = reference(x.astype(np.longdouble))
        bound += 0 if LONG else 2  # the reference is not exact either
    with np.errstate(over="ignore"):
        rounded = exact.astype(dtype)
    y = apply(kernels, name, x)
    finite = np.isfinite(rounded)
    np.testing.assert_array_equal(y[~finite], rounded[~finite])
    ulp = np.maximum(np.spacing(np.abs(rounded[finite])), np.finfo(dtype).smallest_subnormal)
    error = np.abs(y[finite].astype(np.longdouble) - exact[finite]) / ulp
    worst = error.argmax()
    assert error[worst] <= bound, f"{name}({x[finite][worst]!r}) = {y[finite][worst]!r}: {error[worst]:.2f} ulp"


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_special_values(kernels, name, dtype):
    info = np.finfo(dtype)
    tiny, least = info.tiny, info.smallest_subnormal
    x = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, -2.0, tiny, -tiny, least, -least, info.max, -info.max]
    x = np.array(x, dtype)
    with np.errstate(all="ignore"):
        wanted = {"sigmoid": special.expit, "erf": special.erf}.get(name, FUNCTIONS[name][0])(x).astype(dtype)
    y = apply(kernels, name, x)
    np.testing.assert_array_equal(np.isnan(y), np.isnan(wanted))
    number = ~np.isnan(wanted)
    np.testing.assert_array_max_ulp(y[number], wanted[number], 3)
    np.testing.assert_array_equal(np.signbit(y[number]), np.signbit(wanted[number]))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_element_does_not_depend_on_its_place(kernels, name):
    x = np.linspace(0.01, 3, 67, dtype=np.float32)
    whole = apply(kernels, name, x)
    for start, stop in [(0, 1), (1, 20), (17, 67), (66, 67), (5, 38)]:
        np.testing.assert_array_equal(apply(kernels, name, x[start:stop].copy()), whole[start:stop])
