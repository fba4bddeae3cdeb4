"""The rows of the benchmark table, in their order, and the data they share."""

from kernels import KERNELS

SAMPLES = [[1, 3], [1, 4], [2, 4], [3, 1], [4, 1], [4, 2]]
LABELS = [0, 0, 0, 1, 1, 1]
FIT_STEPS = 300
MNIST_SAMPLES = 60_000
MNIST_BATCH = 256
CHAIN_SIZE = 1_000_000

ROWS = (
    "W1.tape_scalar",
    "W2.function_scalar",
    "W2.chain10_1M",
    "W3.seed_mlp_step",
    "W3.seed_mlp_fit",
    "W4.mnist_mlp",
    *(kernel.row for kernel in KERNELS),
)
