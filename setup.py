"""Builds the extension modules; everything else is in pyproject.toml.

Environment:
    RINDOW_DEBUG=1: bounds checks, assertions and little optimisation, in build/debug.
    RINDOW_WERROR=1: warnings of the C compiler are errors.
    RINDOW_BUILD_JOBS=N: compile N files at a time (default: one for each processor).
"""

import json
import os
import re
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent.resolve()
PACKAGES = ("rindow_math", "rindow_nn")
KERNELS = "rindow_math/matrix/kernels"
SRC = f"{KERNELS}/src"
DEBUG = os.environ.get("RINDOW_DEBUG", "") not in ("", "0")
WERROR = os.environ.get("RINDOW_WERROR", "") not in ("", "0")
# Apart from each other: neither cythonize nor build_ext sees that the directives have changed.
BUILD_BASE = "build/debug" if DEBUG else "build"

DIRECTIVES = {
    "language_level": 3,
    "binding": True,
    "embedsignature": True,
    "boundscheck": DEBUG,
    "wraparound": True,
    "initializedcheck": DEBUG,
    "nonecheck": DEBUG,
    "cdivision": True,
    "freethreading_compatible": False,
}

C_SOURCES = {
    f"{KERNELS}/core.pyx": sorted(str(p.relative_to(ROOT)) for p in (ROOT / SRC).glob("*.c")),
    "rindow_math/matrix/buffer.pyx": ["rindow_math/matrix/src/alloc.c"],
}


def extensions() -> list[Extension]:
    """One extension module for each .pyx file of the packages."""
    pyx = [p.relative_to(ROOT) for top in PACKAGES for p in (ROOT / top).rglob("*.pyx")]
    headers = {str(p.relative_to(ROOT)) for p in (ROOT / "rindow_math").rglob("*.h")}
    interfaces = {header for header in headers if not header.startswith(f"{SRC}/impl/")}
    # The kernels take the longest to compile, so they start first.
    return [
        Extension(
            ".".join(path.with_suffix("").parts),
            [*C_SOURCES.get(str(path), []), str(path)],
            define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
            depends=sorted(headers if str(path) in C_SOURCES else interfaces),
        )
        for path in sorted(pyx, key=lambda path: (-len(C_SOURCES.get(str(path), [])), path))
    ]


def blas_integer() -> str:
    """The Cython line that defines blas_int for the SciPy at hand (64-bit BLAS arrived with SciPy 1.18)."""
    import scipy.linalg

    pxd = Path(scipy.linalg.__file__).parent / "cython_blas.pxd"
    if "blas_int" in pxd.read_text():
        return "from scipy.linalg.cython_blas cimport blas_int\n"
    return "ctypedef int blas_int\n"


def write_if_changed(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def jobs() -> int:
    """How many compilers may run at a time."""
    chosen = os.environ.get("RINDOW_BUILD_JOBS")
    if chosen:
        return max(1, int(chosen))
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def changed_last(paths: Iterable[Path]) -> float:
    return max((path.stat().st_mtime for path in paths), default=0.0)


CIMPORTS = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+cimport[ \t]+(\([^)]*\)|[^\n]*)|cimport[ \t]+([\w.]+))", re.MULTILINE
)


