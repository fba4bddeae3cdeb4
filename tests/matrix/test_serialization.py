"""The wire format: against files that the PHP original wrote, and against damage."""

import copy
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rindow_math.exceptions import InvalidArgumentException, RuntimeException
from rindow_math.matrix import MatrixOperator, NDArray, NDArrayPhp, serialization
from rindow_math.matrix.serialization import (
    ITEM_SIZES,
    MAX_DEPTH,
    ArrayRecord,
    decode,
    decode_array,
    encode,
    record_from_state,
    serialize_array,
    unserialize_array,
)

DATA = Path(__file__).parent / "data" / "serialized"
FUZZ = Path(__file__).parent.parent / "fuzz" / "fuzz_serialization.py"
NUMPY_CODES = {
    1: "bool", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "uint8", 7: "uint16", 8: "uint32", 9: "uint64",
    11: "float16", 12: "float32", 13: "float64", 16: "complex64", 17: "complex128",
}  # fmt: skip
CLASS = rb"Rindow\Math\Matrix\NDArrayPhp"

# The int8 array [1,2] in pieces, for tests that damage one of them.
ENTRIES = {
    "m": b's:1:"m";s:7:"machine";',
    "s": b's:1:"s";a:1:{i:0;i:2;}',
    "o": b's:1:"o";i:0;',
    "t": b's:1:"t";i:2;',
    "z": b's:1:"z";i:2;',
    "b": b's:1:"b";s:2:"\x01\x02";',
}
BODY = b"a:6:{%b}" % b"".join(ENTRIES.values())
WHOLE = b"NDArray:" + BODY


def body(**changes: bytes | None) -> bytes:
    """The array with entries changed, or dropped by None."""
    entries = [value for value in (ENTRIES | changes).values() if value is not None]
    return b"a:%d:{%b}" % (len(entries), b"".join(entries))


def linear(dtype: int, *values: bytes) -> bytes:
    """The array in mode linear-array."""
    count = len(values)
    return b"NDArray:" + body(
        m=b's:1:"m";s:12:"linear-array";',
        s=b's:1:"s";a:1:{i:0;i:%d;}' % count,
        t=b's:1:"t";i:%d;' % dtype,
        z=b's:1:"z";i:%d;' % count,
        b=b's:1:"b";a:%d:{%b}' % (count, b"".join(b"i:%d;%b" % pair for pair in enumerate(values))),
    )


def php_object(inner: bytes = BODY) -> bytes:
    return b'O:29:"%b":%b' % (CLASS, inner[2:])


def custom_object(inner: bytes = BODY, length: int | None = None) -> bytes:
    return b'C:29:"%b":%d:{%b}' % (CLASS, len(inner) if length is None else length, inner)


class FakeArray:
    """What this module needs of an NDArray."""

    def __init__(self, values: np.ndarray, code: int):
        self.values, self.code = values, code

    def dtype(self) -> int:
        return self.code

    def shape(self) -> list[int]:
        return list(self.values.shape)

    def __array__(self, dtype=None, copy=None):
        return self.values


def load(name: str) -> bytes:
    return (DATA / f"{name}.bin").read_bytes()


