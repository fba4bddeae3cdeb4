"""Damaged files: an error or what was saved, never anything else; the model in memory stays as it was."""

import faulthandler
import random
from pathlib import Path

import numpy as np
import pytest
from small_models import K, X, nn, quiet

from rindow_math.exceptions import RuntimeException

DATA = Path(__file__).parent / "data"
KINDS = ["byte", "bit", "zeros", "random", "cut", "insert", "remove", "swap", "repeat", "text", "word"]
# what stands in these files, in the place of each other
WORDS = [b"Dense", b"Conv2D", b"LSTM", b"Adam", b"SGD", b"units", b"options", b"true", b"null", b"9", b"-1", b"[", b"]",
         b"{", b"}", b"@", b"array", b"scalar", b"weights", b"optimizer", b"modelWeights", b"NDArray", b"a:6", b"s:4",
         b"i:0", b"i:12", b"1e999", b"NaN", b"99999999999", b"hda"]  # fmt: skip


def mutated(content, rng):
    """A copy of the content with some damage."""
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 5, 30])):
        if len(data) < 2:
            break
        kind = rng.choice(KINDS)
        at = rng.randrange(len(data))
        length = min(rng.choice([1, 2, 4, 16, 300, 4096]), len(data) - at)
        if kind == "byte":
            data[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        elif kind == "bit":
            data[at] ^= 1 << rng.randrange(8)
        elif kind == "zeros":
            data[at : at + length] = bytes(length)
        elif kind == "random":
            data[at : at + length] = rng.randbytes(length)
        elif kind == "cut":
            del data[at:]
        elif kind == "insert":
            data[at:at] = rng.randbytes(length)
        elif kind == "remove":
            del data[at : at + length]
        elif kind == "swap":
            other = rng.randrange(len(data) - length + 1)
            data[at : at + length], data[other : other + length] = (
                data[other : other + length], data[at : at + length],
            )  # fmt: skip
        elif kind == "repeat":
            other = rng.randrange(len(data) - length + 1)
            data[at : at + length] = data[other : other + length]
        elif kind == "text":  # a digit or letter of the same length, where structure stays whole
            places = [i for i in range(at, min(at + 400, len(data))) if chr(data[i]).isalnum() and data[i] < 128]
            if places:
                data[rng.choice(places)] = ord(rng.choice("0123456789aZ-"))
        else:
            old, new = rng.choice(WORDS), rng.choice(WORDS)
            where = data.find(old, at)
            if where >= 0:
                data[where : where + len(new)] = new
    return bytes(data)


def state(model):
    return [np.asarray(x).tobytes() for x in [*model.variables(), *model.optimizer().getWeights()]]


def model_of(layers=2):
    rest = [nn.layers.Dense(3, name=f"d{i}") for i in range(layers - 2)]
    model = nn.models.Sequential(
        [
            nn.layers.Dense(8, input_shape=[2], activation="sigmoid", name="one"),
            *rest,
            nn.layers.Dense(2, activation="softmax", name="two"),
        ]
    )
    model.compile(optimizer="adam")
    quiet(model, epochs=1)
    return model


def damage(tmp_path, count, seed):
    """Loads damaged files; the numbers of refused ones and of those that were read as they had been."""
    rng = random.Random(seed)
    saved, other = model_of(), model_of()
    good = tmp_path / "good.model"
    saved.save(good)
    contents = [good.read_bytes()]
    large = tmp_path / "large.model"
    big = model_of(40)  # trees of several levels
    big.save(large)
    contents.append(large.read_bytes())
    wanted = [(state(saved), saved.toJson()), (state(big), big.toJson())]
    path = tmp_path / "damaged.model"
    before = state(other)
    predicted = other.predict(X).toArray()
    refused = whole = 0
    faulthandler.dump_traceback_later(60 + count // 20, exit=True)  # instead of hanging
    try:
        for i in range(count):
            which = i % 5 == 4
            while (damaged := mutated(contents[which], rng)) == contents[which]:
                pass  # zeros over zeros, a word that is not there: no damage
            path.write_bytes(damaged)
            try:
                loaded = nn.models.loadModel(path)
            except RuntimeException:
                refused += 1
            else:
                assert (state(loaded), loaded.toJson()) == wanted[which]
                whole += 1
            if which:
                continue
            try:
                other.loadWeightsFromFile(path)
            except RuntimeException:
                assert state(other) == before
            else:
                assert state(other) == wanted[0][0]
                other = model_of()
                before = state(other)
                predicted = other.predict(X).toArray()
    finally:
        faulthandler.cancel_dump_traceback_later()
    assert other.predict(X).toArray() == predicted
    return refused, whole


@pytest.mark.parametrize("count", [300, pytest.param(20_000, marks=pytest.mark.slow)])
def test_damaged_files(tmp_path, count):
    refused, whole = damage(tmp_path, count, seed=count)
    assert refused + whole == count
    assert refused > count * 0.7  # the rest was damaged in places that hold nothing


@pytest.mark.parametrize("count", [200, pytest.param(5_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["mlp", "regress", "lstm", "cnn"])
def test_damaged_files_of_the_original(tmp_path, name, count):
    """They have no checksum: numbers may be others, but what is loaded is a model that works."""
    content = (DATA / f"php-{name}.model").read_bytes()
    shape = {"mlp": [1, 4], "regress": [1, 3], "lstm": [1, 5], "cnn": [1, 8, 8, 1]}[name]
    inputs = K.zeros(shape, "int32" if name == "lstm" else "float32")
    rng = random.Random(count)
    path = tmp_path / "damaged.model"
    refused = 0
    faulthandler.dump_traceback_later(60 + count // 20, exit=True)
    try:
        for _ in range(count):
            path.write_bytes(mutated(content, rng))
            try:
                model = nn.models.loadModel(path)
            except RuntimeException:
                refused += 1
            else:
                assert model.predict(inputs).shape()[0] == 1
    finally:
        faulthandler.cancel_dump_traceback_later()
    assert refused > count * 0.5
