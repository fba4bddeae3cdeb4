"""NDArrayPhp: making, indexing, views, copies, and numpy's protocols."""

import copy
import gc
import io
import pickle
import sys

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException, OutOfRangeException
from rindow_math.matrix import Buffer, C, MatrixOperator, NDArray, NDArrayPhp, R, Range
from rindow_math.matrix.buffer import NAMES, NUMPY_TYPES
from rindow_math.matrix.ndarray import fromNumpy

mo = MatrixOperator()
ALL = list(NUMPY_TYPES)
REAL = [code for code, t in NUMPY_TYPES.items() if t.kind in "biuf"]


def grid(*shape, dtype=NDArray.float32):
    return NDArrayPhp(np.arange(np.prod(shape)).reshape(shape), dtype)


# ---- making


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (5, []),
        (2.5, []),
        ([1, 2, 3], [3]),
        ((1, 2), [2]),
        ([[1, 2], [3, 4], [5, 6]], [3, 2]),
        ([(1, 2), [3, 4]], [2, 2]),
        ([[[1]]], [1, 1, 1]),
        (range(4), [4]),
        ([range(2), range(2)], None),
        (Range(limit=3), [3]),
        ([], [0]),
        ([[], []], [2, 0]),
        ([np.float32(1), np.int8(2), True], [3]),
        ([NDArrayPhp([1, 2]), [3, 4]], [2, 2]),
        ([[3, 4], np.array([5, 6])], [2, 2]),
    ],
)
def test_from_nested_values(value, shape):
    if shape is None:
        with pytest.raises(InvalidArgumentException):
            NDArrayPhp(value)
        return
    a = NDArrayPhp(value)
    assert a.shape() == shape
    assert a.dtype() == NDArray.float32
    assert a.ndim() == len(shape)
    assert a.size() == np.prod(shape, dtype=int)
    assert (a.offset(), len(a.buffer())) == (0, a.size())
    plain = [np.asarray(v) for v in value] if isinstance(value, list) and value else value
    expected = np.asarray(list(plain) if isinstance(plain, Range) else plain, np.float32).reshape(shape)
    np.testing.assert_array_equal(np.asarray(a), expected)


@pytest.mark.parametrize(
    "value",
    [
        [[1, 2], [3]],
        [[1], [2, 3]],
        [1, [2]],
        [[1], 2],
        [[[1, 2]], [[3]]],
        [[1, 2], [[3], [4]]],
        [[1, 2], np.zeros(3)],
        [[1, 2], NDArrayPhp([[1, 2]])],
        [NDArrayPhp([1, 2]), NDArrayPhp([1, 2, 3])],
        [NDArrayPhp([1, 2]), 3],
        [[1, 2], "ab"],
    ],
)
def test_ragged_lists(value):
    with pytest.raises(InvalidArgumentException, match=r"broken|scalar"):
        NDArrayPhp(value)


@pytest.mark.parametrize("value", ["abc", b"abc", {"a": 1}, {1, 2}, object(), ["a"], [None], [object()]])
def test_values_of_another_kind(value):
    with pytest.raises(InvalidArgumentException):
        NDArrayPhp(value)


def test_nothing_is_an_array_to_be_filled():
    a = NDArrayPhp()
    assert (a.shape(), a.size()) == ([], 0)
    with pytest.raises(InvalidArgumentException):
        NDArrayPhp(dtype=NDArray.float32)


def test_shape_without_values_is_zero():
    a = NDArrayPhp(None, NDArray.int16, [2, 3])
    assert a.toArray() == [[0, 0, 0], [0, 0, 0]]
    assert a.dtype() == NDArray.int16


def test_values_with_a_shape():
    assert NDArrayPhp([1, 2, 3, 4], NDArray.int32, [2, 2]).toArray() == [[1, 2], [3, 4]]
    with pytest.raises(InvalidArgumentException, match="dimension size"):
        NDArrayPhp([1, 2, 3], NDArray.int32, [2, 2])


def test_over_a_buffer():
    buffer = Buffer(6, NDArray.float32)
    a = NDArrayPhp(buffer, NDArray.float32, [2, 2], 2)
    a[0][1] = 5
    assert buffer[3] == 5
    assert a.buffer() is buffer
    assert a.offset() == 2