def to_numpy(tree):
    if isinstance(tree, dict):
        return {key: to_numpy(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [to_numpy(value) for value in tree]
    return tree.array()


# --- files of the original ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "dtype"),
    [
        ("bool", [True, False, True], "bool"),
        ("int8", [[-128, 127], [1, 2], [3, 4]], "int8"),
        ("int16", [[-32768, 32767], [1, 2], [3, 4]], "int16"),
        ("int32", [[-(2**31), 2**31 - 1], [1, 2], [3, 4]], "int32"),
        ("int64", [[-(2**63), 2**63 - 1], [1, 2], [3, 4]], "int64"),
        ("uint8", [[0, 255], [1, 2], [3, 4]], "uint8"),
        ("uint16", [[0, 65535], [1, 2], [3, 4]], "uint16"),
        ("uint32", [[0, 2**32 - 1], [1, 2], [3, 4]], "uint32"),
        ("uint64", [[0, 2**63 - 1], [1, 2], [3, 4]], "uint64"),
        ("float32", [[0.1, -0.0], [np.nan, np.inf], [-np.inf, 1e-45]], "float32"),
        ("float64", [[[0.1, -0.0], [np.nan, np.inf]], [[-np.inf, 5e-324], [1.5e300, 2]]], "float64"),
        ("complex64", [1 + 2j, -0.5], "complex64"),
        ("complex128", [[1 + 2j], [-0.5 + 0.1j]], "complex128"),
        ("scalar", 7, "float32"),
    ],
)
def test_arrays_of_version_2(name, values, dtype):
    data = load(f"php2-{name}")
    record = decode_array(data)
    expected = np.array(values, dtype=dtype)
    assert record.array().dtype == expected.dtype
    np.testing.assert_array_equal(record.array(), expected, strict=True)
    np.testing.assert_array_equal(np.signbit(record.array().real), np.signbit(expected.real))
    assert encode(record) == data
    assert serialize_array(expected) == data


def test_view_of_version_2_keeps_its_buffer_on_the_wire_and_loses_it_when_saved_again():
    data = load("php2-view")
    record = decode_array(data)
    assert (record.shape, record.offset, record.count) == ((3,), 3, 6)
    np.testing.assert_array_equal(record.array(), np.array([4, 5, 6], np.int16), strict=True)
    assert encode(record) == data
    again = decode_array(serialize_array(FakeArray(record.array(), 3)))
    assert (again.shape, again.offset, again.count) == ((3,), 0, 3)
    np.testing.assert_array_equal(again.array(), record.array())


MATRIX = np.array([[1, 2, 3], [4, 5, 6]], np.int16)


def test_sets_of_version_2():
    assert decode(load("php2-emptyset")) == []
    expected = [MATRIX, np.array([1.5], np.float32)]
    np.testing.assert_equal(to_numpy(decode(load("php2-list"))), expected)
    assert serialize_array(expected) == load("php2-list")
    # '12' is an integer key in PHP, '012' is not.
    expected = {
        "one": MATRIX,
        "two": {"ü": np.array([2], np.float32), 7: np.array([3], np.float32)},
        12: [],
        -3: [[np.array([True])]],
        "012": MATRIX,
    }
    tree = decode(load("php2-set"))
    np.testing.assert_equal(to_numpy(tree), expected)
    assert list(tree) == list(expected)
    assert encode(tree) == load("php2-set")
    assert serialize_array({str(key): value for key, value in expected.items()}) == load("php2-set")


def test_objects_of_version_2():
    np.testing.assert_array_equal(decode_array(load("php2-object")).array(), MATRIX, strict=True)
    tree = decode(load("php2-objects"))
    assert list(tree) == ["x", "y", "z"]
    assert tree["z"] is tree["x"] and tree["y"][0] is tree["x"]
    np.testing.assert_array_equal(tree["x"].array(), MATRIX)
    np.testing.assert_array_equal(tree["y"][1].array(), np.array([9], np.float32), strict=True)


@pytest.mark.parametrize("version", ["php10", "php11"])
@pytest.mark.parametrize(
    ("name", "values", "dtype"),
    [
        ("int32", [[1, -2, 3], [4, 5, 6]], "int32"),
        ("float64", [0.1, -0.0, 1.5e-7, 1e20, np.nan, np.inf, -np.inf], "float64"),
        ("float32", [0.1, 2, np.inf], "float32"),
        ("bool", [True, False, True], "bool"),
        ("unset", [[0, 0], [0, 0]], "float32"),
        ("view", [4, 5, 6], "int32"),
    ],
)
def test_arrays_of_versions_1(version, name, values, dtype):
    record = decode_array(load(f"{version}-{name}"))
    expected = np.array(values, dtype=dtype)
    np.testing.assert_array_equal(record.array(), expected, strict=True)
    np.testing.assert_array_equal(np.signbit(record.array()), np.signbit(expected))


@pytest.mark.parametrize(("version", "shape"), [("php10", (1,)), ("php11", ())])
def test_scalars_of_versions_1(version, shape):
    record = decode_array(load(f"{version}-scalar"))
    assert record.shape == shape
    assert record.array().reshape(-1).tolist() == [7]


@pytest.mark.parametrize("version", ["php10", "php11"])
def test_sets_of_versions_1_name_one_array_in_several_places(version):
    tree = decode(load(f"{version}-set"))
    assert list(tree) == ["train", "test", 7, "again", "b"]
    assert tree["again"] is tree["train"] is tree["test"][1]
    assert tree[7] is tree["test"][0]
    assert tree["b"] is tree["test"][2]
    assert tree["train"].array().tolist() == [[1, -2, 3], [4, 5, 6]]
    assert tree[7].array().tolist() == [[0, 255]]
    assert tree["b"].array().tolist() == [True, False, True]
    made = unserialize_array(load(f"{version}-set"), lambda record: record.array().copy())
    assert made["again"] is made["train"] is made["test"][1]


def test_numbers_of_objects_begin_anew_in_every_member():
    member = b"a:2:{i:0;%bi:1;r:2;}" % php_object()
    size = len(member)
    first, second = decode(b'NDArraySet:a:2:{i:0;s:%d:"%b";i:1;s:%d:"%b";}' % (size, member, size, member))
    assert first[0] is first[1] and second[0] is second[1] and first[0] is not second[0]


@pytest.mark.parametrize(
    ("name", "shape"),
    [("model-cnn-kernel", (3, 3, 1, 4)), ("model-adam-iteration", ()), ("model-regress-kernel", (5, 1))],
)
def test_records_of_saved_models(name, shape):
    record = decode_array(load(name))
    assert (record.dtype, record.shape, record.offset) == (12, shape, 0)
    assert np.isfinite(record.array()).all() and np.abs(record.array()).max() < 100
    assert encode(record) == load(name)


# --- round trips -------------------------------------------------------------------------------------------------


@st.composite
def records(draw):
    dtype = draw(st.sampled_from(sorted(ITEM_SIZES)))
    shape = tuple(draw(st.lists(st.integers(0, 4), max_size=4)))
    size = int(np.prod(shape, dtype=int))
    offset = draw(st.integers(0, 3))
    count = offset + size + draw(st.integers(0, 3))
    length = count * ITEM_SIZES[dtype]
    data = draw(st.binary(min_size=length, max_size=length))
    if dtype == 1:
        data = bytes(byte & 1 for byte in data)
    return ArrayRecord(dtype, shape, offset, count, data)


KEYS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.text(max_size=4),
    st.sampled_from(["0", "-0", "-1", "01", "+1", "9223372036854775807", "9223372036854775808", "1.5", "\udcff"]),
)


