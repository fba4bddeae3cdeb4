"""Random numbers: arrays of them, and samples of arrays. One generator serves the whole process."""

from __future__ import annotations

import contextlib
import numbers
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import dtypeCode
from rindow_math.matrix.ndarray import NDArray

if TYPE_CHECKING:
    from rindow_math.matrix.matrixoperator import MatrixOperator

__all__ = ["Random", "branch", "drawing_from", "generator", "setSeed"]

_generator: np.random.Generator | None = None


class _OfThread(threading.local):
    """A class attribute is found at once, an attribute that is missing costs an exception."""

    generator: np.random.Generator | None = None


_of_thread = _OfThread()


def generator() -> np.random.Generator:
    """The generator that everything in this process draws from; made from the system's entropy at first use.

    ``setSeed`` replaces it, so ask for it again rather than keep it.
    """
    global _generator
    if _of_thread.generator is not None:
        return _of_thread.generator
    if _generator is None:
        _generator = np.random.default_rng()
    return _generator


def branch() -> np.random.Generator:
    """A generator of its own, seeded by the process's one, whose numbers stay as they are."""
    return generator().spawn(1)[0]


@contextlib.contextmanager
def drawing_from(own: np.random.Generator) -> Iterator[None]:
    """Has this thread draw from a generator of its own.

    Two threads that share one would make its numbers depend on which of them comes first.
    """
    before = _of_thread.generator
    _of_thread.generator = own
    try:
        yield
    finally:
        _of_thread.generator = before


def setSeed(seed: int | None = None) -> None:
    """Starts the generator anew from a seed, so that a program draws the same numbers each time it runs.

    Args:
        seed: a non-negative integer; None for a fresh start from the system's entropy.

    Raises:
        InvalidArgumentException: the seed is not a non-negative integer.

    Example:
        >>> setSeed(7); a = generator().random(); setSeed(7); a == generator().random()
        True
    """
    global _generator
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, numbers.Integral) or seed < 0):
        raise InvalidArgumentException(f"the seed must be a non-negative integer: {seed!r} given")
    _generator = np.random.default_rng(None if seed is None else int(seed))


def _is_int(x: object) -> bool:
    return isinstance(x, numbers.Integral) and not isinstance(x, bool)


class Random:
    """Arrays of random numbers; made by ``MatrixOperator.random()``.

    Args:
        matrixOperator: makes the arrays.
        defaultFloatType: their element type when none is given.

    Example:
        >>> from rindow_math.matrix import MatrixOperator
        >>> random = MatrixOperator().random()
        >>> random.setSeed(1)
        >>> random.rand([2, 3]).shape(), random.choice(10, 10, replace=False).shape()
        ([2, 3], [10])

    PHP: ``Rindow\\Math\\Matrix\\Random``.
    """

    def __init__(self, matrixOperator: MatrixOperator, defaultFloatType: int) -> None:
        self._mo = matrixOperator
        self._float_type = dtypeCode(defaultFloatType)

    def setSeed(self, seed: int | None = None) -> None:
        """Starts the process's generator anew from a seed; see ``rindow_math.matrix.random.setSeed``."""
        setSeed(seed)

    def _drawn(self, n: Any, dtype: Any, method: str) -> NDArray:
        if not _is_int(n) and not isinstance(n, (list, tuple)):
            raise InvalidArgumentException(f"Type of argument must be int or array as shape.: {type(n).__name__} given")
        shape = [n] if _is_int(n) else n
        array = self._mo.empty(shape, self._float_type if dtype is None else dtype)
        target = np.asarray(array)
        draw = getattr(generator(), method)
        if target.dtype in (np.float32, np.float64):
            draw(out=target, dtype=target.dtype)
        elif target.dtype.kind == "c":
            raise InvalidArgumentException(f"random numbers are real; dtype {target.dtype} given")
        else:
            target[...] = draw(target.shape)
        return array

    def rand(self, n: Any, dtype: Any = None) -> NDArray:
        """Numbers spread evenly over [0, 1).

        Args:
            n: how many, or a shape.
            dtype: element type; the default float type when left out.

        Returns:
            An array of shape [n], or of the shape given.

        Raises:
            InvalidArgumentException: ``n`` is neither an integer nor a list of integers.

        PHP: ``Random::rand()``.
        """
        return self._drawn(n, dtype, "random")

    def randn(self, n: Any, dtype: Any = None) -> NDArray:
        """Numbers from the normal distribution with mean 0 and deviation 1.

        Args:
            n: how many, or a shape.
            dtype: element type; the default float type when left out.

        Returns:
            An array of shape [n], or of the shape given.

        Raises:
            InvalidArgumentException: ``n`` is neither an integer nor a list of integers.

        PHP: ``Random::randn()``.
        """
        return self._drawn(n, dtype, "standard_normal")

    def randomInt(self, max: int) -> int:
        """An integer from 0 to ``max``, both included.

        Raises:
            InvalidArgumentException: ``max`` is negative, not an integer, or beyond 64 bits.

        PHP: ``Random::randomInt()``.
        """
        if not _is_int(max) or not 0 <= max < 1 << 63:
            raise InvalidArgumentException(f"max must be an integer from 0 to 2**63-1: {max!r} given")
        return int(generator().integers(max, endpoint=True))

    def choice(self, a: Any, size: int | None = None, replace: bool | None = None) -> Any:
        """Elements picked at random.

        Args:
            a: a 1-dimensional array to pick from, or an integer n for the numbers 0 .. n-1.
            size: how many; 1 by default.
            replace: whether an element may be picked more than once; True by default.

        Returns:
            A number when ``size`` is 1, else an array of shape [size] with the type of ``a`` (int32 for an
            integer).

        Raises:
            InvalidArgumentException: ``a`` is of another kind or not 1-dimensional, ``size`` is below 1, or more
                elements are asked for without replacement than there are.

        PHP: ``Random::choice()``.
        """
        if _is_int(a):
            if a < 1:
                raise InvalidArgumentException(f"First argument must be at least 1: {a} given")
            source, count = None, int(a)
        elif isinstance(a, (NDArray, np.ndarray)):
            source = self._mo.asarray(a)
            if source.ndim() != 1:
                raise InvalidArgumentException(f"NDArray must be 1-D array.: shape {source.shape()} given")
            count = source.size()
            if count < 1:
                raise InvalidArgumentException("First argument must not be an empty array")
        else:
            raise InvalidArgumentException(f"First argument must be int or NDArray.: {type(a).__name__} given")
        if size is None:
            size = 1
        elif not _is_int(size) or size < 1:
            raise InvalidArgumentException(f"Size argument must be greater than or equal 1.: {size!r} given")
        if size == 1:
            position = self.randomInt(count - 1)
            return position if source is None else source[position]
        if replace is None or replace:
            picked = generator().integers(count, size=size)
        else:
            if size > count:
                raise InvalidArgumentException(
                    f"The total number is smaller than the number of samples: {size} of {count}"
                )
            picked = generator().choice(count, size=size, replace=False)
        result = self._mo.empty([size], self._mo.defaultIntType() if source is None else source.dtype())
        np.asarray(result)[...] = picked if source is None else np.asarray(source)[picked]
        return result