@pytest.mark.parametrize(
    "arguments",
    [
        {"shape": [2, 2]},
        {"offset": 0},
        {"shape": [2, 2], "offset": 3},
        {"shape": [7], "offset": 0},
        {"shape": [1], "offset": -1},
        {"shape": [0], "offset": 7},
        {"shape": [1], "offset": 0, "dtype": NDArray.float64},
        {"shape": [1 << 40, 1 << 20], "offset": 0},
    ],
)
def test_views_that_do_not_fit_their_buffer(arguments):
    with pytest.raises((InvalidArgumentException, MemoryError)):
        NDArrayPhp(Buffer(6, NDArray.float32), **arguments)


@pytest.mark.parametrize("shape", [[-1], [2, -3], [1.5], ["2"], [True], "23", 2.5, [None], [[2]], [1] * 17, [2] * 100])
def test_bad_shapes(shape):
    with pytest.raises(InvalidArgumentException):
        NDArrayPhp(None, NDArray.float32, shape)


@pytest.mark.parametrize("shape", [[1 << 60], [1 << 40, 1 << 40], [1 << 63], [10**30], [1 << 31, 1 << 31, 0, 1 << 31]])
def test_shapes_beyond_memory(shape):
    with pytest.raises(MemoryError):
        NDArrayPhp(None, NDArray.float32, shape)


def test_sixteen_dimensions():
    a = NDArrayPhp(None, NDArray.int8, [1] * 15 + [2])
    assert a.ndim() == 16
    assert a[0].ndim() == 15
    nested = [1, 2]
    for _ in range(15):
        nested = [nested]
    assert NDArrayPhp(nested).toArray() == nested
    with pytest.raises(InvalidArgumentException, match="16"):
        NDArrayPhp([nested])


@pytest.mark.parametrize("code", ALL, ids=NAMES.get)
def test_every_type_keeps_its_values(code):
    values = [True, False] if code == NDArray.bool else [C(1, 2), C(-3, 0.5)] if code >= 14 else [0, 100]
    a = NDArrayPhp(values, code)
    assert (a.dtype(), a.buffer().dtype()) == (code, code)
    assert a.toArray() == values
    assert a[1] == values[1]
    a[0] = values[1]
    assert a.toArray() == [values[1]] * 2


def test_constants_are_the_codes_of_the_original():
    names = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float8", "float16"]
    names += ["float32", "float64", "complex16", "complex32", "complex64", "complex128"]
    assert [getattr(NDArray, name) for name in names] == list(range(1, 18))


def test_a_lone_bool_needs_its_type():
    assert NDArrayPhp(True, NDArray.bool).toArray() is True
    with pytest.raises(InvalidArgumentException, match="unmatch dtype with bool value"):
        NDArrayPhp(True, NDArray.float32)


# ---- indexing


def test_rows_are_views():
    a = grid(2, 3)
    row = a[1]
    assert (row.shape(), row.offset(), row.buffer() is a.buffer()) == ([3], 3, True)
    row[0] = 50
    assert a.toArray() == [[0, 1, 2], [50, 4, 5]]
    assert a[1][2] == 5.0
    assert type(a[1][2]) is float


def test_negative_indexes_count_from_the_end():
    a = grid(3, 2)
    assert a[-1].toArray() == a[2].toArray()
    assert a[-3].toArray() == [0, 1]
    assert a[-1][-1] == 5


@pytest.mark.parametrize("index", [3, -4, 10**30, -(10**30)])
def test_index_out_of_range(index):
    a = grid(3, 2)
    with pytest.raises(OutOfRangeException, match="out of range"):
        a[index]
    with pytest.raises(IndexError):
        a[index] = [1, 2]
    assert index not in a


@pytest.mark.parametrize("index", ["0", 1.0, None, {}, True])
def test_index_of_another_kind(index):
    a = grid(3)
    with pytest.raises(InvalidArgumentException, match="offset"):
        a[index]
    with pytest.raises(InvalidArgumentException):
        a[index] = 1


def test_numpy_integers_are_indexes():
    a = grid(3, 2)
    assert a[np.int64(1)].toArray() == [2, 3]
    assert np.uint8(2) in a


