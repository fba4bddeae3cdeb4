"""SGD and Adam against a numpy twin in float64, their schedules, their state, what they refuse."""

import copy

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_math.matrix.ndarray import fromNumpy
from rindow_nn.builder import NeuralNetworks
from rindow_nn.optimizers.schedule import ExponentialDecay, InverseTimeDecay, LearningRateSchedule

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend

SHAPES = [(3, 4), (4,), (), (2, 3, 2), (0, 3), (1000,)]


def start(dtype=np.float64):
    rng = np.random.default_rng(0)
    return [np.asarray(rng.normal(size=s), dtype) for s in SHAPES]


def slopes(step, dtype=np.float64):
    rng = np.random.default_rng(100 + step)
    return [np.asarray(rng.normal(size=s) * 10.0 ** rng.integers(-4, 3), dtype) for s in SHAPES]


class AdamTwin:
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
        self.params = [np.array(p, np.float64) for p in params]
        self.m = [np.zeros_like(p) for p in self.params]
        self.v = [np.zeros_like(p) for p in self.params]
        self.lr, self.beta1, self.beta2, self.epsilon, self.t = lr, beta1, beta2, epsilon, 0

    def step(self, grads):
        self.t += 1
        lr = self.lr(self.t) if callable(self.lr) else self.lr * np.sqrt(1 - self.beta2**self.t) / (1 - self.beta1**self.t)
        for p, g_, m, v in zip(self.params, grads, self.m, self.v):
            m += (1 - self.beta1) * (g_ - m)
            v += (1 - self.beta2) * (g_ * g_ - v)
            p -= lr * m / (np.sqrt(v) + self.epsilon)


