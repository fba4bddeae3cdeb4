"""compile, fit, evaluate and predict."""

import numpy as np
import pytest
from small_models import Accuracy, K, Mean, Net, T, X, compiled, g, loss_function, mo, nn, quiet

from rindow_math.exceptions import InvalidArgumentException, LogicException, UnexpectedValueException
from rindow_math.matrix import NDArray
from rindow_math.matrix.random import setSeed
from rindow_nn.data.dataset import DatasetFilter, NDArrayDataset
from rindow_nn.models import AbstractModel

SEVEN = mo.array([[1, 3], [1, 4], [2, 4], [3, 1], [4, 1], [4, 2], [0, 1]])
CLASSES = mo.array([0, 0, 0, 1, 1, 1, 2], NDArray.int32)
WEIGHTS = (
    [[0.1, -0.2, 0.3, 0.4], [0.5, 0.1, -0.3, 0.2]],
    [0.1, 0.2, 0.3, 0.4],
    [[0.3, -0.1, 0.2], [0.1, 0.5, -0.4], [0.2, 0.2, 0.1], [-0.3, 0.4, 0.6]],
    [0.0, 0.1, -0.1],
)


def give(model, weights=WEIGHTS):
    for variable, values in zip(model.variables(), weights):
        variable.assign(mo.array(values))
    return model


def known(**options):
    """A model with the weights above."""
    layers = [nn.layers.Dense(4, input_shape=[2], activation="sigmoid"), nn.layers.Dense(3)]
    model = nn.models.Sequential(layers)
    model.build([1, 2])
    return compiled(give(model), **options)


def weights_of(model):
    return [np.asarray(v).copy() for v in model.variables()]


def same_weights(a, b):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


# ------------------------------------------------------------------------------------------- the original's numbers

# what the original gives for these weights: three epochs, batches of two in order, validated on three samples
ORIGINAL = {
    "sgd": {
        "loss": [1.1612829210834563, 1.156695033301845, 1.152310826684131],
        "accuracy": [0.375, 0.375, 0.375],
        "val_loss": [1.2672717938926534, 1.2532565063857144, 1.2397349179694104],
        "val_accuracy": [0.25, 0.25, 0.25],
        "evaluated": {"loss": 1.1559628778809827, "accuracy": 0.3333333333333333},
        "predicted": [[0.20196, 0.69248, 0.33081], [0.19735, 0.66540, 0.21101]],
    },
    "adam": {
        "loss": [1.1572082456542485, 1.1526373550016495, 1.1502957733666024],
        "accuracy": [0.375, 0.375, 0.375],
        "val_loss": [1.2706990721374827, 1.2643834659703854, 1.2588739236495727],
        "val_accuracy": [0.25, 0.25, 0.25],
        "evaluated": {"loss": 1.1605785365019818, "accuracy": 0.3333333333333333},
        "predicted": [[0.17939, 0.70019, 0.34066], [0.17713, 0.67217, 0.21778]],
    },
}
VALIDATION = [mo.array([[5, 1], [1, 5], [2, 6]]), mo.array([1, 0, 0], NDArray.int32)]


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("optimizer", ORIGINAL)
def test_numbers_of_the_original(optimizer, eagerly):
    model = known(optimizer=optimizer, run_eagerly=eagerly)
    expected = ORIGINAL[optimizer]
    history = quiet(model, SEVEN, CLASSES, epochs=3, validation_data=VALIDATION)
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    for name, values in history.items():
        np.testing.assert_allclose(values, expected[name], rtol=2e-6)
    assert history is model.history
    evaluated = model.evaluate(SEVEN, CLASSES, batch_size=3)
    assert list(evaluated) == ["loss", "accuracy"]
    assert evaluated == pytest.approx(expected["evaluated"], rel=2e-6)
    predicted = np.asarray(model.predict(SEVEN))
    np.testing.assert_allclose(predicted[[0, 6]], expected["predicted"], atol=6e-6)


