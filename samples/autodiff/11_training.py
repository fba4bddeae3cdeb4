"""Section "モデルのトレーニング" (training a model): a model of one"s own, trained by a loop written by hand."""

from rindow_math.matrix import MatrixOperator, NDArray
from rindow_math.plot import Plot
from rindow_nn.builder import NeuralNetworks
from rindow_nn.layers import Layer
from rindow_nn.models import AbstractModel

mo = MatrixOperator()
nn = NeuralNetworks(mo)
K = nn.backend()
g = nn.gradient()
plt = Plot(None, mo)


class TestModel(AbstractModel):
    dense1: Layer
    dense2: Layer

    def __init__(
        self,
        backend,
        builder,
    ):
        super().__init__(builder)
        self.dense1 = builder.layers.Dense(units=128, input_shape=[2], activation="sigmoid")
        self.dense2 = builder.layers.Dense(units=2)

    def call(self, inputs, training):
        x = self.dense1.forward(inputs, training)
        outputs = self.dense2.forward(x, training)
        return outputs


model = TestModel(K, nn)
lossfunc = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = nn.optimizers.Adam()
train_inputs = mo.array([[1, 3], [1, 4], [2, 4], [3, 1], [4, 1], [4, 2]])
train_tests = mo.array([0, 0, 0, 1, 1, 1], NDArray.int32)
history = []
dataset = nn.data.NDArrayDataset(
    train_inputs,
    tests=train_tests,
    batch_size=64,
    shuffle=False,
)

for epoch in range(100):
    totalLoss = 0
    for batchIndex, (inputs, trues) in enumerate(dataset):
        x = g.Variable(inputs)
        t = g.Variable(trues)

        def f(*, x=x, t=t, trues=trues):
            predicts = model(x, True, t)
            return lossfunc(trues, predicts), predicts

        loss, predicts = nn.with_(tape := g.GradientTape(), f)
        params = model.trainableVariables()
        gradients = tape.gradient(loss, params)

        optimizer.update(params, gradients)
        totalLoss += K.scalar(loss.value())
    history.append(totalLoss)
plt.plot(mo.array(history), None, None, "loss")
plt.legend()
plt.title("dynamic mode gradient")
plt.show()
