"""Recurrent layers: the kernels of src/rk_rnn.h."""

from rindow_math.matrix.kernels cimport core

cdef extern from "rk_rnn.h" nogil:
    ctypedef struct rk_rnn_api:
        int version


cdef inline const rk_rnn_api* rnn_table() noexcept:
    return <const rk_rnn_api*>core.table().rnn
