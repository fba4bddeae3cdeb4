"""The events that fit, evaluate and predict tell callbacks of, and their order."""

import pytest
from common import Accuracy, Mean, Net, T, X, compiled, quiet

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.callbacks import AbstractCallback, Callback, CallbackList, Events, TerminateOnNaN

BATCH = ("onTrainBatchBegin", "onTrainBatchEnd", "onTestBatchBegin", "onTestBatchEnd")
EPOCH = ("onEpochBegin", "onEpochEnd")
WHOLE = ("onTrainBegin", "onTrainEnd", "onTestBegin", "onTestEnd", "onPredictBegin", "onPredictEnd")


class Log(AbstractCallback):
    """Every event with what it is told."""

    def __init__(self):
        super().__init__()
        self.events = []


def _noting(event):
    def method(self, *args):
        self.events.append((event, *args))

    return method


for _event in (*BATCH, *EPOCH, *WHOLE):
    setattr(Log, _event, _noting(_event))


def kinds(events):
    return [e[0] if e[0] in WHOLE else (e[0], e[1]) for e in events]


def test_every_event_is_there():
    assert {e for e in vars(Events) if e.startswith("on")} == {*BATCH, *EPOCH, *WHOLE}


def test_fit():
    log = Log()
    model = compiled(Net())
    history = quiet(model, epochs=2, batch_size=4, validation_data=(X, T), callbacks=[log])
    epoch = [
        ("onTrainBatchBegin", 0), ("onTrainBatchEnd", 0), ("onTrainBatchBegin", 1), ("onTrainBatchEnd", 1),
        "onTestBegin", ("onTestBatchBegin", 0), ("onTestBatchEnd", 0), ("onTestBatchBegin", 1), ("onTestBatchEnd", 1),
        "onTestEnd",
    ]  # fmt: skip
    assert kinds(log.events) == [
        "onTrainBegin",
        ("onEpochBegin", 0), *epoch, ("onEpochEnd", 0),
        ("onEpochBegin", 1), *epoch, ("onEpochEnd", 1),
        "onTrainEnd",
    ]  # fmt: skip
    told = {(e[0], e[1]): e[2] for e in log.events if e[0] in EPOCH}
    assert told["onEpochBegin", 0] is None
    for i in (0, 1):
        assert told["onEpochEnd", i] == {name: values[i] for name, values in history.items()}
    test_ends = [e[1] for e in log.events if e[0] == "onTestEnd"]
    assert [t["loss"] for t in test_ends] == history["val_loss"]
    assert log.events[-1][1] == {name: values[1] for name, values in history.items()}
    assert log.events[0] == ("onTrainBegin", None)


def test_batches_are_told_the_metrics():
    class Means(AbstractCallback):
        losses = []

        def onTrainBatchEnd(self, batch, metrics):
            assert list(metrics) == ["loss", "accuracy"]
            assert isinstance(metrics["accuracy"], Accuracy)
            self.losses.append(metrics["loss"].result())

    seen = Means()
    history = quiet(compiled(Net()), callbacks=[seen])
    assert len(seen.losses) == 3
    assert seen.losses[-1] == history["loss"][0]


def test_evaluate_and_predict():
    log = Log()
    model = compiled(Net())
    found = model.evaluate(X, T, batch_size=6, callbacks=[log])
    assert kinds(log.events) == ["onTestBegin", ("onTestBatchBegin", 0), ("onTestBatchEnd", 0), "onTestEnd"]
    assert log.events[-1] == ("onTestEnd", found)
    assert log.getModel() is model
    log.events = []
    model.predict(X, callbacks=[log])
    model.predict(X, [log])
    model.predict(X, callbacks=CallbackList(model, [log]))
    assert kinds(log.events) == ["onPredictBegin", "onPredictEnd"] * 3


def test_several_in_their_order():
    order = []

    class Named(AbstractCallback):
        def __init__(self, name):
            super().__init__()
            self.name = name

        def onEpochEnd(self, epoch):  # takes less than is offered
            order.append((self.name, epoch))

    quiet(compiled(Net()), epochs=2, callbacks=(Named("a"), Named("b")))
    assert order == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]


def test_a_callback_stops_training():
    class Stop(AbstractCallback):
        def __init__(self, epoch, batch):
            super().__init__()
            self.at = epoch, batch
            self.ended = False

        def onEpochBegin(self, epoch):
            self.epoch = epoch

        def onTrainBatchEnd(self, batch):
            if (self.epoch, batch) == self.at:
                self.model.stop_training = True

        def onTrainEnd(self):
            self.ended = True

    model = compiled(Net())
    log, stop = Log(), Stop(1, 1)
    history = quiet(model, epochs=5, callbacks=[stop, log])
    assert len(history["loss"]) == 2  # the epoch that was cut off counts
    assert stop.ended
    assert [e[1] for e in log.events if e[0] == "onTrainBatchEnd"] == [0, 1, 2, 0, 1]
    assert len(quiet(model, epochs=3)["loss"]) == 3  # the next fit runs


def test_an_error_in_a_callback_leaves_the_model_usable():
    class Broken(AbstractCallback):
        def onEpochEnd(self, epoch):
            if epoch == 1:
                raise KeyError("mine")

    model = compiled(Net())
    with pytest.raises(KeyError, match="mine"):
        quiet(model, epochs=5, callbacks=[Broken()])
    assert len(model.history["loss"]) == 2
    quiet(model)


def test_what_is_no_callback():
    for wrong in (5, "x", {"a": 1}, [5], [Log]):
        with pytest.raises(InvalidArgumentException, match="callbacks must be list of Callback"):
            CallbackList(compiled(Net()), wrong)
    with pytest.raises(TypeError):
        Callback()


def test_a_model_in_the_constructor():
    model = Net()
    assert Log().getModel() is None
    assert AbstractCallback(model).getModel() is model


@pytest.mark.parametrize("eagerly", [False, True])
def test_terminate_on_nan(eagerly, capsys):
    """The history so far is returned, where fit alone raises; the weights stay numbers."""
    x = X.toArray()
    x[3][0] = float("nan")
    model = compiled(Net(), run_eagerly=eagerly)
    stop, log = TerminateOnNaN(), Log()
    history = quiet(model, x, epochs=4, callbacks=[log, stop])
    assert stop.stopped_batch == 1
    assert capsys.readouterr().out == "Batch 1: Invalid loss, terminating training\n"
    assert len(history["loss"]) == 1
    assert history["loss"][0] != history["loss"][0]
    assert log.events[-1][0] == "onTrainEnd"
    assert model.evaluate(X, T)["loss"] < 10
    quiet(model, epochs=2, callbacks=[stop])
    assert stop.stopped_batch is None


def test_terminate_on_nan_without_a_loss_among_the_metrics():
    x = X.toArray()
    x[0][0] = float("nan")
    model = compiled(Net(), metrics={"share": Accuracy("share")})
    stop = TerminateOnNaN()
    assert list(quiet(model, x, epochs=3, callbacks=[stop])) == ["share"]
    assert stop.stopped_batch == 0
    model = compiled(Net(), metrics=[Mean()])
    quiet(model, callbacks=[stop])
    assert stop.stopped_batch is None
