"""What layers need of a backend for recurrent layers, as C methods."""


cdef class RNNPrimitives:
    pass
