"""Recurrent layers: the kernels of src/rk_rnn.h."""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t

from rindow_math.matrix.kernels cimport core

cdef extern from "rk_rnn.h" nogil:
    enum:
        RK_RNN_SIMPLE, RK_RNN_LSTM, RK_RNN_GRU, RK_RNN_GRU_BEFORE

    ctypedef struct rk_rnn_call:
        int cell
        int activation
        int gate_activation
        int backwards
        ptrdiff_t batch
        ptrdiff_t steps
        ptrdiff_t features
        ptrdiff_t units
        const uint8_t* mask

    ctypedef struct rk_rnn_api:
        int version
        ptrdiff_t (*rnn_saved)(const rk_rnn_call* c) noexcept nogil
        ptrdiff_t (*rnn_work)(int dtype, const rk_rnn_call* c, int gradient) noexcept nogil
        void (*rnn_forward)(int dtype, const rk_rnn_call* c, const void* x, const void* w, const void* u,
                            const void* bias, const void* h0, const void* c0, void* y, void* h, void* c_last,
                            void* saved, void* work) noexcept nogil
        void (*rnn_gradient)(int dtype, const rk_rnn_call* c, const void* x, const void* w, const void* u,
                             const void* saved, const void* dy, const void* dlast, const void* dh, const void* dc,
                             void* dx, void* dw, void* du, void* dbias, void* dh0, void* dc0,
                             void* work) noexcept nogil


cdef inline const rk_rnn_api* rnn_table() noexcept:
    return <const rk_rnn_api*>core.table().rnn
