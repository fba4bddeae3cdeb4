"""The backend's loops over the steps of a sequence."""

import types

from rindow_math.exceptions import InvalidArgumentException, OutOfRangeException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport item_size
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport NDArrayPhp, cast_to, check_writable, copy_of, empty, raw
from rindow_nn.backend.rindow_blas.primitives cimport Primitives

cdef const core.rk_api* rk = core.table()


class SequenceMethods:
    """The part of ``Backend`` that runs recurrent layers."""

    __slots__ = ()

    def rnnGetTimestep(self, source, step):
        """A copy of one step of a sequence.

        Args:
            source: an array (batch, steps, features).
            step: number of the step.

        Returns:
            An array (batch, features).

        Raises:
            InvalidArgumentException: the array is of another rank.
            OutOfRangeException: there is no such step.
        """
        cdef NDArrayPhp x = raw(source)
        _check_rank(x, 3, "array must be 3D")
        return _step_of(x, _check_step(x, step))

    def rnnGetTimestepMask(self, mask, step):
        """A copy of one step of a mask (batch, steps): an array (batch), or None for no mask."""
        cdef NDArrayPhp x
        if mask is None:
            return None
        x = raw(mask)
        _check_rank(x, 2, "mask must be 2D")
        return _step_of(x, _check_step(x, step))

    def rnnSetTimestep(self, dest, step, values):
        """Writes values (batch, features) into one step of a sequence (batch, steps, features)."""
        cdef NDArrayPhp x = raw(dest)
        cdef NDArrayPhp y = raw(values)
        _check_rank(x, 3, "array must be 3D")
        _put_step(x, _check_step(x, step), y)
        return dest

    def rnn(self, stepFunction, inputs, initialStates, training=None, outputs=None, goBackwards=None, mask=None):
        """Runs a cell over the steps of a sequence.

        Where the mask is false the states stay as they were, so that the padding of a sample changes nothing.

        Args:
            stepFunction: called as stepFunction(x, states, training=training, calcState=calcState) with x (batch,
                features); gives the list of new states, the first of which is the output of the step.
            inputs: an array (batch, steps, features).
            initialStates: list of arrays (batch, ...).
            training: passed on to the cell.
            outputs: an array (batch, steps, units) for the output of every step; None for the last output alone.
            goBackwards: the steps run from the last to the first.
            mask: an array (batch, steps) of bools.

        Returns:
            (outputs, states after the last step, what the cell kept of each step: for ``rnnBackward``).

        Raises:
            InvalidArgumentException: the inputs or the mask are of another rank or shape, or there are no steps.
        """
        cdef Primitives K = self
        cdef NDArrayPhp x = raw(inputs)
        cdef NDArrayPhp kept = _check_sequence(x, mask)
        cdef NDArrayPhp whole = None
        cdef NDArrayPhp on, off
        cdef Py_ssize_t steps = x.dims[1]
        cdef Py_ssize_t t, i
        cdef list calcStates = [None] * steps
        if outputs is not None:
            whole = raw(outputs)
            _check_rank(whole, 3, "outputs must be 3D")
        states = list(initialStates)
        for i in range(steps):
            t = steps - 1 - i if goBackwards else i
            calcState = types.SimpleNamespace()
            calcStates[t] = calcState
            states_t = list(stepFunction(_step_of(x, t), states, training=training, calcState=calcState))
            if kept is not None:
                if len(states_t) != len(states):
                    raise InvalidArgumentException(
                        f"the cell was given {len(states)} states and answered {len(states_t)}"
                    )
                on = _step_of(kept, t)
                off = K.unary(core.RK_NOT, on, None)
                states_t = [
                    _chosen(K, raw(after), raw(before), on, off) for after, before in zip(states_t, states)
                ]
            states = states_t
            if whole is not None:
                _put_step(whole, t, raw(states[0]))
        return states[0] if outputs is None else outputs, states, calcStates

    def rnnBackward(self, stepFunction, dOutputs, dStates, calcStates, dInputs, goBackwards=None, mask=None):
        """The gradients of ``rnn``: runs a cell's gradient over the steps, from the last one it computed.

        Gradients of steps that the mask took out pass on to the step before.

        Args:
            stepFunction: called as stepFunction(dStates, calcState); gives (gradient of x, list of gradients of the
                states before the step).
            dOutputs: gradient of the outputs: (batch, steps, units), or (batch, units) of the last one alone.
            dStates: list of gradients of the last states.
            calcStates: what ``rnn`` gave.
            dInputs: an array (batch, steps, features) for the gradient of the inputs.
            goBackwards: as in ``rnn``.
            mask: as in ``rnn``.

        Returns:
            (dInputs, gradients of the initial states).

        Raises:
            InvalidArgumentException: an array is of another rank or shape.
        """
        cdef Primitives K = self
        cdef NDArrayPhp dy = raw(dOutputs)
        cdef NDArrayPhp dx = raw(dInputs)
        cdef NDArrayPhp kept, on, off
        cdef Py_ssize_t steps
        cdef Py_ssize_t t, i
        if dy.nd != 2 and dy.nd != 3:
            raise InvalidArgumentException(f"invalid dOutputs shape: {dy.shape()}")
        if dx.nd != 3:
            raise InvalidArgumentException(f"invalid dInputs shape: {dx.shape()}")
        kept = _check_sequence(dx, mask)
        steps = dx.dims[1]
        d = list(dStates)
        for i in range(steps):
            t = i if goBackwards else steps - 1 - i
            if dy.nd == 3:
                d[0] = K.binary(core.RK_ADD, raw(d[0]), _step_of(dy, _check_step(dy, t)), None)
            elif i == 0:
                d[0] = K.binary(core.RK_ADD, raw(d[0]), dy, None)
            passed = None
            if kept is not None:
                on = _step_of(kept, t)
                off = K.unary(core.RK_NOT, on, None)
                passed = [_masked(copy_of(raw(g)), off) for g in d]
                d = [_masked(copy_of(raw(g)), on) for g in d]
            dx_t, d = stepFunction(d, calcStates[t])
            d = list(d)
            if passed is not None:
                d = [K.binary(core.RK_ADD, raw(a), raw(b), None) for a, b in zip(d, passed)]
            _put_step(dx, t, raw(dx_t))
        return dInputs, d


