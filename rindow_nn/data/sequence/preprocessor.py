"""Sequences of one length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import NDArray

__all__ = ["Preprocessor"]


class Preprocessor:
    """Makes arrays of sequences.

    Args:
        mo: the MatrixOperator.

    Example:
        >>> from rindow_math.matrix import MatrixOperator
        >>> mo = MatrixOperator()
        >>> print(mo.toString(Preprocessor(mo).padSequences([[1, 2, 3], [4]])))
        [[1,2,3],[0,0,4]]

    PHP: ``Rindow\\NeuralNetworks\\Data\\Sequence\\Preprocessor``.
    """

    def __init__(self, mo: Any) -> None:
        self._mo = mo

    def padSequences(
        self,
        sequences: Iterable[Sequence[Any]],
        maxlen: int | None = None,
        dtype: Any = None,
        padding: str | None = None,
        truncating: str | None = None,
        value: float | None = None,
    ) -> Any:
        """Brings sequences of numbers to one length.

        Args:
            sequences: the sequences.
            maxlen: the greatest length; that of the longest sequence by default.
            dtype: element type; ``NDArray.int32`` by default.
            padding: fill up short ones at the beginning, ``pre`` (the default), or the end, ``post``.
            truncating: cut long ones there.
            value: what to fill up with; 0 by default.

        Returns:
            An array (number of sequences, length).

        Raises:
            InvalidArgumentException: a sequence is none or holds no numbers of the type, or a setting is unknown.
        """
        padding = "pre" if padding is None else padding
        truncating = "pre" if truncating is None else truncating
        if padding not in ("pre", "post"):
            raise InvalidArgumentException(f'padding must be "pre" or "post". Received: {padding!r}')
        if truncating not in ("pre", "post"):
            raise InvalidArgumentException(f'trancating must be "pre" or "post". Received: {truncating!r}')
        rows = []
        for i, sequence in enumerate(sequences):
            if isinstance(sequence, (str, bytes)) or not hasattr(sequence, "__len__"):
                raise InvalidArgumentException(
                    f"sequences must be list of iterable: sequence {i} is {type(sequence).__name__}"
                )
            rows.append(sequence)
        length = max(map(len, rows), default=0)
        if maxlen:
            length = min(length, maxlen)
        array = self._mo.full(
            [len(rows), length], 0 if value is None else value, NDArray.int32 if dtype is None else dtype
        )
        view = np.asarray(array)
        for i, row in enumerate(rows):
            if len(row) > length:
                row = row[len(row) - length :] if truncating == "pre" else row[:length]
            start = length - len(row) if padding == "pre" else 0
            try:
                view[i, start : start + len(row)] = row
            except (TypeError, ValueError, OverflowError) as e:
                raise InvalidArgumentException(f"sequence {i} does not fit an array of {view.dtype}: {e}") from None
        return array
