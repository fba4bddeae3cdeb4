"""What models are saved as: their configuration, their weights and the optimizer's state."""

from __future__ import annotations

import contextlib
import json
import math
import numbers
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rindow_math.exceptions import InvalidArgumentException, LogicException, RuntimeException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.ndarray import NDArray, fromRecord
from rindow_math.matrix.serialization import ArrayRecord, decode, serialize_array
from rindow_nn.activations import FunctionFactory
from rindow_nn.layers.base import Layer
from rindow_nn.models.class_names import name_of
from rindow_nn.optimizers.schedule import ExponentialDecay, InverseTimeDecay
from rindow_nn.support.cloning import clone_state
from rindow_nn.support.hda import HDA

__all__ = ["CONTENTS", "Saving", "config_of", "is_name", "load_weights", "opened_to_load", "opened_to_save", "to_json"]

#: the keys of a saved model
CONTENTS = ("modelConfig", "modelWeights")

_CHECKSUM = "checksum"
_FLOATS = (NDArray.float32, NDArray.float64)


# ---------------------------------------------------------------- configuration


def _number(value: float) -> str:
    """A float as PHP's ``json_encode`` writes it."""
    if not math.isfinite(value):
        raise LogicException(f"a configuration cannot hold {value!r}")
    exact = Decimal(repr(float(value)))
    if not exact:
        return "-0" if exact.is_signed() else "0"
    exact = exact.normalize()
    exponent = exact.adjusted()
    if -5 < exponent < 17:
        return f"{exact:f}"
    return f"{exact.scaleb(-exponent):.{max(1, len(exact.as_tuple().digits) - 1)}f}e{exponent:+d}"


def to_json(value: Any) -> str:
    """JSON as PHP's ``json_encode`` writes it, to the byte; an empty dictionary is PHP's empty array.

    Raises:
        LogicException: something in the value has no form in JSON.

    Example:
        >>> to_json({"units": 128, "options": {"epsilon": 1e-07, "rate": 1.0, "name": None}, "config": {}})
        '{"units":128,"options":{"epsilon":1.0e-7,"rate":1,"name":null},"config":[]}'
    """
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return json.dumps(value).replace("\\u007f", "\x7f")
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        return _number(float(value))
    if isinstance(value, Mapping):
        if not value:
            return "[]"
        return "{" + ",".join(f"{to_json(str(k))}:{to_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(to_json, value)) + "]"
    raise LogicException(f"a configuration cannot hold a {type(value).__name__}: {value!r:.100}")


def _layer_config(layer: Any) -> dict[str, Any]:
    """A layer's configuration as the original loads it.

    An initializer that is a function of the user's is left out: the weights are in the file.
    """
    config = {**layer.getConfig()}
    if "options" in config:
        config["options"] = {**config["options"]}
    for part in (config, config.get("options", {})):
        for key, value in part.items():
            if value is not None and key.endswith("_initializer") and not _is_initializer(layer.backend, value):
                part[key] = None
            if value is not None and key.endswith("activation"):
                part[key] = _activation_name(value, layer)
    return config


def _is_initializer(backend: Any, name: str) -> bool:
    try:
        backend.getInitializer(name)
    except InvalidArgumentException:
        return False
    return True


def _activation_name(name: str, layer: Any) -> str:
    """The name of an activation, or of the class of one that was given as an object."""
    if name in FunctionFactory.classes or name == "linear":
        return name
    found = FunctionFactory.classes.get(name.lower())
    if found is None:
        raise LogicException(
            f"the activation {name} of layer {layer.name()} is not one of this library, so that the model cannot be "
            "saved as a whole; saveWeightsToFile() saves the weights of any model"
        )
    return name_of("Activation", found)


def _layer_configs(model: Any) -> tuple[list[str], dict[str, Any]]:
    """Names and configurations of layers, and of models among them."""
    layers: dict[str, Any] = {}
    for i, module in enumerate(model.submodules()):
        name = module.name() or f"{type(module).__name__.lower()}_{i}"
        if name in layers:
            raise LogicException(f"two layers are named {name!r}; to be saved, layers must have different names")
        if isinstance(module, Layer):
            layers[name] = {"class": name_of("Layer", type(module)), "config": _layer_config(module)}
        else:
            names, inner = _layer_configs(module)
            layers[name] = {"class": name_of("Model", type(module)), "config": {"layerNames": names, "layers": inner}}
    return list(layers), layers


