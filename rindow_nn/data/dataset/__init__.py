"""Batches of arrays (PHP: ``Data\\Dataset``)."""

from rindow_nn.data.dataset.base import Dataset, DatasetFilter
from rindow_nn.data.dataset.ndarray_dataset import NDArrayDataset

__all__ = ["Dataset", "DatasetFilter", "NDArrayDataset"]
