"""Kernels of dropout and of the gradient of embeddings: to the bit, for every variant."""

import numpy as np
import pytest

DTYPES = [(np.float32, 12), (np.float64, 13)]
INDEXES = {np.int8: 2, np.int16: 3, np.int32: 4, np.int64: 5, np.uint8: 6, np.uint16: 7, np.uint32: 8, np.uint64: 9}
BLOCK = 4096  # elements of one run of random numbers


@pytest.fixture
def drop(kernels):
    return kernels.family("norm")


def random_numbers(seed, n):
    """The random number of each element."""
    with np.errstate(over="ignore"):
        place = np.arange(n, dtype=np.uint64)
        key = np.uint64(seed) + (place // np.uint64(BLOCK) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(30)
        key *= np.uint64(0xBF58476D1CE4E5B9)
        key ^= key >> np.uint64(27)
        key *= np.uint64(0x94D049BB133111EB)
        key ^= key >> np.uint64(31)
        low, high = key.astype(np.uint32), (key >> np.uint64(32)).astype(np.uint32)
        x = (place % np.uint64(BLOCK)).astype(np.uint32) * np.uint32(0x9E3779B1) + low
        x ^= x >> np.uint32(16)
        x *= np.uint32(0x7FEB352D)
        x += high
        x ^= x >> np.uint32(15)
        x *= np.uint32(0x846CA68B)
        return x ^ x >> np.uint32(16)


@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 4095, 4097, 50000])
@pytest.mark.parametrize(("dtype", "code"), DTYPES)
def test_dropout(drop, dtype, code, n):
    x = np.random.default_rng(n).normal(size=n).astype(dtype)
    x[::7] = np.nan
    x[1::7] = np.inf
    x[2::7] = np.finfo(dtype).tiny / 4
    for keep, seed in ((0, 1), (1 << 31, 12345678901234567890), (4000000000, 0), ((1 << 32) - 1, 7)):
        y = np.full_like(x, 3)
        drop.dropout(code, x, y, n, keep, seed)
        np.testing.assert_array_equal(y, np.where(random_numbers(seed, n) < keep, x, 0))
        inside = x.copy()
        drop.dropout(code, inside, inside, n, keep, seed)
        np.testing.assert_array_equal(inside, y)


def test_random_numbers_are_even():
    x = random_numbers(99, 1 << 20)
    counts = np.bincount(x >> np.uint32(24), minlength=256)
    assert ((counts - 4096.0) ** 2 / 4096).sum() < 400  # chi squared of 255 degrees of freedom
    bits = (x[:, None] >> np.arange(32, dtype=np.uint32) & np.uint32(1)).mean(0)
    assert np.abs(bits - 0.5).max() < 0.003


def in_order(x, index, rows):
    y = np.zeros((rows, x.shape[1]), x.dtype)
    for i, r in enumerate(index):
        y[int(r)] += x[i]
    return y


@pytest.mark.parametrize("n", [1, 3, 16, 31, 64, 130, 257])
@pytest.mark.parametrize(("dtype", "code"), DTYPES)
def test_embedding_gradient(drop, dtype, code, n):
    rng = np.random.default_rng(n)
    for count, rows in ((0, 3), (1, 1), (50, 7), (300, 100)):
        index = rng.integers(0, rows, count, dtype=np.int32)
        x = rng.normal(size=(count, n)).astype(dtype)
        y = np.full((rows, n), 5, dtype)
        assert drop.embedding_gradient(code, x, index, 4, y, count, n, rows)
        np.testing.assert_array_equal(y, in_order(x, index, rows))


@pytest.mark.parametrize("kind", INDEXES)
def test_kinds_of_indexes(drop, kind):
    index = np.array([3, 0, 3, 120, 3], kind)
    x = np.arange(10, dtype=np.float32).reshape(5, 2)
    y = np.empty((121, 2), np.float32)
    assert drop.embedding_gradient(12, x, index, INDEXES[kind], y, 5, 2, 121)
    np.testing.assert_array_equal(y, in_order(x, index, 121))


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize(("dtype", "code"), DTYPES)
def test_large_gradients_and_threads(drop, dtype, code, aligned):
    rng = np.random.default_rng(0)
    rows, n, count = 9000, 128, 700
    index = rng.integers(0, rows, count)
    index[::3] = 17  # a long list: its columns are shared out
    x = rng.normal(size=(count, n)).astype(dtype)
    want = in_order(x, index, rows)
    size = rows * n * np.dtype(dtype).itemsize
    memory = np.empty(size + 128, np.uint8)
    start = -memory.ctypes.data % 64 + (0 if aligned else np.dtype(dtype).itemsize)
    y = memory[start : start + size].view(dtype).reshape(rows, n)
    for threads in (1, 2, 3):
        drop.set_threads(threads)
        y[:] = 5
        assert drop.embedding_gradient(code, x, index, 5, y, count, n, rows)
        np.testing.assert_array_equal(y, want)
