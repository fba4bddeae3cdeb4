"""A training step as one call does to the last bit what its parts do one by one."""

import gc
import itertools
import math
import unittest.mock

import numpy as np
import pytest
from small_models import K, Net, T, X, g, mo, nn, quiet

import rindow_nn
from rindow_math.exceptions import InvalidArgumentException, UnexpectedValueException
from rindow_math.matrix import NDArray
from rindow_math.matrix.random import setSeed
from rindow_nn.callbacks import AbstractCallback, TerminateOnNaN
from rindow_nn.layers import AbstractLayer
from rindow_nn.metrics import BinaryAccuracy, SparseCategoricalAccuracy
from rindow_nn.models import AbstractModel
from rindow_nn.models.steps import Steps
from rindow_nn.optimizers import Adam, RMSprop
from rindow_nn.optimizers.schedule import ExponentialDecay


def state_of(model):
    """Weights and the optimizer's state."""
    arrays = [*model.variables(), *model.optimizer().getWeights()]
    return [np.asarray(v).copy() for v in arrays] + [model.optimizer()._step]


def assert_same(a, b):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


class Counted:
    """How often steps were taken as a whole, and otherwise."""

    def __init__(self, monkeypatch):
        self.whole = self.parts = 0
        took, train = rindow_nn.models.training.Training._took, Steps.train

        def counted_took(model, *args):
            done = took(model, *args)
            self.whole += done
            return done

        def counted_train(steps, args):
            self.parts += 1
            return train(steps, args)

        monkeypatch.setattr(rindow_nn.models.training.Training, "_took", counted_took)
        monkeypatch.setattr(Steps, "train", counted_train)


@pytest.fixture
def counted(monkeypatch):
    return Counted(monkeypatch)


def three_ways(make, x, t, monkeypatch, **options):
    """The model trained as a whole, in parts and eagerly: histories and states are the same."""
    found, counted = [], Counted(monkeypatch)
    for way in ("whole", "parts", "eager"):
        with monkeypatch.context() as m:
            if way == "parts":
                m.setattr(Steps, "whole", lambda *args: None)
            setSeed(3)
            model, compiling = make()
            model.compile(**compiling, run_eagerly=way == "eager")
            history = model.fit(x, t, **{"verbose": 0, "batch_size": 4, "epochs": 3, **options})
            found.append((history, state_of(model)))
        if way == "whole":
            assert counted.whole > counted.parts
    for history, state in found[1:]:
        assert history == found[0][0]
        assert_same(state, found[0][1])


OPTIMIZERS = [
    lambda: "sgd",
    lambda: "adam",
    lambda: "rmsprop",
    lambda: nn.optimizers.RMSprop(accumulate=True, decay=0.1, lr=0.01),
    lambda: nn.optimizers.Adam(lr=ExponentialDecay(0.1, 3, 0.5)),
    lambda: nn.optimizers.Adam(beta1=0.0, lr=0.02),
    lambda: nn.optimizers.SGD(lr=lambda step: 0.1 / (1 + step)),
]
LOSSES = {
    "sparse": (lambda: nn.losses.SparseCategoricalCrossEntropy(), "softmax", 5, "classes"),
    "sparse from logits": (lambda: nn.losses.SparseCategoricalCrossEntropy(from_logits=True), None, 5, "classes"),
    "categorical": (lambda: nn.losses.CategoricalCrossEntropy(), "softmax", 5, "weights"),
    "categorical from logits": (lambda: nn.losses.CategoricalCrossEntropy(from_logits=True), None, 5, "weights"),
    "binary": (lambda: nn.losses.BinaryCrossEntropy(), "sigmoid", 3, "yes and no"),
    "binary from logits": (lambda: nn.losses.BinaryCrossEntropy(from_logits=True), None, 1, "yes and no"),
    "square": (lambda: nn.losses.MeanSquaredError(), None, 2, "numbers"),
    "huber": (lambda: nn.losses.Huber(delta=0.3), "tanh", 2, "numbers"),
}
METRICS = [
    None,
    ["loss"],
    ["accuracy"],
    ["accuracy", "mse", "loss"],
    {"a": "accuracy", "b": "accuracy", "loss": "loss"},
]


