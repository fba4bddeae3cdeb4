"""The arithmetic that differentiable functions and layers are made of, on the CPU kernels.

Each method takes and gives arrays, allocates its result unless one is given, checks shapes and types, and
releases the interpreter around long kernels. Another backend replaces this class.
"""

from libc.math cimport NAN
from libc.stddef cimport ptrdiff_t

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport is_complex, is_float, item_size
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.linearalgebra.common cimport text_of
from rindow_math.matrix.ndarray cimport (
    MAX_DIMS, NDArrayPhp, cast_to, check_writable, copy_of, empty, empty_like, full, raw, same_shape,
    shape_text, view,
)
from rindow_nn.backend.rindow_blas.attn_primitives cimport AttentionPrimitives
from rindow_nn.backend.rindow_blas.conv_primitives cimport ConvPrimitives
from rindow_nn.backend.rindow_blas.layer_primitives cimport LayerPrimitives
from rindow_nn.backend.rindow_blas.norm_primitives cimport NormPrimitives
from rindow_nn.backend.rindow_blas.pooling_primitives cimport PoolingPrimitives
from rindow_nn.backend.rindow_blas.rnn_primitives cimport RNNPrimitives
from rindow_nn.backend.rindow_blas.training_primitives cimport TrainingPrimitives

cdef const core.rk_api* rk = core.table()

# Below this many elements a kernel is over before another thread could take the interpreter.
cdef Py_ssize_t LONG = 8192


cdef int _broadcast(NDArrayPhp a, NDArrayPhp b, ptrdiff_t* dims, ptrdiff_t* sa, ptrdiff_t* sb) except -1:
    """The common shape of a and b, with strides that repeat what is broadcast."""
    cdef int nd = a.nd if a.nd > b.nd else b.nd
    cdef int i
    cdef Py_ssize_t da
    cdef Py_ssize_t db
    cdef ptrdiff_t step_a = 1
    cdef ptrdiff_t step_b = 1
    for i in range(1, nd + 1):
        da = a.dims[a.nd - i] if i <= a.nd else 1
        db = b.dims[b.nd - i] if i <= b.nd else 1
        if da != db and da != 1 and db != 1:
            raise InvalidArgumentException(
                f"Unmatch shape of dimension: {shape_text(a)},{shape_text(b)} cannot be broadcast together"
            )
        dims[nd - i] = db if da == 1 else da
        sa[nd - i] = 0 if da == 1 and db != 1 else step_a
        sb[nd - i] = 0 if db == 1 and da != 1 else step_b
        step_a *= da
        step_b *= db
    return nd


cdef int _computed(NDArrayPhp x) except -1:
    """Types that the kernels compute with; float16 and complex arrays are for keeping and converting."""
    if x.dt == core.RK_FLOAT16 or is_complex(x.dt):
        raise InvalidArgumentException(f"Unsupported data type: {NAMES[x.dt]}; cast the array to float32 or float64")
    return 0


cdef int _fitting(NDArrayPhp y, NDArrayPhp dy) except -1:
    """A gradient must be like the output that it belongs to."""
    if y.dt != dy.dt or not same_shape(y, dy):
        raise InvalidArgumentException(
            f"the gradient has shape {shape_text(dy)} ({NAMES[dy.dt]}), the output {shape_text(y)} ({NAMES[y.dt]})"
        )
    return 0


cdef object _wrong_types(str what, NDArrayPhp a, NDArrayPhp b):
    return InvalidArgumentException(f"Unmatch data type: {what} of {NAMES[a.dt]} and {NAMES[b.dt]}")


cdef NDArrayPhp _reduce(int op, NDArrayPhp x, NDArrayPhp out, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner):
    if n == 0:
        # of no elements; the kernels write nothing
        if op != core.RK_SUM and (op != core.RK_MEAN or not is_float(x.dt)):
            raise InvalidArgumentException(f"nothing to reduce: shape {shape_text(x)}")
        return full(out.dt, out.nd, out.dims, 0.0 if op == core.RK_SUM else NAN)
    if x.n > LONG:
        with nogil:
            rk.reduce(op, x.dt, x.ptr, out.ptr, outer, n, inner)
    else:
        rk.reduce(op, x.dt, x.ptr, out.ptr, outer, n, inner)
    return out