def test_console_of_the_original(capsys):
    model = known(optimizer="sgd")
    options = {"batch_size": 2, "shuffle": False}
    model.fit(SEVEN, CLASSES, epochs=2, validation_data=VALIDATION, **options)
    assert capsys.readouterr().err == (
        "Train on 7 samples, validation on 3 samples\n"
        "Epoch 1/2 [.........................] 0 sec. remaining:00:00  - 0 sec.\n"
        " loss:1.1613 accuracy:0.3750 val_loss:1.2673 val_accuracy:0.2500\n"
        "Epoch 2/2 [.........................] 0 sec. remaining:00:00  - 0 sec.\n"
        " loss:1.1567 accuracy:0.3750 val_loss:1.2533 val_accuracy:0.2500\n"
    )
    model.evaluate(SEVEN, CLASSES, batch_size=3, verbose=1)
    assert capsys.readouterr().err.splitlines()[0] == "... - 0 sec."
    give(model)
    model.compile(optimizer="sgd", loss=loss_function(), metrics={"loss": Mean()})
    model.fit(SEVEN, CLASSES, verbose=2, **options)
    assert capsys.readouterr().err == "Train on 7 samples\nEpoch 1/1 .....- 0 sec.\n loss:1.1613\n"
    model.fit(mo.zeros([120, 2]), mo.zeros([120], NDArray.int32), verbose=2, **options)
    assert capsys.readouterr().err.splitlines()[1] == "Epoch 1/1 .....................- 0 sec."
    model.fit(SEVEN, CLASSES, verbose=0, **options)
    model.evaluate(SEVEN, CLASSES)
    model.predict(SEVEN)
    assert capsys.readouterr() == ("", "")


def test_console_may_be_overridden(capsys):
    class Silent(Net):
        said = ""

        def console(self, message):
            self.said += message

    model = compiled(Silent())
    model.fit(X, T)
    assert model.said.startswith("Train on 6 samples\nEpoch 1/1 [")
    assert capsys.readouterr() == ("", "")


def test_against_numpy():
    """Two epochs of plain gradient descent in float64."""
    model = known(optimizer=nn.optimizers.SGD(lr=0.1))
    history = quiet(model, SEVEN, CLASSES, epochs=2)
    w1, b1, w2, b2 = (np.array(w) for w in WEIGHTS)
    x, t = np.asarray(SEVEN, dtype=np.float64), np.asarray(CLASSES)
    losses = []
    for _ in range(2):
        epoch = []
        for begin in range(0, 7, 2):
            xs, ts = x[begin : begin + 2], t[begin : begin + 2]
            h = 1 / (1 + np.exp(-(xs @ w1 + b1)))
            y = h @ w2 + b2
            p = np.exp(y) / np.exp(y).sum(1, keepdims=True)
            epoch.append(-np.log(p[np.arange(len(ts)), ts]).mean())
            dy = p.copy()
            dy[np.arange(len(ts)), ts] -= 1
            dy /= len(ts)
            dh = dy @ w2.T * h * (1 - h)
            w2, b2 = w2 - 0.1 * h.T @ dy, b2 - 0.1 * dy.sum(0)
            w1, b1 = w1 - 0.1 * xs.T @ dh, b1 - 0.1 * dh.sum(0)
        losses.append(np.mean(epoch))
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-6)
    for variable, values in zip(model.variables(), (w1, b1, w2, b2)):
        np.testing.assert_allclose(np.asarray(variable), values, rtol=1e-5, atol=1e-7)


def test_compiled_and_eager_are_the_same_bit_for_bit():
    runs = []
    for eagerly in (False, True):
        setSeed(3)
        model = known(run_eagerly=eagerly)
        history = model.fit(SEVEN, CLASSES, epochs=4, batch_size=3, verbose=0)  # shuffled, last batch of one
        runs.append((history, *weights_of(model), np.asarray(model.predict(SEVEN))))
        assert (model.whyNotCompiled() is None) is not eagerly
    assert runs[0][0] == runs[1][0]
    same_weights(runs[0][1:], runs[1][1:])


