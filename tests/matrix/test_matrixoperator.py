"""MatrixOperator: each operation beside a plain numpy twin, the original's errors, printing, names."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rindow_math.exceptions import (
    InvalidArgumentException,
    LogicException,
    OutOfRangeException,
    RuntimeException,
)
from rindow_math.matrix import Buffer, C, Complex, MatrixOperator, NDArray, NDArrayPhp, R, Range
from rindow_math.matrix.buffer import NAMES, NUMPY_TYPES

mo = MatrixOperator()
REAL = [code for code, t in NUMPY_TYPES.items() if t.kind in "biuf"]
INTEGERS = [code for code, t in NUMPY_TYPES.items() if t.kind in "iu"]
FLOATS = [NDArray.float32, NDArray.float64]
OPERATORS = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}
COMPARISONS = ["==", "!=", ">", ">=", "<", "<="]
# what the original counts as the finer of two types
PRECISION = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16"]
PRECISION += ["float32", "float64"]


def arr(values, dtype=NDArray.float32):
    return mo.array(values, dtype)


def same(a, expected, dtype=None):
    x = np.asarray(a)
    np.testing.assert_array_equal(x, np.asarray(expected))
    if dtype is not None:
        assert a.dtype() == dtype


def draw_array(code, shape, rng):
    t = NUMPY_TYPES[code]
    if t.kind == "f":
        return rng.normal(0, 10, shape).astype(t)
    if t.kind == "b":
        return rng.random(shape) < 0.5
    info = np.iinfo(t)
    return rng.integers(max(info.min, -50), min(info.max, 50), shape).astype(t)


shapes = st.lists(st.integers(1, 5), max_size=4)
seeds = st.integers(0, 2**32 - 1)


# ---- making arrays


def test_numbers_and_lists_are_float32():
    for value in (1, 2.5, [1, 2], [[True]], range(3), Range(limit=2), np.float64(1), np.int64(3)):
        assert mo.array(value).dtype() == NDArray.float32


def test_arrays_keep_their_type_and_are_copied():
    x = np.arange(3, dtype=np.int16)
    a = mo.array(x)
    b = mo.array(a)
    x[0] = 9
    a[1] = 7
    same(a, [0, 7, 2], NDArray.int16)
    same(b, [0, 1, 2], NDArray.int16)


@pytest.mark.parametrize("code", REAL, ids=NAMES.get)
def test_array_of_each_type(code):
    same(mo.array([[1, 0], [1, 1]], code), np.array([[1, 0], [1, 1]], NUMPY_TYPES[code]), code)
    same(mo.array([[1, 0]], NUMPY_TYPES[code]), np.array([[1, 0]], NUMPY_TYPES[code]), code)


@pytest.mark.parametrize("value", [None, "12", b"12", {"a": 1}, {1}])
def test_array_of_nothing_array_like(value):
    with pytest.raises(InvalidArgumentException, match="Must be array or ArrayObject"):
        mo.array(value)


@pytest.mark.parametrize("value", [True, False, np.bool_(True)])
def test_a_lone_bool_is_of_type_bool_only(value):
    with pytest.raises(InvalidArgumentException, match="unmatch dtype with bool value"):
        mo.array(value)
    with pytest.raises(InvalidArgumentException, match="unmatch dtype with bool value"):
        mo.array(value, NDArray.complex64)
    assert mo.array(value, NDArray.bool).toArray() is bool(value)


def test_complex_arrays():
    same(mo.array([[1, C(1, 2)]], NDArray.complex64), [[1, 1 + 2j]], NDArray.complex64)
    same(mo.array(3j, NDArray.complex128), 3j, NDArray.complex128)
    with pytest.raises(InvalidArgumentException):
        mo.array([C(1, 2)])


def test_asarray_shares_where_it_can():
    x = np.zeros(3, np.float32)
    mo.asarray(x)[1] = 5
    assert x[1] == 5
    a = mo.array([1, 2])
    assert mo.asarray(a) is a
    assert not np.shares_memory(np.asarray(mo.asarray(x[::2])), x)
    same(mo.asarray(x, NDArray.float64), x, NDArray.float64)
    same(mo.asarray([1, 2]), [1, 2], NDArray.float32)
    same(mo.asarray(x.astype(">f4")), x, NDArray.float32)


@pytest.mark.parametrize("code", list(NUMPY_TYPES), ids=NAMES.get)
@pytest.mark.parametrize("shape", [[], [3], [2, 3], [0], [2, 0, 3], [70000]])
def test_zeros_and_ones(code, shape):
    junk = mo.full(shape, C(7, 7) if code >= 14 else 1, code)
    del junk  # its memory is handed out again
    same(mo.zeros(shape, code), np.zeros(shape, NUMPY_TYPES[code]), code)
    same(mo.ones(shape, code), np.ones(shape, NUMPY_TYPES[code]), code)
    same(mo.zerosLike(mo.ones(shape, code)), np.zeros(shape), code)
    same(mo.onesLike(mo.zeros(shape, code)), np.ones(shape), code)
    assert mo.empty(shape, code).shape() == shape


def test_default_types():
    m = MatrixOperator()
    m.setDefaultFloatType(NDArray.float64)
    m.setDefaultIntType(NDArray.int64)
    assert m.zeros([1]).dtype() == m.array([1]).dtype() == m.full([1], 1).dtype() == NDArray.float64
    assert m.arange(2).dtype() == m.argMax(m.array([[1, 2]]), 0).dtype() == NDArray.int64
    assert m.random().rand(2).dtype() == NDArray.float64
    assert (m.defaultFloatType(), m.defaultIntType()) == (NDArray.float64, NDArray.int64)
    assert mo.zeros([1]).dtype() == NDArray.float32
    with pytest.raises(InvalidArgumentException, match="float type"):
        m.setDefaultFloatType(NDArray.int8)
    with pytest.raises(InvalidArgumentException, match="integer type"):
        m.setDefaultIntType(NDArray.bool)


def test_positions_in_another_integer_type():
    m = MatrixOperator()
    m.setDefaultIntType(NDArray.uint8)
    same(m.argMax(arr([[1, 5, 2]]), 1), [1], NDArray.uint8)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(1.5, None), (2, NDArray.int8), (True, NDArray.bool), (1.9, NDArray.int32), (True, None), (np.float32(2), None)],
)
def test_full(value, dtype):
    a = mo.full([2, 3], value, dtype)
    same(a, np.full((2, 3), value, NUMPY_TYPES[dtype or NDArray.float32]), dtype or NDArray.float32)
    same(mo.fullLike(a, value), np.asarray(a), a.dtype())


def test_full_of_complex():
    same(mo.full([2], C(1, 2), NDArray.complex64), [1 + 2j] * 2)
    with pytest.raises(InvalidArgumentException, match="value must be complex"):
        mo.full([2], 1.0, NDArray.complex64)


@pytest.mark.parametrize("value", ["x", "3", [1], None, 1j])
def test_full_of_what_is_no_number(value):
    with pytest.raises(InvalidArgumentException, match="value must be scalar"):
        mo.full([2], value)


def test_full_out_of_range():
    with pytest.raises(InvalidArgumentException, match="out of range"):
        mo.full([2], 300, NDArray.uint8)


@pytest.mark.parametrize("shape", [[-1], ["a"], [1.5], None, "ab"])
def test_bad_shapes(shape):
    for make in (mo.zeros, mo.ones, mo.empty, lambda s: mo.full(s, 1)):
        with pytest.raises(InvalidArgumentException, match="shape"):
            make(shape)


@pytest.mark.parametrize(
    ("arguments", "values", "code"),
    [
        ((3,), [0, 1, 2], NDArray.int32),
        ((3, 5), [5, 6, 7], NDArray.int32),
        ((3, 1, -2), [1, -1, -3], NDArray.int32),
        ((3, 0.5), [0.5, 1.5, 2.5], NDArray.float32),
        ((3, 0, 0.5), [0, 0, 1], NDArray.int32),
        ((3, 0, 0.5, NDArray.float64), [0, 0.5, 1], NDArray.float64),
        ((3, 253, 1, NDArray.uint8), [253, 254, 255], NDArray.uint8),
        ((3, 0, 1, NDArray.bool), [False, True, True], NDArray.bool),
        ((2, 2**64 - 2, 1, NDArray.uint64), None, NDArray.uint64),
        ((2, -(2**63), 1, NDArray.int64), None, NDArray.int64),
        ((2, 2**62, 2**62, NDArray.float64), [2.0**62, 2.0**63], NDArray.float64),
        ((2, 1, 2, NDArray.complex64), [1, 3], NDArray.complex64),
        ((0,), [], NDArray.int32),
    ],
)
def test_arange(arguments, values, code):
    a = mo.arange(*arguments)
    assert a.dtype() == code
    if values is not None:
        same(a, values)


def test_long_arange():
    same(mo.arange(5000, 7, 3), np.arange(5000) * 3 + 7)
    np.testing.assert_allclose(np.asarray(mo.arange(5000, 0.5, 0.25)), 0.5 + 0.25 * np.arange(5000))


@pytest.mark.parametrize(
    "arguments",
    [
        (-1,),
        (1.5,),
        ("3",),
        (True,),
        (3, "a"),
        (3, 0, [1]),
        (3, 254, 1, NDArray.uint8),
        (3, 1, -1, NDArray.uint8),
        (2, 10**400, 1, NDArray.float64),
    ],
)
def test_bad_arange(arguments):
    with pytest.raises(InvalidArgumentException):
        mo.arange(*arguments)


@settings(max_examples=60, deadline=None)
@given(seeds, shapes, st.sampled_from(REAL), st.sampled_from(REAL))
def test_astype(seed, shape, source, target):
    x = np.abs(draw_array(source, shape, np.random.default_rng(seed)))
    a = mo.array(np.asarray(x))
    same(mo.astype(a, target), x.astype(NUMPY_TYPES[target]), target)
    same(a, x, source)


def test_astype_saturates_and_truncates():
    x = arr([300.7, -300.7, float("nan"), float("inf"), 1.9, -1.9])
    same(mo.astype(x, NDArray.int8), [127, -128, 0, 127, 1, -1])
    same(mo.astype(mo.array([C(1, 2)], NDArray.complex64), NDArray.float32), [1])


@pytest.mark.parametrize("source", [np.float32, np.float64])
@pytest.mark.parametrize("target", [np.uint8, np.uint16, np.uint32])
def test_astype_wraps_floats_to_unsigned(source, target):
    x = np.array([-1.7, 300.9, 0.5, -0.5, 4294967295.0 if source is np.float64 else 70000.0] * 60, source)
    same(mo.astype(mo.array(x), mo.array(np.zeros(1, target)).dtype()), x.astype(np.int64).astype(target))


def test_astype_to_its_own_type_is_a_copy():
    a = arr([1, 2])
    b = mo.astype(a, NDArray.float32)
    b[0] = 9
    same(a, [1, 2])


def test_copy_of_a_view():
    a = arr([[1, 2], [3, 4]])
    b = mo.copy(a[1])
    b[0] = 9
    same(a, [[1, 2], [3, 4]])
    assert (b.offset(), len(b.buffer())) == (0, 2)


def test_to_complex():
    z = mo.toComplex([[1, 2.5], (C(i=4), True)])
    assert z == [[1, 2.5], [4j, 1]]
    assert all(type(v) is Complex for row in z for v in row)
    assert mo.toComplex(arr([1])) == [1]
    assert str(mo.toComplex(np.array([[2j]]))[0][0]) == "0+2i"
    with pytest.raises(InvalidArgumentException, match="invalid data type: str"):
        mo.toComplex(["1"])


# ---- operators


@settings(max_examples=150, deadline=None)
@given(seeds, shapes, st.sampled_from(FLOATS), st.sampled_from(list(OPERATORS)))
def test_op_of_equal_shapes(seed, shape, code, operator):
    rng = np.random.default_rng(seed)
    x, y = (draw_array(code, [2, *shape], rng) for _ in "xy")
    a, b = mo.array(x)[R(1, 2)], mo.array(y)[R(1, 2)]
    expected = OPERATORS[operator](x[1:], y[1:])
    same(mo.op(a, operator, b), expected, NDArray.bool if operator in COMPARISONS else code)


@settings(max_examples=150, deadline=None)
@given(seeds, st.lists(st.integers(1, 6), min_size=1, max_size=4), st.data())
def test_op_repeats_the_smaller_array(seed, shape, data):
    rng = np.random.default_rng(seed)
    cut = data.draw(st.integers(0, len(shape)))
    code, other = data.draw(st.sampled_from(FLOATS)), data.draw(st.sampled_from(FLOATS))
    operator = data.draw(st.sampled_from(list(OPERATORS)))
    x, y = draw_array(code, shape, rng), draw_array(other, shape[cut:], rng)
    finer = max(code, other)
    t = NUMPY_TYPES[finer]
    result = NDArray.bool if operator in COMPARISONS else finer
    same(mo.op(mo.array(x), operator, mo.array(y)), OPERATORS[operator](x.astype(t), y.astype(t)), result)
    same(mo.op(mo.array(y), operator, mo.array(x)), OPERATORS[operator](y.astype(t), x.astype(t)), result)


@settings(max_examples=200, deadline=None)
@given(seeds, st.sampled_from(REAL), st.sampled_from(REAL), st.sampled_from(["+", "-", "*", *COMPARISONS]))
def test_op_of_any_two_types(seed, left, right, operator):
    rng = np.random.default_rng(seed)
    x, y = draw_array(left, [7], rng), draw_array(right, [7], rng)
    result = mo.op(mo.array(x), operator, mo.array(y))
    if operator in COMPARISONS:
        # exact: all drawn integers and floats fit a double
        same(result, OPERATORS[operator](x.astype(float), y.astype(float)), NDArray.bool)
        return
    finer = max((NAMES[left], NAMES[right]), key=PRECISION.index)
    assert NAMES[result.dtype()] == finer
    exact = OPERATORS[operator](x.astype(float), y.astype(float))
    if finer == "bool":
        same(result, exact != 0)
    elif finer.startswith("float"):
        np.testing.assert_allclose(np.asarray(result), exact.astype(finer), rtol=1e-6 if finer != "float16" else 1e-3)
    else:
        same(result, exact.astype(np.int64).astype(finer))


@settings(max_examples=150, deadline=None)
@given(seeds, st.sampled_from(REAL), st.sampled_from(list(OPERATORS)), st.sampled_from([2, -3, 0.5, -1.25, 1e30, True]))
def test_op_with_a_number(seed, code, operator, value):
    x = draw_array(code, [6], np.random.default_rng(seed))
    a = mo.array(x)
    if operator in COMPARISONS:
        same(mo.op(a, operator, value), OPERATORS[operator](x.astype(float), value), NDArray.bool)
        same(mo.op(value, operator, a), OPERATORS[operator](value, x.astype(float)), NDArray.bool)
        return
    integral = isinstance(value, int)
    expected_type = code if integral or code == NDArray.float64 else NDArray.float32
    result = mo.op(a, operator, value)
    assert result.dtype() == expected_type
    t = NUMPY_TYPES[expected_type]
    with np.errstate(over="ignore", invalid="ignore"):
        exact = OPERATORS[operator](x.astype(float), float(value))
        if t.kind == "f":
            np.testing.assert_allclose(np.asarray(result), exact.astype(t), rtol=2e-3 if t == np.float16 else 1e-6)
        elif t.kind == "b":
            same(result, exact != 0)
        else:
            same(result, np.trunc(exact).astype(np.int64).astype(t))


def test_comparison_with_a_number_that_the_type_does_not_hold():
    # 0.1 in float32 lies above the double 0.1, 0.3 above and 0.7 below theirs
    largest = np.finfo(np.float32).max
    for value in (0.1, 0.3, 0.7, -0.1, 1e300, -1e300, float("inf"), float("-inf"), float("nan"), 2.0**-160):
        near = np.float32(np.clip(value, -largest, largest))
        x = np.array([near, np.nextafter(near, np.float32(9)), -np.inf, np.inf, np.nan, 0, largest], np.float32)
        for operator in COMPARISONS:
            expected = OPERATORS[operator](x.astype(float), value)
            same(mo.op(mo.array(x), operator, value), expected)
            same(mo.op(value, operator, mo.array(x)), OPERATORS[operator](value, x.astype(float)))


def test_comparison_of_integers_beyond_their_type():
    x = mo.array([-128, 0, 127], NDArray.int8)
    same(mo.op(x, "<", 300), [True] * 3)
    same(mo.op(x, "==", -129), [False] * 3)
    same(mo.op(x, ">", 10**30), [False] * 3)
    same(mo.op(x, ">=", 126.5), [False, False, True])
    big = mo.array([2**63 + 5], NDArray.uint64)
    same(mo.op(big, ">", mo.array([-1], NDArray.int8)), [True])
    same(mo.op(big, "==", 2**63 + 5), [True])
    same(mo.op(big, "==", 2**63 + 4), [False])
    same(mo.op(mo.array([2**62 + 1], NDArray.int64), "-", 2**62), [1])


@pytest.mark.parametrize("code", INTEGERS, ids=NAMES.get)
def test_integer_arithmetic(code):
    t = NUMPY_TYPES[code]
    x, y = np.array([7, 100, 3, 0], t), np.array([2, 3, 7, 5], t)
    a, b = mo.array(x), mo.array(y)
    same(mo.op(a, "/", b), [3, 33, 0, 0], code)
    same(mo.op(a, "%", b), [1, 1, 3, 0], code)
    same(mo.op(a, "/", 3), [2, 33, 1, 0], code)
    same(mo.op(a, "%", 300), x, code)
    same(mo.op(100, "/", b), [50, 33, 14, 20], code)
    same(mo.op(100, "%", b), [0, 1, 2, 0], code)
    same(mo.op(b, "**", 2), y**2, code)
    same(mo.op(2, "**", b), [4, 8, np.array(128).astype(t), 32], code)
    if t.kind == "i":
        n = mo.array([-7, 7], code)
        same(mo.op(n, "/", 2), [-3, 3])
        same(mo.op(n, "%", 4), [-3, 3])
        same(mo.op(n, "/", mo.array([2, -2], code)), [-3, -3])
        same(mo.op(n, "/", 2**40), [0, 0])


def test_integer_sums_wrap():
    same(mo.op(mo.array([127], NDArray.int8), "+", 1), [-128])
    same(mo.op(mo.array([250], NDArray.uint8), "+", 300), [38])
    same(mo.op(mo.array([100], NDArray.int8), "+", 200), [44])
    same(mo.op(mo.array([100], NDArray.int8), "*", 301), [-108])
    same(mo.op(mo.array([100], NDArray.int8), "*", mo.array([3], NDArray.uint8)), [44], NDArray.uint8)


def test_division_of_mixed_signs():
    same(mo.op(mo.array([-7], NDArray.int8), "/", mo.array([2], NDArray.uint8)), [253], NDArray.uint8)
    same(mo.op(mo.array([-7], NDArray.int32), "%", mo.array([4], NDArray.uint32)), [2**32 - 3], NDArray.uint32)


def test_remainder_is_of_integers_also_for_floats():
    x = arr([7.9, -7.9, 3.5, 0.5])
    same(mo.op(x, "%", 3), [1, -1, 0, 0], NDArray.float32)
    same(mo.op(x, "%", 3.9), [1, -1, 0, 0])
    same(mo.op(7.9, "%", arr([2.5, 3.5])), [1, 1])
    same(mo.op(x, "%", arr([2.9, 2.9, 2.9, 1.9])), [1, -1, 1, 0])


@pytest.mark.parametrize("code", FLOATS, ids=NAMES.get)
def test_powers(code):
    x = np.array([0.5, 2, 3, 10], NUMPY_TYPES[code])
    a = mo.array(x)
    np.testing.assert_allclose(np.asarray(mo.op(a, "**", 2.5)), x**2.5, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(mo.op(1.5, "**", a)), 1.5**x, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(mo.op(a, "**", a)), x**x, rtol=1e-6)


def test_zero_divide():
    f, i = arr([1, 2]), mo.array([1, 2], NDArray.int32)
    zeros = mo.array([1, 0], NDArray.int32)
    for bad in (
        lambda: mo.op(f, "/", 0),
        lambda: mo.op(f, "/", 0.0),
        lambda: mo.op(i, "/", 0),
        lambda: mo.op(i, "%", 0),
        lambda: mo.op(f, "%", 0.5),
        lambda: mo.op(i, "/", zeros),
        lambda: mo.op(i, "%", zeros),
        lambda: mo.op(5, "%", zeros),
        lambda: mo.op(5, "/", zeros),
        lambda: mo.op(f, "%", arr([1, 0.5])),
        lambda: mo.op(f, "%", zeros),
        lambda: mo.op(mo.array([True], NDArray.bool), "/", mo.array([False], NDArray.bool)),
    ):
        with pytest.raises(RuntimeException, match="Zero divide error"):
            bad()
    same(mo.op(f, "/", arr([0, 2])), [np.inf, 1])
    same(mo.op(0, "/", arr([0.0, 2]))[1], 0)


def test_multiplying_keeps_the_sign_of_zero():
    x = np.asarray(mo.op(arr([0.0, -0.0]), "*", 1))
    assert np.signbit(x).tolist() == [False, True]


@pytest.mark.parametrize("n", [1, 1000, 40000, 70001])
def test_large_arrays_and_mixed_types(n):
    x, y = np.arange(n, dtype=np.int32), np.linspace(0, 1, n, dtype=np.float32)
    expected = (x.astype(float) + y).astype(np.float32)
    same(mo.op(mo.array(x), "+", mo.array(y)), expected, NDArray.float32)
    rows = np.stack([x, x[::-1]])
    same(mo.op(mo.array(rows), "*", mo.array(y)), (rows * y.astype(float)).astype(np.float32))
    same(mo.op(mo.array(y), "-", mo.array(rows)), (y.astype(float) - rows).astype(np.float32))
    tall = np.ascontiguousarray(rows.T)
    same(mo.op(mo.array(tall), "+", mo.array([0.5, 1.5])), (tall + np.array([0.5, 1.5])).astype(np.float32))
    same(mo.op(mo.array(tall), ">", mo.array([10.5, 20.5])), tall > [10.5, 20.5])


def test_result_array():
    x, y = arr([[1, 2], [3, 4]]), arr([10, 20])
    r = mo.zeros([2, 2])
    assert mo.op(x, "+", y, r) is r
    same(r, [[11, 22], [13, 24]])
    assert mo.op(x, "*", 2, R=x) is x
    same(x, [[2, 4], [6, 8]])
    b = mo.zeros([2], NDArray.bool)
    same(mo.op(y, ">", 15, b), [False, True])


def test_result_that_overlaps_its_operands():
    data = arr(np.arange(8))
    mo.op(data[R(0, 4)], "+", data[R(2, 6)], data[R(1, 5)])
    same(data, [0, 2, 4, 6, 8, 5, 6, 7])
    matrix = arr([[1, 2], [3, 4]])
    mo.op(matrix, "*", matrix[1], matrix)
    same(matrix, [[3, 8], [9, 16]])


@pytest.mark.parametrize(
    "result", [NDArrayPhp([1, 2, 3]), NDArrayPhp([[1, 2]]), NDArrayPhp([1, 2], NDArray.float64), [1, 2], 5]
)
def test_result_of_another_shape_or_type(result):
    with pytest.raises(InvalidArgumentException):
        mo.op(arr([1, 2]), "+", arr([1, 2]), result)


def test_read_only_result():
    x = np.zeros(2, np.float32)
    x.flags.writeable = False
    with pytest.raises(LogicException, match="read-only"):
        mo.op(arr([1, 2]), "+", 1, mo.asarray(x))


def test_op_errors():
    x = arr([[1, 2], [3, 4]])
    with pytest.raises(InvalidArgumentException, match='Unknown operator: "@"'):
        mo.op(x, "@", x)
    with pytest.raises(InvalidArgumentException, match="Requires at least one matrix"):
        mo.op(1, "+", 2)
    for other in ([[1, 2, 3]], [[1, 2]], [1, 2, 3], [[[1, 2]]]):
        with pytest.raises(InvalidArgumentException, match=r"shape of the matrix must be the same.*\(2,2\)"):
            mo.op(x, "+", arr(other))
    with pytest.raises(RuntimeException, match="Illegal dtype: complex64"):
        mo.op(mo.zeros([2], NDArray.complex64), "+", 1)
    for other in (None, "a", object()):
        with pytest.raises(InvalidArgumentException, match="NDArray"):
            mo.op(x, "+", other)


def test_op_of_numpy_arrays_and_lists():
    same(mo.op(np.float32([1, 2]), "+", [1, 1]), [2, 3])
    same(mo.op(arr([1, 2]), "+", np.float32(1)), [2, 3], NDArray.float32)
    same(mo.op(arr([1, 2]), "+", mo.array(1)), [2, 3], NDArray.float32)
    same(mo.op(mo.array([1, 2], NDArray.int8), "+", np.int64(1)), [2, 3], NDArray.int8)


def test_op_of_empty_arrays():
    same(mo.op(mo.zeros([0, 3]), "+", mo.zeros([3])), np.zeros((0, 3)))
    same(mo.op(mo.zeros([2, 0]), "*", mo.zeros([0])), np.zeros((2, 0)))
    same(mo.op(mo.zeros([0]), ">", 1), np.zeros(0, bool))
    same(mo.op(mo.zeros([0], NDArray.int32), "/", mo.zeros([0], NDArray.int32)), [])


@settings(max_examples=30, deadline=None)
@given(seeds, shapes, st.sampled_from(REAL))
def test_add(seed, shape, code):
    rng = np.random.default_rng(seed)
    x, y = draw_array(code, shape, rng), draw_array(code, shape, rng)
    same(mo.add(mo.asarray(np.asarray(x)), mo.asarray(np.asarray(y))), x + y, code)


def test_add_errors():
    with pytest.raises(InvalidArgumentException, match=r"Unmatch shape of dimension to add: \(2\),\(3\)"):
        mo.add(arr([1, 2]), arr([1, 2, 3]))
    with pytest.raises(InvalidArgumentException, match="float32 and float64"):
        mo.add(arr([1]), arr([1], NDArray.float64))


def test_complex_add_and_scale():
    z = mo.array([C(1, 2)], NDArray.complex64)
    same(mo.add(z, z), [2 + 4j])
    same(mo.scale(2, z), [2 + 4j])
    same(mo.scale(1j, z), [-2 + 1j])
    same(z, [1 + 2j])


def test_scale():
    x = arr([1, -2, 3])
    same(mo.scale(2, x), [2, -4, 6], NDArray.float32)
    same(mo.scale(1.5, mo.array([3, 5], NDArray.int32)), [4, 7], NDArray.int32)
    same(x, [1, -2, 3])
    with pytest.raises(InvalidArgumentException, match="the scalar must be a numeric: str"):
        mo.scale("2", x)


# ---- products


@settings(max_examples=80, deadline=None)
@given(
    seeds,
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.lists(st.integers(1, 4), max_size=2),
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from([NDArray.float32, NDArray.float64, NDArray.int32, NDArray.int64, NDArray.uint8]),
)
def test_cross_is_numpys_dot(seed, left, middle, k, n, code):
    rng = np.random.default_rng(seed)
    x, y = draw_array(code, [*left, k], rng), draw_array(code, [*middle, k, n], rng)
    result = mo.cross(mo.array(x) if len(left) > 0 else None, mo.array(y))
    expected = np.dot(x.astype(float), y.astype(float))
    assert result.dtype() == code
    if code in FLOATS:
        np.testing.assert_allclose(np.asarray(result), expected, rtol=1e-4, atol=1e-3)
    else:
        same(result, expected.astype(np.int64).astype(NUMPY_TYPES[code]))
    v = draw_array(code, [k], rng)
    w = mo.cross(mo.array(x), mo.array(v))
    np.testing.assert_allclose(
        np.asarray(w).astype(float),
        np.dot(x.astype(float), v).astype(np.int64).astype(NUMPY_TYPES[code])
        if code not in FLOATS
        else np.dot(x.astype(float), v.astype(float)),
        rtol=1e-4,
        atol=1e-3,
    )


def test_cross_of_views_and_complex():
    x = arr(np.arange(24).reshape(2, 3, 4))
    same(mo.cross(x[1], mo.transpose(x[0])), np.dot(np.asarray(x)[1], np.asarray(x)[0].T))
    z = mo.array([[C(1, 1), C(0, 2)]], NDArray.complex64)
    same(mo.cross(z, mo.transpose(z)), [[-4 + 2j]])


def test_cross_of_empty_arrays():
    same(mo.cross(mo.zeros([2, 0]), mo.zeros([0, 3])), np.zeros((2, 3)))
    same(mo.cross(mo.zeros([0, 2]), mo.zeros([2, 3])), np.zeros((0, 3)))
    same(mo.cross(mo.zeros([2, 0]), mo.zeros([0])), np.zeros(2))


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([2, 3], [2, 3], r"Unmatch shape of dimension to cross multiple: \(2,3\),\(2,3\)"),
        ([2, 3], [4], r"unmatch shape of dimension: \(2,3\),\(4\)"),
        ([3], [3, 2], "unmatch shape of dimension"),
        ([2, 3], [], "unmatch shape of dimension"),
    ],
)
def test_cross_errors(a, b, message):
    with pytest.raises(InvalidArgumentException, match=message):
        mo.cross(mo.zeros(a), mo.zeros(b))


def test_cross_of_unlike_types():
    with pytest.raises(InvalidArgumentException, match="unmatch value type: float32 and float64"):
        mo.cross(mo.zeros([2, 2]), mo.zeros([2, 2], NDArray.float64))
    with pytest.raises(InvalidArgumentException, match="bool"):
        mo.cross(mo.ones([2, 2], NDArray.bool), mo.ones([2, 2], NDArray.bool))


def test_gemm3():
    rng = np.random.default_rng(3)
    a, b, c = rng.random((3, 4)), rng.random((2, 4, 5)), rng.random((3, 2, 5))
    buffers = []
    for x in (a, b, c):
        buffer = Buffer(x.size + 2, NDArray.float64)
        np.asarray(memoryview(buffer))[2:] = x.ravel()
        buffers.append(buffer)
    mo.gemm3(3, 5, 4, 2, 2.0, buffers[0], 2, buffers[1], 2, 0.5, buffers[2], 2)
    result = np.asarray(memoryview(buffers[2]))[2:].reshape(3, 2, 5)
    np.testing.assert_allclose(result, 2 * np.einsum("mk,lkn->mln", a, b) + 0.5 * c)
    with pytest.raises(InvalidArgumentException, match="too large for bufferB"):
        mo.gemm3(3, 5, 4, 3, 2.0, buffers[0], 2, buffers[1], 2, 0.5, buffers[2], 2)
    with pytest.raises(InvalidArgumentException, match="offA"):
        mo.gemm3(3, 5, 4, 2, 2.0, buffers[0], -1, buffers[1], 2, 0.5, buffers[2], 2)
    with pytest.raises(InvalidArgumentException, match="float32"):
        mo.gemm3(1, 1, 1, 1, 1, buffers[0], 0, Buffer(1, NDArray.float32), 0, 1, buffers[2], 0)


def test_dot():
    assert mo.dot(arr([1, 2, 3]), arr([4, 5, 6])) == 32
    assert mo.dot(arr([[1, 2], [3, 4]]), arr([[1, 1], [1, 1]])) == 10
    result = mo.dot(arr([1, 2], NDArray.int32), arr([3, 4], NDArray.int32))
    assert (result, type(result)) == (11, int)
    x = np.random.default_rng(0).random(50000)
    assert mo.dot(mo.array(x), mo.array(x)) == pytest.approx(x @ x, rel=1e-12)
    with pytest.raises(InvalidArgumentException, match="unmatch shape of dimension"):
        mo.dot(arr([1, 2]), arr([1]))
    with pytest.raises(InvalidArgumentException, match="unmatch value type"):
        mo.dot(arr([1]), arr([1], NDArray.float64))


@settings(max_examples=60, deadline=None)
@given(seeds, st.lists(st.integers(0, 5), min_size=1, max_size=5), st.sampled_from(list(NUMPY_TYPES)), st.data())
def test_transpose(seed, shape, code, data):
    x = np.random.default_rng(seed).integers(0, 2, shape).astype(NUMPY_TYPES[code])
    same(mo.transpose(mo.array(x)), x.T, code)
    perm = data.draw(st.permutations(range(len(shape))))
    same(mo.transpose(mo.array(x), perm), x.transpose(perm), code)
    same(mo.transpose(mo.array(x), mo.array(perm, NDArray.int32)), x.transpose(perm))


@pytest.mark.parametrize("perm", [[0], [0, 1, 2], [0, 0], [0, 2], [-1, 0], [0.5, 1]])
def test_bad_permutations(perm):
    with pytest.raises(InvalidArgumentException, match=r"perm"):
        mo.transpose(mo.zeros([2, 3]), perm)
    with pytest.raises(InvalidArgumentException, match="1D"):
        mo.transpose(mo.array(1))


# ---- reductions


REDUCTIONS = {
    "sum": np.sum,
    "asum": lambda x, axis=None: np.sum(np.abs(x), axis=axis),
    "max": np.max,
    "min": np.min,
    "mean": np.mean,
}


@settings(max_examples=120, deadline=None)
@given(seeds, st.lists(st.integers(1, 6), min_size=1, max_size=4), st.sampled_from(list(REDUCTIONS)), st.data())
def test_reductions_of_floats(seed, shape, name, data):
    code = data.draw(st.sampled_from(FLOATS))
    x = draw_array(code, [2, *shape], np.random.default_rng(seed))
    a, x = mo.array(x)[1], x[1]
    reduce = getattr(mo, name)
    total = reduce(a)
    assert type(total) is float
    np.testing.assert_allclose(total, REDUCTIONS[name](x.astype(float)), rtol=1e-5, atol=1e-4)
    axis = data.draw(st.integers(0, len(shape) - 1))
    result = reduce(a, axis)
    expected = REDUCTIONS[name](x.astype(float), axis=axis)
    assert (result.dtype(), result.shape()) == (code, list(expected.shape))
    np.testing.assert_allclose(np.asarray(result), expected, rtol=1e-5, atol=1e-4)


@settings(max_examples=80, deadline=None)
@given(seeds, st.lists(st.integers(1, 6), min_size=1, max_size=3), st.sampled_from(INTEGERS), st.data())
def test_reductions_of_integers(seed, shape, code, data):
    x = draw_array(code, shape, np.random.default_rng(seed)) % 10
    a = mo.array(x)
    axis = data.draw(st.integers(0, len(shape) - 1))
    for name, function in REDUCTIONS.items():
        total, result = getattr(mo, name)(a), getattr(mo, name)(a, axis)
        if name == "mean":
            assert total == pytest.approx(x.mean())
            assert result.dtype() == NDArray.float32
            np.testing.assert_allclose(np.asarray(result), x.mean(axis=axis), rtol=1e-6)
        else:
            assert (total, type(total)) == (function(x.astype(np.int64)), int)
            same(result, function(x.astype(np.int64), axis=axis).astype(x.dtype), code)


@settings(max_examples=80, deadline=None)
@given(seeds, st.lists(st.integers(1, 6), min_size=1, max_size=3), st.sampled_from(REAL[1:]), st.data())
def test_positions(seed, shape, code, data):
    x = draw_array(code, shape, np.random.default_rng(seed))
    a = mo.array(x)
    axis = data.draw(st.integers(0, len(shape) - 1))
    m = np.abs(x.astype(float))
    for name, function, values in (
        ("argMax", np.argmax, x),
        ("argMin", np.argmin, x),
        ("argAmax", np.argmax, m),
        ("argAmin", np.argmin, m),
    ):
        found = getattr(mo, name)(a)
        assert (found, type(found)) == (function(values), int)
        same(getattr(mo, name)(a, axis), function(values, axis=axis), NDArray.int32)
    for name, function in (("amax", np.argmax), ("amin", np.argmin)):
        assert getattr(mo, name)(a) == x.ravel()[function(m)]
        expected = np.take_along_axis(x, np.expand_dims(function(m, axis=axis), axis), axis).squeeze(axis)
        same(getattr(mo, name)(a, axis), expected, code)


def test_reductions_of_half_precision():
    x = np.array([[-1.5, 2, 3], [0.25, -8, 1]], np.float16)
    a = mo.array(x)
    for name, function in REDUCTIONS.items():
        assert getattr(mo, name)(a) == function(x.astype(float))
        same(getattr(mo, name)(a, 1), function(x.astype(float), axis=1).astype(np.float16), NDArray.float16)
    assert (mo.argMax(a), mo.argMin(a), mo.amax(a), mo.amin(a), mo.dot(a, a)) == (2, 4, -8, 0.25, np.sum(x * x))
    same(mo.argAmax(a, 0), [0, 1, 0], NDArray.int32)


def test_truth_values_are_counted():
    x = mo.array([[True, False, True], [True, True, True]], NDArray.bool)
    assert (mo.sum(x), mo.mean(x)) == (5, pytest.approx(5 / 6))
    same(mo.sum(x, 0), [2, 1, 2], NDArray.int32)
    same(mo.sum(x, 1), [2, 3], NDArray.int32)
    assert mo.max(x) is True
    assert mo.min(x) is False


def test_sums_of_complex_numbers():
    z = np.array([[1 + 2j, 3 - 1j], [0.5j, 2]])
    for code in (NDArray.complex64, NDArray.complex128):
        a = mo.array(z, code)
        assert mo.sum(a) == z.sum()
        same(mo.sum(a, 0), z.sum(0), code)
        same(mo.mean(a, 1), z.mean(1), code)
        assert mo.mean(a) == z.mean()
        for name in ("asum", "max", "amin", "argMax"):
            with pytest.raises(InvalidArgumentException, match="complex"):
                getattr(mo, name)(a)


def test_the_largest_sums():
    assert mo.sum(mo.array([2**64 - 1], NDArray.uint64)) == 2**64 - 1
    assert mo.sum(mo.array([2**62, 2**62], NDArray.uint64)) == 2**63
    assert mo.sum(mo.full([1000], 127, NDArray.int8)) == 127000
    assert mo.asum(mo.array([-128, -128], NDArray.int8)) == 256


def test_long_sums_are_accurate():
    x = np.full(1_000_000, 0.1, np.float32)
    assert mo.sum(mo.array(x)) == pytest.approx(x.astype(float).sum(), rel=1e-7)
    a = mo.array(np.arange(300000, dtype=np.float32).reshape(3, 100000))
    np.testing.assert_allclose(np.asarray(mo.sum(a, 1)), np.asarray(a).astype(float).sum(1), rtol=1e-6)
    assert mo.max(a) == 299999
    assert mo.argMax(a) == 299999


def test_nan_shows():
    a = arr([[1, np.nan], [3, 4]])
    for name in ("sum", "max", "min", "mean"):
        assert np.isnan(getattr(mo, name)(a))
        assert np.isnan(np.asarray(getattr(mo, name)(a, 1))).tolist() == [True, False]


@pytest.mark.parametrize("name", ["sum", "asum", "max", "min", "mean", "amax", "amin", "argMax", "argMin", "argAmax"])
def test_bad_axes(name):
    for axis in (-1, 2, 100):
        with pytest.raises(InvalidArgumentException, match=rf"Invalid axis: axis={axis},shape=\[2,3\]"):
            getattr(mo, name)(mo.zeros([2, 3]), axis)
    for axis in ("0", 1.0, True):
        with pytest.raises(InvalidArgumentException, match="Invalid axis"):
            getattr(mo, name)(mo.zeros([2, 3]), axis)
    with pytest.raises(InvalidArgumentException, match="NDArray"):
        getattr(mo, name)("abc")


def test_reductions_of_no_elements():
    a = mo.zeros([0, 3])
    assert mo.sum(a) == 0
    same(mo.sum(a, 0), [0, 0, 0])
    assert mo.sum(a, 1).shape() == [0]
    for name in ("max", "min", "mean", "amax", "argMax", "argMin"):
        with pytest.raises(InvalidArgumentException, match="no elements"):
            getattr(mo, name)(a)
        with pytest.raises(InvalidArgumentException, match="no elements"):
            getattr(mo, name)(a, 0)


# ---- functions, choosing


def test_f_and_u():
    x = arr([[1, 2], [3, 4]])
    row = x[1]
    same(mo.f(lambda v, k, m: v * k + m, row, 10, 1), [31, 41], NDArray.float32)
    assert mo.u(row, lambda v: -v) is row
    same(x, [[1, 2], [-3, -4]])
    same(mo.f("sqrt", mo.array([4, 2.25])), [2, 1.5])
    same(mo.u(mo.array([-4, 2]), "ABS"), [4, 2])
    with pytest.raises(InvalidArgumentException, match="no function 'sqroot'"):
        mo.f("sqroot", x)
    same(mo.f(lambda v: v / 2, mo.array([5], NDArray.int32)), [2], NDArray.int32)
    with pytest.raises(InvalidArgumentException):
        mo.f(lambda v: "a", x)
    with pytest.raises(ZeroDivisionError):
        mo.u(x, lambda v: v / 0)


@settings(max_examples=60, deadline=None)
@given(seeds, shapes, st.sampled_from(list(NUMPY_TYPES)))
def test_select_by_truth(seed, shape, code):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, shape).astype(NUMPY_TYPES[code])
    m = rng.random(shape) < 0.5
    same(mo.select(mo.asarray(np.asarray(x)), mo.asarray(np.asarray(m))), x[m].ravel(), code)


@settings(max_examples=80, deadline=None)
@given(seeds, st.lists(st.integers(1, 5), min_size=1, max_size=4), st.lists(st.integers(0, 3), max_size=2), st.data())
def test_select_by_index(seed, shape, mask_shape, data):
    rng = np.random.default_rng(seed)
    x = rng.random((2, *shape)).astype(np.float32)
    k = data.draw(st.integers(1, len(shape)))
    masks = [rng.integers(0, shape[d], mask_shape).astype(np.int64) for d in range(k)]
    code = data.draw(st.sampled_from(INTEGERS))
    result = mo.select(mo.array(x)[1], *(mo.array(m, code) for m in masks))
    same(result, x[1][tuple(masks)])


def test_select_by_lists():
    x = arr([[1, 2], [3, 4], [5, 6]])
    same(mo.select(x, [2, 0]), [[5, 6], [1, 2]])
    same(mo.select(x, [[True, False], [False, True], [False, False]]), [1, 4])
    same(mo.select(x, np.array([1]), np.array([1])), [4])
    same(mo.select(x, []), np.zeros((0, 2)))


@pytest.mark.parametrize("code", FLOATS)
def test_later_indexes_may_be_floats(code):
    x = arr(np.arange(9).reshape(3, 3))
    columns = mo.array([0, 1, 2], code)
    same(mo.select(x, mo.arange(3), columns), [0, 4, 8])
    same(mo.update(x, "=", 9, mo.arange(3), columns), [[9, 1, 2], [3, 9, 5], [6, 7, 9]])


def test_select_errors():
    x = arr([[1, 2, 3], [4, 5, 6]])
    i = mo.array([0, 1], NDArray.int32)
    for masks, message in (
        ([], "Need The mask matrix"),
        ([arr([0, 1])], "bool or int"),
        ([mo.ones([2, 3], NDArray.bool)] * 2, "must be only one"),
        ([mo.ones([3, 2], NDArray.bool)], "must be the same"),
        ([i, mo.array([0], NDArray.int32)], r"must all be the same.: \(2\),\(1\)"),
        ([i, i, i], "To many indexing matrix"),
        ([i, mo.ones([2], NDArray.bool)], "bool or int"),
        ([i, arr([0, 0.5])], "bool or int"),
        ([i, arr([0, np.nan])], "bool or int"),
        (["ab"], "mask matrix"),
    ):
        with pytest.raises(InvalidArgumentException, match=message):
            mo.select(x, *masks)
    for bad in ([2], [-1], [10**6]):
        with pytest.raises(OutOfRangeException, match="out of range"):
            mo.select(x, mo.array(bad, NDArray.int32))
    with pytest.raises(OutOfRangeException, match="dimension 1"):
        mo.select(x, i, mo.array([0, 3], NDArray.int64))


UPDATES = {
    "=": lambda x, v: np.full_like(x, v),
    "+=": lambda x, v: x + v,
    "-=": lambda x, v: x - v,
    "*=": lambda x, v: x * v,
    "/=": lambda x, v: x / v,
    "%=": lambda x, v: np.fmod(np.trunc(x), np.trunc(v)),
    "**=": lambda x, v: x**v,
}


@settings(max_examples=100, deadline=None)
@given(seeds, shapes, st.sampled_from(list(UPDATES)), st.sampled_from([2, 3.5, -1, 2.5]), st.sampled_from(FLOATS))
def test_update_by_truth(seed, shape, operator, value, code):
    rng = np.random.default_rng(seed)
    x = (rng.random((2, *shape)) * 5 + 0.1).astype(NUMPY_TYPES[code])
    m = rng.random((1, *shape)) < 0.5
    expected = x.astype(float)
    expected[1:][m] = UPDATES[operator](expected[1:][m], value)
    whole = mo.array(x)
    target = whole[R(1, 2)]
    mask = mo.array(m)
    assert mo.update(target, operator, value, mask) is target
    np.testing.assert_allclose(np.asarray(whole), expected, rtol=2e-6)


def test_update_by_index():
    x = arr(np.arange(12).reshape(3, 4))
    mo.update(x, "*=", 10, mo.array([2, 0], NDArray.int32))
    same(x, [[0, 10, 20, 30], [4, 5, 6, 7], [80, 90, 100, 110]])
    mo.update(x, "=", -1, mo.array([[0, 1]], NDArray.int32), mo.array([[3, 2]], NDArray.uint8))
    same(x, [[0, 10, 20, -1], [4, 5, -1, 7], [80, 90, 100, 110]])


def test_update_counts_repeated_indexes():
    count = mo.zeros([3])
    mo.update(count, "+=", 1, mo.array([0, 2, 2, 2], NDArray.int32))
    same(count, [1, 0, 3])


def test_update_of_integers():
    x = mo.array([7, -7, 100], NDArray.int8)
    everything = mo.ones([3], NDArray.bool)
    same(mo.update(mo.copy(x), "/=", 2, everything), [3, -3, 50])
    same(mo.update(mo.copy(x), "%=", 4, everything), [3, -3, 0])
    same(mo.update(mo.copy(x), "%=", 300, everything), [7, -7, 100])
    same(mo.update(mo.copy(x), "+=", 0.6, everything), [7, -6, 100])
    same(mo.update(mo.copy(x), "*=", 1.5, everything), [10, -10, 127])
    same(mo.update(mo.zeros([1], NDArray.complex64), "=", 1j, mo.ones([1], NDArray.bool)), [1j])


def test_update_errors():
    x = arr([1, 2])
    m = mo.ones([2], NDArray.bool)
    for call, error in (
        (lambda: mo.update(x, "?", 1, m), InvalidArgumentException),
        (lambda: mo.update(x, "=", 1), InvalidArgumentException),
        (lambda: mo.update(x, "=", "a", m), InvalidArgumentException),
        (lambda: mo.update(x, "=", x, m), InvalidArgumentException),
        (lambda: mo.update(x, "=", 1, arr([1, 1])), InvalidArgumentException),
        (lambda: mo.update(x, "=", 1, mo.ones([3], NDArray.bool)), InvalidArgumentException),
        (lambda: mo.update(x, "/=", 0, m), RuntimeException),
        (lambda: mo.update(x, "%=", 0.5, m), RuntimeException),
        (lambda: mo.update(x, "=", 1, mo.array([2], NDArray.int32)), OutOfRangeException),
        (lambda: mo.update([1, 2], "=", 1, m), InvalidArgumentException),
    ):
        with pytest.raises(error):
            call()
    same(x, [1, 2])


def test_pos2index():
    for pos in range(24):
        assert mo.pos2index(pos, [2, 3, 4]) == [int(i) for i in np.unravel_index(pos, (2, 3, 4))]
    assert mo.pos2index(7, [2, 3]) == [2, 1]
    assert mo.pos2index(0, []) == []


def test_projection():
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    a = mo.array(x)
    same(mo.projection(a, [1, -1, 2]), x[1, :, 2])
    same(mo.projection(a, [None, 0, 3]), x[:, 0, 3])
    same(mo.projection(a[1], [2, None]), x[1, 2])
    for idx, error in (([1, 2], "rank"), ([-1, -1, 0], "one variable axis"), ([0, 0, 0], "not have variable axis")):
        with pytest.raises(InvalidArgumentException, match=error):
            mo.projection(a, idx)
    with pytest.raises(OutOfRangeException):
        mo.projection(a, [2, -1, 0])


# ---- types and printing


def test_kinds_of_types():
    kinds = [(NDArray.bool, 0, 0), (NDArray.int8, 1, 0), (NDArray.uint64, 1, 0), (NDArray.float16, 0, 1)]
    for code, integer, floating in [*kinds, (NDArray.float64, 0, 1), (NDArray.complex64, 0, 0)]:
        assert (mo.isIntType(code), mo.isFloatType(code)) == (integer, floating)
    assert mo.dtypeToString(NDArray.float32) == "float32"
    assert mo.dtypeToString(np.int8) == "int8"
    assert mo.dtypeToString(99) == "Unknown"
    assert mo.shapeToString([2, 3]) == "(2,3)"
    assert mo.shapeToString([]) == "()"


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        (6, None, "6"),
        (0.1, None, "0.10000000149012"),
        (0.1, NDArray.float64, "0.1"),
        (1.5e-7, NDArray.float64, "1.5E-7"),
        (1e20, NDArray.float64, "1.0E+20"),
        (-2.5e100, NDArray.float64, "-2.5E+100"),
        (123456789012345678, NDArray.float64, "1.2345678901235E+17"),
        (99999999999999, NDArray.float64, "99999999999999"),
        (0.0001, NDArray.float64, "0.0001"),
        (0.00001234, NDArray.float64, "1.234E-5"),
        (-0.0, None, "-0"),
        (float("nan"), None, "NAN"),
        (float("inf"), None, "INF"),
        (float("-inf"), None, "-INF"),
        (7, NDArray.int32, "7"),
        (2**64 - 1, NDArray.uint64, "18446744073709551615"),
        (True, NDArray.bool, "1"),
        (False, NDArray.bool, ""),
        (C(1, -2), NDArray.complex64, "1-2i"),
        ([1, 2.5, 1e-5], NDArray.float64, "[1,2.5,1.0E-5]"),
        ([True, False], NDArray.bool, "[true,false]"),
        ([[1, 2], [3, 4]], NDArray.int8, "[[1,2],[3,4]]"),
        ([[C(1, 2), C(3.5, -4)]], NDArray.complex64, "[[1+2i,3.5-4i]]"),
        ([[[1]], [[2]]], None, "[[[1]],[[2]]]"),
        ([0.5, -1.5], NDArray.float16, "[0.5,-1.5]"),
    ],
)
def test_to_string(value, dtype, text):
    assert mo.toString(mo.array(value, dtype)) == text


@pytest.mark.parametrize("shape", [[0], [2, 0], [0, 3]])
def test_to_string_of_nothing(shape):
    assert mo.toString(mo.zeros(shape)).replace("[]", "").strip("[],") == ""


def test_to_string_with_a_format():
    a = arr([[1, -2.345], [300, 0.5]])
    assert mo.toString(a, "%6.2f") == "[[  1.00, -2.35],[300.00,  0.50]]"
    assert mo.toString(a, "%d") == "[[1,-2],[300,0]]"
    assert mo.toString(a, "%s") == "[[1,-2.3450000286102],[300,0.5]]"
    assert mo.toString(a, "") == mo.toString(a)
    assert mo.toString(mo.array(2.5), "%5.2f") == " 2.50"
    z = mo.array([C(1, 2), C(-3, -4.5)], NDArray.complex64)
    assert mo.toString(z, "%3.1f%+3.1fi") == "[1.0+2.0i,-3.0-4.5i]"
    assert mo.toString(z, "%+3.1f") == "[+1.0,-3.0]"
    assert mo.toString(mo.array([1]), "x") == "[x]"
    for format in ("%d %d", "%q", "%"):
        with pytest.raises(InvalidArgumentException, match="format"):
            mo.toString(a, format)
    with pytest.raises(InvalidArgumentException, match="format"):
        mo.toString(a, 3)


def test_to_string_indented():
    a = arr(np.arange(8).reshape(2, 2, 2))
    assert mo.toString(a[0], indent=True) == "[\n [0,1],\n [2,3]\n]"
    assert mo.toString(a, "%2.0f", True) == ("[\n [\n  [ 0, 1],\n  [ 2, 3]\n ],\n [\n  [ 4, 5],\n  [ 6, 7]\n ]\n]")
    assert mo.toString(a[0], None, 3) == "[\n   [0,1],\n   [2,3]\n  ]"
    assert mo.toString(a[0], None, 0) == mo.toString(a[0], None, False) == "[[0,1],[2,3]]"
    assert mo.toString(arr([1, 2]), None, True) == "[1,2]"


def test_to_string_of_what_holds_an_array():
    class Variable(NDArray):
        def value(self):
            return arr([1, 2])

    assert mo.toString(Variable()) == "[1,2]"
    assert mo.toString(np.float32([1, 2])) == "[1,2]"
    with pytest.raises(InvalidArgumentException, match="NDArray"):
        mo.toString("abc")


# ---- the other objects


def test_names_in_any_case():
    a = arr([1, 2])
    assert mo.TOSTRING(a) == mo.tostring(a) == "[1,2]"
    assert mo.argmax(a) == 1
    assert not hasattr(mo, "tostrin")
    with pytest.raises(AttributeError, match="did you mean toString"):
        mo.tostrin(a)
    with pytest.raises(LogicException, match=r"MatrixOperator has no 'xyzzy'$"):
        mo.xyzzy()


def test_service_of_the_operator():
    assert mo.isAdvanced() is True
    assert mo.isAccelerated() is False
    assert mo.info() == mo.service().info()
    other = MatrixOperator(service=mo.service())
    assert other.service() is mo.service()
    with pytest.raises(InvalidArgumentException, match="Service"):
        MatrixOperator(service="x")


def test_no_accelerator():
    with pytest.raises(LogicException, match="Unknown accelerator"):
        mo.laAccelerated("cuda")
    with pytest.raises(InvalidArgumentException, match="Service level requirements not met"):
        mo.laAccelerated("clblast", {"deviceType": 4})


def test_random_is_kept():
    assert mo.random() is mo.random()


def test_serialized_sets():
    tree = {"a": mo.array([1, 2], NDArray.int32), "b": [arr([[1.5]]), mo.array([True], NDArray.bool)]}
    back = mo.unserializeArray(mo.serializeArray(tree))
    same(back["a"], [1, 2], NDArray.int32)
    same(back["b"][0], [[1.5]], NDArray.float32)
    same(back["b"][1], [True], NDArray.bool)
    same(mo.unserializeArray(mo.serializeArray(arr([[1, 2], [3, 4]])[1])), [3, 4])
    with pytest.raises(RuntimeException, match="invalid format"):
        mo.serializeArray({"a": 1})
    with pytest.raises(RuntimeException):
        mo.unserializeArray(b"rubbish")
