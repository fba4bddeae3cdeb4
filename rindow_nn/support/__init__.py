"""Helpers that the rest of the library stands on (PHP: ``Support``)."""

from rindow_nn.support.dir import Dir

__all__ = ["Dir"]
