"""Attention and MultiHeadAttention: masks, scores, dropout, axes, errors, gradients, memory."""

import itertools
import re

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient import MaskedNDArray

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend

QUERY_MASK = np.array([[1, 1, 0], [1, 0, 0]], bool)
VALUE_MASK = np.array([[1, 1, 0, 0, 1], [1, 1, 1, 1, 0]], bool)
KEY_MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 0, 1, 1]], bool)
PAIR_MASK = np.random.default_rng(4).random((2, 3, 5)) < 0.7


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def arrays(*shapes, dtype=np.float64, seed=3):
    rng = np.random.default_rng(seed)
    return [rng.normal(0, 1, s).astype(dtype) for s in shapes]


def variables(xs):
    return [g.Variable(mo.array(x)) for x in xs]


def bools(*masks):
    return [None if m is None else mo.array(m, dtype=NDArray.bool) for m in masks]


def close(a, b, bound=1e-12):
    np.testing.assert_allclose(np.asarray(a), b, rtol=bound, atol=bound)


def dot_product(q, v, k=None, scale=1.0, query_mask=None, value_mask=None):
    """Outputs and scores."""
    scores = scale * q @ np.swapaxes(v if k is None else k, -1, -2)
    if value_mask is not None:
        scores = np.where(value_mask[..., None, :], scores, -1e9)
    w = softmax(scores)
    out = w @ v
    return (out if query_mask is None else out * query_mask[..., None]), w


def multi_head(w, heads, q, v, k=None, query_mask=None, value_mask=None, key_mask=None, pair_mask=None, causal=False):
    """Outputs and scores, of inputs with one dimension of time."""
    (wq, wk, wv, wo), (bq, bk, bv, bo) = (w[0::2], w[1::2]) if len(w) == 8 else (w, [0] * 4)

    def split(x):
        return x.reshape(*x.shape[:-1], heads, -1)

    query, key, value = split(q @ wq + bq), split((v if k is None else k) @ wk + bk), split(v @ wv + bv)
    scores = np.einsum("bthk,bshk->bhts", query, key) / np.sqrt(query.shape[-1])
    counts = np.ones_like(scores, bool)
    for mask, at in ((query_mask, np.s_[:, None, :, None]), (value_mask, np.s_[:, None, None]),
                     (key_mask, np.s_[:, None, None]), (pair_mask, np.s_[:, None])):  # fmt: skip
        if mask is not None:
            counts &= mask[at]
    if causal:
        counts &= np.tri(*scores.shape[-2:], dtype=bool)
    weights = softmax(np.where(counts, scores, scores - 1e9))
    return np.einsum("bhts,bshk->bthk", weights, value).reshape(*q.shape[:-1], -1) @ wo + bo, weights


def made(xs, dtype=np.float64, **options):
    """A built MultiHeadAttention whose weights are random, and its weights as NumPy arrays."""
    layer = nn.layers.MultiHeadAttention(2, 3, **options)
    layer.build(variables(xs))
    rng = np.random.default_rng(5)
    for weight in layer.weights():
        weight.assign(mo.array(rng.uniform(-1, 1, weight.shape()).astype(dtype)))
    return layer, [np.array(w.value()) for w in layer.weights()]


def check_gradients(call, sources, step=1e-6, bound=1e-5):
    """Gradients of a weighted sum of the outputs that ``call`` lists, by central differences."""
    outs = call()
    upstream = arrays(*[o.shape() for o in outs], seed=9)

    def loss():
        parts = [g.reduceSum(g.mul(o, g.constant(mo.array(u)))) for o, u in zip(call(), upstream)]
        return parts[0] if len(parts) == 1 else g.add(*parts)

    with g.GradientTape() as tape:
        y = loss()
    grads = tape.gradient(y, sources)
    rng = np.random.default_rng(6)
    for source, grad in zip(sources, grads):
        memory, grad = np.asarray(source.value()), np.asarray(grad)
        assert grad.shape == memory.shape
        places = list(np.ndindex(memory.shape))
        for at in [places[i] for i in rng.permutation(len(places))[:6]]:
            kept, ends = memory[at], []
            for change in (step, -step):
                memory[at] = kept + change
                ends.append(float(loss()))
            memory[at] = kept
            assert grad[at] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=bound, abs=bound / 100)


