"""What the samples that classify images have in common: their arguments, data and pictures."""

import argparse
import sys

import offline

from rindow_math.matrix import NDArray, R
from rindow_nn.data.dataset import DatasetFilter

CLASS_NAMES = {
    "mnist": [str(n) for n in range(10)],
    "digits": [str(n) for n in range(10)],
    "fashion": [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ],
    "cifar10": ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
}  # fmt: skip


def parse_arguments(doc, epochs, dataset="mnist"):
    """The original's arguments: data set, epochs, and anything to shrink the data."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", nargs="?", default=dataset, help="mnist, fashion, cifar10 or digits")
    parser.add_argument("count", nargs="?", type=int, metavar="epochs", help=f"passes over the images ({epochs})")
    parser.add_argument("shrink", nargs="?", default="", help="anything: train on 2,000 images only")
    parser.add_argument("--epochs", type=int, help="the same as the second argument")
    args = parser.parse_args()
    args.epochs = args.epochs or args.count or epochs
    return args


def load(mo, nn, name):
    """Train and test data, the shape of an image, and the name: ``digits`` where the download is not to be had."""
    loaders = {
        "mnist": lambda: nn.datasets().mnist().loadData(),
        "fashion": lambda: nn.datasets().fashionMnist().loadData(),
        "cifar10": lambda: nn.datasets().cifar10().loadData(),
        "digits": lambda: offline.enlarged_digits(mo, nn),
    }
    if name not in loaders:
        sys.exit(f"Unknown dataset {name}")
    (train, test), name = offline.images(mo, nn, loaders[name], name)
    return train, test, [32, 32, 3] if name == "cifar10" else [28, 28, 1], name


class InputsFilter(DatasetFilter):
    """Images as float32 from 0 to 1 in a shape, labels as int32."""

    def __init__(self, mo, inputShape):
        self.mo = mo
        self.inputShape = inputShape

    def translate(self, img, label=None, options=None):
        img = img.reshape([len(img), *self.inputShape])
        return [
            self.mo.scale(1.0 / 255.0, self.mo.astype(img, NDArray.float32)),
            self.mo.la().astype(label, NDArray.int32),
        ]


def shrunk(train, test):
    """The first 2,000 images to train with and the first 200 to test with."""
    print("Shrink data ...")
    parts = []
    for name, (images, labels), size in (("train", train, 2000), ("test", test, 200)):
        size = min(size, len(images))
        parts.append((images[R(0, size)], labels[R(0, size)]))
        print(f"Shrink {name}=[{','.join(map(str, parts[-1][0].shape()))}]")
    return parts


def datasets(mo, nn, train, test, name, inputsFilter, batch_size, shrink, augment=None):
    """The data sets to train with and to validate with.

    Args:
        augment: options of ``ImageDataGenerator``, or None.
    """
    if name != "cifar10":
        (train_img, train_label), (test_img, test_label) = train, test
        if shrink:
            (train_img, train_label), (test_img, test_label) = shrunk(train, test)
        print("formating train images and labels ...")
        train_img, train_label = inputsFilter.translate(train_img, train_label)
        test_img, test_label = inputsFilter.translate(test_img, test_label)
        print(f"train=[{mo.shapeToString(train_img.shape())},{mo.shapeToString(train_label.shape())}]")
        print(f"val=[{mo.shapeToString(test_img.shape())},{mo.shapeToString(test_label.shape())}]")
        if augment:
            dataset = nn.data.ImageDataGenerator(train_img, tests=train_label, batch_size=batch_size, **augment)
        else:
            dataset = nn.data.NDArrayDataset(train_img, tests=train_label, batch_size=batch_size)
        return dataset, nn.data.NDArrayDataset(test_img, tests=test_label, batch_size=batch_size)
    trainSize, testSize = (2000, 200) if shrink else (50000, 10000)
    if shrink:
        print(f"Shrink data ...\nShrink train={trainSize}\nShrink test={testSize}")
    print(f"train_size={trainSize}\nval_size={testSize}\nformating train images and labels ...")
    dataset, val_dataset = (
        nn.data.SequentialDataset(data, batch_size=batch_size, inputs_filter=inputsFilter, total_size=size)
        for data, size in ((train, trainSize), (test, testSize))
    )
    if augment:
        dataset = nn.data.ImageDataGenerator(dataset, batch_size=batch_size, **augment)
    return dataset, val_dataset


def plot_history(plt, mo, history, title):
    """The curves of a training."""
    for name in ("accuracy", "val_accuracy", "loss", "val_loss"):
        plt.plot(mo.array(history[name]), None, None, name)
    plt.legend()
    plt.title(title)


def plot_predictions(plt, mo, images, labels, predicts, inputShape, class_names):
    """Eight images beside the probabilities that the model gives the classes."""
    shape = inputShape[:-1] if inputShape[2] == 1 else inputShape
    plt.setConfig({"frame.xTickLength": 0, "title.position": "down", "title.margin": 0})
    _, axes = plt.subplots(4, 4)
    for i, predict in enumerate(predicts):
        axes[i * 2].imshow(images[i].reshape(shape), None, None, None, origin="upper")
        axes[i * 2].setFrame(False)
        label = int(labels[i])
        axes[i * 2].setTitle(f"{class_names[label]}({label})")
        axes[i * 2 + 1].bar(mo.arange(10), predict)
