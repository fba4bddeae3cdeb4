"""The backend's convolutions and poolings over one, two or three dimensions.

A pooling copies the patches of some images at a time into rows of a matrix that fits into the cache.
"""

from functools import lru_cache

from libc.stddef cimport ptrdiff_t

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport item_size
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport (
    MAX_DIMS, NDArrayPhp, check_writable, empty, empty_like, from_python, full, raw, same_shape, view,
)
from rindow_nn.backend.rindow_blas.conv_primitives cimport (
    ConvSettings, checked_images, is_channels_first, is_padded, numbers_of, output_sizes,
)
from rindow_nn.backend.rindow_blas.conv_primitives import ConvSettings as Settings
from rindow_nn.backend.rindow_blas.primitives cimport Primitives

cdef const core.rk_api* rk = core.table()

# Bytes of patches that are made before they are used.
cdef Py_ssize_t CHUNK = 4 << 20


class ConvolutionMethods:
    """The part of ``Backend`` that convolves and pools.

    Images are (batch, ..., channels), with ``data_format="channels_first"`` (batch, channels, ...); results have the
    same order. Padding is ``valid`` (none, the default), or ``same``: each size of the result is that of the image
    divided by the stride, rounded up, and an odd place of padding lies behind the image.
    """

    __slots__ = ()

    def conv1d(self, status, inputs, kernel, bias=None, strides=None, padding=None, data_format=None,
               dilation_rate=None):
        """Convolution over one dimension: inputs (batch, width, channels), kernel (k, channels, filters).

        Arguments as in ``conv2d``.
        """
        return _convolve(self, 1, status, inputs, kernel, bias, strides, padding, data_format, dilation_rate)

    def dConv1d(self, status, dOutputs, dKernel, dBias=None):
        """The gradients of ``conv1d``; arguments as in ``dConv2d``."""
        return _convolve_back(self, 1, status, dOutputs, dKernel, dBias)

    def conv2d(self, status, inputs, kernel, bias=None, strides=None, padding=None, data_format=None,
               dilation_rate=None):
        """Convolution over two dimensions.

        Args:
            status: an object whose attributes keep what ``dConv2d`` needs.
            inputs: images (batch, height, width, channels), or (batch, channels, height, width).
            kernel: (kernel height, kernel width, channels, filters).
            bias: (filters), added to the results.
            strides: list of steps; 1 by default.
            padding: ``valid`` (default) or ``same``.
            data_format: ``channels_last`` (default) or ``channels_first``.
            dilation_rate: list of distances between the kernel's points in the image; 1 by default.

        Returns:
            (batch, out height, out width, filters), or (batch, filters, out height, out width).

        Raises:
            InvalidArgumentException: shapes or types do not fit, or an option is unknown.

        Example:
            >>> from types import SimpleNamespace
            >>> from rindow_nn.builder import NeuralNetworks
            >>> K = NeuralNetworks().backend
            >>> x, kernel = K.ones([1, 4, 4, 3]), K.ones([3, 3, 3, 5])
            >>> K.conv2d(SimpleNamespace(), x, kernel, padding="same").shape()
            [1, 4, 4, 5]
        """
        return _convolve(self, 2, status, inputs, kernel, bias, strides, padding, data_format, dilation_rate)

    def dConv2d(self, status, dOutputs, dKernel, dBias=None):
        """The gradients of ``conv2d``.

        Args:
            status: what ``conv2d`` was given.
            dOutputs: gradient of its result.
            dKernel: an array in the kernel's shape, for its gradient.
            dBias: an array in the bias's shape, for its gradient.

        Returns:
            The gradient of the inputs.

        Raises:
            InvalidArgumentException: shapes or types do not fit.
        """
        return _convolve_back(self, 2, status, dOutputs, dKernel, dBias)

    def conv3d(self, status, inputs, kernel, bias=None, strides=None, padding=None, data_format=None,
               dilation_rate=None):
        """Convolution over three dimensions: inputs (batch, depth, height, width, channels).

        The kernel is (kernel depth, kernel height, kernel width, channels, filters); arguments as in ``conv2d``.
        """
        return _convolve(self, 3, status, inputs, kernel, bias, strides, padding, data_format, dilation_rate)

    def dConv3d(self, status, dOutputs, dKernel, dBias=None):
        """The gradients of ``conv3d``; arguments as in ``dConv2d``."""
        return _convolve_back(self, 3, status, dOutputs, dKernel, dBias)

    def pool1d(self, status, inputs, poolSize, strides=None, padding=None, data_format=None, dilation_rate=None,
               pool_mode=None):
        """Pooling over one dimension; arguments as in ``pool2d``."""
        return _pool(self, 1, status, inputs, poolSize, strides, padding, data_format, dilation_rate, pool_mode)

    def dPool1d(self, status, dOutputs):
        """The gradient of ``pool1d``; arguments as in ``dPool2d``."""
        return _pool_back(self, 1, status, dOutputs)

    def pool2d(self, status, inputs, poolSize, strides=None, padding=None, data_format=None, dilation_rate=None,
               pool_mode=None):
        """The largest number or the mean of each window of an image.

        What lies outside the image takes no part: neither in the largest number nor in the mean.

        Args:
            status: an object whose attributes keep what ``dPool2d`` needs.
            inputs: images (batch, height, width, channels), or (batch, channels, height, width).
            poolSize: list of the window's sizes.
            strides: list of steps; the window's sizes by default.
            padding: ``valid`` (default) or ``same``.
            data_format: ``channels_last`` (default) or ``channels_first``.
            dilation_rate: list of distances between the window's points in the image; 1 by default.
            pool_mode: ``max`` (default) or ``avg``.

        Returns:
            (batch, out height, out width, channels), or (batch, channels, out height, out width).

        Raises:
            InvalidArgumentException: shapes or types do not fit, or an option is unknown.
        """
        return _pool(self, 2, status, inputs, poolSize, strides, padding, data_format, dilation_rate, pool_mode)

    def dPool2d(self, status, dOutputs):
        """The gradient of ``pool2d``: of equal largest numbers the first one gets it.

        Args:
            status: what ``pool2d`` was given.
            dOutputs: gradient of its result.

        Returns:
            The gradient of the inputs.

        Raises:
            InvalidArgumentException: the shape or the type does not fit.
        """
        return _pool_back(self, 2, status, dOutputs)

    def pool3d(self, status, inputs, poolSize, strides=None, padding=None, data_format=None, dilation_rate=None,
               pool_mode=None):
        """Pooling over three dimensions; arguments as in ``pool2d``."""
        return _pool(self, 3, status, inputs, poolSize, strides, padding, data_format, dilation_rate, pool_mode)

    def dPool3d(self, status, dOutputs):
        """The gradient of ``pool3d``; arguments as in ``dPool2d``."""
        return _pool_back(self, 3, status, dOutputs)

    def calcConvOutputShape(self, inputShape, filterSize, strides, padding=None, data_format=None,
                            dilation_rate=None):
        """The sizes of a convolution's or pooling's result, without batch and channels.

        Args:
            inputShape: sizes of an image with its channels, without the batch.
            filterSize: sizes of the kernel or window.
            strides: list of steps.
            padding: ``valid`` (default) or ``same``.
            data_format: ``channels_last`` (default) or ``channels_first``.
            dilation_rate: list of distances between the kernel's points; 1 by default.

        Raises:
            InvalidArgumentException: an option is unknown, lengths differ, or the kernel does not fit into the image.

        Example:
            >>> from rindow_nn.builder import NeuralNetworks
            >>> NeuralNetworks().backend.calcConvOutputShape([5, 5, 3], [3, 3], [2, 2])
            [2, 2]
        """
        first = is_channels_first(data_format)
        sizes = list(inputShape)[1:] if first else list(inputShape)[:-1]
        rank = len(sizes)
        return output_sizes(
            sizes, numbers_of("filterSize", filterSize, rank, None), numbers_of("strides", strides, rank, 1),
            is_padded(padding), numbers_of("dilation_rate", dilation_rate, rank, 1)
        )


