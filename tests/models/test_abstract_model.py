"""AbstractModel: what it finds in its attributes, and how it calls what users write."""

import copy

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.models import AbstractModel

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend


class Net(AbstractModel):
    def __init__(self, builder, units=2):
        super().__init__(builder)
        self.last = builder.layers.Dense(units, name="last")
        self.first = builder.layers.Dense(3, activation="relu", name="first")

    def call(self, inputs):
        return self.last(self.first(inputs))


def names(variables):
    return [v.name() for v in variables]


def test_order_of_assignment():
    net = Net(nn)
    assert [m.name() for m in net.submodules()] == ["last", "first"]
    assert [m.name() for m in net.layers()] == ["last", "first"]
    assert names(net.trainableVariables()) == ["kernel@last", "bias@last", "kernel@first", "bias@first"]
    y = net(mo.ones([4, 5]))
    assert y.shape() == [4, 2]
    assert [v.shape() for v in net.trainableVariables()] == [[3, 2], [2], [5, 3], [3]]


def test_nested_models_modules_and_variables():
    class Outer(AbstractModel):
        def __init__(self, builder):
            super().__init__(builder)
            self.scale = g.Variable(2.0, name="scale")
            self.net = Net(builder)
            self.more = g.modules([builder.layers.Dense(1, name="a"), Net(builder)])
            self.fixed = g.Variable(1.0, name="fixed", trainable=False)
            self.number = 5
            self.array = mo.ones([2])

        def call(self, inputs):
            x = self.net(inputs)
            for module in self.more:
                x = module(x)
            return g.mul(x, self.scale)

    outer = Outer(nn)
    inner = ["kernel@last", "bias@last", "kernel@first", "bias@first"]
    assert names(outer.variables()) == [*inner, "kernel@a", "bias@a", *inner, "scale", "fixed"]
    assert names(outer.trainableVariables())[-1] == "scale"
    assert names(outer.parameterVariables()) == ["scale", "fixed"]
    assert [m.name() for m in outer.layers()] == ["last", "first", "a", "last", "first"]
    x = g.Variable(mo.ones([2, 4]))
    with g.GradientTape() as tape:
        y = outer(x)
    grads = tape.gradient(y, outer.trainableVariables())
    assert [d.shape() for d in grads] == [v.shape() for v in outer.trainableVariables()]


def test_attributes_assigned_before_super():
    class Early(AbstractModel):
        def __init__(self, builder):
            self.early = builder.layers.Dense(1, name="early")
            super().__init__(builder)
            self.late = builder.layers.Dense(1, name="late")

        def call(self, inputs):
            return self.late(self.early(inputs))

    assert names(Early(nn).variables())[::2] == ["kernel@early", "kernel@late"]


def test_a_shared_layer_is_found_once_for_training():
    """Or one step would change its weights twice."""

    class Shared(AbstractModel):
        def __init__(self, builder):
            super().__init__(builder)
            self.a = builder.layers.Dense(1, kernel_initializer="ones", name="shared")
            self.b = self.a

        def call(self, inputs):
            return self.b(self.a(inputs))

    net = Shared(nn)
    assert names(net.trainableVariables()) == ["kernel@shared", "bias@shared"]


@pytest.mark.parametrize("attribute", ["backend", "builder"])
def test_backend_and_builder(attribute):
    net = Net(nn)
    assert getattr(net, attribute) is getattr(nn, attribute, nn)
    assert net.backend() is K
    assert net.backend is K


# ---------------------------------------------------------------------------------------------------------- calls


def model(function):
    class Model(AbstractModel):
        def __init__(self):
            super().__init__(nn)
            self.seen = []

    Model.call = function
    return Model()


def test_surplus_arguments_are_not_passed():
    x, t = mo.ones([1, 2]), mo.ones([1])

    def one(self, inputs):
        self.seen.append((inputs,))
        return inputs

    def two(self, inputs, training):
        self.seen.append((inputs, training))
        return inputs

    def three(self, inputs, training=None, trues=None):
        self.seen.append((inputs, training, trues))
        return inputs

    def any_number(self, *inputs):
        self.seen.append(inputs)
        return inputs[0]

    for function, count in ((one, 1), (two, 2), (three, 3), (any_number, 3)):
        net = model(function)
        net(x, True, t)
        assert net.seen == [(x, True, t)[:count]]
    with pytest.raises(TypeError, match="training"):
        model(two)(x)


def test_options_by_name():
    def call(self, inputs, training=None, trues=None):
        self.seen.append((training, trues))
        return inputs

    net = model(call)
    net(1, training=True)
    net(1, trues=5)
    net(1, True, trues=5)
    assert net.seen == [(True, None), (None, 5), (True, 5)]
    assert net.isAwareOf("training")
    assert net.isAwareOf("trues")
    assert not net.isAwareOf("mask")


