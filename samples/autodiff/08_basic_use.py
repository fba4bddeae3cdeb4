"""Section "勾配計算" (gradients), third example: automatic differentiation as it is used."""

from rindow_math.matrix import MatrixOperator
from rindow_nn.builder import NeuralNetworks

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()

a = g.Variable(2.0)
b = g.Variable(3.0)


def f():
    c = g.mul(a, b)
    return c


c = nn.with_(tape := g.GradientTape(), f)

grads = tape.gradient(c, [a, b])

print("c=" + mo.toString(c))
print("da=" + mo.toString(grads[0]))
print("db=" + mo.toString(grads[1]))

# c=6
# da=3
# db=2