def _optimizer_config(optimizer: Any) -> dict[str, Any]:
    config = optimizer.getConfig()
    options = {**config.get("options", {})}
    rate = options.get("lr")
    if isinstance(rate, (ExponentialDecay, InverseTimeDecay)):
        options["lr"] = {"class": name_of("Optimizer\\Schedule", type(rate)), "config": rate.getConfig()}
    elif callable(rate):
        raise LogicException("a learning rate that is a function of your own cannot be saved")
    return {**config, "options": options}


def config_of(model: Any) -> dict[str, Any]:
    """The configuration of a model of layers one after the other: layers, loss and optimizer.

    Raises:
        LogicException: a layer, the loss or the optimizer is not one of the library's.
    """
    names, layers = _layer_configs(model)
    config: dict[str, Any] = {
        "model": {"class": name_of("Model", type(model))},
        "layer": {"layerNames": names, "layers": layers},
    }
    loss, optimizer = model.lossFunction(), model.optimizer()
    if loss is not None:
        config["loss"] = {"class": name_of("Loss", type(loss)), "config": loss.getConfig()}
        config["optimizer"] = {"class": name_of("Optimizer", type(optimizer)), "config": _optimizer_config(optimizer)}
    return config


# ---------------------------------------------------------------- weights


def _variables(model: Any) -> list[Any]:
    """The variables in the order of the original, which counts a layer in two places twice."""
    if isinstance(model, Layer):
        return model.variables()
    found = [v for module in model.submodules() for v in _variables(module)]
    known = set(found)
    return found + [v for v in model.variables() if v not in known]


def _array(variable: Any) -> NDArray:
    if variable.isUndetermined():
        raise LogicException(
            f"the weight {variable.name()} has no value yet; build() or fit() the model before it is saved"
        )
    return variable.value()


def save_weights(model: Any, target: Any) -> None:
    """Writes the weights and the optimizer's state into a mapping (see ``Saving.saveWeights``)."""
    if isinstance(target, list):  # what PHP writes as [] is {} here
        raise InvalidArgumentException("modelWeights must be a dict or hierarchical data. Received: list")
    optimizer = model.optimizer()
    state = [] if optimizer is None else optimizer.getWeights()
    if _CHECKSUM in target:
        del target[_CHECKSUM]
    target["weights"] = {}
    weights = target["weights"]
    for i, variable in enumerate(_variables(model)):
        weights[i] = serialize_array(_array(variable))
    target["optimizerNumWeight"] = len(state)
    target["optimizer"] = {}
    arrays = target["optimizer"]
    for i, array in enumerate(state):
        arrays[i] = serialize_array(array)


def _item(source: Any, key: int | str, where: str) -> Any:
    """A value from hierarchical data, a dictionary or a list."""
    if isinstance(source, (str, bytes)) or not hasattr(source, "__getitem__"):
        raise RuntimeException(f"{where}: no node with keys but {type(source).__name__}")
    try:
        if isinstance(source, dict) and key not in source and str(key) in source:
            return source[str(key)]
        return source[key]
    except (KeyError, IndexError, TypeError):  # OutOfBoundsException among them; a list has no names
        raise RuntimeException(f"{where}: {key!r} is missing") from None


def _record(source: Any, key: int, where: str) -> ArrayRecord:
    value = _item(source, key, where)
    if not isinstance(value, (str, bytes, bytearray, memoryview)):
        raise RuntimeException(f"{where}/{key}: not a saved array but {type(value).__name__}")
    try:
        record = decode(value.encode() if isinstance(value, str) else value)
    except RuntimeException as e:
        raise RuntimeException(f"{where}/{key}: {e}") from None
    if not isinstance(record, ArrayRecord):
        raise RuntimeException(f"{where}/{key}: several arrays where one was expected")
    return record


