"""What layers need of a backend for convolution and pooling, as C methods."""

from libc.stddef cimport ptrdiff_t

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport item_size
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.kernels.conv cimport conv_table, rk_conv_api, rk_conv_call
from rindow_math.matrix.kernels.pooling cimport rk_pooling_call
from rindow_math.matrix.ndarray cimport MAX_DIMS, NDArrayPhp, empty, empty_like, same_shape, shape_text
from rindow_nn.backend.rindow_blas.pooling_primitives cimport PoolingSettings

cdef const core.rk_api* rk = core.table()
cdef const rk_conv_api* rk_conv = conv_table()


cdef bint is_channels_first(object data_format) except -1:
    if data_format is None or data_format == "channels_last":
        return False
    if data_format == "channels_first":
        return True
    raise InvalidArgumentException(f"data_format must be channels_last or channels_first: {data_format!r} given")


cdef bint is_padded(object padding) except -1:
    if padding is None or padding == "valid":
        return False
    if padding == "same":
        return True
    raise InvalidArgumentException(f"padding must be valid or same: {padding!r} given")


cdef list numbers_of(str name, object values, int rank, object default):
    """A list of `rank` positive integers of 31 bits, which products do not overflow; one integer stands for all."""
    if values is None and default is not None:
        return [default] * rank
    numbers = [values] * rank if isinstance(values, int) else list(values)
    if len(numbers) != rank or any(
        [isinstance(v, bool) or not isinstance(v, int) or not 1 <= v <= 0x7FFFFFFF for v in numbers]
    ):
        raise InvalidArgumentException(f"{name} must be {rank} positive integers: {values!r} given")
    return numbers


cdef Py_ssize_t output_size(Py_ssize_t size, Py_ssize_t window, Py_ssize_t stride, bint padded, Py_ssize_t dilation
                            ) noexcept:
    """How many places a window has along an axis; below 1 if it does not fit."""
    cdef Py_ssize_t span = (window - 1) * dilation + 1
    if size <= 0:  # the step of a window that is the whole image is 0 then
        return size
    if padded:
        return (size + stride - 1) // stride
    return (size - span) // stride + 1 if size >= span else 0


cdef int does_not_fit(list sizes, list window, list dilation) except -1:
    raise InvalidArgumentException(
        f"Invalid shape or paramaters.: a kernel of {window} with dilation {dilation} does not fit into {sizes}"
    )


cdef NDArrayPhp checked_images(NDArrayPhp x, int rank, str name):
    if x.nd != rank + 2:
        raise InvalidArgumentException(f"{name} must be {rank + 2}D NDArray: shape {x.shape()} given")
    if x.dt != core.RK_FLOAT32 and x.dt != core.RK_FLOAT64:
        raise InvalidArgumentException(f"{name} must be float32 or float64: {NAMES[x.dt]} given")
    return x


cdef class ConvSettings:
    """What a convolution has besides arrays.

    Args:
        rank: number of dimensions without batch and channels.
        strides: list of steps, or one for all; 1 by default.
        padding: ``valid`` (default) or ``same``.
        data_format: ``channels_last`` (default) or ``channels_first``.
        dilation_rate: list of distances between the kernel's points in the image, or one for all; 1 by default.
    """

    def __init__(self, rank, strides=None, padding=None, data_format=None, dilation_rate=None):
        self.rank = rank
        self.padded = is_padded(padding)
        self.channels_first = is_channels_first(data_format)
        self.strides = numbers_of("strides", strides, rank, 1)
        self.dilation = numbers_of("dilation_rate", dilation_rate, rank, 1)

    cdef int fill(self, rk_conv_call* c, NDArrayPhp x, NDArrayPhp kernel) except -1:
        """Writes down a call; checks that images and kernel fit."""
        cdef int rank = self.rank
        cdef int i, at
        cdef int first = 2 if self.channels_first else 1
        cdef Py_ssize_t reach
        checked_images(x, rank, "inputs")
        if kernel.nd != rank + 2:
            raise InvalidArgumentException(f"kernel must be {rank + 2}D NDArray: shape {kernel.shape()} given")
        c.batch = x.dims[0]
        c.channels = x.dims[1] if self.channels_first else x.dims[rank + 1]
        c.filters = kernel.dims[rank + 1]
        if kernel.dims[rank] != c.channels or kernel.dt != x.dt:
            raise InvalidArgumentException(
                f"a kernel of shape {kernel.shape()} ({NAMES[kernel.dt]}) does not fit inputs of {c.channels} "
                f"channels, shape {x.shape()} ({NAMES[x.dt]})"
            )
        for i in range(3):
            # what a lower rank lacks has size 1
            at = i - (3 - rank)
            c.in_[i] = c.kernel[i] = c.out[i] = c.stride[i] = c.dilation[i] = 1
            c.pad[i] = 0
            if at < 0:
                continue
            c.in_[i] = x.dims[first + at]
            c.kernel[i] = kernel.dims[at]
            c.stride[i] = self.strides[at]
            c.dilation[i] = self.dilation[at]
            c.out[i] = output_size(c.in_[i], c.kernel[i], c.stride[i], self.padded, c.dilation[i])
            if c.out[i] < 1:
                does_not_fit(
                    [x.dims[first + at] for at in range(rank)], [kernel.dims[at] for at in range(rank)], self.dilation
                )
            reach = (c.out[i] - 1) * c.stride[i] + (c.kernel[i] - 1) * c.dilation[i] + 1 - c.in_[i]
            if self.padded and reach > 0:
                c.pad[i] = reach // 2
        return 0


