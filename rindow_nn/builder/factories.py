"""The factories of the builder: names only.

Each is an object whose call gives itself, so ``nn.layers.Dense(...)`` and ``nn.layers().Dense(...)`` both work.
Names are found in any case. What they make is imported when it is first asked for.
"""

from __future__ import annotations

from typing import Any

from rindow_math.matrix.names import resolve

__all__ = ["Data", "Datasets", "Factory", "Layers", "Losses", "Models", "Optimizers", "Utils"]


class Factory:
    """An object whose call gives itself and whose names are found in any case."""

    def __init__(self, argument: Any) -> None:
        self._argument = argument

    def __call__(self) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        return resolve(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            from rindow_math.exceptions import LogicException

            raise LogicException(f"Invalid operation to set: {type(self).__name__}.{name}")
        super().__setattr__(name, value)


class Layers(Factory):
    """Makes layers (PHP: ``Rindow\\NeuralNetworks\\Builder\\Layers``)."""

    def Dense(self, units: int, **options: Any) -> Any:
        """A fully connected layer (see ``rindow_nn.layers.Dense``)."""
        from rindow_nn.layers import Dense

        return Dense(self._argument, units, **options)


class Losses(Factory):
    """Makes losses (PHP: ``Rindow\\NeuralNetworks\\Builder\\Losses``)."""

    def SparseCategoricalCrossEntropy(self, **options: Any) -> Any:
        """Cross entropy of class numbers (see ``rindow_nn.losses.SparseCategoricalCrossEntropy``)."""
        from rindow_nn.losses import SparseCategoricalCrossEntropy

        return SparseCategoricalCrossEntropy(self._argument, **options)


class Optimizers(Factory):
    """Makes optimizers (PHP: ``Rindow\\NeuralNetworks\\Builder\\Optimizers``)."""

    def SGD(self, **options: Any) -> Any:
        """Gradient descent (see ``rindow_nn.optimizers.SGD``)."""
        from rindow_nn.optimizers import SGD

        return SGD(self._argument, **options)

    def Adam(self, **options: Any) -> Any:
        """Adaptive moment estimation (see ``rindow_nn.optimizers.Adam``)."""
        from rindow_nn.optimizers import Adam

        return Adam(self._argument, **options)


class Models(Factory):
    """Makes models (PHP: ``Rindow\\NeuralNetworks\\Builder\\Models``)."""


class Data(Factory):
    """Makes data sets (PHP: ``Rindow\\NeuralNetworks\\Builder\\Data``)."""

    def NDArrayDataset(self, inputs: Any, **options: Any) -> Any:
        """Batches from arrays in memory (see ``rindow_nn.data.dataset.NDArrayDataset``)."""
        from rindow_nn.data.dataset import NDArrayDataset

        return NDArrayDataset(self._argument, inputs, **options)


class Datasets(Factory):
    """Loads well-known data (PHP: ``Rindow\\NeuralNetworks\\Builder\\Datasets``)."""

    def digits(self) -> Any:
        """1,797 handwritten digits of 8 by 8 pixels that come with the library (see ``rindow_nn.datasets.Digits``)."""
        from rindow_nn.datasets import Digits

        return Digits(self._argument)


class Utils(Factory):
    """Small helpers (PHP: ``Rindow\\NeuralNetworks\\Builder\\Utils``)."""
