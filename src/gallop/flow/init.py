"""`gallop init`: from any table to a project of its own."""

import json
import re
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import narwhals.stable.v2 as nw

from gallop.adapters import copier, git, wheel
from gallop.adapters.dvc.pointer import pointer_of
from gallop.adapters.dvc.repository import add_raw
from gallop.adapters.tables.polars import read_text
from gallop.errors import EmptyTableError, GallopError, SettingsError
from gallop.files import digest, write_bytes
from gallop.flow import placing
from gallop.flow.project import PARAMS, Project
from gallop.profiling.event_proposal import EventProposal
from gallop.profiling.proposal import InitOptions, Leak, Proposal, propose
from gallop.schema import DISTRIBUTION, ROW
from gallop.settings.params import Settings, load_settings
from gallop.settings.table import Format
from gallop.tables.header import require_header

_ROUNDS = 8


@dataclass(frozen=True)
class Source:
    """Where the table comes from, and how it is read."""

    path: Path
    """The table as a file: the one given, or a copy of a database's table."""
    form: Format
    origin: str
    """For people: what the raw file is a copy of."""
    read_as: str
    """For people: kind and format."""
    remarks: tuple[str, ...]
    """For people: what was left out or chosen in reading."""


AnyProposal = Proposal | EventProposal
SomeProposal = TypeVar("SomeProposal", Proposal, EventProposal)


@dataclass(frozen=True)
class Made:
    """What `init` made."""

    project: Project
    proposal: AnyProposal
    files: tuple[str, ...]
    left_alone: dict[str, str]
    """Name of a file that was there and stays as it is → name of gallop's own beside it."""


def look(source: Source, asked: InitOptions) -> Proposal:
    """Read a table and propose a project for it. Raises what reading and `propose` raise."""
    raw = read_text(source.path, source.form)
    columns = {name: raw[name].to_list() for name in raw.columns if name != ROW}
    require_header(columns, [asked.label], str(source.path))
    return propose(columns, asked, str(source.path))


@contextmanager
def source(table: str, sheet: str | None = None) -> Generator[Source]:
    """The table at a path or URL, as a file for as long as the context lasts.

    Args:
        sheet: of an Excel file; None for the first one with cells.

    Raises:
        DataUnavailableError, MalformedTableError, EmptyTableError, SettingsError, MissingLibraryError.
    """
    from gallop.adapters.tables import parquet, postgres, remote
    from gallop.adapters.tables.csv_format import detect

    with tempfile.TemporaryDirectory() as folder:
        path, named, origin = Path(table), table, ""
        if postgres.is_database(table):
            of_database = postgres.parse_table_url(table)
            path, named = Path(folder, f"{_plain(of_database.table)}.csv"), str(of_database)
            origin = f"a copy of {named}, {postgres.snapshot(of_database, path):,} rows"
        elif remote.is_url(table):
            path, named = Path(folder, _plain(remote.file_name(table))), remote.shown(table)
            remote.fetch(table, path)
            origin = f"a copy of {named}"
        elif path.is_dir():
            path = Path(folder, f"{_plain(path.resolve().name.split('.')[0])}.parquet")
            origin = f"a copy of {table}, {parquet.join_folder(Path(table), path)} files"
        try:
            detected = detect(path, sheet)
            remarks = tuple(remark.replace(str(path), named) for remark in detected.remarks)
            yield Source(path, detected.form, origin, str(detected), remarks)
        except GallopError as error:
            # The copy is gone by then, and never had a name that a person knows.
            raise error.named(str(path), named) from None


def guard(source: Source, proposal: Proposal) -> Proposal:
    """The proposal without the columns that the leak guard stops at, looked for again until it finds no more.

    What leaving out cannot mend (ids, the order of rows, repeated rows) is written down as acknowledged, for a person
    to decide; so is the evidence for each column.

    Raises:
        EmptyTableError, UnknownLabelError, WrongTypeError, SingleClassError: the rows do not fit the proposal.
    """
    return guarded(source, proposal, read_text(source.path, source.form))


