"""Hierarchical data in SQLite files: one table of paths, types and values, as the original lays it out.

Every value is stored as text, numbers in PHP's spelling and bytes as they are, so that files are the same whichever
side wrote them.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rindow_math.exceptions import InvalidArgumentException, LogicException, OutOfBoundsException, RuntimeException
from rindow_math.matrix.phpformat import number
from rindow_nn.support.files import replacing
from rindow_nn.support.hda.base import HDA, HDAFactory, HDAKey

__all__ = ["HDASqlite", "HDASqliteFactory", "HDASqliteIterator"]

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS {0} ( ancestor TEXT, key TEXT, type TEXT, value BLOB NOT NULL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS fullpath ON {0} ( ancestor, key )",
    "CREATE INDEX IF NOT EXISTS ancestor ON {0} ( ancestor )",
)
_COLUMNS = {b"ancestor", b"key", b"type", b"value"}
# Text is fetched as bytes: it need not be UTF-8.
_VALUE = "CASE typeof(value) WHEN 'text' THEN CAST(value AS BLOB) ELSE value END, typeof(value)"
_STEPS = 1_000_000
_ROUNDS = 100  # a statement on a file that is only read may take so many times so many steps of SQLite's machine


def _decoded(value: Any, kind: str) -> Any:
    """Text as a string where it is UTF-8, else as bytes; other values as they are."""
    if kind != "text":
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _key_text(offset: Any) -> str:
    if isinstance(offset, bool) or not isinstance(offset, (str, int)):
        raise InvalidArgumentException(f"a key must be a string or an integer: {offset!r} given")
    text = str(offset)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentException(f"a key must be valid Unicode: {text!r} given") from None
    return text


@contextlib.contextmanager
def _errors(where: str) -> Iterator[None]:
    """SQLite's errors as the library's, with the place."""
    try:
        yield
    except sqlite3.ProgrammingError as e:
        raise LogicException(f"{where}: {e}") from None
    except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError) as e:
        raise RuntimeException(f"{where}: {e}") from None


class _Patience:
    """Stops statements that damaged data keeps busy; says how many rows a file of some size can have at most."""

    def __init__(self, pdo: sqlite3.Connection, size: int) -> None:
        self.rows = size // 4 + 100
        self.rounds = 0
        pdo.set_progress_handler(self, _STEPS)

    def __call__(self) -> int:
        self.rounds += 1
        return self.rounds > _ROUNDS


class _Connection(sqlite3.Connection):
    """A connection that ends quietly with the last object that uses it, the file's own or one of its nodes."""

    def __del__(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # the collector may run in another thread
            self.close()


class HDASqlite(HDA):
    """Hierarchical data in an SQLite file.

    Args:
        filename: a file name; or, for a node, the connection that holds the data.
        mode: ``r`` only reads; with any other mode the file is made if need be. For a node, its path.

    Raises:
        InvalidArgumentException: ``filename`` is of another type.
        RuntimeException: the file cannot be opened, or is not of this kind.

    Example:
        >>> hda = HDASqlite(":memory:")
        >>> hda["model"] = {"name": "mlp", "sizes": [8, 3]}
        >>> hda["model"]["name"], hda["model"]["sizes"]["1"], "other" in hda
        ('mlp', '3', False)
        >>> sorted((key, value) for key, value in hda["model"]["sizes"])
        [('0', '8'), ('1', '3')]

    PHP: ``Rindow\\NeuralNetworks\\Support\\HDA\\HDASqlite``.
    """

    table = "hda"

    def __init__(
        self, filename: str | os.PathLike[str] | sqlite3.Connection | None = None, mode: str | None = None
    ) -> None:
        self._ancestor = ""
        self._pdo: sqlite3.Connection | None = None
        self._source = "HDA"
        self._patience: _Patience | None = None
        if filename is None:
            return
        if isinstance(filename, (str, os.PathLike)):
            self.open(filename, mode)
        elif isinstance(filename, sqlite3.Connection):
            self.node(filename, "" if mode is None else mode)
        else:
            raise InvalidArgumentException(f"Invalid parent type: {type(filename).__name__}")

    # ---- opening and closing

    def open(self, filename: str | os.PathLike[str], mode: str | None = None) -> None:
        """Opens a file (see the class)."""
        self._source = os.fspath(filename)
        with _errors(self._source):
            if mode == "r":
                self._pdo = self._open_to_read(self._source)
            else:
                self._pdo = sqlite3.connect(self._source, isolation_level=None, factory=_Connection)
        try:
            if mode == "r":
                self._check_schema()
            else:
                self.createTable()
        except BaseException:
            self.close()
            raise

    def _open_to_read(self, filename: str) -> sqlite3.Connection:
        try:
            status = os.stat(filename)
        except (OSError, ValueError) as e:
            raise RuntimeException(f"{filename}: unable to open database file: {e}") from None
        if not stat.S_ISREG(status.st_mode):
            raise RuntimeException(f"{filename}: not a file")
        uri = f"{Path(filename).absolute().as_uri()}?mode=ro"
        pdo = sqlite3.connect(uri, uri=True, isolation_level=None, factory=_Connection)
        # No value is longer than its file; nothing that the file itself brings is run.
        pdo.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, min(max(status.st_size, 1 << 16), (1 << 31) - 1))
        self._patience = _Patience(pdo, status.st_size)
        for pragma in ("trusted_schema=OFF", "query_only=ON", "cell_size_check=ON", "mmap_size=0"):
            pdo.execute(f"PRAGMA {pragma}")
        return pdo

    def _check_schema(self) -> None:
        """Takes nothing but a plain table: a view or a virtual table of its name would run code of the file."""
        entries = self._execute("SELECT type, CAST(sql AS BLOB) FROM sqlite_master WHERE name = ?", [self.table])
        if not entries:
            raise RuntimeException(f"{self._source}: there is no table '{self.table}'")
        kind, sql = entries[0]
        if len(entries) != 1 or kind != "table" or not re.match(rb"(?i)\s*CREATE\s+TABLE\b", sql or b""):
            raise RuntimeException(f"{self._source}: '{self.table}' is not a plain table")
        columns = self._execute(f"SELECT CAST(name AS BLOB), hidden FROM pragma_table_xinfo('{self.table}')")
        if any(hidden for _, hidden in columns) or not {name for name, _ in columns} >= _COLUMNS:
            raise RuntimeException(
                f"{self._source}: table '{self.table}' must have the plain columns ancestor, key, type, value"
            )

    def node(self, pdo: sqlite3.Connection, ancestor: str) -> None:
        """Makes this object the node of a path."""
        self._ancestor = ancestor
        self._pdo = pdo

    def _below(self, key: str) -> HDASqlite:
        node = type(self)()
        node.node(self._connection(), f"{self._ancestor}/{key}")
        node._source, node._patience = self._source, self._patience
        return node

    def close(self) -> None:
        """Closes the file.

        Raises:
            RuntimeException: this is not the root.
        """
        if self._ancestor != "":
            raise RuntimeException("This node is not root")
        if self._pdo is not None:
            self._pdo.close()
        self._pdo = None

    def __enter__(self) -> HDASqlite:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    # ---- keys and values

    def __contains__(self, offset: Any) -> bool:
        return bool(self._query(_key_text(offset)))

    def __getitem__(self, offset: str | int) -> Any:
        key = _key_text(offset)
        rows = self._query(key)
        if not rows:
            raise OutOfBoundsException(f"Undefined index:{offset}")
        kind, value, storage = rows[0]
        if kind == b"array":
            return self._below(key)
        if kind == b"scalar":
            return _decoded(value, storage)
        raise RuntimeException(f"{self._source}: {self._ancestor}/{key}: unsupported data type {kind!r:.40}")

    def __setitem__(self, offset: str | int, value: Any) -> None:
        key = _key_text(offset)
        entries: Iterable[tuple[Any, Any]] | None = None
        if isinstance(value, Mapping):
            entries = value.items()
        elif isinstance(value, (list, tuple)):
            entries = enumerate(value)
        elif not isinstance(value, (str, bytes, bytearray, memoryview, int, float)):
            raise RuntimeException(f"unsupported data type: {type(value).__name__} for {self._ancestor}/{key}")
        with self._whole():
            self._delete(key)
            if entries is None:
                self._insert(key, "scalar", value)
                return
            self._insert(key, "array", "@")
            node = self._below(key)
            for name, member in entries:
                node[name] = member

    def __delitem__(self, offset: str | int) -> None:
        with self._whole():
            self._delete(_key_text(offset))

    def __iter__(self) -> HDASqliteIterator:
        with _errors(self._source):
            return HDASqliteIterator(self._connection(), self.table, self._ancestor)

    def keys(self) -> list[str]:
        rows = self._execute(f"SELECT CAST(key AS BLOB) FROM {self.table} WHERE ancestor = ?", [self._ancestor])
        return [(key or b"").decode(errors="backslashreplace") for (key,) in rows]

    # ---- the whole

    def checksum(self, keys: Iterable[str], but: str) -> str:
        """A checksum of all under some keys of this level.

        Args:
            keys: the keys.
            but: a key one level below them that does not count.
        """
        crc = 0
        for key in keys:
            base = f"{self._ancestor}/{key}"
            for where, arguments in (
                ("ancestor = ? AND key = ?", [self._ancestor, key]),
                ("ancestor = ? AND key <> ?", [base, but]),
                ("ancestor >= ? AND ancestor < ?", [base + "/", base + "0"]),  # '0' follows '/'
            ):
                rows = self._execute(f"SELECT ancestor, key FROM {self.table} WHERE {where} ORDER BY 1, 2", arguments)
                for row in rows:
                    for values in self._execute(
                        f"SELECT CAST(ancestor AS BLOB), CAST(key AS BLOB), CAST(type AS BLOB), CAST(value AS BLOB) "
                        f"FROM {self.table} WHERE ancestor = ? AND key = ?",
                        row,
                    ):
                        for value in values:
                            crc = zlib.crc32(b"%d:" % len(value or b""), crc)
                            crc = zlib.crc32(value or b"", crc)
        return f"crc32:{crc:08x}"

    def verify(self) -> None:
        """Checks the structure of the file.

        Raises:
            RuntimeException: it is damaged.
        """
        found = self._execute("PRAGMA integrity_check(1)")
        if found != [("ok",)]:
            raise RuntimeException(f"{self._source}: damaged: {found[0][0] if found else 'no answer'}")

    # ---- the table

    def _connection(self) -> sqlite3.Connection:
        if self._pdo is None:
            raise LogicException(f"{self._source}: closed")
        return self._pdo

    def _execute(self, sql: str, arguments: Iterable[Any] = ()) -> list[Any]:
        patience = self._patience
        where = self._source if self._ancestor == "" else f"{self._source}: {self._ancestor}"
        pdo = self._connection()
        with _errors(where):
            if patience is None:
                return pdo.execute(sql, tuple(arguments)).fetchall()
            patience.rounds = 0
            rows = pdo.execute(sql, tuple(arguments)).fetchmany(patience.rows)
        if len(rows) == patience.rows:
            raise RuntimeException(f"{where}: damaged: more rows than there is room for")
        return rows

    @contextlib.contextmanager
    def _whole(self) -> Iterator[None]:
        """What is written in the block is written as a whole or not at all."""
        self._execute("SAVEPOINT hda")
        try:
            yield
        except BaseException:
            with contextlib.suppress(RuntimeException):  # SQLite has done it itself when the disk is full
                self._execute("ROLLBACK TO hda")
                self._execute("RELEASE hda")
            raise
        self._execute("RELEASE hda")

    def createTable(self) -> None:
        """Makes the table and its indexes where they do not exist."""
        for sql in _SCHEMA:
            self._execute(sql.format(self.table))

    def _query(self, key: str) -> list[Any]:
        return self._execute(
            f"SELECT CAST(type AS BLOB), {_VALUE} FROM {self.table} WHERE ancestor = ? AND key = ?",
            [self._ancestor, key],
        )

    def _insert(self, key: str, kind: str, value: Any) -> None:
        if isinstance(value, (bytes, bytearray, memoryview)):
            what = "CAST(? AS TEXT)"  # the bytes stay as they are, also where they are no UTF-8
        else:
            what = "?"
            value = value if isinstance(value, str) else number(value)
        self._execute(
            f"INSERT INTO {self.table} (ancestor,key,type,value) VALUES (?,?,?,{what})",
            [self._ancestor, key, kind, value],
        )

    def _delete(self, key: str) -> None:
        base = f"{self._ancestor}/{key}"
        self._execute(
            f"DELETE FROM {self.table} WHERE ancestor = ? OR (ancestor >= ? AND ancestor < ?)",
            [base, base + "/", base + "0"],  # '0' follows '/'
        )
        self._execute(f"DELETE FROM {self.table} WHERE ancestor = ? AND key = ?", [self._ancestor, key])


