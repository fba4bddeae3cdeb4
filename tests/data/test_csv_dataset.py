"""CSVDataset: rows as PHP's fgetcsv reads them, batches, errors that name file and line."""

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException, UnexpectedValueException
from rindow_math.matrix import MatrixOperator
from rindow_math.matrix.random import setSeed
from rindow_nn.builder import NeuralNetworks
from rindow_nn.data.dataset import DatasetFilter

mo = MatrixOperator()
nn = NeuralNetworks(mo)


class Numbers(DatasetFilter):
    """The last column is the label."""

    def translate(self, inputs, tests=None, options=None):
        values = np.array([[float(x) for x in row] for row in inputs], np.float32)
        return [mo.array(values[:, :-1]), mo.array(values[:, -1:])]


def write(folder, **files):
    for name, text in files.items():
        path = folder / "sub" / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def rows(path, **options):
    """The rows as strings."""
    seen = []
    list(nn.data.CSVDataset(path, filter=lambda r: (seen.extend(r), (None, None))[1], **options))
    return seen


def test_batches(tmp_path):
    write(tmp_path, b="a,b,y\n7,8,9\n10,11,12\n", a="a,b,y\n1,2,3\n\n4,5,6\n0,0,0\n")
    (tmp_path / "other.txt").write_text("no")
    data = nn.data.CSVDataset(tmp_path, pattern=r"@.*\.csv@", batch_size=2, skip_header=True, filter=Numbers())
    assert (len(data), data.datasetSize()) == (0, 0)
    for _ in range(2):
        batches = [(x.toArray(), t.toArray()) for x, t in data]
        assert batches == [
            ([[1, 2], [4, 5]], [[3], [6]]),
            ([[0, 0], [7, 8]], [[0], [9]]),
            ([[10, 11]], [[12]]),
        ]
        assert (len(data), data.datasetSize(), data.count()) == (3, 5, 3)


def test_one_file_and_a_function_as_filter(tmp_path):
    write(tmp_path, a="1,2\n3,4\n")
    assert rows(tmp_path / "sub" / "a.csv") == [["1", "2"], ["3", "4"]]


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ('"a,b",c\n', {}, [["a,b", "c"]]),
        ('"say ""hi""",c\n', {}, [['say "hi"', "c"]]),
        ('"say \\"hi\\"",c\n', {}, [['say \\"hi\\"', "c"]]),
        ('"back\\\\",c\n', {}, [["back\\\\", "c"]]),
        ('"two\nlines",c\n', {}, [["two\nlines", "c"]]),
        ("a;b\n'c;d';e\n", {"delimiter": ";", "enclosure": "'"}, [["a", "b"], ["c;d", "e"]]),
        ("\ufeffa,b\n", {}, [["a", "b"]]),
        ("a,\n", {}, [["a", ""]]),
        ("h\n", {"skip_header": True}, []),
        ("a,b", {}, [["a", "b"]]),
        ('"a\\"b",c\n', {"escape": "^"}, [["a\\b\"", "c"]]),
    ],
)  # fmt: skip
def test_rows(tmp_path, text, options, expected):
    assert rows(write(tmp_path, a=text), **options) == expected


def test_shuffles_within_batches(tmp_path):
    write(tmp_path, a="".join(f"{i},{i}\n" for i in range(40)))
    setSeed(2)
    first, second = nn.data.CSVDataset(tmp_path, batch_size=20, shuffle=True, filter=Numbers())
    assert sorted(first[1].toArray()) == [[i] for i in range(20)] != first[1].toArray()
    assert first[0].toArray() == first[1].toArray()
    assert sorted(second[1].toArray()) == [[i] for i in range(20, 40)]


def test_a_crawler_of_ones_own(tmp_path):
    write(tmp_path, a="1\n", b="2\n")

    class Crawler:
        def glob(self, path, pattern):
            assert pattern == "p"
            return [f"{path}/sub/b.csv", f"{path}/sub/a.csv"]

    assert rows(tmp_path, crawler=Crawler(), pattern="p") == [["2"], ["1"]]


def test_errors_name_file_and_line(tmp_path):
    path = str(tmp_path / "sub" / "a.csv")
    write(tmp_path, a="1,2\n3,4\n5\n")
    with pytest.raises(UnexpectedValueException, match=rf"{path}, line 3: 1 columns, but 2 in the rows before"):
        rows(tmp_path)
    write(tmp_path, a=b"1,2\n3,\xff\n")
    with pytest.raises(UnexpectedValueException, match=rf"{path}, line 2: not in UTF-8"):
        rows(tmp_path)
    write(tmp_path, a="1,2\n3,4444\n")
    with pytest.raises(UnexpectedValueException, match=rf"{path}, line 2: 7 bytes, the length is limited to 5"):
        rows(tmp_path, length=5)
    write(tmp_path, a="1,2\n3,x\n")
    with pytest.raises(ValueError, match="could not convert") as e:
        list(nn.data.CSVDataset(tmp_path, filter=Numbers()))
    assert e.value.__notes__ == [f"in the filter, on the rows from {path}, line 1, to {path}, line 2"]


def test_refuses(tmp_path):
    with pytest.raises(LogicException, match="DatasetFilter is not specified"):
        list(nn.data.CSVDataset(tmp_path))
    with pytest.raises(LogicException, match="no file that matches @x@ in"):
        rows(tmp_path, pattern="@x@")
    with pytest.raises(LogicException, match="directory not found"):
        rows(tmp_path / "none")
    for options in ({"delimiter": ",,"}, {"enclosure": ""}, {"escape": "ab"}):
        with pytest.raises(InvalidArgumentException, match="must be one character"):
            nn.data.CSVDataset(tmp_path, **options)
