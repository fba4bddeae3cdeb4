"""One battery over all losses: values, gradients, types, shapes, compilation, wrong labels."""

import copy
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy import special

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.losses import AbstractLoss, Loss

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend
EPSILON = 1e-7

# ---- twins: the losses of elements or rows, in float64 by their definitions


def squares(t, p):
    return (t - p) ** 2


def huber(delta):
    return lambda t, p: np.where(abs(t - p) <= delta, (t - p) ** 2 / 2, delta * (abs(t - p) - delta / 2))


def binary(t, p):
    p = np.clip(p, EPSILON, 1 - EPSILON)
    return -t * np.log(p) - (1 - t) * np.log(1 - p)


def binary_logits(t, x):
    return np.logaddexp(0, x) - t * x


def classes(t, p):
    return -(t * np.log(p + EPSILON)).sum(-1)


def classes_logits(t, x):
    return -(t * special.log_softmax(x, -1)).sum(-1)


def of_numbers(twin):
    return lambda t, p: twin(np.eye(p.shape[-1])[t], p)


# ---- data: labels and predictions of a shape


def numbers(rng, shape):
    return rng.normal(size=shape), rng.normal(size=shape) * 2


def answers(rng, shape):
    return rng.uniform(size=shape), rng.uniform(0.05, 0.95, shape)


def answers_logits(rng, shape):
    return rng.uniform(size=shape), rng.normal(size=shape) * 4


def weights(rng, shape):
    return rng.uniform(size=shape), special.softmax(rng.normal(size=shape), -1)


def weights_logits(rng, shape):
    return rng.uniform(size=shape), rng.normal(size=shape) * 3


def sparse(rng, shape):
    return rng.integers(0, shape[-1], shape[:-1]).astype(np.int32), special.softmax(rng.normal(size=shape), -1)


def sparse_logits(rng, shape):
    return rng.integers(0, shape[-1], shape[:-1]).astype(np.int32), rng.normal(size=shape) * 3


@dataclass
class Case:
    name: str
    twin: object
    data: object
    options: dict = field(default_factory=dict)
    rows: str = "mean"  # what ``none`` does with the losses of a row's elements; "": the twin's are of rows

    def __str__(self):
        return f"{self.name}{self.options or ''}"


LOGITS = {"from_logits": True}
CASES = [
    Case("MeanSquaredError", squares, numbers),
    Case("Huber", huber(1.0), numbers),
    Case("Huber", huber(0.3), numbers, {"delta": 0.3}),
    Case("BinaryCrossEntropy", binary, answers, rows="sum"),
    Case("BinaryCrossEntropy", binary_logits, answers_logits, LOGITS, rows="sum"),
    Case("CategoricalCrossEntropy", classes, weights, rows=""),
    Case("CategoricalCrossEntropy", classes_logits, weights_logits, LOGITS, rows=""),
    Case("SparseCategoricalCrossEntropy", of_numbers(classes), sparse, rows=""),
    Case("SparseCategoricalCrossEntropy", of_numbers(classes_logits), sparse_logits, LOGITS, rows=""),
]
SHAPES = [(1, 1), (5, 3), (3, 17), (2, 4, 3), (2, 1, 2, 5), (40, 33)]


def make(case, **more):
    return getattr(nn.losses, case.name)(**case.options, **more)


def draw(case, shape, dtype=np.float64, seed=0):
    trues, predicts = case.data(np.random.default_rng(seed), shape)
    return trues if trues.dtype == np.int32 else trues.astype(dtype), predicts.astype(dtype)


def expected(case, trues, predicts, reduction):
    losses = case.twin(trues if trues.dtype == np.int32 else trues.astype(np.float64), predicts.astype(np.float64))
    if reduction == "sum":
        return losses.mean()
    return getattr(losses, case.rows)(axis=-1) if case.rows else losses


@pytest.fixture(params=CASES, ids=str)
def case(request):
    return request.param


@pytest.mark.parametrize("reduction", ["sum", "none"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values(case, shape, dtype, reduction):
    trues, predicts = draw(case, shape, dtype)
    found = make(case, reduction=reduction)(mo.array(trues), g.Variable(mo.array(predicts)))
    wanted = expected(case, trues, predicts, reduction)
    assert found.shape() == list(np.shape(wanted))
    assert np.asarray(found).dtype == dtype
    bound = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=bound, atol=bound)


def slope(function, array, step=1e-5):
    """Central differences of a number."""
    result = np.empty(array.shape)
    for at in np.ndindex(array.shape):
        ends = []
        for sign in (1, -1):
            moved = array.copy()
            moved[at] += sign * step
            ends.append(function(moved))
        result[at] = (ends[0] - ends[1]) / (2 * step)
    return result


@pytest.mark.parametrize("reduction", ["sum", "none"])
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (2, 3, 5), (2, 19)], ids=str)
def test_gradients(case, shape, reduction):
    """Against central differences, call by call and compiled, bit for bit the same."""
    trues, predicts = draw(case, shape, seed=1)
    loss = make(case, reduction=reduction)
    labels = mo.array(trues)
    upstream = np.random.default_rng(2).uniform(0.5, 1.5, np.shape(expected(case, trues, predicts, reduction)))

    def value(x):
        return g.mul(loss(labels, x), upstream)

    found = []
    for function in (value, g.Function(value)):
        for _ in range(2):  # a compiled function runs its plan from the second call on
            v = g.Variable(mo.array(predicts))
            with g.GradientTape() as tape:
                y = function(v)
            found.append((np.asarray(y).copy(), np.asarray(tape.gradient(y, v)).copy()))
    for y, gradient in found[1:]:
        np.testing.assert_array_equal(y, found[0][0])
        np.testing.assert_array_equal(gradient, found[0][1])
    wanted = slope(lambda p: (expected(case, trues, p, reduction) * upstream).sum(), predicts)
    np.testing.assert_allclose(found[0][1], wanted, rtol=1e-5, atol=1e-8)


