"""Models that users write."""

from __future__ import annotations

from typing import Any

from rindow_math.exceptions import LogicException
from rindow_nn.gradient.core.tape import Variable
from rindow_nn.gradient.core.values import ArraySpec
from rindow_nn.gradient.interfaces import Module
from rindow_nn.layers.base import Layer
from rindow_nn.support.calling import call_with, parameter_names

__all__ = ["AbstractModel", "Model"]


class Model(Module):
    """The interface of models.

    PHP: ``Rindow\\NeuralNetworks\\Model\\Model``.
    """


class AbstractModel(Model):
    """A model: subclasses make layers in ``__init__`` and write ``call``.

    Layers, models, ``Modules`` and variables are found in the attributes, in the order of assignment.

    Args:
        builder: the ``NeuralNetworks`` builder.
        hdaFactory: taken for the original's sake; models cannot be saved to files yet.
        name: shown in messages.

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
        self.builder = builder
        self.backend = builder.backend()
        self._hdaFactory = hdaFactory
        self._name = name
        self._built = False
        self._shapeInspection = True
        self._callOptions = parameter_names(self.call)

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

    def name(self) -> str | None:
        """The name, or None."""
        return self._name

    def setName(self, name: str) -> None:
        """Changes the name."""
        self._name = name

    def isAwareOf(self, name: str) -> bool:
        """Whether ``call`` has a parameter of this name."""
        return name in self._callOptions

    def build(self, *inputShapes: Any) -> None:
        """Makes the weights by calling the model on zeros.

        Args:
            *inputShapes: for each input a shape, batch dimension included, an ArraySpec, an array or a variable.
        """
        if self._built:
            return
        K = self.backend
        inputs = []
        for shape in inputShapes:
            if isinstance(shape, ArraySpec):
                shape = Variable(K, K.zeros(shape.shape().toArray(), shape.dtype()), reference=True)
            elif isinstance(shape, (list, tuple)):
                shape = Variable(K, K.zeros(shape), reference=True)
            inputs.append(shape)
        self.forward(*inputs, **({"training": False} if self.isAwareOf("training") else {}))

    # ---- what is inside

    def submodules(self) -> list[Any]:
        """Layers, models and lists of them among the attributes."""
        return [m for m in vars(self).values() if isinstance(m, Module)]

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
        found = [v for module in self.submodules() for v in module.variables()]
        found += [v for v in vars(self).values() if isinstance(v, Variable)]
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
