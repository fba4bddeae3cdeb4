"""The larger models of the benchmarks, as users of this library write them."""

import math

import numpy as np

from rindow_math.matrix import NDArray
from rindow_nn.models import AbstractModel


def cnn(nn, depth):
    """A deep one with batch normalisation, or a simple one, for images of 32 by 32 pixels."""
    layers = nn.layers
    conv = {"kernel_initializer": "he_normal"}
    if depth == "simple":
        parts = [
            layers.Conv2D(32, 3, input_shape=[32, 32, 3], **conv),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, **conv),
            layers.MaxPooling2D(),
            layers.Conv2D(128, 3, **conv),
            layers.GlobalMaxPooling2D(),
            layers.Dense(128, activation="relu", **conv),
            layers.Dense(10),
        ]
    else:
        parts = [
            layers.Conv2D(64, 3, input_shape=[32, 32, 3], **conv),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Conv2D(64, 3, **conv),
            layers.MaxPooling2D(),
            layers.Conv2D(128, 3, **conv),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Conv2D(128, 3, **conv),
            layers.MaxPooling2D(),
            layers.Conv2D(256, 3, activation="relu", **conv),
            layers.GlobalAveragePooling2D(),
            layers.Dense(512, **conv),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dense(10),
        ]
    model = nn.models.Sequential(parts)
    model.compile(loss=nn.losses.SparseCategoricalCrossentropy(from_logits=True), optimizer="adam")
    return model


def rnn_add(nn, symbols, lengths):
    """Reads a sum as symbols and writes its result: two GRUs and a vector between them."""
    layers = nn.layers
    model = nn.models.Sequential(
        [
            layers.Embedding(symbols, 16, input_length=lengths[0]),
            layers.GRU(128, go_backwards=True),
            layers.RepeatVector(lengths[1]),
            layers.GRU(128, return_sequences=True, go_backwards=True),
            layers.Dense(symbols, activation="softmax"),
        ]
    )
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam")
    return model


class Positions(AbstractModel):
    """Embedding plus fixed waves that tell the place in the sentence."""

    def __init__(self, nn, vocabulary, width, longest=256):
        super().__init__(nn)
        self.embedding = nn.layers.Embedding(vocabulary, width, mask_zero=True)
        self.inherit = nn.layers.InheritMask()
        self.scale = math.sqrt(width)
        half = width // 2
        angles = np.arange(longest)[:, None] / 10000.0 ** (np.arange(half) / half)
        waves = np.concatenate([np.sin(angles), np.cos(angles)], -1).astype(np.float32)
        self.waves = nn.gradient.Variable(waves, trainable=False, unbackpropagatable=True, name="positions")

    def call(self, ids):
        g = self.builder.gradient()
        x = self.embedding.forward(ids)
        waves = g.get(self.waves, 0, g.get(g.shape(ids), 1))
        return self.inherit.forward([g.add(g.scale(self.scale, x), waves), x])


class Attend(AbstractModel):
    def __init__(self, nn, heads, width, dropout, causal):
        super().__init__(nn)
        self.attention = nn.layers.MultiHeadAttention(num_heads=heads, key_dim=width, dropout=dropout)
        self.normalise = nn.layers.LayerNormalization()
        self.plus = nn.layers.Add()
        self.causal = causal

    def call(self, x, context, training):
        y = self.attention.forward([x, context, context], training=training, useCausalMask=self.causal)
        return self.normalise.forward(self.plus.forward([x, y]))


class FeedForward(AbstractModel):
    def __init__(self, nn, width, hidden, dropout):
        super().__init__(nn)
        self.up = nn.layers.Dense(hidden, activation="relu")
        self.down = nn.layers.Dense(width)
        self.dropout = nn.layers.Dropout(dropout)
        self.plus = nn.layers.Add()
        self.normalise = nn.layers.LayerNormalization()

    def call(self, x, training):
        y = self.dropout.forward(self.down.forward(self.up.forward(x)), training=training)
        return self.normalise.forward(self.plus.forward([x, y]))


class Coder(AbstractModel):
    """Encoder, or decoder that looks at a context."""

    def __init__(self, nn, decodes, blocks, width, heads, hidden, vocabulary, dropout, longest=256):
        super().__init__(nn)
        self.positions = Positions(nn, vocabulary, width, longest)
        self.dropout = nn.layers.Dropout(dropout)
        make = nn.gradient.modules
        self.looking = make([Attend(nn, heads, width, dropout, decodes) for _ in range(blocks)])
        self.crossing = make([Attend(nn, heads, width, dropout, False) for _ in range(blocks if decodes else 0)])
        self.feeding = make([FeedForward(nn, width, hidden, dropout) for _ in range(blocks)])

    def call(self, ids, context, training):
        x = self.dropout.forward(self.positions(ids), training=training)
        for i, feed in enumerate(self.feeding):
            x = self.looking[i](x, x, training)
            if context is not None:
                x = self.crossing[i](x, context, training)
            x = feed(x, training)
        return x


class Transformer(AbstractModel):
    def __init__(self, nn, vocabulary, **sizes):
        super().__init__(nn)
        self.encoder = Coder(nn, False, vocabulary=vocabulary, **sizes)
        self.decoder = Coder(nn, True, vocabulary=vocabulary, **sizes)
        self.outputs = nn.layers.Dense(vocabulary)

    def call(self, source, target, training):
        context = self.encoder(source, None, training)
        return self.outputs.forward(self.decoder(target, context, training))


def transformer(nn, sizes):
    """A translation model whose loss leaves the padding out."""
    g = nn.gradient()
    model = Transformer(nn, **sizes)
    each = nn.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")

    def loss(trues, predicts):
        counted = g.greater(g.cast(trues, dtype=NDArray.float32), 0.0)
        return g.div(g.reduceSum(g.mul(each.forward(trues, predicts), counted)), g.reduceSum(counted))

    optimizer = nn.optimizers.Adam(lr=0.0001, beta1=0.9, beta2=0.98, epsilon=1e-9)
    model.compile(loss=loss, optimizer=optimizer, metrics={"loss": "loss"})
    return model
