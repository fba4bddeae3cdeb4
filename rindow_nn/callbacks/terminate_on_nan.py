"""Ending quietly when the loss is no number."""

from __future__ import annotations

import math
from typing import Any

from rindow_nn.callbacks.base import AbstractCallback

__all__ = ["TerminateOnNaN"]


class TerminateOnNaN(AbstractCallback):
    """Ends ``fit`` at a loss that is NaN or infinite: the history is returned, where ``fit`` alone raises an error.

    The weights are those before the step with that loss.

    Example:
        >>> TerminateOnNaN().stopped_batch is None
        True
    """

    #: the batch of the loss; None: there was none
    stopped_batch: int | None = None

    def onTrainBegin(self, metrics: dict[str, Any] | None = None) -> None:
        self.stopped_batch = None

    def onTrainBatchEnd(self, batch: int, metrics: dict[str, Any] | None = None) -> None:
        loss = (metrics or {}).get("loss")
        if loss is not None and not math.isfinite(loss.result()):
            self.notANumber(batch)

    def notANumber(self, batch: int) -> None:
        """Told by ``fit`` of a loss that is no number."""
        if self.stopped_batch is None:
            self.stopped_batch = batch
            print(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True
