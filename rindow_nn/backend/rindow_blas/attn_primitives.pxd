"""What attention layers need of a backend, as C methods."""


from rindow_math.matrix.ndarray cimport NDArrayPhp


cdef class AttentionSettings:
    cdef public Py_ssize_t heads
    cdef public double factor         # of the weights before they meet the values
    cdef public double rate           # share of the weights that are dropped; 0: none
    cdef public bint causal
    cdef public bint replace          # masked scores are set, not lowered
    cdef public bint zero_rows        # the query mask clears outputs


cdef class AttentionPrimitives:
    cdef int attend(self, AttentionSettings s, double scale, NDArrayPhp q, NDArrayPhp k, NDArrayPhp v, tuple masks,
                    NDArrayPhp out, NDArrayPhp weights, NDArrayPhp stats, NDArrayPhp seed) except -1
    cdef int attend_gradient(self, AttentionSettings s, double scale, NDArrayPhp q, NDArrayPhp k, NDArrayPhp v,
                             tuple masks, NDArrayPhp out, NDArrayPhp stats, NDArrayPhp seed, NDArrayPhp dout,
                             NDArrayPhp dweights, NDArrayPhp dq, NDArrayPhp dk, NDArrayPhp dv,
                             NDArrayPhp dscale) except -1
    cdef int add_input_gradient(self, NDArrayPhp dy, NDArrayPhp kernel, NDArrayPhp dx) except -1
    cdef double number(self, NDArrayPhp x) except? -1
