"""The same models of any size, as users of PyTorch write them."""

from itertools import pairwise

import torch
from scaling_rows import CLASSES, HEADS, INPUTS, WORDS
from torch import nn
from torch_models import Transformer


class Gru(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.embedding, self.gru = nn.Embedding(WORDS, width), nn.GRU(width, width, depth, batch_first=True)
        self.outputs = nn.Linear(width, CLASSES)

    def forward(self, ids):
        return self.outputs(self.gru(self.embedding(ids))[0][:, -1])


class Images(nn.Sequential):
    """Takes channels last, which is the layout that is fast here."""

    def forward(self, images):
        return super().forward(images.permute(0, 3, 1, 2))


def model(family, width, depth=1, length=1, **_):
    """A model of a family of ``scaling_rows``."""
    torch.manual_seed(1)
    if family == "mlp":
        sizes = [INPUTS] + [width] * depth
        hidden = [part for n, m in pairwise(sizes) for part in (nn.Linear(n, m), nn.ReLU())]
        return nn.Sequential(*hidden, nn.Linear(width, CLASSES))
    if family == "cnn":
        sizes = [width] + [2 * width] * depth
        hidden = [part for n, m in pairwise(sizes) for part in (nn.Conv2d(n, m, 3, padding="same"), nn.ReLU())]
        first = [nn.Conv2d(3, width, 3), nn.ReLU(), nn.MaxPool2d(2)]
        made = Images(*first, *hidden, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2 * width, CLASSES))
        return made.to(memory_format=torch.channels_last)
    if family == "gru":
        return Gru(width, depth)
    return Transformer(depth, width, HEADS, 2 * width, WORDS, 0.1, length)
