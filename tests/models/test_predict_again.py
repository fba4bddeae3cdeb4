"""Predictions after a model has changed: later calls do not look at each layer."""

import numpy as np
import pytest
from small_models import K, T, X, compiled, g, mo, nn

import rindow_nn
from rindow_nn.gradient.core.modules import Modules
from rindow_nn.models import AbstractModel


class Parts(AbstractModel):
    """A layer, a list, a model and a variable."""

    def __init__(self):
        super().__init__(nn)
        self.first = nn.layers.Dense(3, activation="tanh")
        self.several = Modules([nn.layers.Dense(3), nn.layers.Dense(4)])
        self.inner = nn.models.Sequential([nn.layers.Dense(3)])
        self.scale = g.Variable(2.0)
        self.last = None

    def call(self, x):
        x = self.first.forward(x)
        for layer in self.several:
            x = layer.forward(x)
        x = g.mul(self.inner.forward(x), self.scale)
        return x if self.last is None else self.last.forward(x)


def predicted(model, x=X):
    """Predictions, made often enough that the short way is taken if there is one."""
    outputs = [np.asarray(model.predict(x)).copy() for _ in range(3)]
    for other in outputs[1:]:
        np.testing.assert_array_equal(other, outputs[0])
    return outputs[0]


def expected(model, x=X):
    return np.asarray(model(g.Variable(x)).value())


def remove_layer(model):
    model.last = nn.layers.Dense(2)
    predicted(model)
    model.last = None
    model.scale.assign(K.array(3.0))


def replace_weight(model):
    kernel = model.first._weights[0]
    model.first._weights[0] = g.Variable(K.scale(3, kernel.value()))


CHANGES = {
    "layer": lambda model: setattr(model, "first", nn.layers.Dense(3)),
    "new layer": lambda model: setattr(model, "last", nn.layers.Dense(2)),
    "layer gone": remove_layer,
    "list": lambda model: model.several.add(nn.layers.Dense(4)),
    "new list": lambda model: setattr(model, "several", Modules([nn.layers.Dense(4)])),
    "model": lambda model: setattr(model, "inner", nn.models.Sequential([nn.layers.Dense(5)])),
    "weight": replace_weight,
    "layer in a model": lambda model: model.inner.add(nn.layers.Dense(2)),
    "layer in a model replaced": lambda model: model.inner._layers.__setitem__(0, nn.layers.Dense(3)),
    "variable": lambda model: setattr(model, "scale", g.Variable(-1.0)),
    "value": lambda model: model.scale.assign(K.array(5.0)),
    "compiled anew": lambda model: compiled(model, optimizer="sgd"),
    "trained": lambda model: compiled(model).fit(X, T, epochs=2, verbose=0),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changes_are_seen(change):
    model = Parts()
    before = predicted(model)
    assert model._steps.shortcut is not None
    change(model)
    after = predicted(model)
    np.testing.assert_allclose(after, expected(model), rtol=1e-5, atol=1e-6)
    assert after.shape != before.shape or (after != before).any() or change is CHANGES["compiled anew"]


def test_other_shapes_types_and_kinds_of_inputs():
    model = Parts()
    for x in (X, X[0:2], X, mo.array(np.asarray(X)[:1]), np.asarray(X), np.asarray(X).tolist()):
        np.testing.assert_allclose(predicted(model, x), expected(model, mo.array(x)), rtol=1e-5, atol=1e-6)
    assert model.predict(np.asarray(X)[:0].reshape(0, 2)).shape() == [0, 3]


def test_a_way_of_its_own_to_find_variables():
    class Hidden(AbstractModel):
        def __init__(self):
            super().__init__(nn)
            self.box = [nn.layers.Dense(2)]

        def variables(self):
            return self.box[0].variables()

        def call(self, x):
            return self.box[0].forward(x)

    model = Hidden()
    predicted(model)
    model.box[0] = nn.layers.Dense(3)
    np.testing.assert_allclose(predicted(model), expected(model), rtol=1e-5, atol=1e-6)
    assert model._steps.shortcut is None


def test_steps_of_ones_own():
    class Own(Parts):
        def predictStep(self, inputs, options):
            return K.scale(2, super().predictStep(inputs, options))

    model = Own()
    np.testing.assert_allclose(predicted(model), 2 * expected(model), rtol=1e-5, atol=1e-6)
    model = Parts()
    predicted(model)
    model.predictStep = lambda inputs, options: inputs
    np.testing.assert_array_equal(predicted(model), np.asarray(X))


def test_several_inputs_and_outputs():
    class Two(AbstractModel):
        def __init__(self):
            super().__init__(nn)
            self.dense = nn.layers.Dense(2)

        def call(self, a, b):
            return [self.dense.forward(a), g.add(a, b)]

    model = Two()
    for _ in range(3):
        first, second = model.predict([X, X])
        np.testing.assert_array_equal(np.asarray(second), 2 * np.asarray(X))
        assert first.shape() == [6, 2]


def test_under_a_tape_and_a_profile():
    model = Parts()
    plain = predicted(model)
    with g.GradientTape():
        np.testing.assert_array_equal(np.asarray(model.predict(X)), plain)
    with rindow_nn.profile() as profile:
        np.testing.assert_array_equal(np.asarray(model.predict(X)), plain)
    assert "dense" in str(profile).lower()


def test_copies_have_weights_of_their_own():
    model = Parts()
    before = predicted(model)
    other = model.clone()
    other.scale.assign(K.array(0.0))
    assert not predicted(other).any()
    np.testing.assert_array_equal(predicted(model), before)
