"""Dot-product attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.ndarray import NDArray
from rindow_nn.gradient.core.tape import Variable
from rindow_nn.gradient.func import operators
from rindow_nn.layers.abstract_attention import AbstractAttentionLayer
from rindow_nn.layers.attention_functions import AttentionForm, dotProductAttention
from rindow_nn.layers.base import _truth
from rindow_nn.layers.options import shapes_option

__all__ = ["Attention"]


class Attention(AbstractAttentionLayer):
    """softmax(scale · query · keyᵀ) · value.

    Args:
        backend: the backend ``K``.
        input_shapes: shapes of one sample of query, value and perhaps key; taken from the first inputs when left out.
        use_scale: whether the scores are multiplied by a trained number, 1 at first; False by default.
        do_not_expand_mask: whether masks come in the shapes of scores and outputs (1 where they are alike) rather than
            without their last dimensions; False by default.
        name: the layer's name.

    Shapes:
        Inputs [query (batch, ..., tq, dim), value (batch, ..., tv, dim), perhaps key like the value],
        outputs (batch, ..., tq, dim), scores (batch, ..., tq, tv), masks (batch, ..., tq) and (batch, ..., tv).

    Raises:
        InvalidArgumentException: shapes do not fit each other or what the layer was built for.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> layer = nn.layers.Attention()
        >>> query, value = nn.backend.ones([2, 3, 4]), nn.backend.ones([2, 5, 4])
        >>> outputs, scores = layer.forward([query, value], returnAttentionScores=True)
        >>> outputs.shape(), scores.shape()
        ([2, 3, 4], [2, 3, 5])

    PHP: ``Rindow\\NeuralNetworks\\Layer\\Attention``.

    References:
        Luong, Pham, Manning (2015): Effective Approaches to Attention-based Neural Machine Translation.
    """

    def __init__(
        self,
        backend: Any,
        input_shapes: Sequence[Sequence[int]] | None = None,
        use_scale: bool | None = None,
        do_not_expand_mask: bool | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(backend)
        self._inputShape = shapes_option(self, input_shapes)
        self._useScale = bool(use_scale)
        self._doNotExpandMask = bool(do_not_expand_mask)
        self.initName(name, "attention")
        if self._useScale:
            self.allocateWeights(["scale"])

    def build(self, variables: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        shapes = self._shapesToBuild(variables)
        *lead, tq, dim = shapes[0]
        *value_lead, tv, value_dim = shapes[1]
        if dim != value_dim or lead != value_lead:
            raise InvalidArgumentException(
                "Unmatch query shape and value shape:" + ",".join(str(s).replace(" ", "") for s in shapes[:2])
            )
        if len(shapes) == 3 and shapes[2] != shapes[1]:
            raise InvalidArgumentException("value shape and key shape must be same.")
        if self._useScale and self._weights[0].isUndetermined():
            self.assignWeights(sampleWeights[:1] if sampleWeights else [self.backend.array(1.0)])
        self._outputShape = [*lead, tq, dim]
        self._scoresShape = [*lead, tq, tv]

    def forward(
        self,
        inputs: Sequence[Any],
        training: Any = None,
        returnAttentionScores: Any = None,
        mask: Sequence[Any] | None = None,
    ) -> Any:
        """Computes the outputs and records the call.

        Args:
            inputs: list of query, value and perhaps key; the values are the keys when left out.
            training: whether the model is being trained; no difference here.
            returnAttentionScores: whether the scores after softmax are an output too.
            mask: list of query mask and value mask, each an array of bools or None; those of the inputs when left out.
                Masked values weigh nothing, outputs of masked queries are 0.

        Returns:
            A variable, or a list of outputs and scores.

        Raises:
            InvalidArgumentException: the shapes are not those that the layer was built for, or a mask does not fit.
        """
        scores = bool(_truth(returnAttentionScores))
        if mask:
            if len(mask) != 2:
                raise InvalidArgumentException("mask must be list of the two of masks as queryMask and valueMask")
        elif isinstance(inputs, (list, tuple)) and len(inputs) < 2:
            raise InvalidArgumentException("inputs must be a list of two or more NDArrays.")
        variables = self._inputs(inputs)
        given: list[Any] = [None, None, None, None]
        outer = None
        if mask:
            given, outer = self._masks(variables, mask)
        key = (len(variables), scores, None if not mask else tuple(m is not None for m in given))
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = AttentionForm(
                len(variables),
                len(self._weights),
                False,
                scores,
                1.0,
                1,
                key[2],
                0 if mask else 2,
                replace=True,
                zero_rows=True,
            )
        outs = dotProductAttention(
            self, self.backend, variables, self._weights, [m for m in given if m is not None], form
        )
        if outer is not None:
            outs[0] = operators.mul(self.backend, outs[0], outer)
        return outs if scores else outs[0]

    def _masks(self, inputs: list[Variable], mask: Sequence[Any]) -> tuple[list[Any], Any]:
        """Masks for the kernel (query, value, none, scores), and one that is left for the outputs."""
        query_mask, value_mask = mask
        query, value = inputs[0].shape(), inputs[1].shape()
        given: list[Any] = [None, None, None, None]
        outer = None
        if not self._doNotExpandMask:
            for i, (name, m, shape) in enumerate((("query", query_mask, query), ("value", value_mask, value))):
                if m is not None:
                    if isinstance(m, NDArray) and m.ndim() < 2:
                        raise InvalidArgumentException(f"{name} mask must be 2D array.")
                    given[i] = self._mask(m, shape[:-1], name)
            return given, None
        if value_mask is not None:
            given[3] = self._expanded(value_mask, [*query[:-1], value[-2]])
        if query_mask is not None:
            m = self._expanded(query_mask, [*query[:-1], query_mask.shape()[-1] if query_mask.shape() else 1])
            if m.shape()[-1] == 1:
                given[0] = m.reshape(query[:-1])
            else:
                outer = self.backend.cast(self._expanded(query_mask, query), inputs[0].dtype())
        return given, outer

    def _expanded(self, mask: Any, shape: list[int]) -> Any:
        """A mask repeated along the dimensions in which it has a single element."""
        m = mask.value() if isinstance(mask, Variable) else mask
        before = m.shape()
        if len(before) != len(shape) or any(n not in (1, wanted) for n, wanted in zip(before, shape)):
            raise InvalidArgumentException(
                f"Incompatible shapes for broadcasting: {before} vs. {shape}".replace(", ", ",")
            )
        m = self._mask(m, before, "given")
        for axis, n in enumerate(shape):
            if before[axis] != n:
                m = self.backend.repeat(m, n, axis=axis, keepdims=True)
        return m

    def getConfig(self) -> dict[str, Any]:
        options: dict[str, Any] = {"input_shapes": self._inputShape}
        if self._useScale:
            options["use_scale"] = True
        if self._doNotExpandMask:
            options["do_not_expand_mask"] = True
        return {"options": options}
