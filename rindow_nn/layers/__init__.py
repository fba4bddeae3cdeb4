"""Layers (PHP: ``Layer``)."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rindow_nn.layers.abstract_attention import AbstractAttentionLayer
    from rindow_nn.layers.activation import Activation
    from rindow_nn.layers.add import Add
    from rindow_nn.layers.attention import Attention
    from rindow_nn.layers.base import AbstractLayer, AbstractLayerBase, Layer, SequentialLayer
    from rindow_nn.layers.batch_normalization import BatchNormalization
    from rindow_nn.layers.concatenate import Concatenate
    from rindow_nn.layers.convolution import AbstractConv, Conv1D, Conv2D, Conv3D
    from rindow_nn.layers.debug import Debug
    from rindow_nn.layers.dense import Dense
    from rindow_nn.layers.dropout import Dropout
    from rindow_nn.layers.einsum_dense import EinsumDense
    from rindow_nn.layers.embedding import Embedding
    from rindow_nn.layers.expand_dims import ExpandDims
    from rindow_nn.layers.flatten import Flatten
    from rindow_nn.layers.gather import Gather
    from rindow_nn.layers.global_pooling import (
        AbstractGlobalAveragePooling,
        AbstractGlobalMaxPooling,
        GlobalAveragePooling1D,
        GlobalAveragePooling2D,
        GlobalAveragePooling3D,
        GlobalMaxPooling1D,
        GlobalMaxPooling2D,
        GlobalMaxPooling3D,
    )
    from rindow_nn.layers.gru import GRU, GRUCell
    from rindow_nn.layers.image import AbstractImage
    from rindow_nn.layers.inherit_mask import InheritMask
    from rindow_nn.layers.input import Input
    from rindow_nn.layers.layer_normalization import LayerNormalization
    from rindow_nn.layers.lstm import LSTM, LSTMCell
    from rindow_nn.layers.max import Max
    from rindow_nn.layers.multi_head_attention import MultiHeadAttention
    from rindow_nn.layers.multi_input import AbstractMultiInputLayer
    from rindow_nn.layers.normalization import AbstractNormalization
    from rindow_nn.layers.pooling import (
        AbstractPooling,
        AveragePooling1D,
        AveragePooling2D,
        AveragePooling3D,
        MaxPooling1D,
        MaxPooling2D,
        MaxPooling3D,
    )
    from rindow_nn.layers.repeat_vector import RepeatVector
    from rindow_nn.layers.rnn import AbstractRNNCell, AbstractRNNLayer, RNNCell, RNNLayer
    from rindow_nn.layers.simple_rnn import SimpleRNN, SimpleRNNCell

__all__ = [
    "GRU",
    "LSTM",
    "AbstractAttentionLayer",
    "AbstractConv",
    "AbstractGlobalAveragePooling",
    "AbstractGlobalMaxPooling",
    "AbstractImage",
    "AbstractLayer",
    "AbstractLayerBase",
    "AbstractMultiInputLayer",
    "AbstractNormalization",
    "AbstractPooling",
    "AbstractRNNCell",
    "AbstractRNNLayer",
    "Activation",
    "Add",
    "Attention",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "BatchNormalization",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "Debug",
    "Dense",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "ExpandDims",
    "Flatten",
    "GRUCell",
    "Gather",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "InheritMask",
    "Input",
    "LSTMCell",
    "Layer",
    "LayerNormalization",
    "Max",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "MultiHeadAttention",
    "RNNCell",
    "RNNLayer",
    "RepeatVector",
    "SequentialLayer",
    "SimpleRNN",
    "SimpleRNNCell",
]

# class: its module, imported when the class is first asked for
_MODULES = {
    "AbstractAttentionLayer": "abstract_attention",
    "AbstractConv": "convolution",
    "AbstractGlobalAveragePooling": "global_pooling",
    "AbstractGlobalMaxPooling": "global_pooling",
    "AbstractImage": "image",
    "AbstractLayer": "base",
    "AbstractLayerBase": "base",
    "AbstractMultiInputLayer": "multi_input",
    "AbstractNormalization": "normalization",
    "AbstractPooling": "pooling",
    "AbstractRNNCell": "rnn",
    "AbstractRNNLayer": "rnn",
    "Activation": "activation",
    "Add": "add",
    "Attention": "attention",
    "AveragePooling1D": "pooling",
    "AveragePooling2D": "pooling",
    "AveragePooling3D": "pooling",
    "BatchNormalization": "batch_normalization",
    "Concatenate": "concatenate",
    "Conv1D": "convolution",
    "Conv2D": "convolution",
    "Conv3D": "convolution",
    "Debug": "debug",
    "Dense": "dense",
    "Dropout": "dropout",
    "EinsumDense": "einsum_dense",
    "Embedding": "embedding",
    "ExpandDims": "expand_dims",
    "Flatten": "flatten",
    "GRU": "gru",
    "GRUCell": "gru",
    "Gather": "gather",
    "GlobalAveragePooling1D": "global_pooling",
    "GlobalAveragePooling2D": "global_pooling",
    "GlobalAveragePooling3D": "global_pooling",
    "GlobalMaxPooling1D": "global_pooling",
    "GlobalMaxPooling2D": "global_pooling",
    "GlobalMaxPooling3D": "global_pooling",
    "InheritMask": "inherit_mask",
    "Input": "input",
    "LSTM": "lstm",
    "LSTMCell": "lstm",
    "Layer": "base",
    "LayerNormalization": "layer_normalization",
    "Max": "max",
    "MaxPooling1D": "pooling",
    "MaxPooling2D": "pooling",
    "MaxPooling3D": "pooling",
    "MultiHeadAttention": "multi_head_attention",
    "RNNCell": "rnn",
    "RNNLayer": "rnn",
    "RepeatVector": "repeat_vector",
    "SequentialLayer": "base",
    "SimpleRNN": "simple_rnn",
    "SimpleRNNCell": "simple_rnn",
}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
