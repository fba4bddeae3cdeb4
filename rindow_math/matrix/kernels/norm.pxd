"""Normalisation, dropout and embedding: the kernels of src/rk_norm.h."""

from rindow_math.matrix.kernels cimport core

cdef extern from "rk_norm.h" nogil:
    ctypedef struct rk_norm_api:
        int version


cdef inline const rk_norm_api* norm_table() noexcept:
    return <const rk_norm_api*>core.table().norm