def test_gradients_of_float32_and_large_arrays(case):
    trues, predicts = draw(case, (300, 77), np.float32)
    wide = draw(case, (300, 77))
    gradients = []
    for t, p in ((trues, predicts), wide):
        v = g.Variable(mo.array(p))
        with g.GradientTape(persistent=True) as tape:
            y = make(case)(mo.array(t), v)
        gradients.append(np.asarray(tape.gradient(y, v)).copy())
        np.testing.assert_array_equal(np.asarray(tape.gradient(y, v)), gradients[-1])  # a second time
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=2e-4, atol=1e-8)


def test_calls_as_an_object_of_the_interface(case):
    """``call``, ``differentiate`` and the creator's ``backward`` agree with the tape."""
    trues, predicts = draw(case, (4, 3))
    loss = make(case)
    assert isinstance(loss, Loss)
    v = g.Variable(mo.array(predicts))
    with g.GradientTape() as tape:
        y = loss(mo.array(trues), v)
    wanted = np.asarray(tape.gradient(y, v))
    of_creator = y.creator().backward([K.array(1.0, NDArray.float64)])
    assert of_creator[0] is None
    np.testing.assert_array_equal(np.asarray(of_creator[1]), wanted)
    assert loss.call(mo.array(trues), mo.array(predicts)).toArray() == y.toArray()
    np.testing.assert_array_equal(np.asarray(loss.backward([K.array(1.0, NDArray.float64)])[1]), wanted)
    np.testing.assert_array_equal(np.asarray(v), predicts)


def test_configuration(case):
    loss = make(case)
    assert loss.getConfig() == ({"options": case.options} if case.options else {})
    assert loss.fromLogits() is bool(case.options.get("from_logits"))
    assert loss.name() == case.name
    assert loss.accuracyMetric() in ("binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy")
    assert copy.copy(loss).fromLogits() == loss.fromLogits()
    with pytest.raises(InvalidArgumentException, match=f"{case.name}: reduction must be 'sum' or 'none'"):
        make(case, reduction="mean")


def test_logits_switched_on_later():
    loss = nn.losses.BinaryCrossEntropy()
    loss.setFromLogits(True)
    assert float(loss(mo.array([[1.0]]), g.Variable([[0.0]]))) == pytest.approx(np.log(2))
    plain = nn.losses.MeanSquaredError()
    plain.setFromLogits(True)  # it has no such thing
    assert float(plain(mo.array([[1.0]]), g.Variable([[0.0]]))) == 1


def test_wrong_shapes_and_types(case):
    trues, predicts = draw(case, (4, 3))
    loss = make(case)
    with pytest.raises(InvalidArgumentException, match="trues and predicts must be same"):
        loss(mo.array(trues[:3]), g.Variable(predicts))
    with pytest.raises(InvalidArgumentException, match=r"float32 or float64\. int32 was given"):
        loss(mo.array(trues), g.Variable(mo.array(predicts, NDArray.int32)))
    if trues.dtype == np.int32:
        with pytest.raises(InvalidArgumentException, match=r"trues must be integers\. float32"):
            loss(mo.array(trues, NDArray.float32), g.Variable(predicts))
        with pytest.raises(InvalidArgumentException, match="from 0 to 2: 3 was given at row 1"):
            loss(mo.array([0, 3, 0, 0], NDArray.int32), g.Variable(predicts))
    else:
        with pytest.raises(InvalidArgumentException, match="trues and predicts must be same"):
            loss(mo.zeros([4], NDArray.int32), g.Variable(predicts))


@pytest.mark.parametrize("dtype", [NDArray.int32, NDArray.uint8, NDArray.bool, NDArray.float64])
def test_labels_are_converted_and_may_lack_the_last_dimension(dtype):
    p = g.Variable(mo.array([[0.2], [0.7], [0.9]]))
    wanted = -np.log([0.8, 0.7, 0.9])
    for labels in ([0, 1, 1], [[0], [1], [1]]):
        loss = nn.losses.BinaryCrossEntropy(reduction="none")
        with g.GradientTape() as tape:
            y = loss(mo.array(labels, dtype), p)
        np.testing.assert_allclose(np.asarray(y), wanted, rtol=1e-5)
        np.testing.assert_allclose(np.asarray(tape.gradient(y, p)), [[1.25], [-1 / 0.7], [-1 / 0.9]], rtol=1e-5)


