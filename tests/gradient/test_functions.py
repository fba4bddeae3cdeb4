"""Every function of the gradient builder: values against numpy, gradients against central differences in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

from rindow_math.exceptions import InvalidArgumentException, OutOfRangeException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_math.matrix.buffer import NUMPY_TYPES
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient import ArrayShape, MaskedNDArray, Scalar
from rindow_nn.gradient.core import Variable

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()

some = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def numbers(seed, shape):
    """Positive numbers away from 0, where all functions are smooth."""
    return np.random.default_rng(seed).uniform(0.5, 1.5, shape)


def assert_value(found, expected):
    assert isinstance(found, Variable)
    expected = np.asarray(expected)
    assert found.shape() == list(expected.shape)
    assert NUMPY_TYPES[found.dtype()] == expected.dtype
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-12 if expected.dtype == np.float64 else 2e-6)


# --------------------------------------------------------------------------------------------------- elementwise

UNARY = {
    "square": (g.square, np.square),
    "sqrt": (g.sqrt, np.sqrt),
    "exp": (g.exp, np.exp),
    "log": (g.log, np.log),
    "nop": (g.nop, np.copy),
    "stopGradient": (g.stopGradient, np.copy),
    "zerosLike": (g.zerosLike, np.zeros_like),
    "onesLike": (g.onesLike, np.ones_like),
    "scale": (lambda x: g.scale(-2.5, x), lambda x: x.dtype.type(-2.5) * x),
    "increment": (lambda x: g.increment(x, 3), lambda x: x + 3),
    "increment alpha": (lambda x: g.increment(x, 3, -0.5), lambda x: x.dtype.type(-0.5) * x + 3),
    "clipByValue": (lambda x: g.clipByValue(x, 0.8, 1.2), lambda x: np.clip(x, x.dtype.type(0.8), x.dtype.type(1.2))),
    "greater": (lambda x: g.greater(x, 1), lambda x: (x > 1).astype(x.dtype)),
    "less": (lambda x: g.less(x, 1), lambda x: (x < 1).astype(x.dtype)),
}
WITHOUT_GRADIENT = ("stopGradient", "zerosLike", "onesLike", "greater", "less")


@pytest.mark.parametrize("name", UNARY)
@some
@given(shape=array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4), seed=seeds)
def test_unary_values(name, shape, seed):
    function, twin = UNARY[name]
    x = numbers(seed, shape)
    assert_value(function(g.Variable(x)), twin(x))
    assert_value(function(mo.array(x.astype(np.float32))), twin(x.astype(np.float32)))


@pytest.mark.parametrize("name", [n for n in UNARY if n not in WITHOUT_GRADIENT])
@some
@given(shape=array_shapes(min_dims=0, max_dims=3, max_side=3), seed=seeds)
def test_unary_gradients(name, check_gradient, shape, seed):
    x = numbers(seed, shape)
    x[np.abs(x - 0.8) < 1e-4] += 1e-3  # away from the kinks of clipByValue
    x[np.abs(x - 1.2) < 1e-4] += 1e-3
    check_gradient(UNARY[name][0], x, seed=seed)


@pytest.mark.parametrize("name", WITHOUT_GRADIENT)
def test_functions_that_cut_the_path(name):
    x = g.Variable(np.ones(2))
    with g.GradientTape() as tape:
        y = UNARY[name][0](x)
        z = g.square(y)
    with pytest.raises(InvalidArgumentException, match="source #1"):
        tape.gradient(z, x)


BINARY = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}


@pytest.mark.parametrize("name", BINARY)
@some
@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=3), seed=seeds)
def test_binary_values(name, shapes, seed):
    x, y = (numbers(seed + i, shape) for i, shape in enumerate(shapes.input_shapes))
    assert_value(getattr(g, name)(g.Variable(x), g.Variable(y)), BINARY[name](x, y))
    x, y = x.astype(np.float32), y.astype(np.float32)
    assert_value(getattr(g, name)(mo.array(x), y), BINARY[name](x, y))


@pytest.mark.parametrize("name", BINARY)
@some
@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3), seed=seeds)
def test_binary_gradients(name, check_gradient, shapes, seed):
    x, y = (numbers(seed + i, shape) for i, shape in enumerate(shapes.input_shapes))
    check_gradient(getattr(g, name), x, y, seed=seed)
    check_gradient(lambda v: getattr(g, name)(v, y), x, seed=seed)
    check_gradient(lambda v: getattr(g, name)(x, v), y, seed=seed)


@pytest.mark.parametrize("name", BINARY)
def test_one_variable_twice(name, check_gradient):
    check_gradient(lambda x: getattr(g, name)(x, x), numbers(1, (2, 3)))


@pytest.mark.parametrize(("name", "twin"), [("equal", np.equal), ("notEqual", np.not_equal)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
def test_equality(name, twin, dtype):
    x, y = np.array([[1, 2], [3, 4]], dtype), np.array([1, 4], dtype)
    assert_value(getattr(g, name)(x, y), twin(x, y).astype(dtype))


def test_special_values():
    x = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-310])
    with np.errstate(all="ignore"):
        for name in ("square", "exp"):
            assert_value(getattr(g, name)(x), getattr(np, name)(x))
        np.testing.assert_array_equal(np.asarray(g.sqrt(x)), np.sqrt(x))
        np.testing.assert_array_equal(np.asarray(g.add(x, 0.0 * x)), x + 0.0 * x)
        np.testing.assert_array_equal(np.asarray(g.clipByValue(x, -1, 1)), np.clip(x, -1, 1))
        np.testing.assert_array_equal(np.asarray(g.equal(x, x)), (x == x).astype(float))


def test_clip_passes_the_gradient_strictly_inside():
    x = g.Variable([0.0, 1.0, 1.5, 2.0, 3.0])
    with g.GradientTape() as tape:
        y = g.clipByValue(x, 1, 2)
    assert y.toArray() == [1, 1, 1.5, 2, 2]
    assert tape.gradient(y, x).toArray() == [0, 0, 1, 0, 0]


def test_scale_and_increment_by_variables(check_gradient):
    x = numbers(3, (2, 3))
    check_gradient(g.scale, 0.7, x)
    check_gradient(g.increment, x, 0.7, -1.3)
    assert g.scale(Scalar(2), [1.0]).toArray() == [2]
    assert g.scale(mo.array(2), [1.0]).toArray() == [2]
    for bad in (
        lambda v: g.scale(v, v),
        lambda v: g.increment(v, v),
        lambda v: g.greater(v, v),
        lambda v: g.less(v, v),
    ):
        with pytest.raises(InvalidArgumentException, match=r"must be a scalar: an array of shape \[2\]"):
            bad(g.Variable([1.0, 2.0]))


# -------------------------------------------------------------------------------------------------------- matmul


@st.composite
def matrices(draw):
    """Two arrays whose matrix product exists, and which of them come transposed."""
    lead = draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3)).input_shapes
    m, k, n = (draw(st.integers(1, 4)) for _ in range(3))
    ta, tb = draw(st.booleans()), draw(st.booleans())
    seed = draw(seeds)
    a = numbers(seed, (*lead[0], *((k, m) if ta else (m, k))))
    b = numbers(seed + 1, (*lead[1], *((n, k) if tb else (k, n))))
    return a, b, ta, tb


@settings(max_examples=60, deadline=None)
@given(matrices())
def test_matmul(check_gradient, given_):
    a, b, ta, tb = given_
    expected = (a.swapaxes(-1, -2) if ta else a) @ (b.swapaxes(-1, -2) if tb else b)
    assert_value(g.matmul(g.Variable(a), b, ta, tb), expected)
    small = g.matmul(a.astype(np.float32), b.astype(np.float32), transpose_a=ta, transpose_b=tb)
    np.testing.assert_allclose(np.asarray(small), expected, rtol=1e-5)
    check_gradient(lambda x, y: g.matmul(x, y, ta, tb), a, b)


@pytest.mark.parametrize(("a", "b"), [((2, 0), (0, 3)), ((0, 2), (2, 3)), ((4, 2, 0), (0, 2)), ((0, 2, 3), (3, 2))])
def test_matmul_of_nothing(a, b):
    assert_value(g.matmul(np.ones(a), np.ones(b)), np.ones(a) @ np.ones(b))


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ((2,), (2,), r"Dimensions rank must be greater then 2D or equal:\[2\]<=>\[2\]"),
        ((2, 3), (2, 3), r'number of columns in "A" and the number of rows in "B" must be the same:\[2,3\]<=>\[2,3\]'),
        ((2, 2, 3), (3, 3, 2), r"Matrix size-incompatible for broadcast:\[2,2,3\]<=>\[3,3,2\]"),
        ((), (2, 2), r"Dimensions rank must be greater then 2D or equal:\[\]<=>\[2,2\]"),
        ((2, 3), (3,), r"Dimensions rank must be greater then 2D or equal:\[2,3\]<=>\[3\]"),
    ],
)
def test_matmul_of_what_does_not_fit(a, b, message):
    with pytest.raises(InvalidArgumentException, match=message):
        g.matmul(np.ones(a), np.ones(b))


# ------------------------------------------------------------------------------------------------------ reductions


@pytest.mark.parametrize(("name", "twin"), [("reduceSum", np.sum), ("reduceMean", np.mean)])
@settings(max_examples=40, deadline=None)
@given(data=st.data(), seed=seeds)
def test_reductions(check_gradient, name, twin, data, seed):
    shape = data.draw(array_shapes(min_dims=1, max_dims=4, max_side=4))
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    keepdims = data.draw(st.sampled_from([None, True, False]))
    function = getattr(g, name)
    x = numbers(seed, shape)
    # all elements give a number, with keepdims too
    expected = twin(x) if axis is None else twin(x, axis=axis, keepdims=bool(keepdims))
    assert_value(function(g.Variable(x), axis=axis, keepdims=keepdims), expected)
    if x.size <= 64:
        check_gradient(lambda v: function(v, axis=axis, keepdims=keepdims), x, seed=seed)


@pytest.mark.parametrize("name", ["reduceSum", "reduceMean"])
@pytest.mark.parametrize("axis", [2, -3, 100])
def test_reductions_over_an_axis_that_is_not_there(name, axis):
    with pytest.raises(InvalidArgumentException, match=rf"axis={axis},shape=\(2,3\)"):
        getattr(g, name)(np.ones((2, 3)), axis=axis)


@pytest.mark.parametrize("axis", ["0", 0.0, [0]])
def test_reductions_over_what_is_no_axis(axis):
    with pytest.raises((TypeError, InvalidArgumentException)):
        g.reduceSum(np.ones((2, 3)), axis=axis)


def test_reductions_of_nothing():
    empty = np.zeros((0, 3))
    assert g.reduceSum(empty).toArray() == 0
    assert g.reduceSum(empty, axis=0).toArray() == [0, 0, 0]
    assert g.reduceSum(empty, axis=1).shape() == [0]
    assert np.isnan(np.asarray(g.reduceMean(empty, axis=0))).all()
    assert np.isnan(float(g.reduceMean(empty)))
    x = g.Variable(empty)
    with g.GradientTape() as tape:
        y = g.reduceSum(g.square(x))
    assert tape.gradient(y, x).shape() == [0, 3]


# ---------------------------------------------------------------------------------------------------------- shapes


@some
@given(data=st.data(), seed=seeds)
def test_reshape(check_gradient, data, seed):
    shape = data.draw(array_shapes(min_dims=1, max_dims=3, max_side=4))
    order = data.draw(st.permutations([*shape, 1]))
    target = list(order)
    if data.draw(st.booleans()):
        target[data.draw(st.integers(0, len(target) - 1))] = -1
    x = numbers(seed, shape)
    assert_value(g.reshape(g.Variable(x), target), x.reshape(order))
    check_gradient(lambda v: g.square(g.reshape(v, target)), x, seed=seed)


def test_reshape_targets():
    x = g.Variable(np.arange(6.0))
    assert g.reshape(x, (2, 3)).shape() == [2, 3]
    assert g.reshape(x, ArrayShape([3, 2])).shape() == [3, 2]
    assert g.reshape(x, g.shape(np.ones((2, 3)))).shape() == [2, 3]
    assert g.reshape(x, [g.Variable(2), Scalar(3.0), 1]).shape() == [2, 3, 1]
    assert g.reshape(x, [g.get(g.shape(x), 0), 1]).shape() == [6, 1]
    assert g.reshape(x, mo.array([2, 3], NDArray.int32)).shape() == [2, 3]
    assert g.reshape(np.ones((2, 3)), [0, 3, 1]).shape() == [2, 3, 1], "0 stands for the first size"
    assert g.reshape(1.0, [1, 1]).shape() == [1, 1]
    assert g.reshape([[1.0]], []).shape() == []


@pytest.mark.parametrize("target", [[4], [-1, -1], [-2, 3], [4, -1], [7, -1], []])
def test_reshape_sizes_that_do_not_fit(target):
    with pytest.raises(InvalidArgumentException, match=r"input-shape:\[2,3\], target-shape:\["):
        g.reshape(np.ones((2, 3)), target)


@pytest.mark.parametrize("target", ["6", None, [1.5, 4], ["6"], [None], {}])
def test_reshape_targets_that_are_none(target):
    with pytest.raises(InvalidArgumentException):
        g.reshape(np.ones((2, 3)), target)


@some
@given(data=st.data(), seed=seeds)
def test_transpose(check_gradient, data, seed):
    shape = data.draw(array_shapes(min_dims=1, max_dims=4, max_side=3))
    perm = data.draw(st.none() | st.permutations(range(len(shape))))
    x = numbers(seed, shape)
    assert_value(g.transpose(g.Variable(x), perm), np.transpose(x, perm))
    check_gradient(lambda v: g.transpose(v, perm), x, seed=seed)
    if perm is not None:
        counted_back = [p - len(shape) for p in perm]
        assert_value(g.transpose(x, counted_back), np.transpose(x, perm))


@pytest.mark.parametrize("perm", [[0], [0, 0], [0, 2], [0, 1, 2], [-3, 0], [2**40, 0]])
def test_perms_that_do_not_fit(perm):
    with pytest.raises(InvalidArgumentException, match="perm"):
        g.transpose(np.ones((2, 3)), perm)


def test_shape():
    s = g.shape(np.ones((2, 3)))
    assert isinstance(s, Variable)
    assert s.value() == ArrayShape([2, 3])
    assert g.get(s, 1).value().value() == 3
    assert g.get(s, -1).value().value() == 3
    assert g.get(s, 0, 1).value() == ArrayShape([2])
    assert g.get(g.shape(np.ones((2, 3, 4))), 0, -2).value() == ArrayShape([2, 3])


@some
@given(data=st.data(), seed=seeds)
def test_get(check_gradient, data, seed):
    shape = data.draw(array_shapes(min_dims=1, max_dims=3, max_side=5))
    rows = shape[0]
    offset = data.draw(st.integers(0, rows - 1))
    count = data.draw(st.integers(1, rows - offset))
    x = numbers(seed, shape)
    assert_value(g.get(g.Variable(x), offset), x[offset])
    assert_value(g.get(x, offset - rows), x[offset])
    assert_value(g.get(x, offset, count), x[offset : offset + count])
    assert_value(g.get(x, 0, -1), x)
    check_gradient(lambda v: g.square(g.get(v, offset)), x, seed=seed)
    check_gradient(lambda v: g.square(g.get(v, offset, count)), x, seed=seed)


@pytest.mark.parametrize(
    ("offset", "count"),
    [(3, 0), (-4, 0), (0, 4), (2, 2), (3, 1), (0, -4), (2**62, 2**62), (1, 2**63 - 1), (2**63 - 1, 0), (-(2**63), 1)],
)
def test_rows_that_are_not_there(offset, count):
    # the largest whole numbers that a float tells apart from their neighbours may be refused as such
    with pytest.raises((OutOfRangeException, InvalidArgumentException)):
        g.get(np.ones((3, 2)), offset, count)


@pytest.mark.parametrize("offset", [0.5, float("inf"), float("nan"), "0", None, [0, 1]])
def test_offsets_that_are_none(offset):
    with pytest.raises(InvalidArgumentException):
        g.get(np.ones((3, 2)), offset)


def test_get_of_a_number():
    with pytest.raises(InvalidArgumentException, match="scalar"):
        g.get(1.0, 0)


@some
@given(data=st.data(), seed=seeds)
def test_repeat(check_gradient, data, seed):
    shape = data.draw(array_shapes(min_dims=1, max_dims=3, max_side=3))
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    times = data.draw(st.integers(1, 3))
    x = numbers(seed, shape)
    if axis is None:
        new = along = np.tile(x.ravel(), times)
    else:
        at = axis % len(shape)
        new = np.repeat(np.expand_dims(x, at), times, at)
        along = np.concatenate([x] * times, at)
    assert_value(g.repeat(g.Variable(x), times, axis=axis), new)
    assert_value(g.repeat(g.Variable(x), times, axis=axis, keepdims=True), along)
    check_gradient(lambda v: g.repeat(v, times, axis=axis), x, seed=seed)
    check_gradient(lambda v: g.repeat(v, times, axis=axis, keepdims=True), x, seed=seed)


def test_repeat_arguments():
    assert g.repeat([1.0], g.Variable(3)).toArray() == [1, 1, 1]
    for times in (0, -1, 1.5, "2", [1, 2]):
        with pytest.raises(InvalidArgumentException):
            g.repeat([1.0, 2.0], times)
    for axis in (1, -2, 5):
        with pytest.raises(InvalidArgumentException, match="Invalid axis"):
            g.repeat([1.0, 2.0], 2, axis=axis)
    with pytest.raises(MemoryError):
        g.repeat([1.0, 2.0], 2**60)


@some
@given(data=st.data(), seed=seeds)
def test_split(check_gradient, data, seed):
    shape = data.draw(array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=5))
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    size = shape[-1 if axis is None else axis]
    cuts = sorted(data.draw(st.sets(st.integers(1, size - 1)))) if size > 1 else []
    sizes = np.diff([0, *cuts, size]).tolist()
    x = numbers(seed, shape)
    parts = g.split(g.Variable(x), sizes, axis=axis)
    expected = np.split(x, cuts, -1 if axis is None else axis)
    assert isinstance(parts, list)
    assert len(parts) == len(expected)
    for part, twin in zip(parts, expected):
        assert_value(part, twin)
    check_gradient(lambda v: g.split(v, sizes, axis=axis), x, seed=seed)


@pytest.mark.parametrize("sizes", [[1, 1], [4], [0, 3], [-1, 4], [], [2**62, 2**62]])
def test_split_sizes_that_do_not_add_up(sizes):
    with pytest.raises(InvalidArgumentException, match=r"do not add up to 3, the size of axis -1 of shape \(2,3\)"):
        g.split(np.ones((2, 3)), sizes)


def test_split_arguments():
    with pytest.raises(InvalidArgumentException, match="Invalid axis"):
        g.split(np.ones((2, 3)), [3], axis=2)
    with pytest.raises((TypeError, InvalidArgumentException)):
        g.split(np.ones((2, 3)), [1.5, 1.5])
    with pytest.raises((TypeError, InvalidArgumentException)):
        g.split(np.ones((2, 3)), 3)


@some
@given(data=st.data(), seed=seeds)
def test_bandpart(check_gradient, data, seed):
    shape = data.draw(array_shapes(min_dims=2, max_dims=3, max_side=5))
    lower, upper = (data.draw(st.integers(-1, 5)) for _ in range(2))
    x = numbers(seed, shape)
    i, j = np.indices(shape[-2:])
    inside = ((lower < 0) | (i - j <= lower)) & ((upper < 0) | (j - i <= upper))
    assert_value(g.bandpart(g.Variable(x), lower, upper), x * inside)
    if x.size <= 40:
        check_gradient(lambda v: g.square(g.bandpart(v, lower, upper)), x, seed=seed)


def test_bandpart_arguments():
    x = np.ones((2, 3))
    for limit in (2**62, 2**63 - 1):
        assert_value(g.bandpart(x, limit, limit), x)
    assert g.bandpart(np.zeros((0, 3)), 0, 0).shape() == [0, 3]
    with pytest.raises(InvalidArgumentException, match=r"shape \(2\)"):
        g.bandpart(np.ones(2), 0, 0)
    with pytest.raises(TypeError):
        g.bandpart(x, 0.5, 0)


# ------------------------------------------------------------------------------------------------ types, constants


def test_cast():
    x = g.Variable([1.0, 2.0])
    with g.GradientTape() as tape:
        y = g.square(g.cast(x, NDArray.float64))
    assert y.dtype() == NDArray.float64
    dx = tape.gradient(y, x)
    assert (dx.dtype(), dx.toArray()) == (NDArray.float32, [2, 4])
    for dtype in ("int32", np.int32, NDArray.int32):
        assert_value(g.cast([1.7, -1.7], dtype), np.array([1, -1], np.int32))
    with pytest.raises(InvalidArgumentException, match="99"):
        g.cast(x, 99)


@pytest.mark.parametrize(("name", "value"), [("zeros", 0), ("ones", 1)])
def test_constants(name, value):
    make = getattr(g, name)
    assert_value(make([2, 3]), np.full((2, 3), value, np.float32))
    assert_value(make([]), np.full((), value, np.float32))
    assert_value(make(3), np.full(3, value, np.float32))
    assert_value(make([2, 0], NDArray.float64), np.full((2, 0), value, np.float64))
    assert_value(make(g.shape(np.ones((1, 2))), dtype=NDArray.int32), np.full((1, 2), value, np.int32))
    assert_value(make([g.Variable(2)]), np.full(2, value, np.float32))
    for shape in ([-1], [1.5], "2", None):
        with pytest.raises(InvalidArgumentException):
            make(shape)
    with pytest.raises(MemoryError):
        make([2**40, 2**40])


def test_constants_are_no_sources():
    x = g.Variable(2.0)
    with g.GradientTape() as tape:
        ones = g.ones([2])
        y = g.mul(ones, x)
    assert tape.gradient(y, x).toArray() == 2
    with pytest.raises(InvalidArgumentException, match="source #1"):
        tape.gradient(y, ones)


@pytest.mark.parametrize("dtype", [np.float16, np.complex64, np.complex128])
def test_types_that_are_only_kept(dtype):
    """The kernels have no loops for them: an error, not what happened to be in memory."""
    x = np.ones((2, 2), dtype)
    if dtype is np.float16:
        calls = [lambda: g.reduceSum(x), lambda: g.reduceSum(x, axis=0), lambda: g.matmul(x, x)]
    else:
        calls = [
            lambda: g.exp(x),
            lambda: g.add(x, x),
            lambda: g.mul(x, x),
            lambda: g.equal(x, x),
            lambda: g.scale(2, x),
            lambda: g.clipByValue(x, 0, 1),
            lambda: g.reduceSum(x),
            lambda: g.reduceMean(x, axis=0),
            lambda: g.Variable(x) + 1,
            lambda: g.Variable(x) ** 2,
        ]
    for call in calls:
        with pytest.raises(InvalidArgumentException, match=np.dtype(dtype).name):
            call()
    np.testing.assert_array_equal(np.asarray(g.transpose(x)), x)
    assert g.cast(np.ones(2, dtype), NDArray.float32).toArray() == [1, 1]


def test_masked_arrays_are_arrays():
    x = g.Variable(MaskedNDArray(mo.array([[1, 2]]), mo.array([[True, False]], NDArray.bool)))
    with g.GradientTape() as tape:
        y = g.mul(g.square(x), [[3.0, 4.0]])
    assert y.toArray() == [[3, 16]]
    assert tape.gradient(y, x).toArray() == [[6, 16]]


def test_names_of_calls():
    with g.GradientTape():
        y = g.add(g.Variable(1.0), g.Variable(2.0), name="sum of two")
    assert y.creator().name() == "sum of two"
    assert y.creator().className() == "Add"
    assert [v.toArray() for v in y.creator().inputs()] == [1, 2]


def test_arguments_that_are_no_arrays():
    for bad in (None, "a", object(), True):
        with pytest.raises(InvalidArgumentException):
            g.add(g.Variable([1.0]), bad)
    with pytest.raises(InvalidArgumentException, match="ArrayShape"):
        g.square(g.shape([1.0]))
