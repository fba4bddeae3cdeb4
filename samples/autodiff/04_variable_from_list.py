"""Section "変数" (variables), fourth example: a list, PHP's array, becomes a variable directly."""

from rindow_math.matrix import MatrixOperator
from rindow_nn.builder import NeuralNetworks

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()

# ---
b = g.Variable([4, 5])
print("b=" + mo.toString(b))
# b=[4,5]
