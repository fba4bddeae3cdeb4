"""Calls that a compiled function makes as one: the same bits with gradients, folded normalisation within rounding."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rindow_nn
from rindow_math.matrix import MatrixOperator
from rindow_nn.activations import AbstractActivation
from rindow_nn.builder import NeuralNetworks
from rindow_nn.layers import BatchNormalization, Dropout
from rindow_nn.models import AbstractModel

AWARE = (BatchNormalization, Dropout)  # that have to know whether it is training

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend
layers = nn.layers


def build(parts, shape, dtype=np.float32, seed=3):
    """Builds layers one after the other and gives each weight values away from the initial ones."""
    rng = np.random.default_rng(seed)
    for layer in parts:
        layer.build(list(shape))
        shape = layer.outputShape()
        for v in layer.variables():
            v.assign(mo.array((rng.uniform(0.4, 1.2, v.shape()) * rng.choice([-1, 1], v.shape())).astype(dtype)))
        if isinstance(layer, BatchNormalization):
            variance = layer.variables()[-1]
            variance.assign(mo.array(rng.uniform(0.5, 3, variance.shape()).astype(dtype)))
    return parts


def chain(parts, training):
    def call(x):
        for layer in parts:
            x = layer.forward(x, training) if isinstance(layer, AWARE) else layer.forward(x)
        return x

    return call


def images(*shape, dtype=np.float32, seed=5):
    return g.Variable(np.random.default_rng(seed).normal(0, 1, shape).astype(dtype))


def gradients(f, x, sources, upstream):
    with g.GradientTape() as tape:
        y = f(x)
        out = g.mul(y, upstream)
    return np.array(y.value()), [np.array(d) for d in tape.gradient(out, sources)]


def check_training(parts, x, joined=()):
    """The same bits with and without compilation, with gradients and moving averages; what the plan names."""
    call = chain(parts, True)
    state = [(v, np.array(v.value())) for layer in parts for v in layer.variables()]
    upstream = np.random.default_rng(7).normal(size=call(x).shape()).astype(np.asarray(x).dtype)
    compiled = g.Function(call)
    found = []
    for f in (call, compiled, compiled):
        for v, kept in state:
            v.assign(mo.array(kept))
        y, grads = gradients(f, x, [x, *[v for layer in parts for v in layer.trainableVariables()]], upstream)
        found.append([y, *grads, *[np.array(v.value()) for v, _ in state]])
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(a, b)
    plan = compiled.plan()
    for name in joined:
        assert name in plan
    return plan


# ------------------------------------------------------------------------------------------------------- inference

CONVS = {1: (layers.Conv1D, [9, 3]), 2: (layers.Conv2D, [7, 6, 3]), 3: (layers.Conv3D, [4, 5, 4, 2])}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("center, scale", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_normalization_folds_into_the_convolution(rank, data_format, bias, center, scale, dtype):
    cls, shape = CONVS[rank]
    first = data_format == "channels_first"
    shape = [shape[-1], *shape[:-1]] if first else shape
    axis = (1 if first else rank + 1) - (0 if center else rank + 2)  # counted from either end
    conv = cls(19, 2, padding="same", data_format=data_format, use_bias=bias)
    norm = layers.BatchNormalization(axis=axis, epsilon=0.02, center=center, scale=scale)
    for act in ("relu", "tanh", "sigmoid", None):
        parts = build([conv, norm, *([] if act is None else [layers.Activation(act)])], shape, dtype)
        x = images(3, *shape, dtype=dtype)
        call = chain(parts, False)
        compiled = g.Function(call)
        compiled(x)
        name = {"relu": "+Relu", "tanh": "+Tanh", "sigmoid": "+Sigmoid", None: ""}[act]
        assert f"Conv+Normalization{name} " in compiled.plan() and "1 step for" in compiled.plan()
        found, wanted = np.array(compiled(x).value()), np.array(call(x).value())
        # the sums of the convolution are the same to the bit; what follows rounds a few times
        z = np.abs(np.array(conv.forward(x).value()).astype(np.float64))
        wide = [1] * (rank + 2)
        wide[axis] = 19
        mean, variance = (np.array(v.value()).astype(np.float64).reshape(wide) for v in norm.variables()[-2:])
        weights = {v.name().split("@")[0]: np.abs(np.array(v.value())).reshape(wide) for v in norm.variables()}
        b = np.abs(np.array(conv.variables()[1].value())).reshape(wide) if bias else 0
        s = weights.get("gamma", 1) / np.sqrt(variance + 0.02)
        bound = 4 * np.finfo(dtype).eps * ((z + 2 * b + np.abs(mean)) * s + weights.get("beta", 0) + 1)
        assert (np.abs(found.astype(np.float64) - wanted) <= bound).all()


def test_folded_results_are_as_accurate():
    shape = [12, 12, 8]
    make = lambda: [layers.Conv2D(32, 3), layers.BatchNormalization()]  # noqa: E731
    exact, parts = build(make(), shape, np.float64), build(make(), shape)
    for a, b in zip(exact, parts):
        for v, w in zip(a.variables(), b.variables()):
            v.assign(mo.array(np.array(w.value()).astype(np.float64)))
    x = images(8, *shape)
    wanted = np.array(chain(exact, False)(g.Variable(np.asarray(x).astype(np.float64))).value())
    compiled = g.Function(chain(parts, False))
    compiled(x)
    errors = [np.sqrt(np.mean((np.array(f(x).value()) - wanted) ** 2)) for f in (compiled, chain(parts, False))]
    assert errors[0] <= 1.1 * errors[1]


def test_weights_may_change_between_runs():
    conv, norm, _ = parts = build(
        [layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Activation("relu")], [6, 6, 2]
    )
    x = images(2, 6, 6, 2)
    call = chain(parts, False)
    compiled = g.Function(call)
    compiled(x)
    for v in [*conv.variables(), *norm.variables()]:
        v.assign(mo.array(np.array(v.value()) * np.float32(1.5)))
        np.testing.assert_allclose(compiled(x).value(), call(x).value(), rtol=1e-4, atol=1e-4)


def test_predict_and_evaluate_fold():
    model = nn.models.Sequential(
        [
            layers.Conv2D(8, 3, input_shape=[8, 8, 3]),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Flatten(),
            layers.Dense(5),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam")
    rng = np.random.default_rng(0)
    x, t = K.array(rng.normal(size=(12, 8, 8, 3)).astype(np.float32)), K.array(rng.integers(0, 3, 12).astype(np.int32))
    model.fit(x, t, epochs=3, batch_size=6, verbose=0)
    found = np.array(model.predict(x))
    np.testing.assert_allclose(found, np.array(model(g.Variable(x), False).value()), rtol=1e-4, atol=1e-5)
    loss = model.evaluate(x, t, batch_size=12)["loss"]
    assert abs(loss + np.mean(np.log(found[np.arange(12), np.asarray(t)]))) < 1e-4
    with rindow_nn.profile() as profile:
        model.predict(x)
    named = {row.what: row for row in profile.rows()}
    assert named["Conv+Normalization+Relu"].flops == 2 * 12 * 36 * 8 * 27
    assert named["Conv+Normalization+Relu"].layer.startswith("conv2d")
    assert "Normalization+Relu" in named


# -------------------------------------------------------------------------------------------------------- training


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("center, scale", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("shape, axis", [([5, 4, 7], -1), ([3, 5, 9], 1), ([40], -1), ([6, 33], 2)])
def test_normalization_and_relu_are_one_pass_each(shape, axis, center, scale, dtype):
    parts = build(
        [layers.BatchNormalization(axis, center=center, scale=scale), layers.Activation("relu")], shape, dtype
    )
    check_training(
        parts, images(6, *shape, dtype=dtype), ["Normalization+Relu ", "PointwiseGradient+NormalizationGradient "]
    )


def test_other_activations_follow_a_normalization_as_calls_of_their_own():
    for act in ("sigmoid", "tanh", "softmax", "linear"):
        parts = build([layers.BatchNormalization(), layers.Activation(act)], [4, 5])
        assert "+" not in check_training(parts, images(6, 4, 5)).replace("  ", "")
    parts = build([layers.LayerNormalization(), layers.Activation("relu")], [4, 5])
    assert "+" not in check_training(parts, images(6, 4, 5))


@pytest.mark.parametrize("act", ["relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("kind", ["Conv2D", "Dense"])
def test_relu_joins_what_comes_before_it(kind, act):
    parts = build([layers.Conv2D(7, 3) if kind == "Conv2D" else layers.Dense(7), layers.Activation(act)], [6, 5, 3])
    plan = check_training(parts, images(4, 6, 5, 3))
    assert (f"{kind.removesuffix('2D')}+Relu" in plan) == (act == "relu")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_maxima_are_taken_in_the_convolution(rank, data_format, dtype):
    cls, shape = CONVS[rank]
    shape = [shape[-1], *shape[:-1]] if data_format == "channels_first" else shape
    pool = getattr(layers, f"MaxPooling{rank}D")
    for act, bias in (("relu", True), (None, False)):
        parts = [cls(19, 2, activation=act, use_bias=bias, data_format=data_format), pool(data_format=data_format)]
        x = images(3, *shape, dtype=dtype)
        plan = check_training(build(parts, shape, dtype), x, ["Conv+Pooling "])
        assert ("PoolingGradient+ConvGradient" in plan) == (act is not None)
        norm = layers.BatchNormalization(axis=1 if data_format == "channels_first" else -1)
        parts = build([parts[0], norm, layers.Activation("relu"), parts[1]], shape, dtype) if act is None else parts
        wanted, found, plan = both(chain(parts, False), x)
        np.testing.assert_allclose(found[0], wanted[0], rtol=1e-4, atol=1e-4)
        assert ("Conv+Pooling " if act else "Conv+Normalization+Relu+Pooling ") in plan


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("act", ["relu", "sigmoid", "tanh"])
@pytest.mark.parametrize(
    "pooling, joined",
    [
        ({}, "all"),
        ({"pool_size": [2, 3]}, "all"),
        ({"padding": "same"}, "all"),
        ({"pool_size": 3, "strides": 2}, "relu"),
        ({"pool_size": 2, "strides": 2, "dilation_rate": 2}, "relu"),
    ],
)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_gradient_of_an_activation_comes_from_the_maxima(data_format, pooling, joined, act, dtype):
    shape = [3, 9, 8] if data_format == "channels_first" else [9, 8, 3]
    parts = build(
        [
            layers.Conv2D(5, 2, activation=act, data_format=data_format),
            layers.MaxPooling2D(data_format=data_format, **pooling),
        ],
        shape,
        dtype,
    )
    plan = check_training(parts, images(4, *shape, dtype=dtype))
    assert ("PoolingGradient+ConvGradient" in plan) == (joined == "all" or act == "relu")


@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize(("size", "filters", "strides"), [(6, 130, 1), (12, 128, 1), (13, 128, 2)])
def test_pooling_of_many_filters(size, filters, strides, batch):
    convolution = layers.Conv2D(filters, 3, strides=strides, activation="relu")
    parts = build([convolution, layers.MaxPooling2D()], [size, size, 128])
    check_training(parts, images(batch, size, size, 128), ["Conv+Pooling "])


def test_what_the_convolution_gave_is_not_kept_for_the_gradient():
    parts = build([layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D()], [10, 10, 2])
    kept = check_training(parts, images(2, 10, 10, 2)).split("kept for the gradient: ")[1].split("bytes")[0]
    assert int(kept.split("(")[1]) <= 2 * 4 * 4 * 4 * 5  # maxima and their places


@pytest.mark.parametrize("cls", ["GlobalMaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D"])
def test_other_poolings(cls):
    parts = build([layers.Conv2D(5, 3, activation="relu"), getattr(layers, cls)()], [6, 6, 2])
    plan = check_training(parts, images(3, 6, 6, 2))
    assert ("PoolingGradient+ConvGradient" in plan) == ("Max" in cls)


# ------------------------------------------------------------------------------------------------------- fall-backs


def both(call, x):
    """Outputs without and with compilation, and the plan."""
    compiled = g.Function(call)
    compiled(x)
    a, b = call(x), compiled(x)
    a, b = (list(v) if isinstance(v, (list, tuple)) else [v] for v in (a, b))
    return [np.array(v.value()) for v in a], [np.array(v.value()) for v in b], compiled.plan()


def test_outputs_that_are_asked_for_stay():
    conv, norm, act = build([layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Activation("relu")], [6, 6, 2])
    x = images(2, 6, 6, 2)

    def call(x):
        y = conv.forward(x)
        z = norm.forward(y, False)
        return [y, z, act.forward(z)]

    wanted, found, plan = both(call, x)
    for a, b in zip(wanted, found):
        np.testing.assert_array_equal(a, b)
    assert "+" not in plan

    def some(x):
        y = conv.forward(x)
        z = norm.forward(y, False)
        return [y, act.forward(z)]

    wanted, found, plan = both(some, x)
    for a, b in zip(wanted, found):
        np.testing.assert_array_equal(a, b)
    assert "Normalization+Relu" in plan and "Conv+" not in plan


def test_values_that_are_read_twice_stay():
    conv, norm, act = build([layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Activation("relu")], [6, 6, 2])
    x = images(2, 6, 6, 2)

    def call(x):
        y = conv.forward(x)
        z = norm.forward(y, False)
        return g.add(g.add(act.forward(z), z), g.reduceMean(y, axis=0, keepdims=True))

    wanted, found, plan = both(call, x)
    np.testing.assert_array_equal(wanted[0], found[0])
    assert "Normalization+" not in plan and "Conv+" not in plan


def test_a_view_of_the_value_between_keeps_it():
    conv, norm = build([layers.Conv2D(4, 3), layers.BatchNormalization()], [6, 6, 2])

    def call(x):
        y = conv.forward(x)
        return g.add(norm.forward(y, False), g.reshape(g.reshape(y, [-1]), y.shape()))

    wanted, found, plan = both(call, images(2, 6, 6, 2))
    np.testing.assert_array_equal(wanted[0], found[0])
    assert "Conv+" not in plan


def test_layers_used_twice():
    conv, norm, act = build(
        [layers.Conv2D(2, 3, padding="same"), layers.BatchNormalization(), layers.Activation("relu")], [6, 6, 2]
    )

    def call(x):
        for _ in range(2):
            x = act.forward(norm.forward(conv.forward(x), False))
        return x

    wanted, found, plan = both(call, images(2, 6, 6, 2))
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-4, atol=1e-3)
    assert plan.count("Conv+Normalization+Relu") == 2
    check_training([conv, norm, act, conv, norm, act], images(2, 6, 6, 2), ["Normalization+Relu"])


def test_what_does_not_fit_is_not_folded():
    x = images(2, 6, 6, 2)
    for parts in (
        [layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization()],
        [layers.Conv2D(4, 3), layers.BatchNormalization(axis=1)],
        [layers.Conv2D(4, 3), layers.LayerNormalization()],
        [layers.Conv2D(4, 3), layers.Dropout(0.5), layers.BatchNormalization()],
        [layers.Conv2D(4, 3, data_format="channels_first"), layers.BatchNormalization()],
    ):
        shape = [2, 6, 6] if parts[0].getConfig()["options"]["data_format"] else [6, 6, 2]
        wanted, found, plan = both(chain(build(parts, shape), False), images(2, *shape) if shape[0] == 2 else x)
        np.testing.assert_array_equal(wanted[0], found[0])
        assert "Conv+" not in plan
    parts = build([layers.Conv2D(4, 3), layers.BatchNormalization()], [6, 6, 2])
    compiled = g.Function(chain(parts, True))  # moments of the batch: not known beforehand
    compiled(x)
    assert "Conv+" not in compiled.plan()


def test_gradients_through_inference_are_not_folded():
    parts = build([layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Activation("relu")], [6, 6, 2])
    x = images(2, 6, 6, 2)
    call = chain(parts, False)
    compiled = g.Function(call)
    compiled(x)
    sources = [x, *parts[0].variables()]
    upstream = np.float32(1.0)
    for _ in range(2):
        wanted, found = gradients(call, x, sources, upstream), gradients(compiled, x, sources, upstream)
        np.testing.assert_array_equal(wanted[0], found[0])
        for a, b in zip(wanted[1], found[1]):
            np.testing.assert_array_equal(a, b)
    assert "Normalization+Relu" in compiled.plan() and "Conv+" not in compiled.plan()


class Halves(AbstractActivation):
    """An activation of the user's."""

    def call(self, inputs, training=None):
        return self.backend.scale(0.5, inputs)

    def differentiate(self, dOutputs):
        return self.backend.scale(0.5, dOutputs)


