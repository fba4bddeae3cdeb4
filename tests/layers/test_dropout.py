"""Dropout: shares, seeds, gradients, masks."""

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import NDArray
from rindow_math.matrix.drivers import threads
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient import MaskedNDArray

nn = NeuralNetworks()
g = nn.gradient()
K = nn.backend


def drawn(seed, shape=(300, 301), rate=0.3, dtype=np.float32):
    nn.utils().setSeed(seed)
    return np.asarray(nn.layers.Dropout(rate).forward(g.Variable(np.ones(shape, dtype)), True))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_share_and_places(rate, dtype):
    y = drawn(1, rate=rate, dtype=dtype)
    assert y.dtype == dtype
    assert set(np.unique(y)) == {0.0, 1.0}
    kept, n = y.sum(), y.size
    assert abs(kept - n * (1 - rate)) < 5 * np.sqrt(n * rate * (1 - rate))
    # neighbours, rows and columns are independent: shares of pairs that are both kept
    for a, b in ((y[:, 1:], y[:, :-1]), (y[1:], y[:-1])):
        assert abs((a * b).mean() - (1 - rate) ** 2) < 0.01
    assert y.mean(0).std() < 3 * np.sqrt(rate * (1 - rate) / len(y))


def test_draws_repeat_by_seed_only():
    np.testing.assert_array_equal(drawn(5), drawn(5))
    assert (drawn(5) != drawn(6)).any()
    layer = nn.layers.Dropout(0.5)
    x = g.Variable(np.ones((20, 20), np.float32))
    nn.utils().setSeed(5)
    a, b = np.array(layer.forward(x, True)), np.array(layer.forward(x, True))
    assert (a != b).any()


def test_threads_do_not_matter():
    before = threads.getNumThreads()
    results = []
    try:
        for n in (1, 2, 3):
            threads.setNumThreads(n)
            results.append(drawn(7, (700, 333)))
    finally:
        threads.setNumThreads(before)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


@pytest.mark.parametrize("compiled", [False, True])
def test_the_gradient_drops_the_same(compiled):
    layer = nn.layers.Dropout(0.5)
    x = g.Variable(np.random.default_rng(0).uniform(1, 2, (40, 300)))
    dy = np.random.default_rng(1).uniform(1, 2, (40, 300))

    def weighted(x):
        y = layer.forward(x, True)
        return y, g.mul(y, dy)

    function = g.Function(weighted) if compiled else weighted
    for _ in range(3):
        with g.GradientTape() as tape:
            y, z = function(x)
        kept = np.asarray(y) != 0
        np.testing.assert_array_equal(np.asarray(y), np.where(kept, np.asarray(x), 0))
        np.testing.assert_array_equal(np.asarray(tape.gradient(z, x)), np.where(kept, dy, 0))


def test_second_derivative():
    x = g.Variable(np.random.default_rng(0).uniform(1, 2, (5, 6)))
    layer = nn.layers.Dropout(0.5)
    with g.GradientTape() as outer:
        with g.GradientTape() as tape:
            y = layer.forward(x, True)
            z = g.reduceSum(g.mul(y, g.square(y)))
        dx = tape.gradient(z, x)
    kept = np.asarray(y) != 0
    np.testing.assert_allclose(np.asarray(outer.gradient(dx, x)), np.where(kept, 6 * np.asarray(x), 0))


@pytest.mark.parametrize(("rate", "share"), [(0, 1), (-1, 1), (1, 0), (3, 0)])
def test_all_or_nothing(rate, share):
    layer = nn.layers.Dropout(rate)
    x = K.array([[1, np.inf]])
    assert layer.forward(x, True).toArray() == [[share, np.inf if share else 0]]
    assert layer.forward(K.array([[1, 2]]), False).toArray() == [[share, 2 * share]]


def test_inference_has_a_gradient():
    x = g.Variable([[1.0, 2.0]])
    with g.GradientTape() as tape:
        y = nn.layers.Dropout(0.25).forward(x, False)
    assert tape.gradient(y, x).toArray() == [[0.75, 0.75]]


def test_masks_stay():
    x = MaskedNDArray(K.ones([2, 3]), K.array([True, False], dtype=NDArray.bool))
    for training in (True, False):
        for rate in (0.0, 0.5):
            assert nn.layers.Dropout(rate).forward(x, training).value().mask().toArray() == [True, False]


def test_training_must_be_known():
    with pytest.raises(InvalidArgumentException, match="training option must be true or false"):
        nn.layers.Dropout(0.5).forward(K.ones([1, 2]))


def test_integers_are_refused():
    with pytest.raises(InvalidArgumentException, match="float32 or float64: int32"):
        nn.layers.Dropout(0.5).forward(K.ones([1, 2], NDArray.int32), True)
