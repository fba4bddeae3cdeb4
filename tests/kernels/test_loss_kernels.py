"""The kernels of losses, metrics and optimizers against numpy in double precision."""

import ctypes
import platform

import numpy as np
import pytest
from scipy import special

SQUARE, HUBER, BINARY, BINARY_LOGITS, CATEGORICAL, SPARSE, CATEGORICAL_LOGITS, SPARSE_LOGITS = range(8)
SGD, ADAM, RMSPROP = range(3)
FORGETFUL = 3  # RMSprop that does not keep its average
DTYPES = [(np.float32, 12), (np.float64, 13)]
LABELS = {np.int8: 2, np.int16: 3, np.int32: 4, np.int64: 5, np.uint8: 6, np.uint16: 7, np.uint32: 8, np.uint64: 9}
SIZES = [1, 5, 16, 33, 511, 512, 513, 4097, 70001]
ROWS = [(1, 1), (1, 10), (7, 3), (256, 10), (33, 17), (20, 1000), (2500, 12), (3, 5000)]
Q = 1e-6


def close(x, wanted, steps=1):
    bound = (3e-6 if x.dtype == np.float32 else 1e-14) * steps
    np.testing.assert_allclose(x, wanted, rtol=bound, atol=bound)


def one_hot(t, n):
    return (np.asarray(t, int)[:, None] == np.arange(n)).astype(np.float64)


def losses_of(kind, t, x):
    """Losses of elements, or of rows."""
    if kind == SQUARE:
        return (x - t) ** 2
    if kind == HUBER:
        return np.where(abs(x - t) <= 0.7, (x - t) ** 2 / 2, 0.7 * (abs(x - t) - 0.35))
    if kind == BINARY:
        return -t * np.log(x) - (1 - t) * np.log(1 - x)
    if kind == BINARY_LOGITS:
        return np.logaddexp(0, x) - t * x
    if kind in (SPARSE, SPARSE_LOGITS):
        t = one_hot(t, x.shape[1])
    logs = np.log(x + Q) if kind in (CATEGORICAL, SPARSE) else special.log_softmax(x, axis=1)
    return -t * logs if kind == CATEGORICAL else -(t * logs).sum(axis=1)


def slopes_of(kind, t, x):
    if kind == SQUARE:
        return 2 * (x - t)
    if kind == HUBER:
        return np.clip(x - t, -0.7, 0.7)
    if kind == BINARY:
        return (x - t) / (x * (1 - x))
    if kind == BINARY_LOGITS:
        return special.expit(x) - t
    if kind in (SPARSE, SPARSE_LOGITS):
        t = one_hot(t, x.shape[1])
    if kind in (CATEGORICAL, SPARSE):
        return -t / (x + Q)
    return special.softmax(x, axis=1) * t.sum(axis=1, keepdims=True) - t


