"""Leaks that sit in ids, in the order of the rows, in days, and in repeated rows."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gallop.evaluation.metrics import Estimate, Vector
from gallop.leakage.finding import Finding, FindingKind, Limits, Severity
from gallop.leakage.messages import advice, auc_text, percent, stop
from gallop.leakage.statistics import Codes, Study, bin_codes, flag_ranking, ranking, share

_CHARACTERS = 4
_EPOCH = np.datetime64("1970-01-01")
_SMALL_SHARE = 0.01


def id_findings(name: str | None, ids: Sequence[str | None], study: Study, limits: Limits) -> Iterator[Finding]:
    """Whether a key tells the label: by its length, its first or last characters, or its size as a number."""
    texts = pd.Series(ids, dtype=object).fillna("").astype(str)
    length = texts.str.len().to_numpy()
    digits = texts.str.replace(r"[^0-9]", "", regex=True).str[-15:]
    size = pd.to_numeric(digits, errors="coerce").to_numpy(dtype=np.float64)
    views: dict[str, Codes] = {"its length": np.minimum(length, 99), "its size as a number": bin_codes(size, 32)}
    for place in range(_CHARACTERS):
        views[f"its character {place + 1}"] = pd.factorize(texts.str[place : place + 1])[0]
        views[f"its character {place + 1} from the end"] = pd.factorize(texts.str[::-1].str[place : place + 1])[0]
    found = {what: ranking(codes, study) for what, codes in views.items()}
    what, best = max(found.items(), key=lambda each: each[1].low)
    if best.low >= limits.identifier:
        title = name or "the id"
        yield _finding(FindingKind.ID_OR_ORDER, name, best, f"{title}: {what} ranks the leads with {auc_text(best)}.")


def order_findings(order: NDArray, study: Study, limits: Limits) -> Iterator[Finding]:
    """Whether the place of a row in the raw file tells the label: by stretches, or by the row before it."""
    place = np.argsort(np.argsort(order, kind="stable"), kind="stable")
    stretch = ranking(bin_codes(place.astype(np.float64), 32), study)
    ordered = study.label[np.argsort(order, kind="stable")]
    before = np.concatenate([[ordered[0]], ordered[:-1]])[place]
    neighbour = flag_ranking(before == 1, study)
    for found, what in ((stretch, "the place of a row in the file"), (neighbour, "the label of the row before")):
        if found.low >= limits.identifier:
            yield _finding(
                FindingKind.ID_OR_ORDER, None, found, f"Row order: {what} ranks the leads with {auc_text(found)}."
            )
            return


def day_findings(
    days: Sequence[str | None] | None, other_dates: Mapping[str, Sequence[str | None]], study: Study, limits: Limits
) -> Iterator[Finding]:
    """Dates that are filled because of the outcome, or that lie after the decision day and know the label by that."""
    decided = None if days is None else _dates(days)
    for name, texts in other_dates.items():
        dates = _dates(texts)
        empty = np.isnat(dates)
        if empty.any() and not empty.all():
            filled = flag_ranking(empty, study)
            if filled.low >= limits.missing:
                told = (
                    f"is missing in {percent(empty.mean())} of the rows, which ranks the leads with {auc_text(filled)}"
                )
                yield stop(FindingKind.MISSINGNESS, name, filled, told)
                continue
        if decided is None:
            alone = ranking(bin_codes(_numbers(dates - _EPOCH)), study)
            if alone.low >= limits.alone:
                yield stop(FindingKind.SINGLE_COLUMN, name, alone, f"alone ranks the leads with {auc_text(alone)}")
            continue
        gap = _numbers(dates - decided)
        known = ~np.isnan(gap)
        some = study.of(known)
        if not (gap > 0).any() or some.rate in (0.0, 1.0):
            continue
        after = share((gap > 0).sum(), known.sum(), study.confidence)
        told = f"{name}: lies after the decision day in {percent(after.value)} of its rows"
        # How long before the decision day is honest recency, so all of that is one code here.
        best = ranking(bin_codes(np.maximum(gap[known], 0.0), 32), some)
        if best.low >= limits.after:
            said = f"{told}, and how long after ranks the leads with {auc_text(best)}."
            yield _finding(FindingKind.AFTER_DECISION_DAY, name, best, said)
        else:
            said = (
                f"{told}. How long after hardly tells the label ({auc_text(best)}), but unless it is a planned day it "
                "is not known when the score is used."
            )
            yield _finding(FindingKind.AFTER_DECISION_DAY, name, after, said, Severity.WARN)


def repeated_rows(
    train: pd.DataFrame,
    test: pd.DataFrame | None,
    test_label: Vector | None,
    probability: Vector,
    study: Study,
    limits: Limits,
) -> Iterator[Finding]:
    """Equal rows: across the split, and with another label.

    Look-alikes are common in coarse tables. They agree as often as chance says, p² + (1 − p)² for leads that convert
    with probability p (Simpson 1949), so only agreement beyond that, or disagreement beyond it, is a finding.
    """
    if not train.shape[1]:
        return
    key = _keys(train)
    twins = pd.DataFrame({"key": key, "label": study.label, "probability": probability}).groupby("key")
    known = twins.agg(rows=("label", "size"), label=("label", "mean"), probability=("probability", "mean"))
    yield from _conflicts(known, len(train), study, limits)
    if test is None or not len(test):
        return
    matched = known.reindex(_keys(test[list(train.columns)]))
    has = matched["rows"].notna().to_numpy()
    found = share(has.sum(), len(test), study.confidence)
    if not has.any() or found.value < _SMALL_SHARE:
        return
    told = f"{has.sum():,} of {len(test):,} test rows ({percent(found.value)}) equal a training row"
    if test_label is None:
        yield _finding(FindingKind.DUPLICATES_ACROSS_SPLIT, None, found, f"{told}.", Severity.WARN)
        return
    p, seen = matched["probability"].to_numpy()[has], matched["label"].to_numpy()[has]
    agree = np.where(test_label[has] == 1, seen, 1 - seen)
    chance = p**2 + (1 - p) ** 2
    surplus = (agree - chance).sum() / np.sqrt(max((chance * (1 - chance)).sum(), 1e-9))
    if surplus <= 3:
        return
    # Agreement is 1 for copies and chance for look-alikes; so this share of the matches are copies.
    copies = (agree - chance).sum() / max((1 - chance).sum(), 1e-9)
    real = share(copies * has.sum(), len(test), study.confidence)
    told += (
        f", with the same label in {percent(agree.mean())}, where look-alikes would agree in {percent(chance.mean())}: "
        f"about {percent(real.value)} of the test rows are copies."
    )
    severity = Severity.STOP if real.low >= limits.twins else Severity.WARN
    yield _finding(FindingKind.DUPLICATES_ACROSS_SPLIT, None, real, told, severity)


def _conflicts(known: pd.DataFrame, rows: int, study: Study, limits: Limits) -> Iterator[Finding]:
    groups = known[known["rows"] > 1]
    if not len(groups):
        return
    n, p = groups["rows"].to_numpy(), groups["probability"].to_numpy()
    mixed = ((groups["label"] > 0) & (groups["label"] < 1)).to_numpy()
    chance = 1 - p**n - (1 - p) ** n
    surplus = (mixed - chance).sum() / np.sqrt(max((chance * (1 - chance)).sum(), 1e-9))
    found = share(float(n[mixed].sum()), rows, study.confidence)
    excess = float((n * (mixed - chance)).sum()) / rows
    told = (
        f"{percent(found.value)} of the rows have an equal row with the other label: {mixed.sum():,} of "
        f"{len(groups):,} groups of equal rows, where look-alikes would differ in {chance.sum():,.0f}."
    )
    if surplus > 3 and found.low >= limits.conflicts and excess >= limits.conflicts / 2:
        yield _finding(FindingKind.DUPLICATES_OTHER_LABEL, None, found, told)
    elif mixed.any() and n.sum() < rows / 2 and found.value >= _SMALL_SHARE:
        yield _finding(FindingKind.DUPLICATES_OTHER_LABEL, None, found, told, Severity.WARN)


def _keys(table: pd.DataFrame) -> NDArray:
    return pd.util.hash_pandas_object(table, index=False).to_numpy()


def _dates(texts: Sequence[str | None]) -> NDArray:
    return pd.to_datetime(pd.Series(texts, dtype=object), errors="coerce", format="%Y-%m-%d").to_numpy("datetime64[D]")


def _numbers(gaps: NDArray) -> Vector:
    return np.where(np.isnat(gaps), np.nan, gaps.astype("timedelta64[D]").astype(np.float64))


def _finding(
    kind: FindingKind, name: str | None, estimate: Estimate, evidence: str, severity: Severity = Severity.STOP
) -> Finding:
    return Finding(kind=kind, column=name, severity=severity, estimate=estimate, evidence=evidence, advice=advice(kind))
