"""The thread pool: every index once, whoever calls and however often."""

import ctypes
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
TASK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_ssize_t)


def run(library, n, grain, step=None):
    """How often each index was visited, the pieces, and the threads that ran them."""
    visits = np.zeros(n, np.int64)
    pieces, threads = [], set()
    lock = threading.Lock()

    @TASK
    def task(_context, begin, end):
        with lock:
            visits[begin:end] += 1
            pieces.append((begin, end))
            threads.add(threading.get_native_id())

    if step is None:
        library.rk_parallel(task, None, n, grain)
    else:
        library.rk_parallel_even(task, None, n, grain, step)
    return visits, sorted(pieces), threads


@pytest.mark.parametrize("threads", [1, 2, 3, 5, 256])
@pytest.mark.parametrize(
    "n, grain", [(1, 1), (2, 1), (7, 1), (9, 4), (100, 7), (1000, 1), (12345, 100), (5, 10), (64, 0)]
)
def test_every_index_once(kernel_library, threads, n, grain):
    kernel_library.rk_set_threads(threads)
    visits, pieces, _ = run(kernel_library, n, grain)
    assert (visits == 1).all()
    assert all(begin < end for begin, end in pieces)
    if len(pieces) > 1:
        assert all(begin % max(grain, 1) == 0 for begin, _ in pieces)
        assert len(pieces) <= 16 * threads


def meet(library):
    """Runs a job that two threads take part in; answers whether they do."""
    met, waited = threading.Barrier(2, timeout=20), set()

    @TASK
    def task(_context, _begin, _end):
        thread = threading.get_native_id()
        if thread not in waited:
            waited.add(thread)
            met.wait()

    library.rk_parallel(task, None, 64, 1)  # so many grains call the workers at once
    return not met.broken


@pytest.mark.parametrize("n, grain, step", [(25, 8, 1), (250, 80, 10), (7, 2, 1), (24, 12, 0), (2442, 16, 16)])
def test_threads_own_the_same(kernel_library, n, grain, step):
    kernel_library.rk_set_threads(2)
    for prepare in meet, lambda _: time.sleep(0.2):  # workers awake, asleep
        prepare(kernel_library)
        visits, stretches, _ = run(kernel_library, n, grain, step)
        begins = [begin for begin, _ in stretches]
        assert (visits == 1).all()
        assert len(stretches) > 3 and all(begin % max(step, 1) == 0 for begin in begins)
        assert min(abs(2 * begin - n) for begin in begins) <= 1.5 * max(step, 1)  # one begins in the middle


def test_what_is_less_than_two_grains_is_not_shared(kernel_library):
    kernel_library.rk_set_threads(4)
    assert run(kernel_library, 19, 10, 1)[1] == [(0, 19)]


def test_nothing_to_do(kernel_library):
    for n in (0, -5):
        visits, pieces, _ = run(kernel_library, max(n, 0), 1)
        assert not pieces and not visits.size


def test_small_work_stays_on_the_calling_thread(kernel_library):
    kernel_library.rk_set_threads(4)
    _, pieces, threads = run(kernel_library, 19, 10)
    assert pieces == [(0, 19)]
    assert threads == {threading.get_native_id()}


def test_workers_take_part(kernel_library):
    kernel_library.rk_set_threads(2)
    assert meet(kernel_library)


@pytest.mark.parametrize("n, seconds, count", [(2, 0, 1), (16, 0.005, 2)], ids=["little", "worth it"])
def test_sleeping_workers_are_woken_for_what_is_worth_it(kernel_library, n, seconds, count):
    kernel_library.rk_set_threads(2)
    time.sleep(0.2)
    seen = set()

    @TASK
    def task(_context, _begin, _end):
        seen.add(threading.get_native_id())
        time.sleep(seconds)

    kernel_library.rk_parallel(task, None, n, 1)
    assert len(seen) == count
    assert threading.get_native_id() in seen  # the caller works too


def test_number_of_threads_is_clamped(kernel_library):
    for wanted, got in [(1, 1), (3, 3), (0, 1), (-4, 1), (100000, 256)]:
        kernel_library.rk_set_threads(wanted)
        assert kernel_library.rk_threads() == got


def test_nested_calls_run_on_the_same_thread(kernel_library):
    kernel_library.rk_set_threads(3)
    total, wrong = [0], []
    lock = threading.Lock()

    @TASK
    def outer(_context, begin, end):
        me = threading.get_native_id()

        @TASK
        def inner(_context, first, last):
            if threading.get_native_id() != me:
                wrong.append(me)
            with lock:
                total[0] += last - first

        for _ in range(begin, end):
            kernel_library.rk_parallel(inner, None, 10, 1)

    kernel_library.rk_parallel(outer, None, 12, 1)
    assert total[0] == 120
    assert not wrong


