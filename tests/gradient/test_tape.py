"""GradientTape: what it records, what it gives, what it says, and how it lets go."""

import gc
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_math.matrix.buffer import memoryInfo
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient.core import AbstractFunction, Variable

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend


def recording():
    return g.square(g.Variable(1.0)).creator() is not None


@pytest.fixture(autouse=True)
def nothing_records():
    assert not recording()
    yield
    assert not recording(), "a test left a tape recording"


# ----------------------------------------------------------------------------------------------------- gradients


def test_one_source_gives_one_array():
    x = g.Variable(3.0)
    with g.GradientTape() as tape:
        y = g.square(x)
    dx = tape.gradient(y, x)
    assert isinstance(dx, NDArray)
    assert not isinstance(dx, Variable)
    assert dx.toArray() == 6


@pytest.mark.parametrize("kind", [list, tuple])
def test_several_sources_give_a_list(kind):
    a, b = g.Variable(2.0), g.Variable(5.0)
    with g.GradientTape() as tape:
        c = g.mul(a, b)
    grads = tape.gradient(c, kind([a, b]))
    assert isinstance(grads, list)
    assert [d.toArray() for d in grads] == [5, 2]
    assert [d.toArray() for d in tape.gradient(c, [a])] == [5]
    assert [d.toArray() for d in tape.gradient(c, [a, b, a])] == [5, 2, 5]


def test_a_target_of_several_elements_counts_as_their_sum():
    x = g.Variable([1.0, 2.0])
    with g.GradientTape() as tape:
        y = g.square(x)
    assert tape.gradient(y, x).toArray() == [2, 4]


@pytest.mark.parametrize("persistent", [False, True, None])
def test_several_targets(persistent):
    x = g.Variable(3.0)
    with g.GradientTape(persistent=persistent) as tape:
        y = g.square(x)
        z = g.mul(y, x)
    for _ in range(2):
        assert tape.gradient(y, x).toArray() == 6
        assert tape.gradient(z, x).toArray() == 27
        assert tape.gradient(z, [y, x])[0].toArray() == 3


def test_results_do_not_share_memory():
    x = g.Variable([1.0, 2.0])
    with g.GradientTape(persistent=True) as tape:
        y = g.add(x, 0)
        z = g.add(y, x)
    first = tape.gradient(z, [x, y])
    for d in first:
        d[0] = 99
    assert tape.gradient(z, x).toArray() == [2, 2]
    assert tape.gradient(z, y).toArray() == [1, 1]


def test_results_in_between_as_sources():
    x = g.Variable(2.0)
    with g.GradientTape() as tape:
        y = g.square(x)
        z = g.exp(y)
        w = g.add(z, y)
    dw, dz, dy, dx = tape.gradient(w, [w, z, y, x])
    e = np.exp(np.float32(4))
    assert (dw.toArray(), dz.toArray()) == (1, 1)
    np.testing.assert_allclose([float(dy), float(dx)], [e + 1, 4 * (e + 1)], rtol=1e-6)


def test_a_source_named_twice():
    x, y = g.Variable(2.0), g.Variable(3.0)
    with g.GradientTape() as tape:
        p = g.mul(x, y)
        z = g.square(p)
    assert [float(d) for d in tape.gradient(z, [x, y, x])] == [36, 24, 36]
    assert [float(d) for d in tape.gradient(z, [x, p, x, p])] == [36, 12, 36, 12]


@pytest.mark.parametrize("count", [1, 8, 9, 40])
def test_many_sources(count):
    """Leaves and results in between, in another order than they were used."""
    xs = [g.Variable(np.array([1.0 + i])) for i in range(count)]
    products = []
    with g.GradientTape() as tape:
        total = None
        for i, x in enumerate(xs):
            products.append(g.square(x))
            part = g.scale(i + 1.0, products[-1])
            total = part if total is None else g.add(total, part)
    slopes = [2 * (i + 1.0) ** 2 for i in range(count)]
    assert [float(d) for d in tape.gradient(total, xs[::-1])] == slopes[::-1]
    mixed = [v for pair in zip(products, xs) for v in pair] + xs[:1]
    expected = [v for i in range(count) for v in (i + 1.0, slopes[i])] + slopes[:1]
    assert [float(d) for d in tape.gradient(total, mixed)] == expected
    other = g.Variable(1.0)
    with pytest.raises(InvalidArgumentException, match=f"source #{count + 1}"):
        tape.gradient(total, [*xs, other])