# ---------------------------------------------------------------- Attention


@pytest.mark.parametrize("inputs", [2, 3])
@pytest.mark.parametrize("use_scale", [False, True])
@pytest.mark.parametrize("query_mask, value_mask", list(itertools.product([None, QUERY_MASK], [None, VALUE_MASK])))
@pytest.mark.parametrize("given", ["mask", "inputs"])
def test_attention(inputs, use_scale, query_mask, value_mask, given):
    xs = arrays([2, 3, 4], [2, 5, 4], [2, 5, 4])[:inputs]
    layer = nn.layers.Attention(use_scale=use_scale)
    layer.build(variables(xs))
    scale = 1.0
    if use_scale:
        assert [np.asarray(w.value()).tolist() for w in layer.weights()] == [1.0]
        layer.weights()[0].assign(mo.array(np.array(scale := 0.7)))
    out_, w_ = dot_product(*xs, scale=scale, query_mask=query_mask, value_mask=value_mask)
    masks = bools(query_mask, value_mask)
    vs = variables(xs)
    if given == "inputs":
        vs = [v if m is None else g.Variable(MaskedNDArray(v.value(), m)) for v, m in zip(vs, [*masks, None])]
        masks = None
    out, w = layer.forward(vs, returnAttentionScores=True, mask=masks)
    close(out, out_)
    close(w, w_)
    np.testing.assert_array_equal(np.asarray(layer.forward(vs, mask=masks)), np.asarray(out))
    assert isinstance(out.value(), MaskedNDArray) == isinstance(vs[0].value(), MaskedNDArray)

    def call():
        return layer.forward(vs, returnAttentionScores=True, mask=masks)

    check_gradients(call, [*vs, *layer.trainableVariables()])
    check_gradients(lambda: [layer.forward(vs, mask=masks)], [*vs, *layer.trainableVariables()])


def test_attention_over_more_dimensions():
    q, v = arrays([2, 2, 3, 4], [2, 2, 5, 4])
    out, w = nn.layers.Attention().forward(variables([q, v]), returnAttentionScores=True)
    close(out, dot_product(q, v)[0])
    close(w, dot_product(q, v)[1])


@pytest.mark.parametrize("which", ["both", "query", "value", "features"])
def test_masks_that_are_not_expanded(which):
    q, v = arrays([2, 2, 3, 4], [2, 2, 5, 4])
    query_mask = QUERY_MASK[:, None, :, None] if which in ("both", "query") else None
    if which == "features":
        query_mask = np.random.default_rng(1).random((2, 1, 3, 4)) < 0.5
    value_mask = VALUE_MASK[:, None, None] if which in ("both", "value") else None
    layer = nn.layers.Attention(do_not_expand_mask=True)
    vs = variables([q, v])
    out, w = layer.forward(vs, returnAttentionScores=True, mask=bools(query_mask, value_mask))
    scores = q @ np.swapaxes(v, -1, -2)
    w_ = softmax(scores if value_mask is None else np.where(value_mask, scores, -1e9))
    close(w, w_)
    close(out, w_ @ v * (1 if query_mask is None else query_mask))
    check_gradients(
        lambda: layer.forward(vs, returnAttentionScores=True, mask=bools(query_mask, value_mask)), vs
    )  # fmt: skip


def test_masked_values_weigh_nothing_where_none_counts():
    """Scores that are all masked are alike."""
    q, v = arrays([1, 2, 3], [1, 4, 3])
    out, w = nn.layers.Attention().forward(
        variables([q, v]), returnAttentionScores=True, mask=bools(None, np.zeros((1, 4), bool))
    )
    close(w, np.full((1, 2, 4), 0.25))
    close(out, np.broadcast_to(v.mean(1, keepdims=True), (1, 2, 3)))


