"""What the command line prints: one line per finished stage, and a progress bar for long steps."""

import shlex
import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from gallop.flow.run import Progress
    from gallop.profiling.proposal import Proposal
    from gallop.results.run import EventCounts


def fail(sentence: str) -> None:
    """Say what went wrong, on standard error."""
    from gallop.reporting.terminal.screen import Screen

    Screen(stderr=True, soft_wrap=True).print(f"[bold red]error:[/] {shown(sentence)}", highlight=False)


def shown(text: str) -> str:
    """Text that Rich prints as it is: names and values of a table are no markup."""
    from rich.markup import escape

    return escape(text)


def say(text: str) -> None:
    """Print a sentence as it is, on standard output."""
    from gallop.reporting.formatting import printable

    typer.echo(printable(text))


def program() -> str:
    """How this program is called from a shell: `gallop` where the shell finds this very one, else its path."""
    known = shutil.which("gallop")
    own = Path(sys.executable).with_name("gallop")
    if known and own.is_file() and not Path(known).samefile(own):
        known = None
    return "gallop" if known or not own.is_file() else shlex.quote(str(own))


def done(stage: str, what: str) -> None:
    """One line for a stage that ended well."""
    from gallop.reporting.terminal.screen import Screen

    Screen(soft_wrap=True).print(f"[bold]{stage}[/]  {shown(what)}", highlight=False)


def noticed(counts: dict[str, int]) -> str:
    """The end of a sentence: leads kept in spite of new values or empty columns; empty where there are none."""
    if not counts:
        return ""
    listed = ", ".join(f"{rule} {count:,}" for rule, count in list(counts.items())[:5])
    more = f" and {len(counts) - 5} more" if len(counts) > 5 else ""
    return f"; kept, with new or no values: {listed}{more}"


def decided(counts: "EventCounts") -> str:
    """What became of a log of events, in a sentence."""
    aside = ", ".join(f"{rule} {rows:,}" for rule, rows in counts.aside.items()) or "none set aside"
    return (
        f"{counts.rows:,} rows ({aside}) → {counts.ripe:,} decisions about {counts.leads:,} leads, "
        f"{counts.converted:,} with a conversion; {counts.unripe:,} not ripe yet"
    )


@contextmanager
def progress() -> Generator["Progress"]:
    """The progress of a whole run: sentences, and a bar during the download."""
    from gallop.flow.run import Progress
    from gallop.reporting.terminal.screen import Screen

    console = Screen(soft_wrap=True)
    with bar("raw data", 0) as advance:
        yield Progress(
            say=lambda text: console.print(shown(text), highlight=False),
            on_bytes=advance,
            working=working,
        )


@contextmanager
def working(what: str) -> Generator[None]:
    """Say what is going on, with a spinner on a terminal, for a step whose length nobody knows."""
    from gallop.reporting.terminal.screen import Screen

    console = Screen(soft_wrap=True)
    if console.is_terminal:
        with console.status(shown(what)):
            yield
    else:
        console.print(shown(what), highlight=False)
        yield


@contextmanager
def bar(what: str, total: int) -> Generator[Callable[..., None]]:
    """A progress bar that appears with its first step and leaves nothing behind."""
    from rich.progress import Progress as Bar

    from gallop.reporting.terminal.screen import Screen

    bar = Bar(transient=True, disable=not Screen().is_terminal)
    started = []

    def advance(done: int | None = None, expected: int | None = None) -> None:
        if not started:
            bar.start()
            started.append(bar.add_task(what, total=total or expected))
        if done is None:
            bar.advance(started[0])
        else:
            bar.update(started[0], completed=done)

    try:
        yield advance
    finally:
        if started:
            bar.stop()


def confirm(proposal: "Proposal") -> "Proposal":
    """Let a person change the role of columns, one at a time, until they press Enter."""
    from rich.prompt import Prompt

    from gallop.reporting.terminal.screen import Screen
    from gallop.schema import Role

    screen = Screen()
    roles = [role.value for role in Role if role not in {Role.LABEL, Role.ID, Role.DAY, Role.GROUP}]
    screen.print("Press Enter to go on, or name a column whose role to change.")
    while name := Prompt.ask("column", console=screen, default="", show_default=False):
        if name not in proposal.columns or proposal.columns[name].role in {Role.LABEL, Role.ID, Role.DAY}:
            screen.print(shown(f"{name!r} is not a column whose role can change here"))
            continue
        role = Role(Prompt.ask("role", console=screen, choices=roles, default=proposal.columns[name].role.value))
        proposal = proposal.with_roles({name: role})
    return proposal
