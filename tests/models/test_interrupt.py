"""Ctrl-C: the model stays usable, and what was reached stays reachable."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from small_models import Net, T, X, compiled, quiet

from rindow_nn.callbacks import AbstractCallback

needs_signals = pytest.mark.skipif(os.name != "posix", reason="sends itself SIGINT")


@pytest.fixture(autouse=True)
def heard():
    """A process that a shell started in the background ignores the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Send(AbstractCallback):
    """Sends a real SIGINT in some epoch and step."""

    def __init__(self, epoch, batch):
        super().__init__()
        self.at = epoch, batch
        self.epoch = 0

    def onEpochBegin(self, epoch):
        self.epoch = epoch

    def onTrainBatchEnd(self, batch):
        if (self.epoch, batch) == self.at:
            os.kill(os.getpid(), signal.SIGINT)


@needs_signals
def test_history_up_to_the_interruption(capsys):
    model = compiled(Net())
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, T, batch_size=2, epochs=5, callbacks=[Send(2, 1)])
    assert len(model.history["loss"]) == len(model.history["accuracy"]) == 2
    assert capsys.readouterr().err.endswith("\n")  # the shell's prompt begins a line of its own
    before = model.history
    history = quiet(model, epochs=2)
    assert len(history["loss"]) == 2
    assert history["loss"][1] < before["loss"][0]
    assert model.predict(X).shape() == [6, 2]


@needs_signals
def test_in_the_middle_of_steps():
    """From another thread, at any moment: a step is done or not done, and the next fit trains on."""
    model = compiled(Net())
    quiet(model)
    for delay in (0.001, 0.003, 0.01, 0.02, 0.03):
        timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            timer.start()
            model.fit(X, T, batch_size=2, epochs=10**9, verbose=0)
        timer.join()
        losses = model.history.get("loss", [])
        assert all(np.isfinite(losses))
        quiet(model)
        assert all(np.isfinite(np.asarray(v)).all() for v in model.variables())
        assert np.isfinite(model.evaluate(X, T)["loss"])


@needs_signals
def test_a_program_that_catches_it():
    """As users see it: a process, SIGINT from outside, and the program goes on."""
    program = textwrap.dedent(
        """
        from rindow_math.matrix import MatrixOperator, NDArray
        from rindow_nn.builder import NeuralNetworks
        from rindow_nn.callbacks import AbstractCallback
        mo = MatrixOperator()
        nn = NeuralNetworks(mo)
        class Tell(AbstractCallback):
            def onEpochEnd(self, epoch):
                if epoch == 0:
                    print("begun", flush=True)
        class Mean:
            def reset(self): self.values = []
            def immediateUpdate(self, value): self.values.append(value)
            update = immediateUpdate
            def result(self): return sum(self.values) / len(self.values)
            def name(self): return "loss"
        model = nn.models.Sequential([nn.layers.Dense(2)])
        loss = nn.losses.SparseCategoricalCrossEntropy(from_logits=True)
        model.compile(loss=loss, metrics={"loss": Mean()})
        x, t = mo.ones([64, 3]), mo.ones([64], NDArray.int32)
        try:
            model.fit(x, t, epochs=10**9, verbose=0, callbacks=[Tell()])
        except KeyboardInterrupt:
            print(len(model.history["loss"]) > 0, model.predict(x).shape(), len(model.fit(x, t, verbose=0)["loss"]))
        """
    )
    command = [sys.executable, "-c", program]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "begun\n"
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (out, err, process.returncode) == ("True [64, 2] 1\n", "", 0)