cdef void _gemm(NDArrayPhp a, NDArrayPhp b, NDArrayPhp c, bint ta, bint tb, ptrdiff_t m, ptrdiff_t n,
                ptrdiff_t k, const void* bias, int epilogue) noexcept nogil:
    """c = epilogue(op(a) op(b) + bias) for packed row-major matrices."""
    cdef ptrdiff_t lda = m if ta else k
    cdef ptrdiff_t ldb = k if tb else n
    cdef double one = 1.0
    cdef double zero = 0.0
    if a.dt == core.RK_FLOAT32:
        rk.sgemm(ta, tb, m, n, k, 1.0, <const float*>a.ptr, lda, <const float*>b.ptr, ldb, 0.0, <float*>c.ptr, n,
                 <const float*>bias, epilogue)
    elif a.dt == core.RK_FLOAT64:
        rk.dgemm(ta, tb, m, n, k, 1.0, <const double*>a.ptr, lda, <const double*>b.ptr, ldb, 0.0, <double*>c.ptr, n,
                 <const double*>bias, epilogue)
    else:
        rk.xgemm(a.dt, ta, tb, 0, 0, m, n, k, &one, a.ptr, lda, b.ptr, ldb, &zero, c.ptr, n)


cdef int _check_dense(NDArrayPhp x, NDArrayPhp kernel, NDArrayPhp bias) except -1:
    cdef ptrdiff_t k = kernel.dims[0] if kernel.nd == 2 else -1
    cdef ptrdiff_t n = kernel.dims[1] if kernel.nd == 2 else -1
    if x.dt != kernel.dt:
        raise _wrong_types("inputs and kernel", x, kernel)
    if bias is not None and (bias.dt != x.dt or bias.nd != 1 or bias.dims[0] != n):
        raise InvalidArgumentException(
            f"a bias of shape {shape_text(bias)} ({NAMES[bias.dt]}) does not fit a kernel of shape "
            f"{shape_text(kernel)} ({NAMES[kernel.dt]})"
        )
    if (x.dt != core.RK_FLOAT32 and x.dt != core.RK_FLOAT64) or x.nd < 1 or x.dims[x.nd - 1] != k:
        raise InvalidArgumentException(
            f"inputs of shape {shape_text(x)} ({NAMES[x.dt]}) do not fit a kernel of shape {shape_text(kernel)}"
        )
    return 0


cdef void _dense_gradient(NDArrayPhp x, NDArrayPhp kernel, NDArrayPhp y, NDArrayPhp dy, NDArrayPhp dz, int epilogue,
                          NDArrayPhp dx, NDArrayPhp dkernel, NDArrayPhp dbias, ptrdiff_t m, ptrdiff_t n,
                          ptrdiff_t k) noexcept nogil:
    if epilogue != core.RK_EPI_NONE or dbias is not None:
        rk.dbias_act(dy.dt, y.ptr, dy.ptr, dz.ptr, NULL if dbias is None else dbias.ptr, m, n, epilogue)
    if dkernel is not None:
        _gemm(x, dz, dkernel, True, False, k, n, m, NULL, core.RK_EPI_NONE)
    if dx is not None:
        _gemm(dz, kernel, dx, False, True, m, k, n, NULL, core.RK_EPI_NONE)


