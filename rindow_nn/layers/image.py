"""What layers of images have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.layers.base import AbstractLayer

__all__ = ["AbstractImage"]


class AbstractImage(AbstractLayer):
    """Shapes and sizes of layers whose samples are images of one, two or three dimensions.

    Subclasses set ``rank``, the number of dimensions without batch and channels, or 0 for any; and ``data_format``,
    ``channels_last`` (or None) for samples (..., channels), ``channels_first`` for samples (channels, ...).

    Args:
        backend: the backend ``K``.

    PHP: ``Rindow\\NeuralNetworks\\Layer\\AbstractImage``.
    """

    rank = 0
    data_format: str | None = None

    def normalizeInputShape(self, variable: Any = None) -> list[Any]:
        """The shape of one sample from a variable, a shape, or the constructor.

        Raises:
            InvalidArgumentException: no shape is known, it differs from the constructor's, or it is no image's.
        """
        shape = super().normalizeInputShape(variable)
        if self.rank and len(shape) != self.rank + 1:
            raise InvalidArgumentException(
                f"Unsuppored input shape: [{','.join(map(str, shape))}]. Expected: {self.rank + 1} dimensions without "
                f"the batch in {self._label()}"
            )
        return shape

    def channelsFirst(self) -> bool:
        """Whether the channels come before the image's own dimensions.

        Raises:
            InvalidArgumentException: data_format is unknown.
        """
        if self.data_format is None or self.data_format == "channels_last":
            return False
        if self.data_format == "channels_first":
            return True
        raise InvalidArgumentException(
            f"data_format is invalid. Expected: channels_last or channels_first. Received: {self.data_format!r} in "
            f"{self._label()}"
        )

    def getChannels(self) -> int:
        """The number of channels of a sample."""
        shape = self._inputShape or []
        return shape[0] if self.channelsFirst() else shape[-1]

    def imageShape(self, sizes: Sequence[int], channels: int) -> list[int]:
        """The shape of a sample from its sizes and its number of channels, in the order of ``data_format``."""
        return [channels, *sizes] if self.channelsFirst() else [*sizes, channels]

    def normalizeFilterSize(
        self,
        size: int | Sequence[int] | None,
        sizename: str,
        default: int | Sequence[int] | None = None,
        notNull: bool | None = None,
    ) -> list[int]:
        """A list of ``rank`` sizes from a list or from one number that stands for all.

        Args:
            size: what was given.
            sizename: what it is, for messages.
            default: stands for None.
            notNull: whether None is refused.

        Raises:
            InvalidArgumentException: the list has another length, or what was given is no list of positive numbers.
        """
        if size is None and not notNull:
            size = default
        if isinstance(size, int) and not isinstance(size, bool):
            size = [size] * self.rank
        if not isinstance(size, (list, tuple)):
            raise InvalidArgumentException(
                f"{sizename} must be array or integer. Received: {size!r} in {self._label()}"
            )
        if len(size) != self.rank:
            raise InvalidArgumentException(
                f"{sizename} does not mach rank. Expected: {self.rank} numbers. Received: {size!r} in {self._label()}"
            )
        if any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in size):
            raise InvalidArgumentException(
                f"{sizename} must be positive integers. Received: {size!r} in {self._label()}"
            )
        return list(size)
