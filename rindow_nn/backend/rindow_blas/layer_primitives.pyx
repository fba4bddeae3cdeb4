"""What dropout, lookups, maxima and Einstein sums need of a backend, as C methods."""

from libc.stdint cimport uint32_t, uint64_t

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport is_complex, is_int, item_size
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.kernels.drop cimport drop_table, rk_drop_api
from rindow_math.matrix.ndarray cimport NDArrayPhp, cast_to, empty, shape_text
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
    """Sizes of a lookup: source (batches, m, classes, k, length), index (batches, n, k), out (batches, m, n, k, length)."""


cdef class LayerPrimitives:
    """The part of a backend that dropout, lookups and maxima run on."""

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
                raise InvalidArgumentException(
                    f"index is out of range: {x.reshape([x.n])[wrong]} at position {wrong} of an array of shape "
                    f"{shape_text(x)}; 0 to {classes - 1} are allowed in {where}"
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
