"""The summary that CI shows: Markdown from reports/metrics.json, alone or beside an earlier one.

Both files are read as they are, since the earlier one may come from another version of gallop: what it lacks is shown
as a dash. Every value is escaped, so no name can become markup.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from gallop.evaluation.metrics import LOWER_IS_BETTER, METRICS
from gallop.reporting.formatting import SAMPLE_BANNER, count, direction, family, figure, metric, plain, signed
from gallop.results.run import SAMPLE

_SPECIAL = str.maketrans(
    {letter: f"\\{letter}" for letter in "\\`*_[]|~#"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}
)
_NONE = "–"

Metrics = Mapping[str, Any]


def render_metrics(metrics: Metrics, against: Metrics | None) -> str:
    """The markdown of one run.

    Args:
        metrics: the content of reports/metrics.json.
        against: the same of an earlier run, to compare with; None to show the run alone.
    """
    return "\n".join(_lines(metrics, against)) + "\n"


def escaped(value: object) -> str:
    """The value as text that markdown and HTML show as it is, on one line."""
    return plain(str(value)).translate(_SPECIAL)


def incomparable(metrics: Metrics, against: Metrics) -> str | None:
    """Why the figures of two runs must not be compared; None where they may be."""
    if _data(metrics) != _data(against):
        return (
            f"**The data differ**: {_data(metrics)} now, {_data(against)} before. The test leads are not the same, so "
            "the metrics are not comparable."
        )
    now, before = (run.get("rows", {}) for run in (metrics, against))
    if any(now.get(key) != before.get(key) for key in ("test", "test_digest")):
        counts = f"{_count(now.get('test'))} now, {_count(before.get('test'))} before"
        return f"**The test leads differ** ({counts}), so the metrics are not comparable."
    return None


def _lines(metrics: Metrics, against: Metrics | None) -> Iterator[str]:
    yield "## Lead scoring\n"
    if metrics.get("data") == SAMPLE:
        yield f"> [!WARNING]\n> **{SAMPLE_BANNER}**\n"
    rows = metrics.get("rows", {})
    winner, exported = metrics.get("winner"), metrics.get("exported")
    yield f"- **Data:** {_data(metrics)}"
    yield f"- **Leads:** {_count(rows.get('train'))} to train on, {_count(rows.get('test'))} to test on"
    yield f"- **Winner:** {escaped(family(str(winner)))}"
    yield f"- **Exported:** {_exported(winner, exported)}"
    if decision := metrics.get("decision"):
        yield f"- **Decision:** {_decision(decision)}"
    yield ""
    problem = incomparable(metrics, against) if against is not None else None
    if problem:
        yield f"> [!CAUTION]\n> {problem}\n"
    yield from _table(metrics, against, comparable=problem is None)


def _table(metrics: Metrics, against: Metrics | None, *, comparable: bool) -> Iterator[str]:
    best = metrics.get("best_possible")
    header = ["metric", "test", *(["before", "change"] if against is not None else []), "baseline"]
    header += ["best possible"] if best else []
    yield f"| {' | '.join(header)} |"
    yield f"|:--{'|--:' * (len(header) - 1)}|"
    known = [*METRICS, *(name for name in metrics.get("test", {}) if name not in METRICS)]
    for name in known:
        now = _of(metrics, "test", name)
        cells = [f"{escaped(metric(name))} ({direction(name)})", _estimate(now, strong=True)]
        if against is not None:
            before = _of(against, "test", name)
            cells += [_estimate(before), _change(name, now, before) if comparable else "not comparable"]
        cells.append(_estimate(_of(metrics, "baseline", name)))
        cells += [_estimate(_of(metrics, "best_possible", name))] if best else []
        yield f"| {' | '.join(cells)} |"
    yield "\nIn brackets: the interval. Baseline: an untuned logistic regression on the same test leads."


def _change(name: str, now: Metrics | None, before: Metrics | None) -> str:
    """The change of the figure and whether it is for the better; what rounds to nothing is the same."""
    if not now or not before:
        return _NONE
    change = now["value"] - before["value"]
    if float(signed(change)) == 0:
        return f"{signed(0.0)} same"
    better = (change < 0) == (name in LOWER_IS_BETTER)
    return f"{signed(change)} {'✅ better' if better else '❌ worse'}"


def _of(metrics: Metrics, part: str, name: str) -> Metrics | None:
    return (metrics.get(part) or {}).get(name)


def _estimate(estimate: Metrics | None, *, strong: bool = False) -> str:
    if not estimate:
        return _NONE
    value = figure(estimate["value"])
    return f"{f'**{value}**' if strong else value} ({figure(estimate['low'])} to {figure(estimate['high'])})"


def _data(metrics: Metrics) -> str:
    """`real (9f2b…)`: the kind of the data, and its version where the file has it."""
    known = metrics.get("data_version")
    return escaped(metrics.get("data")) + (f" ({escaped(known)})" if known else "")


def _count(rows: int | None) -> str:
    return _NONE if rows is None else count(rows)


def _exported(winner: object, exported: object) -> str:
    if exported is None:
        return "nothing, no candidate meets the contract"
    return (
        "the winner" if exported == winner else f"{escaped(family(str(exported)))} (the best that meets the contract)"
    )


def _decision(decision: Metrics) -> str:
    because = escaped(decision.get("because", ""))
    champion, version = escaped(decision.get("champion")), escaped(decision.get("version"))
    if decision.get("promote"):
        return f"✅ promoted version {version}: {because}"
    if decision.get("by_hand"):
        return f"version {champion} is champion, {because}"
    return f"not promoted; version {champion} stays champion: {because}"
