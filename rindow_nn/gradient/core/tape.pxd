"""Variables, functions that remember their inputs, and the tape that walks them back."""

from rindow_math.matrix.ndarray cimport NDArray, NDArrayPhp
from rindow_nn.backend.rindow_blas.primitives cimport Primitives


cdef enum:
    OPAQUE = 0                        # computes as it likes
    STEP = 1                          # computes arrays from arrays, into given ones
    VIEW = 2                          # gives an array over the memory of its first input
    FIXED = 3                         # gives the same value for the same shapes

cdef enum:
    MICRO_UNARY = 1
    MICRO_PARAM = 2
    MICRO_BINARY = 3


ctypedef struct Micro:
    int kind                          # MICRO_...
    int x_from                        # input that is worked on
    int op                            # kernel operation
    double p                          # numbers of a parameter operation
    double q
    int p_from                        # input that holds p, q; -1: the numbers above
    int q_from


cdef class Variable(NDArray):
    cdef object backend_
    cdef object value_                # NDArrayPhp, MaskedNDArray, bool, ArrayShape, Scalar; None: undetermined
    cdef str name_
    cdef AbstractFunction creator_
    cdef int index                    # which output of its creator
    cdef int generation_
    cdef bint trainable
    cdef bint undetermined
    cdef bint unbackpropagatable
    cdef bint literal                 # made from a plain value inside a call: nobody can ask for its gradient
    cdef bint traced                  # depends on an argument of a function that is being traced
    cdef bint number                  # value() gives the array's one number as a Scalar
    cdef object mask_
    cdef object __weakref__
    cdef object need_value(self)
    cdef object _array(self)
    cdef list _shape(self)
    cdef void _look(self) noexcept


cdef class AbstractFunction:
    cdef object backend_
    cdef Primitives K                 # backend_ as C interface
    cdef str name_
    cdef tuple inputs_                # Variables, once recorded
    cdef tuple kept                   # the inputs' values at the time of the call
    cdef object outputs_              # the output as a weak reference, or a list of those of several
    cdef list results                 # the outputs' values, where a function is traced
    cdef object output_shapes         # tuple of (shape, dtype) for outputs that no gradient reaches
    cdef int generation_
    cdef int outputs_count
    cdef object container_
    cdef list flags                   # unbackpropagatables, one a output
    cdef long stamp                   # visits of the graph walk
    cdef long trace                   # the trace it was recorded in; 0: none
    cdef bint useful
    cdef Py_ssize_t place             # in the order of the latest walk
    cdef object origin                # of a call that computes a gradient: the layer whose gradient it is, if any
    cdef AbstractFunction begun       # of an activation that ends a layer's call: that call; the two answer as one
    cdef int role(self)
    cdef int shape_only(self)
    cdef bint repeats_input(self)
    cdef bint optional_outputs(self)
    cdef bint reads_masks(self)
    cdef bint elementwise(self, tuple xs, Micro* micro) except -1
    cdef AbstractFunction after(self, AbstractFunction first, bint gradient, list makers)
    cdef AbstractFunction before(self, AbstractFunction second, bint gradient, list makers)
    cdef object forward(self, tuple xs, object out)
    cdef tuple gradient_of(self, tuple douts, unsigned long long needs)
    cdef AbstractFunction with_gradient(self, AbstractFunction gradient, double threshold)
    cdef AbstractFunction renew(self)
    cdef int copy_settings(self, AbstractFunction node) except -1
    cdef object record(self, tuple inputs)
    cdef object timed_forward(self, tuple xs)
    cdef tuple timed_gradient(self, tuple douts, unsigned long long needs)
    cdef Variable input(self, int i)
    cdef Variable output(self, int i, object value)


cdef class GradientTape:
    cdef object backend_
    cdef object name_
    cdef bint persistent
    cdef bint active
    cdef GradientTape outer
    cdef object __weakref__


cdef GradientTape current_tape()
cdef bint recording() noexcept
cdef bint profiling() noexcept
cdef object layer_of(AbstractFunction f)
cdef int note_call(str phase, str what, object layer, object inputs, object outputs, long long begin) except -1
cdef int tracing() noexcept
cdef int set_tracing(int mode) noexcept
cdef int graph_mode() noexcept
cdef int set_graph_mode(int mode) noexcept
cdef long set_trace(long number) noexcept
cdef int set_looked(int looked) noexcept
cdef list pull_back(object backend, list targets, list seeds, list wanted, long within)
cdef NDArrayPhp A(tuple xs, int i)
cdef Variable make_variable(object backend, object value)
cdef Variable pack(object backend, object value)
cdef NDArrayPhp array_of(Variable v)
cdef Primitives primitives(object backend)
cdef AbstractFunction prepare(AbstractFunction f, object backend, object name)
cdef tuple traced_gradient(AbstractFunction node, tuple douts)


cdef class GradientCall(AbstractFunction):
    cdef str subject_name(self)


cdef class DifferentiateCall(GradientCall):
    cdef AbstractFunction subject     # the call as traced
    cdef int douts_count
    cdef list present                 # which gradients exist
