"""The arrays that an optimizer's step works on."""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.ndarray cimport NDArray, NDArrayPhp, raw
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
