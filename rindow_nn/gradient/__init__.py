"""Automatic differentiation (PHP: ``Gradient``).

The interfaces of the original and their implementations are one class each here.
"""

from rindow_nn.gradient.core import (
    ArrayShape,
    ArraySpec,
    GraphFunction,
    MaskedNDArray,
    Scalar,
    Variable,
)
from rindow_nn.gradient.interfaces import Module

__all__ = ["ArrayShape", "ArraySpec", "GraphFunction", "MaskedNDArray", "Module", "Scalar", "Variable"]
