"""Input that no layer can take gets an exception of the library, never a crash or a wrong result."""

import inspect

import numpy as np
import pytest

import rindow_nn.layers
from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator
from rindow_nn.builder import NeuralNetworks

nn = NeuralNetworks(MatrixOperator())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("built", [False, True])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("name", ["GlobalAveragePooling", "GlobalMaxPooling"])
def test_global_pooling_of_images_without_places(name, rank, built, dtype):
    for empty in range(rank):
        shape = [2, *(0 if i == empty else 3 for i in range(rank)), 4]
        layer = getattr(nn.layers, f"{name}{rank}D")()
        if built:
            layer.build(shape[1:])
        with pytest.raises(InvalidArgumentException, match="does not fit into"):
            layer.forward(nn.gradient().Variable(np.zeros(shape, dtype)))


@pytest.mark.parametrize("equation", [None, 3, ["abc,cd->abd"]])
def test_einsum_dense_with_an_equation_that_is_no_text(equation):
    with pytest.raises(InvalidArgumentException, match="equation must be a string"):
        nn.layers.EinsumDense(equation, 4)


@pytest.mark.parametrize("option", ["strides", "dilation_rate", "pool_size"])
@pytest.mark.parametrize("number", [-1, 0, 1 << 31, 1 << 63])
def test_pooling_with_numbers_out_of_range(option, number):
    with pytest.raises(InvalidArgumentException, match="positive integers"):
        nn.layers.MaxPooling2D(**{option: number}).build([6, 6, 3])


FIRST = {
    "Dense": (4,),
    "EinsumDense": ("ab,bc->ac", 4),
    "Embedding": (10, 4),
    "Conv1D": (4, 3),
    "Conv2D": (4, 3),
    "Conv3D": (4, 3),
    "GRU": (4,),
    "LSTM": (4,),
    "SimpleRNN": (4,),
    "RepeatVector": (3,),
    "Dropout": (0.1,),
    "Activation": ("relu",),
    "MultiHeadAttention": (2, 4),
    "ExpandDims": (1,),
}
ODD = [3.5, -1, "x", [], {}, object(), 1 << 63, [1, "a"], float("nan"), True, b"x", (0,), [[-1]]]
LAYERS = [name for name in rindow_nn.layers.__all__ if name[0].isupper() and hasattr(nn.layers, name)]


@pytest.mark.parametrize("name", LAYERS)
def test_options_of_a_wrong_type(name):
    """Each option of each layer takes a value or refuses it with an exception of the library."""
    make, first = getattr(nn.layers, name), FIRST.get(name, ())
    options = list(inspect.signature(type(make(*first)).__init__).parameters)[2:]
    given = dict(zip(options, first, strict=False))
    for option in options:
        for value in ODD:
            try:
                make(**given | {option: value})
            except InvalidArgumentException as e:
                assert str(e)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: nn.layers.Dense(2, input_shape=3), "Dense: input_shape must be a list of integers"),
        (lambda: nn.layers.Dense(2, input_shape=[3, -1]), "Dense: input_shape must be a list of integers"),
        (lambda: nn.layers.Add(input_shapes=[3, 4]), "Add: input_shapes must be a list of integers"),
        (lambda: nn.layers.Dropout("much"), "Dropout: rate must be a number"),
        (lambda: nn.layers.LayerNormalization(epsilon=[]), "LayerNormalization: epsilon must be a number"),
        (lambda: nn.layers.BatchNormalization(axis="x"), "BatchNormalization: axis must be an integer"),
        (lambda: nn.layers.MultiHeadAttention(2, 3, attention_axes="1"), "MultiHeadAttention: attention_axes must be"),
    ],
)
def test_the_message_names_layer_and_option(make, message):
    with pytest.raises(InvalidArgumentException, match=message):
        make()


def test_integers_of_numpy_are_integers():
    assert nn.layers.Dense(np.int64(3), input_shape=np.array([2])).getConfig()["units"] == 3
