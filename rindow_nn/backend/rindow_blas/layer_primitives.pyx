"""What dropout, lookups, maxima and Einstein sums need of a backend, as C methods."""

from libc.stdint cimport uint32_t, uint64_t

from rindow_math.exceptions import InvalidArgumentException, RuntimeException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport is_complex, is_int, item_size
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.kernels.drop cimport drop_table, rk_drop_api
from rindow_math.matrix.ndarray cimport NDArrayPhp, cast_to, empty, empty_like, shape_text
from rindow_math.matrix.random import generator

cdef const core.rk_api* rk = core.table()
cdef const rk_drop_api* rk_drop = drop_table()

# Below this many elements a kernel is over before another thread could take the interpreter.
cdef Py_ssize_t LONG = 8192


cdef int _floating(NDArrayPhp x, str what) except -1:
    if x.dt != core.RK_FLOAT32 and x.dt != core.RK_FLOAT64:
        raise InvalidArgumentException(f"{what} needs float32 or float64: {NAMES[x.dt]} was given")
    return 0


cdef int _alike(NDArrayPhp x, NDArrayPhp y, Py_ssize_t n, str what) except -1:
    if x.dt != y.dt or x.n != n:
        raise InvalidArgumentException(
            f"{what}: an array of shape {shape_text(x)} ({NAMES[x.dt]}) does not fit one of shape {shape_text(y)} "
            f"({NAMES[y.dt]})"
        )
    return 0


cdef class Lookup:
    """Sizes: source (batches, m, classes, k, length), index (batches, n, k), out (batches, m, n, k, length)."""


