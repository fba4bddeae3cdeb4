"""The part of LinearAlgebra that is BLAS, LAPACK, products of arrays, numbers from whole arrays, and configuration.

Matrix products run on the library's own kernels, whose results do not depend on the number of threads; scipy's LAPACK
is loaded when ``svd`` or ``solve`` first need it.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.math cimport fabs, hypot, isfinite
from libc.stddef cimport ptrdiff_t

import numbers
import re

import numpy as np

from rindow_math.exceptions import InvalidArgumentException, RuntimeException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport (
    Buffer, dtype_code, is_complex, is_float, is_int, item_size, load_item, store_item,
)
from rindow_math.matrix.complexnumber import Complex
from rindow_math.matrix.drivers import Service
from rindow_math.matrix.phpformat import sprintf
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.kernels.lapack cimport lapack_api
from rindow_math.matrix.linearalgebra.common cimport (
    LONG, array_arg, check_apart, check_filled, check_inplace, check_same_shape, check_same_type, number_arg,
    output_arg, text_of, unsupported,
)
from rindow_math.matrix.ndarray cimport (
    MAX_DIMS, NDArray, NDArrayPhp, as_numpy, cast_to, copy_of, empty, empty_like, empty_typed,
    from_python, full, raw, read_shape, same_shape, shape_text,
)

cdef extern from "rk_level1.h" nogil:
    void rk_rotg(double* a, double* b, double* c, double* s, double safe)
    void rk_rotmg(double* d1, double* d2, double* x1, double y1, double* p)
    void rk_rot_f32(ptrdiff_t n, float* x, ptrdiff_t incx, float* y, ptrdiff_t incy, float c, float s)
    void rk_rot_f64(ptrdiff_t n, double* x, ptrdiff_t incx, double* y, ptrdiff_t incy, double c, double s)
    void rk_rotm_f32(ptrdiff_t n, float* x, ptrdiff_t incx, float* y, ptrdiff_t incy, const float* p)
    void rk_rotm_f64(ptrdiff_t n, double* x, ptrdiff_t incx, double* y, ptrdiff_t incy, const double* p)
    ptrdiff_t rk_search_f32(int largest, int modulus, int skip, ptrdiff_t n, const float* x, ptrdiff_t inc)
    ptrdiff_t rk_search_f64(int largest, int modulus, int skip, ptrdiff_t n, const double* x, ptrdiff_t inc)
    double rk_distance_f32(ptrdiff_t n, const float* a, const float* b)
    double rk_distance_f64(ptrdiff_t n, const double* a, const double* b)
    void rk_swap(size_t size, char* x, char* y)

cdef const core.rk_api* rk = core.table()
cdef const lapack_api* _lapack = NULL


cdef const lapack_api* _library() except NULL:
    """scipy's LAPACK; the first call imports scipy.linalg."""
    global _lapack
    if _lapack == NULL:
        from rindow_math.matrix.kernels import lapack

        _lapack = <const lapack_api*>PyCapsule_GetPointer(lapack.table(), "rindow_math.lapack")
    return _lapack


# ------------------------------------------------------------------------------------------------ products

cdef int _check_numbers(NDArrayPhp x, str name) except -1:
    if not (x.dt == core.RK_FLOAT32 or x.dt == core.RK_FLOAT64 or is_int(x.dt) or is_complex(x.dt)):
        raise unsupported(x, name)
    return 0


cdef int _factors(object alpha, object beta, int dtype, double* a, double* b) except -1:
    """Reads alpha (1 by default) and beta (0 by default) of a product."""
    number_arg(alpha, dtype, 1.0, a, "alpha")
    number_arg(beta, dtype, 0.0, b, "beta")
    if is_int(dtype) and not (-9.2e18 < a[0] < 9.2e18 and a[0] == <double><long long>a[0]
                              and -9.2e18 < b[0] < 9.2e18 and b[0] == <double><long long>b[0]):
        raise InvalidArgumentException(
            f"alpha and beta of a product of {NAMES[dtype]} must be whole numbers: {alpha} and {beta} given"
        )
    return 0


cdef inline bint _flag(object value):
    return value is not None and (value is True or (value is not False and bool(value)))


cdef inline bint _conjugate(object conj, bint trans, int dtype):
    """Whether elements are conjugated: only complex ones, by default when the matrix is transposed."""
    if not is_complex(dtype):
        return False
    return trans if conj is None else _flag(conj)


cdef struct Product:
    # c (m, n) = alpha op(a) op(b) + beta c, for every pair of indexes below `batches`
    int dt
    int size
    bint ta, tb, ca, cb
    ptrdiff_t m, n, k, lda, ldb, ldc
    ptrdiff_t[2] batches
    ptrdiff_t[2] step_a
    ptrdiff_t[2] step_b
    ptrdiff_t[2] step_c
    double[2] alpha
    double[2] beta


cdef void _run(Product* p, const char* a, const char* b, char* c) noexcept nogil:
    cdef ptrdiff_t i, j
    if p.m == 0 or p.n == 0 or p.batches[0] == 0 or p.batches[1] == 0:
        return
    if p.dt == core.RK_FLOAT32:
        if p.batches[0] == 1 and p.batches[1] == 1:
            rk.sgemm(p.ta, p.tb, p.m, p.n, p.k, <float>p.alpha[0], <const float*>a, p.lda, <const float*>b, p.ldb,
                     <float>p.beta[0], <float*>c, p.ldc, NULL, core.RK_EPI_NONE)
            return
        for i in range(p.batches[0]):
            rk.sgemm_batch(p.batches[1], p.ta, p.tb, p.m, p.n, p.k, <float>p.alpha[0],
                           <const float*>a + i * p.step_a[0], p.lda, p.step_a[1],
                           <const float*>b + i * p.step_b[0], p.ldb, p.step_b[1], <float>p.beta[0],
                           <float*>c + i * p.step_c[0], p.ldc, p.step_c[1])
    elif p.dt == core.RK_FLOAT64:
        if p.batches[0] == 1 and p.batches[1] == 1:
            rk.dgemm(p.ta, p.tb, p.m, p.n, p.k, p.alpha[0], <const double*>a, p.lda, <const double*>b, p.ldb,
                     p.beta[0], <double*>c, p.ldc, NULL, core.RK_EPI_NONE)
            return
        for i in range(p.batches[0]):
            rk.dgemm_batch(p.batches[1], p.ta, p.tb, p.m, p.n, p.k, p.alpha[0],
                           <const double*>a + i * p.step_a[0], p.lda, p.step_a[1],
                           <const double*>b + i * p.step_b[0], p.ldb, p.step_b[1], p.beta[0],
                           <double*>c + i * p.step_c[0], p.ldc, p.step_c[1])
    else:
        for i in range(p.batches[0]):
            for j in range(p.batches[1]):
                rk.xgemm(p.dt, p.ta, p.tb, p.ca, p.cb, p.m, p.n, p.k, p.alpha,
                         a + (i * p.step_a[0] + j * p.step_a[1]) * p.size, p.lda,
                         b + (i * p.step_b[0] + j * p.step_b[1]) * p.size, p.ldb, p.beta,
                         c + (i * p.step_c[0] + j * p.step_c[1]) * p.size, p.ldc)


cdef int _multiply(Product* p, NDArrayPhp a, NDArrayPhp b, NDArrayPhp c) except -1:
    """Runs a product; without the interpreter's lock when it is long."""
    cdef const char* pa = a.ptr
    cdef const char* pb = b.ptr
    cdef char* pc = c.ptr
    if p.k == 0:
        rk.scal(c.dt, c.n, p.beta[0], p.beta[1], pc, 1)
        if p.beta[0] == 0 and p.beta[1] == 0:
            _zero(c)
    elif p.batches[0] * p.batches[1] * p.m * p.n * p.k > LONG:
        with nogil:
            _run(p, pa, pb, pc)
    else:
        _run(p, pa, pb, pc)
    return 0


cdef void _run_vector(Product* p, ptrdiff_t rows, const char* a, const char* x, char* y) noexcept nogil:
    """y = alpha op(a) x + beta y for floats; a has `rows` rows in memory."""
    if p.dt == core.RK_FLOAT32:
        rk.sgemv(p.ta, rows, p.lda, <float>p.alpha[0], <const float*>a, p.lda, <const float*>x, 1, <float>p.beta[0],
                 <float*>y, 1)
    else:
        rk.dgemv(p.ta, rows, p.lda, p.alpha[0], <const double*>a, p.lda, <const double*>x, 1, p.beta[0], <double*>y, 1)


cdef void _zero(NDArrayPhp a) noexcept:
    cdef char[16] nothing = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    rk.fill(item_size(a.dt), nothing, a.ptr, a.n, 1)


cdef int _prepare(Product* p, NDArrayPhp a, NDArrayPhp b, object alpha, object beta, object transA, object transB,
                  object conjA, object conjB) except -1:
    """Reads the arguments that gemm and matmul share; a single product."""
    check_same_type(a, b, "A", "B")
    _check_numbers(a, "A")
    p.dt = a.dt
    p.size = item_size(a.dt)
    p.ta = _flag(transA)
    p.tb = _flag(transB)
    p.ca = _conjugate(conjA, p.ta, a.dt)
    p.cb = _conjugate(conjB, p.tb, b.dt)
    _factors(alpha, beta, a.dt, p.alpha, p.beta)
    p.batches[0] = 1
    p.batches[1] = 1
    p.step_a[0] = p.step_a[1] = p.step_b[0] = p.step_b[1] = p.step_c[0] = p.step_c[1] = 0
    return 0


cdef void _sizes(Product* p, NDArrayPhp a, NDArrayPhp b, ptrdiff_t* inner) noexcept:
    """Sizes of op(a) op(b) of the last two dimensions; inner receives the rows of op(b)."""
    p.m = a.dims[a.nd - 1] if p.ta else a.dims[a.nd - 2]
    p.k = a.dims[a.nd - 2] if p.ta else a.dims[a.nd - 1]
    p.n = b.dims[b.nd - 2] if p.tb else b.dims[b.nd - 1]
    inner[0] = b.dims[b.nd - 1] if p.tb else b.dims[b.nd - 2]
    p.lda = a.dims[a.nd - 1]
    p.ldb = b.dims[b.nd - 1]
    p.ldc = p.n


cdef int _check_field(NDArrayPhp a, str name) except -1:
    """The routines for symmetric and triangular matrices have floats and complex numbers."""
    if not (a.dt == core.RK_FLOAT32 or a.dt == core.RK_FLOAT64 or is_complex(a.dt)):
        raise unsupported(a, name)
    return 0


cdef int _check_lapack(NDArrayPhp a, str name) except -1:
    """scipy's LAPACK has sizes of a limited width."""
    for i in range(a.nd):
        if a.dims[i] > _library().largest:
            raise InvalidArgumentException(f"{name} of shape {shape_text(a)} is too large for this LAPACK")
    return 0


cdef int _check_matrices(NDArrayPhp a, NDArrayPhp b) except -1:
    if a.nd != 2 or b.nd != 2:
        raise InvalidArgumentException(
            f"Dimensions must be 2D-NDArray: shapes {shape_text(a)} and {shape_text(b)} given"
        )
    return 0


# -------------------------------------------------------------------------------- numbers from whole arrays

cdef ptrdiff_t _search(NDArrayPhp x, bint largest, bint modulus) except -1:
    return _search_at(x.ptr, x.dt, x.n, 1, largest, modulus)


cdef ptrdiff_t _search_at(const char* x, int dt, ptrdiff_t n, ptrdiff_t inc, bint largest, bint modulus) except -1:
    """Position of the first extreme. Comparisons with nan are false, as in the original: a nan is passed over,
    but one at the front stays, except for the largest element without modulus."""
    cdef int op
    cdef ptrdiff_t found
    if n < 1:
        raise InvalidArgumentException("Argument n must be greater than 0.: an empty array has no extreme")
    if is_complex(dt) and modulus:
        with nogil:
            found = rk.complex_arg(dt, largest, n, x, inc)
        return found
    if is_complex(dt) or dt == core.RK_FLOAT16:
        raise InvalidArgumentException(f"Unsuppored data type.: X of {NAMES[dt]}")
    if modulus:
        op = core.RK_ARGAMAX if largest else core.RK_ARGAMIN
    else:
        op = core.RK_ARGMAX if largest else core.RK_ARGMIN
    with nogil:
        found = rk.arg_all(op, dt, n, x, inc)
        # the kernels let nan win
        if dt == core.RK_FLOAT32:
            if (<const float*>x)[found * inc] != (<const float*>x)[found * inc]:
                found = rk_search_f32(largest, modulus, largest and not modulus, n, <const float*>x, inc)
        elif dt == core.RK_FLOAT64:
            if (<const double*>x)[found * inc] != (<const double*>x)[found * inc]:
                found = rk_search_f64(largest, modulus, largest and not modulus, n, <const double*>x, inc)
    return found


