"""Linear algebra with the method names of Rindow Math Matrix: BLAS, LAPACK, elementwise functions, moving of elements.

Methods that take an output argument, and those whose name does not make something new, write in place and return what
they have written. Elementwise functions such as ``square``, ``add`` and ``softmax`` change their argument: pass a
``copy`` to keep it.
"""

from __future__ import annotations

from rindow_math.matrix.linearalgebra.arrays import ArrayMethods
from rindow_math.matrix.linearalgebra.blas import BlasMethods
from rindow_math.matrix.linearalgebra.common import AnyCase
from rindow_math.matrix.linearalgebra.elements import ElementMethods

__all__ = ["LinearAlgebra"]


class LinearAlgebra(AnyCase, BlasMethods, ElementMethods, ArrayMethods):
    """Linear algebra on arrays; made by ``MatrixOperator.la()``.

    Names are found in any case, as in PHP.

    Args:
        service: what computes (see ``rindow_math.matrix.drivers``).
        defaultFloatType: element type of new arrays; float32 when left out.
        serviceLevel: the level of the service's drivers; the best one when left out.

    Raises:
        InvalidArgumentException: the service is not one or does not have the level.

    Example:
        >>> from rindow_math.matrix import MatrixOperator
        >>> la = MatrixOperator().la()
        >>> la.gemm(la.array([[1, 2], [3, 4]]), la.array([[1], [1]])).toArray()
        [[3.0], [7.0]]

    PHP: ``Rindow\\Math\\Matrix\\LinearAlgebra``.
    """
