"""Compiled functions: traced once for each kind of input, then run as a flat plan.

The first call runs the function on a tape and reads its calls back as a program. Two plans are made from a
program: one for the outputs, one for the gradients of the inputs and of the variables that the function closes
over. A plan is a list of steps whose arrays are headers over one block of memory, laid out by lifetime; chains
of elementwise functions are one step that works through memory in blocks that stay in the cache. Elementwise
values that the gradient needs are computed again there rather than stored.
"""

from time import perf_counter_ns

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.math cimport isfinite
from libc.stddef cimport ptrdiff_t

from rindow_math.exceptions import InvalidArgumentException, LogicException, RuntimeException, UnexpectedValueException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.buffer cimport Buffer, item_size, new_buffer
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport NDArray, NDArrayPhp, copy_of, empty, header_like, raw, same_shape, view
from rindow_nn.gradient.core.tape cimport (
    AbstractFunction, DifferentiateCall, FIXED, GradientTape, MICRO_BINARY, MICRO_PARAM, Micro, OPAQUE,
    STEP, VIEW, Variable, graph_mode, layer_of, make_variable, note_call, pack, prepare, primitives, profiling,
    pull_back, recording, set_graph_mode, set_looked, set_trace, set_tracing, tracing,
)
from rindow_nn.gradient.core.tape import backward_pipeline
from rindow_nn.gradient.core.values import MaskedNDArray
from rindow_nn.gradient.core.watch cimport Watch

cdef const core.rk_api* rk = core.table()

cdef long _traces = 0

# calls of a fused step: each may need a register
cdef int LONGEST = 512

# elements below which a fused step keeps the interpreter's lock
cdef ptrdiff_t SHORT = 2048

cdef enum:
    INPUT = 1                         # an argument
    CAPTURED = 2                      # a variable that the function closes over
    CONSTANT = 3
    COMPUTED = 4
    SEED = 5                          # gradient of an output


cdef class Entry(AbstractFunction):
    """An argument of a traced function: the identity, by which the trace finds it."""

    cdef int role(self):
        return VIEW

    cdef object forward(self, tuple xs, object out):
        return xs[0]

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        return (douts[0],)


# ----------------------------------------------------------------------------------------------------- program

cdef class Value:
    """A value of a program."""

    cdef int kind
    cdef int index                    # which input, captured variable or seed
    cdef NDArrayPhp header            # shape and type; the memory is set in each run. None: not an array
    cdef object constant              # the value itself where it is fixed
    cdef Variable variable            # the captured variable
    cdef PyObject* maker              # the Call that computes it; borrowed from the program's lists
    cdef Value single                 # of a single element repeated: that element
    cdef Value base                   # of a view: whose memory it is
    cdef Py_ssize_t shift             # of a view: elements from the base's first
    cdef Value mask                   # whose mask this one has: itself where an input or an opaque call gives one
    cdef NDArrayPhp mask_header       # of one that comes with a mask; the memory is set in each run
    cdef int number                   # for people

    cdef Value owner(self):
        return self if self.base is None else self.base

    cdef Call call(self):
        return None if self.maker == NULL else <Call>self.maker

    cdef bint is_array(self):
        return self.header is not None

    cdef int masked_by(self, object traced) except -1:
        """Notes that it comes with a mask if the value of the trace does."""
        if isinstance(traced, MaskedNDArray):
            self.mask = self
            self.mask_header = header_like(raw(traced.mask()))
        return 0

    cdef int take_mask(self, object value) except -1:
        """Points the header of its mask to that of a run's value."""
        cdef NDArrayPhp mask
        if self.mask is not self:
            return 0
        mask = raw(value.mask()) if isinstance(value, MaskedNDArray) else None
        if mask is None or not _same_kind(self.mask_header, mask):
            raise InvalidArgumentException(
                f"a mask of shape {self.mask_header.shape()} was expected in a compiled function, "
                + ("there is none" if mask is None else f"it has shape {mask.shape()} ({NAMES[mask.dt]})")
            )
        self.mask_header.ptr = mask.ptr
        return 0


cdef class Call:
    """A call of a program."""

    cdef AbstractFunction f
    cdef list ins
    cdef list given                   # what the trace had in their place: arrays where a shape or number will do
    cdef list outs
    cdef int role
    cdef bint pointwise
    cdef Micro micro
    cdef object layer                 # that it belongs to, or None
    cdef Call subject                 # of a DifferentiateCall: the call it differentiates
    cdef tuple parts                  # of one that does the work of two: these
    cdef tuple output_shapes          # those that the trace gave the function
    cdef bint differentiated          # a later call of the function computes its gradient
    cdef int number

    cdef str title(self):
        return self.what().removesuffix("Function") if self.parts is None else self.what()

    cdef str what(self):
        """The function's name; those of the functions whose work it does."""
        if self.parts is None:
            return type(self.f).__name__
        return "+".join([(<Call>part).title() for part in self.parts])

    cdef int count(self):
        """How many calls it stands for."""
        return 1 if self.parts is None else sum([(<Call>part).count() for part in self.parts])


