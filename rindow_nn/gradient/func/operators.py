"""The functions behind ``+ - * / @ **`` of variables."""

from rindow_nn.gradient.func.functions import add, div, matmul, mul, negative, power, sub

__all__ = ["add", "div", "matmul", "mul", "negative", "power", "sub"]
