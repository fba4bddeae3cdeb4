"""Section "関数" (functions): a differentiable function, whose result is a variable too."""

from rindow_math.matrix import MatrixOperator
from rindow_nn.builder import NeuralNetworks

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()

# ---
a = g.Variable(2.0)
b = g.Variable(3.0)
c = g.mul(a, b)
print("c=" + mo.toString(c))
# c=6
