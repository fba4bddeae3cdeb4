"""Calls of layers and losses on the tape."""

from rindow_nn.gradient.core.tape cimport AbstractFunction


cdef class LayerFunction(AbstractFunction):
    cdef object layer
    cdef int inputs_of_layer          # the inputs after these are weights
    cdef int copy_settings(self, AbstractFunction node) except -1
    cdef object masked(self, tuple xs, object value)


cdef class LayerCall(LayerFunction):
    cdef object options
    cdef int copy_settings(self, AbstractFunction node) except -1
