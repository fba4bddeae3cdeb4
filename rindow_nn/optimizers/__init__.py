"""Optimizers (PHP: ``Optimizer``)."""

from rindow_nn.optimizers.adam import Adam
from rindow_nn.optimizers.base import Optimizer
from rindow_nn.optimizers.rmsprop import RMSprop
from rindow_nn.optimizers.sgd import SGD

__all__ = ["SGD", "Adam", "Optimizer", "RMSprop"]
