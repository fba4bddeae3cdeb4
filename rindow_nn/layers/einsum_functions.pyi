from typing import Any

from rindow_nn.gradient.core.tape import Variable

class EinsumForm:
    def __init__(self, inputs: str, kernel: str, outputs: str, bias_rank: int, epilogue: int) -> None: ...

def einsumDense(layer: Any, x: Variable, kernel: Variable, bias: Variable | None, form: EinsumForm) -> Variable: ...
