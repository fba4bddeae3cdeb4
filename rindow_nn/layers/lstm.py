"""Long short-term memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rindow_nn.activations import Activation
from rindow_nn.layers.rnn import AbstractRNNCell, AbstractRNNLayer

__all__ = ["LSTM", "LSTMCell"]


class LSTMCell(AbstractRNNCell):
    """One step of a LSTM: c' = f c + i m and h' = o activation(c').

    The gates i, f, o and the new values m come from inputs · kernel + h · recurrent kernel + bias, in whose columns
    they stand in the order i, f, m, o.

    Args:
        backend: the backend ``K``.
        units: size of each of the two states, h and c.
        input_shape: shape of one sample of one step; given to ``build`` when left out.
        activation: name of an activation or an Activation, of m and c'; "tanh" by default.
        recurrent_activation: that of the gates; "sigmoid" by default.
        use_bias: whether a bias is added; True by default.
        kernel_initializer: name of an initializer or a function of (shape, [fan in, fan out]).
        recurrent_initializer: the same for the recurrent kernel; "orthogonal" by default.
        bias_initializer: name of an initializer or a function of (shape).
        unit_forget_bias: whether 1 is added to the bias of f at first; as in the original it is not by default.

    Shapes:
        Inputs (batch, k), states (batch, units), kernel (k, 4 units), recurrent kernel (units, 4 units),
        bias (4 units).

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> from rindow_nn.layers import LSTMCell
        >>> K = NeuralNetworks().backend
        >>> cell = LSTMCell(K, 4, input_shape=[3])
        >>> cell.build()
        >>> h, c = cell.forward(K.ones([2, 3]), [K.zeros([2, 4]), K.zeros([2, 4])])
        >>> h.shape(), c.shape()
        ([2, 4], [2, 4])

    PHP: ``Rindow\\NeuralNetworks\\Layer\\LSTMCell``.

    References:
        Hochreiter, Schmidhuber (1997): Long Short-Term Memory.
    """

    def __init__(
        self,
        backend: Any,
        units: int,
        input_shape: Sequence[int] | None = None,
        activation: str | Activation | None = None,
        recurrent_activation: str | Activation | None = None,
        use_bias: bool | None = None,
        kernel_initializer: str | Callable[..., Any] | None = None,
        recurrent_initializer: str | Callable[..., Any] | None = None,
        bias_initializer: str | Callable[..., Any] | None = None,
        unit_forget_bias: bool | None = None,
    ) -> None:
        super().__init__(
            backend,
            units,
            input_shape,
            activation,
            recurrent_activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
        )
        self._unitForgetBias = bool(unit_forget_bias)

    def _shapes(self, features: int) -> list[list[Any]]:
        u = self._units
        return [[[features, 4 * u], [features, u]], [[u, 4 * u], [u, u]], [[4 * u]]]

    def build(self, inputShape: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        fresh = self._weights[0].isUndetermined() and sampleWeights is None
        super().build(inputShape, sampleWeights)
        if fresh and self._unitForgetBias and self._useBias:
            u = self._units
            self.backend.update_add(self.getParams()[2][u : 2 * u], self.backend.ones([u]))

    def call(
        self, inputs: Any, states: Sequence[Any], training: bool | None = None, calcState: Any = None
    ) -> list[Any]:
        K = self.backend
        h, c = states
        kernel, recurrent, *bias = calcState.weights = self.getParams()
        x = K.batch_gemm(inputs, kernel, 1.0, 1.0, bias[0]) if bias else K.gemm(inputs, kernel)
        i, f, m, o = self._columns(K.gemm(h, recurrent, 1.0, 1.0, x), 4)
        gate = self._recurrentActivation
        i = self._activate(gate, calcState, "ac_i", i, training)
        f = self._activate(gate, calcState, "ac_f", f, training)
        m = self._activate(self._activation, calcState, "ac_m", m, training)
        o = self._activate(gate, calcState, "ac_o", o, training)
        next_c = K.add(K.mul(f, c), K.mul(i, m))
        y = self._activate(self._activation, calcState, "ac_c", next_c, training)
        calcState.values = inputs, h, c, i, f, m, o, y
        return [K.mul(o, y), next_c]

    def differentiate(self, dStates: Sequence[Any], calcState: Any) -> tuple[Any, list[Any]]:
        K = self.backend
        inputs, h, c, i, f, m, o, y = calcState.values
        kernel, recurrent, *_ = calcState.weights
        dh, dc = dStates
        gate = self._recurrentActivation
        dc = K.add(dc, self._back(self._activation, calcState, "ac_c", K.mul(o, dh)))
        d = self._side_by_side(
            [
                self._back(gate, calcState, "ac_i", K.mul(dc, m)),
                self._back(gate, calcState, "ac_f", K.mul(dc, c)),
                self._back(self._activation, calcState, "ac_m", K.mul(dc, i)),
                self._back(gate, calcState, "ac_o", K.mul(dh, y)),
            ]
        )
        dKernel, dRecurrent, *dBias = self.getGrads()
        self._add_product(dKernel, inputs, d)
        self._add_product(dRecurrent, h, d)
        if dBias:
            K.update_add(dBias[0], K.sum(d, axis=0))
        return K.gemm(d, kernel, transB=True), [K.gemm(d, recurrent, transB=True), K.mul(dc, f)]

    def getConfig(self) -> dict[str, Any]:
        config = self._config()
        if self._unitForgetBias:
            config["options"]["unit_forget_bias"] = True
        return config


class LSTM(AbstractRNNLayer):
    """Long short-term memory: a recurrent layer with two states, h, which is the output, and c (see ``LSTMCell``).

    Args:
        backend: the backend ``K``.
        units: size of the states and of the outputs' last dimension.
        input_shape: shape of one sample (steps, features); taken from the first inputs when left out.
        activation: name of an activation or an Activation; "tanh" by default.
        recurrent_activation: that of the gates; "sigmoid" by default.
        use_bias: whether a bias is added; True by default.
        kernel_initializer: name of an initializer or a function of (shape, [fan in, fan out]).
        recurrent_initializer: the same for the recurrent kernel; "orthogonal" by default.
        bias_initializer: name of an initializer or a function of (shape).
        return_sequences: whether the outputs of all steps are given, not the last one alone.
        return_state: whether the last states are given too.
        go_backwards: whether the steps run from the last to the first.
        stateful: whether a call begins with the states that the call before ended with.
        name: the layer's name.

    Shapes:
        Inputs (batch, steps, k), outputs (batch, units) or (batch, steps, units), states (batch, units) each.

    Raises:
        InvalidArgumentException: units is not a positive integer, a name is unknown, or a shape does not fit.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> layer = nn.layers.LSTM(4, return_state=True)
        >>> outputs, [h, c] = layer.forward(nn.backend.ones([2, 5, 3]))
        >>> outputs.shape(), h.shape(), c.shape()
        ([2, 4], [2, 4], [2, 4])

    PHP: ``Rindow\\NeuralNetworks\\Layer\\LSTM``.

    References:
        Hochreiter, Schmidhuber (1997): Long Short-Term Memory.
    """

    def __init__(
        self,
        backend: Any,
        units: int,
        input_shape: Sequence[int] | None = None,
        activation: str | Activation | None = None,
        recurrent_activation: str | Activation | None = None,
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
        cell = LSTMCell(
            backend,
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
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
            default="lstm",
            kernel="lstm",
        )