def cimported(path: Path, seen: dict[Path, None]) -> dict[Path, None]:
    """The project's files that Cython reads to translate a file: itself, its own .pxd and those it cimports."""
    if path in seen:
        return seen
    seen[path] = None
    text = path.read_text()
    modules = [path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")]
    for package, names, module in CIMPORTS.findall(text):
        modules += [module] if module else [package, *(f"{package}.{name}" for name in re.findall(r"\w+", names))]
    for module in modules:
        pxd = ROOT / (module.replace(".", "/") + ".pxd")
        if pxd.exists():
            cimported(pxd, seen)
    for name in re.findall(r"^include \"([^\"]+)\"", text, re.MULTILINE):
        seen[path.parent / name] = None
    return seen


def up_to_date(compiled: Path, command: str) -> bool:
    """Whether an object file is newer than all that the compiler read for it, and made by the same command.

    The compiler lists what it read in a file beside the object; the command is kept beside that.
    """
    made_by, read = compiled.with_suffix(".cmd"), compiled.with_suffix(".d")
    if not (compiled.exists() and made_by.exists() and read.exists()) or made_by.read_text() != command:
        return False
    paths = [Path(name) for name in read.read_text().partition(":")[2].replace("\\\n", " ").split()]
    return all(path.exists() for path in paths) and changed_last(paths) < compiled.stat().st_mtime


class BuildExt(build_ext):
    """Translates and compiles in parallel, with flags that fit the compiler and never relax floating-point rules."""

    def run(self) -> None:
        import numpy

        write_if_changed(ROOT / KERNELS / "blas_int.pxi", blas_integer())
        self.translate()
        for extension in self.extensions:
            extension.include_dirs += [SRC, "rindow_math/matrix/src", numpy.get_include()]
        super().run()

    def translate(self) -> None:
        """Has Cython write the C files that are older than what they are made of.

        cythonize would do more: pip builds with Cython, NumPy and SciPy in a new environment each time, whose .pxd
        files look newer than everything here.
        """
        import Cython
        from Cython.Build import cythonize

        folder = f"{BUILD_BASE}/cython-{Cython.__version__}"
        stale = []
        translated = {}
        for extension in self.extensions:
            pyx = extension.sources[-1]
            c = Path(folder, pyx).with_suffix(".c")
            translated[extension.name] = [*extension.sources[:-1], str(c)]
            if self.force or not c.exists() or c.stat().st_mtime < changed_last(cimported(ROOT / pyx, {})):
                stale.append(extension)
        cythonize(
            stale,
            compiler_directives=DIRECTIVES,
            build_dir=folder,
            force=self.force,
            nthreads=jobs() if jobs() > 1 else 0,
        )
        for extension in self.extensions:
            extension.sources = translated[extension.name]

    def build_extensions(self) -> None:
        if self.compiler.compiler_type == "unix":
            flags = ["-std=gnu11", "-fno-math-errno", "-fno-trapping-math", "-fvisibility=default"]
            if WERROR:
                flags += ["-Werror", "-Wno-error=cpp"]
            flags.append("-MD")
            libraries = ["m"]
            if sys.platform != "darwin":
                libraries.append("pthread")
            for extension in self.extensions:
                kernels = any(source.startswith(SRC) for source in extension.sources)
                # The code that Cython writes gains nothing from -O3 but size and time to compile.
                optimisation = ["-O1", "-g"] if DEBUG else ["-O3" if kernels else "-O2", "-g0"]
                extension.extra_compile_args += flags + optimisation
                extension.libraries += libraries
        self.compile_in_parallel()

    def compile_in_parallel(self) -> None:
        """Builds all extensions with at most ``jobs()`` compilers at a time, also among the files of one extension."""
        compile_files = self.compiler.compile
        with ThreadPoolExecutor(jobs()) as compilers:

            def compile_one(source: str, **options: object) -> list[str]:
                (compiled,) = self.compiler.object_filenames([source], output_dir=options["output_dir"])
                command = json.dumps([self.compiler.compiler_so, options], default=str)
                if self.force or not up_to_date(Path(compiled), command):
                    compile_files([source], **options)
                    Path(compiled).with_suffix(".cmd").write_text(command)
                return [compiled]

            def compile_each(sources: list[str], **options: object) -> list[str]:
                started = [compilers.submit(compile_one, source, **options) for source in sources]
                return [name for objects in started for name in objects.result()]

            self.compiler.compile = compile_each
            # A thread for each extension only waits: the compilers' pool is the limit.
            self.parallel = max(1, len(self.extensions))
            super().build_extensions()


if __name__ == "__main__":  # cythonize starts processes that may import this file
    setup(
        ext_modules=extensions(),
        cmdclass={"build_ext": BuildExt},
        options={"build": {"build_base": BUILD_BASE}},
    )