cdef class Geometry:
    """The sizes of one convolution or pooling."""

    cdef ptrdiff_t[<int>core.RK_I2C_NUMBERS] numbers
    cdef int rank
    cdef bint channels_first
    cdef bint padded
    cdef Py_ssize_t batches
    cdef Py_ssize_t channels
    cdef Py_ssize_t window       # points of the kernel
    cdef Py_ssize_t places       # points of the result
    cdef readonly list sizes     # of the image
    cdef readonly list filterSize
    cdef readonly list strides
    cdef readonly list dilation
    cdef readonly list pads      # before the image
    cdef readonly list outSizes

    cdef Py_ssize_t chunk(self, int size):
        """How many images are worked on at a time."""
        cdef Py_ssize_t bytes_each = self.places * self.window * self.channels * size
        cdef Py_ssize_t n = CHUNK // bytes_each if bytes_each else self.batches
        return 1 if n < 1 else self.batches if n > self.batches else n

    cdef void patches(self, int dtype, bint reverse, Py_ssize_t images, char* image, char* cols) noexcept nogil:
        """Rows of patches from images, or patches added to images."""
        cdef ptrdiff_t[<int>core.RK_I2C_NUMBERS] numbers
        cdef int i
        for i in range(core.RK_I2C_NUMBERS):
            numbers[i] = self.numbers[i]
        numbers[core.RK_I2C_BATCHES] = images
        rk.im2col(dtype, reverse, numbers, image, cols)

    cdef int result_dims(self, Py_ssize_t features, Py_ssize_t* dims):
        """The shape of a result with the channels last."""
        cdef int i
        dims[0] = self.batches
        for i in range(self.rank):
            dims[i + 1] = self.outSizes[i]
        dims[self.rank + 1] = features
        return self.rank + 2


