"""What layers need of a backend for recurrent layers, as C methods."""

from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.kernels.rnn cimport rk_rnn_api, rnn_table

cdef const core.rk_api* rk = core.table()
cdef const rk_rnn_api* rk_rnn = rnn_table()


cdef class RNNPrimitives:
    """The part of a backend that recurrent layers runs on."""
