"""Models and the PHP original: each loads what the other saved, and goes on alike; configurations are the same.

Runs where ``php`` is installed and RINDOW_PHP_AUTOLOAD names an autoloader of the original.
"""

import json
import os
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.models.saving import to_json

HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(
    shutil.which("php") is None or not os.path.isfile(os.environ.get("RINDOW_PHP_AUTOLOAD", "")),
    reason="needs php and RINDOW_PHP_AUTOLOAD",
)

mo = MatrixOperator()
nn = NeuralNetworks(mo)
K = nn.backend


class Php:
    """A process of the original that answers requests."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["php", "-d", "display_errors=stderr", str(HERE / "models.php")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __call__(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "php ended"
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@pytest.fixture(scope="module")
def php():
    process = Php()
    yield process
    process.close()


# ---- models

CLASSES = ["SparseCategoricalCrossEntropy", {"from_logits": True}]
MODELS = {
    "mlp": {
        "layers": [["Dense", {"units": 6, "input_shape": [4], "activation": "relu"}],
                   ["Dense", {"units": 3, "activation": "softmax"}]],
        "loss": ["SparseCategoricalCrossEntropy", {}], "optimizer": ["Adam", {"lr": 0.01}],
        "shape": [4], "classes": 3,
    },
    "cnn": {
        "layers": [["Conv2D", {"filters": 3, "kernel_size": 3, "input_shape": [6, 6, 1], "activation": "relu"}],
                   ["MaxPooling2D", {}], ["Flatten", {}], ["Dense", {"units": 3}]],
        "loss": CLASSES, "optimizer": ["Adam", {}], "shape": [6, 6, 1], "classes": 3,
    },
    "cnn1d": {
        "layers": [["Conv1D", {"filters": 3, "kernel_size": [2], "input_shape": [6, 2], "activation": "tanh"}],
                   ["AveragePooling1D", {"pool_size": 2}], ["GlobalMaxPooling1D", {}], ["Dense", {"units": 3}]],
        "loss": CLASSES, "optimizer": ["SGD", {"lr": 0.1}], "shape": [6, 2], "classes": 3,
    },
    "lstm": {
        "layers": [["Embedding", {"inputDim": 10, "outputDim": 4, "input_length": 5}], ["LSTM", {"units": 6}],
                   ["Dense", {"units": 1, "activation": "sigmoid"}]],
        "loss": ["BinaryCrossEntropy", {}], "optimizer": ["Adam", {}], "shape": [5], "high": 10,
    },
    "gru": {
        "layers": [["GRU", {"units": 4, "input_shape": [5, 3], "return_sequences": True}], ["GRU", {"units": 3}],
                   ["Activation", {"activation": "softmax"}]],
        "loss": ["SparseCategoricalCrossEntropy", {}], "optimizer": ["RMSprop", {}], "shape": [5, 3], "classes": 3,
        "gradients": False,  # those of the original are wrong
    },
    "regression": {
        "layers": [["Dense", {"units": 5, "input_shape": [3], "activation": "tanh", "kernel_initializer": "he_normal"}],
                   ["Dropout", {"rate": 0.0}], ["Dense", {"units": 1, "use_bias": False}]],
        "loss": ["MeanSquaredError", {}], "optimizer": ["RMSprop", {"lr": 0.01}], "shape": [3],
    },
    "huber": {
        "layers": [["Dense", {"units": 4, "input_shape": [3]}], ["LayerNormalization", {}],
                   ["Activation", {"activation": "sigmoid"}], ["RepeatVector", {"repeats": 2}], ["Flatten", {}],
                   ["Dense", {"units": 1}]],
        "loss": ["Huber", {}], "optimizer": ["SGD", {}], "shape": [3],
    },
}  # fmt: skip

every_model = pytest.mark.parametrize("name", MODELS)


def data_of(case):
    rng = np.random.default_rng(5)
    if "high" in case:
        inputs = rng.integers(0, case["high"], (10, *case["shape"]), dtype=np.int32)
    else:
        inputs = rng.uniform(-1, 1, (10, *case["shape"])).astype(np.float32)
    if "classes" in case:
        tests = rng.integers(0, case["classes"], 10, dtype=np.int32)
    elif "high" in case:
        tests = rng.integers(0, 2, (10, 1)).astype(np.float32)
    else:
        tests = rng.uniform(-1, 1, (10, 1)).astype(np.float32)
    return inputs, tests


def request_of(case):
    inputs, tests = data_of(case)
    return {
        **{key: case[key] for key in ("layers", "loss", "optimizer")},
        "inputs": inputs.tolist(), "inputs_dtype": NDArray.float32 if inputs.dtype.kind == "f" else NDArray.int32,
        "tests": tests.tolist(), "tests_dtype": NDArray.float32 if tests.dtype.kind == "f" else NDArray.int32,
        "from_logits": case["loss"][1].get("from_logits", False), "epochs": 2,
    }  # fmt: skip


def compiled(case):
    model = nn.models.Sequential([getattr(nn.layers, name)(**options) for name, options in case["layers"]])
    loss, optimizer = case["loss"], case["optimizer"]
    model.compile(
        optimizer=getattr(nn.optimizers, optimizer[0])(**optimizer[1]),
        loss=getattr(nn.losses, loss[0])(**loss[1]),
        metrics=["loss"],
    )
    return model


def fitted(model, case, epochs=2):
    return model.fit(*data_of(case), batch_size=4, epochs=epochs, verbose=0, shuffle=False)


def goes_on_alike(model, case, reply):
    """Predictions, weights, losses of the next epochs and predictions after them are those of the reply."""
    inputs, _ = data_of(case)
    close = {"rtol": 2e-5, "atol": 2e-6}
    np.testing.assert_allclose(model.predict(inputs).toArray(), reply["predictions"], **close)
    assert len(reply["weights"]) == len(model.variables())
    for variable, want in zip(model.variables(), reply["weights"]):
        np.testing.assert_allclose(np.asarray(variable), want, rtol=1e-6, atol=1e-7)
    if not case.get("gradients", True):
        return
    np.testing.assert_allclose(fitted(model, case)["loss"], reply["loss"], **close)
    np.testing.assert_allclose(model.predict(inputs).toArray(), reply["next"], **close)


@every_model
def test_php_loads_whole_models_saved_here(php, tmp_path, name):
    case, path = MODELS[name], str(tmp_path / "x.model")
    model = compiled(case)
    fitted(model, case)
    model.save(path, portable=True)
    reply = php(do="load", file=path, **request_of(case))
    assert "error" not in reply, reply
    same_config(json.loads(model.toJson())["layer"], json.loads(reply["json"])["layer"], name)
    goes_on_alike(model, case, reply)


@every_model
def test_php_loads_weights_saved_here(php, tmp_path, name):
    case, path = MODELS[name], str(tmp_path / "x.weights")
    model = compiled(case)
    fitted(model, case)
    model.saveWeightsToFile(path, portable=True)
    reply = php(do="weights", file=path, **request_of(case))
    assert "error" not in reply, reply
    goes_on_alike(model, case, reply)


@every_model
def test_models_saved_by_php(php, tmp_path, name):
    case, path, weights = MODELS[name], str(tmp_path / "x.model"), str(tmp_path / "x.weights")
    reply = php(do="train", file=path, weights=weights, **request_of(case))
    assert "error" not in reply, reply
    model = nn.models.loadModel(path)
    if case["loss"][1].get("from_logits"):  # the original does not save it
        model.lossFunction().setFromLogits(True)
    goes_on_alike(model, case, reply)
    with_weights = compiled(case)
    with_weights.loadWeightsFromFile(weights)
    goes_on_alike(with_weights, case, reply)


@every_model
def test_configuration_of_a_whole_model(php, tmp_path, name):
    case = MODELS[name]
    reply = php(do="train", file=str(tmp_path / "x.model"), weights=str(tmp_path / "w"), **request_of(case))
    model = nn.models.loadModel(str(tmp_path / "x.model"))
    mine, theirs = model.toJson(), reply["json"]
    assert json.loads(mine).keys() == json.loads(theirs).keys()
    same_config(json.loads(mine), json.loads(theirs), name)


def same_config(mine, theirs, where):
    """All that the original writes is written alike; what is written besides is not at its default."""
    if isinstance(theirs, list) and theirs == [] and isinstance(mine, dict):
        theirs = {}
    if isinstance(theirs, dict):
        assert isinstance(mine, dict) or (mine == [] and theirs == {}), where
        for key, value in theirs.items():
            same_config(mine[key], value, f"{where}.{key}")
    else:
        assert mine == theirs, where


def test_php_saves_over_a_file_of_this_library(php, tmp_path):
    """The checksum goes with the weights that it was made for."""
    case, path = MODELS["mlp"], str(tmp_path / "x.model")
    model = compiled(case)
    fitted(model, case)
    model.save(path)
    assert php(do="resave", file=path) == []
    again = nn.models.loadModel(path)
    for a, b in zip(model.variables(), again.variables()):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


# ---- JSON


def test_numbers_in_json(php):
    rng = np.random.default_rng(3)
    values = [*np.frombuffer(rng.bytes(8 * 400)), *rng.uniform(-1, 1, 50), *10.0 ** np.arange(-25, 25), 0.0, -0.0, 0.1]
    values = [float(v) for v in values if np.isfinite(v)]
    reply = php(do="json", values=[struct.pack("<d", v).hex() for v in values])
    assert [to_json(v) for v in values] == reply["json"]
