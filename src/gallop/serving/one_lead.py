"""One lead at a time: the rules and features of every scoring, planned once per bundle.

Building the expressions for a table takes tens of milliseconds, for one row as for a thousand. Here they are built
once, as a query that every lead goes through: the same rules, the same features, no second copy of either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from threadpoolctl import threadpool_limits

from gallop.adapters.tables.planned import PlannedQuery
from gallop.artifacts.bundle import Bundle
from gallop.modelling.judging import judged
from gallop.results.evidence import Reason
from gallop.schema import ROW, RULE, New, Role
from gallop.scoring import explain_inputs
from gallop.tables.applied_rules import counted_as, row_rules
from gallop.tables.features import input_roles, inputs
from gallop.tables.rules import Rule

_VALUE = "gallop:value:"
_SOURCE = "the request"


@dataclass(frozen=True)
class OneLead:
    """What became of a lead."""

    rule: Rule | None
    """The rule that it breaks, and then there is no score."""
    score: dict[str, Any]
    """From `probability` to `band`, by name."""
    parts: dict[str, float]
    """What each column adds to the log-odds, between `base` and `log_odds`, their sum."""
    reasons: list[Reason]
    """The largest, the largest first."""
    noticed: tuple[str, ...]
    """Rules that are only counted, and that the lead breaks."""


class OneLeadScorer:
    """Scores single leads with one bundle. May be shared by threads."""

    def __init__(self, bundle: Bundle, columns: Sequence[str]) -> None:
        """Args:
        columns: of the raw table, as leads come with them; the id is none of them.
        """
        self._bundle, table, features = bundle, bundle.settings.table, bundle.settings.features
        named = [*columns, *([] if table.id == ROW else [table.id])]
        rules = row_rules(named, table, _SOURCE, labelled=False, used=features.used)
        self._id, self._rules, self._counted = table.id, {rule.name: rule for rule in rules.claiming}, rules.counted
        self._roles = input_roles(table, features)
        self._seen = [name for name in rules.columns if name in features.used]

        def build(raw: nw.LazyFrame) -> nw.LazyFrame:
            kept = [nw.col(counted_as(rule)) for rule in rules.counted]
            values = [nw.col(name).alias(_VALUE + name) for name in self._seen]
            return rules.marked(raw).select(RULE, *kept, *values, *inputs(table, features))

        self._query = PlannedQuery(named, build)

    @property
    def may_refuse(self) -> bool:
        """Whether a lead can stop the whole: `on_new` is refuse for something. Such leads are not for here."""
        return any(rule.on is New.REFUSE for rule in self._rules.values())

    @threadpool_limits.wrap(limits=1)
    def score(self, lead: Mapping[str, str], *, held_out: bool) -> OneLead:
        """Score a lead.

        Args:
            lead: column → text, as the table writes it; columns that are not there are empty.
            held_out: whether it is never contacted by score.
        """
        made = self._query.ask([{**lead, self._id: "1"}])
        noticed = tuple(rule.name for rule in self._counted if made[counted_as(rule)][0])
        if (rule := made[RULE][0]) is not None:
            return OneLead(self._rules[rule], {}, {}, [], noticed)
        X = {name: _array(made[name], role) for name, role in self._roles.items()}
        explained = explain_inputs(X, self._bundle)
        uplift = None if self._bundle.uplift is None else self._bundle.uplift.log_odds(X)
        score = judged(explained.probability(), uplift, [held_out], self._bundle)
        parts = {name: float(values[0]) for name, values in explained.columns().items()}
        reasons = explained.largest({name: made[_VALUE + name] for name in self._seen})[0]
        return OneLead(None, {name: _plain(values[0]) for name, values in score.items()}, parts, reasons, noticed)


def _array(values: list[Any], role: Role) -> np.ndarray:
    if role is Role.NUMBER:
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return np.array(values, dtype=object)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
