"""LinearAlgebra: gathers, slices, reductions, patches, sorting and searching, each beside a numpy twin; errors."""

import doctest
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rindow_math.exceptions import InvalidArgumentException, LogicException, RuntimeException
from rindow_math.matrix import MatrixOperator, NDArray, NDArrayPhp
from rindow_math.matrix.linearalgebra import arrays
from rindow_math.matrix.ndarray import fromNumpy

mo = MatrixOperator()
la = mo.la()
FLOATS = [np.float32, np.float64]
INTEGERS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]
COMPLEX = [np.complex64, np.complex128]
EVERY = [bool, np.float16, *FLOATS, *INTEGERS, *COMPLEX]
GUARD = 77

shapes = st.lists(st.integers(1, 5), min_size=1, max_size=4)
few = st.lists(st.integers(1, 3), max_size=2)
seeds = st.integers(0, 2**32 - 1)
examples = settings(max_examples=50, deadline=None)


class Held:
    """An array that is a view into a larger buffer whose other elements must stay as they are."""

    def __init__(self, values, before=3):
        values = np.asarray(values)
        base = np.full(before + values.size + 2, GUARD, values.dtype)
        base[before : before + values.size] = values.reshape(-1)
        self.base = mo.array(base)
        self.before, self.size = before, values.size
        self.x = NDArrayPhp(self.base.buffer(), self.base.dtype(), list(values.shape), before)

    def result(self):
        base = np.asarray(self.base)
        rest = np.concatenate([base[: self.before], base[self.before + self.size :]])
        assert (rest == np.array(GUARD).astype(base.dtype)).all(), "memory beside the array was written"
        return np.asarray(self.x)


def drawn(seed, shape, dtype, low=-20, high=20):
    random = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return random.random(shape) < 0.5
    if dtype.kind in "iu":
        return random.integers(max(low, 0) if dtype.kind == "u" else low, high, shape).astype(dtype)
    x = random.uniform(low, high, shape)
    if dtype.kind == "c":
        x = x + 1j * random.uniform(low, high, shape)
    return x.astype(dtype)


def positions(seed, shape, classes, dtype=np.int32):
    return np.random.default_rng(seed).integers(0, classes, shape).astype(dtype)


def same(got, want):
    got = np.asarray(got)
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    np.testing.assert_array_equal(got, want)


def near(got, want, scale=1.0):
    """Exact for integers, else within rounding of sums of numbers up to 20."""
    got = np.asarray(got)
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    if want.dtype.kind in "fc":
        np.testing.assert_allclose(got, want, rtol=0, atol=300 * scale * float(np.finfo(want.dtype).eps))
    else:
        np.testing.assert_array_equal(got, want)


# ------------------------------------------------------------------------------------------------ shapes


@examples
@given(shapes, seeds, st.sampled_from(EVERY), st.data())
def test_dimensions_of_one(shape, seed, dtype, data):
    x = drawn(seed, shape, dtype)
    held = Held(x)
    axis = data.draw(st.integers(-len(shape) - 1, len(shape)))
    wide = la.expandDims(held.x, axis)
    same(wide, np.expand_dims(x, axis))
    assert wide.buffer() is held.x.buffer()
    same(la.squeeze(wide), np.squeeze(x))
    same(la.squeeze(wide, axis), x)


@examples
@given(shapes, seeds, st.sampled_from(EVERY), st.data())
def test_transpose(shape, seed, dtype, data):
    x = drawn(seed, shape, dtype)
    perm = data.draw(st.permutations(range(len(shape))))
    held = Held(x)
    same(la.transpose(held.x), x.T.copy())
    same(la.transpose(held.x, perm), x.transpose(perm).copy())
    same(la.transpose(held.x, mo.array(perm, NDArray.int32)), x.transpose(perm).copy())
    target = Held(np.zeros_like(x.transpose(perm)))
    assert la.transpose(held.x, perm, target.x) is target.x
    same(target.result(), x.transpose(perm))


def test_transpose_of_large_arrays():
    x = drawn(1, (150, 130, 3), np.float32)
    for perm in itertools.permutations(range(3)):
        same(la.transpose(mo.array(x), perm), x.transpose(perm).copy())


@examples
@given(shapes, st.integers(1, 20), seeds, st.sampled_from(EVERY), st.data())
def test_repeat(shape, repeats, seed, dtype, data):
    x = drawn(seed, shape, dtype)
    held = Held(x)
    same(la.repeat(held.x, repeats), np.tile(x.reshape(-1), repeats))
    axis = data.draw(st.integers(-len(shape), len(shape)))
    place = axis + len(shape) if axis < 0 else axis
    want = np.repeat(np.expand_dims(x, place), repeats, place)
    same(la.repeat(held.x, repeats, axis), want)
    if place < len(shape):
        same(la.repeat(held.x, repeats, axis, True), np.concatenate([x] * repeats, place))


@examples
@given(st.lists(st.integers(1, 4), min_size=1, max_size=5), seeds, st.sampled_from(EVERY), st.data())
def test_slice_and_stick(shape, seed, dtype, data):
    x = drawn(seed, shape, dtype)
    rank = data.draw(st.integers(1, min(3, len(shape))))
    begin, size, window = [], [], []
    for n in shape[:rank]:
        first = data.draw(st.integers(0, n - 1))
        count = data.draw(st.integers(1, n - first))
        window.append(slice(first, first + count))
        begin.append(first - n if data.draw(st.booleans()) else first)
        size.append(count - (n - first) - 1 if data.draw(st.booleans()) else count)
    window = tuple(window)
    held = Held(x)
    same(la.slice(held.x, begin, size), x[window].copy())
    target = Held(np.zeros_like(x[window]))
    assert la.slice(held.x, begin, size, target.x) is target.x
    same(target.result(), x[window].copy())
    part = drawn(seed + 1, x[window].shape, dtype)
    source = Held(part)
    assert la.stick(source.x, held.x, begin, size) is source.x
    x[window] = part
    same(held.result(), x)


