"""The optimizers against a numpy twin in float64, their schedules, their state, what they refuse."""

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


class Twin:
    """An optimizer in float64, parameter by parameter."""

    first = 1  # the number of the first step

    def __init__(self, params, **options):
        self.params = [np.array(p, np.float64) for p in params]
        self.a = [np.zeros_like(p) for p in self.params]
        self.b = [np.zeros_like(p) for p in self.params]
        self.options = {**self.defaults, **options}
        self.t = self.first - 1

    def rate(self, lr):
        return lr(self.t) if callable(lr) else lr

    def step(self, grads):
        self.t += 1
        for p, slope, a, b in zip(self.params, grads, self.a, self.b):
            self.move(p, slope, a, b, **self.options)


class SGDTwin(Twin):
    first = 0
    defaults = {"lr": 0.01}

    def move(self, p, slope, a, b, lr):
        p -= self.rate(lr) * slope


class AdamTwin(Twin):
    defaults = {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}

    def move(self, p, slope, m, v, lr, beta1, beta2, epsilon):
        m += (1 - beta1) * (slope - m)
        v += (1 - beta2) * (slope * slope - v)
        lr = self.rate(lr) * (1 if callable(lr) else np.sqrt(1 - beta2**self.t) / (1 - beta1**self.t))
        p -= lr * m / (np.sqrt(v) + epsilon)


class RMSpropTwin(Twin):
    defaults = {"lr": 0.001, "rho": 0.9, "decay": 0.0, "epsilon": 1e-7, "accumulate": False}

    def move(self, p, slope, average, b, lr, rho, decay, epsilon, accumulate):
        average[...] = rho * (average if accumulate else 0) + (1 - rho) * slope * slope
        lr = self.rate(lr) / (1 if callable(lr) else 1 + decay * self.t)
        p -= lr * slope / (np.sqrt(average) + epsilon)


