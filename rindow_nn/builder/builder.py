"""The builder that programs begin with."""

from __future__ import annotations

import importlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_math.matrix import MatrixOperator
from rindow_math.matrix.names import nearest, resolve
from rindow_nn.builder.factories import Data, Datasets, Layers, Losses, Metrics, Models, Optimizers, Utils
from rindow_nn.builder.gradient import Gradient
from rindow_nn.support.control import Execute

__all__ = ["Builder", "NeuralNetworks"]


class Builder(ABC):
    """The interface of the builder.

    PHP: ``Rindow\\NeuralNetworks\\Builder\\Builder``.
    """

    @abstractmethod
    def backend(self) -> Any:
        """The backend."""

    @abstractmethod
    def gradient(self) -> Any:
        """The gradient builder."""


class part:
    """A part of the builder: made on first use, and an object whose call gives itself.

    So ``nn.layers`` and ``nn.layers()`` are the same; on the class it is the method.
    """

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self._make
        made = self._make(instance)
        vars(instance)[self._name] = made  # found there from now on
        return made


class NeuralNetworks(Builder):
    """Where everything is made: layers, losses, optimizers, models, data, gradients.

    Args:
        matrixOperator: the MatrixOperator to use; a new one by default.
        backend: the backend to use; the environment variable ``RINDOW_NEURALNETWORKS_BACKEND`` names one,
            else it is ``rindowblas``, the CPU kernels.

    Raises:
        InvalidArgumentException: the environment names an unknown backend.

    Example:
        >>> nn = NeuralNetworks()
        >>> g = nn.gradient()
        >>> with g.GradientTape() as tape:
        ...     y = g.square(x := g.Variable(3.0))
        >>> tape.gradient(y, x).toArray()
        6.0

    PHP: ``Rindow\\NeuralNetworks\\Builder\\NeuralNetworks``.
    """

    _backends = {"rindowblas": "rindow_nn.backend.rindow_blas:Backend"}

    def __init__(self, matrixOperator: Any = None, backend: Any = None) -> None:
        if backend is None:
            matrixOperator = MatrixOperator() if matrixOperator is None else matrixOperator
            backend = self._backend_from_environment(matrixOperator)
        elif matrixOperator is None:
            matrixOperator = backend.localMatrixOperator()
        vars(self).update(_matrixOperator=matrixOperator, _backend=backend)

    @part
    def backend(self) -> Any:
        """The backend ``K``: what layers, losses and optimizers compute with."""
        return self._backend

    @part
    def models(self) -> Any:
        """Makes models."""
        return Models(self)

    @part
    def layers(self) -> Any:
        """Makes layers."""
        return Layers(self._backend)

    @part
    def losses(self) -> Any:
        """Makes losses."""
        return Losses(self._backend)

    @part
    def metrics(self) -> Any:
        """Makes metrics."""
        return Metrics(self._backend)

    @part
    def optimizers(self) -> Any:
        """Makes optimizers."""
        return Optimizers(self._backend)

    @part
    def datasets(self) -> Any:
        """Loads well-known data."""
        return Datasets(self._matrixOperator)

    @part
    def data(self) -> Any:
        """Makes data sets from arrays and files."""
        return Data(self._matrixOperator)

    @part
    def utils(self) -> Any:
        """Small helpers."""
        return Utils(self._backend)

    @part
    def gradient(self) -> Any:
        """Makes variables and tapes, and calls differentiable functions."""
        return Gradient(self._backend)

    def deviceType(self) -> str:
        """What the backend computes on."""
        return self._backend.deviceType()

    def with_(self, *args: Any, **options: Any) -> Any:
        """Runs a function in a context such as a gradient tape (PHP: ``with``).

        Args:
            *args: the context, the function, a list of arguments for it.
            **options: ``without_ctx``: do not offer the context to the function.

        Returns:
            What the function gives.
        """
        return Execute.with_(*args, **options)

    def __getattr__(self, name: str) -> Any:
        return resolve(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        raise LogicException(f"Invalid operation to set: {name}")

    def _backend_from_environment(self, matrixOperator: Any) -> Any:
        given = os.environ.get("RINDOW_NEURALNETWORKS_BACKEND", "").strip()
        name = given.split("::")[0] or "rindowblas"
        path = self._backends.get(name.lower())
        if path is None:
            raise InvalidArgumentException(
                f"RINDOW_NEURALNETWORKS_BACKEND={given!r} is unknown; known are {', '.join(self._backends)}"
                + nearest(name, self._backends)
            )
        module, _, cls = path.partition(":")
        return getattr(importlib.import_module(module), cls)(matrixOperator, given or None)
