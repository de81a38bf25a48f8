"""The summary of a run in the terminal: what came in, how good the model is, what was decided, and what to do next.

Nothing heavy is imported here, so that a summary of known results appears at once. Values from the data or from
outside are shown as text and never read as markup.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.panel import Panel
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from gallop.evaluation.metrics import LOWER_IS_BETTER, METRICS, Estimate
from gallop.reporting import decision_text, narrative, time_text, uplift_text
from gallop.reporting.event_text import told_counts
from gallop.reporting.formatting import (
    SAMPLE_BANNER,
    count,
    describe_given_up,
    family,
    figure,
    interval,
    leads,
    metric,
    percent,
    percent_of,
    plain,
    signed,
    version,
)
from gallop.reporting.terminal.decision import decision_rows
from gallop.results.run import SAMPLE, Candidate, DataVersion, Quality, Selected, TrainingResult

_LONGEST_BAR: Final = 16
_IN_ASCII: Final = str.maketrans({"━": "#", "—": "-"})


@dataclass(frozen=True)
class RunSummary:
    """The results and outputs of a run, as far as it came."""

    result: TrainingResult | None
    quality: Quality
    data: DataVersion
    source: str
    """Who gave the data: `remote 'x'`, `upstream`, `already here` or `sample`."""
    selected: Selected | None
    paths: Mapping[str, str] = field(default_factory=dict)
    """Label → path or address: report, model, deployed, registry."""
    next_steps: tuple[str, ...] = ()
    """Commands to type next."""


def render_summary(run: RunSummary) -> RenderableType:
    """The summary, for `rich.console.Console.print`; legible from 60 columns, and without colour."""
    return _Encodable(Group(*_parts(run)))


class _Encodable:
    """What a terminal's encoding cannot show becomes `?`, so that printing a summary never fails."""

    def __init__(self, content: RenderableType) -> None:
        self._content = content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for text, style, control in console.render(self._content, options):
            shown = text.translate(_IN_ASCII) if options.ascii_only else text
            yield Segment(shown.encode(options.encoding, "replace").decode(options.encoding), style, control)


def _parts(run: RunSummary) -> Iterator[RenderableType]:
    sample = run.data.origin == SAMPLE
    if sample:
        yield Panel(Text(SAMPLE_BANNER, style="bold", justify="center"), style="yellow", padding=(0, 1))
    yield _section("Data", _data(run), _rules(run.quality))
    if run.result:
        yield _section(
            "Candidates, cross-validated on the training leads", _candidates(run.result), *_remarks(run.result)
        )
        held_out = f"Test: {leads(run.result.test.rows)} held out, {count(run.result.test.positives)} became customers"
        yield _section(held_out, _metrics(run.result), _directions(), _exported(run.result))
        yield _section("Whom to call", *_whom(run.result))
    if run.selected:
        yield _section("Champion", _pairs(decision_rows(run.selected)))
    if run.paths:
        yield _section("Where", _pairs({label: Text(plain(path)) for label, path in run.paths.items()}))
    if run.next_steps:
        yield _section("Next", *(Text(f"$ {plain(step)}", style="green") for step in run.next_steps))
    if sample:
        yield Text(f"\n{SAMPLE_BANNER}", style="bold yellow")


def _section(title: str, *content: RenderableType) -> RenderableType:
    return Group(Text(f"\n{title}", style="bold cyan"), *(Padding(block, (0, 0, 0, 2)) for block in content))


