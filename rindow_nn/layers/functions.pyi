from typing import Any

from rindow_nn.gradient.core.layerfunction import LayerFunction
from rindow_nn.gradient.core.tape import Variable

EPILOGUES: dict[str | None, int]

class DenseFunction(LayerFunction): ...

def dense(layer: Any, backend: Any, x: Any, kernel: Variable, bias: Variable | None, epilogue: int) -> Variable: ...