def normal(tree):
    """What PHP's single array type makes of lists and dictionaries."""
    if isinstance(tree, ArrayRecord):
        return tree
    if isinstance(tree, list):
        return [normal(value) for value in tree]
    members = {}
    for key, value in tree.items():
        if isinstance(key, str) and key.lstrip("-").isascii() and key.lstrip("-").isdigit():
            key = int(key) if str(int(key)) == key and -(2**63) <= int(key) < 2**63 else key
        members[key] = normal(value)
    return list(members.values()) if list(members) == list(range(len(members))) else members


TREES = st.recursive(
    records(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3).filter(lambda d: len(normal(d)) == len(d))
    ),
    max_leaves=6,
)


@given(TREES)
@settings(deadline=None, max_examples=300)
def test_round_trip(tree):
    data = encode(tree)
    assert decode(data) == normal(tree)
    assert encode(decode(data)) == data
    assert decode(bytearray(data)) == decode(memoryview(data)) == decode(data.decode("latin-1")) == decode(data)


@given(
    st.sampled_from(sorted(NUMPY_CODES)),
    st.lists(st.integers(0, 5), max_size=4),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["contiguous", "transposed", "strided", "swapped"]),
)
@example(12, [], 0, "swapped")
@settings(deadline=None, max_examples=200)
def test_numpy_round_trip(code, shape, seed, layout):
    dtype = np.dtype(NUMPY_CODES[code])
    bits = np.random.default_rng(seed).bytes(int(np.prod(shape, dtype=int)) * dtype.itemsize)
    values = np.frombuffer(bits, np.uint8)
    values = (values & 1).astype(bool) if code == 1 else values.view(dtype)
    values = values.reshape(shape)
    given_values = {
        "contiguous": values,
        "transposed": values.T.copy().T,
        "strided": np.repeat(values, 2, axis=-1)[..., ::2] if shape else values,
        "swapped": values.astype(dtype.newbyteorder("S")),
    }[layout]
    for value in (given_values, FakeArray(values, code)):
        record = decode_array(serialize_array(value))
        assert (record.dtype, record.shape, record.offset, record.count) == (code, tuple(shape), 0, values.size)
        assert record.array().dtype == dtype
        assert bytes(record.data) == values.tobytes()


def test_every_numpy_name_of_a_type_is_known():
    for kind in "?bBhHiIlLqQefdFD":
        assert decode_array(serialize_array(np.zeros(2, kind))).array().dtype == np.dtype(kind)


def test_wire_is_little_endian_on_every_machine(monkeypatch):
    swapped = ArrayRecord(17, (1,), 0, 1, np.array([1 + 2j]).byteswap().tobytes())
    monkeypatch.setattr(sys, "byteorder", "big")
    data = encode(swapped)
    assert decode(data) == swapped
    assert swapped.state()["b"] == np.array([1 + 2j]).tobytes()
    assert linear(4, b"i:1;") and decode_array(encode(ArrayRecord(6, (2,), 0, 2, b"ab"))).data == b"ab"
    monkeypatch.undo()
    assert decode_array(data).array().tolist() == [1 + 2j]


def test_decoded_records_share_the_memory_of_the_input():
    data = bytearray(serialize_array(np.zeros(4, np.uint8)))
    record = decode_array(data)
    data[-4] = 9
    assert record.array().tolist() == [0, 0, 0, 9]


def test_make_is_called_for_every_array():
    data = serialize_array({"a": MATRIX, "b": (MATRIX, [MATRIX])})
    made = []
    result = unserialize_array(data, lambda record: made.append(record) or len(made))
    assert result == {"a": 1, "b": [2, [3]]}
    assert all(type(record) is ArrayRecord for record in made)


def test_state_is_what_php_calls_serialize():
    record = ArrayRecord(3, (2,), 1, 3, b"\1\0\2\0\3\0")
    state = record.state()
    assert state == {"m": "machine", "s": [2], "o": 1, "t": 3, "z": 3, "b": b"\1\0\2\0\3\0"}
    assert list(state) == ["m", "s", "o", "t", "z", "b"]
    assert record_from_state(state) == record
    assert record_from_state(state | {"m": "linear-array", "b": [1, 2, 3]}) == record


