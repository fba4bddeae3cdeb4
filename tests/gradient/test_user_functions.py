"""Functions that users write: subclasses of AbstractFunction."""

import gc
import weakref

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient import ArrayShape, Scalar
from rindow_nn.gradient.core import AbstractFunction, Variable
from rindow_nn.gradient.func import Add

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend


class Cube(AbstractFunction):
    def call(self, inputs):
        self.container().x = inputs[0]
        return [K.mul(inputs[0], K.mul(inputs[0], inputs[0]))]

    def differentiate(self, dOutputs):
        x = self.container().x
        return [K.scale(3, K.mul(dOutputs[0], K.mul(x, x)))]


class SumAndProduct(AbstractFunction):
    numOfInputs = 2
    numOfOutputs = 2

    def call(self, inputs):
        self.container().inputs = inputs
        return [K.add(*inputs), K.mul(*inputs)]

    def differentiate(self, dOutputs):
        x, y = self.container().inputs
        ds, dp = dOutputs
        return [K.add(ds, K.mul(dp, y)), K.add(ds, K.mul(dp, x))]


def test_value_and_gradient(check_gradient):
    y = Cube(K)(g.Variable([1.0, 2.0]))
    assert isinstance(y, Variable)
    assert y.toArray() == [1, 8]
    assert y.creator() is None
    check_gradient(Cube(K), [[1.0, 2.0], [3.0, -1.0]])
    check_gradient(lambda x: g.exp(Cube(K)(g.sqrt(x))), [0.5, 0.7])


def test_several_inputs_and_outputs(check_gradient):
    s, p = SumAndProduct(K)(g.Variable(2.0), 3.0)
    assert (s.toArray(), p.toArray()) == (5, 6)
    a, b = [1.0, 2.0], [0.5, 3.0]
    check_gradient(lambda x, y: SumAndProduct(K)(x, y), a, b)
    check_gradient(lambda x, y: SumAndProduct(K)(x, y)[0], a, b)
    check_gradient(lambda x, y: g.square(SumAndProduct(K)(x, y)[1]), a, b)
    check_gradient(lambda x: g.mul(*SumAndProduct(K)(x, x)), a)


def test_one_object_called_twice_in_one_tape():
    cube = Cube(K)
    x, y = g.Variable(2.0), g.Variable(3.0)
    with g.GradientTape() as tape:
        z = g.add(cube(x), cube(y))
    assert [d.toArray() for d in tape.gradient(z, [x, y])] == [12, 27]
    with g.GradientTape() as tape:
        z = cube(cube(x))
    assert tape.gradient(z, x).toArray() == 9 * 2.0**8


def test_settings_travel_to_the_second_call():
    class Power(AbstractFunction):
        def __init__(self, backend, exponent):
            super().__init__(backend)
            self.exponent = exponent

        def call(self, inputs):
            self.container().x = inputs[0]
            return K.pow(inputs[0], self.exponent)

        def differentiate(self, dOutputs):
            slope = K.scale(self.exponent, K.pow(self.container().x, self.exponent - 1))
            return K.mul(dOutputs[0], slope)

    power = Power(K, 3)
    x = g.Variable(2.0)
    with g.GradientTape() as tape:
        z = g.add(power(x), power(g.square(x)))
    assert tape.gradient(z, x).toArray() == 12 + 6 * 2.0**5


def test_each_call_has_its_own_container():
    containers = []

    class Keep(Cube):
        def call(self, inputs):
            containers.append(self.container())
            assert self.container() is containers[-1]
            return super().call(inputs)

    keep = Keep(K)
    with g.GradientTape():
        keep(g.Variable(1.0))
        keep(g.Variable(2.0))
    assert containers[0] is not containers[1]
    assert [c.x.toArray() for c in containers] == [1, 2]


def test_backend_is_property_and_method():
    f = Cube(K, name="f")
    assert f.backend is K
    assert f.backend() is K
    assert f.name() == "f"
    assert f.className() == "Cube"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_number_of_arguments(count):
    with pytest.raises(InvalidArgumentException, match=rf"2 arguments are required\.{count} given"):
        SumAndProduct(K)(*[g.Variable(1.0)] * count)


