"""Texts and other sequences (PHP: ``Data\\Sequence``)."""

from rindow_nn.data.sequence.preprocessor import Preprocessor
from rindow_nn.data.sequence.text_classified_dataset import TextClassifiedDataset
from rindow_nn.data.sequence.text_filter import TextFilter
from rindow_nn.data.sequence.tokenizer import Tokenizer

__all__ = ["Preprocessor", "TextClassifiedDataset", "TextFilter", "Tokenizer"]
