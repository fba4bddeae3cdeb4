"""``python -m rindow_nn``."""

import subprocess
import sys

import pytest

import rindow_nn.__main__ as command


def test_info(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("RINDOW_NEURALNETWORKS_DATASETS", str(tmp_path / "none"))
    assert command.main(["info"]) == 0
    said = capsys.readouterr().out
    for word in ("rindow-nn ", "SIMD", "Threads", "LAPACK Driver", "numpy", "matplotlib", "(does not exist yet)"):
        assert word in said
    assert f"RINDOW_NEURALNETWORKS_DATASETS={tmp_path / 'none'}" in said


def test_bench(capsys, monkeypatch):
    monkeypatch.setattr(command, "_SECONDS", 0.0)
    assert command.main(["bench"]) == 0
    said = capsys.readouterr().out
    assert said.count("GFLOP/s") == 1 and said.count("samples/s") == 3 and said.count("GB/s") == 2


def test_usage():
    with pytest.raises(SystemExit) as e:
        command.main(["nonsense"])
    assert e.value.code == 2
    done = subprocess.run([sys.executable, "-m", "rindow_nn", "info"], capture_output=True, text=True, check=True)
    assert "SIMD" in done.stdout
