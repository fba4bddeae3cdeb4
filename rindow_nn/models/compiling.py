"""Optimizers, losses and metrics from what ``compile`` is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.names import nearest
from rindow_nn.losses.base import Loss
from rindow_nn.optimizers.base import Optimizer

__all__ = ["resolve_loss", "resolve_metrics", "resolve_optimizer"]

_OPTIMIZERS = {"sgd": "SGD", "adam": "Adam", "rmsprop": "RMSprop"}

_LOSSES = {
    "sparse_categorical_crossentropy": "SparseCategoricalCrossEntropy",
    "categorical_crossentropy": "CategoricalCrossEntropy",
    "binary_crossentropy": "BinaryCrossEntropy",
    "mean_squared_error": "MeanSquaredError",
    "mse": "MeanSquaredError",
    "huber": "Huber",
}


def _unknown(what: str, given: Any, known: Sequence[str]) -> InvalidArgumentException:
    name = given if isinstance(given, str) else type(given).__name__
    return InvalidArgumentException(
        f"{what}: {name}. Known names are {', '.join(known)}"
        + (nearest(name.lower(), list(known)) if isinstance(given, str) else "")
    )


def _class_name(names: Mapping[str, str], given: str) -> str | None:
    """The class of a name: one of the names, or the class itself, in any case and with or without underscores."""
    plain = {key.replace("_", ""): value for key, value in names.items()}
    plain |= {value.lower(): value for value in names.values()}
    return plain.get(given.lower().replace("_", ""))


def resolve_optimizer(builder: Any, optimizer: Any) -> Any:
    """An optimizer from its name, or the object itself.

    Raises:
        InvalidArgumentException: the name is unknown, or the object is no optimizer.
    """
    if isinstance(optimizer, str):
        name = _class_name(_OPTIMIZERS, optimizer)
        if name is not None:
            return getattr(builder.optimizers(), name)()
    elif isinstance(optimizer, Optimizer):
        return optimizer
    raise _unknown("invalid optimizer", optimizer, list(_OPTIMIZERS))


def resolve_loss(builder: Any, loss: Any) -> Any:
    """A loss from its name, or the object or function itself.

    Raises:
        InvalidArgumentException: the name is unknown, or the object is neither a loss nor a function.
    """
    if isinstance(loss, str):
        name = _class_name(_LOSSES, loss)
        if name is not None:
            return getattr(builder.losses(), name)()
    elif (isinstance(loss, Loss) or callable(loss)) and not isinstance(loss, type):
        return loss
    raise _unknown("invalid loss function", loss, list(_LOSSES))


def _metric_of(builder: Any, loss: Callable[..., Any], metric: Any) -> tuple[str, Any]:
    """Name and object of a metric."""
    if isinstance(metric, str):
        if metric == "loss":
            return metric, builder.metrics().ScalarMetric(name="loss")
        name = metric
        if metric == "accuracy":
            if not hasattr(loss, "accuracyMetric"):
                raise InvalidArgumentException(
                    "the metric 'accuracy' depends on the loss, and this one does not say which it is; "
                    "name the metric, such as 'sparse_categorical_accuracy'"
                )
            name = loss.accuracyMetric()
        from rindow_nn.metrics import MetricCatalog

        return metric, MetricCatalog.factory(builder.backend(), name)
    if all(callable(getattr(metric, name, None)) for name in ("update", "immediateUpdate", "reset", "result", "name")):
        return metric.name(), metric
    if callable(metric):
        made = builder.metrics().GenericMetric(metric)
        return made.name(), made
    raise InvalidArgumentException(
        f"Invarid metric type:{type(metric).__name__}. Metrics are given by name, as objects or as functions"
    )


def resolve_metrics(builder: Any, loss: Any, metrics: Any) -> dict[str, Any]:
    """Metric objects by name.

    Args:
        builder: the builder.
        loss: the loss, which says what ``accuracy`` is.
        metrics: a list, or a dict from the history's name, of names, objects and functions; None for loss and accuracy.

    Raises:
        InvalidArgumentException: one of them is unknown or no metric.
    """
    if metrics is None:
        metrics = ["loss", "accuracy"] if hasattr(loss, "accuracyMetric") else ["loss"]
    if isinstance(metrics, Mapping):
        return {
            own if isinstance(own, str) else name: metric
            for own, (name, metric) in ((k, _metric_of(builder, loss, m)) for k, m in metrics.items())
        }
    if isinstance(metrics, str) or not isinstance(metrics, (list, tuple)):
        raise InvalidArgumentException(f"metrics must be a list or a dict of metrics. Received: {metrics!r}")
    return dict(_metric_of(builder, loss, metric) for metric in metrics)