def _check(record: ArrayRecord, shape: list[int] | None, dtypes: tuple[int, ...], where: str) -> NDArray:
    """The array of a record, if it is what was expected; its memory is taken only then."""
    if shape is not None and list(record.shape) != shape:
        raise RuntimeException(f"{where}: shape {list(record.shape)} does not fit {shape}")
    if record.dtype not in dtypes:
        raise RuntimeException(
            f"{where}: {NAMES.get(record.dtype, record.dtype)} does not fit {' or '.join(NAMES[t] for t in dtypes)}"
        )
    return fromRecord(record)


def _read_weights(source: Any, variables: list[Any], fresh: bool) -> list[NDArray]:
    weights = _item(source, "weights", "modelWeights")
    arrays = []
    for i, variable in enumerate(variables):
        where = f"weights/{i} ({variable.name()})"
        record = _record(weights, i, "weights")
        if variable.isUndetermined():
            arrays.append(_check(record, None, _FLOATS, where))
        else:
            value = variable.value()
            arrays.append(_check(record, value.shape(), _FLOATS if fresh else (value.dtype(),), where))
    more = len(variables)
    if more < len(weights) if isinstance(weights, (list, dict)) else more in weights:
        raise RuntimeException(f"the file has more weights than the model, which has {more}")
    return arrays


def _read_state(source: Any, optimizer: Any, params: list[NDArray]) -> list[NDArray]:
    """The state of an optimizer, tried on a copy of it."""
    trial = clone_state(optimizer)
    trial.build(params)
    own = trial.getWeights()
    count = _item(source, "optimizerNumWeight", "modelWeights")
    if not re.fullmatch(r"[0-9]{1,7}", str(count)):
        raise RuntimeException(f"modelWeights/optimizerNumWeight: {count!r:.40} is no number of arrays")
    count = int(count)
    if count == 0 or not own:
        return []
    if count != len(own):
        raise RuntimeException(
            f"the optimizer's state does not fit: {type(optimizer).__name__} of this model has {len(own)} arrays, the "
            f"file {count}. Compile the model with the optimizer that it was saved with, or not at all"
        )
    arrays = _item(source, "optimizer", "modelWeights")
    state = []
    for i, array in enumerate(own):
        state.append(_check(_record(arrays, i, "optimizer"), array.shape(), (array.dtype(),), f"optimizer/{i}"))
        if not array.shape() and not 0 <= state[-1].toArray() < 1 << 53:
            raise RuntimeException(f"optimizer/{i}: {state[-1].toArray()!r} is no number of steps")
    trial.loadWeights(state)
    return state


def load_weights(model: Any, source: Any, fresh: bool = False) -> None:
    """Takes over what ``save_weights`` wrote; the model changes when all has been read and found to fit.

    Args:
        model: the model.
        source: hierarchical data or a dictionary.
        fresh: the model was made for it, so that floats of any kind do.
    """
    variables = _variables(model)
    arrays = _read_weights(source, variables, fresh)
    optimizer = model.optimizer()
    state: list[NDArray] = []
    if optimizer is not None:
        values = dict(zip(variables, arrays))
        params = [value for variable, value in values.items() if variable.isTrainable()]
        state = _read_state(source, optimizer, params)
    for variable, array in zip(variables, arrays):
        variable.assign(array, reference=True)
    model.reverseSyncWeightVariables()
    if state:
        optimizer.loadWeights(state)
    elif optimizer is not None and optimizer.getWeights():
        optimizer.build(model.trainableVariables())


# ---------------------------------------------------------------- files


def _seal(file: Any) -> None:
    """Writes the checksum of what was saved. The original ignores it, and removes it when it saves there itself."""
    file["modelWeights"][_CHECKSUM] = file.checksum(CONTENTS, _CHECKSUM)


def _check_seal(file: Any) -> None:
    """Checks that a file is as it was saved.

    Raises:
        RuntimeException: it is damaged, or was changed by other means than saving.
    """
    if not hasattr(file, "checksum"):
        return
    if "modelWeights" not in file:
        raise RuntimeException("there is no model in it: 'modelWeights' is missing")
    weights = file["modelWeights"]
    if not isinstance(weights, HDA):
        raise RuntimeException("'modelWeights' is no node")
    if _CHECKSUM not in weights:
        file.verify()
    elif weights[_CHECKSUM] != file.checksum(CONTENTS, _CHECKSUM):
        raise RuntimeException(
            "the contents do not match their checksum: the file is damaged, or was changed by other means than saving"
        )


