from collections.abc import Sequence
from typing import Any

from rindow_nn.gradient.core.layerfunction import LayerFunction
from rindow_nn.gradient.core.tape import GradientCall, Variable

class AttentionForm:
    def __init__(
        self,
        inputs: int,
        weights: int,
        biased: bool,
        scores: bool,
        scale: float,
        axes: int,
        masks: Sequence[bool] | None,
        masked_inputs: int,
        *,
        heads: int = 1,
        factor: float = 1.0,
        rate: float = 0.0,
        causal: bool = False,
        replace: bool = False,
        zero_rows: bool = False,
    ) -> None: ...

class AttentionCall(LayerFunction): ...
class AttentionGradient(GradientCall): ...
class DotProductFunction(AttentionCall): ...
class DotProductGradient(AttentionGradient): ...
class MultiHeadFunction(AttentionCall): ...
class MultiHeadGradient(AttentionGradient): ...

def dotProductAttention(
    layer: Any,
    backend: Any,
    inputs: Sequence[Any],
    weights: Sequence[Variable],
    masks: Sequence[Any],
    form: AttentionForm,
) -> list[Variable]: ...
def multiHeadAttention(
    layer: Any,
    backend: Any,
    inputs: Sequence[Any],
    weights: Sequence[Variable],
    masks: Sequence[Any],
    form: AttentionForm,
) -> list[Variable]: ...
