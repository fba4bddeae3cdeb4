"""Errors that say where: wrong shapes, labels that do not fit, the first value that is no finite number."""

import numpy as np
import pytest
from small_models import Mean, Net, T, X, compiled, g, loss_function, mo, nn, quiet

from rindow_math.exceptions import InvalidArgumentException, RuntimeException, UnexpectedValueException
from rindow_math.matrix import NDArray
from rindow_nn.layers import AbstractLayer
from rindow_nn.models import AbstractModel
from rindow_nn.models.diagnosis import layer_paths

# ------------------------------------------------------------------------------------------------------ wrong shapes


class Outer(AbstractModel):
    """A model with a model, a list of models and a Sequential inside."""

    def __init__(self):
        super().__init__(nn)
        self.encoder = Net()
        self.blocks = g.modules([Net(), Net()])
        self.head = nn.models.Sequential([nn.layers.Dense(2, name="last")])

    def call(self, inputs):
        x = self.encoder(inputs)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def test_paths():
    model = Outer()
    paths = layer_paths(model)
    assert paths[id(model.encoder.d1)] == "encoder.d1"
    assert paths[id(model.blocks[0].d2)] == "blocks.0.d2"
    assert paths[id(model.blocks[1].d2)] == "blocks.1.d2"
    assert paths[id(model.head.layers()[0])] == "head.last"


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("call", ["fit", "evaluate", "predict"])
def test_a_wrong_input_names_the_layer(call, eagerly):
    """Its path in the model, what came and what it was built for."""
    model = compiled(Outer(), run_eagerly=eagerly)
    quiet(model)
    wrong = mo.ones([6, 5])
    with pytest.raises(InvalidArgumentException) as e:
        if call == "fit":
            quiet(model, wrong)
        else:
            getattr(model, call)(wrong, *([T] if call == "evaluate" else []))
    text = str(e.value)
    assert "unmatch input shape: (5), must be (2) in d1:forward" in text
    samples = 2 if call == "fit" else 6
    assert "(layer 'encoder.d1' of Outer, a Dense built for samples of shape (2), " in text
    assert f"got inputs of shape ({samples},5))" in text
    quiet(model)  # the model is as it was
    assert model.whyNotCompiled() == ("it was asked for" if eagerly else None)


def test_a_layer_in_the_middle():
    model = compiled(Net())
    model.d2.build([3])
    with pytest.raises(InvalidArgumentException, match=r"\(3\) but \(8\) given .*\(layer 'd2' of Net, a Dense"):
        quiet(model)


def test_a_number_out_of_range_names_the_layer():
    model = nn.models.Sequential([nn.layers.Embedding(4, 2, input_length=2, name="words"), nn.layers.Flatten()])
    model.compile()
    with pytest.raises(RuntimeException, match=r"out of bounds\.: 4 at position 1 .*\(layer 'words' of Sequential"):
        model.predict(mo.array([[0, 4]], dtype=NDArray.int32))


def test_errors_of_the_users_own_code_are_left_alone():
    class Broken(Net):
        def call(self, inputs):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        quiet(compiled(Broken()))

    class Picky(Net):
        def call(self, inputs):
            raise InvalidArgumentException("not these")

    with pytest.raises(InvalidArgumentException, match=r"^not these$"):
        quiet(compiled(Picky()))


# ------------------------------------------------------------------------------------------------------------ labels


@pytest.mark.parametrize(
    "labels, message",
    [
        (T, None),
        (mo.array(T, NDArray.int64), None),
        (mo.astype(T, NDArray.float32), r"takes class numbers of an integer type as labels, labels of float32"),
        (mo.zeros([6, 2], NDArray.int32), r"labels of shape \(batch,2\) do not fit predictions of shape \(batch,2\)"),
        (mo.array([0, 0, 0, 0, 0, 2], NDArray.int32), r"class number 2 in the labels; .* 2 classes, 0 to 1"),
        (mo.array([0, 0, 0, 0, -1, 0], NDArray.int32), r"class number -1 in the labels"),
    ],
)
@pytest.mark.parametrize("eagerly", [False, True])
def test_labels_are_checked_before_the_first_step(labels, message, eagerly):
    model = compiled(Net(), run_eagerly=eagerly)
    model.build([1, 2])
    before = [np.asarray(v).copy() for v in model.variables()]
    if message is None:
        quiet(model, X, labels)
        return
    with pytest.raises(InvalidArgumentException, match=message):
        quiet(model, X, labels)
    for v, x in zip(model.variables(), before):
        np.testing.assert_array_equal(np.asarray(v), x)
    quiet(model)


