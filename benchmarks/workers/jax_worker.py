"""Benchmark worker: JAX on the CPU.

Columns: jax (everything under ``jax.jit``, training state donated), jax-eager.
"""

import functools
import os
import sys
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kernels import register
from protocol import Measurement, Worker, wanted_threads
from rows import (
    ADD_BATCH,
    ADD_LENGTHS,
    ADD_SAMPLES,
    ADD_SYMBOLS,
    CHAIN_SIZE,
    CNN_BATCH,
    FIT_STEPS,
    IMAGE,
    LABELS,
    MNIST_BATCH,
    MNIST_SAMPLES,
    PREDICT_BATCHES,
    SAMPLES,
    SENTENCE_LENGTH,
    TRANSFORMER,
)

random = np.random.default_rng(1)
wait = jax.block_until_ready


def host_floats(*shape, low=0.0, high=1.0):
    values = random.random(shape, dtype=np.float32)
    values *= high - low
    values += low
    return values


def host_integers(high, *shape):
    return random.integers(0, high, shape, dtype=np.int32)


def floats(*shape, low=0.0, high=1.0):
    return jnp.asarray(host_floats(*shape, low=low, high=high))


def integers(high, *shape):
    return jnp.asarray(host_integers(high, *shape))


def waiting(function, *arguments):
    return lambda: wait(function(*arguments))


def state_of(weights):
    """Weights, both moments of Adam and the number of steps done."""
    zeros = functools.partial(jax.tree.map, jnp.zeros_like)
    return weights, zeros(weights), zeros(weights), jnp.float32(0)


def new_state(inputs, hidden, outputs):
    weights = []
    for rows, columns in ((inputs, hidden), (hidden, outputs)):
        limit = (6.0 / (rows + columns)) ** 0.5
        weights.append((floats(rows, columns, low=-limit, high=limit), jnp.zeros(columns)))
    return state_of(weights)


def size_of(state):
    count = sum(leaf.size for leaf in jax.tree.leaves(state[0]))
    return lambda: count


def adam_update(weights, first, second, gradients, step):
    first = jax.tree.map(lambda m, g: m + 0.1 * (g - m), first, gradients)
    second = jax.tree.map(lambda v, g: v + 0.001 * (g * g - v), second, gradients)
    rate = 0.001 * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, first, second)
    return weights, first, second


def two_layers(activation):
    def forward(weights, inputs):
        (w1, b1), (w2, b2) = weights
        return activation(inputs @ w1 + b1) @ w2 + b2

    return forward


def trainer(forward):
    """step(state, inputs, labels) answers the new state, the loss and the number of right answers."""

    def loss(weights, inputs, labels):
        logits = forward(weights, inputs)
        picked = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[..., None], -1)
        return -picked.mean(), logits

    def step(state, inputs, labels):
        weights, first, second, steps = state
        (value, logits), gradients = jax.value_and_grad(loss, has_aux=True)(weights, inputs, labels)
        updated = adam_update(weights, first, second, gradients, steps + 1)
        return (*updated, steps + 1), value, (logits.argmax(-1) == labels).sum()

    return step


def samples():
    return jnp.asarray(SAMPLES, jnp.float32), jnp.asarray(LABELS, jnp.int32)


def first_step():
    wait(jax.jit(trainer(two_layers(jax.nn.sigmoid)))(new_state(2, 128, 2), *samples()))


worker = Worker(lambda: {"jax": jax.__version__, "threads": wanted_threads()}, first_step)
FORMS = (("jax", jax.jit), ("jax-eager", lambda function: function))


def tape_scalar(form):
    return Measurement(waiting(form(jax.grad(lambda a, b: a * b, (0, 1))), jnp.float32(2), jnp.float32(3)))


def function_scalar(form):
    function = form(jax.grad(lambda a, b, c: jnp.square(a * b + c), (0, 1)))
    return Measurement(waiting(function, jnp.float32(2), jnp.float32(3), jnp.float32(4)))


for _column, _form in FORMS:
    worker.test("W1.tape_scalar", _column)(lambda form=_form: tape_scalar(form))
    worker.test("W2.function_scalar", _column)(lambda form=_form: function_scalar(form))