class HDASqliteIterator(Iterator[HDAKey]):
    """Goes through the keys of one level.

    PHP: ``Rindow\\NeuralNetworks\\Support\\HDA\\HDASqliteIterator``.
    """

    def __init__(self, pdo: sqlite3.Connection, table: str, ancestor: str) -> None:
        self._cursor = pdo.execute(f"SELECT CAST(key AS BLOB), {_VALUE} FROM {table} WHERE ancestor = ?", (ancestor,))
        self._row: tuple[str, Any] | None = None
        self._fetched = False

    def _fetch(self) -> tuple[str, Any] | None:
        if not self._fetched:
            self._fetched = True
            with _errors("HDA"):
                row = self._cursor.fetchone()
            self._row = None
            if row is not None:
                self._row = (row[0] or b"").decode(errors="backslashreplace"), _decoded(row[1], row[2])
        return self._row

    def rewind(self) -> None:
        """Goes to the first key, if nothing was passed yet."""
        self._fetch()

    def valid(self) -> bool:
        """Whether there is a key here."""
        return self._fetch() is not None

    def current(self) -> Any:
        """The value here, None after the last one."""
        row = self._fetch()
        return None if row is None else row[1]

    def key(self) -> str | None:
        """The key here, None after the last one."""
        row = self._fetch()
        return None if row is None else row[0]

    def next(self) -> None:
        """Goes on to the next key."""
        if self._fetch() is not None:
            self._fetched = False
            self._fetch()

    def __next__(self) -> HDAKey:
        row = self._fetch()
        if row is None:
            raise StopIteration
        self._fetched = False
        return HDAKey(*row)

    def __iter__(self) -> HDASqliteIterator:
        return self

    def close(self) -> None:
        """Ends the query."""
        self._cursor.close()


