"""Which code is running, from Git."""

import subprocess
from pathlib import Path

from gallop.results import CodeVersion

_WATCHED = ("src", "params.yaml", "dvc.yaml", "requirements.lock")


def code_version(root: Path) -> CodeVersion:
    """The commit of the project's checkout, and whether code or settings differ from it. No Git, no commit."""
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return CodeVersion(commit=None, changed=False)
    changes = _git(root, "status", "--porcelain", "--", *_WATCHED)
    return CodeVersion(commit=commit.strip(), changed=bool(changes))


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
