"""What goes wrong outside the program ends as a sentence; what goes wrong inside keeps its traceback."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from gallop.cli.boundary import READER_GONE, sentences
from gallop.errors import DiskFullError, FileAccessError, GallopError, OutOfMemoryError, StoppedError, TrackingError

GALLOP = str(Path(sys.executable).with_name("gallop"))


def raised(error: BaseException) -> BaseException:
    """What comes out of the boundary where this goes in."""
    try:
        with sentences():
            raise error
    except BaseException as outside:  # noqa: BLE001 what comes out is what this is about
        return outside


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "models/a"),
            DiskFullError,
            "models/a: no space left on device",
        ),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), DiskFullError, "disk quota exceeded"),
        (OSError(errno.EFBIG, "File too large"), DiskFullError, "file too large"),
        (pl.exceptions.ComputeError("No space left on device (os error 28)"), DiskFullError, "No space left"),
        (PermissionError(errno.EACCES, "Permission denied", "a.csv"), FileAccessError, "a.csv: permission denied"),
        (OSError(errno.EROFS, "Read-only file system", b"a.csv"), FileAccessError, "a.csv: read-only file system"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "a", None, "b"), FileAccessError, "a → b: is a directory"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "a.csv"), FileAccessError, "a.csv: no such file"),
        (MemoryError(), OutOfMemoryError, "not enough memory"),
        (KeyboardInterrupt(), StoppedError, "interrupted"),
    ],
)
def test_a_fact_about_the_system_is_a_sentence(error: BaseException, kind: type[GallopError], words: str) -> None:
    outside = raised(error)
    assert type(outside) is kind
    assert words in str(outside)


def test_a_full_disk_is_seen_through_the_errors_around_it() -> None:
    def wrapped() -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise RuntimeError("the library could not write") from error

    with pytest.raises(DiskFullError), sentences():
        wrapped()


@pytest.mark.parametrize(
    "bug", [ValueError("a bug"), KeyError("a"), AssertionError(), OSError("no number"), RecursionError(), TypeError()]
)
def test_a_bug_keeps_its_kind_and_traceback(bug: Exception) -> None:
    assert raised(bug) is bug


def test_a_server_that_failed_for_want_of_room_here_is_a_full_disk() -> None:
    error = TrackingError("MLflow at sqlite:///mlflow.db: OperationalError: database or disk is full")
    assert type(raised(error)) is DiskFullError


def test_an_error_for_a_person_passes_as_it_is() -> None:
    error = FileAccessError("a.csv: is a folder")
    assert raised(error) is error


def run(*arguments: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run([GALLOP, *arguments], capture_output=True, text=True, check=False, **options)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_onto_a_full_disk_is_a_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [GALLOP, "settings", "--schema"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 30
    assert "no space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_reader_that_goes_away_ends_the_command_without_a_word() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [GALLOP, "settings", "--schema"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (READER_GONE, "")


def test_ctrl_c_ends_a_command_with_130_and_the_word(tmp_path: Path) -> None:
    fifo = tmp_path / "leads.csv"
    fifo.write_text("a,converted\n" + "1,1\n2,0\n" * 400_000)
    command = [GALLOP, "init", str(fifo), "--label", "converted", "--yes", "--into", str(tmp_path / "project")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said
    assert not (tmp_path / "project").exists()
