"""Well-known data (PHP: ``Dataset``)."""

from rindow_nn.datasets.digits import Digits

__all__ = ["Digits"]
