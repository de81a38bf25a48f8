"""`gallop deliver`: scores where people work, by a project of drt."""

from pathlib import Path

from gallop.errors import DataUnavailableError, SettingsError
from gallop.flow.project import Project


def prepare_delivery(
    project: Project,
    to: str,
    scores: Path,
    into: Path,
    *,
    key: str | None = None,
    field: str | None = None,
    target: str | None = None,
) -> list[Path]:
    """Write the drt project that takes a scores file to a destination; returns the files written.

    Args:
        into: the folder of the drt project.
        key: the column by which the destination knows a lead; None for the lead's id.
        field: what the destination calls it; None for the same name.
        target: object, table or spreadsheet; None for the usual one.

    Raises:
        SettingsError: an unknown destination or kind of file, or a file that is there already.
        DataUnavailableError: no scores. MissingColumnError: a table that is none of scores.
    """
    from gallop.adapters.drt.delivery import DESTINATIONS, Delivery
    from gallop.adapters.drt.project_files import write_drt_project
    from gallop.adapters.drt.query import require_kind
    from gallop.adapters.tables.batches import TextBatches
    from gallop.settings.table import Format

    if to not in DESTINATIONS:
        raise SettingsError(f"--to {to!r} is no destination; {', '.join(DESTINATIONS)} are")
    separator = require_kind(scores)
    if not scores.is_file():
        raise DataUnavailableError(f"{scores}: no such file; `gallop score LEADS -o {scores}` writes it")
    named = key or project.settings.table.id
    columns = TextBatches(scores, Format(separator="\t" if separator == "\\t" else ",")).columns
    return write_drt_project(Delivery(to, scores, columns, named, field or named, target), into)


def deliver_scores(folder: Path, *, send: bool) -> None:
    """Show what would be sent from a drt project, or send it.

    Raises:
        SettingsError, MissingLibraryError, DeliveryError: as `run_drt`.
    """
    from gallop.adapters.drt.command import run_drt

    run_drt(folder, send=send)
