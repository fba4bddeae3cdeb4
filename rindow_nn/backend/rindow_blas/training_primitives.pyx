"""What losses, metrics and optimizers need of a backend: shapes and types are checked before a kernel runs."""

from libc.stddef cimport ptrdiff_t
from libc.stdlib cimport free, malloc

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport is_int, load_item
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.linearalgebra.common cimport text_of
from rindow_math.matrix.ndarray cimport (
    NDArray, NDArrayPhp, cast_to, check_writable, empty, empty_like, raw, same_shape, shape_text,
)

cdef const core.rk_api* rk = core.table()

# Below this many elements a kernel is over before another thread could take the interpreter.
cdef Py_ssize_t LONG = 8192


cdef bint _is_sparse(int kind) noexcept:
    return kind == core.RK_LOSS_SPARSE or kind == core.RK_LOSS_SPARSE_LOGITS


cdef bint _has_stats(int kind) noexcept:
    return kind == core.RK_LOSS_CATEGORICAL_LOGITS or kind == core.RK_LOSS_SPARSE_LOGITS


cdef NDArrayPhp _predictions(object predicts):
    cdef NDArrayPhp x = raw(predicts)
    if x.dt != core.RK_FLOAT32 and x.dt != core.RK_FLOAT64:
        raise InvalidArgumentException(f"predicts must be float32 or float64. {NAMES[x.dt]} was given.")
    if x.nd < 1 or x.n < 1:
        raise InvalidArgumentException(f"predicts must have one element or more, in rows. Shape {x.shape()} was given.")
    return x


cdef NDArrayPhp _alike(object trues, NDArrayPhp x, bint integers):
    """Labels of the predictions' shape, whose last dimension they may lack if it is 1.

    They are cast to the predictions' type, unless integers will do.
    """
    cdef NDArrayPhp t = raw(trues)
    cdef int i
    cdef bint fits = t.nd == x.nd or (t.nd == x.nd - 1 and x.dims[x.nd - 1] == 1)
    for i in range(t.nd):
        fits = fits and t.dims[i] == x.dims[i]
    if not fits:
        raise InvalidArgumentException(
            f"trues and predicts must be same shape of dimensions. trues,predicts are {text_of(t)},{text_of(x)}"
        )
    if t.dt == x.dt or (integers and (is_int(t.dt) or t.dt == core.RK_BOOL)):
        return t
    return cast_to(t, x.dt)


cdef NDArrayPhp _class_numbers(object trues, NDArrayPhp x):
    """Labels of an integer type, one for each row of the predictions."""
    cdef NDArrayPhp t = raw(trues)
    cdef int i
    cdef bint fits = t.nd == x.nd - 1
    if not is_int(t.dt):
        raise InvalidArgumentException(f"trues must be integers. {NAMES[t.dt]} was given.")
    for i in range(t.nd):
        fits = fits and t.dims[i] == x.dims[i]
    if not fits:
        raise InvalidArgumentException(
            f"trues and predicts must be same batch-shape of dimensions. trues,predicts are {text_of(t)},{text_of(x)}"
        )
    return t


cdef NDArrayPhp _labels(int kind, object trues, NDArrayPhp x):
    cdef NDArrayPhp t
    cdef ptrdiff_t wrong
    cdef ptrdiff_t n = x.dims[x.nd - 1]
    if not _is_sparse(kind):
        return _alike(trues, x, False)
    t = _class_numbers(trues, x)
    wrong = rk.check_index(t.dt, t.ptr, t.n, n)
    if wrong >= 0:
        raise InvalidArgumentException(
            f"trues must be class numbers from 0 to {n - 1}: {t.reshape([t.n])[wrong]} was given at row {wrong}"
        )
    return t


cdef double _factor(int kind, NDArrayPhp x, bint by_row) noexcept:
    """What the sum of losses, or the loss of a row, is multiplied by."""
    cdef Py_ssize_t n = x.dims[x.nd - 1]
    if by_row:
        return 1.0 / n if kind == core.RK_LOSS_SQUARE or kind == core.RK_LOSS_HUBER else 1.0
    return 1.0 * n / x.n if kind >= core.RK_LOSS_CATEGORICAL else 1.0 / x.n


cdef double _number(object dloss) except? -1.0:
    """The one number in the gradient of a loss."""
    cdef NDArrayPhp d
    if not isinstance(dloss, NDArray):
        return dloss
    d = raw(dloss)
    if d.n != 1:
        raise InvalidArgumentException(f"the gradient of one loss must be one number: shape {d.shape()} given")
    return load_item(d.ptr, d.dt)


cdef NDArrayPhp _numbers(object dloss, Py_ssize_t rows, int dtype):
    """The gradient of a loss of one number a row."""
    cdef NDArrayPhp d
    if not isinstance(dloss, NDArray):
        raise InvalidArgumentException("loss must not be scaler.")
    d = raw(dloss)
    if d.n != rows:
        raise InvalidArgumentException(f"the gradient of {rows} losses must be {rows} numbers: shape {d.shape()} given")
    return d if d.dt == dtype else cast_to(d, dtype)


