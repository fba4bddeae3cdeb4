"""Rindow NeuralNetworks for Python: layers, gradients and training with the names of the PHP library.

Begin with ``rindow_nn.builder.NeuralNetworks``. ``rindow_nn.profile()`` shows where the time of a step goes.
"""

from typing import Any

from rindow_math import __version__

__all__ = ["__version__", "profile"]


def profile() -> Any:
    """Notes every call of functions and layers inside a ``with`` block (see ``rindow_nn.profiling.Profile``)."""
    from rindow_nn.profiling import profile

    return profile()
