"""Attention: the kernels of src/rk_attn.h."""

from rindow_math.matrix.kernels cimport core

cdef extern from "rk_attn.h" nogil:
    ctypedef struct rk_attn_api:
        int version


cdef inline const rk_attn_api* attn_table() noexcept:
    return <const rk_attn_api*>core.table().attn
