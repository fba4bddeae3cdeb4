"""Default names of layers."""

from __future__ import annotations

__all__ = ["give_name"]

# What families of layers are built on; each family below counts for itself.
_GENERIC = {
    "AbstractLayerBase",
    "AbstractLayer",
    "AbstractMultiInputLayer",
    "AbstractImage",
    "AbstractRNNLayer",
    "AbstractRNNCell",
    "_GlobalPooling",
}


def _family(cls: type) -> type:
    """The class whose ``nameNumbering`` counts: one where it was set, or the head of the family."""
    lineage = [c for c in cls.__mro__ if hasattr(c, "nameNumbering") and c.__name__ not in _GENERIC]
    return next((c for c in lineage if "nameNumbering" in vars(c)), lineage[-1] if lineage else cls)


def give_name(cls: type, name: str | None, default: str) -> str:
    """The given name, or the next default one: ``dense``, ``dense_1``, ...

    As in the original, each layer counts for itself, but convolutions count together, and so do pooling,
    normalisation and attention layers, global maxima and global means. ``Dense.nameNumbering = 0`` begins anew.
    """
    if name is not None:
        return name
    family = _family(cls)
    number = family.nameNumbering  # type: ignore[attr-defined]
    family.nameNumbering = number + 1  # type: ignore[attr-defined]
    return default if number == 0 else f"{default}_{number}"