def guarded(source: Source, proposal: SomeProposal, raw: nw.DataFrame) -> SomeProposal:
    """As `guard`, of a raw table that is read already."""
    from gallop.leakage.policy import WHOLE, findings, open_stops
    from gallop.stages.data_clean import data_clean
    from gallop.stages.data_preprocess import data_preprocess
    from gallop.stages.data_split import data_split

    for _ in range(_ROUNDS):
        settings = prepared(source, proposal)
        leads = data_clean(raw, settings.table, str(source.path)).leads
        split = data_split(
            data_preprocess(leads, settings.table, settings.features), settings.table, settings.split, settings.seed
        )
        stops = open_stops(findings(leads, split, settings), settings)
        if not stops:
            break
        leaks: dict[str, Leak] = {}
        for stop in stops:
            name = stop.column or WHOLE
            because = f"{stop.evidence} (found by `gallop init`; nobody has decided yet)"
            leaks.setdefault(name, Leak(name, because, keep=name not in settings.features.used))
        proposal = proposal.without(leaks.values())  # ty: ignore[invalid-assignment]
        if not proposal.inputs:
            names = ", ".join(repr(leak.column) for leak in proposal.left_out)
            raise EmptyTableError(f"{source.path}: no column is left to learn from; {names} are left out as leaks")
    return proposal


def prepared(source: Source, proposal: AnyProposal) -> Settings:
    """The settings that the project would have. Raises `SettingsError`: the table's names cannot be written."""
    with tempfile.TemporaryDirectory() as folder:
        answers = proposal.answers("proposal", f"data/raw/{source.path.name}", source.form, version(DISTRIBUTION), "")
        copier.render_template(json.loads(json.dumps(answers)), Path(folder))
        try:
            return load_settings(Path(folder, PARAMS))
        except SettingsError as error:
            sentence = str(error).replace(f"{Path(folder, PARAMS)}: ", "")
            raise SettingsError(f"{source.path}: its names cannot be written into params.yaml: {sentence}") from None


def make(source: Source, proposal: AnyProposal, into: Path, beside: Sequence[tuple[Path, str]] = ()) -> Made:
    """Write the project: the template's files, and the raw tables under DVC. Where anything fails, nothing is left.

    Args:
        beside: further files, and where they lie in the project.

    Raises:
        SettingsError: the folder has a project already, or the table's names cannot be written. ForeignFileError: a
            file that a project needs is there and is not gallop's. DvcError: DVC refuses the table, or Git ignores it.
    """
    raw = f"data/raw/{_plain(source.path.name)}"
    name = _plain(project_name(source.path))
    answers = proposal.answers(name, raw, source.form, version(DISTRIBUTION), source.origin)
    answers["model"] = model_name(name, source.path)
    with tempfile.TemporaryDirectory() as folder:
        rendered = Path(folder)
        copier.render_template(json.loads(json.dumps(answers)), rendered)
        load_settings(rendered / PARAMS)
        wheel.carry(rendered)
        tables = {raw: source.path} | {name: path for path, name in beside}
        plan = placing.plan(rendered, tables, into)
        with placing.placed_files(plan) as written:
            for table in tables:
                _track(into, into / table, written)
    project = Project.open(into)
    return Made(project, proposal, placing.file_names(written.paths, into), plan.left_alone)


def _track(into: Path, raw: Path, written: placing.WrittenFiles) -> None:
    """Put a raw table under DVC; a folder outside Git becomes a repository, and without Git DVC does without, too."""
    config, ignore = into / ".dvc/config", raw.with_name(".gitignore")
    if not git.is_inside(into):
        if not (into / ".git").exists():
            written.paths.append(into / ".git")
        if not git.start(into) and config in written.paths and "no_scm" not in config.read_text(encoding="utf-8"):
            with config.open("a", encoding="utf-8") as file:
                file.write("    no_scm = true\n")
    made = [path for path in (into / ".dvc/tmp", into / ".dvc/cache", pointer_of(raw), ignore) if not path.exists()]
    written.paths += made
    before = ignore.read_bytes() if ignore.is_file() else None
    try:
        add_raw(into, raw)
    except BaseException:
        if before is not None:
            write_bytes(ignore, before)
        raise


def project_name(path: Path) -> str:
    """The name of a project for this table: the file's, without endings."""
    stem = path.name.split(".")[0]
    return stem if re.match(r"[A-Za-z]", stem) else f"leads_{stem}"


def model_name(project: str, table: Path) -> str:
    """A registered model's name that projects of other tables do not have, though their files be called the same."""
    return f"{project[:55]}_{digest(table)[:8]}"


def _plain(name: str) -> str:
    """The name with letters, digits and a few signs only, so that it is safe in every file system and URL."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)[-64:] or "leads"