def test_attention_errors():
    q, v = variables(arrays([2, 3, 4], [2, 5, 4], dtype=np.float32))
    layer = nn.layers.Attention(name="look")
    mask = bools(QUERY_MASK, VALUE_MASK)

    def error(text, inputs, **options):
        with pytest.raises(InvalidArgumentException, match=re.escape(text)):
            layer.forward(inputs, **options)

    error("inputs must be a list of two or more NDArrays.", [q])
    error("inputs must be a list", q)
    error("mask must be list of the two of masks", [q, v], mask=[*mask, None])
    error("query mask must be 2D array.", [q, v], mask=[mo.array([True, False, True], dtype=NDArray.bool), None])
    error("look", [q, v], mask=[mask[1], None])
    error("dtype of mask must be bool", [q, v], mask=[mo.ones([2, 3]), None])
    error("Unmatch value shape", [q, g.Variable(mo.ones([2, 6, 4]))])
    error("Unmatch batch size of query and value", [q, g.Variable(mo.ones([3, 5, 4]))])
    error("Unmatch batch size of value and key", [q, v, g.Variable(mo.ones([1, 5, 4]))])
    with pytest.raises(InvalidArgumentException, match="Unmatch query shape and value shape"):
        nn.layers.Attention().forward([q, g.Variable(mo.ones([2, 5, 3]))])
    with pytest.raises(InvalidArgumentException, match="value shape and key shape must be same"):
        nn.layers.Attention().build([[3, 4], [5, 4], [6, 4]])
    with pytest.raises(
        InvalidArgumentException,
        match=re.escape("Input shape is inconsistent: defined as ((3,2),(4,2)) but ((5,2),(4,2)) given in Attention"),
    ):
        nn.layers.Attention(input_shapes=[[3, 2], [4, 2]]).build([[5, 2], [4, 2]])
    unlike = nn.layers.Attention(do_not_expand_mask=True)
    with pytest.raises(InvalidArgumentException, match="Incompatible shapes for broadcasting"):
        unlike.forward([q, v], mask=bools(None, VALUE_MASK))


# ---------------------------------------------------------------- MultiHeadAttention


MASKS = [
    {},
    {"causal": True},
    {"query_mask": QUERY_MASK},
    {"value_mask": VALUE_MASK},
    {"key_mask": KEY_MASK},
    {"pair_mask": PAIR_MASK},
    {"query_mask": QUERY_MASK, "value_mask": VALUE_MASK, "key_mask": KEY_MASK},
    {"query_mask": QUERY_MASK, "value_mask": VALUE_MASK, "pair_mask": PAIR_MASK, "causal": True},
]


def options_of(masks):
    found = {"useCausalMask": masks.get("causal"), "returnAttentionScores": True}
    three = [masks.get(name) for name in ("query_mask", "value_mask", "key_mask")]
    if any(m is not None for m in three):
        found["mask"] = bools(*three) if three[2] is not None else bools(*three[:2])
    if "pair_mask" in masks:
        found["attention_mask"] = bools(masks["pair_mask"])[0]
    return found


@pytest.mark.parametrize("inputs", [2, 3])
@pytest.mark.parametrize("masks", MASKS, ids=lambda m: "-".join(m) or "none")
@pytest.mark.parametrize("options", [{}, {"value_dim": 4, "use_bias": False}], ids=["bias", "none"])
def test_multi_head(inputs, masks, options):
    xs = arrays([2, 3, 4], [2, 5, 6], [2, 5, 6])[:inputs]
    layer, weights = made(xs, **options)
    out_, w_ = multi_head(weights, 2, *xs, **masks)
    vs = variables(xs)
    out, w = layer.forward(vs, **options_of(masks))
    bound = 1e-6 if any(not m.all() for n, m in masks.items() if n != "causal") else 1e-12  # 1e9 takes digits
    close(out, out_, bound)
    close(w, w_, bound)
    only = layer.forward(vs, **{**options_of(masks), "returnAttentionScores": False})
    np.testing.assert_array_equal(np.asarray(only), np.asarray(out))
    if inputs == 3 or not options:
        sources = [*vs, *layer.trainableVariables()]
        coarse = (1e-3, 1e-2) if "query_mask" in masks else (1e-6, 1e-5)
        check_gradients(lambda: layer.forward(vs, **options_of(masks)), sources, *coarse)
        check_gradients(lambda: [layer.forward(vs, **options_of(masks))[0]], sources, *coarse)


