from numpy.typing import ArrayLike

from rindow_math.matrix.ndarray import NDArray, NDArrayPhp

def take(array: NDArray, rows: NDArray | ArrayLike) -> NDArrayPhp: ...
