"""What tests of models share."""

from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.models import AbstractModel

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend

X = mo.array([[1, 3], [1, 4], [2, 4], [3, 1], [4, 1], [4, 2]])
T = mo.array([0, 0, 0, 1, 1, 1], NDArray.int32)


class Mean:
    """The mean of given numbers."""

    def __init__(self, name="loss"):
        self._name = name
        self.reset()

    def name(self):
        return self._name

    def reset(self):
        self.total, self.count = 0.0, 0

    def result(self):
        return self.total / self.count if self.count else 0.0

    def immediateUpdate(self, value):
        self.total += value
        self.count += 1

    def update(self, trues, predicts):
        self.immediateUpdate(self.forward(trues, predicts))

    def forward(self, trues, predicts):
        raise NotImplementedError

    def __call__(self, *args):
        return self.forward(*args)


class Accuracy(Mean):
    """Share of right class numbers."""

    def forward(self, trues, predicts):
        return sum(p == t for p, t in zip(mo.argMax(predicts, axis=1).toArray(), trues.toArray())) / len(trues)


def loss_function(**options):
    return nn.losses.SparseCategoricalCrossEntropy(**{"from_logits": True, **options})


def compiled(model, **options):
    """The model, compiled with metrics of these tests."""
    model.compile(
        **{
            "loss": loss_function(),
            "optimizer": "adam",
            "metrics": {"loss": Mean(), "accuracy": Accuracy("accuracy")},
            **options,
        }
    )
    return model


class Net(AbstractModel):
    """Two layers."""

    def __init__(self, builder=nn, hidden=8, classes=2, activation="sigmoid"):
        super().__init__(builder)
        self.d1 = builder.layers.Dense(hidden, activation=activation, name="d1")
        self.d2 = builder.layers.Dense(classes, name="d2")

    def call(self, inputs):
        return self.d2(self.d1(inputs))


def quiet(model, x=X, t=T, **options):
    """fit without progress."""
    return model.fit(x, t, **{"verbose": 0, "batch_size": 2, "shuffle": False, **options})
