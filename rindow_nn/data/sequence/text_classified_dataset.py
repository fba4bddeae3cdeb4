"""Batches of texts that lie in one folder a class."""

from __future__ import annotations

import os
import time
from typing import Any

from rindow_nn.data.dataset.classified_directory_dataset import ClassifiedDirectoryDataset
from rindow_nn.data.sequence.text_filter import TextFilter
from rindow_nn.data.sequence.tokenizer import ArrayObject
from rindow_nn.support.console import console

__all__ = ["TextClassifiedDataset"]

_OF_DIRECTORY = (
    "pattern",
    "batch_size",
    "crawler",
    "filter",
    "unclassified",
    "shuffle",
    "limit",
    "restricted_by_class",
)


class TextClassifiedDataset(ClassifiedDirectoryDataset):
    """Batches of sequences of word numbers, and of class numbers.

    Words need numbers first: call ``fitOnTexts`` or ``loadData``, or give a tokenizer that was fitted.

    Args:
        mo: the MatrixOperator.
        path: the folder of the classes' folders.
        verbose: tell the progress on the standard error stream; not by default.
        **options: those of ``ClassifiedDirectoryDataset`` and, where no ``filter`` is given, of ``TextFilter``.

    Shapes:
        Sequences (batch, length), class numbers (batch).

    PHP: ``Rindow\\NeuralNetworks\\Data\\Sequence\\TextClassifiedDataset``.
    """

    def __init__(self, mo: Any, path: str | os.PathLike[str], verbose: int | None = None, **options: Any) -> None:
        super().__init__(mo, path, **{name: options.pop(name) for name in _OF_DIRECTORY if name in options})
        self._verbose = bool(verbose)
        if self.filter() is None:
            self.setFilter(TextFilter(mo, **options))

    def console(self, message: str) -> None:
        if self._verbose:
            console(message)

    def getTokenizer(self) -> Any:
        """The tokenizer."""
        return self.filter().getTokenizer()

    def getPreprocessor(self) -> Any:
        """What makes sequences of one length."""
        return self.filter().getPreprocessor()

    def getLabels(self) -> dict[str, int]:
        """The numbers of the classes."""
        return self.filter().labels()

    def classnames(self) -> list[str]:
        """The classes in the order of their numbers."""
        return self.filter().classnames()

    def fitOnTexts(self, loadAll: bool | None = None, noFit: bool | None = None) -> list[Any] | None:
        """Reads the texts, and has the tokenizer count and number their words.

        Args:
            loadAll: give the texts and their class names, and number the classes; False by default.
            noFit: leave the tokenizer as it is; False by default.

        Returns:
            [texts, class names], or None without ``loadAll``.
        """
        texts: Any = self._texts()
        result = None
        if loadAll:
            self.console("Indexing ...")
            files = self._found()
            self.console(f" Done. Total={len(files)}\nLoding ...\n")
            texts, tests = ArrayObject(), ArrayObject()
            started = time.time()
            for text in self._texts():
                texts.append(text)
                if len(texts) % 1000 == 0:
                    self.progressBar(len(texts), len(files), started, 25)
            tests.extend(label for _, label in files)
            self.progressBar(len(texts), len(files), started, 25)
            labels = self.filter().labels()
            for label in tests:
                if label not in labels:
                    labels[label] = max(labels.values(), default=-1) + 1
            self.filter().setLabels(labels)
            result = [texts, tests]
        self.console("\nDone.\n")
        if not noFit:
            self.console("Fitting ...")
            self.getTokenizer().fitOnTexts(texts)
            self.console(" Done.\n")
        return result

    def _texts(self) -> Any:
        self._size = 0
        for name, _ in self._found():
            yield self.readContents(name)
            self._size += 1

    def loadData(self) -> tuple[Any, Any]:
        """Reads all texts; the tokenizer is fitted on them unless it was fitted before.

        Returns:
            (sequences, class numbers)
        """
        fitted = len(self.getTokenizer().wordCounts()) > 0
        texts, tests = self.fitOnTexts(loadAll=True, noFit=fitted)  # type: ignore[misc]
        self.console("Generating sequences ...")
        inputs, labels = self.filter().translate(texts, tests)
        self.console(" Done.\nFormatting sequences ... Done.\n")  # one step here, two in the original
        return inputs, labels
