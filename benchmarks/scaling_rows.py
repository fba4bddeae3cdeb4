"""Training steps of growing size: one number changes, the others stay."""

SIZES = {
    "mlp": {"batch": 256, "width": 128, "depth": 1},
    "cnn": {"batch": 32, "width": 32, "depth": 1},
    "gru": {"batch": 32, "width": 64, "length": 16, "depth": 1},
    "transformer": {"batch": 8, "width": 64, "length": 32, "depth": 2},
}
SWEEPS = {
    ("mlp", "batch"): (1, 8, 64, 512, 4096),
    ("mlp", "width"): (16, 64, 256, 1024),
    ("mlp", "depth"): (1, 2, 4, 8, 16),
    ("cnn", "batch"): (1, 8, 64, 256),
    ("cnn", "width"): (8, 32, 128),
    ("cnn", "depth"): (1, 2, 4, 8),
    ("gru", "batch"): (1, 8, 64, 256),
    ("gru", "width"): (8, 64, 256, 1024),
    ("gru", "length"): (4, 16, 64, 256),
    ("gru", "depth"): (1, 2, 4),
    ("transformer", "batch"): (1, 8, 64),
    ("transformer", "width"): (32, 64, 256),
    ("transformer", "length"): (8, 32, 128, 512),
    ("transformer", "depth"): (1, 2, 4),
}
INPUTS, CLASSES, WORDS, HEADS = 784, 10, 1000, 4


def row(family: str, what: str, value: int) -> str:
    """The name of a row."""
    return f"S.{family}.{what}={value}"


SCALING = {
    row(family, what, value): (family, {**SIZES[family], what: value})
    for (family, what), values in SWEEPS.items()
    for value in values
}


# Samples of an epoch, and steps in time of those that are sequences: some tenths of a second to some seconds a row.
EPOCH = {"mlp": 16384, "cnn": 1024, "gru": 8192, "transformer": 4096}


def epoch_size(family: str, sizes: dict[str, int]) -> int:
    """Samples of an epoch: whole batches, from two to 64."""
    batch = sizes["batch"]
    return batch * max(2, min(64, EPOCH[family] // (batch * sizes.get("length", 1))))