# PHP's name; within a class Python would change it
setattr(HDASqliteIterator, "__destruct", HDASqliteIterator.close)


class HDASqliteFactory(HDAFactory):
    """Opens SQLite files.

    PHP: ``Rindow\\NeuralNetworks\\Support\\HDA\\HDASqliteFactory``.
    """

    def open(self, filename: Any, mode: str | None = None) -> HDASqlite:
        """Opens a file, or makes a node of a connection (see ``HDASqlite``)."""
        return HDASqlite(filename, mode)

    @contextlib.contextmanager
    def replacing(self, filename: str | os.PathLike[str], keys: Iterable[str]) -> Iterator[HDASqlite]:
        """Hierarchical data to fill in, which becomes the file when the block ends, as a whole or not at all.

        What else an existing file holds is kept.

        Args:
            filename: the file.
            keys: keys of the root; they do not exist at first.

        Raises:
            RuntimeException: the file exists and is no SQLite file, or cannot be written.
        """
        filename = os.fspath(filename)
        with _disk_errors(filename), replacing(filename) as temporary:
            uri = f"{Path(temporary).as_uri()}?nolock=1"  # nobody else knows the file
            pdo = sqlite3.connect(uri, uri=True, isolation_level=None)
            try:
                for pragma in ("journal_mode=MEMORY", "synchronous=OFF"):  # the whole file is synced at the end
                    pdo.execute(f"PRAGMA {pragma}")
                _keep_the_rest(filename, pdo, set(keys))
                hda = HDASqlite(pdo)
                hda._source = filename
                pdo.execute("BEGIN")
                hda.createTable()
                for key in keys:
                    del hda[key]
                yield hda
                pdo.execute("COMMIT")
            finally:
                pdo.close()


