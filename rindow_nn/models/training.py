"""Compiling, training, evaluating and predicting."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from operator import is_
from typing import Any

import numpy as np

from rindow_math.exceptions import (
    InvalidArgumentException,
    LogicException,
    RuntimeException,
    UnexpectedValueException,
)
from rindow_math.matrix.ndarray import NDArray
from rindow_nn.callbacks.base import Broadcaster
from rindow_nn.callbacks.callback_list import CallbackList
from rindow_nn.callbacks.terminate_on_nan import TerminateOnNaN
from rindow_nn.data.dataset import Dataset, NDArrayDataset
from rindow_nn.data.dataset.gather import is_batch
from rindow_nn.gradient.core.tape import timed, timed_items
from rindow_nn.models.compiling import resolve_loss, resolve_metrics, resolve_optimizer
from rindow_nn.models.diagnosis import check_classes, first_not_finite, is_finite, located
from rindow_nn.models.progress import Progress
from rindow_nn.models.steps import Steps

__all__ = ["Training"]


class Training:
    """``compile``, ``fit``, ``evaluate`` and ``predict`` of models."""

    builder: Any
    backend: Any
    _optimizer: Any
    _lossFunction: Any
    _metrics: dict[str, Any]
    _eager: bool
    _debug: bool
    _steps: Steps | None
    _parts: list[Any]
    _labels: Any
    _unchecked: bool
    _whole: Any
    _measure: Callable[..., None]
    _change: Callable[..., None]

    #: numbers of each epoch of the last ``fit``, by name; there also after an error or an interruption
    history: dict[str, list[float]]
    #: set by callbacks: ``fit`` ends after the running step
    stop_training: bool

    # ---- compile

    def compile(
        self,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Any = None,
        numInputs: int | None = None,
        run_eagerly: bool | None = None,
        debug: bool | None = None,
    ) -> None:
        """Says how the model is trained.

        Args:
            optimizer: an Optimizer, or its name: ``sgd`` (the default), ``adam``, ``rmsprop``.
            loss: a Loss, its name, or a function of (trues, predicts) that gives a variable;
                ``sparse_categorical_crossentropy`` by default.
            metrics: names, Metric objects and functions of (trues, predicts); a dict gives them names in the history.
                ``loss`` and ``accuracy`` by default.
            numInputs: taken for the original's sake; the number of inputs shows in ``fit``.
            run_eagerly: do not compile the steps of ``fit``, ``evaluate`` and ``predict``.
            debug: a loss or gradient that is no finite number stops ``fit`` with the layer or operation that made it
                first.

        Raises:
            InvalidArgumentException: a name is unknown, or an object is of another kind; known names are listed.
        """
        optimizer = resolve_optimizer(self.builder, "SGD" if optimizer is None else optimizer)
        loss = resolve_loss(self.builder, "SparseCategoricalCrossEntropy" if loss is None else loss)
        self._metrics = resolve_metrics(self.builder, loss, metrics)
        self._optimizer, self._lossFunction = optimizer, loss
        self._eager = bool(run_eagerly)
        self._debug = bool(debug)
        self._steps = self._whole = None

    def optimizer(self) -> Any:
        """The optimizer; None before ``compile``."""
        return self._optimizer

    def lossFunction(self) -> Any:
        """The loss; None before ``compile``."""
        return self._lossFunction

    def metrics(self) -> dict[str, Any]:
        """The metrics by their names in the history."""
        return dict(self._metrics)

    def whyNotCompiled(self) -> str | None:
        """Why the steps run call by call instead of compiled; None if they are compiled or did not run yet."""
        return None if self._steps is None else self._steps.reason

    def _need_compile(self) -> None:
        if "_metrics" not in vars(self):
            raise LogicException("Not yet initialized by constructor.")
        if self._optimizer is None or self._lossFunction is None:
            raise LogicException("Not yet compile")

    def _current_steps(self) -> Steps:
        """The compiled steps; made anew when the model has got other layers or variables."""
        parts = self.variables()  # type: ignore[attr-defined]
        if self._steps is None or len(parts) != len(self._parts) or not all(map(is_, parts, self._parts)):
            filtered = type(self).trueValuesFilter is not Training.trueValuesFilter
            self._steps = Steps(self, self._lossFunction, self._eager, filtered)
            self._parts = parts
        return self._steps

    def _ready_steps(self) -> Steps:
        """The compiled steps, and what else a pass through data calls."""
        steps = self._current_steps()
        self._measure = timed("other", "metrics", _measure)
        if self._optimizer is not None:
            self._change = timed("other", type(self._optimizer).__name__, self._optimizer.update)
        return steps

    # ---- data

    def trueValuesFilter(self, trues: Any) -> Any:
        """Labels as the loss and the metrics get them; subclasses may override it."""
        return trues

    def _array(self, value: Any, labels: bool = False) -> NDArray:
        """An array from what is array-like: float64 of numpy and Python become float32, Python ints in labels int32."""
        K = self.backend
        if isinstance(value, NDArray):
            return value
        from_python = not isinstance(value, np.ndarray)
        array = np.asarray(value)
        if array.dtype == np.float64 or (from_python and array.dtype.kind in "iu" and not labels):
            array = array.astype(np.float32)
        elif from_python and array.dtype.kind in "iu":
            array = array.astype(np.int32)
        if array.dtype.kind not in "fiub":
            raise InvalidArgumentException(f"unsupported array type: elements of {array.dtype} cannot be computed with")
        return K.array(K.localMatrixOperator().array(array))

    def _arrays(self, inputs: Any) -> Any:
        """An array, or a list of them where there are several inputs."""
        if isinstance(inputs, (list, tuple)) and inputs and all(isinstance(x, (NDArray, np.ndarray)) for x in inputs):
            return [self._array(x) for x in inputs]
        return self._array(inputs)

    def _dataset(self, inputs: Any, tests: Any, batch_size: int, shuffle: bool, filter: Any) -> Any:
        """Something whose iteration gives batches."""
        if isinstance(inputs, (NDArray, np.ndarray, list, tuple)):
            return NDArrayDataset(
                self.backend.localMatrixOperator(),
                self._arrays(inputs),
                tests=None if tests is None else self._array(tests, labels=True),
                batch_size=batch_size,
                shuffle=shuffle,
                filter=filter,
            )
        if not isinstance(inputs, Dataset) and (
            isinstance(inputs, (str, bytes, dict)) or not hasattr(inputs, "__iter__")
        ):
            raise InvalidArgumentException(
                f"unsupported array type. inputs must be NDArray or Dataset. {type(inputs).__name__} was given"
            )
        if tests is not None:
            raise InvalidArgumentException("The tests must be specified in the Dataset.")
        return inputs

    def _batch(self, data: Any) -> tuple[Any, Any]:
        """Inputs (an array, or a list of them) and labels of a batch."""
        try:
            inputs, trues = data
        except (TypeError, ValueError):
            raise InvalidArgumentException(
                f"a dataset must give batches of (inputs, tests). Received: {type(data).__name__}"
            ) from None
        if not isinstance(inputs, NDArray):
            inputs = self._arrays(inputs)
        if trues is None:
            raise InvalidArgumentException("a batch has no labels: give tests along with the inputs")
        if not isinstance(trues, NDArray):
            trues = self._array(trues, labels=True)
        return inputs, trues

    def _args(self, inputs: Any, trues: Any) -> tuple[Any, ...]:
        """The arguments of a step."""
        args = (*inputs, trues) if type(inputs) is list else (inputs, trues)
        return (*args, self.trueValuesFilter(trues)) if self._steps.filtered else args  # type: ignore[union-attr]

    # ---- fit

    def fit(
        self,
        inputs: Any,
        tests: Any = None,
        batch_size: int | None = None,
        epochs: int | None = None,
        verbose: int | None = None,
        validation_data: Any = None,
        callbacks: Sequence[Any] | None = None,
        shuffle: bool | None = None,
        filter: Any = None,
        debug: bool | None = None,
    ) -> dict[str, list[float]]:
        """Trains the model.

        Args:
            inputs: an array whose first dimension counts the samples, a list of such arrays for several inputs, a
                Dataset, or an iterable of batches (inputs, tests).
            tests: the labels; in the dataset if there is one.
            batch_size: samples of a step; 32 by default.
            epochs: how many times to go through the samples; 1 by default.
            verbose: 0 says nothing, 1 (the default) shows a bar, 2 dots; on the standard error stream.
            validation_data: (inputs, tests) or a Dataset to evaluate after each epoch.
            callbacks: list of Callback.
            shuffle: change the order of the samples; True by default.
            filter: a DatasetFilter, or a function of (inputs, tests), that changes each batch.
            debug: as in ``compile``, for this call.

        Returns:
            A list of numbers, one an epoch, for each metric and, as ``val_...``, for each metric of the validation.
            ``model.history`` is the same, also after an error or Ctrl-C.

        Raises:
            LogicException: the model is not compiled.
            InvalidArgumentException: inputs, labels and loss do not fit each other or the model; the message names
                the layer and its path in the model.
            UnexpectedValueException: the loss is NaN or infinite; the weights are those before that step.
        """
        self._need_compile()
        batch_size = 32 if batch_size is None else batch_size
        epochs = 1 if epochs is None else epochs
        verbose = 1 if verbose is None else verbose
        shuffle = True if shuffle is None else shuffle
        dataset = self._dataset(inputs, tests, batch_size, shuffle, filter)
        validation = self._validation(validation_data, batch_size, shuffle, filter)
        listeners = CallbackList(self, callbacks)
        if verbose >= 1:
            self.console(f"Train on {_samples(dataset)} samples")
            if validation is not None:
                self.console(f", validation on {_samples(validation)} samples")
            self.console("\n")
        steps = self._ready_steps()
        debug_before = self._debug
        self._debug = debug_before if debug is None else bool(debug)
        # all labels, where they are at hand and nothing changes them
        whole = type(dataset) is NDArrayDataset and dataset.filter() is None and not steps.filtered
        self._labels = getattr(dataset, "_tests", None) if whole else None
        self._unchecked = True
        self._whole = None
        self.stop_training = False
        history: dict[str, list[float]] = {}
        self.history = history
        logs: dict[str, float] = {}
        progress = Progress(self.console, verbose, epochs)
        total = _batches(dataset)
        try:
            listeners.onTrainBegin()
            for epoch in range(epochs):
                listeners.onEpochBegin(epoch)
                started = time.time()
                for metric in self._metrics.values():
                    metric.reset()
                steps.begin()
                self._begin_whole()
                progress.begin(epoch, total)
                total = self._trainProcess(dataset, epoch, progress, listeners)
                logs = {name: metric.result() for name, metric in self._metrics.items()}
                if validation is not None:
                    found = self.evaluate(*validation, batch_size=batch_size, verbose=0, callbacks=listeners)
                    logs |= {f"val_{name}": found[name] for name in self._metrics}
                for name, value in logs.items():
                    history.setdefault(name, []).append(value)
                if verbose >= 1:
                    self.console(f"- {int(time.time()) - int(started)} sec.\n")
                    self.console("".join(f" {name}:{value:2.4f}" for name, value in logs.items()) + "\n")
                listeners.onEpochEnd(epoch, logs)
                if self.stop_training:
                    break
        except BaseException:
            if verbose >= 1:
                self.console("\n")  # below the bar
            raise
        finally:
            self._debug = debug_before
            self._labels = self._whole = None
        listeners.onTrainEnd(logs)
        return history

    def _validation(self, data: Any, batch_size: int, shuffle: bool, filter: Any) -> tuple[Any, Any] | None:
        """Inputs and labels for ``evaluate``."""
        if data is None:
            return None
        if isinstance(data, Dataset):
            return data, None
        if isinstance(data, (list, tuple)) and len(data) == 2:
            inputs, tests = data
            if isinstance(inputs, (list, tuple)):
                return self._dataset(inputs, tests, batch_size, shuffle, filter), None
            if isinstance(inputs, Dataset):
                return inputs, tests
            return self._array(inputs), self._array(tests, labels=True)
        raise InvalidArgumentException(
            "unsupported dataset type. validation_data must be set of NDArray or instance of Dataset. "
            f"{type(data).__name__} was given"
        )

    def _trainProcess(self, dataset: Iterable[Any], epoch: int, progress: Progress, callbacks: Any) -> int:
        """One pass through the data; answers the number of steps."""
        metrics, shown = self._metrics, progress.verbose >= 1
        batch, samples = -1, 0
        own_step = getattr(self.trainStep, "__func__", None) is not Training.trainStep
        alone = not own_step and type(callbacks) is CallbackList and not callbacks.hears_steps()
        labels = self.trueValuesFilter if self._steps.filtered else None  # type: ignore[union-attr]
        batches = dataset if own_step or type(dataset) is not NDArrayDataset else dataset.unmixed()
        for batch, data in enumerate(timed_items("other", "batch", batches)):
            inputs, trues = given = data if is_batch(data) else self._batch(data)
            if shown:
                progress.step(batch, samples, metrics)
                samples += len(trues)
            try:
                if not alone:
                    self.trainStep(batch, inputs, trues, callbacks)
                elif not self._took(given, labels):
                    self._in_parts(inputs, trues)
            except _NotFiniteException as e:
                if not self._forgiven(e.value, batch, callbacks):
                    raise self._explained(e, epoch, batch) from None
            except (InvalidArgumentException, RuntimeException) as e:
                raise located(e, self) or e from None
            if self.stop_training:
                break
        if batch < 0:
            again = "" if epoch == 0 else ": an iterator runs only once, an epoch needs something to iterate over anew"
            raise InvalidArgumentException(f"the dataset gave no batches in epoch {epoch + 1}{again}")
        if shown:
            progress.end(batch + 1, samples, metrics)
        return batch + 1

    def trainStep(self, batchIndex: int, inputs: Any, trues: Any, callbacks: Any) -> None:
        """One step of training; subclasses may override it.

        Args:
            batchIndex: number of the batch in the epoch.
            inputs: an array, or a list of them.
            trues: the labels.
            callbacks: are told of the beginning and the end of the step.
        """
        callbacks.onTrainBatchBegin(batchIndex)
        labels = self.trueValuesFilter if self._steps.filtered else None  # type: ignore[union-attr]
        if not self._took((inputs, trues), labels):
            self._in_parts(inputs, trues)
        callbacks.onTrainBatchEnd(batchIndex, self._metrics)

    def _in_parts(self, inputs: Any, trues: Any) -> None:
        """A step whose parts are called one by one."""
        steps = self._steps
        args = self._args(inputs, trues)
        outputs, grads = steps.train(args)  # type: ignore[union-attr]
        loss = self._number(outputs[0])
        predicts = outputs[1] if len(outputs) == 2 else outputs[1:]
        if self._unchecked:
            self._unchecked = False
            check_classes(self._lossFunction, args[-1] if self._labels is None else self._labels, predicts)
            self._begin_whole()
        elif self._whole is not None:  # it knew no such batch; now it may
            self._begin_whole()
        if not isfinite(loss):
            raise _NotFiniteException(loss, args)
        if self._debug and not all(map(is_finite, grads)):
            raise _NotFiniteException(loss, args)
        self._change(steps.variables(), grads)  # type: ignore[union-attr]
        self._measure(self._metrics, loss, args[-1], predicts)

    def _begin_whole(self) -> None:
        """From here on steps are taken as a whole, if they can be and the labels have been looked at."""
        whole = not (self._unchecked or self._debug)
        self._whole = self._steps.whole(self._optimizer, self._metrics) if whole else None  # type: ignore[union-attr]

    def _took(self, data: Any, labels: Any) -> bool:
        """Takes a step as a whole; False if it must be taken in parts."""
        if self._whole is None:
            return False
        took = self._whole(data, labels)
        if took is False:
            raise _NotFiniteException(self._whole.loss, self._whole.args)
        return took is True

    def _number(self, loss: Any) -> float:
        """The loss as a number."""
        try:
            return float(loss)
        except (TypeError, ValueError):
            raise InvalidArgumentException(
                f"the loss of a batch must be one number, an array of shape {loss.shape()} was computed: "
                "a loss with reduction 'none' cannot be trained with"
            ) from None

    # ---- losses that are no numbers

    def _forgiven(self, loss: float, batch: int, callbacks: CallbackList) -> bool:
        """Leaves it to a TerminateOnNaN, if there is one."""
        stoppers = [c for c in callbacks.callbacks if isinstance(c, TerminateOnNaN)]
        if not stoppers:
            return False
        if "loss" in self._metrics:
            self._metrics["loss"].immediateUpdate(loss)
        callbacks.onTrainBatchEnd(batch, self._metrics)
        for stopper in stoppers:
            stopper.notANumber(batch)
        return True

    def _explained(self, error: _NotFiniteException, epoch: int, batch: int) -> UnexpectedValueException:
        what = "a gradient is not finite" if isfinite(error.value) else f"it is {error.value}"
        text = f"loss is unexpected value: {what} in step {batch + 1} of epoch {epoch + 1}"
        if not self._debug:
            return UnexpectedValueException(
                f"{text}; the weights are those before it. fit(..., debug=True) names the layer that made it"
            )
        return UnexpectedValueException(f"{text}: {first_not_finite(self, self._steps, error.args_of_step)}")

    # ---- evaluate

    def evaluate(
        self,
        inputs: Any,
        trues: Any = None,
        batch_size: int | None = None,
        verbose: int | None = None,
        callbacks: Any = None,
    ) -> dict[str, float]:
        """Computes the metrics on data.

        Args:
            inputs: an array, a list of arrays for several inputs, a Dataset, or an iterable of batches.
            trues: the labels; in the dataset if there is one.
            batch_size: samples of a batch; 32 by default.
            verbose: 0, the default, says nothing.
            callbacks: list of Callback, or a Broadcaster.

        Returns:
            The metrics by name: means over the batches.

        Raises:
            LogicException: the model is not compiled.
            InvalidArgumentException: inputs, labels and loss do not fit each other or the model.
        """
        self._need_compile()
        batch_size = 32 if batch_size is None else batch_size
        verbose = 0 if verbose is None else verbose
        listeners = callbacks if isinstance(callbacks, Broadcaster) else CallbackList(self, callbacks)
        started = int(time.time())
        dataset = self._dataset(inputs, trues, batch_size, False, None)
        self._ready_steps()
        for metric in self._metrics.values():
            metric.reset()
        listeners.onTestBegin()
        for batch, data in enumerate(timed_items("other", "batch", dataset)):
            if verbose >= 1:
                self.console(".")
            x, t = data if is_batch(data) else self._batch(data)
            try:
                self.evaluateStep(batch, x, t, listeners)
            except (InvalidArgumentException, RuntimeException) as e:
                raise located(e, self) or e from None
        logs = {name: metric.result() for name, metric in self._metrics.items()}
        if verbose >= 1:
            self.console(f" - {int(time.time()) - started} sec.\n")
            self.console("".join(f" {k}:{logs[k]:2.4f}" for k in ("loss", "accuracy") if k in logs) + "\n")
        listeners.onTestEnd(logs)
        return logs

    def evaluateStep(self, batchIndex: int, inputs: Any, trues: Any, callbacks: Any) -> None:
        """Loss and metrics of one batch; subclasses may override it."""
        callbacks.onTestBatchBegin(batchIndex)
        args = self._args(inputs, trues)
        outputs = self._steps.test(args)  # type: ignore[union-attr]
        predicts = outputs[1] if len(outputs) == 2 else outputs[1:]
        self._measure(self._metrics, self._number(outputs[0]), args[-1], predicts)
        callbacks.onTestBatchEnd(batchIndex, self._metrics)

    # ---- predict

    def predict(self, inputs: Any, callbacks: Any = None, *options: Any, **named: Any) -> Any:
        """Computes the outputs for inputs, all at once.

        Args:
            inputs: an array, or a list of arrays for several inputs.
            callbacks: list of Callback, or a Broadcaster.
            *options: for models that override ``predictStep``.
            **named: likewise.

        Returns:
            An array.

        Raises:
            InvalidArgumentException: the inputs do not fit the model; the message names the layer and its path.
        """
        steps = self._steps
        if steps is not None and steps.shortcut is not None and callbacks is None and not options and not named:
            outputs = steps.shortcut(self, inputs)
            if outputs is not None:
                return outputs
        listeners = None
        if callbacks is not None:
            listeners = callbacks if isinstance(callbacks, Broadcaster) else CallbackList(self, callbacks)
        arrays = self._arrays(inputs)
        steps = self._current_steps()
        if listeners is not None:
            listeners.onPredictBegin()
        try:
            outputs = self.predictStep(arrays, {**dict(enumerate(options)), **named} if options or named else {})
        except (InvalidArgumentException, RuntimeException) as e:
            raise located(e, self) or e from None
        if listeners is not None:
            listeners.onPredictEnd()
        if type(self).predictStep is Training.predictStep and "predictStep" not in vars(self):
            steps.find_shortcut()
        return (
            [self.backend.ndarray(x) for x in outputs] if isinstance(outputs, list) else self.backend.ndarray(outputs)
        )

    def predictStep(self, inputs: Any, options: dict[Any, Any]) -> Any:
        """The outputs for inputs as arrays; subclasses may override it.

        Args:
            inputs: an array, or a list of them.
            options: what ``predict`` was given beyond its own arguments.
        """
        return self._steps.predict(tuple(inputs) if isinstance(inputs, list) else (inputs,))  # type: ignore[union-attr]

    # ---- what is said

    def console(self, message: str) -> None:
        """Writes progress to the standard error stream; subclasses may override it."""
        if sys.stderr is not None:
            sys.stderr.write(message)
            sys.stderr.flush()

    def display(self, message: str) -> None:
        """Writes the summary to the standard output; subclasses may override it."""
        print(message, end="")


def _measure(metrics: dict[str, Any], loss: float, trues: Any, predicts: Any) -> None:
    """Takes a batch into the metrics."""
    for name, metric in metrics.items():
        if name == "loss":
            metric.immediateUpdate(loss)
        else:
            metric.update(trues, predicts)


def _samples(dataset: Any) -> Any:
    """Number of samples of a dataset, for people."""
    if isinstance(dataset, tuple):
        dataset = dataset[0]
    if isinstance(dataset, Dataset):
        return dataset.datasetSize()
    return len(dataset) if isinstance(dataset, NDArray) else "?"


def _batches(dataset: Any) -> int:
    """Number of batches of a dataset; 0 if nobody knows."""
    try:
        return len(dataset)
    except (TypeError, NotImplementedError):
        return 0


class _NotFiniteException(Exception):
    """A step whose loss or gradient is no finite number."""

    def __init__(self, value: float, args_of_step: tuple[Any, ...]) -> None:
        super().__init__(value)
        self.value = value
        self.args_of_step = args_of_step
