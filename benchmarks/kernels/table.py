"""The table of single operations and their sizes.

Every worker says how its library performs an operation, by name, in one or two
forms: the plain one (``""``, a new result unless the operation says otherwise)
and ``-inplace`` (writing into memory that exists already). The table says at
which sizes, and counts as work what the operation must move or compute at
least once, however the library does it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from protocol import Measurement, Worker

FLOAT_BYTES = 4
FORMS = ("", "-inplace")
GATES = {"rnn": 1, "lstm": 4, "gru": 3}

Maker = Callable[..., Callable[[], object]]
"""Takes the sizes of a Kernel, prepares its inputs and answers the operation to time."""


@dataclass(frozen=True)
class Kernel:
    """One operation at one size.

    Attributes:
        name: The operation.
        label: The size, as it is written in the name of the row; empty for the size that needs no name.
        sizes: The arguments of the worker's maker.
        unit: ``GB/s`` or ``GFLOP/s`` where the work counts, ``us`` where the cost of the call does.
        work: Bytes or floating-point operations of one call.
    """

    name: str
    label: str
    sizes: tuple[int, ...]
    unit: str
    work: float = 0.0

    @property
    def row(self) -> str:
        """The name of the row of the benchmark table."""
        return f"W8.{self.name}_{self.label}" if self.label else f"W8.{self.name}"


CONVOLUTIONS = ("conv2d_fwd", "conv2d_fwd_bwd")
"""With padding to the same size: the result alone, and with the gradients of image, kernel and bias."""

IMAGES = {
    "": (64, 32, 32, 64, 3, 1, 1),
    "3x3_3to64": (64, 32, 3, 64, 3, 1, 1),
    "3x3_256to256": (64, 8, 256, 256, 3, 1, 1),
    "1x1_256to64": (32, 28, 256, 64, 1, 1, 1),
    "5x5_32to64": (32, 28, 32, 64, 5, 1, 1),
    "3x3_stride2_64to128": (32, 32, 64, 128, 3, 2, 1),
    "3x3_dilation2_64to64": (32, 28, 64, 64, 3, 1, 2),
}


def work_of(name: str, sizes: tuple[int, ...]) -> float:
    """Bytes to move (floating-point operations for ``sgemm``, convolutions and recurrent layers) in one call.

    Args:
        name: The operation.
        sizes: Its sizes: (m, k, n) of ``sgemm``, (rows of the table, width, rows picked) of ``gather`` and
            ``scatter_grad``, (images, height and width, channels, filters, size of the kernel, stride, dilation) of
            ``conv2d_fwd`` and ``conv2d_fwd_bwd``, (batch, steps, units) of recurrent layers, otherwise the shape of the
            input.
    """
    if name in CONVOLUTIONS:
        images, side, channels, filters, kernel, stride, _ = sizes
        products = 1 if name == "conv2d_fwd" else 3
        return 2.0 * products * images * (side // stride) ** 2 * kernel**2 * channels * filters
    if name in GATES:
        # Inputs as wide as the state; the gradient takes each product twice more.
        batch, steps, units = sizes
        return 3 * 2.0 * batch * steps * 2 * units * GATES[name] * units
    if name == "sgemm":
        m, k, n = sizes
        return 2.0 * m * k * n
    if name in ("gather", "scatter_grad"):
        table, width, picked = sizes
        if name == "gather":
            return 2.0 * FLOAT_BYTES * picked * width
        # The table is written once as zeros; every picked row is read, read and written.
        return float(FLOAT_BYTES) * (table * width + 3 * picked * width)
    elements = 1
    for size in sizes:
        elements *= size
    arrays = {"sum": 1, "add": 3, "adam": 7, "layernorm_fwd_bwd": 5, "batchnorm_fwd_bwd": 5}.get(name, 2)
    if name in ("maxpool_fwd_bwd", "avgpool_fwd_bwd"):
        arrays = 2.5  # windows of 2x2: the result and its gradient are a quarter each
    return float(FLOAT_BYTES) * arrays * elements


def _large(name: str, label: str, *sizes: int) -> Kernel:
    computes = name == "sgemm" or name in CONVOLUTIONS or name in GATES
    return Kernel(name, label, sizes, "GFLOP/s" if computes else "GB/s", work_of(name, sizes))


def _small(name: str, label: str, *sizes: int) -> Kernel:
    return Kernel(name, label, sizes, "us")


KERNELS = (
    _large("sgemm", "1024", 1024, 1024, 1024),
    _large("sgemm", "256x784x128", 256, 784, 128),
    _large("softmax", "8192x1000", 8192, 1000),
    _large("add", "10M", 10_000_000),
    _large("exp", "10M", 10_000_000),
    _large("sigmoid", "10M", 10_000_000),
    _large("sum", "10M", 10_000_000),
    _large("adam", "10M", 10_000_000),
    _large("layernorm", "8192x512", 8192, 512),
    _large("layernorm_fwd_bwd", "8192x512", 8192, 512),
    _large("batchnorm_fwd_bwd", "64x30x30x64", 64, 30, 30, 64),
    _large("maxpool_fwd_bwd", "64x28x28x64", 64, 28, 28, 64),
    _large("avgpool_fwd_bwd", "64x28x28x64", 64, 28, 28, 64),
    _large("gather", "8192x256", 50_000, 256, 8192),
    _large("scatter_grad", "8192x256", 50_000, 256, 8192),
    _large("transpose", "4096", 4096, 4096),
    *(_large(name, label, *sizes) for name in CONVOLUTIONS for label, sizes in IMAGES.items()),
    # Recurrent layers, forward and backward: batch x steps x units.
    *(
        _large(name, "x".join(map(str, sizes)), *sizes)
        for name in GATES
        for sizes in ((1, 16, 256), (8, 16, 64), (8, 16, 256), (64, 16, 256), (256, 16, 64))
    ),
    # About 10 and about 1000 elements: the cost of the call itself.
    _small("sgemm", "3x3x3", 3, 3, 3),
    _small("sgemm", "32x32x32", 32, 32, 32),
    _small("softmax", "1x10", 1, 10),
    _small("softmax", "10x100", 10, 100),
    *(_small(name, str(n), n) for name in ("add", "exp", "sigmoid", "sum", "adam") for n in (10, 1000)),
    _small("layernorm", "1x10", 1, 10),
    _small("layernorm", "10x100", 10, 100),
    _small("gather", "5x2", 100, 2, 5),
    _small("gather", "50x20", 100, 20, 50),
    _small("scatter_grad", "5x2", 100, 2, 5),
    _small("scatter_grad", "50x20", 100, 20, 50),
    _small("transpose", "2x5", 2, 5),
    _small("transpose", "20x50", 20, 50),
)


def register(worker: Worker, column: str, makers: Mapping[str, Mapping[str, Maker]]) -> None:
    """Offer every kernel of the table that a library has.

    Args:
        worker: The worker of the library.
        column: The library's column; the form is appended to it.
        makers: Operation name to form (one of FORMS) to maker.

    Raises:
        ValueError: If an operation or a form is not one of the table.
    """
    names = {kernel.name for kernel in KERNELS}
    for name, forms in makers.items():
        if name not in names or not set(forms) <= set(FORMS):
            raise ValueError(f"unknown operation or form: {name} {sorted(forms)}")
    for kernel in KERNELS:
        for form, maker in makers.get(kernel.name, {}).items():
            worker.test(kernel.row, column + form)(_measurement(kernel, maker))


def _measurement(kernel: Kernel, maker: Maker) -> Callable[[], Measurement]:
    def make() -> Measurement:
        call: Any = maker(*kernel.sizes)
        return Measurement(call, kernel.unit, kernel.work)

    return make
