"""Normalisation, dropout and embedding: the kernels of src/rk_norm.h."""

from libc.stddef cimport ptrdiff_t

from rindow_math.matrix.kernels cimport core

cdef extern from "rk_norm.h" nogil:
    ctypedef struct rk_norm_api:
        int version
        void (*layer_norm)(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void* x, const void* gamma,
                           const void* beta, double eps, void* y, void* stats) noexcept nogil
        int (*layer_norm_gradient)(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void* x,
                                   const void* gamma, const void* stats, const void* dy, void* dx, void* dgamma,
                                   void* dbeta) noexcept nogil
        int (*batch_norm)(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void* x, const void* gamma,
                          const void* beta, double eps, double momentum, int training, void* moving_mean,
                          void* moving_variance, int relu, void* y, void* stats) noexcept nogil
        int (*batch_norm_gradient)(int dtype, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, int training,
                                   const void* x, const void* gamma, const void* stats, const void* dy, int relu,
                                   void* dx, void* dgamma, void* dbeta) noexcept nogil


cdef inline const rk_norm_api* norm_table() noexcept:
    return <const rk_norm_api*>core.table().norm
