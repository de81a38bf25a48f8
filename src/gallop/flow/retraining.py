"""`gallop retrain`: a run on new raw data; where it fails, the data and the outputs before are there again."""

import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from gallop.adapters.dvc import pointer
from gallop.adapters.dvc.repository import add_raw
from gallop.adapters.tables.batches import TextBatches
from gallop.artifacts.bundle import MANIFEST
from gallop.errors import DataUnavailableError, MissingColumnError, SettingsError
from gallop.files import write_whole
from gallop.flow.project import Project, ProjectPaths
from gallop.flow.run import Outcome, Progress, run_pipeline
from gallop.schema import Role
from gallop.tables.header import require_header


def run_retrain(project: Project, progress: Progress, data: Path | None) -> Outcome:
    """A run, on a new table in place of the raw file or on the raw file as it is.

    Args:
        data: the whole new table, written as the raw one is; None to leave the raw file alone.

    Raises:
        SettingsError, DataUnavailableError, MissingColumnError: the new table cannot take the raw file's place, and
            what reading its header raises. ChecksumError: the raw file is not the pinned one, so its version would be
            lost. And as `run_pipeline`. The raw file, its pointer and all outputs are as before then, unless the
            candidate was selected already.
    """
    put_in = nullcontext() if data is None else _replaced_raw(project, progress, data)
    return run_pipeline(project, progress, require_data=False, put_in=put_in)


@contextmanager
def _replaced_raw(project: Project, progress: Progress, new: Path) -> Generator[None]:
    """The new table is the raw file, and pinned, from here on; the old one again where the context fails."""
    paths = project.paths
    _require_alike(project, new)
    if is_there := paths.raw.is_file():
        pointer.verify_raw(paths.raw)
    before = pointer.pin(paths.raw)
    with _as_before_on_failure(paths, progress):
        if is_there:
            add_raw(paths.root, paths.raw)  # so that the version that goes is in DVC's cache
        write_whole(paths.raw, lambda temporary: shutil.copyfile(new, temporary))
        add_raw(paths.root, paths.raw)
        progress.say(f"{project.settings.data.raw}: {_md5(pointer.pin(paths.raw))} now, {_md5(before)} before")
        yield


def _md5(pinned: pointer.Pin | None) -> str:
    return f"md5 {pinned.md5}" if pinned else "not tracked"


def _require_alike(project: Project, new: Path) -> None:
    raw, table = project.paths.raw, project.settings.table
    if project.settings.events is not None:
        raise SettingsError(
            f"--data {new}: {project.settings.data.raw} is a log of events, and --data is for tables of leads; put the "
            "new log in its place, `dvc add` it, and call `gallop retrain` without --data"
        )
    if not new.is_file():
        raise DataUnavailableError(f"--data {new}: no such file; accepted is one file with the whole new table")
    if raw.exists() and new.samefile(raw):
        raise SettingsError(f"--data {new}: is the raw file itself; accepted is a file beside it that takes its place")
    if new.suffix.lower() != raw.suffix.lower():
        raise SettingsError(
            f"--data {new}: takes the place of {project.settings.data.raw}, so it has to end in {raw.suffix!r}, too"
        )
    columns = TextBatches(new, table.format).columns
    require_header(columns, [*table.columns], str(new))
    if lacking := [name for name in table.without_role(Role.IGNORE) if name not in columns]:
        raise MissingColumnError(
            f"--data {new}: no column {', '.join(map(repr, lacking))}; the table needs what params.yaml names "
            "under table.columns"
        )


@contextmanager
def _as_before_on_failure(paths: ProjectPaths, progress: Progress) -> Generator[None]:
    """Keep what a run replaces, and put it back where the context fails."""
    folder = paths.locks / "before_retrain"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    kept = {path: folder / str(number) for number, path in enumerate(_replaced_by_a_run(paths))}
    # gallop writes tables by renaming, so a second name for the old one is enough. DVC writes its files in place.
    linked = {paths.raw, paths.decisions, paths.leads, paths.features, paths.split}
    for path, copy in kept.items():
        _keep(path, copy, _link if path in linked else _copy)
    try:
        yield
    except BaseException:
        was_trained = _manifest(paths.candidate) != _manifest(kept[paths.candidate])
        for path, copy in kept.items():
            _put_back(path, copy)
        if was_trained:
            # The registry may know the new candidate, or have promoted it: the next run asks it again.
            paths.selection.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        progress.say("The raw data, its pointer and the outputs are as they were before.")
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _replaced_by_a_run(paths: ProjectPaths) -> tuple[Path, ...]:
    raw = (paths.raw, pointer.pointer_of(paths.raw), paths.raw.with_name(".gitignore"))
    sample = (paths.sample, paths.truth, paths.sample_digests)
    data = (paths.decisions, paths.leads, paths.features, paths.split)
    models = (paths.candidate, paths.export, paths.card)
    reports = (paths.metrics, paths.plots, paths.report)
    return (*raw, *sample, paths.root / "dvc.lock", *data, *models, *reports)


def _manifest(bundle: Path) -> bytes | None:
    path = bundle / MANIFEST
    return path.read_bytes() if path.is_file() else None


def _keep(path: Path, copy: Path, file_by: Callable[[str | Path, str | Path], object]) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.copytree(path, copy, symlinks=True, copy_function=file_by)
    elif path.is_file() or path.is_symlink():
        file_by(path, copy)


def _link(source: str | Path, target: str | Path) -> None:
    """A second name for a file; a copy where the file system has no such names."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        _copy(source, target)


def _copy(source: str | Path, target: str | Path) -> None:
    shutil.copy2(source, target, follow_symlinks=False)


def _put_back(path: Path, copy: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if copy.exists() or copy.is_symlink():
        shutil.move(copy, path)
