"""What layers need of a backend for pooling, as C methods."""

from libc.stddef cimport ptrdiff_t
from libc.string cimport memset

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.kernels.pooling cimport pooling_table, rk_pooling_api, rk_pooling_call
from rindow_math.matrix.ndarray cimport MAX_DIMS, NDArrayPhp, empty, empty_like, shape_text
from rindow_nn.backend.rindow_blas.conv_primitives cimport (
    checked_images, does_not_fit, is_channels_first, is_padded, numbers_of, output_size,
)

cdef const core.rk_api* rk = core.table()
cdef const rk_pooling_api* rk_pooling = pooling_table()

cdef Py_ssize_t LONG = 4096           # elements below which the interpreter is not released


cdef class PoolingSettings:
    """What a pooling has besides arrays.

    Args:
        rank: number of dimensions without batch and channels.
        largest: whether the largest numbers are taken, else means.
        window: list of sizes, or one for all; None: windows are whole images, and results have no such dimensions.
        strides: list of steps, or one for all; the window's sizes by default.
        padding: ``valid`` (default) or ``same``.
        data_format: ``channels_last`` (default) or ``channels_first``.
        dilation_rate: list of distances between the window's points in the image, or one for all; 1 by default.
    """

    def __init__(self, rank, largest, window=None, strides=None, padding=None, data_format=None, dilation_rate=None):
        self.rank = rank
        self.largest = largest
        self.padded = is_padded(padding)
        self.channels_first = is_channels_first(data_format)
        if window is not None:
            self.window = numbers_of("poolSize", window, rank, None)
            self.strides = self.window if strides is None else numbers_of("strides", strides, rank, None)
        self.dilation = numbers_of("dilation_rate", dilation_rate, rank, 1)

    cdef int fill(self, rk_pooling_call* c, NDArrayPhp x) except -1:
        """Writes down a call; checks the images."""
        checked_images(x, self.rank, "inputs")
        return self.fill_sizes(c, x.dims)

    cdef int fill_sizes(self, rk_pooling_call* c, const Py_ssize_t* dims) except -1:
        """The same for images of this shape."""
        cdef Py_ssize_t places = 1
        cdef ptrdiff_t total
        cdef int lead = 2 if self.channels_first else 1
        cdef int i, at
        memset(c, 0, sizeof(rk_pooling_call))
        c.batch = dims[0]
        c.channels = dims[1] if self.channels_first else dims[self.rank + 1]
        c.channels_first = self.channels_first
        for i in range(3):
            at = i - (3 - self.rank)
            c.sizes[i] = c.out[i] = c.window[i] = c.stride[i] = c.dilation[i] = 1
            if at >= 0:
                c.sizes[i] = dims[lead + at]
                c.window[i] = c.sizes[i] if self.window is None else self.window[at]
                c.stride[i] = c.sizes[i] if self.strides is None else self.strides[at]
                c.dilation[i] = self.dilation[at]
                c.out[i] = output_size(c.sizes[i], c.window[i], c.stride[i], self.padded, c.dilation[i])
                if c.out[i] < 1:
                    sizes = [dims[lead + at] for at in range(self.rank)]
                    does_not_fit(sizes, sizes if self.window is None else self.window, self.dilation)
                total = (c.out[i] - 1) * c.stride[i] + (c.window[i] - 1) * c.dilation[i] + 1 - c.sizes[i]
                if self.padded and total > 0:
                    c.pad[i] = total // 2
            places *= c.window[i]
        if places > 0x7FFFFFFF:
            window = [c.window[i] for i in range(3 - self.rank, 3)]
            raise InvalidArgumentException(f"a window of {window} has too many places")
        c.wide_index = places > 256
        return 0

    cdef int dims(self, const rk_pooling_call* c, Py_ssize_t* dims) noexcept:
        """The shape of a result."""
        cdef int lead = 2 if self.channels_first else 1
        cdef int i
        dims[0] = c.batch
        if self.window is None:
            dims[1] = c.channels
            return 2
        for i in range(self.rank):
            dims[lead + i] = c.out[3 - self.rank + i]
        dims[1 if self.channels_first else self.rank + 1] = c.channels
        return self.rank + 2

    cdef int check(self, const rk_pooling_call* c, NDArrayPhp x, NDArrayPhp y, NDArrayPhp index) except -1:
        """Whether a result, or its gradient, and its indexes fit the images."""
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int nd = self.dims(c, dims)
        cdef int i
        cdef bint fits = y.nd == nd and y.dt == x.dt
        for i in range(nd):
            fits = fits and y.dims[i] == dims[i]
        if not fits:
            raise InvalidArgumentException(
                f"a result of shape {shape_text(y)} ({NAMES[y.dt]}) does not fit images of shape {shape_text(x)} "
                f"({NAMES[x.dt]})"
            )
        if self.largest and index is not None and (
            index.n != y.n or index.dt != (core.RK_INT32 if c.wide_index else core.RK_UINT8)
        ):
            raise InvalidArgumentException(
                f"indexes of shape {shape_text(index)} ({NAMES[index.dt]}) do not fit a result of shape {shape_text(y)}"
            )
        return 0