def test_a_variable_used_many_times():
    x = g.Variable(np.array([3.0]))
    with g.GradientTape() as tape:
        y = x
        for _ in range(1, 6):
            y = y * x
        total = y
        for _ in range(500):
            total = total + x
        total = g.add(total, g.mul(x, x))
    assert tape.gradient(total, x).toArray() == [6 * 3.0**5 + 500 + 6]


def test_diamonds_are_walked_once():
    x = g.Variable(np.array([1.0]))
    with g.GradientTape() as tape:
        y = x
        for _ in range(60):  # 2**60 paths
            y = g.add(y, y)
    assert tape.gradient(y, x).toArray() == [2.0**60]


def test_branches_of_different_lengths(check_gradient):
    def f(a, b):
        short = a * b
        long = a
        for _ in range(7):
            long = g.sqrt(long * b)
        return g.add(short, g.mul(long, g.exp(-short)))

    check_gradient(f, [0.7, 1.3], [1.1, 0.4])


def test_outputs_of_split_that_are_not_used(check_gradient):
    check_gradient(lambda x: g.square(g.split(x, [1, 2, 1])[1]), [1.0, 2.0, 3.0, 4.0])
    check_gradient(lambda x: g.mul(g.split(x, [2, 2])[0], g.split(x, [1, 2, 1])[1]), [1.0, 2.0, 3.0, 4.0])


def test_an_output_that_leads_nowhere_has_no_gradient():
    """Also where another output of the call leads to the target, and the call's gradient is computed."""
    x = g.Variable([1.0, 2.0])
    with g.GradientTape() as tape:
        used, unused = g.split(x, [1, 1], axis=0)
        y = g.square(used)
    assert [d.toArray() for d in tape.gradient(y, [x, used])] == [[2, 0], [2]]
    with pytest.raises(InvalidArgumentException, match="the target does not depend on it"):
        tape.gradient(y, [x, unused])


def test_a_variable_assigned_after_recording_keeps_its_old_part():
    x, y = g.Variable([2.0]), g.Variable([5.0])
    with g.GradientTape() as tape:
        z = g.mul(g.square(x), y)
    x.assign([100.0])
    y.assign([1000.0, 2.0])
    dx, dy = tape.gradient(z, [x, y])
    assert (dx.toArray(), dy.toArray()) == ([20], [4])
    with g.GradientTape() as tape:
        z = g.square(x)
    assert tape.gradient(z, x).toArray() == [200]


def test_a_reassigned_name_is_another_variable():
    x = g.Variable(2.0)
    with g.GradientTape() as tape:
        y = g.square(x)
    x = g.Variable(2.0, name="new")
    with pytest.raises(InvalidArgumentException, match=r"source #1\(new\)"):
        tape.gradient(y, x)


# ---------------------------------------------------------------------------------------------- nesting, leaving


def test_with_statement_and_with_function_agree():
    x = g.Variable(3.0)
    tape = g.GradientTape()
    y = nn.with_(tape, lambda: g.square(x))
    assert tape.gradient(y, x).toArray() == 6
    seen = []
    y = nn.with_(tape2 := g.GradientTape(), lambda t: seen.append(t) or g.exp(x))
    assert seen == [tape2]
    assert tape2.gradient(y, x).toArray() == y.toArray()


def test_a_tape_can_record_again():
    x = g.Variable(3.0)
    tape = g.GradientTape()
    with tape:
        y = g.square(x)
    with tape:
        z = g.mul(y, x)
    assert tape.gradient(z, x).toArray() == 27


