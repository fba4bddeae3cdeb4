"""Sequential: what it is made of, and copies of it."""

import copy

import numpy as np
import pytest
from common import K, Net, T, X, compiled, g, mo, nn, quiet

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_nn.layers import AbstractLayer


def two(**options):
    return nn.models.Sequential(
        [nn.layers.Dense(4, input_shape=[2], activation="tanh", name="a"), nn.layers.Dense(2, name="b", **options)]
    )


def names(variables):
    return [v.name() for v in variables]


def test_layers_in_their_order():
    model = nn.models.Sequential()
    a, b = nn.layers.Dense(4, name="a"), nn.layers.Dense(2, name="b")
    assert model.add(a) is a
    model.add(b)
    assert model.layers() == model.submodules() == [a, b]
    assert names(model.variables()) == names(model.trainableVariables()) == ["kernel@a", "bias@a", "kernel@b", "bias@b"]
    x = g.Variable(X)
    np.testing.assert_array_equal(np.asarray(model.forward(x)), np.asarray(b.forward(a.forward(x))))
    np.testing.assert_array_equal(np.asarray(model(X, True)), np.asarray(model(x)))
    with g.GradientTape() as tape:
        y = model(X)
    assert [d.shape() for d in tape.gradient(y, model.trainableVariables())] == [[2, 4], [4], [4, 2], [2]]


def test_models_inside():
    inner = two()
    custom = Net()
    model = nn.models.Sequential([inner, custom, nn.layers.Dense(1, name="last")])
    assert model.submodules()[:2] == [inner, custom]
    assert [layer.name() for layer in model.layers()] == ["a", "b", "d1", "d2", "last"]
    assert model(X).shape() == [6, 1]
    assert len(model.trainableVariables()) == 10


def test_a_layer_twice_is_trained_once():
    layer = nn.layers.Dense(2, name="twice")
    model = nn.models.Sequential([layer, layer])
    assert names(model.trainableVariables()) == ["kernel@twice", "bias@twice"]
    history = quiet(compiled(model), epochs=3)
    assert history["loss"][2] < history["loss"][0]


def test_the_flag_of_training_reaches_those_that_ask():
    class Asks(AbstractLayer):
        seen = []

        def call(self, inputs, training=None):
            self.seen.append(training)
            return inputs

        def differentiate(self, dOutputs):
            return dOutputs

    class Inside(Net):
        seen = []

        def call(self, inputs, training):
            self.seen.append(training)
            return super().call(inputs)

    model = nn.models.Sequential([Asks(K), Inside()])
    model.forward(g.Variable(X), True)
    model.forward(g.Variable(X), training=False)
    model.forward(g.Variable(X))
    assert Asks.seen == Inside.seen == [True, False, None]


@pytest.mark.parametrize("wrong", [5, None, "Dense", nn.layers.Dense, mo.ones([2]), lambda x: x])
def test_what_is_no_layer(wrong):
    with pytest.raises(InvalidArgumentException, match="Sequential takes layers and models"):
        nn.models.Sequential([wrong])


def test_no_layers():
    with pytest.raises(LogicException, match="the model has no layers"):
        nn.models.Sequential()(X)


def test_copies():
    """A copy has weights of its own and is compiled as the original is, with a state of its own."""
    model = compiled(two())
    quiet(model, epochs=2)
    other = copy.copy(model)
    before = [np.asarray(v).copy() for v in model.variables()]
    for a, b in zip(model.variables(), other.variables()):
        assert a is not b
        assert a.value() is not b.value()
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
        assert a.name() == b.name()
    assert other.history == {}
    assert other.optimizer() is not model.optimizer()
    again = quiet(other, epochs=2)
    for a, b in zip(model.variables(), before):
        np.testing.assert_array_equal(np.asarray(a), b)
    assert again == quiet(model, epochs=2)
    for a, b in zip(model.variables(), other.variables()):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_copies_of_models_that_users_write():
    net = compiled(Net())
    quiet(net)
    other = net.clone()
    np.testing.assert_array_equal(np.asarray(net(X)), np.asarray(other(X)))
    assert all(a is not b for a, b in zip(net.variables(), other.variables()))
    with pytest.raises(LogicException, match="Not yet compile"):
        other.fit(X, T)
    assert names(copy.copy(Net()).variables()) == names(Net().variables())


def test_what_is_shared_inside_is_shared_in_the_copy():
    class Shared(Net):
        def __init__(self):
            super().__init__()
            self.same = self.d1
            self.more = g.modules([self.d2])

    other = copy.copy(Shared())
    assert other.same is other.d1
    assert list(other.more) == [other.d2]
    assert len(other.trainableVariables()) == 4


def test_build():
    model = two()
    assert all(v.isUndetermined() for v in model.variables())
    model.build([1, 2])
    weights = [v.value() for v in model.variables()]
    model.build([1, 2])
    assert all(a is v.value() for a, v in zip(weights, model.variables()))


def test_summary_builds(capsys):
    two().summary()
    assert capsys.readouterr().out.splitlines()[2:4] == [
        "a(Dense)                     (4)                        12        ",
        "b(Dense)                     (2)                        10        ",
    ]
    with pytest.raises(LogicException, match="You need to build the model before you can see the summary"):
        nn.models.Sequential([nn.layers.Dense(3)]).summary()
    with pytest.raises(LogicException, match="You need to build the model"):
        nn.models.Sequential().summary()