def test_one_seed_repeats_everything():
    runs = []
    for seed in (1, 1, 2):
        nn.utils().setSeed(seed)
        model = compiled(Net())
        history = model.fit(X, T, epochs=3, batch_size=2, verbose=0)
        runs.append((history["loss"], *weights_of(model)))
    assert runs[0][0] == runs[1][0] != runs[2][0]
    same_weights(runs[0][1:], runs[1][1:])


# --------------------------------------------------------------------------------------------------------- data


class Batches(NDArrayDataset):
    """A dataset of a class of its own."""


def generator_like():
    class Twice:
        def __iter__(self):
            for i in range(0, 6, 2):
                yield np.asarray(X)[i : i + 2], np.asarray(T)[i : i + 2]

    return Twice()


FORMS = {
    "arrays": (X, T),
    "numpy": (np.asarray(X), np.asarray(T)),
    "float64": (np.asarray(X, dtype=np.float64), np.asarray(T)),
    "lists": (X.toArray(), T.toArray()),
    "dataset": (NDArrayDataset(mo, X, tests=T, batch_size=2, shuffle=False), None),
    "subclass": (Batches(mo, X, tests=T, batch_size=2, shuffle=False), None),
    "iterable": (generator_like(), None),
    "list of batches": ([(X[i : i + 2], T[i : i + 2]) for i in (0, 2, 4)].__iter__, None),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_data(form):
    x, t = FORMS[form]
    if callable(x):
        x, epochs = x(), 1  # an iterator runs once
    else:
        epochs = 2
    setSeed(5)
    model = compiled(Net())
    history = quiet(model, x, t, epochs=epochs)
    setSeed(5)
    expected = quiet(compiled(Net()), epochs=epochs)
    assert history == expected


def test_evaluating_takes_the_same_forms():
    model = compiled(Net())
    expected = model.evaluate(X, T, batch_size=2)
    for name, (x, t) in FORMS.items():
        assert model.evaluate(x() if callable(x) else x, t, batch_size=2) == expected, name
    before = weights_of(model)
    model.evaluate(X, T)
    same_weights(weights_of(model), before)


def test_progress_of_data_of_unknown_length(capsys):
    model = compiled(Net())
    model.fit(generator_like(), epochs=2)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Train on ? samples"
    assert lines[1].startswith("Epoch 1/2 [")
    assert lines[3].startswith("Epoch 2/2 [")


@pytest.mark.parametrize("validation", ["tuple", "list", "dataset", "numpy", "lists"])
def test_forms_of_validation(validation):
    x, t = VALIDATION
    t = mo.array([1, 0, 1], NDArray.int32)
    given = {
        "tuple": (x, t),
        "list": [x, t],
        "dataset": NDArrayDataset(mo, x, tests=t, batch_size=2, shuffle=False),
        "numpy": (np.asarray(x), np.asarray(t)),
        "lists": (x.toArray(), t.toArray()),
    }[validation]
    model = compiled(Net())
    history = quiet(model, validation_data=given)
    expected = model.evaluate(x, t, batch_size=2)
    assert {name: history["val_" + name][0] for name in expected} == pytest.approx(expected, rel=1e-6)


class TwoInputs(AbstractModel):
    def __init__(self):
        super().__init__(nn)
        self.left = nn.layers.Dense(3, name="left")
        self.right = nn.layers.Dense(3, name="right")

    def call(self, a, b):
        return g.add(self.left(a), self.right(b))


def test_several_inputs():
    a, b = mo.array([[1.0], [2.0], [3.0]]), mo.array([[1, 2], [3, 4], [5, 6]])
    t = mo.array([0, 1, 2], NDArray.int32)
    model = TwoInputs()
    model.compile(numInputs=2, loss=loss_function(), optimizer="adam", metrics={"loss": Mean()})
    history = quiet(model, [a, b], t, epochs=4, validation_data=([a, b], t))
    assert history["loss"][3] < history["loss"][0]
    assert len(history["val_loss"]) == 4
    assert model.predict([a, b]).shape() == [3, 3]
    expected = np.asarray(model(a, b))
    np.testing.assert_array_equal(np.asarray(model.predict([np.asarray(a), np.asarray(b)])), expected)
    assert list(model.evaluate([a, b], t)) == ["loss"]
    assert [v.shape() for v in model.trainableVariables()] == [[1, 3], [3], [2, 3], [3]]
    dataset = NDArrayDataset(mo, [a, b], tests=t, batch_size=2)
    assert len(quiet(model, dataset, None)["loss"]) == 1
    with pytest.raises(InvalidArgumentException, match="same length: 3, 2"):
        quiet(model, [a, b[0:2]], t)


def test_filters():
    class OneColumn(DatasetFilter):
        def translate(self, inputs, tests=None, options=None):
            return mo.la().slice(inputs, [0, 0], [-1, 1]), tests

    one = mo.la().slice(X, [0, 0], [-1, 1])

    def fitted(*data, **options):
        setSeed(1)
        model = compiled(Net())
        model.build([1, 1])  # a dataset with a filter draws a seed for its thread
        return quiet(model, *data, **options)

    expected = fitted(one, T)
    for made in (OneColumn(), lambda x, t: (mo.la().slice(x, [0, 0], [-1, 1]), t)):
        assert fitted(filter=made) == expected


def test_shuffling_changes_the_order_only():
    class Watch(Net):
        def trainStep(self, batchIndex, inputs, trues, callbacks):
            self.seen.append(np.asarray(inputs).copy())
            super().trainStep(batchIndex, inputs, trues, callbacks)

    setSeed(0)
    model = compiled(Watch())
    model.seen = []
    model.fit(X, T, batch_size=4, verbose=0, epochs=2)
    first, second = np.concatenate(model.seen[:2]), np.concatenate(model.seen[2:])
    assert sorted(first.tolist()) == sorted(second.tolist()) == sorted(X.toArray())
    assert first.tolist() != second.tolist()
    model.seen = []
    model.fit(X, T, batch_size=4, verbose=0, shuffle=False)
    assert np.concatenate(model.seen).tolist() == X.toArray()


# ------------------------------------------------------------------------------------- what users may override


def test_options_of_call():
    class Aware(Net):
        def call(self, inputs, training, trues):
            self.seen.append((training, trues.value() is not False and trues.shape()))
            return super().call(inputs)

    model = compiled(Aware(), run_eagerly=True)
    model.seen = []
    quiet(model, batch_size=6)
    model.evaluate(X, T)
    model.predict(X)
    assert model.seen == [(True, [6]), (False, [6]), (False, False)]


def test_labels_for_the_loss():
    """What trueValuesFilter gives goes to the loss and the metrics; the model gets the labels as they are."""

    class Shifted(Net):
        def call(self, inputs, trues=None):
            assert trues.shape() in ([2, 2], [])
            return super().call(inputs)

        def trueValuesFilter(self, trues):
            return mo.la().slice(trues, [0, 1], [-1, 1]).reshape([len(trues)])

    wide = mo.array([[5, n] for n in T.toArray()], NDArray.int32)
    setSeed(1)
    model = compiled(Shifted())
    history = quiet(model, X, wide, epochs=2, validation_data=(X, wide))
    setSeed(1)
    assert history == quiet(compiled(Net()), epochs=2, validation_data=(X, T))
    assert model.whyNotCompiled() is None


def test_step_of_the_users():
    class Own(Net):
        def trainStep(self, batchIndex, inputs, trues, callbacks):
            self.steps.append((batchIndex, inputs.shape(), trues.shape()))
            self._metrics["loss"].immediateUpdate(batchIndex)

        def evaluateStep(self, batchIndex, inputs, trues, callbacks):
            self._metrics["loss"].immediateUpdate(10)

        def predictStep(self, inputs, options):
            return mo.array([options["factor"]])

    model = compiled(Own(), metrics={"loss": Mean()})
    model.steps = []
    history = model.fit(X, T, batch_size=4, verbose=0, validation_data=(X, T), shuffle=False)
    assert model.steps == [(0, [4, 2], [4]), (1, [2, 2], [2])]
    assert history == {"loss": [0.5], "val_loss": [10]}
    assert model.predict(X, factor=3).toArray() == [3]


def test_models_that_cannot_be_compiled():
    class Looks(Net):
        def call(self, inputs):
            return super().call(inputs if float(inputs.value()[0][0]) > 0 else g.scale(2, inputs))

    setSeed(2)
    model = compiled(Looks())
    history = quiet(model, epochs=2)
    assert "must not look at the numbers" in model.whyNotCompiled()
    setSeed(2)
    assert history == quiet(compiled(Net()), epochs=2)
    assert model.predict(X).shape() == [6, 2]


def test_losses_and_metrics_that_are_functions():
    def squares(trues, predicts):
        return g.reduceMean(g.square(g.sub(predicts, trues)))

    def largest(trues, predicts):
        return float(np.abs(np.asarray(predicts) - np.asarray(trues)).max())

    class Line(AbstractModel):
        def __init__(self):
            super().__init__(nn)
            self.w = g.Variable(mo.array([[1.0], [1.0]]), name="w")

        def call(self, inputs):
            return g.matmul(inputs, self.w)

    target = mo.array([[2 * a - b] for a, b in X.toArray()])
    model = Line()
    model.compile(loss=squares, optimizer=nn.optimizers.Adam(lr=0.1), metrics={"loss": Mean()})
    history = quiet(model, X, target, epochs=200)
    assert history["loss"][-1] < 1e-4
    np.testing.assert_allclose(np.asarray(model.w), [[2], [-1]], atol=0.02)
    assert largest(target, model.predict(X)) < 0.1


def test_several_outputs():
    class Fork(Net):
        def call(self, inputs):
            y = super().call(inputs)
            return [y, g.scale(2, y)]

    model = compiled(Fork(), loss=lambda t, p: g.reduceMean(g.square(g.sub(p[1], p[0]))), metrics={"loss": Mean()})
    history = quiet(model, epochs=3)
    assert history["loss"][2] < history["loss"][0]
    a, b = model.predict(X)
    np.testing.assert_array_equal(np.asarray(b), 2 * np.asarray(a))


# ------------------------------------------------------------------------------------------------ state of training


def test_fitting_goes_on_where_it_ended():
    setSeed(4)
    model = compiled(Net())
    whole = quiet(model, epochs=4)
    setSeed(4)
    model = compiled(Net())
    parts = [quiet(model, epochs=1), quiet(model, epochs=3)]
    assert whole["loss"] == parts[0]["loss"] + parts[1]["loss"]
    assert model.history is parts[1]


def test_batches_of_many_sizes():
    """More shapes than plans are kept for."""
    model = compiled(Net())
    for n in range(1, 90):
        quiet(model, mo.ones([n, 2]), mo.zeros([n], NDArray.int32), batch_size=n)
    assert model.whyNotCompiled() is None


def test_weights_that_are_frozen_stay():
    class Frozen(Net):
        def __init__(self):
            super().__init__()
            self.factor = g.Variable(mo.array([3.0]), trainable=False)

        def call(self, inputs):
            return g.mul(super().call(inputs), self.factor)

    model = compiled(Frozen())
    quiet(model)
    assert model.factor.toArray() == [3]


def test_layers_added_later_are_trained():
    class Grows(Net):
        more = None

        def call(self, inputs):
            y = super().call(inputs)
            return y if self.more is None else self.more(y)

    model = compiled(Grows(), optimizer="sgd")
    quiet(model)
    model.more = nn.layers.Dense(2, name="more", kernel_initializer="ones")
    model.compile(optimizer="sgd", loss=loss_function(), metrics={"loss": Mean()})
    quiet(model)
    kernel = np.asarray(model.more.weights()[0])
    assert (kernel != 1).all()


def test_assigned_weights_are_used():
    model = known(optimizer="sgd")
    expected = quiet(model, SEVEN, CLASSES)
    give(model)
    assert quiet(model, SEVEN, CLASSES) == expected
    before = np.asarray(model.predict(SEVEN)).copy()
    give(model)
    assert (np.asarray(model.predict(SEVEN)) != before).all()


def test_inputs_are_not_changed():
    x, t = mo.copy(X), mo.copy(T)
    model = compiled(Net())
    model.fit(x, t, verbose=0, epochs=2)
    model.predict(x)
    assert (x.toArray(), t.toArray()) == (X.toArray(), T.toArray())


def test_results_are_not_changed_later():
    model = compiled(Net())
    first = model.predict(X)
    before = np.asarray(first).copy()
    quiet(model, epochs=2)
    model.predict(X)
    np.testing.assert_array_equal(np.asarray(first), before)


# -------------------------------------------------------------------------------------------------------- errors


def test_before_compile():
    model = Net()
    for call in (lambda: model.fit(X, T), lambda: model.evaluate(X, T)):
        with pytest.raises(LogicException, match="Not yet compile"):
            call()
    assert model.predict(X).shape() == [6, 2]

    class Forgetful(Net):
        def __init__(self):
            pass

    with pytest.raises(LogicException, match=r"Not yet initialized by constructor\."):
        Forgetful().fit(X, T)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"optimizer": "admm"}, "invalid optimizer: admm. Known names are sgd, adam, rmsprop; did you mean adam?"),
        ({"optimizer": 5}, "invalid optimizer: int"),
        ({"loss": "sparse_crossentropy"}, "invalid loss function: sparse_crossentropy. Known names are sparse_cat"),
        ({"loss": 5}, "invalid loss function: int"),
        ({"loss": nn.losses.SparseCategoricalCrossEntropy.__class__}, "invalid loss function: type"),
        ({"metrics": {"x": 5}}, "Invarid metric type:int"),
        ({"metrics": "loss"}, "metrics must be a list or a dict of metrics"),
        ({"loss": lambda t, p: p, "metrics": ["accuracy"]}, "the metric 'accuracy' depends on the loss"),
    ],
)
def test_what_compile_is_given(options, message):
    with pytest.raises(InvalidArgumentException) as e:
        compiled(Net(), **options)
    assert message in str(e.value)


