"""DVC's repository, opened in this process: what DVC refuses comes as an error with its reason, and what helps."""

import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Generator, Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gallop.adapters import git
from gallop.errors import DvcError, FileAccessError, GallopError, StageError, StoppedError
from gallop.files import system_error

if TYPE_CHECKING:
    from dvc.repo import Repo

_INTERRUPTED = frozenset({130, -2})
"""As `gallop` ends, and as a shell does that the signal itself has ended."""


@contextmanager
def opened(root: Path, config: dict[str, Any] | None = None) -> Generator["Repo"]:
    """DVC's repository of a project, for as long as the context lasts.

    Args:
        config: adds to the project's own configuration.

    Raises:
        DvcError: DVC refuses or fails. DiskFullError, FileAccessError: the system does not let it.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    # What DVC logs as an error it raises too.
    logging.getLogger("dvc").setLevel(logging.CRITICAL)
    try:
        _mend_lock_file(root)
        # DVC takes names of stages, and tells names of files, from the current folder.
        with chdir(root), Repo(str(root), config=config) as repo:
            yield repo
    except GallopError:
        raise
    except Exception as error:
        refused = system_error(error)
        if refused is None and not _is_of_dvc(error):
            raise
        # What DVC says of a file is more than that the system does not let it be read.
        if refused is None or (isinstance(error, DvcException) and isinstance(refused, FileAccessError)):
            refused = DvcError(_sentence(root, error))
        raise refused from error


def add_raw(root: Path, raw: Path) -> None:
    """Put a raw file under DVC: its pointer beside it, and the file's name in .gitignore. Raises as `opened`."""
    with opened(root) as repo:
        repo.add([str(raw)])


def reproduce(root: Path, stages: Sequence[str]) -> bool:
    """Run the DVC stages whose inputs changed, in order; stages print for themselves.

    Returns:
        True where anything ran.

    Raises:
        StageError: with the exit code of the stage that failed. Its own message was printed already.
        StoppedError: a person stopped it. And as `opened`.
    """
    lock = root / "dvc.lock"
    before = lock.read_bytes() if lock.is_file() else b""
    try:
        with _stage_environment(), opened(root) as repo:
            # single_item leaves the pointer alone: a plain repro asks the upstream about it, and may re-pin a changed
            # file.
            repo.reproduce(list(stages), single_item=True)
    except DvcError as error:
        stage, code = _failed_stage(error)
        if stage is None:
            raise DvcError(f"dvc repro failed: {error}") from None
        if code in _INTERRUPTED:
            raise StoppedError(f"{stage} was interrupted; the outputs of the run before are as they were") from None
        if code < 0:
            raise DvcError(
                f"{stage} was ended by signal {-code}; where that is 9, the system may have been short of memory"
            ) from None
        raise StageError(f"{stage} failed; the outputs of the run before are as they were", code) from None
    return (lock.read_bytes() if lock.is_file() else b"") != before


@contextmanager
def _stage_environment() -> Generator[None]:
    """Stages find this installation's `gallop`, and print at once."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    wanted = {"PATH": path, "PYTHONUNBUFFERED": "1"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _failed_stage(error: DvcError) -> tuple[str | None, int]:
    """The stage whose command has failed, and its exit code or negative signal; None where it is DVC that failed."""
    for reason in _reasons(error):
        if ended := re.fullmatch(r"failed to run: gallop (\S+)\b.*, exited with (-?\d+)", reason):
            code = int(ended[2])
            # A shell between tells of a signal in another way.
            return ended[1], code if code < 128 or code in _INTERRUPTED else 128 - code
    return None, 0


def _mend_lock_file(root: Path) -> None:
    """Remove DVC's file of readers and writers where a process that was stopped left it cut.

    Every DVC command would fail on it. It is edited under a lock of its own; while that is held here, nobody is in the
    middle of writing, so what is not whole now never will be.
    """
    from dvc.lock import Lock, LockError

    path = root / ".dvc/tmp/rwlock"
    if not path.is_file() or _is_json(path):
        return
    try:
        with Lock(str(path.with_name("rwlock.lock"))):
            if not _is_json(path):
                path.unlink(missing_ok=True)
    except LockError:
        raise DvcError(f"{path}: damaged, and another DVC process holds it; wait until it ends, or delete it") from None


def _is_json(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_bytes()), dict)
    except FileNotFoundError:
        return True
    except ValueError:
        return False


def _is_of_dvc(error: BaseException) -> bool:
    """Whether it was raised on the way through DVC: its own command line turns whatever that is into a line, too."""
    modules = (str(frame.f_globals.get("__name__")) for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(module.startswith(("dvc.", "dvc_data.", "dvc_objects.")) for module in modules)


def innermost(error: BaseException) -> str:
    """The reason behind an error, on one line."""
    return list(_reasons(error))[-1]


def _reasons(error: BaseException) -> Iterator[str]:
    """What an error and those behind it say, the outermost first."""
    cause: BaseException | None = error
    while cause is not None:
        yield " ".join(str(cause).split()) or type(cause).__name__
        cause = cause.__cause__


def _sentence(root: Path, error: BaseException) -> str:
    """What DVC says, and which rule of which .gitignore it means."""
    from dvc.dvcfile import FileIsGitIgnored

    said = ": ".join(dict.fromkeys(_reasons(error)))
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, FileIsGitIgnored):
        cause = cause.__cause__
    if cause is None:
        return said
    name = str(cause).split("'")[1]
    return f"{said} {git.remedy(git.ignored_by(root, [root / name]))}"
