"""Numbers for words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException, RuntimeException
from rindow_nn.support.phpvalues import phpKey, phpSerialize, phpUnserialize

__all__ = ["ArrayObject", "Tokenizer"]

_PHP_TYPES = {float: "double", str: "string", bool: "boolean", type(None): "NULL"}


class ArrayObject(list[Any]):
    """A list with the methods of PHP's class of this name."""

    def getArrayCopy(self) -> list[Any]:
        """A plain list."""
        return list(self)

    def count(self, *value: Any) -> int:
        """Number of elements; of those that equal a value, if one is given."""
        return super().count(*value) if value else len(self)


class Tokenizer:
    """Gives words numbers, the frequent ones the small ones; 0 is no word's number.

    Args:
        mo: the MatrixOperator.
        analyzer: a function that makes a list of words of a text; None to cut it at ``split``.
        num_words: words with this number or a higher one are left out of sequences; None or 0 for no limit.
        filters: characters that become ``split``; punctuation, tabs and line ends by default.
        specials: characters that are words by themselves.
        lower: change texts to lower case; True by default.
        split: between words; a space by default.
        char_level: taken for the original's sake, which does not use it either; give an ``analyzer`` such as
            ``list``.
        oov_token: a word that stands for those left out; None to drop them.
        document_count: texts that were counted before.

    Example:
        >>> from rindow_math.matrix import MatrixOperator
        >>> tokenizer = Tokenizer(MatrixOperator())
        >>> tokenizer.fitOnTexts(["I am Tom.", "I am fine."])
        >>> tokenizer.textsToSequences(["Tom am I"])
        [[3, 2, 1]]

    PHP: ``Rindow\\NeuralNetworks\\Data\\Sequence\\Tokenizer``.
    """

    def __init__(
        self,
        mo: Any,
        analyzer: Callable[[str], Sequence[Any]] | None = None,
        num_words: int | None = None,
        filters: str | None = None,
        specials: str | None = None,
        lower: bool | None = None,
        split: str | None = None,
        char_level: bool | None = None,
        oov_token: str | None = None,
        document_count: int | None = None,
    ) -> None:
        self._mo = mo
        self._analyzer = analyzer
        self._num_words = num_words
        self._lower = True if lower is None else bool(lower)
        self._split = " " if split is None else split
        self._oov_token = oov_token or None
        self._document_count = document_count or 0
        if not self._split:
            raise InvalidArgumentException("split must not be empty")
        filters = "!\"\\'#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n" if filters is None else filters
        self._replacements = str.maketrans(
            dict.fromkeys(filters, self._split) | {c: self._split + c + self._split for c in specials or ""}
        )
        self._counts: dict[Any, int] = {}
        self._index: dict[Any, int] = {}
        self._words: dict[int, Any] = {}

    def _sequence(self, text: str) -> Sequence[Any]:
        """The words of a text."""
        if self._analyzer is not None:
            return self._analyzer(text)
        if not isinstance(text, str):
            raise InvalidArgumentException(f"a text must be a string: {type(text).__name__} given")
        text = (text.lower() if self._lower else text).translate(self._replacements)
        return [word for word in text.split(self._split) if word]

    def fitOnTexts(self, texts: Iterable[str]) -> None:
        """Counts the words of texts, and numbers all words counted so far.

        Words of the same frequency are numbered in the order in which they came first.
        """
        counts: Counter[Any] = Counter(self._counts)
        for text in texts:
            self._document_count += 1
            counts.update(int(w) if isinstance(w, float) else w for w in self._sequence(text))
        ordered = dict(sorted(counts.items(), key=lambda item: -item[1]))
        if self._oov_token is not None:
            ordered = {self._oov_token: 1} | ordered
        self._counts = ordered
        self._index = {word: i for i, word in enumerate(ordered, 1)}
        self._words = dict(enumerate(ordered, 1))

    def textsToSequences(self, texts: Iterable[str]) -> ArrayObject:
        """A list of numbers for each text."""
        return ArrayObject(self.textsToSequencesGenerator(texts))

    def textsToSequencesGenerator(self, texts: Iterable[str]) -> Iterator[list[int]]:
        """Gives the sequences one by one."""
        oov = self._index.get(self._oov_token, 0) if self._oov_token is not None else 0
        limit = self._num_words or len(self._index) + 1
        known = {word: i if i < limit else oov for word, i in self._index.items()}
        for text in texts:
            numbers = [known.get(word, oov) for word in self._sequence(text)]
            yield [i for i in numbers if i]

    def sequencesToTexts(self, sequences: Iterable[Iterable[int]]) -> ArrayObject:
        """A text for each sequence, of the words with ``split`` between them."""
        return ArrayObject(self.sequencesToTextsGenerator(sequences))

    def sequencesToTextsGenerator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """Gives the texts one by one.

        Raises:
            InvalidArgumentException: a sequence is none, or holds something else than integers.
        """
        limit = self._num_words or len(self._words) + 1
        for sequence in sequences:
            if isinstance(sequence, (str, bytes)) or not hasattr(sequence, "__iter__"):
                raise InvalidArgumentException(f"sequences must be list of sequence. {type(sequence).__name__} given")
            words = []
            for number in sequence:
                if isinstance(number, bool) or not hasattr(number, "__index__"):
                    name = _PHP_TYPES.get(type(number), type(number).__name__)
                    raise InvalidArgumentException(f'sequence includes "{name}". it must be numeric.')
                number = int(number)
                word = self._words.get(number) if number < limit else None
                word = self._oov_token if word is None else word
                if word is not None:
                    words.append(str(word))
            yield self._split.join(words)

    def documentCount(self) -> int:
        """Number of texts that were counted."""
        return self._document_count

    def wordCounts(self) -> dict[Any, int]:
        """How often each word was seen; the most frequent first."""
        return dict(self._counts)

    def getWords(self) -> dict[int, Any]:
        """The words by their numbers, which begin at 1."""
        return dict(self._words)

    def numWords(self, internal: bool | None = None) -> int:
        """One more than the highest number in a sequence.

        Args:
            internal: regardless of ``num_words``.
        """
        count = len(self._words) + 1
        return count if internal or self._num_words is None else min(count, self._num_words)

    def wordToIndex(self, word: str) -> int:
        """The number of a word.

        Raises:
            InvalidArgumentException: the word was not seen.
        """
        if word not in self._index:
            raise InvalidArgumentException(f"No matching word found: {word!r}")
        return self._index[word]

    def indexToWord(self, index: int) -> Any:
        """The word of a number.

        Raises:
            InvalidArgumentException: no word has it.
        """
        if index not in self._words:
            raise InvalidArgumentException(f"No matching word found: {index!r}")
        return self._words[index]

    def save(self) -> bytes:
        """The words and their counts, in the original's format."""
        words = {number: phpKey(word) for number, word in self._words.items()}
        return phpSerialize([self._document_count, self._counts, self._index, words])

    def load(self, string: bytes | str) -> None:
        """Takes over what ``save`` gave here or in the original.

        Raises:
            RuntimeException: the data is damaged, or something else; nothing is changed then.
        """
        data = phpUnserialize(string)
        if not isinstance(data, dict) or list(data) != [0, 1, 2, 3]:
            raise RuntimeException("this is no saved tokenizer: a list of four members was expected")
        documents, *tables = data.values()
        if type(documents) is not int or not all(isinstance(table, dict) for table in tables):
            raise RuntimeException("this is no saved tokenizer: a number and three tables were expected")
        counts, index, words = tables
        # PHP's arrays cannot tell the key "12" from 12; words are strings unless an analyzer gives numbers
        convert: Callable[[Any], Any] = str if self._analyzer is None else lambda word: word
        counts = {convert(word): count for word, count in counts.items()}
        index = {convert(word): number for word, number in index.items()}
        words = {number: convert(word) for number, word in words.items()}
        if not all(type(n) is int for n in [*counts.values(), *index.values(), *words]) or any(
            index.get(word) != number for number, word in words.items()
        ):
            raise RuntimeException("this is no saved tokenizer: its tables of words and numbers contradict each other")
        self._document_count, self._counts, self._index, self._words = documents, counts, index, words
