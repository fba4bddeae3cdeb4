from collections.abc import Callable, Sequence
from typing import Any

from rindow_math.matrix import NDArray

class SequenceMethods:
    def rnnGetTimestep(self, source: NDArray, step: int) -> NDArray: ...
    def rnnGetTimestepMask(self, mask: NDArray | None, step: int) -> NDArray | None: ...
    def rnnSetTimestep(self, dest: NDArray, step: int, values: NDArray) -> NDArray: ...
    def rnn(
        self,
        stepFunction: Callable[..., Sequence[NDArray]],
        inputs: NDArray,
        initialStates: Sequence[NDArray],
        training: bool | None = None,
        outputs: NDArray | None = None,
        goBackwards: bool | None = None,
        mask: NDArray | None = None,
    ) -> tuple[NDArray, list[NDArray], list[Any]]: ...
    def rnnBackward(
        self,
        stepFunction: Callable[..., tuple[NDArray, Sequence[NDArray]]],
        dOutputs: NDArray,
        dStates: Sequence[NDArray],
        calcStates: Sequence[Any],
        dInputs: NDArray,
        goBackwards: bool | None = None,
        mask: NDArray | None = None,
    ) -> tuple[NDArray, list[NDArray]]: ...
