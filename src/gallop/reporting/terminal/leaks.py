"""What `gallop check leaks` shows: one line per finding, those that stop a run first."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gallop.leakage.finding import Finding, Severity
from gallop.leakage.policy import finding_columns, open_stops
from gallop.settings.params import Settings


def render_findings(findings: Sequence[Finding], settings: Settings) -> RenderableType:
    """The findings with their evidence, and what to do about it."""
    if not findings:
        return Text("The leak guard found nothing.")
    stops = open_stops(findings, settings)
    table = Table(title=f"{len(findings)} findings, {len(stops)} to decide on", title_justify="left")
    for name in ("column", "", "evidence", "what to do"):
        table.add_column(name, overflow="fold")
    for finding in findings:
        verdict = "warns"
        if finding.severity is Severity.STOP:
            verdict = "stops" if finding in stops else "acknowledged"
        style = "bold red" if verdict == "stops" else ""
        table.add_row(
            Text(finding_columns(finding)), Text(verdict, style=style), Text(finding.evidence), Text(finding.advice)
        )
    return table
