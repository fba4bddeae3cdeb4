"""The larger models of the benchmarks as functions for ``jax.jit``, without dropout: for prediction.

Each maker answers forward(weights, inputs...) and the shapes of the weights, in the order in which they are used.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax

CONVOLUTIONS = {
    "simple": [(3, 32, False, "max"), (32, 64, False, "max"), (64, 128, False, "all")],
    "deep": [
        (3, 64, True, ""),
        (64, 64, False, "max"),
        (64, 128, True, ""),
        (128, 128, False, "max"),
        (128, 256, False, "mean"),
    ],
}


class Taken:
    """Hands out weights; the first pass notes their shapes."""

    def __init__(self, weights=None):
        self.weights = iter(weights) if weights is not None else None
        self.shapes = []

    def __call__(self, *shape):
        if self.weights is not None:
            return next(self.weights)
        self.shapes.append(shape)
        return jnp.zeros(shape)


def finished(forward, *inputs):
    """The function of (weights, inputs...) that ``forward`` of (Taken, inputs...) describes, and its shapes."""
    taken = Taken()
    jax.eval_shape(lambda *values: forward(taken, *values), *inputs)
    return lambda weights, *values: forward(Taken(weights), *values), taken.shapes


def dense(take, x, units):
    return x @ take(x.shape[-1], units) + take(units)


def batch_normalisation(take, x):
    gamma, beta, mean, variance = (take(x.shape[-1]) for _ in range(4))
    return (x - mean) * (gamma * lax.rsqrt(jnp.abs(variance) + 1e-3)) + beta


def cnn(depth):
    """The same networks as in ``rindow_models``."""

    def forward(take, x):
        for channels, filters, normalised, pooling in CONVOLUTIONS[depth]:
            kernel = take(3, 3, channels, filters)
            x = lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            x = x + take(filters)
            if normalised:
                x = jax.nn.relu(batch_normalisation(take, x))
            if pooling == "max":
                x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
            elif pooling == "all":
                x = x.max((1, 2))
            elif pooling == "mean":
                x = jax.nn.relu(x).mean((1, 2))
        if depth == "simple":
            return dense(take, jax.nn.relu(dense(take, x, 128)), 10)
        return dense(take, jax.nn.relu(batch_normalisation(take, dense(take, x, 512))), 10)

    return finished(forward, jax.ShapeDtypeStruct((1, 32, 32, 3), jnp.float32))


def layer_normalisation(take, x):
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred * lax.rsqrt(jnp.square(centred).mean(-1, keepdims=True) + 1e-3)
    return scaled * take(x.shape[-1]) + take(x.shape[-1])


def attention(take, x, context, hidden, heads):
    def split(source):
        return dense(take, source, heads * width).reshape(*source.shape[:2], heads, width)

    width = x.shape[-1]
    q, k, v = split(x), split(context), split(context)
    scores = jax.nn.softmax(jnp.einsum("bihd,bjhd->bhij", q, k) / math.sqrt(width) + hidden)
    return dense(take, jnp.einsum("bhij,bjhd->bihd", scores, v).reshape(*x.shape[:2], -1), width)


def transformer(blocks, width, heads, hidden, vocabulary, dropout, longest=256):
    """The same network as in ``rindow_models``."""
    half = width // 2
    angles = jnp.arange(longest)[:, None] / 10000 ** (jnp.arange(half) / half)
    waves = jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], -1)
    future = jnp.triu(jnp.full((longest, longest), -1e9), 1)

    def place(take, ids):
        return take(vocabulary, width)[ids] * math.sqrt(width) + waves[: ids.shape[1]]

    def block(take, x, own, context=None, others=None):
        x = layer_normalisation(take, x + attention(take, x, x, own, heads))
        if context is not None:
            x = layer_normalisation(take, x + attention(take, x, context, others, heads))
        return layer_normalisation(take, x + dense(take, jax.nn.relu(dense(take, x, hidden)), width))

    def forward(take, source, target):
        padding, padding_target = ((ids == 0)[:, None, None, :] * -1e9 for ids in (source, target))
        context = place(take, source)
        for _ in range(blocks):
            context = block(take, context, padding)
        x, length = place(take, target), target.shape[1]
        for _ in range(blocks):
            x = block(take, x, padding_target + future[:length, :length], context, padding)
        return dense(take, x, vocabulary)

    ids = jax.ShapeDtypeStruct((1, 2), jnp.int32)
    return finished(forward, ids, ids)