def test_empty_arrays():
    record = decode_array(serialize_array(np.zeros((2, 0, 3), np.float32)))
    assert (record.shape, record.size, record.count) == ((2, 0, 3), 0, 0)
    assert record.array().shape == (2, 0, 3)


def test_dtypes_without_numpy_type_are_carried():
    record = ArrayRecord(14, (2,), 0, 2, b"abcd")
    assert decode_array(encode(record)) == record
    with pytest.raises(RuntimeException, match="numpy has no type for dtype 14"):
        record.array()


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        (2, [b"i:300;", b"i:-1;"], [44, -1]),
        (6, [b"i:-1;", b"d:3.9;"], [255, 3]),
        (4, [b"d:-3.9;", b"b:1;", b"N;"], [-3, 1, 0]),
        (9, [b"d:1.8446744073709550E+19;", b"i:-1;"], [18446744073709549568, 2**64 - 1]),
        (1, [b"i:5;", b"d:0;", b"N;", b"b:0;"], [True, False, False, False]),
        (11, [b"d:1.0E+300;", b"i:1;"], [np.inf, 1]),
        (13, [b"i:9223372036854775807;", b"d:1;"], [2.0**63, 1]),
        (13, [], []),
    ],
)
def test_linear_array_converts_as_c_does(dtype, values, expected):
    assert decode_array(linear(dtype, *values)).array().tolist() == expected


def test_machine_bool_becomes_zero_or_one():
    data = b"NDArray:" + body(t=b's:1:"t";i:1;')
    assert decode_array(data).array().tolist() == [True, True]
    assert bytes(decode_array(data).data) == b"\1\1"


# --- NDArrays ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mo():
    return MatrixOperator()


@pytest.mark.parametrize("dtype", sorted(NUMPY_CODES.values()))
@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (2, 1, 4)])
def test_ndarrays_come_back(mo, dtype, shape):
    values = np.arange(1, 1 + int(np.prod(shape, dtype=int))).reshape(shape).astype(dtype)
    array = mo.array(values, dtype=values.dtype)
    data = mo.serializeArray(array)
    assert type(data) is bytes and data == array.serialize() == serialize_array(values)
    again = mo.unserializeArray(data)
    assert again.dtype() == array.dtype()
    assert again.shape() == list(shape)
    np.testing.assert_array_equal(np.asarray(again), values, strict=True)


@pytest.mark.parametrize("name", ["php2-view", "php10-view", "php11-view"])
def test_views_come_back_as_views_of_their_buffer(mo, name):
    array = mo.unserializeArray(load(name))
    assert (array.shape(), array.offset(), len(array.buffer())) == ([3], 3, 6)
    assert array.toArray() == [4, 5, 6]


def test_a_view_is_saved_without_its_buffer(mo):
    matrix = mo.array([[1, 2, 3], [4, 5, 6]], NDArray.int16)
    assert mo.serializeArray(matrix) == serialize_array(MATRIX)
    assert mo.serializeArray(matrix[1]) == serialize_array(MATRIX[1])
    assert mo.unserializeArray(mo.serializeArray(matrix[1])).toArray() == [4, 5, 6]


def test_sets_of_ndarrays_come_back(mo):
    tree = {"one": mo.array([1.5]), "two": [mo.array([1, 2], NDArray.int8), {}], 5: (mo.array([True], NDArray.bool),)}
    again = mo.unserializeArray(mo.serializeArray(tree))
    assert list(again) == ["one", "two", 5]
    assert again["one"].toArray() == [1.5]
    assert again["two"][0].toArray() == [1, 2]
    assert again["two"][1] == []
    assert again[5][0].toArray() == [True]


def test_loaded_ndarrays_do_not_share_the_memory_of_the_input(mo):
    data = bytearray(serialize_array(np.zeros(4, np.uint8)))
    array = mo.unserializeArray(data)
    data[-4] = 9
    assert array.toArray() == [0, 0, 0, 0]


def test_an_empty_ndarray_is_filled(mo):
    array = NDArrayPhp(service=mo.service())
    array.unserialize(load("php11-int32"))
    assert array.toArray() == [[1, -2, 3], [4, 5, 6]]
    with pytest.raises(RuntimeException, match="Invalid saved data"):
        NDArrayPhp(service=mo.service()).unserialize(load("php2-set"))


def test_ndarrays_of_damaged_data(mo):
    with pytest.raises(RuntimeException, match="Invalid saved data"):
        mo.unserializeArray(b"hello")
    with pytest.raises(RuntimeException, match="invalid format"):
        mo.serializeArray([1, 2])


# --- what is refused ---------------------------------------------------------------------------------------------


