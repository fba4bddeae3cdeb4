"""The machinery of gradients: variables, tapes, recorded functions (PHP: ``Gradient\\Core``)."""

from rindow_nn.gradient.core.graph import GraphFunction
from rindow_nn.gradient.core.modules import Modules
from rindow_nn.gradient.core.tape import (
    AbstractFunction,
    GradientTape,
    StopGradient,
    Variable,
    VariableReference,
)
from rindow_nn.gradient.core.values import ArrayShape, ArraySpec, MaskedNDArray, Scalar

__all__ = [
    "AbstractFunction",
    "ArrayShape",
    "ArraySpec",
    "GradientTape",
    "GraphFunction",
    "MaskedNDArray",
    "Modules",
    "Scalar",
    "StopGradient",
    "Variable",
    "VariableReference",
]
