"""Where the raw data comes from: a remote in GALLOP_DATA_REMOTE, the configured remotes, the upstream.

A file that arrives is held to its pin before it takes its place. Objects are copied from a remote, never "pulled": DVC
deletes an object from the remote where a verified pull finds it damaged, and checks out a damaged object without an
error where it does not verify.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gallop.adapters.dvc.pointer import Pin, pin, pointer_of
from gallop.adapters.dvc.repository import innermost, opened
from gallop.errors import ChecksumError, DataUnavailableError, DvcError
from gallop.files import digest, write_bytes, write_whole
from gallop.redaction import without_secrets

if TYPE_CHECKING:
    from dvc.repo import Repo

REMOTE_VARIABLE = "GALLOP_DATA_REMOTE"
_TIMEOUT_S = 20.0


def pull(root: Path, raw: Path, on_try: Callable[[str], None], on_bytes: Callable[[int, int], None]) -> str:
    """Fetch the raw file: from the remote in GALLOP_DATA_REMOTE, the configured remotes, then the upstream.

    Args:
        root: the project.
        raw: the file, beside its pointer.
        on_try: called with the name of each source before it is tried.
        on_bytes: called with bytes received and expected, for a progress bar.

    Returns:
        The source that had it.

    Raises:
        DataUnavailableError: no source has it; the message gives the answer of each. DiskFullError, FileAccessError: it
            cannot be kept here.
    """
    pinned = pin(raw)
    if pinned is None:
        raise DataUnavailableError(f"{raw}: not there, and no {raw.name}.dvc says where to get it")
    failures = []
    remotes, extra = _remotes(root)
    for name in remotes:
        on_try(name)
        try:
            _copy_from_remote(root, raw, name, extra, pinned)
        except (ChecksumError, DvcError) as error:
            failures.append(f"{name}: {error}")
        else:
            return name
    if pinned.upstream:
        upstream = without_secrets(pinned.upstream)
        on_try(upstream)
        try:
            _download(pinned, raw, on_bytes)
        except ChecksumError as error:
            failures.append(f"{upstream}: {error}")
        else:
            return upstream
    raise DataUnavailableError(
        f"{raw}: the raw data is not available, nobody could give it. "
        + "; ".join(failures or ["no remote is configured"])
    )


def _remotes(root: Path) -> tuple[list[str], dict[str, Any]]:
    """Names of the remotes to ask, in order, and configuration that adds to the project's own."""
    from dvc.config import Config
    from dvc.exceptions import DvcException

    try:
        configured = Config(str(root / ".dvc"))["remote"]
    except DvcException as error:
        raise DvcError(f"{root / '.dvc/config'}: {innermost(error)}") from None
    settings: dict[str, dict[str, Any]] = {name: {"verify": True} for name in configured}
    names = list(settings)
    if url := os.environ.get(REMOTE_VARIABLE):
        folder = Path(url).expanduser()
        name = REMOTE_VARIABLE.lower()
        settings[name] = {"url": str(folder.resolve()) if folder.exists() else url, "verify": True}
        names.insert(0, name)
    # Without Git (in a container, from a downloaded archive) a project can pull too.
    return names, {"core": {"no_scm": True}, "remote": settings}


def _copy_from_remote(root: Path, raw: Path, name: str, extra: dict, pinned: Pin) -> None:
    """Copy the object to the raw file, and into the cache, so that DVC has it too."""
    with opened(root, extra) as repo:
        if repo.cloud.get_remote(name).fs.version_aware:
            # Such a remote holds files under their own names, not objects: there is nothing that DVC would verify away.
            repo.pull(targets=[str(pointer_of(raw))], remote=name, force=True)
            if not raw.is_file() or digest(raw, "md5") != pinned.md5:
                raise ChecksumError("gave a file with another md5")
            return
        remote, cache = _object_stores(repo, raw, name)
        source = remote.oid_to_path(pinned.md5)

        def fetch(temporary: Path) -> None:
            try:
                remote.fs.get_file(source, str(temporary))
            except FileNotFoundError:
                raise ChecksumError(f"does not have {source}") from None
            if (md5 := digest(temporary, "md5")) != pinned.md5:
                raise ChecksumError(f"{source} is damaged: its md5 is {md5}; push the file there again")

        write_whole(raw, fetch)
        cached = Path(cache.oid_to_path(pinned.md5))
        if not cached.is_file() or digest(cached, "md5") != pinned.md5:
            write_bytes(cached, raw.read_bytes())
            cached.chmod(0o444)


def _object_stores(repo: "Repo", raw: Path, name: str) -> tuple[Any, Any]:
    """The remote's and the local store of objects, of the layout that the pointer's hash belongs to."""
    (out,) = repo.stage.load_one(str(pointer_of(raw))).outs
    return repo.cloud.get_remote_odb(name, "pull", hash_name=out.hash_name), out.cache


def _download(pinned: Pin, raw: Path, on_bytes: Callable[[int, int], None]) -> None:
    def fetch(temporary: Path) -> None:
        received = 0
        with temporary.open("wb") as file:
            for block in _blocks(str(pinned.upstream)):
                received += len(block)
                if received > pinned.size:
                    raise ChecksumError(f"sends more than the {pinned.size} bytes that are pinned")
                file.write(block)
                on_bytes(received, pinned.size)
        if (md5 := digest(temporary, "md5")) != pinned.md5:
            raise ChecksumError(f"sent {received} bytes with md5 {md5}, pinned is {pinned.md5}")

    write_whole(raw, fetch)


def _blocks(url: str) -> Iterator[bytes]:
    """What an address sends. Raises `ChecksumError` for any fault of the upstream; the disk's are raised elsewhere."""
    import http.client
    import urllib.error
    import urllib.request

    try:
        # The scheme comes from the project's own pointer, not from data.
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:
            while block := answer.read(1 << 16):
                yield block
    except urllib.error.URLError as error:
        raise ChecksumError(str(getattr(error, "reason", error))) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ChecksumError(str(error) or type(error).__name__) from None
