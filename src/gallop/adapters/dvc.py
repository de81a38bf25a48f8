"""The raw data and the pipeline, under DVC.

The pointer `raw.csv.dvc` pins the file by its md5, and every byte that arrives is held to it: a remote's `verify` is
forced on, and what was pulled is digested again, because DVC checks out a damaged cache object without an error.
`dvc update` is never called: it would move the pin.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gallop.errors import ChecksumError, DataUnavailableError, StageError
from gallop.files import digest, write_whole
from gallop.redaction import without_secrets

REMOTE_VARIABLE = "GALLOP_DATA_REMOTE"
FAILURE_VARIABLE = "GALLOP_FAILURE_FILE"
"""Where a command that runs inside DVC writes its name and exit code when it fails."""
_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Pin:
    """The content that a pointer pins."""

    md5: str
    size: int
    upstream: str | None


def pin(raw: Path) -> Pin | None:
    """The pin of a raw file; None where DVC does not track it. Raises `ChecksumError` where the pointer is broken."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    pointer = raw.with_name(f"{raw.name}.dvc")
    if not pointer.is_file():
        return None
    try:
        content = YAML(typ="safe", pure=True).load(pointer.read_text(encoding="utf-8"))
        out = content["outs"][0]
        source = next(iter(content.get("deps", [])), {}).get("path")
        return Pin(str(out["md5"]), int(out["size"]), source)
    except (YAMLError, KeyError, IndexError, TypeError, ValueError) as error:
        raise ChecksumError(f"{pointer}: not a DVC pointer with an md5 and a size: {error!r}") from None


def verify_raw(raw: Path) -> Pin | None:
    """Check a raw file against its pin. Raises `ChecksumError`."""
    pinned = pin(raw)
    if pinned and (md5 := digest(raw, "md5")) != pinned.md5:
        raise ChecksumError(
            f"{raw}: md5 is {md5} ({raw.stat().st_size} bytes), {raw.name}.dvc pins {pinned.md5} ({pinned.size} "
            "bytes). Move the file away and run `gallop data pull`, or, if it is the new data, `dvc add` it"
        )
    return pinned


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
        DataUnavailableError: no source has it; the message gives the answer of each.
    """
    pinned = pin(raw)
    if pinned is None:
        raise DataUnavailableError(f"{raw}: not there, and no {raw.name}.dvc says where to get it")
    failures = []
    remotes, extra = _remotes(root)
    for name in remotes:
        on_try(name)
        try:
            _pull_remote(root, raw, name, extra, pinned)
        except ChecksumError as error:
            failures.append(f"{name}: {error}")
        else:
            return name
    if pinned.upstream:
        upstream = without_secrets(pinned.upstream)
        on_try(upstream)
        try:
            _download(pinned, raw, on_bytes)
        except (OSError, ChecksumError) as error:
            failures.append(f"{upstream}: {error}")
        else:
            return upstream
    raise DataUnavailableError(
        f"{raw}: the raw data is not available. " + "; ".join(failures or ["no remote is configured"])
    )


def add_raw(root: Path, raw: Path) -> None:
    """Put a raw file under DVC: its pointer beside it, and the file's name in .gitignore.

    A folder outside Git becomes a repository of its own; where there is no Git at all, DVC works without.

    Raises:
        DataUnavailableError: DVC could not do it; the message says why.
    """
    if not _in_git(root):
        with (root / ".dvc/config").open("a", encoding="utf-8") as config:
            config.write("    no_scm = true\n")
    command = [sys.executable, "-m", "dvc", "add", "--quiet", str(raw)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DataUnavailableError(f"{raw}: DVC could not track it: {' '.join(done.stderr.split())}")


def _in_git(root: Path) -> bool:
    def git(*arguments: str) -> int:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False).returncode

    try:
        return git("rev-parse", "--is-inside-work-tree") == 0 or git("init", "--quiet") == 0
    except FileNotFoundError:
        return False


def _remotes(root: Path) -> tuple[list[str], dict[str, Any]]:
    """Names of the remotes to ask, in order, and configuration that adds to the project's own."""
    from dvc.config import Config

    settings: dict[str, dict[str, Any]] = {name: {"verify": True} for name in Config(str(root / ".dvc"))["remote"]}
    names = list(settings)
    if url := os.environ.get(REMOTE_VARIABLE):
        folder = Path(url).expanduser()
        name = REMOTE_VARIABLE.lower()
        settings[name] = {"url": str(folder.resolve()) if folder.exists() else url, "verify": True}
        names.insert(0, name)
    # Without Git (in a container, from a downloaded archive) a project can pull too.
    return names, {"core": {"no_scm": True}, "remote": settings}


