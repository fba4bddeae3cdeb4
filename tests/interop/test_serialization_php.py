"""The PHP original itself reads what is written here, and writes the same bytes again.

Runs where ``php`` is installed and RINDOW_PHP_AUTOLOAD names an autoloader of the original.
"""

import base64
import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from rindow_math.matrix.serialization import ArrayRecord, decode, encode, serialize_array

HERE = Path(__file__).parent
DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "float32", "float64",
          "complex64", "complex128"]  # fmt: skip

pytestmark = pytest.mark.skipif(
    shutil.which("php") is None or not os.path.isfile(os.environ.get("RINDOW_PHP_AUTOLOAD", "")),
    reason="needs php and RINDOW_PHP_AUTOLOAD",
)


def ask_php(documents: list[bytes]) -> list[dict]:
    lines = b"".join(base64.b64encode(document) + b"\n" for document in documents)
    done = subprocess.run(["php", str(HERE / "reserialize.php")], input=lines, capture_output=True, check=True)
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(replies) == len(documents), done.stderr.decode()
    return replies


def describe(tree):
    """As reserialize.php describes it."""
    if isinstance(tree, ArrayRecord):
        return {"shape": list(tree.shape), "dtype": tree.dtype, "bytes": tree.array().tobytes().hex()}
    members = enumerate(tree) if isinstance(tree, list) else tree.items()
    return [
        [
            "integer" if isinstance(key, int) else "string",
            base64.b64encode(str(key).encode("utf-8", "surrogateescape")).decode(),
            describe(value),
        ]
        for key, value in members
    ]


def random_array(rng: np.random.Generator) -> np.ndarray:
    dtype = np.dtype(str(rng.choice(DTYPES)))
    shape = tuple(rng.integers(1, 5, size=rng.integers(0, 4)))
    size = int(np.prod(shape, dtype=int))
    if dtype.kind == "b":
        return np.asarray(rng.random(shape) < 0.5)
    if dtype.kind in "iu":
        return np.frombuffer(rng.bytes(size * dtype.itemsize), dtype).reshape(shape)
    values = rng.standard_normal(size * (2 if dtype.kind == "c" else 1))
    special = rng.random(values.size) < 0.2
    values[special] = rng.choice([np.inf, -np.inf, -0.0, 1e-310, 1e-40, 3e38], size=int(special.sum()))
    if dtype.kind == "c":
        return values.view(np.complex128).astype(dtype).reshape(shape)
    return values.astype(dtype).reshape(shape)


def random_tree(rng: np.random.Generator, depth: int = 0):
    if depth > 3 or rng.random() < 0.4:
        return random_array(rng)
    keys = ["a", "ü", "5", "-5", "-0", "05", "", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
            7, -7, 0, 1, "\udcff", "a\0b", 'quote";']  # fmt: skip
    chosen = random.Random(int(rng.integers(1 << 32))).sample(keys, int(rng.integers(0, 4)))
    members = [random_tree(rng, depth + 1) for _ in chosen]
    return members if rng.random() < 0.4 else dict(zip(chosen, members, strict=True))


def test_php_loads_and_saves_what_is_written_here():
    rng = np.random.default_rng(11)
    documents = [serialize_array(random_tree(rng)) for _ in range(300)]
    for document, reply in zip(documents, ask_php(documents), strict=True):
        assert "error" not in reply, (reply, document)
        assert base64.b64decode(reply["saved"]) == document
        assert reply["value"] == describe(decode(document))


def test_php_saves_views_and_large_unsigned_integers_as_they_came():
    records = [
        ArrayRecord(3, (2,), 1, 4, bytes(range(8))),
        ArrayRecord(9, (2,), 0, 2, b"\xff" * 16),
        ArrayRecord(12, (), 2, 3, bytes(range(12))),
    ]
    documents = [encode(record) for record in records]
    for document, record, reply in zip(documents, records, ask_php(documents), strict=True):
        assert base64.b64decode(reply["saved"]) == document
        assert reply["value"] == describe(record)


def test_php_reads_older_files_alike():
    # php10-*: the original has lost the ability to read them.
    paths = sorted((HERE.parent / "matrix" / "data" / "serialized").glob("php11-*.bin"))
    assert len(paths) == 8
    documents = [path.read_bytes() for path in paths]
    for document, reply in zip(documents, ask_php(documents), strict=True):
        assert reply["value"] == describe(decode(document))
        assert base64.b64decode(reply["saved"]) == encode(decode(document))


def test_php_refuses_what_is_refused_here():
    damaged = [b"NDArray:i:5;", b"NDArraySet:i:5;", b"NDArray:a:0:{}", b'NDArray:a:1:{s:1:"m";s:3:"foo";}']
    for document, reply in zip(damaged, ask_php(damaged), strict=True):
        with pytest.raises(RuntimeError) as info:
            decode(document)
        assert "RuntimeException" in reply["error"], (document, info.value)


def test_fixtures_are_what_php_writes(tmp_path):
    subprocess.run(["php", str(HERE / "write_fixtures.php"), str(tmp_path)], check=True, capture_output=True)
    written = sorted(tmp_path.glob("*.bin"))
    assert len(written) == 20
    for path in written:
        kept = HERE.parent / "matrix" / "data" / "serialized" / path.name
        assert kept.read_bytes() == path.read_bytes(), path.name