cdef class Program:
    """The calls behind the outputs and the gradients of a traced function."""

    cdef object backend
    cdef long trace
    cdef list inputs                  # Values
    cdef list captured                # Values
    cdef list outputs                 # Values
    cdef list seeds                   # Values, None where an output has no gradient
    cdef list grads                   # Values or None, of inputs and captured
    cdef list traced                  # the calls forward as they were made
    cdef list alone                   # those to make again without a plan
    cdef list stopped                 # for each output: gradients stop there
    cdef list single_numbers          # the outputs whose value() is a Scalar
    cdef bint shaped                  # something in the trace depends on the number of samples
    cdef list calls                   # forward, in order
    cdef list back_calls              # those of the gradient, in order
    cdef dict places                  # (call, output) or variable -> Value
    cdef dict found                   # AbstractFunction -> Call
    cdef bint single
    cdef bint differentiable
    cdef object failure               # why there is no gradient
    cdef int numbers
    cdef Plan infer
    cdef Plan train
    cdef dict back_plans
    cdef Plan back                    # the last one that was asked for
    cdef unsigned long long back_needs
    cdef bint busy
    cdef list keys                    # for the quick check of arguments

    cdef Value _new(self, int kind, object value):
        cdef Value v = Value.__new__(Value)
        v.kind = kind
        v.number = self.numbers
        self.numbers += 1
        if isinstance(value, NDArray):
            v.header = raw(value) if kind == CONSTANT else header_like(raw(value))
        v.constant = value if kind == CONSTANT else None
        return v

    cdef object key_of(self, Variable v):
        """Where a variable of the trace is found."""
        return (v.creator_, v.index) if v.creator_ is not None and v.creator_.trace == self.trace else v

    cdef Value value_of(self, Variable v):
        """The program's value of a variable of the trace."""
        key = self.key_of(v)
        cdef Value value = self.places.get(key)
        if value is not None:
            return value
        if key is not v:
            raise LogicException("a call of the trace is missing")  # calls are read in order
        if v.literal or not isinstance(v.value_, NDArray):
            value = self._new(CONSTANT, v.value_)
        else:
            value = self._new(CAPTURED, v.value_)
            value.variable = v
            value.index = len(self.captured)
            self.captured.append(value)
        self.places[key] = value
        return value

    cdef int read(self, list variables, list into) except -1:
        """Reads the calls behind variables, in an order in which each comes after those that feed it."""
        cdef list stack = []
        cdef AbstractFunction node
        cdef Variable v
        for item in reversed(variables):
            v = <Variable>item
            if v.creator_ is not None and v.creator_.trace == self.trace:
                stack.append(v.creator_)
        while stack:
            node = <AbstractFunction>stack[len(stack) - 1]
            if node in self.found:
                stack.pop()
                continue
            waiting = []
            for item in node.inputs_:
                v = <Variable>item
                if v.creator_ is not None and v.creator_.trace == self.trace and v.creator_ not in self.found:
                    waiting.append(v.creator_)
            if isinstance(node, DifferentiateCall) and (<DifferentiateCall>node).subject not in self.found:
                waiting.append((<DifferentiateCall>node).subject)
            if waiting:
                stack.extend(reversed(waiting))
                continue
            stack.pop()
            self._add(node, into)
        return 0

    cdef int _add(self, AbstractFunction node, list into) except -1:
        cdef Call call = Call.__new__(Call)
        cdef Variable v
        cdef Value value
        cdef Value x
        cdef tuple kept = node.kept
        cdef bint constant = True
        cdef list traced
        cdef int i
        call.ins = []
        call.given = []
        for i in range(len(node.inputs_)):
            v = <Variable>node.inputs_[i]
            if node.shape_only() >> i & 1 and isinstance(kept[i], NDArray):
                value = self._new(CONSTANT, header_like(raw(kept[i])))
                call.given.append(self.places.get(self.key_of(v), value))
            else:
                value = self.value_of(v)
                call.given.append(value)
            call.ins.append(value)
        call.outs = []
        call.role = self._role(node, call)
        self.found[node] = call
        traced = node.results
        for item in call.ins:
            x = <Value>item
            if x.kind != CONSTANT:
                constant = False
        if call.role == VIEW:
            for item in call.ins[1:]:
                x = <Value>item
                if x.kind != CONSTANT and x.is_array():
                    call.role = OPAQUE  # where the view begins is known in each run only
        if call.role == FIXED or (constant and call.role in (STEP, VIEW)):
            self.shaped |= call.role == FIXED and into is self.calls
            for i in range(node.outputs_count):
                self.places[(node, i)] = self._new(CONSTANT, traced[i])
            return 0
        call.f = node.renew()
        call.layer = layer_of(node)
        call.output_shapes = node.output_shapes
        call.number = len(self.calls) + len(self.back_calls)
        if isinstance(node, DifferentiateCall):
            call.subject = self.found[(<DifferentiateCall>node).subject]
            call.subject.differentiated = True
            (<DifferentiateCall>call.f).subject = None  # each run has its own
        for i in range(node.outputs_count):
            value = self._new(COMPUTED, traced[i])
            value.maker = <PyObject*>call
            if call.role == OPAQUE:
                value.masked_by(traced[i])
            elif isinstance(traced[i], MaskedNDArray):
                value.mask = _mask_source(node, call, traced[i])
            if call.role == VIEW:
                x = <Value>call.ins[0]
                value.base = x.owner()
                value.shift = (
                    (raw(traced[i]).ptr - raw(kept[0]).ptr) // item_size(raw(kept[0]).dt) + x.shift
                )
            self.places[(node, i)] = value
            call.outs.append(value)
        if call.role == STEP and node.outputs_count == 1:
            call.pointwise = self._is_pointwise(node, call)
            if node.repeats_input() and (<Value>call.ins[0]).header.n == 1:
                (<Value>call.outs[0]).single = (<Value>call.ins[0])
        if call.pointwise and call.micro.kind == MICRO_BINARY:
            for i in range(2):
                x = (<Value>call.ins[i]).single
                if x is not None and x.header.dt == (<Value>call.outs[0]).header.dt:
                    call.ins[i] = x  # read in place of the array that repeats it
        into.append(call)
        return 0

    cdef int _role(self, AbstractFunction node, Call call) except -1:
        """How a call may be run; masks need not be looked at where each output has that of an input, or none."""
        cdef tuple kept = node.kept
        cdef int role
        if not any([isinstance(x, MaskedNDArray) for x in kept]):
            return node.role()
        node.kept = tuple([raw(x) if isinstance(x, MaskedNDArray) else x for x in kept])
        try:
            role = node.role()
        finally:
            node.kept = kept
        if role == STEP or role == VIEW:
            layer = layer_of(node)
            if (
                (layer is not None and not type(layer).__module__.startswith("rindow_nn."))
                or any([isinstance(x, MaskedNDArray) and _mask_source(node, call, x) is None for x in node.results])
                or node.reads_masks() and any(
                    [isinstance(x, MaskedNDArray) and _mask_source(node, call, x) is None for x in kept]
                )
            ):
                return node.role()
        return role

    cdef bint _is_pointwise(self, AbstractFunction node, Call call) except -1:
        """Whether a fused step can run the call: floating point, and operands of the result's size or single."""
        cdef NDArrayPhp out = (<Value>call.outs[0]).header
        cdef NDArrayPhp x
        cdef int last
        cdef int i
        if out is None or not (out.dt == core.RK_FLOAT32 or out.dt == core.RK_FLOAT64) or out.n == 0:
            return False
        if not node.elementwise(node.kept, &call.micro):
            return False
        last = 2 if call.micro.kind == MICRO_BINARY else 1
        for i in range(last):
            x = (<Value>call.ins[i if last == 2 else call.micro.x_from]).header
            if x is None or x.dt != out.dt or (x.n != out.n and (x.n != 1 or last == 1)):
                return False
        for i in (call.micro.p_from, call.micro.q_from):
            if call.micro.kind == MICRO_PARAM and i >= 0:
                x = (<Value>call.ins[i]).header
                if x is None or x.n != 1 or not (x.dt == core.RK_FLOAT32 or x.dt == core.RK_FLOAT64):
                    return False
        return True

    # ---- two calls as one

    cdef int join(self, bint gradient) except -1:
        """Makes one call of two where a function does the work of both and nothing else reads what is between them."""
        self.traced = self.calls
        # the gradient comes first, for what it reads must be kept, and last, for it follows what was done forward
        self.back_calls = self._joined(self.back_calls, gradient)
        self.calls = self._joined(self.calls, gradient)
        self.back_calls = self._joined(self.back_calls, gradient)
        self.alone = self.traced if gradient else self.calls
        return 0

    cdef list _joined(self, list calls, bint gradient):
        cdef dict readers = {}            # Value -> how many calls read it, or the user
        cdef dict places = {call: i for i, call in enumerate(calls)}
        cdef Call first
        cdef Call second
        cdef Call both
        cdef AbstractFunction f
        cdef Value v
        for call in self.calls + self.back_calls:
            for item in (<Call>call).ins:
                readers[item] = readers.get(item, 0) + 1
        for item in self.outputs + self.grads:
            readers[item] = readers.get(item, 0) + 1
        for item in calls:
            second = <Call>item
            v = <Value>second.ins[0] if second.ins else None
            if v is None or second.role != STEP or v.maker == NULL or v.base is not None or readers[v] != 1:
                continue
            first = v.call()
            if first not in places or first.role != STEP or first.outs[0] is not v or v.mask is not None:
                continue
            if any([places.get((<Value>x).call(), -1) >= places[first] for x in second.ins[1:]]):
                continue  # not known in time: both are made where the first was, before others that change variables
            ins = first.ins + second.ins[1:]
            f = second.f.after(
                first.f, gradient, [None if (<Value>x).maker == NULL else (<Value>x).call().f for x in ins]
            )
            if f is None:
                continue
            both = Call.__new__(Call)
            both.f = f
            both.ins = [
                self._new(CONSTANT, (<Value>x).header) if f.shape_only() >> i & 1 and (<Value>x).is_array() else x
                for i, x in enumerate(ins)
            ]
            both.given = both.ins
            both.outs = second.outs + first.outs[1:]
            for x in both.outs:
                (<Value>x).maker = <PyObject*>both
            both.role = STEP
            both.layer = second.layer if first.layer is None else first.layer
            both.parts = (first, second)
            both.number = first.number
            places[both] = places.pop(first)
            del places[second]
        return sorted(places, key=places.get)

    # ---- running without a plan

    cdef list replay(self, list calls, list inputs, list outputs):
        """Makes calls again on variables, each recorded on its own; answers the outputs.

        Args:
            calls: those of the trace, or those to make alone.
            inputs: in place of the first ones of the program.
            outputs: of the program; what they do not need is left out.
        """
        cdef dict values = {}
        cdef dict nodes = {}              # Call -> the function that makes it
        cdef set needed = set(outputs)
        cdef list order = []
        cdef AbstractFunction node
        cdef Call call
        cdef Value v
        cdef int i
        for item in reversed(calls):
            call = <Call>item
            if not needed.isdisjoint(call.outs):
                needed.update(call.given)
                if call.subject is not None:
                    needed.update(call.subject.outs)
                order.append(call)
        for i in range(len(inputs)):
            values[self.inputs[i]] = inputs[i]
        for item in reversed(order):
            call = <Call>item
            nodes[call] = node = call.f.renew()
            if call.subject is not None:
                (<DifferentiateCall>node).subject = nodes[call.subject]
            ins = tuple([self._variable(values, <Value>x) for x in call.given])
            if call.differentiated:  # without a tape too
                node.inputs_ = ins
                node.kept = tuple([(<Variable>x).value_ for x in ins])
            result = node.record(ins)
            node.origin = call.layer
            if node.output_shapes is not None:  # None where a missing gradient is left out
                node.output_shapes = tuple(
                    [None if x is None else y for x, y in zip(call.output_shapes, node.output_shapes)]
                )
            if isinstance(result, list):
                for i in range(len(call.outs)):
                    values[call.outs[i]] = result[i]
            else:
                values[call.outs[0]] = result
        return [self._variable(values, <Value>v) for v in outputs]

    cdef Variable _variable(self, dict values, Value v):
        cdef Variable made
        if v.kind == CAPTURED:
            return v.variable
        if v.kind == CONSTANT:
            made = make_variable(self.backend, v.constant)
            made.literal = True
            return made
        return values[v]

    # ---- plans

    cdef Plan plan(self, bint train):
        cdef list saved
        if not train:
            if self.infer is None:
                self.infer = _compile(self, self.calls, self.outputs, set(), [])
            return self.infer
        if self.train is None:
            if self.infer is None:
                self.infer = _compile(self, self.calls, self.outputs, set(), [])
            saved = self._saved()
            self.train = _compile(self, self.calls, self.outputs, set(), saved)
        return self.train

    cdef list _saved(self):
        """Values of the forward plan that the gradient reads; elementwise ones it computes again if it can."""
        cdef list stack = []
        cdef set seen = set()
        cdef list saved = []
        cdef set forward = set(self.calls)
        cdef set stored = set(self.infer.stored)
        cdef Value v
        for item in self.grads:
            if item is not None:
                stack.append(item)
        outputs = {(<Value>x).owner() for x in self.outputs}
        while stack:
            v = (<Value>stack.pop()).owner()
            if v in seen or v.kind != COMPUTED:
                continue
            seen.add(v)
            if v.call() in forward:
                if v in outputs:
                    continue
                if not v.call().pointwise or v in stored:
                    saved.append(v)
                    continue
            for x in v.call().ins:
                if (<Value>x).is_array():
                    stack.append(x)
        return saved

    cdef Plan back_plan(self, unsigned long long needs):
        cdef Plan plan = self.back if needs == self.back_needs else self.back_plans.get(needs)
        cdef list targets = []
        cdef int i
        if plan is None:
            self.plan(True)
            for i in range(len(self.grads)):
                if self.grads[i] is not None and needs >> (i if i < 63 else 63) & 1:
                    targets.append(self.grads[i])
            given = set(self.train.saved)
            for item in self.outputs:
                given.add((<Value>item).owner())
            plan = _compile(self, self.calls + self.back_calls, targets, given, [])
            self.back_plans[needs] = plan
        self.back = plan
        self.back_needs = needs
        return plan


# ------------------------------------------------------------------------------------------------------- steps

cdef class Step:
    """A piece of a plan."""

    cdef int execute(self, Run run) except -1:
        return 0

    cdef int note(self, str phase, long long begin) except -1:
        """Notes the time of a run in the profile."""
        return 0

    cdef str describe(self):
        return type(self).__name__


cdef Value _mask_source(AbstractFunction node, Call call, object masked):
    """The value whose mask a value of a traced call has: one of those that the call reads; None: it has its own."""
    cdef Value v
    cdef int i
    for i in range(len(node.kept)):
        v = <Value>call.ins[i]
        if v.mask is not None and isinstance(node.kept[i], MaskedNDArray) and node.kept[i].mask() is masked.mask():
            return v.mask
    return None


