"""The differentiable functions, for other compiled modules."""

from rindow_nn.gradient.core.tape cimport AbstractFunction, Variable


cdef Variable f_add(object backend, Variable x, Variable y, object name=*)
cdef Variable f_sub(object backend, Variable x, Variable y, object name=*)
cdef Variable f_mul(object backend, Variable x, Variable y, object name=*)
cdef Variable f_div(object backend, Variable x, Variable y, object name=*)
cdef Variable f_square(object backend, Variable x, object name=*)
cdef Variable f_sqrt(object backend, Variable x, object name=*)
cdef Variable f_exp(object backend, Variable x, object name=*)
cdef Variable f_log(object backend, Variable x, object name=*)
cdef Variable f_matmul(object backend, Variable x, Variable y, bint ta, bint tb, object name=*)
cdef Variable f_axpb(object backend, Variable x, double a, double b)
cdef Variable f_reshape_like(object backend, Variable x, Variable like)
cdef Variable f_sum_to(object backend, Variable x, Variable like)
cdef Variable f_broadcast_to(object backend, Variable x, Variable like)
