"""Attention: the kernels of src/rk_attn.h."""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from rindow_math.matrix.kernels cimport core

cdef extern from "rk_attn.h" nogil:
    ctypedef struct rk_attn_call:
        ptrdiff_t batch
        ptrdiff_t heads
        ptrdiff_t tq
        ptrdiff_t tv
        ptrdiff_t dk
        ptrdiff_t dv
        ptrdiff_t[3] q
        ptrdiff_t[3] k
        ptrdiff_t[3] v
        ptrdiff_t[3] o
        ptrdiff_t[3] m
        const uint8_t* query_mask
        const uint8_t* value_mask
        const uint8_t* key_mask
        const uint8_t* mask
        double scale
        double factor
        uint64_t seed
        uint32_t drop
        int causal
        int replace
        int zero_rows

    ctypedef struct rk_attn_api:
        int version
        int (*attention)(int dtype, const rk_attn_call* c, const void* q, const void* k, const void* v, void* out,
                         void* weights, void* stats) noexcept nogil
        int (*attention_gradient)(int dtype, const rk_attn_call* c, const void* q, const void* k, const void* v,
                                  const void* out, const void* stats, const void* dout, const void* dweights,
                                  void* dq, void* dk, void* dv, void* dscale) noexcept nogil


cdef inline const rk_attn_api* attn_table() noexcept:
    return <const rk_attn_api*>core.table().attn
