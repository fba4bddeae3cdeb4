from collections.abc import Callable, Sequence
from typing import Any

from rindow_nn.gradient.core.tape import Variable
from rindow_nn.gradient.core.watch import Watch

class _Modes(type):
    @property
    def mode(cls) -> int: ...
    @mode.setter
    def mode(cls, value: int) -> None: ...

class CompiledFunction:
    # a variable, or a list of them
    def __call__(self, *inputs: Any) -> Any: ...

class GraphFunction(CompiledFunction, metaclass=_Modes):
    EAGER_EXECUTION: int
    UNDER_CONSTRUCTION: int
    EXECUTING: int
    def __init__(
        self, backend: Any, func: Callable[..., Any], alternateCreator: Any = None, name: str | None = None
    ) -> None: ...
    def backend(self) -> Any: ...
    def name(self) -> str | None: ...
    def programs(self) -> int: ...
    def _again(self, inputs: list[Variable], first: int) -> list[Variable] | None: ...
    def plan(self) -> str: ...
    def backward(
        self,
        dOutputs: Sequence[Any],
        grads: dict[Variable, Any] | None = None,
        oidsToCollect: Sequence[Variable] | None = None,
    ) -> Any: ...
    def backwardPipeline(
        self,
        backend: Any,
        pipeline: Sequence[Any],
        grads: dict[Variable, Any] | None = None,
        oidsToCollect: Sequence[Variable] | None = None,
    ) -> None: ...

def without_gradient(variable: Variable) -> Variable: ...

class TrainingStep:
    def __init__(self, function: GraphFunction, variables: Sequence[Variable]) -> None: ...
    # the outputs and the gradients, as arrays
    def __call__(self, inputs: tuple[Any, ...]) -> tuple[list[Any], list[Any]]: ...
    def programs(self) -> int: ...

class Shortcut:
    watch: Watch
    def __init__(self, function: GraphFunction, watch: Watch) -> None: ...
    # an array, a list of them, or None
    def __call__(self, model: Any, inputs: Any) -> Any: ...

class WholeStep:
    loss: float
    args: tuple[Any, ...]
    def __init__(
        self,
        function: GraphFunction,
        variables: Sequence[Variable],
        update: Callable[[list[Any], list[Any]], None],
        title: str,
        of_loss: list[Callable[[float], None]],
        counted: list[Any],
        of_predictions: list[Callable[[Any, Any], None]],
        threshold: float,
    ) -> None: ...
    def __call__(self, data: tuple[Any, Any], labels: Callable[[Any], Any] | None) -> bool | None: ...
