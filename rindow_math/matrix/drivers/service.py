"""The interface of a service, and the service of this library: compiled kernels on the processor."""

from __future__ import annotations

import os
import platform
import warnings
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_math.matrix import buffer as _storage
from rindow_math.matrix.drivers import threads
from rindow_math.matrix.kernels import core

__all__ = ["BufferFactory", "Driver", "KernelDriver", "KernelService", "Service"]


class Driver(ABC):
    """A part of a service that may or may not run on this machine.

    PHP: ``Rindow\\Math\\Matrix\\Drivers\\Driver``.
    """

    @abstractmethod
    def isAvailable(self) -> bool:
        """Whether it runs here."""

    def name(self) -> str:
        """Its name."""
        return type(self).__name__


class Service(ABC):
    """What a MatrixOperator computes with.

    The levels: ``LV_BASIC`` is plain scripting code, ``LV_ADVANCED`` compiled code, ``LV_ACCELERATED`` a device
    such as a GPU.

    PHP: ``Rindow\\Math\\Matrix\\Drivers\\Service``.
    """

    LV_UNAVAILABLE: ClassVar[int] = 0
    LV_BASIC: ClassVar[int] = 1
    LV_ADVANCED: ClassVar[int] = 2
    LV_ACCELERATED: ClassVar[int] = 3

    @abstractmethod
    def serviceLevel(self) -> int:
        """The highest level that runs here."""

    @abstractmethod
    def info(self) -> str:
        """A text that says what runs."""

    @abstractmethod
    def name(self) -> str:
        """The name of the service."""

    @abstractmethod
    def blas(self, level: int | None = None) -> Any:
        """The driver of vector and matrix products."""

    @abstractmethod
    def lapack(self, level: int | None = None) -> Any:
        """The driver of decompositions."""

    @abstractmethod
    def math(self, level: int | None = None) -> Any:
        """The driver of everything else."""

    @abstractmethod
    def buffer(self, level: int | None = None) -> Any:
        """The factory of storage."""

    def openCL(self) -> Any:
        """The OpenCL factory of an accelerated service."""
        raise LogicException(f"openclFactory is empty: the service {self.name()!r} has no OpenCL")

    def blasCL(self, queue: Any) -> Any:
        """BLAS on an OpenCL queue, in an accelerated service."""
        raise LogicException(f"blasCLFactory is empty: the service {self.name()!r} has no OpenCL")

    def mathCL(self, queue: Any) -> Any:
        """Mathematical functions on an OpenCL queue, in an accelerated service."""
        raise LogicException(f"mathCLFactory is empty: the service {self.name()!r} has no OpenCL")

    def mathCLBlast(self, queue: Any) -> Any:
        """CLBlast on an OpenCL queue, in an accelerated service."""
        raise LogicException(f"clblastFactory is empty: the service {self.name()!r} has no OpenCL")

    def createQueue(self, options: dict[str, Any] | None = None) -> Any:
        """A command queue of an accelerated service.

        Raises:
            InvalidArgumentException: the service has no accelerator.
        """
        raise InvalidArgumentException(
            f"Service level requirements not met.: the service {self.name()!r} has no accelerator such as OpenCL"
        )


class BufferFactory(Driver):
    """Makes buffers and watches over the memory that they come from.

    Example:
        >>> from rindow_math.matrix import NDArray
        >>> factory = BufferFactory()
        >>> len(factory.Buffer(10, NDArray.float32))
        10
    """

    def isAvailable(self) -> bool:
        return True

    def Buffer(self, size: int, dtype: Any) -> _storage.Buffer:
        """A buffer of ``size`` elements, all 0."""
        return _storage.Buffer(size, dtype)

    def memoryInfo(self) -> dict[str, int]:
        """Bytes in use, bytes of freed memory kept for reuse, and the most that is kept."""
        return _storage.memoryInfo()

    def releaseMemory(self) -> int:
        """Gives the memory kept for reuse back to the system; returns how many bytes."""
        return _storage.releaseMemory()

    def setCacheLimit(self, size: int) -> None:
        """Sets how many bytes of freed memory are kept for reuse; 0 keeps none."""
        _storage.setCacheLimit(size)


class KernelDriver(Driver):
    """The library's compiled kernels, or the part of them that one interface names."""

    #: values of getParallel()
    SEQUENTIAL: ClassVar[int] = 0
    THREAD: ClassVar[int] = 1
    OPENMP: ClassVar[int] = 2

    def __init__(self, part: str) -> None:
        self._part = part

    def isAvailable(self) -> bool:
        return True

    def name(self) -> str:
        return f"rindow_math {self._part} kernels"

    def getNumThreads(self) -> int:
        """How many threads the kernels may use."""
        return threads.getNumThreads()

    def setNumThreads(self, n: int) -> None:
        """Sets how many threads the kernels may use; there is one setting for the whole process."""
        threads.setNumThreads(n)

    def getNumProcs(self) -> int:
        """How many processors this process may run on."""
        return _processors()

    def getConfig(self) -> str:
        """Version and variants of the kernels."""
        from rindow_math import __version__

        return f"rindow_math {__version__} {core.variant()} (of {', '.join(core.variants())})"

    def getCorename(self) -> str:
        """The SIMD variant in use: ``avx512``, ``avx2`` or ``plain``."""
        return core.variant()

    def getParallel(self) -> int:
        """How the kernels run in parallel: ``THREAD``, or ``SEQUENTIAL`` when they have one thread."""
        return self.THREAD if threads.getNumThreads() > 1 else self.SEQUENTIAL