def test_activations_of_the_user():
    parts = build([layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Activation(Halves(K))], [6, 6, 2])
    check_training(parts, images(2, 6, 6, 2))
    wanted, found, plan = both(chain(parts, False), images(2, 6, 6, 2))
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-4, atol=1e-4)
    assert "Conv+Normalization " in plan


def test_masks_pass():
    embedding = layers.Embedding(9, 4, input_length=7, mask_zero=True)
    parts = [embedding, *build([layers.Conv1D(3, 3), layers.BatchNormalization(), layers.Activation("relu")], [7, 4])]
    embedding.build([7])
    ids = g.Variable(mo.array(np.random.default_rng(1).integers(0, 9, (5, 7)).astype(np.int32)))
    wanted, found, plan = both(chain(parts, False), ids)
    np.testing.assert_array_equal(wanted[0], found[0])
    assert "+" not in plan


class Block(AbstractModel):
    """A model inside another one."""

    def __init__(self, nn):
        super().__init__(nn)
        self.conv = nn.layers.Conv2D(4, 3, padding="same")
        self.norm = nn.layers.BatchNormalization()
        self.act = nn.layers.Activation("relu")

    def call(self, x, training):
        return self.act(self.norm(self.conv(x), training))


class Nested(AbstractModel):
    def __init__(self, nn, between):
        super().__init__(nn)
        self.first, self.second = Block(nn), Block(nn)
        self.between = between

    def call(self, x, training):
        y = self.first(x, training)
        z = self.second(y, training)
        return [z, y] if self.between else z


