"""What `gallop check leaks` shows: one line per finding, those that stop a run first."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gallop.leakage.finding import Finding, Severity
from gallop.leakage.policy import finding_columns, open_stops
from gallop.settings.params import Settings


def render_findings(found: Sequence[Finding], settings: Settings) -> RenderableType:
    """The findings with their evidence, and what to do about each."""
    if not found:
        return Text("The leak guard found nothing.")
    stops = open_stops(found, settings)
    table = Table(title=f"{len(found)} findings, {len(stops)} to decide on", title_justify="left")
    for name in ("column", "", "evidence", "what to do"):
        table.add_column(name, overflow="fold")
    for each in found:
        verdict = "warns"
        if each.severity is Severity.STOP:
            verdict = "stops" if each in stops else "acknowledged"
        style = "bold red" if verdict == "stops" else ""
        table.add_row(Text(finding_columns(each)), Text(verdict, style=style), Text(each.evidence), Text(each.advice))
    return table
