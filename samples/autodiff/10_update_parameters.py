"""Section "勾配計算" (gradients), fifth example: an optimizer updates the weights.

Like the example of the page, it prints nothing.
"""

from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.builder import NeuralNetworks

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()

a = g.Variable(mo.array([[1, 2, 3], [2, 3, 4]]))
x = g.Variable(mo.array([[4, 5, 6], [5, 6, 7]]))
target = g.Variable(mo.array([0, 1], NDArray.int32))

dense = nn.layers().Dense(10)
lossfunc = nn.losses().SparseCategoricalCrossentropy(from_logits=True)


def f(*, x=x):  # as PHP's use ($x): an x of the function's own, which begins as the outer one
    x = g.mul(x, a)
    x = dense.forward(x)
    loss = lossfunc.forward(target, x)
    return loss


loss = nn.with_(tape := g.GradientTape(), f)
weights = dense.trainableVariables()
grads = tape.gradient(loss, weights)

# ---
optimizer = nn.optimizers().SGD()
optimizer.update(weights, grads)
