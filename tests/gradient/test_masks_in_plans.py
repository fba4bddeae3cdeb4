"""Masks in compiled functions: the same bits as without compilation, whatever the masks of a run are."""

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient import MaskedNDArray
from rindow_nn.layers import AbstractLayer, Dense

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
layers = nn.layers

VOCABULARY, LENGTH, WIDTH = 9, 7, 6


def ids(seed, batch=4):
    """Sentences of different lengths, with padding behind."""
    rng = np.random.default_rng(seed)
    words = rng.integers(1, VOCABULARY, (batch, LENGTH)).astype(np.int32)
    for row, length in zip(words, rng.integers(1, LENGTH + 1, batch), strict=True):
        row[length:] = 0
    return g.Variable(mo.array(words, NDArray.int32))


def words():
    return layers.Embedding(VOCABULARY, WIDTH, mask_zero=True)


def arrays(outputs):
    outputs = outputs if isinstance(outputs, list) else [outputs]
    found = []
    for y in outputs:
        found.append(np.array(y.value()))
        if isinstance(y.value(), MaskedNDArray):
            found.append(np.array(y.value().mask()))
    return found


def run(f, x, sources):
    with g.GradientTape() as tape:
        y = f(x)
        out = y[0] if isinstance(y, list) else y
        loss = g.reduceSum(g.square(out))
    return arrays(y) + [np.array(d) for d in tape.gradient(loss, sources)]


