"""Handwritten digits of 28 by 28 pixels."""

from __future__ import annotations

import gzip
import struct
import zlib
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from rindow_math.exceptions import LogicException, RuntimeException
from rindow_nn.datasets.folder import StoredDataset

__all__ = ["Mnist"]

_KINDS = {2051: 3, 2049: 1}  # number that begins the file: dimensions of its array


class Mnist(StoredDataset):
    """70,000 handwritten digits.

    The files ``{train,t10k}-{images-idx3,labels-idx1}-ubyte``, packed (``.gz``) or not, are taken from
    ``datasetDir()``, or downloaded to it. The first ``loadData`` writes ``mnist.pkl`` beside them, a record that the
    original reads too; later ones read that.

    Args:
        mo: the MatrixOperator that makes the arrays.

    References:
        Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document recognition",
        Proceedings of the IEEE 86 (1998).

    PHP: ``Rindow\\NeuralNetworks\\Dataset\\Mnist``.
    """

    folder = "mnist"
    mirrors = (
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    )
    md5 = {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    }
    #: other folders that files are looked for in
    systemFolders: tuple[Path, ...] = ()
    _files = {
        "train_images": "train-images-idx3-ubyte.gz",
        "train_labels": "train-labels-idx1-ubyte.gz",
        "test_images": "t10k-images-idx3-ubyte.gz",
        "test_labels": "t10k-labels-idx1-ubyte.gz",
    }
    _side = 28

    def loadData(self, filePath: str | None = None) -> list[list[Any]]:
        """Loads images and labels.

        Args:
            filePath: the record to read, or to write if it is not there; ``mnist.pkl`` in ``datasetDir()`` by
                default.

        Returns:
            ``[[train_img, train_label], [test_img, test_label]]``: images are float32 from 0 to 255, labels uint8.

        Shapes:
            - train_img: (60000, 1, 28, 28), train_label: (60000)
            - test_img: (10000, 1, 28, 28), test_label: (10000)

        Raises:
            RuntimeException: a file is damaged, or not there and not to be downloaded; the message names it.
            LogicException: a file cannot be read.
        """
        path = self._record() if filePath is None else Path(filePath)
        if path.exists():
            self.console("Loading pickle file ...")
            data = self._checked(self._read_record(path), path)
            self.console("Done!\n")
        else:
            self.downloadFiles()
            data = self._converted()
            self.console("Creating pickle file ...")
            self._write_record(path, data)
            self.console("Done!\n")
        return [[data["train_images"], data["train_labels"]], [data["test_images"], data["test_labels"]]]

    def cleanPickle(self, filePath: str | None = None) -> None:
        """Removes the record; the files that it was made from stay."""
        (self._record() if filePath is None else Path(filePath)).unlink(missing_ok=True)

    def downloadFiles(self) -> None:
        """Downloads the files that are not there.

        Raises:
            RuntimeException: no server gives a file; the message says where to put it.
        """
        for filename in self._files.values():
            if self._there(filename) is None:
                self._download(filename)

    def _there(self, filename: str) -> Path | None:
        """A file, packed or not, in one of the folders that may hold it."""
        places = [folder / name for folder in self._folders() for name in (filename, filename.removesuffix(".gz"))]
        return next((path for path in places if path.exists()), None)

    def _folders(self) -> list[Path]:
        return [self._datasetDir, *self.systemFolders]

    def _record(self) -> Path:
        return self._datasetDir / "mnist.pkl"

    def _checked(self, data: Any, path: Path) -> dict[str, Any]:
        """A record's arrays, if they are those of this data set."""
        if not isinstance(data, dict) or not set(self._files) <= set(data):
            raise RuntimeException(
                f"File {path} is probably broken. Please remove and reload. It must hold {', '.join(self._files)}"
            )
        for part in ("train", "test"):
            images, labels = data[f"{part}_images"], data[f"{part}_labels"]
            if images.shape()[1:] != [1, self._side, self._side] or labels.shape() != images.shape()[:1]:
                raise RuntimeException(
                    f"File {path} is probably broken. Please remove and reload. {part} images have shape "
                    f"{images.shape()}, labels {labels.shape()}"
                )
        return data

    def _converted(self) -> dict[str, Any]:
        mo = self.matrixOperator
        data: dict[str, Any] = {}
        for key, filename in self._files.items():
            path = self._there(filename) or self._datasetDir / filename
            self.console(f"Converting {path.name} to NDArray ...")
            values = read_idx(path)
            if key.endswith("images"):
                if values.shape[1:] != (self._side, self._side):
                    raise RuntimeException(f"File {path} has images of {values.shape[1:]} pixels, must be (28, 28)")
                values = values.reshape(-1, 1, self._side, self._side).astype(np.float32)
            data[key] = mo.array(values, dtype=values.dtype)
            self.console("Done\n")
        for part in ("train", "test"):
            images, labels = (len(data[f"{part}_{kind}"]) for kind in ("images", "labels"))
            if images != labels:
                raise RuntimeException(
                    f"{images} images in {self._there(self._files[f'{part}_images'])}, but {labels} labels in "
                    f"{self._there(self._files[f'{part}_labels'])}"
                )
        return data


def read_idx(path: Path) -> np.ndarray:
    """The array of bytes in an IDX file, packed by gzip or not.

    Raises:
        LogicException: the file is not there or cannot be read.
        RuntimeException: it is damaged or of another kind; the message says how.
    """
    try:
        packed = path.read_bytes()
    except OSError as e:
        raise LogicException(f"file not found: {path}: {e.strerror}") from e
    broken = f"File {path} is probably broken. Please remove and reload."
    try:
        data = gzip.decompress(packed) if path.suffix == ".gz" else packed
    except (OSError, EOFError, zlib.error) as e:
        raise RuntimeException(f"{broken} {e}") from e
    dims = _KINDS.get(int.from_bytes(data[:4], "big")) if len(data) >= 4 else None
    if dims is None or len(data) < 4 + 4 * dims:
        raise RuntimeException(f"{broken} It does not begin as an IDX file of images or labels: {data[:4].hex()}")
    shape = struct.unpack(f">{dims}I", data[4 : 4 + 4 * dims])
    if len(data) - 4 - 4 * dims != prod(shape):
        raise RuntimeException(f"{broken} It holds {len(data) - 4 - 4 * dims} bytes of {prod(shape)} for shape {shape}")
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dims).reshape(shape)