@pytest.mark.parametrize(
    "optimizer, cls",
    [(None, "SGD"), ("SGD", "SGD"), ("sgd", "SGD"), ("Adam", "Adam"), (nn.optimizers.Adam(), "Adam")],
)
def test_optimizers(optimizer, cls):
    assert type(compiled(Net(), optimizer=optimizer).optimizer()).__name__ == cls


@pytest.mark.parametrize(
    "loss", [None, "sparse_categorical_crossentropy", "SparseCategoricalCrossEntropy", "sparsecategoricalcrossentropy"]
)
def test_losses(loss):
    assert type(compiled(Net(), loss=loss).lossFunction()).__name__ == "SparseCategoricalCrossEntropy"


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda m: m.fit("data"), "unsupported array type. inputs must be NDArray or Dataset. str was given"),
        (lambda m: m.fit(5, T), "inputs must be NDArray or Dataset. int was given"),
        (lambda m: m.fit(FORMS["dataset"][0], T), "The tests must be specified in the Dataset."),
        (lambda m: m.evaluate(FORMS["dataset"][0], T), "The tests must be specified in the Dataset."),
        (lambda m: m.fit(X), "a batch has no labels"),
        (lambda m: m.fit(X, T[0:3]), "Unmatch data size of inputs and tests:6,3"),
        (lambda m: m.fit(X, T, batch_size=0), "batch_size must be 1 or more"),
        (lambda m: m.fit(X, T, {"epochs": 2, "validation_data": [X, T]}), "1 or more. Received: dict"),
        (lambda m: m.fit(X, T, validation_data=5), "validation_data must be set of NDArray or instance of Dataset"),
        (lambda m: m.fit(X, T, filter=5), "filter must be a DatasetFilter"),
        (lambda m: m.fit(X, T, callbacks=5), "callbacks must be list of Callback: int"),
        (lambda m: m.fit(X, T, callbacks=[5]), "callbacks must be list of Callback: int"),
        (lambda m: m.fit([["a"]], T), "elements of <U1 cannot be computed with"),
        (lambda m: m.fit(iter([X])), "a dataset must give batches of (inputs, tests)"),
        (lambda m: m.fit(iter([(X, T)]), epochs=2), "gave no batches in epoch 2: an iterator runs only once"),
        (lambda m: m.fit(iter([])), "the dataset gave no batches in epoch 1"),
    ],
)
def test_data_that_does_not_do(call, message, capsys):
    with pytest.raises(InvalidArgumentException) as e:
        call(compiled(Net()))
    assert message in str(e.value)


