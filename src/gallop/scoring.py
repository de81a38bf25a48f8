"""Scoring: a table of raw leads and a bundle give probabilities, by the same rules and features as in training."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw
import numpy as np
from narwhals.stable.v2.typing import IntoDataFrame
from threadpoolctl import threadpool_limits

from gallop.additive.columns import ModelInputs
from gallop.artifacts.bundle import Bundle
from gallop.errors import EmptyTableError, MissingColumnError
from gallop.modelling.explained import Explained
from gallop.modelling.judging import judged
from gallop.modelling.preprocessing import frame
from gallop.results.evidence import Reason
from gallop.schema import ROW
from gallop.settings.params import Settings
from gallop.tables.applied_rules import RuleResult, apply_rules, apply_rules_in_parts
from gallop.tables.features import input_roles, inputs
from gallop.tables.frames import text_table
from gallop.tables.hash_draw import in_hold_out

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Scores:
    """Scored leads, the best first, and the rows that could not be scored with the rule each one broke."""

    ranked: nw.DataFrame
    """Columns: the id; those to keep; probability; low and high, between which leads with such a score convert; uplift,
    what a contact adds to the probability, where the project has a treatment (and then, where differences were seen,
    the best are the first by it);
    prediction (`converts`, `does not` or `open`); decision (`contact` or `wait`); held_out (never contacted by score);
    band (`hot`, `warm` or `cold`); rank (from 1); reasons (in words, the largest first); model_version. A table without
    ids has the number of the row, `gallop_row`, as id."""
    explained: nw.DataFrame
    """In the same order: the id, base, one column of contributions per column of the raw table, log_odds (their sum).
    """
    inputs: nw.DataFrame
    """In the same order: what the model saw of each lead, as text as it came in."""
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
    settings = bundle.settings
    rows = apply_rules(raw, settings.table, source, labelled=False, used=settings.features.used)
    leads = rows.leads.sort(ROW)
    return leads, predict(leads, bundle), rows.rejected, _rejections(rows)


def _rejections(rows: RuleResult) -> dict[str, int]:
    return {rule: count for rule, count in rows.counts().items() if count}


@threadpool_limits.wrap(limits=1)
def predict(leads: nw.DataFrame, bundle: Bundle) -> np.ndarray:
    """The probabilities of typed leads, as the rules keep them: shape (n,), in their order."""
    if not len(leads):
        return np.empty(0)
    return bundle.model.predict_proba(_model_inputs(leads, bundle))[:, 1]


def _model_inputs(leads: nw.DataFrame, bundle: Bundle) -> "pd.DataFrame":
    table, features = bundle.settings.table, bundle.settings.features
    return frame(leads.select(*inputs(table, features)), input_roles(table, features))


def score_table(
    raw: nw.DataFrame,
    bundle: Bundle,
    source: str,
    describe: Callable[[Reason], str] = lambda reason: reason.column,
    keep: Sequence[str] = (),
    project: Settings | None = None,
) -> Scores:
    """Score and rank a table of raw leads. Each lead is read and encoded once; its score is the sum of its reasons.

    Args:
        raw: every value as text, with the row number in `schema.ROW`.
        describe: puts a reason into words.
        keep: columns of the raw table, whatever their role, that stand behind the id as they came in.
        project: the settings that say who is held out at random; None for those that the bundle was trained under.

    Raises:
        MissingColumnError: also for a column to keep. EmptyTableError: also where no row of the table can be scored.
    """
    return score_parts([raw], raw.columns, bundle, source, describe, keep, project)


def score_parts(
    parts: Iterable[nw.DataFrame],
    columns: Collection[str],
    bundle: Bundle,
    source: str,
    describe: Callable[[Reason], str] = lambda reason: reason.column,
    keep: Sequence[str] = (),
    project: Settings | None = None,
) -> Scores:
    """As `score_table`, of a table that comes in parts of rows; `columns` are those of the whole table."""
    if absent := [name for name in keep if name not in columns or name == ROW]:
        raise MissingColumnError(
            f"{source}: no column {', '.join(map(repr, absent))} to keep; name columns as the header does, one by one"
        )
    table, used, seen = bundle.settings.table, bundle.settings.features.used, bundle.settings.used_columns
    rows = apply_rules_in_parts(parts, columns, table, source, labelled=False, used=used, beside={*seen, *keep})
    counts = _rejections(rows)
    if not len(rows.leads):
        listed = ", ".join(f"{rule} {count}" for rule, count in counts.items())
        raise EmptyTableError(f"{source}: none of the {rows.rows} rows can be scored ({listed})")
    ranked, explained, given = _ranked(rows, bundle, describe, keep, project or bundle.settings)
    return Scores(ranked, explained, given.select(seen), rows.rejected, counts, rows.noticed)


def _ranked(
    rows: RuleResult, bundle: Bundle, describe: Callable[[Reason], str], keep: Sequence[str], project: Settings
) -> tuple[nw.DataFrame, nw.DataFrame, nw.DataFrame]:
    """Scores, what they are the sums of, and what came in: of the leads in the order of their scores."""
    raw, leads = rows.beside, rows.leads.sort(ROW)
    explanation = explain(leads, bundle)
    probability = explanation.probability()
    id_column, uplift = bundle.settings.table.id, _uplift(leads, bundle)
    by_uplift = bundle.manifest.uplift_from is not None and uplift is not None
    order = np.argsort(-uplift if by_uplift else -probability, kind="stable")
    leads, best = leads[order.tolist()], probability[order]
    ids = leads[id_column].to_list()
    held_out = _held_out(leads, project)
    explanation = explanation.of(order)
    scores = {
        **judged(best, None if uplift is None else uplift[order], held_out, bundle),
        "rank": list(range(1, len(best) + 1)),
        "reasons": explanation.in_words(leads, describe),
        "model_version": [bundle.manifest.version or "candidate"] * len(best),
    }
    key = _free_name(id_column, scores)
    ranked = nw.from_dict({key: ids, **scores}, backend=leads.implementation)
    beside = raw[_indices(leads, raw)]
    if kept := [name for name in dict.fromkeys(keep) if name != id_column]:
        # Texts, as they came in; a name that is taken gets a `_`.
        texts = beside.select(nw.col(name).alias(_free_name(name, ranked.columns)) for name in kept)
        ranked = nw.concat([ranked, texts], how="horizontal").select(key, *texts.columns, *scores)
    parts = explanation.columns()
    return ranked, nw.from_dict({_free_name(id_column, parts): ids, **parts}, backend=leads.implementation), beside


@threadpool_limits.wrap(limits=1)
def _uplift(leads: nw.DataFrame, bundle: Bundle) -> np.ndarray | None:
    """What a contact adds to each lead's probability, shape (n,); None where the model does not know."""
    return None if bundle.uplift is None else bundle.uplift.log_odds(_model_inputs(leads, bundle))


