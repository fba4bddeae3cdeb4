"""Convolution and pooling: the kernels of src/rk_conv.h."""

from rindow_math.matrix.kernels cimport core

cdef extern from "rk_conv.h" nogil:
    ctypedef struct rk_conv_api:
        int version


cdef inline const rk_conv_api* conv_table() noexcept:
    return <const rk_conv_api*>core.table().conv
