"""SparseCategoricalCrossEntropy: values and gradients against numpy, extreme logits, wrong labels."""

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.losses import AbstractLoss

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend


def log_softmax(x):
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def draw(shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) * 3, rng.integers(0, shape[-1], shape[:-1])


def pick(a, labels):
    return np.take_along_axis(a, labels[..., None], -1)[..., 0]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("from_logits", [True, False])
def test_labels_of_every_integer_type(from_logits, dtype):
    logits, labels = draw((6, 4))
    loss = nn.losses.SparseCategoricalCrossEntropy(from_logits=from_logits)
    given = logits if from_logits else np.exp(log_softmax(logits))
    found = float(loss(mo.array(labels, dtype), g.Variable(given)))
    assert found == pytest.approx(-pick(log_softmax(logits), labels).mean(), rel=1e-5)


@pytest.mark.parametrize("reduction", ["sum", "none"])
@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("shape", [(5, 3), (1, 2), (2, 4, 3), (7, 1)])
def test_gradients(shape, from_logits, reduction):
    logits, labels = draw(shape, seed=1)
    given = logits if from_logits else np.exp(log_softmax(logits)) + 0.05
    if not from_logits and shape[-1] == 1:
        given = given * 0.5
    loss = nn.losses.SparseCategoricalCrossEntropy(from_logits=from_logits, reduction=reduction)
    trues = mo.array(labels, NDArray.int32)
    weights = np.random.default_rng(2).uniform(0.5, 1.5, labels.shape if reduction == "none" else ())

    def value(array):
        return g.reduceSum(g.mul(loss(trues, g.Variable(array)), weights))

    v = g.Variable(given)
    with g.GradientTape() as tape:
        rows = loss(trues, v)
        total = g.reduceSum(g.mul(rows, weights))
    assert rows.shape() == (list(labels.shape) if reduction == "none" else [])
    found = np.asarray(tape.gradient(total, v))
    assert found.shape == shape
    for at in np.ndindex(shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = given.copy()
            moved[at] += step
            ends.append(float(value(moved)))
        assert found[at] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4, abs=1e-7)


def test_rows_and_mean():
    logits, labels = draw((8, 5))
    trues = mo.array(labels, NDArray.int32)
    rows = nn.losses.SparseCategoricalCrossEntropy(from_logits=True, reduction="none")(trues, g.Variable(logits))
    np.testing.assert_allclose(np.asarray(rows), -pick(log_softmax(logits), labels), rtol=1e-10)
    mean = nn.losses.SparseCategoricalCrossEntropy(from_logits=True)(trues, g.Variable(logits))
    assert float(mean) == pytest.approx(np.asarray(rows).mean())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_logits_stay_finite(dtype):
    logits = np.array([[1e4, -1e4], [1e4, -1e4], [-1e4, -1e4], [1e4, 1e4], [0, 1e4]], dtype)
    labels = np.array([0, 1, 0, 1, 1])
    v = g.Variable(logits)
    with g.GradientTape() as tape:
        rows = nn.losses.SparseCategoricalCrossEntropy(from_logits=True, reduction="none")(labels, v)
    np.testing.assert_allclose(np.asarray(rows), [0, 2e4, np.log(2), np.log(2), 0], rtol=1e-6, atol=1e-30)
    grad = np.asarray(tape.gradient(rows, v))
    np.testing.assert_allclose(grad, [[0, 0], [1, -1], [-0.5, 0.5], [0.5, -0.5], [0, 0]], atol=1e-7)


def test_impossible_probabilities_stay_finite():
    v = g.Variable([[1.0, 0.0], [0.0, 1.0]])
    with g.GradientTape() as tape:
        value = nn.losses.SparseCategoricalCrossEntropy()(mo.array([1, 1], NDArray.int32), v)
    assert np.isfinite(float(value))
    assert np.isfinite(np.asarray(tape.gradient(value, v))).all()


