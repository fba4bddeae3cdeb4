"""Layers (PHP: ``Layer``)."""

from rindow_nn.layers.base import AbstractLayer, AbstractLayerBase, Layer, SequentialLayer
from rindow_nn.layers.dense import Dense

__all__ = ["AbstractLayer", "AbstractLayerBase", "Dense", "Layer", "SequentialLayer"]
