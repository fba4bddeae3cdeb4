"""What is saved: configuration as the original writes it, weights, the optimizer's state, checksum."""

import json
import os
import re
import sqlite3

import numpy as np
import pytest
from small_models import K, Net, compiled, g, mo, nn, quiet

from rindow_math.exceptions import LogicException, RuntimeException
from rindow_math.matrix.serialization import unserialize_array
from rindow_nn.activations import AbstractActivation, FunctionFactory, ReLU
from rindow_nn.layers import Dense
from rindow_nn.layers.base import AbstractLayer
from rindow_nn.models import Sequential
from rindow_nn.models.class_names import class_of, name_of
from rindow_nn.models.saving import to_json
from rindow_nn.optimizers.schedule import ExponentialDecay, InverseTimeDecay
from rindow_nn.support.hda import HDAFactory, HDASqlite


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "saved.model")


def two_layers(**options):
    return nn.models.Sequential(
        [
            nn.layers.Dense(8, input_shape=[2], activation="sigmoid", name="one", **options),
            nn.layers.Dense(2, activation="softmax", name="two"),
        ]
    )


def built(model=None):
    model = two_layers() if model is None else model
    model.build([1, 2])
    return model


def rows(path):
    db = sqlite3.connect(path)
    db.text_factory = bytes
    found = {(a.decode(), k.decode()): (t.decode(), v) for a, k, t, v in db.execute("SELECT * FROM hda")}
    db.close()
    return found


# ---- JSON


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"), (0.1, "0.1"), (1e-7, "1.0e-7"), (1e-4, "0.0001"), (1e-5, "1.0e-5"), (1.25e-9, "1.25e-9"),
        (123456789012345.0, "123456789012345"), (1e16, "10000000000000000"), (1e17, "1.0e+17"), (1.5e20, "1.5e+20"),
        (1 / 3, "0.3333333333333333"), (5e-324, "5.0e-324"), (1.7976931348623157e308, "1.7976931348623157e+308"),
        (-0.0, "-0"), (0.0, "0"), (100000.5, "100000.5"), (-2.5e-6, "-2.5e-6"), (1e22, "1.0e+22"),
        (np.float32(0.5), "0.5"), (np.int64(7), "7"), (True, "true"), (None, "null"), ({}, "[]"), ([], "[]"),
        ({"a": {}, "b": [1, (2, None)]}, '{"a":[],"b":[1,[2,null]]}'),
        ("é/\"\\\n\U0001f600", '"\\u00e9/\\"\\\\\\n\\ud83d\\ude00"'),
    ],
)  # fmt: skip
def test_json_is_the_one_of_php(value, text):
    assert to_json(value) == text
    if isinstance(value, (float, str, bool, type(None))):
        assert json.loads(text) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {"a": {1, 2}}])
def test_json_of_other_values(value):
    with pytest.raises(LogicException, match="cannot hold"):
        to_json(value)


def test_configuration():
    model = compiled(two_layers(use_bias=False, kernel_initializer="he_normal"), optimizer=nn.optimizers.Adam(lr=0.5))
    assert model.toJson() == (
        r'{"model":{"class":"Rindow\\NeuralNetworks\\Model\\Sequential"},"layer":{"layerNames":["one","two"],"layers":{'
        r'"one":{"class":"Rindow\\NeuralNetworks\\Layer\\Dense","config":{"units":8,"options":{"input_shape":[2],'
        r'"use_bias":false,"kernel_initializer":"he_normal","bias_initializer":"zeros","activation":"sigmoid"}}},'
        r'"two":{"class":"Rindow\\NeuralNetworks\\Layer\\Dense","config":{"units":2,"options":{"input_shape":null,'
        r'"use_bias":true,"kernel_initializer":"glorot_uniform","bias_initializer":"zeros","activation":"softmax"}}}}},'
        r'"loss":{"class":"Rindow\\NeuralNetworks\\Loss\\SparseCategoricalCrossEntropy",'
        + json.dumps({"config": json.loads(to_json(model.lossFunction().getConfig()))}, separators=(",", ":"))[1:]
        + r',"optimizer":{"class":"Rindow\\NeuralNetworks\\Optimizer\\Adam",'
        r'"config":{"options":{"lr":0.5,"beta1":0.9,"beta2":0.999,"epsilon":1.0e-7}}}}'
    )


def test_activations_given_as_objects_are_named_by_class():
    model = nn.models.Sequential([nn.layers.Dense(2, activation=ReLU(K)), nn.layers.Dense(2, activation="relu")])
    configs = [entry["config"] for entry in json.loads(model.toJson())["layer"]["layers"].values()]
    assert [c["options"]["activation"] for c in configs] == ["Rindow\\NeuralNetworks\\Activation\\ReLU", "relu"]
    assert isinstance(nn.models.modelFromConfig(json.loads(model.toJson())).layers()[0].getActivation(), ReLU)


