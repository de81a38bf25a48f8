"""The leak guard names what was planted, leaves honest tables alone, and says why."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gallop.leakage.finding import Finding, FindingKind, Limits, Severity
from gallop.leakage.guard import find_leaks
from gallop.schema import Role
from tests.support.leak_plants import NAME, PLANTS, Planted, caught, copy_of_the_label, rows_on_both_sides
from tests.support.leak_tables import SHAPES, Leads, cities, drifting, guard, linear

SEED = 7


def stops(findings: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in findings if finding.severity is Severity.STOP]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_leak_is_named(plant: Callable[..., Planted]) -> None:
    random = np.random.default_rng(SEED)
    leads, kinds = plant(cities(random), random)
    assert caught(guard(leads, SEED), kinds)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_an_honest_table_is_not_stopped(shape: Callable[..., Leads]) -> None:
    assert stops(guard(shape(np.random.default_rng(SEED)), SEED)) == []


def test_only_the_planted_column_is_named_not_its_neighbours() -> None:
    random = np.random.default_rng(SEED)
    leads, _ = copy_of_the_label(drifting(random), random)
    assert [finding.column for finding in stops(guard(leads, SEED))] == [NAME]


def test_a_strong_column_is_worth_a_warning_with_its_figure() -> None:
    random = np.random.default_rng(SEED)
    leads = linear(random)
    strong = leads.with_column("hours", pd.Series(leads.label * 1.8 + random.normal(size=len(leads.label))))
    findings = [finding for finding in guard(strong, SEED) if finding.column == "hours"]
    assert [(finding.kind, finding.severity) for finding in findings] == [(FindingKind.SINGLE_COLUMN, Severity.WARN)]
    assert f"AUC {findings[0].estimate.value:.3f}" in findings[0].evidence
    assert findings[0].estimate.low < findings[0].estimate.value < findings[0].estimate.high


def test_a_name_alone_is_no_evidence() -> None:
    leads = linear(np.random.default_rng(SEED))
    noise = pd.Series(np.random.default_rng(1).choice(["won", "lost"], len(leads.label)), dtype=object)
    assert guard(leads.with_column("Final Status", noise), SEED) == ()


def test_a_telling_name_and_an_association_make_a_warning_never_a_stop() -> None:
    random = np.random.default_rng(SEED)
    leads = linear(random)
    hint = np.where(random.random(len(leads.label)) < 0.3, 1 - leads.label, leads.label)
    findings = guard(leads.with_column("lead_score", pd.Series(np.where(hint == 1, "high", "low"), dtype=object)), SEED)
    assert [(finding.kind, finding.column, finding.severity) for finding in findings] == [
        (FindingKind.NAME, "lead_score", Severity.WARN)
    ]


def test_every_finding_says_what_where_how_sure_and_what_to_do() -> None:
    for plant in PLANTS:
        random = np.random.default_rng(SEED)
        leads, _ = plant(cities(random), random)
        for finding in guard(leads, SEED):
            assert finding.estimate.low <= finding.estimate.value <= finding.estimate.high
            assert finding.evidence.endswith(".")
            assert len(finding.advice) > 40
            assert finding.column is None or finding.evidence.startswith(finding.column)
            assert Finding.model_validate_json(finding.model_dump_json()) == finding


def test_stops_come_first() -> None:
    random = np.random.default_rng(SEED)
    leads, _ = rows_on_both_sides(drifting(random), random)
    order = [finding.severity for finding in guard(leads, SEED)]
    assert order == sorted(order, key=lambda severity: severity is not Severity.STOP)


def test_test_rows_decide_nothing_but_whether_they_repeat_training_rows() -> None:
    leads = cities(np.random.default_rng(SEED))
    half = np.arange(len(leads.label)) % 2 == 0
    other = leads.table[~half].assign(city="nowhere")
    roles = {name: Role.CATEGORY if name == "city" else Role.NUMBER for name in leads.table}
    train, label = leads.table[half].assign(x1=leads.label[half]), leads.label[half]
    without_test = find_leaks(train, label, roles, seed=1)
    with_test = find_leaks(train, label, roles, test=other, test_label=1 - leads.label[~half], seed=1)
    assert without_test == with_test
    assert [finding.column for finding in without_test] == ["x1"]


def test_the_same_seed_gives_the_same_findings() -> None:
    random = np.random.default_rng(SEED)
    leads, _ = PLANTS[8](cities(random), random)
    assert guard(leads, SEED) == guard(leads, SEED)


def test_columns_that_are_not_features_are_not_looked_at() -> None:
    leads = linear(np.random.default_rng(SEED))
    train = leads.table.assign(outcome=leads.label, note=leads.label.astype(str))
    roles = dict.fromkeys(leads.table, Role.NUMBER) | {"outcome": Role.LABEL, "note": Role.IGNORE}
    assert find_leaks(train, leads.label, roles) == ()


def test_numbers_may_come_as_any_kind_of_number_and_truth_values_as_truth_values() -> None:
    leads = linear(np.random.default_rng(SEED))
    train = pd.DataFrame(
        {
            "whole": leads.label.astype(np.int64),
            "text": pd.array(np.where(leads.label == 1, "a", "b"), dtype="string"),
            "truth": leads.label == 1,
            "nullable": pd.array(np.where(leads.label == 1, 3, 4), dtype="Int64"),
        }
    )
    roles = {"whole": Role.NUMBER, "text": Role.CATEGORY, "truth": Role.BOOLEAN, "nullable": Role.NUMBER}
    assert {finding.column for finding in stops(find_leaks(train, leads.label, roles))} == set(train)


@pytest.mark.parametrize("ones", [0, 5])
def test_too_few_rows_of_a_class_leave_nothing_to_say(ones: int) -> None:
    label = (np.arange(300) < ones).astype(float)
    assert find_leaks(pd.DataFrame({"a": label}), label, {"a": Role.NUMBER}) == ()


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_empty_and_constant_columns_are_harmless(value: float) -> None:
    leads = linear(np.random.default_rng(SEED))
    empty = pd.Series([None] * len(leads.label), dtype=object)
    table = leads.with_column("constant", pd.Series(np.full(len(leads.label), value))).with_column("empty", empty)
    assert guard(table, SEED) == ()


def test_a_table_without_features_still_has_its_ids_and_order_looked_at() -> None:
    label = np.repeat([0.0, 1.0], 300)
    findings = find_leaks(pd.DataFrame(index=range(600)), label, {}, ids=[str(row) for row in range(600)])
    assert [finding.kind for finding in findings] == [FindingKind.ID_OR_ORDER]


def test_a_day_that_is_filled_only_for_converters_is_named() -> None:
    leads = drifting(np.random.default_rng(SEED))
    closed = [day if y else None for day, y in zip(leads.dates["first_seen"], leads.label, strict=True)]
    for days in (leads.days, None):
        findings = stops(guard(replace(leads, days=days, dates={"closed": closed}), SEED))
        assert [(finding.kind, finding.column) for finding in findings] == [(FindingKind.MISSINGNESS, "closed")]


def test_a_planned_day_that_says_nothing_is_a_warning() -> None:
    leads = drifting(np.random.default_rng(SEED))
    later = (np.array(leads.days, dtype="datetime64[D]") + 30).astype(str).tolist()
    (finding,) = guard(replace(leads, dates={"appointment": later}), SEED)
    assert (finding.kind, finding.severity) == (FindingKind.AFTER_DECISION_DAY, Severity.WARN)


def test_look_alikes_of_a_coarse_table_are_no_duplicates() -> None:
    random = np.random.default_rng(SEED)
    table = pd.DataFrame({"a": random.choice(["x", "y"], 3000), "b": random.choice(["u", "v"], 3000)}, dtype=object)
    label = (random.random(3000) < np.where(table["a"] == "x", 0.6, 0.3)).astype(float)
    assert guard(Leads(table, label, [str(number) for number in random.permutation(3000)]), SEED) == ()


def test_limits_can_be_set() -> None:
    random = np.random.default_rng(SEED)
    leads, _ = copy_of_the_label(linear(random), random)
    roles = dict.fromkeys(leads.table, Role.NUMBER)
    never = Limits(alone=2, few_values=2, verdict=2, overall=2, level_certain=2, spike=2, missing=2, pair=2, notable=2)
    assert find_leaks(leads.table, leads.label, roles, limits=never) == ()