cdef class Primitives:
    """The C interface of a backend; see ``Backend`` for the methods with the original's names."""

    def __cinit__(self):
        self.conv = ConvPrimitives()
        self.rnn = RNNPrimitives()
        self.attn = AttentionPrimitives()
        self.norm = NormPrimitives()
        self.layer = LayerPrimitives()
        self.training = TrainingPrimitives()
        self.pooling = PoolingPrimitives()

    cdef NDArrayPhp unary(self, int op, NDArrayPhp x, NDArrayPhp out):
        _computed(x)
        if out is None:
            out = empty_like(x)
        else:
            check_writable(out)
        if x.n > LONG:
            with nogil:
                rk.unary(op, x.dt, x.ptr, out.ptr, x.n)
        else:
            rk.unary(op, x.dt, x.ptr, out.ptr, x.n)
        return out

    cdef NDArrayPhp param(self, int op, NDArrayPhp x, double p, double q, NDArrayPhp out):
        _computed(x)
        if out is None:
            out = empty_like(x)
        else:
            check_writable(out)
        if x.n > LONG:
            with nogil:
                rk.param(op, x.dt, x.ptr, p, q, out.ptr, x.n)
        else:
            rk.param(op, x.dt, x.ptr, p, q, out.ptr, x.n)
        return out

    cdef NDArrayPhp binary(self, int op, NDArrayPhp a, NDArrayPhp b, NDArrayPhp out):
        cdef ptrdiff_t[MAX_DIMS] dims
        cdef ptrdiff_t[MAX_DIMS] sa
        cdef ptrdiff_t[MAX_DIMS] sb
        cdef int nd
        _computed(a)
        if a.dt != b.dt:
            raise _wrong_types("operands", a, b)
        if out is not None:
            check_writable(out)
        if same_shape(a, b):
            nd = 1
            dims[0] = a.n
            sa[0] = 1
            sb[0] = 1
            if out is None:
                out = empty_like(a)
        else:
            nd = _broadcast(a, b, dims, sa, sb)
            if out is None:
                out = empty(a.dt, nd, <const Py_ssize_t*>dims)
        if out.n > LONG:
            with nogil:
                rk.binary(op, a.dt, nd, dims, a.ptr, sa, b.ptr, sb, out.ptr, 0)
        else:
            rk.binary(op, a.dt, nd, dims, a.ptr, sa, b.ptr, sb, out.ptr, 0)
        return out

    cdef NDArrayPhp scaled_add(self, double alpha, NDArrayPhp x, NDArrayPhp y):
        """y += alpha * x, in place."""
        if x.dt != y.dt:
            raise _wrong_types("operands", x, y)
        if x.n != y.n:
            raise InvalidArgumentException(f"Unmatch shape of dimension: {shape_text(x)},{shape_text(y)}")
        check_writable(y)
        with nogil:
            rk.axpy(x.dt, x.n, alpha, 0.0, x.ptr, 1, y.ptr, 1)
        return y

    cdef NDArrayPhp cast_array(self, NDArrayPhp x, int dtype, NDArrayPhp out=None):
        if out is None:
            return cast_to(x, dtype)
        rk.cast(x.dt, dtype, x.ptr, out.ptr, x.n)
        return out

    cdef NDArrayPhp copy_array(self, NDArrayPhp x, NDArrayPhp out=None):
        if out is None:
            return copy_of(x)
        rk.copy(item_size(x.dt), x.n, x.ptr, 1, out.ptr, 1)
        return out

    cdef NDArrayPhp filled(self, int dtype, int nd, const Py_ssize_t* dims, double value):
        return full(dtype, nd, dims, value)

    cdef NDArrayPhp reduce_all(self, int op, NDArrayPhp x, bint keepdims, NDArrayPhp out=None):
        """One number from all elements, as an array of no dimensions, or of all-one sizes."""
        cdef Py_ssize_t[MAX_DIMS] ones
        cdef int i
        _computed(x)
        if out is None:
            for i in range(x.nd):
                ones[i] = 1
            out = empty(x.dt, x.nd if keepdims else 0, ones)
        return _reduce(op, x, out, 1, x.n, 1)

    cdef NDArrayPhp reduce_axis(self, int op, NDArrayPhp x, int axis, bint keepdims, NDArrayPhp out=None):
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef ptrdiff_t outer = 1
        cdef ptrdiff_t inner = 1
        cdef int i
        cdef int nd = 0
        _computed(x)
        if axis < -x.nd or axis >= x.nd:
            raise InvalidArgumentException(f"Invalid axis: axis={axis},shape={shape_text(x)}")
        if axis < 0:
            axis += x.nd
        for i in range(x.nd):
            if i < axis:
                outer *= x.dims[i]
            elif i > axis:
                inner *= x.dims[i]
            if i != axis:
                dims[nd] = x.dims[i]
                nd += 1
            elif keepdims:
                dims[nd] = 1
                nd += 1
        return _reduce(op, x, empty(x.dt, nd, dims) if out is None else out, outer, x.dims[axis], inner)

    cdef NDArrayPhp sum_to(self, NDArrayPhp x, int nd, const Py_ssize_t* dims, NDArrayPhp out=None):
        """Sums x over what broadcasting repeated, down to a shape that can be broadcast to x's."""
        cdef Py_ssize_t[MAX_DIMS] shape
        cdef Py_ssize_t[MAX_DIMS] rest
        cdef ptrdiff_t outer
        cdef ptrdiff_t inner
        cdef ptrdiff_t n
        cdef int lead = x.nd - nd
        cdef bint more
        cdef int first
        cdef int last
        cdef int i
        _computed(x)
        for i in range(x.nd):
            shape[i] = x.dims[i]
        last = x.nd
        while True:
            # the next run of summed dimensions, from the right
            while last > 0 and not (shape[last - 1] != (1 if last - 1 < lead else dims[last - 1 - lead])):
                last -= 1
            if last == 0:
                break
            first = last
            n = 1
            while first > 0 and shape[first - 1] != (1 if first - 1 < lead else dims[first - 1 - lead]):
                first -= 1
                n *= shape[first]
            outer = 1
            inner = 1
            for i in range(x.nd):
                if i < first:
                    outer *= shape[i]
                elif i >= last:
                    inner *= shape[i]
                rest[i] = 1 if first <= i < last else shape[i]
            last = first
            more = False
            for i in range(first):
                if shape[i] != (1 if i < lead else dims[i - lead]):
                    more = True
            if not more and out is not None:
                return _reduce(core.RK_SUM, x, out, outer, n, inner)
            x = _reduce(core.RK_SUM, x, empty(x.dt, x.nd, rest), outer, n, inner)
            for i in range(x.nd):
                shape[i] = rest[i]
        return view(x, 0, nd, dims) if out is None else self.copy_array(x, out)

    cdef NDArrayPhp broadcast_to(self, NDArrayPhp x, int nd, const Py_ssize_t* dims, NDArrayPhp out=None):
        """A new array in which x is repeated up to a larger shape."""
        cdef ptrdiff_t[MAX_DIMS] strides
        cdef ptrdiff_t[MAX_DIMS] out_dims
        cdef ptrdiff_t step = 1
        cdef Py_ssize_t size
        cdef int i
        _computed(x)
        if out is None:
            out = empty(x.dt, nd, dims)
        for i in range(1, nd + 1):
            size = x.dims[x.nd - i] if i <= x.nd else 1
            if size != 1 and size != dims[nd - i]:
                raise InvalidArgumentException(
                    f"Unmatch shape of dimension: {shape_text(x)} cannot be broadcast to {shape_text(out)}"
                )
            strides[nd - i] = 0 if size == 1 else step
            out_dims[nd - i] = dims[nd - i]
            step *= size
        with nogil:
            rk.binary(core.RK_COPYB, x.dt, nd, out_dims, x.ptr, strides, x.ptr, strides, out.ptr, 0)
        return out

    cdef NDArrayPhp transpose_array(self, NDArrayPhp x, const int* perm, NDArrayPhp out=None):
        """x with its dimensions in the order `perm`."""
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int i
        if out is None:
            for i in range(x.nd):
                dims[i] = x.dims[perm[i]]
            out = empty(x.dt, x.nd, dims)
        if x.n > LONG:
            with nogil:
                rk.transpose(item_size(x.dt), x.nd, <const ptrdiff_t*>x.dims, perm, x.ptr, out.ptr)
        else:
            rk.transpose(item_size(x.dt), x.nd, <const ptrdiff_t*>x.dims, perm, x.ptr, out.ptr)
        return out

    cdef NDArrayPhp matrix_product(self, NDArrayPhp a, NDArrayPhp b, bint ta, bint tb, NDArrayPhp out=None):
        """Products of the last two dimensions; leading ones are broadcast."""
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef ptrdiff_t[MAX_DIMS] sa
        cdef ptrdiff_t[MAX_DIMS] sb
        cdef ptrdiff_t m, n, k, kb, step_a, step_b, batch, pos_a, pos_b, i
        cdef ptrdiff_t da, db
        cdef ptrdiff_t uniform_a = 0
        cdef ptrdiff_t uniform_b = 0
        cdef ptrdiff_t rest
        cdef int nd, d
        cdef bint uniform = True
        cdef NDArrayPhp one_a, one_b, one_c
        if a.dt == core.RK_FLOAT16:
            _computed(a)
        if a.dt != b.dt:
            raise _wrong_types("matrices", a, b)
        if a.nd < 2 or b.nd < 2:
            raise InvalidArgumentException(
                f"Dimensions rank must be greater then 2D or equal:{text_of(a)}<=>{text_of(b)}"
            )
        m = a.dims[a.nd - 1] if ta else a.dims[a.nd - 2]
        k = a.dims[a.nd - 2] if ta else a.dims[a.nd - 1]
        kb = b.dims[b.nd - 1] if tb else b.dims[b.nd - 2]
        n = b.dims[b.nd - 2] if tb else b.dims[b.nd - 1]
        if k != kb:
            raise InvalidArgumentException(
                'The number of columns in "A" and the number of rows in "B" must be the same:'
                f"{text_of(a)}{' transposed' if ta else ''}<=>{text_of(b)}{' transposed' if tb else ''}"
            )
        nd = a.nd if a.nd > b.nd else b.nd
        step_a = m * k
        step_b = k * n
        batch = 1
        for d in range(3, nd + 1):
            da = a.dims[a.nd - d] if d <= a.nd else 1
            db = b.dims[b.nd - d] if d <= b.nd else 1
            if da != db and da != 1 and db != 1:
                raise InvalidArgumentException(
                    f"Matrix size-incompatible for broadcast:{text_of(a)}<=>{text_of(b)}"
                )
            dims[nd - d] = db if da == 1 else da
            sa[nd - d] = 0 if da == 1 else step_a
            sb[nd - d] = 0 if db == 1 else step_b
            step_a *= da
            step_b *= db
            batch *= dims[nd - d]
        dims[nd - 2] = m
        dims[nd - 1] = n
        if out is None:
            out = empty(a.dt, nd, dims)
        if batch == 1:
            if m * n * k > LONG:
                with nogil:
                    _gemm(a, b, out, ta, tb, m, n, k, NULL, core.RK_EPI_NONE)
            else:
                _gemm(a, b, out, ta, tb, m, n, k, NULL, core.RK_EPI_NONE)
            return out
        # one stride for all products, where the leading dimensions of an operand are all there or all repeated
        if a.n == batch * m * k:
            uniform_a = m * k
        elif a.n != m * k:
            uniform = False
        if b.n == batch * k * n:
            uniform_b = k * n
        elif b.n != k * n:
            uniform = False
        if uniform and uniform_b == 0 and not ta:
            # one right matrix: the products are one tall product
            with nogil:
                _gemm(a, b, out, ta, tb, batch * m, n, k, NULL, core.RK_EPI_NONE)
            return out
        if uniform and a.dt == core.RK_FLOAT32:
            with nogil:
                rk.sgemm_batch(batch, ta, tb, m, n, k, 1.0, <const float*>a.ptr, m if ta else k, uniform_a,
                               <const float*>b.ptr, k if tb else n, uniform_b, 0.0, <float*>out.ptr, n, m * n)
            return out
        if uniform and a.dt == core.RK_FLOAT64:
            with nogil:
                rk.dgemm_batch(batch, ta, tb, m, n, k, 1.0, <const double*>a.ptr, m if ta else k, uniform_a,
                               <const double*>b.ptr, k if tb else n, uniform_b, 0.0, <double*>out.ptr, n, m * n)
            return out
        for i in range(batch):
            rest = i
            pos_a = 0
            pos_b = 0
            for d in range(nd - 3, -1, -1):
                pos_a += rest % dims[d] * sa[d]
                pos_b += rest % dims[d] * sb[d]
                rest //= dims[d]
            one_a = view(a, pos_a, 2, a.dims + a.nd - 2)
            one_b = view(b, pos_b, 2, b.dims + b.nd - 2)
            one_c = view(out, i * m * n, 2, out.dims + nd - 2)
            with nogil:
                _gemm(one_a, one_b, one_c, ta, tb, m, n, k, NULL, core.RK_EPI_NONE)
        return out

    cdef NDArrayPhp band(self, NDArrayPhp x, Py_ssize_t lower, Py_ssize_t upper, NDArrayPhp out=None):
        """x with zeros outside a band around the diagonal of its last two dimensions; negative: no limit."""
        cdef Py_ssize_t rows, cols, i, j, first, last, batch, at
        cdef int size = item_size(x.dt)
        cdef char zero = 0
        if x.nd < 2:
            raise InvalidArgumentException(f"bandpart needs two dimensions or more: shape {shape_text(x)} given")
        out = self.copy_array(x, out)
        rows = x.dims[x.nd - 2]
        cols = x.dims[x.nd - 1]
        batch = x.n // (rows * cols) if x.n else 0
        for at in range(batch):
            for i in range(rows):
                first = 0 if lower < 0 or lower > i else i - lower
                last = cols if upper < 0 or upper >= cols - i else i + upper + 1
                j = (at * rows + i) * cols
                if first > cols:
                    first = cols
                if last < first:
                    last = first
                if first > 0:
                    rk.fill(1, &zero, out.ptr + j * size, first * size, 1)
                if last < cols:
                    rk.fill(1, &zero, out.ptr + (j + last) * size, (cols - last) * size, 1)
        return out

    cdef NDArrayPhp put_rows(self, NDArrayPhp x, Py_ssize_t start, NDArrayPhp like, NDArrayPhp out=None):
        """Zeros in the shape of `like` that hold the elements of x from row `start` on."""
        cdef Py_ssize_t row = like.n // like.dims[0] if like.n else 0
        cdef char zero = 0
        if out is None:
            out = empty(x.dt, like.nd, like.dims)
        rk.fill(1, &zero, out.ptr, out.n * item_size(x.dt), 1)
        rk.copy(item_size(x.dt), x.n, x.ptr, 1, out.ptr + start * row * item_size(x.dt), 1)
        return out

    cdef NDArrayPhp repeat_blocks(self, NDArrayPhp x, Py_ssize_t repeats, Py_ssize_t inner, NDArrayPhp out):
        """Each run of `inner` elements of x, repeated, into out."""
        if x.n:
            with nogil:
                rk.repeat(item_size(x.dt), x.ptr, out.ptr, x.n // inner, repeats, inner)
        return out

    cdef NDArrayPhp take_axis(self, NDArrayPhp x, int axis, Py_ssize_t start, Py_ssize_t count, NDArrayPhp out=None):
        """A copy of positions start .. start+count along an axis."""
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef Py_ssize_t outer = 1
        cdef Py_ssize_t inner = 1
        cdef int size = item_size(x.dt)
        cdef int i
        for i in range(x.nd):
            dims[i] = x.dims[i]
            if i < axis:
                outer *= x.dims[i]
            elif i > axis:
                inner *= x.dims[i]
        dims[axis] = count
        if out is None:
            out = empty(x.dt, x.nd, dims)
        with nogil:
            rk.copy2d(size, outer, count * inner, x.ptr + start * inner * size, x.dims[axis] * inner, out.ptr,
                      count * inner)
        return out

    cdef NDArrayPhp concat_axis(self, tuple arrays, int axis, NDArrayPhp out=None):
        """Arrays joined along an axis; all other sizes and the types must agree."""
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef NDArrayPhp first
        cdef NDArrayPhp x
        cdef Py_ssize_t outer = 1
        cdef Py_ssize_t inner = 1
        cdef Py_ssize_t at = 0
        cdef int size
        cdef int i
        if not arrays:
            raise InvalidArgumentException("concat needs at least one array")
        first = raw(arrays[0])
        if axis < -first.nd or axis >= first.nd:
            raise InvalidArgumentException(f"Invalid axis: axis={axis},shape={shape_text(first)}")
        if axis < 0:
            axis += first.nd
        for i in range(first.nd):
            dims[i] = first.dims[i]
            if i < axis:
                outer *= first.dims[i]
            elif i > axis:
                inner *= first.dims[i]
        dims[axis] = 0
        for item in arrays:
            x = raw(item)
            if x.dt != first.dt:
                raise _wrong_types("concat", first, x)
            if x.nd != first.nd or any([x.dims[i] != first.dims[i] for i in range(x.nd) if i != axis]):
                raise InvalidArgumentException(
                    f"Unmatch shape of dimension: {shape_text(first)} and {shape_text(x)} cannot be joined along "
                    f"axis {axis}"
                )
            dims[axis] += x.dims[axis]
        if out is None:
            out = empty(first.dt, first.nd, dims)
        size = item_size(first.dt)
        for item in arrays:
            x = raw(item)
            rk.copy2d(size, outer, x.dims[axis] * inner, x.ptr, x.dims[axis] * inner, out.ptr + at * inner * size,
                      dims[axis] * inner)
            at += x.dims[axis]
        return out

    cdef NDArrayPhp softmax_rows(self, NDArrayPhp x, NDArrayPhp out=None):
        cdef ptrdiff_t n = x.dims[x.nd - 1] if x.nd else 1
        if x.dt != core.RK_FLOAT32 and x.dt != core.RK_FLOAT64:
            raise InvalidArgumentException(f"softmax needs float32 or float64: {NAMES[x.dt]} was given")
        if out is None:
            out = empty_like(x)
        with nogil:
            rk.softmax(x.dt, x.ptr, out.ptr, x.n // n if n else 0, n)
        return out

    cdef NDArrayPhp dsoftmax_rows(self, NDArrayPhp y, NDArrayPhp dy, NDArrayPhp out=None):
        cdef ptrdiff_t n = y.dims[y.nd - 1] if y.nd else 1
        _fitting(y, dy)
        if y.dt != core.RK_FLOAT32 and y.dt != core.RK_FLOAT64:
            raise InvalidArgumentException(f"softmax needs float32 or float64: {NAMES[y.dt]} was given")
        if out is None:
            out = empty_like(y)
        with nogil:
            rk.dsoftmax(y.dt, y.ptr, dy.ptr, out.ptr, y.n // n if n else 0, n)
        return out

    cdef NDArrayPhp dense(self, NDArrayPhp x, NDArrayPhp kernel, NDArrayPhp bias, int epilogue, NDArrayPhp out=None):
        """epilogue(x kernel + bias) over the last dimension of x."""
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef ptrdiff_t k, n, m
        cdef int i
        _check_dense(x, kernel, bias)
        k = kernel.dims[0]
        n = kernel.dims[1]
        for i in range(x.nd - 1):
            dims[i] = x.dims[i]
        dims[x.nd - 1] = n
        m = x.n // k if k else 0
        if out is None:
            out = empty(x.dt, x.nd, dims)
        if m * n * k > LONG:
            with nogil:
                _gemm(x, kernel, out, False, False, m, n, k, NULL if bias is None else bias.ptr, epilogue)
        else:
            _gemm(x, kernel, out, False, False, m, n, k, NULL if bias is None else bias.ptr, epilogue)
        return out

    cdef int dense_group(self, list xs, list kernels, list biases, list outs) except -1:
        """Each output is x kernel + bias over the last dimension of x, of one type all; at most four, which share
        nothing that is written. Biases may be None."""
        cdef core.rk_gemm_operands[4] products
        cdef int count = len(xs)
        cdef int i
        cdef int dt
        cdef NDArrayPhp x, kernel, bias
        for i in range(count):
            x = xs[i]
            kernel = kernels[i]
            bias = biases[i]
            _check_dense(x, kernel, bias)
            if x.dt != (<NDArrayPhp>xs[0]).dt:
                raise _wrong_types("inputs", <NDArrayPhp>xs[0], x)
            products[i].k = kernel.dims[0]
            products[i].n = kernel.dims[1]
            products[i].m = x.n // kernel.dims[0] if kernel.dims[0] else 0
            products[i].a = x.ptr
            products[i].b = kernel.ptr
            products[i].bias = NULL if bias is None else bias.ptr
            products[i].c = (<NDArrayPhp>outs[i]).ptr
        dt = (<NDArrayPhp>xs[0]).dt
        with nogil:
            rk.gemm_group(dt, count, products)
        return 0

    cdef int dense_gradient(self, NDArrayPhp x, NDArrayPhp kernel, NDArrayPhp y, NDArrayPhp dy, int epilogue,
                            NDArrayPhp dx, NDArrayPhp dkernel, NDArrayPhp dbias) except -1:
        """Gradients of ``dense`` into the arrays that are given."""
        cdef NDArrayPhp dz = dy
        cdef ptrdiff_t k = kernel.dims[0]
        cdef ptrdiff_t n = kernel.dims[1]
        cdef ptrdiff_t m = x.n // k if k else 0
        _fitting(y, dy)
        if epilogue != core.RK_EPI_NONE:
            dz = empty_like(dy)
        if m * n * k > LONG:
            with nogil:
                _dense_gradient(x, kernel, y, dy, dz, epilogue, dx, dkernel, dbias, m, n, k)
        else:
            _dense_gradient(x, kernel, y, dy, dz, epilogue, dx, dkernel, dbias, m, n, k)
        return 0
