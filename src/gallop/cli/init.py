"""`gallop init` and `gallop check leaks`: a table becomes a project, and a project's columns are checked for leaks."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from gallop.cli import console
from gallop.cli.project import open_project


def init(
    table: Annotated[
        str,
        typer.Argument(
            help="CSV, Excel, JSON or Parquet file, also packed; a folder of Parquet; https://…, s3://…, postgresql://…"
        ),
    ],
    label: Annotated[str, typer.Option("--label", help="Column with the outcome.")],
    id_: Annotated[str | None, typer.Option("--id", help="Column that identifies a lead.")] = None,
    day: Annotated[str | None, typer.Option("--day", help="Column with the day of the lead.")] = None,
    positive: Annotated[str | None, typer.Option("--positive", help="Value of the label that means yes.")] = None,
    negative: Annotated[
        list[str] | None,
        typer.Option("--negative", help='Value of the label that means no; "" for an empty one. May be repeated.'),
    ] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="Sheet of an Excel file.")] = None,
    into: Annotated[Path, typer.Option("--into", help="Folder of the new project.", show_default="here")] = Path(),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Accept everything as proposed; ask nothing.")] = False,
) -> None:
    """Make a project from a table: show the role proposed for each column, and write the settings."""
    from gallop.flow import init as flow
    from gallop.profiling.proposal import InitOptions
    from gallop.reporting.terminal import profile as page
    from gallop.reporting.terminal.screen import Screen

    screen = Screen()
    with flow.source(table, sheet) as source:
        proposal = flow.look(source, InitOptions(label, id_, day, positive, tuple(negative or ())))
        screen.print(page.render_profile(proposal, source.read_as, source.remarks, screen.width))
        if not yes and sys.stdin.isatty():
            proposal = console.confirm(proposal)
        screen.print(page.guard_notice())
        made = flow.make(source, flow.guard(source, proposal), into.resolve())
    screen.print(page.render_outcome(made.proposal, made.files))
    where = "" if into == Path() else f"cd {shlex.quote(str(into))} && "
    console.say(f"Next: {where}{console.program()} run")


def check_leaks(context: typer.Context) -> None:
    """Look for columns, ids and rows that reveal the outcome. End with an error where one is not acknowledged."""
    from gallop.flow import training
    from gallop.leakage.policy import require_none
    from gallop.reporting.terminal import leaks as page
    from gallop.reporting.terminal.screen import Screen

    project = open_project(context)
    findings = training.find_project_leaks(project, training.read_split(project))
    Screen().print(page.render_findings(findings, project.settings))
    require_none(findings, project.settings)
