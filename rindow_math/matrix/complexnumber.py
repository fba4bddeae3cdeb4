"""Complex numbers with PHP's way of printing them."""

from __future__ import annotations

__all__ = ["C", "Complex"]


class Complex(complex):
    """A complex number; a Python ``complex`` that prints as the original does.

    Args:
        real: the real part.
        imag: the imaginary part.

    Example:
        >>> z = Complex(1, -2)
        >>> print(z, z.real, z.imag)
        1-2i 1.0 -2.0

    PHP: ``Rindow\\Math\\Matrix\\Complex``.
    """

    def __new__(cls, real: float = 0.0, imag: float = 0.0) -> Complex:
        return super().__new__(cls, real, imag)

    def __init__(self, real: float = 0.0, imag: float = 0.0) -> None:
        """Takes the two parts; the value itself is set by ``__new__``, for complex numbers are immutable."""

    def __str__(self) -> str:
        from rindow_math.matrix.phpformat import number

        sign = "+" if self.imag >= 0 else ""
        return f"{number(self.real)}{sign}{number(self.imag)}i"

    def __repr__(self) -> str:
        return f"Complex({self.real!r}, {self.imag!r})"

    def __reduce__(self):
        return Complex, (self.real, self.imag)


# the original's name of __str__; inside the class body Python would mangle it
setattr(Complex, "__toString", Complex.__str__)


def C(r: float | None = None, i: float | None = None) -> Complex:
    """A complex number from its parts, 0 by default (PHP: ``C()``).

    Example:
        >>> print(C(r=1, i=2))
        1+2i
    """
    return Complex(0.0 if r is None else r, 0.0 if i is None else i)
