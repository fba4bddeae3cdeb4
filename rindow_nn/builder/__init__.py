"""The builder and its factories (PHP: ``Builder``)."""

from rindow_nn.builder.builder import Builder, NeuralNetworks
from rindow_nn.builder.factories import Data, Datasets, Layers, Losses, Metrics, Models, Optimizers, Utils
from rindow_nn.builder.gradient import Gradient

__all__ = [
    "Builder",
    "Data",
    "Datasets",
    "Gradient",
    "Layers",
    "Losses",
    "Metrics",
    "Models",
    "NeuralNetworks",
    "Optimizers",
    "Utils",
]
