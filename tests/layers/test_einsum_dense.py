"""EinsumDense: equations, shapes of weights, gradients, errors."""

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_math.matrix import NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient import MaskedNDArray

nn = NeuralNetworks()
g = nn.gradient()
K = nn.backend

# equation, bias_axes, input shape, output_shape, shapes of kernel, bias and outputs, equation with no ellipsis
CASES = [
    ("ab,b->a", None, [2, 32], [], [32], None, [2], None),
    ("ab,bc->ac", None, [2, 32], 64, [32, 64], None, [2, 64], None),
    ("ab,cb->ac", "c", [2, 32], 64, [64, 32], [64], [2, 64], None),
    ("abc,cde->abde", None, [2, 1, 2], [1, 3, 4], [2, 3, 4], None, [2, 1, 3, 4], None),
    ("abc,cde->abde", "e", [2, 1, 2], [None, 3, 4], [2, 3, 4], [4], [2, 1, 3, 4], None),
    ("abc,cde->abde", "d", [2, 1, 2], [1, 3, 4], [2, 3, 4], [3, 1], [2, 1, 3, 4], None),
    ("abc,cde->abde", "be", [2, 7, 2], [7, 3, 4], [2, 3, 4], [7, 1, 4], [2, 7, 3, 4], None),
    ("abc,cde->abde", "ade", [2, 7, 2], [7, 3, 4], [2, 3, 4], [1, 1, 3, 4], [2, 7, 3, 4], None),
    ("abc,dec->abde", "de", [2, 7, 2], [7, 3, 4], [3, 4, 2], [3, 4], [2, 7, 3, 4], None),
    ("BFNH,NHD->BFD", "D", [2, 1, 2, 3], [1, 4], [2, 3, 4], [4], [2, 1, 4], None),
    ("BFNH,HND->BFD", None, [2, 1, 2, 3], [1, 4], [3, 2, 4], None, [2, 1, 4], None),
    ("i,d->id", None, [2], [2], [2], None, [2, 2], None),
    ("ibd,nd->ibn", "n", [2, 2, 1], [2, 2], [2, 1], [2], [2, 2, 2], None),
    ("abc,bc->ab", "b", [2, 3, 4], [3], [3, 4], [3], [2, 3], None),
    ("abc,bcd->abd", None, [2, 3, 4], [3, 5], [3, 4, 5], None, [2, 3, 5], None),
    ("abc,cd->ad", "d", [2, 3, 4], [5], [4, 5], [5], [2, 5], None),
    ("abc,cd->adb", "d", [2, 3, 4], [5, 3], [4, 5], [5, 1], [2, 5, 3], None),
    ("ab,b->ab", "b", [2, 3], [3], [3], [3], [2, 3], None),
    ("...b,bc->...c", "c", [2, 32], 64, [32, 64], [64], [2, 64], "ab,bc->ac"),
    ("...bc,bc->...b", None, [2, 32, 64], [32], [32, 64], None, [2, 32], "abc,bc->ab"),
    ("...b,bc->...c", None, [2, 3, 32], [64], [32, 64], None, [2, 3, 64], "adb,bc->adc"),
    ("...c,cde->...de", "d", [2, 1, 2], [3, 4], [2, 3, 4], [3, 1], [2, 1, 3, 4], "abc,cde->abde"),
    ("...c,cde->...de", "de", [2, 1, 2], [3, 4], [2, 3, 4], [3, 4], [2, 1, 3, 4], "abc,cde->abde"),
    ("...ab,bc->...ac", "c", [2, 3], [4], [3, 4], [4], [2, 4], "ab,bc->ac"),
    ("bc...,cd->bd...", None, [2, 1, 2, 3], 4, [1, 4], None, [2, 4, 2, 3], "bcxy,cd->bdxy"),
    ("bc...,cde->bde...", "d", [2, 1, 2], [3, 4], [1, 3, 4], [3, 1, 1], [2, 3, 4, 2], "bcx,cde->bdex"),
    ("bc...,cde->bde...", "e", [2, 1, 2], [3, 4], [1, 3, 4], [4, 1], [2, 3, 4, 2], "bcx,cde->bdex"),
    ("bc...,cde->bde...", "de", [2, 1, 2], [3, 4], [1, 3, 4], [3, 4, 1], [2, 3, 4, 2], "bcx,cde->bdex"),
]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]}-{c[1]}")


@every_case
def test_shapes(case):
    equation, axes, inputs, output_shape, kernel, bias, outputs, _ = case
    for layer in (
        nn.layers.EinsumDense(equation, output_shape, input_shape=inputs[1:], bias_axes=axes),
        nn.layers.EinsumDense(equation, output_shape, bias_axes=axes),
    ):
        layer.build(None if layer.inputShape() else g.Variable(K.zeros(inputs)))
        assert [p.shape() for p in layer.getParams()] == ([kernel] if bias is None else [kernel, bias])
        assert [d.shape() for d in layer.getGrads()] == [p.shape() for p in layer.getParams()]
        assert layer.outputShape() == outputs[1:]
        assert layer.compute_output_shape() == [1, *outputs[1:]]
        assert np.asarray(layer.kernel()).any()


