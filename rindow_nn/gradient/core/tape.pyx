"""Variables, functions that remember their inputs, and the tape that walks them back.

A call of a function inside a tape leaves a node: the function object itself, holding its input variables and
the values they had. The output variables point to it. ``GradientTape.gradient`` walks from the target to the
sources, visits each node once in reverse order of its calls, and asks only for gradients that lead to a
source or to a function that a user wrote. Gradients are computed with the same functions, so an outer tape can
differentiate them again.
"""

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF, Py_XINCREF
from cpython.weakref cimport PyWeakref_NewRef
from cpython.tuple cimport PyTuple_GET_SIZE, PyTuple_New, PyTuple_SET_ITEM
from libc.string cimport memcpy

import copy as copying
import types
import weakref
from threading import get_ident
from time import perf_counter_ns

import numpy as np

from rindow_math.exceptions import InvalidArgumentException, LogicException, RuntimeException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport item_size
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport MAX_DIMS, copy_of, from_python, full, raw, read_shape, same_shape, shape_text
from rindow_nn.gradient.core.values import ArrayShape, MaskedNDArray, Scalar, ScalarArray
from rindow_nn.support.calling import call_with


cdef extern from "Python.h":
    PyObject* PyTuple_GET_ITEM(tuple, Py_ssize_t)  # borrowed
    PyObject* PyList_GET_ITEM(list, Py_ssize_t)    # borrowed
    Py_ssize_t PyList_GET_SIZE(list)

cdef extern from *:
    """
    #if defined(_MSC_VER)
    #define RN_THREAD __declspec(thread)
    #else
    #define RN_THREAD _Thread_local
    #endif
    static RN_THREAD PyObject *rn_tape = NULL;   /* the innermost active tape of this thread */
    static RN_THREAD int rn_tracing = 0;         /* 1: a function is traced, 2: its gradient */
    static RN_THREAD long rn_trace = 0;          /* number of the trace */
    static RN_THREAD int rn_looked = 0;          /* the traced function may depend on the number of samples */
    static RN_THREAD int rn_mode = 0;            /* GraphFunction.mode */
    """
    PyObject* rn_tape
    int rn_tracing
    long rn_trace
    int rn_looked
    int rn_mode


cdef GradientTape current_tape():
    if rn_tape == NULL:
        return None
    return <GradientTape>rn_tape


cdef bint recording() noexcept:
    return rn_tape != NULL


# ------------------------------------------------------------------------------------------------ what takes the time

cdef bint rn_profiling = False
cdef bint rn_pulling = False          # inside the gradient of a call; only kept while a profile runs
cdef object rn_origin = None          # the layer whose gradient is being traced
cdef list rn_events = None            # of a running profile: (phase, what, layer, inputs, outputs, begin, end, thread)


cdef bint profiling() noexcept:
    return rn_profiling


def set_events(list events):
    """Has every call noted in a list, or in none (None); answers the list before. Used by ``rindow_nn.profile``."""
    global rn_profiling, rn_events
    before = rn_events
    rn_events = events
    rn_profiling = events is not None
    return before


cdef list _specs(object values):
    """(shape, item size) of each array among values; what is such a pair already stays."""
    cdef list specs = []
    for x in values if isinstance(values, (tuple, list)) else (values,):
        if isinstance(x, Variable):
            x = (<Variable>x).value_
        if isinstance(x, NDArray):
            specs.append((tuple(x.shape()), item_size((<NDArrayPhp>raw(x)).dt)))
        elif isinstance(x, tuple):
            specs.append(x)
    return specs


cdef object layer_of(AbstractFunction f):
    """The layer or loss that a call belongs to, or None."""
    if f.begun is not None:
        return layer_of(f.begun)
    layer = getattr(f, "layerObject", None)
    return f.origin if layer is None else layer()


cdef int note_call(str phase, str what, object layer, object inputs, object outputs, long long begin) except -1:
    """Notes a call that began at the given time (``time.perf_counter_ns``) and ends now."""
    cdef long long end = perf_counter_ns()
    if rn_events is None:
        return 0
    if layer is not None:
        layer = (layer.name() if hasattr(layer, "name") else None) or type(layer).__name__
    rn_events.append((phase, what, layer, _specs(inputs), _specs(outputs), begin, end, get_ident()))
    return 0


def timed(phase, what, function):
    """The function; where a profile is being taken, one that notes each call of it."""
    if not rn_profiling:
        return function

    def noted(*args):
        cdef long long begin = perf_counter_ns()
        result = function(*args)
        note_call(phase, what, None, (), (), begin)
        return result

    return noted


def timed_items(phase, what, items):
    """Something to iterate over; where a profile is being taken, with a note of what each item took."""
    return _timed_items(phase, what, iter(items)) if rn_profiling else items


def _timed_items(phase, what, items):
    fetch = timed(phase, what, items.__next__)
    while True:
        try:
            item = fetch()
        except StopIteration:
            return
        yield item


cdef int tracing() noexcept:
    return rn_tracing


cdef int set_tracing(int mode) noexcept:
    """Begins or ends tracing in this thread; answers the mode before."""
    global rn_tracing
    cdef int before = rn_tracing
    rn_tracing = mode
    return before


cdef int graph_mode() noexcept:
    """``GraphFunction.mode`` of this thread."""
    return rn_mode


cdef int set_graph_mode(int mode) noexcept:
    """Sets it; answers the mode before."""
    global rn_mode
    cdef int before = rn_mode
    rn_mode = mode
    return before


cdef long set_trace(long number) noexcept:
    """Sets the number of this thread's trace; answers the one before."""
    global rn_trace
    cdef long before = rn_trace
    rn_trace = number
    return before


cdef int set_looked(int looked) noexcept:
    """Sets whether this thread's trace depends on the number of samples; answers what was set before."""
    global rn_looked
    cdef int before = rn_looked
    rn_looked = looked
    return before


cdef void _set_tape(GradientTape tape) noexcept:
    """Makes a tape the current one; the caller keeps it alive (an active tape holds itself)."""
    global rn_tape
    if tape is None:
        rn_tape = NULL
    else:
        rn_tape = <PyObject*>tape


cdef Primitives primitives(object backend):
    if isinstance(backend, Primitives):
        return <Primitives>backend
    raise InvalidArgumentException(f"a backend was expected, {type(backend).__name__} was given")


# --------------------------------------------------------------------------------------------------- variables

def checked_shape(array):
    """The shape, for a check: what is traced meanwhile serves other numbers of samples too."""
    return (<Variable>array)._shape() if isinstance(array, Variable) else array.shape()


cdef Variable make_variable(object backend, object value):
    """A variable around a value, without a copy."""
    cdef Variable v = Variable.__new__(Variable)
    v.backend_ = backend
    v.value_ = value
    v.trainable = True
    return v


cdef Variable pack(object backend, object value):
    """A function's argument as a variable."""
    cdef Variable v
    if isinstance(value, Variable):
        return <Variable>value
    if not isinstance(value, (NDArrayPhp, bool, ArrayShape, Scalar, MaskedNDArray)):
        value = from_python(value, 0)
    v = make_variable(backend, value)
    v.literal = True
    return v


cdef NDArrayPhp A(tuple xs, int i):
    """Input value i as an array."""
    value = xs[i]
    return <NDArrayPhp>value if isinstance(value, NDArrayPhp) else _as_array(value)


