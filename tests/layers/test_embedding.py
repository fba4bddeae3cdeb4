"""Embedding: gradients of repeated numbers, masks, ranges."""

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, RuntimeException
from rindow_math.matrix import NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient import MaskedNDArray

nn = NeuralNetworks()
g = nn.gradient()
K = nn.backend


def gradient(ids, rows, width, dtype):
    """The kernel's gradient by the layer and by addition one after the other."""
    rng = np.random.default_rng(width)
    layer = nn.layers.Embedding(rows, width)
    layer.build([ids.shape[1]], sampleWeights=[g.Variable(rng.uniform(-1, 1, (rows, width)).astype(dtype)).value()])
    dy = rng.uniform(-1, 1, (*ids.shape, width)).astype(dtype)
    with g.GradientTape() as tape:
        z = g.mul(layer.forward(g.Variable(ids)), dy)
    want = np.zeros((rows, width), dtype)
    for i, d in zip(ids.reshape(-1), dy.reshape(-1, width)):
        want[i] += d
    return np.asarray(tape.gradient(z, layer.weights()[0])), want


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("width", [1, 7, 16, 33, 160, 256])
def test_gradient_to_the_bit(width, dtype):
    ids = np.random.default_rng(0).integers(0, 50, (20, 13), dtype=np.int32)
    got, want = gradient(ids, 60, width, dtype)
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("ids", [np.full((40, 50), 3), np.arange(2000).reshape(40, 50) % 7 * (np.arange(50) % 2)])
def test_gradient_where_one_row_has_most(ids):
    got, want = gradient(ids.astype(np.int64), 9, 200, np.float32)
    np.testing.assert_array_equal(got, want)


def test_gradient_of_a_large_kernel():
    ids = np.random.default_rng(0).integers(0, 9000, (30, 40), dtype=np.int32)
    got, want = gradient(ids, 9000, 128, np.float32)
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32"])
def test_kinds_of_numbers(kind):
    got, want = gradient(np.array([[1, 0, 2, 1]], kind).astype(int), 3, 4, np.float64)
    np.testing.assert_array_equal(got, want)
    layer = nn.layers.Embedding(3, 2)
    out = layer.forward(K.array([[1, 0, 2, 1]], dtype=getattr(NDArray, kind)))
    np.testing.assert_array_equal(np.asarray(out)[0], np.asarray(layer.getParams()[0])[[1, 0, 2, 1]])


@pytest.mark.parametrize("wrong", [-1, 4, 2**31 - 1])
def test_numbers_out_of_range(wrong):
    layer = nn.layers.Embedding(4, 2, name="words")
    with pytest.raises(RuntimeException, match=f"{wrong} at position 2.*0 to 3 are allowed in words:forward"):
        layer.forward(K.array([[0, 3], [wrong, 1]], dtype=NDArray.int32))


def test_mask_of_zeros():
    layer = nn.layers.Embedding(4, 2, mask_zero=True)
    function = g.Function(lambda x: layer.forward(x))
    for ids in ([[0, 1, 2], [3, 2, 0]], [[0, 1, 2], [0, 2, 1]], [[1, 1, 1], [0, 0, 0]]):
        for call in (layer.forward, function):
            value = call(g.Variable(K.array(ids, dtype=NDArray.int32))).value()
            assert isinstance(value, MaskedNDArray)
            np.testing.assert_array_equal(np.asarray(value.mask()), np.array(ids) != 0)
            np.testing.assert_array_equal(np.asarray(value), np.asarray(layer.getParams()[0])[ids])


def test_a_mask_of_the_inputs_stays():
    x = MaskedNDArray(K.array([[1, 2]], dtype=NDArray.int32), K.array([[True, False]], dtype=NDArray.bool))
    assert nn.layers.Embedding(4, 2).forward(x).value().mask().toArray() == [[True, False]]
    assert nn.layers.Embedding(4, 2, mask_zero=True).forward(x).value().mask().toArray() == [[True, True]]


def test_backward_of_the_call():
    layer = nn.layers.Embedding(4, 2)
    with g.GradientTape():
        y = layer.forward(K.array([[1, 1, 3]], dtype=NDArray.int32))
    (dx,) = y.creator().backward([K.ones([1, 3, 2])])
    assert dx.toArray() == [[0, 0, 0]]
    assert layer.getGrads()[0].toArray() == [[0, 0], [2, 2], [0, 0], [1, 1]]


def test_gradients_before_the_first_backward_are_zeros():
    layer = nn.layers.Embedding(4, 2, input_length=3)
    layer.build()
    assert layer.getGrads()[0].toArray() == [[0, 0]] * 4


@pytest.mark.parametrize("size", [0, -1, 2.5, True])
def test_sizes(size):
    with pytest.raises(InvalidArgumentException, match="positive integer"):
        nn.layers.Embedding(size, 2)
    with pytest.raises(InvalidArgumentException, match="positive integer"):
        nn.layers.Embedding(2, size)


def test_sequences_only():
    with pytest.raises(InvalidArgumentException, match=r"Unsuppored input shape: \[2,3\]"):
        nn.layers.Embedding(4, 2).build([2, 3])


@pytest.mark.parametrize("make", [lambda: nn.layers.Embedding(5, 3), lambda: nn.layers.Gather(axis=-1)])
def test_numbers_have_gradients_of_zeros(make):
    layer = make()
    ids = g.Variable(K.array([[1, 0, 2], [4, 4, 1]], dtype=NDArray.int32))
    table = g.Variable(K.array(np.ones((2, 3, 5), np.float32)))
    inputs = ids if type(layer).__name__ == "Embedding" else [table, ids]
    with g.GradientTape() as tape:
        y = layer(inputs)
    got = tape.gradient(y, ids)
    assert (got.shape(), got.dtype(), got.toArray()) == ([2, 3], NDArray.int32, [[0, 0, 0], [0, 0, 0]])