def test_a_loss_that_is_no_number():
    model = compiled(Net(), loss=loss_function(reduction="none"))
    with pytest.raises(InvalidArgumentException, match=r"must be one number, an array of shape \[2\]"):
        quiet(model)
    model = compiled(Net(), loss=lambda t, p: 5.0, metrics={"loss": Mean()})
    with pytest.raises(UnexpectedValueException, match="the loss function must give a Variable"):
        quiet(model)


def test_metrics_are_told_what_they_need():
    model = compiled(Net(), metrics=[Mean(), Accuracy("share")], optimizer=nn.optimizers.Adam(lr=0.05))
    assert list(model.metrics()) == ["loss", "share"]
    history = quiet(model, epochs=100)
    assert history["share"][-1] == 1.0
    assert model.evaluate(X, T)["share"] == 1.0
    expected = np.argmax(np.asarray(model.predict(X)), axis=1)
    assert expected.tolist() == T.toArray()
    assert K.ndarray(model.predict(X)).shape() == [6, 2]


# -------------------------------------------------------------------------------------- metrics and losses by name

ONE_HOT = mo.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1], [0, 1]])


def ended(activation, units=2):
    setSeed(0)
    return nn.models.Sequential(
        [nn.layers.Dense(16, input_shape=[2], activation="sigmoid"), nn.layers.Dense(units, activation=activation)]
    )


