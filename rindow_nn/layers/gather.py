"""Elements chosen by number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.layers.multi_input import AbstractMultiInputLayer
from rindow_nn.layers.options import shapes_option
from rindow_nn.layers.simple_functions import GatherForm, gathered

__all__ = ["Gather"]


class Gather(AbstractMultiInputLayer):
    """Elements of a source along an axis, chosen for each sample by numbers.

    outputs[..., m, j, h, ...] = source[..., m, indexes[..., j, h], h, ...]

    Args:
        backend: the backend ``K``.
        axis: the axis of the source that is picked from, counted without the batch; batchDims by default.
        batchDims: how many leading axes of a sample source and indexes share; 0 by default.
        detailDepth: axes of the source from here on are copied whole; axis + 1 by default.
        indexDepth: axes of the indexes from here on run along with those of the source between axis and detailDepth;
            all of the indexes by default, so that none does.
        input_shapes: shapes of one sample of source and indexes; taken from the first inputs when left out.
        name: the layer's name.

    Shapes:
        Of a sample: source (shared, m, n, h, detail), indexes (shared, j, h) of integers from 0 to n - 1, outputs
        (shared, m, j, h, detail), where each letter may stand for several axes or none.

    Raises:
        InvalidArgumentException: an axis does not exist, or shapes do not fit.
        RuntimeException: a number is out of range.

    Example:
        >>> from rindow_math.matrix import NDArray
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> K = nn.backend
        >>> source, indexes = K.array([[1, 2, 3], [4, 3, 2]]), K.array([2, 0], dtype=NDArray.int32)
        >>> nn.layers.Gather().forward([source, indexes]).toArray()
        [3.0, 4.0]

    PHP: ``Rindow\\NeuralNetworks\\Layer\\Gather``.
    """

    def __init__(
        self,
        backend: Any,
        axis: int | None = None,
        batchDims: int | None = None,
        detailDepth: int | None = None,
        indexDepth: int | None = None,
        input_shapes: Sequence[Sequence[int]] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(backend)
        self._axis = axis
        self._batchDims = batchDims
        self._detailDepth = detailDepth
        self._indexDepth = indexDepth
        self._inputShape = shapes_option(self, input_shapes)
        self._form: Any = None
        self.initName(name, "gather")

    def build(self, variables: Any = None, sampleWeights: Sequence[Any] | None = None) -> None:
        shapes = self._shapesToBuild(variables)
        if len(shapes) != 2:
            raise InvalidArgumentException(f"num of inputs must be 2: inputs is {len(shapes)} in {self._label()}")
        source, index = shapes
        rank, where = len(source), f" in {self._label()}"
        batch = _from_end(0 if self._batchDims is None else self._batchDims, rank)
        if not 0 <= batch < rank:
            raise InvalidArgumentException(
                f"batchDims({batch}) must be less than to ndims of params ({rank}) in input_shapes{where}"
            )
        axis = _from_end(batch if self._axis is None else self._axis, rank)
        if not 0 <= axis < rank:
            raise InvalidArgumentException(f"axis ({axis}) must be less than to ndims of params ({rank}){where}")
        detail = _from_end(axis + 1 if self._detailDepth is None else self._detailDepth, rank)
        if not axis < detail <= rank:
            raise InvalidArgumentException(
                f"detailDepth ({detail}) must be greater than axis ({axis}) and less than or equal to ndims of params "
                f"({rank}){where}"
            )
        depth = _from_end(len(index) if self._indexDepth is None else self._indexDepth, len(index))
        if batch > axis and axis == 0:
            batch = 0
        if batch > axis:
            raise InvalidArgumentException(f"batchDims ({batch}) must be less than or equal to axis ({axis}){where}")
        if not batch <= depth <= len(index):
            raise InvalidArgumentException(
                f"indexDepth ({depth}) must be from batchDims ({batch}) to ndims of indexes ({len(index)}){where}"
            )
        if source[:batch] != index[:batch]:
            raise InvalidArgumentException(
                "Unmatch batch shape of params and indices: "
                f"{self.shapeToString(source[:batch])},{self.shapeToString(index[:batch])}{where}"
            )
        if source[axis + 1 : detail] != index[depth:]:
            raise InvalidArgumentException(
                "Unmatch inner shape of params and indices: "
                f"param's inner shape is {self.shapeToString(source[axis + 1 : detail])},"
                f"index's inner shape is {self.shapeToString(index[depth:])}{where}"
            )
        self._outputShape = [*source[:axis], *index[batch:depth], *source[axis + 1 :]]
        self._form = GatherForm(batch + 1, axis + 1, detail + 1, depth + 1)

    def forward(self, inputs: Sequence[Any], training: Any = None) -> Any:
        source, index = self._prepare(inputs)
        return gathered(self, source, index, self._form)

    def getConfig(self) -> dict[str, Any]:
        depths = {"batchDims": self._batchDims, "detailDepth": self._detailDepth, "indexDepth": self._indexDepth}
        given = {key: value for key, value in depths.items() if value is not None}
        return {"axis": self._axis, "options": {"input_shapes": self._inputShape, **given}}


def _from_end(axis: int, rank: int) -> int:
    """An axis whose negative values count from the end."""
    return axis + rank if axis < 0 else axis
