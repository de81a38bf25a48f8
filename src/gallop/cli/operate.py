"""What an operator asks and says: what is live, what was, and what shall be."""

import json
from typing import Annotated

import typer

from gallop.cli import console
from gallop.cli.project import open_project

Because = Annotated[str, typer.Option("--because", help="Why, in a sentence; kept in the history.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]
DISAGREES = 1
"""Exit code where registry, history, deployment or files say different things."""


def status(context: typer.Context, as_json: AsJson = False) -> None:
    """Show what is live, since when and why, and whether everything agrees; exit code 1 where it does not."""
    from gallop.flow.status import read_status

    found = read_status(open_project(context))
    if as_json:
        console.say(json.dumps(found.model_dump(mode="json") | {"agrees": found.agrees}, indent=2))
    else:
        from gallop.reporting.terminal.screen import Screen
        from gallop.reporting.terminal.status import render_status

        Screen().print(render_status(found))
    if not found.agrees:
        raise typer.Exit(DISAGREES)


def history(
    context: typer.Context,
    as_json: AsJson = False,
    everything: Annotated[bool, typer.Option("--all", help="Also decisions that changed nothing.")] = False,
    top: Annotated[int | None, typer.Option(min=1, help="The newest ones only.", show_default="all")] = None,
) -> None:
    """Show every change of what is live, the newest first; exit code 1 where entries were deleted or changed."""
    from gallop.flow.status import read_registry_history

    known = read_registry_history(open_project(context))
    entries = (known.entries if everything else known.changes)[::-1][:top]
    if as_json:
        changes = [{"number": entry.number, **entry.change.model_dump(mode="json")} for entry in entries]
        console.say(json.dumps({"changes": changes, "faults": known.faults}, indent=2))
    else:
        from gallop.reporting.terminal.screen import Screen
        from gallop.reporting.terminal.status import render_history

        Screen().print(render_history(entries, known.faults))
    if known.open_faults:
        raise typer.Exit(DISAGREES)


def rollback(
    context: typer.Context,
    because: Because,
    version: Annotated[str | None, typer.Argument(help="The version.", show_default="the champion before")] = None,
) -> None:
    """Make the champion before live again, or a version; no later run promotes over it until promote or unpin."""
    from gallop.flow.operation import run_rollback

    with console.working("verifying the version, and making it live"):
        change = run_rollback(open_project(context), version, _reason(because))
    console.done("rollback", f"version {change.live} is live and pinned, instead of version {change.was}")


def promote(
    context: typer.Context,
    version: Annotated[str, typer.Argument(help="The version.")],
    because: Because,
) -> None:
    """Make a version live, whatever the comparison said, and take a pin off."""
    from gallop.flow.operation import run_promote

    with console.working("verifying the version, and making it live"):
        change = run_promote(open_project(context), version, _reason(because))
    instead = f", instead of version {change.was}" if change.was not in {None, change.live} else ""
    console.done("promote", f"version {change.live} is live{instead}; nothing is pinned")


def unpin(context: typer.Context) -> None:
    """Let runs decide again what is live; the next one compares its candidate with the champion."""
    from gallop.flow.operation import run_unpin

    with console.working("taking the pin off"):
        pin = run_unpin(open_project(context))
    console.done("unpin", f"version {pin.live} is held no more" if pin else "nothing was pinned")


def _reason(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter("a reason is needed, in a sentence", param_hint="--because")
    return " ".join(text.split())
