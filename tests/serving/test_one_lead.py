"""A lead alone gets what it gets among others: score, reasons, and the rule that it breaks."""

import json
from random import Random

import narwhals.stable.v2 as nw
import polars as pl
import pytest

from gallop.schema import ROW, RULE
from gallop.scoring import score_table
from gallop.serving.one_lead import OneLeadScorer
from gallop.settings.table import Table
from gallop.tables.applied_rules import apply_rules, row_rules
from tests.support.leads import raw

VALUES = {
    "lead_indicator": ["1"],
    "date_part": ["2024-01-03"],
    "source": ["signup", "signup", "signup", "fb", "", "mars"],
    "purchases": ["", "0", "5", "12.5", "-1", "1e3", "many", " 7 "],
    "time_spent": ["", "0.0", "100.5", "9999999", "1,5"],
    "customer_group": ["1", "2", "3.0", "9", "10", "", "x"],
    "onboarding": ["True", "false", "YES", "0", "", "perhaps"],
    "n_visits": ["", "1", "20", "-3", "4.0"],
}


def drawn(count: int, seed: int) -> list[dict[str, str]]:
    draw = Random(seed)
    return [
        {"lead_id": f"L{number}"} | {name: draw.choice(values) for name, values in VALUES.items()}
        for number in range(count)
    ]


def test_a_lead_alone_gets_the_score_the_reasons_and_the_rule_that_it_gets_among_others(loaded):
    leads = drawn(3000, 1)
    among = score_table(raw(leads), loaded, "here")
    columns = [name for name in leads[0] if name not in {"lead_id", "lead_indicator", "date_part"}]
    scorer = OneLeadScorer(loaded)
    ranked = {row["lead_id"]: row for row in among.ranked.iter_rows(named=True)}
    explained = {row["lead_id"]: row for row in among.explained.iter_rows(named=True)}
    rejected = dict(zip(among.rejected["lead_id"].to_list(), among.rejected[RULE].to_list(), strict=True))
    assert min(len(ranked), len(rejected)) > 50
    for lead in leads:
        texts = {name: lead[name] for name in columns}
        key = lead["lead_id"]
        alone = scorer.score(texts, held_out=key in ranked and ranked[key]["held_out"])
        assert (alone.rule and alone.rule.name) == rejected.get(key)
        if alone.rule is None:
            assert alone.score == {name: ranked[key][name] for name in alone.score}
            assert alone.parts == {name: explained[key][name] for name in alone.parts}
            assert set(alone.parts) == set(explained[key]) - {"lead_id"}
            assert [reason.column for reason in alone.reasons] == sorted(
                columns, key=lambda name: -abs(alone.parts[name])
            )[: len(alone.reasons)]


@pytest.mark.parametrize("kept", ["keep", "reject"])
@pytest.mark.parametrize("order", ["ymd", "dmy", "mdy", "epoch"])
def test_a_planned_query_reads_dates_and_counts_what_is_new_as_a_table_does(order, kept):
    columns = {
        "id": {"role": "id"},
        "y": {"role": "label"},
        "since": {"role": "date", "order": order},
        "visits": {"role": "number", "minimum": 0, "maximum": 10},
        "kind": {"role": "category", "levels": ["a", "b"], "fold_case": True},
    }
    label = {"column": "y", "positive": ["1"], "negative": ["0"]}
    content = {"on_new": dict.fromkeys(("level", "range", "type"), kept), "label": label, "columns": columns}
    table = Table.model_validate_json(json.dumps(content))
    draw = Random(2)
    days = [
        "2024-1-3",
        "31/12/2023",
        "12/31/23",
        "3 Jan 2024",
        "1704240000",
        "20240103",
        "",
        "soon",
        "2024-01-03 09:00",
    ]
    rows = [
        {
            "id": str(n),
            "since": draw.choice(days),
            "visits": draw.choice(["", "3", "11", "x"]),
            "kind": draw.choice("abAc"),
        }
        for n in range(400)
    ]
    text = raw(rows)
    used = ("since", "visits", "kind")
    expected = apply_rules(text, table, "here", labelled=False, used=used)
    rules = row_rules(text.columns, table, "here", labelled=False, used=used)
    lazily = nw.from_native(pl.LazyFrame(text.to_native()))
    marked = nw.from_native(rules.marked(lazily).to_native().collect(), eager_only=True)
    claimed = marked.filter(~nw.col(RULE).is_null())
    assert dict(zip(claimed[ROW].to_list(), claimed[RULE].to_list(), strict=True)) == dict(
        zip(expected.rejected[ROW].to_list(), expected.rejected[RULE].to_list(), strict=True)
    )
    free = marked.filter(nw.col(RULE).is_null()).select(expected.leads.columns)
    assert free.to_native().equals(expected.leads.sort(ROW).to_native())
