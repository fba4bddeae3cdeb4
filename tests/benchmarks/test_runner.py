"""The benchmark runner, with a worker that answers known figures."""

import argparse
import importlib
import io
import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
MODULES = ("scaling_rows", "run", "peers", "rows", "kernels", "kernels.table", "protocol")

FAKE = """
import os, sys
sys.path.insert(0, {benchmarks!r})
from protocol import Measurement, Worker

class Known(Measurement):
    def __init__(self, unit, values):
        super().__init__(lambda: None, unit, calls=1)
        self.values = iter(values)

    def repetition(self):
        print("what a library prints must not reach the runner")
        return next(self.values)

worker = Worker(lambda: {{"fake": "1.0", "threads": os.environ["RINDOW_BENCH_THREADS"]}})
SPEED = float(sys.argv.pop())

@worker.test("W1.tape_scalar", {column!r})
def _():
    return Known("us", [100.0, *(SPEED * v for v in (1, 2, 3, 4, 50))])  # the first is the warm-up

@worker.test("W2.function_scalar", {column!r})
def _():
    raise NotImplementedError("g.Function")

@worker.test("W3.seed_mlp_step", {column!r})
def _():
    return Known("us", [1.0, 2.0])  # a third repetition fails

@worker.test("W3.seed_mlp_fit", {column!r})
def _():
    os._exit(7)

@worker.test("W4.mnist_mlp", {column!r})
def _():
    return Known("samples/s", [1.0, *(SPEED * v for v in (10, 20, 30, 40, 50))])

worker.main()
"""


@pytest.fixture(scope="module")
def bench():
    """The benchmark modules; they are scripts beside each other, not a package."""
    sys.path.insert(0, str(BENCHMARKS))
    shadowed = {name: sys.modules.pop(name) for name in MODULES if name in sys.modules}
    try:
        yield argparse.Namespace(**{name: importlib.import_module(name) for name in MODULES if "." not in name})
    finally:
        sys.path.remove(str(BENCHMARKS))
        for name in MODULES:
            sys.modules.pop(name, None)
        sys.modules.update(shadowed)


@pytest.fixture
def fake(bench, tmp_path):
    """Makes a peer whose times (or rates) are those of FAKE times a factor."""

    def make(name, factor, **more):
        script = tmp_path / f"{name}.py"
        script.write_text(FAKE.format(benchmarks=str(BENCHMARKS), column=name))
        return bench.peers.Peer(name, (sys.executable, str(script), str(factor)), **more)

    return make


@pytest.fixture
def run(bench, monkeypatch, tmp_path, capsys):
    """Runs the runner with given peers; answers its exit status, its output and the JSON that it wrote."""

    def call(peers, *arguments, left_out=None):
        monkeypatch.setattr(bench.run, "discover", lambda: (peers, dict(left_out or {})))
        monkeypatch.setattr(bench.run, "REST_S", 0)
        target = tmp_path / "report.json"
        quick = ["--warm", "0", "--rewarm", "0", "--threads", "1", "--json", str(target)]
        status = bench.run.main([*quick, *arguments])
        return status, capsys.readouterr().out, json.loads(target.read_text())

    return call


def line_of(output, row, column, threads=1):
    (line,) = [line for line in output.splitlines() if line.split()[:3] == [row, str(threads), column]]
    return line


def test_medians_quartiles_and_ratios(fake, run):
    status, output, report = run([fake("rindow-nn", 1), fake("torch", 4)], "--rows", "W1,W4", "--reps", "5")
    assert status == 0
    tape, epoch = (entry["columns"] for entry in report["results"])
    port = tape["rindow-nn"]
    assert port["samples"] == [1, 2, 3, 4, 50]
    assert (port["q1"], port["median"], port["q3"]) == (2, 3, 4)
    # Times: a quarter of the time is four times the speed. Rates: a quarter of the rate is a quarter of it.
    assert port["ratio"] == pytest.approx(4)
    assert tape["torch"]["ratio"] == 1
    assert epoch["rindow-nn"]["median"] == 30
    assert epoch["rindow-nn"]["ratio"] == pytest.approx(0.25)
    figures = " ".join(line_of(output, "W1.tape_scalar", "rindow-nn").split()[3:])
    assert figures == "3.00 [2.00 .. 4.00] us 5 4.00"
    assert line_of(output, "W4.mnist_mlp", "torch").split()[3] == "120.0"
    assert report["versions"]["torch"] == {"fake": "1.0", "threads": "1"}
    assert report["settings"]["reps"] == 5


