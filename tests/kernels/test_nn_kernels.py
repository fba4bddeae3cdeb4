"""Fused neural-network kernels against numpy in double precision."""

import ctypes
import platform

import numpy as np
import pytest
from scipy import special

NONE, RELU, SIGMOID, TANH = range(4)
DTYPES = [(np.float32, 12), (np.float64, 13)]
LABELS = {np.int8: 2, np.int16: 3, np.int32: 4, np.int64: 5, np.uint8: 6, np.uint16: 7, np.uint32: 8, np.uint64: 9}
SIZES = [1, 5, 16, 33, 1000, 4096, 4097, 70001]


def close(x, wanted, steps=1):
    bound = (3e-6 if x.dtype == np.float32 else 1e-14) * steps
    np.testing.assert_allclose(x, wanted, rtol=bound, atol=bound)


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("rows, n", [(1, 1), (1, 10), (7, 3), (256, 10), (33, 17), (20, 1000), (2500, 12)])
def test_sparse_cross_entropy(kernels, dtype, code, rows, n):
    rng = np.random.default_rng(1)
    x = (rng.normal(size=(rows, n)) * 10).astype(dtype)
    for label_type, label_code in LABELS.items():
        labels = rng.integers(0, min(n, 127), rows).astype(label_type)
        probs, losses = np.full((rows, n), np.nan, dtype), np.full(rows, np.nan, dtype)
        mean = kernels.sparse_xent_logits(code, x, labels, label_code, probs, losses, rows, n)
        wide = x.astype(np.float64)
        wanted = special.logsumexp(wide, axis=1) - wide[np.arange(rows), labels.astype(int)]
        close(losses, wanted, 10)
        close(probs, special.softmax(wide, axis=1))
        assert mean == pytest.approx(wanted.mean(), rel=1e-5 if code == 12 else 1e-12, abs=1e-6)
        assert kernels.sparse_xent_logits(code, x, labels, label_code, None, None, rows, n) == mean


@pytest.mark.parametrize("dtype, code", DTYPES)
def test_cross_entropy_of_large_logits(kernels, dtype, code):
    x = np.array([[1e4, 0, -1e4], [-3e4, -3e4, -3e4], [0, -np.inf, 0]], dtype)
    labels = np.array([1, 0, 2], np.int32)
    probs, losses = np.empty((3, 3), dtype), np.empty(3, dtype)
    kernels.sparse_xent_logits(code, x, labels, 4, probs, losses, 3, 3)
    close(losses, [1e4, np.log(3), np.log(2)])
    close(probs, [[1, 0, 0], [1 / 3] * 3, [0.5, 0, 0.5]])


@pytest.mark.parametrize("dtype, code", DTYPES)
def test_cross_entropy_of_nan_is_nan(kernels, dtype, code):
    x = np.zeros((2, 20), dtype)
    x[1, 18] = np.nan
    losses = np.empty(2, dtype)
    mean = kernels.sparse_xent_logits(code, x, np.zeros(2, np.int32), 4, None, losses, 2, 20)
    assert np.isnan(mean)
    close(losses[:1], [np.log(20)])
    assert np.isnan(losses[1])


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("rows, n", [(1, 1), (7, 3), (256, 10), (9, 33), (400, 120)])
def test_gradient_of_sparse_cross_entropy(kernels, dtype, code, rows, n):
    rng = np.random.default_rng(2)
    probs = special.softmax(rng.normal(size=(rows, n)), axis=1).astype(dtype)
    labels = rng.integers(0, n, rows).astype(np.int32)
    scales = rng.normal(size=rows).astype(dtype)
    wanted = probs.astype(np.float64)
    wanted[np.arange(rows), labels] -= 1
    dx = np.empty_like(probs)
    kernels.dsparse_xent_logits(code, probs, labels, 4, None, 1 / rows, dx, rows, n)
    close(dx, wanted / rows)
    kernels.dsparse_xent_logits(code, probs, labels, 4, scales, 1 / rows, dx, rows, n)
    close(dx, wanted * scales[:, None])
    kernels.dsparse_xent_logits(code, probs, labels, 4, None, 1.0, probs, rows, n)
    close(probs, wanted)


