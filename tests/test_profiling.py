"""Profiles: what they note, how they add it up, the operations they count."""

import json
import threading

import pytest

import rindow_nn
from rindow_math.exceptions import LogicException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_math.matrix.buffer import memoryInfo
from rindow_nn.builder import NeuralNetworks
from rindow_nn.layers import AbstractLayer
from rindow_nn.profiling import Event, Profile, _flops

mo = MatrixOperator()
nn = NeuralNetworks(mo)
g = nn.gradient()
K = nn.backend

X = mo.ones([6, 3])
T = mo.zeros([6], NDArray.int32)


def model():
    made = nn.models.Sequential(
        [
            nn.layers.Dense(4, input_shape=[3], activation="relu", name="first"),
            nn.layers.Dense(2, activation="softmax", name="last"),
        ]
    )
    made.compile(optimizer="adam")
    return made


def rows_of(profile):
    return {(r.layer, r.what, r.phase): r for r in profile.rows()}


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_training_step(eagerly):
    """Each layer forward and back, by whatever way the step runs; and what else a step takes."""
    net = model()
    net.compile(optimizer="adam", run_eagerly=eagerly)
    net.fit(X, T, batch_size=2, verbose=0)  # traced, if it is
    with rindow_nn.profile() as p:
        net.fit(X, T, batch_size=2, verbose=0)
    rows = rows_of(p)
    for layer in ("first", "last"):
        for phase in ("forward", "backward"):
            assert rows[layer, "Dense", phase].calls == 3
    for phase in ("forward", "backward"):
        assert ("last", "Softmax", phase) in rows  # an activation is of its layer
        assert ("SparseCategoricalCrossEntropy", "Loss", phase) in rows
    assert rows["first", "Dense", "forward"].flops == 3 * 2 * 2 * 3 * 4
    assert rows["first", "Dense", "backward"].flops == 3 * 2 * 2 * 3 * 4  # of the kernel; nobody asks for the inputs'
    assert rows["last", "Dense", "backward"].flops == 3 * 2 * (2 * 2 * 4 * 2)
    assert rows["first", "Dense", "forward"].bytes == 3 * 4 * (2 * 3 + 3 * 4 + 4 + 2 * 4)
    assert rows["", "Adam", "other"].calls == 3
    assert rows["", "metrics", "other"].calls == 3
    assert rows["", "batch", "other"].calls == 3
    inside = sum(row.seconds for row in rows.values())
    assert 0 < inside <= p.seconds()


def test_the_step_is_the_same_while_it_is_profiled():
    found = []
    for profiled in (False, True):
        nn.utils().setSeed(1)
        net = model()
        if profiled:
            with rindow_nn.profile():
                history = net.fit(X, T, batch_size=2, verbose=0, epochs=2)
        else:
            history = net.fit(X, T, batch_size=2, verbose=0, epochs=2)
        found.append((history, net.predict(X).toArray()))
    assert found[0] == found[1]


def test_a_step_that_is_traced_while_it_is_profiled():
    net = model()
    net.compile(optimizer="adam")
    for _ in range(2):
        with rindow_nn.profile() as p:
            net.fit(X, T, batch_size=2, verbose=0)
    rows = rows_of(p)
    assert all(rows[layer, "Dense", "backward"].calls == 3 for layer in ("first", "last"))


def test_a_profile_keeps_no_arrays():
    """Neither of what is compiled nor of what runs as without compilation: here a user's layer."""

    class Own(AbstractLayer):
        def call(self, inputs, training=None):
            return K.scale(2, inputs)

        def differentiate(self, dOutputs):
            return K.scale(2, dOutputs)

    net = nn.models.Sequential([Own(K), nn.layers.Dense(3), Own(K)])
    net.compile(loss=nn.losses.SparseCategoricalCrossEntropy(from_logits=True))
    x, t = K.ones([4000, 500]), K.zeros([4000], dtype=NDArray.int32)
    net.fit(x, t, batch_size=1000, verbose=0)
    before = memoryInfo()["in_use"]
    with rindow_nn.profile():
        net.fit(x, t, batch_size=1000, verbose=0)
    assert memoryInfo()["in_use"] - before < 1000 * 500


def test_elementwise_chains():
    f = g.Function(lambda a: g.exp(g.mul(a, a)))
    a = g.Variable([1.0, 2.0])
    f(a)
    with rindow_nn.profile() as p:
        f(a)
        g.square(a)
    assert set(rows_of(p)) == {("", "Mul+Exp", "forward"), ("", "Square", "forward")}


def test_what_a_gradient_calls_is_a_part_of_it():
    net = nn.models.Sequential([nn.layers.Dense(2, name="only")])
    with g.GradientTape() as tape:
        y = g.reduceSum(net(X))
    with rindow_nn.profile() as p:
        tape.gradient(y, net.trainableVariables())
    assert ("only", "Dense", "backward") in rows_of(p)
    assert {phase for _, _, phase in rows_of(p)} == {"backward"}


