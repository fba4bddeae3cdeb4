"""Kernels of pooling against windows taken one by one in NumPy."""

import ctypes
import itertools
import math
import platform

import numpy as np
import pytest

DTYPES = [(np.float32, 12), (np.float64, 13)]
Three = ctypes.c_ssize_t * 3


class Call(ctypes.Structure):
    """``struct rk_pooling_call``."""

    _fields_ = [
        ("batch", ctypes.c_ssize_t),
        ("channels", ctypes.c_ssize_t),
        *((name, Three) for name in ("sizes", "out", "window", "stride", "dilation", "pad")),
        ("channels_first", ctypes.c_int),
        ("wide_index", ctypes.c_int),
    ]


def call(batch, channels, sizes, window, stride=None, dilation=(1, 1, 1), same=False, first=False, wide=False):
    """A call, with the sizes of its results."""
    stride = stride or window
    spans = [(k - 1) * d + 1 for k, d in zip(window, dilation)]
    if same:
        out = [-(-n // s) for n, s in zip(sizes, stride)]
        pad = [max(0, (o - 1) * s + span - n) // 2 for o, s, span, n in zip(out, stride, spans, sizes)]
    else:
        out = [(n - span) // s + 1 for n, span, s in zip(sizes, spans, stride)]
        pad = [0, 0, 0]
    wide = wide or math.prod(window) > 256
    return Call(batch, channels, *(Three(*v) for v in (sizes, out, window, stride, dilation, pad)), first, wide)


@pytest.fixture
def pooling(kernels):
    return kernels.family("pooling")


def windows(c):
    """(place of the result, [(place in the window, place in the image)]), what lies outside left out."""
    for o in itertools.product(*map(range, c.out)):
        inside = []
        for number, k in enumerate(itertools.product(*map(range, c.window))):
            at = [o[a] * c.stride[a] + k[a] * c.dilation[a] - c.pad[a] for a in range(3)]
            if all(0 <= i < n for i, n in zip(at, c.sizes)):
                inside.append((number, tuple(at)))
        yield o, inside


def twin(c, x, dy):
    """Results, places and gradients of both kinds; all arrays have the channels last."""
    shape = (c.batch, *c.out, c.channels)
    largest, mean, index = np.zeros(shape), np.zeros(shape), np.zeros(shape, int)
    dmax, dmean = np.zeros(x.shape), np.zeros(x.shape)
    batch, channels = np.ogrid[: c.batch, : c.channels]
    for o, inside in windows(c):
        where = (slice(None), *o)
        if not inside:
            largest[where] = -np.inf
            continue
        values = np.stack([x[(slice(None), *at)] for _, at in inside]).astype(np.float64)
        best = np.argmax(values, 0)  # the first nan, or the first of the largest
        largest[where] = np.take_along_axis(values, best[None], 0)[0]
        index[where] = np.array([number for number, _ in inside])[best]
        mean[where] = values.mean(0)
        at = np.array([at for _, at in inside])[best]
        np.add.at(dmax, (batch, at[..., 0], at[..., 1], at[..., 2], channels), dy[where])
        for _, place in inside:
            dmean[(slice(None), *place)] += dy[where] / len(inside)
    return largest, index, mean, dmax, dmean


def check(found, wanted):
    bound = 1e-5 if found.dtype == np.float32 else 1e-13
    np.testing.assert_allclose(found, wanted, rtol=bound, atol=bound)


CASES = {
    "2x2": {"sizes": (1, 6, 8), "window": (1, 2, 2)},
    "2x2 with a rest": {"sizes": (1, 7, 9), "window": (1, 2, 2)},
    "2x2 same": {"sizes": (1, 7, 5), "window": (1, 2, 2), "same": True},
    "3x3 side by side, same": {"sizes": (1, 7, 8), "window": (1, 3, 3), "same": True},
    "3x3 by 2": {"sizes": (1, 9, 8), "window": (1, 3, 3), "stride": (1, 2, 2)},
    "3x3 by 2 same": {"sizes": (1, 9, 8), "window": (1, 3, 3), "stride": (1, 2, 2), "same": True},
    "3x2 by 1 same": {"sizes": (1, 5, 7), "window": (1, 3, 2), "stride": (1, 1, 1), "same": True},
    "far apart": {"sizes": (1, 8, 9), "window": (1, 2, 2), "stride": (1, 3, 4)},
    "dilated": {"sizes": (1, 9, 9), "window": (1, 3, 2), "stride": (1, 1, 2), "dilation": (1, 2, 3)},
    "dilated same": {"sizes": (1, 6, 7), "window": (1, 3, 2), "stride": (1, 2, 1), "dilation": (1, 2, 3), "same": True},
    "dilated beyond the image": {"sizes": (1, 1, 2), "window": (1, 1, 2), "stride": (1, 1, 1), "dilation": (1, 1, 5),
                                 "same": True},
    "sequence": {"sizes": (1, 1, 11), "window": (1, 1, 4), "stride": (1, 1, 3)},
    "long rows": {"sizes": (1, 2, 700), "window": (1, 2, 2), "stride": (1, 1, 1)},
    "volume": {"sizes": (5, 4, 6), "window": (2, 2, 2), "stride": (2, 1, 2)},
    "volume side by side": {"sizes": (5, 4, 7), "window": (2, 2, 3)},
    "whole image": {"sizes": (1, 20, 17), "window": (1, 20, 17)},
    "int32 for places": {"sizes": (1, 6, 6), "window": (1, 3, 2), "wide": True},
}  # fmt: skip


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize(
    "name, channels",
    [(name, n) for name in CASES for n in (3, 119) if n == 3 or name not in ("long rows", "whole image")],
)
def test_pooling(pooling, dtype, code, channels, first, name):
    c = call(2, channels, first=first, **CASES[name])
    rng = np.random.default_rng(1)
    x = rng.integers(-20, 20, (2, *c.sizes, channels)).astype(dtype)  # with ties
    dy = rng.normal(size=(2, *c.out, channels)).astype(dtype)
    wanted = twin(c, x, dy)

    def given(a):
        return np.ascontiguousarray(np.moveaxis(a, -1, 1)) if first else a

    def made(a):
        return np.moveaxis(a, 1, -1) if first else a

    x, dy = given(x), given(dy)
    results = []
    for threads in (1, 2, 3):
        pooling.set_threads(threads)
        y, mean = np.full((2, *dy.shape), np.nan, dtype)
        index = np.full(dy.shape, 99, np.int32 if c.wide_index else np.uint8)
        dmax, dmean = np.full((2, *x.shape), np.nan, dtype)
        assert pooling.pool_max(code, ctypes.addressof(c), x, y, None) == 1
        np.testing.assert_array_equal(made(y), wanted[0])
        y[...] = np.nan
        assert pooling.pool_max(code, ctypes.addressof(c), x, y, index) == 1
        assert pooling.pool_mean(code, ctypes.addressof(c), x, mean) == 1
        assert pooling.pool_max_gradient(code, ctypes.addressof(c), dy, index, dmax) == 1
        assert pooling.pool_mean_gradient(code, ctypes.addressof(c), dy, dmean) == 1
        results.append([y, index, mean, dmax, dmean])
    np.testing.assert_array_equal(made(y), wanted[0])
    if name != "dilated beyond the image":
        np.testing.assert_array_equal(made(index), wanted[1])
    for found, a in zip(results[0][2:], wanted[2:]):
        check(made(found), a)
    for other in results[1:]:
        for a, b in zip(results[0], other):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("first", [False, True])
def test_special_values(pooling, dtype, code, first):
    """nan is larger than any number; the first one counts. Infinities are numbers like others."""
    nan, inf = np.nan, np.inf
    rows = np.array([[1, nan, 9, 2], [nan, 3, nan, 2], [-inf, -inf, -inf, -inf], [-inf, inf, 5, inf]], dtype)
    c = call(1, 4, (1, 1, 4), (1, 1, 4), first=first)
    x = rows if first else np.ascontiguousarray(rows.T)
    y, index = np.empty(4, dtype), np.empty(4, np.uint8)
    pooling.pool_max(code, ctypes.addressof(c), x, y, index)
    np.testing.assert_array_equal(y, [nan, nan, -inf, inf])
    assert index[0] == 1
    assert index[2] == 0
    assert index[3] == 1
    dx = np.empty_like(x)
    pooling.pool_max_gradient(code, ctypes.addressof(c), np.ones(4, dtype), index, dx)
    assert dx.sum() == 4


@pytest.mark.parametrize("dtype, code", DTYPES)
def test_many_images(pooling, dtype, code):
    """Enough work for two threads."""
    c = call(8, 24, (1, 40, 40), (1, 2, 2))
    x = np.random.default_rng(2).normal(size=(8, 40, 40, 24)).astype(dtype)
    y, index, dx = np.empty((8, 20, 20, 24), dtype), np.empty((8, 20, 20, 24), np.uint8), np.empty_like(x)
    pooling.pool_max(code, ctypes.addressof(c), x, y, index)
    np.testing.assert_array_equal(y, x.reshape(8, 20, 2, 20, 2, 24).max((2, 4)))
    pooling.pool_max_gradient(code, ctypes.addressof(c), y, index, dx)
    np.testing.assert_array_equal(dx, np.where(x == y.repeat(2, 1).repeat(2, 2), x, 0))


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64", "aarch64", "arm64"), reason="no flush mode known")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("first", [False, True])
def test_sums_flush_subnormals_and_the_state_is_left_alone(pooling, first, threads):
    pooling.set_threads(threads)
    tiny = np.full((8, 40, 40, 24), 1e-39, np.float32)
    for stride in ((1, 2, 2), (1, 1, 1)):
        c = call(8, 24, (1, 40, 40), (1, 2, 2), stride, first=first)
        y, dx = np.empty((8, *c.out, 24), np.float32), np.empty_like(tiny)
        index = np.empty(y.shape, np.uint8)
        pooling.pool_mean(12, ctypes.addressof(c), tiny, y)
        assert not y.any()
        pooling.pool_mean_gradient(12, ctypes.addressof(c), tiny, dx)
        assert not dx.any()
        pooling.pool_max(12, ctypes.addressof(c), tiny, y, index)
        assert (y == tiny[0, 0, 0, 0]).all()  # an element as it is
    assert (np.full(64, 1.2e-38, np.float32) * np.float32(0.5)).all()  # the caller still computes with subnormals


def test_no_images(pooling):
    c = call(0, 3, (1, 4, 4), (1, 2, 2))
    nothing = np.empty(0, np.float32)
    assert pooling.pool_max(12, ctypes.addressof(c), nothing, nothing, nothing) == 1
    assert pooling.pool_max_gradient(12, ctypes.addressof(c), nothing, nothing, nothing) == 1
    assert pooling.pool_mean(12, ctypes.addressof(c), nothing, nothing) == 1
