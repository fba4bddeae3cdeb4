"""Functions that are traced once and then run again without Python."""

import inspect
import threading

from rindow_math.exceptions import InvalidArgumentException, LogicException, RuntimeException, UnexpectedValueException
from rindow_math.matrix.ndarray cimport NDArray
from rindow_nn.gradient.core.tape cimport (
    AbstractFunction, GradientTape, Variable, make_variable, pack, prepare, recording,
)
from rindow_nn.gradient.core.tape import backward_pipeline
from rindow_nn.support.calling import call_with

_state = threading.local()


cdef class _Entry(AbstractFunction):
    """An argument of a traced function: the identity, by which the trace finds it."""

    cdef object forward(self, tuple inputs):
        return (<Variable>inputs[0]).need_value()

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (douts[0],)


cdef class _Trace:
    """The recorded calls of one trace, in order, with numbered values."""

    cdef list steps                   # (function, positions of its inputs, positions of its outputs)
    cdef list constants               # (position, variable): what the function closes over
    cdef list outputs                 # positions
    cdef int size
    cdef bint single
    cdef object kind                  # list or tuple, as the function gave it

    cdef object run(self, list inputs):
        """Runs the calls on new inputs; each becomes a new node where a tape records."""
        cdef list values = [None] * self.size
        cdef AbstractFunction f
        cdef list at
        cdef list out
        cdef int i
        for i in range(len(inputs)):
            values[i] = inputs[i]
        for position, v in self.constants:
            values[position] = v
        for step in self.steps:
            f = (<AbstractFunction>step[0]).renew()
            result = f.record(tuple([values[i] for i in step[1]]))
            out = step[2]
            if isinstance(result, list):
                for i in range(len(out)):
                    values[<int>out[i]] = result[i]
            else:
                values[<int>out[0]] = result
        if self.single:
            return values[<int>self.outputs[0]]
        return [values[i] for i in self.outputs]


cdef _Trace _collect(list entries, list results, bint single):
    """Orders the calls behind the results and numbers their values: first the entries, then the rest."""
    cdef _Trace trace = _Trace.__new__(_Trace)
    cdef dict places = {}             # (call, output) or leaf variable -> position
    cdef dict calls = {}              # call -> True once it is in the order
    cdef list stack
    cdef AbstractFunction node
    cdef Variable v
    cdef int i
    trace.steps = []
    trace.constants = []
    trace.outputs = []
    trace.single = single
    trace.size = len(entries)
    for i in range(len(entries)):
        v = <Variable>entries[i]
        places[(v.creator_, 0)] = i
        calls[v.creator_] = True
    stack = [(<Variable>v).creator_ for v in reversed(results) if (<Variable>v).creator_ is not None]
    while stack:
        node = <AbstractFunction>stack[len(stack) - 1]
        if node in calls:
            stack.pop()
            continue
        waiting = [
            (<Variable>x).creator_ for x in node.inputs_
            if (<Variable>x).creator_ is not None and (<Variable>x).creator_ not in calls
        ]
        if waiting:
            stack.extend(reversed(waiting))
            continue
        stack.pop()
        calls[node] = True
        ins = [_place(trace, places, <Variable>x) for x in node.inputs_]
        outs = list(range(trace.size, trace.size + node.outputs_count))
        for i in range(node.outputs_count):
            places[(node, i)] = outs[i]
        trace.size += node.outputs_count
        trace.steps.append((node.renew(), ins, outs))
    for x in results:
        trace.outputs.append(_place(trace, places, <Variable>x))
    return trace


cdef int _place(_Trace trace, dict places, Variable v) except -1:
    """The position of a value; a variable that no call made is a constant of the trace."""
    key = v if v.creator_ is None else (v.creator_, v.index)
    found = places.get(key)
    if found is None:
        found = trace.size
        trace.size += 1
        places[key] = found
        trace.constants.append((found, v))
    return found


class _Modes(type):
    """Gives ``GraphFunction.mode``, which belongs to the running thread."""

    @property
    def mode(cls):
        """What the running thread's outermost compiled function is doing."""
        return getattr(_state, "mode", 0)

    @mode.setter
    def mode(cls, value):
        _state.mode = value


