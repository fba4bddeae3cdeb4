"""Hierarchical data in a file: what models are saved in (PHP: ``Support\\HDA``)."""

from rindow_nn.support.hda.base import HDA, HDAFactory, HDAKey
from rindow_nn.support.hda.sqlite import HDASqlite, HDASqliteFactory, HDASqliteIterator

__all__ = ["HDA", "HDAFactory", "HDAKey", "HDASqlite", "HDASqliteFactory", "HDASqliteIterator"]
