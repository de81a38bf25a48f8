"""What is live and what was, in the terminal: one screen of 80 columns, legible without colour."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gallop.evaluation.metrics import Estimate
from gallop.reporting.formatting import family, metric, plain, with_interval
from gallop.results.history import OUTSIDE, Change, Entry
from gallop.results.run import Decision
from gallop.results.status import Challenger, LiveVersion, Status, VersionFacts

_SHOWN = ("log_loss", "roc_auc", "pr_auc", "brier")


def render_status(status: Status) -> RenderableType:
    """The whole of it, for `rich.console.Console.print`."""
    pinned = status.pinned
    held = f", pinned since {pinned.since} by {pinned.who}: {pinned.because}" if pinned else ""
    live = status.live
    title = f"version {live.version} is live{held}" if live else "nothing is live"
    parts: list[RenderableType] = [
        Text.assemble((f"{plain(status.model)}: ", "dim"), (plain(title), "bold green" if live else "bold yellow")),
    ]
    if live:
        parts.append(_indented(_pairs(_live_rows(live))))
    if status.challenger:
        parts += [Text(f"challenger: version {plain(status.challenger.version)}", style="bold")]
        parts.append(_indented(_pairs(_challenger_rows(status.challenger))))
    parts += [Text("agreement", style="bold"), _indented(_checks(status))]
    parts += [Text(f"not trained yet: {plain(sentence)}", style="yellow") for sentence in status.untrained]
    return Group(*parts)


def render_history(entries: Iterable[Entry], faults: Sequence[str]) -> RenderableType:
    """Entries as they come, each with what it changed, who did it and why; what is wrong with them first."""
    parts: list[RenderableType] = [
        Text(f"The history is not whole: {plain(fault)}", style="bold red") for fault in faults
    ]
    for entry in entries:
        change = entry.change
        parts.append(Text.assemble((f"{entry.number:>3}  {change.at}  ", "dim"), (_moved(change), "bold")))
        parts.append(_indented(_pairs(_change_rows(change)), 5))
    return Group(*parts) if parts else Text("Nothing was ever live: the history is empty.")


def _moved(change: Change) -> str:
    if change.was == change.live:
        said = {"unpin": f"version {change.live} unpinned"}.get(change.command)
        kept = f"version {change.live} pinned" if change.pinned else f"version {change.live} stays"
        return plain(said or kept)
    pinned = ", pinned" if change.pinned else ""
    return plain(f"{change.was or 'nothing'} -> {change.live}{pinned}")


def _change_rows(change: Change) -> dict[str, str]:
    by = change.who if change.command == OUTSIDE else f"{change.who}, {change.command}"
    rows = {"by": f"{by}{' (found)' if change.command == OUTSIDE else ''}", "because": change.because}
    if change.candidate and change.candidate != change.live:
        rows["candidate"] = f"version {change.candidate}"
    return rows | _figures(change.figures) | _rails(change.decision)


def _rails(decision: Decision | None) -> dict[str, str]:
    rails = decision.rails if decision else ()
    return {"guard rails": "; ".join(f"{rail.name}: {rail.because}" for rail in rails)} if rails else {}


def _figures(figures: dict[str, Estimate]) -> dict[str, str]:
    shown = [f"{metric(name)} {with_interval(figures[name])}" for name in _SHOWN if name in figures]
    return {"on test rows": ", ".join(shown)} if shown else {}


def _live_rows(live: LiveVersion) -> dict[str, str]:
    instead = f", instead of version {live.instead_of}" if live.instead_of else ""
    rows = {}
    if live.since:
        rows = {"since": f"{live.since}{instead}", "by": f"{live.who}, {live.command}", "because": live.because or ""}
    return rows | _made_of(live) | _figures(live.figures)


def _challenger_rows(challenger: Challenger) -> dict[str, str]:
    why = {"because": challenger.because} if challenger.because else {}
    return why | _made_of(challenger) | _figures(challenger.figures)


def _made_of(version: VersionFacts) -> dict[str, str]:
    data = f"{version.data or 'data'}, md5 {version.data_version[:12]}" if version.data_version else None
    code = f"code {version.code_version[:12]}" if version.code_version else None
    if code and version.code_version and version.code_version.endswith("+changes"):
        code += " with changes"
    parts = [family(version.family) if version.family else None, data, code]
    said = "; ".join(part for part in parts if part)
    return {"made of": said} if said else {}


def _checks(status: Status) -> Table:
    grid = _grid()
    for check in status.checks:
        mark = ("ok", "green") if check.agrees else ("NO", "bold red")
        grid.add_row(Text.assemble(mark, " ", check.what), Text(plain(check.says)))
    return grid


def _pairs(rows: dict[str, str]) -> Table:
    grid = _grid()
    for label, said in rows.items():
        grid.add_row(Text(label, style="dim"), Text(plain(said)))
    return grid


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _indented(content: RenderableType, by: int = 2) -> Padding:
    return Padding(content, (0, 0, 0, by))
