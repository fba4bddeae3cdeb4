"""The EinsumDense layer as a single differentiable function."""

from rindow_math.exceptions import InvalidArgumentException
from rindow_math.matrix.buffer import NAMES
from rindow_math.matrix.kernels cimport core
from rindow_math.matrix.ndarray cimport MAX_DIMS, NDArrayPhp, empty, empty_like, shape_text, view
from rindow_nn.backend.rindow_blas.primitives cimport Primitives
from rindow_nn.gradient.core.layerfunction cimport LayerFunction
from rindow_nn.gradient.core.tape cimport (
    A, AbstractFunction, GradientCall, OPAQUE, STEP, Variable, array_of, make_variable, pack, prepare, recording,
)
from rindow_nn.gradient.core.values import MaskedNDArray

# activations that are a part of the last pass, as operations of their own
cdef int[4] OPERATIONS = [0, core.RK_RELU, core.RK_SIGMOID, core.RK_TANH]


cdef class EinsumForm:
    """What the calls of an EinsumDense layer have in common.

    Where the letters allow it the product is one of matrices: inputs (free, summed), kernel (summed, new) or
    (new, summed), outputs (free, new), with the bias and the activation fused into it.

    Args:
        inputs: the letters of the inputs' axes.
        kernel: those of the kernel.
        outputs: those of the outputs.
        bias_rank: how many axes of the outputs, from the last, the bias runs over; 0 for no bias.
        epilogue: one of ``functions.EPILOGUES``.
    """

    cdef str inputs
    cdef str kernel
    cdef str outputs
    cdef int bias_rank
    cdef int epilogue
    cdef str lone                     # letters that the inputs alone have
    cdef bint matrix
    cdef bint transposed              # the kernel is (new, summed)
    cdef int free
    cdef int new                      # axes of the outputs from the kernel

    def __init__(self, inputs, kernel, outputs, bias_rank, epilogue):
        self.inputs = inputs
        self.kernel = kernel
        self.outputs = outputs
        self.bias_rank = bias_rank
        self.epilogue = epilogue
        self.lone = "".join([c for c in inputs if c not in kernel and c not in outputs])
        free = "".join([c for c in inputs if c in outputs and c not in kernel])
        summed = "".join([c for c in inputs if c in kernel and c not in outputs])
        new = "".join([c for c in outputs if c not in inputs])
        self.free = len(free)
        self.new = len(new)
        self.transposed = kernel == new + summed and bool(new)
        self.matrix = (
            bool(summed)
            and inputs == free + summed
            and outputs == free + new
            and (self.transposed or kernel == summed + new)
            and len(set(inputs)) == len(inputs)
            and len(set(outputs)) == len(outputs)
        )

    cdef object dx_equation(self):
        return f"{self.outputs},{self.kernel}->{''.join([c for c in self.inputs if c not in self.lone])}"


cdef Py_ssize_t _product(NDArrayPhp x, int first, int last) noexcept:
    cdef Py_ssize_t n = 1
    cdef int i
    for i in range(first, last):
        n *= x.dims[i]
    return n


cdef NDArrayPhp _spread(Primitives K, EinsumForm form, NDArrayPhp bias, NDArrayPhp out):
    """The bias for each element of the last axes of the outputs."""
    cdef int rank = max(form.bias_rank, form.new, 1)
    if bias.n == _product(out, out.nd - rank, out.nd):
        return bias
    return K.broadcast_to(bias, rank, out.dims + out.nd - rank)


