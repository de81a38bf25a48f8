"""A file is whole or not there."""

import hashlib
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.files import digest, write_bytes, write_text, write_whole


def everything(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@given(st.binary(max_size=200))
def test_what_is_written_is_there(tmp_path, content):
    write_bytes(tmp_path / "a", content)
    assert (tmp_path / "a").read_bytes() == content
    assert everything(tmp_path) == ["a"]


def test_text_is_utf_8_and_folders_are_made(tmp_path):
    write_text(tmp_path / "new" / "folder" / "a.txt", "København\n")
    assert (tmp_path / "new/folder/a.txt").read_bytes() == "København\n".encode()


def test_an_empty_file_is_written_too(tmp_path):
    write_text(tmp_path / "a", "")
    write_bytes(tmp_path / "b", b"")
    assert everything(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("error", [RuntimeError, OSError, KeyboardInterrupt])
def test_a_write_that_fails_leaves_the_previous_file_and_no_other(tmp_path, error):
    path = tmp_path / "a"
    write_text(path, "before")

    def half(temporary):
        temporary.write_text("aft")
        raise error

    with pytest.raises(error):
        write_whole(path, half)
    assert path.read_text() == "before"
    assert everything(tmp_path) == ["a"]


def test_a_write_that_removes_its_own_file_leaves_the_previous_one(tmp_path):
    path = tmp_path / "a"
    write_text(path, "before")
    with pytest.raises(FileNotFoundError):
        write_whole(path, lambda temporary: temporary.unlink())
    assert path.read_text() == "before"
    assert everything(tmp_path) == ["a"]


def test_readers_see_the_old_file_or_the_new_one(tmp_path):
    path = tmp_path / "a"
    write_text(path, "before")
    seen = []

    def slow(temporary):
        temporary.write_text("after")
        seen.append(path.read_text())

    write_whole(path, slow)
    assert (seen, path.read_text()) == (["before"], "after")


def test_an_open_reader_keeps_what_it_opened(tmp_path):
    path = tmp_path / "a"
    write_text(path, "before")
    with path.open() as reader:
        write_text(path, "after")
        assert reader.read() == "before"


def test_the_file_has_the_rights_of_an_ordinary_new_file(tmp_path):
    write_text(tmp_path / "a", "x")
    (tmp_path / "b").write_text("x")
    assert stat.S_IMODE(os.stat(tmp_path / "a").st_mode) == stat.S_IMODE(os.stat(tmp_path / "b").st_mode)


@given(st.binary(max_size=200))
def test_the_digest_is_that_of_the_bytes(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    assert digest(tmp_path / "a") == hashlib.sha256(content).hexdigest()
    assert digest(tmp_path / "a", "md5") == hashlib.md5(content).hexdigest()
