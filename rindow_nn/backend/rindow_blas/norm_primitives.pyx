"""What layers need of a backend for normalisation, dropout and embedding, as C methods."""

from libc.math cimport sqrt
from libc.stddef cimport ptrdiff_t

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.kernels.norm cimport norm_table, rk_norm_api
from rindow_math.matrix.ndarray cimport NDArrayPhp, check_writable, same_shape, shape_text

cdef const rk_norm_api* rk_norm = norm_table()

cdef Py_ssize_t LONG = 4096           # elements below which the interpreter is not released

ctypedef struct Split:
    ptrdiff_t outer
    ptrdiff_t n
    ptrdiff_t inner


cdef int _split(Split* s, NDArrayPhp x, int axis) except -1:
    """An array's sizes before, at and behind an axis."""
    cdef int i
    if x.dt != core.RK_FLOAT32 and x.dt != core.RK_FLOAT64:
        raise InvalidArgumentException(f"normalization needs float32 or float64: {NAMES[x.dt]} was given")
    if axis < 0 or axis >= x.nd:
        raise InvalidArgumentException(f"Invalid axis: axis={axis},shape={shape_text(x)}")
    s.outer = s.inner = 1
    for i in range(x.nd):
        if i < axis:
            s.outer *= x.dims[i]
        elif i > axis:
            s.inner *= x.dims[i]
    s.n = x.dims[axis]
    return 0


cdef char* _vector(NDArrayPhp x, NDArrayPhp v, ptrdiff_t n, str what) except? NULL:
    """The memory of an array of n elements in the type of x; NULL for None."""
    if v is None:
        return NULL
    if v.dt != x.dt or v.n != n:
        raise InvalidArgumentException(
            f"{what} of shape {shape_text(v)} ({NAMES[v.dt]}) does not fit inputs of shape {shape_text(x)} "
            f"({NAMES[x.dt]})"
        )
    return v.ptr


cdef char* _like(NDArrayPhp x, NDArrayPhp y, str what) except? NULL:
    """The memory of an array in the shape and type of x; NULL for None."""
    if y is not None and not same_shape(x, y):
        raise InvalidArgumentException(f"{what} has shape {shape_text(y)}, must be {shape_text(x)}")
    return _vector(x, y, x.n, what)


