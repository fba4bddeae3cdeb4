from typing import Any

from rindow_nn.backend.rindow_blas.pooling_primitives import PoolingSettings
from rindow_nn.gradient.core.layerfunction import LayerFunction
from rindow_nn.gradient.core.tape import GradientCall, Variable

class PoolingFunction(LayerFunction): ...
class PoolingGradient(GradientCall): ...

def pool(layer: Any, backend: Any, x: Any, settings: PoolingSettings) -> Variable: ...
