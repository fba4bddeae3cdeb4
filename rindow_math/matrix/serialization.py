"""The wire format of arrays: what Rindow Math Matrix writes with PHP's ``serialize()``.

Three formats are read; the first two are written:

``NDArray:`` + ``serialize()`` of an array with the keys ``m s o t z b``
    One array: mode, shape, offset, dtype code, number of elements in ``b``, and the elements.
    In the modes ``machine`` and ``rindow_openblas`` the elements are one string of
    little-endian values, in ``linear-array`` (versions 1.x without OpenBLAS) a PHP array of numbers.

``NDArraySet:`` + ``serialize()`` of an array of strings
    A list or dictionary whose members are again one of these formats.

``serialize()`` of ``Rindow\\Math\\Matrix\\NDArrayPhp`` objects, alone or in nested arrays
    What versions 1.x left: ``O:`` with the six keys as its members, or ``C:`` around the array of the
    six keys (before 1.1), and ``r:`` where one object stands in several places. No version ever
    embedded a buffer object, so no other class is known here.

The parser builds records, lists and dictionaries and nothing else: no other class name, no PHP reference, no
unknown key is accepted. A number that the data claims is checked against the bytes that are there before memory is
taken for it, and every error is a `RuntimeException` that says at which byte.

Lists and dictionaries: PHP has one array type for both. An array with the keys 0, 1, 2, ... in this order is read as
a list, any other one as a dictionary; so a dictionary with just these keys comes back as a list. A string key that
reads as a decimal integer is an integer key, as it is in PHP. String keys are UTF-8; bytes that are not survive
a round trip as surrogate escapes.

Views: PHP writes the whole buffer of a view and its offset in it. Here the elements of the view alone
are written, with offset 0: the same array for every reader, in less space. An array that fills its buffer is written
byte for byte as PHP does it.
"""

import math
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import numpy as np

from rindow_math.exceptions import InvalidArgumentException, RuntimeException

__all__ = [
    "ITEM_SIZES",
    "MAX_ARRAYS",
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_NDIM",
    "ArrayRecord",
    "decode",
    "decode_array",
    "encode",
    "record_from_state",
    "serialize_array",
    "unserialize_array",
]

#: Bytes of one element by dtype code (``NDArray.bool`` is 1, ..., ``NDArray.complex128`` is 17).
ITEM_SIZES: dict[int, int] = dict(zip(range(1, 18), (1, 1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8, 16), strict=True))

#: Input longer than this is refused.
MAX_BYTES = 1 << 40
#: Sets inside sets deeper than this are refused, in reading and in writing.
MAX_DEPTH = 64
#: More dimensions than this are refused (numpy's own limit).
MAX_NDIM = 64
#: More arrays and sets than this in one input are refused.
MAX_ARRAYS = 1 << 20

Data: TypeAlias = bytes | bytearray | memoryview
Tree: TypeAlias = "ArrayRecord | list[Tree] | dict[int | str, Tree]"

_BOOL, _FLOAT8, _COMPLEX16 = 1, 10, 14
# What numpy calls the dtypes. It has no float8, complex16 and complex32: records of these are carried, not computed.
_NUMPY_NAMES = {
    1: "bool", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "uint8", 7: "uint16", 8: "uint32", 9: "uint64",
    11: "float16", 12: "float32", 13: "float64", 16: "complex64", 17: "complex128",
}  # fmt: skip
_CODES = {np.dtype(name): code for code, name in _NUMPY_NAMES.items()}

_INT_MIN, _INT_MAX = -(1 << 63), (1 << 63) - 1
_KEYS = ("m", "s", "o", "t", "z", "b")
_SET_KEYWORD = b"NDArraySet:"
_ARRAY_KEYWORD = b"NDArray:"
_CLASS_NAME = rb"Rindow\Math\Matrix\NDArrayPhp"
_INVALID = "Invalid saved data."
_FORMAT = "invalid format."
_PHRASES = {"m": _INVALID, "s": "invalid shape.", "o": "invalid offset.", "t": "invalid dtype."}
_BUFFER = "invalid buffer data."

