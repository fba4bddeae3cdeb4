"""Models that users write."""

from __future__ import annotations

import copy
from abc import abstractmethod
from functools import lru_cache
from types import FunctionType, MethodType
from typing import Any

from rindow_math.exceptions import InvalidArgumentException, LogicException, RuntimeException
from rindow_nn.gradient.core.tape import Variable
from rindow_nn.gradient.core.values import ArraySpec
from rindow_nn.gradient.interfaces import Module
from rindow_nn.layers.base import Layer
from rindow_nn.models.saving import Saving
from rindow_nn.models.summary import summary
from rindow_nn.models.training import Training
from rindow_nn.support.calling import call_with, parameter_names
from rindow_nn.support.cloning import clone
from rindow_nn.support.shared_names import shared_name

__all__ = ["AbstractModel", "Model"]

_NO_MODULES = frozenset({type(None), bool, int, float, str, list, tuple, dict, frozenset, FunctionType, MethodType})
"""Types of attributes that need not be asked whether they are a module or a variable."""


@lru_cache(maxsize=256)
def _is_module(kind: type) -> bool:
    """Whether a type is one of modules: abstract classes take long to answer."""
    return issubclass(kind, Module)


class Model(Module):
    """The interface of models.

    PHP: ``Rindow\\NeuralNetworks\\Model\\Model``.
    """

    @abstractmethod
    def layers(self) -> list[Any]:
        """The layers."""

    @abstractmethod
    def parameterVariables(self) -> list[Any]:
        """Variables that the model holds itself."""

    @abstractmethod
    def compile(
        self, optimizer: Any = None, loss: Any = None, metrics: Any = None, numInputs: int | None = None
    ) -> None:
        """Says how the model is trained."""

    @abstractmethod
    def fit(
        self,
        inputs: Any,
        tests: Any = None,
        batch_size: int | None = None,
        epochs: int | None = None,
        verbose: int | None = None,
        validation_data: Any = None,
        callbacks: Any = None,
        shuffle: bool | None = None,
        filter: Any = None,
    ) -> dict[str, list[float]]:
        """Trains the model."""

    @abstractmethod
    def evaluate(
        self,
        inputs: Any,
        trues: Any = None,
        batch_size: int | None = None,
        verbose: int | None = None,
        callbacks: Any = None,
    ) -> dict[str, float]:
        """Computes the metrics on data."""

    @abstractmethod
    def predict(self, inputs: Any, callbacks: Any = None, *options: Any) -> Any:
        """Computes the outputs for inputs."""

    @abstractmethod
    def build(self, *inputShapes: Any) -> None:
        """Makes the weights."""

    @abstractmethod
    def saveWeights(self, modelWeights: Any, portable: bool | None = None) -> None:
        """Writes the weights and the optimizer's state into a mapping."""

    @abstractmethod
    def loadWeights(self, modelWeights: Any) -> None:
        """Takes over what ``saveWeights`` wrote."""


