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
from rindow_nn.models.class_names import class_of
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
    "batch": {
        "layers": [["Dense", {"units": 4, "input_shape": [3], "use_bias": False}], ["BatchNormalization", {}],
                   ["Activation", {"activation": "sigmoid"}], ["Dense", {"units": 1}]],
        "loss": ["MeanSquaredError", {}], "optimizer": ["Adam", {}], "shape": [3],
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
        "epochs": 2,
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


@pytest.fixture(scope="module")
def trained_by_php(php, tmp_path_factory):
    """Makes, once for each name, a model in the original: file of the model, file of its weights, the reply."""
    made = {}

    def train(name):
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            path, weights = str(folder / "x.model"), str(folder / "x.weights")
            reply = php(do="train", file=path, weights=weights, **request_of(MODELS[name]))
            assert "error" not in reply, reply
            made[name] = path, weights, reply
        return made[name]

    return train


@every_model
def test_models_saved_by_php(trained_by_php, name):
    case = MODELS[name]
    path, weights, reply = trained_by_php(name)
    model = nn.models.loadModel(path)
    if case["loss"][1].get("from_logits"):  # the original does not save it
        model.lossFunction().setFromLogits(True)
    goes_on_alike(model, case, reply)
    with_weights = compiled(case)
    with_weights.loadWeightsFromFile(weights)
    goes_on_alike(with_weights, case, reply)


@every_model
def test_configuration_of_a_whole_model(trained_by_php, name):
    path, _, reply = trained_by_php(name)
    mine, theirs = nn.models.loadModel(path).toJson(), reply["json"]
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


# ---- configurations

RNN = {"units": 3, "input_shape": [4, 2], "activation": "sigmoid", "use_bias": False, "kernel_initializer": "he_normal",
       "recurrent_initializer": "glorot_uniform", "bias_initializer": "ones", "return_sequences": True,
       "return_state": True, "go_backwards": True, "stateful": True}  # fmt: skip
NORM = {"beta_initializer": "ones", "gamma_initializer": "zeros", "epsilon": 1e-5, "axis": 1}
CONFIGS = {
    "Layer": [
        *[("Activation", {"activation": name}) for name in ("relu", "sigmoid", "softmax", "tanh")],
        ("Activation", {"activation": "relu", "input_shape": [3]}),
        ("Add", {}), ("Add", {"input_shapes": [[3], [3]]}),
        ("Attention", {}), ("Attention", {"input_shapes": [[2, 3], [4, 3]], "use_scale": True}),
        ("Attention", {"do_not_expand_mask": True}),
        ("BatchNormalization", {}), ("BatchNormalization", {"center": False, "scale": False}),
        ("BatchNormalization", {**NORM, "momentum": 0.5, "moving_mean_initializer": "ones",
                                "moving_variance_initializer": "zeros"}),
        ("LayerNormalization", {}), ("LayerNormalization", {"center": False, "scale": False}),
        ("LayerNormalization", NORM),
        ("Concatenate", {}), ("Concatenate", {"axis": 1, "input_shapes": [[3], [4]]}),
        ("Debug", {}), ("Debug", {"input_shape": [3]}),
        ("Dense", {"units": 3}),
        ("Dense", {"units": 3, "input_shape": [2], "activation": "relu", "use_bias": False,
                   "kernel_initializer": "he_normal", "bias_initializer": "ones"}),
        *[("Dropout", {"rate": rate}) for rate in (0.25, 0.0, 1.0, 1.5)],
        ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": [None, 4]}),
        ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": [None, 4], "bias_axes": "d", "activation": "relu"}),
        ("Embedding", {"inputDim": 5, "outputDim": 3}),
        ("Embedding", {"inputDim": 5, "outputDim": 3, "input_length": 4, "embeddings_initializer": "zeros",
                       "mask_zero": True}),
        ("ExpandDims", {"axis": 1}), ("ExpandDims", {"axis": 0, "input_shape": [3]}),
        ("Flatten", {}), ("Flatten", {"input_shape": [2, 3]}),
        ("Gather", {}), ("Gather", {"axis": 0, "input_shapes": [[3, 4], [3]], "batchDims": 0}),
        ("InheritMask", {}), ("InheritMask", {"input_shapes": [[3], [3]]}),
        ("Input", {}), ("Input", {"shape": [3]}),
        ("Max", {}), ("Max", {"axis": 1, "input_shape": [3, 2]}),
        ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}),
        ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "value_dim": 4, "dropout": 0.1, "use_bias": False,
                                "attention_axes": [1], "kernel_initializer": "he_normal", "bias_initializer": "ones"}),
        ("RepeatVector", {"repeats": 3}), ("RepeatVector", {"repeats": 3, "input_shape": [3]}),
        ("SimpleRNN", {"units": 3}), ("SimpleRNN", RNN),
        ("LSTM", {"units": 3}), ("LSTM", {**RNN, "recurrent_activation": "tanh"}),
        ("GRU", {"units": 3}), ("GRU", {**RNN, "recurrent_activation": "tanh", "reset_after": False}),
        ("SimpleRNNCell", {"units": 3}), ("LSTMCell", {"units": 3, "input_shape": [2]}),
        ("GRUCell", {"units": 3, "reset_after": False}),
        *[
            case
            for rank in (1, 2, 3)
            for case in (
                (f"Conv{rank}D", {"filters": 2, "kernel_size": 3}),
                (f"Conv{rank}D", {"filters": 2, "kernel_size": [2] * rank, "strides": 2, "padding": "same",
                                  "data_format": "channels_last", "activation": "relu",
                                  "kernel_initializer": "he_normal", "bias_initializer": "ones"}),
                (f"Conv{rank}D", {"filters": 2, "kernel_size": 3, "dilation_rate": 2, "use_bias": False,
                                  "data_format": "channels_first", "input_shape": [3, *[8] * rank]}),
                *[
                    case
                    for kind in ("Max", "Average")
                    for case in (
                        (f"{kind}Pooling{rank}D", {}),
                        (f"{kind}Pooling{rank}D", {"pool_size": [2] * rank, "strides": 1, "padding": "same",
                                                   "data_format": "channels_first"}),
                        (f"{kind}Pooling{rank}D", {"pool_size": 3, "dilation_rate": 2,
                                                   "input_shape": [*[8] * rank, 2]}),
                        (f"Global{kind}Pooling{rank}D", {}),
                        (f"Global{kind}Pooling{rank}D", {"data_format": "channels_first",
                                                         "input_shape": [2, *[4] * rank]}),
                    )
                ],
            )
        ],
    ],
    "Loss": [
        *[
            (name, options)
            for name in ("SparseCategoricalCrossEntropy", "CategoricalCrossEntropy", "BinaryCrossEntropy")
            for options in ({}, {"from_logits": True}, {"from_logits": True, "reduction": "none"})
        ],
        ("MeanSquaredError", {}), ("MeanSquaredError", {"reduction": "none"}),
        ("Huber", {}), ("Huber", {"delta": 0.5, "reduction": "none"}),
    ],
    "Optimizer": [
        ("SGD", {}), ("SGD", {"lr": 0.5}),
        ("Adam", {}), ("Adam", {"lr": 1.0, "beta1": 0.5, "beta2": 0.25, "epsilon": 1e-3}),
        ("RMSprop", {}), ("RMSprop", {"lr": 0.5, "rho": 0.5, "epsilon": 1e-3}), ("RMSprop", {"decay": 0.1}),
    ],
}  # fmt: skip