cdef class CallStep(Step):
    """A call that computes arrays from arrays."""

    cdef Call call
    cdef tuple xs
    cdef object out

    cdef int execute(self, Run run) except -1:
        self.call.f.forward(self.xs, self.out)
        return 0

    cdef int note(self, str phase, long long begin) except -1:
        cdef list outs = list(self.out) if isinstance(self.out, tuple) else [self.out]
        cdef Call part = self.call
        while part.parts is not None:  # what the first call gives is computed, but takes no memory
            part = <Call>part.parts[0]
        if part is not self.call:
            outs.append((tuple((<Value>part.outs[0]).header.shape()), 0))
        return note_call(phase, self.call.what(), self.call.layer, self.xs, outs, begin)

    cdef str describe(self):
        return f"{self.call.title():12s} {_names(self.call.ins)} -> {_names(self.call.outs)}"


cdef class OpaqueStep(Step):
    """A call of code that this compiler does not know: it runs as without compilation."""

    cdef Call call
    cdef bint foreign                 # the function is not one of the library's and may look at its inputs
    cdef AbstractFunction made        # of a run that is profiled, until it is noted
    cdef list outs

    cdef int execute(self, Run run) except -1:
        cdef AbstractFunction f = self.call.f.renew()
        cdef list xs = []
        cdef Value v
        cdef NDArrayPhp x
        cdef bint kept
        cdef int i
        for item in self.call.ins:
            v = <Value>item
            if v.kind == CONSTANT:
                xs.append(v.constant)
            elif run.objects is not None and v in run.objects:  # may have a mask
                xs.append(run.objects[v])
            elif v.mask is not None:
                xs.append(MaskedNDArray(copy_of(v.header), run.objects[v.mask].mask()))
            elif v.kind == INPUT:
                xs.append(run.inputs[v.index])
            elif v.kind == CAPTURED:
                xs.append(v.variable.value_)
            else:
                xs.append(copy_of(v.header))  # the code may keep it, and this memory is used again
        if isinstance(f, DifferentiateCall):
            f_subject = None if run.instances is None else run.instances.get(self.call.subject)
            if f_subject is None:
                raise LogicException(f"the call of {self.call.subject.title()} to differentiate is missing")
            (<DifferentiateCall>f).subject = f_subject
        f.kept = tuple(xs)
        kept = not run.forgets or self.call.differentiated
        if kept or self.foreign:
            f.inputs_ = tuple([make_variable(f.backend_, value) for value in xs])
        result = f.forward(f.kept, None)
        if not isinstance(result, tuple):
            result = (result,)
        for i in range(len(self.call.outs)):
            v = <Value>self.call.outs[i]
            if not v.is_array():
                continue
            x = raw(result[i])
            if not same_shape(x, v.header) or x.dt != v.header.dt:
                raise InvalidArgumentException(
                    f"{self.call.title()} gave shape {x.shape()} ({NAMES[x.dt]}) in a compiled function whose plan was "
                    f"made for {v.header.shape()} ({NAMES[v.header.dt]})"
                )
            if run.objects is None:
                run.objects = {}
            run.objects[v] = result[i]
            v.header.ptr = x.ptr
            v.take_mask(result[i])
        if kept:
            if run.instances is None:
                run.instances = {}
            run.instances[self.call] = f
        if profiling():
            self.made = (<DifferentiateCall>f).subject if isinstance(f, DifferentiateCall) else f
            self.outs = list(result)
        return 0

    cdef int note(self, str phase, long long begin) except -1:
        cdef AbstractFunction made = self.made
        outs = self.outs
        self.made = None                  # the plan outlives the run, its arrays must not
        self.outs = None
        return note_call(phase, type(made).__name__, self.call.layer, made.kept, outs, begin)

    cdef str describe(self):
        return f"{self.call.title():12s} {_names(self.call.ins)} -> {_names(self.call.outs)}   (Python)"


cdef inline double _number_at(const char* p, int dtype) noexcept nogil:
    return (<const float*>p)[0] if dtype == core.RK_FLOAT32 else (<const double*>p)[0]


cdef class FusedStep(Step):
    """A chain of elementwise calls, run block by block."""

    cdef list calls
    cdef list headers                 # NDArrayPhp, in the order of the chain's arrays
    cdef core.rk_chain f
    cdef core.rk_chain_op* ops
    cdef char** arrays
    cdef int* whole

    def __dealloc__(self):
        PyMem_Free(self.ops)
        PyMem_Free(self.arrays)
        PyMem_Free(self.whole)

    cdef int execute(self, Run run) except -1:
        cdef int i
        for i in range(len(self.headers)):
            self.arrays[i] = (<NDArrayPhp>self.headers[i]).ptr
        if self.f.n < SHORT:
            rk.chain(&self.f)
        else:
            with nogil:
                rk.chain(&self.f)
        return 0

    cdef int note(self, str phase, long long begin) except -1:
        layers = {(<Call>c).layer for c in self.calls}
        what = "+".join([(<Call>c).title() for c in self.calls])
        return note_call(phase, what, layers.pop() if len(layers) == 1 else None, self.headers, (), begin)

    cdef str describe(self):
        inside = {x for c in self.calls for x in (<Call>c).outs}
        ins = []
        outs = []
        for c in self.calls:
            for x in (<Call>c).ins:
                if x not in inside and x not in ins:
                    ins.append(x)
        for h in self.headers:
            for x in inside:
                if (<Value>x).header is h:
                    outs.append(x)
        names = " ".join([(<Call>c).title() for c in self.calls])
        return f"{'fused':12s} {_names(ins)} -> {_names(outs)}   [{names}]"


cdef str _names(list values):
    """Values for people."""
    cdef list out = []
    cdef Value v
    for item in values:
        v = <Value>item
        if v.kind == CONSTANT and not v.is_array():
            out.append(repr(v.constant))
        else:
            out.append({INPUT: "in", CAPTURED: "var", CONSTANT: "const", SEED: "d"}.get(v.kind, "v") + str(v.number))
    return ", ".join(out)


# -------------------------------------------------------------------------------------------------------- plans

cdef enum:
    TRIAL_WARM = 2                    # runs of each way in a trial, before those that count: caches and threads settle
    TRIAL_RUNS = 5                    # that count; their median does
    FIRST_PAUSE = 64                  # runs to the next trial after the first, or one that changes the way
    LAST_PAUSE = 4096                 # each pause is four times the one before, at most so many
    LONG_NS = 3_000_000               # what takes all threads longer is not tried alone