cdef int _done(int done) except -1:
    if not done:
        raise MemoryError("no memory for the places of windows")
    return 0


cdef class PoolingPrimitives:
    """The part of a backend that pooling runs on."""

    cdef NDArrayPhp result(self, PoolingSettings s, NDArrayPhp x):
        """An array for the result of ``pool``."""
        cdef rk_pooling_call c
        cdef Py_ssize_t[MAX_DIMS] dims
        s.fill(&c, x)
        return empty(x.dt, s.dims(&c, dims), dims)

    cdef NDArrayPhp index(self, PoolingSettings s, NDArrayPhp x):
        """An array for the places of largest numbers that ``pool`` finds."""
        cdef rk_pooling_call c
        cdef Py_ssize_t[MAX_DIMS] dims
        s.fill(&c, x)
        return empty(core.RK_INT32 if c.wide_index else core.RK_UINT8, s.dims(&c, dims), dims)

    cdef int pool(self, PoolingSettings s, NDArrayPhp x, NDArrayPhp y, NDArrayPhp index) except -1:
        """The largest number, or the mean, of each window.

        Args:
            s: sizes, and which of the two.
            x: images.
            y: receives the result.
            index: receives the places of the largest numbers for the gradient; None: they are not looked for.
        """
        cdef rk_pooling_call c
        cdef char* places = NULL if index is None else index.ptr
        cdef int done
        s.fill(&c, x)
        s.check(&c, x, y, index)
        if x.n > LONG:
            with nogil:
                if s.largest:
                    done = rk_pooling.pool_max(x.dt, &c, x.ptr, y.ptr, places)
                else:
                    done = rk_pooling.pool_mean(x.dt, &c, x.ptr, y.ptr)
        elif s.largest:
            done = rk_pooling.pool_max(x.dt, &c, x.ptr, y.ptr, places)
        else:
            done = rk_pooling.pool_mean(x.dt, &c, x.ptr, y.ptr)
        return _done(done)

    cdef int pool_gradient(self, PoolingSettings s, NDArrayPhp dy, NDArrayPhp index, NDArrayPhp dx,
                           NDArrayPhp maxima=None, int epilogue=core.RK_EPI_NONE) except -1:
        """The gradient of ``pool``, written to dx.

        Args:
            s: sizes, and which of the two.
            dy: gradient of the result.
            index: the places of the largest numbers; None for means.
            dx: receives the gradient of the images or, with an epilogue, of what it was computed from.
            maxima: with an epilogue, the result.
            epilogue: one of ``RK_EPI_...``; other than that of relu only for windows side by side.
        """
        cdef rk_pooling_call c
        cdef NDArrayPhp y = dy
        cdef Py_ssize_t last
        cdef int done
        s.fill(&c, dx)
        s.check(&c, dx, dy, index)
        if epilogue != core.RK_EPI_NONE:
            s.check(&c, dx, maxima, index)
            dy = empty_like(y)
            last = dy.dims[dy.nd - 1]
            with nogil:
                rk.dbias_act(dx.dt, maxima.ptr, y.ptr, dy.ptr, NULL, dy.n // last if last else 0, last, epilogue)
        if dx.n > LONG:
            with nogil:
                if s.largest:
                    done = rk_pooling.pool_max_gradient(dx.dt, &c, dy.ptr, index.ptr, dx.ptr)
                else:
                    done = rk_pooling.pool_mean_gradient(dx.dt, &c, dy.ptr, dx.ptr)
        elif s.largest:
            done = rk_pooling.pool_max_gradient(dx.dt, &c, dy.ptr, index.ptr, dx.ptr)
        else:
            done = rk_pooling.pool_mean_gradient(dx.dt, &c, dy.ptr, dx.ptr)
        return _done(done)