def test_nested_tapes():
    x = g.Variable(3.0)
    with g.GradientTape() as outer:
        y = g.square(x)
        with g.GradientTape() as inner:
            z = g.mul(y, x)
        dz = inner.gradient(z, x)
        assert isinstance(dz, Variable)
        w = g.mul(dz, z)
    assert dz.toArray() == 27
    assert outer.gradient(w, x).toArray() == 18 * 27 + 27 * 27


def test_a_third_derivative():
    x = g.Variable(np.array([2.0]))
    with g.GradientTape() as one:
        with g.GradientTape() as two:
            with g.GradientTape() as three:
                y = x**4
            first = three.gradient(y, x)
        second = two.gradient(first, x)
    assert one.gradient(second, x).toArray() == [48]
    assert second.toArray() == [48]


def test_gradient_inside_its_own_recording():
    x = g.Variable(3.0)
    with g.GradientTape() as tape:
        y = g.square(x)
        with pytest.raises(LogicException, match="automatic differentiation context"):
            tape.gradient(y, x)
    assert tape.gradient(y, x).toArray() == 6


def test_an_exception_ends_the_recording():
    x = g.Variable(3.0)
    tape = g.GradientTape()
    with pytest.raises(ZeroDivisionError), tape:
        y = g.square(x)
        raise ZeroDivisionError
    assert not recording()
    assert tape.gradient(y, x).toArray() == 6

    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        nn.with_(g.GradientTape(), fail)
    assert not recording()


def test_an_exception_in_the_inner_tape_leaves_the_outer_recording():
    x = g.Variable(3.0)
    with g.GradientTape() as outer:
        with pytest.raises(InvalidArgumentException), g.GradientTape():
            g.add(g.Variable([1.0, 2.0]), [1.0, 2.0, 3.0])
        y = g.square(x)
    assert outer.gradient(y, x).toArray() == 6


def test_entered_or_left_twice():
    tape = g.GradientTape()
    with tape, pytest.raises(LogicException, match="recording already"):
        tape.enter()
    with pytest.raises(LogicException, match="not recording"):
        tape.exit()


def test_left_in_the_wrong_order():
    first, second = g.GradientTape(), g.GradientTape()
    x = g.Variable(3.0)
    first.enter()
    second.enter()
    first.exit()
    y = g.square(x)
    second.exit()
    assert not recording()
    assert second.gradient(y, x).toArray() == 6
    gone = weakref.ref(first)
    del first
    assert gone() is None


def test_left_in_another_thread():
    tape = g.GradientTape()
    tape.enter()
    caught = []

    def leave():
        try:
            tape.exit()
        except LogicException as e:
            caught.append(str(e))

    thread = threading.Thread(target=leave)
    thread.start()
    thread.join()
    assert "another thread" in caught[0]
    assert recording()
    tape.exit()
    assert not recording()