class GraphFunction(metaclass=_Modes):
    """A function of variables that is traced on its first call for each kind of input and then run again.

    Args:
        backend: the backend ``K``.
        func: takes variables, gives a variable or a list of them.
        alternateCreator: shown as the creator in place of this object.
        name: shown in messages.

    Raises:
        UnexpectedValueException: the function gives something other than variables.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> g = NeuralNetworks().gradient()
        >>> f = g.Function(lambda a, b: g.add(g.mul(a, b), b))
        >>> f(g.Variable(2.0), g.Variable(3.0)).toArray()
        9.0

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Core\\GraphFunction``.
    """

    EAGER_EXECUTION = 0
    UNDER_CONSTRUCTION = 1
    EXECUTING = 2

    def __init__(self, backend, func, alternateCreator=None, name=None):
        if not callable(func):
            raise InvalidArgumentException(f"a function was expected, {type(func).__name__} was given")
        self._backend = backend
        self._func = func
        self._alternate = alternateCreator
        self._name = name
        self._traces = {}
        self._count = None

    def backend(self):
        """The backend ``K``."""
        return self._backend

    def name(self):
        """The name, or None."""
        return self._name

    def _label(self):
        return self._name or getattr(self._func, "__name__", type(self._func).__name__)

    def __call__(self, *inputs):
        cdef list variables = [pack(self._backend, v) for v in inputs]
        cdef _Trace trace
        if getattr(_state, "mode", 0) == 1:
            return self._func(*variables)  # inside another trace: part of it
        if self._count is not None and len(variables) != self._count:
            raise InvalidArgumentException(
                f"{self._count} arguments are required. {len(variables)} given to {self._label()}."
            )
        key = tuple([_signature(<Variable>v) for v in variables])
        trace = self._traces.get(key)
        if trace is None:
            return self._build(key, variables)
        return trace.run(variables)

    def _build(self, key, variables):
        cdef GradientTape tape = None
        cdef list entries
        cdef list results
        cdef _Trace trace
        recorded = recording()
        before = getattr(_state, "mode", 0)
        if not recorded:
            tape = GradientTape(self._backend)
            tape.enter()
        _state.mode = 1
        try:
            entries = [prepare(_Entry.__new__(_Entry), self._backend, None).record((v,)) for v in variables]
            given = self._func(*entries)
        finally:
            _state.mode = before
            if tape is not None:
                tape.exit()
        single = not isinstance(given, (list, tuple))
        results = [given] if single else list(given)
        for i, v in enumerate(results):
            if not isinstance(v, Variable):
                raise UnexpectedValueException(
                    "The call method in the Top of Model must return a Variable type or a list of Variable types.: "
                    f"{self._label()} Model returned {type(v).__name__}" + ("." if single else f" as output #{i + 1}.")
                )
        trace = _collect(entries, results, single)
        self._traces[key] = trace
        self._count = len(variables)
        if not recorded:
            results = [make_variable(self._backend, (<Variable>v).value_) for v in results]
        return results[0] if single else results

    def _rawCall(self, inputs, options):
        """Computes on arrays, without recording."""
        cdef _Trace trace
        outputs = self(*inputs)
        return [v.value() for v in (outputs if isinstance(outputs, list) else [outputs])]

    def backward(self, dOutputs, grads=None, oidsToCollect=None):
        """Not kept between calls here: ask the tape, which records each call's own functions.

        Raises:
            RuntimeException: always; ``GradientTape.gradient`` gives the gradients of compiled functions.
        """
        raise RuntimeException(
            "a compiled function keeps no record of its last call; use GradientTape.gradient on its outputs"
        )

    def backwardPipeline(self, backend, pipeline, grads=None, oidsToCollect=None):
        """Runs gradients back through a list of recorded functions (see ``GradientTape.backwardPipeline``)."""
        backward_pipeline(backend, pipeline, {} if grads is None else grads, oidsToCollect)


cdef object _signature(Variable v):
    """What a trace depends on: shape and type of an array, the value itself of anything else."""
    value = v.need_value()
    if isinstance(value, NDArray):
        return (*value.shape(), value.dtype())
    if isinstance(value, bool):
        return value
    return repr(value)
