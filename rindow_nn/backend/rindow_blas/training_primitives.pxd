"""What losses, metrics and optimizers need of a backend."""

from rindow_math.matrix.ndarray cimport NDArrayPhp


cdef class TrainingPrimitives:
    cdef NDArrayPhp new_stats(self, int kind, NDArrayPhp x)
    cpdef NDArrayPhp loss(self, int kind, object trues, object predicts, double q, bint by_row, NDArrayPhp out=*,
                          NDArrayPhp stats=*)
    cpdef NDArrayPhp loss_gradient(self, int kind, object trues, object predicts, double q, bint by_row, object dloss,
                                   NDArrayPhp stats=*, NDArrayPhp out=*)
    cdef double loss_step(self, int kind, object trues, NDArrayPhp x, double q, double dloss, NDArrayPhp loss,
                          NDArrayPhp dx, bint counted, double threshold) except? -1.0
    cpdef Py_ssize_t count_hits(self, object trues, object predicts, bint sparse) except -1
    cpdef Py_ssize_t count_yes_no(self, object trues, object predicts, double threshold) except -1
    cdef object step(self, int rule, list params, list grads, list m, list v, double lr, double a, double b, double eps)
    cpdef object sgd_step(self, list params, list grads, double lr)
    cpdef object adam_step(self, list params, list grads, list m, list v, double lr, double beta1, double beta2,
                           double epsilon)
    cpdef object rmsprop_step(self, list params, list grads, list averages, double lr, double rho, double epsilon)
