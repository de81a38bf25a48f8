"""`gallop init`: from any table to a project of its own."""

import json
import re
import shutil
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import narwhals.stable.v2 as nw

from gallop.adapters import copier, dvc, wheel
from gallop.adapters.tables.polars import read_text
from gallop.errors import EmptyTableError, GallopError, SettingsError
from gallop.files import digest
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
    """Write the project: the template's files, and the raw table under DVC.

    Args:
        beside: further files, and where they lie in the project.

    Raises:
        SettingsError: the folder has a project already, or the table's names cannot be written.
    """
    if (into / PARAMS).exists():
        raise SettingsError(f"{into / PARAMS}: there is a project already; choose another folder with --into")
    raw = f"data/raw/{_plain(source.path.name)}"
    name = _plain(project_name(source.path))
    answers = proposal.answers(name, raw, source.form, version(DISTRIBUTION), source.origin)
    answers["model"] = model_name(name, source.path)
    into.mkdir(parents=True, exist_ok=True)
    before = {path for path in into.rglob("*") if path.is_file()}
    copier.render_template(json.loads(json.dumps(answers)), into)
    wheel.carry(into)
    target = into / raw
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.resolve() != source.path.resolve():
        shutil.copyfile(source.path, target)
    project = Project.open(into)
    dvc.add_raw(into, target)
    for path, name in beside:
        if (into / name).resolve() != path.resolve():
            shutil.copyfile(path, into / name)
        dvc.add_raw(into, into / name)
    after = {path for path in into.rglob("*") if path.is_file() and ".git" not in path.relative_to(into).parts[:1]}
    files = sorted(str(path.relative_to(into)) for path in after - before)
    return Made(project, proposal, tuple(name for name in files if not name.startswith((".dvc/cache", ".dvc/tmp"))))


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
