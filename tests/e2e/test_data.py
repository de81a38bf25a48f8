"""Getting the raw data: from remotes and the upstream, pinned, and damaged on the way."""

import hashlib
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.checkouts import CLOSED, Checkout

MD5 = "05663184eaf8f324162e4d1bc14be387"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A web server on a loopback port, and the folder it serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/raw_data.csv", folder
    server.shutdown()
    server.server_close()


def point_at(project: Checkout, url: str) -> None:
    pointer = project.folder / "data/raw/raw_data.csv.dvc"
    pointer.write_text(pointer.read_text().replace(CLOSED, url))


def md5(project: Checkout) -> str:
    return hashlib.md5((project.folder / "data/raw/raw_data.csv").read_bytes()).hexdigest()


def test_a_folder_remote_answers_first(fresh: Checkout, remote: str) -> None:
    fresh.environment["GALLOP_DATA_REMOTE"] = remote
    assert "gallop_data_remote" in fresh.gallop("data", "pull")
    assert md5(fresh) == MD5


def test_the_configured_remotes_are_asked_in_turn(fresh: Checkout, remote: str) -> None:
    config = fresh.folder / ".dvc/config"
    empty = fresh.folder.parent / "empty"
    remotes = f"['remote \"empty\"']\n    url = {empty}\n['remote \"team\"']\n    url = {remote}\n"
    config.write_text(config.read_text() + remotes)
    printed = fresh.gallop("data", "pull")
    assert "asking empty" in printed
    assert "data/raw/raw_data.csv: team" in printed
    assert md5(fresh) == MD5


def test_the_upstream_answers_where_no_remote_does(fresh: Checkout, shared: Path, upstream: tuple[str, Path]) -> None:
    url, folder = upstream
    shutil.copy(shared / "data/course_raw_data.csv", folder / "raw_data.csv")
    point_at(fresh, url)
    assert url in fresh.gallop("data", "pull")
    assert md5(fresh) == MD5


@pytest.mark.parametrize("damage", ["another file", "one bit", "too long"])
def test_an_upstream_that_sends_another_file_is_refused(
    fresh: Checkout, shared: Path, upstream: tuple[str, Path], damage: str
) -> None:
    url, folder = upstream
    content = bytearray((shared / "data/course_raw_data.csv").read_bytes())
    content[1000] ^= 1
    sent = {"another file": b"<html>moved</html>", "one bit": bytes(content), "too long": bytes(content) + b"more"}
    (folder / "raw_data.csv").write_bytes(sent[damage])
    point_at(fresh, url)
    printed = fresh.gallop("data", "pull", code=20)
    assert "pinned" in printed
    assert not (fresh.folder / "data/raw/raw_data.csv").exists()
    assert not list((fresh.folder / "data/raw").glob("*.tmp"))


def test_a_damaged_remote_is_passed_over_and_stays_as_it_is(fresh: Checkout, remote: str, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(remote, damaged)
    victim = damaged / "files/md5" / MD5[:2] / MD5[2:]
    content = bytearray(victim.read_bytes())
    content[1000] ^= 1
    victim.chmod(0o600)
    victim.write_bytes(bytes(content))
    fresh.environment["GALLOP_DATA_REMOTE"] = str(damaged)
    assert "gallop_data_remote" in fresh.gallop("data", "pull", code=20)
    assert not (fresh.folder / "data/raw/raw_data.csv").exists()
    # DVC's own verified pull deletes the object, which others may still want to look at or to repair.
    assert victim.read_bytes() == bytes(content)


def test_a_remote_of_the_old_layout_gives_the_data_too(fresh: Checkout, remote: str, tmp_path: Path) -> None:
    shutil.copytree(Path(remote) / "files/md5", tmp_path / "old")
    pointer = fresh.folder / "data/raw/raw_data.csv.dvc"
    pointer.write_text(pointer.read_text().replace("  hash: md5\n", ""))
    fresh.environment["GALLOP_DATA_REMOTE"] = str(tmp_path / "old")
    fresh.gallop("data", "pull")
    assert md5(fresh) == MD5


def test_a_remote_behind_a_web_server_gives_the_data_and_one_without_it_is_said(
    fresh: Checkout, remote: str, upstream: tuple[str, Path]
) -> None:
    url, folder = upstream
    fresh.environment["GALLOP_DATA_REMOTE"] = url.rsplit("/", 1)[0]
    assert "gallop_data_remote: does not have" in fresh.gallop("data", "pull", code=20)
    shutil.copytree(Path(remote) / "files", folder / "files")
    fresh.gallop("data", "pull")
    assert md5(fresh) == MD5


def test_a_damaged_cache_object_is_not_taken_for_the_data(fresh: Checkout, remote: str) -> None:
    fresh.environment["GALLOP_DATA_REMOTE"] = remote
    fresh.gallop("data", "pull")
    cached = fresh.folder / ".dvc/cache/files/md5" / MD5[:2] / MD5[2:]
    cached.chmod(0o600)
    cached.write_bytes(b"nonsense")
    (fresh.folder / "data/raw/raw_data.csv").unlink()
    fresh.gallop("data", "pull")
    assert md5(fresh) == MD5


def test_a_table_without_a_pointer_is_used_as_it_is(fresh: Checkout, shared: Path) -> None:
    shutil.copy(shared / "data/course_raw_data.csv", fresh.folder / "data/raw/raw_data.csv")
    (fresh.folder / "data/raw/raw_data.csv.dvc").unlink()
    assert "2,937 leads" in fresh.gallop("data-clean")
