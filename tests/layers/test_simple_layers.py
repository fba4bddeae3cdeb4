"""Layers that move, pick or add values: masks, views, hooks, errors."""

import copy

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, RuntimeException
from rindow_math.matrix import NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient import MaskedNDArray
from rindow_nn.layers import AbstractMultiInputLayer

nn = NeuralNetworks()
g = nn.gradient()
K = nn.backend
layers = nn.layers


def masked(shape, *mask):
    x = np.random.default_rng(len(shape)).uniform(-1, 1, shape).astype(np.float32)
    return MaskedNDArray(g.Variable(x).value(), K.array(mask, dtype=NDArray.bool))


# ---------------------------------------------------------------- masks

ONE_INPUT = [
    lambda: layers.Activation("tanh"),
    lambda: layers.Activation("linear"),
    lambda: layers.Debug(),
    lambda: layers.Debug(enable=True, forward_hook=lambda x: K.scale(2, x)),
    lambda: layers.ExpandDims(0),
    lambda: layers.Flatten(),
    lambda: layers.Input(),
    lambda: layers.Max(),
]


@pytest.mark.parametrize("make", ONE_INPUT)
def test_masks_pass_through(make):
    """Eagerly, compiled, and through a whole chain of layers; the gradient is that without a mask."""
    layer = make()
    x = masked([2, 3, 4], [True, False, True], [True, True, False])
    chain = [layer, layers.Flatten(), layers.Dense(2)]
    plain = g.Variable(x.value())

    def run(x):
        values = [x]
        for part in chain:
            values.append(part.forward(values[-1]))
        return values[1:]

    compiled = g.Function(run)
    run(plain)
    wanted = None
    for function, given in ((run, plain), (run, x), (compiled, x), (compiled, x)):
        v = given if given is plain else g.Variable(given)
        with g.GradientTape() as tape:
            values = function(v)
        if wanted is None:
            wanted = np.asarray(tape.gradient(values[-1], v))
            continue
        np.testing.assert_array_equal(np.asarray(tape.gradient(values[-1], v)), wanted)
        for value in values:
            np.testing.assert_array_equal(np.asarray(value.value().mask()), np.asarray(x.mask()))


def test_repeat_vector_keeps_the_mask():
    x = MaskedNDArray(K.array([[1, 2], [3, 4]]), K.array([True, False], dtype=NDArray.bool))
    assert layers.RepeatVector(3).forward(x).value().mask().toArray() == [True, False]


def test_masks_of_sums():
    x, y = masked([2, 3], True, False), masked([2, 3], True, True)
    plain = g.Variable(np.ones((2, 3), np.float32))
    for inputs, mask in (([x, y], [True, False]), ([x, plain], [True, False]), ([plain, x], [True, False]),
                         ([y, plain], [True, True])):  # fmt: skip
        layer = layers.Add()
        for function in (layer.forward, g.Function(lambda a, b, layer=layer: layer.forward([a, b]))):
            out = function(inputs) if function == layer.forward else function(*map(g.Variable, inputs))
            assert out.value().mask().toArray() == mask
            np.testing.assert_array_equal(np.asarray(out), np.asarray(inputs[0]) + np.asarray(inputs[1]))
    assert not isinstance(layers.Add().forward([plain, plain]).value(), MaskedNDArray)
    with pytest.raises(InvalidArgumentException, match="num of masks must be 2 items"):
        layers.Add().computeMask([], [None])


def test_masks_end_at_concatenate():
    x = masked([2, 3], True, False)
    assert not isinstance(layers.Concatenate().forward([x, x]).value(), MaskedNDArray)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("first", [masked([2, 2, 2], [False, False], [False, False]), g.Variable(np.ones((2, 2, 2)))])