def is_name(filepath: Any) -> bool:
    """Whether a file is given by its name."""
    return isinstance(filepath, (str, os.PathLike))


@contextlib.contextmanager
def opened_to_load(files: Any, filepath: Any) -> Iterator[Any]:
    """Hierarchical data of a file, checked as a whole.

    Args:
        files: the factory that opens it.
        filepath: its name, or the data itself.

    Raises:
        RuntimeException: it is missing or damaged; also for errors of this kind within the block, with the name.
    """
    if not is_name(filepath):
        yield filepath
        return
    try:
        file = files.open(filepath, "r")
        try:
            _check_seal(file)
            yield file
        finally:
            file.close()
    except RuntimeException as e:
        name = os.fspath(filepath)
        raise RuntimeException(str(e) if str(e).startswith(name) else f"{name}: {e}") from e


@contextlib.contextmanager
def opened_to_save(files: Any, filepath: Any, keys: Sequence[str]) -> Iterator[Any]:
    """Hierarchical data to write a model into; a file changes as a whole when the block ends."""
    if not is_name(filepath):
        yield filepath
        return
    if hasattr(files, "replacing"):
        with files.replacing(filepath, keys) as file:
            yield file
            _seal(file)
        return
    file = files.open(filepath)
    try:
        yield file
    finally:
        file.close()


class Saving:
    """``saveWeights``, ``loadWeights`` and their like."""

    builder: Any
    _hdaFactory: Any

    def _files(self) -> Any:
        return self._hdaFactory or self.builder.utils().HDA()

    def saveWeights(self, modelWeights: Any, portable: bool | None = None) -> None:
        """Writes the weights and the optimizer's state into hierarchical data or a dictionary.

        Args:
            modelWeights: receives the keys ``weights``, ``optimizerNumWeight`` and ``optimizer``.
            portable: every PHP installation reads what is written, so that this changes nothing.

        Raises:
            LogicException: a weight has no value yet.
            InvalidArgumentException: ``modelWeights`` is a list.
        """
        save_weights(self, modelWeights)

    def loadWeights(self, modelWeights: Any) -> None:
        """Takes over what ``saveWeights``, or the original, wrote.

        The model changes only when all of it has been read and fits. A model that is not compiled takes the weights
        alone; one that is not built yet takes them as they are.

        Args:
            modelWeights: hierarchical data or a dictionary.

        Raises:
            RuntimeException: something is missing, damaged, or of another shape or type than in the model.
        """
        load_weights(self, modelWeights)

    def saveWeightsToFile(self, filepath: Any, portable: bool | None = None) -> None:
        """Saves the weights and the optimizer's state in a file.

        At every moment the file is the old one or the new one, whole. What else it holds is kept.

        Args:
            filepath: the name of the file.
            portable: see ``saveWeights``.

        Raises:
            LogicException: a weight has no value yet.
            RuntimeException: the file cannot be written.
        """
        with opened_to_save(self._files(), filepath, CONTENTS[1:]) as file:
            file["modelWeights"] = {}
            self.saveWeights(file["modelWeights"], portable)

    def loadWeightsFromFile(self, filepath: Any, portable: bool | None = None) -> None:
        """Loads weights and the optimizer's state from a file, see ``loadWeights``.

        Args:
            filepath: the name of the file.
            portable: changes nothing; programs written for the original pass it.

        Raises:
            RuntimeException: the file is missing, damaged, or does not fit the model; the model stays as it was.
        """
        with opened_to_load(self._files(), filepath) as file:
            self.loadWeights(file["modelWeights"])

    def save(self, filepath: Any, portable: bool | None = None) -> None:
        """Only models of layers one after the other, ``Sequential``, can be saved as a whole.

        Raises:
            LogicException: always; ``saveWeightsToFile`` saves the weights of any model.
        """
        raise LogicException(
            f"a file cannot hold a class of your own, {type(self).__name__}; saveWeightsToFile() saves its weights"
        )
