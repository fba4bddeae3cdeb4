from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rindow_math.matrix.ndarray import NDArray, NDArrayPhp

def take(array: NDArray, rows: NDArray | ArrayLike) -> NDArrayPhp: ...
def is_batch(data: Any) -> bool: ...

class Views:
    def __init__(
        self, inputs: Sequence[NDArray], tests: NDArray | None, order: Sequence[int], size: int, multi: bool
    ) -> None: ...
    def __iter__(self) -> Views: ...
    def __next__(self) -> tuple[Any, Any]: ...

def transform_images(
    images: NDArray,
    heights: np.ndarray,
    widths: np.ndarray,
    vertical: np.ndarray,
    horizontal: np.ndarray,
    channels_first: bool,
) -> NDArrayPhp: ...
