from collections.abc import Sequence
from typing import Any

from rindow_math.matrix import NDArray

Sizes = int | Sequence[int]

class ConvolutionMethods:
    def conv1d(
        self,
        status: Any,
        inputs: NDArray,
        kernel: NDArray,
        bias: NDArray | None = None,
        strides: Sizes | None = None,
        padding: str | None = None,
        data_format: str | None = None,
        dilation_rate: Sizes | None = None,
    ) -> NDArray: ...
    def dConv1d(self, status: Any, dOutputs: NDArray, dKernel: NDArray, dBias: NDArray | None = None) -> NDArray: ...
    def pool1d(
        self,
        status: Any,
        inputs: NDArray,
        poolSize: Sizes,
        strides: Sizes | None = None,
        padding: str | None = None,
        data_format: str | None = None,
        dilation_rate: Sizes | None = None,
        pool_mode: str | None = None,
    ) -> NDArray: ...
    def dPool1d(self, status: Any, dOutputs: NDArray) -> NDArray: ...
    def conv2d(
        self,
        status: Any,
        inputs: NDArray,
        kernel: NDArray,
        bias: NDArray | None = None,
        strides: Sizes | None = None,
        padding: str | None = None,
        data_format: str | None = None,
        dilation_rate: Sizes | None = None,
    ) -> NDArray: ...
    def dConv2d(self, status: Any, dOutputs: NDArray, dKernel: NDArray, dBias: NDArray | None = None) -> NDArray: ...
    def pool2d(
        self,
        status: Any,
        inputs: NDArray,
        poolSize: Sizes,
        strides: Sizes | None = None,
        padding: str | None = None,
        data_format: str | None = None,
        dilation_rate: Sizes | None = None,
        pool_mode: str | None = None,
    ) -> NDArray: ...
    def dPool2d(self, status: Any, dOutputs: NDArray) -> NDArray: ...
    def conv3d(
        self,
        status: Any,
        inputs: NDArray,
        kernel: NDArray,
        bias: NDArray | None = None,
        strides: Sizes | None = None,
        padding: str | None = None,
        data_format: str | None = None,
        dilation_rate: Sizes | None = None,
    ) -> NDArray: ...
    def dConv3d(self, status: Any, dOutputs: NDArray, dKernel: NDArray, dBias: NDArray | None = None) -> NDArray: ...
    def pool3d(
        self,
        status: Any,
        inputs: NDArray,
        poolSize: Sizes,
        strides: Sizes | None = None,
        padding: str | None = None,
        data_format: str | None = None,
        dilation_rate: Sizes | None = None,
        pool_mode: str | None = None,
    ) -> NDArray: ...
    def dPool3d(self, status: Any, dOutputs: NDArray) -> NDArray: ...
    def calcConvOutputShape(
        self,
        inputShape: Sequence[int],
        filterSize: Sizes,
        strides: Sizes,
        padding: str | None = None,
        data_format: str | None = None,
        dilation_rate: Sizes | None = None,
    ) -> list[int]: ...