cdef NDArrayPhp array_of(Variable v):
    """The array in a variable; an error if it holds none."""
    value = v.value_
    if isinstance(value, NDArrayPhp):
        return <NDArrayPhp>value
    return _as_array(v.need_value())


cdef NDArrayPhp _as_array(object value):
    if isinstance(value, bool):
        return full(core.RK_BOOL, 0, NULL, value)
    if isinstance(value, Scalar):
        return from_python(value.value(), 0)
    if not isinstance(value, NDArray):
        raise InvalidArgumentException(f"an array was expected, {type(value).__name__} was given")
    return raw(value)


def _untraceable(what):
    """The error for taking a number out of a value that is being traced."""
    import sys

    frame = sys._getframe(0)  # compiled functions have no frame: the caller's
    while frame is not None and frame.f_globals.get("__name__", "").startswith(("rindow_nn.", "rindow_math.")):
        frame = frame.f_back
    where = f" in {frame.f_code.co_filename}, line {frame.f_lineno}" if frame is not None else ""
    return LogicException(
        f"a function that is being compiled must not look at the numbers in a value: {what}{where}. What the numbers "
        f"decide would be fixed by the first call; use differentiable functions, or compute it outside the function"
    )


@cython.trashcan(True)
cdef class Variable(NDArray):
    """A value that gradients can be asked for.

    Made by ``nn.gradient().Variable(value)``; the results of functions, layers, models and losses are
    variables too. Values are copied, so that changing the original leaves the variable alone.

    Args:
        backend: the backend ``K``.
        value: nested lists, a number, an array, a bool, an ArrayShape or a Scalar.
        name: shown in messages.
        reference: keep the given array instead of a copy.
        trainable: whether an optimizer may change it; True by default.
        undetermined: there is no value yet; ``assign`` gives one.
        unbackpropagatable: gradients stop here.
        mask: which elements count.

    Raises:
        InvalidArgumentException: the value is of another type.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> g = NeuralNetworks().gradient()
        >>> a = g.Variable([4, 5])
        >>> (a * a + 1).toArray()
        [17.0, 26.0]

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Core\\Variable``.
    """

    def __init__(self, backend, value, name=None, reference=None, trainable=None, undetermined=None,
                 unbackpropagatable=None, mask=None):
        self.backend_ = backend
        self.undetermined = bool(undetermined)
        self.name_ = name if name is None or isinstance(name, str) else str(name)
        self.trainable = True if trainable is None else bool(trainable)
        self.unbackpropagatable = bool(unbackpropagatable)
        self.creator_ = None
        if not self.undetermined:
            self.assign(value, reference=reference, mask=mask)

    def assign(self, value, reference=None, mask=None) -> None:
        """Gives the variable a new value.

        Args:
            value: as in the constructor.
            reference: keep the given array instead of a copy.
            mask: which elements count.

        Raises:
            InvalidArgumentException: the value is of another type.
        """
        if isinstance(value, Variable):
            value = (<Variable>value).need_value()
        if isinstance(value, NDArrayPhp):
            self.value_ = value if reference else copy_of(<NDArrayPhp>value)
        elif isinstance(value, MaskedNDArray):
            self.value_ = value if reference else MaskedNDArray(copy_of(raw(value)), value.mask())
        elif isinstance(value, (bool, ArrayShape, Scalar)):
            self.value_ = value
        elif value is None or isinstance(value, (str, bytes)):
            raise InvalidArgumentException(
                f"Invalid vaule type:{type(value).__name__}; numbers, lists and arrays become a Variable"
                + (f" ({self.name_})" if self.name_ else "")
            )
        else:
            self.value_ = from_python(value, 0)
        self.mask_ = mask
        self.undetermined = False
        self.number = False

    def isTrainable(self) -> bool:
        """Whether an optimizer may change the value."""
        return self.trainable

    def isUndetermined(self) -> bool:
        """Whether there is no value yet."""
        return self.undetermined

    def isbackpropagatable(self) -> bool:
        """Whether gradients pass through."""
        return not self.unbackpropagatable

    cdef object need_value(self):
        if self.value_ is None:
            if self.undetermined:
                raise LogicException(f"Undetermined variable:{self.name_ or ''}")
            raise LogicException("Variable has no value" + (f": {self.name_}" if self.name_ else ""))
        return self.value_

    def value(self):
        """The value: an NDArray, or what else was assigned; a Scalar, if ``g.get`` took one number from an array.

        Raises:
            LogicException: the variable is undetermined, or depends on an argument of a function being compiled.
        """
        if rn_tracing == 1 and self.traced:
            raise _untraceable("value()")
        value = self.need_value()
        return ScalarArray(value) if self.number else value

    def backend(self):
        """The backend ``K``."""
        return self.backend_

    def name(self):
        """The name, or None."""
        return self.name_

    def setName(self, name) -> str:
        """Names the variable and answers the name."""
        self.name_ = name
        return name

    def mask(self):
        """Which elements count, or None."""
        if self.mask_ is None and isinstance(self.value_, MaskedNDArray):
            return self.value_.mask()
        return self.mask_

    def creator(self):
        """The recorded function that made the variable, or None."""
        return self.creator_

    def setCreator(self, creator) -> None:
        """Names the function that made the variable; for functions that are written outside this library."""
        if self.trainable:
            self.creator_ = creator
        self.generation_ = creator.generation() + 1

    def generation(self) -> int:
        """Length of the longest path of recorded functions behind the variable."""
        return self.generation_

    def valueShape(self):
        """The shape without the batch dimension; None when undetermined."""
        return None if self.value_ is None else self._shape()[1:]

    def reference(self):
        """A reference that does not keep the variable alive."""
        return VariableReference(self)

    def _clearValue(self) -> None:
        """Drops the value."""
        self.value_ = None

    cdef void _look(self) noexcept:
        """Notes that the number of samples is asked for."""
        if rn_tracing == 1 and self.traced:
            set_looked(1)

    cdef object _array(self):
        value = self.need_value()
        if isinstance(value, NDArray):
            return value
        if isinstance(value, bool):
            raise LogicException("unsupported operation on boolean type")
        if isinstance(value, ArrayShape):
            return value
        raise RuntimeException(f"invalid type:{type(value).__name__}")

    def dtype(self) -> int:
        value = self.need_value()
        if isinstance(value, NDArray):
            return value.dtype()
        if isinstance(value, bool):
            return NDArray.bool
        raise RuntimeException(f"invalid type:{type(value).__name__}")

    cdef list _shape(self):
        value = self.need_value()
        if isinstance(value, NDArray):
            return value.shape()
        if isinstance(value, (bool, Scalar)):
            return []
        return [len(value)]

    def shape(self) -> list:
        self._look()
        return self._shape()

    def ndim(self) -> int:
        return len(self._shape())

    def size(self) -> int:
        self._look()
        value = self.need_value()
        return 0 if isinstance(value, bool) else self._array().size()

    def buffer(self):
        return self._array().buffer()

    def offset(self) -> int:
        return self._array().offset()

    def reshape(self, shape):
        """A variable over the same memory in another shape; not recorded (see ``g.reshape``)."""
        if rn_tracing == 1 and self.traced:
            raise _untraceable("reshape() (use g.reshape)")
        return make_variable(self.backend_, self._array().reshape(shape))

    def toArray(self):
        if rn_tracing == 1 and self.traced:
            raise _untraceable("toArray()")
        value = self.need_value()
        if isinstance(value, bool):
            return value
        if isinstance(value, Scalar):
            return value.value()
        return self._array().toArray()

    def __contains__(self, offset):
        self._look()
        return offset in self._array()

    def __getitem__(self, offset):
        if rn_tracing == 1 and self.traced:
            raise _untraceable("indexing (use g.get)")
        return self._array()[offset]

    def __setitem__(self, offset, value):
        self._array()[offset] = value

    def __delitem__(self, offset):
        del self._array()[offset]

    def __len__(self):
        self._look()
        return len(self._array())

    def count(self) -> int:
        """Size of the first dimension (PHP: ``count($v)``)."""
        return len(self)

    def offsetExists(self, offset) -> bool:
        """PHP's spelling of ``offset in variable``."""
        return offset in self

    def offsetGet(self, offset):
        """PHP's spelling of ``variable[offset]``."""
        return self[offset]

    def offsetSet(self, offset, value) -> None:
        """PHP's spelling of ``variable[offset] = value``."""
        self[offset] = value

    def __iter__(self):
        if rn_tracing == 1 and self.traced and not isinstance(self.value_, ArrayShape):
            raise _untraceable("iteration (use g.get or g.split)")
        return iter(self._array())

    def __bool__(self):
        if rn_tracing == 1 and self.traced and isinstance(self.value_, NDArray):
            raise _untraceable("a condition")
        # a variable that holds a truth value has it; any other exists, as a PHP object does
        return self.value_ if isinstance(self.value_, bool) else True

    def __float__(self):
        if rn_tracing == 1 and self.traced:
            raise _untraceable("float()")
        value = self.need_value()
        return float(value.value() if isinstance(value, Scalar) else value)

    def __int__(self):
        if rn_tracing == 1 and self.traced:
            raise _untraceable("int()")
        value = self.need_value()
        return int(value.value() if isinstance(value, Scalar) else value)

    def __array__(self, dtype=None, copy=None):
        if rn_tracing == 1 and self.traced:
            raise _untraceable("conversion to numpy")
        return np.asarray(raw(self._array()), dtype=dtype, copy=copy)

    def __dlpack__(self, **options):
        return raw(self._array()).__dlpack__(**options)

    def __dlpack_device__(self):
        return (1, 0)

    def __copy__(self):
        cdef Variable v = make_variable(self.backend_, copying.copy(self.value_))
        v.name_ = self.name_
        v.trainable = self.trainable
        v.undetermined = self.undetermined
        v.unbackpropagatable = self.unbackpropagatable
        v.creator_ = self.creator_
        v.index = self.index
        v.generation_ = self.generation_
        v.mask_ = self.mask_
        v.number = self.number
        return v

    def __deepcopy__(self, memo):
        return self.__copy__()

    # ---- arithmetic

    def __add__(self, other):
        return _ops().add(self.backend_, self, other)

    def __radd__(self, other):
        return _ops().add(self.backend_, other, self)

    def __sub__(self, other):
        return _ops().sub(self.backend_, self, other)

    def __rsub__(self, other):
        return _ops().sub(self.backend_, other, self)

    def __mul__(self, other):
        return _ops().mul(self.backend_, self, other)

    def __rmul__(self, other):
        return _ops().mul(self.backend_, other, self)

    def __truediv__(self, other):
        return _ops().div(self.backend_, self, other)

    def __rtruediv__(self, other):
        return _ops().div(self.backend_, other, self)

    def __matmul__(self, other):
        return _ops().matmul(self.backend_, self, other)

    def __rmatmul__(self, other):
        return _ops().matmul(self.backend_, other, self)

    def __pow__(self, other, modulo):
        if modulo is not None:
            return NotImplemented
        return _ops().power(self.backend_, self, other)

    def __rpow__(self, other, modulo):
        if modulo is not None:
            return NotImplemented
        return _ops().power(self.backend_, other, self)

    def __neg__(self):
        return _ops().negative(self.backend_, self)

    def __pos__(self):
        return self

    def __repr__(self):
        name = f", name={self.name_!r}" if self.name_ else ""
        if self.value_ is None:
            return f"Variable(undetermined{name})"
        return f"Variable({self.value_!r}{name})"