@worker.test("W2.chain10_1M", "jax")
def _():
    def chain(x, a, b):
        y = jnp.sqrt(jnp.square(x * a + b) * 0.5 + 1.0)
        return jnp.exp(jnp.log(y / a) - x)

    @jax.jit
    def both(x, a, b, ones):
        y, pull_back = jax.vjp(chain, x, a, b)
        return y, pull_back(ones)

    return Measurement(waiting(both, *(floats(CHAIN_SIZE, low=0.5, high=1.5) for _ in range(3)), jnp.ones(CHAIN_SIZE)))


@worker.test("W3.seed_mlp_step", "jax")
def _():
    step = jax.jit(trainer(two_layers(jax.nn.sigmoid)), donate_argnums=0)
    current = [new_state(2, 128, 2)]
    size = size_of(current[0])
    inputs, labels = samples()

    def train():
        current[0], loss, _ = step(current[0], inputs, labels)
        return wait(loss)

    return Measurement(train, parameters=size)


def epoch_of(step, current, images, labels, batch_size):
    """One epoch as a fit() does it: batches picked by index on the host, the loss read of each."""

    def epoch():
        order = random.permutation(len(labels))
        total = 0.0
        for start in range(0, len(labels), batch_size):
            batch = order[start : start + batch_size]
            current[0], loss, _ = step(current[0], images[batch], labels[batch])
            total += float(loss)
        return total

    return epoch


@worker.test("W3.seed_mlp_fit", "jax")
def _():
    step = jax.jit(trainer(two_layers(jax.nn.sigmoid)), donate_argnums=0)
    current = [new_state(2, 128, 2)]
    size = size_of(current[0])
    inputs, labels = samples()
    epoch = epoch_of(step, current, np.tile(inputs, (FIT_STEPS, 1)), np.tile(labels, FIT_STEPS), len(LABELS))
    return Measurement(epoch, steps=FIT_STEPS, parameters=size)


@worker.test("W4.mnist_mlp", "jax")
def _():
    step = jax.jit(trainer(two_layers(jax.nn.relu)), donate_argnums=0)
    initial = jax.tree.map(np.array, new_state(784, 128, 10))
    current = []

    def start_again():
        # The step donates its state, so every repetition needs a copy.
        current[:] = [wait(jax.tree.map(jnp.array, initial))]

    epoch = epoch_of(step, current, host_floats(MNIST_SAMPLES, 784), host_integers(10, MNIST_SAMPLES), MNIST_BATCH)
    return Measurement(epoch, "samples/s", MNIST_SAMPLES, calls=1, prepare=start_again, parameters=size_of(initial))


def predicting(forward, weights, batch, *inputs):
    predict = jax.jit(forward)
    count = sum(leaf.size for leaf in jax.tree.leaves(weights))
    return Measurement(lambda: wait(predict(weights, *inputs)), "samples/s", batch, parameters=lambda: count)


def predict_mlp(batch):
    return predicting(two_layers(jax.nn.relu), new_state(784, 128, 10)[0], batch, host_floats(batch, 784))


def predict_cnn(depth, batch):
    from jax_models import cnn

    forward, shapes = cnn(depth)
    weights = [floats(*shape, low=-0.05, high=0.05) for shape in shapes]
    return predicting(forward, weights, batch, host_floats(batch, *IMAGE))


def predict_transformer(batch):
    from jax_models import transformer

    forward, shapes = transformer(**TRANSFORMER)
    weights = [floats(*shape, low=-0.05, high=0.05) for shape in shapes]
    words = (1 + host_integers(TRANSFORMER["vocabulary"] - 1, batch, SENTENCE_LENGTH) for _ in range(2))
    return predicting(forward, weights, batch, *words)


for _batch in PREDICT_BATCHES:
    worker.test(f"P4.mlp_{_batch}", "jax")(lambda batch=_batch: predict_mlp(batch))
    for _depth in CNN_BATCH:
        worker.test(f"P5.cnn_{_depth}_{_batch}", "jax")(lambda depth=_depth, batch=_batch: predict_cnn(depth, batch))
    worker.test(f"P7.transformer_{_batch}", "jax")(lambda batch=_batch: predict_transformer(batch))


def gru(weights, inputs):
    """All states of gated recurrent units with the reset after the product; inputs are (time, batch, features)."""
    kernel, recurrent, biases = weights

    def cell(state, x):
        gates, inner = jnp.split(x, 3, -1), jnp.split(state @ recurrent + biases[1], 3, -1)
        update, reset = jax.nn.sigmoid(gates[0] + inner[0]), jax.nn.sigmoid(gates[1] + inner[1])
        state = update * state + (1 - update) * jnp.tanh(gates[2] + reset * inner[2])
        return state, state

    start = jnp.zeros((inputs.shape[1], recurrent.shape[0]))
    return lax.scan(cell, start, inputs @ kernel + biases[0])[1]