def test_inherited_masks(first, compiled):
    source = masked([2, 2, 3], [True, True], [True, False])
    layer = layers.InheritMask()
    function = g.Function(lambda a, b: layer.forward([a, b])) if compiled else lambda a, b: layer.forward([a, b])
    for _ in range(2):
        a, b = g.Variable(first), g.Variable(source)
        with g.GradientTape() as tape:
            y = function(a, b)
        assert y.value().mask().toArray() == [[True, True], [True, False]]
        np.testing.assert_array_equal(np.asarray(y), np.asarray(first))
        da, db = tape.gradient(y, [a, b])
        np.testing.assert_array_equal(np.asarray(da), np.ones((2, 2, 2)))
        np.testing.assert_array_equal(np.asarray(db), np.zeros((2, 2, 3)))
    with g.GradientTape():
        y = layer.forward([first, source])
    assert [d.shape() for d in y.creator().backward([K.ones([2, 2, 2])])] == [[2, 2, 2], [2, 2, 3]]


# ---------------------------------------------------------------- views


@pytest.mark.parametrize("make", [layers.Flatten, lambda: layers.ExpandDims(1), layers.Input, layers.Debug])
def test_no_copies(make):
    x = K.array(np.arange(24).reshape(2, 3, 4).tolist())
    y = make().forward(x)
    assert np.shares_memory(np.asarray(x), np.asarray(y))
    function = g.Function(make().forward)
    function(x)
    assert "1 step" not in function.plan()


def test_shapes_are_checked_without_inspection():
    for layer in (layers.Flatten(input_shape=[3]), layers.ExpandDims(0, input_shape=[3]), layers.RepeatVector(2, [3])):
        layer.forward(K.ones([2, 3]))
        layer.setShapeInspection(False)
        for shape in ([2, 3, 2], []):
            with pytest.raises(InvalidArgumentException, match=layer.name()):
                layer.forward(K.ones(shape))
    add = layers.Add()
    add.forward([K.ones([2, 3]), K.ones([2, 3])])
    add.setShapeInspection(False)
    with pytest.raises(InvalidArgumentException, match=r"inputs need 2 NDArray\. 3 given in add"):
        add.forward([K.ones([2, 3])] * 3)
    with pytest.raises(InvalidArgumentException, match=r"Inputs have incompatible shapes.*\(2,3\) and \(2,4\)"):
        add.forward([K.ones([2, 3]), K.ones([2, 4])])


# ---------------------------------------------------------------- hooks


def test_hooks():
    seen = []

    def forward(x):
        seen.append(("forward", x.shape()))
        return K.scale(2, x)

    def backward(dy):
        seen.append(("backward", dy.shape()))

    layer = layers.Debug(enable=True, forward_hook=forward, backward_hook=backward)
    x = g.Variable([[1.0, 2.0]])
    compiled = g.Function(layer.forward)
    for function in (layer.forward, compiled, compiled):
        seen.clear()
        with g.GradientTape() as tape:
            y = function(x)
        assert y.toArray() == [[2, 4]]
        assert tape.gradient(y, x).toArray() == [[1, 1]]
        assert seen[0] == ("forward", [1, 2])
        assert seen[-1] == ("backward", [1, 2])


def test_hooks_that_are_not_enabled():
    layer = layers.Debug(forward_hook=lambda x: pytest.fail("called"), backward_hook=lambda x: pytest.fail("called"))
    x = g.Variable([[1.0]])
    with g.GradientTape() as tape:
        y = layer.forward(x)
    assert tape.gradient(y, x).toArray() == [[1]]


# ---------------------------------------------------------------- gather, max


def test_gather_adds_up_repeated_numbers():
    source = g.Variable(np.arange(6.0).reshape(1, 3, 2))
    layer = layers.Gather(axis=0)
    with g.GradientTape() as tape:
        y = layer.forward([source, K.array([[2, 0, 2, 2]], dtype=NDArray.int32)])
    assert y.toArray() == [[[4, 5], [0, 1], [4, 5], [4, 5]]]
    assert tape.gradient(y, source).toArray() == [[[1, 1], [0, 0], [3, 3]]]
    dsource, dindex = y.creator().backward([g.Variable(np.ones((1, 4, 2))).value()])
    assert dsource.toArray() == [[[1, 1], [0, 0], [3, 3]]]
    assert dindex.toArray() == [[0, 0, 0, 0]]


