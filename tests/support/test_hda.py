"""Hierarchical data: the original's behaviour, its table, and files that are damaged."""

import contextlib
import gc
import sqlite3

import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException, OutOfBoundsException, RuntimeException
from rindow_nn.builder import NeuralNetworks
from rindow_nn.support.hda import HDA, HDAFactory, HDASqlite, HDASqliteFactory, HDASqliteIterator


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "test.hda.sqlite3")


@pytest.fixture
def hda(path):
    with HDASqlite(path, "a") as opened:
        yield opened


def rows(path):
    with sqlite3.connect(path) as db:
        found = sorted(db.execute("SELECT ancestor, key, type, value FROM hda"))
    db.close()
    return found


def test_builder_opens_files(path):
    factory = NeuralNetworks().utils().HDA()
    assert isinstance(factory, HDASqliteFactory)
    assert isinstance(factory, HDAFactory)
    with factory.open(path, "a") as hda:
        assert isinstance(hda, HDASqlite)
        assert isinstance(hda, HDA)


def test_set_get_and_remove(hda):
    assert "abc" not in hda
    hda["abc"] = "def"
    assert hda["abc"] == "def"
    hda["abc"] = "ghi"
    assert hda["abc"] == "ghi"
    del hda["abc"]
    assert "abc" not in hda
    del hda["abc"]  # as in PHP, nothing happens


def test_missing_key(hda):
    with pytest.raises(OutOfBoundsException, match="Undefined index:nothing"):
        hda["nothing"]
    with pytest.raises(KeyError):
        hda["nothing"]


def test_trees(hda, path):
    hda["abc"] = {"def": "ghi"}
    hda["abc"] = {"wxy": "zzz", "jkl": "www"}
    hda["abc"]["wxy"] = {"qqq": "ppp", "deep": {"er": [1, 2]}}
    hda["abcd"] = {"wxy": "zzz"}
    assert "def" not in hda["abc"]
    assert hda["abc"]["wxy"]["deep"]["er"]["1"] == hda["abc"]["wxy"]["deep"]["er"][1] == "2"
    assert hda["abc"]["jkl"] == "www"
    hda["abc"]["jkl"] = {}
    assert isinstance(hda["abc"]["jkl"], HDASqlite)
    del hda["abc"]
    assert "abc" not in hda
    assert hda["abcd"]["wxy"] == "zzz"
    assert rows(path) == [("", "abcd", "array", "@"), ("/abcd", "wxy", "scalar", "zzz")]


@pytest.mark.parametrize("name", ["a", "a/b", "a b", "a!b", "a~b", "ä", "a'b", ""])
def test_removal_takes_nothing_else(hda, name):
    others = ["a0", "a/", "a.", "aa", "a/c", "b"]
    hda[name] = {"x": {"~": "1", "é": "2", " ": {"y": "3"}}}
    for other in others:
        hda[other] = "kept"
    del hda[name]
    assert sorted(hda.keys()) == sorted(others)


def test_iteration(hda):
    hda["abc"] = "def"
    hda["xyz"] = "www"
    assert dict(iter(pair) for pair in hda) == {"abc": "def", "xyz": "www"}
    assert sorted(hda) == ["abc", "xyz"]
    hda["def"] = ["aaa", "bbb", "ccc"]
    assert {key: value for key, value in hda["def"]} == {"0": "aaa", "1": "bbb", "2": "ccc"}  # noqa: C416
    assert sorted(hda.items()) == [("abc", "def"), ("def", "@"), ("xyz", "www")]
    assert sorted(hda.keys()) == ["abc", "def", "xyz"]


def test_iterator_in_the_original_manner(hda):
    hda["node"] = ["a", "b"]
    iterator = iter(hda["node"])
    assert isinstance(iterator, HDASqliteIterator)
    iterator.rewind()
    found = []
    while iterator.valid():
        assert iterator.valid()
        found.append((iterator.key(), iterator.current()))
        iterator.next()
    assert sorted(found) == [("0", "a"), ("1", "b")]
    assert (iterator.key(), iterator.current(), iterator.valid()) == (None, None, False)
    iterator.next()
    assert not iterator.valid()
    getattr(iterator, "__destruct")()


def test_values_are_text_as_php_writes_it(hda, path):
    values = {"int": 5, "float": 0.1, "small": 1.5e-7, "whole": 2.0, "yes": True, "no": False, "text": "ü",
              "bytes": b"\x00\xff\x00'", "empty": ""}  # fmt: skip
    hda["v"] = values
    with sqlite3.connect(path) as db:
        found = dict(db.execute("SELECT key, CAST(value AS BLOB) FROM hda WHERE ancestor = '/v'"))
        kinds = {kind for (kind,) in db.execute("SELECT typeof(value) FROM hda")}
    db.close()
    assert found == {
        "int": b"5", "float": b"0.1", "small": b"1.5E-7", "whole": b"2", "yes": b"1", "no": b"",
        "text": "ü".encode(), "bytes": b"\x00\xff\x00'", "empty": b"",
    }  # fmt: skip
    assert kinds == {"text"}
    assert hda["v"]["bytes"] == b"\x00\xff\x00'"
    assert hda["v"]["text"] == "ü"


