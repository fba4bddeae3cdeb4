"""Calls of convolution layers, for calls that go on with what they compute."""

from rindow_math.matrix.ndarray cimport NDArrayPhp
from rindow_nn.backend.rindow_blas.conv_primitives cimport ConvSettings
from rindow_nn.backend.rindow_blas.pooling_primitives cimport PoolingSettings
from rindow_nn.gradient.core.layerfunction cimport LayerFunction
from rindow_nn.gradient.core.tape cimport GradientCall


cdef class ConvForm:
    cdef ConvSettings settings
    cdef int epilogue
    cdef bint biased
    cdef ConvForm followed(self, int epilogue)


cdef class ConvFunction(LayerFunction):
    cdef ConvForm form
    cdef NDArrayPhp x
    cdef NDArrayPhp kernel
    cdef NDArrayPhp bias
    cdef NDArrayPhp out
    cdef tuple pooled(self, tuple xs, PoolingSettings pooling, NDArrayPhp maxima, NDArrayPhp places)


cdef class ConvGradient(GradientCall):
    cdef ConvForm form
    cdef bint need_x