def test_tapes_in_two_threads():
    barrier = threading.Barrier(2)
    results = {}

    def work(name, exponent):
        x = g.Variable(np.linspace(1, 2, 50))
        for _ in range(200):
            barrier.wait()
            with g.GradientTape() as tape:
                y = x
                for _ in range(exponent - 1):
                    y = g.mul(y, x)
            results.setdefault(name, []).append(np.asarray(tape.gradient(y, x)))

    threads = [threading.Thread(target=work, args=(i, 2 + i)) for i in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    x = np.linspace(1, 2, 50)
    for i, exponent in ((0, 2), (1, 3)):
        assert len(results[i]) == 200
        for found in results[i]:
            np.testing.assert_allclose(found, exponent * x ** (exponent - 1))


def test_a_thread_begins_without_a_tape():
    seen = []
    with g.GradientTape():
        thread = threading.Thread(target=lambda: seen.append(recording()))
        thread.start()
        thread.join()
    assert seen == [False]


def test_a_gradient_asked_within_a_gradient():
    """A user's function may walk calls that the walk around it is at as well."""
    x = g.Variable(np.array([2.0]))

    class Through(AbstractFunction):
        def call(self, inputs):
            return [inputs[0]]

        def differentiate(self, dOutputs):
            assert tape.gradient(shared, x).toArray() == [12]
            return [dOutputs[0]]

    with g.GradientTape() as tape:
        shared = x**3
        z = g.mul(Through(K)(g.exp(shared)), shared)
    expected = (np.exp(8.0) + 8 * np.exp(8.0)) * 12
    np.testing.assert_allclose(np.asarray(tape.gradient(z, x)), [expected])


def test_a_gradient_asked_within_a_gradient_of_calls_to_come():
    """The walk inside meets calls at other places than the walk around it, which has yet to come to them."""
    x = g.Variable(np.array([0.5]))
    seen = []

    class Through(AbstractFunction):
        def call(self, inputs):
            return [inputs[0]]

        def differentiate(self, dOutputs):
            seen.append(tape.gradient(late, middle).toArray())
            return [dOutputs[0]]

    with g.GradientTape() as tape:
        middle = g.square(g.exp(x))
        late = g.sqrt(g.scale(4.0, middle))
        z = Through(K)(g.mul(late, middle))
    e = np.exp(0.5)
    np.testing.assert_allclose(np.asarray(tape.gradient(z, x)), [6 * e**3])
    np.testing.assert_allclose(seen, [[1 / e]])


# ------------------------------------------------------------------------------------------------------- errors


def message(target, sources, tape):
    with pytest.raises(InvalidArgumentException) as caught:
        tape.gradient(target, sources)
    return str(caught.value)


def test_a_source_that_was_not_used():
    x, other = g.Variable(3.0, name="x"), g.Variable(1.0, name="other")
    with g.GradientTape() as tape:
        y = g.square(x)
    text = message(y, [x, other], tape)
    assert "source #2(other)" in text
    assert "never used" in text
    assert "source #1()" in message(y, g.Variable(1.0), tape)


def test_a_source_that_was_used_for_something_else():
    a, b = g.Variable(3.0, name="a"), g.Variable(1.0, name="b")
    with g.GradientTape() as tape:
        y = g.square(a)
        g.square(b)
    assert "source #2(b)" in message(y, [a, b], tape)


def test_a_calculation_before_the_tape():
    x = g.Variable(3.0, name="x")
    y = g.square(x)
    with g.GradientTape() as tape:
        z = g.square(y)
    assert "outside the tape" in message(z, x, tape)


def test_a_target_that_was_not_recorded():
    x = g.Variable(3.0, name="x")
    y = g.square(x)
    tape = g.GradientTape()
    assert "outside the tape" in message(y, x, tape)
    assert "source #1(x)" in message(x, x, tape)


@pytest.mark.parametrize("target", [np.ones(2), mo.array([1, 2]), 1.5, None, [g.Variable(1.0)]])
def test_a_target_that_is_no_variable(target):
    assert f"target must be a Variable, {type(target).__name__} was given" in message(
        target, g.Variable(1.0), g.GradientTape()
    )


@pytest.mark.parametrize("source", [np.ones(2), mo.array([1, 2]), 1.5, None, "x"])
def test_a_source_that_is_no_variable(source):
    x = g.Variable(3.0)
    with g.GradientTape() as tape:
        y = g.square(x)
    assert f"source #2: it is not a Variable but {type(source).__name__}" in message(y, [x, source], tape)


def test_no_sources():
    x = g.Variable(3.0)
    with g.GradientTape() as tape:
        y = g.square(x)
    assert tape.gradient(y, []) == []


def test_integers_have_no_gradients():
    i = g.Variable(np.array([1, 2], np.int32), name="i")
    x = g.Variable(1.0, name="x")
    with g.GradientTape() as tape:
        y = g.mul(i, i)
        z = g.mul(g.cast(i, NDArray.float32), x)
    assert "int32" in message(y, i, tape)
    assert "int32" in message(z, [x, i], tape)
    assert tape.gradient(z, x).toArray() == 3


def test_an_integer_target():
    x = g.Variable(1.0, name="x")
    with g.GradientTape() as tape:
        y = g.cast(x, NDArray.int32)
        w = g.square(y)
    assert message(y, x, tape)
    assert "int32" in message(w, y, tape) or "never used" in message(w, y, tape)


def test_stopGradient():
    x = g.Variable(3.0, name="x")
    with g.GradientTape() as tape:
        stopped = g.stopGradient(g.square(x))
        y = g.mul(stopped, x)
        z = g.exp(stopped)
    assert stopped.toArray() == 9
    assert tape.gradient(y, x).toArray() == 9
    assert "stopgradient" in message(z, x, tape).lower()
    assert "gradients stop at it" in message(y, stopped, tape)


def test_unbackpropagatable():
    x, c = g.Variable(3.0), g.Variable(2.0, unbackpropagatable=True, name="c")
    with g.GradientTape() as tape:
        y = g.mul(x, c)
    assert tape.gradient(y, x).toArray() == 2
    assert "source #1(c): gradients stop at it" in message(y, c, tape)


def test_comparisons_cut_the_path():
    x = g.Variable([1.0, 2.0], name="x")
    with g.GradientTape() as tape:
        y = g.mul(g.greater(x, 1.5), 3)
    assert "source #1(x)" in message(y, x, tape)


# ------------------------------------------------------------------------------------------------------- memory

DEEP = 200_000


def test_deep_chains():
    """Neither the walk nor the release of a long record may recurse: run apart, for it would end the process."""
    program = f"""
import gc
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient.core import AbstractFunction
gc.disable()
nn = NeuralNetworks()
g, K = nn.gradient(), nn.backend
class Twice(AbstractFunction):
    def call(self, inputs):
        return [K.scale(1.0, inputs[0])]
    def differentiate(self, dOutputs):
        return [dOutputs[0]]
dense = nn.layers.Dense(1, activation="relu", kernel_initializer="ones")
steps = [
    (lambda y: g.add(y, 1.0), {DEEP}),
    (lambda y: y + 1.0, {DEEP}),
    (lambda y: g.div(y, 1.0), {DEEP // 4}),
    (lambda y: g.reshape(y, [1, 1]), {DEEP // 4}),
    (lambda y: g.split(y, [1])[0], {DEEP // 4}),
    (Twice(K), {DEEP // 4}),
    (dense, {DEEP // 4}),
]
for step, count in steps:
    x = g.Variable([[1.0]])
    with g.GradientTape() as tape:
        y = x
        for _ in range(count):
            y = step(y)
    assert abs(float(tape.gradient(y, x)) - 1) < 0.1
    del y
    del x, tape
print("done")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "done", (done.returncode, done.stderr[-2000:])


def test_freed_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        x = g.Variable([1.0, 2.0])
        with g.GradientTape(persistent=True) as outer:
            with g.GradientTape() as tape:
                y = g.reduceSum(g.exp(g.mul(x, g.split(x, [1, 1])[0])))
            dy = tape.gradient(y, x)
            z = g.reduceSum(g.square(dy))
        outer.gradient(z, x)
        gone = [weakref.ref(v) for v in (x, y, dy, z, tape, outer)]
        del x, y, dy, z, tape, outer
        assert [w() for w in gone] == [None] * 6
    finally:
        gc.enable()


def test_gradients_in_between_are_freed_on_the_way():
    size = 1 << 16
    inside = []

    class Watch(AbstractFunction):
        def call(self, inputs):
            return [K.scale(1.0, inputs[0])]

        def differentiate(self, dOutputs):
            inside.append(memoryInfo()["in_use"])
            return [dOutputs[0]]

    x = g.Variable(np.ones(size))
    with g.GradientTape() as tape:
        y = Watch(K)(x)
        for _ in range(40):
            y = g.scale(1.0, y)
        y = Watch(K)(y)
    tape.gradient(y, x)
    last, first = inside
    assert first - last < 5 * size * 8


def test_a_tape_keeps_nothing():
    """The record hangs on the results: who drops them drops it."""
    tape = g.GradientTape()
    x = g.Variable(1.0)
    with tape:
        y = g.square(x)
    gone = weakref.ref(y)
    del y
    assert gone() is None
