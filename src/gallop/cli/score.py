"""`gallop score`: a file of leads becomes a ranked list."""

from pathlib import Path
from typing import Annotated

import typer

from gallop.cli import console
from gallop.cli.project import open_project


def score(
    context: typer.Context,
    leads: Annotated[
        str,
        typer.Argument(
            help="CSV, Excel, JSON or Parquet file of raw leads (with --at, of events), also packed; or https://…, s3://…"
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where to write the ranked scores: .csv, .tsv, .xlsx or .parquet.")
    ],
    reasons: Annotated[Path | None, typer.Option(help="Where to write what each column adds to each score.")] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="COLUMN", help="Column to carry along, such as a name; may be repeated."),
    ] = None,
    top: Annotated[int | None, typer.Option("--top", min=1, help="Write the best N leads only.")] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="Sheet of an Excel file.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with an error where the leads are unlike those the model learnt from.")
    ] = False,
    at: Annotated[
        str | None, typer.Option("--at", help="Of a log of events: score every lead as of this time.")
    ] = None,
) -> None:
    """Score a file of leads, or every lead of a log as of a moment, with the deployed model, the best first."""
    from gallop.flow import scoring

    project = open_project(context)
    if at is None:
        scored = scoring.score_file(project, leads, output, reasons, keep=keep or (), top=top, sheet=sheet)
    else:
        from gallop.flow.event_scoring import score_moment

        if keep or sheet:
            raise typer.BadParameter("--keep and --sheet are for a table of leads, not for a log of events")
        scored = score_moment(project, Path(leads), at, output, reasons, top=top)
    for remark in scored.remarks:
        console.say(remark)
    if scored.data == "sample":
        console.say("data: sample. The deployed model was trained on synthetic leads; these are not real scores.")
    summary = f"{output}: {scored.rows:,} leads scored by version {scored.version}, {scored.contact:,} to contact"
    written = f"; the best {scored.written:,} are written" if scored.written < scored.rows else ""
    console.say(summary + written + console.noticed(scored.noticed))
    if scored.rejected:
        listed = ", ".join(f"{rule} {count:,}" for rule, count in scored.rejected.items())
        console.say(f"{scored.rejected_path}: {sum(scored.rejected.values()):,} rows could not be scored ({listed})")
    if scored.unlike:
        from gallop.errors import UnlikeLeadsError
        from gallop.reporting.time_text import describe_unlike

        sentence = describe_unlike(scored.unlike, scored.rows)
        if strict:
            raise UnlikeLeadsError(f"{output}: {sentence}")
        console.say(sentence)
