"""Tells good reviews of films from bad ones by the mean of their words' vectors.

    python samples/basic-text-classification.py            # the IMDb reviews (84 MB), 10 epochs
    python samples/basic-text-classification.py --offline  # reviews that the sample writes itself

Where the download is not to be had, the sample says so and writes reviews itself. The first run
saves the numbers of the words and the trained model beside this file; later runs load them.
"""

import argparse
import math
import os
import pickle
import tarfile
import tempfile
import urllib.request
from pathlib import Path

import offline

from rindow_math.matrix import MatrixOperator, NDArray, R
from rindow_math.plot import Plot
from rindow_nn.builder import NeuralNetworks

URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--epochs", type=int, default=10, help="passes over the reviews (10)")
parser.add_argument("--offline", action="store_true", help="do not try the download")
args = parser.parse_args()

mo = MatrixOperator()
nn = NeuralNetworks(mo)
plt = Plot(None, mo)

dataDir = Path(os.environ.get("RINDOW_NEURALNETWORKS_DATASETS") or Path(tempfile.gettempdir(), "rindow/nn/datasets"))


def imdb():
    """The folder of the IMDb reviews, downloaded and unpacked if it is not there."""
    folder = dataDir / "aclImdb"
    archive = folder / "aclImdb_v1.tar.gz"
    if not (folder / "README").exists():
        folder.mkdir(parents=True, exist_ok=True)
        if not archive.exists():
            print("Loading....", end="", flush=True)
            part = archive.with_suffix(".part")
            with urllib.request.urlopen(URL, timeout=20) as source, part.open("wb") as target:
                while block := source.read(1 << 20):
                    target.write(block)
            part.rename(archive)
            print(" Done.")
        print("Extract....", end="", flush=True)
        with tarfile.open(archive) as packed:
            packed.extractall(dataDir, filter="data")
        print(" Done.")
    return folder, "imdb"


def own_reviews():
    """The folder of reviews that this sample writes."""
    folder = dataDir / "own-reviews"
    offline.write_reviews(folder / "train", 1000)
    offline.write_reviews(folder / "test", 250)
    return folder, "own"


if args.offline:
    datasetdir, name = own_reviews()
else:
    try:
        datasetdir, name = imdb()
    except OSError as error:
        print(f" the IMDb reviews are not to be had: {error}\ntraining on reviews that the sample writes itself")
        datasetdir, name = own_reviews()

savefilename = Path(__file__).with_name(f"{datasetdir.name}.pkl")
if not savefilename.exists():
    classnames = ["neg", "pos"]
    options = {
        "pattern": r"@[0-9_]*\.txt@",
        "maxlen": 256 if name == "imdb" else 32,
        "num_words": 10000,
        "classnames": classnames,
        "restricted_by_class": classnames,
        "shuffle": True,
        "verbose": 1,
    }
    dataset = nn.data.TextClassifiedDataset(str(datasetdir / "train"), **options)
    train_inputs, train_labels = dataset.loadData()
    classnames = dataset.classnames()
    tokenizer = dataset.getTokenizer()
    dataset = nn.data.TextClassifiedDataset(str(datasetdir / "test"), tokenizer=tokenizer, **options)
    test_inputs, test_labels = dataset.loadData()
    train_labels = mo.la().astype(train_labels, NDArray.float32)
    test_labels = mo.la().astype(test_labels, NDArray.float32)
    tensors = mo.serializeArray([train_inputs, train_labels, test_inputs, test_labels])
    savefilename.write_bytes(pickle.dumps([tokenizer.save(), classnames, tensors]))
else:
    tokenizer_data, classnames, tensors = pickle.loads(savefilename.read_bytes())
    tokenizer = nn.data.TextClassifiedDataset(str(datasetdir / "train")).getTokenizer()
    tokenizer.load(tokenizer_data)
    train_inputs, train_labels, test_inputs, test_labels = mo.unserializeArray(tensors)

for array in (train_inputs, train_labels, test_inputs, test_labels):
    print(",".join(map(str, array.shape())))
total_size = len(train_inputs)
train_size = math.floor(total_size * 0.9)
val_inputs = train_inputs[R(train_size, total_size)]
val_labels = train_labels[R(train_size, total_size)]
train_inputs = train_inputs[R(0, train_size)]
train_labels = train_labels[R(0, train_size)]

print(f"device type: {nn.deviceType()}")
modelFilePath = Path(__file__).with_name(f"basic-text-classification-{name}.model")

if modelFilePath.exists():
    print("loading model ...")
    model = nn.models().loadModel(modelFilePath)
    model.summary()
else:
    inputlen = train_inputs.shape()[1]
    print("creating model ...")
    model = nn.models().Sequential([
        nn.layers().Embedding(
            tokenizer.numWords(True),  # inputDim: the words, and the padding
            16,  # outputDim
            input_length=inputlen,
        ),
        nn.layers().GlobalAveragePooling1D(),
        nn.layers().Dense(units=1, activation="sigmoid"),
    ])  # fmt: skip
    model.compile(
        loss=nn.losses.BinaryCrossEntropy(),
        optimizer="adam",
    )
    model.summary()
    print("training model ...")
    history = model.fit(
        train_inputs, train_labels, epochs=args.epochs, batch_size=64, validation_data=[val_inputs, val_labels]
    )
    model.save(modelFilePath)
    for curve in ("accuracy", "val_accuracy", "loss", "val_loss"):
        plt.plot(mo.array(history[curve]), None, None, curve)
    plt.legend()
    plt.title("imdb" if name == "imdb" else "reviews")
    plt.show()

model.evaluate(test_inputs, test_labels, batch_size=64, verbose=1)
