"""Input that no layer can take gets an exception of the library, never a crash or a wrong result."""

import numpy as np
import pytest

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
