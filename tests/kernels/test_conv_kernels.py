"""Convolution kernels of every variant against the definition, in NumPy."""

import copy
import ctypes
import itertools
import platform

import numpy as np
import pytest

NONE, RELU, SIGMOID, TANH = range(4)
FLOAT32, FLOAT64 = 12, 13


class ConvCall(ctypes.Structure):
    """``rk_conv_call``."""

    _fields_ = [
        *((name, ctypes.c_ssize_t) for name in ("batch", "channels", "filters")),
        *((name, ctypes.c_ssize_t * 3) for name in ("in", "kernel", "out", "stride", "dilation", "pad")),
    ]


POINTER = ctypes.c_void_p


class ConvApi(ctypes.Structure):
    """``rk_conv_api``."""

    _fields_ = [
        ("version", ctypes.c_int),
        ("conv", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, *[POINTER] * 5, ctypes.c_int, POINTER)),
        ("conv_pool", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, *[POINTER] * 5, ctypes.c_int, *[POINTER] * 3)),
        ("conv_input_gradient", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, *[POINTER] * 4)),
        ("conv_kernel_gradient", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, *[POINTER] * 5)),
    ]


class Case:
    """A convolution: its sizes, and its definition in NumPy."""

    def __init__(self, batch, image, channels, filters, kernel, stride=1, dilation=1, same=False):
        def three(v):
            v = [v] * len(image) if isinstance(v, int) else v
            return [1] * (3 - len(v)) + list(v)

        self.batch, self.channels, self.filters, self.same = batch, channels, filters, same
        self.image, self.kernel, self.stride, self.dilation = map(three, (image, kernel, stride, dilation))
        self.out, self.pad = [], []
        for n, k, s, d in zip(self.image, self.kernel, self.stride, self.dilation):
            span = (k - 1) * d + 1
            self.out.append(-(-n // s) if same else (n - span) // s + 1)
            self.pad.append(max((self.out[-1] - 1) * s + span - n, 0) // 2 if same else 0)

    def call(self):
        threes = [(ctypes.c_ssize_t * 3)(*v) for v in (self.image, self.kernel, self.out, self.stride, self.dilation)]
        pad = (ctypes.c_ssize_t * 3)(*self.pad)
        return ConvCall(self.batch, self.channels, self.filters, *threes, pad)

    def points(self):
        """For each point of the kernel: its index, the results that meet it inside the image, and where."""
        for at in itertools.product(*map(range, self.kernel)):
            outs, places = [], []
            for i in range(3):
                met = np.arange(self.out[i]) * self.stride[i] - self.pad[i] + at[i] * self.dilation[i]
                inside = np.flatnonzero((met >= 0) & (met < self.image[i]))
                outs.append(inside)
                places.append(met[inside])
            yield at, np.ix_(range(self.batch), *outs), np.ix_(range(self.batch), *places)

    def forward(self, x, w, b):
        y = np.zeros((self.batch, *self.out, self.filters)) + b
        for at, out, place in self.points():
            y[out] += x[place] @ w[at]
        return y

    def gradients(self, x, w, dy):
        dx, dw = np.zeros(x.shape), np.zeros(w.shape)
        for at, out, place in self.points():
            dx[place] += dy[out] @ w[at].T
            dw[at] = np.einsum("nzyxc,nzyxf->cf", x[place], dy[out])
        return dx, dw, dy.sum((0, 1, 2, 3))

    def arrays(self, dtype, seed=0):
        rng = np.random.default_rng(seed)
        shapes = [(self.batch, *self.image, self.channels), (*self.kernel, self.channels, self.filters),
                  (self.filters,), (self.batch, *self.out, self.filters)]  # fmt: skip
        return [guarded(rng.uniform(-1, 1, s).astype(dtype)) for s in shapes]

    def __repr__(self):
        short = (self.image, self.channels, self.filters, self.kernel, self.stride, self.dilation)
        return (
            f"{self.batch}x"
            + "-".join(",".join(map(str, v)) if isinstance(v, list) else str(v) for v in short)
            + ("-same" if self.same else "")
        )


CASES = [
    Case(2, [5, 17], 3, 5, 3),  # few channels, part of a vector
    Case(2, [5, 17], 3, 16, 3, same=True),
    Case(1, [9, 33], 4, 33, [3, 2], same=True),  # panels of different width
    Case(2, [8, 16], 5, 40, 3, [2, 3], same=True),
    Case(2, [9, 19], 2, 7, 3, 1, [1, 3]),  # points that are no neighbours
    Case(2, [9, 19], 2, 7, 3, 1, [3, 2], same=True),
    Case(2, [9, 11], 3, 4, [2, 3], 3, 2, same=True),  # strides and dilations with and without common divisors
    Case(2, [9, 11], 3, 4, 3, 2, 2),
    Case(1, [7, 29], 2, 3, 2, [4, 5]),  # steps beyond the kernel: places that nothing meets
    Case(3, [4, 4], 6, 35, 3),  # narrow results: patches
    Case(5, [3, 2], 7, 18, [2, 3], same=True),
    Case(4, [5, 5], 3, 6, 2, 2, 2, same=True),
    Case(1, [1, 1], 2, 3, 2, 1, 3, same=True),  # a kernel that meets nothing
    Case(3, [6, 7], 9, 21, 1),
    Case(3, [6, 7], 3, 4, 1, 2),
    Case(2, [40], 3, 5, 4, 3, 2, same=True),
    Case(1, [3000], 2, 17, 3),  # a long row
    Case(1, [1500], 3, 8, 5, same=True),
    Case(2, [4, 5, 18], 3, 5, [2, 3, 3], same=True),
    Case(2, [5, 4, 9], 2, 17, [3, 2, 2], [2, 1, 2], [1, 2, 1]),
    Case(2, [5, 4, 3], 2, 4, 2, 1, 2),
    Case(17, [20, 20], 8, 20, 3),  # many blocks
    Case(20, [18, 19], 9, 33, 3, same=True),
    Case(2, [6, 18], 70, 65, 3, 2, same=True),
    Case(2, [3, 3], 160, 130, 3, same=True),  # weights that do not stay in the first cache
    Case(1, [10, 11], 17, 124, 3),  # threads with panels of their own
    Case(2, [8, 9], 24, 120, [3, 2], same=True),
    Case(2, [30], 74, 5, 3, same=True),  # a long stretch
    Case(1, [5, 5], 20, 70, 3),  # tiles of several rows
    Case(2, [7, 6], 5, 40, [3, 2], same=True),
    Case(2, [12, 10], 6, 33, 3, 2, 1, same=True),
    Case(3, [4, 9, 8], 3, 35, [2, 3, 2]),
    Case(30, [5, 9], 6, 20, 3),  # tiles across images
    Case(9, [16, 14], 32, 20, 3, 2, same=True),  # or of rows, where images lie so that they share lines of the cache
    Case(8, [16, 6], 32, 20, 3, 2, same=True),
    Case(2, [4, 11], 1024, 20, 1),  # pixels of a tile that share lines of the cache
    Case(1, [13, 14], 512, 35, 3, 2, same=True),
    Case(6, [16, 15], 33, 70, 1, 2),  # pixels that are gathered to fill tiles
    Case(2, [5, 9, 33], 40, 65, 1, [2, 1, 2]),
    Case(3, [11, 13], 20, 3, [3, 5], [2, 1], [1, 2], same=True),  # few filters
    Case(2, [3, 4, 21], 5, 2, [2, 3, 3], same=True),
    Case(2, [9, 14], 3, 1, [5, 4]),
    Case(2, [13, 17], 3, 30, 3, same=True),  # tiles that pool what they compute
    Case(2, [15, 18], 3, 64, 3, [1, 2]),
    Case(2, [4, 9, 11], 2, 26, 2),
    Case(7, [16, 17], 1024, 64, 1),  # tiles of two panels
    Case(2, [16, 33], 512, 128, 3, 2, same=True),
]


def guarded(a):
    """The array, off the vectors' alignment, between numbers that must not change."""
    memory = np.full(a.size + 16, 1234.5, a.dtype)
    inside = memory[5 : 5 + a.size].reshape(a.shape)
    inside[...] = a
    return inside


def untouched(a):
    memory = a.base
    return (memory[:5] == 1234.5).all() and (memory[5 + a.size :] == 1234.5).all()


@pytest.fixture(scope="session")
def conv(kernels):
    """The family's table of a variant, called with arrays; ``.set_threads`` changes the number of threads."""
    api = ConvApi.from_address(kernels.api.conv)

    pooling = kernels.family("pooling")

    class Table:
        set_threads = staticmethod(kernels.set_threads)

        @staticmethod
        def forward(case, x, w, b, epilogue=NONE, scale=None):
            y = guarded(np.full((case.batch, *case.out, case.filters), np.nan, x.dtype))
            call = case.call()
            assert api.conv(code(x), ctypes.addressof(call), x.ctypes.data, w.ctypes.data, at(scale), at(b), epilogue,
                            y.ctypes.data)  # fmt: skip
            assert untouched(y)
            return y

        @staticmethod
        def pooled(case, x, w, b, epilogue, pool, scale):
            """(z, places, the same from one kernel after the other, z without places)."""
            shape = (case.batch, *pool.out, case.filters)
            kind = np.int32 if pool.wide_index else np.uint8
            y = Table.forward(case, x, w, b, epilogue, scale)
            found = []
            for _ in range(2):
                found += [guarded(np.full(shape, np.nan, x.dtype)), np.full(shape, 77, kind)]
            call = case.call()
            assert api.conv_pool(code(x), ctypes.addressof(call), x.ctypes.data, w.ctypes.data, at(scale), at(b),
                                 epilogue, ctypes.addressof(pool), at(found[0]), at(found[1]))  # fmt: skip
            assert untouched(found[0])
            assert pooling.pool_max(code(x), ctypes.addressof(pool), y.ctypes.data, at(found[2]), at(found[3]))
            alone = guarded(np.full(shape, np.nan, x.dtype))
            assert api.conv_pool(code(x), ctypes.addressof(call), x.ctypes.data, w.ctypes.data, at(scale), at(b),
                                 epilogue, ctypes.addressof(pool), at(alone), None)  # fmt: skip
            assert untouched(alone)
            return *found, alone

        @staticmethod
        def gradients(case, x, w, dy, biased=True):
            dx, dw = guarded(np.full(x.shape, np.nan, x.dtype)), guarded(np.full(w.shape, np.nan, x.dtype))
            db = guarded(np.full(case.filters, np.nan, x.dtype))
            call = ctypes.pointer(case.call())
            where = ctypes.addressof(call.contents)
            assert api.conv_input_gradient(code(x), where, dy.ctypes.data, w.ctypes.data, dx.ctypes.data)
            assert api.conv_kernel_gradient(
                code(x), where, x.ctypes.data, dy.ctypes.data, dw.ctypes.data, db.ctypes.data if biased else None
            )
            assert untouched(dx)
            assert untouched(dw)
            assert untouched(db)
            return dx, dw, db

    return Table


def at(a):
    return None if a is None else a.ctypes.data


def code(x):
    return FLOAT32 if x.dtype == np.float32 else FLOAT64


def agree(got, want, terms):
    """Equal but for the rounding of sums of so many terms."""
    unit = np.finfo(got.dtype).eps
    np.testing.assert_allclose(got, want, rtol=8 * unit, atol=unit * (8 + terms / 2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=repr)
def test_values_and_gradients(conv, case, dtype):
    x, w, b, dy = case.arrays(dtype)
    wide = [a.astype(np.float64) for a in (x, w, b, dy)]
    points = int(np.prod(case.kernel))
    agree(conv.forward(case, x, w, b), case.forward(*wide[:3]), points * case.channels)
    agree(conv.forward(case, x, w, None), case.forward(*wide[:2], 0), points * case.channels)
    dx, dw, db = case.gradients(wide[0], wide[1], wide[3])
    got = conv.gradients(case, x, w, dy)
    pixels = case.batch * int(np.prod(case.out))
    agree(got[0], dx, points * case.filters)
    agree(got[1], dw, pixels)
    agree(got[2], db, pixels)
    np.testing.assert_array_equal(conv.gradients(case, x, w, dy, biased=False)[1], got[1])


@pytest.mark.parametrize("case", [*CASES[-16:], CASES[1], CASES[9], CASES[16], CASES[18]], ids=repr)
def test_threads_change_no_bit(conv, case):
    x, w, b, dy = case.arrays(np.float32)
    found = []
    for threads in (1, 2, 5):
        conv.set_threads(threads)
        found.append([conv.forward(case, x, w, b, RELU), *conv.gradients(case, x, w, dy)])
    for other in found[1:]:
        for a, b in zip(found[0], other):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", [CASES[2], CASES[9], CASES[13], *CASES[-10:]], ids=repr)
def test_epilogues(conv, case, dtype):
    x, w, b, _ = case.arrays(dtype)
    z = conv.forward(case, x, w, b).astype(np.float64)
    unit = np.finfo(dtype).eps
    for epilogue, function in ((RELU, lambda z: np.maximum(z, 0)), (SIGMOID, lambda z: 1 / (1 + np.exp(-z))),
                               (TANH, np.tanh)):  # fmt: skip
        got = conv.forward(case, x, w, b, epilogue)
        np.testing.assert_allclose(got, function(z), rtol=4 * unit, atol=4 * unit)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", [CASES[2], CASES[9], CASES[10], CASES[13], *CASES[-5:]], ids=repr)
def test_a_scale_for_each_filter(conv, case, dtype):
    x, w, b, _ = case.arrays(dtype)
    scale = guarded(np.linspace(-2, 3, case.filters, dtype=dtype))
    z = case.forward(*(a.astype(np.float64) for a in (x, w)), 0) * scale
    terms = 3 * int(np.prod(case.kernel)) * case.channels
    agree(conv.forward(case, x, w, None, scale=scale), z, terms)
    agree(conv.forward(case, x, w, b, scale=scale), z + b, terms)
    agree(conv.forward(case, x, w, b, RELU, scale), np.maximum(z + b, 0), terms)


def on_a_line(a):
    """The array, at the beginning of a cache line."""
    memory = np.empty(a.size + 16, a.dtype)
    start = -memory.ctypes.data % 64 // a.itemsize
    aligned = memory[start : start + a.size].reshape(a.shape)
    aligned[...] = a
    return aligned


@pytest.mark.parametrize("case", [
    Case(1, [9, 16], 9, 64, 3),
    Case(1, [12, 12], 5, 128, 3, same=True),
    Case(6, [10, 10], 7, 32, 3, same=True),
    Case(1, [20, 8], 4, 64, 3),
], ids=repr)  # fmt: skip
def test_weights_are_read_where_they_lie_if_their_rows_are_whole_lines(conv, case):
    x, w, b, _ = case.arrays(np.float32)
    aligned = on_a_line(w)
    packed = conv.forward(case, x, w, b, RELU)
    agree(packed, np.maximum(case.forward(*(a.astype(np.float64) for a in (x, w, b))), 0), 9 * case.channels)
    for threads in (1, 2):
        conv.set_threads(threads)
        np.testing.assert_array_equal(conv.forward(case, x, aligned, b, RELU), packed)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64", "aarch64", "arm64"), reason="no flush mode known")
@pytest.mark.parametrize("threads", [1, 2])
def test_subnormals_count_as_zero_and_the_state_is_left_alone(conv, threads):
    conv.set_threads(threads)
    for case in (Case(1, [4, 5], 3, 5, 3), Case(8, [24, 24], 16, 16, 3, same=True), Case(8, [20, 21], 16, 3, 3),
                 TURNED[1], TURNED[8], PRODUCTS[0]):  # fmt: skip
        x, w, _, dy = case.arrays(np.float32)
        tiny = np.float32(1e-39)
        x[...], dy[...], w[...] = tiny, tiny, 1000
        assert not conv.forward(case, x, w, None).any()
        assert not any(a.any() for a in conv.gradients(case, x, w, dy))
    # the caller still computes with subnormals
    libm = ctypes.CDLL(None)
    libm.ldexpf.restype = ctypes.c_float
    libm.ldexpf.argtypes = [ctypes.c_float, ctypes.c_int]
    assert libm.ldexpf(1.0, -140) > 0
    assert (np.full(64, 1.2e-38, np.float32) * np.float32(0.5)).all()


class PoolingCall(ctypes.Structure):
    """``rk_pooling_call``."""

    _fields_ = [
        ("batch", ctypes.c_ssize_t),
        ("channels", ctypes.c_ssize_t),
        *((name, ctypes.c_ssize_t * 3) for name in ("sizes", "out", "window", "stride", "dilation", "pad")),
        ("channels_first", ctypes.c_int),
        ("wide_index", ctypes.c_int),
    ]


def pooling_of(case, window, stride, dilation=(1, 1, 1), same=False):
    """A call that pools the results of a convolution, as far as windows fit."""
    window = [min(k, n) for k, n in zip(window, case.out)]
    pooled = Case(case.batch, case.out, 1, 1, window, list(stride), list(dilation), same)
    threes = (case.out, pooled.out, window, stride, dilation, pooled.pad)
    threes = [(ctypes.c_ssize_t * 3)(*v) for v in threes]
    return PoolingCall(case.batch, case.filters, *threes, 0, int(np.prod(window)) > 256)


POOLINGS = {
    "2x2": ((1, 2, 2), (1, 2, 2)),
    "2x2x2": ((2, 2, 2), (2, 2, 2)),
    "3x3 by 2 same": ((1, 3, 3), (1, 2, 2), (1, 1, 1), True),
    "3x2 by 1": ((1, 3, 2), (1, 1, 1)),
    "far apart same": ((1, 2, 2), (1, 3, 4), (1, 1, 1), True),
    "dilated": ((1, 2, 2), (1, 1, 2), (1, 2, 1)),
    "dilated same": ((1, 2, 3), (2, 2, 1), (1, 3, 2), True),
    "whole": ((999, 999, 999), (1, 1, 1)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("pool", POOLINGS.values(), ids=POOLINGS)
def test_pooled(conv, pool, dtype):
    """The same bits as from a convolution and max pooling, which have tests of their own."""
    for case in CASES:
        call = pooling_of(case, *pool)
        if min(call.out) < 1:
            continue
        x, w, b, _ = case.arrays(dtype)
        signs = guarded(np.where(np.arange(case.filters) % 3, 1, -1).astype(dtype)) if case.channels == 3 else None
        for scale, ties in ((None, False), (None, True), (signs, True)):
            if ties:
                x[...] = np.round(x)
                w[...] = np.round(w)
                b[...] = 0
                if case.batch > 1:
                    x[1].ravel()[::7] = np.nan
            for epilogue in (RELU, NONE):
                z, places, want, index, alone = conv.pooled(case, x, w, b, epilogue, call, scale)
                for found in (z, alone):
                    np.testing.assert_array_equal(found, want, repr(case))
                    np.testing.assert_array_equal(np.signbit(found), np.signbit(want), repr(case))
                np.testing.assert_array_equal(places, index, repr(case))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("case", [CASES[1], CASES[9]], ids=repr)
def test_a_special_value_reaches_what_meets_it(conv, case, value):
    x, w, b, dy = case.arrays(np.float32)
    before, dx = conv.forward(case, x, w, b), conv.gradients(case, x, w, dy)[0]
    x[1, 0, 2, 1, 0] = value
    reached = np.zeros(before.shape[:-1], bool)
    for _, out, place in case.points():
        hit = np.zeros(x.shape[:-1], bool)
        hit[1, 0, 2, 1] = True
        reached[out] |= hit[place]
    for epilogue in (NONE, RELU):
        after = conv.forward(case, x, w, b, epilogue)
        if epilogue == NONE or np.isnan(value):
            assert not np.isfinite(after[reached]).any()
        want = before if epilogue == NONE else np.maximum(before, 0)
        np.testing.assert_array_equal(after[~reached], want[~reached])
    np.testing.assert_array_equal(conv.gradients(case, x, w, dy)[0], dx)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_images(conv, dtype):
    case = Case(0, [5, 6], 3, 4, 3)
    x, w, b, dy = case.arrays(dtype)
    assert conv.forward(case, x, w, b).size == 0
    dx, dw, db = conv.gradients(case, x, w, dy)
    assert dx.size == 0
    assert (dw == 0).all()
    assert (db == 0).all()


# ---- the gradient of 3 x 3 and 5 x 5 kernels by Winograd's algorithm ----

# more than the tiles and filters from which the algorithm is taken
WINOGRAD = [
    Case(8, [10, 10], 32, 32, 3),  # whole tiles
    Case(6, [11, 15], 37, 51, 3),  # tiles cut by edges, parts of vectors
    Case(5, [13, 10], 40, 33, 3, same=True),  # padding
    Case(9, [9, 9], 71, 130, 3, same=True),  # parts of channels and of filters
    Case(3, [16, 21], 33, 64, 3, 1, 2),  # dilations
    Case(3, [14, 19], 32, 40, 3, 1, [3, 2], same=True),
    Case(2, [4, 12, 12], 32, 34, [1, 3, 3], same=True),  # planes of volumes
    Case(40, [15, 15], 32, 64, 3),  # many groups of tiles
    Case(1, [40, 3], 32, 48, 3, same=True),
    Case(6, [15, 17], 37, 51, 5),
    Case(5, [13, 14], 40, 33, 5, same=True),
    Case(3, [27, 21], 71, 66, 5, 1, [3, 2], same=True),
    Case(2, [3, 14, 14], 32, 34, [1, 5, 5], same=True),
    Case(20, [13, 14], 32, 34, 5),
    Case(10, [7, 8], 17, 32, 3, same=True),  # few tiles and channels
]

# many channels and filters that no algorithm of fewer products fits: matrix products, piece by piece
PRODUCTS = [
    Case(1, [1030], 256, 300, 1),  # groups of pixels, pieces of filters
    Case(2, [9, 16], 523, 259, 1),  # turned round, pieces of channels
    Case(4, [11, 13], 257, 260, [2, 3], 2, same=True),  # pixels that are copied
    Case(3, [3, 9, 11], 256, 256, [2, 1, 2], [1, 2, 1], 2, same=True),
    Case(4, [11, 13], 130, 140, [2, 3], 2, same=True),
    Case(2, [120], 129, 131, 3, 1, 2),
    Case(1, [300], 260, 130, 1),
]


def definition(case, x, dy):
    """(dkernel, dbias) in float64, all points of a kernel as one product each."""
    dw = np.zeros((*case.kernel, case.channels, case.filters))
    x, dy = x.astype(np.float64), dy.astype(np.float64)
    for at, out, place in case.points():
        dw[at] = x[place].reshape(-1, case.channels).T @ dy[out].reshape(-1, case.filters)
    return dw, dy.sum((0, 1, 2, 3))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", WINOGRAD + PRODUCTS, ids=repr)
def test_winograd_and_product_gradient(conv, case, dtype):
    x, w, _, dy = case.arrays(dtype)
    pixels = case.batch * int(np.prod(case.out))
    dw, db = definition(case, x, dy)
    found = []
    for threads in (1, 2, 5):
        conv.set_threads(threads)
        found.append(conv.gradients(case, x, w, dy)[1:])
    agree(found[0][0], dw, pixels)
    agree(found[0][1], db, pixels)
    for got in found[1:]:
        np.testing.assert_array_equal(got[0], found[0][0])
        np.testing.assert_array_equal(got[1], found[0][1])
    np.testing.assert_array_equal(conv.gradients(case, x, w, dy, biased=False)[1], found[0][0])


# of images
DATA = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "after relu": lambda rng, shape: np.maximum(rng.standard_normal(shape), 0),
    "offset": lambda rng, shape: rng.standard_normal(shape) + 10,
}


@pytest.mark.parametrize("points", [3, 5])
@pytest.mark.parametrize("kind", DATA)
def test_no_less_accurate_than_the_sum(conv, kind, points):
    """Beside float32 sums of the products in blocks of a row of pixels, and the direct kernels."""
    case = Case(16, [23 + points] * 2, 32, 64 if points == 3 else 32, points)
    rng = np.random.default_rng(3)
    x = DATA[kind](rng, (case.batch, *case.image, case.channels)).astype(np.float32)
    dy = rng.standard_normal((case.batch, *case.out, case.filters)).astype(np.float32)
    want = definition(case, x, dy)[0]
    w = np.zeros(want.shape, np.float32)
    got = conv.gradients(case, x, w, dy)[1]
    direct = np.zeros(want.shape, np.float32)
    for at, out, place in case.points():
        a, b = x[place].reshape(-1, 24, case.channels), dy[out].reshape(-1, 24, case.filters)
        direct[at] = (a.transpose(0, 2, 1) @ b).sum(0)
    taller = copy.copy(case)
    taller.kernel = [1, points + 1, points]  # its first rows by the direct kernels
    by_kernel = conv.gradients(taller, x, np.zeros((1, points + 1, *w.shape[2:]), np.float32), dy)[1][:, :points]
    error, other = np.abs(got - want), np.abs(direct - want)
    assert np.sqrt((error**2).mean()) <= 1.1 * np.sqrt((other**2).mean())
    assert error.max() <= 1.25 * other.max()
    assert np.sqrt((error**2).mean()) <= 1.1 * np.sqrt(((by_kernel - want) ** 2).mean())


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("case", [WINOGRAD[1], WINOGRAD[9]], ids=repr)
def test_special_values_stay_in_their_channel_and_filter(conv, case, value):
    x, w, _, dy = case.arrays(np.float32)
    clean = conv.gradients(case, x, w, dy)[1:]
    x[2, 0, 5, 6, 7] = value
    dy[3, 0, 4, 5, 9] = value
    dw, db = conv.gradients(case, x, w, dy)[1:]
    assert not np.isfinite(dw[..., 7, :]).any()
    assert not np.isfinite(dw[..., :, 9]).any()
    assert not np.isfinite(db[9])
    kept = np.ix_(*map(range, case.kernel), np.delete(range(37), 7), np.delete(range(51), 9))
    np.testing.assert_array_equal(dw[kept], clean[0][kept])
    np.testing.assert_array_equal(np.delete(db, 9), np.delete(clean[1], 9))


@pytest.mark.parametrize("points", [3, 5])
@pytest.mark.parametrize("edge", [0, -1])
def test_a_nan_in_the_last_tiles(conv, edge, points):
    """Where a tile reaches beyond the results no other image's numbers are met."""
    case = Case(40, [2 + points, 2 + points], 32, 32, points)
    x, w, _, dy = case.arrays(np.float32)
    x[...], dy[...] = 1, 1
    x[edge, ..., 3], dy[edge, ..., 5] = np.nan, np.nan
    dw, db = conv.gradients(case, x, w, dy)[1:]
    wrong = np.zeros(dw.shape, bool)
    wrong[..., 3, :] = wrong[..., :, 5] = True
    np.testing.assert_array_equal(np.isnan(dw), wrong)
    assert (dw[~wrong] == 40 * 9).all()
    np.testing.assert_array_equal(np.isnan(db), np.arange(32) == 5)


# ---- results and input gradients of 3 x 3 and 5 x 5 kernels by Winograd's algorithm ----

# of sizes that are meant for it
TURNED = [
    Case(3, [12, 11], 32, 40, 3),  # odd sizes, a panel that is not full
    Case(2, [15, 16], 35, 33, 3, same=True),  # part of a vector of channels
    Case(1, [30, 30], 48, 64, 3),
    Case(3, [2, 10, 13], 32, 36, [1, 3, 3], same=True),  # planes that the kernel does not cross
    Case(2, [25, 26], 32, 33, 3, 1, [2, 3], same=True),
    Case(1, [23, 24], 33, 40, 3, 1, [2, 1]),
    Case(40, [8, 8], 32, 32, 3, same=True),  # batches of several images
    Case(1, [14, 13], 64, 256, 3, same=True),  # threads with weights of their own, turned a panel at a time
    Case(2, [21, 20], 33, 40, 5),  # 5 x 5 points
    Case(3, [2, 26, 24], 32, 36, [1, 5, 5], same=True),
    Case(2, [32, 30], 32, 33, 5, 1, [2, 3]),
    Case(8, [24, 24], 100, 72, 5),  # weights that do not stay in the second cache
    Case(1, [12, 12], 128, 128, 3),  # of images turned once
    Case(1, [29, 22], 32, 40, 3),  # threads with rows of their own
    Case(1, [12, 11], 40, 160, 3),  # threads with unlike numbers of panels
    Case(1, [12, 12], 320, 96, 3),  # a panel of many weights beside all tiles
]


def direct(conv, case, x, w):
    """By the direct kernels: one more row of weights is zero."""
    other = copy.copy(case)
    other.kernel = [1, case.kernel[1] + 1, case.kernel[2]]
    return conv.forward(other, x, np.concatenate([w, np.zeros_like(w[:, :1])], 1), None)


def normal(case, dtype=np.float32):
    """Arrays as those of the case, of standard normal numbers."""
    rng = np.random.default_rng(0)
    return [guarded(rng.standard_normal(a.shape).astype(dtype)) for a in case.arrays(dtype)]


def near(got, want, terms):
    """Equal but for the rounding of sums of so many terms, beside the largest of them."""
    np.testing.assert_allclose(got, want, rtol=0, atol=np.finfo(got.dtype).eps * 2 * terms**0.5 * np.abs(want).max())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", TURNED, ids=repr)
def test_winograd_values_and_input_gradients(conv, case, dtype):
    x, w, b, dy = normal(case, dtype)
    wide = [a.astype(np.float64) for a in (x, w, dy)]
    y = case.forward(*wide[:2], 0)
    points = int(np.prod(case.kernel)) // 9  # sums are as long as those of so many of 3 x 3
    got = conv.forward(case, x, w, None)
    near(got, y, points * case.channels)
    assert (got != direct(conv, case, x, w)).any()  # the sizes are such that these kernels are meant
    near(conv.gradients(case, x, w, dy)[0], case.gradients(*wide)[0], points * case.filters)
    scale = np.linspace(-2, 3, case.filters, dtype=dtype)
    near(conv.forward(case, x, w, b, RELU, scale), np.maximum(y * scale + b, 0), points * case.channels)
    z = conv.forward(case, x, w, b).astype(np.float64)
    for epilogue, function in ((RELU, lambda z: np.maximum(z, 0)), (SIGMOID, lambda z: 1 / (1 + np.exp(-z))),
                               (TANH, np.tanh)):  # fmt: skip
        got = conv.forward(case, x, w, b, epilogue)
        np.testing.assert_allclose(got, function(z), rtol=4 * np.finfo(dtype).eps, atol=1e-37)


@pytest.mark.parametrize("case", TURNED, ids=repr)
def test_winograd_neither_threads_nor_pooling_change_a_bit(conv, case):
    x, w, b, dy = normal(case)
    found = []
    for threads in (1, 2, 3, 4):
        conv.set_threads(threads)
        found.append((conv.forward(case, x, w, b, RELU), conv.gradients(case, x, w, dy)[0]))
        for window, stride in (((1, 2, 2), (1, 2, 2)), ((1, 3, 3), (1, 2, 1)), ((1, 3, 2), (1, 3, 3))):
            z, places, want, index, alone = conv.pooled(case, x, w, b, RELU, pooling_of(case, window, stride), None)
            np.testing.assert_array_equal(z, want)
            np.testing.assert_array_equal(alone, want)
            np.testing.assert_array_equal(places, index)
    for other in found[1:]:
        for a, b in zip(found[0], other):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", [TURNED[2], TURNED[7], *TURNED[-2:]], ids=repr)
def test_winograd_weights_of_one_image_give_the_same_wherever_they_lie(conv, case, dtype):
    x, w, b, _ = normal(case, dtype)
    want, pool = conv.forward(case, x, w, b, RELU), pooling_of(case, (1, 2, 2), (1, 2, 2))
    for threads in (1, 2):
        conv.set_threads(threads)
        np.testing.assert_array_equal(conv.forward(case, x, on_a_line(w), b, RELU), want)
        z, places, of_want, index, alone = conv.pooled(case, x, on_a_line(w), b, RELU, pool, None)
        for found, expected in ((z, of_want), (alone, of_want), (places, index)):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("points", [3, 5])
@pytest.mark.parametrize("kind", ["normal", "positive", "offset"])
def test_winograd_errors_are_no_larger_than_the_direct_kernels(conv, kind, points):
    case = Case(4, [26, 26], 64, 64, points)
    x, w, _, _ = normal(case)
    x = {"normal": x, "positive": np.maximum(x, 0), "offset": x + np.float32(100)}[kind]
    want = case.forward(x.astype(np.float64), w.astype(np.float64), 0)
    error, other = conv.forward(case, x, w, None) - want, direct(conv, case, x, w) - want
    assert np.sqrt(np.mean(error**2)) <= np.sqrt(np.mean(other**2))
    assert np.abs(error).max() <= 1.25 * np.abs(other).max()


@pytest.mark.parametrize("case", [TURNED[1], TURNED[8]], ids=repr)
def test_winograd_small_whole_numbers_are_exact(conv, case):
    x, w, _, dy = (np.rint(2 * a) for a in normal(case))
    np.testing.assert_array_equal(conv.forward(case, x, w, None), case.forward(x, w, 0))
    np.testing.assert_array_equal(conv.gradients(case, x, w, dy)[0], case.gradients(x, w, dy)[0])


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("case", [TURNED[0], TURNED[4], TURNED[8]], ids=repr)
def test_winograd_a_special_value_reaches_what_meets_it_and_nothing_else(conv, case, value):
    x, w, _, _ = normal(case)
    before = conv.forward(case, x, w, None)
    for place in ((4, 5), (5, 4), (6, 6), (7, 7)):
        special = x.copy()
        special[1, 0, *place, 3] = value
        met = case.forward((~np.isfinite(special)).astype(float), np.ones(w.shape), 0) > 0
        after = conv.forward(case, special, w, None)
        assert not np.isfinite(after[met]).any()
        np.testing.assert_array_equal(after[~met], before[~met])
