"""A look at the live model, in the terminal: one screen of 80 columns, legible without colour."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gallop.reporting import monitoring_text
from gallop.reporting.formatting import plain
from gallop.results.monitoring import GroupRate, MonitoringReport

_SHOWN = 6


def render_look(report: MonitoringReport) -> RenderableType:
    """The whole of it, for `rich.console.Console.print`."""
    style = "bold red" if report.alarmed else "bold green"
    parts: list[RenderableType] = [Text(plain(monitoring_text.monitoring_title(report)), style=style)]
    parts.append(_lines([monitoring_text.expected_by_now(report), *monitoring_text.followed_leads(report)]))
    grid = Table.grid(padding=(0, 2))
    for alarm in report.alarms:
        mark = ("ALARM", "bold red") if alarm.raised else ("ok", "green")
        since = f"raised on {alarm.since}; " if alarm.since else ""
        grid.add_row(Text(*mark), Text(alarm.name), Text(plain(since + alarm.because)))
    parts += [Text("alarms", style="bold"), Padding(grid, (0, 0, 0, 2))]
    for title, groups in (
        ("ripe leads by band", report.bands),
        ("by when they were scored", report.periods[-_SHOWN:]),
        ("held out and not", report.held_out),
    ):
        if groups:
            parts.append(_groups(title, groups))
    if report.slope:
        parts.append(
            _lines([f"slope {report.slope.value:.2f} [{report.slope.low:.2f}, {report.slope.high:.2f}]: 1 is right"])
        )
    if report.columns:
        moved = [monitoring_text.moved(column) for column in report.columns[:_SHOWN]]
        parts += [Text("what moved", style="bold"), _lines(moved)]
    parts += [Text("what to do", style="bold"), _lines([*monitoring_text.what_to_do(report), *report.remarks])]
    return Group(*parts)


def _groups(title: str, groups: tuple[GroupRate, ...]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for justify in ("left", "right", "right", "left"):
        table.add_column(justify=justify)
    table.add_row(
        *(
            Text(name, style=style)
            for name, style in ((title, "bold"), ("leads", "dim"), ("expected", "dim"), ("came", "dim"))
        )
    )
    for group in groups:
        name, *figures = monitoring_text.group_line(group)
        table.add_row(Text(f"  {plain(name)}"), *(Text(figure) for figure in figures))
    return table


def _lines(sentences: list[str]) -> RenderableType:
    return Padding(Group(*(Text(plain(sentence)) for sentence in sentences)), (0, 0, 0, 2))