cdef int _check_rank(NDArrayPhp x, int rank, str message) except -1:
    if x.nd != rank:
        raise InvalidArgumentException(f"{message}: shape {x.shape()} given")
    return 0


cdef Py_ssize_t _check_step(NDArrayPhp x, Py_ssize_t step) except -1:
    if step < 0 or step >= x.dims[1]:
        raise OutOfRangeException(f"there are {x.dims[1]} steps, from 0: step {step} asked for")
    return step


cdef NDArrayPhp _check_sequence(NDArrayPhp x, object mask):
    """The mask of a sequence as bools, or None."""
    cdef NDArrayPhp kept
    _check_rank(x, 3, "array must be 3D")
    if x.dims[1] < 1:
        raise InvalidArgumentException(f"a sequence needs one step or more: shape {x.shape()} given")
    if mask is None:
        return None
    kept = raw(mask)
    _check_rank(kept, 2, "mask must be 2D")
    if kept.dims[0] != x.dims[0] or kept.dims[1] != x.dims[1]:
        raise InvalidArgumentException(
            f"the mask of shape {kept.shape()} does not fit a sequence of shape {x.shape()}"
        )
    return kept if kept.dt == core.RK_BOOL else cast_to(kept, core.RK_BOOL)


cdef NDArrayPhp _step_of(NDArrayPhp x, Py_ssize_t t):
    """x[:, t] as an array of its own."""
    cdef Py_ssize_t[2] dims
    cdef Py_ssize_t row = x.dims[2] if x.nd == 3 else 1
    cdef int size = item_size(x.dt)
    cdef NDArrayPhp out
    dims[0] = x.dims[0]
    dims[1] = row
    out = empty(x.dt, x.nd - 1, dims)
    with nogil:
        rk.copy2d(size, x.dims[0], row, x.ptr + t * row * size, x.dims[1] * row, out.ptr, row)
    return out


cdef int _put_step(NDArrayPhp x, Py_ssize_t t, NDArrayPhp y) except -1:
    """x[:, t] = y"""
    cdef Py_ssize_t row = x.dims[2]
    cdef int size = item_size(x.dt)
    check_writable(x)
    if y.n != x.dims[0] * row or x.dt != y.dt:
        raise InvalidArgumentException(
            f"a step of shape {y.shape()} ({NAMES[y.dt]}) does not fit a sequence of shape {x.shape()} ({NAMES[x.dt]})"
        )
    with nogil:
        rk.copy2d(size, x.dims[0], row, y.ptr, row, x.ptr + t * row * size, x.dims[1] * row)
    return 0


cdef NDArrayPhp _masked(NDArrayPhp x, NDArrayPhp on):
    """Writes 0 into the rows of x that a mask takes out."""
    if x.nd < 1 or x.dims[0] != on.n:
        raise InvalidArgumentException(f"a state of shape {x.shape()} does not fit a batch of {on.n}")
    if x.n:
        with nogil:
            rk.masking(x.dt, 1, 1, on.n, x.n // on.n, 0.0, 0, on.ptr, x.ptr)
    return x


cdef NDArrayPhp _chosen(Primitives K, NDArrayPhp after, NDArrayPhp before, NDArrayPhp on, NDArrayPhp off):
    """Rows of `after` where the mask is true, rows of `before` elsewhere."""
    cdef NDArrayPhp a = _masked(copy_of(after), on)
    cdef NDArrayPhp b = _masked(copy_of(before), off)
    return K.binary(core.RK_ADD, a, b, a)
