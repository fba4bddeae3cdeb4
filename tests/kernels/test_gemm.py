"""Matrix products against numpy in double precision."""

import ctypes
import threading

import numpy as np
import pytest

NONE, RELU, SIGMOID, TANH = range(4)
ACTIVATIONS = [
    lambda x: x,
    lambda x: np.maximum(x, 0),
    lambda x: 1 / (1 + np.exp(-x)),
    np.tanh,
]
FLOATS = [np.float32, np.float64]
TRANSPOSES = [(0, 0), (0, 1), (1, 0), (1, 1)]


def matrix(rng, rows, columns, dtype, padding=0, offset=0):
    """A (rows, columns) view whose rows are further apart, not at the beginning of its memory."""
    memory = rng.uniform(-1, 1, offset + rows * (columns + padding)).astype(dtype)
    return memory[offset:].reshape(rows, columns + padding)[:, :columns]


def row_length(x):
    return x.strides[0] // x.itemsize


def gemm(kernels, ta, tb, alpha, a, b, beta, c, bias=None, epilogue=NONE):
    m, n = c.shape
    k = a.shape[0] if ta else a.shape[1]
    function = kernels.sgemm if c.dtype == np.float32 else kernels.dgemm
    lengths = row_length(a), row_length(b), row_length(c)
    function(ta, tb, m, n, k, alpha, a, lengths[0], b, lengths[1], beta, c, lengths[2], bias, epilogue)


def twin(ta, tb, alpha, a, b, beta, c, bias=None, epilogue=NONE):
    a, b = a.astype(np.float64), b.astype(np.float64)
    y = alpha * ((a.T if ta else a) @ (b.T if tb else b))
    if beta:
        y = y + beta * c
    if bias is not None:
        y = y + bias
    return ACTIVATIONS[epilogue](y)


def tolerance(dtype, k):
    return (4e-7 if dtype == np.float32 else 1e-15) * (8 + k)


def operands(rng, ta, tb, m, n, k, dtype, padding=0, offset=0):
    a = matrix(rng, *((k, m) if ta else (m, k)), dtype, padding, offset)
    b = matrix(rng, *((n, k) if tb else (k, n)), dtype, 2 * padding, offset)
    return a, b


@pytest.mark.parametrize("ta, tb", TRANSPOSES)
@pytest.mark.parametrize("dtype", FLOATS)
def test_small_sizes(kernels, dtype, ta, tb):
    rng = np.random.default_rng(1)
    for size in range(1, 71):
        m, n, k = (int(v) for v in rng.integers(1, 71, 3))
        m, n, k = [(size, n, k), (m, size, k), (m, n, size)][size % 3]
        a, b = operands(rng, ta, tb, m, n, k, dtype, padding=size % 4, offset=size % 3)
        c = matrix(rng, m, n, dtype, padding=size % 5, offset=1)
        alpha, beta = [(1, 0), (1, 1), (0.5, -2), (-1, 0.25)][size % 4]
        wanted = twin(ta, tb, alpha, a, b, beta, c)
        if beta == 0:
            c[...] = np.nan
        gemm(kernels, ta, tb, alpha, a, b, beta, c)
        np.testing.assert_allclose(c, wanted, atol=tolerance(dtype, k), err_msg=f"{m}x{n}x{k}")