cdef object _operators = None


cdef object _ops():
    """The functions behind Python's operators; they are built on this module, so they are found late."""
    global _operators
    if _operators is None:
        from rindow_nn.gradient.func import operators

        _operators = operators
    return _operators


class VariableReference:
    """A reference that does not keep the variable alive.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Core\\VariableReference``.
    """

    def __init__(self, variable):
        self._ref = self._name = self._shape = self._dtype = None
        if variable is None:
            return  # gone already
        self._ref = weakref.ref(variable)
        self._name = variable.name()
        value = (<Variable>variable).value_
        self._shape = variable.shape() if value is not None else None
        self._dtype = variable.dtype() if isinstance(value, (NDArray, bool)) else None

    def get(self):
        """The variable, or None if it is gone."""
        return None if self._ref is None else self._ref()

    def name(self):
        """The variable's name."""
        return self._name

    def shape(self):
        """The variable's shape when the reference was made."""
        return self._shape

    def _setShape(self, shape) -> None:
        """Changes the remembered shape."""
        self._shape = shape

    def valueShape(self):
        """The shape without the batch dimension."""
        return None if self._shape is None else self._shape[1:]

    def dtype(self):
        """The variable's type when the reference was made."""
        return self._dtype


# --------------------------------------------------------------------------------------------------- functions

cdef AbstractFunction prepare(AbstractFunction f, object backend, object name):
    """Sets up a function made by ``__new__`` alone."""
    f.backend_ = backend
    f.K = primitives(backend)
    f.name_ = name
    return f


