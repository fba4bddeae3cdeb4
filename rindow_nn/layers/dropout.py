"""Random zeros in training."""

from __future__ import annotations

from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.layers.base import AbstractLayer, _truth
from rindow_nn.layers.options import number_option
from rindow_nn.layers.simple_functions import dropped, same, scaled

__all__ = ["Dropout"]


class Dropout(AbstractLayer):
    """Sets elements to 0 at random in training; scales all by the share that stays otherwise.

    What is dropped follows from the seed of ``nn.utils().setSeed``, for any number of threads.

    Args:
        backend: the backend ``K``.
        rate: the share that is dropped; what lies outside 0 to 1 is taken for 0 or 1.
        name: the layer's name.

    Shapes:
        Inputs and outputs (batch, ...).

    Raises:
        InvalidArgumentException: ``forward`` is called without ``training``.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> layer = nn.layers.Dropout(0.25)
        >>> layer.forward(nn.backend.ones([1, 3]), False).toArray()
        [[0.75, 0.75, 0.75]]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\Dropout``.

    References:
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov (2014): Dropout: A Simple Way to Prevent Neural
        Networks from Overfitting.
    """

    def __init__(self, backend: Any, rate: float, name: str | None = None) -> None:
        super().__init__(backend)
        self._rate = min(1.0, max(0.0, number_option(self, "rate", rate)))
        self.initName(name, "dropout")

    def forward(self, inputs: Any, training: Any = None) -> Any:
        training = _truth(training)
        if training is None:
            raise InvalidArgumentException(f"training option must be true or false. None given in {self._label()}")
        x = self._prepare(inputs)
        if self._rate == 0.0:
            return same(self, x)
        keep = 1.0 - self._rate
        return dropped(self, x, keep) if training else scaled(self, x, keep)

    def getConfig(self) -> dict[str, Any]:
        return {"rate": self._rate}
