"""Convolution layers: every combination of options against the definition and PyTorch, names, errors, weights."""

import itertools
import re

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_math.matrix import MatrixOperator
from rindow_nn.backend.rindow_blas import Backend
from rindow_nn.builder import NeuralNetworks
from rindow_nn.layers import AbstractConv, AbstractImage, Conv1D, Conv2D, Conv3D

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend

LAYERS = {1: nn.layers.Conv1D, 2: nn.layers.Conv2D, 3: nn.layers.Conv3D}
IMAGES = {1: [9], 2: [7, 6], 3: [5, 4, 6]}
KERNELS = {1: [3], 2: [2, 3], 3: [2, 1, 3]}
ACTIVATIONS = {
    None: (lambda z: z, lambda y: np.ones_like(y)),
    "relu": (lambda z: np.maximum(z, 0), lambda y: (y > 0) * 1.0),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda y: y * (1 - y)),
    "tanh": (np.tanh, lambda y: 1 - y * y),
    "softmax": (lambda z: np.exp(z) / np.exp(z).sum(-1, keepdims=True), None),
}
OPTIONS = list(
    itertools.product(
        [1, 2, 3],
        ["valid", "same"],
        ["channels_last", "channels_first"],
        [1, 2],  # strides
        [1, 2],  # dilation_rate
        [True, False],  # use_bias
        [None, "relu", "sigmoid", "tanh"],
    )
)