@worker.test("W6.rnn_add", "jax")
def _():
    def units(features):
        return floats(features, 384, low=-0.1, high=0.1), floats(128, 384, low=-0.1, high=0.1), jnp.zeros((2, 384))

    outputs = floats(128, ADD_SYMBOLS, low=-0.1, high=0.1), jnp.zeros(ADD_SYMBOLS)
    initial = state_of([floats(ADD_SYMBOLS, 16, low=-0.05, high=0.05), units(16), units(128), outputs])

    def forward(weights, ids):
        table, reader, writer, (kernel, bias) = weights
        read = gru(reader, table[ids].transpose(1, 0, 2)[::-1])[-1]
        return gru(writer, jnp.broadcast_to(read, (ADD_LENGTHS[1], *read.shape))).transpose(1, 0, 2) @ kernel + bias

    step = jax.jit(trainer(forward), donate_argnums=0)
    size = size_of(initial)
    read, written = (host_integers(ADD_SYMBOLS, ADD_SAMPLES, length) for length in ADD_LENGTHS)
    return Measurement(
        epoch_of(step, [initial], read, written, ADD_BATCH), "samples/s", ADD_SAMPLES, calls=1, parameters=size
    )


def compiled(function, inputs):
    """A maker: jax.jit of a function of the given inputs."""
    return lambda *sizes: waiting(jax.jit(function), *inputs(*sizes))


def one(*sizes):
    return (floats(*sizes),)


def sum_of(n):
    x, function = floats(n), jax.jit(jnp.sum)
    return lambda: float(function(x))


def adam(n):
    update = jax.jit(adam_update, donate_argnums=(0, 1, 2))
    current = [(floats(n), jnp.zeros(n), jnp.zeros(n))]
    gradient = floats(n, low=-0.01, high=0.01)

    def step():
        current[0] = wait(update(*current[0], gradient, 10.0))

    return step


def layernorm(x, gamma, beta):
    centred = x - x.mean(-1, keepdims=True)
    return centred * lax.rsqrt(jnp.square(centred).mean(-1, keepdims=True) + 1e-3) * gamma + beta


def convolution(images, side, channels, filters, kernel, stride, dilation):
    def function(x, weights, bias):
        return bias + lax.conv_general_dilated(
            x, weights, (stride,) * 2, "SAME", rhs_dilation=(dilation,) * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    return function, (
        floats(images, side, side, channels),
        floats(kernel, kernel, channels, filters),
        jnp.zeros(filters),
    )


def conv(*sizes):
    function, inputs = convolution(*sizes)
    return waiting(jax.jit(function), *inputs)


def conv_step(*sizes):
    function, inputs = convolution(*sizes)

    def step(gradient, *inputs):
        y, pull = jax.vjp(function, *inputs)
        return y, pull(gradient)

    return waiting(jax.jit(step), jnp.ones_like(function(*inputs)), *inputs)


def scatter_grad(rows, width, picked):
    function = jax.jit(lambda ids, gradient: jnp.zeros((rows, width)).at[ids].add(gradient))
    return waiting(function, integers(rows, picked), floats(picked, width))


register(
    worker,
    "jax",
    {
        "sgemm": {"": compiled(jnp.matmul, lambda m, k, n: (floats(m, k), floats(k, n)))},
        "add": {"": compiled(jnp.add, lambda n: (floats(n), floats(n)))},
        "exp": {"": compiled(jnp.exp, one)},
        "sigmoid": {"": compiled(jax.nn.sigmoid, one)},
        "sum": {"": sum_of},
        "softmax": {"": compiled(jax.nn.softmax, one)},
        "adam": {"": adam},
        "conv2d_fwd": {"": conv},
        "conv2d_fwd_bwd": {"": conv_step},
        "layernorm": {"": compiled(layernorm, lambda m, n: (floats(m, n), jnp.ones(n), jnp.zeros(n)))},
        "gather": {"": compiled(lambda table, ids: table[ids], lambda r, w, k: (floats(r, w), integers(r, k)))},
        "scatter_grad": {"": scatter_grad},
        "transpose": {"": compiled(lambda x: x.T.copy(), one)},
    },
)

if __name__ == "__main__":
    worker.main()
