"""How many threads the kernels use."""

from rindow_math.matrix.kernels cimport core

from rindow_math.exceptions import InvalidArgumentException

MOST_THREADS = 256


def getNumThreads() -> int:
    """How many threads the kernels may use."""
    return core.get_threads()


def setNumThreads(n) -> None:
    """Sets how many threads the kernels may use, in the whole process.

    Raises:
        InvalidArgumentException: ``n`` is not an integer from 1 to 256.
    """
    if isinstance(n, bool) or not hasattr(n, "__index__") or not 1 <= n <= MOST_THREADS:
        raise InvalidArgumentException(
            f"the number of threads must be an integer from 1 to {MOST_THREADS}: {n!r} given"
        )
    core.set_threads(n)
