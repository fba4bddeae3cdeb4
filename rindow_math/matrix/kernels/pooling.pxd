"""Pooling: the kernels of src/rk_pooling.h."""

from libc.stddef cimport ptrdiff_t

from rindow_math.matrix.kernels cimport core

cdef extern from "rk_pooling.h" nogil:
    ctypedef struct rk_pooling_call:
        ptrdiff_t batch
        ptrdiff_t channels
        # "in" is a word of Cython
        ptrdiff_t[3] sizes "in"
        ptrdiff_t[3] out
        ptrdiff_t[3] window
        ptrdiff_t[3] stride
        ptrdiff_t[3] dilation
        ptrdiff_t[3] pad
        int channels_first
        int wide_index

    ctypedef struct rk_pooling_api:
        int version
        int (*pool_max)(int dtype, const rk_pooling_call* c, const void* x, void* y, void* index) noexcept nogil
        int (*pool_max_gradient)(int dtype, const rk_pooling_call* c, const void* dy, const void* index,
                                 void* dx) noexcept nogil
        int (*pool_mean)(int dtype, const rk_pooling_call* c, const void* x, void* y) noexcept nogil
        int (*pool_mean_gradient)(int dtype, const rk_pooling_call* c, const void* dy, void* dx) noexcept nogil


cdef inline const rk_pooling_api* pooling_table() noexcept:
    return <const rk_pooling_api*>core.table().pooling