cdef class TrainingPrimitives:
    """The part of a backend that losses, metrics and optimizers run on.

    Losses are those of ``RK_LOSS_...``: ``trues`` are their labels, ``predicts`` the predictions (..., n), ``q`` is
    Huber's delta or keeps logarithms finite. The loss is one mean, or one number a row (``by_row``).
    """

    cdef NDArrayPhp new_stats(self, int kind, NDArrayPhp x):
        """An array for what the gradient needs of a loss; None if it needs nothing."""
        cdef Py_ssize_t[2] dims
        if not _has_stats(kind):
            return None
        x = _predictions(x)
        dims[0] = x.n // x.dims[x.nd - 1]
        dims[1] = 3
        return empty(x.dt, 2, dims)

    cpdef NDArrayPhp loss(self, int kind, object trues, object predicts, double q, bint by_row, NDArrayPhp out=None,
                          NDArrayPhp stats=None):
        """The loss, into ``out``; what the gradient needs goes into ``stats``."""
        cdef NDArrayPhp x = _predictions(predicts)
        cdef NDArrayPhp t = _labels(kind, trues, x)
        cdef ptrdiff_t n = x.dims[x.nd - 1]
        cdef ptrdiff_t rows = x.n // n
        cdef double factor = _factor(kind, x, by_row)
        cdef double loss
        cdef char* to_stats = NULL if stats is None else stats.ptr
        cdef char* losses
        if out is None:
            out = empty(x.dt, x.nd - 1 if by_row else 0, x.dims)
        losses = out.ptr if by_row else NULL
        if x.n > LONG:
            with nogil:
                loss = rk.loss(kind, x.dt, x.ptr, t.ptr, t.dt, q, factor, to_stats, losses, rows, n)
        else:
            loss = rk.loss(kind, x.dt, x.ptr, t.ptr, t.dt, q, factor, to_stats, losses, rows, n)
        if by_row:
            return out
        if out.dt == core.RK_FLOAT32:
            (<float*>out.ptr)[0] = <float>loss
        else:
            (<double*>out.ptr)[0] = loss
        return out

    cpdef NDArrayPhp loss_gradient(self, int kind, object trues, object predicts, double q, bint by_row, object dloss,
                                   NDArrayPhp stats=None, NDArrayPhp out=None):
        """The gradient of the predictions: ``dloss`` is that of the loss, ``stats`` what the loss left."""
        cdef NDArrayPhp x = _predictions(predicts)
        cdef NDArrayPhp t = _labels(kind, trues, x)
        cdef NDArrayPhp scales = None
        cdef ptrdiff_t n = x.dims[x.nd - 1]
        cdef ptrdiff_t rows = x.n // n
        cdef double scale = _factor(kind, x, by_row)
        cdef char* of_stats = NULL
        cdef char* of_scales = NULL
        if by_row:
            scales = _numbers(dloss, rows, x.dt)
            of_scales = scales.ptr
        else:
            scale *= _number(dloss)
        if _has_stats(kind):
            if stats is None:
                stats = self.new_stats(kind, x)
                self.loss(kind, t, x, q, False, None, stats)
            of_stats = stats.ptr
        if out is None:
            out = empty_like(x)
        if x.n > LONG:
            with nogil:
                rk.dloss(kind, x.dt, x.ptr, t.ptr, t.dt, q, of_stats, of_scales, scale, out.ptr, rows, n)
        else:
            rk.dloss(kind, x.dt, x.ptr, t.ptr, t.dt, q, of_stats, of_scales, scale, out.ptr, rows, n)
        return out

    cdef double loss_step(self, int kind, object trues, NDArrayPhp x, double q, double dloss, NDArrayPhp loss,
                          NDArrayPhp dx, bint counted, double threshold) except? -1.0:
        """A mean loss and its gradient in one pass; answers the share of right answers, if it is wanted."""
        cdef NDArrayPhp t = _labels(kind, trues, x)
        cdef ptrdiff_t n = x.dims[x.nd - 1]
        cdef ptrdiff_t rows = x.n // n
        cdef double factor = _factor(kind, x, False)
        cdef double scale = factor * dloss
        cdef double found
        cdef ptrdiff_t hits = 0
        cdef ptrdiff_t* to_hits = &hits if counted else NULL
        if x.n > LONG:
            with nogil:
                found = rk.loss_step(
                    kind, x.dt, x.ptr, t.ptr, t.dt, q, factor, scale, dx.ptr, threshold, to_hits, rows, n
                )
        else:
            found = rk.loss_step(
                kind, x.dt, x.ptr, t.ptr, t.dt, q, factor, scale, dx.ptr, threshold, to_hits, rows, n
            )
        if loss.dt == core.RK_FLOAT32:
            (<float*>loss.ptr)[0] = <float>found
        else:
            (<double*>loss.ptr)[0] = found
        if kind == core.RK_LOSS_BINARY or kind == core.RK_LOSS_BINARY_LOGITS:
            return 1.0 * hits / x.n
        return 1.0 * (hits * n) / x.n

    cpdef Py_ssize_t count_hits(self, object trues, object predicts, bint sparse) except -1:
        """Rows of predictions whose greatest is at the label: a class number (sparse), or the greatest of its row."""
        cdef NDArrayPhp x = _predictions(predicts)
        cdef NDArrayPhp t = _class_numbers(trues, x) if sparse else _alike(trues, x, False)
        cdef ptrdiff_t n = x.dims[x.nd - 1]
        cdef ptrdiff_t hits
        with nogil:
            hits = rk.count_hits(x.dt, x.ptr, t.ptr, t.dt, x.n // n, n)
        return hits

    cpdef Py_ssize_t count_yes_no(self, object trues, object predicts, double threshold) except -1:
        """Predictions that are greater than the threshold where the label is 1, and not where it is 0."""
        cdef NDArrayPhp x = _predictions(predicts)
        cdef NDArrayPhp t = _alike(trues, x, True)
        cdef ptrdiff_t hits
        with nogil:
            hits = rk.count_yes_no(x.dt, x.ptr, threshold, t.ptr, t.dt, x.n)
        return hits

    cdef object step(self, int rule, list params, list grads, list m, list v, double lr, double a, double b,
                     double eps):
        """One step of an optimizer for all parameters, in place, in one call of the kernel."""
        cdef Py_ssize_t i
        cdef Py_ssize_t total = 0
        cdef Py_ssize_t count = _same_length(params, grads)
        cdef NDArrayPhp p, other
        cdef core.rk_weight* weights = <core.rk_weight*>malloc((count + 1) * sizeof(core.rk_weight))
        if weights == NULL:
            raise MemoryError()
        try:
            # all before the first is changed: a step is taken as a whole or not at all
            for i in range(count):
                p = raw(params[i])
                weights[i].p = p.ptr
                weights[i].g = _beside(p, grads[i], i).ptr
                check_writable(p)
                weights[i].m = weights[i].v = NULL
                if m is not None:
                    _same_length(params, m)
                    other = _beside(p, m[i], i)
                    check_writable(other)
                    weights[i].m = other.ptr
                if v is not None:
                    _same_length(params, v)
                    other = _beside(p, v[i], i)
                    check_writable(other)
                    weights[i].v = other.ptr
                weights[i].n = p.n
                weights[i].dtype = p.dt
                total += p.n
            if total > LONG:
                with nogil:
                    rk.update(rule, weights, count, lr, a, b, eps)
            else:
                rk.update(rule, weights, count, lr, a, b, eps)
        finally:
            free(weights)

    cpdef object sgd_step(self, list params, list grads, double lr):
        """``p -= lr g``"""
        return self.step(core.RK_SGD, params, grads, None, None, lr, 0.0, 0.0, 0.0)

    cpdef object adam_step(self, list params, list grads, list m, list v, double lr, double beta1, double beta2,
                           double epsilon):
        """``m += (1-beta1)(g-m)``, ``v += (1-beta2)(g*g-v)``, ``p -= lr m / (sqrt(v) + epsilon)``"""
        if m is None or v is None:
            _same_length(params, None)
        return self.step(core.RK_ADAM, params, grads, m, v, lr, beta1, beta2, epsilon)

    cpdef object rmsprop_step(self, list params, list grads, list averages, double lr, double rho, double epsilon):
        """``a = rho a + (1-rho) g*g``, ``p -= lr g / (sqrt(a) + epsilon)``; without averages a = (1-rho) g*g"""
        return self.step(core.RK_RMSPROP, params, grads, averages, None, lr, rho, 0.0, epsilon)


cdef Py_ssize_t _same_length(list params, list others) except -1:
    if params is None or others is None or len(params) != len(others):
        raise InvalidArgumentException(
            f"{len(params or ())} parameters, but {len(others or ())} gradients or states were given"
        )
    return len(params)


cdef NDArrayPhp _beside(NDArrayPhp p, object other, Py_ssize_t i):
    """A gradient or state, which must be like its parameter."""
    cdef NDArrayPhp x = raw(other)
    if p.dt != x.dt or not same_shape(p, x):
        raise InvalidArgumentException(
            f"parameter #{i} has shape {shape_text(p)} ({NAMES[p.dt]}), its gradient or state has "
            f"{shape_text(x)} ({NAMES[x.dt]})"
        )
    if p.dt != core.RK_FLOAT32 and p.dt != core.RK_FLOAT64:
        raise InvalidArgumentException(f"parameter #{i} holds {NAMES[p.dt]}; only float32 and float64 are trained")
    return x
