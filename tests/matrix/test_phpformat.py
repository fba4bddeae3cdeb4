"""Numbers and formats as PHP prints them."""

import pytest

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.phpformat import number, sprintf


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1 / 3, "0.33333333333333"),
        (1e14, "1.0E+14"),
        (123456789012345.0, "1.2345678901234E+14"),
        (1e15, "1.0E+15"),
        (1e-4, "0.0001"),
        (9.9e-5, "9.9E-5"),
        (-1.5e-7, "-1.5E-7"),
        (5e-324, "4.9406564584125E-324"),
        (10**20, "100000000000000000000"),
        (True, "1"),
        (False, ""),
    ],
)
def test_number(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("format", "values", "text"),
    [
        ("%5.2f", (1.005,), " 1.00"),
        ("%d", (-2.9,), "-2"),
        ("%+d|%05.1f", (3, 2.25), "+3|002.2"),
        ("%s and %s", (2.0, 0.5), "2 and 0.5"),
        ("%%%d%%", (5,), "%5%"),
        ("%d", (1, 2, 3), "1"),
        ("none", (1,), "none"),
        ("%x", (255,), "ff"),
    ],
)
def test_sprintf(format, values, text):
    assert sprintf(format, *values) == text


@pytest.mark.parametrize(("format", "values"), [("%d %d", (1,)), ("%d", (float("nan"),)), ("%y", (1,)), ("%", (1,))])
def test_formats_that_do_not_fit(format, values):
    with pytest.raises(InvalidArgumentException, match="format"):
        sprintf(format, *values)
