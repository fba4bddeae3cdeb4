"""Chooses the kernels' SIMD variant when it is imported.

The environment variable ``RINDOW_SIMD`` (``avx512``, ``avx2`` or ``plain``) restricts the choice.
"""

import os

cdef const rk_api* _table = NULL


cdef const rk_api* table() noexcept:
    return _table


cdef int get_threads() noexcept:
    return rk_get_threads()


cdef int usable_threads() noexcept:
    return rk_threads()


cdef int begin_alone() noexcept:
    return rk_alone_begin()


cdef void end_alone(int before) noexcept:
    rk_alone_end(before)


cdef void set_threads(int n) noexcept:
    rk_set_threads(n)


def variants() -> list:
    """Names of the SIMD variants that this build has and this processor runs, best first."""
    return [name for name in ("avx512", "avx2", "plain") if rk_select(name.encode()) != NULL]


def variant() -> str:
    """Name of the SIMD variant in use."""
    return _table.variant.decode()


cdef const rk_api* _choose() except NULL:
    wanted = os.environ.get("RINDOW_SIMD", "").strip().lower()
    cdef const rk_api* chosen
    if wanted:
        name = wanted.encode()
        chosen = rk_select(name)
        if chosen == NULL:
            raise ImportError(
                f"RINDOW_SIMD={wanted!r} is not available here; this machine and build have: {', '.join(variants())}"
            )
    else:
        chosen = rk_select(NULL)
    return chosen


_table = _choose()