def test_weights_are_those_of_four_dense_layers():
    layer = nn.layers.MultiHeadAttention(2, 5, value_dim=6, name="mha")
    layer.build([[8, 16], [4, 12]])
    assert [w.shape() for w in layer.weights()] == [[16, 10], [10], [12, 10], [10], [12, 12], [12], [12, 16], [16]]
    parts = [f"{kind}@{part}.mha" for part in ("query", "key", "value", "output") for kind in ("kernel", "bias")]
    assert [w.name() for w in layer.weights()] == parts
    assert layer.outputShape() == [8, 16]
    layer = nn.layers.MultiHeadAttention(2, 5, use_bias=False, kernel_initializer="ones")
    layer.build([[8, 16], [4, 16]])
    assert [w.shape() for w in layer.weights()] == [[16, 10]] * 3 + [[10, 16]]
    assert (np.asarray(layer.weights()[0].value()) == 1).all()
    layer = nn.layers.MultiHeadAttention(2, 5, bias_initializer="ones")
    layer.build([[8, 16], [4, 16]])
    assert (np.asarray(layer.weights()[7].value()) == 1).all()


@pytest.mark.parametrize("value_masked, given", list(itertools.product([False, True], [2, 3])))
def test_masks_of_the_inputs(value_masked, given):
    xs = arrays([2, 3, 4], [2, 5, 4], [2, 5, 4])[:given]
    layer, weights = made(xs)
    masks = bools(QUERY_MASK, VALUE_MASK if value_masked else None)
    vs = [v if m is None else g.Variable(MaskedNDArray(v.value(), m)) for v, m in zip(variables(xs), [*masks, None])]
    out, w = layer.forward(vs, returnAttentionScores=True)
    out_, w_ = multi_head(weights, 2, *xs, query_mask=QUERY_MASK, value_mask=VALUE_MASK if value_masked else None)
    close(out, out_, 1e-6)
    close(w, w_, 1e-6)
    np.testing.assert_array_equal(np.asarray(out.value().mask()), QUERY_MASK)
    # masks that are given take the place of the inputs' own
    other, _ = layer.forward(vs, returnAttentionScores=True, mask=bools(None, KEY_MASK))
    close(other, multi_head(weights, 2, *xs, value_mask=KEY_MASK)[0], 1e-6)
    compiled = g.Function(lambda *inputs: layer.forward(list(inputs)))
    for _ in range(3):
        np.testing.assert_array_equal(np.asarray(compiled(*vs)), np.asarray(out))


def test_several_dimensions_of_time():
    q, v = arrays([2, 3, 2, 4], [2, 2, 5, 4])
    layer, weights = made([q, v])
    out, w = layer.forward(variables([q, v]), returnAttentionScores=True)
    out_, w_ = multi_head(weights, 2, q.reshape(2, 6, 4), v.reshape(2, 10, 4))
    assert w.shape() == [2, 2, 3, 2, 2, 5]
    close(out, out_.reshape(q.shape))
    close(w, w_.reshape(w.shape()))
    # the first axis only: the others are features
    layer, weights = made([q, v], attention_axes=1)
    assert layer.weights()[0].shape() == [8, 6]
    assert layer.weights()[2].shape() == [20, 6]
    out, w = layer.forward(variables([q, v]), returnAttentionScores=True)
    out_, w_ = multi_head(weights, 2, q.reshape(2, 3, 8), v.reshape(2, 2, 20))
    close(out, out_.reshape(q.shape))
    close(w, w_)
    assert layer.getConfig()["options"]["attention_axes"] == [1]