def state(rng, dtype, n, count):
    arrays = [rng.normal(size=n).astype(dtype) for _ in range(count)]
    return arrays, [a.astype(np.float64) for a in arrays]


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_adam(kernels, dtype, code, n):
    rng = np.random.default_rng(3)
    (p, g, m), (p0, g0, m0) = state(rng, dtype, n, 3)
    v = rng.uniform(0, 1, n).astype(dtype)
    v0 = v.astype(np.float64)
    lr, beta1, beta2, eps = 0.01, 0.9, 0.999, 1e-3
    for _ in range(3):
        kernels.adam(code, p, g, m, v, n, lr, beta1, beta2, eps)
        m0 += (1 - beta1) * (g0 - m0)
        v0 += (1 - beta2) * (g0 * g0 - v0)
        p0 -= lr * m0 / (np.sqrt(v0) + eps)
    close(m, m0)
    close(v, v0)
    close(p, p0, 3)


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("momentum, nesterov", [(None, 0), (0.9, 0), (0.9, 1)])
def test_sgd(kernels, dtype, code, n, momentum, nesterov):
    rng = np.random.default_rng(4)
    (p, g, v), (p0, g0, v0) = state(rng, dtype, n, 3)
    for _ in range(2):
        kernels.sgd(code, p, g, None if momentum is None else v, n, 0.1, momentum or 0, nesterov)
        if momentum is None:
            p0 -= 0.1 * g0
        else:
            v0 = momentum * v0 - 0.1 * g0
            p0 += momentum * v0 - 0.1 * g0 if nesterov else v0
    close(p, p0)
    close(v, v0)


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("momentum", [None, 0.8])
@pytest.mark.parametrize("centered", [False, True])
def test_rmsprop(kernels, dtype, code, n, momentum, centered):
    rng = np.random.default_rng(5)
    (p, g, v), (p0, g0, v0) = state(rng, dtype, n, 3)
    rms, avg = rng.uniform(1, 2, n).astype(dtype), rng.uniform(-0.5, 0.5, n).astype(dtype)
    rms0, avg0 = rms.astype(np.float64), avg.astype(np.float64)
    lr, rho, eps = 0.01, 0.9, 1e-3
    args = (None if momentum is None else v), (avg if centered else None), n, lr, rho, momentum or 0, eps
    for _ in range(2):
        kernels.rmsprop(code, p, g, rms, *args)
        rms0 = rho * rms0 + (1 - rho) * g0 * g0
        spread = rms0
        if centered:
            avg0 = rho * avg0 + (1 - rho) * g0
            spread = rms0 - avg0 * avg0
        step = lr * g0 / (np.sqrt(spread) + eps)
        if momentum is not None:
            v0 = step = step + momentum * v0
        p0 -= step
    close(rms, rms0)
    close(p, p0, 3)
    close(avg, avg0)
    close(v, v0, 3)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64", "aarch64", "arm64"), reason="no flush mode known")
@pytest.mark.parametrize("threads", [1, 2])
def test_optimizers_flush_subnormals_and_leave_the_state_alone(kernels, threads):
    kernels.set_threads(threads)
    n = 200000
    g = np.zeros(n, np.float32)
    m, p, v = np.full(n, 1e-39, np.float32), np.ones(n, np.float32), np.ones(n, np.float32)
    kernels.adam(12, p, g, m, v, n, 0.001, 0.9, 0.999, 1e-7)
    assert not m.any()
    # the caller still computes with subnormals
    libm = ctypes.CDLL(None)
    libm.ldexpf.restype = ctypes.c_float
    libm.ldexpf.argtypes = [ctypes.c_float, ctypes.c_int]
    assert libm.ldexpf(1.0, -140) > 0
    assert (np.full(64, 1.2e-38, np.float32) * np.float32(0.5)).all()


def activation(x, epilogue):
    return [x, np.maximum(x, 0), special.expit(x), np.tanh(x)][epilogue]


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("epilogue", [NONE, RELU, SIGMOID, TANH])
@pytest.mark.parametrize("rows, n", [(1, 1), (3, 10), (40, 16), (50, 33), (300, 128), (1000, 77)])
def test_bias_act_and_its_gradient(kernels, dtype, code, epilogue, rows, n):
    rng = np.random.default_rng(6)
    x, dy = (rng.normal(size=(rows, n)).astype(dtype) for _ in range(2))
    bias = rng.normal(size=n).astype(dtype)
    y = np.full((rows, n), np.nan, dtype)
    kernels.bias_act(code, x, bias, y, rows, n, epilogue)
    close(y, activation(x.astype(np.float64) + bias, epilogue))
    in_place = x.copy()
    kernels.bias_act(code, in_place, bias, in_place, rows, n, epilogue)
    np.testing.assert_array_equal(in_place, y)

    wide = y.astype(np.float64)
    wanted = dy * [np.ones_like(wide), wide > 0, wide * (1 - wide), 1 - wide * wide][epilogue]
    results = []
    for threads in (1, 2, 3, 4):
        kernels.set_threads(threads)
        dz, dbias = np.full((rows, n), np.nan, dtype), np.full(n, np.nan, dtype)
        kernels.dbias_act(code, y, dy, dz, dbias, rows, n, epilogue)
        close(dz, wanted)
        close(dbias, wanted.sum(axis=0), np.sqrt(rows) * 4)
        results.append(dbias)
    for dbias in results[1:]:
        np.testing.assert_array_equal(dbias, results[0])
    kernels.dbias_act(code, y, dy, dy, None, rows, n, epilogue)
    close(dy, wanted)


def test_no_rows(kernels):
    nothing, dbias = np.empty((0, 5), np.float32), np.ones(5, np.float32)
    kernels.dbias_act(12, nothing, nothing, nothing, dbias, 0, 5, RELU)
    assert not dbias.any()
    assert kernels.sparse_xent_logits(12, nothing, np.empty(0, np.int32), 4, None, None, 0, 5) == 0
