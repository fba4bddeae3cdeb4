"""The library's classes by the names that files give them: those of the PHP original."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from rindow_math.exceptions import InvalidArgumentException, LogicException

__all__ = ["class_of", "name_of"]

_ROOT = "Rindow\\NeuralNetworks\\"

# namespace of the original: the package here, and the class that all of its kind have above them
_PACKAGES = {
    "Activation": ("rindow_nn.activations", "Activation"),
    "Layer": ("rindow_nn.layers", "Layer"),
    "Loss": ("rindow_nn.losses", "Loss"),
    "Model": ("rindow_nn.models", "Model"),
    "Optimizer": ("rindow_nn.optimizers", "Optimizer"),
    "Optimizer\\Schedule": ("rindow_nn.optimizers.schedule", "LearningRateSchedule"),
}


def class_of(kind: str, name: Any) -> type:
    """The class of a name; nothing but the library's own classes is found.

    Args:
        kind: ``Layer``, ``Loss`` and so on.
        name: the full name in the original, such as ``Rindow\\NeuralNetworks\\Layer\\Dense``.

    Raises:
        InvalidArgumentException: there is no class of this name and kind.
    """
    prefix = f"{_ROOT}{kind}\\"
    if isinstance(name, str) and name.startswith(prefix):
        package, above = _PACKAGES[kind]
        module = importlib.import_module(package)
        own = name[len(prefix) :]
        if own in module.__all__ and own != above and not own.startswith("Abstract"):
            found = getattr(module, own)
            if inspect.isclass(found) and issubclass(found, getattr(module, above)) and not inspect.isabstract(found):
                return found
    raise InvalidArgumentException(f"no {kind.lower()} of this library: {name!r:.100}")


def name_of(kind: str, cls: type) -> str:
    """The full name that the original gives to a class.

    Raises:
        LogicException: the class is not one of the library's, so that a file could not say what it is.
    """
    name = f"{_ROOT}{kind}\\{cls.__name__}"
    try:
        if class_of(kind, name) is cls:
            return name
    except InvalidArgumentException:
        pass
    raise LogicException(
        f"{cls.__module__}.{cls.__qualname__} is not a class of this library, so that a model with it "
        "cannot be saved as a whole; saveWeightsToFile() saves the weights of any model"
    )