def test_an_input_without_gradient():
    class Scaled(AbstractFunction):
        numOfInputs = 2

        def call(self, inputs):
            self.container().factor = inputs[1]
            return [K.mul(inputs[0], inputs[1])]

        def differentiate(self, dOutputs):
            return [K.mul(dOutputs[0], self.container().factor), None]

    x, y = g.Variable(2.0), g.Variable(3.0, name="factor")
    with g.GradientTape() as tape:
        z = Scaled(K)(x, y)
    assert tape.gradient(z, x).toArray() == 3
    with pytest.raises(InvalidArgumentException, match=r"source #2\(factor\)"):
        tape.gradient(z, [x, y])


def test_unbackpropagatables():
    class WithCount(AbstractFunction):
        numOfOutputs = 2

        def call(self, inputs):
            self.unbackpropagatables = [False, True]
            return [K.scale(2, inputs[0]), K.ones([2])]

        def differentiate(self, dOutputs):
            return [K.scale(2, dOutputs[0])]

    x = g.Variable([1.0, 2.0])
    with g.GradientTape() as tape:
        y, count = WithCount(K)(x)
        z = g.mul(y, count)
    assert y.isbackpropagatable()
    assert not count.isbackpropagatable()
    assert tape.gradient(z, x).toArray() == [2, 2]
    with pytest.raises(InvalidArgumentException):
        tape.gradient(z, count)


def test_preprocess_and_other_values():
    class Doubled(AbstractFunction):
        numOfInputs = 2

        def preprocess(self, inputs):
            return [inputs[0], Scalar(inputs[1])]

        def call(self, inputs):
            assert isinstance(inputs[0], NDArray)
            assert inputs[1].value() == 5
            return [K.scale(2, inputs[0])]

        def differentiate(self, dOutputs):
            return [K.scale(2, dOutputs[0]), Scalar(0.0)]

    x = g.Variable([1.0])
    with g.GradientTape() as tape:
        y = Doubled(K)(x, 5)
    assert tape.gradient(y, x).toArray() == [2]


def test_shapes_as_outputs():
    class ShapeOf(AbstractFunction):
        def call(self, inputs):
            self.unbackpropagatables = [True]
            return [ArrayShape(inputs[0].shape())]

    assert ShapeOf(K)(g.Variable([[1.0, 2.0]])).value() == ArrayShape([1, 2])


def test_an_exception_leaves_the_tape_usable():
    class Fail(AbstractFunction):
        def call(self, inputs):
            raise ZeroDivisionError("in call")

    class FailLater(AbstractFunction):
        def call(self, inputs):
            return [K.copy(inputs[0])]

        def differentiate(self, dOutputs):
            raise ZeroDivisionError("in differentiate")

    x = g.Variable(2.0)
    fail = Fail(K)
    with g.GradientTape() as tape:
        y = Cube(K)(x)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError, match="in call"):
                fail(y)
        z = g.square(y)
        later = FailLater(K)(z)
    with pytest.raises(ZeroDivisionError, match="in differentiate"):
        tape.gradient(later, x)
    assert tape.gradient(z, x).toArray() == 2 * 8 * 12
    with g.GradientTape() as tape:
        y = Cube(K)(x)
    assert tape.gradient(y, x).toArray() == 12


@pytest.mark.parametrize("output", [None, 1.0, [1.0], "text", [None], [], (), np.ones(2), [np.ones(2)], {}])
def test_outputs_that_are_no_arrays(output):
    class Wrong(AbstractFunction):
        def call(self, inputs):
            return output

    with pytest.raises(InvalidArgumentException, match=r"Wrong\.call"):
        Wrong(K)(g.Variable(1.0))


def test_gradients_that_do_not_fit():
    class Wrong(AbstractFunction):
        numOfInputs = 2
        answer: object = None

        def call(self, inputs):
            return [K.add(inputs[0], inputs[1])]

        def differentiate(self, dOutputs):
            return self.answer

    dense = nn.layers.Dense(1000, activation="relu")
    x = g.Variable(mo.ones([1, 3]))
    with g.GradientTape() as tape:
        y = Wrong(K)(dense(x), dense(x))
    for answer, error in (
        ([K.ones([1]), K.ones([1, 1000])], r"shape \(1\) for input #1 of shape \(1,1000\)"),
        ([K.ones([1, 1000])], "gave 1 gradients for 2 inputs"),
        (K.ones([1, 1000]), "gave 1 gradients for 2 inputs"),
        ([1.0, 2.0], "NDArray was expected, float"),
    ):
        Wrong.answer = answer
        with pytest.raises((InvalidArgumentException, LogicException), match=error):
            tape.gradient(y, dense.trainableVariables())
    Wrong.answer = [K.cast(K.ones([1, 1000]), NDArray.float64)] * 2
    with pytest.raises(InvalidArgumentException, match="float64"):
        tape.gradient(y, dense.trainableVariables())


