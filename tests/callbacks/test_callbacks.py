"""Callbacks of the library, told made-up numbers and in real training."""

import csv
import math
import warnings

import numpy as np
import pytest
from common import Net, T, X, compiled, nn, quiet

from rindow_math.exceptions import InvalidArgumentException
from rindow_nn.callbacks import (
    AbstractCallback,
    CSVLogger,
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
)


def fed(callback, values, name="val_loss", model=None):
    """The callback after these numbers, one an epoch; answers after which epoch it stopped the model."""
    model = compiled(Net()) if model is None else model
    model.build([1, 2])
    model.stop_training = False
    callback.setModel(model)
    callback.onTrainBegin()
    stopped = None
    for epoch, value in enumerate(values):
        callback.onEpochBegin(epoch)
        mark(model, epoch)
        callback.onEpochEnd(epoch, {name: value})
        if model.stop_training:
            stopped = epoch
            break
    callback.onTrainEnd()
    return stopped


def mark(model, epoch):
    """Weights that tell the epoch."""
    for v in model.variables():
        np.asarray(v)[...] = epoch


def marked(model):
    values = {float(np.asarray(v).flat[0]) for v in model.variables()}
    assert len(values) == 1
    return values.pop()


# ------------------------------------------------------------------------------------------------ EarlyStopping


@pytest.mark.parametrize(
    "options, values, stopped",
    [
        ({}, [3, 2, 1, 1], 3),
        ({}, [3, 2, 1, 0], None),
        ({"patience": 1}, [3, 2, 2.5], 2),
        ({"patience": 2}, [3, 2, 2.5, 2.4], 3),
        ({"patience": 2}, [3, 2, 2.5, 1.9, 2, 2], 5),
        ({"min_delta": 0.5, "patience": 1}, [3, 2.4, 2.1], 2),
        ({"min_delta": -0.5, "patience": 1}, [3, 2.4, 2.1], 2),
        ({"mode": "max", "patience": 1}, [1, 2, 1], 2),
        ({"monitor": "accuracy", "patience": 1}, [0.1, 0.2, 0.1], 2),
        ({"monitor": "val_auc", "patience": 1}, [0.1, 0.2, 0.1], 2),
        ({"monitor": "accuracy", "mode": "min", "patience": 1}, [0.1, 0.2], 1),
        ({"baseline": 2.0, "patience": 2}, [3, 2.9, 2.8], 1),
        ({"baseline": 2.0, "patience": 2}, [3, 1.9, 1.8], None),
        ({"start_from_epoch": 3}, [1, 2, 3, 4, 5], 4),
        ({"patience": 1}, [3, math.nan, 1], 1),
        ({"patience": 2}, [math.nan, 2, 1], None),
    ],
)
def test_early_stopping(options, values, stopped):
    callback = EarlyStopping(**options)
    assert fed(callback, values, callback.monitor) == stopped
    assert callback.stopped_epoch == (stopped or 0)


def test_early_stopping_restores_the_best_weights(capsys):
    model = compiled(Net())
    callback = EarlyStopping(patience=2, restore_best_weights=True, verbose=1)
    assert fed(callback, [3, 1, 2, 2], model=model) == 3
    assert (callback.best, callback.best_epoch, marked(model)) == (1, 1, 1)
    assert capsys.readouterr().out == (
        "Epoch 4: early stopping\nRestoring model weights from the end of the best epoch: 2.\n"
    )
    fed(callback, [3, 1, 2], model=model)  # also where it did not stop
    assert marked(model) == 1
    fed(EarlyStopping(patience=2), [3, 1, 2, 2], model=model)
    assert marked(model) == 3
    callback = EarlyStopping(patience=1, restore_best_weights=True, baseline=0.5)
    assert fed(callback, [3, 1, 2], model=model) == 1  # the best one, though none beat the baseline
    assert callback.best == 1


def test_early_stopping_in_training():
    """The weights after fit are those that gave the best validation loss."""
    nn.utils().setSeed(0)
    model = compiled(Net(hidden=32), optimizer=nn.optimizers.Adam(lr=0.2))
    wrong = T.toArray()[::-1]  # the more it learns, the worse
    callback = EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True)
    history = quiet(model, epochs=50, validation_data=(X, wrong), callbacks=[callback])
    count = len(history["val_loss"])
    assert count < 50
    best = int(np.argmin(history["val_loss"]))
    assert (callback.best_epoch, callback.stopped_epoch) == (best, count - 1)
    assert model.evaluate(X, wrong, batch_size=2)["loss"] == history["val_loss"][best]
    assert model.evaluate(X, wrong, batch_size=2)["loss"] < history["val_loss"][-1]


