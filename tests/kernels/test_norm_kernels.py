"""Kernels of normalisations against NumPy in double precision."""

import platform

import numpy as np
import pytest

DTYPES = [(np.float32, 12), (np.float64, 13)]
EPS = 1e-3
# (outer, n, inner): features last and before other axes; whole vectors, parts of them, several blocks of rows
SHAPES = [(1, 1, 1), (5, 3, 1), (7, 16, 1), (300, 37, 1), (1030, 64, 1), (3, 5000, 1), (9, 600, 1),
          (2, 3, 4), (5, 7, 33), (40, 6, 50), (3, 70, 1000)]  # fmt: skip


@pytest.fixture
def norm(kernels):
    return kernels.family("norm")


def data(dtype, shape, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(3, 2, shape).astype(dtype)
    dy = rng.normal(0, 1, shape).astype(dtype)
    gamma, beta = (rng.uniform(-1, 1, shape[1]).astype(dtype) for _ in range(2))
    return x, dy, gamma, beta


def check(found, wanted, size=1.0):
    bound = (1e-5 if found.dtype == np.float32 else 1e-12) * size
    np.testing.assert_allclose(found, wanted, rtol=bound, atol=bound)


def along(v):
    """A weight of each feature in the shape (1, n, 1)."""
    return 1.0 if v is None else v.astype(np.float64)[None, :, None]


def twin(x, gamma, beta, dy, axes, moments=None):
    """Outputs and gradients (x, gamma, beta) by the definition, with the moments over some axes or given ones."""
    x, dy = x.astype(np.float64), dy.astype(np.float64)
    if moments is None:
        mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    else:
        mean, variance = (m.astype(np.float64)[None, :, None] for m in moments)
    rstd = 1 / np.sqrt(variance + EPS)
    z = (x - mean) * rstd
    y = z * along(gamma) + (0 if beta is None else along(beta))
    g = dy * along(gamma)
    if moments is None:
        dx = rstd * (g - g.mean(axes, keepdims=True) - z * (g * z).mean(axes, keepdims=True))
    else:
        dx = rstd * g
    return y, dx, (dy * z).sum((0, 2)), dy.sum((0, 2)), mean, variance


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("weights", ["both", "gamma", "beta", "none"])
def test_layer_norm(norm, dtype, code, shape, weights):
    x, dy, gamma, beta = data(dtype, shape)
    gamma = gamma if weights in ("both", "gamma") else None
    beta = beta if weights in ("both", "beta") else None
    y_, dx_, dgamma_, dbeta_, mean, variance = twin(x, gamma, beta, dy, 1)
    outer, n, inner = shape
    results = []
    for threads in (1, 2, 3):
        norm.set_threads(threads)
        y, dx = np.full((2, *shape), np.nan, dtype)
        stats = np.full((2, outer, inner), np.nan, dtype)
        dgamma, dbeta = np.full((2, n), np.nan, dtype)
        norm.layer_norm(code, *shape, x, gamma, beta, EPS, y, stats)
        assert norm.layer_norm_gradient(code, *shape, x, gamma, stats, dy, dx, dgamma, dbeta) == 1
        results.append([y, dx, dgamma, dbeta])
    check(y, y_)
    check(stats[0], mean[:, 0])
    check(stats[1], 1 / np.sqrt(variance[:, 0] + EPS), 30 if n == 1 else 1)
    check(dx, dx_, 30)
    check(dgamma, dgamma_, 20 * np.sqrt(outer * inner))
    check(dbeta, dbeta_, np.sqrt(outer * inner))
    for other in results[1:]:
        for a, b in zip(results[0], other):
            np.testing.assert_array_equal(a, b)
    only = np.full(shape, np.nan, dtype)
    norm.layer_norm_gradient(code, *shape, x, gamma, stats, dy, only, None, None)
    np.testing.assert_array_equal(only, dx)
    only = np.full(n, np.nan, dtype)
    norm.layer_norm_gradient(code, *shape, x, gamma, stats, dy, None, None, only)
    np.testing.assert_array_equal(only, dbeta)


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("training", [0, 1])
@pytest.mark.parametrize("weights", ["both", "none"])
def test_batch_norm(norm, dtype, code, shape, training, weights):
    x, dy, gamma, beta = data(dtype, shape)
    gamma, beta = (gamma, beta) if weights == "both" else (None, None)
    outer, n, inner = shape
    rng = np.random.default_rng(2)
    moving = rng.normal(size=n).astype(dtype), rng.uniform(0.5, 2, n).astype(dtype)
    y_, dx_, dgamma_, dbeta_, mean, variance = twin(x, gamma, beta, dy, (0, 2), None if training else moving)
    results = []
    for threads in (1, 2, 3):
        norm.set_threads(threads)
        y, dx = np.full((2, *shape), np.nan, dtype)
        stats = np.full((4, n), np.nan, dtype)
        dgamma, dbeta = np.full((2, n), np.nan, dtype)
        moved = [m.copy() for m in moving]
        assert norm.batch_norm(code, *shape, x, gamma, beta, EPS, 0.9, training, *moved, 0, y, stats) == 1
        assert norm.batch_norm_gradient(code, *shape, training, x, gamma, stats, dy, 0, dx, dgamma, dbeta) == 1
        results.append([y, dx, dgamma, dbeta, *moved])
    check(y, y_, 2)
    check(stats[0], mean[0, :, 0])
    check(stats[1], 1 / np.sqrt(variance[0, :, 0] + EPS), 30 if outer * inner == 1 else 1)
    check(dx, dx_, 100)
    check(dgamma, dgamma_, 20 * np.sqrt(outer * inner))
    check(dbeta, dbeta_, np.sqrt(outer * inner))
    check(moved[0], moving[0] * 0.9 + mean[0, :, 0] * 0.1 if training else moving[0])
    check(moved[1], moving[1] * 0.9 + variance[0, :, 0] * 0.1 if training else moving[1])
    for other in results[1:]:
        for a, b in zip(results[0], other):
            np.testing.assert_array_equal(a, b)
    only = np.full(shape, np.nan, dtype)
    norm.batch_norm_gradient(code, *shape, training, x, gamma, stats, dy, 0, only, None, None)
    np.testing.assert_array_equal(only, dx)
    only = np.full(n, np.nan, dtype)
    norm.batch_norm_gradient(code, *shape, training, x, gamma, stats, dy, 0, None, only, None)
    np.testing.assert_array_equal(only, dgamma)


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_with_relu(norm, dtype, code, shape):
    """The same bits as the normalisation, relu, and their gradients one after the other."""
    x, dy, gamma, beta = data(dtype, shape)
    x[shape[0] // 2, shape[1] // 2, 0] = np.nan
    _, n, _ = shape
    gamma[n // 3] = beta[n // 3] = 0  # of either sign
    alone, joined, dx, dx_joined = np.full((4, *shape), np.nan, dtype)
    stats, more = np.full((2, 4, n), np.nan, dtype)
    moved, moved_joined = np.ones((2, 2, n), dtype)
    sums, sums_joined = np.full((2, 2, n), np.nan, dtype)
    args = code, *shape, x, gamma, beta, EPS, 0.9
    for training in (0, 1):
        norm.batch_norm(*args, training, *moved, 0, alone, stats)
        norm.batch_norm(*args, training, *moved_joined, 1, joined, more)
        wanted = np.where((alone > 0) | np.isnan(alone), alone, dtype(0))
        assert joined.tobytes() == wanted.tobytes()
        np.testing.assert_array_equal(stats, more)
        np.testing.assert_array_equal(moved, moved_joined)
    norm.batch_norm_gradient(code, *shape, 1, x, gamma, stats, np.where(alone > 0, dy, dtype(0)), 0, dx, *sums)
    norm.batch_norm_gradient(code, *shape, 1, x, gamma, stats, dy, 1, dx_joined, *sums_joined)
    np.testing.assert_array_equal(dx_joined, dx)
    np.testing.assert_array_equal(sums_joined, sums)


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("shape", [(4000, 5, 1), (20, 5, 200)])
def test_first_elements_may_be_far_from_the_others(norm, dtype, code, shape):
    rng = np.random.default_rng(6)
    x = rng.normal(0, 0.1, shape).astype(dtype)
    x[0, :, 0] = 50
    wide = x.astype(np.float64)
    moving, stats = np.zeros((2, 5), dtype), np.empty((4, 5), dtype)
    norm.batch_norm(code, *shape, x, None, None, EPS, 0.0, 1, moving[0], moving[1], 0, np.empty_like(x), stats)
    np.testing.assert_allclose(moving[1], wide.var((0, 2)), rtol=1e-5 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("far", [1e4, -3e5])
def test_numbers_far_from_zero(norm, dtype, code, far):
    """The variance is not lost in the square of the mean."""
    rng = np.random.default_rng(3)
    for shape in ((500, 200, 1), (20, 200, 30)):
        x = (far + rng.normal(0, 10, shape)).astype(dtype)
        wide = x.astype(np.float64)
        y = np.empty_like(x)
        step = np.abs(np.spacing(np.asarray(far, dtype))) / 10
        norm.layer_norm(code, *shape, x, None, None, EPS, y, np.empty(2 * x.size // 200, dtype))
        wanted = (wide - wide.mean(1, keepdims=True)) / np.sqrt(wide.var(1, keepdims=True) + EPS)
        np.testing.assert_allclose(y, wanted, rtol=1e-5, atol=step + 1e-5)
        stats, moving = np.empty((4, 200), dtype), np.zeros((2, 200), dtype)
        norm.batch_norm(code, *shape, x, None, None, EPS, 0.0, 1, moving[0], moving[1], 0, y, stats)
        wanted = (wide - wide.mean((0, 2), keepdims=True)) / np.sqrt(wide.var((0, 2), keepdims=True) + EPS)
        np.testing.assert_allclose(y, wanted, rtol=1e-5, atol=step + 1e-5)
        np.testing.assert_allclose(moving[1], wide.var((0, 2)), rtol=1e-6)


@pytest.mark.parametrize("size", [1e15, 3e18, 1e20, 1e30])
@pytest.mark.parametrize("shape", [(500, 20, 1), (20, 20, 30), (7, 3, 5)])
def test_numbers_whose_squares_overflow(norm, shape, size):
    outer, n, inner = shape
    rng = np.random.default_rng(9)
    x, dy = (rng.normal(size=shape) * size).astype(np.float32), rng.normal(size=shape).astype(np.float32)
    x[:, 1] /= np.float32(size)
    gamma, beta = rng.uniform(-1, 1, (2, n)).astype(np.float32)
    y, dx = np.empty((2, *shape), np.float32)
    dgamma, dbeta = np.empty((2, n), np.float32)
    for axes in (1, (0, 2)):
        y_, dx_, dgamma_, dbeta_, _, _ = twin(x, gamma, beta, dy, axes)
        if axes == 1:
            stats = np.empty((2, outer, inner), np.float32)
            norm.layer_norm(12, *shape, x, gamma, beta, EPS, y, stats)
            norm.layer_norm_gradient(12, *shape, x, gamma, stats, dy, dx, dgamma, dbeta)
        else:
            stats, moving = np.empty((4, n), np.float32), np.zeros((2, n), np.float32)
            norm.batch_norm(12, *shape, x, gamma, beta, EPS, 0.9, 1, *moving, 0, y, stats)
            norm.batch_norm_gradient(12, *shape, 1, x, gamma, stats, dy, 0, dx, dgamma, dbeta)
        np.testing.assert_allclose(y, y_, rtol=1e-4, atol=1e-4)
        largest = np.abs(dx_).max(axes, keepdims=True)
        np.testing.assert_allclose(dx / largest, dx_ / largest, atol=1e-3)
        np.testing.assert_allclose(dgamma, dgamma_, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(dbeta, dbeta_, rtol=1e-3, atol=1e-3)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64", "aarch64", "arm64"), reason="no flush mode known")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", [(3000, 64, 1), (50, 64, 60)])
def test_subnormals_are_flushed_and_the_state_is_left_alone(norm, shape, threads):
    norm.set_threads(threads)
    outer, n, inner = shape
    x, dy = np.random.default_rng(4).normal(size=shape).astype(np.float32), np.full(shape, 1e-39, np.float32)
    y, dx, dgamma, dbeta = np.empty_like(x), np.empty_like(x), np.empty(n, np.float32), np.empty(n, np.float32)
    gamma, stats = np.full(n, 1e-39, np.float32), np.empty((2, outer, inner), np.float32)
    norm.layer_norm(12, *shape, x, gamma, None, EPS, y, stats)
    norm.layer_norm_gradient(12, *shape, x, None, stats, dy, dx, dgamma, dbeta)
    assert not any(a.any() for a in (y, dx, dgamma, dbeta))
    stats, moving = np.empty((4, n), np.float32), np.full((2, n), 1e-39, np.float32)
    norm.batch_norm(12, *shape, x, gamma, None, EPS, 1.0, 1, *moving, 0, y, stats)
    norm.batch_norm_gradient(12, *shape, 1, x, None, stats, dy, 0, dx, dgamma, dbeta)
    assert not any(a.any() for a in (y, dx, dgamma, dbeta, moving))
    assert (np.full(64, 1.2e-38, np.float32) * np.float32(0.5)).all()  # the caller still computes with subnormals


@pytest.mark.parametrize("dtype, code", DTYPES)
def test_special_values_stay_in_their_group(norm, dtype, code):
    for value in (np.nan, np.inf):
        x = np.ones((6, 20, 1), dtype) * np.arange(20, dtype=dtype)[None, :, None]
        x[2, 19] = value
        y, stats = np.empty_like(x), np.empty((2, 6), dtype)
        norm.layer_norm(code, 6, 20, 1, x, None, None, EPS, y, stats)
        assert np.isnan(y[2]).all() and np.isfinite(np.delete(y, 2, 0)).all()
        stats, moving = np.empty((4, 20), dtype), np.zeros((2, 20), dtype)
        norm.batch_norm(code, 6, 20, 1, x, None, None, EPS, 0.9, 1, moving[0], moving[1], 0, y, stats)
        assert np.isnan(y[:, 19]).all() and np.isfinite(y[:, :19]).all()


@pytest.mark.parametrize("dtype, code", DTYPES)
def test_equal_values_give_beta(norm, dtype, code):
    x, y = np.full((4, 3, 1), 6.1, dtype), np.empty((4, 3, 1), dtype)
    beta = np.array([0, 1, 2], dtype)
    norm.layer_norm(code, 4, 3, 1, x, None, beta, EPS, y, np.empty((2, 4), dtype))
    check(y[:, :, 0], np.tile(beta, (4, 1)))
    stats, moving = np.empty((4, 3), dtype), np.zeros((2, 3), dtype)
    norm.batch_norm(code, 4, 3, 1, x, None, beta, EPS, 0.9, 1, moving[0], moving[1], 0, y, stats)
    np.testing.assert_array_equal(y[:, :, 0], np.tile(beta, (4, 1)))


@pytest.mark.parametrize("dtype, code", DTYPES)
def test_nothing_to_do(norm, dtype, code):
    nothing, stats, ones = np.empty((0, 3, 1), dtype), np.ones((4, 3), dtype), np.ones((2, 3), dtype)
    norm.layer_norm(code, 0, 3, 1, nothing, None, None, EPS, nothing, stats)
    assert norm.batch_norm(code, 0, 3, 1, nothing, None, None, EPS, 0.9, 1, ones[0], ones[1], 0, nothing, stats) == 1
    assert ones.all()
    for gradient in (
        norm.layer_norm_gradient,
        lambda c, *a: norm.batch_norm_gradient(c, *a[:3], 1, *a[3:7], 0, *a[7:]),
    ):
        sums = np.ones((2, 3), dtype)
        assert gradient(code, 0, 3, 1, nothing, None, stats, nothing, nothing, sums[0], sums[1]) == 1
        assert not sums.any()
