"""Multi-head attention."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.gradient.core.tape import Variable
from rindow_nn.layers.abstract_attention import AbstractAttentionLayer
from rindow_nn.layers.attention_functions import AttentionForm, multiHeadAttention
from rindow_nn.layers.base import _truth
from rindow_nn.layers.dropout import Dropout
from rindow_nn.layers.options import integer_option, number_option, shapes_option, size_option
from rindow_nn.support.naming import give_name

__all__ = ["MultiHeadAttention"]


class MultiHeadAttention(AbstractAttentionLayer):
    """Attention of several heads between projections of the inputs, projected back to the width of the queries.

    Args:
        backend: the backend ``K``.
        num_heads: how many heads.
        key_dim: width of a head's queries and keys.
        value_dim: width of a head's values; that of the keys by default.
        dropout: share of the scores that are dropped in training; 0 by default.
        use_bias: whether the projections have biases; True by default.
        input_shapes: shapes of one sample of query, value and perhaps key; taken from the first inputs when left out.
        attention_axes: the dimensions behind the batch over which to attend. Only their number counts: the first ones
            are taken. All but the last by default.
        kernel_initializer: name of an initializer or a function of (shape, [fan in, fan out]).
        bias_initializer: name of an initializer or a function of (shape).
        name: the layer's name.

    Shapes:
        Inputs [query (batch, (tq), (features)), value (batch, (tv), (features)), perhaps key like the value], outputs
        like the query, scores (batch, num_heads, (tq), (tv)), masks (batch, (tq)) and (batch, (tv)).
        Kernels (features, num_heads * key_dim), ..., (num_heads * value_dim, features).

    Raises:
        InvalidArgumentException: a number is out of range, a name is unknown, or shapes do not fit.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> layer = nn.layers.MultiHeadAttention(num_heads=2, key_dim=3)
        >>> query, value = nn.backend.ones([2, 6, 8]), nn.backend.ones([2, 5, 8])
        >>> outputs, scores = layer.forward([query, value], returnAttentionScores=True)
        >>> outputs.shape(), scores.shape()
        ([2, 6, 8], [2, 2, 6, 5])

    PHP: ``Rindow\\NeuralNetworks\\Layer\\MultiHeadAttention``.

    References:
        Vaswani et al. (2017): Attention Is All You Need.
    """

    def __init__(
        self,
        backend: Any,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float | None = None,
        use_bias: bool | None = None,
        input_shapes: Sequence[Sequence[int]] | None = None,
        attention_axes: int | Sequence[int] | None = None,
        kernel_initializer: str | Callable[..., Any] | None = None,
        bias_initializer: str | Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(backend)
        value_dim = key_dim if value_dim is None else value_dim
        dropout = number_option(self, "dropout", dropout, 0.0)
        if not 0 <= dropout <= 1:
            raise InvalidArgumentException(
                f"MultiHeadAttention: dropout must be a share. Expected: 0 to 1. Received: {dropout!r}"
            )
        kernel_initializer = "glorot_uniform" if kernel_initializer is None else kernel_initializer
        bias_initializer = "zeros" if bias_initializer is None else bias_initializer
        self._numHeads = size_option(self, "num_heads", num_heads)
        self._keyDim = size_option(self, "key_dim", key_dim)
        self._valueDim = size_option(self, "value_dim", value_dim)
        self._dropout = dropout
        self._useBias = True if use_bias is None else bool(use_bias)
        self._inputShape = shapes_option(self, input_shapes)
        self._attentionAxes: list[int] | None = None
        if attention_axes is not None:
            axes = attention_axes if isinstance(attention_axes, (list, tuple)) else [attention_axes]
            self._attentionAxes = [integer_option(self, "attention_axes", axis) for axis in axes]
        self._kernelInitializer = backend.getInitializer(kernel_initializer)
        self._biasInitializer = backend.getInitializer(bias_initializer)
        self._kernelInitializerName = self.toStringName(kernel_initializer)
        self._biasInitializerName = self.toStringName(bias_initializer)
        self.initName(name, "multiheadattention")
        kinds = ["kernel", "bias"] if self._useBias else ["kernel"]
        self._weights = [
            Variable(backend, None, name=f"{kind}@{part}.{self._name}", undetermined=True)
            for part in ("query", "key", "value", "output")
            for kind in kinds
        ]

    def build(self, variables: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        shapes = self._shapesToBuild(variables)
        query, value = shapes[0], shapes[1]
        if len(shapes) == 3 and shapes[2] != value:
            raise InvalidArgumentException("value shape and key shape must be same.")
        if len(query) != len(value):
            raise InvalidArgumentException("query, value, key must have same rank.")
        if not self._attentionAxes:
            self._attentionAxes = list(range(1, len(query)))
        axes = len(self._attentionAxes)
        if axes >= len(query):
            raise InvalidArgumentException(
                f"attention_axes must leave features: {axes} axes for inputs of shape "
                f"{self.shapeToString(query)} in {self._label()}"
            )
        if self._weights[0].isUndetermined():
            given = iter(sampleWeights) if sampleWeights is not None else None
            arrays = []
            features, values = math.prod(query[axes:]), math.prod(value[axes:])
            keys, wide = self._numHeads * self._keyDim, self._numHeads * self._valueDim
            for shape in ([features, keys], [values, keys], [values, wide], [wide, features]):
                arrays.append(self._kernelInitializer(shape, shape) if given is None else next(given))
                if self._useBias:
                    arrays.append(self._biasInitializer([shape[1]]) if given is None else next(given))
            self.assignWeights(arrays)
            if self._dropout > 0:
                give_name(Dropout, None, "dropout")  # the original makes a layer here, which takes a number
        self._outputShape = list(query)
        self._scoresShape = [self._numHeads, *query[:axes], *value[:axes]]

    def forward(
        self,
        inputs: Sequence[Any],
        training: Any = None,
        returnAttentionScores: Any = None,
        mask: Sequence[Any] | None = None,
        attention_mask: Any = None,
        useCausalMask: Any = None,
    ) -> Any:
        """Computes the outputs and records the call.

        Args:
            inputs: list of query, value and perhaps key; the values are the keys when left out.
            training: whether the model is being trained; needed where there is dropout.
            returnAttentionScores: whether the scores after softmax are an output too.
            mask: list of the masks of query, value and perhaps key, each an array of bools or None; those of the
                inputs when left out.
            attention_mask: array of bools (batch, (tq), (tv)): which values count for which queries.
            useCausalMask: whether only values count that are not later than the query.

        Returns:
            A variable, or a list of outputs and scores.

        Raises:
            InvalidArgumentException: the shapes are not those that the layer was built for, or a mask does not fit.
        """
        scores = bool(_truth(returnAttentionScores))
        causal = bool(_truth(useCausalMask))
        training = _truth(training)
        if mask and not 2 <= len(mask) <= 3:
            raise InvalidArgumentException(
                "mask must be list of 2 or 3 of masks as queryMask and valueMask and keyMask"
            )
        variables = self._inputs(inputs)
        if self._dropout > 0 and training is None:
            raise InvalidArgumentException("training option must be true or false.")
        dropping = self._dropout > 0 and bool(training)
        masks: list[Any] = []
        which = None
        if mask or attention_mask is not None:
            masks, which = self._masks(variables, mask or [], attention_mask)
        key = (len(variables), scores, causal, dropping, which, bool(mask))
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = AttentionForm(
                len(variables),
                len(self._weights),
                self._useBias,
                scores,
                1.0 / math.sqrt(self._keyDim),
                len(self._attentionAxes or ()),
                which,
                0 if mask else 3,
                heads=self._numHeads,
                factor=1.0 if dropping else 1.0 - self._dropout,
                rate=self._dropout if dropping else 0.0,
                causal=causal,
            )
        outs = multiHeadAttention(self, self.backend, variables, self._weights, masks, form)
        return outs if scores else outs[0]

    def _masks(self, inputs: list[Variable], mask: Sequence[Any], attention_mask: Any) -> tuple[list[Any], Any]:
        """The masks that are given, and which of query, value, key and attention mask they are."""
        axes = len(self._attentionAxes or ())
        query, value = inputs[0].shape()[: 1 + axes], inputs[1].shape()[: 1 + axes]
        shapes = (("query", query), ("value", value), ("key", value), ("attention", query + value[1:]))
        every = [*mask, *[None] * (3 - len(mask)), attention_mask]
        found = [None if m is None else self._mask(m, shape, name) for m, (name, shape) in zip(every, shapes)]
        return [m for m in found if m is not None], tuple(m is not None for m in found)

    def getConfig(self) -> dict[str, Any]:
        return {
            "num_heads": self._numHeads,
            "key_dim": self._keyDim,
            "options": {
                "value_dim": self._valueDim,
                "dropout": self._dropout,
                "use_bias": self._useBias,
                "attention_axes": self._attentionAxes,
                "kernel_initializer": self._kernelInitializerName,
                "bias_initializer": self._biasInitializerName,
            },
        }
