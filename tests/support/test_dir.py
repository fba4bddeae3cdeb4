"""Walking through directories."""

import os

import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_nn.support import Dir


@pytest.fixture
def tree(tmp_path):
    for name in ("a.txt", "b.csv", "sub/c.txt", "sub/deep/d.TXT", "sub/deep/e[1].txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def names(found, tree):
    return sorted(os.path.relpath(p, tree) for p in found)


def test_clawl_gives_all_files(tree):
    assert names(Dir.factory().clawl(str(tree)), tree) == [
        "a.txt", "b.csv", "sub/c.txt", "sub/deep/d.TXT", "sub/deep/e[1].txt",
    ]  # fmt: skip
    assert names(Dir().clawl(tree), tree)[0] == "a.txt"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("/[.]txt$/", ["a.txt", "sub/c.txt", "sub/deep/e[1].txt"]),
        ("@[.]txt$@i", ["a.txt", "sub/c.txt", "sub/deep/d.TXT", "sub/deep/e[1].txt"]),
        (r"[.]csv$", ["b.csv"]),
        (r"{sub/.[.]}", ["sub/c.txt"]),
        (r"(sub)/(deep)", ["sub/deep/d.TXT", "sub/deep/e[1].txt"]),
        (r"/deep/", ["sub/deep/d.TXT", "sub/deep/e[1].txt"]),
        ("/nothing/", []),
        (None, ["a.txt", "b.csv", "sub/c.txt", "sub/deep/d.TXT", "sub/deep/e[1].txt"]),
    ],
)
def test_glob_finds_names_by_regular_expression(tree, pattern, expected):
    assert names(Dir().glob(str(tree), pattern), tree) == expected


def test_callback_replaces_names_and_leaves_some_out(tree):
    def size(path):
        return os.path.getsize(path) if path.endswith(".txt") else None

    assert sorted(Dir().glob(str(tree), None, size)) == [5, 9, 17]
    assert sorted(Dir().clawl(str(tree), size)) == [5, 9, 17]


def test_missing_directory(tree):
    with pytest.raises(LogicException, match="directory not found: "):
        Dir().glob(str(tree / "none"), None)
    with pytest.raises(LogicException, match="directory not found: "):
        Dir().clawl(str(tree / "a.txt"))


def test_invalid_pattern(tree):
    with pytest.raises(InvalidArgumentException, match="invalid pattern"):
        Dir().glob(str(tree), "/(/")


def test_clear_leaves_an_empty_directory(tree, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "kept").write_text("x")
    (tree / "link").symlink_to(outside)
    (tree / "sub" / "filelink").symlink_to(outside / "kept")
    Dir().clear(str(tree))
    assert list(tree.iterdir()) == []
    assert (outside / "kept").read_text() == "x"
