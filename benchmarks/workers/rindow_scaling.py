"""Models of any size, as users of this library write them."""

from rindow_models import Transformer
from scaling_rows import CLASSES, HEADS, INPUTS, WORDS


def model(nn, family, width, depth=1, length=1, **_):
    """A compiled model of a family of ``scaling_rows``."""
    layers = nn.layers
    if family == "mlp":
        hidden = [layers.Dense(width, activation="relu") for _ in range(depth)]
        made = nn.models.Sequential([layers.Input([INPUTS]), *hidden, layers.Dense(CLASSES)])
    elif family == "cnn":
        made = nn.models.Sequential(
            [
                layers.Conv2D(width, 3, input_shape=[32, 32, 3], activation="relu"),
                layers.MaxPooling2D(),
                *[layers.Conv2D(2 * width, 3, activation="relu", padding="same") for _ in range(depth)],
                layers.GlobalAveragePooling2D(),
                layers.Dense(CLASSES),
            ]
        )
    elif family == "gru":
        hidden = [layers.GRU(width, return_sequences=True) for _ in range(depth - 1)]
        made = nn.models.Sequential(
            [layers.Embedding(WORDS, width, input_length=length), *hidden, layers.GRU(width), layers.Dense(CLASSES)]
        )
    else:
        made = Transformer(
            nn, vocabulary=WORDS, blocks=depth, width=width, heads=HEADS, hidden=2 * width, dropout=0.1, longest=length
        )
    made.compile(
        loss=nn.losses.SparseCategoricalCrossentropy(from_logits=True), optimizer="adam", metrics={"loss": "loss"}
    )
    return made
