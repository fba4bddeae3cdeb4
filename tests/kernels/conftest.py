"""The C kernels by ctypes: their prototypes are read from the X macros of the headers."""

import ctypes
import os
import pathlib
import re

import numpy as np
import pytest

HEADERS = pathlib.Path(__file__).parents[2] / "rindow_math/matrix/kernels/src"
C_TYPES = {
    "void": None,
    "int": ctypes.c_int,
    "float": ctypes.c_float,
    "double": ctypes.c_double,
    "ptrdiff_t": ctypes.c_ssize_t,
    "int64_t": ctypes.c_int64,
    "uint32_t": ctypes.c_uint32,
    "uint64_t": ctypes.c_uint64,
}
TASK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_ssize_t)


def c_type(declaration: str):
    """ctypes type of a parameter such as ``const float *a`` or ``ptrdiff_t n``."""
    if "*" in declaration:
        return ctypes.c_void_p
    return C_TYPES[declaration.replace("const ", "").split()[0]]


def prototypes(families: list[str]) -> list[tuple[str, object]]:
    """(name, function type) of every kernel of some families, in the order of their structures."""
    found = []
    for family in families:
        text = (HEADERS / f"rk_{family.lower()}.h").read_text().replace("\\\n", " ")
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
        for result, name, arguments in re.findall(r"\bX\((\w+),\s*(\w+),\s*\(([^()]*)\)\)", text):
            types = [c_type(a.strip()) for a in arguments.split(",")]
            found.append((name, ctypes.CFUNCTYPE(C_TYPES[result], *types)))
    return found


RK_H = (HEADERS / "rk.h").read_text()


class Api(ctypes.Structure):
    """``struct rk_api``."""

    _fields_ = [
        ("variant", ctypes.c_char_p),
        *prototypes(re.findall(r"RK_(\w+)\(X\)", re.search(r"#define RK_ALL\(X\) (.*)", RK_H).group(1))),
        *((name, ctypes.c_void_p) for name in re.findall(r"const rk_\w+_api \*(\w+);", RK_H)),
    ]


def find_library() -> ctypes.CDLL | None:
    path = os.environ.get("RINDOW_KERNELS_LIBRARY")
    if not path:
        core = pytest.importorskip("rindow_math.matrix.kernels.core")
        path = core.__file__
    library = ctypes.CDLL(path)
    library.rk_select.restype = ctypes.POINTER(Api)
    library.rk_select.argtypes = [ctypes.c_char_p]
    library.rk_parallel.restype = None
    library.rk_parallel.argtypes = [TASK, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_ssize_t]
    library.rk_parallel_even.restype = None
    library.rk_parallel_even.argtypes = [*library.rk_parallel.argtypes, ctypes.c_ssize_t]
    library.rk_set_threads.restype = None
    library.rk_set_threads.argtypes = [ctypes.c_int]
    library.rk_threads.restype = ctypes.c_int
    return library


class Kernels:
    """One variant's kernels: arrays are passed as pointers, ``None`` as NULL."""

    def __init__(self, library: ctypes.CDLL, api: ctypes.Structure, variant: str):
        self.library = library
        self.api = api
        self.variant = variant

    def family(self, name: str) -> "Kernels":
        """The kernels of a family of layers, which have a table of their own."""
        fields = [("version", ctypes.c_int), *prototypes([name])]
        table = type(name, (ctypes.Structure,), {"_fields_": fields})
        return Kernels(self.library, table.from_address(getattr(self.api, name)), self.variant)

    def __getattr__(self, name):
        function = getattr(self.api, name)

        def call(*args):
            return function(*(a.ctypes.data if isinstance(a, np.ndarray) else a for a in args))

        setattr(self, name, call)
        return call

    def set_threads(self, n: int) -> None:
        self.library.rk_set_threads(n)


@pytest.fixture(scope="session")
def kernel_library():
    """The shared library with the kernels; the number of threads is restored at the end."""
    library = find_library()
    threads = library.rk_threads()
    yield library
    library.rk_set_threads(threads)


@pytest.fixture(scope="session", params=["plain", "avx2", "avx512"])
def kernels(request, kernel_library):
    """The kernels of each variant that this processor can run."""
    api = kernel_library.rk_select(request.param.encode())
    if not api:
        pytest.skip(f"this processor does not run {request.param}")
    return Kernels(kernel_library, api.contents, request.param)


@pytest.fixture(scope="session")
def enums():
    """The values of the headers' enums."""
    found = {}
    for header in ("rk_elementwise.h", "rk_reduce.h"):
        text = re.sub(r"/\*.*?\*/", "", (HEADERS / header).read_text(), flags=re.S)
        for body in re.findall(r"enum \w+ \{(.*?)\}", text, flags=re.S):
            found |= {name: value for value, name in enumerate(re.findall(r"RK_\w+", body))}
    return found


class Operations:
    """The kernels, with the values of the headers' enums beside them."""

    def __init__(self, kernels, enums):
        self.kernels = kernels
        vars(self).update(enums)

    def __getattr__(self, name):
        return getattr(self.kernels, name)


@pytest.fixture(scope="session")
def rk(kernels, enums):
    """The kernels of each variant, with the operations by their names."""
    return Operations(kernels, enums)


@pytest.fixture(autouse=True)
def default_threads(request):
    """Each test begins with two threads, so that threads are used on any machine."""
    if "kernels" in request.fixturenames or "kernel_library" in request.fixturenames:
        request.getfixturevalue("kernel_library").rk_set_threads(2)
