"""A fully connected layer by an einsum equation."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Callable, Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_nn.activations import Activation
from rindow_nn.activations.functions import activate
from rindow_nn.layers.base import AbstractLayer
from rindow_nn.layers.einsum_functions import EinsumForm, einsumDense
from rindow_nn.layers.functions import EPILOGUES
from rindow_nn.layers.options import shape_option

__all__ = ["EinsumDense"]

_EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


class EinsumDense(AbstractLayer):
    """activation(einsum(equation, inputs, kernel) + bias).

    Args:
        backend: the backend ``K``.
        equation: such as ``ab,bc->ac``: axes of the inputs with the batch first, of the kernel, of the outputs. Letters
            that the outputs lack are summed over. ``...`` before or behind the axes of inputs and outputs stands for
            any others.
        output_shape: shape of one sample of the outputs, without the axes under ``...``; an int for one axis; None for
            an axis that is as long as in the inputs.
        input_shape: shape of one sample; taken from the first inputs when left out.
        activation: name of an activation or an Activation; none by default.
        bias_axes: letters of the axes of the outputs that a bias runs over; no bias by default.
        kernel_initializer: name of an initializer or a function of (shape, [fan in, fan out]).
        bias_initializer: name of an initializer or a function of (shape).
        name: the layer's name.

    Shapes:
        As the equation says.

    Raises:
        InvalidArgumentException: the equation is not one or does not fit the shapes, or a name is unknown.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> layer = nn.layers.EinsumDense("abc,cd->abd", [None, 4], bias_axes="d")
        >>> layer.forward(nn.backend.ones([2, 3, 5])).shape()
        [2, 3, 4]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\EinsumDense``.
    """

    def __init__(
        self,
        backend: Any,
        equation: str,
        output_shape: int | Sequence[int | None],
        input_shape: Sequence[int] | None = None,
        activation: str | Activation | None = None,
        bias_axes: str | None = None,
        kernel_initializer: str | Callable[..., Any] | None = None,
        bias_initializer: str | Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(backend)
        kernel_initializer = "glorot_uniform" if kernel_initializer is None else kernel_initializer
        bias_initializer = "zeros" if bias_initializer is None else bias_initializer
        if not isinstance(equation, str):
            raise InvalidArgumentException(f"EinsumDense: equation must be a string: {equation!r} given")
        self._equation = equation
        shape = shape_option(self, [output_shape] if isinstance(output_shape, int) else output_shape, "output_shape")
        if shape is None:
            raise InvalidArgumentException("EinsumDense: output_shape must be given. Received: None")
        self._partialOutputShape = shape
        self._fullOutputShape: list[int] = []
        self._biasAxes = bias_axes
        self._inputShape = shape_option(self, input_shape)
        self._kernelInitializer = backend.getInitializer(kernel_initializer)
        self._biasInitializer = backend.getInitializer(bias_initializer)
        self._kernelInitializerName = self.toStringName(kernel_initializer)
        self._biasInitializerName = self.toStringName(bias_initializer)
        self.initName(name, "einsumdense")
        self.allocateWeights(["kernel", "bias"] if bias_axes else ["kernel"])
        self.setActivation(activation)
        self._epilogue = EPILOGUES.get(getattr(self._activation, "epilogue", None), 0)
        self._separate = self._activation is not None and not self._epilogue
        self._form: Any = None

    def getEquation(self) -> str:
        """The equation."""
        return self._equation

    def kernel(self) -> Any:
        """The kernel's array.

        Raises:
            LogicException: the layer is not built.
        """
        if self._weights[0].isUndetermined():
            raise LogicException("You must build the layer before accessing `kernel`.")
        return self._weights[0].value()

    def compute_output_shape(self) -> list[int]:
        """The outputs' shape with a batch of 1; empty before the layer is built."""
        return list(self._fullOutputShape)

    def build(self, variable: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        shape = self.normalizeInputShape(variable)
        inputs, kernel, outputs = self._letters(1 + len(shape))
        sizes = dict(zip(inputs, [1, *shape]))
        output_shape = self._outputSizes(inputs, kernel, outputs, sizes)
        kernel_shape = []
        for letter in kernel:
            if letter not in sizes:
                raise self._wrong(
                    f"Weight dimension '{letter}' did not have a match in either the input spec '{inputs}' or the "
                    f"output spec '{outputs}'. For this layer, the weight must be fully specified."
                )
            kernel_shape.append(sizes[letter])
        bias_shape = self._biasShape(outputs, sizes)
        if self._weights[0].isUndetermined():
            if sampleWeights:
                arrays = list(sampleWeights)[: len(self._weights)]
            else:
                fans = [math.prod(shape), math.prod(n or sizes[c] for n, c in self._partial(outputs))]
                arrays = [self._kernelInitializer(kernel_shape, fans)]
                if bias_shape:
                    arrays.append(self._biasInitializer(bias_shape))
            self.assignWeights(arrays)
        self._form = EinsumForm(inputs, kernel, outputs, len(bias_shape), self._epilogue)
        self._fullOutputShape = output_shape
        self._outputShape = output_shape[1:]

    def _wrong(self, message: str) -> InvalidArgumentException:
        return InvalidArgumentException(f"{message} In {self._label()}, equation '{self._equation}'")

    def _letters(self, rank: int) -> tuple[str, str, str]:
        """The letters of inputs, kernel and outputs, with letters for the axes under an ellipsis."""
        found = _EQUATION.fullmatch(self._equation.replace(" ", ""))
        left, inputs, right, kernel, out_left, outputs, out_right = found.groups("") if found else [""] * 7
        if not found or (left, right) != (out_left, out_right) or (left and right):
            raise InvalidArgumentException(
                f"Invalid einsum equation '{self._equation}'. Equations must be in the form "
                f"[X],[Y]->[Z], ...[X],[Y]->...[Z], or [X]...,[Y]->[Z].... in {self._label()}"
            )
        for spec in (inputs, kernel, outputs):
            if len(set(spec)) != len(spec):
                raise self._wrong(f"A letter appears twice in '{spec}'.")
        elided = rank - len(inputs)
        if elided < 0 or (elided and not left and not right):
            raise self._wrong(f"Unmatch rank of input_shape and input spec in equation: {rank} and '{inputs}'.")
        self._elided = elided
        self._elidedLeft = bool(left) and elided > 0
        kept = len(outputs) - (0 if self._elidedLeft else 1)
        if len(self._partialOutputShape) != kept:
            raise self._wrong(
                "Unmatch rank of output_shape and output spec in equation: "
                f"{len(self._partialOutputShape)} sizes for '{outputs}'."
            )
        others = [c for c in string.ascii_letters if c not in inputs + kernel + outputs][:elided]
        more = "".join(others)
        if left:
            return more + inputs, kernel, more + outputs
        return inputs + more, kernel, outputs + more

    def _partial(self, outputs: str) -> list[tuple[int | None, str]]:
        """The sizes of output_shape with their letters."""
        if self._elidedLeft:
            return list(zip(self._partialOutputShape, outputs[self._elided :]))
        return list(zip(self._partialOutputShape, outputs[1:]))

    def _outputSizes(self, inputs: str, kernel: str, outputs: str, sizes: dict[str, int]) -> list[int]:
        """The outputs' shape with a batch of 1; adds the sizes of axes that the inputs do not have."""
        for letter in outputs:
            if letter not in inputs and letter not in kernel:
                raise self._wrong(
                    f"Dimension '{letter}' was specified in the output '{outputs}' but has no corresponding dim in the "
                    f"input spec '{inputs}' or weight spec '{kernel}'."
                )
        if outputs[0] != inputs[0]:
            raise self._wrong(f"The first dimension of the output '{outputs}' must be the batch, as in '{inputs}'.")
        for size, letter in self._partial(outputs):
            if size is not None and sizes.setdefault(letter, size) != size:
                raise self._wrong(
                    f"Input shape and output shape do not match at shared dimension '{letter}'. Input shape is "
                    f"{sizes[letter]}, and output shape is {size}."
                )
            if letter not in sizes:
                raise self._wrong(f"Dimension '{letter}' of output_shape must be a number: the inputs do not have it.")
        return [sizes[letter] for letter in outputs]

    def _biasShape(self, outputs: str, sizes: dict[str, int]) -> list[int]:
        """The bias's shape: from its first axis on, with 1 for the axes that it does not run over."""
        if not self._biasAxes:
            return []
        for letter in self._biasAxes:
            if letter not in outputs:
                raise self._wrong(
                    f"Bias dimension '{letter}' was requested, but is not part of the output spec '{outputs}'."
                )
        first = min(outputs.index(letter) for letter in self._biasAxes)
        return [sizes[letter] if letter in self._biasAxes else 1 for letter in outputs[first:]]

    def forward(self, inputs: Any, training: Any = None) -> Any:
        x = self._prepare(inputs)
        weights = self._weights
        out = einsumDense(self, x, weights[0], weights[1] if len(weights) > 1 else None, self._form)
        return activate(self.backend, self._activation, out, training) if self._separate else out

    def get_config(self) -> dict[str, Any]:
        """What the constructor was given, as the original's method of this name answers it."""
        return {
            "output_shape": self._partialOutputShape,
            "equation": self._equation,
            "activation": self._activationName,
            "bias_axes": self._biasAxes,
            "kernel_initializer": self._kernelInitializerName,
            "bias_initializer": self._biasInitializerName,
        }

    def getConfig(self) -> dict[str, Any]:
        options = self.get_config()
        return {
            "equation": options.pop("equation"),
            "output_shape": options.pop("output_shape"),
            "options": {"input_shape": self._inputShape, **options},
        }
