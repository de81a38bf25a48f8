"""Using the model: scoring leads, and holding the exported classifier to its contract."""

import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from gallop.adapters.tables.batches import TextBatches
from gallop.adapters.tables.polars import read_text
from gallop.artifacts.bundle import Bundle
from gallop.errors import GallopError, SettingsError
from gallop.files import remove_stale
from gallop.flow.project import Project
from gallop.flow.score_log import ScoreLog
from gallop.flow.signature import load_deployed
from gallop.results.run import TrainingResult
from gallop.results.unlike import Unlike
from gallop.schema import RULE, Role

if TYPE_CHECKING:
    from gallop.scoring import Scores


@dataclass(frozen=True)
class Scored:
    """What `score` did."""

    version: str
    data: str
    rows: int
    contact: int
    held_out: int
    """Leads of the standing random hold-out."""
    missed: float
    """Conversions expected of those of them that would otherwise be contacted."""
    written: int
    """The best of them, where only those are asked for."""
    rejected: dict[str, int]
    rejected_path: Path
    noticed: dict[str, int]
    """Leads scored in spite of a value that the schema did not know, per rule."""
    remarks: tuple[str, ...]
    """What was left out or chosen in reading the file."""
    unlike: tuple[Unlike, ...]
    """How the leads differ from those that the model learnt from."""
    logged: Path | None = None
    """Where the scores were recorded; None where that was not asked for."""


def score_file(
    project: Project,
    leads: str,
    output: Path,
    reasons: Path | None = None,
    *,
    keep: Sequence[str] = (),
    top: int | None = None,
    sheet: str | None = None,
    scored_at: datetime | None = None,
) -> Scored:
    """Leads → ranked scores, and rows that could not be scored in a file beside them.

    Args:
        leads: a file, a folder of Parquet, or an address, in a format of its own.
        reasons: where to write what each column adds to each score; None for nowhere.
        keep: columns of the leads to carry along.
        top: how many of the best to write; None for all.
        sheet: of an Excel file; None for the first one with cells.
        scored_at: when the scores are there to be used, as the log of scores has it; None to record nothing.

    Raises:
        SettingsError: an output that would replace something else, or of an unknown kind.
        MissingOutputError, ChecksumError, SignatureError: the deployed bundle.
        MissingColumnError, EmptyTableError and the like: the leads.
    """
    from gallop.reporting.formatting import describe_reason
    from gallop.scoring import score_parts

    aside = rejected_beside(output)
    require_free((output, aside, *([reasons] if reasons else [])), (leads, str(project.paths.raw)), aside)
    log = ScoreLog.of_project(project) if scored_at else None
    deployed = load_deployed(project)
    if deployed.settings.events is not None:
        raise SettingsError("the deployed model takes a log of events: say as of when to score, with --at TIME")
    with _opened_table(leads, sheet) as (raw, remarks):
        raw.require_names([*deployed.settings.table.columns], leads)
        wanted = deployed.settings.table.without_role(Role.IGNORE, Role.LABEL, Role.TREATMENT)
        parts = raw.frames([*wanted, *keep])
        scores = score_parts(parts, raw.columns, deployed, leads, describe_reason, keep, project.settings)
    scored = write_outcome(scores, project, deployed, output, reasons, top, remarks)
    return replace(scored, logged=log.record(scores, scored_at)) if log and scored_at else scored


def rejected_beside(output: Path) -> Path:
    """Where the rows go that cannot be scored."""
    return output.with_name(f"{output.stem}.rejected{output.suffix}")


def write_outcome(
    scores: "Scores",
    project: Project,
    deployed: Bundle,
    output: Path,
    reasons: Path | None,
    top: int | None,
    remarks: tuple[str, ...],
) -> Scored:
    """Write scores, rejected rows beside them, and what each column adds where that is wanted."""
    from gallop.adapters.tables.scores import write_scores
    from gallop.modelling.judging import CONTACT, PROBABILITIES, worth_contacting

    aside = rejected_beside(output)
    if len(scores.rejected):
        write_scores(scores.rejected, aside)
    else:
        aside.unlink(missing_ok=True)
    ranked = scores.ranked.head(top) if top else scores.ranked
    write_scores(ranked, output, PROBABILITIES)
    if reasons is not None:
        write_scores(scores.explained.head(len(ranked)), reasons)
    probability = scores.ranked["probability"].to_numpy()
    uplift = scores.ranked["uplift"].to_numpy() if "uplift" in scores.ranked.columns else None
    missed = worth_contacting(probability, uplift, deployed) & scores.ranked["held_out"].to_numpy()
    return Scored(
        str(deployed.manifest.version),
        deployed.manifest.data,
        len(scores.ranked),
        int((scores.ranked["decision"] == CONTACT).sum()),
        int(scores.ranked["held_out"].sum()),
        float(probability[missed].sum()),
        len(ranked),
        scores.counts,
        aside,
        scores.noticed,
        remarks,
        _unlike(scores, deployed, project.paths.deployed),
    )


