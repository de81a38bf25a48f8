"""Scoring: a table of raw leads and a bundle give probabilities, by the same rules and features as in training."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np
from narwhals.stable.v2.typing import IntoDataFrame
from threadpoolctl import threadpool_limits

from gallop.additive.columns import ModelInputs
from gallop.artifacts.bundle import Bundle
from gallop.errors import EmptyTableError, MissingColumnError
from gallop.modelling.explained import Explained
from gallop.modelling.preprocessing import frame
from gallop.modelling.uncertainty import predictions, rate_interval
from gallop.results.evidence import Reason
from gallop.schema import ROW
from gallop.settings.params import Settings
from gallop.tables.applied_rules import RuleResult, apply_rules
from gallop.tables.features import input_roles, inputs
from gallop.tables.frames import text_table
from gallop.tables.hash_draw import in_hold_out

if TYPE_CHECKING:
    import pandas as pd

CONTACT, WAIT = "contact", "wait"


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
    rows = _apply_rules(raw, bundle, source)
    leads = rows.leads.sort(ROW)
    return leads, predict(leads, bundle), rows.rejected, _rejections(rows)


def _apply_rules(raw: nw.DataFrame, bundle: Bundle, source: str) -> RuleResult:
    return apply_rules(raw, bundle.settings.table, source, labelled=False, used=bundle.settings.features.used)


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
        describe: puts a reason into words.
        keep: columns of the raw table, whatever their role, that stand behind the id as they came in.
        project: the settings that say who is held out at random; None for those that the bundle was trained under.

    Raises:
        MissingColumnError: also for a column to keep. EmptyTableError: also where no row of the table can be scored.
    """
    if absent := [name for name in keep if name not in raw.columns or name == ROW]:
        raise MissingColumnError(
            f"{source}: no column {', '.join(map(repr, absent))} to keep; name columns as the header does, one by one"
        )
    rows = _apply_rules(raw, bundle, source)
    leads, rejected, counts = rows.leads.sort(ROW), rows.rejected, _rejections(rows)
    if not len(leads):
        listed = ", ".join(f"{rule} {count}" for rule, count in counts.items())
        raise EmptyTableError(f"{source}: none of the {len(raw)} rows can be scored ({listed})")
    explanation = explain(leads, bundle)
    probability = explanation.probability()
    id_column, uplift = bundle.settings.table.id, _uplift(leads, bundle)
    by_uplift = bundle.manifest.uplift_from is not None and uplift is not None
    order = np.argsort(-uplift if by_uplift else -probability, kind="stable")
    leads, best = leads[order.tolist()], probability[order]
    ids = leads[id_column].to_list()
    held_out = _held_out(leads, project or bundle.settings)
    explanation = explanation.of(order)
    columns = {
        **judged(best, None if uplift is None else uplift[order], held_out, bundle),
        "rank": list(range(1, len(best) + 1)),
        "reasons": explanation.in_words(leads, describe),
        "model_version": [bundle.manifest.version or "candidate"] * len(best),
    }
    backend = leads.implementation
    key = _free_name(id_column, columns)
    ranked = nw.from_dict({key: ids, **columns}, backend=backend)
    if kept := [name for name in dict.fromkeys(keep) if name != id_column]:
        # Texts, as they came in; a name that is taken gets a `_`.
        beside = raw.select(nw.col(name).alias(_free_name(name, ranked.columns)) for name in kept)[_indices(leads, raw)]
        ranked = nw.concat([ranked, beside], how="horizontal").select(key, *beside.columns, *columns)
    parts = explanation.columns()
    explained = nw.from_dict({_free_name(id_column, parts): ids, **parts}, backend=backend)
    seen = [name for name in bundle.settings.table.columns if name in bundle.settings.features.used]
    return Scores(ranked, explained, raw.select(seen)[_indices(leads, raw)], rejected, counts, rows.noticed)


def judged(
    probability: np.ndarray, uplift: np.ndarray | None, held_out: Sequence[bool], bundle: Bundle
) -> dict[str, Any]:
    """What is said of scored leads by name, from their probability on to their band; all of shape (n,).

    Args:
        uplift: what a contact adds to each probability; None where the model does not know.
        held_out: who is never contacted by score.
    """
    manifest = bundle.manifest
    yes = probability >= manifest.threshold
    if uplift is not None and manifest.uplift_from is not None:
        yes = uplift >= manifest.uplift_from
    low, high = rate_interval(probability, manifest.uncertainty.ranges)
    return {
        "probability": probability,
        "low": low,
        "high": high,
        **({} if uplift is None else {"uplift": uplift}),
        "prediction": predictions(probability, manifest.uncertainty),
        "decision": [
            CONTACT if is_yes and not is_held else WAIT for is_yes, is_held in zip(yes, held_out, strict=True)
        ],
        "held_out": held_out,
        "band": bands_of(probability, manifest.bands),
    }


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
    kept, probability, *_ = kept_probabilities(raw, bundle, "the request")
    answers = np.full(len(raw), np.nan)
    answers[np.array(kept[ROW].to_list(), dtype=int) - 1] = probability
    return answers
