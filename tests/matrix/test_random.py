"""Random: shapes, types, ranges, seeds, samples."""

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix import MatrixOperator, NDArray, Random
from rindow_math.matrix import random as module
from rindow_math.matrix.buffer import NAMES

mo = MatrixOperator()
random = mo.random()


@pytest.fixture(autouse=True)
def seeded():
    random.setSeed(42)


@pytest.mark.parametrize("code", [NDArray.float16, NDArray.float32, NDArray.float64], ids=NAMES.get)
@pytest.mark.parametrize("method", ["rand", "randn"])
def test_shapes_and_types(method, code):
    draw = getattr(random, method)
    assert draw(4).dtype() == NDArray.float32
    assert draw(4, code).dtype() == code
    assert (draw(4).shape(), draw([2, 3]).shape(), draw([], code).shape(), draw(0).shape()) == ([4], [2, 3], [], [0])


def test_rand_is_even_over_0_to_1():
    for code in (NDArray.float32, NDArray.float64):
        x = np.asarray(random.rand([200, 500], code))
        assert x.min() >= 0
        assert x.max() < 1
        counts = np.histogram(x, 10, (0, 1))[0]
        assert np.abs(counts - 10000).max() < 500


def test_randn_is_normal():
    for code in (NDArray.float32, NDArray.float64):
        x = np.asarray(random.randn(100000, code)).astype(float)
        assert abs(x.mean()) < 0.02
        assert abs(x.std() - 1) < 0.02
        assert abs((np.abs(x) < 1).mean() - 0.6827) < 0.01


def test_integers_from_rand_are_truncated():
    assert mo.sum(random.rand(100, NDArray.int32)) == 0
    with pytest.raises(InvalidArgumentException, match="complex64"):
        random.rand(2, NDArray.complex64)


def test_random_int_includes_both_ends():
    seen = {random.randomInt(3) for _ in range(200)}
    assert seen == {0, 1, 2, 3}
    assert random.randomInt(0) == 0
    assert type(random.randomInt(2**63 - 1)) is int
    for bad in (-1, 1.5, "3", True, 2**63):
        with pytest.raises(InvalidArgumentException):
            random.randomInt(bad)


@pytest.mark.parametrize("n", [1.5, "3", None, True, {}])
def test_bad_shapes(n):
    with pytest.raises(InvalidArgumentException, match="int or array"):
        random.rand(n)
    with pytest.raises(InvalidArgumentException, match="int or array"):
        random.randn(n)


def test_bad_sizes():
    with pytest.raises(InvalidArgumentException):
        random.rand([-1])


def test_seeds():
    def draw():
        numbers = [*random.rand(3), *random.randn(3), random.randomInt(10**9)]
        return [*numbers, *random.choice(100, 20), *random.choice(100, 20, False)]

    random.setSeed(5)
    first = draw()
    assert draw() != first
    MatrixOperator().random().setSeed(5)  # one generator for the whole process
    assert draw() == first
    module.setSeed(6)
    assert draw() != first
    module.setSeed()
    assert draw() != first
    for bad in (-1, 1.5, "a", True):
        with pytest.raises(InvalidArgumentException, match="seed"):
            random.setSeed(bad)


def test_choice_of_one_is_a_number():
    source = mo.array([10, 11, 12], NDArray.int32)
    for pick in (random.choice(source), random.choice(source, 1), random.choice(source, 1, False)):
        assert pick in (10, 11, 12)
        assert type(pick) is int
    assert type(random.choice(mo.array([1.5]))) is float
    assert random.choice(1) == 0


def test_choice_with_replacement():
    source = mo.array([10, 11, 12], NDArray.int16)
    picked = random.choice(source, 300)
    assert (picked.shape(), picked.dtype()) == ([300], NDArray.int16)
    assert set(picked) == {10, 11, 12}
    numbers = random.choice(4, 100, True)
    assert numbers.dtype() == NDArray.int32
    assert set(numbers) == {0, 1, 2, 3}


def test_choice_without_replacement_is_a_permutation():
    assert sorted(random.choice(1000, 1000, False)) == list(range(1000))
    picked = random.choice(20000, 10000, False)
    assert len(set(picked)) == 10000
    assert abs(np.mean(np.asarray(picked) >= 10000) - 0.5) < 0.05
    orders = {tuple(random.choice(3, 3, False)) for _ in range(200)}
    assert len(orders) == 6
    view = mo.array([[0, 0], [7, 8]])[1]
    assert sorted(random.choice(view, 2, False)) == [7, 8]


def test_choice_of_a_numpy_array():
    assert set(random.choice(np.array([5, 6], np.int64), 50)) == {5, 6}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((mo.zeros([2, 2]),), "1-D"),
        (("abc",), "int or NDArray"),
        ((1.5,), "int or NDArray"),
        (([1, 2],), "int or NDArray"),
        ((0,), "at least 1"),
        ((mo.zeros([0]),), "empty"),
        ((5, 0), "greater than or equal 1"),
        ((5, 1.5), "greater than or equal 1"),
        ((4, 10, False), "The total number is smaller than the number of samples"),
    ],
)
def test_bad_choices(arguments, message):
    with pytest.raises(InvalidArgumentException, match=message):
        random.choice(*arguments)


def test_made_by_hand():
    other = Random(mo, NDArray.float64)
    assert other.rand(1).dtype() == NDArray.float64
