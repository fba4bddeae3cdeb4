"""What layers of several inputs and one output have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.ndarray import NDArray
from rindow_nn.gradient.core.layerfunction import callLayer
from rindow_nn.gradient.core.tape import Variable, checked_shape
from rindow_nn.layers.base import AbstractLayerBase, _truth
from rindow_nn.support.calling import call_with

__all__ = ["AbstractMultiInputLayer"]


class AbstractMultiInputLayer(AbstractLayerBase):
    """A layer of several inputs and one output.

    Subclasses write ``call(inputs, training)`` and ``differentiate(dOutputs)`` on lists of arrays, keep what the
    gradient needs in ``self.container()`` and leave the weights' gradients in ``getGrads()``; or they override
    ``forward`` with differentiable functions.

    Args:
        backend: the backend ``K``.

    PHP: ``Rindow\\NeuralNetworks\\Layer\\AbstractMultiInputLayer``.
    """

    def call(self, inputs: Sequence[Any], training: bool | None = None) -> Any:
        """Computes the outputs from a list of arrays."""
        raise NotImplementedError(f"{type(self).__name__}.call")

    def differentiate(self, dOutputs: Any) -> list[Any]:
        """Computes the gradients of the inputs, and those of the weights for ``getGrads``."""
        raise NotImplementedError(f"{type(self).__name__}.differentiate")

    def assertInputShapes(self, inputs: Sequence[Any], direction: str) -> None:
        """Checks the inputs against each other and against what the layer was built for.

        Raises:
            InvalidArgumentException: they differ; the message names the layer.
        """
        where = f"{self._label()}:{direction}"
        if self._inputShape is None:
            raise InvalidArgumentException(f"Uninitialized input shape in {where}")
        if len(inputs) != len(self._inputShape):
            raise InvalidArgumentException(
                f"Unmatch num of input. inputs need {len(self._inputShape)} NDArray. {len(inputs)} given in {where}"
            )
        if not self._shapeInspection:
            return
        batch = None
        for i, (x, wanted) in enumerate(zip(inputs, self._inputShape)):
            size, *shape = checked_shape(x) or [None]
            if batch is None:
                batch = size
            if size != batch:
                raise InvalidArgumentException(
                    f"unmatch batch size of input {i}: [{size}], must be [{batch}] in {where}"
                )
            if shape != wanted:
                raise InvalidArgumentException(
                    f"unmatch shape of input {i}: [{','.join(map(str, shape))}], must be "
                    f"[{','.join(map(str, wanted))}] in {where}"
                )

    def _shapesToBuild(self, variables: Any) -> list[list[int]]:
        """The shapes of one sample of each input."""
        if variables is not None and not isinstance(variables, (list, tuple)):
            raise InvalidArgumentException(
                f"inputs must be list of variable: {type(variables).__name__} given in {self._label()}"
            )
        return self.normalizeInputShapes(variables)

    def _prepare(self, inputs: Any) -> list[Variable]:
        """The inputs as variables; builds the layer at the first ones and checks the shapes of all."""
        if not isinstance(inputs, (list, tuple)):
            raise InvalidArgumentException(
                f"inputs must be list of variable: {type(inputs).__name__} given in {self._label()}"
            )
        if len(inputs) < 2:
            raise InvalidArgumentException(f"Must have arguments greater than 2 or equal in {self._label()}")
        made = [v if isinstance(v, Variable) else Variable(self.backend, v, reference=True) for v in inputs]
        if not self._built:
            self.build(made)
            self._built = True
        self.assertInputShapes(made, "forward")
        return made

    def forward(self, inputs: Sequence[Any], training: Any = None) -> Any:
        """Computes the outputs and records the call.

        Args:
            inputs: list of variables or arrays of shape (batch, ...).
            training: whether the model is being trained.

        Returns:
            A variable.

        Raises:
            InvalidArgumentException: the shapes are not those that the layer was built for.
        """
        made = self._prepare(inputs)
        return callLayer(self, self.backend, made, self.trainableVariables(), {"training": _truth(training)})

    def __call__(self, inputs: Sequence[Any], training: Any = None) -> Any:
        return self.forward(inputs, training)

    def _callOnArrays(self, arrays: list[Any], options: dict[str, Any]) -> Any:
        outputs = call_with(self.call, (arrays, options["training"]))
        outputs = self.makeMultiMaskedValues(arrays, [outputs])[0]
        self.assertOutputShape(outputs, "forward")
        return outputs

    def _differentiateArrays(self, dOutputs: list[Any]) -> list[Any]:
        self.assertOutputShape(dOutputs[0], "backward")
        dInputs = self.differentiate(dOutputs[0])
        self.assertInputShapes(dInputs, "backward")
        return list(dInputs)

    def backward(self, dOutputs: Sequence[Any], grads: Any = None, oidsToCollect: Any = None) -> list[Any]:
        """The gradients of the inputs of the last ``call``, as a list of arrays.

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

    def _rawCall(self, inputs: Sequence[Any], options: dict[str, Any]) -> list[Any]:
        """Computes on arrays, without recording."""
        return self.makeMultiMaskedValues(inputs, [self.call(inputs, **options)])
