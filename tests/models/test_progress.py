"""The progress of an epoch on a terminal and elsewhere, with a clock that the test moves."""

import gc
import weakref

import pytest
from small_models import Net, compiled, quiet

from rindow_nn.models import progress
from rindow_nn.models.progress import Progress


class Fixed:
    def __init__(self, value):
        self.value = value

    def result(self):
        return self.value


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

        def time(self):
            return self.now

    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def test_on_a_terminal(clock):
    """The bar with samples a second, remaining time and the numbers so far, drawn ten times a second at most."""
    text = []
    bar = Progress(text.append, 1, 3, terminal=True)
    bar.begin(0, 100)
    metrics = {"loss": Fixed(0.5), "accuracy": Fixed(0.25)}
    for done in range(100):
        bar.step(done, done * 32, metrics)
        clock.now += 0.0625
    bar.end(100, 3200, metrics)
    drawn = "".join(text).split("\r")
    assert drawn[0] == "Epoch 1/3 "
    assert 30 < len(drawn) < 60
    half = next(line for line in drawn if "." * 13 + " " in line)
    assert half.startswith("Epoch 1/3 [.............            ] 3 sec. remaining:00:04  512 samples/s ")
    assert half.rstrip().endswith("loss:0.5000 accuracy:0.2500")
    assert drawn[-1].startswith("Epoch 1/3 [.........................] 6 sec. remaining:00:00  512 samples/s ")


def test_long_and_slow_epochs(clock):
    text = []
    bar = Progress(text.append, 1, 1, terminal=True)
    bar.begin(0, 10)
    clock.now += 1000
    bar.step(1, 3, {})
    assert "] 1000 sec. remaining:2:30:00  0.003 samples/s " in text[-1]


def test_an_unknown_number_of_steps(clock):
    text = []
    bar = Progress(text.append, 1, 1, terminal=True)
    bar.begin(0, 0)
    clock.now += 1
    bar.step(5, 50, {})
    assert text[-1].startswith("\rEpoch 1/1 [.                        ] 1 sec. remaining:????  50 samples/s")
    bar.end(8, 80, {})
    assert "[.........................]" in text[-1]


def test_elsewhere_it_is_a_line_that_grows(clock):
    text = []
    bar = Progress(text.append, 1, 2, terminal=False)
    bar.begin(1, 50)
    for done in range(50):
        bar.step(done, done, {})
        clock.now += 1
    assert "".join(text) == "Epoch 2/2 [" + "." * 25
    bar.end(50, 50, {})
    assert "".join(text) == "Epoch 2/2 [" + "." * 25 + "] 50 sec. remaining:00:00  "


def test_silence():
    text = []
    bar = Progress(text.append, 0, 1, terminal=True)
    bar.begin(0, 10)
    bar.step(1, 1, {})
    bar.end(10, 10, {})
    assert text == []


@pytest.mark.parametrize("eagerly", [False, True])
def test_models_go_when_they_are_dropped(eagerly):
    """With plans, steps and metrics, by reference counting alone."""
    gc.collect()
    gc.disable()
    try:
        model = compiled(Net(), run_eagerly=eagerly)
        quiet(model, validation_data=([[1.0, 2.0]], [0]))
        gone, layer = weakref.ref(model), weakref.ref(model.d1)
        del model
        assert gone() is None
        assert layer() is None
    finally:
        gc.enable()
