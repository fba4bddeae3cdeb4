"""What layers need of a backend for recurrent layers, as C methods."""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.kernels.rnn cimport (
    RK_RNN_GRU, RK_RNN_GRU_BEFORE, RK_RNN_LSTM, RK_RNN_SIMPLE, rk_rnn_api, rk_rnn_call, rnn_table,
)
from rindow_math.matrix.ndarray cimport NDArrayPhp, empty, shape_text

cdef const rk_rnn_api* rk_rnn = rnn_table()

cdef dict CELLS = {
    "simple": RK_RNN_SIMPLE, "lstm": RK_RNN_LSTM, "gru": RK_RNN_GRU, "gru_before": RK_RNN_GRU_BEFORE,
}
cdef dict EPILOGUES = {
    None: core.RK_EPI_NONE, "relu": core.RK_EPI_RELU, "sigmoid": core.RK_EPI_SIGMOID, "tanh": core.RK_EPI_TANH,
}
cdef int* GATES = [1, 4, 3, 3]


cdef class RecurrentSettings:
    """What a recurrent layer's calls have in common.

    Args:
        cell: "simple", "lstm", "gru" or "gru_before" (of a gru that resets before the product).
        units: size of a state.
        activation: name of an activation that kernels know, or None.
        gate_activation: that of the gates.
        backwards: whether the steps run from the last to the first.
    """

    def __init__(self, cell, units, activation, gate_activation=None, backwards=False):
        self.cell = CELLS[cell]
        self.units = units
        self.activation = EPILOGUES[activation]
        self.gate_activation = EPILOGUES[gate_activation]
        self.backwards = backwards
        self.states = 2 if self.cell == RK_RNN_LSTM else 1
        self.bias_rows = 2 if self.cell == RK_RNN_GRU else 1


cdef object _unfit(str what, NDArrayPhp x):
    return InvalidArgumentException(f"recurrent layer: {what} of shape {shape_text(x)} ({NAMES[x.dt]}) does not fit")


cdef int _check(str what, NDArrayPhp x, int dtype, Py_ssize_t n) except -1:
    if x is not None and (x.dt != dtype or x.n != n):
        raise _unfit(what, x)
    return 0


cdef int _places(tuple arrays, char** p) except -1:
    """The memory of arrays, NULL for None."""
    cdef NDArrayPhp x
    cdef int i
    for i in range(len(arrays)):
        x = <NDArrayPhp>arrays[i]
        p[i] = NULL if x is None else x.ptr
    return 0


cdef int _prepare(rk_rnn_call* c, RecurrentSettings s, NDArrayPhp x, NDArrayPhp mask) except -1:
    """Fills in a call."""
    if x.nd != 3 or not (x.dt == core.RK_FLOAT32 or x.dt == core.RK_FLOAT64) or x.dims[1] < 1:
        raise _unfit("an input", x)
    c.cell = s.cell
    c.activation = s.activation
    c.gate_activation = s.gate_activation
    c.backwards = s.backwards
    c.batch = x.dims[0]
    c.steps = x.dims[1]
    c.features = x.dims[2]
    c.units = s.units
    c.mask = NULL
    if mask is not None:
        _check("a mask", mask, core.RK_BOOL, c.batch * c.steps)
        c.mask = <const unsigned char*>mask.ptr
    return 0


cdef int _check_weights(const rk_rnn_call* c, RecurrentSettings s, int dtype, NDArrayPhp kernel, NDArrayPhp recurrent,
                        NDArrayPhp bias) except -1:
    cdef Py_ssize_t columns = GATES[s.cell] * s.units
    _check("a kernel", kernel, dtype, c.features * columns)
    _check("a recurrent kernel", recurrent, dtype, s.units * columns)
    _check("a bias", bias, dtype, s.bias_rows * columns)
    return 0


