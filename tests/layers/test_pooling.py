"""Pooling layers: values and gradients by the definition, every combination of options, torch, errors."""

import itertools

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient import MaskedNDArray

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend

IMAGES = {1: (9,), 2: (7, 6), 3: (5, 4, 5)}


def definition(kind, x, size, strides, padding, dilation, up):
    """Results and gradient of images with the channels last, window by window."""
    spatial = x.shape[1:-1]
    spans = [(k - 1) * d + 1 for k, d in zip(size, dilation)]
    if padding == "same":
        out = [-(-n // s) for n, s in zip(spatial, strides)]
        pads = [max(0, (o - 1) * s + span - n) // 2 for o, s, span, n in zip(out, strides, spans, spatial)]
    else:
        out = [(n - span) // s + 1 for n, span, s in zip(spatial, spans, strides)]
        pads = [0] * len(out)
    y, dx = np.zeros((len(x), *out, x.shape[-1])), np.zeros(x.shape)
    up = np.ones(y.shape) if up is None else up
    for place in itertools.product(*map(range, out)):
        inside = []
        for k in itertools.product(*map(range, size)):
            at = [o * s + i * d - p for o, s, i, d, p in zip(place, strides, k, dilation, pads)]
            if all(0 <= i < n for i, n in zip(at, spatial)):
                inside.append((slice(None), *at))
        values = np.stack([x[at] for at in inside])
        where = (slice(None), *place)
        y[where] = values.max(0) if kind == "Max" else values.mean(0)
        for i, at in enumerate(inside):
            dx[at] += np.where(values.argmax(0) == i, up[where], 0) if kind == "Max" else up[where] / len(inside)
    return y, dx


def images(rank, first, seed=1, dtype=np.float64):
    """Images without ties, with the channels last, and as the layer wants them."""
    shape = (2, *IMAGES[rank], 3)
    x = np.random.default_rng(seed).permutation(int(np.prod(shape))).reshape(shape).astype(dtype)
    return x, np.ascontiguousarray(np.moveaxis(x, -1, 1)) if first else x


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    "size, strides, dilation", [(2, None, 1), (3, 2, 1), (2, 1, 1), (2, 3, 1), (2, 1, 2), (3, 2, 2)]
)
@pytest.mark.parametrize("kind", ["Max", "Average"])
@pytest.mark.parametrize("rank", IMAGES)
def test_values_and_gradients(rank, kind, size, strides, dilation, padding, first):
    layer = getattr(nn.layers, f"{kind}Pooling{rank}D")(
        size, strides, padding, "channels_first" if first else None, dilation_rate=dilation
    )
    if padding == "valid" and (size - 1) * dilation + 1 > min(IMAGES[rank]):
        with pytest.raises(InvalidArgumentException, match="does not fit"):
            layer.build([*([3] if first else []), *IMAGES[rank], *([] if first else [3])])
        return
    x, given = images(rank, first)
    every = [[n] * rank for n in (size, strides or size, dilation)]
    wanted, _ = definition(kind, x, *every[:2], padding, every[2], None)
    up = np.random.default_rng(2).normal(size=wanted.shape)
    wanted, wanted_dx = definition(kind, x, *every[:2], padding, every[2], up)
    up = np.moveaxis(up, -1, 1) if first else up
    compiled = g.Function(layer.forward)
    for function in (layer.forward, compiled, compiled):
        v = g.Variable(given)
        with g.GradientTape() as tape:
            y = function(v)
            loss = g.mul(y, np.ascontiguousarray(up))
        dx = tape.gradient(loss, v)
        assert y.shape()[1:] == layer.outputShape()
        found = [np.moveaxis(np.asarray(a), 1, -1) if first else np.asarray(a) for a in (y, dx)]
        np.testing.assert_allclose(found[0], wanted, rtol=1e-12)
        np.testing.assert_allclose(found[1], wanted_dx, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("kind", ["Max", "Average"])
@pytest.mark.parametrize("rank", IMAGES)
def test_global_pooling(rank, kind, first):
    layer = getattr(nn.layers, f"Global{kind}Pooling{rank}D")("channels_first" if first else "channels_last")
    x, given = images(rank, first)
    flat = x.reshape(2, -1, 3)
    up = np.random.default_rng(2).normal(size=(2, 3))
    compiled = g.Function(layer.forward)
    for function in (layer.forward, compiled, compiled):
        v = g.Variable(given)
        with g.GradientTape() as tape:
            y = function(v)
            loss = g.mul(y, up)
        dx = np.asarray(tape.gradient(loss, v))
        np.testing.assert_allclose(y, flat.max(1) if kind == "Max" else flat.mean(1), rtol=1e-12)
        dx = (np.moveaxis(dx, 1, -1) if first else dx).reshape(flat.shape)
        share = flat == flat.max(1, keepdims=True) if kind == "Max" else 1 / flat.shape[1]
        np.testing.assert_allclose(dx, np.broadcast_to(up[:, None] * share, dx.shape), rtol=1e-12)
    assert layer.outputShape() == [3]


def test_ties_go_to_the_first():
    for layer in (nn.layers.MaxPooling1D(4), nn.layers.GlobalMaxPooling1D(), nn.layers.MaxPooling1D(3, 1)):
        v = g.Variable(np.ones([1, 4, 2], np.float32))
        with g.GradientTape() as tape:
            y = layer.forward(v)
        wanted = [1, 0, 0, 0] if y.size() == 2 else [1, 1, 0, 0]
        np.testing.assert_array_equal(np.asarray(tape.gradient(y, v))[0, :, 0], wanted)


def test_large_windows_and_images():
    """Places beyond 255 in a window."""
    x = np.random.default_rng(3).normal(size=(2, 40, 30, 5)).astype(np.float32)
    for first in (False, True):
        layer = nn.layers.GlobalMaxPooling2D("channels_first" if first else None)
        v = g.Variable(np.ascontiguousarray(np.moveaxis(x, -1, 1)) if first else x)
        with g.GradientTape() as tape:
            y = layer.forward(v)
        np.testing.assert_array_equal(y, x.max((1, 2)))
        dx = np.asarray(tape.gradient(y, v))
        np.testing.assert_array_equal(np.moveaxis(dx, 1, -1) if first else dx, x == x.max((1, 2), keepdims=True))


@pytest.mark.parametrize("kind", ["Max", "Average"])
def test_gradients_left_by_creator(kind):
    layer = getattr(nn.layers, f"{kind}Pooling2D")(input_shape=[4, 4, 3])
    with g.GradientTape():
        y = layer.forward(K.ones([2, 4, 4, 3]), True)
    (dx,) = y.creator().backward([K.ones([2, 2, 2, 3])])
    assert dx.shape() == [2, 4, 4, 3]
    assert float(K.sum(dx)) == pytest.approx(24)
    assert layer.getParams() == layer.getGrads() == layer.weights() == []


def test_masks():
    mask = mo.array([[True, True, False, False]] * 2, dtype=1)
    layer = nn.layers.MaxPooling1D(2)
    for function in (layer.forward, g.Function(layer.forward)):
        with g.GradientTape() as tape:
            v = g.Variable(MaskedNDArray(mo.array(np.ones([2, 4, 3], np.float32)), mask))
            y = function(v)
        assert isinstance(y.value(), MaskedNDArray)
        assert tape.gradient(y, v).shape() == [2, 4, 3]


def test_configuration():
    layer = nn.layers.MaxPooling2D([2, 3], padding="same", data_format="channels_first", input_shape=[3, 4, 4])
    assert layer.getConfig() == {
        "options": {
            "pool_size": [2, 3],
            "strides": [2, 3],
            "padding": "same",
            "data_format": "channels_first",
            "input_shape": [3, 4, 4],
        }
    }
    assert nn.layers.MaxPooling1D(dilation_rate=2).getConfig()["options"]["dilation_rate"] == [2]
    assert nn.layers.GlobalMaxPooling1D(input_shape=[4, 3]).getConfig() == {
        "options": {"input_shape": [4, 3], "data_format": None}
    }
    layer.build()
    assert layer.outputShape() == [3, 2, 2]


def test_errors():
    make = nn.layers.MaxPooling2D
    with pytest.raises(InvalidArgumentException, match="pool_size does not mach rank"):
        make([2, 2, 2])
    with pytest.raises(InvalidArgumentException, match="strides must be positive"):
        make(strides=0)
    with pytest.raises(InvalidArgumentException, match="padding must be valid or same: 'full' given in mine"):
        make(padding="full", name="mine").build([4, 4, 3])
    with pytest.raises(InvalidArgumentException, match="data_format"):
        make(data_format="channels").build([4, 4, 3])
    with pytest.raises(InvalidArgumentException, match="data_format"):
        nn.layers.GlobalMaxPooling1D(data_format="channels").build([4, 3])
    with pytest.raises(InvalidArgumentException, match=r"does not fit into \[1, 4\] in mine"):
        make(name="mine").build([1, 4, 3])
    with pytest.raises(InvalidArgumentException, match=r"defined as \(4,4,3\) but \(4,4,5\) given in MaxPooling2D"):
        make(input_shape=[4, 4, 3]).build(g.Variable(np.zeros([1, 4, 4, 5], np.float32)))
    with pytest.raises(InvalidArgumentException, match="Unsuppored input shape"):
        make().build([4, 3])
    with pytest.raises(InvalidArgumentException, match="must be float32 or float64"):
        make().forward(g.Variable(np.zeros([1, 4, 4, 5], np.int32)))
    layer = make()
    layer.setShapeInspection(False)
    layer.forward(g.Variable(np.zeros([1, 4, 4, 5], np.float32)))
    assert layer.forward(g.Variable(np.zeros([1, 6, 4, 5], np.float32))).shape() == [1, 3, 2, 5]
    with pytest.raises(InvalidArgumentException, match="must be 4D NDArray"):
        layer.forward(g.Variable(np.zeros([1, 6, 4], np.float32)))


@pytest.mark.parametrize("size, strides, dilation", [(2, 2, 1), (3, 2, 1), (3, 1, 1), (2, 1, 2)])
@pytest.mark.parametrize("kind", ["Max", "Average"])
@pytest.mark.parametrize("rank", IMAGES)
def test_against_torch(rank, kind, size, strides, dilation):
    torch = pytest.importorskip("torch")
    if kind == "Average" and dilation > 1:
        return  # torch has none
    x, given = images(rank, True, dtype=np.float32)
    v = torch.tensor(given, requires_grad=True)
    functions = torch.nn.functional
    if kind == "Max":
        y = getattr(functions, f"max_pool{rank}d")(v, size, strides, dilation=dilation)
    else:
        y = getattr(functions, f"avg_pool{rank}d")(v, size, strides)
    up = np.random.default_rng(2).normal(size=y.shape).astype(np.float32)
    (dx,) = torch.autograd.grad((y * torch.tensor(up)).sum(), [v])
    for first in (False, True):
        layer = getattr(nn.layers, f"{kind}Pooling{rank}D")(
            size, strides, data_format="channels_first" if first else None, dilation_rate=dilation
        )
        source = g.Variable(given if first else x)
        with g.GradientTape() as tape:
            found = layer.forward(source)
            loss = g.mul(found, up if first else np.ascontiguousarray(np.moveaxis(up, 1, -1)))
        for a, b in ((found, y), (tape.gradient(loss, source), dx)):
            a = np.asarray(a)
            b = b.detach().numpy()
            np.testing.assert_allclose(a if first else np.moveaxis(a, -1, 1), b, rtol=1e-5, atol=1e-5)