def test_dropout_is_for_training():
    xs = arrays([2, 30, 4], [2, 40, 4])
    layer, weights = made(xs, dropout=0.25)
    vs = variables(xs)
    _, w_ = multi_head(weights, 2, *xs)
    out, w = layer.forward(vs, training=False, returnAttentionScores=True)
    close(w, w_)
    # the original's dropout multiplies by 1 - rate at inference instead of dividing in training
    biases = weights[5] @ weights[6] + weights[7]
    context = multi_head([*weights[:5], 0 * weights[5], *weights[6:]], 2, *xs)[0] - weights[7]
    close(out, (context + weights[5] @ weights[6]) * 0.75 + weights[7])
    assert np.isfinite(biases).all()
    nn.utils().setSeed(7)
    first, w = layer.forward(vs, training=True, returnAttentionScores=True)
    close(w, w_)  # before dropping
    assert (np.asarray(layer.forward(vs, training=True)) != np.asarray(first)).any()
    nn.utils().setSeed(7)
    np.testing.assert_array_equal(np.asarray(layer.forward(vs, training=True)), np.asarray(first))

    def call():
        nn.utils().setSeed(7)
        return layer.forward(vs, training=True, returnAttentionScores=True)

    check_gradients(call, [*vs, *layer.trainableVariables()])
    with pytest.raises(InvalidArgumentException, match="training option must be true or false"):
        layer.forward(vs)
    total = sum(np.asarray(layer.forward(vs, training=True)) for _ in range(400)) / 400
    close(total, np.asarray(out), 0.25)


def test_multi_head_errors():
    q, v = variables(arrays([2, 3, 4], [2, 5, 4], dtype=np.float32))
    layer = nn.layers.MultiHeadAttention(2, 3, name="heads")

    def error(text, inputs, **options):
        with pytest.raises(InvalidArgumentException, match=re.escape(text)):
            layer.forward(inputs, **options)

    error("num of inputs must be 2 or 3", [q])
    layer = nn.layers.MultiHeadAttention(2, 3)
    error("same rank", [q, g.Variable(mo.ones([2, 5, 4, 1]))])
    layer = nn.layers.MultiHeadAttention(2, 3, name="heads")
    layer.forward([q, v])
    error("Must have 2 or 3 arguments in heads", [q])
    error("mask must be list of 2 or 3 of masks", [q, v], mask=bools(QUERY_MASK))
    error("heads", [q, v], mask=bools(VALUE_MASK, None))
    error("dtype of mask must be bool", [q, v], attention_mask=mo.ones([2, 3, 5]))
    error("the attention mask has shape [2,3,4], must be [2,3,5]", [q, v], attention_mask=bools(PAIR_MASK[..., 1:])[0])
    error("Unmatch query shape", [g.Variable(mo.ones([2, 4, 4])), v])
    for options in ({"num_heads": 0}, {"key_dim": -1}, {"value_dim": 0}, {"dropout": 1.5}):
        with pytest.raises(InvalidArgumentException, match=next(iter(options))):
            nn.layers.MultiHeadAttention(**{"num_heads": 1, "key_dim": 2, **options})
    with pytest.raises(InvalidArgumentException, match="attention_axes"):
        nn.layers.MultiHeadAttention(2, 3, attention_axes=[1, 2]).build([[3, 4], [5, 4]])
    with pytest.raises(
        InvalidArgumentException,
        match=re.escape("defined as ((8,32),(8,16)) but ((8,16),(4,16)) given in MultiHeadAttention"),
    ):
        nn.layers.MultiHeadAttention(2, 5, input_shapes=[[8, 32], [8, 16]]).build([[8, 16], [4, 16]])


# ---------------------------------------------------------------- both


