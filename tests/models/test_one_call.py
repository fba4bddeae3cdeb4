"""A model's ``call`` runs once for training, evaluation and prediction, as in the original, where that is right."""

import itertools

import numpy as np
import pytest
from small_models import T, X, g, loss_function, mo, nn

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.random import setSeed
from rindow_nn.models import AbstractModel

MORE = mo.array(np.random.default_rng(0).uniform(1, 4, (10, 2)).astype("float32"))

USES = {
    "fit": lambda model: model.fit(X, T, batch_size=4, epochs=2, verbose=0, shuffle=False),
    "evaluate": lambda model: model.evaluate(X, T, batch_size=5),
    "predict": lambda model: np.asarray(model.predict(X)).tolist(),
    "predict more": lambda model: np.asarray(model.predict(MORE)).tolist(),
}


class Counting(AbstractModel):
    def __init__(self):
        super().__init__(nn)
        self.first, self.last = nn.layers.Dense(5, activation="tanh"), nn.layers.Dense(2)
        self.calls = 0

    def call(self, inputs):
        self.calls += 1
        return self.last(self.first(inputs))


class Dropping(Counting):
    def __init__(self):
        super().__init__()
        self.drop = nn.layers.Dropout(0.5)
        self.norm = nn.layers.BatchNormalization()

    def call(self, inputs, training):
        self.calls += 1
        return self.last(self.drop(self.norm(self.first(inputs), training=training), training=training))


class OfTheBatch(Counting):
    def call(self, inputs):
        self.calls += 1
        return g.scale(1 / inputs.shape()[0], self.last(self.first(inputs)))


class Listed(Counting):
    def call(self, inputs):
        self.calls += 1
        return [self.last(self.first(inputs))]


def used(make, order, **options):
    """What a model gives that is used in an order, and how often it was called."""
    setSeed(5)
    model = make()
    loss = loss_function()
    model.compile(optimizer="adam", loss=options.pop("loss", loss), metrics=["loss"], **options)
    return [USES[name](model) for name in order], model.calls


@pytest.mark.parametrize("order", list(itertools.permutations(USES)), ids="-".join)
def test_one_call(order):
    found, calls = used(Counting, order)
    assert calls == 1
    assert found == used(Counting, order, run_eagerly=True)[0]


@pytest.mark.parametrize("order", [("fit", "predict", "evaluate", "fit"), ("evaluate", "fit", "predict more")])
def test_training_is_another_call(order):
    """No dropout in predictions, and the statistics that were gathered."""
    found, calls = used(Dropping, order)
    assert calls == 2
    assert found == used(Dropping, order, run_eagerly=True)[0]


def test_calls_that_look_at_the_number_of_samples():
    order = ("fit", "predict", "predict more", "evaluate", "predict")
    found, calls = used(OfTheBatch, order)
    assert calls == 6  # of 4, 2, 6, 10, 5 and 1 samples
    assert found == used(OfTheBatch, order, run_eagerly=True)[0]


@pytest.mark.parametrize("order", [("fit", "evaluate"), ("evaluate", "fit")])
def test_a_list_of_one_stays_a_list(order):
    def loss(trues, predicts):
        return loss_function()(trues, predicts[0])

    found, calls = used(Listed, order, loss=loss)
    assert calls == 1
    assert found == used(Listed, order, loss=loss, run_eagerly=True)[0]
    model = Listed()
    model.compile(optimizer="adam", loss=loss, metrics=["loss"])
    model.fit(X, T, verbose=0)
    assert isinstance(model._steps.predict((MORE,)), list)


def test_gradients_after_predictions():
    """The trace of a prediction has no gradient; that of a training step cuts it off at the predictions."""
    weights = []
    for order in (("predict", "fit", "fit"), ("fit", "fit"), ("predict more", "evaluate", "fit", "predict", "fit")):
        setSeed(5)
        model = Counting()
        model.compile(optimizer="adam", loss=loss_function(), metrics=["loss"])
        for name in order:
            USES[name](model)
        weights.append([np.array(v) for v in model.variables()])
    for other in weights[1:]:
        for a, b in zip(weights[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_new_layer_is_a_new_call():
    model = Counting()
    model.compile(optimizer="adam", loss=loss_function())
    USES["fit"](model)
    model.last = nn.layers.Dense(3)
    assert np.shape(USES["predict"](model)) == (6, 3)
    assert model.calls == 2


def test_wrong_inputs_name_the_layer():
    model = Counting()
    model.compile(optimizer="adam", loss=loss_function())
    USES["fit"](model)
    with pytest.raises(InvalidArgumentException, match="dense"):
        model.predict(mo.ones([2, 3]))
    np.testing.assert_array_equal(np.asarray(model.predict(X)), np.asarray(model(g.Variable(X)).value()))
    assert model.whyNotCompiled() is None