def test_one_table_for_every_number_of_threads(bench, fake, run, monkeypatch):
    monkeypatch.setattr(bench.run, "available_cpus", lambda: [0, 1, 2])
    _, output, report = run([fake("rindow-nn", 1)], "--rows", "W1", "--reps", "2", "--threads", "1,all")
    assert [entry["threads"] for entry in report["results"]] == [1, 3]
    assert output.count("median") == 1
    assert all("ratio" in entry["columns"]["rindow-nn"] for entry in report["results"])
    assert line_of(output, "W1.tape_scalar", "rindow-nn", threads=3).endswith(" -"), "no peer, no ratio"


def test_repetitions_are_interleaved(bench):
    asked = []

    class Recorder:
        def __init__(self, name):
            self.peer = bench.peers.Peer(name, ())

        def start(self):
            return True

        def columns(self, row):
            return [self.peer.name]

        def ask(self, request):
            asked.append((request["cmd"], self.peer.name))
            return {"ok": True, "unit": "us", "setup_s": 0.0, "value": 1.0}

    bench.run.measure("W1.tape_scalar", [Recorder("rindow-nn"), Recorder("jax")], reps=2)
    assert asked == [(cmd, name) for cmd in ("setup", "rep", "rep", "free") for name in ("rindow-nn", "jax")]


def test_what_the_port_lacks_is_a_line_and_not_a_failure(fake, run):
    status, output, report = run([fake("rindow-nn", 1)], "--rows", "W2", "--reps", "1")
    assert status == 0
    lacking, not_registered = (entry["columns"]["rindow-nn"] for entry in report["results"])
    assert lacking == {"error": "NotImplementedError: g.Function", "missing": True}
    assert not_registered == {"error": "not offered", "missing": True}
    assert "not available: NotImplementedError: g.Function" in line_of(output, "W2.function_scalar", "rindow-nn")


def test_a_failure_costs_its_row_only(fake, run):
    status, output, report = run([fake("rindow-nn", 1)], "--rows", "W3,W4", "--reps", "3")
    assert status == 1
    step, fit, epoch = (entry["columns"]["rindow-nn"] for entry in report["results"])
    assert step["error"].startswith("StopIteration")
    assert fit["error"].startswith("the worker ended with exit code 7")
    assert "failed: the worker ended" in line_of(output, "W3.seed_mlp_fit", "rindow-nn")
    assert epoch["median"] == 20, "the worker is started again for the next row"


def test_a_worker_that_does_not_answer_is_ended(bench, tmp_path):
    script = tmp_path / "silent.py"
    script.write_text("import time\ntime.sleep(60)\n")
    worker = bench.peers.WorkerProcess(bench.peers.Peer("silent", (sys.executable, str(script))), 1, limit=0.2)
    assert not worker.start()
    assert worker.problem == "no answer within 0.2 s"


