"""What layers need of a backend for convolution and pooling, as C methods."""


from rindow_math.matrix.ndarray cimport NDArrayPhp


cdef class ConvPrimitives:
    pass


cdef bint is_channels_first(object data_format) except -1
cdef bint is_padded(object padding) except -1
cdef list numbers_of(str name, object values, int rank, object default)
cdef list output_sizes(list sizes, list window, list strides, bint padded, list dilation)
cdef NDArrayPhp checked_images(NDArrayPhp x, int rank, str name)
