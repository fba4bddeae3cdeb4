from typing import Any

class TrainingPrimitives:
    def loss(
        self, kind: int, trues: Any, predicts: Any, q: float, by_row: bool, out: Any = None, stats: Any = None
    ) -> Any: ...
    def loss_gradient(
        self,
        kind: int,
        trues: Any,
        predicts: Any,
        q: float,
        by_row: bool,
        dloss: Any,
        stats: Any = None,
        out: Any = None,
    ) -> Any: ...
    def count_hits(self, trues: Any, predicts: Any, sparse: bool) -> int: ...
    def count_yes_no(self, trues: Any, predicts: Any, threshold: float) -> int: ...
    def sgd_step(self, params: list[Any], grads: list[Any], lr: float) -> None: ...
    def adam_step(
        self,
        params: list[Any],
        grads: list[Any],
        m: list[Any],
        v: list[Any],
        lr: float,
        beta1: float,
        beta2: float,
        epsilon: float,
    ) -> None: ...
    def rmsprop_step(
        self, params: list[Any], grads: list[Any], averages: list[Any] | None, lr: float, rho: float, epsilon: float
    ) -> None: ...