def test_slice_converts():
    x = mo.array([[1.5, 2.5], [3.5, 4.5]])
    assert la.slice(x, [1], [1], mo.zeros([1, 2], NDArray.int32)).toArray() == [[3, 4]]
    la.stick(mo.array([[7, 8]], NDArray.int64), x, [0], [1])
    assert x.toArray() == [[7, 8], [3.5, 4.5]]


def test_stick_within_one_array():
    x = mo.array(np.arange(8.0))
    la.stick(x[0:6], x, [2], [6])
    assert x.toArray() == [0, 1, 0, 1, 2, 3, 4, 5]


@examples
@given(shapes, st.integers(1, 4), seeds, st.sampled_from(EVERY), st.data())
def test_stack_concat_split(shape, count, seed, dtype, data):
    parts = [drawn(seed + i, shape, dtype) for i in range(count)]
    held = [Held(x, i) for i, x in enumerate(parts)]
    axis = data.draw(st.integers(0, min(2, len(shape))))
    same(la.stack([h.x for h in held], axis), np.stack(parts, axis))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    sizes = [data.draw(st.integers(1, 4)) for _ in range(count)]
    parts = []
    for i, n in enumerate(sizes):
        each = list(shape)
        each[axis] = n
        parts.append(drawn(seed + i, each, dtype))
    held = [Held(x, i) for i, x in enumerate(parts)]
    whole = np.concatenate(parts, axis)
    same(la.concat([h.x for h in held], axis), whole)
    for got, want in zip(la.split(Held(whole).x, sizes, axis), parts, strict=True):
        same(got, want)
    same(la.split(mo.array(whole), sizes[:1], axis)[0], parts[0])


def test_defaults_of_joining():
    a, b = mo.array([[1, 2]]), mo.array([[3, 4]])
    assert la.stack([a, b]).toArray() == [[[1, 2]], [[3, 4]]]
    assert la.concat((a, b)).toArray() == [[1, 2, 3, 4]]
    assert [x.toArray() for x in la.split(a, [1, 1])] == [[[1]], [[2]]]
    assert la.concat([a, mo.array([[5, 6]], NDArray.int32)], 0).toArray() == [[1, 2], [5, 6]]


# ------------------------------------------------------------------------------------------------ gathers


@examples
@given(shapes, shapes, seeds, st.sampled_from(EVERY), st.sampled_from([*INTEGERS, np.float32]), st.data())
def test_gather_and_scatter_rows(shape, rows, seed, dtype, index_type, data):
    a, x = drawn(seed, shape, dtype), positions(seed, rows, shape[0], index_type)
    order = x.astype(int)
    source, index = Held(a), Held(x, 1)
    same(la.gather(source.x, index.x), a[order])
    target = Held(np.zeros_like(a[order]))
    assert la.gather(source.x, index.x, output=target.x) is target.x
    same(target.result(), a[order])

    updates = drawn(seed + 1, list(rows) + shape[1:], dtype)
    want = np.zeros_like(a)
    for i, p in zip(np.ndindex(*rows), order.reshape(-1), strict=True):
        want[p] = updates[i]
    same(la.scatter(index.x, Held(updates).x, shape[0]), want)
    want = a.copy()
    np.add.at(want, order, updates)
    assert la.scatterAdd(index.x, Held(updates, 2).x, source.x) is source.x
    near(source.result(), want, 2 + x.size)
    np.testing.assert_array_equal(index.result(), x)


