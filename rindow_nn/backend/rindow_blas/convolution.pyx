"""The backend's convolutions and poolings over one, two or three dimensions."""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport NDArrayPhp, check_writable, empty_like, header_like, raw, same_shape
from rindow_nn.backend.rindow_blas.conv_primitives cimport (
    ConvSettings, checked_images, does_not_fit, is_channels_first, is_padded, numbers_of, output_size,
)
from rindow_nn.backend.rindow_blas.conv_primitives import ConvSettings as Settings
from rindow_nn.backend.rindow_blas.pooling_primitives cimport PoolingSettings
from rindow_nn.backend.rindow_blas.pooling_primitives import PoolingSettings as PoolSettings
from rindow_nn.backend.rindow_blas.primitives cimport Primitives


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
        window = numbers_of("filterSize", filterSize, rank, None)
        steps = numbers_of("strides", strides, rank, 1)
        dilation = numbers_of("dilation_rate", dilation_rate, rank, 1)
        padded = is_padded(padding)
        out = [output_size(sizes[i], window[i], steps[i], padded, dilation[i]) for i in range(rank)]
        if any([size < 1 for size in out]):
            does_not_fit(sizes, window, dilation)
        return out


cdef NDArrayPhp _images(object inputs, int rank, str name):
    return checked_images(raw(inputs), rank, name)


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


cdef object _pool(Primitives K, int rank, object status, object inputs, object poolSize, object strides, object padding,
                  object data_format, object dilation, object pool_mode):
    cdef NDArrayPhp x = _images(inputs, rank, "inputs")
    cdef PoolingSettings s
    if pool_mode is not None and pool_mode != "max" and pool_mode != "avg":
        raise InvalidArgumentException(f"pool_mode must be max or avg: {pool_mode!r} given")
    s = PoolSettings(rank, pool_mode != "avg", poolSize, strides, padding, data_format, dilation)
    y = K.pooling.result(s, x)
    status.settings = s
    status.index = K.pooling.index(s, x) if s.largest else None
    status.inputs = header_like(x)  # its shape and type
    K.pooling.pool(s, x, y, <NDArrayPhp>status.index)
    return y


cdef object _pool_back(Primitives K, int rank, object status, object dOutputs):
    cdef PoolingSettings s = status.settings
    cdef NDArrayPhp dx
    if s is None or s.rank != rank:
        raise InvalidArgumentException(f"status is not that of a call with {rank} dimensions")
    dx = empty_like(<NDArrayPhp>status.inputs)
    K.pooling.pool_gradient(s, _images(dOutputs, rank, "dOutputs"), <NDArrayPhp>status.index, dx)
    return dx