# class, twin, options
CASES = [
    ("SGD", SGDTwin, {}),
    ("SGD", SGDTwin, {"lr": 0.1}),
    ("SGD", SGDTwin, {"lr": InverseTimeDecay(0.1, 5, 0.5)}),
    ("SGD", SGDTwin, {"lr": lambda step: 0.1 / (step + 1)}),
    ("Adam", AdamTwin, {}),
    ("Adam", AdamTwin, {"lr": 0.1}),
    ("Adam", AdamTwin, {"lr": 0.01, "beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3}),
    ("Adam", AdamTwin, {"lr": ExponentialDecay(0.1, 5, 0.5)}),
    ("Adam", AdamTwin, {"lr": lambda step: 0.1 / step}),
    ("RMSprop", RMSpropTwin, {}),
    ("RMSprop", RMSpropTwin, {"lr": 0.01, "rho": 0.5, "epsilon": 1e-3}),
    ("RMSprop", RMSpropTwin, {"lr": 0.1, "decay": 0.3}),
    ("RMSprop", RMSpropTwin, {"accumulate": True}),
    ("RMSprop", RMSpropTwin, {"lr": 0.01, "rho": 0.5, "accumulate": True}),
    ("RMSprop", RMSpropTwin, {"lr": ExponentialDecay(0.1, 5, 0.5), "decay": 0.3}),
]
NAMES = ["SGD", "Adam", "RMSprop"]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}{case[2] or ''}")
def case(request):
    return request.param


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_steps(case, dtype):
    name, twin_class, options = case
    params = [g.Variable(p) for p in start(dtype)]
    twin = twin_class(start(dtype), **options)
    optimizer = getattr(nn.optimizers, name)(**options)
    arrays = [v.value() for v in params]
    for step in range(20):
        optimizer.update(params, [mo.array(s) for s in slopes(step, dtype)])
        twin.step(slopes(step, dtype))
        for p, expected in zip(params, twin.params):
            tolerance = {"rtol": 1e-10, "atol": 1e-13} if dtype == np.float64 else {"rtol": 2e-4, "atol": 2e-5}
            np.testing.assert_allclose(np.asarray(p), expected, **tolerance)
    assert all(v.value() is a for v, a in zip(params, arrays)), "the parameters change in place"


def test_configuration_makes_the_same_optimizer(case):
    name, _, options = case
    optimizer = getattr(nn.optimizers, name)(**options)
    options = optimizer.getConfig()["options"]
    assert options["lr"] is optimizer.lr() or (options["decay"] and callable(optimizer.lr()))
    assert getattr(nn.optimizers, name)(**options).getConfig()["options"] == options


def test_state_saved_and_loaded(case):
    name, _, options = case
    first = getattr(nn.optimizers, name)(**options)
    assert first.getWeights() == []
    params = [g.Variable(p) for p in start()]
    for step in range(3):
        first.update(params, [mo.array(s) for s in slopes(step)])
    state = first.getWeights()
    assert len(state) == {"SGD": 0, "Adam": 1 + 2 * len(params), "RMSprop": 1 + len(params)}[name]
    second = getattr(nn.optimizers, name)(**options)
    if state:
        assert float(state[0]) == 3
        second.loadWeights(state)
    third = copy.copy(first)
    if not state:
        second._step = first._step  # SGD keeps no state, so a schedule starts anew
    twins = [[copy.copy(p) for p in params] for _ in range(2)]
    for step in range(3, 6):
        for optimizer, variables in ((first, params), (second, twins[0]), (third, twins[1])):
            optimizer.update(variables, [mo.array(s) for s in slopes(step)])
    for twin in twins:
        for a, b in zip(params, twin):
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_gradients_may_be_variables():
    p = g.Variable([1.0])
    nn.optimizers.SGD(lr=1).update([p], [g.Variable([0.25])])
    assert p.toArray() == [0.75]


def test_configuration():
    assert nn.optimizers.Adam(lr=0.1, beta1=0.8).getConfig() == {
        "options": {"lr": 0.1, "beta1": 0.8, "beta2": 0.999, "epsilon": K.epsilon()}
    }
    assert nn.optimizers.SGD().getConfig() == {"options": {"lr": 0.01}}
    assert nn.optimizers.RMSprop(rho=0.8).getConfig() == {
        "options": {"lr": 0.001, "rho": 0.8, "decay": 0.0, "epsilon": K.epsilon()}
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_rate_changed_on_the_way(name):
    optimizer = getattr(nn.optimizers, name)()
    p = mo.ones([1])
    optimizer.setLr(0.0)
    optimizer.update([p], [mo.ones([1])])
    assert p.toArray() == [1]
    optimizer.setLr(0.5)
    optimizer.update([p], [mo.ones([1])])
    assert optimizer.lr() == 0.5
    assert p.toArray()[0] < 1


def test_many_parameters_of_both_types():
    rng = np.random.default_rng(1)
    sizes = [*rng.integers(0, 2000, 200), 30000]
    for name, twin_class in (("SGD", SGDTwin), ("Adam", AdamTwin), ("RMSprop", RMSpropTwin)):
        values = [rng.normal(size=n).astype(np.float32 if i % 2 else np.float64) for i, n in enumerate(sizes)]
        params, twin = [g.Variable(mo.array(v)) for v in values], twin_class(values)
        optimizer = getattr(nn.optimizers, name)()
        for _ in range(2):
            grads = [rng.normal(size=v.shape).astype(v.dtype) for v in values]
            optimizer.update(params, [mo.array(x) for x in grads])
            twin.step(grads)
        for p, expected in zip(params, twin.params):
            np.testing.assert_allclose(np.asarray(p), expected, rtol=1e-4, atol=1e-6)


def test_against_torch():
    torch = pytest.importorskip("torch")
    for ours, theirs in (
        (nn.optimizers.SGD(lr=0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
        (
            nn.optimizers.RMSprop(lr=0.01, epsilon=1e-3, accumulate=True),
            lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-3),
        ),
    ):
        params, twins = [mo.array(p) for p in start()], [torch.tensor(p) for p in start()]
        optimizer = theirs(twins)
        for step in range(5):
            ours.update(params, [mo.array(s) for s in slopes(step)])
            for twin, s in zip(twins, slopes(step)):
                twin.grad = torch.tensor(s)
            optimizer.step()
        for p, twin in zip(params, twins):
            np.testing.assert_allclose(np.asarray(p), twin.numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(
    ("step", "factor", "stairs"), [(0, 1, 1), (5, 0.5**0.5, 1), (10, 0.5, 0.5), (25, 0.5**2.5, 0.25)]
)
def test_exponential_decay(step, factor, stairs):
    assert ExponentialDecay(0.1, 10, 0.5)(step) == pytest.approx(0.1 * factor)
    assert ExponentialDecay(0.1, 10, 0.5, staircase=True)(step) == pytest.approx(0.1 * stairs)


def test_inverse_time_decay():
    assert InverseTimeDecay(0.1, 10, 0.5)(25) == pytest.approx(0.1 / 2.25)
    assert InverseTimeDecay(0.1, 10, 0.5, staircase=True)(25) == pytest.approx(0.1 / 2)
    assert isinstance(InverseTimeDecay(0.1, 10, 0.5), LearningRateSchedule)


# --------------------------------------------------------------------------------------------------------- errors


@pytest.fixture(params=NAMES)
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
    with pytest.raises(InvalidArgumentException, match="none were given"):
        nn.optimizers.RMSprop().loadWeights([])


def test_a_step_that_fails_does_not_count(optimizer):
    with pytest.raises(InvalidArgumentException):
        optimizer.update([mo.ones([2])], [mo.ones([3])])
    assert optimizer._step == 0


def test_steps_of_the_backend():
    x = mo.ones([2])
    for lists in ([[x], [], [], []], [[x], [x], [x], []], [[x], [x], [], [x]]):
        with pytest.raises(InvalidArgumentException, match="parameters"):
            K.training.adam_step(*lists, 0.1, 0.9, 0.999, 1e-7)
    with pytest.raises(InvalidArgumentException, match="parameters"):
        K.training.rmsprop_step([x], [x], [], 0.1, 0.9, 1e-7)
    with pytest.raises(InvalidArgumentException, match="1000 parameters"):
        K.training.sgd_step([x] * 1000, [x], 0.1)


@pytest.mark.parametrize("lr", ["0.1", True, [0.1]])
def test_learning_rates_that_are_none(lr):
    for name in NAMES:
        with pytest.raises(InvalidArgumentException, match=f"{name}: lr must be a number"):
            getattr(nn.optimizers, name)(lr=lr)
