"""What attention layers need of a backend, as C methods."""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memset

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.kernels.attn cimport attn_table, rk_attn_api, rk_attn_call
from rindow_math.matrix.ndarray cimport NDArrayPhp, shape_text
from rindow_math.matrix.random import generator

cdef const core.rk_api* rk = core.table()
cdef const rk_attn_api* rk_attn = attn_table()

cdef Py_ssize_t LONG = 4096           # multiply-adds below which the interpreter is not released


cdef class AttentionSettings:
    """What a call of attention has besides arrays.

    Args:
        heads: how many heads share the last dimension.
        factor: multiplies the weights before they meet the values.
        rate: share of the weights that are dropped; 0 for none.
        causal: a key counts for the queries of its own time and later ones only.
        replace: masked scores are set to -1e9; else -1e9 is added to them.
        zero_rows: the query mask clears outputs; else it masks scores.
    """

    def __init__(self, heads=1, factor=1.0, rate=0.0, causal=False, replace=False, zero_rows=False):
        self.heads = heads
        self.factor = factor
        self.rate = rate
        self.causal = causal
        self.replace = replace
        self.zero_rows = zero_rows


cdef object _unfit(str what, NDArrayPhp x):
    return InvalidArgumentException(f"attention: {what} of shape {shape_text(x)} ({NAMES[x.dt]}) does not fit")


cdef const unsigned char* _mask(NDArrayPhp x, Py_ssize_t n, str what) except? NULL:
    if x is None:
        return NULL
    if x.dt != core.RK_BOOL:
        raise InvalidArgumentException(f"dtype of mask must be bool.: {NAMES[x.dt]}")
    if x.n != n:
        raise _unfit(f"the {what} mask", x)
    return <const unsigned char*>x.ptr


cdef int _strides(ptrdiff_t* x, Py_ssize_t time, Py_ssize_t width, Py_ssize_t heads) noexcept:
    x[0] = time * width
    x[1] = width
    x[2] = width // heads
    return 0


cdef int _prepare(rk_attn_call* c, AttentionSettings s, double scale, NDArrayPhp q, NDArrayPhp k, NDArrayPhp v,
                  tuple masks, NDArrayPhp out, NDArrayPhp stats) except -1:
    """Fills in a call; arrays are (batch, time, heads * dim), masks those of query, value, key and all scores."""
    memset(c, 0, sizeof(rk_attn_call))
    if q.nd != 3 or k.nd != 3 or v.nd != 3 or not (q.dt == core.RK_FLOAT32 or q.dt == core.RK_FLOAT64):
        raise _unfit("a query", q)
    c.batch = q.dims[0]
    c.heads = s.heads
    c.tq = q.dims[1]
    c.tv = k.dims[1]
    c.dk = q.dims[2] // s.heads
    c.dv = v.dims[2] // s.heads
    if (
        k.dt != q.dt or k.dims[0] != c.batch or k.dims[2] != q.dims[2] or c.dk * s.heads != q.dims[2]
        or c.dv * s.heads != v.dims[2]
    ):
        raise _unfit("a key", k)
    if v.dt != q.dt or v.dims[0] != c.batch or v.dims[1] != c.tv:
        raise _unfit("a value", v)
    if out.dt != q.dt or out.n != c.batch * c.tq * v.dims[2]:
        raise _unfit("an output", out)
    if stats.dt != q.dt or stats.n != 2 * c.batch * c.heads * c.tq:
        raise _unfit("the sums", stats)
    _strides(c.q, c.tq, q.dims[2], s.heads)
    _strides(c.k, c.tv, k.dims[2], s.heads)
    _strides(c.v, c.tv, v.dims[2], s.heads)
    _strides(c.o, c.tq, v.dims[2], s.heads)
    c.m[0] = c.tq * c.tv
    c.m[1] = 0
    c.m[2] = c.tv
    c.query_mask = _mask(<NDArrayPhp>masks[0], c.batch * c.tq, "query")
    c.value_mask = _mask(<NDArrayPhp>masks[1], c.batch * c.tv, "value")
    c.key_mask = _mask(<NDArrayPhp>masks[2], c.batch * c.tv, "key")
    c.mask = _mask(<NDArrayPhp>masks[3], c.batch * c.tq * c.tv, "attention")
    c.scale = scale
    c.factor = s.factor
    c.drop = <uint32_t>(s.rate * 4294967296.0) if s.rate < 1.0 else 0xFFFFFFFFU
    c.causal = s.causal
    c.replace = s.replace
    c.zero_rows = s.zero_rows
    return 0


