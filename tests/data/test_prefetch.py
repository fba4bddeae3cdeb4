"""Batches that a thread prepares: order, errors, leaving early, random numbers."""

import threading
import time

import numpy as np
import pytest

from rindow_math.exceptions import LogicException
from rindow_math.matrix import MatrixOperator
from rindow_math.matrix.random import generator, setSeed
from rindow_nn.data.dataset import NDArrayDataset, SequentialDataset
from rindow_nn.data.dataset.prefetch import prefetched

mo = MatrixOperator()


def workers():
    return [t for t in threading.enumerate() if t.name == "rindow-nn batches"]


def test_all_items_in_order():
    assert list(prefetched(lambda: iter(range(50)))) == list(range(50))
    assert not workers()


def test_works_ahead_but_not_far():
    made = []

    def items():
        for i in range(100):
            made.append(i)
            yield i

    it = prefetched(items)
    assert next(it) == 0
    deadline = time.monotonic() + 5
    while len(made) < 4 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)
    assert 3 <= len(made) <= 5
    it.close()
    assert not workers()


def test_leaving_early_leaves_no_thread():
    for item in prefetched(lambda: iter(range(1000))):
        if item == 3:
            break
    assert not workers()


def test_an_error_comes_where_its_item_would_have():
    def items():
        yield 1
        yield 2
        raise LogicException("broken file")

    seen = []
    with pytest.raises(LogicException, match="broken file"):
        seen.extend(prefetched(items))
    assert seen == [1, 2]
    assert not workers()


def test_an_error_in_the_loop_ends_the_thread():
    with pytest.raises(ZeroDivisionError):
        for _ in prefetched(lambda: iter(range(1000))):
            1 / 0  # noqa: B018
    assert not workers()


def test_the_source_is_closed():
    closed = []

    def items():
        try:
            yield from range(1000)
        finally:
            closed.append(True)

    for _ in prefetched(items):
        break
    assert closed == [True]


def test_a_seed_repeats_what_the_thread_draws_whatever_the_caller_draws():
    def run(calls):
        setSeed(3)
        drawn = []
        for item in prefetched(lambda: (float(generator().random()) for _ in range(20))):
            drawn.append(item)
            for _ in range(calls):
                generator().random()
        return drawn

    assert run(0) == run(7)
    assert len(set(run(0))) == 20
    assert not hasattr(threading.current_thread(), "generator")


def test_filters_run_in_the_thread():
    names = []

    def filter(x, t):
        names.append(threading.current_thread().name)
        return x, t

    x = mo.ones([6, 2])
    list(NDArrayDataset(mo, x, x, batch_size=2, filter=filter))
    assert names == ["rindow-nn batches"] * 3


def test_memory_mapped_arrays_are_not_read_whole(tmp_path):
    values = np.arange(40, dtype=np.float32).reshape(10, 4)
    np.save(tmp_path / "x.npy", values)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    data = NDArrayDataset(mo, mapped, batch_size=4, shuffle=False)
    assert np.shares_memory(np.asarray(data._inputs[0]), mapped)
    np.testing.assert_array_equal(np.concatenate([np.asarray(x) for x, _ in data]), values)
    shuffled = np.concatenate([np.asarray(x) for x, _ in NDArrayDataset(mo, mapped, batch_size=4)])
    assert sorted(shuffled[:, 0]) == sorted(values[:, 0])


def test_sequential_items_are_not_taken_far_ahead():
    taken = []

    def items():
        for i in range(50):
            taken.append(i)
            yield mo.full([4, 1], i), mo.full([4], i)

    data = SequentialDataset(mo, items(), batch_size=2, shuffle=False)
    it = iter(data)
    next(it)
    time.sleep(0.05)
    assert len(taken) <= 3
    it.close()
