"""What layers need of a backend for convolution and pooling, as C methods."""


cdef class ConvPrimitives:
    pass