def test_table_is_the_original_one(hda, path):
    with sqlite3.connect(path) as db:
        found = dict(db.execute("SELECT name, sql FROM sqlite_master"))
    db.close()
    assert found == {
        "hda": "CREATE TABLE hda ( ancestor TEXT, key TEXT, type TEXT, value BLOB NOT NULL)",
        "fullpath": "CREATE UNIQUE INDEX fullpath ON hda ( ancestor, key )",
        "ancestor": "CREATE INDEX ancestor ON hda ( ancestor )",
    }


@pytest.mark.parametrize("value", [None, object(), {1, 2}, 1j])
def test_other_values_are_refused_and_the_old_one_stays(hda, value):
    hda["a"] = {"b": "old"}
    with pytest.raises(RuntimeException, match="unsupported data type"):
        hda["a"] = value
    with pytest.raises(RuntimeException, match="unsupported data type"):
        hda["a"] = {"c": "new", "d": value}
    assert hda["a"].items() == [("b", "old")]


@pytest.mark.parametrize("key", [None, 1.5, True, b"x", "\ud800"])
def test_keys_are_strings_and_integers(hda, key):
    with pytest.raises(InvalidArgumentException):
        hda[key] = "x"
    with pytest.raises(InvalidArgumentException):
        hda[key]


def test_close(path):
    hda = HDASqlite(path)
    hda["a"] = {}
    with pytest.raises(RuntimeException, match="This node is not root"):
        hda["a"].close()
    hda.close()
    hda.close()
    with pytest.raises(LogicException, match="closed"):
        hda["a"]


def test_constructor_takes_names_connections_and_nothing_else(path):
    assert HDASqlite() is not None
    with pytest.raises(InvalidArgumentException, match="Invalid parent type"):
        HDASqlite(5)
    with HDASqlite(path) as hda:
        hda["a"] = {"b": "c"}
    db = sqlite3.connect(path, isolation_level=None)
    assert HDASqlite(db, "/a")["b"] == "c"
    db.close()


def test_a_file_that_nobody_closes_is_closed_with_its_last_node(path):
    hda = HDASqlite(path)
    hda["a"] = {"b": "c"}
    node = hda["a"]
    del hda
    gc.collect()
    assert node["b"] == "c"
    del node
    gc.collect()  # a connection that is still open would warn here, from Python 3.13 on


# ---- files that are not what they should be


def test_reading_makes_no_file(tmp_path):
    path = tmp_path / "none"
    with pytest.raises(RuntimeException, match="unable to open"):
        HDASqlite(str(path), "r")
    assert not path.exists()


def test_reading_changes_nothing(path):
    with HDASqlite(path) as hda:
        hda["a"] = "b"
    with HDASqlite(path, "r") as hda:
        assert hda["a"] == "b"
        with pytest.raises(RuntimeException):
            hda["a"] = "c"
        assert hda["a"] == "b"


@pytest.mark.parametrize("content", [b"", b"not a database, but text of some length" * 100, b"SQLite format 3\0" * 99])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(RuntimeException):
        HDASqlite(str(path), "r")
    assert path.read_bytes() == content


def test_folders_and_devices_are_refused(tmp_path):
    for path in (str(tmp_path), "/dev/zero", "a\0b"):
        with pytest.raises(RuntimeException):
            HDASqlite(path, "r")


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE VIEW hda AS SELECT '' AS ancestor, 'a' AS key, 'scalar' AS type, 'x' AS value",
        "CREATE TABLE hda (ancestor TEXT, key TEXT, type TEXT)",
        "CREATE TABLE hda (ancestor TEXT, key TEXT, type TEXT, value TEXT GENERATED ALWAYS AS (ancestor || key))",
        "CREATE TABLE other (a)",
        "CREATE VIRTUAL TABLE hda USING fts5(ancestor, key, type, value)",
    ],
)
def test_only_a_plain_table_is_read(path, schema):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        try:
            db.execute(schema)
        except sqlite3.OperationalError:
            pytest.skip("this SQLite does not know it")
    with pytest.raises(RuntimeException, match="table"):
        HDASqlite(path, "r")


def test_unknown_type_of_a_row(path):
    with HDASqlite(path) as hda:
        hda["a"] = "b"
    with sqlite3.connect(path) as db:
        db.execute("UPDATE hda SET type = 'code'")
    db.close()
    with HDASqlite(path, "r") as hda, pytest.raises(RuntimeException, match="unsupported data type"):
        hda["a"]


