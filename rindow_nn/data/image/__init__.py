"""Images (PHP: ``Data\\Image``)."""

from rindow_nn.data.image.image_classified_dataset import ImageClassifiedDataset
from rindow_nn.data.image.image_filter import ImageFilter, imageDataGenerator

__all__ = ["ImageClassifiedDataset", "ImageFilter", "imageDataGenerator"]
