"""Trains a model on real handwritten digits, with a training loop written by hand.

This is the training section of the page "自動微分" (automatic differentiation) of the Rindow documentation, for the
1,797 digits of 8x8 pixels that come with the package: the forward pass is recorded on a tape, the tape gives the
gradients, and the optimizer updates the weights.

    python samples/autodiff-training.py
    python samples/autodiff-training.py --epochs 5 --plot loss.png
"""

import argparse
import sys
import time

from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.layers import Layer
from rindow_nn.models import AbstractModel


class DigitsModel(AbstractModel):
    """Two dense layers that tell ten digits apart; the outputs are logits."""

    dense1: Layer
    dense2: Layer

    def __init__(self, builder):
        super().__init__(builder)
        self.dense1 = builder.layers.Dense(units=128, input_shape=[64], activation="relu")
        self.dense2 = builder.layers.Dense(units=10)

    def call(self, inputs, training):
        x = self.dense1.forward(inputs, training)
        return self.dense2.forward(x, training)


def load_digits(mo, nn):
    """Images as rows of 64 numbers from 0 to 1, labels as int32: train and test."""
    sets = []
    for images, labels in nn.datasets.digits().loadData():
        images = images.reshape([len(images), 64])
        sets.append((mo.scale(1 / 16, mo.astype(images, NDArray.float32)), mo.astype(labels, NDArray.int32)))
    return sets


def count_hits(mo, trues, predicts):
    """How many of the predictions are right."""
    return int(mo.sum(mo.astype(mo.op(mo.argMax(predicts.value(), axis=1), "==", trues), NDArray.int32)))


def show_progress(epoch, epochs, done, batches):
    """A bar that grows in its line; nothing where the output is not a terminal."""
    if sys.stdout.isatty():
        filled = 30 * done // batches
        print(f"\repoch {epoch}/{epochs} [{'=' * filled}{'.' * (30 - filled)}]", end="", flush=True)


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=positive, default=30, help="passes over the training images (default: 30)")
    parser.add_argument("--batch-size", type=positive, default=32, help="images in a training step (default: 32)")
    parser.add_argument("--seed", type=int, default=0, help="where the random numbers start (default: 0)")
    picture = parser.add_mutually_exclusive_group()
    picture.add_argument("--plot", metavar="FILE", help="write the loss curve to FILE (.png, .svg or .pdf)")
    picture.add_argument("--no-plot", action="store_true", help="draw no loss curve; matplotlib is not needed")
    return parser.parse_args()


def main():
    args = parse_arguments()
    mo = MatrixOperator()
    mo.random().setSeed(args.seed)
    nn = NeuralNetworks(mo)
    K = nn.backend()
    g = nn.gradient()
    plt = None
    if not args.no_plot:
        from rindow_math.plot import Plot

        plt = Plot(None, mo)

    (train_inputs, train_tests), (test_inputs, test_tests) = load_digits(mo, nn)
    print(f"{len(train_inputs)} digits to train with, {len(test_inputs)} to test with")

    model = DigitsModel(nn)
    lossfunc = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = nn.optimizers.Adam()
    dataset = nn.data.NDArrayDataset(train_inputs, tests=train_tests, batch_size=args.batch_size, shuffle=True)

    history = {"loss": [], "accuracy": [], "val_loss": [], "val_accuracy": []}
    start = time.perf_counter()
    for epoch in range(args.epochs):
        totalLoss = 0.0
        hits = 0
        for batchIndex, (inputs, trues) in enumerate(dataset):
            show_progress(epoch + 1, args.epochs, batchIndex, len(dataset))
            x = g.Variable(inputs)
            t = g.Variable(trues)
            with g.GradientTape() as tape:
                predicts = model(x, True, t)
                loss = lossfunc(trues, predicts)
            params = model.trainableVariables()
            gradients = tape.gradient(loss, params)

            optimizer.update(params, gradients)
            totalLoss += K.scalar(loss.value()) * len(trues)
            hits += count_hits(mo, trues, predicts)
        history["loss"].append(totalLoss / len(train_inputs))
        history["accuracy"].append(hits / len(train_inputs))

        predicts = model(g.Variable(test_inputs), False)
        history["val_loss"].append(float(K.scalar(lossfunc(test_tests, predicts).value())))
        history["val_accuracy"].append(count_hits(mo, test_tests, predicts) / len(test_inputs))
        show_progress(epoch + 1, args.epochs, 1, 1)
        line_start = " " if sys.stdout.isatty() else f"epoch {epoch + 1}/{args.epochs} "
        print(line_start + " ".join(f"{name}: {values[-1]:.4f}" for name, values in history.items()), flush=True)

    seconds = time.perf_counter() - start
    print(f"test accuracy: {100 * history['val_accuracy'][-1]:.1f} % after {seconds:.2f} s of training")

    if plt is not None:
        plt.plot(mo.array(history["loss"]), None, None, "loss")
        plt.plot(mo.array(history["val_loss"]), None, None, "val_loss")
        plt.legend()
        plt.title("handwritten digits")
        plt.show(args.plot)
        if args.plot:
            print(f"the loss curve is in {args.plot}")


if __name__ == "__main__":
    main()
