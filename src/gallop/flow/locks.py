"""Locks between the processes of one machine, by a file that the system lets go of where its holder ends.

One project, one run. A run holds the project; each of its stages, a process of its own below DVC, holds the stage lock.
A stage that somebody starts alone holds both. So a run that was killed while its stage lives on lets nobody in before
that stage has ended, too.
"""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

from gallop.errors import LockedError
from gallop.files import write_text
from gallop.flow.project import Project

RUN_VARIABLE: Final = "GALLOP_RUN"
"""The process of the run that a stage belongs to."""
_AT_ONCE_S: Final = 0.2
P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def locked(path: Path, what: str, timeout_s: float = 2.0) -> Generator[None]:
    """Hold a lock file as long as the context lasts; the system lets go of it where the process ends.

    Args:
        what: what is locked, for people.

    Raises:
        LockedError: another process holds it; its id is named.
    """
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    owner = _owner_file(path)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout:
        holder = _owner(path) or "another process"
        raise LockedError(f"{path}: {what} is in use by {holder}; wait until it has ended") from None
    try:
        owner.write_text(_me(), encoding="utf-8")
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


def _owner_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.owner")


def _owner(path: Path) -> str | None:
    """Who holds a lock file, as far as is known."""
    try:
        return _owner_file(path).read_text(encoding="utf-8") or None
    except (OSError, ValueError):
        return None


def _me() -> str:
    return f"process {os.getpid()}"


@contextmanager
def whole_run(project: Project) -> Generator[None]:
    """Hold a project for all stages of a run. Raises `LockedError` within a second."""
    run, stage = _lock_files(project)
    what = f"the project {project.paths.root}"
    with locked(run, what, _AT_ONCE_S):
        with locked(stage, what, _AT_ONCE_S):
            pass  # a stage of a run that was killed may still be at work
        os.environ[RUN_VARIABLE] = _me()
        try:
            yield
        finally:
            os.environ.pop(RUN_VARIABLE, None)


@contextmanager
def one_stage(project: Project) -> Generator[None]:
    """Hold a project for one stage, of the run that holds it or alone. Raises `LockedError` within a second."""
    run, stage = _lock_files(project)
    what = f"the project {project.paths.root}"
    ours = os.environ.get(RUN_VARIABLE)
    if ours and _owner(run) == ours:
        with locked(stage, what, _AT_ONCE_S):
            yield
    else:
        with locked(run, what, _AT_ONCE_S), locked(stage, what, _AT_ONCE_S):
            yield


def exclusive(run: Callable[Concatenate[Project, P], R]) -> Callable[Concatenate[Project, P], R]:
    """Let a stage hold its project as long as it runs, after it has cleared away what killed ones have left."""

    @wraps(run)
    def held(project: Project, *args: P.args, **kwargs: P.kwargs) -> R:
        with one_stage(project):
            project.paths.remove_leftovers()
            return run(project, *args, **kwargs)

    return held


def _lock_files(project: Project) -> tuple[Path, Path]:
    folder = project.paths.locks
    ignore = folder / ".gitignore"
    if not ignore.is_file():
        write_text(ignore, "*\n")
    return folder / "run.lock", folder / "stage.lock"