def test_activations_of_users():
    class Square(AbstractActivation):
        def call(self, inputs, training=None):
            return K.square(inputs)

    model = nn.models.Sequential([nn.layers.Dense(2, activation=Square(K), name="d")])
    with pytest.raises(LogicException, match="Square of layer d"):
        model.toJson()
    try:
        FunctionFactory.classes["mysquare"] = Square
        model = nn.models.Sequential([nn.layers.Dense(2, activation="mysquare")])
        again = nn.models.modelFromConfig(json.loads(model.toJson()))
        assert isinstance(again.layers()[0].getActivation(), Square)
    finally:
        del FunctionFactory.classes["mysquare"]


def test_initializers_of_users_are_left_out(path):
    model = built(two_layers(kernel_initializer=lambda shape, fans=None: K.fill(shape, 0.25)))
    config = json.loads(model.toJson())["layer"]["layers"]["one"]["config"]["options"]
    assert config["kernel_initializer"] is None
    assert config["bias_initializer"] == "zeros"
    model.save(path)
    again = nn.models.loadModel(path)
    assert (np.asarray(again.variables()[0]) == 0.25).all()


def test_schedules():
    for rate in (
        ExponentialDecay(0.1, 10, 0.5, staircase=True),
        InverseTimeDecay(0.1, 10, 0.5),
    ):
        model = compiled(two_layers(), optimizer=nn.optimizers.Adam(lr=rate))
        config = json.loads(model.toJson())["optimizer"]["config"]["options"]["lr"]
        assert config["class"] == f"Rindow\\NeuralNetworks\\Optimizer\\Schedule\\{type(rate).__name__}"
        assert class_of("Optimizer\\Schedule", config["class"])(**config["config"])(15) == rate(15)
    model = compiled(two_layers(), optimizer=nn.optimizers.Adam(lr=lambda step: 0.1 / (step + 1)))
    with pytest.raises(LogicException, match="function of your own"):
        model.toJson()


def test_classes_of_users():
    class MyLayer(AbstractLayer):
        pass

    class Model(Sequential):
        pass

    with pytest.raises(LogicException, match=r"MyLayer is not a class of this library.*saveWeightsToFile"):
        nn.models.Sequential([MyLayer(K)]).toJson()
    with pytest.raises(LogicException, match="Model is not a class"):
        Model(nn, None, [nn.layers.Dense(1)]).toJson()
    with pytest.raises(LogicException, match="saveWeightsToFile"):
        Net().save("never")
    assert not os.path.exists("never")
    model = compiled(two_layers(), loss=lambda trues, predicts: g.reduceSum(predicts), metrics=[])
    with pytest.raises(LogicException, match="not a class"):
        model.toJson()


def test_names_must_differ():
    model = nn.models.Sequential([nn.layers.Dense(1, name="d"), nn.layers.Dense(1, name="d")])
    with pytest.raises(LogicException, match="two layers are named 'd'"):
        model.toJson()


def test_class_names():
    name = "Rindow\\NeuralNetworks\\Layer\\Dense"
    assert class_of("Layer", name) is Dense
    assert name_of("Layer", Dense) == name
    for wrong in ("Rindow\\NeuralNetworks\\Layer\\AbstractLayer", "Rindow\\NeuralNetworks\\Layer\\Layer", "Dense", None,
                  "Rindow\\NeuralNetworks\\Layer\\SequentialLayer", "Rindow\\NeuralNetworks\\Layer\\importlib", 5, [],
                  "Rindow\\NeuralNetworks\\Layer\\__builtins__", "os\\system", "rindow_nn.layers.Dense", name + "\0",
                  "Rindow\\NeuralNetworks\\Loss\\Huber", "\\" + name):  # fmt: skip
        with pytest.raises(ValueError, match="no layer of this library"):
            class_of("Layer", wrong)


# ---- files


def test_layout_of_the_file(path):
    model = compiled(built())
    quiet(model)
    model.save(path)
    found = rows(path)
    names = [("", "modelConfig"), ("", "modelWeights"), ("/modelWeights", "weights"), ("/modelWeights", "optimizer"),
             ("/modelWeights", "optimizerNumWeight"), ("/modelWeights", "checksum")]  # fmt: skip
    names += [("/modelWeights/weights", str(i)) for i in range(4)]
    names += [("/modelWeights/optimizer", str(i)) for i in range(9)]
    assert set(found) == set(names)
    assert found["", "modelConfig"] == ("scalar", model.toJson().encode())
    assert found["", "modelWeights"] == found["/modelWeights", "weights"] == ("array", b"@")
    assert found["/modelWeights", "optimizerNumWeight"] == ("scalar", b"9")
    for i, variable in enumerate(model.variables()):
        kind, value = found["/modelWeights/weights", str(i)]
        assert (kind, value) == ("scalar", mo.serializeArray(variable.value()))
    step, *_ = model.optimizer().getWeights()
    assert found["/modelWeights/optimizer", "0"] == ("scalar", mo.serializeArray(step))
    assert step.shape() == []
    assert step.toArray() == 3.0
    db = sqlite3.connect(path)
    assert {t for (t,) in db.execute("SELECT DISTINCT typeof(value) FROM hda")} == {"text"}
    db.close()


