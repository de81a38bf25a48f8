"""Leads as texts give scores in the order they came in: the seam between the service and `gallop.scoring`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import narwhals.stable.v2 as nw

from gallop.artifacts.bundle import Bundle
from gallop.errors import EmptyTableError
from gallop.modelling.judging import PROBABILITIES, WAIT
from gallop.reporting.formatting import describe_reason
from gallop.results.evidence import Reason
from gallop.schema import ROW, RULE
from gallop.scoring import score_table
from gallop.serving.one_lead import OneLeadScorer
from gallop.settings.params import Settings
from gallop.tables.applied_rules import apply_rules
from gallop.tables.hash_draw import in_hold_out
from gallop.tables.rules import Rule, rules

_SCORE = (*PROBABILITIES, "prediction", "decision", "held_out", "band")
"""Columns of the scores that are given; uplift only where the model knows it."""
_SOURCE = "the request"


@dataclass(frozen=True)
class LeadReasons:
    """Why a lead has its score."""

    base: float
    contributions: dict[str, float]
    """Column → what it adds to the log-odds."""
    log_odds: float
    largest: list[dict[str, Any]]
    """The largest ones: column, log_odds, and the sentence."""


@dataclass(frozen=True)
class LeadScores:
    """The outcome for leads, by their position in the request."""

    scores: dict[int, dict[str, Any]]
    reasons: dict[int, LeadReasons]
    rejected: dict[int, Rule]
    """The rule that a lead breaks."""
    noticed: dict[str, int] = field(default_factory=dict)


def _without_hold_out(bundle: Bundle) -> Bundle:
    """The bundle under settings that hold nobody out: here rows stand for names, and who is held out goes by name."""
    nobody = bundle.settings.monitoring.model_copy(update={"hold_out": 0.0})
    return replace(bundle, settings=bundle.settings.model_copy(update={"monitoring": nobody}))


class LeadScorer:
    """Scores leads with one bundle."""

    def __init__(self, bundle: Bundle, project: Settings | None = None) -> None:
        """Args:
        project: the settings that say who is held out at random; None for those the bundle was trained under.
        """
        holding = project or bundle.settings
        self._share, self._salt = holding.monitoring.hold_out, holding.hold_out_salt
        self._bundle, table = _without_hold_out(bundle), bundle.settings.table
        self._used = bundle.settings.features.used
        self._rules = {rule.name: rule for rule in rules(table, labelled=False, used=self._used)}
        self._one = OneLeadScorer(bundle)
        events = bundle.settings.events
        self._describe = partial(describe_reason, features=events.by_name if events else None)

    def score(self, leads: Sequence[Mapping[str, str]], names: Sequence[str]) -> LeadScores:
        """Score leads; those that break a rule are set aside.

        Args:
            leads: column → text, as the table writes it; columns that are not there are empty.
            names: by what each lead is known wherever it comes up; it says who is held out at random.
        """
        if len(leads) == 1:
            return self._score_one(leads[0], names[0])
        raw = self._raw(leads)
        told: list[tuple[str, str]] = []

        def numbered(reason: Reason) -> str:
            # A reason's number stands for its words, which may hold what reasons are joined by.
            told.append((reason.column, self._describe(reason)))
            return str(len(told) - 1)

        try:
            scored = score_table(raw, self._bundle, _SOURCE, numbered)
        except EmptyTableError:
            return LeadScores({}, {}, self._broken(self._rejected(raw)))
        ranked, explained = scored.ranked, scored.explained
        positions = [int(row) - 1 for row in ranked[ranked.columns[0]].to_list()]
        given = [name for name in _SCORE if name in ranked.columns]
        columns = {name: ranked[name].to_list() for name in given}
        parts = {name: explained[name].to_list() for name in explained.columns[1:]}
        columns["held_out"] = held_out = self._held_out([names[position] for position in positions])
        columns["decision"] = [
            WAIT if held else decision for held, decision in zip(held_out, columns["decision"], strict=True)
        ]
        sources, numbers = [*parts][1:-1], ranked["reasons"].to_list()
        return LeadScores(
            {position: {name: columns[name][index] for name in given} for index, position in enumerate(positions)},
            {
                position: LeadReasons(
                    parts["base"][index],
                    {name: parts[name][index] for name in sources},
                    parts["log_odds"][index],
                    [
                        {"column": column, "log_odds": parts[column][index], "words": words}
                        for column, words in (told[int(number)] for number in numbers[index].split("; "))
                    ],
                )
                for index, position in enumerate(positions)
            },
            self._broken(scored.rejected),
            {name: count for name, count in scored.noticed.items() if name in self._rules},
        )

    def _score_one(self, lead: Mapping[str, str], name: str) -> LeadScores:
        one = self._one.score(lead, held_out=self._held_out([name])[0])
        noticed = dict.fromkeys((name for name in one.noticed if name in self._rules), 1)
        if one.rule is not None:
            return LeadScores({}, {}, {0: one.rule})
        largest = [
            {"column": reason.column, "words": self._describe(_rounded(reason)), "log_odds": reason.log_odds}
            for reason in one.reasons
        ]
        contributions = {name: part for name, part in one.parts.items() if name not in {"base", "log_odds"}}
        reasons = LeadReasons(one.parts["base"], contributions, one.parts["log_odds"], largest)
        return LeadScores({0: one.score}, {0: reasons}, {}, noticed)

    def _held_out(self, names: Sequence[str]) -> list[bool]:
        """Who is not contacted by score; a lead without a name is nobody to remember."""
        return [
            bool(name) and held for name, held in zip(names, in_hold_out(names, self._share, self._salt), strict=True)
        ]

    def _raw(self, leads: Sequence[Mapping[str, str]]) -> nw.DataFrame:
        key = self._bundle.settings.table.id
        rows = list(range(1, len(leads) + 1))
        texts: dict[str, list] = {name: [lead.get(name, "") for lead in leads] for name in self._one.columns}
        if key != ROW:
            # Ids only tell the leads of this request apart, so that none is taken for another's duplicate.
            texts[key] = [str(row) for row in rows]
        types = dict.fromkeys(texts, nw.String()) | {ROW: nw.Int64()}
        return nw.from_dict(texts | {ROW: rows}, types, backend="polars")

    def _rejected(self, raw: nw.DataFrame) -> nw.DataFrame:
        return apply_rules(raw, self._bundle.settings.table, _SOURCE, labelled=False, used=self._used).rejected

    def _broken(self, rejected: nw.DataFrame) -> dict[int, Rule]:
        pairs = zip(rejected[ROW].to_list(), rejected[RULE].to_list(), strict=True)
        return {row - 1: self._rules[name] for row, name in sorted(pairs)}


def _rounded(reason: Reason) -> Reason:
    """As sentences have it."""
    return reason.model_copy(update={"log_odds": round(reason.log_odds, 1)})
