"""Benchmark worker: PyTorch on the CPU.

Columns: torch (eager), torch-compile, torch-inplace (``out=`` or in-place form
of a kernel), torch-fused (the fused form of Adam).
"""

import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kernels import register
from protocol import Measurement, Worker, wanted_threads
from rows import (
    ADD_BATCH,
    ADD_LENGTHS,
    ADD_SAMPLES,
    ADD_SYMBOLS,
    CHAIN_SIZE,
    CNN_BATCH,
    CNN_BATCHES,
    FIT_STEPS,
    IMAGE,
    LABELS,
    MNIST_BATCH,
    MNIST_SAMPLES,
    PREDICT_BATCHES,
    SAMPLES,
    SENTENCE_BATCH,
    SENTENCE_LENGTH,
    SENTENCES,
    TRANSFORMER,
)
from scaling_rows import CLASSES, INPUTS, SCALING, WORDS, epoch_size
from torch_models import RnnAdd, Transformer, cnn

if wanted_threads():
    torch.set_num_threads(wanted_threads())


def floats(*shape, low=0.0, high=1.0):
    return torch.empty(shape).uniform_(low, high)


def integers(high, *shape):
    return torch.randint(0, high, shape)


def mlp(inputs, hidden, outputs, activation):
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(inputs, hidden), activation, nn.Linear(hidden, outputs))
    return model, torch.optim.Adam(model.parameters(), lr=0.001, eps=1e-7)


def size_of(model):
    return lambda: sum(p.numel() for p in model.parameters())


def train(loss_of, optimizer, inputs, labels):
    optimizer.zero_grad()
    loss = loss_of(inputs, labels)
    loss.backward()
    optimizer.step()
    return loss


def samples():
    return torch.tensor(SAMPLES, dtype=torch.float32), torch.tensor(LABELS)


def loss_of(model):
    return lambda inputs, labels: functional.cross_entropy(model(inputs), labels)


def first_step():
    model, optimizer = mlp(2, 128, 2, nn.Sigmoid())
    train(loss_of(model), optimizer, *samples())


worker = Worker(lambda: {"torch": torch.__version__, "threads": torch.get_num_threads()}, first_step)
FORMS = (("torch", lambda function: function), ("torch-compile", torch.compile))


@worker.test("W1.tape_scalar", "torch")
def _():
    a, b = (torch.tensor(v, requires_grad=True) for v in (2.0, 3.0))
    return Measurement(lambda: torch.autograd.grad(torch.mul(a, b), [a, b]))


def function_scalar(form):
    a, b, c = (torch.tensor(v, requires_grad=True) for v in (2.0, 3.0, 4.0))
    function = form(lambda a, b, c: a * b + c)
    return Measurement(lambda: torch.autograd.grad(torch.square(function(a, b, c)), [a, b]))


def chain_of_ten(form):
    inputs = [floats(CHAIN_SIZE, low=0.5, high=1.5).requires_grad_() for _ in range(3)]
    ones = torch.ones(CHAIN_SIZE)

    @form
    def chain(x, a, b):
        y = torch.sqrt(torch.square(x * a + b) * 0.5 + 1.0)
        return torch.exp(torch.log(y / a) - x)

    return Measurement(lambda: torch.autograd.grad(chain(*inputs), inputs, ones))


def seed_mlp_step(form):
    model, optimizer = mlp(2, 128, 2, nn.Sigmoid())
    loss = form(loss_of(model))
    inputs, labels = samples()
    return Measurement(lambda: train(loss, optimizer, inputs, labels), parameters=size_of(model))


def epoch_of(model, optimizer, images, labels, batch_size, shuffle):
    """One epoch as a fit() does it: batches picked by index, loss and accuracy counted."""
    count = len(labels)

    def epoch():
        order = torch.randperm(count) if shuffle else torch.arange(count)
        total, right = 0.0, 0
        for batch in order.split(batch_size):
            inputs, trues = images[batch], labels[batch]
            optimizer.zero_grad()
            logits = model(inputs)
            loss = functional.cross_entropy(logits, trues)
            loss.backward()
            optimizer.step()
            total += loss.item()
            right += (logits.argmax(-1) == trues).sum().item()
        return total, right

    return epoch