def test_portable_changes_nothing(path, tmp_path):
    model = built()
    model.save(path)
    model.save(str(tmp_path / "other"), portable=True)
    assert rows(path) == rows(str(tmp_path / "other"))
    weights = {}
    model.saveWeights(weights, True)
    plain = {}
    model.saveWeights(plain)
    assert weights == plain


def test_weights_in_a_dictionary():
    model = compiled(built())
    quiet(model)
    saved = {"weights": {99: b"old"}, "mine": 1}
    model.saveWeights(saved)
    assert set(saved) == {"weights", "optimizerNumWeight", "optimizer", "mine"}
    assert list(saved["weights"]) == [0, 1, 2, 3]
    assert saved["optimizerNumWeight"] == len(saved["optimizer"]) == 9

    def read(data):
        return unserialize_array(data, lambda record: record.array().copy())

    for i, variable in enumerate(model.variables()):
        np.testing.assert_array_equal(read(saved["weights"][i]), np.asarray(variable))


def test_models_without_weights_and_without_optimizer(path):
    model = nn.models.Sequential([nn.layers.Flatten(input_shape=[2, 3])])
    model.save(path)
    assert rows(path)["/modelWeights", "optimizerNumWeight"] == ("scalar", b"0")
    assert nn.models.loadModel(path).predict(K.ones([1, 2, 3])).shape() == [1, 6]


def test_models_that_are_not_built(path):
    with pytest.raises(LogicException, match="kernel@one has no value yet"):
        two_layers().save(path)
    with pytest.raises(LogicException, match="kernel@d1 has no value yet"):
        Net().saveWeightsToFile(path)
    assert not os.path.exists(path)


def test_what_else_the_file_holds_is_kept(path):
    with HDASqlite(path) as hda:
        hda["mine"] = {"vocabulary": ["a", "b"]}
        hda["modelWeights"] = {"weights": ["junk"] * 30}
    model = built()
    model.save(path)
    config = rows(path)["", "modelConfig"]
    model.variables()[0].assign(K.ones([2, 8]))
    model.saveWeightsToFile(path)
    assert rows(path)["", "modelConfig"] == config
    with HDASqlite(path, "r") as hda:
        assert hda["mine"]["vocabulary"][1] == "b"
        assert "4" not in hda["modelWeights"]["weights"]
    assert (np.asarray(nn.models.loadModel(path).variables()[0]) == 1).all()


def test_errors_leave_the_old_file(path, tmp_path):
    model = built()
    model.save(path)
    before = rows(path)
    for broken in (two_layers(), Net()):
        with pytest.raises(LogicException):
            broken.saveWeightsToFile(path)
    assert rows(path) == before
    with pytest.raises(RuntimeException, match="folder"):
        model.save(str(tmp_path / "folder" / "x"))
    assert [p.name for p in tmp_path.iterdir()] == ["saved.model"]


def test_checksum(path):
    model = built()
    model.save(path)
    found = rows(path)["/modelWeights", "checksum"][1].decode()
    assert re.fullmatch("crc32:[0-9a-f]{8}", found)
    model.saveWeightsToFile(path)
    assert rows(path)["/modelWeights", "checksum"][1].decode() == found
    model.variables()[0].value()[0][0] = 7.0
    model.saveWeightsToFile(path)
    assert rows(path)["/modelWeights", "checksum"][1].decode() != found


def test_shared_layers_are_saved_in_each_place():
    model = Net()
    model.d3 = model.d1
    model.own = g.Variable(K.ones([3]), name="own")
    model(K.ones([1, 2]))
    saved = {}
    model.saveWeights(saved)
    assert len(saved["weights"]) == 7
    assert saved["weights"][4] == saved["weights"][0]
    assert len(model.variables()) == 5
    other = Net()
    other.d3 = other.d1
    other.own = g.Variable(K.zeros([3]), name="own")
    other.loadWeights(saved)
    for a, b in zip(model.variables(), other.variables()):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_saving_into_hierarchical_data(path):
    model = built()
    with HDASqlite(path) as hda:
        hda["best"] = {}
        model.save(hda["best"])
        model.saveWeightsToFile(hda)
        assert set(hda.keys()) == {"best", "modelWeights"}
        again = nn.models.loadModel(hda["best"])
        again.loadWeightsFromFile(hda)
    np.testing.assert_array_equal(np.asarray(again.variables()[0]), np.asarray(model.variables()[0]))


def test_factories_of_users(path):
    class Files(HDAFactory):
        opened = []

        def open(self, filename, mode=None):
            self.opened.append((filename, mode))
            return HDASqlite(filename, mode)

    model = Sequential(nn, Files(), [nn.layers.Dense(3, input_shape=[2])])
    model.build([1, 2])
    model.save(path)
    model.loadWeightsFromFile(path)
    assert Files.opened == [(path, None), (path, "r")]
    assert nn.models.loadModel(path).layers()[0].getConfig()["units"] == 3
