"""Kernels of recurrent layers against NumPy in double precision; gradients against complex-step derivatives."""

import ctypes

import numpy as np
import pytest

DTYPES = [(np.float32, 12), (np.float64, 13)]
CELLS = ["simple", "lstm", "gru", "gru_before"]
GATES = {"simple": 1, "lstm": 4, "gru": 3, "gru_before": 3}
NONE, RELU, SIGMOID, TANH = range(4)
# (batch, steps, features, units): single ones; parts of vectors; rows for threads; kernels in place and packed
SHAPES = [(1, 1, 1, 1), (2, 3, 3, 5), (1, 4, 2, 70), (7, 4, 5, 17), (8, 5, 16, 128), (37, 3, 4, 33), (70, 2, 3, 96)]


class Call(ctypes.Structure):
    """``struct rk_rnn_call``."""

    _fields_ = [
        *((name, ctypes.c_int) for name in ("cell", "activation", "gate_activation", "backwards")),
        *((name, ctypes.c_ssize_t) for name in ("batch", "steps", "features", "units")),
        ("mask", ctypes.c_void_p),
    ]


@pytest.fixture
def rnn(kernels):
    return kernels.family("rnn")


def data(cell, shape, dtype, seed=1):
    """x, w, u, bias, h0, c0, and gradients of all outputs and the last states."""
    batch, steps, features, units = shape
    rng = np.random.default_rng(seed)
    columns = GATES[cell] * units
    u = (columns, units) if cell == "gru_before" else (units, columns)
    bias = (2, columns) if cell == "gru" else (columns,)
    shapes = [(batch, steps, features), (features, columns), u, bias, (batch, units), (batch, units),
              (batch, steps, units), (batch, units), (batch, units)]  # fmt: skip
    scale = [1, 1, 1 / np.sqrt(units), 1, 1, 1, 1, 1, 1]
    return [(rng.normal(0, 0.5, s) * k).astype(dtype) for s, k in zip(shapes, scale)]


def act(x, kind):
    if kind == RELU:
        return np.where(x.real > 0, x, 0)
    return {NONE: lambda: x, SIGMOID: lambda: 1 / (1 + np.exp(-x)), TANH: lambda: np.tanh(x)}[kind]()


def twin(cell, x, w, u, bias, h, c, act_kind=TANH, gate_kind=SIGMOID, backwards=False, mask=None):
    """All outputs and the last states, step by step, by the definition."""
    units = h.shape[1]
    steps = x.shape[1]
    y = [None] * steps
    for t in range(steps)[:: -1 if backwards else 1]:
        new_c = c
        if cell == "simple":
            new_h = act(x[:, t] @ w + h @ u + bias, act_kind)
        elif cell == "lstm":
            i, f, m, o = np.split(x[:, t] @ w + h @ u + bias, 4, 1)
            new_c = act(f, gate_kind) * c + act(i, gate_kind) * act(m, act_kind)
            new_h = act(o, gate_kind) * act(new_c, act_kind)
        elif cell == "gru":
            xz, xr, xn = np.split(x[:, t] @ w + bias[0], 3, 1)
            hz, hr, hn = np.split(h @ u + bias[1], 3, 1)
            z = act(xz + hz, gate_kind)
            new_h = z * h + (1 - z) * act(xn + act(xr + hr, gate_kind) * hn, act_kind)
        else:
            xz, xr, xn = np.split(x[:, t] @ w + bias, 3, 1)
            z, r = act(xz + h @ u[:units], gate_kind), act(xr + h @ u[units : 2 * units], gate_kind)
            new_h = z * h + (1 - z) * act(xn + (r * h) @ u[2 * units :], act_kind)
        if mask is not None:
            new_h, new_c = np.where(mask[:, t, None], new_h, h), np.where(mask[:, t, None], new_c, c)
        h, c = new_h, new_c
        y[t] = h
    return np.stack(y, 1), h, c


def run(rnn, cell, code, arrays, act_kind=TANH, gate_kind=SIGMOID, backwards=False, mask=None, last=False):
    """(y, h, c), then the gradients of x, w, u, bias, h0, c0; with `last` from the last output only."""
    x, w, u, bias, h0, c0, dy, dh, dc = arrays
    batch, steps, features = x.shape
    units = h0.shape[1]
    call = Call(CELLS.index(cell), act_kind, gate_kind, backwards, batch, steps, features, units,
                None if mask is None else mask.ctypes.data)  # fmt: skip
    at = ctypes.addressof(call)
    saved = np.full(rnn.rnn_saved(at), np.nan, x.dtype)
    work = np.full(rnn.rnn_work(code, at, 0), np.nan, x.dtype)
    y, h, c = np.full_like(dy, np.nan), np.full_like(dh, np.nan), np.full_like(dh, np.nan)
    lstm = cell == "lstm"
    rnn.rnn_forward(code, at, x, w, u, bias, h0, c0 if lstm else None, None if last else y, h, c if lstm else None,
                    saved, work)  # fmt: skip
    grads = [None if a is None else np.full_like(a, np.nan) for a in (x, w, u, bias, h0, c0 if lstm else None)]
    work = np.full(rnn.rnn_work(code, at, 1), np.nan, x.dtype)
    given = [None, dh, None, None] if last else [dy, None, dh, dc if lstm else None]
    rnn.rnn_gradient(code, at, x, w, u, saved, *given, *grads, work)
    return (y, h, c if lstm else None), grads