def test_gather_out_of_range():
    layer = layers.Gather(name="pick")
    with pytest.raises(
        RuntimeException, match=r"Label number is out of bounds\.: 3 at position 1.*0 to 2 .*pick:forward"
    ):
        layer.forward([K.zeros([2, 3]), K.array([0, 3], dtype=NDArray.int32)])


@pytest.mark.parametrize(
    ("options", "shapes", "message"),
    [
        ({"batchDims": 2}, [[3, 2], [2]], r"batchDims\(2\) must be less than to ndims of params \(2\) in input_shapes"),
        ({"axis": 2}, [[3, 2], [2]], r"axis \(2\) must be less than to ndims of params \(2\)"),
        ({"axis": 0, "batchDims": 1}, [[3], [3]], r"batchDims\(1\) must be less"),
        ({"axis": 1, "batchDims": 2}, [[3, 4, 5], [3, 4]], r"batchDims \(2\) must be less than or equal to axis \(1\)"),
        ({"detailDepth": 3}, [[3, 2], [2]], r"detailDepth \(3\)"),
        ({"detailDepth": 0}, [[3, 2], [2]], r"detailDepth \(0\)"),
        ({"indexDepth": 2}, [[3, 2], [2]], r"indexDepth \(2\)"),
        ({"batchDims": 1}, [[3, 2], [4]], "Unmatch batch shape of params and indices"),
        ({"detailDepth": 2, "indexDepth": 0}, [[3, 2], [4]], "Unmatch inner shape of params and indices"),
        ({}, [[3, 2], [2], [2]], "num of inputs must be 2: inputs is 3"),
    ],
)
def test_gathers_that_are_refused(options, shapes, message):
    with pytest.raises(InvalidArgumentException, match=message):
        layers.Gather(**options).build(shapes)


def test_the_first_of_several_maxima_has_the_gradient():
    x = g.Variable([[1.0, 3.0, 3.0, -1.0], [2.0, 2.0, 2.0, 2.0]])
    with g.GradientTape() as tape:
        y = layers.Max().forward(x)
    assert tape.gradient(y, x).toArray() == [[0, 1, 0, 0], [1, 0, 0, 0]]


# ---------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("make", "shape", "message"),
    [
        (lambda: layers.ExpandDims(4), [4, 4, 3], "Invalid axis. Dims of the inputshape is 3. axis=4 given"),
        (lambda: layers.ExpandDims(-5), [4, 4, 3], "Invalid axis. Dims of the inputshape is 3. axis=-5 given"),
        (lambda: layers.Max(2), [4, 3], "Invalid axis. Dims of the inputshape is 2. axis=2 given"),
        (lambda: layers.Max(-3), [4, 3], "Invalid axis. Dims of the inputshape is 2. axis=-3 given"),
        (lambda: layers.RepeatVector(2), [4, 3], "input shape must be 1D:4,3"),
        (lambda: layers.Concatenate(2), [[3], [3]], "Invalid axis. Dims of the inputshape is 1. axis=2 given"),
        (lambda: layers.Concatenate(0), [[3], [3]], "Invalid axis"),
        (lambda: layers.Concatenate(), [[3, 4], [4, 4]], r"Unmatch input_shapes:\[3,4\] \[4,4\]"),
        (lambda: layers.Concatenate(), [[3]], "num of inputs must be greater then 2 or equal: input dims is 1"),
        (lambda: layers.Add(), [[3], [3], [3]], "num of inputs must be 2 values: input dims is 3"),
        (lambda: layers.Add(), [[3], [4]], r"Inputs have incompatible shapes. Received shapes \(3\) and \(4\)"),
        (lambda: layers.InheritMask(), [[3], [3], [3]], "num of inputs must be 2 values"),
        (lambda: layers.Add(input_shapes=[[3], [3]]), [[4], [4]], r"defined as \(\(3\),\(3\)\) but \(\(4\),\(4\)\)"),
    ],
)  # fmt: skip
def test_builds_that_are_refused(make, shape, message):
    with pytest.raises(InvalidArgumentException, match=message):
        make().build(shape)