_LEVELS = {Service.LV_BASIC: "Basic", Service.LV_ADVANCED: "Advanced", Service.LV_ACCELERATED: "Accelerated"}
_warned = False


class KernelService(Service):
    """The service that runs here: C kernels, chosen by what the processor can do. It is of level Advanced.

    Args:
        verbose: from 10 on, says on the terminal what was found.

    Example:
        >>> service = KernelService()
        >>> service.serviceLevel() == Service.LV_ADVANCED
        True

    PHP: a service such as ``Rindow\\Math\\Matrix\\Drivers\\MatlibFFI\\MatlibFFI``.
    """

    def __init__(self, verbose: int | None = None) -> None:
        self._blas = KernelDriver("BLAS")
        self._lapack = KernelDriver("LAPACK")
        self._math = KernelDriver("math")
        self._buffer = BufferFactory()
        _warn_of_plain_kernels()
        if verbose is not None and verbose >= 10:
            print(f"{self.name()}: level {_LEVELS[self.serviceLevel()]}, {self._math.getConfig()}")

    def serviceLevel(self) -> int:
        return Service.LV_ADVANCED

    def name(self) -> str:
        return "rindow_math kernels"

    def _check(self, level: int | None, most: int = Service.LV_ADVANCED) -> None:
        if level is not None and not Service.LV_BASIC <= level <= most:
            raise InvalidArgumentException(
                f"Unknown service level.: {level!r} given, this service has the levels 1 to {most}"
            )

    def blas(self, level: int | None = None) -> KernelDriver:
        self._check(level)
        return self._blas

    def lapack(self, level: int | None = None) -> KernelDriver:
        self._check(level)
        return self._lapack

    def math(self, level: int | None = None) -> KernelDriver:
        self._check(level)
        return self._math

    def buffer(self, level: int | None = None) -> BufferFactory:
        self._check(level)
        return self._buffer

    def getNumThreads(self) -> int:
        """How many threads the kernels may use."""
        return threads.getNumThreads()

    def setNumThreads(self, n: int) -> None:
        """Sets how many threads the kernels may use, in the whole process.

        Results do not depend on it. The environment variables ``RINDOW_NUM_THREADS`` and ``OMP_NUM_THREADS`` set it
        at the start.

        Raises:
            InvalidArgumentException: ``n`` is not an integer from 1 to 256.
        """
        threads.setNumThreads(n)

    def info(self) -> str:
        """What runs the arithmetic: versions, SIMD variant, BLAS, threads, memory."""
        import numpy
        import scipy

        from rindow_math import __version__

        mode = ("SEQUENTIAL", "THREAD", "OPENMP")[self._math.getParallel()]
        memory = _storage.memoryInfo()
        variant = core.variant()
        slow = " - slow: this processor could run a faster one" if _plain_on_x86() else ""
        lines = {
            "Service Level": _LEVELS[self.serviceLevel()],
            "Service": f"{self.name()} {__version__}",
            "Buffer Factory": f"{self._buffer.name()} (64-byte aligned)",
            "BLAS Driver": f"{self._blas.name()} ({mode})",
            "LAPACK Driver": f"scipy.linalg ({_scipy_blas()})",
            "Math Driver": f"{self._math.name()} ({mode})",
            "SIMD": f"{variant} (of {', '.join(core.variants())}){slow}",
            "Threads": f"{threads.getNumThreads()} of {_processors()} processors",
            "Memory": f"{_mib(memory['in_use'])} in use, {_mib(memory['cached'])} kept for reuse, "
            f"at most {_mib(memory['cache_limit'])}",
            "Versions": f"Python {platform.python_version()}, numpy {numpy.__version__}, scipy {scipy.__version__}",
        }
        return "".join(f"{key:15s} : {value}\n" for key, value in lines.items())


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _scipy_blas() -> str:
    """Name and version of the BLAS that scipy was built with."""
    try:
        from scipy.__config__ import CONFIG

        blas = CONFIG["Build Dependencies"]["blas"]
        return f"{blas['name']} {blas['version']}"
    except (ImportError, KeyError, TypeError):
        return "unknown BLAS"


def _plain_on_x86() -> bool:
    return core.variant() == "plain" and platform.machine().lower() in ("x86_64", "amd64")


def _warn_of_plain_kernels() -> None:
    """Warns once when an x86-64 processor runs the kernels without its vector instructions."""
    global _warned
    if _warned or not _plain_on_x86():
        return
    _warned = True
    reason = (
        "RINDOW_SIMD asks for it"
        if os.environ.get("RINDOW_SIMD", "").strip()
        else "this build or this processor has no AVX2 and FMA"
    )
    warnings.warn(
        f"rindow_math runs its plain kernels, several times slower than with AVX2 or AVX-512: {reason}",
        RuntimeWarning,
        stacklevel=3,
    )