def pads(size, window, stride, dilation, padding):
    """Places of padding before and behind an image."""
    total = max((-(-size // stride) - 1) * stride + (window - 1) * dilation + 1 - size, 0) if padding == "same" else 0
    return total // 2, total - total // 2


def points(x, kernel, stride, dilation, padding):
    """(index in the kernel, slices of the padded images that meet the results), and the padded images."""
    rank = x.ndim - 2
    around = [pads(x.shape[i + 1], kernel.shape[i], stride, dilation, padding) for i in range(rank)]
    wide = np.pad(x, [(0, 0), *around, (0, 0)])
    outs = [(wide.shape[i + 1] - (kernel.shape[i] - 1) * dilation - 1) // stride + 1 for i in range(rank)]
    slices = []
    for at in np.ndindex(kernel.shape[:rank]):
        cut = [slice(p * dilation, p * dilation + (o - 1) * stride + 1, stride) for p, o in zip(at, outs)]
        slices.append((at, (slice(None), *cut)))
    return slices, wide, around


def twin(x, weights, stride, dilation, padding, activation):
    """Outputs of channels-last images."""
    slices, wide, _ = points(x, weights[0], stride, dilation, padding)
    z = sum(wide[cut] @ weights[0][at] for at, cut in slices)
    return ACTIVATIONS[activation][0](z + weights[1] if len(weights) > 1 else z)


def twin_gradients(x, weights, dz, stride, dilation, padding):
    slices, wide, around = points(x, weights[0], stride, dilation, padding)
    dx, dw = np.zeros_like(wide), np.zeros_like(weights[0])
    axes = list(range(x.ndim - 1))
    for at, cut in slices:
        dx[cut] += dz @ weights[0][at].T
        dw[at] = np.tensordot(wide[cut], dz, (axes, axes))
    inner = [slice(a, a + n) for (a, _), n in zip(around, x.shape[1:-1])]
    return [dx[(slice(None), *inner)], dw, dz.sum(tuple(axes))][: 1 + len(weights)]


def draw(rank, use_bias=True, dtype=np.float64, filters=5):
    rng = np.random.default_rng(rank)
    arrays = [(3, *IMAGES[rank], 3), (*KERNELS[rank], 3, filters), (filters,)]
    x, *weights = [rng.uniform(-1, 1, s).astype(dtype) for s in arrays]
    return x, weights if use_bias else weights[:1]


def moved(x, data_format):
    return np.ascontiguousarray(np.moveaxis(x, -1, 1)) if data_format == "channels_first" else x


def back(x, data_format):
    return np.moveaxis(np.asarray(x), 1, -1) if data_format == "channels_first" else np.asarray(x)


def layer_of(rank, x, weights, data_format, **options):
    layer = LAYERS[rank](
        weights[0].shape[-1],
        list(weights[0].shape[:rank]),
        data_format=data_format,
        use_bias=len(weights) > 1,
        **options,
    )
    layer.build(list(moved(x, data_format).shape[1:]), sampleWeights=[mo.array(w) for w in weights])
    return layer


def run(layer, x, upstream, data_format, function=None):
    """Outputs and gradients of inputs and weights."""
    v = g.Variable(moved(x, data_format))
    with g.GradientTape() as tape:
        y = (function or layer)(v)
        loss = g.reduceSum(g.mul(y, g.Variable(moved(upstream, data_format))))
    dx, *grads = tape.gradient(loss, [v, *layer.trainableVariables()])
    return [back(y, data_format), back(dx, data_format), *map(np.array, grads)]


@pytest.mark.parametrize(("rank", "padding", "data_format", "stride", "dilation", "use_bias", "activation"), OPTIONS)
def test_values_and_gradients(rank, padding, data_format, stride, dilation, use_bias, activation):
    x, weights = draw(rank, use_bias)
    layer = layer_of(
        rank, x, weights, data_format, strides=stride, padding=padding, dilation_rate=dilation, activation=activation
    )
    want = twin(x, weights, stride, dilation, padding, activation)
    upstream = np.random.default_rng(9).uniform(0.5, 1.5, want.shape)
    y, *grads = run(layer, x, upstream, data_format)
    assert list(moved(y, data_format).shape[1:]) == layer.outputShape()
    np.testing.assert_allclose(y, want, rtol=1e-10, atol=1e-12)
    dz = upstream * ACTIVATIONS[activation][1](want)
    for got, expected in zip(grads, twin_gradients(x, weights, dz, stride, dilation, padding)):
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_gradients_by_differences(rank, data_format):
    x, weights = draw(rank)
    layer = layer_of(rank, x, weights, data_format, strides=2, padding="same", activation="tanh")
    upstream = np.random.default_rng(9).uniform(0.5, 1.5, twin(x, weights, 2, 1, "same", None).shape)
    _, *grads = run(layer, x, upstream, data_format)
    rng = np.random.default_rng(4)
    for source, grad in zip([x, *[np.asarray(w.value()) for w in layer.weights()]], grads):
        for i in rng.permutation(source.size)[:10]:
            at, ends = np.unravel_index(i, source.shape), []
            kept = source[at]
            for step in (1e-6, -1e-6):
                source[at] = kept + step
                ends.append((back(layer(g.Variable(moved(x, data_format))), data_format) * upstream).sum())
            source[at] = kept
            assert grad[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("activation", [None, "relu", "softmax"])
def test_eager_equals_compiled(activation, data_format):
    x, weights = draw(2, dtype=np.float32)
    layer = layer_of(2, x, weights, data_format, padding="same", activation=activation)
    upstream = np.random.default_rng(9).uniform(0.5, 1.5, twin(x, weights, 1, 1, "same", None).shape)
    upstream = upstream.astype(np.float32)
    eager = run(layer, x, upstream, data_format)
    compiled = g.Function(layer)
    for _ in range(3):
        for a, b in zip(eager, run(layer, x, upstream, data_format, compiled)):
            np.testing.assert_array_equal(a, b)


def test_an_activation_without_a_fused_form():
    x, weights = draw(2)
    layer = layer_of(2, x, weights, None, activation="softmax")
    want = twin(x, weights, 1, 1, "valid", "softmax")
    upstream = np.random.default_rng(9).uniform(0.5, 1.5, want.shape)
    y, *grads = run(layer, x, upstream, None)
    np.testing.assert_allclose(y, want, rtol=1e-10)
    dz = want * (upstream - (upstream * want).sum(-1, keepdims=True))
    for got, expected in zip(grads, twin_gradients(x, weights, dz, 1, 1, "valid")):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("activation", [None, "relu"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_only_what_is_asked_for(data_format, activation):
    x, weights = draw(2)
    layer = layer_of(2, x, weights, data_format, activation=activation)
    v = g.Variable(moved(x, data_format))
    sources = [v, *layer.trainableVariables()]
    found = []
    for wanted in ([0], [1], [2], [0, 1, 2]):
        with g.GradientTape() as tape:
            loss = g.reduceSum(g.square(layer(v)))
        found.append([np.array(x) for x in tape.gradient(loss, [sources[i] for i in wanted])])
    for i in range(3):
        np.testing.assert_allclose(found[i][0], found[3][i], rtol=1e-12)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_against_torch(rank):
    torch = pytest.importorskip("torch")
    convolve = {1: torch.nn.functional.conv1d, 2: torch.nn.functional.conv2d, 3: torch.nn.functional.conv3d}[rank]
    for _, padding, data_format, stride, dilation, use_bias, activation in (o for o in OPTIONS if o[0] == rank):
        x, weights = draw(rank, use_bias, np.float32)
        layer = layer_of(
            rank, x, weights, data_format, strides=stride, padding=padding, dilation_rate=dilation,
            activation=activation
        )  # fmt: skip
        tx = torch.tensor(moved(x, "channels_first"), requires_grad=True)
        tw = torch.tensor(np.moveaxis(np.moveaxis(weights[0], -1, 0), -1, 1).copy(), requires_grad=True)
        tb = torch.tensor(weights[1], requires_grad=True) if use_bias else None
        around = [pads(n, k, stride, dilation, padding) for n, k in zip(IMAGES[rank], KERNELS[rank])]
        wide = torch.nn.functional.pad(tx, [n for pair in reversed(around) for n in pair])
        want = convolve(wide, tw, tb, stride, 0, dilation)
        want = getattr(torch, activation)(want) if activation else want
        upstream = np.random.default_rng(9).uniform(0.5, 1.5, want.shape).astype(np.float32)
        want.backward(torch.tensor(upstream))
        y, dx, *grads = run(layer, x, np.moveaxis(upstream, 1, -1), data_format)
        pairs = [(y, want.detach().numpy()), (dx, tx.grad.numpy())]
        for got, expected in pairs:
            np.testing.assert_allclose(np.moveaxis(got, -1, 1), expected, rtol=2e-5, atol=2e-5)
        np.testing.assert_allclose(np.moveaxis(np.moveaxis(grads[0], -1, 0), -1, 1), tw.grad, rtol=2e-5, atol=5e-5)
        if use_bias:
            np.testing.assert_allclose(grads[1], tb.grad, rtol=2e-5, atol=5e-5)


def test_names_and_kinds():
    for rank, make in LAYERS.items():
        assert re.fullmatch(rf"conv{rank}d(_\d+)?", make(2, 1).name())
    layer = nn.layers.Conv2D(2, 1, name="mine")
    assert [w.name() for w in layer.weights()] == ["kernel@mine", "bias@mine"]
    for kind in (Conv1D, Conv2D, Conv3D):
        assert issubclass(kind, AbstractConv)
    assert issubclass(AbstractConv, AbstractImage)
    assert isinstance(layer, Conv2D)
    assert isinstance(K, Backend)


def test_weights_after_the_build():
    layer = nn.layers.Conv2D(5, 3, input_shape=[4, 4, 1])
    with pytest.raises(LogicException, match="weights expected"):
        layer.build(sampleWeights=[K.ones([3, 3, 1, 5])])
    layer.build(g.Variable(K.zeros([1, 4, 4, 1])))
    kernel, bias = layer.getParams()
    assert kernel.shape() == [3, 3, 1, 5]
    assert np.abs(np.asarray(kernel)).max() > 0
    assert bias.toArray() == [0] * 5
    # zeros before the first backward
    assert [np.abs(np.asarray(x)).max() for x in layer.getGrads()] == [0, 0]
    assert [x.shape() for x in layer.getGrads()] == [[3, 3, 1, 5], [5]]
    assert layer.outputShape() == [2, 2, 5]
    assert nn.layers.Conv2D(5, 3, use_bias=False, input_shape=[4, 4, 1]).weights()[0].name().startswith("kernel@")


def test_fans_of_the_initializer():
    seen = []

    def initializer(shape, fans=None):
        seen.append((list(shape), fans))
        return K.zeros(shape)

    nn.layers.Conv2D(
        5, [3, 2], kernel_initializer=initializer, bias_initializer=initializer, input_shape=[4, 4, 7]
    ).build()
    assert seen[0] == ([3, 2, 7, 5], [3 * 2 * 7, 3 * 2 * 5])
    assert seen[1][0] == [5]


def test_backward_of_the_creator():
    x, weights = draw(2, dtype=np.float32)
    layer = layer_of(2, x, weights, None)
    with g.GradientTape():
        out = layer.forward(g.Variable(x))
    (dx,) = out.creator().backward([K.onesLike(out.value())])
    want = twin_gradients(*[np.float64(x), [np.float64(w) for w in weights], np.ones(out.shape())], 1, 1, "valid")
    np.testing.assert_allclose(np.asarray(dx), want[0], rtol=1e-5, atol=1e-5)
    for got, expected in zip(layer.getGrads(), want[1:]):
        np.testing.assert_allclose(np.asarray(got), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.layers.Conv2D(0, 3), "filters must be a positive integer"),
        (lambda: nn.layers.Conv2D(2, None), "kernel_size must be array or integer"),
        (lambda: nn.layers.Conv2D(2, [3]), "kernel_size does not mach rank"),
        (lambda: nn.layers.Conv2D(2, [3, 0]), "kernel_size must be positive integers"),
        (lambda: nn.layers.Conv1D(2, 3, strides=[1, 1]), "strides does not mach rank"),
        (lambda: nn.layers.Conv1D(2, 3, dilation_rate=-1), "dilation_rate must be positive integers"),
        (lambda: nn.layers.Conv1D(2, 3, padding="full"), "padding must be valid or same"),
        (lambda: nn.layers.Conv1D(2, 3, data_format="NWC"), "data_format must be channels_last or channels_first"),
        (lambda: nn.layers.Conv1D(2, 3, groups=2), "groups"),
        (lambda: nn.layers.Conv2D(2, 3, input_shape=[4, 4]).build(), r"Unsuppored input shape: \[4,4\]"),
        (lambda: nn.layers.Conv2D(2, 3, input_shape=[2, 4, 1]).build(), r"Invalid shape or paramaters"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(InvalidArgumentException, match=message):
        make()


def test_bad_inputs():
    layer = nn.layers.Conv2D(5, 3, input_shape=[4, 4, 1], name="mine")
    with pytest.raises(
        InvalidArgumentException,
        match=r"Input shape is inconsistent: defined as \(4,4,1\) but \(4,4,2\) given in Conv2D",
    ):
        layer.build(g.Variable(K.zeros([1, 4, 4, 2])))
    assert layer.forward(K.zeros([1, 4, 4, 1])).shape() == [1, 2, 2, 5]
    with pytest.raises(InvalidArgumentException, match=r"unmatch input shape: \(4,5,1\), must be .* in mine:forward"):
        layer.forward(K.zeros([1, 4, 5, 1]))
    with pytest.raises(InvalidArgumentException, match=r"unmatch data type: inputs are float64.*mine:forward"):
        layer.forward(g.Variable(np.zeros((1, 4, 4, 1))))
    layer.setShapeInspection(False)
    with pytest.raises(InvalidArgumentException, match="does not fit inputs of 2 channels"):
        layer.forward(K.zeros([1, 4, 4, 2]))
