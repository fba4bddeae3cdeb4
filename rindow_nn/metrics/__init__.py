"""Metrics (PHP: ``Metric``)."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rindow_nn.metrics.accuracy import BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy
    from rindow_nn.metrics.base import AbstractMetric, Metric
    from rindow_nn.metrics.catalog import MetricCatalog
    from rindow_nn.metrics.error import MeanNorm2Error, MeanSquaredError
    from rindow_nn.metrics.generic import GenericMetric
    from rindow_nn.metrics.scalar import ScalarMetric

__all__ = [
    "AbstractMetric",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "GenericMetric",
    "MeanNorm2Error",
    "MeanSquaredError",
    "Metric",
    "MetricCatalog",
    "ScalarMetric",
    "SparseCategoricalAccuracy",
]

# class: its module, imported when the class is first asked for
_MODULES = {
    "AbstractMetric": "base",
    "BinaryAccuracy": "accuracy",
    "CategoricalAccuracy": "accuracy",
    "GenericMetric": "generic",
    "MeanNorm2Error": "error",
    "MeanSquaredError": "error",
    "Metric": "base",
    "MetricCatalog": "catalog",
    "ScalarMetric": "scalar",
    "SparseCategoricalAccuracy": "accuracy",
}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