cdef double _modulus(NDArrayPhp x, ptrdiff_t i):
    """|x[i]|"""
    cdef char* p = x.ptr + i * item_size(x.dt)
    if x.dt == core.RK_COMPLEX64:
        return hypot((<float*>p)[0], (<float*>p)[1])
    if x.dt == core.RK_COMPLEX128:
        return hypot((<double*>p)[0], (<double*>p)[1])
    if x.dt == core.RK_FLOAT32:
        return fabs((<float*>p)[0])
    if x.dt == core.RK_FLOAT64:
        return fabs((<double*>p)[0])
    return fabs(load_item(p, x.dt))


cdef double _largest(NDArrayPhp x) except? -1.0:
    return _modulus(x, _search(x, True, True))


cdef double _sum(NDArrayPhp x) except? -1.0:
    cdef double result
    if is_complex(x.dt) or x.dt == core.RK_FLOAT16:
        raise unsupported(x, "X")
    if x.n <= LONG:
        return rk.sum_all(x.dt, x.n, x.ptr, 1)
    with nogil:
        result = rk.sum_all(x.dt, x.n, x.ptr, 1)
    return result


cdef double _element(NDArrayPhp x, str name) except? -1.0:
    """The first element of a float array."""
    if x.n < 1:
        raise InvalidArgumentException(f"{name} must have one element: shape {shape_text(x)} given")
    if x.dt == core.RK_FLOAT32:
        return (<float*>x.ptr)[0]
    if x.dt == core.RK_FLOAT64:
        return (<double*>x.ptr)[0]
    raise unsupported(x, name)


cdef void _put(char* p, int dt, double value) noexcept:
    if dt == core.RK_FLOAT32:
        (<float*>p)[0] = <float>value
    else:
        (<double*>p)[0] = value


cdef int _check_real(NDArrayPhp x, str name) except -1:
    if x.dt != core.RK_FLOAT32 and x.dt != core.RK_FLOAT64:
        raise unsupported(x, name)
    return 0


cdef NDArrayPhp _vector(int dt, Py_ssize_t n, double value):
    return full(dt, 1, &n, value)


cdef int _rotate(char* x, char* y, int dt, ptrdiff_t n, ptrdiff_t inc, double c, double s) except -1:
    with nogil:
        if dt == core.RK_FLOAT32:
            rk_rot_f32(n, <float*>x, inc, <float*>y, inc, <float>c, <float>s)
        else:
            rk_rot_f64(n, <double*>x, inc, <double*>y, inc, c, s)
    return 0


cdef int _rotate_modified(char* x, char* y, int dt, ptrdiff_t n, ptrdiff_t inc, const char* p) except -1:
    with nogil:
        if dt == core.RK_FLOAT32:
            rk_rotm_f32(n, <float*>x, inc, <float*>y, inc, <const float*>p)
        else:
            rk_rotm_f64(n, <double*>x, inc, <double*>y, inc, <const double*>p)
    return 0


cdef void _make_modified(char* d1, char* d2, char* x1, double y1, char* p, int dt) noexcept:
    """rotmg on elements of type dt; p holds five of them."""
    cdef double[5] params
    cdef double a, b, x
    cdef int i
    for i in range(5):
        params[i] = (<float*>p)[i] if dt == core.RK_FLOAT32 else (<double*>p)[i]
    a = (<float*>d1)[0] if dt == core.RK_FLOAT32 else (<double*>d1)[0]
    b = (<float*>d2)[0] if dt == core.RK_FLOAT32 else (<double*>d2)[0]
    x = (<float*>x1)[0] if dt == core.RK_FLOAT32 else (<double*>x1)[0]
    rk_rotmg(&a, &b, &x, y1, params)
    _put(d1, dt, a)
    _put(d2, dt, b)
    _put(x1, dt, x)
    for i in range(5):
        _put(p + i * item_size(dt), dt, params[i])


cdef void _make_rotation(char* r, char* z, char* c, char* s, int dt, double x, double y) noexcept:
    cdef double cosine, sine
    rk_rotg(&x, &y, &cosine, &sine, 1e-37 if dt == core.RK_FLOAT32 else 2.2250738585072014e-308)
    _put(r, dt, x)
    _put(z, dt, y)
    _put(c, dt, cosine)
    _put(s, dt, sine)


cdef NDArrayPhp _points(object vectors):
    """The argument of rotxy and rotmxy: rows (x, y)."""
    cdef NDArrayPhp v = output_arg(vectors, "vectors")
    if v.nd != 2:
        raise InvalidArgumentException(f"vectors must be 2D-NDArray: {text_of(v)} given.")
    if v.dims[1] != 2:
        raise InvalidArgumentException(f"Vectors must be Vectors-NDArray: {text_of(v)} given.")
    _check_real(v, "vectors")
    return v


cdef int _check_length(NDArrayPhp x, Py_ssize_t n, str message) except -1:
    if x.nd != 1 or x.dims[0] != n:
        raise InvalidArgumentException(f"{message}: {text_of(x)} given.")
    return 0


# -------------------------------------------------------------------------------------------------- einsum

cdef object _pattern = re.compile(r"([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)")


cdef class _Equation:
    """A parsed equation: the labels of both operands, numbered so that those of the result come first, in order."""

    cdef list labels
    cdef int[3] ranks
    cdef int[MAX_DIMS] a
    cdef int[MAX_DIMS] b
    cdef int count
    cdef str text


cdef struct Index:
    # an index of a contraction, or several that run through memory as one
    ptrdiff_t size, a, b, c


cdef str _shape_list(object shape):
    return ",".join(map(str, shape))


cdef tuple _parse(str equation, NDArrayPhp a, NDArrayPhp b):
    """Sizes of all indexes, labels of a, b and the result as numbers, shape of the result."""
    equation = equation.replace(" ", "")
    found = _pattern.search(equation)
    if found is None:
        raise InvalidArgumentException(f"Not recognized as an equation: '{equation}'")
    cdef list texts = list(found.groups())
    for name, text, x in (("A", texts[0], a), ("B", texts[1], b)):
        if (<NDArrayPhp>x).nd != len(text):
            raise InvalidArgumentException(
                f"The rank of array {name} does not match the equation: '{equation}', but {shape_text(x)} given."
            )
    cdef dict sizes = {}
    for text, x in zip(texts, (a, b)):
        for letter, size in zip(text, x.shape()):
            if sizes.setdefault(letter, size) != size:
                raise InvalidArgumentException(
                    f"Unmatch shapes in index letter '{letter}' in equation:'{equation}', but shapes "
                    f"{shape_text(a)},{shape_text(b)} given."
                )
    cdef dict order = {}
    for letter in texts[2]:
        if letter not in sizes or letter in order:
            raise InvalidArgumentException(f"Target index letter '{letter}' not found in inputs.:'{equation}'")
        order[letter] = len(order)
    for letter in sizes:
        order.setdefault(letter, len(order))
    return (
        [sizes[letter] for letter in order],
        [[order[letter] for letter in text] for text in texts],
        [sizes[letter] for letter in texts[2]],
    )


cdef list _build_dims(str equation, list shape_a, list label_a, list shape_b, list label_b):
    """Sizes of all indexes of an equation that is known, for new operands."""
    cdef dict sizes = {}
    for name, shape, labels in (("A", shape_a, label_a), ("B", shape_b, label_b)):
        if len(shape) != len(labels):
            raise InvalidArgumentException(f"Invalid rank of arg {name}.: ({_shape_list(shape)}), '{equation}' given.")
    for shape, labels in ((shape_a, label_a), (shape_b, label_b)):
        for size, label in zip(shape, labels):
            if sizes.setdefault(label, size) != size:
                raise InvalidArgumentException(
                    f"Invalid shape of args: a({_shape_list(shape_a)}),b({_shape_list(shape_b)}), '{equation}' given."
                )
    return [sizes[label] for label in sorted(sizes)]


cdef _Equation _compile(str equation, list labels):
    cdef _Equation e = _Equation.__new__(_Equation)
    e.labels = labels
    e.ranks[0] = len(labels[0])
    e.ranks[1] = len(labels[1])
    e.ranks[2] = len(labels[2])
    e.count = max(max(labels[0]), max(labels[1])) + 1
    if e.count > MAX_DIMS:
        raise InvalidArgumentException(f"an equation has at most {MAX_DIMS} index letters: '{equation}'")
    for i in range(e.ranks[0]):
        e.a[i] = labels[0][i]
    for i in range(e.ranks[1]):
        e.b[i] = labels[1][i]
    e.text = _pattern.search(equation.replace(" ", "")).group(0)
    return e


cdef int _read_sizes(_Equation e, NDArrayPhp a, NDArrayPhp b, str equation, Py_ssize_t* sizes) except -1:
    cdef int i
    cdef bint fits = a.nd == e.ranks[0] and b.nd == e.ranks[1]
    if fits:
        for i in range(e.count):
            sizes[i] = -1
        for i in range(a.nd):
            if sizes[e.a[i]] != -1 and sizes[e.a[i]] != a.dims[i]:
                fits = False
            sizes[e.a[i]] = a.dims[i]
        for i in range(b.nd):
            if sizes[e.b[i]] != -1 and sizes[e.b[i]] != b.dims[i]:
                fits = False
            sizes[e.b[i]] = b.dims[i]
    if not fits:
        _build_dims(equation, a.shape(), e.labels[0], b.shape(), e.labels[1])
    return 0


cdef inline void _push(Index* group, int* count, Index x, bint in_a, bint in_b, bint in_c) noexcept:
    """Adds an index to a group; where memory allows it, as a continuation of the last one."""
    cdef Index* last
    if count[0]:
        last = group + count[0] - 1
        if ((not in_a or last.a == x.a * x.size) and (not in_b or last.b == x.b * x.size)
                and (not in_c or last.c == x.c * x.size)):
            last.size *= x.size
            last.a = x.a
            last.b = x.b
            last.c = x.c
            return
    group[count[0]] = x
    count[0] += 1


cdef inline Index _choice(Index* group, int count, int i) noexcept:
    """Index i of a group; of an empty one, an index of one value."""
    cdef Index none
    if count:
        return group[i]
    none.size = 1
    none.a = none.b = none.c = 0
    return none


cdef bint _matrix_form(Product* p, Index row, Index col, Index inner) noexcept:
    """Whether memory has this contraction as a product of matrices; fills in the orders."""
    if inner.a == 1:
        p.ta = False
        p.lda = row.a if row.size > 1 else inner.size
    elif row.size == 1 or row.a == 1:
        p.ta = True
        p.lda = inner.a
    else:
        return False
    if col.size == 1 or col.b == 1:
        p.tb = False
        p.ldb = inner.b
    elif inner.b == 1:
        p.tb = True
        p.ldb = col.b
    else:
        return False
    if col.size > 1 and col.c != 1:
        return False
    p.ldc = row.c if row.size > 1 else col.size
    p.m = row.size
    p.n = col.size
    p.k = inner.size
    return True