cdef class EinsumFunction(LayerFunction):
    """activation(the sum of products of inputs and kernel + bias)."""

    cdef EinsumForm form
    cdef NDArrayPhp out

    cdef int copy_settings(self, AbstractFunction node) except -1:
        LayerFunction.copy_settings(self, node)
        (<EinsumFunction>node).form = self.form
        return 0

    cdef int role(self):
        return OPAQUE if isinstance(self.kept[0], MaskedNDArray) else STEP

    cdef object forward(self, tuple xs, object out):
        cdef EinsumForm form = self.form
        cdef Primitives K = self.K
        cdef NDArrayPhp x = A(xs, 0)
        cdef NDArrayPhp kernel = A(xs, 1)
        cdef NDArrayPhp bias = A(xs, 2) if form.bias_rank else None
        cdef NDArrayPhp y
        cdef Py_ssize_t m, n, k
        if x.dt != kernel.dt or (x.dt != core.RK_FLOAT32 and x.dt != core.RK_FLOAT64):
            raise InvalidArgumentException(
                f"unmatch data type: inputs are {NAMES[x.dt]}, the kernel is {NAMES[kernel.dt]} in "
                f"{self.layer.name()}:forward"
            )
        y = <NDArrayPhp>out if out is not None else self.new_outputs(x, kernel)
        if bias is not None:
            bias = _spread(K, form, bias, y)
        if form.matrix:
            m = _product(x, 0, form.free)
            k = _product(x, form.free, x.nd)
            n = _product(y, y.nd - form.new, y.nd)
            if bias is None or bias.n == n:
                K.layer.matrix_layer(x, kernel, bias, y, m, n, k, form.transposed, form.epilogue)
            else:
                K.layer.matrix_layer(x, kernel, None, y, m, n, k, form.transposed, core.RK_EPI_NONE)
                K.layer.bias_activation(y, bias, form.epilogue)
        else:
            self.backend_.einsum(f"{form.inputs},{form.kernel}->{form.outputs}", x, kernel, y)
            if bias is not None:
                K.layer.bias_activation(y, bias, form.epilogue)
            elif form.epilogue:
                K.unary(OPERATIONS[form.epilogue], y, y)
        self.out = y
        return self.masked(xs, y)

    cdef NDArrayPhp new_outputs(self, NDArrayPhp x, NDArrayPhp kernel):
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef EinsumForm form = self.form
        cdef int i, at
        if x.nd != len(form.inputs) or kernel.nd != len(form.kernel):
            raise InvalidArgumentException(
                f"inputs of shape {shape_text(x)} and a kernel of shape {shape_text(kernel)} do not fit the equation "
                f"'{form.inputs},{form.kernel}->{form.outputs}' in {self.layer.name()}:forward"
            )
        for i in range(kernel.nd):
            at = form.inputs.find(form.kernel[i])
            if at >= 0 and x.dims[at] != kernel.dims[i]:
                raise InvalidArgumentException(
                    f"inputs of shape {shape_text(x)} do not fit a kernel of shape {shape_text(kernel)} in dimension "
                    f"'{form.kernel[i]}' of the equation '{form.inputs},{form.kernel}->{form.outputs}' in "
                    f"{self.layer.name()}:forward"
                )
        for i in range(len(form.outputs)):
            at = form.inputs.find(form.outputs[i])
            dims[i] = x.dims[at] if at >= 0 else kernel.dims[<int>form.kernel.find(form.outputs[i])]
        return empty(x.dt, len(form.outputs), dims)

    cdef tuple gradient_of(self, tuple douts, unsigned long long needs):
        cdef EinsumGradient f = EinsumGradient.__new__(EinsumGradient)
        cdef list grads = [None] * len(self.inputs_)
        cdef int i
        f.form = self.form
        f.places = [i for i in range(len(self.inputs_)) if needs >> i & 1]
        prepare(f, self.backend_, None)
        if recording():
            values = f.record((
                douts[0], self.output(0, self.out), *[self.input(i) for i in range(len(self.inputs_))]
            ))
            if len(f.places) == 1:
                values = [values]
        else:
            values = f.forward((array_of(<Variable>douts[0]), self.out, *self.kept), None)
            values = [make_variable(self.backend_, x) for x in (values if isinstance(values, tuple) else (values,))]
        for i in range(len(f.places)):
            grads[f.places[i]] = values[i]
        return tuple(grads)


