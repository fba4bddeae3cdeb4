"""Normalisation over the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.layers.base import _truth
from rindow_nn.layers.normalization import AbstractNormalization
from rindow_nn.layers.normalization_functions import NormalizationForm, normalize
from rindow_nn.layers.options import number_option

__all__ = ["BatchNormalization"]


class BatchNormalization(AbstractNormalization):
    """(inputs - mean) / sqrt(variance + epsilon) * gamma + beta, with the moments of each feature over the batch.

    In training the moments are those of the inputs, and moving averages of them are kept; otherwise these averages
    are used.

    Args:
        backend: the backend ``K``.
        axis: of the features, counted with the batch; the last by default.
        momentum: what the moving averages keep of themselves in each training step; 0.99 by default.
        epsilon: keeps the quotient finite; 0.001 by default.
        center: whether there is a beta; True by default.
        scale: whether there is a gamma; True by default.
        beta_initializer: name of an initializer or a function of (shape); ``zeros`` by default.
        gamma_initializer: name of an initializer or a function of (shape); ``ones`` by default.
        moving_mean_initializer: name of an initializer or a function of (shape); ``zeros`` by default.
        moving_variance_initializer: name of an initializer or a function of (shape); ``ones`` by default.
        name: the layer's name.

    Shapes:
        Inputs and outputs (batch, ..., features, ...), beta, gamma and moving averages (features).

    Raises:
        InvalidArgumentException: the axis does not exist or is that of the batch, a shape does not fit, or a call
            does not say whether it is training.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> layer = nn.layers.BatchNormalization(epsilon=1e-12)
        >>> layer.forward(nn.backend.array([[1, 30], [3, 10]]), True).toArray()
        [[-1.0, 1.0], [1.0, -1.0]]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\BatchNormalization``.

    References:
        Ioffe, Szegedy (2015): Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
        Shift.
    """

    _nonTrainables = 2

    def __init__(
        self,
        backend: Any,
        axis: int | None = None,
        momentum: float | None = None,
        epsilon: float | None = None,
        center: bool | None = None,
        scale: bool | None = None,
        beta_initializer: str | Callable[..., Any] | None = None,
        gamma_initializer: str | Callable[..., Any] | None = None,
        moving_mean_initializer: str | Callable[..., Any] | None = None,
        moving_variance_initializer: str | Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(backend, axis, epsilon, center, scale, beta_initializer, gamma_initializer)
        mean_initializer = "zeros" if moving_mean_initializer is None else moving_mean_initializer
        variance_initializer = "ones" if moving_variance_initializer is None else moving_variance_initializer
        self._momentum = number_option(self, "momentum", momentum, 0.99)
        self._movingMeanInitializer = backend.getInitializer(mean_initializer)
        self._movingVarianceInitializer = backend.getInitializer(variance_initializer)
        self._movingMeanInitializerName = self.toStringName(mean_initializer)
        self._movingVarianceInitializerName = self.toStringName(variance_initializer)
        self.initName(name, "batchnormalization")
        self._allocate()
        self._forms = {
            training: NormalizationForm(
                self._axis, self._epsilon, self._center, self._scale, True, self._momentum, training
            )
            for training in (False, True)
        }

    def _moving(self, shape: list[int]) -> list[Any]:
        return [self._movingMeanInitializer(shape), self._movingVarianceInitializer(shape)]

    def forward(self, inputs: Any, training: Any = None) -> Any:
        x = self._prepare(inputs)
        training = _truth(training)
        if training is None:
            raise InvalidArgumentException(f"training option must be true or false. None given in {self._label()}")
        return normalize(self, self.backend, x, self._weights, self._forms[bool(training)])

    def getConfig(self) -> dict[str, Any]:
        return {
            "options": {
                "axis": self._axis,
                "momentum": self._momentum,
                **self._common(),
                "moving_mean_initializer": self._movingMeanInitializerName,
                "moving_variance_initializer": self._movingVarianceInitializerName,
            }
        }
