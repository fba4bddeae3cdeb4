from collections.abc import Sequence
from typing import Any

from rindow_nn.gradient.core.tape import GradientCall, Variable

class Settings:
    states: int
    units: int
    def __init__(
        self,
        cell: str,
        units: int,
        activation: str | None,
        gate_activation: str | None = None,
        backwards: bool = False,
    ) -> None: ...

class RecurrentForm:
    def __init__(
        self,
        settings: Settings,
        biased: bool,
        sequences: bool,
        states: bool,
        given: bool,
        masked: bool,
        stateful: bool,
    ) -> None: ...

class RecurrentFunction:
    def backward(
        self, dOutputs: Sequence[Any], grads: Any = None, oidsToCollect: Any = None
    ) -> list[Any]: ...

class RecurrentGradient(GradientCall): ...

def recurrent(
    layer: Any, backend: Any, inputs: Sequence[Any], weights: Sequence[Any], mask: Any, form: RecurrentForm
) -> list[Variable]: ...
