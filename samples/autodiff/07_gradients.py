"""Section "勾配計算" (gradients), second example: gradients from what the tape has recorded."""

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

# ---
da, db = tape.gradient(c, [a, b])
print("da=" + mo.toString(da))
print("db=" + mo.toString(db))
# da=3
# db=2
