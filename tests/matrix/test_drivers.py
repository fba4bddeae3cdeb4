"""Service and Selector: levels, drivers, threads, what info() says."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import rindow_math
from rindow_math.exceptions import InvalidArgumentException, LogicException
from rindow_math.matrix import BLAS, MatrixOperator, NDArray
from rindow_math.matrix.drivers import KernelService, Selector, Service, defaultService
from rindow_math.matrix.kernels import core

service = defaultService()


class Basic(KernelService):
    def serviceLevel(self):
        return Service.LV_BASIC


class Accelerated(KernelService):
    def serviceLevel(self):
        return Service.LV_ACCELERATED


class WithoutOptions(Basic):
    def __init__(self):
        super().__init__()

    def serviceLevel(self):
        return Service.LV_ADVANCED


def test_levels():
    levels = (Service.LV_UNAVAILABLE, Service.LV_BASIC, Service.LV_ADVANCED, Service.LV_ACCELERATED)
    assert levels == (0, 1, 2, 3)
    assert service.serviceLevel() == Service.LV_ADVANCED
    assert isinstance(service, Service)
    assert defaultService() is service


def test_drivers_by_level():
    for driver in (service.blas, service.lapack, service.math, service.buffer):
        assert driver() is driver(Service.LV_BASIC) is driver(Service.LV_ADVANCED)
        assert driver().isAvailable()
        assert driver().name()
        for level in (0, 3, 99):
            with pytest.raises(InvalidArgumentException, match="Unknown service level"):
                driver(level)


def test_what_a_driver_tells():
    for driver in (service.blas(), service.lapack(), service.math()):
        assert driver.getCorename() == core.variant()
        assert core.variant() in driver.getConfig()
        assert driver.getNumProcs() >= 1
        assert driver.getNumThreads() == service.getNumThreads()


def test_number_of_threads():
    before = service.getNumThreads()
    x = np.random.default_rng(0).random((300, 400)).astype(np.float32)
    mo = MatrixOperator()
    a = mo.array(x)
    try:
        results = []
        for n in (1, 2, 3):
            service.setNumThreads(n)
            assert service.getNumThreads() == service.blas().getNumThreads() == n
            assert service.math().getParallel() == (1 if n > 1 else 0)
            b = mo.cross(a, mo.transpose(a))
            powers = mo.op(a, "**", 1.5)
            results.append((np.asarray(b).tobytes(), np.asarray(powers).tobytes(), mo.sum(a)))
        assert results[0] == results[1] == results[2]
        service.blas().setNumThreads(1)
        assert "(SEQUENTIAL)" in service.info()
        for bad in (0, -1, 1.5, "2", 257, True, None):
            with pytest.raises(InvalidArgumentException, match="threads"):
                service.setNumThreads(bad)
        assert service.getNumThreads() == 1
    finally:
        service.setNumThreads(before)


def test_info_says_what_runs():
    info = service.info()
    for part in ("Advanced", core.variant(), "numpy " + np.__version__, "scipy", "Threads", "MiB", "BLAS"):
        assert part in info
    assert info.endswith("\n")


def test_buffer_factory():
    factory = service.buffer()
    buffer = factory.Buffer(3, NDArray.int8)
    assert (len(buffer), buffer.dtype()) == (3, NDArray.int8)
    del buffer
    assert set(factory.memoryInfo()) == {"in_use", "cached", "cache_limit"}
    assert factory.releaseMemory() >= 0
    limit = factory.memoryInfo()["cache_limit"]
    factory.setCacheLimit(1 << 20)
    assert factory.memoryInfo()["cache_limit"] == 1 << 20
    factory.setCacheLimit(limit)


def test_big_blocks_stand_in_for_each_other():
    factory = service.buffer()
    limit = factory.memoryInfo()["cache_limit"]
    mib = 1 << 20

    def kept():
        return factory.memoryInfo()["cached"] // mib

    factory.releaseMemory()
    factory.setCacheLimit(256 * mib)
    try:
        before = factory.memoryInfo()["in_use"]
        first = factory.Buffer(64 * mib, NDArray.int8)
        del first
        assert kept() == 64
        smaller = factory.Buffer(40 * mib, NDArray.int8)  # takes the kept block, and gives it back whole
        assert kept() == 0
        assert factory.memoryInfo()["in_use"] - before == 64 * mib
        del smaller
        assert kept() == 64
        assert factory.memoryInfo()["in_use"] == before
        much_smaller = factory.Buffer(24 * mib, NDArray.int8)  # less than half of it: has its own
        assert kept() == 64
        del much_smaller
        assert kept() == 64 + 24
        larger = factory.Buffer(100 * mib, NDArray.int8)  # a block of 112 MiB; 64 and more of what is kept goes
        assert kept() == 24
        larger[0], larger[100 * mib - 1] = 1, 2
        del larger
        assert kept() == 24 + 112
        assert factory.releaseMemory() == (24 + 112) * mib
    finally:
        factory.setCacheLimit(limit)


def test_no_opencl():
    with pytest.raises(InvalidArgumentException, match="Service level requirements not met"):
        service.createQueue()
    for call in (service.openCL, lambda: service.blasCL(1), lambda: service.mathCL(1), lambda: service.mathCLBlast(1)):
        with pytest.raises(LogicException, match="is empty"):
            call()


def test_selector_takes_the_highest_level():
    assert type(Selector([Basic, Accelerated, KernelService]).select()) is Accelerated
    assert type(Selector([KernelService, Basic]).select()) is KernelService
    assert type(Selector([WithoutOptions]).select()) is WithoutOptions
    selector = Selector()
    assert type(selector.select()) is KernelService
    assert selector.select() is selector.select()


def test_selector_falls_back_to_the_kernels():
    for catalog in ([], [Basic], ["no.such.module.Service", "nodots", "rindow_math.matrix.drivers.NoSuchClass"]):
        assert Selector(catalog).select() is service


def test_selector_imports_names():
    assert type(Selector(["rindow_math.matrix.drivers.KernelService"]).select()) is KernelService


def test_selector_refuses_what_is_no_service():
    for entry in (dict, "collections.OrderedDict", 5):
        with pytest.raises(LogicException, match="Not service class"):
            Selector([entry]).select()


def test_selector_says_what_it_does(capsys):
    Selector(["no.such.Service", KernelService]).select(verbose=10)
    said = capsys.readouterr().out
    for part in ("Not found: no.such.Service", "Loading service: KernelService", "level 2", "has been selected"):
        assert part in said
    Selector([KernelService]).select()
    assert capsys.readouterr().out == ""


def test_operator_with_a_catalog():
    assert type(MatrixOperator(catalog=[Accelerated]).service()) is Accelerated
    assert MatrixOperator(catalog=[Accelerated]).isAccelerated()
    assert not MatrixOperator(service=Basic()).isAdvanced()


def test_blas_constants():
    assert (BLAS.RowMajor, BLAS.ColMajor) == (101, 102)
    assert (BLAS.NoTrans, BLAS.Trans, BLAS.ConjTrans, BLAS.ConjNoTrans) == (111, 112, 113, 114)
    assert (BLAS.Upper, BLAS.Lower, BLAS.NonUnit, BLAS.Unit) == (121, 122, 131, 132)
    assert (BLAS.Left, BLAS.Right) == (141, 142)


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-W", "always", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(pathlib.Path(rindow_math.__file__).parents[1]), **environment},
        check=False,
    )


TWO_OPERATORS = "from rindow_math.matrix import MatrixOperator as M; M(); print(M().info())"


def test_the_plain_kernels_warn_once():
    result = run(TWO_OPERATORS, RINDOW_SIMD="plain")
    assert "plain" in result.stdout
    expected = 1 if "avx2" in core.variants() else 0
    assert result.stderr.count("RuntimeWarning") == expected
    assert ("slow" in result.stdout) == bool(expected)
    if expected:
        assert "RINDOW_SIMD" in result.stderr


def test_fast_kernels_do_not_warn():
    if core.variants()[0] != "plain":
        assert run(TWO_OPERATORS, RINDOW_SIMD="").stderr == ""


def test_an_unknown_variant_is_an_error():
    result = run("import rindow_math.matrix", RINDOW_SIMD="mmx")
    assert result.returncode == 1
    assert "ImportError: RINDOW_SIMD='mmx'" in result.stderr


def test_threads_from_the_environment():
    code = "from rindow_math.matrix.drivers import defaultService as s; print(s().getNumThreads())"
    assert run(code, RINDOW_NUM_THREADS="1", RINDOW_SIMD="").stdout == "1\n"
    assert run(code, RINDOW_NUM_THREADS="3", OMP_NUM_THREADS="1", RINDOW_SIMD="").stdout == "3\n"
    assert run(code, RINDOW_NUM_THREADS="", OMP_NUM_THREADS="1", RINDOW_SIMD="").stdout == "1\n"


def test_importing_loads_neither_scipy_nor_linear_algebra():
    code = (
        "import sys, rindow_math.matrix; rindow_math.matrix.MatrixOperator().random();"
        "print([m for m in sys.modules if m.startswith(('scipy', 'matplotlib', 'numpy.random._'))"
        " or 'linearalgebra' in m])"
    )
    assert run(code, RINDOW_SIMD="").stdout == "[]\n"
