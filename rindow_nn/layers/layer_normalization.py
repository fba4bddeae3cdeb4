"""Normalisation of each sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rindow_nn.layers.normalization import AbstractNormalization
from rindow_nn.layers.normalization_functions import NormalizationForm, normalize

__all__ = ["LayerNormalization"]


class LayerNormalization(AbstractNormalization):
    """(inputs - mean) / sqrt(variance + epsilon) * gamma + beta, with the moments over an axis of each sample.

    Args:
        backend: the backend ``K``.
        axis: of the features, counted with the batch; the last by default.
        epsilon: keeps the quotient finite; 0.001 by default.
        center: whether there is a beta; True by default.
        scale: whether there is a gamma; True by default.
        beta_initializer: name of an initializer or a function of (shape); ``zeros`` by default.
        gamma_initializer: name of an initializer or a function of (shape); ``ones`` by default.
        name: the layer's name.

    Shapes:
        Inputs and outputs (batch, ..., features, ...), beta and gamma (features).

    Raises:
        InvalidArgumentException: the axis does not exist or is that of the batch, or a shape does not fit.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> layer = nn.layers.LayerNormalization(epsilon=1e-12)
        >>> layer.forward(nn.backend.array([[1, 3], [30, 10]])).toArray()
        [[-1.0, 1.0], [1.0, -1.0]]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\LayerNormalization``.

    References:
        Ba, Kiros, Hinton (2016): Layer Normalization.
    """

    def __init__(
        self,
        backend: Any,
        axis: int | None = None,
        epsilon: float | None = None,
        center: bool | None = None,
        scale: bool | None = None,
        beta_initializer: str | Callable[..., Any] | None = None,
        gamma_initializer: str | Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(backend, axis, epsilon, center, scale, beta_initializer, gamma_initializer)
        self.initName(name, "layernormalization")
        self._allocate()
        self._form = NormalizationForm(self._axis, self._epsilon, self._center, self._scale)

    def forward(self, inputs: Any, training: Any = None) -> Any:
        return normalize(self, self.backend, self._prepare(inputs), self._weights, self._form)

    def getConfig(self) -> dict[str, Any]:
        return {"options": self._common()}