# The smallest possible entries of the PHP arrays, by which a claimed number of entries is bounded.
_MIN_SET_ENTRY = len(b'i:0;s:0:"";')
_MIN_OBJECT_ENTRY = len(b"i:0;r:2;")
_MIN_SHAPE_ENTRY = len(b"i:0;i:0;")
_MIN_LINEAR_ENTRY = len(b"i:0;N;")

_UINT = rb"(0|[1-9][0-9]{0,18})"
_INT = rb"(0|-?[1-9][0-9]{0,18})"
_INT_VALUE = re.compile(rb"i:%b;" % _INT)
_ARRAY_HEAD = re.compile(rb"a:%b:\{" % _UINT)
_STRING_HEAD = re.compile(rb's:%b:"' % _UINT)
_OBJECT_HEAD = re.compile(rb'O:29:"%b":6:\{' % re.escape(_CLASS_NAME))
_CUSTOM_HEAD = re.compile(rb'C:29:"%b":%b:\{' % (re.escape(_CLASS_NAME), _UINT))
_BACK_REFERENCE = re.compile(rb"r:([1-9][0-9]{0,18});")
# 400 digits hold every double at any serialize_precision that a PHP program is likely to set.
_DOUBLE = rb"(-?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?(?:[eE][+-]?[0-9]{1,4})?|INF)|NAN)"
_LINEAR_ENTRY = re.compile(rb"i:%b;(?:i:%b|d:%b|b:([01])|(N));" % (_UINT, _INT, _DOUBLE))
_INTEGER_KEY = re.compile(rb"(?:0|-?[1-9][0-9]{0,18})")


def _error(phrase: str, reason: str, at: int | None = None) -> RuntimeException:
    where = "" if at is None else f" (at byte {at})"
    return RuntimeException(f"{phrase} {reason}{where}")


@dataclass(frozen=True, slots=True)
class ArrayRecord:
    """One array as it stands on the wire: plain values, no NDArray.

    The record is checked when it is made: a record that exists is consistent.

    Args:
        dtype: The integer code (``NDArray.float32`` is 12).
        shape: The lengths of the dimensions; empty for a scalar.
        offset: Where the array begins in ``data``, in elements.
        count: The number of elements in ``data``.
        data: The elements, in the byte order of this machine. After `decode` this is a view of the input
            where possible; it is not aligned.

    Raises:
        RuntimeException: The values contradict each other.
    """

    dtype: int
    shape: tuple[int, ...]
    offset: int
    count: int
    data: bytes | memoryview

    def __post_init__(self) -> None:
        if not _is_int(self.dtype) or self.dtype not in ITEM_SIZES:
            raise _error(_PHRASES["t"], f"{self.dtype!r} is none of the codes 1 to 17")
        if not isinstance(self.shape, tuple):
            raise _error(_PHRASES["s"], f"Expected a tuple, received {type(self.shape).__name__}")
        if len(self.shape) > MAX_NDIM:
            raise _error(_PHRASES["s"], f"{len(self.shape)} dimensions are more than {MAX_NDIM}")
        for axis, length in enumerate(self.shape):
            if not _is_int(length) or not 0 <= length <= _INT_MAX:
                raise _error(_PHRASES["s"], f"Dimension {axis} is {length!r}")
        if not _is_int(self.count) or not 0 <= self.count <= _INT_MAX:
            raise _error(_BUFFER, f"The number of elements is {self.count!r}")
        if self.count * ITEM_SIZES[self.dtype] != len(self.data):
            raise _error(
                _BUFFER,
                f"{self.count} elements of dtype {self.dtype} take {self.count * ITEM_SIZES[self.dtype]} bytes, "
                f"there are {len(self.data)}",
            )
        if not _is_int(self.offset) or not 0 <= self.offset <= self.count:
            raise _error(_PHRASES["o"], f"{self.offset!r} is not in a buffer of {self.count} elements")
        # The bytes of an empty array's other dimensions must not overflow whoever multiplies them.
        if math.prod(filter(None, self.shape)) > _INT_MAX // ITEM_SIZES[self.dtype]:
            raise _error(_PHRASES["s"], f"{_shape_text(self.shape)} has more elements than memory has addresses")
        if self.size > self.count - self.offset:
            raise _error(
                _PHRASES["s"],
                f"{_shape_text(self.shape)} from offset {self.offset} reaches beyond a buffer of {self.count} elements",
            )

    @property
    def size(self) -> int:
        """The number of elements of the array (not of the buffer)."""
        return math.prod(self.shape)

    def array(self) -> np.ndarray:
        """The array as a numpy view of ``data``: read-only where ``data`` is, and perhaps not aligned.

        Raises:
            RuntimeException: numpy has no such dtype (float8, complex16, complex32).
        """
        name = _NUMPY_NAMES.get(self.dtype)
        if name is None:
            raise _error(_PHRASES["t"], f"numpy has no type for dtype {self.dtype}")
        if self.size == 0:
            return np.empty(self.shape, dtype=name)
        flat = np.frombuffer(self.data, dtype=name, count=self.size, offset=self.offset * ITEM_SIZES[self.dtype])
        return flat.reshape(self.shape)

    def state(self) -> dict[str, Any]:
        """The six values that the original's ``__serialize()`` returns."""
        return {
            "m": "machine",
            "s": list(self.shape),
            "o": self.offset,
            "t": self.dtype,
            "z": self.count,
            "b": bytes(_little_endian(self.data, self.dtype)),
        }


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _shape_text(shape: tuple[int, ...]) -> str:
    text = "[" + ",".join(map(str, shape)) + "]"
    return text if len(text) <= 80 else text[:77] + "..."