def test_the_undamaged_pieces_are_read():
    for data in (WHOLE, php_object(), custom_object(), b"NDArray:" + body(m=b's:1:"m";s:15:"rindow_openblas";')):
        assert decode_array(data).array().tolist() == [1, 2]
    shuffled = b"NDArray:a:6:{%b}" % b"".join(ENTRIES[key] for key in "bztosm")
    assert decode_array(shuffled) == decode_array(WHOLE)


HUGE = 2**63 - 1
DAMAGED = {
    # no array at all
    "empty": (b"", "Invalid saved data. Expected .*, found the end"),
    "text": (b"hello", r"Invalid saved data. Expected .*, found b'hello' \(at byte 0\)"),
    "scalar": (b"i:5;", "Invalid saved data"),
    "null": (b"N;", "Invalid saved data"),
    "string": (b's:1:"x";', "Invalid saved data"),
    "keyword": (b"NDArray:", "Invalid saved data. Expected an array, found the end"),
    "lower case": (b"ndarray:" + BODY, "Invalid saved data"),
    "integer": (b"NDArray:i:5;", "Invalid saved data. Expected an array"),
    "no entries": (b"NDArray:a:0:{}", "An array has 6 entries, this one 0"),
    # the six keys
    "missing key": (b"NDArray:" + body(o=None), "An array has 6 entries, this one 5"),
    "duplicate key": (b"NDArray:" + body(o=ENTRIES["t"]), "Duplicate key 't'"),
    "unknown key": (b"NDArray:" + body(o=b's:1:"x";i:0;'), "Unknown key 'x'"),
    "seventh key": (WHOLE.replace(b"a:6:{", b"a:7:{")[:-1] + b's:1:"x";i:0;}', "this one 7"),
    "integer key": (b"NDArray:" + body(o=b"i:0;i:0;"), "Expected a string"),
    # their types
    "mode": (b"NDArray:" + body(m=b's:1:"m";s:3:"foo";'), "Illegal save mode: foo"),
    "mode type": (b"NDArray:" + body(m=b's:1:"m";i:1;'), "Invalid saved data. Expected a string, found b'i:1;"),
    "shape type": (b"NDArray:" + body(s=b's:1:"s";i:2;'), "invalid shape. Expected an array"),
    "offset type": (b"NDArray:" + body(o=b's:1:"o";d:0;'), "invalid offset. Expected an integer, found b'd:0;"),
    "dtype type": (b"NDArray:" + body(t=b's:1:"t";s:1:"2";'), "invalid dtype. Expected an integer"),
    "size type": (b"NDArray:" + body(z=b's:1:"z";b:1;'), "invalid buffer data. Expected an integer"),
    "buffer type": (b"NDArray:" + body(b=b's:1:"b";N;'), "invalid buffer data. Expected a string"),
    "buffer object": (b"NDArray:" + body(b=b's:1:"b";O:22:"Rindow\\OpenBLAS\\Buffer":0:{}'), "Expected a string"),
    # their values
    "negative dimension": (b"NDArray:" + body(s=b's:1:"s";a:1:{i:0;i:-2;}'), "invalid shape. Dimension 0 is -2"),
    "shape key": (b"NDArray:" + body(s=b's:1:"s";a:1:{i:1;i:2;}'), "invalid shape. Expected dimension 0"),
    "shape element": (b"NDArray:" + body(s=b's:1:"s";a:1:{i:0;d:2;}'), "invalid shape. Expected an integer"),
    "shape too large": (b"NDArray:" + body(s=b's:1:"s";a:1:{i:0;i:3;}'), r"invalid shape. \[3\] from offset 0"),
    "shape overflow": (b"NDArray:" + body(s=b's:1:"s";a:2:{i:0;i:%d;i:1;i:%d;}' % (HUGE, HUGE)), "invalid shape"),
    "empty shape overflow": (b"NDArray:" + body(s=b's:1:"s";a:3:{i:0;i:%d;i:1;i:0;i:2;i:2;}' % HUGE), "more elements"),
    "wrapping shape": (b"NDArray:" + body(s=b's:1:"s";a:2:{i:0;i:4294967296;i:1;i:4294967296;}'), "invalid shape"),
    "many dimensions": (
        b"NDArray:" + body(s=b's:1:"s";a:65:{%b}' % b"".join(b"i:%d;i:1;" % i for i in range(65))),
        "65 dimensions are more than 64",
    ),
    "negative offset": (b"NDArray:" + body(o=b's:1:"o";i:-1;'), "invalid offset. -1 is not in a buffer of 2"),
    "offset": (b"NDArray:" + body(o=b's:1:"o";i:1;'), r"invalid shape. \[2\] from offset 1 reaches beyond"),
    "huge offset": (b"NDArray:" + body(o=b's:1:"o";i:%d;' % HUGE), "invalid offset"),
    "dtype": (b"NDArray:" + body(t=b's:1:"t";i:18;'), "invalid dtype. 18 is none of the codes"),
    "dtype 0": (b"NDArray:" + body(t=b's:1:"t";i:0;'), "invalid dtype"),
    "wider dtype": (b"NDArray:" + body(t=b's:1:"t";i:12;'), "2 elements of dtype 12 take 8 bytes, there are 2"),
    "size": (b"NDArray:" + body(z=b's:1:"z";i:3;'), "invalid buffer data. 3 elements of dtype 2 take 3 bytes"),
    "smaller size": (b"NDArray:" + body(z=b's:1:"z";i:1;'), "1 elements of dtype 2 take 1 bytes, there are 2"),
    "huge size": (b"NDArray:" + body(z=b's:1:"z";i:%d;' % HUGE), "invalid buffer data"),
    "negative size": (b"NDArray:" + body(z=b's:1:"z";i:-2;'), "invalid buffer data. The number of elements is -2"),
    "linear in machine": (b"NDArray:" + body(b=b's:1:"b";a:2:{i:0;i:1;i:1;i:2;}'), "Mode 'machine' expects a string"),
    "string in linear": (
        b"NDArray:" + body(m=b's:1:"m";s:12:"linear-array";'),
        "Mode 'linear-array' expects an array",
    ),
    "linear count": (linear(2, b"i:1;").replace(b's:1:"z";i:1;', b's:1:"z";i:2;'), "2 elements of dtype 2 take 2"),
    "linear key": (linear(2, b"i:1;i:0;i:1;"), "Expected '}'"),
    "linear order": (linear(2, b"i:1;", b"i:1;").replace(b"i:1;i:1;}", b"i:2;i:1;}"), "Expected element 1"),
    "linear string": (linear(2, b's:1:"x";'), "Expected element 0"),
    "linear nan": (linear(2, b"d:NAN;"), "Element 0 of the linear-array is nan"),
    "linear large": (linear(5, b"d:1.0E+20;"), "not an integer of 64 bits"),
    "linear integer": (linear(5, b"i:9223372036854775808;"), "more than 64 bits"),
    "linear complex": (linear(16, b"i:1;"), "holds no values of dtype 16"),
    "linear float8": (linear(10, b"i:1;"), "holds no values of dtype 10"),
    # syntax
    "plus": (b"NDArray:" + body(o=b's:1:"o";i:+0;'), "invalid offset. Expected an integer"),
    "leading zero": (b"NDArray:" + body(o=b's:1:"o";i:00;'), "invalid offset. Expected an integer"),
    "too many bits": (b"NDArray:" + body(o=b's:1:"o";i:9999999999999999999;'), "more than 64 bits"),
    "very many digits": (b"NDArray:" + body(o=b's:1:"o";i:%b;' % (b"9" * 5000)), "invalid offset. Expected an integer"),
    "string length": (WHOLE.replace(b's:2:"', b's:3:"'), "Expected '\";', found"),
    "long string": (WHOLE.replace(b's:2:"', b's:9223372036854775807:"'), "A string of 9223372036854775807 bytes"),
    "many shape entries": (WHOLE.replace(b"a:1:", b"a:1000000000000:"), "1000000000000 entries do not fit"),
    "many set entries": (b"NDArraySet:a:1000000000000:{}", "1000000000000 entries do not fit"),
    "many objects": (b"a:1000000000000:{}", "1000000000000 entries do not fit"),
    "trailing": (WHOLE + b"x", r"1 bytes too many \(at byte 111\)"),
    "trailing space": (WHOLE + b"\n", "1 bytes too many"),
    "no brace": (WHOLE[:-1], "Expected '}', found the end"),
    # sets
    "set of integer": (b"NDArraySet:i:5;", "invalid format. Expected an array"),
    "set of integers": (b'NDArraySet:a:1:{i:0;d:5.000000;}', "invalid format. Expected a string"),
    "set of text": (b'NDArraySet:a:1:{i:0;s:1:"x";}', "Invalid saved data"),
    "duplicate integers": (encode([[], []]).replace(b"i:1;s", b"i:0;s"), "Duplicate key 0"),
    "duplicate texts": (encode({"x": [], "y": []}).replace(b'"y"', b'"x"'), "Duplicate key 'x'"),
    "duplicate number": (encode({0: [], "y": []}).replace(b'"y"', b'"0"'), "Duplicate key 0"),
    "key": (encode([[]]).replace(b"i:0;", b"b:0;"), "Expected a string, found b'b:0;"),
    "trailing in member": (encode([[]]).replace(b"s:17:", b"s:18:").replace(b'{}"', b'{}x"'), "1 bytes too many"),
    # objects
    "class": (php_object().replace(b"Rindow", b"Window"), "Expected an array, an NDArrayPhp object"),
    "other class": (b'O:8:"stdClass":0:{}', "Expected an array, an NDArrayPhp object"),
    "enum": (b'E:11:"Suit:Hearts";', "Expected an array, an NDArrayPhp object"),
    "object entries": (php_object(b"a:7" + BODY[3:]), "Expected an array, an NDArrayPhp object"),
    "old properties": (php_object(b'a:6:{s:9:"\0*\0_shape";a:1:{i:0;i:2;}}'), "Unknown key"),
    "custom length": (custom_object(length=len(BODY) + 1), "bytes where|bytes too many"),
    "custom short": (custom_object(length=len(BODY) - 1), "Expected '}'"),
    "custom trailing": (custom_object(BODY + b"x"), "1 bytes too many in an object"),
    "custom long": (custom_object(length=HUGE), "An object of 9223372036854775807 bytes"),
    "custom inner": (custom_object(b"i:1;"), "Expected an array"),
    "array of numbers": (b"a:1:{i:0;i:1;  }", "Expected an array, an NDArrayPhp object"),
    "reference to nothing": (b"a:1:{i:0;r:5;}", "No array is number 5"),
    "reference to the whole": (b"a:1:{i:0;r:1;}", "No array is number 1"),
    "reference to an array": (b"a:2:{i:0;a:0:{}i:1;r:2;}", "No array is number 2"),
    "reference to an entry": (b"a:2:{i:0;%bi:1;r:3;}" % php_object(), "No array is number 3"),
    "PHP reference": (b"a:2:{i:0;%bi:1;R:2;}" % php_object(), "Expected an array, an NDArrayPhp object"),
    "reference out of a member": (
        b'NDArraySet:a:2:{i:0;s:%d:"%b";i:1;s:15:"a:1:{i:0;r:1; }";}' % (len(php_object()), php_object()),
        "Expected an array|No array is number 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "message"), DAMAGED.values(), ids=DAMAGED.keys())
def test_damaged_data(data, message):
    with pytest.raises(RuntimeException, match=message) as info:
        decode(data)
    assert "(at byte " in str(info.value)
    with pytest.raises(RuntimeException):
        decode_array(data)


def test_every_truncation_is_an_error():
    for name in ("php2-set", "php2-objects", "php10-set", "php11-set"):
        data = load(name)
        for length in range(len(data)):
            with pytest.raises(RuntimeException):
                decode(data[:length])


def test_a_position_in_a_member_counts_from_the_beginning_of_the_input():
    data = encode({"a": [ArrayRecord(2, (1,), 0, 1, b"x")]}).replace(b's:1:"o";i:0;', b's:1:"o";d:0;')
    with pytest.raises(RuntimeException) as info:
        decode(data)
    assert str(info.value).endswith(f"(at byte {data.index(b'd:0;')})")


@pytest.mark.parametrize("data", [encode([]), b"a:0:{}", load("php2-set"), b"x", b"NDArra"])
def test_decode_array_wants_one_array(data):
    with pytest.raises(RuntimeException, match=r"^Invalid saved data"):
        decode_array(data)


def test_nesting_has_a_limit_in_both_directions():
    tree = [ArrayRecord(2, (), 0, 1, b"x")]
    for _ in range(MAX_DEPTH - 2):
        tree = [tree]
    data = encode(tree)
    assert decode(data) == tree
    with pytest.raises(RuntimeException, match="Nested deeper than 64 levels"):
        encode([tree])
    with pytest.raises(RuntimeException, match="Nested deeper than 64 levels"):
        decode(b'NDArraySet:a:1:{i:0;s:%d:"%b";}' % (len(data), data))
    with pytest.raises(RuntimeException, match="Nested deeper than 64 levels"):
        decode(b"a:1:{i:0;" * 10_000 + b"}" * 10_000)
    with pytest.raises(RuntimeException, match="Nested deeper than 3 levels"):
        decode(data, max_depth=3)
    with pytest.raises(RuntimeException, match="Nested deeper than 64 levels"):
        decode(b"a:1:{i:0;" * 70 + b"a:0:{}" + b"}" * 70, max_depth=100)
    loop: list = []
    loop.append(loop)
    with pytest.raises(RuntimeException, match="Nested deeper"):
        serialize_array(loop)


def test_limits_of_size_and_number():
    data = encode([[], []])
    assert decode(data, max_bytes=len(data), max_arrays=3) == [[], []]
    with pytest.raises(RuntimeException, match="bytes are more than"):
        decode(data, max_bytes=len(data) - 1)
    with pytest.raises(RuntimeException, match="Too many arrays"):
        decode(data, max_arrays=2)
    with pytest.raises(RuntimeException, match="Too many arrays"):
        decode(b"a:2:{i:0;a:0:{}i:1;a:0:{}}", max_arrays=2)


@pytest.mark.parametrize("data", [5, None, [1], object()])
def test_data_of_another_type(data):
    with pytest.raises(InvalidArgumentException, match=f"received {type(data).__name__}"):
        decode(data)


def test_data_in_unusual_memory():
    with pytest.raises(InvalidArgumentException, match="contiguous"):
        decode(memoryview(WHOLE)[::2])
    assert decode_array(np.frombuffer(WHOLE, np.uint8)).array().tolist() == [1, 2]
    with pytest.raises(RuntimeException, match=r"no byte \(at byte 1\)"):
        decode("N€")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "invalid format. Expected an NDArray, a list or a dictionary, received int"),
        ([1, 2], "invalid format.*received int"),
        ({"a": "text"}, "invalid format.*received str"),
        (None, "invalid format.*received NoneType"),
        ({1.5: MATRIX}, "Expected an integer of 64 bits or a string as key, received 1.5"),
        ({2**63: MATRIX}, "Expected an integer of 64 bits"),
        ({"\ud800": MATRIX}, "is no text"),
        ({"1": MATRIX, 1: MATRIX}, "is there as an integer and as a string"),
        (np.array(["text"]), "invalid dtype. NDArray has no dtype for numpy type <U4"),
        (np.array([object()]), "invalid dtype"),
        (FakeArray(np.zeros(2, np.float64), 12), "Values of numpy type float64 in an array of dtype 12"),
    ],
)
def test_values_that_cannot_be_saved(value, message):
    with pytest.raises(RuntimeException, match=message):
        serialize_array(value)


