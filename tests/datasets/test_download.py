"""Downloads from a real server that truncates, stalls, answers 404 and serves wrong bytes."""

import hashlib
import os

import pytest

from rindow_math.exceptions import RuntimeException
from rindow_nn.datasets.download import download

DATA = os.urandom(300_000)
MD5 = hashlib.md5(DATA).hexdigest()


@pytest.fixture
def fetch(server, tmp_path):
    server.files["a/file.gz"] = server.files["b/file.gz"] = DATA
    said = []

    def fetch(*mirrors, md5=MD5):
        target = tmp_path / "deep" / "file.gz"
        download([f"{server.url}{m}/file.gz" for m in mirrors], target, md5, said.append, timeout=0.3)
        assert target.read_bytes() == DATA
        assert [p.name for p in target.parent.iterdir()] == ["file.gz"]

    fetch.said = said
    fetch.part = tmp_path / "deep" / "file.gz.part"
    return fetch


def test_whole(server, fetch):
    fetch("a")
    assert fetch.said == ["Downloading file.gz ... ", "Done\n"]
    assert server.requests == [("a/file.gz", None)]


@pytest.mark.parametrize("way", ["truncated", "stalled"])
def test_continues_what_broke_off(server, fetch, way):
    server.behaviour["a/file.gz"] = [way, way]
    fetch("a")
    starts = [asked for _, asked in server.requests]
    assert starts == [None, "bytes=150000-", "bytes=225000-"]


def test_continues_what_an_earlier_run_left(server, fetch):
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(DATA[:1000])
    fetch("a")
    assert server.requests == [("a/file.gz", "bytes=1000-")]


def test_a_server_that_cannot_continue_begins_anew(server, fetch):
    server.ranges = False
    server.behaviour["a/file.gz"] = ["truncated"]
    fetch("a")
    assert len(server.requests) == 2


def test_starts_again_where_the_left_part_is_of_another_file(server, fetch):
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(b"x" * 1000)
    fetch("a")
    assert [asked for _, asked in server.requests] == ["bytes=1000-", None]


def test_starts_again_where_the_left_part_is_too_long(server, fetch):
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(b"x" * len(DATA))
    fetch("a")
    assert [asked for _, asked in server.requests] == ["bytes=300000-", None]


@pytest.mark.parametrize("way", ["missing", "wrong"])
def test_takes_the_next_mirror(server, fetch, way):
    server.behaviour["a/file.gz"] = [way]
    fetch("a", "b")
    assert [name for name, _ in server.requests] == ["a/file.gz", "b/file.gz"]
    assert "failed\n" in fetch.said


def test_without_a_checksum_nothing_left_is_continued(server, fetch):
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(b"x" * 10)
    fetch("a", md5=None)
    assert server.requests == [("a/file.gz", None)]


def test_names_every_reason_and_the_place_for_the_file(server, fetch, tmp_path):
    server.behaviour["a/file.gz"] = ["missing"]
    server.behaviour["b/file.gz"] = ["wrong"]
    with pytest.raises(RuntimeException) as e:
        fetch("a", "b")
    message = str(e.value)
    assert f"{server.url}a/file.gz: HTTP 404" in message
    assert f"{server.url}b/file.gz: the file's MD5 is" in message and MD5 in message
    assert f"put it at {tmp_path / 'deep' / 'file.gz'}" in message
    assert not list((tmp_path / "deep").iterdir())


def test_a_server_that_brings_nothing_more_is_given_up(server, fetch):
    server.files["a/file.gz"] = DATA[:1]
    server.behaviour["a/file.gz"] = ["truncated"] * 20
    with pytest.raises(RuntimeException, match="ended after 0 of 1 bytes"):
        fetch("a")
    assert len(server.requests) == 3


def test_no_network(tmp_path):
    with pytest.raises(RuntimeException, match="Connection refused") as e:
        download(["http://127.0.0.1:9/x"], tmp_path / "x", None, lambda message: None, timeout=1)
    assert f"put it at {tmp_path / 'x'}" in str(e.value)


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RuntimeException, match="cannot make the folder"):
        download([], tmp_path / "file" / "x")
