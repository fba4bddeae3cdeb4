"""Coloured pictures of 32 by 32 pixels."""

from __future__ import annotations

import shutil
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rindow_math.exceptions import LogicException, RuntimeException
from rindow_nn.datasets.folder import StoredDataset
from rindow_nn.support.files import replacing

__all__ = ["Cifar10"]

_PIXELS = 32 * 32


class Cifar10(StoredDataset):
    """60,000 coloured pictures in ten classes.

    ``cifar-10-binary.tar.gz``, or the files ``data_batch_1.bin`` to ``data_batch_5.bin`` and ``test_batch.bin`` from
    it, are taken from ``datasetDir()``, or downloaded to it. The first ``loadData`` writes records of arrays beside
    them that the original reads too; later ones read those.

    Args:
        mo: the MatrixOperator that makes the arrays.

    References:
        A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.

    PHP: ``Rindow\\NeuralNetworks\\Dataset\\Cifar10``.
    """

    DATA_BATCH_SIZE = 10000
    NUM_OF_DATA_FILE = 5

    folder = "cifar-10-batches-bin"
    mirrors = ("https://www.cs.toronto.edu/~kriz/",)
    md5 = {"cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530"}
    _archive = "cifar-10-binary.tar.gz"
    _train = [f"data_batch_{i}" for i in range(1, NUM_OF_DATA_FILE + 1)]
    _test = ["test_batch"]

    def loadData(self, filePath: str | None = None) -> list[Any]:
        """Gives the pictures, file by file.

        Args:
            filePath: what shows that the records are there; ``test_batch_labels.pkl`` in ``datasetDir()`` by
                default.

        Returns:
            ``[train, test]``: iterables of ``[images, labels]``, of which train gives five and test one. They can be
            gone through again, and suit ``nn.data.SequentialDataset``.

        Shapes:
            images (10000, 32, 32, 3), labels (10000), both uint8.

        Raises:
            RuntimeException: a file is damaged, or not there and not to be downloaded; the message names it.
            LogicException: a file cannot be read.
        """
        proof = self._datasetDir / "test_batch_labels.pkl" if filePath is None else Path(filePath)
        if not proof.exists():
            self.downloadFiles()
            for name in [*self._train, *self._test]:  # the test files are the last: they prove that all are there
                self._convert(name)
        return [_Batches(self, self._train), _Batches(self, self._test)]

    def cleanPickle(self, filePath: str | None = None) -> None:
        """Removes the records; the files that they were made from stay."""
        for name in [*self._train, *self._test]:
            for path in self._records(name):
                path.unlink(missing_ok=True)

    def downloadFiles(self) -> None:
        """Downloads and unpacks the files that are not there.

        Raises:
            RuntimeException: no server gives the archive, or it is damaged; the message says where to put it.
        """
        names = [f"{name}.bin" for name in [*self._train, *self._test]]
        if all((self._datasetDir / name).exists() for name in names):
            return
        self._download(self._archive)
        path = self._datasetDir / self._archive
        self.console(f"Extract to:{self._datasetDir}\n")
        try:
            with tarfile.open(path) as archive:
                for name in names:
                    source = archive.extractfile(f"cifar-10-batches-bin/{name}")
                    if source is None:
                        raise RuntimeException(f"File {path} is probably broken: {name} is no file in it")
                    with replacing(self._datasetDir / name) as target, open(target, "wb") as file:
                        shutil.copyfileobj(source, file)
        except (tarfile.TarError, KeyError, EOFError, OSError, zlib.error) as e:
            raise RuntimeException(f"File {path} is probably broken. Please remove and reload. {e}") from e
        self.console("Done\n")

    def _records(self, name: str) -> tuple[Path, Path]:
        return self._datasetDir / f"{name}_images.pkl", self._datasetDir / f"{name}_labels.pkl"

    def _convert(self, name: str) -> None:
        path = self._datasetDir / f"{name}.bin"
        self.console(f"Converting {path.name} to NDArray ...")
        try:
            data = np.fromfile(path, np.uint8)
        except OSError as e:
            raise LogicException(f"file not found:{path}: {e.strerror}") from e
        if not len(data) or len(data) % (1 + 3 * _PIXELS):
            raise RuntimeException(
                f"File {path} is probably broken. Please remove and reload. It has {len(data)} bytes, must have "
                f"{1 + 3 * _PIXELS} for each picture"
            )
        rows = data.reshape(-1, 1 + 3 * _PIXELS)
        images = rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        mo = self.matrixOperator
        self.console("\nCreating pickle file ...")
        for record, values in zip(self._records(name), (images, rows[:, 0]), strict=True):
            self._write_record(record, mo.array(np.ascontiguousarray(values), dtype=np.uint8))
        self.console("Done\n")


class _Batches:
    """The arrays of some files, one after the other."""

    def __init__(self, dataset: Cifar10, names: list[str]) -> None:
        self._dataset = dataset
        self._names = names

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[list[Any]]:
        for name in self._names:
            images, labels = (self._dataset._read_record(path) for path in self._dataset._records(name))
            if images.shape()[1:] != [32, 32, 3] or labels.shape() != images.shape()[:1]:
                raise RuntimeException(
                    f"Files {name}_*.pkl in {self._dataset.datasetDir()} are probably broken. Please remove and "
                    f"reload. Images have shape {images.shape()}, labels {labels.shape()}"
                )
            yield [images, labels]
