"""Putting the files of a new project into a folder that may have files of its own.

What is there is never replaced: a file that the project cannot do without stops everything before anything is written;
any other stays, and gallop's own comes beside it under another name. What fails on the way is taken back.
"""

import shutil
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gallop.adapters import git
from gallop.adapters.wheel import LOCK, REQUIREMENTS
from gallop.errors import DvcError, ForeignFileError, SettingsError
from gallop.files import digest, write_whole
from gallop.flow.project import PARAMS

_NEEDED: Final = (PARAMS, "dvc.yaml", ".gallop-version")
"""Files that must be gallop's own."""
_IGNORING: Final = {
    "models": "*\n!.gitignore\n!.gitkeep\n",
    "reports": "*\n!.gitignore\n!metrics.json\n!plots/\n!plots/*\n",
}
"""Folder → what Git ignores in it, where the .gitignore above is a person's own."""


@dataclass(frozen=True)
class Plan:
    """What goes where, decided before anything is written."""

    into: Path
    files: dict[str, Path]
    """Name in the project → the file to copy."""
    texts: dict[str, str]
    """Name in the project → the content of a file that has no source."""
    left_alone: dict[str, str]
    """Name of a file that was there and stays → name of gallop's own beside it."""


@dataclass
class WrittenFiles:
    """What has been written, to be taken back where something fails."""

    paths: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)

    def take_back(self) -> None:
        """Remove all of it, and the folders that were made for it where nothing else is in them."""
        for path in reversed(self.paths):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        for folder in reversed(self.folders):
            with suppress(OSError):
                folder.rmdir()


def plan(rendered: Path, tables: Mapping[str, Path], into: Path) -> Plan:
    """Decide what becomes of each file of a new project.

    Args:
        rendered: the folder with the template's files.
        tables: name in the project → the raw table.

    Raises:
        SettingsError: there is a project already. ForeignFileError: a file that the project needs is there and is not
            gallop's. DvcError: Git ignores what DVC keeps there. Nothing has been written.
    """
    if (into / PARAMS).exists():
        raise SettingsError(f"{into / PARAMS}: there is a project already; choose another folder with --into")
    names = sorted(str(path.relative_to(rendered)) for path in rendered.rglob("*") if path.is_file())
    files = {name: rendered / name for name in names}
    _require_free(into, {name: path for name, path in files.items() if name in _NEEDED})
    _require_kept(into, tables)
    if LOCK in files and _is_in_the_way(into / LOCK, files[LOCK]):
        requirements = rendered / REQUIREMENTS
        requirements.write_text(requirements.read_text(encoding="utf-8").replace(LOCK, _beside(LOCK)), encoding="utf-8")
    texts: dict[str, str] = {}
    left_alone = {}
    for name in names:
        if not _is_in_the_way(into / name, files[name]):
            continue
        own = files.pop(name)
        if name.startswith(".dvc/"):
            continue  # DVC is at home here already; its settings are a person's own
        beside = _beside(name)
        left_alone[name] = beside
        if name == ".gitignore":
            texts |= {f"{folder}/.gitignore": text for folder, text in _IGNORING.items()}
        if not (into / beside).exists():
            files[beside] = own
    coming = {name: path for name, path in tables.items() if (into / name).resolve() != path.resolve()}
    _require_free(into, coming)
    files |= coming
    texts = {name: text for name, text in texts.items() if not (into / name).exists()}
    # The settings last: a folder with settings is a project, and whole.
    files[PARAMS] = files.pop(PARAMS)
    return Plan(into, files, texts, left_alone)


@contextmanager
def placed_files(wanted: Plan) -> Generator[WrittenFiles]:
    """Write all files but the settings, let the caller do the rest, then write these; or leave nothing."""
    written = WrittenFiles()
    try:
        _make_folder(wanted.into, written)
        for name, source in wanted.files.items():
            if name != PARAMS:
                _copy(source, wanted.into / name, written)
        for name, text in wanted.texts.items():
            _make_folder((wanted.into / name).parent, written)
            written.paths.append(wanted.into / name)
            write_whole(wanted.into / name, lambda temporary, text=text: temporary.write_text(text, encoding="utf-8"))
        yield written
        _copy(wanted.files[PARAMS], wanted.into / PARAMS, written)
    except BaseException:
        written.take_back()
        raise


def _copy(source: Path, target: Path, written: WrittenFiles) -> None:
    if target.exists():
        return  # the same already, left by an `init` that was killed
    _make_folder(target.parent, written)
    written.paths.append(target)
    write_whole(target, lambda temporary: shutil.copyfile(source, temporary))
    if source.stat().st_mode & 0o100:
        target.chmod(target.stat().st_mode | 0o111)


def _make_folder(folder: Path, written: WrittenFiles) -> None:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        written.folders.append(path)


def _is_in_the_way(path: Path, source: Path) -> bool:
    if not (path.exists() or path.is_symlink()):
        return False
    return not path.is_file() or digest(path) != digest(source)


def _require_free(into: Path, files: dict[str, Path]) -> None:
    if taken := [name for name, source in files.items() if _is_in_the_way(into / name, source)]:
        raise ForeignFileError(
            f"{into}: has {', '.join(taken)} already, not made by gallop, and a project needs its own. Nothing was "
            "written; choose another folder with --into"
        )


def _require_kept(into: Path, tables: Iterable[str]) -> None:
    """Git must not ignore what DVC keeps in it. Raises `DvcError`, which names the rule."""
    there = into
    while not there.is_dir():
        there = there.parent
    if not git.is_inside(there):
        return
    kept = [into / name for name in (*(f"{name}.dvc" for name in tables), "dvc.yaml", "dvc.lock", PARAMS)]
    if rules := git.ignored_by(there, kept):
        raise DvcError(f"{into}: {git.remedy(rules)}; or choose another folder with --into. Nothing was written")


def _beside(name: str) -> str:
    """The name under which gallop's own file comes beside a person's: README.gallop.md, Makefile.gallop."""
    path = Path(name)
    stem, suffix = (path.name, "") if path.name.startswith(".") else (path.stem, path.suffix)
    return str(path.with_name(f"{stem}.gallop{suffix}"))


def file_names(written: Iterable[Path], into: Path) -> tuple[str, ...]:
    """The names of files as a person is told them."""
    names = sorted(str(path.relative_to(into)) for path in written if path.is_file())
    return tuple(name for name in names if not name.startswith((".dvc/cache", ".dvc/tmp")))
