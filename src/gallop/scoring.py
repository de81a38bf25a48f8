"""Scoring: a table of raw leads and a bundle give probabilities, by the same rules and features as in training."""

from dataclasses import dataclass

import narwhals.stable.v2 as nw
import numpy as np

from gallop.bundle import Bundle
from gallop.errors import EmptyTable
from gallop.features import input_roles, inputs
from gallop.modelling.steps import frame
from gallop.rules import sort_rows
from gallop.schema import ROW

CONTACT, WAIT = "contact", "wait"


@dataclass(frozen=True)
class Scores:
    """Scored leads, the best first, and the rows that could not be scored with the rule each one broke."""

    ranked: nw.DataFrame
    """Columns: the id, probability, decision (`contact` or `wait`), rank (from 1), model_version."""
    rejected: nw.DataFrame
    counts: dict[str, int]
    """Rows rejected by each rule that rejected any."""


def probabilities(
    raw: nw.DataFrame, bundle: Bundle, source: str
) -> tuple[nw.DataFrame, np.ndarray, nw.DataFrame, dict[str, int]]:
    """Leads that the rules keep, their probabilities in the same order, rejected rows, and counts per rule.

    Args:
        raw: every value as text, with the row number in `schema.ROW`; label and day may be absent.
        source: the table's name in errors.

    Raises:
        MissingColumn, EmptyTable.
    """
    table, features = bundle.settings.table, bundle.settings.features
    rows = sort_rows(raw, table, source, labelled=False)
    counts = {rule: count for rule, count in rows.counts().items() if count}
    leads = rows.leads.sort(ROW)
    if not len(leads):
        return leads, np.empty(0), rows.rejected, counts
    roles = input_roles(table, features)
    X = frame(leads.select(*inputs(table, features)), roles)
    return leads, bundle.model.predict_proba(X)[:, 1], rows.rejected, counts


def score(raw: nw.DataFrame, bundle: Bundle, source: str) -> Scores:
    """Score and rank a table of raw leads.

    Raises:
        MissingColumn, EmptyTable: also where no row of the table can be scored.
    """
    leads, probability, rejected, counts = probabilities(raw, bundle, source)
    if not len(leads):
        listed = ", ".join(f"{rule} {count}" for rule, count in counts.items())
        raise EmptyTable(f"{source}: none of the {len(raw)} rows can be scored ({listed})")
    key = bundle.settings.table.id
    order = np.argsort(-probability, kind="stable")
    best = probability[order]
    ids = leads[key].to_list()
    yes = best >= bundle.manifest.threshold
    ranked = nw.from_dict(
        {
            key: [ids[place] for place in order],
            "probability": best.tolist(),
            "decision": [CONTACT if each else WAIT for each in yes],
            "rank": list(range(1, len(best) + 1)),
            "model_version": [bundle.manifest.version or "candidate"] * len(best),
        },
        backend=leads.implementation,
    )
    return Scores(ranked, rejected, counts)
