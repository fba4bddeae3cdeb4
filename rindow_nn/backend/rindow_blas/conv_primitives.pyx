"""What layers need of a backend for convolution and pooling, as C methods."""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.kernels.conv cimport conv_table, rk_conv_api
from rindow_math.matrix.ndarray cimport NDArrayPhp

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
    """A list of `rank` positive integers; one integer stands for all."""
    if values is None and default is not None:
        return [default] * rank
    numbers = [values] * rank if isinstance(values, int) else list(values)
    if len(numbers) != rank or any([isinstance(v, bool) or not isinstance(v, int) or v < 1 for v in numbers]):
        raise InvalidArgumentException(f"{name} must be {rank} positive integers: {values!r} given")
    return numbers


cdef list output_sizes(list sizes, list window, list strides, bint padded, list dilation):
    cdef list out = []
    cdef Py_ssize_t size, span, step
    for i in range(len(sizes)):
        size = sizes[i]
        span = (window[i] - 1) * dilation[i] + 1
        step = strides[i]
        size = (size + step - 1) // step if padded else ((size - span) // step + 1 if size >= span else 0)
        if size < 1:
            raise InvalidArgumentException(
                f"Invalid shape or paramaters.: a kernel of {window} with dilation {dilation} does not fit into {sizes}"
            )
        out.append(size)
    return out


cdef NDArrayPhp checked_images(NDArrayPhp x, int rank, str name):
    if x.nd != rank + 2:
        raise InvalidArgumentException(f"{name} must be {rank + 2}D NDArray: shape {x.shape()} given")
    if x.dt != core.RK_FLOAT32 and x.dt != core.RK_FLOAT64:
        raise InvalidArgumentException(f"{name} must be float32 or float64: {NAMES[x.dt]} given")
    return x


cdef class ConvPrimitives:
    """The part of a backend that convolution and pooling runs on."""
