"""The arrays that an optimizer's step works on, and steps without Python in between."""

from libc.math cimport pow, sqrt

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport NDArray, NDArrayPhp, raw
from rindow_nn.backend.rindow_blas.primitives cimport Primitives
from rindow_nn.backend.rindow_blas.training_primitives cimport TrainingPrimitives
from rindow_nn.gradient.core.tape cimport Variable, array_of


def arrays_of(values, what):
    """The arrays in a list of variables and arrays.

    Raises:
        InvalidArgumentException: an element is neither.
    """
    cdef list arrays = []
    if isinstance(values, NDArray) or not hasattr(values, "__iter__"):
        raise InvalidArgumentException(f"a list of {what} was expected, {type(values).__name__} was given")
    for v in values:
        if isinstance(v, NDArrayPhp):
            arrays.append(v)
        elif isinstance(v, Variable):
            arrays.append(array_of(<Variable>v))
        elif isinstance(v, NDArray):
            arrays.append(raw(v))
        else:
            raise InvalidArgumentException(f"{what} #{len(arrays)} is not an array but {type(v).__name__}")
    return arrays


cdef class DirectUpdate:
    """``update(params, grads)`` of an optimizer of the library on lists of arrays.

    It reads and counts in the optimizer's attributes, and does what its ``update`` does.

    Args:
        optimizer: an SGD, Adam or RMSprop.
        rule: its place in this list.
    """

    cdef object optimizer
    cdef dict state                   # the optimizer's attributes
    cdef TrainingPrimitives K
    cdef int rule

    def __init__(self, optimizer, int rule):
        self.optimizer = optimizer
        self.state = vars(optimizer)
        self.K = (<Primitives?>self.state["_backend"]).training
        self.rule = rule

    def __call__(self, list params, list grads):
        cdef dict state = self.state
        cdef long step = state["_step"]
        cdef double beta1
        cdef double beta2
        rate = state["_lr"]
        if self.rule == 0:
            rate = float(rate(step)) if callable(rate) else rate
            self.K.step(core.RK_SGD, params, grads, None, None, rate, 0.0, 0.0, 0.0)
            state["_step"] = step + 1
            return
        kept = "_m" if self.rule == 1 else "_averages"
        if state[kept] is None:
            self.optimizer.build(params)
            step = 0
        if len(state[kept]) != len(params):
            raise InvalidArgumentException(
                f"the optimizer was built for {len(state[kept])} parameters, {len(params)} were given"
            )
        step += 1
        if self.rule == 1:
            beta1, beta2 = state["_beta1"], state["_beta2"]
            if callable(rate) or not (0 <= beta1 < 1 and 0 <= beta2 < 1):
                rate = self.optimizer.learningRate(step)
            else:
                rate = <double>rate * sqrt(1.0 - pow(beta2, step)) / (1.0 - pow(beta1, step))
            self.K.step(core.RK_ADAM, params, grads, state["_m"], state["_v"], rate, beta1, beta2, state["_epsilon"])
        else:
            rate = float(rate(step)) if callable(rate) else rate
            self.K.step(
                core.RK_RMSPROP, params, grads, state["_averages"] if state["_accumulate"] else None, None, rate,
                state["_rho"], 0.0, state["_epsilon"],
            )
        state["_step"] = step
