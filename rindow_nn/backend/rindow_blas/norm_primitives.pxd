"""What layers need of a backend for normalisation, dropout and embedding, as C methods."""


cdef class NormPrimitives:
    pass