# ---------------------------------------------------------------------------------------------------- no finite number


class Logarithm(AbstractLayer):
    """The logarithm, which is no number for what is negative."""

    def __init__(self, name):
        super().__init__(nn.backend)
        self.initName(name, "logarithm")

    def call(self, inputs, training=None):
        self.container().x = inputs
        return self.backend.log(inputs)

    def differentiate(self, dOutputs):
        return self.backend.div(dOutputs, self.container().x)


class Nested(AbstractModel):
    def __init__(self, between):
        super().__init__(nn)
        self.body = nn.models.Sequential([nn.layers.Dense(2, name="first"), *between])
        self.head = nn.layers.Dense(2, name="head")

    def call(self, inputs):
        return self.head(self.body(inputs))


def negative(model):
    """Weights that make the first layer's outputs negative."""
    model.build([1, 2])
    model.variables()[0].assign(mo.array([[-1, -1], [-1, -1]]))
    return model


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("eagerly", [False, True])
def test_the_layer_that_made_it_first(eagerly):
    model = compiled(negative(Nested([Logarithm("log")])), run_eagerly=eagerly)
    before = [np.asarray(v).copy() for v in model.variables()]
    with pytest.raises(UnexpectedValueException) as e:
        quiet(model)
    assert str(e.value) == (
        "loss is unexpected value: it is nan in step 1 of epoch 1; the weights are those before it. "
        "fit(..., debug=True) names the layer that made it"
    )
    with pytest.raises(UnexpectedValueException) as e:
        quiet(model, debug=True)
    assert str(e.value).endswith(
        "it is nan in step 1 of epoch 1: layer 'body.log' (Logarithm) made it first, from finite inputs"
    )
    model.compile(optimizer="adam", loss=loss_function(), metrics={"loss": Mean()}, debug=True)
    with pytest.raises(UnexpectedValueException, match=r"layer 'body\.log' \(Logarithm\) made it first"):
        quiet(model)
    for v, x in zip(model.variables(), before):
        np.testing.assert_array_equal(np.asarray(v), x)


class Does(Net):
    """A model with something after its layers."""

    def __init__(self, then):
        super().__init__()
        self.then = then

    def call(self, inputs):
        return self.then(super().call(inputs))


def test_the_operation_that_made_it_first():
    model = compiled(Does(lambda y: g.log(g.scale(-1, g.square(y)))), debug=True)
    with pytest.raises(UnexpectedValueException, match="operation Log made it first, from finite inputs"):
        quiet(model)


def test_a_gradient_that_is_not_finite():
    """sqrt at 0: the loss is finite, the gradient is not, and the step is not made."""
    model = compiled(Does(lambda y: g.sqrt(g.scale(0, y))), debug=True)
    model.build([1, 2])
    before = [np.asarray(v).copy() for v in model.variables()]
    with pytest.raises(UnexpectedValueException) as e:
        quiet(model)
    assert "a gradient is not finite in step 1 of epoch 1: the gradient of" in str(e.value)
    assert "in operation Sqrt is the first that is not finite" in str(e.value)
    for v, x in zip(model.variables(), before):
        np.testing.assert_array_equal(np.asarray(v), x)


def test_what_came_in_was_no_number():
    model = compiled(Net(), debug=True)
    x = mo.copy(X)
    x[1][0] = float("nan")
    with pytest.raises(UnexpectedValueException, match="input #1 is not finite"):
        quiet(model, x)
    model.variables()[0].value()[0][0] = float("nan")
    with pytest.raises(UnexpectedValueException, match="the weight kernel@d1 was not finite before the step"):
        quiet(model)


def test_the_step_and_epoch_are_named():
    x = mo.copy(X)
    x[5][1] = float("nan")
    with pytest.raises(UnexpectedValueException, match="step 3 of epoch 1"):
        quiet(compiled(Net()), x)