@worker.test("W3.seed_mlp_fit", "torch")
def _():
    model, optimizer = mlp(2, 128, 2, nn.Sigmoid())
    inputs, labels = samples()
    epoch = epoch_of(model, optimizer, inputs.repeat(FIT_STEPS, 1), labels.repeat(FIT_STEPS), len(LABELS), True)
    return Measurement(epoch, steps=FIT_STEPS, parameters=size_of(model))


def mnist_mlp(form):
    model, optimizer = mlp(784, 128, 10, nn.ReLU())
    images, labels = floats(MNIST_SAMPLES, 784), integers(10, MNIST_SAMPLES)
    epoch = epoch_of(form(model), optimizer, images, labels, MNIST_BATCH, True)
    initial = {name: value.clone() for name, value in model.state_dict().items()}

    def start_again():
        model.load_state_dict(initial)
        optimizer.state.clear()

    return Measurement(epoch, "samples/s", MNIST_SAMPLES, calls=1, prepare=start_again, parameters=size_of(model))


for _column, _form in FORMS:
    for _row, _make in (
        ("W2.function_scalar", function_scalar),
        ("W2.chain10_1M", chain_of_ten),
        ("W3.seed_mlp_step", seed_mlp_step),
        ("W4.mnist_mlp", mnist_mlp),
    ):
        worker.test(_row, _column)(lambda make=_make, form=_form: make(form))


def fitting(model, inputs, labels, batch_size, loss_of, **options):
    """One epoch as a fit() does it, of a model of one or more inputs."""
    optimizer = torch.optim.Adam(model.parameters(), **{"eps": 1e-7, **options})
    count = len(labels)

    def epoch():
        total = 0.0
        for batch in torch.randperm(count).split(batch_size):
            optimizer.zero_grad()
            loss = loss_of([x[batch] for x in inputs], labels[batch])
            loss.backward()
            optimizer.step()
            total += loss.item()
        return total

    return Measurement(epoch, "samples/s", count, calls=1, parameters=size_of(model))


def train_cnn(depth, channels_last, form):
    torch.manual_seed(1)
    model = cnn(depth)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
    forward = form(model)
    right = []

    def loss_of(inputs, trues):
        images = inputs[0].permute(0, 3, 1, 2)
        logits = forward(images if channels_last else images.contiguous())
        right.append((logits.argmax(-1) == trues).sum().item())
        return functional.cross_entropy(logits, trues)

    count = CNN_BATCH[depth] * CNN_BATCHES[depth]
    return fitting(model, [floats(count, *IMAGE)], integers(10, count), CNN_BATCH[depth], loss_of)


for _depth in CNN_BATCH:
    for _column, _channels_last, _form in (
        ("torch", False, FORMS[0][1]),
        ("torch-channels-last", True, FORMS[0][1]),
        ("torch-compile", True, torch.compile),
    ):
        worker.test(f"W5.cnn_{_depth}", _column)(
            lambda depth=_depth, last=_channels_last, form=_form: train_cnn(depth, last, form)
        )


def rnn_add(form):
    torch.manual_seed(1)
    model = RnnAdd(ADD_SYMBOLS, ADD_LENGTHS)
    forward = form(model)
    right = []

    def loss_of(inputs, trues):
        logits = forward(*inputs)
        right.append((logits.argmax(-1) == trues).sum().item())
        return functional.cross_entropy(logits.reshape(-1, ADD_SYMBOLS), trues.reshape(-1))

    read, written = (integers(ADD_SYMBOLS, ADD_SAMPLES, length) for length in ADD_LENGTHS)
    return fitting(model, [read], written, ADD_BATCH, loss_of)


def transformer(form):
    torch.manual_seed(1)
    model = Transformer(**TRANSFORMER)
    forward = form(model)

    def loss_of(inputs, trues):
        logits = forward(*inputs).reshape(-1, TRANSFORMER["vocabulary"])
        each = functional.cross_entropy(logits, trues.reshape(-1), reduction="none")
        counted = (trues.reshape(-1) > 0).float()
        return (each * counted).sum() / counted.sum()

    source, target, trues = (
        torch.randint(1, TRANSFORMER["vocabulary"], (SENTENCES, SENTENCE_LENGTH)) for _ in range(3)
    )
    return fitting(model, [source, target], trues, SENTENCE_BATCH, loss_of, lr=1e-4, betas=(0.9, 0.98), eps=1e-9)