def _pairs(values: Mapping[str, Text]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in values.items():
        grid.add_row(Text(plain(label)), value)
    return grid


def _data(run: RunSummary) -> Table:
    kept = Text(leads(run.quality.kept), style="bold")
    kept.append(
        f" kept of {count(run.quality.rows)} rows; {count(run.quality.positives)} became customers "
        f"({percent_of(run.quality.positives, run.quality.kept)})",
        style="not bold",
    )
    return _pairs(
        {
            "table": Text(plain(run.data.path)),
            "version": Text(plain(version(run.data))),
            "from": Text(plain(run.source)),
            "rows": kept,
        }
        | {what: Text(said) for what, said in told_counts(run.quality.events)}
    )


def _rules(quality: Quality) -> Table:
    """Rows that were set aside, by rule: out of scope first, then defects."""
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    for _ in range(2):
        table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    for defect, heading, style in ((False, "out of scope", "blue"), (True, "defects", "red")):
        rules = [rule for rule in quality.rules if rule.defect is defect and rule.rows]
        if rules:
            total = sum(rule.rows for rule in rules)
            table.add_row(Text(heading, style="bold"), Text(count(total), style="bold"), _share(total, quality))
        for rule in rules:
            length = max(1, round(_LONGEST_BAR * rule.rows / quality.rows))
            bar = Text("━" * length, style=style)
            table.add_row(Text(f"  {plain(rule.rule)}"), Text(count(rule.rows)), _share(rule.rows, quality), bar)
    return table


def _share(rows: int, quality: Quality) -> Text:
    return Text(percent_of(rows, quality.rows), style="dim")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for index, name in enumerate(columns):
        table.add_column(Text(name), overflow="fold", justify="right" if index else "left")
    return table


def _stacked(estimate: Estimate, style: str = "") -> Text:
    return Text.assemble((figure(estimate.value), style), "\n", (interval(estimate), "dim"))


def _candidates(result: TrainingResult) -> Table:
    table = _table("family", "log-loss", "ROC AUC", "behind")
    for candidate in result.candidates:
        won = candidate.family == result.winner
        table.add_row(
            Text.assemble(family(candidate.family), "\n", _verdict(candidate)),
            _stacked(candidate.metrics["log_loss"], "bold" if won else ""),
            _stacked(candidate.metrics["roc_auc"], "bold" if won else ""),
            Text("winner", style="bold green") if won else _behind(candidate.behind),
        )
    return table


def _behind(behind: Estimate) -> Text:
    return Text.assemble(signed(behind.value), "\n", (f"[{signed(behind.low)}, {signed(behind.high)}]", "dim"))


def _verdict(candidate: Candidate) -> Text:
    known = {
        "kept": Text("contract kept", style="green"),
        "none": Text("no contract", style="dim"),
        "own": Text("not for export", style="dim"),
    }
    return known.get(candidate.contract, Text("contract broken", style="red"))


def _remarks(result: TrainingResult) -> Iterator[Text]:
    if above := narrative.above_the_winner(result):
        yield Text(plain(above), style="dim")
    if result.given_up:
        yield Text(describe_given_up(result.given_up), style="dim")
    for candidate in result.candidates:
        if candidate.contract not in {"kept", "none", "own"}:
            yield Text(f"{family(candidate.family)} breaks the contract: {plain(candidate.contract)}", style="red")


def _metrics(result: TrainingResult) -> Table:
    table = _table("", "this model", "baseline", *(["best possible"] if result.best_possible else []))
    for name in METRICS:
        rest = [result.baseline[name], *([result.best_possible[name]] if result.best_possible else [])]
        table.add_row(
            metric(name), _beside(result.test.metrics[name], "bold"), *(_beside(estimate) for estimate in rest)
        )
    return table


def _beside(estimate: Estimate, style: str = "") -> Text:
    return Text.assemble((figure(estimate.value), style), " ", (interval(estimate), "dim"))


def _directions() -> Text:
    lower = " and ".join(metric(name) for name in METRICS if name in LOWER_IS_BETTER)
    return Text(f"Lower is better for {lower}, higher for the others.", style="dim")


def _exported(result: TrainingResult) -> Text:
    if result.exported is None:
        return Text("model.pkl: not written, no candidate meets the contract", style="yellow")
    if result.exported == result.winner:
        return Text(f"model.pkl: the winner, {family(result.winner)}")
    return Text(f"model.pkl: {family(result.exported)}; the contract {narrative.contract_cost(result)}", style="yellow")


def _whom(result: TrainingResult) -> Iterator[RenderableType]:
    """The best leads and the bands, then where to be careful."""
    plan = result.evidence.decision
    yield Text(plain(decision_text.call_the_best(decision_text.headline(plan))), style="bold")
    yield Text(plain(decision_text.recommendation(plan)))
    table = _table("band", "from", "of the leads", "customers", "on test leads")
    for band in plan.bands:
        test = percent(band.test_rate.value, 1) if band.test_rate else "no lead"
        customers = percent(band.rate.value, 1)
        table.add_row(band.name, figure(band.lowest), percent(band.share, 1), Text(customers, style="bold"), test)
    yield table
    for line in uplift_text.uplift_lines(result.uplift):
        yield Text(plain(line))
    for caution in (*decision_text.cautions(result.evidence), *time_text.time_cautions(result.over_time)):
        yield Text(f"Be careful: {plain(caution)}", style="yellow")
