"""Models from files and from configurations."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rindow_math.exceptions import InvalidArgumentException, RuntimeException
from rindow_nn.gradient.interfaces import Module
from rindow_nn.layers.base import Layer
from rindow_nn.models.class_names import class_of
from rindow_nn.models.saving import is_name, load_weights, opened_to_load
from rindow_nn.support.calling import parameter_names

__all__ = ["ModelLoader"]

_MOST_CONFIG = 1 << 22  # characters of a configuration
_DEPTH = 16  # models in models
_ELEMENT = 4  # bytes of the elements of fresh weights
# options that the original writes under a name that its constructors do not know: SimpleRNN's, Input's, Gather's
_SPELLED = (("go_backward", "go_backwards"), ("input_shape", "shape"), ("input_shape", "input_shapes"))
_ACTIVATIONS = "Rindow\\NeuralNetworks\\Activation\\"


class ModelLoader:
    """Makes models from files that ``save`` or the original wrote, and from configurations.

    Nothing in a file is run: it names classes of this library, and what their constructors are given is checked
    there.

    Args:
        builder: the ``NeuralNetworks`` builder.
        hdaFactory: opens the files; the builder's by default.

    Example:
        >>> import json
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> model = nn.models.Sequential([nn.layers.Dense(4, input_shape=[3]), nn.layers.Dense(2)])
        >>> again = ModelLoader(nn).modelFromConfig(json.loads(model.toJson()))
        >>> [layer.getConfig()["units"] for layer in again.layers()]
        [4, 2]

    PHP: ``Rindow\\NeuralNetworks\\Model\\ModelLoader``.
    """

    def __init__(self, builder: Any, hdaFactory: Any = None) -> None:
        self._builder = builder
        self._backend = builder.backend()
        self._hdaFactory = hdaFactory

    def modelFromConfig(self, config: Any) -> Any:
        """A model without weights, compiled if the configuration says how.

        Args:
            config: a dictionary, as ``json.loads(model.toJson())`` gives it.

        Raises:
            InvalidArgumentException: something is missing, unknown, or refused by a constructor.
        """
        model = self._model(_part(config, "model"), _part(config, "layer"), 0)
        if "loss" in config or "optimizer" in config:
            loss, optimizer = _part(config, "loss"), _part(config, "optimizer")
            model.compile(
                loss=self._made("Loss", _value(loss, "class"), _value(loss, "config"), "loss"),
                optimizer=self._made("Optimizer", _value(optimizer, "class"), _value(optimizer, "config"), "optimizer"),
            )
        return model

    def loadModel(self, filepath: Any) -> Any:
        """A model with its weights and the state of its optimizer.

        Args:
            filepath: the name of the file.

        Raises:
            RuntimeException: the file is missing, damaged, or holds no model.
        """
        with opened_to_load(self._hdaFactory or self._builder.utils().HDA(), filepath) as file:
            if "modelConfig" not in file:
                raise RuntimeException("there is no whole model in it: 'modelConfig' is missing")
            try:
                model = self.modelFromConfig(_parsed(file["modelConfig"]))
                _make_weights(model, os.path.getsize(filepath) if is_name(filepath) else None)
            except RuntimeException:
                raise
            except Exception as e:  # whatever a constructor or build() says to values that make no sense
                raise RuntimeException(f"modelConfig: {e}") from e
            load_weights(model, file["modelWeights"], fresh=True)
        return model

    def _model(self, head: Mapping[str, Any], body: Mapping[str, Any], depth: int) -> Any:
        if depth > _DEPTH:
            raise InvalidArgumentException(f"models nested deeper than {_DEPTH}")
        model = class_of("Model", _value(head, "class"))(self._builder, self._hdaFactory)
        layers = _part(body, "layers")
        names = body.get("layerNames")
        if names is not None and names != list(layers):
            raise InvalidArgumentException("'layerNames' and 'layers' name different layers")
        for name, entry in layers.items():
            model.add(self._module(name, entry, depth))
        return model

    def _module(self, name: str, entry: Any, depth: int) -> Any:
        cls, config = _value(entry, "class", f"layer {name}"), _value(entry, "config", f"layer {name}")
        if isinstance(cls, str) and "\\Model\\" in cls:
            model = self._model(entry, config, depth + 1)
            model.setName(name)
            return model
        return self._made("Layer", cls, config, f"layer {name}", name)

    def _made(self, kind: str, name: Any, config: Any, where: str, own_name: str | None = None) -> Any:
        """An object of the library from its class's name and the arguments of the constructor."""
        cls = class_of(kind, name)
        arguments = dict(_mapping(config, where))
        arguments |= _mapping(arguments.pop("options", {}), where)
        known = parameter_names(cls.__init__)  # type: ignore[misc]
        for spelled, option in _SPELLED:
            if spelled in arguments and spelled not in known and option in known and option not in arguments:
                arguments[option] = arguments.pop(spelled)
        for key, value in arguments.items():
            if key not in known or key == "name":
                raise InvalidArgumentException(f"{where}: {cls.__name__} has no option {key!r:.100}")
            if key.endswith("activation") and isinstance(value, str) and value.startswith(_ACTIVATIONS):
                arguments[key] = class_of("Activation", value)(self._backend)
            if key == "lr" and isinstance(value, Mapping):
                schedule = class_of("Optimizer\\Schedule", _value(value, "class"))
                arguments[key] = schedule(**_mapping(_value(value, "config"), where))
        if own_name is not None:
            arguments["name"] = own_name
        try:
            return cls(self._backend, **arguments)
        except Exception as e:  # of any kind: the values are as they stand in a file
            raise InvalidArgumentException(f"{where}: {e}") from e