@pytest.mark.parametrize(
    "loss, activation, labels, accuracy",
    [
        (None, "softmax", T, "SparseCategoricalAccuracy"),
        ("categorical_crossentropy", "softmax", ONE_HOT, "CategoricalAccuracy"),
        ("mse", "softmax", ONE_HOT, "CategoricalAccuracy"),
        ("huber", "softmax", ONE_HOT, "CategoricalAccuracy"),
        ("binary_crossentropy", "sigmoid", mo.array([[0], [0], [0], [1], [1], [1]]), "BinaryAccuracy"),
    ],
)
@pytest.mark.parametrize("eagerly", [False, True])
def test_losses_by_name_with_their_accuracy(loss, activation, labels, accuracy, eagerly):
    model = ended(activation, labels.shape()[-1] if labels.ndim() == 2 else 2)
    model.compile(loss=loss, optimizer=nn.optimizers.Adam(lr=0.1), run_eagerly=eagerly)
    assert list(model.metrics()) == ["loss", "accuracy"]
    assert type(model.metrics()["accuracy"]).__name__ == accuracy
    history = quiet(model, X, labels, epochs=40, validation_data=(X, labels))
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert history["loss"][-1] < history["loss"][0]
    assert history["accuracy"][-1] == history["val_accuracy"][-1] == 1.0
    assert model.evaluate(X, labels)["accuracy"] == 1.0