def test_a_number_that_is_not_there():
    with pytest.warns(RuntimeWarning, match="EarlyStopping: the epoch has no 'val_loss'; it has loss, accuracy"):
        history = quiet(compiled(Net()), epochs=2, callbacks=[EarlyStopping()])
    assert len(history["loss"]) == 2


@pytest.mark.parametrize("cls", [EarlyStopping, ReduceLROnPlateau, lambda **o: ModelCheckpoint("x", **o)])
def test_unknown_modes(cls):
    with pytest.raises(InvalidArgumentException, match=r"mode must be 'auto', 'min' or 'max'\. Received: 'best'"):
        cls(mode="best")


# -------------------------------------------------------------------------------------------------- learning rate


class Rates(AbstractCallback):
    """The rate in each epoch."""

    def __init__(self):
        super().__init__()
        self.rates = []

    def onTrainBatchEnd(self, batch):
        if batch == 0:
            self.rates.append(self.model.optimizer().lr())


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_scheduler(optimizer, capsys):
    rates = Rates()
    model = compiled(Net(), optimizer=getattr(nn.optimizers, optimizer)(lr=0.5))
    quiet(model, epochs=3, callbacks=[LearningRateScheduler(lambda epoch, lr: lr / 2), rates])
    assert rates.rates == [0.25, 0.125, 0.0625]
    quiet(model, epochs=2, callbacks=[LearningRateScheduler(lambda epoch: epoch + 1, verbose=1)])
    assert model.optimizer().lr() == 2.0
    assert capsys.readouterr().out.splitlines() == [
        f"Epoch {n}: LearningRateScheduler setting learning rate to {n}.0." for n in (1, 2)
    ]


def test_the_rate_is_the_one_that_is_used():
    """A rate of 0 leaves the weights."""
    model = compiled(Net(), optimizer="sgd")
    model.build([1, 2])
    before = [np.asarray(v).copy() for v in model.variables()]
    quiet(model, callbacks=[LearningRateScheduler(lambda epoch: 0.0)])
    for v, x in zip(model.variables(), before):
        np.testing.assert_array_equal(np.asarray(v), x)


def test_schedulers_that_do_not_do():
    with pytest.raises(InvalidArgumentException, match=r"schedule must be a function. Received: 0\.5"):
        LearningRateScheduler(0.5)
    model = compiled(Net())
    for wrong in ("x", None, True):
        with pytest.raises(InvalidArgumentException, match=f"the schedule must give a number. Received: {wrong!r}"):
            quiet(model, callbacks=[LearningRateScheduler({0: wrong}.get)])
    model = compiled(Net(), optimizer=nn.optimizers.Adam(lr=lambda step: 0.1))
    with pytest.raises(InvalidArgumentException, match="the optimizer has a function for it"):
        quiet(model, callbacks=[LearningRateScheduler(lambda e: 0.1)])


@pytest.mark.parametrize(
    "options, values, rates",
    [
        ({"factor": 0.5, "patience": 2}, [1, 1, 1, 1, 1], [1, 1, 0.5, 0.5, 0.25]),
        ({"factor": 0.5, "patience": 1}, [3, 2, 1, 2, 0.5], [1, 1, 1, 0.5, 0.5]),
        ({"factor": 0.5, "patience": 1, "cooldown": 2}, [1, 1, 1, 1, 1], [1, 0.5, 0.5, 0.25, 0.25]),
        ({"factor": 0.5, "patience": 1, "min_lr": 0.4}, [1, 1, 1, 1], [1, 0.5, 0.4, 0.4]),
        ({"factor": 0.5, "patience": 1, "mode": "max"}, [1, 2, 1], [1, 1, 0.5]),
        ({"factor": 0.5, "patience": 1, "min_delta": 0.5}, [1, 0.8], [1, 0.5]),
        ({"factor": 0.5, "patience": 1}, [1, 0.99995], [1, 0.5]),
    ],
)
def test_reduce_on_plateau(options, values, rates):
    class Noted(ReduceLROnPlateau):
        found = []

        def onEpochEnd(self, epoch, metrics):
            super().onEpochEnd(epoch, metrics)
            self.found = [*self.found, self.model.optimizer().lr()]

    callback = Noted(**options)
    model = compiled(Net(), optimizer=nn.optimizers.SGD(lr=1.0))
    fed(callback, values, model=model)
    assert callback.found == pytest.approx(rates)


def test_reduce_on_plateau_tells(capsys):
    model = compiled(Net(), optimizer=nn.optimizers.SGD(lr=0.5))
    fed(ReduceLROnPlateau(patience=1, verbose=1), [1, 1], model=model)
    assert capsys.readouterr().out == "Epoch 2: ReduceLROnPlateau reducing learning rate to 0.05.\n"
    with pytest.raises(InvalidArgumentException, match="factor must be below 1"):
        ReduceLROnPlateau(factor=1.0)
    with pytest.warns(RuntimeWarning, match=r"the rate 0\.05 is below min_lr 0\.1 already"):
        fed(ReduceLROnPlateau(patience=1, min_lr=0.1), [1, 1], model=model)


