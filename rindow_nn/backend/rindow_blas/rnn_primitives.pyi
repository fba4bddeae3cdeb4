class RecurrentSettings:
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
