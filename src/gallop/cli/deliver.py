"""`gallop deliver`: scores where people work."""

from pathlib import Path
from typing import Annotated

import typer

from gallop.cli import console
from gallop.cli.project import open_project

deliver_app = typer.Typer(
    help="Take scores to HubSpot, Salesforce, Google Sheets or PostgreSQL, by drt.", no_args_is_help=True
)

FOLDER = Path("deliver")


@deliver_app.command("init")
def deliver_init(
    context: typer.Context,
    to: Annotated[str, typer.Option("--to", help="hubspot, salesforce, sheets or postgres.")],
    scores: Annotated[Path, typer.Option(help="What `gallop score` writes: .parquet, .csv or .tsv.")],
    into: Annotated[Path, typer.Option(help="Folder for the drt project.")] = FOLDER,
    key: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column by which a lead is known there.", show_default="the lead's id"),
    ] = None,
    field: Annotated[
        str | None, typer.Option(metavar="NAME", help="What it is called there.", show_default="as the column")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Object, table, or the spreadsheet's id.",
            show_default="contacts, Contact, lead_scores",
        ),
    ] = None,
) -> None:
    """Write a drt project that delivers a scores file, once; it is yours to edit. Nothing is sent."""
    from gallop.flow.delivery import prepare_delivery

    written = prepare_delivery(open_project(context), to, scores, into, key=key, field=field, target=target)
    for path in written:
        console.say(str(path))
    console.say(
        "Nothing was sent. Next: mkdir -p ~/.drt && "
        f"cat {into / 'profiles.yml'} >> ~/.drt/profiles.yml (once), then `gallop deliver run` shows what would go"
    )


@deliver_app.command("run")
def deliver_run(
    folder: Annotated[Path, typer.Argument(help="The drt project.")] = FOLDER,
    send: Annotated[bool, typer.Option("--send/--dry-run", help="Send, or show only what would be sent.")] = False,
) -> None:
    """Show what drt would send; with --send, send it."""
    from gallop.flow.delivery import deliver_scores

    deliver_scores(folder, send=send)