def _little_endian(data: bytes | memoryview, dtype: int) -> bytes | memoryview:
    """Turns the machine's byte order into the wire's, or back."""
    size = ITEM_SIZES[dtype] // 2 if dtype >= _COMPLEX16 else ITEM_SIZES[dtype]
    if sys.byteorder == "little" or size == 1:
        return data
    return np.frombuffer(data, dtype=f"u{size}").byteswap().tobytes()


def _truth_bytes(data: bytes | memoryview) -> bytes | memoryview:
    """Keeps a bool other than 0 and 1 out of memory, where C and numpy would take it for either."""
    values = np.frombuffer(data, dtype=np.uint8)
    return (values != 0).tobytes() if np.any(values > 1) else data


def _linear_bytes(values: list[Any], dtype: int) -> bytes:
    """Converts the numbers of mode ``linear-array``: to integers as C does it, None to zero."""
    name = _NUMPY_NAMES.get(dtype)
    if name is None or dtype >= _COMPLEX16:
        raise _error(_BUFFER, f"A linear-array holds no values of dtype {dtype}")
    for index, value in enumerate(values):
        if value is not None and not isinstance(value, (bool, int, float)):
            raise _error(_BUFFER, f"Element {index} of the linear-array is of type {type(value).__name__}")
    if dtype == _BOOL:
        return bytes(bool(value) for value in values)
    numbers = [0 if value is None else value for value in values]
    if dtype >= _FLOAT8:
        with np.errstate(over="ignore", under="ignore"):
            return np.array(numbers, dtype=np.float64).astype(name).tobytes()
    mask = (1 << 64) - 1
    for index, value in enumerate(numbers):
        if not _INT_MIN <= value <= mask:
            raise _error(_BUFFER, f"Element {index} of the linear-array is {value!r}, not an integer of 64 bits")
    words = np.fromiter((int(value) & mask for value in numbers), dtype=np.uint64, count=len(numbers))
    return words.astype(name).tobytes()