def test_unfinished_functions():
    class Nothing(AbstractFunction):
        pass

    class Half(AbstractFunction):
        def call(self, inputs):
            return [inputs[0]]

    x = g.Variable(1.0)
    with pytest.raises(NotImplementedError, match=r"Nothing\.call"):
        Nothing(K)(x)
    with g.GradientTape() as tape:
        y = Half(K)(x)
    with pytest.raises(NotImplementedError, match=r"Half\.differentiate"):
        tape.gradient(y, x)


def test_a_constructor_that_forgets_super():
    class Forgetful(Cube):
        def __init__(self):
            pass

    class ForgetfulAdd(Add):
        def __init__(self):
            pass

    x = g.Variable(1.0)
    with pytest.raises(LogicException, match=r"Forgetful\.__init__ must call super"):
        Forgetful()(x)
    with pytest.raises(LogicException, match=r"ForgetfulAdd\.__init__ must call super"):
        ForgetfulAdd()(x, x)
    with pytest.raises(LogicException, match="super"):
        Add.__new__(Add)(x, x)
    with pytest.raises(InvalidArgumentException, match="backend"):
        Cube(None)


def test_freed_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        cube = Cube(K)
        x = g.Variable([1.0])
        with g.GradientTape() as tape:
            y = cube(cube(x))
        tape.gradient(y, x)
        kept = weakref.ref(x)
        gone = weakref.ref(y)
        del x, y, tape, cube
        assert gone() is None
        assert kept() is None
    finally:
        gc.enable()


def test_classes_of_the_library_by_hand():
    assert Add(K)(g.Variable(1.0), 2.0).toArray() == 3
    add = Add(K, name="sum")
    a, b = g.Variable(1.0), g.Variable(2.0)
    with g.GradientTape() as tape:
        c = add(add(a, b), b)
    assert [d.toArray() for d in tape.gradient(c, [a, b])] == [1, 2]
    assert c.creator().name() == "sum"
    with pytest.raises(InvalidArgumentException, match=r"2 arguments are required\.1 given\. \(sum\)"):
        add(a)


def test_input_variables_are_known_while_it_computes():
    class Named(AbstractFunction):
        def call(self, inputs):
            names.append([v.name() for v in self.inputsVariables])
            return [K.copy(inputs[0])]

        def differentiate(self, dOutputs):
            return [K.mul(dOutputs[0], self.inputsVariables[0].value())]

    names = []
    x = g.Variable(K.array([3.0, 5.0]), name="x")
    f = Named(K)
    f(x)
    assert not hasattr(f, "inputsVariables")  # not recorded
    with g.GradientTape() as tape:
        y = f(x)
    assert tape.gradient(y, x).toArray() == [3.0, 5.0]
    assert names == [["x"], ["x"]]


def test_options_of_a_variable_by_position():
    assert g.Variable([1.0], "weight").name() == "weight"
    assert g.Variable([1.0], 7, None, False).name() == "7"


def test_called_back_even_if_no_source_needs_it():
    called = []

    class Noted(AbstractFunction):
        numOfInputs = 2

        def call(self, inputs):
            return [K.add(*inputs)]

        def differentiate(self, dOutputs):
            called.append((self.name(), self.generation(), dOutputs[0].toArray()))
            return [K.scale(2, dOutputs[0]), dOutputs[0]]

    x, y, z, unused = (g.Variable(v) for v in (1.0, 2.0, 3.0, 4.0))
    with g.GradientTape() as tape:
        beside = Noted(K, name="beside")(x, unused)
        g.stopGradient(Noted(K, name="cut")(x, beside))
        first = Noted(K, name="first")(x, y)
        result = Noted(K, name="last")(g.mul(first, 3.0), z)
    assert tape.gradient(result, z).toArray() == 1
    assert called == [("last", 2, 1.0), ("first", 0, 6.0)]  # those that lead to the target, later ones first


def test_without_a_gradient_where_no_source_needs_it():
    class Rounded(AbstractFunction):
        def call(self, inputs):
            return [K.cast(K.cast(inputs[0], NDArray.int32), NDArray.float32)]

    w = g.Variable(2.0)
    with g.GradientTape() as tape:
        y = g.mul(Rounded(K)(g.Variable(1.5)), w)
    assert tape.gradient(y, w).toArray() == 1
