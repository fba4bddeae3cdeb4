from collections.abc import Sequence
from typing import Any

from rindow_nn.backend.rindow_blas.rnn_primitives import RecurrentSettings
from rindow_nn.gradient.core.tape import Variable

class RecurrentForm:
    def __init__(
        self,
        settings: RecurrentSettings,
        biased: bool,
        sequences: bool,
        states: bool,
        given: bool,
        masked: bool,
        stateful: bool,
    ) -> None: ...

def recurrent(
    layer: Any, backend: Any, inputs: Sequence[Any], weights: Sequence[Any], mask: Any, form: RecurrentForm
) -> list[Variable]: ...