def labels(kind, n, size, dtype):
    rng = np.random.default_rng(n)
    if kind == "classes":
        return mo.array(rng.integers(0, size, n).astype("int64" if n % 2 else "uint8"))
    if kind == "yes and no":
        yes = rng.integers(0, 2, (n, size))
        return mo.array(yes[:, 0].astype("int32") if size == 1 else yes.astype(dtype))
    drawn = rng.uniform(size=(n, size))
    return mo.array((drawn / drawn.sum(1, keepdims=True) if kind == "weights" else drawn).astype(dtype))


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_optimizers_and_metrics(loss, monkeypatch):
    """Batches of 4 and of what is left, in many combinations."""
    make_loss, activation, size, kind = LOSSES[loss]
    choices = itertools.product(range(len(OPTIMIZERS)), range(len(METRICS)))
    for i, (optimizer, metrics) in enumerate(choices):
        if (i + len(loss)) % 3:
            continue
        n, dtype = 9 + i, "float64" if i % 2 and kind != "yes and no" else "float32"
        wanted = METRICS[metrics]
        if kind == "classes" and wanted is not None and "mse" in wanted:
            wanted = ["accuracy", "loss", lambda t, p: float(np.asarray(p).sum())]

        def make(optimizer=optimizer, wanted=wanted, dtype=dtype):
            inner = ["relu", "sigmoid", "tanh"][optimizer % 3]
            layers = [nn.layers.Dense(7, activation=inner), nn.layers.Dropout(0.2)]
            model = nn.models.Sequential([*layers, nn.layers.Dense(size, activation=activation)])
            model.build([1, 3])
            for v in model.variables():
                v.assign(mo.array(np.asarray(v).astype(dtype)))
            return model, {"optimizer": OPTIMIZERS[optimizer](), "loss": make_loss(), "metrics": wanted}

        x = mo.array(np.random.default_rng(i).normal(size=(n, 3)).astype(dtype))
        three_ways(make, x, labels(kind, n, size, dtype), monkeypatch, shuffle=bool(i % 2))


def test_large_batches_and_threads(monkeypatch):
    """Where several threads work on a loss and an update."""

    def make():
        model = nn.models.Sequential([nn.layers.Dense(300, activation="relu"), nn.layers.Dense(200)])
        return model, {"optimizer": "adam", "loss": nn.losses.SparseCategoricalCrossEntropy(from_logits=True)}

    rng = np.random.default_rng(0)
    x, t = mo.array(rng.normal(size=(900, 40)).astype("float32")), mo.array(rng.integers(0, 200, 900))
    three_ways(make, x, t, monkeypatch, batch_size=400, epochs=2)


def test_other_layers(monkeypatch):
    """State that changes going forward, masks, recurrence, random numbers, layers and functions of the user."""

    class Doubled(AbstractLayer):
        def call(self, inputs, training=None):
            return K.scale(2, inputs)

        def differentiate(self, dOutputs):
            return K.scale(2, dOutputs)

    class Mixed(AbstractModel):
        def __init__(self):
            super().__init__(nn)
            self.embed = nn.layers.Embedding(6, 4, mask_zero=True)
            self.read = nn.layers.GRU(5)
            self.norm = nn.layers.BatchNormalization()
            self.double = Doubled(K)
            self.d = nn.layers.Dense(3)
            self.free = g.Variable(mo.ones([3]), name="free")

        def call(self, inputs, training=None):
            x = self.double(self.norm(self.read(self.embed(inputs)), training))
            y = self.d(x)
            return g.add(g.mul(g.exp(g.scale(0.1, y)), y), self.free)

    def make():
        return Mixed(), {"optimizer": "rmsprop", "loss": nn.losses.SparseCategoricalCrossEntropy(from_logits=True)}

    rng = np.random.default_rng(0)
    words, t = mo.array(rng.integers(0, 6, (11, 4)).astype("int32")), mo.array(rng.integers(0, 3, 11))
    three_ways(make, words, t, monkeypatch)


