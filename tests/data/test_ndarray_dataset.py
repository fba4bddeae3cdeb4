"""NDArrayDataset: batches, order, filters, several inputs, what it refuses."""

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, OutOfRangeException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_math.matrix.random import setSeed
from rindow_nn.builder import NeuralNetworks
from rindow_nn.data.dataset import DatasetFilter
from rindow_nn.data.dataset.gather import take

mo = MatrixOperator()
nn = NeuralNetworks(mo)


def samples(count):
    x = mo.array(np.arange(count * 2, dtype=np.float32).reshape(count, 2))
    return x, mo.array(np.arange(count, dtype=np.int32))


def dataset(count, **options):
    x, t = samples(count)
    return nn.data.NDArrayDataset(x, tests=t, **options)


@pytest.mark.parametrize(("count", "size", "shapes"), [(5, 2, [2, 2, 1]), (4, 2, [2, 2]), (3, 10, [3]), (1, 1, [1])])
def test_batches(count, size, shapes):
    data = dataset(count, batch_size=size, shuffle=False)
    assert len(data) == data.count() == len(shapes)
    assert (data.batchSize(), data.datasetSize()) == (size, count)
    batches = list(data)
    assert [x.shape() for x, t in batches] == [[n, 2] for n in shapes]
    assert [v for x, t in batches for v in t.toArray()] == list(range(count))
    assert [row for x, t in batches for row in x.toArray()] == [[2 * i, 2 * i + 1] for i in range(count)]
    assert len(list(data)) == len(shapes), "it can be run through again"


def test_without_tests():
    data = nn.data.NDArrayDataset(mo.ones([3, 2]), batch_size=2, shuffle=False)
    assert [(x.shape(), t) for x, t in data] == [([2, 2], None), ([1, 2], None)]


def test_defaults():
    data = dataset(40)
    assert data.batchSize() == 32
    assert [x.shape()[0] for x, t in data] in ([32, 8], [8, 32])


def test_shuffling_is_a_permutation():
    setSeed(1)
    data = dataset(103, batch_size=10)
    orders = []
    for _ in range(2):
        order = []
        for x, t in data:
            assert x.toArray() == [[2 * i, 2 * i + 1] for i in t.toArray()], "labels stay with their samples"
            order += t.toArray()
        assert sorted(order) == list(range(103))
        assert order != list(range(103))
        orders.append(order)
    assert orders[0] != orders[1]


def test_a_seed_repeats_the_order():
    def order():
        return [v for x, t in dataset(50, batch_size=8) for v in t.toArray()]

    setSeed(5)
    first = order()
    setSeed(5)
    assert order() == first
    setSeed(6)
    assert order() != first


def test_shuffled_batches_are_copies():
    x, t = samples(4)
    for a, b in nn.data.NDArrayDataset(x, tests=t, batch_size=2):
        a[0] = mo.array([-1, -1])
        b[0] = -1
    assert x.toArray() == samples(4)[0].toArray()
    assert t.toArray() == [0, 1, 2, 3]


@pytest.mark.parametrize("shuffle", [True, False])
def test_several_inputs(shuffle):
    x, t = samples(5)
    y = mo.array(np.arange(5) * 10)
    data = nn.data.NDArrayDataset([x, y], tests=t, batch_size=2, shuffle=shuffle)
    seen = []
    for (a, b), labels in data:
        assert b.toArray() == [10 * i for i in labels.toArray()]
        assert a.toArray() == [[2 * i, 2 * i + 1] for i in labels.toArray()]
        seen += labels.toArray()
    assert sorted(seen) == [0, 1, 2, 3, 4]
    (inputs, _), *_ = nn.data.NDArrayDataset([x])
    assert isinstance(inputs, list)


@pytest.mark.parametrize("shuffle", [True, False])
def test_numpy_arrays(shuffle):
    x, t = np.arange(10.0).reshape(5, 2), np.arange(5)
    seen = []
    for a, b in nn.data.NDArrayDataset(x, tests=t, batch_size=2, shuffle=shuffle):
        assert isinstance(a, NDArray)
        assert a.dtype() == NDArray.float64
        seen += b.toArray()
    assert sorted(seen) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "int32", "int64", "float16", "float32", "float64"])
def test_every_element_type(dtype):
    x = mo.array(np.arange(12).reshape(4, 3) % 2, dtype)
    for a, _ in nn.data.NDArrayDataset(x, batch_size=4):
        assert a.dtype() == x.dtype()
        assert sorted(a.toArray()) == sorted(x.toArray())


def test_empty():
    assert list(nn.data.NDArrayDataset(mo.zeros([0, 2]), tests=mo.zeros([0]))) == []


