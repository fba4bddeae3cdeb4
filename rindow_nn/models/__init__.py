"""Models (PHP: ``Model``)."""

from rindow_nn.models.abstract_model import AbstractModel, Model

__all__ = ["AbstractModel", "Model"]
