from collections.abc import Sequence
from typing import Any

from rindow_nn.gradient.core.layerfunction import LayerFunction
from rindow_nn.gradient.core.tape import GradientCall, Variable

class ConvForm:
    def __init__(
        self,
        rank: int,
        strides: Sequence[int],
        padding: str,
        data_format: str | None,
        dilation_rate: Sequence[int],
        epilogue: int,
        biased: bool,
    ) -> None: ...

class ConvFunction(LayerFunction): ...
class ConvGradient(GradientCall): ...

def convolve(layer: Any, backend: Any, form: ConvForm, x: Any, kernel: Variable, bias: Variable | None) -> Variable: ...
