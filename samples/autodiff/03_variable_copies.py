"""Section "変数" (variables), third example: a variable copies the values that it is given."""

from rindow_math.matrix import MatrixOperator
from rindow_nn.builder import NeuralNetworks

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()

# ---
value = mo.array([2, 3])
a = g.Variable(value)
print("a=" + mo.toString(a))
value[0] = 0
value[1] = 0
print("value=" + mo.toString(value))
print("a=" + mo.toString(a))
# a=[2,3]
# value=[0,0]
# a=[2,3]
