from collections.abc import Sequence
from typing import Any, TypeVar

from rindow_math.matrix.ndarray import NDArray, NDArrayPhp

_A = TypeVar("_A", bound=NDArray)

class ArrayMethods:
    def expandDims(self, x: NDArray, axis: int) -> NDArrayPhp: ...
    def squeeze(self, x: NDArray, axis: int | None = None) -> NDArrayPhp: ...
    def topK(
        self,
        input: NDArray,
        k: int | None = None,
        sorted: bool | None = None,
        values: NDArray | None = None,
        indices: NDArray | None = None,
    ) -> tuple[NDArrayPhp, NDArrayPhp]: ...
    def doGather(
        self,
        scatterAdd: bool,
        A: NDArray,
        X: NDArray,
        axis: int | None = None,
        output: NDArray | None = None,
        dtype: Any = None,
    ) -> NDArrayPhp: ...
    def gather(
        self,
        A: NDArray,
        X: NDArray,
        axis: int | None = None,
        output: NDArray | None = None,
        dtype: Any = None,
    ) -> NDArrayPhp: ...
    def scatterAdd(
        self,
        X: NDArray,
        A: NDArray,
        output: _A,
        axis: int | None = None,
        dtype: Any = None,
    ) -> _A: ...
    def scatter(
        self,
        X: NDArray,
        A: NDArray,
        numClass: int,
        axis: int | None = None,
        output: NDArray | None = None,
        dtype: Any = None,
    ) -> NDArrayPhp: ...
    def doGatherb(
        self,
        reverse: bool,
        addMode: bool,
        A: NDArray,
        X: NDArray,
        axis: int | None = None,
        batchDims: int | None = None,
        detailDepth: int | None = None,
        indexDepth: int | None = None,
        B: NDArray | None = None,
    ) -> NDArrayPhp: ...
    def gatherb(
        self,
        params: NDArray,
        indices: NDArray,
        axis: int | None = None,
        batchDims: int | None = None,
        detailDepth: int | None = None,
        indexDepth: int | None = None,
        outputs: NDArray | None = None,
    ) -> NDArrayPhp: ...
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
    ) -> NDArrayPhp: ...
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
    ) -> NDArrayPhp: ...
    def doGatherND(
        self,
        reverse: bool,
        addMode: bool,
        A: NDArray,
        X: NDArray,
        batchDims: int | None = None,
        B: NDArray | None = None,
    ) -> NDArrayPhp: ...
    def gatherND(
        self,
        params: NDArray,
        indices: NDArray,
        batchDims: int | None = None,
        outputs: NDArray | None = None,
    ) -> NDArrayPhp: ...
    def scatterND(
        self,
        indices: NDArray,
        updates: NDArray,
        shape: Sequence[int],
        batchDims: int | None = None,
        outputs: NDArray | None = None,
    ) -> NDArrayPhp: ...
    def scatterNDAdd(
        self,
        indices: NDArray,
        updates: NDArray,
        shape: Sequence[int],
        batchDims: int | None = None,
        outputs: NDArray | None = None,
    ) -> NDArrayPhp: ...
    def onehot(
        self,
        X: NDArray,
        numClass: int,
        alpha: float | None = None,
        output: NDArray | None = None,
    ) -> NDArrayPhp: ...
    def reduceSum(
        self,
        input: NDArray,
        axis: int | None = None,
        keepdims: bool | None = None,
        output: NDArray | None = None,
        dtype: Any = None,
    ) -> NDArrayPhp: ...
    def reduceMax(
        self,
        input: NDArray,
        axis: int | None = None,
        keepdims: bool | None = None,
        output: NDArray | None = None,
        dtype: Any = None,
    ) -> NDArrayPhp: ...
    def reduceArgMax(
        self,
        input: NDArray,
        axis: int | None = None,
        keepdims: bool | None = None,
        output: NDArray | None = None,
        dtype: Any = None,
    ) -> NDArrayPhp: ...
    def reduceMean(
        self,
        input: NDArray,
        axis: int | None = None,
        keepdims: bool | None = None,
        output: NDArray | None = None,
        dtype: Any = None,
    ) -> NDArrayPhp: ...
    def im2col(
        self,
        images: NDArray,
        filterSize: Sequence[int] | None = None,
        strides: Sequence[int] | None = None,
        padding: bool | None = None,
        channels_first: bool | None = None,
        dilation_rate: Sequence[int] | None = None,
        cols_channels_first: bool | None = None,
        cols: NDArray | None = None,
    ) -> NDArrayPhp: ...
    def col2im(
        self,
        cols: NDArray,
        images: _A,
        filterSize: Sequence[int] | None = None,
        strides: Sequence[int] | None = None,
        padding: bool | None = None,
        channels_first: bool | None = None,
        dilation_rate: Sequence[int] | None = None,
        cols_channels_first: bool | None = None,
    ) -> _A: ...
    def im2col1d(
        self,
        reverse: bool,
        images: NDArray,
        filterSize: Sequence[int] | None = None,
        strides: Sequence[int] | None = None,
        padding: bool | None = None,
        channels_first: bool | None = None,
        dilation_rate: Sequence[int] | None = None,
        cols_channels_first: bool | None = None,
        cols: NDArray | None = None,
    ) -> NDArrayPhp: ...
    def im2col2d(
        self,
        reverse: bool,
        images: NDArray,
        filterSize: Sequence[int] | None = None,
        strides: Sequence[int] | None = None,
        padding: bool | None = None,
        channels_first: bool | None = None,
        dilation_rate: Sequence[int] | None = None,
        cols_channels_first: bool | None = None,
        cols: NDArray | None = None,
    ) -> NDArrayPhp: ...
    def im2col3d(
        self,
        reverse: bool,
        images: NDArray,
        filterSize: Sequence[int] | None = None,
        strides: Sequence[int] | None = None,
        padding: bool | None = None,
        channels_first: bool | None = None,
        dilation_rate: Sequence[int] | None = None,
        cols_channels_first: bool | None = None,
        cols: NDArray | None = None,
    ) -> NDArrayPhp: ...
    def slice(
        self,
        input: NDArray,
        begin: Sequence[int],
        size: Sequence[int],
        output: NDArray | None = None,
    ) -> NDArrayPhp: ...
    def stick(self, input: NDArray, output: NDArray, begin: Sequence[int], size: Sequence[int]) -> NDArrayPhp: ...
    def stack(self, values: Sequence[NDArray], axis: int | None = None) -> NDArrayPhp: ...
    def concat(self, values: Sequence[NDArray], axis: int | None = None) -> NDArrayPhp: ...
    def split(self, input: NDArray, sizeSplits: Sequence[int], axis: int | None = None) -> list[NDArrayPhp]: ...
    def repeat(self, A: NDArray, repeats: int, axis: int | None = None, keepdims: bool | None = None) -> NDArrayPhp: ...
    def transpose(
        self,
        A: NDArray,
        perm: Sequence[int] | NDArray | None = None,
        B: NDArray | None = None,
    ) -> NDArrayPhp: ...
    def bandpart(self, A: _A, lower: int, upper: int) -> _A: ...
    def imagecopy(
        self,
        A: NDArray,
        B: NDArray | None = None,
        channels_first: bool | None = None,
        heightShift: int | None = None,
        widthShift: int | None = None,
        verticalFlip: bool | None = None,
        horizontalFlip: bool | None = None,
        rgbFlip: bool | None = None,
    ) -> NDArrayPhp: ...
    def searchsorted(
        self,
        A: NDArray,
        X: NDArray,
        right: bool | None = None,
        dtype: Any = None,
        Y: NDArray | None = None,
    ) -> NDArrayPhp: ...
    def cumsum(
        self,
        inputs: NDArray,
        axis: int | None = None,
        exclusive: bool | None = None,
        reverse: bool | None = None,
        outputs: NDArray | None = None,
    ) -> NDArrayPhp: ...
    def masking(
        self,
        mask: NDArray,
        data: _A,
        batchDims: int | None = None,
        axis: int | None = None,
        fill: float | None = None,
        mode: int | None = None,
    ) -> _A: ...
