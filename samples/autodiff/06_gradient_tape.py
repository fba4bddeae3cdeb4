"""Section "勾配計算" (gradients), first example: a tape records what is computed inside it."""

from rindow_math.matrix import MatrixOperator
from rindow_nn.builder import NeuralNetworks

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()

# ---
a = g.Variable(2.0)
b = g.Variable(3.0)


def f():
    c = g.mul(a, b)
    return c


c = nn.with_(tape := g.GradientTape(), f)
print("c=" + mo.toString(c))
# c=6
