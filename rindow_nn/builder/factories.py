"""The factories of the builder: names only.

Each is an object whose call gives itself, so ``nn.layers.Dense(...)`` and ``nn.layers().Dense(...)`` both work.
Names are found in any case. What they make is imported when it is first asked for; its options are those of the
class of the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rindow_math.exceptions import LogicException
from rindow_math.matrix.names import UnknownNameError, resolve

__all__ = ["Data", "Datasets", "Factory", "Layers", "Losses", "Metrics", "Models", "Optimizers", "Utils"]


class Factory:
    """An object whose call gives itself and whose names are found in any case."""

    def __call__(self) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        return resolve(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            raise LogicException(f"Invalid operation to set: {type(self).__name__}.{name}")
        super().__setattr__(name, value)


class Layers(Factory):
    """Makes layers (PHP: ``Rindow\\NeuralNetworks\\Builder\\Layers``)."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def __getattr__(self, name: str) -> Any:
        try:
            return resolve(self, name)
        except UnknownNameError:
            from rindow_nn.activations import FunctionFactory

            if name.lower() not in FunctionFactory.classes:
                raise
            hint = f"Layers has no {name!r}: it is an activation, Activation({name.lower()!r})"
            raise UnknownNameError(hint) from None

    def Activation(self, activation: Any, *args: Any, **options: Any) -> Any:
        """An activation function as a layer (see ``rindow_nn.layers.Activation``)."""
        from rindow_nn.layers import Activation

        return Activation(self._backend, activation, *args, **options)

    def Add(self, *args: Any, **options: Any) -> Any:
        """The sum of several inputs (see ``rindow_nn.layers.Add``)."""
        from rindow_nn.layers import Add

        return Add(self._backend, *args, **options)

    def Attention(self, *args: Any, **options: Any) -> Any:
        """Dot-product attention (see ``rindow_nn.layers.Attention``)."""
        from rindow_nn.layers import Attention

        return Attention(self._backend, *args, **options)

    def AveragePooling1D(self, *args: Any, **options: Any) -> Any:
        """Means over windows of a sequence (see ``rindow_nn.layers.AveragePooling1D``)."""
        from rindow_nn.layers import AveragePooling1D

        return AveragePooling1D(self._backend, *args, **options)

    def AveragePooling2D(self, *args: Any, **options: Any) -> Any:
        """Means over windows of images (see ``rindow_nn.layers.AveragePooling2D``)."""
        from rindow_nn.layers import AveragePooling2D

        return AveragePooling2D(self._backend, *args, **options)

    def AveragePooling3D(self, *args: Any, **options: Any) -> Any:
        """Means over windows of volumes (see ``rindow_nn.layers.AveragePooling3D``)."""
        from rindow_nn.layers import AveragePooling3D

        return AveragePooling3D(self._backend, *args, **options)

    def BatchNormalization(self, *args: Any, **options: Any) -> Any:
        """Normalisation over the batch (see ``rindow_nn.layers.BatchNormalization``)."""
        from rindow_nn.layers import BatchNormalization

        return BatchNormalization(self._backend, *args, **options)

    def Concatenate(self, *args: Any, **options: Any) -> Any:
        """Several inputs joined along an axis (see ``rindow_nn.layers.Concatenate``)."""
        from rindow_nn.layers import Concatenate

        return Concatenate(self._backend, *args, **options)

    def Conv1D(self, filters: int, kernel_size: int | Sequence[int], *args: Any, **options: Any) -> Any:
        """Convolution of sequences (see ``rindow_nn.layers.Conv1D``)."""
        from rindow_nn.layers import Conv1D

        return Conv1D(self._backend, filters, kernel_size, *args, **options)

    def Conv2D(self, filters: int, kernel_size: int | Sequence[int], *args: Any, **options: Any) -> Any:
        """Convolution of images (see ``rindow_nn.layers.Conv2D``)."""
        from rindow_nn.layers import Conv2D

        return Conv2D(self._backend, filters, kernel_size, *args, **options)

    def Conv3D(self, filters: int, kernel_size: int | Sequence[int], *args: Any, **options: Any) -> Any:
        """Convolution of volumes (see ``rindow_nn.layers.Conv3D``)."""
        from rindow_nn.layers import Conv3D

        return Conv3D(self._backend, filters, kernel_size, *args, **options)

    def Debug(self, *args: Any, **options: Any) -> Any:
        """Hooks between two layers (see ``rindow_nn.layers.Debug``)."""
        from rindow_nn.layers import Debug

        return Debug(self._backend, *args, **options)

    def Dense(self, units: int, *args: Any, **options: Any) -> Any:
        """A fully connected layer (see ``rindow_nn.layers.Dense``)."""
        from rindow_nn.layers import Dense

        return Dense(self._backend, units, *args, **options)

    def Dropout(self, rate: float, *args: Any, **options: Any) -> Any:
        """Random zeros in training (see ``rindow_nn.layers.Dropout``)."""
        from rindow_nn.layers import Dropout

        return Dropout(self._backend, rate, *args, **options)

    def EinsumDense(self, equation: str, output_shape: Any, *args: Any, **options: Any) -> Any:
        """A fully connected layer by an einsum equation (see ``rindow_nn.layers.EinsumDense``)."""
        from rindow_nn.layers import EinsumDense

        return EinsumDense(self._backend, equation, output_shape, *args, **options)

    def Embedding(self, inputDim: int, outputDim: int, *args: Any, **options: Any) -> Any:
        """Vectors looked up by number (see ``rindow_nn.layers.Embedding``)."""
        from rindow_nn.layers import Embedding

        return Embedding(self._backend, inputDim, outputDim, *args, **options)

    def ExpandDims(self, axis: int, *args: Any, **options: Any) -> Any:
        """A new axis of length 1 (see ``rindow_nn.layers.ExpandDims``)."""
        from rindow_nn.layers import ExpandDims

        return ExpandDims(self._backend, axis, *args, **options)

    def Flatten(self, *args: Any, **options: Any) -> Any:
        """All axes but the first as one (see ``rindow_nn.layers.Flatten``)."""
        from rindow_nn.layers import Flatten

        return Flatten(self._backend, *args, **options)

    def Gather(self, *args: Any, **options: Any) -> Any:
        """Elements chosen by index (see ``rindow_nn.layers.Gather``)."""
        from rindow_nn.layers import Gather

        return Gather(self._backend, *args, **options)

    def GlobalAveragePooling1D(self, *args: Any, **options: Any) -> Any:
        """Mean of each channel of a sequence (see ``rindow_nn.layers.GlobalAveragePooling1D``)."""
        from rindow_nn.layers import GlobalAveragePooling1D

        return GlobalAveragePooling1D(self._backend, *args, **options)

    def GlobalAveragePooling2D(self, *args: Any, **options: Any) -> Any:
        """Mean of each channel of an image (see ``rindow_nn.layers.GlobalAveragePooling2D``)."""
        from rindow_nn.layers import GlobalAveragePooling2D

        return GlobalAveragePooling2D(self._backend, *args, **options)

    def GlobalAveragePooling3D(self, *args: Any, **options: Any) -> Any:
        """Mean of each channel of a volume (see ``rindow_nn.layers.GlobalAveragePooling3D``)."""
        from rindow_nn.layers import GlobalAveragePooling3D

        return GlobalAveragePooling3D(self._backend, *args, **options)

    def GlobalMaxPooling1D(self, *args: Any, **options: Any) -> Any:
        """Maximum of each channel of a sequence (see ``rindow_nn.layers.GlobalMaxPooling1D``)."""
        from rindow_nn.layers import GlobalMaxPooling1D

        return GlobalMaxPooling1D(self._backend, *args, **options)

    def GlobalMaxPooling2D(self, *args: Any, **options: Any) -> Any:
        """Maximum of each channel of an image (see ``rindow_nn.layers.GlobalMaxPooling2D``)."""
        from rindow_nn.layers import GlobalMaxPooling2D

        return GlobalMaxPooling2D(self._backend, *args, **options)

    def GlobalMaxPooling3D(self, *args: Any, **options: Any) -> Any:
        """Maximum of each channel of a volume (see ``rindow_nn.layers.GlobalMaxPooling3D``)."""
        from rindow_nn.layers import GlobalMaxPooling3D

        return GlobalMaxPooling3D(self._backend, *args, **options)

    def GRU(self, units: int, *args: Any, **options: Any) -> Any:
        """Gated recurrent units (see ``rindow_nn.layers.GRU``)."""
        from rindow_nn.layers import GRU

        return GRU(self._backend, units, *args, **options)

    def InheritMask(self, *args: Any, **options: Any) -> Any:
        """One input with the mask of another (see ``rindow_nn.layers.InheritMask``)."""
        from rindow_nn.layers import InheritMask

        return InheritMask(self._backend, *args, **options)

    def Input(self, *args: Any, **options: Any) -> Any:
        """The shape of a model's inputs (see ``rindow_nn.layers.Input``)."""
        from rindow_nn.layers import Input

        return Input(self._backend, *args, **options)

    def LayerNormalization(self, *args: Any, **options: Any) -> Any:
        """Normalisation over an axis (see ``rindow_nn.layers.LayerNormalization``)."""
        from rindow_nn.layers import LayerNormalization

        return LayerNormalization(self._backend, *args, **options)

    def LSTM(self, units: int, *args: Any, **options: Any) -> Any:
        """Long short-term memory (see ``rindow_nn.layers.LSTM``)."""
        from rindow_nn.layers import LSTM

        return LSTM(self._backend, units, *args, **options)

    def Max(self, *args: Any, **options: Any) -> Any:
        """The maximum along an axis (see ``rindow_nn.layers.Max``)."""
        from rindow_nn.layers import Max

        return Max(self._backend, *args, **options)

    def MaxPooling1D(self, *args: Any, **options: Any) -> Any:
        """Maxima over windows of a sequence (see ``rindow_nn.layers.MaxPooling1D``)."""
        from rindow_nn.layers import MaxPooling1D

        return MaxPooling1D(self._backend, *args, **options)

    def MaxPooling2D(self, *args: Any, **options: Any) -> Any:
        """Maxima over windows of images (see ``rindow_nn.layers.MaxPooling2D``)."""
        from rindow_nn.layers import MaxPooling2D

        return MaxPooling2D(self._backend, *args, **options)

    def MaxPooling3D(self, *args: Any, **options: Any) -> Any:
        """Maxima over windows of volumes (see ``rindow_nn.layers.MaxPooling3D``)."""
        from rindow_nn.layers import MaxPooling3D

        return MaxPooling3D(self._backend, *args, **options)

    def MultiHeadAttention(self, *args: Any, **options: Any) -> Any:
        """Attention of several heads (see ``rindow_nn.layers.MultiHeadAttention``)."""
        from rindow_nn.layers import MultiHeadAttention

        return MultiHeadAttention(self._backend, *args, **options)

    def RepeatVector(self, repeats: int, *args: Any, **options: Any) -> Any:
        """A vector repeated as a sequence (see ``rindow_nn.layers.RepeatVector``)."""
        from rindow_nn.layers import RepeatVector

        return RepeatVector(self._backend, repeats, *args, **options)

    def SimpleRNN(self, units: int, *args: Any, **options: Any) -> Any:
        """A plain recurrent layer (see ``rindow_nn.layers.SimpleRNN``)."""
        from rindow_nn.layers import SimpleRNN

        return SimpleRNN(self._backend, units, *args, **options)