def test_metrics_by_name_by_object_and_by_function():
    categorical = nn.metrics.CategoricalAccuracy()

    def custom(trues, predicts):
        return categorical(trues, predicts)

    model = ended("softmax")
    model.compile(
        loss=nn.losses.MeanSquaredError(),
        optimizer="adam",
        metrics={"loss": "loss", "custom": custom, "named": "categorical_accuracy", "mine": categorical},
    )
    history = quiet(model, X, ONE_HOT, epochs=3)
    assert list(history) == ["loss", "custom", "named", "mine"]
    assert history["custom"] == history["named"] == history["mine"]
    model.compile(loss="mse", metrics=["loss", custom, categorical, "mean_squared_error"])
    found = model.evaluate(X, ONE_HOT)
    assert list(found) == ["loss", "generic_metric", "categorical_accuracy", "mean_squared_error"]
    predicted = np.asarray(model.predict(X))
    assert found["generic_metric"] == (predicted.argmax(1) == np.asarray(ONE_HOT).argmax(1)).mean()
    np.testing.assert_allclose(found["loss"], ((predicted - np.asarray(ONE_HOT)) ** 2).mean(), rtol=1e-5)
    with pytest.raises(InvalidArgumentException, match="nothing"):
        model.compile(metrics=["nothing"])


