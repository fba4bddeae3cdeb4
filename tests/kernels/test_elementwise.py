"""Elementwise kernels against their numpy twins."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import special

SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

BOOL, INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64 = range(1, 10)
FLOAT16, FLOAT32, FLOAT64, COMPLEX64, COMPLEX128 = 11, 12, 13, 16, 17
CODES = {
    np.dtype(name): code
    for name, code in {
        "bool": BOOL,
        "int8": INT8,
        "int16": INT16,
        "int32": INT32,
        "int64": INT64,
        "uint8": UINT8,
        "uint16": UINT16,
        "uint32": UINT32,
        "uint64": UINT64,
        "float16": FLOAT16,
        "float32": FLOAT32,
        "float64": FLOAT64,
        "complex64": COMPLEX64,
        "complex128": COMPLEX128,
    }.items()
}
INTEGERS = [np.dtype(n) for n in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")]
FLOATS = [np.dtype(n) for n in ("float32", "float64")]
SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    2.0,
    math.nan,
    math.inf,
    -math.inf,
    1e-42,
    -1e-310,
    3e38,
    -80.0,
    90.0,
    1e-8,
    -17.0,
]
LENGTHS = [0, 1, 2, 7, 16, 17, 63, 65, 1000, 1025, 40000, 70001]


def at(array):
    """Address of the first element."""
    return array.ctypes.data


def code(array):
    return CODES[array.dtype]


def aligned_at(array, offset):
    """A copy of `array` that begins `offset` elements into its memory."""
    room = np.empty(array.size + offset + 16, array.dtype)
    view = room[offset : offset + array.size].reshape(array.shape)
    view[...] = array
    return view


def integers(rng, dtype, n):
    info = np.iinfo(dtype)
    x = rng.integers(info.min, info.max, n, dtype=dtype, endpoint=True)
    small = rng.random(n) < 0.5
    x[small] = rng.integers(max(info.min, -9), 9, small.sum()).astype(dtype)
    x[: min(n, 3)] = [info.min, info.max, 0][: min(n, 3)]
    return x


def floats(rng, dtype, n, special_values=True):
    x = (rng.standard_normal(n) * 4).astype(dtype)
    if special_values and n:
        with np.errstate(all="ignore"):
            x[rng.integers(0, n, n // 3 + 1)] = rng.choice(np.array(SPECIAL), n // 3 + 1).astype(dtype)
    return x


def values(rng, dtype, n):
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return rng.random(n) < 0.5
    return integers(rng, dtype, n) if dtype.kind in "iu" else floats(rng, dtype, n)


def assert_close(got, expected, ulp=4):
    """Equal to within `ulp` units in the last place; nan where nan is expected, signs of infinities right."""
    expected = np.asarray(expected)
    assert got.dtype == expected.dtype
    with np.errstate(all="ignore"):
        near = np.abs(got.astype("f8") - expected.astype("f8")) <= ulp * np.spacing(np.abs(expected)).astype("f8")
    good = near | (got == expected) | (np.isnan(got) & np.isnan(expected))
    assert good.all(), (got[~good][:5], expected[~good][:5])


def unary(rk, op, x, in_place=False):
    y = x.copy() if in_place else np.full_like(x, 9)
    rk.unary(op, code(x), at(y if in_place else x), at(y), x.size)
    return y


def precise(function):
    """`function` in extended precision, rounded once: numpy's own float32 functions are up to 4 ulp off."""
    return lambda x: function(x.astype(np.longdouble)).astype(x.dtype)


FLOAT_UNARY = {
    "RK_NEG": (np.negative, 0),
    "RK_ABS": (np.abs, 0),
    "RK_SIGN": (np.sign, 0),
    "RK_SQUARE": (np.square, 0),
    "RK_SQRT": (np.sqrt, 0),
    "RK_RSQRT": (precise(lambda x: 1 / np.sqrt(x)), 2),
    "RK_RECIPROCAL": (lambda x: 1 / x, 0),
    "RK_EXP": (precise(np.exp), 2),
    "RK_LOG": (precise(np.log), 2),
    "RK_SIN": (precise(np.sin), 2),
    "RK_COS": (precise(np.cos), 2),
    "RK_TAN": (precise(np.tan), 4),
    "RK_TANH": (precise(np.tanh), 3),
    "RK_SIGMOID": (precise(lambda x: 1 / (1 + np.exp(-x))), 3),
    "RK_RELU": (lambda x: np.maximum(x, x.dtype.type(0)), 0),
    "RK_ERF": (lambda x: special.erf(x.astype("f8")).astype(x.dtype), 3),
    "RK_FLOOR": (np.floor, 0),
    "RK_CEIL": (np.ceil, 0),
    "RK_ISNAN": (lambda x: np.isnan(x).astype(x.dtype), 0),
    "RK_NOT": (lambda x: (x == 0).astype(x.dtype), 0),
    "RK_LOG1P": (precise(np.log1p), 3),
    "RK_EXPM1": (precise(np.expm1), 3),
    "RK_SOFTPLUS": (precise(lambda x: np.logaddexp(x, 0)), 4),
}