class AbstractModel(Training, Saving, Model):
    """A model: subclasses make layers in ``__init__`` and write ``call``.

    Layers, models, ``Modules`` and variables are found in the attributes, in the order of assignment. A ``call`` that
    names ``training`` or ``trues`` receives them in ``fit``, ``evaluate`` and ``predict``. The steps of these are
    compiled (see ``g.Function``): what ``call`` does besides calling differentiable functions happens once for each
    shape of the inputs, unless the model is compiled with ``run_eagerly=True``.

    ``copy.copy(model)`` is a model with layers and weights of its own, not compiled yet.

    Besides ``call``, subclasses may override ``trueValuesFilter``, ``trainStep``, ``evaluateStep``, ``predictStep``,
    ``console`` and ``display``.

    Args:
        builder: the ``NeuralNetworks`` builder.
        hdaFactory: makes the files that the model is saved to; the builder's by default.
        name: shown in messages.

    Raises:
        InvalidArgumentException: ``builder`` is something else, such as the backend.

    Attributes:
        history: numbers of each epoch of the last ``fit``, by name; there after an error or Ctrl-C too.
        stop_training: a callback sets it to end ``fit`` after the running step.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> class Net(AbstractModel):
        ...     def __init__(self, builder):
        ...         super().__init__(builder)
        ...         self.dense = builder.layers.Dense(2)
        ...     def call(self, inputs, training):
        ...         return self.dense.forward(inputs, training)
        >>> nn = NeuralNetworks()
        >>> net = Net(nn)
        >>> net(nn.backend.ones([1, 3]), True).shape(), len(net.trainableVariables())
        ([1, 2], 2)

    PHP: ``Rindow\\NeuralNetworks\\Model\\AbstractModel``.
    """

    def __init__(self, builder: Any, hdaFactory: Any = None, name: str | None = None) -> None:
        if not hasattr(builder, "backend"):
            raise InvalidArgumentException(
                f"builder must be a builder of NeuralNetworks. Received: {type(builder).__name__}"
            )
        self.builder = builder
        vars(self)["backend"] = builder.backend()  # an object whose call gives itself, in place of the method
        self._hdaFactory = hdaFactory
        self._name = name
        self._built = False
        self._shapeInspection = True
        self._callOptions = parameter_names(self.call)
        # ---- compile: what it resolved
        self._optimizer: Any = None
        self._lossFunction: Any = None
        self._metrics: dict[str, Any] = {}  # by their names in the history
        self._eager = False
        self._debug = False
        # ---- fit, evaluate, predict
        self._steps = None  # what runs the model on batches, made when it is first needed
        self._parts: list[Any] = []
        self._labels: Any = None
        self._unchecked = False
        self.history: dict[str, list[float]] = {}
        self.stop_training = False

    def backend(self) -> Any:
        """The backend ``K``."""
        return self.builder.backend()

    def call(self, *inputs: Any) -> Any:
        """Computes the outputs from variables; written by subclasses."""
        raise NotImplementedError(f"{type(self).__name__}.call")

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Calls the model: ``call`` is given as many of the arguments as it takes."""
        if "_callOptions" not in self.__dict__:
            raise LogicException(f"{type(self).__name__}.__init__ must call super().__init__(builder)")
        outputs = self.call(*inputs, **options) if options else call_with(self.call, inputs)
        self._built = True
        return outputs

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.forward(*inputs, **options)

    @shared_name("_name")
    def name(self) -> str | None:
        """The name, or None."""
        return self._name

    def setName(self, name: str) -> None:
        """Changes the name."""
        self._name = name

    def isAwareOf(self, name: str) -> bool:
        """Whether ``call`` has a parameter of this name."""
        return name in self._callOptions

    def build(self, *inputShapes: Any, **namedShapes: Any) -> None:
        """Makes the weights by calling the model on zeros.

        Args:
            *inputShapes: for each input a shape, batch dimension included, an ArraySpec, an array or a variable.
            **namedShapes: likewise for arguments by name, such as ``trues``.
        """
        if self._built:
            return
        options = {name: self._sample(shape) for name, shape in namedShapes.items()}
        if self.isAwareOf("training"):
            options.setdefault("training", False)
        self.forward(*map(self._sample, inputShapes), **options)

    def _sample(self, shape: Any) -> Any:
        """Zeros of a shape as a variable; anything else as it is."""
        K: Any = self.backend
        if isinstance(shape, ArraySpec):
            return Variable(K, K.zeros(shape.shape().toArray(), shape.dtype()), reference=True)
        if isinstance(shape, (list, tuple)):
            return Variable(K, K.zeros(shape), reference=True)
        return shape

    def summary(self) -> None:
        """Prints the layers with their shapes and numbers of parameters.

        Raises:
            LogicException: the model, or a layer, is not built.
        """
        if not self._built:
            raise LogicException("You need to build the model before you can see the summary.")
        self.display(summary(self))

    def basename(self, object: Any) -> str:
        """Name of an object's class."""
        return type(object).__name__

    def backward(self, dOutputs: Any, grads: Any = None, oidsToCollect: Any = None) -> Any:
        """Not kept between calls here: ask the tape, which records each call.

        Raises:
            RuntimeException: always; ``GradientTape.gradient`` gives the gradients of a model.
        """
        raise RuntimeException("a model keeps no record of its last call; use GradientTape.gradient on its outputs")

    def _resetClone(self) -> None:
        """What a copy does not take over: how the model is trained."""
        self._built = False
        self._optimizer = self._lossFunction = None
        self._metrics = {}
        self._steps = None
        self._parts = []
        self.history = {}

    def __copy__(self) -> Any:
        return clone(self)

    def clone(self) -> Any:
        """A model with layers and weights of its own, not compiled yet; the same as ``copy.copy(model)``."""
        return copy.copy(self)

    # ---- what is inside

    def submodules(self) -> list[Any]:
        """Layers, models and lists of them among the attributes."""
        return [m for m in vars(self).values() if type(m) not in _NO_MODULES and _is_module(type(m))]  # type: ignore[arg-type]

    @shared_name("layers")
    def layers(self) -> list[Any]:
        """The layers, those of models inside too."""
        found: list[Any] = []
        modules = self.submodules()
        while modules:
            module = modules.pop(0)
            if isinstance(module, Layer):
                found.append(module)
            else:
                modules = module.submodules() + modules
        return found

    def variables(self) -> list[Variable]:
        """All variables, those that are not trained too."""
        found: list[Variable] = []
        for module in self.submodules():
            found += module.variables()
        found += [v for v in vars(self).values() if type(v) not in _NO_MODULES and isinstance(v, Variable)]
        return list(dict.fromkeys(found))  # a layer that is used in two places is trained once

    def parameterVariables(self) -> list[Variable]:
        """Variables that the model and models inside hold themselves."""
        found = [v for m in self.submodules() if hasattr(m, "parameterVariables") for v in m.parameterVariables()]
        return found + [v for v in vars(self).values() if isinstance(v, Variable) and v.isbackpropagatable()]

    def trainableVariables(self) -> list[Variable]:
        """The variables that an optimizer changes."""
        return [v for v in self.variables() if v.isTrainable()]

    def reverseSyncWeightVariables(self) -> None:
        """Takes over what was assigned to the weight variables."""
        for module in self.submodules():
            module.reverseSyncWeightVariables()

    def shapeInspection(self) -> bool:
        """Whether the layers check their shapes."""
        return self._shapeInspection

    def setShapeInspection(self, enable: bool) -> None:
        """Switches the layers' checks of shapes."""
        if self._shapeInspection != enable:
            for module in self.submodules():
                module.setShapeInspection(enable)
            self._shapeInspection = enable
