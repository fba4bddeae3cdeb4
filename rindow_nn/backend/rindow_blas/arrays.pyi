from collections.abc import Sequence
from typing import Any

from rindow_math.matrix import NDArray

class ArrayMethods:
    def transpose(self, x: NDArray, perm: Any = None) -> NDArray: ...
    def batch_transpose(self, x: NDArray) -> NDArray: ...
    def expandDims(self, x: NDArray, axis: int) -> NDArray: ...
    def squeeze(self, x: NDArray, axis: int | None = None) -> NDArray: ...
    def slice(self, input: NDArray, begin: Sequence[int], size: Sequence[int], output: NDArray | None = None) -> NDArray: ...
    def stick(self, input: NDArray, output: NDArray, begin: Sequence[int], size: Sequence[int]) -> NDArray: ...
    def stack(self, inputs: Sequence[NDArray], axis: int | None = None) -> NDArray: ...
    def concat(self, inputs: Sequence[NDArray], axis: int | None = None) -> NDArray: ...
    def split(self, value: NDArray, sizeSplits: Sequence[int], axis: int | None = None) -> list[NDArray]: ...
    def repeat(
        self, inputs: NDArray, repeats: int, axis: int | None = None, keepdims: bool | None = None
    ) -> NDArray: ...
    def gather(self, source: NDArray, indices: NDArray, axis: int | None = None) -> NDArray: ...
    def scatter(
        self, indices: NDArray, values: NDArray, numClass: int, axis: int | None = None, target: NDArray | None = None
    ) -> NDArray: ...
    def scatterAdd(self, target: NDArray, indices: NDArray, values: NDArray, axis: int | None = None) -> NDArray: ...
    def gatherb(
        self,
        params: NDArray,
        indices: NDArray,
        axis: int | None = None,
        batchDims: int | None = None,
        detailDepth: int | None = None,
        indexDepth: int | None = None,
        outputs: NDArray | None = None,
    ) -> NDArray: ...
    def scatterb(
        self,
        indices: NDArray,
        updates: NDArray,
        shape: Sequence[int],
        axis: int | None = None,
        batchDims: int | None = None,
        detailDepth: int | None = None,
        indexDepth: int | None = None,
        outputs: NDArray | None = None,
    ) -> NDArray: ...
    def scatterbAdd(
        self,
        indices: NDArray,
        updates: NDArray,
        shape: Sequence[int],
        axis: int | None = None,
        batchDims: int | None = None,
        detailDepth: int | None = None,
        indexDepth: int | None = None,
        outputs: NDArray | None = None,
    ) -> NDArray: ...
    def oneHot(self, indices: NDArray, numClass: int) -> NDArray: ...
    def masking(
        self,
        mask: NDArray,
        a: NDArray,
        fill: float | None = None,
        mode: int | None = None,
        batchDims: int | None = None,
        axis: int | None = None,
    ) -> NDArray: ...
    def update_masking(
        self,
        a: NDArray,
        mask: NDArray,
        fill: float | None = None,
        mode: int | None = None,
        batchDims: int | None = None,
        axis: int | None = None,
    ) -> NDArray: ...
    def bandpart(self, x: NDArray, lower: int, upper: int) -> NDArray: ...
    def update_bandpart(self, x: NDArray, lower: int, upper: int) -> NDArray: ...
    def range(
        self, limit: float, start: float | None = None, delta: float | None = None, dtype: Any = None
    ) -> NDArray: ...
    def rand(self, shape: Sequence[int]) -> NDArray: ...
    def randomSequence(self, base: int, size: int | None = None, seed: int | None = None) -> NDArray: ...
    def randomUniformVariables(
        self,
        shape: Sequence[int],
        low: float,
        high: float,
        dtype: Any = None,
        seed: int | None = None,
        x: NDArray | None = None,
    ) -> NDArray: ...
    def randomNormalVariables(
        self,
        shape: Sequence[int],
        mean: float,
        scale: float,
        dtype: Any = None,
        seed: int | None = None,
        x: NDArray | None = None,
    ) -> NDArray: ...
