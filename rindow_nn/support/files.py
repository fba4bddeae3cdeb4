"""Files that are replaced as a whole."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from typing import Any

__all__ = ["replacing"]


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[str]:
    """The name of an empty file beside ``path`` that takes its place once it is written.

    At every moment ``path`` is the old file or the new one, both whole: the new one is on the disk before it is
    renamed. If the block raises, the old file stays and nothing is left beside it. What a killed process left
    beside ``path`` is removed by the next call. A symbolic link keeps pointing where it does; an existing file
    keeps its permissions.

    Args:
        path: the file to write; its directory must exist.

    Raises:
        OSError: the directory is missing, not writable, or full.
    """
    target = os.path.realpath(os.fspath(path))
    directory, name = os.path.split(target)
    mark = f".{name}."[:200]  # leaves room for the rest within the 255 bytes of a name
    _remove_abandoned(directory, mark)
    temporary = os.path.join(directory, f"{mark}{secrets.token_hex(8)}.tmp")
    handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with contextlib.suppress(OSError):  # not every file system locks; then abandoned files stay
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with contextlib.suppress(FileNotFoundError):
            os.fchmod(handle, stat.S_IMODE(os.stat(target).st_mode))
        yield temporary
        os.fsync(handle)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    finally:
        os.close(handle)
    _sync_directory(directory)


def _sync_directory(directory: str) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_abandoned(directory: str, mark: str) -> None:
    """Removes temporary files whose writer is dead: nobody holds the lock on them."""
    suffix = "0123456789abcdef"
    entries: Any
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            token = entry.name[len(mark) : -len(".tmp")]
            if not (entry.name.startswith(mark) and entry.name.endswith(".tmp") and len(token) == 16):
                continue
            if token.strip(suffix) or not entry.is_file(follow_symlinks=False):
                continue
            with contextlib.suppress(OSError):
                handle = os.open(entry.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(entry.path)
                finally:
                    os.close(handle)
