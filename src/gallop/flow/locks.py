"""Locks between the processes of one machine, by a file that the system lets go of where its holder ends."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from gallop.errors import LockedError


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
    owner = path.with_name(f"{path.name}.owner")
    lock = FileLock(path)
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout:
        holder = owner.read_text(encoding="utf-8") if owner.is_file() else "another process"
        raise LockedError(f"{path}: {what} is in use by {holder}; wait until it has ended") from None
    try:
        owner.write_text(f"process {os.getpid()}", encoding="utf-8")
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()
