"""The part of LinearAlgebra that moves, selects, sums and searches: gathers, slices, transposes, patches of images."""

from libc.stddef cimport ptrdiff_t

import numpy as np

from rindow_math.exceptions import InvalidArgumentException, RuntimeException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport dtype_code, is_complex, is_float, is_int, item_size
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.linearalgebra.common cimport (
    LONG, array_arg, check_apart, check_inplace, check_same_type, output_arg, overlapping, printable, text_of,
    unsupported,
)
from rindow_math.matrix.ndarray cimport (
    MAX_DIMS, NDArray, NDArrayPhp, as_numpy, cast_to, copy_of, dims_list, empty, empty_like, read_shape, same_shape,
    shape_text, view,
)

cdef const core.rk_api* rk = core.table()


# ------------------------------------------------------------------------------------------------ shapes, types

cdef inline bint _flag(object value):
    return value is not None and bool(value)


cdef Py_ssize_t _product(const Py_ssize_t* dims, int first, int last) noexcept:
    cdef Py_ssize_t n = 1
    cdef int i
    for i in range(first, last):
        n *= dims[i]
    return n


cdef bint _is_shape(NDArrayPhp a, int nd, const Py_ssize_t* dims) noexcept:
    cdef int i
    if a.nd != nd:
        return False
    for i in range(nd):
        if a.dims[i] != dims[i]:
            return False
    return True


cdef int _check_rank(int nd) except -1:
    if nd > MAX_DIMS:
        raise InvalidArgumentException(f"an array has at most {MAX_DIMS} dimensions, the result would have {nd}")
    return 0


cdef int _clear(NDArrayPhp a) except -1:
    cdef char zero = 0
    rk.fill(1, &zero, a.ptr, a.n * item_size(a.dt), 1)
    return 0


cdef NDArrayPhp _zeros(int dtype, int nd, const Py_ssize_t* dims):
    cdef NDArrayPhp a = empty(dtype, nd, dims)
    _clear(a)
    return a


cdef int _store(NDArrayPhp result, NDArrayPhp output) except -1:
    """Writes a result that had to be computed in another type into the output."""
    if result is not output:
        rk.cast(result.dt, output.dt, result.ptr, output.ptr, output.n)
    return 0


cdef int _axis_of(NDArrayPhp x, object axis) except -1:
    """The number of a dimension; None is the first, negative numbers count from the end."""
    cdef Py_ssize_t d = 0 if axis is None else axis
    if d < 0:
        d += x.nd
    if d < 0 or d >= x.nd:
        raise InvalidArgumentException(f"Invalid axis: {'null' if axis is None else axis}: shape {shape_text(x)}")
    return <int>d


cdef NDArrayPhp _positions(object X, str name):
    """An array of positions; floats are truncated as the original's are."""
    cdef NDArrayPhp x = array_arg(X, name)
    if is_int(x.dt) or x.dt == core.RK_BOOL:
        return x
    if is_complex(x.dt) or np.isnan(as_numpy(x)).any():
        raise InvalidArgumentException(f"{name} must be integers: {NAMES[x.dt]} given")
    return cast_to(x, core.RK_INT64)


cdef object _item(NDArrayPhp x, Py_ssize_t position):
    return as_numpy(x).reshape(-1)[position].item()


cdef int _check_positions(NDArrayPhp x, Py_ssize_t classes, str method) except -1:
    cdef Py_ssize_t at
    if x.n == 0:
        return 0
    at = rk.check_index(x.dt, x.ptr, x.n, classes)
    if at >= 0:
        raise RuntimeException(
            f"Label number is out of bounds.: {method}: {_item(x, at)} at position {at}; 0 to {classes - 1} are allowed"
        )
    return 0


# ------------------------------------------------------------------------------------------------ gathers

cdef void _run_gather(bint reverse, bint add, int dt, Py_ssize_t batches, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
                      Py_ssize_t length, Py_ssize_t classes, char* a, NDArrayPhp x, char* b) noexcept nogil:
    cdef int size = item_size(dt)
    if batches * m * n * k * length == 0:
        return
    if batches * m * k == 1 and not (add and (not reverse or dt == core.RK_BOOL or dt == core.RK_FLOAT16 or dt > 13)):
        # whole rows
        if not reverse:
            rk.gather_rows(size, a, x.ptr, x.dt, b, n, length)
        elif add:
            rk.scatter_add_rows(dt, b, x.ptr, x.dt, a, n, length, classes)
        else:
            rk.scatter_rows(size, b, x.ptr, x.dt, a, n, length)
        return
    rk.gatherb(dt, reverse, add, batches, m, n, k, length, classes, a, x.ptr, x.dt, b)


cdef int _gather(bint reverse, bint add, NDArrayPhp a, NDArrayPhp x, NDArrayPhp b, Py_ssize_t batches, Py_ssize_t m,
                 Py_ssize_t n, Py_ssize_t k, Py_ssize_t length, Py_ssize_t classes, str method) except -1:
    """Moves elements of a (batches, m, classes, k, length) to b (batches, m, n, k, length) by x, or back."""
    cdef NDArrayPhp other
    _check_positions(x, classes, method)
    if reverse:
        other = b if b.dt == a.dt else cast_to(b, a.dt)
        if overlapping(a, other):
            other = copy_of(other)
        x = copy_of(x) if overlapping(a, x) else x
        if other.n > LONG:
            with nogil:
                _run_gather(True, add, a.dt, batches, m, n, k, length, classes, a.ptr, x, other.ptr)
        else:
            _run_gather(True, add, a.dt, batches, m, n, k, length, classes, a.ptr, x, other.ptr)
        return 0
    if overlapping(a, b):
        check_apart(b, a, "output", "A")
    x = copy_of(x) if overlapping(b, x) else x
    other = b
    if a.dt != b.dt:
        other = cast_to(b, a.dt) if add else empty(a.dt, b.nd, b.dims)
    if other.n > LONG:
        with nogil:
            _run_gather(False, add, a.dt, batches, m, n, k, length, classes, a.ptr, x, other.ptr)
    else:
        _run_gather(False, add, a.dt, batches, m, n, k, length, classes, a.ptr, x, other.ptr)
    return _store(other, b)


cdef object _gather_axis(bint scatter, object A, object X, object axis, object output, object dtype):
    """Gathers along the first dimension or, one element each, along ``axis``; or adds the output to A that way."""
    cdef NDArrayPhp a = output_arg(A, "output") if scatter else array_arg(A, "A")
    cdef NDArrayPhp x = array_arg(X, "X")
    cdef NDArrayPhp b
    cdef Py_ssize_t[2 * MAX_DIMS] dims
    cdef Py_ssize_t batches, n, k, length
    cdef int nd = 0
    cdef int d = 0
    cdef int i
    if a.nd == 0:
        raise InvalidArgumentException("A must have one dimension or more: a 0-dimensional array given")
    if axis is None:
        for i in range(x.nd):
            dims[nd] = x.dims[i]
            nd += 1
        for i in range(1, a.nd):
            dims[nd] = a.dims[i]
            nd += 1
        batches = 1
        n = x.n
        k = 1
        length = _product(a.dims, 1, a.nd)
    else:
        d = _axis_of(a, axis)
        for i in range(a.nd):
            if i != d:
                dims[nd] = a.dims[i]
                nd += 1
        if not _is_shape(x, nd, dims):
            raise InvalidArgumentException(f"Unmatch Shape:{printable([a, x])}")
        batches = _product(a.dims, 0, d)
        n = 1
        k = _product(a.dims, d + 1, a.nd)
        length = 1
    _check_rank(nd)
    if output is None:
        b = empty(a.dt if dtype is None else dtype_code(dtype), nd, dims)
        if scatter:
            _clear(b)
        output = b
    else:
        b = array_arg(output, "A") if scatter else output_arg(output, "output")
        if not _is_shape(b, nd, dims):
            raise InvalidArgumentException(
                f"Unmatch output shape of dimension: {printable([dims_list(nd, dims), b])}"
            )
    _gather(scatter, scatter, a, _positions(X, "X"), b, batches, 1, n, k, length, a.dims[d],
            "scatterAdd" if scatter else "gather")
    return output