@examples
@given(shapes, seeds, st.sampled_from(EVERY), st.data())
def test_gather_and_scatter_along_an_axis(shape, seed, dtype, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    place = axis % len(shape)
    a = drawn(seed, shape, dtype)
    rest = shape[:place] + shape[place + 1 :]
    x = positions(seed, rest, shape[place])
    index = np.expand_dims(x, place).astype(int)
    picked = np.take_along_axis(a, index, place)
    source = Held(a)
    same(la.gather(source.x, Held(x).x, axis), picked.squeeze(place))
    updates = drawn(seed + 1, rest, dtype)
    want = a.copy()
    sums = np.take_along_axis(want, index, place) + np.expand_dims(updates, place)
    np.put_along_axis(want, index, sums.astype(dtype), place)
    assert la.scatterAdd(Held(x).x, Held(updates).x, source.x, axis) is source.x
    near(source.result(), want)
    want = np.zeros_like(a)
    np.put_along_axis(want, index, np.expand_dims(updates, place), place)
    same(la.scatter(Held(x).x, Held(updates).x, shape[place], place), want)
    target = Held(a)
    assert la.scatter(Held(x).x, Held(updates).x, shape[place], place, target.x) is target.x
    want = a.copy()
    np.put_along_axis(want, index, np.expand_dims(updates, place), place)
    same(target.result(), want)


def twin_of_gatherb(a, x, batch, outer, index, inner, detail):
    """outputs[batch, outer, index, inner, detail] = a[batch, outer, x[batch, index, inner], inner, detail]"""
    out = np.zeros(batch + outer + index + inner + detail, a.dtype)
    for b, o, j, h in itertools.product(*(list(np.ndindex(*s)) for s in (batch, outer, index, inner))):
        out[b + o + j + h] = a[b + o + (int(x[b + j + h]),) + h]
    return out


@examples
@given(few, few, few, few, few, st.integers(1, 4), seeds, st.sampled_from(EVERY))
def test_gatherb(batch, outer, index, inner, detail, classes, seed, dtype):
    batch, outer, index, inner, detail = map(tuple, (batch, outer, index, inner, detail))
    shape = batch + outer + (classes,) + inner + detail
    a, x = drawn(seed, shape, dtype), positions(seed, batch + index + inner, classes)
    where = {
        "axis": len(batch) + len(outer),
        "batchDims": len(batch),
        "detailDepth": len(batch) + len(outer) + 1 + len(inner),
        "indexDepth": len(batch) + len(index),
    }
    want = twin_of_gatherb(a, x, batch, outer, index, inner, detail)
    source, order = Held(a), Held(x, 1)
    same(la.gatherb(source.x, order.x, **where), want)
    target = Held(np.zeros_like(want))
    assert la.gatherb(source.x, order.x, outputs=target.x, **where) is target.x
    same(target.result(), want)

    updates = drawn(seed + 1, want.shape, dtype)
    added, put = a.copy(), np.zeros_like(a)
    groups = (batch, outer, index, inner)
    for b, o, j, h in itertools.product(*(list(np.ndindex(*s)) for s in groups)):
        at, value = b + o + (int(x[b + j + h]),) + h, updates[b + o + j + h]
        put[at] = value
        added[at] = (added[at] + value).astype(dtype)
    same(la.scatterb(order.x, Held(updates).x, list(shape), **where), put)
    assert la.scatterbAdd(order.x, Held(updates).x, list(shape), outputs=source.x, **where) is source.x
    near(source.result(), added, 20)


@examples
@given(few, few, st.lists(st.integers(1, 3), min_size=1, max_size=3), few, seeds, st.sampled_from(EVERY))
def test_gather_nd(batch, outer, indexed, inner, seed, dtype):
    batch, outer, indexed, inner = map(tuple, (batch, outer, indexed, inner))
    random = np.random.default_rng(seed)
    a = drawn(seed, batch + indexed + inner, dtype)
    x = np.stack([random.integers(0, n, batch + outer) for n in indexed], -1).astype(np.int32)
    want = np.zeros(batch + outer + inner, a.dtype)
    updates = drawn(seed + 1, want.shape, dtype)
    put, added = np.zeros_like(a), a.copy()
    for b, j in itertools.product(list(np.ndindex(*batch)), list(np.ndindex(*outer))):
        at = b + tuple(int(i) for i in x[b + j])
        want[b + j] = a[at]
        put[at] = updates[b + j]
        added[at] = (added[at] + updates[b + j]).astype(dtype)
    source, order = Held(a), Held(x, 1)
    same(la.gatherND(source.x, order.x, len(batch)), want)
    target = Held(np.zeros_like(want))
    assert la.gatherND(source.x, order.x, len(batch), target.x) is target.x
    same(target.result(), want)
    same(la.scatterND(order.x, Held(updates).x, list(a.shape), len(batch)), put)
    assert la.scatterNDAdd(order.x, Held(updates).x, list(a.shape), len(batch), source.x) is source.x
    near(source.result(), added, 20)


def test_combined_gathers():
    a, x = mo.array([[1.0, 2], [3, 4]]), mo.array([1, 1], NDArray.int32)
    assert la.doGather(False, a, x).toArray() == [[3, 4], [3, 4]]
    assert la.doGatherb(False, False, a, x, 0).toArray() == [[3, 4], [3, 4]]
    assert la.doGatherND(False, False, a, mo.array([[1, 0]], NDArray.int32)).toArray() == [3]
    b = mo.array([[10.0, 20], [30, 40]])
    la.doGather(True, a, x, None, b)
    assert a.toArray() == [[1, 2], [43, 64]]
    la.doGatherb(True, True, a, x, 0, B=b)
    assert a.toArray() == [[1, 2], [83, 124]]
    la.doGatherND(True, False, a, mo.array([[0, 1]], NDArray.int32), B=mo.array([5.0]))
    assert a.toArray() == [[1, 5], [83, 124]]


def test_gather_converts():
    a, x = mo.array([1.5, 2.5, 3.5]), mo.array([2, 0], NDArray.int32)
    got = la.gather(a, x, dtype=NDArray.float64)
    assert (got.toArray(), got.dtype()) == ([3.5, 1.5], NDArray.float64)
    total = mo.zeros([3], NDArray.int64)
    assert la.scatterAdd(x, mo.array([1.0, 2.0]), total).toArray() == [2, 0, 1]


def test_large_gathers():
    a, x = drawn(1, (3000, 64), np.float32), positions(2, 5000, 3000)
    same(la.gather(mo.array(a), mo.array(x)), a[x])
    sums = np.zeros_like(a)
    np.add.at(sums, x, a[x])
    near(la.scatterAdd(mo.array(x), mo.array(a[x]), mo.zeros([3000, 64])), sums, 10)
    y = positions(3, 3000, 64)
    same(la.gather(mo.array(a), mo.array(y), 1), np.take_along_axis(a, y[:, None], 1)[:, 0])


@examples
@given(st.integers(1, 8), st.integers(1, 6), seeds, st.sampled_from(EVERY), st.sampled_from([None, 2.0, -1.0]))
def test_onehot(n, classes, seed, dtype, alpha):
    x = positions(seed, n, classes, np.int64)
    want = np.zeros((n, classes), np.float32)
    want[np.arange(n), x] = 1 if alpha is None else alpha
    same(la.onehot(Held(x).x, classes, alpha), want)
    y = drawn(seed, (n, classes), dtype)
    held = Held(y)
    assert la.onehot(mo.array(x), classes, alpha, held.x) is held.x
    value = 1 if alpha is None else int(alpha)
    if dtype is bool:
        y[np.arange(n), x] = (y[np.arange(n), x].astype(int) + value) != 0
    elif np.dtype(dtype).kind in "iu":
        y[np.arange(n), x] += np.int64(value).astype(dtype)
    else:
        y[np.arange(n), x] += dtype(value)
    near(held.result(), y, 1 if dtype is not np.float16 else 4)


def test_onehot_rounds_the_sum_of_integers():
    y = mo.array([[1, 1], [-1, 2]], NDArray.int32)
    assert la.onehot(mo.array([0, 1]), 2, 1.5, y).toArray() == [[2, 1], [-1, 3]]


# ------------------------------------------------------------------------------------------------ reductions

REDUCTIONS = {"reduceSum": np.sum, "reduceMax": np.max, "reduceMean": np.mean, "reduceArgMax": np.argmax}


@pytest.mark.parametrize("name", REDUCTIONS)
@examples
@given(shapes, seeds, st.sampled_from([*FLOATS, *INTEGERS]), st.booleans(), st.data())
def test_reductions(name, shape, seed, dtype, keepdims, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = drawn(seed, shape, dtype)
    want = REDUCTIONS[name](x, axis=axis, keepdims=keepdims)
    own = np.int32 if name == "reduceArgMax" else dtype
    if np.dtype(dtype).kind in "iu" and name == "reduceMean":
        want = np.trunc(want)
    want = want.astype(own)
    held = Held(x)
    near(getattr(la, name)(held.x, axis, keepdims), want, 5)
    target = Held(np.zeros_like(want))
    assert getattr(la, name)(held.x, axis, keepdims, target.x) is target.x
    near(target.result(), want, 5)
    np.testing.assert_array_equal(held.result(), x)


def test_reductions_of_the_first_dimension_by_default():
    x = mo.array([[1, 5], [3, 1]])
    assert la.reduceSum(x).toArray() == [4, 6]
    assert la.reduceMax(x).toArray() == [3, 5]
    assert la.reduceMean(x).toArray() == [2, 3]
    assert la.reduceArgMax(x).toArray() == [1, 0]


def test_reductions_into_other_types():
    x = mo.array([200, 100], NDArray.uint8)
    assert la.reduceSum(x, dtype=NDArray.int32).toArray() == 300
    assert la.reduceSum(mo.array([True, True, False], NDArray.bool), dtype=NDArray.int32).toArray() == 2
    assert la.reduceMean(x, dtype=NDArray.float32).toArray() == 150
    assert la.reduceMean(mo.array([1, 2], NDArray.int32), dtype=NDArray.float64).toArray() == 1.5
    got = la.reduceArgMax(mo.array([1.0, 3.0, 2.0]), dtype=NDArray.float32)
    assert (got.toArray(), got.dtype()) == (1.0, NDArray.float32)
    assert la.reduceArgMax(mo.array([1.0, 3.0]), dtype=NDArray.int64).dtype() == NDArray.int64
    assert la.reduceSum(mo.array([1.25, 1.5]), dtype=NDArray.int32).toArray() == 2


def test_reductions_of_special_values():
    x = mo.array([[1.0, math.nan, math.inf], [math.nan, 2.0, 1.0]])
    assert np.isnan(np.asarray(la.reduceMax(x, 1))).all()
    assert la.reduceArgMax(x, 1).toArray() == [1, 0]
    assert la.reduceSum(la.alloc([0, 2])).toArray() == [0, 0]
    assert la.reduceMax(la.alloc([3, 0])).shape() == [0]


@pytest.mark.parametrize("exclusive", [None, True])
@pytest.mark.parametrize("reverse", [None, True])
@examples
@given(shapes, seeds, st.sampled_from([np.float16, *FLOATS, *INTEGERS]), st.data())
def test_cumsum(exclusive, reverse, shape, seed, dtype, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = drawn(seed, shape, dtype, -5, 5)
    turned = np.flip(x, axis) if reverse else x
    want = np.cumsum(turned.astype(float), axis)
    if exclusive:
        want = want - turned.astype(float)
    want = (np.flip(want, axis) if reverse else want).astype(np.int64 if np.dtype(dtype).kind in "iu" else dtype)
    want = want.astype(dtype)
    held = Held(x)
    near(la.cumsum(held.x, axis, exclusive, reverse), want)
    assert la.cumsum(held.x, axis, exclusive, reverse, held.x) is held.x  # in place
    near(held.result(), want)


def test_cumsum_of_nan_and_into_other_types():
    assert str(la.cumsum(mo.array([1, math.nan, 1])).toArray()) == "[1.0, nan, nan]"
    out = mo.zeros([3], NDArray.float64)
    assert la.cumsum(mo.array([1, 2, 3], NDArray.int32), outputs=out).toArray() == [1, 3, 6]


# ------------------------------------------------------------------------------------------------ sorting


@pytest.mark.parametrize("ordered", [None, True, False])
@examples
@given(st.lists(st.integers(1, 4), max_size=2), st.integers(1, 90), seeds, st.data())
def test_topk(ordered, lead, n, seed, data):
    dtype = data.draw(st.sampled_from([np.float16, *FLOATS, *INTEGERS]))
    k = data.draw(st.integers(1, n))
    x = drawn(seed, [*lead, n], dtype)
    held = Held(x)
    values, indices = la.topK(held.x, k, ordered)
    v, i = np.asarray(values), np.asarray(indices)
    assert i.dtype == np.int32
    np.testing.assert_array_equal(np.take_along_axis(x, i.astype(int), -1), v)
    assert (np.diff(np.sort(i, -1), axis=-1) > 0).all()
    want = np.flip(np.sort(x, -1), -1)[..., :k]
    same(v if ordered is not False else np.flip(np.sort(v, -1), -1), want)
    first, second = Held(np.zeros_like(v)), Held(np.zeros_like(i))
    got = la.topK(held.x, k, ordered, first.x, second.x)
    assert got[0] is first.x
    assert got[1] is second.x
    same(first.result(), v)
    same(second.result(), i)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint32])
@pytest.mark.parametrize(("n", "k"), [(5000, 10), (5000, 200), (5000, 5000), (20_000, 3000)])
def test_topk_of_long_rows(dtype, n, k):
    x = drawn(n + k, (3, n), dtype, -(2**20), 2**20)
    values, indices = la.topK(mo.array(x), k)
    same(values, np.flip(np.sort(x, -1), -1)[:, :k].copy())
    np.testing.assert_array_equal(np.take_along_axis(x, np.asarray(indices).astype(int), -1), np.asarray(values))


@pytest.mark.parametrize("k", [4, 100])
@pytest.mark.parametrize("dtype", FLOATS)
def test_topk_of_special_values(k, dtype):
    x = np.concatenate([[math.inf, -math.inf, math.nan, 0.0, -0.0, 1e-40], -np.arange(1.0, 97)]).astype(dtype)
    values = np.asarray(la.topK(mo.array(x), k)[0])
    assert math.isnan(values[0])
    assert values[1] == math.inf
    assert values[2] == dtype(1e-40)
    np.testing.assert_array_equal(values[1:], -np.sort(-x[~np.isnan(x)])[: k - 1])


@examples
@given(st.integers(1, 60), shapes, seeds, st.sampled_from([np.float16, *FLOATS, *INTEGERS]), st.booleans())
def test_searchsorted(n, shape, seed, dtype, right):
    a, x = np.sort(drawn(seed, n, dtype)), drawn(seed + 1, shape, dtype)
    x = np.where(np.random.default_rng(seed).random(shape) < 0.5, a[0], x)
    want = np.searchsorted(a, x, "right" if right else "left")
    for code, own in ((None, np.int32), (NDArray.int64, np.int64), (NDArray.uint32, np.uint32)):
        same(la.searchsorted(Held(a).x, Held(x).x, right, code), want.astype(own))
    target = Held(np.zeros(shape, np.int64))
    assert la.searchsorted(Held(a).x, Held(x).x, right, Y=target.x) is target.x
    same(target.result(), want)
    rows = np.sort(drawn(seed, (x.size, n), dtype), -1)
    want = [np.searchsorted(r, v, "right" if right else "left") for r, v in zip(rows, x.reshape(-1), strict=True)]
    same(la.searchsorted(Held(rows).x, Held(x).x, right), np.array(want, np.int32).reshape(shape))


def test_searchsorted_of_long_sequences():
    a, x = np.sort(drawn(1, 5000, np.float32)), drawn(2, 9000, np.float32)
    for right in (False, True):
        want = np.searchsorted(a, x, "right" if right else "left").astype(np.int32)
        same(la.searchsorted(mo.array(a), mo.array(x), right), want)
        same(la.searchsorted(mo.array(a[:500]), mo.array(x), right), np.minimum(want, 500))


def test_searchsorted_stops_where_the_original_does():
    # at the first element that is not smaller, whatever follows, and at nan
    a = mo.array([0, 100, 20, 300])
    assert la.searchsorted(a, mo.array([10, 50, 150, 400])).toArray() == [1, 1, 3, 4]
    assert la.searchsorted(a, mo.array([10, 50, 150, 400, 1, 2])).toArray() == [1, 1, 3, 4, 1, 1]
    assert la.searchsorted(mo.array([0.1, math.nan, 0.3]), mo.array([0.5, math.inf])).toArray() == [1, 1]
    assert la.searchsorted(mo.array([1, 3]), mo.array([math.nan]), True).toArray() == [0]
    assert la.searchsorted(mo.array([1, 3], NDArray.int32), mo.array([2.5])).toArray() == [1]


# ------------------------------------------------------------------------------------------------ masks


@examples
@given(few, few, few, few, seeds, st.sampled_from(EVERY), st.sampled_from([None, 0, 1]), st.sampled_from([None, 3.0]))
def test_masking(batch, outer, inner, detail, seed, dtype, mode, fill):
    mask = drawn(seed, batch + inner, bool)
    x = drawn(seed + 1, batch + outer + inner + detail, dtype)
    wide = mask.reshape(batch + [1] * len(outer) + inner + [1] * len(detail))
    value = np.array(fill or 0).astype(dtype)
    want = np.where(wide, x, x + value if mode == 1 else value).astype(dtype)
    held = Held(x)
    assert la.masking(Held(mask).x, held.x, len(batch), len(batch) + len(outer), fill, mode) is held.x
    same(held.result(), want)


def test_masking_of_long_arrays_and_integers():
    mask, x = drawn(1, (300, 70), bool), drawn(2, (300, 70), np.float32)
    same(la.masking(mo.array(mask), mo.array(x), fill=-1), np.where(mask, x, np.float32(-1)))
    x = drawn(2, (300, 5, 70), np.float32)
    want = np.where(mask[:, None], x, x + np.float32(2))
    same(la.masking(mo.array(mask), mo.array(x), 1, 2, 2.0, 1), want)
    mask = mo.array([True, False, False], NDArray.bool)
    assert la.masking(mask, mo.array([1, 1, -1], NDArray.int32), fill=1.5, mode=1).toArray() == [1, 2, 0]


@examples
@given(few, st.integers(1, 6), st.integers(1, 6), st.integers(-1, 7), st.integers(-1, 7), seeds, st.sampled_from(EVERY))
def test_bandpart(batch, n, k, lower, upper, seed, dtype):
    x = drawn(seed, [*batch, n, k], dtype)
    i, j = np.arange(n)[:, None], np.arange(k)
    inside = ((lower < 0) | (i - j <= lower)) & ((upper < 0) | (j - i <= upper))
    held = Held(x)
    assert la.bandpart(held.x, lower, upper) is held.x
    same(held.result(), np.where(inside, x, np.zeros_like(x)))


def test_bandpart_with_bounds_beyond_the_matrix():
    x = np.ones((2, 3), np.float32)
    assert la.bandpart(mo.array(x), 2**62, 2**62).toArray() == x.tolist()


# ------------------------------------------------------------------------------------------------ images


@examples
@given(*[st.integers(1, 6)] * 3, *[st.integers(-8, 8)] * 2, *[st.booleans()] * 4, seeds, st.sampled_from(EVERY))
def test_imagecopy(height, width, channels, down, right, vertical, horizontal, rgb, first, seed, dtype):
    rgb = rgb and channels >= 3
    a = drawn(seed, (height, width, channels), dtype)
    rows = np.clip(np.arange(height)[:: -1 if vertical else 1] - (-down if vertical else down), 0, height - 1)
    columns = np.clip(np.arange(width)[:: -1 if horizontal else 1] - (-right if horizontal else right), 0, width - 1)
    order = [2, 1, 0, *range(3, channels)] if rgb else list(range(channels))
    want = a[rows][:, columns][:, :, order]
    if first:
        a, want = a.transpose(2, 0, 1).copy(), want.transpose(2, 0, 1).copy()
    options = (first, down, right, vertical, horizontal, rgb)
    same(la.imagecopy(Held(a).x, None, *options), want)
    target = Held(np.zeros_like(a))
    assert la.imagecopy(mo.array(a), target.x, *options) is target.x
    same(target.result(), want)


def twin_of_im2col(x, taps, strides, padding, dilation):
    """Patches (batch, *out, *taps, channels) of images (batch, *size, channels), and where each came from."""
    size, nd = x.shape[1:-1], len(taps)
    span = [(f - 1) * d + 1 for f, d in zip(taps, dilation, strict=True)]
    if padding:
        out = size
        pads = [((n - 1) * s - n + r) // 2 for n, s, r in zip(size, strides, span, strict=True)]
    else:
        out = [(n - r) // s + 1 for n, r, s in zip(size, span, strides, strict=True)]
        pads = [0] * nd
    cols = np.zeros((x.shape[0], *out, *taps, x.shape[-1]), x.dtype)
    sources = []
    for o in np.ndindex(*out):
        for f in np.ndindex(*taps):
            p = tuple(o[i] * strides[i] - pads[i] + f[i] * dilation[i] for i in range(nd))
            if all(0 <= p[i] < size[i] for i in range(nd)):
                cols[(slice(None), *o, *f)] = x[(slice(None), *p)]
                sources.append((o + f, p))
    return cols, sources


@pytest.mark.parametrize("nd", [1, 2, 3])
@settings(max_examples=40, deadline=None)
@given(st.data(), seeds, st.sampled_from(EVERY), *[st.booleans()] * 3)
def test_patches(nd, data, seed, dtype, padding, first, cols_first):
    taps, strides, dilation = ([data.draw(st.integers(1, n)) for _ in range(nd)] for n in (3, 3, 2))
    span = [(f - 1) * d + 1 for f, d in zip(taps, dilation, strict=True)]
    size = [data.draw(st.integers(r, r + 4)) for r in span]
    batches, channels = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4))
    x = drawn(seed, (batches, *size, channels), dtype)
    want, sources = twin_of_im2col(x, taps, strides, padding, dilation)
    images = np.moveaxis(x, -1, 1).copy() if first else x
    cols = np.moveaxis(want, -1, 1 + nd).copy() if cols_first else want
    options = (taps, strides, padding, first, dilation, cols_first)
    same(la.im2col(Held(images).x, *options), cols)
    target = Held(np.ones_like(cols))
    assert la.im2col(Held(images).x, *options, target.x) is target.x
    same(target.result(), cols)
    same(getattr(la, f"im2col{nd}d")(False, mo.array(images), *options), cols)

    patches = drawn(seed + 1, want.shape, dtype, -3, 3)
    sums = x.copy()
    for at, p in sources:
        sums[(slice(None), *p)] += patches[(slice(None), *at)]
    back = np.moveaxis(patches, -1, 1 + nd).copy() if cols_first else patches
    held = Held(images)
    assert la.col2im(Held(back).x, held.x, *options) is held.x
    near(held.result(), np.moveaxis(sums, -1, 1).copy() if first else sums, 4)
    held, given_cols = Held(images), mo.array(back)
    assert getattr(la, f"im2col{nd}d")(True, held.x, *options, given_cols) is given_cols
    near(held.result(), np.moveaxis(sums, -1, 1).copy() if first else sums, 4)


def test_patches_of_many_channels_and_batches():
    for batches, channels, first in ((1, 150, False), (4, 33, True), (3, 64, False)):
        x = drawn(1, (batches, 12, 11, channels), np.float32)
        want, sources = twin_of_im2col(x, [3, 3], [1, 1], True, [1, 1])
        images = np.moveaxis(x, -1, 1).copy() if first else x
        same(la.im2col(mo.array(images), padding=True, channels_first=first), want)
        sums = x.copy()
        for at, p in sources:
            sums[(slice(None), *p)] += want[(slice(None), *at)]
        got = np.asarray(la.col2im(mo.array(want), mo.array(images), padding=True, channels_first=first))
        near(np.moveaxis(got, 1, -1) if first else got, sums, 4)


# ------------------------------------------------------------------------------------------------ errors

f23, i23, f3 = mo.zeros([2, 3]), mo.zeros([2, 3], NDArray.int32), mo.zeros([3])
c23, image = mo.zeros([2, 3], NDArray.complex64), mo.zeros([1, 4, 4, 2])
index, bools = mo.array([0, 1], NDArray.int32), mo.zeros([2, 3], NDArray.bool)
bad = mo.array([0, 5], NDArray.int32)
negative = mo.array([0, -1], NDArray.int32)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: la.expandDims(f23, 3), "axis is out of range: 3"),
        (lambda: la.expandDims(f23, -4), "axis is out of range: -4"),
        (lambda: la.squeeze(f23, 2), "axis is out of range: 2"),
        (lambda: la.squeeze(f23, -1), r"Can not squeeze dim\[1\]"),
        (lambda: la.transpose(mo.array(1.0)), "grator than or equal 1D"),
        (lambda: la.transpose(f23, [0]), "unmatch sourceshape and perm"),
        (lambda: la.transpose(f23, [0, 0]), "duplicate axis in perm option"),
        (lambda: la.transpose(f23, [0, 2]), "dim value in the perm is out of range"),
        (lambda: la.transpose(f23, B=f23), "output shape must be transpose matrix of input"),
        (lambda: la.transpose(f23, B=mo.zeros([3, 2], NDArray.int32)), "output data type must be same"),
        (lambda: la.transpose(f23, B=f23.reshape([3, 2])), "overlap"),
        (lambda: la.repeat(f23, 0), "repeats argument must be one or greater"),
        (lambda: la.repeat(f23, 2, 3), "dimension rank must be two or greater"),
        (lambda: la.repeat(f23, 2, 2, True), "dimension rank must be two or greater on keepdims"),
        (lambda: la.slice(f23, [], []), "begin must has 1 or 2 or 3 integer"),
        (lambda: la.slice(f23, [0], [1, 1, 1, 1]), "Size must has 1 or 2 or 3 integer"),
        (lambda: la.slice(f23, [0], [1, 1]), "Unmatch shape of begin and size"),
        (lambda: la.slice(f3, [0, 0], [1, 1]), "Input shape rank is low to slice"),
        (lambda: la.stick(f3, f3, [0, 0], [1, 1]), "Output shape rank is low to slice"),
        (lambda: la.slice(f23, [2], [1]), "start of axis 0 is invalid value"),
        (lambda: la.slice(f23, [0, -4], [1, 1]), r"start of axis 1 is invalid value.:begin=\[0,-4\]"),
        (lambda: la.slice(f23, [1], [2]), "size of axis 0 is invalid value"),
        (lambda: la.slice(f23, [0, 0], [1, 0]), "size of axis 1 is invalid value"),
        (lambda: la.slice(f23, [0], [1], f23), r"Unmatch output shape: \[1,3\]<=>\[2,3\]"),
        (lambda: la.slice(f23, [0], [2], f23), "overlap"),
        (lambda: la.stick(f3, f23, [0], [1]), r"Unmatch output shape: \[1,3\]<=>\[3\]"),
        (lambda: la.stick(None, f23, [0], [1]), "input must be an NDArray"),
        (lambda: la.stack([f23, f23], 3), "unsuppoted axis"),
        (lambda: la.stack([f23, f23], -1), "unsuppoted axis"),
        (lambda: la.stack([f23, f3]), "Unmatch output shape"),
        (lambda: la.stack([f23, 1]), "values must be array of NDArray"),
        (lambda: la.stack([]), "values must be array of NDArray"),
        (lambda: la.concat([f23, mo.zeros([3, 3])]), r"Unmatch shape: \[\(2,3\),\(3,3\)\]"),
        (lambda: la.concat([f23, f3], 0), "Unmatch shape"),
        (lambda: la.concat([f23], 2), "Invalid axis: 2"),
        (lambda: la.split(f23, [2, 2]), "size of axis 1 is invalid value"),
        (lambda: la.split(f23, [0, 3]), "size of axis 1 is invalid value"),
        (lambda: la.split(f23, [3, 1]), "start of axis 1 is invalid value"),
        (lambda: la.split(f23, 2), "sizeSplits must be a list"),
        (lambda: la.gather(f23, index, 0), r"Unmatch Shape:\[\(2,3\),\(2\)\]"),
        (lambda: la.gather(f23, index, 2), "Invalid axis: 2"),
        (lambda: la.gather(f23, index, output=f23[0]), r"Unmatch output shape of dimension: \[\[2,3\],\(3\)\]"),
        (lambda: la.gather(f23, index, output=f23), "overlap"),
        (lambda: la.gather(f23, c23), "X must be integers"),
        (lambda: la.gather(f23, mo.array([math.nan])), "X must be integers"),
        (lambda: la.scatter(f3, f23, 4), r"Unmatch Shape:\[\(3\),\(2,3\)\]"),
        (lambda: la.scatter(index, f23, 4, 0), r"Unmatch Shape X and A:\[\(2\),\(2,3\)\]"),
        (lambda: la.scatter(index, f23, 0), "numClass must be grator than zero"),
        (lambda: la.scatter(index, f23, 4, output=f3), r"Unmatch shape of dimension: \(2,3\),\(3\)"),
        (lambda: la.gatherb(f23, index, batchDims=2), r"batchDims \(2\) must be less than to ndims of params \(2\)"),
        (lambda: la.gatherb(f23, index, axis=2), r"axis \(2\) must be less than to ndims of params"),
        (lambda: la.gatherb(image, index, axis=1, batchDims=2), r"batchDims \(2\) must be less than or equal to axis"),
        (lambda: la.gatherb(f23, f3, axis=1, batchDims=1), "Unmatch batch shape of params and indices"),
        (lambda: la.gatherb(f23, index, 0, 0, 2, 0), "Unmatch inner shape of params and indices"),
        (lambda: la.gatherb(f23, index, outputs=f3), "Unmatch output shape: expects"),
        (lambda: la.scatterb(index, f3, [4, 3]), "Unmatch updates shape: expects"),
        (lambda: la.gatherND(f23, mo.zeros([1, 3])), "ndim of params must greater than index depth or equal"),
        (lambda: la.gatherND(f23, mo.zeros([3, 1]), 1), "Unmatch batch shape of params and indices"),
        (lambda: la.gatherND(f23, mo.zeros([1, 1]), outputs=f3), "Unmatch output shape: expects"),
        (lambda: la.scatterND(mo.zeros([1, 1]), f3, [2, 3]), "Unmatch updates shape: expects"),
        (lambda: la.onehot(f23, 3), '"X" must be 1D-NDArray.'),
        (lambda: la.onehot(index, 3, output=f3), '"Y" must be 2D-NDArray.'),
        (lambda: la.onehot(index, 4, output=f23), r"Unmatch shape of dimension \"X\" and \"Y\" .*\(2\),\(2,3\)"),
        (lambda: la.reduceSum(f23, 2), "Invalid axis: 2"),
        (lambda: la.reduceMax(mo.array(1.0)), "Invalid axis: null"),
        (lambda: la.reduceMean(f23, -3), "Invalid axis: -3"),
        (lambda: la.reduceSum(f23, output=f23), r"Unmatch shape of dimension: \(2,3\),\(2,3\)"),
        (lambda: la.reduceSum(f23, output=f23[0]), "overlap"),
        (lambda: la.reduceSum(c23), "reduceSum of complex64"),
        (lambda: la.reduceMax(la.alloc([0, 2])), "reduceMax of no elements"),
        (lambda: la.cumsum(f23, 2), "Invalid axis: 2"),
        (lambda: la.cumsum(f23, outputs=f3), r"Unmatch shape of dimension: \(2,3\),\(3\)"),
        (lambda: la.topK(f23, 4), "k must be less than or equal to the entity"),
        (lambda: la.topK(f23, 0), "Argument k must be greater than 0"),
        (lambda: la.topK(f23, 2, values=f23), r"Unmatch shape of \"values\" .*\[2,3\]"),
        (lambda: la.topK(f23, 3, values=i23), "Unmatch dtype of"),
        (lambda: la.topK(f23, 2, indices=i23), r"Unmatch shape of \"indices\" .*\[2,3\]"),
        (lambda: la.topK(f23, 3, indices=mo.zeros([2, 3])), "Unmatch dtype of"),
        (lambda: la.topK(c23), "input must be real"),
        (lambda: la.searchsorted(image, f3), "A must be 1D or 2D NDArray."),
        (lambda: la.searchsorted(f3, f3, dtype=NDArray.int8), "dtype of Y must be int32 or int64"),
        (lambda: la.searchsorted(f3, f3, Y=i23), r"Unmatch shape of dimension: \(3\),\(2,3\)"),
        (lambda: la.searchsorted(f23, f3), r"Unmatch shape of dimension A,X: \(2,3\),\(3\)"),
        (lambda: la.masking(f23, f23), "dtype of mask must be bool.: float32"),
        (lambda: la.masking(bools, f23, 3), r"batchDims \(3\) must be less than dims of data"),
        (lambda: la.masking(bools, f23, 0, 3), r"axis \(3\) must be less than to ndims of data"),
        (lambda: la.masking(bools, f23, 2, 1), r"batchDims \(2\) must be less than or equal to axis \(1\)"),
        (lambda: la.masking(bools, image, 3, 3), r"batchDims \(3\) must be less than or equal to ndims of mask"),
        (lambda: la.masking(bools, mo.zeros([3, 3]), 1), r"Unmatch dimension outer shape.: mask\(2,3\) => data\(3,3\)"),
        (lambda: la.masking(bools, mo.zeros([2, 4])), r"Unmatch dimension inner shape.: mask\(2,3\) => data\(2,4\)"),
        (lambda: la.masking(bools, f3), "Unmatch dimension inner shape"),
        (lambda: la.masking(bools, f23, mode=2), "mode must be 0 or 1"),
        (lambda: la.bandpart(f3, 0, 0), "input array must be 2D or upper."),
        (lambda: la.imagecopy(f23), "input array must be 3D."),
        (lambda: la.imagecopy(image[0], f23), "output shape must be transpose matrix of input"),
        (lambda: la.imagecopy(image[0], mo.zeros([4, 4, 2], NDArray.int8)), "output data type must be same"),
        (lambda: la.imagecopy(image[0], rgbFlip=True), "rgbFlip needs three channels"),
        (lambda: la.im2col(f23), "unsuppoted images shape"),
        (lambda: la.col2im(f3, f23), "unsuppoted images shape"),
        (lambda: la.im2col(image, [5, 5]), "Invalid shape or paramaters."),
        (lambda: la.im2col(image, [5, 5], None, True), "Invalid shape or parameters."),
        (lambda: la.im2col(image, [3]), "filterSize must be a list of 2 integers"),
        (lambda: la.im2col(image, [3, 0]), "filterSize must be positive integers"),
        (lambda: la.im2col(image, [3, 3], [0, 1]), "strides must be positive integers"),
        (lambda: la.im2col(image, cols=f3), "output buffer size is invalid"),
        (lambda: la.im2col(image, [1, 1], cols=mo.zeros([1, 4, 4, 1, 1, 2], NDArray.int8)), "Unmatch data type"),
        (lambda: la.im2col(image, [1, 1], cols=image.reshape([1, 4, 4, 1, 1, 2])), "overlap"),
        (lambda: la.im2col1d(False, image), "images must be 3D dimension"),
        (lambda: la.im2col2d(False, f23), "images must be 4D dimension"),
        (lambda: la.im2col3d(False, image), "images must be 5D dimension"),
        (lambda: la.reduceSum([1.0]), "must be an NDArray"),
    ],
)
def test_errors(call, message):
    with pytest.raises(InvalidArgumentException, match=message):
        call()