def _held_out(leads: nw.DataFrame, settings: Settings) -> list[bool]:
    """Who is never contacted by score. All rows of one lead share that; rows without an id are nobody to remember."""
    table = settings.table
    if table.id == ROW:
        return [False] * len(leads)
    names = leads[table.id].to_list()
    if table.group in leads.columns:
        names = [group or name for group, name in zip(leads[table.group].to_list(), names, strict=True)]
    return in_hold_out(names, settings.monitoring.hold_out, settings.hold_out_salt)


def _free_name(key: str, columns: Collection[str]) -> str:
    while key in columns:
        key += "_"
    return key


def _indices(leads: nw.DataFrame, raw: nw.DataFrame) -> list[int]:
    """Where the leads stand in the raw table."""
    index = {row: index for index, row in enumerate(raw[ROW].to_list())}
    return [index[row] for row in leads[ROW].to_list()]


@threadpool_limits.wrap(limits=1)
def explain(leads: nw.DataFrame, bundle: Bundle) -> Explained:
    """What each column of typed leads adds to their log-odds."""
    return explain_inputs(_model_inputs(leads, bundle), bundle)


def explain_inputs(X: ModelInputs, bundle: Bundle) -> Explained:
    """The same of model inputs. What is made of one column (a bin, a part of a date) counts for that column."""
    model = bundle.model
    parts, base = model.contributions(X)
    features = bundle.settings.features
    sources = [features.sources(name)[0] for name in model.inputs]
    names = list(dict.fromkeys(sources))
    totals = np.zeros((len(parts), len(names)))
    for index, source in enumerate(sources):
        totals[:, names.index(source)] += parts[:, index]
    return Explained(names, totals, base)


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
    kept, probability, *_ = kept_probabilities(raw, bundle, "the request")
    answers = np.full(len(raw), np.nan)
    answers[np.array(kept[ROW].to_list(), dtype=int) - 1] = probability
    return answers