cdef Py_ssize_t _result(ConvSettings s, const rk_conv_call* c, Py_ssize_t* dims) noexcept:
    """The shape of a result; returns its size."""
    cdef int i
    cdef Py_ssize_t n = c.batch * c.filters
    dims[0] = c.batch
    dims[1 if s.channels_first else s.rank + 1] = c.filters
    for i in range(s.rank):
        dims[i + (2 if s.channels_first else 1)] = c.out[i + 3 - s.rank]
        n *= c.out[i + 3 - s.rank]
    return n


cdef int _move(NDArrayPhp x, NDArrayPhp out, Py_ssize_t batch, Py_ssize_t rows, Py_ssize_t columns) except -1:
    """out (batch, columns, rows) = x (batch, rows, columns)."""
    cdef ptrdiff_t[3] dims
    cdef int[3] perm
    dims[0] = batch
    dims[1] = rows
    dims[2] = columns
    perm[0] = 0
    perm[1] = 2
    perm[2] = 1
    with nogil:
        rk.transpose(item_size(x.dt), 3, dims, perm, x.ptr, out.ptr)
    return 0


cdef const void* _of_filters(NDArrayPhp a, str name, const rk_conv_call* c, NDArrayPhp x) except? NULL:
    """The numbers of an array with one for each filter; NULL without one."""
    if a is None:
        return NULL
    if a.n != c.filters or a.dt != x.dt:
        raise InvalidArgumentException(
            f"a {name} of shape {a.shape()} ({NAMES[a.dt]}) does not fit {c.filters} filters ({NAMES[x.dt]})"
        )
    return a.ptr


cdef int _done(int done) except -1:
    if not done:
        raise MemoryError("no memory for a convolution")
    return 0