def test_a_model_of_many_layers():
    """Layers with masks, random numbers and several inputs: the compiled step and the eager one, bit for bit."""
    layers = nn.layers

    class Words(AbstractModel):
        def __init__(self):
            super().__init__(nn)
            self.words = layers.Embedding(9, 6, mask_zero=True)
            self.attention = layers.Attention()
            self.joined = layers.Concatenate()
            self.drop = layers.Dropout(0.25)
            self.dense = layers.Dense(4, activation="softmax")

        def call(self, inputs, training):
            x = self.words(inputs)
            y = self.attention.forward([x, x], training=training)
            return self.dense(self.drop(self.joined.forward([x, y]), training))

    ids = mo.array([[1, 2, 3], [4, 5, 0], [6, 0, 0], [7, 8, 1], [2, 2, 2]], NDArray.int32)
    labels = mo.array([[0, 1, 2], [3, 0, 1], [2, 3, 0], [1, 2, 3], [0, 1, 2]], NDArray.int32)
    runs = []
    for eagerly in (False, True):
        setSeed(6)
        model = Words()
        model.compile(optimizer="adam", run_eagerly=eagerly)
        history = model.fit(ids, labels, batch_size=2, epochs=4, verbose=0, validation_data=(ids, labels))
        assert (model.whyNotCompiled() is None) is not eagerly
        runs.append((history, *weights_of(model), np.asarray(model.predict(ids))))
    assert runs[0][0] == runs[1][0]
    same_weights(runs[0][1:], runs[1][1:])


def test_flags_of_training():
    """Dropout drops in fit alone; elsewhere it scales."""
    model = nn.models.Sequential([nn.layers.Dropout(0.5)])
    model.compile(loss="mse", metrics=["loss"], optimizer="sgd")
    x = mo.ones([50, 8])
    np.testing.assert_array_equal(np.asarray(model.predict(x)), np.full([50, 8], 0.5))
    assert model.evaluate(x, x)["loss"] == 0.25
    dropped = np.asarray(model(x, True))
    assert 0 < (dropped == 0).sum() < dropped.size