OPTIONS = [
    {},
    {"lr": 0.1},
    {"lr": 0.01, "beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3},
    {"lr": ExponentialDecay(0.1, 5, 0.5)},
    {"lr": lambda step: 0.1 / step},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_adam(options, dtype):
    params = [g.Variable(p) for p in start(dtype)]
    twin = AdamTwin(start(dtype), **options)
    optimizer = nn.optimizers.Adam(**options)
    arrays = [v.value() for v in params]
    for step in range(20):
        optimizer.update(params, [mo.array(s) for s in slopes(step, dtype)])
        twin.step(slopes(step, dtype))
        for p, expected in zip(params, twin.params):
            tolerance = {"rtol": 1e-10, "atol": 1e-13} if dtype == np.float64 else {"rtol": 2e-4, "atol": 2e-5}
            np.testing.assert_allclose(np.asarray(p), expected, **tolerance)
    assert all(v.value() is a for v, a in zip(params, arrays)), "the parameters change in place"


@pytest.mark.parametrize("lr", [None, 0.1, InverseTimeDecay(0.1, 5, 0.5), lambda step: 0.1 / (step + 1)])
def test_sgd(lr):
    params = [g.Variable(p) for p in start()]
    expected = start()
    optimizer = nn.optimizers.SGD(lr=lr)
    for step in range(20):
        optimizer.update(params, [mo.array(s) for s in slopes(step)])
        rate = lr(step) if callable(lr) else lr or 0.01
        for p, s in zip(expected, slopes(step)):
            p -= rate * s
    for p, e in zip(params, expected):
        np.testing.assert_allclose(np.asarray(p), e, rtol=1e-12, atol=1e-12)


def test_gradients_may_be_variables():
    p = g.Variable([1.0])
    nn.optimizers.SGD(lr=1).update([p], [g.Variable([0.25])])
    assert p.toArray() == [0.75]


def test_state_saved_and_loaded():
    first = nn.optimizers.Adam(lr=0.1)
    params = [g.Variable(p) for p in start()]
    for step in range(3):
        first.update(params, [mo.array(s) for s in slopes(step)])
    state = first.getWeights()
    assert len(state) == 1 + 2 * len(params)
    assert float(state[0]) == 3
    second = nn.optimizers.Adam(lr=0.1)
    second.loadWeights(state)
    twins = [copy.copy(p) for p in params]
    for step in range(3, 6):
        for optimizer, variables in ((first, params), (second, twins)):
            optimizer.update(variables, [mo.array(s) for s in slopes(step)])
    for a, b in zip(params, twins):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
    assert nn.optimizers.Adam().getWeights() == []
    assert nn.optimizers.SGD().getWeights() == []
    nn.optimizers.SGD().loadWeights([])


def test_a_copy_has_its_own_state():
    first = nn.optimizers.Adam()
    p = [g.Variable([1.0])]
    first.update(p, [mo.array([1.0])])
    second = copy.copy(first)
    before = second.getWeights()[1].toArray()
    first.update(p, [mo.array([5.0])])
    assert second.getWeights()[1].toArray() == before
    assert float(second.getWeights()[0]) == 1


def test_configuration():
    assert nn.optimizers.Adam(lr=0.1, beta1=0.8).getConfig() == {
        "options": {"lr": 0.1, "beta1": 0.8, "beta2": 0.999, "epsilon": K.epsilon()}
    }
    assert nn.optimizers.SGD().getConfig() == {"options": {"lr": 0.01}}


@pytest.mark.parametrize(("step", "factor", "stairs"), [(0, 1, 1), (5, 0.5**0.5, 1), (10, 0.5, 0.5), (25, 0.5**2.5, 0.25)])
def test_exponential_decay(step, factor, stairs):
    assert ExponentialDecay(0.1, 10, 0.5)(step) == pytest.approx(0.1 * factor)
    assert ExponentialDecay(0.1, 10, 0.5, staircase=True)(step) == pytest.approx(0.1 * stairs)


def test_inverse_time_decay():
    assert InverseTimeDecay(0.1, 10, 0.5)(25) == pytest.approx(0.1 / 2.25)
    assert InverseTimeDecay(0.1, 10, 0.5, staircase=True)(25) == pytest.approx(0.1 / 2)
    assert isinstance(InverseTimeDecay(0.1, 10, 0.5), LearningRateSchedule)


# --------------------------------------------------------------------------------------------------------- errors


@pytest.fixture(params=["SGD", "Adam"])
def optimizer(request):
    return getattr(nn.optimizers, request.param)()


@pytest.mark.parametrize(
    ("params", "grads", "error"),
    [
        ([mo.ones([2]), mo.ones([2])], [mo.ones([2])], "2 parameters, but 1 gradients"),
        ([mo.ones([2])], [mo.ones([3])], r"#0 has shape \(2\) .*\(3\)"),
        ([mo.ones([2])], [mo.ones([2, 1])], r"#0 has shape \(2\) .*\(2,1\)"),
        ([mo.ones([2])], [mo.ones([2], NDArray.float64)], "float32.*float64"),
        ([mo.ones([2], NDArray.int32)], [mo.ones([2], NDArray.int32)], "int32"),
        ([mo.ones([2], NDArray.float16)], [mo.ones([2], NDArray.float16)], "float16"),
        ([mo.ones([2])], [None], "gradients #0 is not an array but NoneType"),
        ([1.0], [mo.ones([])], "parameters #0 is not an array but float"),
        (mo.ones([2]), [mo.ones([2])], "list of parameters was expected"),
        ([mo.ones([2])], mo.ones([1, 2]), "list of gradients was expected"),
    ],
)
def test_what_does_not_fit(optimizer, params, grads, error):
    with pytest.raises(InvalidArgumentException, match=error):
        optimizer.update(params, grads)


def test_a_step_is_whole_or_none(optimizer):
    params = [g.Variable([1.0]), g.Variable([1.0, 2.0])]
    with pytest.raises(InvalidArgumentException, match="#1"):
        optimizer.update(params, [mo.ones([1]), mo.ones([3])])
    assert [p.toArray() for p in params] == [[1], [1, 2]]


def test_read_only_parameters(optimizer):
    array = np.ones(2, np.float32)
    array.flags.writeable = False
    with pytest.raises(LogicException, match="read-only"):
        optimizer.update([fromNumpy(array)], [mo.ones([2])])
    assert array.tolist() == [1, 1]


def test_other_parameters_than_before():
    adam = nn.optimizers.Adam()
    adam.update([mo.ones([2])], [mo.ones([2])])
    with pytest.raises(InvalidArgumentException, match="built for 1 parameters, 2 were given"):
        adam.update([mo.ones([2])] * 2, [mo.ones([2])] * 2)
    with pytest.raises(InvalidArgumentException, match=r"\(3\).*\(2\)"):
        adam.update([mo.ones([3])], [mo.ones([3])])
    with pytest.raises(InvalidArgumentException, match="2 arrays were given"):
        adam.loadWeights([mo.ones([]), mo.ones([2])])


def test_steps_of_the_backend():
    x = mo.ones([2])
    for lists in ([[x], [], [], []], [[x], [x], [x], []], [[x], [x], [], [x]]):
        with pytest.raises(InvalidArgumentException, match="parameters"):
            K.adam_step(*lists, 0.1, 0.9, 0.999, 1e-7)
    with pytest.raises(InvalidArgumentException, match="1000 parameters"):
        K.sgd_step([x] * 1000, [x], 0.1)


@pytest.mark.parametrize("lr", ["0.1", True, [0.1]])
def test_learning_rates_that_are_none(lr):
    for name in ("SGD", "Adam"):
        with pytest.raises(InvalidArgumentException, match=f"{name}: lr must be a number"):
            getattr(nn.optimizers, name)(lr=lr)


