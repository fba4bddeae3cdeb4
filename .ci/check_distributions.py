"""Checks what is in a source distribution and in the wheel that was built from it.

usage: python .ci/check_distributions.py SDIST WHEEL
"""

import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

SHIPPED = {".py", ".pyi", ".pxd", ".h", ".gz", ".md", ".typed"}
PACKAGES = ("rindow_math", "rindow_nn")


def tracked() -> set[str]:
    """The files of the repository; none if this is not a clone."""
    done = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True)
    return {name for name in done.stdout.split("\0") if name} if done.returncode == 0 else set()


def suffix(name: str) -> str:
    """The suffix, which of ``py.typed`` is ``.typed``."""
    return PurePosixPath(name).suffix


def in_packages(names: Iterable[str]) -> set[str]:
    return {name for name in names if name.split("/")[0] in PACKAGES}


def complaints(sdist: set[str], wheel: set[str]) -> list[str]:
    """What is missing or must not be there."""
    found = [f"the sdist lacks {name}" for name in sorted(tracked() - sdist)]
    found += [
        f"the sdist must not have {name}"
        for name in sorted(sdist)
        if suffix(name) in (".so", ".pyc", ".o") or name.startswith("build/") or name.endswith("/blas_int.pxi")
    ]
    sources = in_packages(sdist)
    # Package data are found by suffix: what is shipped of the data must not depend on a list that is forgotten.
    expected = {name for name in sources if suffix(name) in SHIPPED}
    found += [f"the wheel lacks {name}" for name in sorted(expected - wheel)]
    for name in sorted(name for name in sources if suffix(name) == ".pyx"):
        module = name.removesuffix(".pyx")
        if not any(built.startswith(f"{module}.") and suffix(built) in (".so", ".pyd") for built in wheel):
            found.append(f"the wheel lacks the extension module of {name}")
    found += [f"the wheel lacks {package}/py.typed" for package in PACKAGES if f"{package}/py.typed" not in wheel]
    found += [
        f"the wheel must not have {name}"
        for name in sorted(wheel)
        if suffix(name) in (".c", ".pyx", ".pxi", ".pyc", ".o")
        or not (name.split("/")[0] in PACKAGES or ".dist-info/" in name)
    ]
    if not any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel):
        found.append("the wheel lacks the licence")
    return found


def main() -> int:
    sdist, wheel = map(Path, sys.argv[1:])
    with tarfile.open(sdist) as archive:
        in_sdist = {member.name.partition("/")[2] for member in archive if member.isfile()}
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = set(archive.namelist())
    found = complaints(in_sdist, in_wheel)
    print(f"{sdist.name}: {len(in_sdist)} files, {sdist.stat().st_size / 1e6:.1f} MB")
    print(f"{wheel.name}: {len(in_wheel)} files, {wheel.stat().st_size / 1e6:.1f} MB")
    print("\n".join(found) or "nothing is missing, nothing is too much")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
