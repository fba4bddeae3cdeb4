"""Benchmark worker: this library.

Columns: rindow-nn, rindow-nn-compiled (under ``g.Function``), rindow-nn-eager
(by tape where the main column is compiled), rindow-nn-inplace (into memory that
exists already). Nothing of the library is imported before it is needed, so a
row that it cannot run yet is answered as missing and the others still run.
"""

import functools
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
# An installed package comes first; a tree built in place serves where none is.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from kernels import register
from protocol import Measurement, Worker, wanted_threads
from rows import (
    ADD_BATCH,
    ADD_LENGTHS,
    ADD_SAMPLES,
    ADD_SYMBOLS,
    CHAIN_SIZE,
    CNN_BATCH,
    CNN_BATCHES,
    FIT_STEPS,
    IMAGE,
    LABELS,
    MNIST_BATCH,
    MNIST_SAMPLES,
    PREDICT_BATCHES,
    SAMPLES,
    SENTENCE_BATCH,
    SENTENCE_LENGTH,
    SENTENCES,
    TRANSFORMER,
)
from scaling_rows import CLASSES, INPUTS, SCALING, WORDS, epoch_size

COLUMN = "rindow-nn"
random = np.random.default_rng(1)


@functools.cache
def math():
    """The math layer: mo, la and the dtype constants."""
    from rindow_math.matrix import MatrixOperator, NDArray

    mo = MatrixOperator()
    if wanted_threads():
        mo.service().setNumThreads(wanted_threads())
    return SimpleNamespace(mo=mo, la=mo.la(), float32=NDArray.float32, int32=NDArray.int32)


@functools.cache
def networks():
    """The network layer: nn, g, K and the two-layer model class."""
    from rindow_nn.builder import NeuralNetworks
    from rindow_nn.models import AbstractModel

    class TwoLayers(AbstractModel):
        def __init__(self, nn, inputs, hidden, outputs, activation):
            super().__init__(nn)
            self.hidden = nn.layers.Dense(hidden, input_shape=[inputs], activation=activation)
            self.outputs = nn.layers.Dense(outputs)

        def call(self, inputs):
            return self.outputs.forward(self.hidden.forward(inputs))

    nn = NeuralNetworks(math().mo)
    return SimpleNamespace(nn=nn, g=nn.gradient(), K=nn.backend(), TwoLayers=TwoLayers)


def floats(*shape, low=0.0, high=1.0):
    array = math().mo.zeros(list(shape), math().float32)
    # Filled through numpy's view of the same memory: a copy would show in the peak of memory.py.
    values = np.asarray(array)
    random.random(dtype=np.float32, out=values)
    values *= high - low
    values += low
    return array


def integers(high, *shape):
    return math().mo.array(random.integers(0, high, shape, dtype=np.int32), math().int32)


