from typing import Any

from rindow_nn.gradient.core.layerfunction import LayerFunction
from rindow_nn.gradient.core.tape import Variable

class SparseCrossEntropyFromLogits(LayerFunction): ...

def sparseCrossEntropyFromLogits(loss: Any, backend: Any, trues: Any, predicts: Any, by_row: bool) -> Variable: ...
