"""One battery for every layer: a new layer gets all of it by one line of CASES.

For each: construction and name, configuration there and back, build and shapes, training and inference, gradients
by central differences in float64, eager and compiled alike to the bit, float32 against a NumPy twin, save and load,
wrong input shapes.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import rindow_nn.layers
from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator
from rindow_nn.builder import NeuralNetworks
from rindow_nn.models import AbstractModel

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend


# ---------------------------------------------------------------- twins: (inputs, weights) to outputs, in NumPy


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


ACTIVATIONS = {None: lambda x: x, "relu": lambda x: np.maximum(x, 0), "sigmoid": sigmoid, "tanh": np.tanh}


def dense(activation=None):
    return lambda x, w: ACTIVATIONS[activation](x @ w[0] + (w[1] if len(w) > 1 else 0))


def einsum(equation, activation=None):
    return lambda x, w: ACTIVATIONS[activation](np.einsum(equation, x, w[0]) + (w[1] if len(w) > 1 else 0))


def geometry(size, window, stride, dilation, same):
    """Number of outputs along an axis, and how many places of padding come before it."""
    span = (window - 1) * dilation + 1
    if not same:
        return (size - span) // stride + 1, 0
    count = -(-size // stride)
    return count, max(0, (count - 1) * stride + span - size) // 2


def windows(x, window, stride, dilation, same):
    """(index of the outputs, index in the window, values or None) of an array with channels last."""
    spatial = x.shape[1:-1]
    sizes = [geometry(n, k, s, d, same) for n, k, s, d in zip(spatial, window, stride, dilation)]
    for out in itertools.product(*[range(n) for n, _ in sizes]):
        for at in itertools.product(*[range(k) for k in window]):
            where = [o * s + k * d - p for o, s, k, d, (_, p) in zip(out, stride, at, dilation, sizes)]
            if all(0 <= i < n for i, n in zip(where, spatial)):
                yield out, at, x[(slice(None), *where)], [n for n, _ in sizes]


def channels_last_of(f):
    def on_channels_first(x, w):
        return np.moveaxis(f(np.moveaxis(x, 1, -1), w), -1, 1)

    return on_channels_first


def conv(stride=1, dilation=1, same=False, activation=None):
    def f(x, w):
        nd = x.ndim - 2
        out = None
        for o, at, values, shape in windows(x, w[0].shape[:nd], [stride] * nd, [dilation] * nd, same):
            if out is None:
                out = np.zeros((len(x), *shape, w[0].shape[-1]), x.dtype)
            out[(slice(None), *o)] += values @ w[0][at]
        return ACTIVATIONS[activation](out + (w[1] if len(w) > 1 else 0))

    return f


def pool(kind, size, stride=None, same=False):
    def f(x, w):
        nd = x.ndim - 2
        found: dict[tuple, list] = {}
        shape = None
        for o, _, values, sizes in windows(x, [size] * nd, [stride or size] * nd, [1] * nd, same):
            found.setdefault(o, []).append(values)
            shape = sizes
        out = np.zeros((len(x), *shape, x.shape[-1]), x.dtype)
        for o, values in found.items():
            out[(slice(None), *o)] = np.max(values, axis=0) if kind == "max" else np.mean(values, axis=0)
        return out

    return f


def over_space(reduce):
    return lambda x, w: reduce(x.reshape(len(x), -1, x.shape[-1]), axis=1)


def layer_norm(x, w):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt(centred.var(-1, keepdims=True) + 1e-3) * w[1] + w[0]


def batch_norm(x, w):
    beta, gamma, mean, variance = w
    return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta


def sequence(cell, backwards=False, whole=False):
    """Runs cell(x, state, weights) over the second axis; the state is a list whose first item is the output.

    Outputs stand at the place of their inputs, whichever way the steps run.
    """

    def f(x, w):
        state, outputs = None, [None] * x.shape[1]
        for t in range(x.shape[1])[:: -1 if backwards else 1]:
            outputs[t] = (state := cell(x[:, t], state, w))[0]
        return np.stack(outputs, 1) if whole else state[0]

    return f


def simple_rnn_cell(x, state, w):
    h = np.zeros((len(x), w[1].shape[0]), x.dtype) if state is None else state[0]
    return [np.tanh(x @ w[0] + h @ w[1] + (w[2] if len(w) > 2 else 0))]


def lstm_cell(x, state, w):
    units = w[1].shape[0]
    h, c = (np.zeros((len(x), units), x.dtype),) * 2 if state is None else state
    i, f, m, o = np.split(x @ w[0] + h @ w[1] + (w[2] if len(w) > 2 else 0), 4, -1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(m)
    return [sigmoid(o) * np.tanh(c), c]


def gru_cell(x, state, w):
    units = w[0].shape[1] // 3
    h = np.zeros((len(x), units), x.dtype) if state is None else state[0]
    bias = w[2] if len(w) > 2 else np.zeros((2, 3 * units))
    xz, xr, xh = np.split(x @ w[0] + bias[0], 3, -1)
    hz, hr, hh = np.split(h @ w[1] + bias[1], 3, -1)
    z = sigmoid(xz + hz)
    return [z * h + (1 - z) * np.tanh(xh + sigmoid(xr + hr) * hh)]


def gru_reset_before_cell(x, state, w):
    units = w[0].shape[1] // 3
    h = np.zeros((len(x), units), x.dtype) if state is None else state[0]
    xz, xr, xh = np.split(x @ w[0] + (w[2] if len(w) > 2 else 0), 3, -1)
    uz, ur, uh = np.split(w[1], 3, 0)
    z, r = sigmoid(xz + h @ uz), sigmoid(xr + h @ ur)
    return [z * h + (1 - z) * np.tanh(xh + (r * h) @ uh)]


def attention(q, v, w):
    scores = q @ np.swapaxes(v, -1, -2) * (w[0] if w else 1)
    return softmax(scores) @ v


def multi_head_attention(heads):
    """Of kernels (features, heads * width), each perhaps with a bias behind it."""

    def f(q, v, w):
        (wq, wk, wv, wo), biases = (w[0::2], w[1::2]) if len(w) == 8 else (w, [0, 0, 0, 0])

        def project(x, i, kernel):
            y = x @ kernel + biases[i]
            return y.reshape(*y.shape[:-1], heads, -1)

        query, key, value = project(q, 0, wq), project(v, 1, wk), project(v, 2, wv)
        weights = softmax(np.einsum("bthk,bshk->bhts", query, key) / np.sqrt(query.shape[-1]))
        return np.einsum("bhts,bshk->bthk", weights, value).reshape(*q.shape[:-1], -1) @ wo + biases[3]

    return f


# ---------------------------------------------------------------- the cases


@dataclass
class Case:
    """A layer under test.

    Args:
        name: the factory method.
        arguments: its arguments.
        shapes: of the inputs, the batch included.
        twin: the outputs at inference from inputs and weights, in NumPy.
        wrong: shapes of inputs that must be refused after a build with the right ones; None: any will do.
        high: integer inputs below this number, for layers of indexes.
        index: which input these are; None: all.
        random: the training outputs are random.
    """

    name: str
    arguments: dict[str, Any]
    shapes: list[list[int]]
    twin: Callable[..., Any]
    wrong: list[list[int]] | None = field(default=None)
    high: int = 0
    index: int | None = None
    random: bool = False

    def make(self, **more):
        return getattr(nn.layers, self.name)(**self.arguments, **more)

    def inputs(self, dtype, batch=None):
        rng = np.random.default_rng(len(self.name) + sum(map(sum, self.shapes)))
        shapes = self.shapes if batch is None else [[batch, *s[1:]] for s in self.shapes]
        # apart from each other, so that no maximum changes within a finite difference
        return [
            rng.integers(0, self.high, s, dtype=np.int32)
            if self.high and self.index in (None, i)
            else ((rng.permutation(int(np.prod(s))).reshape(s) + 0.5) / np.prod(s) * 2 - 1).astype(dtype)
            for i, s in enumerate(shapes)
        ]

    def __str__(self):
        return self.name + "".join(f"-{k}={v}" for k, v in self.arguments.items())


def case(name, arguments, shapes, twin, wrong="longer", **more):
    shapes = shapes if isinstance(shapes[0], list) else [shapes]
    if wrong == "longer":
        wrong = [[*s[:-1], s[-1] + 1] for s in shapes]
    return Case(name, arguments, shapes, twin, wrong, **more)


CASES = [
    case("Activation", {"activation": "tanh"}, [3, 4], lambda x, w: np.tanh(x)),
    case("Activation", {"activation": "softmax"}, [3, 4], lambda x, w: softmax(x)),
    case("Add", {}, [[2, 3], [2, 3]], lambda x, y, w: x + y, wrong=[[2, 3], [2, 4]]),
    case("Attention", {}, [[2, 3, 4], [2, 5, 4]], attention, wrong=[[2, 3, 4], [2, 5, 5]]),
    case("Attention", {"use_scale": True}, [[2, 3, 4], [2, 5, 4]], attention, wrong=None),
    case("AveragePooling1D", {}, [2, 6, 3], pool("mean", 2)),
    case("AveragePooling2D", {"padding": "same"}, [2, 5, 5, 3], pool("mean", 2, same=True)),
    case("AveragePooling3D", {}, [2, 4, 4, 4, 2], pool("mean", 2)),
    case("BatchNormalization", {}, [4, 3], batch_norm),
    case("BatchNormalization", {}, [2, 3, 3, 2], batch_norm),
    case("Concatenate", {"axis": -1}, [[2, 3], [2, 4]], lambda x, y, w: np.concatenate([x, y], -1)),
    case("Concatenate", {"axis": 1}, [[2, 3, 2], [2, 4, 2]], lambda x, y, w: np.concatenate([x, y], 1)),
    case("Conv1D", {"filters": 4, "kernel_size": 3}, [2, 7, 3], conv()),
    case("Conv2D", {"filters": 4, "kernel_size": 3, "activation": "tanh"}, [2, 6, 7, 3], conv(activation="tanh")),
    case("Conv2D", {"filters": 3, "kernel_size": 3, "padding": "same", "strides": 2}, [2, 6, 7, 2], conv(2, same=True)),
    case("Conv2D", {"filters": 3, "kernel_size": 2, "dilation_rate": 2, "use_bias": False}, [2, 6, 6, 2], conv(1, 2)),
    case(
        "Conv2D",
        {"filters": 4, "kernel_size": 3, "data_format": "channels_first"},
        [2, 3, 6, 5],
        channels_last_of(conv()),
        wrong=[[2, 2, 6, 5]],
    ),
    case("Conv3D", {"filters": 3, "kernel_size": 2}, [2, 4, 3, 4, 2], conv()),
    case("Debug", {}, [2, 3], lambda x, w: x),
    case("Dense", {"units": 4}, [5, 3], dense()),
    case("Dense", {"units": 4, "activation": "sigmoid", "use_bias": False}, [5, 2, 3], dense("sigmoid")),
    case("Dropout", {"rate": 0.25}, [4, 6], lambda x, w: 0.75 * x, random=True),
    case(
        "EinsumDense",
        {"equation": "abc,cd->abd", "output_shape": [None, 4], "bias_axes": "d", "activation": "relu"},
        [2, 3, 5],
        einsum("abc,cd->abd", "relu"),
    ),
    case(
        "EinsumDense",
        {"equation": "abc,dc->abd", "output_shape": [3, 4], "bias_axes": "bd", "activation": "tanh"},
        [2, 3, 5],
        einsum("abc,dc->abd", "tanh"),
    ),
    case(
        "EinsumDense",
        {"equation": "ab...,bcd->acd...", "output_shape": [2, 4], "bias_axes": "c", "activation": "sigmoid"},
        [2, 3, 5],
        einsum("abe,bcd->acde", "sigmoid"),
    ),
    case("EinsumDense", {"equation": "...bc,bc->...b", "output_shape": 3}, [2, 4, 3, 5], einsum("abcd,cd->abc")),
    case("EinsumDense", {"equation": "abc,cd->ad", "output_shape": [4]}, [2, 3, 5], einsum("abc,cd->ad")),
    case("Embedding", {"inputDim": 9, "outputDim": 4, "input_length": 5}, [3, 5], lambda x, w: w[0][x], high=9),
    case("Embedding", {"inputDim": 9, "outputDim": 4, "mask_zero": True}, [3, 5], lambda x, w: w[0][x], high=9),
    case("ExpandDims", {"axis": 1}, [2, 3], lambda x, w: x[:, :, None]),
    case("ExpandDims", {"axis": -2}, [2, 3], lambda x, w: x[:, None]),
    case("Flatten", {}, [2, 3, 4], lambda x, w: x.reshape(2, -1)),
    case("Gather", {}, [[4, 5], [4]], lambda x, i, w: x[range(4), i], wrong=[[4, 6], [4]], high=5, index=1),
    case(
        "Gather",
        {"batchDims": 1},
        [[2, 3, 4], [2, 3, 5]],
        lambda x, i, w: np.take_along_axis(x, i, 2),
        wrong=[[2, 3, 4], [2, 3, 6]],
        high=4,
        index=1,
    ),
    case(
        "Gather",
        {"axis": 0, "detailDepth": 2, "indexDepth": 0},
        [[2, 3, 4, 2], [2, 4]],
        lambda x, i, w: np.take_along_axis(x, i[:, None, :, None], 1)[:, 0],
        wrong=[[2, 3, 4, 2], [3, 4]],
        high=3,
        index=1,
    ),
    case("GlobalAveragePooling1D", {}, [2, 4, 3], over_space(np.mean)),
    case("GlobalAveragePooling2D", {}, [2, 4, 3, 3], over_space(np.mean)),
    case("GlobalAveragePooling3D", {}, [2, 2, 3, 2, 3], over_space(np.mean)),
    case("GlobalMaxPooling1D", {}, [2, 4, 3], over_space(np.max)),
    case("GlobalMaxPooling2D", {}, [2, 4, 3, 3], over_space(np.max)),
    case("GlobalMaxPooling3D", {}, [2, 2, 3, 2, 3], over_space(np.max)),
    case("GRU", {"units": 4}, [2, 5, 3], sequence(gru_cell)),
    case("GRU", {"units": 4, "return_sequences": True, "go_backwards": True}, [2, 5, 3],
         sequence(gru_cell, True, True)),
    case("GRU", {"units": 4, "reset_after": False}, [2, 5, 3], sequence(gru_reset_before_cell)),
    case("GRU", {"units": 4, "use_bias": False}, [2, 5, 3], sequence(gru_cell)),
    case("InheritMask", {}, [[2, 3], [2, 3]], lambda x, y, w: x),
    case("Input", {"shape": [3]}, [2, 3], lambda x, w: x),
    case("LayerNormalization", {}, [4, 3, 5], layer_norm),
    case("LSTM", {"units": 4}, [2, 5, 3], sequence(lstm_cell)),
    case("LSTM", {"units": 4, "return_sequences": True}, [2, 5, 3], sequence(lstm_cell, whole=True)),
    case("LSTM", {"units": 4, "use_bias": False, "go_backwards": True}, [2, 5, 3], sequence(lstm_cell, True)),
    case("Max", {"axis": -1}, [3, 4], lambda x, w: x.max(-1)),
    case("Max", {"axis": 0}, [3, 4, 5], lambda x, w: x.max(1)),
    case("MaxPooling1D", {}, [2, 6, 3], pool("max", 2)),
    case("MaxPooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, [2, 5, 6, 3], pool("max", 3, 2, True)),
    case("MaxPooling3D", {}, [2, 4, 4, 4, 2], pool("max", 2)),
    case(
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3},
        [[2, 3, 4], [2, 5, 4]],
        multi_head_attention(2),
        wrong=[[2, 3, 5], [2, 5, 5]],
    ),
    case(
        "MultiHeadAttention",
        {"num_heads": 3, "key_dim": 2, "value_dim": 4, "use_bias": False},
        [[2, 3, 4], [2, 5, 6]],
        multi_head_attention(3),
        wrong=[[2, 3, 4], [2, 5, 5]],
    ),
    case("RepeatVector", {"repeats": 3}, [2, 4], lambda x, w: np.repeat(x[:, None], 3, 1)),
    case("SimpleRNN", {"units": 4}, [2, 5, 3], sequence(simple_rnn_cell)),
    case("SimpleRNN", {"units": 4, "use_bias": False, "return_sequences": True}, [2, 5, 3],
         sequence(simple_rnn_cell, whole=True)),
]  # fmt: skip
every_case = pytest.mark.parametrize("case", CASES, ids=str)


def test_no_layer_is_left_out():
    own = {"Layer", "SequentialLayer"}
    layers = {n for n in rindow_nn.layers.__all__ if not n.startswith("Abstract") and not n.startswith("RNN")} - own
    assert layers - {n for n in layers if n.endswith("Cell")} == {c.name for c in CASES}


# ---------------------------------------------------------------- the battery


class One(AbstractModel):
    """A model of one layer."""

    def __init__(self, case):
        super().__init__(nn)
        self.many = len(case.shapes) > 1
        self.layer = case.make()

    def call(self, *inputs, training=False):
        return call(self.layer, list(inputs), training)


def call(layer, inputs, training):
    """Calls a layer: those of several inputs take a list; not all take ``training``."""
    x = inputs if len(inputs) > 1 else inputs[0]
    return layer.forward(x, training=training) if layer.isAwareOf("training") else layer.forward(x)


def built(case, dtype):
    """A layer whose weights are of the type and away from their initial values, and its inputs as variables."""
    layer = case.make()
    inputs = [g.Variable(x) for x in case.inputs(dtype)]
    shapes = [s[1:] for s in case.shapes]
    layer.build(shapes if len(shapes) > 1 else shapes[0])
    rng = np.random.default_rng(3)
    for weight in layer.weights():
        low = 0.5 if not weight.isTrainable() else -1.0  # a variance is positive
        weight.assign(mo.array(rng.uniform(low, 1.0, weight.shape()).astype(dtype)))
    return layer, inputs


def _is_float(x):
    return np.asarray(x).dtype.kind == "f"


def results(layer, inputs, training, upstream=None):
    """Outputs, and gradients of inputs and weights, as NumPy arrays."""
    nn.utils().setSeed(7)
    sources = [x for x in inputs if _is_float(x)] + layer.trainableVariables()
    with g.GradientTape() as tape:
        out = call(layer, inputs, training)
        loss = out if upstream is None else g.mul(out, upstream)
    grads = tape.gradient(loss, sources) if sources else []
    return np.array(out), [np.array(x) for x in grads], sources


@every_case
def test_name_and_configuration(case):
    layer = case.make(name="mine")
    assert layer.name() == "mine"
    snake = "".join("_" + c.lower() if c.isupper() else c for c in case.name)
    assert case.make().name().replace("_", "").startswith(snake.replace("_", ""))
    config = dict(layer.getConfig())
    options = config.pop("options", {})
    again = type(layer)(K, **config, **options)
    assert again.getConfig() == layer.getConfig()


@every_case
def test_build_and_shapes(case):
    layer = case.make()
    inputs = [g.Variable(x) for x in case.inputs(np.float32)]
    outputs = {training: call(layer, inputs, training) for training in (True, False)}
    for out in outputs.values():
        assert out.shape()[1:] == list(layer.outputShape())
    fresh = case.make()
    shapes = [s[1:] for s in case.shapes]
    fresh.build(shapes if len(shapes) > 1 else shapes[0])
    assert list(fresh.outputShape()) == list(layer.outputShape())
    assert [w.shape() for w in fresh.weights()] == [w.shape() for w in layer.weights()]
    other_batch = call(layer, [g.Variable(x) for x in case.inputs(np.float32, batch=1)], False)
    assert other_batch.shape() == [1, *layer.outputShape()]


@every_case
def test_float32_against_numpy(case):
    layer, inputs = built(case, np.float32)
    out = np.asarray(call(layer, inputs, False))
    wide = [np.asarray(x).astype(np.float64) if _is_float(x) else np.asarray(x) for x in inputs]
    want = case.twin(*wide, [np.asarray(w.value()).astype(np.float64) for w in layer.weights()])
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, want, rtol=3e-5, atol=3e-6)


@pytest.mark.parametrize("training", [False, True])
@every_case
def test_gradients(case, training):
    layer, inputs = built(case, np.float64)
    upstream = np.random.default_rng(5).uniform(0.5, 1.5, call(layer, inputs, False).shape())
    _, grads, sources = results(layer, inputs, training, upstream)

    def value():
        nn.utils().setSeed(7)
        return float((np.asarray(call(layer, inputs, training)) * upstream).sum())

    rng = np.random.default_rng(6)
    for source, grad in zip(sources, grads):
        memory = np.asarray(source.value())
        assert grad.shape == memory.shape
        places = list(np.ndindex(memory.shape))
        for at in [places[i] for i in rng.permutation(len(places))[:12]]:
            kept, ends = memory[at], []
            for step in (1e-6, -1e-6):
                memory[at] = kept + step
                ends.append(value())
            memory[at] = kept
            assert grad[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-7)


def same_bits(functions, layer, state, inputs):
    """Functions of a layer's inputs give the same results, gradients and weights, from the same state on."""
    sources = [x for x in inputs if _is_float(x)] + layer.trainableVariables()
    found = []
    for function in functions:
        for weight, kept in zip(layer.weights(), state):
            weight.assign(mo.array(kept))
        nn.utils().setSeed(7)
        with g.GradientTape() as tape:
            out = function(*inputs)
        grads = tape.gradient(out, sources) if sources else []
        found.append([np.array(x) for x in [out, *grads, *layer.weights()]])
    for other in found[1:]:
        for a, b in zip(found[0], other):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("training", [False, True])