@pytest.mark.parametrize("op", FLOAT_UNARY)
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_unary_float(rk, op, dtype):
    rng = np.random.default_rng(1)
    twin, ulp = FLOAT_UNARY[op]
    for n in LENGTHS:
        x = aligned_at(floats(rng, dtype, n), n % 3)
        with np.errstate(all="ignore"):
            expected = twin(x)
        for in_place in (False, True):
            assert_close(unary(rk, getattr(rk, op), x, in_place), expected.astype(dtype), ulp)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_gelu(rk, dtype):
    x = np.linspace(-6, 6, 1001).astype(dtype)
    wide = x.astype("f8")
    expected = 0.5 * wide * (1 + special.erf(wide / math.sqrt(2)))
    tolerance = 10 * np.finfo(dtype).eps
    assert np.abs(unary(rk, rk.RK_GELU, x) - expected).max() < tolerance
    slope = np.empty_like(x)
    gradient = binary(rk, rk.RK_DGELU, x, np.ones_like(x))
    slope[:] = 0.5 * (1 + special.erf(wide / math.sqrt(2))) + wide * np.exp(-wide * wide / 2) / math.sqrt(2 * math.pi)
    assert np.abs(gradient - slope).max() < tolerance


@pytest.mark.parametrize("op", ["RK_SIN", "RK_COS", "RK_TAN"])
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_trigonometry_of_large_arguments(rk, op, dtype):
    rng = np.random.default_rng(2)
    x = np.concatenate([10.0 ** rng.uniform(-40, 38, 4000), np.arange(-50, 50) * math.pi / 2]).astype(dtype)
    x[::2] *= -1
    twin = getattr(np, op[3:].lower())
    assert_close(unary(rk, getattr(rk, op), x), twin(x.astype(np.longdouble)).astype(dtype), 2 + 2 * (op == "RK_TAN"))


INT_UNARY = {
    "RK_NEG": np.negative,
    "RK_ABS": np.abs,
    "RK_SIGN": np.sign,
    "RK_SQUARE": np.square,
    "RK_RELU": lambda x: np.maximum(x, x.dtype.type(0)),
    "RK_NOT": lambda x: (x == 0).astype(x.dtype),
    "RK_FLOOR": lambda x: x,
    "RK_ISNAN": np.zeros_like,
    "RK_SQRT": lambda x: np.trunc(np.sqrt(np.maximum(x.astype("f8"), 0))),
}


@pytest.mark.parametrize("op", INT_UNARY)
@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_unary_integer(rk, op, dtype):
    rng = np.random.default_rng(3)
    for n in LENGTHS:
        x = integers(rng, dtype, n)
        if op == "RK_SQRT":
            x = (x % dtype.type(100)).astype(dtype)
        with np.errstate(all="ignore"):
            expected = INT_UNARY[op](x).astype(dtype)
        assert (unary(rk, getattr(rk, op), x) == expected).all()


def test_unary_half_and_bool(rk):
    x = np.array([0.5, -2, np.nan, np.inf, 3], "f2")
    with np.errstate(all="ignore"):
        assert_close(unary(rk, rk.RK_EXP, x), np.exp(x), 1)
    truth = np.array([True, False])
    assert (unary(rk, rk.RK_NOT, truth) == ~truth).all()
    assert (unary(rk, rk.RK_NEG, truth) == truth).all()


def param(rk, op, x, p, q=0.0):
    y = np.full_like(x, 9)
    rk.param(op, code(x), at(x), p, q, at(y), x.size)
    return y


