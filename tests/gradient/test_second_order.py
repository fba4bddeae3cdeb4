"""A tape around a tape: second derivatives of every function that has them."""

import numpy as np
import pytest

from rindow_math.exceptions import LogicException
from rindow_math.matrix import NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient import Scalar
from rindow_nn.gradient.core import AbstractFunction

nn = NeuralNetworks()
g = nn.gradient()
K = nn.backend

A = np.array([[0.6, 1.2, 0.9], [1.4, 0.7, 1.1]])
B = np.array([[1.3, 0.8, 0.5], [0.9, 1.5, 1.2]])
ROW = np.array([1.1, 0.6, 0.9])
CUBE = np.linspace(0.5, 1.5, 12).reshape(2, 2, 3)

ONE = {
    "square": g.square,
    "sqrt": g.sqrt,
    "exp": g.exp,
    "log": g.log,
    "negative": lambda x: -x,
    "x + 2": lambda x: x + 2,
    "x * 3": lambda x: x * 3,
    "2 - x": lambda x: 2 - x,
    "x / 2": lambda x: x / 2,
    "2 / x": lambda x: 2 / x,
    "x ** 3": lambda x: x**3,
    "x ** 1.5": lambda x: x**1.5,
    "2 ** x": lambda x: 2**x,
    "scale": lambda x: g.scale(2.5, x),
    "increment": lambda x: g.increment(x, 2, 3),
    "clipByValue": lambda x: g.mul(x, g.clipByValue(x, 0.6, 1.5)),
    "reduceSum": lambda x: g.square(g.reduceSum(x)),
    "reduceSum axis": lambda x: g.square(g.reduceSum(x, axis=0)),
    "reduceSum keepdims": lambda x: g.mul(x, g.reduceSum(x, axis=-1, keepdims=True)),
    "reduceMean": lambda x: g.mul(x, g.reduceMean(x)),
    "reduceMean axis": lambda x: g.mul(x, g.reduceMean(x, axis=0)),
    "reshape": lambda x: g.square(g.reshape(x, [3, -1])),
    "transpose": lambda x: g.matmul(x, g.transpose(x)),
    "transpose perm": lambda x: g.exp(g.transpose(x, [1, 0])),
    "get row": lambda x: g.mul(x, g.get(x, 1)),
    "get rows": lambda x: g.square(g.get(x, 0, 2)),
    "repeat": lambda x: g.square(g.repeat(x, 2, axis=0)),
    "repeat keepdims": lambda x: g.square(g.repeat(x, 2, axis=1, keepdims=True)),
    "repeat all": lambda x: g.square(g.repeat(x, 2)),
    "split": lambda x: g.mul(*g.split(g.mul(x, x), [1, 1], axis=0)),
    "split last": lambda x: g.mul(g.split(x, [1, 2])[1], g.split(x, [2, 1])[0]),
    "bandpart": lambda x: g.square(g.bandpart(x, 0, 1)),
    "nop": lambda x: g.square(g.nop(x)),
    "cast": lambda x: g.square(g.cast(x, NDArray.float64)),
}

TWO = {
    "add": (g.add, A, B),
    "add row": (g.add, A, ROW),
    "sub": (g.sub, A, B),
    "sub row": (g.sub, ROW, A),
    "mul": (g.mul, A, B),
    "mul row": (g.mul, A, ROW),
    "mul column": (g.mul, A, B[:, :1]),
    "div": (g.div, A, B),
    "div by row": (g.div, A, ROW),
    "row div": (g.div, ROW, A),
    "pow": (lambda x, y: x**y, A, B),
    "pow row": (lambda x, y: x**y, A, ROW),
    "matmul": (g.matmul, A, B.T),
    "matmul ta": (lambda x, y: g.matmul(x, y, transpose_a=True), A, B),
    "matmul tb": (lambda x, y: g.matmul(x, y, transpose_b=True), A, B),
    "matmul ta tb": (lambda x, y: g.matmul(x, y, transpose_a=True, transpose_b=True), A, B.T),
    "matmul batch": (g.matmul, CUBE, B.T),
    "scale": (lambda s, x: g.scale(g.reduceSum(s), x), np.array(0.7), A),
    "increment": (lambda x, b: g.increment(x, g.reduceSum(b), g.reduceMean(b)), A, np.array(0.3)),
}


@pytest.mark.parametrize("name", ONE)
def test_of_one_input(name, check_second):
    check_second(ONE[name], A)


@pytest.mark.parametrize("name", TWO)
def test_of_two_inputs(name, check_second):
    function, a, b = TWO[name]
    check_second(function, a, b)