@pytest.mark.parametrize("ta, tb", TRANSPOSES)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "m, n, k",
    [
        (1, 1, 1),
        (1, 1, 300),
        (1, 300, 1),
        (300, 1, 1),
        (1, 700, 400),
        (1, 517, 301),
        (1, 261, 300),
        (700, 1, 400),
        (6, 128, 2),
        (6, 2, 128),
        (8, 384, 128),
        (9, 300, 77),
        (13, 300, 77),
        (300, 3, 77),
        (300, 5, 77),
        (256, 10, 128),
        (100, 101, 1100),
        (130, 520, 600),
        (129, 763, 140),
        (256, 1001, 128),
        (187, 780, 1037),
        (530, 300, 700),
        (40, 1030, 513),
        (2, 700, 400),
        (6, 130, 1111),
        (16, 1030, 301),
        (32, 517, 258),
        (16, 120, 1100),
        (31, 250, 2050),
        (3, 100, 1537),
    ],
)
def test_shapes_that_take_different_paths(kernels, m, n, k, dtype, ta, tb):
    rng = np.random.default_rng(2)
    a, b = operands(rng, ta, tb, m, n, k, dtype)
    c = rng.uniform(-1, 1, (m, n)).astype(dtype)
    bias = rng.uniform(-1, 1, n).astype(dtype)
    wanted = twin(ta, tb, 1.5, a, b, 0.5, c, bias, RELU)
    gemm(kernels, ta, tb, 1.5, a, b, 0.5, c, bias, RELU)
    np.testing.assert_allclose(c, wanted, atol=2 * tolerance(dtype, k))


@pytest.mark.parametrize("epilogue", [NONE, RELU, SIGMOID, TANH])
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize(
    "m, n, k",
    [
        (5, 7, 3),
        (33, 50, 20),
        (1, 40, 600),
        (1, 500, 600),
        (1, 517, 301),
        (1, 261, 300),
        (40, 1, 64),
        (7, 9, 700),
        (5, 345, 402),
    ],
)
@pytest.mark.parametrize("dtype", FLOATS)
def test_epilogues(kernels, dtype, m, n, k, with_bias, epilogue):
    rng = np.random.default_rng(3)
    for ta, tb in TRANSPOSES:
        a, b = operands(rng, ta, tb, m, n, k, dtype)
        c = np.full((m, n), np.nan, dtype)
        bias = rng.uniform(-1, 1, n).astype(dtype) if with_bias else None
        gemm(kernels, ta, tb, 0.3, a, b, 0, c, bias, epilogue)
        np.testing.assert_allclose(c, twin(ta, tb, 0.3, a, b, 0, c, bias, epilogue), atol=tolerance(dtype, k))


@pytest.mark.parametrize("epilogue", [NONE, RELU, SIGMOID])
@pytest.mark.parametrize(
    "m, n, k",
    [(9, 2600, 70), (16, 1400, 129), (17, 1303, 101), (25, 1328, 100), (32, 1281, 103), (16, 530, 301), (9, 1301, 260)],
)
@pytest.mark.parametrize("dtype", FLOATS)
def test_long_rows_of_a_big_matrix(kernels, dtype, m, n, k, epilogue):
    rng = np.random.default_rng(4)
    for ta in (0, 1):
        a, b = operands(rng, ta, 0, m, n, k, dtype, padding=3, offset=1)
        memory = np.full((m + 2, n + 5), np.nan, dtype)
        c = memory[1:-1, 2:-3]
        bias = rng.uniform(-1, 1, n).astype(dtype)
        for given in (bias, None):
            gemm(kernels, ta, 0, 1, a, b, 0, c, given, epilogue)
            np.testing.assert_allclose(c, twin(ta, 0, 1, a, b, 0, c, given, epilogue), atol=tolerance(dtype, k))
        assert np.isnan(memory).sum() == memory.size - c.size
        # a row alone, or with the sum times 2, goes another way to the same bits
        part = np.zeros((5, n), dtype)
        gemm(kernels, ta, 0, 2, a[:, :5] if ta else a[:5], b, 0, part)
        gemm(kernels, ta, 0, 1, a, b, 0, c)
        np.testing.assert_array_equal(part, 2 * c[:5])