@pytest.mark.parametrize(
    ("index", "rows"),
    [
        (R(1, 3), [1, 2]),
        (Range(start=0, limit=1), [0]),
        ([1, 3], [1, 2]),
        ([0, 4], [0, 1, 2, 3]),
        (slice(1, 3), [1, 2]),
        (slice(None), [0, 1, 2, 3]),
        (slice(-2, None), [2, 3]),
        (slice(3, 1), []),
        (slice(2, 100), [2, 3]),
    ],
)
def test_ranges_are_views(index, rows):
    a = grid(4, 2)
    part = a[index]
    np.testing.assert_array_equal(np.asarray(part), np.asarray(a)[rows])
    assert part.shape() == [len(rows), 2]
    if rows:
        part[0][0] = 99
        assert a[rows[0]][0] == 99


def test_a_range_of_a_vector_is_a_vector():
    part = grid(4)[R(1, 2)]
    assert part.toArray() == [1]
    assert part.shape() == [1]


@pytest.mark.parametrize(
    "index",
    [
        R(0, 5),
        R(3, 3),
        R(3, 1),
        Range(start=0, limit=4, delta=2),
        [0, 5],
        [3, 1],
        [0, 1, 2],
        [0.0, 1.0],
        [-1, 2],
        slice(0, 4, 2),
        slice(None, None, -1),
    ],
)
def test_bad_ranges(index):
    with pytest.raises(OutOfRangeException):
        grid(4, 2)[index]


def test_tuples_index_several_dimensions():
    a = grid(2, 3, 4)
    assert a[1, 2, 3] == 23
    assert a[1, 2].toArray() == [20, 21, 22, 23]
    assert a[1, slice(0, 2)].shape() == [2, 4]
    a[1, 2, 3] = -1
    assert a[1][2][3] == -1
    a[0, 1] = [9, 9, 9, 9]
    assert a[0][1].toArray() == [9] * 4
    with pytest.raises(OutOfRangeException, match="too many"):
        a[0, 0, 0, 0]
    with pytest.raises(OutOfRangeException, match="too many"):
        a[0, 0, 0, 0] = 1


def test_a_scalar_has_no_elements():
    a = NDArrayPhp(5)
    for index in (0, R(0, 1), [0, 1], slice(None)):
        with pytest.raises(OutOfRangeException, match="scalar"):
            a[index]
    assert (0 in a, len(a), list(a)) == (False, 0, [])
    with pytest.raises(OutOfRangeException):
        a[0] = 1


def test_contains_asks_for_indexes():
    a = grid(3)
    assert 0 in a
    assert 2 in a
    assert [0, 3] in a
    assert [1, 4] not in a
    assert R(0, 3) in a
    assert -1 not in a
    assert a.offsetExists(1)
    with pytest.raises(InvalidArgumentException):
        "x" in a  # noqa: B015


def test_range_styles():
    a = grid(4)
    try:
        NDArrayPhp.rangeStyle = NDArrayPhp.RANGE_STYLE_1
        assert a[[0, 2]].toArray() == [0, 1, 2]
        assert a[R(0, 2)].toArray() == [0, 1]
        NDArrayPhp.rangeStyle = NDArrayPhp.RANGE_STYLE_FORCE2
        with pytest.raises(InvalidArgumentException, match="old range style"):
            a[[0, 2]]
        assert a[R(0, 2)].toArray() == [0, 1]
    finally:
        NDArrayPhp.rangeStyle = NDArrayPhp.RANGE_STYLE_DEFAULT
    assert a[[0, 2]].toArray() == [0, 1]


# ---- assignment


def test_assigning_rows_writes_through():
    a = grid(2, 3)
    a[0] = NDArrayPhp([7, 8, 9])
    a[1] = [1, 2, 3]
    assert a.toArray() == [[7, 8, 9], [1, 2, 3]]
    a[-1] = np.array([4, 5, 6])
    assert a[1].toArray() == [4, 5, 6]


def test_assigning_converts_types():
    a = NDArrayPhp([[0, 0]], NDArray.int32)
    a[0] = NDArrayPhp([1.9, -1.9], NDArray.float64)
    assert a.toArray() == [[1, -1]]
    a[0][0] = 3.7
    assert a[0][0] == 3


def test_assigning_a_row_to_itself():
    a = grid(2, 2)
    a[0] = a[1]
    a[1] = a[1]
    assert a.toArray() == [[2, 3], [2, 3]]


@pytest.mark.parametrize(
    "value", [1, None, "ab", [1, 2], [1, 2, 3, 4], [[1, 2, 3]], NDArrayPhp([1, 2]), np.zeros((1, 3))]
)
def test_rows_of_another_shape(value):
    a = grid(2, 3)
    with pytest.raises(InvalidArgumentException):
        a[0] = value
    assert a.toArray() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("value", ["1", None, [1], NDArrayPhp([1]), 1j])
