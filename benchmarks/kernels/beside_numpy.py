"""Time every operation of LinearAlgebra that NumPy has too, beside NumPy in one process.

    python benchmarks/kernels/beside_numpy.py                       # all: some minutes
    python benchmarks/kernels/beside_numpy.py --only reduce,gemm --sizes 1000 --threads 2 --slower 1

Each operation is timed at four numbers of elements, with this library at 1 and at all threads. Both sides work on
copies of the same data, made before the clock starts, and take turns; the figure is the median. Operations that change
an argument are compared with NumPy writing into that argument (``out=``), those that make an array with NumPy making
one. NumPy's BLAS uses as many threads as this library; the rest of NumPy has one thread always.
"""

import argparse
import gc
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[2]))
SIZES = (10, 1000, 100_000, 10_000_000)
DTYPES = ("float32", "float64", "complex64", "int32")
ROUNDS = 9
SMALL = 1_000_000
"""A repetition is so many elements, each call on its own copy of the data, but at most MOST_CALLS calls."""
MOST_CALLS = 1000
# seconds after a pause after which the threads of both sides work
AWAKE = 0.0003
BLAS = ("dot", "axpy", "scal", "asum", "nrm2", "gem", "sy", "tr", "matmul", "einsum", "svd", "solve", "inv")
"""Beginnings of the operations that NumPy computes with its BLAS."""

Call = Callable[..., object]


@dataclass(frozen=True)
class Case:
    """One operation.

    Attributes:
        name: The method of LinearAlgebra, and what tells this call from others of it.
        inputs: Makes the arrays of both sides from a number of elements; may be None where a size makes no sense.
        ours: What is timed here; takes ``la`` and the arrays.
        theirs: The same in NumPy; takes the arrays.
        dtypes: Element types that are measured.
        most: The largest number of elements that is measured.
    """

    name: str
    inputs: Callable[[int, str], list[Any]]
    ours: Call
    theirs: Call
    dtypes: tuple[str, ...] = ("float32", "float64")
    most: int = SIZES[-1]


