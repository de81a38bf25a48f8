"""Leaks that sit in ids, in the order of the rows, in days, and in repeated rows."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gallop.evaluation.codes import Codes, LabelledRows, bin_codes, flag_ranking, ranking
from gallop.evaluation.metrics import Vector, wilson
from gallop.leakage.finding import Finding, FindingKind, Limits, Severity
from gallop.leakage.messages import auc_text, column_finding, table_finding
from gallop.leakage.missingness import missingness_findings
from gallop.results.percent import percent

_CHARACTERS = 4
_EPOCH = np.datetime64("1970-01-01")
_SMALL_SHARE = 0.01


def id_findings(
    name: str | None, ids: Sequence[str | None], labelled: LabelledRows, limits: Limits
) -> Iterator[Finding]:
    """Whether a key predicts the label: by its length, its first or last characters, or its size as a number."""
    texts = pd.Series(ids, dtype=object).fillna("").astype(str)
    length = texts.str.len().to_numpy()
    digits = texts.str.replace(r"[^0-9]", "", regex=True).str[-15:]
    size = pd.to_numeric(digits, errors="coerce").to_numpy(dtype=np.float64)
    views: dict[str, Codes] = {"its length": np.minimum(length, 99), "its size as a number": bin_codes(size, 32)}
    for at in range(_CHARACTERS):
        views[f"its character {at + 1}"] = pd.factorize(texts.str[at : at + 1])[0]
        views[f"its character {at + 1} from the end"] = pd.factorize(texts.str[::-1].str[at : at + 1])[0]
    aucs = {view_name: ranking(codes, labelled) for view_name, codes in views.items()}
    view_name, auc = max(aucs.items(), key=lambda view: view[1].low)
    if auc.low >= limits.identifier:
        evidence = f"{name or 'the id'}: {view_name} ranks the leads with {auc_text(auc)}."
        yield table_finding(FindingKind.ID_OR_ORDER, auc, evidence, column=name)


def order_findings(order: NDArray, labelled: LabelledRows, limits: Limits) -> Iterator[Finding]:
    """Whether the position of a row in the raw file predicts the label: by stretches, or by the row before it."""
    position = np.argsort(np.argsort(order, kind="stable"), kind="stable")
    stretch = ranking(bin_codes(position.astype(np.float64), 32), labelled)
    ordered = labelled.label[np.argsort(order, kind="stable")]
    previous = np.concatenate([[ordered[0]], ordered[:-1]])[position]
    neighbour = flag_ranking(previous == 1, labelled)
    for auc, view_name in ((stretch, "the place of a row in the file"), (neighbour, "the label of the row before")):
        if auc.low >= limits.identifier:
            evidence = f"Row order: {view_name} ranks the leads with {auc_text(auc)}."
            yield table_finding(FindingKind.ID_OR_ORDER, auc, evidence)
            return


def day_findings(
    days: Sequence[str | None] | None,
    other_dates: Mapping[str, Sequence[str | None]],
    labelled: LabelledRows,
    limits: Limits,
) -> Iterator[Finding]:
    """Dates that are filled because of the outcome, or that lie after the decision day and so predict the label."""
    decided = None if days is None else _dates(days)
    for name, texts in other_dates.items():
        dates = _dates(texts)
        empty = np.isnat(dates)
        if filled := [*missingness_findings(name, empty, labelled, limits)]:
            yield from filled
            continue
        if decided is None:
            auc = ranking(bin_codes(_numbers(dates - _EPOCH)), labelled)
            if auc.low >= limits.alone:
                yield column_finding(
                    FindingKind.SINGLE_COLUMN, name, auc, f"alone ranks the leads with {auc_text(auc)}"
                )
            continue
        gap = _numbers(dates - decided)
        known = ~np.isnan(gap)
        dated = labelled.of(known)
        if not (gap > 0).any() or dated.rate in (0.0, 1.0):
            continue
        after = wilson((gap > 0).sum(), known.sum(), labelled.confidence)
        text = f"{name}: lies after the decision day in {percent(after.value, 1)} of its rows"
        # How long before the decision day is honest recency, so all of that is one code here.
        auc = ranking(bin_codes(np.maximum(gap[known], 0.0), 32), dated)
        if auc.low >= limits.after:
            evidence = f"{text}, and how long after ranks the leads with {auc_text(auc)}."
            yield table_finding(FindingKind.AFTER_DECISION_DAY, auc, evidence, column=name)
        else:
            evidence = (
                f"{text}. How long after hardly predicts the label ({auc_text(auc)}), but unless it is a planned day "
                "it is not known when the score is used."
            )
            yield table_finding(FindingKind.AFTER_DECISION_DAY, after, evidence, Severity.WARN, column=name)


def repeated_rows(
    train: pd.DataFrame,
    test: pd.DataFrame | None,
    test_label: Vector | None,
    probability: Vector,
    labelled: LabelledRows,
    limits: Limits,
) -> Iterator[Finding]:
    """Equal rows: across the split, and with another label.

    Look-alikes are common in coarse tables. They agree as often as chance says, p² + (1 − p)² for leads that convert
    with probability p (Simpson 1949), so only agreement beyond that, or disagreement beyond it, is a finding.
    """
    if not train.shape[1]:
        return
    key = _keys(train)
    rows = pd.DataFrame({"key": key, "label": labelled.label, "probability": probability}).groupby("key")
    groups = rows.agg(rows=("label", "size"), label=("label", "mean"), probability=("probability", "mean"))
    yield from _conflicts(groups, len(train), labelled, limits)
    if test is None or not len(test):
        return
    matched = groups.reindex(_keys(test[list(train.columns)]))
    is_matched = matched["rows"].notna().to_numpy()
    matched_share = wilson(is_matched.sum(), len(test), labelled.confidence)
    if not is_matched.any() or matched_share.value < _SMALL_SHARE:
        return
    text = f"{is_matched.sum():,} of {len(test):,} test rows ({percent(matched_share.value, 1)}) equal a training row"
    if test_label is None:
        yield table_finding(FindingKind.DUPLICATES_ACROSS_SPLIT, matched_share, f"{text}.", Severity.WARN)
        return
    p, agreed = matched["probability"].to_numpy()[is_matched], matched["label"].to_numpy()[is_matched]
    agree = np.where(test_label[is_matched] == 1, agreed, 1 - agreed)
    chance = p**2 + (1 - p) ** 2
    surplus = (agree - chance).sum() / np.sqrt(max((chance * (1 - chance)).sum(), 1e-9))
    if surplus <= 3:
        return
    # Agreement is 1 for copies and chance for look-alikes; so this share of the matches are copies.
    copies = (agree - chance).sum() / max((1 - chance).sum(), 1e-9)
    copied = wilson(copies * is_matched.sum(), len(test), labelled.confidence)
    text += (
        f", with the same label in {percent(agree.mean(), 1)}, where look-alikes would agree in "
        f"{percent(chance.mean(), 1)}: about {percent(copied.value, 1)} of the test rows are copies."
    )
    severity = Severity.STOP if copied.low >= limits.copies else Severity.WARN
    yield table_finding(FindingKind.DUPLICATES_ACROSS_SPLIT, copied, text, severity)


def _conflicts(keyed: pd.DataFrame, rows: int, labelled: LabelledRows, limits: Limits) -> Iterator[Finding]:
    repeated = keyed[keyed["rows"] > 1]
    if not len(repeated):
        return
    n, p = repeated["rows"].to_numpy(), repeated["probability"].to_numpy()
    mixed = ((repeated["label"] > 0) & (repeated["label"] < 1)).to_numpy()
    chance = 1 - p**n - (1 - p) ** n
    surplus = (mixed - chance).sum() / np.sqrt(max((chance * (1 - chance)).sum(), 1e-9))
    conflicting = wilson(float(n[mixed].sum()), rows, labelled.confidence)
    excess = float((n * (mixed - chance)).sum()) / rows
    text = (
        f"{percent(conflicting.value, 1)} of the rows have an equal row with the other label: {mixed.sum():,} of "
        f"{len(repeated):,} groups of equal rows, where look-alikes would differ in {chance.sum():,.0f}."
    )
    if surplus > 3 and conflicting.low >= limits.conflicts and excess >= limits.conflicts / 2:
        yield table_finding(FindingKind.DUPLICATES_OTHER_LABEL, conflicting, text)
    elif mixed.any() and n.sum() < rows / 2 and conflicting.value >= _SMALL_SHARE:
        yield table_finding(FindingKind.DUPLICATES_OTHER_LABEL, conflicting, text, Severity.WARN)


def _keys(table: pd.DataFrame) -> NDArray:
    return pd.util.hash_pandas_object(table, index=False).to_numpy()


def _dates(texts: Sequence[str | None]) -> NDArray:
    return pd.to_datetime(pd.Series(texts, dtype=object), errors="coerce", format="%Y-%m-%d").to_numpy("datetime64[D]")


def _numbers(gaps: NDArray) -> Vector:
    return np.where(np.isnat(gaps), np.nan, gaps.astype("timedelta64[D]").astype(np.float64))