def test_layers_that_users_write():
    class Doubled(AbstractLayer):
        def call(self, inputs, training=None):
            return K.scale(2, inputs)

        def differentiate(self, dOutputs):
            return K.scale(2, dOutputs)

    layer = Doubled(K)
    layer.setName("doubled")
    net = nn.models.Sequential([layer, nn.layers.Dense(3), layer])
    net.compile(loss=nn.losses.SparseCategoricalCrossEntropy(from_logits=True))
    net.fit(X, T, verbose=0)
    with rindow_nn.profile() as p:
        net.fit(X, T, verbose=0)
    calls = {(phase, r.calls) for (name, _, phase), r in rows_of(p).items() if name == "doubled"}
    assert calls == {("forward", 2), ("backward", 1)}


def test_nothing_is_noted_outside():
    net = model()
    with rindow_nn.profile() as p:
        pass
    net.predict(X)
    assert p.events() == []
    assert p.rows() == []
    assert "total" in p.table()
    seconds = p.seconds()
    assert p.seconds() == seconds


def test_two_at_once():
    with rindow_nn.profile() as p:
        with pytest.raises(LogicException, match="a profile is being taken already"), rindow_nn.profile():
            pass
        g.square(g.Variable(1.0))
    assert len(p.events()) == 1  # the first one goes on


def test_an_error_inside_ends_it():
    with pytest.raises(KeyError), rindow_nn.profile() as p:
        raise KeyError
    g.square(g.Variable(1.0))
    assert p.events() == []
    with rindow_nn.profile():
        pass


def made_up(*events):
    p = Profile()
    p._events = [(phase, what, layer, [], [], begin, end, thread) for phase, what, layer, begin, end, thread in events]
    p._began, p._ended = 0, 100
    return p


def test_time_inside_a_call_is_not_its_own():
    p = made_up(
        ("forward", "InnerFunction", None, 20, 30, 1),
        ("forward", "OtherFunction", None, 40, 45, 1),
        ("forward", "OtherFunction", None, 22, 90, 2),  # another thread
        ("forward", "OuterFunction", None, 10, 60, 1),
        ("forward", "AfterFunction", None, 60, 61, 1),
    )
    ns = {r.what: round(r.seconds * 1e9) for r in p.rows()}
    assert ns == {"Inner": 10, "Other": 73, "Outer": 35, "After": 1}
    assert [r.what for r in p.rows()] == ["Other", "Outer", "Inner", "After"]


def test_the_table():
    p = made_up(("forward", "DenseFunction", "d", 0, 50, 1), ("other", "Adam", None, 60, 85, 1))
    p._events[0] = (*p._events[0][:3], [((2, 3), 4), ((3, 4), 4)], [((2, 4), 4)], *p._events[0][5:])
    lines = p.table().splitlines()
    assert lines[0].split() == ["layer", "call", "calls", "ms", "%", "GFLOP/s", "GB/s"]
    assert lines[1].split() == ["d", "Dense", "forward", "1", "0.000", "50.0", "1.0", "2.1"]
    assert lines[2].split() == ["Adam", "other", "1", "0.000", "25.0", "0.0"]
    assert lines[3].split()[-1] == "25.0"
    assert lines[3].startswith("between the calls")
    assert str(p) == p.table()
    assert len(p.table(1).splitlines()) == 4


def test_spans():
    with rindow_nn.profile() as p, p.span("loading"):
        g.square(g.Variable(1.0))
    assert set(rows_of(p)) == {("", "loading", "other"), ("", "Square", "forward")}