FLOAT_PARAM = {
    "RK_AXPB": (lambda x, p, q: (np.longdouble(p) * x + q).astype(x.dtype), 1),
    "RK_PMAX": (lambda x, p, q: np.maximum(x, p), 0),
    "RK_PMIN": (lambda x, p, q: np.minimum(x, p), 0),
    "RK_PPOW": (lambda x, p, q: np.power(x.astype(np.longdouble), np.longdouble(p)).astype(x.dtype), 3),
    "RK_RPOW": (lambda x, p, q: np.power(np.longdouble(p), x.astype(np.longdouble)).astype(x.dtype), 3),
    "RK_PDIV": (lambda x, p, q: x / p, 0),
    "RK_RDIV": (lambda x, p, q: p / x, 0),
    "RK_RSUB": (lambda x, p, q: p - x, 0),
    "RK_PMOD": (lambda x, p, q: np.fmod(x, p), 0),
    "RK_RMOD": (lambda x, p, q: np.fmod(p, x), 0),
    "RK_CLIP": (lambda x, p, q: np.minimum(np.maximum(x, p), q), 0),
    "RK_PGT": (lambda x, p, q: x > p, 0),
    "RK_PGE": (lambda x, p, q: x >= p, 0),
    "RK_PLT": (lambda x, p, q: x < p, 0),
    "RK_PLE": (lambda x, p, q: x <= p, 0),
    "RK_PEQ": (lambda x, p, q: x == p, 0),
    "RK_PNE": (lambda x, p, q: x != p, 0),
    "RK_LEAKY": (lambda x, p, q: np.where(x < 0, p * x, x), 0),
}


@pytest.mark.parametrize("op", FLOAT_PARAM)
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_param_float(rk, op, dtype):
    rng = np.random.default_rng(4)
    twin, ulp = FLOAT_PARAM[op]
    for n in (0, 1, 33, 500, 40000):
        x = floats(rng, dtype, n)
        for p, q in [
            (0.5, 1.5),
            (-2.0, 3.0),
            (2.0, 0.0),
            (1.0, 2.0),
            (0.0, 1.0),
            (-1.0, 5.0),
            (3.7, 4.0),
            (math.nan, 1),
        ]:
            if op in ("RK_RPOW",) and p < 0:
                continue
            with np.errstate(all="ignore"):
                expected = twin(x, dtype.type(p), dtype.type(q)).astype(dtype)
            got = param(rk, getattr(rk, op), x, p, q)
            if op == "RK_AXPB":  # where p*x and q nearly cancel the result is as good as its terms
                with np.errstate(all="ignore"):
                    bad = ~((got == expected) | (np.isnan(got) & np.isnan(expected)))
                    allowed = np.spacing(np.abs(x * dtype.type(p))) + np.spacing(np.abs(expected))
                    assert (np.abs(got - expected)[bad] <= allowed[bad]).all()
            else:
                assert_close(got, expected, ulp)


