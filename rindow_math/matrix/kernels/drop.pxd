"""Dropout and embedding: kernels of src/rk_norm.h."""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint32_t, uint64_t

from rindow_math.matrix.kernels cimport core

cdef extern from "rk_norm.h" nogil:
    ctypedef struct rk_drop_api "rk_norm_api":
        void (*dropout)(int dtype, const void* x, void* y, ptrdiff_t n, uint32_t keep, uint64_t seed) noexcept nogil
        int (*embedding_gradient)(int dtype, const void* x, const void* idx, int idx_type, void* y, ptrdiff_t count,
                                  ptrdiff_t n, ptrdiff_t rows) noexcept nogil


cdef inline const rk_drop_api* drop_table() noexcept:
    return <const rk_drop_api*>core.table().norm