def scaled(family, sizes):
    from torch_scaling import model

    made = model(family, **sizes)
    count = epoch_size(family, sizes)

    def loss_of(inputs, trues):
        logits = made(*inputs)
        return functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), trues.reshape(-1))

    if family == "transformer":
        source, target, trues = (torch.randint(1, WORDS, (count, sizes["length"])) for _ in range(3))
        return fitting(made, [source, target], trues, sizes["batch"], loss_of)
    inputs = {
        "mlp": lambda: floats(count, INPUTS),
        "cnn": lambda: floats(count, *IMAGE),
        "gru": lambda: integers(WORDS, count, sizes["length"]),
    }[family]()
    return fitting(made, [inputs], integers(CLASSES, count), sizes["batch"], loss_of)


for _row, (_family, _sizes) in SCALING.items():
    worker.test(_row, "torch")(lambda family=_family, sizes=_sizes: scaled(family, sizes))

for _column, _form in FORMS:
    worker.test("W6.rnn_add", _column)(lambda form=_form: rnn_add(form))
    worker.test("W7.transformer", _column)(lambda form=_form: transformer(form))


def without_gradient(operation):
    def call():
        with torch.inference_mode():
            return operation()

    return call


def predicting(model, form, batch, *inputs):
    forward = form(model.eval())
    return Measurement(without_gradient(lambda: forward(*inputs)), "samples/s", batch, parameters=size_of(model))


def predict_mlp(form, batch):
    return predicting(mlp(784, 128, 10, nn.ReLU())[0], form, batch, floats(batch, 784))


def predict_cnn(depth, form, batch):
    model = cnn(depth).to(memory_format=torch.channels_last)
    return predicting(model, form, batch, floats(batch, *IMAGE).permute(0, 3, 1, 2))


def predict_transformer(form, batch):
    words = (torch.randint(1, TRANSFORMER["vocabulary"], (batch, SENTENCE_LENGTH)) for _ in range(2))
    return predicting(Transformer(**TRANSFORMER), form, batch, *words)


for _batch in PREDICT_BATCHES:
    for _column, _form in FORMS:
        worker.test(f"P4.mlp_{_batch}", _column)(lambda form=_form, batch=_batch: predict_mlp(form, batch))
        for _depth in CNN_BATCH:
            worker.test(f"P5.cnn_{_depth}_{_batch}", _column)(
                lambda depth=_depth, form=_form, batch=_batch: predict_cnn(depth, form, batch)
            )
        worker.test(f"P7.transformer_{_batch}", _column)(
            lambda form=_form, batch=_batch: predict_transformer(form, batch)
        )


def fresh(operation, inputs):
    """A maker of the form that allocates its result."""

    def make(*sizes):
        tensors = inputs(*sizes)
        return without_gradient(lambda: operation(*tensors))

    return make


def given(operation, inputs, shape=lambda *sizes: sizes):
    """A maker of the form that writes into a given buffer."""

    def make(*sizes):
        tensors, out = inputs(*sizes), torch.empty(shape(*sizes))
        return without_gradient(lambda: operation(*tensors, out=out))

    return make


def one(*sizes):
    return (floats(*sizes),)


def softmax(x, out=None):
    return torch.softmax(x, -1, out=out)


def add_inplace(n):
    x, y = floats(n), torch.zeros(n)
    return without_gradient(lambda: y.add_(x))


def adam(fused):
    def make(n):
        weight = floats(n).requires_grad_()
        weight.grad = floats(n, low=-0.01, high=0.01)
        return torch.optim.Adam([weight], eps=1e-7, fused=fused).step

    return make


def layernorm(rows, columns):
    x, gamma, beta = floats(rows, columns), torch.ones(columns), torch.zeros(columns)
    return without_gradient(lambda: functional.layer_norm(x, (columns,), gamma, beta, 1e-3))


def convolution(images, side, channels, filters, kernel, stride, dilation):
    """A convolution on images with the channels last in memory, and its inputs."""
    last = {"memory_format": torch.channels_last}
    x, weights = floats(images, channels, side, side).to(**last), floats(filters, channels, kernel, kernel).to(**last)
    padding = (kernel - 1) * dilation // 2
    return lambda *inputs: functional.conv2d(*inputs, stride, padding, dilation), [x, weights, torch.zeros(filters)]


