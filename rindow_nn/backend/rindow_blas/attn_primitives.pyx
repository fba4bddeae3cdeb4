"""What layers need of a backend for attention, as C methods."""

from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.kernels.attn cimport rk_attn_api, attn_table

cdef const core.rk_api* rk = core.table()
cdef const rk_attn_api* rk_attn = attn_table()


cdef class AttentionPrimitives:
    """The part of a backend that attention runs on."""
