"""g.Function: what a compiled function gives is what the function itself gives."""

import copy
import gc
import threading
import weakref

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException, UnexpectedValueException
from rindow_math.matrix import MatrixOperator
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient import GraphFunction
from rindow_nn.gradient.core import AbstractFunction, Variable

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend

A = np.array([[0.6, 1.2, 0.9], [1.4, 0.7, 1.1]])
B = np.array([[1.3, 0.8, 0.5], [0.9, 1.5, 1.2]])
ROW = np.array([1.1, 0.6, 0.9])

FUNCTIONS = {
    "elementwise": lambda x, y: g.exp(g.sub(g.mul(x, y), g.div(x, y))),
    "operators": lambda x, y: (x * 2 + y**2) / (1 + y) - 3,
    "chain": lambda x, y: g.sqrt(g.log(g.add(g.square(x), g.exp(y)))),
    "reductions": lambda x, y: g.mul(g.reduceMean(x, axis=0), g.reduceSum(y)),
    "matmul": lambda x, y: g.matmul(x, g.transpose(g.add(x, y))),
    "shapes": lambda x, y: g.reshape(g.add(g.repeat(x, 2, axis=0), y), [0, -1]),
    "split": lambda x, y: g.mul(*g.split(x, [1, 1], axis=0)) + g.get(g.split(g.add(x, y), [1, 1], axis=0)[0], 0),
    "unused input": lambda x, y: g.square(x),
    "input given back": lambda x, y: x,
    "constant": lambda x, y: g.add(g.mul(x, np.full((2, 3), 2.0)), g.mul(y, g.cast(g.ones([3]), "float64"))),
    "same input twice": lambda x, y: g.mul(g.add(x, x), y),
    "bandpart": lambda x, y: g.bandpart(g.mul(x, y), 0, 1),
    "clip": lambda x, y: g.mul(g.clipByValue(x, 0.65, 1.3), y),
    "stopGradient": lambda x, y: g.mul(g.stopGradient(g.square(x)), g.add(x, y)),
}


def run(function, x, y, sources=None):
    """Value and gradients."""
    x, y = g.Variable(x), g.Variable(y)
    with g.GradientTape() as tape:
        z = function(x, y)
        loss = g.reduceSum(g.mul(z, g.square(z)))
    grads = []
    for v in sources or (x, y):
        try:
            grads.append(np.asarray(tape.gradient(loss, v)))
        except InvalidArgumentException:
            grads.append(None)
    return np.asarray(z), grads