@contextlib.contextmanager
def _disk_errors(filename: str) -> Iterator[None]:
    try:
        with _errors(filename):
            yield
    except OSError as e:
        raise RuntimeException(f"{filename}: {e.strerror or e}") from e


def _keep_the_rest(filename: str, pdo: sqlite3.Connection, keys: set[str]) -> None:
    """Copies an existing file where it holds more than the keys that are to be replaced."""
    try:
        size = os.stat(filename).st_size
    except FileNotFoundError:
        size = 0
    target = os.path.realpath(filename)
    sidecars = [target + "-journal", target + "-wal"]
    if size == 0:
        for name in sidecars:  # they would be taken for a part of the new file
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
        return
    unsettled = any(map(os.path.exists, sidecars))
    with _errors(filename):
        old = sqlite3.connect(f"{Path(target).as_uri()}?mode={'rw' if unsettled else 'ro'}", uri=True)
        try:
            if unsettled:  # what a killed writer left: SQLite restores the file
                old.execute("PRAGMA journal_mode=DELETE")
                old.execute("BEGIN IMMEDIATE")
                old.rollback()
            others = old.execute("SELECT 1 FROM sqlite_master WHERE tbl_name <> 'hda' LIMIT 1").fetchall()
            if not others and old.execute("SELECT 1 FROM sqlite_master WHERE name = 'hda'").fetchall():
                places = ",".join("?" * len(keys))
                others = old.execute(
                    f"SELECT 1 FROM hda WHERE ancestor = '' AND key NOT IN ({places}) LIMIT 1", tuple(keys)
                ).fetchall()
            if others:
                old.backup(pdo)
        finally:
            old.close()
    for name in sidecars:
        if os.path.exists(name) and os.path.getsize(name):
            raise RuntimeException(f"{filename}: another program is writing to it ({os.path.basename(name)} exists)")
