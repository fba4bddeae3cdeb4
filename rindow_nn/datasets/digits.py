"""The handwritten digits that come with the package."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from rindow_math.exceptions import LogicException, RuntimeException

__all__ = ["Digits"]

_IMAGES = 1797
_SIDE = 8
_CLASSES = 10
_TEST_IMAGES = 360
_SHA256 = "d64ddccfe8e7f02b6067073443e8195f125aef554fb827ee64b600179fafce7f"


class Digits:
    """1,797 real handwritten digits of 8x8 pixels, without a download.

    The test set of "Optical Recognition of Handwritten Digits" (E. Alpaydin and C. Kaynak, 1998, UCI Machine
    Learning Repository, DOI 10.24432/C50P49, CC BY 4.0), written by 13 people. Its methods are those of ``Mnist``.

    Args:
        mo: The MatrixOperator that makes the arrays.

    Example:
        >>> from rindow_math.matrix import MatrixOperator
        >>> from rindow_nn.datasets.digits import Digits
        >>> (train_img, train_label), (test_img, test_label) = Digits(MatrixOperator()).loadData()
        >>> train_img.shape(), test_label.shape()
        ([1437, 8, 8], [360])
    """

    def __init__(self, mo: Any):
        self.matrixOperator = mo

    def datasetDir(self) -> str:
        """The directory of the data file, in the package."""
        return str(Path(__file__).parent / "data")

    def labels(self) -> list[str]:
        """The names of the classes 0 to 9."""
        return [str(label) for label in range(_CLASSES)]

    def loadData(self, filePath: str | None = None) -> list[list[Any]]:
        """Loads the images and their labels, always in the same order and split.

        Of each class every fifth image, nearly, is a test image, so that the classes and the writers have the same
        share of both sets. Both sets keep the order of the source, in which the classes are mixed.

        Args:
            filePath: Another copy of the data file.

        Returns:
            ``[[train_img, train_label], [test_img, test_label]]``. Images are uint8 with values 0 (paper) to 16
            (ink): divide by 16 for the range 0 to 1. Labels are uint8 from 0 to 9.

        Shapes:
            - train_img: (1437, 8, 8), train_label: (1437,)
            - test_img: (360, 8, 8), test_label: (360,)

        Raises:
            LogicException: The file cannot be read.
            RuntimeException: The file is damaged.
        """
        path = Path(self.datasetDir()) / "digits.gz" if filePath is None else Path(filePath)
        images, labels = _read(path)
        is_test = np.zeros(_IMAGES, dtype=bool)
        is_test[_test_indices(labels)] = True
        return [[self._array(images[part]), self._array(labels[part])] for part in (~is_test, is_test)]

    def _array(self, values: np.ndarray) -> Any:
        return self.matrixOperator.array(values, dtype=values.dtype)


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        packed = path.read_bytes()
    except OSError as e:
        raise LogicException(f"read error: {path}: {e.strerror}") from e
    found = hashlib.sha256(packed).hexdigest()
    if found != _SHA256:
        raise RuntimeException(
            f"File {path} is probably broken. Its SHA-256 is {found}, expected {_SHA256}. Please reinstall the package."
        )
    values = np.frombuffer(gzip.decompress(packed), dtype=np.uint8)
    images, labels = np.split(values, [_IMAGES * _SIDE * _SIDE])
    return images.reshape(_IMAGES, _SIDE, _SIDE), labels


def _test_indices(labels: np.ndarray) -> np.ndarray:
    """Chooses the test images: each class gets its share, evenly spaced in the order of the source."""
    counts = np.bincount(labels, minlength=_CLASSES)
    shares = counts * _TEST_IMAGES / len(labels)
    quotas = shares.astype(int)
    # The largest remainders get what rounding down has left; a stable sort prefers the smaller class of equal ones.
    order = np.argsort(quotas - shares, kind="stable")
    quotas[order[: _TEST_IMAGES - quotas.sum()]] += 1
    chosen = []
    for label, (count, quota) in enumerate(zip(counts, quotas, strict=True)):
        positions = (2 * np.arange(quota) + 1) * count // (2 * quota)
        chosen.append(np.flatnonzero(labels == label)[positions])
    return np.concatenate(chosen)