def draw(kind, rows, n, dtype, label_type=np.int32):
    rng = np.random.default_rng(kind)
    x = rng.uniform(0.05, 0.95, (rows, n)) if kind in (BINARY, CATEGORICAL, SPARSE) else rng.normal(size=(rows, n)) * 5
    if kind in (SPARSE, SPARSE_LOGITS):
        return x.astype(dtype), rng.integers(0, min(n, 127), rows).astype(label_type)
    return x.astype(dtype), rng.uniform(size=(rows, n)).astype(dtype)


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("kind", range(8))
@pytest.mark.parametrize("rows, n", ROWS)
def test_losses(kernels, dtype, code, kind, rows, n):
    q = 0.7 if kind == HUBER else Q
    for label_type, label_code in LABELS.items() if kind in (SPARSE, SPARSE_LOGITS) else [(dtype, code)]:
        x, t = draw(kind, rows, n, dtype, label_type)
        wide, labels = x.astype(np.float64), t.astype(np.float64)
        wanted = losses_of(kind, labels, wide)
        of_rows = wanted if wanted.ndim == 1 else wanted.sum(axis=1)
        stats, losses = np.full((rows, 3), np.nan, dtype), np.full(rows, np.nan, dtype)
        total = kernels.loss(kind, code, x, t, label_code, q, 0.5, stats, losses, rows, n)
        close(losses, 0.5 * of_rows, 10 * max(1, abs(of_rows).max()))
        assert total == pytest.approx(0.5 * of_rows.sum(), rel=1e-5 if code == 12 else 1e-12)
        kernels.set_threads(1)
        alone = kernels.loss(kind, code, x, t, label_code, q, 0.5, stats, losses, rows, n)
        flat = [kernels.loss(kind, code, x, t, label_code, q, 0.5, None, None, rows, n)]
        kernels.set_threads(2)
        flat.append(kernels.loss(kind, code, x, t, label_code, q, 0.5, None, None, rows, n))
        assert alone == total
        assert flat[0] == flat[1] == pytest.approx(total, rel=1e-5 if code == 12 else 1e-12)

        slopes = slopes_of(kind, labels, wide)
        scales = np.random.default_rng(9).normal(size=rows).astype(dtype)
        dx = np.full_like(x, np.nan)
        kernels.dloss(kind, code, x, t, label_code, q, stats, scales, 0.25, dx, rows, n)
        close(dx, slopes * scales[:, None] * 0.25, 4 * max(1, abs(slopes).max()))
        kernels.dloss(kind, code, x, t, label_code, q, stats, None, 0.25, dx, rows, n)
        close(dx, slopes * 0.25, 4 * max(1, abs(slopes).max()))
        if kind != SPARSE:
            kernels.dloss(kind, code, x, t, label_code, q, stats, None, 0.25, x, rows, n)  # in place
            np.testing.assert_array_equal(x, dx)


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("kind", range(8))
@pytest.mark.parametrize("rows, n", [*ROWS, (5, 2), (1030, 4), (700, 47)])
def test_loss_and_gradient_in_one_pass(kernels, dtype, code, kind, rows, n):
    """To the same bits as one after the other, for any number of threads; counts as the metrics' kernels."""
    q, sparse = 0.7 if kind == HUBER else Q, kind in (SPARSE, SPARSE_LOGITS)
    rng = np.random.default_rng(rows)
    for odd in (False, True):
        x, t = draw(kind, rows, n, dtype)
        if not sparse and n % 2:
            t = (t > 0.5).astype(dtype)
        x[rng.uniform(size=x.shape) < 0.3] = dtype(0.5)  # several are the greatest
        if odd:
            x[rng.uniform(size=x.shape) < 0.1] = rng.choice([np.nan, np.inf, -np.inf, 1e-30, -0.0, 300.0])
        label_code = LABELS[np.int32] if sparse else code
        stats, apart, dx = np.zeros((rows, 3), dtype), np.empty_like(x), np.full_like(x, np.nan)
        loss = kernels.loss(kind, code, x, t, label_code, q, 0.3, stats, None, rows, n)
        kernels.dloss(kind, code, x, t, label_code, q, stats, None, 0.7, apart, rows, n)
        if kind in (BINARY, BINARY_LOGITS):
            counted = kernels.count_yes_no(code, x, 0.4, t, code, rows * n)
        else:
            counted = kernels.count_hits(code, x, t, label_code, rows, n)
        for threads in (1, 2):
            kernels.set_threads(threads)
            for hits in (None, ctypes.c_ssize_t(-1)):
                dx[...] = 77
                to_hits = None if hits is None else ctypes.byref(hits)
                both = kernels.loss_step(kind, code, x, t, label_code, q, 0.3, 0.7, dx, 0.4, to_hits, rows, n)
                np.testing.assert_array_equal(both, loss)
                np.testing.assert_array_equal(dx.view(np.uint8), apart.view(np.uint8))
                assert hits is None or hits.value == counted


