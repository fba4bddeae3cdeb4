"""Where data sets are kept."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from rindow_math.exceptions import LogicException, RuntimeException
from rindow_nn.datasets.download import download
from rindow_nn.support.console import console
from rindow_nn.support.files import replacing

__all__ = ["StoredDataset", "datasetsFolder"]


def datasetsFolder() -> Path:
    """The folder of all data sets: ``RINDOW_NEURALNETWORKS_DATASETS``, or one among temporary files."""
    chosen = os.environ.get("RINDOW_NEURALNETWORKS_DATASETS")
    return Path(chosen) if chosen else Path(tempfile.gettempdir(), "rindow", "nn", "datasets")


class StoredDataset:
    """A data set in a folder of its own, with records of arrays beside the files that it was made from.

    Args:
        mo: the MatrixOperator that makes the arrays.
    """

    #: name of the folder
    folder = ""
    #: servers, in the order in which they are tried
    mirrors: tuple[str, ...] = ()
    #: checksums of the files on them
    md5: dict[str, str] = {}

    def __init__(self, mo: Any) -> None:
        self.matrixOperator = mo
        self._datasetDir = datasetsFolder() / self.folder

    def datasetDir(self) -> str:
        """The folder that the files are looked for in, and written to."""
        return str(self._datasetDir)

    def console(self, message: str) -> None:
        """Says what is done, on the standard error stream; subclasses may override it."""
        console(message)

    def _download(self, filename: str) -> None:
        """Downloads a file unless it is there."""
        path = self._datasetDir / filename
        if not path.exists():
            download([base + filename for base in self.mirrors], path, self.md5.get(filename), self.console)

    def _read_record(self, path: Path) -> Any:
        """The arrays in a file that ``serializeArray`` wrote."""
        try:
            data = path.read_bytes()
        except OSError as e:
            raise LogicException(f"read error: {path}: {e.strerror}") from e
        try:
            return self.matrixOperator.unserializeArray(data)
        except Exception as e:
            raise RuntimeException(f"File {path} is probably broken. Please remove and reload. {e}") from e

    def _write_record(self, path: Path, arrays: Any) -> None:
        """Writes arrays so that the file is whole or not there."""
        data = self.matrixOperator.serializeArray(arrays)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as name:
                Path(name).write_bytes(data)
        except OSError as e:
            raise RuntimeException(f"cannot write {path}: {e.strerror or e}") from e