def _unlike(scores: "Scores", deployed: Bundle, folder: Path) -> tuple[Unlike, ...]:
    """How all that was scored differs from the leads that the deployed model learnt from, as far as it says."""
    from gallop.flow.training import RESULT
    from gallop.modelling.unlike import unlike_leads

    if RESULT not in deployed.manifest.files:
        return ()
    result = TrainingResult.model_validate_json((folder / RESULT).read_bytes())
    new_values = {**scores.noticed, **{rule: count for rule, count in scores.counts.items() if _is_of_values(rule)}}
    return unlike_leads(
        scores.ranked["probability"].to_numpy(),
        new_values,
        result.evidence.decision.bands,
        deployed.manifest.uncertainty.ranges,
        learnt=result.live_scores,
        read=len(scores.ranked) + sum(scores.counts.values()),
    )


def _is_of_values(rule: str) -> bool:
    return rule.endswith(("_unknown", "_below_minimum", "_above_maximum"))


def read_raw_table(leads: str, sheet: str | None) -> tuple[nw.DataFrame, tuple[str, ...]]:
    """A table as text, read as it is written, and what a person should know about that.

    Args:
        leads: a file, a folder of Parquet, or an address.
        sheet: of an Excel file; None for the first one with cells.
    """
    with _opened_table(leads, sheet) as (raw, remarks):
        return nw.concat([*raw.frames()]), remarks


@contextmanager
def _opened_table(leads: str, sheet: str | None) -> Generator[tuple[TextBatches, tuple[str, ...]]]:
    """As `read_raw_table`, to be read in parts."""
    from gallop.adapters.tables import remote
    from gallop.adapters.tables.csv_format import detect

    with tempfile.TemporaryDirectory() as folder:
        path, named = Path(leads), leads
        if remote.is_url(leads):
            path, named = Path(folder, remote.file_name(leads)), remote.shown(leads)
            remote.fetch(leads, path)
        try:
            detected = detect(path, sheet)
            remarks = tuple(remark.replace(str(path), named) for remark in detected.remarks)
            yield TextBatches(path, detected.form), remarks
        except GallopError as error:
            raise error.named(str(path), named) from None


def require_free(outputs: Sequence[Path], inputs: Sequence[str], aside: Path) -> None:
    """Refuse, before any work, what would replace something that is no output of `score`.

    Raises:
        SettingsError.
    """
    from gallop.adapters.tables.scores import require_known_ending

    for index, output in enumerate(outputs):
        if output.is_dir():
            raise SettingsError(f"{output}: a folder; name a file in it, such as {output / 'scores.csv'}")
        if output.exists() and not output.is_file():
            raise SettingsError(f"{output}: a device; scores are written to a file")
        require_known_ending(output)
        if any(_same(output, Path(given)) for given in inputs):
            raise SettingsError(f"{output}: the scores would replace the leads; name another file for them")
        if any(_same(output, other) for other in outputs[:index]):
            raise SettingsError(f"{output}: two outputs of this name; give each a name of its own")
    if aside.exists() and not _is_of_rejected_rows(aside):
        raise SettingsError(
            f"{aside}: is there, and no file of gallop's, but rows that cannot be scored would go there; "
            "move it, or name another output"
        )
    for output in outputs:
        remove_stale(output.parent, output.name)


def _same(one: Path, other: Path) -> bool:
    """Whether two names are of one file, through links too."""
    return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))


def _is_of_rejected_rows(path: Path) -> bool:
    if path.suffix.lower() in {".csv", ".tsv"}:
        # Its header alone: a single row with a line break in it looks like many things.
        with path.open(encoding="utf-8", errors="replace") as file:
            return RULE in file.readline()
    try:
        # A file's own column of a reserved name is read with a `_` behind it.
        return f"{RULE}_" in read_text(path).columns
    except GallopError:
        return False