def test_hessian():
    """f = x² y + exp(y z): all nine second derivatives."""
    values = [0.5, 1.5, 0.7]
    variables = [g.Variable(np.array(v)) for v in values]
    with g.GradientTape(persistent=True) as outer:
        with g.GradientTape() as inner:
            x, y, z = variables
            f = x**2 * y + g.exp(y * z)
        first = inner.gradient(f, variables)
    hessian = np.zeros((3, 3))
    for i, d in enumerate(first):
        for j, v in enumerate(variables):
            if (i, j) not in ((0, 2), (2, 0)):  # nothing leads from one to the other
                hessian[i, j] = float(outer.gradient(d, v))
    x, y, z = values
    e = np.exp(y * z)
    expected = [[2 * y, 2 * x, 0], [2 * x, z * z * e, e + y * z * e], [0, e + y * z * e, y * y * e]]
    np.testing.assert_allclose(hessian, expected, rtol=1e-12)


def test_where_a_gradient_is_only_part_of_the_target():
    x = g.Variable(np.array([3.0]))
    with g.GradientTape() as outer:
        with g.GradientTape() as inner:
            y = x**3
        dy = inner.gradient(y, x)
        loss = g.add(g.square(y), g.mul(dy, x))
    assert outer.gradient(loss, x).toArray() == [2 * 27 * 27 + 9 * 9]


class Cube(AbstractFunction):
    """On arrays: its gradient is no recorded calculation."""

    def call(self, inputs):
        self.container().x = inputs[0]
        return [K.mul(inputs[0], K.mul(inputs[0], inputs[0]))]

    def differentiate(self, dOutputs):
        x = self.container().x
        return [K.scale(3, K.mul(dOutputs[0], K.mul(x, x)))]


def second(function, x):
    with g.GradientTape() as outer:
        with g.GradientTape() as inner:
            y = function(x)
        dy = inner.gradient(y, x)
    return outer.gradient(dy, x)


def test_a_users_function_has_no_silent_second_derivative():
    """x·x³ would otherwise get the second derivative of its recorded part only."""
    x = g.Variable([[2.0]])
    for function in (Cube(K), lambda v: g.mul(v, Cube(K)(v))):
        with pytest.raises(LogicException, match="Cube"):
            second(function, x)


@pytest.mark.parametrize("activation", [None, "relu", "sigmoid", "tanh", "softmax"])
def test_layers_have_no_silently_wrong_second_derivative(activation):
    dense = nn.layers.Dense(1, activation=activation, kernel_initializer="ones", bias_initializer="ones")
    x = g.Variable([[2.0]])
    try:
        found = float(second(lambda v: g.mul(v, dense(v)), x))
    except LogicException:
        return  # none is better than a wrong one
    t = 3.0
    s = 1 / (1 + np.exp(-t))
    slope, curve = {
        None: (1, 0),
        "relu": (1, 0),
        "sigmoid": (s * (1 - s), s * (1 - s) * (1 - 2 * s)),
        "tanh": (1 - np.tanh(t) ** 2, -2 * np.tanh(t) * (1 - np.tanh(t) ** 2)),
        "softmax": (0, 0),
    }[activation]
    assert found == pytest.approx(2 * slope + 2 * curve, rel=1e-5)


def test_a_users_function_on_variables_has_one():
    class Recorded(Cube):
        def differentiate(self, dOutputs):
            (x,) = self.inputs()
            return [g.mul(dOutputs[0], g.mul(3.0, g.square(x)))]

    x = g.Variable([2.0])
    assert second(Recorded(K), x).toArray() == [12]


def test_first_gradients_in_an_outer_tape_are_not_hindered():
    dense = nn.layers.Dense(1, activation="relu", kernel_initializer="ones")
    x, w = g.Variable([[2.0]]), g.Variable([[5.0]])
    with g.GradientTape() as outer:
        with g.GradientTape() as inner:
            y = dense(x)
        dy = inner.gradient(y, x)
        loss = g.mul(g.mul(dy, w), g.stopGradient(y))
    assert dy.toArray() == [[1]]
    assert outer.gradient(loss, w).toArray() == [[2]]


def test_scalars_stay_constants():
    x = g.Variable([2.0])
    with g.GradientTape() as outer:
        with g.GradientTape() as inner:
            y = g.scale(Scalar(3.0), g.square(x))
        dy = inner.gradient(y, x)
    assert dy.toArray() == [12]
    assert outer.gradient(dy, x).toArray() == [6]