def record_from_state(state: Mapping[str, Any]) -> ArrayRecord:
    """Builds a record from the six values that the original's ``__serialize()`` returns.

    Args:
        state: The keys ``m s o t z b``; ``b`` is bytes-like, or a list of numbers in mode ``linear-array``.

    Raises:
        RuntimeException: A key is missing or unknown, or its value is of a wrong type or contradicts another.
    """
    for key in _KEYS:
        if key not in state:
            raise _error(_PHRASES.get(key, _BUFFER), f"Key '{key}' is missing")
    if len(state) != len(_KEYS):
        raise _error(_INVALID, f"Unknown key {next(key for key in state if key not in _KEYS)!r:.40}")
    mode, shape, offset, dtype, count, data = (state[key] for key in _KEYS)
    if not isinstance(shape, (list, tuple)):
        raise _error(_PHRASES["s"], f"Expected a list, received {type(shape).__name__}")
    for key in ("o", "t"):
        if not _is_int(state[key]):
            raise _error(_PHRASES[key], f"Expected an integer, received {type(state[key]).__name__}")
    if dtype not in ITEM_SIZES:
        raise _error(_PHRASES["t"], f"{dtype} is none of the codes 1 to 17")
    if mode in ("machine", "rindow_openblas"):
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise _error(_BUFFER, f"Mode '{mode}' expects a string, received {type(data).__name__}")
        data = memoryview(data)
        if not _is_int(count) or count * ITEM_SIZES[dtype] != len(data):
            # Before anything is converted; the record's own check says what is wrong.
            return ArrayRecord(dtype, tuple(shape), offset, count, data)
        data = _truth_bytes(data) if dtype == _BOOL else _little_endian(data, dtype)
    elif mode == "linear-array":
        if not isinstance(data, list):
            raise _error(_BUFFER, f"Mode 'linear-array' expects an array, received {type(data).__name__}")
        data = _linear_bytes(data, dtype)
    else:
        raise RuntimeException(f"Illegal save mode: {mode!s:.40}")
    return ArrayRecord(dtype, tuple(shape), offset, count, data)


