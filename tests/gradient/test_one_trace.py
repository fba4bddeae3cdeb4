"""What the user wrote runs once: programs with gradients, and for other numbers of samples, come from its trace."""

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient.core import AbstractFunction

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend
W = g.Variable(np.array([[0.5, -1.0], [0.25, 2.0], [1.5, -0.5]]))


class Traced:
    """A function that knows how often it was run."""

    def __init__(self, function):
        self.function = function
        self.runs = 0

    def __call__(self, *args):
        self.runs += 1
        return self.function(*args)


class Cube(AbstractFunction):
    def call(self, inputs):
        self.container().x = x = inputs[0]
        return [K.mul(x, K.mul(x, x))]

    def differentiate(self, dOutputs):
        x = self.container().x
        return [K.scale(3, K.mul(dOutputs[0], K.mul(x, x)))]


def samples(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.5, 1.5, shape)


def value_and_gradients(function, x):
    x = g.Variable(x)
    with g.GradientTape() as tape:
        y = function(x)
    return [np.array(y), *(np.array(d) for d in tape.gradient(y, [x, W]))]


def assert_same_as_eager(compiled, function, x):
    for a, b in zip(value_and_gradients(compiled, x), value_and_gradients(function, x), strict=True):
        np.testing.assert_array_equal(a, b)


def slope(x):
    """A gradient that is part of the function."""
    with g.GradientTape() as tape:
        y = g.square(x)
    return g.matmul(tape.gradient(y, x), W)


ANY_NUMBER = {
    "product": lambda x: g.square(g.matmul(g.exp(x), W)),
    "operators": lambda x: ((x - 1) ** 2 + x / 3) @ W,
    "opaque": lambda x: g.matmul(Cube(K)(x), W),
    "repeated": lambda x: g.mul(
        g.repeat(g.reduceSum(x, axis=1, keepdims=True), 2, axis=1, keepdims=True), g.matmul(x, W)
    ),
    "repeated samples": lambda x: g.repeat(g.matmul(x, W), 2, axis=0, keepdims=True),
    "reshaped": lambda x: g.reshape(g.matmul(x, W), [0, 2, 1]),
    "size of a sample": lambda x: g.scale(x.valueShape()[0] + x.ndim(), g.matmul(x, W)),
}

# each is right for the batch it was traced for only
OF_THE_NUMBER = {
    "shape()": lambda x: g.scale(1 / x.shape()[0], g.matmul(x, W)),
    "len()": lambda x: g.scale(1 / len(x), g.matmul(x, W)),
    "count()": lambda x: g.scale(1 / x.count(), g.matmul(x, W)),
    "size()": lambda x: g.scale(1 / x.size(), g.matmul(x, W)),
    "in": lambda x: g.scale(2.0 if 2 in x else 3.0, g.matmul(x, W)),
    "of a result": lambda x: g.scale(1 / g.matmul(x, W).shape()[0], g.matmul(x, W)),
    "reference()": lambda x: g.scale(1 / x.reference().shape()[0], g.matmul(x, W)),
    "g.shape": lambda x: g.reshape(g.matmul(g.reshape(x, g.shape(x)), W), [-1]),
    "zeros": lambda x: g.matmul(g.add(g.zerosLike(x), g.square(x)), W),
    "gradient inside": slope,
}


@pytest.mark.parametrize("name", ANY_NUMBER)
@pytest.mark.parametrize("numbers", [(4, 1, 7), (1, 5, 4)])
def test_any_number_of_samples(name, numbers):
    function = Traced(ANY_NUMBER[name])
    compiled = g.Function(function)
    compiled(g.Variable(samples(numbers[0], 3)))
    for i, n in enumerate(numbers):
        assert_same_as_eager(compiled, ANY_NUMBER[name], samples(n, 3, seed=i))
        x = samples(n, 3, seed=10 + i)
        np.testing.assert_array_equal(np.asarray(compiled(g.Variable(x))), np.asarray(ANY_NUMBER[name](g.Variable(x))))
    assert function.runs == 1
    assert compiled.programs() == 3


@pytest.mark.parametrize("name", OF_THE_NUMBER)
def test_functions_of_the_number_of_samples(name):
    function = Traced(OF_THE_NUMBER[name])
    compiled = g.Function(function)
    for n in (4, 1, 7):
        x = samples(n, 3, seed=n)
        np.testing.assert_array_equal(
            np.asarray(compiled(g.Variable(x))), np.asarray(OF_THE_NUMBER[name](g.Variable(x)))
        )
        if name != "gradient inside":
            assert_same_as_eager(compiled, OF_THE_NUMBER[name], x)  # the gradient needs no other trace
    assert function.runs == 3


