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
    log: Annotated[
        bool, typer.Option("--log", help="Record the scores in data/monitoring/scores, for `gallop monitor`.")
    ] = False,
    scored_at: Annotated[
        str | None,
        typer.Option("--scored-at", metavar="TIME", help="With --log: when the scores were used.", show_default="now"),
    ] = None,
) -> None:
    """Score a file of leads, or every lead of a log as of a moment, with the deployed model, the best first."""
    from gallop.flow import score_log, scoring

    project = open_project(context)
    if scored_at and (at or not log):
        raise typer.BadParameter("--scored-at goes with --log, and with a table of leads; --at says when for events")
    if at is None:
        moment = score_log.moment_scored(scored_at) if log else None
        scored = scoring.score_file(
            project, leads, output, reasons, keep=keep or (), top=top, sheet=sheet, scored_at=moment
        )
    else:
        from gallop.flow.event_scoring import score_moment

        if keep or sheet:
            raise typer.BadParameter("--keep and --sheet are for a table of leads, not for a log of events")
        scored = score_moment(project, Path(leads), at, output, reasons, top=top, logged=log)
    for remark in scored.remarks:
        console.say(remark)
    if scored.data == "sample":
        console.say("data: sample. The deployed model was trained on synthetic leads; these are not real scores.")
    summary = f"{output}: {scored.rows:,} leads scored by version {scored.version}, {scored.contact:,} to contact"
    written = f"; the best {scored.written:,} are written" if scored.written < scored.rows else ""
    console.say(summary + written + console.noticed(scored.noticed))
    if scored.held_out:
        console.say(
            f"{scored.held_out:,} of them are held out at random and marked so: contact none of these by score. "
            f"It costs up to {scored.missed:.1f} expected conversions, and tells what the list earns"
        )
    elif log and not project.settings.monitoring.hold_out:
        console.say(
            "monitoring.hold_out is 0: nobody can tell what the list earns, and contacts made by score bend the "
            "figures of `gallop monitor`"
        )
    if scored.logged:
        console.say(f"{scored.logged}: recorded")
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
