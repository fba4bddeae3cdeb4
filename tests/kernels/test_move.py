"""Transposes, repeats, gathers and scatters against their numpy twins."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ITEMS = {1: "u1", 2: "u2", 4: "f4", 8: "f8", 16: "c16"}
INDEXES = {2: "i1", 3: "i2", 4: "i4", 5: "i8", 6: "u1", 7: "u2", 8: "u4", 9: "u8"}
FLOAT32, FLOAT64 = 12, 13
ADDED = {"f4": FLOAT32, "f8": FLOAT64, "i4": 4, "i8": 5}


def sample(rng, size, shape):
    return rng.integers(0, 200, shape).astype(ITEMS[size])


def transpose(kernels, x, perm):
    y = np.zeros([x.shape[p] for p in perm], x.dtype)
    kernels.transpose(x.itemsize, x.ndim, np.array(x.shape, np.intp), np.array(perm, np.intc), x, y)
    return y


@pytest.mark.parametrize("size", ITEMS)
@pytest.mark.parametrize(
    ("shape", "perm"),
    [
        ((5,), (0,)),
        ((7, 3), (1, 0)),
        ((64, 64), (1, 0)),
        ((65, 131), (1, 0)),
        ((300, 257), (1, 0)),
        ((2, 3, 4), (2, 0, 1)),
        ((5, 17, 33), (0, 2, 1)),
        ((5, 17, 33), (2, 1, 0)),
        ((9, 8, 7, 6), (0, 2, 1, 3)),
        ((3, 1, 40, 5), (3, 1, 2, 0)),
        ((2, 3, 2, 3, 2), (4, 3, 2, 1, 0)),
        ((0, 4), (1, 0)),
        ((40, 2, 50), (1, 2, 0)),
        ((30, 37, 74), (0, 2, 1)),
        ((90, 2000), (1, 0)),
        ((9000, 9), (1, 0)),
    ],
    ids=str,
)
def test_transpose(kernels, size, shape, perm):
    x = sample(np.random.default_rng(1), size, shape)
    assert np.array_equal(transpose(kernels, x, perm), x.transpose(perm))


@SETTINGS
@given(data=st.data(), size=st.sampled_from(sorted(ITEMS)))
def test_transpose_of_drawn_shapes(kernels, data, size):
    shape = data.draw(st.lists(st.integers(1, 20), min_size=1, max_size=4))
    perm = data.draw(st.permutations(range(len(shape))))
    x = sample(np.random.default_rng(2), size, shape)
    assert np.array_equal(transpose(kernels, x, perm), x.transpose(perm))


def test_transpose_at_any_address(kernels):
    room = np.arange(80 * 70 + 9, dtype="f4")
    for offset in (1, 3, 8):
        x = room[offset : offset + 80 * 70].reshape(80, 70)
        y = np.zeros(80 * 70 + 9, "f4")
        out = y[offset : offset + 80 * 70].reshape(70, 80)
        kernels.transpose(4, 2, np.array(x.shape, np.intp), np.array([1, 0], np.intc), x.ctypes.data, out.ctypes.data)
        assert np.array_equal(out, x.T)
        assert not y[:offset].any()
        assert not y[offset + 80 * 70 :].any()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(1040, 1056), (1040, 1057), (1041, 1056), (3, 528, 720)], ids=str)
def test_large_transpose_at_any_address(kernels, dtype, shape):
    """Results of several megabytes are stored past the caches where their rows lie on lines."""
    rng = np.random.default_rng(7)
    perm = [*range(len(shape) - 2), len(shape) - 1, len(shape) - 2]
    x = rng.integers(0, 1 << 20, shape).astype(dtype)
    room = np.zeros(x.nbytes + 256, "u1")
    line = -room.ctypes.data % 64
    for offset in (0, 3 * x.itemsize, 2):
        room[:] = 7
        part = room[line + offset : line + offset + x.nbytes]
        dims, order = np.array(shape, np.intp), np.array(perm, np.intc)
        kernels.transpose(x.itemsize, x.ndim, dims, order, x, part.ctypes.data)
        assert np.array_equal(part.view(dtype).reshape([shape[p] for p in perm]), x.transpose(perm))
        assert (room[: line + offset] == 7).all()
        assert (room[line + offset + x.nbytes :] == 7).all()


@pytest.mark.parametrize("size", ITEMS)
def test_repeat_and_copy2d(kernels, size):
    rng = np.random.default_rng(3)
    for outer, repeats, n in [(3, 2, 5), (1, 7, 1), (200, 50, 30), (4, 0, 3), (0, 2, 3), (2, 3, 20000)]:
        x = sample(rng, size, (outer, n))
        y = np.zeros((outer, repeats, n), x.dtype)
        kernels.repeat(size, x, y, outer, repeats, n)
        assert np.array_equal(y, np.repeat(x[:, None], repeats, 1))
    for rows, n, ldx, ldy in [(3, 4, 6, 5), (1, 9, 9, 9), (50, 8, 8, 8), (600, 100, 130, 101), (0, 3, 3, 3)]:
        x, y = sample(rng, size, (rows, ldx)), np.zeros((rows, ldy), ITEMS[size])
        expected = y.copy()
        expected[:, :n] = x[:, :n]
        kernels.copy2d(size, rows, n, x, ldx, y, ldy)
        assert np.array_equal(y, expected)


@pytest.mark.parametrize("idx_type", INDEXES)
@pytest.mark.parametrize("size", ITEMS)
def test_gather_and_scatter(kernels, size, idx_type):
    rng = np.random.default_rng(4)
    for count, n, rows in [
        (1, 1, 1),
        (50, 3, 20),
        (100, 300, 90),
        (0, 4, 5),
        (3000, 70, 100),
        (70, 1, 60),
        (900, 301, 40),
    ]:
        idx = rng.integers(0, rows, count).astype(INDEXES[idx_type])
        x = sample(rng, size, (rows, n))
        y = np.zeros((count, n), x.dtype)
        kernels.gather_rows(size, x, idx, idx_type, y, count, n)
        assert np.array_equal(y, x[idx])
        source = sample(rng, size, (count, n))
        expected = x.copy()
        for i, at in enumerate(idx):  # the last of equal indexes stays
            expected[at] = source[i]
        kernels.scatter_rows(size, source, idx, idx_type, x, count, n)
        assert np.array_equal(x, expected)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_gather_of_many_items(kernels, dtype):
    rng = np.random.default_rng(11)
    x = rng.random(1000).astype(dtype)
    for idx in (rng.integers(0, 1000, 600_000).astype(t) for t in ("i4", "i8")):
        y = np.zeros(idx.size, dtype)
        kernels.gather_rows(x.itemsize, x, idx, 4 if idx.itemsize == 4 else 5, y, idx.size, 1)
        assert np.array_equal(y, x[idx])


@pytest.mark.parametrize("dtype", ADDED)
def test_scatter_add(kernels, dtype):
    rng = np.random.default_rng(5)
    for count, n, rows in [
        (1, 1, 1),
        (50, 3, 20),
        (200, 300, 7),
        (0, 4, 5),
        (5000, 40, 300),
        (90000, 1, 50),
        (900, 301, 40),
    ]:
        idx = rng.integers(0, rows, count).astype("i4")
        x, y = (rng.integers(-9, 9, s).astype(dtype) for s in ((count, n), (rows, n)))
        expected = y.copy()
        np.add.at(expected, idx, x)
        kernels.scatter_add_rows(ADDED[dtype], x, idx, 4, y, count, n, rows)
        assert np.array_equal(y, expected)


def test_scatter_add_keeps_the_order(kernels):
    rng = np.random.default_rng(6)
    for count, n, rows in [(4000, 50, 40), (700, 500, 40), (700, 501, 8800)]:  # the last table is beyond the caches
        idx = rng.integers(0, rows, count)
        idx[::3] = rng.integers(0, 40, len(idx[::3]))
        x = (10.0 ** rng.uniform(-6, 6, (count, n))).astype("f4")
        expected = np.zeros((rows, n), "f4")
        np.add.at(expected, idx, x)
        for threads in (1, 2, 3, 4):
            kernels.set_threads(threads)
            y = np.zeros_like(expected)
            kernels.scatter_add_rows(FLOAT32, x, idx, 5, y, count, n, rows)
            assert y.tobytes() == expected.tobytes()


@pytest.mark.parametrize("idx_type", INDEXES)
def test_check_index(kernels, idx_type):
    idx = np.arange(100).astype(INDEXES[idx_type])
    assert kernels.check_index(idx_type, idx, 100, 100) == -1
    assert kernels.check_index(idx_type, idx, 100, 99) == 99
    assert kernels.check_index(idx_type, idx, 0, 0) == -1
    assert kernels.check_index(idx_type, idx, 100, 0) == 0
    long = np.tile(idx, 30)
    long[2500] = 120
    assert kernels.check_index(idx_type, long, long.size, 120) == 2500
    if np.iinfo(idx.dtype).min < 0:
        long[1700] = -1
        assert kernels.check_index(idx_type, long, long.size, 127) == 1700
