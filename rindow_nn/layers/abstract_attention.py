"""What attention layers have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.ndarray import NDArray
from rindow_nn.gradient.core.tape import Variable, checked_shape
from rindow_nn.layers.attention_functions import AttentionForm
from rindow_nn.layers.base import AbstractLayerBase

__all__ = ["AbstractAttentionLayer"]


def _list_text(shape: Any) -> str:
    return "[" + ",".join(map(str, shape)) + "]"


class AbstractAttentionLayer(AbstractLayerBase):
    """A layer of queries, values and perhaps keys, whose outputs are sums of values and perhaps their weights.

    Args:
        backend: the backend ``K``.

    PHP: ``Rindow\\NeuralNetworks\\Layer\\AbstractAttentionLayer``.
    """

    def __init__(self, backend: Any) -> None:
        super().__init__(backend)
        self._scoresShape: list[int] | None = None
        self._forms: dict[Any, AttentionForm] = {}

    # ---- for subclasses in Python

    def call(
        self,
        inputs: Sequence[Any],
        training: bool | None = None,
        returnAttentionScores: bool | None = None,
        mask: Sequence[Any] | None = None,
    ) -> Any:
        """Computes the outputs from arrays."""
        outputs = self.forward(inputs, training, returnAttentionScores, mask)
        return [v.value() for v in outputs] if isinstance(outputs, list) else outputs.value()

    def differentiate(self, dOutputs: Any) -> list[Any]:
        """Computes the gradients of the inputs, for layers written in Python."""
        raise NotImplementedError(f"{type(self).__name__}.differentiate")

    def forward(self, inputs: Sequence[Any], *args: Any, **options: Any) -> Any:
        """Computes the outputs and records the call."""
        raise NotImplementedError(f"{type(self).__name__}.forward")

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.forward(*args, **options)

    # ---- shapes

    def _shapesToBuild(self, variables: Sequence[Any] | None) -> list[list[int]]:
        """The shapes of two or three inputs of two dimensions or more."""
        shapes = self.normalizeInputShapes(variables)
        if len(shapes) not in (2, 3):
            raise InvalidArgumentException(f"num of inputs must be 2 or 3: inputs is {len(shapes)}")
        for i, shape in enumerate(shapes):
            if len(shape) < 2:
                raise InvalidArgumentException(
                    f"input_shapes must be the list of shape: {_list_text(shape)} included in #{i}."
                )
        return shapes

    def assertInputShapes(self, inputs: Sequence[Any], direction: str) -> None:
        """Checks the inputs against each other and against what the layer was built for.

        Raises:
            InvalidArgumentException: they differ; the message names the layer.
        """
        if not self._shapeInspection:
            return
        where = f"{self._label()}:{direction}"
        if self._inputShape is None:
            raise InvalidArgumentException(f"Uninitialized input shape in {where}")
        if len(inputs) not in (2, 3):
            raise InvalidArgumentException(f"Must have 2 or 3 arguments in {where}")
        query, value = checked_shape(inputs[0]), checked_shape(inputs[1])
        if query[0] != value[0]:
            raise InvalidArgumentException(
                f"Unmatch batch size of query and value: query={_list_text(query)},value={_list_text(value)}in {where}"
            )
        for name, shape, wanted in (("query", query, self._inputShape[0]), ("value", value, self._inputShape[1])):
            if shape[1:] != wanted:
                raise InvalidArgumentException(
                    f"Unmatch {name} shape  {_list_text(['b', *wanted])} NDArray. {_list_text(shape)} given in {where}"
                )
        if len(inputs) == 3:
            key = checked_shape(inputs[2])
            if key[0] != value[0]:
                raise InvalidArgumentException(
                    f"Unmatch batch size of value and key: value={_list_text(value)},key={_list_text(key)}in {where}"
                )
            if key[1:] != value[1:]:
                raise InvalidArgumentException(
                    f"Unmatch value shape and key shape.: {_list_text(value[1:])},{_list_text(key[1:])} in {where}"
                )

    def assertScoresShape(self, scores: Any, direction: str) -> None:
        """Checks the shape of scores.

        Raises:
            InvalidArgumentException: it is not that of the layer.
        """
        if not self._shapeInspection:
            return
        if self._scoresShape is None:
            raise InvalidArgumentException("Uninitialized scores shape")
        shape = scores.shape()[1:]
        if shape != self._scoresShape:
            raise InvalidArgumentException(
                f"unmatch scores shape: {self.shapeToString(shape)}, must be {self.shapeToString(self._scoresShape)} "
                f"in {self._label()}:{direction}"
            )

    # ---- the call

    def _inputs(self, inputs: Any) -> list[Any]:
        """The inputs as variables; builds the layer at the first ones and checks the shapes of all."""
        if not isinstance(inputs, (list, tuple)):
            raise InvalidArgumentException(
                f"inputs must be a list of query, value and perhaps key: {type(inputs).__name__} given in "
                f"{self._label()}"
            )
        made = [v if isinstance(v, Variable) else Variable(self.backend, v, reference=True) for v in inputs]
        if not self._built:
            self.build(made)
            self._built = True
        self.assertInputShapes(made, "forward")
        return made

    def _mask(self, mask: Any, shape: list[int], what: str) -> Any:
        """A mask of a certain shape as a variable.

        Raises:
            InvalidArgumentException: it is no array of bools, or has another shape.
        """
        v = mask if isinstance(mask, NDArray) else self.backend.array(mask, dtype=NDArray.bool)
        if v.dtype() != NDArray.bool:
            raise InvalidArgumentException(f"dtype of mask must be bool.: {NAMES[v.dtype()]}")
        if v.shape() != shape:
            raise InvalidArgumentException(
                f"the {what} mask has shape {_list_text(v.shape())}, must be {_list_text(shape)} in "
                f"{self._label()}:forward"
            )
        return v

    def backward(self, dOutputs: Sequence[Any], grads: Any = None, oidsToCollect: Any = None) -> list[Any]:
        """The gradients of the inputs of the last ``call``, for layers that write ``differentiate``.

        Args:
            dOutputs: list of one array, the gradient of the outputs.
            grads: dict from variable to gradient that receives the weights' gradients.
            oidsToCollect: the variables whose gradients are wanted.
        """
        if len(dOutputs) not in (1, 2) or not isinstance(dOutputs[0], NDArray):
            raise InvalidArgumentException("dOutputs must be list containing one NDArray")
        self.assertOutputShape(dOutputs[0], "backward")
        dInputs = self.differentiate(dOutputs[0])
        self.assertInputShapes(dInputs, "backward")
        self._collect(grads, oidsToCollect)
        return dInputs

    def computeMask(self, inputs: Any, previousMask: Any) -> Any:
        """The query's mask."""
        return previousMask

    def _rawCall(self, inputs: Sequence[Any], options: dict[str, Any]) -> list[Any]:
        """Computes on arrays, without recording; masks come as ``queryMask``, ``valueMask``, ``keyMask``."""
        options = dict(options)
        masks = [options.pop(name, None) for name in ("queryMask", "valueMask", "keyMask")]
        if any(m is not None for m in masks):
            options["mask"] = masks if masks[2] is not None else masks[:2]
        outputs = self.call(inputs, **options)
        return outputs if isinstance(outputs, list) else [outputs]