def test_encode_takes_records_alone():
    with pytest.raises(RuntimeException, match="Expected an ArrayRecord, a list or a dictionary, received ndarray"):
        encode([MATRIX])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, (), 0, 1, b"x"), "invalid dtype"),
        ((True, (), 0, 1, b"x"), "invalid dtype"),
        ((2, [1], 0, 1, b"x"), "invalid shape. Expected a tuple, received list"),
        ((2, (True,), 0, 1, b"x"), "Dimension 0 is True"),
        ((2, (1.0,), 0, 1, b"x"), "Dimension 0 is 1.0"),
        ((2, (2**63,), 0, 1, b"x"), "Dimension 0 is"),
        ((2, (1,), 1, 1, b"x"), "reaches beyond"),
        ((2, (1,), 2, 1, b"x"), "invalid offset"),
        ((2, (1,), 0, 2, b"x"), "invalid buffer data"),
        ((2, (1,) * 65, 0, 1, b"x"), "65 dimensions"),
    ],
)
def test_records_are_checked_when_made(arguments, message):
    with pytest.raises(RuntimeException, match=message):
        ArrayRecord(*arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"z": None}, "The number of elements is None"),
        ({"z": "2"}, "The number of elements is '2'"),
        ({"o": True}, "invalid offset. Expected an integer, received bool"),
        ({"t": 2.0}, "invalid dtype. Expected an integer, received float"),
        ({"s": "22"}, "invalid shape. Expected a list, received str"),
        ({"m": 5}, "Illegal save mode: 5"),
        ({"x": 5}, "Unknown key 'x'"),
        ({"m": "linear-array", "b": ["x", "y"]}, "Element 0 of the linear-array is of type str"),
        ({"m": "linear-array", "b": [1, 2.0, None]}, "2 elements of dtype 2 take 2 bytes, there are 3"),
    ],
)
def test_states_are_checked(change, message):
    state = {"m": "machine", "s": [2], "o": 0, "t": 2, "z": 2, "b": b"ab"}
    assert record_from_state(copy.copy(state)).array().tolist() == [97, 98]
    with pytest.raises(RuntimeException, match=message):
        record_from_state(state | change)
    for key in state:
        with pytest.raises(RuntimeException, match=f"Key '{key}' is missing"):
            record_from_state({k: v for k, v in state.items() if k != key})


