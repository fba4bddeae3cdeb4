"""Variables, functions that remember their inputs, and the tape that walks them back."""

from rindow_math.matrix.ndarray cimport NDArray, NDArrayPhp
from rindow_nn.backend.rindow_blas.primitives cimport Primitives


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
    cdef object mask_
    cdef object __weakref__
    cdef object need_value(self)
    cdef object _array(self)


cdef class AbstractFunction:
    cdef object backend_
    cdef Primitives K                 # backend_ as C interface
    cdef str name_
    cdef tuple inputs_                # Variables, once recorded
    cdef tuple kept                   # the inputs' values at the time of the call
    cdef object outputs_              # weak references, made when asked for
    cdef object output_shapes         # tuple of (shape, dtype) for outputs that no gradient reaches
    cdef int generation_
    cdef int outputs_count
    cdef object container_
    cdef list flags                   # unbackpropagatables, one a output
    cdef long stamp                   # visits of the graph walk
    cdef bint useful
    cdef object forward(self, tuple inputs)
    cdef tuple gradient_of(self, tuple douts, unsigned long long needs)
    cdef AbstractFunction renew(self)
    cdef int copy_settings(self, AbstractFunction node) except -1
    cdef int remember(self, tuple inputs) except -1
    cdef object record(self, tuple inputs)
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
cdef Variable make_variable(object backend, object value)
cdef Variable pack(object backend, object value)
cdef NDArrayPhp array_of(Variable v)
cdef Primitives primitives(object backend)
cdef AbstractFunction prepare(AbstractFunction f, object backend, object name)