def test_elements_of_another_kind(value):
    a = grid(2)
    with pytest.raises(InvalidArgumentException):
        a[0] = value
    assert a.toArray() == [0, 1]


def test_a_scalar_array_is_assigned_as_a_number():
    a = grid(2)
    a[1] = NDArrayPhp(8)
    assert a.toArray() == [0, 8]


def test_complex_arrays_take_complex_numbers():
    a = NDArrayPhp([C(1, 2)], NDArray.complex64)
    a[0] = 3 - 4j
    assert str(a[0]) == "3-4i"
    with pytest.raises(InvalidArgumentException, match="complex"):
        a[0] = 1.0


@pytest.mark.parametrize("index", [R(0, 1), slice(0, 1), [0, 1]])
def test_ranges_cannot_be_assigned(index):
    with pytest.raises(OutOfRangeException, match="range"):
        grid(2)[index] = [1]


def test_elements_cannot_be_removed():
    with pytest.raises(LogicException):
        del grid(2)[0]


def test_integers_out_of_range_are_refused():
    a = NDArrayPhp([0], NDArray.int8)
    for value in (128, -129, 1e10, float("nan")):
        with pytest.raises(InvalidArgumentException):
            a[0] = value
    with pytest.raises(InvalidArgumentException, match="out of range"):
        NDArrayPhp([1, 300], NDArray.uint8)


# ---- walking, shapes, copies


def test_iteration_gives_rows_and_numbers():
    a = grid(2, 2)
    assert [row.toArray() for row in a] == [[0, 1], [2, 3]]
    for row in a:
        row[0] = -1
    assert a.toArray() == [[-1, 1], [-1, 3]]
    assert list(grid(3)) == [0, 1, 2]
    assert (len(a), a.count(), bool(NDArrayPhp([]))) == (2, 2, True)


def test_reshape_shares_memory():
    a = grid(2, 3)
    b = a.reshape([3, 2])
    b[0][1] = 77
    assert a[0][1] == 77
    assert a[1].reshape([1, 3]).offset() == 3
    assert a.reshape([6]).shape() == [6]
    assert NDArrayPhp(5).reshape([1, 1]).toArray() == [[5]]
    assert NDArrayPhp([5]).reshape([]).toArray() == 5


def test_reshape_to_another_size():
    with pytest.raises(InvalidArgumentException, match=r"Unmatch size to reshape: \[2,3\]=>\[4,2\]"):
        grid(2, 3).reshape([4, 2])
    with pytest.raises(InvalidArgumentException):
        grid(2, 3).reshape([-1, 2])


def test_shape_is_a_fresh_list():
    a = grid(2, 3)
    a.shape().append(9)
    assert a.shape() == [2, 3]


def test_to_array_gives_python_numbers():
    assert NDArrayPhp([[1, 2]], NDArray.int64).toArray() == [[1, 2]]
    assert type(NDArrayPhp([1], NDArray.int64).toArray()[0]) is int
    assert NDArrayPhp([True], NDArray.bool).toArray() == [True]
    assert type(NDArrayPhp(1.5).toArray()) is float
    assert grid(2, 2, 2)[1].toArray() == [[4, 5], [6, 7]]
    assert NDArrayPhp(None, NDArray.float32, [2, 0, 3]).toArray() == [[], []]


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))])
@pytest.mark.parametrize("code", ALL, ids=NAMES.get)
def test_copies_have_their_own_memory(clone, code):
    a = NDArrayPhp(np.array([[1, 0], [1, 1]]), code)
    b = clone(a[1])
    a[1] = a[0]
    assert (b.shape(), b.dtype(), b.offset(), b.buffer().count()) == ([2], code, 0, 2)
    np.testing.assert_array_equal(np.asarray(b), np.array([1, 1], NUMPY_TYPES[code]))


def test_numbers_from_arrays_of_one_element():
    assert (float(NDArrayPhp(1.5)), int(NDArrayPhp([[7]])), float(NDArrayPhp([2], NDArray.int8))) == (1.5, 7, 2.0)
    with pytest.raises(InvalidArgumentException, match="one element"):
        float(grid(2))


