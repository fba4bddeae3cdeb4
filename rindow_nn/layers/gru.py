"""Gated recurrent units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rindow_nn.activations import Activation
from rindow_nn.layers.rnn import AbstractRNNCell, AbstractRNNLayer

__all__ = ["GRU", "GRUCell"]


class GRUCell(AbstractRNNCell):
    """One step of a GRU: h' = z h + (1 - z) n, with an update gate z, a reset gate r and new values n.

    They stand in the columns of the kernel in the order z, r, n. With ``reset_after``

        z = recurrent_activation(inputs · Wz + h · Uz + b), r alike, n = activation(inputs · Wn + b + r (h · Un + b')),

    else n = activation(inputs · Wn + b + (r h) · Un).

    Args:
        backend: the backend ``K``.
        units: size of the state.
        input_shape: shape of one sample of one step; given to ``build`` when left out.
        activation: name of an activation or an Activation, of n; "tanh" by default.
        recurrent_activation: that of the gates; "sigmoid" by default.
        use_bias: whether biases are added; True by default.
        kernel_initializer: name of an initializer or a function of (shape, [fan in, fan out]).
        recurrent_initializer: the same for the recurrent kernel; "orthogonal" by default.
        bias_initializer: name of an initializer or a function of (shape).
        reset_after: whether r acts on the product with the recurrent kernel, not on h; True by default.

    Shapes:
        Inputs (batch, k), state (batch, units), kernel (k, 3 units); recurrent kernel (units, 3 units) and bias
        (2, 3 units) with ``reset_after``, else (3 units, units), one square below the other, and (3 units).

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> from rindow_nn.layers import GRUCell
        >>> K = NeuralNetworks().backend
        >>> cell = GRUCell(K, 4, input_shape=[3])
        >>> cell.build()
        >>> [h] = cell.forward(K.ones([2, 3]), [K.zeros([2, 4])])
        >>> h.shape()
        [2, 4]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\GRUCell``.

    References:
        Cho et al. (2014): Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine
        Translation.
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
        reset_after: bool | None = None,
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
        self._resetAfter = True if reset_after is None else bool(reset_after)

    def _shapes(self, features: int) -> list[list[Any]]:
        u = self._units
        recurrent, bias = ([u, 3 * u], [2, 3 * u]) if self._resetAfter else ([3 * u, u], [3 * u])
        return [[[features, 3 * u], [features, 3 * u]], [recurrent, recurrent], [bias]]

    def call(
        self, inputs: Any, states: Sequence[Any], training: bool | None = None, calcState: Any = None
    ) -> list[Any]:
        K, u = self.backend, self._units
        h = states[0]
        kernel, recurrent, *bias = calcState.weights = self.getParams()
        if bias:
            x = K.batch_gemm(inputs, kernel, 1.0, 1.0, bias[0][0] if self._resetAfter else bias[0])
        else:
            x = K.gemm(inputs, kernel)
        z, r, n = self._columns(x, 3)
        if self._resetAfter:
            if bias:
                products = K.batch_gemm(h, recurrent, 1.0, 1.0, bias[0][1])
            else:
                products = K.gemm(h, recurrent)
            z_product, r_product, kept = self._columns(products, 3)
            z, r = K.add(z, z_product), K.add(r, r_product)
        else:
            z = K.gemm(h, recurrent[0:u], 1.0, 1.0, z)
            r = K.gemm(h, recurrent[u : 2 * u], 1.0, 1.0, r)
        z = self._activate(self._recurrentActivation, calcState, "ac_z", z, training)
        r = self._activate(self._recurrentActivation, calcState, "ac_r", r, training)
        if self._resetAfter:
            n = K.add(n, K.mul(r, kept))
        else:
            kept = K.mul(r, h)
            n = K.gemm(kept, recurrent[2 * u : 3 * u], 1.0, 1.0, n)
        n = self._activate(self._activation, calcState, "ac_n", n, training)
        calcState.values = inputs, h, z, r, n, kept
        return [K.add(n, K.mul(z, K.sub(h, n)))]

    def differentiate(self, dStates: Sequence[Any], calcState: Any) -> tuple[Any, list[Any]]:
        K, u = self.backend, self._units
        inputs, h, z, r, n, kept = calcState.values
        kernel, recurrent, *_ = calcState.weights
        dKernel, dRecurrent, *dBias = self.getGrads()
        d = dStates[0]
        dh = K.mul(d, z)
        dz = self._back(self._recurrentActivation, calcState, "ac_z", K.mul(d, K.sub(h, n)))
        dn = self._back(self._activation, calcState, "ac_n", K.sub(d, dh))
        if self._resetAfter:
            dr = self._back(self._recurrentActivation, calcState, "ac_r", K.mul(dn, kept))
            dProducts = self._side_by_side([dz, dr, K.mul(dn, r)])
            self._add_product(dRecurrent, h, dProducts)
            dh = K.gemm(dProducts, recurrent, 1.0, 1.0, dh, transB=True)
        else:
            dReset = K.gemm(dn, recurrent[2 * u : 3 * u], transB=True)
            dr = self._back(self._recurrentActivation, calcState, "ac_r", K.mul(dReset, h))
            dh = K.add(dh, K.mul(dReset, r))
            for i, (a, g) in enumerate([(h, dz), (h, dr), (kept, dn)]):
                self._add_product(dRecurrent[i * u : (i + 1) * u], a, g)
            dh = K.gemm(dz, recurrent[0:u], 1.0, 1.0, dh, transB=True)
            dh = K.gemm(dr, recurrent[u : 2 * u], 1.0, 1.0, dh, transB=True)
        dGates = self._side_by_side([dz, dr, dn])
        self._add_product(dKernel, inputs, dGates)
        if dBias:
            K.update_add(dBias[0][0] if self._resetAfter else dBias[0], K.sum(dGates, axis=0))
            if self._resetAfter:
                K.update_add(dBias[0][1], K.sum(dProducts, axis=0))
        return K.gemm(dGates, kernel, transB=True), [dh]

    def getConfig(self) -> dict[str, Any]:
        config = self._config()
        config["options"]["reset_after"] = self._resetAfter
        return config


class GRU(AbstractRNNLayer):
    """Gated recurrent units: a recurrent layer whose output is its state (see ``GRUCell``).

    Args:
        backend: the backend ``K``.
        units: size of the state and of the outputs' last dimension.
        input_shape: shape of one sample (steps, features); taken from the first inputs when left out.
        activation: name of an activation or an Activation; "tanh" by default.
        recurrent_activation: that of the gates; "sigmoid" by default.
        use_bias: whether biases are added; True by default.
        kernel_initializer: name of an initializer or a function of (shape, [fan in, fan out]).
        recurrent_initializer: the same for the recurrent kernel; "orthogonal" by default.
        bias_initializer: name of an initializer or a function of (shape).
        return_sequences: whether the outputs of all steps are given, not the last one alone.
        return_state: whether the last state is given too.
        go_backwards: whether the steps run from the last to the first.
        stateful: whether a call begins with the state that the call before ended with.
        reset_after: whether the reset gate acts on the product with the recurrent kernel, not on the state; True by
            default.
        name: the layer's name.

    Shapes:
        Inputs (batch, steps, k), outputs (batch, units) or (batch, steps, units), state (batch, units).

    Raises:
        InvalidArgumentException: units is not a positive integer, a name is unknown, or a shape does not fit.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> layer = nn.layers.GRU(4, input_shape=[5, 3], return_sequences=True)
        >>> layer.forward(nn.backend.ones([2, 5, 3])).shape()
        [2, 5, 4]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\GRU``.

    References:
        Cho et al. (2014): Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine
        Translation.
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
        reset_after: bool | None = None,
        name: str | None = None,
    ) -> None:
        cell = GRUCell(
            backend,
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            reset_after=reset_after,
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
            default="gru",
            kernel="gru" if cell._resetAfter else "gru_before",
        )

    def getConfig(self) -> dict[str, Any]:
        config = super().getConfig()
        options = config["options"]
        options["reset_after"] = options.pop("reset_after")  # in the order of the original
        return config
