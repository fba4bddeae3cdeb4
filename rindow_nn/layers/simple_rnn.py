"""The plain recurrent layer and its cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rindow_nn.activations import Activation
from rindow_nn.layers.rnn import AbstractRNNCell, AbstractRNNLayer

__all__ = ["SimpleRNN", "SimpleRNNCell"]


class SimpleRNNCell(AbstractRNNCell):
    """activation(inputs · kernel + h · recurrent kernel + bias).

    Args:
        backend: the backend ``K``.
        units: size of the state.
        input_shape: shape of one sample of one step; given to ``build`` when left out.
        activation: name of an activation or an Activation; "tanh" by default.
        use_bias: whether a bias is added; True by default.
        kernel_initializer: name of an initializer or a function of (shape, [fan in, fan out]).
        recurrent_initializer: the same for the recurrent kernel; "orthogonal" by default.
        bias_initializer: name of an initializer or a function of (shape).

    Shapes:
        Inputs (batch, k), state (batch, units), kernel (k, units), recurrent kernel (units, units), bias (units).

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> from rindow_nn.layers import SimpleRNNCell
        >>> K = NeuralNetworks().backend
        >>> cell = SimpleRNNCell(K, 4, input_shape=[3])
        >>> cell.build()
        >>> [h] = cell.forward(K.ones([2, 3]), [K.zeros([2, 4])])
        >>> h.shape()
        [2, 4]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\SimpleRNNCell``.
    """

    def __init__(
        self,
        backend: Any,
        units: int,
        input_shape: Sequence[int] | None = None,
        activation: str | Activation | None = None,
        use_bias: bool | None = None,
        kernel_initializer: str | Callable[..., Any] | None = None,
        recurrent_initializer: str | Callable[..., Any] | None = None,
        bias_initializer: str | Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(
            backend,
            units,
            input_shape,
            activation,
            None,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
        )

    def _shapes(self, features: int) -> list[list[Any]]:
        u = self._units
        return [[[features, u], [features, u]], [[u, u], [u, u]], [[u]]]

    def call(
        self, inputs: Any, states: Sequence[Any], training: bool | None = None, calcState: Any = None
    ) -> list[Any]:
        K = self.backend
        calcState.inputs, calcState.h = inputs, states[0]
        kernel, recurrent, *bias = calcState.weights = self.getParams()
        x = K.batch_gemm(inputs, kernel, 1.0, 1.0, bias[0]) if bias else K.gemm(inputs, kernel)
        x = K.gemm(states[0], recurrent, 1.0, 1.0, x)
        return [self._activate(self._activation, calcState, "out", x, training)]

    def differentiate(self, dStates: Sequence[Any], calcState: Any) -> tuple[Any, list[Any]]:
        K = self.backend
        kernel, recurrent, *_ = calcState.weights
        d = self._back(self._activation, calcState, "out", dStates[0])
        dKernel, dRecurrent, *dBias = self.getGrads()
        self._add_product(dKernel, calcState.inputs, d)
        self._add_product(dRecurrent, calcState.h, d)
        if dBias:
            K.update_add(dBias[0], K.sum(d, axis=0))
        return K.gemm(d, kernel, transB=True), [K.gemm(d, recurrent, transB=True)]

    def getConfig(self) -> dict[str, Any]:
        return self._config(gates=False)


class SimpleRNN(AbstractRNNLayer):
    """A recurrent layer whose output is its state: activation(inputs · kernel + h · recurrent kernel + bias).

    Args:
        backend: the backend ``K``.
        units: size of the state and of the outputs' last dimension.
        input_shape: shape of one sample (steps, features); taken from the first inputs when left out.
        activation: name of an activation or an Activation; "tanh" by default.
        use_bias: whether a bias is added; True by default.
        kernel_initializer: name of an initializer or a function of (shape, [fan in, fan out]).
        recurrent_initializer: the same for the recurrent kernel; "orthogonal" by default.
        bias_initializer: name of an initializer or a function of (shape).
        return_sequences: whether the outputs of all steps are given, not the last one alone.
        return_state: whether the last state is given too.
        go_backwards: whether the steps run from the last to the first.
        stateful: whether a call begins with the state that the call before ended with.
        name: the layer's name.

    Shapes:
        Inputs (batch, steps, k), outputs (batch, units) or (batch, steps, units), state (batch, units).

    Raises:
        InvalidArgumentException: units is not a positive integer, a name is unknown, or a shape does not fit.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> layer = nn.layers.SimpleRNN(4, return_sequences=True, return_state=True)
        >>> outputs, [state] = layer.forward(nn.backend.ones([2, 5, 3]))
        >>> outputs.shape(), state.shape()
        ([2, 5, 4], [2, 4])

    PHP: ``Rindow\\NeuralNetworks\\Layer\\SimpleRNN``.
    """

    def __init__(
        self,
        backend: Any,
        units: int,
        input_shape: Sequence[int] | None = None,
        activation: str | Activation | None = None,
        use_bias: bool | None = None,
        kernel_initializer: str | Callable[..., Any] | None = None,
        recurrent_initializer: str | Callable[..., Any] | None = None,
        bias_initializer: str | Callable[..., Any] | None = None,
        return_sequences: bool | None = None,
        return_state: bool | None = None,
        go_backwards: bool | None = None,
        stateful: bool | None = None,
        name: str | None = None,
    ) -> None:
        cell = SimpleRNNCell(
            backend,
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
        )
        super().__init__(
            backend,
            cell,
            input_shape,
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            name,
            default="simplernn",
            kernel="simple",
        )