cdef int _contract(_Equation e, NDArrayPhp a, NDArrayPhp b, NDArrayPhp c, const Py_ssize_t* sizes) except -1:
    """c = the sum over all indexes that c lacks of a b."""
    cdef ptrdiff_t[MAX_DIMS] sa
    cdef ptrdiff_t[MAX_DIMS] sb
    cdef ptrdiff_t[MAX_DIMS] dims
    cdef ptrdiff_t[MAX_DIMS] step_a
    cdef ptrdiff_t[MAX_DIMS] step_b
    cdef bint[MAX_DIMS] in_a
    cdef bint[MAX_DIMS] in_b
    cdef Index[MAX_DIMS] batch
    cdef Index[MAX_DIMS] rows
    cdef Index[MAX_DIMS] cols
    cdef Index[MAX_DIMS] inner
    cdef int batches = 0, row_count = 0, col_count = 0, inner_count = 0
    cdef Index x
    cdef ptrdiff_t step
    cdef int i, at, nd
    cdef bint summed = False
    cdef bint plain = True
    for i in range(e.count):
        sa[i] = 0
        sb[i] = 0
        in_a[i] = False
        in_b[i] = False
    if c.n == 0:
        return 0
    for i in range(e.count):
        if sizes[i] == 0:
            _zero(c)
            return 0
    step = 1
    for i in range(a.nd - 1, -1, -1):
        sa[e.a[i]] += step
        in_a[e.a[i]] = True
        step *= a.dims[i]
    step = 1
    for i in range(b.nd - 1, -1, -1):
        sb[e.b[i]] += step
        in_b[e.b[i]] = True
        step *= b.dims[i]
    # indexes of one value take no part; those of c are visited from the first to the last
    step = c.n
    nd = 0
    for i in range(e.count):
        if sizes[i] == 1:
            continue
        x.size = sizes[i]
        x.a = sa[i]
        x.b = sb[i]
        x.c = 0
        if i < e.ranks[2]:
            step //= x.size
            x.c = step
            dims[nd] = x.size
            step_a[nd] = x.a
            step_b[nd] = x.b
            nd += 1
            if in_a[i] and in_b[i]:
                _push(batch, &batches, x, True, True, True)
            elif in_a[i]:
                _push(rows, &row_count, x, True, False, True)
            else:
                _push(cols, &col_count, x, False, True, True)
        else:
            summed = True
            if not (in_a[i] and in_b[i]):
                plain = False
            at = inner_count
            # in the order in which a has them, so that neighbours in both can become one
            while at > 0 and inner[at - 1].a < x.a:
                inner[at] = inner[at - 1]
                at -= 1
            inner[at] = x
            inner_count += 1
    if not summed and not is_complex(a.dt):
        if nd == 0:
            dims[0] = 1
            step_a[0] = step_b[0] = 0
            nd = 1
        with nogil:
            rk.binary(core.RK_MUL, a.dt, nd, dims, a.ptr, step_a, b.ptr, step_b, c.ptr, 0)
        return 0
    if summed and plain and _contract_products(a, b, c, batch, batches, rows, row_count, cols, col_count, inner,
                                               inner_count):
        return 0
    np.einsum(e.text, as_numpy(a), as_numpy(b), out=as_numpy(c))
    return 0


cdef bint _contract_products(NDArrayPhp a, NDArrayPhp b, NDArrayPhp c, Index* batch, int batches, Index* rows,
                             int row_count, Index* cols, int col_count, Index* inner, int inner_count) except -1:
    """Contracts by matrix products, if one index of each kind makes matrices; the others are looped over."""
    cdef Index[MAX_DIMS] joined
    cdef Index[3 * MAX_DIMS] outer
    cdef Index[MAX_DIMS] more
    cdef Index row, col, deep, held
    cdef Product p, trial
    cdef int joined_count = 0, outer_count = 0, more_count = 0
    cdef int i, j, k, best_i = -1, best_j = 0, best_k = 0
    cdef bint swapped = False
    cdef int swap
    cdef ptrdiff_t best = -1
    cdef ptrdiff_t loops = 1, sums = 1, at, rest, pa, pb, pc, s, qa, qb
    cdef const char* first
    cdef const char* second
    cdef char* third = c.ptr
    cdef int size = item_size(c.dt)
    for i in range(inner_count):
        _push(joined, &joined_count, inner[i], True, True, False)
    trial.dt = c.dt
    trial.size = size
    trial.ca = trial.cb = False
    trial.alpha[0] = 1.0
    trial.alpha[1] = trial.beta[0] = trial.beta[1] = 0.0
    p = trial
    for swap in range(2):
        for i in range(max(row_count, 1)):
            for j in range(max(col_count, 1)):
                for k in range(joined_count):
                    row = _choice(rows, row_count, i)
                    col = _choice(cols, col_count, j)
                    deep = joined[k]
                    if swap:
                        held = row
                        row = col
                        col = held
                        row.a, row.b = row.b, row.a
                        col.a, col.b = col.b, col.a
                        deep.a, deep.b = deep.b, deep.a
                    if row.size * col.size * deep.size > best and _matrix_form(&trial, row, col, deep):
                        best = row.size * col.size * deep.size
                        best_i = i
                        best_j = j
                        best_k = k
                        swapped = swap
                        p = trial
    if best_i < 0:
        return False
    if p.m == 1 and p.n == 1 and not (joined[best_k].a == 1 and joined[best_k].b == 1):
        return False  # products of columns: numpy goes along the rows
    for i in range(batches):
        outer[outer_count] = batch[i]
        outer_count += 1
    for i in range(row_count):
        if i != best_i:
            outer[outer_count] = rows[i]
            outer_count += 1
    for i in range(col_count):
        if i != best_j:
            outer[outer_count] = cols[i]
            outer_count += 1
    for i in range(joined_count):
        if i != best_k:
            more[more_count] = joined[i]
            sums *= joined[i].size
            more_count += 1
    if swapped:
        first = b.ptr
        second = a.ptr
        for i in range(outer_count):
            outer[i].a, outer[i].b = outer[i].b, outer[i].a
        for i in range(more_count):
            more[i].a, more[i].b = more[i].b, more[i].a
    else:
        first = a.ptr
        second = b.ptr
    # the last two loops are the kernel's
    for i in range(2):
        p.batches[i] = 1
        p.step_a[i] = p.step_b[i] = p.step_c[i] = 0
        at = outer_count - 2 + i
        if at >= 0:
            p.batches[i] = outer[at].size
            p.step_a[i] = outer[at].a
            p.step_b[i] = outer[at].b
            p.step_c[i] = outer[at].c
    outer_count -= 2
    for i in range(outer_count):
        loops *= outer[i].size
    with nogil:
        for at in range(loops):
            rest = at
            pa = pb = pc = 0
            for i in range(outer_count - 1, -1, -1):
                pa += rest % outer[i].size * outer[i].a
                pb += rest % outer[i].size * outer[i].b
                pc += rest % outer[i].size * outer[i].c
                rest //= outer[i].size
            for s in range(sums):
                rest = s
                qa = pa
                qb = pb
                for i in range(more_count - 1, -1, -1):
                    qa += rest % more[i].size * more[i].a
                    qb += rest % more[i].size * more[i].b
                    rest //= more[i].size
                p.beta[0] = 1.0 if s else 0.0
                _run(&p, first + qa * size, second + qb * size, third + pc * size)
    return True


cdef NDArrayPhp _einsum(dict cache, str equation, object a, object b, object c, bint limited):
    cdef NDArrayPhp x = array_arg(a, "a")
    cdef NDArrayPhp y = array_arg(b, "b")
    cdef NDArrayPhp z
    cdef Py_ssize_t[MAX_DIMS] sizes
    cdef int i
    cdef bint fits
    cdef _Equation e = <_Equation>cache.get(equation)
    if e is None:
        dims, labels, _shape = _parse(equation, x, y)
        if limited:
            _check_4p1(equation, x, y, dims, labels)
        e = _compile(equation, labels)
        cache[equation] = e
    _read_sizes(e, x, y, equation, sizes)
    check_same_type(x, y, "a", "b")
    _check_numbers(x, "a")
    if c is None:
        z = empty(x.dt, e.ranks[2], sizes)
    else:
        z = output_arg(c, "c")
        fits = z.nd == e.ranks[2]
        if fits:
            for i in range(z.nd):
                if z.dims[i] != sizes[i]:
                    fits = False
        if not fits:
            raise InvalidArgumentException(
                f"unmatch shape of C. the shape must be ({_shape_list([sizes[i] for i in range(e.ranks[2])])}). "
                f"{shape_text(z)} given."
            )
        check_same_type(x, z, "a", "c")
        check_apart(z, x, "c", "a")
        check_apart(z, y, "c", "b")
    _contract(e, x, y, z, sizes)
    return z


cdef int _check_4p1(str equation, NDArrayPhp a, NDArrayPhp b, list dims, list labels) except -1:
    """einsum4p1 knows four indexes in the result and one summed."""
    cdef int summed = len(dims) - len(labels[2])
    cdef int most = 4 + summed
    if len(labels[2]) > 4:
        raise InvalidArgumentException(
            f"rank of C must be less than 4D or equal. ({_shape_list(dims[:len(labels[2])])}) given."
        )
    if summed > 1:
        raise InvalidArgumentException(
            f"rank of overlay dims must be less than 1D or equal. '{equation}' and {summed} sum dims given."
        )
    if len(dims) > most:
        raise InvalidArgumentException(f"dims must be less than {most}D or equal.")
    for name, x, label in (("A", a, labels[0]), ("B", b, labels[1])):
        if len(label) > most:
            raise InvalidArgumentException(
                f"rank of {name} must be less than {most}D or equal. {shape_text(x)} given."
            )
    return 0


# ------------------------------------------------------------------------------------- matrices and systems

cdef enum:
    SMALL_SYSTEM = 128  # order up to which float32 systems are solved in float64, which costs next to nothing
    # Order up to which singular values are found by QR iteration, as in the original, whose signs of the vectors it
    # reproduces; above, by divide and conquer, which is faster from there on.
    SMALL_SVD = 25


cdef NDArrayPhp _matrix(int dt, Py_ssize_t rows, Py_ssize_t cols):
    cdef Py_ssize_t[2] dims = [rows, cols]
    return empty(dt, 2, dims)


cdef NDArrayPhp _transposed(NDArrayPhp a):
    cdef NDArrayPhp b = _matrix(a.dt, a.dims[1], a.dims[0])
    cdef int[2] perm = [1, 0]
    rk.transpose(item_size(a.dt), 2, <const ptrdiff_t*>a.dims, perm, a.ptr, b.ptr)
    return b


cdef NDArrayPhp _square_output(object C, NDArrayPhp a, Py_ssize_t n):
    """The result of syrk and syr2k, of which only a triangle is written."""
    cdef NDArrayPhp c
    if C is None:
        c = _matrix(a.dt, n, n)
        _zero(c)
        return c
    c = output_arg(C, "C")
    if c.nd != 2 or c.dims[0] != n or c.dims[1] != n:
        raise InvalidArgumentException(
            f'"C" rows and cols must have the same number of "A" cols: ({n},{n}) expected, {shape_text(c)} given'
        )
    check_same_type(c, a, "C", "A")
    return c


cdef int _triangular(object A, object B, object alpha, bint right, bint lower, bint trans, object conj, bint unit,
                     bint solve) except -1:
    cdef NDArrayPhp a = array_arg(A, "A")
    cdef NDArrayPhp b = output_arg(B, "B")
    cdef bint conjugated = _conjugate(conj, trans, a.dt)
    cdef double[2] x
    _check_matrices(a, b)
    if a.dims[0] != a.dims[1]:
        raise InvalidArgumentException(f"Matrix A must be square.: {text_of(a)}")
    if a.dims[0] != b.dims[1 if right else 0]:
        raise InvalidArgumentException(f"Unmatch shape of Matrix A and B: {text_of(a)} <=> {text_of(b)}")
    check_same_type(a, b, "A", "B")
    _check_field(a, "A")
    check_apart(b, a, "B", "A")
    number_arg(alpha, a.dt, 1.0, x, "alpha")
    if b.n == 0:
        return 0
    if a.dims[0] * b.n <= LONG:
        (rk.trsm if solve else rk.trmm)(a.dt, right, lower, trans, conjugated, unit, b.dims[0], b.dims[1], x, a.ptr,
                                        a.dims[0], b.ptr, b.dims[1])
        return 0
    with nogil:
        (rk.trsm if solve else rk.trmm)(a.dt, right, lower, trans, conjugated, unit, b.dims[0], b.dims[1], x, a.ptr,
                                        a.dims[0], b.ptr, b.dims[1])
    return 0


cdef int _check_system(NDArrayPhp a, NDArrayPhp b) except -1:
    if a.nd != 2:
        raise InvalidArgumentException(f"matrix a must be 2d: shape {shape_text(a)} given")
    if b.nd != 1:
        raise InvalidArgumentException(f"matrix a must be 1d: shape {shape_text(b)} given for b")
    if a.dims[0] != b.dims[0]:
        raise InvalidArgumentException(f"Unmatch shape A rows and B: {a.dims[0]}!={b.dims[0]}")
    check_same_type(a, b, "a", "b")
    return 0


# --------------------------------------------------------------------------------------------------- class

