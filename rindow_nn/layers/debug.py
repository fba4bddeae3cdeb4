"""Hooks between two layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rindow_nn.layers.base import AbstractLayer
from rindow_nn.layers.options import shape_option
from rindow_nn.layers.simple_functions import same
from rindow_nn.support.calling import call_with

__all__ = ["Debug"]


class Debug(AbstractLayer):
    """The inputs as they are, shown to functions on their way forward and back.

    Args:
        backend: the backend ``K``.
        input_shape: shape of one sample; taken from the first inputs when left out.
        enable: whether the hooks are called; False by default.
        forward_hook: function of the inputs (an array); what it returns takes their place, unless it is None.
        backward_hook: function of the gradient (an array), likewise.
        name: the layer's name.

    Shapes:
        Inputs and outputs (batch, ...).

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> layer = nn.layers.Debug(enable=True, forward_hook=lambda x: print("passes", x.shape()))
        >>> _ = layer.forward(nn.backend.zeros([2, 3]))
        passes [2, 3]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\Debug``.
    """

    def __init__(
        self,
        backend: Any,
        input_shape: Sequence[int] | None = None,
        enable: bool | None = None,
        forward_hook: Callable[..., Any] | None = None,
        backward_hook: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(backend)
        self._inputShape = shape_option(self, input_shape)
        self._enable = bool(enable)
        self._forwardHook = forward_hook
        self._backwardHook = backward_hook
        self.initName(name, "debug")

    def forward(self, inputs: Any, training: Any = None) -> Any:
        if self._enable and (self._forwardHook or self._backwardHook):
            return super().forward(inputs, training)
        return same(self, self._prepare(inputs))

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return _passed(self._forwardHook, inputs)

    def differentiate(self, dOutputs: Any) -> Any:
        return _passed(self._backwardHook, dOutputs)

    def getConfig(self) -> dict[str, Any]:
        return {"options": {"input_shape": self._inputShape}}


def _passed(hook: Callable[..., Any] | None, value: Any) -> Any:
    """What a hook makes of a value."""
    if hook is None:
        return value
    changed = call_with(hook, (value,))
    return value if changed is None else changed