@pytest.mark.parametrize("dtype, code", DTYPES)
def test_large_logits(kernels, dtype, code):
    x = np.array([[1e4, 0, -1e4], [-3e4, -3e4, -3e4], [0, -np.inf, 0]], dtype)
    t = np.array([1, 0, 2], np.int32)
    for kind, labels, label_code in ((SPARSE_LOGITS, t, 4), (CATEGORICAL_LOGITS, one_hot(t, 3).astype(dtype), code)):
        stats, losses, dx = np.empty((3, 3), dtype), np.empty(3, dtype), np.empty((3, 3), dtype)
        kernels.loss(kind, code, x, labels, label_code, 0.0, 1.0, stats, losses, 3, 3)
        close(losses, [1e4, np.log(3), np.log(2)])
        kernels.dloss(kind, code, x, labels, label_code, 0.0, stats, None, 1.0, dx, 3, 3)
        close(dx, [[1, -1, 0], [-2 / 3, 1 / 3, 1 / 3], [0.5, 0, -0.5]])
    binary = np.array([1e30, -1e30, 500], dtype)
    assert kernels.loss(BINARY_LOGITS, code, binary, np.array([1, 0, 0], dtype), code, 0, 1.0, None, None, 1, 3) == 500


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("kind", range(8))
def test_nan_is_nan(kernels, dtype, code, kind):
    x, t = draw(kind, 2, 20, dtype)
    x[1, 18] = np.nan
    if kind in (SPARSE, SPARSE_LOGITS):
        t[1] = 18
    losses, stats, dx = np.empty(2, dtype), np.empty((2, 3), dtype), np.empty_like(x)
    total = kernels.loss(kind, code, x, t, 4 if t.dtype == np.int32 else code, 0.01, 1.0, stats, losses, 2, 20)
    assert np.isnan(total)
    assert not np.isnan(losses[0])
    assert np.isnan(losses[1])
    kernels.dloss(kind, code, x, t, 4 if t.dtype == np.int32 else code, 0.01, stats, None, 1.0, dx, 2, 20)
    assert not np.isnan(dx[0]).any()
    assert np.isnan(dx[1, 18])


def test_no_rows(kernels):
    nothing = np.empty((0, 5), np.float32)
    for kind in range(8):
        assert kernels.loss(kind, 12, nothing, nothing, 4, 0.1, 1.0, None, None, 0, 5) == 0
        kernels.dloss(kind, 12, nothing, nothing, 4, 0.1, nothing, None, 1.0, nothing, 0, 5)
    assert kernels.count_hits(12, nothing, nothing, 12, 0, 5) == 0
    assert kernels.count_yes_no(12, nothing, 0.5, nothing, 12, 0) == 0
    kernels.update(ADAM, None, 0, 0.1, 0.9, 0.9, 0.1)


# ---- metrics


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("rows, n", ROWS)
def test_hits(kernels, dtype, code, rows, n):
    rng = np.random.default_rng(1)
    for values in (3, 1000):  # few values: many are equal, and the first counts
        x = rng.integers(-values, values, (rows, n)).astype(dtype)
        best = x.argmax(axis=1)
        for label_type, label_code in LABELS.items():
            t = np.where(rng.uniform(size=rows) < 0.6, np.minimum(best, 100), rng.integers(0, min(n, 100), rows))
            assert kernels.count_hits(code, x, t.astype(label_type), label_code, rows, n) == (t == best).sum()
        weights = np.where(rng.uniform(size=(rows, 1)) < 0.5, x, rng.integers(-values, values, (rows, n))).astype(dtype)
        assert kernels.count_hits(code, x, weights, code, rows, n) == (weights.argmax(axis=1) == best).sum()


def test_hits_of_every_place(kernels):
    for n in (1, 15, 16, 17, 40):
        x = np.eye(n, dtype=np.float32) - 2
        assert kernels.count_hits(12, x, np.arange(n), 5, n, n) == n
        assert kernels.count_hits(12, x, x, 12, n, n) == n
        for shift in (-1, 1):
            assert kernels.count_hits(12, x, np.arange(n) + shift, 5, n, n) == 0  # one of them out of range
            x[:, 0] = np.nan
            assert kernels.count_hits(12, x, np.zeros(n, np.int64), 5, n, n) == 0
            x = np.eye(n, dtype=np.float32) - 2


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_yes_no(kernels, dtype, code, n):
    rng = np.random.default_rng(2)
    x = rng.uniform(size=n).astype(dtype)
    for label_type, label_code in {**LABELS, np.bool_: 1}.items():
        t = rng.integers(0, 2, n).astype(label_type)
        assert kernels.count_yes_no(code, x, 0.25, t, label_code, n) == ((x > 0.25) == t).sum()
    t = rng.uniform(-2, 3, n).astype(dtype)
    assert kernels.count_yes_no(code, x, 0.25, t, code, n) == ((x > 0.25) == t.astype(int)).sum()


# ---- optimizers


