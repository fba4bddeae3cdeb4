"""What a recorded call answers: what was called, with what, and its gradients without a tape."""

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.builder import NeuralNetworks

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend


def test_functions():
    a, b = g.Variable([2.0, 3.0]), g.Variable([5.0, 7.0])
    with g.GradientTape():
        y = g.mul(a, b)
    call = y.creator()
    assert call.func() is call
    assert [x is v for x, v in zip(call.inputs(), (a, b))] == [True, True]
    da, db = call.backward([mo.array([1.0, 10.0])])
    assert (da.toArray(), db.toArray()) == ([5, 70], [2, 30])


@pytest.mark.parametrize("activation", [None, "relu", "softmax"])
def test_layers(activation):
    """A layer and its activation are one call, wherever the activation is computed."""
    layer = nn.layers.Dense(3, activation=activation, name="last", kernel_initializer="glorot_uniform")
    x = g.Variable(mo.array([[1, -2], [0.5, 3]]))
    layer.build(x)
    with g.GradientTape() as tape:
        y = layer.forward(g.square(x))
        z = g.reduceSum(g.mul(y, g.Variable([[1, 2, 3], [4, 5, 6]])))
    call = y.creator()
    assert call.func() is layer
    assert [v.shape() for v in call.inputs()] == [[2, 2]]
    assert call.generation() == 1
    assert y.generation() == 2
    before = call.inputs()[0].creator()
    assert type(before).__name__ == "Square"
    assert before.generation() == 0
    expected = tape.gradient(z, [x, *layer.trainableVariables()])
    grads = {}
    (dx,) = call.backward([mo.array([[1, 2, 3], [4, 5, 6]])], grads)
    (dx,) = before.backward([dx])
    np.testing.assert_allclose(np.asarray(dx), np.asarray(expected[0]), rtol=1e-5, atol=1e-6)
    for variable, slope, of_layer in zip(layer.trainableVariables(), expected[1:], layer.getGrads()):
        np.testing.assert_allclose(np.asarray(grads[variable]), np.asarray(slope), rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(np.asarray(of_layer), np.asarray(grads[variable]))
    bias = layer.trainableVariables()[1]
    grads = {}
    call.backward([mo.ones([2, 3])], grads, [bias])
    assert list(grads) == [bias]


def test_losses():
    loss = nn.losses.SparseCategoricalCrossEntropy(from_logits=True)
    x, t = g.Variable([[1.0, 2.0, 0.5]]), mo.array([1], NDArray.int32)
    with g.GradientTape() as tape:
        y = g.mul(loss.forward(t, x), g.Variable(5))
    expected = tape.gradient(y, x)
    call = y.creator().inputs()[0].creator()
    assert call.func() is loss
    d, _ = y.creator().backward([K.onesLike(y)])
    nothing, dx = call.backward([d])
    assert nothing is None
    np.testing.assert_array_equal(np.asarray(dx), np.asarray(expected))


def test_a_pipeline_collects_the_gradients_of_weights():
    layer = nn.layers.Dense(2, activation="softmax")
    x = g.Variable(mo.array([[1, -2]]))
    layer.build(x)
    with g.GradientTape() as tape:
        y = layer.forward(layer.forward(x))
    last = y.creator()
    first = last.inputs()[0].creator()
    weights = layer.trainableVariables()
    dy = mo.array([[1, 3]])
    grads = {y: dy}
    tape.backwardPipeline(K, [last, first], grads, [x, *weights])
    with g.GradientTape() as tape:
        z = g.reduceSum(g.mul(layer.forward(layer.forward(x)), g.Variable(dy)))
    for variable, slope in zip([x, *weights], tape.gradient(z, [x, *weights])):
        np.testing.assert_allclose(np.asarray(grads[variable]), np.asarray(slope), rtol=1e-5, atol=1e-6)


def test_missing_and_wrong_gradients():
    x = g.Variable([[1.0, 2.0]])
    with g.GradientTape():
        y = g.square(x)
    with pytest.raises(InvalidArgumentException, match="the gradient of the output of Square is missing"):
        y.creator().backward([])
    with pytest.raises(InvalidArgumentException, match=r"output #1 of Square has shape \[2\], must be \[1, 2\]"):
        y.creator().backward([mo.ones([2])])


def test_references_to_outputs():
    x = g.Variable([1.0, 2.0])
    with g.GradientTape():
        y = g.square(x)
        z = g.exp(y)
    assert [r.get() is y for r in y.creator().outputs()] == [True]
    call = y.creator()
    del y, z
    assert [r.get() for r in call.outputs()] == [None]