@pytest.mark.parametrize("from_logits", [True, False])
class TestWrongInput:
    def call(self, from_logits, trues, predicts):
        return nn.losses.SparseCategoricalCrossEntropy(from_logits=from_logits)(trues, g.Variable(predicts))

    @pytest.mark.parametrize("label", [2, 100, -1, -(2**31)])
    def test_labels_out_of_range(self, from_logits, label):
        with pytest.raises(InvalidArgumentException, match=rf"0 to 1: {label} was given at row 2"):
            self.call(from_logits, mo.array([0, 1, label], NDArray.int32), np.full((3, 2), 0.5))

    @pytest.mark.parametrize("dtype", [NDArray.float32, NDArray.float64, NDArray.bool])
    def test_labels_that_are_no_integers(self, from_logits, dtype):
        with pytest.raises(InvalidArgumentException, match=f"trues must be integers. {mo.dtypeToString(dtype)} was"):
            self.call(from_logits, mo.array([0, 1], dtype), np.full((2, 2), 0.5))

    @pytest.mark.parametrize("dtype", [np.int32, np.float16])
    def test_predictions_of_a_wrong_type(self, from_logits, dtype):
        with pytest.raises(InvalidArgumentException, match=np.dtype(dtype).name):
            self.call(from_logits, mo.array([0, 1], NDArray.int32), np.ones((2, 2), dtype))

    @pytest.mark.parametrize(("trues", "predicts"), [((3,), (2, 2)), ((2, 1), (2, 2)), ((), (2, 2)), ((2,), (2,))])
    def test_shapes(self, from_logits, trues, predicts):
        with pytest.raises(InvalidArgumentException, match="same batch-shape"):
            self.call(from_logits, mo.zeros(trues, NDArray.int32), np.full(predicts, 0.5))

    def test_a_gradient_of_a_wrong_shape(self, from_logits):
        from rindow_nn.gradient.core import AbstractFunction

        class Wrong(AbstractFunction):
            def call(self, inputs):
                return [K.copy(inputs[0])]

            def differentiate(self, dOutputs):
                return [K.ones([1])]

        loss = nn.losses.SparseCategoricalCrossEntropy(from_logits=from_logits, reduction="none")
        v = g.Variable(np.full((100_000, 2), 0.5))
        with g.GradientTape() as tape:
            y = Wrong(K)(loss(mo.zeros([100_000], NDArray.int32), v))
        with pytest.raises(InvalidArgumentException, match=r"\(1\).*\(100000\)"):
            tape.gradient(y, v)


def test_options():
    assert nn.losses.SparseCategoricalCrossEntropy().accuracyMetric() == "sparse_categorical_accuracy"
    with pytest.raises(InvalidArgumentException, match="reduction must be 'sum' or 'none'. Received: 'mean'"):
        nn.losses.SparseCategoricalCrossEntropy(reduction="mean")
    loss = nn.losses.SparseCategoricalCrossEntropy()
    assert not loss.fromLogits()
    loss.setFromLogits(True)
    assert loss.fromLogits()
    labels = mo.array([1], NDArray.int32)
    assert float(loss(labels, g.Variable([[0.0, 0.0]]))) == pytest.approx(np.log(2))


def test_an_instance_called_twice_in_one_tape():
    for from_logits in (True, False):
        loss = nn.losses.SparseCategoricalCrossEntropy(from_logits=from_logits)
        a, b = g.Variable([[0.25, 0.75]]), g.Variable([[0.5, 0.5]])
        with g.GradientTape() as tape:
            total = g.add(loss(mo.array([0], NDArray.int32), a), loss(mo.array([1], NDArray.int32), b))
        da, db = tape.gradient(total, [a, b])
        assert da.toArray()[0][0] < 0
        assert db.toArray()[0][1] < 0
        if not from_logits:
            assert (da.toArray()[0][1], db.toArray()[0][0]) == (0, 0)


def test_a_loss_of_the_users():
    class Squares(AbstractLoss):
        def call(self, trues, predicts):
            self.container().d = d = K.sub(predicts, trues)
            return K.sum(K.square(d))

        def differentiate(self, dOutputs, grads=None, oidsToCollect=None):
            return [K.mul(dOutputs[0], K.scale(2, self.container().d))]

        def accuracyMetric(self):
            return "mean_squared_error"

    loss = Squares(K)
    x, y = g.Variable([1.0, 2.0]), g.Variable([5.0, 5.0])
    trues = mo.array([0, 0])
    with g.GradientTape() as tape:
        total = g.add(loss(trues, x), loss(trues, y))
    assert total.toArray() == 55
    assert [d.toArray() for d in tape.gradient(total, [x, y])] == [[2, 4], [10, 10]]