class Weight(ctypes.Structure):
    """``struct rk_weight``."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("p", "g", "m", "v")),
        ("n", ctypes.c_ssize_t),
        ("first", ctypes.c_ssize_t),
        ("dtype", ctypes.c_int),
    ]


def update(kernels, rule, weights, *numbers):
    """weights: arrays p, g, m, v (or None)."""
    table = (Weight * len(weights))(
        *(
            Weight(
                *(None if a is None else a.ctypes.data for a in w), w[0].size, 0, 12 if w[0].dtype == np.float32 else 13
            )
            for w in weights
        )
    )
    kernels.update(min(rule, RMSPROP), ctypes.addressof(table), len(weights), *numbers)


def twin(rule, p, g, m, v, lr, a, b, eps):
    if rule == SGD:
        p -= lr * g
    elif rule == ADAM:
        m += (1 - a) * (g - m)
        v += (1 - b) * (g * g - v)
        p -= lr * m / (np.sqrt(v) + eps)
    else:
        m[:] = (a * m if rule == RMSPROP else 0) + (1 - a) * g * g
        p -= lr * g / (np.sqrt(m) + eps)


@pytest.mark.parametrize("rule", [SGD, ADAM, RMSPROP, FORGETFUL])
@pytest.mark.parametrize("sizes", [[n] for n in SIZES] + [[0, 7, 0, 513, 5000, 1, 1, 40000, 0], [3] * 300])
def test_updates(kernels, rule, sizes):
    """Weights of both types in one call; what lies behind them stays; threads do not matter."""
    rng = np.random.default_rng(3)
    numbers = 0.01, 0.9, 0.999, 1e-3
    weights, twins = [], []
    for i, n in enumerate(sizes):
        dtype = DTYPES[i % 2][0]
        p, g, m = (rng.normal(size=n + 1).astype(dtype) for _ in range(3))
        m, v = abs(m), rng.uniform(size=n + 1).astype(dtype)
        weights.append([p, g, m if rule in (ADAM, RMSPROP) else None, v if rule == ADAM else None])
        twins.append([a.astype(np.float64) for a in (p, g, m, v)])
    before = [[None if a is None else a.copy() for a in w] for w in weights]
    ends = []
    for threads in (1, 2, 3):
        kernels.set_threads(threads)
        for w, b in zip(weights, before):
            for x, y in zip(w, b):
                if x is not None:
                    x[:] = y
        for _ in range(3):
            update(kernels, rule, [[None if a is None else a[:-1] for a in w] for w in weights], *numbers)
        ends.append([w[0].copy() for w in weights])
    for w, t, b in zip(weights, twins, before):
        for _ in range(3):
            twin(rule, *(a[:-1] for a in t), *numbers)
        for found, wanted, old in zip(w, t, b):
            if found is not None:
                close(found[:-1], wanted[:-1], 3)
                assert found[-1] == old[-1]
    for other in ends[1:]:
        for x, y in zip(ends[0], other):
            np.testing.assert_array_equal(x, y)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64", "aarch64", "arm64"), reason="no flush mode known")
@pytest.mark.parametrize("threads", [1, 2])
def test_subnormals_are_flushed_and_the_state_is_left_alone(kernels, threads):
    kernels.set_threads(threads)
    n = 200000
    g = np.zeros(n, np.float32)
    m, p, v = np.full(n, 1e-39, np.float32), np.ones(n, np.float32), np.ones(n, np.float32)
    update(kernels, ADAM, [[p, g, m, v]], 0.001, 0.9, 0.999, 1e-7)
    assert not m.any()
    x, stats, dx = np.zeros((4000, 50), np.float32), np.empty((4000, 3), np.float32), np.empty((4000, 50), np.float32)
    x[:, 1] = -95  # exp(-95) is subnormal
    t = np.zeros(4000, np.int32)
    kernels.loss(SPARSE_LOGITS, 12, x, t, 4, 0.0, 1.0, stats, None, 4000, 50)
    kernels.dloss(SPARSE_LOGITS, 12, x, t, 4, 0.0, stats, None, 1.0, dx, 4000, 50)
    assert not dx[:, 1].any()
    # the caller still computes with subnormals
    libm = ctypes.CDLL(None)
    libm.ldexpf.restype = ctypes.c_float
    libm.ldexpf.argtypes = [ctypes.c_float, ctypes.c_int]
    assert libm.ldexpf(1.0, -140) > 0
    assert (np.full(64, 1.2e-38, np.float32) * np.float32(0.5)).all()
