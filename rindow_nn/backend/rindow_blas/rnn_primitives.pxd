"""What layers need of a backend for recurrent layers, as C methods."""

from rindow_math.matrix.kernels.rnn cimport rk_rnn_call
from rindow_math.matrix.ndarray cimport NDArrayPhp


cdef class RecurrentSettings:
    cdef int cell                     # RK_RNN_...
    cdef readonly int states          # 1: h, 2: h and c
    cdef int bias_rows                # how many rows of gates a bias has
    cdef int activation               # epilogues
    cdef int gate_activation
    cdef bint backwards
    cdef readonly Py_ssize_t units


cdef class RNNPrimitives:
    cdef NDArrayPhp saved_for(self, RecurrentSettings s, NDArrayPhp x)
    cdef int recur(self, RecurrentSettings s, NDArrayPhp x, tuple states, NDArrayPhp kernel, NDArrayPhp recurrent,
                   NDArrayPhp bias, NDArrayPhp mask, NDArrayPhp y, NDArrayPhp h, NDArrayPhp c,
                   NDArrayPhp saved) except -1
    cdef int recur_gradient(self, RecurrentSettings s, NDArrayPhp x, NDArrayPhp kernel, NDArrayPhp recurrent,
                            NDArrayPhp mask, NDArrayPhp saved, NDArrayPhp dy, NDArrayPhp dh, NDArrayPhp dc,
                            NDArrayPhp dx, NDArrayPhp dkernel, NDArrayPhp drecurrent, NDArrayPhp dbias,
                            NDArrayPhp dh0, NDArrayPhp dc0) except -1