cdef class ThreadChoice:
    """Whether work that is repeated is faster on the calling thread alone, found out by timing both.

    All threads lose in small plans where each reads from another core's cache what that one wrote. The results are the
    same.
    """

    cdef bint alone
    cdef bint trying
    cdef bint again                   # all threads for the second time in the trial: the first may have been disturbed
    cdef int run                      # of this way in the trial
    cdef int rest                     # runs until the next trial
    cdef int pause
    cdef long long began
    cdef long long first              # the median of the way timed before: all threads, or one where these go again
    cdef long long times[TRIAL_RUNS]  # in order
    cdef bint kept                    # what was chosen before the trial

    def __cinit__(self):
        self.rest = TRIAL_WARM
        self.pause = FIRST_PAUSE

    cdef int begin(self) except -2:
        """Before the work; answers what ``end`` takes."""
        if core.usable_threads() == 1:
            return -1
        if self.trying:
            self.began = perf_counter_ns()
        elif self.rest:
            self.rest -= 1
        else:
            self.kept = self.alone
            self.alone = False
            self.trying = True
            self.run = 0
            self.began = perf_counter_ns()
        return core.begin_alone() if self.alone else -1

    cdef int end(self, int before) except -1:
        """After the work, also if it failed."""
        cdef long long elapsed
        cdef int at = self.run - TRIAL_WARM
        if before >= 0:
            core.end_alone(before)
        if not self.trying:
            return 0
        self.run += 1
        if at < 0:
            return 0
        elapsed = perf_counter_ns() - self.began
        while at > 0 and self.times[at - 1] > elapsed:
            self.times[at] = self.times[at - 1]
            at -= 1
        self.times[at] = elapsed
        if self.run < TRIAL_WARM + TRIAL_RUNS:
            return 0
        elapsed = self.times[TRIAL_RUNS // 2]
        # another way than before must be a twentieth faster
        if self.again:
            self.alone = self.first < elapsed * 0.95
            self.again = False
        elif not self.alone and elapsed < LONG_NS:
            self.first = elapsed
            self.alone = True
            self.run = 0
            return 0
        elif self.alone and not self.kept and elapsed < self.first * 0.95:
            self.first = elapsed
            self.alone = False
            self.again = True
            self.run = 0
            return 0
        else:
            self.alone = self.alone and self.kept and elapsed < self.first * 1.05
        self.trying = False
        if self.alone != self.kept:    # other work may have disturbed the trial: the next one is soon
            self.pause = FIRST_PAUSE
        self.rest = self.pause
        self.pause = min(4 * self.pause, <int>LAST_PAUSE)
        return 0


cdef class Run:
    """What one run of a plan leaves behind for the gradient."""

    cdef tuple inputs                 # arrays; for a gradient also of the captured variables
    cdef list outputs                 # arrays, one a distinct owner
    cdef bint forgets                 # no gradient will be asked for
    cdef Buffer arena
    cdef dict objects                 # Value -> what opaque calls gave
    cdef dict instances               # Call -> the function object that made it


cdef class Plan:
    """Steps and the layout of their memory."""

    cdef list steps
    cdef list placed                  # Values in the arena
    cdef list offsets                 # their places in bytes
    cdef list views                   # Values over the memory of others, in order
    cdef list stored                  # Values that are written to memory
    cdef list saved                   # Values whose memory lives on until the gradient
    cdef list fresh                   # Values that get new memory in each run: what the user receives
    cdef list targets
    cdef list target_places           # of each, which of the fresh ones holds it; -1: none
    cdef str phase                    # for the profile
    cdef ThreadChoice choice
    cdef Py_ssize_t arena_size
    cdef Py_ssize_t unplanned         # bytes that the arena's values would take side by side

    def __cinit__(self):
        self.choice = ThreadChoice()

    cdef int run(self, Run run, Buffer arena) except -1:
        """Runs the steps; inputs, captured variables, seeds and what was saved have their memory set."""
        cdef int i
        cdef Value v
        cdef char* base = NULL if arena is None else arena.ptr
        for i in range(len(self.placed)):
            (<Value>self.placed[i]).header.ptr = base + <Py_ssize_t>self.offsets[i]
        for i in range(len(self.views)):
            v = <Value>self.views[i]
            v.header.ptr = v.base.header.ptr + v.shift * item_size(v.header.dt)
        if profiling():
            return self.run_timed(run)
        for i in range(len(self.steps)):
            (<Step>self.steps[i]).execute(run)
        return 0

    cdef int run_timed(self, Run run) except -1:
        cdef long long begin
        for step in self.steps:
            begin = perf_counter_ns()
            (<Step>step).execute(run)
            (<Step>step).note(self.phase, begin)
        return 0


cdef bint _from_opaque(Value v):
    return v.maker != NULL and v.call().role == OPAQUE


cdef Plan _compile(Program program, list calls, list targets, set given, list saved):
    """Makes a plan that computes the targets and the saved values; `given` ones are there already."""
    cdef Plan plan = Plan.__new__(Plan)
    cdef set needed = set()
    cdef set used = set()
    cdef list stack = []
    cdef list order = []
    cdef list pool = []
    cdef set pooled = set()
    cdef dict last_use = {}
    cdef dict born = {}
    cdef dict group_of = {}
    cdef set stored = set()
    cdef list schedule = []           # Call, or list of Calls to fuse
    cdef Call call
    cdef Value v
    cdef int at
    plan.targets = targets
    plan.phase = "forward" if calls is program.calls else "backward"
    plan.saved = saved
    for item in targets + saved:
        stack.append(item)
    while stack:
        v = <Value>stack.pop()
        used.add(v)
        if v.base is not None:
            needed.add(v.call())
            stack.append(v.base)
            continue
        if v.kind != COMPUTED or v in given or v.call() in needed:
            continue
        needed.add(v.call())
        for item in v.call().ins:
            stack.append(item)
        if v.call().subject is not None and calls is program.calls:
            stack.extend(v.call().subject.outs)  # made in this run, even if nothing reads what it gives
    order = [c for c in calls if c in needed and (<Call>c).role != VIEW]
    # ---- order: elementwise calls wait in a pool until a call needs one of them
    for item in order:
        call = <Call>item
        if call.pointwise:
            pool.append(call)
            pooled.add(call)
            continue
        for y in call.ins:
            v = (<Value>y).owner()
            if v.maker != NULL and v.call() in pooled and v not in given:
                schedule.extend(_groups(pool, given))
                pool = []
                pooled = set()
                break
        schedule.append(call)
    schedule.extend(_groups(pool, given))
    # ---- which values are written to memory, and how long they live
    for at in range(len(schedule)):
        members = schedule[at] if isinstance(schedule[at], list) else [schedule[at]]
        for c in members:
            for y in (<Call>c).outs:
                if y in used or not (<Call>c).f.optional_outputs():
                    born[y] = at
                    group_of[y] = at if isinstance(schedule[at], list) else -1
        for c in members:
            for y in (<Call>c).ins:
                v = (<Value>y).owner()
                if v.kind == COMPUTED and v in born:
                    last_use[v] = at
                    if group_of[v] != at or (<Value>y).base is not None:
                        stored.add(v)
        for c in members:
            if not (<Call>c).pointwise:
                for y in (<Call>c).outs:
                    if y in born:
                        stored.add(y)
    end = len(schedule)
    for item in targets + saved:
        v = (<Value>item).owner()
        if v in born:
            stored.add(v)
            last_use[v] = end
    plan.stored = [v for v in born if v in stored]
    fresh = []
    for item in targets:
        v = (<Value>item).owner()
        if v in born and not _from_opaque(v) and v not in fresh:
            fresh.append(v)
    plan.fresh = fresh
    plan.target_places = [fresh.index(v) if v in fresh else -1 for v in [(<Value>x).owner() for x in targets]]
    # ---- views whose memory is set before the steps run
    plan.views = []
    for c in calls:
        call = <Call>c
        if call in needed and call.role == VIEW:
            v = <Value>call.outs[0]
            if v.base in given or not _from_opaque(v.base):
                plan.views.append(v)
    # ---- places
    placed = [v for v in plan.stored if v not in fresh and not _from_opaque(v) and (<Value>v).is_array()]
    _lay_out(plan, placed, born, last_use, end)
    # ---- steps
    plan.steps = []
    for item in schedule:
        if isinstance(item, list):
            plan.steps.append(_fused(item, stored, given))
        elif (<Call>item).role == OPAQUE:
            plan.steps.append(_opaque(<Call>item))
            for c in calls:  # views of what it gives
                call = <Call>c
                if call in needed and call.role == VIEW and (<Value>call.outs[0]).base in (<Call>item).outs:
                    plan.steps.append(_view_step(<Value>call.outs[0]))
        else:
            plan.steps.append(_call_step(<Call>item, born))
    return plan


cdef class ViewStep(Step):
    """Sets the memory of a view over what an opaque call gave."""

    cdef Value value

    cdef int execute(self, Run run) except -1:
        self.value.header.ptr = self.value.base.header.ptr + self.value.shift * item_size(self.value.header.dt)
        return 0

    cdef str describe(self):
        return f"{'view':12s} {_names([self.value.base])} -> {_names([self.value])}"


cdef ViewStep _view_step(Value v):
    cdef ViewStep step = ViewStep.__new__(ViewStep)
    step.value = v
    return step


cdef OpaqueStep _opaque(Call call):
    cdef OpaqueStep step = OpaqueStep.__new__(OpaqueStep)
    step.call = call
    step.foreign = not type(call.f).__module__.startswith("rindow_nn.")
    return step


cdef CallStep _call_step(Call call, dict born):
    cdef CallStep step = CallStep.__new__(CallStep)
    step.call = call
    step.xs = tuple([_operand_of(call, <Value>v) for v in call.ins])
    outs = tuple([(<Value>v).header if v in born else None for v in call.outs])
    step.out = outs[0] if len(outs) == 1 else outs
    return step


cdef object _operand_of(Call call, Value v):
    """A value as a step is given it: a header, with one of its mask where the step reads that."""
    if not v.is_array():
        return v.constant
    if v.mask is not None and call.f.reads_masks():
        return MaskedNDArray(v.header, v.mask.mask_header)
    return v.header


cdef list _groups(list pool, set given):
    """Elementwise calls as groups of one size and type, in an order that respects what feeds what."""
    cdef list groups = []
    cdef list keys = []
    cdef dict where = {}
    cdef Call call
    cdef NDArrayPhp out
    cdef int first
    cdef int at
    cdef int i
    for item in pool:
        call = <Call>item
        out = (<Value>call.outs[0]).header
        key = (out.n, out.dt)
        first = 0
        for x in call.ins:
            v = (<Value>x).owner()
            if (<Value>v).maker != NULL and (<Value>v).call() in where and v not in given:
                at = where[(<Value>v).call()]
                first = max(first, at if keys[at] == key and (<Value>x).header.n == out.n else at + 1)
        at = -1
        for i in range(len(groups) - 1, first - 1, -1):
            if keys[i] == key and len(groups[i]) < LONGEST:
                at = i
                break
        if at < 0:
            at = len(groups)
            groups.append([])
            keys.append(key)
        groups[at].append(call)
        where[call] = at
    return groups


cdef FusedStep _fused(list calls, set stored, set given):
    """A fused step: values that only this group uses live in registers, which are blocks of scratch memory."""
    cdef FusedStep step = FusedStep.__new__(FusedStep)
    cdef dict arrays = {}             # header -> index
    cdef dict registers = {}          # Value -> register
    cdef dict uses = {}
    cdef list free = []
    cdef int most = 0
    cdef Call call
    cdef Value v
    cdef core.rk_chain_op* op
    cdef NDArrayPhp out
    cdef int i
    step.calls = calls
    step.headers = []
    step.ops = <core.rk_chain_op*>PyMem_Malloc(len(calls) * sizeof(core.rk_chain_op))
    if step.ops == NULL:
        raise MemoryError()
    out = (<Value>(<Call>calls[0]).outs[0]).header
    for c in calls:
        for x in (<Call>c).ins:
            uses[x] = uses.get(x, 0) + 1
    for i in range(len(calls)):
        call = <Call>calls[i]
        op = step.ops + i
        op.kind = call.micro.kind
        op.op = call.micro.op
        op.p = call.micro.p
        op.q = call.micro.q
        op.p_in = op.q_in = -1
        op.b = op.b_one = 0
        v = <Value>call.ins[call.micro.x_from]
        op.a = _operand(v, registers, arrays, step.headers)
        op.a_one = v.header.n != out.n
        if call.micro.kind == MICRO_BINARY:
            v = <Value>call.ins[1]
            op.b = _operand(v, registers, arrays, step.headers)
            op.b_one = v.header.n != out.n
        elif call.micro.kind == MICRO_PARAM:
            if call.micro.p_from >= 0:
                op.p_in = ~_operand(<Value>call.ins[call.micro.p_from], {}, arrays, step.headers)
            if call.micro.q_from >= 0:
                op.q_in = ~_operand(<Value>call.ins[call.micro.q_from], {}, arrays, step.headers)
        v = <Value>call.outs[0]
        if v in stored:
            op.out = _operand(v, {}, arrays, step.headers)
        else:
            if free:
                op.out = free.pop()
            else:
                op.out = most
                most += 1
            registers[v] = op.out
        for x in call.ins:
            uses[x] -= 1
            if not uses[x] and x in registers:
                free.append(registers[x])
    step.arrays = <char**>PyMem_Malloc(max(1, len(step.headers)) * sizeof(char*))
    step.whole = <int*>PyMem_Malloc(max(1, len(step.headers)) * sizeof(int))
    if step.arrays == NULL or step.whole == NULL:
        raise MemoryError()
    step.f.ops = step.ops
    step.f.count = len(calls)
    step.f.registers = most
    step.f.dtype = out.dt
    step.f.n = out.n
    step.f.arrays = step.arrays
    step.f.whole = step.whole
    step.f.wholes = 0
    for i in range(len(step.headers)):
        if (<NDArrayPhp>step.headers[i]).n == out.n:
            step.whole[step.f.wholes] = i
            step.f.wholes += 1
    return step


cdef int _operand(Value v, dict registers, dict arrays, list headers) except? -1000000:
    """A register number, or ~index of an array."""
    found = registers.get(v)
    if found is not None:
        return found
    found = arrays.get(v.header)
    if found is None:
        found = len(headers)
        arrays[v.header] = found
        headers.append(v.header)
    return ~<int>found


cdef int _lay_out(Plan plan, list values, dict born, dict last_use, Py_ssize_t end) except -1:
    """Gives values places in one block of memory; those whose lifetimes do not meet may share a place."""
    cdef list spans = []
    cdef list done = []               # (offset, size, first, last)
    cdef Py_ssize_t size
    cdef Py_ssize_t offset
    cdef Py_ssize_t total = 0
    cdef Value v
    plan.unplanned = 0
    for item in values:
        v = <Value>item
        size = (v.header.n * item_size(v.header.dt) + 63) // 64 * 64
        plan.unplanned += size
        spans.append((-size, born[v], last_use.get(v, born[v]), len(spans), v))
    spans.sort(key=lambda s: s[:4])
    plan.placed = []
    plan.offsets = []
    for negative, first, last, _, value in spans:
        size = -negative
        offset = 0
        for other, other_size, other_first, other_last in sorted(done):
            if other_first <= last and first <= other_last:
                if offset + size <= other:
                    break
                offset = max(offset, other + other_size)
        done.append((offset, size, first, last))
        total = max(total, offset + size)
        plan.placed.append(value)
        plan.offsets.append(offset)
    plan.arena_size = total
    return 0


# ----------------------------------------------------------------------------------------- a run on the tape

cdef class CompiledCall(AbstractFunction):
    """A run of a compiled function on the tape: the arguments and the captured variables are its inputs."""

    cdef Program program
    cdef Run run

    cdef object forward(self, tuple xs, object out):
        raise LogicException("a compiled call is made by its function")

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef Program program = self.program
        if program.failure is not None:
            raise program.failure
        if recording() or program.busy:
            return self._by_replay(douts)
        return _run_back(program, self.run, douts, needs)

    cdef tuple _by_replay(self, tuple douts):
        """Gradients that can be differentiated again: from the calls recorded one by one."""
        cdef GradientTape tape = None
        cdef int count = len(self.program.inputs)
        cdef list sources = [self.input(i) for i in range(len(self.inputs_))]
        cdef list entries
        if not recording():
            tape = GradientTape(self.backend_)
            tape.enter()
        try:
            entries = [prepare(Entry.__new__(Entry), self.backend_, None).record((v,)) for v in sources[:count]]
            outputs = self.program.replay(self.program.alone, entries, self.program.outputs)
        finally:
            if tape is not None:
                tape.exit()
        return tuple(pull_back(self.backend_, outputs, list(douts), entries + sources[count:], 0))


cdef int _set_memory(Program program, Run run) except -1:
    """Points the headers of inputs and captured variables to their arrays."""
    cdef Value v
    cdef int i
    for i in range(len(program.inputs)):
        v = <Value>program.inputs[i]
        if v.header is not None:
            v.header.ptr = (<NDArrayPhp>run.inputs[i]).ptr
        if v.mask is v:
            v.take_mask(run.objects[v])
    return 0


cdef list _fresh_arrays(Plan plan):
    """New memory for what the user receives."""
    cdef list fresh = [None] * len(plan.fresh)
    cdef Value v
    cdef NDArrayPhp x
    cdef int i
    for i in range(len(plan.fresh)):
        v = <Value>plan.fresh[i]
        x = empty(v.header.dt, v.header.nd, v.header.dims)
        v.header.ptr = x.ptr
        fresh[i] = x
    return fresh


cdef list _results(Plan plan, Run run, list fresh):
    """The targets of a plan as arrays of their own."""
    cdef list out = [None] * len(plan.targets)
    cdef Value v
    cdef NDArrayPhp array
    cdef int at
    cdef int i
    for i in range(len(plan.targets)):
        v = <Value>plan.targets[i]
        at = <int>plan.target_places[i]
        if run.objects is not None and v in run.objects:
            out[i] = run.objects[v]
            continue
        if at >= 0:
            array = <NDArrayPhp>fresh[at]
            result = array if v.base is None else view(array, v.shift, v.header.nd, v.header.dims)
        else:
            result = v.constant if not v.is_array() else copy_of(v.header)
        out[i] = result if v.mask is None else MaskedNDArray(result, run.objects[v.mask].mask())
    return out


cdef list _run_forward(Program program, Plan plan, Run run):
    """Runs the forward plan; answers the outputs as arrays."""
    cdef list fresh
    cdef Value v
    cdef int before
    program.busy = True  # its headers are in use: another thread, or a call from inside, runs without the plan
    try:
        _set_memory(program, run)
        for item in program.captured:
            v = <Value>item
            v.header.ptr = (<NDArrayPhp>raw(v.variable.value_)).ptr
        fresh = _fresh_arrays(plan)
        if plan.arena_size:
            run.arena = new_buffer(plan.arena_size, core.RK_UINT8)
        before = plan.choice.begin()
        try:
            plan.run(run, run.arena)
        finally:
            plan.choice.end(before)
        run.outputs = fresh
        return _results(plan, run, fresh)
    finally:
        program.busy = False


cdef tuple _run_back(Program program, Run run, tuple douts, unsigned long long needs):
    """Runs the gradient plan; answers a variable, or None, for each input and captured variable."""
    cdef Plan forward = program.plan(True)
    cdef Plan plan = program.back_plan(needs)
    cdef list fresh
    cdef list found
    cdef list seeds = None
    cdef tuple out
    cdef Value v
    cdef NDArrayPhp x
    cdef Buffer arena = None
    cdef int before
    cdef int i
    cdef int at = 0
    program.busy = True
    try:
        _set_memory(program, run)
        for i in range(len(program.captured)):
            v = <Value>program.captured[i]
            v.header.ptr = (<NDArrayPhp>run.inputs[len(program.inputs) + i]).ptr
        for i in range(len(forward.placed)):
            (<Value>forward.placed[i]).header.ptr = run.arena.ptr + <Py_ssize_t>forward.offsets[i]
        for i in range(len(forward.fresh)):
            (<Value>forward.fresh[i]).header.ptr = (<NDArrayPhp>run.outputs[i]).ptr
        if run.objects is not None:
            for key, value in run.objects.items():
                (<Value>key).header.ptr = (<NDArrayPhp>raw(value)).ptr
                (<Value>key).take_mask(value)
        for i in range(len(forward.views)):
            v = <Value>forward.views[i]
            v.header.ptr = v.base.header.ptr + v.shift * item_size(v.header.dt)
        for i in range(len(program.seeds)):
            v = <Value>program.seeds[i]
            if v is not None:
                if douts[i] is None:
                    x = primitives(program.backend).filled(v.header.dt, v.header.nd, v.header.dims, 0.0)
                    seeds = [x] if seeds is None else seeds + [x]  # alive until the run ends
                else:
                    x = raw((<Variable>douts[i]).value_) if isinstance(douts[i], Variable) else raw(douts[i])
                v.header.ptr = x.ptr
        fresh = _fresh_arrays(plan)
        if plan.arena_size:
            arena = new_buffer(plan.arena_size, core.RK_UINT8)
        before = plan.choice.begin()
        try:
            plan.run(run, arena)
        finally:
            plan.choice.end(before)
        found = _results(plan, run, fresh)
    finally:
        program.busy = False
    out = PyTuple_New(len(program.grads))
    for i in range(len(program.grads)):
        value = None
        if program.grads[i] is not None and needs >> (i if i < 63 else 63) & 1:
            value = make_variable(program.backend, found[at])
            at += 1
        Py_INCREF(value)
        PyTuple_SET_ITEM(out, i, value)
    return out


# --------------------------------------------------------------------------------------------------- functions

class _Modes(type):
    """Gives ``GraphFunction.mode``, which belongs to the running thread."""

    @property
    def mode(cls):
        """What the running thread's outermost compiled function is doing."""
        return graph_mode()

    @mode.setter
    def mode(cls, value):
        set_graph_mode(value)


cdef class Compiled


cdef class CompiledFunction:
    """A compiled function's call, which Python finds at once in an extension type."""

    cdef readonly Compiled _compiled

    def __call__(self, *inputs):
        return _compiled_of(self).call(self, inputs)


cdef Compiled _compiled_of(CompiledFunction function):
    if function is None or function._compiled is None:
        raise LogicException(f"{type(function).__name__}.__init__ must call super().__init__(backend, func)")
    return function._compiled


class GraphFunction(CompiledFunction, metaclass=_Modes):
    """A function of variables that is compiled on its first call for each kind of input.

    The first call with arguments of certain shapes and types runs the function and reads its calls back; later
    calls run a plan. What the function does besides calling differentiable functions happens on the first call
    only, and numbers that it takes from variables would be fixed: that is an error. Where only the first dimension
    differs, the number of samples, the calls of before are made again; the function runs anew if it asked for that
    number (``x.shape()``, ``len(x)``, ``g.shape(x)``, ...).

    Args:
        backend: the backend ``K``.
        func: takes variables, gives a variable or a list of them.
        alternateCreator: shown as the creator in place of this object.
        name: shown in messages.

    Raises:
        UnexpectedValueException: the function gives something other than variables.
        LogicException: the function looks at the numbers in a value.
        InvalidArgumentException: a call has another number of arguments.

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
        (<CompiledFunction>self)._compiled = Compiled(backend)

    def backend(self):
        """The backend ``K``."""
        return self._backend

    def name(self):
        """The name, or None."""
        return self._name

    def _label(self):
        return self._name or getattr(self._func, "__name__", type(self._func).__name__)

    def programs(self) -> int:
        """For how many kinds of arguments the function has been traced."""
        return len(_compiled_of(self).programs)

    def plan(self) -> str:
        """The plans made so far, for people: calls, fused groups, memory.

        Example:
            >>> from rindow_nn.builder import NeuralNetworks
            >>> g = NeuralNetworks().gradient()
            >>> f = g.Function(lambda a, b: g.exp(g.mul(a, b)))
            >>> _ = f(g.Variable([1, 2]), g.Variable([3, 4]))
            >>> print(f.plan())
            <lambda>(float32[2], float32[2]) -> float32[2]
              forward: 1 step for 2 calls, 0 bytes of memory
                fused        in0, in1 -> v3   [Mul Exp]
        """
        return _compiled_of(self).describe(self._label())

    def _again(self, inputs, first):
        """What depends on the first arguments alone, from the trace of a call before, made again on other variables.

        Args:
            inputs: list of variables in place of the first arguments.
            first: the outputs from that one on.

        Returns:
            A list of variables; None if there was no such call.
        """
        return _compiled_of(self).again(inputs, first)

    def _rawCall(self, inputs, options):
        """Computes on arrays, without recording."""
        outputs = self(*inputs)
        return [v.value() for v in (outputs if isinstance(outputs, list) else [outputs])]

    def backward(self, dOutputs, grads=None, oidsToCollect=None):
        """Not kept between calls here: ask the tape, which records each call.

        Raises:
            RuntimeException: always; ``GradientTape.gradient`` gives the gradients of compiled functions.
        """
        raise RuntimeException(
            "a compiled function keeps no record of its last call; use GradientTape.gradient on its outputs"
        )

    def backwardPipeline(self, backend, pipeline, grads=None, oidsToCollect=None):
        """Runs gradients back through a list of recorded functions (see ``GradientTape.backwardPipeline``)."""
        backward_pipeline(backend, pipeline, {} if grads is None else grads, oidsToCollect)


cdef class Compiled:
    """The programs of a compiled function."""

    cdef object backend
    cdef dict programs                # kind of arguments -> Program
    cdef Program last
    cdef int count                    # arguments; -1: not called yet

    def __init__(self, backend):
        self.backend = backend
        self.programs = {}
        self.count = -1

    cdef object call(self, object function, tuple inputs):
        cdef Program program = self.last
        cdef list variables = None
        cdef bint recorded = recording()
        cdef Variable v
        if graph_mode() == 1:
            return function._func(*[pack(self.backend, x) for x in inputs])  # inside another trace: part of it
        if self.count >= 0 and len(inputs) != self.count:
            raise InvalidArgumentException(
                f"{self.count} arguments are required. {len(inputs)} given to {function._label()}, whose plan was made "
                f"for {self.count}."
            )
        if program is None or not _fits(program, inputs):
            variables = [pack(self.backend, x) for x in inputs]
            key = tuple([_signature(<Variable>v) for v in variables])
            program = self.programs.get(key)
            if program is not None and not _captured_fit(program):
                program = None
            if program is None:
                return self.build(function, key, variables, self.alike(key, len(key)))
            self.last = program
        if recorded and not program.differentiable and program.failure is None:
            variables = [pack(self.backend, x) for x in inputs]
            return self.build(function, tuple([_signature(<Variable>v) for v in variables]), variables, program)
        return self.run(program, inputs, recorded)

    cdef object run(self, Program program, tuple inputs, bint recorded):
        cdef Run run
        cdef CompiledCall node
        cdef Variable v
        cdef list outputs
        cdef tuple variables = inputs
        cdef int generation = -1
        cdef int i
        if program.busy:
            outputs = program.replay(program.alone, [pack(self.backend, x) for x in inputs], program.outputs)
            return outputs[0] if program.single else outputs
        if recorded:
            variables = self.recorded_inputs(program, inputs)
        run = Run.__new__(Run)
        run.forgets = not recorded
        run.inputs = self.arrays(program, variables, run)
        outputs = _run_forward(program, program.plan(recorded), run)
        for i in range(len(outputs)):
            outputs[i] = make_variable(self.backend, outputs[i])
        for item in program.single_numbers:
            (<Variable>outputs[item]).number = True
        if recorded:
            node = CompiledCall.__new__(CompiledCall)
            prepare(node, self.backend, None)
            node.program = program
            node.run = run
            node.inputs_ = variables
            node.kept = run.inputs if run.objects is None else tuple([(<Variable>x).value_ for x in variables])
            node.outputs_count = len(outputs)
            if len(outputs) > 1:
                node.output_shapes = tuple(
                    [
                        ((<Variable>outputs[i]).value_.shape(), (<Variable>outputs[i]).value_.dtype())
                        if program.seeds[i] is not None else None
                        for i in range(len(outputs))
                    ]
                )
            for i in range(len(variables)):
                v = <Variable>variables[i]
                if v.generation_ > generation:
                    generation = v.generation_
            node.generation_ = generation
            for i in range(len(outputs)):
                v = <Variable>outputs[i]
                v.creator_ = node
                v.index = i
                v.generation_ = generation + 1
        return outputs[0] if program.single else outputs

    cdef tuple recorded_inputs(self, Program program, tuple inputs):
        """The arguments as variables, then the variables that the function closes over."""
        cdef list variables
        cdef int i
        if not program.captured:
            for i in range(len(inputs)):
                if not isinstance(inputs[i], Variable):
                    break
            else:
                return inputs
        variables = [pack(self.backend, x) for x in inputs]
        for item in program.captured:
            variables.append((<Value>item).variable)
        return tuple(variables)

    cdef tuple arrays(self, Program program, tuple variables, Run run):
        """The values of arguments and of variables closed over, as arrays where the program has arrays."""
        cdef tuple values = PyTuple_New(len(variables))
        cdef int count = len(program.inputs)
        cdef int i
        for i in range(len(variables)):
            item = variables[i]
            value = (<Variable>item).value_ if isinstance(item, Variable) else item
            if not isinstance(value, NDArrayPhp):
                if i >= count:
                    value = raw(value)
                elif (<Value>program.inputs[i]).is_array():
                    value = pack(self.backend, value).value_
                    if not isinstance(value, NDArrayPhp):
                        if run.objects is None:
                            run.objects = {}
                        run.objects[program.inputs[i]] = value  # with its mask, for calls that look at it
                        value = raw(value)
            Py_INCREF(value)
            PyTuple_SET_ITEM(values, i, value)
        return values

    cdef Program alike(self, tuple key, Py_ssize_t count):
        """A program of so many arguments whose trace holds for the first ones, by their signatures, or None.

        Numbers of samples may differ where nothing in the trace depends on them.
        """
        cdef Program program
        for known, item in self.programs.items():
            program = <Program>item
            if len(known) == count and all(map(_alike, known, key)) and _captured_fit(program):
                if not program.shaped or known[: len(key)] == key:
                    return program
        return None

    cdef list again(self, list inputs, int first):
        """See ``GraphFunction._again``."""
        cdef Program program = self.alike(tuple([_signature(<Variable>v) for v in inputs]), self.count)
        return None if program is None else program.replay(program.traced, inputs, program.outputs[first:])

    cdef object build(self, object function, object key, list variables, Program known):
        """Makes a program, from the trace of a known one if it can be: what the user wrote runs once."""
        if known is not None:
            try:
                return self.trace(function, key, variables, known)
            except (LogicException, InvalidArgumentException):
                pass  # it does not fit, or the user's code has the explanation
        return self.trace(function, key, variables, None)

    cdef object trace(self, object function, object key, list variables, Program known):
        """Traces the function on variables; the trace's own results are those of this call."""
        global _traces
        cdef GradientTape tape = None
        cdef Program program = Program.__new__(Program)
        cdef list entries
        cdef list results
        cdef list seeds
        cdef list wanted
        cdef list grads
        cdef list made
        cdef Variable v
        cdef Variable e
        cdef Value value
        cdef bint recorded = recording()
        cdef int mode_before
        cdef int tracing_before
        cdef int looked_before
        cdef long trace_before
        cdef int i
        _traces += 1
        program.backend = self.backend
        program.trace = _traces
        program.captured = []
        program.inputs = []
        program.seeds = []
        program.grads = []
        program.calls = []
        program.back_calls = []
        program.places = {}
        program.found = {}
        program.back_plans = {}
        if not recorded:
            tape = GradientTape(self.backend)
            tape.enter()
        trace_before = set_trace(program.trace)
        tracing_before = set_tracing(1)
        looked_before = set_looked(0)
        mode_before = set_graph_mode(1)
        try:
            entries = []
            for item in variables:
                v = <Variable>item
                e = prepare(Entry.__new__(Entry), self.backend, None).record((v,))
                e.traced = isinstance(e.value_, NDArray)
                entries.append(e if e.traced else v)
            if known is None:
                given = function._func(*entries)
                single = not isinstance(given, (list, tuple))
            else:
                given = [
                    without_gradient(v) if stopped else v
                    for v, stopped in zip(known.replay(known.traced, entries, known.outputs), known.stopped)
                ]
                single = False
            results = [given] if single else list(given)
            for i in range(len(results)):
                if not isinstance(results[i], Variable):
                    raise UnexpectedValueException(
                        "The call method in the Top of Model must return a Variable type or a list of Variable types.: "
                        f"{function._label()} Model returned {type(results[i]).__name__}"
                        + ("." if single else f" as output #{i + 1}.")
                    )
            program.single = single if known is None else known.single
            program.shaped = known is not None and known.shaped
            # ---- read the trace
            for i in range(len(entries)):
                e = <Variable>entries[i]
                value = program._new(INPUT if isinstance(e.value_, NDArray) else CONSTANT, e.value_)
                value.index = i
                value.masked_by(e.value_)
                program.inputs.append(value)
                if e.creator_ is not None and e.creator_.trace == program.trace:
                    program.places[(e.creator_, 0)] = value
                    program.found[e.creator_] = None
                else:
                    program.places[e] = value
            program.read(results, program.calls)
            program.outputs = [program.value_of(<Variable>v) for v in results]
            program.stopped = [(<Variable>v).unbackpropagatable for v in results]
            program.single_numbers = [i for i in range(len(results)) if (<Variable>results[i]).number]
            # ---- the gradient, where this call may be asked for one
            if recorded:
                set_tracing(2)
                seeds = []
                for item in results:
                    v = <Variable>item
                    if isinstance(v.value_, NDArray) and 11 <= v.value_.dtype() <= 13 and not v.unbackpropagatable:
                        e = make_variable(self.backend, _ones(self.backend, raw(v.value_)))
                        e.traced = True
                        seeds.append(e)
                    else:
                        seeds.append(None)
                for i in range(len(seeds)):
                    if seeds[i] is None:
                        program.seeds.append(None)
                    else:
                        value = program._new(SEED, (<Variable>seeds[i]).value_)
                        value.index = i
                        program.places[seeds[i]] = value
                        program.seeds.append(value)
                wanted = entries + [(<Value>item).variable for item in program.captured]
                try:
                    grads = pull_back(self.backend, results, seeds, wanted, program.trace)
                    made = [x for x in grads if x is not None]
                    program.read(made, program.back_calls)
                    program.grads = [None if x is None else program.value_of(<Variable>x) for x in grads]
                except (LogicException, InvalidArgumentException) as e_:
                    program.failure = e_.with_traceback(None)
                    program.failure.__context__ = None
                program.differentiable = program.failure is None
        finally:
            set_graph_mode(mode_before)
            program.shaped |= set_looked(looked_before)
            set_tracing(tracing_before)
            set_trace(trace_before)
            if tape is not None:
                tape.exit()
        program.join(recorded)
        program.places = {}
        program.found = {}
        self.programs[key] = program
        self.last = program
        self.count = len(variables)
        for item in results:
            (<Variable>item).traced = False
        if not recorded:
            results = [make_variable(self.backend, (<Variable>v).value_) for v in results]
            for item in program.single_numbers:
                (<Variable>results[item]).number = True
        return results[0] if program.single else results

    cdef str describe(self, str label):
        cdef list lines = []
        cdef Program program
        cdef Plan plan
        for item in self.programs.values():
            program = <Program>item
            ins = ", ".join([_kind(<Value>v) for v in program.inputs])
            outs = ", ".join([_kind(<Value>v) for v in program.outputs])
            lines.append(f"{label}({ins}) -> {outs}")
            _describe_plan(lines, "forward", program.plan(False), program.calls)
            if program.differentiable:
                every = 0xFFFFFFFFFFFFFFFFULL
                plan = program.plan(True)
                if plan.saved:
                    kept = sum([(<Value>v).header.n * item_size((<Value>v).header.dt) for v in plan.saved])
                    lines.append(f"  kept for the gradient: {_names(plan.saved)} ({kept} bytes)")
                _describe_plan(lines, "gradient", program.back_plan(every), program.back_calls)
        return "\n".join(lines) if lines else f"{label}: not called yet"


cdef int _describe_plan(list lines, str title, Plan plan, list made) except -1:
    calls = sum([(<Call>c).count() for c in made])
    steps = len(plan.steps)
    memory = f"{plan.arena_size} bytes of memory"
    if plan.unplanned > plan.arena_size:
        memory += f" ({plan.unplanned} without sharing)"
    if plan.choice.alone:
        memory += ", on one thread"
    lines.append(f"  {title}: {steps} step{'' if steps == 1 else 's'} for {calls} calls, {memory}")
    for step in plan.steps:
        lines.append("    " + (<Step>step).describe())
    return 0


cdef str _kind(Value v):
    if not v.is_array():
        return repr(v.constant)
    return f"{NAMES[v.header.dt]}{v.header.shape()}"


cdef NDArrayPhp _ones(object backend, NDArrayPhp like):
    return primitives(backend).filled(like.dt, like.nd, like.dims, 1.0)


cdef bint _same_kind(NDArrayPhp header, object value):
    cdef NDArrayPhp x
    if not isinstance(value, NDArrayPhp):
        return False
    x = <NDArrayPhp>value
    return x.dt == header.dt and same_shape(x, header)


cdef bint _fits(Program program, tuple inputs):
    """Whether a program was made for arguments like these: arrays of the same shapes and types."""
    cdef Value v
    cdef int i
    for i in range(len(inputs)):
        v = <Value>program.inputs[i]
        item = inputs[i]
        if v.header is None:
            return False
        if not _same_kind(v.header, (<Variable>item).value_ if isinstance(item, Variable) else item):
            return False
    return _captured_fit(program)


cdef bint _captured_fit(Program program):
    cdef Value v
    for item in program.captured:
        v = <Value>item
        if not _same_kind(v.header, v.variable.value_):
            return False
    return True


cpdef bint _alike(object a, object b):
    """Whether two signatures differ in the first dimension at most."""
    if a == b:
        return True
    if not isinstance(a, tuple) or not isinstance(b, tuple) or len(a) != len(b) or len(a) < 2:
        return False
    return a[1:] == b[1:] and isinstance(a[1], int)  # a scalar has no dimension


cdef object _signature(Variable v):
    """What a program depends on: shape and type of an array, the value itself of anything else."""
    value = v.need_value()
    if isinstance(value, NDArray):
        masked = () if isinstance(value, NDArrayPhp) else (type(value).__name__,)
        return (*value.shape(), value.dtype(), *masked)
    if isinstance(value, bool):
        return value
    return repr(value)


# -------------------------------------------------------------------------------------------- steps of training

def without_gradient(variable):
    """The same value of the same call, through which no gradient passes: a second output of a compiled function."""
    cdef Variable v = <Variable?>variable
    cdef Variable alias = make_variable(v.backend_, v.value_)
    alias.creator_ = v.creator_
    alias.index = v.index
    alias.generation_ = v.generation_
    alias.traced = v.traced
    alias.literal = v.literal
    alias.mask_ = v.mask_
    alias.unbackpropagatable = True
    return alias


cdef class TrainingStep:
    """Outputs of a compiled function and the gradients of the first one, without a tape.

    Where the plan cannot be run as it is (another kind of arguments, another thread that runs it) a tape does the same.

    Args:
        function: a ``GraphFunction`` whose first output is the loss.
        variables: what the gradients are asked for.
    """

    cdef object function
    cdef Compiled compiled
    cdef list wanted
    cdef Program program              # the one that the fields below belong to
    cdef list places
    cdef unsigned long long needs
    cdef tuple seeds

    def __init__(self, function, variables):
        self.function = function
        self.compiled = _compiled_of(function)
        self.wanted = list(variables)

    def __call__(self, tuple inputs):
        """Answers the outputs and the gradients, two lists of arrays.

        Raises:
            LogicException: the function, or its gradient, cannot be compiled.
        """
        cdef Program program = self.compiled.last
        cdef Run run
        cdef Variable v
        cdef list results
        cdef list grads
        cdef list found
        cdef tuple gradients
        if (
            program is None or program.busy or not program.differentiable or recording()
            or len(inputs) != self.compiled.count or graph_mode() or not _fits(program, inputs)
        ):
            return self.on_tape(inputs)
        if program is not self.program and not self.adopt(program):
            return self.on_tape(inputs)
        run = Run.__new__(Run)
        found = [(<Variable>x).value_ if isinstance(x, Variable) else x for x in inputs]
        for item in program.captured:
            found.append(raw((<Value>item).variable.value_))
        run.inputs = tuple(found)
        results = _run_forward(program, program.plan(True), run)
        if self.seeds is None:
            self.seeds = (_ones(self.compiled.backend, raw(results[0])),) + (None,) * (len(results) - 1)
        gradients = _run_back(program, run, self.seeds, self.needs)
        grads = []
        for item in self.places:
            v = <Variable>gradients[<Py_ssize_t>item]
            grads.append(v.value_)
        return results, grads

    def programs(self) -> int:
        """For how many kinds of arguments the function has been traced."""
        return len(self.compiled.programs)

    cdef bint adopt(self, Program program) except -1:
        """Finds the variables in a program; False if one of them has no gradient there."""
        cdef dict where = {}
        cdef Value value
        cdef int i
        cdef int first = len(program.inputs)
        if program.seeds[0] is None:
            return False
        for i in range(len(program.captured)):
            value = <Value>program.captured[i]
            where[value.variable] = first + i
        self.places = []
        self.needs = 0
        for item in self.wanted:
            at = where.get(item)
            if at is None or program.grads[at] is None:
                return False
            self.places.append(at)
            self.needs |= 1ULL << (<int>at if <int>at < 63 else 63)
        self.program = program
        self.seeds = None
        return True

    cdef object on_tape(self, tuple inputs):
        cdef GradientTape tape = GradientTape(self.compiled.backend)
        cdef Program program
        tape.enter()
        try:
            outputs = self.function(*inputs)
        finally:
            tape.exit()
        program = self.compiled.last
        if program is not None and program.failure is not None:
            raise LogicException(f"the gradient cannot be compiled: {program.failure}") from program.failure
        if not isinstance(outputs, list):
            outputs = [outputs]
        grads = tape.gradient(outputs[0], self.wanted)
        return [(<Variable>v).value_ for v in outputs], grads


cdef class Shortcut:
    """A compiled function called on arrays, as long as a model is what it was when the function was compiled.

    Args:
        function: a ``GraphFunction``.
        watch: knows what the model was.
    """

    cdef Compiled compiled
    cdef readonly Watch watch

    def __init__(self, function, watch):
        self.compiled = _compiled_of(function)
        self.watch = watch

    def __call__(self, model, inputs):
        """The output as an array, or a list of them; None if the call must be made another way.

        Args:
            model: that which is watched.
            inputs: an array, or a list of them.
        """
        cdef Program program = self.compiled.last
        cdef tuple args
        cdef Run run
        cdef list outputs
        if type(inputs) is NDArrayPhp:
            args = (inputs,)
        elif type(inputs) is list:
            args = tuple(<list>inputs)
        else:
            return None
        if (
            program is None or program.busy or len(args) != self.compiled.count or recording() or tracing()
            or not _fits(program, args) or self.watch.changed(model)
        ):
            return None
        run = Run.__new__(Run)
        run.forgets = True
        run.inputs = args
        try:
            outputs = [raw(x) for x in _run_forward(program, program.plan(False), run)]
        except (LogicException, InvalidArgumentException):
            return None
        return outputs[0] if program.single else outputs


cdef class StepPlan:
    """The plans of a whole training step: up to the predictions, and from there to the gradients.

    A loss and its gradient are one call of the second plan where there is a kernel for both.
    """

    cdef Plan forward
    cdef Plan backward
    cdef ThreadChoice choice
    cdef NDArrayPhp seed
    cdef list params                  # captured Values that the optimizer changes
    cdef list grads                   # headers
    cdef NDArrayPhp loss
    cdef NDArrayPhp share             # of right answers; None: not counted


cdef Call _with_gradient(Program program, Call call, set taken, double threshold):
    """The call, its gradient and what it counts as one call; None where that cannot be.

    Its outputs are those of the two and the share of right answers; the gradient is among those taken then.
    """
    cdef Call both
    cdef Call gradient = None
    cdef Value share
    cdef AbstractFunction f = None
    cdef int count = len(call.ins)
    cdef Py_ssize_t none = 0
    for item in program.back_calls:
        gradient = <Call>item
        if (
            item not in taken and len(gradient.ins) > count and len(gradient.outs) == 1 and gradient.role == STEP
            and all([gradient.ins[i] is call.ins[i] for i in range(count)])
            and gradient.ins[count] is program.seeds[0]
        ):
            f = call.f.with_gradient(gradient.f, threshold)
            if f is not None:
                break
    if f is None:
        return None
    for item in program.calls + program.back_calls:
        if item is not gradient and any([x in call.outs[1:] for x in (<Call>item).ins]):
            return None  # it needs what one pass does not leave
    both = Call.__new__(Call)
    both.f = f
    both.ins = call.ins
    share = program._new(COMPUTED, empty(core.RK_FLOAT64, 0, &none))
    both.outs = [call.outs[0], gradient.outs[0], share]
    both.role = STEP
    both.layer = call.layer
    both.number = call.number
    share.maker = <PyObject*>both
    taken.add(gradient)
    return both


cdef StepPlan _step_plan(Program program, list wanted, bint counted, double threshold, bint predictions):
    """Plans of a whole step that changes the wanted variables; None where it cannot be taken as a whole."""
    cdef StepPlan step = StepPlan.__new__(StepPlan)
    cdef dict where = {(<Value>x).variable: i for i, x in enumerate(program.captured)}
    cdef list grads = []
    cdef list targets
    cdef list forward = []
    cdef list calls = []
    cdef list saved = []
    cdef list joined = []
    cdef list stack
    cdef list results
    cdef set late = set()             # Values that wait for a loss
    cdef set seen = set()
    cdef set stored
    cdef set before
    cdef set skipped = set()          # gradients that are computed with their losses
    cdef Value loss = <Value>program.outputs[0]
    cdef Value share = None
    cdef Value v
    cdef Call call
    cdef Call both
    if (
        loss.header is None or loss.header.n != 1 or loss.owner().kind != COMPUTED
        or not (loss.header.dt == core.RK_FLOAT32 or loss.header.dt == core.RK_FLOAT64)
        or program.seeds[0] is None or any([x is not None for x in program.seeds[1:]])
    ):
        return None
    step.params = []
    for item in wanted:
        at = where.get(item)
        v = None if at is None else program.grads[len(program.inputs) + <int>at]
        # a gradient that is itself a variable would change in the middle of the optimizer's step
        if v is None or v.header is None or v.owner().kind == CAPTURED:
            return None
        step.params.append(program.captured[at])
        grads.append(v)
    if not grads:
        return None
    step.grads = [(<Value>x).header for x in grads]
    step.seed = _ones(program.backend, (<Value>program.seeds[0]).header)
    step.loss = loss.header
    stored = set(program.plan(False).stored)
    # ---- which calls come before a loss that is computed with its gradient
    for item in program.calls:
        call = <Call>item
        both = None if call.role != STEP else _with_gradient(program, call, skipped, threshold)
        if both is not None:
            joined.append(both)
            calls.append(both)
            late.add(call.outs[0])
            if counted and call.outs[0] is loss and len(program.outputs) == 2 and (
                both.ins[0] is program.inputs[len(program.inputs) - 1] and both.ins[1] is program.outputs[1]
            ):
                share = <Value>both.outs[2]
            continue
        calls.append(call)
        if any([(<Value>x).owner() in late for x in call.ins]):
            late.update(call.outs)
        else:
            forward.append(call)
    calls += [x for x in program.back_calls if x not in skipped]
    predictions = predictions or (counted and share is None)
    targets = program.outputs[1:] if predictions else []
    results = grads + [loss] + ([] if share is None else [share])
    if any([(<Value>x).owner() in late for x in targets]):
        return None
    # ---- what the second plan reads of the first; elementwise values it computes again if it can
    before = set(forward)
    given = {(<Value>x).owner() for x in targets}
    try:
        for item in joined:
            for x in (<Call>item).outs:
                (<Value>x).maker = <PyObject*>item
        stack = list(results)
        while stack:
            v = (<Value>stack.pop()).owner()
            if v in seen or v.kind != COMPUTED or v in given:
                continue
            seen.add(v)
            call = v.call()
            if call in before and (not call.pointwise or v in stored):
                saved.append(v)
                continue
            for x in call.ins:
                if (<Value>x).is_array():
                    stack.append(x)
        step.forward = _compile(program, forward, targets, set(), saved)
        step.backward = _compile(program, calls, [], given | set(saved), results)
    finally:
        for item in program.calls + program.back_calls:
            for x in (<Call>item).outs:
                (<Value>x).maker = <PyObject*>item
    step.forward.phase = "forward"
    step.share = None if share is None else share.header
    step.choice = ThreadChoice()
    return step


cdef class WholeStep:
    """A training step from the batch to the changed weights in one call.

    Args:
        function: a ``GraphFunction`` whose first output is the loss, and whose last argument is the labels.
        variables: what is trained.
        update: changes a list of arrays by a list of gradients, which it must not keep.
        title: its name in a profile.
        of_loss: functions that are given each loss.
        counted: metrics that count the right answers of the loss; they are given the share, or what they need for it.
        of_predictions: functions that are given labels and predictions.
        threshold: of an answer yes, for ``counted``.
    """

    cdef Compiled compiled
    cdef list wanted
    cdef object update
    cdef str title
    cdef list of_loss
    cdef list counted
    cdef list of_predictions
    cdef double threshold
    cdef dict plans                   # Program -> StepPlan, or None
    cdef Program program              # of the last step
    cdef StepPlan plan
    cdef list predictions             # of the last step, until they are told
    cdef double share
    cdef readonly double loss
    cdef readonly tuple args

    def __init__(self, function, variables, update, title, of_loss, counted, of_predictions, threshold):
        self.compiled = _compiled_of(function)
        self.wanted = list(variables)
        self.update = update
        self.title = title
        self.of_loss = of_loss
        self.counted = counted
        self.of_predictions = of_predictions
        self.threshold = threshold
        self.plans = {}

    def __call__(self, data, labels):
        """Takes a step.

        Args:
            data: a batch: inputs (an array, or a list of them) and labels.
            labels: gives those of the loss from the others; None: they are the same.

        Returns:
            True; False if the loss is no finite number, which has changed nothing; None if the step must be taken
            another way, by which errors get their explanation.
        """
        cdef tuple args
        cdef long long begin
        if type(data) is not tuple or len(<tuple>data) != 2:
            return None
        inputs, trues = <tuple>data
        args = (*inputs, trues) if type(inputs) is list else (inputs, trues)
        try:
            if labels is not None:
                args = (*args, labels(trues))
            if not self.find(args):
                return None
            self.run(args)
        except (LogicException, InvalidArgumentException):
            return None
        if not isfinite(self.loss):
            self.args = args
            self.predictions = None
            return False
        if profiling():
            begin = perf_counter_ns()
            self.measure(args)
            note_call("other", "metrics", None, (), (), begin)
        else:
            self.measure(args)
        return True

    cdef int measure(self, tuple args) except -1:
        """Tells what is to be told of the step."""
        cdef list predictions = self.predictions
        cdef list told = self.of_predictions
        self.predictions = None
        for take in self.of_loss:
            take(self.loss)
        if self.plan.share is None:
            told = [metric.update for metric in self.counted] + told
        else:
            for metric in self.counted:
                metric.immediateUpdate(self.share)
        if told:
            predicts = predictions[0] if len(predictions) == 1 else predictions
            for take in told:
                take(args[len(args) - 1], predicts)
        return 0

    cdef bint find(self, tuple args) except -1:
        """Finds the plan for arguments; False if there is none."""
        cdef Program program = self.compiled.last
        if program is None or len(args) != self.compiled.count or recording() or graph_mode():
            return False
        if not _fits(program, args):
            if not all([isinstance(x, NDArrayPhp) for x in args]):
                return False
            program = self.compiled.programs.get(
                tuple([_signature(pack(self.compiled.backend, x)) for x in args])
            )
            if program is None or not _fits(program, args):
                return False
            self.compiled.last = program
        if program.busy or not program.differentiable:
            return False
        if program is not self.program:
            if program not in self.plans:
                self.plans[program] = _step_plan(
                    program, self.wanted, bool(self.counted), self.threshold, bool(self.of_predictions)
                )
            self.plan = self.plans[program]
            self.program = program
        return self.plan is not None

    cdef int run(self, tuple args) except -1:
        """Loss, gradients and update; predictions where they are asked for."""
        cdef Program program = self.program
        cdef StepPlan plan = self.plan
        cdef Run run = Run.__new__(Run)
        cdef list fresh = []
        cdef list params = []
        cdef Buffer arena = None
        cdef Buffer more = None
        cdef Value v
        cdef NDArrayPhp x
        cdef long long begin
        cdef int before = plan.choice.begin()
        program.busy = True
        try:
            run.inputs = tuple([(<Variable>x).value_ if isinstance(x, Variable) else x for x in args])
            _set_memory(program, run)
            for item in program.captured:
                v = <Value>item
                v.header.ptr = (<NDArrayPhp>raw(v.variable.value_)).ptr
            (<Value>program.seeds[0]).header.ptr = plan.seed.ptr
            fresh = _fresh_arrays(plan.forward)
            if plan.forward.arena_size:
                arena = new_buffer(plan.forward.arena_size, core.RK_UINT8)
            if plan.backward.arena_size:
                more = new_buffer(plan.backward.arena_size, core.RK_UINT8)
            plan.forward.run(run, arena)
            plan.backward.run(run, more)
            self.loss = _number_at(plan.loss.ptr, plan.loss.dt)
            if not isfinite(self.loss):
                return 0
            if plan.share is not None:
                self.share = (<double*>plan.share.ptr)[0]
            for item in plan.params:
                params.append(raw((<Value>item).variable.value_))
            begin = perf_counter_ns() if profiling() else 0
            self.update(params, plan.grads)
            if begin:
                note_call("other", self.title, None, (), (), begin)
            self.predictions = _results(plan.forward, run, fresh)
        finally:
            program.busy = False
            plan.choice.end(before)
        return 0