def test_several_inputs_and_outputs():
    def call(self, a, b):
        return [g.add(a, b), g.mul(a, b)]

    s, p = model(call)(g.Variable(2.0), g.Variable(3.0))
    assert (s.toArray(), p.toArray()) == (5, 6)


def test_missing_super():
    class Forgetful(AbstractModel):
        def __init__(self, builder):
            self.dense = builder.layers.Dense(1)

        def call(self, inputs):
            return self.dense(inputs)

    net = Forgetful(nn)
    with pytest.raises(LogicException, match=r"Forgetful\.__init__ must call super\(\)\.__init__\(builder\)"):
        net(mo.ones([1, 2]))


def test_no_call():
    class Empty(AbstractModel):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty\.call"):
        Empty(nn)(mo.ones([1, 2]))


def test_build():
    for shape in ([1, 5], (1, 5), g.ArraySpec([1, 5]), mo.ones([1, 5]), g.Variable(mo.ones([1, 5]))):
        net = Net(nn)
        net.build(shape)
        assert [v.shape() for v in net.variables()] == [[3, 2], [2], [5, 3], [3]]
        before = net.variables()[0].value()
        net.build([1, 7])
        assert net.variables()[0].value() is before

    def call(self, a, b, training):
        self.seen.append((a.shape(), b.shape(), b.dtype(), training))
        return a

    net = model(call)
    net.build([2, 3], g.ArraySpec([2], dtype=NDArray.int32))
    assert net.seen == [([2, 3], [2], NDArray.int32, False)]


def test_wrong_shapes_name_the_layer():
    net = Net(nn)
    net(mo.ones([1, 5]))
    with pytest.raises(InvalidArgumentException, match=r"\(4\), must be \(5\) in first"):
        net(mo.ones([1, 4]))
    net.setShapeInspection(False)
    assert not net.shapeInspection()
    with pytest.raises(InvalidArgumentException, match=r"\(1,4\)"):
        net(mo.ones([1, 4]))


def test_names():
    net = AbstractModel(nn, name="mine")
    assert net.name() == "mine"
    net.setName("other")
    assert net.name() == "other"


def test_it_learns():
    """XOR, which takes the hidden layer."""
    from rindow_math.matrix.random import setSeed

    setSeed(0)

    class Xor(AbstractModel):
        def __init__(self, builder):
            super().__init__(builder)
            self.hidden = builder.layers.Dense(16, activation="tanh")
            self.out = builder.layers.Dense(2)

        def call(self, inputs, training):
            return self.out(self.hidden(inputs, training))

    net = Xor(nn)
    x = g.Variable([[0, 0], [0, 1], [1, 0], [1, 1]])
    t = mo.array([0, 1, 1, 0], NDArray.int32)
    loss = nn.losses.SparseCategoricalCrossEntropy(from_logits=True)
    optimizer = nn.optimizers.Adam(lr=0.05)
    for _ in range(150):
        value = nn.with_(tape := g.GradientTape(), lambda: loss(t, net(x, True, t)))
        optimizer.update(net.trainableVariables(), tape.gradient(value, net.trainableVariables()))
    assert np.asarray(net(x, False)).argmax(axis=1).tolist() == [0, 1, 1, 0]
    assert float(value) < 0.1


def test_builder_is_checked():
    class Net(AbstractModel):
        def __init__(self, backend, builder):
            super().__init__(backend, builder)

    with pytest.raises(InvalidArgumentException, match=r"builder of NeuralNetworks\. Received: Backend"):
        Net(nn.backend(), nn)


def test_attributes_with_names_of_methods(capsys):
    class Stack(AbstractModel):
        def __init__(self, builder, layers):
            super().__init__(builder)
            self.name = "stack"
            self.layers = layers

        def call(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    first, second = nn.layers().Dense(3, input_shape=[2]), nn.layers().Dense(1)
    model = Stack(nn, g.modules([first]))
    model.layers.add(second)
    model.build([1, 2])
    assert model.name() == model.name == "stack"
    assert model.layers() == list(model.layers) == [first, second]
    assert len(model.trainableVariables()) == 4
    model.summary()
    assert "Total params: 13" in capsys.readouterr().out
    model.compile(loss="mse")
    assert len(model.fit(mo.ones([2, 2]), mo.ones([2, 1]), epochs=2, verbose=0)["loss"]) == 2
    assert copy.copy(model).layers()[0] is not first

    plain = Stack(nn, [first])  # a Python list is no list of modules, but stays what it is
    plain.layers.append(second)
    assert plain.layers == [first, second]
    assert plain.predict(mo.ones([2, 2])).shape() == [2, 1]
    plain.summary()
    assert "Total params: 0" in capsys.readouterr().out
