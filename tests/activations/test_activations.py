"""Activations by name, class and object, and softmax with a mask."""

import math
import types

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.activations import AbstractActivation, FunctionFactory, ReLU, Sigmoid, Softmax, Tanh
from rindow_nn.builder import NeuralNetworks

nn = NeuralNetworks()
g = nn.gradient()
K = nn.backend
NAMED = {"relu": ReLU, "sigmoid": Sigmoid, "softmax": Softmax, "tanh": Tanh}


@pytest.mark.parametrize("name", NAMED)
def test_by_name_class_and_object(name):
    cls = NAMED[name]
    x = K.array([[-2.0, 0.5, 3.0]])
    outputs = []
    for given in (name, name.upper(), cls, cls(K)):
        layer = nn.layers.Activation(given)
        assert type(layer.getActivation()) is cls
        outputs.append(layer.forward(x).toArray())
    assert outputs == [outputs[0]] * 4


def test_linear_is_none():
    assert FunctionFactory.factory(K, "linear") is None
    layer = nn.layers.Dense(2, activation="linear")
    assert layer.getActivation() is None
    assert layer.getConfig()["options"]["activation"] == "linear"


@pytest.mark.parametrize("wrong", ["rellu", dict])
def test_unknown_names_list_the_known_ones(wrong):
    with pytest.raises(InvalidArgumentException, match="relu, sigmoid, softmax, tanh, linear"):
        nn.layers.Activation(wrong)


@pytest.mark.parametrize("cls", NAMED.values())
def test_forward_and_backward_on_arrays(cls):
    rng = np.random.default_rng(0)
    x, dy = rng.uniform(-2, 2, (3, 4)), rng.uniform(-1, 1, (3, 4))
    states = types.SimpleNamespace()
    activation = cls(K)

    def value(x):
        return (np.asarray(activation.forward(types.SimpleNamespace(), g.Variable(x).value())) * dy).sum()

    activation.forward(states, g.Variable(x).value())
    got = np.asarray(activation.backward(states, g.Variable(dy).value()))
    for at in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[at] = 1e-6
        assert got[at] == pytest.approx((value(x + step) - value(x - step)) / 2e-6, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("shape", [[4], [3, 4], [2, 3, 4]])
def test_softmax_with_a_mask(shape):
    rng = np.random.default_rng(1)
    x = rng.uniform(-40, 40, (2, 3, 4))
    mask = rng.random(shape) < 0.6
    mask[..., 0] = True
    e = np.exp(x - np.max(np.where(mask, x, -np.inf), -1, keepdims=True)) * mask
    want = e / e.sum(-1, keepdims=True)
    states = types.SimpleNamespace()
    got = Softmax(K).forward(states, g.Variable(x).value(), mask=K.array(mask))
    np.testing.assert_allclose(np.asarray(got), want, rtol=1e-12)
    dy = rng.uniform(-1, 1, x.shape)
    dx = Softmax(K).backward(states, g.Variable(dy).value())
    np.testing.assert_allclose(np.asarray(dx), want * (dy - (dy * want).sum(-1, keepdims=True)), atol=1e-12)


def test_softmax_where_nothing_counts():
    y = Softmax(K).forward(types.SimpleNamespace(), K.array([[1, 2], [3, math.inf]]), mask=K.array([[0, 0], [1, 0]]))
    assert y.toArray() == [[0, 0], [1, 0]]


def test_a_mask_that_does_not_fit():
    with pytest.raises(InvalidArgumentException, match=r"inputs=\(2,3\), mask=\(3,2\)"):
        Softmax(K).forward(types.SimpleNamespace(), K.zeros([2, 3]), mask=K.ones([3, 2]))


def test_an_activation_of_the_users():
    class Double(AbstractActivation):
        def call(self, inputs, training=None):
            return K.scale(2, inputs)

        def differentiate(self, dOutputs):
            return K.scale(2, dOutputs)

    x = g.Variable([[1.0, -1.0]])
    for given in (Double, Double(K)):
        with g.GradientTape() as tape:
            y = nn.layers.Activation(given).forward(x)
        assert y.toArray() == [[2, -2]]
        assert tape.gradient(y, x).toArray() == [[2, 2]]
