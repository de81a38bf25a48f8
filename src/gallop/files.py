"""Files that are whole or not there: written under a temporary name, flushed to disk, and renamed.

A process that is killed leaves its temporary file behind. Each is locked as long as its writer lives, so whoever comes
later can tell what is left over from what is being written, and removes it.
"""

import errno
import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gallop.errors import DiskFullError, FileAccessError, GallopError, OutOfMemoryError

_SUFFIX: Final = ".tmp"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FULL_TEXTS: Final = ("no space left on device", "disk quota exceeded", "disk is full", "file too large")
_REFUSED: Final = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY}
    | {errno.ENAMETOOLONG, errno.ELOOP, errno.EIO, errno.EBUSY, errno.ETXTBSY, errno.ENXIO, errno.ENODEV, errno.ESTALE}
    | {errno.EMFILE, errno.ENFILE, errno.EXDEV, errno.EMLINK, errno.EINVAL, errno.ENOTSUP, errno.ENOSYS}
)


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary neighbour of `path`, then rename it to `path`.

    Where anything fails on the way (a full disk, a kill), the previous file stays as it was.
    """
    with written_together() as temporary_of:
        write(temporary_of(path))


@contextmanager
def written_together() -> Generator[Callable[[Path], Path]]:
    """Write several files, all or none: each path's temporary neighbour is filled, and renamed when all are there.

    Renaming needs no room on the disk. Only a kill between two of the renames leaves some files new and some not.
    """
    files: dict[Path, tuple[int, Path]] = {}

    def temporary_of(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        files[path] = _temporary(path)
        return files[path][1]

    try:
        yield temporary_of
        for _, temporary in files.values():
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            # mkstemp makes files that only the owner reads; the result has the rights of an ordinary new file.
            temporary.chmod(0o666 & ~_umask())
        for path, (_, temporary) in files.items():
            temporary.replace(path)
    finally:
        for handle, temporary in files.values():
            temporary.unlink(missing_ok=True)
            os.close(handle)


def _temporary(path: Path) -> tuple[int, Path]:
    """A new empty neighbour of `path`, locked as long as its descriptor is open."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_SUFFIX)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)  # between the two lines above, `remove_stale` took it for a leftover


def remove_stale(folder: Path, name: str | None = None) -> None:
    """Remove the temporary files that killed processes left in a folder; those of live ones stay.

    Args:
        name: of one file, whose leftovers alone are meant; None for those of all.
    """
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if is_temporary(path.name, name) and path.is_file() and not path.is_symlink():
            _remove_unless_locked(path)


def is_temporary(name: str, of: str | None = None) -> bool:
    """Whether a file's name is that of a temporary neighbour: of the file `of`, or of any."""
    pattern = rf"\.{'.+' if of is None else re.escape(of)}\.[a-z0-9_]{{8}}{re.escape(_SUFFIX)}"
    return re.fullmatch(pattern, name) is not None


def _remove_unless_locked(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return  # gone in between, or somebody else's
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except OSError:
        pass  # its writer lives
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file whole."""
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a binary file whole."""
    write_whole(path, lambda temporary: temporary.write_bytes(content))


def digest(path: Path, algorithm: str = "sha256") -> str:
    """Hexadecimal digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def sha256_of(text: str) -> str:
    """Hexadecimal digest of a text as `write_text` writes it."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def system_error(error: BaseException) -> GallopError | None:
    """What the operating system has refused, as an error for a person; None where an error is not about that.

    Libraries wrap such errors in kinds of their own, so the causes of an error are looked through, and their texts.
    """
    for cause in _causes(error):
        if isinstance(cause, MemoryError):
            return OutOfMemoryError("not enough memory; close other programs, or use a smaller table")
        number = cause.errno if isinstance(cause, OSError) else None
        text = " ".join(str(cause).split())
        if number in _FULL or any(full in text.lower() for full in _FULL_TEXTS):
            reason = f"{_where(cause)}{_reason(cause) or text}"
            return DiskFullError(f"{reason}. Each output is whole, new or as before. Make room and run it again")
        if isinstance(cause, OSError) and number in _REFUSED and cause.filename is not None:
            return FileAccessError(f"{_where(cause)}{_reason(cause) or text}")
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: BaseException | None = error
    while waiting is not None and id(waiting) not in seen:
        seen.add(id(waiting))
        yield waiting
        waiting = waiting.__cause__ or waiting.__context__


def _where(error: BaseException) -> str:
    names = [getattr(error, name, None) for name in ("filename", "filename2")]
    known = [os.fsdecode(name) if isinstance(name, bytes) else str(name) for name in names if name is not None]
    return f"{' → '.join(known)}: " if known else ""


def _reason(error: BaseException) -> str | None:
    return (error.strerror or "").lower() or None if isinstance(error, OSError) else None
