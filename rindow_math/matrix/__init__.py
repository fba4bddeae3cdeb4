"""Arrays, operators on them and linear algebra, with the names of Rindow Math Matrix.

Example:
    >>> from rindow_math.matrix import MatrixOperator
    >>> mo = MatrixOperator()
    >>> a = mo.array([[1, 2], [3, 4]])
    >>> print(mo.toString(mo.cross(a, a)))
    [[7,10],[15,22]]
"""

from typing import TYPE_CHECKING, Any

from rindow_math.matrix.blas import BLAS
from rindow_math.matrix.buffer import Buffer
from rindow_math.matrix.complexnumber import C, Complex
from rindow_math.matrix.complexutils import ComplexUtils
from rindow_math.matrix.drivers import Selector, Service
from rindow_math.matrix.matrixoperator import MatrixOperator
from rindow_math.matrix.ndarray import NDArray, NDArrayPhp
from rindow_math.matrix.random import Random
from rindow_math.matrix.range import R, Range

if TYPE_CHECKING:
    from rindow_math.matrix.linearalgebra import LinearAlgebra

__all__ = [
    "BLAS",
    "Buffer",
    "C",
    "Complex",
    "ComplexUtils",
    "LinearAlgebra",
    "MatrixOperator",
    "NDArray",
    "NDArrayPhp",
    "R",
    "Random",
    "Range",
    "Selector",
    "Service",
]


def __getattr__(name: str) -> Any:
    # the largest module of the package; programs that never call la() do not load it
    if name == "LinearAlgebra":
        from rindow_math.matrix.linearalgebra import LinearAlgebra

        return LinearAlgebra
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