def conv(*sizes):
    function, inputs = convolution(*sizes)
    return without_gradient(lambda: function(*inputs))


def conv_step(*sizes):
    function, inputs = convolution(*sizes)
    gradient = torch.ones_like(function(*inputs))
    inputs = [x.requires_grad_() for x in inputs]
    return lambda: torch.autograd.grad(function(*inputs), inputs, gradient)


def images(*sizes):
    """Images with the channels last in memory."""
    return floats(*sizes).permute(0, 3, 1, 2)


def fwd_bwd(operation, inputs):
    """A maker of an operation with the gradients for its inputs."""

    def make(*sizes):
        sources = [x.requires_grad_() for x in inputs(*sizes)]
        upstream = torch.ones_like(operation(*sources))
        return lambda: torch.autograd.grad(operation(*sources), sources, upstream)

    return make


def layernorm_training(x, gamma, beta):
    return functional.layer_norm(x, gamma.shape, gamma, beta, 1e-3)


def batchnorm_training(x, gamma, beta):
    return functional.batch_norm(x, None, None, gamma, beta, True, 0.01, 1e-3)


def normalized(tensor):
    """Inputs and weights of a normalisation whose features are the last size."""
    return lambda *sizes: (tensor(*sizes), torch.ones(sizes[-1]), torch.zeros(sizes[-1]))


def pooling(function):
    return fwd_bwd(lambda x: function(x, 2), lambda *sizes: (images(*sizes),))


def gather(rows, width, picked):
    table, ids = floats(rows, width), integers(rows, picked)
    return without_gradient(lambda: functional.embedding(ids, table))


def scatter_grad(rows, width, picked):
    ids, gradient = integers(rows, picked), floats(picked, width)
    return without_gradient(lambda: torch.ops.aten.embedding_dense_backward(gradient, ids, rows, -1, False))


def recurrent(layer):
    def make(batch, steps, units):
        model, x = layer(units, units, batch_first=True), floats(batch, steps, units).requires_grad_()
        sources, gradient = [x, *model.parameters()], torch.ones(batch, steps, units)
        return lambda: torch.autograd.grad(model(x)[0], sources, gradient)

    return make


def transpose_inplace(rows, columns):
    x, out = floats(rows, columns), torch.empty(columns, rows)
    return without_gradient(lambda: out.copy_(x.t()))


register(
    worker,
    "torch",
    {
        "sgemm": {"": given(torch.mm, lambda m, k, n: (floats(m, k), floats(k, n)), lambda m, k, n: (m, n))},
        "add": {"": fresh(torch.add, lambda n: (floats(n), floats(n))), "-inplace": add_inplace},
        "exp": {"": fresh(torch.exp, one), "-inplace": given(torch.exp, one)},
        "sigmoid": {"": fresh(torch.sigmoid, one), "-inplace": given(torch.sigmoid, one)},
        "sum": {"": fresh(lambda x: torch.sum(x).item(), one)},
        "softmax": {"": fresh(softmax, one), "-inplace": given(softmax, one)},
        "adam": {"": adam(fused=None)},
        "layernorm": {"": layernorm},
        "conv2d_fwd": {"": conv},
        "conv2d_fwd_bwd": {"": conv_step},
        "layernorm_fwd_bwd": {"": fwd_bwd(layernorm_training, normalized(floats))},
        "batchnorm_fwd_bwd": {"": fwd_bwd(batchnorm_training, normalized(images))},
        "maxpool_fwd_bwd": {"": pooling(functional.max_pool2d)},
        "avgpool_fwd_bwd": {"": pooling(functional.avg_pool2d)},
        "gather": {"": gather},
        "scatter_grad": {"": scatter_grad},
        "rnn": {"": recurrent(nn.RNN)},
        "lstm": {"": recurrent(nn.LSTM)},
        "gru": {"": recurrent(nn.GRU)},
        "transpose": {"": fresh(lambda x: x.t().contiguous(), one), "-inplace": transpose_inplace},
    },
)
register(worker, "torch-fused", {"adam": {"": adam(fused=True)}})

if __name__ == "__main__":
    worker.main()
