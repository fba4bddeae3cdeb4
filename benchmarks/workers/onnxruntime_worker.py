"""Benchmark worker: ONNX Runtime on the CPU, for prediction; needs PyTorch, which writes the models, and onnx.

Column: onnxruntime.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from protocol import Measurement, Worker, wanted_threads
from rows import CNN_BATCH, IMAGE, PREDICT_BATCHES, SENTENCE_LENGTH, TRANSFORMER
from torch_models import Transformer, cnn

COLUMN = "onnxruntime"
random = np.random.default_rng(1)
worker = Worker(
    lambda: {"onnxruntime": onnxruntime.__version__, "torch": torch.__version__, "threads": wanted_threads()}
)


def predicting(model, batch, *inputs):
    """Prediction by a session that read the model from a file."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # The exporter that needs no further package is the older one, and says so.
        warnings.simplefilter("ignore")
        path = str(Path(folder) / "model.onnx")
        torch.onnx.export(model.eval(), tuple(map(torch.from_numpy, inputs)), path, dynamo=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = wanted_threads() or 0
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {put.name: x for put, x in zip(session.get_inputs(), inputs, strict=True)}
    count = sum(p.numel() for p in model.parameters())
    return Measurement(lambda: session.run(None, feed), "samples/s", batch, parameters=lambda: count)


def predict_mlp(batch):
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    return predicting(model, batch, random.random((batch, 784), dtype=np.float32))


def predict_cnn(depth, batch):
    height, width, channels = IMAGE
    return predicting(cnn(depth), batch, random.random((batch, channels, height, width), dtype=np.float32))


def predict_transformer(batch):
    words = (random.integers(1, TRANSFORMER["vocabulary"], (batch, SENTENCE_LENGTH)) for _ in range(2))
    return predicting(Transformer(**TRANSFORMER), batch, *words)


for _batch in PREDICT_BATCHES:
    worker.test(f"P4.mlp_{_batch}", COLUMN)(lambda batch=_batch: predict_mlp(batch))
    for _depth in CNN_BATCH:
        worker.test(f"P5.cnn_{_depth}_{_batch}", COLUMN)(lambda depth=_depth, batch=_batch: predict_cnn(depth, batch))
    worker.test(f"P7.transformer_{_batch}", COLUMN)(lambda batch=_batch: predict_transformer(batch))

if __name__ == "__main__":
    worker.main()