@pytest.mark.parametrize("form", ["product", "sum of losses", "with a penalty", "of a row", "twice"])
def test_losses_of_the_user(form, monkeypatch):
    """Also such as use a loss of the library inside, once or twice, and gradients that other weights take part in."""
    square = nn.losses.MeanSquaredError()

    class Scalars(AbstractModel):
        def __init__(self):
            super().__init__(nn)
            self.a, self.b = g.Variable(mo.array([2.0, 1.0])), g.Variable(mo.array([3.0, 0.5]))

        def call(self, inputs):
            return g.add(g.mul(self.a, self.b), g.scale(0.0, inputs))

    model = nn.models.Sequential([nn.layers.Dense(2, input_shape=[2])]) if form != "product" else Scalars()
    losses = {
        "product": lambda t, p: g.reduceMean(p),
        "sum of losses": lambda t, p: g.add(square(t, p), nn.losses.Huber()(t, p)),
        "with a penalty": lambda t, p: g.add(square(t, p), g.scale(0.1, g.reduceSum(g.square(p)))),
        "of a row": lambda t, p: g.reduceMean(nn.losses.MeanSquaredError(reduction="none")(t, p)),
        "twice": lambda t, p: g.mul(square(t, p), square(t, p)),
    }
    begun = None

    def make():
        nonlocal begun
        model.build([1, 2])
        begun = begun or [mo.copy(v.value()) for v in model.variables()]
        for v, value in zip(model.variables(), begun, strict=True):
            v.assign(value)
        return model, {"optimizer": "adam", "loss": losses[form], "metrics": ["loss", "mse"]}

    three_ways(make, X, mo.array(np.eye(6, 2, dtype="float32")), monkeypatch)


def test_several_outputs_and_filtered_labels(monkeypatch):
    class Two(AbstractModel):
        def __init__(self):
            super().__init__(nn)
            self.d = nn.layers.Dense(2)

        def call(self, a, b, trues=None):
            y = self.d(g.add(a, b))
            return [y, g.square(y)]

        def trueValuesFilter(self, trues):
            return mo.array(np.asarray(trues)[:, ::-1].copy())

    def make():
        seen = nn.metrics.GenericMetric(lambda t, p: float(np.asarray(p[1]).sum() + np.asarray(t)[0, 0]))
        return Two(), {"loss": lambda t, p: nn.losses.MeanSquaredError()(t, p[0]), "metrics": ["loss", seen]}

    three_ways(make, [X, X], mo.array(np.eye(6, 2, dtype="float32")), monkeypatch)


# ------------------------------------------------------------------------------------ what is taken as a whole, and not


class Batches:
    """Something to iterate over that is neither an array nor a data set."""

    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)


def net(**options):
    model = Net()
    loss = nn.losses.SparseCategoricalCrossEntropy(from_logits=True)
    model.compile(**{"loss": loss, "optimizer": "adam", **options})
    return model


def test_all_but_the_first_step(counted):
    model = net()
    quiet(model, epochs=4, batch_size=2)
    assert (counted.parts, counted.whole) == (1, 11)
    quiet(model, epochs=2, batch_size=4)  # another shape, and what is left of it
    assert (counted.parts, counted.whole) == (2, 14)
    quiet(model, epochs=2, batch_size=4, callbacks=[AbstractCallback()])
    assert (counted.parts, counted.whole) == (3, 17)


class Mine(Adam):
    def update(self, params, grads):
        self.updates = getattr(self, "updates", 0) + 1
        super().update(params, grads)


def test_optimizers_of_the_user(counted, monkeypatch):
    model = net(optimizer=Mine(K))
    quiet(model, epochs=2)
    assert model.optimizer().updates == 6
    patched = net()
    patched.optimizer().update = unittest.mock.Mock()
    quiet(patched, epochs=2)
    assert patched.optimizer().update.call_count == 6
    rated = net(optimizer=nn.optimizers.SGD())
    rated.optimizer().learningRate = unittest.mock.Mock(return_value=0.0)
    quiet(rated, epochs=2)
    assert rated.optimizer().learningRate.call_count == 6
    with unittest.mock.patch.object(RMSprop, "update") as update:
        quiet(net(optimizer="rmsprop"), epochs=2)
        assert update.call_count == 6
    assert counted.whole == 0