@pytest.mark.parametrize("activation", [None, "relu", "sigmoid", "tanh", "softmax"])
@every_case
def test_values_and_gradients(case, activation):
    equation, axes, inputs, output_shape, kernel, bias, outputs, plain = case
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(-1, 1, s) for s in (inputs, kernel, bias) if s is not None]
    upstream = rng.uniform(0.5, 1.5, outputs)
    layer = nn.layers.EinsumDense(equation, output_shape, bias_axes=axes, activation=activation)
    layer.build(inputs[1:], sampleWeights=[g.Variable(a).value() for a in arrays[1:]])
    x = g.Variable(arrays[0])

    def twin(x, k, b=None):
        z = np.einsum(plain or equation, x, k)
        if b is not None:
            z = z + b
        if activation == "softmax":
            e = np.exp(z - z.max(-1, keepdims=True))
            return e / e.sum(-1, keepdims=True)
        f = {"relu": lambda z: np.maximum(z, 0), "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh}
        return z if activation is None else f[activation](z)

    with g.GradientTape() as tape:
        y = layer.forward(x)
        z = g.mul(y, upstream)
    np.testing.assert_allclose(np.asarray(y), twin(*arrays), rtol=1e-12, atol=1e-12)
    for n, got in enumerate(tape.gradient(z, [x, *layer.weights()])):
        for _ in range(3):
            at = tuple(rng.integers(0, arrays[n].shape))
            ends = []
            for step in (1e-6, -1e-6):
                moved = [a.copy() for a in arrays]
                moved[n][at] += step
                ends.append((twin(*moved) * upstream).sum())
            assert np.asarray(got)[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-7)


@every_case
def test_eager_equals_compiled(case):
    equation, axes, inputs, output_shape, *_ = case
    layer = nn.layers.EinsumDense(equation, output_shape, bias_axes=axes, activation="tanh")
    x = g.Variable(np.random.default_rng(0).uniform(-1, 1, inputs).astype(np.float32))
    layer.forward(x)
    compiled = g.Function(lambda x: layer.forward(x))
    found = []
    for function in (layer.forward, compiled, compiled):
        with g.GradientTape() as tape:
            y = function(x)
        found.append([np.array(a) for a in (y, *tape.gradient(y, [x, *layer.weights()]))])
    for other in found[1:]:
        for a, b in zip(found[0], other):
            np.testing.assert_array_equal(a, b)


def test_some_gradients_only():
    layer = nn.layers.EinsumDense("ab,bc->ac", 3, bias_axes="c", activation="tanh")
    x = g.Variable(np.ones((2, 4), np.float32))
    with g.GradientTape() as tape:
        y = layer.forward(x)
    every = tape.gradient(y, [x, *layer.weights()])
    for i, v in enumerate([x, *layer.weights()]):
        np.testing.assert_array_equal(np.asarray(tape.gradient(y, v)), np.asarray(every[i]))


def test_masks_stay():
    x = MaskedNDArray(K.ones([2, 3, 4]), K.array([[1, 0, 1], [1, 1, 0]], dtype=NDArray.bool))
    y = nn.layers.EinsumDense("abc,cd->abd", [3, 2], activation="relu").forward(x)
    assert y.value().mask() is x.mask()


@pytest.mark.parametrize(
    ("equation", "output_shape", "axes", "message"),
    [
        ("ab,bc", 3, None, "Invalid einsum equation 'ab,bc'"),
        ("ab,bc->ac...", 3, None, "Invalid einsum equation"),
        ("...ab...,bc->...ac...", 3, None, "Invalid einsum equation"),
        ("abc,cd->abd", 3, None, "Unmatch rank of input_shape and input spec in equation"),
        ("ab,bc->ac", [3, 4], None, "Unmatch rank of output_shape and output spec in equation"),
        ("ab,bc->ab", 3, None, "do not match at shared dimension 'b'"),
        ("ab,bc->ad", 3, None, "Dimension 'd' was specified in the output 'ad' but has no corresponding dim"),
        ("ab,bc->a", [], None, "Weight dimension 'c' did not have a match"),
        ("ab,bc->ac", [None], None, "must be a number"),
        ("ab,bc->ac", 3, "b", "Bias dimension 'b' was requested"),
        ("ab,bc->ca", 3, None, "must be the batch"),
        ("aab,bc->ac", 3, None, "A letter appears twice in 'aab'"),
    ],
)
def test_equations_that_are_refused(equation, output_shape, axes, message):
    layer = nn.layers.EinsumDense(equation, output_shape, bias_axes=axes, name="mix")
    with pytest.raises(InvalidArgumentException, match=message) as error:
        layer.build([4])
    assert "mix" in str(error.value)


@pytest.mark.parametrize("output_shape", [None, "ab", 2.5])
def test_output_shapes_that_are_none(output_shape):
    with pytest.raises(InvalidArgumentException, match="EinsumDense: output_shape must be"):
        nn.layers.EinsumDense("ab,bc->ac", output_shape)


def test_other_types_are_refused():
    layer = nn.layers.EinsumDense("ab,bc->ac", 3, input_shape=[4], name="mix")
    with pytest.raises(InvalidArgumentException, match="inputs are float64, the kernel is float32 in mix:forward"):
        layer.forward(g.Variable(np.ones((2, 4))))


def test_shapes_are_checked_without_inspection():
    layer = nn.layers.EinsumDense("ab,bc->ac", 3, input_shape=[4], name="mix")
    layer.build()
    layer.setShapeInspection(False)
    for shape in ([2, 5], [2, 2, 4]):
        with pytest.raises(InvalidArgumentException, match="mix:forward"):
            layer.forward(K.ones(shape))


def test_not_built():
    with pytest.raises(LogicException, match="You must build the layer before accessing `kernel`"):
        nn.layers.EinsumDense("ab,bc->ac", 3).kernel()


def test_configuration():
    layer = nn.layers.EinsumDense("ab,bc->ac", 3, bias_axes="c", activation="relu")
    assert layer.getEquation() == "ab,bc->ac"
    assert layer.get_config() == {
        "output_shape": [3],
        "equation": "ab,bc->ac",
        "activation": "relu",
        "bias_axes": "c",
        "kernel_initializer": "glorot_uniform",
        "bias_initializer": "zeros",
    }
