"""Texts and class names as arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import NDArray
from rindow_nn.data.dataset.base import DatasetFilter
from rindow_nn.data.sequence.preprocessor import Preprocessor
from rindow_nn.data.sequence.tokenizer import Tokenizer

__all__ = ["TextFilter"]


class TextFilter(DatasetFilter):
    """Makes arrays of texts and of class names.

    Args:
        mo: the MatrixOperator.
        tokenizer: a Tokenizer; made from the next arguments by default.
        classnames: classes in the order of their numbers. Others get the next numbers as they come.
        analyzer: of the tokenizer, and so on to ``document_count``.
        num_words: of the tokenizer.
        tokenizer_filters: of the tokenizer.
        specials: of the tokenizer.
        lower: of the tokenizer.
        split: of the tokenizer.
        char_level: of the tokenizer.
        oov_token: of the tokenizer.
        document_count: of the tokenizer.
        preprocessor: makes sequences of one length; a Preprocessor by default.
        maxlen: the greatest length of a sequence; that of the longest by default.
        dtype: element type of sequences and class numbers; ``NDArray.int32`` by default.
        padding: ``post``, the default, or ``pre``.
        truncating: ``post``, the default, or ``pre``.
        value: what to fill sequences up with; 0 by default.

    PHP: ``Rindow\\NeuralNetworks\\Data\\Sequence\\TextFilter``.
    """

    def __init__(
        self,
        mo: Any,
        tokenizer: Any = None,
        classnames: Sequence[str] | None = None,
        analyzer: Callable[[str], Sequence[Any]] | None = None,
        num_words: int | None = None,
        tokenizer_filters: str | None = None,
        specials: str | None = None,
        lower: bool | None = None,
        split: str | None = None,
        char_level: bool | None = None,
        oov_token: str | None = None,
        document_count: int | None = None,
        preprocessor: Any = None,
        maxlen: int | None = None,
        dtype: Any = None,
        padding: str | None = None,
        truncating: str | None = None,
        value: float | None = None,
    ) -> None:
        self._mo = mo
        if tokenizer is None:
            if tokenizer_filters is None:
                tokenizer_filters = "!\"\\'#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n\r"
            tokenizer = Tokenizer(
                mo,
                analyzer=analyzer,
                num_words=num_words,
                filters=tokenizer_filters,
                specials=specials,
                lower=lower,
                split=split,
                char_level=char_level,
                oov_token=oov_token,
                document_count=document_count,
            )
        self._tokenizer = tokenizer
        self._preprocessor = Preprocessor(mo) if preprocessor is None else preprocessor
        self._labels = {name: i for i, name in enumerate(classnames or [])}
        self._maxlen = maxlen
        self._dtype = NDArray.int32 if dtype is None else dtype
        self._padding = "post" if padding is None else padding
        self._truncating = "post" if truncating is None else truncating
        self._value = 0 if value is None else value

    def getTokenizer(self) -> Any:
        """The tokenizer."""
        return self._tokenizer

    def getPreprocessor(self) -> Any:
        """The preprocessor."""
        return self._preprocessor

    def classnames(self) -> list[str]:
        """The classes in the order of their numbers."""
        return sorted(self._labels, key=self._labels.__getitem__)

    def labels(self) -> dict[str, int]:
        """The numbers of the classes."""
        return dict(self._labels)

    def setLabels(self, labels: Mapping[str, int]) -> None:
        """Sets the numbers of the classes."""
        self._labels = dict(labels)

    def classnameToIndex(self, word: str) -> int | None:
        """The number of a class; None for an unknown one."""
        return self._labels.get(word)

    def indexToClassname(self, index: int) -> str | None:
        """The class of a number; None for an unknown one."""
        return next((name for name, number in self._labels.items() if number == index), None)

    def translate(self, inputs: Any, tests: Any = None, options: Any = None) -> Any:
        """Makes arrays.

        Args:
            inputs: texts.
            tests: their class names.
            options: not used.

        Returns:
            Arrays (number of texts, length) and (number of texts).

        Raises:
            InvalidArgumentException: there are no tests.
        """
        if tests is None:
            raise InvalidArgumentException("Tests must be specified")
        sequences = self._preprocessor.padSequences(
            self._tokenizer.textsToSequences(inputs),
            maxlen=self._maxlen,
            dtype=self._dtype,
            padding=self._padding,
            truncating=self._truncating,
            value=self._value,
        )
        numbers = []
        for label in tests:
            if label not in self._labels:
                self._labels[label] = max(self._labels.values(), default=-1) + 1
            numbers.append(self._labels[label])
        return [sequences, self._mo.array(np.array(numbers, np.int64), dtype=self._dtype)]
