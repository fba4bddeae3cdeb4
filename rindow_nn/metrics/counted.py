"""Metrics that a loss can count while it is computed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rindow_nn.losses.fused import FusedLoss
from rindow_nn.metrics.accuracy import BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy
from rindow_nn.metrics.base import AbstractMetric

__all__ = ["counted_metrics"]

_OF_LOSS: dict[str, type[AbstractMetric]] = {
    "binary": BinaryAccuracy,
    "categorical": CategoricalAccuracy,
    "huber": CategoricalAccuracy,
    "sparse": SparseCategoricalAccuracy,
    "square": CategoricalAccuracy,
}
_OWN = {kind: (kind.forward, kind.update) for kind in _OF_LOSS.values()}


def counted_metrics(loss: Any, metrics: Iterable[Any]) -> tuple[list[Any], float]:
    """Those of the metrics that are the share of what a loss counts, and the threshold of an answer yes."""
    if not isinstance(loss, FusedLoss) or not type(loss).__module__.startswith("rindow_nn.losses."):
        return [], 0.5
    kind = _OF_LOSS[type(loss)._kind]
    found = [m for m in metrics if type(m) is kind and (kind.forward, kind.update) == _OWN[kind]]
    found = [m for m in found if not {"forward", "update"} & vars(m).keys()]
    threshold = getattr(found[0], "_threshold", 0.5) if found else 0.5
    return [m for m in found if getattr(m, "_threshold", 0.5) == threshold], threshold
