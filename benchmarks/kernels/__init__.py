"""Single operations: what is measured, at which sizes, and how work is counted."""

from kernels.table import KERNELS, Kernel, register

__all__ = ["KERNELS", "Kernel", "register"]
