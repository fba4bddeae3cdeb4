"""What layers need of a backend for pooling, as C methods."""

from rindow_math.matrix.kernels.pooling cimport rk_pooling_call
from rindow_math.matrix.ndarray cimport NDArrayPhp


cdef class PoolingSettings:
    cdef readonly int rank
    cdef readonly bint largest        # else means
    cdef readonly bint padded         # as for padding="same"
    cdef readonly bint channels_first
    cdef readonly list window         # None: the whole image
    cdef readonly list strides
    cdef readonly list dilation
    cdef int fill(self, rk_pooling_call* c, NDArrayPhp x) except -1
    cdef int fill_sizes(self, rk_pooling_call* c, const Py_ssize_t* dims) except -1
    cdef int dims(self, const rk_pooling_call* c, Py_ssize_t* dims) noexcept
    cdef int check(self, const rk_pooling_call* c, NDArrayPhp x, NDArrayPhp y, NDArrayPhp index) except -1


cdef class PoolingPrimitives:
    cdef NDArrayPhp result(self, PoolingSettings s, NDArrayPhp x)
    cdef NDArrayPhp index(self, PoolingSettings s, NDArrayPhp x)
    cdef int pool(self, PoolingSettings s, NDArrayPhp x, NDArrayPhp y, NDArrayPhp index) except -1
    cdef int pool_gradient(self, PoolingSettings s, NDArrayPhp dy, NDArrayPhp index, NDArrayPhp dx,
                           NDArrayPhp maxima=*, int epilogue=*) except -1