def close(found, wanted, size=1.0):
    bound = (2e-5 if found.dtype == np.float32 else 1e-12) * size
    np.testing.assert_allclose(found, wanted, rtol=bound, atol=bound)


def check(rnn, cell, dtype, code, shape, last=False, **options):
    arrays = data(cell, shape, dtype)
    outs, grads = run(rnn, cell, code, arrays, last=last, **options)
    wide = [a.astype(np.float64) for a in arrays]
    wanted = twin(cell, *wide[:6], **options)
    for found, want in zip(outs[1:] if last else outs, wanted[1:] if last else wanted):
        if found is not None:
            close(found, want)
    rng = np.random.default_rng(2)
    for i, grad in enumerate(grads):
        if grad is None:
            continue
        # the derivative along a random direction, exactly
        v = rng.normal(size=grad.shape)
        moved = list(wide[:6])
        moved[i] = moved[i] + 1e-30j * v
        ends = twin(cell, *moved, **options)
        upstream = [0 * wide[6], wide[7], 0 * wide[8]] if last else wide[6:]
        slope = sum((e.imag * d).sum() for e, d in zip(ends, upstream)) / 1e-30
        close(np.array((grad.astype(np.float64) * v).sum(), dtype), slope, 20 * np.sqrt(grad.size))


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cell", CELLS)
def test_cells(rnn, cell, shape, dtype, code):
    check(rnn, cell, dtype, code, shape)


@pytest.mark.parametrize("dtype, code", DTYPES)
@pytest.mark.parametrize("cell", CELLS)
def test_backwards_with_mask(rnn, cell, dtype, code):
    shape = (9, 5, 3, 21)
    mask = np.random.default_rng(3).random(shape[:2]) < 0.6
    mask[0], mask[1] = True, False
    check(rnn, cell, dtype, code, shape, backwards=True, mask=mask)
    check(rnn, cell, dtype, code, shape, mask=mask)


@pytest.mark.parametrize("cell", CELLS)
def test_last_output_alone(rnn, cell):
    check(rnn, cell, np.float64, 13, (3, 4, 3, 19), last=True)


@pytest.mark.parametrize("kinds", [(NONE, NONE), (RELU, SIGMOID), (SIGMOID, TANH), (TANH, RELU)])
@pytest.mark.parametrize("cell", CELLS)
def test_activations(rnn, cell, kinds):
    check(rnn, cell, np.float64, 13, (3, 3, 3, 19), act_kind=kinds[0], gate_kind=kinds[1])


@pytest.mark.parametrize("cell", CELLS)
def test_without_bias_and_states(rnn, cell):
    arrays = data(cell, (3, 4, 2, 6), np.float64)
    full = list(arrays)
    for i in (3, 4, 5):
        full[i] = np.zeros_like(arrays[i])
    at = Call(CELLS.index(cell), TANH, SIGMOID, 0, 3, 4, 2, 6, None)
    call = ctypes.addressof(at)
    saved, work = np.full(rnn.rnn_saved(call), np.nan), np.full(rnn.rnn_work(13, call, 0), np.nan)
    y, h = np.empty((3, 4, 6)), np.empty((3, 6))
    rnn.rnn_forward(13, call, *arrays[:3], None, None, None, y, h, None, saved, work)
    close(y, twin(cell, *full[:6])[0])
    np.testing.assert_array_equal(y[:, -1], h)
    # gradients that are not wanted are left out
    wanted = run(rnn, cell, 13, full)[1]
    du, work = np.full_like(arrays[2], np.nan), np.full(rnn.rnn_work(13, call, 1), np.nan)
    dc = full[8] if cell == "lstm" else None
    rnn.rnn_gradient(13, call, *full[:3], saved, full[6], None, full[7], dc, None, None, du, None, None, None, work)
    np.testing.assert_array_equal(du, wanted[2])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("shape", [(64, 4, 8, 64), (8, 6, 16, 128), (3, 2, 4, 560), (40, 2, 4, 300)])
def test_threads_do_not_change_a_bit(rnn, cell, shape):
    arrays = data(cell, shape, np.float32)
    found = []
    for threads in (1, 2, 3):
        rnn.set_threads(threads)
        outs, grads = run(rnn, cell, 12, arrays)
        found.append([a for a in (*outs, *grads) if a is not None])
    for other in found[1:]:
        for a, b in zip(found[0], other):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("cell", CELLS)
def test_what_is_masked_is_not_looked_at(rnn, cell):
    arrays = data(cell, (2, 4, 3, 5), np.float64)
    mask = np.array([[1, 1, 0, 0], [0, 1, 1, 1]], bool)
    wanted, _ = run(rnn, cell, 13, arrays, mask=mask)
    arrays[0][~mask] = np.nan
    found, grads = run(rnn, cell, 13, arrays, mask=mask)
    np.testing.assert_array_equal(found[0], wanted[0])
    assert np.isfinite(grads[2]).all() and np.isfinite(grads[3]).all()


def test_vanishing_gradients_do_not_become_subnormal(rnn):
    shape = (4, 300, 2, 16)
    arrays = data("simple", shape, np.float32)
    arrays[2] *= np.float32(0.3)
    arrays[6][:] = 0
    _, grads = run(rnn, "simple", 12, arrays)
    tiny = np.abs(grads[0][grads[0] != 0]).min()
    assert tiny >= np.finfo(np.float32).tiny
    assert (grads[0] == 0).any()
    assert np.float32(1e-20) * np.float32(1e-20) > 0  # and the processor's state is as before
