"""Rindow NeuralNetworks for Python: layers, gradients and training with the names of the PHP library.

Begin with ``rindow_nn.builder.NeuralNetworks``.
"""

from rindow_math import __version__

__all__ = ["__version__"]
