"""Storage: elements, bounds, bytes, memory kept for reuse."""

import copy
import gc
import pickle

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException, OutOfRangeException, RuntimeException
from rindow_math.matrix import Buffer, C, NDArray
from rindow_math.matrix.buffer import NAMES, NUMPY_TYPES, dtypeCode, memoryInfo, releaseMemory, setCacheLimit

REAL = [code for code, t in NUMPY_TYPES.items() if t.kind in "biuf"]
INTEGERS = [code for code, t in NUMPY_TYPES.items() if t.kind in "iu"]


@pytest.mark.parametrize("code", list(NUMPY_TYPES), ids=NAMES.get)
def test_new_buffer_is_zero_aligned_and_typed(code):
    b = Buffer(5, code)
    assert (len(b), b.count(), b.dtype(), b.value_size()) == (5, 5, code, NUMPY_TYPES[code].itemsize)
    view = np.asarray(memoryview(b)) if NUMPY_TYPES[code].kind != "c" else np.frombuffer(b.dump(), NUMPY_TYPES[code])
    assert view.dtype == NUMPY_TYPES[code]
    assert not view.any()
    if NUMPY_TYPES[code].kind != "c":
        assert view.ctypes.data % 64 == 0


@pytest.mark.parametrize("code", REAL, ids=NAMES.get)
def test_elements_come_back_as_python_numbers(code):
    b = Buffer(2, code)
    b[1] = 1
    assert b[1] == 1
    assert type(b[1]) is {"b": bool, "i": int, "u": int, "f": float}[NUMPY_TYPES[code].kind]


def test_complex_elements():
    b = Buffer(1, NDArray.complex128)
    b[0] = C(1, -2)
    assert b[0] == 1 - 2j
    assert str(b[0]) == "1-2i"
    with pytest.raises(InvalidArgumentException, match="complex"):
        b[0] = "1"


@pytest.mark.parametrize("code", INTEGERS, ids=NAMES.get)
def test_integers_at_the_limits(code):
    info = np.iinfo(NUMPY_TYPES[code])
    b = Buffer(2, code)
    b[0], b[1] = info.min, info.max
    assert (b[0], b[1]) == (info.min, info.max)
    for value in (info.min - 1, info.max + 1, 1e30, float("nan"), float("inf"), "3", None):
        with pytest.raises(InvalidArgumentException):
            b[0] = value
    assert (b[0], b[1]) == (info.min, info.max)


def test_floats_are_truncated_towards_zero_for_integer_types():
    b = Buffer(1, NDArray.int8)
    for value in (1.9, -1.9, np.float32(2.5), True):
        b[0] = value
        assert b[0] == int(value)


@pytest.mark.parametrize("offset", [2, -1, 10**30])
def test_index_out_of_range(offset):
    b = Buffer(2, NDArray.float32)
    with pytest.raises(OutOfRangeException, match="out of range"):
        b[offset]
    for kind in (IndexError, RuntimeException):
        with pytest.raises(kind):
            b[offset] = 1
    assert offset not in b


@pytest.mark.parametrize("offset", ["0", 0.0, None, True])
def test_index_of_another_kind(offset):
    b = Buffer(2, NDArray.float32)
    for kind in (InvalidArgumentException, TypeError):
        with pytest.raises(kind, match="integer"):
            b[offset]
    assert offset not in b
    assert 1 in b


@pytest.mark.parametrize("size", [-1, 1.5, "3", None, True])
def test_bad_size(size):
    with pytest.raises(InvalidArgumentException, match="size"):
        Buffer(size, NDArray.float32)


def test_more_than_the_memory_holds():
    with pytest.raises(MemoryError):
        Buffer(1 << 62, NDArray.float64)
    with pytest.raises(MemoryError):
        Buffer(1 << 56, NDArray.float64)


@pytest.mark.parametrize(
    "dtype", [0, -1, 18, NDArray.float8, NDArray.complex32, "text", object, "datetime64[s]", 10**30]
)
def test_types_without_storage(dtype):
    with pytest.raises(InvalidArgumentException, match="data type"):
        Buffer(1, dtype)


@pytest.mark.parametrize(
    ("dtype", "code"),
    [
        (NDArray.float32, NDArray.float32),
        ("float64", NDArray.float64),
        (np.int16, NDArray.int16),
        (np.dtype(">i4"), NDArray.int32),
        (float, NDArray.float32),
        (int, NDArray.int32),
        (bool, NDArray.bool),
        (complex, NDArray.complex64),
    ],
)
def test_types_by_any_name(dtype, code):
    assert dtypeCode(dtype) == code


def test_dump_and_load():
    b = Buffer(3, NDArray.int16)
    b[2] = -2
    other = Buffer(3, NDArray.int16)
    other.load(b.dump())
    assert [other[i] for i in range(3)] == [0, 0, -2]
    assert b.dump() == np.array([0, 0, -2], np.int16).tobytes()
    with pytest.raises(InvalidArgumentException, match="bytes"):
        other.load(b"12345")


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda b: pickle.loads(pickle.dumps(b))])
def test_copies_have_their_own_memory(clone):
    b = Buffer(2, NDArray.float32)
    b[0] = 1.5
    other = clone(b)
    b[0] = 9
    assert (other[0], len(other), other.dtype()) == (1.5, 2, NDArray.float32)


def test_an_element_that_is_unset_is_zero():
    b = Buffer(2, NDArray.complex128)
    b[0] = b[1] = C(1, 2)
    del b[0]
    assert (b[0], b[1], len(b)) == (0, 1 + 2j, 2)
    b.offsetUnset(1)
    assert b[1] == 0
    with pytest.raises(OutOfRangeException):
        del b[2]


def test_elements_by_the_names_of_array_access():
    b = Buffer(2, NDArray.float32)
    b.offsetSet(1, 2.5)
    assert (b.offsetGet(1), b.offsetExists(1), b.offsetExists(2)) == (2.5, True, False)
    with pytest.raises(TypeError):
        b.offsetGet()


def test_a_buffer_is_initialized_once():
    b = Buffer(1, NDArray.float32)
    with pytest.raises(LogicException):
        b.__init__(2, NDArray.float32)


def test_buffer_protocol_shares_memory():
    b = Buffer(4, NDArray.int32)
    view = memoryview(b)
    assert (view.format, view.shape, view.strides, view.readonly) == ("i", (4,), (4,), False)
    view[3] = 7
    assert b[3] == 7
    del b
    assert view[3] == 7  # the view keeps the memory


def test_freed_memory_is_kept_and_released():
    limit = memoryInfo()["cache_limit"]
    before = memoryInfo()["in_use"]
    b = Buffer(1 << 20, NDArray.float32)
    assert memoryInfo()["in_use"] >= before + (4 << 20)
    del b
    gc.collect()
    assert memoryInfo()["in_use"] <= before
    assert memoryInfo()["cached"] >= 4 << 20
    assert releaseMemory() >= 4 << 20
    assert memoryInfo()["cached"] == 0
    try:
        setCacheLimit(1 << 10)
        b = Buffer(1 << 20, NDArray.float32)
        del b
        assert memoryInfo()["cached"] <= 1 << 10
        with pytest.raises(InvalidArgumentException):
            setCacheLimit(-1)
    finally:
        setCacheLimit(limit)
