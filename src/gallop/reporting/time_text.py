"""What changes over time, in words: what was seen, what later leads may bring, and where to be careful."""

from collections.abc import Iterator, Sequence

from gallop.reporting.formatting import count, figure, leads, percent, signed_interval, with_interval, words
from gallop.results.evidence import BANDS
from gallop.results.over_time import Drift, DriftFigure, OverTime, Period
from gallop.results.run import TrainingResult
from gallop.results.unlike import SCORES, Unlike
from gallop.settings.split import BY_DAY, BY_ORDER, BY_REVERSE

_SHOWN = 5


def clock(over_time: OverTime) -> str:
    """What time goes by: `the lead's day`, `the order of the rows`, or a date."""
    named = {
        BY_DAY: "the lead's day",
        BY_ORDER: "the order of the rows",
        BY_REVERSE: "the order of the rows, newest first",
    }
    return named.get(over_time.drift.by, words(over_time.drift.by))


def over_time_lines(result: TrainingResult) -> Iterator[str]:
    """All that is said over time, a sentence or two a line."""
    if result.over_time is None or not result.over_time.periods:
        return
    yield describe_drift(result.over_time.drift, clock(result.over_time))
    yield describe_columns(result.over_time)
    yield describe_latest(result.over_time)
    if later := describe_later(result.over_time, result.test.confidence):
        yield later


def describe_drift(drift: Drift, along: str) -> str:
    """What changes along the clock, the outcome first; or that nothing does. With its interval."""
    if drift.outcome.changed:
        ranks = f"the tenth of it that a lead is of ranks leads with {_auc(drift.outcome)}"
        return f"The outcome changes along {along}: {ranks}."
    if drift.scores.changed:
        return f"The scores change along {along}: they tell the last fifth from the leads before, {_auc(drift.scores)}."
    if drift.relation.changed:
        lost = signed_interval(drift.relation.figure)
        return (
            f"What the columns say of the outcome changes along {along}: a score learnt on the leads before ranks the "
            f"last fifth less well, by {lost} of ROC AUC."
        )
    return f"The outcome does not change along {along} by more than chance explains ({_auc(drift.outcome)})."


def describe_columns(over_time: OverTime) -> str:
    """Which columns differ along the clock."""
    drift, looked_at = over_time.drift, count(len(over_time.drift.columns))
    names = [f"{words(name)} ({figure(change.figure.value)})" for name, change in drift.changed_columns.items()]
    more = f" and {count(len(names) - _SHOWN)} more" if len(names) > _SHOWN else ""
    if not names:
        return f"None of {looked_at} columns tells the last fifth of the leads from those before."
    told = f"Of {looked_at} columns, {count(len(names))} tell"
    return f"{told} the last fifth of the leads from those before (AUC): {', '.join(names[:_SHOWN])}{more}."


def describe_latest(over_time: OverTime) -> str:
    """How far the latest leads differ from what was expected of them."""
    last = over_time.periods[-1]
    which = "The test leads, the latest" if last.tested else "The latest leads"
    missed = "more than chance explains" if _missed(last) else "no more than chance explains"
    rate = f"{percent(last.rate.value, 1)} did ({percent(last.rate.low, 1)} to {percent(last.rate.high, 1)})"
    return (
        f"{which} ({leads(last.rows)}, {last.first} to {last.last}): {percent(last.expected, 1)} were expected to "
        f"become customers, {rate}, {missed}."
    )


def describe_later(over_time: OverTime, confidence: float) -> str | None:
    """Between which values the log-loss of later leads is expected; None where nothing can be said."""
    if over_time.later is None:
        return None
    low, high = figure(over_time.later.low), figure(over_time.later.high)
    steps = "steps from one period to the next were that large" if over_time.forward else "periods differed that much"
    return (
        f"For as many later leads a log-loss between {low} and {high} is expected ({percent(confidence)}): so far "
        f"{steps}, beside chance."
    )


def time_cautions(over_time: OverTime | None) -> Iterator[str]:
    """Where the figures do not hold for later leads."""
    if over_time is None or not over_time.periods:
        return
    drift = over_time.drift
    if not over_time.forward and drift.changed:
        yield (
            f"{describe_drift(drift, clock(over_time))} The test leads were drawn at random, from the same time as "
            f"those learnt from, so no figure here holds for later leads: set split.by to {drift.by} in params.yaml."
        )
    if over_time.forward and _missed(over_time.periods[-1]):
        yield describe_latest(over_time)


def describe_unlike(unlike: Sequence[Unlike], rows: int) -> str:
    """How scored leads differ from those the model learnt from: one sentence, each part with its bound."""
    parts = []
    for one in unlike:
        side = "at most" if one.observed > one.bound else "at least"
        bound = f"{side} {percent(one.bound, 1)}"
        if one.what in BANDS:
            expected = f"where {percent(one.expected, 1)} were expected, {bound}"
            parts.append(f"{percent(one.observed, 1)} are {one.what}, {expected}")
        elif one.what == SCORES:
            parts.append(f"the scores of {percent(one.observed, 1)} have moved, where {bound} may")
        else:
            parts.append(f"{percent(one.observed, 1)} have values that were never seen ({one.what}), where {bound} may")
    return f"These {leads(rows)} are unlike those that the model learnt from (at 99 %): {'; '.join(parts)}"


def _missed(period: Period) -> bool:
    return not period.rate.low <= period.expected <= period.rate.high


def _auc(change: DriftFigure) -> str:
    return f"AUC {with_interval(change.figure)}, where 0.5 is no change"
