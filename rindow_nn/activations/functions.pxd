"""Activations, for calls that compute them too."""

from rindow_math.matrix.ndarray cimport NDArrayPhp
from rindow_nn.gradient.core.tape cimport AbstractFunction, GradientCall


cdef class Pointwise(AbstractFunction):
    cdef int op
    cdef int gradient_op
    cdef int epilogue                 # RK_EPI_...
    cdef NDArrayPhp out


cdef class PointwiseGradient(GradientCall):
    cdef int op
