"""What normalisations have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.layers.base import AbstractLayer
from rindow_nn.layers.options import integer_option, number_option

__all__ = ["AbstractNormalization"]


class AbstractNormalization(AbstractLayer):
    """(inputs - mean) / sqrt(variance + epsilon) * gamma + beta.

    Args:
        backend: the backend ``K``.
        axis: of the features, counted with the batch; the last by default.
        epsilon: keeps the quotient finite; 0.001 by default.
        center: whether there is a beta; True by default.
        scale: whether there is a gamma; True by default.
        beta_initializer: name of an initializer or a function of (shape); ``zeros`` by default.
        gamma_initializer: name of an initializer or a function of (shape); ``ones`` by default.

    PHP: ``Rindow\\NeuralNetworks\\Layer\\AbstractNormalization``.
    """

    _nonTrainables = 0

    def __init__(
        self,
        backend: Any,
        axis: int | None = None,
        epsilon: float | None = None,
        center: bool | None = None,
        scale: bool | None = None,
        beta_initializer: str | Callable[..., Any] | None = None,
        gamma_initializer: str | Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(backend)
        beta_initializer = "zeros" if beta_initializer is None else beta_initializer
        gamma_initializer = "ones" if gamma_initializer is None else gamma_initializer
        self._axis = integer_option(self, "axis", axis, -1)
        self._epsilon = number_option(self, "epsilon", epsilon, 1e-3)
        self._center = True if center is None else bool(center)
        self._scale = True if scale is None else bool(scale)
        self._betaInitializer = backend.getInitializer(beta_initializer)
        self._gammaInitializer = backend.getInitializer(gamma_initializer)
        self._betaInitializerName = self.toStringName(beta_initializer)
        self._gammaInitializerName = self.toStringName(gamma_initializer)

    def _allocate(self) -> None:
        """Makes the weights' variables, once the layer has its name."""
        names = (["beta"] if self._center else []) + (["gamma"] if self._scale else [])
        self.allocateWeights(names, self._nonTrainables)

    def build(self, variable: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        """Makes the weights.

        Args:
            variable: an input variable, the shape of one sample, or None for what is known.
            sampleWeights: arrays to use as beta and gamma.

        Raises:
            InvalidArgumentException: there is no such axis, or it is that of the batch.
        """
        shape = self.normalizeInputShape(variable)
        axis = self._axis + len(shape) + 1 if self._axis < 0 else self._axis
        if axis < 1:
            raise InvalidArgumentException(f"Axis must be greater than 0: axis={self._axis} in {self._label()}")
        if axis > len(shape):
            raise InvalidArgumentException(
                f"Invalid axis: axis={self._axis}, inputs have {len(shape) + 1} dimensions in {self._label()}"
            )
        kernel_shape = [shape[axis - 1]]
        if all(v.isUndetermined() for v in self._weights):
            arrays = []
            if self._center:
                arrays.append(sampleWeights[0] if sampleWeights else self._betaInitializer(kernel_shape))
            if self._scale:
                # both places count, also where there is no beta
                arrays.append(sampleWeights[-1] if sampleWeights else self._gammaInitializer(kernel_shape))
            self.assignWeights([*arrays, *self._moving(kernel_shape)])
        self._outputShape = list(shape)

    def _moving(self, shape: list[int]) -> list[Any]:
        """Initial values of the weights that are not trained."""
        return []

    def getGrads(self) -> list[Any]:
        """The gradients of beta and gamma from the last ``backward``; zeros before the first."""
        built = [v.value() for v in self.trainableVariables() if not v.isUndetermined()]
        return super().getGrads() or [self.backend.zerosLike(x) for x in built]

    def setGrads(self, grads: Sequence[Any]) -> None:
        """Keeps the weights' gradients for ``getGrads``."""
        super().setGrads([d for d in grads if d is not None])

    def _common(self) -> dict[str, Any]:
        """The options of all normalisations; ``center`` and ``scale`` only where they are not the default."""
        options: dict[str, Any] = {
            "axis": self._axis,
            "epsilon": self._epsilon,
            "beta_initializer": self._betaInitializerName,
            "gamma_initializer": self._gammaInitializerName,
        }
        if not self._center:
            options["center"] = False
        if not self._scale:
            options["scale"] = False
        return options
