"""Assembling batches."""

from rindow_math.exceptions import OutOfRangeException
from rindow_math.matrix.buffer cimport item_size
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport MAX_DIMS, NDArray, NDArrayPhp, empty, from_python, raw, rows_of

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


def is_batch(data):
    """Whether a batch is a pair of inputs (an array, or a list of them) and labels."""
    if type(data) is not tuple or len(<tuple>data) != 2 or not isinstance((<tuple>data)[1], NDArray):
        return False
    inputs = (<tuple>data)[0]
    return isinstance(inputs, NDArray) or (type(inputs) is list and all([isinstance(x, NDArray) for x in inputs]))


cdef class Views:
    """Batches that are views: an iterator.

    Args:
        inputs: arrays of one dimension or more, whose first one counts the samples.
        tests: labels, or None.
        order: which batch comes when.
        size: samples of a batch.
        multi: the inputs of a batch are a list.
    """

    cdef list inputs
    cdef NDArrayPhp tests
    cdef list order
    cdef Py_ssize_t size
    cdef Py_ssize_t at
    cdef bint multi

    def __init__(self, list inputs, tests, order, Py_ssize_t size, bint multi):
        self.inputs = inputs
        self.tests = tests
        self.order = list(order)
        self.size = size
        self.multi = multi

    def __iter__(self):
        return self

    def __next__(self):
        cdef Py_ssize_t first
        if self.at >= len(self.order):
            raise StopIteration
        first = <Py_ssize_t>self.order[self.at] * self.size
        self.at += 1
        tests = None if self.tests is None else _batch(self.tests, first, self.size)
        if not self.multi:
            return _batch(<NDArrayPhp>self.inputs[0], first, self.size), tests
        return [_batch(<NDArrayPhp?>x, first, self.size) for x in self.inputs], tests


cdef NDArrayPhp _batch(NDArrayPhp x, Py_ssize_t first, Py_ssize_t size):
    """Rows from one that there is, at most so many."""
    return rows_of(x, first, size if first + size < x.dims[0] else x.dims[0] - first)


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
