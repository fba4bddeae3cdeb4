from typing import Any

from rindow_nn.gradient.core.layerfunction import LayerFunction
from rindow_nn.gradient.core.tape import AbstractFunction, Variable

KINDS: dict[str, int]

class LossFunction(LayerFunction): ...
class LossGradient(AbstractFunction): ...

def fusedLoss(
    loss: Any, backend: Any, trues: Any, predicts: Any, kind: int, q: float, by_row: bool
) -> Variable: ...
