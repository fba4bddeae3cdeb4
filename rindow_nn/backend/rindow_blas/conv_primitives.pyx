"""What layers need of a backend for convolution and pooling, as C methods."""

from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.kernels.conv cimport rk_conv_api, conv_table

cdef const core.rk_api* rk = core.table()
cdef const rk_conv_api* rk_conv = conv_table()


cdef class ConvPrimitives:
    """The part of a backend that convolution and pooling runs on."""