cdef class LayerPrimitives:
    """The part of a backend that dropout, lookups, maxima and Einstein sums run on."""

    cdef int dropout(self, NDArrayPhp x, double keep, NDArrayPhp seed, bint draw, NDArrayPhp out) except -1:
        """out = x with elements set to 0 at random.

        Args:
            x: an array.
            keep: the share of elements that stay, below 1.
            seed: the seed of what is dropped (1), of int64.
            draw: whether the seed is drawn anew; else the elements of that seed are dropped again.
            out: receives the result; may be x.
        """
        cdef uint64_t number
        cdef uint32_t limit = <uint32_t>(keep * 4294967296.0)
        _floating(x, "dropout")
        _alike(out, x, x.n, "dropout")
        if draw:
            number = generator().bit_generator.random_raw()
            (<uint64_t*>seed.ptr)[0] = number
        number = (<uint64_t*>seed.ptr)[0]
        if x.n > LONG:
            with nogil:
                rk_drop.dropout(x.dt, x.ptr, out.ptr, x.n, limit, number)
        else:
            rk_drop.dropout(x.dt, x.ptr, out.ptr, x.n, limit, number)
        return 0

    cdef NDArrayPhp positions(self, NDArrayPhp x, Py_ssize_t classes, str where):
        """Numbers of classes as integers, checked; floats are cut off as the original's are."""
        cdef Py_ssize_t wrong
        cdef NDArrayPhp index = x
        if not is_int(x.dt) and x.dt != core.RK_BOOL:
            if is_complex(x.dt):
                raise InvalidArgumentException(f"indexes must be integers: {NAMES[x.dt]} given in {where}")
            index = cast_to(x, core.RK_INT64)
        if index.n:
            wrong = rk.check_index(index.dt, index.ptr, index.n, classes)
            if wrong >= 0:
                raise RuntimeException(
                    f"Label number is out of bounds.: {x.reshape([x.n])[wrong]} at position {wrong} of an array of "
                    f"shape {shape_text(x)}; 0 to {classes - 1} are allowed in {where}"
                )
        return index

    cdef int embed(self, NDArrayPhp kernel, NDArrayPhp index, NDArrayPhp out) except -1:
        """Rows of the kernel by number; indexes are in range."""
        cdef Py_ssize_t n = kernel.dims[1]
        _alike(out, kernel, index.n * n, "embedding")
        if out.n > LONG:
            with nogil:
                rk.gather_rows(item_size(kernel.dt), kernel.ptr, index.ptr, index.dt, out.ptr, index.n, n)
        else:
            rk.gather_rows(item_size(kernel.dt), kernel.ptr, index.ptr, index.dt, out.ptr, index.n, n)
        return 0

    cdef int embed_gradient(self, NDArrayPhp dout, NDArrayPhp index, NDArrayPhp dkernel) except -1:
        """The rows of dout added up by number; indexes are in range."""
        cdef Py_ssize_t n = dkernel.dims[1]
        cdef bint done
        _floating(dkernel, "an embedding")
        _alike(dout, dkernel, index.n * n, "embedding")
        if dkernel.n + dout.n > LONG:
            with nogil:
                done = rk_drop.embedding_gradient(
                    dout.dt, dout.ptr, index.ptr, index.dt, dkernel.ptr, index.n, n, dkernel.dims[0]
                )
        else:
            done = rk_drop.embedding_gradient(
                dout.dt, dout.ptr, index.ptr, index.dt, dkernel.ptr, index.n, n, dkernel.dims[0]
            )
        if not done:
            raise MemoryError("no memory for the gradient of an embedding")
        return 0

    cdef int gather(self, Lookup form, NDArrayPhp source, NDArrayPhp index, NDArrayPhp out) except -1:
        """Elements of the source by number; indexes are in range."""
        _alike(out, source, form.batches * form.m * form.n * form.k * form.length, "gather")
        if out.n:
            with nogil:
                rk.gatherb(source.dt, 0, 0, form.batches, form.m, form.n, form.k, form.length, form.classes,
                           source.ptr, index.ptr, index.dt, out.ptr)
        return 0

    cdef int gather_gradient(self, Lookup form, NDArrayPhp dout, NDArrayPhp index, NDArrayPhp dsource) except -1:
        """The elements of dout added up at their numbers."""
        cdef char zero = 0
        _alike(dout, dsource, form.batches * form.m * form.n * form.k * form.length, "gather")
        with nogil:
            rk.fill(1, &zero, dsource.ptr, dsource.n * item_size(dsource.dt), 1)
            if dout.n:
                rk.gatherb(dout.dt, 1, 1, form.batches, form.m, form.n, form.k, form.length, form.classes,
                           dsource.ptr, index.ptr, index.dt, dout.ptr)
        return 0

    cdef int max_gradient(self, NDArrayPhp x, NDArrayPhp dout, int axis, NDArrayPhp dx) except -1:
        """dout at the place of the first maximum along an axis, 0 elsewhere."""
        cdef Py_ssize_t outer = 1
        cdef Py_ssize_t inner = 1
        cdef char zero = 0
        cdef int i
        cdef NDArrayPhp at
        for i in range(axis):
            outer *= x.dims[i]
        for i in range(axis + 1, x.nd):
            inner *= x.dims[i]
        _alike(dout, x, outer * inner, "max")
        at = empty(core.RK_INT32, 1, &dout.n)
        with nogil:
            rk.fill(1, &zero, dx.ptr, dx.n * item_size(dx.dt), 1)
            rk.argreduce(core.RK_ARGMAX, x.dt, x.ptr, at.ptr, at.dt, outer, x.dims[axis], inner)
            rk.gatherb(x.dt, 1, 0, outer, 1, 1, inner, 1, x.dims[axis], dx.ptr, at.ptr, at.dt, dout.ptr)
        return 0

    cdef int matrix_layer(self, NDArrayPhp x, NDArrayPhp kernel, NDArrayPhp bias, NDArrayPhp out, Py_ssize_t m,
                          Py_ssize_t n, Py_ssize_t k, bint transposed, int epilogue) except -1:
        """out (m, n) = epilogue(x (m, k) kernel (k, n) + bias (n)); a transposed kernel is (n, k)."""
        _alike(x, kernel, m * k, "a product")
        _alike(out, kernel, m * n, "a product")
        _alike(kernel, x, k * n, "a product")
        if bias is not None:
            _alike(bias, kernel, n, "a product")
        with nogil:
            _product(x, kernel, out, False, transposed, m, n, k, NULL if bias is None else bias.ptr, epilogue)
        return 0

    cdef int matrix_layer_gradient(self, NDArrayPhp x, NDArrayPhp kernel, NDArrayPhp dz, NDArrayPhp dx,
                                   NDArrayPhp dkernel, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
                                   bint transposed) except -1:
        """Gradients of ``matrix_layer`` from that before the activation, into the arrays that are given."""
        _alike(dz, kernel, m * n, "a product")
        with nogil:
            if dkernel is not None and transposed:
                _product(dz, x, dkernel, True, False, n, k, m, NULL, core.RK_EPI_NONE)
            elif dkernel is not None:
                _product(x, dz, dkernel, True, False, k, n, m, NULL, core.RK_EPI_NONE)
            if dx is not None:
                _product(dz, kernel, dx, False, not transposed, m, k, n, NULL, core.RK_EPI_NONE)
        return 0

    cdef int bias_activation(self, NDArrayPhp y, NDArrayPhp bias, int epilogue) except -1:
        """y = epilogue(y + bias), in place; the bias runs over the last elements of y."""
        _alike(bias, y, bias.n, "a bias")
        if y.n:
            with nogil:
                rk.bias_act(y.dt, y.ptr, bias.ptr, y.ptr, y.n // bias.n, bias.n, epilogue)
        return 0

    cdef NDArrayPhp bias_activation_gradient(self, NDArrayPhp y, NDArrayPhp dy, NDArrayPhp dbias, Py_ssize_t n,
                                             int epilogue):
        """The gradient before bias and activation; dbias (n), where it is given, receives its sum over the rows."""
        cdef NDArrayPhp dz = dy if epilogue == core.RK_EPI_NONE else empty_like(dy)
        _alike(dy, y, y.n, "a gradient")
        with nogil:
            rk.dbias_act(dy.dt, y.ptr, dy.ptr, dz.ptr, NULL if dbias is None else dbias.ptr, dy.n // n if n else 0, n,
                         epilogue)
        return dz


cdef void _product(NDArrayPhp a, NDArrayPhp b, NDArrayPhp c, bint ta, bint tb, Py_ssize_t m, Py_ssize_t n,
                   Py_ssize_t k, const void* bias, int epilogue) noexcept nogil:
    """c (m, n) = epilogue(op(a) op(b) + bias) for packed row-major matrices."""
    cdef Py_ssize_t lda = m if ta else k
    cdef Py_ssize_t ldb = k if tb else n
    if a.dt == core.RK_FLOAT32:
        rk.sgemm(ta, tb, m, n, k, 1.0, <const float*>a.ptr, lda, <const float*>b.ptr, ldb, 0.0, <float*>c.ptr, n,
                 <const float*>bias, epilogue)
    else:
        rk.dgemm(ta, tb, m, n, k, 1.0, <const double*>a.ptr, lda, <const double*>b.ptr, ldb, 0.0, <double*>c.ptr, n,
                 <const double*>bias, epilogue)
