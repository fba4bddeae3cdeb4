"""Values as variables, for those who write layers and losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_nn.gradient.core.tape import Variable

__all__ = ["Packing"]


class Packing:
    """Adds the methods that turn values into variables and back to layers and losses."""

    def packAndUnpackVariable(self, backend: Any, value: Any, unbackpropagatable: bool | None = None) -> list[Any]:
        """A value as (variable, array)."""
        if value is None:
            return [None, None]
        if isinstance(value, Variable):
            return [value, value.value()]
        return [Variable(backend, value, unbackpropagatable=unbackpropagatable), value]

    def packAndUnpackVariables(
        self, backend: Any, values: Sequence[Any], unbackpropagatable: bool | None = None
    ) -> list[list[Any]]:
        """Values as (variables, arrays)."""
        pairs = [self.packAndUnpackVariable(backend, v, unbackpropagatable) for v in values]
        return [[v for v, _ in pairs], [r for _, r in pairs]]