def test_memory_lives_as_long_as_a_view():
    row = grid(1000, 1000)[999]
    gc.collect()
    junk = [grid(1000) for _ in range(100)]
    assert row[999] == 999999
    assert len(junk) == 100


def test_arrays_leave_no_references():
    a = grid(10)
    buffer = a.buffer()
    count = sys.getrefcount(buffer)
    views = [a[R(0, 5)] for _ in range(10)] + [np.asarray(a), memoryview(a)]
    assert sys.getrefcount(buffer) > count
    del views
    assert sys.getrefcount(buffer) == count


def test_an_array_is_initialized_once():
    a = grid(2)
    with pytest.raises(LogicException):
        a.__init__([1])


def test_service_is_the_default_one():
    assert grid(1).service() is mo.service()


def test_serialized_arrays_come_back():
    a = NDArrayPhp([[1, 2], [3, 4]], NDArray.int16)
    b = NDArrayPhp()
    b.unserialize(a[1].serialize())
    assert (b.toArray(), b.dtype()) == ([3, 4], NDArray.int16)
    view = memoryview(b)
    with pytest.raises(LogicException, match="cannot be read into"):
        b.unserialize(a.serialize())
    with pytest.raises(LogicException, match="cannot be read into"):
        b.unserialize(NDArrayPhp([8, 9], NDArray.int32).serialize())
    assert view.tolist() == [3, 4]
    b.unserialize(a[0].serialize())  # the same type and shape: views see the new values
    assert view.tolist() == [1, 2]
    z = NDArrayPhp(None, NDArray.complex128, [2])
    z.unserialize(NDArrayPhp([1j, 2 - 1j], NDArray.complex128).serialize())
    assert z.toArray() == [1j, 2 - 1j]


# ---- numpy


@pytest.mark.parametrize("code", ALL, ids=NAMES.get)
def test_numpy_shares_memory(code):
    a = NDArrayPhp(np.zeros((2, 2)), code)
    x = np.asarray(a)
    assert (x.dtype, x.shape) == (NUMPY_TYPES[code], (2, 2))
    x[1, 1] = 1
    assert a[1][1] == 1
    y = np.asarray(a[1])
    y[0] = 1
    assert a[1][0] == 1
    assert np.shares_memory(x, y)
    assert fromNumpy(x).toArray() == a.toArray()


def test_array_protocol_copies_when_asked():
    a = grid(2)
    for made in (np.array(a), np.asarray(a, np.float64), a.__array__(copy=True)):
        made[0] = 9
        assert a[0] == 0
    with pytest.raises(ValueError, match="copy"):
        a.__array__(np.float64, copy=False)
    assert np.shares_memory(a.__array__(copy=False), np.asarray(a))


def test_numpy_functions_accept_arrays():
    a = grid(2, 3)
    assert np.sum(a) == 15
    np.testing.assert_array_equal(np.concatenate([a, a]), np.concatenate([np.asarray(a)] * 2))
    np.testing.assert_allclose(np.exp(a), np.exp(np.asarray(a)))


def test_from_numpy_shares_memory():
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    a = fromNumpy(x)
    a[0][0] = 5
    x[1, 2] = -1
    assert (x[0, 0], a[1][2]) == (5, -1)
    del x
    gc.collect()
    assert a[1][2] == -1


@pytest.mark.parametrize(
    "x",
    [
        np.arange(6.0)[::2],
        np.arange(6.0).reshape(2, 3).T,
        np.arange(3, dtype=">f8"),
        np.array(["a"]),
        np.array([object()]),
        np.zeros(2, "datetime64[s]"),
        [1, 2],
        np.frombuffer(bytes(9), np.uint8)[1:].view(np.float32),
    ],
)
def test_layouts_that_cannot_be_shared(x):
    with pytest.raises(InvalidArgumentException):
        fromNumpy(x)


@pytest.mark.parametrize(
    "x",
    [
        np.arange(12.0)[::-2],
        np.arange(6.0).reshape(2, 3).T,
        np.arange(3, dtype=">f8"),
        np.arange(4, dtype=">i2").reshape(2, 2),
        np.broadcast_to(np.float32(2), (2, 3)),
        np.frombuffer(bytes(range(9)), np.uint8)[1:].view(np.uint16),
        np.asfortranarray(np.arange(6, dtype=np.complex64).reshape(2, 3)),
        np.zeros((0, 3)),
        np.array(5, np.int8),
        np.ma.masked_array([1.0, 2.0], mask=[0, 0]),
    ],
)
def test_any_layout_is_copied(x):
    a = NDArrayPhp(x)
    np.testing.assert_array_equal(np.asarray(a), x)
    assert np.asarray(a).dtype == x.dtype.newbyteorder("=")
    assert not np.shares_memory(np.asarray(a), x)