cdef class ConvPrimitives:
    """The part of a backend that convolution and pooling runs on."""

    cdef NDArrayPhp convolve(self, ConvSettings s, NDArrayPhp x, NDArrayPhp kernel, NDArrayPhp bias, int epilogue,
                             NDArrayPhp out=None, NDArrayPhp scale=None):
        """epilogue(x * kernel * scale + bias).

        Args:
            s: strides and so on.
            x: images (batch, ..., channels) or (batch, channels, ...).
            kernel: (..., channels, filters).
            bias: (filters), or None.
            epilogue: one of ``RK_EPI_...``.
            out: receives the result.
            scale: (filters), or None.
        """
        cdef rk_conv_call c
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef NDArrayPhp images = x
        cdef NDArrayPhp result
        cdef const void* bias_ptr
        cdef const void* scale_ptr
        cdef Py_ssize_t n, places
        cdef int done
        s.fill(&c, x, kernel)
        bias_ptr = _of_filters(bias, "bias", &c, x)
        scale_ptr = _of_filters(scale, "scale", &c, x)
        n = _result(s, &c, dims)
        if out is None:
            out = empty(x.dt, s.rank + 2, dims)
        result = out
        if s.channels_first:
            images = empty_like(x)
            places = c.in_[0] * c.in_[1] * c.in_[2]
            _move(x, images, c.batch, c.channels, places)
            result = empty(x.dt, 1, &n)
        with nogil:
            done = rk_conv.conv(x.dt, &c, images.ptr, kernel.ptr, scale_ptr, bias_ptr, epilogue, result.ptr)
        _done(done)
        if s.channels_first:
            places = c.out[0] * c.out[1] * c.out[2]
            _move(result, out, c.batch, places, c.filters)
        return out

    cdef tuple convolve_pool(self, ConvSettings s, PoolingSettings pooling, NDArrayPhp x, NDArrayPhp kernel,
                             NDArrayPhp bias, int epilogue, NDArrayPhp z=None, NDArrayPhp places=None,
                             NDArrayPhp scale=None):
        """``convolve``, then the largest number of each window of ``pooling``: they, and their places as of ``pool``.

        Without z both are made; with z places may be None, and are not looked for. The result of the convolution is not
        kept; what comes out is the same as of one after the other.
        """
        cdef rk_conv_call c
        cdef rk_pooling_call p
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef NDArrayPhp images = x
        cdef NDArrayPhp largest
        cdef NDArrayPhp index
        cdef const void* bias_ptr
        cdef const void* scale_ptr
        cdef void* places_ptr
        cdef Py_ssize_t n
        cdef int places_dt
        cdef int nd
        cdef int done
        if not pooling.largest or pooling.rank != s.rank or pooling.channels_first != s.channels_first:
            raise InvalidArgumentException("a convolution can be followed by max pooling of its rank and data_format")
        s.fill(&c, x, kernel)
        bias_ptr = _of_filters(bias, "bias", &c, x)
        scale_ptr = _of_filters(scale, "scale", &c, x)
        _result(s, &c, dims)
        pooling.fill_sizes(&p, dims)
        p.channels_first = False
        nd = pooling.dims(&p, dims)
        places_dt = core.RK_INT32 if p.wide_index else core.RK_UINT8
        if z is None:
            z = empty(x.dt, nd, dims)
            places = empty(places_dt, nd, dims)
        largest = z
        index = places
        n = p.out[0] * p.out[1] * p.out[2]
        if s.channels_first:
            images = empty_like(x)
            _move(x, images, c.batch, c.channels, c.in_[0] * c.in_[1] * c.in_[2])
            largest = empty_like(z)
            index = None if places is None else empty_like(places)
        places_ptr = NULL if places is None else index.ptr
        with nogil:
            done = rk_conv.conv_pool(x.dt, &c, images.ptr, kernel.ptr, scale_ptr, bias_ptr, epilogue, &p, largest.ptr,
                                     places_ptr)
        _done(done)
        if s.channels_first:
            _move(largest, z, c.batch, n, c.filters)
            if places is not None:
                _move(index, places, c.batch, n, c.filters)
        return z, places

    cdef int convolve_gradient(self, ConvSettings s, NDArrayPhp x, NDArrayPhp kernel, NDArrayPhp y, NDArrayPhp dy,
                               int epilogue, NDArrayPhp dx, NDArrayPhp dkernel, NDArrayPhp dbias) except -1:
        """Gradients of ``convolve`` into the arrays that are given; y is not read where there is no epilogue."""
        cdef rk_conv_call c
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef NDArrayPhp images = x
        cdef NDArrayPhp dz = dy
        cdef NDArrayPhp gradient = dx
        cdef void* bias_ptr = NULL if dbias is None else dbias.ptr
        cdef Py_ssize_t places_in, places_out, last
        cdef int i
        cdef int done = 1
        s.fill(&c, x, kernel)
        _result(s, &c, dims)
        places_in = c.in_[0] * c.in_[1] * c.in_[2]
        places_out = c.out[0] * c.out[1] * c.out[2]
        if dy.dt != x.dt:
            raise InvalidArgumentException(f"Unmatch data type: dOutputs of {NAMES[dy.dt]}, inputs of {NAMES[x.dt]}")
        if dy.nd != s.rank + 2 or any([dy.dims[i] != dims[i] for i in range(dy.nd)]):
            raise InvalidArgumentException(
                f"dOutputs of shape {dy.shape()} do not fit the result of {c.batch} images, shape "
                f"{[dims[i] for i in range(s.rank + 2)]}"
            )
        if epilogue != core.RK_EPI_NONE and (y.dt != dy.dt or not same_shape(y, dy)):
            raise InvalidArgumentException(
                f"the gradient has shape {shape_text(dy)} ({NAMES[dy.dt]}), the output {shape_text(y)} ({NAMES[y.dt]})"
            )
        if epilogue != core.RK_EPI_NONE:
            dz = empty_like(dy)
            last = dy.dims[dy.nd - 1]
            with nogil:
                rk.dbias_act(dy.dt, y.ptr, dy.ptr, dz.ptr, NULL, dy.n // last if last else 0, last, epilogue)
        if s.channels_first:
            images = dz
            dz = empty_like(dz)
            _move(images, dz, c.batch, c.filters, places_out)
            images = x
            if dkernel is not None:
                images = empty_like(x)
                _move(x, images, c.batch, c.channels, places_in)
            if dx is not None:
                gradient = empty_like(dx)
        with nogil:
            if dkernel is not None:
                done = rk_conv.conv_kernel_gradient(x.dt, &c, images.ptr, dz.ptr, dkernel.ptr, bias_ptr)
            elif bias_ptr != NULL:
                rk.dbias_act(dz.dt, dz.ptr, dz.ptr, dz.ptr, bias_ptr, dz.n // c.filters if c.filters else 0, c.filters,
                             core.RK_EPI_NONE)
            if done and dx is not None:
                done = rk_conv.conv_input_gradient(x.dt, &c, dz.ptr, kernel.ptr, gradient.ptr)
        _done(done)
        if s.channels_first and dx is not None:
            _move(gradient, dx, c.batch, places_in, c.channels)
        return 0
