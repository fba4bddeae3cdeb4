"""What runs the arithmetic: the service of a MatrixOperator, and how one is chosen."""

from rindow_math.matrix.drivers.selector import Selector, defaultService
from rindow_math.matrix.drivers.service import BufferFactory, Driver, KernelDriver, KernelService, Service

__all__ = [
    "BufferFactory",
    "Driver",
    "KernelDriver",
    "KernelService",
    "Selector",
    "Service",
    "defaultService",
]