@every_case
def test_eager_equals_compiled(case, training):
    layer, inputs = built(case, np.float32)
    state = [np.array(w.value()) for w in layer.weights()]
    compiled = g.Function(lambda *xs: call(layer, list(xs), training))
    same_bits([lambda *xs: call(layer, list(xs), training), compiled, compiled, compiled], layer, state, inputs)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("first, then", [(1, 4), (5, 1)])
@every_case
def test_one_trace_for_any_number_of_samples(case, first, then, training):
    layer, _ = built(case, np.float32)
    state = [np.array(w.value()) for w in layer.weights()]
    traces = []

    def function(*xs):
        traces.append(xs)
        return g.mul(2.0, call(layer, list(xs), training))

    compiled = g.Function(function)
    compiled(*[g.Variable(x) for x in case.inputs(np.float32, batch=first)])
    inputs = [g.Variable(x) for x in case.inputs(np.float32, batch=then)]
    same_bits([compiled, compiled, function], layer, state, inputs)
    assert len(traces) == 2  # the second is that of the call without compilation


@every_case
def test_random_only_in_training(case):
    layer, inputs = built(case, np.float32)
    draws = [np.array(call(layer, inputs, True)) for _ in range(2)]
    assert (draws[0] != draws[1]).any() == case.random
    np.testing.assert_array_equal(np.asarray(call(layer, inputs, False)), np.asarray(call(layer, inputs, False)))


