"""Dense: values, gradients, shapes, names, initializers and activations of the user's."""

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.activations import AbstractActivation, FunctionFactory
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient import MaskedNDArray
from rindow_nn.gradient.core import Variable
from rindow_nn.layers import Dense

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


ACTIVATIONS = {
    None: lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "softmax": softmax,
}
SHAPES = [[5, 3], [2, 4, 3], [2, 1, 2, 3], [1, 3]]


def layer64(weights, **options):
    """A layer with float64 weights, for central differences."""
    layer = nn.layers.Dense(weights[0].shape[1], use_bias=len(weights) > 1, **options)
    layer.build([weights[0].shape[0]], sampleWeights=[g.Variable(w).value() for w in weights])
    layer.setShapeInspection(False)
    return layer


def draw(shape, use_bias=True, seed=0):
    rng = np.random.default_rng(seed)
    x, w, b = rng.uniform(-1, 1, shape), rng.uniform(-1, 1, (3, 4)), rng.uniform(-1, 1, 4)
    return x, ([w, b] if use_bias else [w])


def twin(x, weights, activation):
    return ACTIVATIONS[activation](x @ weights[0] + (weights[1] if len(weights) > 1 else 0))


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_values_and_gradients(shape, activation, use_bias):
    x, weights = draw(shape, use_bias)
    layer = layer64(weights, activation=activation)
    upstream = np.random.default_rng(1).uniform(0.5, 1.5, [*shape[:-1], 4])
    v = g.Variable(x)
    with g.GradientTape() as tape:
        y = layer(v)
        loss = g.reduceSum(g.mul(y, upstream))
    np.testing.assert_allclose(np.asarray(y), twin(x, weights, activation), rtol=1e-9, atol=1e-12)
    grads = tape.gradient(loss, [v, *layer.trainableVariables()])

    def value(*arrays):
        return float((twin(arrays[0], arrays[1:], activation) * upstream).sum())

    arrays = [x, *weights]
    for i, grad in enumerate(grads):
        assert grad.shape() == list(arrays[i].shape)
        found = np.asarray(grad)
        for at in np.ndindex(arrays[i].shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [a.copy() for a in arrays]
                moved[i][at] += step
                ends.append(value(*moved))
            assert found[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_float32(activation):
    layer = nn.layers.Dense(7, activation=activation)
    x = np.random.default_rng(2).uniform(-1, 1, (33, 19)).astype(np.float32)
    y = layer(mo.array(x))
    assert isinstance(y, Variable)
    assert y.dtype() == NDArray.float32
    weights = [np.asarray(w.value()).astype(np.float64) for w in layer.weights()]
    np.testing.assert_allclose(np.asarray(y), twin(x, weights, activation), rtol=2e-5, atol=2e-6)


def test_only_what_is_asked_for():
    layer = nn.layers.Dense(2, activation="relu")
    x = g.Variable([[1.0, 2.0, 3.0]])
    with g.GradientTape() as tape:
        y = layer(x)
    dkernel = tape.gradient(y, layer.weights()[0])
    dx = tape.gradient(y, x)
    assert dkernel.shape() == [3, 2]
    assert dx.shape() == [1, 3]


def test_a_layer_called_twice_in_one_tape():
    x, weights = draw([2, 3])
    weights[0] = weights[0][:, :3]
    layer = layer64([weights[0]], activation="tanh")
    v = g.Variable(x)
    with g.GradientTape() as tape:
        y = layer(layer(v))
    dx, dw = tape.gradient(y, [v, layer.weights()[0]])

    def value(a, w):
        return float(np.tanh(np.tanh(a @ w) @ w).sum())

    for found, array, at in ((dx, 0, (1, 2)), (dw, 1, (0, 1)), (dw, 1, (2, 2))):
        ends = []
        for step in (1e-6, -1e-6):
            moved = [x.copy(), weights[0].copy()]
            moved[array][at] += step
            ends.append(value(*moved))
        assert np.asarray(found)[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5)


def test_empty_batches():
    layer = nn.layers.Dense(2, activation="sigmoid")
    x = g.Variable(np.zeros((0, 3), np.float32))
    with g.GradientTape() as tape:
        y = layer(x)
    assert y.shape() == [0, 2]
    dx, dw, db = tape.gradient(y, [x, *layer.weights()])
    assert dx.shape() == [0, 3]
    assert not np.asarray(dw).any()
    assert not np.asarray(db).any()


def test_masks_pass_through():
    mask = mo.array([[True, True], [True, False]], NDArray.bool)
    x = g.Variable(MaskedNDArray(mo.ones([2, 2, 3]), mask))
    for activation in ("relu", "softmax"):
        y = nn.layers.Dense(2, activation=activation)(x)
        assert isinstance(y.value(), MaskedNDArray)
        assert y.mask().toArray() == mask.toArray()


# ------------------------------------------------------------------------------------------------- construction


def test_configuration():
    layer = nn.layers.Dense(
        4,
        input_shape=[3],
        activation="relu",
        use_bias=False,
        kernel_initializer="he_normal",
        bias_initializer="ones",
        name="mine",
    )
    assert layer.getConfig() == {
        "units": 4,
        "options": {
            "input_shape": [3],
            "use_bias": False,
            "kernel_initializer": "he_normal",
            "bias_initializer": "ones",
            "activation": "relu",
        },
    }
    config = layer.getConfig()
    twin_ = nn.layers.Dense(config["units"], **config["options"])
    assert twin_.getConfig() == config
    assert nn.layers.Dense(1).getConfig()["options"] == {
        "input_shape": None,
        "use_bias": True,
        "kernel_initializer": "glorot_uniform",
        "bias_initializer": "zeros",
        "activation": None,
    }


def test_default_names(monkeypatch):
    monkeypatch.setattr(Dense, "nameNumbering", 0)
    assert [nn.layers.Dense(1).name() for _ in range(3)] == ["dense", "dense_1", "dense_2"]
    assert nn.layers.Dense(1, name="mine").name() == "mine"
    assert nn.layers.Dense(1).name() == "dense_3"


def test_names_of_weights():
    layer = nn.layers.Dense(1, name="out")
    assert [w.name() for w in layer.weights()] == ["kernel@out", "bias@out"]
    layer.setName("other")
    assert layer.name() == "other"


def test_build():
    layer = nn.layers.Dense(4, input_shape=[2, 3])
    assert all(w.isUndetermined() for w in layer.weights())
    assert layer.getParams() == []
    layer.build()
    assert (layer.inputShape(), layer.outputShape()) == ([2, 3], [2, 4])
    assert [w.shape() for w in layer.getParams()] == [[3, 4], [4]]
    before = layer.getParams()[0]
    layer(mo.ones([1, 2, 3]))
    assert layer.isBuilt()
    assert layer.getParams()[0] is before, "the weights are made once"


def test_sample_weights():
    kernel, bias = mo.ones([3, 2]), mo.ones([2])
    layer = nn.layers.Dense(2)
    layer.build([3], sampleWeights=[kernel, bias])
    assert layer(mo.ones([1, 3])).toArray() == [[4, 4]]


def test_weights_of_a_wrong_shape():
    """The kernels take lengths on trust, so whoever gives wrong weights must hear of it."""
    for wrong in ([mo.ones([3]), mo.ones([2])], [mo.ones([3, 2]), mo.ones([1])], [mo.ones([4, 2]), mo.ones([2])]):
        layer = nn.layers.Dense(2)
        with pytest.raises(InvalidArgumentException, match=r"\("):
            layer.build([3], sampleWeights=wrong)
            layer(mo.ones([1, 3]))
    layer = nn.layers.Dense(200_000)
    layer(mo.ones([1, 3]))
    layer.weights()[1].assign([1.0])
    with pytest.raises(InvalidArgumentException, match=r"bias of shape \(1\)"):
        layer(mo.ones([1, 3]))


def test_initializer_functions():
    calls = []

    def kernel(shape, fans):
        calls.append((shape, fans))
        return mo.full(shape, 2)

    def bias(shape):
        calls.append(shape)
        return mo.full(shape, 5)

    layer = nn.layers.Dense(2, kernel_initializer=kernel, bias_initializer=bias)
    assert layer(mo.ones([1, 3])).toArray() == [[11, 11]]
    assert calls == [([3, 2], [3, 2]), [2]]
    assert layer.getConfig()["options"]["kernel_initializer"] == "kernel"


@pytest.mark.parametrize(
    "name",
    ["glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "random_uniform", "random_normal", "orthogonal"],
)
def test_initializers_by_name(name):
    layer = nn.layers.Dense(40, kernel_initializer=name)
    layer.build([60])
    kernel = np.asarray(layer.getParams()[0])
    assert kernel.dtype == np.float32
    assert abs(kernel.mean()) < 0.05
    assert 0.01 < kernel.std() < 0.3
    assert np.unique(kernel).size > 2000


def test_an_unknown_initializer():
    with pytest.raises(InvalidArgumentException, match=r"glorot_unifrom.*did you mean glorot_uniform"):
        nn.layers.Dense(1, kernel_initializer="glorot_unifrom")


def test_an_unknown_activation():
    with pytest.raises(InvalidArgumentException, match=r"invalid function name:sigmod; .*relu.*did you mean 'sigmoid'"):
        nn.layers.Dense(1, activation="sigmod")
    with pytest.raises(InvalidArgumentException, match=r"int.*Dense"):
        nn.layers.Dense(1, activation=5)
    assert FunctionFactory.factory(K, "ReLU") is not None


@pytest.mark.parametrize("units", [0, -1, 1.5, "3", True, None, [2]])
def test_units(units):
    with pytest.raises(InvalidArgumentException, match="units must be a positive integer"):
        nn.layers.Dense(units)


def test_unknown_options():
    with pytest.raises(TypeError, match="unit"):
        nn.layers.Dense(1, unit=3)


# --------------------------------------------------------------------------------------------------------- errors


def test_wrong_shapes_name_the_layer():
    layer = nn.layers.Dense(2, name="hidden")
    layer(mo.ones([4, 3]))
    with pytest.raises(InvalidArgumentException, match=r"\(5\), must be \(3\) in hidden:forward"):
        layer(mo.ones([4, 5]))
    with pytest.raises(InvalidArgumentException, match=r"\(2,3\), must be \(3\) in hidden"):
        layer(mo.ones([4, 2, 3]))
    with pytest.raises(InvalidArgumentException, match=r"defined as \(4\) but \(3\) given.*named"):
        nn.layers.Dense(2, input_shape=[4], name="named")(mo.ones([1, 3]))
    with pytest.raises(InvalidArgumentException, match="flat"):
        nn.layers.Dense(2, name="flat")(mo.ones([3]))
    with pytest.raises(InvalidArgumentException, match="nowhere"):
        nn.layers.Dense(2, name="nowhere").build()


def test_wrong_types_name_the_layer():
    layer = nn.layers.Dense(2, name="hidden")
    for dtype in (NDArray.float64, NDArray.int32, NDArray.uint8, NDArray.float16):
        with pytest.raises(InvalidArgumentException, match="hidden") as caught:
            layer(mo.ones([4, 3], dtype))
        assert mo.dtypeToString(dtype) in str(caught.value)


@pytest.mark.parametrize("inputs", [None, "text", object()])
def test_inputs_that_are_none(inputs):
    with pytest.raises(InvalidArgumentException):
        nn.layers.Dense(2)(inputs)


def test_shape_inspection_off():
    layer = nn.layers.Dense(2)
    layer(mo.ones([4, 3]))
    layer.setShapeInspection(False)
    assert layer(mo.ones([4, 2, 3])).shape() == [4, 2, 2]
    with pytest.raises(InvalidArgumentException, match=r"\(4,5\)"):
        layer(mo.ones([4, 5]))


def test_assignWeights_counts():
    layer = nn.layers.Dense(2, name="hidden")
    with pytest.raises(LogicException, match="2 weights expected, 1 given in hidden"):
        layer.assignWeights([mo.ones([3, 2])])


# --------------------------------------------------------------------------------------- activations of the user's


class Cubic(AbstractActivation):
    def call(self, inputs, training=None):
        self.states.x = inputs
        self.states.training = training
        return self.backend.mul(inputs, self.backend.square(inputs))

    def differentiate(self, dOutputs):
        return self.backend.mul(dOutputs, self.backend.scale(3, self.backend.square(self.states.x)))


def test_an_activation_object():
    x, weights = draw([2, 3])
    layer = layer64(weights, activation=Cubic(K))
    assert layer.getConfig()["options"]["activation"] == "Cubic"
    v = g.Variable(x)
    with g.GradientTape() as tape:
        y = g.add(layer(v), layer(v))
    z = x @ weights[0] + weights[1]
    np.testing.assert_allclose(np.asarray(y), 2 * z**3)
    dx, dw = tape.gradient(y, [v, layer.weights()[0]])
    np.testing.assert_allclose(np.asarray(dx), 6 * z**2 @ weights[0].T)
    np.testing.assert_allclose(np.asarray(dw), x.T @ (6 * z**2))
    assert layer.getActivation().states is None


def test_an_activation_that_fails():
    class Fail(AbstractActivation):
        def call(self, inputs, training=None):
            raise ZeroDivisionError

    activation = Fail(K)
    layer = nn.layers.Dense(2, activation=activation)
    with pytest.raises(ZeroDivisionError):
        layer(mo.ones([1, 3]))
    assert activation.states is None


def test_gradients_come_in_the_arrays_of_before():
    layer = nn.layers.Dense(2, input_shape=[3])
    layer.build()
    before = layer.getGrads()
    x = g.Variable(K.array([[1, 2, 4]]))
    for factor in (1, 3):
        with g.GradientTape():
            y = layer.forward(x)
        y.creator().backward([K.scale(factor, K.ones([1, 2]))])
        assert before[0].toArray() == [[factor * v] * 2 for v in (1, 2, 4)]
        assert [a is b for a, b in zip(before, layer.getGrads())] == [True, True]