def test_one_dimension_is_one_row():
    p = g.Variable(mo.array([1.0, 2.0]))
    assert nn.losses.MeanSquaredError(reduction="none")(mo.array([0.0, 0.0]), p).toArray() == [2.5]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_do_not_saturate(dtype):
    x = np.array([[1e4, 0, -1e4], [-1e4, -1e4, -1e4]], dtype)
    t = np.array([[0, 1, 0], [1, 0, 0]], dtype)
    v = g.Variable(mo.array(x))
    with g.GradientTape() as tape:
        y = nn.losses.CategoricalCrossEntropy(from_logits=True, reduction="none")(mo.array(t), v)
    np.testing.assert_allclose(np.asarray(y), [1e4, np.log(3)], rtol=1e-6)
    np.testing.assert_allclose(np.asarray(tape.gradient(y, v)), [[1, -1, 0], [-2 / 3, 1 / 3, 1 / 3]], atol=1e-6)
    with g.GradientTape() as tape:
        y = nn.losses.BinaryCrossEntropy(from_logits=True, reduction="none")(mo.array(t), v)
    np.testing.assert_allclose(np.asarray(y), [1e4 + np.log(2), 1e4], rtol=1e-6)
    np.testing.assert_allclose(np.asarray(tape.gradient(y, v)), [[1, -0.5, 0], [-1, 0, 0]], atol=1e-6)


def test_a_class_that_cannot_be():
    """A logit of minus infinity, as masks make them, costs nothing where its label is 0."""
    x = g.Variable(mo.array([[0.0, -np.inf, 0.0]]))
    t = mo.array([[1.0, 0.0, 0.0]])
    with g.GradientTape() as tape:
        y = nn.losses.CategoricalCrossEntropy(from_logits=True)(t, x)
    assert float(y) == pytest.approx(np.log(2))
    np.testing.assert_allclose(np.asarray(tape.gradient(y, x)), [[-0.5, 0, 0.5]], atol=1e-6)


def test_delta_must_be_positive():
    for delta in (0, -1.0, float("nan")):
        with pytest.raises(InvalidArgumentException, match="Huber: delta must be greater than 0"):
            nn.losses.Huber(delta=delta)


def test_users_losses():
    """A loss written in Python on arrays is recorded and differentiated like the library's."""

    class Absolute(AbstractLoss):
        def call(self, trues, predicts):
            self.container().difference = K.sub(predicts, trues)
            return K.mean(K.abs(self.container().difference))

        def differentiate(self, dOutputs, grads=None, oidsToCollect=None):
            sign = K.sign(self.container().difference)
            return [K.scale(float(dOutputs[0]) / sign.size(), sign)]

        def accuracyMetric(self):
            return "mse"

    loss = Absolute(K)
    v = g.Variable([[1.0, -3.0]])
    with g.GradientTape() as tape:
        y = loss(K.array([[0.0, 0.0]]), v)
    assert float(y) == 2
    assert tape.gradient(y, v).toArray() == [[0.5, -0.5]]
    assert loss._rawCall([K.array([[0.0]]), K.array([[2.0]])], {})[0] == 2
    assert loss.packAndUnpackVariable(K, v)[0] is v
    assert loss.packAndUnpackVariables(K, [None, v])[0][0] is None


def test_against_torch():
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    rng = np.random.default_rng(5)
    x, t = rng.normal(size=(6, 9)) * 5, rng.uniform(size=(6, 9))
    labels = rng.integers(0, 9, 6)
    for loss, trues, twin in (
        (nn.losses.MeanSquaredError(), t, lambda p: functional.mse_loss(p, torch.tensor(t))),
        (nn.losses.Huber(), t, lambda p: functional.huber_loss(p, torch.tensor(t))),
        (nn.losses.BinaryCrossEntropy(from_logits=True), t,
         lambda p: functional.binary_cross_entropy_with_logits(p, torch.tensor(t))),
        (nn.losses.CategoricalCrossEntropy(from_logits=True), t,
         lambda p: functional.cross_entropy(p, torch.tensor(t))),
        (nn.losses.SparseCategoricalCrossEntropy(from_logits=True), labels,
         lambda p: functional.cross_entropy(p, torch.tensor(labels))),
    ):  # fmt: skip
        v, p = g.Variable(mo.array(x)), torch.tensor(x, requires_grad=True)
        with g.GradientTape() as tape:
            y = loss(mo.array(trues), v)
        wanted = twin(p)
        wanted.backward()
        assert float(y) == pytest.approx(wanted.item(), rel=1e-12)
        np.testing.assert_allclose(np.asarray(tape.gradient(y, v)), p.grad.numpy(), rtol=1e-10, atol=1e-15)