def test_other_samples_are_traced():
    function = Traced(lambda x: g.square(x))
    compiled = g.Function(function)
    kinds = [
        samples(2, 3),
        samples(2, 4),
        samples(2),
        samples(2, 3, 1),
        samples(2, 3).astype(np.float32),
        np.array(2.0),
    ]
    for i, x in enumerate(kinds):
        np.testing.assert_array_equal(np.asarray(compiled(g.Variable(x))), x * x)
        assert function.runs == i + 1
    for x in (samples(5, 3), samples(5), samples(5, 3, 1)):
        np.testing.assert_array_equal(np.asarray(compiled(g.Variable(x))), x * x)
    assert function.runs == len(kinds)


def test_only_the_arguments_of_more_samples_change():
    function = Traced(lambda x, row, on: g.add(x, row) if on.value() else x)
    compiled = g.Function(function)
    row = samples(3)
    for n, on, runs in ((2, True, 1), (5, True, 1), (5, False, 2), (2, False, 2), (1, True, 2)):
        x = samples(n, 3, seed=n)
        np.testing.assert_array_equal(np.asarray(compiled(g.Variable(x), row, on)), x + row if on else x)
        assert function.runs == runs


def test_errors_are_those_of_the_function():
    beside = g.Variable(samples(2, 3))
    function = Traced(lambda x: g.add(g.matmul(x, np.eye(3)), beside))
    compiled = g.Function(function)
    compiled(g.Variable(samples(2, 3)))
    for runs in (2, 3):
        with pytest.raises(InvalidArgumentException, match=r"\[5,3\]|\(5,3\)"):
            compiled(g.Variable(samples(5, 3)))
        assert function.runs == runs
    compiled(g.Variable(samples(2, 3)))
    assert function.runs == 3


def test_captured_variables_of_another_shape():
    beside = g.Variable(samples(3))
    function = Traced(lambda x: g.add(x, beside))
    compiled = g.Function(function)
    compiled(g.Variable(samples(2, 3)))
    beside.assign(samples(1))
    for n in (2, 4):
        x = samples(n, 3)
        np.testing.assert_array_equal(np.asarray(compiled(g.Variable(x))), x + np.asarray(beside))
    assert function.runs == 2


def test_what_stops_gradients_does_so_again():
    compiled = g.Function(lambda x: [g.square(x), g.stopGradient(g.exp(x))])
    for n in (2, 3):
        compiled(g.Variable(samples(n)))
        x = g.Variable(samples(n))
        with g.GradientTape() as tape:
            y, z = compiled(x)
            total = g.add(y, z)
        np.testing.assert_allclose(np.asarray(tape.gradient(total, x)), 2 * np.asarray(x), rtol=1e-15)


def test_gradients_of_the_users_functions_inside():
    """Whose value nobody reads; also where the plan is in use, so that the calls are made one by one."""
    inner = []

    class Asks(AbstractFunction):
        def call(self, inputs):
            if again:
                again.pop()
                inner.append(np.asarray(compiled(g.Variable([3.0, 1.0]))))
            return [K.copy(inputs[0])]

    def function(x):
        x = Asks(K)(x)
        with g.GradientTape() as tape:
            y = Cube(K)(x)
        return g.scale(2.0, tape.gradient(y, x))

    again = []
    function = Traced(function)
    compiled = g.Function(function)
    for x in ([1.0, 2.0], [2.0, 4.0]):
        np.testing.assert_array_equal(np.asarray(compiled(g.Variable(x))), 6 * np.square(x))
    again.append(True)
    np.testing.assert_array_equal(np.asarray(compiled(g.Variable([1.0, 2.0]))), [6, 24])
    np.testing.assert_array_equal(inner, [[54, 6]])
    assert function.runs == 1


def test_memory_of_a_trace_is_given_back():
    compiled = g.Function(lambda x: g.reduceSum(g.exp(g.square(x)), axis=1))
    info = mo.service().buffer().memoryInfo
    compiled(g.Variable(samples(50, 100)))
    before = info()["in_use"]
    for n in (50, 60, 70):
        x = g.Variable(samples(n, 100))
        with g.GradientTape() as tape:
            y = compiled(x)
        tape.gradient(y, x)
        del x, y, tape
    assert info()["in_use"] - before < 50 * 100 * 8