def test_metrics_of_the_user(counted):
    class Own(SparseCategoricalAccuracy):
        def forward(self, trues, predicts):
            return 7.0

    patched = nn.metrics.SparseCategoricalAccuracy()
    patched.forward = lambda trues, predicts: 8.0
    kept = []
    keeper = nn.metrics.GenericMetric(lambda trues, predicts: kept.append((trues, predicts)) or 0.0)
    model = net(metrics={"own": Own(K), "patched": patched, "keeper": keeper, "accuracy": "accuracy"})
    history = quiet(model, epochs=2)
    assert (history["own"], history["patched"]) == ([7.0] * 2, [8.0] * 2)
    assert counted.whole == 5
    numbers = [[float(x) for x in np.asarray(p).ravel()] for _, p in kept]
    shares = [np.mean(np.asarray(p).argmax(1) == np.asarray(t)) for t, p in kept]
    assert history["accuracy"] == [np.mean(shares[:3]), np.mean(shares[3:])]
    quiet(model, epochs=3)
    assert numbers == [[float(x) for x in np.asarray(p).ravel()] for _, p in kept[:6]], "what is kept does not change"
    assert len({np.asarray(p).__array_interface__["data"][0] for _, p in kept}) == len(kept)


def test_thresholds_of_binary_accuracy():
    strict, usual = BinaryAccuracy(K, threshold=0.99999), BinaryAccuracy(K)
    model = nn.models.Sequential([nn.layers.Dense(1, activation="sigmoid", input_shape=[2])])
    seen = []
    watch = nn.metrics.GenericMetric(lambda t, p: seen.append([strict(t, p), usual(t, p)]) or 0.0)
    metrics = {"strict": BinaryAccuracy(K, threshold=0.99999), "usual": BinaryAccuracy(K), "watch": watch}
    model.compile(loss="binary_crossentropy", metrics=metrics, optimizer=nn.optimizers.SGD(lr=1.0))
    history = quiet(model, epochs=3, batch_size=1)
    expected = np.mean(np.reshape(seen, (3, 6, 2)), axis=1)
    np.testing.assert_array_equal(np.stack([history["strict"], history["usual"]], axis=1), expected)
    assert (expected[:, 0] != expected[:, 1]).any()


def test_steps_of_the_user(counted):
    class Stepped(Net):
        def trainStep(self, batchIndex, inputs, trues, callbacks):
            self.taken = [*getattr(self, "taken", []), batchIndex]
            super().trainStep(batchIndex, inputs, trues, callbacks)

    model = Stepped()
    model.compile(loss=nn.losses.SparseCategoricalCrossEntropy(from_logits=True))
    quiet(model, epochs=2)
    assert model.taken == [0, 1, 2] * 2
    patched = net()
    patched.trainStep = unittest.mock.Mock()
    quiet(patched, epochs=2)
    assert patched.trainStep.call_count == 6


# ------------------------------------------------------------------------------------------------------------ callbacks


@pytest.mark.parametrize("eagerly", [False, True])
def test_callbacks_change_things_between_steps(eagerly, monkeypatch):
    """Rates, weights, state; what they see is the metrics so far."""

    class Meddler(AbstractCallback):
        seen = ()

        def onTrainBatchBegin(self, batch):
            self.begun = batch

        def onTrainBatchEnd(self, batch, metrics):
            assert batch == self.begun
            self.seen = *self.seen, (batch, {name: m.result() for name, m in metrics.items()})
            optimizer, model = self.model.optimizer(), self.model
            if len(self.seen) == 2:
                optimizer.setLr(0.5)
            elif len(self.seen) == 4:
                model.variables()[0].assign(mo.ones(model.variables()[0].shape()))
            elif len(self.seen) == 6:
                optimizer.loadWeights([mo.array(w) for w in map(np.asarray, optimizer.getWeights())])
                optimizer.setLr(lambda step: 1.0 / step)
            elif len(self.seen) == 8:
                optimizer.build(model.trainableVariables())
            elif len(self.seen) == 10:
                model.stop_training = True

    found = []
    for way in (Steps.whole, lambda *args: None):
        monkeypatch.setattr(Steps, "whole", way)
        setSeed(1)
        model, meddler = net(run_eagerly=eagerly), Meddler()
        history = quiet(model, epochs=9, callbacks=[meddler])
        assert len(meddler.seen) == 10
        found.append((history, meddler.seen, state_of(model)))
    assert found[0][:2] == found[1][:2]
    assert_same(found[0][2], found[1][2])