def test_a_missing_peer_is_left_out_with_its_reason(bench, fake, run, tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("raise ImportError('no such library')\n")
    peers = [fake("rindow-nn", 1), bench.peers.Peer("jax", (sys.executable, str(broken)))]
    status, output, report = run(
        peers, "--rows", "W1", "--reps", "1", left_out={"torch": "RINDOW_BENCH_TORCH is not set"}
    )
    assert status == 0
    assert "torch: left out (RINDOW_BENCH_TORCH is not set)" in output
    assert report["left_out"]["jax"] == "the worker ended with exit code 1: ImportError: no such library"
    assert list(report["results"][0]["columns"]) == ["rindow-nn"]


def test_nothing_to_measure(bench, monkeypatch, capsys):
    monkeypatch.setattr(bench.run, "discover", lambda: ([], {}))
    assert bench.run.main(["--rows", "W1"]) == 2
    assert "nothing to measure" in capsys.readouterr().err


def test_peers_are_chosen_by_name(bench, fake, run):
    peers = [fake("rindow-nn", 1), fake("jax", 1)]
    _, output, report = run(peers, "--peers", "jax,torhc", "--rows", "W1", "--reps", "1")
    assert list(report["versions"]) == ["jax"]
    assert "torhc: left out (unknown name)" in output


def test_discovery(bench):
    peers, left_out = bench.peers.discover({"RINDOW_BENCH_TORCH": sys.executable, "RINDOW_BENCH_JAX": "/no/python"})
    assert peers[0].name == "rindow-nn"
    assert peers[0].command[0] == sys.executable
    assert "torch" in [peer.name for peer in peers]
    assert left_out == {
        "numpy": "RINDOW_BENCH_NUMPY is not set",
        "jax": "RINDOW_BENCH_JAX names no interpreter: /no/python",
        "onnxruntime": "RINDOW_BENCH_ONNXRUNTIME is not set",
    }
    assert all(Path(peer.command[1]).is_file() for peer in peers)


def test_onnxruntime_only_predicts(bench):
    peers, _ = bench.peers.discover({"RINDOW_BENCH_ONNXRUNTIME": sys.executable})
    (peer,) = (peer for peer in peers if peer.name == "onnxruntime")
    assert peer.takes("P4.mlp_1")
    assert not peer.takes("W4.mnist_mlp")


def test_vector_instructions_are_restricted_by_the_environment(bench, fake, run, monkeypatch):
    environ = {"XLA_FLAGS": "--given", "RINDOW_SIMD": "plain"}
    monkeypatch.setattr(bench.run, "restrict", lambda simd: bench.peers.restrict(simd, environ))
    peers = [fake("rindow-nn", 1), fake("onnxruntime", 1)]
    _, output, report = run(peers, "--simd", "avx2", "--rows", "W1", "--reps", "1")
    assert environ["RINDOW_SIMD"] == environ["ATEN_CPU_CAPABILITY"] == "avx2"
    assert environ["XLA_FLAGS"] == "--given --xla_cpu_max_isa=AVX2"
    assert report["settings"]["simd"] == "avx2"
    assert list(report["versions"]) == ["rindow-nn"]
    assert "onnxruntime: left out (its vector instructions cannot be restricted)" in output


def test_thread_setting(bench, monkeypatch):
    monkeypatch.setattr(bench.peers, "available_cpus", lambda: [0, 2, 3])
    monkeypatch.setattr(bench.peers.shutil, "which", lambda name: f"/usr/bin/{name}")
    prefix, variables = bench.peers.thread_setting(1, {"XLA_FLAGS": "--given"})
    assert prefix == ["taskset", "-c", "3"]
    assert {variables[name] for name in ("RINDOW_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")} == {"1"}
    assert variables["XLA_FLAGS"].startswith("--given --xla_cpu_multi_thread_eigen=false")
    prefix, variables = bench.peers.thread_setting(3, {})
    assert prefix == []
    assert variables["RINDOW_BENCH_THREADS"] == "3"
    assert "XLA_FLAGS" not in variables


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--rows", "W1,X9"], "no row begins with X9"),
        (["--threads", "0"], "expected numbers or 'all'"),
        (["--threads", "some"], "expected numbers or 'all'"),
        (["--reps", "0"], "invalid positive int value: '0'"),
    ],
)
def test_bad_arguments(bench, capsys, arguments, complaint):
    with pytest.raises(SystemExit):
        bench.run.main(arguments)
    assert complaint in capsys.readouterr().err


def test_inplace_columns_are_compared_among_themselves(bench):
    results = {
        "rindow-nn": {"unit": "GB/s", "median": 20.0},
        "numpy": {"unit": "GB/s", "median": 10.0},
        "rindow-nn-inplace": {"unit": "GB/s", "median": 30.0},
        "torch-inplace-keepmem": {"unit": "GB/s", "median": 60.0},
        "jax": {"error": "gone"},
    }
    found = bench.run.add_ratios(results)
    assert {c: r.get("ratio") for c, r in found.items()} == {
        "rindow-nn": 2.0,
        "numpy": 1.0,
        "rindow-nn-inplace": 0.5,
        "torch-inplace-keepmem": 1.0,
        "jax": None,
    }


def test_work_is_counted_once_for_each_array(bench):
    work = {kernel.row: kernel.work for kernel in bench.kernels.KERNELS}
    assert work["W8.add_10M"] == 120e6
    assert work["W8.adam_10M"] == 280e6
    assert work["W8.sum_10M"] == 40e6
    assert work["W8.softmax_8192x1000"] == 8 * 8192 * 1000
    assert work["W8.sgemm_1024"] == 2 * 1024**3
    assert work["W8.conv2d_fwd_3x3_stride2_64to128"] == 2 * 32 * 16 * 16 * 9 * 64 * 128
    assert work["W8.conv2d_fwd_bwd_1x1_256to64"] == 3 * 2 * 32 * 28 * 28 * 256 * 64
    assert work["W8.lstm_8x16x64"] == 3 * 16 * (2 * 8 * 64 * 256 * 2)
    assert work["W8.gather_8192x256"] == 8 * 8192 * 256
    assert work["W8.scatter_grad_8192x256"] == 4 * (50_000 * 256 + 3 * 8192 * 256)
    assert len(work) == len(bench.kernels.KERNELS), "every row has a name of its own"