@pytest.mark.parametrize("x", [bad, negative])
@pytest.mark.parametrize(
    "call",
    [
        lambda x: la.gather(f23, x),
        lambda x: la.gather(mo.zeros([2, 2]), x, 0),
        lambda x: la.scatter(x, f23, 3),
        lambda x: la.scatterAdd(x, f23, mo.zeros([3, 3])),
        lambda x: la.gatherb(f23, x),
        lambda x: la.scatterb(x, f23, [3, 3]),
        lambda x: la.gatherND(f23, x.reshape([2, 1])),
        lambda x: la.scatterND(x.reshape([2, 1]), f23, [3, 3]),
        lambda x: la.scatterNDAdd(x.reshape([2, 1]), f23, [3, 3]),
        lambda x: la.onehot(x, 3),
    ],
)
def test_positions_out_of_range(call, x):
    with pytest.raises(RuntimeException, match=r"out of (range|bounds)"):
        call(x)


def test_nothing_is_written_before_positions_are_checked():
    y = mo.zeros([3])
    with pytest.raises(RuntimeException):
        la.scatterAdd(bad, mo.ones([2]), y)
    assert y.toArray() == [0, 0, 0]


def test_read_only_arrays():
    values = np.ones((2, 3), np.float32)
    values.flags.writeable = False
    x = fromNumpy(values)
    for call in (
        lambda: la.scatterAdd(index, f23, x),
        lambda: la.gather(f23, index, output=x),
        lambda: la.bandpart(x, 0, 0),
        lambda: la.masking(bools, x),
        lambda: la.stick(f3.reshape([1, 3]), x, [0], [1]),
        lambda: la.onehot(index, 3, output=x),
        lambda: la.cumsum(f23, outputs=x),
    ):
        with pytest.raises(LogicException, match="read-only"):
            call()
    assert la.reduceSum(x).toArray() == [2, 2, 2]
    assert la.transpose(x).shape() == [3, 2]


def test_empty_arrays():
    empty = la.alloc([0, 3])
    assert la.transpose(empty).shape() == [3, 0]
    assert la.repeat(empty, 2, 0).shape() == [2, 0, 3]
    assert la.concat([empty, f23], 0).toArray() == f23.toArray()
    assert la.gather(f23, la.alloc([0], NDArray.int32)).shape() == [0, 3]
    assert la.onehot(la.alloc([0], NDArray.int32), 4).shape() == [0, 4]
    assert la.searchsorted(f3, la.alloc([0])).shape() == [0]
    assert la.cumsum(empty).shape() == [0, 3]
    assert la.stack([empty, empty], 1).shape() == [0, 2, 3]
    assert la.bandpart(la.alloc([0, 0]), 0, 0).shape() == [0, 0]


def test_examples():
    for name, method in vars(arrays.ArrayMethods).items():
        text = getattr(method, "__doc__", None)
        if isinstance(text, str) and ">>>" in text:
            test = doctest.DocTestParser().get_doctest(text, {"la": la}, name, None, None)
            failures = []
            doctest.DocTestRunner().run(test, out=failures.append)
            assert not failures, "".join(failures)
