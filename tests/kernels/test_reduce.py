"""Reductions, softmax and running sums against their numpy twins."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import special

SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
CODES = {np.dtype(name): code for code, name in enumerate(NAMES, 1)}
CODES |= {np.dtype("float32"): 12, np.dtype("float64"): 13}
INTEGERS = [d for d in CODES if d.kind in "iu"]
FLOATS = [np.dtype("float32"), np.dtype("float64")]
INT32, INT64 = 4, 5


def code(array):
    return CODES[array.dtype]


def sample(rng, dtype, shape):
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return rng.random(shape) < 0.3
    if dtype.kind == "f":
        return rng.standard_normal(shape).astype(dtype)
    info = np.iinfo(dtype)
    x = rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
    return np.where(rng.random(shape) < 0.5, x, rng.integers(0, 5, shape).astype(dtype)).astype(dtype)


def run(rk, name, x):
    """Reduce axis 1 of a three-dimensional x."""
    outer, n, inner = x.shape
    y = np.full((outer, inner), 5, bool if name in ("ANY", "ALL_TRUE") else x.dtype)
    rk.reduce(getattr(rk, "RK_" + name), code(x), x, y, outer, n, inner)
    return y


SHAPES = [
    (1, 1, 1), (3, 1, 4), (5, 7, 1), (2, 16, 1), (2, 63, 1), (7, 1000, 1), (1, 20000, 1), (2, 70001, 1), (9, 33000, 1),
    (1, 7, 5), (3, 9, 300), (1, 3000, 3), (1, 40000, 7), (1, 700, 257), (2, 5, 1000), (40, 90, 10), (0, 3, 2),
    (2, 3, 0),
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_floats(rk, dtype, shape):
    x = sample(np.random.default_rng(1), dtype, shape)
    wide = x.astype(np.longdouble)
    eps = np.finfo(dtype).eps
    magnitude = np.abs(wide)
    sums = {"SUM": (wide.sum(1), magnitude.sum(1)), "MEAN": (wide.mean(1), magnitude.mean(1))}
    sums |= {
        "ASUM": (magnitude.sum(1),) * 2,
        "SUMSQ": ((wide**2).sum(1),) * 2,
        "NRM2": (np.sqrt((wide**2).sum(1)),) * 2,
    }
    for name, (expected, size) in sums.items():
        limit = eps * size * (1 if dtype == "float32" else 4 + math.log2(shape[1]))
        assert (np.abs(run(rk, name, x) - expected) <= limit + np.finfo(dtype).tiny).all(), name
    positions = magnitude.argmax(1), magnitude.argmin(1)
    assert (run(rk, "MAX", x) == x.max(1)).all()
    assert (run(rk, "MIN", x) == x.min(1)).all()
    for name, at in zip(("AMAX", "AMIN"), positions):
        assert (run(rk, name, x) == np.take_along_axis(x, at[:, None], 1)[:, 0]).all()
    factors = (x * 0.01 + 1).astype(dtype)
    with np.errstate(all="ignore"):
        product = factors.astype(np.longdouble).prod(1)
        relative = np.abs(run(rk, "PROD", factors) / product - 1)
    assert (relative[np.abs(product) > np.finfo(dtype).tiny] < eps * (1 + shape[1] * (dtype == "float64"))).all()


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
@pytest.mark.parametrize("shape", [(3, 50, 1), (1, 33001, 1), (2, 60, 9), (1, 3000, 300)], ids=str)
def test_integers(rk, dtype, shape):
    x = sample(np.random.default_rng(2), dtype, shape)
    wide = x.astype("i8" if dtype.kind == "i" else "u8")
    assert (run(rk, "SUM", x) == wide.sum(1).astype(dtype)).all()
    assert (run(rk, "PROD", x | dtype.type(1)) == (x | dtype.type(1)).astype(wide.dtype).prod(1).astype(dtype)).all()
    assert (run(rk, "SUMSQ", x) == (wide * wide).sum(1).astype(dtype)).all()
    assert (run(rk, "MAX", x) == x.max(1)).all()
    assert (run(rk, "MIN", x) == x.min(1)).all()
    small = (x % dtype.type(7)).astype(dtype)
    total = small.astype("i8").sum(1)
    assert (run(rk, "MEAN", small) == np.trunc(total / shape[1]).astype(dtype)).all()
    assert (run(rk, "ASUM", small) == np.abs(small.astype("i8")).sum(1).astype(dtype)).all()
    short = small[:, :9].copy()
    assert (run(rk, "NRM2", short) == np.sqrt((short.astype("f8") ** 2).sum(1)).astype(dtype)).all()


@pytest.mark.parametrize("dtype", list(CODES), ids=str)
def test_truth(rk, dtype):
    rng = np.random.default_rng(3)
    for shape in [(20, 3, 1), (20, 3, 4), (2, 5000, 1), (1, 3000, 40)]:
        for density in (0.02, 0.98):
            x = (rng.random(shape) < density).astype(dtype)
            assert (run(rk, "ANY", x) == x.any(1)).all()
            assert (run(rk, "ALL_TRUE", x) == x.all(1)).all()
    nan = np.full((1, 3, 1), np.nan, "f4")
    assert run(rk, "ALL_TRUE", nan).all()


def arg(rk, name, x, idx="i8"):
    outer, n, inner = x.shape
    y = np.full((outer, inner), 77, idx)
    rk.argreduce(getattr(rk, "RK_" + name), code(x), x, y, INT32 if idx == "i4" else INT64, outer, n, inner)
    return y


def magnitude(x):
    return np.abs(x.astype(object)).astype("f8") if x.dtype.kind in "iu" else np.abs(x)


@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS], ids=str)
@pytest.mark.parametrize(
    "shape", [(5, 1, 1), (3, 40, 1), (1, 70001, 1), (9, 2100, 1), (2, 70, 9), (1, 60, 600)], ids=str
)
def test_positions(rk, dtype, shape):
    x = sample(np.random.default_rng(4), dtype, shape)
    if dtype.kind == "f":
        x = np.round(x * 4) / 4
        x = x.astype(dtype)
    assert (arg(rk, "ARGMAX", x) == x.argmax(1)).all()
    assert (arg(rk, "ARGMIN", x, "i4") == x.argmin(1)).all()
    if x.size < 3000 or dtype.kind == "f":
        assert (arg(rk, "ARGAMAX", x) == magnitude(x).argmax(1)).all()
        assert (arg(rk, "ARGAMIN", x) == magnitude(x).argmin(1)).all()
    flat = x.ravel()
    for inc in (1, 2):
        part = flat[::inc]
        assert rk.arg_all(rk.RK_ARGMAX, code(x), part.size, flat, inc) == part.argmax()
        assert rk.arg_all(rk.RK_ARGMIN, code(x), part.size, flat, inc) == part.argmin()


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("shape", [(1, 9, 1), (1, 100, 1), (1, 70001, 1), (1, 100, 5), (1, 90, 300)], ids=str)
def test_nan_is_the_extreme(rk, dtype, shape):
    rng = np.random.default_rng(5)
    for _ in range(4):
        x = sample(rng, dtype, shape)
        at = rng.integers(0, shape[1])
        x[0, at:, 0] = np.where(rng.random(shape[1] - at) < 0.5, np.nan, x[0, at:, 0])
        x[0, at, 0] = np.nan
        for name, twin in (("MAX", np.max), ("MIN", np.min)):
            assert np.array_equal(run(rk, name, x), twin(x, 1), equal_nan=True)
            assert (arg(rk, "ARG" + name, x) == getattr(np, "arg" + name.lower())(x, 1)).all()
        assert math.isnan(run(rk, "SUM", x)[0, 0])
        assert math.isnan(run(rk, "AMAX", x)[0, 0])


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_infinities_and_zeros(rk, dtype):
    x = np.array([1, -np.inf, 3, np.inf, -0.0], dtype).reshape(1, 5, 1)
    assert run(rk, "MAX", x)[0, 0] == np.inf
    assert run(rk, "MIN", x)[0, 0] == -np.inf
    assert run(rk, "NRM2", x)[0, 0] == np.inf
    assert run(rk, "MAX", np.full((1, 40, 1), -np.inf, dtype))[0, 0] == -np.inf
    for scale in (1e200, 1e-200, 1e-310) if dtype == "float64" else (1e30, 1e-30):
        x = (np.array([3, 4, 0], dtype) * dtype.type(scale)).reshape(1, 3, 1)
        for shaped in (x, np.repeat(x, 3, 2)):
            assert run(rk, "NRM2", shaped)[0, 0] == pytest.approx(5 * scale, rel=1e-6)
        assert rk.nrm2_all(code(x), 3, x, 1) == pytest.approx(5 * scale, rel=1e-6)


@pytest.mark.parametrize("dtype", list(CODES), ids=str)
def test_all_elements(rk, dtype):
    rng = np.random.default_rng(6)
    for n, inc in [(0, 1), (1, 1), (17, 1), (1000, 3), (40000, 1), (30000, 2), (100000, 1)]:
        x = sample(rng, dtype, n * inc)
        if dtype.kind in "iu":
            x = (x % dtype.type(50)).astype(dtype)
        y = sample(rng, dtype, n) if dtype.kind == "f" else x[:n].copy()
        part = x[::inc][:n].astype("f8")
        tolerance = 1e-12 * max(1, n)
        assert rk.sum_all(code(x), n, x, inc) == pytest.approx(part.sum(), abs=tolerance)
        assert rk.asum_all(code(x), n, x, inc) == pytest.approx(np.abs(part).sum(), abs=tolerance)
        assert rk.nrm2_all(code(x), n, x, inc) == pytest.approx(np.sqrt((part**2).sum()), abs=tolerance)
        assert rk.dot_all(code(x), n, x, inc, y, 1) == pytest.approx(part @ y.astype("f8"), abs=10 * tolerance)
        if dtype.kind in "iub":
            assert rk.isum_all(code(x), n, x, inc) == int(part.sum())
    if dtype.kind in "iu":
        top = np.full(3, np.iinfo(dtype).max, dtype)
        wrapped = (3 * int(top[0]) + 2**63) % 2**64 - 2**63
        assert rk.isum_all(code(top), 3, top, 1) == wrapped


@SETTINGS
@given(outer=st.integers(1, 6), n=st.integers(1, 70), inner=st.integers(1, 40), seed=st.integers(0, 2**32))
def test_drawn_shapes(rk, outer, n, inner, seed):
    x = np.random.default_rng(seed).integers(-9, 9, (outer, n, inner)).astype("f4")
    assert (run(rk, "SUM", x) == x.sum(1)).all()
    assert (run(rk, "MAX", x) == x.max(1)).all()
    assert (arg(rk, "ARGMIN", x) == x.argmin(1)).all()
    assert np.array_equal(cumsum(rk, x, 0, 0), x.cumsum(1))


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("shape", [(0, 5), (3, 1), (4, 7), (5, 16), (2, 100), (700, 33), (3, 20000)], ids=str)
def test_softmax(rk, dtype, shape):
    rng = np.random.default_rng(7)
    x = (sample(rng, dtype, shape) * 4).astype(dtype)
    x[1:2, 1:2] = -np.inf
    wide = x.astype("f8")
    expected, logarithm = special.softmax(wide, 1), special.log_softmax(wide, 1)
    eps = np.finfo(dtype).eps
    for in_place in (False, True):
        y = x.copy() if in_place else np.empty_like(x)
        rk.softmax(code(x), y if in_place else x, y, *shape)
        assert np.allclose(y, expected, rtol=40 * eps, atol=np.finfo(dtype).tiny)
        y = x.copy() if in_place else np.empty_like(x)
        rk.log_softmax(code(x), y if in_place else x, y, *shape)
        assert np.allclose(y, logarithm, rtol=8 * eps, atol=60 * eps)
    p, g = expected.astype(dtype), sample(rng, dtype, shape)
    dx = np.empty_like(p)
    rk.dsoftmax(code(p), p, g, dx, *shape)
    twin = p.astype("f8") * (g - (g.astype("f8") * p).sum(1, keepdims=True))
    assert np.allclose(dx, twin, rtol=8 * eps, atol=8 * eps)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_softmax_of_special_values(rk, dtype):
    rows = [[1, np.nan, 2], [np.inf, 0, 1], [-np.inf] * 3, [1e30, -1e30, 0], [-1000, -1001, -1002]]
    x = np.array(rows, dtype)
    y = np.empty_like(x)
    rk.softmax(code(x), x, y, *x.shape)
    assert np.isnan(y[:3]).all()
    assert y[3].tolist() == [1, 0, 0]
    assert np.allclose(y[4], special.softmax([0, -1, -2]), rtol=1e-6)


def cumsum(rk, x, exclusive, reverse, in_place=False):
    y = x.copy() if in_place else np.full_like(x, 3)
    rk.cumsum(code(x), y if in_place else x, y, *x.shape, exclusive, reverse)
    return y


@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS], ids=str)
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 40, 1), (2, 30, 7), (1, 500, 300), (300, 200, 1), (2, 0, 3)], ids=str)
def test_cumsum(rk, dtype, shape):
    x = sample(np.random.default_rng(8), dtype, shape)
    if dtype.kind == "f":
        x = np.round(x * 8)
    for reverse in (0, 1):
        turned = x[:, ::-1] if reverse else x
        for exclusive in (0, 1):
            expected = turned.cumsum(1, dtype=dtype)
            if exclusive:
                expected = np.concatenate([np.zeros_like(x[:, :1]), expected[:, :-1]], 1)[:, : shape[1]]
            expected = expected[:, ::-1] if reverse else expected
            for in_place in (False, True):
                assert np.array_equal(cumsum(rk, x, exclusive, reverse, in_place), expected)


def test_cumsum_of_truth_values(rk):
    x = np.array([False, True, False, False]).reshape(1, 4, 1)
    assert cumsum(rk, x, 0, 0).ravel().tolist() == [False, True, True, True]
    assert cumsum(rk, x, 1, 1).ravel().tolist() == [True, False, False, False]


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "u1"])
@pytest.mark.parametrize("shape", [(1, 5, 4500), (2, 131, 2049), (1, 30000, 7)], ids=str)
def test_wide_and_tall_columns(rk, dtype, shape):
    x = sample(np.random.default_rng(10), dtype, shape)
    for name, function in (("MAX", np.max), ("MIN", np.min)):
        assert np.array_equal(run(rk, name, x), function(x, 1))
    exact = x.astype("f8").sum(1) if x.dtype.kind == "f" else x.sum(1, dtype=dtype)
    assert np.allclose(run(rk, "SUM", x), exact, rtol=1e-6, atol=1e-4 if dtype == "f4" else 1e-9)
    if x.dtype.kind == "f":
        for row in (0, 3, shape[1] - 1):
            x[0, row, row % shape[2]] = np.nan
        for name in ("MAX", "MIN", "AMAX"):
            assert np.array_equal(np.isnan(run(rk, name, x)), np.isnan(x).any(1))


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
def test_index_of_extremes_in_rows_of_every_length(rk, dtype):
    rng = np.random.default_rng(12)
    for n in [*range(1, 140), 1000, 8191, 9000]:
        x = rng.integers(-3, 4, (5, n, 1)).astype(dtype)
        if dtype != "i4":
            x[4, n // 2] = np.nan
        assert np.array_equal(arg(rk, "ARGMAX", x), x.argmax(1))
        assert np.array_equal(arg(rk, "ARGMIN", x), x.argmin(1))


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
def test_first_of_equal_extremes_far_apart_in_a_row(rk, dtype):
    rng = np.random.default_rng(13)
    for n in (255, 257, 600, 1000, 2236, 8192):
        x = rng.integers(-9, 10, (40, n, 1)).astype(dtype)
        for row in x:
            for extreme in (-20, 20):
                row[rng.integers(n, size=rng.integers(1, 4))] = extreme
        assert np.array_equal(arg(rk, "ARGMAX", x), x.argmax(1))
        assert np.array_equal(arg(rk, "ARGMIN", x), x.argmin(1))


def test_any_number_of_threads_gives_the_same_bits(rk):
    rng = np.random.default_rng(9)
    x = rng.standard_normal(1 << 20).astype("f4")
    shapes = [(1, x.size, 1), (1, x.size // 8, 8), (1, 1024, 1024), (64, x.size // 64, 1), (4, x.size // 1024, 256)]
    results = []
    for threads in (1, 2, 3, 4):
        rk.set_threads(threads)
        got = [run(rk, name, x.reshape(s)).tobytes() for s in shapes for name in ("SUM", "PROD", "NRM2", "MAX", "AMIN")]
        got += [rk.sum_all(12, x.size, x, 1), rk.nrm2_all(12, x.size // 2, x, 2), rk.dot_all(12, x.size, x, 1, x, 1)]
        soft = np.empty_like(x)
        rk.softmax(12, x, soft, 1024, 1024)
        got += [soft.tobytes(), cumsum(rk, x.reshape(1, 1024, 1024), 0, 0).tobytes()]
        got += [arg(rk, "ARGMAX", x.reshape(s)).tobytes() for s in shapes]
        results.append(got)
    rk.set_threads(2)
    assert results[1:] == results[:1] * 3
