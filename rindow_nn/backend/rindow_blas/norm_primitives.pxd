"""What layers need of a backend for normalisation, dropout and embedding, as C methods."""

from rindow_math.matrix.ndarray cimport NDArrayPhp


cdef class NormPrimitives:
    cdef int layer_norm(self, int axis, double eps, NDArrayPhp x, NDArrayPhp gamma, NDArrayPhp beta, NDArrayPhp y,
                        NDArrayPhp stats) except -1
    cdef int layer_norm_gradient(self, int axis, NDArrayPhp x, NDArrayPhp gamma, NDArrayPhp stats, NDArrayPhp dy,
                                 NDArrayPhp dx, NDArrayPhp dgamma, NDArrayPhp dbeta) except -1
    cdef int batch_norm(self, int axis, double eps, double momentum, bint training, NDArrayPhp x, NDArrayPhp gamma,
                        NDArrayPhp beta, NDArrayPhp mean, NDArrayPhp variance, bint relu, NDArrayPhp y,
                        NDArrayPhp stats) except -1
    cdef int batch_norm_gradient(self, int axis, bint training, NDArrayPhp x, NDArrayPhp gamma, NDArrayPhp stats,
                                 NDArrayPhp dy, bint relu, NDArrayPhp dx, NDArrayPhp dgamma,
                                 NDArrayPhp dbeta) except -1
    cdef int fold_batch_norm(self, double eps, NDArrayPhp bias, NDArrayPhp gamma, NDArrayPhp beta, NDArrayPhp mean,
                             NDArrayPhp variance, NDArrayPhp scale, NDArrayPhp shift) except -1