@cython.trashcan(True)
cdef class AbstractFunction:
    """A differentiable function: ``call`` computes, ``differentiate`` gives the gradients.

    Subclass it for functions of your own. The object of a call keeps what the gradient needs in
    ``self.container()``.

    Args:
        backend: the backend ``K``.
        name: shown in messages.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> nn = NeuralNetworks()
        >>> g, K = nn.gradient(), nn.backend()
        >>> class Cube(AbstractFunction):
        ...     def call(self, inputs):
        ...         self.container().x = x = inputs[0]
        ...         return [K.mul(x, K.mul(x, x))]
        ...     def differentiate(self, dOutputs):
        ...         x = self.container().x
        ...         return [K.scale(3, K.mul(dOutputs[0], K.mul(x, x)))]
        >>> x = g.Variable(2.0)
        >>> with g.GradientTape() as tape:
        ...     y = Cube(K)(x)
        >>> tape.gradient(y, x).toArray()
        12.0

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Core\\AbstractFunction``.
    """

    numOfInputs = 1
    numOfOutputs = 1

    def __init__(self, backend, name=None):
        prepare(self, backend, name)

    # ---- for subclasses in Python

    def call(self, inputs):
        """Computes the outputs.

        Args:
            inputs: list of arrays (the variables' values).

        Returns:
            A list of arrays, or one array.
        """
        raise NotImplementedError(f"{type(self).__name__}.call")

    def differentiate(self, dOutputs):
        """Computes the gradients of the inputs.

        Args:
            dOutputs: list of arrays, the gradients of the outputs.

        Returns:
            A list of arrays, one an input; None where there is no gradient.
        """
        raise NotImplementedError(f"{type(self).__name__}.differentiate")

    def preprocess(self, inputs):
        """Gives the arguments the form that ``call`` expects."""
        return inputs

    def container(self):
        """A place for what ``differentiate`` needs from ``call``."""
        if self.container_ is None:
            self.container_ = types.SimpleNamespace()
        return self.container_

    @property
    def backend(self):
        """The backend; ``self.backend`` and ``self.backend()`` are the same object."""
        return self.backend_

    @property
    def unbackpropagatables(self):
        """One flag an output: gradients stop there."""
        return self.flags

    @unbackpropagatables.setter
    def unbackpropagatables(self, flags):
        self.flags = None if flags is None else list(flags)

    # ---- what a recorded call answers

    def inputs(self):
        """The input variables of the recorded call."""
        return list(self.inputs_ or ()) if self.begun is None else self.begun.inputs()

    def func(self):
        """What was called: the function itself, or for the call of a layer or loss, that."""
        return self if self.begun is None else self.begun.func()

    def options(self):
        """Further variables of the call, by name; functions have none."""
        return {}

    def outputs(self):
        """References to the output variables of the recorded call."""
        cdef int i
        refs = self.outputs_ if isinstance(self.outputs_, list) else [] if self.outputs_ is None else [self.outputs_]
        found = [VariableReference(v) for v in [ref() for ref in refs]]
        for i in range(len(found)):
            if self.output_shapes is not None and self.output_shapes[i] is not None:
                found[i]._shape, found[i]._dtype = self.output_shapes[i]  # known also when the variable is gone
        return found

    def generation(self) -> int:
        """Length of the longest path of recorded functions before this one."""
        return self.generation_

    def name(self):
        """The name, or None."""
        return self.name_

    def className(self) -> str:
        """Name of the class."""
        return type(self).__name__

    def _rawCall(self, inputs, options):
        """Computes on arrays, without variables and without recording."""
        out = self.call(inputs)
        return list(out) if isinstance(out, (list, tuple)) else [out]

    def backward(self, dOutputs, grads=None, oidsToCollect=None):
        """The gradients of the inputs from those of the outputs, as arrays.

        Args:
            dOutputs: list of arrays, one an output.
            grads: dict from variable to gradient that receives those of weights; None for none.
            oidsToCollect: the weights whose gradients are wanted there; all when left out.
        """
        cdef tuple found
        if self.inputs_ is None:
            return self.differentiate(dOutputs)  # not recorded: the user's own function, called directly
        douts = [*dOutputs, *[None] * (self.outputs_count - len(dOutputs))]
        for i, ref in enumerate(self.outputs()):
            if douts[i] is None and self.outputs_count == 1:
                raise InvalidArgumentException(f"the gradient of the output of {_function_name(self)} is missing")
            if douts[i] is None and self.output_shapes[i] is not None:
                douts[i] = _zeros(self.backend_, self.output_shapes[i])
            shape = douts[i].shape() if isinstance(douts[i], NDArray) else []
            if douts[i] is not None and ref.shape() is not None and shape != ref.shape():
                raise InvalidArgumentException(
                    f"the gradient of output #{i + 1} of {_function_name(self)} has shape {shape}, must be "
                    f"{ref.shape()}"
                )
        found = self.gradient_of(
            tuple([None if d is None else pack(self.backend_, d) for d in douts]), 0xFFFFFFFFFFFFFFFFULL
        )
        arrays = [None if d is None else (<Variable>d).value_ for d in found]
        return arrays if self.begun is None else self.begun.backward(arrays, grads, oidsToCollect)

    def packAndUnpackVariable(self, backend, value, unbackpropagatable=None):
        """A value as (variable, array)."""
        if value is None:
            return [None, None]
        if isinstance(value, Variable):
            return [value, value.value()]
        return [Variable(backend, value, unbackpropagatable=unbackpropagatable), value]

    def packAndUnpackVariables(self, backend, values, unbackpropagatable=None):
        """Values as (variables, arrays)."""
        pairs = [self.packAndUnpackVariable(backend, v, unbackpropagatable) for v in values]
        return [[v for v, _ in pairs], [r for _, r in pairs]]

    # ---- the call

    def __call__(self, *inputs):
        cdef AbstractFunction node = self
        if len(inputs) != self.numOfInputs:
            raise InvalidArgumentException(
                f"{self.numOfInputs} arguments are required.{len(inputs)} given. ({self.name_ or type(self).__name__})"
            )
        prepared = self.preprocess(list(inputs))
        if node.inputs_ is not None:
            node = self.renew()  # a function object may be called again; each call is a node of its own
        packed = [pack(self.backend_, v) for v in prepared]
        if not hasattr(node, "__dict__"):
            return node.record(tuple(packed))
        node.inputsVariables = packed  # users' functions look there
        try:
            return node.record(tuple(packed))
        finally:
            if node.inputs_ is None:
                del node.inputsVariables  # not recorded: keep nothing alive

    cdef AbstractFunction with_gradient(self, AbstractFunction gradient, double threshold):
        """A function that gives a loss, its gradient and the share of right answers in one pass; None: there is none.

        Args:
            gradient: the call that gives the gradient; its inputs begin with those of this call.
            threshold: of an answer yes.
        """
        return None

    cdef AbstractFunction renew(self):
        """A fresh node with the same settings."""
        cdef AbstractFunction node = type(self).__new__(type(self))
        prepare(node, self.backend_, self.name_)
        if hasattr(self, "__dict__"):
            node.__dict__.update(self.__dict__)
        self.copy_settings(node)
        return node

    cdef int copy_settings(self, AbstractFunction node) except -1:
        """Copies to a fresh node what the constructor was given."""
        return 0

    cdef int role(self):
        """How a compiled function may run it: OPAQUE, STEP, VIEW or FIXED."""
        return OPAQUE

    cdef int shape_only(self):
        """Bit i: of input i only the shape counts."""
        return 0

    cdef bint repeats_input(self):
        """Whether the output is the first input, repeated."""
        return False

    cdef bint optional_outputs(self):
        """Whether ``forward`` leaves out what it is given None for."""
        return False

    cdef bint reads_masks(self):
        """Whether the result depends on the inputs' masks."""
        return False

    cdef bint elementwise(self, tuple xs, Micro* micro) except -1:
        """Whether it works element by element; if so, how."""
        return False

    cdef AbstractFunction after(self, AbstractFunction first, bint gradient, list makers):
        """One STEP that does what ``first`` and then this one do; None: there is none.

        This one alone reads what ``first`` computes, as its first input. The step's inputs are those of ``first`` and
        the others of this one, its outputs those of this one and the others of ``first``.

        Args:
            first: the function that makes this one's first input.
            gradient: whether a gradient may be asked for: results must then be the same to the bit.
            makers: the functions that make the step's inputs, None for those that are given.
        """
        return first.before(self, gradient, makers)

    cdef AbstractFunction before(self, AbstractFunction second, bint gradient, list makers):
        """As ``after``, asked of the first of the two where the second knows nothing."""
        return None

    cdef object forward(self, tuple xs, object out):
        """The outputs' values from the inputs': one value, or a tuple of several.

        A STEP writes into ``out`` where it is given: an array, or a tuple of arrays.
        """
        result = self.call(list(xs))
        values = list(result) if isinstance(result, (list, tuple)) else [result]
        for i, value in enumerate(values):
            if isinstance(value, Variable):
                values[i] = (<Variable>value).need_value()
            elif not (value is None and len(values) > 1) and not isinstance(value, (NDArray, bool, ArrayShape, Scalar)):
                raise InvalidArgumentException(
                    f"{type(self).__name__}.call must give arrays: output #{i + 1} is {type(value).__name__}"
                )
        if not values:
            raise InvalidArgumentException(f"{type(self).__name__}.call gave no outputs")
        return values[0] if len(values) == 1 else tuple(values)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        """The inputs' gradients as variables, None where not needed (bit i of `needs`) or absent."""
        cdef list grads = []
        cdef NDArrayPhp given
        cdef NDArrayPhp x
        cdef int i
        if rn_tracing:
            return traced_gradient(self, douts)
        values = self.differentiate([None if d is None else array_of(<Variable>d) for d in douts])
        if not isinstance(values, (list, tuple)):
            values = [values]
        for value in values:
            if value is None or isinstance(value, (Scalar, ArrayShape)):
                grads.append(None)
            else:
                grads.append(value if isinstance(value, Variable) else make_variable(self.backend_, raw(value)))
        if len(grads) < len(self.inputs_):
            raise LogicException(
                f"{type(self).__name__}.differentiate gave {len(grads)} gradients for {len(self.inputs_)} inputs"
            )
        for i in range(len(self.inputs_)):
            if grads[i] is not None and isinstance(self.kept[i], NDArray):
                given = array_of(<Variable>grads[i])
                x = raw(self.kept[i])
                if not same_shape(given, x):
                    raise InvalidArgumentException(
                        f"{type(self).__name__}.differentiate gave a gradient of shape {shape_text(given)} for input "
                        f"#{i + 1} of shape {shape_text(x)}"
                    )
        return tuple(grads)

    cdef object record(self, tuple inputs):
        """Computes, and inside a tape remembers the call. Answers a variable, or a list of them."""
        cdef Variable v
        cdef Variable x
        cdef int generation = -1
        cdef int i
        cdef list outs
        cdef bint tape = rn_tape != NULL
        cdef bint traced = False
        # the inputs' values are kept, so that a later assign() does not change the gradient
        cdef tuple xs = PyTuple_New(PyTuple_GET_SIZE(inputs))
        for i in range(PyTuple_GET_SIZE(inputs)):
            x = <Variable>PyTuple_GET_ITEM(inputs, i)
            value = x.value_ if x.value_ is not None else x.need_value()
            Py_INCREF(value)
            PyTuple_SET_ITEM(xs, i, value)
            if x.generation_ > generation:
                generation = x.generation_
            if rn_tracing and (x.traced or (not x.literal and isinstance(x.value_, NDArray))):
                traced = True
        if self.K is None:
            raise LogicException(f"{type(self).__name__}.__init__ must call super().__init__(backend)")
        if rn_profiling:
            value = self.timed_forward(xs)
        else:
            value = self.forward(xs, None)
        if tape:
            self.kept = xs
            self.inputs_ = inputs
            self.generation_ = generation
            self.trace = rn_trace
            if rn_tracing:
                self.results = list(value) if isinstance(value, tuple) else [value]
                self.origin = rn_origin
        if not isinstance(value, tuple):
            v = make_variable(self.backend_, value)
            v.traced = traced and isinstance(v.value_, NDArray)
            if self.flags is not None and self.flags and self.flags[0]:
                v.unbackpropagatable = True
            if tape:
                self.outputs_count = 1
                self.outputs_ = PyWeakref_NewRef(v, None)
                v.creator_ = self
                v.generation_ = generation + 1
            return v
        outs = []
        if tape:
            self.outputs_count = len(value)
            self.outputs_ = []
            self.output_shapes = tuple([(y.shape(), y.dtype()) if isinstance(y, NDArray) else None for y in value])
        for i in range(len(value)):
            v = make_variable(self.backend_, value[i])
            v.traced = traced and isinstance(v.value_, NDArray)
            if value[i] is None:
                v.undetermined = True
            if self.flags is not None and i < len(self.flags) and self.flags[i]:
                v.unbackpropagatable = True
            if tape:
                self.outputs_.append(PyWeakref_NewRef(v, None))
                v.creator_ = self
                v.index = i
                v.generation_ = generation + 1
            outs.append(v)
        return outs

    cdef object timed_forward(self, tuple xs):
        cdef long long begin = perf_counter_ns()
        value = self.forward(xs, None)
        phase = "backward" if rn_pulling or isinstance(self, GradientCall) else "forward"
        note_call(phase, type(self).__name__, layer_of(self), xs, value, begin)
        return value

    cdef tuple timed_gradient(self, tuple douts, unsigned long long needs):
        global rn_pulling
        cdef long long begin = perf_counter_ns()
        cdef bint before = rn_pulling
        cdef tuple grads
        rn_pulling = True  # what is called meanwhile is a part of it
        try:
            grads = self.gradient_of(douts, needs)
        finally:
            rn_pulling = before
        note_call("backward", type(self).__name__, layer_of(self), self.kept + douts, grads, begin)
        return grads

    cdef Variable input(self, int i):
        """Input i with the value it had in the call."""
        cdef Variable v = <Variable>self.inputs_[i]
        if v.value_ is self.kept[i]:
            return v
        return make_variable(self.backend_, self.kept[i])

    cdef Variable output(self, int i, object value):
        """Output i as a variable of this node, from its value."""
        cdef Variable v = make_variable(self.backend_, value)
        v.creator_ = self
        v.index = i
        v.generation_ = self.generation_ + 1
        v.traced = rn_tracing != 0
        return v


