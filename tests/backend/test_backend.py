"""The backend ``K`` beside plain numpy; gradients beside finite differences in float64."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from rindow_math.exceptions import InvalidArgumentException, LogicException, OutOfRangeException
from rindow_math.matrix import NDArray
from rindow_nn.builder import NeuralNetworks

nn = NeuralNetworks()
K = nn.backend
RNG = np.random.default_rng(20)


def draw(*shape, low=-2.0, high=2.0, dtype="float64"):
    return RNG.uniform(low, high, shape).astype(dtype)


def agree(got, want, tolerance=1e-12):
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


def slopes(f, x, weights):
    """Central differences of sum(f(x) * weights) in float64."""
    x = np.array(x, dtype="float64")
    out = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        here = x[i]
        x[i] = here + 1e-6
        up = np.sum(f(x) * weights)
        x[i] = here - 1e-6
        out[i] = (up - np.sum(f(x) * weights)) / 2e-6
        x[i] = here
    return out


# ---- arithmetic

TWINS = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "equal": lambda x, y: (x == y).astype(x.dtype),
    "notEqual": lambda x, y: (x != y).astype(x.dtype),
}
SHAPES = [([2, 3], [2, 3]), ([2, 3], [3]), ([3], [2, 3]), ([4, 1, 3], [2, 1]), ([2, 3], [])]


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_binary(name, shapes, dtype):
    x, y = (np.asarray(draw(*shape, low=1, high=4, dtype=dtype).round()) for shape in shapes)
    before = x.copy(), y.copy()
    a, b = K.array(x), K.array(y)
    out = getattr(K, name)(a, b)
    agree(out, TWINS[name](x, y), 1e-6)
    assert out.dtype() == a.dtype()
    agree(a, before[0])
    agree(b, before[1])


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "pow"])
@pytest.mark.parametrize("lead", [[2], [2, 3], [2, 3, 4]], ids=str)
def test_trans_meets_the_first_sizes(name, lead):
    x, y = draw(2, 3, 4, low=1), draw(*lead, low=1)
    twin = {"pow": np.power, **TWINS}[name]
    agree(getattr(K, name)(K.array(x), K.array(y), trans=True), twin(x, y.reshape(lead + [1] * (3 - len(lead)))))


def test_trans_refuses_other_sizes():
    with pytest.raises(InvalidArgumentException, match=r"Unmatch dimension size for broadcast.: \[3\] => \[2,3\]"):
        K.add(K.zeros([2, 3]), K.zeros([3]), trans=True)
    with pytest.raises(InvalidArgumentException, match="broadcast"):
        K.mul(K.zeros([2]), K.zeros([2, 3]), trans=True)


def test_operands_of_other_types_are_refused():
    with pytest.raises(InvalidArgumentException, match="Unmatch data type"):
        K.add(K.zeros([2]), K.zeros([2], NDArray.int32))
    with pytest.raises(InvalidArgumentException, match="floating-point"):
        K.exp(K.zeros([2], NDArray.int32))


UNARY = {
    "square": np.square,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "tanh": np.tanh,
    "sign": np.sign,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "not_": lambda x: (x == 0) * 1.0,
    "reciprocal": lambda x: 1 / x,
    "rsqrt": lambda x: 1 / np.sqrt(x),
}


@pytest.mark.parametrize("name", UNARY)
def test_unary(name):
    x = draw(3, 5, low=0.1)
    if name in ("abs", "sign", "relu", "tanh", "not_", "sin"):
        x -= 1
        x[0, :2] = 0
    a = K.array(x)
    agree(getattr(K, name)(a), UNARY[name](x))
    agree(a, x)


def test_numbers():
    x = draw(2, 3, low=0.5)
    a = K.array(x)
    agree(K.scale(3, a), 3 * x)
    agree(K.increment(a, 2), x + 2)
    agree(K.increment(a, 1, -1), 1 - x)
    agree(K.reciprocal(a, 0.5, 2), 1 / (2 * x + 0.5))
    agree(K.rsqrt(a, 0.5, 2), 1 / (2 * np.sqrt(x) + 0.5))
    agree(K.pow(a, 3), x**3)
    agree(K.pow(a, a), x**x)
    agree(K.maximum(a, 1), np.maximum(x, 1))
    agree(K.minimum(a, 1), np.minimum(x, 1))
    for name, twin in {
        "greater": np.greater,
        "greaterEqual": np.greater_equal,
        "less": np.less,
        "lessEqual": np.less_equal,
    }.items():
        agree(getattr(K, name)(a, x[0, 1]), twin(x, x[0, 1]) * 1.0)
        agree(getattr(K, name)(a, a), twin(x, x) * 1.0)
    agree(K.not_(K.array([4, 0], NDArray.int32)), [0, 1])
    assert K.not_(K.array([4, 0], NDArray.int32)).dtype() == NDArray.int32
    assert np.asarray(K.not_(K.array([True, False], NDArray.bool))).tolist() == [False, True]


def test_in_place_forms_change_their_first_argument_alone():
    x, y, column = draw(2, 3), draw(3), draw(2)
    for name, arguments, want in [
        ("update", [K.array(x * 2)], x * 2),
        ("update_add", [K.array(x)], 2 * x),
        ("update_add", [K.array(y), 0.5], x + 0.5 * y),
        ("update_add", [K.array(column), -2, True], x - 2 * column[:, None]),
        ("update_sub", [K.array(x), 0.25], 0.75 * x),
        ("update_sub", [K.array(y)], x - y),
        ("update_mul", [K.array(y)], x * y),
        ("update_mul", [K.array(column), True], x * column[:, None]),
        ("update_scale", [3], 3 * x),
        ("update_increment", [1, 2], 2 * x + 1),
        ("clear", [], 0 * x),
        ("update_bandpart", [0, 0], np.triu(np.tril(x))),
    ]:
        a = K.array(x)
        kept = [np.array(v) for v in arguments]
        assert getattr(K, name)(a, *arguments) is a
        agree(a, want)
        for argument, before in zip(arguments, kept):
            agree(argument, before)


def test_in_place_forms_refuse_what_does_not_fit():
    a = K.zeros([3])
    for name in ("update_add", "update_sub", "update_mul"):
        with pytest.raises(InvalidArgumentException, match="broadcast"):
            getattr(K, name)(a, K.zeros([2, 3]))
    with pytest.raises(InvalidArgumentException, match=r"\(2\),\(3\)"):
        K.update(a, K.zeros([2]))
    with pytest.raises(InvalidArgumentException, match="data type"):
        K.copy(K.zeros([3], NDArray.int32), a)
    fixed = np.zeros(3, "float32")
    fixed.flags.writeable = False
    frozen = nn.backend.localMatrixOperator().asarray(fixed)
    for call in (
        lambda: K.update_add(frozen, a),
        lambda: K.update_scale(frozen, 2),
        lambda: K.clear(frozen),
        lambda: K.copy(a, frozen),
        lambda: K.sum(K.zeros([2, 3]), axis=0, output=frozen),
    ):
        with pytest.raises(LogicException, match="read-only"):
            call()


# ---- reductions


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "std"])
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_reductions(name, axis):
    x = draw(3, 4, 5)
    got = getattr(K, name)(K.array(x), axis)
    agree(got, getattr(np, name)(x, axis))
    assert isinstance(got, float) == (axis is None)
    if axis is not None and name != "std":
        agree(getattr(K, name)(K.array(x), axis, True), getattr(np, name)(x, axis, keepdims=True))


def test_reductions_into_an_output():
    x, out = draw(3, 4), K.zeros([4], NDArray.float64)
    assert K.sum(K.array(x), axis=0, output=out) is out
    agree(out, x.sum(0))
    with pytest.raises(InvalidArgumentException, match="does not fit the output"):
        K.sum(K.array(x), axis=1, output=out)
    with pytest.raises(InvalidArgumentException, match="Invalid axis"):
        K.sum(K.array(x), axis=2)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_sums_of_integers_are_exact(dtype):
    x = np.ones(300, dtype)
    assert K.sum(K.array(x)) == 300
    assert isinstance(K.sum(K.array(x)), int)
    assert K.mean(K.array(x)) == 1.0
    agree(K.mean(K.array(x.reshape(2, 150)), 1), [1, 1])
    if dtype == "bool":
        agree(K.sum(K.array(x.reshape(2, 150)), 1), [150, 150])


def test_positions_and_norms():
    x = draw(4, 5)
    a = K.array(x)
    assert K.argMax(a) == x.argmax()
    assert K.argMin(a) == x.argmin()
    agree(K.argMax(a, 1), x.argmax(1))
    agree(K.argMin(a, 0), x.argmin(0))
    assert K.argMax(a, 1).dtype() == NDArray.int32
    assert K.argMax(a, 1, dtype=NDArray.int64).dtype() == NDArray.int64
    assert K.amax(a) == pytest.approx(np.abs(x).max())
    assert K.amin(a) == pytest.approx(np.abs(x).min())
    assert K.asum(a) == pytest.approx(np.abs(x).sum())
    assert K.nrm2(a) == pytest.approx(np.linalg.norm(x))
    assert K.dot(a, a) == pytest.approx((x * x).sum())
    for name in ("mean", "max", "min", "std"):
        with pytest.raises(InvalidArgumentException, match=f"{name} of an empty array"):
            getattr(K, name)(K.zeros([0, 2]))


def test_std_of_exact_numbers():
    x = K.array([[7, 8], [2, 5], [-1, -2]])
    assert K.std(x, 1).toArray() == [0.5, 1.5, 0.5]
    assert K.std(K.array([[1, 4], [3, 4]]), 0).toArray() == [1.0, 0.0]


# ---- products


def test_products():
    a, b, c, row = draw(3, 4), draw(4, 5), draw(3, 5), draw(5)
    agree(K.gemm(K.array(a), K.array(b)), a @ b)
    out = K.array(c)
    K.gemm(K.array(a), K.array(b), 2, 3, out)
    agree(out, 2 * a @ b + 3 * c)
    agree(K.gemm(K.array(a.T.copy()), K.array(b.T.copy()), transA=True, transB=True), a @ b)
    kept = K.array(row)
    agree(K.batch_gemm(K.array(a), K.array(b), 1.0, 1.0, kept), a @ b + row)
    agree(K.batch_gemm(K.array(a), K.array(b), 2.0, 0.5, kept), 2 * a @ b + 0.5 * row)
    agree(K.batch_gemm(K.array(a), K.array(b)), a @ b)
    agree(kept, row)
    x, y = draw(2, 3, 4), draw(2, 5, 4)
    agree(K.matmul(K.array(x), K.array(y), transB=True), x @ y.transpose(0, 2, 1))
    agree(K.matmul(K.array(x), K.array(y), None, True, None, 0.5), 0.5 * x @ y.transpose(0, 2, 1))
    agree(K.einsum("ijk,ilk->ijl", K.array(x), K.array(y)), np.einsum("ijk,ilk->ijl", x, y))
    agree(K.einsum4p1("ijk,ilk->ijl", K.array(x), K.array(y)), np.einsum("ijk,ilk->ijl", x, y))
    agree(K.cumsum(K.array(x), axis=1), x.cumsum(1))


def test_equalTest():
    a = K.array([1.0, 2.0])
    assert K.equalTest(a, K.array([1.0, 2.0 + 1e-7]))
    assert not K.equalTest(a, K.array([1.0, 2.00001]))
    assert not K.equalTest(a, K.array([[1.0, 2.0]]))
    assert K.equalTest(1, 1 + 9e-8)
    assert not K.equalTest(1, 1 + 9e-6)
    assert K.equalTest(True, True)
    assert not K.equalTest(True, False)
    for wrong in ((a, 1), (1, a), (True, 1), ("a", "a")):
        with pytest.raises(InvalidArgumentException, match="must be"):
            K.equalTest(*wrong)


# ---- arranging and picking


def test_arranging():
    x = draw(2, 3, 4)
    a = K.array(x)
    agree(K.transpose(a), x.T)
    agree(K.transpose(a, [1, 0, 2]), x.transpose(1, 0, 2))
    agree(K.batch_transpose(a), x.transpose(0, 2, 1))
    with pytest.raises(InvalidArgumentException, match="three dimensions"):
        K.batch_transpose(K.zeros([2, 2]))
    assert K.expandDims(a, 1).shape() == [2, 1, 3, 4]
    assert K.expandDims(K.zeros([]), -1).shape() == [1]
    assert K.squeeze(K.zeros([1, 2, 1]), -1).shape() == [1, 2]
    agree(K.slice(a, [0, 1], [-1, 2]), x[:, 1:3])
    target = K.zeros([2, 5, 4], NDArray.float64)
    K.stick(a, target, [0, 1], [-1, 3])
    agree(target, np.pad(x, ((0, 0), (1, 1), (0, 0))))
    agree(K.stack([a, a], axis=0), np.stack([x, x]))
    agree(K.concat([a, a], axis=1), np.concatenate([x, x], 1))
    parts = K.split(a, [1, 2], axis=1)
    agree(parts[0], x[:, :1])
    agree(parts[1], x[:, 1:])
    agree(K.repeat(a, 2, axis=1), np.repeat(x[:, None], 2, 1))
    agree(K.bandpart(a, 0, 1), np.triu(np.tril(x, 1)))
    agree(a, x)


def test_picking():
    x = draw(4, 3)
    rows, columns = np.array([3, 0, 2], "int32"), np.array([2, 0, 1, 1], "int32")
    agree(K.gather(K.array(x), K.array(rows)), x[rows])
    agree(K.gather(K.array(x), K.array(columns), axis=1), x[np.arange(4), columns])
    agree(K.gatherb(K.array(x), K.array(columns), batchDims=1), x[np.arange(4), columns])
    values = draw(4)
    want = np.zeros((4, 3))
    want[np.arange(4), columns] = values
    agree(K.scatter(K.array(columns), K.array(values), 3, axis=1), want)
    agree(K.scatterb(K.array(columns), K.array(values), [4, 3], batchDims=1), want)
    target = K.array(x)
    K.scatterAdd(target, K.array(columns), K.array(values), axis=1)
    agree(target, x + want)
    target = K.array(x)
    K.scatterbAdd(K.array(columns), K.array(values), [4, 3], batchDims=1, outputs=target)
    agree(target, x + want)
    agree(K.oneHot(K.array(columns), 3), np.eye(3)[columns])
    with pytest.raises(InvalidArgumentException, match="indices must be 1-D NDarray"):
        K.oneHot(K.zeros([2, 2], NDArray.int32), 3)
    agree(K.range(5, 1, 2), [1, 3])


def test_masking():
    x, mask = draw(2, 3, 4), np.array([[True, False, True], [False, True, False]])
    a = K.array(x)
    agree(K.masking(K.array(mask), a, batchDims=2), np.where(mask[..., None], x, 0))
    agree(K.masking(K.array(mask), a, -5.0, 1, 2), np.where(mask[..., None], x, x - 5))
    agree(a, x)
    assert K.update_masking(a, K.array(mask), fill=-9, batchDims=2) is a
    agree(a, np.where(mask[..., None], x, -9))


# ---- making arrays


def test_initializers():
    nn.backend.localMatrixOperator().random().setSeed(3)
    for name, variance in [
        ("glorot_uniform", 2 / 500),
        ("he_uniform", 2 / 300),
        ("random_uniform", 0.1**2 / 12),
        ("glorot_normal", 2 / 500 / 0.87962566103423978**2),
        ("he_normal", 2 / 300 / 0.87962566103423978**2),
        ("random_normal", 0.05**2),
    ]:
        w = np.asarray(K.getInitializer(name)([300, 200]))
        assert w.dtype == np.float32
        assert abs(w.mean()) < 0.02 * np.sqrt(variance) + 1e-9
        assert w.var() == pytest.approx(variance, rel=0.03)
    assert np.asarray(K.getInitializer("he_uniform")([2, 3], [6e4, 1])).max() < 0.0101
    assert np.abs(np.asarray(K.getInitializer("random_uniform", minval=1, maxval=2)([50])) - 1.5).max() <= 0.5
    assert K.getInitializer("he_normal", -0.1, 0.1)([2, 3]).shape() == [2, 3]
    assert K.getInitializer("zeros")([2]).toArray() == [0, 0]
    assert K.getInitializer("ones")([2]).toArray() == [1, 1]
    with pytest.raises(InvalidArgumentException, match="Unsupported initializer: boo"):
        K.getInitializer("boo")
    for shape in ([16, 4], [4, 16], [3, 3, 2, 5]):
        w = np.asarray(K.orthogonal(shape)).reshape(-1, shape[-1])
        small = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
        np.testing.assert_allclose(small, np.eye(len(small)), atol=1e-5)


def test_random_arrays():
    x = np.asarray(K.randomUniformVariables([50, 20], -1.0, 1.0))
    assert x.dtype == np.float32
    assert np.abs(x).max() <= 1
    assert set(np.unique(np.asarray(K.randomUniformVariables([300], -1, 1, NDArray.int32)))) == {-1, 0, 1}
    assert abs(np.asarray(K.randomNormalVariables([5000], 3.0, 0.5)).mean() - 3) < 0.05
    agree(K.randomNormalVariables([9], 0, 1, seed=5), np.asarray(K.randomNormalVariables([9], 0, 1, seed=5)))
    assert np.asarray(K.rand([3, 3])).min() >= 0
    assert len(set(np.asarray(K.randomSequence(8, 4)).tolist())) == 4


def test_names_in_any_case():
    assert K.onehot(K.array([1], NDArray.int32), 2).toArray() == [[0, 1]]
    assert K() is K
    assert K.scalar(K.sum(K.ones([2]))) == 2


# ---- losses


def numpy_loss(name, t, p, logits, reduction):
    eps = K.epsilon()
    if name in ("SparseCategoricalCrossEntropy", "CategoricalCrossEntropy"):
        logs = p - np.log(np.exp(p).sum(-1, keepdims=True)) if logits else np.log(p + eps)
        if name.startswith("Sparse"):
            rows = -np.take_along_axis(logs, t[..., None].astype(int), -1)[..., 0]
        else:
            rows = -(t * logs).sum(-1)
        return rows if reduction == "none" else rows.mean()
    if name == "BinaryCrossEntropy":
        q = 1 / (1 + np.exp(-p)) if logits else np.clip(p, eps, 1 - eps)
        each = -t * np.log(q) - (1 - t) * np.log(1 - q)
        return each.sum(-1) if reduction == "none" else each.mean()
    d = np.abs(t - p)
    each = d * d if name == "MeanSquaredError" else np.where(d <= 0.7, d * d / 2, 0.7 * (d - 0.35))
    return each.mean(-1) if reduction == "none" else each.mean()


LOSSES = [
    (name, logits)
    for name in ("SparseCategoricalCrossEntropy", "CategoricalCrossEntropy", "BinaryCrossEntropy")
    for logits in (False, True)
] + [("MeanSquaredError", None), ("Huber", None)]


@pytest.mark.parametrize(("name", "logits"), LOSSES)
@pytest.mark.parametrize("reduction", [None, "sum", "none"])
@pytest.mark.parametrize("batch", [(4,), (2, 3), ()], ids=str)
def test_losses_and_their_gradients(name, logits, reduction, batch):
    p = draw(*batch, 5) if logits or logits is None else draw(*batch, 5, low=0.05, high=0.95)
    # weights that do not sum up to one
    t = RNG.integers(0, 5, batch).astype("int32") if name.startswith("Sparse") else draw(*batch, 5, low=0, high=1)
    options = {} if logits is None else {"fromLogits": logits}
    if name == "Huber":
        options["delta"] = 0.7
    method, gradient = getattr(K, name[0].lower() + name[1:]), getattr(K, "d" + name)
    true = K.array(t)

    def f(x):
        return np.asarray(method(true, K.array(x), reduction=reduction, **options))

    agree(f(p), numpy_loss(name, t, p, logits, reduction), 1e-10)
    up = np.asarray(draw(*f(p).shape))
    dp = gradient(K.array(up) if reduction == "none" else float(up), true, K.array(p), reduction=reduction, **options)
    agree(dp, slopes(f, p, up), 1e-6)
    if reduction != "none":
        agree(gradient(K.array([float(up)]), true, K.array(p), reduction=reduction, **options), dp, 1e-6)


@pytest.mark.parametrize("size", [50.0, 200.0, 1e4])
def test_losses_from_logits_do_not_saturate(size):
    x = K.array([[size, -size, 0.0]])
    wrong, right = K.array([1], NDArray.int32), K.array([0], NDArray.int32)
    assert K.sparseCategoricalCrossEntropy(wrong, x, True).toArray() == pytest.approx(2 * size)
    assert K.sparseCategoricalCrossEntropy(right, x, True).toArray() == pytest.approx(0, abs=1e-6)
    assert K.categoricalCrossEntropy(K.array([[0.0, 1.0, 0.0]]), x, True).toArray() == pytest.approx(2 * size)
    agree(K.dSparseCategoricalCrossEntropy(1.0, wrong, x, True), [[1, -1, 0]], 1e-6)
    agree(K.dCategoricalCrossEntropy(1.0, K.array([[0.0, 1.0, 0.0]]), x, True), [[1, -1, 0]], 1e-6)
    binary = K.array([[size, -size]])
    assert K.binaryCrossEntropy(K.array([[0.0, 1.0]]), binary, True).toArray() == pytest.approx(size)
    agree(K.dBinaryCrossEntropy(1.0, K.array([[0.0, 1.0]]), binary, True), [[0.5, -0.5]], 1e-6)


def test_binary_cross_entropy_of_certain_predictions():
    t = p = K.array([[0.0, 1.0]])
    assert K.binaryCrossEntropy(t, p).toArray() == pytest.approx(0, abs=1e-6)
    assert np.isfinite(np.asarray(K.dBinaryCrossEntropy(1.0, t, p))).all()
    wrong = K.array([[1.0, 0.0]])
    slope = np.asarray(K.dBinaryCrossEntropy(1.0, wrong, p))
    assert slope[0, 0] < -1e5
    assert slope[0, 1] > 1e5


def test_losses_say_what_is_wrong():
    p = K.array(draw(2, 3, dtype="float32"))
    with pytest.raises(InvalidArgumentException, match=r"must be same shape of dimensions.*\[2\],\[2,3\]"):
        K.categoricalCrossEntropy(K.zeros([2]), p)
    with pytest.raises(InvalidArgumentException, match="same batch-shape"):
        K.sparseCategoricalCrossEntropy(K.zeros([3], NDArray.int32), p)
    for logits, method in itertools.product(
        (False, True),
        (
            lambda t, logits: K.sparseCategoricalCrossEntropy(t, p, logits),
            lambda t, logits: K.dSparseCategoricalCrossEntropy(1.0, t, p, logits),
        ),
    ):
        with pytest.raises(InvalidArgumentException, match="class numbers from 0 to 2: 3 was given at row 1"):
            method(K.array([0, 3], NDArray.int32), logits)
        with pytest.raises(InvalidArgumentException, match="trues must be integers"):
            method(K.zeros([2]), logits)
    with pytest.raises(InvalidArgumentException, match="float32 or float64"):
        K.meanSquaredError(K.zeros([2], NDArray.int32), K.zeros([2], NDArray.int32))
    with pytest.raises(InvalidArgumentException, match="one element or more"):
        K.meanSquaredError(K.zeros([0, 2]), K.zeros([0, 2]))
    with pytest.raises(InvalidArgumentException, match="reduction must be 'sum' or 'none'"):
        K.meanSquaredError(p, p, "all")
    with pytest.raises(InvalidArgumentException, match="must be one number"):
        K.dMeanSquaredError(K.zeros([2]), p, p)
    with pytest.raises(InvalidArgumentException, match="loss must not be scaler"):
        K.dMeanSquaredError(1.0, p, p, "none")
    with pytest.raises(InvalidArgumentException, match="of 2 losses must be 2 numbers"):
        K.dMeanSquaredError(K.zeros([3]), p, p, "none")


def test_activation_gradients():
    x, up = draw(3, 4), draw(3, 4)
    for name in ("sigmoid", "softmax", "tanh", "relu"):

        def f(v, name=name):
            return np.asarray(getattr(K, name)(K.array(v)))

        gradient = getattr(K, "d" + name[0].upper() + name[1:])
        agree(gradient(K.array(up), K.array(f(x))), slopes(f, x, up), 1e-7)
    with pytest.raises(InvalidArgumentException, match=r"unmatch predicts shape: \[3\] \[2\]"):
        K.dSoftmax(K.zeros([3]), K.zeros([2]))


# ---- convolution and pooling


def pads_of(size, window, stride, dilation, padding):
    if padding == "valid":
        return 0, 0
    total = max((-(-size // stride) - 1) * stride + (window - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def windows(x, window, stride, dilation, padding, fill):
    """(batch, out..., channels, points of the window) of channels-last images."""
    rank = x.ndim - 2
    pads = [pads_of(x.shape[i + 1], window[i], stride[i], dilation[i], padding) for i in range(rank)]
    x = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=fill)
    outs = [(x.shape[i + 1] - (window[i] - 1) * dilation[i] - 1) // stride[i] + 1 for i in range(rank)]
    taps = []
    for point in np.ndindex(*window):
        cut = [slice(p * d, p * d + (o - 1) * s + 1, s) for p, d, o, s in zip(point, dilation, outs, stride)]
        taps.append(x[(slice(None), *cut)])
    return np.stack(taps, -1)


def convolved(x, kernel, bias, stride, dilation, padding):
    w = windows(x, kernel.shape[:-2], stride, dilation, padding, 0)
    return np.einsum("b...cp,pcf->b...f", w, kernel.reshape(-1, *kernel.shape[-2:])) + bias


CONVOLUTIONS = [  # image, window, strides, dilation
    ([7], [3], [1], [1]),
    ([7], [2], [3], [2]),
    ([6], [1], [2], [1]),
    ([5, 6], [3, 2], [1, 1], [1, 1]),
    ([5, 6], [2, 3], [2, 1], [1, 2]),
    ([4, 5], [1, 1], [1, 1], [1, 1]),
    ([4, 3, 5], [2, 2, 3], [1, 2, 2], [1, 1, 1]),
]


@pytest.mark.parametrize(("image", "window", "strides", "dilation"), CONVOLUTIONS)
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("first", [False, True], ids=["channels_last", "channels_first"])
def test_convolution(image, window, strides, dilation, padding, first):
    rank = len(image)
    x, kernel, bias = draw(2, *image, 3), draw(*window, 3, 4), draw(4)

    def moved(v):
        return np.moveaxis(v, -1, 1) if first else v

    options = (strides, padding, "channels_first" if first else None, dilation)
    conv, gradient = getattr(K, f"conv{rank}d"), getattr(K, f"dConv{rank}d")

    def call(x, kernel, bias):
        return conv(SimpleNamespace(), K.array(moved(x).copy()), K.array(kernel), K.array(bias), *options)

    want = convolved(x, kernel, bias, strides, dilation, padding)
    agree(call(x, kernel, bias), moved(want), 1e-10)
    shape = [3, *image] if first else [*image, 3]
    assert K.calcConvOutputShape(shape, window, *options) == list(want.shape[1:-1])

    status, up = SimpleNamespace(), draw(*want.shape)
    conv(status, K.array(moved(x).copy()), K.array(kernel), K.array(bias), *options)
    dk, db = K.onesLike(K.array(kernel)), K.onesLike(K.array(bias))
    dx = gradient(status, K.array(moved(up).copy()), dk, db)
    f = convolved
    agree(
        np.moveaxis(np.asarray(dx), 1, -1) if first else dx,
        slopes(lambda v: f(v, kernel, bias, strides, dilation, padding), x, up),
        1e-6,
    )
    agree(dk, slopes(lambda v: f(x, v, bias, strides, dilation, padding), kernel, up), 1e-6)
    agree(db, up.reshape(-1, 4).sum(0), 1e-10)


@pytest.mark.parametrize(("image", "window", "strides", "dilation"), CONVOLUTIONS)
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("first", [False, True], ids=["channels_last", "channels_first"])
@pytest.mark.parametrize("mode", ["max", "avg"])
def test_pooling(image, window, strides, dilation, padding, first, mode):
    rank = len(image)
    # all numbers below 0: the padding must not win
    x = draw(2, *image, 3, low=-3, high=-1)

    def twin(v):
        if mode == "max":
            return windows(v, window, strides, dilation, padding, -np.inf).max(-1)
        inside = windows(np.ones_like(v), window, strides, dilation, padding, 0).sum(-1)
        return windows(v, window, strides, dilation, padding, 0).sum(-1) / inside

    def moved(v):
        return np.moveaxis(v, -1, 1).copy() if first else v

    status = SimpleNamespace()
    out = getattr(K, f"pool{rank}d")(
        status, K.array(moved(x)), window, strides, padding, "channels_first" if first else None, dilation, mode
    )
    want = twin(x)
    agree(out, moved(want))
    up = draw(*want.shape)
    dx = np.asarray(getattr(K, f"dPool{rank}d")(status, K.array(moved(up))))
    agree(np.moveaxis(dx, 1, -1) if first else dx, slopes(twin, x, up), 1e-6)


def test_many_images_are_worked_on_in_parts():
    # more patches than fit into one part, in the backward pass too
    x, kernel = draw(40, 20, 20, 8, dtype="float32"), draw(3, 3, 8, 4, dtype="float32")
    status = SimpleNamespace()
    out = K.conv2d(status, K.array(x), K.array(kernel), padding="same")
    one = K.conv2d(SimpleNamespace(), K.array(x[37:38].copy()), K.array(kernel), padding="same")
    agree(np.asarray(out)[37:38], one, 1e-5)
    dk = K.zerosLike(K.array(kernel))
    dx = K.dConv2d(status, out, dk)
    w = windows(x.astype("float64"), [3, 3], [1, 1], [1, 1], "same", 0)
    agree(dk, np.einsum("byxcp,byxf->pcf", w, np.asarray(out)).reshape(3, 3, 8, 4), 1e-2)
    assert dx.shape() == [40, 20, 20, 8]
    status = SimpleNamespace()
    pooled = K.pool2d(status, K.array(x), [2, 2])
    agree(pooled, x.reshape(40, 10, 2, 10, 2, 8).max((2, 4)))
    assert K.sum(K.dPool2d(status, pooled)) == pytest.approx(K.sum(pooled), rel=1e-4)


def test_of_equal_largest_numbers_the_first_gets_the_gradient():
    status = SimpleNamespace()
    K.pool1d(status, K.ones([1, 4, 1]), [2])
    assert K.dPool1d(status, K.ones([1, 2, 1])).toArray() == [[[1], [0], [1], [0]]]


def test_convolution_says_what_is_wrong():
    x, kernel = K.zeros([1, 4, 4, 3]), K.zeros([3, 3, 3, 5])
    with pytest.raises(InvalidArgumentException, match=r"inputs must be 3D NDArray: shape \[1, 4, 4, 3\]"):
        K.conv1d(SimpleNamespace(), x, kernel)
    with pytest.raises(InvalidArgumentException, match="does not fit inputs of 3 channels"):
        K.conv2d(SimpleNamespace(), x, K.zeros([3, 3, 2, 5]))
    with pytest.raises(InvalidArgumentException, match="bias of shape"):
        K.conv2d(SimpleNamespace(), x, kernel, K.zeros([4]))
    with pytest.raises(InvalidArgumentException, match="padding must be valid or same"):
        K.conv2d(SimpleNamespace(), x, kernel, None, None, "full")
    with pytest.raises(InvalidArgumentException, match="data_format must be channels_last or channels_first"):
        K.conv2d(SimpleNamespace(), x, kernel, None, None, None, "NHWC")
    with pytest.raises(InvalidArgumentException, match="strides must be 2 positive integers"):
        K.conv2d(SimpleNamespace(), x, kernel, None, [0, 1])
    with pytest.raises(InvalidArgumentException, match="does not fit into"):
        K.conv2d(SimpleNamespace(), x, K.zeros([5, 5, 3, 1]))
    with pytest.raises(InvalidArgumentException, match="does not fit into"):
        K.calcConvOutputShape([4, 4, 3], [5, 5], [1, 1])
    with pytest.raises(InvalidArgumentException, match="pool_mode must be max or avg"):
        K.pool2d(SimpleNamespace(), x, [2, 2], pool_mode="min")
    with pytest.raises(InvalidArgumentException, match="float32 or float64"):
        K.pool2d(SimpleNamespace(), K.zeros([1, 4, 4, 1], NDArray.int32), [2, 2])
    status = SimpleNamespace()
    K.conv2d(status, x, kernel)
    with pytest.raises(InvalidArgumentException, match="do not fit the result"):
        K.dConv2d(status, K.zeros([1, 3, 2, 5]), K.zerosLike(kernel))
    with pytest.raises(InvalidArgumentException, match="dKernel of shape"):
        K.dConv2d(status, K.zeros([1, 2, 2, 5]), K.zeros([3, 3, 3, 4]))
    with pytest.raises(InvalidArgumentException, match="status is not that of"):
        K.dConv1d(status, K.zeros([1, 2, 5]), K.zerosLike(kernel))


# ---- sequences


def cell(w, u):
    """A plain recurrent cell with two states: tanh(x w + h u), and a running sum of outputs."""

    def step(x, states, training=None, calcState=None):
        calcState.x, calcState.h = x, states[0]
        calcState.out = K.tanh(K.add(K.matmul(x, w), K.matmul(states[0], u)))
        return [calcState.out, K.add(states[1], calcState.out)]

    def back(dStates, calcState):
        d = K.dTanh(K.add(dStates[0], dStates[1]), calcState.out)
        return K.matmul(d, w, False, True), [K.matmul(d, u, False, True), dStates[1]]

    return step, back


def numpy_rnn(x, h, s, w, u, backwards, mask):
    outs = np.zeros((*x.shape[:2], u.shape[0]))
    for t in range(x.shape[1])[:: -1 if backwards else 1]:
        new = np.tanh(x[:, t] @ w + h @ u)
        on = mask[:, t : t + 1]
        h, s = np.where(on, new, h), np.where(on, s + new, s)
        outs[:, t] = h
    return outs, h, s


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
def test_rnn_and_its_gradient(backwards, masked, sequences):
    x, h, s, w, u = draw(3, 4, 2), draw(3, 5), draw(3, 5), draw(2, 5), draw(5, 5) / 2
    mask = np.ones((3, 4), bool)
    if masked:
        mask[0, 2:] = mask[1, :2] = mask[2, 1] = False
    given = K.array(mask) if masked else None
    step, back = cell(K.array(w), K.array(u))
    outs, h1, s1 = numpy_rnn(x, h, s, w, u, backwards, mask)
    whole = K.zeros([3, 4, 5], NDArray.float64) if sequences else None
    start = [K.array(h), K.array(s)]
    out, states, kept = K.rnn(step, K.array(x), start, True, whole, backwards, given)
    agree(out, outs if sequences else h1)
    agree(states[0], h1)
    agree(states[1], s1)
    agree(start[0], h)

    up, dh, ds = draw(*np.asarray(out).shape), draw(3, 5), draw(3, 5)

    def total(x, h, s):
        outs, h1, s1 = numpy_rnn(x, h, s, w, u, backwards, mask)
        return ((outs if sequences else h1) * up).sum() + (h1 * dh).sum() + (s1 * ds).sum()

    last = [K.array(dh), K.array(ds)]
    dx, dstart = K.rnnBackward(back, K.array(up), last, kept, K.zeros([3, 4, 2], NDArray.float64), backwards, given)
    agree(dx, slopes(lambda v: total(v, h, s), x, 1.0), 1e-6)
    agree(dstart[0], slopes(lambda v: total(x, v, s), h, 1.0), 1e-6)
    agree(dstart[1], slopes(lambda v: total(x, h, v), s, 1.0), 1e-6)
    agree(last[0], dh)


def test_timesteps():
    x = draw(2, 3, 4)
    a = K.array(x)
    agree(K.rnnGetTimestep(a, 1), x[:, 1])
    assert K.rnnSetTimestep(a, 2, K.zeros([2, 4], NDArray.float64)) is a
    agree(np.asarray(a)[:, 2], np.zeros((2, 4)))
    mask = np.array([[True, False], [False, False]])
    assert np.asarray(K.rnnGetTimestepMask(K.array(mask), 0)).tolist() == [True, False]
    assert K.rnnGetTimestepMask(None, 0) is None
    with pytest.raises(OutOfRangeException, match="step 3 asked for"):
        K.rnnGetTimestep(a, 3)
    with pytest.raises(InvalidArgumentException, match="array must be 3D"):
        K.rnnGetTimestep(K.zeros([2, 2]), 0)
    with pytest.raises(InvalidArgumentException, match="mask must be 2D"):
        K.rnnGetTimestepMask(a, 0)
    with pytest.raises(InvalidArgumentException, match="does not fit a sequence"):
        K.rnnSetTimestep(a, 0, K.zeros([2, 3], NDArray.float64))
    with pytest.raises(InvalidArgumentException, match="does not fit a sequence of shape"):
        K.rnn(cell(None, None)[0], a, [a], mask=K.array(mask))