cdef Geometry _geometry(NDArrayPhp x, int rank, object window, object strides, object padding, object data_format,
                        object dilation):
    cdef Geometry g = Geometry.__new__(Geometry)
    cdef int i, at
    cdef Py_ssize_t total
    g.rank = rank
    g.channels_first = is_channels_first(data_format)
    g.padded = is_padded(padding)
    g.filterSize = numbers_of("filterSize", window, rank, None)
    g.strides = numbers_of("strides", strides, rank, 1)
    g.dilation = numbers_of("dilation_rate", dilation, rank, 1)
    g.batches = x.dims[0]
    g.channels = x.dims[1] if g.channels_first else x.dims[rank + 1]
    g.sizes = [x.dims[i + (2 if g.channels_first else 1)] for i in range(rank)]
    g.outSizes = output_sizes(g.sizes, g.filterSize, g.strides, g.padded, g.dilation)
    g.pads = [0] * rank
    g.window = 1
    g.places = 1
    for i in range(rank):
        g.window *= <Py_ssize_t>g.filterSize[i]
        g.places *= <Py_ssize_t>g.outSizes[i]
        total = (g.outSizes[i] - 1) * g.strides[i] + (g.filterSize[i] - 1) * g.dilation[i] + 1 - g.sizes[i]
        if g.padded and total > 0:
            g.pads[i] = total // 2
    for i in range(core.RK_I2C_NUMBERS):
        g.numbers[i] = 0
    for i in range(3):
        # depth, height, width: what a lower rank lacks has size 1
        at = i - (3 - rank)
        g.numbers[core.RK_I2C_IM_D + i] = g.sizes[at] if at >= 0 else 1
        g.numbers[core.RK_I2C_FILTER_D + i] = g.filterSize[at] if at >= 0 else 1
        g.numbers[core.RK_I2C_STRIDE_D + i] = g.strides[at] if at >= 0 else 1
        g.numbers[core.RK_I2C_DILATION_D + i] = g.dilation[at] if at >= 0 else 1
        g.numbers[core.RK_I2C_PAD_D + i] = g.pads[at] if at >= 0 else 0
        g.numbers[core.RK_I2C_OUT_D + i] = g.outSizes[at] if at >= 0 else 1
    g.numbers[core.RK_I2C_CHANNELS] = g.channels
    g.numbers[core.RK_I2C_CHANNELS_FIRST] = g.channels_first
    return g


