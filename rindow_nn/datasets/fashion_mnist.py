"""Pictures of clothes of 28 by 28 pixels."""

from __future__ import annotations

from pathlib import Path

from rindow_nn.datasets.mnist import Mnist

__all__ = ["FashionMnist"]


class FashionMnist(Mnist):
    """70,000 pictures of clothes; methods and shapes are those of ``Mnist``.

    Files are taken from Debian's package ``dataset-fashion-mnist`` too, where it is installed.

    References:
        H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
        Algorithms", arXiv:1708.07747.

    PHP: ``Rindow\\NeuralNetworks\\Dataset\\FashionMnist``.
    """

    folder = "fashion-mnist"
    mirrors = (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    )
    systemFolders = (Path("/usr/share/datasets/fashion-mnist"),)
    md5 = {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    }