class Losses(Factory):
    """Makes losses (PHP: ``Rindow\\NeuralNetworks\\Builder\\Losses``)."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def BinaryCrossEntropy(self, *args: Any, **options: Any) -> Any:
        """Cross entropy of two classes (see ``rindow_nn.losses.BinaryCrossEntropy``)."""
        from rindow_nn.losses import BinaryCrossEntropy

        return BinaryCrossEntropy(self._backend, *args, **options)

    def CategoricalCrossEntropy(self, *args: Any, **options: Any) -> Any:
        """Cross entropy of one-hot labels (see ``rindow_nn.losses.CategoricalCrossEntropy``)."""
        from rindow_nn.losses import CategoricalCrossEntropy

        return CategoricalCrossEntropy(self._backend, *args, **options)

    def Huber(self, *args: Any, **options: Any) -> Any:
        """Squared errors that grow linearly when large (see ``rindow_nn.losses.Huber``)."""
        from rindow_nn.losses import Huber

        return Huber(self._backend, *args, **options)

    def MeanSquaredError(self, *args: Any, **options: Any) -> Any:
        """The mean of squared errors (see ``rindow_nn.losses.MeanSquaredError``)."""
        from rindow_nn.losses import MeanSquaredError

        return MeanSquaredError(self._backend, *args, **options)

    def SparseCategoricalCrossEntropy(self, *args: Any, **options: Any) -> Any:
        """Cross entropy of class numbers (see ``rindow_nn.losses.SparseCategoricalCrossEntropy``)."""
        from rindow_nn.losses import SparseCategoricalCrossEntropy

        return SparseCategoricalCrossEntropy(self._backend, *args, **options)


class Metrics(Factory):
    """Makes metrics (PHP: ``Rindow\\NeuralNetworks\\Builder\\Metrics``)."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def BinaryAccuracy(self, *args: Any, **options: Any) -> Any:
        """Share of right answers of two classes (see ``rindow_nn.metrics.BinaryAccuracy``)."""
        from rindow_nn.metrics import BinaryAccuracy

        return BinaryAccuracy(self._backend, *args, **options)

    def CategoricalAccuracy(self, *args: Any, **options: Any) -> Any:
        """Share of right answers with one-hot labels (see ``rindow_nn.metrics.CategoricalAccuracy``)."""
        from rindow_nn.metrics import CategoricalAccuracy

        return CategoricalAccuracy(self._backend, *args, **options)

    def GenericMetric(self, func: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """A metric from a function (see ``rindow_nn.metrics.GenericMetric``)."""
        from rindow_nn.metrics import GenericMetric

        return GenericMetric(self._backend, func, *args, **options)

    def MeanNorm2Error(self, *args: Any, **options: Any) -> Any:
        """The mean distance (see ``rindow_nn.metrics.MeanNorm2Error``)."""
        from rindow_nn.metrics import MeanNorm2Error

        return MeanNorm2Error(self._backend, *args, **options)

    def MeanSquaredError(self, *args: Any, **options: Any) -> Any:
        """The mean of squared errors (see ``rindow_nn.metrics.MeanSquaredError``)."""
        from rindow_nn.metrics import MeanSquaredError

        return MeanSquaredError(self._backend, *args, **options)

    def ScalarMetric(self, name: str, *args: Any, **options: Any) -> Any:
        """The mean of given numbers (see ``rindow_nn.metrics.ScalarMetric``)."""
        from rindow_nn.metrics import ScalarMetric

        return ScalarMetric(self._backend, name, *args, **options)

    def SparseCategoricalAccuracy(self, *args: Any, **options: Any) -> Any:
        """Share of right answers with class numbers (see ``rindow_nn.metrics.SparseCategoricalAccuracy``)."""
        from rindow_nn.metrics import SparseCategoricalAccuracy

        return SparseCategoricalAccuracy(self._backend, *args, **options)


class Optimizers(Factory):
    """Makes optimizers (PHP: ``Rindow\\NeuralNetworks\\Builder\\Optimizers``)."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def Adam(self, *args: Any, **options: Any) -> Any:
        """Adaptive moment estimation (see ``rindow_nn.optimizers.Adam``)."""
        from rindow_nn.optimizers import Adam

        return Adam(self._backend, *args, **options)

    def RMSprop(self, *args: Any, **options: Any) -> Any:
        """Gradients divided by their recent size (see ``rindow_nn.optimizers.RMSprop``)."""
        from rindow_nn.optimizers import RMSprop

        return RMSprop(self._backend, *args, **options)

    def SGD(self, *args: Any, **options: Any) -> Any:
        """Gradient descent (see ``rindow_nn.optimizers.SGD``)."""
        from rindow_nn.optimizers import SGD

        return SGD(self._backend, *args, **options)


class Models(Factory):
    """Makes models (PHP: ``Rindow\\NeuralNetworks\\Builder\\Models``)."""

    def __init__(self, builder: Any) -> None:
        self._builder = builder

    def Sequential(self, layers: Sequence[Any] | None = None) -> Any:
        """A model of layers one after the other (see ``rindow_nn.models.Sequential``)."""
        from rindow_nn.models import Sequential

        return Sequential(self._builder, self._builder.utils().HDA(), layers)

    def loadModel(self, filepath: Any) -> Any:
        """A model from a file (see ``rindow_nn.models.ModelLoader``)."""
        return self._loader().loadModel(filepath)

    def modelFromConfig(self, config: Any) -> Any:
        """A model from its configuration, without weights (see ``rindow_nn.models.ModelLoader``)."""
        return self._loader().modelFromConfig(config)

    def _loader(self) -> Any:
        from rindow_nn.models import ModelLoader

        return ModelLoader(self._builder, self._builder.utils().HDA())


class Data(Factory):
    """Makes data sets (PHP: ``Rindow\\NeuralNetworks\\Builder\\Data``)."""

    def __init__(self, matrixOperator: Any) -> None:
        self._matrixOperator = matrixOperator

    def NDArrayDataset(self, inputs: Any, *args: Any, **options: Any) -> Any:
        """Batches from arrays in memory (see ``rindow_nn.data.dataset.NDArrayDataset``)."""
        from rindow_nn.data.dataset import NDArrayDataset

        return NDArrayDataset(self._matrixOperator, inputs, *args, **options)

    def SequentialDataset(self, inputs: Iterable[Any], *args: Any, **options: Any) -> Any:
        """Batches from an iterable (see ``rindow_nn.data.dataset.SequentialDataset``)."""
        from rindow_nn.data.dataset import SequentialDataset

        return SequentialDataset(self._matrixOperator, inputs, *args, **options)

    def CSVDataset(self, path: Any, *args: Any, **options: Any) -> Any:
        """Batches from CSV files (see ``rindow_nn.data.dataset.CSVDataset``)."""
        from rindow_nn.data.dataset import CSVDataset

        return CSVDataset(self._matrixOperator, path, *args, **options)

    def ClassifiedDirectoryDataset(self, path: Any, *args: Any, **options: Any) -> Any:
        """Batches from files in one folder a class (see ``rindow_nn.data.dataset.ClassifiedDirectoryDataset``)."""
        from rindow_nn.data.dataset import ClassifiedDirectoryDataset

        return ClassifiedDirectoryDataset(self._matrixOperator, path, *args, **options)

    def ImageFilter(self, *args: Any, **options: Any) -> Any:
        """Random shifts and flips of images (see ``rindow_nn.data.image.ImageFilter``)."""
        from rindow_nn.data.image import ImageFilter

        return ImageFilter(self._matrixOperator, *args, **options)

    def TextClassifiedDataset(self, path: Any, *args: Any, **options: Any) -> Any:
        """Tokens of texts in one folder a class (see ``rindow_nn.data.sequence.TextClassifiedDataset``)."""
        from rindow_nn.data.sequence import TextClassifiedDataset

        return TextClassifiedDataset(self._matrixOperator, path, *args, **options)

    def ImageClassifiedDataset(self, path: Any, *args: Any, **options: Any) -> Any:
        """Batches of images from one folder a class (see ``rindow_nn.data.image.ImageClassifiedDataset``)."""
        from rindow_nn.data.image import ImageClassifiedDataset

        return ImageClassifiedDataset(self._matrixOperator, path, *args, **options)

    def ImageDataGenerator(self, dataset: Any, **options: Any) -> Any:
        """A data set of images with an ``ImageFilter`` set to it.

        Args:
            dataset: a Dataset, or an array of images.
            **options: those of ``ImageFilter``: ``data_format``, ``height_shift``, ``width_shift``,
                ``vertical_flip``, ``horizontal_flip``; others are those of ``NDArrayDataset``.
        """
        from rindow_nn.data.image import imageDataGenerator

        return imageDataGenerator(self._matrixOperator, dataset, **options)


class Datasets(Factory):
    """Loads well-known data; each is made once (PHP: ``Rindow\\NeuralNetworks\\Builder\\Datasets``)."""

    def __init__(self, matrixOperator: Any) -> None:
        self._matrixOperator = matrixOperator
        self._made: dict[str, Any] = {}

    def _once(self, name: str) -> Any:
        if name not in self._made:
            import rindow_nn.datasets

            self._made[name] = getattr(rindow_nn.datasets, name)(self._matrixOperator)
        return self._made[name]

    def digits(self) -> Any:
        """1,797 handwritten digits of 8 by 8 pixels that come with the library (see ``rindow_nn.datasets.Digits``)."""
        return self._once("Digits")

    def mnist(self) -> Any:
        """70,000 handwritten digits of 28 by 28 pixels (see ``rindow_nn.datasets.Mnist``)."""
        return self._once("Mnist")

    def fashionMnist(self) -> Any:
        """70,000 pictures of clothes of 28 by 28 pixels (see ``rindow_nn.datasets.FashionMnist``)."""
        return self._once("FashionMnist")

    def cifar10(self) -> Any:
        """60,000 coloured pictures of 32 by 32 pixels (see ``rindow_nn.datasets.Cifar10``)."""
        return self._once("Cifar10")


class Utils(Factory):
    """Small helpers (PHP: ``Rindow\\NeuralNetworks\\Builder\\Utils``)."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def HDA(self, type: Any = None) -> Any:
        """The factory of the files that models are saved to (see ``rindow_nn.support.hda.HDASqliteFactory``)."""
        from rindow_nn.support.hda import HDASqliteFactory

        return HDASqliteFactory()

    def setSeed(self, seed: int) -> None:
        """Makes initial weights, shuffles and dropout repeat from here on, bit for bit.

        Args:
            seed: an integer.
        """
        from rindow_math.matrix.random import setSeed

        setSeed(seed)
