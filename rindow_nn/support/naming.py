"""Default names of layers and other modules."""

from __future__ import annotations

__all__ = ["Names"]


class Names:
    """Numbers the default names, as the original's ``GenericUtils`` does: ``dense``, ``dense_1``, ``flatten_2``..."""

    numbering = 0

    @classmethod
    def give(cls, name: str | None, default: str) -> str:
        """The given name, or the next default one."""
        if name is not None:
            return name
        number = cls.numbering
        cls.numbering += 1
        return default if number == 0 else f"{default}_{number}"