# --------------------------------------------------------------------------------------------------- what goes wrong


def test_a_loss_that_is_no_number_changes_nothing(counted):
    model = net()
    quiet(model)
    x = np.asarray(X).copy()
    x[4] = np.nan
    seen = []

    class Watch(AbstractCallback):
        def onTrainBatchEnd(self, batch, metrics):
            seen.append(state_of(self.model))

    with pytest.raises(UnexpectedValueException, match="it is nan in step 3 of epoch 1; the weights are those before"):
        quiet(model, mo.array(x), callbacks=[Watch()])
    assert counted.whole == 2 + 1
    assert_same(seen[-1], state_of(model))
    assert all(np.isfinite(v).all() for v in state_of(model))
    before = state_of(model)[-1]
    stopper = TerminateOnNaN()
    history = quiet(model, mo.array(x), callbacks=[stopper], epochs=3)
    assert (stopper.stopped_batch, state_of(model)[-1]) == (2, before + 2)
    assert math.isnan(history["loss"][0])


def test_errors_are_those_of_the_parts(counted):
    model = net()
    quiet(model)
    batches = [(X, T), (X, T), (X, mo.array([0, 0, 9, 0, 0, 0], NDArray.int32))]
    with pytest.raises(InvalidArgumentException, match="class numbers from 0 to 1: 9 was given at row 2"):
        model.fit(Batches(batches), verbose=0)
    before = state_of(model)
    model.fit(Batches(batches[:2]), verbose=0)
    assert state_of(model)[-1] == before[-1] + 2
    more = nn.optimizers.Adam()
    more.build([*model.trainableVariables(), mo.ones([2])])
    model.compile(loss=nn.losses.SparseCategoricalCrossEntropy(from_logits=True), optimizer=more)
    with pytest.raises(InvalidArgumentException, match="the optimizer was built for 5 parameters, 4 were given"):
        quiet(model)


def test_odd_batches_among_others(counted):
    """Arrays of numpy, lists and other types come along; whole steps go on after them."""
    model = net()
    x, t = np.asarray(X), np.asarray(T)
    batches = [(X, T), (x, t), (x.tolist(), t.tolist()), (X, T), (x, t.astype("uint8")), (X, T)]
    model.fit(Batches(batches), verbose=0)
    assert (counted.parts, counted.whole) == (2, 4)


def test_memory_does_not_grow():
    model = net()
    quiet(model, epochs=3, batch_size=4)
    gc.collect()
    before = mo.service().buffer().memoryInfo()["in_use"]
    quiet(model, epochs=30, batch_size=4)
    gc.collect()
    assert mo.service().buffer().memoryInfo()["in_use"] <= before


def test_a_profile_of_whole_steps():
    model = net()
    quiet(model)
    with rindow_nn.profile() as p:
        quiet(model, epochs=2)
    rows = {(r.layer, r.what, r.phase): r.calls for r in p.rows()}
    for phase in ("forward", "backward"):
        assert rows["d1", "Dense", phase] == rows["d2", "Dense", phase] == 6
    assert rows["SparseCategoricalCrossEntropy", "LossStep", "backward"] == 5
    assert rows["", "Adam", "other"] == rows["", "metrics", "other"] == rows["", "batch", "other"] == 6


def test_plans_are_of_their_function():
    """Between whole steps the function may be called as any other."""
    model = net()
    quiet(model, epochs=2)
    step = model._steps._whole[1]
    outputs, _ = model._steps.train((X, T))
    assert step((X, T), None) is True
    assert step.loss == float(outputs[0])
    later, _ = model._steps.train((X, T))
    assert float(later[0]) < step.loss