@pytest.mark.parametrize("between", [False, True])
def test_nested_models(between):
    model = Nested(nn, between)
    x = images(2, 6, 6, 2)
    model(x, True)
    wanted = model(x, False)
    found = model.predict(x.value())
    for a, b in zip(wanted if between else [wanted], found if between else [found]):
        np.testing.assert_allclose(np.array(b), np.array(a.value()), rtol=1e-4, atol=1e-5)


def test_calls_can_be_made_again_one_by_one():
    """A gradient of a gradient replays the calls as they were traced."""
    dense, act = build([layers.Dense(3), layers.Activation("relu")], [4])
    compiled = g.Function(lambda x: g.square(act.forward(dense.forward(x))))
    x = images(2, 4)
    with g.GradientTape() as tape:
        compiled(x)
    with g.GradientTape() as tape:
        y = compiled(x)
    first = np.array(tape.gradient(y, x))
    with g.GradientTape() as outer:
        with g.GradientTape() as tape:
            y = compiled(x)
        d = tape.gradient(y, x)
    np.testing.assert_allclose(np.array(d.value()), first, rtol=1e-6)
    assert outer is not None


# ------------------------------------------------------------------------------------------------------ drawn models


@st.composite
def models(draw):
    """Layers by name for images of 8 by 8, where outputs come from, and what is added to what."""
    steps = draw(
        st.lists(
            st.sampled_from(
                [
                    "conv",
                    "conv relu",
                    "conv tanh",
                    "conv1",
                    "norm",
                    "norm",
                    "relu",
                    "relu",
                    "sigmoid",
                    "pool",
                    "pool3",
                    "add",
                    "drop",
                ]
            ),
            min_size=1,
            max_size=8,
        )
    )
    return steps, draw(st.lists(st.integers(0, len(steps)), max_size=2)), draw(st.integers(0, 99))