def _parsed(text: Any) -> Any:
    if not isinstance(text, str):
        raise RuntimeException("modelConfig: no text")
    if len(text) > _MOST_CONFIG:
        raise RuntimeException(f"modelConfig: {len(text)} characters are more than {_MOST_CONFIG}")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as e:
        raise RuntimeException(f"modelConfig: {e}") from None


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    """A dictionary; PHP writes an empty one as a list."""
    if isinstance(value, Mapping):
        return value
    if value == [] and isinstance(value, list):
        return {}
    raise InvalidArgumentException(f"{where}: a dictionary was expected, found {value!r:.100}")


def _value(config: Any, key: str, where: str = "config") -> Any:
    found = _mapping(config, where)
    if key not in found:
        raise InvalidArgumentException(f"{where}: {key!r} is missing")
    return found[key]


def _part(config: Any, key: str) -> Mapping[str, Any]:
    return _mapping(_value(config, key), key)


# ---------------------------------------------------------------- weights before there is data


def _make_weights(model: Any, size: int | None) -> None:
    """Gives weights to layers whose input shapes are known, so that those in the file can be compared with them.

    Args:
        model: a model of layers one after the other.
        size: bytes of the file; weights cannot be larger, and no memory is taken for what is.
    """
    left = math.inf if size is None else size

    def zeros(shape: Any, fans: Any = None) -> Any:
        nonlocal left
        left -= _ELEMENT * math.prod(shape)
        if left < 0:
            raise RuntimeException(f"modelConfig: its weights are more than a file of {size} bytes holds")
        return model.builder.backend().zeros(shape)

    shape = None
    for layer in type(model).layers(model):  # `layers` may be an attribute too
        shape = layer.inputShape() if shape is None else shape
        if shape is not None:
            with _initialized_by(layer, zeros):
                layer.build(shape)
            shape = layer.outputShape()


@contextlib.contextmanager
def _initialized_by(layer: Layer, initializer: Callable[..., Any]) -> Iterator[None]:
    """Puts a function in the place of all initializers of a layer and of what is inside it."""
    kept = []
    pending: list[Any] = [layer]
    seen: set[int] = set()
    while pending:
        owner = pending.pop()
        if id(owner) in seen:
            continue
        seen.add(id(owner))
        for name, value in vars(owner).items():
            if name.lower().endswith(("initializer", "initializers")) and value is not None:
                kept.append((owner, name, value))
            elif isinstance(value, Module):
                pending.append(value)
    for owner, name, value in kept:
        setattr(owner, name, [initializer] * len(value) if isinstance(value, (list, tuple)) else initializer)
    try:
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)
