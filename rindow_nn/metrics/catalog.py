"""Metrics by their names."""

from __future__ import annotations

from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.names import nearest
from rindow_nn.metrics.accuracy import BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy
from rindow_nn.metrics.base import Metric
from rindow_nn.metrics.error import MeanNorm2Error, MeanSquaredError

__all__ = ["MetricCatalog"]

_CATALOG: dict[str, type[Metric]] = {
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "mean_norm2_error": MeanNorm2Error,
    "mse": MeanSquaredError,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
}

# also under the names of their classes, in any case and with or without underscores
_CLASSES = {c.__name__.lower(): c for c in _CATALOG.values()}


class MetricCatalog:
    """Makes metrics from their names.

    PHP: ``Rindow\\NeuralNetworks\\Metric\\MetricCatalog``.
    """

    @staticmethod
    def factory(backend: Any, metricName: str) -> Any:
        """A metric.

        Args:
            backend: the backend ``K``.
            metricName: a name such as ``mse``, or a class of metrics or its name.

        Raises:
            InvalidArgumentException: the name is unknown; the known ones are listed.

        Example:
            >>> from rindow_nn.builder import NeuralNetworks
            >>> MetricCatalog.factory(NeuralNetworks().backend, "mse").name()
            'mse'
        """
        if isinstance(metricName, type) and issubclass(metricName, Metric):
            return metricName(backend)
        if not isinstance(metricName, str):
            raise InvalidArgumentException(f"a metric's name must be a string. Received: {metricName!r}")
        found = _CATALOG.get(metricName) or _CLASSES.get(metricName.lower().replace("_", ""))
        if found is None:
            raise InvalidArgumentException(
                f"unknown metric: {metricName}. Known names are loss, accuracy, {', '.join(_CATALOG)}"
                + nearest(metricName.lower(), _CATALOG)
            )
        return found(backend)  # type: ignore[call-arg]