@every_case
def test_save_and_load(case, tmp_path):
    path = str(tmp_path / "battery.model")
    inputs = case.inputs(np.float32)
    if len(inputs) == 1:
        model = nn.models.Sequential([case.make()])
        model.build(case.shapes[0])
    else:
        model = One(case)
        model(*[g.Variable(x) for x in inputs])
    layer = model.layers()[0]
    rng = np.random.default_rng(8)
    for weight in layer.weights():
        weight.assign(mo.array(rng.uniform(0.5, 1.0, weight.shape()).astype(np.float32)))
    want = np.array(call(layer, [g.Variable(x) for x in inputs], False))
    if len(inputs) == 1:
        model.save(path)
        again = nn.models.loadModel(path)
    else:
        model.saveWeightsToFile(path)
        again = One(case)
        again(*[g.Variable(x) for x in inputs])
        again.loadWeightsFromFile(path)
    got = call(again.layers()[0], [g.Variable(x) for x in inputs], False)
    np.testing.assert_array_equal(np.asarray(got), want)


@every_case
def test_wrong_shapes(case):
    if case.wrong is None:
        pytest.skip("takes inputs of any shape")
    layer, _ = built(case, np.float32)
    rng = np.random.default_rng(9)
    wrong = [
        g.Variable(rng.integers(0, 2, s, dtype=np.int32) if case.high and case.index in (None, i)
                   else rng.random(s, np.float32))
        for i, s in enumerate(case.wrong)
    ]  # fmt: skip
    with pytest.raises(InvalidArgumentException, match=layer.name()):
        call(layer, wrong, False)
