"""The larger models of the benchmarks, as users of PyTorch write them."""

import math

import torch
from torch import nn
from torch.nn import functional


def cnn(depth):
    """The same networks as in ``rindow_models``, on images with channels first."""
    if depth == "simple":
        return nn.Sequential(
            nn.Conv2d(3, 32, 3),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 3),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
            nn.Linear(128, 128),
            nn.ReLU(),
            nn.Linear(128, 10),
        )
    return nn.Sequential(
        nn.Conv2d(3, 64, 3),
        nn.BatchNorm2d(64, eps=1e-3),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3),
        nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3),
        nn.BatchNorm2d(128, eps=1e-3),
        nn.ReLU(),
        nn.Conv2d(128, 128, 3),
        nn.MaxPool2d(2),
        nn.Conv2d(128, 256, 3),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(256, 512),
        nn.BatchNorm1d(512, eps=1e-3),
        nn.ReLU(),
        nn.Linear(512, 10),
    )


class RnnAdd(nn.Module):
    def __init__(self, symbols, lengths):
        super().__init__()
        self.embedding = nn.Embedding(symbols, 16)
        self.reader = nn.GRU(16, 128, batch_first=True)
        self.writer = nn.GRU(128, 128, batch_first=True)
        self.outputs = nn.Linear(128, symbols)
        self.written = lengths[1]

    def forward(self, ids):
        read = self.reader(self.embedding(ids).flip(1))[0][:, -1]
        repeated = read[:, None].expand(-1, self.written, -1)
        return self.outputs(self.writer(repeated)[0])


class Attention(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads, self.size, self.dropout = heads, width, dropout
        self.query, self.key, self.value = (nn.Linear(width, heads * width) for _ in range(3))
        self.outputs = nn.Linear(heads * width, width)

    def forward(self, x, context, hidden):
        def split(y):
            return y.view(*y.shape[:2], self.heads, self.size).transpose(1, 2)

        q, k, v = split(self.query(x)), split(self.key(context)), split(self.value(context))
        scores = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(self.size) + hidden, -1)
        mixed = functional.dropout(scores, self.dropout, self.training) @ v
        return self.outputs(mixed.transpose(1, 2).reshape(*x.shape[:2], -1))


class Block(nn.Module):
    def __init__(self, decodes, width, heads, hidden, dropout):
        super().__init__()
        self.looking, self.first = Attention(width, heads, dropout), nn.LayerNorm(width, eps=1e-3)
        if decodes:
            self.crossing, self.second = Attention(width, heads, dropout), nn.LayerNorm(width, eps=1e-3)
        self.feed = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width), nn.Dropout(dropout))
        self.last = nn.LayerNorm(width, eps=1e-3)

    def forward(self, x, hidden, context=None, context_hidden=None):
        x = self.first(x + self.looking(x, x, hidden))
        if context is not None:
            x = self.second(x + self.crossing(x, context, context_hidden))
        return self.last(x + self.feed(x))


class Transformer(nn.Module):
    def __init__(self, blocks, width, heads, hidden, vocabulary, dropout, longest=256):
        super().__init__()
        self.scale = math.sqrt(width)
        self.source, self.target = nn.Embedding(vocabulary, width), nn.Embedding(vocabulary, width)
        half = width // 2
        angles = torch.arange(longest)[:, None] / 10000 ** (torch.arange(half) / half)
        self.register_buffer("waves", torch.cat([angles.sin(), angles.cos()], -1))
        self.register_buffer("future", torch.full((longest, longest), -1e9).triu(1))
        self.dropout = nn.Dropout(dropout)
        self.encoder = nn.ModuleList(Block(False, width, heads, hidden, dropout) for _ in range(blocks))
        self.decoder = nn.ModuleList(Block(True, width, heads, hidden, dropout) for _ in range(blocks))
        self.outputs = nn.Linear(width, vocabulary)

    def place(self, embedding, ids):
        return self.dropout(embedding(ids) * self.scale + self.waves[: ids.shape[1]])

    def forward(self, source, target):
        padding, padding_target = ((ids == 0)[:, None, None, :] * -1e9 for ids in (source, target))
        context = self.place(self.source, source)
        for block in self.encoder:
            context = block(context, padding)
        x, length = self.place(self.target, target), target.shape[1]
        for block in self.decoder:
            x = block(x, padding_target + self.future[:length, :length], context, padding)
        return self.outputs(x)