cdef NDArrayPhp _images(object inputs, int rank, str name):
    return checked_images(raw(inputs), rank, name)


cdef NDArrayPhp _moved(Primitives K, NDArrayPhp x, bint to_first):
    """(batch, ..., channels) to (batch, channels, ...), or back."""
    cdef int[MAX_DIMS] perm
    cdef int i
    perm[0] = 0
    for i in range(1, x.nd):
        if to_first:
            perm[i] = x.nd - 1 if i == 1 else i - 1
        else:
            perm[i] = 1 if i == x.nd - 1 else i + 1
    return K.transpose_array(x, perm)


cdef NDArrayPhp _result_gradient(Primitives K, Geometry g, object dOutputs, int rank, Py_ssize_t features, int dtype):
    """The gradient of a result, checked, with the channels last."""
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef NDArrayPhp dy = _images(dOutputs, rank, "dOutputs")
    cdef int i
    if g is None or g.rank != rank:
        raise InvalidArgumentException(f"status is not that of a call with {rank} dimensions")
    if dy.dt != dtype:
        raise InvalidArgumentException(f"Unmatch data type: dOutputs of {NAMES[dy.dt]}, inputs of {NAMES[dtype]}")
    if g.channels_first:
        dy = _moved(K, dy, False)
    g.result_dims(features, dims)
    for i in range(rank + 2):
        if dy.dims[i] != dims[i]:
            raise InvalidArgumentException(
                f"dOutputs of shape {raw(dOutputs).shape()} do not fit the result of "
                f"{g.batches} images, sizes {g.outSizes} and {features} channels"
            )
    return dy


cdef NDArrayPhp _scratch(int dt, Py_ssize_t n):
    return empty(dt, 1, &n)


cdef object _convolve(Primitives K, int rank, object status, object inputs, object kernel, object bias, object strides,
                      object padding, object data_format, object dilation):
    cdef ConvSettings s = Settings(rank, strides, padding, data_format, dilation)
    cdef NDArrayPhp x = raw(inputs)
    cdef NDArrayPhp w = raw(kernel)
    cdef NDArrayPhp out = K.conv.convolve(s, x, w, None if bias is None else raw(bias), core.RK_EPI_NONE)
    status.geometry = s
    status.inputs = x
    status.kernel = w
    return out


cdef object _convolve_back(Primitives K, int rank, object status, object dOutputs, object dKernel, object dBias):
    cdef ConvSettings s = status.geometry
    cdef NDArrayPhp x = status.inputs
    cdef NDArrayPhp w = status.kernel
    cdef NDArrayPhp dy = _images(dOutputs, rank, "dOutputs")
    cdef NDArrayPhp dw = raw(dKernel)
    cdef NDArrayPhp db = None if dBias is None else raw(dBias)
    cdef NDArrayPhp dx
    if s.rank != rank:
        raise InvalidArgumentException(f"status is not that of a call with {rank} dimensions")
    check_writable(dw)
    if not same_shape(dw, w) or dw.dt != w.dt:
        raise InvalidArgumentException(
            f"dKernel of shape {dw.shape()} ({NAMES[dw.dt]}) must be like the kernel {w.shape()} ({NAMES[w.dt]})"
        )
    if db is not None:
        check_writable(db)
        if db.n != w.dims[w.nd - 1] or db.dt != x.dt:
            raise InvalidArgumentException(
                f"dBias of shape {db.shape()} ({NAMES[db.dt]}) does not fit {w.dims[w.nd - 1]} filters ({NAMES[x.dt]})"
            )
    dx = empty_like(x)
    K.conv.convolve_gradient(s, x, w, None, dy, core.RK_EPI_NONE, dx, dw, db)
    return dx