cdef class GradientCall(AbstractFunction):
    """A call that computes gradients in one piece; its own gradient is not known."""

    cdef str subject_name(self):
        return type(self).__name__.removesuffix("Gradient")

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        raise LogicException(
            f"No second derivative of {self.subject_name()}: its gradient is computed in one piece, not by recorded "
            f"functions"
        )


cdef class DifferentiateCall(GradientCall):
    """The gradient of an opaque call, as a call of its own in a traced gradient.

    The inputs are the gradients of the call's outputs, then the call's inputs. A compiled function names the
    object that made the call in each run (``call``).
    """

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<DifferentiateCall>node).subject = self.subject
        (<DifferentiateCall>node).douts_count = self.douts_count
        (<DifferentiateCall>node).present = self.present
        return 0

    cdef object forward(self, tuple xs, object out):
        global rn_tape
        cdef int before = set_tracing(0)
        cdef PyObject* tape = rn_tape
        cdef list values = []
        rn_tape = NULL
        try:
            grads = self.subject.gradient_of(
                tuple([make_variable(self.backend_, x) for x in xs[: self.douts_count]]), 0xFFFFFFFFFFFFFFFFULL
            )
        finally:
            rn_tape = tape
            set_tracing(before)
        self.present = [g is not None for g in grads]
        for g in grads:
            if g is not None:
                values.append((<Variable>g).value_)
        return tuple(values)


