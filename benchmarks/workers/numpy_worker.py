"""Benchmark worker: NumPy with the backward pass written by hand.

NumPy differentiates nothing, so W1 has no figure; the other rows show what the
same arithmetic costs when a person writes it with whole-array operations.
Columns: numpy, numpy-inplace (``out=`` buffers).
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kernels import register
from protocol import Measurement, Worker, wanted_threads
from rows import CHAIN_SIZE, LABELS, MNIST_BATCH, MNIST_SAMPLES, SAMPLES

random = np.random.default_rng(1)


def floats(*shape, low=0.0, high=1.0):
    values = random.random(shape, dtype=np.float32)
    values *= high - low
    values += low
    return values


def integers(high, *shape):
    return random.integers(0, high, shape, dtype=np.int32)


class Network:
    """Two dense layers with sparse cross-entropy from logits and Adam."""

    def __init__(self, inputs, hidden, outputs, activation):
        limits = [(inputs, hidden), (hidden, outputs)]
        self.weights = []
        for rows, columns in limits:
            limit = (6.0 / (rows + columns)) ** 0.5
            self.weights += [floats(rows, columns, low=-limit, high=limit), np.zeros(columns, np.float32)]
        self.first = [np.zeros_like(w) for w in self.weights]
        self.second = [np.zeros_like(w) for w in self.weights]
        self.sigmoid = activation == "sigmoid"
        self.steps = 0

    def size(self):
        return sum(w.size for w in self.weights)

    def step(self, inputs, labels):
        w1, b1, w2, b2 = self.weights
        hidden = inputs @ w1
        hidden += b1
        if self.sigmoid:
            sigmoid(hidden, out=hidden)
        else:
            np.maximum(hidden, 0, out=hidden)
        logits = hidden @ w2 + b2
        probabilities = softmax(logits, out=logits)
        picked = np.arange(len(labels)), labels
        loss = float(-np.log(probabilities[picked]).mean())
        probabilities[picked] -= 1
        probabilities /= np.float32(len(labels))
        back = probabilities @ w2.T
        back *= hidden * (1 - hidden) if self.sigmoid else hidden > 0
        self.adam([inputs.T @ back, back.sum(0), hidden.T @ probabilities, probabilities.sum(0)])
        return loss

    def adam(self, gradients):
        self.steps += 1
        rate = np.float32(0.001 * (1 - 0.999**self.steps) ** 0.5 / (1 - 0.9**self.steps))
        for weight, first, second, gradient in zip(self.weights, self.first, self.second, gradients):
            first += np.float32(0.1) * (gradient - first)
            second += np.float32(0.001) * (gradient * gradient - second)
            weight -= rate * first / (np.sqrt(second) + np.float32(1e-7))


def first_step():
    Network(2, 128, 2, "sigmoid").step(np.array(SAMPLES, np.float32), np.array(LABELS))


worker = Worker(lambda: {"numpy": np.__version__, "threads": wanted_threads()}, first_step)


@worker.test("W2.chain10_1M", "numpy")
def _():
    x, a, b = (floats(CHAIN_SIZE, low=0.5, high=1.5) for _ in range(3))

    def both():
        shifted = x * a + b
        root = np.sqrt(0.5 * np.square(shifted) + 1)
        ratio = root / a
        y = np.exp(np.log(ratio) - x)
        # y = ratio * exp(-x): dy/dratio = y / ratio, and d root / d shifted = shifted / (2 root)
        d_ratio = y / ratio
        d_shifted = d_ratio / a * (0.5 * shifted / root)
        d_x = d_shifted * a - y
        d_a = d_shifted * x - d_ratio * ratio / a
        return y, d_x, d_a, d_shifted

    return Measurement(both)


@worker.test("W3.seed_mlp_step", "numpy")
def _():
    network = Network(2, 128, 2, "sigmoid")
    inputs, labels = np.array(SAMPLES, np.float32), np.array(LABELS)
    return Measurement(lambda: network.step(inputs, labels), parameters=network.size)


@worker.test("W4.mnist_mlp", "numpy")
def _():
    images, labels = floats(MNIST_SAMPLES, 784), integers(10, MNIST_SAMPLES)
    current = []

    def new_network():
        current[:] = [Network(784, 128, 10, "relu")]

    def epoch():
        order = random.permutation(MNIST_SAMPLES)
        for start in range(0, MNIST_SAMPLES, MNIST_BATCH):
            batch = order[start : start + MNIST_BATCH]
            current[0].step(images[batch], labels[batch])

    return Measurement(
        epoch, "samples/s", MNIST_SAMPLES, calls=1, prepare=new_network, parameters=lambda: current[0].size()
    )


def softmax(x, out=None):
    out = np.subtract(x, x.max(-1, keepdims=True), out=out)
    np.exp(out, out=out)
    out /= out.sum(-1, keepdims=True)
    return out


def sigmoid(x, out=None):
    out = np.negative(x, out=out)
    np.exp(out, out=out)
    out += 1
    return np.reciprocal(out, out=out)


def fresh(operation, inputs):
    """A maker of the form that allocates its result."""

    def make(*sizes):
        arrays = inputs(*sizes)
        return lambda: operation(*arrays)

    return make


def given(operation, inputs, shape=lambda *sizes: sizes):
    """A maker of the form that writes into a given buffer."""

    def make(*sizes):
        arrays, out = inputs(*sizes), np.zeros(shape(*sizes), np.float32)
        return lambda: operation(*arrays, out=out)

    return make


def one(*sizes):
    return (floats(*sizes),)


def add_inplace(n):
    x, y = floats(n), np.zeros(n, np.float32)
    return lambda: np.add(x, y, out=y)


def adam(n):
    weight, gradient = floats(n), floats(n, low=-0.01, high=0.01)
    first, second, work = (np.zeros(n, np.float32) for _ in range(3))

    def step():
        np.subtract(gradient, first, out=work)
        np.multiply(work, np.float32(0.1), out=work)
        np.add(first, work, out=first)
        np.multiply(gradient, gradient, out=work)
        np.subtract(work, second, out=work)
        np.multiply(work, np.float32(0.001), out=work)
        np.add(second, work, out=second)
        np.sqrt(second, out=work)
        np.add(work, np.float32(1e-7), out=work)
        np.divide(first, work, out=work)
        np.multiply(work, np.float32(0.001), out=work)
        np.subtract(weight, work, out=weight)

    return step


def layernorm(rows, columns):
    x, gamma, beta = floats(rows, columns), np.ones(columns, np.float32), np.zeros(columns, np.float32)

    def call():
        centred = x - x.mean(-1, keepdims=True)
        variance = np.square(centred).mean(-1, keepdims=True)
        centred /= np.sqrt(variance + np.float32(1e-3))
        centred *= gamma
        centred += beta
        return centred

    return call


def gather(rows, width, picked):
    table, ids = floats(rows, width), integers(rows, picked)
    return lambda: table[ids]


def scatter_grad(rows, width, picked):
    ids, gradient = integers(rows, picked), floats(picked, width)

    def call():
        table = np.zeros((rows, width), np.float32)
        np.add.at(table, ids, gradient)
        return table

    return call


def transpose_inplace(rows, columns):
    x, out = floats(rows, columns), np.zeros((columns, rows), np.float32)
    return lambda: np.copyto(out, x.T)


register(
    worker,
    "numpy",
    {
        "sgemm": {"": given(np.matmul, lambda m, k, n: (floats(m, k), floats(k, n)), lambda m, k, n: (m, n))},
        "add": {"": fresh(np.add, lambda n: (floats(n), floats(n))), "-inplace": add_inplace},
        "exp": {"": fresh(np.exp, one), "-inplace": given(np.exp, one)},
        "sigmoid": {"": fresh(sigmoid, one), "-inplace": given(sigmoid, one)},
        "sum": {"": fresh(lambda x: float(x.sum()), one)},
        "softmax": {"": fresh(softmax, one), "-inplace": given(softmax, one)},
        "adam": {"": adam},
        "layernorm": {"": layernorm},
        "gather": {"": gather},
        "scatter_grad": {"": scatter_grad},
        "transpose": {"": fresh(lambda x: np.ascontiguousarray(x.T), one), "-inplace": transpose_inplace},
    },
)

if __name__ == "__main__":
    worker.main()
