"""Convolution and pooling: the kernels of src/rk_conv.h."""

from libc.stddef cimport ptrdiff_t

from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.kernels.pooling cimport rk_pooling_call

cdef extern from "rk_conv.h" nogil:
    ctypedef struct rk_conv_call:
        ptrdiff_t batch
        ptrdiff_t channels
        ptrdiff_t filters
        ptrdiff_t[3] in_ "in"
        ptrdiff_t[3] kernel
        ptrdiff_t[3] out
        ptrdiff_t[3] stride
        ptrdiff_t[3] dilation
        ptrdiff_t[3] pad

    ctypedef struct rk_conv_api:
        int version
        int (*conv)(int dtype, const rk_conv_call* c, const void* x, const void* kernel, const void* scale,
                    const void* bias, int epilogue, void* y) noexcept nogil
        int (*conv_pool)(int dtype, const rk_conv_call* c, const void* x, const void* kernel, const void* scale,
                         const void* bias, int epilogue, const rk_pooling_call* pool, void* z,
                         void* places) noexcept nogil
        int (*conv_input_gradient)(int dtype, const rk_conv_call* c, const void* dy, const void* kernel,
                                   void* dx) noexcept nogil
        int (*conv_kernel_gradient)(int dtype, const rk_conv_call* c, const void* x, const void* dy, void* dkernel,
                                    void* dbias) noexcept nogil


cdef inline const rk_conv_api* conv_table() noexcept:
    return <const rk_conv_api*>core.table().conv
