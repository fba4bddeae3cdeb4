from collections.abc import Sequence
from typing import Any

from rindow_nn.gradient.core.layerfunction import LayerFunction
from rindow_nn.gradient.core.tape import GradientCall, Variable
from rindow_nn.layers.convolution_functions import ConvFunction

class NormalizationForm:
    def __init__(
        self,
        axis: int,
        epsilon: float,
        center: bool,
        scale: bool,
        batch: bool = False,
        momentum: float = 0.0,
        training: bool = False,
    ) -> None: ...

class NormalizationFunction(LayerFunction): ...
class NormalizationGradient(GradientCall): ...
class FoldedConvFunction(ConvFunction): ...

def normalize(layer: Any, backend: Any, x: Any, weights: Sequence[Variable], form: NormalizationForm) -> Variable: ...
