"""Scoring: a table of raw leads and a bundle give probabilities, by the same rules and features as in training."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import narwhals.stable.v2 as nw
import numpy as np
from narwhals.stable.v2.typing import IntoDataFrame
from threadpoolctl import threadpool_limits

from gallop.artifacts.bundle import Bundle
from gallop.errors import EmptyTableError
from gallop.modelling.conformal import prediction_sets, rate_interval
from gallop.modelling.preprocessing import frame
from gallop.modelling.stack import Stack
from gallop.results.evidence import Reason
from gallop.schema import ROW
from gallop.tables.features import input_roles, inputs
from gallop.tables.frames import text_table
from gallop.tables.rules import RuleResult, apply_rules

CONTACT, WAIT = "contact", "wait"
_REASONS_PER_LEAD = 3


@dataclass(frozen=True)
class Scores:
    """Scored leads, the best first, and the rows that could not be scored with the rule each one broke."""

    ranked: nw.DataFrame
    """Columns: the id; probability; low and high, between which leads with such a score convert; prediction_set
    (`converts`, `does not` or `open`); decision (`contact` or `wait`); band (`hot`, `warm` or `cold`); rank (from 1);
    reasons (in words, the largest first); model_version. A table without ids has the number of the row, `gallop_row`,
    as id."""
    explained: nw.DataFrame
    """In the same order: the id, base, one column of contributions per column of the raw table, log_odds (their sum).
    No columns but the id where the model gives no reasons."""
    rejected: nw.DataFrame
    counts: dict[str, int]
    """Rows rejected by each rule that rejected any."""
    noticed: dict[str, int]
    """Leads scored in spite of a value that the schema did not know, per rule: `on_new` is keep."""


def kept_probabilities(
    raw: nw.DataFrame, bundle: Bundle, source: str
) -> tuple[nw.DataFrame, np.ndarray, nw.DataFrame, dict[str, int]]:
    """Leads that the rules keep, their probabilities in the same order, rejected rows, and counts per rule.

    Args:
        raw: every value as text, with the row number in `schema.ROW`; label and day may be absent.
        source: the table's name in errors.

    Raises:
        MissingColumnError, EmptyTableError.
    """
    rows = _apply_rules(raw, bundle, source)
    leads = rows.leads.sort(ROW)
    return leads, predict(leads, bundle), rows.rejected, _rejections(rows)


def _apply_rules(raw: nw.DataFrame, bundle: Bundle, source: str) -> RuleResult:
    settings = bundle.settings
    return apply_rules(raw, settings.table, source, labelled=False, used=settings.features.used)


def _rejections(rows: RuleResult) -> dict[str, int]:
    return {rule: count for rule, count in rows.counts().items() if count}


@threadpool_limits.wrap(limits=1)
def predict(leads: nw.DataFrame, bundle: Bundle) -> np.ndarray:
    """The probabilities of typed leads, as the rules keep them: shape (n,), in their order."""
    if not len(leads):
        return np.empty(0)
    table, features = bundle.settings.table, bundle.settings.features
    X = frame(leads.select(*inputs(table, features)), input_roles(table, features))
    return bundle.model.predict_proba(X)[:, 1]


def score_table(
    raw: nw.DataFrame, bundle: Bundle, source: str, describe: Callable[[Reason], str] = lambda reason: reason.column
) -> Scores:
    """Score and rank a table of raw leads.

    Args:
        describe: puts a reason into words.

    Raises:
        MissingColumnError, EmptyTableError: also where no row of the table can be scored.
    """
    rows = _apply_rules(raw, bundle, source)
    leads, rejected, counts = rows.leads.sort(ROW), rows.rejected, _rejections(rows)
    probability = predict(leads, bundle)
    if not len(leads):
        listed = ", ".join(f"{rule} {count}" for rule, count in counts.items())
        raise EmptyTableError(f"{source}: none of the {len(raw)} rows can be scored ({listed})")
    id_column = bundle.settings.table.id
    order = np.argsort(-probability, kind="stable")
    leads, best = leads[order.tolist()], probability[order]
    ids = leads[id_column].to_list()
    yes, uncertainty = best >= bundle.manifest.threshold, bundle.manifest.uncertainty
    low, high = rate_interval(best, uncertainty.ranges)
    explanation = explain(leads, bundle)
    columns = {
        "probability": best.tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "prediction_set": prediction_sets(best, uncertainty),
        "decision": [CONTACT if is_yes else WAIT for is_yes in yes],
        "band": bands_of(best, bundle.manifest.bands),
        "rank": list(range(1, len(best) + 1)),
        "reasons": explanation.in_words(leads, describe) if explanation else [""] * len(best),
        "model_version": [bundle.manifest.version or "candidate"] * len(best),
    }
    backend = leads.implementation
    ranked = nw.from_dict({_free_name(id_column, columns): ids, **columns}, backend=backend)
    parts = explanation.columns() if explanation else {}
    explained = nw.from_dict({_free_name(id_column, parts): ids, **parts}, backend=backend)
    return Scores(ranked, explained, rejected, counts, rows.noticed)


def _free_name(key: str, columns: Collection[str]) -> str:
    return f"{key}_" if key in columns else key


@dataclass(frozen=True)
class Explained:
    """Scores, taken apart."""

    names: list[str]
    """Columns of the raw table."""
    parts: np.ndarray
    """Shape (leads, columns): what each adds to the log-odds."""
    base: float
    """What all leads share."""

    def columns(self) -> dict[str, list[float]]:
        """One column of contributions each, between `base` and `log_odds`."""
        shown = dict(zip(self.names, self.parts.T.tolist(), strict=True))
        total = self.base + self.parts.sum(axis=1)
        return {"base": [self.base] * len(total)} | shown | {"log_odds": total.tolist()}

    def in_words(self, leads: nw.DataFrame, describe: Callable[[Reason], str]) -> list[str]:
        """The largest reasons of each lead, in words."""
        values = {name: leads[name].to_list() for name in self.names}
        order = np.argsort(-np.abs(self.parts), axis=1, kind="stable")[:, :_REASONS_PER_LEAD]
        return [
            "; ".join(
                describe(
                    Reason(
                        column=self.names[column],
                        value=_plain_value(values[self.names[column]][row]),
                        log_odds=float(self.parts[row, column]),
                    )
                )
                for column in columns
            )
            for row, columns in enumerate(order)
        ]


@threadpool_limits.wrap(limits=1)
def explain(leads: nw.DataFrame, bundle: Bundle) -> Explained | None:
    """What each column of typed leads adds to their log-odds; None where the model gives no reasons.

    What is made of one column (a bin, a part of a date) counts for that column.
    """
    model = bundle.model
    if not isinstance(model, Stack):
        return None
    table, features = bundle.settings.table, bundle.settings.features
    X = frame(leads.select(*inputs(table, features)), input_roles(table, features))
    parts, base = model.contributions(X)
    sources = [features.sources(name)[0] for name in model.inputs]
    names = list(dict.fromkeys(sources))
    totals = np.zeros((len(leads), len(names)))
    for index, source in enumerate(sources):
        totals[:, names.index(source)] += parts[:, index]
    return Explained(names, totals, base)


def _plain_value(value: object) -> str | float | None:
    if value is None or isinstance(value, bool):
        return None if value is None else str(value)
    return value if isinstance(value, str | float) else str(value)


def bands_of(probability: np.ndarray, bands: Mapping[str, float]) -> list[str]:
    """The band of each probability, shape (n,): the best one whose smallest probability it reaches.

    Args:
        bands: name → smallest probability, the best band first, the last one from 0, as the manifest has them.
    """
    names, lowest = list(bands), np.array(list(bands.values()))
    return [names[index] for index in np.argmax(probability[:, None] >= lowest, axis=1)]


def probabilities_of_frame(leads: IntoDataFrame, bundle: Bundle) -> np.ndarray:
    """Score a pandas frame of raw leads, as a served model receives it.

    Args:
        leads: one row per lead; texts, numbers, truth values or missing. The id column may be absent.

    Returns:
        Shape (n,), in the rows' order; NaN where a rule rejects the row.
    """
    raw, key = text_table(leads, "the request"), bundle.settings.table.id
    if key != ROW:
        # Ids only tell rows of this request apart here, so that no row is taken for another's duplicate.
        raw = raw.with_columns(nw.col(ROW).cast(nw.String).alias(key))
    kept, probability, _, _ = kept_probabilities(raw, bundle, "the request")
    answers = np.full(len(raw), np.nan)
    answers[np.array(kept[ROW].to_list(), dtype=int) - 1] = probability
    return answers
