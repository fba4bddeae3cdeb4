"""Section "計算グラフのコンパイル" (compiling the graph): a function traced once and run again."""

from rindow_math.matrix import MatrixOperator
from rindow_nn.builder import NeuralNetworks

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()


def f(a, b, c):
    x = g.mul(a, b)
    y = g.add(x, c)
    return y


func = g.Function(f)

a = g.Variable(2.0)
b = g.Variable(3.0)
c = g.Variable(4.0)


def compile_and_square():
    y = func(a, b, c)
    return g.square(y)


# compile function graph
z = nn.with_(tape := g.GradientTape(), compile_and_square)
grads = tape.gradient(z, [a, b])


def square():
    y = func(a, b, c)
    return g.square(y)


# execute compiled function
z = nn.with_(tape := g.GradientTape(), square)
grads = tape.gradient(z, [a, b])

# The page prints $c here, not $z, and so "z=4"; the value of z is 100.
print("z=" + mo.toString(c))
print("da=" + mo.toString(grads[0]))
print("db=" + mo.toString(grads[1]))
