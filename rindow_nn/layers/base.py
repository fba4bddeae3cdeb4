"""What layers have in common."""

from __future__ import annotations

import types
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_math.matrix.ndarray import NDArray
from rindow_nn.activations import Activation, FunctionFactory
from rindow_nn.gradient.core.layerfunction import callLayer
from rindow_nn.gradient.core.tape import Variable, checked_shape
from rindow_nn.gradient.core.values import MaskedNDArray
from rindow_nn.gradient.interfaces import Module
from rindow_nn.support.calling import call_with, parameter_names
from rindow_nn.support.cloning import clone
from rindow_nn.support.naming import give_name
from rindow_nn.support.shared_names import shared_name

__all__ = ["AbstractLayer", "AbstractLayerBase", "Layer", "SequentialLayer"]


class Layer(Module):
    """The interface of layers.

    PHP: ``Rindow\\NeuralNetworks\\Layer\\Layer``.
    """

    @abstractmethod
    def isBuilt(self) -> bool:
        """Whether the weights exist."""

    @abstractmethod
    def build(self, variable: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        """Makes the weights."""

    @abstractmethod
    def setName(self, name: str) -> None:
        """Changes the name."""

    @abstractmethod
    def inputShape(self) -> list[Any]:
        """Shape of an input without the batch dimension."""

    @abstractmethod
    def outputShape(self) -> list[Any]:
        """Shape of an output without the batch dimension."""

    @abstractmethod
    def getActivation(self) -> Activation | None:
        """The activation, or None."""

    @abstractmethod
    def getParams(self) -> list[Any]:
        """The weights as arrays."""

    @abstractmethod
    def getGrads(self) -> list[Any]:
        """The weights' gradients from the last ``backward``."""

    @abstractmethod
    def getConfig(self) -> dict[str, Any]:
        """What the constructor was given."""

    @abstractmethod
    def weights(self) -> list[Any]:
        """The weights as variables."""


class SequentialLayer(ABC):
    """A layer of one input and one output.

    PHP: ``Rindow\\NeuralNetworks\\Layer\\SequentialLayer``.
    """

    @abstractmethod
    def forward(self, inputs: Any, training: Any = None) -> Any:
        """Computes the outputs and records the call."""

    def backward(self, dOutputs: Sequence[Any], grads: Any = None, oidsToCollect: Any = None) -> list[Any]:
        """The gradients of the inputs of the last call; the tape, which records each call, gives them too."""
        raise NotImplementedError(f"{type(self).__name__}.backward")

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.forward(*args, **options)


def _shape_text(shape: Any) -> str:
    if not isinstance(shape, (list, tuple)):
        return str(shape)
    return "(" + ",".join(map(_shape_text, shape)) + ")"


def _kind(array: Any) -> Any:
    return None if array is None else (array.shape(), array.dtype())


class AbstractLayerBase(Layer):
    """Shapes, names, weights and masks of layers.

    Args:
        backend: the backend ``K``.

    PHP: ``Rindow\\NeuralNetworks\\Layer\\AbstractLayerBase``.
    """

    #: number of the next default name
    nameNumbering = 0

    def __init__(self, backend: Any) -> None:
        self.backend = backend
        self._inputShape: list[Any] | None = None
        self._outputShape: list[Any] | None = None
        self._activation: Activation | None = None
        self._activationName: str | None = None
        self._weights: list[Variable] = []
        self._grads: list[Any] = []
        self._name: str | None = None
        self._shapeInspection = True
        self._built = False
        self._inputDtype: int | None = None
        self._container: Any = None
        self._callOptions: frozenset[str] | None = None

    # ---- identity

    @shared_name("_name")
    def name(self) -> str | None:
        """The name."""
        return self._name

    def setName(self, name: str) -> None:
        """Changes the name."""
        self._name = name

    def initName(self, name: str | None, default: str) -> None:
        """Takes the given name, or the next default one."""
        self._name = give_name(type(self), name, default)

    def basename(self, object: Any) -> str:
        """Name of an object's class."""
        return type(object).__name__

    def _label(self) -> str:
        return self._name or type(self).__name__

    def getConfig(self) -> dict[str, Any]:
        """What the constructor was given."""
        return {}

    def isBuilt(self) -> bool:
        """Whether the weights exist."""
        return self._built

    def submodules(self) -> list[Any]:
        """Layers inside; none by default."""
        return []

    def isAwareOf(self, name: str) -> bool:
        """Whether ``call`` has a parameter of this name."""
        if self._callOptions is None:
            self._callOptions = parameter_names(self.call) if hasattr(self, "call") else frozenset()
        return name in self._callOptions

    def _resetClone(self) -> None:
        """What a copy does not take over from the original."""
        self._container = None
        self._grads = []

    def __copy__(self) -> Any:
        return clone(self)

    def container(self) -> Any:
        """A place for what ``differentiate`` needs from ``call``; each recorded call has its own."""
        if self._container is None:
            self._container = types.SimpleNamespace()
        return self._container

    def packAndUnpackVariable(self, backend: Any, value: Any, unbackpropagatable: bool | None = None) -> list[Any]:
        """A value as (variable, array)."""
        if value is None:
            return [None, None]
        if isinstance(value, Variable):
            return [value, value.value()]
        return [Variable(backend, value, unbackpropagatable=unbackpropagatable), value]

    def packAndUnpackVariables(
        self, backend: Any, values: Sequence[Any], unbackpropagatable: bool | None = None
    ) -> list[list[Any]]:
        """Values as (variables, arrays)."""
        pairs = [self.packAndUnpackVariable(backend, v, unbackpropagatable) for v in values]
        return [[v for v, _ in pairs], [x for _, x in pairs]]

    # ---- activation

    def getActivation(self) -> Activation | None:
        """The activation, or None."""
        return self._activation

    def setActivation(self, activation: str | type[Activation] | Activation | None) -> None:
        """Takes an activation by name, as a class or as an object.

        Raises:
            InvalidArgumentException: the name is unknown, or the object is no Activation.
        """
        self._activation = self.createFunction(activation)
        self._activationName = self.toStringName(activation)

    def createFunction(self, activation: str | type[Activation] | Activation | None = None) -> Activation | None:
        """An activation from its name or class, or the object itself."""
        if activation is None or activation == "":
            return None
        if isinstance(activation, (str, type)):
            return FunctionFactory.factory(self.backend, activation)
        if isinstance(activation, Activation):
            return activation
        raise InvalidArgumentException(
            f"activation function must have the Activation interface: {type(activation).__name__} given in "
            f"{type(self).__name__}"
        )

    def toStringName(self, name: Any) -> str | None:
        """A name for the configuration: the string itself, or the class of an object."""
        if name is None or isinstance(name, str):
            return name
        return getattr(name, "__name__", type(name).__name__)

    # ---- shapes

    def build(self, variable: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        """Fixes the shapes; layers with weights make them here.

        Args:
            variable: an input variable, the shape of one sample, or None for the constructor's ``input_shape``.
            sampleWeights: arrays to use as weights.
        """
        self._outputShape = self.normalizeInputShape(variable)

    def normalizeInputShape(self, variable: Any = None) -> list[Any]:
        """The shape of one sample from a variable, a shape, or the constructor.

        Raises:
            InvalidArgumentException: no shape is known, or it differs from the constructor's.
        """
        if variable is None:
            shape = self._inputShape
        elif isinstance(variable, Variable):
            shape = variable.valueShape()
            if shape is None:
                shape = self._inputShape
        elif isinstance(variable, (list, tuple)):
            if not all(isinstance(n, int) and not isinstance(n, bool) for n in variable):
                raise InvalidArgumentException(
                    f"variable must Variable or shape: {variable!r} given in {self._label()}"
                )
            shape = list(variable)
        elif isinstance(variable, NDArray):
            shape = variable.shape()[1:]
        else:
            raise InvalidArgumentException(
                f'variable must be Variable type or null. "{type(variable).__name__}" given in {self._label()}.'
            )
        if shape is None:
            raise InvalidArgumentException(f"inputShape must be spacified in {self._label()}")
        return self.fixInputShape(shape)

    def fixInputShape(self, inputShape: list[Any] | None) -> list[Any]:
        """Remembers the shape of one sample, or checks it against the known one."""
        if inputShape is not None:
            inputShape = list(inputShape)
        if self._inputShape is None:
            self._inputShape = inputShape
        if self._shapeInspection and self._inputShape != inputShape:
            raise InvalidArgumentException(
                f"Input shape is inconsistent: defined as {_shape_text(self._inputShape)} but "
                f"{_shape_text(inputShape)} given in {type(self).__name__}" + (f" ({self._name})" if self._name else "")
            )
        if inputShape is None:
            raise InvalidArgumentException(f"Input shape is not defined in {self._label()}")
        return inputShape

    def normalizeInputShapes(self, variables: Sequence[Any] | None = None) -> list[list[int]]:
        """The shapes of one sample of each input, from variables, shapes or the constructor.

        Raises:
            InvalidArgumentException: no shapes are known, or they differ from the constructor's.
        """
        if variables is None:
            return self.fixInputShapes(self._inputShape)
        shapes = []
        for i, v in enumerate(variables):
            if isinstance(v, (list, tuple)) and all(isinstance(n, int) for n in v):
                shapes.append(list(v))
                continue
            if not isinstance(v, NDArray):
                raise InvalidArgumentException(
                    f'variable list must contain Variables: "{type(v).__name__}" included in #{i}.'
                )
            shape = v.valueShape() if isinstance(v, Variable) else v.shape()[1:]
            if shape is None:
                raise InvalidArgumentException(f"Variable list include unspecified shape value. in #{i}.")
            shapes.append(shape)
        return self.fixInputShapes(shapes)

    def fixInputShapes(self, inputShapes: list[Any] | None) -> list[list[int]]:
        """Remembers the shapes of one sample, or checks them against the known ones."""
        if inputShapes is None:
            raise InvalidArgumentException(f"inputShape must be spacified in {self._label()}")
        if self._inputShape is None:
            self._inputShape = inputShapes
        if self._shapeInspection and self._inputShape != inputShapes:
            raise InvalidArgumentException(
                f"Input shape is inconsistent: defined as {_shape_text(self._inputShape)} but "
                f"{_shape_text(inputShapes)} given in {type(self).__name__}"
                + (f" ({self._name})" if self._name else "")
            )
        return inputShapes

    @shared_name("_inputShape")
    def inputShape(self) -> list[Any]:
        """Shape of an input without the batch dimension."""
        return self._inputShape  # type: ignore[return-value]

    @shared_name("_outputShape")
    def outputShape(self) -> list[Any]:
        """Shape of an output without the batch dimension."""
        return self._outputShape  # type: ignore[return-value]

    def inputDtype(self) -> int | None:
        """The element type that the layer asks for, or None."""
        return self._inputDtype

    def setShapeInspection(self, enable: bool) -> None:
        """Switches the checks of shapes."""
        self._shapeInspection = enable

    def shapeToString(self, shape: Any) -> str:
        """A shape as text."""
        return _shape_text(shape)

    def assertInputShape(self, inputs: Any, direction: str) -> None:
        """Checks an input array against the shape that the layer was built for.

        Raises:
            InvalidArgumentException: they differ; the message names the layer.
        """
        if self._shapeInspection:
            if self._inputShape is None:
                raise InvalidArgumentException(f"Uninitialized input shape in {self._label()}")
            shape = checked_shape(inputs)[1:]
            if shape != self._inputShape:
                raise InvalidArgumentException(
                    f"unmatch input shape: {_shape_text(shape)}, must be {_shape_text(self._inputShape)} in "
                    f"{self._label()}:{direction}"
                )

    def assertOutputShape(self, outputs: Any, direction: str) -> None:
        """Checks an output array against the layer's output shape.

        Raises:
            InvalidArgumentException: they differ; the message names the layer.
        """
        if self._shapeInspection:
            shape = checked_shape(outputs)[1:]
            if shape != self._outputShape:
                raise InvalidArgumentException(
                    f"unmatch output shape: {_shape_text(shape)}, must be {_shape_text(self._outputShape)} in "
                    f"{self._label()}:{direction}"
                )

    # ---- weights

    def allocateWeights(self, names: Sequence[str], nonTrainables: int | None = None) -> None:
        """Makes variables without values, named ``kernel@dense`` and so on."""
        self._weights = [Variable(self.backend, None, name=f"{n}@{self._name}", undetermined=True) for n in names]
        self._weights += [
            Variable(self.backend, None, name=f"nonTrainable{i}@{self._name}", undetermined=True, trainable=False)
            for i in range(nonTrainables or 0)
        ]

    def assignWeights(self, arrays: Sequence[Any]) -> None:
        """Gives the weight variables their arrays, without copies.

        Raises:
            LogicException: there are more or fewer arrays than weights.
        """
        if len(arrays) != len(self._weights):
            raise LogicException(f"{len(self._weights)} weights expected, {len(arrays)} given in {self._label()}")
        for variable, array in zip(self._weights, arrays):
            if array is not None:
                variable.assign(array, reference=True)

    def weights(self) -> list[Variable]:
        """The weights as variables."""
        return list(self._weights)

    def variables(self) -> list[Variable]:
        """All variables, those that are not trained too."""
        return self.weights()

    def trainableVariables(self) -> list[Variable]:
        """The variables that an optimizer changes."""
        return [v for v in self.weights() if v.isTrainable()]

    def getParams(self) -> list[Any]:
        """The weights as arrays."""
        return [v.value() for v in self._weights if not v.isUndetermined()]

    def getGrads(self) -> list[Any]:
        """The weights' gradients from the last ``backward``; zeros before the first one, which fills these arrays."""
        if not self._grads:
            weights = [v for v in self.trainableVariables() if not v.isUndetermined()]
            self._grads = [self.backend.zerosLike(v.value()) for v in weights]
        return list(self._grads)

    def setGrads(self, grads: Sequence[Any]) -> None:
        """Keeps the weights' gradients for ``getGrads``, in the arrays that it gave before."""
        new = list(grads)
        if [_kind(d) for d in new] == [_kind(d) for d in self._grads]:
            for d, kept in zip(new, self._grads):
                if d is not None:
                    self.backend.copy(d, kept)
        else:
            self._grads = [d if d is None else self.backend.copy(d) for d in new]

    def _trainableGrads(self) -> list[Any]:
        return self.getGrads()[: len(self.trainableVariables())]

    def _collect(self, grads: Any, oidsToCollect: Any) -> None:
        """Adds the weights' gradients to a dict from variable to gradient, for the variables that are asked for."""
        if grads is not None and oidsToCollect:
            for v, g in zip(self.trainableVariables(), self.getGrads()):
                if any(v is wanted for wanted in oidsToCollect):
                    grads[v] = self.backend.add(grads[v], g) if v in grads else self.backend.copy(g)

    def syncWeightVariables(self) -> None:
        """Gives the weight variables the arrays of ``getParams``, for layers that keep their own."""
        params = self.getParams()
        if len(params) != len(self._weights):
            raise LogicException(f"Weights are not allocated: {type(self).__name__}")
        self.assignWeights(params)

    def reverseSyncWeightVariables(self) -> None:
        """Takes over what was assigned to the weight variables; layers that use them directly have nothing to do."""

    # ---- masks

    def computeMask(self, inputs: Any, previousMask: Any) -> Any:
        """The mask of the output; None by default."""
        return None

    def retrieveSingleMask(self, input: Any) -> Any:
        """The mask of an array, or None."""
        return input.mask() if isinstance(input, MaskedNDArray) else None

    def retrieveMultiMasks(self, inputs: Sequence[Any]) -> list[Any]:
        """The masks of arrays, None where there is none."""
        return [self.retrieveSingleMask(x) for x in inputs]

    def makeSingleMaskedValue(self, input: Any, output: Any) -> Any:
        """The output with the mask that follows from the input's."""
        mask = self.computeMask(input, self.retrieveSingleMask(input))
        return output if mask is None else MaskedNDArray(output, mask)

    def makeMultiMaskedValues(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> list[Any]:
        """The outputs with the masks that follow from the inputs'."""
        masks = self.computeMask(inputs, self.retrieveMultiMasks(inputs))
        if masks is None:
            return list(outputs)
        return [x if m is None else MaskedNDArray(x, m) for x, m in zip(outputs, masks)]


class AbstractLayer(AbstractLayerBase, SequentialLayer):
    """A layer of one input and one output.

    Subclasses write ``call(inputs, training)`` and ``differentiate(dOutputs)`` on arrays, keep what the gradient
    needs in ``self.container()`` and leave the weights' gradients in ``getGrads()``; or they override ``forward``
    with differentiable functions.

    PHP: ``Rindow\\NeuralNetworks\\Layer\\AbstractLayer``.
    """

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Computes the outputs from an array."""
        raise NotImplementedError(f"{type(self).__name__}.call")

    def differentiate(self, dOutputs: Any) -> Any:
        """Computes the gradient of the inputs, and those of the weights for ``getGrads``."""
        raise NotImplementedError(f"{type(self).__name__}.differentiate")

    def _prepare(self, inputs: Any) -> Variable:
        """The input as a variable; builds the layer at the first one and checks the shape of all."""
        x = inputs if isinstance(inputs, Variable) else Variable(self.backend, inputs, reference=True)
        if not self._built:
            self.build(x)
            self._built = True
        self.assertInputShape(x, "forward")
        return x

    def forward(self, inputs: Any, training: Any = None) -> Any:
        """Computes the outputs and records the call.

        Args:
            inputs: variable or array of shape (batch, ...).
            training: whether the model is being trained.

        Returns:
            A variable.

        Raises:
            InvalidArgumentException: the shape is not the one that the layer was built for.
        """
        x = self._prepare(inputs)
        return callLayer(self, self.backend, [x], self.trainableVariables(), {"training": _truth(training)})

    def _callOnArrays(self, arrays: list[Any], options: dict[str, Any]) -> Any:
        outputs = call_with(self.call, (arrays[0], options["training"]))
        outputs = self.makeSingleMaskedValue(arrays[0], outputs)
        self.assertOutputShape(outputs, "forward")
        return outputs

    def _differentiateArrays(self, dOutputs: list[Any]) -> list[Any]:
        self.assertOutputShape(dOutputs[0], "backward")
        dInputs = self.differentiate(dOutputs[0])
        self.assertInputShape(dInputs, "backward")
        return [dInputs]

    def backward(self, dOutputs: Sequence[Any], grads: Any = None, oidsToCollect: Any = None) -> list[Any]:
        """The gradient of the inputs of the last ``call``, as a list of one array.

        Args:
            dOutputs: list of one array, the gradient of the outputs.
            grads: dict from variable to gradient that receives the weights' gradients.
            oidsToCollect: the variables whose gradients are wanted.
        """
        if len(dOutputs) != 1 or not isinstance(dOutputs[0], NDArray):
            raise InvalidArgumentException("dOutputs must be list containing one NDArray")
        result = self._differentiateArrays(list(dOutputs))
        self._collect(grads, oidsToCollect)
        return result

    def computeMask(self, inputs: Any, previousMask: Any) -> Any:
        """The input's mask."""
        return previousMask

    def _rawCall(self, inputs: Sequence[Any], options: dict[str, Any]) -> list[Any]:
        """Computes on arrays, without recording."""
        return [self.makeSingleMaskedValue(inputs[0], self.call(inputs[0], **options))]

    def _rawDifferentiate(self, dOutputs: Sequence[Any]) -> list[Any]:
        """The gradient of the inputs of the last ``call``."""
        return [self.differentiate(dOutputs[0])]


def _truth(value: Any) -> Any:
    """A flag from a bool, None, or a variable that holds a bool."""
    return value.value() if isinstance(value, Variable) else value
