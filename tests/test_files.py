"""A file is whole or not there."""

import hashlib
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.files import digest, remove_stale, write_bytes, write_text, write_whole, written_together


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


def test_what_a_killed_writer_left_is_removed_and_what_a_live_one_writes_stays(tmp_path):
    left = tmp_path / ".a.abcd1234.tmp"
    left.write_text("half")
    (tmp_path / ".a.tmp").write_text("a person's own")
    seen = []

    def look(temporary):
        remove_stale(tmp_path)
        seen.extend(everything(tmp_path))
        temporary.write_text("after")

    write_whole(tmp_path / "a", look)
    assert left.name not in seen
    assert len(seen) == 2
    assert everything(tmp_path) == [".a.tmp", "a"]


def test_leftovers_of_other_files_stay_where_one_name_is_meant(tmp_path):
    for name in (".a.abcd1234.tmp", ".b.abcd1234.tmp"):
        (tmp_path / name).write_text("half")
    remove_stale(tmp_path, "a")
    assert everything(tmp_path) == [".b.abcd1234.tmp"]


def test_a_folder_that_is_not_there_has_no_leftovers(tmp_path):
    remove_stale(tmp_path / "nowhere")
    assert everything(tmp_path) == []


def test_of_files_that_are_written_together_all_are_new_or_none(tmp_path):
    for name in "abc":
        write_text(tmp_path / name, "before")

    def fail_half_way():
        with written_together() as temporary_of:
            temporary_of(tmp_path / "a").write_text("after")
            temporary_of(tmp_path / "b").write_text("af")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail_half_way()
    assert {name: (tmp_path / name).read_text() for name in everything(tmp_path)} == dict.fromkeys("abc", "before")
    with written_together() as temporary_of:
        for name in "ab":
            temporary_of(tmp_path / name).write_text("after")
        assert (tmp_path / "a").read_text() == "before"
    assert [(tmp_path / name).read_text() for name in "abc"] == ["after", "after", "before"]
    assert everything(tmp_path) == ["a", "b", "c"]