@pytest.mark.parametrize("repeats", [0, -1, 1.5, True])
def test_repeats(repeats):
    with pytest.raises(InvalidArgumentException, match="repeats must be a positive integer"):
        layers.RepeatVector(repeats)


def test_inputs_that_are_refused():
    layer = layers.Add(name="plus")
    with pytest.raises(InvalidArgumentException, match=r"inputs must be list of variable: .* given in plus"):
        layer.forward(K.ones([2, 3]))
    with pytest.raises(InvalidArgumentException, match="Must have arguments greater than 2 or equal in plus"):
        layer.forward([K.ones([2, 3])])
    layer.forward([K.ones([2, 3]), K.ones([2, 3])])
    with pytest.raises(InvalidArgumentException, match=r"unmatch batch size of input 1: \[4\], must be \[2\] in plus"):
        layer.forward([K.ones([2, 3]), K.ones([4, 3])])
    with pytest.raises(InvalidArgumentException, match=r"inputs need 2 NDArray\. 3 given in plus:forward"):
        layer.forward([K.ones([2, 3])] * 3)


# ---------------------------------------------------------------- layers of the user's


class Weighted(AbstractMultiInputLayer):
    """a x + y with a weight a."""

    def __init__(self, backend):
        super().__init__(backend)
        self.initName(None, "weighted")
        self.allocateWeights(["a"])

    def build(self, variables=None, sampleWeights=None):
        shapes = self.normalizeInputShapes(variables)
        if self.weights()[0].isUndetermined():
            self.assignWeights([K.array(3.0)])
        self._outputShape = shapes[0]

    def call(self, inputs, training=None):
        x, y = self.container().inputs = inputs
        return K.add(K.scale(float(self.getParams()[0].toArray()), x), y)

    def differentiate(self, dOutputs):
        x, _ = self.container().inputs
        self.setGrads([K.array(K.sum(K.mul(dOutputs, x)))])
        return [K.scale(float(self.getParams()[0].toArray()), dOutputs), dOutputs]


def test_several_inputs():
    layer = Weighted(K)
    x, y = g.Variable([[1.0, 2.0]]), g.Variable([[5.0, 6.0]])
    compiled = g.Function(lambda a, b: layer([a, b]))
    for function in (lambda a, b: layer([a, b], True), compiled, compiled):
        with g.GradientTape() as tape:
            z = function(x, y)
        assert z.toArray() == [[8, 12]]
        dx, dy, da = tape.gradient(z, [x, y, *layer.weights()])
        assert (dx.toArray(), dy.toArray(), da.toArray()) == ([[3, 3]], [[1, 1]], 3)
    assert copy.copy(layer).forward([x, y]).toArray() == [[8, 12]]
    layer.call([K.array([[1, 2]]), K.array([[0, 0]])])
    grads = {}
    ends = layer.backward([K.ones([1, 2])], grads, layer.weights())
    assert [d.toArray() for d in ends] == [[[3, 3]], [[1, 1]]]
    assert grads[layer.weights()[0]].toArray() == 3
    assert layer._rawCall([K.array([[1, 2]]), K.array([[0, 0]])], {"training": True})[0].toArray() == [[3, 6]]
    with pytest.raises(InvalidArgumentException, match="dOutputs must be list containing one NDArray"):
        layer.backward([])


def test_pack_and_unpack():
    layer = layers.Add()
    (a, b), (x, y) = layer.packAndUnpackVariables(K, [K.array([1, 2]), g.Variable([3.0])])
    assert (a.toArray(), b.toArray(), x.toArray(), y.toArray()) == ([1, 2], [3], [1, 2], [3])
    assert layer.packAndUnpackVariable(K, None) == [None, None]