def assert_same(found, expected):
    np.testing.assert_array_equal(found[0], expected[0])
    for a, b in zip(found[1], expected[1], strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("other", [B, ROW], ids=["same shape", "broadcast"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_same_as_eager(name, other, dtype):
    function = FUNCTIONS[name]
    if dtype == np.float32 and name == "constant":
        pytest.skip("its constants are float64")
    compiled = g.Function(function)
    rng = np.random.default_rng(1)
    for call in range(3):
        x, y = A.astype(dtype), other.astype(dtype)
        if call:
            x, y = (rng.uniform(0.7, 1.2, v.shape).astype(dtype) for v in (x, y))
        assert_same(run(compiled, x, y), run(function, x, y))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients(name, check_gradient):
    if name not in ("unused input", "input given back", "stopGradient"):
        check_gradient(g.Function(FUNCTIONS[name]), A, B)


@pytest.mark.parametrize("first", ["inside a tape", "outside"])
def test_traced_in_and_out_of_a_tape(first):
    f = g.Function(lambda x: g.square(x))
    x = g.Variable(3.0)
    if first == "outside":
        y = f(x)
        assert y.toArray() == 9
        assert y.creator() is None
    for _ in range(2):
        with g.GradientTape() as tape:
            y = f(x)
            z = g.add(y, x)
        assert tape.gradient(z, x).toArray() == 7
    y = f(g.Variable(4.0))
    assert y.toArray() == 16
    with pytest.raises(InvalidArgumentException, match="outside the tape"):
        tape.gradient(y, x)


def test_each_input_shape_and_type():
    traced = []

    def function(x):
        traced.append(x.shape())
        return g.mul(x, x)

    f = g.Function(function)
    for array in (np.ones((2, 3)), np.ones(4), np.ones((2, 3), np.float32), np.array(2.0), np.ones((0, 3))):
        for _ in range(2):
            found = f(g.Variable(array * 3))
            np.testing.assert_array_equal(np.asarray(found), array * array * 9)
            assert np.asarray(found).dtype == array.dtype
    assert traced == [[2, 3], [4], [2, 3], [], [0, 3]]


def test_arrays_and_numbers_as_arguments():
    f = g.Function(lambda x, y: g.mul(x, y))
    for _ in range(2):
        assert f(mo.array([1, 2]), [3.0, 4.0]).toArray() == [3, 8]
        assert f(np.ones(2, np.float32), 2.0).toArray() == [2, 2]


def test_truth_values_are_part_of_the_trace():
    def function(x, training):
        return g.mul(x, 2.0) if training.value() else g.mul(x, 3.0)

    f = g.Function(function)
    for _ in range(2):
        assert f(g.Variable(1.0), True).toArray() == 2
        assert f(g.Variable(1.0), False).toArray() == 3


def test_several_outputs():
    f = g.Function(lambda x: [g.square(x), g.exp(x), x])
    x = g.Variable(2.0)
    for _ in range(2):
        with g.GradientTape() as tape:
            a, b, c = f(x)
            z = g.add(g.mul(a, b), c)
        e = np.exp(np.float32(2))
        np.testing.assert_allclose(float(z), 4 * e + 2, rtol=1e-6)
        np.testing.assert_allclose(float(tape.gradient(z, x)), 8 * e + 1, rtol=1e-6)
        assert tape.gradient(a, x).toArray() == 4
    assert len(g.Function(lambda x: (x, x))(x)) == 2
    one = g.Function(lambda x: [g.square(x)])
    for _ in range(2):
        assert [v.toArray() for v in one(x)] == [4]


def test_outputs_stay_valid():
    f = g.Function(lambda x: [g.square(x), g.add(x, 1)])
    first = f(g.Variable([1.0, 2.0]))
    kept = f(g.Variable([3.0, 4.0]))
    later = f(g.Variable([5.0, 6.0]))
    assert [v.toArray() for v in first] == [[1, 4], [2, 3]]
    assert [v.toArray() for v in kept] == [[9, 16], [4, 5]]
    assert [v.toArray() for v in later] == [[25, 36], [6, 7]]
    kept[0][0] = 99
    assert f(g.Variable([3.0, 4.0]))[0].toArray() == [9, 16]


def test_records_stay_valid():
    """Two calls in one tape, and a gradient asked after a later call."""
    f = g.Function(lambda x: g.exp(g.square(x)))
    x, y = g.Variable(np.array([0.5])), g.Variable(np.array([0.9]))
    f(x)
    with g.GradientTape() as tape:
        a = f(x)
        b = f(y)
        z = g.mul(a, b)
    f(g.Variable(np.array([7.0])))
    dx, dy = tape.gradient(z, [x, y])
    product = np.exp(0.25 + 0.81)
    np.testing.assert_allclose([float(dx), float(dy)], [product, 1.8 * product])
    with g.GradientTape() as tape:
        z = f(f(x))
    inner = np.exp(0.25)
    np.testing.assert_allclose(float(tape.gradient(z, x)), np.exp(inner**2) * 2 * inner * inner)


def test_inputs_and_weights_assigned_after_the_call():
    w = g.Variable([2.0])
    f = g.Function(lambda x: g.mul(g.square(x), w))
    x = g.Variable([3.0])
    for _ in range(2):
        with g.GradientTape() as tape:
            y = f(x)
        x.assign([100.0])
        w.assign([100.0])
        assert [d.toArray() for d in tape.gradient(y, [x, w])] == [[12], [9]]
        x.assign([3.0])
        w.assign([2.0])


def test_weights_that_the_function_closes_over():
    w = g.Variable(np.array([1.0, 2.0]), name="w")
    f = g.Function(lambda x: g.reduceSum(g.mul(x, w)))
    x = g.Variable(np.array([3.0, 4.0]))
    for step in range(4):
        with g.GradientTape() as tape:
            y = f(x)
        assert y.toArray() == 11 + 7 * step
        dw, dx = tape.gradient(y, [w, x])
        assert dw.toArray() == [3, 4]
        assert dx.toArray() == [1 + step, 2 + step]
        if step % 2:
            w.assign(K.increment(w.value(), 1.0))
        else:
            K.update_add(w.value(), mo.array([1.0, 1.0], "float64"))


def test_a_model_trains_the_same():
    def training(compile):
        from rindow_math.matrix.random import setSeed

        setSeed(3)
        first, last = nn.layers.Dense(4, activation="tanh"), nn.layers.Dense(2)
        loss = nn.losses.SparseCategoricalCrossEntropy(from_logits=True)
        optimizer = nn.optimizers.Adam(lr=0.05)
        x = g.Variable(np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32))
        t = mo.array([0, 1, 0, 1, 1, 0], "int32")
        f = (lambda v: last(first(v))) if not compile else g.Function(lambda v: last(first(v)))
        losses = []
        for _ in range(8):
            with g.GradientTape() as tape:
                value = loss(t, f(x))
            weights = first.trainableVariables() + last.trainableVariables()
            optimizer.update(weights, tape.gradient(value, weights))
            losses.append(float(value))
        return losses, [w.toArray() for w in weights]

    losses, weights = training(False)
    assert losses[-1] < losses[0]
    assert training(True) == (losses, weights)


def test_a_function_inside_a_function(check_gradient):
    inner = g.Function(lambda x: g.square(x))
    outer = g.Function(lambda x, y: g.add(inner(g.exp(x)), inner(y)))
    for _ in range(2):
        np.testing.assert_allclose(float(outer(g.Variable(1.0), g.Variable(3.0))), np.exp(2) + 9, rtol=1e-6)
    assert inner(g.Variable(5.0)).toArray() == 25
    check_gradient(outer, A, B)
    check_gradient(lambda x: inner(inner(x)), A)


def test_second_derivatives():
    f = g.Function(lambda x: g.mul(x, g.square(x)))
    x = g.Variable(np.array([2.0]))
    for _ in range(2):
        with g.GradientTape() as outer:
            with g.GradientTape() as inner:
                y = f(x)
            dy = inner.gradient(y, x)
        assert dy.toArray() == [12]
        try:
            assert outer.gradient(dy, x).toArray() == [12]
        except LogicException as e:
            assert "second derivative" in str(e)  # none is better than a wrong one


def test_users_functions_and_layers_inside():
    class Cube(AbstractFunction):
        def call(self, inputs):
            self.container().x = inputs[0]
            return [K.mul(inputs[0], K.mul(inputs[0], inputs[0]))]

        def differentiate(self, dOutputs):
            x = self.container().x
            return [K.scale(3, K.mul(dOutputs[0], K.mul(x, x)))]

    cube = Cube(K)
    f = g.Function(lambda x: g.add(cube(x), cube(g.square(x))))
    for value in (2.0, 3.0):
        x = g.Variable(value)
        with g.GradientTape() as tape:
            y = f(x)
        assert y.toArray() == value**3 + value**6
        assert tape.gradient(y, x).toArray() == 3 * value**2 + 6 * value**5


# ------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_number_of_arguments(count):
    f = g.Function(lambda x, y: g.add(x, y), name="sum of two")
    f(g.Variable(1.0), g.Variable(2.0))
    with pytest.raises(InvalidArgumentException, match=rf"2 arguments are required\. {count} given"):
        f(*[g.Variable(1.0)] * count)
    assert f(g.Variable(1.0), g.Variable(2.0)).toArray() == 3


@pytest.mark.parametrize("result", [1.0, None, mo.array([1, 2]), np.ones(2), "text", [1.0]])
def test_results_that_are_no_variables(result):
    with pytest.raises(UnexpectedValueException, match="Variable"):
        g.Function(lambda x: result)(g.Variable(1.0))
    assert g.square(g.Variable(1.0)).creator() is None


def test_no_function():
    with pytest.raises(InvalidArgumentException):
        g.Function(5)


@pytest.mark.parametrize("use", [lambda f: f(g.Variable(1.0)), lambda f: f.plan(), lambda f: f.programs()])
def test_a_subclass_that_is_not_initialized(use):
    class Bare(GraphFunction):
        def __init__(self):
            pass

    with pytest.raises(LogicException, match=r"Bare.__init__ must call super\(\).__init__"):
        use(Bare())


@pytest.mark.parametrize("traced", [False, True])
def test_an_exception_leaves_it_usable(traced):
    class Fail(AbstractFunction):
        failing = not traced

        def call(self, inputs):
            if Fail.failing:
                raise ZeroDivisionError("here")
            return [K.copy(inputs[0])]

        def differentiate(self, dOutputs):
            return dOutputs

    f = g.Function(lambda x: g.square(Fail(K)(g.square(x))))
    x = g.Variable(2.0)
    if traced:
        f(x)
        Fail.failing = True
    with pytest.raises(ZeroDivisionError, match="here"):
        f(x)
    assert GraphFunction.mode == GraphFunction.EAGER_EXECUTION
    assert g.square(x).creator() is None
    Fail.failing = False
    with g.GradientTape() as tape:
        y = f(x)
    assert (y.toArray(), tape.gradient(y, x).toArray()) == (16, 32)


def test_shapes_that_do_not_fit():
    f = g.Function(lambda x, y: g.add(x, y))
    f(g.Variable([1.0, 2.0]), g.Variable([1.0, 2.0]))
    with pytest.raises(InvalidArgumentException, match=r"\(2\),\(3\)"):
        f(g.Variable([1.0, 2.0]), g.Variable([1.0, 2.0, 3.0]))


def test_undetermined_arguments():
    f = g.Function(lambda x: g.square(x))
    with pytest.raises(LogicException, match="Undetermined variable:late"):
        f(g.Variable(None, undetermined=True, name="late"))


# ------------------------------------------------------------------------------------------------ memory, threads


def test_freed_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        w = g.Variable([2.0])
        x = g.Variable([3.0])
        f = g.Function(lambda x, w=w: g.mul(g.exp(x), w))
        with g.GradientTape() as tape:
            y = g.add(f(x, w), f(x, w))
        tape.gradient(y, [x, w])
        gone = [weakref.ref(v) for v in (w, x, y, f)]
        del w, x, y, f, tape
        assert [r() for r in gone] == [None] * 4
    finally:
        gc.enable()


def test_one_function_in_two_threads():
    f = g.Function(lambda x: g.exp(g.mul(x, x)))
    barrier = threading.Barrier(2)
    wrong = []

    def work(shift):
        for i in range(150):
            barrier.wait()
            x = g.Variable(np.linspace(0.1, 1.0, 100 + i // 50) * shift)
            with g.GradientTape() as tape:
                y = f(x)
            found, v = np.asarray(tape.gradient(y, x)), np.asarray(x)
            if not np.allclose(found, 2 * v * np.exp(v * v), rtol=1e-12):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(s,)) for s in (1.0, 0.5)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


def test_results_are_variables():
    y = g.Function(lambda x: g.square(x))(g.Variable(1.0))
    assert isinstance(y, Variable)
    assert copy.copy(y).toArray() == 1
