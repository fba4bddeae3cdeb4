"""Well-known data (PHP: ``Dataset``)."""

from rindow_nn.datasets.cifar10 import Cifar10
from rindow_nn.datasets.digits import Digits
from rindow_nn.datasets.fashion_mnist import FashionMnist
from rindow_nn.datasets.mnist import Mnist

__all__ = ["Cifar10", "Digits", "FashionMnist", "Mnist"]