cdef class NormPrimitives:
    """The part of a backend that normalisation, dropout and embedding runs on."""

    cdef int layer_norm(self, int axis, double eps, NDArrayPhp x, NDArrayPhp gamma, NDArrayPhp beta, NDArrayPhp y,
                        NDArrayPhp stats) except -1:
        """y = (x - mean) / sqrt(variance + eps) * gamma + beta with the moments over an axis.

        Args:
            axis: from 0.
            eps: keeps the quotient finite.
            x: inputs.
            gamma: factors, one a place of the axis, or None.
            beta: summands, one a place of the axis, or None.
            y: receives the result.
            stats: receives what the gradient needs: two numbers for each place of the other axes.
        """
        cdef Split s
        cdef char* g
        cdef char* b
        cdef char* out
        cdef char* kept
        _split(&s, x, axis)
        g = _vector(x, gamma, s.n, "gamma")
        b = _vector(x, beta, s.n, "beta")
        out = _like(x, y, "the output")
        kept = _vector(x, stats, 2 * s.outer * s.inner, "the sums")
        if x.n > LONG:
            with nogil:
                rk_norm.layer_norm(x.dt, s.outer, s.n, s.inner, x.ptr, g, b, eps, out, kept)
        else:
            rk_norm.layer_norm(x.dt, s.outer, s.n, s.inner, x.ptr, g, b, eps, out, kept)
        return 0

    cdef int layer_norm_gradient(self, int axis, NDArrayPhp x, NDArrayPhp gamma, NDArrayPhp stats, NDArrayPhp dy,
                                 NDArrayPhp dx, NDArrayPhp dgamma, NDArrayPhp dbeta) except -1:
        """Gradients of ``layer_norm`` into the arrays that are given."""
        cdef Split s
        cdef char* g
        cdef char* kept
        cdef char* into_x
        cdef char* into_gamma
        cdef char* into_beta
        cdef int done
        _split(&s, x, axis)
        g = _vector(x, gamma, s.n, "gamma")
        kept = _vector(x, stats, 2 * s.outer * s.inner, "the sums")
        _like(x, dy, "the gradient")
        into_x = _like(x, dx, "the gradient")
        into_gamma = _vector(x, dgamma, s.n, "the gradient of gamma")
        into_beta = _vector(x, dbeta, s.n, "the gradient of beta")
        if x.n > LONG:
            with nogil:
                done = rk_norm.layer_norm_gradient(
                    x.dt, s.outer, s.n, s.inner, x.ptr, g, kept, dy.ptr, into_x, into_gamma, into_beta
                )
        else:
            done = rk_norm.layer_norm_gradient(
                x.dt, s.outer, s.n, s.inner, x.ptr, g, kept, dy.ptr, into_x, into_gamma, into_beta
            )
        if not done:
            raise MemoryError("no memory for the sums of a normalization")
        return 0

    cdef int batch_norm(self, int axis, double eps, double momentum, bint training, NDArrayPhp x, NDArrayPhp gamma,
                        NDArrayPhp beta, NDArrayPhp mean, NDArrayPhp variance, bint relu, NDArrayPhp y,
                        NDArrayPhp stats) except -1:
        """y = (x - mean) / sqrt(variance + eps) * gamma + beta with the moments of each place of an axis.

        Args:
            axis: of the channels, from 0.
            eps: keeps the quotient finite.
            momentum: what the moving moments keep of themselves.
            training: the moments are those of x, and the moving ones are updated; else the moving ones.
            x: inputs.
            gamma: factors, one a channel, or None.
            beta: summands, one a channel, or None.
            mean: moving means, one a channel.
            variance: moving variances, one a channel.
            relu: y is 0 where it would be below.
            y: receives the result.
            stats: receives what the gradient needs: four numbers a channel.
        """
        cdef Split s
        cdef char* g
        cdef char* b
        cdef char* m
        cdef char* v
        cdef char* out
        cdef char* kept
        cdef int done
        _split(&s, x, axis)
        g = _vector(x, gamma, s.n, "gamma")
        b = _vector(x, beta, s.n, "beta")
        m = _vector(x, mean, s.n, "a moving mean")
        v = _vector(x, variance, s.n, "a moving variance")
        out = _like(x, y, "the output")
        kept = _vector(x, stats, 4 * s.n, "the sums")
        if training:
            check_writable(mean)
            check_writable(variance)
        if x.n > LONG:
            with nogil:
                done = rk_norm.batch_norm(
                    x.dt, s.outer, s.n, s.inner, x.ptr, g, b, eps, momentum, training, m, v, relu, out, kept
                )
        else:
            done = rk_norm.batch_norm(
                x.dt, s.outer, s.n, s.inner, x.ptr, g, b, eps, momentum, training, m, v, relu, out, kept
            )
        if not done:
            raise MemoryError("no memory for the sums of a normalization")
        return 0

    cdef int batch_norm_gradient(self, int axis, bint training, NDArrayPhp x, NDArrayPhp gamma, NDArrayPhp stats,
                                 NDArrayPhp dy, bint relu, NDArrayPhp dx, NDArrayPhp dgamma,
                                 NDArrayPhp dbeta) except -1:
        """Gradients of ``batch_norm`` into the arrays that are given; with ``relu`` for training only."""
        cdef Split s
        cdef char* g
        cdef char* kept
        cdef char* into_x
        cdef char* into_gamma
        cdef char* into_beta
        cdef int done
        _split(&s, x, axis)
        g = _vector(x, gamma, s.n, "gamma")
        kept = _vector(x, stats, 4 * s.n, "the sums")
        _like(x, dy, "the gradient")
        into_x = _like(x, dx, "the gradient")
        into_gamma = _vector(x, dgamma, s.n, "the gradient of gamma")
        into_beta = _vector(x, dbeta, s.n, "the gradient of beta")
        if x.n > LONG:
            with nogil:
                done = rk_norm.batch_norm_gradient(
                    x.dt, s.outer, s.n, s.inner, training, x.ptr, g, kept, dy.ptr, relu, into_x, into_gamma, into_beta
                )
        else:
            done = rk_norm.batch_norm_gradient(
                x.dt, s.outer, s.n, s.inner, training, x.ptr, g, kept, dy.ptr, relu, into_x, into_gamma, into_beta
            )
        if not done:
            raise MemoryError("no memory for the sums of a normalization")
        return 0

    cdef int fold_batch_norm(self, double eps, NDArrayPhp bias, NDArrayPhp gamma, NDArrayPhp beta, NDArrayPhp mean,
                             NDArrayPhp variance, NDArrayPhp scale, NDArrayPhp shift) except -1:
        """Writes scale and shift: x * scale + shift is ``batch_norm`` of x + bias outside training.

        Args:
            eps: keeps the quotient finite.
            bias: one a channel, or None.
            gamma: factors, one a channel, or None.
            beta: summands, one a channel, or None.
            mean: moving means, one a channel.
            variance: moving variances, one a channel.
            scale: receives a factor for each channel.
            shift: receives a summand for each channel.
        """
        cdef Py_ssize_t n = scale.n
        cdef char* b = _vector(scale, bias, n, "a bias")
        cdef char* g = _vector(scale, gamma, n, "gamma")
        cdef char* c = _vector(scale, beta, n, "beta")
        cdef char* m = _vector(scale, mean, n, "a moving mean")
        cdef char* v = _vector(scale, variance, n, "a moving variance")
        cdef char* t = _vector(scale, shift, n, "the shift")
        if scale.dt == core.RK_FLOAT32:
            _fold(n, eps, <const float*>b, <const float*>g, <const float*>c, <const float*>m, <const float*>v,
                  <float*>scale.ptr, <float*>t)
        else:
            _fold(n, eps, <const double*>b, <const double*>g, <const double*>c, <const double*>m, <const double*>v,
                  <double*>scale.ptr, <double*>t)
        return 0


ctypedef fused number:
    float
    double


cdef void _fold(Py_ssize_t n, double eps, const number* bias, const number* gamma, const number* beta,
                const number* mean, const number* variance, number* scale, number* shift) noexcept nogil:
    cdef Py_ssize_t i
    cdef double s
    for i in range(n):
        s = 1 / sqrt(<double>variance[i] + eps)
        # the shift goes with the scale as it is rounded: what both share then cancels
        scale[i] = <number>(s if gamma == NULL else s * <double>gamma[i])
        s = -<double>mean[i] if bias == NULL else <double>bias[i] - <double>mean[i]
        shift[i] = <number>(s * <double>scale[i] + (0.0 if beta == NULL else <double>beta[i]))