cdef class RNNPrimitives:
    """The part of a backend that recurrent layers runs on."""

    cdef NDArrayPhp saved_for(self, RecurrentSettings s, NDArrayPhp x):
        """Memory for what the gradient needs."""
        cdef rk_rnn_call c
        cdef Py_ssize_t n
        _prepare(&c, s, x, None)
        n = rk_rnn.rnn_saved(&c)
        return empty(x.dt, 1, &n)

    cdef int recur(self, RecurrentSettings s, NDArrayPhp x, tuple states, NDArrayPhp kernel, NDArrayPhp recurrent,
                   NDArrayPhp bias, NDArrayPhp mask, NDArrayPhp y, NDArrayPhp h, NDArrayPhp c,
                   NDArrayPhp saved) except -1:
        """Runs a cell over the steps of sequences.

        Args:
            s: which cell.
            x: inputs (batch, steps, features).
            states: the initial states (batch, units); None: zeros.
            kernel: (features, gates * units).
            recurrent: the recurrent kernel.
            bias: (rows of bias, gates * units) or None.
            mask: bools (batch, steps); None: all steps count.
            y: receives the outputs of all steps (batch, steps, units); None: not wanted.
            h: receives the last output (batch, units).
            c: receives the last state of the cell; None: not wanted.
            saved: receives what the gradient needs.
        """
        cdef rk_rnn_call call
        cdef char* p[5]
        cdef NDArrayPhp h0 = None if states is None else <NDArrayPhp>states[0]
        cdef NDArrayPhp c0 = <NDArrayPhp>states[1] if states is not None and s.states == 2 else None
        cdef NDArrayPhp work
        cdef Py_ssize_t n
        _prepare(&call, s, x, mask)
        _check_weights(&call, s, x.dt, kernel, recurrent, bias)
        n = call.batch * call.units
        _check("a state", h0, x.dt, n)
        _check("a state", c0, x.dt, n)
        _check("an output", h, x.dt, n)
        _check("an output", c, x.dt, n)
        _check("an output", y, x.dt, n * call.steps)
        _check("what is kept", saved, x.dt, rk_rnn.rnn_saved(&call))
        n = rk_rnn.rnn_work(x.dt, &call, False)
        work = empty(x.dt, 1, &n)
        _places((bias, h0, c0, y, c), p)
        with nogil:
            rk_rnn.rnn_forward(x.dt, &call, x.ptr, kernel.ptr, recurrent.ptr, p[0], p[1], p[2], p[3], h.ptr, p[4],
                               saved.ptr, work.ptr)
        return 0

    cdef int recur_gradient(self, RecurrentSettings s, NDArrayPhp x, NDArrayPhp kernel, NDArrayPhp recurrent,
                            NDArrayPhp mask, NDArrayPhp saved, NDArrayPhp dy, NDArrayPhp dh, NDArrayPhp dc,
                            NDArrayPhp dx, NDArrayPhp dkernel, NDArrayPhp drecurrent, NDArrayPhp dbias,
                            NDArrayPhp dh0, NDArrayPhp dc0) except -1:
        """Gradients of ``recur`` into the arrays that are given, from those of outputs (all or the last) and states.

        Gradients that come in may be None, too.
        """
        cdef rk_rnn_call call
        cdef char* p[8]
        cdef NDArrayPhp work
        cdef Py_ssize_t n
        cdef char* all = NULL
        cdef char* last = NULL
        _prepare(&call, s, x, mask)
        _check_weights(&call, s, x.dt, kernel, recurrent, dbias)
        _check_weights(&call, s, x.dt, dkernel, drecurrent, None)
        n = call.batch * call.units
        for state in (dh, dc, dh0, dc0):
            _check("a state's gradient", state, x.dt, n)
        _check("an input's gradient", dx, x.dt, x.n)
        _check("what is kept", saved, x.dt, rk_rnn.rnn_saved(&call))
        if dy is not None and dy.nd == 3:
            _check("an output's gradient", dy, x.dt, n * call.steps)
            all = dy.ptr
        elif dy is not None:
            _check("an output's gradient", dy, x.dt, n)
            last = dy.ptr
        n = rk_rnn.rnn_work(x.dt, &call, True)
        work = empty(x.dt, 1, &n)
        _places((dh, dc, dx, dkernel, drecurrent, dbias, dh0, dc0), p)
        with nogil:
            rk_rnn.rnn_gradient(x.dt, &call, x.ptr, kernel.ptr, recurrent.ptr, saved.ptr, all, last, p[0], p[1], p[2],
                                p[3], p[4], p[5], p[6], p[7], work.ptr)
        return 0