cdef tuple traced_gradient(AbstractFunction node, tuple douts):
    """The gradient of an opaque call in a trace."""
    cdef DifferentiateCall f = DifferentiateCall.__new__(DifferentiateCall)
    cdef list given = [d for d in douts if d is not None]
    cdef list result = []
    cdef int at = 0
    f.subject = node
    f.douts_count = len(given)
    prepare(f, node.backend_, None)
    outs = f.record(tuple(given + [node.input(i) for i in range(len(node.inputs_))]))
    for there in f.present:
        if there:
            result.append(outs[at])
            at += 1
        else:
            result.append(None)
    return tuple(result)


# -------------------------------------------------------------------------------------------------------- tape

cdef enum:
    FEW_CALLS = 32                    # for so many a walk holds its numbers itself
    FEW_LEAVES = 8                    # so many are faster to look through than a dict

cdef long _walks = 0


cdef inline AbstractFunction _maker(Variable v, long within):
    """The call that made a variable; with a trace's number, calls outside it do not count."""
    if v.creator_ is None or (within and v.creator_.trace != within):
        return None
    return v.creator_


@cython.final
@cython.no_gc
cdef class _Walk:
    """The way back from targets to sources: what is wanted, and the calls in between with their gradients.

    Variables that no call made are wanted by identity, the results of calls by call and position.
    """

    cdef object backend
    cdef long within                  # number of a trace: calls outside it do not count; 0: all do
    cdef list leaves                  # the wanted variables that no call made
    cdef dict leaf_places             # where they are many: each one's place among them
    cdef list leaf_grads
    cdef dict outputs                 # call -> positions of its wanted outputs; None: there are none
    cdef list order                   # the calls on the way, each after all that feed it
    cdef dict places                  # their places, where the marks on the calls do not tell
    cdef list slots                   # of each: the gradient of its output, or a list of those of several
    cdef dict others                  # wanted calls that are not on the way (nothing feeds them) -> the same
    cdef unsigned long long* needs    # of each call on the way: inputs whose gradients are needed, as bits
    cdef unsigned long long[FEW_CALLS] few
    cdef Py_ssize_t room

    def __cinit__(self):
        self.needs = self.few
        self.room = FEW_CALLS

    def __dealloc__(self):
        if self.needs != self.few:
            PyMem_Free(self.needs)

    cdef int want(self, list variables) except -1:
        """Names the variables whose gradients are wanted."""
        cdef Variable v
        cdef AbstractFunction maker
        cdef Py_ssize_t i
        for i in range(PyList_GET_SIZE(variables)):
            v = <Variable>PyList_GET_ITEM(variables, i)
            if _maker(v, self.within) is not None:
                break
        else:
            self.leaves = variables
        if self.leaves is None:
            self.leaves = []
            self.outputs = {}
            for item in variables:
                v = <Variable>item
                maker = _maker(v, self.within)
                if maker is None:
                    self.leaves.append(v)
                else:
                    self.outputs.setdefault(maker, set()).add(v.index)
        self.leaf_grads = [None] * len(self.leaves)
        if len(self.leaves) > FEW_LEAVES:
            self.leaf_places = {}
            for i in range(len(self.leaves)):
                self.leaf_places.setdefault(self.leaves[i], i)
        return 0

    cdef Py_ssize_t leaf(self, Variable v) except -2:
        """The place of a variable among the leaves; -1: it is not wanted."""
        cdef Py_ssize_t i
        if self.leaf_places is not None:
            at = self.leaf_places.get(v)
            return -1 if at is None else <Py_ssize_t>at
        for i in range(PyList_GET_SIZE(self.leaves)):
            if PyList_GET_ITEM(self.leaves, i) == <PyObject*>v:
                return i
        return -1

    cdef bint has(self, Variable v) except -1:
        """Whether the gradient of a variable is wanted."""
        if _maker(v, self.within) is None:
            return self.leaf(v) >= 0
        return self.outputs is not None and v.creator_ in self.outputs and v.index in self.outputs[v.creator_]

    cdef int find(self, list targets) except -1:
        """Finds the calls on a path from a source or a user's function to a target, and what each needs.

        The marks on the calls (`stamp`, `useful`) hold within this function only: another thread, or a gradient asked
        by a call's own gradient, may walk the same calls. `place` tells where to look first, and is checked.
        """
        global _walks
        cdef list stack = []
        cdef Py_ssize_t depth = 0
        cdef AbstractFunction node
        cdef AbstractFunction before
        cdef Variable v
        cdef unsigned long long needs
        cdef long open_
        cdef long done
        cdef bint wait
        cdef Py_ssize_t i
        self.order = []
        _walks += 2
        open_ = _walks
        done = _walks + 1
        for i in range(len(targets)):
            v = <Variable>targets[i]
            node = _maker(v, self.within)
            if node is not None and not v.unbackpropagatable:
                depth = _push(stack, depth, node)
        while depth:
            node = <AbstractFunction>PyList_GET_ITEM(stack, depth - 1)
            if node.stamp == done:
                depth -= 1
                continue
            if node.stamp != open_:
                node.stamp = open_
                wait = False
                for i in range(len(node.inputs_)):
                    v = <Variable>PyTuple_GET_ITEM(node.inputs_, i)
                    before = _maker(v, self.within)
                    if before is not None and not v.unbackpropagatable and before.stamp != done and (
                        before.stamp != open_
                    ):
                        depth = _push(stack, depth, before)
                        wait = True
                if wait:
                    continue
            depth -= 1
            node.stamp = done
            needs = 0
            for i in range(len(node.inputs_)):
                v = <Variable>PyTuple_GET_ITEM(node.inputs_, i)
                if v.unbackpropagatable:
                    continue
                before = _maker(v, self.within)
                if (before is not None and before.stamp == done and before.useful) or self.has(v):
                    needs |= 1ULL << (i if i < 63 else 63)
            # functions that users write are called even if no source needs their gradient, as in the original
            node.useful = needs != 0 or type(node).differentiate is not AbstractFunction.differentiate
            if node.useful:
                node.place = len(self.order)
                self.add(node, needs)
        self.slots = [None] * len(self.order)
        return 0

    cdef int add(self, AbstractFunction node, unsigned long long needs) except -1:
        """Adds a call to those on the way."""
        cdef Py_ssize_t at = PyList_GET_SIZE(self.order)
        cdef unsigned long long* more
        if at == self.room:
            more = <unsigned long long*>PyMem_Malloc(2 * self.room * sizeof(unsigned long long))
            if more == NULL:
                raise MemoryError()
            memcpy(more, self.needs, self.room * sizeof(unsigned long long))
            if self.needs != self.few:
                PyMem_Free(self.needs)
            self.needs = more
            self.room *= 2
        self.needs[at] = needs
        self.order.append(node)
        return 0

    cdef Py_ssize_t place(self, AbstractFunction node) except -2:
        """The place of a call among those on the way; -1: it is not there."""
        cdef Py_ssize_t at = node.place
        cdef Py_ssize_t i
        if at < PyList_GET_SIZE(self.order) and PyList_GET_ITEM(self.order, at) == <PyObject*>node:
            return at
        if self.places is None:  # another walk has met the call since, or it is not on the way
            self.places = {}
            for i in range(PyList_GET_SIZE(self.order)):
                self.places[self.order[i]] = i
        found = self.places.get(node)
        return -1 if found is None else <Py_ssize_t>found

    cdef object slot(self, AbstractFunction node):
        """The gradient of a call's output so far, a list of those of several, or None."""
        cdef Py_ssize_t at = self.place(node)
        if at >= 0:
            return self.slots[at]
        return None if self.others is None else self.others.get(node)

    cdef int set_slot(self, AbstractFunction node, object slot) except -1:
        cdef Py_ssize_t at = self.place(node)
        if at >= 0:
            self.slots[at] = slot
            return 0
        if self.others is None:
            self.others = {}
        self.others[node] = slot
        return 0

    cdef int give(self, Variable v, Variable d) except -1:
        """Adds to the gradient of a variable."""
        cdef AbstractFunction maker = _maker(v, self.within)
        cdef Py_ssize_t at
        if maker is None:
            at = self.leaf(v)
            if at >= 0:
                self.leaf_grads[at] = _sum(self.backend, self.leaf_grads[at], d)
            return 0
        slot = self.slot(maker)
        if maker.outputs_count == 1:
            self.set_slot(maker, _sum(self.backend, slot, d))
            return 0
        if slot is None:
            slot = [None] * maker.outputs_count
            self.set_slot(maker, slot)
        (<list>slot)[v.index] = _sum(self.backend, (<list>slot)[v.index], d)
        return 0

    cdef Variable grad(self, Variable v):
        """The gradient of a wanted variable, None where no path leads to it."""
        if _maker(v, self.within) is None:
            return self.leaf_grads[self.leaf(v)]
        slot = self.slot(v.creator_)
        return (<list>slot)[v.index] if isinstance(slot, list) else slot