class _Parser:
    """A recursive descent over ``view``: every method takes a position and an end, and returns the position after."""

    def __init__(self, view: memoryview, max_depth: int, max_arrays: int) -> None:
        self.view = view
        self.max_depth = max_depth
        self.room = max_arrays
        # PHP numbers the values of one serialize() call; `r:` names an object by its number.
        self.slot = 0
        self.objects: dict[int, ArrayRecord] = {}

    def fail(self, at: int, reason: str, phrase: str = _INVALID) -> NoReturn:
        raise _error(phrase, reason, at)

    def expected(self, at: int, end: int, what: str, phrase: str = _INVALID) -> NoReturn:
        found = bytes(self.view[at : min(end, at + 16)])
        self.fail(at, f"Expected {what}, found {found!r}" if found else f"Expected {what}, found the end", phrase)

    def starts(self, at: int, end: int, prefix: bytes) -> bool:
        return end - at >= len(prefix) and self.view[at : at + len(prefix)] == prefix

    def close(self, at: int, end: int, mark: bytes = b"}") -> int:
        if not self.starts(at, end, mark):
            self.expected(at, end, f"'{mark.decode()}'")
        return at + len(mark)

    def take_room(self, at: int, depth: int) -> None:
        if depth > self.max_depth:
            self.fail(at, f"Nested deeper than {self.max_depth} levels")
        self.room -= 1
        if self.room < 0:
            self.fail(at, "Too many arrays")

    def integer(self, at: int, end: int, phrase: str = _INVALID) -> tuple[int, int]:
        match = _INT_VALUE.match(self.view, at, end)
        if match is None:
            self.expected(at, end, "an integer", phrase)
        value = int(match[1])
        if not _INT_MIN <= value <= _INT_MAX:
            self.fail(at, f"{value} has more than 64 bits", phrase)
        return value, match.end()

    def string(self, at: int, end: int, phrase: str = _INVALID) -> tuple[int, int, int]:
        """Returns where the bytes of a string begin and end, and the position after its closing ``";``."""
        match = _STRING_HEAD.match(self.view, at, end)
        if match is None:
            self.expected(at, end, "a string", phrase)
        start, length = match.end(), int(match[1])
        if length > end - start - 2:
            self.fail(at, f"A string of {length} bytes where {max(end - start - 2, 0)} are left", phrase)
        return start, start + length, self.close(start + length, end, b'";')

    def array_head(self, at: int, end: int, min_entry: int, phrase: str = _INVALID) -> tuple[int, int]:
        match = _ARRAY_HEAD.match(self.view, at, end)
        if match is None:
            self.expected(at, end, "an array", phrase)
        count = int(match[1])
        if count > (end - match.end()) // min_entry:
            self.fail(at, f"{count} entries do not fit in the {end - match.end()} bytes that are left", phrase)
        return count, match.end()

    def key(self, at: int, end: int, known: Mapping[int | str, Any]) -> tuple[int | str, int]:
        key: int | str
        if self.starts(at, end, b"i"):
            key, after = self.integer(at, end)
        else:
            start, stop, after = self.string(at, end)
            text = bytes(self.view[start:stop])
            key = text.decode("utf-8", "surrogateescape")
            # PHP turns such a key into an integer when it reads it.
            if _INTEGER_KEY.fullmatch(text) and _INT_MIN <= int(text) <= _INT_MAX:
                key = int(text)
        if key in known:
            self.fail(at, f"Duplicate key {key!r:.40}")
        return key, after

    def linear_array(self, at: int, end: int) -> tuple[list[Any], int]:
        count, at = self.array_head(at, end, _MIN_LINEAR_ENTRY, _BUFFER)
        values: list[Any] = []
        for index in range(count):
            match = _LINEAR_ENTRY.match(self.view, at, end)
            if match is None or int(match[1]) != index:
                self.expected(at, end, f"element {index}", _BUFFER)
            integer, double, truth = match.group(2, 3, 4)
            if integer is not None:
                value, _ = self.integer(match.start(2) - 2, end, _BUFFER)
                values.append(value)
            elif double is not None:
                values.append(float(double))
            else:
                values.append(None if truth is None else truth == b"1")
            at = match.end()
        self.slot += count
        return values, self.close(at, end)

    def shape(self, at: int, end: int) -> tuple[list[int], int]:
        phrase = _PHRASES["s"]
        count, at = self.array_head(at, end, _MIN_SHAPE_ENTRY, phrase)
        if count > MAX_NDIM:
            self.fail(at, f"{count} dimensions are more than {MAX_NDIM}", phrase)
        shape = []
        for axis in range(count):
            key, after = self.integer(at, end, phrase)
            if key != axis:
                self.expected(at, end, f"dimension {axis}", phrase)
            length, at = self.integer(after, end, phrase)
            shape.append(length)
        self.slot += count
        return shape, self.close(at, end)

    def record(self, at: int, end: int) -> tuple[ArrayRecord, int]:
        """Reads the six entries of one array up to the closing brace."""
        begin = at
        state: dict[str, Any] = {}
        for _ in _KEYS:
            start, stop, after = self.string(at, end)
            key = str(bytes(self.view[start : min(stop, start + 20)]), "latin-1")
            if key not in _KEYS:
                self.fail(at, f"Unknown key {key!r}")
            if key in state:
                self.fail(at, f"Duplicate key '{key}'")
            self.slot += 1
            if key == "m":
                start, stop, at = self.string(after, end)
                state[key] = str(bytes(self.view[start : min(stop, start + 40)]), "latin-1")
            elif key == "s":
                state[key], at = self.shape(after, end)
            elif key == "b" and self.starts(after, end, b"a"):
                state[key], at = self.linear_array(after, end)
            elif key == "b":
                start, stop, at = self.string(after, end, _BUFFER)
                state[key] = self.view[start:stop]
            else:
                state[key], at = self.integer(after, end, _PHRASES.get(key, _BUFFER))
        try:
            record = record_from_state(state)
        except RuntimeException as e:
            raise RuntimeException(f"{e} (at byte {begin})") from None
        return record, self.close(at, end)

    def plain_array(self, at: int, end: int) -> tuple[ArrayRecord, int]:
        count, after = self.array_head(at, end, 1)
        if count != len(_KEYS):
            self.fail(at, f"An array has {len(_KEYS)} entries, this one {count}")
        return self.record(after, end)

    def object_value(self, at: int, end: int, depth: int) -> tuple[Tree, int]:
        """Reads what versions 1.x left: an object, or an array of objects."""
        self.take_room(at, depth)
        self.slot += 1
        slot = self.slot
        if match := _BACK_REFERENCE.match(self.view, at, end):
            if int(match[1]) not in self.objects:
                self.fail(at, f"No array is number {int(match[1])}")
            return self.objects[int(match[1])], match.end()
        if match := _OBJECT_HEAD.match(self.view, at, end):
            self.objects[slot], at = self.record(match.end(), end)
            return self.objects[slot], at
        if match := _CUSTOM_HEAD.match(self.view, at, end):
            stop = match.end() + int(match[1])
            if stop >= end:
                self.fail(at, f"An object of {int(match[1])} bytes where {max(end - match.end() - 1, 0)} are left")
            self.slot += 1
            self.objects[slot], after = self.plain_array(match.end(), stop)
            if after != stop:
                self.fail(after, f"{stop - after} bytes too many in an object")
            return self.objects[slot], self.close(stop, end)
        if not self.starts(at, end, b"a:"):
            self.expected(at, end, "an array, an NDArrayPhp object or an array of them")
        count, at = self.array_head(at, end, _MIN_OBJECT_ENTRY)
        members: dict[int | str, Tree] = {}
        for _ in range(count):
            key, after = self.key(at, end, members)
            members[key], at = self.object_value(after, end, depth + 1)
        return _list_or_dict(members), self.close(at, end)

    def array_set(self, at: int, end: int, depth: int) -> tuple[Tree, int]:
        count, at = self.array_head(at, end, _MIN_SET_ENTRY, _FORMAT)
        members: dict[int | str, Tree] = {}
        for _ in range(count):
            key, after = self.key(at, end, members)
            start, stop, at = self.string(after, end, _FORMAT)
            members[key] = self.tree(start, stop, depth + 1)
        return _list_or_dict(members), self.close(at, end)

    def tree(self, at: int, end: int, depth: int = 1) -> Tree:
        """Reads everything from ``at`` to ``end`` as one value."""
        value: Tree
        if self.starts(at, end, _SET_KEYWORD):
            self.take_room(at, depth)
            value, after = self.array_set(at + len(_SET_KEYWORD), end, depth)
        elif self.starts(at, end, _ARRAY_KEYWORD):
            self.take_room(at, depth)
            value, after = self.plain_array(at + len(_ARRAY_KEYWORD), end)
        else:
            self.slot = 0
            self.objects = {}
            value, after = self.object_value(at, end, depth)
        if after != end:
            self.fail(after, f"{end - after} bytes too many")
        return value