cdef class AttentionPrimitives:
    """The part of a backend that attention runs on."""

    cdef int attend(self, AttentionSettings s, double scale, NDArrayPhp q, NDArrayPhp k, NDArrayPhp v, tuple masks,
                    NDArrayPhp out, NDArrayPhp weights, NDArrayPhp stats, NDArrayPhp seed) except -1:
        """out = dropout(softmax(mask(scale q k'))) v, head by head.

        Args:
            s: heads, dropout and kind of masks.
            scale: of the scores.
            q: queries (batch, tq, heads * dk).
            k: keys (batch, tv, heads * dk).
            v: values (batch, tv, heads * dv).
            masks: arrays of bools or None: (batch, tq), (batch, tv), (batch, tv), (batch, tq, tv).
            out: receives the result (batch, tq, heads * dv).
            weights: receives the softmax (batch, heads, tq, tv); None: not wanted.
            stats: receives what the gradient needs (batch, heads, tq, 2).
            seed: receives the seed of what is dropped (1), of int64; None where nothing is.
        """
        cdef rk_attn_call c
        cdef int done
        _prepare(&c, s, scale, q, k, v, masks, out, stats)
        if weights is not None and (weights.dt != q.dt or weights.n != c.batch * c.heads * c.tq * c.tv):
            raise _unfit("the weights", weights)
        if c.drop:
            c.seed = generator().bit_generator.random_raw()
            (<uint64_t*>seed.ptr)[0] = c.seed
        if q.n * c.tv > LONG:
            with nogil:
                done = rk_attn.attention(
                    q.dt, &c, q.ptr, k.ptr, v.ptr, out.ptr, NULL if weights is None else weights.ptr, stats.ptr
                )
        else:
            done = rk_attn.attention(
                q.dt, &c, q.ptr, k.ptr, v.ptr, out.ptr, NULL if weights is None else weights.ptr, stats.ptr
            )
        if not done:
            raise MemoryError("no memory for attention scores")
        return 0

    cdef int attend_gradient(self, AttentionSettings s, double scale, NDArrayPhp q, NDArrayPhp k, NDArrayPhp v,
                             tuple masks, NDArrayPhp out, NDArrayPhp stats, NDArrayPhp seed, NDArrayPhp dout,
                             NDArrayPhp dweights, NDArrayPhp dq, NDArrayPhp dk, NDArrayPhp dv,
                             NDArrayPhp dscale) except -1:
        """Gradients of ``attend`` into the arrays that are given; dk and dv may be one array, which gets the sum.

        Its result and sums are given, and the gradients of the result and, perhaps, of the weights.
        """
        cdef rk_attn_call c
        cdef int done
        cdef char* pq = NULL if dq is None else dq.ptr
        cdef char* pk = NULL if dk is None else dk.ptr
        cdef char* pv = NULL if dv is None else dv.ptr
        cdef char* ps = NULL if dscale is None else dscale.ptr
        cdef char* pw = NULL if dweights is None else dweights.ptr
        _prepare(&c, s, scale, q, k, v, masks, dout, stats)
        if out.dt != q.dt or out.n != dout.n:
            raise _unfit("a result", out)
        if dweights is not None and (dweights.dt != q.dt or dweights.n != c.batch * c.heads * c.tq * c.tv):
            raise _unfit("the weights' gradient", dweights)
        if c.drop:
            c.seed = (<uint64_t*>seed.ptr)[0]
        if q.n * c.tv > LONG:
            with nogil:
                done = rk_attn.attention_gradient(
                    q.dt, &c, q.ptr, k.ptr, v.ptr, out.ptr, stats.ptr, dout.ptr, pw, pq, pk, pv, ps
                )
        else:
            done = rk_attn.attention_gradient(
                q.dt, &c, q.ptr, k.ptr, v.ptr, out.ptr, stats.ptr, dout.ptr, pw, pq, pk, pv, ps
            )
        if not done:
            raise MemoryError("no memory for attention scores")
        return 0

    cdef int add_input_gradient(self, NDArrayPhp dy, NDArrayPhp kernel, NDArrayPhp dx) except -1:
        """dx += dy kernel', over the last dimensions."""
        cdef Py_ssize_t k = kernel.dims[0]
        cdef Py_ssize_t n = kernel.dims[1]
        cdef Py_ssize_t m = dx.n // k if k else 0
        if dy.dt != kernel.dt or dx.dt != kernel.dt or dy.n != m * n or dx.n != m * k:
            raise _unfit("a gradient", dy)
        with nogil:
            if dx.dt == core.RK_FLOAT32:
                rk.sgemm(False, True, m, k, n, 1.0, <const float*>dy.ptr, n, <const float*>kernel.ptr, n, 1.0,
                         <float*>dx.ptr, k, NULL, core.RK_EPI_NONE)
            else:
                rk.dgemm(False, True, m, k, n, 1.0, <const double*>dy.ptr, n, <const double*>kernel.ptr, n, 1.0,
                         <double*>dx.ptr, k, NULL, core.RK_EPI_NONE)
        return 0

    cdef double number(self, NDArrayPhp x) except? -1:
        """The single number of an array."""
        if x.n != 1 or not (x.dt == core.RK_FLOAT32 or x.dt == core.RK_FLOAT64):
            raise _unfit("a scale", x)
        return (<float*>x.ptr)[0] if x.dt == core.RK_FLOAT32 else (<double*>x.ptr)[0]
