"""What is loaded: the original's models, models saved here, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from small_models import K, Net, T, X, compiled, g, loss_function, mo, nn, quiet

from rindow_math.exceptions import InvalidArgumentException, LogicException, RuntimeException
from rindow_math.matrix.serialization import ArrayRecord, encode
from rindow_nn.models import ModelLoader, Sequential
from rindow_nn.support.hda import HDASqlite

DATA = Path(__file__).parent / "data"
PHP = json.loads((DATA / "php-models.json").read_text())
PREFIX = "Rindow\\NeuralNetworks\\"


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "saved.model")


def two_layers():
    return nn.models.Sequential(
        [
            nn.layers.Dense(8, input_shape=[2], activation="sigmoid", name="one"),
            nn.layers.Dense(2, activation="softmax", name="two"),
        ]
    )


def trained(model, epochs=1, **options):
    model.compile(optimizer=nn.optimizers.Adam(lr=0.05), **options)
    quiet(model, epochs=epochs)
    return model


def state(model):
    """Weights and the optimizer's state as bytes."""
    return [np.asarray(x).tobytes() for x in [*model.variables(), *model.optimizer().getWeights()]]


# ---- the original's models


@pytest.mark.parametrize("name", PHP)
def test_models_of_the_original(name):
    case = PHP[name]
    inputs, tests = mo.array(case["inputs"], case["inputs_dtype"]), mo.array(case["tests"], case["tests_dtype"])
    model = nn.models.loadModel(DATA / case["file"])
    np.testing.assert_allclose(model.predict(inputs).toArray(), case["predictions"], rtol=1e-5, atol=1e-6)
    if name == "cnn":  # the original does not save that the loss is from logits
        model.lossFunction().setFromLogits(True)
    evaluated = model.evaluate(inputs, tests)
    assert {key: evaluated[key] for key in case["evaluate"]} == pytest.approx(case["evaluate"], rel=1e-5)
    if name == "cnn":
        return  # its dropout is random
    history = model.fit(inputs, tests, epochs=1, batch_size=4, shuffle=False, verbose=0)
    assert history["loss"][0] == pytest.approx(case["next_epoch_loss"], rel=1e-5)
    after = model.predict(inputs).toArray()
    np.testing.assert_allclose(after, case["next_predictions"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", PHP)
def test_summary_and_configuration_of_the_original(name, capsys):
    path = DATA / PHP[name]["file"]
    model = nn.models.loadModel(path)
    model.summary()
    assert capsys.readouterr().out == PHP[name]["summary"]
    with HDASqlite(path, "r") as hda:
        saved = json.loads(hda["modelConfig"])
    now = json.loads(model.toJson())
    assert now.keys() == saved.keys()
    assert now["layer"]["layerNames"] == saved["layer"]["layerNames"]
    for key, value in saved["layer"]["layers"].items():
        config = now["layer"]["layers"][key]["config"]
        assert now["layer"]["layers"][key]["class"] == value["class"]
        for option, was in {**value["config"], **value["config"].pop("options", {})}.items():
            if option != "options":
                assert {**config, **config.get("options", {})}[option] == was


# ---- models saved here


def test_predictions_and_training_go_on_as_if_nothing_had_been_saved(path):
    model = trained(two_layers(), epochs=3)
    model.save(path)
    again = nn.models.loadModel(path)
    assert again.toJson() == model.toJson()
    assert state(again) == state(model)
    np.testing.assert_array_equal(again.predict(X).toArray(), model.predict(X).toArray())
    assert again.evaluate(X, T) == model.evaluate(X, T)
    histories = [quiet(m, epochs=3) for m in (again, model)]
    assert histories[0] == histories[1]
    assert state(again) == state(model)


def test_model_that_is_not_compiled(path):
    model = two_layers()
    model.build([1, 2])
    model.save(path)
    again = nn.models.loadModel(path)
    assert again.optimizer() is None
    np.testing.assert_array_equal(again.predict(X).toArray(), model.predict(X).toArray())


def test_nested_models(path):
    inner = nn.models.Sequential([nn.layers.Dense(3, name="a"), nn.layers.Dense(4, name="b")])
    other = nn.models.Sequential([nn.layers.Dense(2, name="a")])
    other.setName("last")
    model = nn.models.Sequential([nn.layers.Dense(5, input_shape=[2], name="first"), inner, other])
    model.build([1, 2])
    model.save(path)
    again = nn.models.loadModel(path)
    assert [layer.name() for layer in again.layers()] == ["first", "a", "b", "a"]
    assert [type(m) for m in again.submodules()][1:] == [Sequential, Sequential]
    np.testing.assert_array_equal(again.predict(X).toArray(), model.predict(X).toArray())
    assert again.toJson() == model.toJson()


def test_first_layer_without_a_shape(path):
    model = nn.models.Sequential([nn.layers.BatchNormalization(), nn.layers.Dense(2)])
    model.build([1, 2])
    model.save(path)
    again = nn.models.loadModel(path)
    np.testing.assert_array_equal(again.predict(X).toArray(), model.predict(X).toArray())


def test_loading_takes_no_default_names(path):
    model = two_layers()
    model.build([1, 2])
    model.save(path)
    before = type(model.layers()[0]).nameNumbering
    assert [layer.name() for layer in nn.models.loadModel(path).layers()] == ["one", "two"]
    assert type(model.layers()[0]).nameNumbering == before


def test_loading_draws_no_random_numbers(path):
    model = two_layers()
    model.build([1, 2])
    model.save(path)
    draws = []
    for load in (lambda: None, lambda: nn.models.loadModel(path).predict(X)):
        nn.utils().setSeed(1)
        load()
        draws.append(mo.random().rand([4]).toArray())
    assert draws[0] == draws[1]


def test_custom_models(path):
    model = trained(Net(), epochs=3, loss=loss_function())
    model.saveWeightsToFile(path)
    for built in (False, True):
        again = Net()
        if built:
            again(X)
        again.compile(loss=loss_function(), optimizer=nn.optimizers.Adam(lr=0.05))
        again.loadWeightsFromFile(path)
        assert state(again) == state(model)
        np.testing.assert_array_equal(again.predict(X).toArray(), model.predict(X).toArray())
    without = Net()
    without.loadWeightsFromFile(path)  # not compiled: the weights alone
    np.testing.assert_array_equal(without.predict(X).toArray(), model.predict(X).toArray())


def test_loading_between_compiled_steps(path):
    """Steps that were compiled before go on with the weights and the state that are loaded."""
    model = trained(two_layers(), epochs=2)
    model.saveWeightsToFile(path)
    first = quiet(model, epochs=2)
    after = state(model)
    quiet(model, epochs=3)
    model.loadWeightsFromFile(path, True)  # the original's programs say whether the file is portable
    assert quiet(model, epochs=2) == first
    assert state(model) == after


def test_loaded_weights_are_arrays_of_their_own():
    model = trained(two_layers())
    saved = {}
    model.saveWeights(saved)
    again = trained(two_layers())
    was = again.variables()[0].value()
    kept = np.array(was)
    again.loadWeights(saved)
    np.testing.assert_array_equal(np.asarray(was), kept)
    quiet(again)
    third = trained(two_layers())
    third.loadWeights(saved)
    assert state(third) == state(model)


def test_keys_of_dictionaries_may_be_strings_and_values_lists():
    model = trained(two_layers())
    saved = {}
    model.saveWeights(saved)
    for change in (lambda d: {str(k): v for k, v in d.items()}, lambda d: list(d.values())):
        again = trained(two_layers())
        again.loadWeights({**saved, "weights": change(saved["weights"]), "optimizer": change(saved["optimizer"])})
        assert state(again) == state(model)


def test_weights_are_kept_by_name():
    model = trained(two_layers())
    with pytest.raises(InvalidArgumentException, match=r"modelWeights must be a dict .* Received: list"):
        model.saveWeights([])
    with pytest.raises(RuntimeException, match="modelWeights: 'weights' is missing"):
        model.loadWeights([])


def test_state_of_an_optimizer_that_was_never_used(path):
    model = two_layers()
    model.build([1, 2])
    model.compile(optimizer="adam")
    model.save(path)
    assert nn.models.loadModel(path).optimizer().getWeights() == []
    again = trained(two_layers())
    again.loadWeightsFromFile(path)
    fresh = nn.models.loadModel(path)
    assert quiet(again, epochs=1)["loss"] != []
    fresh.optimizer().setLr(0.05)
    quiet(fresh)
    assert state(again) == state(fresh)


def test_state_that_the_optimizer_has_no_use_for(path):
    model = trained(two_layers())
    model.save(path)
    again = compiled(two_layers(), optimizer="sgd")
    again.loadWeightsFromFile(path)
    np.testing.assert_array_equal(np.asarray(again.variables()[0]), np.asarray(model.variables()[0]))


def test_float64(path):
    model = two_layers()
    model.build([1, 2])
    for variable in model.variables():
        variable.assign(mo.array(np.asarray(variable).astype(np.float64)))
    model.save(path)
    again = nn.models.loadModel(path)
    assert {v.dtype() for v in again.variables()} == {mo.array([1.0], "float64").dtype()}
    np.testing.assert_array_equal(np.asarray(again.variables()[0]), np.asarray(model.variables()[0]))


# ---- what does not fit


def refused(model, saved, message):
    before = state(model)
    with pytest.raises(RuntimeException, match=message):
        model.loadWeights(saved)
    assert state(model) == before


def test_weights_that_do_not_fit():
    model, other = trained(two_layers()), trained(two_layers())
    saved = {}
    other.saveWeights(saved)

    def changed(part, key, value):
        return {**saved, part: {**saved[part], key: value}}

    wrong = mo.serializeArray(K.zeros([3, 8]))
    refused(model, changed("weights", 0, wrong), r"weights/0 \(kernel@one\): shape \[3, 8\] does not fit \[2, 8\]")
    refused(model, changed("weights", 3, mo.serializeArray(mo.zeros([2], "float64"))), "float64 does not fit float32")
    refused(model, changed("weights", 3, mo.serializeArray(mo.zeros([2], "int32"))), "int32 does not fit float32")
    refused(model, changed("weights", 3, mo.serializeArray([K.zeros([2])])), "several arrays")
    refused(model, changed("weights", 3, b"NDArray:nonsense"), "weights/3: ")
    refused(model, changed("weights", 3, "text"), "weights/3: ")
    refused(model, changed("weights", 3, 5), "weights/3: not a saved array but int")
    refused(model, changed("weights", 4, wrong), "more weights than the model, which has 4")
    refused(model, {**saved, "weights": dict(list(saved["weights"].items())[:3])}, "weights: 3 is missing")
    refused(model, {**saved, "weights": "@"}, "no node")
    refused(model, {k: v for k, v in saved.items() if k != "weights"}, "'weights' is missing")
    refused(model, {k: v for k, v in saved.items() if k != "optimizerNumWeight"}, "'optimizerNumWeight' is missing")
    refused(model, {k: v for k, v in saved.items() if k != "optimizer"}, "'optimizer' is missing")
    refused(model, changed("optimizer", 2, wrong), r"optimizer/2: shape \[3, 8\] does not fit \[8\]")
    for step in (-1.0, float("nan"), float("inf"), 1e30):
        refused(model, changed("optimizer", 0, mo.serializeArray(mo.array(step))), "optimizer/0: .* no number of steps")
    for count in ("-1", "x", "9.5", "", None, 10**9, "9" * 5000):
        refused(model, {**saved, "optimizerNumWeight": count}, "optimizerNumWeight: .* is no number")
    for count in (1, "5", 13):
        refused(model, {**saved, "optimizerNumWeight": count}, "Adam of this model has 9 arrays, the file")
    model.loadWeights(saved)
    assert state(model) == state(other)


def test_weights_that_no_layer_checks_yet():
    model = Net()
    saved = {"weights": [mo.serializeArray(mo.zeros([3], "int32"))] * 4, "optimizerNumWeight": 0}
    with pytest.raises(RuntimeException, match="int32 does not fit float32 or float64"):
        model.loadWeights(saved)
    assert all(v.isUndetermined() for v in model.variables())
    model.loadWeights({**saved, "weights": [mo.serializeArray(K.zeros([3, 3]))] * 4})
    with pytest.raises(ValueError):
        model.predict(X)


def test_sizes_are_checked_before_memory_is_taken(path):
    """Arrays that claim to be large, and configurations that ask for much."""
    model = two_layers()
    huge = encode(ArrayRecord(12, (0, 1 << 40), 0, 0, b""))
    with pytest.raises(RuntimeException, match="does not fit"):
        model.build([1, 2])
        model.loadWeights({"weights": [huge] * 4, "optimizerNumWeight": 0})
    model.save(path)
    large = [('"units":8', '"units":800000000000'), ('"input_shape":[2]', '"input_shape":[2000000000000]')]
    for before, after in large:
        changed(path, before, after)
        with pytest.raises(RuntimeException, match="more than a file of"):
            nn.models.loadModel(path)
        changed(path, after, before)
    nn.models.loadModel(path)


LARGE = 10**8
ASKING_MUCH = {
    "Dense": ({"units": 3, "input_shape": [2]}, {"units": LARGE}),
    "Conv1D": ({"filters": 3, "kernel_size": 1, "input_shape": [4, 2]}, {"filters": LARGE}),
    "Conv2D": ({"filters": 3, "kernel_size": 1, "input_shape": [4, 4, 2]}, {"filters": LARGE}),
    "Conv3D": ({"filters": 3, "kernel_size": 1, "input_shape": [4, 4, 4, 2]}, {"filters": LARGE}),
    "Embedding": ({"inputDim": 3, "outputDim": 2, "input_length": 3}, {"inputDim": LARGE}),
    "SimpleRNN": ({"units": 3, "input_shape": [4, 2]}, {"units": LARGE}),
    "LSTM": ({"units": 3, "input_shape": [4, 2]}, {"units": LARGE}),
    "GRU": ({"units": 3, "input_shape": [4, 2]}, {"units": LARGE}),
    "EinsumDense": ({"equation": "abc,cd->abd", "output_shape": [None, 4], "input_shape": [3, 2]},
                    {"output_shape": [None, LARGE]}),
    "BatchNormalization": ({}, {}),
    "LayerNormalization": ({}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKING_MUCH)
def test_no_layer_takes_memory_that_the_file_does_not_account_for(path, name):
    arguments, much = ASKING_MUCH[name]
    layers = [getattr(nn.layers, name)(**arguments, name="x")]
    if not much:
        layers.insert(0, nn.layers.Flatten(input_shape=[3], name="first"))
    model = nn.models.Sequential(layers)
    model.build([1, *layers[0].inputShape()])
    model.save(path)
    nn.models.loadModel(path)
    with HDASqlite(path) as hda:
        config = json.loads(hda["modelConfig"])
        entry = config["layer"]["layers"]
        if much:
            (key, value), part = *much.items(), entry["x"]["config"]
            (part if key in part else part["options"])[key] = value
        else:
            entry["first"]["config"]["options"]["input_shape"] = [LARGE]
        hda["modelConfig"] = json.dumps(config)
        del hda["modelWeights"]["checksum"]
    with pytest.raises(RuntimeException, match="more than a file of"):
        nn.models.loadModel(path)


def changed(path, before, after):
    with HDASqlite(path) as hda:
        config = hda["modelConfig"]
        assert before in config
        hda["modelConfig"] = config.replace(before, after)
        if "checksum" in hda["modelWeights"]:
            del hda["modelWeights"]["checksum"]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("{", "", "modelConfig"),
        ("{", "[" * 100_000 + "{", "modelConfig"),
        ("8", "9" * 5000, "modelConfig"),
        ("Layer\\\\Dense", "Layer\\\\Nothing", "no layer of this library"),
        ("Layer\\\\Dense", "Loss\\\\Huber", "no layer of this library"),
        ("Layer\\\\Dense", "Model\\\\Sequential", "'layers' is missing"),
        ("Model\\\\Sequential", "Model\\\\AbstractModel", "no model of this library"),
        ("Optimizer\\\\Adam", "Optimizer\\\\SGD", "SGD has no option 'beta1'"),
        ('"units":8', '"units":-8', "layer one: .*units must be a positive integer"),
        ('"units":8', '"units":8.5', "layer one"),
        ('"units":8', '"units":"8"', "layer one"),
        ('"units":8', '"unit":8', "Dense has no option 'unit'"),
        ('"units":8,', "", "layer one"),
        ('"units":8', '"units":8,"name":"x"', "has no option 'name'"),
        ('"units":8', '"units":8,"self":1', "has no option 'self'|multiple values"),
        ('"units":8', '"units":8,"backend":1', "layer one"),
        ('"units":8', '"units":7', "Input shape is inconsistent: defined as .8. but .7. given"),
        ('"input_shape":[2]', '"input_shape":[3]', r"weights/0 .kernel@one.: shape \[2, 8\] does not fit \[3, 8\]"),
        ('"use_bias":true', '"use_bias":false', "more weights than|does not fit"),
        ('"sigmoid"', '"exec"', "layer one: "),
        ('"sigmoid"', '"Rindow\\\\NeuralNetworks\\\\Activation\\\\Activation"', "no activation of this library"),
        ('"zeros"', '"system"', "Unsupported initializer"),
        ('"zeros"', '{"a":1}', "layer one"),
        ('"input_shape":[2]', '"input_shape":"ab"', "modelConfig"),
        ('"input_shape":[2]', '"input_shape":[-2]', "modelConfig|does not fit"),
        ('"input_shape":[2]', '"input_shape":[[2]]', "modelConfig"),
        ('"input_shape":[2]', '"input_shape":5', "layer one"),
        ('"input_shape":[2]', '"input_shape":[2.5]', "modelConfig"),
        ('["one","two"]', '["two","one"]', "name different layers"),
        ('"layerNames"', '"layerName"', ""),
        ('"layers"', '"layer"', "'layers' is missing"),
        ('"loss":', '"los":', "'loss' is missing"),
        ('"lr":0.05', '"lr":"fast"', "optimizer"),
        ('"lr":0.05', '"lr":{"class":"os\\\\system","config":[]}', "no optimizer.schedule of this library"),
    ],
)
def test_configurations_that_make_no_sense(path, before, after, message):
    trained(two_layers()).save(path)
    changed(path, before, after)
    if message:
        with pytest.raises(RuntimeException, match=message) as info:
            nn.models.loadModel(path)
        assert path in str(info.value)
        assert len(str(info.value)) < 2000
    else:
        nn.models.loadModel(path)


@pytest.mark.parametrize("config", [None, [], {}, {"model": {}}, {"model": {"class": PREFIX + "Model\\Sequential"}}, 5])
def test_configurations_that_lack_something(config):
    with pytest.raises(InvalidArgumentException, match=r"is missing|a dictionary was expected"):
        nn.models.modelFromConfig(config)


def test_models_nested_too_deep():
    layers = {}
    for _ in range(100):
        layers = {"m": {"class": PREFIX + "Model\\Sequential", "config": {"layers": layers}}}
    with pytest.raises(InvalidArgumentException, match="nested deeper"):
        nn.models.modelFromConfig({"model": {"class": PREFIX + "Model\\Sequential"}, "layer": {"layers": layers}})


@pytest.mark.parametrize(
    ("name", "config", "option", "value"),
    [
        ("SimpleRNN", {"units": 2, "options": {"go_backward": True}}, "go_backwards", True),
        ("Input", {"options": {"input_shape": [3]}}, "shape", [3]),
        ("Gather", {"axis": 1, "options": {"input_shape": [[3, 4], [3]]}}, "input_shapes", [[3, 4], [3]]),
    ],
)
def test_options_as_the_original_spells_them(name, config, option, value):
    layers = {"x": {"class": f"{PREFIX}Layer\\{name}", "config": config}}
    model = ModelLoader(nn).modelFromConfig(
        {"model": {"class": PREFIX + "Model\\Sequential"}, "layer": {"layers": layers}}
    )
    assert model.layers()[0].getConfig()["options"][option] == value


def test_files_that_hold_no_model(path, tmp_path):
    with pytest.raises(RuntimeException, match=path):
        nn.models.loadModel(path)
    with HDASqlite(path) as hda:
        hda["mine"] = "x"
    with pytest.raises(RuntimeException, match="no model in it"):
        nn.models.loadModel(path)
    with pytest.raises(RuntimeException, match="no model in it"):
        two_layers().loadWeightsFromFile(path)
    with HDASqlite(path) as hda:
        hda["modelWeights"] = "x"
    with pytest.raises(RuntimeException, match="no node"):
        nn.models.loadModel(path)
    trained(two_layers()).saveWeightsToFile(path)
    with pytest.raises(RuntimeException, match="'modelConfig' is missing"):
        nn.models.loadModel(path)
    with HDASqlite(path) as hda:
        hda["modelConfig"] = {"a": "b"}
        del hda["modelWeights"]["checksum"]
    with pytest.raises(RuntimeException, match="modelConfig: no text"):
        nn.models.loadModel(path)
    with HDASqlite(path) as hda:
        hda["modelConfig"] = " " * (1 << 22) + "{}"
    with pytest.raises(RuntimeException, match="characters are more than"):
        nn.models.loadModel(path)


def test_contents_that_do_not_match_the_checksum(path):
    model = trained(two_layers())
    model.save(path)
    with HDASqlite(path) as hda:
        hda["modelWeights"]["weights"][3] = mo.serializeArray(K.zeros([2]))
    for load in (nn.models.loadModel, model.loadWeightsFromFile):
        before = state(model)
        with pytest.raises(RuntimeException, match="do not match their checksum"):
            load(path)
        assert state(model) == before
    model.save(path)
    with HDASqlite(path) as hda:
        hda["mine"] = "x"
    model.loadWeightsFromFile(path)


def test_uncompiled_message():
    with pytest.raises(LogicException, match="Not yet compile"):
        two_layers().fit(X, T)


def test_own_variables_of_models(path):
    class Scaled(Net):
        def __init__(self):
            super().__init__()
            self.scale = g.Variable(K.ones([2]), name="scale")

        def call(self, inputs):
            return g.mul(self.d1(inputs), self.scale) if False else super().call(inputs)

    model = Scaled()
    model(X)
    model.scale.assign(mo.array([2, 3]))
    model.saveWeightsToFile(path)
    again = Scaled()
    again.loadWeightsFromFile(path)
    assert again.scale.toArray() == [2.0, 3.0]
