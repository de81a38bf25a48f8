"""Whom to contact: laws that hold for any leads, and the hard cases by name."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallop.modelling.cutoff_cells import cells_of, contact_numbers, profits
from gallop.modelling.thresholds import choose_cutoffs, measure_cutoffs
from gallop.results.evidence import NOBODY
from gallop.settings.decision import Bands, DecisionRule

MONEY = DecisionRule(threshold="profit", value=60.0, cost=20.0, capacity=70)
HOW = {"resamples": 100, "confidence": 0.95, "seed": 3}


@st.composite
def leads(draw, least: int = 2):
    """Outcomes, both present, and probabilities with ties."""
    rows = draw(st.integers(least, 80))
    label = np.array(draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=rows, max_size=rows)))
    label[:2] = 0.0, 1.0
    steps = draw(st.sampled_from([1, 4, 1000]))
    probability = np.array(draw(st.lists(st.integers(0, steps), min_size=rows, max_size=rows))) / steps
    return label, probability


def made(rows: int = 2000, rate: float = 0.3, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Leads whose probabilities are the true ones."""
    draw = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-draw.normal(np.log(rate / (1 - rate)), 1.5, rows)))
    return (draw.uniform(size=rows) < probability).astype(float), probability


def planned(label, probability, test_label, test_probability, rule, **how):
    """The cut-offs chosen on the first leads and measured on the others."""
    return measure_cutoffs(choose_cutoffs(label, probability, rule, **how), test_label, test_probability, rule, **how)


@given(leads())
def test_every_lead_is_in_one_cell_and_cut_offs_fall(known):
    label, probability = known
    cells = cells_of(label, probability, MONEY)
    assert cells.won.sum() == label.sum()
    assert cells.contacts[-1] == len(label)
    assert (np.diff(cells.probability) < 0).all()
    for lowest, contacts, hits in zip(cells.probability, cells.contacts, cells.hits, strict=True):
        assert contacts == (probability >= lowest).sum()
        assert hits == label[probability >= lowest].sum()


@given(leads(), leads())
def test_the_cut_offs_in_force_are_the_best_that_were_looked_at(known, test):
    label, probability = known
    plan = planned(label, probability, *test, MONEY, **HOW)
    cells = cells_of(label, probability, MONEY)
    brought = profits(cells, 60.0, 20.0)
    chosen = plan.for_profit
    assert chosen is not None
    assert chosen.profit is not None
    assert plan.optimism is not None
    assert chosen.profit.value + plan.optimism == pytest.approx(max(0.0, brought.max()))
    assert plan.for_f1.f1 == pytest.approx((2 * cells.hits / (cells.contacts + label.sum())).max())
    assert plan.cutoff == plan.for_profit


@settings(max_examples=20)
@given(leads(), leads(), leads())
def test_test_leads_choose_nothing(known, one, other):
    plan = [planned(*known, *test, MONEY, **HOW) for test in (one, other)]
    blind = [
        each.model_copy(
            update={
                "bands": tuple((band.name, band.lowest, band.share, band.rate) for band in each.bands),
                "cutoff": each.cutoff.model_copy(update={"test_profit": None}),
                "for_profit": each.for_profit.model_copy(update={"test_profit": None}),
                "for_f1": each.for_f1.model_copy(update={"test_profit": None}),
            }
        )
        for each in plan
    ]
    assert blind[0] == blind[1]


@settings(max_examples=20)
@given(leads(), leads())
def test_only_the_order_of_the_leads_decides_whom_to_call(known, test):
    label, probability = known
    one = planned(label, probability, *test, MONEY, **HOW)
    other = planned(label, probability**2 / 2, *test, MONEY, **HOW)
    assert [each.share for each in one.curve] == [each.share for each in other.curve]
    assert [each.share for each in one.bands] == [each.share for each in other.bands]
    assert one.best == other.best
    assert one.for_f1.share == other.for_f1.share


@given(leads(), leads())
def test_the_bands_hold_every_lead_once_and_leave_no_gap(known, test):
    bands = planned(*known, *test, MONEY, **HOW).bands
    assert sum(each.share for each in bands) == pytest.approx(1)
    assert sum(each.test_rows for each in bands) == len(test[0])
    assert [each.lowest for each in bands] == sorted((each.lowest for each in bands), reverse=True)
    assert bands[-1].lowest == 0.0
    assert all((each.test_rate is None) == (each.test_rows == 0) for each in bands)


@given(leads(), leads())
def test_more_contacts_bring_no_fewer_conversions_and_never_more_than_contacts(known, test):
    best = planned(*known, *test, MONEY, **HOW).best
    expected = [each.conversions.value for each in best]
    assert expected == sorted(expected)
    assert all(0 <= each.conversions.low <= each.conversions.high <= each.contacts + 1e-9 for each in best)
    assert all(each.conversions.value <= each.contacts + 1e-9 for each in best)


def test_without_a_ranking_the_best_leads_bring_what_chance_brings():
    label, _ = made()
    plan = planned(label, np.full(len(label), 0.3), label, np.full(len(label), 0.3), MONEY, **HOW)
    assert len(plan.curve) == 1
    assert [each.name for each in plan.bands] == ["cold"]
    for each in plan.best:
        assert each.conversions.value == pytest.approx(each.at_random)


