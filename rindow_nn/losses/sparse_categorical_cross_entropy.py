"""Cross entropy of class numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_nn.losses.base import AbstractLoss
from rindow_nn.losses.functions import sparseCrossEntropyFromLogits

__all__ = ["SparseCategoricalCrossEntropy"]


class SparseCategoricalCrossEntropy(AbstractLoss):
    """Cross entropy between class numbers and predicted classes.

    From logits it is computed by log-sum-exp, so that it neither saturates nor overflows.

    Args:
        backend: the backend ``K``.
        from_logits: the predictions are not yet probabilities; False by default.
        reduction: ``sum`` (the mean over the batch, as in the original) or ``none`` (one number a sample).

    Shapes:
        trues (batch, ...) of an integer type, predicts (batch, ..., classes).

    Raises:
        InvalidArgumentException: trues are not integers, a class number is out of range, or the shapes differ.

    Example:
        >>> from rindow_math.matrix import NDArray
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> K, g = nn.backend, nn.gradient
        >>> loss = nn.losses.SparseCategoricalCrossEntropy(from_logits=True)
        >>> round(float(loss(K.array([1], NDArray.int32), g.Variable([[0, 0]]))), 4)
        0.6931

    PHP: ``Rindow\\NeuralNetworks\\Loss\\SparseCategoricalCrossEntropy``.
    """

    def forward(self, trues: Any, predicts: Any) -> Any:
        if self._fromLogits:
            return sparseCrossEntropyFromLogits(self, self.backend, trues, predicts, self._reduction == "none")
        return super().forward(trues, predicts)

    def call(self, trues: Any, predicts: Any) -> Any:
        container = self.container()
        container.trues, container.predicts = trues, predicts
        return self.backend.sparseCategoricalCrossEntropy(trues, predicts, False, self._reduction)

    def differentiate(self, dOutputs: Sequence[Any], grads: Any = None, oidsToCollect: Any = None) -> list[Any]:
        container = self.container()
        return [
            self.backend.dSparseCategoricalCrossEntropy(
                dOutputs[0], container.trues, container.predicts, False, self._reduction
            )
        ]

    def accuracyMetric(self) -> str:
        """``sparse_categorical_accuracy``."""
        return "sparse_categorical_accuracy"
