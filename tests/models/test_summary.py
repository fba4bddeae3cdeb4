"""The text of summary: that of the original, character by character."""

import pytest
from common import Net, X, g, mo, nn

from rindow_math.exceptions import LogicException
from rindow_nn.layers import Dense, Flatten


def text_of(model, capsys):
    model.summary()
    return capsys.readouterr().out


def test_layers(capsys):
    model = nn.models.Sequential(
        [
            nn.layers.Dense(128, input_shape=[2], activation="sigmoid", name="dense"),
            nn.layers.Dense(2, activation="softmax", name="dense_1"),
        ]
    )
    expected = (
        "Layer(type)                  Output Shape               Param #   \n"
        "==================================================================\n"
        "dense(Dense)                 (128)                      384       \n"
        "dense_1(Dense)               (2)                        258       \n"
        "==================================================================\n"
        "Total params: 642\n"
    )
    assert text_of(model, capsys) == expected
    assert text_of(model, capsys) == expected  # now that it is built


def test_variables_of_models_themselves(capsys):
    class Scaled(Net):
        def __init__(self):
            super().__init__()
            self.factor = g.Variable(2.0, name="factor")
            self.nameless = g.Variable(mo.ones([2, 3]))
            self.fixed = g.Variable(mo.ones([5]), trainable=False, unbackpropagatable=True, name="fixed")

        def call(self, inputs):
            return g.mul(super().call(inputs), self.factor)

    class Outer(Net):
        def __init__(self):
            super().__init__()
            self.inner = Scaled()
            self.own = g.Variable(mo.ones([1]), name="own")

        def call(self, inputs):
            return g.mul(self.inner(super().call(inputs)), self.own)

    model = Outer()
    model.build([1, 2])
    assert text_of(model, capsys) == (
        "Layer(type)                  Output Shape               Param #   \n"
        "==================================================================\n"
        "d1(Dense)                    (8)                        24        \n"
        "d2(Dense)                    (2)                        18        \n"
        "d1(Dense)                    (8)                        24        \n"
        "d2(Dense)                    (2)                        18        \n"
        "==================================================================\n"
        "Weights                      Shape                      Param #   \n"
        "==================================================================\n"
        "factor                       ()                         1         \n"
        "No name                      (2,3)                      6         \n"
        "own                          (1)                        1         \n"
        "==================================================================\n"
        "Total params: 92\n"
    )


def test_long_names_are_cut(capsys):
    layer = nn.layers.Dense(1, input_shape=[1], name="a_name_of_more_than_29_characters")
    line = text_of(nn.models.Sequential([layer]), capsys).splitlines()[2]
    assert line == "a_name_of_more_than_29_charac(1)                        2         "


def test_what_is_not_built():
    net = Net()
    with pytest.raises(LogicException, match="You need to build the model before you can see the summary"):
        net.summary()

    class Unused(Net):
        def __init__(self):
            super().__init__()
            self.more = nn.layers.Dense(3, name="more")

    net = Unused()
    net(X)
    with pytest.raises(LogicException, match=r"the layer is not built: more\(Dense\)"):
        net.summary()


def test_display_may_be_overridden():
    class Shown(Net):
        def display(self, message):
            self.shown = message

    net = Shown()
    net(X)
    net.summary()
    assert net.shown.endswith("Total params: 42\n")


def test_numbers_of_default_names(capsys):
    """As tests of the original set them."""
    Flatten.nameNumbering = 0
    Dense.nameNumbering = 0
    model = nn.models.Sequential([nn.layers.Flatten(input_shape=[2]), nn.layers.Dense(5), nn.layers.Dense(1)])
    assert [line.split()[0] for line in text_of(model, capsys).splitlines()[2:5]] == [
        "flatten(Flatten)",
        "dense(Dense)",
        "dense_1(Dense)",
    ]