def test_param_reciprocals(rk):
    x = np.array([0.0, 4.0, 0.25, np.inf, -1.0], "f4")
    with np.errstate(all="ignore"):
        assert_close(param(rk, rk.RK_RECIP_AXPB, x, 2.0, 0.5), (1 / (2 * x + np.float32(0.5))), 1)
        assert_close(param(rk, rk.RK_RSQRT_AXPB, x, 2.0, 0.5), (1 / (2 * np.sqrt(x) + np.float32(0.5))), 1)
    assert param(rk, rk.RK_RECIP_AXPB, np.array([-0.0], "f8"), 1.0, 0.0)[0] == math.inf


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_param_integer(rk, dtype):
    rng = np.random.default_rng(5)
    info = np.iinfo(dtype)
    x = integers(rng, dtype, 300)
    exact = [int(v) for v in x]

    def wrapped(numbers):
        return np.array([v % (1 << info.bits) for v in numbers], "u8").astype(dtype)

    for p, q in [(3, 5), (1, 0), (-2, 7), (0, 1)]:
        assert (param(rk, rk.RK_AXPB, x, p, q) == wrapped(v * p + q for v in exact)).all()
        assert (param(rk, rk.RK_RSUB, x, p) == wrapped(p - v for v in exact)).all()
    for p in (0, 1, 2, 5):
        assert (param(rk, rk.RK_PPOW, x, p) == wrapped(v**p for v in exact)).all()
    powers = np.arange(7).astype(dtype)
    assert (param(rk, rk.RK_RPOW, powers, 2) == wrapped(2**v for v in range(7))).all()
    for p in (2.5, 3, -2.5, -1, 0, 127.5, -128.5, 1e30, -1e30, math.nan):
        assert (param(rk, rk.RK_PGT, x, p) == [v > p for v in exact]).all()
        assert (param(rk, rk.RK_PGE, x, p) == [v >= p for v in exact]).all()
        assert (param(rk, rk.RK_PLT, x, p) == [v < p for v in exact]).all()
        assert (param(rk, rk.RK_PLE, x, p) == [v <= p for v in exact]).all()
        assert (param(rk, rk.RK_PEQ, x, p) == [v == p for v in exact]).all()
        assert (param(rk, rk.RK_PNE, x, p) == [v != p for v in exact]).all()
    for p, q in [(2, 9), (-3.5, 4.5), (-1e30, 1e30)]:
        low, high = (min(max(math.trunc(v), info.min), info.max) for v in (p, q))
        assert (param(rk, rk.RK_CLIP, x, p, q) == [min(max(v, low), high) for v in exact]).all()
        assert (param(rk, rk.RK_PMAX, x, p) == [max(v, low) for v in exact]).all()
        assert (param(rk, rk.RK_PMIN, x, q) == [min(v, high) for v in exact]).all()
    for p in (3, 1, 0) if info.min == 0 else (3, -3, 1, -1, 0):
        assert (
            param(rk, rk.RK_PMOD, x, p) == [int(math.copysign(abs(v) % abs(p), v)) if p else 0 for v in exact]
        ).all()
    small = x[np.abs(x.astype("f8")) < 100]
    assert (param(rk, rk.RK_AXPB, small, 0.5, 0.25) == np.clip(np.trunc(small * 0.5 + 0.25), info.min, info.max)).all()


CHEAP = [
    "ADD",
    "SUB",
    "MUL",
    "DIV",
    "MAXIMUM",
    "MINIMUM",
    "COPYB",
    "EQ",
    "NE",
    "GT",
    "GE",
    "LT",
    "LE",
    "AND",
    "OR",
    "XOR",
]
TWINS = {
    "ADD": np.add,
    "SUB": np.subtract,
    "MUL": np.multiply,
    "DIV": np.divide,
    "MAXIMUM": np.maximum,
    "MINIMUM": np.minimum,
    "COPYB": lambda a, b: np.broadcast_arrays(a, b)[1],
    "EQ": np.equal,
    "NE": np.not_equal,
    "GT": np.greater,
    "GE": np.greater_equal,
    "LT": np.less,
    "LE": np.less_equal,
    "AND": np.logical_and,
    "OR": np.logical_or,
    "XOR": np.logical_xor,
    "MOD": np.fmod,
}
COMPARISONS = {"EQ", "NE", "GT", "GE", "LT", "LE", "AND", "OR", "XOR"}


