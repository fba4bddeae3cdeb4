"""Arithmetic with complex numbers, for classes that inherit it."""

from __future__ import annotations

import cmath
import numbers
from typing import Any

from rindow_math.matrix.complexnumber import C, Complex
from rindow_math.matrix.ndarray import NDArray

__all__ = ["ComplexUtils"]

_NAMES = {bool: "boolean", int: "integer", float: "double", str: "string", type(None): "NULL", list: "array"}


def _complex(value: Any) -> complex:
    return complex(value.real, value.imag)


def _same(value: complex) -> Complex:
    return C(value.real, i=value.imag)


class ComplexUtils:
    """Makes, tests and combines complex numbers: anything with ``real`` and ``imag``; results are ``Complex``.

    Example:
        >>> print(ComplexUtils().cmul(C(3, i=1), C(1, i=-1)))
        4-2i

    PHP: ``Rindow\\Math\\Matrix\\ComplexUtils``.
    """

    def cbuild(self, r: float | None = None, i: float | None = None) -> Complex:
        """A complex number from its parts, 0 by default."""
        return C(r or 0.0, i=i or 0.0)

    def crebuild(self, value: Any) -> Complex:
        """A copy."""
        return _same(value)

    def cisobject(self, value: Any) -> bool:
        """Whether a value is a complex number, and not a real one."""
        return hasattr(value, "real") and hasattr(value, "imag") and not isinstance(value, numbers.Real)

    def cobjecttype(self, value: Any) -> str:
        """Name of a value's type, PHP's for plain values."""
        return _NAMES.get(type(value), type(value).__name__)

    def cistype(self, dtype: int | None = None) -> bool:
        """Whether a type of arrays is complex."""
        return dtype in (NDArray.complex64, NDArray.complex128)

    def ciszero(self, value: Any) -> bool:
        """Whether a value is 0."""
        return _complex(value) == 0

    def cisone(self, value: Any) -> bool:
        """Whether a value is 1."""
        return _complex(value) == 1

    def cabs(self, value: Any) -> float:
        """The distance from 0."""
        return abs(_complex(value))

    def cconj(self, value: Any) -> Complex:
        """The conjugate."""
        return _same(_complex(value).conjugate())

    def cadd(self, x: Any, y: Any) -> Complex:
        """x + y."""
        return _same(_complex(x) + _complex(y))

    def csub(self, x: Any, y: Any) -> Complex:
        """x - y."""
        return _same(_complex(x) - _complex(y))

    def cmul(self, x: Any, y: Any) -> Complex:
        """x * y."""
        return _same(_complex(x) * _complex(y))

    def cdiv(self, x: Any, y: Any) -> Complex:
        """x / y; nan where y is 0."""
        return _same(_complex(x) / _complex(y)) if _complex(y) else C(float("nan"), i=float("nan"))

    def csqrt(self, x: Any) -> Complex:
        """The square root in the right half-plane."""
        return _same(cmath.sqrt(_complex(x)))
