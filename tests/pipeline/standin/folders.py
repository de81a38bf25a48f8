"""Folders on this machine as Dagger sees them: a copy of what was there when it was asked for."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path


def snapshot(folder: Path, target: Path, *, gitignore: bool) -> Path:
    """Copy a folder without Git's own; with `gitignore` also without what its .gitignore files name."""
    if not gitignore:
        shutil.copytree(folder, target, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))
        return target
    for name in _not_ignored(folder):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / name, target / name, follow_symlinks=False)
    return target


def _not_ignored(folder: Path) -> list[str]:
    # An empty repository beside the folder: the rules of its .gitignore files, whether or not it is a repository.
    with tempfile.TemporaryDirectory() as repository:
        git = ["git", f"--git-dir={repository}", f"--work-tree={folder}", "-c", "core.excludesFile=/dev/null"]
        subprocess.run(["git", "init", "--quiet", "--bare", repository], check=True)
        listed = subprocess.run(
            [*git, "ls-files", "--others", "--exclude-standard", "-z"],
            check=True,
            capture_output=True,
            text=True,
            cwd=folder,
        )
    return [name for name in listed.stdout.split("\0") if name]


def only(folder: Path, names: Sequence[str], target: Path) -> Path:
    """Copy these files and folders of a folder, as far as they are there."""
    for name in names:
        if (folder / name).is_dir():
            shutil.copytree(folder / name, target / name, symlinks=True)
        elif (folder / name).exists():
            shutil.copy2(folder / name, target / name)
    return target


def export(source: Path, target: Path, *, wipe: bool) -> str:
    """Write a file or a folder to its place; `wipe` removes what was in the folder before."""
    if source.is_dir():
        if wipe:
            shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    return str(target)