def _list_or_dict(members: dict[int | str, Tree]) -> Tree:
    if all(key == index for index, key in enumerate(members)):
        return list(members.values())
    return members


def _input_view(data: Data | str) -> memoryview:
    if isinstance(data, str):
        try:
            data = data.encode("latin-1")
        except UnicodeEncodeError as e:
            raise _error(_INVALID, "The text holds a character that is no byte", e.start) from None
    try:
        view = memoryview(data)
    except TypeError:
        raise InvalidArgumentException(f"Expected saved data as bytes, received {type(data).__name__}") from None
    if not view.c_contiguous:
        raise InvalidArgumentException("Expected saved data in contiguous memory")
    return view.cast("B") if view.nbytes else memoryview(b"")


def decode(
    data: Data | str, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, max_arrays: int = MAX_ARRAYS
) -> Tree:
    """Reads saved data into records, lists and dictionaries.

    The records view ``data`` where no conversion is needed: keep it unchanged for as long as they are used.

    Args:
        data: What `encode` or the original wrote; a str is taken as latin-1.
        max_bytes: Longer data is refused.
        max_depth: Deeper nesting is refused; at most `MAX_DEPTH`.
        max_arrays: More arrays and sets are refused.

    Raises:
        RuntimeException: The data is damaged, of another kind, or beyond a limit.
        InvalidArgumentException: ``data`` is not bytes-like.
    """
    view = _input_view(data)
    if len(view) > max_bytes:
        raise _error(_INVALID, f"{len(view)} bytes are more than {max_bytes}")
    return _Parser(view, min(max_depth, MAX_DEPTH), max_arrays).tree(0, len(view))


