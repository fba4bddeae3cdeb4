from typing import Any

class Primitives:
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
    def sgd_step(self, params: list[Any], grads: list[Any], lr: float) -> None: ...