cdef inline Py_ssize_t _push(list stack, Py_ssize_t depth, AbstractFunction node) except -1:
    """Puts a call on a stack that is never shortened; answers the new depth."""
    if depth < PyList_GET_SIZE(stack):
        stack[depth] = node
    else:
        stack.append(node)
    return depth + 1


cdef int _enter(GradientTape tape) except -1:
    if tape.active:
        raise LogicException("the tape is recording already")
    tape.outer = current_tape()
    tape.active = True
    Py_XINCREF(<PyObject*>tape)  # until exit: the thread's pointer does not count
    _set_tape(tape)
    return 0


cdef int _exit(GradientTape tape) except -1:
    cdef GradientTape inner = None
    cdef GradientTape current = current_tape()
    if not tape.active:
        raise LogicException("the tape is not recording")
    while current is not None and current is not tape:
        inner = current
        current = current.outer
    if current is None:
        raise LogicException("the tape records in another thread, which must end the recording")
    if inner is None:
        _set_tape(tape.outer)
    else:
        inner.outer = tape.outer  # left before a tape that was entered later
    tape.active = False
    tape.outer = None
    Py_XDECREF(<PyObject*>tape)
    return 0


cdef class GradientTape:
    """Records calls between ``enter`` and ``exit`` and computes gradients from the record.

    Args:
        backend: the backend ``K``.
        persistent: the record may be asked more than once. (Every tape here can be.)
        name: shown in messages.

    Example:
        >>> from rindow_nn.builder import NeuralNetworks
        >>> g = NeuralNetworks().gradient()
        >>> a, b = g.Variable(2.0), g.Variable(3.0)
        >>> with g.GradientTape() as tape:
        ...     c = g.mul(a, b)
        >>> [x.toArray() for x in tape.gradient(c, [a, b])]
        [3.0, 2.0]

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Core\\GradientTape``.
    """

    def __init__(self, backend, persistent=None, name=None):
        self.backend_ = backend
        self.persistent = bool(persistent)
        self.name_ = name

    def enter(self) -> None:
        """Begins recording."""
        _enter(self)

    def exit(self, e=None) -> bool:
        """Ends recording; exceptions go on."""
        _exit(self)
        return False

    def __enter__(self):
        if type(self) is GradientTape:
            _enter(self)
        else:
            self.enter()
        return self

    def __exit__(self, kind, e, trace):
        if type(self) is GradientTape:
            _exit(self)
            return False
        return self.exit(e)

    def gradient(self, target, sources):
        """Gradients of a target with respect to sources.

        Args:
            target: a variable computed while the tape recorded.
            sources: a variable, or a list of variables.

        Returns:
            For each source an array of its shape; a list if ``sources`` is one. Inside another tape they are
            variables, so that it can differentiate them again.

        Raises:
            LogicException: this tape is still recording.
            InvalidArgumentException: no path leads from a source to the target; the message says why.
        """
        cdef bint single = not isinstance(sources, (list, tuple))
        cdef Variable t
        cdef list wanted
        cdef list found
        if self.active:
            raise LogicException(
                "The gradient function is not supported for use within the automatic differentiation context."
            )
        if not isinstance(target, Variable):
            raise InvalidArgumentException(
                f"the target must be a Variable, {type(target).__name__} was given; a conversion to numbers or numpy "
                f"cuts the record"
            )
        t = <Variable>target
        wanted = [sources] if single else list(sources)
        for i, s in enumerate(wanted):
            if not isinstance(s, Variable):
                raise InvalidArgumentException(
                    f"No applicable gradient found for source #{i + 1}: it is not a Variable but {type(s).__name__}"
                )
        found = _gradients(self.backend_, t, wanted)
        return found[0] if single else found

    def backwardPipeline(self, backend, pipeline, grads=None, oidsToCollect=None) -> None:
        """Runs gradients back through a list of recorded functions, collecting into ``grads``.

        Args:
            backend: the backend ``K``.
            pipeline: recorded functions, the last called first.
            grads: dict from variable to gradient, holding those of the outputs; it receives the others.
            oidsToCollect: the variables whose gradients stay in ``grads``; all when left out.
        """
        backward_pipeline(backend, pipeline, {} if grads is None else grads, oidsToCollect)


def backward_pipeline(backend, pipeline, grads, collect):
    """See ``GradientTape.backwardPipeline``."""
    K = backend
    for func in pipeline:
        douts = []
        reached = False
        for ref in func.outputs():
            v = ref.get()
            if v is not None and v in grads:
                reached = True
                douts.append(grads[v])
                if collect is not None and not any([v is c for c in collect]):
                    del grads[v]
            else:
                douts.append(None if ref.shape() is None else K.zeros(ref.shape(), ref.dtype()))
        if not reached:
            continue
        for v, d in zip(func.inputs(), call_with(func.backward, (douts, grads, collect))):
            if d is None or not isinstance(d, NDArray):
                continue
            grads[v] = K.add(grads[v], d) if v in grads else d


cdef str _label(Variable v, int i):
    return f"source #{i + 1}({v.name_ or ''})"


cdef object _why(Variable t, Variable s, int i):
    """The error for a source that has no gradient: says why it has none."""
    cdef str reason
    if s.value_ is None:
        reason = "it has no value"
    elif not isinstance(s.value_, NDArray):
        reason = f"it holds no array but {type(s.value_).__name__}"
    elif not 11 <= s.value_.dtype() <= 13:
        reason = f"it holds {NAMES[s.value_.dtype()]}, and only floating-point values have gradients"
    elif s.unbackpropagatable:
        reason = "gradients stop at it"
    elif t.creator_ is None:
        reason = "the target was computed outside the tape"
    elif t.unbackpropagatable:
        reason = f"the target comes from {_function_name(t.creator_)}, through which no gradient passes"
    else:
        reason = _cut(t, s)
    return InvalidArgumentException(f"No applicable gradient found for {_label(s, i)}: {reason}.")


