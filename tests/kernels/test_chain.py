"""Chains of elementwise functions against the functions one after the other, bit by bit."""

import ctypes

import numpy as np
import pytest

UNARY, PARAM, BINARY = 1, 2, 3
CODE = {np.dtype("float32"): 12, np.dtype("float64"): 13}


class Op(ctypes.Structure):
    """``struct rk_chain_op``."""

    _fields_ = [
        *((name, ctypes.c_int) for name in ("kind", "op", "a", "b", "out", "a_one", "b_one", "p_in", "q_in")),
        ("p", ctypes.c_double),
        ("q", ctypes.c_double),
    ]


class Chain(ctypes.Structure):
    """``struct rk_chain``."""

    _fields_ = [
        ("ops", ctypes.POINTER(Op)),
        *((name, ctypes.c_int) for name in ("count", "registers", "dtype")),
        ("n", ctypes.c_ssize_t),
        ("arrays", ctypes.POINTER(ctypes.c_void_p)),
        ("whole", ctypes.POINTER(ctypes.c_int)),
        ("wholes", ctypes.c_int),
    ]


def run(rk, ops, registers, arrays, n):
    """Runs the chain; the arrays that are results are written."""
    whole = [i for i, x in enumerate(arrays) if x.size == n]
    rk.chain(
        ctypes.byref(
            Chain(
                (Op * len(ops))(*ops),
                len(ops),
                registers,
                CODE[arrays[0].dtype],
                n,
                (ctypes.c_void_p * len(arrays))(*(x.ctypes.data for x in arrays)),
                (ctypes.c_int * len(whole))(*whole),
                len(whole),
            )
        )
    )


def one_by_one(rk, ops, arrays, n):
    """The same with a kernel call for each function, on whole arrays."""
    dtype = arrays[0].dtype
    registers = {}
    for op in ops:
        a = registers[op.a] if op.a >= 0 else arrays[~op.a]
        out = np.empty(n, dtype) if op.out >= 0 else arrays[~op.out]
        if op.kind == UNARY:
            rk.unary(op.op, CODE[dtype], a, out, n)
        elif op.kind == PARAM:
            p = op.p if op.p_in < 0 else float(arrays[op.p_in][0])
            q = op.q if op.q_in < 0 else float(arrays[op.q_in][0])
            rk.param(op.op, CODE[dtype], a, p, q, out, n)
        else:
            b = registers[op.b] if op.b >= 0 else arrays[~op.b]
            steps = [np.array([int(not one)], np.intp) for one in (op.a_one, op.b_one)]
            rk.binary(op.op, CODE[dtype], 1, np.array([n], np.intp), a, steps[0], b, steps[1], out, 0)
        if op.out >= 0:
            registers[op.out] = out


def chain(rk):
    """x, y, one element, one element -> two results; registers are used again."""
    return [
        Op(BINARY, rk.RK_MUL, ~0, ~1, 0, 0, 0, -1, -1),
        Op(PARAM, rk.RK_AXPB, 0, 0, 1, 0, 0, 2, 3),
        Op(UNARY, rk.RK_EXP, 1, 0, ~4, 0, 0, -1, -1),
        Op(BINARY, rk.RK_DIV, ~2, 0, 0, 1, 0, -1, -1),
        Op(BINARY, rk.RK_SUB, 0, ~3, 0, 0, 1, -1, -1),
        Op(PARAM, rk.RK_CLIP, 0, 0, 0, 0, 0, -1, -1, -2.5, 1.5),
        Op(BINARY, rk.RK_POW, ~4, ~2, 2, 0, 1, -1, -1),
        Op(UNARY, rk.RK_TANH, 2, 0, 2, 0, 0, -1, -1),
        Op(BINARY, rk.RK_ADD, 2, ~4, ~5, 0, 0, -1, -1),
    ]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [1, 17, 511, 512, 513, 4099, 300_001])
def test_like_one_by_one(rk, n, dtype):
    random = np.random.default_rng(n)
    given = [random.normal(size=n).astype(dtype), random.normal(size=n).astype(dtype)]
    given[0][:: max(1, n // 5)] = [np.inf, np.nan, 0.0, -0.0, 1e-310][n % 5]
    given += [np.array([0.75], dtype), np.array([-0.5], dtype)]
    found = []
    for how in (run, one_by_one):
        for threads in (1, 2, 3) if how is run else (1,):
            rk.set_threads(threads)
            results = [np.empty(n, dtype), np.empty(n, dtype)]
            with np.errstate(all="ignore"):
                if how is run:
                    run(rk, chain(rk), 3, given + results, n)
                else:
                    one_by_one(rk, chain(rk), given + results, n)
            found.append(results)
    for results in found[:-1]:
        for a, b in zip(results, found[-1]):
            np.testing.assert_array_equal(a.view("u1"), b.view("u1"))


@pytest.mark.parametrize("count", [15, 16, 17, 100, 512])
def test_many_values_at_a_time(rk, count):
    n = 5000
    x, y = np.linspace(-1, 1, n, dtype=np.float32), np.empty(n, np.float32)
    ops = [Op(PARAM, rk.RK_AXPB, ~0, 0, i, 0, 0, -1, -1, i, 1.0) for i in range(count)]
    ops += [Op(BINARY, rk.RK_ADD, 0, i, 0, 0, 0, -1, -1) for i in range(1, count)]
    ops.append(Op(UNARY, rk.RK_NEG, 0, 0, ~1, 0, 0, -1, -1))
    run(rk, ops, count, [x, y], n)
    np.testing.assert_allclose(y, -(x.astype(float) * (count * (count - 1) / 2) + count), rtol=1e-4, atol=1e-3 * count)