@pytest.mark.parametrize("masks", MASKS[1:], ids="-".join)
def test_compiled_with_masks(masks):
    xs = arrays([2, 3, 4], [2, 5, 4], dtype=np.float32)
    layer, _ = made(xs, np.float32, dropout=0.25)
    vs = variables(xs)
    options = {**options_of(masks), "training": True}
    compiled = g.Function(lambda q, v: layer.forward([q, v], **options)[0])
    found = []
    for function in (lambda q, v: layer.forward([q, v], **options)[0], compiled, compiled, compiled):
        nn.utils().setSeed(7)
        with g.GradientTape() as tape:
            y = function(*vs)
        grads = tape.gradient(y, [*vs, *layer.trainableVariables()])
        found.append([np.array(x) for x in [y, *grads]])
    for other in found[1:]:
        for a, b in zip(found[0], other):
            np.testing.assert_array_equal(a, b)


def test_backward_of_the_creator():
    """Gradients without a tape walk, as the original's tests take them."""
    xs = arrays([2, 3, 4], [2, 5, 4], dtype=np.float32)
    layer, _ = made(xs, np.float32)
    vs = variables(xs)
    with g.GradientTape() as tape:
        out, scores = layer.forward(vs, returnAttentionScores=True)
        total = g.reduceSum(out)
    wanted = tape.gradient(total, [*vs, *layer.trainableVariables()])
    grads = {}
    ones = [K.ones(out.shape()), K.zeros(scores.shape())]
    found = out.creator().backward(ones, grads, layer.trainableVariables())
    for a, b in zip(wanted, [*found, *[grads[v] for v in layer.trainableVariables()]]):
        close(a, np.asarray(b), 1e-6)


@pytest.mark.parametrize("causal, training", list(itertools.product([False, True], [False, True])))
def test_memory_is_linear(causal, training):
    """Twice the length takes about twice the memory: no matrix of scores is kept."""
    service = mo.service().buffer()
    peaks = []
    for length in (512, 1024):
        x = g.Variable(mo.ones([1, length, 8]))
        layer = nn.layers.MultiHeadAttention(2, 4, dropout=0.1)
        layer.build([x, x])
        service.releaseMemory()
        before = service.memoryInfo()["in_use"]
        with g.GradientTape() as tape:
            y = layer.forward([x, x], training=training, useCausalMask=causal)
        grads = tape.gradient(y, layer.trainableVariables())
        assert len(grads) == 8
        memory = service.memoryInfo()  # what was freed since is kept
        peaks.append(memory["in_use"] + memory["cached"] - before)
    assert peaks[1] < 2.3 * peaks[0]
    assert peaks[1] < 1024 * 1024


@pytest.mark.parametrize("causal, masked", list(itertools.product([False, True], [False, True])))
def test_against_torch(causal, masked):
    torch = pytest.importorskip("torch")
    q, k, v, upstream = arrays([3, 17, 8], [3, 17, 8], [3, 17, 8], [3, 17, 8], dtype=np.float32)
    mask = np.random.default_rng(2).random((3, 17)) < 0.7
    mask[:, 0] = True
    layer, w = made([q, v, k], np.float32)
    vs = variables([q, v, k])
    with g.GradientTape() as tape:
        y = g.mul(
            layer.forward(vs, useCausalMask=causal, mask=bools(None, mask) if masked else None),
            g.constant(mo.array(upstream)),
        )
    grads = tape.gradient(y, vs)
    tq, tv, tk = (torch.tensor(x, requires_grad=True) for x in (q, v, k))

    def split(x, i):
        return (x @ torch.tensor(w[i]) + torch.tensor(w[i + 1])).unflatten(-1, (2, 3)).transpose(1, 2)

    counts = torch.ones(3, 1, 17, 17, dtype=torch.bool)
    if causal:
        counts = counts & torch.ones(17, 17, dtype=torch.bool).tril()
    if masked:
        counts = counts & torch.tensor(mask)[:, None, None]
    out = torch.nn.functional.scaled_dot_product_attention(split(tq, 0), split(tk, 2), split(tv, 4), counts)
    out = out.transpose(1, 2).flatten(2) @ torch.tensor(w[6]) + torch.tensor(w[7])
    (out * torch.tensor(upstream)).sum().backward()
    close(y, (out * torch.tensor(upstream)).detach().numpy(), 2e-5)
    for a, b in zip(grads, (tq.grad, tv.grad, tk.grad)):
        close(a, b.numpy(), 1e-4)
