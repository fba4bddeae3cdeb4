"""Section "変数" (variables), first example: an array is a value, a constant for gradients."""

from rindow_math.matrix import MatrixOperator
from rindow_nn.builder import NeuralNetworks

mo = MatrixOperator()
nn = NeuralNetworks(mo)

value = mo.array([2, 3])
print(mo.toString(value))
# [2,3]
