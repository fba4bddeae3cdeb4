"""Variable: what it holds, how it converts, and Python's operators on it."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException, RuntimeException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.gradient import ArrayShape, MaskedNDArray, Scalar
from rindow_nn.gradient import Variable as OuterVariable
from rindow_nn.gradient.core import Variable

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend


# ------------------------------------------------------------------------------------------------------- values


def test_both_paths_name_one_class():
    assert Variable is OuterVariable
    assert isinstance(g.Variable(1.0), Variable)


def test_a_value_is_copied():
    source = mo.array([1, 2])
    v = g.Variable(source)
    source[0] = 10
    assert v.toArray() == [1, 2]
    v[1] = 20
    assert source.toArray() == [10, 2]


def test_a_numpy_value_is_copied():
    source = np.ones(2, np.float32)
    v = g.Variable(source)
    source[0] = 10
    assert v.toArray() == [1, 1]


def test_a_value_of_another_variable_is_copied():
    source = g.Variable([1.0, 2.0])
    v = g.Variable(source)
    source[0] = 10
    assert v.toArray() == [1, 2]


def test_reference_keeps_the_array():
    source = mo.array([1, 2])
    v = g.Variable(source, reference=True)
    assert v.value() is source
    v[0] = 7
    assert source.toArray() == [7, 2]


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (2, NDArray.float32),
        (2.5, NDArray.float32),
        ([[1, 2], [3, 4]], NDArray.float32),
        (np.array([1.0]), NDArray.float64),
        (np.array([1]), NDArray.int64),
        (np.array([True]), NDArray.bool),
        (np.float64(2), NDArray.float64),
        (True, NDArray.bool),
    ],
)
def test_element_types(value, dtype):
    assert g.Variable(value).dtype() == dtype


def test_a_bool_stays_a_bool():
    v = g.Variable(True)
    assert v.value() is True
    assert v.toArray() is True
    assert (v.shape(), v.ndim(), v.size()) == ([], 0, 0)
    assert bool(v) is True
    assert bool(g.Variable(False)) is False
    with pytest.raises(LogicException, match="boolean"):
        v.buffer()


def test_other_variables_are_true():
    assert bool(g.Variable(0.0))
    assert bool(g.Variable(np.zeros((0, 2))))


def test_array_shapes_and_scalars():
    v = g.Variable(ArrayShape([2, 3]))
    assert v.value() == ArrayShape([2, 3])
    assert v.shape() == [2]
    assert list(v) == [2, 3]
    with pytest.raises(RuntimeException, match="ArrayShape"):
        v.dtype()
    s = g.Variable(Scalar(3.5))
    assert (s.toArray(), float(s), int(s), s.shape()) == (3.5, 3.5, 3, [])


def test_masked_values():
    masked = MaskedNDArray(mo.array([[1, 2], [3, 4]]), mo.array([[True, False], [True, True]], NDArray.bool))
    v = g.Variable(masked)
    assert v.mask().toArray() == [[True, False], [True, True]]
    assert v.toArray() == [[1, 2], [3, 4]]
    masked[0] = [9, 9]
    assert v.toArray() == [[1, 2], [3, 4]], "the value is copied"
    assert g.ndarray(v).toArray() == [[1, 2], [3, 4]]
    assert not isinstance(g.ndarray(v), MaskedNDArray)
    assert g.Variable(masked, reference=True).value() is masked


def test_an_explicit_mask():
    mask = mo.array([True, False], NDArray.bool)
    assert g.Variable([1, 2], mask=mask).mask() is mask
    assert g.Variable([1, 2]).mask() is None


@pytest.mark.parametrize("value", [None, "text", b"bytes", object(), {"a": 1}, [[1, 2], [3]], ["a"], [None]])
def test_what_is_no_value(value):
    with pytest.raises(InvalidArgumentException):
        g.Variable(value)


def test_toVariables():
    a, b = g.toVariables([[1.0], [2.0]], trainable=False)
    assert a.toArray() == [1]
    assert not b.isTrainable()


# -------------------------------------------------------------------------------------------------- assignment


def test_assign():
    v = g.Variable([1.0])
    source = mo.array([2, 3])
    v.assign(source)
    source[0] = 9
    assert v.toArray() == [2, 3]
    v.assign(source, reference=True)
    assert v.value() is source
    v.assign(g.Variable([5.0]))
    assert v.toArray() == [5]
    v.assign([[1, 2]])
    assert v.shape() == [1, 2]
    with pytest.raises(InvalidArgumentException, match=r"NoneType.*\(w\)"):
        g.Variable(1.0, name="w").assign(None)


def test_assign_replaces_the_mask():
    v = g.Variable([1, 2], mask=mo.array([True, False], NDArray.bool))
    v.assign([3, 4])
    assert v.mask() is None


def test_undetermined():
    v = g.Variable(None, undetermined=True, name="later")
    assert v.isUndetermined()
    assert g.isUndetermined(v)
    assert v.valueShape() is None
    assert "later" in repr(v)
    for use in (v.value, v.toArray, v.shape, v.dtype, lambda: v + 1, lambda: g.exp(v), lambda: float(v), lambda: v[0]):
        with pytest.raises(LogicException, match="Undetermined variable:later"):
            use()
    v.assign([1.0])
    assert not v.isUndetermined()
    assert v.toArray() == [1]


def test_names():
    v = g.Variable(1.0, name="a")
    assert v.name() == "a"
    assert v.setName("b") == "b"
    assert v.name() == "b"
    assert "b" in repr(v)
    assert g.Variable(1.0).name() is None


def test_flags():
    v = g.Variable(1.0, trainable=False, unbackpropagatable=True)
    assert not v.isTrainable()
    assert not v.isbackpropagatable()
    assert g.Variable(1.0).isTrainable()
    assert g.Variable(1.0).isbackpropagatable()


# --------------------------------------------------------------------------------------------------- as an array


def test_shape_and_elements():
    v = g.Variable([[1, 2, 3], [4, 5, 6]])
    assert (v.shape(), v.ndim(), v.size(), v.offset(), v.valueShape()) == ([2, 3], 2, 6, 0, [3])
    assert len(v) == v.count() == 2
    assert [row.toArray() for row in v] == [[1, 2, 3], [4, 5, 6]]
    assert v[1].toArray() == [4, 5, 6]
    assert v[0:1].toArray() == [[1, 2, 3]]
    assert 1 in v
    assert 2 not in v
    assert (v.offsetExists(1), v.offsetExists(2), v.offsetGet(0)[1]) == (True, False, 2)
    v.offsetSet(0, mo.array([7, 8, 9]))
    assert v.toArray()[0] == [7, 8, 9]
    assert len(v.buffer()) == 6


def test_reshape_shares_memory():
    v = g.Variable([1, 2, 3, 4])
    w = v.reshape([2, 2])
    assert isinstance(w, Variable)
    w[0] = mo.array([9, 9])
    assert v.toArray() == [9, 9, 3, 4]


def test_numpy():
    v = g.Variable([[1, 2], [3, 4]])
    a = np.asarray(v)
    a[0, 0] = 10
    assert v.toArray()[0][0] == 10, "memory is shared"
    assert np.array(v, dtype=np.float64).dtype == np.float64
    assert np.sum(v) == 19
    np.testing.assert_array_equal(np.from_dlpack(v), a)
    masked = g.Variable(MaskedNDArray(mo.array([1, 2]), mo.array([True, False], NDArray.bool)))
    assert np.asarray(masked).tolist() == [1, 2]


def test_numbers():
    assert float(g.Variable(2.5)) == 2.5
    assert int(g.Variable(2.5)) == 2
    assert float(g.Variable([[2.5]])) == 2.5
    assert float(g.Variable(True)) == 1
    with pytest.raises(InvalidArgumentException, match="one element"):
        float(g.Variable([1, 2]))


def test_identity():
    a, b = g.Variable([1.0]), g.Variable([1.0])
    assert a == a
    assert a != b
    assert len({a, b, a}) == 2
    assert {a: "a", b: "b"}[b] == "b"
    assert [a, b].index(b) == 1
    with pytest.raises(TypeError):
        a < b  # noqa: B015


def test_copies_are_apart():
    v = g.Variable([1, 2], name="v", trainable=False)
    for twin in (copy.copy(v), copy.deepcopy(v)):
        assert (twin.toArray(), twin.name(), twin.isTrainable()) == ([1, 2], "v", False)
        twin[0] = 9
        assert v.toArray() == [1, 2]
    assert pickle.loads(pickle.dumps(v)).toArray() == [1, 2]


def test_a_reference_does_not_keep_the_variable():
    v = g.Variable([[1, 2]], name="v")
    ref = v.reference()
    assert ref.get() is v
    assert (ref.name(), ref.shape(), ref.valueShape(), ref.dtype()) == ("v", [1, 2], [2], NDArray.float32)
    del v
    assert ref.get() is None
    assert ref.shape() == [1, 2]


def test_freed_without_the_collector():
    gc.disable()
    try:
        v = g.Variable([1.0])
        w = weakref.ref(v)
        del v
        assert w() is None
    finally:
        gc.enable()


# ----------------------------------------------------------------------------------------------------- operators

X = np.array([[1.0, 2.0], [3.0, 4.0]])
Y = np.array([[2.0, 0.5], [1.5, 3.0]])

OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "@": lambda a, b: a @ b,
}
ELEMENTWISE = [name for name in OPERATORS if name != "@"]


def as_list(a):
    return a.tolist()


def as_array(a):
    return mo.array(a)


@pytest.mark.parametrize(
    "other", [g.Variable, as_array, as_list, np.asarray], ids=["Variable", "NDArray", "list", "numpy"]
)
@pytest.mark.parametrize("name", OPERATORS)
def test_operators(name, other):
    op = OPERATORS[name]
    x, y = X.astype(np.float32), Y.astype(np.float32)
    for found, expected in ((op(g.Variable(x), other(y)), op(x, y)), (op(other(x), g.Variable(y)), op(x, y))):
        assert isinstance(found, Variable)
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-6)


@pytest.mark.parametrize("number", [2, 2.5, np.float32(2), np.float64(2)])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_operators_with_numbers(name, number, check_gradient):
    op = OPERATORS[name]
    x = X.astype(np.float32)
    for found, expected in ((op(g.Variable(x), number), op(X, number)), (op(number, g.Variable(x)), op(number, X))):
        assert isinstance(found, Variable)
        assert found.dtype() == NDArray.float32
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-6)
    if isinstance(number, (int, float)):
        check_gradient(lambda v: op(v, number), X)
        check_gradient(lambda v: op(number, v), X)


@pytest.mark.parametrize("name", OPERATORS)
def test_gradients_of_operators(name, check_gradient):
    check_gradient(OPERATORS[name], X, Y)


def test_operators_broadcast(check_gradient):
    for name in ELEMENTWISE:
        check_gradient(OPERATORS[name], X, Y[0])
        check_gradient(OPERATORS[name], Y[:, :1], X)


def test_unary_operators(check_gradient):
    v = g.Variable(X)
    assert (-v).toArray() == (-X).tolist()
    assert (+v) is v
    check_gradient(lambda a: -a, X)


def test_powers_at_zero_and_below(check_gradient):
    check_gradient(lambda a: a**2, [-2.0, -1.0, 0.0, 1.0])
    check_gradient(lambda a: a**3, [-2.0, 1.0])
    check_gradient(lambda a: a**-1, [-2.0, 1.0])
    x = g.Variable(np.array([0.0, 3.0]))
    for exponent, expected in ((0, [0, 0]), (1, [1, 1])):
        with g.GradientTape() as tape:
            y = x**exponent
        assert tape.gradient(y, x).toArray() == expected


@pytest.mark.parametrize("other", [None, "text", 1j, {}, [[1, 2], [3]]])
def test_operands_that_do_not_fit(other):
    v = g.Variable(X)
    for op in OPERATORS.values():
        with pytest.raises((InvalidArgumentException, TypeError)):
            op(v, other)
        with pytest.raises((InvalidArgumentException, TypeError)):
            op(other, v)


def test_types_are_not_mixed():
    with pytest.raises(InvalidArgumentException, match="float64 and float32"):
        g.Variable(X) + g.Variable(X.astype(np.float32))
    with pytest.raises(InvalidArgumentException, match="float32 and int32"):
        g.Variable(X.astype(np.float32)) * mo.array([1, 2], NDArray.int32)


def test_shapes_that_cannot_be_broadcast():
    for op in ELEMENTWISE:
        with pytest.raises(InvalidArgumentException, match=r"\(2,2\),\(3\)"):
            OPERATORS[op](g.Variable(X), g.Variable(np.ones(3)))


def test_integers_and_whole_numbers():
    v = g.Variable(np.array([1, 4], np.int32))
    assert (v + 1).toArray() == [2, 5]
    assert (3 * v).toArray() == [3, 12]
    assert (v - 1).dtype() == NDArray.int32


def test_integers_and_fractions_are_not_truncated():
    v = g.Variable(np.array([1, 4], np.int32), name="counts")
    for op in (lambda: v + 1.5, lambda: 1.5 - v, lambda: v * 0.5, lambda: v**0.5, lambda: v / 0.5):
        with pytest.raises(InvalidArgumentException, match="int32"):
            op()


@pytest.mark.parametrize("compiled", [False, True])
def test_the_value_of_one_number_is_a_scalar_and_an_array(compiled):
    def f(x):
        return g.get(x, 1), g.square(x)

    f = g.Function(f) if compiled else f
    x = g.Variable([1.0, 2.0, 3.0])
    for _ in range(2):  # traced, then run
        with g.GradientTape() as tape:
            one, others = f(x)
        number = one.value()
        assert isinstance(number, Scalar)
        assert isinstance(number, NDArray)
        assert (number.value(), number.toArray(), number.shape(), one.shape()) == (2.0, 2.0, [], [])
        assert K.mul(one, number).toArray() == 4
        assert g.scale(number, x).toArray() == g.scale(one, x).toArray() == [2, 4, 6]
        assert not isinstance(others.value(), Scalar)
        assert tape.gradient(one, x).toArray() == [0, 1, 0]
    assert isinstance(f(x)[0].value(), Scalar)  # without a tape
    assert isinstance(copy.copy(one).value(), Scalar)
    one.assign([1.0, 2.0])
    assert one.value().toArray() == [1, 2]
