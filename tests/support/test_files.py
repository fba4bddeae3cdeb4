"""Files that are replaced as a whole, also when the writer is killed."""

import os
import stat
import subprocess
import sys

import pytest

from rindow_nn.support.files import replacing


def write(path, text):
    with replacing(path) as temporary, open(temporary, "w") as file:
        file.write(text)


def test_new_file_and_replaced_file(tmp_path):
    path = tmp_path / "x"
    write(path, "one")
    assert path.read_text() == "one"
    write(str(path), "two")
    assert path.read_text() == "two"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_old_file_stays_until_the_end_and_after_errors(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        with open(temporary, "w") as file:
            file.write("new")
        assert path.read_text() == "old"
        assert os.path.dirname(temporary) == str(tmp_path)
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_permissions_and_links_stay(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")
    path.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to("x")
    write(link, "new")
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_new_files_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "x", "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640


def test_missing_folder(tmp_path):
    with pytest.raises(OSError), replacing(tmp_path / "no" / "x"):
        pass


def test_long_names(tmp_path):
    path = tmp_path / ("n" * 255)
    write(path, "a")
    assert path.read_text() == "a"


def test_abandoned_files_go_and_others_stay(tmp_path):
    abandoned = tmp_path / ".x.0123456789abcdef.tmp"
    others = [".x.0123456789abcdeg.tmp", ".x.0123.tmp", ".y.0123456789abcdef.tmp", ".x.0123456789abcdef.tmp2", "x.tmp"]
    for name in [abandoned.name, *others]:
        (tmp_path / name).write_text("z")
    with replacing(tmp_path / "x") as outer:
        with open(outer, "w") as file:
            file.write("outer")
        write(tmp_path / "x", "inner")  # leaves the file of the running writer alone
        assert os.path.exists(outer)
    assert (tmp_path / "x").read_text() == "outer"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*others, "x"])


# ---- kills

# Forks writers that save models in a loop, kills each after a random time, and loads what it left.
KILLER = """
import os, random, signal, sys, time
from rindow_nn.builder import NeuralNetworks

path, kills = sys.argv[1], int(sys.argv[2])
nn = NeuralNetworks()
model = nn.models.Sequential([nn.layers.Dense(40, input_shape=[50], name="d"), nn.layers.Dense(9, name="e")])
model.build([1, 50])
weights = model.variables()


def save(generation):
    for weight in weights:
        weight.assign(nn.backend.fill(weight.shape(), generation))
    model.save(path)


def loaded():
    values = {x for v in nn.models.loadModel(path).variables() for x in v.value().reshape([v.size()]).toArray()}
    assert len(values) == 1, values  # of one generation, whole
    return values.pop()


save(0)
start = time.perf_counter()
for i in range(1, 9):
    save(i)
duration = (time.perf_counter() - start) / 8
rng = random.Random(17)
last, seen = 8, set()
for _ in range(kills):
    done, tell = os.pipe()
    child = os.fork()
    if child == 0:
        for generation in range(last + 1, last + 1000):
            save(generation)
            os.write(tell, b".")
        os._exit(1)
    os.close(tell)
    saves = rng.randrange(3)
    for _ in range(saves):
        os.read(done, 1)
    time.sleep(rng.random() * duration)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(done)
    assert os.WIFSIGNALED(status), status
    generation = loaded()
    assert generation >= last + saves, (generation, last, saves)  # what was saved stays, whatever came after
    seen.add(generation - last)
    last = int(generation)
save(last + 1)
print(len(os.listdir(os.path.dirname(path))), len(seen))
"""


@pytest.mark.parametrize("kills", [25, pytest.param(500, marks=pytest.mark.slow)])
def test_killed_writers_leave_the_old_or_the_new_file(tmp_path, kills):
    run = subprocess.run(
        [sys.executable, "-c", KILLER, str(tmp_path / "x.model"), str(kills)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    files, different = map(int, run.stdout.split())
    assert files == 1  # what the dead left has been removed
    assert different > 1  # they died after different numbers of saves
