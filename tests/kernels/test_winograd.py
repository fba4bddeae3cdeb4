"""3x3 convolutions by Winograd's F(2x2, 3x3), every variant, against the definition in NumPy and the direct kernels."""

import ctypes

import numpy as np
import pytest

NONE, RELU, SIGMOID, TANH = range(4)
EPILOGUES = [lambda z: z, lambda z: np.maximum(z, 0), lambda z: 1 / (1 + np.exp(-z)), np.tanh]


def three(*values):
    return (ctypes.c_ssize_t * 3)(*values)


class ConvCall(ctypes.Structure):
    """``rk_conv_call``."""

    _fields_ = [
        *((name, ctypes.c_ssize_t) for name in ("batch", "channels", "filters")),
        *((name, ctypes.c_ssize_t * 3) for name in ("in", "kernel", "out", "stride", "dilation", "pad")),
    ]


class PoolingCall(ctypes.Structure):
    """``rk_pooling_call``."""

    _fields_ = [
        ("batch", ctypes.c_ssize_t),
        ("channels", ctypes.c_ssize_t),
        *((name, ctypes.c_ssize_t * 3) for name in ("sizes", "out", "window", "stride", "dilation", "pad")),
        ("channels_first", ctypes.c_int),
        ("wide_index", ctypes.c_int),
    ]


class Case:
    """A 3x3 convolution of images (depth, height, width); with ``same`` results are as large as images."""

    def __init__(self, batch, image, channels, filters, dilation=(1, 1), same=False):
        self.batch, self.image, self.channels, self.filters = batch, image, channels, filters
        self.dilation, self.same = dilation, same
        self.pad = [d if same else 0 for d in dilation]
        self.out = [n - (0 if same else 2 * d) for n, d in zip(image[1:], dilation)]

    def __repr__(self):
        return f"{self.batch}x{self.image}-{self.channels}-{self.filters}-{self.dilation}-{self.same}"

    def call(self, rows=3):
        return ConvCall(self.batch, self.channels, self.filters, three(*self.image), three(1, rows, 3),
                        three(self.image[0], *self.out), three(1, 1, 1), three(1, *self.dilation),
                        three(0, *self.pad))  # fmt: skip

    def arrays(self, dtype, seed=0):
        rng = np.random.default_rng(seed)
        shapes = [(self.batch, *self.image, self.channels), (1, 3, 3, self.channels, self.filters), (self.filters,),
                  (self.batch, self.image[0], *self.out, self.filters)]  # fmt: skip
        return [rng.standard_normal(s).astype(dtype) for s in shapes]

    def views(self, padded):
        """What each point of the kernel meets of padded images."""
        for i in range(3):
            for j in range(3):
                y, x = i * self.dilation[0], j * self.dilation[1]
                yield i, j, padded[:, :, y : y + self.out[0], x : x + self.out[1]]

    def padded(self, x):
        return np.pad(x, [(0, 0), (0, 0), *[(p, p) for p in self.pad], (0, 0)])

    def forward(self, x, w):
        x = self.padded(x.astype(np.float64))
        return sum(view @ w[0, i, j].astype(np.float64) for i, j, view in self.views(x))

    def input_gradient(self, dy, w):
        padded = self.padded(np.zeros((self.batch, *self.image, self.channels)))
        for i, j, view in self.views(padded):
            view += dy.astype(np.float64) @ w[0, i, j].T.astype(np.float64)
        (top, left), (_, _, high, wide, _) = self.pad, padded.shape
        return padded[:, :, top : high - top, left : wide - left]


CASES = [
    Case(3, (1, 12, 11), 32, 40),  # odd sizes, a panel that is not full
    Case(2, (1, 15, 16), 35, 33, same=True),  # part of a vector of channels
    Case(1, (1, 30, 30), 48, 64),
    Case(3, (2, 10, 13), 32, 36, same=True),  # planes that the kernel does not cross
    Case(2, (1, 25, 26), 32, 33, (2, 3), same=True),
    Case(1, (1, 23, 24), 33, 40, (2, 1)),
    Case(40, (1, 8, 8), 32, 32, same=True),  # batches of several images
    Case(1, (1, 14, 13), 64, 256, same=True),  # threads with weights of their own
]