cdef object _gather_batches(bint reverse, bint add, object A, object X, object axis, object batchDims,
                            object detailDepth, object indexDepth, object B, str method):
    cdef NDArrayPhp a = output_arg(A, "outputs") if reverse else array_arg(A, "params")
    cdef NDArrayPhp x = array_arg(X, "indices")
    cdef NDArrayPhp b
    cdef Py_ssize_t[3 * MAX_DIMS] dims
    cdef Py_ssize_t batch = 0 if batchDims is None else batchDims
    cdef Py_ssize_t d, detail, depth
    cdef int nd = 0
    cdef int i
    if batch < 0:
        batch += a.nd
    if batch >= a.nd or batch < 0:
        raise InvalidArgumentException(f"batchDims ({batch}) must be less than to ndims of params ({a.nd})")
    d = batch if axis is None else axis
    if d < 0:
        d += a.nd
    if d >= a.nd or d < 0:
        raise InvalidArgumentException(f"axis ({d}) must be less than to ndims of params ({a.nd})")
    detail = d + 1 if detailDepth is None else detailDepth
    depth = x.nd if indexDepth is None else indexDepth
    if batch > d:
        if d != 0:
            raise InvalidArgumentException(f"batchDims ({batch}) must be less than or equal to axis ({d})")
        batch = 0
    if detail <= d:
        raise InvalidArgumentException(f"detailDepth ({detail}) must be greater than axis ({d})")
    detail = a.nd if detail > a.nd else detail
    depth = x.nd if depth > x.nd else depth
    if x.nd < batch or any([a.dims[i] != x.dims[i] for i in range(batch)]):
        raise InvalidArgumentException(
            "Unmatch batch shape of params and indices: "
            f"{printable(dims_list(<int>batch, a.dims))},{printable(dims_list(min(x.nd, <int>batch), x.dims))},"
        )
    if depth < batch:
        raise InvalidArgumentException(f"indexDepth ({depth}) must be greater than or equal to batchDims ({batch})")
    if x.nd - depth != detail - 1 - d or any([a.dims[d + 1 + i] != x.dims[depth + i] for i in range(x.nd - depth)]):
        raise InvalidArgumentException(
            "Unmatch inner shape of params and indices: "
            f"param's inner shape is {printable(dims_list(<int>(detail - 1 - d), a.dims + d + 1))},"
            f"index's inner shape is {printable(dims_list(<int>(x.nd - depth), x.dims + depth))},"
        )
    for i in range(d):
        dims[nd] = a.dims[i]
        nd += 1
    for i in range(batch, depth):
        dims[nd] = x.dims[i]
        nd += 1
    for i in range(d + 1, a.nd):
        dims[nd] = a.dims[i]
        nd += 1
    _check_rank(nd)
    b = _result_or_updates(a, B, nd, dims, reverse, add)
    _gather(reverse, add, a, _positions(X, "indices"), b, _product(a.dims, 0, <int>batch),
            _product(a.dims, <int>batch, <int>d), _product(x.dims, <int>batch, <int>depth),
            _product(a.dims, <int>d + 1, <int>detail), _product(a.dims, <int>detail, a.nd), a.dims[d], method)
    return b if B is None else B


cdef NDArrayPhp _result_or_updates(NDArrayPhp a, object B, int nd, const Py_ssize_t* dims, bint reverse, bint add):
    """The array of gathered elements: where they go to, or where they come from."""
    cdef NDArrayPhp b
    if B is None:
        return _zeros(a.dt, nd, dims) if reverse or add else empty(a.dt, nd, dims)
    b = array_arg(B, "updates") if reverse else output_arg(B, "outputs")
    if not _is_shape(b, nd, dims):
        raise InvalidArgumentException(
            f"Unmatch {'updates' if reverse else 'output'} shape: expects {printable(dims_list(nd, dims))}, "
            f"but gives {printable(dims_list(b.nd, b.dims))}"
        )
    return b


cdef object _gather_tuples(bint reverse, bint add, object A, object X, object batchDims, object B, str method):
    cdef NDArrayPhp a = output_arg(A, "outputs") if reverse else array_arg(A, "params")
    cdef NDArrayPhp x = array_arg(X, "indices")
    cdef NDArrayPhp b, other
    cdef Py_ssize_t[2 * MAX_DIMS] dims
    cdef Py_ssize_t batch = 0 if batchDims is None else batchDims
    cdef Py_ssize_t depth, m, n, k, at
    cdef int nd = 0
    cdef int i
    if x.nd == 0:
        raise InvalidArgumentException("indices must have one dimension or more: a 0-dimensional array given")
    if batch < 0 or batch > x.nd - 1 or batch > a.nd or any([a.dims[i] != x.dims[i] for i in range(batch)]):
        raise InvalidArgumentException(
            f"Unmatch batch shape of params and indices: {printable([a, x])}, batchDims {batch}"
        )
    depth = x.dims[x.nd - 1]
    if depth > a.nd - batch:
        raise InvalidArgumentException(
            "ndim of params must greater than index depth or equal: "
            f"ndim of params gives {a.nd} , index depth gives {depth}"
        )
    for i in range(x.nd - 1):
        dims[nd] = x.dims[i]
        nd += 1
    for i in range(batch + depth, a.nd):
        dims[nd] = a.dims[i]
        nd += 1
    _check_rank(nd)
    b = _result_or_updates(a, B, nd, dims, reverse, add)
    x = _positions(X, "indices")
    m = _product(x.dims, 0, <int>batch)
    n = _product(x.dims, <int>batch, x.nd - 1)
    k = _product(a.dims, <int>(batch + depth), a.nd)
    at = rk.check_tuples(x.dt, x.ptr, m * n, depth, <const ptrdiff_t*>(a.dims + batch))
    if at >= 0:
        found = [_item(x, at * depth + i) for i in range(depth)]
        raise RuntimeException(
            f"Label number is out of bounds.: {method}: {found} at position {at}; the indexed dimensions are "
            f"{dims_list(<int>depth, a.dims + batch)}"
        )
    other = b
    if reverse:
        if b.dt != a.dt:
            other = cast_to(b, a.dt)
        elif overlapping(a, b):
            other = copy_of(b)
        x = copy_of(x) if overlapping(a, x) else x
    else:
        if overlapping(a, b):
            check_apart(b, a, "outputs", "params")
        x = copy_of(x) if overlapping(b, x) else x
        if b.dt != a.dt:
            other = cast_to(b, a.dt) if add else empty(a.dt, b.nd, b.dims)
    with nogil:
        rk.gathernd(a.dt, reverse, add, m, n, k, depth, <const ptrdiff_t*>(a.dims + batch), a.ptr, x.ptr, x.dt,
                    other.ptr)
    if not reverse:
        _store(other, b)
    return b if B is None else B


# ------------------------------------------------------------------------------------------------ reductions

cdef object _reduce(int op, object input, object axis, object keepdims, object output, object dtype, str method):
    """Reduces one dimension; op is a reduction, or RK_REDUCE_ARGMAX."""
    cdef NDArrayPhp x = array_arg(input, "input")
    cdef NDArrayPhp y, made
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef Py_ssize_t outer, n, inner
    cdef bint keep = _flag(keepdims)
    cdef bint arg = op == ARG_MAX
    cdef int d = _axis_of(x, axis)
    cdef int nd = 0
    cdef int i, own
    if is_complex(x.dt):
        raise unsupported(x, method)
    for i in range(x.nd):
        if i != d:
            dims[nd] = x.dims[i]
            nd += 1
        elif keep:
            dims[nd] = 1
            nd += 1
    outer = _product(x.dims, 0, d)
    n = x.dims[d]
    inner = _product(x.dims, d + 1, x.nd)
    if output is None:
        if dtype is not None:
            own = dtype_code(dtype)
        else:
            own = core.RK_INT32 if arg else x.dt
        y = empty(own, nd, dims)
        output = y
    else:
        y = output_arg(output, "output")
        if not _is_shape(y, nd, dims):
            raise InvalidArgumentException(f"Unmatch shape of dimension: {shape_text(x)},{shape_text(y)}")
        if overlapping(x, y):
            check_apart(y, x, "output", "input")
    if y.n == 0:
        return output
    if n == 0:
        if op != core.RK_SUM:
            raise InvalidArgumentException(f"{method} of no elements: axis {d} of shape {shape_text(x)}")
        _clear(y)
        return output
    made = y
    if arg:
        if y.dt != core.RK_INT32 and y.dt != core.RK_INT64:
            made = empty(core.RK_INT64, nd, dims)
        if x.n > LONG:
            with nogil:
                rk.argreduce(core.RK_ARGMAX, x.dt, x.ptr, made.ptr, made.dt, outer, n, inner)
        else:
            rk.argreduce(core.RK_ARGMAX, x.dt, x.ptr, made.ptr, made.dt, outer, n, inner)
    else:
        if y.dt != x.dt:
            # integers and truth values are summed in the type asked for, floats are converted at the end
            if is_float(x.dt):
                made = empty(x.dt, nd, dims)
            else:
                x = cast_to(x, y.dt)
        if x.n > LONG:
            with nogil:
                rk.reduce(op, x.dt, x.ptr, made.ptr, outer, n, inner)
        else:
            rk.reduce(op, x.dt, x.ptr, made.ptr, outer, n, inner)
    _store(made, y)
    return output


cdef enum:
    ARG_MAX = -1                 # beside the reductions of the kernels


# ------------------------------------------------------------------------------------------------ patches

cdef int _sizes(object value, int nd, ptrdiff_t standard, ptrdiff_t* out, str name) except -1:
    """Reads nd positive integers into the last places of out; None stands for `standard` each."""
    cdef int i
    for i in range(3):
        out[i] = 1
    if value is None or (isinstance(value, (list, tuple)) and not value):
        for i in range(3 - nd, 3):
            out[i] = standard
        return 0
    if isinstance(value, NDArray):
        value = array_arg(value, name).toArray()
    if not isinstance(value, (list, tuple)) or len(value) != nd:
        raise InvalidArgumentException(f"{name} must be a list of {nd} integers: {value!r} given")
    for i in range(nd):
        out[3 - nd + i] = value[i]
        if out[3 - nd + i] < 1:
            raise InvalidArgumentException(f"{name} must be positive integers: {value!r} given")
    return 0