def _pull_remote(root: Path, raw: Path, name: str, extra: dict, pinned: Pin) -> None:
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root), config=extra) as repo:
            cached = Path(repo.cache.local.path, pinned.md5[:2], pinned.md5[2:])
            if cached.is_file() and digest(cached, "md5") != pinned.md5:
                # A damaged cache object would be checked out as if it were whole.
                cached.chmod(0o600)
                cached.unlink()
            repo.pull(targets=[f"{raw}.dvc"], remote=name, force=True)
    except (DvcException, OSError) as error:
        raise ChecksumError(_innermost(error)) from None
    if not raw.is_file() or digest(raw, "md5") != pinned.md5:
        raw.unlink(missing_ok=True)
        raise ChecksumError("gave a file with another md5")


def _innermost(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split()) or type(error).__name__


def _download(pinned: Pin, raw: Path, on_bytes: Callable[[int, int], None]) -> None:
    import urllib.error
    import urllib.request

    def fetch(temporary: Path) -> None:
        # The scheme comes from the project's own pointer, not from data.
        with urllib.request.urlopen(str(pinned.upstream), timeout=_TIMEOUT_S) as answer, temporary.open("wb") as file:
            received = 0
            while block := answer.read(1 << 16):
                received += len(block)
                if received > pinned.size:
                    raise ChecksumError(f"sends more than the {pinned.size} bytes that are pinned")
                file.write(block)
                on_bytes(received, pinned.size)
        if (md5 := digest(temporary, "md5")) != pinned.md5:
            raise ChecksumError(f"sent {received} bytes with md5 {md5}, pinned is {pinned.md5}")

    try:
        write_whole(raw, fetch)
    except urllib.error.URLError as error:
        raise OSError(str(error.reason if hasattr(error, "reason") else error)) from None


def _dvc_errors(command: Sequence[str], root: Path) -> str:
    """Why DVC refuses a command, where no stage has failed; --quiet hides its errors too."""
    dry_run = [*(part for part in command if part != "--quiet"), "--dry"]
    output = subprocess.run(dry_run, cwd=root, capture_output=True, text=True, check=False).stderr
    errors = [line.removeprefix("ERROR: ") for line in output.splitlines() if line.startswith("ERROR: ")]
    return "; ".join(errors) or "a stage ended without an error of its own (was it killed?)"


def reproduce(root: Path, stages: Sequence[str]) -> bool:
    """Run the DVC stages whose inputs changed, in order; stages print for themselves.

    Returns:
        True where anything ran.

    Raises:
        StageError: with the exit code of the stage that failed. Its own message was printed already.
    """
    lock = root / "dvc.lock"
    before = lock.read_bytes() if lock.is_file() else b""
    # --single-item leaves the pointer alone: a plain repro asks the upstream about it, and may re-pin a changed file.
    command = [sys.executable, "-m", "dvc", "repro", "--quiet", "--single-item", *stages]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    with tempfile.TemporaryDirectory() as folder:
        # DVC ends with 255 whatever a stage ended with, so the stage writes its own exit code here.
        failure_file = Path(folder, "failure")
        environment = os.environ | {"PATH": path, "PYTHONUNBUFFERED": "1", FAILURE_VARIABLE: str(failure_file)}
        exit_code = subprocess.run(command, cwd=root, env=environment, check=False).returncode
        if exit_code and failure_file.is_file():
            stage, code = failure_file.read_text().split()
            raise StageError(f"{stage} failed; the outputs of the run before are as they were", int(code))
        if exit_code:
            raise StageError(f"dvc repro failed: {_dvc_errors(command, root)}", 26)
    return (lock.read_bytes() if lock.is_file() else b"") != before
