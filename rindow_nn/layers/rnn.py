"""What recurrent layers and their cells have in common."""

from __future__ import annotations

import types
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.ndarray import NDArray
from rindow_nn.activations import Activation
from rindow_nn.backend.rindow_blas.rnn_primitives import RecurrentSettings
from rindow_nn.gradient.core.layerfunction import callLayer
from rindow_nn.gradient.core.tape import Variable, checked_shape
from rindow_nn.layers.base import AbstractLayerBase, Layer, _truth
from rindow_nn.layers.options import shape_option, size_option
from rindow_nn.layers.recurrent_functions import RecurrentForm, recurrent

__all__ = ["AbstractRNNCell", "AbstractRNNLayer", "RNNCell", "RNNLayer"]


class RNNCell(Layer):
    """The interface of cells: what a recurrent layer does in one step.

    PHP: ``Rindow\\NeuralNetworks\\Layer\\RNNCell``.
    """

    @abstractmethod
    def forward(self, inputs: Any, states: Sequence[Any], training: bool | None = None, calcState: Any = None) -> Any:
        """The states after a step; ``calcState`` keeps what ``backward`` needs."""

    @abstractmethod
    def backward(self, dStates: Sequence[Any], calcState: Any) -> Any:
        """The gradients of the inputs and of the states before the step."""

    @abstractmethod
    def reverseSyncCellWeightVariables(self, weights: Sequence[Any]) -> None:
        """Uses these variables as weights."""


class RNNLayer(Layer):
    """The interface of recurrent layers.

    PHP: ``Rindow\\NeuralNetworks\\Layer\\RNNLayer``.
    """

    @abstractmethod
    def forward(
        self, inputs: Any, training: Any = None, initialStates: Sequence[Any] | None = None, mask: Any = None
    ) -> Any:
        """Computes the outputs and records the call."""

    @abstractmethod
    def backward(self, dOutputs: Sequence[Any], grads: Any = None, oidsToCollect: Any = None) -> list[Any]:
        """The gradients of the inputs of the last ``call``."""