def test_unknown_names_are_not_exported():
    assert sorted(serialization.__all__) == sorted(set(serialization.__all__))
    assert all(hasattr(serialization, name) for name in serialization.__all__)


# --- fuzzing -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fuzzer():
    spec = importlib.util.spec_from_file_location("fuzz_serialization", FUZZ)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_fuzzed_inputs(fuzzer):
    outcomes = fuzzer.fuzz(5000, seed=7)
    assert sum(outcomes.values()) == 5000
    assert set(outcomes) == {"error", "ArrayRecord", "list", "dict"}


@pytest.mark.parametrize("kind", ["references", "nulls", "doubles", "sets", "arrays"])
def test_memory_is_bounded_by_the_length_of_the_input(fuzzer, kind):
    n = 20_000
    data = {
        "references": lambda: (
            b"a:%d:{i:0;%b%b}" % (n + 1, php_object(), b"".join(b"i:%d;r:2;" % -i for i in range(1, n + 1)))
        ),
        "nulls": lambda: linear(13, *[b"N;"] * n),
        "doubles": lambda: linear(5, *[b"d:5;"] * n),
        "sets": lambda: b"a:%d:{%b}" % (n, b"".join(b"i:%d;a:0:{}" % i for i in range(n))),
        "arrays": lambda: serialize_array([np.zeros((), np.int8)] * (n // 10)),
    }[kind]()
    assert fuzzer.check(data, measure_memory=True) in ("list", "dict", "ArrayRecord")
