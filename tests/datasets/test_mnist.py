"""Mnist, FashionMnist and Cifar10 from files, records and a server."""

import gzip
import hashlib
import io
import struct
import tarfile

import numpy as np
import pytest

from rindow_math.exceptions import LogicException, RuntimeException
from rindow_math.matrix import MatrixOperator, NDArray
from rindow_nn.builder import NeuralNetworks
from rindow_nn.datasets import Cifar10, FashionMnist, Mnist

mo = MatrixOperator()
FILES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RINDOW_NEURALNETWORKS_DATASETS", str(tmp_path))
    return tmp_path


def idx(values):
    kind = 2051 if values.ndim == 3 else 2049
    return struct.pack(f">{1 + values.ndim}I", kind, *values.shape) + values.tobytes()


def contents(train=5, test=3):
    rng = np.random.default_rng(1)
    made = []
    for count in (train, test):
        made.append(rng.integers(0, 256, (count, 28, 28), np.uint8))
        made.append(rng.integers(0, 10, count, np.uint8))
    return made


def write(folder, arrays, packed=True):
    folder.mkdir(exist_ok=True)
    for name, values in zip(FILES, arrays):
        data = idx(values)
        (folder / (name + ".gz" * packed)).write_bytes(gzip.compress(data) if packed else data)


def quiet(cls):
    dataset = cls(mo)
    dataset.mirrors = ()
    dataset.systemFolders = ()
    dataset.said = []
    dataset.console = dataset.said.append
    return dataset


def check(loaded, arrays):
    (train_img, train_label), (test_img, test_label) = loaded
    for img, label, values, labels in ((train_img, train_label, *arrays[:2]), (test_img, test_label, *arrays[2:])):
        assert (img.dtype(), label.dtype()) == (NDArray.float32, NDArray.uint8)
        np.testing.assert_array_equal(np.asarray(img), values[:, None].astype(np.float32))
        np.testing.assert_array_equal(np.asarray(label), labels)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(("cls", "name"), [(Mnist, "mnist"), (FashionMnist, "fashion-mnist")])
def test_files_that_are_there(folder, cls, name, packed):
    arrays = contents()
    write(folder / name, arrays, packed)
    dataset = quiet(cls)
    assert dataset.datasetDir() == str(folder / name)
    check(dataset.loadData(), arrays)
    assert any("Creating pickle" in said for said in dataset.said)
    for file in FILES:
        (folder / name / (file + ".gz" * packed)).unlink()
    again = quiet(cls)
    check(again.loadData(), arrays)
    assert again.said == ["Loading pickle file ...", "Done!\n"]
    again.cleanPickle()
    assert not list((folder / name).iterdir())
    again.cleanPickle()


def test_the_record_is_the_originals(folder):
    """A dict of arrays under the original's keys, in PHP's format."""
    write(folder / "mnist", contents())
    quiet(Mnist).loadData()
    data = (folder / "mnist" / "mnist.pkl").read_bytes()
    assert list(mo.unserializeArray(data)) == ["train_images", "train_labels", "test_images", "test_labels"]


def test_files_of_the_system(folder, tmp_path_factory):
    system = tmp_path_factory.mktemp("system")
    arrays = contents()
    write(system, arrays)
    dataset = quiet(FashionMnist)
    dataset.systemFolders = (system,)
    check(dataset.loadData(), arrays)
    assert [p.name for p in (folder / "fashion-mnist").iterdir()] == ["mnist.pkl"]


def test_download(folder, server):
    arrays = contents()
    for name, values in zip(FILES, arrays):
        server.files[f"{name}.gz"] = gzip.compress(idx(values))
    dataset = quiet(Mnist)
    dataset.mirrors = (server.url,)
    dataset.md5 = {name: hashlib.md5(data).hexdigest() for name, data in server.files.items()}
    check(dataset.loadData(), arrays)
    assert len(server.requests) == 4
    dataset.downloadFiles()
    assert len(server.requests) == 4


def test_offline_says_which_file_to_put_where(folder):
    with pytest.raises(RuntimeException) as e:
        quiet(Mnist).loadData()
    assert f"put it at {folder / 'mnist' / 'train-images-idx3-ubyte.gz'}" in str(e.value)


