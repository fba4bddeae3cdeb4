"""Batches of arrays (PHP: ``Data\\Dataset``)."""

from rindow_nn.data.dataset.base import Dataset, DatasetFilter
from rindow_nn.data.dataset.classified_directory_dataset import ClassifiedDirectoryDataset
from rindow_nn.data.dataset.csv_dataset import CSVDataset
from rindow_nn.data.dataset.ndarray_dataset import NDArrayDataset
from rindow_nn.data.dataset.sequential_dataset import SequentialDataset

__all__ = [
    "CSVDataset",
    "ClassifiedDirectoryDataset",
    "Dataset",
    "DatasetFilter",
    "NDArrayDataset",
    "SequentialDataset",
]
