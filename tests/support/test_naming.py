"""Default names: each layer, or family of layers, counts for itself."""

import pytest

from rindow_nn.builder import NeuralNetworks
from rindow_nn.layers import Dense, Flatten
from rindow_nn.layers.base import AbstractLayer, AbstractLayerBase
from rindow_nn.layers.global_pooling import AbstractGlobalAveragePooling, AbstractGlobalMaxPooling
from rindow_nn.support.naming import give_name

nn = NeuralNetworks()


@pytest.fixture(autouse=True)
def anew(monkeypatch):
    for cls in (Dense, Flatten):
        monkeypatch.setattr(cls, "nameNumbering", 0)


def test_layers_count_for_themselves():
    layers = [nn.layers.Dense(1), nn.layers.Dense(1), nn.layers.Flatten(), nn.layers.Dense(1), nn.layers.Flatten()]
    assert [layer.name() for layer in layers] == ["dense", "dense_1", "flatten", "dense_2", "flatten_1"]
    assert nn.layers.Dense(1, name="mine").name() == "mine"
    assert nn.layers.Dense(1).name() == "dense_3"
    assert Dense.nameNumbering == 4
    Dense.nameNumbering = 0
    assert nn.layers.Dense(1).name() == "dense"
    assert AbstractLayerBase.nameNumbering == 0


def test_global_maxima_and_means_count_apart(monkeypatch):
    for family in (AbstractGlobalMaxPooling, AbstractGlobalAveragePooling):
        monkeypatch.setattr(family, "nameNumbering", 0, raising=False)
    made = [
        nn.layers.GlobalMaxPooling1D(),
        nn.layers.GlobalAveragePooling1D(),
        nn.layers.GlobalAveragePooling2D(),
        nn.layers.GlobalMaxPooling3D(),
    ]
    assert [layer.name() for layer in made] == [
        "globalmaxpooling1d",
        "globalaveragepooling1d",
        "globalaveragepooling2d_1",
        "globalmaxpooling3d_1",
    ]


def test_subclasses_count_with_their_layer():
    class Mine(Dense):
        pass

    assert Mine(nn.backend, 1).name() == "dense"
    assert nn.layers.Dense(1).name() == "dense_1"
    assert Mine(nn.backend, 1).name() == "dense_2"


def test_layers_of_users():
    class One(AbstractLayer):
        pass

    class Two(AbstractLayer):
        pass

    class OneMore(One):
        pass

    assert [give_name(c, None, "x") for c in (One, Two, OneMore, One, Two)] == ["x", "x", "x_1", "x_2", "x_1"]
