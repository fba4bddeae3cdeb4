"""Arithmetic with complex numbers that classes inherit."""

import cmath
from types import SimpleNamespace

import pytest

from rindow_math.matrix import C, Complex, ComplexUtils, NDArray

u = ComplexUtils()


@pytest.mark.parametrize("x", [3 - 4j, -2 + 0.5j, -1 + 0j, 5j])
@pytest.mark.parametrize("y", [1 + 1j, -0.25 - 3j])
def test_arithmetic(x, y):
    for got, want in [
        (u.cadd(x, y), x + y),
        (u.csub(x, y), x - y),
        (u.cmul(x, y), x * y),
        (u.cdiv(x, y), x / y),
        (u.csqrt(x), cmath.sqrt(x)),
        (u.cconj(x), x.conjugate()),
        (u.crebuild(x), x),
        (u.cmul(SimpleNamespace(real=x.real, imag=x.imag), y), x * y),
    ]:
        assert isinstance(got, Complex)
        assert got == pytest.approx(want)
    assert u.cabs(x) == pytest.approx(abs(x))


def test_division_by_zero():
    assert cmath.isnan(u.cdiv(1j, 0j))


def test_kinds():
    assert [str(u.cbuild(2)), str(u.cbuild(i=-1)), str(u.cbuild())] == ["2+0i", "0-1i", "0+0i"]
    assert [u.cisobject(v) for v in (1j, C(1), 1.0, 1, "1", None)] == [True, True, False, False, False, False]
    assert [u.cobjecttype(v) for v in (1.5, 2, True, "", None, [], C(1))] == [
        "double", "integer", "boolean", "string", "NULL", "array", "Complex",
    ]  # fmt: skip
    assert [u.cistype(t) for t in (NDArray.complex64, NDArray.complex128, NDArray.float32, None)] == [
        True,
        True,
        False,
        False,
    ]
    assert (u.ciszero(0j), u.ciszero(1j), u.cisone(C(1)), u.cisone(1j)) == (True, False, True, False)
