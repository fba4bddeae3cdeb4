"""The backend's losses and their gradients, each in a form that neither overflows nor saturates.

A reduction is ``sum`` (the default), which is the mean over the batch as in the original, or ``none``, which gives one
number a sample. From logits, predictions are what goes into the sigmoid or softmax, and the loss is computed from
them; labels need not sum up to one.
"""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport is_float, is_int, load_item
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport (
    MAX_DIMS, NDArray, NDArrayPhp, cast_to, empty, empty_like, full, raw, same_shape, scalar, view,
)
from rindow_nn.backend.rindow_blas.primitives cimport Primitives

cdef const core.rk_api* rk = core.table()


class LossMethods:
    """The part of ``Backend`` that computes losses.

    In all methods ``trues`` are the labels, ``predicts`` the predictions (batch, ..., classes), and ``dLoss`` the
    gradient of the loss: a number, or an array of one number a sample with the reduction ``none``.
    """

    __slots__ = ()

    def meanSquaredError(self, trues, predicts, reduction=None):
        """Mean of squared differences: of all elements, or over the last dimension (reduction ``none``).

        Raises:
            InvalidArgumentException: the shapes differ, or the predictions are no floating-point numbers.

        Example:
            >>> from rindow_nn.builder import NeuralNetworks
            >>> K = NeuralNetworks().backend
            >>> K.meanSquaredError(K.array([[1, 2]]), K.array([[1, 4]])).toArray()
            2.0
        """
        cdef Primitives K = self
        cdef NDArrayPhp p = _predictions(predicts)
        cdef NDArrayPhp d = K.binary(core.RK_SUB, p, _labels_like(trues, p), None)
        if _by_sample(reduction):
            return _scaled(K, K.reduce_axis(core.RK_SUMSQ, d, -1, False), 1.0 / p.dims[p.nd - 1])
        return _scaled(K, K.reduce_all(core.RK_SUMSQ, d, False), 1.0 / p.n)

    def dMeanSquaredError(self, dLoss, trues, predicts, reduction=None):
        """Gradient of ``meanSquaredError`` with respect to the predictions."""
        cdef Primitives K = self
        cdef NDArrayPhp p = _predictions(predicts)
        cdef NDArrayPhp d = K.binary(core.RK_SUB, p, _labels_like(trues, p), None)
        if _by_sample(reduction):
            return _times_samples(K, d, dLoss, 2.0 / p.dims[p.nd - 1])
        return _scaled(K, d, 2.0 / p.n * _number(dLoss))

    def huber(self, trues, predicts, delta=None, reduction=None):
        """Huber's loss: squares of small differences, a line beyond delta (Huber, 1964).

        Args:
            trues: labels.
            predicts: predictions of the same shape.
            delta: where the line begins; 1 by default.
            reduction: ``sum``: the mean of all elements; ``none``: the mean over the last dimension.

        Raises:
            InvalidArgumentException: the shapes differ, or the predictions are no floating-point numbers.
        """
        cdef Primitives K = self
        cdef NDArrayPhp p = _predictions(predicts)
        cdef double limit = 1.0 if delta is None else delta
        cdef NDArrayPhp d = K.binary(core.RK_SUB, p, _labels_like(trues, p), None)
        cdef NDArrayPhp c = K.param(core.RK_CLIP, d, -limit, limit, None)
        # with c = d clipped, both branches are c * (d - c/2)
        K.scaled_add(-0.5, c, d)
        K.binary(core.RK_MUL, d, c, d)
        if _by_sample(reduction):
            return _scaled(K, K.reduce_axis(core.RK_SUM, d, -1, False), 1.0 / p.dims[p.nd - 1])
        return _scaled(K, K.reduce_all(core.RK_SUM, d, False), 1.0 / p.n)

    def dHuber(self, dLoss, trues, predicts, delta=None, reduction=None):
        """Gradient of ``huber`` with respect to the predictions."""
        cdef Primitives K = self
        cdef NDArrayPhp p = _predictions(predicts)
        cdef double limit = 1.0 if delta is None else delta
        cdef NDArrayPhp d = K.binary(core.RK_SUB, p, _labels_like(trues, p), None)
        K.param(core.RK_CLIP, d, -limit, limit, d)
        if _by_sample(reduction):
            return _times_samples(K, d, dLoss, 1.0 / p.dims[p.nd - 1])
        return _scaled(K, d, _number(dLoss) / p.n)

    def sparseCategoricalCrossEntropy(self, trues, predicts, fromLogits=None, reduction=None):
        """Cross entropy of class numbers: the mean, or one number a sample (reduction ``none``).

        Args:
            trues: class numbers (batch, ...) of an integer type.
            predicts: probabilities or logits (batch, ..., classes).
            fromLogits: the predictions are logits.
            reduction: ``sum`` or ``none``.

        Raises:
            InvalidArgumentException: trues are not integers, a class number is out of range, or the shapes differ.
        """
        cdef Primitives K = self
        cdef NDArrayPhp p = _predictions(predicts)
        cdef NDArrayPhp t = raw(trues)
        cdef NDArrayPhp losses
        cdef bint by_sample = _by_sample(reduction)
        if fromLogits:
            losses = empty(p.dt, t.nd if by_sample else 0, t.dims)
            K.sparse_cross_entropy(t, p, losses, empty_like(p))
            return losses
        losses = K.param(core.RK_AXPB, _of_class(t, p), 1.0, self._epsilon, None)
        K.unary(core.RK_LOG, losses, losses)
        return _scaled(K, losses if by_sample else K.reduce_all(core.RK_SUM, losses, False),
                       -1.0 if by_sample else -1.0 / t.n)

    def dSparseCategoricalCrossEntropy(self, dLoss, trues, predicts, fromLogits=None, reduction=None):
        """Gradient of ``sparseCategoricalCrossEntropy`` with respect to the predictions."""
        cdef Primitives K = self
        cdef NDArrayPhp p = _predictions(predicts)
        cdef NDArrayPhp t = raw(trues)
        cdef NDArrayPhp slope
        cdef NDArrayPhp dx
        cdef bint by_sample = _by_sample(reduction)
        if fromLogits:
            _check_classes(t, p)
            return K.sparse_cross_entropy_gradient(
                t, K.softmax_rows(p), _by_samples(dLoss, t.nd, t.dims, p.dt) if by_sample
                else scalar(p.dt, _number(dLoss))
            )
        slope = K.param(core.RK_RECIP_AXPB, _of_class(t, p), 1.0, self._epsilon, None)
        if by_sample:
            K.binary(core.RK_MUL, slope, _by_samples(dLoss, t.nd, t.dims, p.dt), slope)
        _scaled(K, slope, -1.0 if by_sample else -_number(dLoss) / t.n)
        dx = full(p.dt, p.nd, p.dims, 0)
        with nogil:
            rk.gatherb(p.dt, 1, 0, t.n, 1, 1, 1, 1, p.dims[p.nd - 1], dx.ptr, t.ptr, t.dt, slope.ptr)
        return dx

    def categoricalCrossEntropy(self, trues, predicts, fromLogits=None, reduction=None):
        """Cross entropy of class weights: the mean over the samples, or one number a sample (reduction ``none``).

        Args:
            trues: weights of the classes (batch, ..., classes), often one 1 among zeros.
            predicts: probabilities or logits of the same shape.
            fromLogits: the predictions are logits.
            reduction: ``sum`` or ``none``.

        Raises:
            InvalidArgumentException: the shapes differ, or the predictions are no floating-point numbers.
        """
        cdef Primitives K = self
        cdef NDArrayPhp p = _predictions(predicts)
        cdef NDArrayPhp t = _labels_like(trues, p)
        cdef NDArrayPhp logs
        if fromLogits:
            logs = empty_like(p)
            with nogil:
                rk.log_softmax(p.dt, p.ptr, logs.ptr, p.n // p.dims[p.nd - 1], p.dims[p.nd - 1])
        else:
            logs = K.param(core.RK_AXPB, p, 1.0, self._epsilon, None)
            K.unary(core.RK_LOG, logs, logs)
        K.binary(core.RK_MUL, logs, t, logs)
        if _by_sample(reduction):
            return _scaled(K, K.reduce_axis(core.RK_SUM, logs, -1, False), -1.0)
        return _scaled(K, K.reduce_all(core.RK_SUM, logs, False), -1.0 / (p.n // p.dims[p.nd - 1]))

    def dCategoricalCrossEntropy(self, dLoss, trues, predicts, fromLogits=None, reduction=None):
        """Gradient of ``categoricalCrossEntropy`` with respect to the predictions."""
        cdef Primitives K = self
        cdef NDArrayPhp p = _predictions(predicts)
        cdef NDArrayPhp t = _labels_like(trues, p)
        cdef NDArrayPhp dx
        if fromLogits:
            dx = K.softmax_rows(p)
            K.binary(core.RK_MUL, dx, K.reduce_axis(core.RK_SUM, t, -1, True), dx)
            K.scaled_add(-1.0, t, dx)
        else:
            dx = K.param(core.RK_RECIP_AXPB, p, -1.0, -self._epsilon, None)
            K.binary(core.RK_MUL, dx, t, dx)
        if _by_sample(reduction):
            return _times_samples(K, dx, dLoss, 1.0)
        return _scaled(K, dx, _number(dLoss) / (p.n // p.dims[p.nd - 1]))

    def binaryCrossEntropy(self, trues, predicts, fromLogits=None, reduction=None):
        """Cross entropy of yes and no: the mean of all elements, or the sum over the last dimension (``none``).

        Args:
            trues: 1 for yes, 0 for no, or numbers between them.
            predicts: probabilities or logits of the same shape.
            fromLogits: the predictions are logits.
            reduction: ``sum`` or ``none``.

        Raises:
            InvalidArgumentException: the shapes differ, or the predictions are no floating-point numbers.
        """
        cdef Primitives K = self
        cdef NDArrayPhp p = _predictions(predicts)
        cdef NDArrayPhp t = _labels_like(trues, p)
        cdef NDArrayPhp losses
        cdef NDArrayPhp yes
        cdef NDArrayPhp no
        if fromLogits:
            # log(1 + exp(x)) - t x
            losses = K.unary(core.RK_SOFTPLUS, p, None)
            K.scaled_add(-1.0, K.binary(core.RK_MUL, t, p, None), losses)
        else:
            # -(t log p + (1-t) log(1-p)) = t (log(1-p) - log p) - log(1-p)
            yes = K.param(core.RK_CLIP, p, self._epsilon, 1.0 - self._epsilon, None)
            no = K.param(core.RK_RSUB, yes, 1.0, 0.0, None)
            K.unary(core.RK_LOG, yes, yes)
            K.unary(core.RK_LOG, no, no)
            losses = K.binary(core.RK_SUB, no, yes, yes)
            K.binary(core.RK_MUL, losses, t, losses)
            K.scaled_add(-1.0, no, losses)
        if _by_sample(reduction):
            return K.reduce_axis(core.RK_SUM, losses, -1, False)
        return _scaled(K, K.reduce_all(core.RK_SUM, losses, False), 1.0 / p.n)

    def dBinaryCrossEntropy(self, dLoss, trues, predicts, fromLogits=None, reduction=None):
        """Gradient of ``binaryCrossEntropy`` with respect to the predictions.

        Probabilities closer to 0 or 1 than ``epsilon`` get the gradient that they have there.
        """
        cdef Primitives K = self
        cdef NDArrayPhp p = _predictions(predicts)
        cdef NDArrayPhp t = _labels_like(trues, p)
        cdef NDArrayPhp dx
        cdef NDArrayPhp spread
        if fromLogits:
            dx = K.unary(core.RK_SIGMOID, p, None)
            K.scaled_add(-1.0, t, dx)
        else:
            # (p - t) / (p (1-p))
            dx = K.param(core.RK_CLIP, p, self._epsilon, 1.0 - self._epsilon, None)
            spread = K.param(core.RK_RSUB, dx, 1.0, 0.0, None)
            K.binary(core.RK_MUL, spread, dx, spread)
            K.scaled_add(-1.0, t, dx)
            K.binary(core.RK_DIV, dx, spread, dx)
        if _by_sample(reduction):
            return _times_samples(K, dx, dLoss, 1.0)
        return _scaled(K, dx, _number(dLoss) / p.n)


cdef bint _by_sample(object reduction) except -1:
    if reduction is None or reduction == "sum":
        return False
    if reduction == "none":
        return True
    raise InvalidArgumentException(f"reduction must be 'sum' or 'none'. Received: {reduction!r}")


cdef NDArrayPhp _predictions(object predicts):
    cdef NDArrayPhp p = raw(predicts)
    if not is_float(p.dt) or p.dt == core.RK_FLOAT16:
        raise InvalidArgumentException(f"predicts must be floating-point numbers. {NAMES[p.dt]} was given.")
    if p.nd < 1 or p.n < 1:
        raise InvalidArgumentException(f"predicts must have one element or more, in rows. Shape {p.shape()} was given.")
    return p


cdef NDArrayPhp _labels_like(object trues, NDArrayPhp p):
    """The labels in the type of the predictions, whose shape they must have."""
    cdef NDArrayPhp t = raw(trues)
    if not same_shape(t, p):
        raise InvalidArgumentException(
            f"must be same shape of dimensions: trues and predicts are {t.shape()} {p.shape()}"
        )
    return t if t.dt == p.dt else cast_to(t, p.dt)


cdef int _check_classes(NDArrayPhp t, NDArrayPhp p) except -1:
    """Class numbers must be integers in range, one for each row of the predictions."""
    cdef int i
    cdef ptrdiff_t wrong
    cdef ptrdiff_t n = p.dims[p.nd - 1]
    cdef bint fits = t.nd == p.nd - 1
    for i in range(t.nd):
        fits = fits and t.dims[i] == p.dims[i]
    if not fits:
        raise InvalidArgumentException(
            "trues and predicts must be same batch-shape of dimensions. "
            f"trues,predicts are {t.shape()},{p.shape()}"
        )
    if not is_int(t.dt):
        raise InvalidArgumentException(f"trues must be integers. {NAMES[t.dt]} was given.")
    wrong = rk.check_index(t.dt, t.ptr, t.n, n)
    if wrong >= 0:
        raise InvalidArgumentException(
            f"trues must be class numbers from 0 to {n - 1}: {t.reshape([t.n])[wrong]} was given at row {wrong}"
        )
    return 0


cdef NDArrayPhp _of_class(NDArrayPhp t, NDArrayPhp p):
    """The prediction of each row for its class."""
    cdef NDArrayPhp out
    _check_classes(t, p)
    out = empty(p.dt, t.nd, t.dims)
    with nogil:
        rk.gatherb(p.dt, 0, 0, t.n, 1, 1, 1, 1, p.dims[p.nd - 1], p.ptr, t.ptr, t.dt, out.ptr)
    return out


cdef NDArrayPhp _scaled(Primitives K, NDArrayPhp x, double factor):
    return x if factor == 1.0 else K.param(core.RK_AXPB, x, factor, 0.0, x)


cdef double _number(object dLoss) except? -1.0:
    """The one number in the gradient of a loss."""
    cdef NDArrayPhp d
    if not isinstance(dLoss, NDArray):
        return dLoss
    d = raw(dLoss)
    if d.n != 1:
        raise InvalidArgumentException(f"the gradient of one loss must be one number: shape {d.shape()} given")
    return load_item(d.ptr, d.dt)


cdef NDArrayPhp _by_samples(object dLoss, int nd, const Py_ssize_t* dims, int dtype):
    """The gradient of a loss of one number a sample, as a view in the samples' shape."""
    cdef NDArrayPhp d
    cdef Py_ssize_t n = 1
    cdef int i
    if not isinstance(dLoss, NDArray):
        raise InvalidArgumentException("loss must not be scaler.")
    d = raw(dLoss)
    for i in range(nd):
        n *= dims[i]
    if d.n != n:
        raise InvalidArgumentException(f"the gradient of {n} losses must be {n} numbers: shape {d.shape()} given")
    return view(d if d.dt == dtype else cast_to(d, dtype), 0, nd, dims)


cdef NDArrayPhp _times_samples(Primitives K, NDArrayPhp dx, object dLoss, double factor):
    """dx times the gradient of each sample's loss, in place."""
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef NDArrayPhp d
    cdef int i
    for i in range(dx.nd - 1):
        dims[i] = dx.dims[i]
    dims[dx.nd - 1] = 1
    d = _by_samples(dLoss, dx.nd, dims, dx.dt)
    if factor != 1.0:
        d = K.param(core.RK_AXPB, d, factor, 0.0, None)
    return K.binary(core.RK_MUL, dx, d, dx)