def check(call, sources=None, inputs=ids):
    """The function with and without compilation, with gradients and without; answers the plans."""
    call(inputs(0))  # makes the weights
    sources = [] if sources is None else sources()
    compiled, learning = g.Function(call), g.Function(call)
    for seed in range(1, 5):
        wanted, found = arrays(call(inputs(seed))), arrays(compiled(inputs(seed)))
        assert len(wanted) == len(found)
        for a, b in zip(wanted, found, strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(run(call, inputs(seed), sources), run(learning, inputs(seed), sources), strict=True):
            np.testing.assert_array_equal(a, b)
    return compiled.plan() + learning.plan()


def python_calls(plan):
    """Which functions run as without a plan."""
    return {line.split()[0] for line in plan.splitlines() if line.endswith("(Python)")}


def chain(*parts):
    def call(x):
        for layer in parts:
            x = layer.forward(x)
        return x

    return call


def weights_of(*parts):
    return lambda: [v for layer in parts for v in layer.trainableVariables()]


class Scaling:
    """Dropout outside training."""

    def __init__(self):
        self.layer = layers.Dropout(0.5)

    def forward(self, x):
        return self.layer.forward(x, training=False)

    def trainableVariables(self):
        return []


@pytest.mark.parametrize(
    "make",
    [
        lambda: [layers.Dense(5, activation="relu"), layers.LayerNormalization()],
        lambda: [Scaling(), layers.Dense(4)],
        lambda: [layers.GRU(5, return_sequences=True), layers.LSTM(3)],
        lambda: [layers.Activation("tanh"), layers.SimpleRNN(4, return_sequences=True)],
        lambda: [layers.EinsumDense("abc,cd->abd", [LENGTH, 5]), layers.LayerNormalization()],
        lambda: [layers.Conv1D(5, 3, padding="same"), layers.Activation("relu")],
        lambda: [layers.Flatten(), layers.Dense(3)],
    ],
    ids=lambda make: "",
)
def test_layers_behind_words(make):
    parts = [words(), *make()]
    plan = check(chain(*parts), weights_of(*parts))
    assert python_calls(plan) <= {"Embedding"}
    assert "Dense" not in python_calls(plan)


@pytest.mark.parametrize("causal", [False, True])
def test_a_block_of_a_transformer(causal):
    embedding, inherit, drop = words(), layers.InheritMask(), layers.Dropout(0.1)
    attention = layers.MultiHeadAttention(num_heads=2, key_dim=3)
    plain, plus, normalise = layers.Attention(), layers.Add(), layers.LayerNormalization()
    dense = layers.Dense(WIDTH)

    def call(x):
        y = embedding.forward(x)
        y = drop.forward(inherit.forward([g.scale(2.0, y), y]), training=False)
        z = attention.forward([y, y, y], useCausalMask=causal)
        y = normalise.forward(plus.forward([y, z]))
        y = plus.forward([y, plain.forward([y, y])])
        return dense.forward(y)

    plan = check(call, weights_of(embedding, attention, normalise, dense))
    assert python_calls(plan) <= {"Embedding", "EmbeddingGradient", "Inherit", "Differentiate"}


def test_padding_matters():
    """The masks of a run count, not those of the trace."""
    embedding, attention = words(), layers.Attention()

    def call(x):
        y = embedding.forward(x)
        return attention.forward([y, y])

    compiled = g.Function(call)
    x = ids(1, batch=1)
    x.assign(mo.array([[1, 2, 3, 4, 5, 6, 7]], NDArray.int32))
    compiled(x)
    x.assign(mo.array([[1, 2, 3, 0, 0, 0, 0]], NDArray.int32))
    found = np.array(compiled(x).value())
    table = np.array(embedding.trainableVariables()[0].value(), np.float64)
    rows = table[[1, 2, 3]]
    scores = rows @ rows.T
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    np.testing.assert_allclose(found[0, :3], weights / weights.sum(-1, keepdims=True) @ rows, rtol=1e-5, atol=1e-6)


def test_two_masks():
    """A sum counts where both inputs do."""
    one, other, plus, attention = words(), words(), layers.Add(), layers.Attention()

    def call(x):
        y = plus.forward([one.forward(x), other.forward(g.mul(x, g.greater(x, 3)))])
        return attention.forward([y, y])

    check(call, weights_of(one, other), lambda seed: g.Variable(g.cast(ids(seed), dtype=NDArray.int32).value()))


def test_results_keep_their_masks():
    parts = words(), layers.Dense(3)
    embedding, dense = parts

    def call(x):
        y = embedding.forward(x)
        return [dense.forward(y), g.scale(3.0, y), y]

    check(call, weights_of(*parts))
    compiled = g.Function(call)
    for _ in range(2):
        assert [isinstance(y.value(), MaskedNDArray) for y in compiled(ids(1))] == [True, False, True]


def test_an_argument_with_a_mask():
    dense, attention = layers.Dense(4), layers.Attention()

    def masked(seed):
        x = np.random.default_rng(seed).normal(0, 1, (3, LENGTH, 4)).astype(np.float32)
        counts = np.random.default_rng(seed).random((3, LENGTH)) < 0.6
        counts[:, 0] = True
        return g.Variable(MaskedNDArray(mo.array(x), mo.array(counts, NDArray.bool)), reference=True)

    def call(x):
        y = dense.forward(x)
        return attention.forward([y, x])

    plan = check(call, weights_of(dense), masked)
    assert not python_calls(plan)


class Counted(AbstractLayer):
    """Sets to zero what does not count; a layer of the user's that looks at masks."""

    def build(self, variable=None, sampleWeights=None):
        self._outputShape = self.normalizeInputShape(variable)

    def call(self, inputs, training=None):
        mask = self.retrieveSingleMask(inputs)
        self.container().mask = mask
        x = inputs.value() if isinstance(inputs, MaskedNDArray) else inputs
        return x if mask is None else self.backend.masking(mask, x)

    def differentiate(self, dOutputs):
        mask = self.container().mask
        return dOutputs if mask is None else self.backend.masking(mask, dOutputs)


def test_a_layer_of_the_user_finds_the_mask():
    parts = words(), layers.Dense(5), Counted(nn.backend), layers.Dense(3)
    plan = check(chain(*parts), weights_of(parts[0], parts[1], parts[3]))
    assert "Dense" not in python_calls(plan)


class Backwards(Dense):
    """A layer of the user's with a mask of its own."""

    def computeMask(self, inputs, previousMask):
        return self.backend.equal(self.backend.cast(previousMask, NDArray.int32), 0)


def test_a_mask_of_the_user():
    parts = words(), Backwards(nn.backend, 4), layers.GRU(3)
    plan = check(chain(*parts), weights_of(*parts))
    assert "Dense" in python_calls(plan)


class Moody(Counted):
    """A layer that has a mask in its first calls only."""

    left = 2

    def computeMask(self, inputs, previousMask):
        self.left -= 1
        return previousMask if self.left >= 0 else None


def test_a_mask_that_goes_is_an_error():
    parts = words(), Moody(nn.backend), layers.GRU(3)
    call = chain(*parts)
    compiled = g.Function(call)
    compiled(ids(1))
    compiled(ids(1))
    with pytest.raises(InvalidArgumentException, match=r"a mask of shape \[4, 7\] was expected"):
        compiled(ids(1))
