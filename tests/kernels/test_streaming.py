"""Results so large that they are stored past the caches: the same bits as in parts, at any alignment."""

import numpy as np
import pytest

THRESHOLD = 16 << 20
FLOATS = [np.dtype("float32"), np.dtype("float64")]
CODES = {np.dtype("int16"): 3, np.dtype("float32"): 12, np.dtype("float64"): 13}


@pytest.fixture(scope="module")
def op(enums):
    """The operations by their names without RK_."""
    return {name.removeprefix("RK_"): value for name, value in enums.items()}


def length(dtype) -> int:
    """A few elements more than the threshold."""
    return THRESHOLD // dtype.itemsize + 37


def values(dtype, n, seed=0):
    random = np.random.default_rng(seed)
    if dtype.kind == "f":
        return (random.random(n, np.float32) * 4 + np.float32(0.01)).astype(dtype)
    return random.integers(1, 100, n, dtype)


def room(dtype, n, offset):
    """An array of n elements that begins `offset` elements after a multiple of 64 bytes, and all around it."""
    around = np.full(n + 128, 77, dtype)
    start = -around.ctypes.data % 64 // dtype.itemsize + 64 // dtype.itemsize + offset
    return around[start : start + n], around, start


def check(run, dtype, n, offset):
    """run(y, from, to) in one go and in parts, which are too small to be streamed."""
    y, around, start = room(dtype, n, offset)
    run(y, 0, n)
    expected = np.empty(n, dtype)
    for at in range(0, n, n // 3 + 1):
        to = min(n, at + n // 3 + 1)
        run(expected[at:to], at, to)
    np.testing.assert_array_equal(y.view(f"u{dtype.itemsize}"), expected.view(f"u{dtype.itemsize}"))
    assert (around[:start] == 77).all() and (around[start + n :] == 77).all()


@pytest.mark.parametrize(("dtype", "offset"), [(FLOATS[0], 3), (FLOATS[1], 5), (FLOATS[0], 0)], ids=str)
def test_functions(kernels, op, dtype, offset):
    n = length(dtype)
    x = values(dtype, n)
    for name in ("EXP", "SIGMOID", "TANH", "SIN", "SQRT"):
        check(lambda y, i, j, f=op[name]: kernels.unary(f, CODES[dtype], x[i:j], y, j - i), dtype, n, offset)
    check(lambda y, i, j: kernels.param(op["AXPB"], CODES[dtype], x[i:j], 1.5, 0.3, y, j - i), dtype, n, offset)


def binary(kernels, op, dtype, a, b, c, c_bool=0, dims=None, sa=(1,), sb=(1,)):
    dims = np.array(dims or [len(a)], np.intp)
    kernels.binary(op, CODES[dtype], len(dims), dims, a, np.array(sa, np.intp), b, np.array(sb, np.intp), c, c_bool)


@pytest.mark.parametrize("dtype", [*FLOATS, np.dtype("int16")], ids=str)
def test_pairs(kernels, op, dtype):
    n = length(dtype)
    a, b = values(dtype, n), values(dtype, n, 1)
    check(lambda y, i, j: binary(kernels, op["ADD"], dtype, a[i:j], b[i:j], y), dtype, n, 7)
    check(lambda y, i, j: binary(kernels, op["MUL"], dtype, a[i:j], b[3:], y, sb=(0,)), dtype, n, 1)
    check(lambda y, i, j: binary(kernels, op["SUB"], dtype, a, b[i:j], y, dims=(j - i,), sa=(0,)), dtype, n, 2)
    a -= a[:1]
    check(lambda y, i, j: binary(kernels, op["DRELU"], dtype, a[i:j], b[i:j], y), dtype, n, 4)


def test_truth_values(kernels, op):
    n = length(np.dtype("uint8"))
    a, b = values(FLOATS[0], n), values(FLOATS[0], n, 1)
    y, around, start = room(np.dtype("uint8"), n, 11)
    binary(kernels, op["LT"], FLOATS[0], a, b, y, 1)
    np.testing.assert_array_equal(y, a < b)
    assert (around[:start] == 77).all() and (around[start + n :] == 77).all()


@pytest.mark.parametrize("columns", [131, 70_001])
def test_rows_with_a_vector(kernels, op, columns):
    dtype = FLOATS[0]
    rows = length(dtype) // columns + 1
    a, b = values(dtype, rows * columns), values(dtype, columns, 1)
    y, around, start = room(dtype, rows * columns, 5)
    binary(kernels, op["SUB"], dtype, a, b, y, dims=(rows, columns), sa=(columns, 1), sb=(0, 1))
    np.testing.assert_array_equal(y.reshape(rows, columns), a.reshape(rows, columns) - b)
    assert (around[:start] == 77).all() and (around[start + rows * columns :] == 77).all()


@pytest.mark.parametrize("size", [1, 2, 8])
def test_copies(kernels, size):
    dtype = np.dtype(f"u{size}")
    n = length(dtype)
    x = values(dtype, n)
    y, around, start = room(dtype, n, 3)
    kernels.copy(size, n, x, 1, y, 1)
    np.testing.assert_array_equal(y, x)
    assert (around[:start] == 77).all() and (around[start + n :] == 77).all()


@pytest.mark.parametrize("kernel", ["softmax", "log_softmax"])
@pytest.mark.parametrize(("dtype", "columns"), [(FLOATS[0], 1001), (FLOATS[1], 67), (FLOATS[0], 5), (FLOATS[0], 4099)])
def test_softmax(kernels, kernel, dtype, columns):
    rows = length(dtype) // columns + 1
    x = values(dtype, rows * columns)
    x[columns] = np.inf
    x[2 * columns : 3 * columns] = -np.inf
    run = getattr(kernels, kernel)
    y, around, start = room(dtype, rows * columns, 3)
    run(CODES[dtype], x, y, rows, columns)
    expected = np.empty_like(x)
    for at in range(0, rows, rows // 3 + 1):
        count = min(rows - at, rows // 3 + 1)
        run(CODES[dtype], x[at * columns :], expected[at * columns :], count, columns)
    np.testing.assert_array_equal(y, expected)
    assert (around[:start] == 77).all() and (around[start + rows * columns :] == 77).all()


def layers(norm, dtype, shape, x, dy, gamma, y, dx):
    stats, sums = np.empty(2 * shape[0] * shape[2], dtype), np.empty((2, shape[1]), dtype)
    norm.layer_norm(CODES[dtype], *shape, x, gamma, gamma, 1e-3, y, stats)
    assert norm.layer_norm_gradient(CODES[dtype], *shape, x, gamma, stats, dy, dx, *sums) == 1
    return stats, sums


def batches(norm, dtype, shape, x, dy, gamma, y, dx):
    n = shape[1]
    stats, moving, sums = np.empty((4, n), dtype), np.ones((2, n), dtype), np.empty((2, n), dtype)
    assert norm.batch_norm(CODES[dtype], *shape, x, gamma, gamma, 1e-3, 0.9, 1, *moving, 1, y, stats) == 1
    assert norm.batch_norm_gradient(CODES[dtype], *shape, 1, x, gamma, stats, dy, 1, dx, *sums) == 1
    return stats, moving, sums


@pytest.mark.parametrize("run", [layers, batches])
@pytest.mark.parametrize("width", [512, 48, 16], ids=str)
@pytest.mark.parametrize("inner", [1, 96])
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_normalisations(kernels, run, width, inner, dtype):
    """Where results begin decides whether they are streamed, and changes nothing."""
    shape = length(dtype) // (width * inner) + 1, width, inner
    n = shape[0] * width * inner
    x, dy, gamma = values(dtype, n), values(dtype, n, 1) - 2, values(dtype, width, 2)
    found = []
    for offset in (0, 3):
        y, *_ = room(dtype, n, offset)
        dx, around, start = room(dtype, n, offset)
        found.append([y, dx, *run(kernels.family("norm"), dtype, shape, x, dy, gamma, y, dx)])
        assert (around[:start] == 77).all() and (around[start + n :] == 77).all()
    for a, b in zip(*found):
        np.testing.assert_array_equal(a, b)


def test_normalised_rows(kernels):
    """Many rows, and some of them alone: the same bits."""
    dtype, width = FLOATS[0], 384
    rows = length(dtype) // width
    x, dy, gamma = values(dtype, rows * width), values(dtype, rows * width, 1) - 2, values(dtype, width, 2)
    norm = kernels.family("norm")
    y, dx = np.empty((2, rows * width), dtype)
    _, sums = layers(norm, dtype, (rows, width, 1), x, dy, gamma, y, dx)
    for first in (0, rows - 301):
        part = slice(first * width, (first + 301) * width)
        some = np.empty((2, 301 * width), dtype)
        layers(norm, dtype, (301, width, 1), x[part], dy[part], gamma, *some)
        np.testing.assert_array_equal(some, [y[part], dx[part]])
    table, slopes = x.reshape(rows, width).astype(np.float64), dy.reshape(rows, width).astype(np.float64)
    z = (table - table.mean(1, keepdims=True)) / np.sqrt(table.var(1, keepdims=True) + 1e-3)
    np.testing.assert_allclose(sums, [(slopes * z).sum(0), slopes.sum(0)], rtol=1e-4, atol=1e-2)
