"""What the losses of the library have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_nn.losses.base import AbstractLoss
from rindow_nn.losses.functions import KINDS, fusedLoss

__all__ = ["FusedLoss"]


class FusedLoss(AbstractLoss):
    """A loss that is one differentiable function with kernels of its own."""

    _kind: str

    def _settings(self) -> tuple[int, float, bool]:
        """Which kernel, its number, and whether each row has a loss of its own."""
        kind = KINDS[self._kind]
        if self._fromLogits:
            kind = KINDS.get(self._kind + " from logits", kind)
        return kind, self._number(), self._reduction == "none"

    def _number(self) -> float:
        return self.backend.epsilon()

    def forward(self, trues: Any, predicts: Any) -> Any:
        return fusedLoss(self, self.backend, trues, predicts, *self._settings())

    def call(self, trues: Any, predicts: Any) -> Any:
        kind, number, by_row = self._settings()
        self.container().arrays = trues, predicts
        return self.backend.training.loss(kind, trues, predicts, number, by_row)

    def differentiate(self, dOutputs: Sequence[Any], grads: Any = None, oidsToCollect: Any = None) -> list[Any]:
        kind, number, by_row = self._settings()
        return [self.backend.training.loss_gradient(kind, *self.container().arrays, number, by_row, dOutputs[0])]
