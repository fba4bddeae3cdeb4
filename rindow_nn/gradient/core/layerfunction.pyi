from collections.abc import Sequence
from typing import Any

from rindow_nn.gradient.core.tape import AbstractFunction, Variable

class LayerFunction(AbstractFunction):
    def layerObject(self) -> Any: ...

class LayerCall(LayerFunction): ...

# a variable, or a list of them
def callLayer(
    layer: Any,
    backend: Any,
    inputs: Sequence[Any],
    weights: Sequence[Variable],
    options: dict[str, Any],
    name: str | None = None,
) -> Any: ...
