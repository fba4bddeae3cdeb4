"""Section "変数" (variables), second example: the gradient builder makes variables."""

from rindow_math.matrix import MatrixOperator
from rindow_nn.builder import NeuralNetworks

mo = MatrixOperator()
nn = NeuralNetworks(mo)
value = mo.array([2, 3])

# ---
g = nn.gradient()
a = g.Variable(value)
print(mo.toString(a))
# [2,3]
