"""Which code is running, from Git."""

import os
import subprocess
from pathlib import Path

from gallop.results.run import CodeVersion

_WATCHED_PATHS = ("src", "params.yaml", "dvc.yaml", "requirements.lock")


def code_version(root: Path) -> CodeVersion:
    """The commit of the project's checkout, and whether code or settings differ from it.

    Where there is no Git, in a container say, `GALLOP_COMMIT` names it as `git describe --always --dirty` does.
    """
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        described = os.environ.get("GALLOP_COMMIT") or None
        return CodeVersion(
            commit=described and described.removesuffix("-dirty"),
            changed=bool(described and described.endswith("-dirty")),
        )
    changes = _git(root, "status", "--porcelain", "--", *_WATCHED_PATHS)
    return CodeVersion(commit=commit.strip(), changed=bool(changes))


def _git(root: Path, *arguments: str) -> str | None:
    try:
        process = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return process.stdout if process.returncode == 0 else None