def test_padding_of_c_is_not_written(kernels):
    rng = np.random.default_rng(4)
    for m, n, k in [(7, 3, 5), (20, 47, 9), (33, 70, 40), (1, 5, 9), (5, 1, 100), (7, 1003, 150), (140, 731, 130)]:
        memory = rng.uniform(size=(m, n + 3)).astype(np.float32)
        kept = memory.copy()
        a, b = operands(rng, 0, 0, m, n, k, np.float32)
        gemm(kernels, 0, 0, 1, a, b, 0, memory[:, :n], epilogue=TANH)
        np.testing.assert_array_equal(memory[:, n:], kept[:, n:])


@pytest.mark.parametrize("epilogue", [NONE, RELU, SIGMOID])
def test_no_products_leave_beta_c_and_bias(kernels, epilogue):
    c = np.array([[1, -2, 3], [-4, 5, -6]], np.float32)
    bias = np.array([1, 1, -10], np.float32)
    wanted = ACTIVATIONS[epilogue](2.0 * c + bias)
    a, b = np.full((2, 4), np.nan, np.float32), np.full((4, 3), np.nan, np.float32)
    for alpha, k in [(0, 4), (1, 0)]:
        y = c.copy()
        kernels.sgemm(0, 0, 2, 3, k, alpha, a, 4, b, 3, 2, y, 3, bias, epilogue)
        np.testing.assert_allclose(y, wanted, rtol=1e-6)
    kernels.sgemm(0, 0, 0, 3, 4, 1, a, 4, b, 3, 0, c, 3, None, 0)
    assert c[0, 0] == 1


def test_nan_and_inf_pass_through(kernels):
    a = np.eye(9, dtype=np.float32)
    b = np.ones((9, 20), np.float32)
    b[3, 4], b[5, 6] = np.nan, np.inf
    for epilogue in (NONE, RELU):
        c = np.zeros((9, 20), np.float32)
        with np.errstate(invalid="ignore"):
            wanted = ACTIVATIONS[epilogue](a @ b)
        gemm(kernels, 0, 0, 1, a, b, 0, c, None, epilogue)
        np.testing.assert_array_equal(np.isnan(c), np.isnan(wanted))
        np.testing.assert_array_equal(c[~np.isnan(c)], wanted[~np.isnan(c)])


@pytest.mark.parametrize("ta, tb", TRANSPOSES)
@pytest.mark.parametrize("dtype", FLOATS)
def test_threads_do_not_change_a_bit(kernels, dtype, ta, tb):
    rng = np.random.default_rng(5)
    sizes = [
        (150, 129, 600),
        (8, 2000, 300),
        (2000, 9, 300),
        (1, 3000, 500),
        (1, 517, 301),
        (1, 261, 300),
        (3000, 1, 500),
        (5, 3000, 100),
    ]
    more = [(150, 1003, 600), (600, 70, 530), (6, 130, 1111), (17, 1000, 270), (17, 2600, 100), (16, 1100, 300)]
    for m, n, k in [*sizes, *more, (9, 120, 1700)]:
        a, b = operands(rng, ta, tb, m, n, k, dtype)
        results = []
        for threads in (1, 2, 3, 4):
            kernels.set_threads(threads)
            c = np.full((m, n), np.nan, dtype)
            gemm(kernels, ta, tb, 1, a, b, 0, c)
            results.append(c)
        for c in results[1:]:
            np.testing.assert_array_equal(c, results[0])
        np.testing.assert_allclose(results[0], twin(ta, tb, 1, a, b, 0, c), atol=tolerance(dtype, k))


def test_a_row_does_not_depend_on_the_others(kernels):
    rng = np.random.default_rng(6)
    a, b = operands(rng, 0, 0, 70, 90, 40, np.float32)
    whole, part = np.zeros((70, 90), np.float32), np.zeros((23, 37), np.float32)
    gemm(kernels, 0, 0, 1, a, b, 0, whole)
    gemm(kernels, 0, 0, 1, a[11:34], b[:, 50:87], 0, part)
    np.testing.assert_array_equal(part, whole[11:34, 50:87])


