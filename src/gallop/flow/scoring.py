"""Using the model: scoring leads, and holding the exported classifier to its contract."""

from dataclasses import dataclass
from pathlib import Path

from gallop.errors import SettingsError
from gallop.flow.data import TABLES
from gallop.flow.project import Project


@dataclass(frozen=True)
class Scored:
    """What `score` did."""

    version: str
    data: str
    rows: int
    contact: int
    rejected: dict[str, int]
    rejected_path: Path
    noticed: dict[str, int]
    """Leads scored in spite of a value that the schema did not know, per rule."""


def score_file(project: Project, leads: Path, output: Path, reasons: Path | None = None) -> Scored:
    """Leads → ranked scores, and rows that could not be scored in a file beside them.

    Args:
        reasons: where to write what each column adds to each score; None for nowhere.

    Raises:
        MissingOutputError, ChecksumError, UnsafeModelError: the deployed bundle.
        MissingColumnError, EmptyTableError and the like: the leads.
    """
    from gallop.adapters.tables.polars import write_scores
    from gallop.artifacts import bundle
    from gallop.reporting.formatting import told
    from gallop.scoring import CONTACT, score_table

    deployed = bundle.load_bundle(project.paths.deployed)
    scores = score_table(TABLES.read_text(leads, deployed.settings.table.format), deployed, str(leads), told)
    aside = output.with_name(f"{output.stem}.rejected{output.suffix}")
    if len(scores.rejected):
        write_scores(scores.rejected, aside)
    else:
        aside.unlink(missing_ok=True)
    write_scores(scores.ranked, output)
    if reasons is not None:
        write_scores(scores.explained, reasons)
    manifest = deployed.manifest
    contact = int((scores.ranked["decision"] == CONTACT).sum())
    return Scored(
        str(manifest.version), manifest.data, len(scores.ranked), contact, scores.counts, aside, scores.noticed
    )


def validate_export(project: Project, model: Path, *, isolated: bool) -> str:
    """Hold an exported classifier to the project's contract; returns a sentence.

    Raises:
        SettingsError: there is no contract. ContractError, UnsafeModelError: the file does not meet it.
    """
    from gallop.artifacts import contract
    from gallop.artifacts.confined import described_confinement

    place = project.settings.export.contract
    if place is None:
        raise SettingsError("export.contract: params.yaml names no contract to hold the model to")
    agreed = contract.read_contract(project.paths.root / place)
    content = contract.read_model(model)
    confinement = contract.check_foreign(content, agreed, model)
    sentence = f"{model}: meets {place} ({len(agreed.expected)} rows, {len(agreed.columns)} columns)"
    if isolated:
        sentence += f"; also alone with {contract.check_isolated(content, project.paths.root / place, model)}"
    return f"{sentence}. {described_confinement(confinement)}"
