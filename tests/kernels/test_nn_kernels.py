"""Fused neural-network kernels against numpy in double precision."""

import numpy as np
import pytest
from scipy import special

NONE, RELU, SIGMOID, TANH = range(4)
DTYPES = [(np.float32, 12), (np.float64, 13)]


def close(x, wanted, steps=1):
    bound = (3e-6 if x.dtype == np.float32 else 1e-14) * steps
    np.testing.assert_allclose(x, wanted, rtol=bound, atol=bound)


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
