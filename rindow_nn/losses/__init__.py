"""Losses (PHP: ``Loss``)."""

from rindow_nn.losses.base import AbstractLoss, Loss
from rindow_nn.losses.sparse_categorical_cross_entropy import SparseCategoricalCrossEntropy

__all__ = ["AbstractLoss", "Loss", "SparseCategoricalCrossEntropy"]