class BlasMethods:
    """Methods of LinearAlgebra for products, norms, decompositions and configuration.

    PHP: ``Rindow\\Math\\Matrix\\LinearAlgebra``.
    """

    LAPACK_ROW_MAJOR = 101
    LAPACK_COL_MAJOR = 102

    def __init__(self, service, defaultFloatType=None, serviceLevel=None):
        if not isinstance(service, Service):
            raise InvalidArgumentException(f"service must be a Service: {type(service).__name__} given")
        self._service = service
        self._blas = service.blas(serviceLevel)
        self._math = service.math(serviceLevel)
        self._float_type = core.RK_FLOAT32 if defaultFloatType is None else dtype_code(defaultFloatType)
        self._equations = {}
        self._equations4p1 = {}

    # ---- configuration

    def service(self):
        """The service that computes.

        PHP: ``LinearAlgebra::service()``.
        """
        return self._service

    def getBlas(self):
        """The driver of vector and matrix products.

        PHP: ``LinearAlgebra::getBlas()``.
        """
        return self._blas

    def getMath(self):
        """The driver of everything that is not BLAS or LAPACK.

        PHP: ``LinearAlgebra::getMath()``.
        """
        return self._math

    def getConfig(self) -> str:
        """Version and variant of the kernels.

        PHP: ``LinearAlgebra::getConfig()``.
        """
        return self._blas.getConfig()

    def fp64(self) -> bool:
        """Whether float64 can be computed with: always.

        PHP: ``LinearAlgebra::fp64()``.
        """
        return True

    def accelerated(self) -> bool:
        """Whether an accelerator such as a GPU computes: never here.

        PHP: ``LinearAlgebra::accelerated()``.
        """
        return False

    def finish(self) -> None:
        """Waits until all operations are done; they are done when they return, so there is nothing to wait for.

        PHP: ``LinearAlgebra::finish()``.
        """

    def isInt(self, value) -> bool:
        """Whether the elements of an array are integers; bool is none.

        PHP: ``LinearAlgebra::isInt()``.
        """
        return is_int(array_arg(value, "value").dt)

    def isFloat(self, value) -> bool:
        """Whether the elements of an array are float32 or float64.

        PHP: ``LinearAlgebra::isFloat()``.
        """
        cdef int dt = array_arg(value, "value").dt
        return dt == core.RK_FLOAT32 or dt == core.RK_FLOAT64

    def isComplexDtype(self, dtype) -> bool:
        """Whether a dtype is complex64 or complex128.

        PHP: ``LinearAlgebra::isComplexDtype()``.
        """
        return dtype is not None and is_complex(dtype_code(dtype))

    def isComplexObject(self, value) -> bool:
        """Whether a value is a complex number; real numbers are none.

        PHP: ``LinearAlgebra::isComplexObject()``.
        """
        return isinstance(value, (complex, np.complexfloating))

    def abs(self, value) -> float:
        """The modulus of a number.

        Raises:
            InvalidArgumentException: the value is not a number.

        Example:
            >>> la.abs(-2), la.abs(3 + 4j)
            (2.0, 5.0)

        PHP: ``LinearAlgebra::abs()``.
        """
        if not isinstance(value, numbers.Complex):
            raise InvalidArgumentException(f"invalid data type: {type(value).__name__}")
        return float(abs(value))

    # ---- making arrays

    def array(self, array, dtype=None):
        """An array from lists or numbers; an array of this library is returned as it is.

        Args:
            array: nested lists, a number, a numpy array or anything alike.
            dtype: element type; float32 for lists and numbers when left out.

        Raises:
            InvalidArgumentException: the value is not array-like.

        Example:
            >>> la.array([[1, 2], [3, 4]]).shape()
            [2, 2]

        PHP: ``LinearAlgebra::array()``.
        """
        if isinstance(array, NDArray):
            return array
        if array is None or isinstance(array, (str, bytes, dict, set)):
            raise InvalidArgumentException(
                f"input value must be NDArray or array: {type(array).__name__} given"
            )
        return from_python(array, 0 if dtype is None else dtype_code(dtype))

    def toNDArray(self, ndarray):
        """The plain array behind an array: itself, or the value of a variable.

        Raises:
            InvalidArgumentException: the value is not an array of this library.

        PHP: ``LinearAlgebra::toNDArray()``.
        """
        if not isinstance(ndarray, NDArray):
            raise InvalidArgumentException(f"input value must be NDArrayPhp: {type(ndarray).__name__} given")
        return raw(ndarray)

    def scalar(self, array):
        """The number in an array without dimensions (lists for others); what is not an array is returned as it is.

        Example:
            >>> la.scalar(la.array(1.5)), la.scalar(7)
            (1.5, 7)

        PHP: ``LinearAlgebra::scalar()``.
        """
        if isinstance(array, NDArray):
            return raw(array).toArray()
        return array

    def alloc(self, shape, dtype=None):
        """A new array, filled with zeros.

        Args:
            shape: sizes of the dimensions.
            dtype: element type; the default float type when left out.

        PHP: ``LinearAlgebra::alloc()``.
        """
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int nd = read_shape(shape, dims)
        cdef NDArrayPhp a = empty(self._float_type if dtype is None else dtype_code(dtype), nd, dims)
        _zero(a)
        return a

    def zeros(self, X):
        """X := 0, in place.

        Returns:
            X.

        PHP: ``LinearAlgebra::zeros()``.
        """
        _zero(output_arg(X, "X"))
        return X

    def ones(self, X):
        """X := 1, in place.

        Returns:
            X.

        PHP: ``LinearAlgebra::ones()``.
        """
        cdef NDArrayPhp x = output_arg(X, "X")
        cdef char[16] one
        store_item(one, x.dt, 1)
        rk.fill(item_size(x.dt), one, x.ptr, x.n, 1)
        return X

    def zerosLike(self, array):
        """A new array of zeros with the shape and type of another.

        PHP: ``LinearAlgebra::zerosLike()``.
        """
        cdef NDArrayPhp a = empty_like(array_arg(array, "array"))
        _zero(a)
        return a

    def astype(self, X, dtype):
        """A new array with the elements in another type.

        Integers wrap around, and so do floats that become unsigned integers of up to 32 bits. Other floats are
        truncated and kept within the range of the integer type; bool is ``x != 0``.

        Example:
            >>> la.astype(la.array([1.7, -1.7]), NDArray.int32).toArray()
            [1, -1]

        PHP: ``LinearAlgebra::astype()``.
        """
        cdef NDArrayPhp x = array_arg(X, "X")
        cdef int dt = dtype_code(dtype)
        cdef NDArrayPhp y = empty_typed(x, dt)
        cdef bint wraps = is_float(x.dt) and (dt == core.RK_UINT8 or dt == core.RK_UINT16 or dt == core.RK_UINT32)
        with nogil:
            if wraps:
                rk.cast_wrap(x.dt, dt, x.ptr, y.ptr, x.n)
            else:
                rk.cast(x.dt, dt, x.ptr, y.ptr, x.n)
        return y

    def copy(self, X, Y=None):
        """Y := X

        Args:
            X: the source.
            Y: the destination, of the same shape; a new array when left out. Elements are converted to its type.

        Returns:
            Y.

        Raises:
            InvalidArgumentException: the shapes differ, or the arrays overlap in part.

        PHP: ``LinearAlgebra::copy()``.
        """
        cdef NDArrayPhp x = array_arg(X, "X")
        cdef NDArrayPhp y
        if Y is None:
            return copy_of(x)
        y = output_arg(Y, "Y")
        check_same_shape(x, y)
        if x.dt == y.dt:
            if x.ptr != y.ptr:
                check_apart(y, x, "Y", "X")
                rk.copy(item_size(x.dt), x.n, x.ptr, 1, y.ptr, 1)
        else:
            check_apart(y, x, "Y", "X")
            rk.cast(x.dt, y.dt, x.ptr, y.ptr, x.n)
        return Y

    # ---- BLAS level 1

    def scal(self, alpha, X):
        """X := alpha X, in place.

        Args:
            alpha: a number; a complex one only for complex arrays.
            X: an array of any shape.

        Returns:
            X.

        Raises:
            RuntimeException: alpha is not a number that the array can be multiplied with.

        Example:
            >>> la.scal(2, la.array([1, 2, 3])).toArray()
            [2.0, 4.0, 6.0]

        PHP: ``LinearAlgebra::scal()``.
        """
        cdef NDArrayPhp x = output_arg(X, "X")
        cdef double[2] a
        if alpha is None:
            raise RuntimeException("alpha is not float: NULL given")
        number_arg(alpha, x.dt, 1.0, a, "alpha")
        if x.n > LONG:
            with nogil:
                rk.scal(x.dt, x.n, a[0], a[1], x.ptr, 1)
        else:
            rk.scal(x.dt, x.n, a[0], a[1], x.ptr, 1)
        return X

    def axpy(self, X, Y, alpha=None):
        """Y := alpha X + Y, in place.

        Args:
            X: an array.
            Y: an array of the same shape and type, which is changed.
            alpha: a number, 1 by default.

        Returns:
            Y.

        Raises:
            InvalidArgumentException: shapes or types differ.

        Example:
            >>> la.axpy(la.array([1, 2]), la.array([10, 20]), 2).toArray()
            [12.0, 24.0]

        PHP: ``LinearAlgebra::axpy()``.
        """
        cdef NDArrayPhp x = array_arg(X, "X")
        cdef NDArrayPhp y = output_arg(Y, "Y")
        cdef double[2] a
        check_same_shape(x, y)
        check_same_type(x, y, "X", "Y")
        check_inplace(y, x, "Y", "X")
        number_arg(alpha, x.dt, 1.0, a, "alpha")
        if x.n > LONG:
            with nogil:
                rk.axpy(x.dt, x.n, a[0], a[1], x.ptr, 1, y.ptr, 1)
        else:
            rk.axpy(x.dt, x.n, a[0], a[1], x.ptr, 1, y.ptr, 1)
        return Y

    def dot(self, X, Y, conj=None):
        """The sum of products x_1 y_1 + ... + x_n y_n.

        Args:
            X: an array.
            Y: an array of the same shape and type.
            conj: for complex arrays: whether the elements of X are conjugated, which is the default.

        Returns:
            A float, or a complex number.

        Raises:
            InvalidArgumentException: shapes or types differ.

        Example:
            >>> la.dot(la.array([1, 2, 3]), la.array([10, 20, 30]))
            140.0

        PHP: ``LinearAlgebra::dot()``.
        """
        cdef NDArrayPhp x = array_arg(X, "X")
        cdef NDArrayPhp y = array_arg(Y, "Y")
        cdef double result
        cdef double[2] parts
        cdef bint conjugated
        check_same_shape(x, y)
        check_same_type(x, y, "X", "Y")
        if is_complex(x.dt):
            conjugated = conj is None or _flag(conj)
            with nogil:
                rk.complex_dot(x.dt, conjugated, x.n, x.ptr, 1, y.ptr, 1, parts)
            # what Complex(re, im) comes to, without its methods in Python
            return complex.__new__(Complex, parts[0], parts[1])
        if x.dt == core.RK_FLOAT16:
            raise unsupported(x, "X")
        if x.n > LONG:
            with nogil:
                result = rk.dot_all(x.dt, x.n, x.ptr, 1, y.ptr, 1)
        else:
            result = rk.dot_all(x.dt, x.n, x.ptr, 1, y.ptr, 1)
        return result

    def asum(self, X) -> float:
        """The sum of moduli ``|x_1| + ... + |x_n|``.

        Example:
            >>> la.asum(la.array([-1, 2, -3]))
            6.0

        PHP: ``LinearAlgebra::asum()``.
        """
        cdef NDArrayPhp x = array_arg(X, "X")
        cdef double result
        if x.dt == core.RK_FLOAT16:
            raise unsupported(x, "X")
        with nogil:
            if is_complex(x.dt):
                result = rk.complex_asum(x.dt, x.n, x.ptr)
            else:
                result = rk.asum_all(x.dt, x.n, x.ptr, 1)
        return result

    def iamax(self, X) -> int:
        """The position of the first element with the largest modulus. nan is passed over, except at the front.

        Raises:
            InvalidArgumentException: the array is empty.

        Example:
            >>> la.iamax(la.array([1, -6, 5]))
            1

        PHP: ``LinearAlgebra::iamax()``.
        """
        return _search(array_arg(X, "X"), True, True)

    def iamin(self, X) -> int:
        """The position of the first element with the smallest modulus. nan is passed over, except at the front.

        Raises:
            InvalidArgumentException: the array is empty.

        PHP: ``LinearAlgebra::iamin()``.
        """
        return _search(array_arg(X, "X"), False, True)

    def blasIaminCompatible(self, n, X, offsetX, incX) -> int:
        """``iamin`` of elements of a buffer.

        Args:
            n: how many elements.
            X: a Buffer.
            offsetX: position of the first element.
            incX: distance between the elements.

        Raises:
            InvalidArgumentException: the elements do not lie in the buffer.

        PHP: ``LinearAlgebra::blasIaminCompatible()``.
        """
        cdef Buffer buffer
        cdef Py_ssize_t count = n
        cdef Py_ssize_t offset = offsetX
        cdef Py_ssize_t inc = incX
        if not isinstance(X, Buffer):
            raise InvalidArgumentException(f"Argument X must be a Buffer: {type(X).__name__} given")
        buffer = <Buffer>X
        if count < 1:
            raise InvalidArgumentException(f"Argument n must be greater than 0.: {count} given")
        if inc < 1:
            raise InvalidArgumentException(f"Argument incX must be greater than 0.: {inc} given")
        if offset < 0 or offset >= buffer.length or (count - 1) > (buffer.length - 1 - offset) // inc:
            raise InvalidArgumentException(
                f"Vector X specification too large for buffer.: {count} elements from {offset} by {inc} in a buffer "
                f"of {buffer.length}"
            )
        return _search_at(buffer.ptr + offset * buffer.itemsize, buffer.dt, count, inc, False, True)

    def amax(self, X) -> float:
        """The largest modulus.

        Raises:
            InvalidArgumentException: the array is empty.

        PHP: ``LinearAlgebra::amax()``.
        """
        return _largest(array_arg(X, "X"))

    def amin(self, X) -> float:
        """The smallest modulus.

        Raises:
            InvalidArgumentException: the array is empty.

        PHP: ``LinearAlgebra::amin()``.
        """
        cdef NDArrayPhp x = array_arg(X, "X")
        return _modulus(x, _search(x, False, True))

    def nrm2(self, X) -> float:
        """The Euclidean norm, the root of the sum of squared moduli, without overflow on the way.

        Example:
            >>> la.nrm2(la.array([3, 4]))
            5.0

        PHP: ``LinearAlgebra::nrm2()``.
        """
        cdef NDArrayPhp x = array_arg(X, "X")
        cdef ptrdiff_t n = x.n
        cdef int dt = x.dt
        cdef double result
        if dt == core.RK_FLOAT16:
            raise unsupported(x, "X")
        if is_complex(dt):
            dt = core.RK_FLOAT32 if dt == core.RK_COMPLEX64 else core.RK_FLOAT64
            n *= 2
        with nogil:
            result = rk.nrm2_all(dt, n, x.ptr, 1)
        return result

    def rotg(self, X, Y, R=None, Z=None, C=None, S=None):
        """The plane rotation that turns the point (x, y) into (r, 0).

        Args:
            X, Y: the coordinates, arrays of one element.
            R: receives r.
            Z: receives a number from which cosine and sine can be rebuilt.
            C: receives the cosine.
            S: receives the sine.

        Returns:
            [R, Z, C, S]; those not given are new arrays.

        Raises:
            InvalidArgumentException: the shapes differ.

        References:
            Lawson, Hanson, Kincaid, Krogh: Basic Linear Algebra Subprograms for Fortran Usage (1979).

        PHP: ``LinearAlgebra::rotg()``.
        """
        cdef NDArrayPhp x = array_arg(X, "X")
        cdef NDArrayPhp y = array_arg(Y, "Y")
        cdef NDArrayPhp c
        cdef NDArrayPhp s
        check_same_shape(x, y)
        check_same_type(x, y, "X", "Y")
        cdef double a = _element(x, "X")
        cdef double b = _element(y, "Y")
        R = self.copy(x, R)
        Z = self.copy(y, Z)
        if C is None:
            C = empty_like(x)
            _zero(<NDArrayPhp>C)
        if S is None:
            S = empty_like(x)
            _zero(<NDArrayPhp>S)
        c = output_arg(C, "C")
        s = output_arg(S, "S")
        for name, out in (("R", raw(R)), ("Z", raw(Z)), ("C", c), ("S", s)):
            check_same_type(out, x, name, "X")
            check_filled(out)
        _make_rotation(raw(R).ptr, raw(Z).ptr, c.ptr, s.ptr, x.dt, a, b)
        return [R, Z, C, S]

    def rot(self, X, Y, C, S) -> None:
        """Rotates points (x_i, y_i) by an angle, in place: x := c x + s y, y := c y - s x.

        Args:
            X, Y: the coordinates, arrays of one shape.
            C, S: cosine and sine, arrays of one element.

        Raises:
            InvalidArgumentException: shapes or types differ.

        PHP: ``LinearAlgebra::rot()``.
        """
        cdef NDArrayPhp x = output_arg(X, "X")
        cdef NDArrayPhp y = output_arg(Y, "Y")
        check_same_shape(x, y)
        check_same_type(x, y, "X", "Y")
        _check_real(x, "X")
        check_apart(x, y, "X", "Y")
        _rotate(x.ptr, y.ptr, x.dt, x.n, 1, _element(array_arg(C, "C"), "C"), _element(array_arg(S, "S"), "S"))

    def rotgxy(self, vector, g=None):
        """``rotg`` of a point.

        Args:
            vector: (x, y).
            g: receives (r, z, cosine, sine); a new array when left out.

        Shapes:
            vector (2), g (4).

        Returns:
            g.

        Raises:
            InvalidArgumentException: a shape is another.

        PHP: ``LinearAlgebra::rotgxy()``.
        """
        cdef NDArrayPhp v = array_arg(vector, "vector")
        cdef NDArrayPhp out
        cdef int size
        _check_length(v, 2, "Shape of vector must be [2]")
        _check_real(v, "vector")
        if g is None:
            g = _vector(v.dt, 4, 0.0)
        out = output_arg(g, "g")
        _check_length(out, 4, "Shape of g must be [4]")
        check_same_type(out, v, "g", "vector")
        size = item_size(v.dt)
        _make_rotation(out.ptr, out.ptr + size, out.ptr + 2 * size, out.ptr + 3 * size, v.dt,
                       load_item(v.ptr, v.dt), load_item(v.ptr + size, v.dt))
        return g

    def rotxy(self, vectors, g) -> None:
        """Rotates points, in place, by what ``rotgxy`` found.

        Args:
            vectors: points (x, y).
            g: what rotgxy returned.

        Shapes:
            vectors (n, 2), g (4).

        Raises:
            InvalidArgumentException: a shape or type is another.

        PHP: ``LinearAlgebra::rotxy()``.
        """
        cdef NDArrayPhp v = _points(vectors)
        cdef NDArrayPhp rotation = array_arg(g, "g")
        cdef int size = item_size(v.dt)
        _check_length(rotation, 4, "shape of g must be [4]")
        check_same_type(v, rotation, "vectors", "g")
        _rotate(v.ptr, v.ptr + size, v.dt, v.dims[0], 2, load_item(rotation.ptr + 2 * size, v.dt),
                load_item(rotation.ptr + 3 * size, v.dt))

    def rotmg(self, X, Y, D1=None, D2=None, B1=None, P=None):
        """The modified Givens rotation that zeroes the second of (sqrt(d1) x, sqrt(d2) y).

        Args:
            X, Y: the coordinates, arrays of one element.
            D1, D2: the squared scale factors, 1 by default; they are updated.
            B1: receives the rotated x.
            P: receives the flag and the matrix: (flag, h11, h21, h12, h22).

        Returns:
            [D1, D2, B1, P]; those not given are new arrays.

        Raises:
            InvalidArgumentException: X or Y has more than one element.

        References:
            Hopkins: Restoring the intended behaviour of the modified Givens transformation in BLAS (1997).

        PHP: ``LinearAlgebra::rotmg()``.
        """
        cdef NDArrayPhp x = array_arg(X, "X")
        cdef NDArrayPhp y = array_arg(Y, "Y")
        if x.n != 1 or y.n != 1:
            raise InvalidArgumentException(f"Unmatch shape of dimension: {shape_text(x)},{shape_text(y)}")
        check_same_type(x, y, "X", "Y")
        cdef double start = _element(x, "X")
        cdef double other = _element(y, "Y")
        D1 = full(x.dt, 0, NULL, 1.0) if D1 is None else D1
        D2 = full(x.dt, 0, NULL, 1.0) if D2 is None else D2
        B1 = full(x.dt, 0, NULL, 0.0) if B1 is None else B1
        P = _vector(x.dt, 5, 0.0) if P is None else P
        cdef NDArrayPhp d1 = output_arg(D1, "D1")
        cdef NDArrayPhp d2 = output_arg(D2, "D2")
        cdef NDArrayPhp b1 = output_arg(B1, "B1")
        cdef NDArrayPhp p = output_arg(P, "P")
        for name, out, size in (("D1", d1, 1), ("D2", d2, 1), ("B1", b1, 1), ("P", p, 5)):
            check_same_type(out, x, name, "X")
            if out.size() != size:
                raise InvalidArgumentException(f"{name} must have {size} elements: shape {shape_text(out)} given")
        _put(b1.ptr, x.dt, start)
        _make_modified(d1.ptr, d2.ptr, b1.ptr, other, p.ptr, x.dt)
        return [D1, D2, B1, P]

    def rotm(self, X, Y, P) -> None:
        """Applies a modified Givens rotation to points (x_i, y_i), in place.

        Args:
            X, Y: the coordinates, arrays of one shape.
            P: what rotmg returned.

        Shapes:
            P (5).

        Raises:
            InvalidArgumentException: shapes or types differ.

        PHP: ``LinearAlgebra::rotm()``.
        """
        cdef NDArrayPhp x = output_arg(X, "X")
        cdef NDArrayPhp y = output_arg(Y, "Y")
        cdef NDArrayPhp p = array_arg(P, "P")
        check_same_shape(x, y)
        check_same_type(x, y, "X", "Y")
        check_same_type(x, p, "X", "P")
        _check_real(x, "X")
        check_apart(x, y, "X", "Y")
        if p.n != 5:
            raise InvalidArgumentException(f"P must have 5 elements: shape {shape_text(p)} given")
        _rotate_modified(x.ptr, y.ptr, x.dt, x.n, 1, p.ptr)

    def rotmgxy(self, vector, d=None, g=None):
        """``rotmg`` of a point.

        Args:
            vector: (x, y).
            d: the squared scale factors (d1, d2), 1 by default; they are updated.
            g: receives (b1, flag, h11, h21, h12, h22); a new array when left out.

        Shapes:
            vector (2), d (2), g (6).

        Returns:
            g.

        Raises:
            InvalidArgumentException: a shape is another.

        PHP: ``LinearAlgebra::rotmgxy()``.
        """
        cdef NDArrayPhp v = array_arg(vector, "vector")
        cdef NDArrayPhp scales
        cdef NDArrayPhp out
        cdef int size
        _check_length(v, 2, "Shape of vector must be [2]")
        _check_real(v, "vector")
        size = item_size(v.dt)
        scales = _vector(v.dt, 2, 1.0) if d is None else output_arg(d, "d")
        _check_length(scales, 2, "Shape of d must be [2]")
        if g is None:
            g = _vector(v.dt, 6, 0.0)
        out = output_arg(g, "g")
        _check_length(out, 6, "Shape of g must be [6]")
        check_same_type(scales, v, "d", "vector")
        check_same_type(out, v, "g", "vector")
        _put(out.ptr, v.dt, load_item(v.ptr, v.dt))
        _make_modified(scales.ptr, scales.ptr + size, out.ptr, load_item(v.ptr + size, v.dt), out.ptr + size, v.dt)
        return g

    def rotmxy(self, vectors, g) -> None:
        """Applies to points, in place, what ``rotmgxy`` found.

        Args:
            vectors: points (x, y).
            g: what rotmgxy returned.

        Shapes:
            vectors (n, 2), g (6).

        Raises:
            InvalidArgumentException: a shape or type is another.

        PHP: ``LinearAlgebra::rotmxy()``.
        """
        cdef NDArrayPhp v = _points(vectors)
        cdef NDArrayPhp rotation = array_arg(g, "g")
        _check_length(rotation, 6, "shape of g must be [6]")
        check_same_type(v, rotation, "vectors", "g")
        _rotate_modified(v.ptr, v.ptr + item_size(v.dt), v.dt, v.dims[0], 2, rotation.ptr + item_size(v.dt))

    def swap(self, X, Y) -> None:
        """Exchanges the elements of two arrays.

        Raises:
            InvalidArgumentException: shapes or types differ, or the arrays overlap.

        PHP: ``LinearAlgebra::swap()``.
        """
        cdef NDArrayPhp x = output_arg(X, "X")
        cdef NDArrayPhp y = output_arg(Y, "Y")
        check_same_shape(x, y)
        check_same_type(x, y, "X", "Y")
        if x.ptr == y.ptr:
            return
        check_apart(x, y, "X", "Y")
        with nogil:
            rk_swap(x.n * item_size(x.dt), x.ptr, y.ptr)

    # ---- BLAS level 2 and 3

    def gemv(self, A, X, alpha=None, beta=None, Y=None, trans=None, conj=None):
        """Y := alpha op(A) X + beta Y

        Args:
            A: the matrix.
            X: the vector.
            alpha: factor of the product, 1 by default.
            beta: factor of Y, 0 by default.
            Y: the result, in place; a new array when left out.
            trans: whether op transposes A.
            conj: for complex matrices: whether op conjugates A; by default when it transposes.

        Shapes:
            A (m, n), X (n), Y (m); transposed: X (m), Y (n).

        Returns:
            Y.

        Raises:
            InvalidArgumentException: shapes or types do not fit, or Y overlaps an operand.

        Example:
            >>> la.gemv(la.array([[1, 2], [3, 4]]), la.array([1, 1])).toArray()
            [3.0, 7.0]

        PHP: ``LinearAlgebra::gemv()``.
        """
        cdef NDArrayPhp a = array_arg(A, "A")
        cdef NDArrayPhp x = array_arg(X, "X")
        cdef NDArrayPhp y
        cdef Product p
        cdef Py_ssize_t rows
        if a.nd != 2 or x.nd != 1:
            raise InvalidArgumentException(
                f'"A" must be 2D-NDArray and "X" must 1D-NDArray.: shapes {shape_text(a)} and {shape_text(x)} given'
            )
        _prepare(&p, a, x, alpha, beta, trans, None, conj, None)
        p.m = a.dims[1] if p.ta else a.dims[0]
        p.k = a.dims[0] if p.ta else a.dims[1]
        p.n = p.ldb = p.ldc = 1
        p.lda = a.dims[1]
        if p.k != x.dims[0]:
            raise InvalidArgumentException(
                f'The number of columns in "A" and The number of item in "X" must be the same: shapes '
                f"{shape_text(a)}{' transposed' if p.ta else ''} and {shape_text(x)}"
            )
        rows = p.m
        if Y is None:
            y = empty(a.dt, 1, &rows)
            p.beta[0] = p.beta[1] = 0.0
        else:
            y = output_arg(Y, "Y")
            if y.nd != 1:
                raise InvalidArgumentException(f'"Y" must 1D-NDArray.: shape {shape_text(y)} given')
            if rows != y.dims[0]:
                raise InvalidArgumentException(
                    f'The number of rows in "A" and The number of item in "Y" must be the same: shapes '
                    f"{shape_text(a)}{' transposed' if p.ta else ''} and {shape_text(y)}"
                )
            check_same_type(y, a, "Y", "A")
            check_apart(y, a, "Y", "A")
            check_apart(y, x, "Y", "X")
        if a.n and is_complex(a.dt):
            with nogil:
                rk.complex_gemv(p.dt, p.ta, p.ca, a.dims[0], a.dims[1], p.alpha, a.ptr, p.lda, x.ptr, p.beta, y.ptr)
        elif a.n == 0 or not (a.dt == core.RK_FLOAT32 or a.dt == core.RK_FLOAT64):
            _multiply(&p, a, x, y)
        elif a.n > LONG:
            with nogil:
                _run_vector(&p, a.dims[0], a.ptr, x.ptr, y.ptr)
        else:
            _run_vector(&p, a.dims[0], a.ptr, x.ptr, y.ptr)
        return y if Y is None else Y

    def gemm(self, A, B, alpha=None, beta=None, C=None, transA=None, transB=None, conjA=None, conjB=None):
        """C := alpha op(A) op(B) + beta C

        Args:
            A, B: the matrices.
            alpha: factor of the product, 1 by default.
            beta: factor of C, 0 by default.
            C: the result, in place; a new array when left out.
            transA, transB: whether op transposes the matrix.
            conjA, conjB: for complex matrices: whether op conjugates; by default when it transposes.

        Shapes:
            op(A) (m, k), op(B) (k, n), C (m, n).

        Returns:
            C.

        Raises:
            InvalidArgumentException: shapes or types do not fit, or C overlaps an operand.

        Example:
            >>> la.gemm(la.array([[1, 2]]), la.array([[3, 4]]), transB=True).toArray()
            [[11.0]]

        PHP: ``LinearAlgebra::gemm()``.
        """
        cdef NDArrayPhp a = array_arg(A, "A")
        cdef NDArrayPhp b = array_arg(B, "B")
        cdef NDArrayPhp c
        cdef Product p
        cdef ptrdiff_t inner
        cdef Py_ssize_t[2] dims
        _check_matrices(a, b)
        _prepare(&p, a, b, alpha, beta, transA, transB, conjA, conjB)
        _sizes(&p, a, b, &inner)
        if p.k != inner:
            raise InvalidArgumentException(
                f'The number of columns in "A" and the number of rows in "B" must be the same: shapes '
                f"{shape_text(a)}{' transposed' if p.ta else ''} and {shape_text(b)}{' transposed' if p.tb else ''}"
            )
        if C is None:
            dims[0] = p.m
            dims[1] = p.n
            c = empty(a.dt, 2, dims)
            p.beta[0] = p.beta[1] = 0.0
        else:
            c = output_arg(C, "C")
            if c.nd != 2 or c.dims[0] != p.m or c.dims[1] != p.n:
                raise InvalidArgumentException(
                    f'"A" and "C" must have the same number of rows."B" and "C" must have the same number of columns: '
                    f"({p.m},{p.n}) expected, {shape_text(c)} given"
                )
            check_same_type(c, a, "C", "A")
            check_apart(c, a, "C", "A")
            check_apart(c, b, "C", "B")
        _multiply(&p, a, b, c)
        return c if C is None else C

    def matmul(self, A, B, transA=None, transB=None, C=None, alpha=None, beta=None, conjA=None, conjB=None):
        """C := alpha op(A) op(B) + beta C for stacks of matrices.

        The smaller stack is repeated as a whole to the length of the larger one.

        Args:
            A, B: matrices, or stacks of matrices in the last two dimensions.
            transA, transB: whether op transposes the matrices.
            C: the result, in place; a new array when left out.
            alpha: factor of the product, 1 by default.
            beta: factor of C, 0 by default.
            conjA, conjB: for complex matrices: whether op conjugates; by default when it transposes.

        Shapes:
            op(A) (..., m, k), op(B) (..., k, n), C (..., m, n) with the leading dimensions of the larger stack;
            of two stacks of one, those of the operand with more dimensions.

        Returns:
            C.

        Raises:
            InvalidArgumentException: shapes or types do not fit, or C overlaps an operand.

        Example:
            >>> la.matmul(la.ones(la.alloc([5, 2, 3])), la.ones(la.alloc([3, 4]))).shape()
            [5, 2, 4]

        PHP: ``LinearAlgebra::matmul()``.
        """
        cdef NDArrayPhp a = array_arg(A, "A")
        cdef NDArrayPhp b = array_arg(B, "B")
        cdef NDArrayPhp c
        cdef Product p
        cdef ptrdiff_t inner
        cdef ptrdiff_t stack_a = 1, stack_b = 1, longer, shorter
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int i, nd
        cdef bint fits, of_a
        if a.nd < 2 or b.nd < 2:
            raise InvalidArgumentException(
                f"Dimensions rank must be greater then 2D or equal:{text_of(a)}<=>{text_of(b)}"
            )
        _prepare(&p, a, b, alpha, beta, transA, transB, conjA, conjB)
        _sizes(&p, a, b, &inner)
        if p.k != inner:
            raise InvalidArgumentException(
                'The number of columns in "A" and the number of rows in "B" must be the same:'
                f"{text_of(a)}<=>{text_of(b)}"
            )
        for i in range(a.nd - 2):
            stack_a *= a.dims[i]
        for i in range(b.nd - 2):
            stack_b *= b.dims[i]
        of_a = stack_a > stack_b
        if stack_a == stack_b == 1 and a.nd > b.nd:  # C may have the dimensions of either
            of_a = C is None or output_arg(C, "C").nd == a.nd
        longer = stack_a if of_a else stack_b
        shorter = stack_b if of_a else stack_a
        if longer != shorter and (shorter == 0 or longer % shorter != 0):
            raise InvalidArgumentException(
                f"Matrix size-incompatible for broadcast:{text_of(a)}<=>{text_of(b)}"
            )
        nd = a.nd if of_a else b.nd
        for i in range(nd - 2):
            dims[i] = a.dims[i] if of_a else b.dims[i]
        dims[nd - 2] = p.m
        dims[nd - 1] = p.n
        if C is None:
            c = empty(a.dt, nd, dims)
            p.beta[0] = p.beta[1] = 0.0
        else:
            c = output_arg(C, "C")
            fits = c.nd == nd
            if fits:
                for i in range(nd):
                    if c.dims[i] != dims[i]:
                        fits = False
            if not fits:
                raise InvalidArgumentException(
                    '"A" and "C" must have the same number of rows."B" and "C" must have the same number of columns:'
                    f"{text_of(a)} , {text_of(b)} => {text_of(c)}"
                )
            check_same_type(c, a, "C", "A")
            check_apart(c, a, "C", "A")
            check_apart(c, b, "C", "B")
        if longer > 1:
            if stack_b == 1 and not p.ta:
                p.m *= longer  # one matrix on the right: one tall product
            else:
                p.batches[0] = longer // shorter
                p.batches[1] = shorter
                p.step_a[1] = p.m * p.k
                p.step_b[1] = p.k * p.n
                p.step_c[1] = p.m * p.n
                p.step_a[0] = shorter * p.step_a[1] if of_a else 0
                p.step_b[0] = 0 if of_a else shorter * p.step_b[1]
                p.step_c[0] = shorter * p.step_c[1]
                if p.batches[0] > p.batches[1]:
                    # the kernel's loop over the longer of the two
                    p.batches[0], p.batches[1] = p.batches[1], p.batches[0]
                    p.step_a[0], p.step_a[1] = p.step_a[1], p.step_a[0]
                    p.step_b[0], p.step_b[1] = p.step_b[1], p.step_b[0]
                    p.step_c[0], p.step_c[1] = p.step_c[1], p.step_c[0]
        if longer > 0:
            _multiply(&p, a, b, c)
        return c if C is None else C

    def symm(self, A, B, alpha=None, beta=None, C=None, right=None, lower=None):
        """C := alpha A B + beta C for a symmetric A, of which one triangle is read.

        Args:
            A: the symmetric matrix.
            B: the other matrix.
            alpha: factor of the product, 1 by default.
            beta: factor of C, 0 by default.
            C: the result, in place; a new array when left out.
            right: whether A stands on the right: alpha B A.
            lower: whether the lower triangle of A is read instead of the upper one.

        Shapes:
            A (m, m), or (n, n) on the right; B (m, n), C (m, n).

        Returns:
            C.

        Raises:
            InvalidArgumentException: shapes or types do not fit, or C overlaps an operand.

        PHP: ``LinearAlgebra::symm()``.
        """
        cdef NDArrayPhp a = array_arg(A, "A")
        cdef NDArrayPhp b = array_arg(B, "B")
        cdef NDArrayPhp c
        cdef double[2] x
        cdef double[2] y
        cdef bint on_right = _flag(right)
        cdef bint below = _flag(lower)
        _check_matrices(a, b)
        if a.dims[0] != a.dims[1]:
            raise InvalidArgumentException(f'The matrix "A" must be symmetric: shape {shape_text(a)} given')
        if a.dims[0] != b.dims[1 if on_right else 0]:
            raise InvalidArgumentException(
                f'Unmatch Shape of matrix "A" and "B": {shape_text(a)} != {shape_text(b)}'
            )
        check_same_type(a, b, "A", "B")
        _check_field(a, "A")
        _factors(alpha, beta, a.dt, x, y)
        if C is None:
            c = empty_like(b)
            y[0] = y[1] = 0.0
        else:
            c = output_arg(C, "C")
            if not same_shape(b, c):
                raise InvalidArgumentException(
                    f'Matrix "B" and "C" must be same shape: {shape_text(b)} and {shape_text(c)} given'
                )
            check_same_type(c, a, "C", "A")
            check_apart(c, a, "C", "A")
            check_apart(c, b, "C", "B")
        if c.n and a.dims[0] * c.n <= LONG:
            rk.symm(a.dt, on_right, below, b.dims[0], b.dims[1], x, a.ptr, a.dims[0], b.ptr, b.dims[1], y, c.ptr,
                    b.dims[1])
        elif c.n:
            with nogil:
                rk.symm(a.dt, on_right, below, b.dims[0], b.dims[1], x, a.ptr, a.dims[0], b.ptr, b.dims[1], y, c.ptr,
                        b.dims[1])
        return c if C is None else C

    def syrk(self, A, alpha=None, beta=None, C=None, lower=None, trans=None, conj=None):
        """One triangle of C := alpha A A^T + beta C.

        Args:
            A: the matrix.
            alpha: factor of the product, 1 by default.
            beta: factor of C, 0 by default.
            C: the result, in place, of which the other triangle is left as it is; new zeros when left out.
            lower: whether the lower triangle of C is computed instead of the upper one.
            trans: A^T A instead.
            conj: without effect, as in the original: the product is symmetric, not Hermitian.

        Shapes:
            A (n, k), or (k, n) if transposed; C (n, n).

        Returns:
            C.

        Raises:
            InvalidArgumentException: shapes or types do not fit, or C overlaps A.

        PHP: ``LinearAlgebra::syrk()``.
        """
        cdef NDArrayPhp a = array_arg(A, "A")
        cdef NDArrayPhp c
        cdef double[2] x
        cdef double[2] y
        cdef bint turned = _flag(trans)
        cdef bint below = _flag(lower)
        cdef Py_ssize_t n, k
        if a.nd != 2:
            raise InvalidArgumentException(f"Dimensions must be 2D-NDArray: shape {shape_text(a)} given")
        _check_field(a, "A")
        n = a.dims[1 if turned else 0]
        k = a.dims[0 if turned else 1]
        _factors(alpha, beta, a.dt, x, y)
        c = _square_output(C, a, n)
        check_apart(c, a, "C", "A")
        if n:
            with nogil:
                rk.syrk(a.dt, below, turned, n, k, x, a.ptr, a.dims[1], NULL, 0, y, c.ptr, n)
        return c if C is None else C

    def syr2k(self, A, B, alpha=None, beta=None, C=None, lower=None, trans=None, conj=None):
        """One triangle of C := alpha (A B^T + B A^T) + beta C.

        Args:
            A, B: matrices of one shape.
            alpha: factor of the products, 1 by default.
            beta: factor of C, 0 by default.
            C: the result, in place, of which the other triangle is left as it is; new zeros when left out.
            lower: whether the lower triangle of C is computed instead of the upper one.
            trans: A^T B + B^T A instead.
            conj: without effect, as in the original: the product is symmetric, not Hermitian.

        Shapes:
            A, B (n, k), or (k, n) if transposed; C (n, n).

        Returns:
            C.

        Raises:
            InvalidArgumentException: shapes or types do not fit, or C overlaps an operand.

        PHP: ``LinearAlgebra::syr2k()``.
        """
        cdef NDArrayPhp a = array_arg(A, "A")
        cdef NDArrayPhp b = array_arg(B, "B")
        cdef NDArrayPhp c
        cdef double[2] x
        cdef double[2] y
        cdef bint turned = _flag(trans)
        cdef bint below = _flag(lower)
        cdef Py_ssize_t n, k
        _check_matrices(a, b)
        if not same_shape(a, b):
            raise InvalidArgumentException(
                f"Matrix A and B must be same shape: {shape_text(a)} and {shape_text(b)} given"
            )
        check_same_type(a, b, "A", "B")
        _check_field(a, "A")
        n = a.dims[1 if turned else 0]
        k = a.dims[0 if turned else 1]
        _factors(alpha, beta, a.dt, x, y)
        c = _square_output(C, a, n)
        check_apart(c, a, "C", "A")
        check_apart(c, b, "C", "B")
        if n:
            with nogil:
                rk.syrk(a.dt, below, turned, n, k, x, a.ptr, a.dims[1], b.ptr, a.dims[1], y, c.ptr, n)
        return c if C is None else C

    def trmm(self, A, B, alpha=None, right=None, lower=None, trans=None, conj=None, unit=None):
        """B := alpha op(A) B for a triangular A, in place.

        Args:
            A: the triangular matrix; the other triangle is not read.
            B: the other matrix, which is replaced.
            alpha: factor of the product, 1 by default.
            right: whether A stands on the right: alpha B op(A).
            lower: whether A is lower triangular instead of upper.
            trans: whether op transposes A.
            conj: for complex matrices: whether op conjugates A; by default when it transposes.
            unit: whether the diagonal of A is taken as ones, without reading it.

        Shapes:
            A (m, m), or (n, n) on the right; B (m, n).

        Returns:
            B.

        Raises:
            InvalidArgumentException: shapes or types do not fit, or B overlaps A.

        PHP: ``LinearAlgebra::trmm()``.
        """
        _triangular(A, B, alpha, _flag(right), _flag(lower), _flag(trans), conj, _flag(unit), False)
        return B

    def trsm(self, A, B, alpha=None, right=None, lower=None, trans=None, conj=None, unit=None):
        """B := alpha op(A)^-1 B for a triangular A, in place: solves op(A) X = alpha B.

        Args:
            A: the triangular matrix; the other triangle is not read.
            B: the right sides, replaced by the solutions.
            alpha: factor of B, 1 by default.
            right: whether A stands on the right: X op(A) = alpha B.
            lower: whether A is lower triangular instead of upper.
            trans: whether op transposes A.
            conj: for complex matrices: whether op conjugates A; by default when it transposes.
            unit: whether the diagonal of A is taken as ones, without reading it.

        Shapes:
            A (m, m), or (n, n) on the right; B (m, n).

        Returns:
            B.

        Raises:
            InvalidArgumentException: shapes or types do not fit, or B overlaps A.

        PHP: ``LinearAlgebra::trsm()``.
        """
        _triangular(A, B, alpha, _flag(right), _flag(lower), _flag(trans), conj, _flag(unit), True)
        return B

    def omatcopy(self, A, trans=None, conj=None, alpha=None, B=None):
        """B := alpha op(A)

        Args:
            A: the matrix.
            trans: whether op transposes A.
            conj: for complex matrices: whether op conjugates A; by default when it transposes.
            alpha: a factor, 1 by default.
            B: the result, in place; a new array when left out.

        Shapes:
            A (m, n), B (m, n), or (n, m) if transposed.

        Returns:
            B.

        Raises:
            InvalidArgumentException: shapes or types do not fit, or B overlaps A.

        Example:
            >>> la.omatcopy(la.array([[1, 2, 3]]), trans=True).toArray()
            [[1.0], [2.0], [3.0]]

        PHP: ``LinearAlgebra::omatcopy()``.
        """
        cdef NDArrayPhp a = array_arg(A, "A")
        cdef NDArrayPhp b
        cdef bint turned = _flag(trans)
        cdef bint conjugated = _conjugate(conj, turned, a.dt)
        cdef double[2] x
        cdef Py_ssize_t[2] dims
        cdef int[2] perm = [1, 0]
        cdef int part
        if a.nd != 2:
            raise InvalidArgumentException(f"Dimensions must be 2D-NDArray: shape {shape_text(a)} given")
        number_arg(alpha, a.dt, 1.0, x, "alpha")
        dims[0] = a.dims[1 if turned else 0]
        dims[1] = a.dims[0 if turned else 1]
        if B is None:
            b = empty(a.dt, 2, dims)
        else:
            b = output_arg(B, "B")
            if b.nd != 2 or b.dims[0] != dims[0] or b.dims[1] != dims[1]:
                raise InvalidArgumentException(f"Unmatch shape of dimension: {shape_text(a)},{shape_text(b)}")
            if a.dt != b.dt:
                raise InvalidArgumentException(f"Unmatch data type for A and B: {NAMES[a.dt]} and {NAMES[b.dt]}")
            check_apart(b, a, "B", "A")
        with nogil:
            if turned:
                rk.transpose(item_size(a.dt), 2, <const ptrdiff_t*>a.dims, perm, a.ptr, b.ptr)
            else:
                rk.copy(item_size(a.dt), a.n, a.ptr, 1, b.ptr, 1)
            if conjugated:
                part = core.RK_FLOAT32 if a.dt == core.RK_COMPLEX64 else core.RK_FLOAT64
                rk.scal(part, b.n, -1.0, 0.0, b.ptr + item_size(part), 2)
            if x[0] != 1 or x[1] != 0:
                rk.scal(b.dt, b.n, x[0], x[1], b.ptr, 1)
        return b if B is None else B

    # ---- numbers from whole arrays

    def sum(self, X) -> float:
        """The sum of all elements: exact for integers, true values counted for bool.

        Raises:
            InvalidArgumentException: the elements are complex.

        Example:
            >>> la.sum(la.array([[1, 2], [3, 4]]))
            10.0

        PHP: ``LinearAlgebra::sum()``.
        """
        return _sum(array_arg(X, "X"))

    def imax(self, X) -> int:
        """The position of the first largest element; nan is passed over.

        Raises:
            InvalidArgumentException: the array is empty or complex.

        PHP: ``LinearAlgebra::imax()``.
        """
        return _search(array_arg(X, "X"), True, False)

    def imin(self, X) -> int:
        """The position of the first smallest element; nan is passed over, except at the front.

        Raises:
            InvalidArgumentException: the array is empty or complex.

        PHP: ``LinearAlgebra::imin()``.
        """
        return _search(array_arg(X, "X"), False, False)

    def max(self, X) -> float:
        """The largest element; nan is passed over, as in the original and unlike numpy.

        Raises:
            InvalidArgumentException: the array is empty or complex.

        PHP: ``LinearAlgebra::max()``.
        """
        cdef NDArrayPhp x = array_arg(X, "X")
        return float(load_item(x.ptr + _search(x, True, False) * item_size(x.dt), x.dt))

    def min(self, X) -> float:
        """The smallest element; nan is passed over, except at the front, as in the original and unlike numpy.

        Raises:
            InvalidArgumentException: the array is empty or complex.

        PHP: ``LinearAlgebra::min()``.
        """
        cdef NDArrayPhp x = array_arg(X, "X")
        return float(load_item(x.ptr + _search(x, False, False) * item_size(x.dt), x.dt))

    def isclose(self, a, b, rtol=None, atol=None, debug=None) -> bool:
        """Whether the largest difference of two arrays is small: max|b-a| < atol + max|rtol b|.

        Unlike numpy's ``allclose`` it measures the arrays as a whole.

        Args:
            a, b: arrays; of different shapes they are not close.
            rtol: tolerance relative to the largest modulus of b, 1e-4 by default.
            atol: absolute tolerance, 1e-7 by default.
            debug: whether both sides of the comparison are printed.

        Raises:
            InvalidArgumentException: the arrays are empty.

        PHP: ``LinearAlgebra::isclose()``.
        """
        cdef NDArrayPhp x = array_arg(a, "a")
        cdef NDArrayPhp y = array_arg(b, "b")
        cdef NDArrayPhp difference
        cdef double relative = 1e-4 if rtol is None else abs(rtol)
        cdef double absolute = 1e-7 if atol is None else atol
        cdef double distance, limit
        cdef int common
        if not same_shape(x, y):
            return False
        check_filled(x)
        common = core.RK_COMPLEX128 if is_complex(x.dt) or is_complex(y.dt) else core.RK_FLOAT64
        if x.dt != y.dt or is_complex(x.dt) or not (x.dt == core.RK_FLOAT32 or x.dt == core.RK_FLOAT64):
            x = cast_to(x, common)
            y = cast_to(y, common)
        if is_complex(x.dt):
            difference = copy_of(y)
            rk.axpy(x.dt, x.n, -1.0, 0.0, x.ptr, 1, difference.ptr, 1)
            distance = _largest(difference)
        else:
            with nogil:
                if x.dt == core.RK_FLOAT32:
                    distance = rk_distance_f32(x.n, <const float*>x.ptr, <const float*>y.ptr)
                else:
                    distance = rk_distance_f64(x.n, <const double*>x.ptr, <const double*>y.ptr)
        limit = absolute + relative * _largest(y)
        if debug:
            print(sprintf("diff=%14.8e, close=%14.8e", distance, limit))
        return distance < limit

    # ---- LAPACK

    def svd(self, matrix, fullMatrices=None):
        """Singular values and vectors: matrix = U diag(S) VT.

        Args:
            matrix: a matrix of float32 or float64.
            fullMatrices: whether U and VT are square, which is the default; else they have min(m, n) vectors.

        Shapes:
            matrix (m, n); U (m, m), S (k), VT (n, n) with k = min(m, n); not full: U (m, k), VT (k, n).

        Returns:
            [U, S, VT], the singular values in falling order.

        Raises:
            InvalidArgumentException: not a matrix, empty, not of floats, or it contains nan or infinity.
            RuntimeException: the iteration did not converge.

        Example:
            >>> la.svd(la.array([[3, 0], [0, 4]]))[1].toArray()
            [4.0, 3.0]

        PHP: ``LinearAlgebra::svd()``.
        """
        cdef NDArrayPhp a = array_arg(matrix, "matrix")
        cdef NDArrayPhp held, u, s, vt, work, indexes
        cdef void* places
        cdef Py_ssize_t m, n, k
        cdef bint whole = fullMatrices is None or _flag(fullMatrices)
        cdef ptrdiff_t info
        cdef double size
        if a.nd != 2:
            raise InvalidArgumentException(f"input array must be 2D array: shape {shape_text(a)} given")
        _check_real(a, "matrix")
        check_filled(a)
        _check_lapack(a, "matrix")
        if not isfinite(_modulus(a, rk.arg_all(core.RK_ARGAMAX, a.dt, a.n, a.ptr, 1))):
            raise InvalidArgumentException("the matrix contains nan or infinity, it has no singular values")
        m = a.dims[0]
        n = a.dims[1]
        k = min(m, n)
        held = _transposed(a)
        u = _matrix(a.dt, m if whole else k, m)
        vt = _matrix(a.dt, n, n if whole else k)
        s = empty(a.dt, 1, &k)
        cdef const lapack_api* lib = _library()
        work = _vector(a.dt, 1, 0.0)
        indexes = _vector(core.RK_INT64, 8 * k, 0) if k > SMALL_SVD else None
        places = NULL if indexes is None else indexes.ptr
        lib.gesvd(a.dt, whole, m, n, held.ptr, s.ptr, u.ptr, vt.ptr, work.ptr, -1, places)
        size = _element(work, "work")
        # a float32 rounds large sizes, perhaps down
        work = _vector(a.dt, <Py_ssize_t>(size * 1.000001) + 1, 0.0)
        with nogil:
            info = lib.gesvd(a.dt, whole, m, n, held.ptr, s.ptr, u.ptr, vt.ptr, work.ptr, work.n, places)
        if info != 0:
            raise RuntimeException(f"the singular values of a matrix of shape {shape_text(a)} did not converge")
        return [_transposed(u), s, _transposed(vt)]

    def augmentedMatrix(self, a, b):
        """The matrix of a system of equations with the right side as its last column.

        Shapes:
            a (m, n), b (m), result (m, n+1).

        Raises:
            InvalidArgumentException: shapes or types do not fit.

        Example:
            >>> la.augmentedMatrix(la.array([[1, 2], [3, 4]]), la.array([5, 6])).toArray()
            [[1.0, 2.0, 5.0], [3.0, 4.0, 6.0]]

        PHP: ``LinearAlgebra::augmentedMatrix()``.
        """
        cdef NDArrayPhp x = array_arg(a, "a")
        cdef NDArrayPhp y = array_arg(b, "b")
        cdef NDArrayPhp out
        cdef int size = item_size(x.dt)
        _check_system(x, y)
        out = _matrix(x.dt, x.dims[0], x.dims[1] + 1)
        with nogil:
            rk.copy2d(size, x.dims[0], x.dims[1], x.ptr, x.dims[1], out.ptr, x.dims[1] + 1)
            rk.copy(size, y.n, y.ptr, 1, out.ptr + x.dims[1] * size, x.dims[1] + 1)
        return out

    def solve(self, a, b, epsilon=None):
        """The solution of the linear equations a x = b.

        Rows are exchanged where that makes the solution more exact; where the original meets a small number on the
        diagonal and gives up, this finds the solution if there is one. Small float32 systems are solved in float64.

        Args:
            a: the matrix, of float32 or float64.
            b: the right side.
            epsilon: the smallest pivot that is accepted, 1e-7 by default.

        Shapes:
            a (n, n), b (n), result (n).

        Raises:
            InvalidArgumentException: shapes or types do not fit, or a is singular: "too small value".

        Example:
            >>> la.solve(la.array([[2, 0], [0, 4]]), la.array([2, 2])).toArray()
            [1.0, 0.5]

        PHP: ``LinearAlgebra::solve()``.
        """
        cdef NDArrayPhp x = array_arg(a, "a")
        cdef NDArrayPhp y = array_arg(b, "b")
        cdef NDArrayPhp lu, pivots, out
        cdef double smallest = 1e-7 if epsilon is None else epsilon
        cdef double pivot
        cdef Py_ssize_t n, i
        _check_system(x, y)
        _check_real(x, "a")
        if x.dims[0] != x.dims[1]:
            raise InvalidArgumentException(f"matrix A must be square: shape {shape_text(x)} given")
        n = x.dims[0]
        if n == 0:
            return empty_like(y)
        _check_lapack(x, "a")
        if x.dt == core.RK_FLOAT32 and n <= SMALL_SYSTEM:
            lu = cast_to(x, core.RK_FLOAT64)
            out = cast_to(y, core.RK_FLOAT64)
        else:
            lu = copy_of(x)
            out = copy_of(y)
        pivots = empty(core.RK_INT64, 1, &n)
        cdef const lapack_api* lib = _library()
        with nogil:
            lib.getrf(lu.dt, n, lu.ptr, pivots.ptr)
        for i in range(n):
            if lu.dt == core.RK_FLOAT32:
                pivot = fabs((<float*>lu.ptr)[i * (n + 1)])
            else:
                pivot = fabs((<double*>lu.ptr)[i * (n + 1)])
            if pivot < smallest:
                raise InvalidArgumentException(
                    f"too small value: pivot {pivot:g} of row {i} is below {smallest:g}, the matrix is singular"
                )
        lib.getrs(lu.dt, n, lu.ptr, pivots.ptr, out.ptr)
        return out if out.dt == x.dt else cast_to(out, x.dt)

    # ---- sums over products

    def parseEinsum(self, equation, *arrays):
        """Reads an equation of Einstein's notation such as ``ij,jk->ik``.

        Args:
            equation: two operands and a result, letters for indexes; spaces are ignored.
            *arrays: the two operands.

        Returns:
            [sizes, labels, shape]: the sizes of all indexes, those of the result first; the indexes of the operands
            and of the result by their numbers in this list; the shape of the result.

        Raises:
            InvalidArgumentException: the equation is not one, or does not fit the arrays.

        Example:
            >>> la.parseEinsum("ij,jk->ik", la.alloc([2, 3]), la.alloc([3, 4]))
            [[2, 4, 3], [[0, 2], [2, 1], [0, 1]], [2, 4]]

        PHP: ``LinearAlgebra::parseEinsum()``.
        """
        if len(arrays) < 2:
            raise InvalidArgumentException(f"an equation has two operands: {len(arrays)} given")
        return list(_parse(equation, array_arg(arrays[0], "a"), array_arg(arrays[1], "b")))

    def einsum_build_dims(self, equation, shapeA, labelA, shapeB, labelB, labelC):
        """Sizes of the indexes of a parsed equation for operands of given shapes.

        Args:
            equation: the equation, for messages.
            shapeA, shapeB: the operands' shapes.
            labelA, labelB, labelC: their and the result's indexes, as ``parseEinsum`` numbers them.

        Returns:
            [sizes, shape of the result].

        Raises:
            InvalidArgumentException: the shapes do not fit.

        PHP: ``LinearAlgebra::einsum_build_dims()``.
        """
        sizes = _build_dims(equation, list(shapeA), list(labelA), list(shapeB), list(labelB))
        return [sizes, sizes[:len(labelC)]]

    def einsum_build_lds(self, sizeOfIndices, label, shape):
        """How far apart neighbours along each index lie in an array; 0 where it does not have the index.

        Args:
            sizeOfIndices: sizes of all indexes.
            label: the array's indexes, as ``parseEinsum`` numbers them.
            shape: its shape; along a dimension of size 1 the distance is 0.

        Example:
            >>> la.einsum_build_lds([2, 4, 3], [0, 2], [2, 3])
            [3, 0, 1]

        PHP: ``LinearAlgebra::einsum_build_lds()``.
        """
        lds = [0] * len(sizeOfIndices)
        step = 1
        for axis in range(len(label) - 1, -1, -1):
            if shape[axis] != 1:
                lds[label[axis]] += step
            step *= sizeOfIndices[label[axis]]
        return lds

    def einsum(self, equation, a, b, c=None):
        """Sums of products in Einstein's notation: over every index that the result does not have.

        Runs as matrix products where memory allows it.

        Args:
            equation: such as ``abc,acd->abd``.
            a, b: the operands, of one type.
            c: an array for the result.

        Returns:
            The result.

        Raises:
            InvalidArgumentException: the equation is not one, or does not fit the arrays.

        Example:
            >>> la.einsum("ij,jk->ik", la.array([[1, 2]]), la.array([[3], [4]])).toArray()
            [[11.0]]

        PHP: ``LinearAlgebra::einsum()``.
        """
        return _einsum(self._equations, equation, a, b, c, False)

    def einsum4p1(self, equation, a, b, c=None):
        """``einsum`` with at most four indexes in the result and one that is summed over.

        Args:
            equation: such as ``abc,acd->abd``.
            a, b: the operands, of one type.
            c: the result, in place; a new array when left out.

        Returns:
            c.

        Raises:
            InvalidArgumentException: the equation has too many indexes or does not fit the arrays.

        PHP: ``LinearAlgebra::einsum4p1()``.
        """
        z = _einsum(self._equations4p1, equation, a, b, c, True)
        return z if c is None else c

    # ---- gradients by differences

    def numericalGradient(self, h=None, f=None, *variables):
        """Gradients of a function by central differences: (f(x+h) - f(x-h)) / 2h for each element of each variable.

        Args:
            h: the step, 1e-4 by default.
            f: a function that takes the variables and returns an array or a number; the sum of its elements counts.
            *variables: float arrays; they are copied, f sees the copies.

        Returns:
            A list of arrays shaped like the variables.

        Raises:
            InvalidArgumentException: f cannot be called, or a variable is not of floats.

        Example:
            >>> grads = la.numericalGradient(1e-3, lambda x: la.dot(x, x), la.array([1, 2]))
            >>> [round(x, 1) for x in grads[0].toArray()]
            [2.0, 4.0]

        PHP: ``LinearAlgebra::numericalGradient()``.
        """
        cdef NDArrayPhp x, grad, y1
        cdef double step = 1e-4 if h is None else h
        cdef double value
        cdef Py_ssize_t i
        cdef int size
        if not callable(f):
            raise InvalidArgumentException("f must callable or array of f and h")
        moved = [copy_of(array_arg(v, "variables")) for v in variables]
        grads = []
        for item in moved:
            x = <NDArrayPhp>item
            _check_real(x, "variables")
            size = item_size(x.dt)
            grad = empty_like(x)
            for i in range(x.n):
                value = load_item(x.ptr + i * size, x.dt)
                _put(x.ptr + i * size, x.dt, value + step)
                above = f(*moved)
                if isinstance(above, NDArray):
                    above = copy_of(raw(above))
                _put(x.ptr + i * size, x.dt, value - step)
                below = f(*moved)
                _put(x.ptr + i * size, x.dt, value)
                if isinstance(above, NDArray) and isinstance(below, NDArray):
                    y1 = <NDArrayPhp>above
                    self.axpy(below, y1, -1)
                    _put(grad.ptr + i * size, x.dt, _sum(y1) / (2 * step))
                else:
                    _put(grad.ptr + i * size, x.dt, (float(above) - float(below)) / (2 * step))
            grads.append(grad)
        return grads
