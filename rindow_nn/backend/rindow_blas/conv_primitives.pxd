"""What layers need of a backend for convolution and pooling, as C methods."""

from libc.stddef cimport ptrdiff_t

from rindow_math.matrix.kernels.conv cimport rk_conv_call
from rindow_math.matrix.ndarray cimport NDArrayPhp
from rindow_nn.backend.rindow_blas.pooling_primitives cimport PoolingSettings


cdef class ConvSettings:
    cdef readonly int rank
    cdef readonly bint padded         # as for padding="same"
    cdef readonly bint channels_first
    cdef readonly list strides
    cdef readonly list dilation
    cdef int fill(self, rk_conv_call* c, NDArrayPhp x, NDArrayPhp kernel) except -1


cdef class ConvPrimitives:
    cdef NDArrayPhp convolve(self, ConvSettings s, NDArrayPhp x, NDArrayPhp kernel, NDArrayPhp bias, int epilogue,
                             NDArrayPhp out=*, NDArrayPhp scale=*)
    cdef tuple convolve_pool(self, ConvSettings s, PoolingSettings pooling, NDArrayPhp x, NDArrayPhp kernel,
                             NDArrayPhp bias, int epilogue, NDArrayPhp z=*, NDArrayPhp places=*, NDArrayPhp scale=*)
    cdef int convolve_gradient(self, ConvSettings s, NDArrayPhp x, NDArrayPhp kernel, NDArrayPhp y, NDArrayPhp dy,
                               int epilogue, NDArrayPhp dx, NDArrayPhp dkernel, NDArrayPhp dbias) except -1


cdef bint is_channels_first(object data_format) except -1
cdef bint is_padded(object padding) except -1
cdef list numbers_of(str name, object values, int rank, object default)
cdef Py_ssize_t output_size(Py_ssize_t size, Py_ssize_t window, Py_ssize_t stride, bint padded, Py_ssize_t dilation
                            ) noexcept
cdef int does_not_fit(list sizes, list window, list dilation) except -1
cdef NDArrayPhp checked_images(NDArrayPhp x, int rank, str name)