cdef class EinsumGradient(GradientCall):
    """The gradients of ``EinsumFunction`` in ``places`` as a call of its own: inputs dy, y, x, kernel, bias."""

    cdef EinsumForm form
    cdef list places

    cdef int copy_settings(self, AbstractFunction node) except -1:
        (<EinsumGradient>node).form = self.form
        (<EinsumGradient>node).places = self.places
        return 0

    cdef int role(self):
        return STEP

    cdef bint optional_outputs(self):
        return len(self.places) > 1

    cdef int shape_only(self):
        return 16 if self.form.epilogue else 16 | 2  # the bias's values do not count, nor y's without an activation

    cdef object forward(self, tuple xs, object out):
        cdef EinsumForm form = self.form
        cdef Primitives K = self.K
        cdef NDArrayPhp dy = A(xs, 0)
        cdef NDArrayPhp x = A(xs, 2)
        cdef NDArrayPhp kernel = A(xs, 3)
        cdef NDArrayPhp dz = dy
        cdef NDArrayPhp sums
        cdef Py_ssize_t m, n, k
        cdef list into = [None, None, None]
        cdef int i, rank
        if out is None:
            out = tuple([empty_like(A(xs, i + 2)) for i in self.places])
        elif not isinstance(out, tuple):
            out = (out,)
        for i in range(len(self.places)):
            into[self.places[i]] = out[i]
        if form.epilogue or into[2] is not None:
            rank = max(form.bias_rank, form.new, 1)
            sums = None
            if into[2] is not None:
                sums = <NDArrayPhp>into[2]
                if sums.n != _product(dy, dy.nd - rank, dy.nd):
                    sums = empty(dy.dt, rank, dy.dims + dy.nd - rank)
            dz = K.layer.bias_activation_gradient(A(xs, 1), dy, sums, _product(dy, dy.nd - rank, dy.nd), form.epilogue)
            if sums is not None and sums is not into[2]:
                K.sum_to(sums, (<NDArrayPhp>into[2]).nd, (<NDArrayPhp>into[2]).dims, <NDArrayPhp>into[2])
        if form.matrix:
            m = _product(x, 0, form.free)
            k = _product(x, form.free, x.nd)
            n = _product(dy, dy.nd - form.new, dy.nd)
            K.layer.matrix_layer_gradient(
                x, kernel, dz, <NDArrayPhp>into[0], <NDArrayPhp>into[1], m, n, k, form.transposed
            )
            return out if len(out) > 1 else out[0]
        if into[0] is not None:
            if form.lone:
                self.spread_dx(self.backend_.einsum(form.dx_equation(), dz, kernel), <NDArrayPhp>into[0])
            else:
                self.backend_.einsum(form.dx_equation(), dz, kernel, into[0])
        if into[1] is not None:
            self.backend_.einsum(f"{form.outputs},{form.inputs}->{form.kernel}", dz, x, into[1])
        return out if len(out) > 1 else out[0]

    cdef int spread_dx(self, NDArrayPhp part, NDArrayPhp dx) except -1:
        """Repeats a gradient along the axes that were summed over without the kernel."""
        cdef Py_ssize_t[MAX_DIMS] dims
        cdef int i
        for i in range(dx.nd):
            dims[i] = 1 if self.form.inputs[i] in self.form.lone else dx.dims[i]
        self.K.broadcast_to(view(part, 0, dx.nd, dims), dx.nd, dx.dims, dx)
        return 0


def einsumDense(layer, x, kernel, bias, EinsumForm form not None):
    """Records a call of an EinsumDense layer.

    Args:
        layer: the layer, for messages and masks.
        x: variable of the inputs.
        kernel: variable of the kernel.
        bias: variable of the bias, or None.
        form: the letters.

    Returns:
        A variable.
    """
    cdef EinsumFunction f = EinsumFunction.__new__(EinsumFunction)
    f.layer = layer
    f.inputs_of_layer = 1
    f.form = form
    prepare(f, layer.backend, None)
    if bias is None:
        return f.record((pack(layer.backend, x), kernel))
    return f.record((pack(layer.backend, x), kernel, bias))