cdef NDArrayPhp _framed(NDArrayPhp x, Geometry g, bint inside):
    """The images within a frame of the lowest number, as wide as the windows reach; or what lies in that frame."""
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef ptrdiff_t[MAX_DIMS] sizes
    cdef ptrdiff_t[MAX_DIMS] sx
    cdef ptrdiff_t[MAX_DIMS] sy
    cdef NDArrayPhp out
    cdef ptrdiff_t step = 1
    cdef ptrdiff_t wide = 1
    cdef ptrdiff_t start = 0
    cdef int i, at
    cdef int lead = 2 if g.channels_first else 1
    cdef int size = item_size(x.dt)
    for i in range(x.nd - 1, -1, -1):
        at = i - lead
        sx[i] = step
        sy[i] = wide
        sizes[i] = g.sizes[at] if 0 <= at < g.rank else (g.batches if i == 0 else g.channels)
        dims[i] = sizes[i]
        if 0 <= at < g.rank:
            dims[i] = _reach(g, at)
            start += wide * <ptrdiff_t>g.pads[at]
        step *= sizes[i]
        wide *= dims[i]
    if inside:
        out = empty(x.dt, x.nd, <Py_ssize_t*>sizes)
        with nogil:
            rk.strided_copy(x.dt, 0, x.nd, sizes, x.ptr + start * size, sy, out.ptr, sx)
    else:
        out = full(x.dt, x.nd, dims, float("-inf"))
        with nogil:
            rk.strided_copy(x.dt, 0, x.nd, sizes, x.ptr, sx, out.ptr + start * size, sy)
    return out


cdef Py_ssize_t _reach(Geometry g, int at):
    """Size of an image with the padding that the windows reach."""
    cdef Py_ssize_t reach = (g.outSizes[at] - 1) * g.strides[at] + (g.filterSize[at] - 1) * g.dilation[at] + 1
    cdef Py_ssize_t size = g.sizes[at]
    return reach if reach > size else size


cdef bint _is_framed(Geometry g):
    cdef int i
    for i in range(g.rank):
        if _reach(g, i) > g.sizes[i]:
            return True
    return False


@lru_cache(maxsize=64)
def _shares(tuple sizes, tuple window, tuple strides, tuple dilation, tuple pads, tuple out):
    """One over the number of points of each window that lie in the image, as nested lists."""
    counts = [[1.0]]
    for i in range(len(sizes)):
        here = [
            sum([0 <= place * strides[i] - pads[i] + point * dilation[i] < sizes[i] for point in range(window[i])])
            for place in range(out[i])
        ]
        counts = [[a * b for a in counts[0] for b in here]]
    return [1.0 / n for n in counts[0]]


cdef NDArrayPhp _averaged(Primitives K, Geometry g, NDArrayPhp x, bint in_place):
    """Sums of windows (batch, ..., channels) divided by the number of points in each."""
    cdef Py_ssize_t[3] dims
    cdef NDArrayPhp shares
    cdef NDArrayPhp out
    if not _is_framed(g):
        return K.param(core.RK_AXPB, x, 1.0 / g.window, 0.0, x if in_place else None)
    shares = from_python(
        _shares(tuple(g.sizes), tuple(g.filterSize), tuple(g.strides), tuple(g.dilation), tuple(g.pads),
                tuple(g.outSizes)),
        x.dt
    )
    dims[0] = g.batches
    dims[1] = g.places
    dims[2] = g.channels
    out = x if in_place else empty_like(x)
    K.binary(core.RK_MUL, view(x, 0, 3, dims), view(shares, 0, 2, [g.places, 1]), view(out, 0, 3, dims))
    return out