def test_registering_an_unknown_kernel_is_an_error(bench):
    worker = bench.protocol.Worker(dict)
    with pytest.raises(ValueError, match="expp"):
        bench.kernels.register(worker, "numpy", {"expp": {"": lambda n: lambda: None}})


def test_measurement_units(bench, monkeypatch):
    clock = iter([0.0, 2.0] * 3)
    monkeypatch.setattr(bench.protocol.time, "perf_counter", lambda: next(clock))
    calls = []
    measurement = bench.protocol.Measurement(lambda: calls.append("call"), "us", calls=4, steps=5)
    assert measurement.repetition() == pytest.approx(2.0 / 4 / 5 * 1e6)
    assert calls == ["call"] * 4
    rate = bench.protocol.Measurement(lambda: None, "GB/s", work=6e9, calls=4)
    assert rate.repetition() == pytest.approx(12)
    samples = bench.protocol.Measurement(
        lambda: calls.append("epoch"), "samples/s", work=60, calls=1, prepare=lambda: calls.append("prepare")
    )
    assert samples.repetition() == pytest.approx(30)
    assert calls[-2:] == ["prepare", "epoch"]


def test_short_operations_are_repeated_more_often(bench):
    measurement = bench.protocol.Measurement(lambda: None)
    measurement.calibrate()
    assert 1 < measurement.calls <= bench.protocol.MOST_CALLS


def test_protocol_answers_every_line(bench):
    worker = bench.protocol.Worker(lambda: {"library": "1"})
    worker.test("R", "C")(lambda: bench.protocol.Measurement(lambda: None, calls=1, parameters=lambda: 7))
    requests = [
        {"cmd": "info"},
        {"cmd": "setup", "row": "R", "column": "C", "warm_s": 0},
        {"cmd": "rep", "row": "R", "column": "C"},
        {"cmd": "free", "row": "R", "column": "C"},
        {"cmd": "rep", "row": "R", "column": "C"},
        {"cmd": "setup", "row": "R", "column": "D"},
        {"cmd": "jump"},
        [],
        {"cmd": "quit"},
        {"cmd": "info"},
    ]
    source = io.StringIO("not json\n\n" + "".join(json.dumps(request) + "\n" for request in requests))
    sink = io.StringIO()
    worker.serve(source, sink)
    replies = [json.loads(line) for line in sink.getvalue().splitlines()]
    assert replies[0] == replies[8] == {"error": "a command is one JSON object on one line"}
    assert replies[1] == {"versions": {"library": "1"}, "tests": [["R", "C"]]}
    assert (replies[2]["ok"], replies[2]["unit"], replies[2]["params"]) == (True, "us", 7)
    assert replies[3]["value"] > 0
    assert replies[4] == {"ok": True}
    assert replies[5] == {"error": "R of C is not set up"}
    assert replies[6] == {"error": "R is not offered as D", "missing": True}
    assert replies[7] == {"error": "unknown command 'jump'"}
    assert len(replies) == 9


def test_once_takes_the_first_column_for_an_unknown_one(bench, capsys):
    worker = bench.protocol.Worker(dict)
    worker.test("R", "first")(lambda: bench.protocol.Measurement(lambda: None, "GB/s", work=1.0, calls=1))
    worker.main(["--once", "R", "other"])
    assert float(capsys.readouterr().out) > 0
    with pytest.raises(SystemExit, match="S is not offered; offered: R"):
        worker.once("S")


def test_the_worker_of_the_library_offers_every_row(bench):
    """Whatever state the library is in: nothing of it is imported before a row needs it."""
    peers, _ = bench.peers.discover({})
    worker = bench.peers.WorkerProcess(peers[0], 1, limit=60)
    try:
        assert worker.start(), worker.problem
        assert {row for row, _ in worker.tests} == {*bench.rows.ROWS, *bench.scaling_rows.SCALING}
        assert all(column.startswith("rindow-nn") for _, column in worker.tests)
    finally:
        worker.close()