cdef object _patches(int nd, bint reverse, object images, object filterSize, object strides, object padding,
                     object channels_first, object dilation_rate, object cols_channels_first, object cols):
    cdef NDArrayPhp x
    cdef NDArrayPhp c
    cdef ptrdiff_t[core.RK_I2C_NUMBERS] g
    cdef ptrdiff_t[3] size
    cdef ptrdiff_t[3] taps
    cdef ptrdiff_t[3] stride
    cdef ptrdiff_t[3] dilation
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef bint first = _flag(channels_first)
    cdef bint cols_first = _flag(cols_channels_first)
    cdef bint pad = _flag(padding)
    cdef ptrdiff_t out, space, reach
    cdef int rank = 0
    cdef int i
    x = output_arg(images, "images") if reverse else array_arg(images, "images")
    if x.nd != nd + 2:
        raise InvalidArgumentException(f"images must be {nd + 2}D dimension: shape {shape_text(x)} given")
    for i in range(3):
        size[i] = 1
    for i in range(nd):
        size[3 - nd + i] = x.dims[(2 if first else 1) + i]
    _sizes(filterSize, nd, 3, taps, "filterSize")
    _sizes(strides, nd, 1, stride, "strides")
    _sizes(dilation_rate, nd, 1, dilation, "dilation_rate")
    g[core.RK_I2C_BATCHES] = x.dims[0]
    g[core.RK_I2C_CHANNELS] = x.dims[1] if first else x.dims[nd + 1]
    g[core.RK_I2C_CHANNELS_FIRST] = first
    g[core.RK_I2C_COLS_CHANNELS_FIRST] = cols_first
    for i in range(3):
        g[core.RK_I2C_IM_D + i] = size[i]
        g[core.RK_I2C_FILTER_D + i] = taps[i]
        g[core.RK_I2C_STRIDE_D + i] = stride[i]
        g[core.RK_I2C_DILATION_D + i] = dilation[i]
        if i < 3 - nd:
            g[core.RK_I2C_PAD_D + i] = 0
            g[core.RK_I2C_OUT_D + i] = 1
            continue
        space = size[i] - (taps[i] - 1) * dilation[i] - 1
        out = space // stride[i] + 1
        # with padding every pixel has its patch; the original asks for a larger image all the same, but not in depth
        if size[i] == 0 or (out <= 0 and not (pad and nd == 3 and i == 0)):
            raise InvalidArgumentException(
                f"Invalid shape or {'parameters' if pad else 'paramaters'}.: images {shape_text(x)}, filterSize "
                f"{dims_list(nd, <const Py_ssize_t*>taps + 3 - nd)}, dilation_rate "
                f"{dims_list(nd, <const Py_ssize_t*>dilation + 3 - nd)}"
            )
        g[core.RK_I2C_OUT_D + i] = size[i] if pad else out
        reach = (size[i] - 1) * stride[i] + (taps[i] - 1) * dilation[i] + 1
        g[core.RK_I2C_PAD_D + i] = (reach - size[i]) // 2 if pad else 0
    dims[0] = x.dims[0]
    rank = 1
    for i in range(3 - nd, 3):
        dims[rank] = g[core.RK_I2C_OUT_D + i]
        rank += 1
    if cols_first:
        dims[rank] = g[core.RK_I2C_CHANNELS]
        rank += 1
    for i in range(3 - nd, 3):
        dims[rank] = taps[i]
        rank += 1
    if not cols_first:
        dims[rank] = g[core.RK_I2C_CHANNELS]
        rank += 1
    if cols is None:
        c = _zeros(x.dt, rank, dims) if reverse else empty(x.dt, rank, dims)
        cols = c
    else:
        c = array_arg(cols, "cols") if reverse else output_arg(cols, "cols")
        if c.n != _product(dims, 0, rank):
            raise InvalidArgumentException(
                f"output buffer size is invalid: cols of shape {shape_text(c)} given, {tuple(dims_list(rank, dims))} "
                f"expected for images {shape_text(x)}"
            )
        check_same_type(x, c, "images", "cols")
        check_apart(c, x, "cols", "images")
    if c.n > LONG:
        with nogil:
            rk.im2col(x.dt, reverse, g, x.ptr, c.ptr)
    else:
        rk.im2col(x.dt, reverse, g, x.ptr, c.ptr)
    return cols


# ------------------------------------------------------------------------------------------------ slices

cdef int _window(NDArrayPhp whole, object begin, object size, bint reverse, Py_ssize_t* first,
                 Py_ssize_t* count) except -1:
    """Reads begin and size of a slice of up to three dimensions."""
    cdef Py_ssize_t length
    cdef int nd, i
    if not isinstance(begin, (list, tuple)) or not 1 <= len(begin) <= 3:
        raise InvalidArgumentException(f"begin must has 1 or 2 or 3 integer.: {begin!r} given")
    if not isinstance(size, (list, tuple)) or not 1 <= len(size) <= 3:
        raise InvalidArgumentException(f"Size must has 1 or 2 or 3 integer.: {size!r} given")
    nd = len(begin)
    if len(size) != nd:
        raise InvalidArgumentException(f"Unmatch shape of begin and size: {begin} and {size}")
    if whole.nd < nd:
        raise InvalidArgumentException(
            f"{'Output' if reverse else 'Input'} shape rank is low to slice: {shape_text(whole)} with begin {begin}"
        )
    for i in range(nd):
        length = whole.dims[i]
        first[i] = begin[i]
        if first[i] < 0:
            first[i] += length
        if first[i] < 0 or first[i] >= length:
            raise InvalidArgumentException(
                f"start of axis {i} is invalid value.:begin=[{','.join(map(str, begin))}], shape {shape_text(whole)}"
            )
        count[i] = size[i]
        if count[i] < 0:
            count[i] += length - first[i] + 1
        if count[i] < 1 or count[i] > length - first[i]:
            raise InvalidArgumentException(
                f"size of axis {i} is invalid value.:size=[{','.join(map(str, size))}], begin "
                f"[{','.join(map(str, begin))}], shape {shape_text(whole)}"
            )
    return nd


cdef object _slice(bint reverse, object whole_arg, object begin, object size, object part_arg):
    """Copies a window of an array into another, or back."""
    cdef NDArrayPhp whole = output_arg(whole_arg, "output") if reverse else array_arg(whole_arg, "input")
    cdef NDArrayPhp part, other
    cdef Py_ssize_t[3] first
    cdef Py_ssize_t[3] count
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef ptrdiff_t[4] shape
    cdef ptrdiff_t[4] in_whole
    cdef ptrdiff_t[4] in_part
    cdef Py_ssize_t at = 0
    cdef char* corner
    cdef int nd = _window(whole, begin, size, reverse, first, count)
    cdef int i
    for i in range(whole.nd):
        dims[i] = count[i] if i < nd else whole.dims[i]
    if part_arg is None:
        part = empty(whole.dt, whole.nd, dims)
        part_arg = part
    else:
        part = array_arg(part_arg, "input") if reverse else output_arg(part_arg, "output")
        if not _is_shape(part, whole.nd, dims):
            raise InvalidArgumentException(
                f"Unmatch output shape: {printable(dims_list(whole.nd, dims))}<=>"
                f"{printable(dims_list(part.nd, part.dims))}"
            )
    shape[nd] = _product(whole.dims, nd, whole.nd)
    in_whole[nd] = 1
    in_part[nd] = 1
    for i in range(nd - 1, -1, -1):
        shape[i] = count[i]
        in_whole[i] = in_whole[i + 1] * (whole.dims[i + 1] if i + 1 < nd else shape[nd])
        in_part[i] = in_part[i + 1] * shape[i + 1]
        at += first[i] * in_whole[i]
    corner = whole.ptr + at * item_size(whole.dt)
    other = part
    if reverse:
        if part.dt != whole.dt:
            other = cast_to(part, whole.dt)
        elif overlapping(whole, part):
            other = copy_of(part)
        with nogil:
            rk.strided_copy(whole.dt, 0, nd + 1, shape, other.ptr, in_part, corner, in_whole)
    else:
        if overlapping(whole, part):
            check_apart(part, whole, "output", "input")
        if part.dt != whole.dt:
            other = empty(whole.dt, part.nd, part.dims)
        with nogil:
            rk.strided_copy(whole.dt, 0, nd + 1, shape, corner, in_whole, other.ptr, in_part)
        _store(other, part)
    return part_arg


cdef list _list_of_arrays(object values, str method):
    cdef list arrays = []
    if not isinstance(values, (list, tuple)) or not values:
        raise InvalidArgumentException(f"{method}: values must be array of NDArray: {type(values).__name__} given")
    for value in values:
        if not isinstance(value, NDArray):
            raise InvalidArgumentException(f"values must be array of NDArray: {type(value).__name__} among them")
        arrays.append(array_arg(value, "values"))
    return arrays


cdef NDArrayPhp _join(list arrays, int nd, const Py_ssize_t* dims, Py_ssize_t rows, Py_ssize_t width):
    """Arrays of `rows` rows side by side: in each row of the result the rows of all arrays, `width` items together."""
    cdef NDArrayPhp first = <NDArrayPhp>arrays[0]
    cdef NDArrayPhp out = empty(first.dt, nd, dims)
    cdef NDArrayPhp x
    cdef Py_ssize_t at = 0
    cdef Py_ssize_t n
    cdef int size = item_size(first.dt)
    for item in arrays:
        x = <NDArrayPhp>item
        if x.n == 0:
            continue
        if x.dt != first.dt:
            x = cast_to(x, first.dt)
        n = x.n // rows
        if x.n > LONG:
            with nogil:
                rk.copy2d(size, rows, n, x.ptr, n, out.ptr + at * size, width)
        else:
            rk.copy2d(size, rows, n, x.ptr, n, out.ptr + at * size, width)
        at += n
    return out