cdef str _function_name(AbstractFunction node):
    name = type(node).__name__
    return f"{name} '{node.name_}'" if node.name_ else name


cdef str _cut(Variable t, Variable s):
    """Where the way from a source to a target ends, found by walking through everything behind the target."""
    cdef list stack = [t.creator_]
    cdef set seen = {t.creator_}
    cdef set cuts = set()
    cdef bint used = False
    cdef bint by_value = False
    cdef AbstractFunction node
    cdef Variable v
    while stack:
        node = <AbstractFunction>stack.pop()
        for item in node.inputs_:
            v = <Variable>item
            if v is s or (v.creator_ is not None and v.creator_ is s.creator_ and v.index == s.index):
                used = True
            elif v.value_ is s.value_ and v.creator_ is None:
                by_value = True
            if v.creator_ is not None and v.creator_ not in seen:
                seen.add(v.creator_)
                stack.append(v.creator_)
            if v.unbackpropagatable and v.creator_ is not None:
                cuts.add(_function_name(v.creator_))
    if used and cuts:
        names = ", ".join(sorted(cuts))
        return f"the way from it to the target is cut by {names}, through which no gradient passes"
    if used:
        return "the functions that use it have no gradient for it"
    if by_value:
        return "its value was used, but not the variable itself: value() and arrays are constants to the tape"
    if s.creator_ is None:
        return (
            "it was never used while the tape recorded, or only as numbers: a conversion to numpy or to Python "
            "numbers cuts the record, and so does a calculation outside the tape"
        )
    return "it was computed, but the target does not depend on it"


cdef Variable _ones_like(object backend, Variable v):
    cdef NDArrayPhp x = array_of(v)
    if not 11 <= x.dt <= 13:
        raise InvalidArgumentException(
            f"the target holds {NAMES[x.dt]}; only floating-point values have gradients"
            + (f" ({v.name_})" if v.name_ else "")
        )
    return make_variable(backend, primitives(backend).filled(x.dt, x.nd, x.dims, 1.0))


cdef inline Variable _sum(object backend, object so_far, Variable more):
    return more if so_far is None else <Variable>_ops().add(backend, so_far, more)


cdef list _gradients(object backend, Variable target, list wanted):
    cdef list found
    cdef int i
    if not wanted:
        return []
    if rn_tracing == 1:
        set_looked(1)  # what was broadcast is added up
    if target.creator_ is None or target.unbackpropagatable:
        raise _why(target, <Variable>wanted[0], 0)
    found = pull_back(backend, [target], [_ones_like(backend, target)], wanted, 0)
    for i in range(len(wanted)):
        if found[i] is None:
            raise _why(target, <Variable>wanted[i], i)
        if rn_tape == NULL:
            found[i] = (<Variable>found[i]).value_
    return found


cdef list pull_back(object backend, list targets, list seeds, list wanted, long within):
    """Gradients of the sum of targets times seeds with respect to the wanted variables, None where no path leads.

    With the number of a trace, calls outside it do not count; a target that no call made may itself be wanted.
    """
    global rn_origin
    cdef _Walk walk = _Walk.__new__(_Walk)
    cdef list result
    cdef tuple douts
    cdef tuple grads
    cdef AbstractFunction node
    cdef Variable v
    cdef unsigned long long needs
    cdef Py_ssize_t at
    cdef Py_ssize_t i
    walk.backend = backend
    walk.within = within
    walk.want(wanted)
    walk.find(targets)
    for i in range(len(targets)):
        v = <Variable>targets[i]
        if not v.unbackpropagatable and seeds[i] is not None:
            walk.give(v, <Variable>seeds[i])
    for at in range(len(walk.order) - 1, -1, -1):
        node = <AbstractFunction>walk.order[at]
        needs = walk.needs[at]
        slot = walk.slots[at]
        if slot is None:
            continue
        if walk.outputs is None or node not in walk.outputs:
            walk.slots[at] = None  # or all gradients in between would live to the end
        if node.outputs_count == 1:
            douts = (slot,)
        else:
            slot = list(slot)  # zeros are for this call: an output that is a source itself has no gradient
            for i in range(node.outputs_count):
                if slot[i] is None and node.output_shapes[i] is not None:
                    slot[i] = _zeros(backend, node.output_shapes[i])
            douts = tuple(slot)
        slot = None
        if rn_tracing:
            rn_origin = layer_of(node)
        try:
            if rn_profiling:
                grads = node.timed_gradient(douts, needs)
            else:
                grads = node.gradient_of(douts, needs)
        finally:
            rn_origin = None
        if rn_tape != NULL and rn_tracing == 0:
            grads = _linked(node, douts, grads)
        for i in range(min(len(node.inputs_), len(grads))):
            if needs >> (i if i < 63 else 63) & 1 and grads[i] is not None:
                walk.give(<Variable>node.inputs_[i], <Variable>grads[i])
    if walk.outputs is not None:
        return [walk.grad(<Variable>v) for v in wanted]
    result = walk.leaf_grads
    for i in range(len(result)):
        if result[i] is None:  # it may be named twice
            result[i] = walk.grad(<Variable>wanted[i])
    return result


cdef tuple _linked(AbstractFunction node, tuple douts, tuple grads):
    """A call's gradients, each with a record of what it depends on.

    Functions computed by recorded functions have it. For those computed by a kernel or by the user on arrays there
    is none, and without it an outer tape would take the gradient for a constant.
    """
    cdef list result = list(grads)
    cdef _FirstDerivative link
    cdef Variable v
    cdef int i
    for i in range(len(result)):
        v = <Variable>result[i]
        if v is None or v.creator_ is not None or v in douts:
            continue
        link = prepare(_FirstDerivative.__new__(_FirstDerivative), node.backend_, node.name_)
        link.function = (node.name_ + ": " if node.name_ else "") + type(node).__name__
        link.value = v.value_
        result[i] = link.record(tuple([*node.inputs_, *[d for d in douts if d is not None]]))
    return tuple(result)


cdef class _FirstDerivative(GradientCall):
    """The gradient of a call, computed already."""

    cdef str function
    cdef object value

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<_FirstDerivative>node).function = self.function
        return 0

    cdef str subject_name(self):
        return self.function

    cdef object forward(self, tuple xs, object out):
        if self.value is None:
            raise LogicException(f"the gradient of {self.function} cannot be traced")
        return self.value


cdef Variable _zeros(object backend, object shape_and_type):
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef int nd = read_shape(shape_and_type[0], dims)
    return make_variable(backend, primitives(backend).filled(shape_and_type[1], nd, dims, 0.0))


cdef class StopGradient(AbstractFunction):
    """The identity, through which no gradient passes.

    PHP: ``Rindow\\NeuralNetworks\\Gradient\\Core\\StopGradient``.
    """

    cdef int role(self):
        return STEP

    cdef object forward(self, tuple xs, object out):
        if self.flags is None:
            self.flags = [True]
        return self.K.copy_array(A(xs, 0), <NDArrayPhp>out)