@pytest.fixture(scope="module")
def conv(kernels):
    """The family's table; ``conv.forward`` and so on take arrays."""
    table = kernels.family("conv")
    pooling = kernels.family("pooling")

    def code(a):
        return 12 if a.dtype == np.float32 else 13

    def guarded(shape, dtype):
        """An array of nan, off the vectors' alignment, between numbers that must not change."""
        memory = np.full(int(np.prod(shape)) + 16, 1234.5, dtype)
        inside = memory[5:-11].reshape(shape)
        inside[...] = np.nan
        return inside, lambda: (memory[:5] == 1234.5).all() and (memory[-11:] == 1234.5).all()

    class Table:
        set_threads = staticmethod(kernels.set_threads)

        @staticmethod
        def forward(case, x, w, scale=None, bias=None, epilogue=NONE):
            y, untouched = guarded((case.batch, case.image[0], *case.out, case.filters), x.dtype)
            call = ctypes.addressof(kept := case.call(w.shape[1]))
            assert table.conv(code(x), call, x, w, scale, bias, epilogue, y)
            assert untouched()
            assert kept
            return y

        @staticmethod
        def direct(case, x, w):
            """By the direct kernels: a fourth row of weights is zero."""
            return Table.forward(case, x, np.concatenate([w, np.zeros_like(w[:, :1])], 1))

        @staticmethod
        def input_gradient(case, dy, w):
            dx, untouched = guarded((case.batch, *case.image, case.channels), dy.dtype)
            assert table.conv_input_gradient(code(dy), ctypes.addressof(kept := case.call()), dy, w, dx)
            assert untouched()
            assert kept
            return dx

        @staticmethod
        def pooled(case, x, w, bias, window, stride):
            """(largest, places) in one kernel and from one after the other."""
            sizes = [(n - k) // s + 1 for n, k, s in zip(case.out, window, stride)]
            pool = PoolingCall(case.batch, case.filters, three(case.image[0], *case.out),
                               three(case.image[0], *sizes), three(1, *window), three(1, *stride), three(1, 1, 1),
                               three(0, 0, 0), 0, 0)  # fmt: skip
            shape = (case.batch, case.image[0], *sizes, case.filters)
            found = [(np.full(shape, np.nan, x.dtype), np.full(shape, 77, np.uint8)) for _ in range(2)]
            call, where = case.call(), ctypes.addressof(pool)
            assert table.conv_pool(code(x), ctypes.addressof(call), x, w, None, bias, RELU, where, *found[0])
            assert pooling.pool_max(code(x), where, Table.forward(case, x, w, None, bias, RELU), *found[1])
            return found

    return Table


def agree(got, want, terms):
    """Equal but for the rounding of sums of so many terms."""
    np.testing.assert_allclose(got, want, rtol=0, atol=np.finfo(got.dtype).eps * 2 * terms**0.5 * np.abs(want).max())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=repr)
def test_values_and_input_gradients(conv, case, dtype):
    x, w, bias, dy = case.arrays(dtype)
    y = case.forward(x, w)
    got = conv.forward(case, x, w)
    agree(got, y, case.channels)
    assert (got != conv.direct(case, x, w)).any()  # the sizes are such that these kernels are meant
    agree(conv.input_gradient(case, dy, w), case.input_gradient(dy, w), case.filters)
    scale = np.linspace(-2, 3, case.filters, dtype=dtype)
    agree(conv.forward(case, x, w, scale, bias, RELU), np.maximum(y * scale + bias, 0), case.channels)
    for epilogue, function in enumerate(EPILOGUES):
        z = conv.forward(case, x, w, None, bias)
        got = conv.forward(case, x, w, None, bias, epilogue)
        np.testing.assert_allclose(got, function(z.astype(np.float64)), rtol=4 * np.finfo(dtype).eps, atol=1e-37)


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_neither_threads_nor_pooling_change_a_bit(conv, case):
    x, w, bias, dy = case.arrays(np.float32)
    found = []
    for threads in (1, 2, 3, 4):
        conv.set_threads(threads)
        found.append((conv.forward(case, x, w, None, bias, RELU), conv.input_gradient(case, dy, w)))
        for window, stride in (((2, 2), (2, 2)), ((3, 3), (2, 1)), ((3, 2), (3, 3))):
            (z, places), (want, index) = conv.pooled(case, x, w, bias, window, stride)
            np.testing.assert_array_equal(z, want)
            np.testing.assert_array_equal(places, index)
    for other in found[1:]:
        for a, b in zip(found[0], other):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", ["normal", "positive", "offset"])
def test_errors_are_no_larger_than_the_direct_kernels(conv, kind):
    case = Case(4, (1, 26, 26), 64, 64)
    x, w, _, _ = case.arrays(np.float32)
    x = {"normal": x, "positive": np.maximum(x, 0), "offset": x + np.float32(100)}[kind]
    want = case.forward(x, w)
    error, direct = conv.forward(case, x, w) - want, conv.direct(case, x, w) - want
    assert np.sqrt(np.mean(error**2)) <= np.sqrt(np.mean(direct**2))
    assert np.abs(error).max() <= 1.25 * np.abs(direct).max()


def test_small_whole_numbers_are_exact(conv):
    case = CASES[1]
    x, w, _, dy = (np.rint(2 * a) for a in case.arrays(np.float32))
    np.testing.assert_array_equal(conv.forward(case, x, w), case.forward(x, w))
    np.testing.assert_array_equal(conv.input_gradient(case, dy, w), case.input_gradient(dy, w))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("case", [CASES[0], CASES[4]], ids=repr)
def test_a_special_value_reaches_what_meets_it_and_nothing_else(conv, case, value):
    x, w, _, _ = case.arrays(np.float32)
    before = conv.forward(case, x, w)
    for place in ((4, 5), (5, 4), (6, 6), (7, 7)):
        special = x.copy()
        special[1, 0, *place, 3] = value
        met = case.forward(~np.isfinite(special), np.ones_like(w)) > 0
        after = conv.forward(case, special, w)
        assert not np.isfinite(after[met]).any()
        np.testing.assert_array_equal(after[~met], before[~met])


@pytest.mark.parametrize("threads", [1, 2])
def test_subnormals_count_as_zero(conv, threads):
    conv.set_threads(threads)
    for case in (CASES[1], CASES[-1]):
        x, w, _, dy = case.arrays(np.float32)
        x[...], dy[...], w[...] = 1e-39, 1e-39, 1000
        assert not conv.forward(case, x, w).any()
        assert not conv.input_gradient(case, dy, w).any()