# -------------------------------------------------------------------------------------------------------- filters


class Double(DatasetFilter):
    def translate(self, inputs, tests=None, options=None):
        return mo.scale(2, inputs), tests


@pytest.mark.parametrize(
    "filter_", [Double(), lambda inputs, tests: (mo.scale(2, inputs), tests), Double().translate], ids=str
)
@pytest.mark.parametrize("shuffle", [True, False])
def test_filters(filter_, shuffle):
    data = dataset(5, batch_size=2, filter=filter_, shuffle=shuffle)
    assert data.filter() is filter_ or data.filter() == filter_
    for x, t in data:
        assert x.toArray() == [[4 * i, 4 * i + 2] for i in t.toArray()]


def test_a_filter_set_later():
    data = dataset(4, batch_size=4, shuffle=False)
    data.setFilter(Double())
    assert next(iter(data))[0].toArray()[1] == [4, 6]
    data.setFilter(None)
    assert next(iter(data))[0].toArray()[1] == [2, 3]


def test_filters_of_several_inputs():
    x, t = samples(4)

    def swap(inputs, tests):
        assert isinstance(inputs, list)
        return [inputs[1], inputs[0]], tests

    for (a, b), _ in nn.data.NDArrayDataset([x, t], batch_size=2, filter=swap):
        assert (a.ndim(), b.ndim()) == (1, 2)


def test_a_filter_that_gives_another_number_of_rows():
    data = dataset(6, batch_size=3, filter=lambda x, t: (x[0:2], t[0:2]))
    assert [(x.shape(), t.shape()) for x, t in data] == [([2, 2], [2])] * 2
    with pytest.raises((InvalidArgumentException, OutOfRangeException)):
        list(dataset(6, batch_size=3, filter=lambda x, t: (x, t[0:2])))


def test_a_filter_that_fails():
    def fail(inputs, tests):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(dataset(4, filter=fail))
    with pytest.raises(InvalidArgumentException, match="int"):
        dataset(4, filter=5)


# --------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("inputs", "options", "error"),
    [
        ([], {}, "inputs is empty"),
        (5, {}, "int"),
        (None, {}, "NoneType"),
        ([mo.ones([2]), 5], {}, "input #1 is int"),
        ([mo.ones([2]), mo.ones([3])], {}, "same length: 2, 3"),
        (mo.ones([3]), {"tests": mo.ones([2])}, "Unmatch data size of inputs and tests:3,2"),
        (mo.ones([3]), {"tests": [1, 2, 3]}, "tests must be an NDArray: list"),
        (mo.ones([3]), {"batch_size": 0}, "batch_size must be 1 or more"),
        (mo.ones([3]), {"batch_size": -1}, "batch_size must be 1 or more"),
        (mo.ones([3]), {"batch_size": 1.5}, "batch_size must be 1 or more"),
        (mo.ones([3]), {"batch_size": True}, "batch_size must be 1 or more"),
    ],
)
def test_what_is_refused(inputs, options, error):
    with pytest.raises(InvalidArgumentException, match=error):
        nn.data.NDArrayDataset(inputs, **options)


def test_take():
    x = mo.array([[1, 2], [3, 4], [5, 6]])
    assert take(x, [2, 0, 2]).toArray() == [[5, 6], [1, 2], [5, 6]]
    assert take(x, np.zeros(0, np.int32)).shape() == [0, 2]
    for rows in ([3], [-1], [0, 1, 100]):
        with pytest.raises(OutOfRangeException, match="3 rows"):
            take(x, rows)
    with pytest.raises(OutOfRangeException, match="no dimensions"):
        take(mo.array(1.0), np.zeros(1000, np.int32))


def test_batches_of_a_training_step_are_views():
    x, t = samples(10)
    data = nn.data.NDArrayDataset(x, tests=t, batch_size=4)
    seen = []
    for a, b in data.unmixed():
        assert np.shares_memory(np.asarray(a), np.asarray(x))
        first = b.toArray()[0]
        assert b.toArray() == list(range(first, first + len(b)))
        assert a.toArray() == [[2 * i, 2 * i + 1] for i in b.toArray()]
        seen += b.toArray()
    assert sorted(seen) == list(range(10))
    orders = {tuple(b.toArray()[0] for _, b in data.unmixed()) for _ in range(50)}
    assert len(orders) > 1, "the batches come in changing order"
    filtered = nn.data.NDArrayDataset(x, tests=t, batch_size=4, filter=lambda a, b: (a, b))
    assert len(list(filtered.unmixed())) == 3