def test_concurrent_callers(kernels):
    rng = np.random.default_rng(7)
    kernels.set_threads(3)
    problems = []
    for i in range(4):
        a, b = operands(rng, i % 2, i // 2, 120 + i, 90, 400, np.float32)
        c = np.zeros((120 + i, 90), np.float32)
        gemm(kernels, i % 2, i // 2, 1, a, b, 0, c)
        problems.append((i, a, b, c))
    wrong = []

    def repeat(i, a, b, wanted):
        c = np.empty_like(wanted)
        for _ in range(30):
            gemm(kernels, i % 2, i // 2, 1, a, b, 0, c)
            if not np.array_equal(c, wanted):
                wrong.append(i)

    callers = [threading.Thread(target=repeat, args=p) for p in problems]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not wrong


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "batch, m, n, k", [(1, 5, 6, 7), (7, 3, 4, 5), (40, 16, 17, 18), (3, 90, 80, 100), (0, 2, 2, 2)]
)
def test_batches(kernels, dtype, batch, m, n, k):
    rng = np.random.default_rng(8)
    function = kernels.sgemm_batch if dtype == np.float32 else kernels.dgemm_batch
    for ta, tb in TRANSPOSES:
        a = rng.uniform(-1, 1, (batch, *((k, m) if ta else (m, k)))).astype(dtype)
        b = rng.uniform(-1, 1, (n, k) if tb else (k, n)).astype(dtype)  # one matrix for all
        c = rng.uniform(-1, 1, (batch, m, n)).astype(dtype)
        wanted = 0.5 * ((a.swapaxes(1, 2) if ta else a) @ (b.T if tb else b)).astype(np.float64) + 2 * c
        function(batch, ta, tb, m, n, k, 0.5, a, a.shape[2], m * k, b, b.shape[1], 0, 2, c, n, m * n)
        np.testing.assert_allclose(c, wanted, atol=2 * tolerance(dtype, k))


@pytest.mark.parametrize("dtype", FLOATS)
def test_batches_over_two_indexes(kernels, dtype):
    """Scores of attention straight from (batch, time, heads, dim)."""
    rng = np.random.default_rng(9)
    batch, time, heads, dim = 3, 11, 4, 8
    q, k = (rng.uniform(-1, 1, (batch, time, heads, dim)).astype(dtype) for _ in range(2))
    scores = np.full((batch, heads, time, time), np.nan, dtype)
    function = kernels.sgemm_batch2 if dtype == np.float32 else kernels.dgemm_batch2
    row, item = heads * dim, time * heads * dim
    strides = heads * time * time, time * time
    function(batch, heads, 0, 1, time, time, dim, 1, q, row, item, dim, k, row, item, dim, 0, scores, time, *strides)
    np.testing.assert_allclose(scores, np.einsum("bthd,bshd->bhts", q, k), atol=tolerance(dtype, dim))


@pytest.mark.parametrize("ta", [0, 1])
@pytest.mark.parametrize("dtype", FLOATS)
def test_gemv(kernels, dtype, ta):
    rng = np.random.default_rng(10)
    function = kernels.sgemv if dtype == np.float32 else kernels.dgemv
    shapes = [(1, 1), (1, 9), (9, 1), (3, 5), (37, 70), (70, 37), (500, 600), (1100, 600), (600, 1100), (2500, 9)]
    for index, (m, n) in enumerate(shapes):
        for incx, incy in [(1, 1), (2, 1), (1, 3), (2, 3)]:
            a = matrix(rng, m, n, dtype, padding=index % 3)
            x = rng.uniform(-1, 1, (m if ta else n) * incx).astype(dtype)
            y = rng.uniform(-1, 1, (n if ta else m) * incy).astype(dtype)
            for alpha, beta in [(1, 0), (0.5, 2)]:
                wanted = y.astype(np.float64)
                product = (a.T if ta else a).astype(np.float64) @ x[::incx]
                wanted[::incy] = alpha * product + (beta * wanted[::incy] if beta else 0)
                result = y.copy()
                if beta == 0:
                    result[::incy] = np.nan
                function(ta, m, n, alpha, a, row_length(a), x, incx, beta, result, incy)
                np.testing.assert_allclose(
                    result, wanted, atol=tolerance(dtype, m + n), err_msg=f"{m}x{n} {incx} {incy}"
                )


INTEGERS = {"int8": 2, "int16": 3, "int32": 4, "int64": 5, "uint8": 6, "uint16": 7, "uint32": 8, "uint64": 9}


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_wrap(kernels, name):
    rng = np.random.default_rng(11)
    dtype = np.dtype(name)
    info = np.iinfo(dtype)
    for (ta, tb), (m, n, k) in zip(TRANSPOSES, [(5, 150, 7), (40, 3, 200), (17, 18, 19), (1, 1, 5)], strict=True):
        a = rng.integers(info.min, info.max, (k, m) if ta else (m, k), dtype, endpoint=True)
        b = rng.integers(info.min, info.max, (n, k) if tb else (k, n), dtype, endpoint=True)
        c = rng.integers(info.min, info.max, (m, n), dtype, endpoint=True)
        for alpha, beta in [(1, 0), (3, -2)]:
            with np.errstate(over="ignore"):
                product = (a.T if ta else a) @ (b.T if tb else b)
                factors = np.array([alpha, beta]).astype(dtype)
                wanted = factors[0] * product + factors[1] * c
            y = c.copy()
            scalars = np.array([alpha, 0.0]), np.array([beta, 0.0])
            columns = a.shape[1], b.shape[1]
            kernels.xgemm(
                INTEGERS[name], ta, tb, 0, 0, m, n, k, scalars[0], a, columns[0], b, columns[1], scalars[1], y, n
            )
            np.testing.assert_array_equal(y, wanted)


@pytest.mark.parametrize("dtype, code", [(np.complex64, 16), (np.complex128, 17)])
@pytest.mark.parametrize("conj_a, conj_b", TRANSPOSES)
def test_complex(kernels, dtype, code, conj_a, conj_b):
    rng = np.random.default_rng(12)

    def random(shape):
        return (rng.uniform(-1, 1, shape) + 1j * rng.uniform(-1, 1, shape)).astype(dtype)

    for (ta, tb), (m, n, k) in zip(TRANSPOSES, [(5, 150, 7), (40, 3, 200), (17, 18, 19), (1, 1, 5)], strict=True):
        a, b = random((k, m) if ta else (m, k)), random((n, k) if tb else (k, n))
        left = (a.conj() if conj_a else a).astype(np.complex128)
        right = (b.conj() if conj_b else b).astype(np.complex128)
        product = (left.T if ta else left) @ (right.T if tb else right)
        for alpha, beta in [(1, 0), (0.5 - 1j, 2 + 0.25j)]:
            c = random((m, n))
            wanted = alpha * product + (beta * c if beta else 0)
            if beta == 0:
                c[...] = np.nan
            scalars = (np.array([z.real, z.imag]) for z in (complex(alpha), complex(beta)))
            first, second = scalars
            columns = a.shape[1], b.shape[1]
            kernels.xgemm(code, ta, tb, conj_a, conj_b, m, n, k, first, a, columns[0], b, columns[1], second, c, n)
            np.testing.assert_allclose(c, wanted, atol=(2e-6 if code == 16 else 1e-14) * (8 + k))


@pytest.mark.parametrize("dtype, code", [(np.float32, 12), (np.float64, 13)])
def test_xgemm_takes_floats_too(kernels, dtype, code):
    rng = np.random.default_rng(13)
    a, b = operands(rng, 1, 0, 6, 7, 8, dtype)
    c = np.empty((6, 7), dtype)
    kernels.xgemm(code, 1, 0, 0, 0, 6, 7, 8, np.array([2.0, 0]), a, 6, b, 7, np.zeros(2), c, 7)
    np.testing.assert_allclose(c, 2 * (a.T @ b), atol=tolerance(dtype, 8))


class Operands(ctypes.Structure):
    """``rk_gemm_operands``."""

    _fields_ = [
        *((name, ctypes.c_ssize_t) for name in ("m", "n", "k")),
        *((name, ctypes.c_void_p) for name in ("a", "b", "bias", "c")),
    ]


@pytest.mark.parametrize("dtype, code, gemm", [(np.float32, 12, "sgemm"), (np.float64, 13, "dgemm")])
@pytest.mark.parametrize(
    "shapes",
    [
        [(16, 2048, 256), (16, 2048, 256), (16, 2048, 256)],
        [(9, 1500, 300), (16, 256, 2048), (31, 1030, 260)],  # the second has rows too short
        [(3, 5, 7), (20, 2050, 130), (4, 6, 0)],
        [(12, 1040, 256)] * 6,
        [(12, 1040, 256)],
    ],
)
def test_group(kernels, dtype, code, gemm, shapes):
    """The bits of products one by one, whatever the number of threads."""
    rng = np.random.default_rng(9)
    arrays = []
    for i, (m, n, k) in enumerate(shapes):
        a, b = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
        arrays.append((a, b, None if i == 1 else rng.normal(size=n).astype(dtype), np.full((m, n), np.nan, dtype)))
    address = lambda x: None if x is None else x.ctypes.data  # noqa: E731
    group = (Operands * len(shapes))(
        *(Operands(*shape, *map(address, data)) for shape, data in zip(shapes, arrays, strict=True))
    )
    for threads in (1, 2, 3):
        kernels.set_threads(threads)
        for *_, c in arrays:
            c.fill(np.nan)
        kernels.gemm_group(code, len(shapes), ctypes.addressof(group))
        for (m, n, k), (a, b, bias, c) in zip(shapes, arrays, strict=True):
            alone = np.full_like(c, np.nan)
            getattr(kernels, gemm)(0, 0, m, n, k, 1.0, a, k, b, n, 0.0, alone, n, bias, 0)
            np.testing.assert_array_equal(c, alone)
            np.testing.assert_allclose(c, a @ b + (0 if bias is None else bias), atol=tolerance(dtype, k + 1))


@pytest.mark.parametrize("dtype, code", [(np.float32, 12), (np.float64, 13)])
@pytest.mark.parametrize("m, n, k", [(1, 1, 1), (3, 5, 0), (8, 48, 16), (13, 70, 33), (70, 200, 600), (5, 17, 1100)])
@pytest.mark.parametrize("transposed", [0, 1])
def test_packed_once(kernels, dtype, code, m, n, k, transposed):
    rng = np.random.default_rng(8)
    a, c = rng.normal(size=(m, k + 3)).astype(dtype), rng.normal(size=(m, n + 2)).astype(dtype)
    b = rng.normal(size=(n, k + 1) if transposed else (k, n + 1)).astype(dtype)
    packed = np.full(kernels.gemm_packed_size(code, n, k), np.nan, dtype)
    kernels.gemm_pack(code, transposed, n, k, b, b.shape[1], packed)
    op = (b[:, :k].T if transposed else b[:, :n]).astype(np.float64)
    product = a[:, :k].astype(np.float64) @ op
    bound = (1e-5 if dtype == np.float32 else 1e-13) * np.sqrt(k + 1)
    for beta in (0, 1, 0.5):
        found = c.copy()
        if not beta:
            found[:, :n] = np.nan
        kernels.gemm_packed(code, m, n, k, a, k + 3, packed, beta, found, n + 2)
        np.testing.assert_allclose(found[:, :n], product + beta * c[:, :n], rtol=bound, atol=bound)
        np.testing.assert_array_equal(found[:, n:], c[:, n:])
