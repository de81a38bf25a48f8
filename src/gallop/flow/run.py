"""`gallop run`: get the data, reproduce what changed, select, deploy. A thin wrapper over the stages' own commands."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.metadata import version

from gallop.adapters.dvc import pointer, remotes, repository
from gallop.errors import DataUnavailableError
from gallop.files import write_text
from gallop.flow import sample_files
from gallop.flow.locks import exclusive, whole_run
from gallop.flow.project import Project
from gallop.flow.selection import current_selection, run_deploy, run_model_selection
from gallop.flow.training import publish_export
from gallop.results.run import Selected
from gallop.schema import DISTRIBUTION
from gallop.stages import DVC_STAGES, EVENTS
from gallop.tables.synthetic import sample

VERSION = ".gallop-version"


@dataclass(frozen=True)
class Progress:
    """Whom to tell what goes on."""

    say: Callable[[str], None]
    on_bytes: Callable[[int, int], None]
    working: Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True)
class Outcome:
    """What a run did."""

    source: str
    """Who gave the data."""
    changed: bool
    """False where there was nothing to do."""
    selected: Selected


@exclusive
def write_sample(project: Project) -> None:
    """Write the synthetic table and its true probabilities beside the place of the raw file, never in its place.

    Raises:
        DataUnavailableError: the project's table is not the reference one, of which alone there is a sample.
        ForeignFileError: a file of that name is there, and gallop did not make it.
    """
    rows = project.settings.data.sample_rows
    if rows is None:
        raise DataUnavailableError("data.sample_rows: null, so there is no synthetic sample of this project's table")
    sample_files.write_files(project.paths, *sample(rows, project.settings.seed))


@exclusive
def pull_data(project: Project, progress: Progress) -> str:
    """Make sure that the raw file is there and as pinned; returns who gave it.

    Raises:
        DataUnavailableError: nobody could. ChecksumError: there is a file, but not the pinned one.
    """
    paths = project.paths
    if paths.raw.is_file():
        pointer.verify_raw(paths.raw)
        source = "already here"
    else:
        source = remotes.pull(
            paths.root, paths.raw, lambda name: progress.say(f"asking {name} for the raw data"), progress.on_bytes
        )
    for path in paths.beside:
        if path.is_file():
            pointer.verify_raw(path)
        else:
            remotes.pull(paths.root, path, lambda name: progress.say(f"asking {name} for raw data"), progress.on_bytes)
    # The sample was the stand-in for this file; a leftover would only confuse.
    sample_files.remove_files(paths)
    return source


def get_data(project: Project, progress: Progress, *, require: bool) -> str:
    """As `pull_data`, but go on with the sample where nobody has the file, unless it is required."""
    try:
        return pull_data(project, progress)
    except DataUnavailableError as error:
        if require or project.settings.data.sample_rows is None:
            raise
        progress.say(f"The raw data is not available. {error}")
        progress.say("Going on with a synthetic sample. Every output will say `data: sample`.")
        write_sample(project)
        return "sample"


def _say_version(project: Project) -> None:
    """Keep the file by which a generated project's stages depend on gallop, whose code is not among its files."""
    version_file = project.paths.root / VERSION
    if version_file.is_file() and version_file.read_text(encoding="utf-8").strip() != (now := version(DISTRIBUTION)):
        write_text(version_file, f"{now}\n")


def stages_of(project: Project) -> tuple[str, ...]:
    """The stages of files that the project has, in order."""
    return DVC_STAGES if project.settings.events is None else (EVENTS, *DVC_STAGES)


def run_pipeline(
    project: Project,
    progress: Progress,
    *,
    require_data: bool,
    put_in: AbstractContextManager[None] | None = None,
) -> Outcome:
    """Everything, from raw data to a deployed champion; only what changed since the last run is done again.

    Args:
        put_in: puts data in before it is looked at, and takes it back where anything fails until the candidate is
            selected. From then on the registry knows it, and a run that failed is gone on with.

    Raises:
        Any `GallopError`; a stage's failure as `StageError` with the stage's own exit code.
    """
    with whole_run(project):
        _say_version(project)
        with put_in or nullcontext():
            source = get_data(project, progress, require=require_data)
            changed = repository.reproduce(project.paths.root, stages_of(project))
            publish_export(project)
            selected = current_selection(project)
            if is_new := selected is None:
                with progress.working("model_selection: comparing the candidate with the champion"):
                    selected = run_model_selection(project)
        if is_new:
            with progress.working("deploy: putting the champion into models/deployed"):
                run_deploy(project)
    return Outcome(source, changed or is_new, selected)
