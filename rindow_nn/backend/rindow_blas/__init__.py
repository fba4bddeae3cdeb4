"""The backend on the CPU kernels (PHP: ``Backend\\RindowBlas``)."""

from rindow_nn.backend.rindow_blas.backend import Backend

__all__ = ["Backend"]
