"""Steps of training, evaluation and prediction, compiled where they can be."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from rindow_math.exceptions import InvalidArgumentException, LogicException, UnexpectedValueException
from rindow_math.matrix.buffer import memoryInfo, releaseMemory
from rindow_nn.gradient.core.graph import GraphFunction, Shortcut, TrainingStep, WholeStep, without_gradient
from rindow_nn.gradient.core.tape import GradientTape, Variable
from rindow_nn.metrics.counted import counted_metrics
from rindow_nn.models.diagnosis import check_labels
from rindow_nn.optimizers.direct import direct_update

__all__ = ["Steps"]

# plans of so many shapes are kept; more come from data whose shapes never repeat
MOST_SHAPES = 64

# errors of the compiler, or of the user: one more run without compilation tells which
_MAY_BE_COMPILATION = (LogicException, InvalidArgumentException)


# the compiled functions, with the first of their outputs that are the model's, and whether it is being trained
_OUTPUTS = {"_trained": (1, True), "_tested": (1, False), "_predicted": (0, False)}

# memory of that many bytes and more is given back after a call that was recorded
MUCH_MEMORY = 64 << 20


def _tidy() -> None:
    """Gives memory back that a compiled step has no use for: a recorded one takes it in pieces of other sizes."""
    if memoryInfo()["cached"] > MUCH_MEMORY:
        releaseMemory()


class Steps:
    """Runs a model forward and back on batches.

    Each kind of step is one compiled function, from the inputs to the loss. A model that cannot be compiled (it looks
    at the numbers in a value) runs call by call on a tape: the same results, slower. ``reason`` says why.

    Args:
        model: has ``forward``; names ``training`` and ``trues`` in its ``call`` if it wants them.
        loss: the loss function; None for a model that only predicts.
        eager: run call by call in any case.
        filtered: the loss is given other labels than the model (``trueValuesFilter``).
    """

    def __init__(self, model: Any, loss: Any, eager: bool = False, filtered: bool = False) -> None:
        self.reason: str | None = "it was asked for" if eager else None
        # weak: a model owns its steps, and both go when the model is dropped
        self._model = weakref.ref(model)
        self._backend = model.backend
        self._given = loss
        self._loss: Any = loss if callable(loss) or loss is None else loss.forward
        self.filtered = filtered
        self._aware = [name for name in ("training", "trues") if model.isAwareOf(name)]
        self._functions: dict[str, GraphFunction] = {}
        self._step: TrainingStep | None = None
        self._whole: tuple[Any, WholeStep] | None = None
        self._variables: list[Variable] = []
        #: predictions from arrays, for the model as it was
        self.shortcut: Shortcut | None = None
        self._watchable = True
        self._listed = False  # the model gives its outputs as a list

    def _module(self) -> Any:
        return self._model()

    def variables(self) -> list[Variable]:
        """What the optimizer changes: the variables that were trainable when the epoch began."""
        return self._variables

    def begin(self) -> None:
        """An epoch begins: looks for variables that were added or frozen meanwhile."""
        variables = self._module().trainableVariables()
        if len(variables) != len(self._variables) or any(a is not b for a, b in zip(variables, self._variables)):
            self._variables = variables
            self._step = None

    # ---- what is computed

    def _forward(self, inputs: Sequence[Any], options: dict[str, Any]) -> Any:
        """The model's outputs. Its ``call`` is traced once for all kinds of step that are the same to it."""
        if GraphFunction.mode == GraphFunction.UNDER_CONSTRUCTION and "trues" not in options:
            for name, (first, training) in _OUTPUTS.items():
                if name not in self._functions or options.get("training", training) != training:
                    continue
                try:
                    found = self._functions[name]._again(list(inputs), first)
                except _MAY_BE_COMPILATION:
                    continue  # the call itself tells what does not fit
                if found is not None:
                    return found if self._listed else found[0]
        found = self._module().forward(*inputs, **options)
        self._listed = isinstance(found, (list, tuple))
        return found

    def _outputs(self, args: Sequence[Any], training: bool) -> list[Any]:
        """Loss and predictions from inputs, labels and, where they differ, labels for the loss."""
        trues = args[-2] if self.filtered else args[-1]
        values = {"training": training, "trues": trues}
        options = {name: values[name] for name in self._aware}
        predicts = self._forward(args[: -2 if self.filtered else -1], options)
        check_labels(self._given, args[-1], predicts)
        loss = self._loss(args[-1], predicts)
        if not isinstance(loss, Variable):
            raise UnexpectedValueException(
                f"the loss function must give a Variable, made by differentiable functions: {type(loss).__name__} given"
            )
        return [loss, *(predicts if isinstance(predicts, (list, tuple)) else [predicts])]

    def _trained(self, *args: Any) -> list[Any]:
        loss, *predicts = self._outputs(args, True)
        return [loss, *(without_gradient(p) if isinstance(p, Variable) else p for p in predicts)]

    def _tested(self, *args: Any) -> list[Any]:
        return self._outputs(args, False)

    def _predicted(self, *args: Any) -> Any:
        values = {"training": False, "trues": Variable(self._backend, False)}
        return self._forward(args, {name: values[name] for name in self._aware})

    # ---- running it

    def train(self, args: tuple[Any, ...]) -> tuple[list[Any], list[Any]]:
        """Loss and predictions, and the gradients of the variables, as arrays.

        Args:
            args: inputs, labels and, where the loss is given others than the model, those labels.
        """
        reason: Exception
        if self._step is not None and self._step.programs() > MOST_SHAPES:
            self._forget()
        if self._step is not None:
            try:
                return self._step(args)
            except _MAY_BE_COMPILATION as e:
                reason = e
        elif self.reason is None:
            try:
                function = self._function(self._trained)
                with GradientTape(self._backend) as tape:
                    outputs = function(*args)
                self.begin()  # a first call may have made variables
                grads = tape.gradient(outputs[0], self._variables)
                self._step = TrainingStep(function, self._variables)
                found = [v.value() for v in outputs], grads
                del tape, outputs
                _tidy()
                return found
            except _MAY_BE_COMPILATION as e:
                reason = e
        else:
            return self.trainOnTape(args)
        found = self.trainOnTape(args)  # an error that is the user's comes again, from where it belongs
        self._give_up(reason)
        return found

    def whole(self, optimizer: Any, metrics: dict[str, Any]) -> WholeStep | None:
        """A training step as one call, to the changed weights and the metrics; None if it is not to be had."""
        update = direct_update(optimizer)
        if self._step is None or update is None:
            return None
        counted, threshold = counted_metrics(self._given, metrics.values())
        of_loss = [m.immediateUpdate for name, m in metrics.items() if name == "loss"]
        others = [m.update for name, m in metrics.items() if name != "loss" and all(m is not c for c in counted)]
        key = (self._step, optimizer, of_loss, counted, others, threshold)
        if self._whole is None or self._whole[0] != key:
            function, title = self._functions["_trained"], type(optimizer).__name__
            made = WholeStep(function, self._variables, update, title, of_loss, counted, others, threshold)
            self._whole = key, made
        return self._whole[1]

    def trainOnTape(self, args: tuple[Any, ...]) -> tuple[list[Any], list[Any]]:
        """As ``train``, call by call."""
        tape, outputs = self._recorded(args)
        self.begin()
        return [v.value() for v in outputs], tape.gradient(outputs[0], self._variables)

    def record(self, args: tuple[Any, ...]) -> tuple[GradientTape, Variable]:
        """A tape of the step, call by call, and the loss."""
        tape, outputs = self._recorded(args)
        return tape, outputs[0]

    def _recorded(self, args: tuple[Any, ...]) -> tuple[GradientTape, list[Any]]:
        with GradientTape(self._backend) as tape:
            return tape, self._outputs(self._variables_of(args), True)

    def test(self, args: tuple[Any, ...]) -> list[Any]:
        """Loss and predictions as arrays; arguments as for ``train``."""
        return [v.value() for v in self._run(self._tested, args)]

    def predict(self, args: tuple[Any, ...]) -> Any:
        """The predictions as an array, or as a list of them."""
        outputs = self._run(self._predicted, args)
        return [v.value() for v in outputs] if isinstance(outputs, (list, tuple)) else outputs.value()

    def find_shortcut(self) -> None:
        """Has the next predictions made without a look at each layer, where that can be."""
        model, function = self._module(), self._functions.get("_predicted")
        if function is None or not self._watchable or (self.shortcut and not self.shortcut.watch.changedIn(model)):
            return
        from rindow_nn.models.watching import watch_of

        watch = watch_of(model)
        self._watchable = watch is not None
        self.shortcut = None if watch is None else Shortcut(function, watch)

    def _run(self, compute: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        if self.reason is not None:
            return compute(*self._variables_of(args))
        try:
            return self._function(compute)(*args)
        except _MAY_BE_COMPILATION as e:
            reason = e
        found = compute(*self._variables_of(args))
        self._give_up(reason)
        return found

    def _variables_of(self, args: tuple[Any, ...]) -> list[Variable]:
        return [Variable(self._backend, x, reference=True) for x in args]

    def _function(self, compute: Callable[..., Any]) -> GraphFunction:
        name = compute.__name__
        found = self._functions.get(name)
        if found is None or found.programs() > MOST_SHAPES:
            if found is not None:
                self._forget()
            method: Any = weakref.WeakMethod(compute)
            found = GraphFunction(self._backend, lambda *args: method()(*args), name=type(self._module()).__name__)
            self._functions[name] = found
        return found

    def _forget(self) -> None:
        self._functions = {}
        self._step = self._whole = self.shortcut = None

    def _give_up(self, reason: Exception) -> None:
        self._forget()
        self.reason = str(reason)