def test_more_rows_than_a_file_holds(path, monkeypatch):
    with HDASqlite(path) as hda:
        hda["a"] = list(range(300))
    with HDASqlite(path, "r") as hda:
        assert len(hda["a"].keys()) == 300
        monkeypatch.setattr(hda._patience, "rows", 300)
        with pytest.raises(RuntimeException, match="more rows"):
            hda["a"].keys()


def test_endless_statements_are_stopped(path, monkeypatch):
    with HDASqlite(path) as hda:
        hda["a"] = list(range(300))
    monkeypatch.setattr("rindow_nn.support.hda.sqlite._STEPS", 10)
    monkeypatch.setattr("rindow_nn.support.hda.sqlite._ROUNDS", 3)
    with pytest.raises(RuntimeException, match="interrupted"), HDASqlite(path, "r") as hda:
        hda["a"].keys()


# ---- replacing


def test_replacing_keeps_the_rest(path):
    factory = HDASqliteFactory()
    with HDASqlite(path) as hda:
        hda["model"] = {"old": "1"}
        hda["mine"] = {"x": "y"}
    with factory.replacing(path, ["model"]) as hda:
        assert "model" not in hda
        hda["model"] = {"new": b"\xff"}
    with HDASqlite(path, "r") as hda:
        assert sorted(hda.items()) == [("mine", "@"), ("model", "@")]
        assert hda["mine"].items() == [("x", "y")]
        assert hda["model"].items() == [("new", b"\xff")]


def test_replacing_fails_as_a_whole(path, tmp_path):
    factory = HDASqliteFactory()
    with factory.replacing(path, ["model"]) as hda:
        hda["model"] = "old"
    before = (tmp_path / "test.hda.sqlite3").read_bytes()
    with pytest.raises(ZeroDivisionError), factory.replacing(path, ["model"]) as hda:
        hda["model"] = "new"
        raise ZeroDivisionError
    assert (tmp_path / "test.hda.sqlite3").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["test.hda.sqlite3"]


def test_replacing_leaves_other_files_alone(tmp_path):
    path = tmp_path / "thesis.txt"
    path.write_text("years of work")
    with pytest.raises(RuntimeException, match=r"thesis\.txt"), HDASqliteFactory().replacing(str(path), ["model"]):
        pass
    assert path.read_text() == "years of work"
    with pytest.raises(RuntimeException), HDASqliteFactory().replacing(str(tmp_path / "no" / "folder"), ["model"]):
        pass


def test_replacing_restores_what_a_killed_writer_left(path, tmp_path):
    """A journal beside the file belongs to it: its changes are undone before the file is copied."""
    with HDASqlite(path) as hda:
        hda["mine"] = "whole"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA cache_size = 1")
    db.execute("BEGIN")
    db.execute("UPDATE hda SET value = 'half'")
    db.executemany("INSERT INTO hda VALUES ('', ?, 'scalar', ?)", [(str(i), "x" * 5000) for i in range(50)])
    torn = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    db.rollback()
    db.close()
    assert len(torn) == 2
    for name, content in torn.items():
        (tmp_path / name).write_bytes(content)
    with HDASqliteFactory().replacing(path, ["model"]) as hda:
        hda["model"] = "new"
    with HDASqlite(path, "r") as hda:
        assert dict(hda.items()) == {"mine": "whole", "model": "new"}
    assert [p.name for p in tmp_path.iterdir()] == ["test.hda.sqlite3"]


# ---- checksum


def test_checksum_covers_what_is_under_the_keys(hda):
    hda["config"] = "{}"
    hda["weights"] = {"w": ["a", b"\xff"], "n": 1}
    hda["mine"] = "x"

    def checksum():
        return hda.checksum(["config", "weights"], "checksum")

    first = checksum()
    assert first.startswith("crc32:")
    hda["mine"] = "y"
    hda["weights"]["checksum"] = first
    assert checksum() == first
    hda["weights"]["w"][1] = b"\xfe"
    assert checksum() != first
    hda["weights"]["w"][1] = b"\xff"
    assert checksum() == first
    hda["weights"]["w"][2] = ""
    assert checksum() != first
    del hda["weights"]["w"][2]
    hda["config"] = "{ }"
    assert checksum() != first


def test_verify(path):
    with HDASqlite(path) as hda:
        hda["a"] = ["x" * 3000] * 20
    with HDASqlite(path, "r") as hda:
        hda.verify()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_master SET rootpage = 4 WHERE name = 'fullpath'")
        db.execute("UPDATE sqlite_master SET rootpage = 3 WHERE name = 'ancestor'")
    db.close()
    with pytest.raises(RuntimeException), HDASqlite(path, "r") as hda:
        hda.verify()
