"""One battery over all metrics: values against numpy, means over batches, wrong input, names."""

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.metrics import AbstractMetric, Metric, MetricCatalog

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend


def yes_no(threshold):
    return lambda t, p: (t.astype(np.int32) == (p > threshold)).mean()


# name, options, name in the history, labels that are class numbers or look like the predictions, twin
CASES = [
    ("BinaryAccuracy", {}, "binary_accuracy", "answers", yes_no(0.5)),
    ("BinaryAccuracy", {"threshold": 0.1}, "binary_accuracy", "answers", yes_no(0.1)),
    ("CategoricalAccuracy", {}, "categorical_accuracy", "like", lambda t, p: (t.argmax(-1) == p.argmax(-1)).mean()),
    ("SparseCategoricalAccuracy", {}, "sparse_categorical_accuracy", "numbers",
     lambda t, p: (t == p.argmax(-1)).mean()),
    ("MeanSquaredError", {}, "mse", "like", lambda t, p: ((t.astype(np.float64) - p) ** 2).mean()),
    ("MeanNorm2Error", {}, "mean_norm2_error", "like",
     lambda t, p: np.linalg.norm((t.astype(np.float64) - p).ravel()) / t.size),
]  # fmt: skip


def draw(kind, shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.uniform(size=shape).astype(dtype)
    if kind == "numbers":
        return rng.integers(0, shape[-1], shape[:-1]).astype(np.int32), p
    if kind == "answers":
        return rng.integers(0, 2, shape).astype(np.int32), p
    return rng.uniform(size=shape).astype(dtype), p


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}{case[1] or ''}")
def case(request):
    return request.param


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (2, 3, 4), (50, 33), (3000, 2), (5, 4000)], ids=str)
def test_values(case, shape, dtype):
    name, options, _, kind, twin = case
    metric = getattr(nn.metrics, name)(**options)
    assert isinstance(metric, Metric)
    wanted = []
    for seed in range(2):
        t, p = draw(kind, shape, dtype, seed)
        wanted.append(twin(t, p))
        assert metric(mo.array(t), mo.array(p)) == pytest.approx(wanted[-1], rel=1e-5)
        metric.update(g.Variable(mo.array(t)), g.Variable(mo.array(p)))
        assert metric.result() == pytest.approx(np.mean(wanted), rel=1e-5)
    metric.immediateUpdate(5)
    assert metric.result() == pytest.approx(np.mean([*wanted, 5]), rel=1e-5)
    metric.reset()
    assert metric.result() == 0


def test_names(case):
    name, _, own, _, _ = case
    assert getattr(nn.metrics, name)().name() == own
    for known in (own, name, name.lower(), getattr(nn.metrics, name)().__class__):
        assert type(MetricCatalog.factory(K, known)).__name__ == name


def test_unknown_names_list_the_known_ones():
    with pytest.raises(InvalidArgumentException, match=r"acuracy.*accuracy, binary_accuracy, .*mse.*; did you mean"):
        MetricCatalog.factory(K, "binary_acuracy")
    with pytest.raises(InvalidArgumentException, match=r"must be a string\. Received: 5"):
        MetricCatalog.factory(K, 5)


def test_wrong_input(case):
    name, options, _, kind, _ = case
    t, p = draw(kind, (4, 3), np.float32)
    metric = getattr(nn.metrics, name)(**options)
    with pytest.raises(InvalidArgumentException, match="trues and predicts must be same"):
        metric.update(mo.array(t[:2]), mo.array(p))
    with pytest.raises(InvalidArgumentException, match=r"predicts must be float32 or float64\. int32"):
        metric.update(mo.array(t), mo.array(p, NDArray.int32))
    if kind == "numbers":
        with pytest.raises(InvalidArgumentException, match=r"trues must be integers\. float32"):
            metric.update(mo.array(t, NDArray.float32), mo.array(p))


@pytest.mark.parametrize("dtype", [NDArray.int32, NDArray.uint8, NDArray.int64, NDArray.bool, NDArray.float32])
def test_answers_of_any_type_with_and_without_a_last_dimension(dtype):
    p = mo.array([[0.1], [0.9], [0.6], [0.4]])
    for t in ([0, 1, 0, 1], [[0], [1], [0], [1]]):
        assert nn.metrics.BinaryAccuracy()(mo.array(t, dtype), p) == 0.5
    assert nn.metrics.MeanSquaredError()(mo.array([0, 1, 0, 1], dtype), p) == pytest.approx(0.185)


def test_answers_between_yes_and_no_are_cut():
    assert nn.metrics.BinaryAccuracy()(mo.array([0.9, 1.0, 1.9, -0.5, 2.0]), mo.array([0.0, 1.0, 1.0, 0.0, 1.0])) == 0.8


def test_the_first_of_equals_wins():
    t = mo.array([0, 1, 2, 3], NDArray.int32)
    assert nn.metrics.SparseCategoricalAccuracy()(t, mo.zeros([4, 40])) == 0.25
    assert nn.metrics.CategoricalAccuracy()(mo.zeros([4, 40]), mo.zeros([4, 40])) == 1


def test_nan_is_wrong():
    p = np.zeros((2, 20), np.float32)
    p[0, 5] = np.nan
    p[1, 7] = 1
    assert nn.metrics.SparseCategoricalAccuracy()(mo.array([5, 7], NDArray.int32), mo.array(p)) == 0.5


def test_labels_out_of_range_are_wrong():
    p = mo.array([[0.1, 0.9]] * 3)
    assert nn.metrics.SparseCategoricalAccuracy()(mo.array([1, 2, -1], NDArray.int32), p) == pytest.approx(1 / 3)


def test_functions():
    metric = nn.metrics.GenericMetric(lambda t, p: K.scalar(K.sum(K.sub(t, p))))
    assert metric.name() == "generic_metric"
    metric.update(mo.array([0.0]), mo.array([-1.0]))
    metric.update(mo.array([0.0]), mo.array([-2.0]))
    assert metric.result() == 1.5
    assert nn.metrics.GenericMetric(lambda trues: trues[0], name="first")(mo.array([4.0]), mo.array([1.0])) == 4
    with pytest.raises(InvalidArgumentException, match=r"func must be a function\. Received: 'mse'"):
        nn.metrics.GenericMetric("mse")


def test_given_numbers():
    metric = nn.metrics.ScalarMetric("loss")
    assert metric.name() == "loss"
    metric.immediateUpdate(3)
    assert metric.result() == 3
    for call in (metric.update, metric):
        with pytest.raises(LogicException, match="unsupported operation"):
            call(mo.zeros([1]), mo.zeros([1]))


def test_users_metrics():
    class Largest(AbstractMetric):
        _name = "largest"

        def forward(self, trues, predicts):
            return float(K.max(predicts))

    metric = Largest(K)
    metric.update(mo.zeros([2]), mo.array([3.0, 4.0]))
    assert (metric.name(), metric.result()) == ("largest", 4.0)
    assert AbstractMetric.name(metric) == "largest"
