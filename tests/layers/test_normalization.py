"""Batch and layer normalisation: values and gradients by the definition, moving averages, weights, errors."""

import copy

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

KINDS = ["BatchNormalization", "LayerNormalization"]
every_kind = pytest.mark.parametrize("kind", KINDS)
# shape, axis
PLACES = [([6, 5], -1), ([6, 5], 1), ([3, 4, 5], 1), ([3, 4, 5], -1), ([2, 3, 4, 5], 1), ([2, 3, 4, 5], 2),
          ([2, 3, 4, 5], -2), ([2, 3, 2, 3, 4], 3)]  # fmt: skip


def make(kind, shape, dtype=np.float64, **options):
    """A layer with weights away from their initial values."""
    layer = getattr(nn.layers, kind)(**options)
    layer.build(shape[1:])
    rng = np.random.default_rng(4)
    for v in layer.variables():
        v.assign(mo.array(rng.uniform(0.5, 1.5, v.shape()).astype(dtype)))
    return layer


def definition(layer, x, training):
    """Outputs in NumPy."""
    weights = {v.name().split("@")[0]: np.array(v.value()).astype(np.float64) for v in layer.variables()}
    options = layer.getConfig()["options"]
    axis = options["axis"] % x.ndim
    of_features = [1] * x.ndim
    of_features[axis] = x.shape[axis]
    batch = "nonTrainable0" in weights
    over = tuple(i for i in range(x.ndim) if i != axis) if batch else axis
    if batch and not training:
        mean, variance = (weights[f"nonTrainable{i}"].reshape(of_features) for i in (0, 1))
    else:
        mean, variance = x.mean(over, keepdims=True), x.var(over, keepdims=True)
    y = (x - mean) / np.sqrt(variance + options["epsilon"])
    return y * weights.get("gamma", np.ones(1)).reshape(of_features if "gamma" in weights else [1]) + weights.get(
        "beta", np.zeros(1)
    ).reshape(of_features if "beta" in weights else [1])


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("center, scale", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("shape, axis", PLACES)
@every_kind
def test_values_and_gradients(kind, shape, axis, center, scale, training):
    layer = make(kind, shape, axis=axis, epsilon=1e-2, center=center, scale=scale)
    rng = np.random.default_rng(5)
    x, upstream = rng.normal(size=shape), rng.uniform(0.5, 1.5, shape)
    state = [np.array(v.value()) for v in layer.variables()]
    assert [v.name().split("@")[0] for v in layer.trainableVariables()] == ["beta"] * center + ["gamma"] * scale

    def call(v):
        return layer.forward(v, training)

    compiled = g.Function(call)
    found = []
    for function in (call, compiled, compiled):
        for v, kept in zip(layer.variables(), state):
            v.assign(mo.array(kept))
        wanted = definition(layer, x, training)
        v = g.Variable(x)
        sources = [v, *layer.trainableVariables()]
        with g.GradientTape() as tape:
            y = function(v)
            loss = g.mul(y, upstream)
        grads = tape.gradient(loss, sources)
        np.testing.assert_allclose(y, wanted, rtol=1e-10, atol=1e-12)
        found.append([np.array(a) for a in [y, *grads, *layer.variables()]])
    for other in found[1:]:
        for a, b in zip(found[0], other):
            np.testing.assert_array_equal(a, b)
    for source, grad in zip(sources, grads):
        memory = np.asarray(source.value())
        for at in [tuple(rng.integers(0, n) for n in memory.shape) for _ in range(8)]:
            kept, ends = memory[at], []
            for step in (1e-6, -1e-6):
                memory[at] = kept + step
                # the moving averages change with each call in training, and must not count
                ends.append((definition(layer, np.asarray(v.value()), training) * upstream).sum())
            memory[at] = kept
            assert np.asarray(grad)[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-7)


@every_kind
def test_some_gradients_only(kind):
    layer = make(kind, [4, 3])
    x = np.random.default_rng(1).normal(size=[4, 3])

    def call(v):
        return g.square(layer.forward(v, True))

    def gradients(function, wanted):
        v = g.Variable(x)
        with g.GradientTape() as tape:
            loss = function(v)
        sources = [v, *layer.trainableVariables()]
        return tape.gradient(loss, [sources[i] for i in wanted])

    whole = gradients(call, [0, 1, 2])
    for wanted in ([0], [1], [2], [0, 2], [2, 1]):
        compiled = g.Function(call)
        for function in (call, compiled, compiled):
            for i, grad in zip(wanted, gradients(function, wanted)):
                np.testing.assert_array_equal(grad, whole[i])


def test_moving_averages():
    layer = nn.layers.BatchNormalization(momentum=0.8, axis=1)
    x = np.random.default_rng(2).normal(3, 2, [5, 2, 7]).astype(np.float32)
    mean, variance = np.zeros(2), np.ones(2)
    step = g.Function(lambda v: layer.forward(v, True))
    for function in (lambda v: layer.forward(v, True), step, step, step):
        function(g.Variable(x))
        mean = mean * 0.8 + x.mean((0, 2)) * 0.2
        variance = variance * 0.8 + x.var((0, 2)) * 0.2
        np.testing.assert_allclose(layer.variables()[2], mean, rtol=1e-5)
        np.testing.assert_allclose(layer.variables()[3], variance, rtol=1e-5)
    kept = [np.array(v.value()) for v in layer.variables()]
    layer.forward(g.Variable(x), False)
    for v, before in zip(layer.variables(), kept):
        np.testing.assert_array_equal(v, before)


def test_inference_after_training_in_a_compiled_function():
    """A plan for inference reads the averages as they are at the time of the call."""
    layer = nn.layers.BatchNormalization(momentum=0.5)
    x = np.random.default_rng(3).normal(3, 2, [8, 3]).astype(np.float32)
    predict, train = g.Function(lambda v: layer.forward(v, False)), g.Function(lambda v: layer.forward(v, True))
    for _ in range(3):
        train(g.Variable(x))
        np.testing.assert_array_equal(predict(g.Variable(x)), layer.forward(g.Variable(x), False))
    assert np.abs(np.asarray(predict(g.Variable(x))).mean()) < 0.5


def test_gradient_at_inference_keeps_the_moments_of_its_call():
    layer = make("BatchNormalization", [4, 3])
    x = np.random.default_rng(6).normal(size=[4, 3])
    variance = np.array(layer.variables()[3].value())
    with g.GradientTape() as tape:
        v = g.Variable(x)
        y = layer.forward(v, False)
    layer.forward(g.Variable(x * 9), True)
    gamma = np.asarray(layer.variables()[1])
    np.testing.assert_allclose(tape.gradient(y, v), np.tile(gamma / np.sqrt(variance + 1e-3), (4, 1)), rtol=1e-10)


@every_kind
def test_weights_given(kind):
    beta, gamma = mo.array([1.0, 2.0, 3.0]), mo.array([4.0, 5.0, 6.0])
    for center, scale in ((True, True), (True, False), (False, True)):
        layer = getattr(nn.layers, kind)(center=center, scale=scale)
        layer.build([3], sampleWeights=[beta, gamma])
        given = [beta] * center + [gamma] * scale
        for found, wanted in zip(layer.getParams(), given):
            np.testing.assert_array_equal(found, wanted)
        assert [d.shape() for d in layer.getGrads()] == [[3]] * len(given)
        assert not any(np.asarray(d).any() for d in layer.getGrads())


@every_kind
def test_gradients_left_in_the_layer(kind):
    layer = make(kind, [4, 3])
    x = np.random.default_rng(1).normal(size=[4, 3])
    with g.GradientTape():
        y = layer.forward(g.Variable(x), True)
    (dx,) = y.creator().backward([mo.array(np.ones([4, 3]))])
    assert dx.shape() == [4, 3]
    dbeta, dgamma = layer.getGrads()
    np.testing.assert_allclose(dbeta, [4, 4, 4])
    assert dgamma.shape() == [3]


@every_kind
def test_initializers_and_configuration(kind):
    options = {"beta_initializer": "ones", "gamma_initializer": "zeros", "center": True, "scale": True}
    if kind == "BatchNormalization":
        options |= {"moving_mean_initializer": "ones", "moving_variance_initializer": "zeros", "momentum": 0.5}
    layer = getattr(nn.layers, kind)(epsilon=0.5, axis=1, **options)
    layer.build([2, 3])
    for i, v in enumerate(layer.variables()):
        np.testing.assert_array_equal(v, np.full(2, 1.0 - i % 2))
    config = layer.getConfig()["options"]
    for name, value in {**options, "epsilon": 0.5, "axis": 1}.items():
        assert name in ("center", "scale") or config[name] == value
    assert "center" not in config
    assert "scale" not in config
    config = getattr(nn.layers, kind)(center=False, scale=False).getConfig()["options"]
    assert config["center"] is False
    assert config["scale"] is False


@every_kind
def test_clone_has_weights_of_its_own(kind):
    layer = make(kind, [4, 3], np.float32)
    other = copy.copy(layer)
    x = np.random.default_rng(1).normal(size=[4, 3]).astype(np.float32)
    before = [np.array(v.value()) for v in layer.variables()]
    np.testing.assert_array_equal(other.forward(g.Variable(x), True), layer.forward(g.Variable(x), True))
    for v in other.variables():
        v.assign(mo.array(np.zeros(3, np.float32)))
    for i, v in enumerate(layer.variables()[:2]):
        np.testing.assert_array_equal(v, before[i])
    assert [v.name() for v in other.variables()] == [v.name() for v in layer.variables()]


@every_kind
def test_masks_pass_through(kind):
    layer = make(kind, [2, 3, 4], np.float32)
    x = np.random.default_rng(1).normal(size=[2, 3, 4]).astype(np.float32)
    mask = mo.array([[True, True, False]] * 2, dtype=1)
    for function in (lambda v: layer.forward(v, False), g.Function(lambda v: layer.forward(v, False))):
        for _ in range(2):
            with g.GradientTape() as tape:
                v = g.Variable(MaskedNDArray(mo.array(x), mask))
                y = function(v)
            assert isinstance(y.value(), MaskedNDArray)
            np.testing.assert_array_equal(y.value().mask(), mask)
            assert tape.gradient(y, v).shape() == [2, 3, 4]


@every_kind
def test_errors(kind):
    layer = getattr(nn.layers, kind)
    for axis in (0, -3):
        with pytest.raises(InvalidArgumentException, match="Axis must be greater than 0"):
            layer(axis=axis).build([3])
    with pytest.raises(InvalidArgumentException, match=r"Invalid axis: axis=2.*have 2 dimensions in norm"):
        layer(axis=2, name="norm").build([3])
    with pytest.raises(InvalidArgumentException, match="Unsupported initializer"):
        layer(beta_initializer="zeroes")
    with pytest.raises(InvalidArgumentException, match=r"float64.*float32.*in norm:forward"):
        made = layer(name="norm")
        made.build([3])
        made.forward(g.Variable(np.ones([2, 3])), True)
    free = layer(name="norm")
    free.build([3])
    free.setShapeInspection(False)
    with pytest.raises(InvalidArgumentException, match=r"\(2,4\).*in norm:forward"):
        free.forward(g.Variable(np.ones([2, 4], np.float32)), True)


def test_batch_normalization_wants_to_know_whether_it_is_training():
    with pytest.raises(InvalidArgumentException, match="training option must be true or false"):
        nn.layers.BatchNormalization().forward(g.Variable([[1.0]]))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("shape, axis", [([9, 40], 1), ([4, 5, 6, 24], 3), ([4, 10, 5, 6], 1)])
@every_kind
def test_against_torch(kind, shape, axis, training):
    torch = pytest.importorskip("torch")
    batch = kind == "BatchNormalization"
    place = 1 if batch else -1  # where torch has the features
    layer = make(kind, shape, np.float32, axis=axis, **({"momentum": 0.9} if batch else {}))
    rng = np.random.default_rng(8)
    x, upstream = (rng.normal(1, 2, shape).astype(np.float32) for _ in range(2))
    beta, gamma, *moving = (torch.tensor(np.array(v.value())) for v in layer.variables())
    sources = [torch.tensor(x), beta, gamma]
    for v in sources:
        v.requires_grad_(True)
    moved = sources[0].movedim(axis, place)
    if batch:
        before = moving[1].numpy().copy()
        y = torch.nn.functional.batch_norm(moved, *moving, gamma, beta, training, 0.1, 1e-3)
    else:
        y = torch.nn.functional.layer_norm(moved, [shape[axis]], gamma, beta, 1e-3)
    y = y.movedim(place, axis)
    wanted = torch.autograd.grad((y * torch.tensor(upstream)).sum(), sources)
    v = g.Variable(x)
    with g.GradientTape() as tape:
        found = layer.forward(v, training)
        loss = g.mul(found, upstream)
    np.testing.assert_allclose(found, y.detach().numpy(), rtol=1e-4, atol=1e-5)
    for a, b in zip(tape.gradient(loss, [v, *layer.trainableVariables()]), wanted):
        np.testing.assert_allclose(a, b.numpy(), rtol=1e-3, atol=1e-4)
    if batch:
        np.testing.assert_allclose(layer.variables()[2], moving[0].numpy(), rtol=1e-4)
        n = x.size // shape[axis] if training else 1  # torch keeps the unbiased variance
        biased = (moving[1].numpy() - 0.9 * before) * (n - 1) / n + 0.9 * before if training else before
        np.testing.assert_allclose(layer.variables()[3], biased, rtol=1e-4)
