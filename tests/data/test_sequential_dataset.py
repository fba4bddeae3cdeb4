"""SequentialDataset: batches within items, sizes, filters, what it refuses."""

import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_math.matrix import MatrixOperator
from rindow_nn.builder import NeuralNetworks
from rindow_nn.data.dataset import DatasetFilter

mo = MatrixOperator()
nn = NeuralNetworks(mo)


def items(count=3, rows=4):
    return [(mo.full([rows, 2], float(i)), mo.full([rows], float(-i))) for i in range(count)]


def dataset(given=None, **options):
    return nn.data.SequentialDataset(items() if given is None else given, **{"shuffle": False, **options})


def test_batches_stay_within_items():
    data = dataset(batch_size=3, total_size=12)
    assert (len(data), data.datasetSize(), data.batchSize()) == (4, 12, 3)
    for _ in range(2):
        batches = list(data)
        assert [x.shape() for x, t in batches] == [[3, 2], [1, 2]] * 3
        assert [x.toArray()[0] for x, t in batches] == [[i, i] for i in (0, 0, 1, 1, 2, 2)]
        assert [t.toArray()[0] for x, t in batches] == [0, 0, -1, -1, -2, -2]


def test_ends_after_the_total_size():
    assert len(list(dataset(batch_size=2, total_size=5))) == 3


def test_unknown_size():
    data = dataset()
    assert len(list(data)) == 3
    for ask in (len, lambda d: d.datasetSize()):
        with pytest.raises(LogicException, match="total_size is not specified"):
            ask(data)


def test_inputs_alone_and_shuffling():
    data = nn.data.SequentialDataset([mo.array([[i] for i in range(50)])], batch_size=50)
    ((x, t),) = data
    assert t is None
    assert sorted(map(tuple, x.toArray())) == [(i,) for i in range(50)]
    assert x.toArray() != [[i] for i in range(50)]


class Scale(DatasetFilter):
    def __init__(self):
        self.alpha = 1

    def translate(self, inputs, tests=None, options=None):
        self.alpha += 1
        return [mo.op(inputs, "*", self.alpha), mo.op(tests, "+", self.alpha)]


def test_filter_for_batches():
    batches = list(dataset(batch_size=2, filter=Scale()))
    assert [t.toArray()[0] for x, t in batches] == [2, 3, 3, 4, 4, 5]
    assert [x.toArray()[0][0] for x, t in batches] == [0, 0, 4, 5, 12, 14]


def test_filter_for_items():
    batches = list(dataset(batch_size=2, inputs_filter=Scale()))
    assert [t.toArray()[0] for x, t in batches] == [2, 2, 2, 2, 2, 2]
    assert [x.toArray()[0][0] for x, t in batches] == [0, 0, 3, 3, 8, 8]
    assert len(list(dataset(inputs_filter=lambda x, t: (x, t)))) == 3


def test_several_inputs():
    data = nn.data.SequentialDataset(
        [([mo.ones([3, 2]), mo.zeros([3, 1])], mo.ones([3]))], batch_size=2, total_size=3, shuffle=False
    )
    assert [[x.shape() for x in inputs] for inputs, t in data] == [[[2, 2], [2, 1]], [[1, 2], [1, 1]]]


def test_refuses():
    with pytest.raises(InvalidArgumentException, match="batch_size must be 1 or more"):
        dataset(batch_size=0)
    with pytest.raises(InvalidArgumentException, match="iterable must give arrays"):
        dataset(5)
    with pytest.raises(InvalidArgumentException, match="filter must be a DatasetFilter"):
        dataset(filter=5)
    with pytest.raises(InvalidArgumentException, match="inputs must be NDArray"):
        list(dataset(["text"]))
