"""What layers need of a backend for normalisation, dropout and embedding, as C methods."""

from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.kernels.norm cimport rk_norm_api, norm_table

cdef const core.rk_api* rk = core.table()
cdef const rk_norm_api* rk_norm = norm_table()


cdef class NormPrimitives:
    """The part of a backend that normalisation, dropout and embedding runs on."""