class AbstractRNNCell(AbstractLayerBase, RNNCell):
    """A cell with a kernel, a recurrent kernel and perhaps a bias.

    Subclasses write ``call(inputs, states, training, calcState)``, which gives the list of new states, and
    ``differentiate(dStates, calcState)``, which gives (gradient of the inputs, list of gradients of the states) and
    adds the weights' gradients to those of ``getGrads()``.

    Args:
        backend: the backend ``K``.
        units: size of a state.
        input_shape: shape of one sample of one step.
        activation: name of an activation or an Activation.
        recurrent_activation: that of the gates.
        use_bias: whether there is a bias.
        kernel_initializer: name of an initializer or a function of (shape, [fan in, fan out]).
        recurrent_initializer: the same for the recurrent kernel.
        bias_initializer: name of an initializer or a function of (shape).

    PHP: ``Rindow\\NeuralNetworks\\Layer\\AbstractRNNCell``.
    """

    def __init__(
        self,
        backend: Any,
        units: int,
        input_shape: Sequence[int] | None = None,
        activation: str | Activation | None = None,
        recurrent_activation: str | Activation | None = None,
        use_bias: bool | None = None,
        kernel_initializer: str | Callable[..., Any] | None = None,
        recurrent_initializer: str | Callable[..., Any] | None = None,
        bias_initializer: str | Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(backend)
        self._units = size_option(self, "units", units)
        self._inputShape = shape_option(self, input_shape)
        self._useBias = True if use_bias is None else bool(use_bias)
        self.setActivation("tanh" if activation is None else activation)
        gate = "sigmoid" if recurrent_activation is None else recurrent_activation
        self._recurrentActivation = self.createFunction(gate)
        self._recurrentActivationName = self.toStringName(gate)
        names = (
            kernel_initializer or "glorot_uniform",
            recurrent_initializer or "orthogonal",
            bias_initializer or "zeros",
        )
        self._initializers = [backend.getInitializer(name) for name in names]
        self._initializerNames = [self.toStringName(name) for name in names]
        self.allocateWeights(["kernel", "recurrentKernel", "bias"][: 3 if self._useBias else 2])

    def _shapes(self, features: int) -> list[list[Any]]:
        """Of each weight its shape and, but for the bias, what the initializer is told of it."""
        raise NotImplementedError(f"{type(self).__name__}._shapes")

    def build(self, inputShape: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        """Makes the weights.

        Args:
            inputShape: shape of one sample of one step; that of the constructor when left out.
            sampleWeights: arrays to use as weights.
        """
        *lead, features = self.normalizeInputShape(inputShape)
        if self._weights[0].isUndetermined():
            if sampleWeights is not None:
                self.assignWeights(list(sampleWeights)[: len(self._weights)])
            else:
                shapes = self._shapes(features)
                self.assignWeights(
                    [make(*shape) for make, shape in zip(self._initializers, shapes[: len(self._weights)])]
                )
        self._grads = [self.backend.zerosLike(p) for p in self.getParams()]
        self._outputShape = [*lead, self._units]

    def getGrads(self) -> list[Any]:
        """The weights' gradients, which ``backward`` adds to."""
        params = self.getParams()
        if [(p.shape(), p.dtype()) for p in params] != [(g.shape(), g.dtype()) for g in self._grads]:
            self._grads = [self.backend.zerosLike(p) for p in params]
        return list(self._grads)

    def setGrads(self, grads: Sequence[Any]) -> None:
        """Copies gradients into those of ``getGrads``."""
        for to, g in zip(self.getGrads(), grads):
            self.backend.copy(g, to)

    def _resetClone(self) -> None:
        self._container = None

    def reverseSyncCellWeightVariables(self, weights: Sequence[Any]) -> None:
        self._weights = list(weights)

    def call(
        self, inputs: Any, states: Sequence[Any], training: bool | None = None, calcState: Any = None
    ) -> list[Any]:
        """The states after a step."""
        raise NotImplementedError(f"{type(self).__name__}.call")

    def differentiate(self, dStates: Sequence[Any], calcState: Any) -> tuple[Any, list[Any]]:
        """The gradients of the inputs and of the states before the step."""
        raise NotImplementedError(f"{type(self).__name__}.differentiate")

    def forward(
        self, inputs: Any, states: Sequence[Any], training: bool | None = None, calcState: Any = None
    ) -> list[Any]:
        """Computes one step on arrays.

        Args:
            inputs: an array (batch, features).
            states: list of the states before the step (batch, units).
            training: whether the model is being trained.
            calcState: an object that takes what ``backward`` needs as attributes; None keeps nothing.

        Returns:
            The list of the states after the step, the first of which is the output.

        Raises:
            InvalidArgumentException: the shape is not the one that the cell was built for.
        """
        self.assertInputShape(inputs, "forward")
        states = self.call(inputs, states, training, types.SimpleNamespace() if calcState is None else calcState)
        self.assertOutputShape(states[0], "forward")
        return states

    def backward(self, dStates: Sequence[Any], calcState: Any) -> tuple[Any, list[Any]]:
        """The gradients of one step; those of the weights are added to ``getGrads()``.

        Args:
            dStates: list of the gradients of the states after the step.
            calcState: what ``forward`` was given.

        Returns:
            (gradient of the inputs, list of the gradients of the states before the step).
        """
        self.assertOutputShape(dStates[0], "backward")
        dInputs, dStates = self.differentiate(dStates, calcState)
        self.assertInputShape(dInputs, "backward")
        return dInputs, dStates

    # ---- what cells are made of

    def _columns(self, x: Any, count: int) -> list[Any]:
        """An array (batch, count * units) cut into pieces of units columns."""
        return [self.backend.slice(x, [0, i * self._units], [-1, self._units]) for i in range(count)]

    def _side_by_side(self, pieces: Sequence[Any]) -> Any:
        """Pieces of units columns as one array (batch, count * units)."""
        return self.backend.stack(list(pieces), axis=1).reshape([pieces[0].shape()[0], len(pieces) * self._units])

    def _activate(self, activation: Any, calcState: Any, name: str, x: Any, training: bool | None) -> Any:
        if activation is None:
            return x
        kept = types.SimpleNamespace()
        setattr(calcState, name, kept)
        return activation.forward(kept, x, training=training)

    def _back(self, activation: Any, calcState: Any, name: str, d: Any) -> Any:
        return d if activation is None else activation.backward(getattr(calcState, name), d)

    def _add_product(self, at: Any, a: Any, b: Any) -> None:
        """at += aᵀ b"""
        self.backend.gemm(a, b, alpha=1.0, beta=1.0, c=at, transA=True)

    def _config(self, gates: bool = True) -> dict[str, Any]:
        options: dict[str, Any] = {
            "input_shape": self._inputShape,
            "use_bias": self._useBias,
            "activation": self._activationName,
        }
        if gates:
            options["recurrent_activation"] = self._recurrentActivationName
        names = ("kernel_initializer", "recurrent_initializer", "bias_initializer")
        return {"units": self._units, "options": options | dict(zip(names, self._initializerNames))}


class AbstractRNNLayer(AbstractLayerBase, RNNLayer):
    """A cell that runs over the steps of sequences.

    The cells of this package run in kernels, all steps in one call; any other cell, and activations that the kernels do
    not know, step by step through ``cell.forward`` and ``cell.backward``.

    Args:
        backend: the backend ``K``.
        cell: the cell; its weights become the layer's.
        input_shape: shape of one sample (steps, features).
        return_sequences: whether the outputs of all steps are given, not the last one alone.
        return_state: whether the last states are given too.
        go_backwards: whether the steps run from the last to the first.
        stateful: whether a call begins with the states that the call before ended with.
        name: the layer's name.
        default: what names without one begin with.
        kernel: which kernels run the cell: "simple", "lstm", "gru", "gru_before" or None.

    PHP: ``Rindow\\NeuralNetworks\\Layer\\AbstractRNNLayer``.
    """

    def __init__(
        self,
        backend: Any,
        cell: Any,
        input_shape: Sequence[int] | None = None,
        return_sequences: bool | None = None,
        return_state: bool | None = None,
        go_backwards: bool | None = None,
        stateful: bool | None = None,
        name: str | None = None,
        default: str = "rnn",
        kernel: str | None = None,
    ) -> None:
        super().__init__(backend)
        self._cell = cell
        self._units = cell._units
        self._inputShape = shape_option(self, input_shape)
        self._returnSequences = bool(return_sequences)
        self._returnState = bool(return_state)
        self._goBackwards = bool(go_backwards)
        self._stateful = bool(stateful)
        self._states: Any = None
        self._statesShapes: list[list[int]] = [[self._units]] * (2 if kernel == "lstm" else 1)
        self._activationName = cell._activationName
        self.initName(name, default)
        self.allocateWeights(["kernel", "recurrentKernel", "bias"][: len(cell.weights())])
        cell.reverseSyncCellWeightVariables(self._weights)
        self._settings: RecurrentSettings | None = None
        self._forms: dict[Any, RecurrentForm] = {}
        activations = (cell._activation, cell._recurrentActivation)
        known = all(a is None or getattr(a, "epilogue", None) for a in activations)
        own = type(self).call is AbstractRNNLayer.call and type(self).differentiate is AbstractRNNLayer.differentiate
        if kernel is not None and known and own:
            act, gate = (getattr(a, "epilogue", None) for a in activations)
            self._settings = RecurrentSettings(kernel, self._units, act, gate, self._goBackwards)

    def cell(self) -> Any:
        """The cell."""
        return self._cell

    def statesShapes(self) -> list[list[int]]:
        """The shapes of one sample of each state."""
        return [list(s) for s in self._statesShapes]

    def setShapeInspection(self, enable: bool) -> None:
        super().setShapeInspection(enable)
        self._cell.setShapeInspection(enable)

    def build(self, variables: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        """Makes the weights.

        Args:
            variables: an input variable or a list of one and initial states, the shape of one sample, or None for the
                constructor's ``input_shape``.
            sampleWeights: arrays to use as weights.
        """
        if isinstance(variables, (list, tuple)) and variables and isinstance(variables[0], NDArray):
            variables = variables[0]
        shape = self.normalizeInputShape(variables)
        if len(shape) != 2:
            raise InvalidArgumentException(
                f"Unsuppored input shape.:[{','.join(map(str, shape))}]: (steps, features) expected in {self._label()}"
            )
        if shape[0] < 1:
            raise InvalidArgumentException(
                f"a sequence needs one step or more: (0,{shape[1]}) given in {self._label()}"
            )
        self._cell.build([shape[1]], sampleWeights=sampleWeights)
        self._outputShape = [shape[0], self._units] if self._returnSequences else [self._units]

    # ---- weights

    def getGrads(self) -> list[Any]:
        """The weights' gradients from the last ``backward``; zeros before the first one."""
        return self._cell.getGrads()

    def setGrads(self, grads: Sequence[Any]) -> None:
        self._cell.setGrads(grads)

    def _trainableGrads(self) -> list[Any]:
        return [self.backend.copy(g) for g in self.getGrads()]

    def reverseSyncWeightVariables(self) -> None:
        self._cell.reverseSyncCellWeightVariables(self._weights)

    def _resetClone(self) -> None:
        self._container = None
        self._states = None

    def resetStates(self) -> None:
        """Lets the next call of a stateful layer begin with zeros."""
        self._states = None

    # ---- the call

    def assertStatesShape(self, states: Sequence[Any] | None, direction: str) -> None:
        """Checks the number and the shapes of states.

        Raises:
            InvalidArgumentException: they are not those of the cell; the message names the layer.
        """
        if not self._shapeInspection or states is None:
            return
        if len(states) != len(self._statesShapes):
            raise InvalidArgumentException(
                f"Unmatch num of status. status need {len(self._statesShapes)} NDArray. {len(states)}given. in "
                f"{self._label()}:{direction}"
            )
        for i, (state, wanted) in enumerate(zip(states, self._statesShapes)):
            if state is not None and checked_shape(state)[1:] != wanted:
                raise InvalidArgumentException(
                    f"Shape of state{i} must be {self.shapeToString(wanted)}, {self.shapeToString(state.shape()[1:])} "
                    f"given in {self._label()}:{direction}"
                )

    def forward(
        self, inputs: Any, training: Any = None, initialStates: Sequence[Any] | None = None, mask: Any = None
    ) -> Any:
        """Computes the outputs and records the call.

        Args:
            inputs: variable or array (batch, steps, features).
            training: whether the model is being trained.
            initialStates: list of variables or arrays (batch, units), None for zeros; all zeros when left out.
            mask: an array of bools (batch, steps): where it is false the states stay as they are. That of the inputs
                when left out.

        Returns:
            A variable: the output of the last step (batch, units), or of all (batch, steps, units) with
            ``return_sequences``. With ``return_state`` a list of it and the list of the last states.

        Raises:
            InvalidArgumentException: the shapes are not those that the layer was built for.
        """
        x = inputs if isinstance(inputs, Variable) else Variable(self.backend, inputs, reference=True)
        if not self._built:
            self.build(x)
            self._built = True
        self.assertInputShape(x, "forward")
        given = self._given(x, initialStates)
        if mask is not None and not isinstance(mask, NDArray):
            mask = self.backend.array(mask, dtype=NDArray.bool)
        if self._settings is None:
            outs = self._stepwise([x, *given], _truth(training), mask)
        else:
            form = self._form(self._settings, bool(given), mask is not None)
            outs = recurrent(self, self.backend, [x, *given], self._weights, mask, form)
        return [outs[0], outs[1:]] if self._returnState else outs[0]

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.forward(*args, **options)

    def _given(self, x: Variable, states: Sequence[Any] | None) -> list[Any]:
        """The initial states that a call is given, zeros in place of None."""
        if not states:
            return []
        self.assertStatesShape(states, "forward")
        batch = checked_shape(x)[0]
        for i, state in enumerate(states):
            if state is not None and checked_shape(state)[:1] != [batch]:
                raise InvalidArgumentException(
                    f"state{i} has shape {self.shapeToString(state.shape())}, the batch is {batch} in "
                    f"{self._label()}:forward"
                )
        return [
            self.backend.zeros([x.shape()[0], *shape], dtype=x.dtype()) if state is None else state
            for state, shape in zip(states, self._statesShapes)
        ]

    def _form(self, settings: RecurrentSettings, given: bool, masked: bool) -> RecurrentForm:
        form = self._forms.get((given, masked))
        if form is None:
            form = self._forms[given, masked] = RecurrentForm(
                settings,
                len(self._weights) == 3,
                self._returnSequences,
                self._returnState,
                given,
                masked,
                self._stateful,
            )
        return form

    def computeMask(self, inputs: Any, previousMask: Any) -> Any:
        """The input's mask with ``return_sequences``, else None."""
        return previousMask if self._returnSequences else None

    # ---- step by step

    def _stepwise(self, inputs: list[Any], training: Any, mask: Any) -> list[Any]:
        options = {"training": training, "states": len(inputs) - 1}
        if mask is not None:
            inputs = [*inputs, mask]
        outs = callLayer(self, self.backend, inputs, self.trainableVariables(), options)
        return outs if isinstance(outs, list) else [outs]

    def _callOnArrays(self, arrays: list[Any], options: dict[str, Any]) -> list[Any]:
        states = 1 + options["states"]
        mask = arrays[states] if len(arrays) > states else self.retrieveSingleMask(arrays[0])
        outputs = self.call(arrays[:states], options["training"], mask)
        self.assertOutputShape(outputs[0], "forward")
        return [self.makeSingleMaskedValue(arrays[0], outputs[0]), *outputs[1:]]

    def _differentiateArrays(self, dOutputs: list[Any]) -> list[Any]:
        self._checkGradients(dOutputs)
        return self.differentiate(dOutputs)

    def call(self, inputs: Sequence[Any], training: bool | None = None, mask: Any = None) -> list[Any]:
        """Runs the cell over the steps.

        Args:
            inputs: list of an array (batch, steps, features) and perhaps the initial states.
            training: whether the model is being trained.
            mask: an array of bools (batch, steps), or None.

        Returns:
            A list of the outputs and, with ``return_state``, the last states.
        """
        K = self.backend
        x, *states = inputs
        batch, steps, _ = x.shape()
        container = self.container()
        container.given = bool(states)
        if not states and self._stateful and self._states is not None:
            states = list(self._states)
        if not states:
            states = [K.zeros([batch, *shape], dtype=x.dtype()) for shape in self._statesShapes]
        outputs = K.zeros([batch, steps, self._units], dtype=x.dtype()) if self._returnSequences else None
        outputs, states, container.steps = K.rnn(
            self._cell.forward,
            x,
            states,
            training=training,
            outputs=outputs,
            goBackwards=self._goBackwards,
            mask=mask,
        )
        container.shape, container.mask = x.shape(), mask
        if self._stateful:
            self._states = [K.copy(s) for s in states]
        return [outputs, *states] if self._returnState else [outputs]

    def differentiate(self, dOutputs: Sequence[Any]) -> list[Any]:
        """The gradients of the inputs of ``call``; those of the weights are left in the cell.

        Args:
            dOutputs: list of the gradient of the outputs and perhaps those of the last states.
        """
        K = self.backend
        container = self.container()
        d, *dStates = dOutputs
        batch, steps, _ = container.shape
        dtype = next(g for g in dOutputs if g is not None).dtype()
        if d is None:
            d = K.zeros([batch, *([steps] if self._returnSequences else []), self._units], dtype=dtype)
        dStates += [None] * (len(self._statesShapes) - len(dStates))
        dStates = [K.zeros([batch, *s], dtype=dtype) if g is None else g for g, s in zip(dStates, self._statesShapes)]
        for g in self._cell.getGrads():
            K.clear(g)
        dInputs, dStates = K.rnnBackward(
            self._cell.backward,
            d,
            dStates,
            container.steps,
            K.zeros(container.shape, dtype=dtype),
            self._goBackwards,
            container.mask,
        )
        return [dInputs, *dStates] if container.given else [dInputs]

    def _checkGradients(self, dOutputs: Sequence[Any]) -> None:
        if not dOutputs or not all(d is None or isinstance(d, NDArray) for d in dOutputs):
            raise InvalidArgumentException("dOutputs must be list of NDArray")
        if dOutputs[0] is not None:
            self.assertOutputShape(dOutputs[0], "backward")
        if len(dOutputs) > 1:
            self.assertStatesShape(dOutputs[1:], "backward")

    def backward(self, dOutputs: Sequence[Any], grads: Any = None, oidsToCollect: Any = None) -> list[Any]:
        """The gradients of the inputs of the last ``call``.

        Args:
            dOutputs: list of the gradient of the outputs and perhaps those of the last states.
            grads: dict from variable to gradient that receives the weights' gradients.
            oidsToCollect: the variables whose gradients are wanted.

        Returns:
            The gradient of the sequences and, if initial states were given, theirs.
        """
        result = self._differentiateArrays(list(dOutputs))
        self._collect(grads, oidsToCollect)
        return result

    def _collect(self, grads: Any, oidsToCollect: Any) -> None:
        if grads is not None and oidsToCollect:
            for v, g in zip(self.trainableVariables(), self._trainableGrads()):
                if any(v is wanted for wanted in oidsToCollect):
                    grads[v] = self.backend.add(grads[v], g) if v in grads else g

    def _rawCall(self, inputs: Sequence[Any], options: dict[str, Any]) -> list[Any]:
        """Computes on arrays, without recording; the mask comes as ``mask``."""
        mask = options.get("mask")
        if mask is None:
            mask = self.retrieveSingleMask(inputs[0])
        outputs = self.call(inputs, options.get("training"), mask)
        return [self.makeSingleMaskedValue(inputs[0], outputs[0]), *outputs[1:]]

    def getConfig(self) -> dict[str, Any]:
        config = self._cell.getConfig()
        config["options"] |= {
            "input_shape": self._inputShape,
            "return_sequences": self._returnSequences,
            "return_state": self._returnState,
            "go_backwards": self._goBackwards,
            "stateful": self._stateful,
        }
        return config
