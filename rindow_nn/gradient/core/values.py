"""Values that are not plain arrays: shapes, single numbers, arrays with a mask."""

from __future__ import annotations

import copy
import numbers
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_math.matrix.ndarray import NDArray, NDArrayPhp

__all__ = ["ArrayShape", "ArraySpec", "MaskedNDArray", "Scalar"]


class ArrayShape:
    """A shape as a value that functions take and give.

    Args:
        shape: the sizes.

    Example:
        >>> s = ArrayShape([2, 3])
        >>> s[1], len(s), s.toArray()
        (3, 2, [2, 3])

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Core\\ArrayShape``.
    """

    __slots__ = ("_shape",)

    def __init__(self, shape: Iterable[int]) -> None:
        self._shape = [int(n) for n in shape]

    def toArray(self) -> list[int]:
        """The sizes as a list."""
        return list(self._shape)

    def _check(self, offset: Any) -> int:
        if isinstance(offset, bool) or not isinstance(offset, numbers.Integral):
            raise LogicException(f"offset must be int: {offset!r} given")
        return int(offset)

    def __contains__(self, offset: Any) -> bool:
        return 0 <= self._check(offset) < len(self._shape)

    def __getitem__(self, offset: Any) -> int:
        if isinstance(offset, slice):
            raise LogicException("offset must be int: a slice was given")
        i = self._check(offset)
        if i < 0:
            i += len(self._shape)
        if not 0 <= i < len(self._shape):
            raise LogicException(f"no found the offset: {offset}")
        return self._shape[i]

    def __setitem__(self, offset: Any, value: Any) -> None:
        raise LogicException("unsupported operation: an ArrayShape cannot be changed")

    def __delitem__(self, offset: Any) -> None:
        raise LogicException("unsupported operation: an ArrayShape cannot be changed")

    def __len__(self) -> int:
        return len(self._shape)

    def count(self) -> int:
        """How many sizes (PHP: ``count($shape)``)."""
        return len(self._shape)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[int]:
        return iter(list(self._shape))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ArrayShape):
            return self._shape == other._shape
        return NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self._shape))

    def __repr__(self) -> str:
        return f"ArrayShape({self._shape})"


class Scalar:
    """A single number as a value that functions take and give.

    Args:
        value: a number or a 0-dimensional array.

    Raises:
        InvalidArgumentException: the value is not a single number.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Core\\Scalar``.
    """

    def __init__(self, value: Any) -> None:
        if isinstance(value, NDArray):
            if value.ndim() != 0:
                raise InvalidArgumentException(f"value must be scalar. An array of shape {value.shape()} was given.")
            value = value.toArray()
        elif isinstance(value, bool) or not isinstance(value, numbers.Number):
            raise InvalidArgumentException(f"value must be scalar. {type(value).__name__} was given.")
        self._value = value

    def value(self) -> Any:
        """The number."""
        return self._value

    def toArray(self) -> Any:
        """The number."""
        return self._value

    def shape(self) -> list[int]:
        """No dimensions."""
        return []

    def ndim(self) -> int:
        """0."""
        return 0

    def __float__(self) -> float:
        return float(self._value)

    def __int__(self) -> int:
        return int(self._value)

    def __repr__(self) -> str:
        return f"Scalar({self._value!r})"


class ArraySpec:
    """What an argument of a compiled function looks like.

    Args:
        shape: the sizes.
        dtype: the element type; float32 by default.
        name: shown in messages.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Core\\ArraySpec``.
    """

    __slots__ = ("_dtype", "_name", "_shape")

    def __init__(self, shape: ArrayShape | Iterable[int], dtype: int | None = None, name: str | None = None) -> None:
        self._shape = shape if isinstance(shape, ArrayShape) else ArrayShape(shape)
        self._dtype = NDArray.float32 if dtype is None else dtype
        self._name = name

    def shape(self) -> ArrayShape:
        """The sizes."""
        return self._shape

    def dtype(self) -> int:
        """The element type."""
        return self._dtype

    def name(self) -> str | None:
        """The name, or None."""
        return self._name


class ScalarArray(NDArrayPhp, Scalar):
    """An array's one number: a Scalar, as the original's ``get`` gives, and an array of no dimensions as well.

    Args:
        array: of no dimensions; its memory is shared.
    """

    def __init__(self, array: NDArrayPhp) -> None:
        NDArrayPhp.__init__(self, array.buffer(), array.dtype(), [], array.offset())

    def value(self) -> Any:
        """The number."""
        return self.toArray()


class MaskedNDArray(NDArray):
    """An array together with a mask that says which elements count.

    Args:
        value: the array.
        mask: an array of bool whose shape is a leading part of the value's.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Core\\MaskedNDArray``.
    """

    def __init__(self, value: NDArray, mask: NDArray) -> None:
        self._value: Any = value
        self._mask = mask

    def value(self) -> NDArray:
        """The array without its mask."""
        return self._value

    def mask(self) -> NDArray:
        """The mask."""
        return self._mask

    def dtype(self) -> int:
        return self._value.dtype()

    def shape(self) -> list[int]:
        return self._value.shape()

    def ndim(self) -> int:
        return self._value.ndim()

    def size(self) -> int:
        return self._value.size()

    def buffer(self) -> Any:
        return self._value.buffer()

    def offset(self) -> int:
        return self._value.offset()

    def reshape(self, shape: Sequence[int]) -> NDArray:
        """The value in another shape, without the mask."""
        return self._value.reshape(shape)

    def toArray(self) -> Any:
        return self._value.toArray()

    def service(self) -> Any:
        """The driver service that computes."""
        return self._value.service()

    def __contains__(self, offset: Any) -> bool:
        return offset in self._value

    def __getitem__(self, offset: Any) -> Any:
        return self._value[offset]

    def __setitem__(self, offset: Any, value: Any) -> None:
        self._value[offset] = value

    def __delitem__(self, offset: Any) -> None:
        del self._value[offset]

    def __len__(self) -> int:
        return len(self._value)

    def count(self) -> int:
        """Size of the first dimension."""
        return len(self._value)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._value)

    def __bool__(self) -> bool:
        return True

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self._value.__array__(dtype, copy)

    def __copy__(self) -> MaskedNDArray:
        return MaskedNDArray(copy.copy(self._value), copy.copy(self._mask))

    def __repr__(self) -> str:
        return f"MaskedNDArray({self._value!r}, mask={self._mask!r})"