def binary(rk, op, a, b, c_bool=False, out=None):
    """Broadcast and run: strides of numpy's broadcast views, in elements."""
    wide_a, wide_b = np.broadcast_arrays(a, b)
    nd = max(wide_a.ndim, 1)
    dims = np.array(wide_a.shape or (1,), np.intp)
    strides = [np.array([s // a.itemsize for s in w.strides] or [1], np.intp) for w in (wide_a, wide_b)]
    c = np.full(wide_a.shape, 7, np.uint8 if c_bool else a.dtype) if out is None else out
    rk.binary(op, code(a), nd, at(dims), at(a), at(strides[0]), at(b), at(strides[1]), at(c), int(c_bool))
    return c.view(bool) if c_bool else c


def integer_quotient(a, b):
    exact = [
        0 if y == 0 else (abs(x) // abs(y)) * (1 if (x < 0) == (y < 0) else -1)
        for x, y in zip(map(int, a.flat), map(int, b.flat), strict=True)
    ]
    bits = np.iinfo(a.dtype).bits
    return np.array([v % (1 << bits) for v in exact], "u8").astype(a.dtype).reshape(a.shape)


@pytest.mark.parametrize("name", CHEAP)
@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, np.dtype(bool)], ids=str)
def test_binary_same_shape(rk, name, dtype):
    rng = np.random.default_rng(6)
    op = getattr(rk, "RK_" + name)
    for n in (0, 1, 17, 1025, 70001):
        if name == "DIV" and dtype.kind in "iu" and n > 2000:
            continue
        a, b = aligned_at(values(rng, dtype, n), n % 2), values(rng, dtype, n)
        if n:
            b[n // 2 :: 3] = a[n // 2 :: 3]
        if dtype.kind == "b" and name in ("SUB", "DIV"):
            expected = a ^ b if name == "SUB" else a & b
        elif name == "DIV" and dtype.kind in "iu":
            expected = integer_quotient(a, b)
        else:
            with np.errstate(all="ignore"):
                expected = TWINS[name](a, b)
        assert_same(binary(rk, op, a, b), expected.astype(dtype))
        assert_same(binary(rk, op, a, b, out=a.copy()), expected.astype(dtype))
        if name in COMPARISONS:
            assert_same(binary(rk, op, a, b, c_bool=True), expected)


def assert_same(got, expected):
    assert got.dtype == expected.dtype and got.shape == expected.shape
    good = got == expected
    if got.dtype.kind == "f":
        good |= np.isnan(got) & np.isnan(expected)
    assert good.all(), (got[~good][:5], expected[~good][:5])


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_integer_remainder_and_power(rk, dtype):
    rng = np.random.default_rng(7)
    a, b = integers(rng, dtype, 400), integers(rng, dtype, 400)
    expected = [
        0 if y == 0 else int(math.copysign(1, x)) * (abs(x) % abs(y))
        for x, y in zip(map(int, a), map(int, b), strict=True)
    ]
    assert (binary(rk, rk.RK_MOD, a, b) == np.array(expected, dtype)).all()
    bits = np.iinfo(dtype).bits
    e = rng.integers(0, 9, 400).astype(dtype)
    expected = np.array([pow(int(x), int(y), 1 << bits) for x, y in zip(a, e, strict=True)], "u8").astype(dtype)
    assert (binary(rk, rk.RK_POW, a, e) == expected).all()
    if np.iinfo(dtype).min < 0:
        a, e = np.array([1, -1, -1, 2, 0], dtype), np.array([-3, -3, -2, -1, -1], dtype)
        assert (binary(rk, rk.RK_POW, a, e) == [1, -1, 1, 0, 0]).all()


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_float_remainder_and_power(rk, dtype):
    rng = np.random.default_rng(8)
    a, b = floats(rng, dtype, 3000), floats(rng, dtype, 3000)
    with np.errstate(all="ignore"):
        assert_same(binary(rk, rk.RK_MOD, a, b), np.fmod(a, b))
        expected = np.power(a.astype(np.longdouble), b.astype(np.longdouble)).astype(dtype)
        assert_close(binary(rk, rk.RK_POW, a, b), expected, 2)
        big = (10 ** rng.uniform(-30, 30, 3000)).astype(dtype)
        small = rng.uniform(-1.2, 1.2, 3000).astype(dtype)
        expected = np.power(big.astype(np.longdouble), small.astype(np.longdouble)).astype(dtype)
        assert_close(binary(rk, rk.RK_POW, big, small), expected, 2)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_power_is_within_the_stated_ulps(rk, dtype, sign):
    rng = np.random.default_rng(8)
    near = 1 + rng.uniform(-0.1, 0.1, 20000)
    base = np.concatenate([rng.uniform(0.01, 10, 30000), near, 10 ** rng.uniform(-30, 30, 20000)]).astype(dtype)
    reach = (700 if dtype == np.float64 else 85) / np.maximum(np.abs(np.log(base.astype(np.float64))), 1e-3)
    power = (rng.uniform(-1, 1, base.size) * reach).astype(dtype)
    base[::3] *= sign
    power[::3] = np.trunc(power[::3])
    exact = np.power(base.astype(np.longdouble), power.astype(np.longdouble))
    y = binary(rk, rk.RK_POW, base, power)
    error = np.abs(y - exact) / np.spacing(np.abs(exact.astype(dtype)))
    worst = error.argmax()
    bound = 0.95 if dtype == np.float64 else 1.8 if rk.variant == "avx512" else 0.501
    if np.finfo(np.longdouble).nmant < 60:
        bound += 2  # the reference is not exact either
    assert error[worst] <= bound, f"{base[worst]!r} ** {power[worst]!r} = {y[worst]!r}: {error[worst]:.4f} ulp"


def test_powers_that_floats_hold_are_exact(rk):
    base, power = (v.ravel() for v in np.meshgrid(np.arange(1, 300.0), np.arange(-3, 24.0)))
    base, power = np.append(base, base**2), np.append(power, np.full(base.size, 0.5))
    exact = base**power
    exact = np.where((exact >= 2.0**-126) & (exact < 2.0**53), exact, np.pi)
    held = exact.astype("f4") == exact
    base, power, exact = (v[held].astype("f4") for v in (base, power, exact))
    assert np.array_equal(binary(rk, rk.RK_POW, base, power), exact)


def test_special_powers(rk):
    odd = [
        np.nan,
        np.inf,
        -np.inf,
        0.0,
        -0.0,
        1,
        -1,
        0.5,
        -0.5,
        2,
        -2,
        3,
        -3,
        5e-324,
        -5e-324,
        1e-310,
        1.7e308,
        -1.7e308,
    ]
    odd += [
        2.0**51 + 1,
        2.0**52 + 1,
        2.0**53 - 1,
        2.0**53,
        -1 - 2.0**-52,
        -1 + 2.0**-53,
        1 + 2.0**-52,
        1e-300,
        1025,
        -1074.5,
    ]
    x, y = (a.ravel() for a in np.meshgrid(odd, odd))
    for dtype in FLOATS:
        with np.errstate(all="ignore"):
            a, b = x.astype(dtype), y.astype(dtype)
            expected = np.power(a.astype(np.longdouble), b.astype(np.longdouble)).astype(dtype)
        found = binary(rk, rk.RK_POW, a, b)
        assert_close(found, expected, 1)
        assert (np.signbit(found) == np.signbit(expected))[~np.isnan(expected)].all()


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_gradients(rk, dtype):
    rng = np.random.default_rng(9)
    a, g = rng.uniform(0.1, 0.9, 1000).astype(dtype), rng.standard_normal(1000).astype(dtype)
    half = dtype.type(0.5)
    cases = {
        "DSIGMOID": g * a * (1 - a),
        "DTANH": g * (1 - a * a),
        "DSQRT": g * half / a,
        "DSOFTPLUS": g * special.expit(a),
        "DRELU": np.where(a - half > 0, g, 0),
    }
    for name, expected in cases.items():
        x = a - half if name == "DRELU" else a
        assert_close(binary(rk, getattr(rk, "RK_" + name), x, g), expected.astype(dtype), 6)
    scalar = g[:1].reshape(())
    assert_close(binary(rk, rk.RK_DTANH, a, scalar), (scalar * (1 - a * a)).astype(dtype), 6)


@st.composite
def broadcast_pairs(draw):
    """Two shapes that broadcast, and which operand is a transposed view."""
    full = draw(st.lists(st.integers(1, 6), min_size=1, max_size=5))
    if draw(st.booleans()):
        full[draw(st.integers(0, len(full) - 1))] = draw(st.sampled_from([0, 129, 300, 1500]))
    shapes = []
    for _ in range(2):
        shape = [1 if draw(st.integers(0, 2)) == 0 else n for n in full]
        shapes.append(tuple(shape[draw(st.integers(0, len(shape))) :] if draw(st.booleans()) else shape))
    return shapes[0], shapes[1], draw(st.booleans()), draw(st.integers(0, 2**32))


@SETTINGS
@given(
    case=broadcast_pairs(),
    name=st.sampled_from(["ADD", "SUB", "GT", "MAXIMUM", "DIV", "COPYB"]),
    dtype=st.sampled_from(["f4", "f8", "i4", "u1", "i8"]),
)
def test_broadcasting(rk, case, name, dtype):
    shape_a, shape_b, swapped, seed = case
    rng = np.random.default_rng(seed)
    a = rng.integers(1, 50, shape_a[::-1] if swapped else shape_a).astype(dtype)
    a = a.T if swapped else a
    b = rng.integers(1, 50, shape_b).astype(dtype)
    op = getattr(rk, "RK_" + name)
    expected = TWINS[name](a, b) if name != "DIV" or dtype[0] == "f" else a // b
    assert_same(binary(rk, op, a, b), expected.astype(dtype))
    if name == "GT":
        assert_same(binary(rk, op, a, b, c_bool=True), expected)


def test_broadcasting_of_long_rows(rk):
    rng = np.random.default_rng(10)
    a, row, column = (rng.standard_normal(s).astype("f4") for s in [(37, 4001), (4001,), (37, 1)])
    for x, y in [(a, row), (a, column), (row, a), (column, a), (column, row), (a, np.float32(2).reshape(1, 1))]:
        assert_same(binary(rk, rk.RK_SUB, x, np.ascontiguousarray(y)), x - y)
    narrow = rng.standard_normal((30011, 3)).astype("f4")
    for y in (narrow[:1], narrow[:, :1].copy(), narrow[0]):
        assert_same(binary(rk, rk.RK_SUB, narrow, y), narrow - y)


@pytest.mark.parametrize("dtype", list(CODES), ids=str)
def test_axpy_and_scal(rk, dtype):
    rng = np.random.default_rng(11)
    for n, incx, incy in [(0, 1, 1), (5, 1, 1), (300, 2, 3), (40000, 1, 1), (9, -1, 2)]:
        x = rng.integers(0, 5, max(n * abs(incx), 1)).astype(dtype)
        y = rng.integers(0, 5, max(n * incy, 1)).astype(dtype)
        expected = y.copy()
        xs = x[:: abs(incx)][:n][:: 1 if incx > 0 else -1]
        alpha = 3 - 2j if dtype.kind == "c" else 3.0
        product = (xs * alpha).astype(dtype)
        expected[::incy][:n] = (expected[::incy][:n] + product).astype(dtype)
        start = at(x) + (0 if incx > 0 else (n - 1) * x.itemsize)
        rk.axpy(code(x), n, 3.0, alpha.imag, start, incx, at(y), incy)
        assert np.array_equal(y, expected)
        expected[::incy][:n] = (expected[::incy][:n] * alpha).astype(dtype)
        rk.scal(code(x), n, 3.0, alpha.imag, at(y), incy)
        assert np.array_equal(y, expected)


@pytest.mark.parametrize("dtype", ["c8", "c16"])
def test_axpy_and_scal_of_complex_with_a_real_factor(rk, dtype):
    rng = np.random.default_rng(12)
    x, y = ((rng.integers(0, 5, 999) + 1j * rng.integers(0, 5, 999)).astype(dtype) for _ in range(2))
    expected = 3 * (y + 3 * x)
    x[7] = complex(np.inf, 2)
    rk.axpy(code(x), x.size, 3.0, 0.0, at(x), 1, at(y), 1)
    rk.scal(code(y), y.size, 3.0, 0.0, at(y), 1)
    assert y[7].real == np.inf
    assert y[7].imag == expected[7].imag
    assert np.array_equal(np.delete(y, 7), np.delete(expected, 7))


def test_axpy_of_integers_with_a_fraction(rk):
    x, y = np.array([10, -10, 3], "i4"), np.array([1, 1, 1], "i4")
    rk.axpy(INT32, 3, 0.25, 0.0, at(x), 1, at(y), 1)
    assert y.tolist() == [3, -1, 1]


def cast(rk, x, dtype):
    y = np.empty(x.size, dtype)
    rk.cast(code(x), CODES[np.dtype(dtype)], at(x), at(y), x.size)
    return y


def cast_twin(x, dtype):
    dtype = np.dtype(dtype)
    if x.dtype.kind == "c" and dtype.kind not in "cb":
        x = x.real
    if dtype.kind in "iu" and x.dtype.kind == "f":
        info = np.iinfo(dtype)
        return np.array(
            [
                0 if math.isnan(v) else info.max if v >= info.max else info.min if v <= info.min else int(v)
                for v in x.astype("f8").tolist()
            ],
            dtype,
        )
    with np.errstate(all="ignore"):
        return x.astype(dtype)


@pytest.mark.parametrize("source", list(CODES), ids=str)
def test_cast(rk, source):
    rng = np.random.default_rng(12)
    x = values(rng, source if source.kind != "c" else source.char.lower(), 1500)
    if source.kind == "c":
        with np.errstate(all="ignore"):
            x = (x + 1j * values(rng, "f8", 1500)).astype(source)
    elif source.kind == "f":
        with np.errstate(all="ignore"):
            x[:40] = [
                s * 2.0**e for e in (7, 8, 15, 16, 31, 32, 53, 62, 63, 64) for s in (1, -1, 0.9999999, -1.0000001)
            ]
    for target in CODES:
        got, expected = cast(rk, x, target), cast_twin(x, target)
        good = (got == expected) | ((got != got) & (expected != expected))
        if target.kind == "c":
            good |= np.isnan(got.real) == np.isnan(expected.real)
        assert good.all(), (target, x[~good][:4], got[~good][:4], expected[~good][:4])
        assert cast(rk, x[:0], target).size == 0
    wide = np.tile(x, 50)
    assert np.array_equal(cast(rk, wide, "i4"), np.tile(cast(rk, x, "i4"), 50))


@pytest.mark.parametrize("source", ["f2", "f4", "f8"])
@pytest.mark.parametrize("n", [1, 15, 255, 256, 300, 1500, 70000])
def test_floats_to_integers_that_hold_them(rk, source, n):
    x = np.random.default_rng(n).uniform(-127.9, 127.9, n).astype(source)
    for target in CODES:
        if target.kind in "iu":
            np.testing.assert_array_equal(cast(rk, x, target), cast_twin(x, target), target.str)


@pytest.mark.parametrize("source", ["f2", "f4", "f8"])
@pytest.mark.parametrize("n", [1, 17, 511, 512, 700, 70000])
def test_floats_to_unsigned_integers_that_wrap(rk, source, n):
    rng = np.random.default_rng(n)
    special = np.array([np.nan, np.inf, -np.inf, -0.9, -1, 2.0**31, -(2.0**31), 5e9, 1e19, -1e19, 65535.9, -65537])
    for x in (rng.uniform(-60000, 60000, n), np.resize(special, n), rng.uniform(-1e6, 1e6, n) * (rng.random(n) < 0.01)):
        with np.errstate(over="ignore"):
            x = x.astype(source)
        for target in ("u1", "u2", "u4"):
            y = np.empty(n, target)
            rk.cast_wrap(code(x), CODES[np.dtype(target)], at(x), at(y), n)
            np.testing.assert_array_equal(y, cast_twin(x, "i8").astype(target))


def test_half_precision_is_exact(rk):
    halves = np.arange(65536, dtype="u2").view("f2")
    assert_same(cast(rk, halves, "f4"), halves.astype("f4"))
    with np.errstate(all="ignore"):
        between = halves.astype("f8")[:, None] * (
            1 + np.array([0, 2.0**-12, 2.0**-11, 2.0**-11 + 2.0**-40, -(2.0**-30)])
        )
        assert_same(cast(rk, between.ravel(), "f2"), between.ravel().astype("f2"))
        single = between.ravel().astype("f4")
        assert_same(cast(rk, single, "f2"), single.astype("f2"))


@pytest.mark.parametrize("size", [1, 2, 4, 8, 16])
def test_fill_and_copy(rk, size):
    rng = np.random.default_rng(13)
    for n, incx, incy in [(0, 1, 1), (1, 1, 1), (50, 2, 3), (70000, 1, 1), (50000, 1, 2)]:
        x = rng.integers(0, 256, (max(n * incx, 1), size)).astype("u1")
        y = np.zeros((max(n * incy, 1), size), "u1")
        expected = y.copy()
        expected[::incy][:n] = x[::incx][:n]
        rk.copy(size, n, at(x), incx, at(y), incy)
        assert np.array_equal(y, expected)
        rk.fill(size, at(x), at(y), n, incy)
        expected[::incy][:n] = x[0]
        assert np.array_equal(y, expected)


def test_any_number_of_threads_gives_the_same_bits(rk):
    rng = np.random.default_rng(14)
    x, z = (rng.standard_normal(300001).astype("f4") for _ in range(2))
    rows = x[: 300 * 1000].reshape(300, 1000)
    results = []
    for threads in (1, 2, 3, 4):
        rk.set_threads(threads)
        results.append(
            [
                unary(rk, rk.RK_TANH, x),
                unary(rk, rk.RK_SIN, x),
                param(rk, rk.RK_AXPB, x, 1.1, 0.3),
                param(rk, rk.RK_PPOW, np.abs(x), 1.7),
                binary(rk, rk.RK_DTANH, x, z),
                binary(rk, rk.RK_ADD, rows, rows[0]),
                binary(rk, rk.RK_POW, np.abs(x), z),
                cast(rk, x, "i4"),
                unary(rk, rk.RK_GELU, x),
            ]
        )
    rk.set_threads(2)
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            assert one.tobytes() == two.tobytes()