def decode_array(data: Data | str) -> ArrayRecord:
    """Reads saved data that must be one array (PHP: ``NDArrayPhp::unserialize``).

    Raises:
        RuntimeException: As `decode`, and when the data is a list or a dictionary.
    """
    view = _input_view(data)
    keyword = bytes(view[: len(_SET_KEYWORD)])
    if keyword.startswith((_ARRAY_KEYWORD, b"O:", b"C:")):
        tree = _Parser(view, 1, 1).tree(0, len(view))
        if isinstance(tree, ArrayRecord):
            return tree
    raise _error(_INVALID, f"Expected one array, found data that begins with {keyword!r}")


def _record_chunks(record: ArrayRecord) -> list[bytes | memoryview]:
    shape = b"".join(b"i:%d;i:%d;" % pair for pair in enumerate(record.shape))
    head = (
        b'%ba:6:{s:1:"m";s:7:"machine";s:1:"s";a:%d:{%b}s:1:"o";i:%d;s:1:"t";i:%d;s:1:"z";i:%d;s:1:"b";s:%d:"'
        % (_ARRAY_KEYWORD, len(record.shape), shape, record.offset, record.dtype, record.count, len(record.data))
    )  # fmt: skip
    return [head, _little_endian(record.data, record.dtype), b'";}']


def _key_bytes(key: object) -> tuple[int | bytes, bytes]:
    """The key as PHP would hold it, and as it is written."""
    if isinstance(key, str):
        try:
            key = key.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise _error(_FORMAT, f"Key {key!r:.40} is no text") from None
    if isinstance(key, bytes) and _INTEGER_KEY.fullmatch(key) and _INT_MIN <= int(key) <= _INT_MAX:
        key = int(key)
    if isinstance(key, bytes):
        return key, b's:%d:"%b";' % (len(key), key)
    if isinstance(key, (int, np.integer)) and _INT_MIN <= key <= _INT_MAX:
        return int(key), b"i:%d;" % int(key)
    raise _error(_FORMAT, f"Expected an integer of 64 bits or a string as key, received {key!r:.40}")


def _members(tree: object) -> list[tuple[object, object]] | None:
    if isinstance(tree, Mapping):
        return list(tree.items())
    if isinstance(tree, (list, tuple)):
        return list(enumerate(tree))
    return None


def _tree_chunks(tree: object, leaf: Callable[[object], ArrayRecord], depth: int) -> list[bytes | memoryview]:
    if depth > MAX_DEPTH:
        raise _error(_FORMAT, f"Nested deeper than {MAX_DEPTH} levels")
    members = _members(tree)
    if members is None:
        return _record_chunks(leaf(tree))
    chunks: list[bytes | memoryview] = [b"%ba:%d:{" % (_SET_KEYWORD, len(members))]
    known = set()
    for key, value in members:
        php_key, written = _key_bytes(key)
        if php_key in known:
            raise _error(_FORMAT, f"Key {key!r:.40} is there as an integer and as a string")
        known.add(php_key)
        inner = _tree_chunks(value, leaf, depth + 1)
        chunks += [b'%bs:%d:"' % (written, sum(map(len, inner))), *inner, b'";']
    chunks.append(b"}")
    return chunks


