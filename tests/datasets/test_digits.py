"""The embedded digits: complete, undamaged, and split the same way every time."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from rindow_math.exceptions import LogicException, RuntimeException
from rindow_nn.datasets import digits
from rindow_nn.datasets.digits import Digits


class NumpyOperator:
    """Stands for the MatrixOperator where only the values matter."""

    def array(self, values, dtype):
        return np.array(values, dtype=dtype)


@pytest.fixture(scope="module")
def data():
    return Digits(NumpyOperator()).loadData()


def packed() -> bytes:
    return Path(Digits(None).datasetDir(), "digits.gz").read_bytes()


def test_shapes_dtypes_and_ranges(data):
    (train_img, train_label), (test_img, test_label) = data
    assert (train_img.shape, train_label.shape) == ((1437, 8, 8), (1437,))
    assert (test_img.shape, test_label.shape) == ((360, 8, 8), (360,))
    for images, labels in data:
        assert images.dtype == labels.dtype == np.uint8
        assert (images.min(), images.max()) == (0, 16)
        assert set(labels.tolist()) == set(range(10))


def test_split_is_stratified(data):
    (_, train_label), (_, test_label) = data
    train, test = np.bincount(train_label), np.bincount(test_label)
    # The published distribution of the classes.
    assert (train + test).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (np.abs(test - (train + test) * 360 / 1797) < 1).all()


def test_images_are_the_published_ones(data):
    (train_img, train_label), (test_img, _) = data
    # The first image of the source is a zero; the mean over all images is 4.88 of 16.
    assert train_label[0] == 0
    assert train_img[0].tolist() == [
        [0, 0, 5, 13, 9, 1, 0, 0],
        [0, 0, 13, 15, 10, 15, 5, 0],
        [0, 3, 15, 2, 0, 11, 8, 0],
        [0, 4, 12, 0, 0, 8, 8, 0],
        [0, 5, 8, 0, 0, 9, 8, 0],
        [0, 4, 11, 0, 1, 12, 7, 0],
        [0, 2, 14, 5, 10, 12, 0, 0],
        [0, 0, 6, 13, 10, 0, 0, 0],
    ]
    together = np.concatenate([train_img, test_img])
    assert together.mean() == pytest.approx(4.884165, abs=1e-6)
    assert len(np.unique(together.reshape(-1, 64), axis=0)) == 1797


def test_labels_belong_to_the_images(data):
    (train_img, train_label), (test_img, test_label) = data
    train = train_img.reshape(-1, 64).astype(float)
    distances = ((test_img.reshape(-1, 1, 64) - train) ** 2).sum(axis=2)
    assert (train_label[distances.argmin(axis=1)] == test_label).mean() > 0.97


def test_every_load_is_the_same_and_separate(data):
    again = Digits(NumpyOperator()).loadData()
    np.testing.assert_equal(again, data)
    again[0][0][:] = 0
    np.testing.assert_equal(Digits(NumpyOperator()).loadData(), data)


def test_split_does_not_change_between_versions(data):
    digest = hashlib.sha256(b"".join(values.tobytes() for part in data for values in part)).hexdigest()
    assert digest == "650285bf71701c3cc34787ed88f9b55926daca1e1b0ab6d310fa64c8191d029f"


def test_labels_list():
    loader = Digits(None)
    assert loader.labels() == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
    loader.labels().clear()
    assert len(loader.labels()) == 10


def test_readme_states_the_checksum_source_and_licence():
    text = Path(Digits(None).datasetDir(), "README.md").read_text()
    assert hashlib.sha256(packed()).hexdigest() in text
    for words in ("E. Alpaydin", "C. Kaynak", "CC BY 4.0", "10.24432/C50P49"):
        assert words in text


@pytest.mark.parametrize("damage", ["flipped", "truncated", "longer", "empty"])
def test_damaged_file(tmp_path, damage):
    whole = packed()
    middle = len(whole) // 2
    path = tmp_path / "digits.gz"
    path.write_bytes(
        {
            "flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "truncated": whole[:-1],
            "longer": whole + b"\0",
            "empty": b"",
        }[damage]
    )
    with pytest.raises(RuntimeException, match=r"is probably broken\. Its SHA-256 is") as info:
        Digits(NumpyOperator()).loadData(str(path))
    assert str(path) in str(info.value)


def test_another_copy_of_the_file(tmp_path, data):
    path = tmp_path / "copy.gz"
    path.write_bytes(packed())
    np.testing.assert_equal(Digits(NumpyOperator()).loadData(str(path)), data)


def test_missing_file(tmp_path):
    with pytest.raises(LogicException, match=r"read error: .*nowhere\.gz: No such file"):
        Digits(NumpyOperator()).loadData(str(tmp_path / "nowhere.gz"))


def test_checksum_is_verified_before_anything_is_unpacked(monkeypatch):
    monkeypatch.setattr(digits, "_SHA256", "0" * 64)
    monkeypatch.setattr(digits.gzip, "decompress", lambda data: pytest.fail("unpacked"))
    with pytest.raises(RuntimeException, match="probably broken"):
        Digits(NumpyOperator()).loadData()


def test_arrays_of_the_matrix_operator(data):
    matrix = pytest.importorskip("rindow_math.matrix", exc_type=ImportError)
    loaded = Digits(matrix.MatrixOperator()).loadData()
    for (images, labels), (expected_images, expected_labels) in zip(loaded, data, strict=True):
        assert images.dtype() == labels.dtype() == matrix.NDArray.uint8
        assert images.shape() == list(expected_images.shape)
        np.testing.assert_array_equal(np.asarray(images), expected_images, strict=True)
        np.testing.assert_array_equal(np.asarray(labels), expected_labels, strict=True)