def model_of(steps, seed):
    rng = np.random.default_rng(seed)
    shape = [8, 8, 3]
    parts = []
    for step in steps:
        name, _, act = step.partition(" ")
        if (name == "pool" and min(shape[:2]) < 2) or (name == "pool3" and min(shape[:2]) < 3):
            name = "relu"
        parts.append(
            {
                "conv": lambda act=act: layers.Conv2D(
                    int(rng.integers(1, 6)), 3, padding="same", activation=act or None, use_bias=bool(rng.integers(2))
                ),
                "conv1": lambda: layers.Conv2D(int(rng.integers(1, 20)), 1),
                "norm": lambda: layers.BatchNormalization(center=bool(rng.integers(2)), scale=bool(rng.integers(2))),
                "relu": lambda: layers.Activation("relu"),
                "sigmoid": lambda: layers.Activation("sigmoid"),
                "pool": lambda: layers.MaxPooling2D(),
                "pool3": lambda: layers.MaxPooling2D(3, strides=1, padding="same"),
                "add": lambda: None,
                "drop": lambda: layers.Dropout(0.0),
            }[name]()
        )
        if parts[-1] is not None:
            build([parts[-1]], shape, seed=seed)
            shape = parts[-1].outputShape()
    return parts


def run_model(parts, outputs, x, training):
    values = [x]
    for layer in parts:
        if layer is None:
            two = values[-2:]
            values.append(g.add(*two) if len({tuple(v.shape()) for v in two}) < len(two) else values[-1])
        elif isinstance(layer, AWARE):
            values.append(layer.forward(values[-1], training))
        else:
            values.append(layer.forward(values[-1]))
    return [*[g.scale(1.0, values[i]) if values[i] is x else values[i] for i in outputs], values[-1]]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(models())
def test_drawn_models(model):
    steps, outputs, seed = model
    parts = model_of(steps, seed)
    x = images(3, 8, 8, 3, seed=seed)
    state = [(v, np.array(v.value())) for p in parts if p is not None for v in p.variables()]
    sources = [x, *[v for p in parts if p is not None for v in p.trainableVariables()]]

    def call(x):
        return run_model(parts, outputs, x, True)

    compiled = g.Function(call)
    found = []
    for f in (call, compiled, compiled):
        for v, kept in state:
            v.assign(mo.array(kept))
        with g.GradientTape() as tape:
            outs = f(x)
            total = g.reduceSum(g.reshape(g.square(outs[-1]), [-1]), axis=0)
        grads = tape.gradient(total, sources)
        values = [v.value() for v in outs] + list(grads) + [v.value() for v, _ in state]
        found.append([np.array(v) for v in values])
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(a, b)

    inference = g.Function(lambda x: run_model(parts, outputs, x, False))
    inference(x)
    for a, b in zip(run_model(parts, outputs, x, False), inference(x), strict=True):
        a, b = np.array(a.value()), np.array(b.value())
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-4 * max(1.0, np.abs(a).max()))