def test_concurrent_callers(kernel_library):
    kernel_library.rk_set_threads(3)
    wrong = []

    def caller(n):
        for _ in range(40):
            visits, _, _ = run(kernel_library, n, 3)
            if not (visits == 1).all():
                wrong.append(n)

    callers = [threading.Thread(target=caller, args=(100 + i,)) for i in range(4)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    assert not wrong


def test_number_of_threads_may_change_between_jobs(kernel_library):
    for threads in (4, 1, 2, 7, 3):
        kernel_library.rk_set_threads(threads)
        assert (run(kernel_library, 500, 2)[0] == 1).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_its_own_pool(kernel_library):
    kernel_library.rk_set_threads(2)
    assert (run(kernel_library, 100, 1)[0] == 1).all()
    pid = os.fork()
    if pid == 0:
        try:
            met = threading.Barrier(2, timeout=20)
            meet = TASK(lambda _context, _begin, _end: met.wait() and None)
            kernel_library.rk_parallel(meet, None, 64, 1)
            good = not met.broken and (run(kernel_library, 100, 1)[0] == 1).all()
            os._exit(0 if good else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert (run(kernel_library, 100, 1)[0] == 1).all()


def child(code, **variables):
    """What a fresh process prints that has loaded the kernels as ``library``."""
    environment = {k: v for k, v in os.environ.items() if k not in ("RINDOW_NUM_THREADS", "OMP_NUM_THREADS")}
    # the child must find the same package and library as this process
    paths = [os.path.dirname(__file__), *(p for p in sys.path if p)]
    environment |= {"PYTHONPATH": os.pathsep.join(paths)} | variables
    code = "import conftest; library = conftest.find_library()\n" + code
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return result.stdout.strip()


def child_threads(**variables):
    return int(child("print(library.rk_threads())", **variables))


def test_default_number_of_threads(kernel_library):
    assert child_threads(RINDOW_NUM_THREADS="3", OMP_NUM_THREADS="5") == 3
    assert child_threads(OMP_NUM_THREADS="5,2") == 5
    assert child_threads(RINDOW_NUM_THREADS="many", OMP_NUM_THREADS="-1") == min(PROCESSORS, 256)


SHORTER = """
library.rk_set_threads(2)
found = []
task = conftest.TASK(lambda _context, begin, end: found.append(end - begin))

def cut(n, step):
    for _ in range(1000):  # until the worker is awake; while it sleeps pieces are alike
        found.clear()
        library.rk_parallel_even(task, None, n, 1, step)
        assert sum(found) == n
        assert max(found) <= n / 4 + 1.5 * step, found  # half of a thread's own
        if max(found) > n / 8 and min(found) <= n / 32 + step:
            return True
    return found

print([cut(*sizes) for sizes in ((2442, 16), (1221, 7), (977, 8), (640, 1))])
"""


@pytest.mark.skipif(PROCESSORS < 2, reason="workers do not wait for jobs on a single processor")
def test_stretches_become_shorter(kernel_library):
    assert child(SHORTER) == "[True, True, True, True]"


SLEEPING = """
import os, time
library.rk_set_threads(4)
task = conftest.TASK(lambda *_: None)
for _ in range(3):
    library.rk_parallel(task, None, 100, 1)

def awake():
    tasks = [t for t in os.listdir("/proc/self/task") if int(t) != os.getpid()]
    states = [open(f"/proc/self/task/{t}/stat").read().rsplit(")", 1)[1].split()[0] for t in tasks]
    return len(states) < 3 or set(states) != {"S"}

for _ in range(1000):
    if not awake():
        break
    time.sleep(0.01)
print(awake())
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="thread states are read from /proc")
def test_an_idle_pool_sleeps(kernel_library):
    assert child(SLEEPING) == "False"


WAKING = """
import os, time
library.rk_set_threads(4)
seen = set()
task = conftest.TASK(lambda *_: (time.sleep(0.001), seen.add(frozenset(os.sched_getaffinity(0)))) and None)
for _ in range(5):
    time.sleep(0.03)
    library.rk_parallel(task, None, 100, 1)
print(seen == {frozenset(os.sched_getaffinity(0))})
"""


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no affinity here")
def test_woken_workers_may_run_where_they_like(kernel_library):
    assert child(WAKING) == "True"


def test_scratch_memory_is_kept_and_aligned(kernel_library):
    scratch = kernel_library.rk_scratch
    scratch.restype, scratch.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_size_t]
    first = scratch(3, 1000)
    assert first % 64 == 0
    assert scratch(3, 900) == first
    assert scratch(2, 900) != first
    ctypes.memset(scratch(3, 5_000_000), 1, 5_000_000)
    others = []
    thread = threading.Thread(target=lambda: others.append(scratch(3, 900)))
    thread.start()
    thread.join()
    assert others[0] not in (None, scratch(3, 900))


def test_alone(kernel_library):
    kernel_library.rk_set_threads(3)
    outer = kernel_library.rk_alone_begin()
    inner = kernel_library.rk_alone_begin()
    kernel_library.rk_alone_end(inner)
    _, pieces, threads = run(kernel_library, 100, 1)
    kernel_library.rk_alone_end(outer)
    assert pieces == [(0, 100)]
    assert threads == {threading.get_native_id()}
    assert len(run(kernel_library, 100, 1)[1]) > 1
