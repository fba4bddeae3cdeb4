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
from rows import CHAIN_SIZE, FIT_STEPS, LABELS, MNIST_BATCH, MNIST_SAMPLES, SAMPLES

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


def new_state(inputs, hidden, outputs):
    """Weights, both moments of Adam and the number of steps done."""
    weights = []
    for rows, columns in ((inputs, hidden), (hidden, outputs)):
        limit = (6.0 / (rows + columns)) ** 0.5
        weights.append((floats(rows, columns, low=-limit, high=limit), jnp.zeros(columns)))
    zeros = functools.partial(jax.tree.map, jnp.zeros_like)
    return weights, zeros(weights), zeros(weights), jnp.float32(0)


def size_of(state):
    count = sum(leaf.size for leaf in jax.tree.leaves(state[0]))
    return lambda: count


def adam_update(weights, first, second, gradients, step):
    first = jax.tree.map(lambda m, g: m + 0.1 * (g - m), first, gradients)
    second = jax.tree.map(lambda v, g: v + 0.001 * (g * g - v), second, gradients)
    rate = 0.001 * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, first, second)
    return weights, first, second


def trainer(activation):
    """step(state, inputs, labels) answers the new state, the loss and the number of right answers."""

    def loss(weights, inputs, labels):
        (w1, b1), (w2, b2) = weights
        logits = activation(inputs @ w1 + b1) @ w2 + b2
        picked = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1)
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
    wait(jax.jit(trainer(jax.nn.sigmoid))(new_state(2, 128, 2), *samples()))


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
    step = jax.jit(trainer(jax.nn.sigmoid), donate_argnums=0)
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
    step = jax.jit(trainer(jax.nn.sigmoid), donate_argnums=0)
    current = [new_state(2, 128, 2)]
    size = size_of(current[0])
    inputs, labels = samples()
    epoch = epoch_of(step, current, np.tile(inputs, (FIT_STEPS, 1)), np.tile(labels, FIT_STEPS), len(LABELS))
    return Measurement(epoch, steps=FIT_STEPS, parameters=size)


@worker.test("W4.mnist_mlp", "jax")
def _():
    step = jax.jit(trainer(jax.nn.relu), donate_argnums=0)
    initial = jax.tree.map(np.array, new_state(784, 128, 10))
    current = []

    def start_again():
        # The step donates its state, so every repetition needs a copy.
        current[:] = [wait(jax.tree.map(jnp.array, initial))]

    epoch = epoch_of(step, current, host_floats(MNIST_SAMPLES, 784), host_integers(10, MNIST_SAMPLES), MNIST_BATCH)
    return Measurement(epoch, "samples/s", MNIST_SAMPLES, calls=1, prepare=start_again, parameters=size_of(initial))


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
        "layernorm": {"": compiled(layernorm, lambda m, n: (floats(m, n), jnp.ones(n), jnp.zeros(n)))},
        "gather": {"": compiled(lambda table, ids: table[ids], lambda r, w, k: (floats(r, w), integers(r, k)))},
        "scatter_grad": {"": scatter_grad},
        "transpose": {"": compiled(lambda x: x.T.copy(), one)},
    },
)

if __name__ == "__main__":
    worker.main()