cdef object _pool(Primitives K, int rank, object status, object inputs, object poolSize, object strides, object padding,
                  object data_format, object dilation, object pool_mode):
    cdef NDArrayPhp x = _images(inputs, rank, "inputs")
    cdef NDArrayPhp out, cols
    cdef NDArrayPhp winners = None
    cdef Geometry g
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef Py_ssize_t each, first, count, image, rows
    cdef int size = item_size(x.dt)
    cdef int nd
    cdef bint largest
    cdef char* target
    if pool_mode is None or pool_mode == "max":
        largest = True
    elif pool_mode == "avg":
        largest = False
    else:
        raise InvalidArgumentException(f"pool_mode must be max or avg: {pool_mode!r} given")
    g = _geometry(x, rank, poolSize, poolSize if strides is None else strides, padding, data_format, dilation)
    status.geometry = g
    status.dtype = x.dt
    nd = g.result_dims(g.channels, dims)
    out = empty(x.dt, nd, dims)
    if largest:
        winners = empty(core.RK_INT32, nd, dims)
        if _is_framed(g):
            x = _framed(x, g, False)
            g = _frame_geometry(x, g)
    status.winners = winners
    each = g.chunk(size)
    cols = _scratch(x.dt, each * g.places * g.window * g.channels)
    image = x.n // g.batches if g.batches else 0
    with nogil:
        first = 0
        while first < g.batches:
            count = each if first + each <= g.batches else g.batches - first
            rows = count * g.places
            target = out.ptr + first * g.places * g.channels * size
            g.patches(x.dt, False, count, x.ptr + first * image * size, cols.ptr)
            if largest:
                rk.argreduce(core.RK_ARGMAX, x.dt, cols.ptr, winners.ptr + first * g.places * g.channels * 4,
                             core.RK_INT32, rows, g.window, g.channels)
                rk.gatherb(x.dt, 0, 0, rows, 1, 1, g.channels, 1, g.window, cols.ptr,
                           winners.ptr + first * g.places * g.channels * 4, core.RK_INT32, target)
            else:
                rk.reduce(core.RK_SUM, x.dt, cols.ptr, target, rows, g.window, g.channels)
            first += count
    if not largest:
        _averaged(K, g, out, True)
    return _moved(K, out, True) if g.channels_first else out


cdef Geometry _frame_geometry(NDArrayPhp framed, Geometry g):
    """The same pooling on images that already have their frame."""
    return _geometry(
        framed, g.rank, g.filterSize, g.strides, "valid", "channels_first" if g.channels_first else None, g.dilation
    )


cdef object _pool_back(Primitives K, int rank, object status, object dOutputs):
    cdef Geometry g = status.geometry
    cdef Geometry whole = g
    cdef NDArrayPhp winners = status.winners
    cdef NDArrayPhp dy
    cdef NDArrayPhp dx, cols
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef Py_ssize_t each, first, count, image, rows, cells
    cdef int dt = status.dtype
    cdef int size = item_size(dt)
    cdef int i, at
    cdef char[16] nothing = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    cdef bint framed
    if g is None or g.rank != rank:
        raise InvalidArgumentException(f"status is not that of a call with {rank} dimensions")
    framed = winners is not None and _is_framed(g)
    dy = _result_gradient(K, g, dOutputs, rank, g.channels, dt)
    if winners is None:
        dy = _averaged(K, g, dy, False)
    for i in range(rank + 2):
        at = i - (2 if g.channels_first else 1)
        if 0 <= at < rank:
            dims[i] = _reach(g, at) if framed else g.sizes[at]
        else:
            dims[i] = g.batches if i == 0 else g.channels
    dx = full(dt, rank + 2, dims, 0)
    if framed:
        whole = _frame_geometry(dx, g)
    each = g.chunk(size)
    cols = _scratch(dt, each * g.places * g.window * g.channels)
    image = dx.n // g.batches if g.batches else 0
    with nogil:
        first = 0
        while first < g.batches:
            count = each if first + each <= g.batches else g.batches - first
            rows = count * g.places
            cells = first * g.places * g.channels
            if winners is None:
                rk.repeat(size, dy.ptr + cells * size, cols.ptr, rows, g.window, g.channels)
            else:
                rk.fill(size, nothing, cols.ptr, rows * g.window * g.channels, 1)
                rk.gatherb(dt, 1, 0, rows, 1, 1, g.channels, 1, g.window, cols.ptr, winners.ptr + cells * 4,
                           core.RK_INT32, dy.ptr + cells * size)
            whole.patches(dt, True, count, dx.ptr + first * image * size, cols.ptr)
            first += count
    return _framed(dx, g, True) if framed else dx