def damage(how, data):
    return {
        "half": data[: len(data) // 2],
        "empty": b"",
        "not gzip": b"<html>not found</html>",
        "other kind": gzip.compress(b"\0\0\x0c\x03" + bytes(12)),
        "short": gzip.compress(gzip.decompress(data)[:-1]),
        "long": gzip.compress(gzip.decompress(data) + b"x"),
        "other size": gzip.compress(idx(np.zeros((5, 20, 28), np.uint8))),
        "flipped": data[:40] + bytes([data[40] ^ 255]) + data[41:],
    }[how]


@pytest.mark.parametrize("how", ["half", "empty", "not gzip", "other kind", "short", "long", "other size", "flipped"])
def test_damaged_files_are_named_and_leave_no_record(folder, how):
    write(folder / "mnist", contents())
    path = folder / "mnist" / "train-images-idx3-ubyte.gz"
    path.write_bytes(damage(how, path.read_bytes()))
    with pytest.raises(RuntimeException, match=str(path)):
        quiet(Mnist).loadData()
    assert not (folder / "mnist" / "mnist.pkl").exists()


def test_as_many_labels_as_images(folder):
    arrays = contents()
    arrays[1] = arrays[1][:-1]
    write(folder / "mnist", arrays)
    with pytest.raises(RuntimeException, match=r"5 images in .*train-images.*but 4 labels"):
        quiet(Mnist).loadData()


@pytest.mark.parametrize("data", [b"", b"a:0:{}", b"nonsense"])
def test_damaged_records_are_named(folder, data):
    write(folder / "mnist", contents())
    path = folder / "mnist" / "mnist.pkl"
    path.write_bytes(data)
    with pytest.raises(RuntimeException, match=str(path)):
        quiet(Mnist).loadData()
    assert path.read_bytes() == data


def test_half_a_record(folder):
    write(folder / "mnist", contents())
    quiet(Mnist).loadData()
    path = folder / "mnist" / "mnist.pkl"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(RuntimeException, match="probably broken"):
        quiet(Mnist).loadData()


def test_made_once():
    datasets = NeuralNetworks(mo).datasets()
    assert datasets.mnist() is datasets.mnist()
    assert isinstance(datasets.fashionMnist(), FashionMnist)
    assert isinstance(datasets.cifar10(), Cifar10)


# ---------------------------------------------------------------- CIFAR-10


NAMES = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]


def cifar_rows(seed, count=4):
    return np.random.default_rng(seed).integers(0, 256, (count, 3073), np.uint8)


def cifar_archive():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for seed, name in enumerate(NAMES):
            data = cifar_rows(seed).tobytes()
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def check_cifar(loaded):
    train, test = loaded
    assert (len(train), len(test)) == (5, 1)
    for _ in range(2):  # it can be gone through again
        seen = [*train, *test]
        assert len(seen) == 6
        for seed, (images, labels) in enumerate(seen):
            rows = cifar_rows(seed)
            assert images.shape() == [4, 32, 32, 3] and images.dtype() == labels.dtype() == NDArray.uint8
            np.testing.assert_array_equal(np.asarray(labels), rows[:, 0])
            np.testing.assert_array_equal(np.asarray(images)[:, 5, 7, 1], rows[:, 1 + 1024 + 5 * 32 + 7])


def test_cifar_from_a_server(folder, server):
    server.files["cifar-10-binary.tar.gz"] = cifar_archive()
    dataset = quiet(Cifar10)
    dataset.mirrors = (server.url,)
    dataset.md5 = {}
    check_cifar(dataset.loadData())
    for path in (folder / "cifar-10-batches-bin").glob("*.bin"):
        path.unlink()
    check_cifar(quiet(Cifar10).loadData())
    dataset.cleanPickle()
    assert [p.name for p in (folder / "cifar-10-batches-bin").iterdir()] == ["cifar-10-binary.tar.gz"]


def test_cifar_from_unpacked_files(folder):
    (folder / "cifar-10-batches-bin").mkdir()
    for seed, name in enumerate(NAMES):
        (folder / "cifar-10-batches-bin" / name).write_bytes(cifar_rows(seed).tobytes())
    check_cifar(quiet(Cifar10).loadData())


@pytest.mark.parametrize("data", [b"", b"nonsense", cifar_archive()[:3000]])
def test_damaged_archives_are_named(folder, data):
    path = folder / "cifar-10-batches-bin" / "cifar-10-binary.tar.gz"
    path.parent.mkdir()
    path.write_bytes(data)
    with pytest.raises(RuntimeException, match=str(path)):
        quiet(Cifar10).loadData()


def test_a_cifar_file_that_is_cut(folder):
    (folder / "cifar-10-batches-bin").mkdir()
    for seed, name in enumerate(NAMES):
        (folder / "cifar-10-batches-bin" / name).write_bytes(cifar_rows(seed).tobytes()[: 12000 if seed == 5 else None])
    with pytest.raises(RuntimeException, match=r"test_batch\.bin is probably broken.*12000 bytes"):
        quiet(Cifar10).loadData()
    assert not (folder / "cifar-10-batches-bin" / "test_batch_labels.pkl").exists()


def test_a_record_that_is_gone(folder):
    (folder / "cifar-10-batches-bin").mkdir()
    for seed, name in enumerate(NAMES):
        (folder / "cifar-10-batches-bin" / name).write_bytes(cifar_rows(seed).tobytes())
    train, _ = quiet(Cifar10).loadData()
    (folder / "cifar-10-batches-bin" / "data_batch_1_images.pkl").unlink()
    with pytest.raises(LogicException, match=r"read error: .*data_batch_1_images"):
        list(train)