def cases(np: Any, random: Any) -> Iterator[Case]:
    """The table."""

    def values(n: int, dtype: str) -> Any:
        if dtype.startswith("int"):
            return random.integers(1, 100, n).astype(dtype)
        x = random.random(n) + 0.25
        return (x + 1j * random.random(n)).astype(dtype) if dtype.startswith("complex") else x.astype(dtype)

    def vectors(count: int) -> Callable[[int, str], list[Any]]:
        return lambda n, dtype: [values(n, dtype) for _ in range(count)]

    def shape(n: int) -> tuple[int, int]:
        """Rows and columns of a matrix of n elements that is a little taller than wide."""
        columns = max(2, round((n / 2) ** 0.5))
        return max(1, n // columns), columns

    def matrix(n: int, dtype: str) -> list[Any]:
        rows, columns = shape(n)
        return [values(rows * columns, dtype).reshape(rows, columns)]

    def wide(n: int, dtype: str) -> list[Any]:
        rows = max(1, n // 1000)
        return [values(n // rows * rows, dtype).reshape(rows, n // rows)]

    def square(n: int, dtype: str) -> Any:
        side = max(2, round(n**0.5))
        return values(side * side, dtype).reshape(side, side)

    def with_row(n: int, dtype: str) -> list[Any]:
        (a,) = matrix(n, dtype)
        return [a, values(a.shape[1], dtype)]

    def with_column(n: int, dtype: str) -> list[Any]:
        (a,) = matrix(n, dtype)
        return [a, values(a.shape[0], dtype)]

    def squares(count: int) -> Callable[[int, str], list[Any]]:
        return lambda n, dtype: [square(n, dtype) for _ in range(count)]

    def regular(n: int, dtype: str) -> Any:
        a = square(n, dtype)
        return a + np.eye(len(a), dtype=dtype) * len(a)

    def positions(n: int, limit: int) -> Any:
        return random.integers(0, limit, n).astype("int32")

    def table(n: int, dtype: str) -> list[Any]:
        """A table, and as many positions in it as it has rows."""
        (a,) = matrix(n, dtype)
        return [a, positions(len(a), len(a))]

    real, every = ("float32", "float64"), ("float32", "float64", "complex64")
    numbers = ("float32", "float64", "int32")

    def change(name: str, ours: Call, theirs: Call, inputs: Any = None, dtypes: tuple[str, ...] = real) -> Case:
        return Case(name, inputs or vectors(1), ours, theirs, dtypes)

    # ---- elements
    yield change("increment", lambda la, x: la.increment(x, 1.5), lambda x: np.add(x, 1.5, out=x))
    yield change(
        "increment alpha",
        lambda la, x: la.increment(x, 1.5, 2.0),
        lambda x: np.add(np.multiply(x, 2.0, out=x), 1.5, out=x),
    )
    yield change("reciprocal", lambda la, x: la.reciprocal(x), lambda x: np.reciprocal(x, out=x))
    yield change("rsqrt", lambda la, x: la.rsqrt(x), lambda x: np.reciprocal(np.sqrt(x, out=x), out=x))
    for name, function in (
        ("maximum", np.maximum),
        ("minimum", np.minimum),
        ("greater", np.greater),
        ("greaterEqual", np.greater_equal),
        ("less", np.less),
        ("lessEqual", np.less_equal),
    ):
        yield change(
            f"{name} number", lambda la, x, m=name: getattr(la, m)(x, 0.7), lambda x, f=function: f(x, 0.7, out=x)
        )
        yield change(
            name,
            lambda la, x, y, m=name: getattr(la, m)(x, y),
            lambda x, y, f=function: f(x, y, out=x, casting="unsafe"),
            vectors(2),
            numbers,
        )
    for name, function in (("equal", np.equal), ("notEqual", np.not_equal)):
        yield change(
            name,
            lambda la, x, y, m=name: getattr(la, m)(x, y),
            lambda x, y, f=function: f(x, y, out=y, casting="unsafe"),
            vectors(2),
            numbers,
        )
    yield change("multiply", lambda la, x, y: la.multiply(x, y), lambda x, y: np.multiply(x, y, out=y), vectors(2))
    yield change("multiply row", lambda la, a, x: la.multiply(x, a), lambda a, x: np.multiply(a, x, out=a), with_row)
    yield change(
        "multiply column",
        lambda la, a, x: la.multiply(x, a, True),
        lambda a, x: np.multiply(a, x[:, None], out=a),
        with_column,
    )
    yield change("add", lambda la, x, y: la.add(x, y), lambda x, y: np.add(x, y, out=y), vectors(2), numbers)
    yield change(
        "add alpha", lambda la, x, y: la.add(x, y, 2.0), lambda x, y: np.add(np.multiply(x, 2.0), y, out=y), vectors(2)
    )
    yield change("add row", lambda la, a, x: la.add(x, a), lambda a, x: np.add(a, x, out=a), with_row, numbers)
    yield change(
        "add column", lambda la, a, x: la.add(x, a, trans=True), lambda a, x: np.add(a, x[:, None], out=a), with_column
    )
    for name in ("square", "sqrt", "exp", "log", "sin", "cos", "tan", "tanh"):
        function = getattr(np, name)
        yield change(name, lambda la, x, m=name: getattr(la, m)(x), lambda x, f=function: f(x, out=x))
    yield change("pow 2.5", lambda la, x: la.pow(x, 2.5), lambda x: np.power(x, 2.5, out=x))
    yield change("pow 2", lambda la, x: la.pow(x, 2), lambda x: np.power(x, 2, out=x), None, numbers)
    yield change("pow 3", lambda la, x: la.pow(x, 3), lambda x: np.power(x, 3, out=x), None, numbers)
    yield change("pow", lambda la, x, y: la.pow(x, y), lambda x, y: np.power(x, y, out=x), vectors(2))
    yield change("isnan", lambda la, x: la.isnan(x), lambda x: np.isnan(x, out=x, casting="unsafe"))
    yield change("not_", lambda la, x: la.not_(x), lambda x: np.logical_not(x, out=x, casting="unsafe"))
    yield change("nan2num", lambda la, x: la.nan2num(x), lambda x: np.nan_to_num(x, copy=False))
    yield change("softmax", lambda la, x: la.softmax(x), softmax_of(np), wide)
    yield change("fill", lambda la, x: la.fill(1.5, x), lambda x: x.fill(1.5))
    yield change("zeros", lambda la, x: la.zeros(x), lambda x: x.fill(0))
    yield change("ones", lambda la, x: la.ones(x), lambda x: x.fill(1))
    yield change("copy", lambda la, x: la.copy(x), lambda x: x.copy(), None, (*every, "int32"))
    yield change("copy into", lambda la, x, y: la.copy(x, y), lambda x, y: np.copyto(y, x), vectors(2))
    yield change("zerosLike", lambda la, x: la.zerosLike(x), lambda x: np.zeros_like(x))
    yield change(
        "alloc", lambda la, x: la.alloc([x.size()]), lambda x: np.full(x.size, 0, np.float32), None, ("float32",)
    )
    yield change("astype int32", lambda la, x: la.astype(x, 4), lambda x: x.astype(np.int32))
    yield change(
        "astype float64", lambda la, x: la.astype(x, 13), lambda x: x.astype(np.float64), None, ("float32", "int32")
    )
    yield change(
        "astype float32", lambda la, x: la.astype(x, 12), lambda x: x.astype(np.float32), None, ("float64", "int32")
    )
    yield change("astype bool", lambda la, x: la.astype(x, 1), lambda x: x.astype(np.bool_))
    yield change("astype uint8", lambda la, x: la.astype(x, 6), lambda x: x.astype(np.uint8))
    yield change("astype int16", lambda la, x: la.astype(x, 3), lambda x: x.astype(np.int16))
    yield change("isclose", lambda la, x, y: la.isclose(x, x), lambda x, y: np.allclose(x, x), vectors(2))
    yield change(
        "linspace",
        lambda la, x: la.linspace(0, 1, x.size()),
        lambda x: np.linspace(0, 1, x.size, dtype=np.float32),
        None,
        ("float32",),
    )
    yield change(
        "range", lambda la, x: la.range(x.size()), lambda x: np.arange(x.size, dtype=np.float32), None, ("float32",)
    )
    generator = np.random.default_rng(1)
    yield change(
        "randomUniform",
        lambda la, x: la.randomUniform([x.size()], 0.0, 1.0),
        lambda x: generator.random(x.size, dtype=np.float32),
        None,
        ("float32",),
    )
    yield change(
        "randomNormal",
        lambda la, x: la.randomNormal([x.size()], 0.0, 1.0),
        lambda x: generator.standard_normal(x.size, dtype=np.float32),
        None,
        ("float32",),
    )
    yield change(
        "randomSequence",
        lambda la, x: la.randomSequence(x.size()),
        lambda x: generator.permutation(x.size),
        None,
        ("float32",),
    )

    # ---- BLAS 1
    yield change("scal", lambda la, x: la.scal(1.5, x), lambda x: np.multiply(x, x.dtype.type(1.5), out=x), None, every)
    yield change("axpy", lambda la, x, y: la.axpy(x, y), lambda x, y: np.add(x, y, out=y), vectors(2), every)
    yield change(
        "axpy alpha",
        lambda la, x, y: la.axpy(x, y, 2.0),
        lambda x, y: np.add(y, x * x.dtype.type(2), out=y),
        vectors(2),
        every,
    )
    yield change("dot", lambda la, x, y: la.dot(x, y), lambda x, y: np.dot(x, y), vectors(2), every)
    yield change("asum", lambda la, x: la.asum(x), lambda x: np.abs(x).sum(), None, (*every, "int32"))
    yield change("nrm2", lambda la, x: la.nrm2(x), lambda x: np.linalg.norm(x), None, every)
    yield change("iamax", lambda la, x: la.iamax(x), lambda x: np.abs(x).argmax(), None, (*every, "int32"))
    yield change("iamin", lambda la, x: la.iamin(x), lambda x: np.abs(x).argmin(), None, (*every, "int32"))
    yield change("amax", lambda la, x: la.amax(x), lambda x: x[np.abs(x).argmax()])
    yield change("amin", lambda la, x: la.amin(x), lambda x: x[np.abs(x).argmin()])
    for name, other in (("max", "max"), ("min", "min"), ("imax", "argmax"), ("imin", "argmin"), ("sum", "sum")):
        yield change(name, lambda la, x, m=name: getattr(la, m)(x), lambda x, m=other: getattr(x, m)(), None, numbers)

    def swapped(x: Any, y: Any) -> None:
        kept = x.copy()
        x[:] = y
        y[:] = kept

    yield change("swap", lambda la, x, y: la.swap(x, y), swapped, vectors(2))

    # ---- BLAS 2 and 3, solvers
    yield change("gemv", lambda la, a, x: la.gemv(a, x), lambda a, x: a @ x, with_row, every)
    yield change("gemv trans", lambda la, a, x: la.gemv(a, x, trans=True), lambda a, x: a.T @ x, with_column, every)
    yield change("gemm", lambda la, a, b: la.gemm(a, b), lambda a, b: a @ b, squares(2), every)
    yield change("gemm trans", lambda la, a, b: la.gemm(a, b, transB=True), lambda a, b: a @ b.T, squares(2))
    yield change("matmul", lambda la, a, b: la.matmul(a, b), lambda a, b: a @ b, batches_of(values))
    yield change("symm", lambda la, a, b: la.symm(a, b), lambda a, b: a @ b, squares(2))
    yield change("syrk", lambda la, a: la.syrk(a), lambda a: a @ a.T, squares(1))
    yield change("trmm", lambda la, a, b: la.trmm(a, b), lambda a, b: np.triu(a) @ b, squares(2))
    yield change("omatcopy", lambda la, a: la.omatcopy(a, trans=True), lambda a: a.T.copy(), matrix)
    yield Case(
        "solve",
        lambda n, d: [regular(n, d), square(n, d)[0]],
        lambda la, a, b: la.solve(a, b),
        np.linalg.solve,
        real,
        100_000,
    )
    yield Case("svd", squares(1), lambda la, a: la.svd(a, True), lambda a: np.linalg.svd(a), real, 1000)
    yield change(
        "einsum",
        lambda la, a, b: la.einsum("ij,jk->ik", a, b),
        lambda a, b: np.einsum("ij,jk->ik", a, b, optimize=True),
        squares(2),
    )

    # ---- along an axis
    for axis in (0, 1):
        for name, function in (
            ("reduceSum", np.sum),
            ("reduceMean", np.mean),
            ("reduceMax", np.max),
            ("reduceArgMax", np.argmax),
        ):
            for label, inputs in (("", matrix), (" wide", wide)):
                yield change(
                    f"{name} axis {axis}{label}",
                    lambda la, x, m=name, k=axis: getattr(la, m)(x, k),
                    lambda x, f=function, k=axis: f(x, k),
                    inputs,
                    numbers if name != "reduceMean" else real,
                )
    for name, function in (
        ("reduceSum", np.sum),
        ("reduceMean", np.mean),
        ("reduceMax", np.max),
        ("reduceArgMax", np.argmax),
    ):
        yield change(f"{name} vector", lambda la, x, m=name: getattr(la, m)(x, 0), lambda x, f=function: f(x, 0))
    yield change("cumsum", lambda la, x: la.cumsum(x), lambda x: np.cumsum(x), None, numbers)
    yield change("cumsum axis 0", lambda la, x: la.cumsum(x, 0), lambda x: np.cumsum(x, 0), matrix)
    yield change("cumsum axis 1", lambda la, x: la.cumsum(x, 1), lambda x: np.cumsum(x, 1), matrix)
    yield change(
        "topK", lambda la, x: la.topK(x, 3), lambda x: (np.sort(x, -1)[:, -3:], np.argsort(x, -1)[:, -3:]), wide
    )

    # ---- moving
    yield change("transpose", lambda la, a: la.transpose(a), lambda a: a.T.copy(), matrix, (*every, "int32"))
    yield change(
        "transpose 3", lambda la, a: la.transpose(a, [1, 0, 2]), lambda a: a.transpose(1, 0, 2).copy(), cube_of(values)
    )
    yield change(
        "transpose 3 last",
        lambda la, a: la.transpose(a, [0, 2, 1]),
        lambda a: a.transpose(0, 2, 1).copy(),
        cube_of(values),
    )
    yield change(
        "concat",
        lambda la, a, b: la.concat([a, b]),
        lambda a, b: np.concatenate([a, b], -1),
        lambda n, d: matrix(n // 2, d) * 2,
    )
    yield change(
        "stack", lambda la, a, b: la.stack([a, b]), lambda a, b: np.stack([a, b]), lambda n, d: matrix(n // 2, d) * 2
    )
    yield change(
        "split", lambda la, a: la.split(a, [1, a.shape()[1] - 1]), lambda a: [a[:, :1].copy(), a[:, 1:].copy()], matrix
    )
    yield change("slice", lambda la, a: la.slice(a, [0, 1], [-1, -1]), lambda a: a[:, 1:].copy(), matrix)
    yield change(
        "stick",
        lambda la, a, b: la.stick(a, b, [0, 0], [-1, -1]),
        lambda a, b: np.copyto(b, a),
        lambda n, d: matrix(n, d) * 2,
    )
    yield change(
        "repeat", lambda la, a: la.repeat(a, 2), lambda a: np.repeat(a[:, None], 2, 1), lambda n, d: matrix(n // 2, d)
    )
    yield change(
        "duplicate",
        lambda la, x: la.duplicate(x, 4),
        lambda x: np.tile(x, (4, 1)),
        lambda n, d: [values(max(1, n // 4), d)],
    )
    yield change("expandDims", lambda la, x: la.expandDims(x, 0), lambda x: np.expand_dims(x, 0))
    yield change("squeeze", lambda la, x: la.squeeze(x), lambda x: np.squeeze(x), lambda n, d: [values(n, d)[None]])
    yield change("bandpart", lambda la, a: la.bandpart(a, 0, -1), lambda a: np.copyto(a, np.triu(a)), squares(1))
    yield change(
        "onehot",
        lambda la, x: la.onehot(x, 10),
        onehot_of(np),
        lambda n, d: [positions(max(1, n // 10), 10)],
        ("float32",),
    )
    yield change("gather", lambda la, a, x: la.gather(a, x), lambda a, x: np.take(a, x, 0), table)
    yield change(
        "gather vector",
        lambda la, a, x: la.gather(a, x),
        lambda a, x: np.take(a, x, 0),
        lambda n, d: [values(n, d), positions(n, n)],
    )
    yield change(
        "gather axis",
        lambda la, a, x: la.gather(a, x, 1),
        lambda a, x: np.take_along_axis(a, x[:, None], 1),
        lambda n, d: [wide(n, d)[0], positions(max(1, n // 1000), min(n, 1000))],
    )
    yield change("scatterAdd", lambda la, a, x: la.scatterAdd(x, a, a), lambda a, x: np.add.at(a, x, a.copy()), table)
    yield change("scatter", lambda la, a, x: la.scatter(x, a, a.shape()[0]), scattered_by(np), table)
    yield change(
        "searchsorted",
        lambda la, a, x: la.searchsorted(a, x),
        lambda a, x: np.searchsorted(a, x),
        lambda n, d: [np.sort(values(100, d)), values(n, d)],
    )
    yield change(
        "masking",
        lambda la, m, x: la.masking(m, x),
        lambda m, x: np.copyto(x, 0, where=~m),
        lambda n, d: [random.random(n) < 0.5, values(n, d)],
    )


def softmax_of(np: Any) -> Call:
    def softmax(x: Any) -> None:
        x -= x.max(-1, keepdims=True)
        np.exp(x, out=x)
        x /= x.sum(-1, keepdims=True)

    return softmax


def onehot_of(np: Any) -> Call:
    def onehot(x: Any) -> Any:
        y = np.zeros((len(x), 10), np.float32)
        y[np.arange(len(x)), x] = 1
        return y

    return onehot


def scattered_by(np: Any) -> Call:
    def scattered(a: Any, x: Any) -> Any:
        y = np.zeros_like(a)
        y[x] = a
        return y

    return scattered


def batches_of(values: Call) -> Call:
    def batches(n: int, dtype: str) -> list[Any]:
        side = max(1, round((n / 4) ** 0.5))
        return [values(4 * side * side, dtype).reshape(4, side, side) for _ in range(2)]  # type: ignore[attr-defined]

    return batches


def cube_of(values: Call) -> Call:
    def cube(n: int, dtype: str) -> list[Any]:
        side = max(1, round((n / 2) ** (1 / 3)))
        return [values(2 * side**3, dtype).reshape(side, side, 2 * side)]  # type: ignore[attr-defined]

    return cube


def seconds(call: Call, arguments: Sequence[Sequence[Any]]) -> float:
    """Seconds of one call, each with arguments of its own."""
    start = time.perf_counter()
    for given in arguments:
        call(*given)
    return (time.perf_counter() - start) / len(arguments)


def measure(case: Case, n: int, dtype: str, mo: Any, np: Any, pause: float) -> tuple[float, float]:
    """Seconds a call takes here and in NumPy."""
    la = mo.la()
    arrays = case.inputs(n, dtype)
    count = max(1, min(MOST_CALLS, SMALL // n))
    # the first copy is for a call before the clock starts
    theirs = [[a.copy() for a in arrays] for _ in range(count + 1)]
    ours = [[mo.array(a, mo.array(a).dtype()) for a in arrays] for _ in range(count + 1)]
    found: tuple[list[float], list[float]] = ([], [])
    sides: list[tuple[Call, list[Any], list[Any]]] = [
        (case.ours, [(la, *copy) for copy in ours], ours),
        (case.theirs, theirs, theirs),
    ]
    spent = time.perf_counter()
    for turn in range(ROUNDS + 1):
        for side, (call, arguments, copies) in enumerate(sides):
            for copy in copies:
                for array, value in zip(copy, arrays, strict=True):
                    np.copyto(np.asarray(array), value)
            time.sleep(pause)
            awake = time.perf_counter() + (AWAKE if pause else 0)
            while True:  # both sides' threads wake
                call(*arguments[0])
                if time.perf_counter() >= awake:
                    break
            took = seconds(call, arguments[1:])
            if turn:
                found[side].append(took)
        if turn > 2 and time.perf_counter() - spent > 1:
            break
    return statistics.median(found[0]), statistics.median(found[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="beginnings of names, separated by commas")
    parser.add_argument("--sizes", help="numbers of elements, separated by commas")
    parser.add_argument("--dtypes", help="element types, separated by commas")
    parser.add_argument("--threads", type=int, help="number of threads (default: 1, then all)")
    parser.add_argument("--slower", type=float, help="show only what is slower than NumPy divided by this")
    options = parser.parse_args()
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if options.threads is None and available > 1:
        arguments = [sys.executable, *sys.argv]
        return max(os.spawnv(os.P_WAIT, sys.executable, [*arguments, "--threads", str(n)]) for n in (1, available))
    threads = options.threads or available
    # Before NumPy is imported, or its BLAS does not see it.
    os.environ["OPENBLAS_NUM_THREADS"] = str(threads)
    # Its threads wait busily for 2**28 cycles after a product, longer than a pause here, and would take a processor
    # away from this library. 2**24 are still far more than the time between two calls of a turn.
    os.environ["OPENBLAS_THREAD_TIMEOUT"] = "24"
    import numpy as np

    from rindow_math.matrix import MatrixOperator
    from rindow_math.matrix.drivers.threads import setNumThreads

    mo = MatrixOperator()
    setNumThreads(threads)
    sizes = [int(n) for n in options.sizes.split(",")] if options.sizes else SIZES
    names = tuple(options.only.split(",")) if options.only else ("",)
    dtypes = options.dtypes.split(",") if options.dtypes else DTYPES
    print(f"{threads} threads, numpy {np.__version__}; us a call here, in numpy, and how many times as fast")
    print(f"{'operation':<28}{'dtype':<11}" + "".join(f"{n:>12}{'numpy':>11}{'x':>7}" for n in sizes))
    np.seterr(all="ignore")
    gc.disable()
    for case in cases(np, np.random.default_rng(1)):
        if not case.name.startswith(names):
            continue
        for dtype in case.dtypes:
            if dtype not in dtypes:
                continue
            figures = ""
            shown = options.slower is None
            for n in sizes:
                if n > case.most:
                    continue
                # the threads of NumPy's BLAS fall asleep
                pause = 0.03 if threads > 1 and n > 100 and case.name.startswith(BLAS) else 0.0
                ours, theirs = measure(case, n, dtype, mo, np, pause)
                shown |= options.slower is not None and ours * options.slower > theirs
                figures += f"{ours * 1e6:>12.2f}{theirs * 1e6:>11.2f}{theirs / ours:>7.2f}"
            if shown:
                print(f"{case.name:<28}{dtype:<11}{figures}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
