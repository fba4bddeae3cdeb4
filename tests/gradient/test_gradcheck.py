"""g.gradcheck agrees with right gradients and names the worst element of wrong ones."""

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, RuntimeException
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient.core import AbstractFunction

nn = NeuralNetworks()
g = nn.gradient()
K = nn.backend()
rng = np.random.default_rng(0)


class Wrong(AbstractFunction):
    """x squared, with a gradient that is wrong in one element."""

    def call(self, inputs):
        self.container().x = inputs[0]
        return [K.square(inputs[0])]

    def differentiate(self, dOutputs):
        slope = np.array(K.scale(2.0, self.container().x))
        slope[1, 2] += 0.5
        return [K.mul(dOutputs[0], K.array(slope))]


@pytest.mark.parametrize(
    "func",
    [
        lambda x, y: g.mul(x, y),
        lambda x, y: [g.exp(x), g.matmul(x, y, transpose_b=True)],
        lambda x, y: g.reduceMean(g.div(x, g.increment(g.square(y), 1.0)), axis=0),
    ],
)
def test_right_gradients(func):
    assert g.gradcheck(func, [rng.random((2, 3)), rng.random((2, 3))]) is True


def test_inputs_are_computed_in_float64():
    seen = []

    def f(x):
        seen.append(x.dtype())
        return g.square(x)

    assert g.gradcheck(f, [rng.random((2, 3)).astype(np.float32)])
    assert set(seen) == {13}


def test_integer_inputs_are_left_alone():
    assert g.gradcheck(lambda x, n: g.mul(x, g.cast(n, "float64")), [rng.random(3), np.array([1, 2, 3], np.int32)])


def test_a_wrong_gradient_is_named():
    with pytest.raises(RuntimeException, match=r"input #1, element \[1, 2\]: gradient .*, finite difference"):
        g.gradcheck(lambda x: Wrong(K)(x), [rng.random((2, 3))])


def test_nothing_to_check():
    with pytest.raises(InvalidArgumentException, match="floating-point input"):
        g.gradcheck(lambda x: x, [np.array([1, 2])])
    with pytest.raises(InvalidArgumentException, match="floating-point output"):
        g.gradcheck(lambda x: g.cast(x, "int32"), [rng.random(3)])


def test_compiled_functions():
    assert g.gradcheck(g.Function(lambda x: g.log(g.increment(g.exp(x), 1.0))), [rng.random((2, 3))])


def test_reasons_of_missing_gradients():
    a, b = g.Variable(2.0, name="a"), g.Variable(3.0, name="b")
    cases = [
        (lambda: g.square(a), b, "never used"),
        (lambda: g.mul(g.stopGradient(b), a), b, "cut by StopGradient"),
        (lambda: g.mul(g.cast(b, "int32"), g.cast(a, "int32")), b, "int32|cut by|comes from"),
        (lambda: g.mul(b.value(), a), b, "its value was used, but not the variable itself"),
        (lambda: g.mul(g.Variable(float(b)), a), b, "conversion to numpy or to Python"),
    ]
    for func, source, why in cases:
        with g.GradientTape() as tape:
            y = func()
        with pytest.raises(InvalidArgumentException, match=why):
            tape.gradient(y, source)
    with pytest.raises(InvalidArgumentException, match="outside the tape"):
        tape.gradient(g.square(a), a)
    n = g.Variable(np.int32([1]), name="n")
    with g.GradientTape() as tape:
        y = g.mul(g.cast(n, "float32"), a)
    with pytest.raises(InvalidArgumentException, match=r"source #1\(n\): it holds int32"):
        tape.gradient(y, n)


def test_a_value_replaced_after_the_call_does_not_change_the_gradient():
    a = g.Variable(3.0)
    with g.GradientTape() as tape:
        y = g.square(a)
    a.assign(100.0)
    assert tape.gradient(y, a).toArray() == 6
