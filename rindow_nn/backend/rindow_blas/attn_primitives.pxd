"""What layers need of a backend for attention, as C methods."""


cdef class AttentionPrimitives:
    pass