# ------------------------------------------------------------------------------------------------------ CSVLogger


def rows(path, **options):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file, **options))


def test_csv_logger(tmp_path):
    path = tmp_path / "log.csv"
    model = compiled(Net())
    history = quiet(model, epochs=2, validation_data=(X, T), callbacks=[CSVLogger(path)])
    head, *lines = rows(path)
    assert head == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    assert [line[0] for line in lines] == ["0", "1"]
    for i, name in enumerate(head[1:], 1):
        assert [float(line[i]) for line in lines] == history[name]
    quiet(model, epochs=1, callbacks=[CSVLogger(path, append=True)])
    assert len(rows(path)) == 4
    assert [line[0] for line in rows(path)] == ["epoch", "0", "1", "0"]
    quiet(model, epochs=1, callbacks=[CSVLogger(str(path), separator=";")])
    assert [len(line) for line in rows(path, delimiter=";")] == [3, 3]


def test_csv_logger_keeps_what_is_written(tmp_path):
    """An epoch is in the file as soon as it is over."""

    class Fail(AbstractCallback):
        def onEpochEnd(self, epoch):
            assert len(rows(path)) == epoch + 2
            if epoch == 1:
                raise KeyError

    path = tmp_path / "log.csv"
    with pytest.raises(KeyError):
        quiet(compiled(Net()), epochs=5, callbacks=[CSVLogger(path), Fail()])
    assert len(rows(path)) == 3


def test_csv_logger_with_numbers_that_come_and_go(tmp_path):
    path = tmp_path / "log.csv"
    logger = CSVLogger(path)
    logger.onTrainBegin()
    logger.onEpochEnd(0, {"loss": 0.5, "x": 1})
    logger.onEpochEnd(1, {"loss": 0.25, "y": 1})
    assert rows(path) == [["epoch", "loss", "x"], ["0", "0.5", "1"], ["1", "0.25", "NA"]]


# ------------------------------------------------------------------------------------------------- ModelCheckpoint


class Saves(Net):
    """Notes what would be written."""

    def __init__(self):
        super().__init__()
        self.saved = []

    def save(self, path, portable=None):
        self.saved.append(("model", path))

    def saveWeightsToFile(self, path, portable=None):
        self.saved.append(("weights", path))


def saved(callback, values, name="val_loss"):
    model = compiled(Saves())
    fed(callback, values, name, model)
    return model.saved


def test_checkpoints(tmp_path, capsys):
    assert saved(ModelCheckpoint(tmp_path / "m"), [1, 2]) == [("model", str(tmp_path / "m"))] * 2
    assert saved(ModelCheckpoint("w", save_weights_only=True, verbose=1), [1]) == [("weights", "w")]
    assert capsys.readouterr().out == "Epoch 1: saving model to w\n"
    assert [p for _, p in saved(ModelCheckpoint("m{epoch:02d}-{val_loss:.2f}"), [1, 0.5])] == ["m01-1.00", "m02-0.50"]
    best = ModelCheckpoint("{epoch}", save_best_only=True)
    assert [p for _, p in saved(best, [3, 2, 2.5, math.nan, 1])] == ["1", "2", "5"]
    assert best.best == 1
    best = ModelCheckpoint("{epoch}", save_best_only=True, monitor="accuracy", initial_value_threshold=0.5)
    assert [p for _, p in saved(best, [0.4, 0.6, 0.5, 0.7], "accuracy")] == ["2", "4"]


def test_checkpoints_by_steps():
    model = compiled(Saves())
    quiet(model, epochs=3, callbacks=[ModelCheckpoint("{epoch}-{batch}-{loss:.0f}", save_freq=4)])
    assert [path.rsplit("-", 1)[0] for _, path in model.saved] == ["2-1", "3-2"]


@pytest.mark.parametrize("freq", [0, -1, True, "step"])
def test_checkpoints_that_do_not_do(freq):
    with pytest.raises(InvalidArgumentException, match="save_freq must be 'epoch' or a number of steps"):
        ModelCheckpoint("x", save_freq=freq)
    with pytest.raises(InvalidArgumentException, match=r"asks for 'acc'; there are epoch, val_loss"):
        saved(ModelCheckpoint("{acc}"), [1])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert saved(ModelCheckpoint("x", save_best_only=True, monitor="acc"), [1]) == []
    assert "ModelCheckpoint: the epoch has no 'acc'; it has val_loss" in str(caught[0].message)