@pytest.mark.parametrize("x", [np.array(["a"]), np.array([None]), np.zeros(2, "datetime64[s]"), np.zeros(2, "i4,f4")])
def test_numpy_types_without_a_counterpart(x):
    with pytest.raises(InvalidArgumentException):
        NDArrayPhp(x)


def test_complex_values_are_not_cut_silently():
    with pytest.raises(InvalidArgumentException, match="complex"):
        NDArrayPhp(np.array([1j]), NDArray.float32)


def test_read_only_memory():
    x = np.arange(4, dtype=np.float32)
    x.flags.writeable = False
    a = fromNumpy(x)
    for write in (
        lambda: a.__setitem__(0, 1),
        lambda: a[R(0, 2)].__setitem__(0, 1),
        lambda: a.reshape([2, 2]).__setitem__(0, [1, 2]),
        lambda: a.buffer().__setitem__(0, 1),
        lambda: a.buffer().offsetUnset(0),
        lambda: a.buffer().load(bytes(16)),
    ):
        with pytest.raises(LogicException, match="read-only"):
            write()
    assert not np.asarray(a).flags.writeable
    assert memoryview(a).readonly
    for exporter in (a, a.buffer()):
        with pytest.raises((TypeError, BufferError)):
            io.BytesIO(b"1234").readinto(exporter)
    copy.copy(a)[0] = 1  # a copy may be written
    np.testing.assert_array_equal(x, np.arange(4))


@pytest.mark.parametrize("code", REAL, ids=NAMES.get)
def test_buffer_protocol(code):
    a = NDArrayPhp(np.arange(6).reshape(2, 3) % 2, code)
    view = memoryview(a)
    t = NUMPY_TYPES[code]
    assert (view.shape, view.strides, view.itemsize) == ((2, 3), (3 * t.itemsize, t.itemsize), t.itemsize)
    assert view.nbytes == 6 * t.itemsize
    assert view.c_contiguous
    assert np.asarray(view).dtype == t
    assert bytes(a) == np.asarray(a).tobytes()
    assert memoryview(NDArrayPhp(1, code) if code != NDArray.bool else NDArrayPhp(True, code)).shape == ()
    assert memoryview(NDArrayPhp(None, code, [0, 2])).nbytes == 0


def test_dlpack_both_ways():
    a = grid(2, 3)
    x = np.from_dlpack(a)
    assert np.shares_memory(x, np.asarray(a))
    assert a.__dlpack_device__() == (1, 0)

    class Foreign:
        def __dlpack__(self, **kw):
            return np.arange(3, dtype=np.int16).__dlpack__(**kw)

        def __dlpack_device__(self):
            return (1, 0)

    b = NDArrayPhp(Foreign())
    assert (b.toArray(), b.dtype()) == ([0, 1, 2], NDArray.int16)


def test_objects_with_the_array_protocols():
    class Array:
        def __array__(self, dtype=None, copy=None):
            return np.array([1, 2], np.int32)

    assert NDArrayPhp(Array()).dtype() == NDArray.int32
    import array

    assert NDArrayPhp(array.array("d", [1, 2])).dtype() == NDArray.float64
    assert NDArrayPhp(memoryview(b"\x01\x02")).toArray() == [1, 2]


def test_repr_names_the_type():
    assert repr(NDArrayPhp([1, 2], NDArray.int8)) == "NDArray([1, 2], dtype=int8)"


def test_values_are_copied():
    x = np.zeros(2, np.float32)
    a = NDArrayPhp(x)
    b = NDArrayPhp(a)
    a[0] = 1
    assert (x[0], b[0]) == (0, 0)


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
def test_negative_numbers_in_lists_of_unsigned_types(bits):
    dtype = getattr(NDArray, f"uint{bits}")
    low = -(1 << (bits - 1))
    assert NDArrayPhp([[-1, 5], [low, 0]], dtype).toArray() == [[(1 << bits) - 1, 5], [-low, 0]]
    for value in (low - 1, 1 << bits):
        with pytest.raises(InvalidArgumentException, match="out of range"):
            NDArrayPhp([value], dtype)
