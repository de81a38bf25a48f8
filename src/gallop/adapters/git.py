"""What Git knows of a project: which code is running, and what is ignored."""

import os
import subprocess
from collections.abc import Iterable, Mapping
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


def is_inside(folder: Path) -> bool:
    """Whether a folder is in a working tree; False too where there is no Git at all."""
    return _git(folder, "rev-parse", "--is-inside-work-tree") is not None


def start(folder: Path) -> bool:
    """Make a folder a repository; returns whether it is one now."""
    return _git(folder, "init", "--quiet") is not None


def ignored_by(folder: Path, paths: Iterable[Path]) -> dict[Path, str]:
    """Of these paths, there or not, those that Git ignores: path → the rule and where it stands.

    Args:
        folder: in the working tree.
    """
    rules = {}
    for path in paths:
        listed = _git(folder, "check-ignore", "--verbose", "--no-index", str(path))
        where, _, _ = (listed or "").partition("\t")
        source, _, rest = where.partition(":")
        line, _, pattern = rest.partition(":")
        # A rule that begins with ! is why the path is not ignored.
        if pattern and not pattern.startswith("!"):
            rules[path] = f"`{pattern}` in line {line} of {source}"
    return rules


def remedy(rules: Mapping[Path, str]) -> str:
    """What to do about paths that must not be ignored, in a sentence; empty where there are none."""
    if not rules:
        return ""
    by_rule: dict[str, list[str]] = {}
    for path, rule in rules.items():
        by_rule.setdefault(rule, []).append(path.name)
    listed = "; ".join(f"{rule} makes Git ignore {', '.join(names)}" for rule, names in by_rule.items())
    names = " and ".join(f"`!{path.name}`" for path in rules)
    return f"{listed}. Take the rule out, or narrow it (a line {names} after it, where it is not about a whole folder)"


def _git(root: Path, *arguments: str) -> str | None:
    """What a command prints; None where it fails, or where there is no Git."""
    try:
        process = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return process.stdout if process.returncode == 0 else None