def _record_itself(leaf: object) -> ArrayRecord:
    if not isinstance(leaf, ArrayRecord):
        raise _error(_FORMAT, f"Expected an ArrayRecord, a list or a dictionary, received {type(leaf).__name__}")
    return leaf


def encode(tree: "ArrayRecord | list[Any] | tuple[Any, ...] | Mapping[Any, Any]") -> bytes:
    """Writes records, lists and dictionaries, byte for byte as the original does.

    Args:
        tree: A record, or a list or dictionary of what this argument may be.

    Raises:
        RuntimeException: A member is of another kind, a key is neither integer nor string, or the nesting is
            deeper than `MAX_DEPTH`.
    """
    return b"".join(_tree_chunks(tree, _record_itself, 1))


def _record_of(value: Any) -> ArrayRecord:
    """Makes a record of an NDArray, a numpy array or a record, sharing its memory."""
    if isinstance(value, ArrayRecord):
        return value
    if isinstance(value, np.ndarray):
        array = np.asarray(value, dtype=value.dtype.newbyteorder("="), order="C")
        code = _CODES.get(array.dtype)
    elif callable(getattr(value, "dtype", None)) and callable(getattr(value, "shape", None)):
        array = np.asarray(value, order="C")
        code = int(value.dtype())
        if _CODES.get(array.dtype) != code:
            raise _error(_PHRASES["t"], f"Values of numpy type {array.dtype} in an array of dtype {code}")
    else:
        raise _error(_FORMAT, f"Expected an NDArray, a list or a dictionary, received {type(value).__name__}")
    if code is None:
        raise _error(_PHRASES["t"], f"NDArray has no dtype for numpy type {array.dtype}")
    return ArrayRecord(code, array.shape, 0, array.size, array.reshape(-1).view(np.uint8).data)


def serialize_array(value: Any) -> bytes:
    """Saves an NDArray, or a list or dictionary of them, as bytes (PHP: ``MatrixOperator::serializeArray``).

    Of a view its own elements alone are written, with offset 0, where PHP writes the whole buffer. To write a
    buffer with an offset, build the `ArrayRecord` and use `encode`.

    Args:
        value: An NDArray, or lists, tuples and dictionaries of NDArrays, nested up to `MAX_DEPTH` levels. A
            numpy array of one of NDArray's dtypes is taken too.

    Raises:
        RuntimeException: Something in ``value`` is none of these ('invalid format.').

    Example:
        >>> import numpy as np
        >>> serialize_array(np.array([1, 2], dtype=np.int8))
        b'NDArray:a:6:{s:1:"m";s:7:"machine";s:1:"s";a:1:{i:0;i:2;}s:1:"o";i:0;s:1:"t";i:2;s:1:"z";i:2;s:1:"b";s:2:"\\x01\\x02";}'
    """
    return b"".join(_tree_chunks(value, _record_of, 1))


def unserialize_array(data: Data | str, make: Callable[[ArrayRecord], Any]) -> Any:
    """Loads what `serialize_array` or the original saved (PHP: ``MatrixOperator::unserializeArray``).

    Args:
        data: The saved bytes; a str is taken as latin-1.
        make: Makes an NDArray of a record; it must copy the elements. It is called once for an array that
            the data holds once and names in several places.

    Raises:
        RuntimeException: The data is damaged, of another kind, or beyond a limit.
        InvalidArgumentException: ``data`` is not bytes-like.
    """
    made: dict[int, Any] = {}

    def build(tree: Tree) -> Any:
        if isinstance(tree, dict):
            return {key: build(member) for key, member in tree.items()}
        if isinstance(tree, list):
            return [build(member) for member in tree]
        if id(tree) not in made:
            made[id(tree)] = make(tree)
        return made[id(tree)]

    # The name keeps every record alive, and its id its own, while arrays are made.
    tree = decode(data)
    return build(tree)