def test_without_money_there_is_no_profit_anywhere():
    plan = planned(*made(), *made(300, seed=2), DecisionRule(threshold="f1"), **HOW)
    assert plan.curve == ()
    assert plan.for_profit is None
    assert plan.optimism is None
    assert plan.cutoff == plan.for_f1
    assert plan.cutoff.profit is None
    assert all(each.profit is None for each in plan.best)


def test_a_threshold_from_the_settings_stays_as_it_is():
    label, probability = made()
    plan = planned(label, probability, label, probability, DecisionRule(threshold=0.4), **HOW)
    assert plan.cutoff.probability == 0.4
    assert plan.cutoff.share == (probability >= 0.4).mean()


@pytest.mark.parametrize(
    ("rule", "share", "because"),
    [
        (DecisionRule(), 0.1, "where the hot leads begin, the best 10%"),
        (DecisionRule(bands=Bands(hot=0.03, warm=0.2)), 0.03, "the best 3%"),
        (DecisionRule(capacity=70), 0.07, "the capacity: the best 70 of 1,000 leads"),
        (DecisionRule(capacity=70_000), 1.0, "the capacity: the best 1,000 of 1,000 leads"),
    ],
)
def test_without_money_the_cut_off_is_the_capacity_or_the_hot_leads_and_says_so(rule, share, because):
    label, probability = made(rate=0.1)
    plan = choose_cutoffs(label, probability, rule, **HOW)
    assert plan.cutoff.share == pytest.approx(share)
    assert because in plan.because
    assert "Set decision.value and decision.cost" in plan.because


def test_with_money_the_cut_off_is_the_most_profitable_one():
    label, probability = made()
    money = DecisionRule(value=60.0, cost=20.0, capacity=70)
    plan = choose_cutoffs(label, probability, money, **HOW)
    assert plan.cutoff == plan.for_profit
    assert plan == choose_cutoffs(label, probability, MONEY, **HOW)


def test_where_no_lead_pays_nobody_is_called():
    rule = DecisionRule(threshold="profit", value=1.0, cost=50.0)
    plan = planned(*made(), *made(300, seed=2), rule, **HOW)
    assert plan.cutoff.probability == NOBODY
    assert plan.cutoff.share == 0
    assert plan.cutoff.profit is not None
    assert plan.cutoff.profit.value == 0
    assert "cost more than they bring" in plan.because


def test_right_probabilities_make_the_best_cut_off_about_cost_by_value():
    label, probability = made(40_000)
    plan = planned(label, probability, label, probability, MONEY, **HOW)
    assert plan.cutoff.probability == pytest.approx(20 / 60, abs=0.05)


def test_a_capacity_above_all_leads_is_all_leads():
    assert contact_numbers(DecisionRule(capacity=5000))[-1] == 1000
    label, probability = made()
    best = planned(label, probability, label, probability, DecisionRule(capacity=5000), **HOW).best[-1]
    assert best.capacity
    assert best.conversions.value == pytest.approx(1000 * label.mean())


def test_rare_conversions_are_decided_too():
    label, probability = made(10_000, rate=0.005)
    assert 0.002 < label.mean() < 0.03
    plan = planned(label, probability, *made(1500, 0.005, 2), MONEY, **HOW)
    assert [each.name for each in plan.bands] == ["hot", "warm", "cold"]
    assert plan.bands[0].rate.value > 3 * plan.bands[2].rate.value


def test_the_profit_of_the_best_cut_off_is_not_what_luck_made_it():
    """Over many tables without any signal the picked profit is near the truth, that of the raw maximum above it."""
    rule, corrected, raw, truth = DecisionRule(threshold="profit", value=60.0, cost=20.0), [], [], []
    draw = np.random.default_rng(5)
    for seed in range(60):
        label, probability = (draw.uniform(size=300) < 1 / 3).astype(float), draw.uniform(size=300)
        plan = planned(label, probability, label, probability, rule, resamples=100, confidence=0.95, seed=seed)
        if plan.for_profit and plan.for_profit.profit and plan.optimism is not None:
            corrected.append(plan.for_profit.profit.value)
            raw.append(plan.for_profit.profit.value + plan.optimism)
            truth.append(0.0)
    assert abs(np.mean(corrected)) < abs(np.mean(raw)) / 2


def test_the_interval_of_conversions_holds_what_happens():
    """Of 100 times, the next 1,000 leads convert within the interval about 95 times."""
    rule, inside = DecisionRule(), 0
    for seed in range(100):
        label, probability = made(1500, seed=seed)
        told = planned(label, probability, label, probability, rule, resamples=200, confidence=0.95, seed=seed).best[2]
        came, promised = made(1000, seed=10_000 + seed)
        happened = came[np.argsort(-promised)[: told.contacts]].sum()
        inside += told.conversions.low <= happened <= told.conversions.high
    assert inside >= 89


def test_the_same_seed_gives_the_same_decision():
    assert planned(*made(), *made(300), MONEY, **HOW) == planned(*made(), *made(300), MONEY, **HOW)


def test_shares_of_bands_are_kept_where_there_are_no_ties():
    label, probability = made()
    rule = DecisionRule(bands=Bands(hot=0.05, warm=0.25))
    bands = planned(label, probability, label, probability, rule, **HOW).bands
    assert [each.share for each in bands] == pytest.approx([0.05, 0.25, 0.7])
