"""Files from the network, whole and checked."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from rindow_math.exceptions import RuntimeException
from rindow_nn.support.console import console

__all__ = ["download"]

_BLOCK = 1 << 18
_TRIES = 3  # of each mirror, as long as each brings something new


class _Refused(Exception):
    """A mirror that is of no use."""


def download(
    urls: Sequence[str],
    target: str | os.PathLike[str],
    md5: str | None = None,
    console: Callable[[str], object] = console,
    timeout: float = 20.0,
) -> None:
    """Downloads a file from the first of several mirrors that has it.

    The file appears under its name only when it is complete and its checksum is right. What an interrupted download
    left (``<target>.part``) is continued where the server can do that.

    Args:
        urls: the same file on different servers, tried in this order.
        target: the file to write; its directory is made.
        md5: the checksum of the file, hexadecimal; None to take what comes.
        console: is told of the progress.
        timeout: seconds without a byte after which a server is given up.

    Raises:
        RuntimeException: no server gave the file; the message names each with its reason, and where to put a file
            that was fetched by other means.
    """
    target = Path(target)
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise RuntimeException(f"cannot make the folder {target.parent}: {e.strerror}") from e
    if md5 is None:  # nothing would show that what is there belongs to the same file
        part.unlink(missing_ok=True)
    reasons = []
    for url in urls:
        console(f"Downloading {target.name} ... ")
        try:
            _from_mirror(url, part, md5, console, timeout)
            os.replace(part, target)
        except _Refused as e:
            console("failed\n")
            reasons.append(f"{url}: {e}")
        except OSError as e:
            console("failed\n")
            raise RuntimeException(f"cannot write {part}: {e.strerror or e}") from e
        else:
            console("Done\n")
            return
    raise RuntimeException(
        f"{target.name} cannot be downloaded ({'; '.join(reasons) or 'no server is known'}). "
        f"If you have the file, put it at {target}"
    )


def _from_mirror(url: str, part: Path, md5: str | None, console: Callable[[str], object], timeout: float) -> None:
    """Fetches a file into ``part``, continuing it as often as that helps."""
    left = _TRIES
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            _continue(url, part, before, console, timeout)
        except _Cut as e:
            after = part.stat().st_size if part.exists() else 0
            left = _TRIES if after > before else left - 1
            if left <= 0:
                raise _Refused(str(e)) from None
            continue
        found = None if md5 is None else _md5(part)
        if found == md5:
            return
        part.unlink()
        if before == 0:
            raise _Refused(f"the file's MD5 is {found}, must be {md5}")
        # the beginning may have come from elsewhere: once more, from the start


class _Cut(Exception):
    """A transfer that broke off."""


def _continue(url: str, part: Path, have: int, console: Callable[[str], object], timeout: float) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "rindow-nn", "Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as e:
        e.close()
        if e.code == 416 and have:  # nothing after what is there: it is whole, or of another file
            return
        raise _Refused(f"HTTP {e.code} {e.reason}") from None
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as e:
        raise _Refused(str(getattr(e, "reason", None) or e or type(e).__name__)) from None
    with contextlib.closing(response):
        continued = response.status == 206
        length = response.headers.get("Content-Length")
        total = None if length is None or not length.isdigit() else int(length) + (have if continued else 0)
        with open(part, "ab" if continued else "wb") as file:
            _copy(response, file, have if continued else 0, total, console)


def _copy(
    response: http.client.HTTPResponse, file: BinaryIO, have: int, total: int | None, console: Callable[[str], object]
) -> None:
    shown = time.monotonic()
    while True:
        try:
            block = response.read1(_BLOCK)
        except (http.client.HTTPException, OSError) as e:
            raise _Cut(f"broke off after {have} bytes: {e or type(e).__name__}") from None
        if not block:
            break
        file.write(block)
        have += len(block)
        if time.monotonic() - shown >= 2.0:
            shown = time.monotonic()
            console(f"{have / 1e6:.1f} MB " if total is None else f"{100 * have // max(total, 1)}% ")
    if total is not None and have < total:
        raise _Cut(f"ended after {have} of {total} bytes")


def _md5(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
