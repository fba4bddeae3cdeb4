"""Recurrent layers and their cells, beyond the battery: states, masks, activations, cells on their own, PyTorch."""

import copy
import types

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator
from rindow_nn.activations import AbstractActivation, Tanh
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient import MaskedNDArray
from rindow_nn.layers import GRU, LSTM, AbstractRNNCell, AbstractRNNLayer, GRUCell, LSTMCell, SimpleRNNCell

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend

LAYERS = [("SimpleRNN", {}), ("LSTM", {}), ("GRU", {}), ("GRU", {"reset_after": False})]
every_layer = pytest.mark.parametrize("name, options", LAYERS, ids=["SimpleRNN", "LSTM", "GRU", "GRU-before"])
MASK = np.array([[1, 1, 0, 1], [0, 1, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]], bool)


class Slow(AbstractActivation):
    """tanh as kernels do not know it."""

    def call(self, inputs, training=None):
        self.states.outputs = self.backend.tanh(inputs)
        return self.states.outputs

    def differentiate(self, dOutputs):
        return self.backend.dTanh(dOutputs, self.states.outputs)


def states_of(name):
    return 2 if name == "LSTM" else 1


def make(name, options, **more):
    """A float64 layer with random weights, inputs and states."""
    layer = getattr(nn.layers, name)(6, **options, **more)
    layer.build([4, 3])
    rng = np.random.default_rng(1)
    for v in layer.weights():
        v.assign(mo.array(rng.uniform(-1, 1, v.shape())))
    x = g.Variable(mo.array(rng.uniform(-1, 1, (5, 4, 3))))
    states = [g.Variable(mo.array(rng.uniform(-1, 1, (5, 6)))) for _ in range(states_of(name))]
    return layer, x, states


def flat(result):
    """Outputs of a call as one list."""
    return [result[0], *result[1]] if isinstance(result, list) else [result]


def loss_of(outs):
    """A number that depends on all elements of all outputs, in different ways."""
    rng = np.random.default_rng(2)
    total = None
    for y in outs:
        part = g.reduceSum(g.mul(y, mo.array(rng.uniform(0.5, 1.5, y.shape()))))
        total = part if total is None else g.add(total, part)
    return total


def run(layer, x, states, mask=None, function=None):
    """Arrays of the outputs and of the gradients of inputs, states and weights."""
    call = function or (lambda x, *s: layer(x, True, list(s), mask))
    with g.GradientTape() as tape:
        outs = flat(call(x, *states))
        loss = loss_of(outs)
    grads = tape.gradient(loss, [x, *states, *layer.trainableVariables()])
    return [np.array(v) for v in (*outs, *grads)]


def same(found, wanted, bound=1e-12):
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted):
        np.testing.assert_allclose(a, b, rtol=bound, atol=bound)


# ---------------------------------------------------------------- the whole call


