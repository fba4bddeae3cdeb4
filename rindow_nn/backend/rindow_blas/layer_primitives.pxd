"""What dropout, lookups, maxima and Einstein sums need of a backend, as C methods."""

from rindow_math.matrix.ndarray cimport NDArrayPhp


cdef class Lookup:
    cdef Py_ssize_t batches, m, classes, n, k, length


cdef class LayerPrimitives:
    cdef int dropout(self, NDArrayPhp x, double keep, NDArrayPhp seed, bint draw, NDArrayPhp out) except -1
    cdef NDArrayPhp positions(self, NDArrayPhp x, Py_ssize_t classes, str where)
    cdef int embed(self, NDArrayPhp kernel, NDArrayPhp index, NDArrayPhp out) except -1
    cdef int embed_gradient(self, NDArrayPhp dout, NDArrayPhp index, NDArrayPhp dkernel) except -1
    cdef int gather(self, Lookup form, NDArrayPhp source, NDArrayPhp index, NDArrayPhp out) except -1
    cdef int gather_gradient(self, Lookup form, NDArrayPhp dout, NDArrayPhp index, NDArrayPhp dsource) except -1
    cdef int max_gradient(self, NDArrayPhp x, NDArrayPhp dout, int axis, NDArrayPhp dx) except -1
    cdef int matrix_layer(self, NDArrayPhp x, NDArrayPhp kernel, NDArrayPhp bias, NDArrayPhp out, Py_ssize_t m,
                          Py_ssize_t n, Py_ssize_t k, bint transposed, int epilogue) except -1
    cdef int matrix_layer_gradient(self, NDArrayPhp x, NDArrayPhp kernel, NDArrayPhp dz, NDArrayPhp dx,
                                   NDArrayPhp dkernel, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
                                   bint transposed) except -1
    cdef int bias_activation(self, NDArrayPhp y, NDArrayPhp bias, int epilogue) except -1
    cdef NDArrayPhp bias_activation_gradient(self, NDArrayPhp y, NDArrayPhp dy, NDArrayPhp dbias, Py_ssize_t n,
                                             int epilogue)
