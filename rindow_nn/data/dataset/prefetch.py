"""Preparing batches while others are worked on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

from rindow_math.matrix.random import branch, drawing_from

__all__ = ["prefetched"]

_AHEAD = 2


def prefetched(batches: Callable[[], Iterator[Any]]) -> Iterator[Any]:
    """Goes through an iterator that a thread of its own runs a few items ahead.

    Random numbers of that thread come from a generator that is seeded by the process's one when the iteration
    begins, so that a seed repeats them whatever the threads do. An error in the thread is raised here, where its
    item would have come. The thread ends with the iteration, also with one that is left early.

    Args:
        batches: makes the iterator; called in the thread.
    """
    own = branch()
    items: queue.Queue[tuple[bool, Any]] = queue.Queue(_AHEAD)
    left = threading.Event()

    def put(item: tuple[bool, Any]) -> bool:
        while not left.is_set():
            try:
                items.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        error = None
        try:
            with drawing_from(own):
                for batch in batches():
                    if not put((True, batch)):
                        return
        except BaseException as e:
            error = e
        put((False, error))

    worker = threading.Thread(target=work, name="rindow-nn batches", daemon=True)
    worker.start()
    try:
        while True:
            more, item = items.get()
            if not more:
                if item is not None:
                    raise item
                return
            yield item
    finally:
        left.set()
        while not items.empty():  # a worker that waits for room sees at once that nobody waits for it
            items.get_nowait()
        worker.join()