# Options that the original's configurations leave out: here they are there where they are not the default.
LEFT_OUT = {"center", "scale", "use_bias", "dilation_rate", "mask_zero", "use_scale", "do_not_expand_mask",
            "from_logits", "reduction", "delta", "batchDims", "input_shapes"}  # fmt: skip
# Options that the original's configurations spell so that its own constructors do not take them.
SPELLED = {"SimpleRNN": ("go_backward", "go_backwards"), "Input": ("input_shape", "shape"),
           "Gather": ("input_shape", "input_shapes")}  # fmt: skip


def arguments_of(config):
    """As the original's ModelLoader gives them to a constructor."""
    config = dict(config or {})
    options = config.pop("options", {})
    return {**config, **(options or {})}


@pytest.mark.parametrize(
    ("kind", "name", "arguments"),
    [pytest.param(kind, *case, id=f"{case[0]}-{case[1]}") for kind, cases in CONFIGS.items() for case in cases],
)
def test_configuration(php, kind, name, arguments):
    class_ = f"Rindow\\NeuralNetworks\\{kind}\\{name}"
    mine = class_of(kind, class_)(K, **arguments).getConfig()

    def asked(arguments):
        reply = php(do="config", **{"class": class_, "arguments": arguments})
        assert "error" not in reply, (reply, arguments)
        return reply["json"]

    theirs = asked(arguments)
    if name == "EinsumDense":  # the original has no configuration of it, and its loader none of the arguments
        assert theirs == "[]"
    elif name == "RMSprop" and "decay" in arguments:  # an object, which is lost
        assert theirs.startswith('{"options":{"lr":{},')
    else:
        text = theirs
        if name in SPELLED:
            text = text.replace(f'"{SPELLED[name][0]}"', f'"{SPELLED[name][1]}"')
        given = LEFT_OUT & set(arguments)
        written = set(arguments_of(json.loads(text)))
        kept = {key: value for key, value in mine.items() if key != "options"}
        options = {k: v for k, v in mine.get("options", {}).items() if k in written or k not in given}
        assert to_json({**kept, "options": options} if options else kept) == text
    assert asked(arguments_of(mine)) == theirs  # the original makes the same of it
    again = class_of(kind, class_)(K, **arguments_of(mine))
    assert again.getConfig() == mine


# ---- JSON


def test_numbers_in_json(php):
    rng = np.random.default_rng(3)
    values = [*np.frombuffer(rng.bytes(8 * 400)), *rng.uniform(-1, 1, 50), *10.0 ** np.arange(-25, 25), 0.0, -0.0, 0.1]
    values = [float(v) for v in values if np.isfinite(v)]
    reply = php(do="json", values=[struct.pack("<d", v).hex() for v in values])
    assert [to_json(v) for v in values] == reply["json"]
