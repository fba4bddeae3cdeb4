"""The rows of the benchmark table, in their order, and the data they share."""

from kernels import KERNELS

SAMPLES = [[1, 3], [1, 4], [2, 4], [3, 1], [4, 1], [4, 2]]
LABELS = [0, 0, 0, 1, 1, 1]
FIT_STEPS = 300
MNIST_SAMPLES = 60_000
MNIST_BATCH = 256
CHAIN_SIZE = 1_000_000
CNN_BATCH, CNN_BATCHES = {"deep": 64, "simple": 256}, {"deep": 8, "simple": 6}
IMAGE = (32, 32, 3)
ADD_SAMPLES, ADD_BATCH, ADD_SYMBOLS, ADD_LENGTHS = 480, 8, 12, (7, 4)
TRANSFORMER = {"blocks": 4, "width": 256, "heads": 8, "hidden": 512, "vocabulary": 5000, "dropout": 0.1}
PREDICT_BATCHES = (1, 256)
SENTENCES, SENTENCE_BATCH, SENTENCE_LENGTH = 128, 64, 16

ROWS = (
    "W1.tape_scalar",
    "W2.function_scalar",
    "W2.chain10_1M",
    "W3.seed_mlp_step",
    "W3.seed_mlp_fit",
    "W4.mnist_mlp",
    "W5.cnn_deep",
    "W5.cnn_simple",
    "W6.rnn_add",
    "W7.transformer",
    *(f"{row}_{n}" for row in ("P4.mlp", "P5.cnn_deep", "P5.cnn_simple", "P7.transformer") for n in PREDICT_BATCHES),
    *(kernel.row for kernel in KERNELS),
)