@pytest.mark.parametrize("mask", [None, MASK], ids=["", "masked"])
@pytest.mark.parametrize("more", [{}, {"return_sequences": True, "go_backwards": True}], ids=["last", "all"])
@every_layer
def test_gradients_of_states_and_inputs(name, options, more, mask):
    layer, x, states = make(name, options, return_state=True, **more)
    mask = None if mask is None else mo.array(mask)
    found = run(layer, x, states, mask)[1 + len(states) :]

    def value():
        return float(loss_of(flat(layer(x, True, states, mask))))

    for v, grad in zip([x, *states, *layer.weights()], found):
        memory = np.asarray(v.value())
        for at in list(np.ndindex(memory.shape))[::7]:
            kept, ends = memory[at], []
            for step in (1e-6, -1e-6):
                memory[at] = kept + step
                ends.append(value())
            memory[at] = kept
            assert grad[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("mask", [None, MASK], ids=["", "masked"])
@pytest.mark.parametrize("more", [{}, {"return_sequences": True, "go_backwards": True}], ids=["last", "all"])
@every_layer
def test_steps_in_python_agree_with_kernels(name, options, more, mask):
    mask = None if mask is None else mo.array(mask)
    fast, x, states = make(name, options, return_state=True, **more)
    slow, _, _ = make(name, options, return_state=True, activation=Slow(K), **more)
    wanted = run(fast, x, states, mask)
    same(run(slow, x, states, mask), wanted)
    compiled = g.Function(lambda x, *s: flat(slow(x, True, list(s), mask)))
    for _ in range(2):
        same(run(slow, x, states, function=lambda *a: [(r := compiled(*a))[0], r[1:]]), wanted)


@every_layer
def test_compiled_with_states_and_mask(name, options):
    layer, x, states = make(name, options, return_sequences=True, return_state=True)
    masks = [mo.array(MASK), mo.array(~MASK)]
    compiled = g.Function(lambda x, m, *s: flat(layer(x, True, list(s), m)))
    for mask in [*masks, *masks]:
        found = run(layer, x, states, function=lambda x, *s, m=mask: [(r := compiled(x, m, *s))[0], r[1:]])
        for a, b in zip(found, run(layer, x, states, mask)):
            np.testing.assert_array_equal(a, b)


@every_layer
def test_mask_of_the_inputs(name, options):
    layer, x, _ = make(name, options, return_sequences=True, return_state=True)
    masked = g.Variable(MaskedNDArray(x.value(), mo.array(MASK)))
    wanted = run(layer, x, [], mo.array(MASK))
    compiled = g.Function(lambda x: flat(layer(x)))
    for function in (
        lambda x: layer(x),
        lambda x: [(r := compiled(x))[0], r[1:]],
        lambda x: [(r := compiled(x))[0], r[1:]],
    ):
        same(run(layer, masked, [], function=function), wanted, 0)
    outputs, _ = layer(masked)
    np.testing.assert_array_equal(np.asarray(outputs.value().mask()), MASK)
    layer, x, _ = make(name, options)
    assert not isinstance(layer(g.Variable(MaskedNDArray(x.value(), mo.array(MASK)))).value(), MaskedNDArray)


@every_layer
def test_masked_steps_leave_states_alone(name, options):
    layer, x, states = make(name, options, return_sequences=True, return_state=True)
    y, last = layer(x, None, states, mo.array(MASK))
    y = np.asarray(y)
    np.testing.assert_array_equal(y[2], np.repeat(np.asarray(states[0])[2:3], 4, 0))
    np.testing.assert_array_equal(y[4, 1:], y[4, [0, 0, 0]])
    for before, after in zip(states, last):
        np.testing.assert_array_equal(np.asarray(after)[2], np.asarray(before)[2])
    short, _ = layer(x, None, states)
    np.testing.assert_array_equal(np.asarray(short)[3], y[3])


@every_layer
def test_last_output_is_that_of_the_last_step(name, options):
    layer, x, states = make(name, options, return_state=True)
    whole, _, _ = make(name, options, return_sequences=True, return_state=True)
    y, last = layer(x, False, states)
    ys, lasts = whole(x, False, states)
    np.testing.assert_array_equal(np.asarray(y), np.asarray(ys)[:, -1])
    for a, b in zip([y, *last[1:]], lasts):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@every_layer
def test_states_that_are_left_out_are_zeros(name, options):
    layer, x, states = make(name, options, return_state=True)
    zeros = [K.zeros([5, 6], dtype=x.dtype()) for _ in states]
    wanted = [np.asarray(v) for v in flat(layer(x, None, zeros))]
    for given in (None, [], [None] * len(states)):
        same([np.asarray(v) for v in flat(layer(x, None, given))], wanted, 0)


@every_layer
def test_stateful(name, options):
    kept, x, _ = make(name, options, stateful=True)
    plain, _, _ = make(name, options, return_state=True)
    compiled = g.Function(lambda x: kept(x))
    states = None
    for function in (kept, compiled, compiled, compiled, kept):
        wanted, states = plain(x, None, states)
        np.testing.assert_array_equal(np.asarray(function(x)), np.asarray(wanted))
    kept.resetStates()
    np.testing.assert_array_equal(np.asarray(kept(x)), np.asarray(plain(x)[0]))
    with pytest.raises(InvalidArgumentException, match="a state of shape"):
        kept(g.Variable(mo.array(np.asarray(x)[:3])))


@every_layer
def test_stateful_step_by_step(name, options):
    kept, x, _ = make(name, options, stateful=True, activation=Slow(K))
    plain, _, _ = make(name, options, return_state=True)
    _, states = plain(x)
    kept(x)
    same([np.asarray(kept(x))], [np.asarray(plain(x, None, states)[0])])


@pytest.mark.parametrize("activation", ["softmax", "relu", "linear", Tanh(K)], ids=str)
@every_layer
def test_activations(name, options, activation):
    layer, x, states = make(name, options, activation=activation, return_sequences=True)
    cell, calc = layer.cell(), types.SimpleNamespace()
    step = [s.value() for s in states]
    y = np.asarray(layer(x, None, states))
    for t in range(4):
        step = cell.forward(K.rnnGetTimestep(x.value(), t), step, calcState=calc)
        np.testing.assert_allclose(np.asarray(step[0]), y[:, t], rtol=1e-12, atol=1e-12)


def test_gates_may_have_another_activation():
    for gate in ("relu", "softmax"):
        layer, x, states = make("LSTM", {}, recurrent_activation=gate, return_state=True)
        _, [_, c] = layer(x, None, states)
        step = [s.value() for s in states]
        for t in range(4):
            step = layer.cell().forward(K.rnnGetTimestep(x.value(), t), step)
        np.testing.assert_allclose(np.asarray(c), np.asarray(step[1]), rtol=1e-12)


# ---------------------------------------------------------------- backward by hand, weights, copies


@every_layer
def test_backward_of_a_call(name, options):
    layer, x, states = make(name, options)
    kept = layer.getGrads()
    assert all(not np.asarray(d).any() for d in kept)
    with g.GradientTape() as tape:
        y = layer.forward(x, initialStates=states)
        loss = g.reduceSum(y)
    wanted = tape.gradient(loss, [x, *states, *layer.weights()])
    ones = K.ones([5, 6], dtype=x.dtype())
    grads: dict = {}
    found = y.creator().backward([ones], grads, layer.weights())
    same([np.asarray(v) for v in (*found, *layer.getGrads())], [np.asarray(v) for v in wanted], 0)
    same([np.asarray(grads[v]) for v in layer.weights()], [np.asarray(v) for v in wanted[1 + len(states) :]], 0)
    # gradients of the last states may come too, whether they are outputs or not
    more = y.creator().backward([ones, *[ones for _ in states]])
    assert len(more) == 1 + len(states)
    assert np.abs(np.asarray(more[1]) - np.asarray(found[1])).max() > 0
    with pytest.raises(InvalidArgumentException, match="dOutputs must be list"):
        y.creator().backward([])
    with pytest.raises(InvalidArgumentException, match="unmatch output shape"):
        y.creator().backward([K.ones([5, 7])])


def test_gradients_of_a_built_layer_are_filled_in_place():
    layer = nn.layers.GRU(4, input_shape=[5, 3])
    with g.GradientTape():
        y = layer.forward(K.ones([2, 5, 3]))
    grads = layer.getGrads()
    [dx] = y.creator().backward([K.ones([2, 4])])
    assert dx.shape() == [2, 5, 3]
    assert all(np.asarray(d).any() for d in grads)


@every_layer
def test_clone(name, options):
    layer, x, _ = make(name, options)
    other = copy.copy(layer)
    other.build()
    want = np.array(layer(x))
    for v in layer.weights():
        v.assign(K.zeros(v.shape(), dtype=x.dtype()))
    np.testing.assert_array_equal(np.asarray(other(x)), want)
    assert all(a is not b for a, b in zip(layer.getParams(), other.getParams()))
    assert all(a is not b for a, b in zip(layer.getGrads(), other.getGrads()))
    assert [id(v) for v in other.cell().weights()] == [id(v) for v in other.weights()]


def test_weights():
    for layer, shapes in [
        (nn.layers.SimpleRNN(4), [[3, 4], [4, 4], [4]]),
        (nn.layers.LSTM(4), [[3, 16], [4, 16], [16]]),
        (nn.layers.GRU(4), [[3, 12], [4, 12], [2, 12]]),
        (nn.layers.GRU(4, reset_after=False), [[3, 12], [12, 4], [12]]),
        (nn.layers.GRU(4, use_bias=False), [[3, 12], [4, 12]]),
    ]:
        layer.build([5, 3])
        assert [p.shape() for p in layer.getParams()] == shapes
        assert [d.shape() for d in layer.getGrads()] == shapes
        assert layer.weights()[1].name() == f"recurrentKernel@{layer.name()}"
        assert layer.getActivation() is None
        assert layer.statesShapes() == [[4]] * (2 if isinstance(layer, LSTM) else 1)


def test_initializers_may_be_functions():
    calls = []

    def make_weights(shape, *fans):
        calls.append((shape, *fans))
        return K.ones(shape)

    layer = LSTM(K, 4, kernel_initializer=make_weights, recurrent_initializer=make_weights)
    layer.build([5, 3])
    assert calls == [([3, 16], [3, 4]), ([4, 16], [4, 4])]


def test_build_from_variables_and_sample_weights():
    layer = nn.layers.LSTM(4, input_shape=[3, 5], return_sequences=True)
    weights = [K.ones([5, 16]), K.ones([4, 16]), K.ones([16])]
    states = [g.Variable(K.ones([2, 4])) for _ in range(2)]
    layer.build([g.Variable(K.ones([2, 3, 5])), *states], sampleWeights=weights)
    assert layer.outputShape() == [3, 4]
    assert all(a is b for a, b in zip(layer.getParams(), weights))


# ---------------------------------------------------------------- cells


@pytest.mark.parametrize("cls, count, options", [(SimpleRNNCell, 1, {}), (LSTMCell, 2, {}), (GRUCell, 1, {}),
                                                 (GRUCell, 1, {"reset_after": False})])  # fmt: skip
@pytest.mark.parametrize("use_bias", [True, False])
def test_cells_on_their_own(cls, count, options, use_bias):
    cell = cls(K, 4, input_shape=[3], use_bias=use_bias, **options)
    cell.build([3])
    rng = np.random.default_rng(5)
    for v in cell.weights():
        v.assign(mo.array(rng.uniform(-1, 1, v.shape())))
    x = mo.array(rng.uniform(-1, 1, (2, 3)))
    states = [mo.array(rng.uniform(-1, 1, (2, 4))) for _ in range(count)]
    upstream = [mo.array(rng.uniform(0.5, 1.5, (2, 4))) for _ in range(count)]
    calc = types.SimpleNamespace()
    after = cell.forward(x, states, calcState=calc)
    dx, dstates = cell.backward(upstream, calc)
    grads = cell.getGrads()

    def value():
        return sum(float((np.asarray(s) * np.asarray(d)).sum()) for s, d in zip(cell.forward(x, states), upstream))

    assert len(after) == len(dstates) == count
    for array, grad in zip([x, *states, *cell.getParams()], [dx, *dstates, *grads]):
        memory, grad = np.asarray(array), np.asarray(grad)
        for at in np.ndindex(memory.shape):
            kept, ends = memory[at], []
            for step in (1e-6, -1e-6):
                memory[at] = kept + step
                ends.append(value())
            memory[at] = kept
            assert grad[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6, abs=1e-8)
    once = [np.array(d) for d in grads]
    cell.backward(upstream, calc)  # adds to them
    same([np.asarray(d) for d in grads], [2 * d for d in once])
    assert isinstance(cell.getActivation(), Tanh)
    assert cell.outputShape() == [4]
    again = cls(K, **(config := cell.getConfig())["options"], units=config["units"])
    assert again.getConfig() == config


def test_cell_of_ones():
    """Figures by hand: linear gates, everything one. z = r = 9, n = 4 + r 5."""
    cell = GRUCell(K, 4, input_shape=[3], activation="linear", recurrent_activation="linear")
    cell.build([3], sampleWeights=[K.ones([3, 12]), K.ones([4, 12]), K.ones([2, 12])])
    calc = types.SimpleNamespace()
    [h] = cell.forward(K.ones([2, 3]), [K.ones([2, 4])], calcState=calc)
    assert h.toArray() == [[9 + (1 - 9) * 49] * 4] * 2
    cell.backward([K.scale(2, K.ones([2, 4]))], calc)
    # of z: 2 (1 - 49); of n: 2 (1 - 9); of r: that times 5
    assert cell.getGrads()[0].toArray() == [[2 * -96] * 4 + [2 * -80] * 4 + [2 * -16] * 4] * 3


def test_forget_bias():
    cell = LSTMCell(K, 2, unit_forget_bias=True)
    cell.build([3])
    assert cell.getParams()[2].toArray() == [0, 0, 1, 1, 0, 0, 0, 0]
    cell = LSTMCell(K, 2)
    cell.build([3])
    assert not np.asarray(cell.getParams()[2]).any()


def test_a_cell_of_the_users():
    """x + h / 2, without weights that matter."""

    class Half(AbstractRNNCell):
        def _shapes(self, features):
            return [[[1, 1], [1, 1]], [[1, 1], [1, 1]]]

        def call(self, inputs, states, training=None, calcState=None):
            return [K.add(inputs, K.scale(0.5, states[0]))]

        def differentiate(self, dStates, calcState):
            return dStates[0], [K.scale(0.5, dStates[0])]

    layer = AbstractRNNLayer(K, Half(K, 2, use_bias=False), return_sequences=True)
    x = g.Variable(K.ones([1, 3, 2]))
    for function in (layer, compiled := g.Function(lambda x: layer(x)), compiled):
        with g.GradientTape() as tape:
            y = function(x)
        assert y.toArray() == [[[1, 1], [1.5, 1.5], [1.75, 1.75]]]
        assert tape.gradient(y, x).toArray() == [[[1.75, 1.75], [1.5, 1.5], [1, 1]]]


# ---------------------------------------------------------------- errors


def test_wrong_inputs():
    layer = nn.layers.LSTM(4, input_shape=[5, 3], name="mine")
    x = K.ones([2, 5, 3])
    for states, message in [
        ([K.ones([2, 4])], "Unmatch num of status. status need 2 NDArray. 1given. in mine"),
        ([K.ones([2, 5]), K.ones([2, 4])], r"Shape of state0 must be \(4\), \(5\) given in mine:forward"),
        ([K.ones([2, 4]), K.ones([3, 4])], r"state1 has shape \(3,4\), the batch is 2 in mine"),
    ]:
        with pytest.raises(InvalidArgumentException, match=message):
            layer(x, initialStates=states)
    with pytest.raises(InvalidArgumentException, match="the mask of shape"):
        layer(x, mask=K.ones([2, 4], dtype=1))
    with pytest.raises(InvalidArgumentException, match="unmatch data type"):
        layer(mo.array(np.ones((2, 5, 3))))
    with pytest.raises(InvalidArgumentException, match="a state of shape"):
        layer(x, initialStates=[mo.array(np.ones((2, 4)))] * 2)
    with pytest.raises(InvalidArgumentException, match="Unsuppored input shape"):
        nn.layers.GRU(4).build([5, 3, 2])
    with pytest.raises(InvalidArgumentException, match="units must be a positive integer"):
        nn.layers.SimpleRNN(0)
    with pytest.raises(InvalidArgumentException, match="invalid function name:sigmoit"):
        nn.layers.GRU(4, recurrent_activation="sigmoit")
    with pytest.raises(InvalidArgumentException, match=r"defined as \(5,3\) but \(5,4\) given in GRU"):
        GRU(K, 4, input_shape=[5, 3]).build([g.Variable(K.zeros([1, 5, 4]))])
    with pytest.raises(InvalidArgumentException, match="one step or more"):
        nn.layers.GRU(4)(K.zeros([2, 0, 3]))


# ---------------------------------------------------------------- PyTorch


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_against_torch(name):
    torch = pytest.importorskip("torch")
    batch, steps, features, units = 5, 7, 3, 33
    peer = getattr(torch.nn, name)(features, units, batch_first=True).double()
    layer = {"RNN": nn.layers.SimpleRNN, "LSTM": nn.layers.LSTM, "GRU": nn.layers.GRU}[name](
        units, return_sequences=True
    )
    layer.build([steps, features])
    order = {"RNN": [0], "LSTM": [0, 1, 2, 3], "GRU": [1, 0, 2]}[name]  # torch has r, z, n

    def ours(a):
        parts = np.split(a.detach().numpy(), len(order), 0)
        return np.concatenate([parts[i] for i in order], 0).T

    kernel, recurrent, b0, b1 = map(ours, (peer.weight_ih_l0, peer.weight_hh_l0, peer.bias_ih_l0, peer.bias_hh_l0))
    arrays = [kernel, recurrent, np.stack([b0, b1]) if name == "GRU" else b0 + b1]
    for v, a in zip(layer.weights(), arrays):
        v.assign(mo.array(np.ascontiguousarray(a)))
    x = np.random.default_rng(6).normal(size=(batch, steps, features))
    tx = torch.tensor(x, requires_grad=True)
    ty = peer(tx)[0]
    (ty**2).sum().backward()
    v = g.Variable(mo.array(x))
    with g.GradientTape() as tape:
        y = layer(v)
        loss = g.reduceSum(g.square(y))
    dx, dkernel, drecurrent = tape.gradient(loss, [v, *layer.weights()[:2]])
    same([np.asarray(y), np.asarray(dx)], [ty.detach().numpy(), tx.grad.numpy()])
    same([np.asarray(dkernel), np.asarray(drecurrent)], [ours(peer.weight_ih_l0.grad), ours(peer.weight_hh_l0.grad)])