class ArrayMethods:
    """Methods of ``LinearAlgebra`` that move, select, sum and search."""

    def expandDims(self, x, axis):
        """The array with a dimension of 1 put in, sharing memory.

        Args:
            x: the array.
            axis: where the new dimension stands in the result; negative numbers count from the end.

        Raises:
            InvalidArgumentException: the axis is out of range.

        Example:
            >>> la.expandDims(la.array([1, 2, 3]), 0).shape()
            [1, 3]

        PHP: ``LinearAlgebra::expandDims()``.
        """
        cdef NDArrayPhp a = array_arg(x, "x")
        cdef Py_ssize_t[MAX_DIMS + 1] dims
        cdef Py_ssize_t d = axis
        cdef int i
        if d < 0:
            d += a.nd + 1
        if d < 0 or d > a.nd:
            raise InvalidArgumentException(f"axis is out of range: {axis}")
        _check_rank(a.nd + 1)
        for i in range(a.nd):
            dims[i if i < d else i + 1] = a.dims[i]
        dims[d] = 1
        return view(a, 0, a.nd + 1, dims)

    def squeeze(self, x, axis=None):
        """The array without dimensions of 1, sharing memory.

        Args:
            x: the array.
            axis: the dimension that goes; all of size 1 when left out.

        Raises:
            InvalidArgumentException: the axis is out of range or its size is not 1.

        Example:
            >>> la.squeeze(la.array([[[1, 2]]])).shape()
            [2]

        PHP: ``LinearAlgebra::squeeze()``.
        """
        cdef NDArrayPhp a = array_arg(x, "x")
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef Py_ssize_t d = -1
        cdef int nd = 0
        cdef int i
        if axis is not None:
            d = axis
            if d < 0:
                d += a.nd
            if d < 0 or d >= a.nd:
                raise InvalidArgumentException(f"axis is out of range: {axis}")
            if a.dims[d] != 1:
                raise InvalidArgumentException(f"Can not squeeze dim[{d}]")
        for i in range(a.nd):
            if i != d and (axis is not None or a.dims[i] != 1):
                dims[nd] = a.dims[i]
                nd += 1
        return view(a, 0, nd, dims)

    def topK(self, input, k=None, sorted=None, values=None, indices=None):
        """The largest elements of each row, and where they stand.

        nan counts as larger than any number. The order of equal elements is not defined.

        Args:
            input: the array; its last dimension is searched.
            k: how many; 1 by default.
            sorted: largest first (the default); otherwise in no particular order.
            values: an array that is filled with the elements instead of a new one.
            indices: an int32 array that is filled with the positions instead of a new one.

        Shapes:
            input: (..., n); values and indices: (..., k).

        Returns:
            The pair (values, indices).

        Raises:
            InvalidArgumentException: k exceeds n, or an output does not fit.

        Example:
            >>> values, indices = la.topK(la.array([[3, 9, 1, 7]]), 2)
            >>> values.toArray(), indices.toArray()
            ([[9.0, 7.0]], [[1, 3]])

        PHP: ``LinearAlgebra::topK()``.
        """
        cdef NDArrayPhp x = array_arg(input, "input")
        cdef NDArrayPhp v, p
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef Py_ssize_t most = 1 if k is None else k
        cdef bint order = sorted is None or bool(sorted)
        cdef Py_ssize_t m, n
        cdef int i, failed
        if x.nd == 0 or is_complex(x.dt):
            raise InvalidArgumentException(
                f"input must be real and have one dimension or more: shape {shape_text(x)}, {NAMES[x.dt]} given"
            )
        for i in range(x.nd):
            dims[i] = x.dims[i]
        n = x.dims[x.nd - 1]
        m = _product(x.dims, 0, x.nd - 1)
        dims[x.nd - 1] = most
        if most > n:
            raise InvalidArgumentException(f"k must be less than or equal to the entity.: {most} of {n}")
        if most < 1:
            raise InvalidArgumentException(f"Argument k must be greater than 0.: {most} given")
        if n >= 1 << 31:
            raise InvalidArgumentException(f"rows of {n} elements have positions beyond int32")
        if values is None:
            v = empty(x.dt, x.nd, dims)
            values = v
        else:
            v = output_arg(values, "values")
            if not _is_shape(v, x.nd, dims):
                raise InvalidArgumentException(f'Unmatch shape of "values" with "input" and "k": {text_of(v)}')
            if v.dt != x.dt:
                raise InvalidArgumentException(
                    f'Unmatch dtype of "values" with input: {NAMES[v.dt]} and {NAMES[x.dt]}'
                )
            check_apart(v, x, "values", "input")
        if indices is None:
            p = empty(core.RK_INT32, x.nd, dims)
            indices = p
        else:
            p = output_arg(indices, "indices")
            if not _is_shape(p, x.nd, dims):
                raise InvalidArgumentException(f'Unmatch shape of "indices" with "input" and "k": {text_of(p)}')
            if p.dt != core.RK_INT32:
                raise InvalidArgumentException(f'Unmatch dtype of "indices" with input: {NAMES[p.dt]}, not int32')
            check_apart(p, x, "indices", "input")
            check_apart(p, v, "indices", "values")
        with nogil:
            failed = rk.topk(x.dt, m, n, x.ptr, most, order, v.ptr, <int*>p.ptr)
        if failed:
            raise MemoryError(f"no memory to sort rows of {n} elements")
        return values, indices

    def doGather(self, scatterAdd, A, X, axis=None, output=None, dtype=None):
        """``gather``, or ``scatterAdd`` from output to A.

        PHP: ``LinearAlgebra::doGather()``.
        """
        return _gather_axis(bool(scatterAdd), A, X, axis, output, dtype)

    def gather(self, A, X, axis=None, output=None, dtype=None):
        """Picks elements by position.

        Args:
            A: the array.
            X: positions: of rows of A, or, with ``axis``, one for each place of the result.
            axis: the dimension of A that the positions are of.
            output: an array that is filled instead of a new one.
            dtype: element type of the new array; A's when left out.

        Shapes:
            Without axis: A (n, ...), X any, output ``(*shape of X, ...)``.
            With axis: A (..., n, ...), X and output: A's shape without that dimension.

        Returns:
            The output.

        Raises:
            InvalidArgumentException: shapes do not fit.
            RuntimeException: a position is out of range.

        Example:
            >>> from rindow_math.matrix import NDArray
            >>> la.gather(la.array([10, 20, 30]), la.array([2, 0], NDArray.int32)).toArray()
            [30.0, 10.0]

        PHP: ``LinearAlgebra::gather()``.
        """
        return _gather_axis(False, A, X, axis, output, dtype)

    def scatterAdd(self, X, A, output, axis=None, dtype=None):
        """Adds elements to the positions that they come from in ``gather``.

        Args:
            X: positions, as for ``gather`` of the output.
            A: what is added.
            output: the array that is added to.
            axis: the dimension of the output that the positions are of; the first, by whole rows, when left out.
            dtype: not used; the output has its own type.

        Returns:
            The output.

        Raises:
            InvalidArgumentException: shapes do not fit.
            RuntimeException: a position is out of range.

        PHP: ``LinearAlgebra::scatterAdd()``.
        """
        _gather_axis(True, output, X, axis, A, dtype)
        return output

    def scatter(self, X, A, numClass, axis=None, output=None, dtype=None):
        """Puts elements to the positions that they come from in ``gather``.

        Args:
            X: positions, as for ``gather`` of the output.
            A: the elements; where two have one position, the later stays.
            numClass: size of the dimension that the positions are of.
            axis: that dimension; the first, by whole rows, when left out.
            output: an array that is written to instead of a new one of zeros.
            dtype: element type of the new array; A's when left out.

        Shapes:
            Without axis: A ``(*shape of X, ...)``, output (numClass, ...).
            With axis: X and A one shape, output that shape with numClass put in at the axis.

        Returns:
            The output.

        Raises:
            InvalidArgumentException: shapes do not fit.
            RuntimeException: a position is out of range.

        PHP: ``LinearAlgebra::scatter()``.
        """
        cdef NDArrayPhp a = array_arg(A, "A")
        cdef NDArrayPhp x = array_arg(X, "X")
        cdef NDArrayPhp y
        cdef Py_ssize_t[MAX_DIMS + 1] dims
        cdef Py_ssize_t classes = numClass
        cdef Py_ssize_t d = 0
        cdef int nd = 0
        cdef int i
        if axis is None:
            if x.nd > a.nd or any([x.dims[i] != a.dims[i] for i in range(x.nd)]):
                raise InvalidArgumentException(f"Unmatch Shape:{printable([x, a])}")
            dims[0] = classes
            nd = 1
            for i in range(x.nd, a.nd):
                dims[nd] = a.dims[i]
                nd += 1
        else:
            d = axis
            if d < 0:
                d += a.nd
            if not same_shape(x, a):
                raise InvalidArgumentException(f"Unmatch Shape X and A:{printable([x, a])}")
            if d < 0 or d > a.nd:
                raise InvalidArgumentException(f"Invalid axis: {axis}: shape {shape_text(a)}")
            for i in range(a.nd):
                dims[i if i < d else i + 1] = a.dims[i]
            dims[d] = classes
            nd = a.nd + 1
        _check_rank(nd)
        if classes <= 0:
            raise InvalidArgumentException(f"numClass must be grator than zero.: {numClass} given")
        if output is None:
            y = _zeros(a.dt if dtype is None else dtype_code(dtype), nd, dims)
            output = y
        else:
            y = output_arg(output, "output")
            if not _is_shape(y, nd, dims):
                raise InvalidArgumentException(f"Unmatch shape of dimension: {shape_text(a)},{shape_text(y)}")
        x = _positions(X, "X")
        if axis is None:
            _gather(True, False, y, x, a, 1, 1, x.n, 1, _product(a.dims, x.nd, a.nd), classes, "scatter")
        else:
            _gather(True, False, y, x, a, _product(a.dims, 0, <int>d), 1, 1, _product(a.dims, <int>d, a.nd), 1, classes,
                    "scatter")
        return output

    def doGatherb(self, reverse, addMode, A, X, axis=None, batchDims=None, detailDepth=None, indexDepth=None, B=None):
        """``gatherb``, ``scatterb`` and ``scatterbAdd`` in one; B is what is gathered or scattered.

        PHP: ``LinearAlgebra::doGatherb()``.
        """
        return _gather_batches(
            bool(reverse), bool(addMode), A, X, axis, batchDims, detailDepth, indexDepth, B, "gatherb"
        )

    def gatherb(self, params, indices, axis=None, batchDims=None, detailDepth=None, indexDepth=None, outputs=None):
        """Picks elements by position, batch by batch.

        outputs[batch, m, j, h] = params[batch, m, indices[batch, j, h], h]

        Args:
            params: the array.
            indices: positions along ``axis``.
            axis: the dimension of params that the positions are of; batchDims by default.
            batchDims: how many leading dimensions params and indices have in common; 0 by default.
            detailDepth: dimensions of params from here on are moved as a whole; axis + 1 by default.
            indexDepth: dimensions of indices from here on run along with those of params between axis and
                detailDepth; all of indices by default, so that none does.
            outputs: an array that is filled instead of a new one.

        Shapes:
            params: (batches, m, n, k, len); indices: (batches, j, k); outputs: (batches, m, j, k, len), where each
            letter may stand for several dimensions or none.

        Returns:
            The outputs.

        Raises:
            InvalidArgumentException: shapes do not fit.
            RuntimeException: a position is out of range.

        PHP: ``LinearAlgebra::gatherb()``.
        """
        return _gather_batches(
            False, False, params, indices, axis, batchDims, detailDepth, indexDepth, outputs, "gatherb"
        )

    def scatterb(self, indices, updates, shape, axis=None, batchDims=None, detailDepth=None, indexDepth=None,
                 outputs=None):
        """Puts elements to the positions that they come from in ``gatherb``.

        Args:
            indices: positions along ``axis``.
            updates: the elements, of the shape that ``gatherb`` gives.
            shape: shape of the new array.
            axis: as for ``gatherb``.
            batchDims: as for ``gatherb``.
            detailDepth: as for ``gatherb``.
            indexDepth: as for ``gatherb``.
            outputs: an array that is written to instead of a new one of zeros.

        Returns:
            The outputs.

        Raises:
            InvalidArgumentException: shapes do not fit.
            RuntimeException: a position is out of range.

        PHP: ``LinearAlgebra::scatterb()``.
        """
        if outputs is None:
            outputs = _zeros_of(shape, updates)
        _gather_batches(
            True, False, outputs, indices, axis, batchDims, detailDepth, indexDepth, updates, "scatterb"
        )
        return outputs

    def scatterbAdd(self, indices, updates, shape, axis=None, batchDims=None, detailDepth=None, indexDepth=None,
                    outputs=None):
        """Adds elements to the positions that they come from in ``gatherb``. Arguments as for ``scatterb``.

        PHP: ``LinearAlgebra::scatterbAdd()``.
        """
        if outputs is None:
            outputs = _zeros_of(shape, updates)
        _gather_batches(
            True, True, outputs, indices, axis, batchDims, detailDepth, indexDepth, updates, "scatterbAdd"
        )
        return outputs

    def doGatherND(self, reverse, addMode, A, X, batchDims=None, B=None):
        """``gatherND``, ``scatterND`` and ``scatterNDAdd`` in one; B is what is gathered or scattered.

        PHP: ``LinearAlgebra::doGatherND()``.
        """
        return _gather_tuples(bool(reverse), bool(addMode), A, X, batchDims, B, "gatherND")

    def gatherND(self, params, indices, batchDims=None, outputs=None):
        """Picks elements by tuples of positions.

        Args:
            params: the array.
            indices: tuples of positions along the dimensions of params that follow the batch.
            batchDims: how many leading dimensions params and indices have in common; 0 by default.
            outputs: an array that is filled instead of a new one.

        Shapes:
            params: (batches, n1, ..., nd, k); indices: (batches, m, d); outputs: (batches, m, k), where batches, m
            and k may stand for several dimensions or none.

        Returns:
            The outputs.

        Raises:
            InvalidArgumentException: shapes do not fit.
            RuntimeException: a position is out of range.

        PHP: ``LinearAlgebra::gatherND()``.
        """
        return _gather_tuples(False, False, params, indices, batchDims, outputs, "gatherND")

    def scatterND(self, indices, updates, shape, batchDims=None, outputs=None):
        """Puts elements to the positions that they come from in ``gatherND``.

        Args:
            indices: tuples of positions.
            updates: the elements, of the shape that ``gatherND`` gives.
            shape: shape of the new array.
            batchDims: how many leading dimensions outputs and indices have in common; 0 by default.
            outputs: an array that is written to instead of a new one of zeros.

        Returns:
            The outputs.

        Raises:
            InvalidArgumentException: shapes do not fit.
            RuntimeException: a position is out of range.

        PHP: ``LinearAlgebra::scatterND()``.
        """
        if outputs is None:
            outputs = _zeros_of(shape, updates)
        _gather_tuples(True, False, outputs, indices, batchDims, updates, "scatterND")
        return outputs

    def scatterNDAdd(self, indices, updates, shape, batchDims=None, outputs=None):
        """Adds elements to the positions that they come from in ``gatherND``. Arguments as for ``scatterND``.

        PHP: ``LinearAlgebra::scatterNDAdd()``.
        """
        if outputs is None:
            outputs = _zeros_of(shape, updates)
        _gather_tuples(True, True, outputs, indices, batchDims, updates, "scatterNDAdd")
        return outputs

    def onehot(self, X, numClass, alpha=None, output=None):
        """Adds alpha, in each row, to the element that the row's label names.

        Args:
            X: labels, 1-dimensional.
            numClass: number of classes.
            alpha: what is added; 1 by default.
            output: the matrix that is added to; a new one of zeros when left out.

        Shapes:
            X: (n); output: (n, numClass).

        Returns:
            The output.

        Raises:
            InvalidArgumentException: shapes do not fit.
            RuntimeException: a label is out of bounds.

        Example:
            >>> la.onehot(la.array([0, 2]), 3).toArray()
            [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]

        PHP: ``LinearAlgebra::onehot()``.
        """
        cdef NDArrayPhp x = array_arg(X, "X")
        cdef NDArrayPhp y
        cdef Py_ssize_t at
        cdef Py_ssize_t classes = numClass
        cdef double value = 1.0 if alpha is None else alpha
        cdef Py_ssize_t[2] dims
        if x.nd != 1:
            raise InvalidArgumentException(f'"X" must be 1D-NDArray.: shape {shape_text(x)} given')
        if output is None:
            dims[0] = x.n
            dims[1] = classes
            if classes < 0:
                raise InvalidArgumentException(f"numClass must not be negative: {numClass} given")
            y = _zeros(self._float_type, 2, dims)
            output = y
        else:
            y = output_arg(output, "output")
            if y.nd != 2:
                raise InvalidArgumentException(f'"Y" must be 2D-NDArray.: shape {shape_text(y)} given')
            if y.dims[0] != x.n or y.dims[1] != classes:
                raise InvalidArgumentException(
                    f'Unmatch shape of dimension "X" and "Y" and "numClass": {shape_text(x)},{shape_text(y)}'
                )
        x = _positions(x, "X")
        if x.n:
            at = rk.check_index(x.dt, x.ptr, x.n, classes)
            if at >= 0:
                raise RuntimeException(
                    f"Label number is out of bounds.: {_item(x, at)} at position {at}, {classes} classes"
                )
        rk.add_onehot(y.dt, x.n, value, x.ptr, x.dt, 1, y.ptr, classes)
        return output

    def reduceSum(self, input, axis=None, keepdims=None, output=None, dtype=None):
        """Sums along one dimension.

        Args:
            input: the array.
            axis: the dimension; the first when left out.
            keepdims: keep the dimension, with size 1.
            output: an array that is filled instead of a new one.
            dtype: element type of the new array; the input's when left out.

        Shapes:
            output: the input's shape without the dimension.

        Returns:
            The output.

        Raises:
            InvalidArgumentException: the axis is out of range or the output does not fit.

        Example:
            >>> la.reduceSum(la.array([[1, 2], [3, 4]]), axis=1).toArray()
            [3.0, 7.0]

        PHP: ``LinearAlgebra::reduceSum()``.
        """
        return _reduce(core.RK_SUM, input, axis, keepdims, output, dtype, "reduceSum")

    def reduceMax(self, input, axis=None, keepdims=None, output=None, dtype=None):
        """The largest elements along one dimension; nan where one is nan. Arguments as for ``reduceSum``.

        PHP: ``LinearAlgebra::reduceMax()``.
        """
        return _reduce(core.RK_MAX, input, axis, keepdims, output, dtype, "reduceMax")

    def reduceArgMax(self, input, axis=None, keepdims=None, output=None, dtype=None):
        """Positions of the largest elements along one dimension: the first of equal ones, or of the nans.

        Arguments as for ``reduceSum``, except that the new array is int32 when no dtype is given.

        PHP: ``LinearAlgebra::reduceArgMax()``.
        """
        return _reduce(ARG_MAX, input, axis, keepdims, output, dtype, "reduceArgMax")

    def reduceMean(self, input, axis=None, keepdims=None, output=None, dtype=None):
        """Means along one dimension; those of integers are truncated. Arguments as for ``reduceSum``.

        PHP: ``LinearAlgebra::reduceMean()``.
        """
        return _reduce(core.RK_MEAN, input, axis, keepdims, output, dtype, "reduceMean")

    def im2col(self, images, filterSize=None, strides=None, padding=None, channels_first=None, dilation_rate=None,
               cols_channels_first=None, cols=None):
        """Patches of images, those that a convolution's filter meets.

        Args:
            images: batches of 1-, 2- or 3-dimensional images.
            filterSize: size of a patch; 3 in each direction by default.
            strides: distance from one patch to the next; 1 by default.
            padding: as many patches as pixels, with zeros around the image.
            channels_first: the images' channels come before their pixels.
            dilation_rate: distance of a patch's pixels; 1 by default.
            cols_channels_first: the patches' channels come before their pixels.
            cols: an array that is filled instead of a new one.

        Shapes:
            images: (batches, height, width, channels), or (batches, channels, height, width).
            cols: (batches, rows, columns, filter height, filter width, channels), or (..., channels, filter height,
            filter width). One and three dimensions accordingly.

        Returns:
            The cols.

        Raises:
            InvalidArgumentException: the images are smaller than a patch, or the cols do not fit.

        PHP: ``LinearAlgebra::im2col()``.
        """
        cdef int nd = array_arg(images, "images").nd
        if not 3 <= nd <= 5:
            raise InvalidArgumentException(f"unsuppoted images shape: {printable(images)}")
        return _patches(
            nd - 2, False, images, filterSize, strides, padding, channels_first, dilation_rate, cols_channels_first,
            cols,
        )

    def col2im(self, cols, images, filterSize=None, strides=None, padding=None, channels_first=None,
               dilation_rate=None, cols_channels_first=None):
        """Adds patches to images where ``im2col`` takes them from. Arguments as for ``im2col``.

        Args:
            cols: the patches.
            images: the array that is added to.
            filterSize: as for ``im2col``, like the others.

        Returns:
            The images.

        Raises:
            InvalidArgumentException: the images are smaller than a patch, or the cols do not fit.

        PHP: ``LinearAlgebra::col2im()``.
        """
        cdef int nd = array_arg(images, "images").nd
        if not 3 <= nd <= 5:
            raise InvalidArgumentException(f"unsuppoted images shape: {printable(images)}")
        array_arg(cols, "cols")
        _patches(
            nd - 2, True, images, filterSize, strides, padding, channels_first, dilation_rate, cols_channels_first,
            cols,
        )
        return images

    def im2col1d(self, reverse, images, filterSize=None, strides=None, padding=None, channels_first=None,
                 dilation_rate=None, cols_channels_first=None, cols=None):
        """``im2col`` of (batches, width, channels) or, with ``reverse``, ``col2im``; returns the cols.

        PHP: ``LinearAlgebra::im2col1d()``.
        """
        return _patches(
            1, bool(reverse), images, filterSize, strides, padding, channels_first, dilation_rate, cols_channels_first,
            cols,
        )

    def im2col2d(self, reverse, images, filterSize=None, strides=None, padding=None, channels_first=None,
                 dilation_rate=None, cols_channels_first=None, cols=None):
        """``im2col`` of (batches, height, width, channels) or, with ``reverse``, ``col2im``; returns the cols.

        PHP: ``LinearAlgebra::im2col2d()``.
        """
        return _patches(
            2, bool(reverse), images, filterSize, strides, padding, channels_first, dilation_rate, cols_channels_first,
            cols,
        )

    def im2col3d(self, reverse, images, filterSize=None, strides=None, padding=None, channels_first=None,
                 dilation_rate=None, cols_channels_first=None, cols=None):
        """``im2col`` of (batches, depth, height, width, channels) or, with ``reverse``, ``col2im``; returns the cols.

        PHP: ``LinearAlgebra::im2col3d()``.
        """
        return _patches(
            3, bool(reverse), images, filterSize, strides, padding, channels_first, dilation_rate, cols_channels_first,
            cols,
        )

    def slice(self, input, begin, size, output=None):
        """A copy of a window of an array.

        Args:
            input: the array.
            begin: where the window begins in the first one, two or three dimensions; negative: from the end.
            size: its sizes; -1 reaches to the end, -2 to the last but one, and so on.
            output: an array that is filled instead of a new one.

        Returns:
            The output.

        Raises:
            InvalidArgumentException: the window leaves the array, or the output does not fit.

        Example:
            >>> la.slice(la.array([[1, 2, 3], [4, 5, 6]]), [0, 1], [-1, 2]).toArray()
            [[2.0, 3.0], [5.0, 6.0]]

        PHP: ``LinearAlgebra::slice()``.
        """
        return _slice(False, input, begin, size, output)

    def stick(self, input, output, begin, size):
        """Copies an array into a window of another. The window is given as for ``slice``.

        Args:
            input: the array that is copied.
            output: the array that the window is of.
            begin: where the window begins.
            size: its sizes.

        Returns:
            The input, as the original does; the output holds the result.

        Raises:
            InvalidArgumentException: the window leaves the output, or the input does not fit the window.

        PHP: ``LinearAlgebra::stick()``.
        """
        if input is None:
            raise InvalidArgumentException("Argument input must be an NDArray: NoneType given")
        return _slice(True, output, begin, size, input)

    def stack(self, values, axis=None):
        """Joins arrays of one shape along a new dimension.

        Args:
            values: list of arrays; the result has the type of the first.
            axis: the new dimension: 0 (the default), 1 or 2.

        Raises:
            InvalidArgumentException: the shapes differ or the axis is another.

        Example:
            >>> la.stack([la.array([1, 2]), la.array([3, 4])], axis=1).toArray()
            [[1.0, 3.0], [2.0, 4.0]]

        PHP: ``LinearAlgebra::stack()``.
        """
        cdef list arrays = _list_of_arrays(values, "stack")
        cdef NDArrayPhp first = <NDArrayPhp>arrays[0]
        cdef NDArrayPhp x
        cdef Py_ssize_t[MAX_DIMS + 1] dims
        cdef Py_ssize_t d = 0 if axis is None else axis
        cdef Py_ssize_t rows
        cdef int i
        if not 0 <= d <= 2 or d > first.nd:
            raise InvalidArgumentException(f"unsuppoted axis: {axis} for arrays of shape {shape_text(first)}")
        for item in arrays:
            x = <NDArrayPhp>item
            if not same_shape(x, first):
                raise InvalidArgumentException(
                    f"Unmatch output shape: {printable(dims_list(first.nd, first.dims))}<=>"
                    f"{printable(dims_list(x.nd, x.dims))}"
                )
        _check_rank(first.nd + 1)
        for i in range(first.nd):
            dims[i if i < d else i + 1] = first.dims[i]
        dims[d] = len(arrays)
        rows = _product(first.dims, 0, <int>d)
        return _join(arrays, first.nd + 1, dims, rows, first.n // rows * len(arrays) if rows else 0)

    def concat(self, values, axis=None):
        """Joins arrays along a dimension that they have.

        Args:
            values: list of arrays; the result has the type of the first.
            axis: the dimension; the last when left out.

        Raises:
            InvalidArgumentException: the other dimensions differ.

        Example:
            >>> la.concat([la.array([1, 2]), la.array([3])]).toArray()
            [1.0, 2.0, 3.0]

        PHP: ``LinearAlgebra::concat()``.
        """
        cdef list arrays = _list_of_arrays(values, "concat")
        cdef NDArrayPhp first = <NDArrayPhp>arrays[0]
        cdef NDArrayPhp x
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef Py_ssize_t rows, inner
        cdef Py_ssize_t total = 0
        cdef int d = _axis_of(first, -1 if axis is None else axis)
        cdef int i
        rows = _product(first.dims, 0, d)
        inner = _product(first.dims, d + 1, first.nd)
        for item in arrays:
            x = <NDArrayPhp>item
            if x.nd != first.nd or _product(x.dims, 0, d) != rows or any(
                [x.dims[i] != first.dims[i] for i in range(d + 1, x.nd)]
            ):
                raise InvalidArgumentException(f"Unmatch shape: {printable(arrays)}")
            total += x.dims[d]
        x = <NDArrayPhp>arrays[len(arrays) - 1]
        for i in range(x.nd):
            dims[i] = x.dims[i]
        dims[d] = total
        return _join(arrays, first.nd, dims, rows, total * inner)

    def split(self, input, sizeSplits, axis=None):
        """Copies of consecutive parts of an array.

        Args:
            input: the array.
            sizeSplits: sizes of the parts along the dimension; they may leave a rest.
            axis: the dimension; the last when left out.

        Returns:
            A list of arrays.

        Raises:
            InvalidArgumentException: a size is below 1, or the sizes exceed the dimension.

        Example:
            >>> [x.toArray() for x in la.split(la.array([1, 2, 3]), [1, 2])]
            [[1.0], [2.0, 3.0]]

        PHP: ``LinearAlgebra::split()``.
        """
        cdef NDArrayPhp x = array_arg(input, "input")
        cdef NDArrayPhp part
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef Py_ssize_t rows, n, inner, count
        cdef Py_ssize_t at = 0
        cdef int d = _axis_of(x, -1 if axis is None else axis)
        cdef int size = item_size(x.dt)
        cdef int i
        cdef list parts = []
        if isinstance(sizeSplits, NDArray):
            sizeSplits = array_arg(sizeSplits, "sizeSplits").toArray()
        if not isinstance(sizeSplits, (list, tuple)):
            raise InvalidArgumentException(f"sizeSplits must be a list of integers: {sizeSplits!r} given")
        for i in range(x.nd):
            dims[i] = x.dims[i]
        rows = _product(x.dims, 0, d)
        n = x.dims[d]
        inner = _product(x.dims, d + 1, x.nd)
        for item in sizeSplits:
            count = item
            if at >= n:
                raise InvalidArgumentException(
                    f"start of axis 1 is invalid value.:begin=[0,{at}], size {n} along axis {d}"
                )
            if count < 1 or count > n - at:
                raise InvalidArgumentException(
                    f"size of axis 1 is invalid value.: {count} from {at} of {n} along axis {d}"
                )
            dims[d] = count
            part = empty(x.dt, x.nd, dims)
            if part.n:
                with nogil:
                    rk.copy2d(size, rows, count * inner, x.ptr + at * inner * size, n * inner, part.ptr, count * inner)
            parts.append(part)
            at += count
        return parts

    def repeat(self, A, repeats, axis=None, keepdims=None):
        """Repeats an array, or its parts along a dimension.

        Args:
            A: the array.
            repeats: how often.
            axis: the parts beginning with this dimension are repeated, along a new dimension before it; without it
                the whole array is, in one dimension.
            keepdims: no new dimension; the repetitions make the dimension at ``axis`` longer.

        Returns:
            A new array.

        Raises:
            InvalidArgumentException: repeats is below 1 or the axis is out of range.

        Example:
            >>> la.repeat(la.array([1, 2]), 2).toArray()
            [1.0, 2.0, 1.0, 2.0]
            >>> la.repeat(la.array([1, 2]), 2, axis=0).toArray()
            [[1.0, 2.0], [1.0, 2.0]]

        PHP: ``LinearAlgebra::repeat()``.
        """
        cdef NDArrayPhp x = array_arg(A, "A")
        cdef NDArrayPhp y
        cdef Py_ssize_t[MAX_DIMS + 1] dims
        cdef Py_ssize_t times = repeats
        cdef Py_ssize_t d = 0
        cdef Py_ssize_t outer, inner
        cdef int nd
        cdef int i
        if times < 1:
            raise InvalidArgumentException(f"repeats argument must be one or greater.: {repeats} given")
        if axis is None:
            nd = 1
            dims[0] = times * x.n
            outer = 1
        else:
            d = axis
            if d < 0:
                d += x.nd
            if d < 0 or d > x.nd:
                raise InvalidArgumentException(
                    f"dimension rank must be two or greater.: axis {axis} of shape {shape_text(x)}"
                )
            outer = _product(x.dims, 0, <int>d)
            if _flag(keepdims):
                if d == x.nd:
                    raise InvalidArgumentException(
                        f"dimension rank must be two or greater on keepdims.: axis {axis} of shape {shape_text(x)}"
                    )
                nd = x.nd
                for i in range(nd):
                    dims[i] = x.dims[i]
                dims[d] *= times
            else:
                nd = x.nd + 1
                _check_rank(nd)
                for i in range(x.nd):
                    dims[i if i < d else i + 1] = x.dims[i]
                dims[d] = times
        inner = _product(x.dims, <int>d, x.nd)
        if inner == 1 and outer > 1:
            y = empty(x.dt, nd, dims)
            with nogil:
                rk.repeat_items(item_size(x.dt), x.n, times, x.ptr, y.ptr)
            return y
        y = empty(x.dt, nd, dims)
        if y.n > LONG:
            with nogil:
                rk.repeat(item_size(x.dt), x.ptr, y.ptr, outer, times, inner)
        elif y.n:
            rk.repeat(item_size(x.dt), x.ptr, y.ptr, outer, times, inner)
        return y

    def transpose(self, A, perm=None, B=None):
        """The array with its dimensions in another order.

        Args:
            A: the array.
            perm: for each dimension of the result, which of A it is; reversed when left out.
            B: an array that is filled instead of a new one.

        Returns:
            The array B.

        Raises:
            InvalidArgumentException: perm is no permutation of A's dimensions, or B does not fit.

        Example:
            >>> la.transpose(la.array([[1, 2], [3, 4]])).toArray()
            [[1.0, 3.0], [2.0, 4.0]]

        PHP: ``LinearAlgebra::transpose()``.
        """
        cdef NDArrayPhp a = array_arg(A, "A")
        cdef NDArrayPhp b
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int[MAX_DIMS] order
        cdef Py_ssize_t d
        cdef unsigned int seen = 0
        cdef int i
        if a.nd < 1:
            raise InvalidArgumentException("input array must be grator than or equal 1D.")
        if perm is None:
            for i in range(a.nd):
                order[i] = a.nd - 1 - i
        else:
            if isinstance(perm, NDArray):
                perm = array_arg(perm, "perm").toArray()
            if not isinstance(perm, (list, tuple)) or len(perm) != a.nd:
                raise InvalidArgumentException(f"unmatch sourceshape and perm: {shape_text(a)} and {perm!r}")
            for i in range(a.nd):
                d = perm[i] if not isinstance(perm[i], float) else int(perm[i])
                if d < 0 or d >= a.nd:
                    raise InvalidArgumentException(f"dim value in the perm is out of range.: {perm!r}")
                if seen >> d & 1:
                    raise InvalidArgumentException(f"duplicate axis in perm option: {perm!r}")
                seen |= <unsigned int>1 << d
                order[i] = <int>d
        for i in range(a.nd):
            dims[i] = a.dims[order[i]]
        if B is None:
            b = empty(a.dt, a.nd, dims)
            B = b
        else:
            b = output_arg(B, "B")
            if not _is_shape(b, a.nd, dims):
                raise InvalidArgumentException(
                    f"output shape must be transpose matrix of input.: {shape_text(b)} given, "
                    f"{tuple(dims_list(a.nd, dims))} expected"
                )
            if b.dt != a.dt:
                raise InvalidArgumentException(
                    f"output data type must be same with matrix of input.: {NAMES[b.dt]} and {NAMES[a.dt]}"
                )
            check_apart(b, a, "B", "A")
        if a.n > LONG:
            with nogil:
                rk.transpose(item_size(a.dt), a.nd, <const ptrdiff_t*>a.dims, order, a.ptr, b.ptr)
        elif a.n:
            rk.transpose(item_size(a.dt), a.nd, <const ptrdiff_t*>a.dims, order, a.ptr, b.ptr)
        return B

    def bandpart(self, A, lower, upper):
        """Sets the elements of matrices outside a band around the diagonal to zero, in place.

        Args:
            A: matrices in its last two dimensions.
            lower: how many diagonals below the main one stay; negative: all.
            upper: how many diagonals above the main one stay; negative: all.

        Returns:
            A.

        Raises:
            InvalidArgumentException: A has less than two dimensions.

        Example:
            >>> la.bandpart(la.array([[1, 2], [3, 4]]), 0, -1).toArray()
            [[1.0, 2.0], [0.0, 4.0]]

        PHP: ``LinearAlgebra::bandpart()``.
        """
        cdef NDArrayPhp a = output_arg(A, "A")
        cdef Py_ssize_t below = lower
        cdef Py_ssize_t above = upper
        cdef Py_ssize_t m
        if a.nd < 2:
            raise InvalidArgumentException(f"input array must be 2D or upper.: shape {shape_text(a)} given")
        m = _product(a.dims, 0, a.nd - 2)
        if above > a.dims[a.nd - 1]:
            above = -1
        if below > a.dims[a.nd - 2]:
            below = -1
        if a.n > LONG:
            with nogil:
                rk.bandpart(item_size(a.dt), m, a.dims[a.nd - 2], a.dims[a.nd - 1], a.ptr, below, above)
        elif a.n:
            rk.bandpart(item_size(a.dt), m, a.dims[a.nd - 2], a.dims[a.nd - 1], a.ptr, below, above)
        return A

    def imagecopy(self, A, B=None, channels_first=None, heightShift=None, widthShift=None, verticalFlip=None,
                  horizontalFlip=None, rgbFlip=None):
        """A copy of an image, shifted and flipped; its border is repeated where the shift leaves room.

        Args:
            A: the image.
            B: an array that is filled instead of a new one.
            channels_first: the image's channels come before its pixels.
            heightShift: pixels downwards.
            widthShift: pixels to the right.
            verticalFlip: upside down.
            horizontalFlip: left to right.
            rgbFlip: the first three channels in reverse order.

        Shapes:
            A, B: (height, width, channels), or (channels, height, width).

        Returns:
            The array B.

        Raises:
            InvalidArgumentException: A has not three dimensions, B does not fit, or there are less than three channels
                to reverse.

        PHP: ``LinearAlgebra::imagecopy()``.
        """
        cdef NDArrayPhp a = array_arg(A, "A")
        cdef NDArrayPhp b
        cdef bint first = _flag(channels_first)
        cdef bint vertical = _flag(verticalFlip)
        cdef bint horizontal = _flag(horizontalFlip)
        cdef bint rgb = _flag(rgbFlip)
        cdef Py_ssize_t down = 0 if heightShift is None else heightShift
        cdef Py_ssize_t right = 0 if widthShift is None else widthShift
        cdef Py_ssize_t height, width, channels
        if a.nd != 3:
            raise InvalidArgumentException(f"input array must be 3D.: shape {shape_text(a)} given")
        if B is None:
            b = empty_like(a)
            B = b
        else:
            b = output_arg(B, "B")
            if not same_shape(a, b):
                raise InvalidArgumentException(
                    f"output shape must be transpose matrix of input.: {shape_text(b)} given, {shape_text(a)} expected"
                )
            if b.dt != a.dt:
                raise InvalidArgumentException(
                    f"output data type must be same with matrix of input.: {NAMES[b.dt]} and {NAMES[a.dt]}"
                )
            check_apart(b, a, "B", "A")
        channels = a.dims[0] if first else a.dims[2]
        height = a.dims[1] if first else a.dims[0]
        width = a.dims[2] if first else a.dims[1]
        if rgb and channels < 3:
            raise InvalidArgumentException(f"rgbFlip needs three channels: shape {shape_text(a)} given")
        # a shift beyond the image repeats its border just as one by its whole size does
        down = max(-height, min(height, down))
        right = max(-width, min(width, right))
        if a.n:
            with nogil:
                rk.imagecopy(item_size(a.dt), height, width, channels, a.ptr, b.ptr, first, down, right, vertical,
                             horizontal, rgb)
        return B

    def searchsorted(self, A, X, right=None, dtype=None, Y=None):
        """Where numbers belong in sorted sequences: how many elements of the sequence are smaller.

        Args:
            A: one ascending sequence for all numbers, or a matrix with one for each.
            X: the numbers.
            right: count equal elements too.
            dtype: type of the positions: int32 (the default), int64, uint32 or uint64.
            Y: an array that is filled instead of a new one.

        Returns:
            The array Y, of X's shape.

        Raises:
            InvalidArgumentException: shapes or types do not fit.

        Example:
            >>> la.searchsorted(la.array([1, 3, 5]), la.array([0, 3, 9])).toArray()
            [0, 1, 3]

        PHP: ``LinearAlgebra::searchsorted()``.
        """
        cdef NDArrayPhp a = array_arg(A, "A")
        cdef NDArrayPhp x = array_arg(X, "X")
        cdef NDArrayPhp y
        cdef bint after = _flag(right)
        cdef Py_ssize_t n, step
        cdef int code
        if a.nd != 1 and a.nd != 2:
            raise InvalidArgumentException(f"A must be 1D or 2D NDArray.: shape {shape_text(a)} given")
        if is_complex(a.dt) or is_complex(x.dt):
            raise unsupported(a if is_complex(a.dt) else x, "searchsorted")
        if Y is None:
            code = core.RK_INT32 if dtype is None else dtype_code(dtype)
        else:
            code = output_arg(Y, "Y").dt
        if code != core.RK_INT32 and code != core.RK_INT64 and code != core.RK_UINT32 and code != core.RK_UINT64:
            raise InvalidArgumentException(f"dtype of Y must be int32 or int64: {NAMES[code]} given")
        if Y is None:
            y = empty(code, x.nd, x.dims)
            Y = y
        else:
            y = array_arg(Y, "Y")
            if not same_shape(x, y):
                raise InvalidArgumentException(f"Unmatch shape of dimension: {shape_text(x)},{shape_text(y)}")
            check_apart(y, x, "Y", "X")
            check_apart(y, a, "Y", "A")
        if a.nd == 2 and a.dims[0] != x.n:
            raise InvalidArgumentException(f"Unmatch shape of dimension A,X: {shape_text(a)},{shape_text(x)}")
        n = a.dims[a.nd - 1]
        step = n if a.nd == 2 else 0
        if a.dt != x.dt:
            a = cast_to(a, core.RK_FLOAT64)
            x = cast_to(x, core.RK_FLOAT64)
        if x.n > 256:
            with nogil:
                rk.searchsorted(a.dt, x.n, n, a.ptr, step, x.ptr, 1, after, y.ptr, y.dt, 1)
        else:
            rk.searchsorted(a.dt, x.n, n, a.ptr, step, x.ptr, 1, after, y.ptr, y.dt, 1)
        return Y

    def cumsum(self, inputs, axis=None, exclusive=None, reverse=None, outputs=None):
        """Running sums along one dimension.

        Args:
            inputs: the array.
            axis: the dimension; the first when left out.
            exclusive: each sum without its own element.
            reverse: sums from the end.
            outputs: an array that is filled instead of a new one; may be the inputs.

        Returns:
            The outputs.

        Raises:
            InvalidArgumentException: the axis is out of range or the outputs do not fit.

        Example:
            >>> la.cumsum(la.array([1, 2, 3])).toArray()
            [1.0, 3.0, 6.0]

        PHP: ``LinearAlgebra::cumsum()``.
        """
        cdef NDArrayPhp x = array_arg(inputs, "inputs")
        cdef NDArrayPhp y, made
        cdef bint without = _flag(exclusive)
        cdef bint backwards = _flag(reverse)
        cdef Py_ssize_t outer, inner, n
        cdef int d = _axis_of(x, axis)
        if is_complex(x.dt):
            raise unsupported(x, "cumsum")
        if outputs is None:
            y = empty_like(x)
            outputs = y
        else:
            y = output_arg(outputs, "outputs")
            if not same_shape(x, y):
                raise InvalidArgumentException(f"Unmatch shape of dimension: {shape_text(x)},{shape_text(y)}")
            check_inplace(y, x, "outputs", "inputs")
        if x.n == 0:
            return outputs
        outer = _product(x.dims, 0, d)
        n = x.dims[d]
        inner = _product(x.dims, d + 1, x.nd)
        if x.dt == core.RK_FLOAT16:
            x = cast_to(x, core.RK_FLOAT32)
        made = y if y.dt == x.dt else empty(x.dt, x.nd, x.dims)
        if x.n > LONG:
            with nogil:
                rk.cumsum(x.dt, x.ptr, made.ptr, outer, n, inner, without, backwards)
        else:
            rk.cumsum(x.dt, x.ptr, made.ptr, outer, n, inner, without, backwards)
        _store(made, y)
        return outputs

    def masking(self, mask, data, batchDims=None, axis=None, fill=None, mode=None):
        """Sets the elements of ``data`` that a mask leaves out, in place.

        Args:
            mask: truth values; false leaves an element out.
            data: the array that is changed.
            batchDims: how many leading dimensions mask and data have in common; 0 by default.
            axis: where the other dimensions of the mask stand in data; batchDims by default.
            fill: the new value; 0 by default.
            mode: 0 sets the value (the default), 1 adds it.

        Shapes:
            mask: (batches, k); data: (batches, n, k, len), where each letter may stand for several dimensions or
            none; k begins at the axis.

        Returns:
            The data.

        Raises:
            InvalidArgumentException: shapes do not fit, or the mask holds no truth values.

        Example:
            >>> from rindow_math.matrix import NDArray
            >>> la.masking(la.array([True, False], NDArray.bool), la.array([[1, 2], [3, 4]]), axis=1, fill=-1).toArray()
            [[1.0, -1.0], [3.0, -1.0]]

        PHP: ``LinearAlgebra::masking()``.
        """
        cdef NDArrayPhp x = array_arg(mask, "mask")
        cdef NDArrayPhp a = output_arg(data, "data")
        cdef Py_ssize_t batch = 0 if batchDims is None else batchDims
        cdef Py_ssize_t d, m, n, k, length
        cdef double value = 0.0 if fill is None else fill
        cdef bint add = mode is not None and mode != 0
        cdef int i
        if x.dt != core.RK_BOOL:
            raise InvalidArgumentException(f"dtype of mask must be bool.: {NAMES[x.dt]}")
        if batch < 0:
            batch += a.nd
        if batch > a.nd or batch < 0:
            raise InvalidArgumentException(f"batchDims ({batch}) must be less than dims of data ({a.nd}) or equal.")
        d = batch if axis is None else axis
        if d < 0:
            d += a.nd
        if d > a.nd or d < 0:
            raise InvalidArgumentException(f"axis ({d}) must be less than to ndims of data ({a.nd})")
        if batch > d:
            if d != 0:
                raise InvalidArgumentException(f"batchDims ({batch}) must be less than or equal to axis ({d})")
            batch = 0
        if x.nd < batch:
            raise InvalidArgumentException(
                f"batchDims ({batch}) must be less than or equal to ndims of mask ({x.nd})"
            )
        if mode is not None and mode not in (0, 1):
            raise InvalidArgumentException(f"mode must be 0 or 1: {mode!r} given")
        for i in range(batch):
            if a.dims[i] != x.dims[i]:
                raise InvalidArgumentException(
                    f"Unmatch dimension outer shape.: mask{shape_text(x)} => data{shape_text(a)}"
                )
        if d + x.nd - batch > a.nd or any([a.dims[d + i] != x.dims[batch + i] for i in range(x.nd - batch)]):
            raise InvalidArgumentException(
                f"Unmatch dimension inner shape.: mask{shape_text(x)} => data{shape_text(a)}"
            )
        m = _product(a.dims, 0, <int>batch)
        n = _product(a.dims, <int>batch, <int>d)
        k = _product(x.dims, <int>batch, x.nd)
        length = _product(a.dims, <int>(d + x.nd - batch), a.nd)
        # a mask as long as rows go by in one run
        if n == 1:
            k *= m
            m = 1
        elif k == 1:
            k = m
            length *= n
            m = 1
            n = 1
        if overlapping(x, a):
            x = copy_of(x)
        if m == 1 and n == 1 and a.n > LONG:
            with nogil:
                _mask_long(a, x, k, length, value, add)
        elif a.n > LONG:
            with nogil:
                rk.masking(a.dt, m, n, k, length, value, add, x.ptr, a.ptr)
        elif a.n:
            rk.masking(a.dt, m, n, k, length, value, add, x.ptr, a.ptr)
        return data


cdef object _zeros_of(object shape, object updates):
    """A new array of zeros of the updates' type."""
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef int nd = read_shape(shape, dims)
    return _zeros(array_arg(updates, "updates").dt, nd, dims)


cdef void _mask_long(NDArrayPhp a, NDArrayPhp x, Py_ssize_t k, Py_ssize_t length, double value,
                     bint add) noexcept nogil:
    """One long mask in pieces, so that several threads can share it."""
    cdef Py_ssize_t piece = 4096 // length if length < 4096 else 1
    cdef Py_ssize_t whole = k // piece
    cdef Py_ssize_t at = whole * piece
    rk.masking(a.dt, whole, 1, piece, length, value, add, x.ptr, a.ptr)
    if at < k:
        rk.masking(a.dt, 1, 1, k - at, length, value, add, x.ptr + at, a.ptr + at * length * item_size(a.dt))
