"""Assembling batches."""

from rindow_math.exceptions import OutOfRangeException
from rindow_math.matrix.buffer cimport item_size
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport MAX_DIMS, NDArrayPhp, empty, from_python, raw

cdef const core.rk_api* rk = core.table()


def take(array, rows):
    """A new array of the given rows of an array.

    Args:
        array: an array of one dimension or more.
        rows: row numbers.

    Raises:
        OutOfRangeException: a number is not that of a row.
    """
    cdef NDArrayPhp x = raw(array)
    cdef NDArrayPhp index = from_python(rows, core.RK_INT32)
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef NDArrayPhp out
    cdef Py_ssize_t row = 1
    cdef ptrdiff_t wrong = rk.check_index(index.dt, index.ptr, index.n, x.dims[0])
    cdef int i
    if x.nd == 0:
        raise OutOfRangeException("rows were asked of an array of no dimensions")
    if wrong >= 0:
        raise OutOfRangeException(f"row {index[wrong]} of an array of {x.dims[0]} rows")
    for i in range(1, x.nd):
        dims[i] = x.dims[i]
        row *= x.dims[i]
    dims[0] = index.n
    out = empty(x.dt, x.nd, dims)
    with nogil:
        rk.gather_rows(item_size(x.dt), x.ptr, index.ptr, index.dt, out.ptr, index.n, row)
    return out


def transform_images(images, heights, widths, vertical, horizontal, bint channels_first):
    """Shifted and flipped copies of images; places that a shift leaves take the nearest pixel.

    Args:
        images: (batch, height, width, channels), or (batch, channels, height, width).
        heights: rows to shift each image down, int32.
        widths: columns to shift each image to the right, int32.
        vertical: which images to turn upside down, bool.
        horizontal: which images to mirror, bool.
        channels_first: the order of the dimensions.
    """
    cdef NDArrayPhp x = raw(images)
    cdef NDArrayPhp out = empty(x.dt, x.nd, x.dims)
    cdef const int[::1] down = heights
    cdef const int[::1] right = widths
    cdef const unsigned char[::1] upside = vertical.view("uint8")
    cdef const unsigned char[::1] mirror = horizontal.view("uint8")
    cdef int size = item_size(x.dt)
    cdef Py_ssize_t i
    cdef Py_ssize_t h = x.dims[2 if channels_first else 1]
    cdef Py_ssize_t w = x.dims[3 if channels_first else 2]
    cdef Py_ssize_t c = x.dims[1 if channels_first else 3]
    cdef Py_ssize_t step = h * w * c * size
    with nogil:
        for i in range(down.shape[0]):
            rk.imagecopy(
                size, h, w, c, x.ptr + i * step, out.ptr + i * step, channels_first, down[i], right[i], upside[i],
                mirror[i], False,
            )
    return out
