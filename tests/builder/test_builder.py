"""The builder: both spellings, names in any case, suggestions, the backend of the environment."""

import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_math.matrix import MatrixOperator
from rindow_nn.backend.rindow_blas import Backend
from rindow_nn.builder import Builder, NeuralNetworks
from rindow_nn.layers import Dense
from rindow_nn.losses import SparseCategoricalCrossEntropy
from rindow_nn.optimizers import SGD, Adam

mo = MatrixOperator()
nn = NeuralNetworks(mo)

PARTS = ["backend", "models", "layers", "losses", "optimizers", "datasets", "data", "utils", "gradient"]


@pytest.mark.parametrize("name", PARTS)
def test_property_and_method(name):
    part = getattr(nn, name)
    assert part() is part
    assert part()() is part
    assert getattr(nn, name) is part
    assert getattr(nn, name.upper()) is part
    assert getattr(NeuralNetworks, name).__doc__


def test_both_spellings_make_layers():
    assert isinstance(nn.layers.Dense(2), Dense)
    assert isinstance(nn.layers().Dense(units=2), Dense)
    assert isinstance(nn.losses().SparseCategoricalCrossEntropy(from_logits=True), SparseCategoricalCrossEntropy)
    assert isinstance(nn.optimizers.Adam(lr=0.1), Adam)
    assert isinstance(nn.optimizers().SGD(), SGD)


def test_names_in_any_case():
    assert isinstance(nn.layers.dense(2), Dense)
    assert isinstance(nn.losses.SparseCategoricalCrossentropy(), SparseCategoricalCrossEntropy)
    assert isinstance(nn.optimizers.Sgd(), SGD)
    assert nn.gradient.REDUCESUM([1.0, 2.0]).toArray() == 3
    assert nn.Gradient().Square(3.0).toArray() == 9
    assert nn.backend.ZerosLike(mo.ones([2])).toArray() == [0, 0]
    assert nn.DEVICETYPE() == "CPU"
    assert nn.With_ is not None


@pytest.mark.parametrize(
    ("part", "wrong", "right"),
    [
        (nn, "layer", "layers"),
        (nn.layers, "Dens", "Dense"),
        (nn.losses, "SparseCategoricalCrosEntropy", "SparseCategoricalCrossEntropy"),
        (nn.optimizers, "Adm", "Adam"),
        (nn.gradient, "reduceSun", "reduceSum"),
        (nn.backend, "zeroLike", "zerosLike"),
        (nn.data, "NDArrayDataSets", "NDArrayDataset"),
    ],
)
def test_unknown_names_suggest_the_nearest(part, wrong, right):
    with pytest.raises(AttributeError, match=rf"has no '{wrong}'; did you mean .*{right}"):
        getattr(part, wrong)
    with pytest.raises(LogicException):
        getattr(part, wrong)
    assert not hasattr(part, "Xyzzy123")


@pytest.mark.parametrize("name", ["Softmax", "ReLU", "sigmoid"])
def test_activations_are_no_layers(name):
    with pytest.raises(AttributeError, match=rf"Layers has no '{name}': .*Activation\('{name.lower()}'\)"):
        getattr(nn.layers, name)


def test_nothing_can_be_set():
    with pytest.raises(LogicException, match="Invalid operation to set: layers"):
        nn.layers = 1
    with pytest.raises(LogicException, match=r"Layers\.Dense"):
        nn.layers.Dense = 1
    assert isinstance(nn.layers.Dense(1), Dense)


def test_parts_belong_to_one_builder():
    other = NeuralNetworks(mo)
    assert other.layers is not nn.layers
    assert other.backend is not nn.backend
    assert isinstance(nn, Builder)
    assert nn.layers.Dense(1).backend is nn.backend


def test_a_given_backend():
    backend = Backend(mo)
    built = NeuralNetworks(mo, backend)
    assert built.backend is backend
    assert built.backend() is backend
    assert built.backend().localMatrixOperator() is mo


def test_defaults():
    built = NeuralNetworks()
    assert built.deviceType() == "CPU"
    assert built.backend.localMatrixOperator() is not None


@pytest.mark.parametrize("value", ["rindowblas", "RindowBlas", "rindowblas::CPU", "", " "])
def test_backends_of_the_environment(monkeypatch, value):
    monkeypatch.setenv("RINDOW_NEURALNETWORKS_BACKEND", value)
    assert isinstance(NeuralNetworks(mo).backend, Backend)


def test_an_unknown_backend(monkeypatch):
    monkeypatch.setenv("RINDOW_NEURALNETWORKS_BACKEND", "rindowblass::GPU")
    with pytest.raises(
        InvalidArgumentException, match=r"RINDOW_NEURALNETWORKS_BACKEND='rindowblass::GPU'.*did you mean rindowblas"
    ):
        NeuralNetworks(mo)
    assert isinstance(NeuralNetworks(mo, Backend(mo)).backend, Backend), "a given one is not looked up"


def test_gradient_helpers():
    g, K = nn.gradient, nn.backend
    assert g.backend is K
    assert g.constant([1, 2]).toArray() == [1, 2]
    array = mo.array([1, 2])
    assert g.ndarray(g.Variable(array, reference=True)) is array
    assert g.ndarray(array) is array
    spec = g.ArraySpec([2, 3], name="x")
    assert (spec.shape().toArray(), spec.name()) == ([2, 3], "x")
    modules = g.modules([nn.layers.Dense(1)])
    assert len(modules) == modules.count() == 1
    with pytest.raises(InvalidArgumentException, match="int"):
        g.modules([1])
