"""Layers that users write: subclasses of AbstractLayer."""

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator
from rindow_nn.builder import NeuralNetworks
from rindow_nn.layers import AbstractLayer

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend


class Scaled(AbstractLayer):
    """outputs = inputs * scale + shift, with weights of its own."""

    def __init__(self, backend, name=None):
        super().__init__(backend)
        self.initName(name, "scaled")
        self.allocateWeights(["scale", "shift"])

    def build(self, variable=None, sampleWeights=None):
        shape = self.normalizeInputShape(variable)
        if self._weights[0].isUndetermined():
            self.assignWeights([K.fill(shape, 2.0), K.zeros(shape)])
        self._outputShape = shape

    def call(self, inputs, training=None):
        self.container().inputs = inputs
        self.container().training = training
        scale, shift = self.getParams()
        return K.add(K.mul(inputs, scale), shift)

    def differentiate(self, dOutputs):
        inputs = self.container().inputs
        self.setGrads([K.sum(K.mul(dOutputs, inputs), axis=0), K.sum(dOutputs, axis=0)])
        return K.mul(dOutputs, self.getParams()[0])


def test_values_and_gradients():
    layer = Scaled(K)
    x = g.Variable([[1.0, 2.0], [3.0, 4.0]])
    with g.GradientTape() as tape:
        y = layer(x)
        loss = g.reduceSum(g.square(y))
    assert y.toArray() == [[2, 4], [6, 8]]
    dx, dscale, dshift = tape.gradient(loss, [x, *layer.trainableVariables()])
    assert dx.toArray() == [[8, 16], [24, 32]]
    assert dscale.toArray() == [4 * 1 + 12 * 3, 8 * 2 + 16 * 4]
    assert dshift.toArray() == [16, 24]
    assert layer.getGrads()[1].toArray() == [16, 24]


def test_called_twice_in_one_tape():
    layer = Scaled(K)
    a, b = g.Variable([[1.0]]), g.Variable([[5.0]])
    with g.GradientTape() as tape:
        y = g.mul(layer(a), layer(b))
    da, db, dscale = tape.gradient(y, [a, b, layer.weights()[0]])
    assert (da.toArray(), db.toArray()) == ([[20]], [[4]])
    assert dscale.toArray() == [10 * 1 + 2 * 5]
    with g.GradientTape() as tape:
        y = layer(layer(a))
    assert tape.gradient(y, layer.weights()[0]).toArray() == [4]


@pytest.mark.parametrize("flag", [True, False, None])
def test_training_reaches_call(flag):
    seen = []

    class Watch(Scaled):
        def call(self, inputs, training=None):
            seen.append(training)
            return super().call(inputs, training)

    layer = Watch(K)
    layer(mo.ones([1, 2]), flag)
    layer(mo.ones([1, 2]), training=flag)
    layer(mo.ones([1, 2]), g.Variable(bool(flag)))
    assert seen == [flag, flag, bool(flag)]
    assert layer.isAwareOf("training")
    assert not layer.isAwareOf("trues")


def test_a_call_of_one_argument():
    class Plain(AbstractLayer):
        def call(self, inputs):
            return K.scale(3, inputs)

        def differentiate(self, dOutputs):
            return K.scale(3, dOutputs)

    layer = Plain(K)
    x = g.Variable([[1.0, 2.0]])
    with g.GradientTape() as tape:
        y = layer(x, True)
    assert y.toArray() == [[3, 6]]
    assert tape.gradient(y, x).toArray() == [[3, 3]]
    assert not layer.isAwareOf("training")
    assert layer.trainableVariables() == []


def test_forward_of_differentiable_functions():
    class Norm(AbstractLayer):
        def forward(self, inputs, training=None):
            x = self._prepare(inputs)
            return g.div(x, g.sqrt(g.reduceSum(g.square(x), axis=-1, keepdims=True)))

    x = g.Variable(np.array([[3.0, 4.0]]))
    with g.GradientTape() as tape:
        y = g.get(g.transpose(Norm(K)(x)), 0)
    np.testing.assert_allclose(np.asarray(y), [0.6])
    np.testing.assert_allclose(np.asarray(tape.gradient(y, x)), [[16 / 125, -12 / 125]])


def test_outputs_of_a_wrong_shape():
    class Wrong(Scaled):
        def call(self, inputs, training=None):
            return mo.ones([1, 7])

    with pytest.raises(InvalidArgumentException, match=r"unmatch output shape: \(7\), must be \(2\) in wrong:forward"):
        Wrong(K, name="wrong")(mo.ones([1, 2]))


def test_gradients_of_a_wrong_shape():
    class Wrong(Scaled):
        def differentiate(self, dOutputs):
            super().differentiate(dOutputs)
            return mo.ones([2, 7])

    layer = Wrong(K, name="wrong")
    x = g.Variable(mo.ones([2, 2]))
    with g.GradientTape() as tape:
        y = layer(nn.layers.Dense(2)(x))
    with pytest.raises(InvalidArgumentException, match=r"\(7\), must be \(2\) in wrong:backward"):
        tape.gradient(y, x)


def test_weight_gradients_of_a_wrong_shape():
    class Wrong(Scaled):
        def differentiate(self, dOutputs):
            result = super().differentiate(dOutputs)
            self.setGrads([mo.ones([7]), mo.ones([2])])
            return result

    layer = Wrong(K, name="wrong")
    with g.GradientTape() as tape:
        y = layer(mo.ones([2, 2]))
    with pytest.raises(InvalidArgumentException, match=r"weight #1 has shape \(7\), must be \(2\) in wrong:backward"):
        tape.gradient(y, layer.trainableVariables())


def test_an_exception_leaves_layer_and_tape_usable():
    class Fail(Scaled):
        failing = True

        def call(self, inputs, training=None):
            if self.failing:
                raise ZeroDivisionError
            return super().call(inputs, training)

    layer = Fail(K)
    x = g.Variable(mo.ones([1, 2]))
    with g.GradientTape() as tape:
        with pytest.raises(ZeroDivisionError):
            layer(x)
        layer.failing = False
        y = layer(x)
    assert tape.gradient(y, x).toArray() == [[2, 2]]


def test_unfinished_layers():
    class Nothing(AbstractLayer):
        pass

    with pytest.raises(NotImplementedError, match=r"Nothing\.call"):
        Nothing(K)(mo.ones([1, 2]))


def test_names_of_properties_and_methods():
    """PHP has `$this->outputShape` and `$this->outputShape()`."""

    class Doubled(AbstractLayer):
        def __init__(self, backend, input_shape=None, name=None):
            super().__init__(backend)
            self.inputShape = input_shape
            self.name = name

        def build(self, variable=None, sampleWeights=None):
            self.outputShape = self.normalizeInputShape(variable)

        def call(self, inputs, training=None):
            return K.scale(2, inputs.reshape([inputs.shape()[0], *self.outputShape]))

        def differentiate(self, dOutputs):
            return K.scale(2, dOutputs)

    layer = Doubled(K, [3], "doubled")
    assert layer.outputShape() is None
    model = nn.models().Sequential([layer, nn.layers().Dense(2)])
    assert model.predict(mo.ones([1, 3])).shape() == [1, 2]
    assert layer.inputShape() == layer.outputShape() == layer.inputShape == layer.outputShape == [3]
    assert layer.name() == layer.name == "doubled"
    layer.outputShape = (3,)
    assert layer.outputShape() == (3,)
    assert Doubled(K).name() is None
