"""What differentiable functions and layers need of a backend, as C methods."""

from rindow_math.matrix.ndarray cimport NDArrayPhp
from rindow_nn.backend.rindow_blas.attn_primitives cimport AttentionPrimitives
from rindow_nn.backend.rindow_blas.conv_primitives cimport ConvPrimitives
from rindow_nn.backend.rindow_blas.layer_primitives cimport LayerPrimitives
from rindow_nn.backend.rindow_blas.norm_primitives cimport NormPrimitives
from rindow_nn.backend.rindow_blas.pooling_primitives cimport PoolingPrimitives
from rindow_nn.backend.rindow_blas.rnn_primitives cimport RNNPrimitives
from rindow_nn.backend.rindow_blas.training_primitives cimport TrainingPrimitives


cdef class Primitives:
    cdef readonly ConvPrimitives conv
    cdef readonly RNNPrimitives rnn
    cdef readonly AttentionPrimitives attn
    cdef readonly NormPrimitives norm
    cdef readonly LayerPrimitives layer
    cdef readonly TrainingPrimitives training
    cdef readonly PoolingPrimitives pooling
    cdef NDArrayPhp unary(self, int op, NDArrayPhp x, NDArrayPhp out)
    cdef NDArrayPhp param(self, int op, NDArrayPhp x, double p, double q, NDArrayPhp out)
    cdef NDArrayPhp binary(self, int op, NDArrayPhp a, NDArrayPhp b, NDArrayPhp out)
    cdef NDArrayPhp scaled_add(self, double alpha, NDArrayPhp x, NDArrayPhp y)
    cdef NDArrayPhp cast_array(self, NDArrayPhp x, int dtype, NDArrayPhp out=*)
    cdef NDArrayPhp copy_array(self, NDArrayPhp x, NDArrayPhp out=*)
    cdef NDArrayPhp filled(self, int dtype, int nd, const Py_ssize_t* dims, double value)
    cdef NDArrayPhp reduce_all(self, int op, NDArrayPhp x, bint keepdims, NDArrayPhp out=*)
    cdef NDArrayPhp reduce_axis(self, int op, NDArrayPhp x, int axis, bint keepdims, NDArrayPhp out=*)
    cdef NDArrayPhp sum_to(self, NDArrayPhp x, int nd, const Py_ssize_t* dims, NDArrayPhp out=*)
    cdef NDArrayPhp broadcast_to(self, NDArrayPhp x, int nd, const Py_ssize_t* dims, NDArrayPhp out=*)
    cdef NDArrayPhp transpose_array(self, NDArrayPhp x, const int* perm, NDArrayPhp out=*)
    cdef NDArrayPhp matrix_product(self, NDArrayPhp a, NDArrayPhp b, bint ta, bint tb, NDArrayPhp out=*)
    cdef NDArrayPhp band(self, NDArrayPhp x, Py_ssize_t lower, Py_ssize_t upper, NDArrayPhp out=*)
    cdef NDArrayPhp put_rows(self, NDArrayPhp x, Py_ssize_t start, NDArrayPhp like, NDArrayPhp out=*)
    cdef NDArrayPhp repeat_blocks(self, NDArrayPhp x, Py_ssize_t repeats, Py_ssize_t inner, NDArrayPhp out)
    cdef NDArrayPhp take_axis(self, NDArrayPhp x, int axis, Py_ssize_t start, Py_ssize_t count, NDArrayPhp out=*)
    cdef NDArrayPhp concat_axis(self, tuple arrays, int axis, NDArrayPhp out=*)
    cdef NDArrayPhp softmax_rows(self, NDArrayPhp x, NDArrayPhp out=*)
    cdef NDArrayPhp dsoftmax_rows(self, NDArrayPhp y, NDArrayPhp dy, NDArrayPhp out=*)
    cdef NDArrayPhp dense(self, NDArrayPhp x, NDArrayPhp kernel, NDArrayPhp bias, int epilogue, NDArrayPhp out=*)
    cdef int dense_group(self, list xs, list kernels, list biases, list outs) except -1
    cdef int dense_gradient(self, NDArrayPhp x, NDArrayPhp kernel, NDArrayPhp y, NDArrayPhp dy, int epilogue,
                            NDArrayPhp dx, NDArrayPhp dkernel, NDArrayPhp dbias) except -1
