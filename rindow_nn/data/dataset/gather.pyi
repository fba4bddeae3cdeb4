import numpy as np
from numpy.typing import ArrayLike

from rindow_math.matrix.ndarray import NDArray, NDArrayPhp

def take(array: NDArray, rows: NDArray | ArrayLike) -> NDArrayPhp: ...
def transform_images(
    images: NDArray,
    heights: np.ndarray,
    widths: np.ndarray,
    vertical: np.ndarray,
    horizontal: np.ndarray,
    channels_first: bool,
) -> NDArrayPhp: ...