def test_threads():
    def work():
        g.square(g.Variable(1.0))

    with rindow_nn.profile() as p:
        threads = [threading.Thread(target=work) for _ in range(3)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert rows_of(p)["", "Square", "forward"].calls == 3


def test_chrome_trace(tmp_path):
    with rindow_nn.profile() as p:
        model()(X)
    p.trace(tmp_path / "trace.json")
    found = json.loads((tmp_path / "trace.json").read_text())
    assert [e["name"] for e in found["traceEvents"]] == ["first (Dense)", "last (Dense)", "Softmax"]
    first = found["traceEvents"][0]
    assert (first["ph"], first["cat"]) == ("X", "forward")
    assert first["args"] == {"inputs": [[6, 3], [3, 4], [4]], "outputs": [[6, 4]]}
    assert first["dur"] > 0
    assert first["ts"] >= 0
    ends = [e["ts"] + e["dur"] for e in found["traceEvents"]]
    assert ends == sorted(ends)


# ---------------------------------------------------------------------------------------------------- operations


def flops(what, phase, inputs, outputs):
    return _flops(Event(phase, what, None, [(s, 4) for s in inputs], [(s, 4) for s in outputs], 0, 1, 0))


IMAGES, FILTERS, PIXELS = (2, 8, 8, 3), (3, 3, 3, 16), (2, 6, 6, 16)
CONVOLUTION = 2 * (2 * 6 * 6) * 16 * (3 * 3 * 3)
SEQUENCES = (2, 7, 5)  # batch, steps, features
GRU = 2 * 2 * 7 * (5 * 12 + 4 * 12)
LSTM = 2 * 2 * 7 * (5 * 16 + 4 * 16)
QUERY, VALUE = (2, 4, 8), (2, 6, 8)
ATTENTION = 2 * 2 * 4 * 6 * (8 + 8)
HEADS = [(8, 6), (6,), (8, 6), (6,), (8, 10), (10,), (10, 8), (8,)]  # queries, keys, values, result
MULTI_HEAD = 2 * (2 * 4 * (8 * 6 + 10 * 8) + 2 * 6 * (8 * 6 + 8 * 10) + 2 * 4 * 6 * 2 * (3 + 5))


@pytest.mark.parametrize(
    "what, phase, inputs, outputs, count",
    [
        ("Matmul", "forward", [(4, 3), (3, 5)], [(4, 5)], 120),
        ("Matmul", "backward", [(4, 3), (3, 5)], [(4, 5)], 120),
        ("DenseFunction", "forward", [(2, 7, 3), (3, 5), (5,)], [(2, 7, 5)], 420),
        ("DenseFunction", "backward", [(4, 3), (3, 5), (5,), (4, 5)], [(4, 3), (3, 5), (5,)], 240),
        ("DenseGradient", "backward", [(4, 5), (4, 3), (3, 5), (4, 5), (5,)], [(4, 3), (3, 5), (5,)], 240),
        ("DenseGradient", "backward", [(4, 5), (4, 3), (3, 5), (4, 5), (5,)], [(3, 5), (5,)], 120),
        ("EinsumFunction", "forward", [(2, 4, 3), (3, 5)], [(2, 4, 5)], 240),
        ("EinsumGradient", "backward", [(2, 4, 5), (2, 4, 5), (2, 4, 3), (3, 5)], [(2, 4, 3), (3, 5)], 480),
        ("ConvFunction", "forward", [IMAGES, FILTERS, (16,)], [PIXELS], CONVOLUTION),
        ("ConvFunction", "backward", [IMAGES, FILTERS, (16,), PIXELS], [FILTERS, (16,)], CONVOLUTION),
        ("ConvGradient", "backward", [PIXELS, IMAGES, FILTERS, PIXELS], [IMAGES, FILTERS], 2 * CONVOLUTION),
        ("RecurrentFunction", "forward", [SEQUENCES, (5, 12), (4, 12), (2, 12)], [(2, 4)], GRU),
        ("RecurrentFunction", "forward", [SEQUENCES, (2, 4), (2, 4), (5, 16), (4, 16), (16,)], [(2, 4)], LSTM),
        ("RecurrentFunction", "backward", [SEQUENCES, (5, 12), (4, 12), (2, 4)], [(5, 12), (4, 12)], 2 * GRU),
        ("DotProductFunction", "forward", [QUERY, VALUE], [QUERY], ATTENTION),
        ("DotProductFunction", "forward", [QUERY, VALUE, VALUE], [QUERY], ATTENTION),
        ("DotProductGradient", "backward", [QUERY, VALUE, (9,), QUERY], [QUERY, VALUE], 2 * ATTENTION),
        ("MultiHeadFunction", "forward", [QUERY, VALUE, *HEADS], [QUERY], MULTI_HEAD),
        ("MultiHeadFunction", "forward", [QUERY, VALUE, VALUE, *HEADS], [QUERY], MULTI_HEAD),
        ("Square", "forward", [(4, 5)], [(4, 5)], 0),
    ],
)
def test_operations(what, phase, inputs, outputs, count):
    assert flops(what, phase, inputs, outputs) == pytest.approx(count)


def test_operations_of_real_layers():
    """The counts stand on the order of a call's inputs: that of the layers as they are."""
    layers, x = nn.layers, mo.ones([2, 4, 8])
    cases = [
        (layers.Attention(), [x, mo.ones([2, 6, 8])], 2 * 2 * 4 * 6 * 16),
        (layers.EinsumDense("abc,cd->abd", [None, 5]), x, 2 * 2 * 4 * 8 * 5),
        (layers.MultiHeadAttention(2, 3), [x, x], 2 * (4 * 8 * 8 * 6 + 2 * 4 * 4 * 2 * 6)),
    ]
    for layer, inputs, count in cases:
        variables = [g.Variable(v) for v in inputs] if isinstance(inputs, list) else g.Variable(inputs)
        layer.build(variables)
        with rindow_nn.profile() as p:
            layer.forward(variables)
        assert sum(r.flops for r in p.rows()) == pytest.approx(count), layer
        sources = variables if isinstance(variables, list) else [variables]
        with g.GradientTape() as tape:
            z = g.reduceSum(layer.forward(variables))
        with rindow_nn.profile() as p:
            tape.gradient(z, [*sources, *layer.trainableVariables()])
        assert sum(r.flops for r in p.rows()) == pytest.approx(2 * count), layer
