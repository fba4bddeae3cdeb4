"""PHP's SPL exceptions under their own names.

Each also inherits the Python exception that a Python user would catch, so
``except ValueError`` and ``except InvalidArgumentException`` both work.
"""

__all__ = [
    "DomainException",
    "InvalidArgumentException",
    "LengthException",
    "LogicException",
    "OutOfBoundsException",
    "OutOfRangeException",
    "OverflowException",
    "RangeException",
    "RuntimeException",
    "UnexpectedValueException",
]


class InvalidArgumentException(ValueError):
    """An argument is not of the expected type, shape or value (PHP: ``InvalidArgumentException``)."""


class LogicException(RuntimeError):
    """The program's logic is at fault: a call in the wrong state (PHP: ``LogicException``)."""


class RuntimeException(RuntimeError):
    """Something that shows itself only at run time, such as a damaged file (PHP: ``RuntimeException``)."""


class OutOfRangeException(LogicException, IndexError):
    """An index or a range outside the array (PHP: ``OutOfRangeException``)."""


class OutOfBoundsException(KeyError):
    """A key that does not exist (PHP: ``OutOfBoundsException``)."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class DomainException(ValueError):
    """A value outside the set of defined values (PHP: ``DomainException``)."""


class LengthException(ValueError):
    """A length that is not allowed (PHP: ``LengthException``)."""


class RangeException(ValueError):
    """A result outside the range (PHP: ``RangeException``)."""


class OverflowException(RuntimeException, OverflowError):
    """More than a container or a number type can hold (PHP: ``OverflowException``)."""


class UnexpectedValueException(ValueError):
    """A callback or a file delivered a value of the wrong kind (PHP: ``UnexpectedValueException``)."""
