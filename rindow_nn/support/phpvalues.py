"""Plain values in the format of PHP's ``serialize()``: None, bool, int, float, str and arrays of them."""

from __future__ import annotations

import re
from typing import Any

from rindow_math.exceptions import InvalidArgumentException, RuntimeException

__all__ = ["phpKey", "phpSerialize", "phpUnserialize"]

_DEPTH = 32
_NUMBER = re.compile(rb"-?(?:[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|INF)|NAN")
_INTEGER = re.compile(rb"-?(?:0|[1-9][0-9]{0,18})")
_INTEGER_KEY = re.compile(r"-?[1-9][0-9]{0,17}|0")


def phpSerialize(value: Any) -> bytes:
    """What PHP's ``serialize()`` writes.

    Args:
        value: None, a bool, a number, a str, or a list, tuple or dict of such values. Keys that read as integers
            are integers, as in PHP.

    Raises:
        InvalidArgumentException: a value of another type.
    """
    if value is None:
        return b"N;"
    if isinstance(value, bool):
        return b"b:%d;" % value
    if isinstance(value, int):
        return b"i:%d;" % value
    if isinstance(value, float):
        text = {"inf": "INF", "-inf": "-INF", "nan": "NAN"}.get(repr(value), repr(value).upper())
        return f"d:{text.removesuffix('.0')};".encode()
    if isinstance(value, str):
        data = value.encode()
        return b's:%d:"%b";' % (len(data), data)
    if isinstance(value, (list, tuple, dict)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        body = b"".join(phpSerialize(phpKey(key)) + phpSerialize(member) for key, member in items)
        return b"a:%d:{%b}" % (len(value), body)
    raise InvalidArgumentException(f"cannot serialize a value of type {type(value).__name__}")


def phpKey(key: Any) -> int | str:
    """What a key of a PHP array becomes: a string that reads as an integer is one."""
    if isinstance(key, str):
        return int(key) if _INTEGER_KEY.fullmatch(key) else key
    if isinstance(key, int):
        return int(key)
    raise InvalidArgumentException(f"a key must be a string or an integer: {key!r} given")


def phpUnserialize(data: bytes | str) -> Any:
    """Reads what PHP's ``serialize()`` wrote of plain values: arrays become dicts; no object is made.

    Raises:
        RuntimeException: the data is damaged, or holds anything else; the message says at which byte.
    """
    reader = _Reader(data.encode() if isinstance(data, str) else bytes(data))
    value = reader.value(0)
    if reader.at != len(reader.data):
        raise reader.error("the end")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def error(self, wanted: str) -> RuntimeException:
        found = self.data[self.at : self.at + 20]
        return RuntimeException(f"unserialize(): {wanted} expected at byte {self.at}, found {found!r}")

    def take(self, text: bytes) -> None:
        if not self.data.startswith(text, self.at):
            raise self.error(repr(text.decode()))
        self.at += len(text)

    def match(self, expression: re.Pattern[bytes], what: str) -> bytes:
        found = expression.match(self.data, self.at)
        if found is None:
            raise self.error(what)
        self.at = found.end()
        return found.group()

    def integer(self) -> int:
        return int(self.match(_INTEGER, "an integer"))

    def value(self, depth: int) -> Any:
        if depth > _DEPTH:
            raise self.error(f"at most {_DEPTH} arrays in each other")
        kind = self.data[self.at : self.at + 2]
        value: Any
        if kind == b"N;":
            self.at += 2
            return None
        if kind not in (b"b:", b"i:", b"d:", b"s:", b"a:"):
            raise self.error("a plain value")
        self.at += 2
        if kind == b"a:":
            return self.array(depth)
        if kind == b"s:":
            length = self.integer()
            self.take(b':"')
            if not 0 <= length <= len(self.data) - self.at:
                raise self.error(f"a string of {length} bytes")
            value = self.data[self.at : self.at + length].decode(errors="surrogateescape")
            self.at += length
            self.take(b'";')
            return value
        if kind == b"d:":
            value = float(self.match(_NUMBER, "a number"))
        else:
            value = self.integer()
            value = bool(value) if kind == b"b:" else value
        self.take(b";")
        return value

    def array(self, depth: int) -> dict[int | str, Any]:
        count = self.integer()
        self.take(b":{")
        if not 0 <= count <= len(self.data) - self.at:
            raise self.error(f"an array of {count} members")
        array: dict[int | str, Any] = {}
        for _ in range(count):
            if self.data[self.at : self.at + 2] not in (b"i:", b"s:"):
                raise self.error("a key")
            key = self.value(depth)
            array[key] = self.value(depth + 1)
        self.take(b"}")
        return array