def versions():
    found = {"python": sys.version.split()[0]}
    for package in ("rindow-nn", "numpy", "scipy"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed as a distribution"
    try:
        import rindow_math

        found["path"] = str(Path(rindow_math.__file__).parent)
        found["service"] = str(math().mo.service().info()).strip()
    except Exception as error:
        found["service"] = f"{type(error).__name__}: {error}"
    found["threads"] = wanted_threads()
    return found


def samples():
    mo, g = math().mo, networks().g
    return g.Variable(mo.array(SAMPLES, math().float32)), g.Variable(mo.array(LABELS, math().int32))


def seed_step(compiled):
    """The training step of the six samples, and its model."""
    nn, g = networks().nn, networks().g
    inputs, labels = samples()
    model = networks().TwoLayers(nn, 2, 128, 2, "sigmoid")
    loss_function = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = nn.optimizers.Adam()

    def loss_of(inputs, labels):
        return loss_function(labels, model(inputs))

    if compiled:
        # The weights exist once the model has been called.
        loss_of(inputs, labels)
        forward = g.Function(loss_of)
    else:
        forward = loss_of

    def step():
        with g.GradientTape() as tape:
            loss = forward(inputs, labels)
        weights = model.trainableVariables()
        optimizer.update(weights, tape.gradient(loss, weights))
        return loss

    return step, model


def size_of(model):
    return lambda: sum(weight.value().size() for weight in model.trainableVariables())


worker = Worker(versions, lambda: seed_step(compiled=False)[0]())


@worker.test("W1.tape_scalar", COLUMN)
def _():
    g = networks().g
    a, b = g.Variable(2.0), g.Variable(3.0)

    def step():
        with g.GradientTape() as tape:
            c = g.mul(a, b)
        return tape.gradient(c, [a, b])

    return Measurement(step)


def gradient_of(function, inputs, sources):
    g = networks().g

    def step():
        with g.GradientTape() as tape:
            y = function(*inputs)
        return tape.gradient(y, sources)

    return Measurement(step)


def function_scalar(compiled):
    g = networks().g
    a, b, c = g.Variable(2.0), g.Variable(3.0), g.Variable(4.0)

    def plain(a, b, c):
        return g.add(g.mul(a, b), c)

    function = g.Function(plain) if compiled else plain
    return gradient_of(lambda a, b, c: g.square(function(a, b, c)), [a, b, c], [a, b])


def chain_of_ten(compiled):
    g = networks().g
    inputs = [g.Variable(floats(CHAIN_SIZE, low=0.5, high=1.5)) for _ in range(3)]

    def plain(x, a, b):
        y = g.sqrt(g.increment(g.scale(0.5, g.square(g.add(g.mul(x, a), b))), 1.0))
        return g.exp(g.sub(g.log(g.div(y, a)), x))

    return gradient_of(g.Function(plain) if compiled else plain, inputs, inputs)


def seed_mlp_step(compiled):
    step, model = seed_step(compiled)
    return Measurement(step, parameters=size_of(model))


for _row, _make, _columns in (
    ("W2.function_scalar", function_scalar, {COLUMN: True, f"{COLUMN}-eager": False}),
    ("W2.chain10_1M", chain_of_ten, {COLUMN: True, f"{COLUMN}-eager": False}),
    ("W3.seed_mlp_step", seed_mlp_step, {COLUMN: False, f"{COLUMN}-compiled": True}),
):
    for _column, _compiled in _columns.items():
        worker.test(_row, _column)(lambda make=_make, compiled=_compiled: make(compiled))


def compiled_model(inputs, hidden, outputs, activation):
    """A model ready for fit()."""
    nn = networks().nn
    model = networks().TwoLayers(nn, inputs, hidden, outputs, activation)
    model.compile(loss=nn.losses.SparseCategoricalCrossentropy(from_logits=True), optimizer="adam")
    return model


@worker.test("W3.seed_mlp_fit", COLUMN)
def _():
    mo = math().mo
    inputs, labels = mo.array(SAMPLES * FIT_STEPS, math().float32), mo.array(LABELS * FIT_STEPS, math().int32)
    model = compiled_model(2, 128, 2, "sigmoid")
    return Measurement(
        lambda: model.fit(inputs, labels, epochs=1, batch_size=len(LABELS), verbose=0),
        steps=FIT_STEPS,
        parameters=size_of(model),
    )


@worker.test("W4.mnist_mlp", COLUMN)
def _():
    images, labels = floats(MNIST_SAMPLES, 784), integers(10, MNIST_SAMPLES)
    current = []

    def new_model():
        current[:] = [compiled_model(784, 128, 10, "relu")]

    return Measurement(
        lambda: current[0].fit(images, labels, epochs=1, batch_size=MNIST_BATCH, shuffle=True, verbose=0),
        "samples/s",
        MNIST_SAMPLES,
        calls=1,
        prepare=new_model,
        parameters=lambda: size_of(current[0])(),
    )


def fitting(model, inputs, labels, batch_size):
    return Measurement(
        lambda: model.fit(inputs, labels, epochs=1, batch_size=batch_size, shuffle=True, verbose=0),
        "samples/s",
        labels.shape()[0],
        calls=1,
        parameters=size_of(model),
    )


def cnn(depth):
    from rindow_models import cnn

    count = CNN_BATCH[depth] * CNN_BATCHES[depth]
    return fitting(cnn(networks().nn, depth), floats(count, *IMAGE), integers(10, count), CNN_BATCH[depth])


for _depth in CNN_BATCH:
    worker.test(f"W5.cnn_{_depth}", COLUMN)(lambda depth=_depth: cnn(depth))


@worker.test("W6.rnn_add", COLUMN)
def _():
    from rindow_models import rnn_add

    read, written = (integers(ADD_SYMBOLS, ADD_SAMPLES, length) for length in ADD_LENGTHS)
    return fitting(rnn_add(networks().nn, ADD_SYMBOLS, ADD_LENGTHS), read, written, ADD_BATCH)


@worker.test("W7.transformer", COLUMN)
def _():
    from rindow_models import transformer

    words = [words_of(TRANSFORMER["vocabulary"]) for _ in range(3)]
    return fitting(transformer(networks().nn, TRANSFORMER), words[:2], words[2], SENTENCE_BATCH)


def scaled(family, sizes):
    from rindow_scaling import model

    count = epoch_size(family, sizes)
    made = model(networks().nn, family, **sizes)
    if family == "transformer":
        words = [integers(WORDS - 1, count, sizes["length"]) for _ in range(3)]
        for w in words:
            np.asarray(w)[...] += 1
        return fitting(made, words[:2], words[2], sizes["batch"])
    inputs = {
        "mlp": lambda: floats(count, INPUTS),
        "cnn": lambda: floats(count, *IMAGE),
        "gru": lambda: integers(WORDS, count, sizes["length"]),
    }[family]()
    return fitting(made, inputs, integers(CLASSES, count), sizes["batch"])


for _row, (_family, _sizes) in SCALING.items():
    worker.test(_row, COLUMN)(lambda family=_family, sizes=_sizes: scaled(family, sizes))


def predicting(model, inputs, batch):
    return Measurement(lambda: model.predict(inputs), "samples/s", batch, parameters=size_of(model))


def predict_mlp(batch):
    return predicting(compiled_model(784, 128, 10, "relu"), floats(batch, 784), batch)


def predict_cnn(depth, batch):
    from rindow_models import cnn

    return predicting(cnn(networks().nn, depth), floats(batch, *IMAGE), batch)


def predict_transformer(batch):
    from rindow_models import transformer

    words = [words_of(TRANSFORMER["vocabulary"], batch) for _ in range(2)]
    return predicting(transformer(networks().nn, TRANSFORMER), words, batch)


for _batch in PREDICT_BATCHES:
    worker.test(f"P4.mlp_{_batch}", COLUMN)(lambda batch=_batch: predict_mlp(batch))
    for _depth in CNN_BATCH:
        worker.test(f"P5.cnn_{_depth}_{_batch}", COLUMN)(lambda depth=_depth, batch=_batch: predict_cnn(depth, batch))
    worker.test(f"P7.transformer_{_batch}", COLUMN)(lambda batch=_batch: predict_transformer(batch))


def words_of(vocabulary, count=SENTENCES):
    """Sentences without padding."""
    words = random.integers(1, vocabulary, (count, SENTENCE_LENGTH), dtype=np.int32)
    return math().mo.array(words, math().int32)


def sgemm(m, k, n):
    la, a, b = math().la, floats(m, k), floats(k, n)
    c = la.alloc([m, n], math().float32)
    return lambda: la.gemm(a, b, beta=0.0, C=c)


def add(n):
    mo, x, y = math().mo, floats(n), floats(n)
    return lambda: mo.add(x, y)


def add_inplace(n):
    la, x, y = math().la, floats(n), math().mo.zeros([n])
    return lambda: la.axpy(x, y)


def of_backend(name):
    """A maker of a function of the backend, with a new result."""

    def make(*sizes):
        function, x = getattr(networks().K, name), floats(*sizes)
        return lambda: function(x)

    return make


def sum_of(n):
    la, x = math().la, floats(n)
    return lambda: la.sum(x)


def adam(n):
    g, optimizer = networks().g, networks().nn.optimizers.Adam()
    weights, gradients = [g.Variable(floats(n))], [floats(n, low=-0.01, high=0.01)]
    return lambda: optimizer.update(weights, gradients)


def layernorm(rows, columns):
    layer, x = networks().nn.layers.LayerNormalization(), networks().g.Variable(floats(rows, columns))
    return lambda: layer.forward(x)


def convolution(images, side, channels, filters, kernel, stride, dilation):
    layer = networks().nn.layers.Conv2D(filters, kernel, strides=stride, padding="same", dilation_rate=dilation)
    return layer, networks().g.Variable(floats(images, side, side, channels))


def conv(*sizes):
    layer, x = convolution(*sizes)
    return lambda: layer.forward(x)


def conv_step(*sizes):
    layer, x = convolution(*sizes)
    g = networks().g
    gradient = floats(*layer.forward(x).shape())

    def step():
        with g.GradientTape():
            y = layer.forward(x)
        return y.creator().backward([gradient])

    return step


def layer_fwd_bwd(name):
    """A maker of a layer's training call with its gradients."""

    def make(*sizes):
        nets = networks()
        layer, x = getattr(nets.nn.layers, name)(), nets.g.Variable(floats(*sizes))
        layer.build(list(sizes[1:]))
        sources = [x, *layer.trainableVariables()]
        return gradient_of(lambda x: layer.forward(x, True), [x], sources).call

    return make


def gather(rows, width, picked):
    la, table, ids = math().la, floats(rows, width), integers(rows, picked)
    return lambda: la.gather(table, ids)


def scatter_grad(rows, width, picked):
    la, ids, gradient = math().la, integers(rows, picked), floats(picked, width)
    table = la.alloc([rows, width], math().float32)

    def call():
        la.zeros(table)
        return la.scatterAdd(ids, gradient, table)

    return call


def recurrent(name):
    def make(batch, steps, units):
        layer, x = getattr(networks().nn.layers, name)(units, return_sequences=True), floats(batch, steps, units)
        x, g = networks().g.Variable(x), networks().g
        layer.forward(x)
        sources = [x, *layer.trainableVariables()]

        def call():
            with g.GradientTape() as tape:
                outputs = layer.forward(x)
            return tape.gradient(outputs, sources)

        return call

    return make


def transpose(rows, columns):
    la, x = math().la, floats(rows, columns)
    return lambda: la.transpose(x)


def transpose_inplace(rows, columns):
    la, x = math().la, floats(rows, columns)
    out = la.alloc([columns, rows], math().float32)
    return lambda: la.transpose(x, B=out)


register(
    worker,
    COLUMN,
    {
        "sgemm": {"": sgemm},
        "add": {"": add, "-inplace": add_inplace},
        "exp": {"": of_backend("exp")},
        "sigmoid": {"": of_backend("sigmoid")},
        "sum": {"": sum_of},
        "softmax": {"": of_backend("softmax")},
        "adam": {"": adam},
        "layernorm": {"": layernorm},
        "conv2d_fwd": {"": conv},
        "conv2d_fwd_bwd": {"": conv_step},
        "layernorm_fwd_bwd": {"": layer_fwd_bwd("LayerNormalization")},
        "batchnorm_fwd_bwd": {"": layer_fwd_bwd("BatchNormalization")},
        "maxpool_fwd_bwd": {"": layer_fwd_bwd("MaxPooling2D")},
        "avgpool_fwd_bwd": {"": layer_fwd_bwd("AveragePooling2D")},
        "gather": {"": gather},
        "scatter_grad": {"": scatter_grad},
        "rnn": {"": recurrent("SimpleRNN")},
        "lstm": {"": recurrent("LSTM")},
        "gru": {"": recurrent("GRU")},
        "transpose": {"": transpose, "-inplace": transpose_inplace},
    },
)

if __name__ == "__main__":
    worker.main()
